"""Who may sign for the office, when, and with which certificates."""

import base64
import datetime

import sqlalchemy as sa
from cryptography import x509

from registry import schema
from registry.database import insert
from registry.formats.canonical import sha256
from registry.formats.errors import DocumentError
from registry.formats.record import MandateMode, MandateRecord, SignerRecord


class MandateError(DocumentError):
    """The office has no one, or two people, entitled to sign on that day."""


def appoint(tx: sa.Connection, *, office: str, mandate: MandateRecord, now: datetime.datetime) -> int:
    """Record a mandate and return its id. Raises `MandateError` if it overlaps another one of the office."""
    for _, other in _all(tx, office):
        ends_before = mandate.valid_until is not None and mandate.valid_until < other.valid_from
        starts_after = other.valid_until is not None and other.valid_until < mandate.valid_from
        if not ends_before and not starts_after:
            raise MandateError(
                f"the mandate of {mandate.person} from {mandate.valid_from} overlaps that of {other.person} "
                f"from {other.valid_from}: end the one before the other begins"
            )
    return insert(
        tx,
        schema.mandates,
        office=office,
        person=mandate.person,
        rank=mandate.rank,
        employee_number=mandate.employee_number,
        mode=mandate.mode.value,
        office_title=mandate.office_title,
        own_title=mandate.own_title,
        decree_number=mandate.decree_number,
        decree_date=mandate.decree_date,
        scope=list(mandate.scope),
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
        recorded_at=now,
    )


def on_day(tx: sa.Connection, *, office: str, day: datetime.date, pack: str) -> tuple[int, MandateRecord]:
    """The mandate, with its id, under which the office signs on `day`. Raises `MandateError` if there is none."""
    for key, mandate in _all(tx, office):
        if mandate.holds(day, pack):
            return key, mandate
    raise MandateError(f"no one is entitled to sign {pack} for {office} on {day}: record a mandate first")


def any_ever(tx: sa.Connection, *, office: str) -> bool:
    """Whether the office ever had a mandate, ended or not."""
    return bool(_all(tx, office))


def by_id(tx: sa.Connection, mandate: int) -> MandateRecord:
    """The mandate with this id. Raises `LookupError`."""
    row = tx.execute(sa.select(schema.mandates).where(schema.mandates.c.id == mandate)).mappings().first()
    if row is None:
        raise LookupError(f"no mandate {mandate}")
    return _mandate(row)


def register_signer(
    tx: sa.Connection,
    *,
    employee_number: str,
    certificate: bytes,
    issuers: tuple[bytes, ...],
    now: datetime.datetime,
) -> None:
    """Register the certificate with which a person signs. The same certificate again adds nothing."""
    fingerprint = sha256(certificate)
    table = schema.signer_certificates
    if tx.execute(sa.select(table.c.id).where(table.c.sha256 == fingerprint)).first() is not None:
        return
    parsed = x509.load_der_x509_certificate(certificate)
    insert(
        tx,
        table,
        employee_number=employee_number,
        sha256=fingerprint,
        certificate=certificate,
        issuers=[base64.b64encode(issuer).decode() for issuer in issuers],
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        recorded_at=now,
    )


def signer_id(tx: sa.Connection, *, employee_number: str, certificate: bytes) -> int:
    """The registered certificate's id. Raises `MandateError` unless it is registered for that very person."""
    table = schema.signer_certificates.c
    found = tx.execute(
        sa.select(table.id).where(table.sha256 == sha256(certificate), table.employee_number == employee_number)
    ).first()
    if found is None:
        raise MandateError("the signing certificate is not registered for the person who holds the mandate")
    return int(found.id)


def signers(tx: sa.Connection) -> tuple[SignerRecord, ...]:
    """Every certificate that ever signed for the office."""
    table = schema.signer_certificates.c
    rows = tx.execute(sa.select(table.certificate, table.issuers, table.sha256).order_by(table.id))
    return tuple(signer_record(row.certificate, row.issuers, row.sha256) for row in rows)


def signer_record(certificate: bytes, issuers: list[str], fingerprint: bytes) -> SignerRecord:
    """A certificate row as the verifier sees it."""
    return SignerRecord(
        certificate=certificate,
        issuers=tuple(base64.b64decode(issuer, validate=True) for issuer in issuers),
        sha256=fingerprint,
    )


def _all(tx: sa.Connection, office: str) -> list[tuple[int, MandateRecord]]:
    query = sa.select(schema.mandates).where(schema.mandates.c.office == office).order_by(schema.mandates.c.id)
    return [(row["id"], _mandate(row)) for row in tx.execute(query).mappings()]


def _mandate(row: sa.RowMapping) -> MandateRecord:
    return MandateRecord(
        person=row["person"],
        rank=row["rank"],
        employee_number=row["employee_number"],
        mode=MandateMode(row["mode"]),
        office_title=row["office_title"],
        own_title=row["own_title"],
        decree_number=row["decree_number"],
        decree_date=row["decree_date"],
        scope=tuple(row["scope"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )
