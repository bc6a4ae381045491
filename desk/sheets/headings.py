"""Which column of a sheet is which: by the row of paths that a template has, else by the titles."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from desk.sheets import cells, files
from desk.sheets.cells import Address, Finding
from desk.sheets.columns import ITEM, REFERENCE, Column, Layout, Need
from desk.sheets.files import RefusedSheetError, Sheet

# A column under a heading that begins so is for people: notes, and the errors in a file of rows to correct.
NOTE: Final = "#"
MARKS: Final[Mapping[Need, str]] = {
    Need.ALWAYS: "(wajib)",
    Need.WITH_GROUP: "(wajib bila bagian ini diisi)",
    Need.NEVER: "(boleh kosong)",
}
_MAX_MERGED_TOLD: Final = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """The columns of one sheet by their place, counted from 0; `row` is the number of the last heading row."""

    columns: Mapping[int, Column]
    notes: frozenset[int]
    row: int

    def index(self, path: str) -> int | None:
        """The place of a column, or of the first one below a path."""
        inside = (path + ".", path + ITEM)
        for index, column in self.columns.items():
            if column.path == path or column.path.startswith(inside):
                return index
        return None


def located(found: tuple[Sheet, ...], layout: Layout) -> tuple[Sheet, Headings]:
    """The one sheet that has the headings of a layout. Raises `RefusedSheetError` where there is not exactly one."""
    headed = [(sheet, row) for sheet in found if (row := _heading_row(sheet, layout)) is not None]
    if not headed:
        raise files.refused(
            "no_headings",
            "Berkas tidak memuat judul kolom {type}. Salin datanya ke templat: “absah decision template {name}”.",
            type=layout.title, name=layout.type,
        )  # fmt: skip
    if len(headed) > 1:
        raise files.refused(
            "two_sheets",
            "Lebih dari satu lembar memuat judul kolom: {sheets}. Sisakan satu lembar dalam satu berkas.",
            sheets=", ".join(sheet.name for sheet, _ in headed),
        )
    sheet, (number, names) = headed[0]
    headings = _headings(sheet, number, names, layout)
    _refuse_merged(sheet, headings)
    return sheet, headings


def _heading_row(sheet: Sheet, layout: Layout) -> tuple[int, tuple[str, ...]] | None:
    """The row of paths if there is one, else that of titles; with the path or the text of each cell."""
    titles = {_title(column.title): column.path for column in layout.columns}
    by_title: tuple[int, tuple[str, ...]] | None = None
    notes: dict[int, str] = {}
    for _, (number, row) in zip(range(files.HEADING_ROWS), sheet.rows(), strict=False):
        texts = [cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell) for cell in row]
        notes |= {index: text for index, text in enumerate(texts) if text.startswith(NOTE)}
        if REFERENCE in texts:
            # Whoever adds a column of notes does so on the row of titles: the row of paths is hidden.
            texts += [""] * (max(notes, default=0) + 1 - len(texts))
            return number, tuple(text or notes.get(index, "") for index, text in enumerate(texts))
        if by_title is None and _title(layout.reference.title) in map(_title, texts):
            by_title = number, tuple(titles.get(_title(text), text) for text in texts)
    return by_title


def _title(text: str) -> str:
    """A title as people may have retyped it: without its mark, case and line breaks do not count."""
    folded = " ".join(text.split()).casefold()
    for mark in MARKS.values():
        folded = folded.removesuffix(mark)
    return folded.removesuffix("*").strip()


def _headings(sheet: Sheet, number: int, names: tuple[str, ...], layout: Layout) -> Headings:
    known = {column.path: column for column in layout.columns}
    columns: dict[int, Column] = {}
    findings: list[Finding] = []
    for index, name in enumerate(names):
        address = Address(sheet=sheet.name, row=number, column=index + 1)
        column = known.get(name)
        if column is None and name and not name.startswith(NOTE):
            problem = cells.file_error(
                "column_unknown",
                "Judul kolom “{value}” tidak dikenal. Betulkan ejaannya; untuk catatan sendiri, awali judulnya dengan "
                "#.",
                value=cells.shown(name),
            )
            findings.append(Finding(address=address, problem=problem))
        elif column is not None and column in columns.values():
            problem = cells.error(column, "column_twice", "Kolom “{label}” ada dua. Hapus salah satunya.")
            findings.append(Finding(address=address, problem=problem))
        elif column is not None:
            columns[index] = column
    for column in layout.columns:
        if column.need is Need.ALWAYS and column not in columns.values():
            problem = cells.error(
                column, "column_missing", "Kolom “{label}” tidak ada, padahal wajib. Tambahkan seperti pada templat."
            )
            findings.append(Finding(address=None, problem=problem))
    if findings:
        raise RefusedSheetError(tuple(findings))
    notes = frozenset(index for index, name in enumerate(names) if name.startswith(NOTE))
    return Headings(columns=columns, notes=notes, row=number)


def _refuse_merged(sheet: Sheet, headings: Headings) -> None:
    problem = cells.file_error(
        "merged",
        "Sel ini digabung dengan sel lain, sehingga isinya hanya milik satu baris. Pisahkan selnya (Unmerge), lalu isi "
        "setiap baris.",
    )
    findings = [
        Finding(address=Address(sheet=sheet.name, row=merged.top, column=merged.left), problem=problem)
        for merged in sheet.merged
        if merged.bottom > headings.row
    ]
    if findings:
        raise RefusedSheetError(tuple(findings[:_MAX_MERGED_TOLD]))
