"""Authority and numbers: no overlap, no gap, no number twice."""

import concurrent.futures
import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry import mandates, numbers, schema
from registry.database import Database
from registry.formats.record import MandateMode, MandateRecord

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "absah.db")


def mandate(start: str, end: str | None, *, person: str = "A", scope: tuple[str, ...] = ()) -> MandateRecord:
    return MandateRecord(
        person=person,
        rank="Pembina",
        employee_number="1",
        mode=MandateMode.PLT,
        office_title="KEPALA DINAS",
        own_title="SEKRETARIS",
        decree_number="SK-1",
        decree_date=datetime.date(2026, 1, 1),
        scope=scope,
        valid_from=datetime.date.fromisoformat(start),
        valid_until=None if end is None else datetime.date.fromisoformat(end),
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-03-31", None), ("2026-01-01", "2026-12-31"), ("2025-01-01", None), ("2026-02-01", "2026-02-02")],
)
def test_two_people_never_hold_the_office_on_one_day(database: Database, start: str, end: str | None) -> None:
    with database.write() as tx:
        mandates.appoint(tx, office="kampar", mandate=mandate("2026-01-01", "2026-03-31"), now=NOW)
    with pytest.raises(mandates.MandateError, match="overlaps"), database.write() as tx:
        mandates.appoint(tx, office="kampar", mandate=mandate(start, end, person="B"), now=NOW)


def test_the_mandate_of_the_day_decides_who_signs(database: Database) -> None:
    with database.write() as tx:
        mandates.appoint(tx, office="kampar", mandate=mandate("2026-01-01", "2026-03-31"), now=NOW)
        mandates.appoint(
            tx, office="kampar", mandate=mandate("2026-04-01", None, person="B", scope=("genset",)), now=NOW
        )
    with database.read() as tx:
        for day, person in (("2026-03-31", "A"), ("2026-04-01", "B"), ("2030-01-01", "B")):
            _, found = mandates.on_day(tx, office="kampar", day=datetime.date.fromisoformat(day), pack="genset/v1")
            assert found.person == person
        for day, pack in (("2025-12-31", "genset/v1"), ("2026-04-01", "petir/v1")):
            with pytest.raises(mandates.MandateError, match="no one is entitled"):
                mandates.on_day(tx, office="kampar", day=datetime.date.fromisoformat(day), pack=pack)


def test_numbers_are_gapless_and_unique_when_many_ask_at_once(database: Database) -> None:
    def take(_turn: int) -> int:
        with database.write() as tx:
            return numbers.allot(tx, series="genset", year=2026, now=NOW).n

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(80)))
    assert sorted(taken) == list(range(1, 81))


def test_a_number_is_free_again_when_its_transaction_fails_and_kept_when_void(database: Database) -> None:
    def cut() -> None:
        with database.write() as tx:
            numbers.allot(tx, series="genset", year=2026, now=NOW)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut()
    with database.write() as tx:
        first = numbers.allot(tx, series="genset", year=2026, now=NOW)
        numbers.void(tx, row=first.row, reason="kertas rusak")
        second = numbers.allot(tx, series="genset", year=2026, now=NOW)
        other_year = numbers.allot(tx, series="genset", year=2027, now=NOW)
        fates = tx.execute(sa.select(schema.numbers.c.n, schema.numbers.c.fate, schema.numbers.c.reason)).all()
    assert (first.n, second.n, other_year.n) == (1, 2, 1)
    assert tuple(fates[0]) == (1, "void", "kertas rusak")
