"""What the model of a generator permit alone cannot see: units against each other, fields against today."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from templates import crosschecks
from templates.packs.genset.v1 import model
from templates.problems import Problem
from templates.reading import Findings, Place
from templates.regions import Region

# Above this one installation needs an IUPTLS of its own (Permen ESDM 11/2021).
IUPTLS_KW: Final = Decimal(500)
_POWER_FACTOR_TOLERANCE: Final = Decimal("0.05")


def check(decision: model.Decision, *, findings: Findings, today: datetime.date, region: Region) -> Iterator[Problem]:
    """Every finding about a decision whose fields are each well-formed."""
    public = decision.public
    yield from crosschecks.not_in_future(findings, _events(public), today)
    yield from crosschecks.application(findings, public.application, public.recommendation)
    yield from crosschecks.certificate(findings, public.installer, today)
    yield from crosschecks.validity(findings, public.validity, today)
    yield from crosschecks.holder(findings, public.holder)
    yield from crosschecks.location(findings, public.location, region)
    for index, unit in enumerate(public.units):
        yield from _unit(findings, unit, index, today)
    yield from _units(findings, public.units)
    yield from crosschecks.private(findings, decision.private, public.holder, today=today, region=region)


def _events(public: model.Public) -> Iterator[tuple[Place, datetime.date]]:
    yield ("application", "date"), public.application.date
    yield ("application", "received"), public.application.received
    yield ("recommendation", "date"), public.recommendation.date
    yield ("installer", "certificate_date"), public.installer.certificate_date
    if public.operation:
        yield ("operation", "date"), public.operation.date
    if tower := public.location.tower:
        yield ("location", "tower", "building_permit_date"), tower.building_permit_date
    yield from crosschecks.deeds(public.holder)


def _unit(findings: Findings, unit: model.Unit, index: int, today: datetime.date) -> Iterator[Problem]:
    place = ("public", "units", index)
    if unit.power_kw > unit.power_kva:
        yield findings.error(
            (*place, "power_kw"),
            "kw_over_kva",
            "{label} berisi {value} kW, padahal kapasitasnya hanya {kva} kVA. Betulkan daya atau kapasitasnya.",
            value=unit.power_kw,
            kva=unit.power_kva,
        )
    elif abs(unit.power_kva * unit.power_factor - unit.power_kw) > _POWER_FACTOR_TOLERANCE * unit.power_kva:
        yield findings.warning(
            (*place, "power_kw"),
            "kw_off_factor",
            "{label} berisi {value} kW, padahal {kva} kVA dengan cos φ {factor} memberi {expected} kW. "
            "Cocokkan dengan pelat nama unit.",
            value=unit.power_kw,
            kva=unit.power_kva,
            factor=unit.power_factor,
            expected=unit.power_kva * unit.power_factor,
        )
    if unit.year > today.year:
        yield findings.error(
            (*place, "year"),
            "year_in_future",
            "{label} berisi {value}, padahal tahun itu belum tiba. Cocokkan dengan pelat nama unit.",
            value=str(unit.year),
        )


def _units(findings: Findings, units: list[model.Unit]) -> Iterator[Problem]:
    for part in ("engine", "generator"):
        seen: dict[tuple[str, str], int] = {}
        for index, unit in enumerate(units):
            make, serial = getattr(unit, f"{part}_make"), getattr(unit, f"{part}_serial")
            first = seen.setdefault((make.casefold(), serial.casefold()), index)
            if first != index:
                yield findings.error(
                    ("public", "units", index, f"{part}_serial"),
                    "serial_twice",
                    "{label} berisi “{value}”, sama dengan nomor seri unit {other}. Setiap unit mempunyai nomor "
                    "seri sendiri; betulkan salah satunya.",
                    value=serial,
                    other=str(first + 1),
                )
    total = sum((unit.power_kw for unit in units), Decimal(0))
    if total > IUPTLS_KW:
        yield findings.warning(
            ("public", "units"),
            "iuptls_needed",
            "{label} memuat daya seluruhnya {value} kW, lebih dari {limit} kW. Ingatkan pemohon bahwa instalasi ini "
            "memerlukan IUPTLS.",
            value=total,
            limit=IUPTLS_KW,
        )
