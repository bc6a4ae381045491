"""Working days: the decree decides, the library only estimates, and an estimate says that it is one."""

import datetime
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import workdays
from registry.workdays import Calendar, CalendarError, DayOff, DecreedYear, Kind

SHIPPED = Calendar(decreed=workdays.read(workdays.SHIPPED))
DAYS = st.dates(min_value=datetime.date(2020, 1, 1), max_value=datetime.date(2032, 12, 31))
COUNTS = st.integers(min_value=1, max_value=300)
TABLE = """
[2028]
decree = "Keputusan Bersama Contoh Nomor 1 Tahun 2027"
[2028.national]
2028-08-17 = { id = "Hari Kemerdekaan", en = "Independence Day" }
[2028.joint]
2028-08-18 = { id = "Cuti Bersama Hari Kemerdekaan" }
[[2028.local]]
decree = "Keputusan Bupati Contoh Nomor 2 Tahun 2028"
[2028.local.days]
2028-02-07 = { id = "Hari Jadi Kabupaten Contoh" }
2028-02-12 = { id = "Pesta Sabtu" }
"""


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-12-18", "2026-12-29"),  # Christmas and its joint leave, two weekends
        ("2026-03-13", "2026-03-27"),  # Nyepi and Idul Fitri with their joint leave
        ("2026-05-11", "2026-05-20"),
        ("2026-11-20", "2026-11-27"),
    ],
)
def test_five_working_days_end_where_a_person_with_the_decree_in_hand_counts_to(received: str, due: str) -> None:
    found = SHIPPED.after(day(received), 5)
    assert (found.day, found.estimated, found.estimated_years) == (day(due), False, ())


@pytest.mark.parametrize(("year", "count"), [(2026, 25), (2027, 26)])
def test_the_shipped_table_holds_the_days_that_the_library_took_from_the_decrees(year: int, count: int) -> None:
    shipped = SHIPPED.days_off(year)
    assert len(shipped) == count
    for kind, category in ((Kind.NATIONAL, "public"), (Kind.JOINT, "government")):
        names, english = (
            holidays.country_holidays("ID", years=year, expand=False, categories=(category,), language=language)
            for language in ("id", "en_US")
        )
        assert {(off.day, off.name, off.english) for off in shipped if off.kind is kind} == {
            (when, name.removesuffix(" (perkiraan)"), english[when].removesuffix(" (estimated)"))
            for when, name in names.items()
        }
    decrees = {2026: ("1497 Tahun 2025", "2 Tahun 2025", "5 Tahun 2025"), 2027: ("1205 Tahun 2026", "3 Tahun 2026")}
    for off in shipped:
        assert all(number in off.source for number in decrees[year])
        assert not off.estimated


@given(DAYS, COUNTS)
def test_a_due_day_is_a_working_day_and_counting_back_gives_the_promise(start: datetime.date, count: int) -> None:
    due = SHIPPED.after(start, count).day
    assert due > start
    assert SHIPPED.is_working_day(due)
    assert SHIPPED.name_of_day_off(due) is None
    assert SHIPPED.working_days_between(start, due) == count
    assert SHIPPED.working_days_between(start, due - datetime.timedelta(days=1)) == count - 1


@given(DAYS, DAYS, COUNTS)
def test_who_comes_later_is_never_due_earlier(one: datetime.date, other: datetime.date, count: int) -> None:
    first, second = sorted((one, other))
    assert SHIPPED.after(first, count).day <= SHIPPED.after(second, count).day
    assert SHIPPED.after(first, count).day < SHIPPED.after(first, count + 1).day
    assert SHIPPED.working_days_between(second, first) == 0


@given(DAYS, COUNTS)
def test_a_due_day_is_an_estimate_exactly_if_a_year_on_the_way_has_no_decree(start: datetime.date, count: int) -> None:
    due = SHIPPED.after(start, count)
    years = range((start + datetime.timedelta(days=1)).year, due.day.year + 1)
    assert due.estimated_years == tuple(year for year in years if year not in {2026, 2027})
    assert due.estimated == bool(due.estimated_years)


def test_past_the_last_decree_the_library_estimates_and_says_so() -> None:
    assert SHIPPED.after(day("2027-12-21"), 5).estimated_years == ()
    due = SHIPPED.after(day("2027-12-28"), 5)
    assert due.estimated_years == (2028,)
    assert SHIPPED.decreed_years == (2026, 2027)
    estimated = SHIPPED.days_off(2028)
    assert estimated
    assert all(off.estimated and off.source.startswith("holidays ") for off in estimated)
    assert "perkiraan" in str(SHIPPED.name_of_day_off(day("2028-05-05")))
    assert "estimated" in str(SHIPPED.name_of_day_off(day("2028-05-05"), "en"))


def test_a_decreed_table_takes_the_place_of_the_library_for_its_year_alone() -> None:
    calendar = Calendar(decreed=workdays.parse(TABLE.encode(), name="holidays.toml"))
    assert not calendar.is_working_day(day("2028-08-18"))
    assert SHIPPED.is_working_day(day("2028-08-18"))
    # The library knows Idul Adha of that year; this decree does not.
    assert calendar.is_working_day(day("2028-05-05"))
    assert not SHIPPED.is_working_day(day("2028-05-05"))
    assert calendar.days_off(2027) != SHIPPED.days_off(2027)
    assert {off.estimated for off in calendar.days_off(2027)} == {True}


