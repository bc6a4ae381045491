"""Watches a transparency log: whether it goes on from what was seen last time, and what was added.

One step is pure: what was seen, the log's files and a moment in, findings out. A log that contradicts itself is an
alarm, and what was seen stays as it is, so that it is one again next time. An entry that should not be there is an
alarm too, but it is there for good: it is told once and the watch goes on behind it.

What is remembered grows with the log, eight characters a permit: the serial of every permit that was issued, so that
a second one is noticed without reading the whole log again.
"""

import base64
import dataclasses
import datetime
import enum
import json
from collections.abc import Generator, Iterator
from typing import Final, Self

from registry.formats import note
from registry.formats.errors import DocumentError
from registry.formats.logentry import Event, LogEntry, LogEntryError, decode
from registry.formats.merkle import leaf_hash
from registry.formats.note import NoteVerifier
from verifier.logreader import ContradictionError, LogReader, LogTree, SignedCheckpoint

TOLERANCE: Final = datetime.timedelta(minutes=10)
"""By how much the times of recording may go back from one entry to the next, or stand ahead of our clock."""

_FORMAT: Final = "absah-monitor-1"
_NAMES: Final = frozenset({"format", "key", "checkpoint", "recorded", "issued"})
_SERIAL_BYTES: Final = 6  # the format's serials are below 2**48


class MonitorStateError(DocumentError):
    """The bytes are not what a monitor remembers."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a monitor remembers of a log whose key is `verifier`; None as `signed`: nothing was seen yet.

    `recorded` is the latest time of recording so far, in seconds since the epoch; `issued` the serials of the permits
    issued so far.
    """

    verifier: NoteVerifier
    signed: SignedCheckpoint | None = None
    recorded: int = 0
    issued: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """How many entries were seen."""
        return 0 if self.signed is None else self.signed.checkpoint.size

    def encode(self) -> bytes:
        """The bytes of a state file (JSON). Raises `ValueError` where nothing was seen yet."""
        if self.signed is None:
            raise ValueError("nothing was seen yet")
        issued = b"".join(serial.to_bytes(_SERIAL_BYTES, "big") for serial in sorted(self.issued))
        value = {
            "format": _FORMAT,
            "key": self.verifier.text,
            "checkpoint": self.signed.note.decode(),
            "recorded": self.recorded,
            "issued": base64.b64encode(issued).decode(),
        }
        return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a state file. Raises `MonitorStateError` for what `encode` does not write.

        Its checkpoint must be signed by its key, like any other: a state that was damaged is no state.
        """
        try:
            value = json.loads(data)
            if not isinstance(value, dict) or value.keys() != _NAMES or value["format"] != _FORMAT:
                raise MonitorStateError(f"must hold {', '.join(sorted(_NAMES))}, format being {_FORMAT}")
            verifier = NoteVerifier.parse(value["key"])
            issued = base64.b64decode(value["issued"], validate=True)
            if type(value["recorded"]) is not int or len(issued) % _SERIAL_BYTES:
                raise MonitorStateError("recorded or issued is not what it should be")
            return cls(
                verifier=verifier,
                signed=SignedCheckpoint.open(value["checkpoint"].encode(), verifier),
                recorded=value["recorded"],
                issued=frozenset(
                    int.from_bytes(issued[start : start + _SERIAL_BYTES], "big")
                    for start in range(0, len(issued), _SERIAL_BYTES)
                ),
            )
        except (ValueError, TypeError, AttributeError, RecursionError, DocumentError) as error:
            raise MonitorStateError(f"not the state of a monitor: {error}") from error


class AlarmCode(enum.StrEnum):
    """What an alarm is about."""

    CHECKPOINT = "checkpoint"
    """What the log shows as its checkpoint is none, or its key has not signed it."""
    ROLLED_BACK = "rolled_back"
    SPLIT_VIEW = "split_view"
    INCONSISTENT = "inconsistent"
    FILES = "files"
    """The log's files do not hold what its checkpoint says."""
    ENTRY = "entry"
    """An entry is none that this program knows."""
    ISSUED_TWICE = "issued_twice"
    STALE = "stale"
    """Nothing shows that the checkpoint is as young as was asked for."""


class WarningCode(enum.StrEnum):
    """What a warning is about."""

    BACK_IN_TIME = "back_in_time"
    AHEAD_OF_TIME = "ahead_of_time"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """An entry that was not there before."""

    index: int
    entry: LogEntry


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that must not be. `evidence` are the notes that the log signed and that show it."""

    code: AlarmCode
    old_size: int
    new_size: int | None
    evidence: tuple[bytes, ...]
    index: int | None = None
    serial: int | None = None
    detail: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that may be an honest slip; `recorded` is in seconds since the epoch."""

    code: WarningCode
    index: int
    recorded: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Consistent:
    """The last finding when the log goes on from what was seen: `seen` is to be remembered from now on.

    `cosigned` names the known witnesses on the checkpoint and the moments (seconds since the epoch) of their seeing.
    """

    seen: Seen
    added: int
    cosigned: tuple[tuple[str, int], ...]


