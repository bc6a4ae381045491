import contextlib
import dataclasses
import datetime
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formats.errors import DocumentError, UnavailableError
from templates import packs
from templates.fingerprint import Fingerprint
from templates.fonts import FAMILIES, Fonts
from templates.freezing import Code, Difference, FreezeError, Freezer
from templates.golden import Golden, Line
from templates.lock import Frozen, Lock
from templates.pack import Pack
from templates.renderer import Renderer

TEMPLATES = pathlib.Path(packs.__file__).parents[1]
LOCK = pathlib.Path(packs.__file__).with_name("frozen.toml")
DAY = datetime.date(2026, 11, 23)
NAME = "pengganti/v1"
PACKAGE = "templates.packs.pengganti.v1"
SAMPLE = "1-hilang"
RELEASED = tuple(dict.fromkeys((*packs.versions(), *Lock.read(LOCK).version)))
TYPEFACES = {family: Fonts.find(family) for family in FAMILIES}
THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


# What is in the tree.


@pytest.fixture(scope="module")
def released(renderer: Renderer) -> Freezer:
    return Freezer(packs=packs.versions(), lock=LOCK, renderer=renderer)


@pytest.fixture(params=RELEASED)
def name(request: pytest.FixtureRequest, released: Freezer) -> str:
    if released.frozen(request.param) is None:
        pytest.fail(f"{request.param} is not frozen: absah pack freeze {request.param}")
    return str(request.param)


def test_every_version_is_frozen_and_made_of_what_it_was_then(released: Freezer, name: str) -> None:
    assert released.check_digests(name) == ()


def test_every_version_prints_its_first_golden_document_as_it_did(released: Freezer, name: str) -> None:
    assert released.check_pages(name, only_first=True) == ()


@pytest.mark.long
def test_every_version_prints_all_its_golden_documents_as_it_did(released: Freezer, name: str) -> None:
    assert released.check_pages(name) == ()


def test_the_bytes_of_golden_documents_were_compared_too(released: Freezer, name: str) -> None:
    if not released.compares_bytes(name):
        known = Lock.read(LOCK).fingerprint
        here = released.fingerprint.parts
        nearest = min(known.values(), key=lambda parts: len(apart(parts, here)))
        pytest.skip(f"text and layout alone were compared: these libraries are not recorded: {apart(nearest, here)}")


