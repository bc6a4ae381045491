"""What an event's entry may bind: the rows of which tables, and how the entry's own fields follow from those rows.

Whoever writes into the database can write an entry as well, and the office's publisher would sign it: a mandate of
last year, bound under the name of a number. So an entry is held against its rows wherever it passes: when it is
written, before it is published, and by `fsck`.
"""

import base64
import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from registry.formats.canonical import sha256
from registry.formats.logentry import Event, LogEntry
from registry.formats.record import Status

_Row = Mapping[str, object]
_ByTable = Mapping[str, Sequence[_Row]]
_Pair = tuple[str, object, object]  # what it is about, as the entry says it, as the rows do
_MANY: Final = 2**31


class Bound(Protocol):
    """A row as a record holds it (`registry.ledger.Recorded`)."""

    @property
    def table(self) -> str:
        """Its table."""

    @property
    def row(self) -> _Row:
        """Its values in canonical JSON."""


_ONE: Final = range(1, 2)
_SOME: Final = range(1, _MANY)
_ANY: Final = range(_MANY)
_OF_A_PERMIT: Final = {
    "decisions": _SOME,
    "decision_objects": _ANY,
    "numbers": _ONE,
    "instruments": _ONE,
    "documents": range(2, _MANY),
    "validation_data": _ANY,
    "status_changes": _SOME,
}
_CHANGE: Final = {"status_changes": _ONE}
# Event: how many rows of each table its entry binds; none of any other table.
_HOW_MANY: Final[Mapping[Event, Mapping[str, range]]] = {
    Event.ISSUE: {**_OF_A_PERMIT, "documents": range(2, 3), "status_changes": _ONE},
    Event.SUSPEND: _CHANGE,
    Event.REINSTATE: _CHANGE,
    Event.REVOKE: _CHANGE,
    Event.ANNUL: _CHANGE,
    Event.SUPERSEDE: _CHANGE,
    Event.CORRECT: _CHANGE,
    Event.MANDATE: {"mandates": _ONE},
    Event.MANDATE_END: {"mandate_ends": _ONE},
    Event.SIGNER: {"signer_certificates": _ONE},
    Event.NUMBER: {"numbers": _ANY, "number_openings": range(2)},
    Event.HANDOVER: {"handovers": _ONE},
    Event.DESTROY: {**_OF_A_PERMIT, "destructions": _ONE, "handovers": _ANY},
}
# An adoption binds a permit whole, or one row that belongs to none.
_ADOPTED_ALONE: Final = ({"mandates": _ONE}, {"signer_certificates": _ONE}, {"numbers": _ONE})
# The state that a change leads to; a correction leaves the one that was.
_LEADS_TO: Final = {
    Event.ISSUE: Status.IN_FORCE,
    Event.SUSPEND: Status.SUSPENDED,
    Event.REINSTATE: Status.IN_FORCE,
    Event.REVOKE: Status.REVOKED,
    Event.ANNUL: Status.ANNULLED,
    Event.SUPERSEDE: Status.SUPERSEDED,
}


_OF_NO_PERMIT: Final = frozenset({Event.MANDATE, Event.MANDATE_END, Event.SIGNER, Event.NUMBER})
# By which column a row of these says whose it is.
_OWNER: Final = {
    "instruments": "id",
    "documents": "instrument",
    "status_changes": "instrument",
    "handovers": "instrument",
    "destructions": "instrument",
}
# The row that an event writes: when, and from when on it counts.
_WRITTEN: Final[Mapping[Event, tuple[str, str]]] = {
    **dict.fromkeys((*_LEADS_TO, Event.CORRECT), ("status_changes", "effective_at")),
    Event.MANDATE: ("mandates", "recorded_at"),
    Event.MANDATE_END: ("mandate_ends", "recorded_at"),
    Event.SIGNER: ("signer_certificates", "recorded_at"),
    Event.NUMBER: ("number_openings", "recorded_at"),
    Event.HANDOVER: ("handovers", "handed_at"),
    Event.DESTROY: ("destructions", "recorded_at"),
}


