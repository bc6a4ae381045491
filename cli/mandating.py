"""Commands about who may sign for the office: mandates, and the certificates that sign."""

import argparse
import datetime
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from cli.recording import Memory, NotFoundError, actor, known_type
from cli.verifying import trust_of
from registry import mandates
from registry.formats.language import N_
from registry.formats.record import MandateMode, MandateRecord
from registry.formats.spoken import SpokenError
from templates import packs, wording

MODE_WORDS: Final = {
    MandateMode.DEFINITIVE: "definitif",
    MandateMode.PLT: "Plt.",
    MandateMode.PLH: "Plh.",
    MandateMode.AN: "a.n.",
    MandateMode.UB: "u.b.",
}
_PASSING: Final = (MandateMode.PLT, MandateMode.PLH)
_PASSING_DAYS: Final = 184  # three months, and three more: the civil service agency's term for Plt. and Plh.
_NIP_DIGITS: Final = 18
_MAX_CERTIFICATES_BYTES: Final = 1024 * 1024
_PEM: Final = b"-----BEGIN"


class CertificateFileError(SpokenError):
    """The files do not hold a certificate with its issuers up to a root that this office trusts."""

    catalogue = "cli"


def add(memory: Memory, arguments: argparse.Namespace) -> int:
    """Record a mandate, and say where it looks unlike what the rules expect."""
    mandate = MandateRecord(
        person=arguments.person,
        rank=arguments.rank,
        employee_number=_compact(arguments.employee_number),
        mode=MandateMode(arguments.mode),
        office_title=arguments.office_title,
        own_title=arguments.own_title,
        decree_number=arguments.decree_number,
        decree_date=arguments.decree_date,
        scope=tuple(dict.fromkeys(map(known_type, arguments.type))),
        valid_from=arguments.first_day,
        valid_until=arguments.last_day,
    )
    with memory.database.write() as tx:
        key = mandates.appoint(tx, office=memory.office.id, mandate=mandate, now=memory.now)
    memory.say(
        memory.translate("Mandat {id} dicatat: {person} ({mode}), {period}.").format(
            id=key,
            person=mandate.person,
            mode=memory.translate(MODE_WORDS[mandate.mode]),
            period=_period(mandate, memory),
        )
    )
    for warning in _doubts(mandate, memory):
        memory.warn(warning)
    memory.announce()
    return 0


def end(memory: Memory, arguments: argparse.Namespace) -> int:
    """End a mandate, and say from when no one may sign."""
    with memory.database.write() as tx:
        known = dict(mandates.every(tx, office=memory.office.id))
        if arguments.mandate not in known:
            raise NotFoundError(
                N_("Kantor ini tidak mempunyai mandat {id}. Lihat semuanya dengan `absah mandate list`."),
                id=arguments.mandate,
            )
        mandates.end(
            tx,
            mandate=arguments.mandate,
            last_day=arguments.last_day,
            reason=arguments.reason,
            decree_number=arguments.decree_number,
            decree_date=arguments.decree_date,
            actor=actor(arguments),
            now=memory.now,
        )
        left = [mandate for _, mandate in mandates.every(tx, office=memory.office.id)]
    memory.say(
        memory.translate("Mandat {id} ({person}) berakhir; hari terakhirnya {day}.").format(
            id=arguments.mandate, person=known[arguments.mandate].person, day=memory.day(arguments.last_day)
        )
    )
    _warn_of_gap(left, arguments.last_day + datetime.timedelta(days=1), memory)
    memory.announce()
    return 0


def show(memory: Memory, arguments: argparse.Namespace) -> int:
    """List the office's mandates."""
    with memory.database.read() as tx:
        found = mandates.every(tx, office=memory.office.id)
    if arguments.on is not None:
        found = [(key, mandate) for key, mandate in found if _covers(mandate, arguments.on)]
    if arguments.json:
        for key, mandate in found:
            print(json.dumps(_as_json(key, mandate), ensure_ascii=False))
        return 0
    for key, mandate in found:
        for text in _described(key, mandate, memory):
            memory.say(text)
    if not found:
        memory.say(
            memory.translate(
                "Tidak ada mandat: di sini akan tertulis siapa yang berwenang menandatangani. Catat yang pertama "
                "dengan `absah mandate add`."
            )
        )
    return 0


