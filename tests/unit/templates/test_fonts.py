import hashlib
import io
import pathlib
import runpy
import unicodedata

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.errors import UnavailableError
from registry.formats.language import translations
from templates import fonts, reading

FOLDER = pathlib.Path(fonts.__file__).parent
FACES = [(family, face) for family in fonts.FAMILIES for face in ("regular", "bold")]
# Latin-1, Latin Extended-A, -B and Additional, Greek and Coptic, as Unicode's blocks bound them.
BLOCKS = [(0x00A0, 0x00FF), (0x0100, 0x017F), (0x0180, 0x024F), (0x1E00, 0x1EFF), (0x0370, 0x03FF)]


def put(folder: pathlib.Path, family: str = "Arimo", *, faces: tuple[str, ...] = ("Regular", "Bold")) -> pathlib.Path:
    """The installed files of a family, in another folder."""
    found = fonts.Fonts.find(family)
    folder.mkdir(parents=True)
    for face in faces:
        (folder / f"{family}-{face}.ttf").write_bytes(getattr(found, face.lower()))
    return folder


@pytest.mark.parametrize(("family", "face"), FACES)
def test_both_typefaces_draw_every_letter_of_the_repertoire(family: str, face: str) -> None:
    with TTFont(io.BytesIO(getattr(fonts.Fonts.find(family), face))) as font:
        assert font["name"].getBestFamilyName() == family
        assert font["OS/2"].usWeightClass == {"regular": 400, "bold": 700}[face]
        glyphs, names = font.getGlyphSet(), font.getBestCmap()
        for letter in sorted(fonts.OWN_REPERTOIRE):
            assert ord(letter) in names, f"U+{ord(letter):04X}"
            glyphs[names[ord(letter)]].draw(pen := BoundsPen(glyphs))
            assert (pen.bounds is None) == letter.isspace(), f"U+{ord(letter):04X}"


