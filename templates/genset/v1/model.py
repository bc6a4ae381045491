"""The decision of a generator permit, typed: what may stand in its file and under which label.

Titles are the labels of the form and of the printed page; problems and the published JSON Schema use the same ones.
Text is normalised on the way in (NFC, white space collapsed): a page prints it as one run of words.
"""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import pydantic
from pydantic_core import PydanticCustomError

from templates import fonts, identifiers

MAX_UNITS: Final = 60
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


class PlaceKind(StrEnum):
    """What stands where the generator is installed."""

    MENARA = "menara"
    GEDUNG = "gedung"
    PABRIK = "pabrik"
    RUMAH_SAKIT = "rumah_sakit"
    LAINNYA = "lainnya"


class VillageKind(StrEnum):
    """Rural or urban village."""

    DESA = "desa"
    KELURAHAN = "kelurahan"


class BuildingPermitKind(StrEnum):
    """The older and the newer name of a building approval."""

    IMB = "imb"
    PBG = "pbg"


class UnitUse(StrEnum):
    """How a unit is used."""

    UTAMA = "utama"
    CADANGAN = "cadangan"
    DARURAT = "darurat"
    SEMENTARA = "sementara"


class Silencing(StrEnum):
    """Whether a unit is enclosed against noise."""

    TERBUKA = "terbuka"
    KEDAP = "kedap"


class ValidityKind(StrEnum):
    """How long a permit holds."""

    SELAMA_DIGUNAKAN = "selama_digunakan"
    SAMPAI_TANGGAL = "sampai_tanggal"


def _text(value: Any) -> Any:
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", " ".join(value.split()))
        if not value:
            raise PydanticCustomError("empty", "empty")
        if letters := fonts.foreign_letters(value):
            at = next(index for index, letter in enumerate(value) if letter in letters)
            raise PydanticCustomError(
                "foreign_letter",
                "foreign letter",
                {"letter": _spell(value[at]), "position": str(at + 1)},
            )
    return value


def _spell(letter: str) -> str:
    name = unicodedata.name(letter, "")
    visible = letter.isprintable() and not unicodedata.combining(letter)
    return f"“{letter}” (U+{ord(letter):04X})" if visible else f"U+{ord(letter):04X} {name}".strip()


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
Nib = Annotated[str, pydantic.Strict(), _identifier(identifiers.nib_error)]
Npwp = Annotated[str, pydantic.Strict(), _identifier(identifiers.npwp_error)]
Nik = Annotated[str, pydantic.Strict(), _identifier(identifiers.nik_error)]
Phone = Annotated[str, pydantic.StringConstraints(pattern=r"^\+?[0-9][0-9 \-]{6,18}$"), pydantic.BeforeValidator(_text)]


def _field(title: str, **limits: Any) -> Any:
    return pydantic.Field(title=title, **limits)


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Deed(_Part):
    """The notary's deed that founded the holder, and its approval by the ministry."""

    number: Short = _field("Nomor akta pendirian")
    date: Day = _field("Tanggal akta pendirian")
    notary: Name = _field("Notaris akta pendirian")
    approval_number: Short = _field("Nomor pengesahan akta pendirian")
    approval_date: Day = _field("Tanggal pengesahan akta pendirian")


class Amendment(Deed):
    """The deed that last changed the holder's articles: the same fields, under labels that tell them apart."""

    number: Short = _field("Nomor akta perubahan")
    date: Day = _field("Tanggal akta perubahan")
    notary: Name = _field("Notaris akta perubahan")
    approval_number: Short = _field("Nomor pengesahan akta perubahan")
    approval_date: Day = _field("Tanggal pengesahan akta perubahan")


class Responsible(_Part):
    """Who answers for the holder."""

    name: Name = _field("Nama penanggung jawab")
    position: Name = _field("Jabatan penanggung jawab")


class Holder(_Part):
    """Who receives the permit."""

    form: LegalForm = _field("Bentuk pemegang izin")
    name: Name = _field("Nama pemegang izin")
    nib: Nib = _field("NIB")
    address: Long = _field("Alamat pemegang izin")
    responsible: Responsible = _field("Penanggung jawab")
    deed: Deed | None = _field("Akta pendirian", default=None)
    amendment: Amendment | None = _field("Akta perubahan terakhir", default=None)


class Installer(_Part):
    """Who installs the generator, with the certificate of competence that the standard asks for."""

    name: Name = _field("Nama pemasang")
    certificate_number: Short = _field("Nomor sertifikat keahlian pemasang")
    certificate_date: Day = _field("Tanggal sertifikat keahlian pemasang")
    certificate_until: Day | None = _field("Akhir masa berlaku sertifikat pemasang", default=None)


class Application(_Part):
    """The letter that asked for the permit; `received` is the date of the complete file's receipt."""

    number: Short = _field("Nomor surat permohonan")
    date: Day = _field("Tanggal surat permohonan")
    received: Day = _field("Tanggal tanda terima permohonan")


