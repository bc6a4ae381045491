"""The values that a verdict's sentence names (`verifier.sentences`), taken from the evidence behind it."""

from typing import Final

from registry.formats.verdict import VerdictName
from verifier import checks
from verifier.checks import Evidence
from verifier.conclusion import Conclusion

_SUSPECT_STATUSES: Final = frozenset(
    {VerdictName.SUSPENDED, VerdictName.REVOKED, VerdictName.ANNULLED, VerdictName.SUPERSEDED}
)


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
    if conclusion.name in _SUSPECT_STATUSES and evidence.permit is not None:
        change = evidence.permit.status_at(checks.judged_moment(evidence))
        if change is not None:
            facts["since"] = change.effective.astimezone(evidence.zone).date().isoformat()
            if change.replaced_by is not None:
                facts["replaced_by"] = change.replaced_by
    if conclusion.name is VerdictName.FOREIGN_HOST and shown is not None and shown.host is not None:
        facts["host"] = shown.host
    if conclusion.name is VerdictName.UNCHECKED and conclusion.decided_by is not None:
        facts["cause"] = conclusion.decided_by.reason or "reader_stopped"
    return facts


def is_ours(evidence: Evidence) -> bool:
    """Whether anything in the input is the office's: what a stranger made is no simulation of ours."""
    verified = evidence.shown is not None and evidence.shown.verified
    known = evidence.signature is not None and evidence.signature.signer_known
    return verified or known or evidence.permit is not None
