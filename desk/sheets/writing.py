"""Writes the template that officers fill in, and the same sheet with refused rows to correct: XLSX and CSV."""

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation

from desk.sheets.cells import Cell, letters_of
from desk.sheets.columns import FLAGS, REFERENCE, Column, Kind, Layout, Need, Shown
from desk.sheets.entries import EXAMPLE
from desk.sheets.headings import MARKS, NOTE
from templates import wording

DATA: Final = "Data"
GUIDE: Final = "Petunjuk"
CHOICES: Final = "Pilihan"
ERRORS: Final = "#kesalahan"
_ERRORS_TITLE: Final = "Kesalahan (betulkan, lalu impor lagi)"

_TEXT: Final = "@"
_FORMATS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: _TEXT,
    Kind.CHOICE: _TEXT,
    Kind.FLAG: _TEXT,
    # With the month in words, so that whoever typed day and month the wrong way round sees it.
    Kind.DATE: r"[$-421]dd\ mmmm\ yyyy",
    Kind.WHOLE: "0",
    Kind.DECIMAL: "General",
}
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "Teks",
    Kind.CHOICE: "Pilihan",
    Kind.FLAG: "Pilihan",
    Kind.DATE: "Tanggal (hari/bulan/tahun)",
    Kind.WHOLE: "Bilangan bulat",
    Kind.DECIMAL: "Bilangan, koma untuk pecahan",
}
# Colours of the public pages: navy, blue, grey; each stands beside the words in `MARKS`.
_FILLS: Final[Mapping[Need, tuple[str, str]]] = {
    Need.ALWAYS: ("123A5C", "FFFFFF"),
    Need.WITH_GROUP: ("E8F0F8", "123A5C"),
    Need.NEVER: ("EEF0F3", "3D4551"),
}
_EXAMPLE_FILL: Final = ("FDF3DC", "6B4700")
_ERROR_FILL: Final = ("FBEAEA", "8F1D1D")
_BAND_FILL: Final = ("FFFFFF", "123A5C")
_LINE: Final = Side(style="thin", color="C9CED6")
_WIDE_TEXT: Final = 100
_HEADING_ROWS: Final = 3
_PROMPT_CHARACTERS: Final = 250
_PROMPT_TITLE_CHARACTERS: Final = 32


def template_xlsx(layout: Layout, *, rows: int, to: IO[bytes]) -> None:
    """Write the workbook to fill in; checks and formats reach as far as `rows` decisions."""
    _Book(layout, rows=rows).write(((layout.example(), ""),), example=True, to=to)


def corrections_xlsx(
    layout: Layout, rows: Iterable[tuple[Mapping[str, Cell], str]], *, count: int, to: IO[bytes]
) -> None:
    """Write rows as they were handed in, each with what is wrong with it."""
    _Book(layout, rows=count).write(rows, example=False, to=to)


def template_csv(layout: Layout, *, to: IO[bytes]) -> None:
    """Write the text file to fill in: UTF-8 with BOM and semicolons, as Indonesian Excel opens and saves it."""
    example = {path: _plain(value) for path, value in layout.example().items()} | {REFERENCE: EXAMPLE}
    _write_csv(layout, (example,), errors=False, to=to)


def corrections_csv(layout: Layout, rows: Iterable[tuple[Mapping[str, Cell], str]], *, to: IO[bytes]) -> None:
    """Write rows as they were handed in, each with what is wrong with it."""
    _write_csv(layout, ({**row, ERRORS: said} for row, said in rows), errors=True, to=to)


def _write_csv(layout: Layout, rows: Iterable[Mapping[str, Cell]], *, errors: bool, to: IO[bytes]) -> None:
    text = io.TextIOWrapper(to, encoding="utf-8-sig", newline="", errors="replace", write_through=True)
    writer = csv.writer(text, delimiter=";")
    paths = [column.path for column in layout.columns] + [ERRORS] * errors
    writer.writerow([f"{column.title} {MARKS[column.need]}" for column in layout.columns] + [_ERRORS_TITLE] * errors)
    writer.writerow(paths)
    for row in rows:
        writer.writerow(["" if (cell := row.get(path)) is None else str(cell) for path in paths])
    text.detach()


