"""What the log binds: each entry's record is every row that the event wrote, exactly as the tables hold it.

An entry is written in the transaction of what it records. Its record is not stored twice: it is made again from the
rows whenever it is needed, and must then have the hash that the entry names. The publication puts a copy into the file
store before a checkpoint covers the entry; from these copies a lost part of the registry can be rebuilt (`replay`) and
a changed row be told from what it was (`fsck`).
"""

import base64
import dataclasses
import datetime
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from registry import schema, subjects
from registry.database import insert
from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.formats.logentry import Event, LogEntry, decode, encode

FORMAT: Final = "absah-record-1"
SALT_BYTES: Final = 16
# Events whose records hold what a permit says and whom it was given to: a destruction takes these records away.
EVENTS_WITH_CONTENT: Final = (Event.ISSUE, Event.CORRECT, Event.HANDOVER, Event.ADOPT)

# Rows of these are found by the row that they belong to, and there may be several or none; all others by their id.
_BELONGS: Final = {
    "decision_objects": "decision",
    "validation_data": "document",
}
# Columns that came after records were first made of their table: where one is empty a record does not name it, so that
# the records of before stay what they were, byte for byte.
_LATER: Final[Mapping[str, frozenset[str]]] = {"documents": frozenset({"plate", "fill_version"})}

Subject = tuple[tuple[str, int], ...]
Row = dict[str, object]


class RecordError(DocumentError):
    """The bytes are no record of a log entry, or the rows hold what no record can."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A row as a record holds it: its table, and its values in canonical JSON."""

    table: str
    row: Mapping[str, object]


def append(
    tx: sa.Connection,
    *,
    event: Event,
    subject: Subject,
    effective: datetime.datetime,
    recorded: datetime.datetime,
    instrument: int | None = None,
    serial: int | None = None,
    statement_sha256: bytes | None = None,
    file_sha256: bytes | None = None,
) -> int:
    """Write the log entry of an event, after its rows and in their transaction; returns the entry's row.

    `subject` names the rows as (table, id). From here on the database refuses to change them. What the entry says must
    be what its rows say (`registry.subjects`).
    """
    salt = secrets.token_bytes(SALT_BYTES)
    rows = gather(tx, subject)
    if rows is None:
        raise LookupError(f"an entry of {event} names a row that is not there")
    entry = LogEntry(
        event=event,
        serial=serial,
        statement_sha256=statement_sha256,
        file_sha256=file_sha256,
        effective=int(effective.timestamp()),
        recorded=int(recorded.timestamp()),
        record_sha256=canonical.sha256(write(rows, salt)),
    )
    if wrong := subjects.contradictions(entry, instrument=instrument, rows=rows):
        raise ValueError(f"an entry of {event} does not say what its rows say: {', '.join(wrong)}")
    return insert(
        tx,
        schema.log_entries,
        event=event.value,
        instrument=instrument,
        entry=encode(entry),
        recorded_at=recorded,
        subject=[list(place) for place in subject],
        salt=salt,
    )


def record(tx: sa.Connection, subject: Iterable[Iterable[Any]], salt: bytes) -> bytes | None:
    """The canonical bytes of a record made from the rows as they are now; None if one of them is missing.

    Raises `RecordError` where rows or subject hold what this program would never have written.
    """
    rows = gather(tx, subject)
    return None if rows is None else write(rows, salt)


def true_record(
    tx: sa.Connection, *, entry: bytes, instrument: int | None, subject: Iterable[Iterable[Any]], salt: bytes
) -> bytes:
    """The record that an entry names, made from the rows as they are now.

    Raises `RecordError` where rows are missing or were changed, and where the entry says what they do not say;
    `LogEntryError` where the entry is none.
    """
    read = decode(entry)
    rows = gather(tx, subject)
    if rows is None:
        raise RecordError("a row that it records is gone")
    data = write(rows, salt)
    if canonical.sha256(data) != read.record_sha256:
        raise RecordError("the rows that it records were changed")
    if wrong := subjects.contradictions(read, instrument=instrument, rows=rows):
        raise RecordError(f"it does not say what its rows say: {', '.join(wrong)}")
    return data


def gather(tx: sa.Connection, subject: Iterable[Iterable[Any]]) -> tuple[Recorded, ...] | None:
    """The rows that a subject names, as they are now; None if one of them is missing. Raises `RecordError`."""
    rows: list[Recorded] = []
    try:
        for name, key in subject:
            found = rows_of(tx, name, key)
            if not found and name not in _BELONGS:
                return None
            rows += [Recorded(table=name, row=row) for row in found]
    except (ValueError, TypeError) as error:
        raise RecordError(f"the rows of a log entry cannot be recorded: {error}") from error
    return tuple(rows)


def write(rows: Iterable[Recorded], salt: bytes) -> bytes:
    """The canonical bytes of a record. Raises `RecordError` for values that no record can hold."""
    try:
        listed = [{"table": one.table, "row": one.row} for one in rows]
        return canonical.dump({"format": FORMAT, "salt": salt.hex(), "rows": listed})
    except (ValueError, TypeError, canonical.CanonicalError) as error:
        raise RecordError(f"the rows of a log entry cannot be recorded: {error}") from error


