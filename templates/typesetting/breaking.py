"""Values into lines: where a text is broken so that it fits its column.

A line ends where Unicode Standard Annex 14 gives an opportunity, as late as it fits (ADR 18). What has none and is
wider than the column is cut with care. The breaks are ours, and whatever lays out a page is given them.
"""

import bisect
import functools
import itertools
import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import regex
from uniseg.linebreak import line_break_boundaries

from templates.fonts import OWN_REPERTOIRE

SOFT_HYPHEN: Final = "\N{SOFT HYPHEN}"
_HYPHEN: Final = "-"

_SPACES: Final = re.compile(r"[ \t]+")
# One at a word's edge, beside a sign or another one, has nothing to divide.
_IDLE_HYPHENS: Final = re.compile(
    rf"(?<![^\W_]){SOFT_HYPHEN}+|{SOFT_HYPHEN}+(?![^\W_])|{SOFT_HYPHEN}+(?={SOFT_HYPHEN})"
)

# Of these letters alone Annex 14 is local: what stands on the other side of a space decides nothing within a word, and
# two letters on either side decide about the space. Combining marks would reach further.
_LOCAL: Final = OWN_REPERTOIRE | {SOFT_HYPHEN}
# Letters, digits, infix separators and no-break spaces: no opportunity between any of them (LB12, LB12a, LB13, LB25,
# LB28 and LB29).
_UNBROKEN: Final = re.compile("[0-9A-Za-z.,:;\N{NO-BREAK SPACE}]*")
_BEFORE_SPACE: Final = frozenset(string.ascii_letters + string.digits + ".,:;")
_AFTER_SPACE: Final = frozenset(string.ascii_letters + string.digits + "(")
# All letters of ASCII are of one class, all its digits of another: the library need see only one of each.
_ALIKE: Final = str.maketrans(string.ascii_letters + string.digits, "a" * 52 + "0" * 10)
_REMEMBERED: Final = 4096

# Where a word that is too wide is cut. At a space, even one that binds, before a number or a name is cut apart: "25" on
# one line and "0 kVA" on the next would be read as something else. Then after one of the signs.
_GAPS: Final = " \N{NO-BREAK SPACE}"
_SIGNS: Final = frozenset("/-_.:,&=?")
_FEW: Final = 2
# So often the place of a break is guessed from what was measured; then the rest is halved.
_GUESSES: Final = 4


def lines(text: str, *, width: Callable[[str], int], available: int) -> tuple[str, ...]:
    r"""The lines of a value, or of several values parted by "\n", each in `available` units at most.

    `width` measures one printed line in the same units; a text must never be narrower than one that it begins with. It
    is asked rarely: once for a text that fits one line.

    Each value is `normalised`, and one without text gives no line. A line ends at the last opportunity of Unicode
    Standard Annex 14 (revision 53) at which it fits, and the space there is dropped. A soft hyphen is seen only where a
    line ends at it, as "-". A no-break space keeps its width everywhere and is no opportunity. What has none and is
    wider than the column is cut at a space of either kind, else after a sign such as "/" or "-", else between extended
    grapheme clusters (Annex 29), not beside a lone letter or digit where that can be helped. A cluster that is wider
    than the column has a line of its own; nothing else is ever wider.

    Raises `ValueError` where no width is available.
    """
    if available <= 0:
        raise ValueError(f"a column must have a width, not {available}")
    found: list[str] = []
    for value in text.split("\n"):
        whole = normalised(value)
        if not whole:
            continue
        printed = whole.replace(SOFT_HYPHEN, "")
        total = width(printed)
        if total <= available:
            found.append(printed)
        else:
            found += _Column(whole, width=width, available=available, mean=total / len(whole)).lines()
    return tuple(found)


def normalised(value: str) -> str:
    """One value as it is broken: runs of spaces and tabs are one space, and none stands at its edges.

    A soft hyphen that is not between two letters or digits is dropped.
    """
    if SOFT_HYPHEN in value:
        value = _IDLE_HYPHENS.sub("", value)
    return _SPACES.sub(" ", value).strip(" ")


