"""The QR symbol on the page: one filled path in the page's content, on the grid of the printer.

A path rather than an image, because some viewers smooth images even where the file says not to. One path that is
filled once, of rectangles that overlap from row to row, because abutting shapes show hairlines where they are filled
apart. A module is 0.02 inch, 6 device pixels at 300 dpi and 12 at 600, and the symbol begins on a pixel counted from
the page's top left, as rasterizers count: so no module's edge falls inside a pixel.

The layout knows a placeholder of the symbol's size only. `draw` is for the `finisher` of WeasyPrint, which hands over
the pages before they are written: it finds what the placeholder drew, and draws the symbol there instead, within the
same marked content. The image needs `overflow: visible`, for the symbol moves by up to half a pixel at 300 dpi.
"""

import base64
import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from registry.formats.record import QrPlace
from templates import qr

GRID_PT: Final = 0.24
MODULE_PT: Final = 6 * GRID_PT
SIZE_PT: Final = qr.MODULES * MODULE_PT

# An outline that no other drawing has: a square with one corner too many. WeasyPrint begins a path at the origin.
_SVG: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE_PT:g}pt" height="{SIZE_PT:g}pt" viewBox="0 0 65 65">'
    '<path d="M0 0H65V65H0V31z"/></svg>'
)
PLACEHOLDER: Final = "data:image/svg+xml;base64," + base64.b64encode(_SVG.encode()).decode()
_MARK: Final = b"0 31 l"
_DRAWN: Final = [b"0 0 m", b"0 0 m", b"65 0 l", b"65 65 l", b"0 65 l", _MARK, b"h", b"f"]

# In the place of a draft's code a pale frame, crossed out: nothing that a reader could take for a finder pattern.
VOID: Final = b"0.7 G 0.5 w 0.25 0.25 64.5 64.5 re 0.25 0.25 m 64.75 64.75 l 0.25 64.75 m 64.75 0.25 l S"

# Module units. Some rasterizers paint every pixel that a shape touches, so no edge may lie on the grid itself. Half of
# this on either side is 0.0024 device pixels at 600 dpi: more than the rounding of any (single precision), less than
# any can show.
_GAP: Final = 0.0004
# How far what covers a joint stays off the modules' sides: a pixel at 166 dpi.
_ASIDE: Final = 0.3

# A row of the symbol and a light module, and all rows.
_STRIDE: Final = qr.MODULES + 1
_CELLS: Final = qr.MODULES * _STRIDE
_BITS: Final = bytes.maketrans(b"\0\1", b"01")
_DARK: Final = bytes.maketrans(b"01", b"\0\1")

_MM_PER_PT: Final = 25.4 / 72
# A viewer that rounds the page up to whole pixels finds one too many where single precision lies above the length.
_HAIR_PT: Final = 0.0001
_TOLERANCE_PT: Final = 0.005

_Matrix: TypeAlias = tuple[float, float, float, float, float, float]


def paper_pt(millimetres: float) -> float:
    """The length in points (four decimals) of a side of the paper that is a whole number of pixels at 300 dpi.

    It differs by less than 0.05 mm from the length given. On such paper the symbol is on the grid from every corner,
    also where a viewer fits the page to whole pixels.
    """
    return round(round(millimetres / _MM_PER_PT / GRID_PT) * GRID_PT - _HAIR_PT, 4)


def draw(pdf: Any, drawing: bytes) -> QrPlace:
    """Put `drawing` where the placeholder is, in module units from the symbol's top left, and say where it stands.

    It is the `path` of a symbol or, on a draft, `VOID`. `pdf` is WeasyPrint's `pydyf.PDF` before it is written.

    Raises `LookupError` unless exactly one placeholder is found, on a page; `ValueError` where the page's CSS turns it,
    clips it or gives it another size.
    """
    number, page, stream, start = _placeholder(pdf)
    x_unit, slant, lean, y_unit, x, y = _matrix(stream.stream[:start])
    sides = (x_unit * qr.MODULES - SIZE_PT, slant, lean, y_unit * qr.MODULES + SIZE_PT)
    if max(map(abs, sides)) > _TOLERANCE_PT:
        raise ValueError(f"the place of the QR symbol must be upright and {SIZE_PT:g}pt wide and high")
    left, _, _, top = (round(float(corner), 6) for corner in page["MediaBox"])
    across, down = round((x - left) / GRID_PT), round((top - y) / GRID_PT)
    matrix = (
        MODULE_PT / x_unit,
        0,
        0,
        -MODULE_PT / y_unit,
        (left + across * GRID_PT - x) / x_unit + _GAP / 2,
        (top - down * GRID_PT - y) / y_unit + _GAP / 2,
    )
    stream.stream[start : start + len(_DRAWN)] = [
        b"q",
        b" ".join(map(_number, matrix)) + b" cm",
        drawing,
        b"Q",
    ]
    return QrPlace(
        page=number,
        left_mm=round(across * GRID_PT * _MM_PER_PT, 3),
        top_mm=round(down * GRID_PT * _MM_PER_PT, 3),
        size_mm=round(SIZE_PT * _MM_PER_PT, 3),
    )


