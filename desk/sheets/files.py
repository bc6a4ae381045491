"""A file of many decisions as rows of cells, whatever program saved it: XLSX, or text in the style of CSV."""

import csv
import dataclasses
import io
from collections.abc import Iterator
from typing import Final, Protocol

from desk.sheets.cells import Cell, Finding, file_error
from registry.formats.errors import DocumentError
from templates.problems import Problem, Value

_ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_BOM: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS: Final = ";,\t"
_MIB: Final = 1024 * 1024
# Within so many filled rows stand the headings: groups, titles, paths, and what someone put above them.
HEADING_ROWS: Final = 10

# What stands between two rows: the number of the row, from 1 as the spreadsheet shows it, and its cells.
Rows = Iterator[tuple[int, tuple[Cell, ...]]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SheetLimits:
    """How much one import may hold; every name says its unit."""

    file_mib: int = 20
    unpacked_mib: int = 256
    rows: int = 60_000
    columns: int = 500
    cell_characters: int = 4_000
    shown_problems: int = 1_000

    def __post_init__(self) -> None:
        """Raises `ValueError` for a limit that lets nothing through."""
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} must be at least 1")


class RefusedSheetError(DocumentError):
    """The file as a whole cannot be taken; nothing was kept. Carries every finding."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.text("id") for finding in findings))
        self.findings = findings


def refused(code: str, template: str, **params: Value) -> RefusedSheetError:
    """The refusal of a file for one reason that has no cell."""
    return of(file_error(code, template, **params))


def of(problem: Problem) -> RefusedSheetError:
    """The refusal of a file for one problem that has no cell."""
    return RefusedSheetError((Finding(address=None, problem=problem),))


class Sheet(Protocol):
    """One sheet, which can be read as often as one likes. `merged` has the ranges of merged cells."""

    @property
    def name(self) -> str:
        """What the sheet is called; empty for a file that has no sheets."""

    @property
    def filled_rows(self) -> int:
        """How many rows hold something."""

    @property
    def merged(self) -> "tuple[Range, ...]":
        """The ranges of merged cells."""

    def rows(self) -> Rows:
        """Each row with its number. Raises `RefusedSheetError`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A rectangle of cells, its corners included; counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


def sheets(data: bytes, *, limits: SheetLimits) -> tuple[Sheet, ...]:
    """The sheets in a file. Any bytes: raises only `RefusedSheetError`."""
    if len(data) > limits.file_mib * _MIB:
        raise refused(
            "file_too_large",
            "Berkas berukuran {size} MB, melebihi batas {limit} MB. Bagilah menjadi beberapa berkas.",
            size=str(-(-len(data) // _MIB)), limit=str(limits.file_mib),
        )  # fmt: skip
    if data.startswith(_ZIP):
        # Loaded where it is needed: the library takes longer to load than a small CSV file to read.
        from desk.sheets import xlsx  # noqa: PLC0415

        return xlsx.sheets(data, limits=limits)
    if data.startswith(_OLD_OFFICE):
        raise refused(
            "old_or_locked",
            "Berkas ini berformat Excel lama (.xls) atau dikunci kata sandi. Buka kuncinya, lalu simpan sebagai Buku "
            "Kerja Excel (.xlsx).",
        )  # fmt: skip
    return (DelimitedText(_decoded(data), limits=limits),)


def _decoded(data: bytes) -> str:
    if not data.startswith(_WIDE) and b"\0" not in data:
        try:
            return data.removeprefix(_BOM).decode()
        except UnicodeDecodeError as error:
            raise refused(
                "not_utf8",
                "Berkas bukan UTF-8: baris {line} memuat huruf yang tidak terbaca. Simpan ulang sebagai “CSV UTF-8”, "
                "atau pakai templat .xlsx.",
                line=str(data.count(b"\n", 0, error.start) + 1),
            ) from error  # fmt: skip
    raise refused(
        "no_sheet_file",
        "Berkas ini bukan .xlsx dan bukan CSV dalam UTF-8. Simpan ulang sebagai Buku Kerja Excel (.xlsx) atau “CSV "
        "UTF-8”.",
    )


class DelimitedText:
    """Text whose cells are parted by semicolon, comma or tab: the one that parts its first line most."""

    name = ""
    merged: tuple[Range, ...] = ()

    def __init__(self, text: str, *, limits: SheetLimits) -> None:
        first = text.lstrip("\r\n").partition("\n")[0]
        self._text, self._skipped = text, 0
        if first.rstrip("\r").lower() in {f"sep={mark}" for mark in _DELIMITERS}:
            self._delimiter = first[4]
            self._skipped = 1
        else:
            outside = "".join(first.split('"')[::2])
            self._delimiter = max(_DELIMITERS, key=outside.count)
        self._limits = limits

    @property
    def filled_rows(self) -> int:
        """An upper bound: cells may hold line breaks."""
        return self._text.count("\n") + 1

    def rows(self) -> Rows:
        """Each row with its number, as a spreadsheet counts them. Blank cells are None."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._delimiter, strict=True)
        number = 0
        try:
            for cells in reader:
                number += 1
                if number <= self._skipped or not any(cells):
                    continue
                if len(cells) > self._limits.columns:
                    raise too_many_columns(self._limits)
                yield number, tuple(cell or None for cell in cells)
        except csv.Error as error:
            raise refused(
                "csv_syntax",
                "Baris {line} tidak bisa dibagi menjadi sel. Periksa tanda kutip (\") di baris itu: kutip di dalam isi "
                "ditulis dua kali.",
                line=str(reader.line_num),
            ) from error  # fmt: skip


def too_many_rows(limits: SheetLimits) -> RefusedSheetError:
    """The refusal of a sheet that is too long."""
    return refused(
        "too_many_rows",
        "Berkas memuat lebih dari {limit} baris. Bagilah menjadi beberapa berkas.",
        limit=str(limits.rows),
    )


def too_many_columns(limits: SheetLimits) -> RefusedSheetError:
    """The refusal of a sheet that is too wide."""
    return refused(
        "too_many_columns",
        "Berkas memuat isi di luar {limit} kolom pertama. Hapus isi di sebelah kanan tabel.",
        limit=str(limits.columns),
    )
