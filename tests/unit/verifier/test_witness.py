"""A witness never says two things that contradict each other, whatever the log shows and whenever it is killed."""

import datetime
import fcntl
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import note
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.merkle import ProofError
from registry.formats.note import NoteError
from verifier.logfiles import WitnessMemory
from verifier.logproof import Proven, check_keys
from verifier.logreader import Contradiction, ContradictionError
from verifier.witness import Cosigned, Witness, WitnessStateError

_spec = importlib.util.spec_from_file_location("fake_logs", Path(__file__).with_name("fake_logs.py"))
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

NOW = fakes.NOW
LATER = NOW + datetime.timedelta(hours=1)


@pytest.fixture
def log(tmp_path):
    return fakes.FakeLog(tmp_path / "log")


@pytest.fixture
def memory(tmp_path) -> WitnessMemory:
    memory = WitnessMemory.beside(tmp_path / "saksi.pem")
    memory.make()
    return memory


@pytest.fixture
def signer():
    return fakes.witness_signer()[0]


def cosign(log, signer, memory, *, first=False, now=NOW):
    return Witness(signer=signer, memory=memory, clock=lambda: now).cosign(log.reader(), first=first)


def test_a_checkpoint_is_cosigned_at_the_moment_of_its_seeing(log, signer, memory) -> None:
    log.count(300)
    made = cosign(log, signer, memory, first=True)
    witness = Witness(signer=signer, memory=memory, clock=lambda: NOW).verifier
    opened = note.open_note(made.cosigned, [], require=[log.verifier, witness])
    assert opened.signature_by(witness).timestamp == int(NOW.timestamp())
    assert (made.signed.checkpoint.size, made.grown) == (300, 300)


def test_a_log_that_goes_on_is_cosigned_again_and_again(log, signer, memory) -> None:
    for place, size in enumerate((0, 1, 255, 256, 257, 600)):
        log.count(size - len(log.entries))
        made = cosign(log, signer, memory, first=place == 0, now=NOW + datetime.timedelta(minutes=place))
        assert made.signed.checkpoint.size == size


def test_the_same_checkpoint_gets_a_later_cosignature_in_the_place_of_the_first(log, signer, memory) -> None:
    log.count(3)
    log.put("checkpoint", cosign(log, signer, memory, first=True).cosigned)
    made = cosign(log, signer, memory, now=LATER)
    witness = Witness(signer=signer, memory=memory, clock=lambda: NOW).verifier
    opened = note.open_note(made.cosigned, [witness])
    assert (len(opened.signatures), opened.signature_by(witness).timestamp) == (2, int(LATER.timestamp()))


@pytest.mark.parametrize(
    ("sizes", "kind"),
    [
        ((300, 200, 200), Contradiction.ROLLED_BACK),
        ((300, 299, 300), Contradiction.SPLIT_VIEW),
        ((300, 299, 301), Contradiction.INCONSISTENT),
        ((1, 0, 600), Contradiction.INCONSISTENT),
    ],
)
def test_what_contradicts_an_earlier_cosignature_gets_none(log, signer, memory, sizes, kind) -> None:
    size, common, other_size = sizes
    log.count(size)
    cosign(log, signer, memory, first=True)
    before = memory.read(log.signer.name)
    other = log.fork(log.folder.with_name("other"), common)
    other.grow(*(fakes.entry(50_000 + index) for index in range(common, other_size)))
    for first in (False, True):
        with pytest.raises(ContradictionError) as raised:
            cosign(other, signer, memory, first=first, now=LATER)
        assert raised.value.kind is kind
    assert memory.read(log.signer.name) == before


class Killed(BaseException):
    """The process ends here."""


class KilledSigner:
    """A signer whose process is killed when it is to sign."""

    def __init__(self, signer) -> None:
        self.name = signer.name
        self.public_key = signer.public_key

    def sign(self, _: bytes) -> bytes:
        raise Killed


def test_killed_before_the_cosignature_it_can_give_that_one_again_and_no_other(log, signer, memory, tmp_path) -> None:
    log.count(3)
    cosign(log, signer, memory, first=True)
    fork = log.fork(tmp_path / "fork", 3).grow(fakes.entry(77))
    log.count(1)
    with pytest.raises(Killed):
        cosign(log, KilledSigner(signer), memory, now=LATER)
    # Nothing was given out, yet it might have been: the other face of the log gets nothing any more.
    with pytest.raises(ContradictionError):
        cosign(fork, signer, memory, now=LATER)
    made = cosign(log, signer, memory, now=LATER)
    assert (made.signed.checkpoint.size, made.grown) == (4, 0)


class BrokenMemory(WitnessMemory):
    """A memory whose disk is full."""

    def write(self, *_: object) -> None:
        raise UnavailableError("no space left on device")


def test_what_cannot_be_remembered_is_not_signed(log, signer, memory) -> None:
    log.count(3)
    with pytest.raises(UnavailableError, match="no space"):
        cosign(log, KilledSigner(signer), BrokenMemory(memory.folder), first=True)


def test_a_witness_without_its_memory_does_not_sign(log, signer, memory) -> None:
    log.count(3)
    with pytest.raises(WitnessStateError, match="--first"):
        cosign(log, signer, memory)
    cosign(log, signer, memory, first=True)
    memory.state_file(log.signer.name).unlink()
    with pytest.raises(WitnessStateError, match="memory is lost"):
        cosign(log, signer, memory)
    for path in memory.folder.iterdir():
        path.unlink()
    memory.folder.rmdir()
    with pytest.raises(WitnessStateError, match="new key"):
        cosign(log, signer, memory, first=True)


