"""The same code serves another regency by another profile: an invented one, of other paper, type and habits."""

import datetime
import pathlib
import re
from typing import Any

import pypdfium2
import pytest

from registry.formats.record import Kind
from templates import office as offices
from templates import packs
from templates.office import OfficeProfile

FOLDER = pathlib.Path(offices.__file__).parent / "offices"
TODAY = datetime.date(2026, 11, 23)
OFFICES = {name: OfficeProfile.read(FOLDER / f"{name}.toml") for name in ("kampar", "rimba-tirta")}
KAMPAR, RIMBA_TIRTA = OFFICES.values()
PACKS = packs.packs()
# What samples say of the first office in free text, and what they would say in the second.
OF_KAMPAR = {"Kampar": "Rimba Tirta", "Bangkinang": "Muara Contoh", "DPMPTSP": "DPT", "Tambang": "Tanjung Contoh"}
ALL = [
    pytest.param(pack, index, name, id=f"{pack.name}-{index + 1}-{name}", marks=[] if index == 0 else pytest.mark.long)
    for pack in PACKS
    for index in range(len(pack.samples()))
    for name in OFFICES
]


def words(text: str) -> str:
    return " ".join(text.split())


def renamed(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: renamed(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [renamed(inner) for inner in part]
    if isinstance(part, str):
        return re.sub("|".join(OF_KAMPAR), lambda found: OF_KAMPAR[found[0]], part)
    return part


def districts(part: Any) -> set[str]:
    if isinstance(part, list):
        return {name for inner in part for name in districts(inner)}
    if not isinstance(part, dict):
        return set()
    if part.keys() == {"code", "name"}:
        return {part["name"]}
    return {name for inner in part.values() for name in districts(inner)}


@pytest.fixture
def document(sample, moved_to, printed):
    """A pack's sample, decided and rendered in one of the offices: its file's values, its number, what was printed."""

    def render(pack: packs.Pack, index: int, office: OfficeProfile) -> tuple[dict[str, Any], str, Any]:
        value = sample(index, pack)
        if office is RIMBA_TIRTA:
            value = renamed(moved_to(value, office))
        number = pack.number(7, TODAY, office=office)
        return value, number, printed(value, of=pack, office=office, number=number)

    return render


@pytest.mark.parametrize(("of", "index", "name"), ALL)
def test_every_document_says_whose_office_it_is_from(document, of: packs.Pack, index: int, name: str) -> None:
    office = OFFICES[name]
    value, number, found = document(of, index, office)
    text = words(" ".join(found.pages))
    first, last = words(found.pages[0]), words(found.pages[-1])
    for line in (office.government, *office.office, *office.address, office.phone, office.web, number):
        assert line in first
    for line in (office.place, *office.head_title, number):
        assert line in last
    copies = office.types[of.type].copies if of.type in office.types else None
    for copy in office.copies if copies is None else copies:
        assert copy in text
    for page in found.pages:
        assert office.footer[0] in words(page)
    for district in districts(value["public"]):
        assert f"Kecamatan {district}" in text


@pytest.mark.parametrize(("of", "index", "name"), ALL)
def test_paper_and_typeface_are_the_offices_own(document, of: packs.Pack, index: int, name: str) -> None:
    office = OFFICES[name]
    _, _, found = document(of, index, office)
    other = {"Arimo": b"Tinos", "Tinos": b"Arimo"}[office.typeface]
    assert office.typeface.encode() in found.everything
    assert other not in found.everything
    file = pypdfium2.PdfDocument(found.rendered.pdf)
    try:
        sizes = [tuple(side / 72 * 25.4 for side in page.get_size()) for page in file]
    finally:
        file.close()
    # Paper is rounded to the grid of the symbol's pixels.
    assert all(size == pytest.approx(office.paper_mm, abs=0.1) for size in sizes)


@pytest.mark.parametrize(("of", "index", "name"), [param for param in ALL if param.values[2] == "rimba-tirta"])
def test_nothing_of_the_first_office_is_on_the_second_ones(document, of: packs.Pack, index: int, name: str) -> None:
    _, _, found = document(of, index, OFFICES[name])
    shown = words(" ".join(found.pages)).casefold()
    file = found.everything.lower()
    of_kampar = [
        "kampar", "bangkinang", "dpmptsp", "dpmpstsp", "lambang daerah", KAMPAR.phone, KAMPAR.web, KAMPAR.email,
        "lapor.go.id", str(KAMPAR.motto), *KAMPAR.region_data.districts.keys(),
    ]  # fmt: skip
    for text in map(str.casefold, of_kampar):
        assert text not in shown
        assert text.encode() not in file


@pytest.mark.parametrize("of", PACKS, ids=lambda pack: pack.name)
def test_the_second_offices_emblem_stands_in_its_letterhead(document, of: packs.Pack) -> None:
    _, _, found = document(of, 0, RIMBA_TIRTA)
    assert b"Lambang Pemerintah Kabupaten Rimba Tirta" in found.everything
    # Ink where the emblem stands, and little where the first office has an empty ring with small grey words.
    left, top = RIMBA_TIRTA.margins.left + 11, RIMBA_TIRTA.margins.first_top
    _, _, other = document(of, 0, KAMPAR)
    assert darkest(found, left, top) < 110 < darkest(other, KAMPAR.margins.left + 4, KAMPAR.margins.first_top)


def darkest(found: Any, left_mm: float, top_mm: float) -> int:
    """The darkest grey in a small box below this place on the first page."""
    image = found.image(1, 100)
    box = tuple(round(mm / 25.4 * 100) for mm in (left_mm - 3, top_mm + 6, left_mm + 3, top_mm + 24))
    return int(image.crop(box).getextrema()[0])


def test_the_second_office_numbers_in_its_own_way() -> None:
    numbers = {pack.type: pack.number(7, TODAY, office=RIMBA_TIRTA) for pack in PACKS}
    assert numbers["genset"] == "500.16.7.11/7/DPT/2026"
    assert numbers["pengganti"] == "500.16.7.31/7/DPT/2026"
    assert packs.pack("genset").number(7, TODAY, office=KAMPAR) == "503/007/DPMPTSP/XI/2026"


@pytest.mark.parametrize("name", OFFICES)
def test_no_two_series_of_an_office_give_the_same_number(name: str) -> None:
    given = {(pack.series, pack.number(7, TODAY, office=OFFICES[name])) for pack in PACKS}
    numbers = [number for _, number in given]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("of", PACKS, ids=lambda pack: pack.name)
def test_degrees_on_decrees_are_a_matter_of_the_office(sample, moved_to, signer_in, of: packs.Pack) -> None:
    def name(office: OfficeProfile) -> object:
        decision = of.check(moved_to(sample(0, of), office), today=TODAY, office=office).decision
        assert decision is not None
        shape = of.shape(decision.public, office=office, mandate=signer_in(office=office), date_of_issue=TODAY, mark="")
        return shape["signature"]["name"]  # type: ignore[index]

    titled = "Drs. Contoh Hendri Dunan, M.Si."
    assert name(KAMPAR) == titled
    assert name(RIMBA_TIRTA) == ("Contoh Hendri Dunan" if of.kind is Kind.DECREE else titled)


@pytest.mark.parametrize("type_", ["genset", "penangkal_petir"])
def test_a_decision_about_another_regency_is_refused(sample, type_: str) -> None:
    of = packs.pack(type_)
    checked = of.check(sample(0, of), today=TODAY, office=RIMBA_TIRTA)
    assert checked.decision is None
    assert "district_unknown" in {problem.code for problem in checked.problems}
