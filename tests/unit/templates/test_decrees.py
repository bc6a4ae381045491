import datetime
import importlib.util
import json
import pathlib
import re
import sys
from typing import Any

import pytest

from registry.formats.errors import DocumentError
from registry.formats.record import MandateMode
from templates import packs

_spec = importlib.util.spec_from_file_location("pages", pathlib.Path(__file__).with_name("pages.py"))
assert _spec is not None
assert _spec.loader is not None
pages = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = pages
_spec.loader.exec_module(pages)

REVOCATION = packs.pack("pencabutan")
SUSPENSION = packs.pack("pembekuan")
PACKS = [REVOCATION, SUSPENSION]
SHORT, LONG = 0, 1
TODAY = datetime.date(2026, 11, 23)
NUMBER = "KPTS.503/001/DPMPTSP/XI/2026"
CLAUSES = ("KESATU", "KEDUA", "KETIGA", "KEEMPAT", "KELIMA", "KEENAM", "KETUJUH", "KEDELAPAN", "KESEMBILAN")


def fields(pack: packs.Pack, value: dict[str, Any], profile: Any, day: datetime.date = TODAY) -> dict[str, str]:
    public = value["public"]
    found = pack.fields(
        public, office=profile, number=NUMBER, date_of_issue=day, valid_until=pack.valid_until(public, day)
    )
    return {name: text.replace("\N{NO-BREAK SPACE}", " ") for name, text in found.items()}


def view(pack: packs.Pack, value: dict[str, Any], mandate: Any, language: str = "id") -> dict[str, str]:
    public = value["public"]
    found = pack.public_view(
        public, number=NUMBER, date_of_issue=TODAY, valid_until=pack.valid_until(public, TODAY), mandate=mandate
    )
    return {line.id: line.value[language] for line in found}


def codes(pack: packs.Pack, value: dict[str, Any], profile: Any) -> set[tuple[str, str, str]]:
    checked = pack.check(value, today=TODAY, office=profile)
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    assert (checked.decision is None) == bool(errors)
    assert all(problem.text("en") != problem.message for problem in checked.problems)
    return {(problem.severity, problem.code, problem.field) for problem in checked.problems}


@pytest.fixture(scope="module", params=PACKS, ids=lambda pack: pack.type)
def long_decree(request, printed, profile):
    """The longer sample of each type, at an office that names signers without degrees."""
    value = json.loads(request.param.samples()[LONG].read_bytes())
    office = profile.model_copy(update={"degrees_on_decrees": False, "paper": "F4"})
    return request.param, value, printed(value, of=request.param, office=office, number=NUMBER)


def text(decree: Any) -> str:
    """What is read of the document in the order of its structure, without running heads and feet."""
    runs = [run.text for sheet in pages.sheets(decree.rendered.pdf) for run in sheet.read]
    return " ".join(" ".join(runs).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_parts_of_a_decree_stand_in_their_order(long_decree) -> None:
    pack, value, decree = long_decree
    found = text(decree)
    word = {"pencabutan": "PENCABUTAN", "pembekuan": "PEMBEKUAN"}[pack.type]
    parts = [
        *(
            "KEPUTUSAN KEPALA DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU KABUPATEN KAMPAR",
            f"NOMOR {NUMBER}",
        ),
        *("TENTANG", word, f"NOMOR {value['public']['permit']['number']}", "ATAS NAMA"),
        *("KABUPATEN KAMPAR,", "Menimbang", "a. bahwa", "Mengingat", "1. Undang-Undang", "Memperhatikan", "1. Surat"),
        *("MEMUTUSKAN:", "Menetapkan", "KEPUTUSAN KEPALA DINAS", f"TENTANG {word}"),
        *(f"{clause} :" for clause in CLAUSES[:8]),
        *("Keputusan ini mulai berlaku pada tanggal", "Ditetapkan di", "23 November 2026", "Tembusan"),
    ]
    at = 0
    for part in parts:
        following = found.find(part, at)
        assert following >= 0, f"{part!r} is not where it should be"
        at = following + len(part)


def test_considerations_and_papers_are_marked_without_a_gap(long_decree) -> None:
    _, value, decree = long_decree
    public, found = value["public"], text(decree)
    count = len(public["grounds"]) + 3
    assert re.findall(r"\b([a-z])\. bahwa", found) == list("abcdefghijklmnopqrstuvwxyz"[:count])
    papers = 1 + sum(len(public[name]) for name in ("warnings", "inspections", "recommendations"))
    listed = found[found.index("Memperhatikan") : found.index("MEMUTUSKAN")]
    assert f" {papers}. usul " in listed
    assert f" {papers + 1}. " not in listed


def test_the_signer_of_a_decree_is_named_without_degrees_where_the_office_says_so(long_decree) -> None:
    found = text(long_decree[2])
    assert "Contoh Hendri Dunan" in found
    assert "Drs." not in found
    assert "M.Si." not in found.replace("M.Kes.", "")
    assert "NIP 19690329 199003 1 009" in found


def test_the_last_clause_and_the_signature_never_part(long_decree) -> None:
    decree = long_decree[2]
    (page,) = [page for page in decree.pages if "Keputusan ini mulai berlaku pada" in " ".join(page.split())]
    assert "Contoh Hendri Dunan" in page
    assert decree.rendered.signature.page == decree.pages.index(page) + 1


def test_nothing_private_stands_in_the_file(long_decree) -> None:
    _, value, decree = long_decree
    assert value["private"].keys() == {"phone", "delivery_address"}
    for private in value["private"].values():
        assert private.encode() not in decree.everything
        assert private not in text(decree)


def test_a_list_of_one_bears_no_letter(sample, printed) -> None:
    value = sample(SHORT, SUSPENSION)
    found = text(printed(value, of=SUSPENSION, mark="", number=NUMBER))
    assert "dengan keputusan Kepala Dinas setelah: seluruh kewajiban" in found
    assert "a. mengosongkan" in found
    assert "Drs. Contoh Hendri Dunan, M.Si." in found


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.type)
@pytest.mark.parametrize("index", [SHORT, LONG])
def test_samples_have_nothing_to_correct(pack: packs.Pack, index: int, sample, profile) -> None:
    assert not codes(pack, sample(index, pack), profile)


