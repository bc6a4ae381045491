"""The mark of a permit that is none: one pale word across every page, drawn behind the text.

Outlines rather than text, so that it is decoration to a reader and cannot be selected in place of the permit's words.
The page says the same in words of its own.
"""

import base64
import io
from typing import Final

from fontTools.pens.svgPathPen import SVGPathPen  # type: ignore[import-untyped]  # no stubs
from fontTools.pens.transformPen import TransformPen  # type: ignore[import-untyped]  # no stubs
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # no stubs

_COLOUR: Final = "#f3edf9"
_ANGLE: Final = -52


def data_uri(word: str, font: bytes, *, width_mm: float, height_mm: float) -> str:
    """A page-sized image of `word`, set diagonally over about the page's width, as a data address."""
    with TTFont(io.BytesIO(font), lazy=True) as face:
        glyphs, names = face.getGlyphSet(), face.getBestCmap()
        advance, pen = 0.0, SVGPathPen(glyphs, ntos=lambda value: f"{value:.0f}")
        for letter in word:
            name = names[ord(letter)]
            glyphs[name].draw(TransformPen(pen, (1, 0, 0, -1, advance, 0)))
            advance += glyphs[name].width
        capital = face["OS/2"].sCapHeight
    scale = 1.18 * width_mm / advance
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_mm:g} {height_mm:g}">'
        f'<path fill="{_COLOUR}" transform="translate({width_mm / 2:g} {height_mm / 2:g}) rotate({_ANGLE}) '
        f'scale({scale:.6f}) translate({-advance / 2:g} {capital / 2:g})" d="{pen.getCommands()}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