def apart(parts: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    return [
        f"{part} {here.get(part)}, not {parts.get(part)}"
        for part in {*parts, *here}
        if parts.get(part) != here.get(part)
    ]


# How a version is held to what it was, on a copy of one.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of templates/ in which one version was frozen with one sample, at two offices."""

    root: pathlib.Path
    renderer: Renderer

    @property
    def pack(self) -> Pack:
        return Pack(PACKAGE, self.root / "packs" / NAME)

    @property
    def lock(self) -> pathlib.Path:
        return self.root / "packs" / "frozen.toml"

    @property
    def offices(self) -> dict[str, pathlib.Path]:
        return {path.stem: path for path in sorted((self.root / "offices").glob("*.toml"))}

    def freezer(self, *, pack: Pack | None = None, **choices: Any) -> Freezer:
        choices = {"typeface": TYPEFACES.__getitem__, **choices}
        return Freezer(packs={NAME: pack or self.pack}, lock=self.lock, renderer=self.renderer, **choices)

    @property
    def frozen(self) -> Frozen:
        return Lock.read(self.lock).version[NAME]

    @contextlib.contextmanager
    def recording(self, **changes: Any) -> Iterator[None]:
        """With other values in the lock."""
        before = self.lock.read_bytes()
        lock = Lock.read(self.lock)
        lock.having(NAME, self.frozen.model_copy(update=changes), fingerprints={}).write(self.lock)
        try:
            yield
        finally:
            self.lock.write_bytes(before)


def unfrozen(root: pathlib.Path, renderer: Renderer) -> Copy:
    ignored = shutil.ignore_patterns("__pycache__", "goldens", "[2-9]-*.json")
    for part in (f"packs/{NAME}", "common", "offices"):
        shutil.copytree(TEMPLATES / part, root / part, ignore=ignored)
    return Copy(root=root, renderer=renderer)


@pytest.fixture(scope="module")
def copy(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Tests put back what they change in it."""
    found = unfrozen(tmp_path_factory.mktemp("frozen") / "templates", renderer)
    found.freezer().freeze(NAME, offices=found.offices, day=DAY)
    return found


@contextlib.contextmanager
def changed(path: pathlib.Path, data: bytes | None) -> Iterator[None]:
    """A file with other bytes, or none, for a while."""
    before = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)


def found(*differences: tuple[Code, str]) -> tuple[Difference, ...]:
    return tuple(Difference(version=NAME, code=code, place=place) for code, place in differences)


def test_a_version_just_frozen_is_as_it_was(copy: Copy) -> None:
    freezer = copy.freezer()
    assert freezer.check(NAME) == ()
    assert freezer.compares_bytes(NAME)
    assert freezer.compares_schema(NAME)


def test_page_data_shared_parts_evidence_and_translation_are_all_frozen(copy: Copy) -> None:
    recorded = copy.frozen.files
    goldens = {path.relative_to(copy.root).as_posix() for path in (copy.pack.folder / "goldens").rglob("*.*")}
    assert len([name for name in goldens if name.endswith(".txt")]) == len(copy.offices) >= 2
    assert recorded.keys() >= goldens | {
        "common/v1/letter.css",
        "common/v1/letter.html",
        f"packs/{NAME}/checks.py",
        f"packs/{NAME}/locale/en/LC_MESSAGES/v1.po",
        f"packs/{NAME}/model.py",
        f"packs/{NAME}/pack.toml",
        f"packs/{NAME}/page.html",
        f"packs/{NAME}/samples/{SAMPLE}.json",
        f"packs/{NAME}/style.css",
    }


@given(data=st.data())
@THOROUGH
def test_no_byte_of_any_file_may_change(copy: Copy, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(copy.frozen.files)), label="file")
    path = copy.root / name
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1), label="offset")
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]), label="byte")
    with changed(path, whole[:at] + bytes([other]) + whole[at + 1 :]):
        assert copy.freezer().check(NAME) == found((Code.FILE_CHANGED, name))


@given(data=st.data())
@settings(THOROUGH, max_examples=20)
def test_no_byte_of_a_typeface_may_change(copy: Copy, data: st.DataObject) -> None:
    family, face = data.draw(st.sampled_from(FAMILIES)), data.draw(st.sampled_from(("regular", "bold")))
    whole = getattr(TYPEFACES[family], face)
    at = data.draw(st.integers(0, len(whole) - 1), label="offset")
    other = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    faces = {**TYPEFACES, family: dataclasses.replace(TYPEFACES[family], **{face: other})}
    freezer = copy.freezer(typeface=faces.__getitem__)
    assert freezer.check_digests(NAME) == found((Code.TYPEFACE_CHANGED, f"{family} {face}"))


@pytest.mark.parametrize(
    "place", ["common/v1/letter.css", f"packs/{NAME}/style.css", f"packs/{NAME}/samples/{SAMPLE}.json"]
)
def test_a_file_that_is_gone_is_named(copy: Copy, place: str) -> None:
    with changed(copy.root / place, None):
        assert copy.freezer().check(NAME) == found((Code.FILE_MISSING, place))


@pytest.mark.parametrize("place", ["common/v1/a.css", f"packs/{NAME}/samples/9.json", f"packs/{NAME}/letter.html"])
def test_a_file_that_was_added_is_named(copy: Copy, place: str) -> None:
    with changed(copy.root / place, b""):
        assert copy.freezer().check(NAME) == found((Code.FILE_ADDED, place))


def test_a_pack_that_asks_for_other_shared_parts_is_seen(copy: Copy) -> None:
    path = copy.pack.folder / "pack.toml"
    with changed(path, path.read_bytes().replace(b'common = "v1"', b'common = "v2"')):
        assert copy.freezer().check(NAME) == found((Code.FILE_CHANGED, f"packs/{NAME}/pack.toml"))


def test_what_python_keeps_beside_its_files_does_not_count(copy: Copy) -> None:
    cache = copy.pack.folder / "__pycache__"
    cache.mkdir()
    (cache / "model.cpython-311.pyc").write_bytes(b"x")
    try:
        assert copy.freezer().check_digests(NAME) == ()
    finally:
        shutil.rmtree(cache)


def test_a_version_that_is_gone_from_the_tree_is_missed(copy: Copy) -> None:
    freezer = Freezer(packs={}, lock=copy.lock, renderer=copy.renderer)
    assert freezer.names == (NAME,)
    assert freezer.check(NAME) == found((Code.VERSION_MISSING, ""))


def test_a_version_that_was_never_frozen_is_named(copy: Copy) -> None:
    freezer = Freezer(packs={"pengganti/v2": copy.pack}, lock=copy.lock, renderer=copy.renderer)
    assert [one.code for one in freezer.check("pengganti/v2")] == [Code.NOT_FROZEN]


class OtherText(Pack):
    """A pack whose texts come out otherwise, though no file of it changed: shared code did."""

    def fields(self, public: Mapping[str, object], **values: Any) -> dict[str, str]:
        return {**super().fields(public, **values), "number": "999/CONTOH"}


class OtherSchema(Pack):
    def json_schema(self) -> dict[str, object]:
        return {**super().json_schema(), "maxProperties": 4}


class OtherDocstring(Pack):
    def json_schema(self) -> dict[str, object]:
        return {**super().json_schema(), "description": "Put in better words."}


def of(kind: type[Pack], copy: Copy) -> Freezer:
    return copy.freezer(pack=kind(PACKAGE, copy.pack.folder))


def test_another_text_on_a_page_is_shown_beside_the_one_that_was(copy: Copy) -> None:
    first, *_ = of(OtherText, copy).check(NAME)
    assert (first.code, first.place) == (Code.PAGE_CHANGED, f"{SAMPLE}.kampar")
    assert first.details[0].startswith("page ")
    assert any(line.startswith("+") and line.endswith("999/CONTOH") for line in first.details)
    assert any(line.startswith("-") and "/007/" in line for line in first.details)


def test_a_page_that_can_no_longer_be_printed_is_a_difference_too(copy: Copy) -> None:
    class Broken(Pack):
        def shape(self, public: Mapping[str, object], **values: Any) -> dict[str, object]:
            shape = super().shape(public, **values)
            del shape["conditions"]
            return shape

    assert {one.code for one in of(Broken, copy).check(NAME)} == {Code.PAGE_IMPOSSIBLE}


def test_another_schema_is_seen_and_another_docstring_does_not_matter(copy: Copy) -> None:
    assert of(OtherSchema, copy).check_digests(NAME) == found((Code.SCHEMA_CHANGED, ""))
    assert of(OtherDocstring, copy).check_digests(NAME) == ()


def test_a_schema_by_another_pydantic_is_not_compared_and_that_is_known(copy: Copy) -> None:
    with copy.recording(schemas={"0.1": "0" * 64}):
        assert copy.freezer().check_digests(NAME) == ()
        assert not copy.freezer().compares_schema(NAME)


def test_what_is_printed_of_an_office_may_not_change_with_the_code(copy: Copy) -> None:
    with copy.recording(offices={**copy.frozen.offices, "kampar": "0" * 64}):
        assert copy.freezer().check(NAME) == found((Code.OFFICE_CHANGED, "kampar"))


def test_the_shipped_office_profile_may_change(copy: Copy) -> None:
    path = copy.offices["kampar"]
    with changed(path, path.read_bytes().replace(b"0812-7646-0487", b"0812-0000-0000")):
        assert copy.freezer().check(NAME) == ()


def test_other_bytes_of_the_same_page_are_a_difference_under_the_same_libraries(copy: Copy) -> None:
    digest = copy.freezer().fingerprint.digest
    with copy.recording(pdf={digest: {**copy.frozen.pdf[digest], f"{SAMPLE}.kampar": "0" * 64}}):
        assert copy.freezer().check(NAME) == found((Code.BYTES_CHANGED, f"{SAMPLE}.kampar"))


def elsewhere(_faces: object) -> Fingerprint:
    return Fingerprint(parts={"weasyprint": "0.1"})


@pytest.mark.long
def test_under_other_libraries_text_and_layout_are_compared_and_bytes_once_they_are_recorded(copy: Copy) -> None:
    there = copy.freezer(fingerprint=elsewhere)
    assert not there.compares_bytes(NAME)
    assert there.check(NAME) == ()
    with copy.recording():
        here = copy.freezer().fingerprint.digest
        assert there.freeze_again(NAME)
        assert not there.freeze_again(NAME)
        assert there.compares_bytes(NAME)
        assert copy.freezer(fingerprint=elsewhere).check(NAME) == ()
        assert Lock.read(copy.lock).fingerprint[elsewhere(()).digest] == {"weasyprint": "0.1"}
        assert copy.frozen.pdf.keys() == {here, elsewhere(()).digest}


def test_a_pydantic_that_writes_another_schema_is_recorded_beside_the_first(copy: Copy) -> None:
    with copy.recording(schemas={"0.1": "0" * 64}):
        assert copy.freezer().freeze_again(NAME)
        assert copy.frozen.schemas.keys() == {"0.1", pydantic.VERSION}


def test_a_frozen_version_is_not_frozen_twice(copy: Copy) -> None:
    before = copy.lock.read_bytes()
    with pytest.raises(FreezeError, match="--again"):
        copy.freezer().freeze(NAME, offices=copy.offices, day=DAY)
    assert copy.lock.read_bytes() == before


def test_a_frozen_version_that_changed_is_neither_frozen_nor_recorded_again(copy: Copy) -> None:
    before = copy.lock.read_bytes()
    with changed(copy.root / "common/v1/letter.css", b"p{}"):
        with pytest.raises(FreezeError, match="make a new version") as refused:
            copy.freezer().freeze(NAME, offices=copy.offices, day=DAY)
        assert refused.value.differences == found((Code.FILE_CHANGED, "common/v1/letter.css"))
        with pytest.raises(FreezeError, match="not what was recorded"):
            copy.freezer(fingerprint=elsewhere).freeze_again(NAME)
    with pytest.raises(FreezeError, match="not what was recorded"):
        of(OtherText, copy).freeze_again(NAME)
    assert copy.lock.read_bytes() == before


def test_a_version_that_was_not_frozen_is_not_recorded_again(copy: Copy, tmp_path: pathlib.Path) -> None:
    freezer = Freezer(packs={NAME: copy.pack}, lock=tmp_path / "frozen.toml", renderer=copy.renderer)
    with pytest.raises(FreezeError, match="not frozen"):
        freezer.freeze_again(NAME)
    with pytest.raises(LookupError):
        freezer.freeze_again("pengganti/v9")


def test_a_version_that_cannot_be_printed_is_not_frozen_at_all(renderer: Renderer, tmp_path: pathlib.Path) -> None:
    copy = unfrozen(tmp_path / "templates", renderer)
    with pytest.raises(DocumentError, match="legal basis"):
        copy.freezer().freeze(NAME, offices=copy.offices, day=datetime.date(1990, 1, 1))
    assert not copy.lock.exists()
    assert not (copy.pack.folder / "goldens").exists()
    for sample in copy.pack.samples():
        sample.unlink()
    with pytest.raises(DocumentError, match="no samples"):
        copy.freezer().freeze(NAME, offices=copy.offices, day=DAY)


def test_the_goldens_show_each_office_on_its_own_paper_with_and_without_the_mark(copy: Copy) -> None:
    texts = {path.stem: path.read_text("utf-8") for path in (copy.pack.folder / "goldens").glob("*.txt")}
    kampar, other = texts[f"{SAMPLE}.kampar"], texts[f"{SAMPLE}.rimba-tirta"]
    assert "of 595 x 842\n" in kampar
    assert "of 609 x 936\n" in other
    assert "SIMULASI" not in kampar
    assert "SIMULASI" in other
    assert " H1 SURAT KETERANGAN" in kampar
    assert (copy.pack.folder / "goldens" / "rimba-tirta" / "rimba-tirta.svg").is_file()


# The golden file.

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=9)
LINES = st.builds(
    Line,
    x=st.integers(-9, 700),
    y=st.integers(-9, 999),
    size=st.sampled_from(("11", "8.5", "14.25")),
    bold=st.booleans(),
    tag=st.sampled_from(("P", "TD", "H1", "-")),
    text=st.lists(WORDS, min_size=1, max_size=4).map(" ".join),
)
GOLDENS = st.builds(
    Golden,
    places=st.just(("pages 2 of 595 x 842", "code 2 at 91 345", "signature 2 at 293 338 to 539 510")),
    pages=st.lists(st.lists(LINES, max_size=5).map(tuple), min_size=1, max_size=3).map(tuple),
)


@given(golden=GOLDENS)
def test_a_golden_file_reads_back(golden: Golden) -> None:
    assert Golden.parse(str(golden)) == golden
    assert golden.changes(golden) == ()


@given(text=st.text() | st.text().map("golden 1\npage 1\n{}".format) | GOLDENS.map(lambda golden: f"{golden}x y"))
def test_a_file_that_is_no_golden_is_refused_as_such(text: str) -> None:
    try:
        read = Golden.parse(text)
    except UnavailableError:
        return
    assert Golden.parse(str(read)) == read


@given(golden=GOLDENS, by=st.sampled_from((-1, 1)), axis=st.sampled_from(("x", "y")))
def test_a_point_is_rounding_and_two_are_a_change(golden: Golden, by: int, axis: str) -> None:
    def moved(points: int) -> Golden:
        return dataclasses.replace(
            golden,
            pages=tuple(
                tuple(dataclasses.replace(line, **{axis: getattr(line, axis) + points}) for line in page)
                for page in golden.pages
            ),
        )

    assert golden.changes(moved(by)) == ()
    assert bool(golden.changes(moved(2 * by))) is any(golden.pages)


def test_only_the_lines_that_differ_are_shown_under_their_page() -> None:
    def line(y: int, text: str) -> Line:
        return Line(x=85, y=y, size="11", bold=False, tag="P", text=text)

    places = ("pages 2 of 595 x 842", "code 2 at 91 345", "signature 2 at 293 338 to 539 510")
    before = Golden(places=places, pages=((line(50, "satu"),), (line(50, "dua"), line(70, "tiga"))))
    after = Golden(places=places, pages=((line(51, "satu"),), (line(50, "dua"), line(60, "baru"), line(71, "tiga"))))
    assert before.changes(after) == ("page 2", "+  85   60 11   P baru")
    moved = dataclasses.replace(before, places=(places[0], "code 2 at 91 349", places[2]))
    assert before.changes(moved) == ("-code 2 at 91 345", "+code 2 at 91 349")
    other_page = dataclasses.replace(before, places=(places[0], "code 1 at 91 345", places[2]))
    assert before.changes(other_page) == ("-code 2 at 91 345", "+code 1 at 91 345")


# The lock, and the fingerprint.

SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)
NAMES = st.text(st.characters(codec="utf-8"), max_size=9)
DIGESTS = st.dictionaries(NAMES, SHA256, max_size=2)
LOCKS = st.builds(
    Lock,
    version=st.dictionaries(
        NAMES,
        st.builds(
            Frozen,
            day=st.dates(min_value=datetime.date(1000, 1, 1)),
            **{
                part: st.dictionaries(NAMES, SHA256, max_size=2)
                for part in ("typefaces", "offices", "schemas", "files")
            },
            pdf=st.dictionaries(SHA256, DIGESTS, max_size=1),
        ),
        max_size=2,
    ),
    fingerprint=st.dictionaries(SHA256, st.dictionaries(NAMES, NAMES, max_size=2), max_size=1),
)


@given(lock=LOCKS)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_a_lock_reads_back_and_is_written_in_one_order(tmp_path: pathlib.Path, lock: Lock) -> None:
    path = tmp_path / "frozen.toml"
    for _ in range(2):
        lock.write(path)
        again = Lock.read(path)
        assert str(again) == str(lock)
        lock = again


@pytest.mark.parametrize("text", ["version", "[version.x]\nday = 2026-01-01", "[other]", 'fingerprint."x" = {}'])
def test_a_lock_that_was_written_by_hand_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "frozen.toml").write_text(text)
    with pytest.raises(UnavailableError, match=r"frozen\.toml"):
        Lock.read(tmp_path / "frozen.toml")


def test_a_fingerprint_names_every_library_that_lays_out_or_writes_and_the_typefaces() -> None:
    here = Fingerprint.here(TYPEFACES.values())
    assert here.parts.keys() >= {
        "weasyprint",
        "pydyf",
        "fonttools",
        "pango",
        "harfbuzz",
        "fontconfig",
        "zlib",
        "Tinos bold",
    }
    assert not [part for part, version in here.parts.items() if not version]
    assert here.parts["pango"].count(".") == here.parts["harfbuzz"].count(".") == 2
    assert here.digest == Fingerprint(parts=dict(reversed(here.parts.items()))).digest
    for part in here.parts:
        assert Fingerprint(parts={**here.parts, part: "x"}).digest != here.digest
