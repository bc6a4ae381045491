"""The compiler: a page laid out with placeholders becomes a plate.

What the layout gives is cut at the runs that are placeholders. A placeholder that is missing, doubled, or found
anywhere else is an error here, and so is whatever a filled line could not follow: an underline, another text on its
lines, spaced letters. The errors name the field and the template's line; documents that have plates already are not
touched by them.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import markupsafe
import pydyf

from templates import boxes
from templates.layout import LaidOut
from templates.page import Block, xmp_date
from templates.plates import objects, placeholders, workpiece
from templates.plates.plate import (
    Attached,
    Catchword,
    Column,
    Contents,
    FaceName,
    Hole,
    KeptQrPlace,
    KeptSignatureBox,
    Line,
    Measure,
    Plate,
    PlateError,
    PlateFace,
    Symbol,
)
from templates.plates.syntax import HEADER, ROW, indirect, packed_stream
from templates.plates.workpiece import Workpiece
from templates.typesetting.face import UNITS, Writing
from templates.typesetting.subset import Subset

_LEVEL: Final = 9
_CLOSE: Final = 0.02
# Lines of text less than this apart (CSS pixels) are one line to a reader.
_SAME_LINE: Final = 0.5
_NO_WIDTH: Final = -2
_LEAD_IN_TEXT: Final = re.compile(
    rb"<feff(?:[0-9a-f]{4})*?(%04x(?:[0-9a-f]{4}){0,%d})" % (ord(placeholders.LEAD), placeholders.LETTERS - 1)
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The subsets of a face, each holding the one before, and the SHA-256 that they are kept by."""

    digests: tuple[bytes, ...]
    subsets: tuple[Subset, ...]

    @property
    def widest(self) -> Subset:
        """The one that has every letter."""
        return self.subsets[-1]


def compile_plate(
    piece: Workpiece,
    shape: Mapping[str, Any],
    *,
    digest: bytes,
    measure: Measure,
    lines: Sequence[int],
    cuts: Mapping[FaceName, Cut],
    fingerprint: str,
) -> Plate:
    """The plate of a shape with this `digest` whose blocks take so many `lines`.

    Raises `PlateError`, and what `Layout.lay_out` raises.
    """

    def value(block: Block) -> markupsafe.Markup:
        return markupsafe.Markup("\n").join(placeholders.of(block.number, line) for line in range(lines[block.number]))

    laid_out = piece.lay_out(shape, value=value)
    if len(laid_out.blocks) != len(measure.columns):
        raise PlateError(f"{piece.pack}: the page has {len(laid_out.blocks)} fields, and had {len(measure.columns)}")
    compilation = _Compilation(piece, laid_out, measure.columns, lines, cuts)
    pages = tuple(compilation.pages())
    compilation.check_found()
    file = _File(piece, laid_out, contents={one.number for one in pages}, cuts=cuts, used=compilation.used)
    return Plate(
        pack=piece.pack,
        shape=digest,
        fingerprint=fingerprint,
        typeface=measure.typeface,
        columns=measure.columns,
        lines=tuple(lines),
        start=file.start,
        offsets=file.offsets,
        size=file.size,
        root=laid_out.pdf.catalog.reference.decode(),
        pages=pages,
        faces=file.faces,
        metadata=file.metadata,
        info=file.info,
        attached=file.attached,
        qr=KeptQrPlace(**dataclasses.asdict(laid_out.qr)),
        signature=KeptSignatureBox(**dataclasses.asdict(laid_out.signature)),
    )


