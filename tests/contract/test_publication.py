"""The log's publication: nothing acknowledged is lost, nothing is signed with two meanings, whenever it is killed."""

import datetime
import itertools
import os
import shutil
import signal
import threading

import pytest
import sqlalchemy as sa

from registry import numbers, proofs, publication, schema
from registry.database import Database
from registry.formats import checkpoint as checkpoints
from registry.formats import logentry, merkle, tiles
from registry.formats.note import NoteVerifier
from registry.formats.tlogproof import Proof
from registry.fsck import Fsck
from registry.publication import LogContradictionError, LogPublisher

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)


def entries_of(published) -> list[bytes]:
    with published.database.read() as tx:
        table = schema.log_entries.c
        return [bytes(entry) for entry in tx.execute(sa.select(table.entry).order_by(table.index)).scalars()]


def whole(published) -> checkpoints.Checkpoint:
    """The log as a stranger reads it, every entry of it against the checkpoint; nothing but files is read."""
    verifier = NoteVerifier.of(published.signer)
    read = checkpoints.read((published.folder / "checkpoint").read_bytes(), verifier)
    found = []
    for bundle in tiles.bundles_of(read.size):
        found += tiles.decode_entries((published.folder / bundle.path).read_bytes(), bundle.width)
    frontier = merkle.Frontier.empty()
    for entry in found:
        frontier = frontier.append(merkle.leaf_hash(entry))
    assert (frontier.size, frontier.root()) == (read.size, read.root)
    fetched = tiles.reader(read.size, lambda tile: (published.folder / tile.path).read_bytes())
    assert merkle.root(read.size, fetched) == read.root
    return read


def spoil(published, count: int) -> None:
    """Write `count` entries: numbers that became void."""
    with published.database.write() as tx:
        for _ in range(count):
            allotted = numbers.allot(tx, series="genset", year=2026, now=NOW)
            numbers.void(tx, row=allotted.row, reason="contoh", now=NOW)


def differences(published) -> list[str]:
    fsck = Fsck(
        database=published.database,
        documents=published.documents,
        folder=published.folder,
        verifier=NoteVerifier.of(published.signer),
    )
    return [str(one) for one in fsck.run(now=NOW)]


def test_every_entry_is_in_the_published_log_with_a_proof_of_its_own(published) -> None:
    permit = published.counter.issued("A-1")
    published.publisher.publish(now=NOW)
    for size in (1, 253, 1, 2, 20):
        spoil(published, size)
        published.publisher.publish(now=NOW)
        assert whole(published).size == len(entries_of(published))
    with published.database.read() as tx:
        proof = Proof.decode(proofs.of_issue(tx, permit.serial))
    assert proof.extra is not None
    assert logentry.decode(proof.extra).serial == permit.serial
    proof.verify(proof.extra, verifier=NoteVerifier.of(published.signer))
    assert differences(published) == []


def test_nothing_new_gives_the_same_checkpoint(published) -> None:
    spoil(published, 3)
    first = published.publisher.publish(now=NOW)
    file = (published.folder / "checkpoint").read_bytes()
    again = published.publisher.publish(now=NOW + datetime.timedelta(hours=1))
    assert (again.size, again.root, again.added) == (first.size, first.root, 0)
    assert (published.folder / "checkpoint").read_bytes() == file


STEPS = (
    "keep_records",
    "sequence",
    "write_tiles",
    "keep_checkpoint",
    "put_in_front",
    "_write",
    "_drop_partial_tiles",
)


@pytest.mark.parametrize(("step", "when"), list(itertools.product(STEPS, ("before", "after"))))
def test_killed_at_any_step_it_loses_nothing_and_contradicts_nothing(published, step: str, when: str) -> None:
    spoil(published, 250)
    published.publisher.publish(now=NOW)
    before = whole(published)
    spoil(published, 8)  # over the edge of a tile
    acknowledged = entries_of(published)
    published.database.close()  # a connection must not be shared with the child

    child = os.fork()
    if child == 0:
        _publish_and_die(published, step, when)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL

    between = whole(published)
    assert between.size >= before.size
    published.publisher.publish(now=NOW)
    after = whole(published)
    assert after.size == len(acknowledged)
    assert sorted(entries_of(published)) == sorted(acknowledged)
    reader = tiles.reader(after.size, lambda tile: (published.folder / tile.path).read_bytes())
    for older in (before, between):
        merkle.verify_consistency(
            old_size=older.size,
            new_size=after.size,
            old_root=older.root,
            new_root=after.root,
            proof=merkle.consistency_proof(older.size, after.size, reader),
        )
    assert differences(published) == []


