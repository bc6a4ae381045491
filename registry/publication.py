"""The transparency log's publication: entries get their index, tiles are written, a checkpoint makes them public.

An entry is written in the transaction of what it records (`registry.ledger`); it is acknowledged from then on. To
publish, the following is done, by whoever comes first; several processes may try at once:

  (1) keep a copy of each waiting entry's record in the file store, under the hash that the entry names
  (2) sequence: give the waiting entries the next indices, by compare-and-swap on the log's state
  (3) write the tiles and entry bundles of the new size, each by rename, and check that their root is the table's
  (4) prove that it extends the last checkpoint, sign the new one, and keep it with the proofs of the new entries
  (5) put the newest checkpoint that is kept in front of the public, never an older one

Recovery is the same walk: each step begins by asking what is there already. A process killed between two steps leaves
entries without an index, indices without tiles, tiles without a checkpoint, or a kept checkpoint that is not in front
yet; the next run goes on from there. No size is ever signed with two roots: a checkpoint's size is a primary key, its
root follows from entries that the database refuses to edit, and where the published files say otherwise the registry
was changed or rolled back behind our back, and nothing more is signed (`LogContradictionError`).
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa

from registry import ledger, schema
from registry.database import Database
from registry.durable import PUBLIC_MODE, write_whole
from registry.formats import checkpoint as checkpoints
from registry.formats import merkle, note, tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.merkle import Frontier, HashReader
from registry.formats.note import NoteSigner, NoteVerifier

CHECKPOINT: Final = "checkpoint"
BATCH: Final = 4096  # entries sequenced in one transaction; the writers' lock is held that long
_CHUNK: Final = 1 << 16  # leaves whose hashes are held in memory at once
_CACHED_HASHES: Final = 1 << 16
_PRIVATE: Final = 0o600


class LogContradictionError(UnavailableError):
    """Registry and published log disagree: the one was changed or rolled back, and nothing more may be signed."""


class RecordStore(Protocol):
    """Where copies of records are kept."""

    def put(self, data: bytes) -> bytes:
        """Keep these bytes durably and return their SHA-256."""

    def delete(self, sha256: bytes) -> None:
        """Remove the bytes with this SHA-256; nothing happens if they are not there."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The log as it stands in front of the public: its size, its root, and how many entries this run added to it."""

    size: int
    root: bytes
    added: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A checkpoint as the registry keeps it."""

    size: int
    note: bytes


class LogPublisher:
    """Publishes one registry's log as static files under `folder` (C2SP tlog-tiles), signed by `signer`.

    `signer.name` is the log's origin. Safe to run in several processes; they wait for each other in the database.
    `memory` is a file beside the signer's key that holds the last checkpoint it signed: whoever sets database and
    public files back, or rewrites both, still cannot make it sign a second history.
    """

    def __init__(
        self,
        *,
        database: Database,
        documents: RecordStore,
        folder: Path,
        signer: NoteSigner,
        memory: Path | None = None,
    ) -> None:
        self._database = database
        self._documents = documents
        self._folder = folder
        self._signer = signer
        self._verifier = NoteVerifier.of(signer)
        self._memory = memory

    def publish(self, *, now: datetime.datetime) -> Published:
        """Make every entry that waits public; returns when the checkpoint that covers them is in front.

        Raises `LogContradictionError` where registry, tiles and published checkpoints disagree, `UnavailableError`
        where database or disk refuse; what was done stays, and the next run goes on.
        """
        added = 0
        while True:
            sequenced = self.sequence(up_to=self.keep_records())
            added += sequenced
            state, kept = self._state(), self._newest_kept()
            if state.size > kept.size:
                self._extend(kept, state, now)
            newest = self.put_in_front()
            # Another process may have kept a smaller checkpoint first; then ours was not, and the walk begins again.
            if sequenced < BATCH and newest.size >= state.size:
                return Published(size=newest.size, root=newest.root, added=added)

    def resume(self, *, now: datetime.datetime) -> Published:
        """Make files and checkpoint of a registry that was replayed, whatever stands in front of the public already.

        Where nothing was lost this does what `publish` would. The checkpoint it signs is the one that was published:
        the entries are the same, and so is the signature of the same key.
        """
        with self._database.read() as tx:
            newest, state = _newest(tx), _state(tx)
        kept = self._checkpoint(newest)
        if state.size > kept.size:
            self._extend(kept, state, now)
        elif state.size and merkle.root(state.size, self.write_tiles(self._nothing(), state)) != kept.root:
            raise LogContradictionError(f"the entries do not give the checkpoint of {kept.size} entries")
        return self.publish(now=now)

    def keep_records(self) -> int:
        """Keep the record of each waiting entry, at most `BATCH`; returns the row of the last one, 0 if none waits.

        Records are made of rows that cannot change any more, so it does not matter when or how often this is done.
        """
        entries = schema.log_entries.c
        with self._database.read() as tx:
            waiting = tx.execute(
                sa.select(entries.id, entries.instrument, entries.event, entries.entry, entries.subject, entries.salt)
                .where(entries.index.is_(None))
                .order_by(entries.id)
                .limit(BATCH)
            ).all()
            records = {row.id: _record(tx, row) for row in waiting if row.subject is not None}
        kept = {key: self._documents.put(record) for key, record in records.items()}
        if kept:
            # Another process may have published these entries since, and a destruction have taken their records away.
            with self._database.read() as tx:
                destroyed = set(tx.execute(sa.select(schema.destructions.c.instrument)).scalars())
            for row in waiting:
                if row.instrument in destroyed and row.event in ledger.EVENTS_WITH_CONTENT:
                    self._documents.delete(kept[row.id])
        return waiting[-1].id if waiting else 0

    def sequence(self, *, up_to: int) -> int:
        """Give the waiting entries up to this row the next indices; returns how many.

        The state moves on by compare-and-swap: even if two writers should ever meet here, only one of them can.
        """
        entries, state = schema.log_entries, schema.log_state
        if not up_to:
            return 0
        with self._database.write() as tx:
            waiting = tx.execute(
                sa.select(entries.c.id, entries.c.entry)
                .where(entries.c.index.is_(None), entries.c.id <= up_to)
                .order_by(entries.c.id)
            ).all()
            if not waiting:
                return 0
            before = _state(tx)
            after = merkle.grow(before, [merkle.leaf_hash(row.entry) for row in waiting], _forget)
            moved = tx.execute(
                state.update()
                .where(state.c.id == 1, state.c.size == before.size)
                .values(size=after.size, frontier=after.to_bytes())
            )
            if moved.rowcount != 1:
                raise UnavailableError("the log's state moved on while entries were being sequenced: try again")
            tx.execute(
                entries.update()
                .where(entries.c.id == sa.bindparam("entry_id"))
                .values({entries.c.index: sa.bindparam("given")}),
                [{"entry_id": row.id, "given": before.size + place} for place, row in enumerate(waiting)],
            )
        return len(waiting)

    def _extend(self, kept: Checkpoint, state: Frontier, now: datetime.datetime) -> None:
        """Write what the log's files lack between a kept checkpoint and the state, then keep the checkpoint of it."""
        try:
            read = self.write_tiles(kept, state)
        except merkle.ProofError:
            # Tiles are derived: lost or damaged ones are made again from the table, whole.
            read = self.write_tiles(self._nothing(), state)
        try:
            if merkle.root(kept.size, read) != kept.root:
                raise LogContradictionError(
                    f"the entries in the registry do not give the root of the checkpoint of size {kept.size} that was "
                    "signed over them: “absah log fsck” names what was changed"
                )
            merkle.verify_consistency(
                old_size=kept.size,
                new_size=state.size,
                old_root=kept.root,
                new_root=state.root(),
                proof=merkle.consistency_proof(kept.size, state.size, read),
            )
        except merkle.ProofError as error:
            raise LogContradictionError(
                f"the log does not extend its checkpoint of size {kept.size}: {error}"
            ) from error
        self.keep_checkpoint(kept, state, read, now)

    def write_tiles(self, kept: Checkpoint, state: Frontier) -> HashReader:
        """Write tiles and bundles from the size of `kept` to that of `state`; returns a reader over the whole log.

        Raises `ProofError` where the files of the kept size do not give its root, `LogContradictionError` where the
        table's entries do not give the state's.
        """
        if merkle.root(kept.size, tiles.reader(kept.size, self._fetch)) != kept.root:
            raise merkle.ProofError("the tiles do not give the root of the checkpoint")
        frontier = _frontier(kept.size, tiles.reader(kept.size, self._fetch))
        for start in range(kept.size, state.size, _CHUNK):
            frontier = self._write_chunk(frontier, min(start + _CHUNK, state.size))
        if frontier != state:
            raise LogContradictionError(
                "the log's entries do not give its state: one of them was changed: “absah log fsck” names it"
            )
        # What was written is what counts from here on: read back, not remembered.
        read = _remembering(tiles.reader(state.size, self._fetch))
        if merkle.root(state.size, read) != state.root():
            raise LogContradictionError("the tiles that were written do not give the log's root: the disk lies")
        return read

    def _write_chunk(self, frontier: Frontier, size: int) -> Frontier:
        """Write the files that come when the log grows from the frontier to `size`; returns the frontier there."""
        new: dict[tuple[int, int], bytes] = {}

        def keep(level: int, index: int, value: bytes) -> None:
            if level % tiles.TILE_HEIGHT == 0:
                new[level, index] = value

        on_disk = tiles.reader(frontier.size, self._fetch)

        def read(level: int, index: int) -> bytes:
            found = new.get((level, index))
            return on_disk(level, index) if found is None else found

        grown = merkle.grow(frontier, self._leaves(frontier.size, size), keep)
        for tile in tiles.new_tiles(frontier.size, size):
            self._write(tile.path, tiles.tile_data(tile, read))
        for bundle in tiles.new_bundles(frontier.size, size):
            first = bundle.index * tiles.TILE_WIDTH
            self._write(bundle.path, tiles.encode_entries(self._entries(first, first + bundle.width)))
        return grown

    def keep_checkpoint(self, kept: Checkpoint, state: Frontier, read: HashReader, now: datetime.datetime) -> None:
        """Sign the checkpoint of `state` and keep it with the proof of each entry since `kept`, in one transaction."""
        root = state.root()
        proofs = [
            (index, b"".join(merkle.inclusion_proof(index, state.size, read))) for index in range(kept.size, state.size)
        ]
        entries = schema.log_entries.c
        with self._database.write() as tx:
            newest = _newest(tx)
            if (0 if newest is None else newest.size) != kept.size:
                return  # another process was faster; what it kept covers these entries or the next run does
            rows = tx.execute(
                sa.select(entries.id, entries.index.label("place")).where(
                    entries.index >= kept.size, entries.index < state.size
                )
            )
            row_of = {row.place: row.id for row in rows}
            last = self._last_signed()
            if last is not None and state.size < last.size <= _state(tx).size:
                return  # whoever signed more was killed before it was kept; the walk begins again and goes that far
            signed = self._sign(Checkpoint(origin=self._signer.name, size=state.size, root=root), read)
            tx.execute(schema.checkpoints.insert().values(size=state.size, root=root, note=signed, recorded_at=now))
            tx.execute(
                schema.log_proofs.insert(),
                [{"entry": row_of[index], "size": state.size, "hashes": hashes} for index, hashes in proofs],
            )

    def _sign(self, checkpoint: Checkpoint, read: HashReader) -> bytes:
        """Sign a checkpoint that goes on from the last one this signer remembers; remembered before it is given out."""
        signed = note.sign(checkpoint.encode(), self._signer)
        if self._memory is None:
            return signed
        before = self._last_signed()
        if before is not None and (before.size > checkpoint.size or merkle.root(before.size, read) != before.root):
            raise LogContradictionError(
                f"the key of this log has signed a checkpoint of {before.size} entries ({self._memory}) that this "
                "registry does not continue: it was rolled back or rewritten; “absah log fsck”, “absah db replay”"
            )
        try:
            write_whole(self._memory, signed, mode=_PRIVATE)
        except OSError as error:
            raise UnavailableError(f"cannot write {self._memory}: {error.strerror}") from error
        return signed

    def _last_signed(self) -> Checkpoint | None:
        """The last checkpoint that this signer remembers; it may have been signed and never kept."""
        if self._memory is None or not self._memory.exists():
            return None
        try:
            return checkpoints.read(self._memory.read_bytes(), self._verifier)
        except (OSError, DocumentError) as error:
            raise LogContradictionError(f"{self._memory} does not hold the last signed checkpoint: {error}") from error

    def put_in_front(self) -> Checkpoint:
        """Write the newest kept checkpoint to the public file, unless it is there; returns it.

        The writers' lock is held meanwhile, so that an older one can never take a newer one's place. Raises
        `LogContradictionError` where the public file says what this registry does not know: it was rolled back.
        """
        with self._database.read() as tx:
            newest = _newest(tx)
        in_front = self.in_front()
        if newest is not None and in_front == self._checkpoint(newest):
            return in_front  # nothing to do, and nobody need wait
        with self._database.write() as tx:
            newest = _newest(tx)
            in_front = self.in_front()
            if in_front is not None:
                _check_known(tx, in_front, newest)
            if newest is None:
                return self._nothing()
            checkpoint = checkpoints.read(newest.note, self._verifier)
            before = 0 if in_front is None else in_front.size
            if before < checkpoint.size:
                self._write(CHECKPOINT, newest.note)
        self._drop_partial_tiles(before, checkpoint.size)
        return checkpoint

    def in_front(self) -> Checkpoint | None:
        """The checkpoint that the public sees. Raises `LogContradictionError` for a file that is not this log's."""
        return read_in_front(self._folder, self._verifier)

    def _newest_kept(self) -> Checkpoint:
        # Before the snapshot: what another process puts in front after it would look like a registry rolled back.
        in_front = self.in_front()
        with self._database.read() as tx:
            newest = _newest(tx)
            if in_front is not None:
                _check_known(tx, in_front, newest)
        return self._checkpoint(newest)

    def _checkpoint(self, kept: _Kept | None) -> Checkpoint:
        return self._nothing() if kept is None else checkpoints.read(kept.note, self._verifier)

    def _nothing(self) -> Checkpoint:
        return Checkpoint(origin=self._signer.name, size=0, root=merkle.EMPTY_ROOT)

    def _state(self) -> Frontier:
        with self._database.read() as tx:
            return _state(tx)

    def _leaves(self, first: int, end: int) -> Iterator[bytes]:
        return (merkle.leaf_hash(entry) for entry in self._entries(first, end))

    def _entries(self, first: int, end: int) -> Iterator[bytes]:
        """The entries with these indices, in order; a gap is a contradiction."""
        table = schema.log_entries.c
        for start in range(first, end, BATCH):
            stop = min(start + BATCH, end)
            with self._database.read() as tx:
                rows = tx.execute(
                    sa.select(table.index.label("place"), table.entry)
                    .where(table.index >= start, table.index < stop)
                    .order_by(table.index)
                ).all()
            if [row.place for row in rows] != list(range(start, stop)):
                raise LogContradictionError(f"entries of the log between {start} and {stop} are gone: “absah log fsck”")
            yield from (row.entry for row in rows)

    def _fetch(self, tile: tiles.Tile) -> bytes:
        """A tile's bytes; of a partial one that was dropped, the beginning of the full one."""
        full = tiles.Tile(level=tile.level, index=tile.index, width=tiles.TILE_WIDTH)
        for candidate in (tile, full):
            try:
                return (self._folder / candidate.path).read_bytes()[: tile.width * merkle.HASH_BYTES]
            except FileNotFoundError:
                continue
            except OSError as error:
                raise UnavailableError(f"cannot read the log's files: {error}") from error
        raise merkle.ProofError(f"{tile.path} is missing")

    def _write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        try:
            if not target.is_file() or target.read_bytes() != data:
                write_whole(target, data, mode=PUBLIC_MODE)
        except OSError as error:
            raise UnavailableError(f"cannot write the log's file {target}: {error.strerror}") from error

    def _drop_partial_tiles(self, before: int, size: int) -> None:
        """Remove partial tiles and bundles whose full one became public; readers fall back to that one."""
        for tile in tiles.new_tiles(before, size):
            if tile.width == tiles.TILE_WIDTH:
                self._drop_partials(tile.path)
        for bundle in tiles.new_bundles(before, size):
            if bundle.width == tiles.TILE_WIDTH:
                self._drop_partials(bundle.path)

    def _drop_partials(self, path: str) -> None:
        folder = self._folder / f"{path}.p"
        # Another process may do the same at this moment, or put one there: nothing depends on who is first.
        with contextlib.suppress(FileNotFoundError):
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()


