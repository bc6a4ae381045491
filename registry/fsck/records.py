"""The rows against the log: each entry's record must be made of the rows as they are, and each row have its entry."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from registry import ledger, schema
from registry.formats import logentry
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.fsck.difference import UNREADABLE, Difference, Store, stream

# Whose values may be shown; of the others only the column is named, because they may be somebody's data.
_SHOWN: Final = frozenset(
    {
        "number", "n", "year", "series", "fate", "date_of_issue", "valid_until", "valid_from", "last_day", "status",
        "change", "effective_at", "recorded_at", "decree", "decree_date", "decree_number", "sequence", "serial",
        "first", "revision", "freeze", "pack", "mode", "survey_done",
    }
)  # fmt: skip


def check(tx: sa.Connection, documents: Store) -> Iterator[Difference]:
    """Every row that was changed, removed or put in behind the program's back."""
    bound = defaultdict[str, set[int]](set)
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
        yield from _check_record(tx, row, entry.record_sha256, documents, emptied=emptied)
    yield from _unbound(tx, bound)


def _is_subject(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(place, list)
        and len(place) == 2  # noqa: PLR2004  # table and key
        and place[0] in schema.metadata.tables
        and type(place[1]) is int
        for place in value
    )


def _check_record(
    tx: sa.Connection, row: sa.Row[*tuple[Any, ...]], wanted: bytes, documents: Store, *, emptied: bool
) -> Iterator[Difference]:
    if emptied:
        return  # its content is gone by an approved destruction, which `rules` looks after
    try:
        made = ledger.record(tx, row.subject, bytes(row.salt))
    except ledger.RecordError:
        made = None  # no honest row has such values
    same = made is not None and sha256(made) == wanted
    try:
        copy = documents.get(wanted)
    except UnavailableError as error:
        copy = None
        if row.place is not None:
            yield Difference(code="record_lost", place=f"record of log entry {row.id}", detail={"why": str(error)})
    if same:
        return
    if copy is None:
        rows = ", ".join(f"{name} {key}" for name, key in row.subject)
        yield Difference(code="rows_changed", place=f"log entry {row.id}", detail={"event": row.event, "rows": rows})
        return
    named = tuple(_compare(tx, copy))
    if not named:
        yield Difference(code="subject_changed", place=f"log entry {row.id}")
    yield from named


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
        for column in now:
            if now[column] != was.row.get(column):
                detail = {"column": column}
                if column in _SHOWN:
                    detail |= {"recorded": str(was.row.get(column)), "found": str(now[column])}
                yield Difference(code="row_changed", place=place, detail=detail)


def _unbound(tx: sa.Connection, bound: dict[str, set[int]]) -> Iterator[Difference]:
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
        )
    }
    queries = {
        **ids,
        "mandate_ends": sa.select(schema.mandate_ends.c.mandate),
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
