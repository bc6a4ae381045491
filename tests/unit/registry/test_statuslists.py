"""Lists made from a registry: the state of the day in every slot, and files that are never older than they may be."""

import datetime
import fcntl
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.statement import Ed25519StatementSigner
from keys.trust import StatementKey
from registry import lifecycle, schema, statuslists
from registry.database import Database, ReadOnlyError
from registry.formats import statuslist
from registry.formats.errors import UnavailableError
from registry.formats.record import state_at
from registry.formats.statuslist import SLOTS, SlotState
from registry.statuslists import StatusListPublisher

NOW = datetime.datetime(2026, 11, 24, 7, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
BASE = "https://izin.example.go.id/status/"
SIGNER = Ed25519StatementSigner(private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Ed25519StatementSigner(private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


def _key(signer: Ed25519StatementSigner, **change: Any) -> StatementKey:
    values: dict[str, Any] = {"not_before": NOW - 90 * DAY, "not_after": None, "revoked_at": None, **change}
    return StatementKey(kid=signer.kid, public_key=signer.public_key, **values)


class Registry:
    """A registry whose rows are put in by hand: permits by serial, changes, and what the log covers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._covered = 0
        with database.write() as tx:
            tx.execute(
                schema.mandates.insert().values(
                    id=1, office="kampar", person="P", rank="R", employee_number="N", mode="definitive",
                    office_title="T", own_title="T", decree_number="D", decree_date=NOW.date(), scope=[],
                    valid_from=NOW.date(), recorded_at=NOW,
                )
            )  # fmt: skip

    def freeze(self, serial: int) -> int:
        """A permit that has a serial and was not issued; returns its row."""
        with self.database.write() as tx:
            return self._freeze(tx, serial)

    def issue(self, serial: int, *, at: datetime.datetime = NOW - DAY, covered: bool = True) -> int:
        """An issued permit; returns its row."""
        with self.database.write() as tx:
            key = self._freeze(tx, serial)
            self._change(tx, key, sequence=1, status="in_force", effective_at=at, recorded_at=at, change="issue")
            self._log(tx, "issue", key, covered=covered)
        return key

    def change(
        self,
        permit: int,
        status: str,
        *,
        at: datetime.datetime,
        recorded: datetime.datetime | None = None,
        change: str = "revoke",
    ) -> None:
        """A change of state, or a correction, ordered by someone."""
        table = schema.status_changes.c
        with self.database.write() as tx:
            last = tx.execute(sa.select(sa.func.max(table.sequence)).where(table.instrument == permit)).scalar_one()
            self._change(
                tx,
                permit,
                sequence=last + 1,
                status=status,
                effective_at=at,
                recorded_at=recorded or at,
                change=change,
            )
            self._log(tx, change, permit, covered=True)

    def cover(self, permit: int) -> None:
        """Let the log cover what happened to a permit."""
        table = schema.log_entries
        with self.database.write() as tx:
            tx.execute(table.update().where(table.c.instrument == permit).values(index=self._covered))
        self._covered += 1

    def list(self, number: int = 0, *, now: datetime.datetime = NOW) -> statuslist.StatusList:
        """The list as the registry would make it."""
        with self.database.read() as tx:
            return statuslists.build(tx, number=number, now=now)

    def _freeze(self, tx: sa.Connection, serial: int) -> int:
        key = tx.execute(sa.select(sa.func.count()).select_from(schema.instruments)).scalar_one() + 1
        tx.execute(
            schema.decisions.insert().values(
                id=key, office="kampar", source="desk", reference=str(key), reference_key=f"desk\n{key}", revision=1,
                pack="genset/v1", canonical=b"{}", digest=bytes(32), recorded_at=NOW,
            )
        )  # fmt: skip
        tx.execute(
            schema.numbers.insert().values(id=key, series="genset", year=2026, n=key, fate="used", recorded_at=NOW)
        )
        tx.execute(
            schema.instruments.insert().values(
                id=key, kind="permit", office="kampar", decision=key, pack="genset/v1", serial=serial, number_row=key,
                number=str(key), date_of_issue=NOW.date(), mandate=1, statement=b"s", public_view=[], shape={},
                freeze=1, frozen_at=NOW,
            )
        )  # fmt: skip
        return int(key)

    def _change(self, tx: sa.Connection, permit: int, **values: object) -> None:
        tx.execute(schema.status_changes.insert().values(instrument=permit, ground="G", **values))

    def _log(self, tx: sa.Connection, event: str, permit: int, *, covered: bool) -> None:
        index = self._covered if covered else None
        self._covered += covered
        tx.execute(
            schema.log_entries.insert().values(event=event, instrument=permit, entry=b"e", index=index, recorded_at=NOW)
        )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(Database.create(tmp_path / "absah.db"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public" / "status"


def _publisher(registry: Registry, folder: Path, **change: Any) -> StatusListPublisher:
    values: dict[str, Any] = {"signer": SIGNER, "keys": (_key(SIGNER),), "base_uri": BASE, **change}
    return StatusListPublisher(database=registry.database, folder=folder, **values)


def _as_a_phone(folder: Path, number: int = 0, *, now: datetime.datetime = NOW) -> statuslist.ReadList:
    name = statuslist.file_name(number)
    return statuslist.read((folder / name).read_bytes(), keys=(_key(SIGNER),), uri=BASE + name, now=now)


def _held(made: statuslist.StatusList) -> dict[int, SlotState]:
    states = {slot: made.get(slot) for slot in range(SLOTS)}
    return {slot: state for slot, state in states.items() if state is not SlotState.NEVER_ISSUED}


# The list as the registry makes it


def test_a_permit_is_in_the_list_from_its_covered_issue_and_not_before(registry: Registry) -> None:
    registry.freeze(11)
    waiting = registry.issue(12, covered=False)
    registry.issue(13)
    assert _held(registry.list()) == {13: SlotState.IN_FORCE}
    registry.cover(waiting)
    assert _held(registry.list()) == {12: SlotState.IN_FORCE, 13: SlotState.IN_FORCE}


def test_a_permit_that_is_issued_later_is_not_in_the_list_of_an_earlier_moment(registry: Registry) -> None:
    registry.issue(5, at=NOW + MINUTE)
    assert _held(registry.list()) == {}
    assert _held(registry.list(now=NOW + MINUTE)) == {5: SlotState.IN_FORCE}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("suspended", SlotState.SUSPENDED),
        ("revoked", SlotState.REVOKED),
        ("annulled", SlotState.ANNULLED),
        ("superseded", SlotState.SUPERSEDED),
    ],
)
def test_a_change_shows_from_the_moment_of_its_effect(registry: Registry, status: str, state: SlotState) -> None:
    permit = registry.issue(0)
    registry.change(permit, status, at=NOW, recorded=NOW - HOUR)
    assert registry.list(now=NOW - MINUTE).get(0) is SlotState.IN_FORCE
    assert registry.list(now=NOW).get(0) is state
    assert registry.list(now=NOW + 400 * DAY).get(0) is state


def test_of_several_changes_on_one_day_the_last_that_took_effect_counts(registry: Registry) -> None:
    permit = registry.issue(7)
    registry.change(permit, "suspended", at=NOW, change="suspend")
    registry.change(permit, "in_force", at=NOW + HOUR, change="reinstate")
    registry.change(permit, "suspended", at=NOW + 2 * HOUR, change="suspend")
    registry.change(permit, "revoked", at=NOW + 2 * HOUR)
    found = [registry.list(now=NOW + minutes * MINUTE).get(7) for minutes in (-1, 0, 59, 60, 119, 120)]
    assert found == [
        SlotState.IN_FORCE,
        SlotState.SUSPENDED,
        SlotState.SUSPENDED,
        SlotState.IN_FORCE,
        SlotState.IN_FORCE,
        SlotState.REVOKED,
    ]


def test_nothing_brings_a_revoked_permit_back(registry: Registry) -> None:
    permit = registry.issue(7)
    registry.change(permit, "in_force", at=NOW + DAY, recorded=NOW - HOUR, change="reinstate")
    registry.change(permit, "revoked", at=NOW)
    assert registry.list(now=NOW + 2 * DAY).get(7) is SlotState.REVOKED


def test_a_correction_changes_no_state(registry: Registry) -> None:
    permit = registry.issue(7)
    registry.change(permit, "suspended", at=NOW - HOUR, change="suspend")
    registry.change(permit, "in_force", at=NOW, change="correct")
    assert registry.list().get(7) is SlotState.SUSPENDED


def test_each_permit_stands_in_its_own_list(registry: Registry) -> None:
    revoked = registry.issue(SLOTS - 1)
    registry.issue(SLOTS)
    registry.issue(4 * SLOTS + 9)
    registry.change(revoked, "revoked", at=NOW)
    with registry.database.read() as tx:
        assert statuslists.numbers_of_lists(tx) == [0, 1, 4]
    assert [_held(registry.list(number)) for number in (0, 1, 2, 4)] == [
        {SLOTS - 1: SlotState.REVOKED},
        {0: SlotState.IN_FORCE},
        {},
        {9: SlotState.IN_FORCE},
    ]


def test_any_history_gives_the_state_that_the_registry_tells(registry: Registry) -> None:
    chance = random.Random(6)
    permits = {serial: registry.issue(serial, at=NOW) for serial in chance.sample(range(SLOTS), 25)}
    for permit in permits.values():
        for _ in range(chance.randrange(6)):
            registry.change(
                permit,
                chance.choice(["in_force", "in_force", "suspended", "suspended", "revoked", "annulled"]),
                at=NOW + chance.randrange(6) * HOUR,
                recorded=NOW + chance.randrange(6) * HOUR,
                change=chance.choice(["suspend", "correct"]),
            )
    for hours in range(-1, 7):
        moment = NOW + hours * HOUR
        made = registry.list(now=moment)
        with registry.database.read() as tx:
            for serial, permit in permits.items():
                told = state_at(lifecycle.history(tx, permit), moment)
                expected = SlotState.NEVER_ISSUED if told is None else statuslist.STATE_OF[told.status]
                assert made.get(serial) is expected, (serial, hours)


def test_a_list_takes_one_query_however_many_permits_it_holds(registry: Registry) -> None:
    for serial in range(20):
        registry.issue(serial)
    with registry.database.read() as tx:
        queries: list[str] = []

        @sa.event.listens_for(tx, "before_cursor_execute")
        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            queries.append(statement)

        statuslists.build(tx, number=0, now=NOW)
        assert len(queries) == 1
        plan = tx.exec_driver_sql(
            "EXPLAIN QUERY PLAN " + queries[0], (0, SLOTS, "correct", "2026-11-24T07:00:00.000000Z")
        )
        steps = [row.detail for row in plan]
    assert "ORDER BY instruments.serial" in queries[0]  # only SQLite happens to give that order unasked
    assert not [step for step in steps if step.startswith("SCAN")], steps
    assert any("uq_log_entries_one_issue" in step for step in steps), steps


def test_the_next_change_is_the_nearest_that_was_ordered_for_later(registry: Registry) -> None:
    permit = registry.issue(7)
    registry.change(permit, "suspended", at=NOW + 3 * DAY, recorded=NOW, change="suspend")
    registry.change(permit, "in_force", at=NOW + 2 * DAY, recorded=NOW, change="correct")
    registry.change(permit, "in_force", at=NOW + 5 * DAY, recorded=NOW, change="reinstate")
    with registry.database.read() as tx:
        found = [statuslists.next_change(tx, after=NOW + days * DAY) for days in (0, 3, 5)]
    assert found == [NOW + 3 * DAY, NOW + 5 * DAY, None]


# The files


def test_a_phone_finds_each_permit_in_the_list_of_its_serial(registry: Registry, folder: Path) -> None:
    serial = 2 * SLOTS + 70_001
    registry.change(registry.issue(serial), "suspended", at=NOW, change="suspend")
    registry.issue(3)
    written = _publisher(registry, folder).refresh(now=NOW)
    assert written == [folder / "0.cwt", folder / "2.cwt"]
    number, slot = statuslist.place(serial)
    found = _as_a_phone(folder, number)
    assert found.state(slot) is SlotState.SUSPENDED
    assert (found.issued_at, found.expires_at, found.ttl) == (NOW, NOW + 2 * HOUR, HOUR)
    assert sorted(path.name for path in folder.iterdir()) == ["0.cwt", "2.cwt"]
    assert (folder / "0.cwt").stat().st_mode & 0o777 == 0o644


def test_a_registry_without_permits_has_no_lists(registry: Registry, folder: Path) -> None:
    assert _publisher(registry, folder).refresh(now=NOW) == []


def test_only_the_list_that_changed_is_written(registry: Registry, folder: Path) -> None:
    permit = registry.issue(3)
    registry.issue(SLOTS)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    assert publisher.refresh(now=NOW + MINUTE) == []
    registry.change(permit, "revoked", at=NOW + 2 * MINUTE)
    assert publisher.refresh(now=NOW + 2 * MINUTE) == [folder / "0.cwt"]
    assert _as_a_phone(folder, now=NOW + 3 * MINUTE).state(3) is SlotState.REVOKED
    waiting = registry.issue(SLOTS + 1, at=NOW, covered=False)
    assert publisher.refresh(now=NOW + 4 * MINUTE) == []
    registry.cover(waiting)
    assert publisher.refresh(now=NOW + 5 * MINUTE) == [folder / "1.cwt"]


def test_what_changes_no_state_writes_no_list(registry: Registry, folder: Path) -> None:
    permit = registry.issue(3)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    registry.change(permit, "in_force", at=NOW, change="correct")
    registry.freeze(4)
    assert publisher.refresh(now=NOW + MINUTE) == []


def test_a_change_that_was_ordered_for_later_is_published_when_it_takes_effect(
    registry: Registry, folder: Path
) -> None:
    permit = registry.issue(3)
    publisher = _publisher(registry, folder)
    registry.change(permit, "revoked", at=NOW + 10 * MINUTE, recorded=NOW)
    publisher.refresh(now=NOW)
    assert publisher.refresh(now=NOW + 9 * MINUTE) == []
    assert publisher.refresh(now=NOW + 10 * MINUTE) == [folder / "0.cwt"]
    assert _as_a_phone(folder, now=NOW + 10 * MINUTE).state(3) is SlotState.REVOKED


def test_a_list_is_renewed_every_hour_so_that_it_never_ends(registry: Registry, folder: Path) -> None:
    registry.issue(3)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    assert publisher.refresh(now=NOW + HOUR - MINUTE) == []
    assert publisher.refresh(now=NOW + HOUR) == [folder / "0.cwt"]
    assert _as_a_phone(folder, now=NOW + 3 * HOUR - MINUTE).state(3) is SlotState.IN_FORCE
    assert publisher.refresh(now=NOW + 9 * HOUR) == [folder / "0.cwt"]


def test_a_new_process_knows_from_the_files_what_is_due(registry: Registry, folder: Path) -> None:
    permit = registry.issue(3)
    registry.issue(SLOTS)
    _publisher(registry, folder).refresh(now=NOW)
    assert _publisher(registry, folder).refresh(now=NOW + MINUTE) == []
    registry.change(permit, "revoked", at=NOW + MINUTE)
    assert _publisher(registry, folder).refresh(now=NOW + 2 * MINUTE) == [folder / "0.cwt"]
    assert _publisher(registry, folder).refresh(now=NOW + HOUR) == [folder / "1.cwt"]


def _foreign(_folder: Path) -> bytes:
    return statuslist.sign(
        bytes(statuslist.StatusList()),
        uri=BASE + "0.cwt",
        issued_at=NOW,
        expires_at=NOW + 2 * HOUR,
        ttl=3600,
        signer=OTHER,
    )


def _of_the_other_list(folder: Path) -> bytes:
    return (folder / "1.cwt").read_bytes()


def _from_the_future(folder: Path) -> bytes:
    return statuslist.sign(
        _as_a_phone(folder).states,
        uri=BASE + "0.cwt",
        issued_at=NOW + DAY,
        expires_at=NOW + 2 * DAY,
        ttl=3600,
        signer=SIGNER,
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _folder: b"",
        lambda folder: (folder / "0.cwt").read_bytes()[:-1],
        lambda folder: (folder / "0.cwt").read_bytes()[:-1] + b"\x00",
        lambda _folder: bytes(10_000_000),
        _foreign,
        _of_the_other_list,
        _from_the_future,
    ],
)
def test_a_file_that_a_phone_would_refuse_is_written_anew(
    registry: Registry, folder: Path, spoil: Callable[[Path], bytes]
) -> None:
    registry.issue(3)
    registry.issue(SLOTS)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    (folder / "0.cwt").write_bytes(spoil(folder))
    assert publisher.refresh(now=NOW + MINUTE) == [folder / "0.cwt"]
    assert _as_a_phone(folder, now=NOW + MINUTE).state(3) is SlotState.IN_FORCE


def test_a_genuine_list_of_before_a_revocation_does_not_stay_where_someone_put_it_back(
    registry: Registry, folder: Path
) -> None:
    permit = registry.issue(3)
    publisher = _publisher(registry, folder)
    [path] = publisher.refresh(now=NOW)
    before = path.read_bytes()
    registry.change(permit, "revoked", at=NOW + MINUTE)
    publisher.refresh(now=NOW + MINUTE)
    path.write_bytes(before)
    assert publisher.refresh(now=NOW + 2 * MINUTE) == [path]
    assert _as_a_phone(folder, now=NOW + 2 * MINUTE).state(3) is SlotState.REVOKED


def test_a_lost_file_is_written_anew(registry: Registry, folder: Path) -> None:
    registry.issue(3)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    (folder / "0.cwt").unlink()
    assert publisher.refresh(now=NOW + MINUTE) == [folder / "0.cwt"]


def test_lists_of_a_revoked_key_are_signed_anew_at_once(registry: Registry, folder: Path) -> None:
    registry.issue(3)
    _publisher(registry, folder).refresh(now=NOW)
    keys = (_key(SIGNER, revoked_at=NOW + MINUTE), _key(OTHER))
    assert _publisher(registry, folder, signer=OTHER, keys=keys).refresh(now=NOW + MINUTE) == [folder / "0.cwt"]
    token = (folder / "0.cwt").read_bytes()
    assert statuslist.read(token, keys=keys, uri=BASE + "0.cwt", now=NOW + MINUTE).kid == OTHER.kid


def test_a_key_that_no_phone_knows_publishes_nothing(registry: Registry, folder: Path) -> None:
    registry.issue(3)
    with pytest.raises(UnavailableError, match="publish the statement key"):
        _publisher(registry, folder, signer=OTHER).refresh(now=NOW)
    assert list(folder.iterdir()) == []


def test_a_restored_registry_publishes_nothing_until_the_log_was_replayed(registry: Registry, folder: Path) -> None:
    registry.issue(3)
    with registry.database.write() as tx:
        tx.execute(schema.restorations.insert().values(id=1, backup_taken_at=NOW, backup_size=1, restored_at=NOW))
    with pytest.raises(ReadOnlyError, match="replay"):
        _publisher(registry, folder).refresh(now=NOW)
    assert list(folder.iterdir()) == []


def test_a_disk_that_refuses_is_an_error_of_the_environment(registry: Registry, tmp_path: Path) -> None:
    registry.issue(3)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError, match="folder of status lists"):
        _publisher(registry, tmp_path / "file" / "status").refresh(now=NOW)


def test_killed_before_the_rename_it_leaves_the_old_list(registry: Registry, folder: Path, tmp_path: Path) -> None:
    permit = registry.issue(3)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    registry.change(permit, "revoked", at=NOW + MINUTE)
    registry.database.close()
    child = os.fork()
    if child == 0:
        try:
            Path.replace = lambda *_names: os._exit(9)  # type: ignore[method-assign]  # as SIGKILL would: no clean-up
            registry.database = Database.open(tmp_path / "absah.db")
            _publisher(registry, folder).refresh(now=NOW + MINUTE)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(list(folder.iterdir())) == 2
    assert _as_a_phone(folder, now=NOW + MINUTE).state(3) is SlotState.IN_FORCE
    assert publisher.refresh(now=NOW + 2 * MINUTE) == [folder / "0.cwt"]
    assert _as_a_phone(folder, now=NOW + 2 * MINUTE).state(3) is SlotState.REVOKED
    assert [path.name for path in folder.iterdir()] == ["0.cwt"]


def test_a_process_that_waited_for_another_does_not_publish_what_was_true_before(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = registry.issue(3)
    _publisher(registry, folder).refresh(now=NOW)
    at_the_door = threading.Event()
    flock = fcntl.flock

    def knock(descriptor: int, operation: int) -> None:
        at_the_door.set()
        flock(descriptor, operation)

    other = os.open(folder, os.O_RDONLY)
    flock(other, fcntl.LOCK_EX)
    monkeypatch.setattr("registry.statuslists.fcntl.flock", knock)
    slow = threading.Thread(target=lambda: _publisher(registry, folder).refresh(now=NOW + MINUTE))
    slow.start()
    try:
        assert at_the_door.wait(timeout=30)
        registry.change(permit, "revoked", at=NOW + MINUTE)
    finally:
        os.close(other)
        slow.join()
    assert _as_a_phone(folder, now=NOW + MINUTE).state(3) is SlotState.REVOKED


def test_a_clock_that_lags_behind_another_process_takes_no_change_back(registry: Registry, folder: Path) -> None:
    permit = registry.issue(3)
    slow, fast = _publisher(registry, folder), _publisher(registry, folder)
    slow.refresh(now=NOW)
    registry.change(permit, "revoked", at=NOW + 2 * MINUTE, recorded=NOW)
    assert fast.refresh(now=NOW + 3 * MINUTE) == [folder / "0.cwt"]
    registry.issue(4)
    assert slow.refresh(now=NOW + MINUTE) == [folder / "0.cwt"]
    found = _as_a_phone(folder, now=NOW + 3 * MINUTE)
    assert (found.state(3), found.state(4)) == (SlotState.REVOKED, SlotState.IN_FORCE)


def test_after_a_clock_was_put_back_any_list_may_differ(registry: Registry) -> None:
    registry.issue(3)
    registry.issue(SLOTS)
    with registry.database.read() as tx:
        seen = statuslists.fingerprint(tx, now=NOW)
        assert statuslists.changed(tx, since=seen, now=NOW + DAY) == frozenset()
        assert statuslists.changed(tx, since=seen, now=NOW - MINUTE) == {0, 1}


def test_a_clock_that_was_put_back_misses_no_change(registry: Registry, folder: Path) -> None:
    permit = registry.issue(3, at=NOW - 9 * DAY)
    registry.change(permit, "revoked", at=NOW - 2 * HOUR, recorded=NOW - 8 * DAY)
    publisher = _publisher(registry, folder)
    publisher.refresh(now=NOW)
    assert publisher.refresh(now=NOW - 3 * HOUR) == [folder / "0.cwt"]
    assert publisher.refresh(now=NOW - 2 * HOUR) == [folder / "0.cwt"]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_age": 2 * HOUR},
        {"max_age": datetime.timedelta()},
        {"ttl": 3 * HOUR},
        {"ttl": datetime.timedelta()},
    ],
)
def test_settings_under_which_a_list_could_end_are_refused(
    registry: Registry, folder: Path, settings: dict[str, datetime.timedelta]
) -> None:
    with pytest.raises(ValueError, match="renewed before it ends"):
        _publisher(registry, folder, **settings)
