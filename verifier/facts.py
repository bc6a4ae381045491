"""The values that a verdict's sentence names (`verifier.sentences`), taken from the evidence behind it."""

import dataclasses
import datetime
from typing import Final

from registry.formats.verdict import Subject, VerdictName
from verifier import checks
from verifier.checks import Evidence
from verifier.conclusion import Conclusion, conclude

_SUSPECT_STATUSES: Final = frozenset(
    {VerdictName.SUSPENDED, VerdictName.REVOKED, VerdictName.ANNULLED, VerdictName.SUPERSEDED}
)
_NOT_IN_FORCE: Final = _SUSPECT_STATUSES | {VerdictName.EXPIRED}


def facts_of(evidence: Evidence, conclusion: Conclusion) -> dict[str, str]:
    """The values that the verdict's sentence names (`verifier.sentences`)."""
    facts: dict[str, str] = {}
    shown = evidence.shown
    statement = shown.signed.statement if shown is not None and shown.verified and shown.signed is not None else None
    if evidence.permit is not None:
        facts["number"] = evidence.permit.number
        facts["date_of_issue"] = evidence.permit.date_of_issue.isoformat()
        if evidence.permit.valid_until is not None:
            facts["valid_until"] = evidence.permit.valid_until.isoformat()
    elif statement is not None:
        facts["number"] = statement.number
    if statement is not None:
        facts["holder"] = statement.holder
        facts["serial"] = str(statement.serial)
    if evidence.on is not None:
        facts["on"] = evidence.on.isoformat()
    if checks.is_foreseen(evidence):
        facts["foreseen"] = "yes"
    if conclusion.name in _SUSPECT_STATUSES:
        facts |= _change_facts(evidence, checks.judged_moment(evidence))
    if evidence.on is not None:
        facts |= _todays_facts(evidence, conclusion)
    if evidence.subject is Subject.STATEMENT and evidence.reading is not None and not evidence.reading.texts:
        facts["no_code"] = "yes"
    if conclusion.name is VerdictName.FOREIGN_HOST and shown is not None and shown.host is not None:
        facts["host"] = shown.host
    if conclusion.name is VerdictName.UNCHECKED and conclusion.decided_by is not None:
        facts["cause"] = conclusion.decided_by.reason or "reader_stopped"
    return facts


def _todays_facts(evidence: Evidence, conclusion: Conclusion) -> dict[str, str]:
    """What is worse today than on the day asked about: the answer for that day must not hide it."""
    today = conclude(checks.run(dataclasses.replace(evidence, on=None)), subject=evidence.subject, on=None).name
    if today is conclusion.name or today not in _NOT_IN_FORCE:
        return {}
    change = _change_facts(evidence, evidence.now) if today in _SUSPECT_STATUSES else {}
    return {"today": today.value} | {f"today_{name}": value for name, value in change.items()}


def _change_facts(evidence: Evidence, moment: datetime.datetime) -> dict[str, str]:
    """Since when the state at `moment` holds, and what replaced the permit."""
    change = None if evidence.permit is None else evidence.permit.status_at(moment)
    if change is None:
        return {}
    facts = {"since": change.effective.astimezone(evidence.zone).date().isoformat()}
    return facts if change.replaced_by is None else facts | {"replaced_by": change.replaced_by}


def is_ours(evidence: Evidence) -> bool:
    """Whether anything in the input is the office's: what a stranger made is no simulation of ours."""
    verified = evidence.shown is not None and evidence.shown.verified
    known = evidence.signature is not None and evidence.signature.signer_known
    return verified or known or evidence.permit is not None
