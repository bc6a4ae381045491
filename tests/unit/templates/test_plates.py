"""Plates: a page is laid out once, and then filled, with every document's own values and with no one else's."""

import concurrent.futures
import contextlib
import dataclasses
import datetime
import hashlib
import importlib.util
import pathlib
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import cbor2
import pytest
import weasyprint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formats import canonical
from registry.formats.errors import DocumentError, UnavailableError
from templates import packs
from templates.fingerprint import Fingerprint
from templates.limits import LimitError
from templates.plates.plate import Measure, Plate, PlateError
from templates.plates.shelf import MemoryShelf
from templates.renderer import Rendered, Renderer

_spec = importlib.util.spec_from_file_location("pages", pathlib.Path(__file__).with_name("pages.py"))
assert _spec is not None
assert _spec.loader is not None
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

PACKS = packs.packs()
EVERY = pytest.mark.parametrize("of", PACKS, ids=lambda of: of.type)
CANARY = "Kenari"
NAME = '<p class="x">{{ f("name") }}</p>\n<p>{{ f("place") }}</p>'
NARROW = ".x{width:40mm}"
WIDTH_PT = 40 / 25.4 * 72
LONG = "PT Contoh Menara Lancang Kuning Sejahtera, kantor cabang Bangkinang"
TODAY = datetime.date(2026, 11, 23)


@pytest.fixture
def fill(renderer, made_up) -> Callable[..., Any]:
    """Fill a made-up page, as often as asked."""

    def on(body: str, css: str = "") -> Callable[..., Rendered]:
        letter = made_up(body, css)
        return lambda **fields: renderer.render(letter.pack, **letter.asked(**fields))

    return on


def body(rendered: Rendered) -> list[Any]:
    """The text between host and signature of a made-up page."""
    return [run for sheet in pages.sheets(rendered.pdf) for run in sheet.read][2:-1]


def texts(rendered: Rendered) -> list[str]:
    return [run.text.strip() for run in body(rendered)]


def catchwords(rendered: Rendered) -> list[str]:
    """The catchword of every page, empty where it has none."""
    return [" ".join(run.text.strip() for run in sheet.around) for sheet in pages.sheets(rendered.pdf)]


def no_layout(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a page is laid out")


def no_typeface(_: str) -> NoReturn:
    raise AssertionError("this machine's typeface is looked for")


def other_machine(_: object) -> Fingerprint:
    return Fingerprint(parts={"weasyprint": "another"})


# What is kept.


@EVERY
def test_plate_and_measure_of_every_pack_read_back_as_they_were_kept(shelf, sample, printed, of: packs.Pack) -> None:
    rendered = printed(sample(0, of), of=of).rendered
    data = shelf.get(rendered.plate)
    assert hashlib.sha256(data).digest() == rendered.plate
    found = Plate.of_bytes(data)
    assert found.to_bytes() == data
    assert (found.pack, len(found.pages), found.qr_place) == (of.name, rendered.pages, rendered.qr)
    assert found.signature_box == rendered.signature
    measure = Measure(pack=found.pack, typeface=found.typeface, columns=found.columns)
    assert Measure.of_bytes(measure.to_bytes()) == measure


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=40) | st.text(max_size=20)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
# Tags that a reader of CBOR may give a meaning to (RFC 8949 3.4 and its registry).
TAGS = (0, 1, 2, 3, 4, 5, 28, 29, 30, 35, 36, 37, 54, 100, 258, 260, 261)
NO_PLATES = (
    st.binary(max_size=200)
    | VALUES.map(cbor2.dumps)
    | st.builds(lambda tag, value: cbor2.dumps(cbor2.CBORTag(tag, value)), st.sampled_from(TAGS), VALUES)
    | st.sampled_from(
        [
            b"\x81" * 100_000,  # lists within each other
            b"\x9b\x7f" + b"\xff" * 7,  # a list that says it is longer than any memory
            b"\x5b\x7f" + b"\xff" * 7,
            b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
            b"\xd8\x1c\xa1\x66format\xd8\x1d\x00",
            cbor2.dumps(cbor2.CBORTag(30, [1, 0])),  # one divided by nothing
            cbor2.dumps(cbor2.CBORTag(35, "(")),
            cbor2.dumps(cbor2.CBORTag(1, 1e300)),
        ]
    )
)


