"""What the public door answers: a table of attacks and of fates, and that nothing at all makes it fall over.

The registry is a plain class in memory and the reader one that says what it was told; keys, statements and
certificates are real. Everything named is invented.
"""

import base64
import dataclasses
import datetime
import hashlib
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.development import DevelopmentPki
from keys.statement import Ed25519StatementSigner
from keys.trust import Trust
from registry.formats import canonical, statement
from registry.formats.errors import UnavailableError
from registry.formats.record import (
    Correction,
    Destruction,
    Kind,
    MandateMode,
    MandateRecord,
    PermitRecord,
    PublicField,
    QrPlace,
    SignerRecord,
    Status,
    StatusRecord,
)
from registry.formats.verdict import Answer, InvalidPermitError, Outcome, Subject, Verdict, VerdictName
from verifier import conclusion
from verifier.checks import Evidence
from verifier.findings import Chain, CodeText, FileFindings, FileKind, SignatureFindings, sniff
from verifier.reader import ReaderStoppedError
from verifier.request import ReadRequest
from verifier.sentences import action, colour, dated, leading, sentence
from verifier.verify import Verifier

HOST = "izin.contoh.example"
ZONE = ZoneInfo("Asia/Jakarta")
ISSUED_AT = datetime.datetime(2026, 11, 23, 4, 0, tzinfo=datetime.UTC)
NOW = datetime.datetime(2026, 11, 24, 1, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
P, F, U = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
PHOTO = b"\xff\xd8\xff an invented photograph"
JUNK = b"GIF89a no permit"


class Registry:
    """A `RegistryView` in memory, which can be struck dumb."""

    def __init__(self) -> None:
        self.records: list[PermitRecord] = []
        self.known_signers: list[SignerRecord] = []
        self.documents: dict[bytes, bytes] = {}
        self.dumb: set[str] = set()

    def _answer(self, question: str) -> None:
        if question in self.dumb:
            raise UnavailableError("the registry does not answer")

    def permit_by_serial(self, serial: int) -> PermitRecord | None:
        self._answer("serial")
        return next((record for record in self.records if record.serial == serial), None)

    def permit_by_file(self, sha256: bytes) -> PermitRecord | None:
        self._answer("file")
        return next((record for record in self.records if record.file_sha256 == sha256), None)

    def signers(self) -> tuple[SignerRecord, ...]:
        self._answer("signers")
        return tuple(self.known_signers)

    def document(self, sha256: bytes) -> bytes:
        self._answer("document")
        return self.documents[sha256]

    def proof(self, serial: int) -> bytes | None:
        self._answer("proof")
        return f"proof of {serial}".encode()


class Reader:
    """A `FileReader` that says what it was told about a file, or fails as it was told."""

    def __init__(self) -> None:
        self.answers: dict[bytes, FileFindings | Exception] = {}
        self.requests: list[ReadRequest] = []

    def read(self, data: bytes, request: ReadRequest) -> FileFindings:
        self.requests.append(request)
        answer = self.answers[data]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclasses.dataclass
class Permit:
    """A permit, issued as an invented file."""

    record: PermitRecord
    data: bytes
    attachment: bytes
    link: str

    @property
    def digits(self) -> str:
        return self.link.rpartition("/")[2]


class World:
    """An office with its keys, its registry, and the verifier before it."""

    def __init__(self, pki: DevelopmentPki) -> None:
        self.pki = pki
        self.trust = pki.trust(ISSUED_AT)
        key = pki.signing_key()
        sha256 = hashlib.sha256(key.certificate).digest()
        self.signer = SignerRecord(certificate=key.certificate, issuers=key.issuers, sha256=sha256)
        self.registry, self.reader = Registry(), Reader()
        self.registry.known_signers.append(self.signer)
        self.first = self.issue(1, holder="PT Menara Contoh")
        self.second = self.issue(2, holder="RS Contoh Sehat")

    def verifier(self, *, trust: Trust | None = None, always_read_codes: bool = False) -> Verifier:
        return Verifier(
            trust=trust or self.trust,
            registry=self.registry,
            reader=self.reader,
            host=HOST,
            zone=ZONE,
            always_read_codes=always_read_codes,
        )

    def verify(self, subject: bytes | str, *, now: datetime.datetime = NOW, on: datetime.date | None = None) -> Verdict:
        return self.verifier().verify(subject, now=now, on=on)

    def say(self, said: statement.Statement, signer: statement.StatementSigner | None = None) -> str:
        return statement.link(HOST, statement.sign(said, signer or self.pki.statement_signer()))

    def statement(self, serial: int, attachment: bytes, holder: str) -> statement.Statement:
        return statement.Statement(
            number=f"503/{serial:03}/2026",
            issued=statement.midnight(datetime.date(2026, 11, 23), ZONE),
            expires=statement.midnight(datetime.date(2041, 11, 24), ZONE),
            pack="genset/v1",
            holder=holder,
            subject="1 unit 20 kVA",
            digest=hashlib.sha256(attachment).digest()[:16],
            serial=serial,
        )

    def issue(self, serial: int, *, holder: str = "PT Contoh") -> Permit:
        attachment = canonical.dump({"holder": holder, "serial": serial})
        link = self.say(self.statement(serial, attachment, holder))
        data = b"%PDF-1.7 signed " + bytes([serial]) + b" [container] " + b"end"
        record = PermitRecord(
            serial=serial,
            number=f"503/{serial:03}/2026",
            pack="genset/v1",
            statement=statement.from_digits(link.rpartition("/")[2]),
            date_of_issue=datetime.date(2026, 11, 23),
            valid_until=datetime.date(2041, 11, 23),
            decision_digest=hashlib.sha256(attachment).digest(),
            public_view=(
                PublicField(id="number", label={"id": "Nomor", "en": "Number"}, value={"id": "1", "en": "1"}),
            ),
            qr_place=QrPlace(page=1, left_mm=20, top_mm=200, size_mm=33),
            mandate=MandateRecord(
                person="Drs. H. Contoh",
                rank="Pembina",
                employee_number="19700101 199001 1 001",
                mode=MandateMode.DEFINITIVE,
                office_title="Kepala Dinas",
                own_title="Kepala Dinas",
                decree_number="821/1/2026",
                decree_date=datetime.date(2026, 1, 2),
                scope=(),
                valid_from=datetime.date(2026, 1, 2),
                valid_until=None,
            ),
            issued_at=ISSUED_AT,
            file_sha256=hashlib.sha256(data).digest(),
            signing_profile="certified-p1",
            signer=self.signer,
            revocation_lists=self.trust.revocation_lists,
            statuses=(_status(Status.IN_FORCE, ISSUED_AT),),
        )
        permit = Permit(record=record, data=data, attachment=attachment, link=link)
        self.registry.records.append(record)
        self.registry.documents[hashlib.sha256(data).digest()] = data
        self.reader.answers[data] = self.signed(permit, codes=False)
        return permit

    def change(self, permit: Permit, **changes: object) -> None:
        self.registry.records.remove(permit.record)
        permit.record = dataclasses.replace(permit.record, **changes)
        self.registry.records.append(permit.record)

    def add_status(self, permit: Permit, *changes: StatusRecord) -> None:
        self.change(permit, statuses=(*permit.record.statuses, *changes))

    # What the reader finds

    def signed(self, permit: Permit, *, codes: bool = True, links: tuple[str, ...] | None = None, **changes):
        """A file signed by the office's key over `permit`'s decision, with its code on page 1."""
        signature = {
            "signed": True,
            "signer_known": True,
            "signer_sha256": self.signer.sha256.hex(),
            "cryptographically_valid": True,
            "chain": Chain.PASSED,
            "byte_range": (0, 18, 29, len(permit.data) - 29),
            "signed_revision_sha256": None,
            "attachment": base64.b64encode(permit.attachment).decode(),
        }
        return FileFindings(
            kind=FileKind.PDF,
            signature=SignatureFindings(**{**signature, **changes}),
            texts=_codes(*(links if links is not None else (permit.link,))) if codes else (),
            pages=1 if codes else 0,
            attachment=base64.b64encode(permit.attachment).decode(),
        )

    def file(self, findings: FileFindings | Exception, data: bytes = b"%PDF-1.7 something else") -> bytes:
        self.reader.answers[data] = findings
        return data

    def photo(self, *links: str) -> bytes:
        return self.file(FileFindings(kind=FileKind.IMAGE, texts=_codes(*links), pages=1), PHOTO)


def _status(status: Status, effective: datetime.datetime, **changes: object) -> StatusRecord:
    values = {"status": status, "effective": effective, "recorded": effective, "ground": "contoh"}
    return StatusRecord(**{**values, **changes})


def _codes(*links: str) -> tuple[CodeText, ...]:
    return tuple(CodeText(page=1, text=link) for link in links)


def _unsigned(permit: Permit | None, *links: str, image_only: bool = False, pages: int = 1) -> FileFindings:
    attachment = None if permit is None else base64.b64encode(permit.attachment).decode()
    return FileFindings(
        kind=FileKind.PDF,
        signature=SignatureFindings(signed=False, signer_known=False, chain_reason="no_signature"),
        texts=_codes(*links),
        pages=pages,
        image_only=image_only,
        attachment=attachment,
    )


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentPki:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    return DevelopmentPki.make(folder, now=ISSUED_AT, person="Drs. H. Contoh", office="Dinas Contoh")


@pytest.fixture
def world(pki: DevelopmentPki) -> World:
    return World(pki)


def reasons(verdict: Verdict) -> dict[str, str]:
    return {check.id.partition(" ")[0]: check.reason for check in verdict.checks if check.reason is not None}


def outcomes(verdict: Verdict) -> tuple[Outcome, ...]:
    """Intact, issued, in force, authorised."""
    return tuple(verdict.answers.values())


def forger(world: World) -> Ed25519StatementSigner:
    """Another key under the office's key identifier, which is only four bytes of a hash."""

    class Forger:
        kid = world.pki.statement_signer().kid
        sign = staticmethod(Ed25519PrivateKey.generate().sign)

    return Forger()


def renumbered(world: World, permit: Permit, **changes: object) -> str:
    """What the office's statement key says about a permit changed so."""
    return world.say(dataclasses.replace(statement.parse(permit.record.statement).statement, **changes))


# Genuine, and what time does to it


def test_a_registered_file_is_genuine(world: World) -> None:
    verdict = world.verify(world.first.data)
    assert (verdict.name, verdict.subject) == (VerdictName.GENUINE, Subject.FILE)
    assert outcomes(verdict) == (P, P, P, P)
    assert verdict.record == world.first.record
    assert verdict.simulation
    verdict.require()


@pytest.mark.parametrize("kind", [Kind.DECREE, Kind.LETTER])
def test_a_decree_or_letter_is_checked_like_a_permit_and_never_said_to_be_one(world: World, kind: Kind) -> None:
    world.change(world.first, kind=kind, pack="pencabutan/v1")
    file, link = world.verify(world.first.data), world.verify(world.first.link)
    assert (file.name, link.name) == (VerdictName.GENUINE, VerdictName.COMPARE)
    assert outcomes(file) == (P, P, P, P)
    assert file.kind is link.kind is kind
    file.require()
    for verdict in (file, link):
        assert sentence(verdict, "id").startswith("Bukan izin: ini ")
        assert sentence(verdict, "en").startswith("Not a permit: ")


@pytest.mark.parametrize("dumb", [True, False])
def test_of_what_the_registry_does_not_tell_nobody_says_that_it_is_a_permit(world: World, dumb: bool) -> None:
    """The statement names a pack and no kind."""
    if dumb:
        world.registry.dumb = {"serial", "file"}
    else:
        world.registry.records.clear()
    for subject in (world.first.link, world.photo(world.first.link), world.first.data):
        verdict = world.verify(subject)
        assert verdict.kind is None
        assert not verdict.name.startswith("genuine")
        for language in ("id", "en"):
            assert not re.search(r"izin ini|this permit", sentence(verdict, language), re.IGNORECASE)


def test_every_check_of_the_plan_is_reported_in_order_and_once(world: World) -> None:
    file_ids = [check.id for check in world.verify(world.first.data).checks]
    assert [name.partition(" ")[0] for name in file_ids] == [
        *("1.1", "1.2", "1.3", "1.4", "1.5", "1.6"),
        *("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "3.1", "3.2", "4.1", "4.2", "4.3"),
    ]
    link_ids = [check.id for check in world.verify(world.first.link).checks]
    assert [name.partition(" ")[0] for name in link_ids] == [
        *("1.0", "2.0", "2.2", "2.3", "2.4", "2.5", "3.1", "3.2", "4.1", "4.2", "4.3")
    ]


def test_ten_years_later_the_certificate_is_still_judged_on_the_day_of_issue(world: World) -> None:
    verdict = world.verify(world.first.data, now=NOW + 3653 * DAY)
    assert verdict.name is VerdictName.GENUINE
    asked = world.reader.requests[-1]
    assert (asked.moment, asked.revocation_lists) == (ISSUED_AT, world.first.record.revocation_lists)
    assert world.verify(world.first.link, now=NOW + 3653 * DAY).answer(Answer.AUTHORISED) is P


def test_an_unregistered_file_is_judged_by_todays_certificate(world: World) -> None:
    world.verify(world.file(world.signed(world.first)))
    assert (world.reader.requests[-1].moment, world.reader.requests[-1].codes) == (NOW, True)


@pytest.mark.parametrize("subject", ["link", "digits", "photo"])
def test_a_statement_asks_for_comparison_and_is_never_green(world: World, subject: str) -> None:
    first = world.first
    given = {"link": first.link, "digits": first.digits, "photo": world.photo(first.link)}[subject]
    verdict = world.verify(given)
    assert (verdict.name, verdict.subject) == (VerdictName.COMPARE, Subject.STATEMENT)
    assert outcomes(verdict) == (U, P, P, P)
    assert reasons(verdict) == {"1.0": "paper_not_compared"}
    assert verdict.facts["number"] == first.record.number


def test_a_registered_files_own_code_is_not_asked_for_again_but_before_publication_it_is(world: World) -> None:
    first = world.first
    assert world.reader.answers[first.data].texts == ()
    unread = world.verifier(always_read_codes=True).verify(first.data, now=NOW)
    assert unread.name is not VerdictName.GENUINE
    assert reasons(unread)["1.6"] == "no_qr_found"
    world.reader.answers[first.data] = world.signed(first)
    assert world.verifier(always_read_codes=True).verify(first.data, now=NOW).name is VerdictName.GENUINE
    world.reader.answers[first.data] = world.signed(first, links=(world.second.link,))
    assert world.verifier(always_read_codes=True).verify(first.data, now=NOW).name is VerdictName.WRONG_QR


# Attacks on a file

Build = Callable[[World], bytes | str]
SIGNED_AWAY = dict.fromkeys(("signer_known",), False) | {"chain": Chain.UNKNOWN, "chain_reason": "signer_unknown"}

ATTACKS: dict[str, tuple[Build, VerdictName, tuple[Outcome, ...] | None, dict[str, str]]] = {
    "a bit flipped": (
        lambda w: w.file(w.signed(w.first, cryptographically_valid=False, problems=("digest_mismatch",))),
        VerdictName.ALTERED,
        (F, F, P, P),
        {"1.3": "digest_mismatch", "2.1": "file_not_registered"},
    ),
    "a bit flipped in the certificate": (
        lambda w: w.file(
            w.signed(w.first, cryptographically_valid=False, problems=("no_signing_certificate",), **SIGNED_AWAY)
        ),
        VerdictName.ALTERED,
        (F, F, P, U),
        {"1.3": "no_signing_certificate", "4.1": "not_checked"},
    ),
    "an update appended": (
        lambda w: w.file(
            w.signed(
                w.first,
                problems=("modified_after_signing",),
                signed_revision_sha256=w.first.record.file_sha256.hex(),
            )
        ),
        VerdictName.ALTERED,
        (F, F, P, P),
        {"1.4": "modified_after_signing"},
    ),
    "bytes appended": (
        lambda w: w.file(w.signed(w.first, problems=("trailing_bytes",))),
        VerdictName.ALTERED,
        (F, F, P, P),
        {"1.4": "trailing_bytes"},
    ),
    "the signature stripped": (
        lambda w: w.file(
            w.signed(
                w.first,
                problems=("signature_stripped",),
                cryptographically_valid=None,
                signer_sha256=None,
                byte_range=None,
                **SIGNED_AWAY,
            )
        ),
        VerdictName.ALTERED,
        (F, F, P, U),
        {"1.2": "signature_stripped"},
    ),
    "a page of another permit put in": (
        lambda w: w.file(
            w.signed(
                w.first,
                links=(w.second.link, w.first.link),
                cryptographically_valid=False,
                problems=("digest_mismatch", "coverage"),
            )
        ),
        VerdictName.ALTERED,
        (F, F, P, P),
        {"1.3": "digest_mismatch", "1.4": "coverage"},
    ),
    "another container round the same signed bytes": (
        lambda w: w.file(w.signed(w.first), w.first.data.replace(b"[container]", b"[CONTAINER]")),
        VerdictName.ALTERED,
        (F, F, P, P),
        {"1.5": "signature_container_changed"},
    ),
    "signed by a stranger of the same name": (
        lambda w: w.file(w.signed(w.first, signer_sha256="ab" * 32, **SIGNED_AWAY)),
        VerdictName.STRANGER,
        (P, F, P, F),
        {"2.1": "file_not_registered", "4.1": "signer_unknown", "4.2": "not_checked"},
    ),
    "signed by a stranger, nothing of ours in it": (
        lambda w: w.file(w.signed(w.first, links=(), attachment=None, problems=("not_certified",), **SIGNED_AWAY)),
        VerdictName.STRANGER,
        (F, F, U, F),
        {"4.1": "signer_unknown"},
    ),
    "the code of another permit, signed with our key": (
        lambda w: w.file(w.signed(w.first, links=(w.second.link,))),
        VerdictName.WRONG_QR,
        (F, F, U, U),
        {"1.6": "qr_of_another_permit", "2.1": "file_not_registered"},
    ),
    "the code of another permit pasted over by an update": (
        lambda w: w.file(
            w.signed(
                w.first,
                links=(w.second.link,),
                problems=("modified_after_signing",),
                signed_revision_sha256=w.first.record.file_sha256.hex(),
            )
        ),
        VerdictName.WRONG_QR,
        (F, F, P, P),
        {"1.4": "modified_after_signing", "1.6": "qr_of_another_permit"},
    ),
    "the code of another permit in a rewritten file": (
        lambda w: w.file(
            w.signed(
                w.first,
                links=(w.second.link,),
                attachment=None,
                cryptographically_valid=False,
                problems=("digest_mismatch",),
            )
        ),
        VerdictName.WRONG_QR,
        (F, F, U, U),
        {"1.3": "digest_mismatch", "1.6": "qr_of_another_permit"},
    ),
    "the code of another permit in an unsigned copy": (
        lambda w: w.file(_unsigned(w.first, w.second.link)),
        VerdictName.WRONG_QR,
        (F, F, U, U),
        {"1.2": "no_signature", "1.6": "qr_of_another_permit", "2.1": "file_not_registered"},
    ),
    "a forged code on our own signed file": (
        lambda w: w.file(
            w.signed(w.first, links=(w.say(statement.parse(w.first.record.statement).statement, forger(w)),))
        ),
        VerdictName.FORGED_QR,
        None,
        {"2.2": "statement_signature_wrong"},
    ),
    "signed with the office's key, never issued": (
        lambda w: w.file(w.signed(w.first, byte_range=(0, 9, 20, 15)), b"%PDF-1.7 of a thief of keys, quite long"),
        VerdictName.NEVER_ISSUED,
        (P, F, P, P),
        {"2.1": "file_not_registered"},
    ),
    "frozen and signed, but never issued": (
        lambda w: (
            w.change(w.first, issued_at=None, statuses=()),
            w.file(w.signed(w.first), w.first.data),
        )[1],
        VerdictName.NEVER_ISSUED,
        None,
        {"2.1": "file_not_registered", "3.1": "never_issued"},
    ),
    "a certificate that was revoked": (
        lambda w: w.file(
            w.signed(w.first, codes=False, chain=Chain.FAILED, chain_reason="certificate_revoked"), w.first.data
        ),
        VerdictName.NOT_AUTHORISED,
        (P, P, P, F),
        {"4.2": "certificate_revoked"},
    ),
    "an unsigned copy": (
        lambda w: w.file(_unsigned(w.first, w.first.link)),
        VerdictName.RESAVED,
        (U, U, P, P),
        {"1.2": "no_signature", "2.1": "unsigned_copy"},
    ),
    "a scan as a PDF": (
        lambda w: w.file(_unsigned(None, w.first.link, image_only=True)),
        VerdictName.PRINTOUT,
        (U, U, P, P),
        {"1.2": "image_only"},
    ),
    "a forged code in an unsigned file": (
        lambda w: w.file(_unsigned(None, w.say(w.statement(1, b"x", "PT Palsu"), forger(w)))),
        VerdictName.FORGED_QR,
        (U, F, U, U),
        {"2.2": "statement_signature_wrong", "2.3": "not_checked"},
    ),
    "an invented permit in an unsigned file": (
        lambda w: w.file(_unsigned(None, w.say(w.statement(77, b"x", "PT Palsu")))),
        VerdictName.UNKNOWN_PERMIT,
        (U, F, U, U),
        {"2.3": "unknown_serial"},
    ),
    "permits merged into one unsigned file": (
        lambda w: w.file(_unsigned(None, w.first.link, w.second.link)),
        VerdictName.RESAVED,
        None,
        {"1.6": "several_codes"},
    ),
    "somebody's unsigned PDF": (
        lambda w: w.file(_unsigned(None)),
        VerdictName.UNKNOWN,
        (U, U, U, U),
        {"1.2": "no_signature", "2.0": "no_qr_found"},
    ),
    "a PDF that does not open": (
        lambda w: w.file(_unsigned(None, pages=0)),
        VerdictName.UNKNOWN,
        (U, U, U, U),
        {"1.1": "file_unreadable"},
    ),
    "no document at all": (
        lambda w: w.file(FileFindings(kind=FileKind.OTHER), JUNK),
        VerdictName.UNKNOWN,
        (U, U, U, U),
        {"1.1": "not_a_document", "2.1": "not_checked"},
    ),
    "a photo without a code": (
        lambda w: w.photo(),
        VerdictName.UNKNOWN,
        (U, U, U, U),
        {"2.0": "no_qr_found"},
    ),
    "a photo of somebody else's code": (
        lambda w: w.photo("https://menu.contoh.example/makan"),
        VerdictName.FOREIGN_HOST,
        (U, F, U, U),
        {"2.0": "foreign_host"},
    ),
    "a photo with our code beside another": (
        lambda w: w.photo("https://menu.contoh.example/makan", "WIFI:S:tamu;;", w.first.link),
        VerdictName.COMPARE,
        (U, P, P, P),
        {},
    ),
    "a forged link": (
        lambda w: w.say(statement.parse(w.first.record.statement).statement, forger(w)),
        VerdictName.FORGED_QR,
        (U, F, U, U),
        {"2.2": "statement_signature_wrong"},
    ),
    "a link by an unknown key": (
        lambda w: w.say(
            statement.parse(w.first.record.statement).statement,
            Ed25519StatementSigner(private_key=Ed25519PrivateKey.generate()),
        ),
        VerdictName.FORGED_QR,
        (U, F, U, U),
        {"2.2": "unknown_key"},
    ),
    "a link with a digit changed": (
        lambda w: w.first.link[:-1] + str((int(w.first.link[-1]) + 1) % 10),
        VerdictName.FORGED_QR,
        (U, F, U, U),
        {},
    ),
    "digits that begin like ours": (
        lambda w: w.first.digits[:300],
        VerdictName.UNKNOWN,
        (U, F, U, U),
        {"2.0": "not_a_statement"},
    ),
    "an unknown number": (lambda _: "12345", VerdictName.UNKNOWN, (U, F, U, U), {"2.0": "not_a_statement"}),
    "our key on a serial that nobody holds": (
        lambda w: renumbered(w, w.first, serial=99),
        VerdictName.UNKNOWN_PERMIT,
        (U, F, U, U),
        {"2.3": "unknown_serial"},
    ),
    "our key on another holder": (
        lambda w: renumbered(w, w.first, holder="PT Palsu"),
        VerdictName.UNKNOWN_PERMIT,
        (U, F, U, U),
        {"2.3": "statement_differs"},
    ),
    "our key dated before it existed": (
        lambda w: renumbered(w, w.first, issued=statement.midnight(datetime.date(2020, 1, 1), ZONE)),
        VerdictName.FORGED_QR,
        (U, F, U, U),
        {"2.2": "key_not_valid"},
    ),
    "frozen, never issued": (
        lambda w: (w.change(w.first, issued_at=None, file_sha256=None, statuses=()), w.first.link)[1],
        VerdictName.UNKNOWN_PERMIT,
        (U, F, U, U),
        {"2.4": "never_issued", "3.1": "never_issued"},
    ),
    "another host": (
        lambda w: w.first.link.replace(HOST, "izin-contoh.example"),
        VerdictName.FOREIGN_HOST,
        (U, F, U, U),
        {"2.0": "foreign_host"},
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(world: World, attack: str) -> None:
    build, name, answers, expected = ATTACKS[attack]
    verdict = world.verify(build(world))
    found = reasons(verdict)
    assert (verdict.name, {number: found.get(number) for number in expected}) == (name, expected), found
    assert answers is None or outcomes(verdict) == answers, found


def test_the_owner_of_a_wrong_code_is_named(world: World) -> None:
    verdict = world.verify(world.file(world.signed(world.first, links=(world.second.link,))))
    assert verdict.facts["holder"] == "RS Contoh Sehat"
    assert verdict.record == world.second.record


def test_a_damaged_attachment_is_a_damaged_file_and_not_the_code_of_another_permit(world: World) -> None:
    findings = world.signed(world.first, attachment=None, cryptographically_valid=False, problems=("digest_mismatch",))
    damaged = dataclasses.replace(findings, attachment=base64.b64encode(b'{"b":1,"a":2}').decode())
    assert world.verify(world.file(damaged)).name is VerdictName.ALTERED


# Statuses and dates

HELD: dict[Status, VerdictName] = {
    Status.SUSPENDED: VerdictName.SUSPENDED,
    Status.REVOKED: VerdictName.REVOKED,
    Status.ANNULLED: VerdictName.ANNULLED,
    Status.SUPERSEDED: VerdictName.SUPERSEDED,
}


@pytest.mark.parametrize("status", HELD)
@pytest.mark.parametrize("subject", ["file", "link", "unsigned"])
def test_what_forbids_stands_first(world: World, status: Status, subject: str) -> None:
    world.add_status(world.first, _status(status, NOW - DAY / 2, replaced_by="503/9/2026"))
    first = world.first
    given = {"file": first.data, "link": first.link, "unsigned": world.file(_unsigned(first, first.link))}[subject]
    verdict = world.verify(given)
    assert verdict.name is HELD[status]
    assert reasons(verdict)["3.1"] == status
    assert verdict.answer(Answer.IN_FORCE) is F
    assert (verdict.facts["since"], verdict.facts["replaced_by"]) == ("2026-11-23", "503/9/2026")


def test_the_last_day_of_validity_still_counts_and_the_next_does_not(world: World) -> None:
    last = datetime.datetime(2041, 11, 23, 23, 59, tzinfo=ZONE)
    assert world.verify(world.first.data, now=last).name is VerdictName.GENUINE
    after = world.verify(world.first.data, now=last + datetime.timedelta(minutes=1))
    assert (after.name, outcomes(after)) == (VerdictName.EXPIRED, (P, P, F, P))
    assert after.facts["valid_until"] == "2041-11-23"
    assert world.verify(world.first.link, now=last + DAY).name is VerdictName.EXPIRED


def test_a_permit_without_end_does_not_expire(world: World) -> None:
    world.change(world.first, valid_until=None)
    assert world.verify(world.first.data, now=NOW + 365 * 40 * DAY).name is VerdictName.GENUINE


ON = datetime.date(2027, 3, 12)
LATER = datetime.datetime(2028, 1, 1, tzinfo=datetime.UTC)


def at(day: datetime.date, hour: int) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour), ZONE)


@pytest.mark.parametrize(
    ("statuses", "on", "name"),
    [
        ((), ON, VerdictName.GENUINE_ON_DATE),
        ((), datetime.date(2026, 11, 23), VerdictName.GENUINE_ON_DATE),
        ((), datetime.date(2026, 11, 22), VerdictName.NOT_YET_IN_FORCE),
        (((Status.REVOKED, at(ON + DAY, 0)),), ON, VerdictName.GENUINE_ON_DATE),
        (((Status.REVOKED, at(ON, 23)),), ON, VerdictName.REVOKED),
        (((Status.SUSPENDED, at(ON, 9)), (Status.IN_FORCE, at(ON, 15))), ON, VerdictName.GENUINE_ON_DATE),
        (((Status.SUSPENDED, at(ON, 9)), (Status.IN_FORCE, at(ON + DAY, 9))), ON, VerdictName.SUSPENDED),
    ],
)
def test_on_a_day_the_state_at_its_end_counts(world, statuses, on, name) -> None:
    world.add_status(world.first, *(_status(status, effective) for status, effective in statuses))
    verdict = world.verify(world.first.data, now=LATER, on=on)
    assert verdict.name is name
    assert (verdict.on, verdict.facts["on"]) == (on, on.isoformat())


def test_a_change_recorded_later_for_the_same_moment_wins(world: World) -> None:
    moment = at(ON, 9)
    world.add_status(
        world.first,
        _status(Status.SUSPENDED, moment, recorded=moment + DAY),
        _status(Status.IN_FORCE, moment, recorded=moment),
    )
    assert world.verify(world.first.data, now=LATER).name is VerdictName.SUSPENDED


def test_nothing_follows_a_final_state(world: World) -> None:
    """A suspension ordered for next week is moot once the permit was revoked today."""
    world.add_status(
        world.first, _status(Status.SUSPENDED, at(ON + 7 * DAY, 9)), _status(Status.REVOKED, at(ON, 9), recorded=LATER)
    )
    assert world.verify(world.first.data, now=LATER).name is VerdictName.REVOKED


@pytest.mark.parametrize("subject", ["file", "link", "unsigned"])
@pytest.mark.parametrize("status", HELD)
def test_asking_about_an_earlier_day_does_not_hide_what_happened_since(world, status, subject) -> None:
    first = world.first
    world.add_status(first, _status(status, at(ON + DAY, 9), replaced_by="503/9/2026"))
    given = {"file": first.data, "link": first.link, "unsigned": world.file(_unsigned(first, first.link))}[subject]
    asked, today = world.verify(given, now=LATER, on=ON), world.verify(given, now=LATER)
    assert today.name is HELD[status]
    assert asked.name in (VerdictName.GENUINE_ON_DATE, VerdictName.COMPARE, VerdictName.RESAVED)
    assert asked.answer(Answer.IN_FORCE) is P, "the answer stays that for the day asked about"
    assert leading(asked).name is HELD[status]
    for language in ("id", "en"):
        assert sentence(asked, language) == sentence(today, language)
    assert (colour(asked), action(asked, "id")) == (colour(today), action(today, "id"))
    assert dated(asked, "id") == "Pada 12 Maret 2027 izin ini masih berlaku."


def test_a_permit_that_has_expired_since_is_expired_first_of_all(world: World) -> None:
    asked = world.verify(world.first.link, now=datetime.datetime(2042, 1, 1, tzinfo=datetime.UTC), on=ON)
    assert (asked.name, asked.answer(Answer.IN_FORCE)) == (VerdictName.COMPARE, P)
    assert sentence(asked, "id") == "Sudah tidak berlaku: masa izin habis pada 23 November 2041."
    assert dated(asked, "id") == "Pada 12 Maret 2027 izin ini masih berlaku."


def test_a_day_before_the_issue_of_a_permit_revoked_since_is_answered_second(world: World) -> None:
    world.add_status(world.first, _status(Status.REVOKED, at(ON, 9)))
    asked = world.verify(world.first.data, now=LATER, on=datetime.date(2026, 11, 1))
    assert (asked.name, leading(asked).name) == (VerdictName.NOT_YET_IN_FORCE, VerdictName.REVOKED)
    assert dated(asked, "id").startswith("Belum berlaku pada 1 November 2026")


def test_todays_state_never_comes_before_a_forgery_or_softens_the_day_asked_about(world: World) -> None:
    world.add_status(world.first, _status(Status.REVOKED, at(ON + DAY, 9)))
    altered = world.file(world.signed(world.first, problems=("trailing_bytes",)))
    assert leading(world.verify(altered, now=LATER, on=ON)).name is VerdictName.ALTERED
    world.add_status(world.second, _status(Status.SUSPENDED, at(ON, 9)), _status(Status.IN_FORCE, at(ON + DAY, 9)))
    suspended = world.verify(world.second.data, now=LATER, on=ON)
    assert (leading(suspended).name, dated(suspended, "id")) == (VerdictName.SUSPENDED, None)
    assert "today" not in world.verify(world.second.data, now=LATER).facts


def test_a_photo_on_which_nothing_was_read_says_so_and_other_codes_are_not_known(world: World) -> None:
    assert sentence(world.verify(world.photo()), "id") == "Tidak ada kode QR yang terbaca pada foto ini."
    for unknown in (world.photo("WIFI:S:tamu;;"), "12345", "halo"):
        assert sentence(world.verify(unknown), "id") == "Kode ini tidak dikenal di sini."
    assert sentence(world.verify(world.file(_unsigned(None))), "id") == "Berkas ini tidak dikenal di sini."


def test_a_dated_statement_is_still_to_be_compared(world: World) -> None:
    assert world.verify(world.first.link, now=LATER, on=ON).name is VerdictName.COMPARE


def test_a_day_to_come_is_answered_by_todays_record_and_the_sentence_says_so(world: World) -> None:
    verdict = world.verify(world.first.data, on=datetime.date(2030, 1, 1))
    assert verdict.name is VerdictName.GENUINE_ON_DATE
    assert sentence(verdict, "id").startswith("Menurut catatan hari ini")
    assert "kecuali dicabut atau dibekukan sebelumnya" in sentence(verdict, "id")
    past = world.verify(world.first.data, now=LATER, on=ON)
    assert "Menurut catatan" not in sentence(past, "id")
    over = world.verify(world.first.data, on=datetime.date(2050, 1, 1))
    assert over.name is VerdictName.EXPIRED
    assert sentence(over, "id").startswith("Tidak berlaku pada 1 Januari 2050")


def test_a_clock_behind_the_issue_does_not_make_a_permit_valid(world: World) -> None:
    verdict = world.verify(world.first.data, now=ISSUED_AT - datetime.timedelta(minutes=5))
    assert (verdict.name, reasons(verdict)["3.1"]) == (VerdictName.UNCHECKED, "no_status")


# Authorised


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": datetime.date(2026, 11, 22)},
        {"valid_from": datetime.date(2026, 11, 24)},
        {"scope": ("reklame",)},
    ],
)
@pytest.mark.parametrize("subject", ["file", "link"])
def test_a_signer_without_mandate_on_that_day_was_not_authorised(world, subject, changes) -> None:
    world.change(world.first, mandate=dataclasses.replace(world.first.record.mandate, **changes))
    verdict = world.verify(world.first.data if subject == "file" else world.first.link)
    assert (verdict.name, reasons(verdict)["4.3"]) == (VerdictName.NOT_AUTHORISED, "outside_mandate")
    assert verdict.answer(Answer.AUTHORISED) is F


