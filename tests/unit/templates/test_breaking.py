"""Values in lines: nothing is lost or moved, nothing is wider than its column, breaks are those of Annex 14."""

import itertools
import string
import unicodedata
from collections.abc import Callable

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uniseg.linebreak import line_break, line_break_boundaries

from templates.fonts import OWN_REPERTOIRE, Fonts
from templates.typesetting.breaking import SOFT_HYPHEN, lines, normalised
from templates.typesetting.face import Face

NBSP = "\N{NO-BREAK SPACE}"
ADDRESS = (
    "Jl. Contoh Jenderal No. 12A RT 003/RW 005, Kelurahan Contoh Kota, Kecamatan Contoh, Kabupaten Contoh, "
    "Provinsi Contoh 28411 (belakang kantor pos)"
)
HASH = "8f3a9c0d1b7e" * 5
URL = "https://izin.example.go.id/v/?jenis=genset&nomor=503/001/DPMPTSP/XI/2026#lembar-2"

_NATURAL = st.sampled_from(
    [
        *("Jl.", "Contoh", "Sudirman", "No.", "12A", "Gg.", "RT", "003/RW", "005,", "Kel.", "Desa", "km.", "4,5"),
        *(
            "PT",
            "CV.",
            "(Persero)",
            "Tbk",
            "Contoh-Contoh",
            "“Maju",
            "Jaya”",
            "dan/atau",
            "&",
            "Tn./Ny.",
            "H.",
            "M.Si.",
        ),
        *("d.h.", "s.d.", "1.250", f"250{NBSP}kVA", f"23{NBSP}November{NBSP}2026", "XII/2026", "A/B-12", "—", "-", "/"),
        *(
            "Ma'ruf",
            "Nur‘aini",
            "«Contoh»",
            "!",
            "...",
            "…",
            "50%",
            "Rp12.500,00",
            "+62-761-1234567",
            "ʿAbd",
            "Ångström",
        ),
        *(URL, HASH, "nama.contoh@example.go.id", f"pem{SOFT_HYPHEN}ba{SOFT_HYPHEN}ngun{SOFT_HYPHEN}an"),
    ]
)
_TEXTS = st.lists(_NATURAL, min_size=1, max_size=25).map(" ".join)
# A word too wide for most columns, of letters that Annex 14 keeps together and of those it parts.
_ANYTHING = st.text(sorted(OWN_REPERTOIRE | {SOFT_HYPHEN}), min_size=1, max_size=60)
# Signs are rare among the letters of the repertoire, and they are what the rules are about.
_SIGNS = st.text([" ", *(letter for letter in sorted(OWN_REPERTOIRE) if not letter.isalpha()), "a", "Ω"], max_size=40)


def _wide(text: str) -> int:
    """Letters of very different widths, to mislead whoever guesses."""
    return sum(1 if letter in "iIl.,;:'|/" else 40 if letter in "WM@—‱" else 10 for letter in text)


def _printed(piece: str) -> str:
    hyphen = "-" if piece.endswith(SOFT_HYPHEN) else ""
    return piece.rstrip(" ").replace(SOFT_HYPHEN, "") + hyphen


def _assert_broken(value: str, found: tuple[str, ...], width: Callable[[str], int], available: int) -> None:
    """Walk through the value: each line ends at the last opportunity at which it fits, or cuts a word too wide."""
    whole = normalised(value)
    ends = [index for index in line_break_boundaries(whole) if index < len(whole)] + [len(whole)]
    at = 0
    for line in found:
        assert line == line.strip(" ")
        ahead = [end for end in ends if end > at]
        fitting = [end for end in ahead if width(_printed(whole[at:end])) <= available]
        if fitting:
            assert line == _printed(whole[at : fitting[-1]])
            at = fitting[-1]
            continue
        word = whole[at : ahead[0]].rstrip(f" {SOFT_HYPHEN}")
        clusters = regex.findall(r"\X", word)
        assert line in [piece.rstrip(" ") for piece in itertools.accumulate(clusters)]
        assert width(line) <= available or line == clusters[0]
        at = ahead[0] if line == word else at + len(line) + word[len(line) :].startswith(" ")
    assert at == len(whole)


