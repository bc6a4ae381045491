"""The promise of the service standard: a permit within so many working days after its complete application came in.

Computed anew from the decisions, the log and the calendar each time, never stored: a decree that moves a day off moves
what rests on it. Only approved decisions are in the registry, so an application that no one has decided on is not here.
"""

import dataclasses
import datetime
import enum
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from registry import schema
from registry.formats.logentry import Event
from registry.workdays import Calendar, Due

_ROWS_AT_A_TIME: Final = 1000
_ONE_DAY: Final = datetime.timedelta(days=1)


class State(enum.StrEnum):
    """What became of a promise. `UNKNOWN`: the day of receipt was not recorded, so no one can say."""

    OVERDUE = "overdue"
    OPEN = "open"
    LATE = "late"
    KEPT = "kept"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The promise for one application; days are those of the office's zone, counts are working days.

    `received` and all that follows from it is None where the day was not recorded. `used` counts from the day after
    receipt up to the issue, or today. `late` is 0 unless the due day has passed; a day off then counts as the working
    day that follows it. `left` is None unless the permit is still to come in time. `estimated_years` are the years
    without a decree that any of this rests on.
    """

    reference: str
    number: str | None
    received: datetime.date | None
    due: Due | None
    issued: datetime.date | None
    handed_over: datetime.date | None
    state: State
    used: int | None = None
    late: int = 0
    left: int | None = None
    estimated_years: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """The promises of one office: `working_days` after receipt, as `calendar` and `zone` count days.

    `apart` are the types of decisions ("pencabutan") for which nothing was promised, because they end in no permit.
    """

    office: str
    working_days: int
    calendar: Calendar
    zone: ZoneInfo
    apart: frozenset[str] = frozenset()

    def report(
        self, tx: sa.Connection, *, now: datetime.datetime, year: int | None = None, only_open: bool = False
    ) -> Iterator[Promise]:
        """Every application, one row at a time while `tx` is open: those not issued first, each half by its due day.

        `year` is that of receipt; where receipt is unknown, that of the record. A permit is measured by the revision
        of its decision that it was issued from, an open application by the newest one: a revision that comes in after
        the issue cannot make a late permit early.
        """
        today = now.astimezone(self.zone).date()
        query = self._query(year=year, only_open=only_open).execution_options(yield_per=_ROWS_AT_A_TIME)
        for row in tx.execute(query):
            yield self.of(
                reference=row.reference,
                number=row.number,
                received=row.received_on,
                issued=self._day(row.issued_at),
                handed_over=self._day(row.handed_at),
                today=today,
            )

    def of(
        self,
        *,
        reference: str,
        number: str | None,
        received: datetime.date | None,
        issued: datetime.date | None,
        handed_over: datetime.date | None,
        today: datetime.date,
    ) -> Promise:
        """The promise for an application that was received, and perhaps issued, on these days."""
        if received is None:
            return Promise(
                reference=reference,
                number=number,
                received=None,
                due=None,
                issued=issued,
                handed_over=handed_over,
                state=State.UNKNOWN,
            )
        due = self.calendar.after(received, self.working_days)
        until = today if issued is None else issued
        in_time = until <= due.day
        counted = until if in_time else self.calendar.after(until - _ONE_DAY, 1).day
        used = self.calendar.working_days_between(received, counted)
        good, bad = (State.OPEN, State.OVERDUE) if issued is None else (State.KEPT, State.LATE)
        state = good if in_time else bad
        return Promise(
            reference=reference,
            number=number,
            received=received,
            due=due,
            issued=issued,
            handed_over=handed_over,
            state=state,
            used=used,
            late=0 if in_time else used - self.working_days,
            left=self.working_days - used if state is State.OPEN else None,
            estimated_years=self.calendar.estimated_years(received + _ONE_DAY, max(due.day, counted)),
        )

    def _day(self, moment: datetime.datetime | None) -> datetime.date | None:
        return None if moment is None else moment.astimezone(self.zone).date()

    def _query(self, *, year: int | None, only_open: bool) -> sa.Select[tuple[object, ...]]:
        newest, newer, decided = schema.decisions, schema.decisions.alias(), schema.decisions.alias()
        instruments, entries, handovers = schema.instruments.c, schema.log_entries.c, schema.handovers.c
        same = sa.and_(decided.c.office == newest.c.office, decided.c.reference_key == newest.c.reference_key)
        # Asked for each row, by its keys: joined as a whole, SQLite would read all issues for each application.
        issue = (
            sa.select(sa.func.min(entries.id))
            .select_from(decided)
            .join(schema.instruments, instruments.decision == decided.c.id)
            .join(
                schema.log_entries,
                sa.and_(entries.instrument == instruments.id, entries.event == Event.ISSUE.value),
            )
            .where(same)
            .correlate(newest)
            .scalar_subquery()
        )
        issued = schema.log_entries.alias()
        permit, permitted = schema.instruments.alias(), schema.decisions.alias()
        is_issued = issued.c.id.is_not(None)
        received = sa.case((is_issued, permitted.c.received_on), else_=newest.c.received_on)
        handed = sa.select(sa.func.min(handovers.handed_at)).where(handovers.instrument == permit.c.id)
        query = (
            sa.select(
                newest.c.reference,
                permit.c.number,
                received.label("received_on"),
                issued.c.recorded_at.label("issued_at"),
                handed.scalar_subquery().label("handed_at"),
            )
            .select_from(newest)
            .outerjoin(issued, issued.c.id == issue)
            .outerjoin(permit, permit.c.id == issued.c.instrument)
            .outerjoin(permitted, permitted.c.id == permit.c.decision)
            .where(
                newest.c.office == self.office,
                *(~newest.c.pack.startswith(f"{one}/", autoescape=True) for one in sorted(self.apart)),
                ~sa.exists().where(
                    newer.c.office == newest.c.office,
                    newer.c.reference_key == newest.c.reference_key,
                    newer.c.revision > newest.c.revision,
                ),
            )
            # A due day never comes before that of an earlier receipt, so the order of receipt is that of the due days.
            .order_by(is_issued, received.is_(None), received, newest.c.id)
        )
        if only_open:
            query = query.where(~is_issued)
        if year is not None:
            first, after = datetime.date(year, 1, 1), datetime.date(year + 1, 1, 1)
            begin, end = (datetime.datetime.combine(day, datetime.time(), self.zone) for day in (first, after))
            query = query.where(
                sa.or_(
                    sa.and_(received >= first, received < after),
                    sa.and_(received.is_(None), newest.c.recorded_at >= begin, newest.c.recorded_at < end),
                )
            )
        return query
