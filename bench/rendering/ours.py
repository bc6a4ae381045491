"""What is measured, and the shelf that its plates stand on meanwhile."""

import collections
import hashlib
import pathlib

from bench.rendering.permits import CREATED, HOST, Document
from registry.formats.errors import UnavailableError
from templates import packs
from templates.renderer import Rendered, Renderer


class FolderShelf:
    """A shelf in a folder, so that a second process finds what the first has kept. Counts what it is given."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.kept: collections.Counter[str] = collections.Counter()
        self.size: collections.Counter[str] = collections.Counter()

    def find(self, key: bytes) -> bytes | None:
        """See `templates.plates.shelf.Shelf.find`."""
        try:
            return (self._folder / f"{key.hex()}.key").read_bytes()
        except FileNotFoundError:
            return None

    def get(self, sha256: bytes) -> bytes:
        """See `templates.plates.shelf.Shelf.get`."""
        data = (self._folder / sha256.hex()).read_bytes()
        if hashlib.sha256(data).digest() != sha256:
            raise UnavailableError(f"{sha256.hex()} is damaged")
        return data

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        """See `templates.plates.shelf.Shelf.keep`. Nobody else writes here."""
        del pack, fingerprint
        if (found := self.find(key)) is not None:
            return found
        sha256 = hashlib.sha256(data).digest()
        (self._folder / sha256.hex()).write_bytes(data)
        (self._folder / f"{key.hex()}.key").write_bytes(sha256)
        self.kept[kind] += 1
        self.size[kind] += len(data)
        return sha256


class Ours:
    """Our renderer, kept from one document to the next."""

    name = "ours"
    attaches = True

    def __init__(self, pack: packs.Pack, folder: pathlib.Path) -> None:
        """`folder` is to hold the plates."""
        self.shelf = FolderShelf(folder)
        self._renderer = Renderer(shelf=self.shelf)
        self._pack = pack

    def render(self, document: Document) -> Rendered:
        """The document."""
        return self._renderer.render(
            self._pack,
            shape=document.shape,
            fields=document.fields,
            host=HOST,
            link=document.link,
            number=document.number,
            attachment=document.attachment,
            created=CREATED,
        )

    def signature(self, document: Document) -> tuple[bytes, tuple[int, ...]]:
        """What names the document's plate, for this pack."""
        found = self._renderer.signature(
            self._pack, shape=document.shape, fields=document.fields, host=HOST, number=document.number
        )
        return found.digest, found.lines

    def pdf(self, document: Document) -> bytes:
        """The document as PDF."""
        return self.render(document).pdf
