"""Signed notes and cosignatures: read as the rest of the world writes them, and believed only when signed."""

import base64
import dataclasses
import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from registry.formats import note
from registry.formats.note import NoteError, NoteKind, NoteVerifier

# C2SP signed-note, "Verifier keys", and golang.org/x/mod/sumdb/note.
FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

# golang.org/x/mod/sumdb/note, example_test.go: two signers of one text.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TWO_SIGNERS = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
).encode()

# sum.golang.org/latest of 2024-09-23, as kept in sigsum-go (pkg/checkpoint/checkpoint_test.go).
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = (
    "go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n\n"
    "— sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n"
).encode()

# sigsum-go, the same file: a checkpoint whose own signature is filler, and a cosignature of it at the time 1234
# by the key whose seed is 17 and zeros.
SIGSUM_CHECKPOINT = (
    "example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "— example.org/log DEADBEEFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
).encode()
SIGSUM_LINE = (
    "— example.org/witness ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz0LVRqHXI2kpEBSki5"
    "RTXFtxz1vo9+Cg==\n"
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
WITNESS = Signer("inspektorat.example.go.id", 2)
WITNESS_KEY = NoteVerifier.of(WITNESS, NoteKind.COSIGNATURE)
STRANGER = Signer("stranger.example", 3)
STRANGER_KEY = NoteVerifier.of(STRANGER)
TEXT = "log.example.go.id/izin\n7\n" + base64.b64encode(bytes(32)).decode() + "\n"
NOW = datetime.datetime(2026, 11, 23, 8, 30, 15, 900_000, tzinfo=datetime.UTC)
SIGNED = note.sign(TEXT, LOG)
COSIGNED = note.add_signature(SIGNED, note.cosign(SIGNED, WITNESS, now=NOW), verifier=WITNESS_KEY)

_names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20).filter(
    lambda name: "+" not in name and not any(c.isspace() for c in name)
)
_texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)])), max_size=6
).map(lambda lines: "".join(f"{line}\n" for line in lines) or "\n")


def unknown_line(number: int) -> bytes:
    return f"— key{number}.example {base64.b64encode(bytes(4) + bytes([number]) * 64).decode()}\n".encode()


@pytest.mark.parametrize(
    ("data", "keys", "text"),
    [
        (FOO_NOTE, [FOO_KEY], "This is an example message.\n"),
        (TWO_SIGNERS, [PETER_KEY, ENOCH_KEY], "If you think"),
        (TWO_SIGNERS, [ENOCH_KEY], "If you think"),
        (SUMDB_NOTE, [SUMDB_KEY], "go.sum database tree\n30055305\n"),
    ],
)
def test_notes_that_others_signed_are_read(data: bytes, keys: list[str], text: str) -> None:
    verifiers = [NoteVerifier.parse(key) for key in keys]
    opened = note.open_note(data, verifiers, require=verifiers)
    assert opened.text.startswith(text)
    assert [verifier.text for verifier in verifiers] == keys
    assert sum(signature.verified for signature in opened.signatures) == len(keys)
    assert opened.encode() == data
    with pytest.raises(NoteError):
        note.open_note(data.replace(text[:4].encode(), b"Then", 1), verifiers)


def test_a_cosignature_that_another_implementation_made_is_ours_byte_for_byte() -> None:
    witness = Signer("example.org/witness", 17)
    key = NoteVerifier.of(witness, NoteKind.COSIGNATURE)
    now = datetime.datetime.fromtimestamp(1234, datetime.UTC)
    assert note.cosign(SIGSUM_CHECKPOINT, witness, now=now) == SIGSUM_LINE
    opened = note.open_note(note.add_signature(SIGSUM_CHECKPOINT, SIGSUM_LINE, verifier=key), [key])
    signature = opened.signature_by(key)
    assert signature is not None
    assert signature.timestamp == 1234


# transparency-dev/formats, note/note_cosigv1_test.go: the key of a witness in operation.
def test_the_key_of_a_witness_is_read() -> None:
    text = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    key = NoteVerifier.parse(text)
    assert (key.name, key.kind, key.text) == ("remora.n621.de", NoteKind.COSIGNATURE, text)


@given(_texts, _names)
def test_what_was_signed_is_read_as_it_was_written(text: str, name: str) -> None:
    signer = Signer(name, 9)
    data = note.sign(text, signer)
    verifier = NoteVerifier.parse(NoteVerifier.of(signer).text)
    opened = note.open_note(data, [verifier])
    assert opened.text == text
    assert opened.signature_by(verifier) is not None
    assert opened.encode() == data
    with pytest.raises(NoteError):
        note.open_note(data, [STRANGER_KEY])


