"""Many decisions at once, as an officer does it: fill in the template, check, import, correct, import again."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
import termios
from pathlib import Path

import openpyxl
import pytest

from desk.sheets.columns import Layout
from templates import packs

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = Layout.of(packs.pack("genset"))
COLUMN = {column.path: number for number, column in enumerate(LAYOUT.columns, start=1)}
NIB = COLUMN["public.holder.nib"]


def absah(*words: object, status: int = 0, home: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "ABSAH_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def home(tmp_path) -> Path:
    home = tmp_path / "home"
    absah("init", "--mode", "production", "--host", "izin.example.go.id", home=home)
    return home


@pytest.fixture
def sheet(tmp_path, home) -> Path:
    """The template of the command, filled in with every invented decision; six rows or more."""
    path = tmp_path / "izin.xlsx"
    absah("decision", "template", "genset", "--out", path, home=home)
    book = openpyxl.load_workbook(path)
    for decision in LAYOUT.samples:
        for row in LAYOUT.rows(decision):
            number = book["Data"].max_row + 1
            for name, value in row.items():
                book["Data"].cell(number, COLUMN[name]).value = value
    book.save(path)
    return path


def change(path: Path, row: int, column: int, value: object) -> None:
    book = openpyxl.load_workbook(path)
    book["Data"].cell(row, column).value = value
    book.save(path)


def decisions(home: Path) -> int:
    with sqlite3.connect(home / "absah.db") as database:
        return database.execute("SELECT COUNT(*) FROM decisions").fetchone()[0]


def test_all_is_imported_once_and_a_second_time_adds_nothing(sheet, home) -> None:
    assert "3 baru, 0 revisi, 0 tidak berubah, 0 ditolak" in absah("decision", "import", sheet, home=home).stdout
    said = absah("decision", "import", sheet, "--json", home=home)
    found = json.loads(said.stdout)
    assert (found["recorded"], found["added"], found["unchanged"], found["examples"]) == (True, 0, 3, 1)
    assert decisions(home) == 3
    for sample in packs.pack("genset").samples():
        assert "known" in absah("decision", "add", sample, home=home).stdout


def test_a_check_records_nothing(sheet, home) -> None:
    said = absah("decision", "import", sheet, "--check", "--lang", "en", home=home).stdout
    assert "3 added" in said
    assert "nothing was recorded" in said
    assert decisions(home) == 0


def test_one_wrong_row_keeps_everything_out_and_is_told_with_its_cell(sheet, home) -> None:
    change(sheet, 6, NIB, "12")
    said = absah("decision", "import", sheet, status=1, home=home)
    assert "SALAH: Data!E6: NIB berisi 2 angka" in said.stderr
    assert "1 ditolak" in said.stdout
    assert "Tidak ada yang disimpan" in said.stdout
    assert decisions(home) == 0
    assert not list(sheet.parent.glob("*.salah*"))


def test_good_rows_are_recorded_and_the_others_come_back_to_be_corrected(sheet, home) -> None:
    change(sheet, 6, NIB, "12")
    found = json.loads(absah("decision", "import", sheet, "--good-rows", "--json", status=1, home=home).stdout)
    assert (found["added"], found["refused"], decisions(home)) == (2, 1, 2)
    wrong = sheet.parent / "izin.salah.xlsx"
    assert found["corrections"] == str(wrong)
    assert wrong.stat().st_mode & 0o077 == 0, "it holds private data"
    before = wrong.read_bytes()
    again = json.loads(absah("decision", "import", sheet, "--good-rows", "--json", status=1, home=home).stdout)
    assert (again["added"], again["unchanged"]) == (0, 2)
    assert again["corrections"] == str(sheet.parent / "izin.salah-2.xlsx")
    assert wrong.read_bytes() == before, "somebody may be working in it"
    change(wrong, 4, NIB, "8120007654321")
    assert "1 baru" in absah("decision", "import", wrong, home=home).stdout
    assert decisions(home) == 3


def test_a_text_file_goes_the_same_way(home, tmp_path) -> None:
    path = tmp_path / "izin.csv"
    absah("decision", "template", "genset", "--out", path, home=home)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    lines = path.read_text("utf-8-sig").split("\n")
    example = lines[2].replace("(contoh – tidak diimpor)", "UJI-1")
    path.write_text("\n".join([*lines[:3], example.replace("9120001234567", "91"), example.replace("UJI-1", "UJI-2")]))
    said = absah("decision", "import", path, "--good-rows", status=1, home=home)
    assert "baris 4, kolom E: NIB" in said.stderr
    assert decisions(home) == 1
    wrong = tmp_path / "izin.salah.csv"
    wrong.write_bytes(wrong.read_bytes().replace(b";91;", b";9120001234567;"))
    absah("decision", "import", wrong, home=home)
    assert decisions(home) == 2


@pytest.mark.long
def test_a_file_that_is_none_and_misuse_are_told_apart(home, tmp_path) -> None:
    note = tmp_path / "catatan.xlsx"
    note.write_bytes(b"bukan buku kerja")
    assert "judul kolom" in absah("decision", "import", note, status=1, home=home).stderr
    found = json.loads(absah("decision", "import", note, "--json", status=1, home=home).stdout)
    assert (found["recorded"], found["findings"][0]["code"]) == (False, "no_headings")
    absah("decision", "import", tmp_path / "tidak-ada.xlsx", status=2, home=home)
    absah("decision", "import", note, "--check", "--good-rows", status=2, home=home)
    assert "genset" in absah("decision", "import", note, "--type", "petir", status=2, home=home).stderr
    assert "sudah ada" in absah("decision", "template", "genset", "--out", note, status=2, home=home).stderr
    assert note.read_bytes() == b"bukan buku kerja"
    absah("decision", "template", "genset", "--out", tmp_path / "templat.ods", status=2, home=home)
    assert not (tmp_path / "templat.ods").exists()


def test_limits_are_configuration(sheet, home) -> None:
    path = home / "absah.toml"
    text = path.read_text()
    path.write_text(text.replace("rows = 60000", "rows = 2"))
    assert "lebih dari 2 baris" in absah("decision", "import", sheet, status=1, home=home).stderr
    path.write_text(text.replace("rows = 60000", "baris = 2"))
    assert "baris" in absah("decision", "import", sheet, status=2, home=home).stderr
    path.write_text(text.replace("rows = 60000", "rows = 0"))
    assert "at least 1" in absah("decision", "import", sheet, status=2, home=home).stderr


def test_progress_is_shown_on_a_terminal_and_nowhere_else(sheet, home) -> None:
    assert "Memeriksa" not in absah("decision", "import", sheet, home=home).stderr
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    with os.fdopen(master, "rb", buffering=0) as screen:
        with subprocess.Popen(
            [sys.executable, "-m", "cli.main", "--home", str(home), "decision", "import", str(sheet)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        ) as running:
            os.close(terminal)
            shown = b""
            while True:
                try:
                    block = screen.read(4096)
                except OSError:  # the terminal is gone with its program
                    break
                if not block:
                    break
                shown += block
        assert running.returncode == 0
    text = shown.decode()
    assert "Memeriksa" in text
    assert "Menyimpan: 100%" in text
    assert "3/3" in text