Finding = Added | Alarm | Warned | Consistent


class Monitor:
    """Looks at one log again and again.

    `witnesses` are keys of kind cosignature; they need not have signed, but their word counts as the checkpoint's
    age. `max_age`: an alarm unless entry or cosignature show that the checkpoint is no older (None: any age is well).
    """

    def __init__(
        self,
        *,
        reader: LogReader,
        witnesses: tuple[NoteVerifier, ...] = (),
        max_age: datetime.timedelta | None = None,
        tolerance: datetime.timedelta = TOLERANCE,
    ) -> None:
        self._reader = reader
        self._witnesses = witnesses
        self._max_age = max_age
        self._tolerance = int(tolerance.total_seconds())

    def step(self, seen: Seen, *, now: datetime.datetime) -> Iterator[Finding]:
        """What there is to say about the log as it is now, compared with what was seen.

        Ends with `Consistent`, or with the alarm that leaves no ground to go on from. Raises `UnavailableError` when
        the log cannot be read to the end; what was said until then stands.
        """
        try:
            new = self._reader.latest()
            cosigned = self._cosigned(new)
        except DocumentError as error:
            yield Alarm(
                code=AlarmCode.CHECKPOINT,
                old_size=seen.size,
                new_size=None,
                evidence=_notes(seen.signed),
                detail=str(error),
            )
            return
        try:
            tree = self._reader.follow(seen.signed, new)
            seen_now = yield from self._added(seen, new, tree, int(now.timestamp()))
        except ContradictionError as error:
            yield _alarm(AlarmCode(error.kind.value), seen, new)
            return
        except DocumentError as error:
            yield _alarm(AlarmCode.FILES, seen, new, detail=str(error))
            return
        if self._max_age is not None:
            newest = max([seen_now.recorded, *(moment for _, moment in cosigned)])
            if now.timestamp() - newest > self._max_age.total_seconds():
                yield _alarm(AlarmCode.STALE, seen, new)
        yield Consistent(seen=seen_now, added=seen_now.size - seen.size, cosigned=cosigned)

    def _cosigned(self, new: SignedCheckpoint) -> tuple[tuple[str, int], ...]:
        if not self._witnesses:
            return ()
        # The log's key has signed it, so the note opens; a known witness's wrong signature is the log's fault.
        opened = note.open_note(new.note, self._witnesses, require=(self._reader.verifier,))
        found = ((witness.name, opened.signature_by(witness)) for witness in self._witnesses)
        return tuple((name, each.timestamp) for name, each in found if each is not None and each.timestamp is not None)

    def _added(self, seen: Seen, new: SignedCheckpoint, tree: LogTree, now: int) -> Generator[Finding, None, Seen]:
        recorded, issued = seen.recorded, set(seen.issued)
        for index, data in enumerate(tree.entries(seen.size, new.checkpoint.size), start=seen.size):
            try:
                entry = decode(data)
            except LogEntryError as error:
                detail = f"leaf hash {leaf_hash(data).hex()}: {error}"
                yield dataclasses.replace(_alarm(AlarmCode.ENTRY, seen, new, detail=detail), index=index)
                continue
            yield Added(index=index, entry=entry)
            if entry.recorded < recorded - self._tolerance:
                yield Warned(code=WarningCode.BACK_IN_TIME, index=index, recorded=entry.recorded)
            if entry.recorded > now + self._tolerance:
                yield Warned(code=WarningCode.AHEAD_OF_TIME, index=index, recorded=entry.recorded)
            # A time ahead of the clock is no measure for those that follow.
            recorded = max(recorded, min(entry.recorded, now))
            if entry.event is not Event.ISSUE:
                continue
            if entry.serial is None:
                alarm = _alarm(AlarmCode.ENTRY, seen, new, detail="it issues a permit without a serial")
                yield dataclasses.replace(alarm, index=index)
                continue
            if entry.serial in issued:
                alarm = _alarm(AlarmCode.ISSUED_TWICE, seen, new)
                yield dataclasses.replace(alarm, index=index, serial=entry.serial)
            issued.add(entry.serial)
        return dataclasses.replace(seen, signed=new, recorded=recorded, issued=frozenset(issued))


def _alarm(code: AlarmCode, seen: Seen, new: SignedCheckpoint, detail: str = "") -> Alarm:
    return Alarm(
        code=code,
        old_size=seen.size,
        new_size=new.checkpoint.size,
        evidence=(*_notes(seen.signed), new.note),
        detail=detail,
    )


def _notes(signed: SignedCheckpoint | None) -> tuple[bytes, ...]:
    return () if signed is None else (signed.note,)
