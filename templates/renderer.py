"""The renderer: a decision's values become PDF/A-3a and PDF/UA-1 at once, by filling a plate.

Values are broken into lines for the columns that their shape was measured to have; shape and line counts name a plate;
the plate is filled. A shape that is new is measured, a plate that is new is compiled, and both are kept on the shelf:
so a page stays what it was, however the libraries that lay out the next one change.
"""

import collections
import dataclasses
import datetime
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from registry.formats import canonical
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.record import QrPlace
from registry.formats.statement import parse_link
from templates import fonts, limits, page, qr, symbol
from templates.fingerprint import Fingerprint
from templates.pack import Pack
from templates.page import SignatureBox
from templates.plates.filling import FILL_VERSION, Filler, Typeset, broken, room_for
from templates.plates.maker import Maker
from templates.plates.plate import FaceName, Measure, PlateError
from templates.plates.shelf import MemoryShelf, Shelf
from templates.typesetting.face import Face

# Plates are some 100 KB each, unpacked.
_REMEMBERED: Final = 512


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An unsigned document, where on its pages code and signature block are, and the plate (SHA-256) that it fills."""

    pdf: bytes
    pages: int
    qr: QrPlace
    signature: SignatureBox
    plate: bytes
    fill_version: int = FILL_VERSION


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What names a plate: a shape of a pack, and how many lines each of its blocks has room for."""

    pack: Pack
    shape: Mapping[str, Any]
    digest: bytes
    measure: Measure
    lines: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """A shape that documents were rendered in: its digest, its measure, its faces, and the names of its values."""

    digest: bytes
    measure: Measure
    faces: Mapping[FaceName, Face]
    names: frozenset[str]


