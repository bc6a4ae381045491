"""Signed lists of permit states: one list tells the state of 131,072 permits to a phone that has no one to ask.

Token Status List (TSL), draft-ietf-oauth-status-list-21 (21 June 2026, approved, in the RFC Editor's queue), in its CWT
form: COSE_Sign1 (RFC 9052) with tag 18, protected {1: -19 (Ed25519, RFC 9864), 4: kid of 4 bytes, 16:
"application/statuslist+cwt" (RFC 9596)}, unprotected empty, claims {2: address of the list, 4: end, 6: time of issue,
65533: {"bits": 4, "lst": zlib of the states}, 65534: ttl in seconds}, deterministic CBOR (RFC 8949 4.2.1); re-encoding
must give the input back. The type in the protected header is what keeps a list and a QR statement apart: one key signs
both.

A permit's place is its serial, list * 2**17 + slot, which the statement holds; the `status` claim of the draft would
cost the QR code its bytes. A list says what someone decided. It does not say that a permit's time has run out: the end
stands in the statement, and an expired permit is expired whatever its slot holds (7.1).
"""

import dataclasses
import datetime
import enum
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry.formats.errors import DocumentError
from registry.formats.record import Status
from registry.formats.statement import KID_BYTES, SIGNATURE_BYTES, StatementSigner

SLOTS: Final = 2**17
BITS: Final = 4
BYTES: Final = SLOTS * BITS // 8  # 65,536: a list before compression
MEDIA_TYPE: Final = "application/statuslist+cwt"
MAX_TOKEN_BYTES: Final = BYTES + 1024  # what DEFLATE cannot shorten, and the envelope
MAX_LIFETIME: Final = datetime.timedelta(days=7)
CLOCK_TOLERANCE: Final = datetime.timedelta(minutes=5)

_ALG_ED25519: Final = -19
_COSE_SIGN1_TAG: Final = 18
_HEADER_ALG: Final = 1
_HEADER_KID: Final = 4
_HEADER_TYPE: Final = 16
_CLAIM_SUBJECT: Final = 2
_CLAIM_EXPIRES: Final = 4
_CLAIM_ISSUED: Final = 6
_CLAIM_LIST: Final = 65533
_CLAIM_TTL: Final = 65534
_SERIAL_LIMIT: Final = 2**48
_TIME_LIMIT: Final = 2**37  # the year 6325, which datetime still knows
_MAX_ADDRESS: Final = 512

_ADDRESS = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?/[!-~]*", re.ASCII)


class StatusListError(DocumentError):
    """The bytes are no status list in its one spelling, or not the list that was asked for."""


class ForgedListError(StatusListError):
    """No key of the office that counts has signed this list."""


class ExpiredListError(StatusListError):
    """The office signed this list, and its time is over: what it says may have changed since."""


class EarlyListError(StatusListError):
    """The office signed this list, at a time that is yet to come: this clock or that one is wrong."""


class SlotState(enum.IntEnum):
    """What four bits say. 0x00 to 0x02 are the draft's (7.1), 0x0C to 0x0F are left to applications by it.

    Whoever does not know a value must not take the permit for valid: 0x00 alone says so.
    """

    IN_FORCE = 0x00
    REVOKED = 0x01
    SUSPENDED = 0x02
    ANNULLED = 0x0C
    SUPERSEDED = 0x0D
    NEVER_ISSUED = 0x0F


STATE_OF: Final[Mapping[Status, SlotState]] = {
    Status.IN_FORCE: SlotState.IN_FORCE,
    Status.SUSPENDED: SlotState.SUSPENDED,
    Status.REVOKED: SlotState.REVOKED,
    Status.ANNULLED: SlotState.ANNULLED,
    Status.SUPERSEDED: SlotState.SUPERSEDED,
}

_KNOWN: Final = bytes(high << BITS | low for high in SlotState for low in SlotState)


class ListKey(Protocol):
    """A statement key as a reader knows it (`keys.trust.StatementKey`)."""

    @property
    def kid(self) -> bytes:
        """The first 4 bytes of SHA-256 of the raw public key."""

    @property
    def public_key(self) -> bytes:
        """The raw Ed25519 public key, 32 bytes."""

    @property
    def not_before(self) -> datetime.datetime:
        """From when it signs."""

    @property
    def not_after(self) -> datetime.datetime | None:
        """Until when it signs; None: no end known."""

    @property
    def revoked_at(self) -> datetime.datetime | None:
        """From then on nothing it says counts, whenever it claims to have said it."""


