"""A filled plate is the page that WeasyPrint lays out, to the pixel and to the letter, whatever the values are.

Every pack, in every office, each of its samples, under every mark; and generated decisions, natural and hostile. The
lines are ours in both; all else is WeasyPrint's alone in one of them.
"""

import hashlib
import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageChops

from registry.formats import canonical
from templates import packs
from templates.fonts import FACES, FAMILIES, OWN_REPERTOIRE, Fonts, texts
from templates.office import OfficeProfile
from templates.plates.plate import Plate
from templates.plates.shelf import MemoryShelf
from templates.renderer import Renderer
from templates.typesetting.face import Face

pytestmark = pytest.mark.conformance

ROOM = Path(__file__).parents[1] / "unit" / "templates"


def _of_the_room(name: str) -> ModuleType:
    """What the tests of the renderer have beside them."""
    spec = importlib.util.spec_from_file_location(f"rendering_{name}", ROOM / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


parts, decisions, exactness, oracle = map(_of_the_room, ("conftest", "decisions", "exactness", "oracle"))

OFFICES = {
    path.stem: OfficeProfile.read(path) for path in sorted((Path(packs.__file__).parents[1] / "offices").glob("*.toml"))
}
MARKS = {"real": "", "training": "SIMULASI", "draft": "DRAF"}
EVERY = [
    pytest.param(pack, index, office, mark, id=f"{pack.type}-{index + 1}-{office}-{mark}")
    for pack in packs.packs()
    for index in range(len(pack.samples()))
    for office in OFFICES
    for mark in MARKS
]
# Shapes for what is generated: pages of every length and pack, short ones more often, for time.
SHAPES = [
    ("pengganti", 0, "kampar", "real"),
    ("pengganti", 1, "rimba-tirta", "training"),
    ("pengganti", 2, "rimba-tirta", "draft"),
    ("pengganti", 2, "kampar", "draft"),
    ("penangkal_petir", 0, "rimba-tirta", "real"),
    ("penangkal_petir", 1, "kampar", "training"),
    ("genset", 0, "rimba-tirta", "training"),
    ("genset", 1, "kampar", "real"),
    ("pembekuan", 0, "kampar", "real"),
    ("pencabutan", 0, "rimba-tirta", "draft"),
]
MANY = settings(max_examples=160, deadline=None, suppress_health_check=list(HealthCheck))
# The oldest that the comparison passes on; `templates.confined` asks for what came with it.
OLDER = "68.1"
_TELLING = 8


def asked_of(pack: packs.Pack, index: int, office: str, mark: str) -> dict[str, Any]:
    """What the renderer is asked for with a pack's sample."""
    profile = OFFICES[office]
    value = parts.in_office(canonical.parse(pack.samples()[index].read_bytes()), profile)
    public = parts.public_part(pack, value, office=profile)
    choices = {"link": None} if mark == "draft" else {}
    asked: dict[str, Any] = parts.arguments(pack, public, office=profile, mark=MARKS[mark], **choices)
    return asked


class Gathering(MemoryShelf):
    """A shelf that also gives all its plates."""

    def __init__(self) -> None:
        super().__init__()
        self.plates: list[bytes] = []

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        if kind == "plate":
            self.plates.append(data)
        return super().keep(key, data, kind=kind, pack=pack, fingerprint=fingerprint)


@pytest.fixture(scope="module")
def shelf() -> Gathering:
    return Gathering()


@pytest.fixture(scope="module")
def renderer(shelf: Gathering) -> Renderer:
    return Renderer(shelf=shelf)


@pytest.fixture(scope="module")
def compare(shelf: Gathering, renderer: Renderer) -> Callable[[Any, Mapping[str, Any]], list[str]]:
    """How the filled plate of a document differs from the full layout; if the plate is new, nothing of it is there."""
    full = oracle.Oracle(renderer)

    def differences(pack: Any, asked: Mapping[str, Any]) -> list[str]:
        before = len(shelf.plates)
        filled = renderer.render(pack, **asked).pdf
        said = list(_own(renderer, pack, asked))
        leaked = [text for plate in shelf.plates[before:] for text in leaks(plate, asked["shape"]["typeface"], said)]
        found: list[str] = exactness.differences(filled, full.same_lines(pack, asked))
        return [*found, *(f"{text!r} stands in the plate" for text in leaked)]

    return differences


@pytest.mark.parametrize(("pack", "index", "office", "mark"), EVERY)
def test_a_sample_is_printed_as_it_is_laid_out(compare, pack: packs.Pack, index: int, office: str, mark: str) -> None:
    assert not compare(pack, asked_of(pack, index, office, mark))


@MANY
@given(data=st.data())
def test_a_natural_decision_is_printed_as_it_is_laid_out(compare, data: st.DataObject) -> None:
    name, *choice = data.draw(st.sampled_from(SHAPES))
    pack = packs.pack(name)
    natural = decisions.valued(asked_of(pack, *choice), decisions.natural(), decisions.natural_numbers())
    assert not compare(pack, data.draw(natural))


@MANY
@given(data=st.data())
def test_a_hostile_decision_is_printed_as_it_is_laid_out(compare, data: st.DataObject) -> None:
    name, *choice = data.draw(st.sampled_from(SHAPES))
    pack = packs.pack(name)
    hostile = decisions.valued(asked_of(pack, *choice), decisions.hostile(), decisions.hostile_numbers())
    assert not compare(pack, data.draw(hostile))


def test_letters_that_a_layout_rounds_by_size_are_moved_by_less_than_is_seen(compare, renderer: Renderer) -> None:
    pack = packs.pack("pengganti")
    asked = asked_of(pack, 0, "kampar", "real")
    unlike = sorted(decisions.unlike())
    fields = dict(asked["fields"])
    for name, start in zip(fields, range(0, len(unlike), 8), strict=False):
        fields[name] = " ".join(unlike[start : start + 8])
    asked["fields"] = fields
    found = compare(pack, asked)
    assert all("looks different" in one for one in found), found
    filled, full = renderer.render(pack, **asked).pdf, oracle.Oracle(renderer).same_lines(pack, asked)
    for one, other in zip(_pictures(filled), _pictures(full), strict=True):
        # An edge of a letter is a shade lighter or darker; one that stood elsewhere would go from black to white.
        assert max(highest for _, highest in ImageChops.difference(one, other).getextrema()) < 80


def _pictures(data: bytes) -> Iterator[Any]:
    document = pypdfium2.PdfDocument(data)
    try:
        yield from [page.render(scale=150 / 72).to_pil() for page in document]
    finally:
        document.close()


JUSTIFIED = (
    '<h1>{{ shape.title }}</h1><div class="wide">{{ f("x", justify=True) }}</div>'
    '<div class="narrow">{{ f("y", justify=True) }}</div><p>{{ f("number") }}</p><p>{{ f("host") }}</p>'
    '<p id="signature">x</p>{{ qr }}'
)
JUSTIFIED_STYLE = (
    ".f{display:block;overflow-wrap:anywhere}.wide,.narrow{text-align:justify}.wide{width:91mm}"
    ".narrow{width:53mm;font-weight:bold;font-size:8.3pt}.qr{width:93.6pt;height:93.6pt;overflow:visible}"
    '@page{@bottom-right{content:"\\A Halaman " counter(page) " dari " counter(pages);white-space:pre;width:60%;'
    "text-align:right;font-size:7.5pt}}"
)


def test_a_justified_paragraph_is_printed_as_weasyprint_breaks_and_justifies_it(
    renderer: Renderer, tmp_path: Path
) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "page.html").write_text(JUSTIFIED, "utf-8")
    (tmp_path / "style.css").write_text(JUSTIFIED_STYLE, "utf-8")
    letter = parts.MadeUpPack(name="justified/v1", page_folders=(tmp_path, tmp_path / "common"))
    asked = asked_of(packs.pack("pengganti"), 0, "kampar", "real")
    asked["shape"]["pack"] = letter.name
    full = oracle.Oracle(renderer)
    agreed = []

    @settings(MANY, max_examples=60)
    @given(words=st.lists(decisions.natural(), min_size=2, max_size=6))
    def check(words: list[str]) -> None:
        fields = {"x": " ".join(words), "y": "; ".join(reversed(words)), "number": asked["number"]}
        filled = renderer.render(letter, **{**asked, "fields": fields}).pdf
        wrapped = full.own_lines(letter, {**asked, "fields": fields})
        agreed.append(_lines(filled) == _lines(wrapped))
        if agreed[-1]:
            assert not exactness.differences(filled, wrapped)

    check()
    # The breaks are ours; in plain text Pango nearly always finds the same.
    assert sum(agreed) >= 0.9 * len(agreed)


