"""The proof of an event as a file: whoever has it needs the log's key and nothing else."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.notes import Ed25519NoteSigner
from registry import lifecycle, proofs, schema
from registry.documents import DocumentStore
from registry.formats import logentry, note
from registry.formats.canonical import sha256
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.note import NoteVerifier
from registry.formats.tlogproof import Proof
from registry.publication import LogPublisher

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
ZONE = ZoneInfo("Asia/Jakarta")


@pytest.fixture
def signer():
    return Ed25519NoteSigner(name="izin.contoh.example/log", private_key=Ed25519PrivateKey.generate())


@pytest.fixture
def publisher(database, tmp_path, signer):
    folder = tmp_path / "documents"
    folder.mkdir()
    return LogPublisher(
        database=database, documents=DocumentStore.local(folder), folder=tmp_path / "log", signer=signer
    )


def checked(data, signer):
    """The entry that a proof shows to be in the log, checked offline: by the file and the log's key alone."""
    proof = Proof.decode(data)
    proof.verify(proof.extra, verifier=NoteVerifier.of(signer))
    return logentry.decode(proof.extra)


def test_the_proof_of_an_issue_can_be_checked_alone_and_means_that_permit(counter, database, publisher, signer) -> None:
    permits = [counter.issued(str(place)) for place in range(5)]
    publisher.publish(now=NOW)
    with database.read() as tx:
        found = [proofs.of_issue(tx, permit.serial) for permit in permits]
    for permit, data in zip(permits, found, strict=True):
        entry = checked(data, signer)
        assert (entry.event, entry.serial) == (Event.ISSUE, permit.serial)
        assert entry.statement_sha256 == sha256(permit.statement)


def test_a_proof_names_the_first_checkpoint_that_covered_the_entry_for_good(counter, database, publisher) -> None:
    permit = counter.issued("A")
    publisher.publish(now=NOW)
    with database.read() as tx:
        before = proofs.of_issue(tx, permit.serial)
    counter.issued("B")
    publisher.publish(now=NOW + HOUR)
    with database.read() as tx:
        assert proofs.of_issue(tx, permit.serial) == before


def test_there_is_no_proof_before_a_checkpoint_covers_the_issue(counter, database, publisher) -> None:
    permit, frozen = counter.issued("A"), counter.frozen("B")
    with database.read() as tx:
        assert proofs.of_issue(tx, permit.serial) is None
    publisher.publish(now=NOW)
    with database.read() as tx:
        assert proofs.of_issue(tx, permit.serial) is not None
        assert proofs.of_issue(tx, frozen.serial) is None
        assert proofs.of_issue(tx, 2**40) is None
        assert proofs.of_entry(tx, 2**30) is None


def test_every_event_of_an_instrument_has_its_own_proof(counter, database, publisher, signer, ordered) -> None:
    permit, other = counter.issued("A"), counter.issued("B")
    publisher.publish(now=NOW)
    with database.write() as tx:
        order = ordered(Event.REVOKE, NOW + HOUR)
        lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=NOW + HOUR)
    with database.read() as tx:
        issue, revoke = proofs.of_instrument(tx, permit.id)
    assert [(one.event, one.proof is None) for one in (issue, revoke)] == [(Event.ISSUE, False), (Event.REVOKE, True)]
    assert revoke.recorded == NOW + HOUR
    publisher.publish(now=NOW + HOUR)
    with database.read() as tx:
        events = proofs.of_instrument(tx, permit.id)
        assert [checked(one.proof, signer).event for one in events] == [Event.ISSUE, Event.REVOKE]
        assert [proofs.of_entry(tx, one.id) for one in events] == [one.proof for one in events]
        assert [one.event for one in proofs.of_instrument(tx, other.id)] == [Event.ISSUE]
        assert proofs.of_instrument(tx, 2**30) == []


@pytest.mark.parametrize(
    ("kept", "hashes"),
    [
        (b"no note at all", b""),
        (None, bytes(31)),
        (None, bytes(32)),
        (None, bytes(32) * 4),
        (None, bytes(32) * 64),
    ],
    ids=["no-note", "half-a-hash", "too-short", "wrong-hashes", "too-long"],
)
def test_a_damaged_proof_is_an_outage_and_is_handed_to_nobody(counter, signer, kept, hashes) -> None:
    permit = counter.issued("A")
    entries = schema.log_entries.c
    with counter.database.write() as tx:
        tx.execute(schema.log_entries.update().values({entries.index: entries.id - 1}))
        if kept is None:
            kept = note.sign(Checkpoint(origin=signer.name, size=9, root=bytes(32)).encode(), signer)
        tx.execute(schema.checkpoints.insert().values(size=9, root=bytes(32), note=kept, recorded_at=NOW))
        key = tx.execute(sa.select(entries.id).where(entries.event == Event.ISSUE.value)).scalar_one()
        tx.execute(schema.log_proofs.insert().values(entry=key, size=9, hashes=hashes))
    with counter.database.read() as tx, pytest.raises(UnavailableError, match="fsck"):
        proofs.of_issue(tx, permit.serial)
