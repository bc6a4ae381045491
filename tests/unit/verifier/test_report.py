"""What `verify` prints. Everything named is invented."""

import datetime
import json
import types
from zoneinfo import ZoneInfo

import pytest

from registry.formats.record import Correction, Destruction, Kind, PublicField, Status, StatusRecord
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
        kind=Kind.PERMIT,
        number="503/1/2026",
        pack="genset/v1",
        date_of_issue=datetime.date(2026, 11, 22),
        valid_until=None,
        issued_at=ISSUED_AT if issued else None,
        signer=None,
        file_sha256=None,
        signing_profile=None,
        serial=1,
        status_at=lambda moment: change if moment >= ISSUED_AT else None,
        corrections=(),
        destroyed=None,
        awaits_log=False,
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
        "kind": "permit",
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
            "status_change": None,
            "corrections": [],
            "destroyed": None,
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


@pytest.mark.parametrize("kind", Kind)
def test_a_program_is_told_what_kind_of_document_it_is(kind: Kind) -> None:
    kept = record()
    kept.kind = kind
    assert as_json(verdict(record=kept, name=VerdictName.GENUINE), "1", "id")["kind"] == kind.value


def test_a_program_is_told_of_no_kind_where_nothing_is_recorded() -> None:
    found = as_json(verdict(record=None, name=VerdictName.UNKNOWN_PERMIT), "1", "id")
    assert (found["kind"], found["permit"]) == (None, None)


@pytest.mark.parametrize(
    ("language", "heading"), [("id", "Keputusan tentang surat"), ("en", "Decision about this letter")]
)
def test_the_text_names_the_kind_in_its_headings(language: str, heading: str) -> None:
    kept = record()
    kept.kind = Kind.LETTER
    annulled = StatusRecord(
        status=Status.ANNULLED, effective=AS_OF, recorded=AS_OF, ground="salah alamat", instrument_number="SK-2"
    )
    kept.status_at = lambda _: annulled
    text = as_text(verdict(record=kept, name=VerdictName.ANNULLED), "1", language)
    assert heading in text
    assert "izin ini" not in text.lower()
    assert "this permit" not in text.lower()


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
    assert lines[1].strip() == sentences.simulation_sentence(Kind.PERMIT, language)
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
    assert sentences.simulation_sentence(Kind.PERMIT, "id") not in text
    assert "1.0 " in text
    assert "4.3 " in text
    assert "2.4 " not in text


def revoked_since(**changes: object) -> Verdict:
    """In force on the day asked about, revoked now."""
    facts = {"number": "503/1/2026", "on": "2026-11-22", "today": "revoked", "today_since": "2026-11-23"}
    named = {"name": VerdictName.COMPARE, "on": datetime.date(2026, 11, 22), "facts": facts, "checks": CHECKS[:3]}
    return verdict(**{**named, **changes})


def test_the_object_for_a_day_says_todays_state_too_and_first() -> None:
    found = as_json(revoked_since(), "1", "id")
    assert (found["verdict"], found["today"], found["answers"]["in_force"]) == ("compare", "revoked", "passed")
    assert found["sentence"] == (
        "Tidak berlaku: izin ini dicabut pada 23 November 2026. Pada 22 November 2026 izin ini masih berlaku."
    )
    assert "today" not in as_json(verdict(on=datetime.date(2026, 11, 22)), "1", "id")


def test_the_text_for_a_day_says_todays_state_first() -> None:
    lines = [line.strip() for line in as_text(revoked_since(simulation=False), "1", "id").splitlines()]
    assert lines[1] == "Hari ini: Tidak berlaku: izin ini dicabut pada 23 November 2026."
    assert lines[2] == "Pada 22 November 2026 izin ini masih berlaku."
    assert "Hari ini" not in as_text(verdict(on=datetime.date(2026, 11, 22)), "1", "id")


def test_the_text_says_when_that_was_known_and_which_day_was_asked_about() -> None:
    text = as_text(verdict(on=datetime.date(2026, 11, 22)), "1", "id", zone=ZoneInfo("Asia/Jakarta"))
    assert "Keadaan pada 23 November 2026 pukul 14.05 WIB. Ditanyakan untuk 22 November 2026." in text
    assert "Keadaan pada 23 November 2026 pukul 07.05 UTC." in as_text(verdict(), "1", "id")


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({}, "Cocokkan dengan kertas di tangan Anda"),
        ({"subject": Subject.FILE, "name": VerdictName.ALTERED}, "Isi izin yang terdaftar"),
        (
            {
                "subject": Subject.FILE,
                "name": VerdictName.WRONG_QR,
                "checks": (Check("2.3 statement_registered", Answer.ISSUED, Outcome.PASSED),),
            },
            "Kode QR itu milik izin ini",
        ),
    ],
)
def test_the_text_says_whose_the_fields_are(changes: dict[str, object], heading: str) -> None:
    lines = [line.strip() for line in as_text(verdict(**changes), "1", "id").splitlines()]
    assert lines[lines.index(heading) + 1].split() == ["Pemegang", "PT", "Contoh"]


