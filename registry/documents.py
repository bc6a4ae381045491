"""The file store: bytes by their SHA-256, written once, checked at every read."""

import enum
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from registry.blobs import Blobs, DamagedError, LocalBlobs, MissingError, name_of, sha256_of


class Copy(enum.Enum):
    """What the file store holds in the place of a document."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"


class DocumentStore:
    """Documents by their SHA-256, on a local disk or in object storage (`registry.blobs.Blobs`).

    An intruder there gains nothing: a read whose bytes do not have the asked hash is an error. Every method raises
    `UnavailableError` when the store cannot be asked or refuses.
    """

    def __init__(self, *, blobs: Blobs) -> None:
        self._blobs = blobs

    @classmethod
    def local(cls, folder: Path) -> Self:
        """The file store in a folder that exists; it is asked for nothing yet."""
        return cls(blobs=LocalBlobs(folder))

    def put(self, data: bytes) -> bytes:
        """Keep `data` and return its SHA-256.

        When this returns the bytes survive a power cut. The same bytes again are written again only if the copy in
        the store is damaged.
        """
        sha256 = hashlib.sha256(data).digest()
        name = name_of(sha256)
        if not self._blobs.put(name, data) and self.check(sha256) is not Copy.WHOLE:
            self._blobs.put(name, data, replace=True)
        return sha256

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `MissingError` or `DamagedError`, both of them `UnavailableError`."""
        try:
            data = self._blobs.get(name_of(sha256))
        except MissingError as error:
            raise MissingError(f"the file store does not hold {sha256.hex()}: {error}") from error
        if hashlib.sha256(data).digest() != sha256:
            raise DamagedError(f"the file store's copy of {sha256.hex()} is damaged: restore it from a backup")
        return data

    def check(self, sha256: bytes) -> Copy:
        """Read the bytes with this SHA-256 and say what was found. A store that does not answer is an error."""
        try:
            self.get(sha256)
        except MissingError:
            return Copy.MISSING
        except DamagedError:
            return Copy.DAMAGED
        return Copy.WHOLE

    def delete(self, sha256: bytes) -> None:
        """Destroy the bytes with this SHA-256 for good; the same again changes nothing.

        For an approved destruction after retention and for nothing else: the record of it comes first, and the hash
        stays in the registry. Copies that the storage itself keeps (versions, snapshots, backups) are not reached.
        """
        self._blobs.delete(name_of(sha256))

    def digests(self) -> Iterator[bytes]:
        """The SHA-256 of every document in the store, whole or damaged, in no promised order.

        A walk over everything, to find what the registry does not know. Files that are none of ours are passed over;
        an error may come while it is walked. Storage that lies may leave some out: whether a document is there, only
        `get` and `check` tell.
        """
        for name in self._blobs.names():
            sha256 = sha256_of(name)
            if sha256 is not None:
                yield sha256