class Renderer:
    """Renders documents. Threads may share it; those that lay out a page take turns."""

    def __init__(
        self,
        *,
        shelf: Shelf | None = None,
        typeface: Callable[[str], fonts.Fonts] = fonts.Fonts.find,
        allowed: limits.RenderLimits | None = None,
        fingerprint: Callable[[Sequence[fonts.Fonts]], Fingerprint] = Fingerprint.here,
    ) -> None:
        """Plates are kept on `shelf`, by default only as long as the renderer is.

        `typeface` gives the faces of a family by its name, for pages that are new.
        """
        self._allowed = allowed or limits.RenderLimits()
        self._maker = Maker(
            shelf=MemoryShelf() if shelf is None else shelf,
            typeface=typeface,
            allowed=self._allowed,
            fingerprint=fingerprint,
        )
        self._shapes: dict[bytes, _Shape] = {}
        self._fillers: collections.OrderedDict[bytes, Filler] = collections.OrderedDict()
        self._plates: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._lock = threading.Lock()

    def render(
        self,
        pack: Pack,
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        host: str,
        link: str | None,
        number: str,
        attachment: bytes | None,
        created: datetime.datetime,
    ) -> Rendered:
        """The document as PDF; `created` (aware) is all its dates.

        `attachment` (canonical JSON) goes in as izin.json. `link` is the text of the code, at `host`, which is printed
        beside it; a draft has neither attachment nor link, and an empty frame where the code will be.

        Raises `DocumentError` where a letter has no glyph, a limit is exceeded, or the link is none or does not fit its
        symbol; `UnavailableError` where the pack's page or the office's emblem asks for what is not its own, or no
        plate can be made of the page.
        """
        values = self._values(fields, host=host, number=number)
        if link is not None and parse_link(link)[0] != host:
            raise ValueError(f"the link is not at {host}")
        signature, lines = self._signature(pack, shape, values)
        plate = self._plate(signature)
        return self._fill(plate, lines, shape, number=number, link=link, attachment=attachment, created=created)

    def signature(
        self, pack: Pack, *, shape: Mapping[str, Any], fields: Mapping[str, str], host: str, number: str
    ) -> Signature:
        """The signature of a document; a shape that is new is measured. Raises what `render` raises."""
        return self._signature(pack, shape, self._values(fields, host=host, number=number))[0]

    def plate_of(self, signature: Signature) -> bytes | None:
        """The SHA-256 of a signature's plate, None where it is still to be made."""
        known = self._plates.get((signature.digest, signature.lines))
        if known is None:
            known = self._maker.find(signature.pack, digest=signature.digest, lines=signature.lines)
            if known is not None:
                self._plates[signature.digest, signature.lines] = known
        return known

    def make(self, signature: Signature) -> bytes:
        """Make and keep the plate of a signature; its SHA-256. Raises what `render` raises."""
        made = self._maker.make(
            signature.pack,
            signature.shape,
            digest=signature.digest,
            measure=signature.measure,
            lines=signature.lines,
        )
        return self._plates.setdefault((signature.digest, signature.lines), made)

    def keep(self, signature: Signature, plate: bytes) -> bytes:
        """Keep the plate (its bytes) that another process compiled for a signature; the SHA-256, as `make` gives it.

        Raises `PlateError` for what is no plate, or another signature's.
        """
        kept = self._maker.keep(
            plate, signature.pack, digest=signature.digest, measure=signature.measure, lines=signature.lines
        )
        return self._plates.setdefault((signature.digest, signature.lines), kept)

    def lend(self, signature: Signature, to: Shelf) -> None:
        """Keep on another shelf what the plate of a signature is compiled from, besides its pack."""
        self._maker.lend(signature.measure, to)

    def has_measured(self, pack: Pack, shape: Mapping[str, Any]) -> bool:
        """Whether documents of this shape were laid out before, by anyone."""
        return self._maker.has_measure(pack, digest=_digest(shape))

    def again(
        self,
        plate: bytes,
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        host: str,
        link: str,
        number: str,
        attachment: bytes,
        created: datetime.datetime,
    ) -> Rendered:
        """A document once more, from the plate that it was made of.

        Raises `UnavailableError` where the plate is missing or damaged, `DocumentError` where it is another document's.
        """
        filler = self._filler(plate)
        if filler.plate.shape != _digest(shape):
            raise DocumentError(f"the plate {plate.hex()} is of another shape")
        values = self._values(fields, host=host, number=number)
        if strangers := {name for column in filler.plate.columns for name in column.names} ^ values.keys():
            raise DocumentError(f"the plate {plate.hex()} has other values: {', '.join(sorted(strangers))}")
        lines = broken(filler.plate.columns, values, filler.faces)
        if room_for(filler.plate.columns, lines) != filler.plate.lines:
            raise DocumentError(f"the values take other lines than the plate {plate.hex()} has")
        return self._fill(plate, lines, shape, number=number, link=link, attachment=attachment, created=created)

    def _values(self, fields: Mapping[str, str], *, host: str, number: str) -> dict[str, str]:
        # Whoever scans should know which address to expect, so the host is printed beside the code.
        values = {**fields, "host": host}
        limits.check_letters(values, self._allowed)
        for path, text in (*values.items(), ("number", number)):
            if letters := fonts.foreign_letters(text, own=True):
                raise DocumentError(f"{path} holds letters that the typeface lacks: {letters!r}")
        return values

    def _signature(self, pack: Pack, shape: Mapping[str, Any], values: Mapping[str, str]) -> tuple[Signature, Typeset]:
        known = self._shape(pack, shape, values)
        if values.keys() != known.names:
            raise PlateError(f"{pack.name}: values of one shape differ: {sorted(values.keys() ^ known.names)}")
        columns = known.measure.columns
        lines = broken(columns, values, known.faces)
        signature = Signature(
            pack=pack, shape=shape, digest=known.digest, measure=known.measure, lines=room_for(columns, lines)
        )
        return signature, lines

    def _shape(self, pack: Pack, shape: Mapping[str, Any], values: Mapping[str, str]) -> _Shape:
        # Quick, and for this process alone; the digest that is kept is of the canonical form.
        own = hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).digest()
        if own not in self._shapes:
            limits.check_rows(shape["rows"], self._allowed)
            for path, text in fonts.texts(shape):
                if letters := fonts.foreign_letters(text, own=True):
                    raise DocumentError(f"{path} holds letters that the typeface lacks: {letters!r}")
            digest = _digest(shape)
            measure = self._maker.measure(pack, shape, digest=digest, names=list(values))
            names = frozenset(name for column in measure.columns for name in column.names)
            if len(self._shapes) >= _REMEMBERED:
                self._shapes.clear()
            self._shapes[own] = _Shape(
                digest=digest, measure=measure, faces=self._maker.faces(measure.typeface), names=names
            )
        return self._shapes[own]

    def _plate(self, signature: Signature) -> bytes:
        """A plate that can be read and is of this signature, made where there is none."""
        plate = self.plate_of(signature)
        if plate is None:
            return self.make(signature)
        try:
            found = self._filler(plate).plate
        except UnavailableError:
            # Lost or damaged. The same bytes made again mend it; where they differ by now, keeping them is refused.
            return self.make(signature)
        measure = signature.measure
        wanted = (signature.pack.name, signature.digest, signature.lines, measure.typeface, measure.columns)
        if (found.pack, found.shape, found.lines, found.typeface, found.columns) != wanted:
            raise PlateError(f"the plate {plate.hex()} stands in another's place")
        return plate

    def _filler(self, plate: bytes) -> Filler:
        with self._lock:
            if plate in self._fillers:
                self._fillers.move_to_end(plate)
                return self._fillers[plate]
        read = self._maker.plate(plate)
        filler = Filler(read, sha256=plate, types=self._maker.types(read))
        with self._lock:
            self._fillers[plate] = filler
            if len(self._fillers) > _REMEMBERED:
                self._fillers.popitem(last=False)
        return filler

    def _fill(
        self,
        plate: bytes,
        lines: Typeset,
        shape: Mapping[str, Any],
        *,
        number: str,
        link: str | None,
        attachment: bytes | None,
        created: datetime.datetime,
    ) -> Rendered:
        if created.tzinfo is None:
            raise ValueError("created must be an aware datetime")
        if not (page.is_draft(shape) == (link is None) == (attachment is None)):
            raise ValueError("a draft, and nothing else, has neither link nor attachment")
        filler = self._filler(plate)
        pdf = filler.fill(
            lines,
            title=page.title(shape, number),
            created=created.replace(microsecond=0),
            drawing=symbol.VOID if link is None else symbol.path(qr.modules(link)),
            attachment=attachment,
        )
        return Rendered(
            pdf=pdf,
            pages=len(filler.plate.pages),
            qr=filler.plate.qr_place,
            signature=filler.plate.signature_box,
            plate=plate,
        )


def _digest(shape: Mapping[str, Any]) -> bytes:
    return canonical.sha256(canonical.dump(dict(shape)))
