"""The signed status lists of a registry: made from its rows, published as static files, renewed before they end.

Published is what the log covers: a permit's slot leaves 0x0F once the entry of its issue has an index. From then on it
tells the state that held when the list was made (`registry.formats.record.state_at`); a correction changes none.
"""

import contextlib
import dataclasses
import datetime
import fcntl
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.database import Database, ReadOnlyError
from registry.durable import PUBLIC_MODE, write_whole
from registry.formats import statuslist
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import Status, StatusRecord, state_at
from registry.formats.statement import StatementSigner
from registry.formats.statuslist import SLOTS, STATE_OF, ListKey, ReadList, StatusList, StatusListError

LIFETIME: Final = datetime.timedelta(hours=2)
TTL: Final = datetime.timedelta(hours=1)
MAX_AGE: Final = datetime.timedelta(hours=1)
_ROWS_AT_ONCE: Final = 4096


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """How far a registry had come: whoever knows it can ask which lists differ since (`changed`).

    `change` is the row of the newest change of state, `index` that of the newest entry in the log (-1: none); changes
    that were ordered for a day to come count as of `moment`.
    """

    change: int
    index: int
    moment: datetime.datetime


def build(tx: sa.Connection, *, number: int, now: datetime.datetime) -> StatusList:
    """The states at `now` of the permits whose serials lie in list `number`. Rows are read some thousands at a time."""
    instruments, changes, entries = schema.instruments.c, schema.status_changes.c, schema.log_entries.c
    query = (
        sa.select(instruments.serial, changes.status, changes.effective_at, changes.recorded_at, changes.sequence)
        .join(schema.log_entries, sa.and_(entries.instrument == instruments.id, _is_issue()))
        .join(schema.status_changes, changes.instrument == instruments.id)
        .where(
            instruments.serial >= number * SLOTS,
            instruments.serial < (number + 1) * SLOTS,
            entries.index.is_not(None),
            changes.change != Event.CORRECT.value,
            changes.effective_at <= now,
        )
        .order_by(instruments.serial)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    made = StatusList()
    with tx.execute(query) as found:
        for serial, rows in itertools.groupby(found, key=lambda row: row.serial):
            history = (
                StatusRecord(
                    status=Status(row.status),
                    effective=row.effective_at,
                    recorded=row.recorded_at,
                    ground="",
                    sequence=row.sequence,
                )
                for row in rows
            )
            held = state_at(history, now)
            if held is not None:
                made.set(serial - number * SLOTS, STATE_OF[held.status])
    return made


def numbers_of_lists(tx: sa.Connection) -> list[int]:
    """The lists that hold any serial, in order; one look into the index for each."""
    serial = schema.instruments.c.serial
    numbers: list[int] = []
    first = 0
    while (found := tx.execute(sa.select(sa.func.min(serial)).where(serial >= first)).scalar()) is not None:
        number, _ = statuslist.place(found)
        numbers.append(number)
        first = (number + 1) * SLOTS
    return numbers


def next_change(tx: sa.Connection, *, after: datetime.datetime) -> datetime.datetime | None:
    """When the next change that is recorded already takes effect; None where none is ahead."""
    changes = schema.status_changes.c
    found: datetime.datetime | None = tx.execute(
        sa.select(sa.func.min(changes.effective_at)).where(_ahead(), changes.effective_at > after)
    ).scalar()
    return found


def fingerprint(tx: sa.Connection, *, now: datetime.datetime) -> Fingerprint:
    """How far the registry has come at `now`: two looks into indexes."""
    changes, entries = schema.status_changes.c, schema.log_entries.c
    return Fingerprint(
        change=tx.execute(sa.select(sa.func.coalesce(sa.func.max(changes.id), 0))).scalar_one(),
        index=tx.execute(sa.select(sa.func.coalesce(sa.func.max(entries.index), -1))).scalar_one(),
        moment=now,
    )


def changed(tx: sa.Connection, *, since: Fingerprint, now: datetime.datetime) -> frozenset[int]:
    """The lists that may differ from what they were at `since`; every list when the clock was put back.

    Those are the lists of new changes, of newly covered issues, and of changes that have taken effect meanwhile.
    """
    if now < since.moment:
        return frozenset(numbers_of_lists(tx))
    instruments, changes, entries = schema.instruments.c, schema.status_changes.c, schema.log_entries.c
    number = (instruments.serial // SLOTS).label("number")
    of_changes = sa.select(number).join(schema.status_changes, changes.instrument == instruments.id)
    of_entries = sa.select(number).join(schema.log_entries, entries.instrument == instruments.id)
    query = sa.union(
        of_changes.where(changes.id > since.change),
        of_changes.where(_ahead(), changes.effective_at > since.moment, changes.effective_at <= now),
        of_entries.where(entries.index > since.index, _is_issue()),
    )
    return frozenset(row.number for row in tx.execute(query))


class StatusListPublisher:
    """Keeps the files `N.cwt` of one folder equal to the registry, and younger than `max_age`.

    What a file says is found by reading it as a phone would, with the published `keys`: so a restart, another process
    or another machine need nothing but the files and the database, and a file that a phone would refuse is made again.
    """

    def __init__(
        self,
        *,
        database: Database,
        folder: Path,
        signer: StatementSigner,
        keys: Sequence[ListKey],
        base_uri: str,
        lifetime: datetime.timedelta = LIFETIME,
        ttl: datetime.timedelta = TTL,
        max_age: datetime.timedelta = MAX_AGE,
    ) -> None:
        if not datetime.timedelta() < max_age < lifetime or not datetime.timedelta() < ttl <= lifetime:
            raise ValueError("a list must be renewed before it ends, and its ttl must not outlast it")
        self._database = database
        self._folder = folder
        self._signer = signer
        self._keys = tuple(keys)
        self._base_uri = base_uri
        self._lifetime = lifetime
        self._ttl = ttl
        self._max_age = max_age
        self._seen: Fingerprint | None = None
        self._left: dict[int, bytes] = {}  # SHA-256 of the states of each list, as this process last left it

    def refresh(self, *, now: datetime.datetime) -> list[Path]:
        """Write every list that differs from the registry, is older than `max_age`, or could not be read; names them.

        Killed at any instant it leaves each list whole, the old one or the new one. Raises `ReadOnlyError` on a
        registry that was restored and may not know of the newest revocations, and `UnavailableError` where database,
        disk or keys refuse; lists that were written stay, and the next call goes on.
        """
        with self._alone(), self._database.read() as tx:
            _refuse_if_restored(tx)
            # A process that waited here for another must not put what was true before in front of what is true now.
            numbers = numbers_of_lists(tx)
            published = {number: self._published(number, now=now) for number in numbers}
            now = max([now, *(one.issued_at for one in published.values() if one is not None)])
            reached = fingerprint(tx, now=now)
            due = set(numbers) if self._seen is None else changed(tx, since=self._seen, now=now)
            written: list[Path] = []
            for number, old in published.items():
                young = old is not None and now - old.issued_at < self._max_age
                # Someone may have put an older list back, genuine and not ended, that does not know of a revocation.
                left = old is not None and self._left.get(number) == sha256(old.states)
                if young and left and number not in due:
                    continue
                states = bytes(build(tx, number=number, now=now))
                if not young or old is None or old.states != states:
                    written.append(self._write(number, states, now=now))
                self._left[number] = sha256(states)
            self._seen = reached
        return written

    def _published(self, number: int, *, now: datetime.datetime) -> ReadList | None:
        """The list that stands in front of the public; None where a phone would refuse it or find none."""
        path = self._folder / statuslist.file_name(number)
        try:
            with path.open("rb") as file:
                token = file.read(statuslist.MAX_TOKEN_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnavailableError(f"cannot read the status list {path}: {error.strerror}") from error
        try:
            return statuslist.read(token, keys=self._keys, uri=self._uri(number), now=now)
        except StatusListError:
            return None

    def _write(self, number: int, states: bytes, *, now: datetime.datetime) -> Path:
        path = self._folder / statuslist.file_name(number)
        token = statuslist.sign(
            states,
            uri=self._uri(number),
            issued_at=now,
            expires_at=now + self._lifetime,
            ttl=int(self._ttl.total_seconds()),
            signer=self._signer,
        )
        try:
            statuslist.read(token, keys=self._keys, uri=self._uri(number), now=now)
        except StatusListError as error:
            raise UnavailableError(
                f"readers would refuse the status list ({error}): publish the statement key that signs it first"
            ) from error
        try:
            write_whole(path, token, mode=PUBLIC_MODE)
        except OSError as error:
            raise UnavailableError(f"cannot write the status list {path}: {error.strerror}") from error
        return path

    def _uri(self, number: int) -> str:
        return self._base_uri + statuslist.file_name(number)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only process that writes here; the system gives the lock back when a process dies.

        The lock is taken before the registry is looked at, so that of two lists the one written later knows more.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UnavailableError(
                f"cannot open the folder of status lists {self._folder}: {error.strerror}"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for leftover in self._folder.glob(".*.cwt-*"):  # of a process that was killed before its rename
                leftover.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)


def _is_issue() -> sa.ColumnElement[bool]:
    # Spelled out in the query: an index over the issues alone serves only a query that says so itself.
    return schema.log_entries.c.event == sa.literal(Event.ISSUE.value, literal_execute=True)


def _ahead() -> sa.ColumnElement[bool]:
    """Changes of state that were recorded before they took effect: the few for which time itself is an event."""
    changes = schema.status_changes.c
    return sa.and_(changes.effective_at > changes.recorded_at, changes.change != Event.CORRECT.value)


def _refuse_if_restored(tx: sa.Connection) -> None:
    table = schema.restorations.c
    if tx.execute(sa.select(table.id).where(table.replayed_at.is_(None))).first() is not None:
        raise ReadOnlyError(
            N_(
                "Registri ini dipulihkan dari cadangan dan mungkin belum tahu pencabutan terbaru. Daftar status baru "
                "dibuat sesudah checkpoint terbaru yang diumumkan diputar ulang: “absah db replay”."
            )
        )
