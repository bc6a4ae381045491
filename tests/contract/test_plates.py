"""The shelf of plates: one truth under each key, whoever was first, and never other bytes in its place."""

import concurrent.futures
import contextlib
import dataclasses
import datetime
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from registry import instruments, schema
from registry.blobs import DamagedError, LocalBlobs, MissingError, name_of
from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError
from registry.plates import KINDS, Plates

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ABOUT = {"kind": "plate", "pack": "genset/v1", "fingerprint": "aa" * 32}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    return place


@pytest.fixture
def shelf(database, folder) -> Plates:
    return Plates(database=database, documents=DocumentStore.local(folder), clock=lambda: NOW)


def rows(database) -> list[dict[str, object]]:
    with database.read() as tx:
        return [dict(row) for row in tx.execute(sa.select(schema.plates).order_by(schema.plates.c.id)).mappings()]


def overwrite(folder, digest: bytes, data: bytes) -> None:
    path = folder / name_of(digest)
    path.chmod(0o640)
    path.write_bytes(data)


def test_what_is_kept_is_found_by_its_key_and_read_by_its_hash(shelf, database) -> None:
    assert shelf.find(KEY) is None
    kept = shelf.keep(KEY, b"a plate", **ABOUT)
    assert kept == shelf.find(KEY) == sha256(b"a plate")
    assert shelf.get(kept) == b"a plate"
    assert shelf.find(OTHER) is None
    assert rows(database) == [{"id": 1, "key": KEY, "sha256": kept, "recorded_at": NOW, **ABOUT}]


def test_bytes_are_read_by_their_hash_without_a_row(shelf, folder) -> None:
    assert shelf.get(DocumentStore.local(folder).put(b"a plate of before a loss")) == b"a plate of before a loss"


def test_the_first_writer_wins_and_the_second_is_told(shelf, database) -> None:
    first = shelf.keep(KEY, b"a plate", **ABOUT)
    assert shelf.keep(KEY, b"another plate", **ABOUT | {"fingerprint": "bb"}) == first
    assert shelf.keep(KEY, b"a plate", **ABOUT) == first
    assert len(rows(database)) == 1


def test_two_keys_may_hold_the_same_bytes(shelf) -> None:
    assert shelf.keep(KEY, b"a plate", **ABOUT) == shelf.keep(OTHER, b"a plate", **ABOUT)


@pytest.mark.parametrize("kind_of_thing", sorted(KINDS))
def test_each_kind_has_its_place(shelf, kind_of_thing) -> None:
    assert shelf.keep(KEY, b"x", kind=kind_of_thing, pack="", fingerprint="aa") == shelf.find(KEY)


@pytest.mark.parametrize(
    ("key", "kind_of_thing", "said"), [(KEY[:31], "plate", "32 bytes, not 31"), (KEY, "page", "'page' is no kind")]
)
def test_what_no_shelf_keeps_is_a_programming_error_and_leaves_no_file(shelf, folder, key, kind_of_thing, said) -> None:
    with pytest.raises(ValueError, match=said):
        shelf.keep(key, b"x", kind=kind_of_thing, pack="", fingerprint="aa")
    assert list(DocumentStore.local(folder).digests()) == []


def test_the_database_itself_knows_the_kinds_and_one_row_a_key(shelf, database) -> None:
    shelf.keep(KEY, b"a plate", **ABOUT)
    [row] = rows(database)
    for wrong in ({"key": KEY}, {"key": OTHER, "kind": "page"}):
        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(schema.plates.insert().values({**row, "id": 2, **wrong}))