def rows_of(tx: sa.Connection, name: str, key: int) -> list[Row]:
    """The rows of a table that a subject names, their values as a record holds them.

    Raises `RecordError` where a value cannot even be read: only another hand than ours wrote it.
    """
    try:
        table = schema.metadata.tables[name]
        column = table.c[_BELONGS.get(name, "id")]
        query = sa.select(table).where(column == key).order_by(*table.primary_key.columns)
        return [to_json(table, dict(row)) for row in tx.execute(query).mappings()]
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise RecordError(f"a row of {name} cannot be read: {error}") from error


def to_json(table: sa.Table, row: Mapping[str, Any]) -> Row:
    """A row's values in canonical JSON: bytes as base64, days and moments as ISO 8601, JSON as its sorted text."""
    later = _LATER.get(table.name, frozenset())
    return {
        column.name: _to_json(column, row[column.name])
        for column in table.columns
        if column.name not in later or row[column.name] is not None
    }


def from_json(table: sa.Table, row: Mapping[str, object]) -> dict[str, object]:
    """The values of a row as SQLAlchemy wants them. Raises `RecordError` for all that `to_json` could not have made."""
    later = _LATER.get(table.name, frozenset())
    if row.keys() | later != {column.name for column in table.columns}:
        raise RecordError(f"a record's row of {table.name} has other columns than this program knows")
    if empty := sorted(name for name in later & row.keys() if row[name] is None):
        raise RecordError(f"a record's row of {table.name} names {', '.join(empty)}, which it leaves out where empty")
    values: dict[str, object] = dict.fromkeys(later)
    for column in (column for column in table.columns if column.name in row):
        try:
            values[column.name] = value = _from_json(column, row[column.name])
            kept = _to_json(column, value) == row[column.name]
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise RecordError(f"{table.name}.{column.name} of a record cannot be read: {error}") from error
        if not kept:
            raise RecordError(f"{table.name}.{column.name} of a record is not written as this program writes it")
    return values


def read(data: bytes) -> tuple[Recorded, ...]:
    """The rows of a record. Raises `RecordError`."""
    rows = _open(data)["rows"]
    if not isinstance(rows, list) or not all(_is_row(one) for one in rows):
        raise RecordError("not the rows of a record")
    return tuple(Recorded(table=one["table"], row=one["row"]) for one in rows)


def salt_of(data: bytes) -> bytes:
    """The salt of a record. Raises `RecordError`."""
    salt = _open(data)["salt"]
    if not isinstance(salt, str) or not re.fullmatch(f"[0-9a-f]{{{2 * SALT_BYTES}}}", salt):
        raise RecordError(f"the salt of a record has {SALT_BYTES} bytes")
    return bytes.fromhex(salt)


def key_of(recorded: Recorded) -> int:
    """What a subject calls this row: its id, or that of the row it belongs to. Raises `RecordError`."""
    key = recorded.row.get(_BELONGS.get(recorded.table, "id"))
    if type(key) is not int:
        raise RecordError(f"a record's row of {recorded.table} does not say which it is")
    return key


def _open(data: bytes) -> dict[str, Any]:
    try:
        value = canonical.parse(data)
        whole = canonical.dump(value) == data
    except canonical.CanonicalError as error:
        raise RecordError(str(error)) from error
    if not isinstance(value, dict) or value.keys() != {"format", "salt", "rows"} or value["format"] != FORMAT:
        raise RecordError("not a record of a log entry")
    if not whole:
        raise RecordError("the record is not in its canonical form")
    return value


def _is_row(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"table", "row"}
        and isinstance(value["table"], str)
        and value["table"] in schema.metadata.tables
        and isinstance(value["row"], dict)
    )


def _to_json(column: sa.Column[Any], value: Any) -> object:
    if value is None:
        return None
    if not isinstance(value, _expected(column)):
        # SQLite keeps any value in any column.
        raise TypeError(f"{column.name} holds {type(value).__name__}")
    if isinstance(column.type, sa.JSON):
        # As text: layouts hold fractions, which canonical JSON has no form for.
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def _expected(column: sa.Column[Any]) -> type | tuple[type, ...]:
    """What a value of this column is in Python. A bare number in JSON would lose its spelling in SQLite."""
    if isinstance(column.type, sa.JSON):
        return (dict, list)
    if isinstance(column.type, schema.Instant):
        return datetime.datetime
    return column.type.python_type


def _from_json(column: sa.Column[Any], value: Any) -> object:
    if value is None:
        if not column.nullable:
            raise TypeError("it is missing")
        return None
    wanted = column.type.python_type if isinstance(column.type, sa.Integer | sa.Boolean) else str
    if type(value) is not wanted:
        raise TypeError(f"it must be {wanted.__name__}, not {type(value).__name__}")
    if isinstance(column.type, sa.JSON):
        return json.loads(value)
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(column.type, schema.Instant):
        return datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)
    if isinstance(column.type, sa.Date):
        return datetime.date.fromisoformat(value)
    return value