class Recommendation(_Part):
    """What the technical office said."""

    office: Name = _field("Dinas pemberi rekomendasi teknis")
    number: Short = _field("Nomor rekomendasi teknis")
    date: Day = _field("Tanggal rekomendasi teknis")


class Village(_Part):
    """The village of the place."""

    kind: VillageKind = _field("Jenis desa atau kelurahan")
    name: Short = _field("Nama desa atau kelurahan")


class District(_Part):
    """The district of the place, by the ministry's code ("14.01.03")."""

    code: Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}$")] = _field(
        "Kode kecamatan", examples=["14.01.03"]
    )
    name: Short = _field("Nama kecamatan")


class Tower(_Part):
    """What a telecommunication tower adds."""

    site_id: Short = _field("ID site menara")
    tenant: Name | None = _field("Operator atau penyewa menara", default=None)
    height_m: Number | None = _field("Tinggi menara (m)", default=None, gt=0, le=300)
    building_permit: BuildingPermitKind = _field("Jenis izin bangunan menara")
    building_permit_number: Short = _field("Nomor izin bangunan menara")
    building_permit_date: Day = _field("Tanggal izin bangunan menara")


class Location(_Part):
    """Where the generator stands."""

    kind: PlaceKind = _field("Jenis lokasi")
    name: Name = _field("Nama lokasi")
    address: Long = _field("Alamat lokasi")
    village: Village = _field("Desa atau kelurahan")
    district: District = _field("Kecamatan")
    tower: Tower | None = _field("Data menara", default=None)


class Operation(_Part):
    """A certificate of fitness for operation (SLO)."""

    number: Short = _field("Nomor SLO")
    date: Day = _field("Tanggal SLO")
    issuer: Name = _field("Penerbit SLO")


class Unit(_Part):
    """One generator set. Its place in the list is its number on the page."""

    engine_make: Short = _field("Merek mesin")
    engine_type: Short = _field("Tipe mesin")
    engine_serial: Short = _field("Nomor seri mesin")
    generator_make: Short = _field("Merek generator")
    generator_type: Short = _field("Tipe generator")
    generator_serial: Short = _field("Nomor seri generator")
    power_kva: Number = _field("Kapasitas (kVA)", gt=0, le=100_000)
    power_kw: Number = _field("Daya (kW)", gt=0, le=100_000)
    power_factor: Number = _field("Faktor daya (cos φ)", gt=0, le=1)
    phases: Whole = _field("Jumlah fasa", ge=1, le=3)
    voltage_v: Whole = _field("Tegangan (V)", ge=100, le=50_000)
    frequency_hz: Whole = _field("Frekuensi (Hz)", ge=50, le=60)
    speed_rpm: Whole = _field("Putaran (rpm)", ge=100, le=6_000)
    fuel: Short = _field("Bahan bakar")
    tank_l: Number | None = _field("Kapasitas tangki (liter)", default=None, gt=0, le=1_000_000)
    year: Whole = _field("Tahun pembuatan", ge=1950, le=2999)
    silencing: Silencing = _field("Peredam suara")
    use: UnitUse = _field("Penggunaan")


class Validity(_Part):
    """How long the permit holds; `until` is the last day."""

    kind: ValidityKind = _field("Masa berlaku")
    until: Day | None = _field("Tanggal akhir masa berlaku", default=None)


class Public(_Part):
    """What is printed on the permit and attached to it."""

    holder: Holder = _field("Pemegang izin")
    installer: Installer = _field("Pemasang")
    application: Application = _field("Permohonan")
    recommendation: Recommendation = _field("Rekomendasi teknis")
    location: Location = _field("Lokasi")
    purpose: Long = _field("Keperluan")
    units: list[Unit] = _field("Daftar unit", min_length=1, max_length=MAX_UNITS)
    operation: Operation | None = _field("Sertifikat laik operasi", default=None)
    validity: Validity = _field("Masa berlaku izin")


class Coordinates(_Part):
    """Decimal degrees (WGS 84), south and west negative."""

    latitude: Number = _field("Lintang lokasi", ge=-90, le=90)
    longitude: Number = _field("Bujur lokasi", ge=-180, le=180)


class Private(_Part):
    """What the office must know and nobody else: never printed, attached or logged."""

    nik: Nik = _field("NIK penanggung jawab")
    npwp: Npwp = _field("NPWP pemegang izin")
    phone: Phone = _field("Nomor telepon pemegang izin", examples=["0812-0000-0000"])
    home_address: Long | None = _field("Alamat rumah penanggung jawab", default=None)
    coordinates: Coordinates | None = _field("Koordinat lokasi", default=None)


class GensetDecision(_Part):
    """An approved decision to permit the installation of generators."""

    type: Literal["genset"] = _field("Jenis izin")
    source: Short = _field("Sumber data")
    reference: Short = _field("Nomor rujukan")
    public: Public = _field("Data izin")
    private: Private = _field("Data pribadi")
