"""A witness of a transparency log: cosigns what goes on from everything it cosigned before (C2SP tlog-cosignature v1).

Its cosignature says: of this log, at this moment, the largest tree that I have seen has this size and root. So the
same key never cosigns two checkpoints that contradict each other, nor a smaller one after a larger one. What it has
seen is durable before the cosignature is given out (C2SP tlog-witness, "add-checkpoint"): a crash in between costs a
cosignature, which the same checkpoint gets again, and nothing else.

One key has one memory. A witness whose memory is lost or set back must not go on with its key.
"""

import dataclasses
import datetime
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol, Self

from registry.formats import note
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.note import NoteKind, NoteSigner, NoteVerifier
from verifier.logreader import LogReader, SignedCheckpoint

_FORMAT: Final = "absah-witness-1"
_NAMES: Final = frozenset({"format", "key", "checkpoint", "cosigned"})


class WitnessStateError(UnavailableError):
    """What the witness remembers is missing, damaged or of another log: it must not sign."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The last checkpoint that a witness cosigned of the log whose key is `verifier`, and when (whole seconds)."""

    verifier: NoteVerifier
    signed: SignedCheckpoint
    at: int

    def encode(self) -> bytes:
        """The bytes of a state file (JSON)."""
        value = {
            "format": _FORMAT,
            "key": self.verifier.text,
            "checkpoint": self.signed.note.decode(),
            "cosigned": self.at,
        }
        return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a state file. Raises `WitnessStateError` for what `encode` does not write."""
        try:
            value = json.loads(data)
            if not isinstance(value, dict) or value.keys() != _NAMES or value["format"] != _FORMAT:
                raise WitnessStateError(f"must hold {', '.join(sorted(_NAMES))}, format being {_FORMAT}")
            if type(value["cosigned"]) is not int:
                raise WitnessStateError("cosigned must be a whole number of seconds")
            verifier = NoteVerifier.parse(value["key"])
            signed = SignedCheckpoint.open(value["checkpoint"].encode(), verifier)
            return cls(verifier=verifier, signed=signed, at=value["cosigned"])
        except (ValueError, TypeError, AttributeError, RecursionError, DocumentError, WitnessStateError) as error:
            raise WitnessStateError(f"not the state of a witness: {error}") from error


class Memory(Protocol):
    """Where a witness keeps its state, one for each log; nobody else may change it while `locked` holds."""

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else reads or writes this witness's memory until the end of the block."""

    def read(self, origin: str) -> bytes | None:
        """The state of a log, None where there is none. Raises `UnavailableError`."""

    def write(self, origin: str, data: bytes) -> None:
        """Keep the state of a log; it survives a power cut when this returns. Raises `UnavailableError`."""


class Witness:
    """Cosigns the checkpoints of any log whose key it is given.

    `clock` is asked once, inside the lock, so that a later cosignature never states an earlier moment.
    """

    def __init__(self, *, signer: NoteSigner, memory: Memory, clock: Callable[[], datetime.datetime]) -> None:
        self._signer = signer
        self._memory = memory
        self._clock = clock
        self.verifier = NoteVerifier.of(signer, NoteKind.COSIGNATURE)

    def cosign(self, reader: LogReader, *, first: bool) -> "Cosignature":
        """The log's present checkpoint with this witness's cosignature added.

        `first` must say whether this witness has never cosigned this log, so that a memory that was lost does not
        pass for one that is new. Raises `ContradictionError` and other `DocumentError` when the log must not be
        cosigned, `WitnessStateError` when the witness must not sign, and `UnavailableError`.
        """
        log = reader.verifier
        if log.public_key == self._signer.public_key:
            raise WitnessStateError("a log cannot witness itself: this is the log's own key")
        with self._memory.locked():
            before = self._remembered(log, first=first)
            new = reader.latest()
            reader.follow(None if before is None else before.signed, new)
            now = self._clock()
            if before is not None and int(now.timestamp()) < before.at:
                raise WitnessStateError("the last cosignature stands later than this machine's clock: set the clock")
            self._memory.write(log.name, Cosigned(verifier=log, signed=new, at=int(now.timestamp())).encode())
            line = note.cosign(new.note, self._signer, now=now)
        return Cosignature(
            signed=new,
            cosigned=note.add_signature(new.note, line, verifier=self.verifier),
            grown=new.checkpoint.size - (0 if before is None else before.signed.checkpoint.size),
        )

    def _remembered(self, log: NoteVerifier, *, first: bool) -> Cosigned | None:
        data = self._memory.read(log.name)
        if data is None:
            if first:
                return None
            raise WitnessStateError(
                f"this witness remembers nothing of {log.name}. If it has never cosigned this log, say --first; "
                "if it has, its memory is lost: bring it back whole, or make a new key"
            )
        before = Cosigned.decode(data)
        if before.verifier != log:
            raise WitnessStateError(f"this witness knows {log.name} by another key, {before.verifier.text}")
        return before


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A checkpoint that was cosigned: `cosigned` is its note with the witness's line, `grown` by how many entries."""

    signed: SignedCheckpoint
    cosigned: bytes
    grown: int
