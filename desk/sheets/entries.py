"""From rows of cells to decisions' files: which rows are one decision, and what their cells say.

No decision ever takes part of its rows. What leaves in doubt to which decision a row belongs refuses every one that it
may belong to: else a machine could be missing from a permit that looks complete.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from desk.sheets import cells
from desk.sheets.cells import Address, Cell, CellError, Finding
from desk.sheets.columns import ITEM, REFERENCE, SOURCE, TYPE, Column, Layout, Need
from desk.sheets.files import Sheet, SheetLimits, too_many_rows
from desk.sheets.headings import Headings
from registry import decisions
from templates.problems import Problem

# What the example row of a template has for its reference; people may have deleted the end of it.
EXAMPLE: Final = "(contoh – tidak diimpor)"
_EXAMPLE_STEM: Final = "(contoh"
_FIELD: Final = re.compile(r"([^\[]*)(?:\[(\d+)\](.*))?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The rows of one decision, and its file as far as its cells could be read; `findings` say why not further.

    `key` tells the decision from every other one in the file, None where it has no reference; `doubted` are the
    references (folded without their source) of rows that stand here and may belong elsewhere.
    """

    rows: tuple[int, ...]
    reference: str
    key: str | None
    doubted: frozenset[str]
    value: Mapping[str, object] = dataclasses.field(repr=False)
    findings: tuple[Finding, ...]
    sheet: str
    headings: Headings = dataclasses.field(repr=False)
    items: Mapping[str, tuple[int, ...]]  # the rows of a list's items, by the list's path

    def place(self, field: str) -> Address:
        """Where a field of the decision stands ("public.units[1].fuel"): its cell, else the nearest there is."""
        found = _FIELD.match(field)
        outer, number, inner = found.groups() if found else (field, None, None)
        rows = self.items.get(outer, ())
        row = rows[int(number)] if number is not None and int(number) < len(rows) else self.rows[0]
        path = outer if number is None else f"{outer}{ITEM}{inner}"
        index = self.headings.index(path)
        while index is None and path:
            path = path.rpartition(".")[0]
            index = self.headings.index(path) if path else None
        return Address(sheet=self.sheet, row=row, column=(index if index is not None else self._reference) + 1)

    @property
    def start(self) -> Address:
        """The reference on the first row."""
        return Address(sheet=self.sheet, row=self.rows[0], column=self._reference + 1)

    @property
    def _reference(self) -> int:
        return self.headings.index(REFERENCE) or 0


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """The example row of the template, still as it was given out."""

    row: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """A row's cells that are not blank, by their place; `strays` stand under no heading."""

    number: int
    cells: Mapping[int, Cell]
    strays: tuple[int, ...]


