"""The log's published files, as `fsck` reads them."""

from collections.abc import Iterator
from pathlib import Path

from registry.formats import checkpoint as checkpoints
from registry.formats import tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError
from registry.formats.merkle import ProofError
from registry.formats.note import NoteVerifier
from registry.formats.tiles import TILE_HEIGHT, TILE_WIDTH, EntryBundle, Tile
from registry.fsck.difference import Difference

CHECKPOINT = "checkpoint"


def read_in_front(folder: Path, verifier: NoteVerifier) -> tuple[Checkpoint | None, tuple[Difference, ...]]:
    """The checkpoint that the public sees, and what is wrong with its file; none if nothing was published yet."""
    path = folder / CHECKPOINT
    try:
        return checkpoints.read(path.read_bytes(), verifier), ()
    except FileNotFoundError:
        return None, ()
    except OSError as error:
        problem = Difference(code="checkpoint_unreadable", place=CHECKPOINT, detail={"why": str(error.strerror)})
    except DocumentError as error:
        problem = Difference(code="checkpoint_not_ours", place=CHECKPOINT, detail={"why": str(error)})
    return None, (problem,)


class Files:
    """The tiles and entry bundles of a log of `size` entries, each compared once everything in it is known.

    Of what was compared nothing is remembered, so that a log of any length can be walked.
    """

    def __init__(self, *, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._hashes: dict[tuple[int, int], bytes] = {}  # of the levels that tiles hold
        self._entries: list[bytes] = []

    def keep(self, level: int, index: int, value: bytes) -> None:
        """Take in the hash of a complete subtree (`merkle.grow`)."""
        if level % TILE_HEIGHT == 0 and (index + 1) << level <= self._size:
            self._hashes[level, index] = value

    def add(self, entry: bytes, grown: int) -> Iterator[Difference]:
        """Take in the next entry, with which the log has `grown` entries; names each file that is not as it must be."""
        if grown > self._size:
            return
        self._entries.append(entry)
        if grown % TILE_WIDTH == 0:
            for tile in tiles.new_tiles(grown - 1, grown):
                if tile.width == TILE_WIDTH:
                    yield from self._tile(tile)
            yield from self._bundle(grown)
        if grown == self._size:
            for tile in _edge(grown):
                yield from self._tile(tile)
            if self._entries:
                yield from self._bundle(grown)

    def _tile(self, tile: Tile) -> Iterator[Difference]:
        level, first = tile.level * TILE_HEIGHT, tile.index * TILE_WIDTH
        right = b"".join(self._hashes.pop((level, place)) for place in range(first, first + tile.width))
        full = Tile(level=tile.level, index=tile.index, width=TILE_WIDTH)
        try:
            if not _holds(self._folder, tile.path, full.path, right):
                yield Difference(code="tile_changed", place=tile.path)
        except ProofError as error:
            yield Difference(code="tile_missing", place=tile.path, detail={"why": str(error)})

    def _bundle(self, grown: int) -> Iterator[Difference]:
        bundle = EntryBundle(index=(grown - 1) // TILE_WIDTH, width=len(self._entries))
        full = EntryBundle(index=bundle.index, width=TILE_WIDTH)
        right = tiles.encode_entries(self._entries)
        self._entries.clear()
        try:
            if not _holds(self._folder, bundle.path, full.path, right):
                yield Difference(code="bundle_changed", place=bundle.path)
        except ProofError as error:
            yield Difference(code="bundle_missing", place=bundle.path, detail={"why": str(error)})


def _edge(size: int) -> Iterator[Tile]:
    """The partial tiles on the right edge of a log of this size."""
    level = 0
    while size:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            yield Tile(level=level, index=index, width=width)
        level, size = level + 1, index


def _holds(folder: Path, path: str, full: str, right: bytes) -> bool:
    """Whether a file is `right`, or the full one in its place begins with it: a partial one may be dropped then."""
    for name in (path, full):
        try:
            found = (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ProofError(f"{name} cannot be read: {error.strerror}") from error
        return found == right if name == path else found.startswith(right)
    raise ProofError(f"{path} is missing")
