"""Files from anyone: whatever the bytes, the sheet is read whole or refused in words, and nothing is fetched."""

import datetime
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.intake import Intake
from desk.sheets import files, writing
from desk.sheets.columns import Layout
from desk.sheets.files import RefusedSheetError, SheetLimits
from desk.sheets.importing import Examination, SheetImport
from registry.database import Database
from templates import packs
from templates.office import OfficeProfile

OFFICE = OfficeProfile.read(Path(packs.__file__).parents[1] / "offices" / "kampar.toml")

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
LIMITS = SheetLimits(file_mib=1, unpacked_mib=4, rows=50)
PACK = packs.pack("genset")
LAYOUT = Layout.of(PACK)
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(scope="module")
def intake(tmp_path_factory) -> Intake:
    database = Database.create(tmp_path_factory.mktemp("hostile") / "absah.db")
    return Intake(database=database, office=OFFICE, pack=packs.pack, max_bytes=2**18)


def examine(data: bytes, intake: Intake) -> Examination:
    sheet = SheetImport(data, intake=intake, pack=PACK, limits=LIMITS)
    return sheet.examine(now=NOW, advance=lambda _: None)


def workbook() -> bytes:
    """Two decisions, in a workbook as Excel writes it: with its text in a table of shared strings."""
    out = io.BytesIO()
    rows = ((row, "") for decision in LAYOUT.samples[:2] for row in LAYOUT.rows(decision))
    writing.corrections_xlsx(LAYOUT, rows, count=9, to=out)
    strings: list[bytes] = []

    def shared(found: re.Match[bytes]) -> bytes:
        strings.append(found[2])
        return found[1] + b't="s"><v>%d</v>' % (len(strings) - 1)

    again = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == SHEET:
                data = re.sub(rb'(<c [^>]*)t="inlineStr"><is>(.*?)</is>', shared, data)
            if name == "[Content_Types].xml" and STRINGS.encode() not in data:
                kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                override = b'<Override PartName="/%s" ContentType="%s"/></Types>' % (STRINGS.encode(), kind)
                data = data.replace(b"</Types>", override)
            if name != STRINGS:
                new.writestr(name, data)
        table = b"".join(b"<si>%s</si>" % one for one in strings)
        new.writestr(STRINGS, b'<sst xmlns="%s">%s</sst>' % (MAIN, table))
    return again.getvalue()


WORKBOOK = workbook()
TEXT = io.BytesIO()
writing.template_csv(LAYOUT, to=TEXT)


