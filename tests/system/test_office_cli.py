"""What an office does after the issue, through the command line: changes, hand-over, destruction, mandates, numbers."""

import ast
import dataclasses
import datetime
import hashlib
import io
import json
import os
import pwd
import re
import subprocess
import sys
import zlib
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from babel.messages import pofile
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli import changing, destroying, handing, mandating, numbering, recording, showing
from cli.home import Home, utc_now
from cli.issuing import sample_office
from cli.main import main
from cli.publishing import publish_now
from cli.workshop import workshop
from keys.development import DevelopmentPki
from registry import handovers, instruments, schema
from registry.formats.logentry import Event
from registry.formats.record import MandateMode
from registry.handovers import Capacity, Handover
from registry.lifecycle import CHANGES
from templates.office import OfficeProfile

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "templates" / "packs" / "genset" / "v1" / "samples").glob("*.json"))
OFFICES = ROOT / "templates" / "offices"
IDENTITY = "1401010101010001"
NEXT = datetime.timedelta(days=1)
MANDATE = (
    "--rank", "Pembina (IV/a)", "--employee-number", "19800101 200501 1 999", "--office-title", "KEPALA DINAS CONTOH",
    "--own-title", "SEKRETARIS", "--decree-number", "821.2/CONTOH/002",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A home, its issued permits (number, file), and the day on which they were issued."""

    home: Path
    numbers: tuple[str, ...]
    files: tuple[Path, ...]
    day: datetime.date


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed."""

    out: str
    err: str

    def json(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def absah(capsys, monkeypatch):
    def run(home: Path, *words: object, status: int = 0, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        try:
            found = main(["--home", str(home), *map(str, words)])
        except SystemExit as misuse:
            found = misuse.code
        said = Said(**dict(zip(("out", "err"), capsys.readouterr(), strict=True)))
        assert found == status, said.out + said.err
        return said

    return run


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    folder = tmp_path_factory.mktemp("office")
    files = tuple(folder / f"{sample.stem}.pdf" for sample in SAMPLES)
    for sample, file in zip(SAMPLES, files, strict=True):
        assert main(["--home", str(folder / "home"), "issue", str(sample), "--out", str(file)]) == 0
    with workshop(Home.open(folder / "home")) as shop:
        records = [shop.records.permit_by_file(hashlib.sha256(file.read_bytes()).digest()) for file in files]
    return Counter(
        home=folder / "home",
        numbers=tuple(record.number for record in records),
        files=files,
        day=records[0].date_of_issue,
    )


def instrument(counter: Counter, number: str = "188/CONTOH/1") -> tuple[object, ...]:
    return (
        "--reason", "alasan contoh", "--legal-ground", "Pasal 1 peraturan contoh",
        "--decree-number", number, "--decree-date", counter.day,
    )  # fmt: skip


def test_every_change_shows_at_once_and_is_remembered(absah, counter: Counter, tmp_path: Path) -> None:
    home, number, file = counter.home, counter.numbers[0], counter.files[0]
    decree = tmp_path / "keputusan.pdf"
    decree.write_bytes(file.read_bytes() + b"% another signed file\n")
    suspended = absah(home, "permit", "suspend", number, *instrument(counter), "--document", decree)
    assert f"Izin {number} dibekukan mulai" in suspended.out
    assert suspended.err == ""
    assert "dibekukan sejak" in absah(home, "verify", file, status=1).out
    assert (
        "sudah dibekukan; yang dapat dibekukan hanya izin yang berlaku"
        in absah(home, "permit", "suspend", number, *instrument(counter), status=1).err
    )

    reinstated = absah(home, "permit", "reinstate", number, *instrument(counter), "--actor", "Contoh Petugas")
    assert "--document" in reinstated.err  # a change without its signed instrument is taken, and said
    absah(home, "verify", file)
    slip = ("--field", "Lokasi", "--printed", "Desa Contoh", "--correct", "Desa Contoh Jaya")
    absah(home, "permit", "correct", number, *instrument(counter, "188/CONTOH/2"), *slip)
    absah(home, "verify", file)

    assert "dicabut mulai" in absah(home, "permit", "revoke", number, *instrument(counter)).out
    assert "dicabut" in absah(home, "verify", file, status=1).out
    assert "sudah dicabut" in absah(home, "permit", "reinstate", number, *instrument(counter), status=1).err

    [shown] = absah(home, "permit", "show", number, "--json", "--on", counter.day).json()
    assert [change["state"] for change in shown["changes"]] == ["in_force", "suspended", "in_force", "revoked"]
    assert shown["changes"][1]["document_sha256"] == hashlib.sha256(decree.read_bytes()).hexdigest()
    assert Home.open(home).documents().get(bytes.fromhex(shown["changes"][1]["document_sha256"])) == decree.read_bytes()
    assert [(one["field"], one["correct"]) for one in shown["corrections"]] == [("Lokasi", "Desa Contoh Jaya")]
    assert shown["on"]["in_force"] == "part"
    assert [span["state"] for span in shown["on"]["spans"]] == [
        "not_issued", "in_force", "suspended", "in_force", "revoked",
    ]  # fmt: skip
    assert [one["event"] for one in shown["log"]] == ["issue", "suspend", "reinstate", "correct", "revoke"]
    assert all(isinstance(one["index"], int) for one in shown["log"])
    with closing(Home.open(home).database()) as database, database.read() as tx:
        table = schema.status_changes.c
        actors = tx.execute(sa.select(table.actor).where(table.sequence.in_((2, 3))).order_by(table.sequence)).scalars()
        assert list(actors)[:2] == [f"pengguna sistem operasi: {pwd.getpwuid(os.getuid()).pw_name}", "Contoh Petugas"]
    assert "dicabut" in absah(home, "permit", "show", shown["serial"]).out
    assert "revoked" in absah(home, "permit", "show", number, "--lang", "en").out
    before = absah(home, "permit", "show", number, "--on", counter.day - NEXT).out
    assert "izin ini tidak berlaku: belum terbit." in before


def test_a_superseded_permit_names_the_one_that_takes_its_place(absah, counter: Counter) -> None:
    _, old, new = counter.numbers
    order = ("permit", "supersede", old, *instrument(counter))
    absah(counter.home, *order, status=2)
    assert "bukan nomor izin lain" in absah(counter.home, *order, "--replaced-by", old, status=1).err
    assert f"diganti dengan {new}" in absah(counter.home, *order, "--replaced-by", new).out
    assert new in absah(counter.home, "verify", counter.files[1], status=1).out


def test_what_is_no_order_is_refused_and_changes_nothing(absah, counter: Counter, tmp_path: Path) -> None:
    home, number = counter.home, counter.numbers[2]
    picture, unsigned = tmp_path / "surat.png", tmp_path / "surat.pdf"
    picture.write_bytes(b"\x89PNG")
    unsigned.write_bytes(b"%PDF-1.7\n%%EOF\n")
    order = ("permit", "suspend", number, *instrument(counter))
    assert "bukan PDF" in absah(home, *order, "--document", picture, status=1).err
    assert "belum bertanda tangan elektronik" in absah(home, *order, "--document", unsigned, status=1).err
    assert "surat.txt" in absah(home, *order, "--document", tmp_path / "surat.txt", status=2).err
    assert "is no moment" in absah(home, *order, "--effective", "kemarin", status=2).err
    assert (
        "paling awal pada tanggal keputusannya" in absah(home, *order, "--effective", "2026-01-01T00:00", status=1).err
    )
    late = [*order[:-1], counter.day + 30 * NEXT]
    assert "belum tiba" in absah(home, *late, status=1).err
    assert "permit search" in absah(home, "permit", "suspend", "503/999", *instrument(counter), status=1).err
    absah(home, "permit", "suspend", number, "--reason", "alasan", status=2)
    [shown] = absah(home, "permit", "show", number, "--json").json()
    assert shown["state"] == "in_force"
    absah(home, "verify", counter.files[2])


def test_a_change_takes_effect_on_the_office_s_clock(absah, counter: Counter) -> None:
    number, day = counter.numbers[2], counter.day + 9 * NEXT
    order = ("permit", "revoke", number, *instrument(counter), "--effective", f"{day}T12:30")
    assert "pukul 12.30 WIB" in absah(counter.home, *order).out
    [shown] = absah(counter.home, "permit", "show", number, "--json", "--on", day).json()
    assert (shown["state"], shown["on"]["in_force"], shown["on"]["foreseen"]) == ("in_force", "part", True)
    assert shown["changes"][-1]["effective"] == f"{day}T05:30:00+00:00"
    told = absah(counter.home, "permit", "show", number, "--on", day).out
    assert "12:30:00 – 24:00:00  dicabut" in told
    assert "belum lewat" in told


def test_a_hand_over_is_recorded_and_the_identity_number_shows_nowhere(absah, counter: Counter) -> None:
    home, number = counter.home, counter.numbers[2]
    who = ("--recipient", "Contoh Penerima", "--capacity", "proxy", "--identity-kind", "KTP")
    order = ("permit", "handover", number, *who)
    on_the_line = absah(home, *order, "--survey-done", "--identity-number", IDENTITY, status=2)
    assert "standard input" in on_the_line.err
    assert IDENTITY not in on_the_line.err
    absah(home, *order, status=2, typed=IDENTITY)
    assert "nomor tanda pengenal masih kosong" in absah(home, *order, "--survey-done", status=1).err
    first = absah(home, *order, "--survey-done", "--identity-number", "-", typed=f"{IDENTITY}\n")
    assert "Contoh Penerima" in first.out
    again = absah(home, *order, "--survey-missing-because", "menolak mengisi", typed="14010101\n")
    assert "salinan" in again.err
    assert "16 angka" in again.err
    early = absah(home, *order, "--survey-done", "--at", "2026-01-02T08:00", status=1, typed=IDENTITY)
    assert "2 Januari 2026 pukul 08.00 WIB" in early.err
    shown = absah(home, "permit", "show", number, "--json")
    assert [one["survey_done"] for one in shown.json()[0]["handovers"]] == [True, False]
    told = absah(home, "permit", "show", number)
    assert "menolak mengisi" in told.out
    for said in (on_the_line, first, again, shown, told):
        assert IDENTITY not in said.out + said.err


def test_documents_are_destroyed_only_after_the_end_and_only_when_confirmed(absah, counter: Counter) -> None:
    home, number, file = counter.home, counter.numbers[1], counter.files[1]
    order = (
        "--ground", "JRA contoh butir 5", "--minutes-number", "045/BA/1", "--minutes-date", counter.day,
        "--approval", "Contoh Satu; Sekretaris; 045/1", "--approval", "Contoh Dua; Arsiparis; 045/2",
    )  # fmt: skip
    assert "masih berlaku" in absah(home, "permit", "destroy", counter.numbers[2], *order, "--yes", status=1).err
    alone = [word for word in order if word != "Contoh Dua; Arsiparis; 045/2"][:-1]
    assert "persetujuan 2 orang" in absah(home, "permit", "destroy", number, *alone, "--yes", status=1).err
    assert "--yes" in absah(home, "permit", "destroy", number, *order, status=2).err
    assert "Tidak ada yang dimusnahkan" in typed_on_a_terminal(home, number, order, "503/999", status=1)
    documents, digest = Home.open(home).documents(), hashlib.sha256(file.read_bytes()).digest()
    assert documents.get(digest) == file.read_bytes()
    copy = Home.open(home).copy_of(number)
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(file.read_bytes())
    record_a_hand_over_that_the_log_does_not_cover(home, number)
    assert "Umumkan dahulu" in absah(home, "permit", "destroy", number, *order, "--yes", status=1).err
    assert documents.get(digest) == file.read_bytes()
    publish_now(Home.open(home), now=utc_now())
    assert "sudah dimusnahkan" in typed_on_a_terminal(home, number, order, number, status=0)
    assert digest not in set(documents.digests())
    assert not copy.exists()
    assert "045/BA/1" in absah(home, "permit", "show", number).out
    documents.put(file.read_bytes())  # as a run leaves it that is killed before it deletes
    assert "sudah pernah dimusnahkan" in absah(home, "permit", "destroy", number, *order, "--yes", status=1).err
    assert digest not in set(documents.digests())
    report = absah(home, "number", "report", "--json").json()
    assert number in [one["number"] for one in report if one["fate"] == "issued"]


def record_a_hand_over_that_the_log_does_not_cover(home: Path, number: str) -> None:
    now = utc_now()
    handover = Handover(
        recipient="Contoh Penerima", capacity=Capacity.HOLDER, identity_kind="KTP", identity_number=IDENTITY,
        survey_done=True, handed=now, actor="Contoh Petugas",
    )  # fmt: skip
    with closing(Home.open(home).database()) as database, database.write() as tx:
        office = OfficeProfile.read(home / "office.toml").id
        permit = instruments.of_number(tx, office=office, number=number)
        assert permit is not None
        handovers.record(tx, permit=permit, handover=handover, now=now)


def typed_on_a_terminal(home: Path, number: str, order: tuple[object, ...], typed: str, *, status: int) -> str:
    master, terminal = os.openpty()
    try:
        os.write(master, f"{typed}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "--home", home, "permit", "destroy", number, *map(str, order)],
            cwd=ROOT,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(master)
        os.close(terminal)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_refusal_is_said_in_indonesian_and_in_english_on_request(absah, counter: Counter) -> None:
    home, number = counter.home, counter.numbers[1]
    ground = ("--reason", "alasan", "--legal-ground", "Pasal 1", "--decree-number", "1")
    early = ("permit", "revoke", number, *ground, "--decree-date", "2026-01-02")
    assert absah(home, *early, status=1).err == (
        f"absah: Keputusan 1 bertanggal 2 Januari 2026, sebelum izin {number} terbit, jadi bukan tentang izin ini. "
        "Periksa nomor dan tanggalnya.\n"
    )
    assert "1 is dated 2 January 2026, before" in absah(home, *early, "--lang", "en", status=1).err
    missing = home / "tidak-ada" / "cadangan.tar"
    assert "Sebutkan berkas dalam folder yang ada" in absah(home, "db", "backup", missing, status=2).err
    assert "name a file in a folder" in absah(home, "db", "backup", missing, "--lang", "en", status=2).err


def test_permits_are_found_by_a_part_of_the_holder_s_name(absah, counter: Counter) -> None:
    found = absah(counter.home, "permit", "search", "LANCANG", "--json").json()
    assert [(one["number"], one["kind"]) for one in found] == [(counter.numbers[0], "permit")]
    assert f"{counter.numbers[0]}  izin  " in absah(counter.home, "permit", "search", "LANCANG").out
    assert "Tidak ada izin" in absah(counter.home, "permit", "search", "tidak dikenal").out
    assert "paling sedikit 3 huruf" in absah(counter.home, "permit", "search", "pt", status=1).err


def test_mandates_follow_each_other_and_never_overlap(absah, counter: Counter) -> None:
    home, day = counter.home, counter.day
    add = ("mandate", "add", "--person", "Contoh Dua, S.Sos.", "--mode", "plt", *MANDATE, "--decree-date", day)
    assert "bertumpang tindih" in absah(home, *add, "--from", day + NEXT, status=1).err
    assert "Tidak ada jenis izin" in absah(home, *add, "--from", day + NEXT, "--type", "gneset", status=2).err
    end = ("--reason", "purnatugas", "--decree-number", "821.2/CONTOH/003", "--decree-date", day)
    assert "dengan mandat itu izin" in absah(home, "mandate", "end", 1, "--last-day", day - NEXT, *end, status=1).err
    assert "mandate list" in absah(home, "mandate", "end", 99, "--last-day", day, *end, status=1).err
    ended = absah(home, "mandate", "end", 1, "--last-day", day, *end)
    assert "tidak ada yang berwenang" in ended.err
    added = absah(home, *add, "--from", day + NEXT, "--type", "genset")
    assert "Mandat 2 dicatat" in added.out
    assert "Plt. dan Plh." in added.err
    absah(home, "verify", counter.files[2])  # signed under the mandate that has ended
    today, tomorrow = (absah(home, "mandate", "list", "--json", "--on", d).json() for d in (day, day + NEXT))
    assert [(one["id"], one["until"]) for one in today] == [(1, day.isoformat())]
    assert [(one["id"], one["types"], one["employee_number"]) for one in tomorrow] == [
        (2, ["genset"], "198001012005011999")
    ]
    assert "SEKRETARIS" in absah(home, "mandate", "list").out


def test_a_certificate_is_registered_for_one_person_and_its_key_never_accepted(
    absah, counter: Counter, tmp_path: Path
) -> None:
    home = counter.home
    key = DevelopmentPki.load(home / "keys").issue("Contoh Dua, S.Sos.", now=utc_now())
    signer, issuing = tmp_path / "penanda.der", tmp_path / "penerbit.pem"
    signer.write_bytes(key.certificate)
    issuing.write_bytes(x509.load_der_x509_certificate(key.issuers[0]).public_bytes(Encoding.PEM))
    whose = ("--employee-number", "19800101 200501 1 999")
    assert "--issuer" in absah(home, "mandate", "certificate", signer, *whose, status=1).err
    assert "kunci privat" in absah(home, "mandate", "certificate", home / "keys" / "issuing.pem", *whose, status=1).err
    assert "milik penerbit" in absah(home, "mandate", "certificate", issuing, *whose, status=1).err
    assert "tidak memuat sertifikat" in absah(home, "mandate", "certificate", counter.files[0], *whose, status=1).err
    registered = absah(home, "mandate", "certificate", signer, *whose, "--issuer", issuing)
    assert "CN=Contoh Dua" in registered.out
    absah(home, "mandate", "certificate", signer, *whose, "--issuer", issuing)
    other = ("--employee-number", "198102022006021999", "--issuer", issuing)
    assert "sudah terdaftar untuk NIP" in absah(home, "mandate", "certificate", signer, *other, status=1).err


def test_the_number_report_lists_every_number_with_its_fate(absah, counter: Counter) -> None:
    home, year = counter.home, counter.day.year
    fourth = json.loads(SAMPLES[0].read_text())
    fourth["reference"] += "-LAIN"
    for place, unit in enumerate(fourth["public"]["units"]):
        unit.update(engine_serial=f"CONTOH-M{place}", generator_serial=f"CONTOH-G{place}")
    with workshop(Home.open(home)) as shop:
        receipt = shop.intake.add(json.dumps(fourth).encode(), now=utc_now())
        shop.issuance.freeze(receipt.decision, now=utc_now())
    frozen = absah(home, "number", "report", "--json").json()[-1]
    assert (frozen["first"], frozen["fate"], frozen["issued"]) == (4, "frozen", None)

    assert "sudah terbit" in absah(home, "number", "void", "genset", 1, "--year", year, "--reason", "x", status=1).err
    assert (
        "belum diberikan" in absah(home, "number", "void", "genset", 9, "--year", year, "--reason", "x", status=1).err
    )
    absah(home, "number", "void", "genset", 4, "--year", year, "--reason", "pemohon mundur")
    outage = ("--year", year, "--reason", "listrik padam")
    assert "harus mulai dari situ" in absah(home, "number", "outside", "genset", "7-8", *outage, status=1).err
    assert "berikutnya 8" in absah(home, "number", "outside", "genset", "5-7", *outage).out
    book = ("--year", year + 1, "--reason", "buku agenda lama")
    absah(home, "number", "open", "genset", "--first", 51, *book)
    assert "sudah pernah dibuka" in absah(home, "number", "open", "genset", "--first", 60, *book, status=1).err
    assert "Tidak ada jenis izin" in absah(home, "number", "open", "gneset", "--first", 51, *book, status=2).err

    found = absah(home, "number", "report", "--json", "--series", "genset").json()
    assert [(one["year"], one["first"], one["last"], one["fate"]) for one in found] == [
        *((year, n, n, "issued") for n in (1, 2, 3)),
        (year, 4, 4, "void"),
        *((year, n, n, "outside") for n in (5, 6, 7)),
        (year + 1, 1, 50, "before_opening"),
    ]
    assert [one["number"] for one in found[:3]] == list(counter.numbers)
    assert all(one["issued"] for one in found[:3])
    assert found[3]["reason"] == "pemohon mundur"
    told = absah(home, "number", "report", "--year", year).out
    assert "pemohon mundur" in told
    assert "Jumlah: 3 terbit, 1 batal, 3 di luar sistem; nomor berikutnya 8" in told
    assert "buku agenda lama" not in told


def test_a_production_home_leaves_the_publication_to_its_own_process(absah, tmp_path: Path) -> None:
    home = tmp_path / "home"
    Home.create(home, mode="production", office=sample_office(), host="izin.example.go.id")
    assert "Belum ada nomor" in absah(home, "number", "report").out
    assert "Tidak ada mandat" in absah(home, "mandate", "list").out
    opened = absah(home, "number", "open", "genset", "--year", 2026, "--first", 51, "--reason", "buku agenda")
    assert "absah log publish --watch" in opened.out
    assert not (home / "public" / "log").exists()


def own_office(folder: Path) -> Path:
    """A profile whose districts Absah does not bring along; its emblem and region data stand beside it."""
    folder.mkdir()
    text = (OFFICES / "rimba-tirta.toml").read_text("utf-8")
    own = text.replace('region = "99.01"', 'region = "98.07"\nregion_file = "wilayah.toml"', 1)
    (folder / "profil.toml").write_text(own, "utf-8")
    (folder / "rimba-tirta.svg").write_bytes((OFFICES / "rimba-tirta.svg").read_bytes())
    (folder / "wilayah.toml").write_text(
        'name = "Kabupaten Contoh"\nbox = { south = -1, north = 1, west = 110, east = 111 }\n'
        'districts = { 04 = "Contoh Hulu" }\n',
        "utf-8",
    )
    return folder / "profil.toml"


def decided_in(folder: Path, code: str, name: str) -> Path:
    decision = json.loads(SAMPLES[0].read_text("utf-8"))
    decision["public"]["location"]["district"] = {"code": code, "name": name}
    decision["reference"] += code
    path = folder / f"{code}.json"
    path.write_text(json.dumps(decision), "utf-8")
    return path


def test_an_office_of_one_s_own_is_taken_in_with_what_its_profile_names(absah, tmp_path: Path) -> None:
    profile, home = own_office(tmp_path / "profile"), tmp_path / "home"
    words = ("init", "--mode", "development", "--host", "izin.example.go.id", "--office", profile)
    assert "office.toml" in absah(home, *words).out
    kept = {"profil.toml": "office.toml", "rimba-tirta.svg": "rimba-tirta.svg", "wilayah.toml": "wilayah.toml"}
    originals = {name: (profile.parent / original).read_bytes() for original, name in kept.items()}
    assert {name: (home / name).read_bytes() for name in originals} == originals
    for path in profile.parent.iterdir():
        path.unlink()  # the home needs none of them any more
    refused = absah(home, "decision", "add", decided_in(tmp_path, "14.01.03", "Tambang"), status=1).err
    assert "bukan kode kecamatan di Kabupaten Contoh" in refused
    there = decided_in(tmp_path, "98.07.04", "Contoh Hulu")
    year = utc_now().astimezone(OfficeProfile.read(home / "office.toml").time_zone).year
    issued = absah(home, "issue", there, "--out", tmp_path / "izin.pdf").out
    assert f"500.16.7.11/1/DPT/{year}" in issued
    assert b"Lambang Pemerintah Kabupaten Rimba Tirta" in unpacked(tmp_path / "izin.pdf")
    absah(home, "db", "backup", tmp_path / "cadangan")
    absah(tmp_path / "restored", "db", "restore", tmp_path / "cadangan")
    assert {name: (tmp_path / "restored" / name).read_bytes() for name in originals} == originals


def unpacked(file: Path) -> bytes:
    found = [file.read_bytes()]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", found[0], re.DOTALL):
        with suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return b"\n".join(found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('paper = "F4"', 'paper = "A5"', "profil.toml cannot be used: paper"),
        ("rimba-tirta.svg", "lambang.svg", "the emblem lambang.svg cannot be read"),
        ("rimba-tirta.svg", "../rimba-tirta.svg", "profil.toml cannot be used: emblem"),
        ("wilayah.toml", "lain.toml", "there is no lain.toml with the data of regency 98.07"),
        ('region_file = "wilayah.toml"', "", "there is no 98.07.toml with the data of regency 98.07; name its file"),
        ("wilayah.toml", "absah.toml", "names absah.toml"),
    ],
)
def test_an_office_that_cannot_be_used_makes_no_home(absah, tmp_path: Path, old: str, new: str, said: str) -> None:
    profile = own_office(tmp_path / "profile")
    (profile.parent / "absah.toml").write_bytes((profile.parent / "wilayah.toml").read_bytes())
    text = profile.read_text("utf-8")
    assert old in text
    profile.write_text(text.replace(old, new, 1), "utf-8")
    words = ("init", "--mode", "production", "--host", "izin.example.go.id", "--office", profile)
    assert said in absah(tmp_path / "home", *words, status=2).err
    assert not (tmp_path / "home").exists()


def test_a_profile_that_is_not_there_is_named(absah, tmp_path: Path) -> None:
    words = ("init", "--mode", "production", "--host", "izin.example.go.id", "--office", tmp_path / "tiada.toml")
    assert "tiada.toml cannot be read" in absah(tmp_path / "home", *words, status=2).err


def test_what_cannot_be_published_stays_recorded_and_is_said(absah, counter: Counter) -> None:
    keys = counter.home / "keys"
    keys.rename(counter.home / "keys-away")
    try:
        opened = ("number", "open", "genset", "--year", 2031, "--first", 5, "--reason", "buku agenda")
        assert "belum diumumkan" in absah(counter.home, *opened).err
    finally:
        (counter.home / "keys-away").rename(keys)
    assert "2031" in absah(counter.home, "number", "report").out


def test_every_sentence_of_these_commands_has_an_english_one() -> None:
    catalogue = io.BytesIO((ROOT / "cli/locale/en/LC_MESSAGES/cli.po").read_bytes())
    english = {message.id: message.string for message in pofile.read_po(catalogue, locale="en", abort_invalid=True)}
    modules = (changing, destroying, handing, mandating, numbering, recording, showing)
    said = {sentence for module in modules for sentence in sentences(module)}
    assert len(said) > 60
    assert set(changing.SENTENCES) == set(CHANGES) == {Event(event) for event in changing.SENTENCES}
    assert set(mandating.MODE_WORDS) == set(MandateMode)
    assert set(numbering.LOT_WORDS) == set(numbering.Lot)
    assert set(showing.STANDING_WORDS) == set(showing.Standing)
    assert set(showing.CAPACITY_WORDS) == set(Capacity)
    for words in (
        changing.SENTENCES,
        mandating.MODE_WORDS,
        numbering.LOT_WORDS,
        showing.STANDING_WORDS,
        showing.CAPACITY_WORDS,
    ):
        said |= set(words.values())
    for sentence in said:
        assert english.get(sentence), sentence


def sentences(module: ModuleType) -> set[str]:
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text()))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "_")
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "translate")
        )
        and isinstance(node.args[0], ast.Constant)
    }
