"""Who may sign for the office, when, and with which certificates."""

import base64
import datetime
from typing import Any

import sqlalchemy as sa
from cryptography import x509

from registry import ledger, schema
from registry.database import insert
from registry.formats.canonical import sha256
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import MandateMode, MandateRecord, SignerRecord
from registry.formats.spoken import SpokenError, Word


class MandateError(SpokenError):
    """The office has no one, or two people, entitled to sign on that day."""


def appoint(tx: sa.Connection, *, office: str, mandate: MandateRecord, now: datetime.datetime) -> int:
    """Record a mandate and return its id.

    Raises `MandateError` if on some day two people would be entitled to sign the same permit type for the office, if
    the mandate ends before it begins, or if its scope names something that is no permit type.
    """
    if mandate.valid_until is not None and mandate.valid_until < mandate.valid_from:
        raise MandateError(
            N_("Mandat {person} akan berakhir {day}, sebelum mulai berlaku. Periksa hari pertama dan terakhirnya."),
            person=mandate.person,
            day=mandate.valid_until,
        )
    for permit_type in mandate.scope:
        if not permit_type or "/" in permit_type:
            raise MandateError(
                N_("“{type}” bukan jenis izin. Tulis jenis izin dalam mandat tanpa versinya, misalnya “genset”."),
                type=permit_type,
            )
    for _, other in every(tx, office=office):
        if overlap(mandate, other):
            raise MandateError(
                N_(
                    "Mandat {person} mulai {day} bertumpang tindih dengan mandat {other} mulai {other_day}. Akhiri "
                    "yang satu sebelum yang lain mulai, atau bedakan jenis izinnya."
                ),
                person=mandate.person,
                day=mandate.valid_from,
                other=other.person,
                other_day=other.valid_from,
            )
    key = insert(
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
    ledger.append(tx, event=Event.MANDATE, subject=(("mandates", key),), effective=now, recorded=now)
    return key


def end(
    tx: sa.Connection,
    *,
    mandate: int,
    last_day: datetime.date,
    reason: str,
    decree_number: str,
    decree_date: datetime.date,
    actor: str,
    now: datetime.datetime,
) -> None:
    """End a mandate after `last_day`; what was signed under it stays valid.

    It may be ended again, for an earlier day. The day before it begins withdraws a mandate that was never used.
    Raises `MandateError` if it ends on that day or earlier already, would end before it begins, was used to issue a
    permit after that day, or if reason, decree or actor are missing.
    """
    known = by_id(tx, mandate)
    for name, text in (
        (N_("alasan"), reason),
        (N_("nomor keputusan"), decree_number),
        (N_("nama pencatat"), actor),
    ):
        if not text.strip():
            raise MandateError(
                N_("Isian {field} masih kosong. Akhir mandat perlu keputusan yang mendasarinya dan nama pencatatnya."),
                field=Word(name),
            )
    if known.valid_until is not None and known.valid_until <= last_day:
        raise MandateError(
            N_("Mandat {person} sudah berakhir {day}. Hari terakhirnya hanya dapat dimajukan."),
            person=known.person,
            day=known.valid_until,
        )
    if last_day < known.valid_from - datetime.timedelta(days=1):
        raise MandateError(
            N_("Mandat {person} baru mulai {day}. Untuk menariknya, akhiri pada hari sebelum itu."),
            person=known.person,
            day=known.valid_from,
        )
    instruments, entries = schema.instruments.c, schema.log_entries.c
    later = tx.execute(
        sa.select(instruments.number, instruments.date_of_issue)
        .join(schema.log_entries, sa.and_(entries.instrument == instruments.id, entries.event == Event.ISSUE.value))
        .where(instruments.mandate == mandate, instruments.date_of_issue > last_day)
        .order_by(instruments.date_of_issue)
        .limit(1)
    ).first()
    if later is not None:
        raise MandateError(
            N_(
                "Mandat {person} tidak dapat berakhir {day}: dengan mandat itu izin {number} terbit pada {issued}. "
                "Akhiri pada hari itu atau sesudahnya."
            ),
            person=known.person,
            day=last_day,
            number=later.number,
            issued=later.date_of_issue,
        )
    key = insert(
        tx,
        schema.mandate_ends,
        mandate=mandate,
        last_day=last_day,
        reason=reason,
        decree_number=decree_number,
        decree_date=decree_date,
        actor=actor,
        recorded_at=now,
    )
    ledger.append(tx, event=Event.MANDATE_END, subject=(("mandate_ends", key),), effective=now, recorded=now)


def on_day(tx: sa.Connection, *, office: str, day: datetime.date, pack: str) -> tuple[int, MandateRecord]:
    """The mandate, with its id, under which the office signs on `day`. Raises `MandateError` if there is none."""
    for key, mandate in every(tx, office=office):
        if mandate.holds(day, pack):
            return key, mandate
    raise MandateError(
        N_("Belum ada yang berwenang menandatangani {pack} untuk {office} pada {day}. Catat mandatnya dahulu."),
        pack=pack,
        office=office,
        day=day,
    )


def require(
    tx: sa.Connection, mandate: int, *, pack: str, day: datetime.date, certificate: int, now: datetime.datetime
) -> None:
    """Hold what is about to be issued against the mandate it names.

    Raises `MandateError` unless the mandate covers the date of issue and the permit type, and the registered
    certificate (its row) is that person's and valid now.
    """
    known = by_id(tx, mandate)
    if not known.holds(day, pack):
        raise MandateError(
            N_("Mandat {person} tidak mencakup {pack} pada {day}. Siapkan izinnya sekali lagi."),
            person=known.person,
            pack=pack,
            day=day,
        )
    table = schema.signer_certificates.c
    found = tx.execute(
        sa.select(table.employee_number, table.not_before, table.not_after).where(table.id == certificate)
    ).first()
    if found is None or found.employee_number != known.employee_number:
        raise MandateError(
            N_("Sertifikat yang menandatangani tidak terdaftar untuk pemegang mandat. Daftarkan dahulu.")
        )
    if not found.not_before <= now <= found.not_after:
        raise MandateError(
            N_("Sertifikat {person} tidak berlaku pada {when}. Perbarui dahulu."), person=known.person, when=now
        )


def any_ever(tx: sa.Connection, *, office: str) -> bool:
    """Whether the office ever had a mandate, ended or not."""
    return bool(every(tx, office=office))


def by_id(tx: sa.Connection, mandate: int) -> MandateRecord:
    """The mandate with this id. Raises `LookupError`."""
    row = tx.execute(_with_ends().where(schema.mandates.c.id == mandate)).mappings().first()
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
    """Register the certificate with which a person signs. The same certificate again adds nothing.

    Raises `MandateError` for a certificate that another person signs with.
    """
    fingerprint = sha256(certificate)
    table = schema.signer_certificates
    known = tx.execute(sa.select(table.c.employee_number).where(table.c.sha256 == fingerprint)).scalar()
    if known is not None:
        if known != employee_number:
            raise MandateError(
                N_("Sertifikat ini sudah terdaftar untuk NIP {number}. Tiap orang memakai sertifikatnya sendiri."),
                number=known,
            )
        return
    parsed = x509.load_der_x509_certificate(certificate)
    key = insert(
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
    ledger.append(tx, event=Event.SIGNER, subject=(("signer_certificates", key),), effective=now, recorded=now)


def signer_id(tx: sa.Connection, *, employee_number: str, certificate: bytes) -> int:
    """The registered certificate's id. Raises `MandateError` unless it is registered for that very person."""
    table = schema.signer_certificates.c
    found = tx.execute(
        sa.select(table.id).where(table.sha256 == sha256(certificate), table.employee_number == employee_number)
    ).first()
    if found is None:
        raise MandateError(
            N_("Sertifikat yang menandatangani tidak terdaftar untuk pemegang mandat. Daftarkan dahulu.")
        )
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


def every(tx: sa.Connection, *, office: str) -> list[tuple[int, MandateRecord]]:
    """Every mandate that the office ever gave, with its id, in the order in which they were recorded."""
    query = _with_ends().where(schema.mandates.c.office == office).order_by(schema.mandates.c.id)
    return [(row["id"], _mandate(row)) for row in tx.execute(query).mappings()]


def _with_ends() -> sa.Select[Any]:
    ends = schema.mandate_ends.c
    earliest = sa.select(sa.func.min(ends.last_day)).where(ends.mandate == schema.mandates.c.id).scalar_subquery()
    return sa.select(schema.mandates, earliest.label("last_day"))


def overlap(one: MandateRecord, other: MandateRecord) -> bool:
    """Whether on some day both would be entitled to sign a permit of the same type."""
    first = max(one.valid_from, other.valid_from)
    last = min(_last(one), _last(other))
    apart_in_scope = bool(one.scope) and bool(other.scope) and not set(one.scope) & set(other.scope)
    return first <= last and not apart_in_scope


def _last(mandate: MandateRecord) -> datetime.date:
    return datetime.date.max if mandate.valid_until is None else mandate.valid_until


def _mandate(row: sa.RowMapping) -> MandateRecord:
    ends = [day for day in (row["valid_until"], row["last_day"]) if day is not None]
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
        valid_until=min(ends, default=None),
    )
