"""Values for the comparison of plates with full layouts: natural ones and hostile ones, all invented.

They go past every check of the door, straight into what the renderer is asked for: a page has to be exact even where a
check comes to let more through.
"""

import functools
from collections.abc import Mapping
from typing import Any, Final

import uharfbuzz
from hypothesis import strategies as st

from templates import fonts

_BINDING: Final = "\N{NO-BREAK SPACE}"
_GIVEN: Final = ("Contoh", "Siti", "Rahmad", "Nurhayati", "Budi", "Wayan", "Ratu", "Yohanes", "Fitri", "Affifah")
_FAMILY: Final = ("Siregar", "Contohan", "Nasution", "Tampubolon", "Wati", "Hidayat", "Lubis", "Tohir", "Avianti")
_BEFORE: Final = ("", "Ir. ", "H. ", "Hj. ", "Drs. ", "Dr. (H.C.) ")
_AFTER: Final = ("", ", S.T.", ", S.E., M.M.", ", M.T.", ", S.H., M.Kn.")
_FORMS: Final = ("PT ", "CV ", "Koperasi ", "Yayasan ", "UD ", "Perumda ")
_TRADES: Final = ("Menara Lancang", "Sawit Afdeling", "Wahana Fiber Optik", "Tekstil & Vita", "“Tirta Yasa”")
_PLACES: Final = ("Bangkinang", "Salo", "Tambang", "Siak Hulu", "XIII Koto Kampar", "Kampar Kiri Hilir", "Tapung Hulu")
_STREETS: Final = (
    "Jalan Sudirman",
    "Jalan Lintas Pekanbaru–Bangkinang",
    "Jl. A. Yani",
    "Gang Keluarga",
    "Jalan W.R. 7",
)
_MAKES: Final = ("Perkins 404D-22G", "Cummins 6BTAA5.9-G12", "Stamford S0L2-P1", "Yanmar 4TNV98", "Deutz/FAW CA4DF2")

# What has been set otherwise by a layout than by whoever set it anew: kerning, ligatures, scripts, breaks, CSS, XML.
_TROUBLE: Final = (
    "AVATAR Towa Wa. Te, LT P.A. r. «V»",
    "office affine shuffle fjord fi fl ffi ffl",
    "((([{<“‘«",
    "»’”>}])))",
    "(Ω) [αβγ] abc αAβB μm µm Ωhm φ 0,8",
    "“kutip” ‘tunggal’ „bawah” \"lurus\" 'apostrof'",
    "m² m³ 10⁻³ x₂ H₂O CO₂ ½ ⅔ ⁿ",
    "https://contoh.example.go.id/izin/503?nomor=XII/2026&halaman=12#bagian",
    "berkas/dengan/jalan/yang/panjang/sekali/sampai/keluar/kolom.pdf",
    "XII/2026 503/001/DPMPTSP/XI/2026 AHU-00001.AH.01.01",
    r"<b>&amp; \A \27 {{ f('x') }} {% if %} ]]> \( %",
    "1234567890 0000 1111 7777",
    "W" * 70,
    "i" * 90,
    f"12{_BINDING}kVA Nomor{_BINDING}7{_BINDING}{_BINDING}x",
    "a – b — c… d • e · f",
    "Straße Łódź ǆ Ǆ Ψυχή ẞ ĳ",
    "; ; ⁄ ∕ ‖ ǁ",
)

# The smallest size that a page prints values in (CSS pixels), and Pango's unit.
_SMALLEST: Final = 6.5 / 0.75
_UNITS: Final = 1024


@functools.cache
def printed_alike() -> frozenset[str]:
    """Letters that a plate and a layout print alike to the pixel; of the repertoire, all but `unlike`."""
    return fonts.OWN_REPERTOIRE - unlike()


