"""The way of a permit from an approved decision to the moment of issue.

Freeze -> render -> sign -> stranger's check -> issue. Each step asks the registry how far the permit has come and
does only what is missing, so a process killed at any instant leaves every permit either issued exactly once (one
number, one signed file, one log entry) or waiting, and the next run goes on with the same code.
"""

import dataclasses
import datetime
import enum
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cryptography import x509

from keys.handles import SigningKey
from registry import decisions, instruments, mandates, numbers
from registry.database import Database
from registry.decisions import Decision
from registry.documents import DocumentStore
from registry.formats import statement
from registry.formats.canonical import sha256
from registry.formats.errors import AbsahError, DocumentError
from registry.formats.language import N_
from registry.formats.record import MandateRecord, PermitRecord, SignerRecord
from registry.formats.verdict import Verdict
from registry.instruments import Frozen, Instrument, InstrumentError, Stage, Unsigned
from registry.records import RegistryReader
from signing import printing
from signing.pades import CERTIFIED_P1, Box, sign_certified
from templates.office import OfficeProfile
from templates.packs import Pack
from templates.plates.plate import PlateError
from templates.plates.sidebyside import NotMadeError, SideBySide
from templates.renderer import Renderer
from templates.renderer import Signature as PlateSignature

SIGNATURE_LABEL: Final = "Tanda tangan elektronik"


class StrangersCheck(Protocol):
    """A stranger's check of a file that is signed but not yet published; raises no alarm."""

    def __call__(self, data: bytes, *, expected: PermitRecord, now: datetime.datetime) -> Verdict:
        """The verdict on `data` in a world where the registry holds exactly the record `expected`."""


class Step(enum.StrEnum):
    """What a batch is told to have done, in this order."""

    FREEZE = "freeze"
    MEASURE = "measure"
    COMPILE = "compile"
    RENDER = "render"


# A step, how many of its parts are done, and how many there are.
Progress = Callable[[Step, int, int], None]


