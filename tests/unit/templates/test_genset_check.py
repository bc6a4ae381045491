import datetime
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats import canonical
from templates import packs
from templates.office import OfficeProfile

TODAY = datetime.date(2026, 11, 23)
PACK = packs.pack("genset")
OFFICE = OfficeProfile.read(PACK.folder.parents[2] / "offices" / "kampar.toml")
ASKED, FACTOR, LAST_DAY = "Tanggal surat permohonan", "Faktor daya unit 1 (cos φ)", "Tanggal akhir masa berlaku"
CODE, DISTRICT = "Kode kecamatan", "Nama kecamatan"


def put(value: dict[str, Any], path: str, new: object) -> None:
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    here: Any = value
    for step in way:
        here = here[step]
    if new is None:
        del here[last]
    else:
        here[last] = new


def found(value: object, severity: str) -> dict[str, str]:
    return {p.field: p.code for p in PACK.check(value, today=TODAY, office=OFFICE).problems if p.severity == severity}


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_samples_are_sound(sample, index: int) -> None:
    checked = PACK.check(sample(index), today=TODAY, office=OFFICE)
    assert checked.decision is not None
    assert [p.code for p in checked.problems] == (["iuptls_needed"] if index == 2 else [])


def test_the_samples_cover_what_they_are_for(sample) -> None:
    assert [len(sample(index)["public"]["units"]) for index in range(3)] == [1, 2, 14]
    hospital = json.dumps(sample(2), ensure_ascii=False)
    assert all(letter in hospital for letter in "'&<éñüÇḤ")
    assert sample(1)["public"]["validity"]["until"].startswith("2041")
    assert all(sample(index)["source"] == "contoh" for index in range(3))


@pytest.mark.parametrize(
    ("path", "new", "field", "code", "label"),
    [
        ("public.purpose", None, "public.purpose", "missing", "Keperluan"),
        ("public.purpose", "  \n ", "public.purpose", "empty", "Keperluan"),
        ("public.purpose", "x" * 401, "public.purpose", "string_too_long", "Keperluan"),
        ("public.purpose", 3, "public.purpose", "string_type", "Keperluan"),
        ("public.purpose", "a\u200bb", "public.purpose", "foreign_unseen", "Keperluan"),
        ("public.holder.name", "漢字", "public.holder.name", "foreign_letter", "Nama pemegang izin"),
        ("public.holder.nama", "x", "public.holder.nama", "extra_forbidden", "Isian “nama”"),
        ("public.holder.form", "ud", "public.holder.form", "enum", "Bentuk pemegang izin"),
        ("public.holder.nib", "123", "public.holder.nib", "nib_digit_count", "NIB"),
        ("public.holder.nib", 9120001234567, "public.holder.nib", "string_type", "NIB"),
        ("public.holder.deed", None, "public.holder.deed", "deed_missing", "Akta pendirian"),
        ("public.application.date", "23-11-2026", "public.application.date", "date_format", ASKED),
        ("public.application.date", 1790000000, "public.application.date", "date_format", ASKED),
        ("public.application.date", "2026-02-30", "public.application.date", "no_such_date", ASKED),
        ("public.application.date", "2026-12-01", "public.application.date", "date_in_future", ASKED),
        (
            "public.application.received",
            "2026-10-11",
            "public.application.received",
            "received_before_written",
            "Tanggal tanda terima permohonan",
        ),
        ("public.location.district.code", "14.01.99", "public.location.district.code", "district_unknown", CODE),
        ("public.location.district.name", "Tapung", "public.location.district.name", "district_mismatch", DISTRICT),
        ("public.location.tower", None, "public.location.tower", "tower_missing", "Data menara"),
        ("public.units", [], "public.units", "too_short", "Daftar unit"),
        ("public.units", [{}] * 61, "public.units", "too_long", "Daftar unit"),
        ("public.units.0", 7, "public.units[0]", "model_type", "Unit 1"),
        ("public.units.0.power_kw", 21, "public.units[0].power_kw", "kw_over_kva", "Daya unit 1 (kW)"),
        ("public.units.0.power_kw", 0, "public.units[0].power_kw", "greater_than", "Daya unit 1 (kW)"),
        ("public.units.0.power_kw", "16,5", "public.units[0].power_kw", "number_format", "Daya unit 1 (kW)"),
        ("public.units.0.power_kw", True, "public.units[0].power_kw", "number_format", "Daya unit 1 (kW)"),
        ("public.units.0.power_factor", "1.1", "public.units[0].power_factor", "less_than_equal", FACTOR),
        ("public.units.0.year", 2027, "public.units[0].year", "year_in_future", "Tahun pembuatan unit 1"),
        ("public.units.0.year", 1949, "public.units[0].year", "greater_than_equal", "Tahun pembuatan unit 1"),
        ("public.units.0.voltage_v", "400", "public.units[0].voltage_v", "quoted_number", "Tegangan unit 1 (V)"),
        ("public.units.0.voltage_v", "400 V", "public.units[0].voltage_v", "int_type", "Tegangan unit 1 (V)"),
        ("public.units.0.warna", "x", "public.units[0].warna", "extra_forbidden", "Isian “warna” unit 1"),
        ("public.location.district.code", "1401", "public.location.district.code", "string_pattern_mismatch", CODE),
        ("public.validity.until", "2041-01-01", "public.validity.until", "end_unwanted", LAST_DAY),
        (
            "public.validity",
            {"kind": "sampai_tanggal"},
            "public.validity.until",
            "end_missing",
            LAST_DAY,
        ),
        (
            "public.validity",
            {"kind": "sampai_tanggal", "until": "2026-11-23"},
            "public.validity.until",
            "end_passed",
            LAST_DAY,
        ),
        ("private.nik", "1471011407790000", "private.nik", "nik_serial", "NIK penanggung jawab"),
        ("private.npwp", "0012", "private.npwp", "npwp_digit_count", "NPWP pemegang izin"),
        ("private.phone", "telepon", "private.phone", "string_pattern_mismatch", "Nomor telepon pemegang izin"),
        ("type", "petir", "type", "literal_error", "Jenis izin"),
    ],
)  # fmt: skip
def test_an_error_names_the_field_by_its_label(  # noqa: PLR0917  # one row of the table
    sample, path: str, new: object, field: str, code: str, label: str
) -> None:
    value = sample(0)
    put(value, path, new)
    checked = PACK.check(value, today=TODAY, office=OFFICE)
    assert checked.decision is None
    problem = next(p for p in checked.problems if p.field == field)
    assert (problem.severity, problem.code, problem.label) == ("error", code, label)
    assert problem.message.startswith(label)
    assert problem.message.count(". ") >= 1  # what is wrong, and then the remedy
    assert "{" not in problem.message + problem.text("en")
    assert problem.text("en") != problem.message


