import datetime
import pathlib
from typing import Any

import pytest

from registry.formats.errors import UnavailableError
from templates import office as offices
from templates import packs
from templates.office import MAX_EMBLEM_BYTES, OfficeProfile

PROFILE = (pathlib.Path(offices.__file__).parent / "offices" / "kampar.toml").read_text("utf-8")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
DAY = datetime.date(2026, 9, 30)
TYPES = "\n# What one permit type has of its own"
REGION = """name = "Kabupaten Contoh"
box = { south = -1.5, north = -0.5, west = 110, east = 111 }
districts = { 01 = "Contoh Hulu" }
"""


def read(folder: pathlib.Path, text: str) -> OfficeProfile:
    (folder / "office.toml").write_text(text, "utf-8")
    return OfficeProfile.read(folder / "office.toml")


def with_type(text: str) -> str:
    assert TYPES in PROFILE
    return PROFILE.replace(TYPES, f"\n[types.contoh]\n{text}\n{TYPES}", 1)


def emblem(office: OfficeProfile) -> Any:
    return office.printed("genset")["emblem"]


def test_a_number_has_the_month_and_year_of_the_date_of_issue(tmp_path: pathlib.Path) -> None:
    office = read(tmp_path, PROFILE)
    assert office.number(7, DAY, "genset", classification="503") == "503/007/DPMPTSP/IX/2026"
    assert office.number(1234, datetime.date(2027, 1, 1), "genset", classification="503") == "503/1234/DPMPTSP/I/2027"


def test_a_permit_type_may_be_numbered_in_its_own_way(tmp_path: pathlib.Path) -> None:
    office = read(tmp_path, with_type('classification = "500.16.7"\nunit = "PTSP"'))
    assert office.number(7, DAY, "contoh", classification="503") == "500.16.7/007/PTSP/IX/2026"
    assert office.number(7, DAY, "genset", classification="503") == "503/007/DPMPTSP/IX/2026"
    other = read(tmp_path, with_type('number_pattern = "{klasifikasi}/{urut}/{tahun}"'))
    assert other.number(7, DAY, "contoh", classification="503") == "503/7/2026"


def test_a_permit_type_may_have_its_own_copies_or_none(tmp_path: pathlib.Path) -> None:
    office = read(tmp_path, with_type('copies = ["Inspektur Contoh"]'))
    assert office.printed("contoh")["copies"] == ["Inspektur Contoh"]
    assert "Camat setempat" in office.printed("genset")["copies"]  # type: ignore[operator]
    assert read(tmp_path, with_type("copies = []")).printed("contoh")["copies"] == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('place = "Bangkinang"', 'plaec = "Bangkinang"', "plaec"),
        ('paper = "A4"', 'paper = "A5"', "paper"),
        ('typeface = "Arimo"', 'typeface = "Comic"', "typeface"),
        ('zone = "Asia/Jakarta"', 'zone = "Asia/Bangkinang"', "zone"),
        ("{urut:03}", "{nomor}", "number_pattern.*nomor"),
        ("{urut:03}", "{urut.bit_length.__self__}{urut:zz}", "number_pattern"),
        ('place = "Bangkinang"', 'place = "漢"', "place"),
        ('"Arsip",\n]', '"Arsip 漢",\n]', "copies"),
        ("left = 30", "left = 5", r"margins\.left"),
        ("[margins]", "[margins", "cannot be read"),
        ('region = "14.01"', 'region = "99.99"', r"99\.99"),
        ("[types.pengganti]", '[types.pengganti]\nnumber_pattern = "{nomor}"', "number_pattern.*nomor"),
        ('id = "kepbup-kampar-503-236"', 'id = "KEPBUP"', r"regulations\.1\.id"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: pathlib.Path, old: str, new: str, named: str) -> None:
    assert old in PROFILE
    with pytest.raises(UnavailableError, match=named):
        read(tmp_path, PROFILE.replace(old, new, 1))


def test_a_missing_profile_is_an_environment_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnavailableError, match=r"nowhere\.toml"):
        OfficeProfile.read(tmp_path / "nowhere.toml")


def test_without_an_emblem_nothing_stands_for_it(tmp_path: pathlib.Path) -> None:
    assert emblem(read(tmp_path, PROFILE)) is None


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("lambang.png", PNG, "data:image/png;base64,"),
        ("lambang.svg", b"<svg xmlns='x'/>", "data:image/svg+xml;base64,"),
    ],
)
def test_an_emblem_is_read_beside_the_profile(tmp_path: pathlib.Path, name: str, data: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(data)
    office = read(tmp_path, f'emblem = "{name}"\n' + PROFILE)
    assert emblem(office).startswith(kind)
    assert office.files == (name,)


@pytest.mark.parametrize("data", [None, b"GIF89a", PNG + bytes(MAX_EMBLEM_BYTES)])
def test_an_emblem_that_is_missing_too_large_or_no_image_is_refused(tmp_path: pathlib.Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "lambang.png").write_bytes(data)
    with pytest.raises(UnavailableError, match=r"lambang\.png"):
        read(tmp_path, 'emblem = "lambang.png"\n' + PROFILE)


@pytest.mark.parametrize("setting", ["emblem", "region_file"])
@pytest.mark.parametrize("folder", ["../", "/tmp/", "x/", "..\\\\", "."])
def test_a_profile_names_nothing_outside_its_folder(tmp_path: pathlib.Path, setting: str, folder: str) -> None:
    suffix = {"emblem": "svg", "region_file": "toml"}[setting]
    with pytest.raises(UnavailableError, match=setting):
        read(tmp_path, f'{setting} = "{folder}lambang.{suffix}"\n' + PROFILE)


def test_a_regency_that_absah_does_not_know_brings_its_own_districts(tmp_path: pathlib.Path) -> None:
    own = PROFILE.replace('region = "14.01"', 'region = "98.07"\nregion_file = "wilayah.toml"', 1)
    with pytest.raises(UnavailableError, match=r"wilayah\.toml"):
        read(tmp_path, own)
    (tmp_path / "wilayah.toml").write_text(REGION, "utf-8")
    office = read(tmp_path, own)
    assert office.region_data.districts == {"98.07.01": "Contoh Hulu"}
    assert office.files == ("wilayah.toml",)
    assert "14.01.03" in read(tmp_path, PROFILE).region_data.districts


def test_paper_and_margins_are_told_in_millimetres(tmp_path: pathlib.Path) -> None:
    layout = read(tmp_path, PROFILE.replace('paper = "A4"', 'paper = "F4"', 1).replace("left = 30", "left = 27.5"))
    found = layout.paper_layout()
    assert (found["width_mm"], found["height_mm"], found["left"], found["top"]) == ("215", "330", "27.5", "25")


def test_two_series_of_an_office_may_not_give_the_same_number() -> None:
    for path in sorted((pathlib.Path(packs.__file__).parents[1] / "offices").glob("*.toml")):
        packs.check_numbers(OfficeProfile.read(path))
    alike = OfficeProfile.read(pathlib.Path(packs.__file__).parents[1] / "offices" / "kampar.toml")
    alike = alike.model_copy(update={"number_pattern": "{urut}/{tahun}"})
    with pytest.raises(UnavailableError, match=r"genset and .* the same numbers"):
        packs.check_numbers(alike)
