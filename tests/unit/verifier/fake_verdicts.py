"""One verdict of every name, about one invented permit, for tests of words and pages. Loaded by path."""

import dataclasses
import datetime
import hashlib
import threading
from zoneinfo import ZoneInfo

from registry.formats import statement as statements
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
from registry.formats.verdict import Answer, Check, Outcome, Subject, Verdict, VerdictName
from verifier.office import PublicOffice

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime.datetime(2026, 11, 23, 7, 5, tzinfo=datetime.UTC)
PDF = b"%PDF-1.7\n% an invented file, opened by no one\n"
NUMBER = "500.16.7/012/DPMPTSP/XI/2026"


class _Nobody:
    """Signs statements with nothing: they can be read, and prove nothing."""

    kid = b"none"

    @staticmethod
    def sign(_):
        return bytes(64)


TOKEN = statements.sign(
    statements.Statement(
        number=NUMBER,
        issued=statements.midnight(datetime.date(2026, 11, 16), ZONE),
        expires=None,
        pack="genset/v1",
        holder="PT Menara Contoh Nusantara",
        subject="1 genset 20 kVA, Kec. Tambang",
        digest=bytes(16),
        serial=131_842,
    ),
    _Nobody(),
)

OFFICE = PublicOffice(
    government="Pemerintah Kabupaten Kampar",
    name="Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu",
    phone="0812-7646-0487",
    email="dpmptsp@contoh.example",
    web="https://dpmptsp.contoh.example",
    address=("Jalan M. Yamin, Bangkinang Kota", "Kabupaten Kampar, Riau"),
)


def field(identifier, label, value, label_en, value_en=None):
    return PublicField(id=identifier, label={"id": label, "en": label_en}, value={"id": value, "en": value_en or value})


def record(**changes):
    values = {
        "serial": 131_842,
        "number": NUMBER,
        "pack": "genset/v1",
        "statement": b"\x01statement",
        "date_of_issue": datetime.date(2026, 11, 16),
        "valid_until": datetime.date(2041, 11, 15),
        "decision_digest": b"\x11" * 32,
        "public_view": (
            field("number", "Nomor", NUMBER, "Number"),
            field("type", "Jenis izin", "Izin Instalasi Genset", "Kind of permit", "Generator installation permit"),
            field("holder", "Pemegang izin", "PT Menara Contoh Nusantara", "Holder"),
            field("object", "Kegunaan", "Catu daya cadangan menara BTS", "Purpose", "Standby power of a mast"),
            field(
                "location",
                "Lokasi",
                "Desa Tarai Bangun, Kecamatan Tambang, Kabupaten Kampar",
                "Place",
            ),
            field("units", "Jumlah unit", "1 unit", "Units", "1 unit"),
            field("capacity", "Daya seluruhnya", "20 kVA", "Total power"),
            field("date_of_issue", "Tanggal terbit", "16 November 2026", "Date of issue"),
            field("valid_until", "Berlaku sampai", "15 November 2041", "Valid until"),
            field(
                "signer",
                "Penandatangan",
                "Kepala Dinas, Drs. H. CONTOH NAMA, M.Si.",
                "Signed by",
                "Head of office, Drs. H. CONTOH NAMA, M.Si.",
            ),
        ),
        "qr_place": QrPlace(page=1, left_mm=20, top_mm=240, size_mm=33),
        "mandate": MandateRecord(
            person="CONTOH NAMA",
            rank="Pembina Utama Muda",
            employee_number="197001011995031001",
            mode=MandateMode.DEFINITIVE,
            office_title="Kepala Dinas",
            own_title="Kepala Dinas",
            decree_number="821/1/2024",
            decree_date=datetime.date(2024, 1, 2),
            scope=(),
            valid_from=datetime.date(2024, 1, 2),
            valid_until=None,
        ),
        "issued_at": datetime.datetime(2026, 11, 16, 3, 12, tzinfo=datetime.UTC),
        "file_sha256": hashlib.sha256(PDF).digest(),
        "signing_profile": "certified-p1",
        "signer": SignerRecord(certificate=b"DER", issuers=(b"DER",), sha256=b"\x33" * 32),
        "revocation_lists": (),
        "statuses": (status(Status.IN_FORCE, datetime.date(2026, 11, 16), ""),),
    }
    return PermitRecord(**(values | changes))


def status(name, day, ground, **names):
    moment = datetime.datetime.combine(day, datetime.time(9), ZONE)
    return StatusRecord(status=name, effective=moment, recorded=moment, ground=ground, **names)


def changed(name, ground="Permohonan pemegang izin", **names):
    change = status(name, datetime.date(2026, 11, 20), ground, instrument_number="500.16.7/19/2026", **names)
    return record(statuses=(*record().statuses, change))


