"""What the registry's keepers do through the command line: publish, prove, check, back up, restore, replay."""

import ast
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import pofile

from cli import databases, keeping
from cli.temporary import postgresql
from registry import fsck

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "templates" / "genset" / "v1" / "samples").glob("*.json"))


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


def issued(home: Path, sample: Path) -> str:
    done = absah("issue", sample, "--out", home.parent / "izin.pdf", home=home)
    return done.stdout.partition(" -> ")[0].splitlines()[-1]


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> tuple[Path, str, Path, str]:
    """A home with one permit, a backup of it, and a second permit issued after the backup."""
    folder = tmp_path_factory.mktemp("office")
    home, backup = folder / "home", folder / "cadangan.tar"
    first = issued(home, SAMPLES[0])
    absah("db", "backup", backup, home=home)
    return home, first, backup, issued(home, SAMPLES[1])


def test_a_proof_is_written_and_judged_offline(office, tmp_path) -> None:
    home, number, _, _ = office
    proof = tmp_path / "izin.tlog-proof"
    absah("log", "prove", number, "--out", proof, home=home)
    assert proof.read_bytes().startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    key = home / "public" / ".well-known" / "absah" / "log.vkey"
    judged = absah("log", "verify", proof, "--key", key, home=tmp_path / "nowhere")
    assert "izin terbit" in judged.stdout
    absah("log", "prove", number, "--out", proof, home=home, status=2)  # never overwritten
    assert "Tidak ada izin" in absah("log", "prove", "503/999", home=home, status=1).stderr
    assert "No permit" in absah("log", "prove", "503/999", "--lang", "en", home=home, status=1).stderr


def test_an_honest_home_is_clean_and_a_touched_one_is_named(office, tmp_path) -> None:
    home, _, _, _ = office
    assert "saling cocok" in absah("log", "fsck", home=home).stdout
    assert "utuh" in absah("db", "check", home=home).stdout
    touched = tmp_path / "touched"
    shutil.copytree(home, touched)
    with sqlite3.connect(touched / "absah.db") as database:
        database.execute("DROP TRIGGER instruments_update")
        database.execute("UPDATE instruments SET valid_until = '2040-01-01' WHERE id = 1")
    database.close()
    found = absah("log", "fsck", home=touched, status=1).stdout
    assert "row_changed  instruments 1: baris diubah" in found
    assert "guard_missing" in found
    lines = absah("log", "fsck", "--json", home=touched, status=1).stdout.splitlines()
    assert {json.loads(line)["code"] for line in lines} == {"row_changed", "guard_missing"}
    assert "instruments_update" in absah("db", "check", home=touched, status=1).stdout


def test_a_checkpoint_kept_elsewhere_tells_of_a_registry_set_back(office, tmp_path) -> None:
    home, _, backup, _ = office
    elsewhere = tmp_path / "checkpoint"
    shutil.copy(home / "public" / "log" / "checkpoint", elsewhere)
    old = tmp_path / "old"
    absah("db", "restore", backup, home=old)
    found = absah("log", "fsck", "--checkpoint", elsewhere, home=old, status=1).stdout
    assert "rolled_back" in found
    (tmp_path / "none").write_text("no checkpoint")
    assert "bukan checkpoint" in absah("log", "fsck", "--checkpoint", tmp_path / "none", home=old, status=2).stderr


