"""The registry as a stranger may see it: the reading side that the verifier is given."""

import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa

from registry import lifecycle, mandates, proofs, schema
from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.record import (
    Destruction,
    PermitRecord,
    PublicField,
    QrPlace,
    SignerRecord,
    Status,
    StatusRecord,
)
from registry.kinds import kind_of


class RegistryReader:
    """Answers the verifier's questions (`registry.formats.record.RegistryView`) from database and file store."""

    def __init__(self, *, database: Database, documents: DocumentStore) -> None:
        self._database = database
        self._documents = documents

    def permit_by_serial(self, serial: int) -> PermitRecord | None:
        """The permit that holds this place in the status list, issued or not yet."""
        with self._database.read() as tx:
            return self._record(tx, schema.instruments.c.serial == serial)

    def permit_by_file(self, sha256: bytes) -> PermitRecord | None:
        """The permit that was issued as exactly this file."""
        documents = schema.documents.c
        holder = sa.select(documents.instrument).where(documents.kind == "signed", documents.sha256 == sha256)
        with self._database.read() as tx:
            return self._record(tx, schema.instruments.c.id.in_(holder))

    def signers(self) -> tuple[SignerRecord, ...]:
        """Every certificate that ever signed for the office."""
        with self._database.read() as tx:
            return mandates.signers(tx)

    def document(self, sha256: bytes) -> bytes:
        """The registered bytes, checked against their hash. Raises `UnavailableError` if missing or damaged."""
        return self._documents.get(sha256)

    def proof(self, serial: int) -> bytes | None:
        """The `.tlog-proof` file of a permit's issue (`registry.proofs.of_issue`)."""
        with self._database.read() as tx:
            return proofs.of_issue(tx, serial)

    def as_if_issued(
        self,
        instrument: int,
        *,
        file_sha256: bytes,
        signing_profile: str,
        signer: SignerRecord,
        revocation_lists: tuple[bytes, ...],
        now: datetime.datetime,
    ) -> PermitRecord:
        """The record that an instrument would have, were this file issued now: what the last check is held against.

        The log cannot know it yet, so the record counts as covered: every check but that must pass before the issue.
        """
        with self._database.read() as tx:
            record = self._record(tx, schema.instruments.c.id == instrument)
        if record is None:
            raise LookupError(f"no instrument {instrument}")
        return dataclasses.replace(
            record,
            issued_at=now,
            file_sha256=file_sha256,
            signing_profile=signing_profile,
            signer=signer,
            revocation_lists=revocation_lists,
            statuses=(StatusRecord(status=Status.IN_FORCE, effective=now, recorded=now, ground="issue"),),
            awaits_log=False,
        )

    def _record(self, tx: sa.Connection, which: sa.ColumnElement[bool]) -> PermitRecord | None:
        row = tx.execute(_with_its_fate().where(which)).mappings().first()
        if row is None:
            return None
        of_kind = {document.kind: document for document in tx.execute(_papers(row["id"], row["freeze"]))}
        unsigned, signed = of_kind.get("unsigned"), of_kind.get("signed")
        return PermitRecord(
            kind=kind_of(row["kind"]),
            serial=row["serial"],
            number=row["number"],
            pack=row["pack"],
            statement=row["statement"],
            date_of_issue=row["date_of_issue"],
            valid_until=row["valid_until"],
            decision_digest=row["decision_digest"],
            public_view=tuple(PublicField(**field) for field in row["public_view"]),
            qr_place=None if unsigned is None or not unsigned.layout else QrPlace(**unsigned.layout["qr"]),
            mandate=mandates.by_id(tx, row["mandate"]),
            issued_at=None if signed is None else signed.recorded_at,
            file_sha256=None if signed is None else signed.sha256,
            signing_profile=None if signed is None else signed.signing_profile,
            signer=None if signed is None else _signer(signed),
            revocation_lists=() if signed is None else self._revocation_lists(tx, signed.id),
            statuses=lifecycle.history(tx, row["id"]),
            corrections=lifecycle.corrections(tx, row["id"]),
            destroyed=_destruction(row),
            awaits_log=signed is not None
            and (row["log_index"] is None or row["log_index"] >= (row["public_size"] or 0)),
        )

    def _revocation_lists(self, tx: sa.Connection, document: int) -> tuple[bytes, ...]:
        table = schema.validation_data.c
        rows = tx.execute(
            sa.select(table.sha256).where(table.document == document, table.kind == "crl").order_by(table.sha256)
        )
        return tuple(self._documents.get(row.sha256) for row in rows)


class OneRecord:
    """A world in which the registry holds exactly one permit: what a file is checked against before its issue."""

    def __init__(self, record: PermitRecord, *, signers: tuple[SignerRecord, ...]) -> None:
        self._record = record
        self._signers = signers

    def permit_by_serial(self, serial: int) -> PermitRecord | None:
        """The one record, by its serial."""
        return self._record if serial == self._record.serial else None

    def permit_by_file(self, sha256: bytes) -> PermitRecord | None:
        """The one record, by its file."""
        return self._record if sha256 == self._record.file_sha256 else None

    def signers(self) -> tuple[SignerRecord, ...]:
        """The office's registered certificates."""
        return self._signers

    def document(self, sha256: bytes) -> bytes:
        """Nothing is published yet."""
        raise LookupError(sha256.hex())

    def proof(self, serial: int) -> bytes | None:  # noqa: ARG002  # whichever it is
        """Nothing is logged yet."""
        return None


def _with_its_fate() -> sa.Select[Any]:
    """Every instrument with its decision's digest, its destruction, its place in the log and how far that is public.

    The event stands in the query itself and not in a parameter: only so may every plan use the index of issues.
    """
    instruments, destructions = schema.instruments.c, schema.destructions.c
    entries, issue = schema.log_entries.c, sa.literal(Event.ISSUE.value, literal_execute=True)
    log_index = sa.select(entries.index).where(entries.instrument == instruments.id, entries.event == issue)
    return (
        sa.select(
            schema.instruments,
            schema.decisions.c.digest.label("decision_digest"),
            destructions.minutes_number,
            destructions.minutes_date,
            destructions.recorded_at.label("destroyed_at"),
            log_index.scalar_subquery().label("log_index"),
            sa.select(sa.func.max(schema.checkpoints.c.size)).scalar_subquery().label("public_size"),
        )
        .join(schema.decisions, schema.decisions.c.id == instruments.decision)
        .outerjoin(schema.destructions, destructions.instrument == instruments.id)
    )


def _papers(instrument: int, freeze: int) -> sa.Select[Any]:
    """The documents of an instrument up to its present freeze, the oldest first, with the certificates that signed."""
    documents, certificates = schema.documents.c, schema.signer_certificates.c
    return (
        sa.select(
            schema.documents,
            certificates.certificate.label("certificate"),
            certificates.issuers.label("issuers"),
            certificates.sha256.label("certificate_sha256"),
        )
        .outerjoin(schema.signer_certificates, certificates.id == documents.signer_certificate)
        .where(documents.instrument == instrument, documents.revision <= freeze)
        .order_by(documents.revision)
    )


def _signer(signed: sa.Row[Any]) -> SignerRecord:
    if signed.certificate is None:
        raise UnavailableError("the registry has lost the certificate that signed a permit")
    return mandates.signer_record(signed.certificate, signed.issuers, signed.certificate_sha256)


def _destruction(row: sa.RowMapping) -> Destruction | None:
    if row["destroyed_at"] is None:
        return None
    return Destruction(
        minutes_number=row["minutes_number"], minutes_date=row["minutes_date"], recorded=row["destroyed_at"]
    )