def correction(day=datetime.date(2026, 11, 20), **changes):
    moment = datetime.datetime.combine(day, datetime.time(9), ZONE)
    values = {
        "field": "Lokasi",
        "printed": "Desa Tarai Bangun",
        "correct": "Desa Kualu",
        "instrument_number": "500.16.7/21/RALAT/2026",
        "instrument_date": datetime.date(2026, 11, 19),
        "effective": moment,
        "recorded": moment,
    }
    return Correction(**(values | changes))


def corrected(*corrections, statement=True):
    """The permit stands, and is read with these corrections."""
    kept = record(corrections=corrections or (correction(),))
    return verdict(VerdictName.COMPARE if statement else VerdictName.GENUINE, statement=statement, record=kept)


DESTRUCTION = Destruction(
    minutes_number="BA/4/2056",
    minutes_date=datetime.date(2056, 3, 12),
    recorded=datetime.datetime(2056, 3, 13, tzinfo=datetime.UTC),
)


def destroyed(*, statement=True):
    """The permit has expired and its documents were destroyed: what is left is a row of the register."""
    kept = record(
        valid_until=datetime.date(2026, 11, 20), public_view=(), qr_place=None, destroyed=DESTRUCTION, statement=TOKEN
    )
    return verdict(VerdictName.EXPIRED, statement=statement, failed={"3.2": "expired"}, record=kept)


def awaiting(*, statement=True):
    """The permit was issued, and no checkpoint covers it yet."""
    return verdict(
        VerdictName.UNCHECKED,
        statement=statement,
        unknown={"2.5": "awaits_log"},
        record=record(awaits_log=True),
        facts={"cause": "awaits_log", "number": NUMBER},
    )


FILE_CHECKS = (
    ("1.1 file_readable", Answer.INTACT),
    ("1.2 signature_present", Answer.INTACT),
    ("1.3 signature_value", Answer.INTACT),
    ("1.4 whole_file_covered", Answer.INTACT),
    ("1.5 registered_content", Answer.INTACT),
    ("1.6 qr_belongs_to_file", Answer.INTACT),
    ("2.0 statement_readable", Answer.ISSUED),
    ("2.1 file_registered", Answer.ISSUED),
    ("2.2 statement_signature", Answer.ISSUED),
    ("2.3 statement_registered", Answer.ISSUED),
    ("2.4 permit_issued", Answer.ISSUED),
    ("2.5 log_covered", Answer.ISSUED),
    ("3.1 status", Answer.IN_FORCE),
    ("3.2 validity_period", Answer.IN_FORCE),
    ("4.1 signer_known", Answer.AUTHORISED),
    ("4.2 certificate_valid", Answer.AUTHORISED),
    ("4.3 mandate", Answer.AUTHORISED),
)


def checks(failed=(), unknown=(), statement=False):
    failed, unknown = dict(failed), dict(unknown)
    listed = FILE_CHECKS
    if statement:
        listed = (("1.0 paper_compared", Answer.INTACT), *(found for found in listed[6:] if found[0][:3] != "2.1"))
        unknown["1.0"] = "paper_not_compared"
    result = []
    for identifier, answer in listed:
        number = identifier.partition(" ")[0]
        reason = failed.get(number) or unknown.get(number)
        outcome = Outcome.PASSED
        if reason:
            outcome = Outcome.FAILED if number in failed else Outcome.UNKNOWN
        result.append(Check(identifier, answer, outcome, reason))
    return tuple(result)


def verdict(name, *, statement=False, failed=(), unknown=(), simulation=False, **rest):
    return Verdict(
        subject=Subject.STATEMENT if statement else Subject.FILE,
        name=name,
        simulation=simulation,
        checks=checks(failed, unknown, statement),
        as_of=NOW,
        **rest,
    )


