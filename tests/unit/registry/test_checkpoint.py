"""Checkpoints: three lines that say one thing, believed when the log whose name they bear has signed them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from registry.formats import checkpoint, merkle, note
from registry.formats.checkpoint import Checkpoint, CheckpointError
from registry.formats.note import NoteError, NoteVerifier

# C2SP tlog-checkpoint, the example.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
# sigsum-go, pkg/checkpoint/checkpoint_test.go: signed by the key whose seed is 17 and zeros.
SIGSUM_NAME = "sigsum.org/v1/tree/e796172b92befd62d9dc67e41c2f5bc9d3100a3023b20b1ca40288dd1c679e69"
SIGSUM = (
    f"{SIGSUM_NAME}\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    f"— {SIGSUM_NAME} gJ2ho0n8F8olcerUF1FFdv235A/5as/coWrpLrtE7ovMeP5whgwouYExowG/lTznxu6OUGjjt5yJQ6bXtTcf718MqAQ=\n"
).encode()


class Signer:
    def __init__(self, name: str, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) + bytes(31))
        self.name = name
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


LOG = Signer("log.example.go.id/izin", 1)
LOG_KEY = NoteVerifier.of(LOG)
ROOT = merkle.leaf_hash(b"one")
TEXT = f"{LOG.name}\n1\n{base64.b64encode(ROOT).decode()}\n"

_origins = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
_checkpoints = st.builds(
    Checkpoint,
    origin=_origins,
    size=st.integers(1, merkle.MAX_SIZE),
    root=st.binary(min_size=32, max_size=32),
) | st.builds(Checkpoint, origin=_origins, size=st.just(0), root=st.just(merkle.EMPTY_ROOT))


@given(_checkpoints)
def test_a_checkpoint_survives_its_text(original: Checkpoint) -> None:
    assert Checkpoint.decode(original.encode()) == original
    assert Checkpoint.decode(original.encode() + "extension\nanother\n") == original


def test_the_specifications_example_is_read() -> None:
    read = Checkpoint.decode(SOFA)
    assert (read.origin, read.size, read.root.hex()[:8]) == ("example.com/behind-the-sofa", 20_852_163, "0ac5186a")
    assert read.encode() == SOFA


def test_a_checkpoint_that_another_implementation_signed_is_read() -> None:
    signer = Signer(SIGSUM_NAME, 17)
    read = checkpoint.read(SIGSUM, NoteVerifier.of(signer))
    assert (read.origin, read.size, read.root) == (SIGSUM_NAME, 10, bytes([28, 14, 71]) + bytes(29))
    assert note.sign(read.encode(), signer) == SIGSUM


def test_what_the_log_signed_is_what_is_read() -> None:
    original = Checkpoint(origin=LOG.name, size=1, root=ROOT)
    assert original.encode() == TEXT
    assert checkpoint.read(note.sign(TEXT, LOG), LOG_KEY) == original
    assert checkpoint.read(note.sign(TEXT + "extension\n", LOG), LOG_KEY) == original


def test_another_keys_checkpoint_is_refused() -> None:
    for stranger in (Signer(LOG.name, 2), Signer("other.example", 1)):
        with pytest.raises(NoteError):
            checkpoint.read(note.sign(TEXT, stranger), LOG_KEY)


def test_the_checkpoint_of_another_log_is_refused_though_this_key_signed_it() -> None:
    with pytest.raises(CheckpointError, match="not of the log"):
        checkpoint.read(note.sign(TEXT.replace("izin", "lain"), LOG), LOG_KEY)


def test_a_note_that_is_no_checkpoint_is_refused_though_the_log_signed_it() -> None:
    for text in ("a text\n", TEXT[:-1] + "\n\n", TEXT + "x\n\ny\n"):
        with pytest.raises(CheckpointError):
            checkpoint.read(note.sign(text, LOG), LOG_KEY)


def test_a_witness_alone_makes_no_checkpoint_of_the_log() -> None:
    witness = Signer("inspektorat.example.go.id", 3)
    with pytest.raises(NoteError):
        checkpoint.read(note.sign(TEXT, witness), LOG_KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        TEXT[:-1],
        "\n" + TEXT,
        TEXT + "\n",
        TEXT + "x",
        TEXT.replace("izin\n1", "izin\n01"),
        TEXT.replace("izin\n1", "izin\n+1"),
        TEXT.replace("izin\n1", "izin\n-1"),
        TEXT.replace("izin\n1", "izin\n 1"),
        TEXT.replace("izin\n1", "izin\n1 "),
        TEXT.replace("izin\n1", "izin\n1_0"),
        TEXT.replace("izin\n1", "izin\n１"),
        TEXT.replace("izin\n1", "izin\n"),
        TEXT.replace("izin\n1", "izin\n0"),  # the root of one leaf
        TEXT.replace("izin\n1", f"izin\n{2**63}"),
        TEXT.replace("izin\n1", "izin\n" + "9" * 5000),
        TEXT.replace("=\n", "\n"),
        TEXT.replace("=\n", "==\n"),
        TEXT.replace("=\n", "=\r\n"),
        f"{LOG.name}\n1\n{base64.b64encode(ROOT[:31]).decode()}\n",
        f"{LOG.name}\n1\n{base64.b64encode(ROOT + b'x').decode()}\n",
        f"{LOG.name}\n1\n{ROOT.hex()}\n",
        TEXT.replace(LOG.name, "tab\t"),
        TEXT.replace(LOG.name, "half \ud800"),
        TEXT.replace(LOG.name, "x" * 256),
    ],
)
def test_another_spelling_is_no_checkpoint(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.decode(text)


def test_the_root_has_one_spelling() -> None:
    # The last digit of 32 bytes in base64 carries two bits that no byte takes up.
    others = [
        TEXT[:-3] + digit + TEXT[-2:] for digit in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    ]
    read = []
    for text in others:
        try:
            read.append(Checkpoint.decode(text))
        except CheckpointError:
            continue
    assert len(read) == len({each.root for each in read}) == 16


@given(st.text(max_size=80), st.integers(0, len(TEXT)), st.integers(0, len(TEXT)))
@example("", 0, 0)
def test_hostile_text_raises_only_our_error(text: str, start: int, end: int) -> None:
    for hostile in (text, TEXT[:start] + text + TEXT[max(start, end) :]):
        try:
            read = Checkpoint.decode(hostile)
        except CheckpointError:
            continue
        assert hostile.startswith(read.encode())


@given(st.binary(max_size=120))
def test_hostile_notes_raise_only_our_error(data: bytes) -> None:
    signed = note.sign(TEXT, LOG)
    for hostile in (data, data + signed, signed + data):
        try:
            read = checkpoint.read(hostile, LOG_KEY)
        except NoteError:
            continue
        assert read.encode() == TEXT


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""},
        {"origin": "a\nb"},
        {"origin": "x" * 256},
        {"origin": "\ud800"},
        {"size": -1},
        {"size": 2**63},
        {"size": True},
        {"size": "1"},
        {"size": 0},
        {"root": bytes(31)},
        {"root": "x" * 32},
    ],
)
def test_a_checkpoint_outside_the_format_cannot_be_made(change: dict[str, object]) -> None:
    values = {"origin": LOG.name, "size": 1, "root": ROOT} | change
    with pytest.raises(CheckpointError):
        Checkpoint(**values)  # type: ignore[arg-type]
