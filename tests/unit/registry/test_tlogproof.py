"""The proof file: whoever holds it, the entry and the log's key needs nobody else."""

import base64
import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from registry.formats import merkle, note, tlogproof
from registry.formats.checkpoint import Checkpoint
from registry.formats.merkle import ProofError
from registry.formats.note import NoteError, NoteVerifier
from registry.formats.tlogproof import Proof


class Signer:
    def __init__(self, name: str, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) + bytes(31))
        self.name = name
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


LOG = Signer("log.example.go.id/izin", 1)
LOG_KEY = NoteVerifier.of(LOG)
ENTRIES = [f"entry {index}".encode() for index in range(11)]


def log_of(entries: list[bytes]) -> tuple[merkle.HashReader, bytes]:
    """The hashes of a log of these entries, and its signed checkpoint."""
    hashes: dict[tuple[int, int], bytes] = {}

    def keep(level: int, index: int, value: bytes) -> None:
        hashes[level, index] = value

    frontier = merkle.grow(merkle.Frontier.empty(), map(merkle.leaf_hash, entries), keep)
    stated = Checkpoint(origin=LOG.name, size=frontier.size, root=frontier.root())
    return lambda level, index: hashes[level, index], note.sign(stated.encode(), LOG)


READ, CHECKPOINT = log_of(ENTRIES)


def proof_of(index: int, extra: bytes | None = None) -> Proof:
    hashes = merkle.inclusion_proof(index, len(ENTRIES), READ)
    return Proof(index=index, hashes=hashes, checkpoint=CHECKPOINT, extra=extra)


FILE = proof_of(6, extra=b"a hint").encode()


