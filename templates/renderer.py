"""The renderer: a pack's page, laid out by WeasyPrint, becomes PDF/A-3a and PDF/UA-1 at once.

The same input gives the same bytes, on every run and in every process with the same libraries and fonts. Nothing is
fetched: the page's fonts and images are handed over, every other address stops the rendering.
"""

import dataclasses
import datetime
import io
import threading
from collections.abc import Mapping
from typing import Any, Final

import jinja2
import markupsafe
import weasyprint
from weasyprint.text.fonts import FontConfiguration

from registry.formats.errors import DocumentError
from registry.formats.record import QrPlace
from registry.formats.statement import parse_link
from templates import confined, conformance, fonts, qr, watermark
from templates.packs import Pack

ATTACHMENT_NAME: Final = "izin.json"
_PX_PER_MM: Final = 96 / 25.4
_PT_PER_PX: Final = 0.75
_FONT_URL: Final = "absah-font:"
_FONT_FACES: Final = "".join(
    f'@font-face{{font-family:"Absah Sans";font-weight:{weight};src:url({_FONT_URL}{face})}}'
    for face, weight in (("regular", 400), ("bold", 700))
)
_HEAD: Final = markupsafe.Markup(
    '<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="author" content="{author}"><meta name="generator" content="Absah">'
    '<meta name="dcterms.created" content="{created}"><meta name="dcterms.modified" content="{created}">'
    "<style>{page}</style></head><body>{body}</body></html>"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureBox:
    """Where the signature block stands: page from 1, corners in PDF points from the page's bottom left."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An unsigned permit and where on its pages code and signature block are."""

    pdf: bytes
    qr: QrPlace
    signature: SignatureBox


class Renderer:
    """Renders permits with one set of fonts. Threads may share it; they take turns, for Pango's sake."""

    def __init__(self, *, typeface: fonts.Fonts) -> None:
        self._fetcher = confined.Fetcher(
            {f"{_FONT_URL}{face}": getattr(typeface, face) for face in ("regular", "bold")}
        )
        self._font_config = FontConfiguration()
        with confined.strictly():
            self._faces = self._stylesheet(_FONT_FACES)
        self._bold = typeface.bold
        self._packs: dict[str, tuple[jinja2.Template, weasyprint.CSS]] = {}
        self._lock = threading.Lock()

    def render(
        self,
        pack: Pack,
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        link: str,
        number: str,
        attachment: bytes,
        created: datetime.datetime,
    ) -> Rendered:
        """The permit as PDF; `attachment` (canonical JSON) goes in as izin.json, `created` (aware) is all its dates.

        Raises `DocumentError` where a letter has no glyph, or the link is none or does not fit its symbol;
        `UnavailableError` where the pack's page or the office's emblem asks for what is not its own.
        """
        if created.tzinfo is None:
            raise ValueError("created must be an aware datetime")
        created = created.astimezone(datetime.UTC).replace(microsecond=0)
        for path, text in (*fonts.texts(fields), *fonts.texts(shape), ("number", number)):
            if letters := fonts.foreign_letters(text):
                raise DocumentError(f"{path} holds letters that the typeface lacks: {letters!r}")
        with self._lock, confined.strictly():
            template, style = self._pack(pack)
            html = self._html(template, shape=shape, fields=fields, link=link, number=number, created=created)
            return self._write(html, style, attachment, created)

    def _write(self, html: str, style: weasyprint.CSS, attachment: bytes, created: datetime.datetime) -> Rendered:
        file = weasyprint.Attachment(
            file_obj=io.BytesIO(attachment),
            name=ATTACHMENT_NAME,
            description="Data izin yang tercetak pada surat ini",
            relationship="Data",
            created=created,
            modified=created,
            url_fetcher=self._fetcher,
        )
        document = weasyprint.HTML(string=html, url_fetcher=self._fetcher).render(
            stylesheets=[self._faces, style],
            font_config=self._font_config,
            pdf_variant="pdf/a-3a",
            attachments=[file],
        )
        pdf = document.write_pdf(pdf_variant="pdf/a-3a", attachments=[file], finisher=conformance.declare_pdf_ua)
        return Rendered(pdf=pdf, qr=_qr(document), signature=_signature(document))

    def _html(
        self,
        template: jinja2.Template,
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        link: str,
        number: str,
        created: datetime.datetime,
    ) -> str:
        # Whoever scans should know which address to expect, so the host is printed beside the code.
        values = {**fields, "host": parse_link(link)[0]}

        def f(name: str) -> markupsafe.Markup:
            return markupsafe.Markup('<span class="f">{}</span>').format(values[name])

        symbol = markupsafe.Markup('<img class="qr" id="qr" alt="{}" src="{}">').format(
            "Kode QR untuk memeriksa izin ini", qr.data_uri(link)
        )
        return _HEAD.format(
            title=f"{'SIMULASI – ' if shape['simulation'] else ''}{shape['title']} Nomor {number}",
            author=shape["office"]["short_name"],
            created=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            # Numbers and our own drawing; and what Jinja has just escaped.
            page=markupsafe.Markup(self._page_rules(shape["paper"], simulation=shape["simulation"])),  # noqa: S704  # our CSS
            body=markupsafe.Markup(template.render(shape=shape, f=f, qr=symbol)),  # noqa: S704  # escaped there
        )

    def _page_rules(self, paper: Mapping[str, float], *, simulation: bool) -> str:
        size = {name: f"{float(value):g}mm" for name, value in paper.items()}
        mark = ""
        if simulation:
            mark = watermark.data_uri(
                "SIMULASI", self._bold, width_mm=float(paper["width_mm"]), height_mm=float(paper["height_mm"])
            )
            mark = f"background:url({mark}) 0 0/100% 100% no-repeat;"
        return (
            f"@page{{{mark}size:{size['width_mm']} {size['height_mm']};"
            f"margin:{size['top']} {size['right']} {size['bottom']} {size['left']}}}"
            f"@page :first{{margin-top:{size['first_top']}}}"
        )

    def _pack(self, pack: Pack) -> tuple[jinja2.Template, weasyprint.CSS]:
        if pack.name not in self._packs:
            environment = jinja2.Environment(
                loader=jinja2.FileSystemLoader(pack.folder),
                autoescape=True,
                undefined=jinja2.StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            style = self._stylesheet((pack.folder / "page.css").read_text("utf-8"))
            self._packs[pack.name] = (environment.get_template("page.html"), style)
        return self._packs[pack.name]

    def _stylesheet(self, css: str) -> weasyprint.CSS:
        return weasyprint.CSS(string=css, font_config=self._font_config, url_fetcher=self._fetcher)


def _box(document: Any, name: str) -> tuple[int, Any, tuple[float, float, float, float]]:
    """Page number from 1, page and corners in CSS pixels from its top left of the element with this id."""
    for index, page in enumerate(document.pages, start=1):
        if name in page.anchors:
            return index, page, page.anchors[name]
    raise LookupError(f"the template has no element with the id {name!r}")


def _qr(document: Any) -> QrPlace:
    number, _, (left, top, right, _) = _box(document, "qr")
    return QrPlace(
        page=number,
        left_mm=round(left / _PX_PER_MM, 2),
        top_mm=round(top / _PX_PER_MM, 2),
        size_mm=round((right - left) / _PX_PER_MM, 2),
    )


def _signature(document: Any) -> SignatureBox:
    number, page, (left, top, right, bottom) = _box(document, "signature")
    return SignatureBox(
        page=number,
        x1=round(left * _PT_PER_PX, 2),
        y1=round((page.height - bottom) * _PT_PER_PX, 2),
        x2=round(right * _PT_PER_PX, 2),
        y2=round((page.height - top) * _PT_PER_PX, 2),
    )
