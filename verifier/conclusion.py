"""From checks to the one word for the whole: a table, read from the top.

What forbids stands first, the worst before the mild; a proven failure stands before anything unknown, because
an outage must not soften a forgery. What no row names is unchecked: a new reason can never become a yes.
"""

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Final

from registry.formats.verdict import Check, Outcome, Subject, VerdictName


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: any check whose number starts with one of `numbers` and ended so, for this reason.

    Empty `reasons` stand for any reason.
    """

    name: VerdictName
    outcome: Outcome
    numbers: tuple[str, ...]
    reasons: frozenset[str] = frozenset()

    def holds(self, check: Check) -> bool:
        """Whether `check` brings this row about."""
        return (
            check.outcome is self.outcome
            and check.id.startswith(self.numbers)
            and (not self.reasons or check.reason in self.reasons)
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The word, and the check that decided it; None where none stood in the way."""

    name: VerdictName
    decided_by: Check | None


_FAILED: Final = Outcome.FAILED
_UNKNOWN: Final = Outcome.UNKNOWN

CONCLUSIONS: Final = (
    Row(VerdictName.STRANGER, _FAILED, ("4.1",)),
    Row(VerdictName.WRONG_QR, _FAILED, ("1.6",)),
    Row(VerdictName.ALTERED, _FAILED, ("1.",)),
    Row(VerdictName.FORGED_QR, _FAILED, ("2.2",)),
    Row(VerdictName.FORGED_QR, _FAILED, ("2.0",), frozenset({"statement_malformed"})),
    Row(VerdictName.NEVER_ISSUED, _FAILED, ("2.1",)),
    Row(VerdictName.UNKNOWN_PERMIT, _FAILED, ("2.3", "2.4")),
    Row(VerdictName.NOT_AUTHORISED, _FAILED, ("4.",)),
    Row(VerdictName.ANNULLED, _FAILED, ("3.1",), frozenset({"annulled"})),
    Row(VerdictName.REVOKED, _FAILED, ("3.1",), frozenset({"revoked"})),
    Row(VerdictName.SUPERSEDED, _FAILED, ("3.1",), frozenset({"superseded"})),
    Row(VerdictName.SUSPENDED, _FAILED, ("3.1",), frozenset({"suspended"})),
    Row(VerdictName.EXPIRED, _FAILED, ("3.2",), frozenset({"expired"})),
    Row(VerdictName.NOT_YET_IN_FORCE, _FAILED, ("3.2",), frozenset({"not_yet_in_force"})),
    Row(VerdictName.FOREIGN_HOST, _FAILED, ("2.0",), frozenset({"foreign_host"})),
    Row(VerdictName.UNKNOWN, _FAILED, ("2.0",), frozenset({"not_a_statement"})),
    Row(VerdictName.UNKNOWN, _UNKNOWN, ("1.1",), frozenset({"not_a_document", "file_unreadable"})),
    Row(VerdictName.UNCHECKED, _UNKNOWN, ("",), frozenset({"registry_unreachable", "document_unavailable"})),
    Row(VerdictName.UNKNOWN, _UNKNOWN, ("2.0",), frozenset({"no_qr_found"})),
    Row(VerdictName.UNCHECKED, _UNKNOWN, ("2.0", "2.2", "2.3", "2.4", "3.", "4.")),
    Row(VerdictName.UNCHECKED, _UNKNOWN, ("2.5",)),  # after what does not pass by itself
    Row(VerdictName.PRINTOUT, _UNKNOWN, ("1.2",), frozenset({"image_only"})),
    Row(VerdictName.RESAVED, _UNKNOWN, ("1.2",), frozenset({"no_signature"})),
    Row(VerdictName.COMPARE, _UNKNOWN, ("1.0",)),
)


def conclude(checks: Iterable[Check], *, subject: Subject, on: datetime.date | None) -> Conclusion:
    """The first row that any check brings about; where all passed, a genuine file."""
    checks = tuple(checks)
    for row in CONCLUSIONS:
        for check in checks:
            if row.holds(check):
                return Conclusion(name=row.name, decided_by=check)
    left = next((check for check in checks if check.outcome is not Outcome.PASSED), None)
    if left is not None or subject is not Subject.FILE or not checks:
        return Conclusion(name=VerdictName.UNCHECKED, decided_by=left)
    return Conclusion(name=VerdictName.GENUINE if on is None else VerdictName.GENUINE_ON_DATE, decided_by=None)
