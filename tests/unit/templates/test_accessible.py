"""What a reader who does not see the page is told, over every pack that there is, read from the finished files."""

import datetime
import importlib.util
import io
import itertools
import pathlib
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from registry.formats.record import MandateMode
from templates import packs
from templates.office import OfficeProfile

_spec = importlib.util.spec_from_file_location("pages", pathlib.Path(__file__).with_name("pages.py"))
assert _spec is not None
assert _spec.loader is not None
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

FOLDER = pathlib.Path(packs.__file__).parents[1] / "offices"
OFFICES = {path.stem: OfficeProfile.read(path) for path in sorted(FOLDER.glob("*.toml"))}
PACKS = packs.packs()
NUMBER = "503/001/DPMPTSP/XI/2026"
PT_PER_MM = 72 / 25.4
EVERY = pytest.mark.parametrize(
    ("of", "index", "office"),
    [
        pytest.param(of, index, name, id=f"{of.type}-{index + 1}-{name}", marks=[] if not index else pytest.mark.long)
        for of in PACKS
        for index in range(len(of.samples()))
        for name in OFFICES
    ],
)
DC = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


@pytest.fixture
def permit(printed, sample, moved_to) -> Callable[..., Any]:
    """A pack's sample, rendered in an office."""
    return lambda of, index, name, **more: printed(
        moved_to(sample(index, of), OFFICES[name]), of=of, office=OFFICES[name], **more
    )


@pytest.fixture
def sheets(permit) -> Callable[..., list[Any]]:
    """Its pages, read back."""
    return lambda of, index, name, **more: pages.sheets(permit(of, index, name, **more).rendered.pdf)


def elements(sheets: list[Any], *tags: str) -> list[Any]:
    return [found for sheet in sheets for found in sheet.all(*tags)]


def letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


@EVERY
def test_the_file_says_its_title_and_its_language(permit, of: packs.Pack, index: int, office: str) -> None:
    data = permit(of, index, office).rendered.pdf
    title = f"SIMULASI – {of.title} Nomor {NUMBER}"
    root = PdfFileReader(io.BytesIO(data)).root
    assert root["/Lang"] == "id"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"]
    document = pypdfium2.PdfDocument(data)
    assert document.get_metadata_value("Title") == title
    document.close()
    told = ElementTree.fromstring(root["/Metadata"].data).findall(f".//{DC}title/{RDF}Alt/{RDF}li")
    assert [entry.text for entry in told] == [title]


@EVERY
def test_headings_begin_with_the_title_and_leave_no_level_out(sheets, of: packs.Pack, index: int, office: str) -> None:
    headings = elements(sheets(of, index, office), "H", "H1", "H2", "H3", "H4", "H5", "H6")
    assert [heading.tag for heading in headings] == ["H1"] + ["H2"] * (len(headings) - 1)
    assert len(headings) >= 2
    assert all(heading.text for heading in headings)


@EVERY
def test_every_cell_of_a_table_has_a_head_that_says_what_of(sheets, of: packs.Pack, index: int, office: str) -> None:
    tables = elements(sheets(of, index, office), "Table")
    assert tables
    for table in tables:
        columns = [cell for head in table.all("THead") for cell in head.all("TH")]
        assert [cell.attributes["Scope"] for cell in columns] == ["Column"] * len(columns)
        for row in [row for body in table.all("TBody") for row in body.all("TR")]:
            heads, cells = row.all("TH"), row.all("TD")
            assert [cell.attributes["Scope"] for cell in heads] == ["Row"] * len(heads)
            assert heads or len(cells) == len(columns)
            assert all(cell.text for cell in (*heads, *cells)), "an empty cell is read out as one"


@EVERY
def test_every_item_of_a_list_has_a_mark_and_a_body(sheets, of: packs.Pack, index: int, office: str) -> None:
    lists = elements(sheets(of, index, office), "L")
    assert lists
    for found in lists:
        assert {kid.tag for kid in found.kids} == {"LI"}
        for item in found.kids:
            assert [kid.tag for kid in item.kids] == ["Lbl", "LBody"]
            assert all(kid.text for kid in item.kids)


@EVERY
def test_pictures_are_described_and_stand_where_they_are_said_to(
    permit, of: packs.Pack, index: int, office: str
) -> None:
    found = permit(of, index, office)
    sheets = pages.sheets(found.rendered.pdf)
    figures = elements(sheets, "Figure")
    emblem = [] if OFFICES[office].emblem is None else [f"Lambang {OFFICES[office].government.title()}"]
    assert [figure.alt for figure in figures] == [*emblem, "Kode QR untuk memeriksa keaslian naskah ini"]
    code, place = figures[-1], found.rendered.qr
    assert code.page == place.page
    height = sheets[place.page - 1].height
    assert code.attributes["BBox"] == pytest.approx(
        (
            place.left_mm * PT_PER_MM,
            height - (place.top_mm + place.size_mm) * PT_PER_MM,
            (place.left_mm + place.size_mm) * PT_PER_MM,
            height - place.top_mm * PT_PER_MM,
        ),
        abs=0.5,
    )


