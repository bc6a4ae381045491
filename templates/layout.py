"""The layout: WeasyPrint turns a pack's page into PDF objects, PDF/A-3a and PDF/UA-1 at once.

What stands in the page's blocks is given line by line, so nothing here decides where a value's line ends. Nothing is
fetched: the page's fonts and images are handed over, every other address stops the layout.

WeasyPrint is reached through its public API alone (`HTML`, `CSS`, `render`, `write_pdf(finisher=)`), but for the first
words and columns of a page (`templates.boxes`). Its `finisher` hands over the document as pydyf's objects.
"""

import contextlib
import copy
import dataclasses
import datetime
import gc
import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import markupsafe
import weasyprint
from weasyprint.text.fonts import FontConfiguration

from registry.formats.record import QrPlace
from templates import boxes, confined, conformance, fonts, limits, page, symbol
from templates.pack import Pack
from templates.page import Block, PageWriter, SignatureBox, xmp_date

ATTACHMENT_NAME: Final = "izin.json"
_PT_PER_PX: Final = 0.75
_FONT_URL: Final = "absah-font:"
_VARIANT: Final = "pdf/a-3a"
# Pango is not for several threads, and its fonts are the process's.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """A page that was laid out.

    `pdf` is pydyf's document, complete and not yet written. `openings` are the first texts of each page but the first,
    from which its catchword is made; `sheets` are WeasyPrint's pages, for `templates.boxes`.
    """

    pdf: Any
    blocks: tuple[Block, ...]
    pages: int
    qr: QrPlace
    signature: SignatureBox
    openings: tuple[tuple[boxes.Text, ...], ...]
    sheets: Sequence[Any]


class Layout:
    """Lays out the page of one pack in one typeface. Threads may share it; they take turns."""

    def __init__(self, pack: Pack, typeface: fonts.Fonts, *, allowed: limits.RenderLimits) -> None:
        self._allowed = allowed
        self._writer = PageWriter(pack)
        self._bold = typeface.bold
        self._fetcher = confined.Fetcher({f"{_FONT_URL}{face}": getattr(typeface, face) for face in fonts.FACES})
        self._config = FontConfiguration()
        faces = "".join(
            f'@font-face{{font-family:"{page.family(typeface.family)}";font-weight:{weight};src:url({_FONT_URL}{face})}}'
            for face, weight in (("regular", 400), ("bold", 700))
        )
        own, common = pack.page_folders
        paths = (*sorted(common.glob("*.css")), own / "style.css")
        with _ONE_AT_A_TIME, confined.strictly():
            self._sheets = [self._css(faces), *(self._css(path.read_text("utf-8")) for path in paths)]

    def lay_out(
        self,
        shape: Mapping[str, Any],
        *,
        value: Callable[[Block], markupsafe.Markup],
        rules: str,
        title: str,
        created: datetime.datetime,
        attachment: bytes | None,
        drawing: bytes,
        appended: str = "",
    ) -> LaidOut:
        """The page of this shape, `value` in its blocks.

        `rules` are CSS beside the pack's own; `drawing` paints the code (`templates.symbol`); `created` (aware) is all
        its dates; `appended` is HTML behind the page's end.

        Raises `LimitError` where pages or time run out; `UnavailableError` where the pack's page or the office's emblem
        asks for what is not its own; `LookupError` and `ValueError` for a page without its one code and signature
        block.
        """
        at = created.astimezone(datetime.UTC).replace(microsecond=0)

        def work() -> LaidOut:
            written = self._writer.write(shape, value=value, title=title, created=xmp_date(at), bold=self._bold)
            attachments = [] if attachment is None else [self._attachment(attachment, at)]
            html = written.html.removesuffix("</body></html>") + appended + "</body></html>"
            document = weasyprint.HTML(string=html, url_fetcher=self._fetcher).render(
                stylesheets=[*self._sheets, self._css(written.rules + rules)],
                font_config=self._config,
                pdf_variant=_VARIANT,
                attachments=attachments,
            )
            limits.check_pages(len(document.pages), self._allowed)
            pdf, qr = _objects(document, attachments, drawing)
            return LaidOut(
                pdf=pdf,
                blocks=written.blocks,
                pages=len(document.pages),
                qr=qr,
                signature=_signature(document),
                openings=boxes.openings(document.pages),
                sheets=document.pages,
            )

        with _ONE_AT_A_TIME, confined.strictly(), _no_collection():
            return limits.within(self._allowed.seconds, work)

    def _css(self, rules: str) -> weasyprint.CSS:
        return weasyprint.CSS(string=rules, font_config=self._config, url_fetcher=self._fetcher)

    def _attachment(self, data: bytes, created: datetime.datetime) -> weasyprint.Attachment:
        return weasyprint.Attachment(
            file_obj=io.BytesIO(data),
            name=ATTACHMENT_NAME,
            description="Data yang tercetak pada naskah ini",
            relationship="Data",
            created=created,
            modified=created,
            url_fetcher=self._fetcher,
        )


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector off: in the middle of a layout it walks a million objects that are all in use."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _objects(document: Any, attachments: list[weasyprint.Attachment], drawing: bytes) -> tuple[Any, QrPlace]:
    found: list[tuple[Any, QrPlace]] = []

    def finish(_document: Any, pdf: Any) -> None:
        place = symbol.draw(pdf, drawing)
        conformance.finish(pdf)
        found.append((copy.copy(pdf), place))
        # What follows would write and pack a file that nobody reads.
        pdf.objects, pdf.info = pdf.objects[:1], {}

    document.write_pdf(pdf_variant=_VARIANT, attachments=attachments, finisher=finish)
    return found[0]


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