@given(data=NO_PLATES)
@settings(max_examples=200, deadline=None)
def test_what_is_no_plate_is_refused_and_never_otherwise(data: bytes) -> None:
    for kind in (Plate, Measure):
        for spelling in (data, zlib.compress(data)):
            with pytest.raises(PlateError, match=f"should be a {kind.__name__.lower()}"):
                kind.of_bytes(spelling)


@pytest.fixture
def kept(shelf, sample, printed) -> bytes:
    """The bytes of a plate."""
    data = shelf.get(printed(sample(0)).rendered.plate)
    assert isinstance(data, bytes)
    return data


@pytest.mark.parametrize("packed", [True, False])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_plate_that_was_changed_anywhere_is_refused_or_another_plate(kept, packed: bool, data: st.DataObject) -> None:
    original = kept if packed else zlib.decompress(kept)
    at = data.draw(st.integers(0, len(original) - 1))
    until = data.draw(st.integers(at, min(at + 6, len(original))))
    changed = original[:at] + data.draw(st.binary(max_size=6)) + original[until:]
    try:
        found = Plate.of_bytes(changed if packed else zlib.compress(changed))
    except PlateError:
        return
    assert packed is False or changed == original
    assert (found == Plate.of_bytes(kept)) == (changed == original)


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("format", 2),
        ("format", None),
        ("format", True),
        ("comment", "x"),
        ("lines", "3"),
        ("shape", bytes(31)),
        ("attached", {"number": 1}),
        ("qr", {"page": 1}),
        ("signature", {"page": 1, "x1": 1.5, "y1": 1.5, "x2": 1.5, "y2": "1.5"}),
    ],
    ids=["2", "none", "true", "a part more", "no numbers", "no SHA-256", "half a part", "half a place", "no place"],
)
def test_a_plate_of_another_format_is_refused(kept, part: str, wrong: object) -> None:
    value = cbor2.loads(zlib.decompress(kept))
    assert Plate.of_bytes(zlib.compress(cbor2.dumps(value, canonical=True))) == Plate.of_bytes(kept)
    with pytest.raises(PlateError):
        Plate.of_bytes(zlib.compress(cbor2.dumps({**value, part: wrong}, canonical=True)))


def test_a_plate_with_anything_beside_it_or_in_another_spelling_is_refused(kept) -> None:
    cbor = zlib.decompress(kept)
    spelled = cbor2.dumps(dict(reversed(cbor2.loads(cbor).items())))
    for wrong in (kept + b"x", kept[:-1], zlib.compress(cbor + b"x"), zlib.compress(spelled)):
        with pytest.raises(PlateError):
            Plate.of_bytes(wrong)


def test_a_plate_that_would_fill_the_memory_is_refused(kept) -> None:
    value = cbor2.loads(zlib.decompress(kept))
    huge = cbor2.dumps({**value, "start": bytes(80 * 1024 * 1024)}, canonical=True)
    with pytest.raises(PlateError):
        Plate.of_bytes(zlib.compress(huge, 1))


# Where it is kept.


def keep(shelf: MemoryShelf, name: bytes, data: bytes) -> bytes:
    return shelf.keep(name, data, kind="plate", pack="contoh/v1", fingerprint="")


def test_the_first_writer_under_a_key_wins() -> None:
    shelf = MemoryShelf()
    first = keep(shelf, b"key", b"first")
    assert keep(shelf, b"key", b"second") == first == shelf.find(b"key")
    assert shelf.get(first) == b"first"
    with pytest.raises(UnavailableError):
        shelf.get(hashlib.sha256(b"second").digest())
    assert shelf.find(b"another key") is None


