"""The log against itself and its checkpoints: entries, indices, state, tiles, bundles, proofs.

The tree is grown once over the table's entries; at every size for which someone holds a checkpoint its root must be
that checkpoint's.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from registry import schema
from registry.formats import checkpoint as checkpoints
from registry.formats import logentry, merkle
from registry.formats.canonical import sha256
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError
from registry.formats.logentry import Event, LogEntry
from registry.formats.note import NoteVerifier
from registry.fsck.difference import CLOCK_TOLERANCE, Difference, stream
from registry.fsck.keys import Keys
from registry.fsck.published import Files


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One walk over a log. `in_front` is the published checkpoint; `outside` are those that others kept."""

    folder: Path
    verifier: NoteVerifier
    in_front: Checkpoint | None
    outside: tuple[Checkpoint, ...]

    def check(self, tx: sa.Connection, *, now: datetime.datetime) -> Iterator[Difference]:
        """Every difference within the log."""
        kept: list[Checkpoint] = []
        for found in self._kept(tx):
            if isinstance(found, Difference):
                yield found
            else:
                kept.append(found)
        covered = max((one.size for one in kept), default=0)
        files = Files(folder=self.folder, size=covered)
        grown = _Growth(self._wanted(kept), files)
        issued = Keys()
        for row in _entries(tx):
            yield from _check_entry(row, grown.last, issued, now=now)
            yield from grown.add(row)
        if grown.broken:
            return  # behind a gap every hash is another one
        yield from grown.behind()
        yield from self._state(tx, grown.frontier)
        if covered <= grown.frontier.size:
            yield from _proofs(tx, {one.size: one for one in kept}, covered)

    def _wanted(self, kept: list[Checkpoint]) -> dict[int, list[tuple[str, Checkpoint]]]:
        """Who holds which checkpoint, by its size."""
        wanted: dict[int, list[tuple[str, Checkpoint]]] = {}
        published = () if self.in_front is None else (self.in_front,)
        for source, ones in (("kept", kept), ("published", published), ("outside", self.outside)):
            for one in ones:
                wanted.setdefault(one.size, []).append((source, one))
        return wanted

    def _kept(self, tx: sa.Connection) -> Iterator[Checkpoint | Difference]:
        table = schema.checkpoints
        for row in tx.execute(sa.select(table).order_by(table.c.size)):
            place = f"checkpoint of size {row.size}"
            try:
                read = checkpoints.read(bytes(row.note), self.verifier)
            except DocumentError as error:
                yield Difference(code="checkpoint_not_ours", place=place, detail={"why": str(error)})
                continue
            if (read.size, read.root) != (row.size, bytes(row.root)):
                yield Difference(code="checkpoint_changed", place=place)
            yield read
        if self.in_front is not None and self.in_front.size:
            known = tx.execute(sa.select(table.c.root).where(table.c.size == self.in_front.size)).scalar()
            if known is None:
                yield Difference(code="checkpoint_missing", place=f"checkpoint of size {self.in_front.size}")

    def _state(self, tx: sa.Connection, frontier: merkle.Frontier) -> Iterator[Difference]:
        rows = tx.execute(sa.select(schema.log_state)).all()
        if [tuple(row) for row in rows] != [(1, frontier.size, frontier.to_bytes())]:
            yield Difference(code="log_state_changed", place="log_state", detail={"entries": str(frontier.size)})