class StatusList:
    """The states of one list while it is made. It begins with every slot never issued."""

    def __init__(self) -> None:
        self._states = bytearray(b"\xff" * BYTES)

    def __bytes__(self) -> bytes:
        return bytes(self._states)

    def set(self, slot: int, state: SlotState) -> None:
        """Put a state into a slot. Raises `IndexError` for a slot outside the list."""
        place, shift = _place_of(slot)
        self._states[place] = self._states[place] & (0xF0 >> shift) | state << shift

    def get(self, slot: int) -> SlotState:
        """The state in a slot. Raises `IndexError` for a slot outside the list."""
        return _state(self._states, slot)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReadList:
    """A list as read and found genuine and fresh. `states` are its 65,536 bytes.

    `ttl`: how long after fetching it a reader should ask for a newer one. Until `expires_at` it may be believed.
    """

    address: str
    kid: bytes
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    ttl: datetime.timedelta
    states: bytes

    def state(self, slot: int) -> SlotState:
        """The state in a slot. Raises `IndexError` for a slot outside the list."""
        return _state(self.states, slot)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    address: str
    issued: int
    expires: int
    ttl: int
    compressed: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kid: bytes
    claims: _Claims
    to_be_signed: bytes
    signature: bytes


def place(serial: int) -> tuple[int, int]:
    """List and slot of a serial. Raises `ValueError` for what is no serial."""
    if not 0 <= serial < _SERIAL_LIMIT:
        raise ValueError(f"a serial is a whole number from 0 to {_SERIAL_LIMIT - 1}")
    return divmod(serial, SLOTS)


def file_name(number: int) -> str:
    """The name of a list's file, which is also the end of its address."""
    return f"{number}.cwt"


def sign(
    states: bytes,
    *,
    uri: str,
    issued_at: datetime.datetime,
    expires_at: datetime.datetime,
    ttl: int,
    signer: StatementSigner,
) -> bytes:
    """The token of a list of 65,536 bytes; `uri` is its address, `ttl` in seconds. Fractions of a second are dropped.

    Raises `StatusListError` for values outside the format.
    """
    _check_states(states)
    claims = _Claims(
        address=uri,
        issued=_seconds(issued_at),
        expires=_seconds(expires_at),
        ttl=ttl,
        compressed=zlib.compress(states, 9),
    )
    protected, payload = _protected(signer.kid), _payload(claims)
    signature = signer.sign(_to_be_signed(protected, payload))
    token = _envelope(protected, payload, signature)
    if _parse(token).claims != claims or _decompress(claims.compressed) != states:
        raise StatusListError("the list does not read back as it was written")
    return token


def read(token: bytes, *, keys: Iterable[ListKey], uri: str, now: datetime.datetime) -> ReadList:
    """Read a token as the list at `uri`, signed by one of `keys`, and fresh at `now` (8.3).

    Nothing is decompressed before the signature was found right. Raises `ForgedListError` where no such key signed it
    or the key does not count, `ExpiredListError` and `EarlyListError` for a genuine list at the wrong time, and
    `StatusListError` for every other byte string that `sign` could not have made, another list among them.
    """
    parsed = _parse(token)
    claims = parsed.claims
    issued_at, expires_at = _moment(claims.issued), _moment(claims.expires)
    _check_signature(parsed, keys, issued_at=issued_at, now=now)
    if claims.address != uri:
        raise StatusListError(f"this is the list of {claims.address}, not of {uri}")
    if expires_at <= now:
        raise ExpiredListError(f"this list was good until {expires_at.isoformat()}: fetch a newer one")
    if issued_at > now + CLOCK_TOLERANCE:
        raise EarlyListError(f"this list is dated {issued_at.isoformat()}, which is yet to come: check the clock")
    return ReadList(
        address=claims.address,
        kid=parsed.kid,
        issued_at=issued_at,
        expires_at=expires_at,
        ttl=datetime.timedelta(seconds=claims.ttl),
        states=_decompress(claims.compressed),
    )


def _check_signature(
    parsed: _Token, keys: Iterable[ListKey], *, issued_at: datetime.datetime, now: datetime.datetime
) -> None:
    key = next((key for key in keys if key.kid == parsed.kid), None)
    if key is None:
        raise ForgedListError(f"no statement key {parsed.kid.hex()} is known here")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(parsed.signature, parsed.to_be_signed)
    except InvalidSignature as error:
        raise ForgedListError("the list's signature is wrong") from error
    if key.revoked_at is not None and key.revoked_at <= now:
        raise ForgedListError(f"the statement key {key.kid.hex()} was revoked")
    if issued_at < key.not_before or (key.not_after is not None and key.not_after < issued_at):
        raise ForgedListError(f"the statement key {key.kid.hex()} was not in use at {issued_at.isoformat()}")


