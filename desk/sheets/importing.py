"""Takes the decisions of one sheet in: all of them or none, or only those that are right."""

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Final

from desk.intake import Approved, Intake, Outcome, RefusedDecisionError
from desk.sheets import cells, files, headings
from desk.sheets.cells import Cell, Finding
from desk.sheets.columns import Layout
from desk.sheets.entries import Entry, EntryReader, Example
from desk.sheets.files import SheetLimits
from registry import decisions
from templates.packs import Pack
from templates.problems import Problem

# Decisions that are recorded in one transaction where not all must be: few enough that others are never kept waiting.
_BATCH: Final = 200

Advance = Callable[[int], object]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A decision that is right, and where it stands."""

    entry: Entry
    approved: Approved


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A decision that is not, with everything that is wrong with it."""

    entry: Entry
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a sheet holds. `examples` counts the template's example rows, which are no decisions."""

    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]
    examples: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of each accepted decision, or would: how many of each outcome, and the warnings at their places."""

    outcomes: Mapping[Outcome, int]
    warnings: tuple[Finding, ...]


class SheetImport:
    """One file of decisions of one permit type."""

    def __init__(self, data: bytes, *, intake: Intake, pack: Pack, limits: SheetLimits) -> None:
        """Find the sheet and its headings. Any bytes: raises only `RefusedSheetError`."""
        self.layout = Layout.of(pack)
        self._intake = intake
        self._pack = pack
        self._limits = limits
        self._sheet, self._headings = headings.located(files.sheets(data, limits=limits), self.layout)

    @property
    def rows(self) -> int:
        """About how many rows there are to examine."""
        return self._sheet.filled_rows

    @property
    def is_text(self) -> bool:
        """Whether the file is delimited text, not a workbook."""
        return not self._sheet.name

    def examine(self, *, now: datetime.datetime, advance: Advance) -> Examination:
        """Read and check every decision; keeps nothing. `advance` is told of rows as they are done.

        Raises `RefusedSheetError` where the file cannot be read to its end, or has too many rows.
        """
        reader = EntryReader(
            sheet=self._sheet,
            headings=self._headings,
            layout=self.layout,
            limits=self._limits,
        )
        accepted: list[Accepted] = []
        refused: list[Refused] = []
        examples = 0
        for found in reader.entries():
            if isinstance(found, Example):
                examples += 1
                advance(1)
                continue
            checked = self._checked(found, now)
            if isinstance(checked, Accepted):
                accepted.append(checked)
            else:
                refused.append(checked)
            advance(len(found.rows))
        return _without_doubles(accepted, refused, examples, self.layout)

    def foresee(self, examination: Examination, *, advance: Advance) -> Result:
        """What recording would do; keeps nothing."""
        seen = self._intake.foresee(one.approved for one in examination.accepted)
        return _result(_counted(zip(examination.accepted, seen, strict=True), advance))

    def record_all(self, examination: Examination, *, now: datetime.datetime, advance: Advance) -> Result:
        """Keep every accepted decision in one transaction: whatever happens, all are kept or none."""
        return _result(self._recorded(examination.accepted, now, advance))

    def record_in_batches(self, examination: Examination, *, now: datetime.datetime, advance: Advance) -> Result:
        """Keep every accepted decision, some in a transaction; after a crash, importing again adds the rest."""
        rest = iter(examination.accepted)
        return _result(
            done
            for batch in iter(lambda: tuple(islice(rest, _BATCH)), ())
            for done in self._recorded(batch, now, advance)
        )

    def write_corrections(self, examination: Examination, *, language: str, to: IO[bytes]) -> None:
        """Write the refused rows as they were handed in, with their errors beside them, in the format of the file."""
        # The writer of workbooks takes longer to load than a small import to run.
        from desk.sheets import writing  # noqa: PLC0415

        said: dict[int, list[str]] = {row: [] for one in examination.refused for row in one.entry.rows}
        for one in examination.refused:
            for finding in one.findings:
                row = one.entry.rows[0] if finding.address is None else finding.address.row
                said[row].append(finding.problem.text(language))
        rows = ((row, "\n".join(said[number])) for number, row in self._cells() if number in said)
        if self.is_text:
            writing.corrections_csv(self.layout, rows, to=to)
        else:
            writing.corrections_xlsx(self.layout, rows, count=len(said), to=to)

    def _cells(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        columns = self._headings.columns
        for number, row in self._sheet.rows():
            yield number, {columns[index].path: cell for index, cell in enumerate(row) if index in columns}

    def _checked(self, entry: Entry, now: datetime.datetime) -> Accepted | Refused:
        bare = dataclasses.replace(entry, value={}, findings=())
        try:
            approved = self._intake.check(entry.value, pack=self._pack, now=now) if entry.key else None
        except RefusedDecisionError as error:
            return Refused(entry=bare, findings=(*entry.findings, *_placed(entry, error.problems)))
        if approved is None:
            return Refused(entry=bare, findings=entry.findings or (_no_reference(entry, self.layout),))
        if entry.findings:
            return Refused(entry=bare, findings=entry.findings)
        return Accepted(entry=bare, approved=approved)

    def _recorded(
        self, accepted: tuple[Accepted, ...], now: datetime.datetime, advance: Advance
    ) -> Iterator[tuple[Accepted, Outcome, tuple[Problem, ...]]]:
        def given() -> Iterator[Approved]:
            for one in accepted:
                yield one.approved
                advance(1)

        receipts = self._intake.add_all(given(), now=now)
        for one, receipt in zip(accepted, receipts, strict=True):
            yield one, receipt.outcome, receipt.warnings


def _placed(entry: Entry, problems: Iterable[Problem]) -> Iterator[Finding]:
    """The pack's findings at their cells. A cell that could not be read is not told to be missing as well."""
    told = {finding.address for finding in entry.findings}
    for problem in problems:
        address = entry.place(problem.field)
        if address not in told:
            yield Finding(address=address, problem=problem)