def _lines(data: bytes) -> list[str]:
    """The text of each element, line by line."""
    return [row[1] for tree in exactness.File.read(data).structure for row in tree if len(row) == 2]


Documents = list[tuple[packs.Pack, dict[str, Any]]]


@pytest.mark.parametrize(("seed", "order"), [("1", 1), ("2", -1)])
def test_another_process_with_another_hash_seed_and_order_writes_the_same_bytes(
    renderer: Renderer, tmp_path: Path, seed: str, order: int
) -> None:
    documents = [(pack, asked_of(pack, 0, office, "real")) for pack in packs.packs() for office in OFFICES]
    here = [hashlib.sha256(renderer.render(pack, **asked).pdf).hexdigest() for pack, asked in documents]
    there = elsewhere(tmp_path, documents[::order], seed=seed)
    assert [one["sha256"] for one in there["documents"]] == here[::order]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an older WeasyPrint; all else is what is installed."""
    folder = tmp_path_factory.mktemp("older")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*install, "--target", str(folder), f"weasyprint=={OLDER}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        # Only where packages are installed from an index can this be asked; whoever is offline can still run the rest.
        pytest.skip(f"WeasyPrint {OLDER} could not be installed beside ours: {done.stderr.strip()[-300:]}")
    return folder


@pytest.fixture(scope="module")
def one_of_each() -> Documents:
    """A document of each pack, offices and marks in turn."""
    offices, marks = list(OFFICES), list(MARKS)
    return [
        (pack, asked_of(pack, 0, offices[index % len(offices)], marks[index % len(marks)]))
        for index, pack in enumerate(packs.packs())
    ]


def test_plates_of_an_older_weasyprint_are_exact_and_ours_fills_them_to_the_same_bytes(
    older: Path, one_of_each: Documents, tmp_path: Path
) -> None:
    made = elsewhere(tmp_path, one_of_each, path=older, compare=True)
    assert made["weasyprint"] == OLDER
    assert [one.pop("differences") for one in made["documents"]] == [[] for _ in one_of_each]
    ours = elsewhere(tmp_path, one_of_each)
    assert ours["weasyprint"] != OLDER
    assert ours["documents"] == made["documents"]


def test_an_older_weasyprint_fills_our_plates_to_the_same_bytes(
    older: Path, one_of_each: Documents, tmp_path: Path
) -> None:
    ours = elsewhere(tmp_path, one_of_each)
    theirs = elsewhere(tmp_path, one_of_each, path=older)
    assert (ours["weasyprint"], theirs["weasyprint"]) != (OLDER, OLDER)
    assert theirs["documents"] == ours["documents"]


def elsewhere(
    folder: Path, documents: Documents, *, path: Path | None = None, seed: str = "0", compare: bool = False
) -> dict[str, Any]:
    """What another process says of these documents, with the packages in `path` before ours and plates in `folder`."""
    (folder / "documents.pickle").write_bytes(pickle.dumps([(pack.type, asked) for pack, asked in documents]))
    command = [sys.executable, str(ROOM / "elsewhere.py"), str(folder), *(["--compare"] if compare else [])]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(path or "")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_characters_that_share_a_glyph_are_those_that_the_comparison_knows(family: str) -> None:
    typeface = Fonts.find(family)
    for face in FACES:
        font = oracle.glyphs_of(getattr(typeface, face))
        lowest: dict[int, str] = {}
        shared = {}
        for letter in sorted(OWN_REPERTOIRE):
            first = lowest.setdefault(font(letter), letter)
            if first != letter:
                shared[letter] = first
        assert shared == oracle.SHARED_GLYPHS[family]


def leaks(plate: bytes, family: str, said: Iterable[str]) -> Iterator[str]:
    """Which of these texts stand in a plate, packed or not, in letters or in glyphs."""
    everything = b"\n".join([zlib.decompress(plate), *_unpacked(Plate.of_bytes(plate).start)])
    drawn = b"".join(re.findall(rb"<([0-9a-f]+)>", everything))
    typeface = Fonts.find(family)
    faces = [Face(getattr(typeface, face), name=face) for face in FACES]
    for text in said:
        glyphs = {
            "".join(f"{glyph:04x}" for run in face.runs(text, 16 * 1024) for glyph in run.glyphs).encode()
            for face in faces
        }
        letters = {text.encode(), text.encode("utf-16-be"), text.encode("utf-16-be").hex().encode()}
        if any(found in everything for found in letters) or any(found in drawn for found in glyphs):
            yield text


def test_a_text_that_stands_in_a_plate_is_found_there(shelf: Gathering, renderer: Renderer) -> None:
    pack = packs.pack("pengganti")
    made = renderer.render(pack, **asked_of(pack, 0, "kampar", "real")).plate
    drawn, described, named = "Dinyatakan pula bahwa", "Data yang tercetak pada naskah ini", "PDF/UA identification"
    said = [drawn, described, named, "Dinyatakan pula bahwb"]
    assert list(leaks(shelf.get(made), "Arimo", said)) == [drawn, described, named]


def _own(renderer: Renderer, pack: Any, asked: Mapping[str, Any]) -> Iterator[str]:
    """What a document says, and neither its shape nor its template: values, their lines, number, link, date."""
    known = "\n".join(
        [
            *(text for _, text in texts(asked["shape"])),
            *(path.read_text("utf-8") for folder in pack.page_folders for path in folder.glob("*.html")),
        ]
    )
    for text in dict.fromkeys(_texts(renderer, pack, asked)):
        # A template closes with its own sign what the shape says.
        if len(text) >= _TELLING and text.rstrip(".;") not in known:
            yield text


def _texts(renderer: Renderer, pack: Any, asked: Mapping[str, Any]) -> Iterator[str]:
    """Everything that a document says: its values, each of their lines, its number, link and date."""
    yield from asked["fields"].values()
    for block in oracle.typeset(renderer, pack, asked):
        yield from block
    yield asked["number"]
    yield from filter(
        None, [asked["link"], asked["created"].strftime("D:%Y%m%d"), (asked["attachment"] or b"").decode()]
    )


def _unpacked(data: bytes) -> Iterator[bytes]:
    for start in re.finditer(rb"stream\n", data):
        try:
            yield zlib.decompressobj().decompress(data[start.end() :])
        except zlib.error:
            continue
