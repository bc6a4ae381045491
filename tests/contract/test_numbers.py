"""Number series: no gap, no number twice, and every number has a fate."""

import concurrent.futures
import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import numbers
from registry.instruments import InstrumentError
from registry.numbers import Fate, NumberError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
GENSET = {"series": "genset", "year": 2026}


def allot(database, **other) -> numbers.AllottedNumber:
    with database.write() as tx:
        return numbers.allot(tx, **(GENSET | other), now=NOW)


def report(database) -> list[numbers.ReportedNumber]:
    with database.read() as tx:
        return list(numbers.report(tx, **GENSET))


def outside(database, first: int, last: int, reason: str = "listrik padam") -> None:
    with database.write() as tx:
        numbers.record_outside(tx, **GENSET, first=first, last=last, reason=reason, now=NOW)


def open_at(database, first: int, reason: str = "buku agenda 2026", actor: str = "petugas") -> None:
    with database.write() as tx:
        numbers.open_series(tx, **GENSET, first=first, reason=reason, actor=actor, now=NOW)


def void(database, row: int, reason: str = "kertas rusak") -> None:
    with database.write() as tx:
        numbers.void(tx, row=row, reason=reason, now=NOW)


def test_numbers_are_gapless_and_unique_when_many_ask_at_once(database) -> None:
    def take(_turn: int) -> list[int]:
        return [allot(database).n for _ in range(25)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = [n for mine in pool.map(take, range(8)) for n in mine]
    assert sorted(taken) == list(range(1, 201))


def test_a_number_is_free_again_when_its_transaction_fails(database) -> None:
    def cut() -> None:
        with database.write() as tx:
            numbers.allot(tx, **GENSET, now=NOW)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut()
    assert [allot(database).n, allot(database).n] == [1, 2]


def test_each_series_and_each_year_counts_for_itself(database) -> None:
    assert [allot(database).n, allot(database, year=2027).n, allot(database, series="petir").n, allot(database).n] == [
        1, 1, 1, 2,
    ]  # fmt: skip
    with database.read() as tx:
        assert numbers.series(tx) == [("genset", 2026), ("petir", 2026), ("genset", 2027)]


def test_a_void_number_is_kept_with_its_reason_and_not_given_again(database) -> None:
    spoiled = allot(database)
    void(database, spoiled.row)
    assert allot(database).n == 2
    assert [(line.n, line.fate, line.reason) for line in report(database)] == [
        (1, Fate.VOID, "kertas rusak"),
        (2, Fate.USED, None),
    ]
    with pytest.raises(NumberError, match="only a number that was allotted"):
        void(database, spoiled.row)


def test_a_number_is_not_made_void_without_a_reason(database) -> None:
    with pytest.raises(NumberError, match="reason"):
        void(database, allot(database).row, reason=" ")


def test_the_number_of_an_issued_permit_is_never_void(counter, database) -> None:
    permit = counter.issued("A")
    with pytest.raises(NumberError, match=f"{permit.number} was issued"):
        void(database, permit.number_row)


def test_a_permit_whose_number_was_given_up_is_not_issued(counter, database) -> None:
    permit = counter.frozen("A")
    void(database, permit.number_row)
    with pytest.raises(InstrumentError, match="made void"):
        counter.issue(permit)


def test_a_series_that_began_on_paper_goes_on_after_it(database) -> None:
    open_at(database, 237)
    with database.read() as tx:
        assert numbers.next_number(tx, **GENSET) == 237
        assert numbers.opening(tx, **GENSET) == numbers.Opening(first=237, reason="buku agenda 2026", recorded=NOW)
        assert numbers.opening(tx, series="genset", year=2027) is None
        assert numbers.series(tx) == [("genset", 2026)]
    assert [allot(database).n, allot(database).n, allot(database, year=2027).n] == [237, 238, 1]


def test_a_series_is_opened_once_and_before_its_first_number(database) -> None:
    open_at(database, 237)
    with pytest.raises(NumberError, match="opened already"):
        open_at(database, 300)


def test_a_series_that_has_given_numbers_is_not_opened_any_more(database) -> None:
    allot(database)
    with pytest.raises(NumberError, match="up to 1 already"):
        open_at(database, 237)


@pytest.mark.parametrize("first", [-1, 0, 1, 2**31, 2**63])
def test_an_opening_that_opens_nothing_or_fits_no_column_is_refused(database, first) -> None:
    with pytest.raises(NumberError, match="opens at 2"):
        open_at(database, first)


@pytest.mark.parametrize("missing", ["reason", "actor"])
def test_an_opening_needs_its_reason_and_who_entered_it(database, missing) -> None:
    with pytest.raises(NumberError, match="opening needs"):
        open_at(database, 237, **{missing: ""})


def test_numbers_given_by_hand_go_on_where_the_series_stands(database) -> None:
    allot(database)
    outside(database, 2, 4)
    assert allot(database).n == 5
    assert [line.fate for line in report(database)] == [Fate.USED, *[Fate.OUTSIDE] * 3, Fate.USED]
    assert {line.reason for line in report(database)} == {None, "listrik padam"}


@pytest.mark.parametrize(
    ("first", "last"), [(1, 1), (3, 3), (2, 1), (0, 2), (2, 2**31), (2, 1_002), (2**31 - 1, 2**31 - 1)]
)
def test_numbers_given_by_hand_leave_no_gap_and_take_none_that_was_given(database, first, last) -> None:
    allot(database)
    with pytest.raises(NumberError):
        outside(database, first, last)
    assert [line.n for line in report(database)] == [1]


def test_numbers_given_by_hand_need_their_reason(database) -> None:
    with pytest.raises(NumberError, match="need their reason"):
        outside(database, 1, 1, reason="")


def test_the_report_says_what_became_of_every_number(counter, database) -> None:
    issued = counter.issued("A")
    waiting = counter.frozen("B")
    spoiled = allot(database)
    void(database, spoiled.row)
    outside(database, 4, 4)
    assert [(line.n, line.fate, line.printed, line.issued) for line in report(database)] == [
        (1, Fate.USED, issued.number, NOW),
        (2, Fate.USED, waiting.number, None),
        (3, Fate.VOID, None, None),
        (4, Fate.OUTSIDE, None, None),
    ]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_number_is_found_with_its_fate(database, n) -> None:
    allot(database)
    outside(database, 2, 3)
    with database.read() as tx:
        found = numbers.of(tx, **GENSET, n=n)
    assert (found and found.fate) == {1: Fate.USED, 2: Fate.OUTSIDE, 4: None}[n]


_steps = st.lists(
    st.sampled_from(["allot", "fail", "void", "outside", "open"]).flatmap(
        lambda what: st.tuples(st.just(what), st.integers(1, 9))
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_whatever_is_done_to_a_series_its_numbers_follow_each_other_without_a_gap(database, unused, steps) -> None:
    series = {"series": f"series-{next(unused)}", "year": 2026}
    given_out: list[int] = []
    for what, size in steps:
        try:
            with database.write() as tx:
                if what in ("allot", "fail"):
                    given_out.append(numbers.allot(tx, **series, now=NOW).n)
                    if what == "fail":
                        given_out.pop()
                        raise NumberError("gagal")
                elif what == "void":
                    found = numbers.of(tx, **series, n=size)
                    if found is not None:
                        numbers.void(tx, row=found.row, reason="r", now=NOW)
                elif what == "outside":
                    following = numbers.next_number(tx, **series)
                    first = following if size % 2 else size
                    numbers.record_outside(tx, **series, first=first, last=first + 2, reason="r", now=NOW)
                    given_out += range(first, first + 3)
                elif not given_out:
                    numbers.open_series(tx, **series, first=size, reason="r", actor="a", now=NOW)
        except NumberError:
            continue
    with database.read() as tx:
        reported = [line.n for line in numbers.report(tx, **series)]
        opened = numbers.opening(tx, **series)
    first = 1 if opened is None else opened.first
    assert reported == list(range(first, first + len(given_out)))
    assert sorted(given_out) == reported
