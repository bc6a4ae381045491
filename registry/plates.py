"""The shelf of plates: what pages are filled from, in the file store, and under which key it is found.

A plate is made once and used by every process of the office, on every machine: whoever records a key first decides what
stands under it for good, and all others take that. So a page looks the same whoever fills it, and an upgrade of a
library changes nothing that is on the shelf already.

Bytes reach the file store before the row that names them. Whoever comes second, or is killed between the two, leaves
bytes that no row names. They stay: a process that is about to name them cannot be told from none, they are small, and
hold nobody's data. `fsck` asks for what rows name and looks for nothing else; a replay passes them over.

No entry of the log records a plate. What binds one is each page that was filled from it, whose row names its SHA-256
and stands in the record of its issue. Its bytes are read by that hash, with or without a row here.
"""

import datetime
import hashlib
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.database import Database, insert
from registry.documents import Copy, DocumentStore
from registry.formats.errors import UnavailableError

KINDS: Final = frozenset({"typeface", "subset", "measure", "plate"})
_KEY_BYTES: Final = 32


class Plates:
    """The shelf over database and file store. It keeps nothing in memory; whoever fills pages does.

    Every method raises `UnavailableError` where database or file store cannot be asked or refuse.
    """

    def __init__(self, *, database: Database, documents: DocumentStore, clock: Callable[[], datetime.datetime]) -> None:
        self._database = database
        self._documents = documents
        self._clock = clock

    def find(self, key: bytes) -> bytes | None:
        """The SHA-256 that is recorded under a key of 32 bytes; None if nothing is. Waits for no writer."""
        with self._database.read() as tx:
            return _recorded(tx, key)

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256, recorded under a key or not, checked against it.

        Raises `MissingError` or `DamagedError`, both of them `UnavailableError`.
        """
        return self._documents.get(sha256)

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        """Record `data` under a key of 32 bytes and return the SHA-256 of what stands under it now, whole.

        That is another's if another was first. The same bytes again mend a copy that the file store has lost or
        damaged; other bytes never take its place: then `UnavailableError` is raised, and a backup is the remedy.
        `kind` is one of `KINDS`, `pack` may be empty, `fingerprint` tells in hex which libraries made the bytes.
        Raises `ReadOnlyError` for a new key on a restored registry whose log was not replayed. Whoever calls this holds
        no writing transaction: it has one of its own.
        """
        if len(key) != _KEY_BYTES:
            raise ValueError(f"the key of a plate has {_KEY_BYTES} bytes, not {len(key)}")
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of what a shelf keeps")
        sha256 = hashlib.sha256(data).digest()
        held = self.find(key)
        if held is None:
            self._documents.put(data)
            held = self._record(key, sha256, kind=kind, pack=pack, fingerprint=fingerprint)
        elif held == sha256:
            self._documents.put(data)
        if held != sha256 and (copy := self._documents.check(held)) is not Copy.WHOLE:
            raise UnavailableError(
                f"the file store's copy of {held.hex()} is {copy.value}, and what was made for its key {key.hex()} now"
                " is not the same: restore that copy from a backup"
            )
        return held

    def _record(self, key: bytes, sha256: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        with self._database.write() as tx:
            held = _recorded(tx, key)  # a writer is alone: nobody records it between this and the commit
            if held is not None:
                return held
            insert(
                tx,
                schema.plates,
                key=key,
                kind=kind,
                pack=pack,
                sha256=sha256,
                fingerprint=fingerprint,
                recorded_at=self._clock(),
            )
        return sha256


def _recorded(tx: sa.Connection, key: bytes) -> bytes | None:
    table = schema.plates.c
    found = tx.execute(sa.select(table.sha256).where(table.key == key)).scalar()
    return None if found is None else bytes(found)
