"""What a stranger is told of one permit: its whole history, and whether the log knows of it."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.notes import Ed25519NoteSigner
from registry import destructions, lifecycle, schema
from registry.documents import DocumentStore
from registry.formats.logentry import Event
from registry.formats.record import Status
from registry.publication import LogPublisher
from registry.records import OneRecord, RegistryReader

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
ZONE = ZoneInfo("Asia/Jakarta")


class Kept:
    """A file store that has every file: what is in it is no matter here."""

    def get(self, sha256):
        return b"kept as " + sha256


@pytest.fixture
def reader(database):
    return RegistryReader(database=database, documents=Kept())


@pytest.fixture
def publisher(database, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    signer = Ed25519NoteSigner(name="izin.contoh.example/log", private_key=Ed25519PrivateKey.generate())
    return LogPublisher(
        database=database, documents=DocumentStore.local(folder), folder=tmp_path / "log", signer=signer
    )


def change(counter, permit, order, now):
    with counter.database.write() as tx:
        lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=now)


def give_indices(database):
    """As far as the sequencer gets before the checkpoint."""
    entries = schema.log_entries
    with database.write() as tx:
        tx.execute(entries.update().values({entries.c.index: entries.c.id - 1}))


def test_an_issued_permit_awaits_the_log_until_a_checkpoint_covers_it(counter, reader, publisher) -> None:
    permit = counter.issued("A")
    assert reader.permit_by_serial(permit.serial).awaits_log
    publisher.publish(now=NOW)
    assert not reader.permit_by_serial(permit.serial).awaits_log
    later = counter.issued("B")
    assert reader.permit_by_serial(later.serial).awaits_log
    assert not reader.permit_by_serial(permit.serial).awaits_log, "what is covered stays so"


def test_an_index_without_a_checkpoint_is_not_public(counter, reader) -> None:
    permit = counter.issued("A")
    give_indices(counter.database)
    assert reader.permit_by_serial(permit.serial).awaits_log


@pytest.mark.parametrize(("beyond", "awaits"), [(0, True), (1, False)])
def test_a_checkpoint_covers_the_entries_before_its_size(counter, reader, beyond, awaits) -> None:
    permit = counter.issued("A")
    give_indices(counter.database)
    entries = schema.log_entries.c
    with counter.database.write() as tx:
        index = tx.execute(sa.select(entries.index).where(entries.event == Event.ISSUE.value)).scalar_one()
        assert index > 0, "the mandate and the signer stand before it"
        tx.execute(schema.checkpoints.insert().values(size=index + beyond, root=bytes(32), note=b"", recorded_at=NOW))
    assert reader.permit_by_serial(permit.serial).awaits_log is awaits


def test_a_change_of_state_counts_at_once_and_waits_for_no_log(counter, reader, publisher, ordered) -> None:
    permit = counter.issued("A")
    publisher.publish(now=NOW)
    change(counter, permit, ordered(Event.REVOKE, NOW + HOUR), NOW + HOUR)
    record = reader.permit_by_serial(permit.serial)
    assert record.status_at(NOW + HOUR).status is Status.REVOKED
    assert not record.awaits_log


def test_what_was_only_frozen_awaits_nothing(counter, reader) -> None:
    record = reader.permit_by_serial(counter.frozen("A").serial)
    assert (record.issued_at, record.awaits_log, record.statuses, record.corrections) == (None, False, (), ())


def test_a_signed_file_without_an_entry_of_its_issue_stays_outside(counter, database, reader, publisher) -> None:
    """Whoever writes the row of a signed file by hand, without the log, makes no permit of it."""
    permit = counter.frozen("A")
    with database.write() as tx:
        signer = tx.execute(sa.select(schema.signer_certificates.c.id)).scalar_one()
        tx.execute(
            schema.documents.insert().values(
                instrument=permit.id,
                kind="signed",
                revision=1,
                sha256=bytes(32),
                signing_profile="certified-p1",
                signer_certificate=signer,
                recorded_at=NOW,
            )
        )
    publisher.publish(now=NOW)
    record = reader.permit_by_serial(permit.serial)
    assert (record.issued_at, record.awaits_log) == (NOW, True)


def test_the_record_before_the_issue_counts_as_covered(counter, reader) -> None:
    permit = counter.frozen("A")
    signer = reader.signers()[0]
    values = {"file_sha256": b"f" * 32, "signing_profile": "certified-p1", "signer": signer, "revocation_lists": ()}
    expected = reader.as_if_issued(permit.id, now=NOW, **values)
    assert (expected.issued_at, expected.awaits_log) == (NOW, False)
    world = OneRecord(expected, signers=(signer,))
    assert world.permit_by_file(b"f" * 32) is expected
    assert world.proof(permit.serial) is None
    counter.issue(permit)  # by another process, meanwhile
    assert not reader.as_if_issued(permit.id, now=NOW, **values).awaits_log


def test_changes_and_corrections_are_told_apart_each_in_the_order_of_recording(counter, reader, ordered) -> None:
    permit = counter.issued("A")
    slip = lifecycle.Slip(field="Lokasi", printed="Desa A", correct="Desa B")
    orders = [
        ordered(Event.SUSPEND, NOW + HOUR, legal_ground="Pasal 14"),
        ordered(Event.CORRECT, NOW + HOUR, decree_number="SK-10", decree_sha256=b"d" * 32, slip=slip),
        ordered(Event.REINSTATE, NOW + HOUR, decree_number="SK-11"),
        ordered(Event.CORRECT, NOW + 2 * HOUR, decree_number="SK-12"),
    ]
    for order in orders:
        change(counter, permit, order, NOW + 3 * HOUR)
    record = reader.permit_by_serial(permit.serial)
    assert [(one.status, one.sequence) for one in record.statuses] == [
        (Status.IN_FORCE, 1),
        (Status.SUSPENDED, 2),
        (Status.IN_FORCE, 4),
    ]
    suspended = record.statuses[1]
    assert (suspended.ground, suspended.legal_ground) == ("ditemukan pelanggaran", "Pasal 14")
    assert (suspended.instrument_number, suspended.instrument_date) == ("SK-9", datetime.date(2026, 11, 23))
    assert record.status_at(NOW + HOUR).sequence == 4, "of two at one instant the later recorded counts"
    assert [(one.instrument_number, one.correct) for one in record.corrections] == [
        ("SK-10", "Desa B"),
        ("SK-12", "Contoh"),
    ]
    first = record.corrections[0]
    assert (first.field, first.printed, first.document_sha256) == ("Lokasi", "Desa A", b"d" * 32)
    assert (first.effective, first.recorded) == (NOW + HOUR, NOW + 3 * HOUR)


def test_a_destroyed_permit_is_answered_from_what_is_left(counter, reader, publisher, ordered) -> None:
    permit = counter.issued("A")
    change(counter, permit, ordered(Event.REVOKE, NOW + HOUR), NOW + HOUR)
    before = reader.permit_by_serial(permit.serial)
    assert before.destroyed is None
    approvals = tuple(destructions.Approval(person=one, title="Arsiparis", letter="S-1") for one in ("A", "B"))
    order = destructions.Order(
        ground="JRA 5", approvals=approvals, minutes_number="BA/4", minutes_date=NOW.date(), actor="petugas"
    )
    publisher.publish(now=NOW + HOUR)  # an entry that waits for its record keeps a permit from being destroyed
    with counter.database.write() as tx:
        destructions.destroy(tx, permit=permit, order=order, today=NOW.date(), now=NOW + 2 * HOUR)
    publisher.publish(now=NOW + 2 * HOUR)
    record = reader.permit_by_serial(permit.serial)
    assert (record.destroyed.minutes_number, record.destroyed.minutes_date) == ("BA/4", NOW.date())
    assert record.destroyed.recorded == NOW + 2 * HOUR
    assert record.public_view == ()
    kept = ("serial", "number", "statement", "decision_digest", "file_sha256", "signer", "statuses", "issued_at")
    assert [getattr(record, name) for name in kept] == [getattr(before, name) for name in kept]
    assert reader.permit_by_file(before.file_sha256) == record
    assert reader.proof(permit.serial) is not None


def test_a_page_without_a_place_for_the_code_is_read_all_the_same(counter, database, reader) -> None:
    permit = counter.frozen("A")
    with database.write() as tx:
        tx.execute(
            schema.documents.insert().values(
                instrument=permit.id, kind="unsigned", revision=0, sha256=bytes(32), layout=None, recorded_at=NOW
            )
        )
    assert reader.permit_by_serial(permit.serial).qr_place.left_mm == 12.3, "the newest revision counts"
    other = counter.frozen("B")
    with database.write() as tx:
        table = schema.documents
        tx.execute(
            table.insert().values(
                instrument=other.id, kind="unsigned", revision=2, sha256=bytes(32), layout={}, recorded_at=NOW
            )
        )
        tx.execute(schema.instruments.update().where(schema.instruments.c.id == other.id).values(freeze=2))
    assert reader.permit_by_serial(other.serial).qr_place is None


def test_nobody_holds_an_unknown_serial_or_file(counter, reader) -> None:
    counter.issued("A")
    assert reader.permit_by_serial(2**40) is None
    assert reader.permit_by_file(b"x" * 32) is None
    assert reader.proof(2**40) is None


def test_a_lookup_asks_the_same_few_questions_however_many_permits_there_are(
    counter, database, reader, publisher
) -> None:
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    permits = [counter.issued(str(place)) for place in range(3)]
    publisher.publish(now=NOW)
    with database.read() as tx:
        engine = tx.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    reader.permit_by_serial(permits[0].serial)
    few = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(few) <= 6
    if database.dialect == "sqlite":
        with database.read() as tx:
            for statement in few:
                places = statement.count("?")
                plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1,) * places).all()
                scans = [step.detail for step in plan if step.detail.startswith("SCAN")]
                assert scans == [], statement
