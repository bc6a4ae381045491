"""The part of a typeface that stands in every PDF: one constant subset a face, made once and kept.

As it does not depend on a page, the objects that describe a font are the same in every document. What the font's
dictionary says beyond that (name, flags, metrics of the face) is not its business.
"""

import dataclasses
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import cbor2
import uharfbuzz
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # no stubs

from registry.formats.errors import UnavailableError
from templates.fonts import OWN_REPERTOIRE

_BASIC_RANGES: Final = (
    (0x0020, 0x007E),
    (0x00A0, 0x00AC),
    (0x00AE, 0x017F),
    (0x2010, 0x2015),
)
# What nearly every permit needs: Latin-1 and Latin Extended-A, punctuation, marks of transliterated names, the signs
# of units.
BASIC: Final = frozenset(
    {chr(code) for first, last in _BASIC_RANGES for code in range(first, last + 1)}
    | set("ʻʼʽʾʿ‘’‚“”„†‡•…‰′″‹›⁴₂€№™ΩΦφμ←→−≈≠≤≥")
)
# Names in scholars' spelling or from Vietnam (Latin Extended Additional) cost a third more.
LATIN: Final = BASIC | {chr(code) for code in range(0x1E00, 0x1F00)}
# A face stands in a file as the first of these that has all its letters. The last costs over three times the first.
TIERS: Final = (BASIC, LATIN, OWN_REPERTOIRE)

# zopfli would save a fiftieth, and take seconds in every new home.
_LEVEL: Final = 9
_FORMAT: Final = "absah font subset"
_VERSION: Final = 1
_FIELDS: Final = 7
# What is read back: far above what the largest of our faces comes to, far below what would hurt.
_MAX_BYTES: Final = 1 << 20
_MAX_UNPACKED: Final = 1 << 22
_GLYPHS: Final = 1 << 16
_TRUETYPE: Final = b"\x00\x01\x00\x00"
_CMAP: Final = b"/CIDInit"

# ISO 32000-1 9.9 asks for these and for `cvt `, `fpgm` and `prep`, which serve instructions alone (ISO 32000-2 9.9.1);
# there are none, as WeasyPrint writes none either. A CIDFont with CIDToGIDMap Identity reads no `cmap`.
_TABLES: Final = frozenset({"glyf", "head", "hhea", "hmtx", "loca", "maxp"})
_LIGATURES: Final = 4  # OpenType, GSUB lookup type
_EXTENSION: Final = 7
_LANGUAGE: Final = "id"

