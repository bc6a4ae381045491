"""One question about anything that someone may hold in the hand: is it a genuine permit, and does it stand.

    verdict = Verifier(trust=…, registry=…, reader=…, host=…, zone=…).verify(data_or_link, now=…)

To verify an input, the following is done:

  (1) tell the subject: a PDF is judged as a file; a link, digits or a photo by the statement they show
  (2) files: ask the registry for exactly these bytes, then let the confined reader open them
  (3) read the statement shown; of several, the one that speaks of the file at hand
  (4) ask the registry for the statement's permit, and settle which permit is in question
  (5) judge the certificate at the earliest proven time of its signature
  (6) run the numbered checks over this evidence (`verifier.checks`)
  (7) conclude the one word (`verifier.conclusion`), with the values its sentence names

Total: any bytes and any text end in a verdict. An outage of registry or reader is an answer (unknown), not an
exception. Nothing is fetched, and the clock is an argument.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterable
from typing import Final
from zoneinfo import ZoneInfo

from keys.trust import Trust
from registry.formats import canonical
from registry.formats.errors import UnavailableError
from registry.formats.record import PermitRecord, RegistryView, SignerRecord
from registry.formats.statement import DIGEST_BYTES
from registry.formats.verdict import Subject, Verdict, VerdictName
from verifier import chain, checks
from verifier.asking import Asking
from verifier.checks import Evidence
from verifier.conclusion import conclude
from verifier.facts import facts_of, is_ours
from verifier.findings import Chain, FileFindings, FileKind, SignatureFindings, sniff
from verifier.reader import FileReader, ReaderStoppedError
from verifier.request import DEFAULT_PROFILE, ReadRequest
from verifier.shown import Problem, Shown, read_text, read_token

# A decision is a form of a few kilobytes; to parse as much as this, made to be dear, takes a tenth of a second.
_MAX_DECISION_BYTES: Final = 128 << 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the reader gave: findings, or why there are none."""

    findings: FileFindings | None
    cause: str | None = None


