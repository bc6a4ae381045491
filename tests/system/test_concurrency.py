"""Many processes at once on one registry, killed and started again at random: numbers, serials and log stay whole.

`ABSAH_HAMMER_OPERATIONS` and `ABSAH_HAMMER_WORKERS` set the size; the size that was promised is 10000 and 8.
"""

import dataclasses
import datetime
import hashlib
import itertools
import json
import os
import random
import selectors
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from cli.temporary import TemporaryServer, postgresql
from keys.notes import Ed25519NoteSigner
from registry import mandates, numbers, schema
from registry.database import Database, Location
from registry.documents import DocumentStore
from registry.formats import checkpoint as checkpoints
from registry.formats import merkle, tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.note import NoteVerifier
from registry.formats.record import MandateMode, MandateRecord
from registry.fsck import Fsck
from registry.publication import LogPublisher

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = int(os.environ.get("ABSAH_HAMMER_OPERATIONS", "160"))
WORKERS = int(os.environ.get("ABSAH_HAMMER_WORKERS", "4"))
KILL_EVERY = 60  # lines that were heard, on average; an operation says about three
SEED = 5
OFFICE = "kampar"
EMPLOYEE = "198001012005011001"
Said = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registry with its file store and log, as worker programs find it (`file`) and as a test looks at it."""

    file: Path
    location: Location
    documents: Path
    log: Path
    verifier: NoteVerifier

    def checkpoint(self) -> bytes | None:
        """The checkpoint that the public sees now."""
        try:
            return (self.log / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None


@dataclasses.dataclass(slots=True, kw_only=True)
class Run:
    """What the workers said before they were killed, and the checkpoints that a stranger saw meanwhile."""

    said: list[Said] = dataclasses.field(default_factory=list)
    seen: set[bytes] = dataclasses.field(default_factory=set)
    refused: Counter[str] = dataclasses.field(default_factory=Counter)
    killed: Counter[str] = dataclasses.field(default_factory=Counter)

    def of(self, *kinds: str) -> list[Said]:
        return [one for one in self.said if one["did"] in kinds]


@pytest.fixture(scope="module")
def server() -> Iterator[TemporaryServer]:
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    location: Location = tmp_path / "absah.db"
    if request.param == "postgresql":
        location = request.getfixturevalue("server").database()
    documents, log = tmp_path / "documents", tmp_path / "public" / "log"
    documents.mkdir()
    signer = Ed25519NoteSigner.create(tmp_path / "log.key", name="izin.example.go.id/log")
    certificate = _certificate()
    (tmp_path / "signer.der").write_bytes(certificate)
    _found(location, certificate)
    where = (
        {"file": str(location)}
        if isinstance(location, Path)
        else {"url": location.render_as_string(hide_password=False)}
    )
    where |= {"documents": str(documents), "log": str(log)}
    where |= {
        "memory": str(tmp_path / "log.last"),
        "key": str(tmp_path / "log.key"),
        "certificate": str(tmp_path / "signer.der"),
    }
    (tmp_path / "place.json").write_text(json.dumps(where))
    return Place(
        file=tmp_path / "place.json",
        location=location,
        documents=documents,
        log=log,
        verifier=NoteVerifier.of(signer),
    )


def _found(location: Location, certificate: bytes) -> None:
    """An office with a head, whose mandate runs."""
    database = Database.create(location)
    now = datetime.datetime.now(datetime.UTC)
    with database.write() as tx:
        mandates.appoint(
            tx,
            office=OFFICE,
            mandate=MandateRecord(
                person="Contoh Kepala",
                rank="Pembina Tingkat I",
                employee_number=EMPLOYEE,
                mode=MandateMode.DEFINITIVE,
                office_title="KEPALA DINAS",
                own_title="KEPALA DINAS",
                decree_number="SK-1",
                decree_date=datetime.date(2020, 1, 1),
                scope=(),
                valid_from=datetime.date(2020, 1, 1),
                valid_until=None,
            ),
            now=now,
        )
        mandates.register_signer(tx, employee_number=EMPLOYEE, certificate=certificate, issuers=(), now=now)
    database.close()


def _certificate() -> bytes:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoh Kepala")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=400))
        .sign(key, None)
    )
    return built.public_bytes(serialization.Encoding.DER)


class Gang:
    """Worker programs at one place, killed with SIGKILL at moments that a seed chooses and started again.

    A moment is a line that some worker has said; killed is whoever said it (it holds the writers' lock, or has just
    committed, or begins to publish) or any other, who may be waiting, writing tiles or just starting.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._random = random.Random(SEED)
        self._started = 0
        self._selector = selectors.DefaultSelector()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._rest: dict[int, bytes] = {}
        self.run = Run()

    def hammer(self, operations: int) -> Run:
        """Until so many operations were acknowledged; then everyone is killed."""
        try:
            for _ in range(WORKERS):
                self._start()
            countdown = self._countdown()
            while len(self.run.said) < operations:
                for worker, lines in self._hear():
                    for line in lines:
                        self._take(line)
                    countdown -= len(lines)
                    if countdown > 0:
                        continue
                    countdown = self._countdown()
                    victim = worker if self._random.random() < 0.7 else self._random.choice(self._workers)
                    self._kill(victim, at=lines[-1].get("at", "acknowledged") if victim is worker else "anywhere")
                    self._start()
            for worker in list(self._workers):
                self._kill(worker, at="the end")
        finally:
            for worker in self._workers:
                worker.kill()
            self._selector.close()
        return self.run

    def _countdown(self) -> float:
        return self._random.uniform(1, 2 * KILL_EVERY - 1)

    def _start(self) -> None:
        self._started += 1
        worker = _start(self._place, self._started)
        assert worker.stdout is not None
        self._rest[worker.pid] = b""
        self._workers.append(worker)
        self._selector.register(worker.stdout, selectors.EVENT_READ, worker)

    def _hear(self) -> Iterator[tuple[subprocess.Popen[bytes], list[Said]]]:
        heard = self._selector.select(timeout=120)
        assert heard, "nobody has said anything for two minutes"
        for key, _ in heard:
            if key.data not in self._workers:
                continue  # killed a moment ago; what it still had to say was heard then
            data = os.read(key.fd, 1 << 16)
            if not data:
                key.data.wait()
                pytest.fail(f"a worker ended by itself: {key.data.stderr.read().decode()[-3000:]}")
            yield key.data, self._lines(key.data, data)

    def _lines(self, worker: subprocess.Popen[bytes], data: bytes) -> list[Said]:
        *lines, self._rest[worker.pid] = (self._rest[worker.pid] + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _take(self, said: Said) -> None:
        if "did" in said:
            self.run.said.append(said)
            if said["did"] == "publish":
                checkpoint = self._place.checkpoint()
                assert checkpoint is not None
                self.run.seen.add(checkpoint)
        elif "refused" in said:
            self.run.refused[said["refused"]] += 1

    def _kill(self, worker: subprocess.Popen[bytes], *, at: str) -> None:
        """Kill it, and hear what it had said until then: that was acknowledged too."""
        worker.send_signal(signal.SIGKILL)
        self._workers.remove(worker)
        assert worker.stdout is not None
        assert worker.stderr is not None
        self._selector.unregister(worker.stdout)
        for line in self._lines(worker, worker.stdout.read()):
            self._take(line)
        complaint = worker.stderr.read().decode()
        worker.stdout.close()
        worker.stderr.close()
        assert worker.wait() == -signal.SIGKILL, f"a worker ended by itself: {complaint[-3000:]}"
        assert self._rest.pop(worker.pid) == b"", "a line is whole or not there"
        self.run.killed[at] += 1


def _start(place: Place, seed: int, *rest: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("hammer.py")), str(place.file), str(seed), *rest],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )


