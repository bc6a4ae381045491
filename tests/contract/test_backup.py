"""Backups: whole while a batch runs, read-only when restored, and nothing is given twice after the replay."""

import base64
import contextlib
import dataclasses
import datetime
import hashlib
import io
import re
import tarfile
import threading
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import (
    backup,
    blobs,
    destructions,
    handovers,
    instruments,
    ledger,
    lifecycle,
    mandates,
    numbers,
    replay,
    schema,
    search,
)
from registry.backup import BackupError, Manifest
from registry.database import Database, ReadOnlyError
from registry.documents import DocumentStore
from registry.formats import canonical, tiles
from registry.formats import checkpoint as checkpoints
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.note import NoteVerifier
from registry.fsck import Fsck
from registry.plates import Plates
from registry.publication import LogPublisher
from registry.replay import ReplayError, Statement

YESTERDAY = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
TODAY = YESTERDAY + datetime.timedelta(days=1)
APPROVALS = tuple(
    destructions.Approval(person=person, title="Pejabat", letter="S-1") for person in ("Contoh Satu", "Contoh Dua")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Restored:
    """A registry made from a backup, with its own folder of published files and the file store that survived."""

    database: Database
    documents: DocumentStore
    publisher: LogPublisher
    folder: object
    verifier: NoteVerifier

    @property
    def fsck(self) -> Fsck:
        return Fsck(database=self.database, documents=self.documents, folder=self.folder, verifier=self.verifier)

    def differences(self, *outside) -> list[str]:
        return [str(one) for one in self.fsck.run(outside=outside, now=TODAY)]


@pytest.fixture
def restore(published, nowhere, tmp_path):
    """Restores a backup into a new registry of the same kind; the published files and the file store are given."""
    made = []

    def run(path, *, documents: DocumentStore | None = None, folder=None, location=None) -> Restored:
        database = Database.create(location or nowhere)
        made.append(database)
        store = documents or published.documents
        backup.restore(backup.read(path), database=database, documents=store, now=TODAY)
        place = folder or tmp_path / "restored" / "log"
        return Restored(
            database=database,
            documents=store,
            publisher=LogPublisher(database=database, documents=store, folder=place, signer=published.signer),
            folder=place,
            verifier=NoteVerifier.of(published.signer),
        )

    yield run
    for database in made:
        database.close()


@pytest.fixture
def nowhere(kind, request, tmp_path):
    return tmp_path / "restored.db" if kind == "sqlite" else request.getfixturevalue("server").database()


def saved(published, tmp_path, now=YESTERDAY):
    path = tmp_path / "cadangan.tar"
    backup.write(path, database=published.database, documents=published.documents, files={}, now=now)
    return path


KEY = bytes(range(32))


def shelf_of(database, documents) -> Plates:
    return Plates(database=database, documents=documents, clock=lambda: TODAY)


def newest(published):
    note = (published.folder / "checkpoint").read_bytes()
    return checkpoints.read(note, NoteVerifier.of(published.signer))


def since(published, first: int):
    """The published entries from an index on, out of the log's files alone."""
    found = []
    for bundle in tiles.bundles_of(newest(published).size):
        found += tiles.decode_entries((published.folder / bundle.path).read_bytes(), bundle.width)
    return found[first:]


NOTHING_SINCE = Statement(series=frozenset({"genset"}), last=None)


def stated(n: int, **other: object) -> Statement:
    """That the numbers of this year's generators went up to `n`."""
    return Statement(series=frozenset({"genset"}), last={("genset", 2026): n}, **other)  # type: ignore[arg-type]


def replay_into(one: Restored, *, entries, checkpoint, statement: Statement = NOTHING_SINCE):
    return replay.replay(
        one.database,
        documents=one.documents,
        entries=entries,
        checkpoint=checkpoint,
        holder=lambda _pack, public: str(public["holder"]),
        stated=statement,
        judge=lambda tx: one.fsck.within(tx, outside=(checkpoint,), now=TODAY),
        now=TODAY,
    )


def replayed(published, one: Restored, statement: Statement = NOTHING_SINCE):
    entries, checkpoint = since(published, replay.position(one.database)), newest(published)
    done = replay_into(one, entries=entries, checkpoint=checkpoint, statement=statement)
    one.publisher.resume(now=TODAY)
    destructions.sweep(one.database, one.documents)
    return done


def numbers_of(database: Database) -> list[tuple[str, int, int]]:
    table = schema.numbers.c
    with database.read() as tx:
        rows = tx.execute(sa.select(table.series, table.year, table.n).order_by(table.series, table.year, table.n))
        return [tuple(row) for row in rows]


def printed(database: Database) -> set[str]:
    entries, table = schema.log_entries.c, schema.instruments.c
    with database.read() as tx:
        query = sa.select(table.number).join(schema.log_entries, entries.instrument == table.id)
        return set(tx.execute(query.where(entries.event == "issue")).scalars())


def test_nothing_happened_since(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    one = restore(saved(published, tmp_path))
    assert replayed(published, one).entries == 0
    assert one.differences(newest(published)) == []
    assert numbers_of(one.database) == numbers_of(published.database)
    assert (one.folder / "checkpoint").read_bytes() == (published.folder / "checkpoint").read_bytes()


def test_yesterdays_copy_gives_nothing_twice_after_a_day_of_issuing(published, restore, tmp_path, a_mandate) -> None:
    counter = published.counter
    first = counter.issued("A-1", now=YESTERDAY)
    waiting = counter.frozen("A-2", now=YESTERDAY)
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)

    # A day of work after the backup: another freeze that is issued, one that never is, a void number, a hand-over.
    counter.issue(waiting, now=YESTERDAY)
    lost = counter.frozen("A-3", now=TODAY)
    last = counter.issued("A-4", now=TODAY, holder="CV Hari Kedua")
    with published.database.write() as tx:
        spoiled = numbers.allot(tx, series="genset", year=2026, now=TODAY)
        numbers.void(tx, row=spoiled.row, reason="salah cetak", now=TODAY)
        mandates.appoint(tx, office="kampar", mandate=a_mandate("2025-01-01", "2025-12-31"), now=TODAY)
        handover = handovers.Handover(
            recipient="Contoh",
            capacity=handovers.Capacity.HOLDER,
            identity_kind="KTP",
            identity_number="1",
            survey_done=True,
            handed=TODAY,
            actor="petugas",
        )
        handovers.record(tx, permit=first, handover=handover, now=TODAY)
    published.publisher.publish(now=TODAY)

    one = restore(path)
    with pytest.raises(ReadOnlyError, match="db replay"), one.database.write():
        pass
    with pytest.raises(ReadOnlyError):
        one.publisher.publish(now=TODAY)

    # The draft that nobody signed stands in the file store: that nothing was printed is not believed.
    with pytest.raises(ReplayError, match="--last-number genset 2026 N"):
        replayed(published, one)
    done = replayed(published, one, stated(5))
    assert done.entries > 0
    lost_n = int(lost.number.split("/")[1])
    assert done.voided == (("genset", 2026, lost_n),)
    assert one.differences(newest(published)) == []
    assert printed(one.database) == printed(published.database)
    assert numbers_of(one.database) == numbers_of(published.database)
    with one.database.read() as tx:
        assert [hit.number for hit in search.by_holder(tx, text="hari kedua", limit=5)] == [last.number]
        assert handovers.of_permit(tx, first) == (handover,)

    # And on it goes: the next number and the next index are new ones.
    continued = dataclasses.replace(counter, database=one.database)
    after = continued.issued("A-5", now=TODAY)
    assert after.number not in printed(published.database) | {lost.number}
    one.publisher.publish(now=TODAY)
    assert one.differences(newest(published)) == []


def test_an_older_checkpoint_than_the_backup_is_refused(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    before = newest(published)
    published.counter.issued("A-2")
    published.publisher.publish(now=YESTERDAY)
    one = restore(saved(published, tmp_path))
    with pytest.raises(ReplayError, match="not the newest"):
        replay_into(one, entries=(), checkpoint=before)
    with pytest.raises(ReadOnlyError), one.database.write():
        pass


def test_entries_that_do_not_lead_to_the_checkpoint_change_nothing(published, restore, tmp_path) -> None:
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    published.counter.issued("A-1")
    published.counter.issued("A-2")
    published.publisher.publish(now=TODAY)
    one = restore(path)
    entries = since(published, replay.position(one.database))
    for wrong in (entries[:-1], entries[::-1]):
        with pytest.raises((ReplayError, UnavailableError)):
            replay_into(one, entries=wrong, checkpoint=newest(published))
    assert replay.waits(one.database)
    assert printed(one.database) == set()


def test_a_record_that_is_lost_stops_the_replay_whole(published, restore, tmp_path) -> None:
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    published.counter.issued("A-1")
    published.publisher.publish(now=TODAY)
    (tmp_path / "empty").mkdir()
    one = restore(path, documents=DocumentStore.local(tmp_path / "empty"))
    with pytest.raises(UnavailableError, match="does not hold"):
        replayed(published, one)
    assert replay.waits(one.database)


def test_what_was_destroyed_since_does_not_come_back(published, restore, tmp_path) -> None:
    permit = published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    _revoke_and_destroy(published, permit)
    one = restore(path)
    with one.database.read() as tx:
        assert instruments.by_id(tx, permit.id).shape != {}
    replayed(published, one)
    with one.database.read() as tx:
        assert instruments.by_id(tx, permit.id).shape == {}
        assert destructions.is_destroyed(tx, permit.id)
    assert one.differences(newest(published)) == []


def _revoke_and_destroy(published, permit) -> None:
    order = lifecycle.Order(
        change=Event.REVOKE,
        reason="pelanggaran",
        legal_ground="Pasal 12",
        decree_number="SK-9",
        decree_date=datetime.date(2026, 11, 24),
        effective=TODAY,
        actor="petugas",
    )
    with published.database.write() as tx:
        lifecycle.change(tx, permit=permit, order=order, zone=ZoneInfo("Asia/Jakarta"), now=TODAY)
        destructions.destroy(
            tx,
            permit=permit,
            order=destructions.Order(
                ground="JRA 1",
                approvals=APPROVALS,
                minutes_number="BA-1",
                minutes_date=datetime.date(2026, 11, 24),
                actor="arsiparis",
            ),
            today=datetime.date(2026, 11, 24),
            now=TODAY,
        )
    destructions.sweep(published.database, published.documents)
    published.publisher.publish(now=TODAY)


def test_a_backup_while_a_batch_runs_restores_consistent(published, restore, tmp_path) -> None:
    stop = threading.Event()
    errors: list[BaseException] = []

    def batch() -> None:
        place = 0
        try:
            while not stop.is_set() and place < 60:
                place += 1
                published.counter.issued(f"B-{place}")
                published.publisher.publish(now=YESTERDAY)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=batch)
    thread.start()
    try:
        paths = []
        for place in range(4):
            path = tmp_path / f"cadangan-{place}.tar"
            backup.write(path, database=published.database, documents=published.documents, files={}, now=YESTERDAY)
            paths.append(path)
    finally:
        stop.set()
        thread.join()
    assert errors == []
    published.publisher.publish(now=YESTERDAY)
    one = restore(paths[-1])
    replayed(published, one)
    assert one.differences(newest(published)) == []
    assert printed(one.database) <= printed(published.database)


def test_a_backup_of_one_database_restores_on_the_other(published, kind, tmp_path, request, restore) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    other = request.getfixturevalue("server").database() if kind == "sqlite" else tmp_path / "other.db"
    one = restore(saved(published, tmp_path), location=other)
    assert one.database.dialect != kind
    replayed(published, one)
    assert one.differences(newest(published)) == []


def test_a_damaged_backup_is_refused_before_anything_is_restored(published, tmp_path) -> None:
    published.counter.issued("A-1")
    data = saved(published, tmp_path).read_bytes()
    damaged = tmp_path / "damaged.tar"
    place = data.index(b'"event":"issue"')
    damaged.write_bytes(data[:place] + b'"event":"isxue"' + data[place + 15 :])
    with pytest.raises(BackupError, match="log_entries"):
        backup.read(damaged)
    for cut in (0, 100, 2000, len(data) // 2):
        damaged.write_bytes(data[:cut])
        with pytest.raises(BackupError):
            backup.read(damaged)


def test_a_backup_is_never_overwritten_and_is_nobody_elses_to_read(published, tmp_path) -> None:
    path = saved(published, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(BackupError, match="never overwritten"):
        saved(published, tmp_path)
    assert path.read_bytes() == before


def test_a_backup_with_a_hole_is_not_written(published, tmp_path) -> None:
    permit = published.counter.issued("A-1")
    with published.database.read() as tx:
        unsigned = instruments.unsigned(tx, permit)
    published.documents.delete(unsigned.sha256)
    with pytest.raises(UnavailableError, match="does not hold"):
        saved(published, tmp_path)
    assert list(tmp_path.glob("*.tar")) == []


def test_a_backup_without_a_plate_is_not_written(published, tmp_path) -> None:
    permit = published.counter.issued("A-1")
    shelf = shelf_of(published.database, published.documents)
    kept = shelf.keep(KEY, b"a subset", kind="subset", pack="", fingerprint="aa")
    with published.database.read() as tx:
        page = instruments.unsigned(tx, permit)
    for sha256 in (page.plate, kept):
        copy = published.documents.get(sha256)
        published.documents.delete(sha256)
        with pytest.raises(UnavailableError, match="does not hold"):
            saved(published, tmp_path)
        published.documents.put(copy)
    assert saved(published, tmp_path).is_file()


def test_a_backup_brings_plates_to_a_place_that_has_none(published, restore, tmp_path) -> None:
    permit = published.counter.issued("A-1")
    kept = shelf_of(published.database, published.documents).keep(
        KEY, b"a subset", kind="subset", pack="", fingerprint="aa"
    )
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    one = restore(path, documents=DocumentStore.local(tmp_path / "elsewhere"))
    shelf = shelf_of(one.database, one.documents)
    assert shelf.find(KEY) == kept
    assert shelf.get(kept) == b"a subset"
    with one.database.read() as tx:
        assert shelf.get(instruments.unsigned(tx, permit).plate) == published.counter.plate
    with pytest.raises(ReadOnlyError):
        shelf.keep(bytes(32), b"a plate", kind="plate", pack="genset/v1", fingerprint="aa")
    replayed(published, one)
    assert one.differences(newest(published)) == []


def test_plates_made_since_the_backup_are_made_again_and_their_pages_find_them(published, restore, tmp_path) -> None:
    counter = dataclasses.replace(published.counter, plate=b"\xa1 a plate of today")
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    before = shelf_of(published.database, published.documents)
    kept = before.keep(KEY, counter.plate, kind="plate", pack="genset/v1", fingerprint="aa")
    before.keep(bytes(32), b"\x00\x01\x00\x00 a typeface", kind="typeface", pack="", fingerprint="aa")
    permit = counter.issued("A-2", now=TODAY)
    published.publisher.publish(now=TODAY)

    one = restore(path)
    # No file of a plate is taken for a draft that may have borne a number.
    assert replayed(published, one).entries == 1
    shelf = shelf_of(one.database, one.documents)
    assert shelf.find(KEY) is None
    [found] = instruments.filled(one.database, office="kampar", number=permit.number)
    assert (found.unsigned.plate, shelf.get(kept)) == (kept, counter.plate)
    assert one.differences(newest(published)) == []
    assert shelf.keep(KEY, counter.plate, kind="plate", pack="genset/v1", fingerprint="bb") == kept
    assert one.differences(newest(published)) == []


def test_a_lost_plate_is_named_and_holds_up_no_replay(published, restore, tmp_path) -> None:
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    permit = published.counter.issued("A-1", now=TODAY)
    published.publisher.publish(now=TODAY)
    with published.database.read() as tx:
        published.documents.delete(instruments.unsigned(tx, permit).plate)
    one = restore(path)
    replayed(published, one)
    assert [found.partition(" (")[0] for found in one.differences(newest(published))] == [
        "plate_lost: plate of documents 1"
    ]


@pytest.mark.parametrize("unknown", [b"%PDF- of nobody", b'{"format":"absah-record-9"}'])
def test_what_may_tell_of_a_number_is_never_passed_over(published, restore, tmp_path, unknown) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    published.documents.put(b"\xa1 a plate")
    published.documents.put(unknown)
    one = restore(path)
    with pytest.raises(ReplayError, match="1 file"):
        replayed(published, one)


def test_a_draft_that_is_damaged_is_not_passed_over(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    draft = published.documents.put(b"%PDF- of nobody")
    place = tmp_path / "documents" / blobs.name_of(draft)
    place.chmod(0o640)
    place.write_bytes(b"")
    with pytest.raises(ReplayError, match="1 file"):
        replayed(published, restore(path))


def test_a_record_that_knows_no_plate_is_not_taken_in_over_a_row_that_has_one(published, restore, tmp_path) -> None:
    """A backup that puts a plate on a page whose issue, published since, was recorded without one."""
    waiting = dataclasses.replace(published.counter, plate=None).frozen("A-1", now=YESTERDAY)
    published.counter.issued("A-2")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    published.counter.issue(waiting, now=YESTERDAY)
    published.publisher.publish(now=YESTERDAY)
    other = {"plate": "A" * 43 + "=", "fill_version": 1}
    changed = forged(path, "documents", lambda row: {**row, **other} if row["kind"] == "unsigned" else row)
    one = restore(changed)
    with pytest.raises(ReplayError, match=r"contradicts the log in fill_version, plate"):
        replayed(published, one, stated(2))


def test_a_destruction_leaves_the_plate_that_other_pages_were_filled_from(published) -> None:
    permit, other = published.counter.issued("A-1"), published.counter.issued("A-2")
    shelf = shelf_of(published.database, published.documents)
    kept = shelf.keep(KEY, published.counter.plate, kind="plate", pack="genset/v1", fingerprint="aa")
    published.publisher.publish(now=YESTERDAY)
    _revoke_and_destroy(published, permit)
    with published.database.read() as tx:
        assert instruments.unsigned(tx, permit).plate == kept
    assert shelf.get(kept) == published.counter.plate
    assert [one.instrument.id for one in instruments.filled(published.database, office="kampar")] == [other.id]


def test_a_registry_in_use_is_not_restored_over(published, tmp_path) -> None:
    published.counter.issued("A-1")
    path = saved(published, tmp_path)
    with pytest.raises(BackupError, match="not empty"):
        backup.restore(backup.read(path), database=published.database, documents=published.documents, now=TODAY)


def test_a_number_that_stood_on_a_lost_draft_is_never_given_again(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    lost = published.counter.frozen("A-2", now=TODAY)  # printed, not signed; then the database is lost
    one = restore(path)
    with pytest.raises(ReplayError, match="files that neither backup nor log knows"):
        replayed(published, one)
    done = replayed(published, one, stated(3))
    assert done.voided == (("genset", 2026, 2), ("genset", 2026, 3))
    after = dataclasses.replace(published.counter, database=one.database).frozen("A-3", now=TODAY)
    assert after.number not in (lost.number, lost.number.replace("503/2", "503/3"))
    with one.database.read() as tx:
        assert [row.fate.value for row in numbers.report(tx, series="genset", year=2026)] == [
            "used",
            "void",
            "void",
            "used",
        ]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({}, "up to which number was genset of 2026 given"),
        ({("genset", 2026): 1}, "know it up to 2"),
        ({("genset", 2026): 2 + replay.MOST_LOST + 1}, f"2 to {2 + replay.MOST_LOST}"),
        ({("genset", 2026): 2, ("gense", 2026): 5}, "no series gense in 2026"),
        ({("genset", 2025): 2}, "no series genset in 2025"),
    ],
)
def test_a_statement_that_cannot_be_right_changes_nothing(published, restore, tmp_path, last, said) -> None:
    published.counter.issued("A-1")
    published.counter.issued("A-2")
    published.publisher.publish(now=YESTERDAY)
    one = restore(saved(published, tmp_path))
    with pytest.raises(ReplayError, match=said) as refused:
        replayed(published, one, Statement(series=frozenset({"genset"}), last=last))
    assert "--last-number genset 2026 N" in str(refused.value)
    assert replay.waits(one.database)


def test_every_year_since_the_backup_is_asked_for(published, restore, tmp_path) -> None:
    published.counter.issued("A-1", now=YESTERDAY)
    published.publisher.publish(now=YESTERDAY)
    # A backup that claims a later moment than its own last entry hides no year.
    one = restore(saved(published, tmp_path, now=TODAY + datetime.timedelta(days=800)))
    new_year = datetime.datetime(2027, 1, 4, 3, 0, tzinfo=datetime.UTC)
    with pytest.raises(ReplayError, match="--last-number genset 2026 N --last-number genset 2027 N"):
        replay.replay(
            one.database,
            documents=one.documents,
            entries=(),
            checkpoint=newest(published),
            holder=lambda *_: "",
            stated=stated(1),
            judge=lambda _: (),
            now=new_year,
        )


def test_a_record_that_no_entry_names_stops_the_replay_until_it_is_given_up(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    path = saved(published, tmp_path)
    acknowledged = published.counter.issued("A-2", now=TODAY)
    published.publisher.keep_records()  # the database is lost before the entry is published
    one = restore(path)
    for statement in (NOTHING_SINCE, stated(2)):
        with pytest.raises(ReplayError, match=f"{acknowledged.number}.*--leave-unpublished"):
            replayed(published, one, statement)
    with pytest.raises(ReplayError, match="know it up to 2"):
        replayed(published, one, stated(1, leave_unpublished=True))
    done = replayed(published, one, stated(2, leave_unpublished=True))
    assert done.voided == (("genset", 2026, 2),)
    assert done.left == (acknowledged.number,)
    assert one.differences(newest(published)) == []
    assert acknowledged.number not in printed(one.database)


def test_a_planted_record_neither_comes_back_nor_uses_up_a_series(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    with published.database.read() as tx:
        [real] = ledger.rows_of(tx, "numbers", 1)
    rows = [{"table": "numbers", "row": {**real, "id": 99, "n": numbers.LAST}}]
    published.documents.put(canonical.dump({"format": ledger.FORMAT, "salt": "00" * ledger.SALT_BYTES, "rows": rows}))
    one = restore(saved(published, tmp_path))
    done = replayed(published, one, stated(1, leave_unpublished=True))
    assert (done.voided, done.left) == ((), ("numbers 99",))
    assert numbers_of(one.database) == [("genset", 2026, 1)]


def forged(path, table: str, change):
    """A copy of a backup with other rows in a table, and the manifest made to agree."""
    with tarfile.open(path) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    name = f"tables/{table}.jsonl"
    rows = [change(canonical.parse(line)) for line in members[name].splitlines()]
    members[name] = b"".join(canonical.dump(row) + b"\n" for row in rows if row is not None)
    manifest = Manifest.decode(members["manifest.json"])
    tables = {**manifest.tables, table: (len(members[name].splitlines()), hashlib.sha256(members[name]).hexdigest())}
    members["manifest.json"] = dataclasses.replace(manifest, tables=tables).encode()
    other = path.with_name(f"palsu-{table}.tar")
    written(other, members.items())
    return other


def written(path, members, *more: tarfile.TarInfo) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in more:
            archive.addfile(member)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("status_changes", lambda row: {**row, "effective_at": "2099-01-01T00:00:00+00:00"}),
        ("status_changes", lambda row: None if row["change"] == "revoke" else row),
        ("instruments", lambda row: {**row, "valid_until": "2099-01-01"}),
        ("log_entries", lambda row: {**row, "event": "suspend"} if row["event"] == "revoke" else row),
        ("log_entries", lambda row: {**row, "entry": "AAAA"} if row["event"] == "revoke" else row),
        ("mandates", lambda row: {**row, "valid_from": "2020-01-01"}),
        ("documents", lambda row: {**row, "sha256": "A" * 43 + "="} if row["kind"] == "signed" else row),
        ("documents", lambda row: {**row, "plate": "A" * 43 + "="} if row["kind"] == "unsigned" else row),
        ("documents", lambda row: {key: value for key, value in row.items() if key not in ("plate", "fill_version")}),
    ],
)
def test_a_forged_backup_is_told_from_the_log_and_stays_read_only(published, restore, tmp_path, table, change) -> None:
    permit = published.counter.issued("A-1")
    published.counter.issued("A-2")
    order = lifecycle.Order(
        change=Event.REVOKE,
        reason="pelanggaran",
        legal_ground="Pasal 12",
        decree_number="SK-9",
        decree_date=YESTERDAY.date(),
        effective=YESTERDAY,
        actor="petugas",
    )
    with published.database.write() as tx:
        lifecycle.change(tx, permit=permit, order=order, zone=ZoneInfo("Asia/Jakarta"), now=YESTERDAY)
    published.publisher.publish(now=YESTERDAY)
    one = restore(forged(saved(published, tmp_path), table, change))
    with pytest.raises(ReplayError, match="damaged or forged"):
        replayed(published, one, stated(2, leave_unpublished=True))
    assert replay.waits(one.database)
    with pytest.raises(ReadOnlyError), one.database.write():
        pass


class _Cut:
    """A file store whose disk is full after so many documents."""

    def __init__(self, store: DocumentStore, left: int) -> None:
        self._store = store
        self._left = left

    def put(self, data: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise UnavailableError("the disk is full")
        return self._store.put(data)


def test_a_restoration_that_was_cut_off_is_begun_anew(published, nowhere, tmp_path) -> None:
    published.counter.issued("A-1")
    published.publisher.publish(now=YESTERDAY)
    opened = backup.read(saved(published, tmp_path))
    with contextlib.closing(Database.create(nowhere)) as database:
        with pytest.raises(UnavailableError, match="full"):
            backup.restore(opened, database=database, documents=_Cut(published.documents, 1), now=TODAY)
        assert backup.is_empty(database)
        backup.restore(opened, database=database, documents=published.documents, now=TODAY)
        assert not backup.is_empty(database)
        with pytest.raises(BackupError, match="not empty"):
            backup.restore(opened, database=database, documents=published.documents, now=TODAY)
        assert printed(database) == printed(published.database)


def test_rows_that_do_not_fit_together_are_a_broken_backup(published, restore, tmp_path) -> None:
    published.counter.issued("A-1")
    published.counter.issued("A-2")
    path = saved(published, tmp_path)
    with pytest.raises(BackupError, match=r"numbers.*cannot be stored"):
        restore(forged(path, "numbers", lambda row: {**row, "n": 1}))


def _sparse(name: str, size: int) -> bytes:
    """The header of an old GNU sparse file: one hole of `size` bytes and nothing else."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[386:398], block[398:410] = b"%011o\0" % size, b"%011o\0" % 0
    block[482:495] = b"\0%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.fixture(scope="module")
def small_backup(tmp_path_factory):
    """A backup of an empty registry, as bytes: what hostile ones are made from."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "documents").mkdir()
    with contextlib.closing(Database.create(folder / "absah.db")) as database:
        documents = DocumentStore.local(folder / "documents")
        backup.write(folder / "a.tar", database=database, documents=documents, files={"a": b"b"}, now=YESTERDAY)
    return (folder / "a.tar").read_bytes()


def test_what_no_backup_of_ours_holds_is_refused(small_backup, tmp_path) -> None:
    path = tmp_path / "h.tar"
    with tarfile.open(fileobj=io.BytesIO(small_backup)) as archive:
        members = [(member.name, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]
    name = f"documents/aa/{'0' * 62}"
    manifest = dict(members)["manifest.json"]
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    huge = tarfile.TarInfo(name)
    huge.size = blobs.MAX_BYTES + 1
    for wrong in (
        [*members, ("absah.db", b"")],
        [*members, ("documents/../keys/a", b"")],
        [*members, ("documents/ab/cd", b"")],
        [*members, ("tables/more.jsonl", b"")],
        [*members, members[1]],
        [*members, ("files/a", b"c")],
        [("manifest.json", manifest.replace(b"+00:00", b"")), *members[1:]],
        [("manifest.json", manifest.replace(b"2026", b"\xff\xfe")), *members[1:]],
        [("manifest.json", manifest.replace(b'"log_size":0', b'"log_size":1e400')), *members[1:]],
        [("manifest.json", b"[" * 100_000), *members[1:]],
        members[1:],
    ):
        written(path, wrong)
        with pytest.raises(BackupError):
            backup.read(path)
    for special in (link, huge):
        written(path, members, special)
        with pytest.raises(BackupError):
            backup.read(path)
    end = len(small_backup.rstrip(b"\0")) // tarfile.BLOCKSIZE * tarfile.BLOCKSIZE + tarfile.BLOCKSIZE
    path.write_bytes(small_backup[:end] + _sparse(name, 1 << 30) + bytes(2 * tarfile.BLOCKSIZE))
    with tarfile.open(path) as archive:
        assert [one.issparse() for one in archive][-1]  # tarfile does take it for a file of 1 GiB
    with pytest.raises(BackupError, match=name):
        backup.read(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_backup_with_any_bytes_changed_is_read_or_refused(small_backup, tmp_path, data) -> None:
    changed = bytearray(small_backup.rstrip(b"\0") + bytes(1024))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        changed[place : place + len(piece)] = piece
    path = tmp_path / "h.tar"
    path.write_bytes(changed)
    with contextlib.suppress(BackupError):
        opened = backup.read(path)
        assert opened.manifest.tables["log_entries"][0] >= 0
        assert set(opened.manifest.tables) == {table.name for table in schema.metadata.sorted_tables} - {"restorations"}


def test_a_destruction_leaves_nothing_of_the_holder_behind(published, kind, ordered) -> None:
    secret = "Zulfiqar Xanthe Wyqotra"
    permit = published.counter.issued("A-1", now=YESTERDAY, holder=secret)
    for place in range(40):  # enough that the index of names has more than one segment and page
        published.counter.issued(f"B-{place}", now=YESTERDAY, holder=f"PT Contoh Nomor {place}")
    slip = lifecycle.Slip(field="Nama", printed="Zulfikar", correct=secret)
    handover = handovers.Handover(
        recipient=secret,
        capacity=handovers.Capacity.HOLDER,
        identity_kind="KTP",
        identity_number="9-8765432",
        survey_done=True,
        handed=TODAY,
        actor="petugas",
    )
    with published.database.write() as tx:
        order = ordered(Event.CORRECT, TODAY, slip=slip)
        lifecycle.change(tx, permit=permit, order=order, zone=ZoneInfo("Asia/Jakarta"), now=TODAY)
        handovers.record(tx, permit=permit, handover=handover, now=TODAY)
    published.publisher.publish(now=TODAY)
    words = [word.encode() for word in ("Zulfiqar", "zulfiqar", "Zulfikar", "Wyqotra", "wyqotra", "9-8765432")]
    assert _anywhere(published, words) == set(words)
    _revoke_and_destroy(published, permit)
    assert _anywhere(published, words) == set()
    with published.database.read() as tx:
        assert lifecycle.corrections(tx, permit.id) == ()
        assert handovers.of_permit(tx, permit)[0].recipient == ""
    if kind == "sqlite":
        # Trigrams that no other name has; the index would hold them in a segment of its own.
        data = published.location.read_bytes()
        assert [piece for piece in (b"fiq", b"xan", b"wyq") if piece in data.lower()] == []


def _anywhere(published, words: list[bytes]) -> set[bytes]:
    """Which of the words stand in the file store, or in the database: its files on SQLite, its rows on PostgreSQL."""
    found = [published.documents.get(sha256) for sha256 in published.documents.digests()]
    found += [base64.b64decode(one) for data in list(found) for one in re.findall(rb'"canonical":"([^"]*)"', data)]
    if published.database.dialect == "sqlite":
        place = published.location
        found += [path.read_bytes() for path in place.parent.glob(f"{place.name}*") if path.is_file()]
    else:
        with published.database.read() as tx:
            for table in schema.metadata.sorted_tables:
                found += [repr(tuple(row)).encode() for row in tx.execute(sa.select(table))]
    return {word for word in words if any(word in data for data in found)}


def test_only_a_destruction_empties_a_correction(published, ordered) -> None:
    permit = published.counter.issued("A-1", now=YESTERDAY)
    with published.database.write() as tx:
        order = ordered(Event.CORRECT, TODAY)
        lifecycle.change(tx, permit=permit, order=order, zone=ZoneInfo("Asia/Jakarta"), now=TODAY)
    published.publisher.publish(now=TODAY)
    table = schema.status_changes
    empty = table.update().where(table.c.change == "correct").values(correction={})
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), published.database.write() as tx:
        tx.execute(empty)
    _revoke_and_destroy(published, permit)
    others = {"field": "x", "printed": "", "correct": ""}
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), published.database.write() as tx:
        tx.execute(empty.values(correction=others))


def test_a_slow_publisher_does_not_bring_back_the_record_of_a_destroyed_permit(published) -> None:
    permit = published.counter.issued("A-1", now=YESTERDAY)

    class Slow:
        """Another process publishes, destroys and sweeps while this one still writes the records it has read."""

        def put(self, data: bytes) -> bytes:
            published.publisher.publish(now=TODAY)
            if not is_destroyed():
                _revoke_and_destroy(published, permit)
            return published.documents.put(data)

        def delete(self, sha256: bytes) -> None:
            published.documents.delete(sha256)

    def is_destroyed() -> bool:
        with published.database.read() as tx:
            return destructions.is_destroyed(tx, permit.id)

    slow = LogPublisher(database=published.database, documents=Slow(), folder=published.folder, signer=published.signer)
    slow.publish(now=TODAY)
    with published.database.read() as tx:
        gone = set(destructions.files(tx, permit.id))
    assert gone.isdisjoint(published.documents.digests())
