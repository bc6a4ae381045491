"""The command line as its users run it: real processes, real files, exit statuses."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "templates" / "packs" / "genset" / "v1" / "samples").glob("*.json"))


def absah(*words: object, status: int | None = 0, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"ABSAH_HOME": str(home)} if home else {})}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, words)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, dict]:
    home = tmp_path_factory.mktemp("cli") / "home"
    done = absah("demo", "--exit", "--json", home=home)
    return home, json.loads(done.stdout.splitlines()[-1])


def test_the_demo_issues_every_sample_and_every_verdict_is_right(demo) -> None:
    home, said = demo
    assert (said["home"], said["right"], len(said["permits"])) == (str(home), True, 3)
    for permit in said["permits"]:
        assert Path(permit["pdf"]).read_bytes().startswith(b"%PDF-")
        assert re.fullmatch(r"https://izin\.example\.go\.id/v/[1-9][0-9]{400,}", permit["link"])
        assert permit["verdicts"]["pdf"]["verdict"] == "genuine"
        assert set(permit["verdicts"]["pdf"]["answers"].values()) == {"passed"}
        for kind in ("link", "photo"):
            verdict = permit["verdicts"][kind]
            assert (verdict["verdict"], verdict["subject"], verdict["simulation"]) == ("compare", "statement", True)
            assert verdict["answers"] == {
                "intact": "unknown", "issued": "passed", "in_force": "passed", "authorised": "passed",
            }  # fmt: skip


@pytest.mark.long
def test_a_second_demo_keeps_what_is_there(demo) -> None:
    home, first = demo
    again = json.loads(absah("demo", "--exit", "--json", home=home).stdout.splitlines()[-1])
    assert [(p["number"], p["link"]) for p in again["permits"]] == [(p["number"], p["link"]) for p in first["permits"]]


def test_the_demo_speaks_to_people_too(demo) -> None:
    home, said = demo
    shown = absah("demo", "--exit", "--home", home).stdout
    for permit in said["permits"]:
        assert permit["number"] in shown
    assert "genuine" in shown
    assert str(home) in shown


def test_verify_reports_one_line_an_input_in_the_agreed_shape(demo) -> None:
    home, said = demo
    permit = said["permits"][0]
    done = absah(
        "verify", "--json", permit["pdf"], permit["link"], permit["link"].rpartition("/")[2], home=home, status=2
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["input"] for line in lines] == [permit["pdf"], permit["link"], permit["link"].rpartition("/")[2]]
    for line in lines:
        assert set(line) == {
            "input", "subject", "verdict", "kind", "simulation", "answers", "as_of", "sentence", "permit", "checks",
        }  # fmt: skip
        assert (line["kind"], line["permit"]["number"]) == ("permit", permit["number"])
        for check in line["checks"]:
            assert set(check) == {"id", "answer", "outcome", "reason"}
            assert (check["outcome"] == "passed") == (check["reason"] is None)
    absah("verify", permit["pdf"], home=home, status=0)


def test_no_verdict_shows_what_is_private(demo) -> None:
    _, said = demo
    text = json.dumps(said, ensure_ascii=False)
    for sample in SAMPLES:
        for value in _leaves(json.loads(sample.read_text())["private"]):
            assert value not in text
            for permit in said["permits"]:
                assert value.encode() not in Path(permit["pdf"]).read_bytes()


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value] if isinstance(value, str) and len(value) > 5 else []


def test_exit_status_tells_failed_unknown_and_misuse_apart(demo, tmp_path) -> None:
    home, said = demo
    data = bytearray(Path(said["permits"][0]["pdf"]).read_bytes())
    data[len(data) // 2] ^= 1
    altered = tmp_path / "ubahan.pdf"
    altered.write_bytes(data)
    assert json.loads(absah("verify", "--json", altered, home=home, status=1).stdout)["verdict"] == "altered"
    absah("verify", said["permits"][0]["link"], home=home, status=2)
    note = tmp_path / "catatan.txt"
    note.write_text("bukan izin")
    assert json.loads(absah("verify", "--json", note, home=home, status=None).stdout)["verdict"] == "unknown"
    missing = absah("verify", "--json", tmp_path / "tidak-ada.pdf", home=home, status=2)
    assert "No such file" in missing.stderr
    assert json.loads(missing.stdout)["verdict"] == "unchecked"
    assert "no Absah home" in absah("verify", altered, home=tmp_path / "kosong", status=2).stderr


@pytest.mark.long
def test_on_a_date_and_in_english(demo) -> None:
    home, said = demo
    pdf = said["permits"][0]["pdf"]
    early = json.loads(absah("verify", "--json", "--on", "2020-01-01", pdf, home=home, status=1).stdout)
    assert early["verdict"] == "not_yet_in_force"
    indonesian = json.loads(absah("verify", "--json", pdf, home=home).stdout)["sentence"]
    english = json.loads(absah("verify", "--json", "--lang", "en", pdf, home=home).stdout)["sentence"]
    assert "asli" in indonesian
    assert "genuine" in english


def test_trust_export_gives_an_outsider_what_they_need(demo, tmp_path) -> None:
    home, _ = demo
    absah("trust", "export", tmp_path / "trust", home=home)
    names = {path.name for path in (tmp_path / "trust").iterdir()}
    assert {"roots.pem", "statement-keys.json"} <= names
    assert len([name for name in names if name.endswith(".crl")]) == 2
    assert not any(b"PRIVATE" in path.read_bytes() for path in (tmp_path / "trust").iterdir())


def test_issue_takes_one_decision_the_whole_way(tmp_path) -> None:
    home, out = tmp_path / "home", tmp_path / "izin.pdf"
    absah("issue", SAMPLES[0], "--out", out, home=home)
    assert json.loads(absah("verify", "--json", out, home=home).stdout)["verdict"] == "genuine"
    before = out.read_bytes()
    absah("issue", SAMPLES[0], "--out", out, home=home)
    assert out.read_bytes() == before


def test_decisions_are_added_once_and_wrong_ones_are_refused_in_words(tmp_path) -> None:
    home = tmp_path / "home"
    assert "added" in absah("decision", "add", *SAMPLES, home=home).stdout
    assert "known" in absah("decision", "add", SAMPLES[0], home=home).stdout
    wrong = json.loads(SAMPLES[0].read_text())
    wrong["public"]["holder"]["nib"] = "12"
    broken = tmp_path / "salah.json"
    broken.write_text(json.dumps(wrong))
    done = absah("decision", "add", broken, home=home, status=1)
    assert "SALAH" in done.stderr
    assert "NIB" in done.stderr
    assert "ERROR" in absah("decision", "add", "--lang", "en", broken, home=home, status=1).stderr


def test_the_schema_accepts_the_samples_and_refuses_nonsense() -> None:
    schema = json.loads(absah("schema", "genset").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    for sample in SAMPLES:
        validator.validate(json.loads(sample.read_text()))
    assert list(validator.iter_errors({"type": "genset"}))
    assert "known: genset" in absah("schema", "petir", status=2).stderr


def test_a_production_home_does_not_sign_with_development_keys(tmp_path) -> None:
    home = tmp_path / "home"
    absah("init", "--mode", "production", "--host", "izin.example.go.id", home=home)
    assert tomllib.loads((home / "absah.toml").read_text())["mode"] == "production"
    done = absah("issue", SAMPLES[0], "--out", tmp_path / "x.pdf", home=home, status=2)
    assert "production" in done.stderr
    assert not (tmp_path / "x.pdf").exists()
    again = absah("init", "--mode", "development", "--host", "izin.example.go.id", home=home, status=2)
    assert "mode was fixed" in again.stderr


def test_unknown_configuration_is_refused_by_name(tmp_path) -> None:
    home = tmp_path / "home"
    absah("init", "--mode", "development", "--host", "izin.example.go.id", home=home)
    path = home / "absah.toml"
    path.write_text(path.read_text().replace("[limits]", "passphrase = 'x'\n[limits]"))
    assert "passphrase" in absah("verify", "1", home=home, status=2).stderr


def test_private_files_are_private(demo) -> None:
    home, _ = demo
    assert (home / "keys").stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700
    for path in (home / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_a_home_made_in_an_open_folder_keeps_its_secrets(tmp_path) -> None:
    home = tmp_path / "open"
    home.mkdir(mode=0o755)
    absah("init", "--mode", "development", "--host", "izin.example.go.id", home=home)
    assert (home / "absah.db").stat().st_mode & 0o077 == 0
    for folder in ("keys", "documents"):
        assert (home / folder).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--home", "HOME", "trust", "export", "OUT"),
        ("trust", "--home", "HOME", "export", "OUT"),
        ("trust", "export", "--home", "HOME", "OUT"),
        ("trust", "export", "OUT", "--home", "HOME"),
    ],
)
def test_the_home_may_be_named_anywhere(demo, tmp_path, words) -> None:
    home, _ = demo
    named = [{"HOME": home, "OUT": tmp_path / "out"}.get(word, word) for word in words]
    absah(*named, home=tmp_path / "not-this-one")
    assert (tmp_path / "out" / "roots.pem").exists()
    assert not (tmp_path / "not-this-one").exists()


def test_mode_and_host_are_for_good(tmp_path) -> None:
    home = tmp_path / "home"
    absah("init", "--mode", "production", "--host", "izin.example.go.id", home=home)
    path = home / "absah.toml"
    for old, new in (('mode = "production"', 'mode = "development"'), ('"izin.example.go.id"', '"lain.example.go.id"')):
        text = path.read_text()
        path.write_text(text.replace(old, new))
        assert "for good" in absah("decision", "add", SAMPLES[0], home=home, status=2).stderr
        path.write_text(text)
    assert list((home / "keys").iterdir()) == []
    assert "added" in absah("decision", "add", SAMPLES[0], home=home).stdout, "intake needs no key"


def test_a_host_that_is_none_leaves_nothing_behind(tmp_path) -> None:
    done = absah("init", "--mode", "production", "--host", "https://IZIN.go.id/", home=tmp_path / "home", status=2)
    assert "lower case, without https://" in done.stderr
    assert not (tmp_path / "home").exists()


def test_what_the_machine_refuses_is_said_in_a_sentence(demo, tmp_path) -> None:
    home, said = demo
    (tmp_path / "file").write_text("x")
    for words, where in (
        (("verify", said["permits"][0]["pdf"]), tmp_path / "file"),
        (("demo", "--exit"), tmp_path / "file" / "home"),
        (("issue", SAMPLES[0], "--out", tmp_path / "nowhere" / "x.pdf"), home),
        (("issue", SAMPLES[0], "--out", tmp_path), home),
        (("trust", "export", tmp_path / "file"), home),
        (("verify", "--on", "besok", "1"), home),
    ):
        done = absah(*words, home=where, status=2)
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()


def test_a_long_path_is_still_a_file(demo, tmp_path) -> None:
    home, said = demo
    deep = tmp_path / ("x" * 120) / ("y" * 120)
    deep.mkdir(parents=True)
    copy = deep / "izin.pdf"
    copy.write_bytes(Path(said["permits"][0]["pdf"]).read_bytes())
    assert json.loads(absah("verify", "--json", copy, home=home).stdout)["verdict"] == "genuine"


@pytest.mark.long
def test_a_revision_after_the_issue_warns_and_changes_nothing(tmp_path) -> None:
    home = tmp_path / "home"
    absah("demo", "--exit", home=home)
    changed = json.loads(SAMPLES[0].read_text())
    changed["reference"] = changed["reference"].lower()
    changed["public"]["purpose"] = "Keperluan lain"
    (tmp_path / "lain.json").write_text(json.dumps(changed))
    done = absah("decision", "add", tmp_path / "lain.json", home=home)
    assert "revised" in done.stdout
    assert "sudah terbit sebagai izin nomor" in done.stderr
    again = json.loads(absah("demo", "--exit", "--json", home=home).stdout.splitlines()[-1])
    assert (again["right"], len(again["permits"])) == (True, 3)
    second = {**changed, "reference": "LAIN-1"}
    (tmp_path / "dua.json").write_text(json.dumps(second))
    assert "sudah tercantum pada keputusan" in absah("decision", "add", tmp_path / "dua.json", home=home).stderr


def test_help_reads_well() -> None:
    shown = absah("--help").stdout
    for command in (
        "demo",
        "verify",
        "serve",
        "decision",
        "issue",
        "schema",
        "trust",
        "bench",
        "test",
        "check",
        "init",
    ):
        assert re.search(rf"^\s+{command}\s+\w+", shown, re.MULTILINE), command
    assert max(map(len, shown.splitlines())) <= 120


def test_the_readme_names_every_command_and_no_other() -> None:
    shown = absah("--help").stdout
    commands = set(re.findall(r"^    ([a-z]+)\s{2,}", shown, re.MULTILINE))
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("##")[0]
    named = set(re.findall(r"`([a-z]+)\b", table.replace("`genset`", "").replace("`issue` |", "")))
    assert commands <= named
    for command in commands:
        absah(command, "--help")


@pytest.mark.long
def test_killed_again_and_again_the_demo_ends_with_each_permit_issued_once(tmp_path) -> None:
    home = tmp_path / "home"
    for seconds in (1.2, 2.0, 2.6, 3.2):
        run = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "demo", "--exit", "--home", str(home)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    said = json.loads(absah("demo", "--exit", "--json", home=home).stdout.splitlines()[-1])
    assert said["right"] is True
    assert sorted(permit["number"].split("/")[1] for permit in said["permits"]) == ["001", "002", "003"]
    database = sqlite3.connect(home / "absah.db")
    counts = [
        database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("numbers", "instruments", "log_entries", "status_changes")
    ]
    database.close()
    assert counts == [3, 3, 5, 3]  # the log also holds the mandate and the signer's certificate, once each


MODULES = """
import sys
from pathlib import Path
import verifier.serving
from starlette.testclient import TestClient
import cli.verifying
def instead(app, host, port, ready=None):
    with TestClient(app) as client:
        assert client.get("/").status_code == 200
        assert client.get("/v/" + sys.argv[2]).status_code == 200
    print("\\n".join(sorted(sys.modules)))
