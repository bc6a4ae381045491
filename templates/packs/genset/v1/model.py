"""The decision of a generator permit, typed: what may stand in its file and under which label."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from templates.parts import (
    Application,
    Day,
    Holder,
    Installer,
    Location,
    Long,
    Name,
    Number,
    Part,
    Private,
    Recommendation,
    Short,
    Validity,
    Whole,
    field,
)

MAX_UNITS: Final = 60


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


LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    UnitUse: {
        UnitUse.UTAMA: "Utama",
        UnitUse.CADANGAN: "Cadangan",
        UnitUse.DARURAT: "Darurat",
        UnitUse.SEMENTARA: "Sementara",
    },
    Silencing: {Silencing.TERBUKA: "Terbuka", Silencing.KEDAP: "Kedap suara"},
}


class Operation(Part):
    """A certificate of fitness for operation (SLO)."""

    number: Short = field("Nomor SLO")
    date: Day = field("Tanggal SLO")
    issuer: Name = field("Penerbit SLO")


class Unit(Part):
    """One generator set. Its place in the list is its number on the page."""

    engine_make: Short = field("Merek mesin")
    engine_type: Short = field("Tipe mesin")
    engine_serial: Short = field("Nomor seri mesin")
    generator_make: Short = field("Merek generator")
    generator_type: Short = field("Tipe generator")
    generator_serial: Short = field("Nomor seri generator")
    power_kva: Number = field("Kapasitas (kVA)", gt=0, le=100_000)
    power_kw: Number = field("Daya (kW)", gt=0, le=100_000)
    power_factor: Number = field("Faktor daya (cos φ)", gt=0, le=1)
    phases: Whole = field("Jumlah fasa", ge=1, le=3)
    voltage_v: Whole = field("Tegangan (V)", ge=100, le=50_000)
    frequency_hz: Whole = field("Frekuensi (Hz)", ge=50, le=60)
    speed_rpm: Whole = field("Putaran (rpm)", ge=100, le=6_000)
    fuel: Short = field("Bahan bakar")
    tank_l: Number | None = field("Kapasitas tangki (liter)", default=None, gt=0, le=1_000_000)
    year: Whole = field("Tahun pembuatan", ge=1950, le=2999)
    silencing: Silencing = field("Peredam suara")
    use: UnitUse = field("Penggunaan")


class Public(Part):
    """What is printed on the permit and attached to it."""

    holder: Holder = field("Pemegang izin")
    installer: Installer = field("Pemasang")
    application: Application = field("Permohonan")
    recommendation: Recommendation = field("Rekomendasi teknis")
    location: Location = field("Lokasi")
    purpose: Long = field("Keperluan")
    units: list[Unit] = field("Daftar unit", min_length=1, max_length=MAX_UNITS)
    operation: Operation | None = field("Sertifikat laik operasi", default=None)
    validity: Validity = field("Masa berlaku izin")


class Decision(Part):
    """An approved decision to permit the installation of generators."""

    type: Literal["genset"] = field("Jenis izin")
    source: Short = field("Sumber data")
    reference: Short = field("Nomor rujukan")
    public: Public = field("Data izin")
    private: Private = field("Data pribadi")
