"""An unsigned document made once more, from decision, plate and statement, to see whether its bytes are the same.

Nothing here writes. What a document is made of is read from the registry and the file store, filled into the plate that
it names, and held by its SHA-256 against the registry's row.
"""

import dataclasses
import enum
import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader

from registry import decisions, destructions, instruments
from registry.blobs import DamagedError, MissingError
from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.canonical import sha256
from registry.formats.errors import AbsahError, DocumentError, UnavailableError
from registry.formats.language import N_
from registry.instruments import Filled, InstrumentError
from signing import printing
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.plates.filling import FILL_VERSION
from templates.plates.plate import PlateError
from templates.renderer import Renderer

# What a row raises that no honest program wrote, or that belongs to a pack that is not there.
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError)


class Result(enum.StrEnum):
    """What came of making a document once more."""

    SAME = "same"
    DIFFERENT = "different"
    # Nothing was made, because …
    NOT_RENDERED = "not_rendered"
    WITHOUT_PLATE = "without_plate"
    OTHER_FILLING = "other_filling"
    DESTROYED = "destroyed"
    PLATE_LOST = "plate_lost"
    UNUSABLE = "unusable"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reprint:
    """A document that was made once more, or why it was not.

    `pdf` is None where nothing was made. `parts` are what differs ("page 2", "attachment", "metadata", "file"), empty
    where the document as it was is not at hand to compare; `reason` is the error behind a result.
    """

    number: str
    result: Result
    pdf: bytes | None = None
    parts: tuple[str, ...] = ()
    fill_version: int | None = None
    reason: AbsahError | None = None


class Reprinter:
    """Makes documents of one office once more."""

    def __init__(
        self,
        *,
        database: Database,
        documents: DocumentStore,
        office: OfficeProfile,
        host: str,
        pack: Callable[[str], Pack],
        renderer: Renderer,
    ) -> None:
        """`pack` gives a pack by name and version."""
        self._database = database
        self._documents = documents
        self._office = office
        self._host = host
        self._pack = pack
        self._renderer = renderer

    def of_number(self, number: str) -> Reprint:
        """The document with this number. Raises `InstrumentError` where the office never gave it."""
        with self._database.read() as tx:
            instrument = instruments.of_number(tx, office=self._office.id, number=number)
            if instrument is None:
                raise InstrumentError(N_("Tidak ada naskah nomor {number} dalam registri ini."), number=number)
            gone = destructions.is_destroyed(tx, instrument.id)
            unsigned = instruments.unsigned(tx, instrument)
        if gone:
            return Reprint(number=number, result=Result.DESTROYED)
        if unsigned is None:
            return Reprint(number=number, result=Result.NOT_RENDERED)
        if unsigned.plate is None:
            return Reprint(number=number, result=Result.WITHOUT_PLATE)
        return self.of(Filled(instrument=instrument, unsigned=unsigned))

    def of_all(self) -> Iterator[Reprint]:
        """Every document that names a plate, the oldest first; one at a time, and no transaction stays open."""
        for filled in instruments.filled(self._database, office=self._office.id):
            yield self.of(filled)

    def of(self, filled: Filled) -> Reprint:
        """One document whose page names a plate.

        Raises `UnavailableError` where registry or file store do not answer.
        """
        instrument, unsigned = filled.instrument, filled.unsigned
        plate, number = unsigned.plate, instrument.number
        if plate is None:
            raise ValueError(f"{number} names no plate")
        if unsigned.fill_version != FILL_VERSION:
            return Reprint(number=number, result=Result.OTHER_FILLING, fill_version=unsigned.fill_version)
        try:
            with self._database.read() as tx:
                public = decisions.by_id(tx, instrument.decision).public
            pack = self._pack(instrument.pack)
            asked = printing.document(instrument, public, pack=pack, office=self._office, host=self._host)
            made = self._renderer.again(plate, **asked)
        except (MissingError, DamagedError, PlateError) as error:
            return Reprint(number=number, result=Result.PLATE_LOST, reason=error)
        except DocumentError as error:
            return Reprint(number=number, result=Result.DIFFERENT, reason=error)
        except _UNREADABLE as error:
            return Reprint(number=number, result=Result.UNUSABLE, reason=DocumentError(str(error)))
        if sha256(made.pdf) == unsigned.sha256:
            return Reprint(number=number, result=Result.SAME, pdf=made.pdf)
        return Reprint(
            number=number, result=Result.DIFFERENT, pdf=made.pdf, parts=self._differences(unsigned.sha256, made.pdf)
        )

    def _differences(self, recorded: bytes, made: bytes) -> tuple[str, ...]:
        try:
            before = _parts(self._documents.get(recorded))
        except UnavailableError:
            return ()
        after = _parts(made)
        return tuple(name for name in {**before, **after} if before.get(name) != after.get(name)) or ("file",)


def _parts(pdf: bytes) -> dict[str, bytes]:
    """What a document of ours consists of for a reader, by name."""
    reader = PdfFileReader(io.BytesIO(pdf))
    found = {
        f"page {number}": page.get_object()["/Contents"].data
        for number, page in enumerate(reader.root["/Pages"]["/Kids"], start=1)
    }
    found["attachment"] = b"".join(_embedded(reader.root))
    found["metadata"] = reader.root["/Metadata"].data
    return found


def _embedded(root: Any) -> Iterator[bytes]:
    try:
        files = root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return
    for entry in list(files)[1::2]:
        yield entry.get_object()["/EF"]["/F"].data