def read_in_front(folder: Path, verifier: NoteVerifier) -> Checkpoint | None:
    """The checkpoint in front of the public; None before the first. Raises `LogContradictionError`."""
    try:
        data = (folder / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"cannot read the published checkpoint: {error.strerror}") from error
    try:
        return checkpoints.read(data, verifier)
    except DocumentError as error:
        raise LogContradictionError(
            f"{folder / CHECKPOINT} is not a checkpoint that this log signed: {error}"
        ) from error


def refuse_if_rolled_back(tx: sa.Connection, *, folder: Path, verifier: NoteVerifier) -> None:
    """Raise `LogContradictionError` where the public has seen a longer log than this registry knows of.

    Asked at the beginning of every writing transaction: a database file that was put back by hand would give its
    numbers again. A public file that is no checkpoint of this log says nothing here: it must not keep a revocation from
    being recorded; the publication refuses it.
    """
    try:
        in_front = read_in_front(folder, verifier)
    except UnavailableError:
        return
    if in_front is not None:
        _check_known(tx, in_front, _newest(tx))


def _check_known(tx: sa.Connection, in_front: Checkpoint, newest: _Kept | None) -> None:
    table = schema.checkpoints.c
    same = tx.execute(sa.select(table.root).where(table.size == in_front.size)).scalar()
    if same is None and in_front.size == 0:
        return
    if same is None and (newest is None or newest.size < in_front.size):
        raise LogContradictionError(
            f"a checkpoint of {in_front.size} entries is published, this registry knows "
            f"{0 if newest is None else newest.size}: it was rolled back; “absah db replay” brings it forward"
        )
    if same != in_front.root:
        raise LogContradictionError(
            f"the published checkpoint of {in_front.size} entries is not the one that this registry signed: "
            "“absah log fsck”"
        )