@pytest.mark.parametrize(
    ("path", "new", "field", "code"),
    [
        ("public.units.0.power_kw", 12, "public.units[0].power_kw", "kw_off_factor"),
        ("public.recommendation.date", "2026-10-01", "public.recommendation.date", "recommended_before_asked"),
        (
            "public.installer.certificate_until",
            "2026-11-22",
            "public.installer.certificate_until",
            "certificate_expired",
        ),
        ("private.nik", "1471013102790003", "private.nik", "nik_birth_date"),
        ("private.coordinates.latitude", "-6.2", "private.coordinates", "outside_region"),
    ],
)
def test_a_doubt_lets_the_decision_pass(sample, path: str, new: object, field: str, code: str) -> None:
    value = sample(0)
    put(value, path, new)
    checked = PACK.check(value, today=TODAY, office=OFFICE)
    assert checked.decision is not None
    assert found(value, "warning") == {field: code}


@pytest.mark.parametrize(
    ("path", "new", "indonesian", "english"),
    [
        (
            "public.units.0.year",
            "2020",
            "Tahun pembuatan unit 1 ditulis di antara tanda kutip: “2020”. Tulis angkanya tanpa tanda kutip.",
            "Year of manufacture of unit 1 is written between quotation marks: “2020”. "
            "Write the digits without quotation marks.",
        ),
        (
            "public.units.0.year",
            Decimal("2020.5"),
            "Tahun pembuatan unit 1 berisi “2020.5”, padahal harus bilangan bulat. Tulis angkanya saja, misalnya 1500.",
            "Year of manufacture of unit 1 is “2020.5”, but must be a whole number. Write digits only, such as 1500.",
        ),
        (
            "public.purpose",
            "",
            "Keperluan kosong. Isilah sesuai dokumen permohonan.",
            "Purpose is empty. Enter it from the application's documents.",
        ),
        (
            "public.holder.nib",
            "1234",
            "NIB berisi 4 angka, padahal harus 13 angka. Cocokkan dengan NIB pemegang izin.",
            "Business number (NIB) has 4 digits, but must have 13. Compare it with the holder's NIB.",
        ),
        (
            "private.nik",
            "1234",
            "NIK penanggung jawab berisi 4 angka, padahal harus 16 angka. Cocokkan dengan KTP.",
            "Responsible person's NIK has 4 digits, but must have 16. Compare it with the identity card.",
        ),
        (
            "private.npwp",
            "1234",
            "NPWP pemegang izin berisi 4 angka, padahal harus 15 atau 16 angka. Cocokkan dengan kartu NPWP.",
            "Holder's tax number (NPWP) has 4 digits, but must have 15 or 16. Compare it with the tax card.",
        ),
        (
            "public.location.district.code",
            "140103",
            "Kode kecamatan berisi “140103”, yang bentuknya tidak sesuai. Tulislah seperti contoh ini: 14.01.03.",
            "District code is “140103”, which does not have the right form. Write it like this example: 14.01.03.",
        ),
        (
            "public.installer",
            7,
            "Pemasang harus terdiri atas beberapa isian. Isilah masing-masing: Nama pemasang, "
            "Nomor sertifikat keahlian pemasang, Tanggal sertifikat keahlian pemasang.",
            "Installer must consist of several entries. Fill each of them: Installer's name, "
            "Number of the installer's certificate, Date of the installer's certificate.",
        ),
        (
            "public.installer.extra",
            7,
            "Isian “extra” tidak dikenal dalam “Pemasang”. Hapus isian itu atau betulkan ejaan namanya.",
            "The entry “extra” is not known in “Installer”. Remove it or correct the spelling of its name.",
        ),
        (
            "extra",
            7,
            "Isian “extra” tidak dikenal dalam “Berkas keputusan”. Hapus isian itu atau betulkan ejaan namanya.",
            "The entry “extra” is not known in “Decision file”. Remove it or correct the spelling of its name.",
        ),
        (
            "public.application.date",
            "2027-01-01",
            "Tanggal surat permohonan berisi 1 Januari 2027, padahal tanggal itu belum tiba. "
            "Cocokkan dengan dokumennya.",
            "Date of the application is 1 January 2027, a day that has not come yet. Compare it with the document.",
        ),
        (
            "public.units.0.power_kw",
            "1250.5",
            "Daya unit 1 (kW) berisi 1.250,5 kW, padahal kapasitasnya hanya 20 kVA. Betulkan daya atau kapasitasnya.",
            "Power of unit 1 (kW) is 1,250.5 kW, but the capacity is only 20 kVA. Correct the power or the capacity.",
        ),
        (
            "private.coordinates.latitude",
            "-6.2",
            "Koordinat lokasi berada di luar Kabupaten Kampar. Periksa tanda minus, urutan lintang dan bujur, "
            "serta titiknya di peta.",
            "Map position (coordinates) lies outside Kabupaten Kampar. Check the minus sign, the order of latitude "
            "and longitude, and the place on the map.",
        ),
    ],
)
def test_what_the_officer_reads(sample, path: str, new: object, indonesian: str, english: str) -> None:
    value = sample(0)
    put(value, path, new)
    told = {p.message: p.text("en") for p in PACK.check(value, today=TODAY, office=OFFICE).problems}
    assert told.get(indonesian) == english, told


