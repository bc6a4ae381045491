"""Wires the rooms that make and sign permits, for a development home."""

import dataclasses
import datetime
import importlib.resources
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cli.home import CONFIGURATION, ConfigurationError, Home
from cli.publishing import Publisher, log_key, publisher_of
from cli.verifying import reader_of, verifier_of
from desk.intake import Intake
from keys.development import DevelopmentPki
from registry import mandates
from registry.database import Database
from registry.formats.record import MandateMode, MandateRecord, PermitRecord
from registry.formats.verdict import Verdict
from registry.records import OneRecord, RegistryReader
from signing.issuance import Issuance
from templates import packs
from templates.fonts import Fonts
from templates.office import OfficeProfile
from templates.renderer import Renderer
from verifier.reader import Reader

DEVELOPMENT_HOST: Final = "izin.example.go.id"

# Invented: no such person, number or decree exists.
_PERSON: Final = "Dr. Contoh Sari Melati, S.E., M.Si."
_EMPLOYEE_NUMBER: Final = "197501012000012999"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The issuing side of one development home, ready to work."""

    office: OfficeProfile
    intake: Intake
    issuance: Issuance
    publisher: Publisher
    records: RegistryReader
    reader: Reader


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
    office = OfficeProfile.read(home.office_file)
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


@contextmanager
def intake(home: Home) -> Iterator[Intake]:
    """What takes decisions in; needs no key, so it works in a production home too."""
    office = OfficeProfile.read(home.office_file)
    database = home.database()
    try:
        yield _intake(home, database, office)
    finally:
        database.close()


def _intake(home: Home, database: Database, office: OfficeProfile) -> Intake:
    return Intake(
        database=database,
        office=office.id,
        zone=office.time_zone,
        pack=packs.pack,
        max_bytes=home.settings.limits.decision_kib * 1024,
    )


@contextmanager
def workshop(home: Home) -> Iterator[Workshop]:
    """Everything that issues and publishes permits, wired to one home; closed when the block ends."""
    office = OfficeProfile.read(home.office_file)
    zone = ZoneInfo(office.zone)
    pki = DevelopmentPki.load(home.keys)
    database, documents = home.database(), home.documents()
    records = RegistryReader(database=database, documents=documents)
    reader = reader_of(home)

    def check(data: bytes, *, expected: PermitRecord, now: datetime.datetime) -> Verdict:
        world = OneRecord(expected, signers=records.signers())
        trust = pki.trust(now)
        verifier = verifier_of(home, trust=trust, registry=world, reader=reader, zone=zone, always_read_codes=True)
        return verifier.verify(data, now=now)

    try:
        with reader:
            yield Workshop(
                office=office,
                intake=_intake(home, database, office),
                issuance=Issuance(
                    database=database,
                    documents=documents,
                    office=office,
                    host=home.settings.host,
                    pack=packs.named,
                    renderer=Renderer(typeface=Fonts.find()),
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
