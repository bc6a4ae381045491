"""Catchwords (*kata penyambung*): at the foot of a continued page, the first word of the next and three dots.

WeasyPrint has no CSS for it, so the words are read from a laid-out document. Setting them moves nothing: they stand
in a margin box of fixed size.
"""

from collections.abc import Sequence
from typing import Any, Final

_DOTS: Final = "…"
_MAX_LETTERS: Final = 30
_MARKER: Final = "li::marker"

Words = tuple[str, ...]


def read(pages: Sequence[Any]) -> Words:
    """The catchword of each page but the last, from the pages of a `weasyprint.Document`."""
    return tuple(_first_word(page) for page in pages[1:])


def rules(words: Words) -> str:
    """CSS that sets each word at the right end of its page's foot, above the page number."""
    return "".join(
        f'@page :nth({number}){{@bottom-right{{content:"{_escaped(word)}\\A Halaman " counter(page) " dari " '
        "counter(pages)}}"
        for number, word in enumerate(words, start=1)
        if word
    )


def _first_word(page: Any) -> str:
    # WeasyPrint offers no public way to a page's text; the tree of boxes has been the same since its version 1.
    # The page's first child is the document itself; heads and feet are margin boxes beside it.
    found = ""
    # List markers are placed absolutely, hence the placeholders.
    for box in page._page_box.children[0].descendants(placeholders=True):
        text = getattr(box, "text", "").strip()
        if not text:
            continue
        found = f"{found} {text.split()[0]}".strip()
        # "a." or "3.": the word that follows belongs to it.
        if box.element_tag != _MARKER:
            break
    return f"{found[:_MAX_LETTERS]} {_DOTS}" if found else ""


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in text)