def test_a_null_is_an_empty_field(sample) -> None:
    value = sample(0)
    value["public"]["purpose"] = value["public"]["units"][0]["year"] = value["public"]["installer"] = None
    assert found(value, "error") == {
        "public.installer": "empty",
        "public.purpose": "empty",
        "public.units[0].year": "empty",
    }


@pytest.mark.parametrize(("new", "shown"), [(True, "“true”"), ([1], "“[…]”"), ({"a": 1}, "“{…}”")])
def test_a_value_of_another_kind_is_shown_as_the_file_writes_it(sample, new: object, shown: str) -> None:
    value = sample(0)
    put(value, "public.application.date", new)
    assert shown in PACK.check(value, today=TODAY, office=OFFICE).problems[0].message


def test_the_deeds_are_told_apart(sample) -> None:
    value = sample(1)
    value["public"]["holder"]["amendment"] = dict(value["public"]["holder"]["deed"])
    for deed in ("deed", "amendment"):
        put(value, f"public.holder.{deed}.number", "")
    assert [p.label for p in PACK.check(value, today=TODAY, office=OFFICE).problems] == [
        "Nomor akta pendirian",
        "Nomor akta perubahan",
    ]


def test_equal_power_and_capacity_pass_and_a_hair_more_does_not(sample) -> None:
    value = sample(0)
    put(value, "public.units.0.power_factor", 1)
    put(value, "public.units.0.power_kw", 20)
    assert found(value, "error") == {}
    put(value, "public.units.0.power_kw", Decimal("20.01"))
    assert found(value, "error") == {"public.units[0].power_kw": "kw_over_kva"}


@pytest.mark.parametrize(("kw", "warned"), [("250", False), ("250.5", True)])
def test_more_than_500_kw_together_asks_for_an_iuptls(sample, kw: str, warned: bool) -> None:
    value = sample(1)
    for unit in value["public"]["units"]:
        unit.update(power_kva="312.5", power_kw=kw)
    assert found(value, "warning") == ({"public.units": "iuptls_needed"} if warned else {})


