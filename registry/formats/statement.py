"""The QR statement: what a permit's QR code says, signed, in the fewest modules a phone's camera will open.

QR text: ``https://HOST/v/`` followed by the decimal digits of the big-endian integer of
``0x01 || COSE_Sign1(CWT)`` (RFC 9052, RFC 8392). Decimal because QR's numeric mode is the densest form
that is safe in a URL: 8.03 bits a byte. COSE: tag 18, protected {1: -19 (Ed25519, RFC 9864), 4: kid of
4 bytes}, unprotected empty, deterministic CBOR (RFC 8949 4.2.1); re-encoding must give the input back,
so a statement has one spelling only.

A statement proves that the office's key said this. It does not prove that the permit still stands.
"""

import dataclasses
import datetime
import math
import re
import unicodedata
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import cbor2
import regex
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry.formats.errors import DocumentError

VERSION: Final = b"\x01"
MAX_DIGITS: Final = 700  # a statement of 290 bytes; the largest that fits version 12-M has 255
DIGEST_BYTES: Final = 16
KID_BYTES: Final = 4
SIGNATURE_BYTES: Final = 64

_ALG_ED25519: Final = -19
_COSE_SIGN1_TAG: Final = 18
_CLAIM_SUBJECT: Final = 2
_CLAIM_EXPIRES: Final = 4
_CLAIM_ISSUED: Final = 6
_CLAIM_PERMIT: Final = -65537
_SERIAL_LIMIT: Final = 2**48
_TIME_LIMIT: Final = 2**40

_DIGITS = re.compile(r"[1-9][0-9]*", re.ASCII)
_LINK = re.compile(r"https://([a-z0-9.-]+(?::[0-9]{1,5})?)/v/([0-9]+)/?", re.ASCII)

# ISO/IEC 18004 table 7 and 3: version 12-M holds 2,320 data bits; counts take 16 (byte) and 12 (numeric) bits.
QR_VERSION: Final = 12
_QR_DATA_BITS: Final = 2320
_QR_BYTE_HEADER: Final = 4 + 16
_QR_NUMERIC_HEADER: Final = 4 + 12


class StatementError(DocumentError):
    """The digits or bytes are no statement in its one spelling."""


class ForgedStatementError(StatementError):
    """A statement whose signature is not that of the key it names."""


