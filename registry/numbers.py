"""Number series: gapless, unique by constraint, and no number ever given twice."""

import dataclasses
import datetime

import sqlalchemy as sa

from registry import schema
from registry.database import insert


@dataclasses.dataclass(frozen=True, slots=True)
class AllottedNumber:
    """A number of a series: the row that holds it, and its place in the year."""

    row: int
    year: int
    n: int


def allot(tx: sa.Connection, *, series: str, year: int, now: datetime.datetime) -> AllottedNumber:
    """The next number of `series` in `year`; it is used when `tx` commits, and free again if it does not.

    Gapless because a writing transaction is alone: two can never see the same highest number.
    """
    table = schema.numbers
    highest = tx.execute(
        sa.select(sa.func.max(table.c.n)).where(table.c.series == series, table.c.year == year)
    ).scalar()
    n = (highest or 0) + 1
    key = insert(tx, table, series=series, year=year, n=n, fate="used", recorded_at=now)
    return AllottedNumber(key, year, n)


def by_row(tx: sa.Connection, row: int) -> AllottedNumber:
    """The number that a row holds. Raises `LookupError`."""
    table = schema.numbers.c
    found = tx.execute(sa.select(table.id, table.year, table.n).where(table.id == row)).first()
    if found is None:
        raise LookupError(f"no number {row}")
    return AllottedNumber(found.id, found.year, found.n)


def void(tx: sa.Connection, *, row: int, reason: str) -> None:
    """Keep a number that will never be printed, with the reason; it is not given again."""
    tx.execute(schema.numbers.update().where(schema.numbers.c.id == row).values(fate="void", reason=reason))
