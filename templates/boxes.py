"""What only WeasyPrint's tree of boxes tells of a laid-out page: what it begins with, and how wide its columns are.

There is no public way to either. The tree has been the same since WeasyPrint's version 1, and this module alone reads
it: the first child of a page's box is the document itself, the others are its margin boxes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from weasyprint.css.properties import INITIAL_VALUES
from weasyprint.formatting_structure import boxes

# Beside the size and face of letters, what becomes of them on their way to the page.
_OF_LETTERS: Final = ("word_spacing", "letter_spacing", "text_transform", "font_kerning")
_MARKER: Final = "li::marker"
# A page may begin with lines that a value leaves empty.
_MOST_TEXTS: Final = 12


class Text(NamedTuple):
    """A text of the page; the marker of a list ("a.", "3.") or not."""

    text: str
    is_marker: bool


def openings(pages: Sequence[Any]) -> tuple[tuple[Text, ...], ...]:
    """The first texts of each page but the first, from the pages of a `weasyprint.Document`."""
    return tuple(_opening(page) for page in pages[1:])


class Stand(NamedTuple):
    """How a text stands: where its column begins and how wide it is (CSS pixels), whether it is justified; a hindrance.

    That is what keeps another text from standing there as this one does, "" where there is nothing.
    """

    left: float
    width: float
    justified: bool
    hindrance: str


def stands(pages: Sequence[Any], beginning: str) -> dict[str, list[Stand]]:
    """How each text with this beginning stands, wherever it does."""
    found: dict[str, list[Stand]] = {}
    for page in pages:
        for box, ancestors in _texts(page._page_box, ()):
            text = box.text.strip()
            if text.startswith(beginning):
                found.setdefault(text, []).append(_stand(box, ancestors))
    return found


def _opening(page: Any) -> tuple[Text, ...]:
    found: list[Text] = []
    # List markers are placed absolutely, hence the placeholders.
    for box in page._page_box.children[0].descendants(placeholders=True):
        text = getattr(box, "text", "").strip()
        if text:
            found.append(Text(text=text, is_marker=box.element_tag == _MARKER))
            if len(found) == _MOST_TEXTS:
                break
    return tuple(found)


def _texts(box: Any, ancestors: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every box of text with those that it stands in, the page's first."""
    box = getattr(box, "_box", box)  # what is placed absolutely stands behind a stand-in
    if isinstance(box, boxes.TextBox):
        yield box, ancestors
        return
    for child in getattr(box, "children", ()):
        yield from _texts(child, (*ancestors, box))


def _stand(box: Any, ancestors: Sequence[Any]) -> Stand:
    column = next(one for one in reversed(ancestors) if isinstance(one, boxes.BlockContainerBox))
    return Stand(
        left=column.content_box_x(),
        width=column.width,
        justified=box.style["text_align_all"] == "justify",
        hindrance=_hindrance(box, ancestors),
    )


def _hindrance(box: Any, ancestors: Sequence[Any]) -> str:
    if any(box.style[name] != INITIAL_VALUES[name] for name in _OF_LETTERS):
        return "letters changed or spaced by CSS"
    if any(one.style["overflow"] != "visible" for one in ancestors):
        return "lines that may be clipped (overflow)"
    if any(map(_follows_contents, ancestors)):
        return "a column whose width depends on what is in it: give it one, and tables table-layout: fixed"
    return ""


def _follows_contents(box: Any) -> bool:
    """Whether a box is as wide as what is in it, or as its neighbours leave it."""
    if isinstance(box, boxes.FlexContainerBox | boxes.GridContainerBox):
        return True
    if getattr(box, "is_table_wrapper", False):
        table = box.get_wrapped_table().style
        return bool(table["table_layout"] != "fixed" or table["width"] == "auto")
    style = box.style
    placed = style["position"] in ("absolute", "fixed") and "auto" in (style["left"], style["right"])
    shrinks = style["float"] != "none" or placed or isinstance(box, boxes.InlineBlockBox | boxes.MarginBox)
    return bool(shrinks and style["width"] == "auto")