def test_a_killed_and_restarted_office_never_gives_a_number_twice_nor_loses_what_it_acknowledged(place: Place) -> None:
    run = Gang(place).hammer(OPERATIONS)
    _finish(place, run)
    assert run.killed.total() > WORKERS, "nobody was killed while the work went on"
    _report(run)

    database = Database.open(place.location, read_only=True)
    with database.read() as tx:
        _numbers_are_whole(tx, run)
        _serials_are_unique(tx, run)
        _everything_acknowledged_is_there(tx, run, _published_entries(place))
        _one_root_a_size(tx, place, run)
    fsck = Fsck(
        database=database,
        documents=DocumentStore.local(place.documents),
        folder=place.log,
        verifier=place.verifier,
    )
    outside = [checkpoints.read(one, place.verifier) for one in run.seen]
    assert [str(one) for one in fsck.run(outside=outside, now=datetime.datetime.now(datetime.UTC))] == []
    database.close()


class Overtaken(LogPublisher):
    """A publisher that another one overtakes each time it looks at what stands in front of the public."""

    def overtaken_by(self, other: Callable[[], object]) -> "Overtaken":
        self._other = other
        return self

    def in_front(self) -> Checkpoint | None:
        self._other()
        return super().in_front()


class Slow(LogPublisher):
    """A publisher before whose signature something happens, once."""

    def surprised_by(self, other: Callable[[], object]) -> "Slow":
        self._other = [other]
        return self

    def keep_checkpoint(self, *words: Any) -> None:
        while self._other:
            self._other.pop()()
        super().keep_checkpoint(*words)


