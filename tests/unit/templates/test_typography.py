"""What a typesetter would look at, over every pack that there is: read from the finished files."""

import datetime
import importlib.util
import itertools
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from babel import dates
from num2words import num2words

from templates import packs
from templates.office import OfficeProfile
from templates.packs.genset.v1.model import MAX_UNITS

_spec = importlib.util.spec_from_file_location("pages", pathlib.Path(__file__).with_name("pages.py"))
assert _spec is not None
assert _spec.loader is not None
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

FOLDER = pathlib.Path(packs.__file__).parents[1] / "offices"
OFFICES = {path.stem: OfficeProfile.read(path) for path in sorted(FOLDER.glob("*.toml"))}
PACKS = packs.packs()
GENSET = packs.pack("genset")
TOWER, FACTORY, HOSPITAL = range(3)
MM = 72 / 25.4
# Two lines that begin at one place begin with letters of different side bearings; the rest is rounding.
HAIR = 1.6
MONTHS = [dates.format_date(datetime.date(2026, month, 1), "MMMM", locale="id") for month in range(1, 13)]
UNITS = ("kVA", "kW", "V", "Hz", "rpm", "L", "m", "mm²", "Ω")
# Long enough for each kind of field, longest first; what a field does not take is left as the sample has it.
LENGTHS = (700, 400, 200, 60)
ALL = [
    pytest.param(pack, index, name, id=f"{pack.type}-{index + 1}-{name}", marks=[] if index == 0 else pytest.mark.long)
    for pack in PACKS
    for index in range(len(pack.samples()))
    for name in OFFICES
]
HOSTILE = {
    "W": "W" * 60,
    "slashes": "/" * 60,
    "hyphens": "-" * 59 + "a",
    "no-space": "Pertanggungjawabannya" * 20,
    "latin": "ŐŰşțǺǻƱǅẤỆỗữẞ" * 5,
    "greek": "ΩμέγαΨυχήϑϖ" * 6,
    "short": "i i l . , " * 40,
}


@pytest.fixture
def sheets(printed) -> Callable[..., list[Any]]:
    """The pages of a decision's file, read back."""

    def render(of: packs.Pack, value: dict[str, Any], office: OfficeProfile = OFFICES["kampar"], **more: Any) -> Any:
        return pages.sheets(printed(value, of=of, office=office, **more).rendered.pdf)

    return render


@pytest.fixture
def document(sheets, sample, moved_to) -> Callable[..., list[Any]]:
    """The pages of a pack's sample in an office."""
    return lambda of, index, name: sheets(of, moved_to(sample(index, of), OFFICES[name]), OFFICES[name])


@pytest.fixture
def accepted(profile) -> Callable[[packs.Pack, dict[str, Any]], bool]:
    """Whether an officer may approve a decision's file."""
    today = datetime.date(2026, 11, 23)
    return lambda of, value: of.check(value, today=today, office=profile).decision is not None


