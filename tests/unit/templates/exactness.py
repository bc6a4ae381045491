"""How two files differ, as a reader meets them: pixels, text, structure, metadata, attachment.

Numbers of objects and of marked content are not compared, nor is the order of what only looks the same: a plate keeps
an artifact for a line that happens to be empty, a full layout has none.
"""

import ctypes
import dataclasses
import io
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

DPI: Final = 150
_PT_PER_INCH: Final = 72
# What the catalogue leads to is compared in its own way, or leads back up.
_PARTS: Final = {"/Pages", "/StructTreeRoot", "/Parent", "/Prev"}
_STORED: Final = {"/Length", "/Filter", "/DL"}
_TEXTS: Final = {
    "alt": pdfium.FPDF_StructElement_GetAltText,
    "spoken": pdfium.FPDF_StructElement_GetActualText,
    "language": pdfium.FPDF_StructElement_GetLang,
    "title": pdfium.FPDF_StructElement_GetTitle,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it is read: each page's picture, text in two ways, the tree of tags, and what describes the file."""

    pictures: tuple[Image.Image, ...]
    text: bytes
    layout: bytes
    structure: tuple[list[Any], ...]
    information: Any
    catalogue: Any

    @classmethod
    def read(cls, data: bytes) -> "File":
        document = pypdfium2.PdfDocument(data)
        try:
            pages = list(document)
            pictures = tuple(page.render(scale=DPI / _PT_PER_INCH).to_pil() for page in pages)
            tree = _Structure()
            structure = tuple(list(tree.rows(page)) for page in pages)
        finally:
            document.close()
        reader = PdfFileReader(io.BytesIO(data))
        return cls(
            pictures=pictures,
            text=_pdftotext(data),
            layout=_pdftotext(data, "-layout"),
            structure=structure,
            information=_plain(reader.trailer["/Info"]),
            catalogue=_plain(reader.root),
        )


def differences(filled: bytes, laid_out: bytes) -> list[str]:
    """What is not the same in both files, in words; nothing where they are equal."""
    return list(_differences(File.read(filled), File.read(laid_out)))


def _differences(one: File, other: File) -> Iterator[str]:
    if len(one.pictures) != len(other.pictures):
        yield f"{len(one.pictures)} pages and {len(other.pictures)}"
        return
    for number, (left, right) in enumerate(zip(one.pictures, other.pictures, strict=True), start=1):
        if left.size != right.size:
            yield f"page {number} has {left.size} pixels and {right.size}"
        elif (where := ImageChops.difference(left, right).getbbox()) is not None:
            yield f"page {number} looks different within {where} at {DPI} dpi"
    yield from _first("text", one.text.splitlines(), other.text.splitlines())
    yield from _first("text by its layout", one.layout.splitlines(), other.layout.splitlines())
    for number, (tree, its) in enumerate(zip(one.structure, other.structure, strict=True), start=1):
        yield from _first(f"structure of page {number}", tree, its)
    for what in ("information", "catalogue"):
        left, right = getattr(one, what), getattr(other, what)
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                yield f"{what} {name}: {_short(left.get(name))} and {_short(right.get(name))}"


def _first(what: str, left: list[Any], right: list[Any]) -> Iterator[str]:
    if left == right:
        return
    at = next((index for index, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        yield f"{what}: {len(left)} parts and {len(right)}"
    else:
        yield f"{what}, part {at + 1}: {_short(left[at])} and {_short(right[at])}"


def _short(value: object) -> str:
    return repr(value)[:300]


def _pdftotext(data: bytes, *options: str) -> bytes:
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout


class _Structure:
    """The tree of tags, row by row: elements with their depth, type, names and attributes, and the texts in them."""

    def __init__(self) -> None:
        # What identifies an element (a table's head) is a name: told by the order in which the names come.
        self._names: dict[str, str] = {}

    def rows(self, page: Any) -> Iterator[tuple[Any, ...]]:
        texts = page.get_textpage()
        said: dict[int, str] = {}
        for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
            number = pdfium.FPDFPageObj_GetMarkedContentID(item)
            text = _text(lambda buffer, size, item=item: pdfium.FPDFTextObj_GetText(item, texts, buffer, size))
            said[number] = said.get(number, "") + text
        tree = pdfium.FPDF_StructTree_GetForPage(page)
        try:
            for index in range(pdfium.FPDF_StructTree_CountChildren(tree)):
                yield from self._element(pdfium.FPDF_StructTree_GetChildAtIndex(tree, index), said, 0)
        finally:
            pdfium.FPDF_StructTree_Close(tree)

    def _element(self, handle: Any, said: Mapping[int, str], depth: int) -> Iterator[tuple[Any, ...]]:
        tag = _text(lambda buffer, size: pdfium.FPDF_StructElement_GetType(handle, buffer, size))
        called = {
            name: text
            for name, read in _TEXTS.items()
            if (text := _text(lambda buffer, size, read=read: read(handle, buffer, size)))
        }
        identifier = _text(lambda buffer, size: pdfium.FPDF_StructElement_GetID(handle, buffer, size))
        attributes = dict(_attributes(handle))
        if "Headers" in attributes:
            attributes["Headers"] = [self._named(one) for one in attributes["Headers"]]
        yield depth, tag, self._named(identifier), called, attributes
        for index in range(pdfium.FPDF_StructElement_CountChildren(handle)):
            if child := pdfium.FPDF_StructElement_GetChildAtIndex(handle, index):
                yield from self._element(child, said, depth + 1)
            elif (number := pdfium.FPDF_StructElement_GetChildMarkedContentID(handle, index)) >= 0:
                # A line without text: a plate sets nothing, a layout may set a space.
                yield depth + 1, said.get(number, "").strip()

    def _named(self, identifier: str) -> str:
        return self._names.setdefault(identifier, f"head {len(self._names) + 1}") if identifier else ""


def _attributes(handle: Any) -> Iterator[tuple[str, Any]]:
    for index in range(pdfium.FPDF_StructElement_GetAttributeCount(handle)):
        attribute = pdfium.FPDF_StructElement_GetAttributeAtIndex(handle, index)
        for number in range(pdfium.FPDF_StructElement_Attr_GetCount(attribute)):
            name, size = ctypes.create_string_buffer(80), ctypes.c_ulong()
            pdfium.FPDF_StructElement_Attr_GetName(attribute, number, name, len(name), size)
            value = pdfium.FPDF_StructElement_Attr_GetValue(attribute, name.value)
            yield name.value.decode(), _attribute(value)


def _attribute(value: Any) -> Any:
    kind = pdfium.FPDF_StructElement_Attr_GetType(value)
    if kind in (pdfium.FPDF_OBJECT_NAME, pdfium.FPDF_OBJECT_STRING):
        text, size = ctypes.create_string_buffer(400), ctypes.c_ulong()
        pdfium.FPDF_StructElement_Attr_GetStringValue(value, text, len(text), size)
        return text.raw[: max(size.value - 2, 0)].decode("utf-16-le")
    if kind == pdfium.FPDF_OBJECT_NUMBER:
        number = ctypes.c_float()
        pdfium.FPDF_StructElement_Attr_GetNumberValue(value, number)
        return number.value
    if kind == pdfium.FPDF_OBJECT_ARRAY:
        count = pdfium.FPDF_StructElement_Attr_CountChildren(value)
        return [_attribute(pdfium.FPDF_StructElement_Attr_GetChildAtIndex(value, child)) for child in range(count)]
    raise AssertionError(f"an attribute of a kind that no page had before: {kind}")


def _text(read: Any) -> str:
    """What one of PDFium's functions writes: UTF-16, closed by zero, its length in bytes returned."""
    size = read(None, 0)
    buffer = ctypes.create_string_buffer(size + 2)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le")


def _plain(value: Any) -> Any:
    """A value without numbers of objects: what is referred to stands in its place, a page is only called so."""
    value = value.get_object()
    if isinstance(value, generic.DictionaryObject):
        if value.get("/Type") in ("/Page", "/StructElem"):
            return value["/Type"]
        inner = {one: _plain(value[one]) for one in value if one not in _PARTS | _STORED}
        if isinstance(value, generic.StreamObject):
            return inner, value.data
        return inner
    if isinstance(value, generic.ArrayObject):
        return [_plain(one) for one in value]
    return value
