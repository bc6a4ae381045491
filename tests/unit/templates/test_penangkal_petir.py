import datetime
import re
from typing import Any

import pytest
from markupsafe import Markup

from registry.formats.record import MandateMode
from templates import packs
from templates.page import PageWriter

TODAY = datetime.date(2026, 11, 23)
NUMBER = "503/PP/001/DPMPTSP/XI/2026"
PACK = packs.pack("penangkal_petir")
SHOP, TOWER, FACTORY = range(3)
ROW = "public.installations.0"


@pytest.fixture
def permit(sample):
    """A sample's file: 0 shop-house of a natural person, 1 tower, 2 factory with many installations."""
    return lambda index: sample(index, PACK)


@pytest.fixture
def check(profile):
    return lambda value: PACK.check(value, today=TODAY, office=profile)


@pytest.fixture
def public(check):
    def read(value: dict[str, Any]) -> dict[str, Any]:
        decision = check(value).decision
        assert decision is not None
        return {**decision.public, "private_commitment": "00" * 32}

    return read


@pytest.fixture
def view(public, signer_in):
    def read(value: dict[str, Any], language: str = "id") -> dict[str, str]:
        part = public(value)
        fields = PACK.public_view(
            part,
            number=NUMBER,
            date_of_issue=TODAY,
            valid_until=PACK.valid_until(part, TODAY),
            mandate=signer_in(MandateMode.DEFINITIVE),
        )
        return {field.id: field.value[language] for field in fields}

    return read


def put(value: dict[str, Any], path: str, new: object) -> dict[str, Any]:
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    here: Any = value
    for step in way:
        here = here[step]
    if new is None:
        del here[last]
    else:
        here[last] = new
    return value


