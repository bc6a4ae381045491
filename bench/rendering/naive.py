"""Our pages for those who lay out every document anew, and WeasyPrint as the first of them."""

import base64
import io
import pathlib
from collections.abc import Callable

import markupsafe
import qrcode
import qrcode.image.svg
import weasyprint
from weasyprint.text.fonts import FontConfiguration

from bench.rendering.permits import CREATED, Document
from templates import packs, page, symbol
from templates.fonts import Fonts
from templates.layout import ATTACHMENT_NAME
from templates.page import Block, xmp_date


class Pages:
    """A pack's page with a document's values in it as plain text, which wraps where whoever lays it out lets it."""

    def __init__(self, pack: packs.Pack, typeface: Fonts, folder: pathlib.Path) -> None:
        """`folder` is to hold the typeface's files."""
        self._writer = page.PageWriter(pack)
        self._bold = typeface.bold
        self.folder = folder
        rules = []
        for face, weight in (("regular", 400), ("bold", 700)):
            file = folder / f"{typeface.family}-{face}.ttf"
            file.write_bytes(getattr(typeface, face))
            family = page.family(typeface.family)
            rules.append(f'@font-face{{font-family:"{family}";font-weight:{weight};src:url({file.as_uri()})}}')
        own, common = pack.page_folders
        sheets = [*sorted(common.glob("*.css")), own / "style.css"]
        self._css = "".join(rules) + "".join(path.read_text("utf-8") for path in sheets)

    def page_of(self, document: Document, *, image: Callable[[str], bytes]) -> tuple[str, str]:
        """HTML, and all of its CSS as rules of its own. `image` draws a link's code as SVG."""
        values = document.printed

        def value(block: Block) -> markupsafe.Markup:
            return markupsafe.Markup("<br>").join(values[name] for name in block.names)

        written = self._writer.write(
            document.shape,
            value=value,
            title=page.title(document.shape, document.number),
            created=xmp_date(CREATED),
            bold=self._bold,
        )
        drawn = "data:image/svg+xml;base64," + base64.b64encode(image(document.link)).decode()
        return str(written.html).replace(symbol.PLACEHOLDER, drawn), self._css + written.rules


class Naive:
    """WeasyPrint as the first page of its documentation shows it."""

    name = "naive"
    attaches = True

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def pdf(self, document: Document) -> bytes:
        """The document as PDF."""
        text, rules = self._pages.page_of(document, image=self._image)
        fonts = FontConfiguration()
        css = weasyprint.CSS(string=rules, font_config=fonts)
        file = weasyprint.Attachment(
            file_obj=io.BytesIO(document.attachment),
            name=ATTACHMENT_NAME,
            relationship="Data",
            created=CREATED,
            modified=CREATED,
        )
        html = weasyprint.HTML(string=text)
        pdf = html.write_pdf(stylesheets=[css], font_config=fonts, pdf_variant="pdf/a-3a", attachments=[file])
        return bytes(pdf)

    @staticmethod
    def _image(link: str) -> bytes:
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
        code.add_data(link)
        return bytes(code.make_image(image_factory=qrcode.image.svg.SvgPathImage).to_string())
