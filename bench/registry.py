"""The registry at 10^4, 10^5 and 10^6 permits, on SQLite and on PostgreSQL, held against what was promised.

Lookups (by serial, by file hash, by number, status on a date) must be flat: at the largest size at most twice as long
as at the smallest. A search by a part of the holder's name must stay under 50 ms at the largest size; its peer in the
same run is `LIKE '%…%'` over the same names without an index. The build of a full status list must stay within a
bounded memory. A permit must be public (a checkpoint covers it) within 2 s of its issue at rest, and within 10 s in
a burst of 200. Appending with its proof, and `fsck` at the smallest size, are for information.

The permits are seeded in bulk; names, numbers and bytes are invented, and about as large as real ones. Their log is
real: tiles, checkpoints and every entry's proof are made by the publication itself. Everything measured goes through
the product's own functions. The sizes take turns, so that a slow moment of the machine meets all of them.

`ratios` are a limit, or the peer's time, divided by ours: above 1 is better than promised. The exit status is 1 where
a limit is broken; the peer sets none.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import functools
import hashlib
import itertools
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy as sa

from cli.home import Home
from cli.issuing import sample_office
from cli.publishing import Publisher, log_key, publisher_of
from cli.temporary import TemporaryServer, postgresql
from keys.development import DevelopmentPki
from registry import decisions, instruments, ledger, lifecycle, mandates, numbers, proofs, schema, search, statuslists
from registry.database import Database, follow_ids
from registry.documents import DocumentStore
from registry.formats import canonical, checkpoint, logentry, merkle, note
from registry.formats.logentry import Event, LogEntry
from registry.formats.record import MandateMode, MandateRecord, PublicField, Status, state_at
from registry.formats.statuslist import StatusList
from registry.fsck import Fsck
from registry.instruments import SLOTS_A_LIST, Frozen
from registry.records import RegistryReader

GROWTH = 2.0  # how much longer a lookup may take at the largest size than at the smallest
SEARCH_MS = 50.0
LIST_MIB = 32.0
REST_SECONDS = 2.0
LOAD_SECONDS = 10.0
BURST = 200
HOLDERS = 200_003
PEER = "search_against_like"  # no limit: where there are few names, to read them all is as fast
HITS = 51  # one more than is shown
LIKE_ROUNDS = 2

OFFICE = "kampar"
ZONE = ZoneInfo("Asia/Jakarta")
HOST = "izin.example.go.id"
EMPLOYEE = "198001012005011001"
PACK = "genset/v1"
CHUNK = 20_000
A_LIST = SLOTS_A_LIST * 2 // 3  # permits in a list that counts as full (registry.instruments.draw_serial)
SPACING = datetime.timedelta(minutes=5)  # between two permits: ten years for a million
SALT = bytes(ledger.SALT_BYTES)

FORMS = {"PT": 46, "CV": 34, "UD": 6, "Koperasi": 5, "Yayasan": 3, "PT. Bank": 1, "H.": 3, "Hj.": 2}
WORDS = (  # noqa: SIM905  # it would be a page of quotation marks
    "Jaya Makmur Sejahtera Abadi Maju Mandiri Karya Sentosa Mitra Utama Sumber Berkah Bersama Indah Putra Riau Kampar "
    "Nusantara Prima Cipta Agung Lestari Perkasa Persada Harapan Mulia Anugerah Surya Cahaya Bintang Tirta Bumi Graha "
    "Wahana Sawit Energi Tunggal Dharma Multi Global Inti Sarana Usaha Rezeki Barokah Gemilang Sinar Langgeng Niaga "
    "Pratama Adi Wira Buana Samudra Rimba Pelita Teknik Listrik Medika Pangan Tani Ternak Plastik Beton Baja Kencana "
    "Pusaka Melati Mawar Kenanga Cempaka Rajawali Garuda Merpati Elang Harimau Kijang Bangkinang Tapung Siak Hulu "
    "Kuok Salo Rumbio Gunung Sahilan Kiri Hilir Tambang Perhentian Raja Koto Petapahan Lipat Kain Contoh Teladan "
    "Serasi Selaras Setia Budi Daya Guna Arta Artha Citra Duta Eka Dwi Tri Catur Panca Sapta Nawa Dasa"
).split()
# As officers type them: common words and rare ones, alone and after the form, the middle of a word, what nobody has;
# and what asks most of an index, names of common words alone that few or none have in this order.
TYPED = (
    "jaya",
    "PT Jaya",
    "cv berkah",
    "makmur",
    "panca",
    "ahtera",
    "sejahtera abadi",
    "yayasan melati",
    "zzyzx",
    "abadi jaya makmur",
    "sejahtera jaya abadi makmur",
)

Row = tuple[object, ...]


class Clock:
    """Collects how long named steps take, in milliseconds."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, int], list[float]] = collections.defaultdict(list)

    @contextlib.contextmanager
    def step(self, name: str, size: int) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.spent[name, size].append((time.perf_counter() - started) * 1000)

    def median(self, name: str, size: int) -> float:
        return statistics.median(self.spent[name, size])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A home whose registry holds `size` seeded permits, numbered from 0 here."""

    size: int
    home: Home
    database: Database
    documents: DocumentStore
    reader: RegistryReader
    publisher: Publisher
    certificate: bytes
    begun: datetime.datetime
    seconds: float  # that the seeding took

    def issued_at(self, i: int) -> datetime.datetime:
        return self.begun + SPACING * (i + 1)

    def number(self, i: int) -> str:
        day = self.issued_at(i).date()
        return _number(i, day.year)


def main() -> int:
    """Parse the flags and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10^3 and 10^4 permits alone")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--build-list", metavar="URL", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.build_list:
        print(json.dumps(build_list(flags.build_list)))
        return 0
    sizes = (10**3, 10**4) if flags.quick else (10**4, 10**5, 10**6)
    say: Callable[[str], None] = (lambda _: None) if flags.json else (lambda text: print(text, flush=True))
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        ratios |= run("sqlite", pathlib.Path(folder), sizes, None, quick=flags.quick, say=say)
    with tempfile.TemporaryDirectory() as folder, postgresql(durable=True) as server:
        ratios |= run("postgresql", pathlib.Path(folder), sizes, server, quick=flags.quick, say=say)
    broken = {name: ratio for name, ratio in ratios.items() if ratio < 1 and not name.endswith(PEER)}
    for name, ratio in broken.items():
        say(f"BROKEN: {name}: {ratio:.2f} of what was promised")
    print(json.dumps({"bench": "registry", "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}}))
    return 1 if broken else 0


def run(
    kind: str,
    folder: pathlib.Path,
    sizes: tuple[int, ...],
    server: TemporaryServer | None,
    *,
    quick: bool,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Seed one kind of database in every size, measure, and return the ratios."""
    now = datetime.datetime.now(datetime.UTC)
    clock = Clock()
    with contextlib.ExitStack() as stack:
        offices = []
        for size in sizes:
            office = seeded(folder / str(size), size, server, now=now, whole=size == sizes[0] and not quick)
            stack.callback(office.database.close)
            offices.append(office)
            say(f"{kind}: {size} permits seeded in {office.seconds:.0f} s ({office.seconds / size * 1e6:.0f} us each)")
        lookups(offices, clock, rounds=100 if quick else 400)
        searches(offices, clock, rounds=5 if quick else 9)
        appends(offices, clock, rounds=5 if quick else 15)
        lists = {office.size: built_apart(office) for office in offices}
        delays = {
            office.size: until_public(office, trials=2 if quick else 8)
            for office in (offices[-1:] if quick else offices)
        }
        checked = None if quick else timed_fsck(offices[0])
    return report(kind, sizes=sizes, clock=clock, lists=lists, delays=delays, fsck_seconds=checked, say=say)


def report(
    kind: str,
    *,
    sizes: tuple[int, ...],
    clock: Clock,
    lists: dict[int, dict[str, float]],
    delays: dict[int, tuple[float, float]],
    fsck_seconds: float | None,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Print the table and return each limit, or the peer's time, divided by ours."""
    smallest, largest = sizes[0], sizes[-1]
    ratios: dict[str, float] = {}

    def line(name: str, values: Iterable[float | None], rest: str = "") -> None:
        numbers = "".join(f"{'':11}" if value is None else f"{value:11.2f}" for value in values)
        say(f"  {name:37}{numbers}   {rest}".rstrip())

    def medians(name: str) -> list[float]:
        return [clock.median(name, size) for size in sizes]

    say(f"{kind + ', medians in ms':39}" + "".join(f"{size:>11}" for size in sizes))
    for name in LOOKUPS:
        found = medians(name)
        growth = found[-1] / found[0]
        ratios[f"{kind}.flat.{name.replace(' ', '_')}"] = GROWTH / growth
        line(name, found, f"grows {growth:.2f} times, at most {GROWTH:g}")
    texts = sorted({name for name, size in clock.spent if name.startswith("search ") and size == largest})
    for name in texts:
        line(name, medians(name), f"LIKE {clock.median(f'like {name}', largest):.1f}")
    slowest = max(clock.median(name, largest) for name in texts)
    slowest_like = max(clock.median(f"like {name}", largest) for name in texts)
    ratios[f"{kind}.search"] = SEARCH_MS / slowest
    ratios[f"{kind}.{PEER}"] = slowest_like / slowest
    say(f"  slowest search {slowest:.1f} ms, at most {SEARCH_MS:g}; slowest LIKE {slowest_like:.1f} ms")
    for name in ("append a change", "publish it", "read its proof"):
        line(name, medians(name))
    line("build of the first status list", (lists[size]["ms"] for size in sizes))
    line("  of it: memory, MiB", (lists[size]["mib"] for size in sizes), f"at most {LIST_MIB:g}")
    line("  of it: permits in it", (lists[size]["permits"] for size in sizes))
    ratios[f"{kind}.list_memory"] = LIST_MIB / lists[largest]["mib"]
    rest, load = zip(*(delays.get(size, (None, None)) for size in sizes), strict=True)
    line("issue to checkpoint, at rest, s", rest, f"at most {REST_SECONDS:g}")
    line(f"  slowest of {BURST} in a burst, s", load, f"at most {LOAD_SECONDS:g}")
    ratios[f"{kind}.public_at_rest"] = REST_SECONDS / max(one for one, _ in delays.values())
    ratios[f"{kind}.public_under_load"] = LOAD_SECONDS / max(one for _, one in delays.values())
    if fsck_seconds is not None:
        say(f"  fsck of {smallest} permits, their files and their log: {fsck_seconds:.1f} s, no difference")
    return ratios


# What is measured


def by_serial(office: Office, i: int) -> object:
    return office.reader.permit_by_serial(_serial(i))


def by_file(office: Office, i: int) -> object:
    return office.reader.permit_by_file(_digest(_signed(i)))


def by_number(office: Office, i: int) -> object:
    with office.database.read() as tx:
        return instruments.of_number(tx, office=OFFICE, number=office.number(i))


def status_at_date(office: Office, i: int) -> object:
    asked = office.issued_at(i) + datetime.timedelta(days=30)
    with office.database.read() as tx:
        return state_at(lifecycle.history(tx, i + 1), asked)


LOOKUPS = {
    "lookup by serial": by_serial,
    "lookup by file": by_file,
    "lookup by number": by_number,
    "status at a date": status_at_date,
}


def lookups(offices: list[Office], clock: Clock, *, rounds: int) -> None:
    chosen = random.Random(1)
    for turn in range(-rounds // 4, rounds):
        if turn == 0:
            clock.spent.clear()  # the rounds before were to warm them
        for office in offices:
            i = chosen.randrange(office.size)
            for name, look in LOOKUPS.items():
                with clock.step(name, office.size):
                    found = look(office, i)
                if found is None:
                    raise AssertionError(f"{name} did not find permit {i}")


def searches(offices: list[Office], clock: Clock, *, rounds: int) -> None:
    """Searches as officers type them, each against the same question without the index."""
    whole = holder(7)
    for turn, office, text in itertools.product(range(-1, rounds), offices, (*TYPED, whole)):
        name = f"search {'a whole name' if text == whole else repr(text)}"
        with office.database.read() as tx, clock.step(name, office.size):
            found = {hit.instrument for hit in search.by_holder(tx, text=text, limit=HITS)}
        if turn < LIKE_ROUNDS:
            with office.database.read() as tx, clock.step(f"like {name}", office.size):
                expected = set(like(tx, text))
            if found != expected:
                raise AssertionError(f"{text!r} finds other permits with the index than without")


def like(tx: sa.Connection, text: str) -> Iterable[int]:
    """The newest permits whose holder's name holds `text`, by looking at name after name."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    names = schema.permit_names.c
    query = sa.select(names.instrument).where(names.name.contains(search.fold(text), autoescape=True))
    return tx.execute(query.order_by(names.instrument.desc()).limit(HITS)).scalars().all()


def appends(offices: list[Office], clock: Clock, *, rounds: int) -> None:
    """A change of state, made public, and the proof of it that anyone may check."""
    for turn, office in itertools.product(range(rounds), offices):
        now = datetime.datetime.now(datetime.UTC)
        i = turn * 10 + 1  # these have changed in nothing yet
        with clock.step("append a change", office.size), office.database.write() as tx:
            order = lifecycle.Order(
                change=Event.SUSPEND,
                reason="ditemukan pelanggaran",
                legal_ground="Pasal 12",
                decree_number=f"SK-{turn}",
                decree_date=now.astimezone(ZONE).date(),
                effective=now,
                actor="petugas",
            )
            lifecycle.change(tx, permit=instruments.by_id(tx, i + 1), order=order, zone=ZONE, now=now)
        with clock.step("publish it", office.size):
            office.publisher.log.publish(now=now)
        with clock.step("read its proof", office.size), office.database.read() as tx:
            logged = proofs.of_instrument(tx, i + 1)[-1]
        if logged.event is not Event.SUSPEND or logged.proof is None:
            raise AssertionError("what was appended and published has no proof")


def built_apart(office: Office) -> dict[str, float]:
    """Time and memory of a status list's build, in a process that has done nothing else."""
    place = office.home.place
    url = place.render_as_string(hide_password=False) if isinstance(place, sa.URL) else str(place)
    command = [sys.executable, "-P", str(pathlib.Path(__file__)), "--build-list", url]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def build_list(url: str) -> dict[str, float]:
    database = Database.open(sa.make_url(url) if "://" in url else pathlib.Path(url))
    now = datetime.datetime.now(datetime.UTC)
    with database.read() as tx:
        statuslists.build(tx, number=2**20, now=now)  # an empty one: all modules are loaded, the query is compiled
        started = time.perf_counter()
        made = statuslists.build(tx, number=0, now=now)
        spent = time.perf_counter() - started
        tracemalloc.start()
        statuslists.build(tx, number=0, now=now)
        _, peak = tracemalloc.get_traced_memory()
    database.close()
    unissued = bytes(StatusList())
    permits = sum(
        (one & half != other & half) for one, other in zip(bytes(made), unissued, strict=True) for half in (0x0F, 0xF0)
    )
    return {"ms": spent * 1000, "mib": peak / 2**20, "permits": permits}


def until_public(office: Office, *, trials: int) -> tuple[float, float]:
    """Seconds from the commit of an issue to the checkpoint that covers it: the slowest at rest, and of a burst."""
    file = office.home.public / "log" / "checkpoint"
    stop = threading.Event()
    watch = threading.Thread(
        target=office.publisher.watch, kwargs={"clock": lambda: datetime.datetime.now(datetime.UTC), "stop": stop}
    )
    office.publisher.publish(now=datetime.datetime.now(datetime.UTC))
    size = _public_size(file)
    chosen = random.Random(3)
    watch.start()
    try:
        rest = 0.0
        for trial in range(trials):
            time.sleep(chosen.uniform(1.0, 2.5))  # the moment must not hang on the last checkpoint's
            issue(office, f"REST-{trial}")
            size, committed = size + 1, time.perf_counter()
            while _public_size(file) < size:
                time.sleep(0.005)
            rest = max(rest, time.perf_counter() - committed)
        commits: list[float] = []

        def burst() -> None:
            for one in range(BURST):
                issue(office, f"BURST-{one}")
                commits.append(time.perf_counter())

        hurry = threading.Thread(target=burst)
        hurry.start()
        covered: list[float] = []
        while len(covered) < BURST:
            time.sleep(0.005)
            covered += [time.perf_counter()] * (_public_size(file) - size - len(covered))
        hurry.join()
        return rest, max(later - earlier for earlier, later in zip(commits, covered, strict=True))
    finally:
        stop.set()
        watch.join()


def issue(office: Office, reference: str) -> None:
    """Freeze and issue one permit as the signing room does, in its two transactions; its page is not rendered."""
    now = datetime.datetime.now(datetime.UTC)
    day = now.astimezone(ZONE).date()
    with office.database.write() as tx:
        decision = decisions.record(
            tx,
            office=OFFICE,
            source="desk",
            reference=reference,
            pack=PACK,
            snapshot={"public": {"holder": "PT Contoh Jaya"}, "private": {"salt": "00"}},
            objects=(reference,),
            received_on=day,
            supersedes=None,
            now=now,
        )
        mandate, _ = mandates.on_day(tx, office=OFFICE, day=day, pack=PACK)
        number = numbers.allot(tx, series="genset", year=day.year, now=now)
        permit = instruments.freeze(
            tx,
            office=OFFICE,
            decision=decision.id,
            number_row=number.row,
            serial=instruments.draw_serial(tx),
            frozen=Frozen(
                pack=PACK,
                number=_number(number.n, day.year) + "/L",
                date_of_issue=day,
                valid_until=None,
                mandate=mandate,
                statement=reference.encode(),
                public_view=(PublicField(id="holder", label={"id": "Nama"}, value={"id": "PT Contoh Jaya"}),),
                shape={"rows": 1},
                holder="PT Contoh Jaya",
            ),
            thawed=None,
            now=now,
        )
    unsigned = office.documents.put(b"%PDF- " + permit.statement)
    signed = office.documents.put(b"%PDF- signed " + permit.statement)
    crl = office.documents.put(_CRL)
    plate = office.documents.put(_PLATE)
    with office.database.write() as tx:
        layout = {"qr": {"page": 1.0, "left_mm": 12.3, "top_mm": 240.0, "size_mm": 33.0}}
        instruments.record_unsigned(
            tx, permit, file_sha256=unsigned, layout=layout, plate=plate, fill_version=1, now=now
        )
        parent = instruments.unsigned(tx, permit)
        if parent is None:
            raise AssertionError("what was just recorded is not there")
        signer = mandates.signer_id(tx, employee_number=EMPLOYEE, certificate=office.certificate)
        instruments.issue(
            tx,
            permit,
            parent=parent,
            file_sha256=signed,
            signing_profile="certified-p1",
            signer_certificate=signer,
            validation_data=(("crl", crl),),
            now=now,
        )


def timed_fsck(office: Office) -> float:
    """How long the whole comparison takes, in seconds; it must find nothing."""
    fsck = Fsck(
        database=office.database,
        documents=office.documents,
        folder=office.home.public / "log",
        verifier=note.NoteVerifier.parse(log_key(office.home, DevelopmentPki.load(office.home.keys))),
    )
    started = time.perf_counter()
    found = [str(one) for one in fsck.run(now=datetime.datetime.now(datetime.UTC))]
    if found:
        raise AssertionError(f"fsck names {len(found)} differences: {found[:5]}")
    return time.perf_counter() - started


# What it is measured on

_CRL = b"a list of the day"
_PLATE = b"a plate"
_TEXTS = {
    "address": "Jalan Contoh Raya Nomor 12, Kelurahan Contoh, Kecamatan Bangkinang, Kabupaten Kampar",
    "activity": "Kepentingan sendiri; pembangkit listrik tenaga diesel untuk keadaan darurat, cadangan dan langganan",
    "place": "Desa Contoh Jaya, Kecamatan Tapung Hilir, Kabupaten Kampar, Provinsi Riau",
    "machine": "Merek Contoh, tipe X-250, 250 kVA, 1500 putaran per menit, 400/230 volt, 50 hertz, faktor daya 0,8",
}
_LABELS = {
    "number": "Nomor",
    "holder": "Nama Pemegang",
    "valid_until": "Berlaku Sampai",
    **{k: k.title() for k in _TEXTS},
}
_LAYOUT = json.dumps({"qr": {"page": 1.0, "left_mm": 12.3, "top_mm": 240.0, "size_mm": 33.0}})


def holder(i: int) -> str:
    """The invented name of a permit's holder, who has some five permits where there are a million of them."""
    return _name(i * _SCATTER % HOLDERS)


@functools.cache
def _name(k: int) -> str:
    """Common words are as much commoner than rare ones as in a language."""
    chosen = random.Random(k)
    form = chosen.choices(tuple(FORMS), weights=tuple(FORMS.values()))[0]
    words = chosen.choices(WORDS, cum_weights=_WEIGHTS, k=chosen.choice((2, 2, 3, 3, 4)))
    return f"{form} {' '.join(dict.fromkeys(words))}"


_folded = functools.cache(search.fold)
_SCATTER = 2_654_435_761
_WEIGHTS = tuple(itertools.accumulate(1 / (place + 3) for place in range(len(WORDS))))


def seeded(
    root: pathlib.Path, size: int, server: TemporaryServer | None, *, now: datetime.datetime, whole: bool
) -> Office:
    """A home with `size` permits. `whole`: their files and true records too, so that `fsck` finds nothing."""
    started = time.perf_counter()
    url = "" if server is None else server.database().set(drivername="postgresql").render_as_string(hide_password=False)
    home = Home.create(root, mode="development", office=sample_office(), host=HOST, database=url)
    pki = DevelopmentPki.make(home.keys, now=now, person="Contoh Kepala", office="DPMPTSP Contoh")
    dataclasses.replace(pki.trust(now), log_key=log_key(home, pki)).write(home.trust)
    database, documents = home.database(), home.documents()
    office = Office(
        size=size,
        home=home,
        database=database,
        documents=documents,
        reader=RegistryReader(database=database, documents=documents),
        publisher=publisher_of(home, database=database, pki=pki),
        certificate=pki.signing_key().certificate,
        begun=now - SPACING * (size + 1),
        seconds=0.0,
    )
    with _unsynchronised():
        _open(office)
        office.publisher.log.publish(now=office.begun)
        documents.put(_CRL)
        documents.put(_PLATE)
        seeder = Seeder(office, whole=whole)
        for first in range(0, size, CHUNK):
            seeder.plant(first, min(first + CHUNK, size))
            office.publisher.log.publish(now=now)
    if isinstance(home.place, sa.URL):
        _analyse(home.place)
    office.publisher.publish(now=now)
    return dataclasses.replace(office, seconds=time.perf_counter() - started)


def _open(office: Office) -> None:
    """The mandate and certificate that everything was signed under."""
    with office.database.write() as tx:
        mandates.appoint(
            tx,
            office=OFFICE,
            mandate=MandateRecord(
                person="Contoh Kepala",
                rank="Pembina Tingkat I",
                employee_number=EMPLOYEE,
                mode=MandateMode.DEFINITIVE,
                office_title="KEPALA DINAS",
                own_title="KEPALA DINAS",
                decree_number="SK-1",
                decree_date=datetime.date(2000, 1, 1),
                scope=(),
                valid_from=datetime.date(2000, 1, 1),
                valid_until=None,
            ),
            now=office.begun,
        )
        mandates.register_signer(
            tx, employee_number=EMPLOYEE, certificate=office.certificate, issuers=(), now=office.begun
        )


class Seeder:
    """Writes permits in bulk, in rows that issue and change of state would have written one by one."""

    def __init__(self, office: Office, *, whole: bool) -> None:
        self._office = office
        self._whole = whole
        self._changes = 0
        self._entries = 2
        self._n: dict[int, int] = collections.defaultdict(int)

    def plant(self, first: int, end: int) -> None:
        """The permits from `first` to before `end`, their log entries already sequenced."""
        rows: dict[str, list[Row]] = collections.defaultdict(list)
        events: list[dict[str, Any]] = []
        for i in range(first, end):
            events += self._permit(rows, i)
        if self._whole:
            for i in range(first, end):
                self._office.documents.put(_unsigned(i))
                self._office.documents.put(_signed(i))
        with self._office.database.write() as tx:
            _fast(tx)
            for table in schema.metadata.sorted_tables:
                if rows[table.name]:
                    _load(tx, table, rows[table.name])
            self._log(tx, events)
            follow_ids(tx)

    def _permit(self, rows: dict[str, list[Row]], i: int) -> list[dict[str, Any]]:
        key = i + 1
        moment = self._office.issued_at(i)
        at, day = _instant(moment), moment.date()
        self._n[day.year] += 1
        name, number = holder(i), _number(i, day.year)
        public = _PUBLIC.replace(b"@", name.encode())
        snapshot = b'{"private":{"salt":"00"},"public":' + public + b"}"
        reference = f"SEED-{i}"
        statement = _statement(i)
        view = _VIEW.replace("@holder", name).replace("@number", number)
        rows["decisions"].append(
            (
                key, OFFICE, "desk", reference, f"desk\nseed-{i}", 1, PACK, snapshot, _digest(public), None, at,
                day.isoformat(),
            )
        )  # fmt: skip
        rows["decision_objects"].append((key, f"unit-{i}"))
        rows["numbers"].append((key, "genset", day.year, self._n[day.year], "used", None, at))
        rows["instruments"].append(
            (
                key, "permit", OFFICE, key, PACK, _serial(i), key, number, day.isoformat(), None, 1, statement, view,
                '{"rows": 1}', 1, at,
            )
        )  # fmt: skip
        unsigned, signed = 2 * i + 1, 2 * i + 2
        file, plate = _digest(_signed(i)), _digest(_PLATE)
        rows["documents"] += [
            (unsigned, key, "unsigned", 1, _digest(_unsigned(i)), None, _LAYOUT, None, None, at, plate, 1),
            (signed, key, "signed", 1, file, unsigned, None, "certified-p1", 1, at, None, None),
        ]
        rows["validation_data"].append((signed, "crl", _digest(_CRL)))
        rows["permit_names"].append((key, _folded(name)))
        change = self._change(rows, key, sequence=1, status=Status.IN_FORCE, event=Event.ISSUE, moment=moment)
        about = {"instrument": key, "serial": _serial(i), "statement": _digest(statement)}
        events = [
            {
                **about,
                "event": Event.ISSUE,
                "file": file,
                "moment": moment,
                "subject": [
                    ["decisions", key], ["decision_objects", key], ["numbers", key], ["instruments", key],
                    ["documents", unsigned], ["documents", signed], ["validation_data", signed],
                    ["status_changes", change],
                ],
            }
        ]  # fmt: skip
        # One in twenty was suspended once and stands again, another one was revoked.
        after = {
            0: ((Status.SUSPENDED, Event.SUSPEND), (Status.IN_FORCE, Event.REINSTATE)),
            10: ((Status.REVOKED, Event.REVOKE),),
        }
        for sequence, (status, event) in enumerate(after.get(i % 20, ()), start=2):
            later = moment + datetime.timedelta(seconds=sequence)
            change = self._change(rows, key, sequence=sequence, status=status, event=event, moment=later)
            subject = [["status_changes", change]]
            events.append({**about, "event": event, "file": None, "moment": later, "subject": subject})
        return events

    def _change(
        self,
        rows: dict[str, list[Row]],
        instrument: int,
        *,
        sequence: int,
        status: Status,
        event: Event,
        moment: datetime.datetime,
    ) -> int:
        self._changes += 1
        at = _instant(moment)
        ordered = (None,) * 6 if event is Event.ISSUE else ("SK-7", "Pasal 12", at[:10], None, None, "petugas")
        decree, legal_ground, decree_date, decree_sha256, correction, actor = ordered
        rows["status_changes"].append(
            (
                self._changes, instrument, sequence, status.value, event.value, decree, None, at, at, event.value,
                legal_ground, decree_date, decree_sha256, correction, actor,
            )
        )  # fmt: skip
        return self._changes

    def _log(self, tx: sa.Connection, events: list[dict[str, Any]]) -> None:
        """The entries with their index, and the log's state after them; tiles and proofs are left to a publication."""
        state = tx.execute(sa.select(schema.log_state)).one()
        rows: list[Row] = []
        leaves: list[bytes] = []
        for index, one in enumerate(events, start=state.size):
            self._entries += 1
            record = ledger.record(tx, one["subject"], SALT) if self._whole else None
            if record is not None:
                self._office.documents.put(record)
            seconds = int(one["moment"].timestamp())
            entry = logentry.encode(
                LogEntry(
                    event=one["event"],
                    serial=one["serial"],
                    statement_sha256=one["statement"],
                    file_sha256=one["file"],
                    effective=seconds,
                    recorded=seconds,
                    # Where nobody reads the record, its hash is as long and as random as a true one.
                    record_sha256=_digest(b"record %d" % self._entries if record is None else record),
                )
            )
            leaves.append(merkle.leaf_hash(entry))
            subject = json.dumps(one["subject"])
            at = _instant(one["moment"])
            rows.append((self._entries, one["event"].value, one["instrument"], entry, index, at, subject, SALT))
        _load(tx, schema.log_entries, rows)
        before = merkle.Frontier.from_bytes(state.size, bytes(state.frontier))
        after = merkle.grow(before, leaves, lambda *_: None)
        tx.execute(schema.log_state.update().values(size=after.size, frontier=after.to_bytes()))


def _load(tx: sa.Connection, table: sa.Table, rows: list[Row]) -> None:
    """Rows into a table, in the order of its columns and as the database keeps them."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = tx.connection.driver_connection
    if tx.dialect.name == "sqlite":
        places = ", ".join("?" for _ in table.columns)
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _fast(tx: sa.Connection) -> None:
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA cache_size = -1000000")
    else:
        tx.exec_driver_sql("SET LOCAL session_replication_role = replica")  # foreign keys are not asked row by row


def _analyse(place: sa.URL) -> None:
    """As the server does by itself after a while."""
    host = str(place.query["host"])
    with psycopg.connect(host=host, user=place.username, dbname=place.database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


@contextlib.contextmanager
def _unsynchronised() -> Iterator[None]:
    """Seeding alone need not survive a power cut."""
    real = os.fsync
    os.fsync = lambda fd: None  # noqa: ARG005  # the name is os.fsync's
    try:
        yield
    finally:
        os.fsync = real


def _public_size(file: pathlib.Path) -> int:
    return checkpoint.Checkpoint.decode(note.parse(file.read_bytes()).text).size


_PERMUTED: dict[int, list[int]] = {}


def _serial(i: int) -> int:
    """Random slots without a repetition, list after list."""
    number, place = divmod(i, A_LIST)
    if number not in _PERMUTED:
        _PERMUTED[number] = random.Random(number).sample(range(SLOTS_A_LIST), A_LIST)
    return number * SLOTS_A_LIST + _PERMUTED[number][place]


def _number(n: int, year: int) -> str:
    return f"503/{n}/DPMPTSP/GENSET/{year}"


def _instant(moment: datetime.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _unsigned(i: int) -> bytes:
    return b"%%PDF- %d" % i


def _signed(i: int) -> bytes:
    return b"%%PDF- signed %d" % i


def _statement(i: int) -> bytes:
    """As long as a real one, and as hard to compress."""
    return b"".join(_digest(b"statement %d %d" % (i, part)) for part in range(7))


_PUBLIC = canonical.dump({"holder": "@", **_TEXTS})
_VIEW = json.dumps(
    [
        {
            "id": name,
            "label": {"id": label, "en": label},
            "value": {"id": text, "en": text},
        }
        for name, label in _LABELS.items()
        for text in (_TEXTS.get(name, {"number": "@number", "holder": "@holder"}.get(name, "24 November 2031")),)
    ]
)


if __name__ == "__main__":
    sys.exit(main())