def test_bytes_that_were_lost_are_kept_again_by_whoever_makes_the_same() -> None:
    shelf = MemoryShelf()
    first = keep(shelf, b"key", b"first")
    shelf._bytes.clear()
    with pytest.raises(UnavailableError):
        shelf.get(first)
    assert keep(shelf, b"key", b"first") == first
    assert shelf.get(first) == b"first"


class Slow(MemoryShelf):
    """A shelf where another writer is faster: his plate is there when ours is kept, not when it is looked for."""

    def __init__(self, other: MemoryShelf, plate: bytes) -> None:
        super().__init__()
        self._keys, self._bytes, self._plate = other._keys, other._bytes, plate

    def find(self, key: bytes) -> bytes | None:
        found = super().find(key)
        return None if found == self._plate else found


def test_who_makes_a_plate_at_the_same_time_fills_the_one_that_was_kept_first(shelf, renderer, made_up) -> None:
    letter = made_up(NAME)
    asked = letter.asked(name="PT Contoh", place="Bangkinang")
    first = renderer.render(letter.pack, **asked)
    late = Renderer(shelf=Slow(shelf, first.plate), fingerprint=other_machine).render(letter.pack, **asked)
    assert late == first
    alone = Renderer(fingerprint=other_machine).render(letter.pack, **asked)
    assert alone.plate != first.plate


@dataclasses.dataclass
class Spoiled:
    """A shelf whose bytes with one SHA-256 are others."""

    shelf: MemoryShelf
    sha256: bytes
    instead: bytes

    def find(self, key: bytes) -> bytes | None:
        return self.shelf.find(key)

    def get(self, sha256: bytes) -> bytes:
        return self.instead if sha256 == self.sha256 else self.shelf.get(sha256)

    def keep(self, key: bytes, data: bytes, *, kind: str, pack: str, fingerprint: str) -> bytes:
        return self.shelf.keep(key, data, kind=kind, pack=pack, fingerprint=fingerprint)


def test_a_damaged_plate_or_another_document_s_is_never_filled(shelf, renderer, made_up) -> None:
    letter = made_up(NAME)
    asked = letter.asked(name="PT Contoh", place="Bangkinang")
    plate = renderer.render(letter.pack, **asked).plate
    data = shelf.get(plate)
    # The same lines and the same fields: nothing but what it says of itself tells it from the right one.
    foreign = made_up(NAME.replace("<p>{{", "<p>Kota</p><p>{{"))
    foreign_plate = renderer.render(foreign.pack, **foreign.asked(name="PT Contoh", place="Bangkinang")).plate
    more_lines = renderer.render(letter.pack, **letter.asked(name="PT Contoh " * 20, place="Bangkinang")).plate
    for instead in (data[:-1], b"", shelf.get(foreign_plate), shelf.get(more_lines)):
        with pytest.raises(UnavailableError):
            Renderer(shelf=Spoiled(shelf, plate, instead)).render(letter.pack, **asked)


def test_a_damaged_measure_is_never_used(shelf, renderer, made_up) -> None:
    letter = made_up(NAME)
    asked = letter.asked(name="PT Contoh", place="Bangkinang")
    before = set(shelf._bytes)
    plate = renderer.render(letter.pack, **asked).plate
    (measure,) = set(shelf._bytes) - before - {plate}
    for instead in (b"", shelf.get(measure)[:-1]):
        with pytest.raises(UnavailableError):
            Renderer(shelf=Spoiled(shelf, measure, instead)).render(letter.pack, **asked)


# What is in it.


def unpacked(data: bytes) -> Iterator[bytes]:
    """Bytes that are kept, and all that is packed in them."""
    yield data
    with contextlib.suppress(zlib.error):
        yield from unpacked(zlib.decompress(data))
    for match in re.finditer(rb"stream\n(.*?)\nendstream", data, re.DOTALL):
        yield from unpacked(match[1])


