"""Makes a development home, and wires what takes decisions in. The rooms that draw and sign are `cli.workshop`'s."""

import dataclasses
import datetime
import importlib.resources
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cli import schemas
from cli.home import CONFIGURATION, ConfigurationError, Home
from cli.publishing import log_key
from desk.intake import Intake
from keys.development import DevelopmentPki
from registry import mandates
from registry.database import Database
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.office import OfficeProfile

DEVELOPMENT_HOST: Final = "izin.example.go.id"

# Invented: no such person, number or decree exists.
_PERSON: Final = "Dr. Contoh Sari Melati, S.E., M.Si."
_EMPLOYEE_NUMBER: Final = "197501012000012999"


def sample_office() -> bytes:
    """The office profile that a new home begins with."""
    return importlib.resources.files("templates").joinpath("offices", "kampar.toml").read_bytes()


def development_home(root: Path, *, now: datetime.datetime) -> Home:
    """The development home at `root`, made on the spot if there is none.

    Raises `ConfigurationError` for a home of production: this wiring signs with a made-up authority.
    """
    if (root / CONFIGURATION).exists():
        home = Home.open(root)
        if home.settings.mode != "development":
            raise ConfigurationError(f"{root} is a production home; the development keys refuse to sign there")
    else:
        home = Home.create(root, mode="development", office=sample_office(), host=DEVELOPMENT_HOST)
    _equip(home, now)
    return home


def _equip(home: Home, now: datetime.datetime) -> None:
    """PKI, mandate and trust anchors of a development home; each is made only if it is missing."""
    office = office_of(home)
    if not any(home.keys.iterdir()):
        if home.trust.is_dir():
            # New keys would sign a second log under the name of the first, and nobody would believe the old permits.
            raise ConfigurationError(f"{home.keys} is empty, but this home has published its keys: copy them back")
        DevelopmentPki.make(home.keys, now=now, person=_PERSON, office=office.short_name)
    pki = DevelopmentPki.load(home.keys)
    today = now.astimezone(ZoneInfo(office.zone)).date()
    key = pki.signing_key()
    database = home.database()
    try:
        with database.write() as tx:
            if not mandates.any_ever(tx, office=office.id):
                mandates.appoint(tx, office=office.id, mandate=_sample_mandate(office, today), now=now)
            mandates.register_signer(
                tx, employee_number=_EMPLOYEE_NUMBER, certificate=key.certificate, issuers=key.issuers, now=now
            )
    finally:
        database.close()
    dataclasses.replace(pki.trust(now), log_key=log_key(home, pki)).write(home.trust)
    schemas.publish(home)


def _sample_mandate(office: OfficeProfile, today: datetime.date) -> MandateRecord:
    title = " ".join(office.head_title)
    return MandateRecord(
        person=_PERSON,
        rank="Pembina Utama Muda (IV/c)",
        employee_number=_EMPLOYEE_NUMBER,
        mode=MandateMode.DEFINITIVE,
        office_title=title,
        own_title=title,
        decree_number="821.2/CONTOH/001",
        decree_date=today,
        scope=(),
        valid_from=today,
        valid_until=None,
    )


def office_of(home: Home) -> OfficeProfile:
    """The home's office. Raises `UnavailableError`, also where it would number two permit types alike."""
    office = OfficeProfile.read(home.office_file)
    packs.check_numbers(office)
    return office


@contextmanager
def intake(home: Home) -> Iterator[Intake]:
    """What takes decisions in; needs no key, so it works in a production home too."""
    office = office_of(home)
    database = home.database()
    try:
        yield intake_of(home, database, office)
    finally:
        database.close()


def intake_of(home: Home, database: Database, office: OfficeProfile) -> Intake:
    """The same over a database that is open already."""
    return Intake(
        database=database,
        office=office,
        pack=packs.pack,
        max_bytes=home.settings.limits.decision_kib * 1024,
    )
