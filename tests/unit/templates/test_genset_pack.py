import dataclasses
import datetime
from typing import Any

import pytest

from registry.formats.errors import DocumentError
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.office import OfficeProfile

TODAY = datetime.date(2026, 11, 23)
PACK = packs.pack("genset")
OFFICE = OfficeProfile.read(PACK.folder.parents[2] / "offices" / "kampar.toml")
MANDATE = MandateRecord(
    person="Dra. Contoh, M.Si.",
    rank="Pembina (IV/a)",
    employee_number="196903291990031009",
    mode=MandateMode.PLT,
    office_title="KEPALA DINAS CONTOH",
    own_title="",
    decree_number="1",
    decree_date=datetime.date(2025, 1, 1),
    scope=(),
    valid_from=datetime.date(2025, 1, 1),
    valid_until=None,
)


def public(value: dict[str, Any]) -> dict[str, Any]:
    decision = PACK.check(value, today=TODAY, office=OFFICE).decision
    assert decision is not None
    return {**decision.public, "private_commitment": "00" * 32}


def shape(part: dict[str, Any], day: datetime.date = TODAY) -> dict[str, object]:
    return PACK.shape(part, office=OFFICE, mandate=MANDATE, date_of_issue=day, mark="")


def view(part: dict[str, Any], language: str = "id") -> dict[str, str]:
    fields = PACK.public_view(
        part, number="503/1", date_of_issue=TODAY, valid_until=PACK.valid_until(part, TODAY), mandate=MANDATE
    )
    assert all(set(field.label) == set(field.value) == {"id", "en"} for field in fields)
    return {field.id: field.value[language] for field in fields}


def test_a_permit_type_that_there_is_none_for_is_refused() -> None:
    with pytest.raises(DocumentError, match="petir"):
        packs.pack("petir")
    assert "genset/v1" in {pack.name for pack in packs.packs()}


def test_the_legal_basis_is_that_of_the_date_of_issue(sample) -> None:
    part = public(sample(0))
    then = " ".join(shape(part, datetime.date(2022, 2, 25))["legal_basis"])  # type: ignore[arg-type]
    now = " ".join(shape(part)["legal_basis"])  # type: ignore[arg-type]
    for stale in ("Undang-Undang Nomor 11 Tahun 2020", "Peraturan Pemerintah Nomor 5 Tahun 2021"):
        assert stale in then
        assert stale not in now
    for current in ("Nomor 6 Tahun 2023", "Peraturan Pemerintah Nomor 28 Tahun 2025"):
        assert current in now
        assert current not in then


def test_a_day_before_any_legal_basis_is_refused(sample) -> None:
    with pytest.raises(DocumentError, match="1990-01-01"):
        shape(public(sample(0)), datetime.date(1990, 1, 1))


def test_the_shape_is_the_same_for_other_values(sample) -> None:
    first, second = sample(1), sample(1)
    second["public"]["holder"].update(name="Nama Lain Sama Sekali", address="Di tempat lain", nib="1111111111111")
    second["public"]["units"][0].update(engine_make="Lain", power_kva="300", power_kw="240")
    second["public"]["purpose"] = "Keperluan yang lain lagi"
    second["public"]["location"]["name"] = "Lokasi lain"
    assert shape(public(first)) == shape(public(second))


def test_the_shape_follows_rows_and_optional_blocks(sample) -> None:
    tower, factory, hospital = (shape(public(sample(index))) for index in range(3))
    assert [s["rows"]["unit"] for s in (tower, factory, hospital)] == [1, 2, 14]
    assert [s["blocks"]["tower"] for s in (tower, factory, hospital)] == [True, False, False]
    assert [s["blocks"]["amendment"] for s in (tower, factory, hospital)] == [False, True, False]
    assert [s["blocks"]["operation"] for s in (tower, factory, hospital)] == [False, True, False]


def test_the_end_is_the_decisions_and_must_come_after_issue(sample) -> None:
    dated = public(sample(1))
    assert PACK.valid_until(dated, TODAY) == datetime.date(2041, 11, 30)
    assert PACK.valid_until(public(sample(0)), TODAY) is None
    with pytest.raises(DocumentError, match="2041-11-30"):
        PACK.valid_until(dated, datetime.date(2041, 11, 30))


