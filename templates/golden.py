"""What a document says and where, as text that a person can compare: a page's golden file.

```
golden 1
pages 3 of 595 x 842
code 3 at 432 641
signature 3 at 283 120 to 538 232

page 1
 197  223 11   LBody Undang-Undang Nomor 6 Tahun 2023;
 242   54 12b  P PEMERINTAH KABUPATEN KAMPAR
```

Points from the top left, rounded to whole ones: start and baseline of a line of text, its size, "b" where it is bold,
and the tag of what it belongs to. Lines come in the order in which a screen reader speaks them (the structure tree,
ISO 32000-1 14.7); heads and feet follow, tagged "-", for they stand outside it.
"""

import ctypes
import dataclasses
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import pypdfium2
from pypdfium2 import raw

from registry.formats.errors import UnavailableError
from templates.renderer import Rendered

# One library may round up what another rounds down.
TOLERANCE_PT: Final = 1
OUTSIDE: Final = "-"
_HEAD: Final = "golden 1"
_TRANSPARENT: Final = frozenset({"Span", "NonStruct"})
_PT_PER_MM: Final = 72 / 25.4
_PAGE: Final = re.compile(r"page ([1-9]\d*)", re.ASCII)
_LINE: Final = re.compile(r" *(-?\d+) +(-?\d+) (\d+(?:\.\d+)?)(b?) +(\S+) (\S.*)", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d+", re.ASCII)
# PDFium's own character for a hyphen at the end of a line.
_LINE_HYPHEN: Final = "\x02"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text, or what one cell has of it; `x` and baseline `y` in points from the page's top left."""

    x: int
    y: int
    size: str
    bold: bool
    tag: str
    text: str

    def __str__(self) -> str:
        weight = "b" if self.bold else ""
        return f"{self.x:>4} {self.y:>4} {self.size + weight:<4} {self.tag} {self.text}"

    def near(self, other: "Line") -> bool:
        """Whether both are the same but for rounding."""
        same = dataclasses.replace(self, x=0, y=0) == dataclasses.replace(other, x=0, y=0)
        return same and max(abs(self.x - other.x), abs(self.y - other.y)) <= TOLERANCE_PT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A document's text and layout. `places`: paper, QR symbol, signature block, a line each."""

    places: tuple[str, ...]
    pages: tuple[tuple[Line, ...], ...]

    def __str__(self) -> str:
        parts = [_HEAD, *self.places]
        for number, lines in enumerate(self.pages, start=1):
            parts += ["", f"page {number}", *map(str, lines)]
        return "\n".join(parts) + "\n"

    @classmethod
    def of(cls, rendered: Rendered) -> Self:
        """That of a rendered document, read back from its file."""
        document = pypdfium2.PdfDocument(rendered.pdf)
        try:
            width, height = (round(side) for side in document[0].get_size())
            qr, box = rendered.qr, rendered.signature
            return cls(
                places=(
                    f"pages {len(document)} of {width} x {height}",
                    f"code {qr.page} at {round(qr.left_mm * _PT_PER_MM)} {round(qr.top_mm * _PT_PER_MM)}",
                    f"signature {box.page} at {round(box.x1)} {round(height - box.y2)} "
                    f"to {round(box.x2)} {round(height - box.y1)}",
                ),
                pages=tuple(tuple(_lines(page)) for page in document),
            )
        finally:
            document.close()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a golden file. Raises `UnavailableError`, naming the line, for a text that is none."""
        places: list[str] = []
        pages: list[list[Line]] = []
        head, *rest = text.split("\n")
        if head != _HEAD:
            raise UnavailableError(f"not a golden file: it does not begin with {_HEAD!r}")
        for number, line in enumerate(rest, start=2):
            if not line:
                continue
            if (page := _PAGE.fullmatch(line)) and int(page[1]) == len(pages) + 1:
                pages.append([])
            elif not pages:
                places.append(line)
            elif found := _LINE.fullmatch(line):
                x, y, size, bold, tag, words = found.groups()
                pages[-1].append(Line(x=int(x), y=int(y), size=size, bold=bool(bold), tag=tag, text=words))
            else:
                raise UnavailableError(f"not a golden file: line {number} is none of a page")
        return cls(places=tuple(places), pages=tuple(map(tuple, pages)))

    def changes(self, other: "Golden") -> tuple[str, ...]:
        """What `other` has in place of this, in lines that begin with "-" and "+"; rounding does not count."""
        before, after = str(self).split("\n"), str(other._settled(self)).split("\n")
        found, page = [], ""
        for line in difflib.unified_diff(before, after, n=len(before), lineterm=""):
            if line.startswith(("---", "+++", "@@")):
                continue
            if line[:1] in "-+" and line[1:]:
                found += [page] if page and page not in found else []
                found.append(line)
            elif _PAGE.fullmatch(line[1:]):
                page = line[1:]
        return tuple(found)

    def _settled(self, wanted: "Golden") -> "Golden":
        """This with the places of `wanted` wherever only rounding differs."""
        places = [
            before if _near(before, after) else after for before, after in zip(wanted.places, self.places, strict=False)
        ]
        pages = [
            (*_settled(page, wanted.pages[number] if number < len(wanted.pages) else ()),)
            for number, page in enumerate(self.pages)
        ]
        return Golden(places=(*places, *self.places[len(places) :]), pages=tuple(pages))


def _settled(lines: Sequence[Line], wanted: Sequence[Line]) -> Iterator[Line]:
    """In step with `wanted` line by line, also after lines that only one of them has."""
    before, after = ([dataclasses.replace(line, x=0, y=0) for line in one] for one in (wanted, lines))
    partner = {
        there + step: wanted[here + step]
        for here, there, size in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks()
        for step in range(size)
    }
    for index, line in enumerate(lines):
        mate = partner.get(index)
        yield mate if mate is not None and mate.near(line) else line


def _near(before: str, after: str) -> bool:
    if _NUMBER.sub("", before) != _NUMBER.sub("", after):
        return False
    pairs = zip(_NUMBER.findall(before), _NUMBER.findall(after), strict=True)
    # The first number is that of a page, or how many there are.
    (first, same), *others = pairs
    return bool(first == same) and all(abs(int(one) - int(two)) <= TOLERANCE_PT for one, two in others)


def _lines(page: Any) -> Iterator[Line]:
    height, text_page = page.get_height(), page.get_textpage()
    shown: dict[int, list[Line]] = {}
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=1):
        matrix = item.get_matrix()
        line = Line(
            x=round(matrix.e),
            y=round(height - matrix.f),
            size=f"{round(_size(item.raw) * matrix.d, 2):g}",
            bold=b"Bold" in _bytes(raw.FPDFFont_GetBaseFontName, raw.FPDFTextObj_GetFont(item.raw)),
            tag=OUTSIDE,
            text=" ".join(_text(item.raw, text_page.raw).replace(_LINE_HYPHEN, "-").split()),
        )
        if line.text:
            shown.setdefault(raw.FPDFPageObj_GetMarkedContentID(item.raw), []).append(line)
    for tag, content in _spoken(page):
        for line in shown.pop(content, ()):
            yield dataclasses.replace(line, tag=tag)
    for lines in shown.values():
        yield from lines


def _spoken(page: Any) -> Iterator[tuple[str, int]]:
    """Tags and identifiers of the page's marked content, in the order of the structure tree."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    try:
        for index in range(raw.FPDF_StructTree_CountChildren(tree)):
            yield from _below(raw.FPDF_StructTree_GetChildAtIndex(tree, index), OUTSIDE)
    finally:
        raw.FPDF_StructTree_Close(tree)


def _below(element: Any, above: str) -> Iterator[tuple[str, int]]:
    own = _bytes(raw.FPDF_StructElement_GetType, element).decode("utf-16-le").rstrip("\0")
    tag = above if own in _TRANSPARENT else own
    for index in range(raw.FPDF_StructElement_CountChildren(element)):
        if child := raw.FPDF_StructElement_GetChildAtIndex(element, index):
            yield from _below(child, tag)
        elif (content := raw.FPDF_StructElement_GetChildMarkedContentID(element, index)) >= 0:
            yield tag, content


def _size(item: Any) -> float:
    size = ctypes.c_float()
    raw.FPDFTextObj_GetFontSize(item, ctypes.byref(size))
    return size.value


def _text(item: Any, text_page: Any) -> str:
    length = raw.FPDFTextObj_GetText(item, text_page, None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    raw.FPDFTextObj_GetText(item, text_page, buffer, length)
    return bytes(buffer)[:length].decode("utf-16-le").rstrip("\0")


def _bytes(ask: Any, of: Any) -> bytes:
    """What a function of PDFium writes into a buffer, whose length it tells first."""
    length = ask(of, None, 0)
    buffer = ctypes.create_string_buffer(length)
    ask(of, buffer, length)
    return buffer.raw
