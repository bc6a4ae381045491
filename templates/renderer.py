"""The renderer: a pack's page, laid out by WeasyPrint, becomes PDF/A-3a and PDF/UA-1 at once.

The same input gives the same bytes, on every run and in every process with the same libraries and fonts. Nothing is
fetched: the page's fonts and images are handed over, every other address stops the rendering.
"""

import dataclasses
import datetime
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import weasyprint
from weasyprint.text.fonts import FontConfiguration

from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.formats.record import QrPlace
from registry.formats.statement import parse_link
from templates import catchwords, confined, conformance, fonts, limits, page, qr, symbol
from templates.pack import Pack
from templates.page import Page, PageWriter

ATTACHMENT_NAME: Final = "izin.json"
_PT_PER_PX: Final = 0.75
_FONT_URL: Final = "absah-font:"
_VARIANT: Final = "pdf/a-3a"
_REMEMBERED: Final = 256
_MAX_LAYOUTS: Final = 3


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
    """An unsigned document and where on its pages code and signature block are."""

    pdf: bytes
    pages: int
    qr: QrPlace
    signature: SignatureBox


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Typeface:
    """One family ready for layout."""

    fonts: fonts.Fonts
    fetcher: confined.Fetcher
    config: FontConfiguration
    faces: weasyprint.CSS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """One pack's page and its CSS, in one family."""

    writer: PageWriter
    sheets: tuple[weasyprint.CSS, ...]


class Renderer:
    """Renders documents. Threads may share it; they take turns, for Pango's sake."""

    def __init__(
        self,
        *,
        typeface: Callable[[str], fonts.Fonts] = fonts.Fonts.find,
        allowed: limits.RenderLimits | None = None,
    ) -> None:
        """`typeface` gives the faces of a family by its name, each asked for once."""
        self._find = typeface
        self._allowed = allowed or limits.RenderLimits()
        self._typefaces: dict[str, _Typeface] = {}
        self._styles: dict[tuple[str, str], _Style] = {}
        # Catchwords that the last document of the same shape had: mostly they hold for the next, and spare a layout.
        self._catchwords: dict[bytes, catchwords.Words] = {}
        self._lock = threading.Lock()

    def render(
        self,
        pack: Pack,
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        host: str,
        link: str | None,
        number: str,
        attachment: bytes | None,
        created: datetime.datetime,
    ) -> Rendered:
        """The document as PDF; `created` (aware) is all its dates.

        `attachment` (canonical JSON) goes in as izin.json. `link` is the text of the code, at `host`, which is printed
        beside it; a draft has neither attachment nor link, and an empty frame where the code will be.

        Raises `DocumentError` where a letter has no glyph, a limit is exceeded, or the link is none or does not fit its
        symbol; `UnavailableError` where the pack's page or the office's emblem asks for what is not its own.
        """
        if created.tzinfo is None:
            raise ValueError("created must be an aware datetime")
        if link is not None and parse_link(link)[0] != host:
            raise ValueError(f"the link is not at {host}")
        at = created.astimezone(datetime.UTC).replace(microsecond=0)
        # Whoever scans should know which address to expect, so the host is printed beside the code.
        fields = {**fields, "host": host}
        self._check(shape, fields, number)
        rows = None if link is None else qr.modules(link)

        def work() -> Rendered:
            typeface = self._typeface(shape["typeface"])
            style = self._style(pack, shape["typeface"], typeface)
            written = style.writer.write(
                shape=shape,
                fields=fields,
                number=number,
                created=at,
                draft=link is None,
                bold=typeface.fonts.bold,
            )
            attachments = [] if attachment is None else [_attachment(attachment, at, typeface.fetcher)]
            document = self._lay_out(written, style, typeface, attachments, shape)
            return _write(document, rows, attachments)

        with self._lock, confined.strictly():
            return limits.within(self._allowed.seconds, work)

    def _check(self, shape: Mapping[str, Any], fields: Mapping[str, str], number: str) -> None:
        limits.check_rows(shape["rows"], self._allowed)
        limits.check_letters(fields, self._allowed)
        for path, text in (*fonts.texts(fields), *fonts.texts(shape), ("number", number)):
            if letters := fonts.foreign_letters(text, own=True):
                raise DocumentError(f"{path} holds letters that the typeface lacks: {letters!r}")

    def _lay_out(
        self,
        written: Page,
        style: _Style,
        typeface: _Typeface,
        attachments: Sequence[weasyprint.Attachment],
        shape: Mapping[str, Any],
    ) -> Any:
        key = canonical.sha256(canonical.dump(dict(shape)))
        html = weasyprint.HTML(string=written.html, url_fetcher=typeface.fetcher)
        words = self._catchwords.get(key, ())
        for _ in range(_MAX_LAYOUTS):
            own = weasyprint.CSS(
                string=written.rules + catchwords.rules(words),
                font_config=typeface.config,
                url_fetcher=typeface.fetcher,
            )
            document = html.render(
                stylesheets=[typeface.faces, *style.sheets, own],
                font_config=typeface.config,
                pdf_variant=_VARIANT,
                attachments=list(attachments),
            )
            limits.check_pages(len(document.pages), self._allowed)
            seen = catchwords.read(document.pages)
            if seen == words:
                break
            words = seen
        else:
            raise RuntimeError("catchwords move what they are read from")
        if len(self._catchwords) >= _REMEMBERED:
            self._catchwords.clear()
        self._catchwords[key] = words
        return document

    def _typeface(self, name: str) -> _Typeface:
        if name not in self._typefaces:
            found = self._find(name)
            addresses = {f"{_FONT_URL}{face}": getattr(found, face) for face in ("regular", "bold")}
            fetcher, config = confined.Fetcher(addresses), FontConfiguration()
            rules = "".join(
                f'@font-face{{font-family:"{page.family(name)}";font-weight:{weight};src:url({_FONT_URL}{face})}}'
                for face, weight in (("regular", 400), ("bold", 700))
            )
            self._typefaces[name] = _Typeface(
                fonts=found,
                fetcher=fetcher,
                config=config,
                faces=weasyprint.CSS(string=rules, font_config=config, url_fetcher=fetcher),
            )
        return self._typefaces[name]

    def _style(self, pack: Pack, name: str, typeface: _Typeface) -> _Style:
        if (pack.name, name) not in self._styles:
            own, common = pack.page_folders
            sheets = tuple(
                weasyprint.CSS(
                    string=path.read_text("utf-8"), font_config=typeface.config, url_fetcher=typeface.fetcher
                )
                for path in (*sorted(common.glob("*.css")), own / "style.css")
            )
            self._styles[pack.name, name] = _Style(writer=PageWriter(pack), sheets=sheets)
        return self._styles[pack.name, name]


