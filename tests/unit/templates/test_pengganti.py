import datetime
import re
from typing import Any

import pytest

from registry.formats.record import Kind
from templates import packs

TODAY = datetime.date(2026, 11, 23)
NUMBER = "503/SKP/001/DPMPTSP/XI/2026"
PACK = packs.pack("pengganti")


@pytest.fixture
def letter(sample):
    """A sample's file: 0 lost by a company, 1 damaged, 2 lost by a natural person."""
    return lambda index: sample(index, PACK)


@pytest.fixture
def found(profile):
    def check(value: dict[str, Any]) -> set[tuple[str, str, str]]:
        problems = PACK.check(value, today=TODAY, office=profile).problems
        return {(problem.severity, problem.field, problem.code) for problem in problems}

    return check


@pytest.fixture
def fields(profile):
    def make(value: dict[str, Any]) -> dict[str, str]:
        decision = PACK.check(value, today=TODAY, office=profile).decision
        assert decision is not None
        return PACK.fields(decision.public, office=profile, number=NUMBER, date_of_issue=TODAY, valid_until=None)

    return make


def put(value: dict[str, Any], path: str, new: object) -> dict[str, Any]:
    *way, last = path.split(".")
    here = value
    for step in way:
        here = here[step]
    if new is None:
        del here[last]
    else:
        here[last] = new
    return value


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_samples_are_sound_and_say_that_they_are_invented(letter, found, index: int) -> None:
    assert found(letter(index)) == set()
    assert letter(index)["source"] == "contoh"


def test_it_is_a_letter_without_an_end_and_permits_nothing(letter, profile) -> None:
    public = PACK.check(letter(1), today=TODAY, office=profile).decision.public
    assert PACK.kind is Kind.LETTER
    assert PACK.valid_until(public, TODAY) is None  # although the permit that it speaks of has one
    assert PACK.objects(public) == ()
    assert PACK.received(public) == datetime.date(2026, 11, 18)


def test_its_number_is_never_that_of_a_permit(profile) -> None:
    assert PACK.number(1, TODAY, office=profile) == NUMBER
    assert packs.pack("genset").number(1, TODAY, office=profile) != NUMBER


@pytest.mark.parametrize(
    ("index", "path", "new", "field", "code"),
    [
        (0, "public.police_report", None, "public.police_report", "report_missing"),
        (1, "public.reason", "hilang", "public.police_report", "report_missing"),
        (0, "public.police_report.date", "2026-11-24", "public.police_report.date", "date_in_future"),
        (0, "public.police_report.date", "2026-06-14", "public.police_report.date", "reported_before_permit"),
        (0, "public.application.date", "2026-06-14", "public.application.date", "asked_before_permit"),
        (0, "public.application.received", "2026-11-11", "public.application.received", "received_before_written"),
        (0, "public.application.received", "2026-11-24", "public.application.received", "date_in_future"),
        (0, "public.permit.date", "2026-11-24", "public.permit.date", "date_in_future"),
        (1, "public.permit.until", "2025-02-24", "public.permit.until", "ended_before_permit"),
        (0, "public.copy_number", 0, "public.copy_number", "greater_than_equal"),
        (0, "public.copy_number", 100, "public.copy_number", "less_than_equal"),
        (0, "public.copy_number", "2", "public.copy_number", "quoted_number"),
        (0, "public.permit.sha256", "5f0c", "public.permit.sha256", "string_pattern_mismatch"),
        (0, "public.permit.sha256", "g" * 64, "public.permit.sha256", "string_pattern_mismatch"),
        (0, "public.reason", "dicuri", "public.reason", "enum"),
        (0, "public.holder.deed", {}, "public.holder.deed", "extra_forbidden"),
        (0, "public.recipient", None, "public.recipient", "missing"),
        (0, "private.nik", "1401", "private.nik", "nik_digit_count"),
    ],
)
def test_a_wrong_field_is_refused(  # noqa: PLR0917  # one row of the table
    letter, found, index: int, path: str, new: object, field: str, code: str
) -> None:
    assert ("error", field, code) in found(put(letter(index), path, new))


def test_another_reason_must_be_explained(letter, found) -> None:
    value = put(put(letter(2), "public.reason", "lainnya"), "public.police_report", None)
    assert found(value) == {("error", "public.explanation", "explanation_missing")}
    assert found(put(value, "public.explanation", "terbakar bersama gudang")) == set()


@pytest.mark.parametrize(
    ("index", "path", "new", "field", "code"),
    [
        (1, "public.permit.until", "2026-11-22", "public.permit.until", "permit_ended"),
        (0, "public.police_report.date", "2026-11-17", "public.police_report.date", "reported_after_receipt"),
        (0, "public.copy_number", 22, "public.copy_number", "many_copies"),
        (0, "private.nik", "1401039903800001", "private.nik", "nik_birth_date"),
    ],
)
def test_a_doubt_lets_the_letter_pass(  # noqa: PLR0917  # one row of the table
    letter, found, index: int, path: str, new: object, field: str, code: str
) -> None:
    assert found(put(letter(index), path, new)) == {("warning", field, code)}


@pytest.mark.parametrize(
    ("index", "path", "day"),
    [(1, "public.permit.until", "2026-11-23"), (0, "public.police_report.date", "2026-11-16"),
     (0, "public.police_report.date", "2026-06-15"), (0, "public.copy_number", 9)],
)  # fmt: skip
def test_the_last_day_or_number_that_is_in_order_passes(letter, found, index: int, path: str, day: object) -> None:
    assert found(put(letter(index), path, day)) == set()


