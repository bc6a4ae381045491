"""Who may sign, and when: never two people for one permit type on one day, and no permit outside a mandate."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import instruments, mandates
from registry.formats.record import MandateMode
from registry.instruments import Stage
from registry.mandates import MandateError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
DAY = datetime.date(2026, 11, 23)
FIRST = datetime.date(2026, 1, 1)


def appoint(database, mandate) -> int:
    with database.write() as tx:
        return mandates.appoint(tx, office="kampar", mandate=mandate, now=NOW)


def end(database, mandate: int, last_day: str, **other) -> None:
    words = {"reason": "mutasi", "decree_number": "SK-2", "decree_date": DAY, "actor": "petugas", **other}
    with database.write() as tx:
        mandates.end(tx, mandate=mandate, last_day=datetime.date.fromisoformat(last_day), now=NOW, **words)


def holder(database, day: str, pack: str = "genset/v1") -> str | None:
    with database.read() as tx:
        try:
            _, found = mandates.on_day(tx, office="kampar", day=datetime.date.fromisoformat(day), pack=pack)
        except MandateError as error:
            assert "no one is entitled" in str(error)  # noqa: PT017  # the other branch is the answer
            return None
    return found.person


@pytest.mark.parametrize(
    ("start", "last"),
    [("2026-03-31", None), ("2026-01-01", "2026-12-31"), ("2025-01-01", None), ("2026-02-01", "2026-02-02")],
)
def test_two_people_never_hold_the_office_on_one_day(database, a_mandate, start, last) -> None:
    appoint(database, a_mandate("2026-01-01", "2026-03-31"))
    with pytest.raises(MandateError, match="overlaps"):
        appoint(database, a_mandate(start, last, person="B"))


_days = st.integers(0, 12).map(lambda days: FIRST + datetime.timedelta(days=days))
_scopes = st.frozensets(st.sampled_from(["genset", "petir", "reklame"]), max_size=2).map(sorted).map(tuple)
_wishes = st.lists(st.tuples(_days, st.none() | _days, _scopes), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_wishes)
def test_whoever_is_appointed_each_type_has_at_most_one_signer_a_day(database, a_mandate, unused, wishes) -> None:
    office = f"office-{next(unused)}"
    held: dict[tuple[datetime.date, str], str] = {}
    types = ("genset", "petir", "reklame", "another")
    days = [FIRST + datetime.timedelta(days=n) for n in range(20)]
    with database.write() as tx:
        for n, (start, last, scope) in enumerate(wishes):
            span = [
                (day, kind)
                for day in days
                for kind in types
                if start <= day and (last is None or day <= last) and (not scope or kind in scope)
            ]
            wish = a_mandate(str(start), None if last is None else str(last), scope=scope, person=f"P{n}")
            backwards = last is not None and last < start
            if backwards or any(place in held for place in span):
                with pytest.raises(MandateError):
                    mandates.appoint(tx, office=office, mandate=wish, now=NOW)
            else:
                mandates.appoint(tx, office=office, mandate=wish, now=NOW)
                held |= dict.fromkeys(span, f"P{n}")
        for day in days:
            for kind in types:
                try:
                    _, found = mandates.on_day(tx, office=office, day=day, pack=f"{kind}/v3")
                except MandateError:
                    assert (day, kind) not in held
                else:
                    assert held[day, kind] == found.person


def test_offices_do_not_get_in_each_others_way(database, a_mandate) -> None:
    appoint(database, a_mandate("2026-01-01"))
    with database.write() as tx:
        mandates.appoint(tx, office="siak", mandate=a_mandate("2026-01-01", person="B"), now=NOW)
    assert holder(database, "2026-01-01") == "Contoh Kepala"


def test_the_mandate_of_the_day_and_the_type_decides_who_signs(database, a_mandate) -> None:
    appoint(database, a_mandate("2026-01-01", "2026-03-31", person="A"))
    appoint(database, a_mandate("2026-04-01", person="B", scope=("genset",)))
    appoint(database, a_mandate("2026-04-01", person="C", scope=("petir", "reklame")))
    assert [holder(database, day) for day in ("2025-12-31", "2026-03-31", "2026-04-01", "2030-01-01")] == [
        None, "A", "B", "B",
    ]  # fmt: skip
    assert [holder(database, "2026-04-01", pack) for pack in ("petir/v2", "reklame/v1", "gensets/v1")] == [
        "C", "C", None,
    ]  # fmt: skip


@pytest.mark.parametrize("mode", list(MandateMode))
def test_every_mode_is_kept_as_it_was_given(database, a_mandate, mode) -> None:
    wish = a_mandate("2026-01-01", "2026-06-30", scope=("genset",), mode=mode.value)
    key = appoint(database, wish)
    with database.read() as tx:
        assert mandates.by_id(tx, key) == wish


@pytest.mark.parametrize("scope", [("genset/v1",), ("genset", "")])
def test_a_scope_that_could_never_hold_is_refused(database, a_mandate, scope) -> None:
    with pytest.raises(MandateError, match="scope"):
        appoint(database, a_mandate("2026-01-01", scope=scope))


def test_a_mandate_that_ends_before_it_begins_is_refused(database, a_mandate) -> None:
    with pytest.raises(MandateError, match="before it begins"):
        appoint(database, a_mandate("2026-01-02", "2026-01-01"))


def test_an_ended_mandate_makes_room_for_the_next(database, a_mandate) -> None:
    key = appoint(database, a_mandate("2026-01-01", person="A"))
    end(database, key, "2026-06-30")
    appoint(database, a_mandate("2026-07-01", person="B", mode="plt"))
    assert (holder(database, "2026-06-30"), holder(database, "2026-07-01")) == ("A", "B")


def test_an_end_may_be_brought_forward_and_never_put_off(database, a_mandate) -> None:
    key = appoint(database, a_mandate("2026-01-01", "2026-12-31"))
    end(database, key, "2026-11-30")
    end(database, key, "2026-10-31")
    for later in ("2026-10-31", "2026-11-15", "2027-01-01"):
        with pytest.raises(MandateError, match="already"):
            end(database, key, later)
    with database.read() as tx:
        assert mandates.by_id(tx, key).valid_until == datetime.date(2026, 10, 31)
        assert dict(mandates.every(tx, office="kampar"))[key].valid_until == datetime.date(2026, 10, 31)


def test_a_mandate_recorded_by_mistake_is_withdrawn_and_stands_in_nobodys_way(database, a_mandate) -> None:
    key = appoint(database, a_mandate("2026-12-01", person="A"))
    with pytest.raises(MandateError, match="on the day before"):
        end(database, key, "2026-11-29")
    end(database, key, "2026-11-30")
    assert holder(database, "2026-12-01") is None
    appoint(database, a_mandate("2026-11-01", person="B"))
    assert holder(database, "2026-12-01") == "B"


@pytest.mark.parametrize("missing", ["reason", "decree_number", "actor"])
def test_an_end_without_its_decree_is_refused(database, a_mandate, missing) -> None:
    key = appoint(database, a_mandate("2026-01-01"))
    with pytest.raises(MandateError, match=missing.replace("_", " ")):
        end(database, key, "2026-06-30", **{missing: "  "})


def test_an_end_before_a_permit_that_was_issued_is_refused_and_a_later_one_leaves_it_valid(counter, database) -> None:
    permit = counter.issued("A")
    with pytest.raises(MandateError, match=f"{permit.number} was issued under it on 2026-11-23"):
        end(database, counter.mandate, "2026-11-22")
    end(database, counter.mandate, "2026-11-23")
    with database.read() as tx:
        assert instruments.stage(tx, permit) is Stage.ISSUED
        assert mandates.by_id(tx, permit.mandate).holds(permit.date_of_issue, permit.pack)


def test_a_permit_frozen_under_a_mandate_that_ended_meanwhile_is_not_issued(counter, database) -> None:
    permit = counter.frozen("A")
    end(database, counter.mandate, "2026-11-22")
    with pytest.raises(MandateError, match="does not cover"):
        counter.issue(permit)
    with database.read() as tx:
        assert instruments.stage(tx, permit) is Stage.RENDERED


def test_no_permit_is_issued_outside_the_scope_of_its_mandate(counter, database, a_mandate) -> None:
    end(database, counter.mandate, "2026-10-31")
    key = appoint(database, a_mandate("2026-11-01", scope=("petir",)))
    with pytest.raises(MandateError, match="does not cover genset/v1"):
        counter.issue(counter.frozen("A", mandate=key))


def test_no_permit_is_issued_with_the_certificate_of_another_person(counter, database, a_mandate) -> None:
    end(database, counter.mandate, "2026-10-31")
    key = appoint(database, a_mandate("2026-11-01", employee_number="another"))
    with pytest.raises(MandateError, match="not registered for the person"):
        counter.issue(counter.frozen("A", mandate=key))


def test_no_permit_is_issued_after_the_certificate_has_run_out(counter) -> None:
    permit = counter.frozen("A")
    with pytest.raises(MandateError, match="renew it"):
        counter.issue(permit, now=NOW + datetime.timedelta(days=401))


def test_a_certificate_is_registered_once_and_for_one_person(counter, database) -> None:
    again = {"certificate": counter.certificate, "issuers": (), "now": NOW}
    with database.write() as tx:
        mandates.register_signer(tx, employee_number="198001012005011001", **again)
        assert len(mandates.signers(tx)) == 1
    with pytest.raises(MandateError, match="one of their own"), database.write() as tx:
        mandates.register_signer(tx, employee_number="another", **again)
    with pytest.raises(MandateError, match="not registered"), database.read() as tx:
        mandates.signer_id(tx, employee_number="another", certificate=counter.certificate)