def _plain(value: Shown) -> str:
    match value:
        case Decimal():
            return f"{value:f}".replace(".", ",")
        case datetime.date():
            return value.isoformat()
        case _:
            return str(value)


class _Book:
    """One workbook, written row by row: thousands of rows never stand in memory at once."""

    def __init__(self, layout: Layout, *, rows: int) -> None:
        self._layout = layout
        self._rows = rows
        self._book = Workbook(write_only=True)
        self._data = self._book.create_sheet(DATA)
        self._styles: dict[tuple[object, ...], tuple[Any, ...]] = {}

    def write(self, rows: Iterable[tuple[Mapping[str, Any], str]], *, example: bool, to: IO[bytes]) -> None:
        """Write every sheet. With `example` the rows are the example row; else they have errors in a last column."""
        self._prepare(errors=not example)
        for heading in self._headings(errors=not example):
            self._data.append(heading)
        for row, said in rows:
            cells = [self._cell(row.get(column.path), column, example=example) for column in self._layout.columns]
            if example:
                cells[0] = self._styled(EXAMPLE, _EXAMPLE_FILL, number_format=_TEXT, italic=True)
            else:
                cells.append(self._styled(_printable(said), _ERROR_FILL, wrap=True) if said else None)
            self._data.append(cells)
        self._guide(example=example)
        self._choices()
        self._book.save(to)

    # The sheet to fill in

    def _prepare(self, *, errors: bool) -> None:
        """Widths, formats and checks must stand before the first row."""
        self._data.freeze_panes = f"B{_HEADING_ROWS + 1}"
        self._data.row_dimensions[_HEADING_ROWS].hidden = True
        self._data.row_dimensions[2].height = 62
        self._data.sheet_properties.tabColor = _FILLS[Need.ALWAYS][0]
        for number, column in enumerate(self._layout.columns, start=1):
            dimension = self._data.column_dimensions[letters_of(number)]
            dimension.width = _width(column)
            dimension.number_format = _FORMATS[column.kind]
            self._check(column, letters_of(number))
        if errors:
            self._data.column_dimensions[letters_of(len(self._layout.columns) + 1)].width = 70

    def _headings(self, *, errors: bool) -> Iterator[list[object]]:
        columns = self._layout.columns
        groups = [""] + [column.group for column in columns]
        yield [
            self._styled(column.group if column.group != before else None, _BAND_FILL, bold=True)
            for before, column in zip(groups, columns, strict=False)
        ]
        titles = [
            self._styled(f"{c.title}\n{MARKS[c.need]}", _FILLS[c.need], bold=c.need is Need.ALWAYS, wrap=True)
            for c in columns
        ]
        yield titles + [self._styled(_ERRORS_TITLE, _ERROR_FILL, bold=True, wrap=True)] * errors
        yield [*(column.path for column in columns), *[ERRORS] * errors]

    def _cell(self, value: Any, column: Column, *, example: bool) -> object:
        if example:
            return self._styled(value, _EXAMPLE_FILL, number_format=_FORMATS[column.kind], italic=True)
        if value is None:
            return None
        return self._styled(value, None, number_format=_as_handed_in(value, column))

    def _check(self, column: Column, letter: str) -> None:
        check = _validation(column, self._layout)
        check.promptTitle = column.title[:_PROMPT_TITLE_CHARACTERS]
        check.prompt = _hint(column)[:_PROMPT_CHARACTERS]
        check.errorTitle = "Periksa isian"
        check.error = check.prompt
        check.showInputMessage = check.showErrorMessage = True
        first = _HEADING_ROWS + 1
        check.add(f"{letter}{first}:{letter}{first + self._rows}")
        self._data.data_validations.append(check)

    # The other sheets

    def _guide(self, *, example: bool) -> None:
        sheet = self._book.create_sheet(GUIDE)
        for letter, width in zip("ABCDEFG", (9, 26, 40, 30, 30, 46, 40), strict=True):
            sheet.column_dimensions[letter].width = width
        sheet.append([self._styled(f"Cara mengisi templat {self._layout.title}", None, bold=True)])
        for number, line in enumerate(_steps(self._layout, example=example), start=1):
            sheet.append([self._styled(f"{number}.", None), self._styled(line, None)])
        sheet.append([])
        heads = ("Kolom", "Bagian", "Isian", "Wajib?", "Jenis", "Batas atau pilihan", "Contoh")
        sheet.append([self._styled(head, _FILLS[Need.ALWAYS], bold=True) for head in heads])
        for number, column in enumerate(self._layout.columns, start=1):
            shown = self._layout.example_of(column)
            sheet.append([
                self._styled(letters_of(number), None),
                self._styled(column.group, None, wrap=True),
                self._styled(column.title, None, wrap=True, bold=column.need is Need.ALWAYS),
                self._styled(MARKS[column.need].strip("()").capitalize(), _FILLS[column.need], wrap=True),
                self._styled(_KINDS[column.kind], None, wrap=True),
                self._styled(_limit(column), None, wrap=True),
                self._styled("" if shown is None else _written(shown), None, number_format=_TEXT, wrap=True),
            ])  # fmt: skip

    def _choices(self) -> None:
        sheet = self._book.create_sheet(CHOICES)
        sheet.sheet_state = "hidden"
        columns = _chosen(self._layout)
        sheet.append([column.path for column in columns])
        words = [_words(column) for column in columns]
        for index in range(max(map(len, words), default=0)):
            sheet.append([self._styled(one[index], None) if index < len(one) else None for one in words])

    def _styled(
        self,
        value: Any,
        colours: tuple[str, str] | None,
        *,
        number_format: str = "General",
        bold: bool = False,
        italic: bool = False,
        wrap: bool = False,
    ) -> object:
        cell = WriteOnlyCell(self._data)
        if isinstance(value, str):
            cell.value = _printable(value)
            cell.data_type = "s"  # never a formula, whatever it begins with
        else:
            cell.value = value
        cell.number_format = number_format
        key = (colours, bold, italic, wrap)
        if key not in self._styles:
            ground, ink = colours or (None, "1A1F2B")
            self._styles[key] = (
                Font(bold=bold, italic=italic, color=ink),
                Alignment(wrap_text=wrap, vertical="top"),
                PatternFill("solid", fgColor=ground) if ground else None,
                Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE) if ground else None,
            )
        font, alignment, fill, border = self._styles[key]
        cell.font, cell.alignment = font, alignment
        if fill is not None:
            cell.fill, cell.border = fill, border
        return cell


