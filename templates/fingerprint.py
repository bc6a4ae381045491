"""What the bytes of a PDF depend on besides its pack and its data: the libraries that lay it out and write it.

The same document has the same bytes wherever this fingerprint is the same. Under another one its text and layout are
still the same, and only those are promised. Libraries that make the texts of a page (Babel, num2words, Jinja) are not
in it on purpose: what they change is the page itself.
"""

import dataclasses
import functools
import importlib.metadata
import platform
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self

from weasyprint.text import ffi

from registry.formats import canonical
from templates.fonts import Fonts

_DISTRIBUTIONS: Final = (
    "cssselect2",
    "fonttools",
    "pillow",
    "pydyf",
    "pyphen",
    "qrcode",
    "tinycss2",
    "tinyhtml5",
    "uharfbuzz",
    "uniseg",
    "weasyprint",
)
# WeasyPrint declares none of these. What Pango stands on is found through the libraries that link it.
_DECLARATIONS: Final = """
const char *pango_version_string (void);
const char *hb_version_string (void);
int FcGetVersion (void);
int FT_Init_FreeType (void **library);
int FT_Done_FreeType (void *library);
void FT_Library_Version (void *library, int *major, int *minor, int *patch);
extern unsigned int glib_major_version;
extern unsigned int glib_minor_version;
extern unsigned int glib_micro_version;
"""
_ABSENT: Final = "absent"
_UNKNOWN: Final = "unknown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Names of libraries and typefaces, each with its version or SHA-256."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all parts: equal where they are."""
        return canonical.sha256(canonical.dump(dict(self.parts))).hex()

    @classmethod
    def here(cls, typefaces: Iterable[Fonts]) -> Self:
        """That of this process, when it prints with these typefaces."""
        faces = {f"{one.family} {face}": f"sha256:{sha256}" for one in typefaces for face, sha256 in one.sha256.items()}
        packages = {name: importlib.metadata.version(name) for name in _DISTRIBUTIONS}
        # Sums of fractions may differ in their last bit from one kind of processor to another.
        system = {"machine": platform.machine(), "zlib": zlib.ZLIB_RUNTIME_VERSION}
        return cls(parts={**packages, **_libraries(), **system, **faces})


@functools.cache
def _libraries() -> Mapping[str, str]:
    """Versions of the C libraries that WeasyPrint has loaded: those of the very files in this process."""
    ffi.ffi.cdef(_DECLARATIONS, override=True)
    read: Mapping[str, Callable[[], str]] = {
        "pango": lambda: _text(ffi.pango.pango_version_string()),
        "harfbuzz": lambda: _text(ffi.harfbuzz.hb_version_string()),
        # Without it WeasyPrint makes its subsets of fonts with fontTools.
        "harfbuzz-subset": lambda: (
            _ABSENT if ffi.harfbuzz_subset is None else _text(ffi.harfbuzz_subset.hb_version_string())
        ),
        # It reads which letters a typeface has, and so when another one steps in.
        "fontconfig": lambda: str(ffi.fontconfig.FcGetVersion()),
        "freetype": _freetype,
        # Pango takes from it what Unicode says of a letter, line breaks among that.
        "glib": lambda: ".".join(
            str(getattr(ffi.gobject, f"glib_{part}_version")) for part in ("major", "minor", "micro")
        ),
    }
    return {name: _found(version) for name, version in read.items()}


def _found(version: Callable[[], str]) -> str:
    try:
        return version()
    except AttributeError:  # not to be seen from the library that links it
        return _UNKNOWN


def _text(characters: object) -> str:
    return str(ffi.ffi.string(characters).decode("ascii"))


def _freetype() -> str:
    library = ffi.ffi.new("void **")
    numbers = [ffi.ffi.new("int *") for _ in range(3)]
    if ffi.pangoft2.FT_Init_FreeType(library):
        return _UNKNOWN
    ffi.pangoft2.FT_Library_Version(library[0], *numbers)
    ffi.pangoft2.FT_Done_FreeType(library[0])
    return ".".join(str(number[0]) for number in numbers)
