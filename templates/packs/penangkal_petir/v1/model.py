"""The decision of a lightning protection permit, typed: what may stand in its file and under which label."""

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
    Number,
    Part,
    Private,
    Recommendation,
    Short,
    Validity,
    Whole,
    field,
)

MAX_INSTALLATIONS: Final = 60


class System(StrEnum):
    """How the air terminal catches the lightning; ESE is early streamer emission."""

    KONVENSIONAL = "konvensional"
    ELEKTROSTATIS = "elektrostatis"


class Earthing(StrEnum):
    """What leads the current into the ground."""

    BATANG = "batang"
    PELAT = "pelat"
    MENDATAR = "mendatar"
    LINGKAR = "lingkar"
    FONDASI = "fondasi"
    GABUNGAN = "gabungan"


LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    System: {System.KONVENSIONAL: "Konvensional", System.ELEKTROSTATIS: "Elektrostatis (ESE)"},
    Earthing: {
        Earthing.BATANG: "Elektroda batang",
        Earthing.PELAT: "Elektroda pelat",
        Earthing.MENDATAR: "Elektroda mendatar",
        Earthing.LINGKAR: "Penghantar lingkar",
        Earthing.FONDASI: "Elektroda fondasi",
        Earthing.GABUNGAN: "Elektroda gabungan",
    },
}


class Installation(Part):
    """One lightning protection installation. Its place in the list is its number on the page.

    `mast_m` is the mast alone, without what it stands on. A plain rod often has no serial number.
    """

    system: System = field("Jenis sistem")
    make: Short = field("Merek terminal udara")
    type: Short = field("Tipe terminal udara")
    serial: Short | None = field("Nomor seri terminal udara", default=None)
    terminals: Whole = field("Jumlah terminal udara", ge=1, le=500)
    mast_m: Number = field("Tinggi tiang (m)", gt=0, le=100)
    radius_m: Number = field("Radius proteksi (m)", gt=0, le=500)
    conductor: Short = field("Jenis penghantar turun")
    conductor_mm2: Number = field("Penampang penghantar turun (mm²)", gt=0, le=2_000)
    earthing: Earthing = field("Jenis pembumian")
    resistance_ohm: Number = field("Tahanan pembumian terukur (ohm)", gt=0, le=10_000)
    measured: Day = field("Tanggal pengukuran tahanan pembumian")
    year: Whole = field("Tahun pemasangan", ge=1950, le=2999)


class Public(Part):
    """What is printed on the permit and attached to it."""

    holder: Holder = field("Pemegang izin")
    installer: Installer = field("Pemasang")
    application: Application = field("Permohonan")
    recommendation: Recommendation = field("Rekomendasi teknis")
    location: Location = field("Lokasi")
    purpose: Long = field("Keperluan")
    installations: list[Installation] = field("Daftar instalasi", min_length=1, max_length=MAX_INSTALLATIONS)
    validity: Validity = field("Masa berlaku izin")


class Decision(Part):
    """An approved decision to permit the installation of lightning protection."""

    type: Literal["penangkal_petir"] = field("Jenis izin")
    source: Short = field("Sumber data")
    reference: Short = field("Nomor rujukan")
    public: Public = field("Data izin")
    private: Private = field("Data pribadi")
