"""The log's published files, as `fsck` reads them."""

from pathlib import Path

from registry.formats import checkpoint as checkpoints
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError
from registry.formats.merkle import HASH_BYTES, ProofError
from registry.formats.note import NoteVerifier
from registry.formats.tiles import TILE_WIDTH, EntryBundle, Tile
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


def read_tile(folder: Path, tile: Tile) -> bytes:
    """A tile's bytes; of a partial one that was dropped, the beginning of the full one. Raises `ProofError`."""
    full = Tile(level=tile.level, index=tile.index, width=TILE_WIDTH)
    return _read(folder, tile.path, full.path)[: tile.width * HASH_BYTES]


def read_bundle(folder: Path, bundle: EntryBundle) -> bytes:
    """The bytes of an entry bundle, or of the full one in whose place it was dropped. Raises `ProofError`."""
    return _read(folder, bundle.path, EntryBundle(index=bundle.index, width=TILE_WIDTH).path)


def _read(folder: Path, *paths: str) -> bytes:
    for path in paths:
        try:
            return (folder / path).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ProofError(f"{path} cannot be read: {error.strerror}") from error
    raise ProofError(f"{paths[0]} is missing")