def test_a_note_says_who_signed_it_when_and_whom_we_do_not_know() -> None:
    data = COSIGNED + unknown_line(5)
    opened = note.open_note(data, [LOG_KEY, WITNESS_KEY, STRANGER_KEY], require=[LOG_KEY])
    found = [(signature.name, signature.verified, signature.timestamp) for signature in opened.signatures]
    assert found == [
        (LOG.name, True, None),
        (WITNESS.name, True, int(NOW.timestamp())),
        ("key5.example", False, None),
    ]
    assert opened.signature_by(STRANGER_KEY) is None
    assert opened.encode() == data


def test_a_note_of_unknown_keys_alone_is_refused() -> None:
    for verifiers in ([], [STRANGER_KEY], [NoteVerifier.of(LOG, NoteKind.COSIGNATURE)]):
        with pytest.raises(NoteError, match="no known key"):
            note.open_note(SIGNED, verifiers)


def test_a_required_key_must_have_signed() -> None:
    with pytest.raises(NoteError, match="not signed by stranger"):
        note.open_note(COSIGNED, [LOG_KEY, WITNESS_KEY], require=[LOG_KEY, STRANGER_KEY])
    with pytest.raises(NoteError, match="not signed by inspektorat"):
        note.open_note(SIGNED, [LOG_KEY], require=[WITNESS_KEY])


def test_a_wrong_signature_by_a_known_key_spoils_the_note() -> None:
    # The log's signature is right, the witness's was made over another checkpoint.
    other = note.sign(TEXT.replace("\n7\n", "\n8\n"), LOG)
    data = SIGNED + note.cosign(other, WITNESS, now=NOW)
    with pytest.raises(NoteError, match="inspektorat"):
        note.open_note(data, [LOG_KEY, WITNESS_KEY])
    opened = note.open_note(data, [LOG_KEY])
    assert [signature.verified for signature in opened.signatures] == [True, False]


def test_a_cosignatures_time_cannot_be_changed() -> None:
    line = note.cosign(SIGNED, WITNESS, now=NOW)
    name, encoded = line.decode().removeprefix("— ").split()
    raw = base64.b64decode(encoded)
    for seconds in (int(NOW.timestamp()) + 1, 0, 2**63, 2**64 - 1):
        moved = base64.b64encode(raw[:4] + seconds.to_bytes(8, "big") + raw[12:]).decode()
        with pytest.raises(NoteError):
            note.open_note(SIGNED + f"— {name} {moved}\n".encode(), [LOG_KEY, WITNESS_KEY])


def test_a_time_beyond_the_format_is_refused_even_when_signed() -> None:
    seconds = 2**63
    made = WITNESS.sign(f"cosignature/v1\ntime {seconds}\n{TEXT}".encode())
    raw = seconds.to_bytes(8, "big") + made
    line = note.NoteSignature(name=WITNESS.name, key_id=WITNESS_KEY.key_id, raw=raw).line
    with pytest.raises(NoteError, match="no time"):
        note.open_note(SIGNED + line, [LOG_KEY, WITNESS_KEY])


def test_a_plain_signature_is_no_cosignature_and_the_other_way_round() -> None:
    plain = note.parse(note.sign(TEXT, WITNESS)).signatures[0]
    both = base64.b64encode(WITNESS_KEY.key_id + bytes(8) + plain.raw).decode()
    with pytest.raises(NoteError):
        note.open_note(SIGNED + f"— {WITNESS.name} {both}\n".encode(), [LOG_KEY, WITNESS_KEY])
    line = note.parse(SIGNED + note.cosign(SIGNED, WITNESS, now=NOW)).signatures[1]
    as_plain = dataclasses.replace(line, key_id=NoteVerifier.of(WITNESS).key_id, raw=line.raw[8:])
    with pytest.raises(NoteError):
        note.open_note(SIGNED + as_plain.line, [LOG_KEY, NoteVerifier.of(WITNESS)])


def test_only_a_checkpoint_is_cosigned() -> None:
    for text in ("one line\n", "two\nlines\n", "with\n\nan empty\nline\n"):
        with pytest.raises(NoteError, match="only a checkpoint"):
            note.cosign(note.sign(text, LOG), WITNESS, now=NOW)
    with pytest.raises(ValueError, match="time zone"):
        note.cosign(SIGNED, WITNESS, now=datetime.datetime(2026, 11, 23))  # noqa: DTZ001  # what is refused
    with pytest.raises(ValueError, match="1970"):
        note.cosign(SIGNED, WITNESS, now=datetime.datetime(1969, 1, 1, tzinfo=datetime.UTC))


