"""The database under the registry: what was decided cannot be edited, and nothing is lost between two revisions."""

import concurrent.futures
import datetime
import threading
import traceback

import alembic.command
import alembic.config
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from registry import database as module
from registry import ledger, lifecycle, mandates, numbers, schema
from registry.database import Database, ReadOnlyError, TextError, follow_ids, insert
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.record import Status, state_at
from registry.instruments import by_id
from registry.migrations import guards

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
DERIVED = {"permit_names"}  # made from the decisions, and made again when they change
GUARDED = sorted(schema.metadata.tables.keys() - DERIVED)


def _rows() -> dict[str, dict[str, object]]:
    """One row of each table, as far along in its life as it can be: an issued, logged, destroyed permit."""
    entered = {"actor": "A", "recorded_at": NOW}
    decree = {"decree_number": "D", "decree_date": NOW.date()}
    return {
        "installation": {"id": 1, "mode": "production", "host": "izin.example.go.id"},
        "decisions": {
            "id": 1, "office": "kampar", "source": "desk", "reference": "A", "reference_key": "desk\na", "revision": 1,
            "pack": "genset/v1", "canonical": b"{}", "digest": bytes(32), "recorded_at": NOW,
        },
        "decision_objects": {"decision": 1, "object_key": "perkins-1"},
        "mandates": {
            "id": 1, "office": "kampar", "person": "P", "rank": "R", "employee_number": "N", "mode": "definitive",
            "office_title": "T", "own_title": "T", **decree, "scope": [], "valid_from": NOW.date(), "recorded_at": NOW,
        },
        "mandate_ends": {"id": 1, "mandate": 1, "last_day": NOW.date(), "reason": "R", **decree, **entered},
        "signer_certificates": {
            "id": 1, "employee_number": "N", "sha256": bytes(32), "certificate": b"c", "issuers": [],
            "not_before": NOW, "not_after": NOW, "recorded_at": NOW,
        },
        "number_openings": {"id": 1, "series": "genset", "year": 2025, "first": 7, "reason": "R", **entered},
        "numbers": {"id": 1, "series": "genset", "year": 2026, "n": 1, "fate": "used", "recorded_at": NOW},
        "instruments": {
            "id": 1, "kind": "permit", "office": "kampar", "decision": 1, "pack": "genset/v1", "serial": 5,
            "number_row": 1, "number": "1", "date_of_issue": NOW.date(), "mandate": 1, "statement": b"s",
            "public_view": ["x"], "shape": {"rows": 1}, "freeze": 1, "frozen_at": NOW,
        },
        "documents": {
            "id": 1, "instrument": 1, "kind": "unsigned", "revision": 1, "sha256": bytes(32), "recorded_at": NOW,
            "plate": bytes(32), "fill_version": 1,
        },
        "plates": {
            "id": 1, "key": bytes(32), "kind": "plate", "pack": "genset/v1", "sha256": bytes(32), "fingerprint": "aa",
            "recorded_at": NOW,
        },
        "validation_data": {"document": 1, "kind": "crl", "sha256": bytes(32)},
        "status_changes": {
            "id": 1, "instrument": 1, "sequence": 1, "status": "in_force", "ground": "issue", "effective_at": NOW,
            "recorded_at": NOW,
        },
        "handovers": {
            "id": 1, "instrument": 1, "recipient": "P", "capacity": "holder", "identity_kind": "KTP",
            "identity_number": "1", "survey_done": True, "handed_at": NOW, **entered,
        },
        "destructions": {
            "id": 1, "instrument": 1, "ground": "G", "minutes_number": "M", "minutes_date": NOW.date(),
            "approvals": [], **entered,
        },
        "permit_names": {"instrument": 1, "name": "pt maju"},
        "log_entries": {
            "id": 1, "event": "issue", "instrument": 1, "entry": b"e", "index": 0, "recorded_at": NOW,
            "subject": [["decisions", 1]], "salt": bytes(16),
        },
        "checkpoints": {"size": 1, "root": bytes(32), "note": b"n", "recorded_at": NOW},
        "log_proofs": {"entry": 1, "size": 1, "hashes": b""},
        "restorations": {
            "id": 1, "backup_taken_at": NOW, "backup_size": 1, "restored_at": NOW, "replayed_at": NOW,
            "replayed_size": 1,
        },
    }  # fmt: skip


