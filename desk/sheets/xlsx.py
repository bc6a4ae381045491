"""Reads XLSX workbooks from anyone: looked through by a bare XML parser first, then read by openpyxl as a stream.

The first look bounds what unpacks and what a sheet claims to hold, and refuses document type declarations, so that no
entity is ever expanded or fetched. Only then openpyxl, which has no limits of its own, sees the file.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, TypeVar
from xml.parsers import expat

import openpyxl

from desk.sheets.cells import Broken, Cell, Formula
from desk.sheets.files import (
    Range,
    RefusedSheetError,
    Rows,
    Sheet,
    SheetLimits,
    refused,
    too_many_columns,
)

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BETWEEN: Final = "}"  # expat writes a qualified name as namespace, this, local name
_CHUNK: Final = 1 << 16
_BLOCK: Final = 64  # rows that openpyxl reads at a time
# ECMA-376 part 1, 18.3.1.73: what a worksheet can hold at most.
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384
# A million strings is far past what the rows of one import hold; each costs memory even when it is empty.
_MAX_STRINGS: Final = 2_000_000
_MAX_MEMBERS: Final = 1_000
_MAX_MERGED: Final = 10_000
_MAX_NUMBER: Final = 1 << 63
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_Result = TypeVar("_Result")


def sheets(data: bytes, *, limits: SheetLimits) -> tuple[Sheet, ...]:
    """The worksheets of a workbook. Any bytes: raises only `RefusedSheetError`."""
    looks = _guarded(lambda: _look_through(data, limits))
    return tuple(_guarded(lambda: _opened(data, looks, limits)))


def _opened(data: bytes, looks: "dict[str, _Look]", limits: SheetLimits) -> list[Sheet]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    found: list[Sheet] = []
    for sheet in book.worksheets:
        # What the file says of its own size is not to be relied on: cells beyond it would be left out unseen.
        sheet.reset_dimensions()
        found.append(_Worksheet(sheet, looks[sheet._worksheet_path], limits))  # openpyxl names it nowhere else
    return found


class _Worksheet:
    def __init__(self, sheet: Any, look: "_Look", limits: SheetLimits) -> None:
        self._sheet = sheet
        self._limits = limits
        self.name: str = sheet.title
        self.filled_rows = look.filled
        self.merged = tuple(look.merged)

    def rows(self) -> Rows:
        stream = iter(self._sheet.iter_rows(max_col=self._limits.columns))
        number = 0
        while block := _guarded(lambda: list(islice(stream, _BLOCK))):
            for row in block:
                number += 1
                cells = tuple(_value(cell.value, cell.data_type) for cell in row)
                if any(cell is not None for cell in cells):
                    yield number, cells


def _value(value: Any, data_type: str) -> Cell:
    if value is None:
        return None
    if data_type == "f":
        return Formula(value if isinstance(value, str) else "=")
    if data_type == "e":
        return Broken(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_NUMBER:
        return float(_MAX_NUMBER)  # no cell of ours may hold such a number, and some are too long to write
    return value  # type: ignore[no-any-return]  # text, number, truth or date


class _Look:
    """What one part of the package holds, found while its XML goes by."""

    def __init__(self, limits: SheetLimits) -> None:
        self.filled = 0
        self.merged: list[Range] = []
        self._limits = limits
        self._strings = 0
        self._row = self._column = 0
        self._counted = False
        self._root = True
        self._parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._known: dict[str, Callable[[dict[str, str]], None]] = {
            f"{_MAIN}{_BETWEEN}{name}": handler
            for name, handler in (
                ("row", self._on_row),
                ("c", self._on_cell),
                ("v", self._on_content),
                ("is", self._on_content),
                ("f", self._on_content),
                ("si", self._on_string),
                ("mergeCell", self._on_merged),
            )
        }

    def feed(self, chunk: bytes, *, last: bool) -> None:
        self._parser.Parse(chunk, last)

    def _doctype(self, *_declared: object) -> None:
        raise refused(
            "entities",
            "Berkas memuat deklarasi XML yang tidak dibuat oleh Excel. Buka berkas itu di Excel, lalu simpan ulang "
            "sebagai .xlsx.",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._root:
            self._root = False
            space, _, local = name.rpartition(_BETWEEN)
            if local == "worksheet" and space != _MAIN:
                raise refused(
                    "strict_xlsx",
                    "Berkas disimpan sebagai “Strict Open XML”. Simpan ulang sebagai Buku Kerja Excel (.xlsx) biasa.",
                )
        if (handler := self._known.get(name)) is not None:
            handler(attributes)

    def _on_row(self, attributes: dict[str, str]) -> None:
        row = int(attributes["r"]) if "r" in attributes else self._row + 1
        if not self._row < row <= _LAST_ROW:
            raise _unreadable()
        self._row, self._column, self._counted = row, 0, False

    def _on_cell(self, attributes: dict[str, str]) -> None:
        column = self._column + 1
        if "r" in attributes:
            row, column = _place(attributes["r"])
            if row != self._row:
                raise _unreadable()
        if not self._column < column <= _LAST_COLUMN:
            raise _unreadable()
        self._column = column

    def _on_content(self, _attributes: dict[str, str]) -> None:
        if self._column > self._limits.columns:
            raise too_many_columns(self._limits)
        if not self._counted:
            self._counted = True
            self.filled += 1

    def _on_string(self, _attributes: dict[str, str]) -> None:
        self._strings += 1
        if self._strings > _MAX_STRINGS:
            raise _unpacks_too_large(self._limits)

    def _on_merged(self, attributes: dict[str, str]) -> None:
        first, _, last = attributes["ref"].partition(":")
        top, left = _place(first)
        bottom, right = _place(last or first)
        if len(self.merged) >= _MAX_MERGED:
            raise _unreadable()
        self.merged.append(Range(top=top, left=left, bottom=bottom, right=right))


def _look_through(data: bytes, limits: SheetLimits) -> dict[str, _Look]:
    """Every part of the package by its name. What is no XML is only unpacked and counted."""
    looks: dict[str, _Look] = {}
    room = limits.unpacked_mib * 1024 * 1024
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members = package.infolist()
        if len(members) > _MAX_MEMBERS or len({member.filename for member in members}) < len(members):
            raise _unreadable()
        for member in members:
            look, readable = _Look(limits), True
            with package.open(member) as part:
                while chunk := part.read(_CHUNK):
                    room -= len(chunk)
                    if room < 0:
                        raise _unpacks_too_large(limits)
                    readable = readable and _fed(look, chunk, member.filename)
            if readable and _fed(look, b"", member.filename, last=True):
                looks[member.filename] = look
    return looks


def _fed(look: _Look, chunk: bytes, name: str, *, last: bool = False) -> bool:
    """Whether the part is XML so far. A picture is none; what is named XML must be."""
    try:
        look.feed(chunk, last=last)
    except expat.ExpatError as error:
        if name.endswith((".xml", ".rels")):
            raise _unreadable() from error
        return False
    return True


def _place(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise _unreadable()
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column


def _guarded(step: Callable[[], _Result]) -> _Result:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which mean nothing to us
            return step()
    except RefusedSheetError:
        raise
    # openpyxl, zipfile and the decompressors promise no errors of their own for a hostile file: any may come.
    except Exception as error:
        raise _unreadable() from error


def _unreadable() -> RefusedSheetError:
    return refused(
        "broken_xlsx",
        "Berkas .xlsx ini rusak atau bukan buku kerja Excel. Buka di Excel, lalu simpan ulang sebagai .xlsx.",
    )


def _unpacks_too_large(limits: SheetLimits) -> RefusedSheetError:
    return refused(
        "unpacks_too_large",
        "Isi berkas .xlsx ini melebihi {limit} MB. Salin tabelnya saja ke templat yang baru, atau bagilah menjadi "
        "beberapa berkas.",
        limit=str(limits.unpacked_mib),
    )
