"""Commands that show what the registry knows of permits: one whole, with every state it was in, or many by a name."""

import argparse
import dataclasses
import datetime
import enum
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from cli.mandating import MODE_WORDS
from cli.recording import Memory, NotFoundError
from registry import handovers, instruments, lifecycle, proofs
from registry import search as names
from registry.formats.language import N_
from registry.formats.record import Correction, PermitRecord, Status, StatusRecord, state_at
from registry.formats.spoken import word
from registry.formats.tlogproof import Proof
from registry.handovers import Capacity, Handover
from registry.instruments import Stage
from registry.proofs import LoggedEvent
from registry.records import RegistryReader

SHOWN_HITS: Final = 50


class Standing(enum.StrEnum):
    """How a permit stood at some moment: the states that someone decides, and those that follow from dates."""

    NOT_ISSUED = "not_issued"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


STANDING_WORDS: Final = {
    Standing.NOT_ISSUED: "belum terbit",
    Standing.IN_FORCE: "berlaku",
    Standing.SUSPENDED: "dibekukan",
    Standing.REVOKED: "dicabut",
    Standing.ANNULLED: "dibatalkan",
    Standing.SUPERSEDED: "diganti",
    Standing.EXPIRED: "habis masa berlakunya",
}
CAPACITY_WORDS: Final = {Capacity.HOLDER: "pemegang izin", Capacity.PROXY: "kuasa"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `begin` up to, not including, `end` the permit stood so."""

    begin: datetime.datetime
    end: datetime.datetime
    standing: Standing


def spans(
    changes: tuple[StatusRecord, ...], *, valid_until: datetime.date | None, day: datetime.date, zone: ZoneInfo
) -> tuple[Span, ...]:
    """How a permit stood through a day of the office, from midnight to midnight: exact to the microsecond."""
    begin = _midnight(day, zone)
    end = _midnight(day + datetime.timedelta(days=1), zone)
    cuts = [begin, *sorted({one.effective for one in changes if begin < one.effective < end}), end]
    found: list[Span] = []
    for first, last in itertools.pairwise(cuts):
        standing = standing_at(changes, valid_until=valid_until, moment=first, zone=zone)
        if found and found[-1].standing is standing:
            found[-1] = dataclasses.replace(found[-1], end=last)
        else:
            found.append(Span(begin=first, end=last, standing=standing))
    return tuple(found)


def standing_at(
    changes: tuple[StatusRecord, ...], *, valid_until: datetime.date | None, moment: datetime.datetime, zone: ZoneInfo
) -> Standing:
    """How a permit stood at a moment. A final state, and a suspension, count more than that it ran out."""
    change = state_at(changes, moment)
    if change is None:
        return Standing.NOT_ISSUED
    over = valid_until is not None and moment.astimezone(zone).date() > valid_until
    return Standing.EXPIRED if over and change.status is Status.IN_FORCE else Standing(change.status.value)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All that is shown of one permit."""

    record: PermitRecord
    handed: tuple[Handover, ...]
    logged: list[LoggedEvent]


def show(memory: Memory, arguments: argparse.Namespace) -> int:
    """Show one permit."""
    known = _find(memory, arguments.permit)
    if arguments.json:
        print(json.dumps(_as_json(known, memory, on=arguments.on), ensure_ascii=False))
        return 0
    for text in _as_text(known, memory, on=arguments.on):
        memory.say(text)
    return 0


def search(memory: Memory, arguments: argparse.Namespace) -> int:
    """List the newest permits whose holder's name holds a text."""
    _ = memory.translate
    with memory.database.read() as tx:
        hits = names.by_holder(tx, text=arguments.text, limit=SHOWN_HITS + 1)
        found = [(hit, _standing_of(tx, hit.instrument, memory)) for hit in hits[:SHOWN_HITS]]
    for hit, standing in found:
        if arguments.json:
            one = {
                "kind": hit.kind.value,
                "number": hit.number,
                "serial": hit.serial,
                "holder": hit.name,
                "state": standing.value,
            }
            print(json.dumps(one, ensure_ascii=False))
        else:
            kind = word(hit.kind, memory.language)
            memory.say(f"{hit.number}  {kind}  {_(STANDING_WORDS[standing])}  {hit.name}")
    if len(hits) > SHOWN_HITS:
        memory.warn(
            _("Hanya {count} izin terbaru yang ditampilkan: tulis lebih banyak huruf.").format(count=SHOWN_HITS)
        )
    if not hits and not arguments.json:
        memory.say(
            _(
                "Tidak ada izin dengan nama itu. Dicari di nama pemegang, juga di tengah kata; coba bagian nama "
                "yang lebih pendek."
            )
        )
    return 0


def _find(memory: Memory, given: str) -> _Known:
    reader = RegistryReader(database=memory.database, documents=memory.home.documents())
    with memory.database.read() as tx:
        instrument = instruments.of_number(tx, office=memory.office.id, number=given)
    serial = instrument.serial if instrument is not None else int(given) if _is_serial(given) else None
    record = None if serial is None else reader.permit_by_serial(serial)
    if record is None:
        raise NotFoundError(
            N_(
                "Kantor ini tidak mempunyai izin “{number}”. Tulis nomornya seperti tercetak, atau nomor serinya; "
                "`absah permit search` mencarinya dengan nama pemegang."
            ),
            number=given,
        )
    with memory.database.read() as tx:
        permit = memory.permit(tx, record.number)
        return _Known(
            record=record,
            handed=handovers.of_permit(tx, permit),
            logged=proofs.of_instrument(tx, permit.id),
        )


def _is_serial(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**48


def _standing_of(tx: sa.Connection, instrument: int, memory: Memory) -> Standing:
    permit = instruments.by_id(tx, instrument)
    if instruments.stage(tx, permit) is not Stage.ISSUED:
        return Standing.NOT_ISSUED
    return standing_at(
        lifecycle.history(tx, instrument), valid_until=permit.valid_until, moment=memory.now, zone=memory.zone
    )


def _midnight(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), zone).astimezone(datetime.UTC)


def _as_text(known: _Known, memory: Memory, *, on: datetime.date | None) -> Iterator[str]:
    record, _ = known.record, memory.translate
    now = standing_at(record.statuses, valid_until=record.valid_until, moment=memory.now, zone=memory.zone)
    kind = word(record.kind, memory.language)
    yield _("{Kind} nomor {number}: {state}").format(
        Kind=kind[:1].upper() + kind[1:], number=record.number, state=_(STANDING_WORDS[now])
    )
    if on is not None:
        yield from _answer(record, on, memory)
    yield ""
    yield from _columns(_facts(record, memory))
    yield from _section(_("Keadaan"), (_change(one, memory) for one in record.statuses))
    yield from _section(_("Ralat"), (_correction(one, memory) for one in record.corrections))
    yield from _section(_("Penyerahan"), (_handover(one, memory) for one in known.handed))
    if record.destroyed is not None:
        yield ""
        yield _("Dokumennya sudah dimusnahkan: berita acara {number} tanggal {day}.").format(
            number=record.destroyed.minutes_number, day=memory.day(record.destroyed.minutes_date)
        )
    yield from _section(_("Log"), (_logged(one, memory) for one in known.logged))


def _answer(record: PermitRecord, on: datetime.date, memory: Memory) -> Iterator[str]:
    _, kind = memory.translate, word(record.kind, memory.language)
    found = spans(record.statuses, valid_until=record.valid_until, day=on, zone=memory.zone)
    if all(span.standing is Standing.IN_FORCE for span in found):
        yield _("Pada {day} {kind} ini berlaku sepanjang hari.").format(day=memory.day(on), kind=kind)
    elif all(span.standing is not Standing.IN_FORCE for span in found):
        states = dict.fromkeys(_(STANDING_WORDS[span.standing]) for span in found)
        yield _("Pada {day} {kind} ini tidak berlaku: {states}.").format(
            day=memory.day(on), kind=kind, states=", ".join(states)
        )
    else:
        yield _("Pada {day} {kind} ini hanya berlaku sebagian hari:").format(day=memory.day(on), kind=kind)
    if len(found) > 1:
        for span in found:
            last = "24:00:00" if span.end == found[-1].end else _clock(span.end, memory)
            yield f"  {_clock(span.begin, memory)} – {last}  {_(STANDING_WORDS[span.standing])}"
    if on >= memory.today:
        yield _("Itu menurut yang tercatat sampai sekarang; hari itu belum lewat.")


def _clock(moment: datetime.datetime, memory: Memory) -> str:
    return f"{moment.astimezone(memory.zone):%H:%M:%S}"


def _facts(record: PermitRecord, memory: Memory) -> Iterator[tuple[str, str]]:
    _ = memory.translate
    for field in record.public_view:
        yield field.label[memory.language], field.value[memory.language]
    yield _("Nomor dalam daftar status"), str(record.serial)
    yield _("Jenis"), record.pack
    yield _("Terbit"), _("belum") if record.issued_at is None else memory.moment(record.issued_at)
    yield (
        _("Hari terakhir"),
        _("tidak ditentukan") if record.valid_until is None else memory.day(record.valid_until),
    )
    yield (
        _("Mandat penanda tangan"),
        _("{person} ({mode}), {decree} tanggal {day}").format(
            person=record.mandate.person,
            mode=_(MODE_WORDS[record.mandate.mode]),
            decree=record.mandate.decree_number,
            day=memory.day(record.mandate.decree_date),
        ),
    )
    if record.file_sha256 is not None:
        yield "SHA-256", record.file_sha256.hex()


def _columns(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    kept = list(facts)
    width = max(len(label) for label, _ in kept)
    for label, value in kept:
        first, *others = value.splitlines() or [""]
        yield f"  {label:<{width}}  {first}"
        yield from (f"  {'':<{width}}  {other}" for other in others)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    kept = list(lines)
    if kept:
        yield ""
        yield title
        yield from (f"  {line}" for line in kept)


def _change(change: StatusRecord, memory: Memory) -> str:
    _ = memory.translate
    standing = Standing(change.status.value)
    said = [
        _("{sequence}. {state} mulai {moment}").format(
            sequence=change.sequence, state=_(STANDING_WORDS[standing]), moment=memory.moment(change.effective)
        )
    ]
    if change.replaced_by is not None:
        said.append(_("diganti dengan {number}").format(number=change.replaced_by))
    if change.instrument_number is not None:
        said.append(_paper(change.instrument_number, change.instrument_date, memory))
        said.append(_("alasan: {reason}").format(reason=change.ground))
    if change.legal_ground is not None:
        said.append(_("dasar: {ground}").format(ground=change.legal_ground))
    if change.recorded != change.effective:
        said.append(_("dicatat {moment}").format(moment=memory.moment(change.recorded)))
    return "; ".join(said)


def _paper(number: str, day: datetime.date | None, memory: Memory) -> str:
    if day is None:
        return number
    return memory.translate("{number} tanggal {day}").format(number=number, day=memory.day(day))


def _correction(correction: Correction, memory: Memory) -> str:
    return memory.translate("{field}: tercetak “{printed}”, seharusnya “{correct}”; {paper}; mulai {moment}").format(
        field=correction.field,
        printed=correction.printed,
        correct=correction.correct,
        paper=_paper(correction.instrument_number, correction.instrument_date, memory),
        moment=memory.moment(correction.effective),
    )


def _handover(handover: Handover, memory: Memory) -> str:
    _ = memory.translate
    survey = _("SKM diisi") if handover.survey_done else _("SKM tidak diisi: {note}").format(note=handover.note or "–")
    return _("{moment}: {recipient} ({capacity}), dikenal dengan {kind}; {survey}").format(
        moment=memory.moment(handover.handed),
        recipient=handover.recipient or "–",
        capacity=_(CAPACITY_WORDS[handover.capacity]),
        kind=handover.identity_kind,
        survey=survey,
    )


def _logged(event: LoggedEvent, memory: Memory) -> str:
    _ = memory.translate
    index = _index(event)
    place = _("belum diumumkan") if index is None else _("entri {index}").format(index=index)
    return f"{event.event.value}: {place}, {memory.moment(event.recorded)}"


def _index(event: LoggedEvent) -> int | None:
    """The entry's place in the log; None while no checkpoint covers it."""
    return None if event.proof is None else Proof.decode(event.proof).index


def _as_json(known: _Known, memory: Memory, *, on: datetime.date | None) -> dict[str, object]:
    record = known.record
    found: dict[str, object] = {
        "kind": record.kind.value,
        "number": record.number,
        "serial": record.serial,
        "pack": record.pack,
        "date_of_issue": record.date_of_issue.isoformat(),
        "valid_until": _iso(record.valid_until),
        "issued_at": _iso(record.issued_at),
        "state": standing_at(
            record.statuses, valid_until=record.valid_until, moment=memory.now, zone=memory.zone
        ).value,
        "file_sha256": _hex(record.file_sha256),
        "fields": {field.id: field.value[memory.language] for field in record.public_view},
        "mandate": {
            "person": record.mandate.person,
            "mode": record.mandate.mode.value,
            "decree_number": record.mandate.decree_number,
            "decree_date": record.mandate.decree_date.isoformat(),
        },
        "changes": [_change_as_json(change) for change in record.statuses],
        "corrections": [_correction_as_json(correction) for correction in record.corrections],
        "handovers": [_handover_as_json(handover) for handover in known.handed],
        "destroyed": None
        if record.destroyed is None
        else {
            "minutes_number": record.destroyed.minutes_number,
            "minutes_date": record.destroyed.minutes_date.isoformat(),
            "recorded": record.destroyed.recorded.isoformat(),
        },
        "log": [
            {"event": event.event.value, "recorded": event.recorded.isoformat(), "index": _index(event)}
            for event in known.logged
        ],
    }
    if on is not None:
        day = spans(record.statuses, valid_until=record.valid_until, day=on, zone=memory.zone)
        in_force = [span.standing is Standing.IN_FORCE for span in day]
        found["on"] = {
            "day": on.isoformat(),
            "in_force": "whole" if all(in_force) else "part" if any(in_force) else "no",
            "foreseen": on >= memory.today,
            "spans": [
                {"begin": span.begin.isoformat(), "end": span.end.isoformat(), "state": span.standing.value}
                for span in day
            ],
        }
    return found


def _change_as_json(change: StatusRecord) -> dict[str, object]:
    return {
        "sequence": change.sequence,
        "state": change.status.value,
        "effective": change.effective.isoformat(),
        "recorded": change.recorded.isoformat(),
        "reason": change.ground,
        "legal_ground": change.legal_ground,
        "decree_number": change.instrument_number,
        "decree_date": _iso(change.instrument_date),
        "document_sha256": _hex(change.document_sha256),
        "replaced_by": change.replaced_by,
    }


def _correction_as_json(correction: Correction) -> dict[str, object]:
    return {
        "field": correction.field,
        "printed": correction.printed,
        "correct": correction.correct,
        "effective": correction.effective.isoformat(),
        "recorded": correction.recorded.isoformat(),
        "decree_number": correction.instrument_number,
        "decree_date": correction.instrument_date.isoformat(),
        "document_sha256": _hex(correction.document_sha256),
    }


def _handover_as_json(handover: Handover) -> dict[str, object]:
    """A hand-over without the number of the identity document: who has business with that asks the registry itself."""
    return {
        "recipient": handover.recipient,
        "capacity": handover.capacity.value,
        "identity_kind": handover.identity_kind,
        "survey_done": handover.survey_done,
        "handed": handover.handed.isoformat(),
        "note": handover.note,
    }


def _iso(value: datetime.date | None) -> str | None:
    return None if value is None else value.isoformat()


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
