"""Checkpoints: how many entries a log has and the root over them, signed by the log (C2SP tlog-checkpoint).

The text of a signed note in three lines: the log's origin, the size in decimal digits, the root in base64. A log that
signs two checkpoints of which neither begins the other has lied to someone; a consistency proof shows it has not.
"""

import base64
import dataclasses
import re
from typing import Final, Self

from registry.formats.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from registry.formats.note import NoteError, NoteVerifier, open_note

MAX_ORIGIN_BYTES: Final = 255

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES: Final = 3


class CheckpointError(NoteError):
    """The text is no checkpoint, or not one of this log."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tree of `size` leaves with this `root` (32 bytes), as the log called `origin` states it.

    Raises `CheckpointError` for values outside the format. By itself it proves nothing: see `read`.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _check_origin(self.origin)
        if type(self.size) is not int or not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError(f"the size must be a whole number from 0 to {MAX_SIZE}")
        if type(self.root) is not bytes or len(self.root) != HASH_BYTES:
            raise CheckpointError(f"the root must be a hash of {HASH_BYTES} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("the root is not that of the empty tree")

    def encode(self) -> str:
        """The text to be signed, without extension lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a note's text. Extension lines, which nobody can audit, are passed over.

        Raises `CheckpointError` for every other text.
        """
        origin, *rest = text.split("\n")
        # Of the lines that split gives, the last is what follows the last newline.
        if len(rest) < _LINES or rest.pop() or not all(rest):
            raise CheckpointError("a checkpoint must be three or more lines, none empty")
        size, root = rest[0], rest[1]
        if not _SIZE.fullmatch(size):
            raise CheckpointError("the size must be decimal digits without leading zeros")
        try:
            checkpoint = cls(origin=origin, size=int(size), root=base64.b64decode(root, validate=True))
        except ValueError as error:
            raise CheckpointError("the root must be base64") from error
        if not text.startswith(checkpoint.encode()):
            raise CheckpointError("the root is not in the one spelling of base64")
        return checkpoint


def read(note: bytes, verifier: NoteVerifier) -> Checkpoint:
    """The checkpoint in a note that the log's key has signed. The log's origin must be the key's name.

    Raises `NoteError` when the key has not signed it, else `CheckpointError` when it is no checkpoint of this log.
    """
    checkpoint = Checkpoint.decode(open_note(note, (), require=(verifier,)).text)
    if checkpoint.origin != verifier.name:
        raise CheckpointError(f"the checkpoint is not of the log {verifier.name}")
    return checkpoint


def _check_origin(origin: str) -> None:
    if not origin or any(c < " " for c in origin):
        raise CheckpointError("the origin must not be empty and have no control characters")
    try:
        size = len(origin.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise CheckpointError("the origin holds half of a surrogate pair") from error
    if size > MAX_ORIGIN_BYTES:
        raise CheckpointError(f"the origin has at most {MAX_ORIGIN_BYTES} bytes")
