"""What a code, link or row of digits shows: read, never fetched, and held against the office's statement keys.

Lenient about the wrapping that people and programs add (spaces around, letter case of scheme and host, a
query), strict about the digits: they have one spelling, and it is the digits that are signed.
"""

import dataclasses
import datetime
import enum
import re
import unicodedata
import urllib.parse
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keys.trust import StatementKey, Trust
from registry.formats.statement import (
    MAX_DIGITS,
    VERSION,
    ForgedStatementError,
    SignedStatement,
    StatementError,
    from_digits,
    parse,
)

MAX_TEXT_LENGTH: Final = 4096
# A signature and the fixed parts of a statement alone take more; shorter numbers were never meant as one.
_LIKELY_TOKEN_BYTES: Final = 100
_HOST_LENGTH: Final = 100  # as much of a foreign host as is shown
_HOST_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.:-")

_ASCII_SPACE: Final = " \t\r\n"
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_PATH = re.compile(r"/v/([0-9]+)/?", re.ASCII)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class Problem(enum.StrEnum):
    """Why a text is not a statement that the office's key signed. Values are reason codes."""

    NOT_A_STATEMENT = "not_a_statement"
    FOREIGN_HOST = "foreign_host"
    MALFORMED = "statement_malformed"
    UNKNOWN_KEY = "unknown_key"
    KEY_NOT_VALID = "key_not_valid"
    SIGNATURE_WRONG = "statement_signature_wrong"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One text as read. `signed` is there as soon as it parses; it counts only where `problem` is None.

    `host` is the foreign host. `key` is the key that signed, known and not to be counted on before its
    revocation was looked at (`StatementKey.revoked_at`).
    """

    problem: Problem | None
    signed: SignedStatement | None = None
    host: str | None = None
    key: StatementKey | None = None

    @property
    def verified(self) -> bool:
        """Whether a key of the office signed this."""
        return self.problem is None


def read_text(text: str, *, host: str, trust: Trust, zone: ZoneInfo) -> Shown:
    """What `text` (a link to `host`, or the digits alone) shows. Total: every text is something."""
    text = text.strip(_ASCII_SPACE)
    if len(text) > MAX_TEXT_LENGTH:
        return Shown(problem=Problem.NOT_A_STATEMENT)
    if _DIGITS.fullmatch(text):
        return read_digits(text, trust=trust, zone=zone)
    try:
        url = urllib.parse.urlsplit(text)
        asked = _host_of(url)
    except ValueError:
        asked = None
    if asked is None:
        return Shown(problem=Problem.NOT_A_STATEMENT)
    if asked != host.lower():
        return Shown(problem=Problem.FOREIGN_HOST, host=_printable(asked))
    path = _PATH.fullmatch(url.path)
    if not path or "@" in url.netloc:
        return Shown(problem=Problem.NOT_A_STATEMENT)
    return read_digits(path[1], trust=trust, zone=zone)


def _host_of(url: urllib.parse.SplitResult) -> str | None:
    """The host a browser would ask, with its port where it matters; None for anything but a web address.

    Letters of other scripts make a host (RFC 5890); control codes, spaces and other signs do not.
    """
    host = url.hostname
    if url.scheme not in _DEFAULT_PORTS or not host or not all(map(_belongs_in_host, host)):
        return None
    if ":" in host:
        host = f"[{host}]"
    return host if url.port in (None, _DEFAULT_PORTS[url.scheme]) else f"{host}:{url.port}"


def _belongs_in_host(character: str) -> bool:
    if character.isascii():
        return character in _HOST_CHARACTERS
    return unicodedata.category(character)[0] in "LMN"


def read_digits(digits: str, *, trust: Trust, zone: ZoneInfo) -> Shown:
    """What ASCII digits show."""
    try:
        token = from_digits(digits)
    except StatementError:
        # Leading zeros or too many digits: another spelling of a statement is no statement.
        significant = digits.lstrip("0")[:MAX_DIGITS]
        return Shown(problem=_unparsable(from_digits(significant) if significant else b""))
    return read_token(token, trust=trust, zone=zone)


def read_token(token: bytes, *, trust: Trust, zone: ZoneInfo) -> Shown:
    """What a token shows."""
    try:
        signed = parse(token)
    except StatementError:
        return Shown(problem=_unparsable(token))
    key = trust.statement_key(signed.kid)
    if key is None:
        return Shown(problem=Problem.UNKNOWN_KEY, signed=signed)
    try:
        signed.verify(Ed25519PublicKey.from_public_bytes(key.public_key))
    except ForgedStatementError:
        return Shown(problem=Problem.SIGNATURE_WRONG, signed=signed)
    if not _within(key, signed, zone):
        return Shown(problem=Problem.KEY_NOT_VALID, signed=signed)
    return Shown(problem=None, signed=signed, key=key)


def _unparsable(token: bytes) -> Problem:
    meant_as_one = token.startswith(VERSION) and len(token) >= _LIKELY_TOKEN_BYTES
    return Problem.MALFORMED if meant_as_one else Problem.NOT_A_STATEMENT


def _within(key: StatementKey, signed: SignedStatement, zone: ZoneInfo) -> bool:
    """Whether the statement's date of issue lies in the key's days.

    Days, not instants: a statement is dated 00:00, and a key made at ten signs for that day at eleven.
    """
    try:
        day = signed.statement.date_of_issue(zone)
    except (ValueError, OverflowError, OSError):  # a second beyond the year 9999
        return False
    return _day(key.not_before, zone) <= day and (key.not_after is None or day <= _day(key.not_after, zone))


def _day(moment: datetime.datetime, zone: ZoneInfo) -> datetime.date:
    return moment.astimezone(zone).date()


def _printable(host: str) -> str:
    """The host in visible ASCII: letters that only look Latin show for what they are, and nothing steers a terminal."""
    shown = (
        character if "!" <= character <= "~" else character.encode("unicode_escape").decode("ascii")
        for character in host
    )
    return "".join(shown)[:_HOST_LENGTH]
