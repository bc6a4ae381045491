"""That an event stands in the log, as a file that anyone can check without asking this office (`.tlog-proof`).

Made of what the publication kept: the entry, its place, the inclusion proof, and the first checkpoint that covered it.
The entry itself travels as the file's extra data, so that the file is all that a check needs beside the log's key.
"""

import dataclasses
import datetime
from typing import Any, Final

import sqlalchemy as sa

from registry import schema
from registry.formats import checkpoint as checkpoints
from registry.formats import merkle, note
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.logentry import Event
from registry.formats.tlogproof import Proof

_ISSUE: Final = sa.literal(Event.ISSUE.value, literal_execute=True)  # see registry.records: the index of issues


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """One entry about an instrument: what it records and when; its `proof`, None while no checkpoint covers it."""

    id: int
    event: Event
    recorded: datetime.datetime
    proof: bytes | None


def of_issue(tx: sa.Connection, serial: int) -> bytes | None:
    """The proof that the issue of the permit with this serial stands in the log.

    None where no such permit was issued, or no checkpoint covers its issue yet. Raises `UnavailableError` where what
    was kept of the proof is damaged.
    """
    instruments, entries = schema.instruments.c, schema.log_entries.c
    query = (
        _proven()
        .join(schema.instruments, instruments.id == entries.instrument)
        .where(instruments.serial == serial, entries.event == _ISSUE)
    )
    return _only(tx, query)


def of_entry(tx: sa.Connection, entry: int) -> bytes | None:
    """The proof of the log entry in this row; None while no checkpoint covers it. Raises `UnavailableError`."""
    return _only(tx, _proven().where(schema.log_entries.c.id == entry))


def of_instrument(tx: sa.Connection, instrument: int) -> list[LoggedEvent]:
    """Every entry about an instrument, in the order in which they were recorded. Raises `UnavailableError`."""
    entries = schema.log_entries.c
    rows = tx.execute(_proven().where(entries.instrument == instrument).order_by(entries.id)).mappings()
    return [
        LoggedEvent(id=row["id"], event=Event(row["event"]), recorded=row["recorded_at"], proof=_file(row))
        for row in rows
    ]


def _proven() -> sa.Select[Any]:
    entries, kept = schema.log_entries.c, schema.log_proofs.c
    return (
        sa.select(
            entries.id,
            entries.event,
            entries.recorded_at,
            entries.entry,
            entries.index.label("place"),
            kept.hashes,
            schema.checkpoints.c.note,
        )
        .select_from(schema.log_entries)
        .outerjoin(schema.log_proofs, kept.entry == entries.id)
        .outerjoin(schema.checkpoints, schema.checkpoints.c.size == kept.size)
    )


def _only(tx: sa.Connection, query: sa.Select[Any]) -> bytes | None:
    row = tx.execute(query).mappings().first()
    return None if row is None else _file(row)


def _file(row: sa.RowMapping) -> bytes | None:
    """The file, checked against its own checkpoint: whoever gets it must not find that it proves nothing."""
    if row["note"] is None:
        return None
    hashes = row["hashes"]
    try:
        proof = Proof(
            index=row["place"],
            hashes=tuple(
                hashes[start : start + merkle.HASH_BYTES] for start in range(0, len(hashes), merkle.HASH_BYTES)
            ),
            checkpoint=row["note"],
            extra=row["entry"],
        )
        covering = checkpoints.Checkpoint.decode(note.parse(proof.checkpoint).text)
        merkle.verify_inclusion(
            leaf=merkle.leaf_hash(row["entry"]),
            index=proof.index,
            size=covering.size,
            proof=proof.hashes,
            root=covering.root,
        )
    except DocumentError as error:
        raise UnavailableError(
            f"the proof of log entry {row['id']} is damaged ({error}): “absah log fsck” names what was changed"
        ) from error
    return proof.encode()
