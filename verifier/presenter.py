"""A verdict as one page shows it: plain text in one language, in the order in which it is read. No markup."""

import dataclasses
import datetime

from registry.formats.language import translations
from registry.formats.record import PermitRecord, Status
from registry.formats.verdict import Answer, Check, Outcome, Subject, Verdict, VerdictName
from verifier import sentences
from verifier.catalogue import N_
from verifier.dates import day_text, moment_text
from verifier.reasons import answer_text, check_text, outcome_text, reason_text

_COMPARE = N_("Cocokkan dengan kertas di tangan Anda")
_REGISTERED = N_("Isi izin yang terdaftar")
_OTHER_PERMIT = N_("Kode QR itu milik izin ini")

_ON_DAY = N_("{title} (pada {day})")

_STATUS_NUMBER = N_("Nomor keputusan")
_STATUS_GROUND = N_("Alasan")
_STATUS_SINCE = N_("Sejak")

_COUNTS = {
    Outcome.PASSED: N_("{count} lulus"),
    Outcome.FAILED: N_("{count} gagal"),
    Outcome.UNKNOWN: N_("{count} belum pasti"),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label and its value; `code` where the value is for machines."""

    label: str
    value: str
    code: bool = False


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
    today. `status` is the decision behind today's state, or else behind that of the day asked about.
    """

    colour: str
    sign: str
    simulation: str | None
    sentence: str
    dated: str | None
    note: str | None
    action: str
    as_of: str
    asked_for: str | None
    heading: str
    fields: tuple[Line, ...]
    status: tuple[Line, ...]
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
    translate = translations("verifier", language).gettext
    record = shown_record(verdict)
    return VerdictView(
        colour=sentences.colour(verdict),
        sign=sentences.sign(verdict),
        simulation=sentences.simulation_sentence(language) if verdict.simulation else None,
        sentence=sentences.sentence(verdict, language),
        dated=sentences.dated(verdict, language),
        note=sentences.note(verdict, language),
        action=sentences.action(verdict, language),
        as_of=moment_text(verdict.as_of, zone, language),
        asked_for=day_text(verdict.on, language) if verdict.on else None,
        heading=translate(_heading(verdict)),
        fields=_fields(record, language),
        status=_status(verdict, record, zone, language),
        answers=tuple(_answer(verdict, answer, language) for answer in Answer),
        counts=_counts(verdict, language),
        technical=_technical(record, file_sha256, file_name, zone, language),
    )


def shown_record(verdict: Verdict) -> PermitRecord | None:
    """The permit that may be shown beside the verdict: one that was issued, never one that was merely prepared."""
    record = verdict.record
    return record if record is not None and record.issued_at is not None else None


def shows_registered_statement(verdict: Verdict) -> bool:
    """Whether the code that was read equals, byte for byte, the statement of the record beside the verdict."""
    return any(
        check.id.endswith("statement_registered") and check.outcome is Outcome.PASSED for check in verdict.checks
    )


def _heading(verdict: Verdict) -> str:
    if verdict.name is VerdictName.WRONG_QR and shows_registered_statement(verdict):
        return _OTHER_PERMIT
    return _COMPARE if verdict.subject is Subject.STATEMENT else _REGISTERED


def _fields(record: PermitRecord | None, language: str) -> tuple[Line, ...]:
    if record is None:
        return ()
    return tuple(
        Line(label=field.label[language], value=field.value[language])
        for field in record.public_view
        if field.value[language]
    )


def _status(verdict: Verdict, record: PermitRecord | None, zone: datetime.tzinfo, language: str) -> tuple[Line, ...]:
    if record is None:
        return ()
    moments = [verdict.as_of]
    if verdict.on:
        moments.append(datetime.datetime.combine(verdict.on, datetime.time.max, zone))
    changes = (record.status_at(moment) for moment in moments)
    change = next((one for one in changes if one is not None and one.status is not Status.IN_FORCE), None)
    if change is None:
        return ()
    translate = translations("verifier", language).gettext
    since = day_text(change.effective.astimezone(zone).date(), language)
    lines = [(_STATUS_SINCE, since), (_STATUS_NUMBER, change.instrument_number), (_STATUS_GROUND, change.ground)]
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
        checks=tuple(_check(check, language) for check in verdict.checks if check.answer is answer),
    )


def _check(check: Check, language: str) -> CheckView:
    return CheckView(
        number=check.id.partition(" ")[0] if " " in check.id else "",
        title=check_text(check.id, language),
        outcome=check.outcome,
        outcome_text=outcome_text(check.outcome, language),
        reason=reason_text(check.reason, language) if check.reason else None,
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
