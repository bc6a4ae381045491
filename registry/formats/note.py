"""Signed notes: a text and who signed it, as one small file (C2SP signed-note, tlog-cosignature).

The text in UTF-8, a blank line, then for each signature an em dash, the key's name and the base64 of key identifier
and signature. The key identifier is the first 4 bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key). Two kinds are
spoken here, both Ed25519 (RFC 8032): a plain signature over the text (0x01), by which a log signs its checkpoint, and
a witness's cosignature (0x04), 8 bytes of time before the signature, made over ``cosignature/v1``, the time and the
text. Signatures of other keys and kinds are kept and mean nothing.

A cosignature does not bind its signer's name: one key must never serve two names, or one witness counts as two.
"""

import base64
import dataclasses
import datetime
import enum
import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry.formats.errors import DocumentError

KEY_ID_BYTES: Final = 4
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
TIMESTAMP_BYTES: Final = 8

# Room for 16 signatures of the largest post-quantum kind (signed-note, "Format"); a note of ours has under 1 KiB.
MAX_NOTE_BYTES: Final = 128 * 1024
MAX_TEXT_LINES: Final = 128
MAX_SIGNATURES: Final = 32
MAX_NAME_BYTES: Final = 255
MAX_TIMESTAMP: Final = 2**63 - 1

_SIGNATURE_START: Final = "\u2014 "
_CHECKPOINT_LINES: Final = 3


class NoteError(DocumentError):
    """The note, a key or a signature is not what it should be, or not signed by whom it should be."""


class NoteKind(enum.IntEnum):
    """What a key signs (signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


class NoteSigner(Protocol):
    """Who may sign notes: an Ed25519 key and the name under which it is known."""

    @property
    def name(self) -> str:
        """The key's name: not empty, neither spaces nor plus; by custom a web address without its scheme."""

    @property
    def public_key(self) -> bytes:
        """The raw public key, 32 bytes."""

    def sign(self, data: bytes) -> bytes:
        """The Ed25519 signature over `data`, 64 bytes."""


