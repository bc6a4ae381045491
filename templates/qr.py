"""The QR symbol of a link: version 12-M (ISO/IEC 18004), printed at 33.0 mm as one filled path.

A path rather than an image, because some viewers smooth images even where the file says not to. One path rather than
a rectangle per module, because abutting shapes that are filled apart show hairlines.
"""

import base64
from collections.abc import Sequence
from typing import Final

import qrcode
import qrcode.exceptions

from registry.formats.errors import DocumentError
from registry.formats.statement import QR_VERSION

MODULES: Final = 17 + 4 * QR_VERSION


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The symbol of `text` without quiet zone: rows from the top, True where dark.

    Raises `DocumentError` where the text does not fit version 12-M.
    """
    code = qrcode.QRCode(version=QR_VERSION, error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(text)
    try:
        code.make(fit=False)
    except qrcode.exceptions.DataOverflowError as error:
        raise DocumentError(f"the link does not fit a QR code of version {QR_VERSION}-M") from error
    return tuple(tuple(map(bool, row)) for row in code.get_matrix())


def path(rows: Sequence[Sequence[bool]]) -> str:
    """The dark modules as SVG path data in module units: outlines, to be filled with the even-odd rule."""
    size = len(rows)

    def dark(x: int, y: int) -> bool:
        return 0 <= x < size and 0 <= y < size and rows[y][x]

    # Edges keep the dark side on their right; at a corner where two modules touch, each outline turns right.
    leaving: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y in range(size):
        for x in range(size):
            if dark(x, y):
                if not dark(x, y - 1):
                    leaving.setdefault((x, y), []).append((1, 0))
                if not dark(x + 1, y):
                    leaving.setdefault((x + 1, y), []).append((0, 1))
                if not dark(x, y + 1):
                    leaving.setdefault((x + 1, y + 1), []).append((-1, 0))
                if not dark(x - 1, y):
                    leaving.setdefault((x, y + 1), []).append((0, -1))
    parts = []
    for start in sorted(leaving):
        while leaving[start]:
            parts.append(_outline(start, leaving))
    return "".join(parts)


def svg(text: str) -> str:
    """The symbol as an SVG document of 65 by 65 modules, without quiet zone."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {MODULES} {MODULES}">'
        f'<path fill-rule="evenodd" d="{path(modules(text))}"/></svg>'
    )


def data_uri(text: str) -> str:
    """The symbol as the address of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(text).encode()).decode()


def _outline(start: tuple[int, int], leaving: dict[tuple[int, int], list[tuple[int, int]]]) -> str:
    (x, y), (dx, dy) = start, leaving[start].pop()
    steps, length = [f"M{x} {y}"], 0
    while True:
        x, y, length = x + dx, y + dy, length + 1
        if (x, y) == start and not leaving[start]:
            return "".join(steps) + "z"
        choices = leaving[x, y]
        turn = next(way for way in ((-dy, dx), (dx, dy), (dy, -dx)) if way in choices)
        choices.remove(turn)
        if turn != (dx, dy):
            steps.append(f"h{dx * length}" if dx else f"v{dy * length}")
            length = 0
        dx, dy = turn
