"""One font file: how its letters are set in a line, and how such a line is written in a PDF.

HarfBuzz shapes what Pango would have it shape: a run of text in one script. So a line that is set here equals, glyph
for glyph, the line that WeasyPrint sets from the same text; the templates' tests compare the two.
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import regex
import uharfbuzz

from registry.formats.errors import UnavailableError

# Pango's unit: 1024 make one CSS pixel.
UNITS: Final = 1024
_LANGUAGE: Final = "id"
# A line is measured, and then written; the next one with the same text is a table's constant value.
_REMEMBERED: Final = 4096

_SCRIPTS: Final = {"Latn": r"\p{Latin}", "Grek": r"\p{Greek}", "Copt": r"\p{Coptic}"}
_COMMON: Final = "Zyyy"
_LATIN: Final = regex.compile(_SCRIPTS["Latn"])
_OTHER: Final = regex.compile(r"[^\p{Latin}\p{Common}\p{Inherited}]")
# Pango's own list, as far as any typeface of ours goes.
_PAIRS: Final = dict(zip(")>]}»’”›⁆⁾₎", "(<[{«‘“‹⁅⁽₍", strict=True))
_OPENING: Final = frozenset(_PAIRS.values())


class Run(NamedTuple):
    """Glyphs in one script: their numbers, advances and horizontal offsets, in units."""

    glyphs: tuple[int, ...]
    advances: tuple[int, ...]
    offsets: tuple[int, ...]


class Face:
    """A TrueType file, for shaping; its `name` is for messages ("Arimo bold")."""

    def __init__(self, data: bytes, *, name: str) -> None:
        """Raises `UnavailableError` for what is no font."""
        self.name = name
        self.sha256 = hashlib.sha256(data).digest()
        self._face = uharfbuzz.Face(data)
        if not self._face.glyph_count:
            raise UnavailableError(f"{name} is no font file")
        self._fonts: dict[int, uharfbuzz.Font] = {}
        self._runs = functools.lru_cache(_REMEMBERED)(self._shaped)

    def width(self, text: str, size: int) -> int:
        """The width of one line, in units, at a `size` in units."""
        return sum(sum(run.advances) for run in self._runs(text, size))

    def runs(self, text: str, size: int) -> tuple[Run, ...]:
        """One line's glyphs at a `size` in units."""
        return self._runs(text, size)

    def spread(self, text: str, size: int, available: float) -> tuple[Run, ...]:
        """One line's glyphs, its spaces widened so that it fills `available` units.

        As Pango does it: every space is an item of its own, half of what it gains before it unless the line begins with
        it, and no kerning across.
        """
        spaces = text.count(" ") + text.count("\N{NO-BREAK SPACE}")
        if not spaces:
            return self._runs(text, size)
        gain = int((available - self.width(text, size)) / spaces)
        found: list[Run] = []
        script = _COMMON if _LATIN.search(text) is None else "Latn"
        for piece in regex.split("([ \N{NO-BREAK SPACE}])", text):
            if piece in (" ", "\N{NO-BREAK SPACE}"):
                ((glyph, advance, _),) = (self._run(size, piece, script),)
                found.append(Run(glyph, (advance[0] + gain,), (gain // 2 if found else 0,)))
            elif piece:
                found += (
                    [self._run(size, part, one) for one, part in _itemized(piece)]
                    if _OTHER.search(piece)
                    else [self._run(size, piece, script)]
                )
        return tuple(found)

    def _shaped(self, text: str, size: int) -> tuple[Run, ...]:
        if _OTHER.search(text) is None:
            return (self._run(size, text, _COMMON if _LATIN.search(text) is None else "Latn"),)
        return tuple(self._run(size, part, script) for script, part in _itemized(text))

    def _run(self, size: int, text: str, script: str) -> Run:
        font = self._fonts.get(size)
        if font is None:
            font = self._fonts[size] = uharfbuzz.Font(self._face)
            font.scale = (size, size)
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.direction, buffer.language, buffer.script = "ltr", _LANGUAGE, script
        uharfbuzz.shape(font, buffer)
        positions = buffer.glyph_positions
        if any(place.y_offset for place in positions):
            raise UnavailableError(f"{self.name} moves a letter of {text!r} up or down; no page can print that yet")
        return Run(
            tuple([info.codepoint for info in buffer.glyph_infos]),
            tuple([place.x_advance for place in positions]),
            tuple([place.x_offset for place in positions]),
        )


class Writing:
    """How lines in one face and size stand in a content stream: TJ arrays (ISO 32000-1 9.4.3)."""

    def __init__(self, face: Face, size: int, widths: Mapping[int, int]) -> None:
        """`widths` of glyphs in thousandths of the size, as the font's dictionary says them."""
        self._face = face
        self._size = size
        self._pieces = _Pieces(size, widths)

    def array(self, runs: tuple[Run, ...]) -> str:
        """The operand of TJ for one line, without its brackets.

        Raises `UnavailableError` for a glyph whose width is not known.
        """
        pieces = self._pieces
        parts = []
        for run in runs:
            text = "<" + "".join([pieces[glyph] for glyph in zip(*run, strict=True)])
            parts.append(text[:-1] if text.endswith("<") else text + ">")
        return "".join(parts)


class _Pieces(dict[tuple[int, int, int], str]):
    """What (glyph, advance, offset) writes; kerning is cut to whole thousandths, as WeasyPrint does."""

    def __init__(self, size: int, widths: Mapping[int, int]) -> None:
        super().__init__()
        self._size = size / UNITS
        self._widths = widths

    def __missing__(self, key: tuple[int, int, int]) -> str:
        glyph, advance, offset = key
        if glyph not in self._widths:
            raise UnavailableError(f"the typeface has a glyph {glyph} that none of its subsets holds")
        shift = offset / self._size
        kerning = int(self._widths[glyph] + shift - advance * 1000 * (1 / UNITS) / self._size)
        text = f"{f'>{-shift}<' if offset else ''}{glyph:04x}{f'>{kerning}<' if kerning else ''}"
        self[key] = text
        return text


def _itemized(text: str) -> Iterator[tuple[str, str]]:
    """Runs of one script each, as Pango cuts them (Unicode Standard Annex 24, section 5).

    What belongs to no script takes the one before it, at the beginning the first that comes; a closing bracket takes
    that of its opening one.
    """
    script, start, opened = _COMMON, 0, list[tuple[str, str]]()
    for index, letter in enumerate(text):
        own = _script(letter)
        if own == _COMMON:
            if letter in _OPENING:
                opened.append((letter, script))
                continue
            if letter not in _PAIRS:
                continue
            while opened and opened[-1][0] != _PAIRS[letter]:
                opened.pop()
            if not opened:
                continue
            own = opened.pop()[1]
        if own == _COMMON:
            continue
        if script == _COMMON:
            script = own
            opened = [(sign, own if of == _COMMON else of) for sign, of in opened]
        elif own != script:
            yield script, text[start:index]
            script, start = own, index
    yield script, text[start:]


@functools.cache
def _script(letter: str) -> str:
    return next((name for name, pattern in _SCRIPTS.items() if regex.fullmatch(pattern, letter)), _COMMON)
