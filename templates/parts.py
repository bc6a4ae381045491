"""What the data of several permit types has in common: kinds of values, and the parts that a decision is made of.

Titles are the labels of the form and of the printed page; problems and the published JSON Schema use the same ones.
Text is normalised on the way in (NFC, white space collapsed): a page prints it as one run of words. A pack in use
reads its decisions with these for ever: what would change the JSON Schema of one belongs into a part of its own.
"""

import datetime
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Final

import pydantic
from pydantic_core import PydanticCustomError

from templates import fonts, identifiers, wording

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,9}(\.\d{1,8})?", re.ASCII)


class LegalForm(StrEnum):
    """What the holder is in law."""

    PT = "pt"
    CV = "cv"
    FIRMA = "firma"
    KOPERASI = "koperasi"
    YAYASAN = "yayasan"
    PERKUMPULAN = "perkumpulan"
    BUMN = "bumn"
    BUMD = "bumd"
    INSTANSI = "instansi"
    PERORANGAN = "perorangan"


class VillageKind(StrEnum):
    """Rural or urban village."""

    DESA = "desa"
    KELURAHAN = "kelurahan"


class PlaceKind(StrEnum):
    """What stands where something is installed."""

    MENARA = "menara"
    GEDUNG = "gedung"
    PABRIK = "pabrik"
    RUMAH_SAKIT = "rumah_sakit"
    LAINNYA = "lainnya"


class BuildingPermitKind(StrEnum):
    """The older and the newer name of a building approval."""

    IMB = "imb"
    PBG = "pbg"


class ValidityKind(StrEnum):
    """How long a permit holds."""

    SELAMA_DIGUNAKAN = "selama_digunakan"
    SAMPAI_TANGGAL = "sampai_tanggal"


_NAME_PREFIX: Final[Mapping[LegalForm, str]] = {
    LegalForm.PT: "PT",
    LegalForm.CV: "CV",
    LegalForm.FIRMA: "Firma",
    LegalForm.KOPERASI: "Koperasi",
    LegalForm.YAYASAN: "Yayasan",
    LegalForm.PERKUMPULAN: "Perkumpulan",
}
# The words on the page for the codes above, in Indonesian.
LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    LegalForm: {
        LegalForm.PT: "Perseroan terbatas",
        LegalForm.CV: "Persekutuan komanditer",
        LegalForm.FIRMA: "Firma",
        LegalForm.KOPERASI: "Koperasi",
        LegalForm.YAYASAN: "Yayasan",
        LegalForm.PERKUMPULAN: "Perkumpulan",
        LegalForm.BUMN: "Badan usaha milik negara",
        LegalForm.BUMD: "Badan usaha milik daerah",
        LegalForm.INSTANSI: "Instansi pemerintah",
        LegalForm.PERORANGAN: "Perorangan",
    },
    PlaceKind: {
        PlaceKind.MENARA: "Menara telekomunikasi",
        PlaceKind.GEDUNG: "Gedung",
        PlaceKind.PABRIK: "Pabrik",
        PlaceKind.RUMAH_SAKIT: "Rumah sakit",
        PlaceKind.LAINNYA: "Lainnya",
    },
    BuildingPermitKind: {
        BuildingPermitKind.IMB: "IMB",
        BuildingPermitKind.PBG: "PBG",
    },
    ValidityKind: {
        ValidityKind.SELAMA_DIGUNAKAN: "Selama digunakan",
        ValidityKind.SAMPAI_TANGGAL: "Sampai tanggal tertentu",
    },
    VillageKind: {VillageKind.DESA: "Desa", VillageKind.KELURAHAN: "Kelurahan"},
}


def _text(value: Any) -> Any:
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", " ".join(value.split()))
        if not value:
            raise PydanticCustomError("empty", "empty")
        if found := fonts.first_foreign(value):
            raise PydanticCustomError(
                f"foreign_{found.kind}",
                "foreign letter",
                {"letter": found.spelled, "position": str(found.position)},
            )
    return value


