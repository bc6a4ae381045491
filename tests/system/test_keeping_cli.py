"""What the registry's keepers do through the command line: publish, prove, check, back up, restore, replay."""

import ast
import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from babel.messages import pofile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli import databases, keeping
from cli.temporary import postgresql
from keys.development import DevelopmentPki
from keys.notes import Ed25519NoteSigner
from registry import fsck
from registry.database import Database
from registry.formats import note
from registry.formats.checkpoint import Checkpoint
from registry.formats.note import NoteVerifier

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "templates" / "packs" / "genset" / "v1" / "samples").glob("*.json"))


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
    assert "dokumen terbit" in judged.stdout
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


def test_a_log_signed_by_another_key_shows_to_whoever_brings_the_right_one(office) -> None:
    home, _, _, _ = office
    published = (home / "public" / ".well-known" / "absah" / "log.vkey").read_text().strip()
    assert "saling cocok" in absah("log", "fsck", "--key", published, home=home).stdout
    # A known key of the Go project's sample note: whatever this home publishes, it is not that log.
    stranger = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert "checkpoint_not_ours" in absah("log", "fsck", "--key", stranger, home=home, status=1).stdout


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


@pytest.mark.long
def test_yesterdays_backup_comes_back_read_only_and_goes_on_after_the_replay(office, tmp_path) -> None:
    home, first, backup, second = office
    restored = tmp_path / "restored"
    absah("db", "restore", backup, home=restored)
    assert not list((restored / "keys").iterdir())
    refused = absah("number", "void", "genset", 9, "--year", 2026, "--reason", "x", home=restored, status=2)
    assert "hanya dapat dibaca" in refused.stderr
    since = ("--log", home / "public" / "log", "--nothing-printed-since")
    absah("db", "replay", *since, home=restored, status=2)  # the keys are not back yet
    shutil.copytree(home / "keys", restored / "keys", dirs_exist_ok=True)
    shutil.copytree(home / "documents", restored / "documents", dirs_exist_ok=True)  # the file store survived
    asked = absah("db", "replay", "--log", home / "public" / "log", home=restored, status=2).stderr
    assert "Periksa buku agenda" in asked
    assert "--last-number genset 2026 N" in asked
    done = absah("db", "replay", *since, home=restored)
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


@pytest.fixture
def restored(office, tmp_path) -> Path:
    """A home restored from the backup, with its keys, and with the file store and log that survived."""
    home, _, backup, _ = office
    folder = tmp_path / "restored"
    absah("db", "restore", backup, home=folder)
    for name in ("keys", "documents", "public/log"):
        shutil.copytree(home / name, folder / name, dirs_exist_ok=True)
    return folder


def checkpoints_of(home: Path) -> list[bytes]:
    """Every checkpoint that a home has signed, the oldest first."""
    with contextlib.closing(sqlite3.connect(home / "absah.db")) as database:
        return [note for (note,) in database.execute("SELECT note FROM checkpoints ORDER BY size")]


def test_an_old_checkpoint_does_not_end_the_replay_before_the_newest_one(office, restored, tmp_path) -> None:
    home, _, _, second = office
    old = tmp_path / "old"
    old.write_bytes(checkpoints_of(home)[0])
    newest = home / "public" / "log" / "checkpoint"
    copy = tmp_path / "log"
    shutil.copytree(home / "public" / "log", copy)
    (copy / "checkpoint").write_bytes(old.read_bytes())
    for path in copy.glob("tile/**/000.p/*"):
        path.unlink()  # a copy of the log from before the last day
    words = ("db", "replay", "--nothing-printed-since", "--log", copy, "--checkpoint", old)
    refused = absah(*words, home=restored, status=2)  # what stands in front here is newer
    assert "--log URL|DIR" in refused.stderr
    (restored / "public" / "log" / "checkpoint").unlink()
    assert "--log URL|DIR" in absah(*words, home=restored, status=2).stderr  # so is what the log's key remembers
    (restored / "keys" / "log.last").unlink()
    assert "--log URL|DIR" in absah(*words, "--checkpoint", newest, home=restored, status=2).stderr
    reached = ("db", "replay", "--nothing-printed-since", "--checkpoint", old, "--checkpoint", newest)
    absah(*reached, home=restored)
    assert second in absah("number", "report", home=restored).stdout
    assert (restored / "public" / "log" / "checkpoint").read_bytes() == newest.read_bytes()


def test_two_histories_under_one_key_stop_the_replay(office, restored, tmp_path) -> None:
    home, _, _, _ = office
    real = (home / "public" / "log" / "checkpoint").read_bytes()
    origin, size, _ = real.decode().split("\n")[:3]
    other = Checkpoint(origin=origin, size=int(size), root=bytes(32))
    signer = DevelopmentPki.load(home / "keys").log_signer(origin)
    (tmp_path / "other").write_bytes(note.sign(other.encode(), signer))
    words = ("db", "replay", "--nothing-printed-since", "--checkpoint", tmp_path / "other")
    assert "dua riwayat" in absah(*words, home=restored, status=2).stderr
    assert "db replay" in absah("log", "publish", home=restored, status=2).stderr


