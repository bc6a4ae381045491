"""Decisions from a sheet: what an officer may write, what is refused and where, what is never guessed."""

import ast
import copy
import csv
import datetime
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl.utils import get_column_letter

from desk import sheets as package
from desk.intake import Intake, Outcome
from desk.sheets import cells, entries, writing
from desk.sheets.columns import ITEM, Column, Kind, Layout, Need
from desk.sheets.files import RefusedSheetError, SheetLimits
from desk.sheets.importing import Examination, SheetImport
from registry import schema
from registry.database import Database
from registry.decisions import latest
from registry.formats.language import translations
from templates import packs
from templates.office import OfficeProfile

OFFICE = OfficeProfile.read(Path(packs.__file__).parents[1] / "offices" / "kampar.toml")

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
PACK = packs.pack("genset")
LAYOUT = Layout.of(PACK)
COLUMN = {column.path: number for number, column in enumerate(LAYOUT.columns, start=1)}
LIMITS = SheetLimits()


@pytest.fixture
def database(tmp_path) -> Database:
    return Database.create(tmp_path / "absah.db")


@pytest.fixture
def intake(database) -> Intake:
    return Intake(database=database, office=OFFICE, pack=packs.pack, max_bytes=256 * 1024)


def sample(index: int = 0, **changes: object) -> dict:
    found = copy.deepcopy(dict(LAYOUT.samples[index]))
    return {**found, **changes}


def template() -> openpyxl.Workbook:
    out = io.BytesIO()
    writing.template_xlsx(LAYOUT, rows=100, to=out)
    return openpyxl.load_workbook(io.BytesIO(out.getvalue()))


def filled(*decisions: dict, book: openpyxl.Workbook | None = None) -> openpyxl.Workbook:
    """The template with decisions written below its example, as an officer types them."""
    book = book or template()
    for decision in decisions:
        for row in LAYOUT.rows(decision):
            number = book["Data"].max_row + 1
            for path, value in row.items():
                book["Data"].cell(number, COLUMN[path]).value = value
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text_file(*decisions: dict, delimiter: str = ";", bom: bool = True, end: str = "\r\n") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    paths = [column.path for column in LAYOUT.columns]
    writer.writerow([column.title for column in LAYOUT.columns])
    writer.writerow(paths)
    for decision in decisions:
        for row in LAYOUT.rows(decision):
            writer.writerow([writing._plain(row[path]) if path in row else "" for path in paths])
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8")


def open_(data: bytes, intake: Intake, limits: SheetLimits = LIMITS) -> SheetImport:
    return SheetImport(data, intake=intake, pack=PACK, limits=limits)


def examine(data: bytes, intake: Intake, limits: SheetLimits = LIMITS) -> Examination:
    return open_(data, intake, limits).examine(now=NOW, advance=lambda _: None)


def record(data: bytes, intake: Intake) -> dict:
    sheet = open_(data, intake)
    found = sheet.examine(now=NOW, advance=lambda _: None)
    assert found.refused == ()
    return dict(sheet.record_all(found, now=NOW, advance=lambda _: None).outcomes)


def told(found: Examination) -> list[tuple[str, str]]:
    """Cell and code of each finding of the refused decisions."""
    return [
        (finding.address.cell, finding.problem.code)
        for one in found.refused
        for finding in one.findings
        if finding.address
    ]


def refusal(data: bytes, intake: Intake, limits: SheetLimits = LIMITS) -> tuple[str, ...]:
    with pytest.raises(RefusedSheetError) as refused:
        examine(data, intake, limits)
    return tuple(finding.problem.code for finding in refused.value.findings)


def cell(path: str, row: int = 5) -> str:
    return f"{get_column_letter(COLUMN[path])}{row}"


def stored(database: Database) -> dict[str, tuple[object, object]]:
    found = {}
    with database.read() as tx:
        for source, reference in tx.execute(sa.select(schema.decisions.c.source, schema.decisions.c.reference)):
            decision = latest(tx, office=OFFICE.id, source=source, reference=reference)
            public = {name: value for name, value in decision.public.items() if name != "private_commitment"}
            found[reference] = (public, decision.private["data"])
    return found


