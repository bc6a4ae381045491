"""What of a typeface stands in a document: the very letters, found again as text, and the same bytes every time."""

import io
import itertools
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import cbor2
import pydyf
import pypdfium2
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.errors import UnavailableError
from templates.fonts import OWN_REPERTOIRE, Fonts
from templates.typesetting.subset import BASIC, TIERS, Subset

NBSP = "\N{NO-BREAK SPACE}"
_CASES = {
    "Arimo-regular-basic": ("Arimo", "regular", BASIC),
    "Tinos-bold-basic": ("Tinos", "bold", BASIC),
    "Tinos-regular-whole": ("Tinos", "regular", OWN_REPERTOIRE),
}


def _face(family: str, weight: str) -> bytes:
    data = getattr(Fonts.find(family), weight)
    assert isinstance(data, bytes)
    return data


@pytest.fixture(scope="module", params=_CASES)
def made(request: pytest.FixtureRequest) -> tuple[bytes, frozenset[str], Subset]:
    """A typeface, some letters, and the subset of the one to the others."""
    family, weight, letters = _CASES[request.param]
    data = _face(family, weight)
    return data, letters, Subset.of(data, letters)


@pytest.fixture(scope="module")
def small() -> Subset:
    return Subset.of(_face("Arimo", "regular"), f"Contoh 12{NBSP}é")


def _opened(data: bytes) -> TTFont:
    return TTFont(io.BytesIO(data))


def _outline(font: TTFont, glyph: int) -> list[Any]:
    glyphs = font.getGlyphSet()
    pen = DecomposingRecordingPen(glyphs)
    glyphs[font.getGlyphName(glyph)].draw(pen)
    return pen.value


def _texts(subset: Subset) -> dict[int, str]:
    """The ToUnicode map as ISO 32000-1 9.10.3 has it read."""
    cmap = zlib.decompress(subset.to_unicode).decode()
    found: dict[int, str] = {}
    for count, kind, body in re.findall(r"(\d+) begin(bfchar|bfrange)\n(.*?)\nend\2", cmap, re.DOTALL):
        rows = [re.findall(r"<([0-9a-f]+)>", row) for row in body.split("\n")]
        assert len(rows) == int(count) <= 100
        for row in rows:
            first, last = int(row[0], 16), int(row[-2], 16)
            assert len(row) == (2 if kind == "bfchar" else 3)
            # Neither may run over its last byte within a range.
            assert first >> 8 == last >> 8
            start = bytes.fromhex(row[-1]).decode("utf-16-be")
            assert (ord(start[-1]) & 0xFF) + last - first <= 0xFF
            for glyph in range(first, last + 1):
                assert glyph not in found
                found[glyph] = start[:-1] + chr(ord(start[-1]) + glyph - first)
    return found


def test_outlines_and_widths_are_those_of_the_typeface(made: tuple[bytes, frozenset[str], Subset]) -> None:
    data, letters, subset = made
    whole, cut = _opened(data), _opened(zlib.decompress(subset.font))
    assert subset.letters == letters
    assert subset.font_length == len(zlib.decompress(subset.font))
    # A box for what is missing.
    assert _outline(cut, 0) == _outline(whole, 0)
    for letter in letters:
        name = whole.getBestCmap()[ord(letter)]
        glyph = whole.getGlyphID(name)
        advance = whole["hmtx"][name][0]
        assert _outline(cut, glyph) == _outline(whole, glyph)
        assert cut["hmtx"][cut.getGlyphName(glyph)] == whole["hmtx"][name]
        assert subset.widths[glyph] == round(advance * 1000 / whole["head"].unitsPerEm)


def test_each_letter_is_found_again_as_text(made: tuple[bytes, frozenset[str], Subset]) -> None:
    data, letters, subset = made
    whole = _opened(data)
    sharing: dict[int, list[str]] = {}
    for letter in sorted(letters):
        sharing.setdefault(whole.getGlyphID(whole.getBestCmap()[ord(letter)]), []).append(letter)
    assert _texts(subset) == {glyph: alike[0] for glyph, alike in sharing.items()}
    assert subset.widths.keys() == sharing.keys()
    assert [" ", NBSP] in sharing.values()


def test_a_font_is_small_and_holds_outlines_alone(made: tuple[bytes, frozenset[str], Subset]) -> None:
    data, letters, subset = made
    assert len(subset.font) < (15_500 if letters == BASIC else 56_000)
    assert len(subset.to_unicode) < 2_000
    cut = _opened(zlib.decompress(subset.font))
    assert set(cut.reader.keys()) == {"glyf", "head", "hhea", "hmtx", "loca", "maxp"}
    assert cut["head"].modified == _opened(data)["head"].modified


def test_each_tier_holds_the_one_before_and_the_last_all_that_pages_may_hold() -> None:
    assert TIERS[0] == BASIC
    assert all(less < more for less, more in itertools.pairwise(TIERS))
    assert TIERS[-1] == OWN_REPERTOIRE
    assert set(f"Ångström “Ma‘ruf” – Rp1.250,00 m² 50% §{NBSP}№ … ≤ ₂ Ω") <= BASIC


