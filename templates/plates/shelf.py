"""Where plates are kept, and what belongs to them: under a key that says what they are of, by their SHA-256."""

import collections
import hashlib
from typing import Final, Protocol

from registry.formats import canonical
from registry.formats.errors import UnavailableError

KINDS: Final = ("typeface", "subset", "measure", "plate")


class Shelf(Protocol):
    """Keeps bytes; the first writer under a key wins, and what stands there stays."""

    def find(self, key: bytes) -> bytes | None:
        """The SHA-256 of what stands under this key (32 bytes)."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError` where they are missing or damaged."""

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        """Keep `data` unless something stands under this key; the SHA-256 of what stands there now.

        `kind` is one of `KINDS`; `pack` and `fingerprint` say what it is of, and what made it.
        """


class MemoryShelf:
    """A shelf for as long as the process lives."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes] = {}
        self._bytes: dict[bytes, bytes] = {}
        self.kept: collections.Counter[str] = collections.Counter()
        self.size: collections.Counter[str] = collections.Counter()

    def find(self, key: bytes) -> bytes | None:
        """See `Shelf.find`."""
        return self._keys.get(key)

    def get(self, sha256: bytes) -> bytes:
        """See `Shelf.get`."""
        if sha256 not in self._bytes:
            raise UnavailableError(f"nothing with the SHA-256 {sha256.hex()} is kept")
        return self._bytes[sha256]

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        """See `Shelf.keep`."""
        del pack, fingerprint
        sha256 = hashlib.sha256(data).digest()
        if self._keys.setdefault(key, sha256) == sha256 and sha256 not in self._bytes:
            self._bytes[sha256] = data
            self.kept[kind] += 1
            self.size[kind] += len(data)
        return self._keys[key]


def key(**parts: object) -> bytes:
    """The key under which what these parts (JSON-able) say is kept."""
    return canonical.sha256(canonical.dump(parts))