def _parse(token: bytes) -> _Token:
    if len(token) > MAX_TOKEN_BYTES:
        raise StatusListError(f"a status list has at most {MAX_TOKEN_BYTES} bytes")
    outer = _loads(token)
    if not isinstance(outer, cbor2.CBORTag) or outer.tag != _COSE_SIGN1_TAG:
        raise StatusListError("not a COSE_Sign1 message")
    parts = outer.value
    if not isinstance(parts, list) or len(parts) != 4:  # noqa: PLR2004  # COSE_Sign1 has four parts
        raise StatusListError("not a COSE_Sign1 message")
    protected, unprotected, payload, signature = parts
    if not (type(protected) is bytes and type(payload) is bytes and type(signature) is bytes and unprotected == {}):
        raise StatusListError("not a COSE_Sign1 message of this profile")
    if len(signature) != SIGNATURE_BYTES:
        raise StatusListError("not an Ed25519 signature")
    header = _loads(protected)
    if not isinstance(header, dict) or header.keys() != {_HEADER_ALG, _HEADER_KID, _HEADER_TYPE}:
        raise StatusListError("not the header of a status list")
    kid = header[_HEADER_KID]
    if type(kid) is not bytes or len(kid) != KID_BYTES:
        raise StatusListError(f"the key identifier must be {KID_BYTES} bytes")
    if protected != _protected(kid):
        raise StatusListError(f"a status list is of type {MEDIA_TYPE} and signed with Ed25519")
    claims = _read_claims(_loads(payload))
    if _envelope(protected, _payload(claims), signature) != token:
        raise StatusListError("not in deterministic encoding")
    return _Token(kid=kid, claims=claims, to_be_signed=_to_be_signed(protected, payload), signature=signature)


def _read_claims(claims: object) -> _Claims:
    wanted = {_CLAIM_SUBJECT, _CLAIM_EXPIRES, _CLAIM_ISSUED, _CLAIM_LIST, _CLAIM_TTL}
    if not isinstance(claims, dict) or claims.keys() != wanted:
        raise StatusListError("not the claims of a status list")
    states = claims[_CLAIM_LIST]
    if not isinstance(states, dict) or states.keys() != {"bits", "lst"}:
        raise StatusListError("the list must hold bits and lst, and nothing else")
    if type(states["bits"]) is not int or states["bits"] != BITS:
        raise StatusListError(f"a list holds {BITS} bits for each permit")
    if type(states["lst"]) is not bytes:
        raise StatusListError("the states must be bytes")
    address = claims[_CLAIM_SUBJECT]
    if type(address) is not str or len(address) > _MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise StatusListError(f"the address must be an https address of at most {_MAX_ADDRESS} ASCII characters")
    issued = _integer(claims[_CLAIM_ISSUED], "time of issue")
    expires = _integer(claims[_CLAIM_EXPIRES], "end")
    ttl = _integer(claims[_CLAIM_TTL], "ttl")
    if not 0 < expires - issued <= MAX_LIFETIME.total_seconds():
        raise StatusListError(f"a list ends after its issue, and at most {MAX_LIFETIME.days} days after it")
    if not 0 < ttl <= expires - issued:
        raise StatusListError("the ttl must be at least one second and no longer than the list is good")
    return _Claims(address=address, issued=issued, expires=expires, ttl=ttl, compressed=states["lst"])


def _decompress(compressed: bytes) -> bytes:
    """The states behind a zlib stream (RFC 1950), which never gets room for more than one byte too many."""
    stream = zlib.decompressobj()
    try:
        states = stream.decompress(compressed, BYTES + 1)
    except zlib.error as error:
        raise StatusListError("the states are no zlib stream") from error
    if len(states) != BYTES or not stream.eof or stream.unused_data:
        raise StatusListError(f"the states must be one zlib stream of exactly {BYTES} bytes")
    _check_states(states)
    return states


def _check_states(states: bytes) -> None:
    if len(states) != BYTES:
        raise StatusListError(f"a list has {BYTES} bytes")
    if states.translate(None, _KNOWN):
        raise StatusListError("the list holds a state that this program does not know")


def _place_of(slot: int) -> tuple[int, int]:
    """Byte and shift of a slot: slots fill a byte from its least significant bit (4.1)."""
    if not 0 <= slot < SLOTS:
        raise IndexError(f"a list has slots from 0 to {SLOTS - 1}")
    per_byte = 8 // BITS
    return slot // per_byte, BITS * (slot % per_byte)


def _state(states: bytes | bytearray, slot: int) -> SlotState:
    place, shift = _place_of(slot)
    return SlotState(states[place] >> shift & 0x0F)


def _protected(kid: bytes) -> bytes:
    return cbor2.dumps({_HEADER_ALG: _ALG_ED25519, _HEADER_KID: kid, _HEADER_TYPE: MEDIA_TYPE}, canonical=True)


def _payload(claims: _Claims) -> bytes:
    values = {
        _CLAIM_SUBJECT: claims.address,
        _CLAIM_EXPIRES: claims.expires,
        _CLAIM_ISSUED: claims.issued,
        _CLAIM_LIST: {"bits": BITS, "lst": claims.compressed},
        _CLAIM_TTL: claims.ttl,
    }
    _read_claims(values)
    return cbor2.dumps(values, canonical=True)


def _envelope(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1_TAG, [protected, {}, payload, signature]), canonical=True)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)


def _integer(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value < _TIME_LIMIT:
        raise StatusListError(f"the {name} must be a whole number from 0 to {_TIME_LIMIT - 1}")
    return value


def _seconds(moment: datetime.datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _loads(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except Exception as error:
        # cbor2 promises CBORDecodeError, but hostile bytes reach other builtins (recursion, dates, big floats).
        raise StatusListError("not CBOR") from error
