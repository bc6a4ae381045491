"""What is done with a file's bytes, inside the confined child: signature, pages, QR codes.

Pure with respect to the outside: bytes and a request in, findings out. It is hostile ground all the same:
whatever a parser can be made to do here, it does with the child's few rights.

The child cannot open a file, a module among them. So whatever a library loads only when it is needed, `warm_up` loads
in the waiting process; what it missed would be an error of that one file, not a way out.
"""

import base64
import codecs
import contextlib
import ctypes
import importlib
import io
import re
import warnings
from collections.abc import Callable, Iterable
from typing import Final

import pypdfium2
from PIL import Image, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin

from verifier.decode import read_codes, read_codes_quickly
from verifier.findings import (
    MAX_ATTACHMENT_BYTES,
    MAX_TEXTS,
    CodeText,
    FileFindings,
    FileKind,
    sniff,
)
from verifier.gate import attachment, inspect_signature
from verifier.request import ReaderLimits, ReadRequest

# Named, so that nothing but these decoders can be reached, and imported before the walls go up.
_IMAGE_PLUGINS: Final = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)
_IMAGE_FORMATS: Final = ("JPEG", "PNG", "WEBP")  # JPEG includes a phone's MPO

_POINTS_PER_INCH: Final = 72
_PIXELS_PER_MEGAPIXEL: Final = 1_000_000
# A phone's 12 megapixels stay as they are; more shows no more of a 33 mm symbol.
_IMAGE_SIDE_PIXELS: Final = 4096
_THOROUGH_PAGES: Final = 4
_THOROUGH_FACTOR: Final = 4 / 3