@pytest.mark.parametrize("width", [len, _wide])
@given(text=_TEXTS, available=st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_natural_text_ends_each_line_at_the_last_opportunity_that_fits(
    width: Callable[[str], int], text: str, available: int
) -> None:
    _assert_broken(text, lines(text, width=width, available=available), width, available)


@pytest.mark.parametrize("texts", [_ANYTHING, _SIGNS])
@given(data=st.data(), available=st.integers(1, 120))
@settings(max_examples=200, deadline=None)
def test_any_text_of_the_repertoire_ends_each_line_at_the_last_opportunity_that_fits(
    texts: st.SearchStrategy[str], data: st.DataObject, available: int
) -> None:
    text = data.draw(texts)
    _assert_broken(text, lines(text, width=_wide, available=available), _wide, available)


def _kinds() -> list[str]:
    """One letter for each way in which Annex 14 tells those of the repertoire apart."""
    found = {
        (
            line_break(letter),
            unicodedata.category(letter) in ("Pi", "Pf") and unicodedata.category(letter),
            unicodedata.east_asian_width(letter) in "FWH",
            letter == "\N{HYPHEN}",
        ): letter
        for letter in sorted(OWN_REPERTOIRE | {SOFT_HYPHEN}, reverse=True)
    }
    return sorted(found.values())


def test_every_two_kinds_of_letters_break_as_the_library_says() -> None:
    kinds = _kinds()
    assert len(kinds) > 20
    for first, second in itertools.product(kinds, repeat=2):
        # With a word before them, which a break that is none of theirs would let them follow.
        for before, after in (("", second), ("a ", f"{second}a"), ("a ", f" {second}0"), ("a a", f" {second}0")):
            text, available = before + first + after, len(before) + 1
            _assert_broken(text, lines(text, width=len, available=available), len, available)


@pytest.mark.long
def test_every_two_kinds_of_letters_on_either_side_of_a_space_break_as_the_library_says() -> None:
    kinds = [kind for kind in _kinds() if kind != " "]
    sides = itertools.product(kinds, repeat=4)
    # A fifth of them; all take minutes, and the step meets every two neighbours.
    for first, second, third, last in itertools.islice(sides, 0, None, 5):
        text = f"a {first}{second} {third}{last}"
        _assert_broken(text, lines(text, width=len, available=4), len, 4)


def test_letters_and_digits_are_each_of_one_kind() -> None:
    assert {line_break(letter) for letter in string.ascii_letters} == {line_break("a")}
    assert {line_break(digit) for digit in string.digits} == {line_break("0")}


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(Fonts.find("Tinos").regular, name="Tinos regular")


@given(text=st.one_of(_TEXTS, _ANYTHING), available=st.integers(3_000, 500_000))
@settings(max_examples=100, deadline=None)
def test_lines_of_real_letters_fit_their_column(face: Face, text: str, available: int) -> None:
    size = 15_000
    found = lines(text, width=lambda line: face.width(line, size), available=available)
    _assert_broken(text, found, lambda line: face.width(line, size), available)
    assert found == lines(text, width=lambda line: face.width(line, size), available=available)


def test_a_text_that_fits_is_measured_once_and_a_long_one_seldom() -> None:
    asked: list[str] = []

    def width(line: str) -> int:
        asked.append(line)
        return _wide(line)

    assert lines("PT Contoh Menara Nusantara", width=width, available=10_000) == ("PT Contoh Menara Nusantara",)
    assert len(asked) == 1
    asked.clear()
    assert len(lines(ADDRESS, width=width, available=_wide(ADDRESS) // 2 - 20)) == 3
    assert len(asked) < 12


def test_spaces_are_made_one_and_dropped_where_a_line_ends() -> None:
    assert lines(" \t Contoh \t  Menara ", width=len, available=20) == ("Contoh Menara",)
    assert lines(" \t Contoh \t  Menara ", width=len, available=6) == ("Contoh", "Menara")


def test_each_value_begins_a_line_of_its_own_and_one_without_text_takes_none() -> None:
    assert lines("Jl. Contoh 1\n\n \t\nKampar Riau\n", width=len, available=12) == ("Jl. Contoh 1", "Kampar Riau")
    assert lines("", width=len, available=12) == ()
    assert lines("\n", width=len, available=12) == ()


def test_an_opening_bracket_and_a_number_with_its_year_stay_with_what_follows() -> None:
    assert lines("Contoh (Persero) Tbk", width=len, available=9) == ("Contoh", "(Persero)", "Tbk")
    assert lines("No. 503/2026", width=len, available=8) == ("No.", "503/2026")


def test_a_no_break_space_ends_no_line_and_keeps_its_width() -> None:
    assert lines(f"daya 250{NBSP}kVA", width=len, available=9) == ("daya", f"250{NBSP}kVA")
    assert lines(f"daya 250{NBSP}kVA", width=len, available=11) == ("daya", f"250{NBSP}kVA")
    assert lines(f"{NBSP}a{NBSP}{NBSP}b", width=len, available=5) == (f"{NBSP}a{NBSP}{NBSP}b",)


def test_a_number_too_wide_with_its_unit_is_parted_from_it_and_not_cut_apart() -> None:
    assert lines(f"250{NBSP}kVA", width=len, available=5) == (f"250{NBSP}", "kVA")
    assert lines(f"5{NBSP}kVA", width=len, available=4) == (f"5{NBSP}", "kVA")
    assert lines(f"{NBSP}{NBSP}genset", width=len, available=5) == (f"{NBSP}{NBSP}gen", "set")


def test_a_soft_hyphen_is_seen_only_where_a_line_ends_at_it() -> None:
    word = f"pem{SOFT_HYPHEN}ba{SOFT_HYPHEN}ngun{SOFT_HYPHEN}an"
    assert lines(word, width=len, available=11) == ("pembangunan",)
    assert lines(word, width=len, available=10) == ("pembangun-", "an")
    # "pembangun" would fit, its hyphen would not.
    assert lines(word, width=len, available=9) == ("pemba-", "ngunan")
    assert lines(f"izin {word}", width=len, available=12) == ("izin pemba-", "ngunan")


@pytest.mark.parametrize(
    "text",
    [f"{SOFT_HYPHEN}izin genset", f"izin{SOFT_HYPHEN} genset", f"izin {SOFT_HYPHEN}genset{SOFT_HYPHEN}"],
)
def test_a_soft_hyphen_that_divides_nothing_prints_nothing(text: str) -> None:
    assert lines(text, width=len, available=7) == ("izin", "genset")


def test_a_web_address_is_cut_after_its_signs() -> None:
    assert lines("izin.contoh.example.go.id", width=len, available=14) == ("izin.contoh.", "example.go.id")
    assert lines("SN_2026-CONTOH_00012345", width=len, available=16) == ("SN_2026-", "CONTOH_00012345")
    assert all(line[-1] in "/-.&=?" for line in lines(URL, width=len, available=14)[:-1])


def test_a_sign_that_no_line_may_begin_with_keeps_its_word_while_the_two_fit() -> None:
    assert lines("PT Contoh / Menara", width=len, available=9) == ("PT", "Contoh /", "Menara")
    assert lines("PT Contoh / Menara", width=len, available=7) == ("PT", "Contoh", "/", "Menara")


def test_a_lone_letter_or_digit_is_left_only_where_nothing_else_fits() -> None:
    # Not "1234567" and "8", not "D." and the rest, not "123456" and "7-8".
    assert lines("12345678", width=len, available=7) == ("123456", "78")
    assert lines("D.12345678", width=len, available=9) == ("D.123456", "78")
    assert lines("1234567-8", width=len, available=8) == ("12345", "67-8")
    assert lines("123", width=len, available=2) == ("12", "3")


@given(length=st.integers(4, 80), available=st.integers(3, 40))
def test_no_piece_of_a_hash_is_a_lone_letter(length: int, available: int) -> None:
    found = lines((HASH * 2)[:length], width=len, available=available)
    assert "".join(found) == (HASH * 2)[:length]
    assert min(map(len, found)) > 1


def test_a_letter_wider_than_its_column_stands_alone() -> None:
    assert lines("iWWi", width=_wide, available=20) == ("i", "W", "W", "i")


@given(
    text=st.text(["a", "B", "7", " ", "-", "\u0301", "\u0323", "\u0e33", "\U0001f1ee", "\U0001f1e9"], max_size=30),
    available=st.integers(1, 12),
)
@example(text="a \u0301b", available=1)
def test_no_line_begins_with_a_mark_that_stood_on_a_letter_or_a_space(text: str, available: int) -> None:
    value = normalised(text)
    found = lines(text, width=len, available=available)
    assert "".join(found).replace(" ", "") == value.replace(" ", "")
    assert not any(unicodedata.category(line[0]).startswith("M") for line in found[1:])
    assert all(len(line) <= available or len(regex.findall(r"\X", line)) == 1 for line in found)


@pytest.mark.parametrize("available", [0, -1])
def test_a_column_without_width_is_refused(available: int) -> None:
    with pytest.raises(ValueError, match="must have a width"):
        lines("Contoh", width=len, available=available)
