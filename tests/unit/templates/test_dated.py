import datetime
import pathlib
from typing import Any

import pydantic
import pytest

from registry.formats.errors import UnavailableError
from templates.dated import DatedTexts
from templates.regions import Region

FIRST, SECOND = datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)
REGION = """name = "Kabupaten Contoh"
[box]
south = -1.5
north = -0.5
west = 110
east = 111
[districts]
01 = "Contoh Hulu"
"""


def in_force(texts: list[dict[str, Any]], day: str, type_: str = "genset", office: DatedTexts | None = None) -> Any:
    found = DatedTexts.model_validate(texts)
    return found.in_force(datetime.date.fromisoformat(day), type_=type_, office=office)


def test_a_text_counts_from_its_first_day_through_its_last() -> None:
    texts = [
        {"id": "a", "from": FIRST, "until": datetime.date(2020, 12, 31), "text": "Satu\n  dua"},
        {"id": "b", "from": SECOND, "text": "Tiga"},
    ]
    found = {day: in_force(texts, day) for day in ("2019-12-31", "2020-01-01", "2020-12-31", "2021-01-01")}
    assert found == {
        "2019-12-31": (),
        "2020-01-01": ("Satu dua",),
        "2020-12-31": ("Satu dua",),
        "2021-01-01": ("Tiga",),
    }


def test_a_text_for_some_permit_types_is_not_for_the_others() -> None:
    texts = [
        {"id": "a", "from": FIRST, "text": "Semua"},
        {"id": "b", "from": FIRST, "text": "Satu", "types": ["genset"]},
    ]
    assert in_force(texts, "2026-01-01", "genset") == ("Semua", "Satu")
    assert in_force(texts, "2026-01-01", "pencabutan") == ("Semua",)


def test_the_offices_own_texts_stand_where_the_list_keeps_a_place_for_them() -> None:
    own = DatedTexts.model_validate(
        [
            {"id": "lama", "from": FIRST, "until": FIRST, "text": "Sudah tidak berlaku"},
            {"id": "petir", "from": FIRST, "text": "Hanya petir", "types": ["penangkal_petir"]},
            {"id": "baru", "from": FIRST, "text": "Dua"},
        ]
    )
    texts = [
        {"id": "a", "from": FIRST, "text": "Satu"},
        {"id": "office", "office": True},
        {"id": "c", "from": FIRST, "text": "Tiga"},
    ]
    assert in_force(texts, "2026-01-01", office=own) == ("Satu", "Dua", "Tiga")
    assert in_force(texts, "2026-01-01") == ("Satu", "Tiga")


@pytest.mark.parametrize(
    "entry",
    [
        {"from": FIRST, "text": "Tanpa nama"},
        {"id": "a", "text": "Tanpa hari pertama"},
        {"id": "a", "from": FIRST},
        {"id": "a", "from": FIRST, "text": " \n "},
        {"id": "a", "from": FIRST, "text": "Keduanya", "office": True},
        {"id": "a", "from": SECOND, "until": FIRST, "text": "Terbalik"},
        {"id": "a", "from": FIRST, "text": "Salah eja", "untill": SECOND},
        {"id": "A b", "from": FIRST, "text": "Nama salah"},
    ],
)
def test_anything_else_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        DatedTexts.model_validate([entry])


def test_the_region_has_its_districts_and_an_unknown_one_is_refused() -> None:
    region = Region.read("14.01")
    assert len(region.districts) == 21
    assert region.districts["14.01.03"] == "Tambang"
    with pytest.raises(UnavailableError, match=r"99\.99.*region_file"):
        Region.read("99.99")


def test_a_region_is_read_from_a_file_of_its_own(tmp_path: pathlib.Path) -> None:
    (tmp_path / "wilayah.toml").write_text(REGION, "utf-8")
    region = Region.read("98.07", file=tmp_path / "wilayah.toml")
    assert region.name == "Kabupaten Contoh"
    assert region.districts == {"98.07.01": "Contoh Hulu"}
    assert region.south < region.north
    with pytest.raises(UnavailableError, match=r"lain\.toml"):
        Region.read("98.07", file=tmp_path / "lain.toml")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('name = "Kabupaten Contoh"', "", "name"),
        ('01 = "Contoh Hulu"', "", "districts"),
        ('01 = "Contoh Hulu"', '1 = "Contoh Hulu"', r"districts\.1"),
        ('01 = "Contoh Hulu"', '01 = ""', r"districts\.01"),
        ("south = -1.5", "south = 1.5", "south must be less than north"),
        ("east = 111", "east = 1110", r"box\.east"),
        ("[box]", "[box", "cannot be read"),
        ("[box]", "[kotak]", "kotak"),
    ],
)
def test_a_wrong_region_is_named(tmp_path: pathlib.Path, old: str, new: str, named: str) -> None:
    assert old in REGION
    (tmp_path / "wilayah.toml").write_text(REGION.replace(old, new, 1), "utf-8")
    with pytest.raises(UnavailableError, match=f"(?s)wilayah.toml.*{named}"):
        Region.read("98.07", file=tmp_path / "wilayah.toml")
