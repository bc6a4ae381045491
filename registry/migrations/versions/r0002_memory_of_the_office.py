"""The memory of the office: changes of state, ends of mandates, number openings, hand-over, log, search, restoration.

Every row that an entry of the log records is refused any edit from then on; what ends or changes something is a row
of its own. Only an approved destruction empties a decision, a public view, a hand-over and what a correction put right.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.guards import Change, guard, unguard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.String(27)
# A destroyed permit's decision is emptied in every revision: the older ones name the same people.
_DESTROYED = (
    "length(NEW.canonical) = 0 AND EXISTS (SELECT 1 FROM destructions"
    " JOIN instruments ON instruments.id = destructions.instrument"
    " JOIN decisions used ON used.id = instruments.decision"
    " WHERE used.office = OLD.office AND used.reference_key = OLD.reference_key)"
)
_EMPTIED = (
    "EXISTS (SELECT 1 FROM destructions WHERE destructions.instrument = OLD.id)"
    " AND CAST(NEW.public_view AS TEXT) = '[]' AND CAST(NEW.shape AS TEXT) = '{}'"
)
_ANONYMOUS = (
    "EXISTS (SELECT 1 FROM destructions WHERE destructions.instrument = OLD.instrument)"
    " AND NEW.recipient = '' AND NEW.identity_number = '' AND NEW.note IS NULL"
)
_UNSAID = (
    "EXISTS (SELECT 1 FROM destructions WHERE destructions.instrument = OLD.instrument)"
    " AND OLD.correction IS NOT NULL AND CAST(NEW.correction AS TEXT) = '{}'"
)
_NOT_LOGGED = "NOT EXISTS (SELECT 1 FROM log_entries WHERE log_entries.instrument = OLD.id)"
_NOT_ISSUED = (
    "NOT EXISTS (SELECT 1 FROM log_entries JOIN instruments ON instruments.id = log_entries.instrument"
    " WHERE instruments.number_row = OLD.id)"
)
_FROZEN_ANEW = (
    "decision",
    "pack",
    "serial",
    "number_row",
    "number",
    "date_of_issue",
    "valid_until",
    "mandate",
    "statement",
    "public_view",
    "shape",
    "freeze",
    "frozen_at",
)
# Table: the only UPDATEs that are allowed. DELETE is never allowed.
GUARDED: dict[str, tuple[Change, ...]] = {
    "decisions": (Change(when=_DESTROYED, only=("canonical",)),),
    "mandates": (),
    "mandate_ends": (),
    "number_openings": (),
    "numbers": (Change(when=f"OLD.fate = 'used' AND NEW.fate = 'void' AND {_NOT_ISSUED}", only=("fate", "reason")),),
    "instruments": (
        Change(when=_NOT_LOGGED, only=_FROZEN_ANEW),
        Change(when=_EMPTIED, only=("public_view", "shape")),
    ),
    "status_changes": (Change(when=_UNSAID, only=("correction",)),),
    "handovers": (Change(when=_ANONYMOUS, only=("recipient", "identity_number", "note")),),
    "destructions": (),
    "log_entries": (Change(when='OLD."index" IS NULL AND NEW."index" IS NOT NULL', only=("index",)),),
    "log_state": (Change(when="NEW.size > OLD.size", only=("size", "frontier")),),
    "checkpoints": (),
    "log_proofs": (),
    "restorations": (
        Change(when="OLD.replayed_at IS NULL AND NEW.replayed_at IS NOT NULL", only=("replayed_at", "replayed_size")),
    ),
}
_CHANGED = ("decisions", "mandates", "numbers", "instruments", "status_changes", "log_entries")


def upgrade() -> None:
    """Forwards only: a registry is never taken back."""
    for table in _CHANGED:
        unguard(table)
    op.add_column("decisions", sa.Column("received_on", sa.Date(), nullable=True))
    _mandates_and_numbers()
    _after_the_issue()
    _log()
    _search()
    for table, allowed in GUARDED.items():
        guard(table, *allowed)


def _mandates_and_numbers() -> None:
    op.create_table(
        "mandate_ends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mandate", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decree_number", sa.String(), nullable=False),
        sa.Column("decree_date", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name=op.f("fk_mandate_ends_mandate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_ends")),
    )
    op.create_index(op.f("ix_mandate_ends_mandate"), "mandate_ends", ["mandate"])
    op.create_table(
        "number_openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.CheckConstraint("first > 1", name=op.f("ck_number_openings_first")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_openings")),
        sa.UniqueConstraint("series", "year", name=op.f("uq_number_openings_series_year")),
    )


def _after_the_issue() -> None:
    added = (
        sa.Column("change", sa.String(), nullable=False, server_default="issue"),
        sa.Column("legal_ground", sa.String(), nullable=True),
        sa.Column("decree_date", sa.Date(), nullable=True),
        sa.Column("decree_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("correction", sa.JSON(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
    )
    for column in added:
        op.add_column("status_changes", column)
    op.create_index(
        "ix_status_changes_ahead",
        "status_changes",
        ["effective_at"],
        sqlite_where=sa.text("effective_at > recorded_at"),
        postgresql_where=sa.text("effective_at > recorded_at"),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("identity_kind", sa.String(), nullable=False),
        sa.Column("identity_number", sa.String(), nullable=False),
        sa.Column("survey_done", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("handed_at", _INSTANT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.CheckConstraint("capacity IN ('holder', 'proxy')", name=op.f("ck_handovers_capacity")),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_handovers_instrument")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_instrument"), "handovers", ["instrument"])
    op.create_table(
        "destructions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("minutes_number", sa.String(), nullable=False),
        sa.Column("minutes_date", sa.Date(), nullable=False),
        sa.Column("approvals", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_destructions_instrument")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destructions")),
        sa.UniqueConstraint("instrument", name=op.f("uq_destructions_instrument")),
    )
    op.create_table(
        "restorations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backup_taken_at", _INSTANT, nullable=False),
        sa.Column("backup_size", sa.BigInteger(), nullable=False),
        sa.Column("restored_at", _INSTANT, nullable=False),
        sa.Column("replayed_at", _INSTANT, nullable=True),
        sa.Column("replayed_size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restorations")),
    )


def _log() -> None:
    # SQLite can only change a column by writing the table anew.
    with op.batch_alter_table("log_entries") as entries:
        entries.alter_column("instrument", existing_type=sa.Integer(), nullable=True)
        entries.add_column(sa.Column("subject", sa.JSON(), nullable=True))
        entries.add_column(sa.Column("salt", sa.LargeBinary(length=16), nullable=True))
    op.create_index(op.f("ix_log_entries_instrument"), "log_entries", ["instrument"])
    op.create_index(
        "ix_log_entries_waiting",
        "log_entries",
        ["id"],
        sqlite_where=sa.text('"index" IS NULL'),
        postgresql_where=sa.text('"index" IS NULL'),
    )
    state = op.create_table(
        "log_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_state")),
    )
    op.bulk_insert(state, [{"id": 1, "size": 0, "frontier": b""}])
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "log_proofs",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["log_entries.id"], name=op.f("fk_log_proofs_entry")),
        sa.ForeignKeyConstraint(["size"], ["checkpoints.size"], name=op.f("fk_log_proofs_size")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_log_proofs")),
    )


def _search() -> None:
    op.create_table(
        "permit_names",
        sa.Column("instrument", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_permit_names_instrument")),
        sa.PrimaryKeyConstraint("instrument", name=op.f("pk_permit_names")),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX ix_permit_names_trigrams ON permit_names USING gin (name gin_trgm_ops)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE permit_names_trigrams USING fts5"
        "(name, content='permit_names', content_rowid='instrument', tokenize='trigram', detail='full')"
    )
    put = "INSERT INTO permit_names_trigrams(rowid, name) VALUES (new.instrument, new.name)"
    take = (
        "INSERT INTO permit_names_trigrams(permit_names_trigrams, rowid, name) VALUES ('delete', old.instrument, "
        "old.name)"
    )
    op.execute(f"CREATE TRIGGER permit_names_put AFTER INSERT ON permit_names BEGIN {put}; END")
    op.execute(f"CREATE TRIGGER permit_names_take AFTER DELETE ON permit_names BEGIN {take}; END")
    op.execute(f"CREATE TRIGGER permit_names_change AFTER UPDATE ON permit_names BEGIN {take}; {put}; END")