def contradictions(entry: LogEntry, *, instrument: int | None, rows: Iterable[Bound]) -> tuple[str, ...]:
    """Where an entry says what the rows that it binds do not say: names of fields and tables, none for an honest one.

    `instrument` is the permit that the entry is filed under.
    """
    held: dict[str, list[_Row]] = {}
    for one in rows:
        held.setdefault(one.table, []).append(one.row)
    wanted = _how_many(entry.event, instrument, held)
    wrong = {name for name in held.keys() | wanted.keys() if len(held.get(name, ())) not in wanted.get(name, range(1))}
    if wrong:
        return tuple(sorted(wrong))
    pairs = (*_permit(entry, instrument, held), *_moments(entry, held), *_event(entry, held))
    return tuple(dict.fromkeys(name for name, said, told in pairs if said != told))


def _how_many(event: Event, instrument: int | None, held: _ByTable) -> Mapping[str, range]:
    if event is not Event.ADOPT:
        return _HOW_MANY[event]
    if instrument is not None:
        return _OF_A_PERMIT
    return next((alone for alone in _ADOPTED_ALONE if alone.keys() == held.keys()), _ADOPTED_ALONE[0])


def _permit(entry: LogEntry, instrument: int | None, held: _ByTable) -> Iterator[_Pair]:
    """Whose rows these are, and that they belong together."""
    alone = entry.event in _OF_NO_PERMIT or (entry.event is Event.ADOPT and not held.get("instruments"))
    yield "instrument", instrument is None, alone
    yield "serial", entry.serial is None, alone
    for table, column in _OWNER.items():
        for row in held.get(table, ()):
            yield "instrument", instrument, row.get(column)
    for permit in held.get("instruments", ()):
        yield "serial", entry.serial, permit.get("serial")
        yield "numbers", permit.get("number_row"), held["numbers"][0].get("id")
        yield "decisions", permit.get("decision") in [row.get("id") for row in held["decisions"]], True
        for row in held.get("decision_objects", ()):
            yield "decision_objects", permit.get("decision"), row.get("decision")
        if entry.event is not Event.DESTROY:
            yield "statement", entry.statement_sha256, _sha256(permit.get("statement"))
    documents = [row.get("id") for row in held.get("documents", ())]
    for row in held.get("validation_data", ()):
        yield "validation_data", row.get("document") in documents, True


def _moments(entry: LogEntry, held: _ByTable) -> Iterator[_Pair]:
    table, column = _WRITTEN.get(entry.event, ("", ""))
    rows = held.get(table, ())
    for row in rows:
        yield "recorded", entry.recorded, _seconds(row.get("recorded_at"))
        yield "effective", entry.effective, _seconds(row.get(column))
    if not rows:
        yield "effective", entry.effective, entry.recorded


def _event(entry: LogEntry, held: _ByTable) -> Iterator[_Pair]:
    """What the event itself says."""
    file: object = None
    if entry.event in _HOW_MANY and _HOW_MANY[entry.event].get("status_changes") is _ONE:
        [change] = held["status_changes"]
        yield "change", entry.event.value, change.get("change")
        if entry.event in _LEADS_TO:
            yield "status", _LEADS_TO[entry.event].value, change.get("status")
        file = _bytes(change.get("decree_sha256"))
    if entry.event is Event.ISSUE:
        signed = [row for row in held["documents"] if row.get("kind") == "signed"]
        yield "documents", len(signed), 1
        for row in signed:
            yield "recorded", entry.recorded, _seconds(row.get("recorded_at"))
            file = _bytes(row.get("sha256"))
    if entry.event in (Event.NUMBER, Event.ADOPT) and not held.get("instruments"):
        for row in held.get("numbers", ()):
            yield "numbers", row.get("fate") == "used", False
    if entry.event is Event.NUMBER:
        yield "numbers", bool(held), True
    yield "file", entry.file_sha256, file
    if entry.event in _OF_NO_PERMIT or entry.event in (Event.HANDOVER, Event.DESTROY):
        yield "statement", entry.statement_sha256, None


def _seconds(moment: object) -> int | None:
    try:
        return int(datetime.datetime.fromisoformat(str(moment)).timestamp())
    except (ValueError, OverflowError):
        return None


def _bytes(value: object) -> bytes | None:
    if value is None:
        return None
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError:
        return b""


def _sha256(value: object) -> bytes:
    return sha256(_bytes(value) or b"")
