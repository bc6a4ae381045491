"""The preview: a decision's page as it will be printed, before there is a number, a code or a signature.

The same page through the same renderer; only the mark DRAF, the words that say so, and an empty frame in the code's
place tell it from the final. It has no link, no attachment and the number 0, which is never given.
"""

import contextlib
import dataclasses
import datetime
import io
import itertools
from collections.abc import Callable
from typing import Final

import pypdfium2

from desk.intake import Approved
from registry import mandates
from registry.database import Database
from registry.formats import canonical
from registry.formats.errors import UnavailableError
from signing import printing
from templates.office import OfficeProfile
from templates.packs import Pack
from templates.page import DRAFT
from templates.plates.shelf import MemoryShelf, Shelf
from templates.renderer import Renderer

_POINTS_PER_INCH: Final = 72


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One drawn preview: the PDF, and how many pages it has."""

    pdf: bytes
    pages: int

    def png(self, *, page: int, dpi: int) -> bytes:
        """One page (from 1) as PNG. Raises `IndexError` for a page that there is none of."""
        document = pypdfium2.PdfDocument(self.pdf)
        try:
            if not 1 <= page <= len(document):
                raise IndexError(f"no page {page}")
            out = io.BytesIO()
            document[page - 1].render(scale=dpi / _POINTS_PER_INCH).to_pil().save(out, "PNG", optimize=True)
            return out.getvalue()
        finally:
            document.close()


class DraftShelf:
    """The office's shelf of plates, as far as it can be used; what it cannot keep or give is made anew, in memory.

    A draft must be drawn also where nothing may be recorded, and where the file store does not answer. No document
    names a draft's plate.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf: Shelf | None = shelf
        self._own = MemoryShelf()

    def find(self, key: bytes) -> bytes | None:
        """See `Shelf.find`: only what can be read, too."""
        found = self._own.find(key)
        if found is None and self._shelf is not None:
            try:
                found = self._shelf.find(key)
                if found is not None:
                    self._own.keep(key, self._shelf.get(found), kind="", pack="", fingerprint="")
            except UnavailableError:
                # Asked no more: each question might take as long as the first to remain without an answer.
                self._shelf, found = None, None
        return found

    def get(self, sha256: bytes) -> bytes:
        """See `Shelf.get`."""
        try:
            return self._own.get(sha256)
        except UnavailableError:
            if self._shelf is None:
                raise
            return self._shelf.get(sha256)

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        """See `Shelf.keep`."""
        if self._shelf is not None:
            with contextlib.suppress(UnavailableError):
                return self._shelf.keep(key, data, kind=kind, pack=pack, fingerprint=fingerprint)
        return self._own.keep(key, data, kind=kind, pack=pack, fingerprint=fingerprint)


class Preview:
    """Draws previews of one office; draws again only what has changed."""

    def __init__(
        self,
        *,
        database: Database,
        office: OfficeProfile,
        host: str,
        pack: Callable[[str], Pack],
        renderer: Renderer,
        kept: int = 16,
    ) -> None:
        """`pack` gives a pack by name and version; `kept`: how many drawn previews are remembered."""
        self._database = database
        self._office = office
        self._host = host
        self._pack = pack
        self._renderer = renderer
        self._kept = kept
        self._drawn: dict[bytes, Draft] = {}

    def draw(self, approved: Approved, *, now: datetime.datetime) -> Draft:
        """The preview of a decision as it would be issued now.

        Raises `MandateError` if no one may sign today, and what `Renderer.render` raises.
        """
        today = now.astimezone(self._office.time_zone).date()
        with self._database.read() as tx:
            _, mandate = mandates.on_day(tx, office=self._office.id, day=today, pack=approved.pack)
        pack, public = self._pack(approved.pack), approved.decision.public
        page = printing.draft(
            public,
            pack=pack,
            office=self._office,
            host=self._host,
            mandate=mandate,
            day=today,
            valid_until=pack.valid_until(public, today),
            mark=DRAFT,
        )
        key = canonical.sha256(canonical.dump([pack.name, page["shape"], page["fields"]]))
        if key not in self._drawn:
            rendered = self._renderer.render(
                pack,
                **page,
                link=None,
                attachment=None,
                # The day alone: a preview that says the same is the same.
                created=datetime.datetime.combine(today, datetime.time(), self._office.time_zone),
            )
            self._drawn = dict(itertools.islice(self._drawn.items(), max(0, len(self._drawn) - self._kept + 1), None))
            self._drawn[key] = Draft(pdf=rendered.pdf, pages=rendered.pages)
        return self._drawn[key]
