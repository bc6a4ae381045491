"""The probe: how wide the place of each value is, in which face and size, and where its lines stand in it.

One layout of a shape tells it. In every block stand three words: at its column's left edge, at its right edge (pushed
there by a margin of the whole width), and where the page aligns what takes no width. So a pack states nothing that its
page does not say already, and no column is too narrow to be measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import markupsafe

from templates import boxes
from templates.page import Block
from templates.plates import objects, placeholders
from templates.plates.plate import Column
from templates.plates.workpiece import Workpiece
from templates.typesetting.face import UNITS

# Running heads stand on continued pages alone.
_ONE_PAGE_MORE: Final = '<div style="break-before:page">.</div>'
# Without height, so that there are fewer pages to lay out.
_WORDS: Final = (
    markupsafe.Markup('<span style="display:block;line-height:0;text-align:left">{}</span>'),
    markupsafe.Markup('<span style="display:block;line-height:0;text-align:left;margin-left:100%">{}</span>'),
    markupsafe.Markup(
        '<span style="display:block;line-height:0"><span style="display:inline-block;width:0">{}</span></span>'
    ),
)
_CLOSE: Final = 0.02
_ALIGNS: Final = (0.0, 0.5, 1.0)


def measure(workpiece: Workpiece, shape: Mapping[str, Any], names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a shape whose documents have values of these names, in the order of the template.

    Raises `PlateError`, naming the field and the template's line.
    """
    laid_out = workpiece.lay_out(shape, value=_probe, appended=_ONE_PAGE_MORE)
    workpiece.check_names(laid_out.blocks, names)
    found: dict[tuple[int, int], objects.Run] = {}
    for _, runs in workpiece.runs(laid_out):
        for run in runs:
            place = placeholders.read(workpiece.text(run))
            if place is not None:
                found.setdefault(place, run)
    stands = boxes.stands(laid_out.sheets, placeholders.LEAD)
    return tuple(_column(workpiece, block, found, stands) for block in laid_out.blocks)


def _probe(block: Block) -> markupsafe.Markup:
    words = (word.format(placeholders.of(block.number, index)) for index, word in enumerate(_WORDS))
    return markupsafe.Markup("").join(words)


def _column(
    workpiece: Workpiece,
    block: Block,
    found: Mapping[tuple[int, int], objects.Run],
    stands: Mapping[str, Sequence[boxes.Stand]],
) -> Column:
    runs = [found.get((block.number, index)) for index in range(len(_WORDS))]
    if None in runs:
        raise workpiece.error(
            block,
            "is not on the page as text of its own: perhaps it stands in an attribute, or CSS changes its letters",
        )
    left, right, own = (run for run in runs if run is not None)
    if not (left.font == right.font == own.font and left.size == right.size == own.size):
        raise workpiece.error(block, "has no one face and size")
    room = right.x - left.x
    if room <= _CLOSE:
        raise workpiece.error(block, "has a column without any width")
    # What is printed is rounded; a centred line that is off by the rounding may be drawn one pixel away.
    exact = stands[placeholders.of(block.number, 0)][0].width
    if abs(exact - room) > _CLOSE:
        raise workpiece.error(block, "has a column that its lines do not begin in")
    part = (own.x - left.x) / room
    align = min(_ALIGNS, key=lambda one: abs(one - part))
    if abs(part - align) * room > _CLOSE:
        raise workpiece.error(block, "is neither to the left, nor centred, nor to the right in its column")
    if block.spread and align:
        raise workpiece.error(block, "is justified, and must begin at the left")
    return Column(
        names=block.names,
        face=own.font.face,
        size=own.size,
        width=int(exact * UNITS + 0.01),
        left=round(left.x, 6),
        room=exact,
        align=align,
        least=block.least,
        spread=block.spread,
        repeated=block.repeated,
    )