def test_a_certificate_already_expired_at_issue_fails_for_a_statement_too(world: World) -> None:
    world.change(world.first, issued_at=ISSUED_AT + 365 * 3 * DAY)
    verdict = world.verify(world.first.link, now=NOW + 365 * 4 * DAY)
    assert (verdict.name, reasons(verdict)["4.2"]) == (VerdictName.NOT_AUTHORISED, "certificate_expired")


def test_without_revocation_data_nothing_is_certain(world: World) -> None:
    world.change(world.first, revocation_lists=())
    verdict = world.verify(world.first.link)
    assert (verdict.name, reasons(verdict)["4.2"]) == (VerdictName.UNCHECKED, "no_revocation_data")


def test_a_damaged_record_is_no_answer_and_no_crash(world: World) -> None:
    world.change(world.first, signer=dataclasses.replace(world.signer, certificate=b"not a certificate"))
    verdict = world.verify(world.first.link)
    assert (verdict.name, reasons(verdict)["4.2"]) == (VerdictName.UNCHECKED, "record_damaged")


# A statement key that was revoked


def _revoked(world: World, moment: datetime.datetime) -> Verifier:
    key = dataclasses.replace(world.trust.statement_keys[0], revoked_at=moment)
    return world.verifier(trust=dataclasses.replace(world.trust, statement_keys=(key,)))


