"""The rules that every registry keeps: no gap in numbers, permits within a mandate, files that are what they were."""

import datetime
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from registry import destructions, mandates, schema
from registry.formats import canonical
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.logentry import Event
from registry.formats.record import MandateRecord
from registry.fsck.difference import Difference, Store, stream

# The office's zone is not known here: a day as its own zone has it lies within a day of the same instant in UTC.
_ONE_DAY: Final = datetime.timedelta(days=1)


def checks(tx: sa.Connection, documents: Store) -> Iterator[tuple[str, Iterator[Difference]]]:
    """Each rule by the name of what it looks at, with everything that breaks it."""
    yield "numbers", _numbers(tx)
    yield "instruments", _printed_twice(tx)
    yield "mandates", _authority(tx)
    yield "decisions", _decisions(tx)
    yield "documents", _files(tx, documents)
    yield "plates", _plates(tx, documents)
    yield "destructions", _destroyed(tx, documents)


def _numbers(tx: sa.Connection) -> Iterator[Difference]:
    table = schema.numbers.c
    first_of = {(row.series, row.year): row.first for row in tx.execute(sa.select(schema.number_openings))}
    expected: int | None = None
    before: tuple[str, int] | None = None
    query = sa.select(table.series, table.year, table.n).order_by(table.series, table.year, table.n)
    for row in stream(tx, query):
        series = (row.series, row.year)
        if series != before:
            before, expected = series, first_of.get(series, 1)
        place = f"{row.series} {row.year}"
        if expected is not None and row.n > expected:
            yield Difference(code="number_gap", place=place, detail={"from": str(expected), "to": str(row.n - 1)})
        elif expected is not None and row.n < expected:
            code = "number_before_opening" if row.n < first_of.get(series, 1) else "number_twice"
            yield Difference(code=code, place=place, detail={"n": str(row.n)})
        expected = max(expected or 1, row.n + 1)
    instruments = schema.instruments.c
    unused = (
        sa.select(table.series, table.year, table.n)
        .outerjoin(schema.instruments, instruments.number_row == table.id)
        .where(table.fate == "used", instruments.id.is_(None))
    )
    for row in tx.execute(unused):
        yield Difference(code="number_without_permit", place=f"{row.series} {row.year}", detail={"n": str(row.n)})


def _printed_twice(tx: sa.Connection) -> Iterator[Difference]:
    table = schema.instruments.c
    for column, code in (
        (table.number, "number_printed_twice"),
        (table.serial, "serial_twice"),
        (table.number_row, "number_reused"),
    ):
        twice = sa.select(column).group_by(table.office, column).having(sa.func.count() > 1)
        for value in tx.execute(twice).scalars():
            yield Difference(code=code, place=f"instruments {column.name} {value}")


def _authority(tx: sa.Connection) -> Iterator[Difference]:
    offices = tx.execute(sa.select(schema.mandates.c.office).distinct()).scalars().all()
    known: dict[int, MandateRecord] = {}
    for office in offices:
        given = mandates.every(tx, office=office)
        known.update(given)
        for place, (key, one) in enumerate(given):
            for other_key, other in given[:place]:
                if mandates.overlap(one, other):
                    yield Difference(code="mandates_overlap", place=f"mandates {other_key} and {key}")
    instruments, entries, numbers = schema.instruments.c, schema.log_entries.c, schema.numbers.c
    issued = (
        sa.select(
            instruments.number,
            instruments.pack,
            instruments.mandate,
            instruments.date_of_issue,
            numbers.year,
            numbers.fate,
            entries.recorded_at,
        )
        .join(schema.log_entries, sa.and_(entries.instrument == instruments.id, entries.event == Event.ISSUE.value))
        .outerjoin(schema.numbers, numbers.id == instruments.number_row)
    )
    for row in stream(tx, issued):
        yield from _check_issue(row, known.get(row.mandate))


