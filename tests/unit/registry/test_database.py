"""The registry's database: what was decided cannot be edited, and a missing registry is never made anew."""

import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from registry import schema
from registry.database import Database
from registry.formats.errors import UnavailableError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "with space & sign.db")


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_a_missing_registry_is_an_error_and_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no registry"):
        Database.open(tmp_path / "absah.db")
    assert not (tmp_path / "absah.db").exists()


def test_a_crash_while_it_is_made_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(_self: Database) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(Database, "upgrade", cut)
        with pytest.raises(PowerCutError):
            Database.create(tmp_path / "absah.db")
    assert not (tmp_path / "absah.db").exists()
    assert Database.create(tmp_path / "absah.db").revision()


def test_a_registry_of_another_revision_is_not_touched(database: Database, tmp_path: Path) -> None:
    with database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(UnavailableError, match="revision 9999"):
        Database.open(tmp_path / "with space & sign.db")


def test_a_broken_file_is_an_environment_error(tmp_path: Path) -> None:
    path = tmp_path / "absah.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnavailableError):
        Database.open(path)


def test_a_moment_without_a_zone_is_a_programming_error(database: Database) -> None:
    with pytest.raises(Exception, match="time zone"), database.write() as tx:
        tx.execute(
            schema.numbers.insert().values(
                series="genset", year=2026, n=1, fate="used", recorded_at=NOW.replace(tzinfo=None)
            )
        )


def _fill(tx: sa.Connection) -> None:
    tx.execute(schema.installation.insert().values(id=1, mode="production", host="izin.example.go.id"))
    tx.execute(
        schema.decisions.insert().values(
            id=1, office="kampar", source="desk", reference="A", reference_key="desk\na", revision=1, pack="genset/v1",
            canonical=b"{}", digest=bytes(32), recorded_at=NOW,
        )
    )  # fmt: skip
    tx.execute(schema.decision_objects.insert().values(decision=1, object_key="perkins-1"))
    tx.execute(
        schema.mandates.insert().values(
            id=1, office="kampar", person="P", rank="R", employee_number="N", mode="definitive", office_title="T",
            own_title="T", decree_number="D", decree_date=NOW.date(), scope=[], valid_from=NOW.date(), recorded_at=NOW,
        )
    )  # fmt: skip
    tx.execute(
        schema.signer_certificates.insert().values(
            id=1, employee_number="N", sha256=bytes(32), certificate=b"c", issuers=[], not_before=NOW, not_after=NOW,
            recorded_at=NOW,
        )
    )  # fmt: skip
    tx.execute(schema.numbers.insert().values(id=1, series="genset", year=2026, n=1, fate="used", recorded_at=NOW))
    tx.execute(
        schema.instruments.insert().values(
            id=1, kind="permit", office="kampar", decision=1, pack="genset/v1", serial=5, number_row=1, number="1",
            date_of_issue=NOW.date(), mandate=1, statement=b"s", public_view=[], shape={}, freeze=1, frozen_at=NOW,
        )
    )  # fmt: skip
    tx.execute(
        schema.documents.insert().values(
            id=1, instrument=1, kind="unsigned", revision=1, sha256=bytes(32), recorded_at=NOW
        )
    )
    tx.execute(schema.validation_data.insert().values(document=1, kind="crl", sha256=bytes(32)))
    tx.execute(
        schema.status_changes.insert().values(
            id=1, instrument=1, sequence=1, status="in_force", ground="issue", effective_at=NOW, recorded_at=NOW
        )
    )
    tx.execute(schema.log_entries.insert().values(id=1, event="issue", instrument=1, entry=b"e", recorded_at=NOW))


FORBIDDEN = [
    "UPDATE installation SET mode = 'development'",
    "UPDATE decisions SET canonical = x'00'",
    "UPDATE documents SET sha256 = x'00'",
    "UPDATE decision_objects SET object_key = 'x'",
    "INSERT OR REPLACE INTO decisions SELECT id, office, source, reference, reference_key, revision, pack, x'00',"
    " digest, supersedes, recorded_at FROM decisions",
    "UPDATE validation_data SET sha256 = x'00'",
    "UPDATE signer_certificates SET certificate = x'00'",
    "UPDATE status_changes SET status = 'revoked'",
    "UPDATE mandates SET person = 'X'",
    "UPDATE numbers SET n = 2",
    "UPDATE numbers SET fate = 'outside', reason = 'x'",
    "UPDATE instruments SET statement = x'00'",
    "UPDATE log_entries SET entry = x'00'",
    "UPDATE log_entries SET entry = x'00', \"index\" = 0",
    *(f"DELETE FROM {table.name}" for table in schema.metadata.sorted_tables),
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_was_decided_cannot_be_edited_or_deleted(database: Database, statement: str) -> None:
    with database.write() as tx:
        _fill(tx)
    with pytest.raises(IntegrityError, match="append-only"), database.write() as tx:
        tx.execute(sa.text(statement))


def test_the_few_changes_that_are_part_of_life_are_allowed_once(database: Database) -> None:
    with database.write() as tx:
        _fill(tx)
        tx.execute(sa.text("UPDATE mandates SET valid_until = '2026-12-31'"))
        tx.execute(sa.text('UPDATE log_entries SET "index" = 0'))
        tx.execute(sa.text("UPDATE numbers SET fate = 'void', reason = 'spoiled'"))
    for again in (
        "UPDATE mandates SET valid_until = '2027-12-31'",
        'UPDATE log_entries SET "index" = 1',
        "UPDATE numbers SET reason = 'other'",
    ):
        with pytest.raises(IntegrityError, match="append-only"), database.write() as tx:
            tx.execute(sa.text(again))


def test_a_permit_is_issued_in_the_log_once(database: Database) -> None:
    with database.write() as tx:
        _fill(tx)
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(schema.log_entries.insert().values(event="issue", instrument=1, entry=b"f", recorded_at=NOW))