def test_a_cosignature_covers_lines_that_a_checkpoints_reader_passes_over() -> None:
    extended = note.sign(TEXT + "extension\n", LOG)
    data = note.add_signature(extended, note.cosign(extended, WITNESS, now=NOW), verifier=WITNESS_KEY)
    with pytest.raises(NoteError):
        note.open_note(data.replace(b"extension", b"extensiom"), [WITNESS_KEY])


def test_a_later_cosignature_takes_the_place_of_the_earlier_one() -> None:
    later = NOW + datetime.timedelta(hours=1)
    data = note.add_signature(COSIGNED + unknown_line(1), note.cosign(SIGNED, WITNESS, now=later), verifier=WITNESS_KEY)
    opened = note.open_note(data, [WITNESS_KEY])
    assert [signature.name for signature in opened.signatures] == [LOG.name, WITNESS.name, "key1.example"]
    assert opened.signatures[1].timestamp == int(later.timestamp())


def test_a_line_is_added_only_when_it_is_right() -> None:
    line = note.cosign(SIGNED, WITNESS, now=NOW)
    wrong = [
        note.cosign(note.sign(TEXT.replace("7", "8"), LOG), WITNESS, now=NOW),
        note.cosign(SIGNED, STRANGER, now=NOW),
        line[:-1],
        line + b"\n",
        line + line,
        b"",
        b"\n",
        b"\xff\n",
        line.replace(b"\xe2\x80\x94", b"-"),
    ]
    for each in wrong:
        with pytest.raises(NoteError):
            note.add_signature(SIGNED, each, verifier=WITNESS_KEY)


def test_one_key_cannot_be_counted_twice() -> None:
    line = note.cosign(SIGNED, WITNESS, now=NOW)
    later = note.cosign(SIGNED, WITNESS, now=NOW + datetime.timedelta(seconds=1))
    for doubled in (SIGNED + line + line, SIGNED + line + later, SIGNED + unknown_line(1) + unknown_line(1)):
        with pytest.raises(NoteError, match="twice"):
            note.open_note(doubled, [LOG_KEY])


def test_two_known_keys_that_cannot_be_told_apart_are_refused() -> None:
    # Found by counting up: of 2**16 keys under one name some two share their 4 bytes.
    keys = [
        NoteVerifier(name="log.example.go.id/izin", kind=NoteKind.ED25519, public_key=number.to_bytes(32, "big"))
        for number in (49_236, 57_363)
    ]
    assert keys[0].key_id == keys[1].key_id == bytes.fromhex("c5e99140")
    with pytest.raises(NoteError, match="leave one out"):
        note.open_note(SIGNED, [LOG_KEY, *keys])
    note.open_note(SIGNED, [LOG_KEY, keys[0], keys[0]])


def test_a_signer_whose_signature_does_not_verify_signs_nothing() -> None:
    class Broken(Signer):
        def sign(self, data: bytes) -> bytes:
            return super().sign(data + b"!")

    with pytest.raises(NoteError):
        note.sign(TEXT, Broken("broken.example", 4))
    with pytest.raises(NoteError):
        note.cosign(SIGNED, Broken("broken.example", 4), now=NOW)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\n\n")
@example(b"\n\n\n")
@example("a\n\n— \n".encode())
@example("a\n\n— x\n".encode())
@example("a\n\n— x AAAA\n".encode())
@example("a\n\n— x DEAD==\n".encode())
def test_hostile_bytes_raise_only_our_error(data: bytes) -> None:
    for hostile in (data, b"text\n\n" + data, TEXT.encode() + "\n— ".encode() + data + b"\n", SIGNED + data):
        try:
            parsed = note.parse(hostile)
        except NoteError:
            continue
        assert parsed.encode() == hostile


def test_one_changed_bit_never_verifies() -> None:
    for position in range(len(COSIGNED) * 8):
        data = bytearray(COSIGNED)
        data[position // 8] ^= 1 << position % 8
        with pytest.raises(NoteError):
            note.open_note(bytes(data), [], require=[LOG_KEY, WITNESS_KEY])


@given(st.integers(0, len(COSIGNED) - 1), st.integers(0, len(COSIGNED)), st.binary(max_size=4))
def test_a_note_cut_and_patched_anywhere_never_says_more(start: int, end: int, patch: bytes) -> None:
    data = COSIGNED[:start] + patch + COSIGNED[max(start, end) :]
    try:
        opened = note.open_note(data, [LOG_KEY, WITNESS_KEY])
    except NoteError:
        return
    assert opened.text == TEXT


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED.replace(b"\n\n", b"\n"),
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED.replace("— ".encode(), b"- "),
        SIGNED.replace("— ".encode(), "—  ".encode()),
        SIGNED.replace("— ".encode(), "—\u00a0".encode()),
        SIGNED.replace(b"izin ", b"izin  "),
        SIGNED.replace(b"izin\n", b"iz\x00in\n"),
        SIGNED.replace(b"izin\n", b"iz\tin\n"),
        b"\xef\xbb\xbf" + SIGNED,
        SIGNED.replace(b"=\n", b"\n"),
        SIGNED.replace(b"=\n", b"=\n", 1)[:-2] + b" =\n",
    ],
)
def test_a_note_in_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        note.open_note(data, [LOG_KEY])


