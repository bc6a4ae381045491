"""Decisions at the door: the same again adds nothing, a changed one is a revision, a wrong one is refused whole."""

import ast
import datetime
import hashlib
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from desk import intake as intake_module
from desk.intake import Intake, Outcome, RefusedDecisionError
from registry import schema
from registry.database import Database
from registry.formats import canonical
from registry.formats.language import translations
from templates import packs
from templates.office import OfficeProfile

OFFICE = OfficeProfile.read(Path(packs.__file__).parents[1] / "offices" / "kampar.toml")

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


@pytest.fixture
def database(tmp_path) -> Database:
    return Database.create(tmp_path / "absah.db")


@pytest.fixture
def intake(database) -> Intake:

    return Intake(database=database, office=OFFICE, pack=packs.pack, max_bytes=256 * 1024)


@pytest.fixture
def sample() -> dict:
    return json.loads(packs.pack("genset").samples()[0].read_text())


def rows(database) -> int:
    with database.read() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(schema.decisions)).scalar_one()


def test_the_same_file_again_adds_nothing_however_it_is_written(intake, database, sample) -> None:
    first = intake.add(json.dumps(sample).encode(), now=NOW)
    again = intake.add(json.dumps(sample, indent=4, sort_keys=True).encode(), now=NOW + datetime.timedelta(days=1))
    assert (first.outcome, again.outcome, rows(database)) == (Outcome.ADDED, Outcome.KNOWN, 1)
    assert again.decision == first.decision


@pytest.mark.parametrize("part", ["public", "private"])
def test_changed_content_under_the_same_reference_is_a_new_revision(intake, database, sample, part) -> None:
    first = intake.add(json.dumps(sample).encode(), now=NOW)
    if part == "public":
        sample["public"]["units"][0]["engine_serial"] += "X"
    else:
        sample["private"]["phone"] = "0812-0000-0099"
    second = intake.add(json.dumps(sample).encode(), now=NOW)
    assert (second.outcome, second.decision.revision, rows(database)) == (Outcome.REVISED, 2, 2)
    assert second.decision.digest != first.decision.digest, "the digest binds the private part too"


def test_the_public_part_binds_the_private_one_and_does_not_hold_it(intake, sample) -> None:
    decision = intake.add(json.dumps(sample).encode(), now=NOW).decision
    salt = bytes.fromhex(decision.private["salt"])
    commitment = hashlib.sha256(salt + canonical.dump(decision.private["data"])).hexdigest()
    assert decision.public["private_commitment"] == commitment
    assert len(salt) == 16
    assert hashlib.sha256(canonical.dump(decision.public)).digest() == decision.digest


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "bukan JSON yang benar pada baris 1"),
        (b"[]", "objek JSON"),
        (b'{"type":"genset","type":"genset"}', "tidak bisa dibaca"),
        (b'{"type":"petir"}', "tidak dikenal"),
        (b'{"type":7}', "belum diisi"),
        (b'"' + b"x" * 300_000 + b'"', "melebihi batas"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_and_nothing_is_kept(intake, database, data, word) -> None:
    with pytest.raises(RefusedDecisionError, match=word) as refused:
        intake.add(data, now=NOW)
    assert refused.value.problems[0].text("en") != refused.value.problems[0].text("id")
    assert rows(database) == 0


def test_every_error_is_told_at_once_and_nothing_is_kept(intake, database, sample) -> None:
    sample["public"]["holder"]["nib"] = "12"
    sample["private"]["nik"] = "123"
    with pytest.raises(RefusedDecisionError) as refused:
        intake.add(json.dumps(sample).encode(), now=NOW)
    assert len([p for p in refused.value.problems if p.severity == "error"]) >= 2
    assert rows(database) == 0


def test_every_sentence_of_the_desk_has_an_english_one() -> None:
    source = ast.parse(Path(intake_module.__file__).read_text())
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    sentences = [
        call.args[1].value
        for call in calls
        if call.func.id in ("_warning", "_refused") and isinstance(call.args[1], ast.Constant)
    ]
    assert len(sentences) >= 7
    english = translations("desk", "en")
    assert all(english.gettext(sentence) != sentence for sentence in sentences)
