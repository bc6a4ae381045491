"""What the model of a lightning protection permit alone cannot see: installations against each other, against today."""

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from templates import crosschecks
from templates.packs.penangkal_petir.v1 import model
from templates.problems import Problem
from templates.reading import Findings, Place
from templates.regions import Region

# Permenaker PER.02/MEN/1989, the whole earthing system. Which article says so was not checked against the gazette (it
# is cited as 54); IEC 62305-3 only recommends less than 10 ohm. Hence a warning, for the technical office to decide.
RESISTANCE_OHM: Final = Decimal(5)
# Permenaker PER.02/MEN/1989 article 50 (2) c: an installation is examined and tested every two years.
MEASURED_YEARS: Final = 2
# A plain rod: the largest rolling sphere of IEC 62305-3 (class IV) has a radius of 60 m, and no rod shields more.
# ESE: NF C 17-102 counts at most 60 m more, an advance of 60 µs at 1 m/µs. Neither was checked against its text.
RADIUS_M: Final[Mapping[model.System, Decimal]] = {
    model.System.KONVENSIONAL: Decimal(60),
    model.System.ELEKTROSTATIS: Decimal(120),
}
# NF C 17-102: an ESE tip stands at least 2 m above what it protects (not checked against its text).
ESE_MAST_M: Final = Decimal(2)
# No rule: taller is mostly the height of the whole tower or building, entered here by mistake.
TALL_MAST_M: Final = Decimal(30)


def check(decision: model.Decision, *, findings: Findings, today: datetime.date, region: Region) -> Iterator[Problem]:
    """Every finding about a decision whose fields are each well-formed."""
    public = decision.public
    yield from crosschecks.not_in_future(findings, _events(public), today)
    yield from crosschecks.application(findings, public.application, public.recommendation)
    yield from crosschecks.certificate(findings, public.installer, today)
    yield from crosschecks.validity(findings, public.validity, today)
    yield from crosschecks.holder(findings, public.holder)
    yield from crosschecks.location(findings, public.location, region)
    for index, installation in enumerate(public.installations):
        place = ("public", "installations", index)
        yield from _terminal(findings, installation, place)
        yield from _earthing(findings, installation, place, today)
    yield from _serials(findings, public.installations)
    yield from crosschecks.private(findings, decision.private, public.holder, today=today, region=region)


def _events(public: model.Public) -> Iterator[tuple[Place, datetime.date]]:
    yield ("application", "date"), public.application.date
    yield ("application", "received"), public.application.received
    yield ("recommendation", "date"), public.recommendation.date
    yield ("installer", "certificate_date"), public.installer.certificate_date
    if tower := public.location.tower:
        yield ("location", "tower", "building_permit_date"), tower.building_permit_date
    for index, installation in enumerate(public.installations):
        yield ("installations", index, "measured"), installation.measured
    yield from crosschecks.deeds(public.holder)


def _terminal(findings: Findings, installation: model.Installation, place: Place) -> Iterator[Problem]:
    electrostatic = installation.system is model.System.ELEKTROSTATIS
    if electrostatic and installation.serial is None:
        yield findings.warning(
            (*place, "serial"),
            "serial_missing",
            "{label} belum diisi, padahal terminal elektrostatis mempunyai nomor seri. Cocokkan dengan pelat nama atau "
            "sertifikat pabriknya.",
        )
    elif electrostatic and installation.terminals > 1:
        yield findings.warning(
            (*place, "terminals"),
            "serial_shared",
            "{label} berisi {value}, padahal setiap terminal elektrostatis mempunyai nomor seri sendiri. Tulislah "
            "setiap terminal sebagai satu unit.",
            value=str(installation.terminals),
        )
    limit = RADIUS_M[installation.system]
    if installation.radius_m > limit:
        yield findings.warning(
            (*place, "radius_m"),
            "radius_too_large",
            "{label} berisi {value} m, padahal sistem sejenis ini melindungi paling jauh {limit} m. Cocokkan dengan "
            "perhitungan perencana.",
            value=installation.radius_m,
            limit=limit,
        )
    if installation.mast_m > TALL_MAST_M:
        yield findings.warning(
            (*place, "mast_m"),
            "mast_tall",
            "{label} berisi {value} m, padahal tiang jarang lebih dari {limit} m. Isilah tinggi tiangnya saja, tanpa "
            "menara atau bangunan di bawahnya.",
            value=installation.mast_m,
            limit=TALL_MAST_M,
        )
    elif electrostatic and installation.mast_m < ESE_MAST_M:
        yield findings.warning(
            (*place, "mast_m"),
            "mast_short",
            "{label} berisi {value} m, padahal terminal elektrostatis berdiri sedikitnya {limit} m di atas yang "
            "dilindunginya. Cocokkan dengan gambar.",
            value=installation.mast_m,
            limit=ESE_MAST_M,
        )


def _earthing(
    findings: Findings, installation: model.Installation, place: Place, today: datetime.date
) -> Iterator[Problem]:
    measured = installation.measured
    if installation.resistance_ohm > RESISTANCE_OHM:
        yield findings.warning(
            (*place, "resistance_ohm"),
            "resistance_high",
            "{label} berisi {value} ohm, lebih dari {limit} ohm. Pastikan rekomendasi teknis menerimanya, atau "
            "mintalah perbaikan dan pengukuran ulang.",
            value=installation.resistance_ohm,
            limit=RESISTANCE_OHM,
        )
    if installation.year > today.year:
        yield findings.error(
            (*place, "year"),
            "year_in_future",
            "{label} berisi {value}, padahal tahun itu belum tiba. Cocokkan dengan berita acara pemasangan.",
            value=str(installation.year),
        )
    elif measured.year < installation.year:
        yield findings.warning(
            (*place, "measured"),
            "measured_before_installed",
            "{label} berisi {value}, padahal instalasinya baru dipasang pada tahun {year}. Mintalah hasil pengukuran "
            "setelah pemasangan.",
            value=measured,
            year=str(installation.year),
        )
    elif (measured.year + MEASURED_YEARS, measured.month, measured.day) < (today.year, today.month, today.day):
        yield findings.warning(
            (*place, "measured"),
            "measured_long_ago",
            "{label} berisi {value}, lebih dari {years} tahun yang lalu. Mintalah hasil pengukuran yang baru.",
            value=measured,
            years=str(MEASURED_YEARS),
        )


def _serials(findings: Findings, installations: list[model.Installation]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for index, installation in enumerate(installations):
        if installation.serial is None:
            continue
        key = installation.make.casefold(), installation.serial.casefold()
        first = seen.setdefault(key, index)
        if first != index:
            yield findings.error(
                ("public", "installations", index, "serial"),
                "serial_twice",
                "{label} berisi “{value}”, sama dengan nomor seri unit {other}. Setiap terminal mempunyai nomor seri "
                "sendiri; betulkan salah satunya.",
                value=installation.serial,
                other=str(first + 1),
            )
