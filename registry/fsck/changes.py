"""What happened to each permit, walked through the rules by which a permit changes (`registry.lifecycle`)."""

import itertools
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from registry import lifecycle, schema
from registry.formats.logentry import Event
from registry.formats.record import Kind, Status, StatusRecord
from registry.fsck.difference import UNREADABLE, Difference, stream

_Row = sa.Row[*tuple[Any, ...]]


def check(tx: sa.Connection) -> Iterator[Difference]:
    """Every change that a document's kind or state did not allow, and every document whose changes have gaps."""
    table, instruments = schema.status_changes, schema.instruments.c
    query = (
        sa.select(table, instruments.kind)
        .outerjoin(schema.instruments, instruments.id == table.c.instrument)
        .order_by(table.c.instrument, table.c.sequence)
    )
    for instrument, rows in itertools.groupby(stream(tx, query), key=lambda row: row.instrument):
        history: list[StatusRecord] = []
        for sequence, row in enumerate(rows, 1):
            place = f"status_changes {row.id}"
            try:
                allowed = row.sequence == sequence and _follows(tuple(history), row)
                if row.change != Event.CORRECT.value:
                    history.append(_record(row))
            except UNREADABLE as error:
                yield Difference(code="row_unreadable", place=place, detail={"why": str(error)[:200]})
                break
            if not allowed:
                detail = {"of": f"instruments {instrument}", "change": str(row.change), "status": str(row.status)}
                yield Difference(code="change_not_allowed", place=place, detail=detail)


def _follows(history: tuple[StatusRecord, ...], row: _Row) -> bool:
    kind = Kind.PERMIT if row.kind is None else Kind(row.kind)  # of what is gone altogether the log's records tell
    if row.change == Event.ISSUE.value or not history:
        return not history and (row.change, row.status) == (Event.ISSUE.value, Status.IN_FORCE.value)
    order = lifecycle.Order(
        change=Event(row.change),
        reason=row.ground,
        legal_ground=row.legal_ground,
        decree_number=row.decree,
        decree_date=row.decree_date,
        effective=row.effective_at,
        actor=row.actor,
    )
    try:
        status = lifecycle.follow(history, order, now=row.recorded_at, kind=kind, number="")
    except lifecycle.ChangeError:
        return False
    return status.value == str(row.status)


def _record(row: _Row) -> StatusRecord:
    return StatusRecord(
        status=Status(row.status),
        effective=row.effective_at,
        recorded=row.recorded_at,
        ground=row.ground,
        sequence=row.sequence,
    )
