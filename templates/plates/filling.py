"""Filling: a plate and the lines of a document become its file.

The same plate, lines and code give the same bytes. `FILL_VERSION` is recorded with every file; it grows when this
module or what it calls (`typesetting`, `symbol`, `qr`) comes to write other bytes for the same input.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

import pydyf

from registry.formats.language import N_
from templates import catchwords
from templates.boxes import Text
from templates.limits import LimitError
from templates.page import xmp_date
from templates.plates.plate import Catchword, Column, FaceName, Line, Plate, Symbol
from templates.plates.syntax import ROW, indirect, packed_stream, stream_of
from templates.typesetting import breaking
from templates.typesetting.face import UNITS, Face, Writing
from templates.typesetting.subset import Subset

FILL_VERSION: Final = 1
# 9 would take five times as long for the code's drawing, and save a hundredth.
_LEVEL: Final = 6
# Offsets hardly repeat; more effort makes them longer.
_OFFSETS_LEVEL: Final = 1
_ID_BYTES: Final = 16
_EMPTY: Final = b"[] TJ\n"


class Embedded:
    """A subset as it stands in files."""

    def __init__(self, subset: Subset) -> None:
        self.letters = subset.letters
        self.widths = subset.widths
        self.font = stream_of(b"<</Length1 %d" % subset.font_length, subset.font)
        self.to_unicode = stream_of(b"<<", subset.to_unicode)
        self.width_array = subset.width_array.encode()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A face that lines are set in, and its subsets, each holding the one before."""

    face: Face
    subsets: tuple[Embedded, ...]


Typeset = tuple[tuple[str, ...], ...]


def broken(columns: Sequence[Column], values: Mapping[str, str], faces: Mapping[FaceName, Face]) -> Typeset:
    """The lines of each block, as its values fall in its column.

    Raises `LimitError` where what is said again, in a running head, needs more than the one line that it has.
    """
    return tuple(_lines(column, values, faces[column.face]) for column in columns)


def _lines(column: Column, values: Mapping[str, str], face: Face) -> tuple[str, ...]:
    size = column.size
    text = "\n".join([values[name] for name in column.names])
    found = breaking.lines(text, width=lambda line: face.width(line, size), available=column.width)
    if column.repeated and len(found) > 1:
        raise LimitError(
            N_(
                "Isian “{field}” terlalu panjang untuk satu baris di kepala halaman lanjutan: “{text}”. Singkatkan; "
                "jika itu nomor, perpendek polanya di profil kantor."
            ),
            field=column.names[0],
            text=text,
        )
    return found


def room_for(columns: Sequence[Column], lines: Typeset) -> tuple[int, ...]:
    """How many lines each block has room for on the page where these are set."""
    return tuple(max(len(found), column.least) for column, found in zip(columns, lines, strict=True))


