"""What is really on the pages of a file: each line of text with its place, and the tree of tags over them.

Read with PDFium, which has not laid them out.
"""

import ctypes
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """Text set in one go: a line of a block, or a part of one. In points from the page's bottom left; page from 1."""

    text: str
    page: int
    left: float
    bottom: float
    right: float
    top: float
    mcid: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Element:
    """An element of the structure (ISO 32000-1 14.7): type, attributes, and what it holds in reading order."""

    tag: str
    page: int
    alt: str
    attributes: Mapping[str, str | tuple[float, ...]]
    kids: tuple["Element | Run", ...]

    @property
    def elements(self) -> Iterator["Element"]:
        """This one and all inside it."""
        yield self
        for kid in self.kids:
            if isinstance(kid, Element):
                yield from kid.elements

    @property
    def runs(self) -> Iterator[Run]:
        for kid in self.kids:
            if isinstance(kid, Element):
                yield from kid.runs
            else:
                yield kid

    @property
    def spoken(self) -> Iterator[str]:
        """What a screen reader says, one after the other."""
        if self.tag == "Figure":
            yield self.alt
        for kid in self.kids:
            if isinstance(kid, Element):
                yield from kid.spoken
            else:
                yield kid.text

    @property
    def text(self) -> str:
        return " ".join(run.text.strip() for run in self.runs)

    def all(self, *tags: str) -> list["Element"]:
        return [element for element in self.elements if element.tag in tags]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """One page: its size in points, all its text in the file's order, the elements that stand at its tree's top."""

    width: float
    height: float
    runs: tuple[Run, ...]
    elements: tuple[Element, ...]

    @property
    def read(self) -> list[Run]:
        """The text that belongs to the document, in reading order: running heads and feet are not among it."""
        return [run for element in self.elements for run in element.runs]

    @property
    def around(self) -> list[Run]:
        """The rest: running heads and feet."""
        inside = {run.mcid for run in self.read}
        return [run for run in self.runs if run.mcid not in inside]

    def all(self, *tags: str) -> list[Element]:
        return [found for element in self.elements for found in element.all(*tags)]


def sheets(pdf: bytes) -> list[Sheet]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_sheet(page, number) for number, page in enumerate(document, start=1)]
    finally:
        document.close()


def _sheet(page: Any, number: int) -> Sheet:
    text = page.get_textpage()
    runs = []
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
        left, bottom, right, top = item.get_bounds()
        runs.append(
            Run(
                text=_text(lambda buffer, size, item=item: pdfium.FPDFTextObj_GetText(item, text, buffer, size)),
                page=number,
                left=left,
                bottom=bottom,
                right=right,
                top=top,
                mcid=pdfium.FPDFPageObj_GetMarkedContentID(item),
            )
        )
    tree = pdfium.FPDF_StructTree_GetForPage(page)
    try:
        (document,) = [
            _element(pdfium.FPDF_StructTree_GetChildAtIndex(tree, index), number, runs)
            for index in range(pdfium.FPDF_StructTree_CountChildren(tree))
        ]
    finally:
        pdfium.FPDF_StructTree_Close(tree)
    width, height = page.get_size()
    assert document.tag == "Document"
    return Sheet(
        width=width,
        height=height,
        runs=tuple(runs),
        elements=tuple(kid for kid in document.kids if isinstance(kid, Element)),
    )


def _element(handle: Any, page: int, runs: list[Run]) -> Element:
    kids: list[Element | Run] = []
    for index in range(pdfium.FPDF_StructElement_CountChildren(handle)):
        if child := pdfium.FPDF_StructElement_GetChildAtIndex(handle, index):
            kids.append(_element(child, page, runs))
        elif (mcid := pdfium.FPDF_StructElement_GetChildMarkedContentID(handle, index)) >= 0:
            kids.extend(run for run in runs if run.mcid == mcid)
    return Element(
        tag=_text(lambda buffer, size: pdfium.FPDF_StructElement_GetType(handle, buffer, size)),
        page=page,
        alt=_text(lambda buffer, size: pdfium.FPDF_StructElement_GetAltText(handle, buffer, size)),
        attributes=dict(_attributes(handle)),
        kids=tuple(kids),
    )


def _attributes(handle: Any) -> Iterator[tuple[str, str | tuple[float, ...]]]:
    """Its attributes that are names, text or lists of numbers."""
    for index in range(pdfium.FPDF_StructElement_GetAttributeCount(handle)):
        attribute = pdfium.FPDF_StructElement_GetAttributeAtIndex(handle, index)
        for number in range(pdfium.FPDF_StructElement_Attr_GetCount(attribute)):
            name, size = ctypes.create_string_buffer(80), ctypes.c_ulong()
            pdfium.FPDF_StructElement_Attr_GetName(attribute, number, name, len(name), size)
            value = pdfium.FPDF_StructElement_Attr_GetValue(attribute, name.value)
            kind = pdfium.FPDF_StructElement_Attr_GetType(value)
            if kind in (pdfium.FPDF_OBJECT_NAME, pdfium.FPDF_OBJECT_STRING):
                text = ctypes.create_string_buffer(200)
                pdfium.FPDF_StructElement_Attr_GetStringValue(value, text, len(text), size)
                yield name.value.decode(), text.raw[: max(size.value - 2, 0)].decode("utf-16-le")
            elif kind == pdfium.FPDF_OBJECT_ARRAY:
                count = pdfium.FPDF_StructElement_Attr_CountChildren(value)
                yield name.value.decode(), tuple(_number(value, child) for child in range(count))


def _number(array: Any, index: int) -> float:
    found = ctypes.c_float()
    pdfium.FPDF_StructElement_Attr_GetNumberValue(pdfium.FPDF_StructElement_Attr_GetChildAtIndex(array, index), found)
    return found.value


def _text(read: Callable[[Any, int], int]) -> str:
    """What one of PDFium's functions writes: UTF-16, closed by zero, its length in bytes returned."""
    size = read(None, 0)
    buffer = ctypes.create_string_buffer(size + 2)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le")