class Verifier:
    """Judges files, links, digits and photos against trust anchors and a registry.

    `host` is that of the office's links, `zone` the office's, in which its dates are meant. With
    `always_read_codes` the QR code of a registered file is read as well: the check before a file is published
    needs it, because every later one relies on that check. Holds no state: one verifier may serve many threads.
    """

    def __init__(
        self,
        *,
        trust: Trust,
        registry: RegistryView,
        reader: FileReader,
        host: str,
        zone: ZoneInfo,
        always_read_codes: bool = False,
    ) -> None:
        self._trust = trust
        self._registry = registry
        self._reader = reader
        self._host = host
        self._zone = zone
        self._always_read_codes = always_read_codes

    def verify(self, subject: bytes | str, *, now: datetime.datetime, on: datetime.date | None = None) -> Verdict:
        """The verdict about a file's bytes, or about the text of a link or its digits.

        `now` is the clock, with its zone; `on` a day someone asks about, else it is today. A day that is yet to come is
        answered by what the registry knows today, and the sentence says so. Raises `ValueError` for a naive `now`.
        """
        if now.tzinfo is None:
            raise ValueError("now must carry its time zone")
        asking = Asking(self._registry)
        # (1) the subject
        if isinstance(subject, str):
            shown = read_text(subject, host=self._host, trust=self._trust, zone=self._zone)
            evidence = self._statement_evidence(asking, shown, now=now, on=on)
        elif sniff(subject) is FileKind.IMAGE:
            reading = self._read(subject, self._request((), None, now))
            shown_in_photo = self._choose(reading.findings, belongs=lambda _: None)
            evidence = self._statement_evidence(asking, shown_in_photo, now=now, on=on, reading=reading)
        else:
            evidence = self._file_evidence(asking, subject, now=now, on=on)
        return self._verdict(evidence)

    # Files: steps 2 to 5

    def _file_evidence(
        self, asking: Asking, data: bytes, *, now: datetime.datetime, on: datetime.date | None
    ) -> Evidence:
        # (2) the registry first: these very bytes need no more than the gate
        exact = asking.by_file(hashlib.sha256(data).digest())
        signers = asking.signers()
        reading = self._read(data, self._request(signers or (), exact, now))
        signature = None if reading.findings is None else reading.findings.signature
        # (3) the statement shown: of these very bytes it is known, of others it must be read
        revision = exact or _revision_record(asking, signature)
        digest = _attachment_digest(reading.findings)

        def belongs(one: Shown) -> bool | None:
            return _speaks_of(one, revision, digest)

        if exact is not None and not self._always_read_codes:
            shown: Shown | None = read_token(exact.statement, trust=self._trust, zone=self._zone)
        else:
            shown = self._choose(reading.findings, belongs=belongs)
        shown_belongs = belongs(shown) if shown is not None and shown.verified else None
        # (4) its permit, and the permit in question
        shown_record = asking.by_statement(shown)
        permit = exact or _permit_in_question(shown, shown_record, revision, belongs=shown_belongs)
        # (5) the certificate: where a signature is there, the gate has judged it
        outcome, reason = _certificate(signature)
        if signature is None or not signature.signed:
            outcome, reason = self._registered_certificate(permit)
        return Evidence(
            subject=Subject.FILE,
            now=now,
            on=on,
            zone=self._zone,
            reading=reading.findings,
            reader_cause=reading.cause,
            shown=shown,
            shown_belongs=shown_belongs,
            other_codes=self._shows_several(reading.findings),
            shown_record=shown_record,
            exact=exact,
            permit=permit,
            same_signed_bytes=_same_signed_bytes(asking, data, signature, None if exact else permit),
            signers_reached=signers is not None,
            chain=outcome,
            chain_reason=reason,
            registry_reached=asking.reached,
        )

    # Statements: steps 3 to 5

    def _statement_evidence(
        self,
        asking: Asking,
        shown: Shown | None,
        *,
        now: datetime.datetime,
        on: datetime.date | None,
        reading: _Reading | None = None,
    ) -> Evidence:
        # (4) its permit
        record = asking.by_statement(shown)
        permit = _permit_in_question(shown, record, None, belongs=None)
        # (5) its signer, as the registry recorded it
        outcome, reason = self._registered_certificate(permit)
        return Evidence(
            subject=Subject.STATEMENT,
            now=now,
            on=on,
            zone=self._zone,
            reading=None if reading is None else reading.findings,
            reader_cause=None if reading is None else reading.cause,
            shown=shown,
            shown_record=record,
            permit=permit,
            chain=outcome,
            chain_reason=reason,
            registry_reached=asking.reached,
        )

    def _request(
        self, signers: tuple[SignerRecord, ...], exact: PermitRecord | None, now: datetime.datetime
    ) -> ReadRequest:
        request = ReadRequest(
            roots=self._trust.roots,
            signers=signers,
            revocation_lists=self._trust.revocation_lists,
            moment=now,
            profile=DEFAULT_PROFILE,
            host=self._host,
        )
        if exact is None or exact.issued_at is None:
            return request
        # The certificate of registered bytes is judged when they were issued, by the lists of that day.
        return dataclasses.replace(
            request,
            signers=signers if exact.signer is None else (exact.signer, *signers),
            revocation_lists=exact.revocation_lists,
            moment=exact.issued_at,
            profile=exact.signing_profile or DEFAULT_PROFILE,
            codes=self._always_read_codes,
        )

    def _read(self, data: bytes, request: ReadRequest) -> _Reading:
        try:
            findings = self._reader.read(data, request)
        except ReaderStoppedError as error:
            return _Reading(findings=None, cause=error.cause)
        except UnavailableError:
            return _Reading(findings=None, cause="reader_unavailable")
        if findings.kind is not sniff(data):
            return _Reading(findings=None, cause="answer_refused")  # only a child taken over would say so
        return _Reading(findings=findings)

    def _choose(self, findings: FileFindings | None, *, belongs: Callable[[Shown], bool | None]) -> Shown | None:
        """Of the codes shown: the file's own, else one of the office's, else a forged one, else a foreign one."""
        ranks: dict[bool | None, int] = {True: 0, None: 1, False: 2}

        def rank(one: Shown) -> int:
            if one.verified:
                return ranks[belongs(one)]
            return 4 if one.problem is Problem.FOREIGN_HOST else 3

        found = (one for one in self._codes(findings) if one.problem is not Problem.NOT_A_STATEMENT)
        return min(found, key=rank, default=None)

    def _codes(self, findings: FileFindings | None) -> Iterable[Shown]:
        texts = () if findings is None else findings.texts
        return (read_text(code.text, host=self._host, trust=self._trust, zone=self._zone) for code in texts)

    def _shows_several(self, findings: FileFindings | None) -> bool:
        verified = {one.signed.token for one in self._codes(findings) if one.verified and one.signed is not None}
        return len(verified) > 1

    def _registered_certificate(self, permit: PermitRecord | None) -> tuple[Chain, str | None]:
        if permit is None or permit.signer is None or permit.issued_at is None:
            return Chain.UNKNOWN, None
        try:
            return chain.judge(
                permit.signer,
                roots=self._trust.roots,
                revocation_lists=permit.revocation_lists,
                moment=permit.issued_at,
            )
        except ValueError:
            return Chain.UNKNOWN, "record_damaged"

    # All: steps 6 and 7

    def _verdict(self, evidence: Evidence) -> Verdict:
        results = checks.run(evidence)
        conclusion = conclude(results, subject=evidence.subject, on=evidence.on)
        return Verdict(
            subject=evidence.subject,
            name=conclusion.name,
            simulation=self._trust.simulation and is_ours(evidence),
            checks=results,
            as_of=evidence.now.astimezone(datetime.UTC),
            on=evidence.on,
            record=evidence.shown_record if conclusion.name is VerdictName.WRONG_QR else evidence.permit,
            facts=facts_of(evidence, conclusion),
        )


