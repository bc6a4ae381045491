"""A verdict as one page shows it: plain text in one language, in the order in which it is read. No markup."""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterable

from registry.formats.dates import day_text, moment_text
from registry.formats.language import translations
from registry.formats.record import Correction, Kind, PermitRecord, PublicField, Status, StatusRecord
from registry.formats.statement import StatementError, parse
from registry.formats.verdict import Answer, Check, Outcome, Subject, Verdict, VerdictName
from verifier import sentences
from verifier.catalogue import N_
from verifier.naming import named, said
from verifier.reasons import answer_text, check_text, outcome_text, reason_text

_COMPARE = N_("Cocokkan dengan kertas di tangan Anda")
_REGISTERED = N_("Isi {kind} yang terdaftar")
_OTHER_PERMIT = N_("Kode QR itu milik {kind} ini")

_ON_DAY = N_("{title} (pada {day})")

_STATUS = N_("Keputusan tentang {kind} ini")
_DECREE = N_("Keputusan")
_NUMBER_AND_DAY = N_("Nomor {number} tanggal {day}")
_STATUS_NUMBER = N_("Nomor keputusan")
_STATUS_GROUND = N_("Alasan")
_STATUS_LEGAL_GROUND = N_("Dasar hukum")
_STATUS_SINCE = N_("Sejak")

CORRECTIONS = N_("Ralat")
_CORRECTIONS_HEADING = N_("Ralat {kind} ini")
_CORRECTED_PLACE = N_("Bagian")
_PRINTED = N_("Tercetak")
_CORRECT = N_("Seharusnya")
_READ_AS = N_("Diralat, seharusnya: {correct}")

# What is left of a permit whose documents were destroyed.
_LEFT_NUMBER = N_("Nomor")
_LEFT_HOLDER = N_("Pemegang izin, menurut kode QR")
_LEFT_SUBJECT = N_("Objek izin, menurut kode QR")
_LEFT_DATE_OF_ISSUE = N_("Tanggal terbit")
_LEFT_VALID_UNTIL = N_("Berlaku sampai")

