"""The approved destruction of a permit's documents after retention: bytes go, hashes, number and log entries remain.

Nothing is deleted by itself. A destruction is a proposal with its ground, the approvals it got, and the minutes
(*berita acara*) of the act. Only permits that are no longer in force can be destroyed: as long as one stands, someone
must be able to compare it. Orders about a permit (a revocation) are documents of their own and stay.

First the record of the destruction is committed and what it names is emptied in the tables, in one transaction; then
the files are deleted, and what the database's own files still hold of the emptied rows is overwritten. A crash between
leaves files that `sweep` deletes: it is part of every run and safe to repeat.

What stays, on purpose: number, dates, hashes and log entries; the QR statement, because it is what a printed page is
compared with, and with it the holder's name as the code on that page gives it; serials of machines, which are nobody's
data and tell which machine has a permit; and orders about the permit.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Final, Protocol

import sqlalchemy as sa

from registry import ledger, schema
from registry.database import Database, insert
from registry.decisions import revisions
from registry.formats import logentry
from registry.formats.errors import DocumentError
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import FINAL, state_at
from registry.formats.spoken import SpokenError, Word
from registry.instruments import Instrument, Stage, stage
from registry.ledger import Subject
from registry.lifecycle import history

MIN_APPROVALS: Final = 2
_EMPTIED: Final = (
    schema.decisions,
    schema.instruments,
    schema.handovers,
    schema.status_changes,
    schema.permit_names,
)


class DestructionError(SpokenError):
    """The permit's documents may not be destroyed, or the order to do so is incomplete."""