def test_a_draft_says_that_it_has_no_code(sheets) -> None:
    figures = elements(sheets(PACKS[0], 0, "kampar", mark="DRAF", link=None), "Figure")
    assert figures[-1].alt == "Tempat kode QR; draf tidak mempunyai kode"


@EVERY
def test_running_heads_and_page_numbers_are_no_part_of_the_text(
    sheets, of: packs.Pack, index: int, office: str
) -> None:
    found = sheets(of, index, office)
    for number, sheet in enumerate(found, start=1):
        assert {run.mcid for run in sheet.around} == {-1}, "tagged, and yet outside the tree"
        around = " ".join(run.text.strip() for run in sheet.around)
        assert f"Halaman {number} dari {len(found)}" in around
        assert all(line in around for line in OFFICES[office].footer)
        assert "SIMULASI" in around
        assert (of.title in around) == (number > 1)
    read = " ".join(run.text for sheet in found for run in sheet.read)
    assert "Halaman" not in read
    assert not any(line in read for line in OFFICES[office].footer)


@EVERY
def test_no_text_is_read_twice_or_not_at_all(sheets, of: packs.Pack, index: int, office: str) -> None:
    for sheet in sheets(of, index, office):
        assert len({id(run) for run in sheet.read}) == len(sheet.read)
        assert len(sheet.read) + len(sheet.around) == len(sheet.runs)


@EVERY
def test_the_text_can_be_searched_for_what_is_seen(sheets, of: packs.Pack, index: int, office: str) -> None:
    text = "".join(run.text for sheet in sheets(of, index, office) for run in sheet.runs)
    assert "\N{NO-BREAK SPACE}" not in text
    assert "23 November 2026" in text


@EVERY
def test_a_page_is_read_from_top_to_bottom_and_from_left_to_right(
    sheets, of: packs.Pack, index: int, office: str
) -> None:
    for sheet in sheets(of, index, office):
        for one, following in itertools.pairwise(sheet.read):
            lower = following.bottom < one.bottom and following.top < one.top
            assert lower or following.left > one.right - 2, (one, following)


@EVERY
def test_a_letter_is_read_from_its_head_to_its_copies(  # noqa: PLR0917  # the document, and what it was made from
    sheets, sample, moved_to, signer_in, of: packs.Pack, index: int, office: str
) -> None:
    found = sheets(of, index, office)
    public = moved_to(sample(index, of), OFFICES[office])["public"]
    shape = of.shape(
        public,
        office=OFFICES[office],
        mandate=signer_in(MandateMode.DEFINITIVE, office=OFFICES[office]),
        date_of_issue=datetime.date(2026, 11, 23),
        mark="SIMULASI",
    )
    own = shape["office"]
    ((title,),) = [sheet.all("H1") for sheet in found if sheet.all("H1")]
    said = letters(" ".join(text for sheet in found for element in sheet.elements for text in element.spoken))
    wanted = [
        own["government"],
        *own["office"],
        *own["address"],
        *own["contact"],
        title.text,
        NUMBER,
        "SIMULASI: ini naskah latihan, tidak berlaku.",
        *shape["legal_basis"],
        *shape["conditions"],
        "Kode QR untuk memeriksa keaslian naskah ini",
        NUMBER,
        f"Ditetapkan di: {own['place']}",
        "pada tanggal: 23 November 2026",
        *shape["signature"]["title"],
        "Ditandatangani secara elektronik",
        shape["signature"]["name"],
        shape["signature"]["number"],
        "Tembusan disampaikan kepada Yth.",
        *own["copies"],
    ]
    at = 0
    for part in map(letters, wanted):
        assert part in said[at:], (part, said[at : at + 200])
        at += said[at:].index(part) + len(part)
    assert at == len(said)


def test_every_value_is_read_after_its_label(sheets, sample) -> None:
    of = packs.pack("genset")
    rows = [row for row in elements(sheets(of, 1, "kampar"), "TR") if len(row.kids) == 2 and row.kids[0].tag == "TH"]
    said = {row.kids[0].text: row.kids[1].text for row in rows}
    holder = sample(1)["public"]["holder"]
    assert said["Alamat :"] == holder["address"]
    assert said["NIB :"] == holder["nib"]
    assert said["Penanggung jawab :"] == holder["responsible"]["name"]
    assert re.fullmatch(r"2 \(dua\) unit, 525 kVA / 420 kW", said["Jumlah dan kapasitas :"])
