"""A filled plate is the page that WeasyPrint lays out: a few documents; `tests/conformance/test_plates.py` has more."""

import importlib.util
import pathlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pydyf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formats import canonical
from templates import packs
from templates.layout import LaidOut, Layout
from templates.office import OfficeProfile
from templates.plates import objects
from templates.plates.plate import PlateError
from templates.plates.shelf import MemoryShelf
from templates.renderer import Renderer


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, pathlib.Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conftest, decisions, exactness, oracle = map(_beside, ("conftest", "decisions", "exactness", "oracle"))

FOLDER = pathlib.Path(packs.__file__).parents[1] / "offices"
OFFICES = {path.stem: OfficeProfile.read(path) for path in sorted(FOLDER.glob("*.toml"))}
REPLACEMENT = packs.pack("pengganti")
PERMIT = packs.pack("penangkal_petir")
FEW = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


def asked_of(pack: packs.Pack, office: str = "kampar", **choices: Any) -> dict[str, Any]:
    profile = OFFICES[office]
    value = conftest.in_office(canonical.parse(pack.samples()[0].read_bytes()), profile)
    public = conftest.public_part(pack, value, office=profile)
    asked: dict[str, Any] = conftest.arguments(pack, public, office=profile, **choices)
    return asked


@pytest.fixture
def compare(renderer: Renderer) -> Callable[[Any, Mapping[str, Any]], list[str]]:
    """How the filled plate of a document differs from the full layout."""
    full = oracle.Oracle(renderer)
    return lambda pack, asked: exactness.differences(renderer.render(pack, **asked).pdf, full.same_lines(pack, asked))


@pytest.mark.parametrize("office", OFFICES)
def test_a_sample_is_printed_as_it_is_laid_out(compare, office: str) -> None:
    assert not compare(PERMIT, asked_of(PERMIT, office))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["natural", "hostile"])
def test_a_generated_decision_is_printed_as_it_is_laid_out(compare, kind: str) -> None:
    values, number = getattr(decisions, kind)(), getattr(decisions, f"{kind}_numbers")()

    @FEW
    @given(other=decisions.valued(asked_of(REPLACEMENT, "rimba-tirta"), values, number))
    def check(other: Mapping[str, Any]) -> None:
        assert not compare(REPLACEMENT, other)

    check()


def test_a_page_of_other_values_would_be_told_apart(renderer: Renderer) -> None:
    asked = asked_of(REPLACEMENT)
    fields = asked["fields"]
    one = renderer.render(REPLACEMENT, **asked).pdf
    other = {**asked, "fields": {**fields, "holder": fields["holder"].replace("Contoh", "Contoq")}}
    found = exactness.differences(one, renderer.render(REPLACEMENT, **other).pdf)
    assert {part.split(",")[0].split(" of ")[0] for part in found[1:]} == {"text", "text by its layout", "structure"}
    assert found[0].startswith("page 1 looks different")
    later = {**asked, "number": "1", "attachment": b"{}"}
    found = exactness.differences(one, renderer.render(REPLACEMENT, **later).pdf)
    assert [part.split(":")[0] for part in found] == [
        "information /Title",
        "catalogue /AF",
        "catalogue /Metadata",
        "catalogue /Names",
    ]


@pytest.fixture
def justified(made_up) -> Any:
    """A page with one justified paragraph, which no pack has."""
    return made_up(
        '<div class="x">{{ f("x", justify=True) }}</div>',
        ".f{overflow-wrap:anywhere}.x{text-align:justify;width:61mm}"
        '@page{@bottom-right{content:"\\A Halaman " counter(page) " dari " counter(pages)}}',
    )


def test_a_justified_paragraph_is_printed_as_weasyprint_justifies_it(renderer: Renderer, justified) -> None:
    full = oracle.Oracle(renderer)

    @FEW
    @given(words=st.lists(decisions.natural(), min_size=3, max_size=5))
    def check(words: list[str]) -> None:
        asked = justified.asked(x=", AVAL Ta ".join(words))
        filled = renderer.render(justified.pack, **asked).pdf
        wrapped = full.own_lines(justified.pack, asked)
        # The breaks are ours, and so is a line that Pango would break elsewhere.
        if texts(filled) == texts(wrapped):
            assert not exactness.differences(filled, wrapped)

    check()


def test_a_justified_line_may_begin_with_a_space_that_binds(renderer: Renderer, justified) -> None:
    asked = justified.asked(x="\N{NO-BREAK SPACE}12\N{NO-BREAK SPACE}kVA / 9 kW catu daya cadangan " * 3)
    filled = renderer.render(justified.pack, **asked).pdf
    wrapped = oracle.Oracle(renderer).own_lines(justified.pack, asked)
    assert texts(filled) == texts(wrapped)
    assert not exactness.differences(filled, wrapped)


def texts(data: bytes) -> list[str]:
    """The text of each element, line by line."""
    return [row[1] for tree in exactness.File.read(data).structure for row in tree if len(row) == 2]


class TestAWeasyPrintThatWritesOtherwise:
    """Its text operators in another order, as a release to come might have them."""

    @pytest.fixture
    def otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lay_out = Layout.lay_out

        def with_fonts_first(layout: Layout, *given: Any, **named: Any) -> LaidOut:
            laid_out = lay_out(layout, *given, **named)
            for stream in objects.contents(laid_out.pdf):
                chunks = [one if isinstance(one, bytes) else pydyf._to_bytes(one) for one in stream.stream]
                for index, chunk in enumerate(chunks):
                    if chunk.endswith(b" Tm") and chunks[index + 1].endswith(b" Tf"):
                        chunks[index : index + 2] = chunks[index + 1], chunk
                stream.stream = chunks
            return laid_out

        monkeypatch.setattr(Layout, "lay_out", with_fonts_first)

    def test_a_document_that_has_a_plate_is_printed_as_before(self, request: pytest.FixtureRequest) -> None:
        shelf, asked = MemoryShelf(), asked_of(REPLACEMENT)
        before = Renderer(shelf=shelf).render(REPLACEMENT, **asked)
        request.getfixturevalue("otherwise")
        later = Renderer(shelf=shelf).render(REPLACEMENT, **asked)
        assert (later.pdf, later.plate) == (before.pdf, before.plate)

    def test_no_plate_is_made_of_it_and_the_error_says_why(self, request: pytest.FixtureRequest) -> None:
        shelf, asked = MemoryShelf(), asked_of(REPLACEMENT)
        Renderer(shelf=shelf).render(REPLACEMENT, **asked)
        request.getfixturevalue("otherwise")
        kept = dict(shelf.kept)
        longer = {**asked["fields"], "reason": "Hilang dalam perjalanan ke lokasi menara. " * 5}
        with pytest.raises(PlateError, match="Tm, Tf, TJ"):
            Renderer(shelf=shelf).render(REPLACEMENT, **{**asked, "fields": longer})
        with pytest.raises(PlateError, match="Tm, Tf, TJ"):
            Renderer().render(REPLACEMENT, **asked)
        assert dict(shelf.kept) == kept
