"""Plates: what pages are filled from is recorded, and each page names the plate that it was filled from.

The tables of before keep their rows and their guards: those of `documents` refuse every change of any column, so they
hold for the new columns as they are.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.guards import guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A page of before there were plates names none; a signed document is its unsigned one with a signature behind it.
_PLATE = "(plate IS NULL) = (fill_version IS NULL) AND (plate IS NULL OR kind = 'unsigned')"


def upgrade() -> None:
    """Forwards only: a registry is never taken back."""
    op.add_column("documents", sa.Column("plate", sa.LargeBinary(length=32), nullable=True))
    # The check comes with the column: SQLite could add it later only by writing the table anew, to which others refer.
    op.execute(f"ALTER TABLE documents ADD COLUMN fill_version INTEGER CONSTRAINT ck_documents_plate CHECK ({_PLATE})")
    op.create_table(
        "plates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.CheckConstraint("kind IN ('typeface', 'subset', 'measure', 'plate')", name=op.f("ck_plates_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plates")),
        sa.UniqueConstraint("key", name=op.f("uq_plates_key")),
    )
    guard("plates")
