"""Catchwords (*kata penyambung*): at the foot of a continued page, the first word of the next and three dots.

WeasyPrint has no CSS for it. A page is laid out with a mark in the place of every catchword (`PLACES`), in a margin box
of fixed size, so that nothing moves whatever word comes to stand there.
"""

from collections.abc import Sequence
from typing import Final

from templates.boxes import Text

_DOTS: Final = "…"
_MAX_LETTERS: Final = 30


def places(mark: str) -> str:
    """CSS that sets `mark` and the page's number in each catchword's place, above the count of the pages."""
    return (
        f'@page{{@bottom-right{{content:"{mark}" counter(page) "\\A Halaman " counter(page) " dari " counter(pages)}}}}'
    )


def word(opening: Sequence[Text]) -> str:
    """The catchword of a page with this opening; empty where nothing is printed there."""
    found = ""
    for text, is_marker in opening:
        words = text.split()
        if not words:
            continue
        found = f"{found} {words[0]}".strip()
        # "a." or "3.": the word that follows belongs to it.
        if not is_marker:
            break
    return f"{found[:_MAX_LETTERS]} {_DOTS}" if found else ""