def _check_issue(row: sa.Row[*tuple[Any, ...]], mandate: MandateRecord | None) -> Iterator[Difference]:
    place = f"permit {row.number}"
    if mandate is None or not mandate.holds(row.date_of_issue, row.pack):
        yield Difference(code="outside_mandate", place=place, detail={"day": row.date_of_issue.isoformat()})
    if abs(row.recorded_at.date() - row.date_of_issue) > _ONE_DAY or row.year != row.date_of_issue.year:
        yield Difference(
            code="back_dated",
            place=place,
            detail={"dated": row.date_of_issue.isoformat(), "issued": row.recorded_at.isoformat()},
        )
    if row.fate != "used":
        yield Difference(code="number_not_given", place=place, detail={"fate": str(row.fate)})


def _decisions(tx: sa.Connection) -> Iterator[Difference]:
    """The digest that the QR statement binds must be that of the decision's public part."""
    table = schema.decisions.c
    query = sa.select(table.id, table.canonical, table.digest).where(sa.func.length(table.canonical) > 0)
    for row in stream(tx, query):
        try:
            value = canonical.parse(bytes(row.canonical))
            public = value["public"] if isinstance(value, dict) else None
            right = canonical.sha256(canonical.dump(public)) == bytes(row.digest)
        except (DocumentError, KeyError):
            right = False
        if not right:
            yield Difference(code="decision_changed", place=f"decisions {row.id}")


def _files(tx: sa.Connection, documents: Store) -> Iterator[Difference]:
    """Every file that the tables name is in the store and is what it was."""
    table, proof, change = schema.documents.c, schema.validation_data.c, schema.status_changes.c
    destroyed = sa.select(schema.destructions.c.instrument).scalar_subquery()
    places = sa.union_all(
        sa.select(sa.literal("documents").label("name"), table.id.label("key"), table.sha256.label("sha256")).where(
            table.instrument.not_in(destroyed)
        ),
        sa.select(sa.literal("validation_data"), proof.document, proof.sha256),
        sa.select(sa.literal("status_changes"), change.id, change.decree_sha256).where(
            change.decree_sha256.is_not(None)
        ),
    ).subquery()
    # Many permits share the lists of a day: each file is read once.
    place = places.c
    named = sa.select(place.sha256, sa.func.min(place.name).label("name"), sa.func.min(place.key).label("key"))
    for row in stream(tx, named.group_by(place.sha256)):
        try:
            documents.get(bytes(row.sha256))
        except UnavailableError as error:
            yield Difference(code="document_lost", place=f"{row.name} {row.key}", detail={"why": str(error)})


def _plates(tx: sa.Connection, documents: Store) -> Iterator[Difference]:
    """Every plate that is recorded or that a page names is in the store and is what it was."""
    table, pages = schema.plates.c, schema.documents.c
    recorded = sa.select(table.sha256, sa.func.min(table.id).label("key")).group_by(table.sha256)
    # A replay brings pages back, and not the rows of plates.
    named = (
        sa.select(pages.plate.label("sha256"), sa.func.min(pages.id).label("key"))
        .where(pages.plate.is_not(None), pages.plate.not_in(sa.select(table.sha256)))
        .group_by(pages.plate)
    )
    for name, query in (("plates", recorded), ("plate of documents", named)):
        for row in stream(tx, query):
            try:
                documents.get(bytes(row.sha256))
            except UnavailableError as error:
                yield Difference(code="plate_lost", place=f"{name} {row.key}", detail={"why": str(error)})


def _destroyed(tx: sa.Connection, documents: Store) -> Iterator[Difference]:
    """What was destroyed by approval must be gone; what it leaves (number, hashes, entry) the other checks look at."""
    instruments, decisions = schema.instruments.c, schema.decisions.c
    gone = sa.select(schema.destructions.c.instrument)
    for instrument in tx.execute(gone).scalars().all():
        for sha256 in destructions.files(tx, instrument):
            try:
                documents.get(sha256)
            except UnavailableError:
                continue
            yield Difference(code="not_destroyed", place=f"file {sha256.hex()} of instruments {instrument}")
    full = (
        sa.select(instruments.id)
        .join(schema.decisions, decisions.id == instruments.decision)
        .where(instruments.id.in_(gone), sa.func.length(decisions.canonical) > 0)
    )
    for key in tx.execute(full).scalars():
        yield Difference(code="not_destroyed", place=f"decision of instruments {key}")
