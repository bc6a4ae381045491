"""Judges a ``.tlog-proof`` offline: which entry stands in which log, and who vouches for that."""

import dataclasses
from typing import Self

from registry.formats import note
from registry.formats.checkpoint import Checkpoint
from registry.formats.logentry import LogEntry, decode
from registry.formats.merkle import ProofError
from registry.formats.note import NoteError, NoteKind, NoteVerifier
from registry.formats.tlogproof import Proof


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An entry that a log has signed to hold at `index`, and the required witnesses with their moments (seconds)."""

    entry: LogEntry
    index: int
    checkpoint: Checkpoint
    cosigned: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, data: bytes, *, verifier: NoteVerifier, witnesses: tuple[NoteVerifier, ...] = ()) -> Self:
        """What a proof file shows to someone who trusts the log's key and wants each of these witnesses on it.

        Raises `DocumentError` (`ProofError`, `NoteError`, `LogEntryError`) for a file that does not show it.
        """
        proof = Proof.decode(data)
        if proof.extra is None:
            raise ProofError("the proof does not hold the entry itself, in its line “extra”")
        checkpoint = proof.verify(proof.extra, verifier=verifier)
        opened = note.open_note(proof.checkpoint, (), require=(verifier, *witnesses))
        cosigned = ((witness.name, opened.signature_by(witness)) for witness in witnesses)
        return cls(
            entry=decode(proof.extra),
            index=proof.index,
            checkpoint=checkpoint,
            cosigned=tuple((name, each.timestamp or 0) for name, each in cosigned if each is not None),
        )


def check_keys(log: NoteVerifier, witnesses: tuple[NoteVerifier, ...]) -> None:
    """Raise `NoteError` unless the log's key can sign checkpoints and every witness is another party than all others.

    A cosignature does not bind its signer's name, so one key under two names would count as two witnesses.
    """
    if log.kind is not NoteKind.ED25519:
        raise NoteError(f"the key of {log.name} is that of a witness; the log's own key is needed here")
    for witness in witnesses:
        if witness.kind is not NoteKind.COSIGNATURE:
            raise NoteError(f"the key of {witness.name} is not that of a witness: make one with --make-key")
    if len({log.public_key, *(witness.public_key for witness in witnesses)}) != 1 + len(witnesses):
        raise NoteError("one key is given for two parties: log and witnesses must each have a key of their own")