class _Compilation:
    """One page on its way to the contents of a plate."""

    def __init__(
        self,
        piece: Workpiece,
        laid_out: LaidOut,
        columns: Sequence[Column],
        lines: Sequence[int],
        cuts: Mapping[FaceName, Cut],
    ) -> None:
        self._piece = piece
        self._laid_out = laid_out
        self._columns = columns
        self._lines = lines
        self._writings: dict[tuple[FaceName, int], Writing] = {}
        self._cuts = cuts
        self._found: dict[tuple[int, int], int] = {}
        self._stands = boxes.stands(laid_out.sheets, placeholders.LEAD)
        # Glyphs of constant texts, by face.
        self.used: dict[FaceName, set[int]] = {"regular": set(), "bold": set()}

    def pages(self) -> Iterator[Contents]:
        """What each page is made of."""
        streams = objects.contents(self._laid_out.pdf)
        for number, (stream, (chunks, runs)) in enumerate(
            zip(streams, self._piece.runs(self._laid_out), strict=True), start=1
        ):
            yield self._contents(number, stream.number, chunks, runs)

    def check_found(self) -> None:
        """Raises `PlateError` for a line that was not found exactly once; that of a repeated block may be anywhere."""
        for block, column, count in zip(self._laid_out.blocks, self._columns, self._lines, strict=True):
            for line in range(count):
                times = self._found.get((block.number, line), 0)
                if times != 1 and not column.repeated:
                    raise self._piece.error(block, f"is {times} times on the page: its line {line + 1} must be once")

    def _contents(self, page_number: int, number: int, chunks: list[bytes], runs: Sequence[objects.Run]) -> Contents:
        constant: list[bytes] = []
        holes: list[Hole] = []
        parts: list[bytes] = []

        def cut(hole: Hole) -> None:
            constant.append(b"".join(part + b"\n" for part in parts))
            holes.append(hole)
            parts.clear()

        at = {run.index: run for run in runs}
        for index, chunk in enumerate(chunks):
            if chunk == workpiece.DRAWING:
                cut(Symbol())
            elif index in at:
                hole = self._hole(page_number, at[index], chunk, runs)
                if hole is None:
                    self.used[at[index].font.face].update(at[index].glyphs)
                    parts.append(_without_no_kerning(chunk))
                else:
                    del parts[-2:]  # its Tm and Tf, which come again with the line
                    cut(hole)
            else:
                parts.append(chunk)
        constant.append(b"\n".join(parts))
        return Contents(number=number, constant=tuple(constant), holes=tuple(holes))

    def _hole(self, page_number: int, run: objects.Run, chunk: bytes, runs: Sequence[objects.Run]) -> Hole | None:
        text = self._piece.text(run)
        if placeholders.LEAD not in text:
            return None
        marked = placeholders.read_mark(text)
        if marked is not None:
            return self._catchword(marked, run, text)
        place = placeholders.read(text)
        if place is None:
            raise self._mixed(page_number, text)
        block, line = self._laid_out.blocks[place[0]], place[1]
        left = self._left(block, self._columns[block.number], run, text, chunk=chunk, runs=runs)
        self._found[place] = self._found.get(place, 0) + 1
        return Line(block=block.number, line=line, left=left, y=run.y, font=run.setting)

    def _mixed(self, page_number: int, text: str) -> PlateError:
        """What is wrong with a run that is not a placeholder alone; its block is named where that can be told."""
        what = "stands in one run with other text, or CSS changes its letters"
        start = text.index(placeholders.LEAD)
        place = placeholders.read(text[start : start + placeholders.LETTERS])
        if place is None:
            return PlateError(f"{self._piece.pack}: on page {page_number} a field {what}: {text!r}")
        return self._piece.error(self._laid_out.blocks[place[0]], what)

    def _left(
        self,
        block: Block,
        column: Column,
        run: objects.Run,
        text: str,
        *,
        chunk: bytes,
        runs: Sequence[objects.Run],
    ) -> float:
        """Where the block's lines begin at most to the left.

        Raises `PlateError` where a line that is set in this place would not stand as the page has it.
        """
        face = self._piece.faces[column.face]
        if (run.font.face, run.size) != (column.face, column.size):
            raise self._piece.error(block, "has another face or size than when it was measured")
        if not run.plain:
            raise self._piece.error(block, "is underlined, struck out, turned or decorated")
        for stand in self._stands[text]:
            if stand.hindrance:
                raise self._piece.error(block, f"has {stand.hindrance}")
            if stand.justified and not block.spread:
                raise self._piece.error(block, "is justified by CSS: say justify=True to f(), or align it")
        width = face.width(text, column.size) / UNITS
        left = run.x - column.align * (column.room - width)
        if _without_no_kerning(chunk) != self._written(column, text):
            raise self._piece.error(block, "has its letters changed or spaced by CSS")
        others = [
            other
            for other in runs
            if other is not run
            and abs(float(other.y) - float(run.y)) < _SAME_LINE
            and left - _CLOSE <= other.x < left + column.room - _CLOSE
        ]
        if others:
            raise self._piece.error(block, "shares its lines with other text, and must stand alone in its column")
        if abs(left - column.left) > _CLOSE:
            raise self._piece.error(
                block,
                "does not begin where it was measured: other text stands before it, or the libraries that lay out a "
                "page have changed since",
            )
        if any(abs(stand.width - column.room) > _CLOSE for stand in self._stands[text]):
            raise self._piece.error(
                block,
                "has a column of another width than when it was measured: it follows its contents (fix it), or the "
                "libraries that lay out a page have changed since",
            )
        # As with the room, what is printed is rounded.
        return (
            min((stand.left for stand in self._stands[text]), key=lambda one: abs(one - left)) if column.align else left
        )

    def _written(self, column: Column, text: str) -> bytes:
        key = column.face, column.size
        face = self._piece.faces[column.face]
        if key not in self._writings:
            self._writings[key] = Writing(face, column.size, self._cuts[column.face].widest.widths)
        return f"[{self._writings[key].array(face.runs(text, column.size))}] TJ".encode()

    def _catchword(self, page_number: int, run: objects.Run, text: str) -> Catchword:
        width = self._piece.faces[run.font.face].width(text, run.size) / UNITS
        right = min(
            (stand.left + stand.width for stand in self._stands[text]), key=lambda one: abs(one - run.x - width)
        )
        if abs(right - run.x - width) > _CLOSE:
            raise PlateError(f"{self._piece.pack}: the foot of a page must be set to the right, for its catchword")
        openings = self._laid_out.openings
        opening = openings[page_number - 1] if page_number <= len(openings) else ()
        return Catchword(
            right=right,
            y=run.y,
            font=run.setting,
            face=run.font.face,
            size=run.size,
            opening=tuple((placeholders.read(one.text) or one.text, one.is_marker) for one in opening),
        )