# The largest blocks that a CMap may have (Adobe Technical Note 5014).
_BLOCK: Final = 100
_CMAP_BEGIN: Final = """\
/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo
<< /Registry (Adobe)
/Ordering (UCS)
/Supplement 0
>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
"""
_CMAP_END: Final = """\
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """One face, cut down to some letters, as a PDF embeds it in a Type 0 font with Identity-H (ISO 32000-1 9.7).

    `letters` are the characters it covers. `font` is the content of the FontFile2 stream and `to_unicode` that of the
    ToUnicode stream, both packed for FlateDecode; unpacked, the font has `font_length` bytes (Length1). `runs` are the
    widths of the glyphs that text may take, in thousandths of the size: (first glyph, their widths) each, ascending.
    Glyphs keep the numbers that they have in the face.
    """

    letters: frozenset[str]
    font: bytes
    font_length: int
    to_unicode: bytes
    runs: tuple[tuple[int, tuple[int, ...]], ...]

    @classmethod
    def of(cls, font: bytes, letters: Iterable[str]) -> "Subset":
        """The subset of a TrueType file; the same arguments give the same bytes.

        Ligatures that the font makes of these letters are in it. Raises `UnavailableError` for what is no font, and
        for letters that it has no glyphs for.
        """
        face = uharfbuzz.Face(font)
        if not face.glyph_count or face.upem <= 0:
            raise UnavailableError("a typeface is no font file; install it again")
        covered = frozenset(letters)
        shaper = uharfbuzz.Font(face)
        texts: dict[int, str] = {}
        # Ascending, so that of characters that share a glyph the lowest code point stands for it: the plain space.
        for letter in sorted(covered):
            glyph = shaper.get_nominal_glyph(ord(letter))
            if not glyph:
                raise UnavailableError(f"the typeface has no glyph for {letter!r} (U+{ord(letter):04X})")
            texts.setdefault(glyph, letter)
        texts |= _ligatures(font, shaper, texts)
        program = _program(face, texts)
        return cls(
            letters=covered,
            font=zlib.compress(program, _LEVEL),
            font_length=len(program),
            to_unicode=zlib.compress(_to_unicode(texts), _LEVEL),
            # As WeasyPrint rounds them.
            runs=_runs({glyph: round(shaper.get_glyph_h_advance(glyph) * 1000 / face.upem) for glyph in texts}),
        )

    @property
    def widths(self) -> Mapping[int, int]:
        """The width of each glyph, in thousandths of the size."""
        return {first + index: width for first, widths in self.runs for index, width in enumerate(widths)}

    @property
    def width_array(self) -> str:
        """The array W of the CIDFont (ISO 32000-1 9.7.4.3), with its brackets."""
        return "[" + " ".join(f"{first} [{' '.join(map(str, widths))}]" for first, widths in self.runs) + "]"

    def to_bytes(self) -> bytes:
        """The subset in deterministic CBOR (RFC 8949 4.2), as `of_bytes` reads it."""
        return cbor2.dumps(
            [
                _FORMAT,
                _VERSION,
                "".join(sorted(self.letters)),
                self.font_length,
                self.font,
                self.to_unicode,
                [[first, list(widths)] for first, widths in self.runs],
            ],
            canonical=True,
        )

    @classmethod
    def of_bytes(cls, data: bytes) -> "Subset":
        """The subset that `to_bytes` wrote; raises `UnavailableError` for anything else."""
        if len(data) > _MAX_BYTES:
            raise _damaged("longer than any that Absah writes")
        parts = _loads(data)
        if not (isinstance(parts, list) and len(parts) == _FIELDS and parts[0] == _FORMAT and parts[1] == _VERSION):
            raise _damaged(f"not {_FORMAT} {_VERSION}")
        _, _, letters, font_length, font, to_unicode, runs = parts
        if not isinstance(letters, str):
            raise _damaged("its letters are no text")
        if type(font_length) is not int or _unpacked(font, "font", _TRUETYPE) != font_length:
            raise _damaged("its font is not as long as it says")
        _unpacked(to_unicode, "ToUnicode map", _CMAP)
        found = cls(
            letters=frozenset(letters),
            font=font,
            font_length=font_length,
            to_unicode=to_unicode,
            runs=tuple(_checked_runs(runs)),
        )
        # One spelling only: letters in order and once, shortest numbers.
        if found.to_bytes() != data:
            raise _damaged("not written as Absah writes it")
        return found


def _ligatures(font: bytes, shaper: uharfbuzz.Font, texts: Mapping[int, str]) -> dict[int, str]:
    """The glyphs that several letters become, with their letters: what the font lists and its shaping confirms."""
    with TTFont(io.BytesIO(font), lazy=True) as file:
        listed = [
            ([file.getGlyphID(name) for name in (first, *ligature.Component)], file.getGlyphID(ligature.LigGlyph))
            for subtable in _ligature_tables(file)
            for first, ligatures in sorted(subtable.ligatures.items())
            for ligature in ligatures
        ]
    found: dict[int, str] = {}
    more = True
    while more:  # a ligature may be made of ligatures
        more = False
        for parts, glyph in listed:
            known = [found.get(part) or texts.get(part) for part in parts]
            if glyph in found or glyph in texts or not all(known):
                continue
            text = "".join(filter(None, known))
            if _shaped(shaper, text) == [glyph]:
                found[glyph] = text
                more = True
    return found


def _ligature_tables(file: TTFont) -> Iterator[Any]:
    lookups = file["GSUB"].table.LookupList if "GSUB" in file else None
    for lookup in lookups.Lookup if lookups else ():
        for subtable in lookup.SubTable:
            inner = subtable.ExtSubTable if lookup.LookupType == _EXTENSION else subtable
            if inner.LookupType == _LIGATURES:
                yield inner


def _shaped(shaper: uharfbuzz.Font, text: str) -> list[int]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.direction, buffer.language = "ltr", _LANGUAGE
    buffer.guess_segment_properties()
    uharfbuzz.shape(shaper, buffer)
    return [info.codepoint for info in buffer.glyph_infos]


def _program(face: uharfbuzz.Face, glyphs: Iterable[int]) -> bytes:
    """The TrueType file with the outlines of these glyphs and what they are composed of, and no more."""
    wanted = uharfbuzz.SubsetInput()
    wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX).set(set(glyphs))
    wanted.flags = (
        uharfbuzz.SubsetFlags.RETAIN_GIDS
        | uharfbuzz.SubsetFlags.NO_HINTING
        | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
        # A glyph that should not have been asked for shows as a box, and not as nothing.
        | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    )
    dropped = {int.from_bytes(tag.encode(), "big") for tag in face.table_tags if tag not in _TABLES}
    wanted.sets(uharfbuzz.SubsetInputSets.DROP_TABLE_TAG).set(dropped)
    data: bytes = uharfbuzz.subset(face, wanted).blob.data
    return data


def _to_unicode(texts: Mapping[int, str]) -> bytes:
    """The CMap that leads from glyphs to text (ISO 32000-1 9.10.3)."""
    single: list[str] = []
    ranges: list[str] = []
    for first, run in _text_runs(texts):
        code = run[0].encode("utf-16-be").hex()
        if len(run) == 1:
            single.append(f"<{first:04x}> <{code}>")
        else:
            ranges.append(f"<{first:04x}> <{first + len(run) - 1:04x}> <{code}>")
    return (_CMAP_BEGIN + _blocks("bfrange", ranges) + _blocks("bfchar", single) + _CMAP_END).encode()


def _text_runs(texts: Mapping[int, str]) -> Iterator[tuple[int, list[str]]]:
    """Glyphs in a row whose texts are letters in a row; the last byte of neither runs over within one."""
    first, run = 0, list[str]()
    for glyph, text in sorted(texts.items()):
        if (
            run
            and glyph == first + len(run)
            and glyph & 0xFF
            and len(text) == len(run[-1]) == 1
            and ord(text) == ord(run[-1]) + 1
            and ord(text) & 0xFF
        ):
            run.append(text)
            continue
        if run:
            yield first, run
        first, run = glyph, [text]
    if run:
        yield first, run


def _blocks(kind: str, entries: Sequence[str]) -> str:
    return "".join(
        f"{len(entries[at : at + _BLOCK])} begin{kind}\n" + "\n".join(entries[at : at + _BLOCK]) + f"\nend{kind}\n"
        for at in range(0, len(entries), _BLOCK)
    )


def _runs(widths: Mapping[int, int]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    found = []
    for _, group in itertools.groupby(enumerate(sorted(widths)), key=lambda place: place[1] - place[0]):
        glyphs = [glyph for _, glyph in group]
        found.append((glyphs[0], tuple(widths[glyph] for glyph in glyphs)))
    return tuple(found)


def _checked_runs(runs: object) -> Iterator[tuple[int, tuple[int, ...]]]:
    free = -1
    for run in runs if isinstance(runs, list) else [None]:
        match run:
            case [int() as first, [_, *_] as widths] if all(type(number) is int for number in (first, *widths)):
                pass
            case _:
                raise _damaged("its widths are not lists of whole numbers")
        # Runs that touch would be one.
        if not free < first < first + len(widths) <= _GLYPHS or not all(0 <= width < _GLYPHS for width in widths):
            raise _damaged("its widths are out of order or of bounds")
        free = first + len(widths)
        yield first, tuple(widths)


def _unpacked(data: object, name: str, beginning: bytes) -> int:
    """The length of a packed part, which must begin like this."""
    if not isinstance(data, bytes):
        raise _damaged(f"its {name} is not bytes")
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, _MAX_UNPACKED)
    except zlib.error as error:
        raise _damaged(f"its {name} cannot be unpacked") from error
    if not unpacker.eof or unpacker.unused_data or not plain.startswith(beginning):
        raise _damaged(f"its {name} is cut short, goes on, or is something else")
    return len(plain)


def _damaged(reason: str) -> UnavailableError:
    return UnavailableError(f"a kept font subset is damaged: {reason}; restore the file store from a backup")


def _loads(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except Exception as error:
        # cbor2 promises CBORDecodeError, but hostile bytes reach other builtins (recursion, dates, big floats).
        raise _damaged("not CBOR") from error
