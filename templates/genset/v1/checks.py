"""What the model alone cannot see: fields against each other, against today, against the region's data."""

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from templates import identifiers, reading
from templates.genset.v1 import model
from templates.problems import Problem, Severity, Value
from templates.regions import Region

# Above this one installation needs an IUPTLS of its own (Permen ESDM 11/2021).
IUPTLS_KW: Final = Decimal(500)
_POWER_FACTOR_TOLERANCE: Final = Decimal("0.05")
_WITHOUT_DEED: Final = (model.LegalForm.PERORANGAN, model.LegalForm.INSTANSI)


def check(decision: model.GensetDecision, *, today: datetime.date, region: Region) -> Iterator[Problem]:
    """Every finding about a decision whose fields are each well-formed."""
    yield from _dates(decision.public, today)
    yield from _holder(decision.public.holder)
    yield from _location(decision.public.location, region)
    for index, unit in enumerate(decision.public.units):
        yield from _unit(unit, index, today)
    yield from _units(decision.public.units)
    yield from _private(decision, today, region)


def _finding(severity: Severity, place: reading.Place, code: str, template: str, **params: Value) -> Problem:
    return reading.finding(model.GensetDecision, place, severity=severity, code=code, template=template, params=params)


def _dates(public: model.Public, today: datetime.date) -> Iterator[Problem]:
    events: list[tuple[reading.Place, datetime.date]] = [
        (("application", "date"), public.application.date),
        (("application", "received"), public.application.received),
        (("recommendation", "date"), public.recommendation.date),
        (("installer", "certificate_date"), public.installer.certificate_date),
    ]
    if public.operation:
        events.append((("operation", "date"), public.operation.date))
    if tower := public.location.tower:
        events.append((("location", "tower", "building_permit_date"), tower.building_permit_date))
    for name, deed in (("deed", public.holder.deed), ("amendment", public.holder.amendment)):
        if deed:
            events.append((("holder", name, "date"), deed.date))
            events.append((("holder", name, "approval_date"), deed.approval_date))
    for place, day in events:
        if day > today:
            yield _finding(
                "error", ("public", *place), "date_in_future",
                "{label} berisi {value}, padahal tanggal itu belum tiba. Cocokkan dengan dokumennya.",
                value=day,
            )  # fmt: skip
    if public.application.received < public.application.date:
        yield _finding(
            "error", ("public", "application", "received"), "received_before_written",
            "{label} berisi {value}, lebih awal daripada tanggal suratnya, {other}. Betulkan salah satunya.",
            value=public.application.received, other=public.application.date,
        )  # fmt: skip
    if public.recommendation.date < public.application.date:
        yield _finding(
            "warning", ("public", "recommendation", "date"), "recommended_before_asked",
            "{label} berisi {value}, lebih awal daripada tanggal surat permohonan, {other}. Pastikan "
            "rekomendasi itu untuk permohonan ini.",
            value=public.recommendation.date, other=public.application.date,
        )  # fmt: skip
    until = public.installer.certificate_until
    if until is not None and until < today:
        yield _finding(
            "warning", ("public", "installer", "certificate_until"), "certificate_expired",
            "{label} berisi {value}, yang sudah lewat. Mintalah sertifikat yang masih berlaku.",
            value=until,
        )  # fmt: skip
    yield from _validity(public.validity, today)


def _validity(validity: model.Validity, today: datetime.date) -> Iterator[Problem]:
    place = ("public", "validity", "until")
    dated = validity.kind is model.ValidityKind.SAMPAI_TANGGAL
    if dated and validity.until is None:
        yield _finding(
            "error", place, "end_missing",
            "{label} belum diisi, padahal izin berlaku sampai tanggal tertentu. Isilah tanggal terakhirnya.",
        )  # fmt: skip
    elif not dated and validity.until is not None:
        yield _finding(
            "error", place, "end_unwanted",
            "{label} berisi {value}, padahal izin berlaku selama genset digunakan. Kosongkan tanggal itu atau "
            "ubah masa berlakunya.",
            value=validity.until,
        )  # fmt: skip
    elif validity.until is not None and validity.until <= today:
        yield _finding(
            "error", place, "end_passed",
            "{label} berisi {value}, padahal harus setelah hari ini. Isilah tanggal yang akan datang.",
            value=validity.until,
        )  # fmt: skip


def _holder(holder: model.Holder) -> Iterator[Problem]:
    if holder.deed is None and holder.form not in _WITHOUT_DEED:
        yield _finding(
            "error", ("public", "holder", "deed"), "deed_missing",
            "{label} belum diisi, padahal pemegang izin bukan perorangan atau instansi. Isilah nomor, tanggal, "
            "notaris, dan pengesahannya.",
        )  # fmt: skip