# What comes in is what was meant


@pytest.mark.parametrize("form", ["xlsx", "semicolon", "comma", "unix"])
def test_a_filled_template_holds_the_same_decisions_as_their_files(intake, database, tmp_path, form) -> None:
    decisions = [sample(index) for index in range(3)]
    data = {
        "xlsx": lambda: saved(filled(*decisions)),
        "semicolon": lambda: text_file(*decisions),
        "comma": lambda: text_file(*decisions, delimiter=",", bom=False),
        "unix": lambda: text_file(*decisions, end="\n"),
    }[form]()
    assert record(data, intake) == {Outcome.ADDED: 3}
    other = Database.create(tmp_path / "other.db")
    door = Intake(database=other, office=OFFICE, pack=packs.pack, max_bytes=2**20)
    for decision in decisions:
        door.add(json.dumps(decision).encode(), now=NOW)
    assert stored(database) == stored(other)


def test_the_same_rows_again_add_nothing_whatever_the_file(intake) -> None:
    decisions = [sample(index) for index in range(3)]
    assert record(saved(filled(*decisions)), intake) == {Outcome.ADDED: 3}
    assert record(saved(filled(*decisions)), intake) == {Outcome.KNOWN: 3}
    assert record(text_file(*reversed(decisions)), intake) == {Outcome.KNOWN: 3}
    assert intake.add(json.dumps(decisions[0]).encode(), now=NOW).outcome is Outcome.KNOWN


def test_a_changed_row_is_a_revision(intake) -> None:
    record(saved(filled(sample(0), sample(1))), intake)
    changed = sample(0)
    changed["public"]["purpose"] = "Catu daya utama"
    assert record(saved(filled(changed, sample(1))), intake) == {Outcome.REVISED: 1, Outcome.KNOWN: 1}


def test_sixty_machines_are_sixty_rows_and_sixty_one_too_many(intake, database) -> None:
    decision = sample(0)
    unit = decision["public"]["units"][0]
    units = [{**unit, "engine_serial": f"M{n}", "generator_serial": f"G{n}"} for n in range(61)]
    decision["public"]["units"] = units[:60]
    assert record(saved(filled(decision)), intake) == {Outcome.ADDED: 1}
    public, _ = stored(database)[decision["reference"]]
    assert [one["engine_serial"] for one in public["units"]] == [f"M{n}" for n in range(60)]
    decision["public"]["units"] = units
    assert told(examine(saved(filled(decision)), intake)) == [(cell("public.units[].engine_make"), "too_long")]


def test_the_other_cells_may_be_repeated_on_every_row(intake) -> None:
    decision = sample(1)
    book = filled(decision)
    for row in range(6, book["Data"].max_row + 1):
        for path, number in COLUMN.items():
            if ITEM not in path:
                book["Data"].cell(row, number).value = book["Data"].cell(5, number).value
    assert record(saved(book), intake) == {Outcome.ADDED: 1}
    assert record(text_file(decision), intake) == {Outcome.KNOWN: 1}


def test_columns_may_stand_in_any_order_and_notes_beside_them(intake) -> None:
    book = filled(sample(0))
    book["Data"].move_range(f"{get_column_letter(COLUMN['public.purpose'])}1:"
                            f"{get_column_letter(COLUMN['public.purpose'])}9", cols=len(COLUMN))  # fmt: skip
    note = book["Data"].max_column + 1
    book["Data"].cell(2, note).value = "#Catatan saya"
    book["Data"].cell(5, note).value = "telepon dulu"
    assert record(saved(book), intake) == {Outcome.ADDED: 1}