def found_in(data: bytes, spelled: set[bytes]) -> bool:
    # In a content stream kernings may stand between two glyphs.
    together = re.sub(rb">[-\d. ]*<", b"", data)
    return any(one in data or one in together for one in spelled)


def spellings(text: str, faces: Any) -> set[bytes]:
    """A text as a file may hold it: in letters, and in the numbers of its glyphs."""
    glyphs = ["".join(f"{glyph:04x}" for run in face.runs(text, 1024) for glyph in run.glyphs) for face in faces]
    return {text.encode(), text.encode("utf-16-be"), text.encode("utf-16-be").hex().encode(), *map(str.encode, glyphs)}


def marked(of: packs.Pack, value: dict[str, Any], office: Any) -> tuple[dict[str, Any], int]:
    """A decision's file with the canary in all that is text of its own, and in how many places it is."""
    count = 0

    def mark(part: Any) -> None:
        nonlocal count
        for at, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if isinstance(inner, (dict, list)):
                mark(inner)
            elif isinstance(inner, str):
                part[at] = f"{inner} {CANARY}"
                if of.check(value, today=TODAY, office=office).decision is None:
                    part[at] = inner
                else:
                    count += 1

    mark(value["public"])
    return value, count


@EVERY
def test_no_layout_no_plate_and_no_shape_holds_what_a_decision_says(  # noqa: PLR0917  # what a document is of
    renderer, shelf, sample, asked_of, profile, monkeypatch: pytest.MonkeyPatch, of: packs.Pack
) -> None:
    value, count = marked(of, sample(0, of), profile)
    assert count >= 3
    asked = asked_of(of, value)
    asked["fields"] = {name: f"{text} {CANARY}" for name, text in asked["fields"].items()}
    asked["number"] = f"503/{CANARY}"
    assert CANARY.encode() not in canonical.dump(asked["shape"])
    seen: list[str] = []
    html = weasyprint.HTML

    def spy(*, string: str, **more: Any) -> Any:
        seen.append(string)
        return html(string=string, **more)

    monkeypatch.setattr(weasyprint, "HTML", spy)
    before = set(shelf._bytes)
    rendered = renderer.render(of, **asked)
    assert seen, "this document's page was laid out before: nothing is shown"
    assert not [page for page in seen if CANARY in page or asked["link"] in page]
    faces = renderer._maker.faces(Plate.of_bytes(shelf.get(rendered.plate)).typeface).values()
    hidden = spellings(CANARY, faces) | spellings(asked["link"][-40:], faces)
    new = set(shelf._bytes) - before
    assert rendered.plate in new
    for data in map(shelf.get, new):
        assert not any(found_in(part, hidden) for part in unpacked(data))
    # The document itself has it: so it would have been found.
    assert any(found_in(part, hidden) for part in unpacked(rendered.pdf))


def test_documents_of_other_values_are_laid_out_from_the_same_page(made_up, monkeypatch) -> None:
    seen: list[str] = []
    html = weasyprint.HTML
    monkeypatch.setattr(
        weasyprint, "HTML", lambda *, string, **more: seen.append(string) or html(string=string, **more)
    )
    letter = made_up(NAME)

    def laid_out(name: str) -> list[str]:
        seen.clear()
        Renderer().render(letter.pack, **letter.asked(name=name, place="Bangkinang"))
        return list(seen)

    one = laid_out("PT Contoh")
    assert len(one) >= 2
    assert laid_out("CV Teladan") == one
    # What is measured is the same for every document, what is made a plate of for all that take as many lines.
    for name in ("", "PT Contoh " * 30):
        other = laid_out(name)
        assert other[:-1] == one[:-1]
        assert other[-1] != one[-1]


# Filling.


def test_another_renderer_fills_the_same_bytes_from_the_shelf_without_any_layout(  # noqa: PLR0917  # two renderers, one shelf
    shelf, sample, printed, asked_of, pack, monkeypatch
) -> None:
    here = printed(sample(0)).rendered
    monkeypatch.setattr(weasyprint, "HTML", no_layout)
    monkeypatch.setattr(weasyprint, "CSS", no_layout)
    there = Renderer(shelf=shelf, typeface=no_typeface, fingerprint=no_layout)
    assert there.render(pack, **asked_of(pack, sample(0))) == here


