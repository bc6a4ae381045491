"""``.tlog-proof``: that an entry stands in a log, as one small file to be checked offline (C2SP tlog-proof).

A line ``c2sp.org/tlog-proof@v1``, optionally ``extra`` and base64, ``index`` and the entry's place counted from 0, the
inclusion proof with one hash in base64 a line from the leaf's sibling upward, a blank line, and the log's checkpoint
byte for byte as it was signed and cosigned. The entry itself is not in the file.
"""

import base64
import dataclasses
import re
from typing import Final, Self

from registry.formats import checkpoint as checkpoints
from registry.formats import note
from registry.formats.merkle import HASH_BYTES, MAX_SIZE, ProofError, leaf_hash, verify_inclusion
from registry.formats.note import NoteVerifier

SUFFIX: Final = ".tlog-proof"
MAGIC: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63  # the longest path in a tree of 2**63 - 1 leaves
MAX_EXTRA_BYTES: Final = 16 * 1024
MAX_BYTES: Final = note.MAX_NOTE_BYTES + 32 * 1024

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_EXTRA_START: Final = "extra "


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An entry's `index`, the `hashes` (32 bytes each) of its inclusion proof and the log's checkpoint as a note.

    Nobody vouches for `extra`: it is in no signature. Raises `ProofError` for values outside the format, and
    `NoteError` when the checkpoint is none. Nothing is verified by its existence; call `verify`.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if type(self.index) is not int or not 0 <= self.index < MAX_SIZE:
            raise ProofError(f"the index must be a whole number from 0 to {MAX_SIZE - 1}")
        if type(self.hashes) is not tuple or len(self.hashes) > MAX_HASHES:
            raise ProofError(f"an inclusion proof has at most {MAX_HASHES} hashes")
        if any(type(value) is not bytes or len(value) != HASH_BYTES for value in self.hashes):
            raise ProofError(f"an inclusion proof is made of hashes of {HASH_BYTES} bytes")
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise ProofError(f"extra data has 1 to {MAX_EXTRA_BYTES} bytes, or is left out")
        checkpoints.Checkpoint.decode(note.parse(self.checkpoint).text)

    def encode(self) -> bytes:
        """The file's bytes."""
        lines = [MAGIC]
        if self.extra is not None:
            lines.append(f"{_EXTRA_START}{_encode64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [_encode64(value) for value in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a file. Raises `ProofError` or `NoteError` for every byte string that `encode` could not have made."""
        if len(data) > MAX_BYTES:
            raise ProofError(f"a proof has at most {MAX_BYTES} bytes")
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise ProofError("the lines before the checkpoint must be ASCII") from error
        if not blank or lines.pop(0) != MAGIC:
            raise ProofError(f"not a proof: it must start with the line {MAGIC} and hold a blank line")
        extra = None
        if lines and lines[0].startswith(_EXTRA_START):
            extra = _decode64(lines.pop(0).removeprefix(_EXTRA_START), "extra data")
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None:
            raise ProofError("the index must be decimal digits without leading zeros, on a line after the first")
        if len(lines) > MAX_HASHES:
            raise ProofError(f"an inclusion proof has at most {MAX_HASHES} hashes")
        return cls(
            index=int(index[1]),
            hashes=tuple(_decode64(line, "hash") for line in lines),
            checkpoint=checkpoint,
            extra=extra,
        )

    def verify(self, entry: bytes, *, verifier: NoteVerifier) -> checkpoints.Checkpoint:
        """The checkpoint, signed by the log whose key is `verifier`, of a tree that holds `entry` at `index`.

        Raises `NoteError` when the checkpoint is not the log's, `ProofError` when the entry is not shown to be in it.
        Cosignatures are not looked at: open `checkpoint` with the witnesses' keys.
        """
        checkpoint = checkpoints.read(self.checkpoint, verifier)
        verify_inclusion(
            leaf=leaf_hash(entry), index=self.index, size=checkpoint.size, proof=self.hashes, root=checkpoint.root
        )
        return checkpoint


def _encode64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode64(text: str, name: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ProofError(f"the {name} must be base64") from error
    if _encode64(data) != text:
        raise ProofError(f"the {name} is not in the one spelling of base64")
    return data
