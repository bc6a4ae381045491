"""What many tests stand on: a development home in which every sample was issued, by the real parts."""

import dataclasses
import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from cli import demo, verifying
from cli.home import Home
from cli.issuing import development_home
from cli.workshop import Workshop, workshop
from registry.database import Database
from registry.formats.record import PermitRecord
from registry.instruments import Instrument
from registry.records import RegistryReader
from verifier.verify import Verifier

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """An issued sample: its record, its bytes, the link in its QR code."""

    instrument: Instrument
    record: PermitRecord
    data: bytes
    link: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A development home with its rooms wired, and the three samples issued at `NOW`."""

    home: Home
    shop: Workshop
    verifier: Verifier
    registry: RegistryReader
    database: Database
    zone: ZoneInfo
    permits: tuple[Permit, ...]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = development_home(tmp_path_factory.mktemp("office") / "home", now=NOW)
    home.permits.mkdir()
    with workshop(home) as shop:
        kept = demo.register(shop, now=NOW, say=lambda _: None)
        issued = demo.issue(shop, kept, clock=lambda: NOW, say=lambda _: None)
        zone = shop.office.time_zone
        permits = []
        for instrument in issued:
            _, record, data = demo.export(home, shop, instrument)
            permits.append(Permit(instrument=instrument, record=record, data=data, link=next(demo.links(data))))
        database = home.database()
        yield Office(
            home=home,
            shop=shop,
            verifier=verifying.verifier_of(
                home, trust=verifying.trust_of(home), registry=shop.records, reader=shop.reader, zone=zone
            ),
            registry=shop.records,
            database=database,
            zone=zone,
            permits=tuple(permits),
        )
        database.close()