@pytest.fixture
def filled(database):
    """A registry with one row in each table; that of `log_state` was made with the table."""
    rows = _rows()
    assert rows.keys() | {"log_state"} == schema.metadata.tables.keys()
    with database.write() as tx:
        for name, row in rows.items():
            tx.execute(schema.metadata.tables[name].insert().values(row))
    return database


def _another(column) -> object:
    kind = column.type
    if isinstance(kind, sa.Integer):
        return -1
    if isinstance(kind, schema.Instant):
        return NOW + datetime.timedelta(days=1)
    others = (
        (sa.Boolean, False),
        (sa.Date, NOW.date() + datetime.timedelta(days=1)),
        (sa.JSON, {"x": 1}),
        (sa.LargeBinary, b"\x00"),
        (sa.String, "x"),
    )
    return next(other for known, other in others if isinstance(kind, known))


@pytest.mark.parametrize("name", GUARDED)
def test_no_column_of_what_was_decided_can_be_edited_or_emptied(filled, name) -> None:
    table = schema.metadata.tables[name]
    for column in table.columns:
        # A row's number in SQLite cannot be set to NULL to begin with.
        only_key = column.primary_key and len(table.primary_key) == 1
        for value in (_another(column),) if only_key else (_another(column), sa.null()):
            with pytest.raises(IntegrityError, match="append-only"), filled.write() as tx:
                tx.execute(table.update().values({column: value}))


@pytest.mark.parametrize("name", GUARDED)
def test_what_was_decided_cannot_be_deleted(filled, name) -> None:
    table = schema.metadata.tables[name]
    with pytest.raises(IntegrityError, match="append-only"), filled.write() as tx:
        tx.execute(table.delete())


@pytest.mark.parametrize("name", GUARDED)
def test_what_was_decided_cannot_be_replaced_or_truncated(filled, name) -> None:
    statement = (
        f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"
        if filled.dialect == "sqlite"
        else f"TRUNCATE {name} CASCADE"
    )
    with pytest.raises(IntegrityError, match="append-only"), filled.write() as tx:
        tx.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("name", "first", "again"),
    [
        ("log_entries", {"index": 7}, {"index": 8}),
        ("numbers", {"fate": "void", "reason": "kertas rusak"}, {"reason": "alasan lain"}),
        ("restorations", {"replayed_at": NOW, "replayed_size": 4}, {"replayed_size": 5}),
        ("log_state", {"size": 2, "frontier": b"f"}, {"size": 1, "frontier": b"g"}),
    ],
)
def test_the_few_changes_that_are_part_of_life_happen_once(database, name, first, again) -> None:
    table = schema.metadata.tables[name]
    rows = _rows()
    rows["log_entries"] |= {"index": None, "instrument": None}
    rows["restorations"] |= {"replayed_at": None, "replayed_size": None}
    with database.write() as tx:
        if name != "log_state":
            tx.execute(table.insert().values(rows[name]))
    with database.write(replaying=True) as tx:
        tx.execute(table.update().values(first))
    with pytest.raises(IntegrityError, match="append-only"), database.write(replaying=True) as tx:
        tx.execute(table.update().values(again))
    with database.read() as tx:
        kept = tx.execute(sa.select(table)).mappings().one()
    assert {column: kept[column] for column in first} == first


@pytest.mark.parametrize(
    ("name", "smuggled"),
    [
        ("log_entries", {"index": 7, "salt": b"x"}),
        ("log_entries", {"index": 7, "subject": []}),
        ("log_entries", {"index": 7, "recorded_at": NOW + datetime.timedelta(days=1)}),
        ("numbers", {"fate": "void", "reason": "r", "n": 2}),
        ("numbers", {"fate": "void", "reason": "r", "recorded_at": NOW + datetime.timedelta(days=1)}),
        ("restorations", {"replayed_at": NOW, "backup_size": 9}),
    ],
)
def test_an_allowed_change_carries_no_other_one(database, name, smuggled) -> None:
    table = schema.metadata.tables[name]
    rows = _rows()
    rows["log_entries"] |= {"index": None, "instrument": None}
    rows["restorations"] |= {"replayed_at": None, "replayed_size": None}
    with database.write() as tx:
        tx.execute(table.insert().values(rows[name]))
    with pytest.raises(IntegrityError, match="append-only"), database.write(replaying=True) as tx:
        tx.execute(table.update().values(smuggled))