class EntryReader:
    """Reads the decisions on one sheet."""

    def __init__(self, *, sheet: Sheet, headings: Headings, layout: Layout, limits: SheetLimits) -> None:
        self._sheet = sheet
        self._headings = headings
        self._layout = layout
        self._frame = _Frame(layout)
        self._limits = limits
        self._reference = headings.index(REFERENCE) or 0
        self._source = headings.index(SOURCE)

    def entries(self) -> Iterator[Entry | Example]:
        """Each decision with its rows, in the order of the sheet. Raises `RefusedSheetError`."""
        group: list[_Row] = []
        filled = 0
        for number, found in self._sheet.rows():
            row = self._row(number, found)
            if number <= self._headings.row or row is None:
                continue
            filled += 1
            if filled > self._limits.rows:
                raise too_many_rows(self._limits)
            if self._is_example(row):
                yield from self._entry(group)
                yield self._example(row)
                group = []
            elif group and self._belongs(row, group[0]):
                group.append(row)
            else:
                yield from self._entry(group)
                group = [row]
        yield from self._entry(group)

    def _row(self, number: int, found: tuple[Cell, ...]) -> _Row | None:
        columns, notes = self._headings.columns, self._headings.notes
        own: dict[int, Cell] = {}
        strays = []
        for index, cell in enumerate(found):
            if cells.blank(cell) or index in notes:
                continue
            if index in columns:
                own[index] = cell
            else:
                strays.append(index)
        return _Row(number, own, tuple(strays)) if own or strays else None

    def _text(self, row: _Row, index: int | None) -> str:
        cell = None if index is None else row.cells.get(index)
        return "" if cell is None else str(cell).strip()

    def _address(self, row: _Row, index: int) -> Address:
        return Address(sheet=self._sheet.name, row=row.number, column=index + 1)

    # Which rows are one decision

    def _belongs(self, row: _Row, first: _Row) -> bool:
        """Whether a row goes on with the decision above it, or seems meant to."""
        reference = self._text(row, self._reference)
        if not reference or self._only_items(row):
            return True
        source = self._text(first, self._source)
        own = decisions.fold(self._text(row, self._source) or source, reference)
        return own == decisions.fold(source, self._text(first, self._reference))

    def _only_items(self, row: _Row) -> bool:
        own = [self._headings.columns[index] for index in row.cells if index not in (self._reference, self._source)]
        return bool(own) and all(column.repeated for column in own)

    def _misplaced(self, row: _Row, first: _Row) -> Problem | None:
        """What is wrong with a row below the first one of its decision, as a whole."""
        own, above = self._text(row, self._reference), self._text(first, self._reference)
        other = self._address(first, self._reference).cell
        if own != above:
            return cells.error(
                self._layout.reference, "reference_differs",
                "{label} tidak sama dengan sel {other}. Bila baris ini lanjutan keputusan itu, tulis nomor yang sama "
                "persis; bila keputusan lain, lengkapi nomor dan isinya.",
                other=other,
            )  # fmt: skip
        if not any(self._headings.columns[index].repeated for index in row.cells):
            return cells.error(
                self._layout.reference, "nothing_added",
                "{label} sama dengan sel {other}, tetapi baris ini tidak menambah isi apa pun. Hapus barisnya, atau "
                "betulkan nomornya.",
                other=other,
            )  # fmt: skip
        return None

    # The example row

    def _is_example(self, row: _Row) -> bool:
        return self._text(row, self._reference).casefold().startswith(_EXAMPLE_STEM)

    def _example(self, row: _Row) -> Entry | Example:
        here = {column.path for column in self._headings.columns.values()} - {REFERENCE}
        given = {path: value for path, value in self._layout.example().items() if path in here}
        found: dict[str, object] = {}
        try:
            for index, cell in row.cells.items():
                column = self._headings.columns[index]
                if index != self._reference:
                    found[column.path] = column.show(self._read(cell, column))
        except CellError:
            found = {}
        if found == given and not row.strays:
            return Example(row.number)
        problem = cells.error(
            self._layout.reference, "example_changed",
            "{label} masih bertanda contoh, padahal isi barisnya sudah diubah. Tulis nomor rujukan yang sebenarnya, "
            "atau hapus baris ini.",
        )  # fmt: skip
        return Entry(
            rows=(row.number,),
            reference="",
            key=None,
            doubted=frozenset(),
            value={},
            findings=(Finding(address=self._address(row, self._reference), problem=problem),),
            sheet=self._sheet.name,
            headings=self._headings,
            items={},
        )

    # What the cells say

    def _entry(self, group: list[_Row]) -> Iterator[Entry]:
        if not group:
            return
        first, draft = group[0], _Draft(self._frame)
        findings: list[Finding] = []
        doubted = set()
        for row in group:
            findings += [self._stray(row, index) for index in row.strays]
            if row is not first and (problem := self._misplaced(row, first)) is not None:
                findings.append(Finding(address=self._address(row, self._reference), problem=problem))
                doubted.add(decisions.fold("", self._text(row, self._reference)))
                continue
            findings += self._cells(row, first, draft)
        own, source = self._text(first, self._reference), self._text(first, self._source)
        yield Entry(
            rows=tuple(row.number for row in group),
            reference=own,
            key=decisions.fold(source, own) if own else None,
            doubted=frozenset(doubted - {decisions.fold("", own)}),
            value=draft.value(),
            findings=tuple(findings),
            sheet=self._sheet.name,
            headings=self._headings,
            items={path: tuple(rows) for path, rows in draft.rows.items()},
        )

    def _cells(self, row: _Row, first: _Row, draft: "_Draft") -> Iterator[Finding]:
        draft.next_row(row.number, (self._headings.columns[index] for index in row.cells))
        for index, cell in row.cells.items():
            column = self._headings.columns[index]
            try:
                value = self._read(cell, column)
            except CellError as error:
                draft.fail(column)
                yield Finding(address=self._address(row, index), problem=error.problem)
                continue
            if row is first or column.repeated:
                draft.set(column, value)
            elif draft.contradicts(column, value):
                problem = cells.error(
                    column, "contradiction",
                    "{label} tidak sama dengan sel {other}, padahal keduanya milik satu keputusan. Samakan isinya, "
                    "atau isi hanya pada baris pertamanya.",
                    other=self._address(first, index).cell,
                )  # fmt: skip
                yield Finding(address=self._address(row, index), problem=problem)

    def _read(self, cell: Cell, column: Column) -> object:
        return cells.read(cell, column, max_characters=self._limits.cell_characters)

    def _stray(self, row: _Row, index: int) -> Finding:
        problem = cells.file_error(
            "stray_cell",
            "Sel ini terisi, tetapi kolomnya tidak berjudul. Hapus isinya, atau beri judul yang diawali #.",
        )
        return Finding(address=self._address(row, index), problem=problem)