def repacked(**changes: bytes | None) -> bytes:
    """The workbook with parts replaced by their new content, by their names without folder and ending."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name.rpartition("/")[2].partition(".")[0]) or old.read(name))
    return out.getvalue()


def part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as package:
        return package.read(name)


def edited(pattern: bytes, by: bytes, name: str = SHEET) -> bytes:
    found, count = re.subn(pattern, by, part(name), count=1, flags=re.DOTALL)
    assert count == 1
    return repacked(**{name.rpartition("/")[2].partition(".")[0]: found})


def code(data: bytes, intake: Intake) -> str:
    with pytest.raises(RefusedSheetError) as refused:
        examine(data, intake)
    return refused.value.findings[0].problem.code


def test_the_workbook_that_is_mutilated_below_is_right(intake) -> None:
    found = examine(WORKBOOK, intake)
    assert (len(found.accepted), found.refused) == (2, ())


@pytest.mark.parametrize("name", [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_entity_is_expanded_or_fetched(intake, tmp_path, name, encoding) -> None:
    secret = tmp_path / "rahasia.txt"
    secret.write_text("ISI RAHASIA")
    text = part(name).decode()
    text = re.sub(r"^<\?xml[^>]*\?>", "", text)
    text = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>' + text.replace("Perkins", "&e;", 1)
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    assert code(repacked(**{name.rpartition("/")[2].partition(".")[0]: declared}), intake) == "entities"


def test_what_unpacks_without_end_is_refused_before_it_fills_the_memory(intake) -> None:
    bomb = b'<sst xmlns="%s">%s</sst>' % (MAIN, b" " * (5 * 2**20))
    assert code(repacked(sharedStrings=bomb), intake) == "unpacks_too_large"
    out = io.BytesIO(repacked())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/image1.png", b"\0" * (5 * 2**20))
    assert code(out.getvalue(), intake) == "unpacks_too_large"


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (rb'<row r="5"', b'<row r="999999999999"'),
        (rb'<row r="5"', b'<row r="4"'),
        (rb'<row r="5"', b'<row r="-5"'),
        (rb'<row r="5"', b'<row r="lima"'),
        (rb'<c r="B5"', b'<c r="B4"'),
        (rb'<c r="B5"', b'<c r="A5"'),
        (rb'<c r="B5"', b'<c r="ZZZZ5"'),
        (rb'<c r="B5"', b'<c r="XFE5"'),
        (rb'(<c r="B5"[^>]*><v>)[0-9]+', rb"\g<1>987654"),
        (rb'(<c r="B5"[^>]*><v>)[0-9]+', rb"\g<1>-1e5"),
        (rb'(<row r="5".*?</row>)(<row r="6".*?</row>)', rb"\2\1"),
    ],
)
def test_a_sheet_that_lies_about_its_cells_is_refused(intake, pattern, by) -> None:
    """Else rows or cells would be left out, or moved, without a word."""
    assert code(edited(pattern, by), intake) == "broken_xlsx"


def test_a_sheet_that_lies_about_its_size_is_read_whole(intake) -> None:
    found = examine(edited(rb"<sheetViews>", b'<dimension ref="A1:B4"/><sheetViews>'), intake)
    assert (len(found.accepted), found.refused) == (2, ())


def test_a_far_cell_is_not_left_out(intake) -> None:
    far = b'<c r="XFD4" t="inlineStr"><is><t>unit lagi</t></is></c></row><row r="5"'
    assert code(edited(rb'</row><row r="5"', far), intake) == "too_many_columns"


@pytest.mark.parametrize("number", [b"9" * 5000, b"1E999", b"nan", b"-", b"9" * 30])
def test_a_number_that_is_none_is_refused(intake, number) -> None:
    column = [column.path for column in LAYOUT.columns].index("public.units[].power_kva") + 1
    letter = openpyxl.utils.get_column_letter(column).encode()
    data = edited(rb'(<c r="' + letter + rb'4"[^>]*><v>)[^<]*', rb"\g<1>" + number)
    try:
        assert len(examine(data, intake).refused) == 1
    except RefusedSheetError as error:
        assert error.findings[0].problem.code == "broken_xlsx"  # noqa: PT017  # either is right


def test_a_workbook_with_parts_twice_is_refused(intake) -> None:
    out = io.BytesIO(WORKBOOK)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as package:
        package.writestr(SHEET, part(SHEET))
    assert code(out.getvalue(), intake) == "broken_xlsx"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_workbooks_are_read_or_refused(intake, data) -> None:
    mutated = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 6))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 40)) * (len(mutated) // 40)
    try:
        examine(bytes(mutated[cut:] if data.draw(st.booleans()) else mutated[: len(mutated) - cut]), intake)
    except RefusedSheetError as error:
        assert error.findings  # noqa: PT017  # either is right


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml"]), st.data())
def test_mutated_parts_are_read_or_refused(intake, name, data) -> None:
    """Past the checksums of the package, where the parsers are."""
    mutated = bytearray(part(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at : at + data.draw(st.integers(0, 8))] = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"</c>", b'"', b"<f>A1</f>", b"&#0;", b't="d"', b"0"]))
        )
    try:
        examine(repacked(**{name.rpartition("/")[2].partition(".")[0]: bytes(mutated)}), intake)
    except RefusedSheetError as error:
        assert error.findings  # noqa: PT017  # either is right


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), st.integers(0, 3))
def test_any_text_is_read_or_refused(intake, tail, lines) -> None:
    head = b"\r\n".join(TEXT.getvalue().split(b"\r\n")[:lines])
    try:
        examine(head + b"\r\n" + tail, intake)
    except RefusedSheetError as error:
        assert error.findings  # noqa: PT017  # either is right


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=80))
def test_any_cells_are_refused_or_mean_what_they_say(intake, row) -> None:
    out = io.BytesIO()
    paths = [column.path for column in LAYOUT.columns]
    writing.corrections_csv(LAYOUT, ((dict(zip(paths, row, strict=False)), ""),), to=out)
    try:
        found = examine(out.getvalue(), intake)
    except RefusedSheetError:
        return
    assert found.accepted == ()


def test_a_limit_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="rows"):
        files.SheetLimits(rows=0)