def test_titles_alone_are_enough_however_they_are_typed(intake) -> None:
    lines = text_file(sample(0)).decode("utf-8-sig").split("\r\n")
    lines[0] = lines[0].upper().replace("NIB;", "nib  (WAJIB);")
    del lines[1]
    assert record("\r\n".join(lines).encode(), intake) == {Outcome.ADDED: 1}


def test_a_line_break_and_quotes_inside_a_cell_are_part_of_it(intake, database) -> None:
    decision = sample(0)
    decision["public"]["holder"]["address"] = 'Jalan "Contoh"; Nomor 1,\nPekanbaru'
    record(text_file(decision), intake)
    public, _ = stored(database)[decision["reference"]]
    assert public["holder"]["address"] == 'Jalan "Contoh"; Nomor 1, Pekanbaru'


def test_leading_zeros_and_sixteen_digits_come_through(intake, database) -> None:
    decision = sample(0)
    decision["private"] |= {"npwp": "0012345678216000", "nik": "1471011407790003", "phone": "0812-0000-0001"}
    record(saved(filled(decision)), intake)
    _, private = stored(database)[decision["reference"]]
    assert (private["npwp"], private["nik"]) == ("0012345678216000", "1471011407790003")


# The example row


def test_the_untouched_template_holds_no_decision(intake) -> None:
    text = io.BytesIO()
    writing.template_csv(LAYOUT, to=text)
    for data in (saved(template()), text.getvalue()):
        found = examine(data, intake)
        assert (found.accepted, found.refused, found.examples) == ((), (), 1)


def test_data_typed_over_the_example_are_not_lost_in_silence(intake) -> None:
    book = template()
    book["Data"][cell("public.holder.name", 4)] = "Pemegang Sungguhan"
    assert told(examine(saved(book), intake)) == [("A4", "example_changed")]


# Cells that are refused rather than guessed


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("private.nik", 1471011407790003, "number_in_text"),
        ("private.npwp", 12345678216000, "number_in_text"),
        ("public.holder.nib", 9120001234567.0, "number_in_text"),
        ("public.holder.deed.number", 14, "number_in_text"),
        ("private.nik", "1,47101E+15", "shortened_number"),
        ("public.holder.deed.number", datetime.date(2026, 2, 1), "date_in_text"),
        ("public.holder.name", True, "flag_in_text"),
        ("public.holder.name", "=A1", "formula"),
        ("public.units[].power_kw", "=8*2", "formula"),
        ("public.holder.name", "#REF!", "error_value"),
        ("public.holder.name", "x" * 5000, "cell_too_long"),
        ("public.application.date", 46307, "date_as_number"),
        ("public.application.date", datetime.datetime(2026, 10, 12, 8, 30), "date_with_time"),  # noqa: DTZ001
        ("public.application.date", "12 Oktober 2026", "date_form"),
        ("public.application.date", "10/13/2026", "no_such_day"),
        ("public.application.date", "12/10/26", "date_form"),
        ("public.application.date", "12/10-2026", "date_form"),
        ("public.units[].power_kva", "1.250", "ambiguous_number"),
        ("public.units[].power_kva", "1,250", "ambiguous_number"),
        ("public.units[].power_kva", "1,250.5", "no_number"),
        ("public.units[].power_kva", "20 kVA", "no_number"),
        ("public.units[].year", "2.024", "no_whole_number"),
        ("public.units[].year", 2024.5, "no_whole_number"),
        ("public.units[].year", True, "no_whole_number"),
        ("public.units[].use", "malam", "no_choice"),
    ],
)
def test_a_doubtful_cell_is_refused_at_its_place(intake, path, value, code) -> None:
    book = filled(sample(0))
    book["Data"][cell(path)] = value
    if isinstance(value, int):
        book["Data"][cell(path)].number_format = "General"
    assert told(examine(saved(book), intake)) == [(cell(path), code)]