def test_a_document_comes_once_more_from_the_plate_it_names(shelf, renderer, made_up, monkeypatch) -> None:
    letter = made_up(NAME)
    asked = letter.asked(name="PT Contoh", place="Bangkinang")
    first = renderer.render(letter.pack, **asked)
    monkeypatch.setattr(weasyprint, "HTML", no_layout)
    there = Renderer(shelf=shelf, typeface=no_typeface, fingerprint=no_layout)
    assert there.again(first.plate, **asked) == first
    with pytest.raises(UnavailableError):
        there.again(hashlib.sha256(b"none").digest(), **asked)
    with pytest.raises(UnavailableError):
        Renderer(shelf=Spoiled(shelf, first.plate, b"x")).again(first.plate, **asked)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "PT Contoh " * 30, "place": "Bangkinang"},
        {"name": "PT Contoh", "place": ""},
        {"name": "PT Contoh"},
        {"name": "PT Contoh", "place": "Bangkinang", "nib": "8120"},
        {"name": "PT Contoh", "place": "Bangkinang", "mark": "SIMULASI"},
    ],
    ids=["more lines", "fewer lines", "a field less", "a field more", "another shape"],
)
def test_a_plate_is_not_filled_with_what_it_was_not_made_for(renderer, made_up, change: dict[str, str]) -> None:
    letter = made_up(NAME)
    plate = renderer.render(letter.pack, **letter.asked(name="PT Contoh", place="Bangkinang")).plate
    with pytest.raises(DocumentError, match=plate.hex()):
        renderer.again(plate, **letter.asked(**change))


class Elsewhere:
    """A shelf on which somebody put the plate of one page in the place of every other."""

    def __init__(self, shelf: MemoryShelf, plate: bytes) -> None:
        self._shelf = shelf
        self._plate = plate
        self.get = shelf.get
        self.keep = shelf.keep

    def find(self, key: bytes) -> bytes | None:
        found = self._shelf.find(key)
        if found is None:
            return None
        try:
            Plate.of_bytes(self._shelf.get(found))
        except UnavailableError:
            return found  # a measure, a subset, a typeface
        return self._plate


def test_a_whole_plate_in_the_place_of_another_is_never_filled(shelf, renderer, made_up) -> None:
    letter = made_up(NAME, NARROW)
    short, long = (letter.asked(name=name, place="Bangkinang") for name in ("PT Contoh", LONG))
    plates = [renderer.render(letter.pack, **asked).plate for asked in (short, long)]
    assert plates[0] != plates[1]
    there = Renderer(shelf=Elsewhere(shelf, plates[0]))
    assert there.render(letter.pack, **short).plate == plates[0]
    with pytest.raises(PlateError, match="in another's place"):
        there.render(letter.pack, **long)


def test_what_the_running_head_has_no_room_for_is_refused_in_words_of_the_office(renderer, made_up) -> None:
    head = '<div class="head">{{ again("name") }}</div><p>{{ f("name") }}</p><p>{{ f("place") }}</p>'
    css = ".head{position:running(head);width:100%}@page{@top-center{content:element(head);width:100%}}"
    letter = made_up(head, css)
    renderer.render(letter.pack, **letter.asked(name="PT Contoh", place="Bangkinang"))
    with pytest.raises(LimitError) as refusal:
        renderer.render(letter.pack, **letter.asked(name=LONG * 4, place="Bangkinang"))
    assert "“name” terlalu panjang untuk satu baris di kepala halaman lanjutan" in refusal.value.text("id")
    assert "pattern in the office profile" in refusal.value.text("en")