class Dying(LogPublisher):
    """A publisher whose process ends between its signature and the commit of it."""

    def _sign(self, *words: Any) -> bytes:
        super()._sign(*words)
        raise KeyboardInterrupt


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    opened = Database.open(place.location)
    yield opened
    opened.close()


@pytest.fixture
def parts(place: Place, database: Database) -> dict[str, Any]:
    """What a publisher at this place is made of."""
    return {
        "database": database,
        "documents": DocumentStore.local(place.documents),
        "folder": place.log,
        "signer": Ed25519NoteSigner.load(place.file.with_name("log.key")),
        "memory": place.file.with_name("log.last"),
    }


def spoil(database: Database) -> None:
    """One more entry that waits."""
    now = datetime.datetime.now(datetime.UTC)
    with database.write() as tx:
        numbers.void(tx, row=numbers.allot(tx, series="papan", year=2026, now=now).row, reason="contoh", now=now)


def test_a_publisher_whom_another_overtakes_does_not_call_the_registry_rolled_back(
    database: Database, parts: dict[str, Any]
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    fast = LogPublisher(**parts)
    before = fast.publish(now=now).size

    def overtake() -> None:
        spoil(database)
        fast.publish(now=now)

    slow = Overtaken(**parts).overtaken_by(overtake)
    # In front is also looked at under the writers' lock, where nobody overtakes.
    assert slow._newest_kept().size == before + 1
    assert slow._newest_kept().size == before + 2


def test_a_publisher_that_died_with_its_signature_does_not_stop_one_who_had_seen_less(
    database: Database, parts: dict[str, Any]
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    before = LogPublisher(**parts).publish(now=now).size

    def sign_more_and_die() -> None:
        spoil(database)
        with pytest.raises(KeyboardInterrupt):
            Dying(**parts).publish(now=now)

    spoil(database)
    assert Slow(**parts).surprised_by(sign_more_and_die).publish(now=now).size == before + 2


def _report(run: Run) -> None:
    """For who runs the great size by hand, with `-s`."""
    done = dict(Counter(one["did"] for one in run.said))
    sys.stdout.write(f"\n{len(run.said)} operations {done}, killed {run.killed.total()} {dict(run.killed)}, ")
    sys.stdout.write(f"refused and tried again {run.refused.total()} {dict(run.refused)}\n")


def _finish(place: Place, run: Run) -> None:
    """What the dead left waiting is taken up and published by the next one."""
    last = _start(place, 0, "--finish")
    out, complaint = last.communicate(timeout=600)
    assert last.returncode == 0, complaint.decode()[-3000:]
    run.said += [said for said in map(json.loads, out.splitlines()) if "did" in said]
    in_front = place.checkpoint()
    assert in_front is not None
    run.seen.add(in_front)


def _numbers_are_whole(tx: sa.Connection, run: Run) -> None:
    table, instruments, entries = schema.numbers.c, schema.instruments.c, schema.log_entries.c
    fate_of = {(row.series, row.year, row.n): row.fate for row in tx.execute(sa.select(schema.numbers))}
    of_series = defaultdict[tuple[str, int], list[int]](list)
    for series, year, n in fate_of:
        of_series[series, year].append(n)
    assert of_series
    for given in of_series.values():
        assert sorted(given) == list(range(1, len(given) + 1))
    allotted = [(one["series"], one["year"], one["n"]) for one in run.of("freeze", "freeze anew")]
    void = [(one["series"], one["year"], one["n"]) for one in run.of("void")]
    assert len(allotted) == len(set(allotted))
    assert len(void) == len(set(void))
    assert all(place in fate_of for place in allotted)
    assert {fate_of[place] for place in void} == {"void"}
    # Every number that is not void is on exactly one issued permit: what was waiting has been taken up.
    carried = (
        sa.select(table.series, table.year, table.n)
        .join(schema.instruments, instruments.number_row == table.id)
        .join(schema.log_entries, sa.and_(entries.instrument == instruments.id, entries.event == "issue"))
    )
    found = Counter((row.series, row.year, row.n) for row in tx.execute(carried))
    assert found == Counter({place: 1 for place, fate in fate_of.items() if fate == "used"})


def _serials_are_unique(tx: sa.Connection, run: Run) -> None:
    serials = list(tx.execute(sa.select(schema.instruments.c.serial)).scalars())
    assert len(serials) == len(set(serials))
    assert {one["serial"] for one in run.of("freeze", "issue")} <= set(serials)


def _everything_acknowledged_is_there(tx: sa.Connection, run: Run, published: list[bytes]) -> None:
    table, changes = schema.log_entries, schema.status_changes.c
    rows = {row.id: row for row in tx.execute(sa.select(table))}
    logged = Counter(map(merkle.leaf_hash, published))
    assert max(logged.values()) == 1
    assert len(logged) == len(rows)
    acknowledged = run.of("issue", "change", "void")
    assert len({one["entry"] for one in acknowledged}) == len(acknowledged)
    for one in acknowledged:
        row = rows[one["entry"]]
        assert hashlib.sha256(row.entry).hexdigest() == one["sha256"]
        assert published[row.index] == row.entry
    issued = [one["instrument"] for one in run.of("issue")]
    assert len(issued) == len(set(issued))
    known = {
        (row.instrument, row.sequence, row.decree)
        for row in tx.execute(sa.select(changes.instrument, changes.sequence, changes.decree))
    }
    assert {(one["instrument"], one["sequence"], one["decree"]) for one in run.of("change")} <= known


def _published_entries(place: Place) -> list[bytes]:
    """Every entry of the log as a stranger reads it, from files alone."""
    in_front = place.checkpoint()
    assert in_front is not None
    read = checkpoints.read(in_front, place.verifier)
    found: list[bytes] = []
    for bundle in tiles.bundles_of(read.size):
        found += tiles.decode_entries((place.log / bundle.path).read_bytes(), bundle.width)
    frontier = merkle.grow(merkle.Frontier.empty(), map(merkle.leaf_hash, found), lambda *_: None)
    assert (frontier.size, frontier.root()) == (read.size, read.root)
    return found


def _one_root_a_size(tx: sa.Connection, place: Place, run: Run) -> None:
    """Every checkpoint that anyone saw or was told of is one history, and the registry knows them all."""
    kept = {row.size: bytes(row.root) for row in tx.execute(sa.select(schema.checkpoints))}
    seen = sorted((checkpoints.read(one, place.verifier) for one in run.seen), key=lambda one: one.size)
    told = {(one["size"], bytes.fromhex(one["root"])) for one in run.of("publish")}
    assert len({one.size for one in seen}) == len(seen)
    assert told | {(one.size, one.root) for one in seen} <= set(kept.items())
    newest = seen[-1]
    assert newest.size == max(kept)
    history = [Checkpoint(origin=newest.origin, size=size, root=root) for size, root in sorted(kept.items())]
    read = tiles.reader(newest.size, lambda tile: (place.log / tile.path).read_bytes())
    for older, newer in [*itertools.pairwise(history), *((one, newest) for one in seen)]:
        merkle.verify_consistency(
            old_size=older.size,
            new_size=newer.size,
            old_root=older.root,
            new_root=newer.root,
            proof=merkle.consistency_proof(older.size, newer.size, read),
        )
