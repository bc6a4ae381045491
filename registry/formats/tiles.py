"""Tiles: the log's Merkle tree and entries as static files (C2SP tlog-tiles).

Tile n of level l holds the hashes MTH(D[(n·256 + i)·256**l : (n·256 + i + 1)·256**l]) for i from 0 to 255, 32 bytes
each: every eighth level of the tree, from which the seven above it are computed. A full tile has 256 hashes and never
changes. The rightmost of each level is partial for most sizes of the log and named after its width. Entry bundles
hold the entries of a tile of level 0, each behind its length.

Tiles are not signed: a hash read from one means something once `merkle.root` over the same reader gives the root of a
verified checkpoint, or a proof made from them verifies.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from registry.formats.merkle import HASH_BYTES, MAX_SIZE, HashReader, ProofError, node_hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 2**TILE_HEIGHT
MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 2**16 - 1

_LENGTH_BYTES: Final = 2
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class TileError(ProofError):
    """A tile, a bundle or its path is not exactly what the format says."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Hashes of one tile: `level` from 0 (the leaves), `index` within the level, `width` in hashes, 256 when full.

    Raises `TileError` for values outside the format.
    """

    level: int
    index: int
    width: int

    def __post_init__(self) -> None:
        _check_number(self.level, "level", 0, MAX_LEVEL)
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """The file's path below the log's prefix, as in ``tile/0/x001/x234/067.p/8``."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EntryBundle:
    """The entries behind a tile of level 0: `width` of them, the first at `index` * 256.

    Raises `TileError` for values outside the format.
    """

    index: int
    width: int

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """The file's path below the log's prefix, as in ``tile/entries/x001/x234/067``."""
        return f"tile/entries/{_place(self.index, self.width)}"


def entries_path(index: int, width: int) -> str:
    """The path of an entry bundle. Raises `TileError` for values outside the format."""
    return EntryBundle(index=index, width=width).path


def parse_path(path: str) -> Tile | EntryBundle:
    """The tile or bundle of a path. Raises `TileError` for every text that is not the one spelling of a path."""
    match = _PATH.fullmatch(path)
    if not match:
        raise TileError("not the path of a tile or an entry bundle")
    index = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3]) if match[3] else TILE_WIDTH
    tile: Tile | EntryBundle
    if match[1] == "entries":
        tile = EntryBundle(index=index, width=width)
    else:
        tile = Tile(level=int(match[1]), index=index, width=width)
    if tile.path != path:
        raise TileError(f"not the one spelling of a path; write {tile.path}")
    return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a log of `size` leaves, level by level, the partial one on each right edge included.

    Raises `TileError` at once for a size outside the format.
    """
    return new_tiles(0, size)


def bundles_of(size: int) -> Iterator[EntryBundle]:
    """Every entry bundle of a log of `size` leaves. Raises `TileError` at once for a size outside the format."""
    return new_bundles(0, size)


def new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles to write when a log grows: each one completed, and on each right edge that moved its partial tile.

    Level by level from the leaves, left to right. Raises `TileError` at once for sizes that are no growth.
    """
    _check_growth(old_size, new_size)
    return _new_tiles(old_size, new_size)


def new_bundles(old_size: int, new_size: int) -> Iterator[EntryBundle]:
    """The entry bundles to write when a log grows. Raises `TileError` at once for sizes that are no growth."""
    _check_growth(old_size, new_size)
    return (EntryBundle(index=index, width=width) for index, width in _new_places(old_size, new_size))


def tile_data(tile: Tile, read: HashReader) -> bytes:
    """The bytes of a tile, read hash by hash."""
    first = tile.index * TILE_WIDTH
    return b"".join(read(tile.level * TILE_HEIGHT, first + offset) for offset in range(tile.width))


def reader(size: int, fetch: Callable[[Tile], bytes]) -> HashReader:
    """A reader of the hashes of a log of `size` leaves out of its tiles, each fetched once for the reader's life.

    `fetch` is asked for the tile as a log of exactly this size has it, and answers with its 32 * width bytes. It may
    take them from the beginning of the full tile, where a partial one was deleted; the reader never asks for it.

    The reader raises `ProofError` for a subtree that is not complete in this log and for a tile of another length,
    and what `fetch` raises. Raises `TileError` at once for a size outside the format.
    """
    _check_number(size, "size", 0, MAX_SIZE)
    fetched: dict[Tile, bytes] = {}

    def read(level: int, index: int) -> bytes:
        if not 0 <= level <= MAX_LEVEL or index < 0 or (index + 1) << level > size:
            raise TileError(f"a log of {size} leaves has no such complete subtree")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, first = divmod(index << height, TILE_WIDTH)
        width = min(TILE_WIDTH, (size >> TILE_HEIGHT * tile_level) - tile_index * TILE_WIDTH)
        tile = Tile(level=tile_level, index=tile_index, width=width)
        data = fetched.get(tile)
        if data is None:
            data = fetched[tile] = _check_data(tile, fetch(tile))
        hashes = [data[(first + i) * HASH_BYTES : (first + i + 1) * HASH_BYTES] for i in range(1 << height)]
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    return read


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle's bytes: each entry behind its length in two bytes, big-endian.

    Raises `TileError` for an entry over `MAX_ENTRY_BYTES` and unless there are 1 to 256.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileError(f"an entry has at most {MAX_ENTRY_BYTES} bytes")
        parts.append(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry)
    _check_number(len(parts), "count of entries", 1, TILE_WIDTH)
    return b"".join(parts)


def decode_entries(data: bytes, count: int) -> tuple[bytes, ...]:
    """The entries of a bundle of `count`. Raises `TileError` unless the bytes are exactly that many."""
    _check_number(count, "count of entries", 1, TILE_WIDTH)
    entries, position = [], 0
    for _ in range(count):
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(data[position:start], "big")
        if start > len(data) or position > len(data):
            raise TileError(f"the bundle ends before its {count} entries do")
        entries.append(data[start:position])
    if position != len(data):
        raise TileError(f"the bundle goes on after its {count} entries")
    return tuple(entries)


def _new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    level = 0
    while new_size:
        for index, width in _new_places(old_size, new_size):
            yield Tile(level=level, index=index, width=width)
        level, old_size, new_size = level + 1, old_size >> TILE_HEIGHT, new_size >> TILE_HEIGHT


def _new_places(old_size: int, new_size: int) -> Iterator[tuple[int, int]]:
    """Index and width of what is new when a level grows from `old_size` to `new_size` hashes."""
    full, partial = divmod(new_size, TILE_WIDTH)
    for index in range(old_size // TILE_WIDTH, full):
        yield index, TILE_WIDTH
    if partial and new_size != old_size:
        yield full, partial


def _place(index: int, width: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]]) + suffix


def _check_data(tile: Tile, data: bytes) -> bytes:
    if type(data) is not bytes or len(data) != tile.width * HASH_BYTES:
        raise TileError(f"{tile.path} must have {tile.width * HASH_BYTES} bytes")
    return data


def _check_growth(old_size: int, new_size: int) -> None:
    _check_number(new_size, "new size", 0, MAX_SIZE)
    _check_number(old_size, "old size", 0, new_size)


def _check_place(index: int, width: int) -> None:
    _check_number(index, "index", 0, MAX_SIZE)
    _check_number(width, "width", 1, TILE_WIDTH)


def _check_number(value: object, name: str, minimum: int, maximum: int) -> None:
    if type(value) is not int or not minimum <= value <= maximum:
        raise TileError(f"the {name} must be a whole number from {minimum} to {maximum}")