def _forget(level: int, index: int, value: bytes) -> None:
    """Keep nothing."""


def _frontier(size: int, read: HashReader) -> Frontier:
    """The frontier of a tree, read out of its complete subtrees."""
    hashes, begin = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(read(level, begin >> level))
            begin += 1 << level
    return Frontier(size=size, hashes=tuple(hashes))


def _remembering(read: HashReader) -> HashReader:
    """The same reader, which computes an inner hash once: proofs of neighbours share most of theirs."""
    known: dict[tuple[int, int], bytes] = {}

    def remember(level: int, index: int) -> bytes:
        value = known.get((level, index))
        if value is None:
            if len(known) >= _CACHED_HASHES:
                known.clear()
            value = known[level, index] = read(level, index)
        return value

    return remember


def _record(tx: sa.Connection, row: sa.Row[*tuple[Any, ...]]) -> bytes:
    """The record of a waiting entry. Nothing is signed that another hand wrote, or whose rows are no longer its own."""
    try:
        return ledger.true_record(
            tx, entry=bytes(row.entry), instrument=row.instrument, subject=row.subject, salt=bytes(row.salt)
        )
    except DocumentError as error:
        raise LogContradictionError(f"log entry {row.id}: {error}: “absah log fsck”") from error


def _state(tx: sa.Connection) -> Frontier:
    row = tx.execute(sa.select(schema.log_state.c.size, schema.log_state.c.frontier)).one()
    try:
        return Frontier.from_bytes(row.size, bytes(row.frontier))
    except merkle.ProofError as error:
        raise LogContradictionError(f"the log's state is damaged ({error}): “absah log fsck”") from error


def _newest(tx: sa.Connection) -> _Kept | None:
    table = schema.checkpoints.c
    row = tx.execute(sa.select(table.size, table.note).order_by(table.size.desc()).limit(1)).first()
    return None if row is None else _Kept(size=row.size, note=bytes(row.note))