@pytest.mark.parametrize(
    ("path", "value", "meant"),
    [
        ("public.application.date", "12/10/2026", "2026-10-12"),
        ("public.application.date", "2-1-2026", "2026-01-02"),
        ("public.application.date", "2026-10-12", "2026-10-12"),
        ("public.application.date", datetime.date(2026, 10, 12), "2026-10-12"),
        ("public.units[].power_kva", "1.250,5", "1250.5"),
        ("public.units[].power_kva", "1.250.000", "1250000"),
        ("public.units[].power_kva", "1250,5", "1250.5"),
        ("public.units[].power_kva", "1250.5", "1250.5"),
        ("public.units[].power_kva", "0.125", "0.125"),
        ("public.units[].power_kva", "1,2500", "1.2500"),
        ("public.units[].power_kva", 0.1 + 0.2, "0.3"),
        ("public.units[].power_kva", 1e-7, "0.0000001"),
        ("public.units[].year", 2024.0, 2024),
        ("public.units[].year", "2024", 2024),
        ("public.location.kind", "Rumah  Sakit", "rumah_sakit"),
        ("public.holder.form", "PT", "pt"),
    ],
)
def test_what_has_one_meaning_is_understood(path, value, meant) -> None:
    column = LAYOUT.columns[COLUMN[path] - 1]
    assert cells.read(value, column, max_characters=100) == meant


def test_what_was_typed_into_a_private_cell_is_never_told(intake) -> None:
    book = filled(sample(0))
    for path, value in (("private.nik", "1,47101E+15"), ("private.coordinates.latitude", "101.204"),
                        ("private.coordinates.longitude", "rahasia")):  # fmt: skip
        book["Data"][cell(path)] = value
    found = examine(saved(book), intake)
    said = " ".join(finding.text("id") for finding in found.refused[0].findings)
    assert len(found.refused[0].findings) == 3
    for secret in ("47101", "101.204", "101,204", "rahasia"):
        assert secret not in said


def test_every_cell_is_told_at_once_with_its_title_in_both_languages(intake) -> None:
    book = filled(sample(0), sample(1))
    book["Data"][cell("public.holder.nib")] = "12"
    book["Data"][cell("private.phone", 6)] = None
    book["Data"][cell("public.units[].fuel", 7)] = None
    found = examine(saved(book), intake)
    assert [finding.text("id").split(":")[0] for one in found.refused for finding in one.findings] == [
        f"Data!{cell('public.holder.nib')}",
        f"Data!{cell('public.units[].fuel', 7)}",
        f"Data!{cell('private.phone', 6)}",
    ]
    last = found.refused[1].findings[0]
    assert "Bahan bakar unit 2" in last.text("id")
    assert last.text("en") != last.text("id")


def test_a_text_file_is_told_by_row_and_column(intake) -> None:
    decision = sample(0)
    decision["public"]["holder"]["nib"] = "12"
    finding = examine(text_file(decision), intake).refused[0].findings[0]
    assert finding.text("id").startswith("baris 3, kolom E: NIB ")
    assert finding.text("en").startswith("row 3, column E: ")


# Rows that belong together


def test_a_contradiction_names_both_cells(intake) -> None:
    book = filled(sample(1))
    book["Data"][cell("public.purpose", 6)] = "Lain"
    (finding,) = examine(saved(book), intake).refused[0].findings
    assert finding.address.cell == cell("public.purpose", 6)
    assert cell("public.purpose", 5) in finding.text("id")
    assert "Keperluan" in finding.text("id")


def test_what_stands_only_on_a_later_row_is_a_contradiction_too(intake) -> None:
    book = filled(sample(1))
    book["Data"][cell("private.home_address", 5)] = None
    book["Data"][cell("private.home_address", 6)] = "Jalan Contoh 1"
    assert told(examine(saved(book), intake)) == [(cell("private.home_address", 6), "contradiction")]


