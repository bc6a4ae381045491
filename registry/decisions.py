"""Approved decisions, as they came in: immutable snapshots, one row a revision."""

import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.database import Database, insert
from registry.formats import canonical
from registry.formats.logentry import Event


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One revision of a decision. `digest` is SHA-256 of the canonical bytes of its public part.

    `received_on` is the day on which the complete application was received, from which the promise of the service
    standard runs; None for what no one applies for, and in rows that an older release wrote.
    """

    id: int
    source: str
    reference: str
    revision: int
    pack: str
    canonical: bytes
    digest: bytes
    received_on: datetime.date | None

    @property
    def public(self) -> dict[str, object]:
        """What is printed and attached to the PDF."""
        return _part(self.canonical, "public")

    @property
    def private(self) -> dict[str, object]:
        """What is never printed, attached or logged, with the salt of its commitment."""
        return _part(self.canonical, "private")


_COLUMNS: Final = [schema.decisions.c[field.name] for field in dataclasses.fields(Decision)]
_NEWER: Final = schema.decisions.alias()
_IS_NEWEST: Final = ~sa.exists().where(
    _NEWER.c.office == schema.decisions.c.office,
    _NEWER.c.reference_key == schema.decisions.c.reference_key,
    _NEWER.c.revision > schema.decisions.c.revision,
)
_BATCH: Final = 256


def fold(source: str, reference: str) -> str:
    """Source and reference as a person tells them apart: case, dashes, spaces and end punctuation do not count.

    Without it a reference typed a little differently would be another decision, and its permit issued twice.
    """
    text = unicodedata.normalize("NFKC", f"{source}\n{reference}").casefold()
    return re.sub(r"[^\w\n]+", "-", text.replace("_", "-")).strip("-").replace("-\n", "\n").replace("\n-", "\n")


def latest(tx: sa.Connection, *, office: str, source: str, reference: str) -> Decision | None:
    """The newest revision of a decision."""
    table = schema.decisions.c
    query = (
        sa.select(*_COLUMNS)
        .where(table.office == office, table.reference_key == fold(source, reference))
        .order_by(table.revision.desc())
        .limit(1)
    )
    row = tx.execute(query).mappings().first()
    return None if row is None else Decision(**row)


def by_id(tx: sa.Connection, decision: int) -> Decision:
    """The revision with this id. Raises `LookupError`."""
    row = tx.execute(sa.select(*_COLUMNS).where(schema.decisions.c.id == decision)).mappings().first()
    if row is None:
        raise LookupError(f"no decision {decision}")
    return Decision(**row)


def record(
    tx: sa.Connection,
    *,
    office: str,
    source: str,
    reference: str,
    pack: str,
    snapshot: dict[str, object],
    objects: tuple[str, ...],
    received_on: datetime.date | None,
    supersedes: Decision | None,
    now: datetime.datetime,
) -> Decision:
    """Keep a snapshot {"public": …, "private": …} as the next revision after `supersedes`.

    `objects` are the single things it permits (`of_objects` finds the decision by them).
    """
    key = insert(
        tx,
        schema.decisions,
        office=office,
        source=source,
        reference=reference,
        reference_key=fold(source, reference),
        revision=1 if supersedes is None else supersedes.revision + 1,
        pack=pack,
        canonical=canonical.dump(snapshot),
        digest=canonical.sha256(canonical.dump(snapshot["public"])),
        supersedes=None if supersedes is None else supersedes.id,
        recorded_at=now,
        received_on=received_on,
    )
    if things := [{"decision": key, "object_key": folded} for folded in {fold("", thing) for thing in objects}]:
        tx.execute(schema.decision_objects.insert(), things)
    return by_id(tx, key)


def waiting(database: Database, *, office: str) -> Iterator[Decision]:
    """Every decision of an office that no document was issued for, in its newest revision; the oldest row first.

    They are read in batches, each in a transaction of its own.
    """
    after = 0
    while batch := _waiting_after(database, after, office=office):
        yield from batch
        after = batch[-1].id


def _waiting_after(database: Database, after: int, *, office: str) -> list[Decision]:
    table, revision, instruments = schema.decisions.c, schema.decisions.alias(), schema.instruments.c
    entries = schema.log_entries.c
    same = sa.and_(revision.c.office == table.office, revision.c.reference_key == table.reference_key)
    # Of any revision: a newer one of what was issued already is no application that waits.
    issued = (
        sa.select(revision.c.id)
        .join(schema.instruments, instruments.decision == revision.c.id)
        .join(schema.log_entries, entries.instrument == instruments.id)
        .where(same, entries.event == Event.ISSUE.value)
        .correlate(schema.decisions)
    )
    query = (
        sa.select(*_COLUMNS)
        .where(table.office == office, table.id > after, _IS_NEWEST, ~issued.exists())
        .order_by(table.id)
        .limit(_BATCH)
    )
    with database.read() as tx:
        return [Decision(**row) for row in tx.execute(query).mappings()]


def of_objects(tx: sa.Connection, *, office: str, things: Sequence[str], apart_from: Decision | None) -> dict[str, str]:
    """The things that a decision under another reference permits in its newest revision, with that reference."""
    table, keys = schema.decisions.c, schema.decision_objects.c
    named: dict[str, list[str]] = {}
    for thing in things:
        named.setdefault(fold("", thing), []).append(thing)
    # Two queries, since in one SQLite walks through every decision of the office.
    listed: dict[int, list[str]] = {}
    for decision, key in tx.execute(sa.select(keys.decision, keys.object_key).where(keys.object_key.in_(named))):
        listed.setdefault(decision, []).append(key)
    if not listed:
        return {}
    query = (
        sa.select(table.id, table.reference, table.reference_key)
        .where(table.id.in_(listed), table.office == office, _IS_NEWEST)
        .order_by(table.id)
    )
    own = None if apart_from is None else fold(apart_from.source, apart_from.reference)
    found: dict[str, str] = {}
    for row in tx.execute(query):
        for key in listed[row.id] if row.reference_key != own else ():
            found.setdefault(key, row.reference)
    return {thing: found[key] for key, alike in named.items() if key in found for thing in alike}


def _part(data: bytes, name: str) -> dict[str, object]:
    snapshot = canonical.parse(data)
    part = snapshot[name] if isinstance(snapshot, dict) else None
    if not isinstance(part, dict):
        raise TypeError("a stored decision is an object with a public and a private part")
    return part


def revisions(tx: sa.Connection, decision: int) -> tuple[int, ...]:
    """The rows of a decision's revisions up to this one, the first one first."""
    table = schema.decisions.c
    rows = [decision]
    while (before := tx.execute(sa.select(table.supersedes).where(table.id == rows[0])).scalar()) is not None:
        rows.insert(0, before)
    return tuple(rows)