def _document(subset: Subset, glyphs: list[int]) -> bytes:
    """A page with these glyphs, ten a line, in a font described as the subset says."""
    pdf = pydyf.PDF()

    def added(thing: Any) -> bytes:
        pdf.add_object(thing)
        reference = thing.reference
        assert isinstance(reference, bytes)
        return reference

    flate = {"Filter": "/FlateDecode"}
    font = added(pydyf.Stream([subset.font], {**flate, "Length1": subset.font_length}))
    common = {"Type": "/FontDescriptor", "FontName": "/Contoh", "Flags": 4, "ItalicAngle": 0, "StemV": 80}
    box = {"FontBBox": pydyf.Array((0, -300, 1000, 900)), "Ascent": 900, "Descent": -300, "CapHeight": 700}
    descriptor = added(pydyf.Dictionary({**common, **box, "FontFile2": font}))
    system = pydyf.Dictionary(
        {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0}
    )
    names = {"Type": "/Font", "BaseFont": "/Contoh"}
    descendant = added(
        pydyf.Dictionary(
            {
                **names,
                "Subtype": "/CIDFontType2",
                "CIDSystemInfo": system,
                "CIDToGIDMap": "/Identity",
                "W": subset.width_array,
                "FontDescriptor": descriptor,
            }
        )
    )
    root = {"Subtype": "/Type0", "Encoding": "/Identity-H", "DescendantFonts": pydyf.Array([descendant])}
    to_unicode = added(pydyf.Stream([subset.to_unicode], flate))
    font = added(pydyf.Dictionary({**names, **root, "ToUnicode": to_unicode}))
    rows = [glyphs[at : at + 10] for at in range(0, len(glyphs), 10)]
    shown = [f"<{''.join(f'{glyph:04x}' for glyph in row)}> Tj 0 -12 Td" for row in rows]
    content = added(pydyf.Stream([f"BT /F 10 Tf 10 {12 * len(rows)} Td {' '.join(shown)} ET"]))
    page = {"Type": "/Page", "Parent": pdf.pages.reference, "MediaBox": pydyf.Array((0, 0, 300, 12 * len(rows) + 20))}
    resources = pydyf.Dictionary({"Font": pydyf.Dictionary({"F": font})})
    pdf.add_page(pydyf.Dictionary({**page, "Contents": content, "Resources": resources}))
    out = io.BytesIO()
    pdf.write(out)
    return out.getvalue()


def test_a_reader_finds_the_text_and_the_width_of_every_letter(made: tuple[bytes, frozenset[str], Subset]) -> None:
    _, _, subset = made
    # A reader makes what it likes of spaces, and of a hyphen at the end of a line.
    texts = {glyph: text for glyph, text in _texts(subset).items() if text not in " -\N{HYPHEN}"}
    document = pypdfium2.PdfDocument(_document(subset, sorted(texts)))
    try:
        page = document[0].get_textpage()
        found = page.get_text_bounded()
        assert "".join(found.split()) == "".join(texts[glyph] for glyph in sorted(texts))
    finally:
        document.close()


def test_the_widths_are_written_in_runs() -> None:
    subset = Subset(
        letters=frozenset("ab"), font=b"", font_length=0, to_unicode=b"", runs=((3, (278, 500)), (9, (722,)))
    )
    assert subset.width_array == "[3 [278 500] 9 [722]]"
    assert subset.widths == {3: 278, 4: 500, 9: 722}


def test_ligatures_that_the_font_makes_are_in_it_and_found_again_as_their_letters() -> None:
    font = _opened(_face("Tinos", "regular"))
    names = {letter: font.getBestCmap()[ord(letter)] for letter in "fißΩﬁ"}
    del font["GSUB"], font["GPOS"]
    # "ff" becomes one glyph, and with "i" another one, made of the first; "fi" as a rule that nobody applies.
    addOpenTypeFeaturesFromString(
        font,
        f"""
        feature liga {{ sub {names["f"]} {names["f"]} by {names["ß"]}; }} liga;
        feature clig {{ sub {names["ß"]} {names["i"]} by {names["Ω"]}; }} clig;
        feature dlig {{ sub {names["f"]} {names["i"]} by {names["ﬁ"]}; }} dlig;
        """,
    )
    out = io.BytesIO()
    font.save(out)
    data = out.getvalue()
    number = {letter: font.getGlyphID(name) for letter, name in names.items()}

    subset = Subset.of(data, "fi")
    assert _texts(subset) == {number["f"]: "f", number["i"]: "i", number["ß"]: "ff", number["Ω"]: "ffi"}
    assert _outline(_opened(zlib.decompress(subset.font)), number["Ω"]) == _outline(font, number["Ω"])
    # A letter is itself before it is a ligature; without its parts there is none.
    assert _texts(Subset.of(data, "fß"))[number["ß"]] == "ß"
    assert _texts(Subset.of(data, "i")) == {number["i"]: "i"}