class _File:
    """The parts of a plate that are no page's contents: objects, packed as far as they are constant."""

    def __init__(
        self,
        piece: Workpiece,
        laid_out: LaidOut,
        *,
        contents: set[int],
        cuts: Mapping[FaceName, Cut],
        used: Mapping[FaceName, set[int]],
    ) -> None:
        self._piece = piece
        self._blocks = laid_out.blocks
        self._pdf = pdf = laid_out.pdf
        self._offsets: dict[int, tuple[int, int, int]] = {}
        self.attached: Attached | None = None
        self.faces = tuple(self._faces(cuts, used))
        varying = contents | {number for face in self.faces for number in (face.file, face.to_unicode, face.font)}
        streams, packed = [], []
        for item in pdf.objects[1:]:
            kind = getattr(item, "extra", {}).get("Type")
            if item.number in varying:
                continue
            if not isinstance(item, pydyf.Stream):
                packed.append(item)
            elif kind == "/Metadata":
                self.metadata = item.number, tuple(self._cut(_data(item).decode()))
            elif kind == "/EmbeddedFile":
                self.attached = self._attachment(item)
            else:
                self._check_constant(_data(item))
                self._check_no_text(item)
                streams.append(item)
        self.start = self._start(streams, packed)
        # Behind the objects of the layout: information dictionary, object stream, cross-reference stream.
        self.size = len(pdf.objects) + 3
        self.offsets = b"".join(ROW.pack(*self._offsets.get(number, (0, 0, 0))) for number in range(self.size))
        self.info = len(pdf.objects), self._information()

    def _faces(self, cuts: Mapping[FaceName, Cut], used: Mapping[FaceName, set[int]]) -> Iterator[PlateFace]:
        for font in objects.fonts(self._pdf, self._piece.family).values():
            cut = cuts[font.face]
            known = [subset.widths for subset in cut.subsets]
            descendant = self._pdf.objects[font.descendant]
            widths = dict(_widths(descendant["W"]))
            # WeasyPrint rounds a width at the size at which it meets the glyph first, and may be one off.
            wrong = [glyph for glyph in used[font.face] if abs(widths[glyph] - known[-1].get(glyph, _NO_WIDTH)) > 1]
            if wrong:
                raise PlateError(
                    f"{self._piece.pack}: the page prints glyphs that the typeface's subset lacks: {wrong}"
                )
            rest = pydyf.Dictionary({name: value for name, value in descendant.items() if name != "W"})
            yield PlateFace(
                face=font.face,
                subsets=cut.digests,
                needs=next(tier for tier, one in enumerate(known) if used[font.face] <= one.keys()),
                file=font.file,
                to_unicode=font.to_unicode,
                font=font.descendant,
                descendant=rest.data.removesuffix(b">>"),
            )

    def _start(self, streams: Sequence[Any], packed: Sequence[Any]) -> bytes:
        parts = [HEADER]
        end = len(HEADER)

        def add(number: int, data: bytes) -> None:
            nonlocal end
            self._offsets[number] = (1, end, 0)
            parts.append(indirect(number, data))
            end += len(parts[-1])

        for item in streams:
            dictionary = pydyf.Dictionary(item.extra).data.removesuffix(b">>")
            add(item.number, packed_stream(dictionary, _data(item), level=_LEVEL))
        index, bodies, position = [], [], 0
        # As WeasyPrint has it, the object stream's number comes after that of the information dictionary.
        stream = len(self._pdf.objects) + 1
        for place, item in enumerate(packed):
            body = item.data
            self._check_constant(body)
            self._offsets[item.number] = (2, stream, place)
            index += [item.number, position]
            bodies.append(body)
            position += len(body) + 1
        head = b" ".join(b"%d" % number for number in index) + b"\n"
        dictionary = b"<</Type /ObjStm/N %d/First %d" % (len(packed), len(head))
        add(stream, packed_stream(dictionary, head + b"\n".join(bodies), level=_LEVEL))
        return b"".join(parts)

    def _cut(self, metadata: str) -> Iterator[str]:
        """XMP, cut where title and dates stand; those parts are named, between the constant ones."""
        for part in re.split(f"({re.escape(workpiece.TITLE)}|{re.escape(xmp_date(workpiece.CREATED))})", metadata):
            yield {workpiece.TITLE: "title", xmp_date(workpiece.CREATED): "created"}.get(part, part)

    def _attachment(self, item: Any) -> Attached:
        extra = {name: value for name, value in item.extra.items() if name != "Params"}
        return Attached(number=item.number, dictionary=pydyf.Dictionary(extra).data.removesuffix(b">>"))

    def _information(self) -> str:
        varying = {"Title", "CreationDate", "ModDate"}
        if not varying <= self._pdf.info.keys():
            raise PlateError(f"{self._piece.pack}: the layout gives no {varying - self._pdf.info.keys()}")
        rest = {name: value for name, value in self._pdf.info.items() if name not in varying}
        return str(pydyf.Dictionary(rest).data.removesuffix(b">>").decode())

    def _check_no_text(self, stream: Any) -> None:
        """Raises `PlateError` where a form or pattern (behind opacity, say) draws a placeholder."""
        leads = {run.glyphs[0] for face in self._piece.faces.values() for run in face.runs(placeholders.LEAD, UNITS)}
        if any(leads & set(objects.glyphs(chunk)) for chunk in objects.chunks(stream) if chunk.endswith(b"TJ")):
            raise PlateError(
                f"{self._piece.pack}: a field stands in what is drawn apart from the page, as with opacity"
            )

    def _check_constant(self, data: bytes) -> None:
        """Raises `PlateError` where what should be constant holds a placeholder."""
        if found := _LEAD_IN_TEXT.search(data):
            place = placeholders.read(bytes.fromhex(found[1].decode()).decode("utf-16-be"))
            what = "stands in an alternative text, a bookmark or a link; say there what is known from the shape"
            if place is None:
                raise PlateError(f"{self._piece.pack}: a field {what}")
            raise self._piece.error(self._blocks[place[0]], what)
        for foreign in (workpiece.TITLE.encode(), workpiece.ATTACHMENT, workpiece.DRAWING):
            if foreign in data:
                raise PlateError(f"{self._piece.pack}: the layout puts {foreign.decode()!r} where it is not looked for")


def _without_no_kerning(array: bytes) -> bytes:
    """A TJ without the kernings of nothing that WeasyPrint writes where its rounding leaves a fraction."""
    return array.replace(b">0<", b"").replace(b">0]", b">]")


def _data(stream: Any) -> bytes:
    return b"\n".join(objects.chunks(stream))


def _widths(array: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Glyphs and their widths, from a W array in its form `first [width…]` (ISO 32000-1 9.7.4.3)."""
    for first, widths in zip(array[::2], array[1::2], strict=True):
        yield from enumerate(widths, start=first)
