"""docs/packs.md is held to what it describes: its example is a pack, and its page is printed."""

import datetime
import pathlib
import re
import shutil
import tomllib
import typing
from collections.abc import Iterator

import pydantic
import pytest

from registry.formats import canonical
from registry.formats.language import translations
from templates import packs
from templates.golden import Golden
from templates.manifest import Manifest
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.renderer import Renderer
from templates.specimen import specimens

TEMPLATES = pathlib.Path(packs.__file__).parents[1]
TEXT = (TEMPLATES.parent / "docs" / "packs.md").read_text("utf-8")
FILES = dict(re.findall(r"^`([\w./-]+)`[^\n]*:\n```\w+\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))
DAY = datetime.date(2026, 11, 23)


@pytest.fixture
def example(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """The pack of the example, where Python finds it beside the others."""
    folder = tmp_path / "packs" / "papan_nama" / "v1"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for place in (folder.parent, folder):
        (place / "__init__.py").touch()
    shutil.copytree(TEMPLATES / "common", tmp_path / "common")
    monkeypatch.setattr(packs, "__path__", [*packs.__path__, str(tmp_path / "packs")])
    return Pack("templates.packs.papan_nama.v1", folder)


def names(model: type[pydantic.BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every name that a manifest may hold, by the tables above it; names that a pack gives itself are left out."""
    for name, field in model.model_fields.items():
        inner = [one for one in models(field.annotation) if hasattr(one, "model_fields") and one.model_fields]
        yield (*path, field.alias or name)
        for one in inner:
            if "root" not in one.model_fields:
                yield from names(one, (*path, name))


def models(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from models(inner)


def test_the_example_has_every_file_of_a_pack() -> None:
    assert FILES.keys() == {
        "pack.toml",
        "model.py",
        "page.html",
        "style.css",
        "samples/1-toko.json",
        "locale/en/LC_MESSAGES/v1.po",
    }


@pytest.mark.parametrize("name", sorted({path[-1] for path in names(Manifest)}))
def test_every_setting_of_a_manifest_is_in_the_example_or_named_below_it(name: str) -> None:
    assert (
        re.search(rf"^\[*([\w.]+\.)?{name}(\.\w+)?\b( =|\])", FILES["pack.toml"], re.MULTILINE) or f"`{name}`" in TEXT
    )


def test_the_example_is_a_pack_whose_sample_is_accepted_and_printed(example: Pack) -> None:
    assert Manifest.model_validate(tomllib.loads(FILES["pack.toml"])) == example.manifest
    office = OfficeProfile.read(TEMPLATES / "offices" / "kampar.toml")
    checked = example.check(canonical.parse(FILES["samples/1-toko.json"].encode()), today=DAY, office=office)
    assert checked.problems == ()
    assert checked.decision is not None
    assert example.objects(checked.decision.public) == ("TOKO CONTOH, Jalan Contoh Nomor 1",)
    [specimen] = specimens(example, {"kampar": office})
    printed = str(Golden.of(specimen.render(Renderer(), example, day=DAY)))
    assert "IZIN PAPAN NAMA" in printed
    assert "CV Toko Contoh Makmur" in printed
    assert "Lampu papan dipadamkan pukul 22.00." in printed
    assert "2,5 m²" in printed


def test_everything_that_is_read_of_the_example_is_in_english_too(example: Pack) -> None:
    english = translations("templates.packs.papan_nama.v1", "en").gettext
    said = {example.title, *(line.label for line in example.manifest.public)}
    said |= set(re.findall(r'field\("([^"]+)"', FILES["model.py"]))
    assert [text for text in sorted(said) if english(text) == text] == []


def test_what_the_page_says_of_a_page_is_what_it_is_given(example: Pack) -> None:
    contract = TEXT.partition("It sees `shape` (")[2].partition(")")[0]
    office = OfficeProfile.read(TEMPLATES / "offices" / "kampar.toml")
    [specimen] = specimens(example, {"kampar": office})
    public = canonical.parse(specimen.sample.read_bytes())["public"]  # type: ignore[index]
    shape = example.shape(public, office=office, mandate=specimen._mandate(), date_of_issue=DAY, mark="")
    assert set(re.findall(r"`(\w+)`", contract)) == shape.keys() - {"pack", "paper", "typeface"}


def test_every_filter_of_a_text_is_named(example: Pack) -> None:
    import jinja2.defaults

    own = example._page_texts._environment.filters.keys() - jinja2.defaults.DEFAULT_FILTERS.keys()
    named = TEXT.partition("Filters: ")[2].partition(". A value")[0]
    assert set(re.findall(r"`(\w+)", named)) == own
