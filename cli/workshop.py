"""Wires the rooms that draw, make and sign permits, for one home.

Apart from `cli.issuing`, because loading WeasyPrint and pyHanko takes longer than many a command.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from cli.home import Home, utc_now
from cli.issuing import intake_of, office_of
from cli.publishing import Publisher, publisher_of
from cli.verifying import limits_of, reader_of, verifier_of
from desk.intake import Intake
from desk.preview import DraftShelf, Preview
from keys.development import DevelopmentPki
from registry.formats.errors import UnavailableError
from registry.formats.record import PermitRecord
from registry.formats.verdict import Verdict
from registry.plates import Plates
from registry.records import OneRecord, RegistryReader
from signing.issuance import Issuance
from signing.printing import SIMULATION
from signing.reprinting import Reprinter
from signing.usual import UsualPages
from templates import packs
from templates.limits import RenderLimits
from templates.office import OfficeProfile
from templates.plates.shelf import MemoryShelf, Shelf
from templates.plates.sidebyside import SideBySide, usable_processors
from templates.renderer import Renderer
from verifier.reader import Reader


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The issuing side of one development home, ready to work."""

    office: OfficeProfile
    intake: Intake
    issuance: Issuance
    publisher: Publisher
    records: RegistryReader
    reader: Reader


def _renderer(home: Home, shelf: Shelf) -> Renderer:
    return Renderer(shelf=shelf, allowed=_render_limits(home))


def _side_by_side(home: Home, renderer: Renderer) -> SideBySide:
    workers = home.settings.render.workers or usable_processors()
    return SideBySide(renderer=renderer, workers=workers, allowed=_render_limits(home))


def _render_limits(home: Home) -> RenderLimits:
    return limits_of(RenderLimits, home.settings.limits.render, "render")


@contextmanager
def previewing(home: Home) -> Iterator[tuple[Intake, Preview]]:
    """What examines a decision and draws its preview; needs no key, so it works in a production home too."""
    office = office_of(home)
    database = home.database()
    try:
        shelf: Shelf
        try:
            shelf = DraftShelf(Plates(database=database, documents=home.documents(), clock=utc_now))
        except UnavailableError:  # the keys of a bucket, which a draft needs for nothing else
            shelf = MemoryShelf()
        preview = Preview(
            database=database,
            office=office,
            host=home.settings.host,
            pack=packs.named,
            renderer=_renderer(home, shelf),
        )
        yield intake_of(home, database, office), preview
    finally:
        database.close()


@contextmanager
def reprinting(home: Home) -> Iterator[Reprinter]:
    """What makes issued documents once more; needs no key and writes nothing."""
    office = office_of(home)
    database, documents = home.database(), home.documents()
    try:
        yield Reprinter(
            database=database,
            documents=documents,
            office=office,
            host=home.settings.host,
            pack=packs.named,
            renderer=_renderer(home, Plates(database=database, documents=documents, clock=utc_now)),
        )
    finally:
        database.close()


@contextmanager
def usual_pages(home: Home) -> Iterator[UsualPages]:
    """What makes an office's usual pages; needs no key, so it works in a production home too."""
    office = office_of(home)
    database = home.database()
    try:
        renderer = _renderer(home, Plates(database=database, documents=home.documents(), clock=utc_now))
        yield UsualPages(
            database=database,
            office=office,
            host=home.settings.host,
            pack=packs.named,
            renderer=renderer,
            plates=_side_by_side(home, renderer),
            mark=SIMULATION if home.settings.mode == "development" else "",
        )
    finally:
        database.close()


@contextmanager
def workshop(home: Home) -> Iterator[Workshop]:
    """Everything that issues and publishes permits, wired to one home; closed when the block ends."""
    office = office_of(home)
    zone = ZoneInfo(office.zone)
    pki = DevelopmentPki.load(home.keys)
    database, documents = home.database(), home.documents()
    records = RegistryReader(database=database, documents=documents)
    reader = reader_of(home)
    # A page names its plate, so the plate must outlive this process.
    renderer = _renderer(home, Plates(database=database, documents=documents, clock=utc_now))

    def check(data: bytes, *, expected: PermitRecord, now: datetime.datetime) -> Verdict:
        world = OneRecord(expected, signers=records.signers())
        trust = pki.trust(now)
        verifier = verifier_of(home, trust=trust, registry=world, reader=reader, zone=zone, always_read_codes=True)
        return verifier.verify(data, now=now)

    try:
        with reader:
            yield Workshop(
                office=office,
                intake=intake_of(home, database, office),
                issuance=Issuance(
                    database=database,
                    documents=documents,
                    office=office,
                    host=home.settings.host,
                    pack=packs.named,
                    renderer=renderer,
                    plates=_side_by_side(home, renderer),
                    statement_signer=pki.statement_signer(),
                    signing_key=lambda mandate: pki.signing_key(mandate.person),
                    revocation_lists=pki.revocation_lists,
                    check=check,
                    simulation=True,
                ),
                publisher=publisher_of(home, database=database, pki=pki),
                records=records,
                reader=reader,
            )
    finally:
        database.close()