def path(rows: Sequence[Sequence[bool]]) -> bytes:
    """The symbol's modules in black alone (a grey is not mixed from a printer's colours), as a path that is filled.

    Module units from the top left. The rectangles overlap: it takes the nonzero winding number rule (ISO 32000-1
    8.5.3.3.2). Every run of dark modules in a row is one, and where dark modules stand above each other, one that
    reaches from the middle of one row to that of the next covers the joint. It stays off the sides, for where edges of
    two shapes share a pixel, some rasterizers count what both cover twice, and make the module wider.
    """
    dark = int(b"0".join([bytes(row).translate(_BITS) for row in rows]) + b"0", 2)
    joints = dark & dark << _STRIDE
    lone = joints & ~(joints << 1 | joints >> 1)
    stretches, bridges, pillars = _texts()
    return "\n".join(
        (
            "0 g",
            *map(stretches.__getitem__, _runs(dark)),
            *map(bridges.__getitem__, _runs(joints ^ lone)),
            *map(pillars.__getitem__, _runs(_turned(lone))),
            "f",
        )
    ).encode()


def _runs(cells: int) -> list[int]:
    """Each run of ones within a row of `_STRIDE` cells, of which the last is zero: length, and where it starts.

    The shortest come first: so neighbours differ in fewer characters, and the path packs a little smaller.
    """
    edges = itertools.compress(range(_CELLS), f"{cells ^ cells >> 1:0{_CELLS}b}".encode().translate(_DARK))
    return sorted([(end - start) * _CELLS + start for start, end in zip(edges, edges, strict=True)])


def _turned(cells: int) -> int:
    """Columns for rows."""
    bits = f"{cells:0{_CELLS}b}"
    return int("".join([bits[column::_STRIDE] + "0" for column in range(qr.MODULES)]), 2)


class _Texts(dict[int, str]):
    """Shapes by their runs, written once. Those of twenty thousand symbols were 74,000, and took 11 MB."""

    def __init__(self, write: Callable[[int, int, int], str]) -> None:
        """`write` takes a run's length, its row and the column where it starts."""
        super().__init__()
        self._write = write

    def __missing__(self, run: int) -> str:
        length, start = divmod(run, _CELLS)
        text = self[run] = self._write(length, *divmod(start, _STRIDE))
        return text


@functools.cache
def _texts() -> tuple[_Texts, _Texts, _Texts]:
    return _Texts(_row), _Texts(_bridge), _Texts(_pillar)


def _row(length: int, y: int, x: int) -> str:
    """The modules of a run. What ends to the right or at the bottom stands back by `_GAP`."""
    return f"{x} {y} {_short(length - _GAP)} {_short(1 - _GAP)} re"


def _bridge(length: int, y: int, x: int) -> str:
    """Over the joint of a run of modules with those below."""
    return f"{_short(x + _ASIDE)} {y}.5 {_short(length - 2 * _ASIDE)} 1 re"


def _pillar(length: int, x: int, y: int) -> str:
    """Over joints one below the other, each of them one module wide."""
    return f"{_short(x + _ASIDE)} {y}.5 {_short(1 - 2 * _ASIDE)} {length} re"


def _short(value: float) -> str:
    return f"{value:.4f}".strip("0").rstrip(".")


def _placeholder(pdf: Any) -> tuple[int, Any, Any, int]:
    """Page number from 1, page, its content stream, and the index of the placeholder's first chunk in it."""
    streams = [item for item in pdf.objects if isinstance(getattr(item, "stream", None), list)]
    found = [(stream, start) for stream in streams for start in _starts(stream.stream)]
    if len(found) != 1:
        raise LookupError(f"the QR symbol's placeholder is drawn {len(found)} times in the document, not once")
    ((stream, start),) = found
    pages = [item for item in pdf.objects if isinstance(item, dict) and item.get("Type") == "/Page"]
    for number, page in enumerate(pages, start=1):
        if page["Contents"] == stream.reference:
            return number, page, stream, start
    raise LookupError("the QR symbol's placeholder is not drawn in the content of a page")


def _starts(chunks: Sequence[Any]) -> Iterator[int]:
    mark, index = _DRAWN.index(_MARK), -1
    # `index` compares in C what a loop would in Python; there are thousands of chunks.
    with contextlib.suppress(ValueError):
        while True:
            index = chunks.index(_MARK, index + 1)
            if list(chunks[index - mark : index - mark + len(_DRAWN)]) == _DRAWN:
                yield index - mark


def _matrix(chunks: Sequence[Any]) -> _Matrix:
    """From user space after these chunks of a content stream to the page's (ISO 32000-1 8.3.4)."""
    states: list[tuple[_Matrix, bool]] = []
    matrix: _Matrix = (1, 0, 0, 1, 0, 0)
    clipped = False
    for chunk in chunks:
        if chunk == b"q":
            states.append((matrix, clipped))
        elif chunk == b"Q":
            matrix, clipped = states.pop()
        elif chunk in (b"W", b"W*"):
            clipped = True
        elif isinstance(chunk, bytes) and chunk.endswith(b" cm"):
            a, b, c, d, e, f = map(float, chunk.split()[:6])
            p, q, r, s, t, u = matrix
            matrix = (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)
    if clipped:
        raise ValueError(
            "the place of the QR symbol is clipped: the image, and what it stands in, need overflow: visible"
        )
    return matrix


def _number(value: float) -> bytes:
    return f"{value:.8f}".rstrip("0").rstrip(".").encode()
