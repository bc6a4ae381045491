"""What no model alone can see and several packs ask: dates against today, holder against deed, place against region."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from templates import identifiers, parts
from templates.problems import Problem
from templates.reading import Findings, Place
from templates.regions import Region

_WITHOUT_DEED: Final = (parts.LegalForm.PERORANGAN, parts.LegalForm.INSTANSI)


def not_in_future(
    findings: Findings, events: Iterable[tuple[Place, datetime.date]], today: datetime.date
) -> Iterator[Problem]:
    """An error for each date of a document that lies after today."""
    for place, day in events:
        if day > today:
            yield findings.error(
                ("public", *place),
                "date_in_future",
                "{label} berisi {value}, padahal tanggal itu belum tiba. Cocokkan dengan dokumennya.",
                value=day,
            )


def deeds(holder: parts.Holder) -> Iterator[tuple[Place, datetime.date]]:
    """The dates of the holder's deeds with their places, for `not_in_future`."""
    for name, deed in (("deed", holder.deed), ("amendment", holder.amendment)):
        if deed:
            yield ("holder", name, "date"), deed.date
            yield ("holder", name, "approval_date"), deed.approval_date


def application(
    findings: Findings, application: parts.Application, recommendation: parts.Recommendation
) -> Iterator[Problem]:
    """Receipt and recommendation against the letter that asked."""
    yield from receipt(findings, application)
    if recommendation.date < application.date:
        yield findings.warning(
            ("public", "recommendation", "date"),
            "recommended_before_asked",
            "{label} berisi {value}, lebih awal daripada tanggal surat permohonan, {other}. Pastikan "
            "rekomendasi itu untuk permohonan ini.",
            value=recommendation.date,
            other=application.date,
        )


def receipt(findings: Findings, application: parts.Application) -> Iterator[Problem]:
    """Receipt against the letter that asked, where there is no recommendation."""
    if application.received < application.date:
        yield findings.error(
            ("public", "application", "received"),
            "received_before_written",
            "{label} berisi {value}, lebih awal daripada tanggal suratnya, {other}. Betulkan salah satunya.",
            value=application.received,
            other=application.date,
        )


def certificate(findings: Findings, installer: parts.Installer, today: datetime.date) -> Iterator[Problem]:
    """A warning where the installer's certificate has run out."""
    until = installer.certificate_until
    if until is not None and until < today:
        yield findings.warning(
            ("public", "installer", "certificate_until"),
            "certificate_expired",
            "{label} berisi {value}, yang sudah lewat. Mintalah sertifikat yang masih berlaku.",
            value=until,
        )


def validity(findings: Findings, validity: parts.Validity, today: datetime.date) -> Iterator[Problem]:
    """The end of the permit against the way in which it holds, and against today."""
    place = ("public", "validity", "until")
    dated = validity.kind is parts.ValidityKind.SAMPAI_TANGGAL
    if dated and validity.until is None:
        yield findings.error(
            place,
            "end_missing",
            "{label} belum diisi, padahal izin berlaku sampai tanggal tertentu. Isilah tanggal terakhirnya.",
        )
    elif not dated and validity.until is not None:
        yield findings.error(
            place,
            "end_unwanted",
            "{label} berisi {value}, padahal izin berlaku selama digunakan. Kosongkan tanggal itu atau "
            "ubah masa berlakunya.",
            value=validity.until,
        )
    elif validity.until is not None and validity.until <= today:
        yield findings.error(
            place,
            "end_passed",
            "{label} berisi {value}, padahal harus setelah hari ini. Isilah tanggal yang akan datang.",
            value=validity.until,
        )


def holder(findings: Findings, holder: parts.Holder) -> Iterator[Problem]:
    """A deed is asked of everyone but natural persons and government bodies."""
    if holder.deed is None and holder.form not in _WITHOUT_DEED:
        yield findings.error(
            ("public", "holder", "deed"),
            "deed_missing",
            "{label} belum diisi, padahal pemegang izin bukan perorangan atau instansi. Isilah nomor, tanggal, "
            "notaris, dan pengesahannya.",
        )


def location(findings: Findings, location: parts.Location, region: Region) -> Iterator[Problem]:
    """Data of the tower where there is one; the district's code and name as the ministry lists them."""
    if location.kind is parts.PlaceKind.MENARA and location.tower is None:
        yield findings.error(
            ("public", "location", "tower"),
            "tower_missing",
            "{label} belum diisi, padahal jenis lokasinya menara. Isilah ID site dan izin bangunannya.",
        )
    district = location.district
    known = region.districts.get(district.code)
    if known is None:
        yield findings.error(
            ("public", "location", "district", "code"),
            "district_unknown",
            "{label} berisi “{value}”, yang bukan kode kecamatan di {region}. Cocokkan dengan daftar kode wilayah.",
            value=district.code,
            region=region.name,
        )
    elif known.casefold() != district.name.casefold():
        yield findings.error(
            ("public", "location", "district", "name"),
            "district_mismatch",
            "{label} berisi “{value}”, padahal {district} adalah kode Kecamatan {known}. Betulkan nama atau kodenya.",
            value=district.name,
            district=district.code,
            known=known,
        )


_NIK_DOUBTS: Final[Mapping[str, str]] = {
    "nik_birth_date": "{label} memuat tanggal lahir yang tidak ada dalam kalender. Cocokkan dengan KTP.",
    "nik_region": "{label} memuat kode provinsi yang tidak dikenal. Cocokkan dengan KTP.",
}


def nik(findings: Findings, number: str, *, today: datetime.date) -> Iterator[Problem]:
    """Doubts about the NIK of the private part; never errors, because old papers hold old numbers."""
    if doubt := identifiers.nik_doubt(number, today=today):
        yield findings.warning(("private", "nik"), doubt, _NIK_DOUBTS[doubt])


def private(
    findings: Findings, private: parts.Private, holder: parts.Holder, *, today: datetime.date, region: Region
) -> Iterator[Problem]:
    """Doubts about identifiers and coordinates; never errors, because old papers hold old numbers."""
    yield from nik(findings, private.nik, today=today)
    if holder.natural and len(private.npwp) == 16 and not private.npwp.startswith("0") and private.npwp != private.nik:  # noqa: PLR2004  # the newer form
        yield findings.warning(
            ("private", "npwp"),
            "npwp_not_nik",
            "{label} berbeda dari NIK-nya, padahal NPWP 16 angka milik perorangan sama dengan NIK. Cocokkan keduanya "
            "dengan KTP.",
        )
    if place := private.coordinates:
        inside = region.south <= place.latitude <= region.north and region.west <= place.longitude <= region.east
        if not inside:
            yield findings.warning(
                ("private", "coordinates"),
                "outside_region",
                "{label} berada di luar {region}. Periksa tanda minus, urutan lintang dan bujur, serta titiknya di "
                "peta.",
                region=region.name,
            )
