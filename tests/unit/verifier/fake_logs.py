"""A transparency log in a folder, made of the pure formats, and everything that its keeper could do wrong."""

import datetime
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.notes import Ed25519NoteSigner
from registry.formats import merkle, note, tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.logentry import Event, LogEntry, encode
from registry.formats.note import NoteKind, NoteVerifier
from registry.formats.tlogproof import Proof
from verifier.logreader import LogReader
from verifier.logsources import FolderSource

ORIGIN = "izin.example.go.id/log"
NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
START = int(NOW.timestamp()) - 100_000


def entry(index, *, event=Event.ISSUE, serial=None, recorded=None, file=b"") -> bytes:
    """The entry that stands at `index`, unless told otherwise an issue of a permit of its own, a second apart."""
    digest = hashlib.sha256(b"%d" % index).digest()
    return encode(
        LogEntry(
            event=event,
            serial=1000 + index if serial is None else serial,
            statement_sha256=digest,
            file_sha256=hashlib.sha256(file).digest() if file else digest,
            effective=START + index,
            recorded=START + index if recorded is None else recorded,
            record_sha256=digest,
        )
    )


class FakeLog:
    """Entries, and files in `folder`; `fork` gives the same log a second face."""

    def __init__(self, folder: Path, *, name=ORIGIN, key=None) -> None:
        self.folder = folder
        self.key = key or Ed25519PrivateKey.generate()
        self.signer = Ed25519NoteSigner(name=name, private_key=self.key)
        self.verifier = NoteVerifier.of(self.signer)
        self.entries: list[bytes] = []
        self._hashes: dict[tuple[int, int], bytes] = {}
        self._frontier = merkle.Frontier.empty()

    def grow(self, *entries: bytes) -> "FakeLog":
        """Append and publish."""
        before = len(self.entries)
        self.entries += entries
        leaves = map(merkle.leaf_hash, entries)
        self._frontier = merkle.grow(
            self._frontier, leaves, lambda level, index, value: self._hashes.update({(level, index): value})
        )
        for bundle in tiles.new_bundles(before, len(self.entries)):
            first = bundle.index * tiles.TILE_WIDTH
            self.put(bundle.path, tiles.encode_entries(self.entries[first : first + bundle.width]))
        for tile in tiles.new_tiles(before, len(self.entries)):
            self.put(tile.path, tiles.tile_data(tile, self.read))
        self.put("checkpoint", self.checkpoint())
        return self

    def count(self, number: int) -> "FakeLog":
        """Append `number` ordinary entries and publish."""
        return self.grow(*(entry(index) for index in range(len(self.entries), len(self.entries) + number)))

    def fork(self, folder: Path, size: int) -> "FakeLog":
        """Another log under the same key that begins with the first `size` entries of this one."""
        return FakeLog(folder, key=self.key, name=self.signer.name).grow(*self.entries[:size])

    def read(self, level: int, index: int) -> bytes:
        return self._hashes[level, index]

    def checkpoint(self) -> bytes:
        return note.sign(
            Checkpoint(origin=self.signer.name, size=len(self.entries), root=self._frontier.root()).encode(),
            self.signer,
        )

    def proof(self, index: int, *, checkpoint=None) -> bytes:
        return Proof(
            index=index,
            hashes=merkle.inclusion_proof(index, len(self.entries), self.read),
            checkpoint=checkpoint or self.checkpoint(),
            extra=self.entries[index],
        ).encode()

    def put(self, path: str, data: bytes) -> None:
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(data)

    def get(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()

    def reader(self) -> LogReader:
        return LogReader(source=FolderSource(self.folder), verifier=self.verifier)


def witness_signer(name="saksi.example.go.id/inspektorat"):
    signer = Ed25519NoteSigner(name=name, private_key=Ed25519PrivateKey.generate())
    return signer, NoteVerifier.of(signer, NoteKind.COSIGNATURE)


def cosigned(checkpoint: bytes, signer, *, now=NOW) -> bytes:
    verifier = NoteVerifier.of(signer, NoteKind.COSIGNATURE)
    return note.add_signature(checkpoint, note.cosign(checkpoint, signer, now=now), verifier=verifier)