def _date(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise PydanticCustomError("date_format", "date format")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("no_such_date", "no such date") from None


def _decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("number_format", "number format")
    text = value if isinstance(value, str) else f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not _DECIMAL.fullmatch(text):
        raise PydanticCustomError("number_format", "number format")
    try:
        number = Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern above admits only what Decimal reads
        raise PydanticCustomError("number_format", "number format") from None
    # One spelling for one number, so that "80", 80 and "80.0" give the same canonical bytes; no negative zero.
    return (number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()) + 0


def _identifier(check: Any) -> Any:
    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        number = identifiers.digits(value)
        if code := check(number):
            raise PydanticCustomError(code, code, {"length": str(len(number))})
        return number

    return pydantic.BeforeValidator(validate)


_DECIMAL_SCHEMA = pydantic.WithJsonSchema({"type": ["string", "number"], "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,8})?$"})
_AS_TEXT = pydantic.PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json")

Day = Annotated[datetime.date, pydantic.BeforeValidator(_date)]
Number = Annotated[Decimal, pydantic.BeforeValidator(_decimal), _AS_TEXT, _DECIMAL_SCHEMA]
Whole = Annotated[int, pydantic.Strict()]
Short = Annotated[str, pydantic.StringConstraints(max_length=60), pydantic.BeforeValidator(_text)]
Name = Annotated[str, pydantic.StringConstraints(max_length=200), pydantic.BeforeValidator(_text)]
Long = Annotated[str, pydantic.StringConstraints(max_length=400), pydantic.BeforeValidator(_text)]
# Items of a list, which the page closes with a sign of its own: no other before it, but an abbreviation's ("S.H.").
Clause = Annotated[
    str,
    pydantic.StringConstraints(max_length=700, pattern=r"^.*([^ .,;:]|\.[A-Za-z]{1,4}\.)$"),
    pydantic.BeforeValidator(_text),
]
Consideration = Annotated[
    str,
    pydantic.StringConstraints(max_length=700, pattern=r"^bahwa .*([^ .,;:]|\.[A-Za-z]{1,4}\.)$"),
    pydantic.BeforeValidator(_text),
]
Sha256 = Annotated[str, pydantic.Strict(), pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nib = Annotated[str, pydantic.Strict(), _identifier(identifiers.nib_error)]
Npwp = Annotated[str, pydantic.Strict(), _identifier(identifiers.npwp_error)]
Nik = Annotated[str, pydantic.Strict(), _identifier(identifiers.nik_error)]
Phone = Annotated[str, pydantic.StringConstraints(pattern=r"^\+?[0-9][0-9 \-]{6,18}$"), pydantic.BeforeValidator(_text)]


def field(title: str, **limits: Any) -> Any:
    """A field with its label; `limits` as `pydantic.Field` takes them."""
    return pydantic.Field(title=title, **limits)


class Part(pydantic.BaseModel):
    """Several fields that stand together; no other may stand among them."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Deed(Part):
    """The notary's deed that founded the holder, and its approval by the ministry."""

    number: Short = field("Nomor akta pendirian")
    date: Day = field("Tanggal akta pendirian")
    notary: Name = field("Notaris akta pendirian")
    approval_number: Short = field("Nomor pengesahan akta pendirian")
    approval_date: Day = field("Tanggal pengesahan akta pendirian")


class Amendment(Deed):
    """The deed that last changed the holder's articles: the same fields, under labels that tell them apart."""

    number: Short = field("Nomor akta perubahan")
    date: Day = field("Tanggal akta perubahan")
    notary: Name = field("Notaris akta perubahan")
    approval_number: Short = field("Nomor pengesahan akta perubahan")
    approval_date: Day = field("Tanggal pengesahan akta perubahan")


class Responsible(Part):
    """Who answers for the holder."""

    name: Name = field("Nama penanggung jawab")
    position: Name = field("Jabatan penanggung jawab")


class NamedHolder(Part):
    """Who holds a permit, by name alone: what every document about one says of its holder."""

    form: LegalForm = field("Bentuk pemegang izin")
    name: Name = field("Nama pemegang izin")

    @property
    def natural(self) -> bool:
        """Whether the holder is a natural person, whom strangers know by less."""
        return self.form is LegalForm.PERORANGAN

    @property
    def full_name(self) -> str:
        """The name as printed, with the legal form before it where that is custom."""
        prefix = _NAME_PREFIX.get(self.form, "")
        if not prefix or self.name.casefold().startswith((prefix.casefold() + " ", prefix.casefold() + ". ")):
            return self.name
        return f"{prefix} {self.name}"

    @property
    def public_name(self) -> str:
        """The name for strangers: a natural person's is masked."""
        return wording.masked(self.name) if self.natural else self.full_name


class Holder(NamedHolder):
    """Who receives the permit."""

    nib: Nib = field("NIB")
    address: Long = field("Alamat pemegang izin")
    responsible: Responsible = field("Penanggung jawab")
    deed: Deed | None = field("Akta pendirian", default=None)
    amendment: Amendment | None = field("Akta perubahan terakhir", default=None)


class Application(Part):
    """The letter that asked for the permit; `received` is the date of the complete file's receipt."""

    number: Short = field("Nomor surat permohonan")
    date: Day = field("Tanggal surat permohonan")
    received: Day = field("Tanggal tanda terima permohonan")


class Recommendation(Part):
    """What the technical office said."""

    office: Name = field("Dinas pemberi rekomendasi teknis")
    number: Short = field("Nomor rekomendasi teknis")
    date: Day = field("Tanggal rekomendasi teknis")


class Village(Part):
    """The village of the place."""

    kind: VillageKind = field("Jenis desa atau kelurahan")
    name: Short = field("Nama desa atau kelurahan")


class District(Part):
    """The district of the place, by the ministry's code ("14.01.03")."""

    code: Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}$")] = field(
        "Kode kecamatan", examples=["14.01.03"]
    )
    name: Short = field("Nama kecamatan")


