"""Number series: gapless, unique by constraint, and no number ever given twice.

Every number of a year has a fate: used by an instrument, void with a reason, given outside (by hand in an outage), or
lying before the opening of a series that began on paper.
"""

import dataclasses
import datetime
import enum
import unicodedata
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from registry import ledger, schema
from registry.database import insert
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.spoken import SpokenError

LAST: Final = 2**31 - 1  # what the column holds on every database
OUTSIDE_AT_ONCE: Final = 1_000  # one entry of the log records them all


class NumberError(SpokenError):
    """The series does not allow what was asked."""


class Fate(enum.StrEnum):
    """What became of a number."""

    USED = "used"
    VOID = "void"
    OUTSIDE = "outside"


@dataclasses.dataclass(frozen=True, slots=True)
class AllottedNumber:
    """A number of a series: the row that holds it, its place in the year, and what became of it."""

    row: int
    year: int
    n: int
    fate: Fate


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where a series began here: `first` is the first number that this registry gives in that year."""

    first: int
    reason: str
    recorded: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReportedNumber:
    """One line of the number report. `printed` is the instrument's number; `issued` when it was issued."""

    n: int
    fate: Fate
    reason: str | None
    recorded: datetime.datetime
    printed: str | None
    issued: datetime.datetime | None


def allot(tx: sa.Connection, *, series: str, year: int, now: datetime.datetime) -> AllottedNumber:
    """The next number of `series` in `year`; it is used when `tx` commits, and free again if it does not.

    Gapless because a writing transaction is alone: two can never see the same highest number.
    """
    n = next_number(tx, series=series, year=year)
    key = insert(tx, schema.numbers, series=series, year=year, n=n, fate=Fate.USED.value, recorded_at=now)
    return AllottedNumber(key, year, n, Fate.USED)


def next_number(tx: sa.Connection, *, series: str, year: int) -> int:
    """The number that would be given next."""
    table = schema.numbers
    highest = tx.execute(
        sa.select(sa.func.max(table.c.n)).where(table.c.series == series, table.c.year == year)
    ).scalar()
    if highest is not None:
        return int(highest) + 1
    opened = opening(tx, series=series, year=year)
    return 1 if opened is None else opened.first


def by_row(tx: sa.Connection, row: int) -> AllottedNumber:
    """The number that a row holds. Raises `LookupError`."""
    table = schema.numbers.c
    found = tx.execute(sa.select(table.id, table.year, table.n, table.fate).where(table.id == row)).first()
    if found is None:
        raise LookupError(f"no number {row}")
    return AllottedNumber(found.id, found.year, found.n, Fate(found.fate))


def void(tx: sa.Connection, *, row: int, reason: str, now: datetime.datetime) -> None:
    """Keep a number that will never be printed, with the reason; it is not given again.

    Raises `NumberError` for a number that an issued permit carries, or that is void already.
    """
    if not reason.strip():
        raise NumberError(N_("Alasannya masih kosong. Nomor hanya dibatalkan dengan alasan."))
    table, instruments, entries = schema.numbers, schema.instruments.c, schema.log_entries.c
    issued = sa.select(instruments.number).where(
        instruments.number_row == row, sa.exists().where(entries.instrument == instruments.id)
    )
    if (carrier := tx.execute(issued).first()) is not None:
        raise NumberError(
            N_("Izin {number} sudah terbit, jadi nomornya terpakai untuk selamanya."), number=carrier.number
        )
    if by_row(tx, row).fate is not Fate.USED:
        raise NumberError(
            N_("Yang dapat dibatalkan hanya nomor yang sudah diberikan dan izinnya belum terbit. Periksa nomornya.")
        )
    kept = unicodedata.normalize("NFC", reason)  # as `insert` does
    tx.execute(table.update().where(table.c.id == row).values(fate=Fate.VOID.value, reason=kept))
    ledger.append(tx, event=Event.NUMBER, subject=(("numbers", row),), effective=now, recorded=now)


def lose(tx: sa.Connection, *, series: str, year: int, n: int, reason: str, now: datetime.datetime) -> None:
    """Enter a number as void that no row knows of: the one that held it was lost (`registry.replay`)."""
    key = insert(
        tx, schema.numbers, series=series, year=year, n=n, fate=Fate.VOID.value, reason=reason, recorded_at=now
    )
    ledger.append(tx, event=Event.NUMBER, subject=(("numbers", key),), effective=now, recorded=now)


def of(tx: sa.Connection, *, series: str, year: int, n: int) -> AllottedNumber | None:
    """A number of a series, if this registry knows what became of it."""
    table = schema.numbers.c
    found = tx.execute(
        sa.select(table.id, table.fate).where(table.series == series, table.year == year, table.n == n)
    ).first()
    return None if found is None else AllottedNumber(found.id, year, n, Fate(found.fate))


