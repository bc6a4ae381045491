"""Commands about the promise of the service standard: how it was kept, and which days do not count."""

import argparse
import collections
import dataclasses
import datetime
import json
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from babel.dates import format_date

from cli.home import HOLIDAYS, Home
from registry import workdays
from registry.formats import record
from registry.formats.language import translations
from registry.promises import Promise, Promises, State
from registry.workdays import Calendar, Kind
from templates import packs, wording
from templates.office import OfficeProfile

STATES: Final = {
    State.OVERDUE: "lewat waktu",
    State.OPEN: "berjalan",
    State.LATE: "terlambat",
    State.KEPT: "tepat waktu",
    State.UNKNOWN: "tidak diketahui",
}
KINDS: Final = {Kind.NATIONAL: "libur nasional", Kind.JOINT: "cuti bersama", Kind.LOCAL: "libur daerah"}
_NONE: Final = "–"
# Due, received, issued, handed over, used, left, late, state, reference: the one without a limit last.
_COLUMNS: Final = ("<11", "<10", "<10", "<11", ">7", ">5", ">7", "<16", "")

Translate = Callable[[str], str]


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run the command that was asked for and return its exit status."""
    if arguments.action == "calendar":
        return show_calendar(arguments.home, arguments.year, language=arguments.lang)
    return report(
        arguments.home,
        year=arguments.year,
        only_open=arguments.open,
        as_json=arguments.json,
        language=arguments.lang,
        now=now,
    )


def tables_of(root: Path) -> tuple[Path, ...]:
    """The tables of days off, the one that counts more last: the shipped one, then the office's own if there is one."""
    own = root / HOLIDAYS
    return (workdays.SHIPPED, own) if own.exists() or own.is_symlink() else (workdays.SHIPPED,)


def calendar_of(root: Path) -> Calendar:
    """The calendar of a home: a year in the office's own table takes the place of the same year in the shipped one.

    Raises `registry.workdays.CalendarError`.
    """
    years = {one.year: one for table in tables_of(root) for one in workdays.read(table)}
    return Calendar(decreed=years.values())


def report(
    root: Path, *, year: int | None, only_open: bool, as_json: bool, language: str, now: datetime.datetime
) -> int:
    """Print the promise for each application: a table for people, or lines of JSON, which never change with language.

    Warnings go to standard error.
    """
    home = Home.open(root)
    office = OfficeProfile.read(home.office_file)
    calendar = calendar_of(root)
    promises = Promises(
        office=office.id,
        working_days=home.settings.service.promise_working_days,
        calendar=calendar,
        zone=office.time_zone,
        apart=frozenset(pack.type for pack in packs.packs() if pack.kind is not record.Kind.PERMIT),
    )
    _ = translations("cli", language).gettext
    estimated: set[int] = set()
    counted: collections.Counter[State] = collections.Counter()
    if not as_json:
        _print_head(promises, today=now.astimezone(promises.zone).date(), language=language)
    with closing(home.database()) as database, database.read() as tx:
        for promise in promises.report(tx, now=now, year=year, only_open=only_open):
            print(json.dumps(_as_json(promise), ensure_ascii=False) if as_json else _line(promise, _))
            counted[promise.state] += 1
            estimated.update(promise.estimated_years)
    if not as_json:
        _print_foot(counted, _)
    _warn_of_estimates(root, calendar, estimated, _)
    return 0


def show_calendar(root: Path, year: int, *, language: str) -> int:
    """Print the days off of a year, each with its source; needs no home."""
    calendar = calendar_of(root)
    _ = translations("cli", language).gettext
    days = calendar.days_off(year)
    sources = list(dict.fromkeys(off.source for off in days))
    print(_("Hari libur {year}, selain Sabtu dan Minggu").format(year=year))
    for off in days:
        weekday = format_date(off.day, "EEEE", locale=language)
        name = calendar.name_of_day_off(off.day, language)
        kind = _(KINDS[off.kind])
        print(f"{off.day.isoformat()}  {weekday:<10} {kind:<18} [{sources.index(off.source) + 1}]  {name}")
    print(_("Sumber:"))
    for number, source in enumerate(sources, start=1):
        print(f"[{number}] {source}")
    print(_("Tabel: {files}").format(files=", ".join(map(str, tables_of(root)))))
    _warn_of_estimates(root, calendar, () if year in calendar.decreed_years else (year,), _)
    return 0


def _print_head(promises: Promises, *, today: datetime.date, language: str) -> None:
    _ = translations("cli", language).gettext
    print(
        _(
            "Janji layanan: {count} hari kerja sesudah hari permohonan diterima lengkap. Keadaan per {day}, dihitung "
            "dalam hari kerja; hanya permohonan yang keputusannya sudah masuk."
        ).format(count=promises.working_days, day=wording.long_date(today, language))
    )
    print()
    print(
        _row(
            _("BATAS"),
            _("DITERIMA"),
            _("TERBIT"),
            _("DISERAHKAN"),
            _("DIPAKAI"),
            _("SISA"),
            _("LEWAT"),
            _("KEADAAN"),
            _("NOMOR RUJUKAN"),
        )
    )


def _line(promise: Promise, _: Translate) -> str:
    due = _NONE
    if promise.due is not None:
        due = promise.due.day.isoformat() + ("*" if promise.due.estimated else "")
    return _row(
        due,
        _day(promise.received),
        _day(promise.issued),
        _day(promise.handed_over),
        _NONE if promise.used is None else str(promise.used),
        _NONE if promise.left is None else str(promise.left),
        str(promise.late) if promise.late else _NONE,
        _(STATES[promise.state]),
        promise.reference,
    )


def _row(*cells: str) -> str:
    return "  ".join(format(cell, width) for cell, width in zip(cells, _COLUMNS, strict=True))


def _day(day: datetime.date | None) -> str:
    return _NONE if day is None else day.isoformat()


def _print_foot(counted: collections.Counter[State], _: Translate) -> None:
    print()
    total = ", ".join(f"{counted[state]} {_(word)}" for state, word in STATES.items() if counted[state])
    print(_("Jumlah: {total}").format(total=total or "0"))
    if counted[State.OVERDUE]:
        print(
            _(
                "Permohonan yang lewat waktu dapat dianggap dikabulkan menurut hukum (fiktif positif, PP 28/2025): "
                "segera periksa."
            )
        )
    if counted[State.UNKNOWN]:
        print(
            _(
                "Tidak diketahui: tanggal permohonan diterima tidak tercatat ketika keputusannya masuk, sehingga tidak "
                "dapat dikatakan tepat waktu."
            )
        )


def _warn_of_estimates(root: Path, calendar: Calendar, years: Iterable[int], _: Translate) -> None:
    if not (named := ", ".join(map(str, sorted(years)))):
        return
    print(
        _(
            "PERHATIAN: Hari libur tahun {years} tidak ada dalam tabel keputusan, yang berakhir pada tahun {last}. "
            "Dipakai perkiraan, yang mungkin tanpa cuti bersama: batas yang bersandar padanya (bertanda *) dapat "
            "bergeser. Tambahkan SKB tahun itu pada {own}."
        ).format(years=named, last=calendar.decreed_years[-1], own=root / HOLIDAYS),
        file=sys.stderr,
    )


def _as_json(promise: Promise) -> dict[str, object]:
    values = dataclasses.asdict(promise)
    due = values["due"]
    values["due"] = None if due is None else due["day"]
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in values.items()}
