"""Progress on a terminal: one bar after another, on standard error, and nothing where nobody looks on."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import tqdm

from registry.formats.language import N_, translations

# A part of the work, how much of it is done, and how much there is; 0 where that is not known.
Show = Callable[[str, int, int], None]

_WORDS: Final = {
    "freeze": N_("menetapkan nomor dan tanggal"),
    "measure": N_("mengukur halaman"),
    "compile": N_("membuat pelat halaman"),
    "render": N_("membuat berkas"),
    "again": N_("membuat ulang berkas"),
}


@contextmanager
def progress(language: str) -> Iterator[Show]:
    """What shows how far the parts of a work are; the bar of one ends where the next begins."""
    say = translations("cli", language).gettext
    name, bar = "", None

    def show(part: str, done: int, total: int) -> None:
        nonlocal name, bar
        if part != name:
            if bar is not None:
                bar.close()
            name = part
            bar = tqdm.tqdm(
                total=total or None,
                desc=say(_WORDS[part]),
                file=sys.stderr,
                disable=not sys.stderr.isatty(),
                dynamic_ncols=True,
                leave=False,
            )
        if bar is not None:
            bar.update(done - bar.n)
            if done == total:
                bar.close()

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