# Imported inside functions by pyHanko 0.38, cryptography and Pillow 12. What an installation lacks, its child lacks.
_LATE_MODULES: Final = (
    "cryptography.hazmat.backends.openssl.backend",
    "pyhanko.pdf_utils.crypt",
    "pyhanko.pdf_utils.crypt.pdfmac",
    "pyhanko.pdf_utils.filters",
    "pyhanko.pdf_utils.font.api",
    "pyhanko.pdf_utils.metadata.xmp_xml",
    "pyhanko.sign.validation.pdf_embedded",
    "PIL.ImageCms",
    "PIL.ImageColor",
    "PIL.ImagePalette",
    "PIL.TiffImagePlugin",
    "defusedxml.ElementTree",
    "mmap",
    "tempfile",
)
_CODECS: Final = ("ascii", "latin-1", "cp1252", "idna", "punycode", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le")
# ISO/IEC 18004 texts in bytes say no encoding, or one of these; zbar 0.23 asks the C library, which loads each late.
_TEXT_ENCODINGS: Final = (b"ISO8859-1", b"SJIS", b"BIG5", b"CP437")
_SAMPLE_PDF: Final = b"""%PDF-1.7
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R
/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 31>>stream
BT /F 9 Tf 9 9 Td (Contoh) Tj ET
endstream endobj
trailer<</Root 1 0 R/Size 5>>
%%EOF
"""


def warm_up() -> None:
    """Load what `inspect` may need, by reading small samples of our own; then nothing needs to be opened."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old name that a library still brings along is no news here
        for name in _LATE_MODULES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    for name in _CODECS:
        codecs.lookup(name)
    _keep_text_encodings()
    Image.preinit()
    for kind in _IMAGE_FORMATS:
        sample = io.BytesIO()
        Image.new("RGB", (99, 99), "white").save(sample, kind)
        sample.seek(0)
        read_codes(Image.open(sample, formats=_IMAGE_FORMATS), useful=lambda _: False)
    pdf = pypdfium2.PdfDocument(_SAMPLE_PDF)
    pdf[0].render().to_pil()
    pdf[0].get_textpage().count_chars()
    pdf.close()
    attachment(_SAMPLE_PDF)


def _keep_text_encodings() -> None:
    """Opened, and never closed: the C library unloads a conversion that nobody holds."""
    with contextlib.suppress(AttributeError, OSError):  # a C library without it loads nothing late either
        iconv_open = ctypes.CDLL(None).iconv_open
        for encoding in _TEXT_ENCODINGS:
            iconv_open(b"UTF-8", encoding)


def inspect(data: bytes, request: ReadRequest, limits: ReaderLimits) -> FileFindings:
    """Everything that can be said about `data` without asking anyone.

    `MemoryError` and death by a limit are the caller's business; a file that does not open is a finding.
    """
    kind = sniff(data)
    useful = _useful(request.host)
    if kind is FileKind.PDF:
        return _inspect_pdf(data, request, limits, useful)
    if kind is FileKind.IMAGE:
        return _inspect_image(data, limits, useful)
    return FileFindings(kind=kind)


def _useful(host: str) -> Callable[[str], bool]:
    link = re.compile(rf"https?://{re.escape(host)}/v/[0-9]+/?", re.ASCII | re.IGNORECASE)
    return lambda text: link.fullmatch(text) is not None


def _inspect_pdf(
    data: bytes, request: ReadRequest, limits: ReaderLimits, useful: Callable[[str], bool]
) -> FileFindings:
    signature = inspect_signature(
        data,
        roots=request.roots,
        signers=request.signers,
        revocation_lists=request.revocation_lists,
        moment=request.moment,
        profile=request.profile,
    )
    if not request.codes:
        return FileFindings(kind=FileKind.PDF, signature=signature)
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return FileFindings(kind=FileKind.PDF, signature=signature)
    indexes = _pages_to_read(len(pdf), limits.pages)
    image_only = bool(indexes) and not any(_has_text(pdf, index) for index in indexes)
    return FileFindings(
        kind=FileKind.PDF,
        signature=signature,
        texts=_page_codes(pdf, indexes, limits, useful, image_only=image_only),
        pages=len(pdf),
        image_only=image_only,
        attachment=_attachment(data),
    )


def _pages_to_read(count: int, limit: int) -> list[int]:
    if count <= limit:
        return list(range(count))
    first = (limit + 1) // 2
    return [*range(first), *range(count - (limit - first), count)]


def _page_codes(
    pdf: pypdfium2.PdfDocument,
    indexes: list[int],
    limits: ReaderLimits,
    useful: Callable[[str], bool],
    *,
    image_only: bool,
) -> tuple[CodeText, ...]:
    """Every page quickly; only if that shows nothing useful, the first and last ones thoroughly."""
    found: list[CodeText] = []
    if not image_only:
        for index in indexes:
            page = _draw(pdf, index, limits, grey=True)
            found += _code_texts(index + 1, [] if page is None else read_codes_quickly(page))
    if not any(useful(code.text) for code in found):
        for index in sorted(_pages_to_read(len(pdf), min(limits.pages, _THOROUGH_PAGES)), reverse=True):
            page = _draw(pdf, index, limits, grey=False, factor=_THOROUGH_FACTOR)
            codes = _code_texts(index + 1, [] if page is None else read_codes(page, useful=useful, enlarge=image_only))
            found += (code for code in codes if code not in found)
            if any(useful(code.text) for code in codes):
                break
    return tuple(sorted(found, key=lambda code: not useful(code.text))[:MAX_TEXTS])


def _code_texts(page: int, texts: Iterable[str]) -> list[CodeText]:
    # A lone surrogate cannot be written as JSON in UTF-8; no text of ours holds one.
    return [CodeText(page=page, text=text.encode("utf-8", "replace").decode("utf-8")) for text in texts]


def _draw(
    pdf: pypdfium2.PdfDocument, index: int, limits: ReaderLimits, *, grey: bool, factor: float = 1.0
) -> Image.Image | None:
    """The page as a viewer shows it, annotations included; None if it cannot be drawn."""
    try:
        page = pdf[index]
        width, height = page.get_size()
        scale = factor * limits.raster_dpi / _POINTS_PER_INCH
        if not (width > 0 and height > 0):
            return None
        most = limits.page_megapixels * _PIXELS_PER_MEGAPIXEL
        scale = min(scale, (most / (width * height)) ** 0.5)
        if min(width, height) * scale < 1:
            return None
        image: Image.Image = page.render(scale=scale, grayscale=grey).to_pil()
    except (pypdfium2.PdfiumError, ValueError):
        return None
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _has_text(pdf: pypdfium2.PdfDocument, index: int) -> bool:
    try:
        return bool(pdf[index].get_textpage().count_chars() > 0)
    except pypdfium2.PdfiumError:
        return False


def _attachment(data: bytes) -> str | None:
    found = attachment(data)
    if found is None or len(found) > MAX_ATTACHMENT_BYTES:
        return None
    return base64.b64encode(found).decode("ascii")


def _inspect_image(data: bytes, limits: ReaderLimits, useful: Callable[[str], bool]) -> FileFindings:
    image = _open_image(data, limits.image_megapixels * _PIXELS_PER_MEGAPIXEL)
    if image is None:
        return FileFindings(kind=FileKind.IMAGE)
    texts = _code_texts(1, read_codes(image, useful=useful)[:MAX_TEXTS])
    return FileFindings(kind=FileKind.IMAGE, texts=tuple(texts), pages=1)


def _open_image(data: bytes, most_pixels: int) -> Image.Image | None:
    """The picture in grey or RGB, at most `_IMAGE_SIDE_PIXELS` wide and high; None if it cannot be had.

    The header's size is checked before a single pixel is decoded: a picture of a few kilobytes may claim
    gigabytes.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_IMAGE_FORMATS)
        if image.width * image.height > most_pixels:
            return None
        image.draft(None, (_IMAGE_SIDE_PIXELS, _IMAGE_SIDE_PIXELS))  # JPEG: decode no more than is looked at
        image.load()
        shrink = -(-max(image.size) // _IMAGE_SIDE_PIXELS)
        if shrink > 1 and min(image.size) >= shrink:
            image = image.convert("RGB").reduce(shrink)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image if image.mode == "L" else image.convert("RGB")
    except MemoryError:
        raise
    except Exception:
        # Pillow's decoders raise whatever they stumble over: OSError, SyntaxError, struct.error, zlib.error, …
        return None