def test_base64_has_one_spelling() -> None:
    # The last digit before the padding carries bits that no byte takes up; other readers ignore them.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    start, digit, end = SIGNED[:-3], chr(SIGNED[-3]), SIGNED[-2:]
    assert end == b"=\n"
    other = alphabet[alphabet.index(digit) ^ 1]
    with pytest.raises(NoteError, match="one spelling"):
        note.open_note(start + other.encode() + end, [LOG_KEY])


def test_sixteen_large_signatures_are_taken_and_a_flood_is_not() -> None:
    def line(number: int, size: int) -> bytes:
        return f"— key{number}.example {base64.b64encode(bytes(4 + size)).decode()}\n".encode()

    large = SIGNED + b"".join(line(number, 5000) for number in range(15))
    assert len(note.open_note(large, [LOG_KEY]).signatures) == 16
    most = SIGNED + b"".join(line(number, 64) for number in range(note.MAX_SIGNATURES - 1))
    assert len(note.open_note(most, [LOG_KEY]).signatures) == note.MAX_SIGNATURES
    for flood in (most + line(99, 64), SIGNED + line(0, note.MAX_NOTE_BYTES)):
        with pytest.raises(NoteError, match="at most"):
            note.open_note(flood, [LOG_KEY])
    with pytest.raises(NoteError, match="at most"):
        note.add_signature(most, note.cosign(SIGNED, WITNESS, now=NOW), verifier=WITNESS_KEY)
    note.sign("\n" * note.MAX_TEXT_LINES, LOG)
    with pytest.raises(NoteError, match="lines"):
        note.sign("\n" * (note.MAX_TEXT_LINES + 1), LOG)


@pytest.mark.parametrize(
    "text", ["", "no newline", "tab\t\n", "nul\x00\n", "return\r\n", "half \ud800\n", "x\n" * 70_000]
)
def test_a_text_outside_the_format_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        note.sign(text, LOG)


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u3000b", "a\nb", "a\x1fb", "\ud800", "x" * 256, "a\u2028b"]
)
def test_a_name_outside_the_format_is_nobodys(name: str) -> None:
    with pytest.raises(NoteError):
        NoteVerifier(name=name, kind=NoteKind.ED25519, public_key=LOG.public_key)
    with pytest.raises(NoteError):
        note.sign(TEXT, Signer(name, 1))
    with pytest.raises(NoteError):
        note.Note(text=TEXT, signatures=(note.NoteSignature(name=name, key_id=bytes(4), raw=bytes(64)),)).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+12345678",
        "name+12345678+",
        "name+12345678+AQ==",
        "name+12345678+AgAA",
        "rekor.sigstore.dev+12345678+AwEB",
        "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
        FOO_KEY.replace("530d903a", "530D903A"),
        FOO_KEY.replace("530d903a", "530d903b"),
        FOO_KEY.replace("530d903a", ""),
        FOO_KEY.replace("example", "exampel"),
        FOO_KEY + "\n",
        FOO_KEY + "=",
        " " + FOO_KEY,
        FOO_KEY.replace("foo", "f oo"),
        FOO_KEY[:-4],
    ],
)
def test_a_key_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        NoteVerifier.parse(text)


@given(st.text(max_size=60), st.integers(0, len(FOO_KEY)))
def test_hostile_keys_raise_only_our_error(text: str, place: int) -> None:
    for hostile in (text, FOO_KEY[:place] + text + FOO_KEY[place:], f"x+00000000+{text}"):
        try:
            key = NoteVerifier.parse(hostile)
        except NoteError:
            continue
        assert key.text == hostile


@pytest.mark.parametrize("change", [{"kind": 1}, {"kind": 2}, {"public_key": bytes(31)}, {"public_key": "x" * 32}])
def test_a_key_outside_the_format_cannot_be_made(change: dict[str, object]) -> None:
    with pytest.raises(NoteError):
        dataclasses.replace(LOG_KEY, **change)  # type: ignore[arg-type]
