"""What happens to a permit after its issue, and the exact answer to “was it in force on that day?”."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import lifecycle, schema
from registry.formats.logentry import Event, decode
from registry.formats.record import Correction, Status, state_at
from registry.lifecycle import ChangeError, Slip

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
DAY = NOW.astimezone(ZONE).date()
HOUR = datetime.timedelta(hours=1)
ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture
def change(database):
    """Orders a change; unless a test says otherwise it is recorded when it takes effect."""

    def order(permit, order, *, now=None) -> int:
        with database.write() as tx:
            return lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=now or order.effective)

    return order


def states(database, permit, *moments) -> list[Status | None]:
    with database.read() as tx:
        history = lifecycle.history(tx, permit.id)
    return [None if (state := state_at(history, moment)) is None else state.status for moment in moments]


# From each state: where each order leads, None if it is refused.
TRANSITIONS = {
    Status.IN_FORCE: {
        Event.SUSPEND: Status.SUSPENDED,
        Event.REINSTATE: None,
        Event.REVOKE: Status.REVOKED,
        Event.ANNUL: Status.ANNULLED,
        Event.SUPERSEDE: Status.SUPERSEDED,
        Event.CORRECT: Status.IN_FORCE,
    },
    Status.SUSPENDED: {
        Event.SUSPEND: None,
        Event.REINSTATE: Status.IN_FORCE,
        Event.REVOKE: Status.REVOKED,
        Event.ANNUL: Status.ANNULLED,
        Event.SUPERSEDE: Status.SUPERSEDED,
        Event.CORRECT: Status.SUSPENDED,
    },
    Status.REVOKED: dict.fromkeys(lifecycle.CHANGES),
    Status.ANNULLED: dict.fromkeys(lifecycle.CHANGES),
    Status.SUPERSEDED: dict.fromkeys(lifecycle.CHANGES),
}
LEADS_TO = {
    Status.SUSPENDED: Event.SUSPEND,
    Status.REVOKED: Event.REVOKE,
    Status.ANNULLED: Event.ANNUL,
    Status.SUPERSEDED: Event.SUPERSEDE,
}
TABLE = sorted(
    ((state, event, leads) for state, events in TRANSITIONS.items() for event, leads in events.items()),
    key=lambda row: row[:2],  # in the same order in every process that runs tests
)


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE])
def test_each_state_allows_these_changes_and_no_others(counter, ordered, change, row) -> None:
    state, event, leads = row
    permit, successor = counter.issued("A"), counter.issued("B")

    def an_order(kind, effective):
        return ordered(kind, effective, replaced_by=successor.number if kind is Event.SUPERSEDE else None)

    if state is not Status.IN_FORCE:
        change(permit, an_order(LEADS_TO[state], NOW + HOUR))
    after = NOW + 2 * HOUR
    entries = counter.count(schema.log_entries)
    if leads is None:
        with pytest.raises(ChangeError, match=permit.number):
            change(permit, an_order(event, after))
    else:
        change(permit, an_order(event, after))
    assert counter.count(schema.log_entries) == entries + (leads is not None)
    assert states(counter.database, permit, after - datetime.timedelta.resolution, after) == [state, leads or state]


def test_every_change_is_kept_whole_with_its_instrument(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    order = ordered(Event.SUSPEND, NOW + HOUR, decree_sha256=bytes([9]) * 32)
    assert change(permit, order, now=NOW + 2 * HOUR) == 2
    with database.read() as tx:
        issue, suspension = lifecycle.history(tx, permit.id)
        entry = decode(
            tx.execute(
                sa.select(schema.log_entries.c.entry).where(schema.log_entries.c.event == "suspend")
            ).scalar_one()
        )
        actor = tx.execute(
            sa.select(schema.status_changes.c.actor).order_by(schema.status_changes.c.id.desc())
        ).scalar()
    assert (issue.sequence, issue.status, issue.effective) == (1, Status.IN_FORCE, NOW)
    assert suspension.ground == order.reason
    assert suspension.legal_ground == order.legal_ground
    assert suspension.instrument_number == order.decree_number
    assert suspension.instrument_date == order.decree_date
    assert suspension.document_sha256 == order.decree_sha256 == entry.file_sha256
    assert (suspension.effective, suspension.recorded, suspension.sequence) == (NOW + HOUR, NOW + 2 * HOUR, 2)
    assert (entry.serial, entry.effective) == (permit.serial, int((NOW + HOUR).timestamp()))
    assert actor == order.actor


def test_several_changes_on_one_day_each_count_from_their_moment(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.SUSPEND, NOW + HOUR))
    change(permit, ordered(Event.REINSTATE, NOW + 2 * HOUR))
    change(permit, ordered(Event.SUSPEND, NOW + 3 * HOUR))
    instant = datetime.timedelta.resolution
    moments = [NOW - instant, NOW, NOW + HOUR - instant, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR]
    assert states(database, permit, *moments) == [
        None, Status.IN_FORCE, Status.IN_FORCE, Status.SUSPENDED, Status.IN_FORCE, Status.SUSPENDED,
    ]  # fmt: skip


def test_of_changes_at_one_instant_the_last_recorded_counts(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    for event in (Event.SUSPEND, Event.REINSTATE, Event.SUSPEND, Event.REINSTATE):
        change(permit, ordered(event, NOW + HOUR))
    assert states(database, permit, NOW + HOUR) == [Status.IN_FORCE]
    change(permit, ordered(Event.REVOKE, NOW + HOUR))
    assert states(database, permit, NOW + HOUR) == [Status.REVOKED]


def test_a_change_ordered_for_a_later_day_waits_for_it(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.SUSPEND, NOW + 30 * ONE_DAY), now=NOW + HOUR)
    assert states(database, permit, NOW + HOUR, NOW + 29 * ONE_DAY, NOW + 30 * ONE_DAY) == [
        Status.IN_FORCE, Status.IN_FORCE, Status.SUSPENDED,
    ]  # fmt: skip


def test_a_permit_can_be_suspended_today_though_its_revocation_is_ordered_for_later(
    counter, database, ordered, change
) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.REVOKE, NOW + 30 * ONE_DAY), now=NOW + HOUR)
    change(permit, ordered(Event.SUSPEND, NOW + ONE_DAY))
    assert states(database, permit, NOW + ONE_DAY, NOW + 30 * ONE_DAY) == [Status.SUSPENDED, Status.REVOKED]


@pytest.mark.parametrize("event", [Event.SUSPEND, Event.REINSTATE])
def test_a_change_that_would_make_a_later_one_senseless_is_refused(counter, ordered, change, event) -> None:
    permit = counter.issued("A")
    if event is Event.REINSTATE:
        change(permit, ordered(Event.SUSPEND, NOW + HOUR))
    change(permit, ordered(event, NOW + 30 * ONE_DAY), now=NOW + 2 * HOUR)
    with pytest.raises(ChangeError, match="already, which cannot follow"):
        change(permit, ordered(event, NOW + ONE_DAY))


@pytest.mark.parametrize("event", [Event.REVOKE, Event.SUPERSEDE, Event.SUSPEND])
def test_nothing_reaches_back_before_a_final_state_that_has_come(counter, ordered, change, event) -> None:
    permit, successor = counter.issued("A"), counter.issued("B")
    change(permit, ordered(Event.REVOKE, NOW + 5 * HOUR))
    replaced_by = successor.number if event is Event.SUPERSEDE else None
    with pytest.raises(ChangeError, match="revoked"):
        change(permit, ordered(event, NOW + 2 * HOUR, replaced_by=replaced_by), now=NOW + 8 * HOUR)


def test_a_final_state_ordered_for_later_can_come_sooner(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.REVOKE, NOW + 30 * ONE_DAY), now=NOW + HOUR)
    change(permit, ordered(Event.REVOKE, NOW + ONE_DAY))
    assert states(database, permit, NOW + ONE_DAY, NOW + 31 * ONE_DAY) == [Status.REVOKED, Status.REVOKED]


@pytest.mark.parametrize("ended", [None, Event.REVOKE, Event.SUSPEND])
def test_an_annulment_reaches_back_to_the_issue(counter, database, ordered, change, ended) -> None:
    permit = counter.issued("A")
    if ended is not None:
        change(permit, ordered(ended, NOW + HOUR))
    later = NOW + 10 * ONE_DAY
    change(permit, ordered(Event.ANNUL, NOW, decree_date=later.date()), now=later)
    assert states(database, permit, NOW - HOUR, NOW, NOW + 2 * HOUR, later) == [None, *[Status.ANNULLED] * 3]


@pytest.mark.parametrize("event", sorted(lifecycle.CHANGES))
def test_nothing_takes_effect_before_the_issue(counter, ordered, change, event) -> None:
    permit, successor = counter.issued("A"), counter.issued("B")
    replaced_by = successor.number if event is Event.SUPERSEDE else None
    with pytest.raises(ChangeError, match="a change comes after the issue"):
        change(permit, ordered(event, NOW - HOUR, replaced_by=replaced_by), now=NOW + HOUR)


@pytest.mark.parametrize("event", sorted(lifecycle.CHANGES - {Event.ANNUL, Event.REINSTATE}))
def test_a_change_acts_from_the_day_of_its_instrument_where_the_office_is(counter, ordered, change, event) -> None:
    permit, successor = counter.issued("A"), counter.issued("B")
    # 00:30 of the 25th in Jakarta is 17:30 of the 24th in UTC.
    midnight = datetime.datetime(2026, 11, 24, 17, 0, tzinfo=datetime.UTC)
    other = {
        "decree_date": datetime.date(2026, 11, 25),
        "replaced_by": successor.number if event is Event.SUPERSEDE else None,
    }
    with pytest.raises(ChangeError, match="from the day of its instrument"):
        change(permit, ordered(event, midnight - HOUR, **other), now=midnight + HOUR)
    change(permit, ordered(event, midnight, **other), now=midnight + HOUR)


def test_an_instrument_is_not_of_tomorrow_where_the_office_is(counter, ordered, change) -> None:
    permit = counter.issued("A")
    evening = datetime.datetime(2026, 11, 24, 16, 59, tzinfo=datetime.UTC)
    order = ordered(Event.SUSPEND, NOW + 3 * ONE_DAY, decree_date=datetime.date(2026, 11, 25))
    with pytest.raises(ChangeError, match="yet to come"):
        change(permit, order, now=evening)
    change(permit, order, now=evening + datetime.timedelta(minutes=1))


def test_an_instrument_from_before_the_issue_is_about_another_permit(counter, ordered, change) -> None:
    permit = counter.issued("A")
    for event in (Event.SUSPEND, Event.ANNUL):
        with pytest.raises(ChangeError, match="cannot be about this permit"):
            change(permit, ordered(event, NOW + HOUR, decree_date=DAY - ONE_DAY))


def test_a_permit_that_was_not_issued_cannot_change(counter, ordered, change) -> None:
    permit = counter.frozen("A")
    with pytest.raises(ChangeError, match="not issued"):
        change(permit, ordered(Event.REVOKE, NOW + HOUR))


@pytest.mark.parametrize("missing", ["reason", "legal_ground", "decree_number", "actor"])
def test_a_change_without_its_papers_is_refused(counter, ordered, change, missing) -> None:
    permit = counter.issued("A")
    with pytest.raises(ChangeError, match=missing.replace("_", " ")):
        change(permit, ordered(Event.REVOKE, NOW + HOUR, **{missing: " "}))


def test_issuing_is_no_change_of_a_permit(counter, ordered, change) -> None:
    permit = counter.issued("A")
    with pytest.raises(ValueError, match="no change of a permit"):
        change(permit, ordered(Event.ISSUE, NOW + HOUR))


# Corrections


def test_a_correction_keeps_the_state_and_is_listed(counter, database, ordered, change) -> None:
    permit = counter.issued("A")
    slip = Slip(field="Alamat", printed="Jl. Contho 1", correct="Jl. Contoh 1")
    change(permit, ordered(Event.CORRECT, NOW + HOUR, slip=slip, decree_sha256=bytes(32)))
    change(permit, ordered(Event.SUSPEND, NOW + 2 * HOUR))
    change(permit, ordered(Event.CORRECT, NOW + 3 * HOUR))
    with database.read() as tx:
        assert [record.status for record in lifecycle.history(tx, permit.id)] == [Status.IN_FORCE, Status.SUSPENDED]
        first, second = lifecycle.corrections(tx, permit.id)
    assert first == Correction(
        field="Alamat", printed="Jl. Contho 1", correct="Jl. Contoh 1", instrument_number="SK-9", instrument_date=DAY,
        effective=NOW + HOUR, recorded=NOW + HOUR, document_sha256=bytes(32),
    )  # fmt: skip
    assert second.field == "Nama"
    assert states(database, permit, NOW + HOUR, NOW + 3 * HOUR) == [Status.IN_FORCE, Status.SUSPENDED]


def test_a_correction_ordered_before_a_suspension_of_the_future_takes_nothing_from_it(
    counter, database, ordered, change
) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.CORRECT, NOW + 10 * ONE_DAY), now=NOW + HOUR)
    change(permit, ordered(Event.SUSPEND, NOW + ONE_DAY))
    assert states(database, permit, NOW + 11 * ONE_DAY) == [Status.SUSPENDED]


def test_a_correction_is_recorded_with_the_state_of_its_moment_not_of_the_last_order(counter, ordered, change) -> None:
    permit = counter.issued("A")
    change(permit, ordered(Event.SUSPEND, NOW + 10 * ONE_DAY), now=NOW + HOUR)
    change(permit, ordered(Event.CORRECT, NOW + ONE_DAY))
    table = schema.status_changes.c
    with counter.database.read() as tx:
        assert tx.execute(sa.select(table.status).where(table.change == "correct")).scalar_one() == "in_force"


@pytest.mark.parametrize(
    "slip",
    [
        Slip(field="", printed="a", correct="b"),
        Slip(field="Nama", printed=" ", correct="b"),
        Slip(field="Nama", printed="a", correct=""),
        Slip(field="Nama", printed="a", correct="a"),
        None,
    ],
)
def test_a_correction_that_corrects_nothing_is_refused(counter, ordered, change, slip) -> None:
    permit = counter.issued("A")
    with pytest.raises(ChangeError, match="correction"):
        change(permit, ordered(Event.CORRECT, NOW + HOUR, slip=slip))


def test_only_a_correction_corrects(counter, ordered, change) -> None:
    permit = counter.issued("A")
    with pytest.raises(ChangeError, match="correction"):
        change(permit, ordered(Event.SUSPEND, NOW + HOUR, slip=Slip(field="Nama", printed="a", correct="b")))


# Successors


def test_a_superseded_permit_names_the_issued_permit_that_replaces_it(counter, database, ordered, change) -> None:
    permit, successor = counter.issued("A"), counter.issued("B")
    change(permit, ordered(Event.SUPERSEDE, NOW + HOUR, replaced_by=successor.number))
    with database.read() as tx:
        assert lifecycle.history(tx, permit.id)[-1].replaced_by == successor.number


@pytest.mark.parametrize("which", ["itself", "waiting", "unknown", "revoked", "nobody"])
def test_no_permit_is_replaced_by_one_that_does_not_stand(counter, database, ordered, change, which) -> None:
    permit, revoked = counter.issued("A"), counter.issued("R")
    change(revoked, ordered(Event.REVOKE, NOW + HOUR))
    numbers = {
        "itself": permit.number,
        "waiting": counter.frozen("W").number,
        "unknown": "503/999/2026",
        "revoked": revoked.number,
        "nobody": None,
    }
    with pytest.raises(ChangeError, match=r"issue the successor first|does not stand|names the permit"):
        change(permit, ordered(Event.SUPERSEDE, NOW + 2 * HOUR, replaced_by=numbers[which]))
    assert states(database, permit, NOW + 3 * HOUR) == [Status.IN_FORCE]


def test_only_a_superseded_permit_names_a_successor(counter, ordered, change) -> None:
    permit, successor = counter.issued("A"), counter.issued("B")
    with pytest.raises(ChangeError, match="only a superseded permit"):
        change(permit, ordered(Event.REVOKE, NOW + HOUR, replaced_by=successor.number))


# Any orders at all, against a model that knows nothing of the registry

ALLOWED = {
    ("in_force", "suspend"): "suspended",
    ("suspended", "reinstate"): "in_force",
    **{(state, "revoke"): "revoked" for state in ("in_force", "suspended")},
    **{(state, "annul"): "annulled" for state in ("in_force", "suspended")},
}


def walk(orders: list[tuple[int, int, str]], until: int) -> str | None:
    """The state after the orders (hour, arrival, what) up to an hour; None if one of them cannot follow the others."""
    state = "in_force"
    for hour, _, what in sorted(orders):
        if hour > until or state in ("revoked", "annulled"):
            break
        if (state, what) not in ALLOWED:
            return None
        state = ALLOWED[state, what]
    return state


_orders = st.lists(
    st.tuples(st.sampled_from(["suspend", "reinstate", "revoke", "annul"]), st.integers(0, 6), st.integers(0, 2)),
    max_size=9,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_orders)
def test_any_orders_leave_the_state_that_a_simple_model_says(counter, database, ordered, unused, orders) -> None:
    permit = counter.issued(f"random {next(unused)}")
    accepted: list[tuple[int, int, str]] = []
    clock = 0
    with database.write() as tx:
        for arrival, (what, hour, passed) in enumerate(orders):
            clock += passed
            wish = (hour, arrival, what)
            present = walk(accepted, hour)
            over = walk(accepted, clock) in ("revoked", "annulled") and what != "annul"
            legal = present not in ("revoked", "annulled") and walk([*accepted, wish], 99) is not None and not over
            order = ordered(Event(what), NOW + hour * HOUR)
            if legal:
                lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=NOW + clock * HOUR)
                accepted.append(wish)
            else:
                with pytest.raises(ChangeError):
                    lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=NOW + clock * HOUR)
    hours = range(8)
    assert states(database, permit, *(NOW + hour * HOUR for hour in hours)) == [walk(accepted, hour) for hour in hours]
    assert states(database, permit, NOW - datetime.timedelta.resolution) == [None]