def test_after_a_compromise_only_what_the_registry_held_before_counts(world: World) -> None:
    verifier = _revoked(world, NOW)
    assert verifier.verify(world.first.link, now=NOW + DAY).name is VerdictName.COMPARE
    for forged in (renumbered(world, world.first, serial=99), renumbered(world, world.first, holder="PT Palsu")):
        verdict = verifier.verify(forged, now=NOW + DAY)
        assert (verdict.name, reasons(verdict)["2.2"]) == (VerdictName.FORGED_QR, "key_revoked")
    assert _revoked(world, ISSUED_AT).verify(world.first.link, now=NOW).name is VerdictName.FORGED_QR
    assert _revoked(world, NOW + DAY).verify(world.first.link, now=NOW).name is VerdictName.COMPARE
    world.registry.dumb = {"serial"}
    dumb = verifier.verify(world.first.link, now=NOW + DAY)
    assert (dumb.name, reasons(dumb)["2.2"]) == (VerdictName.UNCHECKED, "registry_unreachable")


# The log


@pytest.mark.parametrize("subject", ["file", "link", "photo", "unsigned"])
@pytest.mark.parametrize("on", [None, datetime.date(2026, 11, 23), datetime.date(2030, 1, 1)])
def test_until_a_checkpoint_covers_its_issue_a_permit_is_certain_to_nobody(world, subject, on) -> None:
    first = world.first
    given = {
        "file": first.data,
        "link": first.link,
        "photo": world.photo(first.link),
        "unsigned": world.file(_unsigned(first, first.link)),
    }[subject]
    covered = world.verify(given, on=on)
    assert covered.answer(Answer.ISSUED) is (U if subject == "unsigned" else P)
    world.change(first, awaits_log=True)
    verdict = world.verify(given, on=on)
    assert (verdict.name, verdict.facts["cause"]) == (VerdictName.UNCHECKED, "awaits_log")
    assert reasons(verdict)["2.5"] == "awaits_log"
    assert (verdict.answer(Answer.ISSUED), verdict.answer(Answer.IN_FORCE)) == (U, P)
    with pytest.raises(InvalidPermitError):
        verdict.require()