def test_a_damaged_memory_is_no_memory(log, signer, memory) -> None:
    log.count(3)
    cosign(log, signer, memory, first=True)
    path = memory.state_file(log.signer.name)
    data = path.read_bytes()
    for damaged in (b"", data[:-20], data.replace(b"\\n3\\n", b"\\n2\\n")):
        path.write_bytes(damaged)
        with pytest.raises(WitnessStateError):
            cosign(log, signer, memory, first=True)


@given(
    data=st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_a_hostile_state_raises_our_error_alone(data) -> None:
    with pytest.raises(WitnessStateError):
        Cosigned.decode(data)


def test_a_log_that_comes_with_another_key_is_not_the_same_log(log, signer, memory, tmp_path) -> None:
    log.count(3)
    cosign(log, signer, memory, first=True)
    with pytest.raises(WitnessStateError, match="another key"):
        cosign(fakes.FakeLog(tmp_path / "other").count(4), signer, memory)


def test_two_logs_are_remembered_apart(log, signer, memory, tmp_path) -> None:
    log.count(3)
    other = fakes.FakeLog(tmp_path / "other", name="lain.example.go.id/log").count(1)
    for one, size in ((log, 3), (other, 1)):
        assert cosign(one, signer, memory, first=True).signed.checkpoint.size == size
    for one in (log, other):
        cosign(one, signer, memory)


def test_a_clock_that_was_set_back_is_noticed(log, signer, memory) -> None:
    log.count(3)
    cosign(log, signer, memory, first=True, now=LATER)
    with pytest.raises(WitnessStateError, match="clock"):
        cosign(log, signer, memory, now=NOW)


def test_a_log_cannot_witness_itself(log, memory) -> None:
    log.count(3)
    with pytest.raises(WitnessStateError, match="cannot witness itself"):
        cosign(log, log.signer, memory, first=True)


def test_files_that_do_not_fit_the_checkpoint_get_no_cosignature(log, signer, memory) -> None:
    log.count(300)
    cosign(log, signer, memory, first=True)
    log.count(1)
    log.put("tile/0/000", log.get("tile/0/000")[:-1] + b"\0")
    log.put("tile/0/001.p/45", bytes(45 * 32))
    with pytest.raises(ProofError):
        cosign(log, signer, memory)


def test_a_checkpoint_of_another_key_gets_no_cosignature(log, signer, memory) -> None:
    log.count(3)
    fakes.FakeLog(log.folder).count(3)
    with pytest.raises(NoteError):
        cosign(log, signer, memory, first=True)
    assert memory.read(log.signer.name) is None


def test_only_one_process_looks_at_the_memory_at_a_time(memory) -> None:
    with memory.locked(), (memory.folder / "lock").open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (memory.folder / "lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_memory_is_for_its_owner_alone_and_made_once(memory) -> None:
    assert memory.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(UnavailableError):
        memory.make()


def test_a_proof_shows_its_entry_and_who_vouches_for_it(log, signer) -> None:
    log.count(300)
    _, stranger = fakes.witness_signer("lain.example.go.id")
    witness = note.NoteVerifier.of(signer, note.NoteKind.COSIGNATURE)
    data = log.proof(17, checkpoint=fakes.cosigned(log.checkpoint(), signer))
    proven = Proven.of(data, verifier=log.verifier, witnesses=(witness,))
    assert (proven.index, proven.entry.serial, proven.checkpoint.size) == (17, 1017, 300)
    assert proven.cosigned == ((witness.name, int(NOW.timestamp())),)
    with pytest.raises(NoteError, match="lain"):
        Proven.of(data, verifier=log.verifier, witnesses=(witness, stranger))
    with pytest.raises(NoteError):
        Proven.of(data, verifier=fakes.FakeLog(log.folder).verifier)


@given(choice=st.data())
def test_a_hostile_proof_raises_our_errors_alone(tmp_path_factory, choice) -> None:
    log = fakes.FakeLog(tmp_path_factory.mktemp("proof")).count(5)
    good = log.proof(3)
    place = choice.draw(st.integers(0, len(good)))
    bad = good[:place] + choice.draw(st.binary(max_size=10)) + good[choice.draw(st.integers(place, len(good))) :]
    for data in (bad, choice.draw(st.binary(max_size=100))):
        try:
            proven = Proven.of(data, verifier=log.verifier)
        except DocumentError:
            continue
        assert (proven.index, proven.entry.serial) == (3, 1003)


def test_one_key_counts_once(log, signer) -> None:
    witness = note.NoteVerifier.of(signer, note.NoteKind.COSIGNATURE)
    check_keys(log.verifier, (witness,))
    twice = note.NoteVerifier(name="lain", kind=witness.kind, public_key=witness.public_key)
    own = note.NoteVerifier(name="lain", kind=witness.kind, public_key=log.verifier.public_key)
    for witnesses in ((witness, twice), (own,), (log.verifier,)):
        with pytest.raises(NoteError):
            check_keys(log.verifier, witnesses)
    with pytest.raises(NoteError):
        check_keys(witness, ())