def test_the_text_leaves_out_what_was_not_looked_at() -> None:
    checks = (*CHECKS, Check("4.2 certificate_valid", Answer.AUTHORISED, Outcome.UNKNOWN, "not_checked"))
    text = as_text(verdict(checks=checks), "1", "id")
    assert "4.2" not in text
    assert "4.3 Penandatangan tidak mempunyai wewenang" in text


def test_nothing_that_was_given_steers_the_terminal() -> None:
    given = "a\x1b[2J\x9b1m\r\n\u202egnp\udcff\u2028.pdf"
    text = as_text(verdict(facts={"holder": "\x1b]0;x\x07"}, name=VerdictName.WRONG_QR), given, "id")
    assert text.splitlines()[0] == r"a\x1b[2J\x9b1m\r\n\u202egnp\udcff\u2028.pdf"
    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert "izin é.pdf" in as_text(verdict(), "izin é.pdf", "id")


def corrected() -> types.SimpleNamespace:
    kept = record()
    kept.corrections = tuple(
        Correction(
            field="Pemegang",
            printed="PT Contoh",
            correct=correct,
            instrument_number="1/RALAT",
            instrument_date=datetime.date(2026, 11, 20),
            effective=effective,
            recorded=AS_OF,
        )
        for correct, effective in (("PT Contho", AS_OF), ("PT Nanti", AS_OF + datetime.timedelta(days=1)))
    )
    return kept


def test_the_object_holds_the_corrections_that_count_now() -> None:
    permit = as_json(verdict(record=corrected()), "1", "id")["permit"]
    assert permit["corrections"] == [
        {
            "field": "Pemegang",
            "printed": "PT Contoh",
            "correct": "PT Contho",
            "since": "2026-11-23T07:05:09Z",
            "instrument_number": "1/RALAT",
            "instrument_date": "2026-11-20",
        }
    ]
    assert permit["fields"][0]["value"] == "PT Contoh", "fields are as printed"


def test_the_text_holds_each_correction_and_marks_its_field() -> None:
    lines = [" ".join(line.split()) for line in as_text(verdict(record=corrected()), "1", "id").splitlines()]
    assert "Izin ini dibaca bersama satu ralat, yang tercantum di bawah." in lines
    place = lines.index("Ralat")
    assert lines[place + 1 : place + 6] == [
        "Bagian Pemegang",
        "Tercetak PT Contoh",
        "Seharusnya PT Contho",
        "Keputusan Nomor 1/RALAT tanggal 20 November 2026",
        "Sejak 23 November 2026",
    ]
    field = lines.index("Pemegang PT Contoh")
    assert lines[field + 1] == "Diralat, seharusnya: PT Contho"
    assert "PT Nanti" not in "\n".join(lines)


def test_the_object_holds_the_change_behind_the_state_of_today() -> None:
    kept = record()
    kept.status_at = lambda _: StatusRecord(
        status=Status.SUSPENDED,
        effective=AS_OF,
        recorded=AS_OF,
        ground="laporan",
        legal_ground="Pasal 14",
        instrument_number="9/2026",
        instrument_date=datetime.date(2026, 11, 20),
    )
    permit = as_json(verdict(record=kept), "1", "id")["permit"]
    assert permit["status"] == "suspended"
    assert permit["status_change"] == {
        "since": "2026-11-23T07:05:09Z",
        "reason": "laporan",
        "legal_ground": "Pasal 14",
        "instrument_number": "9/2026",
        "instrument_date": "2026-11-20",
        "replaced_by": None,
    }


def test_a_destroyed_permit_says_so_in_object_and_text() -> None:
    kept = record()
    kept.destroyed = Destruction(minutes_number="BA/4", minutes_date=datetime.date(2056, 3, 12), recorded=AS_OF)
    kept.public_view, kept.statement = (), b""
    permit = as_json(verdict(record=kept), "1", "id")["permit"]
    assert permit["destroyed"] == {"minutes_number": "BA/4", "minutes_date": "2056-03-12"}
    assert permit["fields"] == []
    text = as_text(verdict(record=kept), "1", "id")
    assert "sudah dimusnahkan menurut jadwal retensi, berita acara nomor BA/4 tanggal 12 Maret 2056." in text
    assert "503/1/2026" in text


def test_what_the_log_does_not_cover_yet_is_not_shown() -> None:
    kept = record()
    kept.awaits_log = True
    assert as_json(verdict(record=kept), "1", "id")["permit"] is None
    assert "PT Contoh" not in as_text(verdict(record=kept), "1", "id")


def test_a_value_of_several_lines_keeps_its_column() -> None:
    kept = record()
    kept.public_view = (
        PublicField(id="units", label={"id": "Unit"}, value={"id": "20 kVA\n30 kVA"}),
        PublicField(id="holder", label={"id": "Pemegang"}, value={"id": "PT Contoh"}),
    )
    lines = as_text(verdict(record=kept), "1", "id").splitlines()
    place = next(i for i, line in enumerate(lines) if "20 kVA" in line)
    assert [line.find(word) for line, word in zip(lines[place:], ("20", "30", "PT"), strict=False)] == [14] * 3
