"""The tables, as SQLAlchemy sees them. The migrations make them; a test holds the two against each other.

Append-only tables are guarded by triggers in the database itself (`registry.migrations`), so that a bug cannot quietly
edit what was decided. Whoever has a shell on the database can drop a trigger first; that is what the log is for.
"""

import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect


class Instant(sa.TypeDecorator[datetime.datetime]):
    """A moment in UTC, to the microsecond, kept as text that sorts as it reads on every database."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> str | None:
        """Refuse a moment without a zone: its meaning would depend on the machine."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime.datetime | None:
        """The moment in UTC. Raises `ValueError` for any other spelling of it.

        What is compared as text must read as it sorts: a moment spelled in another way would be equal here and lie
        elsewhere for every query.
        """
        moment = None if value is None else datetime.datetime.fromisoformat(value)
        if self.process_bind_param(moment, dialect) != value:
            raise ValueError(f"{value!r} is no moment as this program writes it")
        return moment


# On SQLite a day is text too, and must be spelled in its one way.
_ONE_SPELLING: Final = sqlite.DATE(regexp=r"(\d{4})-(\d{2})-(\d{2})\Z")  # type: ignore[no-untyped-call]  # SQLAlchemy's
Day: Final = sa.Date().with_variant(_ONE_SPELLING, "sqlite")


_JSON: Final = sa.JSON(none_as_null=True)  # None is no value, not a value that says “null”
metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _sha256(name: str = "sha256", *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(32), nullable=nullable)