@pytest.mark.parametrize("reference", [None, "CONTOH-2026-002", "contoh 2026 0002"])
def test_a_machine_whose_reference_was_mistyped_does_not_go_missing(intake, reference) -> None:
    """Good rows only would else record the decision above without it."""
    book = filled(sample(1), sample(0))
    book["Data"]["A6"] = reference
    found = examine(saved(book), intake)
    assert told(found) == [("A6", "reference_differs")]
    assert found.refused[0].entry.rows == (5, 6)
    assert [one.entry.reference for one in found.accepted] == ["CONTOH-2026-0001"]


def test_a_whole_row_without_reference_refuses_the_decision_above_it_too(intake) -> None:
    book = filled(sample(1), sample(0))
    book["Data"]["A7"] = None
    found = examine(saved(book), intake)
    assert (told(found), found.accepted) == ([("A7", "reference_differs")], ())


def test_rows_of_one_decision_that_stand_apart_are_refused_together(intake) -> None:
    other = sample(0, reference="LAIN")
    again = sample(0)
    again["public"]["units"][0]["engine_serial"] = "ZZ"
    found = examine(saved(filled(sample(0), other, again)), intake)
    assert told(found) == [("A5", "rows_apart"), ("A7", "rows_apart")]
    assert [one.entry.reference for one in found.accepted] == ["LAIN"]


def test_a_machine_that_slipped_under_another_decision_refuses_both(intake) -> None:
    book = filled(sample(1), sample(0))
    data = book["Data"]
    for number in range(1, len(COLUMN) + 1):
        data.cell(8, number).value, data.cell(6, number).value = data.cell(6, number).value, None
    found = examine(saved(book), intake)
    assert told(found) == [("A5", "row_elsewhere"), ("A8", "reference_differs")]
    assert found.accepted == ()


def test_a_row_that_adds_nothing_is_not_passed_over(intake) -> None:
    book = filled(sample(0))
    book["Data"]["A6"] = "CONTOH-2026-0001"
    assert told(examine(saved(book), intake)) == [("A6", "nothing_added")]


def test_a_cell_without_heading_is_not_passed_over(intake) -> None:
    book = filled(sample(0))
    book["Data"].cell(5, len(COLUMN) + 2).value = "catatan"
    assert told(examine(saved(book), intake)) == [(f"{get_column_letter(len(COLUMN) + 2)}5", "stray_cell")]


def test_merged_cells_are_refused_by_name(intake) -> None:
    book = filled(sample(1))
    book["Data"].merge_cells("A5:A6")
    with pytest.raises(RefusedSheetError, match="Data!A5: Sel ini digabung"):
        examine(saved(book), intake)


# Headings


def test_a_heading_that_is_unknown_missing_or_twice_refuses_the_file(intake) -> None:
    book = filled(sample(0))
    book["Data"]["B3"] = "sumber"
    book["Data"]["D3"] = "public.holder.nib"
    assert refusal(saved(book), intake) == ("column_unknown", "column_twice", "column_missing", "column_missing")


def test_an_optional_column_may_be_left_out(intake) -> None:
    book = filled(sample(0))
    del_at = COLUMN["private.home_address"]
    book["Data"].delete_cols(del_at)
    decision = sample(0)
    del decision["private"]["home_address"]
    assert record(saved(book), intake) == {Outcome.ADDED: 1}
    assert intake.add(json.dumps(decision).encode(), now=NOW).outcome is Outcome.KNOWN


def test_a_copied_sheet_is_not_passed_over(intake) -> None:
    book = filled(sample(0))
    book.copy_worksheet(book["Data"])
    assert refusal(saved(book), intake) == ("two_sheets",)


def test_a_workbook_of_something_else_is_refused(intake) -> None:
    book = openpyxl.Workbook()
    book.active.append(["nama", "umur"])
    assert refusal(saved(book), intake) == ("no_headings",)


# Files


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_or_locked"),
        ("Nomor rujukan;Alamat\nA;Jalan é\n".encode("cp1252"), "not_utf8"),
        ("Nomor rujukan\tAlamat\n".encode("utf-16"), "no_sheet_file"),
        (text_file() + b'A;"B\n', "csv_syntax"),
        (b"PK\x03\x04 nonsense", "broken_xlsx"),
        (b"", "no_headings"),
        (b"%PDF-1.7", "no_headings"),
    ],
)
def test_what_is_no_sheet_is_refused_with_the_remedy(intake, data, code) -> None:
    assert refusal(data, intake) == (code,)


