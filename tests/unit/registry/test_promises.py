"""The promise for each application, from rows as the registry holds them."""

import dataclasses
import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from registry import decisions, schema, workdays
from registry.database import Database, insert
from registry.promises import Promise, Promises, State
from registry.workdays import Calendar

NOW = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
PROMISES = Promises(
    office="kampar",
    working_days=5,
    calendar=Calendar(decreed=workdays.read(workdays.SHIPPED)),
    zone=ZoneInfo("Asia/Jakarta"),
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "absah.db")


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def decided(
    tx: sa.Connection,
    reference: str,
    received: str | None,
    *,
    revision: int = 1,
    office: str = "kampar",
    pack: str = "genset/v1",
) -> int:
    return insert(
        tx,
        schema.decisions,
        office=office,
        source="desk",
        reference=reference,
        reference_key=decisions.fold("desk", reference),
        revision=revision,
        pack=pack,
        canonical=b"{}",
        digest=bytes(32),
        recorded_at=NOW,
        received_on=None if received is None else day(received),
    )


def issued(tx: sa.Connection, decision: int, at: str | None, *handed: str) -> None:
    """An instrument for a decision, issued at that moment; without one it is only frozen."""
    if tx.execute(sa.select(schema.mandates.c.id)).first() is None:
        insert(
            tx, schema.mandates, office="kampar", person="P", rank="R", employee_number="N", mode="definitive",
            office_title="T", own_title="T", decree_number="D", decree_date=NOW.date(), scope=[],
            valid_from=NOW.date(), recorded_at=NOW,
        )  # fmt: skip
    number = insert(tx, schema.numbers, series="genset", year=2026, n=decision, fate="used", recorded_at=NOW)
    instrument = insert(
        tx, schema.instruments, kind="permit", office="kampar", decision=decision, pack="genset/v1", serial=decision,
        number_row=number, number=f"503/{decision}", date_of_issue=NOW.date(), mandate=1, statement=b"s",
        public_view=[], shape={}, freeze=1, frozen_at=NOW,
    )  # fmt: skip
    if at is not None:
        insert(
            tx, schema.log_entries, event="issue", instrument=instrument, entry=b"e", recorded_at=moment(at)
        )  # fmt: skip
    for one in handed:
        insert(
            tx, schema.handovers, instrument=instrument, recipient="P", capacity="holder", identity_kind="KTP",
            identity_number="1", survey_done=True, handed_at=moment(one), actor="A", recorded_at=NOW,
        )  # fmt: skip
        insert(tx, schema.log_entries, event="handover", instrument=instrument, entry=b"e", recorded_at=moment(one))


def report(database: Database, *, now: datetime.datetime = NOW, **asked: object) -> dict[str, Promise]:
    with database.read() as tx:
        return {one.reference: one for one in PROMISES.report(tx, now=now, **asked)}


def test_a_permit_on_the_fifth_working_day_is_in_time_and_one_on_the_sixth_is_late_by_one(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), "2026-11-17T09:00")
        issued(tx, decided(tx, "B", "2026-11-10"), "2026-11-18T09:00")
        issued(tx, decided(tx, "C", "2026-11-10"), "2026-11-10T09:00")
    found = report(database)
    assert {one.due.day for one in found.values() if one.due} == {day("2026-11-17")}
    assert [(one.state, one.used, one.late, one.left) for one in found.values()] == [
        (State.KEPT, 5, 0, None),
        (State.LATE, 6, 1, None),
        (State.KEPT, 0, 0, None),
    ]


def test_nothing_is_promised_for_what_ends_in_no_permit_and_every_other_type_is_still_told(database: Database) -> None:
    with database.write() as tx:
        decided(tx, "A", "2026-11-10")
        decided(tx, "B", None, pack="pencabutan/v1")
        decided(tx, "C", "2026-11-10", pack="pencabutan/v2")
        decided(tx, "D", "2026-11-10", pack="pencabutan_reklame/v1")
        decided(tx, "E", "2026-11-10", pack="pencabutanX/v1")
    with database.read() as tx:
        promises = dataclasses.replace(PROMISES, apart=frozenset({"pencabutan", "pencabutan_"}))
        told = {one.reference for one in promises.report(tx, now=NOW)}
    assert told == {"A", "D", "E"}


@pytest.mark.parametrize(
    ("at", "on", "state"),
    [("2026-11-17T16:59:59", "2026-11-17", State.KEPT), ("2026-11-17T17:30", "2026-11-18", State.LATE)],
)
def test_the_day_of_issue_is_the_day_at_the_office(database: Database, at: str, on: str, state: State) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), at)
    found = report(database)["A"]
    assert (found.issued, found.state) == (day(on), state)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-11T03:00", (State.OPEN, 1, 4, 0)),
        ("2026-11-14T03:00", (State.OPEN, 3, 2, 0)),  # a Saturday
        ("2026-11-17T16:59", (State.OPEN, 5, 0, 0)),
        ("2026-11-17T17:01", (State.OVERDUE, 6, None, 1)),
    ],
)
def test_an_open_application_tells_the_days_left_and_then_the_days_overdue(
    database: Database, now: str, expected: tuple[State, int, int | None, int]
) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), None)
        # Whatever else the log may come to say about a permit, only its issue keeps the promise.
        insert(tx, schema.log_entries, event="handover", instrument=1, entry=b"e", recorded_at=NOW)
    found = report(database, now=moment(now))["A"]
    assert (found.state, found.used, found.left, found.late) == expected
    assert (found.issued, found.number) == (None, None)