def electrostatic(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    row = value["public"]["installations"][0]
    row |= {"system": "elektrostatis", "serial": "KC60-26-00001", **changes}
    value["public"]["installations"][0] = {name: part for name, part in row.items() if part is not None}
    return value


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("index", [SHOP, TOWER, FACTORY])
def test_the_samples_pass_without_problems_and_say_that_they_are_invented(permit, check, index: int) -> None:
    assert check(permit(index)).problems == ()
    assert permit(index)["source"] == "contoh"
    assert "Contoh" in permit(index)["public"]["holder"]["name"]


def test_the_samples_cover_what_they_are_for(permit) -> None:
    shop, tower, factory = (permit(index)["public"] for index in range(3))
    assert [len(part["installations"]) for part in (shop, tower, factory)] == [1, 2, 22]
    assert shop["holder"]["form"] == "perorangan"
    assert "deed" not in shop["holder"]
    assert tower["location"]["tower"]["site_id"]
    assert factory["holder"]["amendment"]
    used = {row["earthing"] for part in (shop, tower, factory) for row in part["installations"]}
    assert used == {"batang", "pelat", "mendatar", "lingkar", "fondasi", "gabungan"}


@pytest.mark.parametrize(
    ("path", "new", "code", "indonesian", "english"),
    [
        (
            "year", 2027, "year_in_future",
            "Tahun pemasangan unit 1 berisi 2027, padahal tahun itu belum tiba. "
            "Cocokkan dengan berita acara pemasangan.",
            "Year of installation of unit 1 is 2027, a year that has not come yet. "
            "Compare it with the installation report.",
        ),
        (
            "measured", "2026-11-24", "date_in_future",
            "Tanggal pengukuran tahanan pembumian unit 1 berisi 24 November 2026, padahal tanggal itu belum tiba. "
            "Cocokkan dengan dokumennya.",
            None,
        ),
        (
            "resistance_ohm", 0, "greater_than",
            "Tahanan pembumian terukur unit 1 (ohm) berisi “0”, padahal harus lebih dari 0. "
            "Cocokkan dengan dokumennya.",
            None,
        ),
        (
            "terminals", 0, "greater_than_equal",
            "Jumlah terminal udara unit 1 berisi “0”, padahal paling kecil 1. Cocokkan dengan dokumennya.",
            None,
        ),
        (
            "earthing", "kawat", "enum",
            "Jenis pembumian unit 1 berisi “kawat”, yang tidak dikenal. "
            "Pilih salah satu: batang, pelat, mendatar, lingkar, fondasi, gabungan.",
            None,
        ),
        (
            "conductor_mm2", None, "missing",
            "Penampang penghantar turun unit 1 (mm²) belum diisi. Isilah sesuai dokumen permohonan.",
            None,
        ),
    ],
)  # fmt: skip
def test_an_error_keeps_the_decision_out(  # noqa: PLR0917  # one row of the table
    permit, check, path: str, new: object, code: str, indonesian: str, english: str | None
) -> None:
    checked = check(put(permit(SHOP), f"{ROW}.{path}", new))
    assert checked.decision is None
    problem = next(p for p in checked.problems if p.field == f"public.installations[0].{path}")
    assert (problem.severity, problem.code, problem.message) == ("error", code, indonesian)
    assert problem.text("en") != problem.message
    if english is not None:
        assert problem.text("en") == english


@pytest.mark.parametrize(
    ("field", "code", "changes", "indonesian", "english"),
    [
        (
            "resistance_ohm", "resistance_high", {"resistance_ohm": "5.01"},
            "Tahanan pembumian terukur unit 1 (ohm) berisi 5,01 ohm, lebih dari 5 ohm. Pastikan rekomendasi teknis "
            "menerimanya, atau mintalah perbaikan dan pengukuran ulang.",
            "Measured earth resistance of unit 1 (ohm) is 5.01 ohm, more than 5 ohm. Make sure that the technical "
            "recommendation accepts it, or ask for a repair and another measurement.",
        ),
        (
            "measured", "measured_long_ago", {"measured": "2024-11-22", "year": 2020},
            "Tanggal pengukuran tahanan pembumian unit 1 berisi 22 November 2024, lebih dari 2 tahun yang lalu. "
            "Mintalah hasil pengukuran yang baru.",
            "Date of the earth resistance measurement of unit 1 is 22 November 2024, more than 2 years ago. "
            "Ask for a new measurement.",
        ),
        (
            "measured", "measured_before_installed", {"measured": "2025-12-31", "year": 2026},
            "Tanggal pengukuran tahanan pembumian unit 1 berisi 31 Desember 2025, padahal instalasinya baru dipasang "
            "pada tahun 2026. Mintalah hasil pengukuran setelah pemasangan.",
            "Date of the earth resistance measurement of unit 1 is 31 December 2025, but the installation was only "
            "made in 2026. Ask for a measurement made after the installation.",
        ),
        (
            "radius_m", "radius_too_large", {"radius_m": "60.5"},
            "Radius proteksi unit 1 (m) berisi 60,5 m, padahal sistem sejenis ini melindungi paling jauh 60 m. "
            "Cocokkan dengan perhitungan perencana.",
            "Radius of protection of unit 1 (m) is 60.5 m, but a system of this kind protects no farther than 60 m. "
            "Compare it with the designer's calculation.",
        ),
        (
            "mast_m", "mast_tall", {"mast_m": 52},
            "Tinggi tiang unit 1 (m) berisi 52 m, padahal tiang jarang lebih dari 30 m. Isilah tinggi tiangnya saja, "
            "tanpa menara atau bangunan di bawahnya.",
            "Mast height of unit 1 (m) is 52 m, but a mast is rarely more than 30 m. Enter the height of the mast "
            "alone, without the tower or building below it.",
        ),
    ],
)  # fmt: skip
def test_a_doubt_about_an_installation_lets_the_decision_pass(  # noqa: PLR0917  # one row of the table
    permit, check, field: str, code: str, changes: dict[str, Any], indonesian: str, english: str
) -> None:
    value = permit(SHOP)
    value["public"]["installations"][0] |= changes
    checked = check(value)
    assert checked.decision is not None
    (problem,) = checked.problems
    assert (problem.severity, problem.field, problem.code) == ("warning", f"public.installations[0].{field}", code)
    assert (problem.message, problem.text("en")) == (indonesian, english)


@pytest.mark.parametrize(
    ("field", "code", "changes", "indonesian", "english"),
    [
        (
            "serial", "serial_missing", {"serial": None},
            "Nomor seri terminal udara unit 1 belum diisi, padahal terminal elektrostatis mempunyai nomor seri. "
            "Cocokkan dengan pelat nama atau sertifikat pabriknya.",
            "Air terminal serial number of unit 1 is missing, though an ESE terminal has a serial number. "
            "Compare it with the name plate or the maker's certificate.",
        ),
        (
            "terminals", "serial_shared", {"terminals": 2},
            "Jumlah terminal udara unit 1 berisi 2, padahal setiap terminal elektrostatis mempunyai nomor seri "
            "sendiri. Tulislah setiap terminal sebagai satu unit.",
            "Number of air terminals of unit 1 is 2, but every ESE terminal has a serial number of its own. "
            "Enter each terminal as a unit of its own.",
        ),
        (
            "mast_m", "mast_short", {"mast_m": "1.9"},
            "Tinggi tiang unit 1 (m) berisi 1,9 m, padahal terminal elektrostatis berdiri sedikitnya 2 m di atas yang "
            "dilindunginya. Cocokkan dengan gambar.",
            "Mast height of unit 1 (m) is 1.9 m, but an ESE terminal stands at least 2 m above what it protects. "
            "Compare it with the drawing.",
        ),
        (
            "radius_m", "radius_too_large", {"radius_m": 121},
            "Radius proteksi unit 1 (m) berisi 121 m, padahal sistem sejenis ini melindungi paling jauh 120 m. "
            "Cocokkan dengan perhitungan perencana.",
            "Radius of protection of unit 1 (m) is 121 m, but a system of this kind protects no farther than 120 m. "
            "Compare it with the designer's calculation.",
        ),
    ],
)  # fmt: skip
def test_an_electrostatic_terminal_is_asked_for_more(  # noqa: PLR0917  # one row of the table
    permit, check, field: str, code: str, changes: dict[str, Any], indonesian: str, english: str
) -> None:
    checked = check(electrostatic(permit(SHOP), **changes))
    assert checked.decision is not None
    (problem,) = checked.problems
    assert (problem.severity, problem.field, problem.code) == ("warning", f"public.installations[0].{field}", code)
    assert (problem.message, problem.text("en")) == (indonesian, english)


@pytest.mark.parametrize(
    "changes",
    [
        {"resistance_ohm": 5},
        {"measured": "2024-11-23", "year": 2020},
        {"measured": "2026-11-23"},
        {"measured": "2025-01-01", "year": 2025},
        {"radius_m": 60},
        {"mast_m": 30},
        {"mast_m": "0.5"},
        {"terminals": 40},
    ],
)
def test_what_is_just_within_the_limits_raises_no_doubt(permit, check, changes: dict[str, Any]) -> None:
    value = permit(SHOP)
    value["public"]["installations"][0] |= changes
    assert check(value).problems == ()


def test_an_electrostatic_terminal_within_the_limits_raises_no_doubt(permit, check) -> None:
    assert check(electrostatic(permit(SHOP), radius_m=120, mast_m=2)).problems == ()


def test_two_terminals_of_one_make_cannot_have_the_same_serial_number(permit, check) -> None:
    value = permit(TOWER)
    first, second = value["public"]["installations"]
    second |= {"make": first["make"].upper(), "serial": first["serial"].lower()}
    checked = check(value)
    assert checked.decision is None
    (problem,) = checked.problems
    assert (problem.severity, problem.code, problem.field) == (
        "error",
        "serial_twice",
        "public.installations[1].serial",
    )
    assert problem.message == (
        "Nomor seri terminal udara unit 2 berisi “kc60-24-01187”, sama dengan nomor seri unit 1. "
        "Setiap terminal mempunyai nomor seri sendiri; betulkan salah satunya."
    )
    assert problem.text("en") == (
        "Air terminal serial number of unit 2 is “kc60-24-01187”, the same as that of unit 1. "
        "Every terminal has a serial number of its own; correct one of them."
    )
    second["make"] = "Merek Lain Contoh"
    assert check(value).problems == ()


@pytest.mark.parametrize(
    ("index", "path", "new", "severity", "field", "code"),
    [
        (TOWER, "public.location.tower", None, "error", "public.location.tower", "tower_missing"),
        (TOWER, "public.holder.deed", None, "error", "public.holder.deed", "deed_missing"),
        (TOWER, "public.holder.deed.date", "2027-01-01", "error", "public.holder.deed.date", "date_in_future"),
        (
            TOWER, "public.location.tower.building_permit_date", "2027-01-01",
            "error", "public.location.tower.building_permit_date", "date_in_future",
        ),
        (SHOP, "public.application.date", "2027-01-01", "error", "public.application.date", "date_in_future"),
        (
            SHOP, "public.application.received", "2026-11-02",
            "error", "public.application.received", "received_before_written",
        ),
        (
            SHOP, "public.recommendation.date", "2026-11-01",
            "warning", "public.recommendation.date", "recommended_before_asked",
        ),
        (
            SHOP, "public.installer.certificate_until", "2026-11-22",
            "warning", "public.installer.certificate_until", "certificate_expired",
        ),
        (SHOP, "public.validity.until", "2031-01-01", "error", "public.validity.until", "end_unwanted"),
        (FACTORY, "public.validity.until", "2026-11-23", "error", "public.validity.until", "end_passed"),
        (
            SHOP, "public.location.district.code", "14.01.99",
            "error", "public.location.district.code", "district_unknown",
        ),
        (SHOP, "private.npwp", "1401014506810005", "warning", "private.npwp", "npwp_not_nik"),
        (SHOP, "private.coordinates.latitude", "-6.2", "warning", "private.coordinates", "outside_region"),
        (SHOP, "type", "genset", "error", "type", "literal_error"),
    ],
)  # fmt: skip
def test_what_every_permit_is_asked_is_asked_here_too(  # noqa: PLR0917  # one row of the table
    permit, check, index: int, path: str, new: object, severity: str, field: str, code: str
) -> None:
    problems = check(put(permit(index), path, new)).problems
    assert (severity, field, code) in {(p.severity, p.field, p.code) for p in problems}


def test_the_statement_says_how_many_installations_and_where(permit, public) -> None:
    assert PACK.statement_names(public(permit(FACTORY))) == (
        "PT Sawit Contoh Lestari & Rekan Agro D'Nusantara",
        "22 instalasi penangkal petir, Kec. Tapung",
    )


def test_only_a_serial_number_tells_one_terminal_from_every_other(permit, public) -> None:
    assert [thing for thing in PACK.objects(public(permit(TOWER))) if thing] == ["Kilat Contoh KC60-24-01187"]
    assert not any(PACK.objects(public(permit(SHOP))))


def test_its_numbers_cannot_be_those_of_another_permit_type(profile) -> None:
    numbers = {pack.number(1, TODAY, office=profile) for pack in (PACK, packs.pack("genset"))}
    assert NUMBER in numbers
    assert len(numbers) == 2


def test_it_cites_the_law_on_lightning_protection_and_the_offices_own(permit, public, profile, signer_in) -> None:
    shape = PACK.shape(
        public(permit(SHOP)),
        office=profile,
        mandate=signer_in(MandateMode.DEFINITIVE),
        date_of_issue=TODAY,
        mark="",
    )
    cited = " ".join(shape["legal_basis"])
    assert "PER.02/MEN/1989" in cited
    assert "Komunikasi dan Informatika Nomor 23 Tahun 2009" in cited
    assert "Peraturan Bupati Kampar" in cited
    assert "Nomor 5 Tahun 2021" not in cited
    assert any("5 (lima) ohm" in condition for condition in shape["conditions"])


def test_the_public_view_says_what_stands_on_the_paper(permit, view) -> None:
    seen = view(permit(TOWER))
    assert seen["type"] == "Surat Izin Instalasi Penangkal Petir"
    assert seen["holder"] == "PT Menara Lancang Contoh"
    assert seen["location"] == "Menara Tambang Contoh 2, Desa Contoh Jaya, Kecamatan Tambang"
    assert seen["installations"] == "2"
    assert seen["systems"] == "Elektrostatis (ESE): 1; Konvensional: 1"
    assert seen["terminals"] == "3"
    assert seen["serials"] == "KC60-24-01187"
    assert seen["valid_until"] == "Selama penangkal petir digunakan"
    english = view(permit(TOWER), "en")
    assert english["type"] == "Lightning Protection Installation Permit"
    assert english["systems"] == "Early streamer emission (ESE): 1; Conventional: 1"
    assert english["valid_until"] == "As long as the lightning protection is used"
    assert english["location"].endswith("Tambang District")
    assert view(permit(FACTORY))["valid_until"] == "Sampai dengan 30 November 2031"
    assert view(permit(SHOP))["serials"] == "–"


def test_a_natural_person_is_masked_wherever_strangers_look(permit, public, view) -> None:
    value = permit(SHOP)
    told = " ".join((*view(value).values(), *view(value, "en").values(), *PACK.statement_names(public(value))))
    assert "N*** C*** S***" in told
    assert not re.search(r"Nurhayati|Siregar|Pasar Baru", told)
    assert view(value)["location"] == "Kecamatan Bangkinang Kota"


@pytest.mark.parametrize("index", [SHOP, TOWER, FACTORY])
def test_the_public_view_holds_nothing_private(permit, view, index: int) -> None:
    value = permit(index)
    told = " ".join((*view(value).values(), *view(value, "en").values()))
    private = value["private"]
    secrets = [private["nik"], private["npwp"], private["phone"], *private["coordinates"].values()]
    secrets += [value["public"]["holder"]["responsible"]["name"], value["public"]["holder"]["address"]]
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize("index", [SHOP, TOWER, FACTORY])
def test_the_page_places_every_field_and_no_other(permit, public, profile, signer_in, index: int) -> None:
    part = public(permit(index))
    until = PACK.valid_until(part, TODAY)
    fields = PACK.fields(part, office=profile, number=NUMBER, date_of_issue=TODAY, valid_until=until)
    assert all(fields.values())
    shape = PACK.shape(part, office=profile, mandate=signer_in(MandateMode.DEFINITIVE), date_of_issue=TODAY, mark="")
    page = PageWriter(PACK).write(
        shape, value=lambda block: Markup(" ").join(block.names), title="", created="2026-11-23T00:00:00Z", bold=b""
    )
    placed = [name for block in page.blocks if not block.repeated for name in block.names]
    assert sorted(placed) == sorted({*fields, "host"})


def test_a_small_permit_takes_one_sheet_of_paper(permit, printed) -> None:
    pages = [words(text) for text in printed(permit(SHOP), of=PACK, number=NUMBER).pages]
    assert len(pages) == 2
    assert "Nurhayati Contoh Siregar" in pages[0]
    assert "2,4 ohm" in pages[1]
    assert "tanpa nomor seri" in pages[1]
    assert "Ditetapkan di" in pages[1]


def test_a_long_list_repeats_its_head_on_every_page_and_keeps_every_row(permit, printed) -> None:
    value = permit(FACTORY)
    pages = [words(text) for text in printed(value, of=PACK, number=NUMBER).pages]
    listing = [page for page in pages if "sistem, merek dan tipe, nomor seri" in page]
    assert len(listing) >= 2
    everything = " ".join(pages)
    for row in value["public"]["installations"]:
        assert row.get("serial", "tanpa nomor seri") in everything
    assert "22 (dua puluh dua) instalasi, 84 (delapan puluh empat) terminal udara" in everything
    assert "Masa berlaku" in pages[-1]
    assert "Ditetapkan di" in pages[-1]