def _revision_record(asking: Asking, signature: SignatureFindings | None) -> PermitRecord | None:
    """The permit that was issued as the signed revision of this file: something was appended since."""
    if signature is None or signature.signed_revision_sha256 is None:
        return None
    return asking.by_file(bytes.fromhex(signature.signed_revision_sha256))


def _attachment_digest(findings: FileFindings | None) -> bytes | None:
    """SHA-256 of the decision that a file says it is; None where it says nothing that can be relied on.

    Under a signature that holds this is the signed attachment. Otherwise it must at least be short and in canonical
    form: a damaged attachment makes a damaged file, not one with the code of another permit.
    """
    if findings is None:
        return None
    signature = findings.signature
    if signature is not None and signature.attachment_bytes is not None and signature.cryptographically_valid:
        return hashlib.sha256(signature.attachment_bytes).digest()
    attachment = findings.attachment_bytes
    return hashlib.sha256(attachment).digest() if attachment is not None and _is_canonical(attachment) else None


def _is_canonical(data: bytes) -> bool:
    """Asked of hostile bytes, in the parent, and therefore of no more than a decision may be."""
    if len(data) > _MAX_DECISION_BYTES:
        return False
    try:
        return canonical.dump(canonical.parse(data)) == data
    except canonical.CanonicalError:
        return False


def _speaks_of(shown: Shown, revision: PermitRecord | None, digest: bytes | None) -> bool | None:
    """Whether a statement speaks of the file at hand; None where there is nothing to tell by."""
    if shown.signed is None:
        return None
    if revision is not None:
        return shown.signed.statement.serial == revision.serial
    if digest is not None:
        return shown.signed.statement.digest == digest[:DIGEST_BYTES]
    return None


def _permit_in_question(
    shown: Shown | None, shown_record: PermitRecord | None, revision: PermitRecord | None, *, belongs: bool | None
) -> PermitRecord | None:
    """The permit that the input is about: of the wrong code's permit nothing is said."""
    if shown_record is not None and shown is not None and shown.signed is not None and belongs is not False:
        return shown_record if shown_record.statement == shown.signed.token else revision
    return revision


def _certificate(signature: SignatureFindings | None) -> tuple[Chain, str | None]:
    if signature is None or not signature.signer_known:
        return Chain.UNKNOWN, None
    return Chain(signature.chain), signature.chain_reason


def _same_signed_bytes(
    asking: Asking, data: bytes, signature: SignatureFindings | None, record: PermitRecord | None
) -> bool | None:
    """Whether `record`'s registered file has the same signed bytes as `data`, which is not that file.

    A CMS container is signed only in part, so its bytes can change while every signature in it holds.
    """
    if signature is None or signature.byte_range is None or not signature.cryptographically_valid:
        return False
    if record is None or record.issued_at is None or record.file_sha256 is None or signature.problems:
        return False
    if record.destroyed is not None:
        return None
    registered = asking.document(record.file_sha256)
    if registered is None:
        return None
    start, length, resume, rest = signature.byte_range
    parts = (slice(start, start + length), slice(resume, resume + rest))
    return data != registered and all(data[part] == registered[part] for part in parts)