@pytest.mark.parametrize("status", HELD)
@pytest.mark.parametrize("subject", ["file", "link"])
def test_a_change_of_state_waits_for_no_log(world: World, status: Status, subject: str) -> None:
    world.change(world.first, awaits_log=True)
    world.add_status(world.first, _status(status, NOW - DAY / 2, replaced_by="503/9/2026"))
    assert world.verify(world.first.data if subject == "file" else world.first.link).name is HELD[status]


def test_a_forgery_is_one_whether_the_log_covers_the_permit_or_not(world: World) -> None:
    world.change(world.first, awaits_log=True)
    assert world.verify(world.file(world.signed(world.first, problems=("trailing_bytes",)))).name is VerdictName.ALTERED
    assert world.verify(renumbered(world, world.first, holder="PT Palsu")).name is VerdictName.UNKNOWN_PERMIT
    assert world.verify(world.file(world.signed(world.first))).name is VerdictName.NEVER_ISSUED


def test_what_does_not_pass_by_itself_is_named_before_the_log(world: World) -> None:
    world.change(world.first, awaits_log=True, revocation_lists=())
    assert world.verify(world.first.link).facts["cause"] == "no_revocation_data"


def test_of_what_was_never_issued_the_log_is_not_asked(world: World) -> None:
    world.change(world.first, issued_at=None, statuses=(), awaits_log=True)
    verdict = world.verify(world.first.link)
    assert (verdict.name, reasons(verdict)["2.5"]) == (VerdictName.UNKNOWN_PERMIT, "not_checked")


