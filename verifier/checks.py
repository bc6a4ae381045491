"""The numbered checks: evidence in, findings out. Pure; nothing here asks anyone or opens anything.

The plan. A file with a signature answers all of it; a file without one answers 1 as a file and the rest like
a statement; a code, link or photo answers 1.0 and from 2.0 on.

  1 intact      1.0 paper_compared         (statements) nobody but the reader can compare paper: always unknown
                1.1 file_readable          the confined reader opened it
                1.2 signature_present      it holds a signature
                1.3 signature_value        digest, signature and signer's certificate belong together
                1.4 whole_file_covered     nothing was added, removed or hidden since
                1.5 registered_content     it is not a registered file in another container
                1.6 qr_belongs_to_file     its QR code speaks of this very file
  2 issued      2.0 statement_readable     code, link or digits are a statement of this office's form
                2.1 file_registered        these very bytes were issued
                2.2 statement_signature    the office's key signed the statement
                2.3 statement_registered   the registry holds the same statement, byte for byte
                2.4 permit_issued          its permit was issued, not just prepared
                2.5 log_covered            a published checkpoint of the log covers the issue
  3 in force    3.1 status                 neither suspended, revoked, annulled nor superseded on the day
                3.2 validity_period        the day lies between issue and end
  4 authorised  4.1 signer_known           the certificate is one that signs for the office
                4.2 certificate_valid      it was valid at the earliest proven time of the signature
                4.3 mandate                who signed was entitled to, on the date of issue

A file whose SHA-256 the registry knows as issued needs no reading of its QR code: 1.5, 1.6 and 2.3 were
proven when it was issued. Its proven time is the registry's; for every other file it is now.

2.5 passes by itself within seconds of an issue. Nothing waits for the log but the issue: a change of state counts as
soon as it is recorded.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from registry.formats.record import PermitRecord, Status
from registry.formats.verdict import Answer, Check, Outcome, Subject
from verifier.findings import Chain, FileFindings, FileKind, SignatureFindings
from verifier.shown import Shown

NOT_CHECKED: Final = "not_checked"
REGISTRY_UNREACHABLE: Final = "registry_unreachable"
AWAITS_LOG: Final = "awaits_log"

# What is wrong with the signature itself; every other problem of the gate is about what stands round it.
_VALUE_PROBLEMS: Final = frozenset(
    {
        "digest_mismatch",
        "signature_invalid",
        "weak_algorithm",
        "no_signed_attributes",
        "no_signing_certificate",
        "container_malformed",
        "container_too_large",
        "too_many_certificates",
    }
)
_STRIPPED: Final = "signature_stripped"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was found out about one input, before anything is concluded from it.

    `reading` is None when the reader gave no answer, and `reader_cause` then says why. `shown` is the statement
    that the input stands for, None where no code was found; `shown_belongs` whether it speaks of the file at
    hand (None: nothing to tell by), `other_codes` that the file shows further statements of the office.
    `exact` is the record of exactly this file as issued, `permit` that of the permit in question: the exact one,
    else the one whose registered statement is the one shown, else the one whose signed revision the file holds.
    `same_signed_bytes`: a registered file has the same signed bytes as this one (None: could not be found out).
    `chain` is the judgement of the certificate that counts here. `registry_reached` is False as soon as any
    question found no answer.
    """

    subject: Subject
    now: datetime.datetime
    on: datetime.date | None
    zone: ZoneInfo
    registry_reached: bool
    reading: FileFindings | None = None
    reader_cause: str | None = None
    shown: Shown | None = None
    shown_belongs: bool | None = None
    other_codes: bool = False
    shown_record: PermitRecord | None = None
    exact: PermitRecord | None = None
    permit: PermitRecord | None = None
    same_signed_bytes: bool | None = False
    signers_reached: bool = True
    chain: Chain = Chain.UNKNOWN
    chain_reason: str | None = None

    @property
    def signature(self) -> SignatureFindings | None:
        """What the gate found, for a PDF that has or had a signature."""
        signature = None if self.reading is None else self.reading.signature
        return signature if signature is not None and signature.signed else None

    @property
    def unregistered(self) -> str:
        """Why a record is missing: an outage is no proof of absence."""
        return NOT_CHECKED if self.registry_reached else REGISTRY_UNREACHABLE


def run(evidence: Evidence) -> tuple[Check, ...]:
    """Every check of the plan that the input is subject to, in order."""
    is_file = evidence.subject is Subject.FILE
    return (
        *(_intact_file(evidence) if is_file else _intact_statement()),
        *_issued(evidence),
        *_in_force(evidence),
        *_authorised(evidence),
    )


