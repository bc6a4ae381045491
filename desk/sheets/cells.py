"""Where a cell stands, what it may hold, and what it means for its column.

Whatever a spreadsheet may have changed on the way is refused, never guessed: digits of an identifier that was kept as
a number, a point that may part thousands or decimals, a formula.
"""

import dataclasses
import datetime
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from desk.sheets.columns import FLAGS, Column, Kind
from registry.formats.language import translations
from templates.problems import Problem, Value
from templates.reading import HIDDEN

DESK: Final = "desk"
# Excel keeps and shows a number to 15 significant digits; what a file holds beyond is noise of binary fractions.
_DIGITS: Final = 15
_MAX_SHOWN: Final = 60

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,15}", re.ASCII)
_PLAIN: Final = re.compile(r"-?\d+(?:[.,]\d+)?", re.ASCII)
_GROUPED: Final = re.compile(r"-?[1-9]\d{0,2}(?:\.\d{3})+,\d+|-?[1-9]\d{0,2}(?:\.\d{3}){2,}", re.ASCII)
_AMBIGUOUS: Final = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
# What a text file has in place of an error, and a workbook of rows to correct.
_ERROR_SIGNS: Final = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_SHORTENED: Final = re.compile(r"-?\d(?:[.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)


IN_TEXT: Final = "baris {row}, kolom {column}"


class Formula(str):
    """A cell that computes: its text, with the sign in front."""

    __slots__ = ()


class Broken(str):
    """A cell that shows an error, by its sign: "#REF!"."""

    __slots__ = ()


# What a cell holds; None is blank. A CSV file has only text.
Cell = None | str | int | float | bool | datetime.datetime | datetime.date | datetime.time | datetime.timedelta


def blank(cell: Cell) -> bool:
    """Whether a person sees nothing in the cell."""
    return cell is None or (type(cell) is str and not cell.strip())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A cell's place; rows and columns count from 1. `sheet` is empty in a CSV file."""

    sheet: str
    row: int
    column: int

    def text(self, language: str) -> str:
        """The place as its reader finds it: "Data!F12"; in a CSV file "baris 12, kolom F"."""
        if not self.sheet:
            form = translations(DESK, language).gettext(IN_TEXT)
            return form.format(row=self.row, column=letters_of(self.column))
        plain = re.fullmatch(r"\w+", self.sheet)
        sheet = self.sheet if plain else "'" + self.sheet.replace("'", "''") + "'"
        return f"{sheet}!{self.cell}"

    @property
    def cell(self) -> str:
        """The place within its sheet: "F12"."""
        return f"{letters_of(self.column)}{self.row}"


def letters_of(column: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem at its place; None where it concerns the whole file."""

    address: Address | None
    problem: Problem

    def text(self, language: str) -> str:
        """The place and the sentence, in one of the two languages."""
        said = self.problem.text(language)
        return said if self.address is None else f"{self.address.text(language)}: {said}"


class CellError(Exception):
    """A cell cannot be taken as it is; the caller knows where it stands."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def error(column: Column, code: str, template: str, **params: Value) -> Problem:
    """An error about a cell of `column`."""
    return Problem(
        severity="error",
        field=column.path,
        title=column.title,
        title_catalogue="templates",
        code=code,
        template=template,
        params=params,
        catalogue=DESK,
    )


def file_error(code: str, template: str, **params: Value) -> Problem:
    """An error about the file, or about a cell that belongs to no column."""
    return Problem(
        severity="error", field="", title="Berkas", code=code, template=template, params=params, catalogue=DESK
    )


def read(cell: Cell, column: Column, *, max_characters: int) -> object:
    """The cell's value as a decision's file has it. The cell is not blank. Raises `CellError`."""
    if isinstance(cell, Formula) or (isinstance(cell, str) and cell.lstrip().startswith("=")):
        raise _refused(
            column, cell, "formula",
            "{label} berisi rumus. Salin selnya, lalu tempelkan sebagai nilai (Tempel Khusus, Nilai).",
        )  # fmt: skip
    if isinstance(cell, Broken) or cell in _ERROR_SIGNS:
        raise _refused(
            column, cell, "error_value",
            "{label} berisi tanda kesalahan {sign}. Betulkan asalnya, lalu isikan nilainya.",
            sign=str(cell),
        )  # fmt: skip
    if isinstance(cell, str):
        cell = _text(cell, column, max_characters)
    return _READERS[column.kind](cell, column)


def _text(cell: str, column: Column, max_characters: int) -> str:
    if len(cell) > max_characters:
        raise _refused(
            column, cell, "cell_too_long",
            "{label} berisi {length} huruf, padahal satu sel paling banyak {limit}. Singkatkan isinya.",
            length=str(len(cell)), limit=str(max_characters),
        )  # fmt: skip
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise _refused(
            column, "", "broken_letter",
            "{label} memuat huruf yang rusak. Ketik ulang isinya.",
        ) from None  # fmt: skip
    return unicodedata.normalize("NFC", cell.strip())


def _as_text(cell: Cell, column: Column) -> str:
    if isinstance(cell, bool):
        raise _refused(
            column, cell, "flag_in_text",
            "{label} berisi nilai benar/salah, padahal harus teks. Ubah format selnya menjadi Teks, lalu ketik ulang.",
        )  # fmt: skip
    if isinstance(cell, int | float):
        raise _refused(
            column, cell, "number_in_text",
            "{label} tersimpan sebagai bilangan, padahal harus teks: nol di depan dan angka terakhir bisa hilang. Ubah "
            "format selnya menjadi Teks, lalu ketik ulang dari dokumennya.",
        )  # fmt: skip
    if not isinstance(cell, str):
        raise _refused(
            column, cell, "date_in_text",
            "{label} tersimpan sebagai tanggal atau jam, padahal harus teks. Ubah format selnya menjadi Teks, lalu "
            "ketik ulang.",
        )  # fmt: skip
    if _SHORTENED.fullmatch(cell):
        raise _refused(
            column, cell, "shortened_number",
            "{label} berisi {value}, bilangan yang disingkat sehingga angkanya hilang. Ubah format selnya menjadi "
            "Teks, lalu ketik ulang dari dokumennya.",
        )  # fmt: skip
    return cell


def _as_date(cell: Cell, column: Column) -> str:
    if isinstance(cell, datetime.datetime):
        if cell.time() != datetime.time():
            raise _refused(
                column, cell.isoformat(" "), "date_with_time",
                "{label} berisi {value}, tanggal dengan jam. Isilah tanggalnya saja.",
            )  # fmt: skip
        return cell.date().isoformat()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if not isinstance(cell, str):
        raise _refused(
            column, cell, "date_as_number",
            "{label} berisi {value}, padahal harus tanggal. Ubah format selnya menjadi Tanggal, atau tulis misalnya "
            "23/11/2026.",
        )  # fmt: skip
    if found := _ISO.fullmatch(cell):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(cell):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
    else:
        raise _refused(
            column, cell, "date_form",
            "{label} berisi {value}, padahal harus tanggal. Tulis hari/bulan/tahun, misalnya 23/11/2026, atau "
            "tahun-bulan-hari, misalnya 2026-11-23.",
        )  # fmt: skip
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        raise _refused(
            column, cell, "no_such_day",
            "{label} berisi {value}, tanggal yang tidak ada dalam kalender. Urutannya hari/bulan/tahun; cocokkan "
            "dengan dokumennya.",
        ) from None  # fmt: skip


def _as_decimal(cell: Cell, column: Column) -> str:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not math.isfinite(cell):
            raise _no_number(cell, column)
        return f"{Decimal(format(cell, f'.{_DIGITS}g')):f}"
    if not isinstance(cell, str):
        raise _no_number(cell, column)
    if _AMBIGUOUS.fullmatch(cell):
        raise _refused(
            column, cell, "ambiguous_number",
            "{label} berisi {value}, yang bisa dibaca sebagai ribuan atau pecahan. Tulis ribuan tanpa titik, misalnya "
            "1250, atau pecahan dengan satu nol di belakang, misalnya 1,2500.",
        )  # fmt: skip
    if _PLAIN.fullmatch(cell):
        return cell.replace(",", ".")
    if _GROUPED.fullmatch(cell):
        return cell.replace(".", "").replace(",", ".")
    raise _no_number(cell, column)


def _no_number(cell: Cell, column: Column) -> CellError:
    return _refused(
        column, cell, "no_number",
        "{label} berisi {value}, padahal harus bilangan. Tulis angkanya saja, dengan koma untuk pecahan, misalnya "
        "12,5.",
    )  # fmt: skip


def _as_whole(cell: Cell, column: Column) -> int:
    # Past 2^53 a number may have changed on its way through the spreadsheet.
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) < 10**_DIGITS and cell == int(cell):
        return int(cell)
    if isinstance(cell, str) and _WHOLE.fullmatch(cell):
        return int(cell)
    raise _refused(
        column, cell, "no_whole_number",
        "{label} berisi {value}, padahal harus bilangan bulat. Tulis angkanya saja tanpa pemisah, misalnya 1500.",
    )  # fmt: skip


def _as_choice(cell: Cell, column: Column) -> str:
    words = {_folded(text): code for code, word in column.choices.items() for text in (code, word)}
    code = words.get(_folded(cell)) if isinstance(cell, str) else None
    if code is None:
        raise _refused(
            column, cell, "no_choice",
            "{label} berisi {value}, yang tidak ada dalam pilihannya. Pilih salah satu: {expected}.",
            expected=", ".join(column.choices.values()),
        )  # fmt: skip
    return code


def _as_flag(cell: Cell, column: Column) -> bool:
    if isinstance(cell, bool):
        return cell
    found = next((flag for flag, word in FLAGS.items() if isinstance(cell, str) and cell.casefold() == word), None)
    if found is None:
        raise _refused(
            column, cell, "no_choice",
            "{label} berisi {value}, yang tidak ada dalam pilihannya. Pilih salah satu: {expected}.",
            expected=", ".join(FLAGS.values()),
        )  # fmt: skip
    return found


_READERS: Final[Mapping[Kind, Callable[[Cell, Column], object]]] = {
    Kind.TEXT: _as_text,
    Kind.DATE: _as_date,
    Kind.DECIMAL: _as_decimal,
    Kind.WHOLE: _as_whole,
    Kind.CHOICE: _as_choice,
    Kind.FLAG: _as_flag,
}


def _folded(text: str) -> str:
    """A choice as people type it: case, spaces and underscores do not count."""
    return re.sub(r"[\s_]+", " ", text).strip().casefold()


def _refused(column: Column, cell: Cell, code: str, template: str, **params: Value) -> CellError:
    if "{value}" in template:
        params["value"] = HIDDEN if column.private else f"“{shown(cell)}”"
    return CellError(error(column, code, template, **params))


def shown(cell: Cell) -> str:
    """A cell's content inside a sentence: printable, and not longer than a reader wants it."""
    text = format(cell, f".{_DIGITS}g") if isinstance(cell, float) else str(cell)
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: _MAX_SHOWN + 1])
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
