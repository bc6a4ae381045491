"""The log's commands as an auditor, an inspectorate and a bank run them: real processes, files and exit statuses."""

import ast
import datetime
import hashlib
import http.server
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from babel.messages import pofile

from cli import logs
from cli.main import parser
from registry.formats import note
from registry.formats.logentry import Event
from registry.formats.note import NoteVerifier

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("fake_logs", ROOT / "tests" / "unit" / "verifier" / "fake_logs.py")
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)


def absah(*words: object, status: int = 0, code: str = "-mcli.main") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *([code] if code.startswith("-m") else ["-c", code]), *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "ABSAH_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def log(tmp_path):
    return fakes.FakeLog(tmp_path / "log")


def lines(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_auditor_watches_a_log_and_keeps_what_proves_its_rewriting(log, tmp_path) -> None:
    state = tmp_path / "audit.json"
    log.count(257)
    without = absah("log", "monitor", log.folder, "--state", state, status=2)
    assert "--key" in without.stderr
    assert not state.exists()
    first = absah("log", "monitor", log.folder, "--state", state, "--key", log.verifier.text).stdout.splitlines()
    assert len(first) == 258
    assert re.match(r"0  dokumen terbit  serial 1000  berlaku 2026-11-22T23:13:20Z  dicatat 2026-11-22T", first[0])
    assert "pemantauan pertama, 257 catatan" in first[-1]

    log.grow(fakes.entry(257, event=Event.REVOKE, serial=1003))
    added = lines(absah("log", "monitor", log.folder, "--state", state, "--json"))
    assert [(one["kind"], one.get("index"), one.get("event"), one.get("serial")) for one in added] == [
        ("entry", 257, "revoke", 1003),
        ("consistent", None, None, None),
    ]
    assert (added[-1]["size"], added[-1]["added"], added[-1]["origin"]) == (258, 1, fakes.ORIGIN)
    assert added[0]["file_sha256"] == hashlib.sha256(b"257").hexdigest()
    same = absah("log", "monitor", log.folder, "--state", state, "--lang", "en").stdout
    assert same == f"{fakes.ORIGIN}: nothing new; the log holds 258 entries as before.\n"

    seen = state.read_bytes()
    fork = log.fork(tmp_path / "fork", 200).grow(*(fakes.entry(9000 + place) for place in range(60)))
    alarm = absah("log", "monitor", fork.folder, "--state", state, status=1).stdout
    assert alarm.startswith("ALARM: log menulis ulang riwayatnya: 260 catatan")
    evidence = {path.read_bytes() for path in tmp_path.glob("audit.json.evidence-*")}
    assert evidence == {log.checkpoint(), fork.checkpoint()}
    assert state.read_bytes() == seen
    (told,) = lines(absah("log", "monitor", fork.folder, "--state", state, "--json", status=1))
    assert (told["code"], len(told["evidence"])) == ("inconsistent", 2)
    absah("log", "monitor", log.folder, "--state", state)


def test_a_state_holds_on_to_its_key(log, tmp_path) -> None:
    state, key = tmp_path / "audit.json", tmp_path / "log.vkey"
    key.write_text(log.verifier.text + "\n")
    log.count(1)
    absah("log", "monitor", log.folder, "--state", state, "--key", key)
    other = fakes.FakeLog(tmp_path / "other").count(2)
    refused = absah("log", "monitor", other.folder, "--state", state, "--key", other.verifier.text, status=2)
    assert log.verifier.text in refused.stderr
    alarm = absah("log", "monitor", other.folder, "--state", state, status=1)
    assert "bukan checkpoint" in alarm.stdout


@pytest.mark.parametrize("key", ["", "tiada", "a+b+c", "izin.example.go.id/log+00000000+AAAA"])
def test_a_key_that_is_none_is_named_with_the_remedy(log, tmp_path, key) -> None:
    log.count(1)
    said = absah("log", "monitor", log.folder, "--state", tmp_path / "s", "--key", key, status=2).stderr
    assert "NAME+HASH+BASE64" in said


def test_what_cannot_be_read_is_neither_well_nor_an_alarm(log, tmp_path) -> None:
    log.count(300)
    log.remove("tile/entries/001.p/44")
    state = tmp_path / "audit.json"
    absah("log", "monitor", log.folder, "--state", state, "--key", log.verifier.text, status=2)
    assert not state.exists()
    address = "http://127.0.0.1:1/log"
    absah("log", "monitor", address, "--state", state, "--key", log.verifier.text, status=2)
    state.write_text("{}")
    absah("log", "monitor", log.folder, "--state", state, "--key", log.verifier.text, status=2)
    assert state.read_text() == "{}"


def test_an_alarm_about_an_entry_is_told_once_and_what_follows_is_still_watched(log, tmp_path) -> None:
    state = tmp_path / "audit.json"
    log.grow(fakes.entry(0, serial=7), fakes.entry(1, serial=7), b"bukan catatan")
    words = ("log", "monitor", log.folder, "--state", state, "--key", log.verifier.text, "--json")
    told = [(one.get("code"), one.get("index")) for one in lines(absah(*words, status=1)) if one["kind"] == "alarm"]
    assert told == [("issued_twice", 1), ("entry", 2)]
    (same,) = lines(absah(*words))
    assert (same["kind"], same["size"]) == ("consistent", 3)


def test_a_log_on_the_web_is_watched(log, tmp_path) -> None:
    log.count(3)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/log/"
            done = absah("log", "monitor", address, "--state", tmp_path / "s", "--key", log.verifier.text, "--json")
        finally:
            server.shutdown()
            thread.join()
    assert [one["kind"] for one in lines(done)] == ["entry"] * 3 + ["consistent"]


class Ended(BaseException):
    """The watch would go on."""


def test_a_watch_outlasts_an_outage_and_ends_with_the_first_alarm(log, tmp_path, capsys) -> None:
    log.count(2)
    fork = log.fork(tmp_path / "fork", 0).count(1)
    arguments = parser().parse_args(
        ["log", "monitor", str(log.folder), "--state", str(tmp_path / "s"), "--key", log.verifier.text, "--watch", "60"]
    )
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            log.count(1)
        elif len(waits) == 2:
            log.remove("checkpoint")
        elif len(waits) == 3:
            log.put("checkpoint", fork.checkpoint())
        else:
            raise Ended

    assert logs.run(arguments, clock=lambda: fakes.NOW, sleep=sleep) == 1
    said = capsys.readouterr()
    assert waits == [60, 60, 60]
    assert "1 catatan baru" in said.out
    assert "log mundur: dahulu berisi 3 catatan, kini 1" in said.out
    assert "there is no" in said.err


def test_what_was_told_to_nobody_is_not_remembered(log, tmp_path, monkeypatch) -> None:
    log.count(2)
    state = tmp_path / "s"
    arguments = parser().parse_args(
        ["log", "monitor", str(log.folder), "--state", str(state), "--key", log.verifier.text]
    )

    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        logs.run(arguments, clock=lambda: fakes.NOW, sleep=lambda _: None)
    assert not state.exists()


def test_an_old_log_is_an_alarm_when_asked_for(log, tmp_path) -> None:
    log.count(1)
    words = ("log", "monitor", log.folder, "--state", tmp_path / "s", "--key", log.verifier.text, "--json")
    arguments = parser().parse_args([*map(str, words), "--max-age", "1"])
    later = fakes.NOW + datetime.timedelta(days=3)
    assert logs.run(arguments, clock=lambda: later, sleep=lambda _: None) == 1
    assert logs.run(parser().parse_args(list(map(str, words))), clock=lambda: later, sleep=lambda _: None) == 0


def test_an_inspectorate_witnesses_a_log(log, tmp_path) -> None:
    key, out = tmp_path / "saksi.pem", tmp_path / "cosigned"
    made = absah("log", "witness", "--make-key", "inspektorat.example.go.id/saksi", "--key", key)
    witness = NoteVerifier.parse(made.stdout.strip())
    assert witness.kind is note.NoteKind.COSIGNATURE
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_bytes()
    absah("log", "witness", "--make-key", "lain", "--key", key, status=2)
    assert key.read_bytes() == kept

    log.count(3)
    words = ("log", "witness", log.folder, "--key", key, "--log-key", log.verifier.text, "--out", out)
    assert "--first" in absah(*words, status=2).stderr
    said = absah(*words, "--first").stdout
    assert len(said.splitlines()) == 1
    assert "3 catatan disaksikan oleh inspektorat.example.go.id/saksi" in said
    note.open_note(out.read_bytes(), [], require=[log.verifier, witness])

    log.put("checkpoint", out.read_bytes())
    watched = absah(
        "log", "monitor", log.folder, "--state", tmp_path / "s", "--key", log.verifier.text, "--witness", witness.text
    )
    assert "Disaksikan oleh inspektorat.example.go.id/saksi" in watched.stdout

    cosigned = out.read_bytes()
    fork = log.fork(tmp_path / "fork", 2).grow(fakes.entry(50))
    refused = absah("log", "witness", fork.folder, *words[3:], status=1).stdout
    assert refused.startswith("TIDAK DISAKSIKAN: log bermuka dua")
    assert out.read_bytes() == cosigned
    evidence = {path.read_bytes() for path in (tmp_path / "saksi.pem.memory").glob("*.evidence-*")}
    assert evidence == {log.get("checkpoint"), fork.checkpoint()} or evidence == {log.checkpoint(), fork.checkpoint()}


def test_a_witness_whose_memory_was_removed_is_not_made_again_for_its_key(log, tmp_path) -> None:
    key = tmp_path / "saksi.pem"
    absah("log", "witness", "--make-key", "saksi", "--key", key)
    (tmp_path / "saksi.pem.memory").rmdir()
    absah("log", "witness", "--make-key", "saksi", "--key", key, status=2)
    log.count(1)
    words = ("log", "witness", log.folder, "--key", key, "--log-key", log.verifier.text, "--first")
    assert "new key" in absah(*words, "--out", tmp_path / "out", status=2).stderr
    assert not (tmp_path / "out").exists()
    absah(*words, status=2)


@pytest.fixture
def proven(log, tmp_path):
    """A permit's file, its proof cosigned by a witness, and the witness."""
    permit, proof = tmp_path / "izin.pdf", tmp_path / "izin.tlog-proof"
    permit.write_bytes(b"%PDF-1.7 contoh")
    log.count(5).grow(fakes.entry(5, file=permit.read_bytes()))
    signer, witness = fakes.witness_signer()
    proof.write_bytes(log.proof(5, checkpoint=fakes.cosigned(log.checkpoint(), signer)))
    return permit, proof, witness


def test_a_proof_is_judged_offline_and_says_what_it_does_not_prove(log, proven) -> None:
    permit, proof, witness = proven
    words = ("log", "verify", proof, "--key", log.verifier.text)
    said = absah(*words).stdout
    assert said.startswith(f"Terbukti: catatan 5 dalam log {fakes.ORIGIN} berbunyi “dokumen terbit”, serial 1005, ")
    assert "6 catatan" in said
    assert "Tidak terbukti: keadaan sesudahnya" in said
    assert "mintalah saksi" in said
    more = absah(*words, "--file", permit, "--witness", witness.text, "--lang", "en").stdout
    assert f"The file {permit} is the one that was recorded." in more
    assert f"Witnessed by {witness.name} at 2026-11-24T03:00:00Z." in more
    assert "ask for a witness" not in more


def test_a_proof_that_proves_nothing_is_told_from_one_that_cannot_be_judged(log, proven, tmp_path) -> None:
    permit, proof, witness = proven
    _, other = fakes.witness_signer("lain.example.go.id")
    words = ("log", "verify", proof, "--key", log.verifier.text)
    stranger = fakes.FakeLog(tmp_path / "other")
    for wrong in (
        ("log", "verify", proof, "--key", stranger.verifier.text),
        (*words, "--witness", other.text),
        (*words, "--file", proof),
        ("log", "verify", permit, "--key", log.verifier.text),
    ):
        assert absah(*wrong, status=1).stdout.startswith("TIDAK TERBUKTI: ")
    for missing in (
        ("log", "verify", proof),
        ("log", "verify", tmp_path / "tiada", "--key", log.verifier.text),
        (*words, "--file", tmp_path / "tiada"),
        (*words, "--witness", log.verifier.text),
        (*words, "--witness", witness.text, "--witness", witness.text),
    ):
        assert absah(*missing, status=2).stderr.startswith("absah: ")


def test_a_proof_is_judged_by_the_key_that_this_home_publishes(log, proven, tmp_path) -> None:
    _, proof, _ = proven
    published = tmp_path / "home" / logs.PUBLISHED_KEY
    published.parent.mkdir(parents=True)
    published.write_text(log.verifier.text + "\n")
    assert "Terbukti" in absah("log", "verify", proof, "--home", tmp_path / "home").stdout


def test_an_outside_party_loads_neither_database_nor_rooms_that_sign(log, proven, tmp_path) -> None:
    _, proof, _ = proven
    absah("log", "witness", "--make-key", "saksi", "--key", tmp_path / "saksi.pem")
    key = log.verifier.text
    tail = "; print(chr(10).join(sys.modules), file=sys.stderr); sys.exit(status)"
    for words in (
        ("monitor", log.folder, "--state", tmp_path / "s", "--key", key),
        ("witness", log.folder, "--key", tmp_path / "saksi.pem", "--log-key", key, "--out", tmp_path / "o", "--first"),
        ("verify", proof, "--key", key),
    ):
        code = "import sys; from cli.main import main; status = main(sys.argv[1:])" + tail
        loaded = set(absah("log", *words, code=code).stderr.split())
        assert "verifier.logreader" in loaded
        rooms = {"sqlalchemy", "alembic", "psycopg", "starlette", "pyhanko", "weasyprint", "obstore", "pydantic"}
        rooms |= {"signing", "templates", "desk", "registry.database", "registry.schema", "cli.home"}
        rooms |= {"keys.development", "keys.handles", "keys.statement"}
        assert not loaded & rooms


def messages() -> list[str]:
    return [
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(Path(logs.__file__).read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"
    ]


def test_every_sentence_has_an_english_one_with_the_same_places() -> None:
    catalogue = io.BytesIO((ROOT / "cli/locale/en/LC_MESSAGES/cli.po").read_bytes())
    english = {message.id: message.string for message in pofile.read_po(catalogue, locale="en", abort_invalid=True)}
    assert len(messages()) > 40
    for message in messages():
        assert english.get(message), message
        assert sorted(re.findall(r"\{\w+\}", english[message])) == sorted(re.findall(r"\{\w+\}", message))
    assert set(logs.EVENTS) == set(Event)
