"""The pack of generator permits: a decision's file in, everything that page, statement and public view need out."""

import datetime
import functools
import pathlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import pydantic

from registry.formats.errors import DocumentError
from registry.formats.language import LANGUAGES, translations
from registry.formats.record import MandateRecord, PublicField
from templates import mandates, reading, wording
from templates.dated import DatedTexts
from templates.decision import Checked, Decision
from templates.genset.v1 import checks, labels, model
from templates.office import OfficeProfile
from templates.regions import Region

_FOLDER: Final = pathlib.Path(__file__).parent
# Kampar, for now: which region a decision may lie in is to come with the office profile.
_REGENCY: Final = "14.01"
_COMMITMENT: Final = "private_commitment"
_NONE: Final = "–"


class GensetV1:
    """Surat Izin Instalasi Genset, version 1 (`templates.packs.Pack`)."""

    name = "genset/v1"
    type = "genset"
    title = "Surat Izin Instalasi Genset"
    folder = _FOLDER

    def check(self, value: object, *, today: datetime.date) -> Checked:
        """Errors of single fields first; only where there are none, fields against each other."""
        try:
            decision = model.GensetDecision.model_validate(value)
        except pydantic.ValidationError as error:
            return Checked(decision=None, problems=reading.problems(error, model.GensetDecision))
        found = tuple(checks.check(decision, today=today, region=self._region))
        if any(problem.severity == "error" for problem in found):
            return Checked(decision=None, problems=found)
        read = Decision(
            source=decision.source,
            reference=decision.reference,
            public=decision.public.model_dump(mode="json", exclude_none=True),
            private=decision.private.model_dump(mode="json", exclude_none=True),
        )
        return Checked(decision=read, problems=found)

    def json_schema(self) -> dict[str, object]:
        """JSON Schema of a decision's file, with the labels of the form as titles."""
        schema = model.GensetDecision.model_json_schema(mode="validation")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

    def shape(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        mandate: MandateRecord,
        date_of_issue: datetime.date,
        simulation: bool,
    ) -> dict[str, object]:
        """Rows and optional blocks, letterhead, signature block, legal basis and conditions of that day."""
        permit = _read(public)
        legal_basis = self._legal_basis.in_force(date_of_issue)
        conditions = self._conditions.in_force(date_of_issue)
        if not legal_basis or not conditions:
            raise DocumentError(f"no legal basis is known for a permit of {date_of_issue.isoformat()}")
        width, height = office.paper_mm
        return {
            "pack": self.name,
            "title": self.title,
            "paper": {"width_mm": width, "height_mm": height, **office.margins.model_dump()},
            "office": {
                "government": office.government,
                "office": list(office.office),
                "short_name": office.short_name,
                "address": list(office.address),
                "contact": [f"Telepon/WhatsApp {office.phone}, Pos-el {office.email}", f"Laman {office.web}"],
                "emblem": office.emblem_uri,
                "place": office.place,
                "copies": list(office.copies),
                "footer": list(office.footer),
            },
            "legal_basis": list(legal_basis),
            "conditions": list(conditions),
            "signature": mandates.block(mandate, head_title=office.head_title),
            "units": len(permit.units),
            "deed": permit.holder.deed is not None,
            "amendment": permit.holder.amendment is not None,
            "tower": permit.location.tower is not None,
            "operation": permit.operation is not None,
            "simulation": simulation,
        }

    def fields(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
    ) -> dict[str, str]:
        """The page's values, each a finished text in Indonesian."""
        permit = _read(public)
        holder, location, asked, advice = permit.holder, permit.location, permit.application, permit.recommendation
        values = {
            "number": number,
            "number_line": f"NOMOR {number}",
            "application": f"surat permohonan {holder_name(holder)} Nomor {asked.number} tanggal "
            f"{wording.long_date(asked.date)}, diterima lengkap tanggal {wording.long_date(asked.received)};",
            "recommendation": f"rekomendasi teknis {advice.office} Nomor {advice.number} tanggal "
            f"{wording.long_date(advice.date)}.",
            "holder": holder_name(holder),
            "form": labels.LEGAL_FORM[holder.form],
            "nib": holder.nib,
            "holder_address": holder.address,
            "responsible": holder.responsible.name,
            "position": holder.responsible.position,
            "purpose": permit.purpose,
            "place_kind": labels.PLACE_KIND[location.kind],
            "place_name": location.name,
            "place_address": location.address,
            "village": f"{labels.VILLAGE_KIND[location.village.kind]} {location.village.name}",
            "district": f"Kecamatan {location.district.name}, {office.regency}",
            "installer": permit.installer.name,
            "certificate": f"Nomor {permit.installer.certificate_number} tanggal "
            f"{wording.long_date(permit.installer.certificate_date)}",
            "capacity": _capacity(permit),
            "total": _total(permit),
            "validity": _validity(valid_until),
            "date_of_issue": wording.long_date(date_of_issue),
        }
        for name, deed in (("deed", holder.deed), ("amendment", holder.amendment)):
            if deed is not None:
                values[name] = (
                    f"Nomor {deed.number} tanggal {wording.long_date(deed.date)}, Notaris {deed.notary}; pengesahan "
                    f"Nomor {deed.approval_number} tanggal {wording.long_date(deed.approval_date)}"
                )
        if location.tower is not None:
            values |= _tower(location.tower)
        if permit.operation is not None:
            values["operation"] = (
                f"Nomor {permit.operation.number} tanggal {wording.long_date(permit.operation.date)}, "
                f"{permit.operation.issuer}"
            )
        for index, unit in enumerate(permit.units, start=1):
            values |= {f"unit{index}.{name}": text for name, text in _unit(unit).items()}
        return values

    def valid_until(self, public: Mapping[str, object], date_of_issue: datetime.date) -> datetime.date | None:
        """As the decision says. Raises `DocumentError` for an end that does not come after the date of issue."""
        until = _read(public).validity.until
        if until is not None and until <= date_of_issue:
            raise DocumentError(f"the permit would end on {until}, not after its date of issue {date_of_issue}")
        return until

    def statement_names(self, public: Mapping[str, object]) -> tuple[str, str]:
        """Holder and, as subject, count, capacity and district."""
        permit = _read(public)
        count, district = len(permit.units), permit.location.district.name
        return public_name(permit.holder), f"{count} genset {_kva(permit)} kVA, Kec. {district}"

    def holder_name(self, public: Mapping[str, object]) -> str:
        """The holder's full name as printed."""
        return holder_name(_read(public).holder)

    def received(self, public: Mapping[str, object]) -> datetime.date:
        """The date of the receipt that the applicant was given for a complete file."""
        return _read(public).application.received

    def objects(self, public: Mapping[str, object]) -> tuple[str, ...]:
        """Each machine and each generator, by make and serial number."""
        units = _read(public).units
        named = [(unit.engine_make, unit.engine_serial) for unit in units]
        named += [(unit.generator_make, unit.generator_serial) for unit in units]
        return tuple(dict.fromkeys(f"{make} {serial}" for make, serial in named if serial))

    def public_view(
        self,
        public: Mapping[str, object],
        *,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
        mandate: MandateRecord,
    ) -> tuple[PublicField, ...]:
        """The fields to compare with the paper; village and site only where the holder is no natural person."""
        permit = _read(public)
        views = {
            language: _view(
                permit,
                language,
                number=number,
                date_of_issue=date_of_issue,
                valid_until=valid_until,
                mandate=mandate,
                title=self.title,
            )
            for language in LANGUAGES
        }
        return tuple(
            PublicField(
                id=name,
                label={language: views[language][name][0] for language in LANGUAGES},
                value={language: views[language][name][1] for language in LANGUAGES},
            )
            for name in views["id"]
        )

    def samples(self) -> list[pathlib.Path]:
        """Three invented decisions: a tower, a factory, a hospital."""
        return sorted((_FOLDER / "samples").glob("*.json"))

    @functools.cached_property
    def _legal_basis(self) -> DatedTexts:
        return DatedTexts.read(_FOLDER / "legal_basis.toml")

    @functools.cached_property
    def _conditions(self) -> DatedTexts:
        return DatedTexts.read(_FOLDER / "conditions.toml")

    @functools.cached_property
    def _region(self) -> Region:
        return Region.read(_REGENCY)