def test_one_serial_number_for_two_units_is_an_error_at_the_second(sample) -> None:
    value = sample(1)
    first, second = value["public"]["units"]
    second.update(engine_make=first["engine_make"].upper(), engine_serial=first["engine_serial"].lower())
    assert found(value, "error") == {"public.units[1].engine_serial": "serial_twice"}


def test_a_natural_person_needs_no_deed_but_the_tax_number_should_be_the_nik(sample) -> None:
    value = sample(1)
    put(value, "public.holder.form", "perorangan")
    put(value, "public.holder.deed", None)
    put(value, "public.holder.amendment", None)
    put(value, "private.npwp", "1401024512850003")
    assert found(value, "error") == {}
    assert found(value, "warning") == {"private.npwp": "npwp_not_nik"}


def test_what_was_typed_into_a_private_field_is_not_repeated(sample) -> None:
    value = sample(0)
    for path, secret in (
        ("private.nik", "9876543210987"),
        ("private.phone", "rahasia-telepon"),
        ("private.coordinates.latitude", "123.456789"),
        ("private.home_address", "rumah \u200b rahasia"),
    ):
        put(value, path, secret)
    problems = PACK.check(value, today=TODAY, office=OFFICE).problems
    assert len(problems) == 4
    told = "".join(p.message + p.text("en") + repr(p) for p in problems)
    for secret in ("9876543210987", "rahasia", "123.456789"):
        assert secret not in told


def test_texts_and_numbers_have_one_spelling(sample) -> None:
    first, second = sample(0), sample(0)
    put(second, "public.purpose", "  " + first["public"]["purpose"].replace(" ", " \n "))
    put(second, "public.units.0.power_kva", "20.00")
    put(second, "public.units.0.power_factor", Decimal("0.80"))
    put(second, "private.npwp", "00.123.456.782-16000")
    decisions = [PACK.check(value, today=TODAY, office=OFFICE).decision for value in (first, second)]
    assert decisions[0] is not None
    assert decisions[0] == decisions[1]
    assert canonical.dump(decisions[0].public)
    assert decisions[0].public["units"][0]["power_factor"] == "0.8"  # type: ignore[index]


def test_what_was_read_reads_again_the_same(sample) -> None:
    for index in range(3):
        decision = PACK.check(sample(index), today=TODAY, office=OFFICE).decision
        assert decision is not None
        again = {
            "type": "genset",
            "source": decision.source,
            "reference": decision.reference,
            "public": decision.public,
            "private": decision.private,
        }
        assert PACK.check(canonical.parse(canonical.dump(again)), today=TODAY, office=OFFICE).decision == decision


def test_public_and_private_share_no_value(sample) -> None:
    for index in range(3):
        value = sample(index)
        decision = PACK.check(value, today=TODAY, office=OFFICE).decision
        assert decision is not None
        public = canonical.dump(decision.public).decode()
        for secret in ("nik", "npwp", "phone", "home_address"):
            if secret in decision.private:
                assert str(decision.private[secret]) not in public
        assert "rahasia" not in repr(decision)
        assert str(decision.private["nik"]) not in repr(decision)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    "type", "source", "reference", "public", "private", "public.holder", "public.holder.name", "public.holder.deed",
    "public.holder.deed.date", "public.location.district.code", "public.location.tower", "public.units",
    "public.units.0",
    "public.units.0.power_kva", "public.units.0.year", "public.units.0.engine_serial", "public.validity",
    "public.validity.until", "private.nik", "private.coordinates", "private.coordinates.latitude", "private.phone",
]  # fmt: skip


@given(path=st.sampled_from(PATHS), new=JSON)
@settings(max_examples=150)
def test_whatever_stands_in_a_field_the_check_answers(path: str, new: object) -> None:
    value = canonical.parse(PACK.samples()[0].read_bytes())
    assert isinstance(value, dict)
    put(value, path, {} if new is None else new)
    checked = PACK.check(value, today=TODAY, office=OFFICE)
    errors = [p for p in checked.problems if p.severity == "error"]
    assert (checked.decision is None) == bool(errors)
    for problem in checked.problems:
        assert problem.message.startswith(problem.label)
        assert problem.text("en")


@given(JSON)
def test_a_file_that_holds_anything_at_all_gets_an_answer(value: object) -> None:
    assert PACK.check(value, today=TODAY, office=OFFICE).decision is None


def test_the_published_schema_names_every_field_in_words() -> None:
    schema = PACK.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    json.dumps(schema)
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    unit = definitions["Unit"]
    assert unit["properties"]["power_kw"]["title"] == "Daya (kW)"
    assert unit["additionalProperties"] is False
    assert set(schema["required"]) == {"type", "source", "reference", "public", "private"}  # type: ignore[arg-type]