def test_limits_refuse_what_is_too_large_before_anything_is_read(intake) -> None:
    data = saved(filled(sample(1), sample(0)))
    assert refusal(b"x" * (2**20 + 1), intake, SheetLimits(file_mib=1)) == ("file_too_large",)
    assert refusal(data, intake, SheetLimits(rows=3)) == ("too_many_rows",)
    assert refusal(text_file(sample(1), sample(0)), intake, SheetLimits(rows=2)) == ("too_many_rows",)
    assert refusal(data, intake, SheetLimits(columns=40)) == ("too_many_columns",)
    assert refusal(text_file(sample(0)), intake, SheetLimits(columns=40)) == ("too_many_columns",)
    assert examine(data, intake, SheetLimits(rows=4)).refused == (), "its own guide does not count"


# The template


def test_the_template_guides_whoever_fills_it_in() -> None:
    book = template()
    data = book["Data"]
    assert (data.freeze_panes, data.row_dimensions[3].hidden, book["Pilihan"].sheet_state) == ("B4", True, "hidden")
    for number, column in enumerate(LAYOUT.columns, start=1):
        letter, heading = get_column_letter(number), data.cell(2, number).value
        assert heading.startswith(column.title)
        assert ("(wajib)" in heading) == (column.need is Need.ALWAYS)
        if column.kind is Kind.TEXT:
            assert data.column_dimensions[letter].number_format == "@"
    checks = {str(check.sqref).partition(":")[0]: check for check in data.data_validations.dataValidation}
    form = checks[cell("public.holder.form", 4)]
    words = [row[0].value for row in book["Pilihan"][form.formula1.partition("!")[2].replace("$", "")]]
    assert words == list(LAYOUT.by_path()["public.holder.form"].choices.values())
    guided = {row[2] for row in book["Petunjuk"].iter_rows(values_only=True)}
    assert {column.title for column in LAYOUT.columns} <= guided


def test_choices_show_words_where_a_pack_publishes_them() -> None:
    class Worded:
        type, title = "uji", "Izin Uji"

        def samples(self) -> list[Path]:
            return []

        def json_schema(self) -> dict:
            words = {"oneOf": [{"const": "pt", "title": "Perseroan terbatas"}, {"const": "cv", "title": "CV"}]}
            fields = {"reference": {"type": "string", "title": "Nomor"}, "form": {**words, "title": "Bentuk"}}
            tags = {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "title": "Tanda"}
            return {"properties": {**fields, "tags": tags}, "required": ["reference", "form", "tags"]}

    layout = Layout.of(Worded())
    form, tags = layout.columns[1:]
    assert [cells.read(text, form, max_characters=99) for text in ("perseroan terbatas", "PT")] == ["pt", "pt"]
    assert (tags.path, tags.kind, tags.need) == ("tags[]", Kind.FLAG, Need.ALWAYS)
    rows = layout.rows({"reference": "A", "form": "cv", "tags": [True, False]})
    assert rows == [{"reference": "A", "form": "CV", "tags[]": "ya"}, {"reference": "A", "tags[]": "tidak"}]


