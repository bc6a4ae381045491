"""The log as static files: the right files, under the right names, and what is read from them is the tree."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats import merkle, tiles
from registry.formats.errors import UnavailableError
from registry.formats.tiles import EntryBundle, Tile, TileError

SIZE = 70_000  # the example of the specification: three levels, all kinds of tiles


@pytest.fixture(scope="module")
def tree() -> merkle.HashReader:
    hashes: dict[tuple[int, int], bytes] = {}

    def keep(level: int, index: int, value: bytes) -> None:
        hashes[level, index] = value

    leaves = (merkle.leaf_hash(index.to_bytes(4, "big")) for index in range(SIZE))
    merkle.grow(merkle.Frontier.empty(), leaves, keep)
    return lambda level, index: hashes[level, index]


@pytest.fixture(scope="module")
def cut(tree: merkle.HashReader) -> Callable[[Tile], bytes]:
    """The bytes of a tile, as a log writes it."""
    full: dict[tuple[int, int], bytes] = {}

    def fetch(tile: Tile) -> bytes:
        place = (tile.level, tile.index)
        if len(full.get(place, b"")) < tile.width * 32:
            full[place] = tiles.tile_data(tile, tree)
        return full[place][: tile.width * 32]

    return fetch


def tiles_by_the_book(size: int) -> set[Tile]:
    """C2SP tlog-tiles, "Partial Tiles": floor(s / 256**l) mod 256 hashes in the partial tile of level l."""
    result = set()
    for level in range(8):
        count = size // 256**level
        result |= {Tile(level=level, index=index, width=256) for index in range(count // 256)}
        if count % 256:
            result.add(Tile(level=level, index=count // 256, width=count % 256))
    return result


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=1_234_067, width=256), "tile/0/x001/x234/067"),
        (Tile(level=0, index=273, width=112), "tile/0/273.p/112"),
        (Tile(level=1, index=0, width=256), "tile/1/000"),
        (Tile(level=63, index=999, width=1), "tile/63/999.p/1"),
        (Tile(level=2, index=1000, width=255), "tile/2/x001/000.p/255"),
        (EntryBundle(index=1_234_067, width=256), "tile/entries/x001/x234/067"),
        (EntryBundle(index=0, width=7), "tile/entries/000.p/7"),
    ],
)
def test_a_path_is_written_and_read_as_the_specification_says(tile: Tile | EntryBundle, path: str) -> None:
    assert tile.path == path
    assert tiles.parse_path(path) == tile


def test_the_path_of_a_bundle_can_be_had_without_one() -> None:
    assert tiles.entries_path(1_234_067, 9) == "tile/entries/x001/x234/067.p/9"


_indices = st.integers(0, 3000) | st.integers(0, merkle.MAX_SIZE)
_tiles = st.builds(Tile, level=st.integers(0, 63), index=_indices, width=st.integers(1, 256)) | st.builds(
    EntryBundle, index=_indices, width=st.integers(1, 256)
)


@given(_tiles)
def test_every_tile_has_one_path(tile: Tile | EntryBundle) -> None:
    assert tiles.parse_path(tile.path) == tile


@given(st.text(max_size=40) | st.from_regex(r"tile/[0-9a-z]{1,3}(/x?[0-9]{1,4}){0,8}(\.p/[0-9]{0,4})?"))
@example("tile/00/000")
@example("tile/64/000")
@example("tile/-1/000")
@example("tile/0/0")
@example("tile/0/x000/001")
@example("tile/0/001/002")
@example("tile/0/x001")
@example("tile/0/0001")
@example("tile/0/001.p/0")
@example("tile/0/001.p/01")
@example("tile/0/001.p/256")
@example("tile/0/001.p/1/2")
@example("tile/0/001.p/")
@example("tile/0/001\n")
@example("tile/0/٠٠١")
@example("tile/０/001")
@example("/tile/0/001")
@example("tile/0/../0/001")
@example("tile/data/001")
@example("tile/entries/")
@example("tile/0/x" + "999/x" * 6 + "999")
@example("tile/0/" + "x999/" * 6 + "999")
@example("tile/0/" + "x999/" * 5000 + "999")
def test_a_text_that_is_not_the_path_of_a_tile_is_refused(text: str) -> None:
    try:
        tile = tiles.parse_path(text)
    except TileError:
        return
    assert tile.path == text


@pytest.mark.parametrize(
    "values",
    [
        {"level": -1},
        {"level": 64},
        {"level": "0"},
        {"index": -1},
        {"index": 2**63},
        {"width": 0},
        {"width": 257},
        {"width": True},
    ],
)
def test_a_tile_outside_the_format_cannot_be_named(values: dict[str, int]) -> None:
    with pytest.raises(TileError):
        Tile(**({"level": 0, "index": 0, "width": 256} | values))


def test_a_log_has_the_tiles_of_the_specifications_example() -> None:
    found = list(tiles.tiles_of(SIZE))
    assert found == [
        *(Tile(level=0, index=index, width=256) for index in range(273)),
        Tile(level=0, index=273, width=112),
        Tile(level=1, index=0, width=256),
        Tile(level=1, index=1, width=17),
        Tile(level=2, index=0, width=1),
    ]
    assert list(tiles.tiles_of(256)) == [Tile(level=0, index=0, width=256), Tile(level=1, index=0, width=1)]
    assert list(tiles.tiles_of(0)) == []
    assert [bundle.path for bundle in tiles.bundles_of(600)] == [
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]


_sizes = st.integers(0, 2000) | st.integers(65_000, 67_000) | st.sampled_from([255, 256, 257, 65_535, 65_536, 65_537])


@given(_sizes, _sizes)
def test_a_growing_log_writes_what_it_had_not_and_nothing_else(one: int, other: int) -> None:
    old, new = sorted((one, other))
    written = list(tiles.new_tiles(old, new))
    assert len(set(written)) == len(written)
    assert set(written) == tiles_by_the_book(new) - tiles_by_the_book(old)
    bundles = list(tiles.new_bundles(old, new))
    assert [(bundle.index, bundle.width) for bundle in bundles] == [
        (tile.index, tile.width) for tile in written if tile.level == 0
    ]


@pytest.mark.parametrize(("old", "new"), [(1, 0), (-1, 5), (0, 2**63), (0, 5.0), (True, 5)])
def test_what_is_no_growth_is_refused_before_anything_is_written(old: int, new: int) -> None:
    for function in (tiles.new_tiles, tiles.new_bundles):
        with pytest.raises(TileError):
            function(old, new)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_proofs_out_of_tiles_are_those_of_the_tree(
    tree: merkle.HashReader, cut: Callable[[Tile], bytes], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, 1200) | st.integers(65_000, SIZE) | st.sampled_from([256, 65_536, SIZE]))
    index, old_size = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    asked = []

    def fetch(tile: Tile) -> bytes:
        asked.append(tile)
        return cut(tile)

    read = tiles.reader(size, fetch)
    assert merkle.root(size, read) == merkle.root(size, tree)
    assert merkle.inclusion_proof(index, size, read) == merkle.inclusion_proof(index, size, tree)
    assert merkle.consistency_proof(old_size, size, read) == merkle.consistency_proof(old_size, size, tree)
    assert set(asked) <= tiles_by_the_book(size)
    assert len(set(asked)) == len(asked), "a tile was fetched twice"


def test_every_complete_subtree_can_be_read_from_tiles(tree: merkle.HashReader, cut: Callable[[Tile], bytes]) -> None:
    size = 66_000
    read = tiles.reader(size, cut)
    for level in range(17):
        count = size >> level
        for index in {0, 1, 127, 128, 255, 256, count // 2, count - 1} & set(range(count)):
            assert read(level, index) == tree(level, index)
        with pytest.raises(merkle.ProofError):
            read(level, count)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 600), (8, 2), (10, 0), (64, 0), (10**9, 0)])
def test_what_no_tile_of_this_log_holds_is_refused(cut: Callable[[Tile], bytes], level: int, index: int) -> None:
    with pytest.raises(merkle.ProofError):
        tiles.reader(600, cut)(level, index)


@pytest.mark.parametrize("size", [-1, 2**63, 1.0, True])
def test_a_reader_needs_a_size(cut: Callable[[Tile], bytes], size: int) -> None:
    with pytest.raises(TileError):
        tiles.reader(size, cut)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:-1],
        lambda data: data[:-32],
        lambda data: data + bytes(32),
        lambda _: None,
        lambda data: data.hex(),
    ],
    ids=["empty", "cut", "one hash less", "one hash more", "nothing", "text"],
)
def test_a_tile_of_another_length_is_refused(cut: Callable[[Tile], bytes], damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(merkle.ProofError, match=r"tile/0/002\.p/88 must have 2816 bytes"):
        tiles.reader(600, lambda tile: damage(cut(tile)))(0, 599)


def test_a_fetcher_may_cut_a_full_tile_when_the_partial_one_is_gone(
    tree: merkle.HashReader, cut: Callable[[Tile], bytes]
) -> None:
    def fetch(tile: Tile) -> bytes:
        full = cut(Tile(level=tile.level, index=tile.index, width=256)) if tile.level == 0 else cut(tile)
        return full[: 32 * tile.width]

    assert merkle.root(600, tiles.reader(600, fetch)) == merkle.root(600, tree)


def test_a_missing_tile_is_reported_as_the_fetcher_reports_it() -> None:
    def fetch(tile: Tile) -> bytes:
        raise UnavailableError(tile.path)

    with pytest.raises(UnavailableError, match=r"tile/0/002\.p/88"):
        tiles.reader(600, fetch)(0, 599)


def test_a_changed_tile_gives_a_proof_that_is_refused(tree: merkle.HashReader, cut: Callable[[Tile], bytes]) -> None:
    root, leaf = merkle.root(600, tree), tree(0, 3)
    for level, index in ((0, 0), (0, 2), (1, 0)):

        def fetch(tile: Tile, place: tuple[int, int] = (level, index)) -> bytes:
            data = cut(tile)
            return bytes([*data[:-1], data[-1] ^ 1]) if (tile.level, tile.index) == place else data

        proof = merkle.inclusion_proof(3, 600, tiles.reader(600, fetch))
        with pytest.raises(merkle.ProofError):
            merkle.verify_inclusion(leaf=leaf, index=3, size=600, proof=proof, root=root)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
@example([b""] * 256)
@example([bytes(tiles.MAX_ENTRY_BYTES)])
def test_entries_survive_their_bundle(entries: list[bytes]) -> None:
    data = tiles.encode_entries(entries)
    assert tiles.decode_entries(data, len(entries)) == tuple(entries)
    for count in {len(entries) - 1, len(entries) + 1}:
        with pytest.raises(TileError):
            tiles.decode_entries(data, count)
    for damaged in (data[:-1], data + b"\0", data + b"\0\0"):
        with pytest.raises(TileError):
            tiles.decode_entries(damaged, len(entries))


def test_an_entry_stands_behind_its_length_in_two_bytes() -> None:
    assert tiles.encode_entries([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258


@given(st.binary(max_size=80), st.integers(-1, 300))
def test_hostile_bundles_raise_only_our_error(data: bytes, count: int) -> None:
    try:
        entries = tiles.decode_entries(data, count)
    except TileError:
        return
    assert tiles.encode_entries(entries) == data


@pytest.mark.parametrize(
    "entries", [[], [b""] * 257, [bytes(2**16)]], ids=["none", "more than a tile holds", "one too long"]
)
def test_a_bundle_outside_the_format_is_not_written(entries: list[bytes]) -> None:
    with pytest.raises(TileError):
        tiles.encode_entries(entries)