def test_yesterdays_backup_comes_back_read_only_and_goes_on_after_the_replay(office, tmp_path) -> None:
    home, first, backup, second = office
    restored = tmp_path / "restored"
    absah("db", "restore", backup, home=restored)
    assert not list((restored / "keys").iterdir())
    refused = absah("number", "void", "genset", 9, "--year", 2026, "--reason", "x", home=restored, status=2)
    assert "hanya dapat dibaca" in refused.stderr
    absah("db", "replay", "--log", home / "public" / "log", home=restored, status=2)  # the keys are not back yet
    shutil.copytree(home / "keys", restored / "keys", dirs_exist_ok=True)
    shutil.copytree(home / "documents", restored / "documents", dirs_exist_ok=True)  # the file store survived
    done = absah("db", "replay", "--log", home / "public" / "log", home=restored)
    assert "diputar ulang" in done.stdout
    assert "saling cocok" in absah("log", "fsck", home=restored).stdout
    log = Path("public/log/checkpoint")
    assert (restored / log).read_bytes() == (home / log).read_bytes()
    numbers = absah("number", "report", "--lang", "en", home=restored).stdout
    assert first in numbers
    assert second in numbers
    third = issued(restored, SAMPLES[2])
    assert third not in (first, second)
    again = absah("db", "replay", home=restored)
    assert "Tidak ada yang perlu diputar ulang" in again.stdout
    assert "saling cocok" in absah("log", "fsck", home=restored).stdout


def test_a_restored_home_never_makes_new_keys_in_the_place_of_lost_ones(office, tmp_path) -> None:
    _, _, backup, _ = office
    restored = tmp_path / "restored"
    absah("db", "restore", backup, home=restored)
    refused = absah("issue", SAMPLES[2], "--out", tmp_path / "x.pdf", home=restored, status=2)
    assert "copy them back" in refused.stderr


def test_a_backup_goes_neither_over_a_file_nor_into_a_home(office, tmp_path) -> None:
    home, _, backup, _ = office
    assert "tidak pernah ditimpa" in absah("db", "backup", backup, home=home, status=2).stderr
    assert "sudah berisi data" in absah("db", "restore", backup, home=home, status=2).stderr
    assert "bukan cadangan" in absah("db", "restore", SAMPLES[0], home=tmp_path / "new", status=2).stderr
    assert not (tmp_path / "new").exists()


def test_a_home_stands_on_postgresql_too_and_a_backup_moves_it_there(office, tmp_path) -> None:
    home, _, backup, _ = office
    with postgresql() as server:
        address = server.database()
        url = f"postgresql:///{address.database}?host={address.query['host']}&user={address.username}"
        moved = tmp_path / "moved"
        absah("db", "restore", backup, "--database", url, home=moved)
        shutil.copytree(home / "keys", moved / "keys", dirs_exist_ok=True)
        shutil.copytree(home / "documents", moved / "documents", dirs_exist_ok=True)
        absah("db", "replay", "--log", home / "public" / "log", home=moved)
        issued(moved, SAMPLES[2])
        assert "saling cocok" in absah("log", "fsck", home=moved).stdout
        assert not (moved / "absah.db").exists()
        assert "revisi" in absah("db", "upgrade", home=moved).stdout


def test_a_password_in_the_configuration_is_refused(tmp_path) -> None:
    url = "postgresql://absah:rahasia@127.0.0.1/absah"
    words = ("init", "--mode", "production", "--host", "izin.example.go.id", "--database", url)
    refused = absah(*words, home=tmp_path / "home", status=2)
    assert "password" in refused.stderr
    assert "rahasia" not in refused.stderr
    assert not (tmp_path / "home" / "absah.toml").exists()


def test_every_code_of_fsck_has_its_sentence_in_both_languages() -> None:
    codes = set()
    for path in Path(fsck.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Difference":
                [code] = [word.value for word in node.keywords if word.arg == "code"]
                if isinstance(code, ast.Constant):
                    codes.add(code.value)
    assert codes <= keeping.SENTENCES.keys()
    catalogue = pofile.read_po(io.BytesIO((ROOT / "cli/locale/en/LC_MESSAGES/cli.po").read_bytes()))
    english = {message.id: message.string for message in catalogue if message.id}
    said = set(keeping.SENTENCES.values())
    for module in (keeping, databases):
        said |= {value for name, value in vars(module).items() if not name.startswith("__") and _is_sentence(value)}
    assert sorted(text for text in said if not english.get(text)) == []


def _is_sentence(value: object) -> bool:
    return isinstance(value, str) and " " in value and value.endswith((".", "}"))
