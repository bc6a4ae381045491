import datetime
import pathlib

import pytest

from registry.formats.errors import UnavailableError
from templates.dated import DatedTexts
from templates.regions import Region


def test_a_text_counts_from_its_first_day_through_its_last(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "basis.toml"
    path.write_text(
        '[[text]]\nid = "a"\nfrom = 2020-01-01\nuntil = 2020-12-31\ntext = """Satu\n  dua"""\n'
        '[[text]]\nid = "b"\nfrom = 2021-01-01\ntext = "Tiga"\n',
        "utf-8",
    )
    texts = DatedTexts.read(path)
    found = {
        day: texts.in_force(datetime.date.fromisoformat(day)) for day in ("2019-12-31", "2020-12-31", "2021-01-01")
    }
    assert found == {"2019-12-31": (), "2020-12-31": ("Satu dua",), "2021-01-01": ("Tiga",)}


@pytest.mark.parametrize("content", ["", "text = 3", '[[text]]\nid="a"', "["])
def test_anything_else_is_refused(tmp_path: pathlib.Path, content: str) -> None:
    (tmp_path / "basis.toml").write_text(content, "utf-8")
    with pytest.raises(UnavailableError, match=r"basis\.toml"):
        DatedTexts.read(tmp_path / "basis.toml")


def test_the_region_has_its_districts_and_an_unknown_one_is_refused() -> None:
    region = Region.read("14.01")
    assert len(region.districts) == 21
    assert region.districts["14.01.03"] == "Tambang"
    with pytest.raises(UnavailableError, match=r"99\.99"):
        Region.read("99.99")
