"""Reads a transparency log as a stranger does: everything is checked against a checkpoint that the log has signed.

A checkpoint counts by the log's key. A tile counts by the tile above it, and those on the right edge by the root in
the checkpoint; an entry counts by its leaf hash in such a tile. A later checkpoint counts if the earlier one's root
can be computed out of the later one's tree. So what this module gives out is what the log has signed, or an error
that says whose turn it is: `UnavailableError` when files cannot be read, `DocumentError` when the log is wrong.

A checkpoint that the log signed for somebody else alone cannot be seen from here: only comparing does that, by
witnesses (`verifier.witness`) or between those who watch.
"""

import dataclasses
import enum
from collections.abc import Iterator
from typing import Final, Self

from registry.formats import checkpoint as checkpoints
from registry.formats import merkle, tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError
from registry.formats.merkle import HASH_BYTES, ProofError, leaf_hash, node_hash
from registry.formats.note import NoteVerifier
from registry.formats.tiles import TILE_HEIGHT, TILE_WIDTH, EntryBundle, Tile
from verifier.logsources import MissingFileError, Source

CHECKPOINT: Final = "checkpoint"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint and the note in which the log signed it, byte for byte: together they are evidence."""

    checkpoint: Checkpoint
    note: bytes

    @classmethod
    def open(cls, note: bytes, verifier: NoteVerifier) -> Self:
        """The checkpoint in a note. Raises `NoteError` unless the log, whose key is `verifier`, has signed it."""
        return cls(checkpoint=checkpoints.read(note, verifier), note=note)


class Contradiction(enum.StrEnum):
    """How two checkpoints contradict each other that one log has signed."""

    ROLLED_BACK = "rolled_back"
    """The later one is smaller: entries that were there are not shown."""
    SPLIT_VIEW = "split_view"
    """Both have the same size and different roots."""
    INCONSISTENT = "inconsistent"
    """The later one is larger, and what it begins with is not the earlier one."""


class ContradictionError(DocumentError):
    """The log has signed two checkpoints of which the later does not go on from the earlier: keep both."""

    def __init__(self, *, kind: Contradiction, old: SignedCheckpoint, new: SignedCheckpoint) -> None:
        super().__init__(
            f"the log contradicts itself ({kind.value}): {old.checkpoint.size} entries were signed before, "
            f"{new.checkpoint.size} are signed now"
        )
        self.kind = kind
        self.old = old
        self.new = new


class LogReader:
    """Reads one log, known by its key `verifier`, out of its files."""

    def __init__(self, *, source: Source, verifier: NoteVerifier) -> None:
        self._source = source
        self.verifier = verifier

    def latest(self) -> SignedCheckpoint:
        """The checkpoint that the log shows now. Raises `UnavailableError`, and `NoteError` if it is not the log's."""
        return SignedCheckpoint.open(self._source.get(CHECKPOINT), self.verifier)

    def follow(self, old: SignedCheckpoint | None, new: SignedCheckpoint) -> "LogTree":
        """The tree of `new`, once it is known to go on from `old` (None: from nothing).

        Raises `ContradictionError` when it does not, `ProofError` when the log's files do not fit `new`, and
        `UnavailableError`.
        """
        if old is not None and new.checkpoint.size < old.checkpoint.size:
            raise ContradictionError(kind=Contradiction.ROLLED_BACK, old=old, new=new)
        if (
            old is not None
            and new.checkpoint.size == old.checkpoint.size
            and new.checkpoint.root != old.checkpoint.root
        ):
            raise ContradictionError(kind=Contradiction.SPLIT_VIEW, old=old, new=new)
        tree = LogTree(new.checkpoint, self._source)
        if old is not None and tree.root_of(old.checkpoint.size) != old.checkpoint.root:
            raise ContradictionError(kind=Contradiction.INCONSISTENT, old=old, new=new)
        return tree


class LogTree:
    """The hashes and entries of the tree that a checkpoint states, read from tiles and never believed before checked.

    Raises `ProofError` when the tiles do not give the checkpoint's root, and `UnavailableError`.
    """

    def __init__(self, checkpoint: Checkpoint, source: Source) -> None:
        self.checkpoint = checkpoint
        self._source = source
        self._read = tiles.reader(checkpoint.size, self._tile)
        # This reads every partial tile, and from each all of its hashes: the right edge is checked from here on.
        if merkle.root(checkpoint.size, self._read) != checkpoint.root:
            raise ProofError(f"the log's tiles do not give the root of its checkpoint of {checkpoint.size} entries")

    def root_of(self, size: int) -> bytes:
        """The root of the tree of the first `size` entries. Raises `ProofError` and `UnavailableError`."""
        return merkle.root(size, self._read)

    def entries(self, begin: int, end: int) -> Iterator[bytes]:
        """The entries from index `begin` to the one before `end`, bundle by bundle, each checked.

        Raises `ProofError` where a bundle does not hold the entries that the tree does, and `UnavailableError`.
        """
        for index in range(begin // TILE_WIDTH, -(-end // TILE_WIDTH)):
            first = index * TILE_WIDTH
            bundle = EntryBundle(index=index, width=min(TILE_WIDTH, self.checkpoint.size - first))
            entries = self._bundle(bundle)
            for place, (entry, leaf) in enumerate(zip(entries, self._leaves(bundle), strict=True), start=first):
                if leaf_hash(entry) != leaf:
                    raise ProofError(f"{bundle.path}: entry {place} is not the one that the log has signed")
            yield from entries[max(begin - first, 0) : end - first]

    def _bundle(self, bundle: EntryBundle) -> tuple[bytes, ...]:
        full = EntryBundle(index=bundle.index, width=TILE_WIDTH)
        data, whole = self._get(bundle.path, full.path)
        try:
            return tiles.decode_entries(data, TILE_WIDTH if whole else bundle.width)[: bundle.width]
        except ProofError as error:
            raise ProofError(f"{bundle.path}: {error}") from error

    def _leaves(self, bundle: EntryBundle) -> list[bytes]:
        tile = Tile(level=0, index=bundle.index, width=bundle.width)
        if tile.width == TILE_WIDTH:
            # Past the reader's memory, which would else grow with the log: a full tile is checked by itself.
            return _hashes(self._tile(tile))
        return [self._read(0, tile.index * TILE_WIDTH + offset) for offset in range(tile.width)]

    def _tile(self, tile: Tile) -> bytes:
        """A tile's bytes; of a full one checked, of a partial one as they are."""
        data, whole = self._get(tile.path, Tile(level=tile.level, index=tile.index, width=TILE_WIDTH).path)
        expected = TILE_WIDTH if whole else tile.width
        if len(data) != expected * HASH_BYTES:
            raise ProofError(f"{tile.path} must have {expected * HASH_BYTES} bytes, it has {len(data)}")
        if tile.width == TILE_WIDTH and _subtree(data) != self._read((tile.level + 1) * TILE_HEIGHT, tile.index):
            raise ProofError(f"{tile.path} does not belong to the tree of the log's checkpoint")
        return data[: tile.width * HASH_BYTES]

    def _get(self, path: str, full: str) -> tuple[bytes, bool]:
        """The file, or the full one where a partial one was deleted; whether it is the full one."""
        try:
            return self._source.get(path), path == full
        except MissingFileError as error:
            if path == full:
                raise
            try:
                return self._source.get(full), True
            except MissingFileError:
                raise error from None


def _hashes(data: bytes) -> list[bytes]:
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def _subtree(data: bytes) -> bytes:
    """The hash over the hashes of a full tile."""
    hashes = _hashes(data)
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