def holder_name(holder: model.Holder) -> str:
    """The holder's full name as printed, with the legal form before it where that is custom."""
    prefix = labels.NAME_PREFIX.get(holder.form, "")
    if not prefix or holder.name.casefold().startswith((prefix.casefold() + " ", prefix.casefold() + ". ")):
        return holder.name
    return f"{prefix} {holder.name}"


def public_name(holder: model.Holder) -> str:
    """The holder's name for strangers: a natural person's is masked."""
    if holder.form is model.LegalForm.PERORANGAN:
        return wording.masked(holder.name)
    return holder_name(holder)


def _read(public: Mapping[str, object]) -> model.Public:
    try:
        return model.Public.model_validate({name: part for name, part in public.items() if name != _COMMITMENT})
    except pydantic.ValidationError as error:
        raise DocumentError(f"not the public part of a decision of this pack: {error.error_count()} errors") from error


def _kva(permit: model.Public, language: str = "id") -> str:
    return wording.number(sum((unit.power_kva for unit in permit.units), Decimal(0)), language)


def _kw(permit: model.Public, language: str = "id") -> str:
    return wording.number(sum((unit.power_kw for unit in permit.units), Decimal(0)), language)


def _capacity(permit: model.Public) -> str:
    return f"{wording.counted(len(permit.units), 'unit')}, {_total(permit)}"


