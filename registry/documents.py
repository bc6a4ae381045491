"""The file store: bytes by their SHA-256, written once, checked at every read."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from registry.formats.errors import UnavailableError

_MODE: Final = 0o440


class DocumentStore:
    """Files under one folder as `ab/cdef…` by their SHA-256.

    An intruder there gains nothing: a read whose bytes do not have the asked hash is an error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: bytes) -> Path:
        """Where the bytes with this hash stand, if they do."""
        name = sha256.hex()
        return self._folder / name[:2] / name[2:]

    def put(self, data: bytes) -> bytes:
        """Keep `data` and return its SHA-256.

        When this returns the bytes survive a power cut: the file and both folders have reached the disk. A crash
        before leaves at most a file whose name starts with a dot, which nothing reads. The same bytes again are
        written again only if the file there is damaged.
        """
        sha256 = hashlib.sha256(data).digest()
        target = self.path(sha256)
        with contextlib.suppress(UnavailableError):
            self.get(sha256)
            return sha256
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), _MODE)
                os.fsync(file.fileno())
            Path(file.name).replace(target)
            for folder in (target.parent, self._folder):
                _sync_folder(folder)
        except OSError as error:
            raise UnavailableError(f"the file store refuses to keep a document: {error}") from error
        return sha256

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError` if they are missing or damaged."""
        try:
            data = self.path(sha256).read_bytes()
        except OSError as error:
            raise UnavailableError(f"the file store does not hold {sha256.hex()}: {error.strerror}") from error
        if hashlib.sha256(data).digest() != sha256:
            raise UnavailableError(f"the file store's copy of {sha256.hex()} is damaged")
        return data


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