cli.verifying.serve = instead
from cli.main import main
raise SystemExit(main(["serve", "verifier", "--home", sys.argv[1]]))
"""


def test_the_public_door_runs_without_any_room_that_signs(demo) -> None:
    home, said = demo
    digits = said["permits"][0]["link"].rpartition("/")[2]
    done = subprocess.run(
        [sys.executable, "-c", MODULES, str(home), digits],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "verifier.verify" in loaded
    rooms = {name for name in loaded if name.partition(".")[0] in ("desk", "signing", "templates", "keys")}
    assert rooms <= {"keys", "keys.trust"}
    assert not {name for name in loaded if name.startswith(("weasyprint", "pkcs11", "pyhanko.sign.signers"))}


def test_the_server_answers_and_its_log_never_holds_a_link(demo) -> None:
    home, said = demo
    digits = said["permits"][0]["link"].rpartition("/")[2]
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "cli.main", "serve", "verifier", "--port", "0", "--home", str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline()).group()
        for _ in range(50):
            try:
                page = urllib.request.urlopen(f"{address}/v/{digits}", timeout=10).read().decode()
                break
            except OSError:
                time.sleep(0.1)
        assert said["permits"][0]["number"] in page
        asked = urllib.request.Request(f"{address}/v/{digits}", headers={"Accept": "application/json"})
        assert json.load(urllib.request.urlopen(asked, timeout=10))["verdict"] == "compare"
        original = urllib.request.urlopen(f"{address}/v/{digits}/pdf", timeout=10).read()
        assert original == Path(said["permits"][0]["pdf"]).read_bytes()
    finally:
        server.terminate()
        log = server.communicate(timeout=15)[0]
    assert digits[:20] not in log
    assert "/v/{digits}" in log or "/v/" not in log


def test_a_preview_is_a_file_and_nothing_is_recorded(tmp_path) -> None:
    home, out = tmp_path / "home", tmp_path / "draf.pdf"
    said = absah("preview", SAMPLES[0], "--out", out, home=home).stdout
    assert said.splitlines()[0] == str(out)
    assert "tidak ada yang disimpan" in said
    assert out.read_bytes().startswith(b"%PDF-")
    wrong = json.loads(SAMPLES[0].read_text())
    wrong["public"]["holder"]["name"] = "محمد"
    (tmp_path / "salah.json").write_text(json.dumps(wrong))
    before = out.read_bytes()
    refused = absah("preview", tmp_path / "salah.json", "--out", out, home=home, status=1)
    assert "Nama pemegang izin memuat" in refused.stderr
    assert out.read_bytes() == before
    assert "draf.docx" in absah("preview", SAMPLES[0], "--out", tmp_path / "draf.docx", home=home, status=2).stderr
    assert absah("service", "report", "--json", home=home).stdout == ""


def test_every_schema_is_published_and_judges_the_samples(tmp_path) -> None:
    home = tmp_path / "home"
    published = [Path(line) for line in absah("schema", home=home).stdout.splitlines()]
    assert {path.parent for path in published} == {home / "public" / "schema"}
    for folder in sorted((ROOT / "templates" / "packs").glob("*/v*/samples")):
        name = f"{folder.parts[-3]}-{folder.parts[-2]}.json"
        (path,) = [path for path in published if path.name == name]
        schema = json.loads(path.read_text())
        assert schema["$id"].endswith(f"/schema/{name}")
        for sample in folder.glob("*.json"):
            jsonschema.validate(json.loads(sample.read_text()), schema, cls=jsonschema.Draft202012Validator)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"type": folder.parts[-3]}, schema, cls=jsonschema.Draft202012Validator)
