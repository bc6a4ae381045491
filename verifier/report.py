"""A verdict as `verify` prints it: one JSON object for programs, a few lines for people at a terminal."""

import datetime
import unicodedata
from itertools import zip_longest

from registry.formats.language import translations
from registry.formats.record import Correction, StatusRecord
from registry.formats.verdict import Check, Outcome, Verdict
from verifier import sentences
from verifier.catalogue import N_
from verifier.checks import NOT_CHECKED
from verifier.presenter import CORRECTIONS, Line, VerdictView, corrections_of, present, shown_record

_MARKS = {Outcome.PASSED: "+", Outcome.FAILED: "x", Outcome.UNKNOWN: "?"}
_INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

_TODAY = N_("Hari ini: {sentence}")
_AS_OF = N_("Keadaan pada {moment}.")
_ASKED_FOR = N_("Ditanyakan untuk {day}.")


def as_json(verdict: Verdict, given: str, language: str) -> dict[str, object]:
    """The object of `verify --json`: codes as they are, the sentence and the permit's fields in `language`.

    `given` is what was asked about, as it was given. `permit` is null unless it is public: issued, and in the log.
    Everything but `kind` is the same for a decree or letter as for a permit: who wants a permit asks for `verdict` and
    for the kind "permit". It is null where the registry holds no record: then nobody knows. `permit` is the document of
    that kind. Dates are ISO 8601, instants in UTC. `on` is there only where a day was asked about: verdict and answers
    are then for that day. Where the permit is not in force today, `today` is the verdict that says so, and the sentence
    says it first. `fields` are as printed, to be read with `corrections`; of a permit that was `destroyed` none is
    left.
    """
    said = (sentences.sentence(verdict, language), sentences.dated(verdict, language))
    result: dict[str, object] = {
        "input": given,
        "subject": verdict.subject.value,
        "verdict": verdict.name.value,
        "kind": None if verdict.kind is None else verdict.kind.value,
        "simulation": verdict.simulation,
        "answers": {answer.value: outcome.value for answer, outcome in verdict.answers.items()},
        "as_of": _instant(verdict.as_of),
        "sentence": " ".join(filter(None, said)),
        "permit": _permit(verdict, language),
        "checks": [_check(check) for check in verdict.checks],
    }
    if verdict.on is not None:
        result["on"] = verdict.on.isoformat()
    if (today := sentences.leading(verdict).name) is not verdict.name:
        result["today"] = today.value
    return result


def as_text(verdict: Verdict, given: str, language: str, *, zone: datetime.tzinfo = datetime.UTC) -> str:
    """The same for a terminal: the sentence first, what to do, the permit's fields, the checks.

    Nothing in it steers the terminal, whatever `given` and the permit hold. Instants are told in `zone`.
    """
    view = present(verdict, language=language, zone=zone)
    translate = translations("verifier", language).gettext
    lines = [given, *_said(view, language), ""]
    corrections = [(translate(CORRECTIONS), group) for group in view.corrections]
    for heading, group in ((view.status_heading, view.status), *corrections, (view.heading, view.fields)):
        if group:
            lines += [f"  {heading}", *_columns(group), ""]
    for answer in view.answers:
        lines.append(f"  {_MARKS[answer.outcome]} {answer.title}")
        lines += [
            f"      {check.number} {check.reason}"
            for check in answer.checks
            if check.reason is not None and check.code != NOT_CHECKED
        ]
    return "".join(f"{_visible(line)}\n" for line in lines)


def _said(view: VerdictView, language: str) -> list[str]:
    translate = translations("verifier", language).gettext
    sentence = translate(_TODAY).format(sentence=view.sentence) if view.dated else view.sentence
    as_of = translate(_AS_OF).format(moment=view.as_of)
    if view.asked_for:
        as_of += " " + translate(_ASKED_FOR).format(day=view.asked_for)
    said = (view.simulation, sentence, view.dated, view.note, *view.remarks, as_of, view.action)
    return [f"  {text}" for text in said if text]


def _columns(group: tuple[Line, ...]) -> list[str]:
    """Label and value side by side; a value of several lines keeps its column."""
    width = max(len(line.label) for line in group)
    return [
        f"    {label:<{width}}  {part}"
        for line in group
        for label, part in zip_longest([line.label], [*line.value.splitlines(), *line.corrected], fillvalue="")
    ]


def _visible(text: str) -> str:
    """`text` with every character that is not drawn (control, direction, half a pair) written as its code."""
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
        else character
        for character in text
    )


def _permit(verdict: Verdict, language: str) -> dict[str, object] | None:
    record = shown_record(verdict)
    if record is None:
        return None
    change = record.status_at(verdict.as_of)
    return {
        "number": record.number,
        "type": record.pack.partition("/")[0],
        "pack": record.pack,
        "date_of_issue": record.date_of_issue.isoformat(),
        "valid_until": None if record.valid_until is None else record.valid_until.isoformat(),
        "status": None if change is None else change.status.value,
        "status_change": None if change is None or change.instrument_number is None else _change(change),
        "corrections": [_correction(one) for one in corrections_of(verdict, datetime.UTC)],
        "destroyed": None
        if record.destroyed is None
        else {
            "minutes_number": record.destroyed.minutes_number,
            "minutes_date": record.destroyed.minutes_date.isoformat(),
        },
        "fields": [
            {"id": field.id, "label": field.label[language], "value": field.value[language]}
            for field in record.public_view
        ],
    }


def _change(change: StatusRecord) -> dict[str, object]:
    return {
        "since": _instant(change.effective),
        "reason": change.ground,
        "legal_ground": change.legal_ground,
        "instrument_number": change.instrument_number,
        "instrument_date": None if change.instrument_date is None else change.instrument_date.isoformat(),
        "replaced_by": change.replaced_by,
    }


def _correction(correction: Correction) -> dict[str, object]:
    return {
        "field": correction.field,
        "printed": correction.printed,
        "correct": correction.correct,
        "since": _instant(correction.effective),
        "instrument_number": correction.instrument_number,
        "instrument_date": correction.instrument_date.isoformat(),
    }


def _instant(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime(_INSTANT_FORMAT)


def _check(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "answer": check.answer.value,
        "outcome": check.outcome.value,
        "reason": check.reason,
    }