class Filler:
    """Fills one plate."""

    def __init__(self, plate: Plate, *, sha256: bytes, types: Mapping[FaceName, Type]) -> None:
        self.plate = plate
        self.sha256 = sha256
        self.types = types
        self.faces = {name: type_.face for name, type_ in types.items()}
        self._writings: dict[tuple[FaceName, int], Writing] = {}

    def fill(
        self,
        lines: Typeset,
        *,
        title: str,
        created: datetime.datetime,
        drawing: bytes,
        attachment: bytes | None,
    ) -> bytes:
        """The file. `created` is aware; a plate of a draft takes neither `drawing` nor `attachment`.

        Raises `ValueError` for lines that are not this plate's, `UnavailableError` for a glyph that its typeface lacks.
        """
        plate = self.plate
        if room_for(plate.columns, lines) != plate.lines or (attachment is None) != (plate.attached is None):
            raise ValueError("these lines belong to another plate")
        at = created.astimezone(datetime.UTC)
        objects = [
            *self._fonts(lines),
            *((page.number, self._contents(index, lines, drawing)) for index, page in enumerate(plate.pages)),
            self._metadata(title, at),
            *self._attachment(attachment, at),
            self._information(title, at),
        ]
        return self._file(objects)

    def _contents(self, index: int, lines: Typeset, drawing: bytes) -> bytes:
        page = self.plate.pages[index]
        parts = [page.constant[0]]
        for hole, constant in zip(page.holes, page.constant[1:], strict=True):
            if isinstance(hole, Line):
                parts.append(self._line(hole, lines))
            elif isinstance(hole, Symbol):
                parts += (drawing, b"\n")
            else:
                parts.append(self._catchword(hole, lines))
            parts.append(constant)
        return packed_stream(b"<<", b"".join(parts), level=_LEVEL)

    def _line(self, hole: Line, lines: Typeset) -> bytes:
        column, block = self.plate.columns[hole.block], lines[hole.block]
        if hole.line >= len(block):
            return f"1 0 0 -1 {_number(hole.left)} {hole.y} Tm\n{hole.font}\n".encode() + _EMPTY
        face, size = self.types[column.face].face, column.size
        text = block[hole.line]
        left = hole.left
        if column.spread and hole.line < len(block) - 1:
            runs = face.spread(text, size, column.room * UNITS)
        else:
            runs = face.runs(text, size)
            if column.align:
                left += column.align * (column.room - sum(sum(run.advances) for run in runs) / UNITS)
        return self._text(left, hole, self._writing(column.face, size).array(runs))

    def _catchword(self, hole: Catchword, lines: Typeset) -> bytes:
        word = catchword(hole, lines)
        face = self.types[hole.face].face
        if not word:
            return f"1 0 0 -1 {_number(hole.right)} {hole.y} Tm\n{hole.font}\n".encode() + _EMPTY
        runs = face.runs(word, hole.size)
        left = hole.right - sum(sum(run.advances) for run in runs) / UNITS
        return self._text(left, hole, self._writing(hole.face, hole.size).array(runs))

    @staticmethod
    def _text(left: float, hole: Line | Catchword, array: str) -> bytes:
        return f"1 0 0 -1 {_number(left)} {hole.y} Tm\n{hole.font}\n[{array}] TJ\n".encode()

    def _writing(self, face: FaceName, size: int) -> Writing:
        if (face, size) not in self._writings:
            self._writings[face, size] = Writing(self.types[face].face, size, self.types[face].subsets[-1].widths)
        return self._writings[face, size]

    def _fonts(self, lines: Typeset) -> Iterator[tuple[int, bytes]]:
        letters: dict[FaceName, set[str]] = {"regular": set(), "bold": set()}
        for column, block in zip(self.plate.columns, lines, strict=True):
            letters[column.face].update(*block)
        for page in self.plate.pages:
            for hole in page.holes:
                if isinstance(hole, Catchword):
                    letters[hole.face].update(catchword(hole, lines))
        for face in self.plate.faces:
            subsets = self.types[face.face].subsets[face.needs :]
            subset = next((one for one in subsets if letters[face.face] <= one.letters), subsets[-1])
            yield face.file, subset.font
            yield face.to_unicode, subset.to_unicode
            yield face.font, b"%b/W %b>>" % (face.descendant, subset.width_array)

    def _metadata(self, title: str, at: datetime.datetime) -> tuple[int, bytes]:
        number, parts = self.plate.metadata
        said = {"title": escape(title), "created": xmp_date(at)}
        xml = "".join([said.get(part, part) for part in parts]).encode()
        return number, packed_stream(b"<</Type /Metadata/Subtype /XML", xml, level=_LEVEL)

    def _attachment(self, data: bytes | None, at: datetime.datetime) -> Iterator[tuple[int, bytes]]:
        if data is None or self.plate.attached is None:
            return
        # MD5 is what ISO 32000-1 table 46 asks for, and protects nothing.
        checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        date = _date(at)
        parameters = f"/Params <</CheckSum <{checksum}>/Size {len(data)}/CreationDate ({date})/ModDate ({date})>>"
        dictionary = self.plate.attached.dictionary + parameters.encode()
        yield self.plate.attached.number, packed_stream(dictionary, data, level=_LEVEL)

    def _information(self, title: str, at: datetime.datetime) -> tuple[int, bytes]:
        number, constant = self.plate.info
        date = _date(at)
        own = pydyf.String(title).data.decode()
        return number, f"{constant}/Title {own}/CreationDate ({date})/ModDate ({date})>>".encode()

    def _file(self, objects: Sequence[tuple[int, bytes]]) -> bytes:
        plate = self.plate
        offsets = bytearray(plate.offsets)
        parts, end = [plate.start], len(plate.start)
        digest = hashlib.sha256(self.sha256)
        for number, data in objects:
            part = indirect(number, data)
            ROW.pack_into(offsets, number * ROW.size, 1, end, 0)
            digest.update(part)
            parts.append(part)
            end += len(part)
        ROW.pack_into(offsets, 0, 0, 0, 65535)
        xref = plate.size - 1
        ROW.pack_into(offsets, xref * ROW.size, 1, end, 0)
        identifier = digest.digest()[:_ID_BYTES].hex()
        dictionary = (
            f"<</Type /XRef/Index [0 {plate.size}]/W [1 4 2]/Size {plate.size}/Root {plate.root}"
            f"/Info {plate.info[0]} 0 R/ID [<{identifier}> <{identifier}>]"
        ).encode()
        parts.append(indirect(xref, packed_stream(dictionary, bytes(offsets), level=_OFFSETS_LEVEL)))
        parts.append(b"startxref\n%d\n%%%%EOF\n" % end)
        return b"".join(parts)


def catchword(hole: Catchword, lines: Typeset) -> str:
    """The catchword of a page, from what the next begins with."""
    opening = []
    for text, is_marker in hole.opening:
        if isinstance(text, tuple):
            block, line = text
            found = lines[block]
            opening.append(Text(text=found[line] if line < len(found) else "", is_marker=is_marker))
        else:
            opening.append(Text(text=text, is_marker=is_marker))
    return catchwords.word(opening)


def _number(value: float) -> str:
    return f"{value:f}".rstrip("0").rstrip(".")


def _date(at: datetime.datetime) -> str:
    """A moment in UTC as PDF spells it (ISO 32000-1 7.9.4)."""
    return at.strftime("D:%Y%m%d%H%M%SZ")