def changed(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for path, new in changes.items():
        *steps, last = path.split(".")
        part = value["public"]
        for step in steps:
            part = part[int(step) if step.isdecimal() else step]
        part[int(last) if last.isdecimal() else last] = new
    return value


@pytest.mark.parametrize(
    ("changes", "severity", "code", "field"),
    [
        ({"permit.date": "2026-11-24"}, "error", "date_in_future", "permit.date"),
        ({"warnings.1.date": "2026-11-24"}, "error", "date_in_future", "warnings[1].date"),
        ({"proposal.received": "2026-11-12"}, "error", "received_before_written", "proposal.received"),
        ({"inspections.0.date": "2023-08-20"}, "warning", "older_than_permit", "inspections[0].date"),
        ({"warnings.1.degree": 1}, "error", "warnings_unordered", "warnings[1].degree"),
        ({"warnings.1.date": "2026-08-02"}, "error", "warning_before_last", "warnings[1].date"),
        ({"warnings": []}, "warning", "no_warning", "warnings"),
        ({"effective": "2026-11-22"}, "error", "retroactive", "effective"),
        ({"summary": "hj. nur'aini contoh binti sulaiman đặng lalai"}, "error", "name_disclosed", "summary"),
        ({"until": "2026-12-01"}, "error", "end_before_begin", "until"),
        ({"effective": None, "until": "2026-11-23"}, "error", "end_before_begin", "until"),
        ({"until": "2027-01-29"}, "warning", "remedy_after_end", "obligations.days"),
        ({"obligations.days": 0}, "error", "greater_than_equal", "obligations.days"),
        ({"obligations.items": []}, "error", "too_short", "obligations.items"),
        ({"grounds": []}, "error", "too_short", "grounds"),
        ({"grounds.2.text": "penghantar terputus"}, "error", "string_pattern_mismatch", "grounds[2].text"),
        ({"grounds.2.text": "bahwa penghantar terputus;"}, "error", "string_pattern_mismatch", "grounds[2].text"),
        (
            {"obligations.items.0.text": "membongkarnya."},
            "error",
            "string_pattern_mismatch",
            "obligations.items[0].text",
        ),
        ({"permit.file_sha256": "C0FFEE"}, "error", "string_pattern_mismatch", "permit.file_sha256"),
    ],
)
def test_what_cannot_be_decreed_is_told_at_the_door(
    changes: dict[str, Any], severity: str, code: str, field: str, *, sample, profile
) -> None:
    value = changed(sample(LONG, SUSPENSION), changes)
    if changes.get("effective", ...) is None:
        del value["public"]["effective"]
    assert codes(SUSPENSION, value, profile) == {(severity, code, f"public.{field}")}


def test_what_just_holds_passes(sample, profile) -> None:
    for changes in (
        {"until": "2027-01-30"},
        {"effective": "2026-11-23"},
        {"warnings.0.degree": 2, "warnings.1.degree": 3},
        {"grounds.2.text": "bahwa hal itu disaksikan oleh Siti Contoh, S.H."},
    ):
        assert not codes(SUSPENSION, changed(sample(LONG, SUSPENSION), changes), profile), changes


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.type)
def test_no_decree_takes_effect_before_its_date_of_issue(pack: packs.Pack, sample, profile, signer_in) -> None:
    value = changed(sample(LONG, pack), {"effective": "2026-12-01"})
    mandate = signer_in(MandateMode.DEFINITIVE)
    assert "mulai berlaku pada tanggal 1 Desember 2026, dengan" in fields(pack, value, profile)["force"]
    assert view(pack, value, mandate)["effective"] == "1 Desember 2026"
    late = fields(pack, value, profile, datetime.date(2026, 12, 7))
    assert "mulai berlaku pada tanggal ditetapkan, dengan" in late["force"]
    assert "1 Desember" not in late["force"] + late.get("period", "")
    del value["public"]["effective"]
    assert "pada tanggal ditetapkan" in fields(pack, value, profile)["force"]
    assert view(pack, value, mandate, "en")["effective"] == "23 November 2026"


