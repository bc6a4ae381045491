import ast
import datetime
import io
import json
import pathlib
import shutil

import pytest
from babel.messages import pofile

from cli import packing
from cli.main import main
from registry.formats.errors import AbsahError
from templates import packs
from templates.fingerprint import Fingerprint
from templates.freezing import Code, Freezer
from templates.pack import Pack
from templates.renderer import Renderer

NAME = "pengganti/v1"
DAY = datetime.date(2026, 11, 23)
TEMPLATES = packing.LOCK.parents[1]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> dict[str, Pack]:
    """One version in a copy, with one sample, not frozen yet."""
    ignored = shutil.ignore_patterns("__pycache__", "goldens", "[2-9]-*.json")
    for part in (f"packs/{NAME}", "common"):
        shutil.copytree(TEMPLATES / part, tmp_path / part, ignore=ignored)
    return {NAME: Pack("templates.packs.pengganti.v1", tmp_path / "packs" / NAME)}


def freezer(tree: dict[str, Pack], tmp_path: pathlib.Path, renderer: Renderer, **choices: object) -> Freezer:
    return Freezer(packs=tree, lock=tmp_path / "frozen.toml", renderer=renderer, **choices)  # type: ignore[arg-type]


def test_the_list_names_every_version_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["version"] for one in listed} >= packs.versions().keys()
    assert main(["pack", "list", "--lang", "en"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["VERSION", "KIND", "STATE", "SAMPLES", "TITLE"]
    assert len(rows) == len(listed)
    assert [row.split()[0] for row in rows] == [one["version"] for one in listed]


def test_a_version_is_frozen_listed_checked_and_its_change_named(
    tree: dict[str, Pack], tmp_path: pathlib.Path, renderer: Renderer, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = freezer(tree, tmp_path, renderer)
    assert packing.check(fresh, language="en") == 1
    assert "not frozen" in capsys.readouterr().out
    assert packing.freeze(fresh, [NAME], again=False, day=DAY, language="en") == 0
    assert "Commit frozen.toml and the folder goldens" in capsys.readouterr().out

    frozen = freezer(tree, tmp_path, renderer)
    assert packing.check(frozen, language="en") == 0
    said = capsys.readouterr()
    assert said.out == "All 1 versions are what they were when they were frozen.\n"
    assert said.err == ""
    assert packing.show(frozen, tree, as_json=False, language="id") == 0
    assert " beku " in capsys.readouterr().out
    with pytest.raises(AbsahError, match="--again"):
        packing.freeze(frozen, [NAME], again=False, day=DAY, language="en")
    assert packing.freeze(frozen, [NAME], again=True, day=DAY, language="en") == 0
    assert "recorded before" in capsys.readouterr().out

    (tree[NAME].folder / "style.css").write_text("p { margin: 0 }")
    assert packing.check(frozen, language="id") == 1
    out = capsys.readouterr().out
    assert f"{NAME}: berkas packs/{NAME}/style.css berubah\n1 perbedaan ditemukan.\n" in out
    assert "buatlah versi baru" in out
    with pytest.raises(AbsahError, match="make a new version"):
        packing.freeze(frozen, [NAME], again=False, day=DAY, language="en")
    assert "style.css has changed" in capsys.readouterr().err
    assert packing.show(frozen, tree, as_json=False, language="en") == 0
    assert " changed " in capsys.readouterr().out
    assert packing.show(freezer({}, tmp_path, renderer), {}, as_json=False, language="en") == 0
    assert " missing " in capsys.readouterr().out


def test_a_machine_that_is_not_recorded_is_told_what_was_not_compared(
    tree: dict[str, Pack], tmp_path: pathlib.Path, renderer: Renderer, capsys: pytest.CaptureFixture[str]
) -> None:
    freezer(tree, tmp_path, renderer).freeze(NAME, offices={"kampar": packing.OFFICES / "kampar.toml"}, day=DAY)
    there = freezer(tree, tmp_path, renderer, fingerprint=lambda _: Fingerprint(parts={"weasyprint": "0.1"}))
    assert packing.check(there, language="en") == 0
    assert "bytes of its PDFs were not compared" in capsys.readouterr().err
    assert packing.freeze(there, [NAME], again=True, day=DAY, language="en") == 0
    assert "this machine is recorded" in capsys.readouterr().out


def test_what_cannot_be_frozen_is_refused_with_its_name(
    tree: dict[str, Pack], tmp_path: pathlib.Path, renderer: Renderer, capsys: pytest.CaptureFixture[str]
) -> None:
    one = freezer(tree, tmp_path, renderer)
    assert packing.freeze(one, ["pengganti/v9"], again=False, day=DAY, language="en") == 2
    assert f"known: {NAME}" in capsys.readouterr().err
    before = datetime.date(1990, 1, 1)
    assert packing.freeze(one, [NAME], again=False, day=before, language="en") == 1
    assert f"absah: {NAME}: no legal basis" in capsys.readouterr().err
    assert not (tmp_path / "frozen.toml").exists()


def test_pages_of_a_version_that_is_not_there_are_refused_with_its_name(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "pack", "publish", NAME, "genset/v99"]) == 2
    said = capsys.readouterr().err
    assert "Tidak ada versi genset/v99" in said
    assert "pengganti/v1" in said


def test_every_sentence_has_an_english_one_and_every_difference_its_sentence() -> None:
    assert packing.SENTENCES.keys() == set(Code)
    catalogue = io.BytesIO((pathlib.Path(packing.__file__).parent / "locale/en/LC_MESSAGES/cli.po").read_bytes())
    english = {message.id: message.string for message in pofile.read_po(catalogue, locale="en", abort_invalid=True)}
    tree = ast.parse(pathlib.Path(packing.__file__).read_text("utf-8"))
    said = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "N_"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(said) > 20
    for sentence in (*said, *packing._HEAD):
        assert english.get(sentence), sentence