def key_id(name: str, kind: NoteKind, public_key: bytes) -> bytes:
    """The 4 bytes by which a key of this name is known. They tell keys apart by accident only, not against malice."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:KEY_ID_BYTES]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: `raw` is what follows the key identifier.

    `verified` says that a known key made it over this very text. `timestamp` is the moment that a verified
    cosignature states, in whole seconds since the epoch; None for every other signature.
    """

    name: str
    key_id: bytes
    raw: bytes
    verified: bool = False
    timestamp: int | None = None

    @property
    def line(self) -> bytes:
        """The line as it stands in a note, with its newline. Whether it is well formed shows when the note is read."""
        return f"{_SIGNATURE_START}{self.name} {_encode64(self.key_id + self.raw)}\n".encode("utf-8", "surrogatepass")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoteVerifier:
    """A known key: who signs under which name with what. Raises `NoteError` for values outside the format."""

    name: str
    kind: NoteKind
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if type(self.kind) is not NoteKind:
            raise NoteError("a key must be of kind Ed25519 (1) or cosignature (4)")
        if type(self.public_key) is not bytes or len(self.public_key) != PUBLIC_KEY_BYTES:
            raise NoteError(f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes")

    @classmethod
    def of(cls, signer: NoteSigner, kind: NoteKind = NoteKind.ED25519) -> Self:
        """The key by which what `signer` signs is verified."""
        return cls(name=signer.name, kind=kind, public_key=signer.public_key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name+hash+base64`` as `text` writes it. Raises `NoteError` for everything else."""
        name, _, rest = text.partition("+")
        _, _, key = rest.partition("+")
        data = _decode64(key)
        try:
            kind = NoteKind(data[0])
        except (ValueError, IndexError) as error:
            raise NoteError("not a note key of kind Ed25519 (1) or cosignature (4)") from error
        verifier = cls(name=name, kind=kind, public_key=data[1:])
        if verifier.text != text:
            raise NoteError(f"the note key's hash must be {verifier.key_id.hex()}")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which the key is known."""
        return key_id(self.name, self.kind, self.public_key)

    @property
    def text(self) -> str:
        """The key in one line: name, key identifier in hex, base64 of kind and public key, plus signs between."""
        return f"{self.name}+{self.key_id.hex()}+{_encode64(bytes([self.kind]) + self.public_key)}"

    def verify(self, text: str, signature: NoteSignature) -> NoteSignature:
        """The signature marked as verified. Raises `NoteError` unless this key made it over `text`."""
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            raise NoteError(f"the signature is not by {self.name}, key {self.key_id.hex()}")
        timestamp, message, made = None, text.encode(), signature.raw
        if self.kind is NoteKind.COSIGNATURE:
            timestamp = int.from_bytes(made[:TIMESTAMP_BYTES], "big")
            message, made = _cosigned(text, timestamp), made[TIMESTAMP_BYTES:]
            if timestamp > MAX_TIMESTAMP:
                raise NoteError(f"the cosignature by {self.name} states no time")
        if len(made) != SIGNATURE_BYTES:
            raise NoteError(f"the signature by {self.name} has a wrong length")
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(made, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the signature by {self.name} is wrong") from error
        return dataclasses.replace(signature, verified=True, timestamp=timestamp)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as read. `text` ends in a newline; what it says counts as far as someone's signature is `verified`."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The whole note. Raises `NoteError` for values outside the format."""
        data = self.text.encode("utf-8", "surrogatepass") + b"\n" + b"".join(each.line for each in self.signatures)
        unverified = tuple(NoteSignature(name=s.name, key_id=s.key_id, raw=s.raw) for s in self.signatures)
        if parse(data) != Note(text=self.text, signatures=unverified):
            raise NoteError("the note does not read back as it was written")
        return data

    def signature_by(self, verifier: NoteVerifier) -> NoteSignature | None:
        """The verified signature by this key; None where it has not signed or was not among the known keys."""
        for signature in self.signatures:
            if signature.verified and (signature.name, signature.key_id) == (verifier.name, verifier.key_id):
                return signature
        return None


def sign(text: str, signer: NoteSigner) -> bytes:
    """The note of `text`, which ends in a newline, with one plain signature.

    Raises `NoteError` for a text or a name outside the format, and for a signature that does not verify.
    """
    _check_text(text)
    verifier = NoteVerifier.of(signer)
    signature = NoteSignature(name=verifier.name, key_id=verifier.key_id, raw=signer.sign(text.encode()))
    verifier.verify(text, signature)
    return Note(text=text, signatures=(signature,)).encode()


def parse(data: bytes) -> Note:
    """Read a note and verify nothing: to pass it on, or to look at whose keys it names. Use `open_note` to believe it.

    Raises `NoteError` for every byte string that is no note in its one spelling or passes a limit, and when one key
    stands in it twice, so that counting signatures counts keys.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("a note must be UTF-8") from error
    text, blank, block = whole.rpartition("\n\n")
    text += "\n"
    if not blank or not block.endswith("\n"):
        raise NoteError("a note must be a text, a blank line and whole signature lines")
    _check_text(text)
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    signatures = tuple(_parse_line(line) for line in lines)
    if len({(signature.name, signature.key_id) for signature in signatures}) != len(signatures):
        raise NoteError("one key signs the note twice; keep one of its lines")
    return Note(text=text, signatures=signatures)


def open_note(data: bytes, verifiers: Iterable[NoteVerifier], *, require: Iterable[NoteVerifier] = ()) -> Note:
    """Read a note that at least one known key has signed, and each of `require` (known by that).

    Every signature by a known key is verified; others stay in the note, unverified. Raises `NoteError` when a known
    key's signature is wrong, when one of `require` has not signed or nobody known has, and as `parse` does.
    """
    required = tuple(require)
    known = _by_name_and_id((*verifiers, *required))
    note = parse(data)
    signatures = []
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        signatures.append(verifier.verify(note.text, signature) if verifier else signature)
    opened = Note(text=note.text, signatures=tuple(signatures))
    for verifier in required:
        if opened.signature_by(verifier) is None:
            raise NoteError(f"the note is not signed by {verifier.name}, key {verifier.key_id.hex()}")
    if not any(signature.verified for signature in signatures):
        raise NoteError("the note is signed by no known key")
    return opened


def cosign(note: bytes, signer: NoteSigner, *, now: datetime.datetime) -> bytes:
    """The line by which a witness cosigns the checkpoint in `note` as of `now` (tlog-cosignature v1).

    It says that the signer has seen this log grow to this checkpoint from every earlier one it cosigned, which
    is for the caller to have made sure of, the log's own signature first: nothing is verified here.

    Raises `NoteError` when the note is no note or has fewer than the three lines of a checkpoint.
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    text = parse(note).text
    lines = text.split("\n")
    if len(lines) <= _CHECKPOINT_LINES or not all(lines[:-1]):
        raise NoteError("only a checkpoint is cosigned: a note of three or more lines, none empty")
    timestamp = int(now.timestamp())
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise ValueError("now must not lie before 1970")
    verifier = NoteVerifier.of(signer, NoteKind.COSIGNATURE)
    raw = timestamp.to_bytes(TIMESTAMP_BYTES, "big") + signer.sign(_cosigned(text, timestamp))
    return verifier.verify(text, NoteSignature(name=verifier.name, key_id=verifier.key_id, raw=raw)).line


def add_signature(note: bytes, line: bytes, *, verifier: NoteVerifier) -> bytes:
    """The note with one more signature line, in the place of an earlier one by the same key if there is one.

    The line must be this key's and right: readers who know the key refuse the whole note over a wrong one. Raises
    `NoteError` when it is not, or the note is no note or full.
    """
    read = parse(note)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("a signature line must be UTF-8") from error
    if not text.endswith("\n"):
        raise NoteError("a signature line must end in a newline")
    added = _parse_line(text[:-1])
    verifier.verify(read.text, added)
    lines = {(each.name, each.key_id): each for each in (*read.signatures, added)}
    return Note(text=read.text, signatures=tuple(lines.values())).encode()


def _by_name_and_id(verifiers: Iterable[NoteVerifier]) -> Mapping[tuple[str, bytes], NoteVerifier]:
    known: dict[tuple[str, bytes], NoteVerifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError(f"two keys share the name {verifier.name} and one key identifier; leave one out")
    return known


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _parse_line(line: str) -> NoteSignature:
    if not line.startswith(_SIGNATURE_START):
        raise NoteError("a signature line must start with an em dash and a space")
    name, _, encoded = line.removeprefix(_SIGNATURE_START).partition(" ")
    _check_name(name)
    data = _decode64(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise NoteError(f"a signature must follow a key identifier of {KEY_ID_BYTES} bytes")
    return NoteSignature(name=name, key_id=data[:KEY_ID_BYTES], raw=data[KEY_ID_BYTES:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError("a key's name must not be empty and have neither spaces, control characters nor a plus sign")
    if len(_encode_text(name)) > MAX_NAME_BYTES:
        raise NoteError(f"a key's name has at most {MAX_NAME_BYTES} bytes")


def _check_text(text: str) -> None:
    _encode_text(text)
    if not text.endswith("\n"):
        raise NoteError("a note's text must end in a newline")
    if text.count("\n") > MAX_TEXT_LINES:
        raise NoteError(f"a note's text has at most {MAX_TEXT_LINES} lines")
    if any(c < " " and c != "\n" for c in text):
        raise NoteError("a note must not have control characters")


def _encode_text(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NoteError("text holds half of a surrogate pair") from error


def _encode64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise NoteError("not base64") from error
    if _encode64(data) != text:
        raise NoteError("not the one spelling of base64")
    return data