class StatementSigner(Protocol):
    """Who may sign statements: an Ed25519 key and the 4 bytes by which it is known."""

    @property
    def kid(self) -> bytes:
        """The first 4 bytes of SHA-256 of the raw public key."""

    def sign(self, data: bytes) -> bytes:
        """The Ed25519 signature over `data`, 64 bytes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the office says about one permit.

    `issued` and `expires` are seconds since the epoch of 00:00 in the office's zone: the date of issue, and
    the day after the last day of validity (None: no end). `digest` is the first 16 bytes of the decision
    digest. `serial` is list * 2**17 + slot, the permit's place in the signed status list.
    """

    number: str
    issued: int
    expires: int | None
    pack: str
    holder: str
    subject: str
    digest: bytes
    serial: int

    def date_of_issue(self, zone: ZoneInfo) -> datetime.date:
        """The date of issue in the office's zone."""
        return datetime.datetime.fromtimestamp(self.issued, zone).date()

    def valid_until(self, zone: ZoneInfo) -> datetime.date | None:
        """The last day on which the permit holds, in the office's zone; None when it has no end."""
        if self.expires is None:
            return None
        return datetime.datetime.fromtimestamp(self.expires, zone).date() - datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement as read: its content, who claims to have signed it, and the bytes as they were.

    Nothing is verified by its existence; call `verify`.
    """

    statement: Statement
    kid: bytes
    token: bytes
    to_be_signed: bytes
    signature: bytes

    def verify(self, key: Ed25519PublicKey) -> None:
        """Raise `ForgedStatementError` unless `key` signed exactly this statement (RFC 9052 4.4)."""
        try:
            key.verify(self.signature, self.to_be_signed)
        except InvalidSignature as error:
            raise ForgedStatementError("the statement's signature is wrong") from error


def midnight(day: datetime.date, zone: ZoneInfo) -> int:
    """Seconds since the epoch of 00:00 on `day` in `zone`."""
    return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp())


def sign(statement: Statement, signer: StatementSigner) -> bytes:
    """The token ``0x01 || COSE_Sign1`` of a statement. Raises `StatementError` for values outside the format."""
    protected, payload = _protected(signer.kid), _payload(statement)
    signature = signer.sign(_to_be_signed(protected, payload))
    token = VERSION + cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1_TAG, [protected, {}, payload, signature]), canonical=True)
    if parse(token).statement != statement:
        raise StatementError("the statement does not read back as it was written")
    return token


def parse(token: bytes) -> SignedStatement:
    """Read a token. Raises `StatementError` for every byte string that `sign` could not have made."""
    if not token.startswith(VERSION) or len(token) > max_token_bytes():
        raise StatementError("not a statement of version 1")
    outer = _loads(token[1:])
    if not isinstance(outer, cbor2.CBORTag) or outer.tag != _COSE_SIGN1_TAG:
        raise StatementError("not a COSE_Sign1 message")
    parts = outer.value
    if not isinstance(parts, list) or len(parts) != 4:  # noqa: PLR2004  # COSE_Sign1 has four parts
        raise StatementError("not a COSE_Sign1 message")
    protected, unprotected, payload, signature = parts
    if not (type(protected) is bytes and type(payload) is bytes and type(signature) is bytes and unprotected == {}):
        raise StatementError("not a COSE_Sign1 message of this profile")
    if len(signature) != SIGNATURE_BYTES:
        raise StatementError("not an Ed25519 signature")
    header = _loads(protected)
    if not isinstance(header, dict) or header.keys() != {1, 4} or header[1] != _ALG_ED25519:
        raise StatementError("not an Ed25519 statement")
    kid, statement = header[4], _read_claims(_loads(payload))
    if type(kid) is not bytes or len(kid) != KID_BYTES:
        raise StatementError("the key identifier must be 4 bytes")
    again = cbor2.dumps(
        cbor2.CBORTag(_COSE_SIGN1_TAG, [_protected(kid), {}, _payload(statement), signature]), canonical=True
    )
    if VERSION + again != token:
        raise StatementError("not in deterministic encoding")
    return SignedStatement(
        statement=statement,
        kid=kid,
        token=token,
        to_be_signed=_to_be_signed(protected, payload),
        signature=signature,
    )


def to_digits(token: bytes) -> str:
    """The decimal digits of a token. The leading 0x01 keeps every byte."""
    return str(int.from_bytes(token, "big"))


def from_digits(digits: str) -> bytes:
    """The token behind decimal digits. Raises `StatementError` for any text but ASCII ``[1-9][0-9]*``."""
    if len(digits) > MAX_DIGITS or not _DIGITS.fullmatch(digits):
        raise StatementError(f"not a number of at most {MAX_DIGITS} ASCII digits without leading zeros")
    number = int(digits)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def link(host: str, token: bytes) -> str:
    """The text of the QR code: the address that a phone opens."""
    return f"https://{host}/v/{to_digits(token)}"


def parse_link(text: str) -> tuple[str, str]:
    """Host and digits of a link, which is never fetched. Raises `StatementError` for any other text."""
    match = _LINK.fullmatch(text)
    if not match:
        raise StatementError("not a link of the form https://HOST/v/DIGITS")
    return match[1], match[2]


def max_token_bytes() -> int:
    """The longest token that `MAX_DIGITS` digits can hold, in bytes."""
    return int(MAX_DIGITS * math.log2(10)) // 8


def room(host: str) -> int:
    """Bytes of token that fit a version 12-M symbol behind ``https://HOST/v/``."""
    prefix_bits = _QR_BYTE_HEADER + 8 * len(f"https://{host}/v/".encode())
    numeric_bits = _QR_DATA_BITS - prefix_bits - _QR_NUMERIC_HEADER
    groups, rest = divmod(numeric_bits, 10)
    digits = 3 * groups + {0: 0, 4: 1, 5: 1, 6: 1, 7: 2, 8: 2, 9: 2}.get(rest, 0)
    return int(digits * math.log2(10)) // 8