def places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Where each value of a decision stands: its container and its name or index in it, inner ones first."""
    for at, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
        if isinstance(inner, dict | list):
            yield from places(inner)
        yield part, at


def filled(of: packs.Pack, value: dict[str, Any], text: str, accepted: Callable[..., bool]) -> dict[str, Any]:
    """The value with as much of `text` in every field as the field takes."""
    for number, (part, at) in enumerate(places(value["public"])):
        before = part[at]
        if not isinstance(before, str) or re.fullmatch(r"[a-z_]+|\d{4}-\d\d-\d\d|[\d.]+", before):
            continue
        for length, start in itertools.product(LENGTHS, ("", "bahwa ")):
            # Serial numbers may not be alike.
            part[at] = start + (text * length)[: length - len(start) - 4] + f"{number:04}"
            if accepted(of, value):
                break
        else:
            part[at] = before
    return value


def with_units(value: dict[str, Any], count: int, **changes: Any) -> dict[str, Any]:
    units = itertools.islice(itertools.cycle(value["public"]["units"]), count)
    value["public"]["units"] = [
        {**unit, "engine_serial": f"M-{number}", "generator_serial": f"G-{number}", **changes}
        for number, unit in enumerate(units)
    ]
    return value


def torn(sheets: list[Any]) -> Iterator[tuple[str, str]]:
    """Numbers and dates over which a line ended: the word before and the word after."""
    for sheet in sheets:
        for one, following in itertools.pairwise(sheet.read):
            before, after = one.text.split()[-1], following.text.split()[0].strip(".,;")
            number = re.fullmatch(r"[\d.,]+", before) and after in (*MONTHS, *UNITS)
            if (number or before in MONTHS) and following.top < one.bottom + HAIR:
                yield before, after


def assert_nothing_overlaps(sheet: Any) -> None:
    for one, other in itertools.combinations(sheet.runs, 2):
        across = min(one.right, other.right) - max(one.left, other.left)
        up = min(one.top, other.top) - max(one.bottom, other.bottom)
        lower = min(one.top - one.bottom, other.top - other.bottom)
        assert across < 1 or up < max(1, 0.35 * lower), (one, other)


def assert_within_margins(sheet: Any, office: OfficeProfile) -> None:
    margins = office.margins
    top = margins.first_top if sheet.runs[0].page == 1 else margins.top
    for run in sheet.runs:
        assert run.left > margins.left * MM - HAIR, run
        assert run.right < sheet.width - margins.right * MM + HAIR, run
    for run in sheet.read:
        assert run.bottom > margins.bottom * MM - HAIR, run
        assert run.top < sheet.height - top * MM + HAIR, run


def assert_columns_hold(sheet: Any) -> None:
    """No cell's text reaches to where the next column's begins."""
    for table in sheet.all("Table"):
        rows = [[list(cell.runs) for cell in row.all("TH", "TD")] for row in table.all("TR")]
        columns = max(map(len, rows))
        cells = [row for row in rows if len(row) == columns]
        for column in range(1, columns):
            edge = min(run.left for row in cells for run in row[column])
            for run in (run for row in cells for run in row[column - 1]):
                assert run.right < edge + 0.5, (run, edge)


def assert_sound(sheets: list[Any], office: OfficeProfile) -> None:
    for sheet in sheets:
        assert_nothing_overlaps(sheet)
        assert_within_margins(sheet, office)
        assert_columns_hold(sheet)
        assert_heads_and_items_hold_together(sheet)
    assert_catchwords(sheets, office)


def assert_heads_and_items_hold_together(sheet: Any) -> None:
    read = sheet.read
    for heading in sheet.all("H2"):
        *_, last = heading.runs
        after = read.index(last) + 1
        assert after < len(read), f"the heading {heading.text!r} ends page {last.page}"
        if last.text.strip() == ":":
            assert read[after].bottom < last.top, (heading.text, read[after])
            assert read[after].top > last.bottom, (heading.text, read[after])
    for item in sheet.all("LI"):
        # WeasyPrint makes an element on each page that something stands on: the rest of an item would have no mark.
        assert [kid.tag for kid in item.kids] == ["Lbl", "LBody"], item.text
    for table in sheet.all("Table"):
        if len(table.all("TH", "TD")) == 2 * len(table.all("TR")):
            continue  # labels and values, which have no head
        first, *rows = table.all("TR")
        assert {cell.tag for cell in first.kids} == {"TH"}, first.text
        assert first.all("TH")[0].attributes.get("Scope", "Column") == "Column"
        assert [row for row in rows if row.all("TD") and not row.all("TH")], "a head or a sum without a row"


def assert_catchwords(sheets: list[Any], office: OfficeProfile) -> None:
    found = [[run for run in sheet.around if run.text.strip().endswith("…")] for sheet in sheets]
    assert [len(runs) for runs in found] == [1] * (len(sheets) - 1) + [0]
    for number, sheet in enumerate(sheets, start=1):
        right = sheet.width - office.margins.right * MM
        (page,) = [run for run in sheet.around if run.text.startswith("Halaman")]
        assert page.text.strip() == f"Halaman {number} dari {len(sheets)}"
        assert page.right == pytest.approx(right, abs=HAIR)
        if number == len(sheets):
            continue
        ((word,), following) = found[number - 1], sheets[number]
        mark, *_ = (run for element in following.elements for run in element.runs)
        wanted = mark.text.split()[0]
        if any(mark in label.runs for label in following.all("Lbl")):
            wanted += " " + following.read[1].text.split()[0]
        assert word.text.strip().removesuffix(" …") == wanted[: len(word.text.strip()) - 2]
        assert len(word.text.strip()) - 2 == len(wanted) or len(wanted) > 20
        assert word.right == pytest.approx(right, abs=HAIR)
        assert word.bottom > page.top


@pytest.mark.parametrize(("of", "index", "office"), ALL)
class TestEverySample:
    def test_nothing_overlaps_or_leaves_its_place_and_every_page_continues_the_last(
        self, document, of: packs.Pack, index: int, office: str
    ) -> None:
        assert_sound(document(of, index, office), OFFICES[office])

    def test_marks_hang_left_of_items_whose_lines_begin_at_one_place(
        self, document, of: packs.Pack, index: int, office: str
    ) -> None:
        lists = [found for sheet in document(of, index, office) for found in sheet.all("L")]
        assert lists
        for found in lists:
            lefts = []
            for item in found.all("LI"):
                (label,), (body,) = item.all("Lbl"), item.all("LBody")
                (mark,) = label.runs
                assert re.fullmatch(r"([a-z]|\d+)\.", mark.text.strip())
                assert mark.top == pytest.approx(next(iter(body.runs)).top, abs=4)
                # Behind the mark stands a space, which belongs to its box.
                assert mark.right < min(run.left for run in body.runs) + HAIR
                lefts += [run.left for run in body.runs]
            assert max(lefts) - min(lefts) < HAIR

    def test_dates_and_counts_are_written_as_letters_do(
        self, document, of: packs.Pack, index: int, office: str
    ) -> None:
        text = " ".join(run.text.strip() for sheet in document(of, index, office) for run in sheet.read)
        assert "23 November 2026" in text
        assert not re.search(r"\b(19|20)\d\d-\d\d-\d\d\b", text)
        assert not re.search(r"\b(January|February|March|May|June|July|August|October|December)\b", text)
        for count, words in re.findall(r"\b(\d+) \(([a-z ]+)\)", text):
            assert words == num2words(int(count), lang="id")

    def test_a_number_does_not_part_from_its_unit_nor_a_day_from_its_month(
        self, document, sample, of: packs.Pack, index: int, office: str
    ) -> None:
        typed = str(sample(index, of))
        assert [pair for pair in torn(document(of, index, office)) if " ".join(pair) not in typed] == []

    def test_code_and_signature_stand_with_the_last_clause(
        self, document, of: packs.Pack, index: int, office: str
    ) -> None:
        read = [run for sheet in document(of, index, office) for run in sheet.read]
        texts = [run.text.strip() for run in read]
        block = texts.index("Ditetapkan di")
        code = max(at for at, text in enumerate(texts[:block]) if text == "Nomor")
        assert read[code - 1].page == read[code].page == read[block].page


@pytest.mark.parametrize("units", [5, 13])
def test_a_permit_of_so_many_units_ends_well(sheets, sample, units: int) -> None:
    assert_ends_well(sheets(GENSET, with_units(sample(HOSPITAL), units)), units)


@pytest.mark.long
@pytest.mark.parametrize("units", range(1, MAX_UNITS + 1))
def test_a_permit_of_any_number_of_units_ends_well(sheets, sample, units: int) -> None:
    found = sheets(GENSET, with_units(sample(FACTORY), units))
    assert_ends_well(found, units)
    assert_sound(found, OFFICES["kampar"])


def assert_ends_well(sheets: list[Any], units: int) -> None:
    """Block, code and last clause on the last page; heads over all rows; no unit lost."""
    for sheet in sheets:
        assert_heads_and_items_hold_together(sheet)
    assert_catchwords(sheets, OFFICES["kampar"])
    read = [run for sheet in sheets for run in sheet.read]
    where = {run.text.strip(): run.page for run in read}
    last = len(sheets)
    assert where["Masa berlaku"] == where["Ditetapkan di"] == where["Tembusan disampaikan kepada Yth.:"] == last
    assert sheets[-1].all("Figure")
    assert [text for text in where if re.fullmatch(r"M-\d+", text)] == [f"M-{number}" for number in range(units)]


def test_a_long_table_stands_under_its_head_on_each_of_its_pages(sheets, sample) -> None:
    found = sheets(GENSET, with_units(sample(HOSPITAL), 24))
    tables = [(sheet, table) for sheet in found for table in sheet.all("Table") if len(table.all("TR")[0].kids) > 2]
    assert len(tables) >= 3
    heads = [table.all("THead")[0].text for _, table in tables]
    assert heads == [heads[0]] * len(tables)
    assert heads[0].startswith("No. Mesin")
    for sheet, table in tables:
        (head,) = table.all("THead")
        assert min(run.bottom for run in head.runs) > max(run.top for run in table.all("TBody")[0].runs)
        if sheet is not tables[0][0]:
            assert sheet.read[0] is next(iter(head.runs))


def test_the_largest_units_fit_their_columns(sheets, sample) -> None:
    value = with_units(
        sample(FACTORY),
        4,
        power_kva="100000",
        power_kw="80000",
        voltage_v=50_000,
        speed_rpm=6_000,
        tank_l="1000000",
        fuel="Solar (B40)",
    )
    found = sheets(GENSET, value)
    assert_sound(found, OFFICES["kampar"])
    runs = {run.text.strip() for sheet in found for run in sheet.read}
    # Whole, each on one line.
    assert {"100.000 kVA", "80.000 kW", "6.000 rpm", "M-3", "Jumlah kapasitas", "400.000 kVA / 320.000 kW"} <= runs
    assert any(run.endswith("1.000.000 L") for run in runs)
    assert any(run.startswith("50.000 V") for run in runs)


@pytest.mark.parametrize("pad", [0, *(pytest.param(pad, marks=pytest.mark.long) for pad in range(1, 4))])
def test_wherever_a_line_ends_no_date_and_no_quantity_is_torn(sheets, sample, pad: int) -> None:
    value = sample(TOWER)
    public = value["public"]
    # Every text is a little longer in the next document, so that lines end at ever other places.
    for step in range(pad * 4, pad * 4 + 4):
        extra = "i" * (3 * step)
        public["location"]["tower"]["site_id"] = f"RIA-{extra}"
        public["holder"]["deed"]["notary"] = f"Siti {extra}"
        public["application"]["number"] = f"071/{extra}"
        public["installer"]["certificate_number"] = f"SK-{extra}"
        assert list(torn(sheets(GENSET, value))) == []


def test_long_names_addresses_and_purposes_are_set_whole(sheets, sample) -> None:
    value = sample(FACTORY)
    public = value["public"]
    public["holder"]["name"] = ("Perusahaan Contoh Bernama Sangat Panjang " * 5).strip()[:200].strip()
    public["holder"]["address"] = ", ".join(
        f"Blok Contoh {letter} Nomor {letter}1 Kawasan Industri" for letter in "ABCDEFGH"
    )
    public["location"]["address"] = ", ".join(f"Jalan Contoh Ke-{number} Lintas Timur" for number in range(12))
    public["purpose"] = ("Catu daya cadangan contoh untuk gedung dan menara " * 8).strip()[:400].strip()
    found = sheets(GENSET, value)
    assert_sound(found, OFFICES["kampar"])
    text = "".join("".join(run.text.split()) for sheet in found for run in sheet.read)
    for wanted in (
        public["holder"]["name"],
        public["holder"]["address"],
        public["location"]["address"],
        public["purpose"],
    ):
        assert "".join(wanted.split()) in text
    rows = {
        row.all("TH")[0].text: list(row.all("TD")[0].runs)
        for sheet in found
        for row in sheet.all("TR")
        if len(row.kids) == 2
    }
    assert len(rows["Alamat :"]) >= 5
    assert len({round(run.left) for run in rows["Alamat :"]}) == 1


@pytest.mark.parametrize("of", PACKS, ids=lambda pack: pack.type)
def test_what_is_left_out_leaves_no_gap(sheets, sample, accepted, of: packs.Pack) -> None:
    value = sample(0, of)
    for part, at in list(places(value["public"])):
        if isinstance(part, list):
            continue
        before = part.pop(at)
        if not accepted(of, value):
            part[at] = before
    found = sheets(of, value)
    assert_sound(found, OFFICES["kampar"])
    for sheet in found:
        for row in sheet.all("TR"):
            assert [cell.text for cell in row.kids if not cell.text] == []
        for item in sheet.all("LI"):
            assert len(item.text.split()) > 1
        text = " ".join(run.text for run in sheet.runs)
        assert not re.search(r"\bNone\b|[,;:] *[,;]|\( *\)", re.sub(r" : ", " ", text)), text


@pytest.mark.parametrize(
    ("of", "text"),
    [
        pytest.param(
            of,
            text,
            id=f"{of.type}-{name}",
            marks=[] if name == "W" and of.type in ("genset", "pencabutan") else pytest.mark.long,
        )
        for of in PACKS
        for name, text in HOSTILE.items()
    ],
)
def test_whatever_is_typed_stays_in_its_column(sheets, sample, accepted, of: packs.Pack, text: str) -> None:
    value = filled(of, sample(0, of), text, accepted)
    assert sum(text[:20] in str(part[at]) for part, at in places(value["public"]) if isinstance(part[at], str)) >= 3
    assert_sound(sheets(of, value), OFFICES["kampar"])