def test_names_for_the_statement(sample) -> None:
    assert PACK.statement_names(public(sample(0))) == ("PT Menara Lancang Contoh", "1 genset 20 kVA, Kec. Tambang")
    assert PACK.statement_names(public(sample(1)))[1] == "2 genset 525 kVA, Kec. Tapung"


def test_a_natural_person_is_masked_wherever_strangers_look(sample) -> None:
    value = sample(1)
    value["public"]["holder"].update(form="perorangan", name="Budi Contoh Santoso")
    del value["public"]["holder"]["deed"], value["public"]["holder"]["amendment"]
    part = public(value)
    assert PACK.statement_names(part)[0] == "B*** C*** S***"
    seen = view(part)
    assert seen["holder"] == "B*** C*** S***"
    assert seen["location"] == "Kecamatan Tapung"
    assert "Budi" not in " ".join(seen.values())
    printed = PACK.fields(part, office=OFFICE, number="1", date_of_issue=TODAY, valid_until=None)
    assert printed["holder"] == "Budi Contoh Santoso"


def test_the_public_view_says_what_stands_on_the_paper(sample) -> None:
    seen = view(public(sample(1)))
    assert {"number", "type", "holder", "object", "location", "capacity", "units", "date_of_issue"} < set(seen)
    assert seen["holder"] == "PT Sawit Contoh Lestari"
    assert seen["valid_until"] == "Sampai dengan 30 November 2041"
    assert seen["capacity"] == "525 kVA / 420 kW"
    assert seen["signer"] == "Dra. Contoh, M.Si., Plt. Kepala Dinas Contoh"
    assert view(public(sample(2)))["valid_until"] == "Selama genset digunakan"
    assert view(public(sample(1)), "en")["valid_until"] == "Until and including 30 November 2041"
    english = view(public(sample(2)), "en")
    assert english["type"] == "Generator Installation Permit"
    assert english["capacity"] == "4,855 kVA / 3,884 kW"
    assert english["valid_until"] == "As long as the generator is used"


def test_the_label_and_the_value_of_the_validity_make_sense_together(sample) -> None:
    fields = PACK.public_view(public(sample(2)), number="503/1", date_of_issue=TODAY, valid_until=None, mandate=MANDATE)
    label = next(field.label for field in fields if field.id == "valid_until")
    assert label == {"id": "Masa berlaku", "en": "Validity"}


def test_the_public_view_holds_nothing_private(sample) -> None:
    for index in range(3):
        value = sample(index)
        told = " ".join(view(public(value)).values()) + " ".join(view(public(value), "en").values())
        private = value["private"]
        secrets = [private["nik"], private["npwp"], private["phone"], *private["coordinates"].values()]
        assert not [secret for secret in secrets if secret in told]
        assert value["public"]["holder"]["responsible"]["name"] not in told


def test_a_holder_gets_the_legal_form_once(sample) -> None:
    value = sample(0)
    value["public"]["holder"]["name"] = "PT Sudah Lengkap"
    assert PACK.statement_names(public(value))[0] == "PT Sudah Lengkap"
    value["public"]["holder"]["name"] = "Ptolemeus Contoh"
    assert PACK.statement_names(public(value))[0] == "PT Ptolemeus Contoh"


def test_every_field_that_the_page_places_has_a_value(sample) -> None:
    placed: set[str] = set()
    for index in range(3):
        part = public(sample(index))
        values = PACK.fields(part, office=OFFICE, number="503/1", date_of_issue=TODAY, valid_until=None)
        assert all(values.values())
        placed |= set(values)
    assert {"validity", "unit14.engine_serial", "deed", "site", "operation"} <= placed


def test_something_else_than_a_public_part_is_a_document_error() -> None:
    with pytest.raises(DocumentError, match="not the public part"):
        PACK.statement_names({"holder": "x"})


def test_the_mandate_gives_the_signature_block(sample) -> None:
    block = shape(public(sample(0)))["signature"]
    assert isinstance(block, dict)
    assert block["prefix"] == "Plt."
    definitive = dataclasses.replace(MANDATE, mode=MandateMode.DEFINITIVE)
    other = PACK.shape(public(sample(0)), office=OFFICE, mandate=definitive, date_of_issue=TODAY, mark="")
    assert other["signature"]["prefix"] == ""  # type: ignore[index]