def open_series(
    tx: sa.Connection, *, series: str, year: int, first: int, reason: str, actor: str, now: datetime.datetime
) -> None:
    """Begin a series of a year at `first`, because the numbers before it were given on paper.

    Raises `NumberError` once the series has given a number, or was opened before, or where reason or actor are missing.
    """
    if not 1 < first <= LAST:
        raise NumberError(
            N_("Nomor pembuka harus 2 sampai {last}, bukan {first}. Nomor yang mulai dari 1 tidak perlu dibuka."),
            last=LAST,
            first=first,
        )
    if not reason.strip():
        raise NumberError(
            N_("Alasannya masih kosong. Tulis, misalnya, buku agenda tempat nomor-nomor sebelumnya tercatat.")
        )
    if not actor.strip():
        raise NumberError(N_("Nama pencatat masih kosong. Tulis siapa yang mencatat pembukaan nomor ini."))
    if opening(tx, series=series, year=year) is not None:
        raise NumberError(N_("Nomor {series} tahun {year} sudah pernah dibuka."), series=series, year=year)
    if (following := next_number(tx, series=series, year=year)) != 1:
        raise NumberError(
            N_("Nomor {series} tahun {year} sudah diberikan sampai {last}, jadi tidak dapat dibuka lagi."),
            series=series,
            year=year,
            last=following - 1,
        )
    key = insert(
        tx, schema.number_openings, series=series, year=year, first=first, reason=reason, actor=actor, recorded_at=now
    )
    ledger.append(tx, event=Event.NUMBER, subject=(("number_openings", key),), effective=now, recorded=now)


def record_outside(
    tx: sa.Connection, *, series: str, year: int, first: int, last: int, reason: str, now: datetime.datetime
) -> None:
    """Enter numbers that were given by hand while this registry could not be reached.

    Raises `NumberError` unless they go on exactly where the series stands: a number between would have no fate.
    """
    if not reason.strip():
        raise NumberError(N_("Alasannya masih kosong. Tulis, misalnya, kapan sistem terhenti."))
    if last - first >= OUTSIDE_AT_ONCE or last > LAST:
        raise NumberError(
            N_("{first} sampai {last} terlalu banyak. Catat paling banyak {most} nomor sekaligus, sampai {highest}."),
            first=first,
            last=last,
            most=OUTSIDE_AT_ONCE,
            highest=LAST,
        )
    expected = next_number(tx, series=series, year=year)
    if first != expected or last < first:
        raise NumberError(
            N_(
                "Nomor {series} tahun {year} berikutnya adalah {next}. Nomor yang diberikan dengan tangan harus mulai "
                "dari situ, bukan {first} sampai {last}; catat juga semua nomor di antaranya."
            ),
            series=series,
            year=year,
            next=expected,
            first=first,
            last=last,
        )
    keys = [
        insert(
            tx, schema.numbers, series=series, year=year, n=n, fate=Fate.OUTSIDE.value, reason=reason, recorded_at=now
        )
        for n in range(first, last + 1)
    ]
    ledger.append(tx, event=Event.NUMBER, subject=tuple(("numbers", key) for key in keys), effective=now, recorded=now)


def opening(tx: sa.Connection, *, series: str, year: int) -> Opening | None:
    """Where the series began in that year, if not at 1."""
    table = schema.number_openings.c
    found = tx.execute(
        sa.select(table.first, table.reason, table.recorded_at).where(table.series == series, table.year == year)
    ).first()
    return None if found is None else Opening(first=found.first, reason=found.reason, recorded=found.recorded_at)


def report(tx: sa.Connection, *, series: str, year: int) -> Iterator[ReportedNumber]:
    """Every number of a series with its fate, in order."""
    table, instruments, entries = schema.numbers.c, schema.instruments.c, schema.log_entries.c
    issue = sa.and_(entries.instrument == instruments.id, entries.event == Event.ISSUE.value)
    query = (
        sa.select(
            table.n,
            table.fate,
            table.reason,
            table.recorded_at,
            instruments.number,
            entries.recorded_at.label("issued_at"),
        )
        .outerjoin(schema.instruments, instruments.number_row == table.id)
        .outerjoin(schema.log_entries, issue)
        .where(table.series == series, table.year == year)
        .order_by(table.n)
    )
    for row in tx.execute(query):
        yield ReportedNumber(
            n=row.n,
            fate=Fate(row.fate),
            reason=row.reason,
            recorded=row.recorded_at,
            printed=row.number,
            issued=row.issued_at,
        )


def series(tx: sa.Connection) -> list[tuple[str, int]]:
    """Every series and year that has a number or an opening."""
    given = sa.select(schema.numbers.c.series, schema.numbers.c.year)
    opened = sa.select(schema.number_openings.c.series, schema.number_openings.c.year)
    both = sa.union(given, opened).subquery()
    return [(row.series, row.year) for row in tx.execute(sa.select(both).order_by(both.c.year, both.c.series))]