class Installer(Part):
    """Who installs it, with the certificate of competence that the service standard asks for."""

    name: Name = field("Nama pemasang")
    certificate_number: Short = field("Nomor sertifikat keahlian pemasang")
    certificate_date: Day = field("Tanggal sertifikat keahlian pemasang")
    certificate_until: Day | None = field("Akhir masa berlaku sertifikat pemasang", default=None)


class Tower(Part):
    """What a telecommunication tower adds."""

    site_id: Short = field("ID site menara")
    tenant: Name | None = field("Operator atau penyewa menara", default=None)
    height_m: Number | None = field("Tinggi menara (m)", default=None, gt=0, le=300)
    building_permit: BuildingPermitKind = field("Jenis izin bangunan menara")
    building_permit_number: Short = field("Nomor izin bangunan menara")
    building_permit_date: Day = field("Tanggal izin bangunan menara")


class Location(Part):
    """Where the installation stands."""

    kind: PlaceKind = field("Jenis lokasi")
    name: Name = field("Nama lokasi")
    address: Long = field("Alamat lokasi")
    village: Village = field("Desa atau kelurahan")
    district: District = field("Kecamatan")
    tower: Tower | None = field("Data menara", default=None)


class Validity(Part):
    """How long the permit holds; `until` is the last day."""

    kind: ValidityKind = field("Masa berlaku")
    until: Day | None = field("Tanggal akhir masa berlaku", default=None)


class Coordinates(Part):
    """Decimal degrees (WGS 84), south and west negative."""

    latitude: Number = field("Lintang lokasi", ge=-90, le=90)
    longitude: Number = field("Bujur lokasi", ge=-180, le=180)


class Private(Part):
    """What the office must know and nobody else: never printed, attached or logged."""

    nik: Nik = field("NIK penanggung jawab")
    npwp: Npwp = field("NPWP pemegang izin")
    phone: Phone = field("Nomor telepon pemegang izin", examples=["0812-0000-0000"])
    home_address: Long | None = field("Alamat rumah penanggung jawab", default=None)
    coordinates: Coordinates | None = field("Koordinat lokasi", default=None)
