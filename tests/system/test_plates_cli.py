"""Plates through the command line: documents made once more and held against the registry, and pages made ahead."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = min((ROOT / "templates" / "packs" / "pengganti" / "v1" / "samples").glob("*.json"))


def absah(*words: object, home: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "--home", str(home), *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "ABSAH_COMMAND": "absah"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> tuple[Path, str]:
    """A home with one letter that was issued, and its number."""
    home = tmp_path_factory.mktemp("plates") / "home"
    done = absah("issue", SAMPLE, "--out", home.parent / "surat.pdf", home=home)
    return home, done.stdout.partition(" -> ")[0].splitlines()[-1]


@pytest.fixture
def touched(office, tmp_path) -> Path:
    shutil.copytree(office[0], tmp_path / "home")
    return tmp_path / "home"


def plate(home: Path) -> Path:
    with contextlib.closing(sqlite3.connect(home / "absah.db")) as database:
        ((sha256,),) = database.execute("SELECT plate FROM documents WHERE kind = 'unsigned'")
    return next((home / "documents").rglob(f"*{sha256.hex()[4:]}*"))


@pytest.mark.long
def test_an_issued_document_is_made_once_more_and_is_the_same(office, tmp_path) -> None:
    home, number = office
    out = tmp_path / "lagi.pdf"
    said = absah("render", "--again", number, "--out", out, home=home).stdout
    assert f"{number}: berkas yang dibuat ulang sama persis" in said
    signed = (home.parent / "surat.pdf").read_bytes()
    assert signed.startswith(out.read_bytes()), "a signed file begins with the unsigned one"
    assert "sudah ada" in absah("render", "--again", number, "--out", out, home=home, status=2).stderr
    assert "no document" in absah("render", "--again", "503/999", "--lang", "en", home=home, status=2).stderr.lower()


@pytest.mark.long
def test_fsck_makes_every_document_again_and_counts_them(office) -> None:
    done = absah("log", "fsck", "--render", home=office[0])
    assert "saling cocok" in done.stdout
    assert "1 berkas dibuat ulang" in done.stderr


def rewrite_the_decision(home: Path) -> None:
    """Behind the program's back, as who holds the database can: the holder's name on the page and in the attachment."""
    with contextlib.closing(sqlite3.connect(home / "absah.db")) as database, database:
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'decisions'")
        for (name,) in guards.fetchall():
            database.execute(f"DROP TRIGGER {name}")
        ((canonical,),) = database.execute("SELECT canonical FROM decisions")
        changed = canonical.replace(b"Menara Lancang Contoh", b"Menara Lancung Contoh")
        assert changed != canonical
        database.execute("UPDATE decisions SET canonical = ?", (changed,))


@pytest.mark.long
def test_a_document_that_comes_out_otherwise_is_named_part_by_part(office, touched) -> None:
    number = office[1]
    rewrite_the_decision(touched)
    said = absah("render", "--again", number, "--lang", "en", home=touched, status=1).stdout
    assert f"{number}: the file made once more DIFFERS" in said
    assert "page 1, the attached data" in said
    lines = absah("log", "fsck", "--render", "--json", home=touched, status=1).stdout.splitlines()
    found = {one["code"]: one for one in map(json.loads, lines)}
    assert "decision_changed" in found
    assert found["page_differs"]["place"] == number
    assert found["page_differs"]["detail"] == {"parts": "page 1, attachment"}


@pytest.mark.long
def test_a_lost_plate_is_named_and_nothing_is_made(office, touched) -> None:
    plate(touched).unlink()
    said = absah("render", "--again", office[1], "--out", touched.parent / "lagi.pdf", home=touched, status=2).stderr
    assert "pelat halamannya hilang" in said
    assert not (touched.parent / "lagi.pdf").exists()
    lines = absah("log", "fsck", "--render", "--json", home=touched, status=1).stdout.splitlines()
    assert {json.loads(line)["code"] for line in lines} == {"plate_lost", "page_not_made"}


@pytest.mark.long
def test_usual_pages_are_made_ahead_where_somebody_may_sign(touched) -> None:
    made = absah("pack", "publish", "pengganti", "--lang", "en", home=touched).stdout
    assert "1 were there" in made
    production = touched.parent / "produksi"
    absah("init", "--mode", "production", "--host", "izin.example.go.id", home=production)
    assert "mandatnya" in absah("pack", "publish", "pengganti", home=production, status=2).stderr