def test_a_log_key_that_came_with_a_forged_backup_is_not_believed(restored) -> None:
    key = restored / "public" / ".well-known" / "absah" / "log.vkey"
    name = key.read_text().partition("+")[0]
    forger = Ed25519NoteSigner(name=name, private_key=Ed25519PrivateKey.generate())
    key.write_text(NoteVerifier.of(forger).text + "\n")
    refused = absah("db", "replay", "--nothing-printed-since", home=restored, status=2)
    assert "tidak berpasangan" in refused.stderr


@pytest.mark.long
def test_the_keeper_says_up_to_where_numbers_were_printed(restored) -> None:
    asked = absah("db", "replay", home=restored, status=2).stderr
    words = next(line for line in asked.splitlines() if "--last-number" in line).rpartition("): ")[2]
    typed = words.replace(" N", " 4" if words.count("--last-number") == 1 else " 0").split()
    typed = [*typed, "--last-number", "genset", "2026", "4"]
    said = absah("db", "replay", *typed, "--lang", "en", home=restored).stdout
    assert "Number genset 2026/3 was made void" in said
    assert "Number genset 2026/4 was made void" in said
    assert issued(restored, SAMPLES[2]).split("/")[1] == "005"
    assert "saling cocok" in absah("log", "fsck", home=restored).stdout


def test_a_restoration_that_was_cut_off_is_typed_again(office, tmp_path) -> None:
    home, _, backup, _ = office
    begun = tmp_path / "begun"
    begun.mkdir()
    Database.create(begun / "absah.db").close()  # killed before its rows were committed
    absah("db", "restore", backup, home=begun)
    filled = tmp_path / "filled"
    filled.mkdir()
    shutil.copy(home / "absah.db", filled / "absah.db")
    assert "sudah memuat registri" in absah("db", "restore", backup, home=filled, status=2).stderr


@pytest.mark.parametrize(
    "name",
    ["keys/statement.key", "absah.db", "documents/ab/cd", "../x", "/x", "public/.well-known/absah/../../x", "a\0b"],
)
def test_a_backup_writes_nothing_but_what_a_backup_holds(office, tmp_path, name) -> None:
    _, _, backup, _ = office
    forged = tmp_path / "palsu.tar"
    shutil.copy(backup, forged)
    with tarfile.open(forged, "a") as archive:
        member = tarfile.TarInfo("replaced")
        member.name, member.size = f"files/{name}", 1
        archive.addfile(member, io.BytesIO(b"x"))
    refused = absah("db", "restore", forged, home=tmp_path / "new", status=2)
    assert "Cadangan ini memuat" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.long
def test_a_database_put_back_by_hand_takes_nothing_in_until_it_was_replayed(office, tmp_path) -> None:
    source, _, _, _ = office
    home = tmp_path / "home"
    shutil.copytree(source, home)
    copy = sqlite3.connect(tmp_path / "copy.db")
    with sqlite3.connect(home / "absah.db") as live:
        live.backup(copy)
    live.close()
    third = issued(home, SAMPLES[2])
    for name in ("absah.db", "absah.db-wal", "absah.db-shm"):
        (home / name).unlink(missing_ok=True)
    with sqlite3.connect(home / "absah.db") as put_back:
        copy.backup(put_back)
    put_back.close()
    copy.close()
    decision = tmp_path / "d.json"
    text = SAMPLES[2].read_text().replace("CONTOH-2026-0003", "CONTOH-2026-0099")
    decision.write_text(text)
    refused = absah("issue", decision, "--out", tmp_path / "x.pdf", home=home, status=2)
    assert "rolled back" in refused.stderr
    year = third.rpartition("/")[2]
    others = ("penangkal_petir", "pencabutan", "pengganti")  # pembekuan shares the decrees' series with pencabutan
    nothing = [word for name in others for word in ("--last-number", name, year, 0)]
    absah("db", "replay", "--last-number", "genset", year, 3, *nothing, home=home)
    assert third in absah("number", "report", home=home).stdout
    assert "saling cocok" in absah("log", "fsck", home=home).stdout


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


@pytest.mark.long
def test_a_home_stands_on_postgresql_too_and_a_backup_moves_it_there(office, tmp_path) -> None:
    home, _, backup, _ = office
    with postgresql() as server:
        address = server.database()
        url = f"postgresql:///{address.database}?host={address.query['host']}&user={address.username}"
        moved = tmp_path / "moved"
        absah("db", "restore", backup, "--database", url, home=moved)
        shutil.copytree(home / "keys", moved / "keys", dirs_exist_ok=True)
        shutil.copytree(home / "documents", moved / "documents", dirs_exist_ok=True)
        absah("db", "replay", "--log", home / "public" / "log", "--nothing-printed-since", home=moved)
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
