"""What happens to a permit after its issue: each change is a row of its own, ordered by an instrument, and logged.

In force <-> suspended; then revoked (*cabut*), annulled (*batalkan*) or superseded (*gantikan*), which are final.
Expiry is computed and never stored. A correction (*ralat*) changes no state: the permit is read with it.

Decrees and letters are no permits: they permit nothing that could rest for a while or pass to another document. A
decree that should not stand is annulled, and a slip in it corrected; a letter is annulled, and another one given out.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from registry import ledger, schema
from registry.database import insert
from registry.formats.canonical import sha256
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import FINAL, Correction, Kind, Status, StatusRecord, state_at
from registry.formats.spoken import SpokenError, Word
from registry.instruments import Instrument, Stage, of_number, stage


class ChangeError(SpokenError):
    """The permit's state, or the instrument that orders the change, does not allow it."""


# Which change leads where, and from which states.
_TRANSITIONS: Final[Mapping[Event, tuple[Status, frozenset[Status]]]] = {
    Event.SUSPEND: (Status.SUSPENDED, frozenset({Status.IN_FORCE})),
    Event.REINSTATE: (Status.IN_FORCE, frozenset({Status.SUSPENDED})),
    Event.REVOKE: (Status.REVOKED, frozenset({Status.IN_FORCE, Status.SUSPENDED})),
    Event.ANNUL: (Status.ANNULLED, frozenset({Status.IN_FORCE, Status.SUSPENDED})),
    Event.SUPERSEDE: (Status.SUPERSEDED, frozenset({Status.IN_FORCE, Status.SUSPENDED})),
}
# Which states each state may follow.
_BEFORE: Final = dict(_TRANSITIONS.values())
CHANGES: Final = frozenset({*_TRANSITIONS, Event.CORRECT})
# What may be ordered about a document, by what it is.
OF_KIND: Final[Mapping[Kind, frozenset[Event]]] = {
    Kind.PERMIT: CHANGES,
    Kind.DECREE: frozenset({Event.ANNUL, Event.CORRECT}),
    Kind.LETTER: frozenset({Event.ANNUL}),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A slip of the pen: where it stands, what is printed there, what should be."""

    field: str
    printed: str
    correct: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an instrument orders about a permit, or about another document as far as `OF_KIND` allows.

    `decree_number`, `decree_date` and `decree_sha256` are the instrument's (the hash of its signed file, which stands
    in the file store, or None while the paper alone exists); `reason` is said to the public, `legal_ground` is the
    provision. `replaced_by` is the number of the permit that supersedes; `slip` belongs to a correction alone.
    """

    change: Event
    reason: str
    legal_ground: str
    decree_number: str
    decree_date: datetime.date
    effective: datetime.datetime
    actor: str
    decree_sha256: bytes | None = None
    replaced_by: str | None = None
    slip: Slip | None = None


def change(tx: sa.Connection, *, permit: Instrument, order: Order, zone: ZoneInfo, now: datetime.datetime) -> int:
    """Record a change of state or a correction and log it; returns its sequence among the permit's changes.

    Every change must be one that the state before it allows, in the order in which they take effect: this one at its
    moment, and the one that comes after it, if a later one was recorded already. What a new final state overtakes is
    moot. A change takes effect on the day of its instrument at the earliest; an annulment may reach back to the issue,
    even of a permit that has ended otherwise, because it says that the permit should never have stood.

    Raises `ChangeError`, naming what is wrong, where the permit was never issued, its kind or state does not allow the
    change, or the order is incomplete.
    """
    _check_words(order)
    if stage(tx, permit) is not Stage.ISSUED:
        raise ChangeError(
            N_("{kind} {number} belum terbit, jadi belum ada yang dapat diubah."),
            kind=permit.kind,
            number=permit.number,
        )
    before = history(tx, permit.id)
    _check_kind(order, kind=permit.kind, number=permit.number)
    _check_time(order, issued=before[0].effective, zone=zone, now=now, permit=permit)
    status = follow(before, order, now=now, kind=permit.kind, number=permit.number)
    if order.change is Event.SUPERSEDE:
        _check_successor(tx, permit, order, now=now)
    sequence = _last_sequence(tx, permit.id) + 1
    key = insert(
        tx,
        schema.status_changes,
        instrument=permit.id,
        sequence=sequence,
        status=status.value,
        change=order.change.value,
        ground=order.reason,
        legal_ground=order.legal_ground,
        decree=order.decree_number,
        decree_date=order.decree_date,
        decree_sha256=order.decree_sha256,
        replaced_by=order.replaced_by,
        correction=None if order.slip is None else dataclasses.asdict(order.slip),
        actor=order.actor,
        effective_at=order.effective,
        recorded_at=now,
    )
    ledger.append(
        tx,
        event=order.change,
        subject=(("status_changes", key),),
        instrument=permit.id,
        serial=permit.serial,
        statement_sha256=sha256(permit.statement),
        file_sha256=order.decree_sha256,
        effective=order.effective,
        recorded=now,
    )
    return sequence


def history(tx: sa.Connection, instrument: int) -> tuple[StatusRecord, ...]:
    """Every change of state of a permit in the order in which they were recorded; corrections change none."""
    table = schema.status_changes
    rows = tx.execute(
        sa.select(table)
        .where(table.c.instrument == instrument, table.c.change != Event.CORRECT.value)
        .order_by(table.c.sequence)
    )
    return tuple(
        StatusRecord(
            status=Status(row.status),
            effective=row.effective_at,
            recorded=row.recorded_at,
            ground=row.ground,
            instrument_number=row.decree,
            replaced_by=row.replaced_by,
            legal_ground=row.legal_ground,
            instrument_date=row.decree_date,
            document_sha256=row.decree_sha256,
            sequence=row.sequence,
        )
        for row in rows
    )


def corrections(tx: sa.Connection, instrument: int) -> tuple[Correction, ...]:
    """Every correction of a permit, in the order in which they were recorded; a destruction leaves none to read."""
    table = schema.status_changes
    rows = tx.execute(
        sa.select(table)
        .where(table.c.instrument == instrument, table.c.change == Event.CORRECT.value)
        .order_by(table.c.sequence)
    )
    return tuple(
        Correction(
            **row.correction,
            instrument_number=row.decree,
            instrument_date=row.decree_date,
            effective=row.effective_at,
            recorded=row.recorded_at,
            document_sha256=row.decree_sha256,
        )
        for row in rows
        if row.correction
    )


def follow(
    before: tuple[StatusRecord, ...], order: Order, *, now: datetime.datetime, kind: Kind, number: str
) -> Status:
    """The state that the order leads to, if it may stand where it would among the changes of such a document."""
    _check_kind(order, kind=kind, number=number)
    state, present = state_at(before, order.effective), state_at(before, now)
    if state is None:
        raise ChangeError(
            N_("Pada {moment} {kind} {number} belum terbit. Perubahan hanya dapat berlaku sesudah {kind}nya terbit."),
            kind=kind,
            number=number,
            moment=order.effective,
        )
    if order.change is Event.CORRECT:
        if state.status in FINAL:
            raise ChangeError(
                N_("Pada {moment} {kind} {number} sudah {status}. Yang sudah berakhir tidak dapat diralat lagi."),
                kind=kind,
                number=number,
                moment=order.effective,
                status=state.status,
            )
        return state.status
    status, allowed = _TRANSITIONS[order.change]
    if state.status not in allowed:
        raise ChangeError(
            N_("Pada {moment} {kind} {number} sudah {status}; yang dapat {change} hanya {kind} yang {allowed}."),
            kind=kind,
            number=number,
            moment=order.effective,
            status=state.status,
            change=order.change,
            allowed=tuple(sorted(allowed)),
        )
    if order.change is not Event.ANNUL and present is not None and present.status in FINAL:
        raise ChangeError(
            N_("{kind} {number} sudah {status} sejak {moment}. Yang boleh berlaku dari sebelum itu hanya pembatalan."),
            kind=kind,
            number=number,
            status=present.status,
            moment=present.effective,
        )
    later = [one for one in before if one.effective > order.effective]
    if status not in FINAL and later:
        following = min(later, key=lambda one: (one.effective, one.sequence))
        if status not in _BEFORE[following.status]:
            raise ChangeError(
                N_(
                    "{kind} {number} sudah tercatat {following} mulai {moment}, dan itu tidak dapat menyusul keadaan "
                    "{status}. Pilih waktu berlaku sesudah itu."
                ),
                kind=kind,
                number=number,
                following=following.status,
                moment=following.effective,
                status=status,
            )
    return status


def _check_kind(order: Order, *, kind: Kind, number: str) -> None:
    if order.change not in OF_KIND[kind]:
        raise ChangeError(
            N_("{number} adalah {kind}, dan {kind} tidak dapat {change}; yang dapat hanya {allowed}."),
            number=number,
            kind=kind,
            change=order.change,
            allowed=tuple(sorted(OF_KIND[kind])),
        )


def _check_words(order: Order) -> None:
    if order.change not in CHANGES:
        raise ValueError(f"{order.change} is no change of a permit")
    words = {
        N_("alasan"): order.reason,
        N_("dasar hukum"): order.legal_ground,
        N_("nomor keputusan"): order.decree_number,
        N_("nama pencatat"): order.actor,
    }
    for name, text in words.items():
        if not text.strip():
            raise ChangeError(
                N_("Isian {field} masih kosong. Perubahan perlu keputusan yang mendasarinya dan nama pencatatnya."),
                field=Word(name),
            )
    if (order.slip is not None) is not (order.change is Event.CORRECT):
        raise ChangeError(
            N_("Letak kesalahan, yang tercetak dan yang seharusnya diisi pada ralat saja, dan di sana harus diisi.")
        )
    if order.slip is not None:
        if not (order.slip.field.strip() and order.slip.printed.strip() and order.slip.correct.strip()):
            raise ChangeError(
                N_("Ralat belum lengkap. Isi letak kesalahannya, yang tercetak di sana, dan yang seharusnya.")
            )
        if order.slip.printed == order.slip.correct:
            raise ChangeError(
                N_("Ralat “{field}” tidak mengubah apa-apa: yang seharusnya masih sama dengan yang tercetak."),
                field=order.slip.field,
            )
    if (order.replaced_by is not None) is not (order.change is Event.SUPERSEDE):
        raise ChangeError(N_("Nomor izin pengganti diisi pada penggantian izin saja, dan di sana harus diisi."))


def _check_time(
    order: Order, *, issued: datetime.datetime, zone: ZoneInfo, now: datetime.datetime, permit: Instrument
) -> None:
    if order.decree_date > now.astimezone(zone).date():
        raise ChangeError(
            N_("Keputusan {decree} bertanggal {day}, padahal hari itu belum tiba. Periksa tanggalnya."),
            decree=order.decree_number,
            day=order.decree_date,
        )
    if order.decree_date < issued.astimezone(zone).date():
        raise ChangeError(
            N_(
                "Keputusan {decree} bertanggal {day}, sebelum {kind} {number} terbit, jadi bukan tentang {kind} ini. "
                "Periksa nomor dan tanggalnya."
            ),
            decree=order.decree_number,
            day=order.decree_date,
            kind=permit.kind,
            number=permit.number,
        )
    if order.change is Event.ANNUL:
        return
    day_of_decree = datetime.datetime.combine(order.decree_date, datetime.time(), zone)
    if order.effective < day_of_decree:
        raise ChangeError(
            N_("{kind} {number} tidak dapat {change} mulai {moment}: paling awal pada tanggal keputusannya, {day}."),
            kind=permit.kind,
            number=permit.number,
            change=order.change,
            moment=order.effective.astimezone(zone),
            day=order.decree_date,
        )


def _check_successor(tx: sa.Connection, permit: Instrument, order: Order, *, now: datetime.datetime) -> None:
    table = schema.instruments.c
    office = tx.execute(sa.select(table.office).where(table.id == permit.id)).scalar_one()
    successor = of_number(tx, office=office, number=order.replaced_by or "")
    if (
        successor is None
        or successor.id == permit.id
        or successor.kind is not Kind.PERMIT
        or stage(tx, successor) is not Stage.ISSUED
    ):
        raise ChangeError(
            N_("{successor} bukan nomor izin lain yang sudah terbit di kantor ini. Terbitkan dahulu penggantinya."),
            successor=order.replaced_by or "",
        )
    state = state_at(history(tx, successor.id), now)
    if state is None or state.status in FINAL:
        raise ChangeError(
            N_("Izin {successor} sendiri sudah berakhir, jadi tidak dapat menggantikan izin {number}."),
            successor=successor.number,
            number=permit.number,
        )


def _last_sequence(tx: sa.Connection, instrument: int) -> int:
    table = schema.status_changes.c
    return int(tx.execute(sa.select(sa.func.max(table.sequence)).where(table.instrument == instrument)).scalar_one())
