"""The hand-over of a permit to the applicant: steps 6 and 7 of the service standard.

That the survey (SKM) was filled in is recorded, never its answers: those must not lead back to a permit.
"""

import dataclasses
import datetime
import enum

import sqlalchemy as sa

from registry import ledger, schema
from registry.database import insert
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.record import Kind
from registry.formats.spoken import SpokenError, Word
from registry.instruments import Instrument, Stage, stage


class HandoverError(SpokenError):
    """The hand-over cannot be recorded as it was entered."""


class Capacity(enum.StrEnum):
    """In which capacity someone takes a permit."""

    HOLDER = "holder"
    PROXY = "proxy"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Who took the permit, when, and by which identity document they were known ("KTP" and its number)."""

    recipient: str
    capacity: Capacity
    identity_kind: str
    identity_number: str
    survey_done: bool
    handed: datetime.datetime
    actor: str
    note: str | None = None


def record(tx: sa.Connection, *, permit: Instrument, handover: Handover, now: datetime.datetime) -> int:
    """Record a hand-over and log it; a duplicate given later is another one.

    Raises `HandoverError` for a permit that was not issued, a field left empty, a moment before the issue or yet to
    come, and where the survey was not done and no note says why. Of a decree, which no one asked for, no one is asked
    how they were served.
    """
    for name, text in (
        (N_("nama penerima"), handover.recipient),
        (N_("jenis tanda pengenal"), handover.identity_kind),
        (N_("nomor tanda pengenal"), handover.identity_number),
        (N_("nama pencatat"), handover.actor),
    ):
        if not text.strip():
            raise HandoverError(
                N_("Isian {field} masih kosong. Isi seperti yang tertulis pada dokumennya."), field=Word(name)
            )
    if permit.kind is not Kind.DECREE and not handover.survey_done and not (handover.note or "").strip():
        raise HandoverError(
            N_("Survei (SKM) diisi sebelum {kind} diserahkan. Minta survei itu diisi, atau catat mengapa tidak."),
            kind=permit.kind,
        )
    if stage(tx, permit) is not Stage.ISSUED:
        raise HandoverError(
            N_("{kind} {number} belum terbit, jadi belum ada yang dapat diserahkan."),
            kind=permit.kind,
            number=permit.number,
        )
    table = schema.log_entries.c
    issued = tx.execute(
        sa.select(table.recorded_at).where(table.instrument == permit.id, table.event == Event.ISSUE.value)
    ).scalar_one()
    if not issued <= handover.handed <= now:
        raise HandoverError(
            N_(
                "{kind} {number} tercatat diserahkan {handed}; seharusnya antara saat terbitnya, {issued}, dan "
                "sekarang. Periksa waktunya."
            ),
            kind=permit.kind,
            number=permit.number,
            handed=handover.handed,
            issued=issued,
        )
    key = insert(
        tx,
        schema.handovers,
        instrument=permit.id,
        recipient=handover.recipient,
        capacity=handover.capacity.value,
        identity_kind=handover.identity_kind,
        identity_number=handover.identity_number,
        survey_done=handover.survey_done,
        note=handover.note,
        handed_at=handover.handed,
        actor=handover.actor,
        recorded_at=now,
    )
    ledger.append(
        tx,
        event=Event.HANDOVER,
        subject=(("handovers", key),),
        instrument=permit.id,
        serial=permit.serial,
        effective=handover.handed,
        recorded=now,
    )
    return key


def of_permit(tx: sa.Connection, permit: Instrument) -> tuple[Handover, ...]:
    """Every hand-over of a permit, the first one first."""
    table = schema.handovers
    rows = tx.execute(sa.select(table).where(table.c.instrument == permit.id).order_by(table.c.id))
    return tuple(
        Handover(
            recipient=row.recipient,
            capacity=Capacity(row.capacity),
            identity_kind=row.identity_kind,
            identity_number=row.identity_number,
            survey_done=row.survey_done,
            handed=row.handed_at,
            actor=row.actor,
            note=row.note,
        )
        for row in rows
    )
