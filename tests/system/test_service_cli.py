"""The promise of the service standard through the command line: days at the door, a report, a calendar."""

import ast
import datetime
import io
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from babel.messages import pofile

from cli import service
from registry import schema
from registry.database import Database
from registry.promises import State
from registry.workdays import SHIPPED, Kind

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "templates" / "packs" / "genset" / "v1" / "samples").glob("*.json"))


def absah(home: Path, *words: object, status: int = 0) -> subprocess.CompletedProcess[str]:
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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("service") / "home"
    absah(home, "decision", "add", *SAMPLES)
    return home


def test_every_application_taken_in_has_its_promise(home: Path) -> None:
    found = [json.loads(line) for line in absah(home, "service", "report", "--json").stdout.splitlines()]
    received = sorted(json.loads(path.read_text())["public"]["application"]["received"] for path in SAMPLES)
    assert [one["received"] for one in found] == received
    assert [one["due"] for one in found] == ["2026-10-21", "2026-10-27", "2026-11-10"]
    for one in found:
        assert set(one) == {
            "reference", "number", "received", "due", "issued", "handed_over", "state", "used", "late", "left",
            "estimated_years",
        }  # fmt: skip
        assert one["state"] == "overdue"
        assert one["used"] == 5 + one["late"]


def test_an_issued_permit_is_no_longer_open(home: Path, tmp_path: Path) -> None:
    absah(home, "issue", SAMPLES[0], "--out", tmp_path / "izin.pdf")
    reference = json.loads(SAMPLES[0].read_text())["reference"]
    found = [json.loads(line) for line in absah(home, "service", "report", "--json").stdout.splitlines()]
    still_open = [json.loads(line) for line in absah(home, "service", "report", "--json", "--open").stdout.splitlines()]
    assert [one["reference"] for one in found if one["issued"]] == [reference]
    assert reference not in [one["reference"] for one in still_open]
    assert len(still_open) == 2
    with closing(Database.open(home / "absah.db")) as database, database.read() as tx:
        assert None not in tx.execute(sa.select(schema.decisions.c.received_on)).scalars().all()


def test_people_read_the_report_in_their_language(home: Path) -> None:
    indonesian = absah(home, "service", "report").stdout
    english = absah(home, "service", "report", "--lang", "en").stdout
    assert "lewat waktu" in indonesian
    assert "fiktif positif" in indonesian
    assert "overdue" in english
    assert "lewat waktu" not in english
    assert absah(home, "service", "report", "--year", "2020").stdout.splitlines()[-1] == "Jumlah: 0"


def test_the_promised_days_are_read_from_the_configuration(home: Path) -> None:
    settings = home / "absah.toml"
    before = settings.read_text()
    try:
        settings.write_text(before.replace("promise_working_days = 5", "promise_working_days = 3"))
        first = json.loads(absah(home, "service", "report", "--json").stdout.splitlines()[0])
        assert (datetime.date.fromisoformat(first["due"]) - datetime.date.fromisoformat(first["received"])).days < 7
        settings.write_text(before.replace("promise_working_days = 5", "promise_working_days = 0"))
        assert "promise_working_days" in absah(home, "service", "report", status=2).stderr
    finally:
        settings.write_text(before)


def test_the_calendar_lists_days_and_sources_and_warns_past_the_last_decree(tmp_path: Path) -> None:
    shown = absah(tmp_path, "service", "calendar", "2026")
    assert "2026-12-24  Kamis      cuti bersama" in shown.stdout
    assert "Nomor 1497 Tahun 2025" in shown.stdout
    assert str(SHIPPED) in shown.stdout
    assert shown.stderr == ""
    assert "WARNING: The days off of 2028" in absah(tmp_path, "service", "calendar", "2028", "--lang", "en").stderr
    warned = absah(tmp_path, "service", "calendar", "2028").stderr
    assert "2027" in warned
    assert str(tmp_path / "holidays.toml") in warned
    absah(tmp_path, "service", "calendar", "28", status=2)


def test_a_year_in_the_office_s_own_table_counts_and_leaves_the_other_years(tmp_path: Path) -> None:
    (tmp_path / "holidays.toml").write_text(
        '[2028]\ndecree = "SKB Contoh 2028"\n[2028.national]\n2028-01-03 = { id = "Hari Contoh" }\n'
    )
    own = absah(tmp_path, "service", "calendar", "2028")
    assert "Hari Contoh" in own.stdout
    assert "SKB Contoh 2028" in own.stdout
    assert own.stderr == ""
    assert "Nomor 1497 Tahun 2025" in absah(tmp_path, "service", "calendar", "2026").stdout
    (tmp_path / "holidays.toml").write_text("[2028]\n")
    refused = absah(tmp_path, "service", "calendar", "2026", status=2).stderr
    assert "holidays.toml: 2028.decree: is missing" in refused


def test_every_sentence_of_the_command_has_an_english_one() -> None:
    catalogue = io.BytesIO((ROOT / "cli/locale/en/LC_MESSAGES/cli.po").read_bytes())
    english = {message.id: message.string for message in pofile.read_po(catalogue, locale="en", abort_invalid=True)}
    said = {
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(Path(service.__file__).read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(said) > 10
    assert set(service.STATES) == set(State)
    assert set(service.KINDS) == set(Kind)
    for sentence in said | set(service.STATES.values()) | set(service.KINDS.values()):
        assert english.get(sentence), sentence
