"""Many decisions at once: the template to fill in, and its import."""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import tqdm

from cli.home import CONFIGURATION, ConfigurationError, Home, MisuseError
from cli.issuing import development_home, intake
from cli.recording import known_pack
from desk.intake import Intake, Outcome
from desk.sheets.cells import Finding
from desk.sheets.columns import Layout
from desk.sheets.files import RefusedSheetError, SheetLimits
from desk.sheets.importing import Advance, Examination, Result, SheetImport
from registry.formats.language import N_
from templates import packs
from templates.packs import Pack

_PRIVATE: Final = 0o600  # rows to correct hold what only the office may know
_WORKBOOK, _TEXT = ".xlsx", ".csv"
_MARK: Final = ".salah"

_SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "error": "SALAH",
        "warning": "PERHATIAN",
        "examining": "Memeriksa",
        "recording": "Menyimpan",
        "row": " baris",
        "decision": " keputusan",
        "summary": "{added} baru, {revised} revisi, {unchanged} tidak berubah, {refused} ditolak",
        "examples": "{count} baris contoh dilewati",
        "more": "… dan {count} temuan lain; --json memuat semuanya",
        "checked": "Hanya diperiksa: tidak ada yang disimpan.",
        "nothing": "Tidak ada yang disimpan. Betulkan yang salah lalu impor lagi, atau simpan yang benar saja dengan "
        "--good-rows.",
        "corrections": "Baris yang ditolak ada di {path}: betulkan di sana, lalu impor berkas itu.",
    },
    "en": {
        "error": "ERROR",
        "warning": "WARNING",
        "examining": "Checking",
        "recording": "Recording",
        "row": " rows",
        "decision": " decisions",
        "summary": "{added} added, {revised} revised, {unchanged} unchanged, {refused} refused",
        "examples": "{count} example row left out",
        "more": "… and {count} more findings; --json has all of them",
        "checked": "Checked only: nothing was recorded.",
        "nothing": "Nothing was recorded. Correct what is wrong and import again, or record only what is right with "
        "--good-rows.",
        "corrections": "The refused rows are in {path}: correct them there and import that file.",
    },
}


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run `decision template` or `decision import` and return its exit status."""
    if arguments.action == "template":
        return template(arguments.type, arguments.out)
    return import_decisions(arguments, now=now)


def template(permit_type: str, out: Path) -> int:
    """Write the file to fill in. Raises `MisuseError`; never overwrites."""
    # Loads openpyxl, which an import of a CSV file needs not.
    from desk.sheets import writing  # noqa: PLC0415

    layout = Layout.of(known_pack(permit_type))
    if out.suffix.lower() not in (_WORKBOOK, _TEXT):
        raise MisuseError(
            N_("Nama berkas --out {path} harus berakhir dengan {workbook} atau {text}."),
            path=str(out),
            workbook=_WORKBOOK,
            text=_TEXT,
        )
    with _new_file(out) as file:
        if out.suffix.lower() == _WORKBOOK:
            writing.template_xlsx(layout, rows=SheetLimits().rows, to=file)
        else:
            writing.template_csv(layout, to=file)
    print(out)
    return 0


def import_decisions(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Import one file. 0: everything in it is recorded; 1: something was refused."""
    root: Path = arguments.home
    home = Home.open(root) if (root / CONFIGURATION).exists() else development_home(root, now=now)
    limits = _limits(home)
    types = [known_pack(arguments.type)] if arguments.type else packs.packs()
    data = _bytes(arguments.file, limits)
    with intake(home) as door:
        try:
            sheet = _opened(data, intake=door, types=types, limits=limits)
            return _Import(arguments, sheet, limits).run(now)
        except RefusedSheetError as error:
            report = _Report(file=arguments.file, refused=None, findings=error.findings)
            _tell(report, arguments, limits)
            return 1