class _Column:
    """A normalised text that does not fit one line, and the column that it must fit."""

    def __init__(self, text: str, *, width: Callable[[str], int], available: int, mean: float) -> None:
        """`mean` is the width of a letter, on an average."""
        self._text = text
        self._width = width
        self._available = available
        self._mean = mean

    def lines(self) -> Iterator[str]:
        text = self._text
        ends = [*_opportunities(text), len(text)]
        start = next_end = 0
        while start < len(text):
            last = self._reach(start, ends, next_end)
            while last >= next_end and not self._hyphen_fits(start, ends[last]):
                last -= 1
            if last >= next_end:
                yield _printed(text[start : ends[last]])
                start, next_end = ends[last], last + 1
                continue
            word = text[start : ends[next_end]].rstrip(f" {SOFT_HYPHEN}")
            cut = self._cut(start, word)
            yield _shown(word[:cut])
            # At its end, the word had room but for the hyphen.
            start = ends[next_end] if cut == len(word) else start + cut
            next_end += cut == len(word)

    def _reach(self, start: int, ends: Sequence[int], first: int) -> int:
        """The index of the last of `ends`, from `first` on, at which a line from `start` fits; `first - 1` if none.

        The hyphen that may have to stand there is not counted.
        """
        low, low_end, low_width, mean = first - 1, start, 0, self._mean
        high, guesses = len(ends), 0
        while high - low > 1:
            if guesses < _GUESSES:
                reach = low_end + (self._available - low_width) / mean
                middle = max(bisect.bisect_right(ends, reach, low + 1, high) - 1, low + 1)
            else:
                middle = (low + high) // 2
            guesses += 1
            end = ends[middle]
            measured = self._width(_shown(self._text[start:end]))
            if measured <= self._available:
                low, low_end, low_width = middle, end, measured
            else:
                high = middle
                mean = (measured - low_width) / (end - low_end)
        return low

    def _hyphen_fits(self, start: int, end: int) -> bool:
        return self._text[end - 1] != SOFT_HYPHEN or self._width(_printed(self._text[start:end])) <= self._available

    def _cut(self, start: int, word: str) -> int:
        """How much of a word, which begins at `start` and is wider than the column, stands on the next line."""
        # Annex 14 holds some signs to the word before them across a space ("Contoh /"). No line begins with that space.
        clusters = regex.findall(r"\X", word)
        ends = zip(itertools.accumulate(map(len, clusters), initial=start), [*clusters, ""], strict=True)
        cuts = [end for end, following in itertools.islice(ends, 1, None) if following != " "]
        fitting = [cut - start for cut in cuts[: max(self._reach(start, cuts, 0), 0) + 1]]
        if fitting[-1] == len(word):
            return len(word)
        gaps = [cut for cut in fitting if word[cut - 1] in _GAPS and word[:cut].strip(_GAPS)]
        if gaps:
            return gaps[-1]
        choice = [cut for cut in fitting if not _leaves_alone(word, cut)] or fitting
        signed = [cut for cut in choice if word[cut - 1] in _SIGNS and word[cut] not in _SIGNS]
        return (signed or choice)[-1]


def _shown(piece: str) -> str:
    piece = piece.rstrip(" ")
    return piece.replace(SOFT_HYPHEN, "") if SOFT_HYPHEN in piece else piece


def _printed(piece: str) -> str:
    return _shown(piece) + (_HYPHEN if piece.endswith(SOFT_HYPHEN) else "")


def _leaves_alone(word: str, cut: int) -> bool:
    """Whether a letter or digit would stand alone: on its line, or parted by the cut from those beside it."""
    before, after = word[:cut], word[cut:]
    if any(len(list(itertools.islice(filter(str.isalnum, part), _FEW))) < _FEW for part in (before, after)):
        return True
    if not (before[-1].isalnum() and after[0].isalnum()):
        return False
    return not (before[-_FEW:].isalnum() and after[:_FEW].isalnum())


def _opportunities(text: str) -> list[int]:
    """Where a normalised text may be broken: the indices of what would begin the next line, ascending.

    They are the library's, asked word by word, for it is slow.
    """
    if not _LOCAL.issuperset(text):
        return [index for index in _asked(text) if not unicodedata.category(text[index]).startswith("M")]
    found: list[int] = []
    start, before = 0, ""
    for word in text.split(" "):
        if before and (
            (before[-1] in _BEFORE_SPACE and word[0] in _AFTER_SPACE)
            or _parts(before[-_FEW:].translate(_ALIKE), word[:_FEW].translate(_ALIKE))
        ):
            found.append(start)
        if _UNBROKEN.fullmatch(word) is None:
            found += [start + index for index in _within(word.translate(_ALIKE))]
        start += len(word) + 1
        before = word
    return found


@functools.lru_cache(_REMEMBERED)
def _within(word: str) -> tuple[int, ...]:
    return tuple(_asked(word))


@functools.lru_cache(_REMEMBERED)
def _parts(before: str, after: str) -> bool:
    """Whether a line may end at the space between two words of which one ends, the other begins like this."""
    return len(before) + 1 in _asked(f"{before} {after}")


def _asked(text: str) -> list[int]:
    return [index for index in line_break_boundaries(text) if index < len(text)]