class _Meeting(LocalBlobs):
    """A file store in which writers wait for each other: all have seen that nothing stands under the key."""

    def __init__(self, folder, barrier: threading.Barrier) -> None:
        super().__init__(folder)
        self._barrier = barrier

    def put(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        self._barrier.wait(30)
        return super().put(name, data, replace=replace)


def test_of_many_that_make_it_at_once_one_wins_and_all_agree(database, location, folder) -> None:
    """Each with a connection of its own, as processes on several machines are."""
    many = 6
    barrier = threading.Barrier(many)

    def make(place: int) -> tuple[bytes, bytes]:
        with contextlib.closing(Database.open(location)) as own:
            shelf = Plates(database=own, documents=DocumentStore(blobs=_Meeting(folder, barrier)), clock=lambda: NOW)
            kept = shelf.keep(KEY, b"plate %d" % place, **ABOUT | {"fingerprint": f"{place:02}"})
            return kept, shelf.get(kept)

    with concurrent.futures.ThreadPoolExecutor(many) as pool:
        agreed = set(pool.map(make, range(many)))
    [row] = rows(database)
    assert agreed == {(row["sha256"], b"plate %d" % int(row["fingerprint"]))}


def test_a_row_is_never_there_before_its_bytes(database, folder) -> None:
    folder.rmdir()  # a disk that is not mounted
    shelf = Plates(database=database, documents=DocumentStore.local(folder), clock=lambda: NOW)
    with pytest.raises(UnavailableError, match="missing"):
        shelf.keep(KEY, b"a plate", **ABOUT)
    assert rows(database) == []


def test_a_foreign_copy_is_refused_by_its_hash(shelf, folder) -> None:
    kept = shelf.keep(KEY, b"a plate", **ABOUT)
    overwrite(folder, kept, b"a plate of another hand")
    with pytest.raises(DamagedError):
        shelf.get(shelf.find(KEY))


@pytest.mark.parametrize("lost", [True, False])
def test_the_same_bytes_mend_a_copy_and_others_never_take_its_place(shelf, folder, database, lost) -> None:
    kept = shelf.keep(KEY, b"a plate", **ABOUT)
    if lost:
        (folder / name_of(kept)).unlink()
    else:
        overwrite(folder, kept, b"torn")
    before = rows(database)
    with pytest.raises(UnavailableError, match=rf"{kept.hex()} is {'missing' if lost else 'damaged'}.*backup"):
        shelf.keep(KEY, b"another plate", **ABOUT)
    with pytest.raises(MissingError if lost else DamagedError):
        shelf.get(kept)
    assert shelf.keep(KEY, b"a plate", **ABOUT) == kept
    assert shelf.get(kept) == b"a plate"
    assert rows(database) == before


def test_a_reader_waits_for_no_writer(shelf, database) -> None:
    kept = shelf.keep(KEY, b"a plate", **ABOUT)
    with database.write() as tx, concurrent.futures.ThreadPoolExecutor(1) as pool:
        tx.execute(sa.select(schema.plates)).all()
        assert pool.submit(shelf.find, KEY).result(20) == kept
        # What stands there already is mended and handed out without a turn as writer.
        assert pool.submit(shelf.keep, KEY, b"a plate", **ABOUT).result(20) == kept
        assert pool.submit(shelf.keep, KEY, b"another plate", **ABOUT).result(20) == kept


# The pages that were filled from plates


def test_a_page_says_which_plate_it_was_filled_from(counter, database) -> None:
    permit = counter.frozen("A-1")
    with database.read() as tx:
        page = instruments.unsigned(tx, permit)
    assert (page.plate, page.fill_version) == (sha256(counter.plate), 1)


def test_every_page_with_a_plate_is_listed_once_in_order(counter, database, monkeypatch) -> None:
    monkeypatch.setattr(instruments, "_BATCH", 2)
    old = dataclasses.replace(counter, plate=None)
    permits = [(old if place == 2 else counter).issued(f"A-{place}") for place in range(6)]
    permits.append(counter.frozen("A-6"))
    listed = list(instruments.filled(database, office="kampar"))
    del permits[2]
    assert [one.instrument for one in listed] == permits
    with database.read() as tx:
        assert [one.unsigned for one in listed] == [instruments.unsigned(tx, permit) for permit in permits]
    assert list(instruments.filled(database, office="lain")) == []


def test_one_number_lists_its_own_page(counter, database) -> None:
    first, second = (counter.issued(f"A-{place}") for place in (1, 2))
    old = dataclasses.replace(counter, plate=None).issued("A-3")
    [found] = instruments.filled(database, office="kampar", number=second.number)
    assert (found.instrument, found.unsigned.sha256) == (second, sha256(b"%PDF- A-2"))
    assert list(instruments.filled(database, office="kampar", number=old.number)) == []
    assert list(instruments.filled(database, office="lain", number=first.number)) == []


def test_a_walk_over_all_pages_holds_no_transaction_open(counter, database, monkeypatch) -> None:
    monkeypatch.setattr(instruments, "_BATCH", 1)
    counter.issued("A-1")
    seen = []
    for found in instruments.filled(database, office="kampar"):
        seen.append(found.instrument.number)
        if len(seen) < 3:
            counter.issued(f"B-{len(seen)}")  # seen as well: each batch is read when its turn comes
    assert len(seen) == 3


def test_only_the_page_of_the_present_freeze_is_listed(counter, database) -> None:
    permit = counter.frozen("A-1")
    table = schema.instruments
    with database.write() as tx:
        tx.execute(table.update().where(table.c.id == permit.id).values(freeze=2))  # thawed, and not filled again yet
    assert list(instruments.filled(database, office="kampar")) == []