_COUNTS = {
    Outcome.PASSED: N_("{count} lulus"),
    Outcome.FAILED: N_("{count} gagal"),
    Outcome.UNKNOWN: N_("{count} belum pasti"),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label and its value; `code` where the value is for machines, `corrected` what it is to be read as."""

    label: str
    value: str
    code: bool = False
    corrected: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """One numbered check in plain words. `reason` and its stable `code` are None when it passed."""

    number: str
    title: str
    outcome: Outcome
    outcome_text: str
    reason: str | None
    code: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One of the four answers with the checks behind it."""

    title: str
    outcome: Outcome
    outcome_text: str
    checks: tuple[CheckView, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """Everything a verdict's page says about the verdict itself.

    `dated` is the answer for the day asked about, where `sentence` had to say first that the permit is not in force
    today. `remarks` say what must be known to read the permit. `status` is the decision behind today's state, or else
    behind that of the day asked about; `corrections` are those to read the fields with, each in a few lines. `kind` is
    what the document is called.
    """

    kind: str
    colour: str
    sign: str
    simulation: str | None
    sentence: str
    dated: str | None
    note: str | None
    remarks: tuple[str, ...]
    action: str
    as_of: str
    asked_for: str | None
    heading: str
    fields: tuple[Line, ...]
    status_heading: str
    status: tuple[Line, ...]
    corrections_heading: str
    corrections: tuple[tuple[Line, ...], ...]
    answers: tuple[AnswerView, ...]
    counts: str
    technical: tuple[Line, ...]


def present(
    verdict: Verdict,
    *,
    language: str,
    zone: datetime.tzinfo,
    file_sha256: bytes | None = None,
    file_name: str = "",
) -> VerdictView:
    """The view of `verdict`; `file_sha256` and `file_name` are those of the file that was sent, if one was."""
    record = shown_record(verdict)
    corrections = corrections_of(verdict, zone)
    return VerdictView(
        kind=named(verdict.kind, language)["kind"],
        colour=sentences.colour(verdict),
        sign=sentences.sign(verdict),
        simulation=sentences.simulation_sentence(verdict.kind, language) if verdict.simulation else None,
        sentence=sentences.sentence(verdict, language),
        dated=sentences.dated(verdict, language),
        note=sentences.note(verdict, language),
        remarks=_remarks(verdict, record, corrections, language),
        action=sentences.action(verdict, language),
        as_of=moment_text(verdict.as_of, zone, language),
        asked_for=day_text(verdict.on, language) if verdict.on else None,
        heading=said(_heading(verdict), verdict.kind, language),
        fields=_fields(record, corrections, language),
        status_heading=said(_STATUS, verdict.kind, language),
        status=_status(change_behind(verdict, zone), zone, language),
        corrections_heading=said(_CORRECTIONS_HEADING, verdict.kind, language),
        corrections=tuple(_correction(one, zone, language) for one in corrections),
        answers=tuple(_answer(verdict, answer, language) for answer in Answer),
        counts=_counts(verdict, language),
        technical=_technical(record, file_sha256, file_name, zone, language),
    )


def shown_record(verdict: Verdict) -> PermitRecord | None:
    """The document that may be shown beside the verdict: a public one, issued and in the log, none in preparation."""
    record = verdict.record
    return record if record is not None and record.issued_at is not None and not record.awaits_log else None


def change_behind(verdict: Verdict, zone: datetime.tzinfo) -> StatusRecord | None:
    """The change by which the permit is not in force today, or else was not on the day asked about.

    It is told as soon as it was recorded, whatever the log covers.
    """
    record = verdict.record
    if record is None or record.issued_at is None:
        return None
    changes = (record.status_at(moment) for moment in _moments(verdict, zone))
    return next((one for one in changes if one is not None and one.status is not Status.IN_FORCE), None)


def corrections_of(verdict: Verdict, zone: datetime.tzinfo) -> tuple[Correction, ...]:
    """The corrections that the permit shown is to be read with today, or was on the day asked about."""
    record = shown_record(verdict)
    if record is None:
        return ()
    latest = max(_moments(verdict, zone))
    return tuple(one for one in record.corrections if one.effective <= latest)


def _moments(verdict: Verdict, zone: datetime.tzinfo) -> list[datetime.datetime]:
    """Now, and the last moment of the day asked about."""
    moments = [verdict.as_of]
    if verdict.on:
        moments.append(datetime.datetime.combine(verdict.on, datetime.time.max, zone))
    return moments


def shows_registered_statement(verdict: Verdict) -> bool:
    """Whether the code that was read equals, byte for byte, the statement of the record beside the verdict."""
    return any(
        check.id.endswith("statement_registered") and check.outcome is Outcome.PASSED for check in verdict.checks
    )


def _heading(verdict: Verdict) -> str:
    if verdict.name is VerdictName.WRONG_QR and shows_registered_statement(verdict):
        return _OTHER_PERMIT
    return _COMPARE if verdict.subject is Subject.STATEMENT else _REGISTERED


def _remarks(
    verdict: Verdict, record: PermitRecord | None, corrections: tuple[Correction, ...], language: str
) -> tuple[str, ...]:
    """What must be known to read the permit in question; of another permit's code nothing is said here."""
    if record is None or verdict.name is VerdictName.WRONG_QR:
        return ()
    remarks = []
    if record.destroyed is not None:
        remarks.append(sentences.destruction_note(record.destroyed, record.kind, language))
    if corrections:
        remarks.append(sentences.corrections_note(len(corrections), record.kind, language))
    return tuple(remarks)


def _fields(record: PermitRecord | None, corrections: tuple[Correction, ...], language: str) -> tuple[Line, ...]:
    if record is None:
        return ()
    if record.destroyed is not None:
        return _lines(_left(record, language), language)
    translate = translations("verifier", language).gettext
    return tuple(
        Line(
            label=field.label[language],
            value=field.value[language],
            corrected=tuple(
                translate(_READ_AS).format(correct=one.correct) for one in corrections if _speaks_of(one, field)
            ),
        )
        for field in record.public_view
        if field.value[language]
    )


def _speaks_of(correction: Correction, field: PublicField) -> bool:
    named = correction.field.strip().casefold()
    return named in {field.id.casefold(), *(label.strip().casefold() for label in field.label.values())}


def _left(record: PermitRecord, language: str) -> list[tuple[str, str | None]]:
    """What the register still holds: its own columns, and what anyone reads in the permit's QR code."""
    holder = subject = None
    with contextlib.suppress(StatementError):
        said = parse(record.statement).statement
        holder, subject = said.holder, said.subject
    return [
        (_LEFT_NUMBER, record.number),
        (_LEFT_HOLDER, holder),
        (_LEFT_SUBJECT, subject),
        (_LEFT_DATE_OF_ISSUE, day_text(record.date_of_issue, language)),
        (_LEFT_VALID_UNTIL, None if record.valid_until is None else day_text(record.valid_until, language)),
    ]


def _status(change: StatusRecord | None, zone: datetime.tzinfo, language: str) -> tuple[Line, ...]:
    if change is None:
        return ()
    number = (_STATUS_NUMBER, change.instrument_number)
    if change.instrument_number and change.instrument_date:
        number = (_DECREE, _number_and_day(change.instrument_number, change.instrument_date, language))
    lines = [
        (_STATUS_SINCE, _day(change.effective, zone, language)),
        number,
        (_STATUS_GROUND, change.ground),
        (_STATUS_LEGAL_GROUND, change.legal_ground),
    ]
    return _lines(lines, language)


def _correction(correction: Correction, zone: datetime.tzinfo, language: str) -> tuple[Line, ...]:
    lines = [
        (_CORRECTED_PLACE, correction.field),
        (_PRINTED, correction.printed),
        (_CORRECT, correction.correct),
        (_DECREE, _number_and_day(correction.instrument_number, correction.instrument_date, language)),
        (_STATUS_SINCE, _day(correction.effective, zone, language)),
    ]
    return _lines(lines, language)


def _number_and_day(number: str, day: datetime.date, language: str) -> str:
    translate = translations("verifier", language).gettext
    return translate(_NUMBER_AND_DAY).format(number=number, day=day_text(day, language))


def _day(moment: datetime.datetime, zone: datetime.tzinfo, language: str) -> str:
    return day_text(moment.astimezone(zone).date(), language)


def _lines(lines: Iterable[tuple[str, str | None]], language: str) -> tuple[Line, ...]:
    translate = translations("verifier", language).gettext
    return tuple(Line(label=translate(label), value=value) for label, value in lines if value)


def _answer(verdict: Verdict, answer: Answer, language: str) -> AnswerView:
    outcome = verdict.answer(answer)
    title = answer_text(answer, language)
    if answer is Answer.IN_FORCE and verdict.on:
        translate = translations("verifier", language).gettext
        title = translate(_ON_DAY).format(title=title, day=day_text(verdict.on, language))
    return AnswerView(
        title=title,
        outcome=outcome,
        outcome_text=outcome_text(outcome, language),
        checks=tuple(_check(check, verdict.kind, language) for check in verdict.checks if check.answer is answer),
    )


def _check(check: Check, kind: Kind | None, language: str) -> CheckView:
    return CheckView(
        number=check.id.partition(" ")[0] if " " in check.id else "",
        title=check_text(check.id, language, kind),
        outcome=check.outcome,
        outcome_text=outcome_text(check.outcome, language),
        reason=reason_text(check.reason, language, kind) if check.reason else None,
        code=check.reason,
    )


def _counts(verdict: Verdict, language: str) -> str:
    translate = translations("verifier", language).gettext
    outcomes = [check.outcome for check in verdict.checks]
    return ", ".join(
        translate(message).format(count=outcomes.count(outcome))
        for outcome, message in _COUNTS.items()
        if outcome in outcomes
    )


def _technical(
    record: PermitRecord | None, file_sha256: bytes | None, file_name: str, zone: datetime.tzinfo, language: str
) -> tuple[Line, ...]:
    lines: list[tuple[str, str | None, bool]] = [
        (N_("Nama berkas yang diperiksa"), file_name, False),
        (N_("SHA-256 berkas yang diperiksa"), file_sha256.hex() if file_sha256 else None, True),
    ]
    if record:
        issued = moment_text(record.issued_at, zone, language) if record.issued_at else None
        certificate = record.signer.sha256.hex() if record.signer else None
        registered = record.file_sha256.hex() if record.file_sha256 else None
        lines += [
            (N_("Saat diterbitkan"), issued, False),
            (N_("SHA-256 berkas yang terdaftar"), registered, True),
            (N_("SHA-256 sertifikat penandatangan"), certificate, True),
            (N_("Bentuk tanda tangan"), record.signing_profile, True),
            (N_("Nomor dalam daftar status"), str(record.serial), True),
        ]
    translate = translations("verifier", language).gettext
    return tuple(Line(label=translate(label), value=value, code=code) for label, value, code in lines if value)
