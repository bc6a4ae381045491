"""What the verifier answers: four answers from numbered checks, and one name for the whole.

A `Verdict` is never true or false: `if verdict` raises, because "not known to be false" must not read as yes.
"""

import dataclasses
import datetime
import enum
from collections.abc import Iterable, Mapping
from typing import NoReturn

from registry.formats.errors import AbsahError
from registry.formats.record import Kind, PermitRecord


class Outcome(enum.StrEnum):
    """How one check ended. `UNKNOWN` is an answer of its own: an outage is not a forgery."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Answer(enum.StrEnum):
    """The four questions that are answered apart."""

    INTACT = "intact"
    ISSUED = "issued"
    IN_FORCE = "in_force"
    AUTHORISED = "authorised"


class Subject(enum.StrEnum):
    """What was judged: a file's bytes, or the statement of a QR code, link or photo."""

    FILE = "file"
    STATEMENT = "statement"


class VerdictName(enum.StrEnum):
    """The one word for the whole; each has a sentence and a colour (`verifier.sentences`)."""

    GENUINE = "genuine"
    GENUINE_ON_DATE = "genuine_on_date"
    COMPARE = "compare"
    EXPIRED = "expired"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    SUPERSEDED = "superseded"
    ALTERED = "altered"
    STRANGER = "stranger"
    NEVER_ISSUED = "never_issued"
    WRONG_QR = "wrong_qr"
    FORGED_QR = "forged_qr"
    UNKNOWN_PERMIT = "unknown_permit"
    NOT_AUTHORISED = "not_authorised"
    RESAVED = "resaved"
    PRINTOUT = "printout"
    FOREIGN_HOST = "foreign_host"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One numbered check: `id` ("2.1 file_registered"), the answer it serves, its outcome.

    `reason` is a stable code, present exactly when the check did not pass.
    """

    id: str
    answer: Answer
    outcome: Outcome
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.PASSED) is not (self.reason is None):
            raise ValueError(f"check {self.id}: a reason belongs to every outcome but passed")


class InvalidPermitError(AbsahError):
    """`Verdict.require` was asked for a genuine document and has none; carries the verdict."""

    def __init__(self, verdict: "Verdict") -> None:
        super().__init__(f"the permit is {verdict.name}")
        self.verdict = verdict


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The whole finding about one input.

    `as_of` is when the registry was asked (UTC); `on` the date that someone asked about. `record` is what the
    registry holds for the document shown, `facts` the named values that the verdict's sentence needs.

    The answers and the name are the same for permits, decrees and letters: who wants a permit looks at `kind` as well.
    """

    subject: Subject
    name: VerdictName
    simulation: bool
    checks: tuple[Check, ...]
    as_of: datetime.datetime
    on: datetime.date | None = None
    record: PermitRecord | None = None
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> NoReturn:
        """Refused: ask for an answer, or `require`."""
        raise TypeError("a Verdict is neither true nor false; ask for its answers or call require()")

    @property
    def kind(self) -> Kind | None:
        """What `record` is the record of; None where there is none: then nothing here may be called a permit."""
        return None if self.record is None else self.record.kind

    def answer(self, answer: Answer) -> Outcome:
        """Failed if any of its checks failed, passed if all passed and there is one, else unknown."""
        return combine(check.outcome for check in self.checks if check.answer is answer)

    @property
    def answers(self) -> dict[Answer, Outcome]:
        """All four, in their order."""
        return {answer: self.answer(answer) for answer in Answer}

    def require(self) -> None:
        """Raise `InvalidPermitError` unless all four answers passed; for a decree or letter as for a permit."""
        if any(outcome is not Outcome.PASSED for outcome in self.answers.values()):
            raise InvalidPermitError(self)


def combine(outcomes: Iterable[Outcome]) -> Outcome:
    """Failed if any failed, unknown if any is unknown or there is none, else passed."""
    seen = set(outcomes)
    if Outcome.FAILED in seen:
        return Outcome.FAILED
    return Outcome.PASSED if seen == {Outcome.PASSED} else Outcome.UNKNOWN