# Corrections and destruction


def test_a_corrected_permit_stays_in_force_and_its_sentence_stays(world: World) -> None:
    before = {given: world.verify(given) for given in (world.first.data, world.first.link)}
    correction = Correction(
        field="Lokasi",
        printed="Desa A",
        correct="Desa B",
        instrument_number="1/RALAT",
        instrument_date=NOW.date(),
        effective=NOW - DAY / 4,
        recorded=NOW,
    )
    world.change(world.first, corrections=(correction,))
    for subject, plain in before.items():
        verdict = world.verify(subject)
        assert (verdict.name, verdict.checks) == (plain.name, plain.checks)
        assert sentence(verdict, "id") == sentence(plain, "id")


DESTROYED = Destruction(minutes_number="BA/4", minutes_date=datetime.date(2041, 12, 1), recorded=LATER)
AFTER_RETENTION = datetime.datetime(2042, 1, 1, tzinfo=datetime.UTC)


def destroy(world: World) -> None:
    world.change(world.first, destroyed=DESTROYED, public_view=(), qr_place=None)
    del world.registry.documents[world.first.record.file_sha256]


def test_a_copy_kept_by_someone_is_judged_although_the_registrys_own_was_destroyed(world: World) -> None:
    destroy(world)
    verdict = world.verify(world.first.data, now=AFTER_RETENTION)
    assert (verdict.name, outcomes(verdict)) == (VerdictName.EXPIRED, (P, P, F, P))
    assert world.verify(world.first.link, now=AFTER_RETENTION).name is VerdictName.EXPIRED
    asked = world.verify(world.first.data, now=AFTER_RETENTION, on=ON)
    assert (asked.name, leading(asked).name) == (VerdictName.GENUINE_ON_DATE, VerdictName.EXPIRED)