def test_only_an_approved_destruction_empties_a_decision_and_a_public_view(database) -> None:
    rows = _rows()
    destruction = rows.pop("destructions")
    with database.write() as tx:
        for name, row in rows.items():
            tx.execute(schema.metadata.tables[name].insert().values(row))
    emptied = (
        schema.decisions.update().values(canonical=b""),
        schema.instruments.update().values(public_view=[], shape={}),
    )
    for statement in emptied:
        with pytest.raises(IntegrityError, match="append-only"), database.write() as tx:
            tx.execute(statement)
    with database.write() as tx:
        tx.execute(schema.destructions.insert().values(destruction))
        for statement in emptied:
            tx.execute(statement)
    for more in (
        schema.decisions.update().values(canonical=b"", digest=b"x"),
        schema.decisions.update().values(canonical=b"{}"),
        schema.instruments.update().values(public_view=[], shape={}, statement=b"x"),
        schema.instruments.update().values(public_view=["forged"]),
    ):
        with pytest.raises(IntegrityError, match="append-only"), database.write() as tx:
            tx.execute(more)


def test_a_permit_is_issued_in_the_log_once(filled) -> None:
    with pytest.raises(IntegrityError), filled.write() as tx:
        tx.execute(schema.log_entries.insert().values(event="issue", instrument=1, entry=b"f", recorded_at=NOW))


