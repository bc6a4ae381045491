"""The rows against the log: each entry's record must be made of the rows as they are, and each row have its entry."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from registry import ledger, schema, subjects
from registry.formats import logentry
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event, LogEntry
from registry.fsck.difference import UNREADABLE, Difference, Store, stream
from registry.fsck.keys import Keys

# Whose values may be shown; of the others only the column is named, because they may be somebody's data.
_SHOWN: Final = frozenset(
    {
        "number", "n", "year", "series", "fate", "date_of_issue", "valid_until", "valid_from", "last_day", "status",
        "change", "effective_at", "recorded_at", "decree", "decree_date", "decree_number", "sequence", "serial",
        "first", "revision", "freeze", "pack", "mode", "survey_done", "kind", "plate", "fill_version",
    }
)  # fmt: skip


def check(tx: sa.Connection, documents: Store) -> Iterator[Difference]:
    """Every row that was changed, removed or put in behind the program's back."""
    bound = defaultdict[str, Keys](Keys)
    destroyed = set(tx.execute(sa.select(schema.destructions.c.instrument)).scalars())
    table = schema.log_entries.c
    query = sa.select(
        table.id, table.event, table.instrument, table.entry, table.index.label("place"), table.subject, table.salt
    ).order_by(table.id)
    for row in stream(tx, query):
        try:
            entry = logentry.decode(bytes(row.entry))
        except logentry.LogEntryError:
            continue  # the walk over the log has named it
        if entry.record_sha256 is None:
            if row.subject is not None:
                yield Difference(code="subject_changed", place=f"log entry {row.id}")
            continue
        if not _is_subject(row.subject) or row.salt is None:
            yield Difference(code="subject_changed", place=f"log entry {row.id}")
            continue
        for name, key in row.subject:
            bound[name].add(key)
        emptied = row.instrument in destroyed and entry.event in ledger.EVENTS_WITH_CONTENT
        yield from _check_record(tx, row, entry, documents, emptied=emptied)
    yield from _unbound(tx, bound)
    yield from _flags(tx)


def _is_subject(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(place, list)
        and len(place) == 2  # noqa: PLR2004  # table and key
        and place[0] in schema.metadata.tables
        and type(place[1]) is int
        for place in value
    )


def _check_record(
    tx: sa.Connection, row: sa.Row[*tuple[Any, ...]], entry: LogEntry, documents: Store, *, emptied: bool
) -> Iterator[Difference]:
    try:
        rows = ledger.gather(tx, row.subject)
        same = rows is not None and sha256(ledger.write(rows, bytes(row.salt))) == entry.record_sha256
    except ledger.RecordError:
        rows, same = None, False  # no honest row has such values
    if rows is not None and (same or emptied):
        wrong = subjects.contradictions(entry, instrument=row.instrument, rows=rows)
        if wrong:
            yield Difference(code="entry_contradicts", place=f"log entry {row.id}", detail={"on": ", ".join(wrong)})
    if emptied:
        return  # its content is gone by an approved destruction, whose own record binds what is left
    copy = None
    try:
        copy = documents.get(entry.record_sha256 or b"")
    except UnavailableError as error:
        if row.place is not None:
            yield Difference(code="record_lost", place=f"record of log entry {row.id}", detail={"why": str(error)})
    if same:
        return
    if copy is None:
        named = ", ".join(f"{name} {key}" for name, key in row.subject)
        yield Difference(code="rows_changed", place=f"log entry {row.id}", detail={"event": row.event, "rows": named})
        return
    found = tuple(_compare(tx, copy))
    if not found:
        yield Difference(code="subject_changed", place=f"log entry {row.id}")
    yield from found


def _compare(tx: sa.Connection, copy: bytes) -> Iterator[Difference]:
    """Name each column that differs between the rows and the copy of their record."""
    try:
        recorded = ledger.read(copy)
    except ledger.RecordError as error:
        yield Difference(code="record_unreadable", place="record", detail={"why": str(error)})
        return
    for was in recorded:
        place = f"{was.table} {ledger.key_of(was)}"
        try:
            present = ledger.rows_of(tx, was.table, ledger.key_of(was))
        except UNREADABLE as error:
            yield Difference(code="row_unreadable", place=place, detail={"why": str(error)[:200]})
            continue
        if was.row in present:
            continue
        primary = [column.name for column in schema.metadata.tables[was.table].primary_key.columns]
        now = next((row for row in present if all(row[name] == was.row[name] for name in primary)), None)
        if now is None:
            yield Difference(code="row_missing", place=place)
            continue
        for column in dict.fromkeys((*now, *was.row)):  # either may leave an empty one out
            if now.get(column) != was.row.get(column):
                detail = {"column": column}
                if column in _SHOWN:
                    detail |= {"recorded": str(was.row.get(column)), "found": str(now.get(column))}
                yield Difference(code="row_changed", place=place, detail=detail)


def _flags(tx: sa.Connection) -> Iterator[Difference]:
    """SQLite keeps anything in a column of yes and no, and whatever it is reads as one of them."""
    for table in schema.metadata.tables.values() if tx.dialect.name == "sqlite" else ():
        for column in table.columns:
            if isinstance(column.type, sa.Boolean):
                strange = sa.cast(column, sa.Integer).not_in((0, 1)) | (sa.func.typeof(column) != "integer")
                for key in tx.execute(sa.select(table.c.id).where(strange)).scalars():
                    yield Difference(code="row_unreadable", place=f"{table.name} {key}", detail={"why": column.name})


def _unbound(tx: sa.Connection, bound: dict[str, Keys]) -> Iterator[Difference]:
    """Rows that only an event writes and that no event wrote."""
    documents, numbers = schema.documents.c, schema.numbers.c
    ids = {
        name: sa.select(schema.metadata.tables[name].c.id)
        for name in (
            "mandates",
            "signer_certificates",
            "number_openings",
            "status_changes",
            "handovers",
            "destructions",
            "mandate_ends",
        )
    }
    queries = {
        **ids,
        "documents": sa.select(documents.id).where(documents.kind == "signed"),
        "validation_data": sa.select(schema.validation_data.c.document).distinct(),
        "numbers": sa.select(numbers.id).where(numbers.fate != "used"),
    }
    for name, query in queries.items():
        for (key,) in stream(tx, query):
            if key not in bound[name]:
                yield Difference(code="row_not_logged", place=f"{name} {key}")
    entries, instruments = schema.log_entries.c, schema.instruments.c
    orphans = (
        sa.select(entries.id)
        .outerjoin(schema.instruments, instruments.id == entries.instrument)
        .where(entries.event == Event.ISSUE.value, instruments.id.is_(None))
    )
    for key in tx.execute(orphans).scalars():
        yield Difference(code="permit_missing", place=f"log entry {key}")
