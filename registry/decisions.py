"""Approved decisions, as they came in: immutable snapshots, one row a revision."""

import dataclasses
import datetime
import re
import unicodedata
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.database import insert
from registry.formats import canonical


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One revision of a decision. `digest` is SHA-256 of the canonical bytes of its public part."""

    id: int
    source: str
    reference: str
    revision: int
    pack: str
    canonical: bytes
    digest: bytes

    @property
    def public(self) -> dict[str, object]:
        """What is printed and attached to the PDF."""
        return _part(self.canonical, "public")

    @property
    def private(self) -> dict[str, object]:
        """What is never printed, attached or logged, with the salt of its commitment."""
        return _part(self.canonical, "private")


_COLUMNS: Final = [schema.decisions.c[field.name] for field in dataclasses.fields(Decision)]


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
    supersedes: Decision | None,
    now: datetime.datetime,
) -> Decision:
    """Keep a snapshot {"public": …, "private": …} as the next revision after `supersedes`.

    `objects` are the single things it permits (`of_object` finds the decision by them).
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
    )
    for folded in {fold("", thing) for thing in objects}:
        tx.execute(schema.decision_objects.insert().values(decision=key, object_key=folded))
    return by_id(tx, key)


def of_object(tx: sa.Connection, *, office: str, thing: str, apart_from: Decision | None) -> Decision | None:
    """A decision under another reference, in its newest revision, that permits the same thing."""
    table, newer = schema.decisions, schema.decisions.alias()
    own = None if apart_from is None else fold(apart_from.source, apart_from.reference)
    is_newest = ~sa.exists().where(
        newer.c.office == table.c.office,
        newer.c.reference_key == table.c.reference_key,
        newer.c.revision > table.c.revision,
    )
    query = (
        sa.select(*_COLUMNS)
        .join(schema.decision_objects, schema.decision_objects.c.decision == table.c.id)
        .where(table.c.office == office, schema.decision_objects.c.object_key == fold("", thing), is_newest)
        .order_by(table.c.id)
    )
    rows = (Decision(**row) for row in tx.execute(query).mappings())
    return next((found for found in rows if fold(found.source, found.reference) != own), None)


def _part(data: bytes, name: str) -> dict[str, object]:
    snapshot = canonical.parse(data)
    part = snapshot[name] if isinstance(snapshot, dict) else None
    if not isinstance(part, dict):
        raise TypeError("a stored decision is an object with a public and a private part")
    return part
