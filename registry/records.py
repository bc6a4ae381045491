"""The registry as a stranger may see it: the reading side that the verifier is given."""

import dataclasses
import datetime

import sqlalchemy as sa

from registry import mandates, schema
from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError
from registry.formats.record import (
    PermitRecord,
    PublicField,
    QrPlace,
    SignerRecord,
    Status,
    StatusRecord,
)


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
        """The record that an instrument would have, were this file issued now: what the last check is held against."""
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
        )

    def _record(self, tx: sa.Connection, which: sa.ColumnElement[bool]) -> PermitRecord | None:
        instruments, decisions = schema.instruments.c, schema.decisions.c
        row = tx.execute(
            sa.select(schema.instruments, decisions.digest.label("decision_digest"))
            .join(schema.decisions, decisions.id == instruments.decision)
            .where(which)
        ).first()
        if row is None:
            return None
        documents = schema.documents
        of_kind = {
            document.kind: document
            for document in tx.execute(
                sa.select(documents)
                .where(documents.c.instrument == row.id, documents.c.revision <= row.freeze)
                .order_by(documents.c.revision)
            )
        }
        unsigned, signed = of_kind.get("unsigned"), of_kind.get("signed")
        statuses = _statuses(tx, row.id)
        return PermitRecord(
            serial=row.serial,
            number=row.number,
            pack=row.pack,
            statement=row.statement,
            date_of_issue=row.date_of_issue,
            valid_until=row.valid_until,
            decision_digest=row.decision_digest,
            public_view=tuple(PublicField(**field) for field in row.public_view),
            qr_place=None if unsigned is None else QrPlace(**unsigned.layout["qr"]),
            mandate=mandates.by_id(tx, row.mandate),
            issued_at=None if signed is None else signed.recorded_at,
            file_sha256=None if signed is None else signed.sha256,
            signing_profile=None if signed is None else signed.signing_profile,
            signer=None if signed is None else _signer(tx, signed.signer_certificate),
            revocation_lists=() if signed is None else self._revocation_lists(tx, signed.id),
            statuses=statuses,
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


def _signer(tx: sa.Connection, certificate: int) -> SignerRecord:
    table = schema.signer_certificates.c
    row = tx.execute(sa.select(table.certificate, table.issuers, table.sha256).where(table.id == certificate)).first()
    if row is None:
        raise UnavailableError("the registry has lost the certificate that signed a permit")
    return mandates.signer_record(row.certificate, row.issuers, row.sha256)


def _statuses(tx: sa.Connection, instrument: int) -> tuple[StatusRecord, ...]:
    table = schema.status_changes
    rows = tx.execute(sa.select(table).where(table.c.instrument == instrument).order_by(table.c.sequence))
    return tuple(
        StatusRecord(
            status=Status(row.status),
            effective=row.effective_at,
            recorded=row.recorded_at,
            ground=row.ground,
            instrument_number=row.decree,
            replaced_by=row.replaced_by,
        )
        for row in rows
    )