def _passed(name: str, answer: Answer) -> Check:
    return Check(name, answer, Outcome.PASSED)


def _failed(name: str, answer: Answer, reason: str) -> Check:
    return Check(name, answer, Outcome.FAILED, reason)


def _unknown(name: str, answer: Answer, reason: str) -> Check:
    return Check(name, answer, Outcome.UNKNOWN, reason)


# 1 intact


def _intact_statement() -> Iterator[Check]:
    yield _unknown("1.0 paper_compared", Answer.INTACT, "paper_not_compared")


def _intact_file(evidence: Evidence) -> Iterator[Check]:
    yield _file_readable(evidence)
    signature = evidence.signature
    if signature is None:
        yield from _intact_unsigned(evidence)
    else:
        yield _signature_present(signature)
        yield _signature_value(signature)
        yield _whole_file_covered(signature)
        yield _registered_content(evidence)
    yield _qr_belongs_to_file(evidence)


def _file_readable(evidence: Evidence) -> Check:
    name, reading = "1.1 file_readable", evidence.reading
    if reading is None:
        return _unknown(name, Answer.INTACT, evidence.reader_cause or "reader_stopped")
    if reading.kind is not FileKind.PDF:
        return _unknown(name, Answer.INTACT, "not_a_document")
    if evidence.signature is None and evidence.exact is None and reading.pages == 0:
        return _unknown(name, Answer.INTACT, "file_unreadable")
    return _passed(name, Answer.INTACT)


def _intact_unsigned(evidence: Evidence) -> Iterator[Check]:
    reading = evidence.reading
    if reading is None or reading.kind is not FileKind.PDF:
        reason = NOT_CHECKED
    else:
        reason = "image_only" if reading.image_only else "no_signature"
    yield _unknown("1.2 signature_present", Answer.INTACT, reason)
    for name in ("1.3 signature_value", "1.4 whole_file_covered", "1.5 registered_content"):
        yield _unknown(name, Answer.INTACT, NOT_CHECKED)


def _signature_present(signature: SignatureFindings) -> Check:
    name = "1.2 signature_present"
    if _STRIPPED in signature.problems:
        return _failed(name, Answer.INTACT, _STRIPPED)
    return _passed(name, Answer.INTACT)


def _signature_value(signature: SignatureFindings) -> Check:
    name = "1.3 signature_value"
    wrong = [code for code in signature.problems if code in _VALUE_PROBLEMS]
    if wrong or signature.cryptographically_valid is False:
        return _failed(name, Answer.INTACT, wrong[0] if wrong else "signature_invalid")
    if signature.cryptographically_valid is None:
        return _unknown(name, Answer.INTACT, NOT_CHECKED)
    return _passed(name, Answer.INTACT)


def _whole_file_covered(signature: SignatureFindings) -> Check:
    name = "1.4 whole_file_covered"
    around = [code for code in signature.problems if code not in _VALUE_PROBLEMS and code != _STRIPPED]
    if around:
        return _failed(name, Answer.INTACT, around[0])
    if signature.byte_range is None:
        return _unknown(name, Answer.INTACT, NOT_CHECKED)
    return _passed(name, Answer.INTACT)


def _registered_content(evidence: Evidence) -> Check:
    name = "1.5 registered_content"
    if evidence.exact is not None:
        return _passed(name, Answer.INTACT)
    if evidence.same_signed_bytes:
        return _failed(name, Answer.INTACT, "signature_container_changed")
    if not evidence.registry_reached:
        return _unknown(name, Answer.INTACT, REGISTRY_UNREACHABLE)
    if evidence.same_signed_bytes is None:
        destroyed = evidence.permit is not None and evidence.permit.destroyed is not None
        return _unknown(name, Answer.INTACT, "document_destroyed" if destroyed else "document_unavailable")
    return _passed(name, Answer.INTACT)


def _qr_belongs_to_file(evidence: Evidence) -> Check:
    name, shown = "1.6 qr_belongs_to_file", evidence.shown
    if evidence.reading is not None and shown is None:
        return _unknown(name, Answer.INTACT, "no_qr_found")
    if shown is None or not shown.verified:
        return _unknown(name, Answer.INTACT, NOT_CHECKED)  # 2.0 and 2.2 say what is wrong with it
    if evidence.shown_belongs is False:
        return _failed(name, Answer.INTACT, "qr_of_another_permit")
    if evidence.signature is None and evidence.other_codes:
        return _unknown(name, Answer.INTACT, "several_codes")
    if evidence.shown_belongs is None:
        return _unknown(name, Answer.INTACT, NOT_CHECKED)
    return _passed(name, Answer.INTACT)