installation: Final = sa.Table(
    "installation",
    metadata,
    _id(),
    sa.Column("mode", sa.String, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)

decisions: Final = sa.Table(
    "decisions",
    metadata,
    _id(),
    sa.Column("office", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("reference", sa.String, nullable=False),
    sa.Column("reference_key", sa.String, nullable=False),  # source and reference, folded (registry.decisions.fold)
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("pack", sa.String, nullable=False),
    sa.Column("canonical", sa.LargeBinary, nullable=False),
    _sha256("digest"),
    sa.Column("supersedes", sa.ForeignKey("decisions.id")),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("received_on", Day),  # None in the rows of before there was this column
    sa.UniqueConstraint("office", "reference_key", "revision"),
)

decision_objects: Final = sa.Table(
    "decision_objects",
    metadata,
    sa.Column("decision", sa.ForeignKey("decisions.id"), primary_key=True),
    sa.Column("object_key", sa.String, primary_key=True),
    sa.Index(None, "object_key"),
)

mandates: Final = sa.Table(
    "mandates",
    metadata,
    _id(),
    sa.Column("office", sa.String, nullable=False),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("rank", sa.String, nullable=False),
    sa.Column("employee_number", sa.String, nullable=False),
    sa.Column("mode", sa.String, nullable=False),
    sa.Column("office_title", sa.String, nullable=False),
    sa.Column("own_title", sa.String, nullable=False),
    sa.Column("decree_number", sa.String, nullable=False),
    sa.Column("decree_date", Day, nullable=False),
    sa.Column("scope", _JSON, nullable=False),
    sa.Column("valid_from", Day, nullable=False),
    sa.Column("valid_until", Day),
    sa.Column("recorded_at", Instant, nullable=False),
)

signer_certificates: Final = sa.Table(
    "signer_certificates",
    metadata,
    _id(),
    sa.Column("employee_number", sa.String, nullable=False),
    _sha256(),
    sa.Column("certificate", sa.LargeBinary, nullable=False),
    sa.Column("issuers", _JSON, nullable=False),  # base64 of each DER certificate, own issuer first
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("not_after", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("sha256"),
)

mandate_ends: Final = sa.Table(
    "mandate_ends",
    metadata,
    _id(),
    sa.Column("mandate", sa.ForeignKey("mandates.id"), nullable=False),
    sa.Column("last_day", Day, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("decree_number", sa.String, nullable=False),
    sa.Column("decree_date", Day, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Index(None, "mandate"),
)

number_openings: Final = sa.Table(
    "number_openings",
    metadata,
    _id(),
    sa.Column("series", sa.String, nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("first", sa.Integer, nullable=False),  # the first number that this registry gives
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("series", "year"),
    sa.CheckConstraint("first > 1", name="first"),
)

numbers: Final = sa.Table(
    "numbers",
    metadata,
    _id(),
    sa.Column("series", sa.String, nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("fate", sa.String, nullable=False),
    sa.Column("reason", sa.String),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("series", "year", "n"),
    sa.CheckConstraint("fate IN ('used', 'void', 'outside')", name="fate"),
    sa.CheckConstraint("fate = 'used' OR reason IS NOT NULL", name="reason"),
)

instruments: Final = sa.Table(
    "instruments",
    metadata,
    _id(),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("office", sa.String, nullable=False),
    sa.Column("decision", sa.ForeignKey("decisions.id"), nullable=False),
    sa.Column("pack", sa.String, nullable=False),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("number_row", sa.ForeignKey("numbers.id"), nullable=False),
    sa.Column("number", sa.String, nullable=False),
    sa.Column("date_of_issue", Day, nullable=False),
    sa.Column("valid_until", Day),
    sa.Column("mandate", sa.ForeignKey("mandates.id"), nullable=False),
    sa.Column("statement", sa.LargeBinary, nullable=False),
    sa.Column("public_view", _JSON, nullable=False),
    sa.Column("shape", _JSON, nullable=False),
    sa.Column("freeze", sa.Integer, nullable=False),
    sa.Column("frozen_at", Instant, nullable=False),
    sa.UniqueConstraint("serial"),
    sa.UniqueConstraint("number_row"),
    sa.UniqueConstraint("office", "number"),
    sa.UniqueConstraint("decision"),
)

documents: Final = sa.Table(
    "documents",
    metadata,
    _id(),
    sa.Column("instrument", sa.ForeignKey("instruments.id"), nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    _sha256(),
    sa.Column("parent", sa.ForeignKey("documents.id")),
    sa.Column("layout", _JSON),  # of an unsigned document: where QR and signature stand
    sa.Column("signing_profile", sa.String),
    sa.Column("signer_certificate", sa.ForeignKey("signer_certificates.id")),
    sa.Column("recorded_at", Instant, nullable=False),
    # Of an unsigned document: the plate that its page was filled from, and by which version of filling.
    _sha256("plate", nullable=True),
    sa.Column("fill_version", sa.Integer),
    sa.UniqueConstraint("instrument", "kind", "revision"),
    sa.CheckConstraint("kind IN ('unsigned', 'signed')", name="kind"),
    sa.CheckConstraint("(kind = 'signed') = (signing_profile IS NOT NULL)", name="profile"),
    sa.CheckConstraint(
        "(plate IS NULL) = (fill_version IS NULL) AND (plate IS NULL OR kind = 'unsigned')", name="plate"
    ),
    sa.Index(None, "sha256"),
)

# What pages are filled from (`registry.plates`). It holds nobody's data, and no entry of the log: made again if lost.
plates: Final = sa.Table(
    "plates",
    metadata,
    _id(),
    _sha256("key"),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("pack", sa.String, nullable=False),  # empty for what several packs share
    _sha256(),
    sa.Column("fingerprint", sa.String, nullable=False),  # of the libraries that made it, in hex
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("key"),
    sa.CheckConstraint("kind IN ('typeface', 'subset', 'measure', 'plate')", name="kind"),
)

validation_data: Final = sa.Table(
    "validation_data",
    metadata,
    sa.Column("document", sa.ForeignKey("documents.id"), primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
    sa.CheckConstraint("kind IN ('certificate', 'crl')", name="kind"),
)

status_changes: Final = sa.Table(
    "status_changes",
    metadata,
    _id(),
    sa.Column("instrument", sa.ForeignKey("instruments.id"), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("ground", sa.String, nullable=False),
    sa.Column("decree", sa.String),
    sa.Column("replaced_by", sa.String),
    sa.Column("effective_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("change", sa.String, nullable=False, server_default="issue"),
    sa.Column("legal_ground", sa.String),
    sa.Column("decree_date", Day),
    _sha256("decree_sha256", nullable=True),
    sa.Column("correction", _JSON),
    sa.Column("actor", sa.String),
    sa.UniqueConstraint("instrument", "sequence"),
    sa.Index(
        "ix_status_changes_ahead",
        "effective_at",
        sqlite_where=sa.text("effective_at > recorded_at"),
        postgresql_where=sa.text("effective_at > recorded_at"),
    ),
)

handovers: Final = sa.Table(
    "handovers",
    metadata,
    _id(),
    sa.Column("instrument", sa.ForeignKey("instruments.id"), nullable=False),
    sa.Column("recipient", sa.String, nullable=False),
    sa.Column("capacity", sa.String, nullable=False),
    sa.Column("identity_kind", sa.String, nullable=False),
    sa.Column("identity_number", sa.String, nullable=False),
    sa.Column("survey_done", sa.Boolean, nullable=False),
    sa.Column("note", sa.String),
    sa.Column("handed_at", Instant, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.CheckConstraint("capacity IN ('holder', 'proxy')", name="capacity"),
    sa.Index(None, "instrument"),
)

destructions: Final = sa.Table(
    "destructions",
    metadata,
    _id(),
    sa.Column("instrument", sa.ForeignKey("instruments.id"), nullable=False),
    sa.Column("ground", sa.String, nullable=False),
    sa.Column("minutes_number", sa.String, nullable=False),
    sa.Column("minutes_date", Day, nullable=False),
    sa.Column("approvals", _JSON, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("instrument"),
)

# Derived from the decision, for the office's own search; kept up by `registry.search`.
permit_names: Final = sa.Table(
    "permit_names",
    metadata,
    sa.Column("instrument", sa.ForeignKey("instruments.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.String, nullable=False),
)

log_entries: Final = sa.Table(
    "log_entries",
    metadata,
    _id(),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("instrument", sa.ForeignKey("instruments.id")),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sa.Column("index", sa.BigInteger),  # given by the sequencer, once
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("subject", _JSON),  # [[table, key…], …]: the rows that the record holds
    sa.Column("salt", sa.LargeBinary(16)),
    sa.UniqueConstraint("index"),
    sa.Index(None, "instrument"),
    sa.Index(
        "uq_log_entries_one_issue",
        "instrument",
        unique=True,
        sqlite_where=sa.text("event = 'issue'"),
        postgresql_where=sa.text("event = 'issue'"),
    ),
    sa.Index(
        "ix_log_entries_waiting",
        "id",
        sqlite_where=sa.text('"index" IS NULL'),
        postgresql_where=sa.text('"index" IS NULL'),
    ),
)

log_state: Final = sa.Table(
    "log_state",
    metadata,
    _id(),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)

checkpoints: Final = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    _sha256("root"),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
)

log_proofs: Final = sa.Table(
    "log_proofs",
    metadata,
    sa.Column("entry", sa.ForeignKey("log_entries.id"), primary_key=True, autoincrement=False),
    sa.Column("size", sa.ForeignKey("checkpoints.size"), nullable=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
)

restorations: Final = sa.Table(
    "restorations",
    metadata,
    _id(),
    sa.Column("backup_taken_at", Instant, nullable=False),
    sa.Column("backup_size", sa.BigInteger, nullable=False),
    sa.Column("restored_at", Instant, nullable=False),
    sa.Column("replayed_at", Instant),
    sa.Column("replayed_size", sa.BigInteger),
)