def test_neighbours_whose_numbers_run_over_a_byte_are_found_again_as_text() -> None:
    font = _opened(_face("Tinos", "regular"))
    codes = range(0x0200 - 3, 0x0200 + 3)
    first = font.getGlyphID(font.getBestCmap()[ord("A")])
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap |= {code: font.getGlyphName(first + index) for index, code in enumerate(codes)}
    out = io.BytesIO()
    font.save(out)
    subset = Subset.of(out.getvalue(), map(chr, codes))
    assert _texts(subset) == {first + index: chr(code) for index, code in enumerate(codes)}


def test_other_processes_make_the_same_bytes(small: Subset) -> None:
    program = (
        "import hashlib\n"
        "from templates.fonts import Fonts\n"
        "from templates.typesetting.subset import Subset\n"
        "letters = set('Contoh 12\\u00a0é')\n"
        "print(hashlib.sha256(Subset.of(Fonts.find('Arimo').regular, letters).to_bytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert Subset.of(_face("Arimo", "regular"), reversed(f"Contoh 12{NBSP}é")) == small


def test_what_is_no_font_and_letters_that_it_lacks_are_refused() -> None:
    with pytest.raises(UnavailableError, match="no font"):
        Subset.of(b"contoh", "a")
    with pytest.raises(UnavailableError, match="no glyph for 'ก' \\(U\\+0E01\\)"):
        Subset.of(_face("Arimo", "regular"), "aก")


def test_a_subset_is_read_back_as_it_was_written(made: tuple[bytes, frozenset[str], Subset]) -> None:
    _, _, subset = made
    data = subset.to_bytes()
    assert Subset.of_bytes(data) == subset
    assert Subset.of_bytes(data).to_bytes() == data


def _parts(subset: Subset) -> list[Any]:
    parts = cbor2.loads(subset.to_bytes())
    assert isinstance(parts, list)
    return parts


def _at(index: int, value: object) -> Callable[[list[Any]], object]:
    return lambda parts: parts.__setitem__(index, value)


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("not absah font subset 1", _at(0, "absah plate")),
        ("not absah font subset 1", _at(1, 2)),
        ("not written as", _at(1, True)),
        ("letters are no text", _at(2, ["C"])),
        ("not written as", _at(2, "zyx")),
        ("not written as", _at(2, "aab")),
        ("font is not as long", lambda parts: _at(3, parts[3] + 1)(parts)),
        ("font is not as long", lambda parts: _at(3, float(parts[3]))(parts)),
        ("font is not bytes", _at(4, "contoh")),
        ("font cannot be unpacked", _at(4, b"contoh")),
        ("font is cut short", lambda parts: _at(4, parts[4][:-9])(parts)),
        ("font is cut short, goes on", lambda parts: _at(4, parts[4] + b"x")(parts)),
        ("or is something else", _at(4, zlib.compress(b"OTTO contoh"))),
        ("ToUnicode map is cut short", _at(5, zlib.compress(b"/CIDInit" + bytes(1 << 27), 9))),
        ("ToUnicode map is cut short", _at(5, zlib.compress(b"contoh"))),
        ("widths are not lists", _at(6, {})),
        ("widths are not lists", _at(6, [[3]])),
        ("widths are not lists", _at(6, [[3, []]])),
        ("widths are not lists", _at(6, [[True, [1]]])),
        ("widths are not lists", _at(6, [[3, [1.0]]])),
        ("out of order", _at(6, [[3, [1, 2]], [5, [1]]])),
        ("out of order", _at(6, [[5, [1]], [3, [1]]])),
        ("out of order", _at(6, [[-1, [1]]])),
        ("out of order", _at(6, [[65535, [1, 1]]])),
        ("out of order", _at(6, [[3, [-1]]])),
    ],
)
def test_what_the_program_does_not_write_is_refused_with_the_reason(
    small: Subset, reason: str, change: Callable[[list[Any]], object]
) -> None:
    parts = _parts(small)
    change(parts)
    with pytest.raises(UnavailableError, match=reason):
        Subset.of_bytes(cbor2.dumps(parts, canonical=True))


def test_another_spelling_and_a_longer_file_are_refused(small: Subset) -> None:
    data = small.to_bytes()
    for other in (
        data + b"\0",
        cbor2.dumps(cbor2.CBORTag(55799, _parts(small))),
        b"\x98\x07" + data[1:],
        bytes(1 << 21),
    ):
        with pytest.raises(UnavailableError, match="a kept font subset is damaged"):
            Subset.of_bytes(other)


def _refused_or_the_same(data: bytes) -> None:
    try:
        found = Subset.of_bytes(data)
    except UnavailableError:
        return
    assert found.to_bytes() == data


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_our_error_alone(data: bytes) -> None:
    _refused_or_the_same(data)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(index=st.integers(0, 6), value=_ANY)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_is_refused_with_our_error_alone(small: Subset, index: int, value: object) -> None:
    parts = _parts(small)
    parts[index] = value
    _refused_or_the_same(cbor2.dumps(parts, canonical=True))


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_refused_with_our_error_alone(small: Subset, data: st.DataObject) -> None:
    changed = bytearray(small.to_bytes())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    _refused_or_the_same(bytes(changed[: data.draw(st.sampled_from([len(changed), at]))]))
