"""What the registry tells a stranger about one permit: everything a verdict needs, nothing private."""

import dataclasses
import datetime
import enum
from collections.abc import Iterable, Mapping
from typing import Final, Protocol


class Kind(enum.StrEnum):
    """What a numbered document is. A decree orders something about permits, a letter attests; neither is a permit."""

    PERMIT = "permit"
    DECREE = "decree"
    LETTER = "letter"


class Status(enum.StrEnum):
    """States that someone decides. Expiry is computed from the statement's end, never stored."""

    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    SUPERSEDED = "superseded"


FINAL: Final = frozenset({Status.REVOKED, Status.ANNULLED, Status.SUPERSEDED})


class MandateMode(enum.StrEnum):
    """By what right someone signs for the office (docs/glossary.md)."""

    DEFINITIVE = "definitive"
    PLT = "plt"
    PLH = "plh"
    AN = "an"
    UB = "ub"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublicField:
    """One line of the public view: already disclosed and masked, in Indonesian and English.

    `id` is stable ("number", "holder", "valid_until", …); `label` and `value` are keyed "id" and "en".
    """

    id: str
    label: Mapping[str, str]
    value: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QrPlace:
    """Where the QR symbol stands: page from 1, the symbol's box without quiet zone in millimetres from top left."""

    page: int
    left_mm: float
    top_mm: float
    size_mm: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MandateRecord:
    """Who was entitled to sign, how, and when. `valid_until` is the last day, None while it runs.

    `scope` names the permit types; empty means every type.
    """

    person: str
    rank: str
    employee_number: str
    mode: MandateMode
    office_title: str
    own_title: str
    decree_number: str
    decree_date: datetime.date
    scope: tuple[str, ...]
    valid_from: datetime.date
    valid_until: datetime.date | None

    def holds(self, day: datetime.date, pack: str) -> bool:
        """Whether this mandate covers `day` and the permit type of `pack`."""
        within = self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        return within and (not self.scope or pack.partition("/")[0] in self.scope)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignerRecord:
    """A certificate that signs for the office: DER, its issuers' DER from its own issuer to below the root."""

    certificate: bytes
    issuers: tuple[bytes, ...]
    sha256: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StatusRecord:
    """One change of state, as the instrument that ordered it says.

    `ground` is the reason in words, `legal_ground` the provision it rests on. `replaced_by` is the number of the
    permit that supersedes this one. `sequence` counts the changes of one permit from 1 (its issue) in the order in
    which they were recorded; `document_sha256` is the signed instrument's, once the registry holds it.
    """

    status: Status
    effective: datetime.datetime
    recorded: datetime.datetime
    ground: str
    instrument_number: str | None = None
    replaced_by: str | None = None
    legal_ground: str | None = None
    instrument_date: datetime.date | None = None
    document_sha256: bytes | None = None
    sequence: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A slip of the pen put right (*ralat*): the permit stays in force and is read with it.

    `field` names the place as the page does; `printed` is what stands there, `correct` what it should say.
    """

    field: str
    printed: str
    correct: str
    instrument_number: str
    instrument_date: datetime.date
    effective: datetime.datetime
    recorded: datetime.datetime
    document_sha256: bytes | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """The approved destruction of a permit's documents after retention; number, hashes and log entry remain."""

    minutes_number: str
    minutes_date: datetime.date
    recorded: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PermitRecord:
    """One permit as the registry knows it, or another numbered document, as `kind` says.

    `pack` is type and version ("genset/v1"). `qr_place` is None until the page was rendered. `issued_at` is the
    moment of issue, None while the permit is only frozen or signed. `file_sha256` and `signing_profile` are those
    of the signed document; `signer` the certificate that signed it; `revocation_lists` the CRLs (DER) of that day.
    `awaits_log`: issued, but no published checkpoint of the log covers the issue yet; within seconds one will.
    """

    serial: int
    number: str
    pack: str
    statement: bytes
    date_of_issue: datetime.date
    valid_until: datetime.date | None
    decision_digest: bytes
    public_view: tuple[PublicField, ...]
    qr_place: QrPlace | None
    mandate: MandateRecord
    issued_at: datetime.datetime | None
    file_sha256: bytes | None
    signing_profile: str | None
    signer: SignerRecord | None
    revocation_lists: tuple[bytes, ...]
    statuses: tuple[StatusRecord, ...]
    corrections: tuple[Correction, ...] = ()
    destroyed: Destruction | None = None
    awaits_log: bool = False
    kind: Kind = Kind.PERMIT

    def status_at(self, moment: datetime.datetime) -> StatusRecord | None:
        """The change whose state held at `moment` (`state_at`). None: not yet issued."""
        return state_at(self.statuses, moment)


def state_at(changes: Iterable[StatusRecord], moment: datetime.datetime) -> StatusRecord | None:
    """The change whose state held at `moment`; None before the first.

    Changes count in the order in which they take effect; of those that take effect at the same instant the later
    recorded counts. Nothing follows a final state: a suspension ordered for next week is moot once the permit was
    revoked.
    """
    state: StatusRecord | None = None
    for change in sorted(changes, key=lambda change: (change.effective, change.sequence, change.recorded)):
        if change.effective > moment or (state is not None and state.status in FINAL):
            break
        state = change
    return state


class RegistryView(Protocol):
    """What the verifier asks of a registry. Every method may raise `UnavailableError`."""

    def permit_by_serial(self, serial: int) -> PermitRecord | None:
        """The permit that holds this place in the status list."""

    def permit_by_file(self, sha256: bytes) -> PermitRecord | None:
        """The permit that was issued as exactly this file."""

    def signers(self) -> tuple[SignerRecord, ...]:
        """Every certificate that ever signed for the office."""

    def document(self, sha256: bytes) -> bytes:
        """The registered bytes, checked against their hash. Raises `UnavailableError` if missing or damaged."""

    def proof(self, serial: int) -> bytes | None:
        """That the permit's issue stands in the log, as a `.tlog-proof` file; None while no checkpoint covers it."""