# 2 issued


def _issued(evidence: Evidence) -> Iterator[Check]:
    yield _statement_readable(evidence)
    if evidence.subject is Subject.FILE:
        yield _file_registered(evidence)
    statement_signature = _statement_signature(evidence)
    yield statement_signature
    if statement_signature.outcome is not Outcome.PASSED:
        yield _unknown("2.3 statement_registered", Answer.ISSUED, NOT_CHECKED)
        yield _unknown("2.4 permit_issued", Answer.ISSUED, NOT_CHECKED)
        yield _unknown("2.5 log_covered", Answer.ISSUED, NOT_CHECKED)
        return
    yield _statement_registered(evidence)
    yield _permit_issued(evidence)
    yield _log_covered(evidence)


def _statement_readable(evidence: Evidence) -> Check:
    name, shown = "2.0 statement_readable", evidence.shown
    if shown is None:
        unread = evidence.reading is None
        return _unknown(name, Answer.ISSUED, (evidence.reader_cause or NOT_CHECKED) if unread else "no_qr_found")
    if shown.signed is None and shown.problem is not None:
        return _failed(name, Answer.ISSUED, shown.problem)
    return _passed(name, Answer.ISSUED)


def _file_registered(evidence: Evidence) -> Check:
    name = "2.1 file_registered"
    if evidence.exact is not None:
        return _passed(name, Answer.ISSUED)
    if not evidence.registry_reached:
        return _unknown(name, Answer.ISSUED, REGISTRY_UNREACHABLE)
    if evidence.reading is None:
        return _unknown(name, Answer.ISSUED, NOT_CHECKED)
    if evidence.reading.kind is not FileKind.PDF:
        return _unknown(name, Answer.ISSUED, NOT_CHECKED)  # 1.1 says that it is no document
    if evidence.signature is None and evidence.shown_belongs is not False:
        return _unknown(name, Answer.ISSUED, "unsigned_copy")  # no copy without signature was ever registered
    return _failed(name, Answer.ISSUED, "file_not_registered")


def _statement_signature(evidence: Evidence) -> Check:
    name, shown = "2.2 statement_signature", evidence.shown
    if shown is None or shown.signed is None:
        return _unknown(name, Answer.ISSUED, NOT_CHECKED)
    if shown.problem is not None:
        return _failed(name, Answer.ISSUED, shown.problem)
    if shown.key is not None and shown.key.revoked_at is not None and shown.key.revoked_at <= evidence.now:
        # Whoever holds the key now can date a statement back; only the registry's own record proves its age.
        if evidence.shown_record is None and not evidence.registry_reached:
            return _unknown(name, Answer.ISSUED, REGISTRY_UNREACHABLE)
        if not _issued_before(evidence.shown_record, shown.signed.token, shown.key.revoked_at):
            return _failed(name, Answer.ISSUED, "key_revoked")
    return _passed(name, Answer.ISSUED)


def _issued_before(record: PermitRecord | None, token: bytes, moment: datetime.datetime) -> bool:
    if record is None or record.issued_at is None:
        return False
    return record.statement == token and record.issued_at < moment


def _statement_registered(evidence: Evidence) -> Check:
    name, shown, record = "2.3 statement_registered", evidence.shown, evidence.shown_record
    if record is None:
        if not evidence.registry_reached:
            return _unknown(name, Answer.ISSUED, REGISTRY_UNREACHABLE)
        return _failed(name, Answer.ISSUED, "unknown_serial")
    if shown is None or shown.signed is None or record.statement != shown.signed.token:
        return _failed(name, Answer.ISSUED, "statement_differs")
    return _passed(name, Answer.ISSUED)


def _permit_issued(evidence: Evidence) -> Check:
    name, record = "2.4 permit_issued", evidence.shown_record
    if record is None:
        return _unknown(name, Answer.ISSUED, evidence.unregistered)
    if record.issued_at is None:
        return _failed(name, Answer.ISSUED, "never_issued")
    return _passed(name, Answer.ISSUED)


def _log_covered(evidence: Evidence) -> Check:
    name, record = "2.5 log_covered", evidence.shown_record
    if record is None:
        return _unknown(name, Answer.ISSUED, evidence.unregistered)
    if record.issued_at is None:
        return _unknown(name, Answer.ISSUED, NOT_CHECKED)
    if record.awaits_log:
        return _unknown(name, Answer.ISSUED, AWAITS_LOG)
    return _passed(name, Answer.ISSUED)