def _no_reference(entry: Entry, layout: Layout) -> Finding:
    problem = cells.error(
        layout.reference, "reference_missing",
        "{label} belum diisi. Isilah nomor yang tidak dipakai keputusan lain.",
    )  # fmt: skip
    return Finding(address=entry.start, problem=problem)


def _without_doubles(accepted: list[Accepted], refused: list[Refused], examples: int, layout: Layout) -> Examination:
    """Refuse every decision whose rows stand apart, or may: which of them are its own nobody can tell."""
    entries = [one.entry for one in accepted] + [one.entry for one in refused]
    same: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.key:
            same.setdefault(entry.key, []).append(entry)
    doubted = {reference: entry for entry in entries for reference in entry.doubted if reference}

    def doubts(entry: Entry) -> Iterator[Finding]:
        if entry.key and len(alike := same[entry.key]) > 1:
            other = alike[1] if alike[0] is entry else alike[0]
            problem = cells.error(
                layout.reference, "rows_apart",
                "{label} muncul lagi di sel {other}, terpisah dari baris ini. Susun baris satu keputusan berurutan, "
                "atau betulkan nomornya bila itu keputusan lain.",
                other=other.start.cell,
            )  # fmt: skip
            yield Finding(address=entry.start, problem=problem)
        elif (stray := doubted.get(decisions.fold("", entry.reference))) is not None:
            problem = cells.error(
                layout.reference, "row_elsewhere",
                "{label} juga tertulis pada baris di bawah sel {other}, yang tampaknya lanjutan keputusan ini. Susun "
                "baris satu keputusan berurutan.",
                other=stray.start.cell,
            )  # fmt: skip
            yield Finding(address=entry.start, problem=problem)

    kept: list[Accepted] = []
    turned: list[Refused] = []
    for one in accepted:
        if found := tuple(doubts(one.entry)):
            turned.append(Refused(entry=one.entry, findings=found))
        else:
            kept.append(one)
    turned += [dataclasses.replace(one, findings=(*one.findings, *doubts(one.entry))) for one in refused]
    turned.sort(key=lambda one: one.entry.rows)
    return Examination(accepted=tuple(kept), refused=tuple(turned), examples=examples)


def _counted(
    seen: Iterable[tuple[Accepted, tuple[Outcome, tuple[Problem, ...]]]], advance: Advance
) -> Iterator[tuple[Accepted, Outcome, tuple[Problem, ...]]]:
    for one, (outcome, warnings) in seen:
        advance(1)
        yield one, outcome, warnings


def _result(done: Iterable[tuple[Accepted, Outcome, tuple[Problem, ...]]]) -> Result:
    outcomes: Counter[Outcome] = Counter()
    warnings: list[Finding] = []
    for one, outcome, problems in done:
        outcomes[outcome] += 1
        warnings += [Finding(address=one.entry.place(problem.field), problem=problem) for problem in problems]
    return Result(outcomes=outcomes, warnings=tuple(warnings))