def test_a_day_off_has_its_name_in_both_languages_and_the_decree_that_gives_it() -> None:
    calendar = Calendar(decreed=workdays.parse(TABLE.encode(), name="holidays.toml"))
    assert calendar.name_of_day_off(day("2028-08-17")) == "Hari Kemerdekaan"
    assert calendar.name_of_day_off(day("2028-08-17"), "en") == "Independence Day"
    assert calendar.name_of_day_off(day("2028-02-07"), "en") == "Hari Jadi Kabupaten Contoh"
    assert calendar.name_of_day_off(day("2028-08-16")) is None
    local, saturday, national, joint = calendar.days_off(2028)
    assert (local.kind, local.source) == (Kind.LOCAL, "Keputusan Bupati Contoh Nomor 2 Tahun 2028")
    assert (national.kind, joint.kind) == (Kind.NATIONAL, Kind.JOINT)
    assert national.source == joint.source == "Keputusan Bersama Contoh Nomor 1 Tahun 2027"
    assert saturday.day.weekday() == 5


def test_a_day_off_on_a_saturday_changes_nothing() -> None:
    without = TABLE.replace('2028-02-12 = { id = "Pesta Sabtu" }\n', "")
    one, other = (Calendar(decreed=workdays.parse(text.encode(), name="a")) for text in (TABLE, without))
    assert one.after(day("2028-02-04"), 9) == other.after(day("2028-02-04"), 9)


HEAD = '[2028]\ndecree = "X"\n[2028.national]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no year"),
        ("2028 = x\n", "line 1"),
        (HEAD + '2028-01-01 = { id = "A" }\n2028-01-01 = { id = "B" }\n', "every day once"),
        (HEAD + '2028-01-01 = { id = "A" }\n[2028.joint]\n2028-01-01 = { id = "B" }\n', "2028-01-01 stands twice"),
        (HEAD + '2027-12-31 = { id = "A" }\n', "2027-12-31 is no day of 2028"),
        (HEAD + '2028-02-30 = { id = "A" }\n', r"2028\.national\.2028-02-30: no day"),
        (HEAD + '"20280101" = { id = "A" }\n', "20280101: no day"),
        (HEAD + '2028-01-01 = { nama = "A" }\n', "2028-01-01.nama: this name means nothing here"),
        (HEAD + "2028-01-01 = {}\n", "2028-01-01.id: is missing"),
        (HEAD + '2028-01-01 = { id = " " }\n', "2028-01-01.id: must be a text"),
        (HEAD + '2028-01-01 = { id = "A\\u001b[2J" }\n', "2028-01-01.id: must be a text"),
        (HEAD + "2028-01-01 = 3\n", "2028-01-01: must be a table of id, en"),
        (HEAD, "2028.national: holds no days"),
        ('[2028.national]\n2028-01-01 = { id = "A" }\n', "2028.decree: is missing"),
        ('[2028]\ndecree = "X"\n', "2028.national: is missing"),
        ('[2028]\ndecree = ""\n[2028.national]\n2028-01-01 = { id = "A" }\n', "2028.decree: must be a text"),
        (HEAD + '2028-01-01 = { id = "A" }\n[2028.cuti]\n', "2028.cuti: this name means nothing here"),
        (HEAD + '2028-01-01 = { id = "A" }\n[2028.local]\n', "two brackets"),
        (HEAD + '2028-01-01 = { id = "A" }\n[[2028.local]]\ndecree = "Y"\n', "local 1.days: is missing"),
        ("[28]\n", "28: no year"),
        ("2028 = 1\n", "2028: must be a table"),
    ],
)
def test_a_wrong_table_is_refused_with_file_place_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    table = tmp_path / "holidays.toml"
    table.write_text(text)
    with pytest.raises(CalendarError, match=said) as refused:
        workdays.read(table)
    assert str(refused.value).startswith(f"{table}: ")


def test_a_missing_or_oversized_table_is_an_error_and_never_an_empty_calendar(tmp_path: Path) -> None:
    with pytest.raises(CalendarError, match=r"holidays\.toml"):
        workdays.read(tmp_path / "holidays.toml")
    (tmp_path / "holidays.toml").write_bytes(b"#" * (workdays.MAX_BYTES + 1))
    with pytest.raises(CalendarError, match="something else"):
        workdays.read(tmp_path / "holidays.toml")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEAD + text).encode("utf-8", "replace")))
def test_whatever_stands_in_the_file_only_our_error_comes_out(data: bytes) -> None:
    try:
        years = workdays.parse(data, name="holidays.toml")
    except CalendarError:
        return
    assert years


@pytest.mark.parametrize("brackets", [b"a = " + b"[" * 100_000, b"a." * 3_000 + b"a = 1"])
def test_a_table_nested_without_end_is_refused(brackets: bytes) -> None:
    with pytest.raises(CalendarError):
        workdays.parse(brackets, name="holidays.toml")


def test_a_promise_of_no_days_and_a_year_decreed_twice_are_programming_errors() -> None:
    off = DayOff(day=day("2028-01-03"), name="A", english=None, kind=Kind.LOCAL, source="X")
    year = DecreedYear(year=2028, decree="X", days=(off,))
    with pytest.raises(ValueError, match="from 1"):
        SHIPPED.after(day("2026-01-01"), 0)
    with pytest.raises(ValueError, match="twice"):
        Calendar(decreed=(year, year))
    with pytest.raises(ValueError, match="stand once"):
        DecreedYear(year=2028, decree="X", days=(off, off))
