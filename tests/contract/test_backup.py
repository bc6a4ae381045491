"""Backups: whole while a batch runs, read-only when restored, and nothing is given twice after the replay."""

import dataclasses
import datetime
import threading

import pytest
import sqlalchemy as sa

from registry import backup, destructions, handovers, instruments, mandates, numbers, replay, schema, search
from registry.backup import BackupError
from registry.database import Database, ReadOnlyError
from registry.documents import DocumentStore
from registry.formats import checkpoint as checkpoints
from registry.formats import tiles
from registry.formats.errors import UnavailableError
from registry.formats.note import NoteVerifier
from registry.fsck import Fsck
from registry.publication import LogPublisher
from registry.replay import ReplayError

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

    def differences(self, *outside) -> list[str]:
        fsck = Fsck(database=self.database, documents=self.documents, folder=self.folder, verifier=self.verifier)
        return [str(one) for one in fsck.run(outside=outside, now=TODAY)]


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


def newest(published):
    note = (published.folder / "checkpoint").read_bytes()
    return checkpoints.read(note, NoteVerifier.of(published.signer))


def since(published, first: int):
    """The published entries from an index on, out of the log's files alone."""
    found = []
    for bundle in tiles.bundles_of(newest(published).size):
        found += tiles.decode_entries((published.folder / bundle.path).read_bytes(), bundle.width)
    return found[first:]


def replayed(published, one: Restored):
    done = replay.replay(
        one.database,
        documents=one.documents,
        entries=since(published, replay.position(one.database)),
        checkpoint=newest(published),
        holder=lambda _pack, public: str(public["holder"]),
        now=TODAY,
    )
    one.publisher.resume(now=TODAY)
    destructions.sweep(one.database, one.documents)
    return done


def given(database: Database) -> list[tuple[str, int, int]]:
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
    assert given(one.database) == given(published.database)
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

    done = replayed(published, one)
    assert done.entries > 0
    lost_n = int(lost.number.split("/")[1])
    assert done.voided == (("genset", 2026, lost_n),)
    assert one.differences(newest(published)) == []
    assert printed(one.database) == printed(published.database)
    assert given(one.database) == given(published.database)
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
        replay.replay(
            one.database,
            documents=one.documents,
            entries=(),
            checkpoint=before,
            holder=lambda *_: "",
            now=TODAY,
        )
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
            replay.replay(
                one.database,
                documents=one.documents,
                entries=wrong,
                checkpoint=newest(published),
                holder=lambda *_: "",
                now=TODAY,
            )
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
    from zoneinfo import ZoneInfo

    from registry import lifecycle
    from registry.formats.logentry import Event

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


def test_a_registry_in_use_is_not_restored_over(published, tmp_path) -> None:
    published.counter.issued("A-1")
    path = saved(published, tmp_path)
    with pytest.raises(BackupError, match="not empty"):
        backup.restore(backup.read(path), database=published.database, documents=published.documents, now=TODAY)