# Revisions


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether SQLAlchemy should know this: each database has an index of trigrams of its own."""
    return not (kind in ("table", "index") and str(name).startswith(("permit_names_", "ix_permit_names_")))


def test_migrations_and_tables_agree(database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "include_name": _ours})
        assert compare_metadata(context, schema.metadata) == []


def _url(location) -> sa.URL:
    return location if isinstance(location, sa.URL) else sa.URL.create("sqlite", database=str(location))


@pytest.fixture(params=["0001", "0002"])
def released(request, nowhere):
    """A registry of a released revision with a permit issued and another one waiting; its rows."""
    engine = sa.create_engine(_url(nowhere))
    config = alembic.config.Config()
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, request.param)
    tables = sa.MetaData()
    tables.reflect(engine)
    for name in [name for name in tables.tables if name.startswith(("alembic_version", "permit_names_"))]:
        tables.remove(tables.tables[name])
    at = "2026-11-23T07:00:00.000000Z"
    waiting = {"instruments": {"decision": 2, "serial": 6, "number_row": 2, "number": "2"}}
    waiting["decisions"] = {"reference": "B", "reference_key": "desk\nb"}
    waiting["numbers"] = {"n": 2}
    old = {
        name: {
            column: at if isinstance(value, datetime.datetime) else value
            for column, value in row.items()
            if column in tables.tables[name].c and column not in ("id", "index")
        }
        for name, row in _rows().items()
        if name in tables.tables
    }
    with engine.begin() as connection:
        for name in [table.name for table in schema.metadata.sorted_tables if table.name in old]:
            identity = {"id": 1} if name == "installation" else {}
            connection.execute(tables.tables[name].insert().values(old[name] | identity))
            if name in waiting:
                connection.execute(tables.tables[name].insert().values(old[name] | waiting[name]))
        kept = {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in tables.sorted_tables
        }
    engine.dispose()
    return nowhere, kept


def test_an_old_registry_is_not_opened_but_upgraded_and_keeps_every_row(released) -> None:
    location, kept = released
    with pytest.raises(UnavailableError, match=r"revision 000[12].*absah db upgrade"):
        Database.open(location)
    Database.upgraded(location).close()
    upgraded = Database.open(location)
    engine = sa.create_engine(_url(location))
    tables = sa.MetaData()
    tables.reflect(engine, only=list(kept))
    with engine.connect() as connection:
        for name, rows in kept.items():
            table = tables.tables[name]
            found = connection.execute(sa.select(*(table.c[column] for column in rows[0])))
            assert [dict(row) for row in found.mappings()] == rows, name
    engine.dispose()
    assert kept["log_entries"]
    upgraded.close()


@pytest.mark.parametrize("released", ["0001"], indirect=True)
def test_an_upgraded_registry_refuses_edits_and_goes_on_working(released, ordered) -> None:
    location, _ = released
    upgraded = Database.upgraded(location)
    for name in sorted(released[1]):
        table = schema.metadata.tables[name]
        with pytest.raises(IntegrityError, match="append-only"), upgraded.write() as tx:
            tx.execute(table.delete())
    with pytest.raises(IntegrityError, match="append-only"), upgraded.write() as tx:
        tx.execute(sa.text("UPDATE mandates SET valid_until = '2026-12-31'"))
    now = NOW + datetime.timedelta(hours=1)
    with upgraded.write() as tx:
        assert numbers.allot(tx, series="genset", year=2026, now=now).n == 3
        numbers.void(tx, row=2, reason="tidak jadi", now=now)
        lifecycle.change(tx, permit=by_id(tx, 1), order=ordered(Event.SUSPEND, now), zone=datetime.UTC, now=now)
        mandates.end(
            tx, mandate=1, last_day=now.date(), reason="mutasi", decree_number="SK-2", decree_date=now.date(),
            actor="petugas", now=now,
        )  # fmt: skip
        state = state_at(lifecycle.history(tx, 1), now)
    assert state is not None
    assert state.status is Status.SUSPENDED
    upgraded.close()


# Rows of `documents` as revision 0002 recorded them: these bytes stand under hashes that were published.
_RECORD_OF_0002 = (
    b'{"format":"absah-record-1","rows":[{"row":{"id":1,"instrument":1,"kind":"unsigned","layout":null,"parent":null,'
    b'"recorded_at":"2026-11-23T07:00:00+00:00","revision":1,"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",'
    b'"signer_certificate":null,"signing_profile":null},"table":"documents"}],'
    b'"salt":"000102030405060708090a0b0c0d0e0f"}'
)


@pytest.mark.parametrize("released", ["0002"], indirect=True)
def test_what_was_recorded_before_there_were_plates_has_the_same_record_after_the_upgrade(released) -> None:
    upgraded = Database.upgraded(released[0])
    table, salt = schema.documents, bytes(range(16))
    with upgraded.write() as tx:
        assert ledger.record(tx, [("documents", 1)], salt) == _RECORD_OF_0002
        [read] = ledger.read(_RECORD_OF_0002)
        row = ledger.from_json(table, read.row)
        assert (row["plate"], row["fill_version"]) == (None, None)
        # And once more from what was read, as a replay does it.
        again = insert(tx, table, **{**row, "id": 7, "revision": 2})
        assert ledger.rows_of(tx, "documents", again) == [{**read.row, "id": 7, "revision": 2}]
    upgraded.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"plate": bytes(32)},
        {"fill_version": 1},
        {"kind": "signed", "signing_profile": "x", "plate": bytes(32), "fill_version": 1},
    ],
)
def test_only_a_page_names_a_plate_and_never_without_how_it_was_filled(filled, wrong) -> None:
    row = {"instrument": 1, "kind": "unsigned", "revision": 2, "sha256": bytes(32), "recorded_at": NOW}
    with pytest.raises(IntegrityError, match="ck_documents_plate"), filled.write() as tx:
        tx.execute(schema.documents.insert().values({**row, **wrong}))
    with filled.write() as tx:
        tx.execute(schema.documents.insert().values({**row, "plate": bytes(32), "fill_version": 1}))


def _schema(location) -> list[tuple[object, ...]]:
    """Everything the database knows of its tables, triggers and indexes."""
    queries = (
        ["SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' ORDER BY type, name"]
        if not isinstance(location, sa.URL)
        else [
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2",
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2",
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
            "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE '%guard' ORDER BY 1",
        ]
    )
    engine = sa.create_engine(_url(location))
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(sa.text(query))]
    engine.dispose()
    # In which order a rewritten table names its constraints is left to chance.
    return [tuple(sorted(line.strip(" ,\t") for line in str(value).splitlines()) for value in row) for row in rows]


def test_a_fresh_registry_and_an_upgraded_one_are_the_same(released, location) -> None:
    Database.upgraded(released[0]).close()
    assert _schema(released[0]) == _schema(location)


def test_an_upgrade_that_fails_half_way_leaves_the_registry_as_it_was(released, monkeypatch) -> None:
    location, _ = released
    before = _schema(location)

    class PowerCutError(Exception):
        pass

    def cut(table: str, *allowed: guards.Change) -> None:
        if table == "plates":  # the last step of the newest revision
            raise PowerCutError
        guard(table, *allowed)

    guard = guards.guard
    with monkeypatch.context() as patched:
        patched.setattr(guards, "guard", cut)
        with pytest.raises(PowerCutError):
            Database.upgraded(location)
    assert _schema(location) == before
    Database.upgraded(location).close()


def test_a_registry_whose_making_fails_half_way_can_be_made_again(nowhere, monkeypatch) -> None:
    class PowerCutError(Exception):
        pass

    def cut(*_args: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(guards, "guard", cut)
        with pytest.raises(PowerCutError):
            Database.create(nowhere)
    with pytest.raises(UnavailableError, match="no registry"):
        Database.open(nowhere)
    Database.create(nowhere).close()


def test_a_registry_of_a_newer_program_is_neither_opened_nor_upgraded(database, location) -> None:
    with database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(UnavailableError, match="revision 9999"):
        Database.open(location)
    with pytest.raises(UnavailableError, match="newer program"):
        Database.upgraded(location)


def test_a_registry_is_never_made_over_another_one(location) -> None:
    with pytest.raises(FileExistsError):
        Database.create(location)


def test_where_there_is_no_registry_none_is_made(nowhere) -> None:
    for attempt in (Database.open, Database.upgraded):
        with pytest.raises(UnavailableError, match="no registry"):
            attempt(nowhere)
    Database.create(nowhere).close()


# Transactions


def _give(tx, n: int) -> None:
    insert(tx, schema.numbers, series="genset", year=2026, n=n, fate="used", recorded_at=NOW)


def _given(tx) -> int:
    return int(tx.execute(sa.select(sa.func.count()).select_from(schema.numbers)).scalar_one())


def test_a_read_sees_one_moment(database) -> None:
    with database.read() as reading:
        before = _given(reading)
        with database.write() as tx:
            _give(tx, 1)
        assert _given(reading) == before
    with database.read() as reading:
        assert _given(reading) == before + 1


def test_a_failed_transaction_leaves_nothing(database) -> None:
    def cut() -> None:
        with database.write() as tx:
            _give(tx, 1)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut()
    with database.read() as tx:
        assert _given(tx) == 0


def test_a_second_writer_waits_and_then_sees_what_the_first_wrote(database, location, kind) -> None:
    if kind == "postgresql":
        # A server may be set so that a snapshot is taken before the wait.
        _administer(
            location, f'ALTER DATABASE {location.database} SET default_transaction_isolation = "repeatable read"'
        )
        database.close()
    asking = threading.Event()

    def second() -> int:
        asking.set()
        with database.write() as tx:
            return _given(tx)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.write() as tx:
            waiting = pool.submit(second)
            assert asking.wait(30)
            while kind == "postgresql" and not _administer(
                location, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ):
                assert not waiting.done()
            for n in range(1, 40):
                _give(tx, n)
            assert not waiting.done()
        assert waiting.result(30) == 39


def test_no_update_is_lost_between_writers_that_read_first(database) -> None:
    def take(_turn: int) -> None:
        with database.write() as tx:
            _give(tx, _given(tx) + 1)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(take, range(60)))
    with database.read() as tx:
        assert sorted(tx.execute(sa.select(schema.numbers.c.n)).scalars()) == list(range(1, 61))


def test_a_registry_opened_for_reading_is_not_written(location) -> None:
    reading = Database.open(location, read_only=True)
    with pytest.raises(UnavailableError, match="reading only"), reading.write() as tx:
        _give(tx, 1)
    with pytest.raises(UnavailableError), reading.read() as tx:
        _give(tx, 1)
    reading.close()


def test_reading_never_writes(database) -> None:
    for _ in range(2):
        with pytest.raises(UnavailableError), database.read() as tx:
            _give(tx, 1)
        with database.write() as tx:
            assert _given(tx) == 0


def test_a_restored_registry_takes_nothing_in_until_its_log_was_replayed(database) -> None:
    with database.write() as tx:
        key = insert(tx, schema.restorations, backup_taken_at=NOW, backup_size=12, restored_at=NOW)
    with pytest.raises(ReadOnlyError, match="12 log entries"), database.write() as tx:
        _give(tx, 1)
    with database.read() as tx:
        assert _given(tx) == 0
    with database.write(replaying=True) as tx:
        table = schema.restorations
        tx.execute(table.update().where(table.c.id == key).values(replayed_at=NOW, replayed_size=12))
    with database.write() as tx:
        _give(tx, 1)


# Values


def test_rows_written_with_ids_of_their_own_do_not_get_in_the_way_of_the_next(database) -> None:
    row = {"series": "genset", "year": 2026, "fate": "used", "recorded_at": NOW}
    with database.write() as tx:
        tx.execute(schema.numbers.insert().values(id=41, n=1, **row))
        follow_ids(tx)
    with database.write() as tx:
        assert insert(tx, schema.numbers, n=2, **row) == 42
        assert insert(tx, schema.mandate_ends.metadata.tables["number_openings"], series="x", year=2026, first=2,
                      reason="r", actor="a", recorded_at=NOW) == 1  # fmt: skip


@pytest.mark.parametrize("text", ["nul \x00", "half \ud83d"])
def test_text_that_only_one_database_could_keep_is_refused_by_both(database, text) -> None:
    with pytest.raises(TextError, match="the reason"), database.write() as tx:
        insert(tx, schema.numbers, series="genset", year=2026, n=1, fate="void", reason=text, recorded_at=NOW)


def test_text_is_kept_in_one_spelling(database) -> None:
    with database.write() as tx:
        insert(tx, schema.numbers, series="genset", year=2026, n=1, fate="void", reason="e\u0301", recorded_at=NOW)
        assert tx.execute(sa.select(schema.numbers.c.reason)).scalar_one() == "\u00e9"


def test_a_moment_sorts_as_text_and_comes_back_to_the_microsecond(database) -> None:
    jakarta = datetime.timezone(datetime.timedelta(hours=7))
    moments = [
        datetime.datetime(999, 1, 1, tzinfo=datetime.UTC),
        NOW.replace(microsecond=1),
        datetime.datetime(2026, 11, 24, 1, 0, tzinfo=jakarta),
        datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC),
    ]
    with database.write() as tx:
        for n, moment in enumerate(reversed(moments), 1):
            insert(tx, schema.numbers, series="genset", year=2026, n=n, fate="used", recorded_at=moment)
    with database.read() as tx:
        column = schema.numbers.c.recorded_at
        assert list(tx.execute(sa.select(column).order_by(column)).scalars()) == moments


def test_a_moment_without_a_zone_is_a_programming_error(database) -> None:
    with pytest.raises(Exception, match="time zone"), database.write() as tx:
        insert(tx, schema.restorations, backup_taken_at=NOW.replace(tzinfo=None), backup_size=1, restored_at=NOW)


# What only a server can do wrong


def _administer(location: sa.URL, statement: str) -> list[object]:
    host = str(location.query["host"])
    with psycopg.connect(host=host, user=location.username, dbname="postgres", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(server, filled_server) -> None:
    location = server.database(template=filled_server)
    _administer(location, f"ALTER DATABASE {location.database} SET synchronous_commit = off")
    with pytest.raises(UnavailableError, match="synchronous_commit"):
        Database.open(location)


def test_a_database_of_another_encoding_is_refused(server) -> None:
    location = server.database()
    _administer(location, "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(UnavailableError, match=r"SQL_ASCII.*createdb"):
        Database.create(location.set(database="ascii"))


def test_a_server_that_does_not_answer_is_an_environment_error_that_tells_no_secret(monkeypatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "rahasia")
    with pytest.raises(UnavailableError, match="does not answer") as caught:
        Database.open(module.server("postgresql://absah@127.0.0.1:1/izin"))
    assert "rahasia" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://absah:rahasia@db.example/izin",
        "postgresql://absah:rahasia@db.example:99999999x/izin",
        "postgresql://absah@db.example/izin?password=rahasia",
        "postgresql://absah@db.example/izin?sslpassword=rahasia",
        "mysql://absah:rahasia@db.example/izin",
        "postgresql://absah:rahasia@db.example",
        "rahasia",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(url) -> None:
    with pytest.raises(UnavailableError) as caught:
        module.server(url)
    assert "rahasia" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_without_a_password_is_accepted() -> None:
    assert module.server("postgresql://absah@db.example/izin?sslmode=verify-full").database == "izin"