@pytest.mark.parametrize(("first", "last"), BLOCKS)
def test_no_letter_of_latin_and_greek_is_missing(first: int, last: int) -> None:
    assigned = {chr(code) for code in range(first, last + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cc")}
    assert assigned - fonts.REPERTOIRE == ({"\u00a0", "\u00ad"} if first == 0xA0 else set())


def test_the_signs_of_units_and_of_prices_can_be_printed() -> None:
    usual = "°′″ΩμµÅ℃℉№ℓ‰×÷±≤≥≈≠√∞Ø−→½¼¾⅓⅔⅛⅜⅝⅞²³¹⁴₂₃•…–—‘’“”‹›«»§¶†©®™€£¥$¢ʿʾ"
    assert fonts.foreign_letters(usual) == ""
    assert fonts.foreign_letters(unicodedata.normalize("NFC", usual)) == ""


def test_nothing_that_nobody_sees_or_that_turns_the_text_around_is_in_the_repertoire() -> None:
    for letter in fonts.REPERTOIRE - {" "}:
        assert unicodedata.category(letter)[0] in "LNPS", f"U+{ord(letter):04X}"
        assert unicodedata.bidirectional(letter) not in ("R", "AL", "AN"), f"U+{ord(letter):04X}"


def test_no_break_spaces_are_for_the_program_s_own_text_alone() -> None:
    assert fonts.foreign_letters("12\u00a0kVA") == "\u00a0"
    assert fonts.foreign_letters("12\u00a0kVA", own=True) == ""
    assert fonts.foreign_letters("12\u202fkVA", own=True) == "\u202f"


def test_everything_written_in_packs_and_profiles_is_in_the_repertoire() -> None:
    files = [path for kind in ("html", "toml") for path in FOLDER.rglob(f"*.{kind}")]
    assert len(files) > 4
    for path in files:
        text = path.read_text("utf-8").replace("\n", "")
        assert fonts.foreign_letters(text, own=True) == "", path


@pytest.mark.parametrize(
    "letter", ["\u00a0", "\u00ad", "\u0301", "\u200b", "\u200d", "\u202e", "\ufeff", "\x00", "\n", "漢", "😀", "ا"]
)
def test_letters_that_nobody_sees_or_the_typeface_lacks_are_foreign(letter: str) -> None:
    assert fonts.foreign_letters(f"a{letter}b{letter}") == letter


@pytest.mark.parametrize(
    ("text", "kind", "spelled", "position"),
    [
        ("PT 漢字", "letter", "“漢” (U+6F22)", 4),
        ("Abd مُحَمَّد", "letter", "“مُ” (U+0645)", 5),
        ("a😀", "letter", "“😀” (U+1F600)", 2),
        ("👨\u200d👩\u200d👧", "letter", "“👨” (U+1F468)", 1),
        ("ab👍🏽", "letter", "“👍🏽” (U+1F44D)", 3),
        ("🇮🇩", "letter", "“🇮🇩” (U+1F1EE)", 1),
        ("Toko 1\ufe0f\u20e3", "mark", "“1\ufe0f\u20e3” (U+FE0F)", 6),
        ("Rx\u0323y", "mark", "“x\u0323” (U+0323)", 2),
        ("\u0323x", "mark", "“◌\u0323” (U+0323)", 1),
        ("z" + "\u0323" * 400, "mark", "“z" + "\u0323" * 7 + "” (U+0323)", 1),
        ("a\u200bb", "unseen", "U+200B", 2),
        ("a\u200d", "unseen", "U+200D", 1),
        ("ab\u202ec", "unseen", "U+202E", 3),
        ("ab\x07", "unseen", "U+0007", 3),
        ("a\ue000", "unseen", "U+E000", 2),
        ("a\ud800", "unseen", "U+D800", 2),
        ("a\u00a0b", "unseen", "U+00A0", 2),
    ],
)
def test_what_cannot_be_printed_is_shown_and_counted_as_its_writer_sees_it(
    text: str, kind: str, spelled: str, position: int
) -> None:
    assert fonts.first_foreign(text) == fonts.Foreign(kind=kind, spelled=spelled, position=position)


@pytest.mark.parametrize("text", ["", "é", "Ḗ", "Ǆ Ẅ ΐ"])
def test_a_letter_that_has_a_composed_form_is_not_foreign(text: str) -> None:
    assert fonts.first_foreign(unicodedata.normalize("NFC", unicodedata.normalize("NFD", text))) is None


@given(st.text() | st.text(alphabet=st.sampled_from(["a", "\u0323", "\u200d", "😀", "漢", "\u0645", "\r", "\u1100"])))
def test_whatever_is_foreign_is_found_and_can_be_shown(text: str) -> None:
    found = fonts.first_foreign(text)
    assert (found is None) == (fonts.foreign_letters(text) == "")
    if found is not None:
        assert found.spelled.isprintable()
        assert 1 <= found.position <= len(text)


@pytest.mark.parametrize("kind", ["letter", "mark", "unseen"])
def test_each_kind_has_its_sentence_with_letter_place_and_remedy_in_both_languages(kind: str) -> None:
    template = reading.TEMPLATES[f"foreign_{kind}"]
    for sentence in (template, translations("templates", "en").gettext(template)):
        said = sentence.format(label="X", letter="“漢” (U+6F22)", position="4")
        assert "“漢” (U+6F22)" in said
        assert "huruf ke-4" in said or "letter 4" in said
        finding, remedy = said.removesuffix(".").split(". ")
        assert remedy.split()[0] in ("Gantilah", "Ketik", "Write", "Type"), finding


def test_a_missing_font_names_the_package_to_install_and_the_files(tmp_path: pathlib.Path) -> None:
    for family in fonts.FAMILIES:
        with pytest.raises(UnavailableError, match=rf"{family}-Regular.ttf.*apt-get install fonts-croscore.*macOS"):
            fonts.Fonts.find(family, folders=[tmp_path, tmp_path / "nowhere"])


def test_a_family_that_no_page_uses_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="Comic"):
        fonts.Fonts.find("Comic")


def test_the_family_that_is_asked_for_is_found() -> None:
    found = {family: fonts.Fonts.find(family) for family in fonts.FAMILIES}
    assert fonts.Fonts.find() == found["Arimo"]
    assert [font.family for font in found.values()] == ["Arimo", "Tinos"]
    assert len({digest for font in found.values() for digest in font.sha256.values()}) == 4
    assert found["Tinos"].sha256["bold"] == hashlib.sha256(found["Tinos"].bold).hexdigest()


def test_a_folder_with_only_one_face_is_passed_over(tmp_path: pathlib.Path) -> None:
    half = put(tmp_path / "half", faces=("Regular",))
    (half / "Arimo-Regular.ttf").write_bytes(b"half")
    whole = put(tmp_path / "whole")
    assert fonts.Fonts.find(folders=[half, whole]) == fonts.Fonts.find()


def test_faces_are_found_in_a_folder_inside(tmp_path: pathlib.Path) -> None:
    put(tmp_path / "truetype" / "croscore", "Tinos")
    assert fonts.Fonts.find("Tinos", folders=[tmp_path]) == fonts.Fonts.find("Tinos")


@pytest.mark.parametrize("face", ["Regular", "Bold"])
def test_a_release_that_lacks_a_letter_is_passed_over_and_named(tmp_path: pathlib.Path, face: str) -> None:
    older = put(tmp_path / "older")
    subsetter = Subsetter(Options(hinting=False, layout_features=[]))
    subsetter.populate(unicodes={ord(letter) for letter in fonts.OWN_REPERTOIRE - {"ẞ"}})
    with TTFont(older / f"Arimo-{face}.ttf") as font:
        subsetter.subset(font)
        font.save(older / f"Arimo-{face}.ttf")
    with pytest.raises(UnavailableError, match=r"in .*older lack letters"):
        fonts.Fonts.find(folders=[tmp_path])
    put(tmp_path / "z")
    assert fonts.Fonts.find(folders=[tmp_path]) == fonts.Fonts.find()


@pytest.mark.parametrize("content", [b"", b"no font", b"\x00\x01\x00\x00" + b"\xff" * 64])
def test_a_file_that_is_no_font_is_passed_over(tmp_path: pathlib.Path, content: bytes) -> None:
    (put(tmp_path / "broken") / "Arimo-Bold.ttf").write_bytes(content)
    with pytest.raises(UnavailableError, match="broken lack letters"):
        fonts.Fonts.find(folders=[tmp_path])


def test_a_damaged_font_has_fewer_letters_and_raises_no_error_of_a_library() -> None:
    subsetter = Subsetter(Options(hinting=False, layout_features=[]))
    subsetter.populate(unicodes=range(ord("a"), ord("z")))
    with TTFont(io.BytesIO(fonts.Fonts.find().bold)) as font:
        subsetter.subset(font)
        font.save(whole := io.BytesIO())
    data = whole.getvalue()
    before = fonts._letters(data)
    assert len(before) == 25
    damaged = [data[:length] for length in range(0, len(data), 16)]
    damaged += [data[:at] + bytes([value]) + data[at + 1 :] for at in range(300) for value in (0, 1, 0xFF)]
    assert {len(fonts._letters(one)) for one in damaged} >= {0, 25}


def test_the_launcher_looks_for_the_same_files_in_the_same_places() -> None:
    launcher = runpy.run_path(str(FOLDER.parent / "absah"))
    assert list(launcher["FONT_FOLDERS"]) == [pathlib.Path(folder).expanduser() for folder in fonts.FOLDERS]
    assert set(launcher["FONTS"]) == {f"{family}-{face.capitalize()}.ttf" for family, face in FACES}
    assert launcher["has_fonts"](*launcher["FONTS"])
    assert not launcher["has_fonts"](*launcher["FONTS"], "Comic-Regular.ttf")


def test_texts_are_found_at_their_paths() -> None:
    assert dict(fonts.texts({"a": ["x", {"b": "y"}], "n": 1})) == {"a[0]": "x", "a[1].b": "y"}