@given(
    st.integers(0, merkle.MAX_SIZE - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.none() | st.binary(min_size=1, max_size=300),
)
def test_a_proof_survives_its_file(index: int, hashes: tuple[bytes, ...], extra: bytes | None) -> None:
    original = Proof(index=index, hashes=hashes, checkpoint=CHECKPOINT, extra=extra)
    assert Proof.decode(original.encode()) == original


def test_the_file_is_laid_out_as_the_specification_says() -> None:
    lines = FILE.decode().split("\n")
    right = merkle.node_hash(READ(1, 4), READ(0, 10))
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra YSBoaW50", "index 6"]
    assert lines[3:7] == [
        base64.b64encode(each).decode() for each in (merkle.leaf_hash(b"entry 7"), READ(1, 2), READ(2, 0), right)
    ]
    assert lines[7] == ""
    assert "\n".join(lines[8:]).encode() == CHECKPOINT
    assert proof_of(0).encode().startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n")


# The receipt of the guide of webtessera, a port of Tessera: another implementation's file for the entry "hello".
def test_a_file_that_another_implementation_wrote_is_read_byte_for_byte() -> None:
    data = (
        "c2sp.org/tlog-proof@v1\nindex 0\nrqPLszb01JTYtaFXrt/EgKRabefAlo4IVDOyFPm0Hvc=\n\n"
        "example.com/log\n2\nJCMzOarc7fKH0mJBPwPAKOuNs5ft0yooeAkRUbmb8g8=\n\n"
        "— example.com/log Jb1BsEv3/w9bI0H3Gl/pRDxTUJhhRdecWoVgxutGU/6cc46BXi6x0pcO78xtvdZoyfNtc3d3Dpx6I3c/"
        "L0c1DvqWQAo=\n"
    ).encode()
    proof = Proof.decode(data)
    assert proof.encode() == data
    # Its key is not published, so the tree it states is taken as signed by ours.
    stated = Checkpoint.decode(note.parse(proof.checkpoint).text)
    signed = note.sign(dataclasses.replace(stated, origin=LOG.name).encode(), LOG)
    assert dataclasses.replace(proof, checkpoint=signed).verify(b"hello", verifier=LOG_KEY).size == 2


def test_every_entry_is_proved_by_its_file() -> None:
    for index, entry in enumerate(ENTRIES):
        stated = Proof.decode(proof_of(index).encode()).verify(entry, verifier=LOG_KEY)
        assert (stated.origin, stated.size) == (LOG.name, len(ENTRIES))


def test_no_other_entry_is_proved() -> None:
    for index in range(len(ENTRIES)):
        for other, entry in enumerate([*ENTRIES, b"", b"forged"]):
            if other != index:
                with pytest.raises(ProofError):
                    proof_of(index).verify(entry, verifier=LOG_KEY)


def test_the_checkpoint_must_be_the_logs() -> None:
    _, stranger = log_of(ENTRIES)
    for key in (NoteVerifier.of(Signer(LOG.name, 2)), NoteVerifier.of(Signer("other.example", 1))):
        with pytest.raises(NoteError):
            dataclasses.replace(proof_of(3), checkpoint=stranger).verify(ENTRIES[3], verifier=key)


def test_the_proof_of_one_tree_is_none_in_another() -> None:
    _, larger = log_of([*ENTRIES, b"entry 11"])
    _, smaller = log_of(ENTRIES[:5])
    for other in (larger, smaller):
        with pytest.raises(ProofError):
            dataclasses.replace(proof_of(6), checkpoint=other).verify(ENTRIES[6], verifier=LOG_KEY)


def test_a_cosigned_checkpoint_proves_the_same_and_keeps_its_witness() -> None:
    witness = Signer("inspektorat.example.go.id", 2)
    both = CHECKPOINT + note.parse(note.sign("any\n", witness)).signatures[0].line
    proof = Proof.decode(dataclasses.replace(proof_of(6), checkpoint=both).encode())
    assert proof.verify(ENTRIES[6], verifier=LOG_KEY).size == len(ENTRIES)
    assert proof.checkpoint == both


def test_one_changed_bit_is_noticed_outside_the_unsigned_extra() -> None:
    for position in range(len(FILE) * 8):
        data = bytearray(FILE)
        data[position // 8] ^= 1 << position % 8
        try:
            proof = Proof.decode(bytes(data))
            proof.verify(ENTRIES[6], verifier=LOG_KEY)
        except (ProofError, NoteError):
            continue
        assert dataclasses.replace(proof, extra=b"a hint") == proof_of(6, extra=b"a hint")


@given(st.binary(max_size=60), st.integers(0, len(FILE)), st.integers(0, len(FILE)))
@example(b"", 0, len(FILE))
@example(b"\n", 0, 0)
@example(b"\n\n", 0, len(FILE))
@example(b"index 7\n", FILE.index(b"index"), FILE.index(b"index"))
def test_hostile_bytes_raise_only_our_errors(patch: bytes, start: int, end: int) -> None:
    for hostile in (patch, FILE[:start] + patch + FILE[max(start, end) :], tlogproof.MAGIC.encode() + b"\n" + patch):
        try:
            proof = Proof.decode(hostile)
        except (ProofError, NoteError):
            continue
        assert proof.encode() == hostile
        try:
            proof.verify(ENTRIES[6], verifier=LOG_KEY)
        except (ProofError, NoteError):
            continue
        assert (proof.index, proof.hashes) == (6, proof_of(6).hashes)


_HEAD = b"c2sp.org/tlog-proof@v1\n"
_HASH = base64.b64encode(bytes(32)) + b"\n"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n",
        _HEAD + b"\n",
        _HEAD.replace(b"v1", b"v2") + b"index 6\n\n",
        b"\n" + _HEAD + b"index 6\n\n",
        b"\xef\xbb\xbf" + _HEAD + b"index 6\n\n",
        _HEAD + b"index 6\n",
        _HEAD + b"6\n\n",
        _HEAD + b"index\n\n",
        _HEAD + b"index 06\n\n",
        _HEAD + b"index +6\n\n",
        _HEAD + b"index -6\n\n",
        _HEAD + b"index  6\n\n",
        _HEAD + b"index 6 \n\n",
        _HEAD + "index ٦\n\n".encode(),
        _HEAD + b"index 6\r\n\n",
        _HEAD + f"index {2**63 - 1}\n\n".encode(),
        _HEAD + b"index " + b"9" * 5000 + b"\n\n",
        _HEAD + b"Index 6\n\n",
        _HEAD + b"index 6\nindex 6\n\n",
        _HEAD + b"index 6\n\n\n",
        _HEAD + b"index 6\n" + _HASH.replace(b"=", b"") + b"\n",
        _HEAD + b"index 6\n" + _HASH.replace(b"A=", b"B=") + b"\n",
        _HEAD + b"index 6\n" + base64.b64encode(bytes(31)) + b"\n\n",
        _HEAD + b"index 6\n" + _HASH * 64 + b"\n",
        _HEAD + b"extra \nindex 6\n\n",
        _HEAD + b"extra\nindex 6\n\n",
        _HEAD + b"extra !\nindex 6\n\n",
        _HEAD + b"extra YQ\nindex 6\n\n",
        _HEAD + b"extra YQ==\nextra YQ==\nindex 6\n\n",
        _HEAD + b"index 6\nextra YQ==\n\n",
        _HEAD + b"extra " + base64.b64encode(bytes(tlogproof.MAX_EXTRA_BYTES + 1)) + b"\nindex 6\n\n",
        _HEAD + b"extra YQ==\n\n",
    ],
)
def test_another_spelling_is_no_proof(head: bytes) -> None:
    Proof.decode(_HEAD + b"extra YQ==\nindex 6\n" + _HASH * 63 + b"\n" + CHECKPOINT)
    with pytest.raises((ProofError, NoteError)):
        Proof.decode(head + CHECKPOINT)


def test_what_follows_the_proof_must_be_a_checkpoint() -> None:
    for tail in (b"", b"text\n", note.sign("no checkpoint\n", LOG), CHECKPOINT[:-1], CHECKPOINT + b"\n"):
        with pytest.raises(NoteError):
            Proof.decode(_HEAD + b"index 6\n\n" + tail)
    with pytest.raises(ProofError, match="at most"):
        Proof.decode(FILE + bytes(tlogproof.MAX_BYTES))


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 2**63 - 1},
        {"index": True},
        {"index": 6.0},
        {"hashes": [bytes(32)]},
        {"hashes": (bytes(31),)},
        {"hashes": ("x" * 32,)},
        {"hashes": (bytes(32),) * 64},
        {"extra": b""},
        {"extra": bytes(tlogproof.MAX_EXTRA_BYTES + 1)},
    ],
)
def test_a_proof_outside_the_format_cannot_be_made(change: dict[str, object]) -> None:
    with pytest.raises(ProofError):
        dataclasses.replace(proof_of(6), **change)  # type: ignore[arg-type]
