"""The transparency log's entries: what was recorded about which permit, with no personal data.

Deterministic CBOR (RFC 8949 4.2.1) of a map with integer keys, so that one event has one hash: 1 version, 2 event,
3 serial, 4 SHA-256 of the statement, 5 SHA-256 of the file, 6 effective, 7 recorded (both in whole seconds since the
epoch), 8 SHA-256 of the record. 3, 4 and 5 are absent where the event has none; 8 is absent in version 1.

The record (`registry.ledger`) is every row that the event wrote, with 16 random bytes of salt: whoever has it can
show that the entry meant it, whoever has the entry alone learns nothing from it.
"""

import dataclasses
import enum
from typing import Final

import cbor2

from registry.formats.errors import DocumentError

VERSION: Final = 2
MAX_BYTES: Final = 512
_HASH_BYTES: Final = 32
_TIME_LIMIT: Final = 2**40
_SERIAL_LIMIT: Final = 2**48
_FIRST_VERSION: Final = 1


class LogEntryError(DocumentError):
    """The bytes are no log entry in its one spelling."""


class Event(enum.StrEnum):
    """What an entry records."""

    ISSUE = "issue"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"
    ANNUL = "annul"
    SUPERSEDE = "supersede"
    CORRECT = "correct"
    MANDATE = "mandate"
    MANDATE_END = "mandate_end"
    SIGNER = "signer"
    NUMBER = "number"
    HANDOVER = "handover"
    DESTROY = "destroy"
    ADOPT = "adopt"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry; hashes are 32 bytes, times seconds since the epoch. `record_sha256` is None in version 1 alone."""

    event: Event
    serial: int | None
    statement_sha256: bytes | None
    file_sha256: bytes | None
    effective: int
    recorded: int
    record_sha256: bytes | None

    @property
    def version(self) -> int:
        """1 for an entry that binds no record, else 2."""
        return _FIRST_VERSION if self.record_sha256 is None else VERSION


def encode(entry: LogEntry) -> bytes:
    """The bytes whose RFC 6962 leaf hash goes into the log. Raises `LogEntryError` for values outside the format."""
    data = _encode(entry)
    if decode(data) != entry:
        raise LogEntryError("the entry does not read back as it was written")
    return data


def decode(data: bytes) -> LogEntry:
    """Read an entry. Raises `LogEntryError` for every byte string that `encode` could not have made."""
    if len(data) > MAX_BYTES:
        raise LogEntryError(f"a log entry has at most {MAX_BYTES} bytes")
    try:
        value = cbor2.loads(data)
    except Exception as error:
        # cbor2 promises CBORDecodeError, but hostile bytes reach other builtins (recursion, dates, big floats).
        raise LogEntryError("not CBOR") from error
    if not isinstance(value, dict) or not {1, 2, 6, 7} <= value.keys() <= set(range(1, 9)):
        raise LogEntryError("not a log entry")
    try:
        event = Event(value[2])
    except ValueError as error:
        raise LogEntryError("not an event") from error
    entry = LogEntry(
        event=event,
        serial=_integer(value[3], _SERIAL_LIMIT) if 3 in value else None,  # noqa: PLR2004  # the format's keys
        statement_sha256=_hash(value.get(4)),
        file_sha256=_hash(value.get(5)),
        effective=_integer(value[6], _TIME_LIMIT),
        recorded=_integer(value[7], _TIME_LIMIT),
        record_sha256=_hash(value.get(8)),
    )
    if _encode(entry) != data:
        raise LogEntryError("not in deterministic encoding")
    return entry


def _encode(entry: LogEntry) -> bytes:
    values = {
        1: entry.version,
        2: entry.event.value,
        3: entry.serial,
        4: entry.statement_sha256,
        5: entry.file_sha256,
        6: entry.effective,
        7: entry.recorded,
        8: entry.record_sha256,
    }
    return cbor2.dumps({key: value for key, value in values.items() if value is not None}, canonical=True)


def _hash(value: object) -> bytes | None:
    if value is not None and (type(value) is not bytes or len(value) != _HASH_BYTES):
        raise LogEntryError(f"a hash has {_HASH_BYTES} bytes")
    return value


def _integer(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise LogEntryError(f"a number must be whole, from 0 to {limit - 1}")
    return value
