"""The typefaces of every page: Arimo (metric-compatible with Arial) and Tinos (Times New Roman), both SIL OFL 1.1.

They are found on the system. Letters outside `REPERTOIRE` are refused before a page is laid out: a letter that the
typeface lacks would come from whatever other font the machine happens to have, or print as an empty box.
"""

import dataclasses
import hashlib
import io
import itertools
import pathlib
import struct
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import regex
from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]  # no stubs

from registry.formats.errors import UnavailableError

FAMILIES: Final = ("Arimo", "Tinos")
# Searched with what is inside them; the launcher looks in the same places before it installs the package.
FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "~/.local/share/fonts",
)
FACES: Final = ("regular", "bold")
_MAX_SHOWN: Final = 8

# All of Latin-1, Latin Extended-A, -B and Additional, Greek; punctuation, superscripts, currencies, letterlike signs,
# fractions, arrows and mathematics as far as both typefaces go. Written out, because what Unicode has assigned depends
# on the Python. No space but the plain one, no soft hyphen, joiner or sign of direction: they are seen by nobody and
# change what is compared. No combining marks: values are composed (NFC), and the typefaces do not place the rest.
_RANGES: Final = (
    (0x0020, 0x007E),
    (0x00A1, 0x00AC),
    (0x00AE, 0x024F),
    (0x02B9, 0x02B9),  # what the Greek numeral sign U+0374 is composed to
    (0x02BB, 0x02BF),  # of transliterated names, as in ʿAbd
    (0x0370, 0x0377),
    (0x037A, 0x037F),
    (0x0384, 0x038A),
    (0x038C, 0x038C),
    (0x038E, 0x03A1),
    (0x03A3, 0x03FF),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x2070, 0x2071),
    (0x2074, 0x208E),
    (0x2090, 0x209C),
    (0x20A0, 0x20BE),
    (0x2100, 0x214F),
    (0x2190, 0x2195),
)
REPERTOIRE: Final = frozenset(
    {chr(code) for first, last in _RANGES for code in range(first, last + 1)} | set("⅓⅔⅛⅜⅝⅞∂∆∏∑−∕∙√∞∟∩∫≈≠≡≤≥")
)
# What the program itself writes may hold a number and its unit together.
OWN_REPERTOIRE: Final = REPERTOIRE | {"\N{NO-BREAK SPACE}"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fonts:
    """The two faces of one family, as the bytes of their TrueType files."""

    family: str
    regular: bytes
    bold: bytes

    @property
    def sha256(self) -> Mapping[str, str]:
        """Each face's SHA-256 in hexadecimal, by "regular" and "bold"."""
        return {face: hashlib.sha256(getattr(self, face)).hexdigest() for face in FACES}

    @classmethod
    def find(cls, family: str = FAMILIES[0], *, folders: Sequence[str | pathlib.Path] = FOLDERS) -> "Fonts":
        """The faces of one of `FAMILIES`, from the first folder that holds both, in one of `folders` or inside it.

        Faces that lack a letter of `REPERTOIRE` are passed over: older releases do. Raises `UnavailableError`, naming
        the package to install, where there are none, and `ValueError` for another family.
        """
        if family not in FAMILIES:
            raise ValueError(f"no such family: {family!r}")
        names = {face: f"{family}-{face.capitalize()}.ttf" for face in FACES}
        passed_over = []
        for folder in folders:
            for regular in sorted(pathlib.Path(folder).expanduser().rglob(names["regular"])):
                paths = {face: regular.parent / name for face, name in names.items()}
                if not all(path.is_file() for path in paths.values()):
                    continue
                try:
                    found = cls(family=family, **{face: path.read_bytes() for face, path in paths.items()})
                except OSError as error:
                    raise UnavailableError(f"the font {family} cannot be read: {error}") from error
                if found._complete():
                    return found
                passed_over.append(f"; those in {regular.parent} lack letters that permits may hold")
        raise UnavailableError(
            f"the font {family} ({' and '.join(names.values())}) is not installed{''.join(passed_over)}; "
            "on Debian or Ubuntu: apt-get install fonts-croscore; on macOS: put both files, from the folder "
            f"hinted/ttf/{family} of https://github.com/notofonts/noto-fonts, into ~/Library/Fonts "
            "(Homebrew's cask of Arimo has one variable font of another name)"
        )

    def _complete(self) -> bool:
        return all(_letters(getattr(self, face)) >= {ord(letter) for letter in OWN_REPERTOIRE} for face in FACES)


def _letters(font: bytes) -> set[int]:
    """The code points that a font file has glyphs for; none where it cannot be read."""
    try:
        with TTFont(io.BytesIO(font), lazy=True) as face:
            return set(face.getBestCmap() or ())
    except (TTLibError, LookupError, ValueError, AssertionError, struct.error):
        return set()


def foreign_letters(text: str, *, own: bool = False) -> str:
    """The letters of `text` that no page can print, each once, in their order.

    `own` is for text that the program itself has composed, which may hold no-break spaces.
    """
    repertoire = OWN_REPERTOIRE if own else REPERTOIRE
    return "".join(dict.fromkeys(letter for letter in text if letter not in repertoire))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What no page can print, as whoever typed it sees it.

    `kind` is "letter" (of another script, an emoji), "mark" (a letter under or over which stands a mark without a
    composed form) or "unseen" (a control character, joiner, sign of direction, space that is none). `spelled` shows
    it, with the number that Unicode gives it; `position` counts from 1 what a reader counts: an emoji of five code
    points is one.
    """

    kind: Literal["letter", "mark", "unseen"]
    spelled: str
    position: int


def first_foreign(text: str) -> Foreign | None:
    """The first thing in `text` that no page can print, None where all of it can be printed."""
    # Extended grapheme clusters, Unicode Standard Annex 29: what a reader takes for one letter.
    for position, match in enumerate(regex.finditer(r"\X", text), start=1):
        if letters := foreign_letters(match[0]):
            return _foreign(match[0], letters[0], position)
    return None


def _foreign(cluster: str, letter: str, position: int) -> Foreign:
    number = f"U+{ord(letter):04X}"
    if not letter.isprintable():
        return Foreign(kind="unseen", spelled=number, position=position)
    # What is joined to an emoji by code points that have no look of their own is left out, and of marks without end.
    shown = "".join(itertools.takewhile(str.isprintable, cluster[:_MAX_SHOWN]))
    alone = unicodedata.category(shown[0]).startswith("M")
    return Foreign(
        kind="mark" if unicodedata.category(letter).startswith("M") else "letter",
        spelled=f"“{'◌' if alone else ''}{shown}” ({number})",
        position=position,
    )


def texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a JSON-like value with its path, as ("office.name", "…")."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{path}[{index}]")
