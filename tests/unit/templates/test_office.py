import datetime
import pathlib

import pytest

from registry.formats.errors import DocumentError, UnavailableError
from templates import packs
from templates.office import MAX_EMBLEM_BYTES, OfficeProfile

PROFILE = (pathlib.Path(packs.__file__).parent / "offices" / "kampar.toml").read_text("utf-8")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def read(folder: pathlib.Path, text: str) -> OfficeProfile:
    (folder / "office.toml").write_text(text, "utf-8")
    return OfficeProfile.read(folder / "office.toml")


def test_a_number_has_the_month_and_year_of_the_date_of_issue(tmp_path: pathlib.Path) -> None:
    office = read(tmp_path, PROFILE)
    assert office.number(7, datetime.date(2026, 9, 30), "genset") == "503/007/DPMPTSP/IX/2026"
    assert office.number(1234, datetime.date(2027, 1, 1), "genset") == "503/1234/DPMPTSP/I/2027"


def test_a_type_without_codes_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DocumentError, match="petir"):
        read(tmp_path, PROFILE).number(1, datetime.date(2026, 9, 30), "petir")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('place = "Bangkinang"', 'plaec = "Bangkinang"', "plaec"),
        ('paper = "A4"', 'paper = "A5"', "paper"),
        ('zone = "Asia/Jakarta"', 'zone = "Asia/Bangkinang"', "zone"),
        ("{urut:03}", "{nomor}", "nomor"),
        ('place = "Bangkinang"', 'place = "漢"', "place"),
        ("left = 30", "left = 5", "margins.left"),
        ("[margins]", "[margins", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: pathlib.Path, old: str, new: str, named: str) -> None:
    assert old in PROFILE
    with pytest.raises(UnavailableError, match=named):
        read(tmp_path, PROFILE.replace(old, new, 1))


def test_a_missing_profile_is_an_environment_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnavailableError, match=r"nowhere\.toml"):
        OfficeProfile.read(tmp_path / "nowhere.toml")


def test_without_an_emblem_nothing_stands_for_it() -> None:
    office = OfficeProfile.read(pathlib.Path(packs.__file__).parent / "offices" / "kampar.toml")
    assert office.emblem_uri is None


@pytest.mark.parametrize(
    ("data", "kind"), [(PNG, "data:image/png;base64,"), (b"<svg xmlns='x'/>", "data:image/svg+xml;base64,")]
)
def test_an_emblem_is_read_beside_the_profile(tmp_path: pathlib.Path, data: bytes, kind: str) -> None:
    (tmp_path / "lambang").write_bytes(data)
    office = read(tmp_path, 'emblem = "lambang"\n' + PROFILE)
    assert office.emblem_uri is not None
    assert office.emblem_uri.startswith(kind)


@pytest.mark.parametrize("data", [None, b"GIF89a", PNG + bytes(MAX_EMBLEM_BYTES)])
def test_an_emblem_that_is_missing_too_large_or_no_image_is_refused(tmp_path: pathlib.Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "lambang").write_bytes(data)
    with pytest.raises(UnavailableError, match="lambang"):
        read(tmp_path, 'emblem = "lambang"\n' + PROFILE)