def test_what_was_destroyed_is_no_outage_for_a_file_that_would_be_compared_with_it(world: World) -> None:
    destroy(world)
    data = world.file(world.signed(world.first), world.first.data.replace(b"[container]", b"[CONTAINER]"))
    verdict = world.verify(data, now=AFTER_RETENTION)
    assert reasons(verdict)["1.5"] == "document_destroyed"
    assert verdict.answer(Answer.ISSUED) is F
    assert reasons(verdict)["2.1"] == "file_not_registered"


# Outages


@pytest.mark.parametrize("subject", ["registered", "never_issued", "unsigned", "link", "photo"])
def test_without_the_registry_nothing_is_called_false(world: World, subject: str) -> None:
    first = world.first
    given = {
        "registered": world.file(world.signed(first), first.data),
        "never_issued": world.file(world.signed(first)),
        "unsigned": world.file(_unsigned(first, first.link), b"%PDF-1.4 unsigned"),
        "link": first.link,
        "photo": world.photo(first.link),
    }[subject]
    world.registry.dumb = {"serial", "file", "signers", "document"}
    verdict = world.verify(given)
    assert verdict.name is VerdictName.UNCHECKED
    assert F not in outcomes(verdict)
    assert verdict.answer(Answer.ISSUED) is U
    assert verdict.facts["cause"] == "registry_unreachable"