def _as_handed_in(value: object, column: Column) -> str:
    """The format under which a refused value means what it meant: a bare number must not turn into a date, or back."""
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return _FORMATS[Kind.DATE] if column.kind is Kind.DATE else "yyyy-mm-dd hh:mm"
    return "General" if column.kind is Kind.DATE and isinstance(value, int | float) else _FORMATS[column.kind]


def _printable(text: str) -> str:
    """Text that XML can hold; what it cannot becomes a sign that is refused again."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return str(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text))


def _validation(column: Column, layout: Layout) -> DataValidation:
    match column.kind:
        case Kind.CHOICE | Kind.FLAG:
            letter = letters_of(_chosen(layout).index(column) + 1)
            last = len(_words(column)) + 1
            return DataValidation(type="list", formula1=f"{CHOICES}!${letter}$2:${letter}${last}", allow_blank=True)
        case Kind.WHOLE if column.minimum is not None and column.maximum is not None:
            return DataValidation(
                type="whole", operator="between", formula1=column.minimum, formula2=column.maximum, allow_blank=True
            )
        case Kind.TEXT if column.max_length is not None:
            return DataValidation(
                type="textLength", operator="lessThanOrEqual", formula1=column.max_length, allow_blank=True
            )
        case _:
            return DataValidation(allow_blank=True)


def _chosen(layout: Layout) -> list[Column]:
    return [column for column in layout.columns if _words(column)]


def _words(column: Column) -> Sequence[str]:
    return list(FLAGS.values()) if column.kind is Kind.FLAG else list(column.choices.values())


def _width(column: Column) -> int:
    if column.path == REFERENCE:
        return 27
    if column.kind is Kind.TEXT:
        return 42 if (column.max_length or 0) > _WIDE_TEXT else 26
    return 20


def _hint(column: Column) -> str:
    words = [_KINDS[column.kind], _limit(column), MARKS[column.need].strip("()")]
    return ". ".join(word[0].upper() + word[1:] for word in words if word) + "."


def _limit(column: Column) -> str:
    if words := _words(column):
        return ", ".join(words)
    if column.max_length is not None:
        return f"Paling banyak {column.max_length} huruf"
    low, high = column.minimum, column.maximum
    bounds = []
    if column.above is not None:
        bounds.append(f"lebih dari {_written(Decimal(str(column.above)))}")
    if low is not None:
        bounds.append(f"paling kecil {_bound(column, low)}")
    if high is not None:
        bounds.append(f"paling besar {_bound(column, high)}")
    return ", ".join(bounds).capitalize()


def _bound(column: Column, value: float) -> str:
    # Without a separator, as it is typed: 2.999 beside a year would be misread.
    return str(int(value)) if column.kind is Kind.WHOLE else _written(Decimal(str(value)))


def _written(value: Shown) -> str:
    match value:
        case Decimal():
            return wording.number(value).replace(".", "")
        case datetime.date():
            return value.strftime("%d/%m/%Y")
        case _:
            return str(value)


def _steps(layout: Layout, *, example: bool) -> Iterator[str]:
    first = _HEADING_ROWS + 1
    if example:
        yield (
            f"Isi lembar “{DATA}” mulai baris {first + 1}. Baris {first} hanya contoh: tidak diimpor selama tidak "
            "diubah, dan boleh dihapus."
        )
    else:
        yield (
            f"Lembar “{DATA}” memuat baris yang ditolak. Betulkan menurut kolom terakhir, lalu impor berkas ini; kolom "
            "terakhir itu boleh dibiarkan."
        )
    lists = dict.fromkeys(column.group for column in layout.columns if column.repeated)
    yield "Satu keputusan satu baris, dengan nomor rujukan yang tidak dipakai keputusan lain."
    for group in lists:
        yield (
            f"“{group}” boleh beberapa: tulis satu per baris, berurutan ke bawah, dengan {layout.reference.title} yang "
            "sama persis. Kolom lain cukup diisi pada baris pertama."
        )
    yield "Tanggal: ketik 23/11/2026 (hari/bulan/tahun). Sel lalu menampilkan nama bulannya; periksalah."
    yield "Bilangan: koma untuk pecahan, tanpa titik ribuan. Contoh: 1250 atau 1250,5."
    yield "NIK, NPWP, NIB, dan nomor lain disimpan sebagai teks. Jangan ubah format selnya: nol di depan bisa hilang."
    yield "Jangan memakai rumus atau menggabungkan sel. Urutan kolom boleh diubah; judulnya jangan."
    yield f"Kolom catatan sendiri boleh ditambahkan, dengan judul yang diawali {NOTE}."
    yield "Periksa dulu tanpa menyimpan: absah decision import BERKAS --check. Impor ulang baris yang sama aman."