class DeletingStore(Protocol):
    """The file store, as far as a destruction needs it."""

    def delete(self, sha256: bytes) -> None:
        """Remove the bytes with this SHA-256; nothing happens if they are not there."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a destruction: name, title and the letter that says so."""

    person: str
    title: str
    letter: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What orders a destruction: the ground (the retention schedule's entry), the approvals, and the minutes."""

    ground: str
    approvals: tuple[Approval, ...]
    minutes_number: str
    minutes_date: datetime.date
    actor: str


def destroy(
    tx: sa.Connection, *, permit: Instrument, order: Order, today: datetime.date, now: datetime.datetime
) -> None:
    """Record a destruction, log it, and empty what the tables hold of the permit's content.

    Raises `DestructionError` where the order lacks something, the permit was never issued, still stands on `today`
    (the office's day), or was destroyed before.
    """
    _check_order(order, today)
    if stage(tx, permit) is not Stage.ISSUED:
        raise DestructionError(
            N_("{kind} {number} belum terbit, jadi tidak ada dokumennya yang dapat dimusnahkan."),
            kind=permit.kind,
            number=permit.number,
        )
    state = state_at(history(tx, permit.id), now)
    expired = permit.valid_until is not None and permit.valid_until < today
    if not expired and (state is None or state.status not in FINAL):
        raise DestructionError(
            N_(
                "{kind} {number} masih berlaku atau dapat berlaku lagi. Yang dapat dimusnahkan hanya yang habis "
                "masanya, dicabut, dibatalkan atau diganti."
            ),
            kind=permit.kind,
            number=permit.number,
        )
    table = schema.destructions
    if tx.execute(sa.select(table.c.id).where(table.c.instrument == permit.id)).first() is not None:
        raise DestructionError(
            N_("Dokumen {kind} {number} sudah pernah dimusnahkan."), kind=permit.kind, number=permit.number
        )
    _check_published(tx, permit)
    key = insert(
        tx,
        table,
        instrument=permit.id,
        ground=order.ground,
        minutes_number=order.minutes_number,
        minutes_date=order.minutes_date,
        approvals=[dataclasses.asdict(approval) for approval in order.approvals],
        actor=order.actor,
        recorded_at=now,
    )
    empty(tx, permit.id)
    ledger.append(
        tx,
        event=Event.DESTROY,
        # What is left of the permit is bound anew: the records that bound it whole go with its content.
        subject=(("destructions", key), *_residue(tx, permit)),
        instrument=permit.id,
        serial=permit.serial,
        effective=now,
        recorded=now,
    )


def sweep(database: Database, store: DeletingStore) -> int:
    """Delete the files of every destroyed permit that are still there; returns how many permits were looked at.

    Then nothing of the emptied rows is left in the database's own files either. A destruction counts only as far as the
    log vouches for it: a row that someone put in by hand must not make this program delete a permit.
    """
    with database.read() as tx:
        gone = [tuple(files(tx, instrument)) for instrument in _vouched(tx)]
    for named in gone:
        for sha256 in named:
            store.delete(sha256)
    if gone:
        database.forget(table.name for table in _EMPTIED)
    return len(gone)


def _vouched(tx: sa.Connection) -> Iterator[int]:
    """The permits whose destruction the log records in an entry that is true of its rows."""
    entries = schema.log_entries.c
    query = sa.select(entries.entry, entries.instrument, entries.subject, entries.salt).where(
        entries.event == Event.DESTROY.value
    )
    for row in tx.execute(query).all():
        try:
            ledger.true_record(
                tx, entry=bytes(row.entry), instrument=row.instrument, subject=row.subject, salt=bytes(row.salt)
            )
        except (DocumentError, TypeError, ValueError):
            continue  # `fsck` names it
        yield row.instrument


def is_destroyed(tx: sa.Connection, instrument: int) -> bool:
    """Whether the documents of this instrument were destroyed."""
    table = schema.destructions.c
    return tx.execute(sa.select(table.id).where(table.instrument == instrument)).first() is not None


def _check_order(order: Order, today: datetime.date) -> None:
    words = {
        N_("dasar pemusnahan"): order.ground,
        N_("nomor berita acara"): order.minutes_number,
        N_("nama pencatat"): order.actor,
    }
    for name, text in words.items():
        if not text.strip():
            raise DestructionError(
                N_("Isian {field} masih kosong. Pemusnahan dicatat dengan surat-surat yang lengkap."), field=Word(name)
            )
    if order.minutes_date > today:
        raise DestructionError(
            N_("Berita acara bertanggal {day}, padahal hari itu belum tiba. Periksa tanggalnya."),
            day=order.minutes_date,
        )
    people = {approval.person.strip().casefold() for approval in order.approvals}
    if len(people) < MIN_APPROVALS or "" in people:
        raise DestructionError(
            N_("Pemusnahan perlu persetujuan {count} orang, masing-masing dengan nama dan suratnya."),
            count=MIN_APPROVALS,
        )
    if any(not approval.letter.strip() or not approval.title.strip() for approval in order.approvals):
        raise DestructionError(N_("Tiap persetujuan menyebut jabatan yang menyetujui dan nomor suratnya."))


def _check_published(tx: sa.Connection, permit: Instrument) -> None:
    """An entry that has no index yet is still to be given its record, which is made of what would be emptied."""
    entries = schema.log_entries.c
    waiting = sa.select(entries.id).where(
        entries.instrument == permit.id,
        entries.index.is_(None),
        entries.event.in_([event.value for event in ledger.EVENTS_WITH_CONTENT]),
    )
    if tx.execute(waiting).first() is not None:
        raise DestructionError(
            N_("Belum semua catatan tentang {kind} {number} diumumkan. Jalankan “absah log publish” dahulu."),
            kind=permit.kind,
            number=permit.number,
        )


def empty(tx: sa.Connection, instrument: int) -> None:
    """Take away what the tables hold of the content of a permit whose destruction is recorded; safe to repeat."""
    decisions, instruments = schema.decisions, schema.instruments
    handovers, names, changes = schema.handovers, schema.permit_names, schema.status_changes
    reference = tx.execute(
        sa.select(decisions.c.office, decisions.c.reference_key)
        .join(instruments, instruments.c.decision == decisions.c.id)
        .where(instruments.c.id == instrument)
    ).one()
    tx.execute(
        decisions.update()
        .where(decisions.c.office == reference.office, decisions.c.reference_key == reference.reference_key)
        .values(canonical=b"")
    )
    tx.execute(instruments.update().where(instruments.c.id == instrument).values(public_view=[], shape={}))
    tx.execute(
        handovers.update()
        .where(handovers.c.instrument == instrument)
        .values(recipient="", identity_number="", note=None)
    )
    tx.execute(
        changes.update()
        .where(changes.c.instrument == instrument, changes.c.change == Event.CORRECT.value)
        .values(correction={})
    )
    tx.execute(names.delete().where(names.c.instrument == instrument))


def _residue(tx: sa.Connection, permit: Instrument) -> Subject:
    def of(table: sa.Table) -> tuple[int, ...]:
        query = sa.select(table.c.id).where(table.c.instrument == permit.id).order_by(table.c.id)
        return tuple(tx.execute(query).scalars())

    printed = of(schema.documents)
    return (
        *(("decisions", revision) for revision in revisions(tx, permit.decision)),
        ("decision_objects", permit.decision),
        ("numbers", permit.number_row),
        ("instruments", permit.id),
        *(("documents", key) for key in printed),
        *(("validation_data", key) for key in printed),
        *(("status_changes", key) for key in of(schema.status_changes)),
        *(("handovers", key) for key in of(schema.handovers)),
    )


def files(tx: sa.Connection, instrument: int) -> Iterator[bytes]:
    """The hashes of what a destruction takes away: the permit's documents, and the records that hold its content."""
    documents, entries = schema.documents.c, schema.log_entries.c
    for sha256 in tx.execute(sa.select(documents.sha256).where(documents.instrument == instrument)).scalars():
        yield bytes(sha256)
    with_content = sa.select(entries.entry).where(
        entries.instrument == instrument, entries.event.in_([event.value for event in ledger.EVENTS_WITH_CONTENT])
    )
    for data in tx.execute(with_content).scalars():
        record = logentry.decode(bytes(data)).record_sha256
        if record is not None:
            yield record