def test_a_suspension_says_until_when(sample, profile) -> None:
    dated, open_ended = sample(LONG, SUSPENSION), sample(SHORT, SUSPENSION)
    assert SUSPENSION.valid_until(dated["public"], TODAY) == datetime.date(2027, 2, 28)
    period = fields(SUSPENSION, dated, profile)["period"]
    assert "sejak tanggal 1 Desember 2026 sampai dengan tanggal 28 Februari 2027;" in period
    assert SUSPENSION.valid_until(open_ended["public"], TODAY) is None
    period = fields(SUSPENSION, open_ended, profile)["period"]
    assert "sejak tanggal Keputusan ini ditetapkan sampai dengan izin diberlakukan kembali" in period
    with pytest.raises(DocumentError, match="2027-02-28"):
        SUSPENSION.valid_until(dated["public"], datetime.date(2027, 2, 28))
    assert REVOCATION.valid_until(sample(LONG, REVOCATION)["public"], TODAY) is None


@pytest.mark.parametrize(
    ("grounds", "violated", "violation", "conclusion"),
    [
        (1, False, None, "huruf a dan huruf b,"),
        (1, True, "huruf b bertentangan", "huruf a sampai dengan huruf c,"),
        (2, True, "huruf b dan huruf c bertentangan", "huruf a sampai dengan huruf d,"),
        (12, True, "huruf b sampai dengan huruf m bertentangan", "huruf a sampai dengan huruf n,"),
        (12, False, None, "huruf a sampai dengan huruf m,"),
    ],
)
def test_considerations_cite_each_other_by_the_right_letters(
    grounds: int, violated: bool, violation: str | None, conclusion: str, *, sample, profile
) -> None:
    value = sample(LONG, REVOCATION)
    del value["public"]["grounds"][grounds:]
    if not violated:
        del value["public"]["violation"]
    found = fields(REVOCATION, value, profile)
    assert f"dimaksud dalam {conclusion} perlu menetapkan" in found["conclusion"]
    assert ("violation" in found) is violated
    assert violation is None or f"dimaksud dalam {violation} dengan Ketentuan" in found["violation"]


def test_the_items_of_a_list_are_joined_as_a_sentence(sample, profile) -> None:
    found = fields(REVOCATION, sample(LONG, REVOCATION), profile)
    ends = [found[f"obligation{n}.text"][-5:] for n in range(1, 6)]
    assert [end[-1] for end in ends[:3]] == [";"] * 3
    assert ends[3].endswith("; dan")
    assert ends[4].endswith(".")


def test_the_days_to_obey_stand_in_digits_and_words(sample, profile) -> None:
    for pack in PACKS:
        found = fields(pack, changed(sample(LONG, pack), {"obligations.days": 45}), profile)
        assert "paling lama 45 (empat puluh lima) hari kalender terhitung" in found["duties"]


def test_strangers_see_which_permit_and_why_but_no_natural_persons_name(sample, signer_in) -> None:
    value = sample(LONG, SUSPENSION)
    mandate = signer_in(MandateMode.DEFINITIVE)
    shown = view(SUSPENSION, value, mandate)
    assert list(shown) == [
        *("number", "type", "permit", "holder", "reason", "effective", "until", "date_of_issue", "signer")
    ]
    assert "503/008/DPMPTSP/VIII/2023" in shown["permit"]
    assert shown["reason"] == value["public"]["summary"]
    assert shown["until"] == "28 Februari 2027"
    assert view(SUSPENSION, sample(SHORT, SUSPENSION), mandate, "en")["until"] == "Until the permit is reinstated"
    everything = " ".join([*shown.values(), *SUSPENSION.statement_names(value["public"])])
    assert shown["holder"] == "H*** N*** C*** b*** S*** Đ***"
    assert "Sulaiman" not in everything
    assert SUSPENSION.holder_name(value["public"]) == value["public"]["holder"]["name"]


def test_the_statement_names_the_permit_that_is_meant(sample) -> None:
    for pack, word in ((REVOCATION, "Pencabutan"), (SUSPENSION, "Pembekuan")):
        value = sample(SHORT, pack)
        number = value["public"]["permit"]["number"]
        assert pack.statement_names(value["public"])[1] == f"{word} izin Nomor {number}"
        assert pack.received(value["public"]).isoformat() == value["public"]["proposal"]["received"]


def test_no_decree_bears_the_number_of_a_permit_and_both_count_in_one_series(profile) -> None:
    numbers = [pack.number(1, TODAY, office=profile) for pack in packs.packs() if pack not in PACKS]
    assert REVOCATION.number(1, TODAY, office=profile) == NUMBER
    assert NUMBER not in numbers
    assert REVOCATION.series == SUSPENSION.series


def test_a_letter_without_a_capital_stays_as_it_is_in_the_title(sample, profile) -> None:
    value = changed(sample(LONG, SUSPENSION), {"holder.name": "Nūẖ Contoh ß"})
    assert not codes(SUSPENSION, value, profile)
    assert fields(SUSPENSION, value, profile)["about_holder"] == "ATAS NAMA NŪẖ CONTOH SS"