def test_a_proven_forgery_stays_one_during_an_outage(world: World) -> None:
    world.registry.dumb = {"serial", "file", "signers", "document"}
    broken = world.signed(world.first, cryptographically_valid=False, problems=("digest_mismatch",))
    assert world.verify(world.file(broken)).name is VerdictName.ALTERED
    forged = world.say(statement.parse(world.first.record.statement).statement, forger(world))
    assert world.verify(forged).name is VerdictName.FORGED_QR


def test_a_missing_document_leaves_the_question_open(world: World) -> None:
    world.registry.dumb = {"document"}
    data = world.file(world.signed(world.first), world.first.data.replace(b"[container]", b"[CONTAINER]"))
    verdict = world.verify(data)
    assert reasons(verdict)["1.5"] == "document_unavailable"
    assert verdict.answer(Answer.INTACT) is U


@pytest.mark.parametrize("error", [ReaderStoppedError("time_exceeded"), UnavailableError("no isolation here")])
@pytest.mark.parametrize("data", [b"%PDF-1.7 a bomb", PHOTO])
def test_a_reader_that_stops_is_an_answer(world: World, error: Exception, data: bytes) -> None:
    verdict = world.verify(world.file(error, data))
    assert verdict.name is VerdictName.UNCHECKED
    assert outcomes(verdict) == (U, U, U, U)
    assert verdict.facts["cause"] == (
        "time_exceeded" if isinstance(error, ReaderStoppedError) else "reader_unavailable"
    )


def test_a_child_that_contradicts_the_files_first_bytes_is_not_believed(world: World) -> None:
    verdict = world.verify(world.file(world.signed(world.first), JUNK))
    assert (verdict.name, verdict.facts["cause"]) == (VerdictName.UNCHECKED, "answer_refused")


# What could not be looked at has not passed

NC, RU = "not_checked", "registry_unreachable"
NO_PERMIT = {"3.1": NC, "3.2": NC, "4.1": NC, "4.2": NC, "4.3": NC}
NO_REGISTRY = {"2.3": RU, "2.4": RU, "2.5": RU, "3.1": RU, "3.2": RU, "4.2": NC, "4.3": RU}
NO_SIGNATURE = {"1.3": NC, "1.4": NC, "1.5": NC}
NO_STATEMENT = {"2.2": NC, "2.3": NC, "2.4": NC, "2.5": NC}

UNSEEN: dict[str, tuple[Build, bool, dict[str, str]]] = {
    "a reader that stops over a file": (
        lambda w: w.file(ReaderStoppedError("time_exceeded")),
        True,
        {"1.1": "time_exceeded", "1.2": NC, **NO_SIGNATURE, "1.6": NC, "2.0": "time_exceeded", "2.1": NC}
        | NO_STATEMENT
        | NO_PERMIT,
    ),
    "a reader that stops over a registered file": (
        lambda w: w.file(ReaderStoppedError("time_exceeded"), w.first.data),
        True,
        {"1.1": "time_exceeded", "1.2": NC, **NO_SIGNATURE},
    ),
    "a file without signature or code": (
        lambda w: w.file(_unsigned(None)),
        True,
        {"1.2": "no_signature", **NO_SIGNATURE, "1.6": "no_qr_found", "2.0": "no_qr_found", "2.1": "unsigned_copy"}
        | NO_STATEMENT
        | NO_PERMIT,
    ),
    "the same while the registry is dumb": (
        lambda w: w.file(_unsigned(None)),
        False,
        {"1.2": "no_signature", **NO_SIGNATURE, "1.6": "no_qr_found", "2.0": "no_qr_found", "2.1": RU}
        | NO_STATEMENT
        | dict.fromkeys(("3.1", "3.2", "4.1", "4.3"), RU)
        | {"4.2": NC},
    ),
    "a signature of which nothing is left to try": (
        lambda w: w.file(
            w.signed(
                w.first,
                problems=("signature_stripped",),
                cryptographically_valid=None,
                byte_range=None,
                **SIGNED_AWAY,
            )
        ),
        True,
        {"1.2": "signature_stripped", "1.3": NC, "1.4": NC, "2.1": "file_not_registered", "4.1": NC, "4.2": NC},
    ),
    "a forged code in a file": (
        lambda w: w.file(_unsigned(w.first, w.say(w.statement(1, b"x", "PT Palsu"), forger(w)))),
        True,
        {"1.2": "no_signature", **NO_SIGNATURE, "1.6": NC, "2.1": "unsigned_copy", "2.2": "statement_signature_wrong"}
        | {"2.3": NC, "2.4": NC, "2.5": NC}
        | NO_PERMIT,
    ),
    "a file that says nothing of its decision": (
        lambda w: w.file(_unsigned(None, w.first.link)),
        True,
        {"1.2": "no_signature", **NO_SIGNATURE, "1.6": NC, "2.1": "unsigned_copy"},
    ),
    "a signed file while the registry is dumb": (
        lambda w: w.file(w.signed(w.first)),
        False,
        {"1.5": RU, "2.1": RU, **NO_REGISTRY} | {"4.2": None},
    ),
    "a strangers file while the registry is dumb": (
        lambda w: w.file(w.signed(w.first, **SIGNED_AWAY)),
        False,
        {"1.5": RU, "2.1": RU, **NO_REGISTRY, "4.1": RU},
    ),
    "a link while the registry is dumb": (
        lambda w: w.first.link,
        False,
        {"1.0": "paper_not_compared", **NO_REGISTRY, "4.1": RU},
    ),
    "a link to what was never issued": (
        lambda w: (w.change(w.first, issued_at=None, signer=None, statuses=()), w.first.link)[1],
        True,
        {"1.0": "paper_not_compared", "2.4": "never_issued", "2.5": NC, "3.1": "never_issued", "4.1": NC, "4.2": NC},
    ),
    "an unknown number": (
        lambda _: "12345",
        True,
        {"1.0": "paper_not_compared", "2.0": "not_a_statement", **NO_STATEMENT, **NO_PERMIT},
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_what_could_not_be_looked_at_has_not_passed(world: World, case: str) -> None:
    build, reached, expected = UNSEEN[case]
    subject = build(world)
    world.registry.dumb = set() if reached else {"serial", "file", "signers", "document"}
    assert reasons(world.verify(subject)) == {number: reason for number, reason in expected.items() if reason}


def test_an_outage_comes_before_not_knowing_a_file(world: World) -> None:
    world.registry.dumb = {"file"}
    assert world.verify(world.file(_unsigned(None))).name is VerdictName.UNCHECKED


def test_a_stopped_reader_is_the_cause_that_is_named_for_a_registered_file_too(world: World) -> None:
    verdict = world.verify(world.file(ReaderStoppedError("memory_exceeded"), world.first.data))
    assert (verdict.name, verdict.facts["cause"]) == (VerdictName.UNCHECKED, "memory_exceeded")


# Simulation


def test_simulation_is_said_of_ours_and_not_of_a_strangers(world: World) -> None:
    assert world.verify(world.first.link).simulation
    assert not world.verify("12345").simulation
    stranger = world.signed(world.first, links=(), attachment=None, **SIGNED_AWAY)
    assert not world.verify(world.file(stranger)).simulation
    real = world.verifier(trust=dataclasses.replace(world.trust, simulation=False))
    assert not real.verify(world.first.link, now=NOW).simulation


# Links and digits: one spelling of the digits, some patience with what is round them


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        (" \n", "\r\n\t"),
        ("", "/"),
        ("", "?lang=en"),
        ("", "#atas"),
    ],
)
def test_what_is_round_a_link_does_not_matter(world: World, before: str, after: str) -> None:
    assert world.verify(before + world.first.link + after).name is VerdictName.COMPARE


