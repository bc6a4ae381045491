"""What stands in front of the public against what the registry has for it: nothing may stay behind."""

import datetime
from collections.abc import Iterator

import sqlalchemy as sa

from registry import schema
from registry.formats.checkpoint import Checkpoint
from registry.fsck.difference import Difference, is_recent, stream


def check(tx: sa.Connection, in_front: Checkpoint | None, *, now: datetime.datetime) -> Iterator[Difference]:
    """A checkpoint older than the newest that is kept, and entries that no checkpoint covers.

    What was recorded within the last minutes may still be on its way.
    """
    table, entries = schema.checkpoints.c, schema.log_entries.c
    newest = tx.execute(sa.select(table.size, table.recorded_at).order_by(table.size.desc()).limit(1)).first()
    published = 0 if in_front is None else in_front.size
    if newest is not None and published < newest.size and not is_recent(newest.recorded_at, now):
        detail = {"published": str(published), "kept": str(newest.size)}
        yield Difference(code="checkpoint_behind", place="checkpoint", detail=detail)
    covered = 0 if newest is None else newest.size
    waiting = sa.select(entries.id, entries.recorded_at).where(
        sa.or_(entries.index.is_(None), entries.index >= covered)
    )
    for row in stream(tx, waiting.order_by(entries.id)):
        if not is_recent(row.recorded_at, now):
            place, detail = f"log entry {row.id}", {"recorded": row.recorded_at.isoformat()}
            yield Difference(code="entry_waits", place=place, detail=detail)