class BatchError(InstrumentError):
    """Some documents of a batch could not be made; all others were. `failures` says which (by number) and why."""

    failures: Mapping[str, AbsahError] = MappingProxyType({})

    @classmethod
    def of(cls, failures: Mapping[str, AbsahError], *, total: int) -> "BatchError":
        """The error about these, of so many documents."""
        number, reason = next(iter(failures.items()))
        error = cls(
            N_("{count} dari {total} naskah belum dapat dibuat; yang lain sudah. Nomor {number}: {reason}"),
            count=len(failures),
            total=total,
            number=number,
            reason=reason,
        )
        error.failures = dict(failures)
        return error


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signed file on its way to issue, with what is kept to judge it in ten years."""

    data: bytes
    signer: SignerRecord
    revocation_lists: tuple[bytes, ...]


class Issuance:
    """Issues the permits of one office."""

    def __init__(
        self,
        *,
        database: Database,
        documents: DocumentStore,
        office: OfficeProfile,
        host: str,
        pack: Callable[[str], Pack],
        renderer: Renderer,
        plates: SideBySide,
        statement_signer: statement.StatementSigner,
        signing_key: Callable[[MandateRecord], SigningKey],
        revocation_lists: Callable[[datetime.datetime], tuple[bytes, ...]],
        check: StrangersCheck,
        simulation: bool,
    ) -> None:
        self._database = database
        self._documents = documents
        self._records = RegistryReader(database=database, documents=documents)
        self._office = office
        self._zone = ZoneInfo(office.zone)
        self._host = host
        self._pack = pack
        self._renderer = renderer
        self._plates = plates
        self._statement_signer = statement_signer
        self._signing_key = signing_key
        self._revocation_lists = revocation_lists
        self._check = check
        self._simulation = simulation

    def issue(self, decision: Decision, *, now: datetime.datetime) -> Instrument:
        """The whole way of one decision; what was done before is not done again."""
        instrument = self.freeze(decision, now=now)
        self.render(instrument, now=now)
        self.sign_and_issue(instrument, now=now)
        return instrument

    def prepare(
        self,
        batch: Sequence[Decision],
        *,
        now: datetime.datetime,
        progress: Progress = lambda _step, _done, _total: None,
    ) -> list[Instrument]:
        """Freeze and render all of a batch, so that they can be signed; what was done before is not done again.

        Every plate that the batch needs and that nobody has made yet is made first, side by side: among many documents
        most have the same. Raises `BatchError` once all others are rendered, and at once what `freeze` raises.
        """
        frozen = []
        for done, decision in enumerate(batch, start=1):
            frozen.append(self.freeze(decision, now=now))
            progress(Step.FREEZE, done, len(batch))
        failures: dict[str, AbsahError] = {}
        signatures = self._signatures(frozen, failures, progress)
        try:
            self._plates.make(
                list(signatures.values()), progress=lambda done, total: progress(Step.COMPILE, done, total)
            )
        except NotMadeError as error:
            impossible = {(one.digest, one.lines): reason for one, reason in error.failures}
            for number, one in signatures.items():
                if (one.digest, one.lines) in impossible:
                    failures[number] = impossible[one.digest, one.lines]
        for done, instrument in enumerate(frozen, start=1):
            if instrument.number not in failures:
                try:
                    self.render(instrument, now=now)
                except DocumentError as error:
                    failures[instrument.number] = error
            progress(Step.RENDER, done, len(frozen))
        if failures:
            raise BatchError.of(failures, total=len(frozen))
        return frozen

    def _signatures(
        self, frozen: Sequence[Instrument], failures: dict[str, AbsahError], progress: Progress
    ) -> dict[str, PlateSignature]:
        """What names the plate of each instrument that is not rendered yet, by its number."""
        found: dict[str, PlateSignature] = {}
        for done, instrument in enumerate(frozen, start=1):
            with self._database.read() as tx:
                waits = instruments.stage(tx, instrument) is Stage.FROZEN
                decision = decisions.by_id(tx, instrument.decision)
            if waits:
                pack = self._pack(instrument.pack)
                try:
                    asked = printing.page(instrument, decision.public, pack=pack, office=self._office, host=self._host)
                    found[instrument.number] = self._renderer.signature(pack, **asked)
                except (DocumentError, PlateError) as error:
                    failures[instrument.number] = error
            progress(Step.MEASURE, done, len(frozen))
        return found

    def issued(self, decision: Decision) -> Instrument | None:
        """The permit that was issued for any revision of this decision."""
        with self._database.read() as tx:
            found = instruments.of_reference(
                tx, office=self._office.id, source=decision.source, reference=decision.reference
            )
            return found if found is not None and instruments.stage(tx, found) is Stage.ISSUED else None

    def freeze(self, decision: Decision, *, now: datetime.datetime) -> Instrument:
        """Allot the number, set the date of issue to today, look up today's mandate, and make the statement.

        A permit frozen on an earlier day or for an earlier revision of the decision, and not issued, thaws: it
        keeps its number within the year, else the old number is void with a reason. Raises `InstrumentError` if
        another revision of the decision was issued already, `MandateError` if no one may sign today.
        """
        today = now.astimezone(self._zone).date()
        pack = self._pack(decision.pack)
        with self._database.write() as tx:
            before = instruments.of_reference(
                tx, office=self._office.id, source=decision.source, reference=decision.reference
            )
            if before is not None:
                if instruments.stage(tx, before) is Stage.ISSUED:
                    return self._as_issued(before, decision)
                still_given = numbers.by_row(tx, before.number_row).fate is numbers.Fate.USED
                if before.decision == decision.id and before.date_of_issue == today and still_given:
                    return before
            number = self._number(tx, pack, before, today, now)
            mandate_id, mandate = mandates.on_day(tx, office=self._office.id, day=today, pack=decision.pack)
            serial = instruments.draw_serial(tx) if before is None else before.serial
            frozen = self._frozen(
                decision, pack, n=number.n, today=today, mandate_id=mandate_id, mandate=mandate, serial=serial
            )
            return instruments.freeze(
                tx,
                office=self._office.id,
                decision=decision.id,
                number_row=number.row,
                serial=serial,
                frozen=frozen,
                thawed=before,
                now=now,
            )

    def render(self, instrument: Instrument, *, now: datetime.datetime) -> None:
        """Render the unsigned document, once; from here its bytes are fixed."""
        with self._database.read() as tx:
            if instruments.stage(tx, instrument) is not Stage.FROZEN:
                return
            decision = decisions.by_id(tx, instrument.decision)
        pack = self._pack(instrument.pack)
        asked = printing.document(instrument, decision.public, pack=pack, office=self._office, host=self._host)
        rendered = self._renderer.render(pack, **asked)
        file_sha256 = self._documents.put(rendered.pdf)
        layout = {"qr": dataclasses.asdict(rendered.qr), "signature": dataclasses.asdict(rendered.signature)}
        with self._database.write() as tx:
            if instruments.stage(tx, instrument) is Stage.FROZEN:
                instruments.record_unsigned(
                    tx,
                    instrument,
                    file_sha256=file_sha256,
                    layout=layout,
                    plate=rendered.plate,
                    fill_version=rendered.fill_version,
                    now=now,
                )

    def sign_and_issue(self, instrument: Instrument, *, now: datetime.datetime) -> None:
        """Sign the rendered document, check it as a stranger would, and issue it.

        Raises `InstrumentError` if the day of issue has passed (freeze again), `MandateError` if mandate or
        certificate do not hold now, `InvalidPermitError` if the stranger's check does not pass whole.
        """
        with self._database.read() as tx:
            if instruments.stage(tx, instrument) is Stage.ISSUED:
                return
            unsigned = instruments.unsigned(tx, instrument)
            mandate = mandates.by_id(tx, instrument.mandate)
        if unsigned is None:
            raise InstrumentError(
                N_("Izin {number} belum dibuat berkasnya, jadi belum dapat ditandatangani."), number=instrument.number
            )
        signature = self._sign(instrument, unsigned, mandate, now)
        file_sha256 = sha256(signature.data)
        expected = self._records.as_if_issued(
            instrument.id,
            file_sha256=file_sha256,
            signing_profile=CERTIFIED_P1,
            signer=signature.signer,
            revocation_lists=signature.revocation_lists,
            now=now,
        )
        self._check(signature.data, expected=expected, now=now).require()
        self._record(instrument, unsigned, mandate, signature, now)

    def _sign(
        self, instrument: Instrument, unsigned: Unsigned, mandate: MandateRecord, now: datetime.datetime
    ) -> Signature:
        today = now.astimezone(self._zone).date()
        if instrument.date_of_issue != today:
            raise InstrumentError(
                N_("Izin {number} disiapkan untuk {day}, bukan untuk hari ini. Siapkan sekali lagi."),
                number=instrument.number,
                day=instrument.date_of_issue,
            )
        if not mandate.holds(today, instrument.pack):
            raise mandates.MandateError(
                N_("Mandat {person} tidak mencakup {pack} pada {day}. Siapkan izinnya sekali lagi."),
                person=mandate.person,
                pack=instrument.pack,
                day=today,
            )
        key = self._signing_key(mandate)
        certificate = x509.load_der_x509_certificate(key.certificate)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise mandates.MandateError(
                N_("Sertifikat {person} tidak berlaku pada {when}. Perbarui dahulu."), person=mandate.person, when=today
            )
        data = sign_certified(
            self._documents.get(unsigned.sha256),
            key=key,
            at=now,
            place=_box(unsigned.layout["signature"]),
            label=f"{SIGNATURE_LABEL} {mandate.person}",
            reason=f"{instrument.number}",
            location=self._office.place,
        )
        signer = SignerRecord(certificate=key.certificate, issuers=tuple(key.issuers), sha256=sha256(key.certificate))
        return Signature(data=data, signer=signer, revocation_lists=self._revocation_lists(now))

    def _record(
        self,
        instrument: Instrument,
        unsigned: Unsigned,
        mandate: MandateRecord,
        signature: Signature,
        now: datetime.datetime,
    ) -> None:
        """The bytes reach the disk first; then one transaction makes the permit issued."""
        evidence = [("certificate", issuer) for issuer in signature.signer.issuers]
        evidence += [("crl", crl) for crl in signature.revocation_lists]
        kept = tuple((kind, self._documents.put(data)) for kind, data in evidence)
        file_sha256 = self._documents.put(signature.data)
        with self._database.write() as tx:
            if instruments.by_id(tx, instrument.id).freeze != instrument.freeze:
                raise InstrumentError(
                    N_("Izin {number} disiapkan sekali lagi selagi ditandatangani. Tanda tangani yang baru."),
                    number=instrument.number,
                )
            if not mandates.by_id(tx, instrument.mandate).holds(instrument.date_of_issue, instrument.pack):
                raise mandates.MandateError(
                    N_("Mandat {person} diakhiri selagi izin ini ditandatangani. Siapkan izinnya sekali lagi."),
                    person=mandate.person,
                )
            signer = mandates.signer_id(
                tx, employee_number=mandate.employee_number, certificate=signature.signer.certificate
            )
            instruments.issue(
                tx,
                instrument,
                parent=unsigned,
                file_sha256=file_sha256,
                signing_profile=CERTIFIED_P1,
                signer_certificate=signer,
                validation_data=kept,
                now=now,
            )

    def _as_issued(self, issued: Instrument, decision: Decision) -> Instrument:
        if issued.decision != decision.id:
            raise InstrumentError(
                N_(
                    "Keputusan {reference} sudah terbit sebagai izin {number} menurut revisi sebelumnya. Izin yang "
                    "berubah adalah naskah baru yang menggantikannya."
                ),
                reference=decision.reference,
                number=issued.number,
            )
        return issued

    def _number(
        self,
        tx: sa.Connection,
        pack: Pack,
        before: Instrument | None,
        today: datetime.date,
        now: datetime.datetime,
    ) -> numbers.AllottedNumber:
        if before is not None:
            kept = numbers.by_row(tx, before.number_row)
            if kept.fate is numbers.Fate.USED and kept.year == today.year:
                return kept
            if kept.fate is numbers.Fate.USED:
                numbers.void(tx, row=kept.row, reason="frozen, but not signed within the year", now=now)
        return numbers.allot(tx, series=pack.series, year=today.year, now=now)

    def _frozen(
        self,
        decision: Decision,
        pack: Pack,
        *,
        n: int,
        today: datetime.date,
        mandate_id: int,
        mandate: MandateRecord,
        serial: int,
    ) -> Frozen:
        public = decision.public
        number = pack.number(n, today, office=self._office)
        valid_until = pack.valid_until(public, today)
        holder, subject = pack.statement_names(public)
        said = statement.Statement(
            number=number,
            issued=statement.midnight(today, self._zone),
            expires=None
            if valid_until is None
            else statement.midnight(valid_until + datetime.timedelta(days=1), self._zone),
            pack=decision.pack,
            holder=holder,
            subject=subject,
            digest=decision.digest[: statement.DIGEST_BYTES],
            serial=serial,
        )
        token = statement.sign(statement.fit(said, room=statement.room(self._host)), self._statement_signer)
        return Frozen(
            pack=decision.pack,
            number=number,
            date_of_issue=today,
            valid_until=valid_until,
            mandate=mandate_id,
            statement=token,
            public_view=pack.public_view(
                public, number=number, date_of_issue=today, valid_until=valid_until, mandate=mandate
            ),
            shape=pack.shape(
                public,
                office=self._office,
                mandate=mandate,
                date_of_issue=today,
                mark=printing.SIMULATION if self._simulation else "",
            ),
            holder=pack.holder_name(public),
            kind=pack.kind,
        )


def _box(place: dict[str, float]) -> Box:
    return Box(page=int(place["page"]), x1=place["x1"], y1=place["y1"], x2=place["x2"], y2=place["y2"])