@pytest.mark.parametrize("prefix", [f"HTTPS://{HOST.upper()}/v/", f"http://{HOST}/v/", f"https://{HOST}:443/v/"])
def test_the_same_address_written_otherwise_is_the_same(world: World, prefix: str) -> None:
    assert world.verify(prefix + world.first.digits).name is VerdictName.COMPARE


@pytest.mark.parametrize(
    "spell",
    [
        lambda digits: "0" + digits,
        lambda digits: digits + "0" * 200,
        lambda digits: digits.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
        lambda digits: digits[:5] + "_" + digits[5:],
        lambda digits: digits[:5] + " " + digits[5:],
        lambda digits: "+" + digits,
        lambda digits: "-" + digits,
        lambda digits: digits + ".0",
        lambda digits: hex(int(digits)),
        lambda digits: digits + "\x00",
        lambda digits: digits + "\u200b",
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_digits_have_one_spelling(world: World, spell: Callable[[str], str], linked: bool) -> None:
    text = spell(world.first.digits)
    verdict = world.verify(f"https://{HOST}/v/{text}" if linked else text)
    assert verdict.name in (VerdictName.UNKNOWN, VerdictName.FORGED_QR)
    assert verdict.answer(Answer.ISSUED) is F


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://{host}@palsu.example/v/{digits}", "palsu.example"),
        ("https://palsu.example/{host}/v/{digits}", "palsu.example"),
        ("https://{host}.palsu.example/v/{digits}", "{host}.palsu.example"),
        ("https://{host}:8443/v/{digits}", "{host}:8443"),
        ("https://izin.contoh.exampl\u0435/v/{digits}", "izin.contoh.exampl\\u0435"),
        ("https://palsu.example", "palsu.example"),
        ("https://[2001:db8::1]/v/{digits}", "[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/v/{digits}", "[2001:db8::1]:8443"),
    ],
)
def test_another_host_is_named_as_it_is(world: World, address: str, host: str) -> None:
    verdict = world.verify(address.format(host=HOST, digits=world.first.digits))
    assert (verdict.name, verdict.facts["host"]) == (VerdictName.FOREIGN_HOST, host.format(host=HOST))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:alert(1)",
        "https://",
        f"https://{HOST}/",
        "https://[::1",
        "http://x:99999999/v/1",
        "\ud800",
        "https://a\x1b[2J.example/v/1",
        "https://a\x1b.example/v/1",
        "https://a\x9b1m.example/v/1",
        "https://a\x7f.example/v/1",
        "https://\u202eelpmaxe.example/v/1",
        "https://a b.example/v/1",
        "https://a%1b.example/v/1",
        "https://a_b.example/v/1",
        'https://a"><b>.example/v/1',
    ],
)
def test_what_is_no_link_is_unknown(world: World, text: str) -> None:
    assert world.verify(text).name is VerdictName.UNKNOWN


# Total

SETTINGS = settings(max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def shared(pki: DevelopmentPki) -> World:
    return World(pki)


@SETTINGS
@given(host=st.text(min_size=1))
def test_a_host_that_is_named_is_visible_ascii(shared: World, host: str) -> None:
    for address in (f"https://{host}/v/1", f"http://a{host}b.example:1/"):
        named = shared.verify(address).facts.get("host", "-")
        assert all("!" <= character <= "~" for character in named)


@SETTINGS
@given(text=st.text() | st.from_regex(r"https://[a-z.@:/]{0,30}/v/[0-9]{0,60}", fullmatch=True))
def test_any_text_has_a_verdict(shared: World, text: str) -> None:
    verdict = shared.verify(text)
    assert verdict.name in (VerdictName.UNKNOWN, VerdictName.FOREIGN_HOST)


@SETTINGS
@given(number=st.integers(min_value=0, max_value=10**720))
def test_any_number_has_a_verdict_and_none_is_good(shared: World, number: int) -> None:
    assert shared.verify(str(number)).answer(Answer.ISSUED) is F


_codes_found = st.lists(st.sampled_from(["own", "other", "junk", "foreign", "forged"]), max_size=3)
_bits = st.none() | st.booleans()


@SETTINGS
@given(
    data=st.binary(max_size=40).map(lambda tail: b"%PDF-" + tail),
    codes=_codes_found,
    signed=st.booleans(),
    known=st.booleans(),
    valid=_bits,
    problems=st.lists(st.sampled_from(["digest_mismatch", "trailing_bytes", "signature_stripped"]), max_size=2),
    chain=st.sampled_from(list(Chain)),
    dumb=st.sets(st.sampled_from(["serial", "file", "signers", "document"])),
    on=st.none() | st.dates(),
)
def test_whatever_a_child_says_an_unregistered_file_is_never_green(  # noqa: PLR0917  # hypothesis fills them
    shared: World, data, codes, signed, known, valid, problems, chain, dumb, on
) -> None:
    links = {
        "own": shared.first.link,
        "other": shared.second.link,
        "junk": "\ud800 1",
        "foreign": "https://palsu.example/v/1",
        "forged": shared.first.link[:-1] + str((int(shared.first.link[-1]) + 1) % 10),
    }
    findings = shared.signed(
        shared.first,
        links=tuple(links[code] for code in codes),
        signed=signed,
        signer_known=known,
        cryptographically_valid=valid,
        problems=tuple(problems),
        chain=chain,
    )
    shared.registry.dumb = dumb
    try:
        verdict = shared.verify(shared.file(findings, data), on=on)
    finally:
        shared.registry.dumb = set()
    assert verdict.name not in (VerdictName.GENUINE, VerdictName.GENUINE_ON_DATE, VerdictName.COMPARE)
    assert P is not verdict.answer(Answer.ISSUED) or not signed


@SETTINGS
@given(data=st.binary())
def test_any_bytes_have_a_verdict(shared: World, data: bytes) -> None:
    found = FileFindings(kind=sniff(data), signature=_unsigned(None).signature) if sniff(data) is FileKind.PDF else None
    verdict = shared.verify(shared.file(found or FileFindings(kind=sniff(data)), data))
    assert verdict.name is VerdictName.UNKNOWN


def test_a_clock_without_zone_is_the_programmers_mistake(world: World) -> None:
    with pytest.raises(ValueError, match="zone"):
        world.verify("1", now=datetime.datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point


def test_every_name_in_the_table_is_reached_by_some_test() -> None:
    """The table and this file grow together: `stale` and the like get their tests with their rows."""
    named = {row.name for row in conclusion.CONCLUSIONS} | {VerdictName.GENUINE, VerdictName.GENUINE_ON_DATE}
    assert named == set(VerdictName)
    reached = {name for _, name, _, _ in ATTACKS.values()} | set(HELD.values())
    reached |= {VerdictName.GENUINE, VerdictName.GENUINE_ON_DATE, VerdictName.EXPIRED}
    assert named - reached == {VerdictName.NOT_YET_IN_FORCE, VerdictName.UNCHECKED}


def test_no_checks_at_all_conclude_nothing() -> None:
    assert conclusion.conclude((), subject=Subject.FILE, on=None).name is VerdictName.UNCHECKED
    assert Evidence(subject=Subject.FILE, now=NOW, on=None, zone=ZONE, registry_reached=True).signature is None
