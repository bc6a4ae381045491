"""The QR symbol on the page: one filled path in the page's content, on the grid of the printer.

A path rather than an image, because some viewers smooth images even where the file says not to. One path rather than
a rectangle per module, because abutting shapes that are filled apart show hairlines. A module is 0.02 inch, 6 device
pixels at 300 dpi and 12 at 600, and the symbol begins on a pixel counted from the page's top left, as rasterizers
count: so no module's edge falls inside a pixel.

The layout knows a placeholder of the symbol's size only. `draw` is for the `finisher` of WeasyPrint, which hands over
the pages before they are written: it finds what the placeholder drew, and draws the symbol there instead, within the
same marked content. The image needs `overflow: visible`, for the symbol moves by up to half a pixel at 300 dpi.
"""

import base64
import contextlib
from collections.abc import Iterator, Sequence
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

# A pale frame, crossed out: nothing that a reader could take for a finder pattern.
_VOID: Final = b"0.7 G 0.5 w 0.25 0.25 64.5 64.5 re 0.25 0.25 m 64.75 64.75 l 0.25 64.75 m 64.75 0.25 l S"

# Module units. Some rasterizers paint every pixel that a shape touches, so no edge may lie on the grid itself. Half of
# this on either side is 0.0024 device pixels at 600 dpi: more than the rounding of any (single precision), less than
# any can show.
_GAP: Final = 0.0004

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


def draw(pdf: Any, rows: Sequence[Sequence[bool]] | None) -> QrPlace:
    """Draw the symbol of these modules where the placeholder is, and say where it stands.

    Without modules, on a draft, a pale frame that is crossed out takes the same place. `pdf` is WeasyPrint's
    `pydyf.PDF` before it is written.

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
        _VOID if rows is None else _path(rows),
        b"Q",
    ]
    return QrPlace(
        page=number,
        left_mm=round(across * GRID_PT * _MM_PER_PT, 3),
        top_mm=round(down * GRID_PT * _MM_PER_PT, 3),
        size_mm=round(SIZE_PT * _MM_PER_PT, 3),
    )


def _path(rows: Sequence[Sequence[bool]]) -> bytes:
    """The modules in black alone (a grey is not mixed from a printer's colours), in module units from the top left.

    What ends an outline to the right or at the bottom stands back by `_GAP`.
    """
    begin = [str(value) for value in range(len(rows) + 1)]
    end = [f"{value - _GAP:.4f}" for value in range(len(rows) + 1)]
    parts = ["0 g"]
    for corners in qr.outlines(rows):
        (left, top), _, (right, bottom), *others = corners
        if len(others) == 1 and bottom > top:  # else it is a hole
            parts.append(f"{left} {top} {end[right - left]} {end[bottom - top]} re")
            continue
        # Horizontal and vertical edges take turns, and dark is on their right.
        ys = [(begin if x < to else end)[y] for (x, y), (to, _) in zip(corners[::2], corners[1::2], strict=True)]
        turns = zip(corners[1::2], (*corners[2::2], corners[0]), strict=True)
        xs = [(begin if y > to else end)[x] for (x, y), (_, to) in turns]
        parts.append(f"{xs[-1]} {ys[0]} m {xs[0]} {ys[0]} l")
        parts.extend([f"{before} {y} l {x} {y} l" for before, y, x in zip(xs, ys[1:], xs[1:], strict=False)])
        parts.append("h")
    parts.append("f")
    return "\n".join(parts).encode()


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
