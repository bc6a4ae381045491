"""A verdict as `verify` prints it: one JSON object for programs, a few lines for people at a terminal."""

import datetime

from registry.formats.record import PermitRecord
from registry.formats.verdict import Check, Outcome, Verdict
from verifier import reasons, sentences

_MARKS = {Outcome.PASSED: "+", Outcome.FAILED: "x", Outcome.UNKNOWN: "?"}
_INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def as_json(verdict: Verdict, given: str, language: str) -> dict[str, object]:
    """The object of `verify --json`: codes as they are, the sentence and the permit's fields in `language`.

    `given` is what was asked about, as it was given. `permit` is null unless the registry issued it. Dates are
    ISO 8601, `as_of` in UTC. `on` is there only where a day was asked about.
    """
    result: dict[str, object] = {
        "input": given,
        "subject": verdict.subject.value,
        "verdict": verdict.name.value,
        "simulation": verdict.simulation,
        "answers": {answer.value: outcome.value for answer, outcome in verdict.answers.items()},
        "as_of": verdict.as_of.astimezone(datetime.UTC).strftime(_INSTANT_FORMAT),
        "sentence": sentences.sentence(verdict, language),
        "permit": _permit(verdict, language),
        "checks": [_check(check) for check in verdict.checks],
    }
    if verdict.on is not None:
        result["on"] = verdict.on.isoformat()
    return result


def as_text(verdict: Verdict, given: str, language: str) -> str:
    """The same for a terminal: the sentence first, what to do, the permit's fields, the checks."""
    lines = [given]
    if verdict.simulation:
        lines.append(f"  {sentences.simulation_sentence(language)}")
    lines.append(f"  {sentences.sentence(verdict, language)}")
    if note := sentences.note(verdict, language):
        lines.append(f"  {note}")
    lines += [f"  {sentences.action(verdict, language)}", ""]
    record = _issued(verdict)
    if record is not None:
        fields = [(field.label[language], field.value[language]) for field in record.public_view]
        width = max((len(label) for label, value in fields if value), default=0)
        lines += [f"  {label:<{width}}  {value}" for label, value in fields if value]
        lines.append("")
    for answer, outcome in verdict.answers.items():
        lines.append(f"  {_MARKS[outcome]} {reasons.answer_text(answer, language)}")
        lines += [
            f"      {check.id.partition(' ')[0]} {reasons.reason_text(check.reason, language)}"
            for check in verdict.checks
            if check.answer is answer and check.reason is not None
        ]
    return "\n".join(lines) + "\n"


def _issued(verdict: Verdict) -> PermitRecord | None:
    record = verdict.record
    return record if record is not None and record.issued_at is not None else None


def _permit(verdict: Verdict, language: str) -> dict[str, object] | None:
    record = _issued(verdict)
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
        "fields": [
            {"id": field.id, "label": field.label[language], "value": field.value[language]}
            for field in record.public_view
        ],
    }


def _check(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "answer": check.answer.value,
        "outcome": check.outcome.value,
        "reason": check.reason,
    }