def _attachment(data: bytes, created: datetime.datetime, fetcher: confined.Fetcher) -> weasyprint.Attachment:
    return weasyprint.Attachment(
        file_obj=io.BytesIO(data),
        name=ATTACHMENT_NAME,
        description="Data yang tercetak pada naskah ini",
        relationship="Data",
        created=created,
        modified=created,
        url_fetcher=fetcher,
    )


def _write(
    document: Any, rows: Sequence[Sequence[bool]] | None, attachments: Sequence[weasyprint.Attachment]
) -> Rendered:
    places: list[QrPlace] = []

    def finish(_document: Any, pdf: Any) -> None:
        places.append(symbol.draw(pdf, rows))
        conformance.finish(pdf)

    pdf = document.write_pdf(pdf_variant=_VARIANT, attachments=list(attachments), finisher=finish)
    return Rendered(pdf=pdf, pages=len(document.pages), qr=places[0], signature=_signature(document))


def _signature(document: Any) -> SignatureBox:
    """Where the block stands, from its element's box in CSS pixels from the page's top left."""
    places = [
        (number, sheet, sheet.anchors[page.SIGNATURE_ID])
        for number, sheet in enumerate(document.pages, start=1)
        if page.SIGNATURE_ID in sheet.anchors
    ]
    if len(places) != 1:
        raise LookupError(f"the template must have the id {page.SIGNATURE_ID!r} on one page, not on {len(places)}")
    ((number, sheet, (left, top, right, bottom)),) = places
    return SignatureBox(
        page=number,
        x1=round(left * _PT_PER_PX, 2),
        y1=round((sheet.height - bottom) * _PT_PER_PX, 2),
        x2=round(right * _PT_PER_PX, 2),
        y2=round((sheet.height - top) * _PT_PER_PX, 2),
    )