class _Frame:
    """What every file of one layout has: the type, the objects that must be there, the lists that must."""

    def __init__(self, layout: Layout) -> None:
        must = [column.path.partition(ITEM) for column in layout.columns if column.need is Need.ALWAYS]
        self.type = layout.type
        self.parents = tuple(dict.fromkeys(outer.rpartition(".")[0] for outer, _, _ in must))
        self.lists = tuple(dict.fromkeys(outer for outer, item, _ in must if item))


class _Draft:
    """One decision's file while its rows are read."""

    def __init__(self, frame: _Frame) -> None:
        self._frame = frame
        self._once: dict[str, object] = {}
        self._items: dict[str, list[dict[str, object]]] = {}
        self._failed: set[str] = set()
        self.rows: dict[str, list[int]] = {}

    def next_row(self, number: int, filled: Iterable[Column]) -> None:
        """Begin an item in every list that the row fills a column of."""
        for path in {column.path.partition(ITEM)[0] for column in filled if column.repeated}:
            self._items.setdefault(path, []).append({})
            self.rows.setdefault(path, []).append(number)

    def set(self, column: Column, value: object) -> None:
        if column.repeated:
            outer, _, inner = column.path.partition(ITEM)
            self._items[outer][-1][inner.removeprefix(".")] = value
        else:
            self._once[column.path] = value

    def fail(self, column: Column) -> None:
        """The cell is filled but cannot be read; what holds it is there all the same."""
        if not column.repeated:
            self._failed.add(column.path)

    def contradicts(self, column: Column, value: object) -> bool:
        return column.path not in self._failed and self._once.get(column.path) != value

    def value(self) -> dict[str, object]:
        """The file. Objects that must be there are, even empty, so that each missing field is told by its name."""
        result: dict[str, object] = {TYPE: self._frame.type}
        for path in (*self._frame.parents, *(path.rpartition(".")[0] for path in self._failed)):
            _inside(result, path)
        for path in (*self._frame.lists, *self._items):
            _put(result, path, self._list(path))
        for path, value in self._once.items():
            _put(result, path, value)
        return result

    def _list(self, path: str) -> list[object]:
        found: list[object] = []
        for item in self._items.get(path, ()):
            if set(item) == {""}:  # a list of plain values
                found.append(item[""])
                continue
            one: dict[str, object] = {}
            for inner, value in item.items():
                _put(one, inner, value)
            found.append(one)
        return found


def _inside(result: dict[str, object], path: str) -> dict[str, Any]:
    """The object at a path, made where it is missing."""
    here: dict[str, Any] = result
    for name in path.split(".") if path else ():
        here = here.setdefault(name, {})
    return here


def _put(result: dict[str, object], path: str, value: object) -> None:
    parent, _, name = path.rpartition(".")
    _inside(result, parent)[name] = value
