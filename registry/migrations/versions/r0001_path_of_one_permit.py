"""The path of one permit: decisions, mandates, numbers, instruments, documents, status, log entries.

The triggers refuse what no honest program does: editing or deleting what was decided, printed or logged.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.guards import Change, guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Table: the condition under which an UPDATE is allowed all the same (None: never). DELETE is never allowed.
GUARDED = {
    "installation": None,
    "decisions": None,
    "decision_objects": None,
    "documents": None,
    "validation_data": None,
    "signer_certificates": None,
    "status_changes": None,
    # A mandate may be ended, once.
    "mandates": "OLD.valid_until IS NULL AND NEW.valid_until IS NOT NULL",
    # A number may become void before it is printed.
    "numbers": "OLD.fate = 'used' AND NEW.fate = 'void' AND NEW.series = OLD.series"
    " AND NEW.year = OLD.year AND NEW.n = OLD.n",
    # Until its issue an instrument may freeze anew.
    "instruments": "NEW.id = OLD.id AND NOT EXISTS (SELECT 1 FROM log_entries WHERE log_entries.instrument = OLD.id)",
    # The sequencer gives an entry its index, once.
    "log_entries": 'OLD."index" IS NULL AND NEW."index" IS NOT NULL AND NEW.entry = OLD.entry'
    " AND NEW.instrument = OLD.instrument AND NEW.event = OLD.event",
}


def upgrade() -> None:
    """Forwards only: a registry is never taken back."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("reference_key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["supersedes"], ["decisions.id"], name=op.f("fk_decisions_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "office", "reference_key", "revision", name=op.f("uq_decisions_office_reference_key_revision")
        ),
    )
    op.create_table(
        "decision_objects",
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decisions.id"], name=op.f("fk_decision_objects_decision")),
        sa.PrimaryKeyConstraint("decision", "object_key", name=op.f("pk_decision_objects")),
    )
    op.create_index(op.f("ix_decision_objects_object_key"), "decision_objects", ["object_key"])
    op.create_table(
        "mandates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("rank", sa.String(), nullable=False),
        sa.Column("employee_number", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("office_title", sa.String(), nullable=False),
        sa.Column("own_title", sa.String(), nullable=False),
        sa.Column("decree_number", sa.String(), nullable=False),
        sa.Column("decree_date", sa.Date(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_table(
        "numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.CheckConstraint("fate = 'used' OR reason IS NOT NULL", name=op.f("ck_numbers_reason")),
        sa.CheckConstraint("fate IN ('used', 'void', 'outside')", name=op.f("ck_numbers_fate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_numbers")),
        sa.UniqueConstraint("series", "year", "n", name=op.f("uq_numbers_series_year_n")),
    )
    op.create_table(
        "signer_certificates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_number", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("issuers", sa.JSON(), nullable=False),
        sa.Column("not_before", sa.String(27), nullable=False),
        sa.Column("not_after", sa.String(27), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_certificates")),
        sa.UniqueConstraint("sha256", name=op.f("uq_signer_certificates_sha256")),
    )
    op.create_table(
        "instruments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("number_row", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("date_of_issue", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("mandate", sa.Integer(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("public_view", sa.JSON(), nullable=False),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.Column("freeze", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decisions.id"], name=op.f("fk_instruments_decision")),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name=op.f("fk_instruments_mandate")),
        sa.ForeignKeyConstraint(["number_row"], ["numbers.id"], name=op.f("fk_instruments_number_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
        sa.UniqueConstraint("decision", name=op.f("uq_instruments_decision")),
        sa.UniqueConstraint("number_row", name=op.f("uq_instruments_number_row")),
        sa.UniqueConstraint("office", "number", name=op.f("uq_instruments_office_number")),
        sa.UniqueConstraint("serial", name=op.f("uq_instruments_serial")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("layout", sa.JSON(), nullable=True),
        sa.Column("signing_profile", sa.String(), nullable=True),
        sa.Column("signer_certificate", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.CheckConstraint("(kind = 'signed') = (signing_profile IS NOT NULL)", name=op.f("ck_documents_profile")),
        sa.CheckConstraint("kind IN ('unsigned', 'signed')", name=op.f("ck_documents_kind")),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_documents_instrument")),
        sa.ForeignKeyConstraint(["parent"], ["documents.id"], name=op.f("fk_documents_parent")),
        sa.ForeignKeyConstraint(
            ["signer_certificate"], ["signer_certificates.id"], name=op.f("fk_documents_signer_certificate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("instrument", "kind", "revision", name=op.f("uq_documents_instrument_kind_revision")),
    )
    op.create_index(op.f("ix_documents_sha256"), "documents", ["sha256"], unique=False)
    op.create_table(
        "log_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("instrument", sa.Integer(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_log_entries_instrument")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entries")),
        sa.UniqueConstraint("index", name=op.f("uq_log_entries_index")),
    )
    op.create_index(
        "uq_log_entries_one_issue",
        "log_entries",
        ["instrument"],
        unique=True,
        sqlite_where=sa.text("event = 'issue'"),
        postgresql_where=sa.text("event = 'issue'"),
    )
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("decree", sa.String(), nullable=True),
        sa.Column("replaced_by", sa.String(), nullable=True),
        sa.Column("effective_at", sa.String(27), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["instrument"], ["instruments.id"], name=op.f("fk_status_changes_instrument")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
        sa.UniqueConstraint("instrument", "sequence", name=op.f("uq_status_changes_instrument_sequence")),
    )
    op.create_table(
        "validation_data",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('certificate', 'crl')", name=op.f("ck_validation_data_kind")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_validation_data_document")),
        sa.PrimaryKeyConstraint("document", "kind", "sha256", name=op.f("pk_validation_data")),
    )
    for table, allowed in GUARDED.items():
        guard(table, *(() if allowed is None else (Change(when=allowed),)))