class _Import:
    """One run over one file, with its progress on a terminal."""

    def __init__(self, arguments: argparse.Namespace, sheet: SheetImport, limits: SheetLimits) -> None:
        self._arguments = arguments
        self._sheet = sheet
        self._limits = limits
        self._said = _SAID[arguments.lang]

    def run(self, now: datetime.datetime) -> int:
        with self._progress("examining", self._sheet.rows, "row") as advance:
            found = self._sheet.examine(now=now, advance=advance)
        corrections = None
        if found.refused and self._arguments.good_rows:
            # Written before anything is recorded: where it cannot be, nothing has happened yet.
            corrections = self._write_corrections(found)
        result = self._record(found, now)
        report = _Report(
            file=self._arguments.file,
            type=self._sheet.layout.type,
            outcomes=result.outcomes,
            refused=len(found.refused),
            examples=found.examples,
            findings=(*(finding for one in found.refused for finding in one.findings), *result.warnings),
            corrections=corrections,
        )
        _tell(report, self._arguments, self._limits)
        return 1 if found.refused else 0

    def _record(self, found: Examination, now: datetime.datetime) -> Result:
        if self._arguments.check:
            with self._progress("examining", len(found.accepted), "decision") as advance:
                return self._sheet.foresee(found, advance=advance)
        if found.refused and not self._arguments.good_rows:
            return Result(outcomes={}, warnings=())
        with self._progress("recording", len(found.accepted), "decision") as advance:
            record = self._sheet.record_in_batches if self._arguments.good_rows else self._sheet.record_all
            return record(found, now=now, advance=advance)

    def _write_corrections(self, found: Examination) -> Path:
        file: Path = self._arguments.file
        stem = re.sub(rf"{re.escape(_MARK)}(-\d+)?$", "", file.stem)
        suffix = _TEXT if self._sheet.is_text else _WORKBOOK
        number = 1
        while True:
            path = file.with_name(f"{stem}{_MARK}{'' if number == 1 else f'-{number}'}{suffix}")
            if not path.exists():
                break
            number += 1
        with _new_file(path) as to:
            self._sheet.write_corrections(found, language=self._arguments.lang, to=to)
        return path

    @contextlib.contextmanager
    def _progress(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        with tqdm.tqdm(
            total=total,
            desc=self._said[name],
            unit=self._said[unit],
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        ) as bar:
            yield bar.update


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """What one import came to. `refused` is None where the file as a whole was."""

    file: Path
    type: str | None = None
    outcomes: Mapping[Outcome, int] = dataclasses.field(default_factory=dict)
    refused: int | None
    examples: int = 0
    findings: Sequence[Finding]
    corrections: Path | None = None

    def counts(self) -> dict[str, int]:
        return {
            "added": self.outcomes.get(Outcome.ADDED, 0),
            "revised": self.outcomes.get(Outcome.REVISED, 0),
            "unchanged": self.outcomes.get(Outcome.KNOWN, 0),
            "refused": self.refused or 0,
        }


def _tell(report: _Report, arguments: argparse.Namespace, limits: SheetLimits) -> None:
    language, said = arguments.lang, _SAID[arguments.lang]
    recorded = not arguments.check and report.refused is not None and (arguments.good_rows or not report.refused)
    for finding in report.findings[: limits.shown_problems]:
        print(f"{report.file}: {said[finding.problem.severity]}: {finding.text(language)}", file=sys.stderr)
    if (more := len(report.findings) - limits.shown_problems) > 0:
        print(f"{report.file}: {said['more'].format(count=more)}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(_as_json(report, recorded=recorded, language=language), ensure_ascii=False))
        return
    lines = []
    if report.refused is not None:
        lines.append(f"{report.file}: {said['summary'].format(**report.counts())}")
    if report.examples:
        lines.append(said["examples"].format(count=report.examples))
    if not recorded:
        lines.append(said["checked" if arguments.check else "nothing"])
    if report.corrections is not None:
        lines.append(said["corrections"].format(path=report.corrections))
    print("\n".join(lines))


def _as_json(report: _Report, *, recorded: bool, language: str) -> dict[str, object]:
    return {
        "file": str(report.file),
        "type": report.type,
        "recorded": recorded,
        **report.counts(),
        "examples": report.examples,
        "corrections": None if report.corrections is None else str(report.corrections),
        "findings": [_finding(finding, language) for finding in report.findings],
    }


def _finding(finding: Finding, language: str) -> dict[str, object]:
    address, problem = finding.address, finding.problem
    return {
        "severity": problem.severity,
        "code": problem.code,
        "field": problem.field,
        "sheet": address.sheet if address else None,
        "cell": address.cell if address else None,
        "sentence": finding.text(language),
    }


def _opened(data: bytes, *, intake: Intake, types: Sequence[Pack], limits: SheetLimits) -> SheetImport:
    """The import of the permit type whose headings the file has. Raises the refusal that has the least to say."""
    refusals: list[RefusedSheetError] = []
    for pack in types:
        try:
            return SheetImport(data, intake=intake, pack=pack, limits=limits)
        except RefusedSheetError as error:
            refusals.append(error)
    raise min(refusals, key=lambda error: len(error.findings))


def _limits(home: Home) -> SheetLimits:
    table = home.settings.limits.sheets
    known = {field.name for field in dataclasses.fields(SheetLimits)}
    if unknown := sorted(set(table) - known):
        raise ConfigurationError(f"limits.sheets: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    try:
        return SheetLimits(**table)
    except ValueError as error:
        raise ConfigurationError(f"limits.sheets: {error}") from error


def _bytes(path: Path, limits: SheetLimits) -> bytes:
    """The file, as far as one byte past the limit: that it is too large is told by whoever reads it."""
    with path.open("rb") as file:
        return file.read(limits.file_mib * 1024 * 1024 + 1)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file, whole or not there at all. Raises `MisuseError` where one stands there already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError as error:
        raise MisuseError(N_("{path} sudah ada. Sebutkan nama berkas lain."), path=str(path)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
    except BaseException:
        path.unlink()
        raise
