"""One suite for both databases: what a test here says of the registry holds on SQLite and on PostgreSQL."""

import dataclasses
import datetime
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from cli.temporary import TemporaryServer, postgresql
from keys.notes import Ed25519NoteSigner
from registry import decisions, instruments, lifecycle, mandates, numbers, schema
from registry.database import Database, Location, insert
from registry.documents import DocumentStore
from registry.formats import canonical
from registry.formats.logentry import Event
from registry.formats.record import Kind, MandateMode, MandateRecord, PublicField
from registry.instruments import Frozen, Instrument
from registry.publication import LogPublisher

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
ZONE = ZoneInfo("Asia/Jakarta")
DAY = NOW.astimezone(ZONE).date()
OFFICE = "kampar"
EMPLOYEE = "198001012005011001"
PLATE = b"\xa1 a plate"  # what every page of the counter is filled from


# Tables of one rule in many cases: all on SQLite each time, on PostgreSQL in the long run.
LONG = ("test_tampering_is_found_and_named[postgresql", "test_killed_at_any_step_it_loses_nothing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name.startswith(LONG[0]) or (item.name.startswith(LONG[1]) and "[postgresql" in item.name):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def server() -> Iterator[TemporaryServer]:
    # Where PostgreSQL is missing this fails, with the remedy: half of a contract is no contract.
    with postgresql() as running:
        yield running


@pytest.fixture(scope="session")
def filled_server(server: TemporaryServer) -> str:
    """The name of a database on the server that holds an empty registry, to be copied."""
    location = server.database()
    Database.create(location).close()
    return str(location.database)


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds an empty registry, to be copied."""
    path = tmp_path_factory.mktemp("template") / "absah.db"
    Database.create(path).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def nowhere(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Location]:
    """Where a registry could be made: no file yet, or an empty database."""
    if kind == "sqlite":
        yield tmp_path / "absah.db"
        return
    server = request.getfixturevalue("server")
    made = server.database()
    yield made
    server.drop(made)


@pytest.fixture
def location(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Location]:
    """An empty registry's place."""
    if kind == "sqlite":
        yield Path(shutil.copy(request.getfixturevalue("filled_file"), tmp_path / "copied.db"))
        return
    server = request.getfixturevalue("server")
    made = server.database(template=request.getfixturevalue("filled_server"))
    yield made
    server.drop(made)


@pytest.fixture
def database(location: Location) -> Iterator[Database]:
    opened = Database.open(location)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def certificate() -> bytes:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoh Kepala")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - datetime.timedelta(days=400))
        .not_valid_after(NOW + datetime.timedelta(days=400))
        .sign(key, None)
    )
    return built.public_bytes(serialization.Encoding.DER)


def _mandate(start: str, end: str | None = None, *, scope: tuple[str, ...] = (), **other: str) -> MandateRecord:
    return MandateRecord(
        person=other.get("person", "Contoh Kepala"),
        rank="Pembina Tingkat I",
        employee_number=other.get("employee_number", EMPLOYEE),
        mode=MandateMode(other.get("mode", "definitive")),
        office_title="KEPALA DINAS",
        own_title="KEPALA DINAS",
        decree_number=other.get("decree_number", "SK-1"),
        decree_date=datetime.date(2026, 1, 1),
        scope=scope,
        valid_from=datetime.date.fromisoformat(start),
        valid_until=None if end is None else datetime.date.fromisoformat(end),
    )


@pytest.fixture
def a_mandate() -> Callable[..., MandateRecord]:
    """Makes a mandate from a first day and perhaps a last one; whatever a test does not care about is filled in."""
    return _mandate


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """An office that freezes and issues permits through the registry itself; their pages do not matter here."""

    database: Database
    certificate: bytes
    mandate: int
    keep: Callable[[bytes], bytes] = canonical.sha256
    plate: bytes | None = PLATE  # None: pages of before there were plates

    def frozen(
        self,
        reference: str,
        *,
        now: datetime.datetime = NOW,
        holder: str = "PT Contoh Jaya",
        pack: str = "genset/v1",
        mandate: int | None = None,
        kind: Kind = Kind.PERMIT,
    ) -> Instrument:
        """A permit, or another document, that waits for its signature."""
        day = now.astimezone(ZONE).date()
        with self.database.write() as tx:
            decision = decisions.record(
                tx,
                office=OFFICE,
                source="desk",
                reference=reference,
                pack=pack,
                snapshot={"public": {"holder": holder}, "private": {"salt": "00"}},
                objects=(f"thing-{reference}",),
                received_on=day,
                supersedes=None,
                now=now,
            )
            number = numbers.allot(tx, series=pack.partition("/")[0], year=day.year, now=now)
            instrument = instruments.freeze(
                tx,
                office=OFFICE,
                decision=decision.id,
                number_row=number.row,
                serial=instruments.draw_serial(tx),
                frozen=Frozen(
                    pack=pack,
                    number=f"503/{number.n}/{pack}/{day.year}",
                    date_of_issue=day,
                    valid_until=None,
                    mandate=self.mandate if mandate is None else mandate,
                    statement=reference.encode(),
                    public_view=(PublicField(id="holder", label={"id": "Nama"}, value={"id": holder}),),
                    shape={"rows": 1, "room": 2.5},
                    holder=holder,
                    kind=kind,
                ),
                thawed=None,
                now=now,
            )
            layout = {"qr": {"page": 1.0, "left_mm": 12.3, "top_mm": 240.0, "size_mm": 33.0}}
            page = self.keep(f"%PDF- {reference}".encode())
            if self.plate is None:
                row = {"instrument": instrument.id, "kind": "unsigned", "revision": 1, "sha256": page}
                insert(tx, schema.documents, **row, layout=layout, recorded_at=now)
            else:
                plate = self.keep(self.plate)
                instruments.record_unsigned(
                    tx, instrument, file_sha256=page, layout=layout, plate=plate, fill_version=1, now=now
                )
        return instrument

    def issue(self, instrument: Instrument, *, now: datetime.datetime = NOW) -> None:
        """Issue a permit that was frozen."""
        with self.database.write() as tx:
            parent = instruments.unsigned(tx, instrument)
            assert parent is not None
            signer = mandates.signer_id(tx, employee_number=EMPLOYEE, certificate=self.certificate)
            instruments.issue(
                tx,
                instrument,
                parent=parent,
                file_sha256=self.keep(b"%PDF- signed " + instrument.statement),
                signing_profile="certified-p1",
                signer_certificate=signer,
                validation_data=(("crl", self.keep(b"a list")), ("certificate", self.keep(b"a certificate"))),
                now=now,
            )

    def issued(
        self,
        reference: str,
        *,
        now: datetime.datetime = NOW,
        holder: str = "PT Contoh Jaya",
        pack: str = "genset/v1",
        kind: Kind = Kind.PERMIT,
    ) -> Instrument:
        """A permit, or another document, that was issued."""
        instrument = self.frozen(reference, now=now, holder=holder, pack=pack, kind=kind)
        self.issue(instrument, now=now)
        return instrument

    def count(self, table: sa.Table) -> int:
        """How many rows a table has."""
        with self.database.read() as tx:
            return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@pytest.fixture
def counter(database: Database, certificate: bytes) -> Counter:
    with database.write() as tx:
        mandate = mandates.appoint(tx, office=OFFICE, mandate=_mandate("2026-01-01"), now=NOW)
        mandates.register_signer(tx, employee_number=EMPLOYEE, certificate=certificate, issuers=(), now=NOW)
    return Counter(database, certificate, mandate)


@pytest.fixture
def unused() -> Iterator[int]:
    """Numbers that no example of this test has used: examples share one registry, and nothing is ever deleted in it."""
    return itertools.count(1)


@pytest.fixture
def ordered() -> Callable[..., lifecycle.Order]:
    """Makes an order of a change; whatever a test does not care about is filled in."""

    def make(change: Event, effective: datetime.datetime = NOW, **other: object) -> lifecycle.Order:
        values: dict[str, object] = {
            "reason": "ditemukan pelanggaran",
            "legal_ground": "Pasal 12",
            "decree_number": "SK-9",
            "decree_date": DAY,
            "actor": "petugas",
            **other,
        }
        if change is Event.CORRECT and "slip" not in values:
            values["slip"] = lifecycle.Slip(field="Nama", printed="Contho", correct="Contoh")
        return lifecycle.Order(change=change, effective=effective, **values)  # type: ignore[arg-type]

    return make


@dataclasses.dataclass(frozen=True, slots=True)
class Published:
    """An office whose log is published: its counter keeps files, and every part can be reached."""

    counter: Counter
    database: Database
    documents: DocumentStore
    folder: Path
    signer: Ed25519NoteSigner
    publisher: LogPublisher
    location: Location

    def tamper(self, *statements: str | sa.Executable, guards: bool = True) -> None:
        """Change rows as someone with a shell on the database would: guards off first, and on again unless told."""
        sqlite = self.database.dialect == "sqlite"
        url = f"sqlite:///{self.location}" if sqlite else self.location
        engine = sa.create_engine(url)  # without our pragmas: nothing checks what this one writes
        with engine.begin() as tx:
            guarding: list[tuple[str, str]] = []
            if sqlite:
                query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
                guarding = [(name, text) for name, text in tx.execute(sa.text(query))]
            else:
                tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for name, _ in guarding:
                tx.execute(sa.text(f"DROP TRIGGER {name}"))
            for statement in statements:
                tx.execute(sa.text(statement) if isinstance(statement, str) else statement)
            for _, text in guarding if guards else ():
                tx.execute(sa.text(text))
        engine.dispose()


@pytest.fixture
def published(
    counter: Counter, database: Database, location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Published:
    # A killed process loses nothing that it wrote, synchronised or not; power cuts are not what is tested here.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    (tmp_path / "documents").mkdir()
    documents = DocumentStore.local(tmp_path / "documents")
    signer = Ed25519NoteSigner(name="izin.example.go.id/log", private_key=Ed25519PrivateKey.generate())
    folder = tmp_path / "public" / "log"
    return Published(
        counter=dataclasses.replace(counter, keep=documents.put),
        database=database,
        documents=documents,
        folder=folder,
        signer=signer,
        publisher=LogPublisher(database=database, documents=documents, folder=folder, signer=signer),
        location=location,
    )
