"""The one typeface of every page: Liberation Sans (metric-compatible with Arial, SIL OFL), found on the system.

Letters outside `REPERTOIRE` are refused before a page is laid out: a letter that the typeface lacks would come from
whatever other font the machine happens to have, or print as an empty box.
"""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from registry.formats.errors import UnavailableError

FAMILY: Final = "Liberation Sans"
# Searched with what is inside them; the launcher looks in the same places before it installs the package.
FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "~/.local/share/fonts",
)
_FILES: Final = {"regular": "LiberationSans-Regular.ttf", "bold": "LiberationSans-Bold.ttf"}

# Latin-1, Latin Extended-A and Additional, the comma-below letters of Romanian, punctuation, a few signs of
# engineering. No no-break space, soft hyphen or joiner: they are seen by nobody and change what is compared.
_RANGES: Final = (
    (0x0020, 0x007E),
    (0x00A1, 0x00AC),
    (0x00AE, 0x017F),
    (0x0218, 0x021B),
    (0x1E00, 0x1E9B),
    (0x1EA0, 0x1EF9),
    (0x2012, 0x2015),
    (0x2018, 0x201A),
    (0x201C, 0x201E),
    (0x2020, 0x2022),
)
REPERTOIRE: Final = frozenset(
    {chr(code) for first, last in _RANGES for code in range(first, last + 1)} | set("‐…‰′″‹›€№™Ωφ−≈≤≥")
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fonts:
    """The typeface's two faces, as the bytes of their TrueType files."""

    regular: bytes
    bold: bytes

    @classmethod
    def find(cls, folders: Sequence[str | pathlib.Path] = FOLDERS) -> "Fonts":
        """The faces from the first folder that holds both, in one of `folders` or anywhere inside it.

        Raises `UnavailableError`, naming the package to install, where there is none.
        """
        for folder in folders:
            # From the last name on: Debian keeps release 2 in "liberation2" beside the older "liberation".
            for regular in sorted(pathlib.Path(folder).expanduser().rglob(_FILES["regular"]), reverse=True):
                paths = {face: regular.parent / name for face, name in _FILES.items()}
                if all(path.is_file() for path in paths.values()):
                    try:
                        return cls(**{face: path.read_bytes() for face, path in paths.items()})
                    except OSError as error:
                        raise UnavailableError(f"the font {FAMILY} cannot be read: {error}") from error
        raise UnavailableError(
            f"the font {FAMILY} is not installed; on Debian or Ubuntu: apt-get install fonts-liberation2; "
            "on macOS: brew install --cask font-liberation"
        )


def foreign_letters(text: str) -> str:
    """The letters of `text` that no page can print, each once, in their order."""
    return "".join(dict.fromkeys(letter for letter in text if letter not in REPERTOIRE))


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