@functools.cache
def unlike() -> frozenset[str]:
    """Letters whose width, in thousandths of the size, is so near to a half that its size decides how it is rounded.

    A layout writes what it rounded at the size at which it met the letter first, for all sizes; a constant subset has
    what the typeface says. What follows such a letter stands a thousandth of the size aside at most.
    """
    return frozenset(
        letter
        for family in fonts.FAMILIES
        for face in fonts.FACES
        for letter, width in _widths(getattr(fonts.Fonts.find(family), face))
        if abs(width % 1 - 0.5) <= 0.5 * 1000 / (_SMALLEST * _UNITS)
    )


def _widths(data: bytes) -> list[tuple[str, float]]:
    face = uharfbuzz.Face(data)
    font = uharfbuzz.Font(face)
    return [
        (letter, font.get_glyph_h_advance(font.get_nominal_glyph(ord(letter))) * 1000 / face.upem)
        for letter in fonts.OWN_REPERTOIRE
    ]


def natural() -> st.SearchStrategy[str]:
    """A value as people write them: a name, a company, an address, a machine, a purpose."""
    word = st.sampled_from
    number = st.integers(min_value=1, max_value=9999).map(str)
    person = st.builds("{}{} {}{}".format, word(_BEFORE), word(_GIVEN), word(_FAMILY), word(_AFTER))
    company = st.builds("{}{} {} Contoh".format, word(_FORMS), word(_TRADES), word(_PLACES))
    address = "{} Contoh Nomor {}, RT 003 RW 002, Desa {}, Kabupaten Kampar 28412".format
    place = st.builds(address, word(_STREETS), number, word(_PLACES))
    machine = st.builds("{} SN {}-{}".format, word(_MAKES), number, number)
    rating = st.builds(f"{{}}{_BINDING}kVA / {{}}{_BINDING}kW".format, number, number)
    sentence = f"catu daya cadangan {{}} pada {{}} milik {{}}, sesuai surat Nomor{_BINDING}{{}}/CONTOH/XI/2026;".format
    return st.one_of(
        person, company, place, machine, rating, number, st.builds(sentence, machine, place, company, number)
    )


def hostile() -> st.SearchStrategy[str]:
    """A value of any letter that a page prints alike, of any length, in any order; also none at all."""
    letters = printed_alike()
    troubles = ["".join(letter for letter in text if letter in letters) for text in _TROUBLE]
    piece = st.one_of(
        st.sampled_from(troubles),
        st.text("AVTWYPLFafilortvwy.,- ", min_size=1, max_size=40),
        st.text(st.sampled_from(sorted(letters)), min_size=1, max_size=25),
        st.sampled_from([" ", _BINDING, "/", "("]),
    )
    pieces = st.builds(str.join, st.sampled_from(["", " ", "  "]), st.lists(piece, min_size=1, max_size=6))
    return st.one_of(st.just(""), piece, pieces)


def natural_numbers() -> st.SearchStrategy[str]:
    """A document's number as an office writes it."""
    return st.integers(min_value=1, max_value=999).map("503/{:03}/DPMPTSP/XI/2026".format)


def hostile_numbers() -> st.SearchStrategy[str]:
    """A document's number of any letters, as many as the one line of a running head has room for."""
    letters = st.text(st.sampled_from(sorted(printed_alike() - {" ", _BINDING})), min_size=1, max_size=8)
    return st.lists(letters, min_size=1, max_size=2).map(" ".join)


@st.composite
def valued(
    draw: st.DrawFn, asked: Mapping[str, Any], values: st.SearchStrategy[str], number: st.SearchStrategy[str]
) -> dict[str, Any]:
    """What the renderer is asked for, with such values and such a number.

    A few values serve all fields, in columns of any width.
    """
    few = draw(st.lists(values, min_size=1, max_size=9))
    which = draw(st.randoms(use_true_random=False))
    fields = {name: which.choice(few) for name in asked["fields"]}
    fields["number"] = draw(number)
    return {**asked, "fields": fields, "number": fields["number"]}