def every_verdict():
    """Verdict by name, each as the verifier would give it."""
    n = VerdictName
    stopped = dict.fromkeys(("2.2", "2.3", "2.4", "3.1", "3.2", "4.1", "4.2", "4.3"), "not_checked")
    expired = record(valid_until=datetime.date(2026, 11, 20), date_of_issue=datetime.date(2026, 8, 20))
    listed = [
        verdict(n.GENUINE, record=record()),
        verdict(n.GENUINE_ON_DATE, record=record(), on=datetime.date(2026, 11, 18)),
        verdict(n.COMPARE, statement=True, record=record()),
        verdict(n.EXPIRED, failed={"3.2": "expired"}, record=expired),
        verdict(
            n.NOT_YET_IN_FORCE,
            failed={"3.2": "not_yet_in_force"},
            record=record(),
            on=datetime.date(2026, 3, 12),
        ),
        verdict(
            n.SUSPENDED,
            failed={"3.1": "suspended"},
            record=changed(
                Status.SUSPENDED,
                "Laporan kebisingan sedang diperiksa",
                legal_ground="Pasal 14 ayat (2) Peraturan Bupati Nomor 7 Tahun 2025",
                instrument_date=datetime.date(2026, 11, 19),
            ),
            facts={"since": "2026-11-20"},
        ),
        verdict(
            n.REVOKED,
            statement=True,
            failed={"3.1": "revoked"},
            record=changed(Status.REVOKED),
            facts={"since": "2026-11-20"},
        ),
        verdict(
            n.ANNULLED,
            failed={"3.1": "annulled"},
            record=changed(Status.ANNULLED, "Syarat teknis tidak terpenuhi sejak awal"),
            facts={"since": "2026-11-20"},
        ),
        verdict(
            n.SUPERSEDED,
            failed={"3.1": "superseded"},
            record=changed(Status.SUPERSEDED, replaced_by="500.16.7/044/DPMPTSP/XI/2026"),
        ),
        verdict(n.ALTERED, failed={"1.4": "modified_after_signing", "2.1": "file_not_registered"}, record=record()),
        verdict(
            n.STRANGER,
            failed={"2.1": "file_not_registered", "4.1": "signer_unknown"},
            unknown={"4.2": "not_checked", "4.3": "not_checked"},
        ),
        verdict(
            n.NEVER_ISSUED,
            failed={"2.1": "file_not_registered", "2.4": "never_issued"},
            record=record(issued_at=None, file_sha256=None),
        ),
        verdict(
            n.WRONG_QR,
            failed={"1.6": "qr_of_another_permit", "2.1": "file_not_registered"},
            record=record(),
            facts={"holder": "PT Menara Contoh Nusantara"},
        ),
        verdict(n.FORGED_QR, statement=True, failed={"2.2": "statement_signature_wrong"}, unknown=stopped),
        verdict(n.UNKNOWN_PERMIT, statement=True, failed={"2.3": "unknown_serial"}, facts={"serial": "77"}),
        verdict(n.NOT_AUTHORISED, failed={"4.3": "outside_mandate"}, record=record()),
        verdict(n.RESAVED, unknown={"1.2": "no_signature", "2.1": "unsigned_copy"}, record=record()),
        verdict(n.PRINTOUT, unknown={"1.2": "image_only", "2.1": "unsigned_copy"}, record=record()),
        verdict(
            n.FOREIGN_HOST,
            statement=True,
            failed={"2.0": "foreign_host"},
            unknown=stopped,
            facts={"host": "izin-kampar.example.net"},
        ),
        verdict(n.UNKNOWN, unknown=stopped | {"1.2": "no_signature", "2.0": "no_qr_found"}),
        verdict(n.UNCHECKED, unknown=stopped | {"1.1": "reader_stopped"}, facts={"cause": "reader_stopped"}),
    ]
    return {found.name: found for found in listed}


TYPES = {
    Kind.PERMIT: ("Izin Instalasi Genset", "Generator installation permit"),
    Kind.DECREE: ("Keputusan Pencabutan Izin Instalasi Genset", "Decree revoking a generator installation permit"),
    Kind.LETTER: ("Surat Keterangan Pengganti Izin Hilang", "Letter in place of a lost permit"),
}


def as_kind(verdict, kind):
    """The same verdict about a document of this kind; without a kind, about one that the registry has no record of."""
    if kind is None or verdict.record is None:
        return dataclasses.replace(verdict, record=None)
    type_ = field("type", "Jenis", TYPES[kind][0], "Kind", TYPES[kind][1])
    view = tuple(type_ if one.id == "type" else one for one in verdict.record.public_view)
    return dataclasses.replace(verdict, record=dataclasses.replace(verdict.record, kind=kind, public_view=view))


def revoked_since(*, statement=False):
    """Asked about the 18th, when the permit was in force; it was revoked on the 20th."""
    return verdict(
        VerdictName.COMPARE if statement else VerdictName.GENUINE_ON_DATE,
        statement=statement,
        record=changed(Status.REVOKED),
        on=datetime.date(2026, 11, 18),
        facts={"number": NUMBER, "on": "2026-11-18", "today": "revoked", "today_since": "2026-11-20"},
    )


def report(found, given, language):
    return {"input": given, "verdict": str(found.name), "language": language}


class FakeVerifier:
    """Answers with what it was told: a verdict by the digits or file it is asked about, or an error."""

    def __init__(self, answers=None, *, default=None):
        self.answers = answers or {}
        self.default = default
        self.asked = []
        self.release = threading.Event()
        self.release.set()

    def verify(self, subject, *, now, on=None):
        self.asked.append((subject, now, on))
        assert self.release.wait(20)
        found = self.answers.get(subject, self.default)
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise UnavailableError("the fake knows nothing of this")
        return dataclasses.replace(found, on=on) if on else found
