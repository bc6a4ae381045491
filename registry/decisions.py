"""Approved decisions, as they came in: immutable snapshots, one row a revision."""

import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.database import insert
from registry.formats import canonical


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
    is_newest = ~sa.exists().where(
        _NEWER.c.office == table.office,
        _NEWER.c.reference_key == table.reference_key,
        _NEWER.c.revision > table.revision,
    )
    query = (
        sa.select(table.id, table.reference, table.reference_key)
        .where(table.id.in_(listed), table.office == office, is_newest)
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