@pytest.mark.parametrize("fields", [{"name": "x"}, {"name": "x", "place": "y", "nib": "z"}], ids=["less", "more"])
def test_a_field_less_or_more_is_refused_whether_the_shape_is_new_or_not(renderer, made_up, fields) -> None:
    letter = made_up(NAME)
    with pytest.raises(PlateError, match=r"place|nib"):
        renderer.render(letter.pack, **letter.asked(**fields))
    renderer.render(letter.pack, **letter.asked(name="x", place="y"))
    with pytest.raises(PlateError, match=r"place|nib"):
        renderer.render(letter.pack, **letter.asked(**fields))


def test_threads_render_what_one_thread_does(made_up) -> None:
    letters = [made_up(NAME, NARROW), made_up(f"<p>Kota</p>{NAME}", NARROW)]
    wanted = [(letter, "PT Contoh " * times) for letter in letters for times in (1, 2, 4, 7)]
    together = threading.Barrier(4)

    def render(renderer: Renderer, letter: Any, name: str) -> Rendered:
        return renderer.render(letter.pack, **letter.asked(name=name, place=name[:9]))

    shared = Renderer()

    def all_of_them(_: int) -> list[Rendered]:
        together.wait()
        return [render(shared, letter, name) for letter, name in wanted]

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        found = list(threads.map(all_of_them, range(4)))
    alone = Renderer()
    assert found == [[render(alone, letter, name) for letter, name in wanted]] * 4


# Lines.


def test_a_value_takes_the_lines_it_needs_within_its_column(fill) -> None:
    *name, place = body(fill(NAME, NARROW)(name=LONG, place="Bangkinang"))
    assert place.text.strip() == "Bangkinang"
    assert " ".join(run.text.strip() for run in name) == LONG
    assert len(name) >= 3
    assert max(run.left for run in name) - min(run.left for run in name) < 2
    assert max(run.right for run in name) - min(run.left for run in name) <= WIDTH_PT


def test_a_word_that_is_too_wide_alone_is_broken_and_kept_whole(fill) -> None:
    word = "W" * 40 + "i" * 90
    *name, _ = body(fill(NAME, NARROW)(name=word, place="Bangkinang"))
    assert "".join(run.text.strip() for run in name) == word
    assert len(name) >= 3
    assert max(run.right for run in name) - min(run.left for run in name) <= WIDTH_PT


def test_an_empty_value_prints_nothing_and_takes_no_room(fill) -> None:
    page = fill(NAME)
    full, empty = page(name="PT Contoh", place="Bangkinang"), page(name="", place="Bangkinang")
    assert texts(empty) == ["Bangkinang"]
    assert body(empty)[0].bottom == pytest.approx(body(full)[0].bottom, abs=3)
    assert texts(page(name="", place="")) == []


def test_a_block_that_reserves_lines_keeps_its_plate_and_what_follows_its_place(fill) -> None:
    page = fill('<p class="x">{{ f("name", lines=3) }}</p><p>{{ f("place") }}</p>', NARROW)
    filled = [page(name=name, place="Bangkinang") for name in ("", "PT", "PT Contoh " * 4, "PT Contoh " * 6)]
    assert [len(body(rendered)) for rendered in filled] == [1, 2, 3, 4]
    assert len({rendered.plate for rendered in filled}) == 1
    assert len({round(body(rendered)[-1].bottom, 3) for rendered in filled}) == 1
    more = page(name="PT Contoh " * 8, place="Bangkinang")
    assert len(body(more)) == 5
    assert more.plate != filled[0].plate
    assert body(more)[-1].bottom < body(filled[0])[-1].bottom


def test_values_of_one_block_each_begin_a_line(fill) -> None:
    page = fill('<p class="x">{{ f("name", "nib", lines=3) }}</p><p>{{ f("place") }}</p>', NARROW)
    short = page(name="PT Contoh", nib="8120", place="Bangkinang")
    assert texts(short) == ["PT Contoh", "8120", "Bangkinang"]
    long = page(name="PT Contoh Menara Lancang Kuning", nib="8120", place="Bangkinang")
    assert " ".join(texts(long)[:-2]) == "PT Contoh Menara Lancang Kuning"
    assert texts(long)[-2:] == ["8120", "Bangkinang"]
    assert long.plate == short.plate