def _publish_and_die(published, step: str, when: str) -> None:
    whole_step = getattr(LogPublisher, step)

    def dying(*args, **kwargs):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        whole_step(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(LogPublisher, step, dying)
    try:
        published.publisher.publish(now=NOW)
    finally:
        os._exit(1)


def test_many_publishers_at_once_make_one_log(published) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(8):
                spoil(published, 3)
                published.publisher.publish(now=NOW)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    published.publisher.publish(now=NOW)
    assert whole(published).size == 2 + 4 * 8 * 3
    assert differences(published) == []


def test_lost_tiles_are_made_again_from_the_table(published) -> None:
    spoil(published, 260)
    published.publisher.publish(now=NOW)
    shutil.rmtree(published.folder / "tile")
    spoil(published, 1)
    published.publisher.publish(now=NOW)
    assert whole(published).size == 263


def test_a_damaged_tile_is_made_again_and_never_signed_over(published) -> None:
    spoil(published, 100)
    published.publisher.publish(now=NOW)
    tile = published.folder / "tile/0/000.p/102"
    tile.chmod(0o644)
    tile.write_bytes(bytes(len(tile.read_bytes())))
    spoil(published, 1)
    published.publisher.publish(now=NOW)
    assert whole(published).size == 103


def test_a_registry_that_was_rolled_back_signs_nothing(published) -> None:
    spoil(published, 5)
    published.publisher.publish(now=NOW)
    in_front = (published.folder / "checkpoint").read_bytes()
    published.tamper("DELETE FROM log_proofs", "DELETE FROM checkpoints")
    spoil(published, 5)
    with pytest.raises(LogContradictionError, match="rolled back"):
        published.publisher.publish(now=NOW)
    assert (published.folder / "checkpoint").read_bytes() == in_front


def test_a_changed_entry_stops_the_log(published) -> None:
    spoil(published, 5)
    published.publisher.publish(now=NOW)
    forged = logentry.encode(
        logentry.LogEntry(
            event=logentry.Event.NUMBER,
            serial=None,
            statement_sha256=None,
            file_sha256=None,
            effective=1,
            recorded=1,
            record_sha256=bytes(32),
        )
    )
    published.tamper(sa.text('UPDATE log_entries SET entry = :entry WHERE "index" = 3').bindparams(entry=forged))
    shutil.rmtree(published.folder / "tile")  # so that the log must be made from the table
    spoil(published, 1)
    with pytest.raises(LogContradictionError):
        published.publisher.publish(now=NOW)


def test_a_published_checkpoint_by_a_strangers_key_stops_the_log(published) -> None:
    spoil(published, 2)
    published.publisher.publish(now=NOW)
    (published.folder / "checkpoint").write_bytes(b"izin.example.go.id/log\n1\nAAAA\n\n")
    spoil(published, 2)
    with pytest.raises(LogContradictionError, match="not a checkpoint"):
        published.publisher.publish(now=NOW)


def test_a_large_backlog_is_published_in_batches(published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "BATCH", 50)
    spoil(published, 130)
    done = published.publisher.publish(now=NOW)
    assert (done.size, done.added) == (132, 132)
    assert whole(published).size == 132


def test_a_registry_put_back_by_hand_takes_nothing_in(published, location) -> None:
    """Else it would print a number again and find out only when it publishes."""
    verifier = NoteVerifier.of(published.signer)
    spoil(published, 5)
    published.publisher.publish(now=NOW)
    published.tamper("DELETE FROM log_proofs", "DELETE FROM checkpoints", 'DELETE FROM log_entries WHERE "index" > 2')

    def watch(tx: sa.Connection) -> None:
        publication.refuse_if_rolled_back(tx, folder=published.folder, verifier=verifier)

    watched = Database.open(location, watch=watch)
    with pytest.raises(LogContradictionError, match="rolled back"), watched.write():
        pass
    (published.folder / "checkpoint").write_bytes(b"spoilt by someone who can write public files")
    with watched.write():  # it must not keep a revocation from being recorded
        pass
    watched.close()


def test_the_signer_remembers_what_it_signed_when_all_else_was_rewritten(published, tmp_path) -> None:
    memory = tmp_path / "log.last"
    publisher = LogPublisher(
        database=published.database,
        documents=published.documents,
        folder=published.folder,
        signer=published.signer,
        memory=memory,
    )
    spoil(published, 5)
    publisher.publish(now=NOW)
    assert memory.stat().st_mode & 0o777 == 0o600
    spoil(published, 1)
    publisher.publish(now=NOW)
    # Someone with database and public files, but not the key, takes the last entry out and starts the log anew.
    published.tamper(
        "DELETE FROM log_proofs",
        "DELETE FROM checkpoints",
        'DELETE FROM log_entries WHERE "index" > 5',
        'UPDATE log_entries SET "index" = NULL',
        sa.text("UPDATE log_state SET size = 0, frontier = :none").bindparams(none=b""),
    )
    shutil.rmtree(published.folder)
    with pytest.raises(LogContradictionError, match="has signed a checkpoint of 8"):
        publisher.publish(now=NOW)
    assert not (published.folder / "checkpoint").exists()