def fit(statement: Statement, *, room: int) -> Statement:
    """The statement with holder and subject shortened, at a grapheme and with ``…``, until its token fits.

    The longer of the two gives way first. A legal name is never refused for its length: the digest binds
    the whole. Raises `StatementError` where even empty names leave too little room (number or host too long).
    """
    while (over := _token_bytes(statement) - room) > 0:
        holder, subject = statement.holder, statement.subject
        if {holder, subject} <= {"", "…"}:
            raise StatementError(f"the number {statement.number!r} leaves no room in the QR code")
        if len(holder.encode()) >= len(subject.encode()):
            statement = dataclasses.replace(statement, holder=_shorten(holder, over))
        else:
            statement = dataclasses.replace(statement, subject=_shorten(subject, over))
    return statement


def _shorten(text: str, over: int) -> str:
    """`text` cut at a grapheme by one at least, and about half of `over` bytes at most, and marked with ``…``."""
    graphemes = regex.findall(r"\X", text.removesuffix("…"))
    target = len(text.encode()) - max(1, over // 2)
    while graphemes:
        graphemes.pop()
        shorter = "".join(graphemes).rstrip() + "…"
        if len(shorter.encode()) <= target:
            return shorter
    return "…"


def _token_bytes(statement: Statement) -> int:
    parts = [_protected(bytes(KID_BYTES)), {}, _payload(statement), bytes(SIGNATURE_BYTES)]
    return 1 + len(cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1_TAG, parts), canonical=True))


def _protected(kid: bytes) -> bytes:
    return cbor2.dumps({1: _ALG_ED25519, 4: kid}, canonical=True)


def _payload(statement: Statement) -> bytes:
    claims: dict[int, object] = {
        _CLAIM_SUBJECT: statement.number,
        _CLAIM_ISSUED: statement.issued,
        _CLAIM_PERMIT: [
            statement.pack,
            statement.holder,
            statement.subject,
            statement.digest,
            statement.serial,
        ],
    }
    if statement.expires is not None:
        claims[_CLAIM_EXPIRES] = statement.expires
    _read_claims(claims)
    return cbor2.dumps(claims, canonical=True)


def _read_claims(claims: object) -> Statement:
    required = {_CLAIM_SUBJECT, _CLAIM_ISSUED, _CLAIM_PERMIT}
    if not isinstance(claims, dict) or not required <= claims.keys() <= required | {_CLAIM_EXPIRES}:
        raise StatementError("not the claims of a permit")
    permit = claims[_CLAIM_PERMIT]
    if not isinstance(permit, list) or len(permit) != 5:  # noqa: PLR2004  # the five parts of the permit claim
        raise StatementError("not the claims of a permit")
    pack, holder, subject, digest, serial = permit
    if type(digest) is not bytes or len(digest) != DIGEST_BYTES:
        raise StatementError(f"the digest must be {DIGEST_BYTES} bytes")
    expires = claims.get(_CLAIM_EXPIRES)
    issued = _integer(claims[_CLAIM_ISSUED], "date of issue", _TIME_LIMIT)
    if _CLAIM_EXPIRES in claims and _integer(expires, "end", _TIME_LIMIT) <= issued:
        raise StatementError("the end must come after the date of issue")
    return Statement(
        number=_text(claims[_CLAIM_SUBJECT], "number"),
        issued=issued,
        expires=expires,
        pack=_text(pack, "pack"),
        holder=_text(holder, "holder"),
        subject=_text(subject, "subject"),
        digest=digest,
        serial=_integer(serial, "serial", _SERIAL_LIMIT),
    )


def _text(value: object, name: str) -> str:
    if type(value) is not str:
        raise StatementError(f"the {name} must be text")
    if not unicodedata.is_normalized("NFC", value) or any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise StatementError(f"the {name} must be NFC text without control characters")
    return value


def _integer(value: object, name: str, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise StatementError(f"the {name} must be a whole number from 0 to {limit - 1}")
    return value


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)


def _loads(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except Exception as error:
        # cbor2 promises CBORDecodeError, but hostile bytes reach other builtins (recursion, dates, big floats).
        raise StatementError("not CBOR") from error