def test_a_day_off_after_the_due_day_counts_as_the_working_day_that_follows(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-13"), "2026-11-21T03:00")  # due on a Friday, issued on the Saturday
        issued(tx, decided(tx, "B", "2026-11-13"), "2026-11-23T03:00")
    for one in report(database).values():
        assert (one.due and one.due.day, one.state, one.used, one.late) == (day("2026-11-20"), State.LATE, 6, 1)


def test_an_application_whose_receipt_was_never_recorded_is_unknown_and_never_in_time(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", None), "2026-11-10T03:00", "2026-11-12T03:00")
        decided(tx, "B", None)
    found = report(database)
    for one in found.values():
        assert (one.state, one.received, one.due, one.used, one.left) == (State.UNKNOWN, None, None, None, None)
    assert (found["A"].issued, found["A"].handed_over) == (day("2026-11-10"), day("2026-11-12"))


def test_a_revision_after_the_issue_cannot_make_a_late_permit_early(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-02"), "2026-11-18T03:00")
        decided(tx, "a", "2026-11-17", revision=2)
        decided(tx, "B", "2026-11-02")
        decided(tx, "B", "2026-11-23", revision=2)
    found = report(database)
    assert list(found) == ["B", "a"]
    assert (found["a"].received, found["a"].state, found["a"].late) == (day("2026-11-02"), State.LATE, 7)
    assert (found["B"].received, found["B"].state) == (day("2026-11-23"), State.OPEN)


def test_the_first_hand_over_counts_and_no_permit_is_listed_twice(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), "2026-11-12T03:00", "2026-11-20T03:00", "2026-11-12T17:00")
    with database.read() as tx:
        (found,) = PROMISES.report(tx, now=NOW)
    assert found.handed_over == day("2026-11-13")


def test_what_is_overdue_comes_first_and_then_what_is_due_next(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "kept", "2026-11-10"), "2026-11-11T03:00")
        issued(tx, decided(tx, "late", "2026-01-05"), "2026-02-27T03:00")
        decided(tx, "unknown", None)
        for reference, received in (("open", "2026-11-24"), ("overdue", "2026-11-03"), ("worst", "2026-10-01")):
            decided(tx, reference, received)
    assert list(report(database)) == ["worst", "overdue", "open", "unknown", "late", "kept"]
    assert list(report(database, only_open=True)) == ["worst", "overdue", "open", "unknown"]


def test_a_year_is_that_of_receipt_and_what_has_none_is_not_lost(database: Database) -> None:
    with database.write() as tx:
        for reference, received in (("A", "2025-12-31"), ("B", "2026-01-01"), ("C", "2026-12-31"), ("D", None)):
            decided(tx, reference, received)
        issued(tx, decided(tx, "E", "2025-12-30"), "2026-01-02T03:00")
    assert set(report(database, year=2025)) == {"A", "E"}
    assert set(report(database, year=2026)) == {"B", "C", "D"}
    assert report(database, year=2027) == {}


def test_another_office_is_another_matter(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), "2026-11-11T03:00")
        decided(tx, "A", "2026-11-02", office="siak")
        decided(tx, "B", "2026-11-24")
        issued(tx, decided(tx, "B", "2026-11-02", office="siak"), "2026-11-03T03:00")
        decided(tx, "C", "2026-11-02", office="siak")
    found = report(database)
    assert {reference: one.state for reference, one in found.items()} == {"B": State.OPEN, "A": State.KEPT}


def test_what_rests_on_a_year_without_a_decree_says_so(database: Database) -> None:
    with database.write() as tx:
        decided(tx, "A", "2027-12-28")
        decided(tx, "B", "2027-12-20")
    found = report(database, now=datetime.datetime(2027, 12, 29, 3, tzinfo=datetime.UTC))
    assert (found["A"].due and found["A"].due.estimated, found["A"].estimated_years) == (True, (2028,))
    assert (found["B"].due and found["B"].due.estimated, found["B"].estimated_years) == (False, ())


def test_the_number_of_days_is_the_office_s_to_promise(database: Database) -> None:
    with database.write() as tx:
        issued(tx, decided(tx, "A", "2026-11-10"), "2026-11-17T03:00")
        with_three = dataclasses.replace(PROMISES, working_days=3)
        (found,) = with_three.report(tx, now=NOW)
    assert (found.due and found.due.day, found.state, found.late) == (day("2026-11-13"), State.LATE, 2)