class _Growth:
    """The tree as the table's entries make it, held against the checkpoints on its way."""

    def __init__(self, wanted: dict[int, list[tuple[str, Checkpoint]]], files: Files) -> None:
        self._wanted = wanted
        self._files = files
        self.frontier = merkle.Frontier.empty()
        self.last = datetime.datetime.fromtimestamp(0, datetime.UTC)
        self.broken = False
        wanted.pop(0, None)  # the empty tree has one root, which `Checkpoint` itself checks

    def add(self, row: sa.Row[*tuple[Any, ...]]) -> Iterator[Difference]:
        """Append an entry that has an index; one that is out of place ends the tree."""
        if row.place is None or self.broken:
            return
        if row.place != self.frontier.size:
            code = "entry_missing" if row.place > self.frontier.size else "entry_index_twice"
            yield Difference(code=code, place=f"log index {self.frontier.size}", detail={"next": str(row.place)})
            self.broken = True
            return
        self.last = max(self.last, row.recorded_at)
        entry = bytes(row.entry)
        self.frontier = merkle.grow(self.frontier, [merkle.leaf_hash(entry)], self._files.keep)
        yield from self._files.add(entry, self.frontier.size)
        yield from self._compare()

    def behind(self) -> Iterator[Difference]:
        """Checkpoints of a longer log than the table holds."""
        for size, ones in sorted(self._wanted.items()):
            for source, _ in ones:
                yield Difference(
                    code="rolled_back",
                    place=f"checkpoint of size {size}",
                    detail={"of": source, "entries": str(self.frontier.size)},
                )

    def _compare(self) -> Iterator[Difference]:
        for source, one in self._wanted.pop(self.frontier.size, ()):
            if one.root != self.frontier.root():
                yield Difference(
                    code="history_rewritten", place=f"checkpoint of size {one.size}", detail={"of": source}
                )


def _entries(tx: sa.Connection) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Every entry: those with an index in its order, then those that wait."""
    table = schema.log_entries.c
    query = (
        sa.select(
            table.id,
            table.event,
            table.instrument,
            table.entry,
            table.index.label("place"),
            table.recorded_at,
            schema.instruments.c.serial,
            schema.instruments.c.statement,
        )
        .outerjoin(schema.instruments, schema.instruments.c.id == table.instrument)
        .order_by(table.index.is_(None), table.index, table.id)
    )
    return stream(tx, query)


def _check_entry(
    row: sa.Row[*tuple[Any, ...]], last: datetime.datetime, issued: Keys, *, now: datetime.datetime
) -> Iterator[Difference]:
    place = f"log entry {row.id}"
    try:
        entry = logentry.decode(bytes(row.entry))
    except logentry.LogEntryError as error:
        yield Difference(code="entry_unreadable", place=place, detail={"why": str(error)})
        return
    if not _agrees(row, entry):
        yield Difference(code="entry_differs", place=place)
    if row.recorded_at + CLOCK_TOLERANCE < last:
        yield Difference(code="entry_back_dated", place=place, detail={"recorded": row.recorded_at.isoformat()})
    if row.recorded_at > now + CLOCK_TOLERANCE:
        yield Difference(code="entry_ahead", place=place, detail={"recorded": row.recorded_at.isoformat()})
    if entry.event is Event.ISSUE and row.instrument is not None:
        if row.instrument in issued:
            yield Difference(code="issued_twice", place=f"instrument {row.instrument}")
        issued.add(row.instrument)


def _agrees(row: sa.Row[*tuple[Any, ...]], entry: LogEntry) -> bool:
    said = (entry.event.value, entry.recorded, entry.serial)
    if (row.event, int(row.recorded_at.timestamp()), row.serial) != said:
        return False
    return entry.statement_sha256 is None or (
        row.statement is not None and entry.statement_sha256 == sha256(row.statement)
    )


def _proofs(tx: sa.Connection, kept: dict[int, Checkpoint], covered: int) -> Iterator[Difference]:
    entries, proofs = schema.log_entries.c, schema.log_proofs.c
    query = (
        sa.select(entries.id, entries.entry, entries.index.label("place"), proofs.size, proofs.hashes)
        .outerjoin(schema.log_proofs, proofs.entry == entries.id)
        .where(entries.index < covered)
        .order_by(entries.index)
    )
    for row in stream(tx, query):
        place = f"proof of log entry {row.id}"
        if row.size is None:
            yield Difference(code="proof_missing", place=place)
            continue
        try:
            _verify(row, kept)
        except merkle.ProofError as error:
            yield Difference(code="proof_changed", place=place, detail={"why": str(error)})


def _verify(row: sa.Row[*tuple[Any, ...]], kept: dict[int, Checkpoint]) -> None:
    if row.size not in kept:
        raise merkle.ProofError(f"there is no checkpoint of size {row.size}")
    hashes = bytes(row.hashes)
    merkle.verify_inclusion(
        leaf=merkle.leaf_hash(bytes(row.entry)),
        index=row.place,
        size=row.size,
        proof=tuple(hashes[start : start + merkle.HASH_BYTES] for start in range(0, len(hashes), merkle.HASH_BYTES)),
        root=kept[row.size].root,
    )
