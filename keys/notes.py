"""Keys that sign notes: Ed25519 (RFC 8032) with the name under which a log or a witness is known (C2SP signed-note).

A key file holds one line that names the key and the private key as PKCS#8 PEM (RFC 7468, whose readers pass over the
line before it). Whoever can read the file can sign in that name: it is made for its owner alone and read only as long
as that is so.
"""

import os
import stat
import tempfile
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from keys.trust import KeysError

MAX_NAME_BYTES: Final = 255
MAX_FILE_BYTES: Final = 4096

_TITLE: Final = "note-key: "
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class NoteKeyError(KeysError):
    """The note key's name or file is not what it should be, is missing, or stands in the way of a new one."""


class Ed25519NoteSigner:
    """A note key held in this process; signs for a log (its checkpoints) or for a witness (its cosignatures).

    Raises `NoteKeyError` for a name that no note can carry.
    """

    def __init__(self, *, name: str, private_key: Ed25519PrivateKey) -> None:
        _check_name(name)
        self._private_key = private_key
        self.name = name
        self.public_key = private_key.public_key().public_bytes_raw()

    @classmethod
    def create(cls, path: Path, *, name: str) -> Self:
        """A new key, kept in a new file (0600) that is there whole or not at all.

        Raises `NoteKeyError` where a file stands already: a key that was lost cannot be made again.
        """
        signer = cls(name=name, private_key=Ed25519PrivateKey.generate())
        try:
            _write_new(path, signer._pem())
        except FileExistsError as error:
            raise NoteKeyError(f"{path} exists, and keys are never overwritten: choose another name") from error
        except OSError as error:
            raise NoteKeyError(f"cannot write {path}: {error.strerror}") from error
        return signer

    @classmethod
    def load(cls, path: Path) -> Self:
        """The key of a file that `create` made. Raises `NoteKeyError` for any other, and where others may read it."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise NoteKeyError(f"cannot read the note key {path}: {error.strerror}") from error
        if mode & _OTHERS:
            raise NoteKeyError(f"{path} is open to others than its owner: “chmod 600 {path}”, or make a new key")
        title, _, pem = data.partition(b"\n")
        try:
            private_key = load_pem_private_key(pem, None)
            name = title.decode("utf-8").removeprefix(_TITLE)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise NoteKeyError(f"{path} is no note key: {error}") from error
        if not isinstance(private_key, Ed25519PrivateKey):
            raise NoteKeyError(f"{path} is no note key: only Ed25519 keys sign notes")
        signer = cls(name=name, private_key=private_key)
        if signer._pem() != data:
            raise NoteKeyError(f"{path} is no note key as this program writes it: a line “{_TITLE}NAME”, then the key")
        return signer

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, 64 bytes."""
        return self._private_key.sign(data)

    def __repr__(self) -> str:
        return f"Ed25519NoteSigner({self.name})"

    def _pem(self) -> bytes:
        pem = self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return f"{_TITLE}{self.name}\n".encode() + pem


def _write_new(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all; raises `FileExistsError` where something stands there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename it never replaces what is there
    finally:
        Path(temporary).unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise NoteKeyError("a note key's name must not be empty and have neither spaces nor plus signs")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise NoteKeyError(f"a note key's name has at most {MAX_NAME_BYTES} bytes")