def _total(permit: model.Public) -> str:
    return f"{_kva(permit)} kVA / {_kw(permit)} kW"


def _validity(until: datetime.date | None) -> str:
    if until is None:
        return "Sejak tanggal ditetapkan dan selama genset digunakan sesuai dengan izin ini."
    return f"Sejak tanggal ditetapkan sampai dengan tanggal {wording.long_date(until)}."


def _tower(tower: model.Tower) -> dict[str, str]:
    site = [tower.site_id]
    if tower.height_m is not None:
        site.append(f"tinggi {wording.number(tower.height_m)} m")
    if tower.tenant is not None:
        site.append(f"penyewa {tower.tenant}")
    kind, day = labels.BUILDING_PERMIT[tower.building_permit], wording.long_date(tower.building_permit_date)
    return {
        "site": ", ".join(site),
        "building_permit": f"{kind} Nomor {tower.building_permit_number} tanggal {day}",
    }


def _unit(unit: model.Unit) -> dict[str, str]:
    return {
        "engine": f"{unit.engine_make} {unit.engine_type}",
        "engine_serial": unit.engine_serial,
        "generator": f"{unit.generator_make} {unit.generator_type}",
        "generator_serial": unit.generator_serial,
        "kva": f"{wording.number(unit.power_kva)} kVA",
        "kw": f"{wording.number(unit.power_kw)} kW",
        "power_factor": f"cos φ {wording.number(unit.power_factor)}",
        "phases": f"{unit.phases} fasa",
        "voltage": f"{wording.number(unit.voltage_v)} V, {unit.frequency_hz} Hz",
        "speed": f"{wording.number(unit.speed_rpm)} rpm",
        "fuel": unit.fuel,
        "tank": _NONE if unit.tank_l is None else f"Tangki {wording.number(unit.tank_l)} L",
        "year": str(unit.year),
        "use": labels.UNIT_USE[unit.use],
        "silencing": labels.SILENCING[unit.silencing],
    }


def _view(
    permit: model.Public,
    language: str,
    *,
    number: str,
    date_of_issue: datetime.date,
    valid_until: datetime.date | None,
    mandate: MandateRecord,
    title: str,
) -> dict[str, tuple[str, str]]:
    _ = translations("templates", language).gettext
    location = permit.location
    place = [_("Kecamatan {name}").format(name=location.district.name)]
    if permit.holder.form is not model.LegalForm.PERORANGAN:
        place = [location.name, f"{_(labels.VILLAGE_KIND[location.village.kind])} {location.village.name}", *place]
    validity = _("Selama genset digunakan")
    if valid_until is not None:
        validity = _("Sampai dengan {day}").format(day=wording.long_date(valid_until, language))
    return {
        "number": (_("Nomor izin"), number),
        "type": (_("Jenis izin"), _(title)),
        "holder": (_("Pemegang izin"), public_name(permit.holder)),
        "object": (_("Keperluan"), permit.purpose),
        "location": (_("Lokasi"), ", ".join(place)),
        "units": (_("Jumlah unit"), str(len(permit.units))),
        "capacity": (_("Kapasitas seluruhnya"), f"{_kva(permit, language)} kVA / {_kw(permit, language)} kW"),
        "serials": (_("Nomor seri mesin"), ", ".join(unit.engine_serial for unit in permit.units)),
        "date_of_issue": (_("Ditetapkan pada tanggal"), wording.long_date(date_of_issue, language)),
        "valid_until": (_("Masa berlaku"), validity),
        "signer": (_("Penandatangan"), mandates.signer(mandate)),
    }
