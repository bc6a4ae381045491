"""How a permit stood through a day, what became of each number, and which certificates make a chain."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509

from cli.mandating import CertificateFileError, chained
from cli.numbering import Entry, Lot, entries
from cli.showing import Standing, spans
from keys.development import DevelopmentPki
from registry.formats.record import Status, StatusRecord
from registry.numbers import Fate, Opening, ReportedNumber

ZONE = ZoneInfo("Asia/Jakarta")
DAY = datetime.date(2026, 11, 24)
NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


def at(hour: int, minute: int = 0, *, day: datetime.date = DAY) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour, minute), ZONE)


def changed(status: Status, effective: datetime.datetime, sequence: int) -> StatusRecord:
    return StatusRecord(status=status, effective=effective, recorded=effective, ground="", sequence=sequence)


def told(*changes: StatusRecord, day: datetime.date = DAY, valid_until: datetime.date | None = None) -> list:
    return [
        (f"{span.begin.astimezone(ZONE):%H:%M}", f"{span.end.astimezone(ZONE):%H:%M}", span.standing)
        for span in spans(changes, valid_until=valid_until, day=day, zone=ZONE)
    ]


def test_a_day_with_several_changes_is_told_from_minute_to_minute() -> None:
    changes = (
        changed(Status.IN_FORCE, at(8), 1),
        changed(Status.SUSPENDED, at(10), 2),
        changed(Status.IN_FORCE, at(11, 30), 3),
        changed(Status.REVOKED, at(16), 4),
        changed(Status.SUSPENDED, at(17), 5),  # moot: nothing follows the end
    )
    assert told(*changes) == [
        ("00:00", "08:00", Standing.NOT_ISSUED),
        ("08:00", "10:00", Standing.IN_FORCE),
        ("10:00", "11:30", Standing.SUSPENDED),
        ("11:30", "16:00", Standing.IN_FORCE),
        ("16:00", "00:00", Standing.REVOKED),
    ]


def test_a_change_at_midnight_belongs_to_the_day_that_begins() -> None:
    changes = (changed(Status.IN_FORCE, at(8), 1), changed(Status.SUSPENDED, at(0, day=datetime.date(2026, 11, 26)), 2))
    assert told(*changes, day=datetime.date(2026, 11, 25)) == [("00:00", "00:00", Standing.IN_FORCE)]
    assert told(*changes, day=datetime.date(2026, 11, 26)) == [("00:00", "00:00", Standing.SUSPENDED)]


def test_a_permit_runs_out_after_its_last_day() -> None:
    issued = changed(Status.IN_FORCE, at(8, day=datetime.date(2026, 1, 5)), 1)
    assert told(issued, valid_until=DAY) == [("00:00", "00:00", Standing.IN_FORCE)]
    after = DAY + datetime.timedelta(days=1)
    assert told(issued, valid_until=DAY, day=after) == [("00:00", "00:00", Standing.EXPIRED)]
    revoked = changed(Status.REVOKED, at(9), 2)
    assert told(issued, revoked, valid_until=DAY, day=after) == [("00:00", "00:00", Standing.REVOKED)]


def reported(n: int, fate: Fate = Fate.USED, *, printed: str | None = None, issued: bool = False) -> ReportedNumber:
    return ReportedNumber(n=n, fate=fate, reason=None, recorded=NOW, printed=printed, issued=NOW if issued else None)


def test_every_number_has_a_fate_and_a_hole_is_named() -> None:
    opening = Opening(first=51, reason="buku agenda", recorded=NOW)
    found = entries(
        opening,
        [
            reported(51, printed="503/051", issued=True),
            reported(52, printed="503/052"),
            reported(53, Fate.VOID),
            reported(56, Fate.OUTSIDE),
            reported(57),
        ],
    )
    assert [(entry.first, entry.last, entry.lot) for entry in found] == [
        (1, 50, Lot.BEFORE_OPENING),
        (51, 51, Lot.ISSUED),
        (52, 52, Lot.FROZEN),
        (53, 53, Lot.VOID),
        (54, 55, Lot.MISSING),
        (56, 56, Lot.OUTSIDE),
        (57, 57, Lot.UNCARRIED),
    ]
    assert next(entries(None, [reported(3)])) == Entry(first=1, last=2, lot=Lot.MISSING)


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[x509.Certificate, x509.Certificate, x509.Certificate]:
    pki = DevelopmentPki.make(tmp_path / "keys", now=NOW, person="Contoh Satu", office="Kantor Contoh")
    key = pki.signing_key()
    signer, issuing, root = map(
        x509.load_der_x509_certificate, (key.certificate, key.issuers[0], pki.trust(NOW).roots[0])
    )
    return signer, issuing, root


def test_issuers_are_put_in_order_and_the_root_is_left_out(certificates) -> None:
    signer, issuing, root = certificates
    assert chained(signer, [root, issuing], roots=[root]) == [issuing]
    assert chained(signer, [signer, issuing], roots=[root]) == [issuing]


def test_a_chain_that_would_never_be_believed_is_refused(certificates, tmp_path: Path) -> None:
    signer, issuing, root = certificates
    with pytest.raises(CertificateFileError, match="--issuer"):
        chained(signer, [], roots=[root])
    with pytest.raises(CertificateFileError, match="--issuer"):
        chained(signer, [issuing], roots=[])
    other = DevelopmentPki.make(tmp_path / "others", now=NOW, person="Contoh Dua", office="Kantor Lain")
    stranger = x509.load_der_x509_certificate(other.signing_key().issuers[0])
    with pytest.raises(CertificateFileError, match="leave it out"):
        chained(signer, [issuing, stranger], roots=[root])