def register(memory: Memory, arguments: argparse.Namespace) -> int:
    """Register the certificate with which a person signs, with its issuers up to below a trusted root."""
    roots = [x509.load_der_x509_certificate(root) for root in trust_of(memory.home).roots]
    certificate, *bundled = _read(arguments.file)
    if _is_authority(certificate):
        raise CertificateFileError(
            N_(
                "Sertifikat pertama dalam {path} milik penerbit sertifikat, bukan milik orang. Taruh sertifikat "
                "penandatangan paling depan."
            ),
            path=str(arguments.file),
        )
    chain = chained(certificate, [*bundled, *(one for file in arguments.issuer for one in _read(file))], roots=roots)
    employee_number, data = _compact(arguments.employee_number), certificate.public_bytes(Encoding.DER)
    with memory.database.write() as tx:
        mandates.register_signer(
            tx,
            employee_number=employee_number,
            certificate=data,
            issuers=tuple(one.public_bytes(Encoding.DER) for one in chain),
            now=memory.now,
        )
        # The same certificate again adds nothing, whoever it was registered for.
        mandates.signer_id(tx, employee_number=employee_number, certificate=data)
        people = {
            mandate.person
            for _, mandate in mandates.every(tx, office=memory.office.id)
            if mandate.employee_number == employee_number
        }
    _ = memory.translate
    memory.say(
        _("Sertifikat terdaftar untuk NIP {number}: {subject}, berlaku sampai {moment}.").format(
            number=wording.employee_number(employee_number),
            subject=certificate.subject.rfc4514_string(),
            moment=memory.moment(certificate.not_valid_after_utc),
        )
    )
    if not people:
        memory.warn(_("Belum ada mandat dengan NIP ini: periksa apakah NIP-nya benar."))
    else:
        memory.say(
            _("Pastikan sertifikat itu milik {people}: pendaftaran tidak dapat ditarik.").format(
                people=", ".join(sorted(people))
            )
        )
    if not certificate.not_valid_before_utc <= memory.now <= certificate.not_valid_after_utc:
        memory.warn(_("Sertifikat ini tidak berlaku sekarang: belum dapat dipakai menandatangani, atau sudah habis."))
    memory.announce()
    return 0