@pytest.mark.parametrize(("align", "part"), [("left", 0), ("center", 0.5), ("right", 1)])
def test_a_line_stands_where_its_column_is_aligned_to(fill, align: str, part: float) -> None:
    page = fill(NAME, f".x{{width:40mm;text-align:{align}}}")
    (edge, *_) = body(page(name="|", place="|"))[1:]
    for text in ("MM", "M" * 12):
        name = body(page(name=text, place="Bangkinang"))[0]
        free = WIDTH_PT - (name.right - name.left)
        assert name.left - edge.left == pytest.approx(free * part, abs=3)


def test_justified_lines_end_at_the_margin_but_for_the_last(fill) -> None:
    page = fill(
        '<p class="x">{{ f("name", justify=True) }}</p><p>{{ f("place") }}</p>', NARROW + ".x{text-align:justify}"
    )
    *name, _ = body(page(name=LONG, place="Bangkinang"))
    ends: dict[int, float] = {}
    for run in name:
        ends[round(run.bottom / 10)] = max(run.right - name[0].left, ends.get(round(run.bottom / 10), 0))
    *full, last = ends.values()
    assert full
    assert full == pytest.approx([WIDTH_PT] * len(full), abs=1.5)
    assert last < WIDTH_PT - 5


# Catchwords.

OVERLEAF = '<p>Depan</p><div style="break-before:page">{}</div><p>{{{{ f("place") }}}}</p>'


def test_a_catchword_is_the_first_word_of_the_value_that_the_next_page_begins_with(fill) -> None:
    page = fill(OVERLEAF.format('{{ f("name") }}'))
    first, second = page(name="Contoh Jaya", place="Kota"), page(name="Teladan Bersama", place="Kota")
    assert catchwords(first) == ["Contoh … Halaman 1 dari 2", "Halaman 2 dari 2"]
    assert catchwords(second) == ["Teladan … Halaman 1 dari 2", "Halaman 2 dari 2"]
    assert first.plate == second.plate


def test_a_value_that_prints_nothing_is_no_catchword(fill) -> None:
    page = fill(OVERLEAF.format('{{ f("name", lines=2) }}'))
    assert catchwords(page(name="", place="Kota"))[0] == "Kota … Halaman 1 dari 2"
    assert catchwords(page(name="Contoh", place="Kota"))[0] == "Contoh … Halaman 1 dari 2"
    assert catchwords(page(name="", place="\N{NO-BREAK SPACE}"))[0] == "x … Halaman 1 dari 2"


def test_the_mark_of_an_item_stands_before_its_first_word_in_the_catchword(fill) -> None:
    page = fill(
        OVERLEAF.format('<ol><li class="x">{{ f("name") }}</li></ol>'),
        "ol{list-style:lower-alpha;padding-left:6mm}.x .f{display:inline}",
    )
    assert catchwords(page(name="Contoh Jaya", place="Kota"))[0] == "a. Contoh … Halaman 1 dari 2"


def test_a_value_that_goes_on_overleaf_gives_the_first_word_of_its_line_there(fill) -> None:
    page = fill('<p style="height:195mm">x</p>' + NAME, f"{NARROW}.x,.f{{orphans:2;widows:2}}")
    words = [f"kata{number}" for number in range(60)]
    rendered = page(name=" ".join(words), place="Kota")
    assert rendered.pages == 2
    _, over = pages.sheets(rendered.pdf)
    first = over.read[0].text.split()[0]
    assert first in words[1:]
    assert catchwords(rendered)[0] == f"{first} … Halaman 1 dari 2"


def test_a_long_word_is_cut_short_in_the_catchword(fill) -> None:
    page = fill(OVERLEAF.format('{{ f("name") }}'))
    assert catchwords(page(name="i" * 90, place="Kota"))[0] == f"{'i' * 30} … Halaman 1 dari 2"