def test_a_digest_is_read_however_it_is_grouped(letter, fields) -> None:
    value = letter(0)
    digest = value["public"]["permit"]["sha256"]
    grouped = " ".join(digest[at : at + 8].upper() for at in range(0, 64, 8))
    assert fields(put(value, "public.permit.sha256", grouped))["permit_sha256"] == fields(letter(0))["permit_sha256"]


def test_the_digest_is_printed_in_two_lines_of_groups_and_complete(letter, fields) -> None:
    value = letter(0)
    printed = fields(value)["permit_sha256"]
    lines = printed.split(" ")
    assert [len(line) for line in lines] == [39, 39]
    assert re.fullmatch(r"([0-9a-f]{4}\N{NO-BREAK SPACE}){7}[0-9a-f]{4}", lines[0])
    assert re.sub(r"\s", "", printed) == value["public"]["permit"]["sha256"]


@pytest.mark.parametrize(("copy", "said"), [(2, "salinan ke-2 (dua)"), (99, "salinan ke-99 (sembilan puluh sembilan)")])
def test_the_copy_is_counted_in_digits_and_words(letter, fields, copy: int, said: str) -> None:
    assert fields(put(letter(0), "public.copy_number", copy))["copy"] == said


def test_the_police_report_is_named_only_where_there_is_one(letter, fields) -> None:
    lost, damaged = words(fields(letter(0))["opening"]), words(fields(letter(1))["opening"])
    report = "Surat Keterangan Tanda Lapor Kehilangan Nomor SKTLK/CONTOH/411/XI/2026/SPKT tanggal 11 November 2026"
    assert report in lost
    assert "Kehilangan" not in damaged
    assert lost.endswith(", dengan ini diterangkan bahwa cetakan izin berikut telah diganti dengan salinannya:")


def test_strangers_learn_which_permit_was_copied_and_nothing_private(letter, profile, signer_in) -> None:
    value = put(letter(2), "public.explanation", "jatuh di pasar")
    public = PACK.check(value, today=TODAY, office=profile).decision.public
    view = {
        field.id: field.value
        for field in PACK.public_view(public, number=NUMBER, date_of_issue=TODAY, valid_until=None, mandate=signer_in())
    }
    assert (
        view["permit"]["id"] == "Surat Izin Instalasi Genset, Nomor 503/041/DPMPTSP/VIII/2026 tanggal 28 Agustus 2026"
    )
    assert view["permit"]["en"] == "Surat Izin Instalasi Genset, number 503/041/DPMPTSP/VIII/2026 of 28 August 2026"
    assert view["permit_sha256"]["id"] == value["public"]["permit"]["sha256"]
    assert (view["copy_number"]["id"], view["reason"]) == ("1", {"id": "Hilang", "en": "Lost"})
    assert view["type"] == {"id": "Surat Keterangan Pengganti", "en": "Replacement Letter"}
    told = " ".join(text for values in view.values() for text in values.values())
    hidden = ["Rahmawati", "jatuh di pasar", "SKTLK", "01/CSR/2026", *value["private"].values()]
    assert not [secret for secret in hidden if secret in told]


def test_the_code_says_whose_and_which_copy_it_is(letter, profile) -> None:
    company, person = (PACK.check(letter(index), today=TODAY, office=profile).decision.public for index in (0, 2))
    assert PACK.statement_names(company) == (
        "PT Menara Lancang Contoh", "Salinan ke-2 izin Nomor 503/014/DPMPTSP/VI/2026"
    )  # fmt: skip
    assert PACK.statement_names(person)[0] == "C*** S*** R***"
    assert PACK.holder_name(person) == "Contoh Siti Rahmawati"


def test_the_shape_is_the_same_whatever_became_of_the_print(letter, profile, signer_in) -> None:
    shapes = [
        PACK.shape(
            PACK.check(letter(index), today=TODAY, office=profile).decision.public,
            office=profile, mandate=signer_in(), date_of_issue=TODAY, mark="",
        )
        for index in range(3)
    ]  # fmt: skip
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_it_is_one_page_that_says_what_holds_and_what_no_longer_does(letter, printed, index: int) -> None:
    value = letter(index)
    found = printed(value, of=PACK, number=NUMBER)
    assert len(found.pages) == 1
    page = words(found.pages[0])
    permit = value["public"]["permit"]
    for text in (
        "SURAT KETERANGAN PENGGANTI", f"NOMOR {NUMBER}", permit["number"], permit["title"], permit["signer"],
        f"salinan ke-{value['public']['copy_number']} (", "Izin itu sendiri tidak berubah",
        "dari berkas elektronik yang sama", "Cetakan yang digantikan bukan lagi bukti", "Pasal 5 ayat (1)",
        value["public"]["recipient"]["name"],
    ):  # fmt: skip
        assert words(text) in page
    assert permit["sha256"] in re.sub(r"\s", "", page)
    assert not [secret for secret in value["private"].values() if secret.encode() in found.everything]


def test_a_long_name_makes_it_longer_and_loses_nothing(letter, printed) -> None:
    value = letter(0)
    value["public"]["holder"]["name"] = words("Perseroan Contoh Makmur Sejahtera " * 6)[:200].strip()
    value["public"]["recipient"] = {"name": "Contoh " * 26 + "Nama", "position": "Direktur " * 20 + "Utama"}
    value["public"]["explanation"] = "terbakar " * 20 + "habis"
    pages = printed(value, of=PACK, number=NUMBER).pages
    assert len(pages) <= 2
    text = words(" ".join(pages))
    assert value["public"]["recipient"]["name"] in text
    assert "Surat ini bukan izin." in text