# Rows to correct


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_refused_rows_come_back_to_be_corrected_and_imported(intake, form) -> None:
    wrong = sample(1)
    wrong["public"]["holder"]["nib"] = "12"
    wrong["public"]["purpose"] = "+6281 dan @kota"
    if form == "xlsx":
        book = filled(sample(0), wrong)
        book["Data"][cell("private.phone", 7)] = "=1+1"
        book["Data"][cell("private.npwp", 6)] = 12345
        book["Data"][cell("public.holder.deed.number", 6)] = datetime.date(2026, 1, 7)
        book["Data"][cell("public.application.date", 6)] = 46314
        book["Data"][cell("public.application.date", 6)].number_format = "General"
        data = saved(book)
    else:
        data = text_file(sample(0), wrong)
    sheet, out = open_(data, intake), io.BytesIO()
    found = sheet.examine(now=NOW, advance=lambda _: None)
    sheet.write_corrections(found, language="id", to=out)
    again = examine(out.getvalue(), intake)
    assert [one.entry.reference for one in again.refused] == [wrong["reference"]]
    codes = [finding.problem.code for finding in found.refused[0].findings]
    assert [finding.problem.code for finding in again.refused[0].findings] == codes, "nothing was mended unseen"
    if form == "csv":
        lines = out.getvalue().decode("utf-8-sig")
        assert "NIB berisi" in lines
        corrected = lines.replace(";12;", ";8120007654321;").encode()
    else:
        book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
        assert "NIB berisi" in book["Data"].cell(4, len(COLUMN) + 1).value
        assert book["Data"][cell("private.phone", 5)].data_type == "s", "no formula is handed on"
        book["Data"][cell("public.holder.nib", 4)] = "8120007654321"
        book["Data"][cell("public.holder.deed.number", 4)] = "7"
        book["Data"][cell("public.application.date", 4)] = datetime.date(2026, 10, 19)
        book["Data"][cell("public.application.date", 4)].number_format = "yyyy-mm-dd"
        for row in (4, 5):
            book["Data"][cell("private.phone", row)] = None
        book["Data"][cell("private.phone", 4)] = wrong["private"]["phone"]
        book["Data"][cell("private.npwp", 4)] = wrong["private"]["npwp"]
        corrected = saved(book)
    assert record(corrected, intake) == {Outcome.ADDED: 1}


def test_a_machine_in_two_decisions_of_one_file_is_warned_of_before_and_when_recorded(intake) -> None:
    data = saved(filled(sample(0), sample(0, reference="LAIN")))
    sheet = open_(data, intake)
    found = sheet.examine(now=NOW, advance=lambda _: None)
    for result in (
        sheet.foresee(found, advance=lambda _: None),
        sheet.record_all(found, now=NOW, advance=lambda _: None),
    ):
        assert result.outcomes == {Outcome.ADDED: 2}
        known = [finding for finding in result.warnings if finding.problem.code == "object_known"]
        assert {finding.address.cell for finding in known} == {cell("public.units[].engine_make", 6)}


def test_a_crash_while_recording_leaves_nothing(intake, database) -> None:
    sheet = open_(saved(filled(sample(0), sample(1))), intake)
    found = sheet.examine(now=NOW, advance=lambda _: None)

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheet.record_all(found, now=NOW, advance=crash)
    assert stored(database) == {}


def test_every_sentence_about_sheets_has_an_english_one() -> None:
    english = translations("desk", "en")
    sentences = {cells.IN_TEXT}
    for path in Path(package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in ("error", "file_error", "refused", "_refused"):
                    texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                    sentences |= {text for text in texts if isinstance(text, str) and " " in text}
    assert len(sentences) > 35
    for sentence in sentences:
        assert english.gettext(sentence) != sentence
        assert set(re.findall(r"\{\w+\}", english.gettext(sentence))) == set(re.findall(r"\{\w+\}", sentence))


def test_every_field_of_a_decision_has_its_column() -> None:
    def leaves(value: object, path: str = "") -> set[str]:
        if isinstance(value, dict):
            return {leaf for name, inner in value.items() for leaf in leaves(inner, f"{path}.{name}".lstrip("."))}
        if isinstance(value, list):
            return {leaf for inner in value for leaf in leaves(inner, path + ITEM)}
        return {path}

    found = set().union(*(leaves(sample(index)) for index in range(3))) - {"type"}
    assert found <= set(COLUMN)
    assert isinstance(LAYOUT.reference, Column)
    assert entries.EXAMPLE not in found
