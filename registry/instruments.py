"""Instruments: what carries a number, be it a permit, a decree or a letter. Frozen, rendered, then issued exactly once.

How far an instrument has come is read from the rows themselves (`stage`); there is no status column that could
disagree with them. Until the issue an instrument may thaw and freeze again; a trigger refuses any change after.
"""

import dataclasses
import datetime
import enum
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from registry import ledger, mandates, numbers, schema, search
from registry.database import Database, insert
from registry.decisions import fold, revisions
from registry.formats.canonical import sha256
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import Kind, PublicField, Status
from registry.formats.spoken import SpokenError
from registry.kinds import kind_of

SLOTS_A_LIST: Final = 2**17
MAX_DRAWS: Final = 16
_BATCH: Final = 256


class InstrumentError(SpokenError):
    """What was asked is not possible for this instrument as it stands."""


class Stage(enum.StrEnum):
    """How far an instrument has come."""

    FROZEN = "frozen"
    RENDERED = "rendered"
    ISSUED = "issued"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A frozen instrument. `freeze` counts its freezes; `shape` is what its page is laid out from."""

    id: int
    kind: Kind
    decision: int
    pack: str
    serial: int
    number_row: int
    number: str
    date_of_issue: datetime.date
    valid_until: datetime.date | None
    mandate: int
    statement: bytes
    shape: dict[str, object]
    freeze: int
    frozen_at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """The unsigned document of an instrument's present freeze, and where things stand on its page.

    `plate` is the SHA-256 of the plate that its page was filled from, by that version of filling; both are None for a
    page of before there were plates.
    """

    id: int
    sha256: bytes
    layout: dict[str, dict[str, float]]
    plate: bytes | None = None
    fill_version: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a freeze fixes, beside decision and number. `holder` is the full name, for the office's own search."""

    pack: str
    number: str
    date_of_issue: datetime.date
    valid_until: datetime.date | None
    mandate: int
    statement: bytes
    public_view: tuple[PublicField, ...]
    shape: dict[str, object]
    holder: str
    kind: Kind = Kind.PERMIT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An instrument whose page was filled from a plate, with that page: what is needed to fill it once more."""

    instrument: Instrument
    unsigned: Unsigned


_COLUMNS: Final = [schema.instruments.c[field.name] for field in dataclasses.fields(Instrument)]
_PAGE: Final = [schema.documents.c[field.name] for field in dataclasses.fields(Unsigned)]


def of_reference(tx: sa.Connection, *, office: str, source: str, reference: str) -> Instrument | None:
    """The instrument of any revision of a decision."""
    decisions, instruments = schema.decisions.c, schema.instruments.c
    return _one(
        tx,
        sa.select(*_COLUMNS)
        .join(schema.decisions, decisions.id == instruments.decision)
        .where(decisions.office == office, decisions.reference_key == fold(source, reference)),
    )


def of_number(tx: sa.Connection, *, office: str, number: str) -> Instrument | None:
    """The instrument that carries this number, in its one spelling."""
    table = schema.instruments.c
    return _one(tx, sa.select(*_COLUMNS).where(table.office == office, table.number == number))


def by_id(tx: sa.Connection, instrument: int) -> Instrument:
    """The instrument with this id. Raises `LookupError`."""
    found = _one(tx, sa.select(*_COLUMNS).where(schema.instruments.c.id == instrument))
    if found is None:
        raise LookupError(f"no instrument {instrument}")
    return found


def stage(tx: sa.Connection, instrument: Instrument) -> Stage:
    """How far the instrument has come."""
    entries = schema.log_entries.c
    issued = sa.select(entries.id).where(entries.instrument == instrument.id, entries.event == Event.ISSUE.value)
    if tx.execute(issued).first() is not None:
        return Stage.ISSUED
    return Stage.FROZEN if unsigned(tx, instrument) is None else Stage.RENDERED


def draw_serial(tx: sa.Connection) -> int:
    """A free serial: list * 2**17 + slot, the slot random, so that it tells neither order nor number of permits.

    A list counts as full once `MAX_DRAWS` random slots of it were all taken, which happens when about two thirds are;
    the next one is begun then. So the cost does not grow with the number of permits, and nothing is counted.
    """
    table = schema.instruments.c
    highest = tx.execute(sa.select(sa.func.max(table.serial))).scalar()
    first = 0 if highest is None else highest - highest % SLOTS_A_LIST
    while True:
        for _ in range(MAX_DRAWS):
            serial = first + secrets.randbelow(SLOTS_A_LIST)
            if tx.execute(sa.select(table.id).where(table.serial == serial)).first() is None:
                return serial
        first += SLOTS_A_LIST


def freeze(
    tx: sa.Connection,
    *,
    office: str,
    decision: int,
    number_row: int,
    serial: int,
    frozen: Frozen,
    thawed: Instrument | None,
    now: datetime.datetime,
) -> Instrument:
    """Fix what will be printed: a new instrument, or a new freeze of one that thawed before it was issued.

    A permit stays a permit and a decree a decree, however often they freeze. Raises `InstrumentError` otherwise.
    """
    if thawed is not None and thawed.kind is not frozen.kind:
        raise InstrumentError(
            N_("{number} disiapkan sebagai {kind}, bukan {other}. Catat {other} itu dengan nomor rujukan lain."),
            number=thawed.number,
            kind=thawed.kind,
            other=frozen.kind,
        )
    values: dict[str, object] = {
        "decision": decision,
        "pack": frozen.pack,
        "serial": serial,
        "number_row": number_row,
        "number": frozen.number,
        "date_of_issue": frozen.date_of_issue,
        "valid_until": frozen.valid_until,
        "mandate": frozen.mandate,
        "statement": frozen.statement,
        "public_view": [dataclasses.asdict(field) for field in frozen.public_view],
        "shape": frozen.shape,
        "frozen_at": now,
    }
    table = schema.instruments
    if thawed is not None:
        tx.execute(table.update().where(table.c.id == thawed.id).values(freeze=thawed.freeze + 1, **values))
        key = thawed.id
    else:
        key = insert(tx, table, kind=frozen.kind.value, office=office, freeze=1, **values)
    search.keep(tx, instrument=key, name=frozen.holder)
    return by_id(tx, key)


def unsigned(tx: sa.Connection, instrument: Instrument) -> Unsigned | None:
    """The unsigned document of the present freeze, if it was rendered."""
    table = schema.documents.c
    query = sa.select(*_PAGE).where(
        table.instrument == instrument.id, table.kind == "unsigned", table.revision == instrument.freeze
    )
    row = tx.execute(query).mappings().first()
    return None if row is None else Unsigned(**row)


def filled(database: Database, *, office: str, number: str | None = None) -> Iterator[Filled]:
    """Every instrument of an office, or the one with this number, whose present page names a plate; the oldest first.

    Pages of before there were plates and those of destroyed permits are passed over. They are read in batches, each in
    a transaction of its own: whoever fills every page again holds none open meanwhile.
    """
    after = 0
    while batch := _filled_after(database, after, office=office, number=number):
        yield from batch
        after = batch[-1].instrument.id


def _filled_after(database: Database, after: int, *, office: str, number: str | None) -> list[Filled]:
    instruments, documents, destructions = schema.instruments.c, schema.documents.c, schema.destructions.c
    page = sa.and_(
        documents.instrument == instruments.id,
        documents.kind == "unsigned",
        documents.revision == instruments.freeze,
        documents.plate.is_not(None),
    )
    query = (
        sa.select(*_COLUMNS, *(column.label(f"page_{column.name}") for column in _PAGE))
        .join(schema.documents, page)
        .outerjoin(schema.destructions, destructions.instrument == instruments.id)
        .where(instruments.office == office, instruments.id > after, destructions.id.is_(None))
        .order_by(instruments.id)
        .limit(_BATCH)
    )
    if number is not None:
        query = query.where(instruments.number == number)
    with database.read() as tx:
        return [
            Filled(
                instrument=_instrument({column.name: row[column.name] for column in _COLUMNS}),
                unsigned=Unsigned(**{column.name: row[f"page_{column.name}"] for column in _PAGE}),
            )
            for row in tx.execute(query).mappings()
        ]


def record_unsigned(
    tx: sa.Connection,
    instrument: Instrument,
    *,
    file_sha256: bytes,
    layout: dict[str, dict[str, float]],
    plate: bytes,
    fill_version: int,
    now: datetime.datetime,
) -> None:
    """Record the rendered document of the present freeze; the bytes already stand in the file store.

    So do those of its `plate`, which is named by its SHA-256 beside the version of filling.
    """
    insert(
        tx,
        schema.documents,
        instrument=instrument.id,
        kind="unsigned",
        revision=instrument.freeze,
        sha256=file_sha256,
        layout=layout,
        plate=plate,
        fill_version=fill_version,
        recorded_at=now,
    )


def issue(
    tx: sa.Connection,
    instrument: Instrument,
    *,
    parent: Unsigned,
    file_sha256: bytes,
    signing_profile: str,
    signer_certificate: int,
    validation_data: tuple[tuple[str, bytes], ...],
    now: datetime.datetime,
) -> None:
    """The moment of issue: signed document, status and log entry in the caller's one transaction.

    `validation_data` are (kind, SHA-256) of the chain and revocation lists of the day; bytes of all documents
    already stand in the file store. Raises `InstrumentError` if the permit was issued before, or its number given up,
    and `MandateError` where the mandate does not cover the date of issue or the certificate is not its holder's.
    """
    if stage(tx, instrument) is Stage.ISSUED:
        raise InstrumentError(N_("{kind} {number} sudah terbit."), kind=instrument.kind, number=instrument.number)
    if numbers.by_row(tx, instrument.number_row).fate is not numbers.Fate.USED:
        raise InstrumentError(
            N_("Nomor {number} sudah dibatalkan. Siapkan {kind}nya sekali lagi; nomornya akan lain."),
            kind=instrument.kind,
            number=instrument.number,
        )
    mandates.require(
        tx,
        instrument.mandate,
        pack=instrument.pack,
        day=instrument.date_of_issue,
        certificate=signer_certificate,
        now=now,
    )
    document = insert(
        tx,
        schema.documents,
        instrument=instrument.id,
        kind="signed",
        revision=1,
        sha256=file_sha256,
        parent=parent.id,
        signing_profile=signing_profile,
        signer_certificate=signer_certificate,
        recorded_at=now,
    )
    for kind, digest in validation_data:
        tx.execute(schema.validation_data.insert().values(document=document, kind=kind, sha256=digest))
    change = insert(
        tx,
        schema.status_changes,
        instrument=instrument.id,
        sequence=1,
        status=Status.IN_FORCE.value,
        change=Event.ISSUE.value,
        ground="issue",
        effective_at=now,
        recorded_at=now,
    )
    ledger.append(
        tx,
        event=Event.ISSUE,
        subject=(
            *(("decisions", revision) for revision in revisions(tx, instrument.decision)),
            ("decision_objects", instrument.decision),
            ("numbers", instrument.number_row),
            ("instruments", instrument.id),
            ("documents", parent.id),
            ("documents", document),
            ("validation_data", document),
            ("status_changes", change),
        ),
        instrument=instrument.id,
        serial=instrument.serial,
        statement_sha256=sha256(instrument.statement),
        file_sha256=file_sha256,
        effective=now,
        recorded=now,
    )


def _one(tx: sa.Connection, query: sa.Select[tuple[object, ...]]) -> Instrument | None:
    row = tx.execute(query).mappings().first()
    return None if row is None else _instrument(row)


def _instrument(row: Mapping[Any, Any]) -> Instrument:
    return Instrument(**{**row, "kind": kind_of(row["kind"])})
