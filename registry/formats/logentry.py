"""The transparency log's entries: what happened to which permit, with no personal data.

Deterministic CBOR (RFC 8949 4.2.1) of a map with integer keys, so that one event has one hash:
1 version, 2 event, 3 serial, 4 SHA-256 of the statement, 5 SHA-256 of the file, 6 effective, 7 recorded
(both in whole seconds since the epoch).
"""

import dataclasses
import enum
from typing import Final

import cbor2

VERSION: Final = 1


class Event(enum.StrEnum):
    """What an entry records."""

    ISSUE = "issue"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry; hashes are 32 bytes, times seconds since the epoch."""

    event: Event
    serial: int
    statement_sha256: bytes
    file_sha256: bytes
    effective: int
    recorded: int


def encode(entry: LogEntry) -> bytes:
    """The bytes whose RFC 6962 leaf hash goes into the log."""
    return cbor2.dumps(
        {
            1: VERSION,
            2: entry.event.value,
            3: entry.serial,
            4: entry.statement_sha256,
            5: entry.file_sha256,
            6: entry.effective,
            7: entry.recorded,
        },
        canonical=True,
    )