def chained(
    certificate: x509.Certificate, issuers: Iterable[x509.Certificate], *, roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """The issuers in order, from the certificate's own to the one below a root.

    Raises `CertificateFileError` where the way up is not whole, or one of the issuers does not stand on it: what is
    registered once is registered for good.
    """
    waiting = [one for one in issuers if one.subject != one.issuer and one != certificate]
    chain: list[x509.Certificate] = []
    below = certificate
    while not any(_issued(below, root) for root in roots):
        above = next((one for one in waiting if _issued(below, one)), None)
        if above is None:
            raise CertificateFileError(
                N_(
                    "Penerbit sertifikat “{subject}” tidak ada di antara berkas yang diberikan, juga tidak di antara "
                    "yang dipercaya kantor ini. Tambahkan sertifikat “{issuer}” dengan --issuer."
                ),
                subject=below.subject.rfc4514_string(),
                issuer=below.issuer.rfc4514_string(),
            )
        waiting = [one for one in waiting if one != above]
        chain.append(above)
        below = above
    if waiting:
        raise CertificateFileError(
            N_("“{issuer}” bukan penerbit sertifikat “{subject}”. Jangan sertakan."),
            issuer=waiting[0].subject.rfc4514_string(),
            subject=certificate.subject.rfc4514_string(),
        )
    return chain


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _read(path: Path) -> list[x509.Certificate]:
    with path.open("rb") as file:
        data = file.read(_MAX_CERTIFICATES_BYTES)
    if b"PRIVATE KEY-----" in data:
        raise CertificateFileError(
            N_(
                "{path} memuat kunci privat; siapa pun yang memegangnya dapat menandatangani. Serahkan sertifikatnya "
                "saja, dan simpan kuncinya di tempat aman."
            ),
            path=str(path),
        )
    try:
        if _PEM in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise CertificateFileError(
            N_("{path} tidak memuat sertifikat. Serahkan sertifikat dalam bentuk DER atau PEM."), path=str(path)
        ) from error


def _compact(employee_number: str) -> str:
    return re.sub(r"\s", "", employee_number)


def _covers(mandate: MandateRecord, day: datetime.date) -> bool:
    return mandate.valid_from <= day and (mandate.valid_until is None or day <= mandate.valid_until)


def _doubts(mandate: MandateRecord, memory: Memory) -> Iterable[str]:
    _ = memory.translate
    if mandate.mode in _PASSING:
        last_expected = mandate.valid_from + datetime.timedelta(days=_PASSING_DAYS - 1)
        if mandate.valid_until is None or mandate.valid_until > last_expected:
            yield _(
                "Plt. dan Plh. bertugas untuk sementara (pada umumnya tiga bulan, dapat diperpanjang tiga bulan): "
                "periksa hari terakhirnya."
            )
    if mandate.decree_date > mandate.valid_from:
        yield _("Keputusan {number} bertanggal {day}, sesudah mandatnya mulai berlaku.").format(
            number=mandate.decree_number, day=memory.day(mandate.decree_date)
        )
    if not re.fullmatch(f"[0-9]{{{_NIP_DIGITS}}}", mandate.employee_number, re.ASCII):
        yield _("NIP biasanya terdiri atas {count} angka; tertulis {number}.").format(
            count=_NIP_DIGITS, number=mandate.employee_number
        )
    if mandate.mode is MandateMode.DEFINITIVE and mandate.office_title != mandate.own_title:
        yield _(
            "Pejabat definitif menandatangani dengan jabatannya sendiri, tetapi kedua jabatan yang tertulis berbeda."
        )


def _warn_of_gap(left: Iterable[MandateRecord], day: datetime.date, memory: Memory) -> None:
    standing = list(left)
    without = [pack.type for pack in packs.packs() if not any(mandate.holds(day, pack.type) for mandate in standing)]
    if without:
        memory.warn(
            memory.translate(
                "Mulai {day} tidak ada yang berwenang menandatangani izin jenis {types}: catat mandat berikutnya "
                "dengan `absah mandate add`."
            ).format(day=memory.day(day), types=", ".join(without))
        )


def _period(mandate: MandateRecord, memory: Memory) -> str:
    _ = memory.translate
    if mandate.valid_until is None:
        return _("mulai {first}, belum ada hari terakhirnya").format(first=memory.day(mandate.valid_from))
    if mandate.valid_until < mandate.valid_from:
        return _("ditarik sebelum mulai berlaku pada {first}").format(first=memory.day(mandate.valid_from))
    return _("{first} sampai {last}").format(first=memory.day(mandate.valid_from), last=memory.day(mandate.valid_until))


def _described(key: int, mandate: MandateRecord, memory: Memory) -> Iterable[str]:
    _ = memory.translate
    holds = _("berlaku hari ini") if _covers(mandate, memory.today) else _("tidak berlaku hari ini")
    yield f"{key:>4}  {mandate.person} ({_(MODE_WORDS[mandate.mode])}), {_period(mandate, memory)}; {holds}"
    titles = dict.fromkeys((mandate.own_title, mandate.office_title))
    yield "      " + _("NIP {number}, {rank}; {titles}").format(
        number=wording.employee_number(mandate.employee_number), rank=mandate.rank, titles=" → ".join(titles)
    )
    yield "      " + _("Keputusan {number} tanggal {day}; jenis izin: {types}").format(
        number=mandate.decree_number,
        day=memory.day(mandate.decree_date),
        types=", ".join(mandate.scope) or _("semua"),
    )


def _as_json(key: int, mandate: MandateRecord) -> dict[str, object]:
    return {
        "id": key,
        "person": mandate.person,
        "rank": mandate.rank,
        "employee_number": mandate.employee_number,
        "mode": mandate.mode.value,
        "office_title": mandate.office_title,
        "own_title": mandate.own_title,
        "decree_number": mandate.decree_number,
        "decree_date": mandate.decree_date.isoformat(),
        "types": list(mandate.scope),
        "from": mandate.valid_from.isoformat(),
        "until": None if mandate.valid_until is None else mandate.valid_until.isoformat(),
    }