def _location(location: model.Location, region: Region) -> Iterator[Problem]:
    if location.kind is model.PlaceKind.MENARA and location.tower is None:
        yield _finding(
            "error", ("public", "location", "tower"), "tower_missing",
            "{label} belum diisi, padahal jenis lokasinya menara. Isilah ID site dan izin bangunannya.",
        )  # fmt: skip
    district = location.district
    known = region.districts.get(district.code)
    if known is None:
        yield _finding(
            "error", ("public", "location", "district", "code"), "district_unknown",
            "{label} berisi “{value}”, yang bukan kode kecamatan di {region}. Cocokkan dengan daftar kode wilayah.",
            value=district.code, region=region.name,
        )  # fmt: skip
    elif known.casefold() != district.name.casefold():
        yield _finding(
            "error", ("public", "location", "district", "name"), "district_mismatch",
            "{label} berisi “{value}”, padahal {district} adalah kode Kecamatan {known}. Betulkan nama atau kodenya.",
            value=district.name, district=district.code, known=known,
        )  # fmt: skip


def _unit(unit: model.Unit, index: int, today: datetime.date) -> Iterator[Problem]:
    place = ("public", "units", index)
    if unit.power_kw > unit.power_kva:
        yield _finding(
            "error", (*place, "power_kw"), "kw_over_kva",
            "{label} berisi {value} kW, padahal kapasitasnya hanya {kva} kVA. Betulkan daya atau kapasitasnya.",
            value=unit.power_kw, kva=unit.power_kva,
        )  # fmt: skip
    elif abs(unit.power_kva * unit.power_factor - unit.power_kw) > _POWER_FACTOR_TOLERANCE * unit.power_kva:
        yield _finding(
            "warning", (*place, "power_kw"), "kw_off_factor",
            "{label} berisi {value} kW, padahal {kva} kVA dengan cos φ {factor} memberi {expected} kW. "
            "Cocokkan dengan pelat nama unit.",
            value=unit.power_kw, kva=unit.power_kva,
            factor=unit.power_factor, expected=unit.power_kva * unit.power_factor,
        )  # fmt: skip
    if unit.year > today.year:
        yield _finding(
            "error", (*place, "year"), "year_in_future",
            "{label} berisi {value}, padahal tahun itu belum tiba. Cocokkan dengan pelat nama unit.",
            value=str(unit.year),
        )  # fmt: skip


def _units(units: list[model.Unit]) -> Iterator[Problem]:
    for part in ("engine", "generator"):
        seen: dict[tuple[str, str], int] = {}
        for index, unit in enumerate(units):
            make, serial = getattr(unit, f"{part}_make"), getattr(unit, f"{part}_serial")
            first = seen.setdefault((make.casefold(), serial.casefold()), index)
            if first != index:
                yield _finding(
                    "error", ("public", "units", index, f"{part}_serial"), "serial_twice",
                    "{label} berisi “{value}”, sama dengan nomor seri unit {other}. Setiap unit mempunyai nomor "
                    "seri sendiri; betulkan salah satunya.",
                    value=serial, other=str(first + 1),
                )  # fmt: skip
    total = sum((unit.power_kw for unit in units), Decimal(0))
    if total > IUPTLS_KW:
        yield _finding(
            "warning", ("public", "units"), "iuptls_needed",
            "{label} memuat daya seluruhnya {value} kW, lebih dari {limit} kW. Ingatkan pemohon bahwa instalasi ini "
            "memerlukan IUPTLS.",
            value=total, limit=IUPTLS_KW,
        )  # fmt: skip


_NIK_DOUBTS: Final[Mapping[str, str]] = {
    "nik_birth_date": "{label} memuat tanggal lahir yang tidak ada dalam kalender. Cocokkan dengan KTP.",
    "nik_region": "{label} memuat kode provinsi yang tidak dikenal. Cocokkan dengan KTP.",
}


def _private(decision: model.GensetDecision, today: datetime.date, region: Region) -> Iterator[Problem]:
    private = decision.private
    if doubt := identifiers.nik_doubt(private.nik, today=today):
        yield _finding("warning", ("private", "nik"), doubt, _NIK_DOUBTS[doubt])
    individual = decision.public.holder.form is model.LegalForm.PERORANGAN
    if individual and len(private.npwp) == 16 and not private.npwp.startswith("0") and private.npwp != private.nik:  # noqa: PLR2004  # the newer form
        yield _finding(
            "warning", ("private", "npwp"), "npwp_not_nik",
            "{label} berbeda dari NIK-nya, padahal NPWP 16 angka milik perorangan sama dengan NIK. Cocokkan keduanya "
            "dengan KTP.",
        )  # fmt: skip
    if place := private.coordinates:
        inside = region.south <= place.latitude <= region.north and region.west <= place.longitude <= region.east
        if not inside:
            yield _finding(
                "warning", ("private", "coordinates"), "outside_region",
                "{label} berada di luar {region}. Periksa tanda minus, urutan lintang dan bujur, serta titiknya di "
                "peta.",
                region=region.name,
            )  # fmt: skip
