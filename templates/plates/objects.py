"""What a layout drew, read from pydyf's objects: runs of text in the pages' content streams.

WeasyPrint writes a run of text as three operators in this order: Tm, Tf, TJ (ISO 32000-1 9.4). That order, and one TJ
for a run in one face, is all that is relied upon; anything else raises `PlateError`.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pydyf

from templates.plates.plate import FaceName, PlateError

_FACES: Final[Mapping[str, FaceName]] = {"": "regular", "-Bold": "bold"}
_TM: Final = re.compile(rb"(\S+) (\S+) (\S+) (\S+) (\S+) (\S+) Tm")
_TF: Final = re.compile(rb"/(\S+) (\S+) Tf")
_UPRIGHT: Final = (b"1", b"0", b"0", b"-1")
_HEX: Final = re.compile(rb"<([0-9a-f]*)>")
_GLYPH_DIGITS: Final = 4
# What may stand between the beginning of a text's marked content and its end, beside the text.
_PLAIN: Final = re.compile(rb"BT|ET|/\S+ gs|[-0-9. ]+ (?:rg|g|RG|G|Tr|Tw)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """A font of the file: its face, and the numbers of its objects."""

    face: FaceName
    descendant: int
    file: int
    to_unicode: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of text: the index of its TJ among the chunks, where it begins (CSS pixels), its font and size."""

    index: int
    x: float
    y: str
    font: Font
    setting: str
    size: int
    glyphs: tuple[int, ...]
    plain: bool


def at(pdf: Any, reference: bytes) -> Any:
    """The object that is referred to."""
    return pdf.objects[int(reference.split()[0])]


def contents(pdf: Any) -> list[Any]:
    """The content stream of every page, in their order."""
    return [at(pdf, at(pdf, page)["Contents"]) for page in pdf.page_references]


def chunks(stream: Any) -> list[bytes]:
    """A content stream's operators, each with its operands."""
    return [chunk if isinstance(chunk, bytes) else pydyf._to_bytes(chunk) for chunk in stream.stream]


def fonts(pdf: Any, family: str) -> dict[str, Font]:
    """The fonts by the names that content streams use. Raises `PlateError` for a face that is none of the family's."""
    found = {}
    for item in pdf.objects:
        if not isinstance(item, dict) or item.get("Subtype") != "/Type0":
            continue
        name = _text(item["BaseFont"]).lstrip("/")
        tag, _, full = name.partition("+")
        style = full.removeprefix(family.replace(" ", "-"))
        if not full.startswith(family.replace(" ", "-")) or style not in _FACES:
            raise PlateError(f"the page is set in {full}, which is no face of the typeface")
        descendant = at(pdf, item["DescendantFonts"][0])
        found[tag] = Font(
            face=_FACES[style],
            descendant=descendant.number,
            file=at(pdf, at(pdf, descendant["FontDescriptor"])["FontFile2"]).number,
            to_unicode=at(pdf, item["ToUnicode"]).number,
        )
    return found


def runs(parts: Sequence[bytes], named: Mapping[str, Font]) -> Iterator[Run]:
    """Every run of text of a content stream."""
    begun = 0
    for index, chunk in enumerate(parts):
        if chunk in (b"BDC", b"BMC"):
            begun = index
        elif chunk.endswith(b"TJ"):
            yield _run(parts, index, named, plain=_is_plain(parts, begun, index))


def glyphs(array: bytes) -> tuple[int, ...]:
    """The glyphs of a TJ."""
    digits = b"".join(_HEX.findall(array))
    return tuple(int(digits[start : start + _GLYPH_DIGITS], 16) for start in range(0, len(digits), _GLYPH_DIGITS))


def _run(parts: Sequence[bytes], index: int, named: Mapping[str, Font], *, plain: bool) -> Run:
    matrix, font = _TM.fullmatch(parts[index - 2]), _TF.fullmatch(parts[index - 1])
    if matrix is None or font is None or font[1].decode() not in named:
        raise PlateError(f"a run of text is not written as Tm, Tf, TJ: {parts[index - 2 : index]!r}")
    return Run(
        index=index,
        x=float(matrix[5]),
        y=matrix[6].decode(),
        font=named[font[1].decode()],
        setting=parts[index - 1].decode(),
        size=round(float(font[2]) * 1024),
        glyphs=glyphs(parts[index]),
        plain=plain and matrix.groups()[:4] == _UPRIGHT,
    )


def _is_plain(parts: Sequence[bytes], begun: int, index: int) -> bool:
    """Whether the marked content around a run holds nothing but text: no line under it, no turned matrix."""
    try:
        end = parts.index(b"EMC", index)
    except ValueError:
        return False
    others = (*parts[begun + 1 : index - 2], *parts[index + 1 : end])
    return all(_PLAIN.fullmatch(chunk) for chunk in others)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