# 3 in force


def _in_force(evidence: Evidence) -> Iterator[Check]:
    yield _status(evidence)
    yield _validity_period(evidence)


def _status(evidence: Evidence) -> Check:
    name, permit = "3.1 status", evidence.permit
    if permit is None:
        return _unknown(name, Answer.IN_FORCE, evidence.unregistered)
    if permit.issued_at is None:
        return _unknown(name, Answer.IN_FORCE, "never_issued")
    change = permit.status_at(judged_moment(evidence))
    if change is None:
        return _unknown(name, Answer.IN_FORCE, "no_status")
    if change.status is not Status.IN_FORCE:
        return _failed(name, Answer.IN_FORCE, change.status)
    return _passed(name, Answer.IN_FORCE)


def _validity_period(evidence: Evidence) -> Check:
    name, permit = "3.2 validity_period", evidence.permit
    if permit is None:
        return _unknown(name, Answer.IN_FORCE, evidence.unregistered)
    day = evidence.on or _today(evidence)
    if day < permit.date_of_issue:
        return _failed(name, Answer.IN_FORCE, "not_yet_in_force")
    if permit.valid_until is not None and day > permit.valid_until:
        return _failed(name, Answer.IN_FORCE, "expired")
    return _passed(name, Answer.IN_FORCE)


def judged_moment(evidence: Evidence) -> datetime.datetime:
    """The moment whose status counts: now, or the last one of the day asked about."""
    if evidence.on is None:
        return evidence.now
    # Wall-clock arithmetic: the day's last microsecond, however long the zone makes the day.
    return datetime.datetime.combine(evidence.on, datetime.time.max, evidence.zone)


def is_foreseen(evidence: Evidence) -> bool:
    """Whether the day asked about is yet to come: the answer is then what the registry knows today, and says so."""
    return evidence.on is not None and evidence.on > _today(evidence)


def _today(evidence: Evidence) -> datetime.date:
    return evidence.now.astimezone(evidence.zone).date()


# 4 authorised


def _authorised(evidence: Evidence) -> Iterator[Check]:
    yield _signer_known(evidence)
    yield _certificate_valid(evidence)
    yield _mandate(evidence)


def _signer_known(evidence: Evidence) -> Check:
    name, signature = "4.1 signer_known", evidence.signature
    if signature is None:
        return _registered_signer(name, evidence)
    if signature.signer_known:
        return _passed(name, Answer.AUTHORISED)
    if not evidence.signers_reached:
        return _unknown(name, Answer.AUTHORISED, REGISTRY_UNREACHABLE)
    # A broken signature under an unreadable certificate may once have been ours: then it is altered, no stranger.
    if signature.cryptographically_valid or not _sign_of_ours(evidence):
        return _failed(name, Answer.AUTHORISED, "signer_unknown")
    return _unknown(name, Answer.AUTHORISED, NOT_CHECKED)


def _registered_signer(name: str, evidence: Evidence) -> Check:
    """The registry's own record of who signed, where there is no signature to look at."""
    if evidence.permit is None:
        return _unknown(name, Answer.AUTHORISED, evidence.unregistered)
    if evidence.permit.signer is None:
        return _unknown(name, Answer.AUTHORISED, NOT_CHECKED)
    return _passed(name, Answer.AUTHORISED)


def _sign_of_ours(evidence: Evidence) -> bool:
    verified = evidence.shown is not None and evidence.shown.verified
    return verified or evidence.exact is not None or evidence.permit is not None


def _certificate_valid(evidence: Evidence) -> Check:
    name = "4.2 certificate_valid"
    if evidence.chain is Chain.PASSED:
        return _passed(name, Answer.AUTHORISED)
    if evidence.chain is Chain.FAILED:
        return _failed(name, Answer.AUTHORISED, evidence.chain_reason or "chain_invalid")
    return _unknown(name, Answer.AUTHORISED, evidence.chain_reason or NOT_CHECKED)


def _mandate(evidence: Evidence) -> Check:
    name, permit = "4.3 mandate", evidence.permit
    if permit is None:
        return _unknown(name, Answer.AUTHORISED, evidence.unregistered)
    if not permit.mandate.holds(permit.date_of_issue, permit.pack):
        return _failed(name, Answer.AUTHORISED, "outside_mandate")
    return _passed(name, Answer.AUTHORISED)
