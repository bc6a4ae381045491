"""The status lists that phones believe, against the states in the registry."""

import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from registry import schema, statuslists
from registry.formats import statuslist
from registry.formats.statuslist import BITS, SLOTS, ExpiredListError, ListKey, SlotState, StatusList, StatusListError
from registry.fsck.difference import Difference, is_recent

_PER_BYTE: Final = 8 // BITS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Where the status lists are published, under which address, and the keys that may sign them."""

    folder: Path
    base_uri: str
    keys: tuple[ListKey, ...]


def check(tx: sa.Connection, lists: Lists, *, now: datetime.datetime) -> Iterator[Difference]:
    """Every list that is missing, that a phone would refuse, or that says another state than the registry.

    What changed within the last minutes may still be on its way.
    """
    for number in statuslists.numbers_of_lists(tx):
        name = statuslist.file_name(number)
        right = bytes(statuslists.build(tx, number=number, now=now))
        try:
            token = (lists.folder / name).read_bytes()
        except FileNotFoundError:
            slot = _differing(tx, number, bytes(StatusList()), right, now=now)
            if slot is not None:
                yield Difference(code="status_list_missing", place=f"status/{name}")
            continue
        except OSError as error:
            detail = {"why": str(error.strerror)}
            yield Difference(code="status_list_unreadable", place=f"status/{name}", detail=detail)
            continue
        try:
            read = statuslist.read(token, keys=lists.keys, uri=lists.base_uri + name, now=now)
        except ExpiredListError as error:
            yield Difference(code="status_list_stale", place=f"status/{name}", detail={"why": str(error)})
            continue
        except StatusListError as error:
            yield Difference(code="status_list_unreadable", place=f"status/{name}", detail={"why": str(error)})
            continue
        slot = _differing(tx, number, read.states, right, now=now)
        if slot is not None:
            detail = {
                "serial": str(number * SLOTS + slot),
                "published": _state(read.states, slot),
                "registry": _state(right, slot),
            }
            yield Difference(code="status_list_differs", place=f"status/{name}", detail=detail)


def _differing(tx: sa.Connection, number: int, found: bytes, right: bytes, *, now: datetime.datetime) -> int | None:
    """The first slot that differs though nothing happened to its permit in the last minutes; None if there is none."""
    if found == right:
        return None
    for place, (one, other) in enumerate(zip(found, right, strict=True)):
        if one == other:
            continue
        for slot in range(_PER_BYTE * place, _PER_BYTE * (place + 1)):
            differs = _state(found, slot) != _state(right, slot)
            if differs and not any(is_recent(moment, now) for moment in _moments(tx, number * SLOTS + slot)):
                return slot
    return None


def _moments(tx: sa.Connection, serial: int) -> Iterator[datetime.datetime]:
    """When the permit of a serial changed, when each change took effect, and when its issue became public."""
    instruments, changes, entries = schema.instruments.c, schema.status_changes.c, schema.log_entries.c
    changed = (
        sa.select(changes.recorded_at, changes.effective_at)
        .join(schema.instruments, instruments.id == changes.instrument)
        .where(instruments.serial == serial)
    )
    for row in tx.execute(changed):
        yield from row
    proofs, checkpoints = schema.log_proofs.c, schema.checkpoints.c
    covered = (
        sa.select(checkpoints.recorded_at)
        .join(schema.log_proofs, proofs.size == checkpoints.size)
        .join(schema.log_entries, entries.id == proofs.entry)
        .join(schema.instruments, instruments.id == entries.instrument)
        .where(instruments.serial == serial)
    )
    yield from tx.execute(covered).scalars()


def _state(states: bytes, slot: int) -> str:
    return SlotState(states[slot // _PER_BYTE] >> BITS * (slot % _PER_BYTE) & (1 << BITS) - 1).name.lower()
