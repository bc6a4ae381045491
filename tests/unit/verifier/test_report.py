"""What `verify` prints. Everything named is invented."""

import datetime
import json
import types

import pytest

from registry.formats.record import PublicField, Status, StatusRecord
from registry.formats.verdict import Answer, Check, Outcome, Subject, Verdict, VerdictName
from verifier import sentences
from verifier.report import as_json, as_text

AS_OF = datetime.datetime(2026, 11, 23, 14, 5, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
ISSUED_AT = AS_OF - datetime.timedelta(days=1)
CHECKS = (
    Check("1.0 paper_compared", Answer.INTACT, Outcome.UNKNOWN, "paper_not_compared"),
    Check("2.4 permit_issued", Answer.ISSUED, Outcome.PASSED),
    Check("3.1 status", Answer.IN_FORCE, Outcome.PASSED),
    Check("4.3 mandate", Answer.AUTHORISED, Outcome.FAILED, "outside_mandate"),
)


def record(*, issued: bool = True) -> types.SimpleNamespace:
    """As much of a `PermitRecord` as a report needs."""
    change = StatusRecord(status=Status.IN_FORCE, effective=ISSUED_AT, recorded=ISSUED_AT, ground="")
    return types.SimpleNamespace(
        number="503/1/2026",
        pack="genset/v1",
        date_of_issue=datetime.date(2026, 11, 22),
        valid_until=None,
        issued_at=ISSUED_AT if issued else None,
        status_at=lambda moment: change if moment >= ISSUED_AT else None,
        public_view=(
            PublicField(
                id="holder", label={"id": "Pemegang", "en": "Holder"}, value={"id": "PT Contoh", "en": "PT Contoh"}
            ),
            PublicField(id="empty", label={"id": "Kosong", "en": "Empty"}, value={"id": "", "en": ""}),
        ),
    )


def verdict(**changes: object) -> Verdict:
    values = {
        "subject": Subject.STATEMENT,
        "name": VerdictName.NOT_AUTHORISED,
        "simulation": True,
        "checks": CHECKS,
        "as_of": AS_OF,
        "record": record(),
    }
    return Verdict(**{**values, **changes})


def test_the_object_has_exactly_the_promised_names() -> None:
    found = as_json(verdict(), "izin.pdf", "en")
    assert json.loads(json.dumps(found)) == {
        "input": "izin.pdf",
        "subject": "statement",
        "verdict": "not_authorised",
        "simulation": True,
        "answers": {"intact": "unknown", "issued": "passed", "in_force": "passed", "authorised": "failed"},
        "as_of": "2026-11-23T07:05:09Z",
        "sentence": sentences.sentence(verdict(), "en"),
        "permit": {
            "number": "503/1/2026",
            "type": "genset",
            "pack": "genset/v1",
            "date_of_issue": "2026-11-22",
            "valid_until": None,
            "status": "in_force",
            "fields": [
                {"id": "holder", "label": "Holder", "value": "PT Contoh"},
                {"id": "empty", "label": "Empty", "value": ""},
            ],
        },
        "checks": [
            {"id": "1.0 paper_compared", "answer": "intact", "outcome": "unknown", "reason": "paper_not_compared"},
            {"id": "2.4 permit_issued", "answer": "issued", "outcome": "passed", "reason": None},
            {"id": "3.1 status", "answer": "in_force", "outcome": "passed", "reason": None},
            {"id": "4.3 mandate", "answer": "authorised", "outcome": "failed", "reason": "outside_mandate"},
        ],
    }


def test_values_are_plain_and_not_members_of_enumerations() -> None:
    found = as_json(verdict(), "izin.pdf", "id")
    assert type(found["verdict"]) is type(found["subject"]) is str
    assert {type(key) for key in found["answers"]} == {str}


def test_the_day_asked_about_is_named() -> None:
    assert as_json(verdict(on=datetime.date(2026, 3, 12)), "1", "id")["on"] == "2026-03-12"


@pytest.mark.parametrize("kept", [None, record(issued=False)])
def test_what_was_only_prepared_is_not_shown(kept: object) -> None:
    assert as_json(verdict(record=kept), "1", "id")["permit"] is None
    assert "PT Contoh" not in as_text(verdict(record=kept), "1", "id")


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_text_says_simulation_then_the_sentence_then_the_fields(language: str) -> None:
    lines = as_text(verdict(), "izin.pdf", language).splitlines()
    assert lines[0] == "izin.pdf"
    assert lines[1].strip() == sentences.simulation_sentence(language)
    assert lines[2].strip() == sentences.sentence(verdict(), language)
    text = "\n".join(lines)
    assert text.index(sentences.action(verdict(), language)) < text.index("PT Contoh")
    assert {"id": "Kosong", "en": "Empty"}[language] not in text


def test_the_text_gives_each_answer_its_mark_and_each_check_its_reason() -> None:
    text = as_text(verdict(simulation=False), "izin.pdf", "id")
    assert [line.strip()[0] for line in text.splitlines() if line.startswith("  ") and line.strip()[0] in "+x?"] == [
        "?",
        "+",
        "+",
        "x",
    ]
    assert sentences.simulation_sentence("id") not in text
    assert "1.0 " in text
    assert "4.3 " in text
    assert "2.4 " not in text
