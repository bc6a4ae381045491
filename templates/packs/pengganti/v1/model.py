"""The decision to give another print of a permit, typed: what may stand in its file and under which label."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import pydantic

from templates.parts import (
    Application,
    Day,
    Name,
    NamedHolder,
    Nib,
    Nik,
    Part,
    Phone,
    Short,
    Whole,
    field,
)

MAX_COPIES: Final = 99


class Reason(StrEnum):
    """What became of the print that is replaced."""

    HILANG = "hilang"
    RUSAK = "rusak"
    LAINNYA = "lainnya"


LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    Reason: {Reason.HILANG: "Hilang", Reason.RUSAK: "Rusak", Reason.LAINNYA: "Sebab lain"},
}


def _digits(value: Any) -> Any:
    return "".join(value.split()).lower() if isinstance(value, str) else value


Sha256 = Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$"), pydantic.BeforeValidator(_digits)]


class Permit(Part):
    """The permit as its register has it; `sha256` is of the signed file, from which every print is made."""

    title: Name = field("Judul izin")
    number: Short = field("Nomor izin")
    date: Day = field("Tanggal izin ditetapkan")
    signer: Name = field("Penandatangan izin")
    until: Day | None = field("Tanggal akhir masa berlaku izin", default=None)
    sha256: Sha256 = field("SHA-256 berkas izin", examples=["0123456789abcdef" * 4])


class Holder(NamedHolder):
    """Who holds the permit."""

    nib: Nib = field("NIB")


class PoliceReport(Part):
    """The police's receipt for a report of loss (Surat Keterangan Tanda Lapor Kehilangan)."""

    number: Short = field("Nomor surat tanda lapor kehilangan")
    date: Day = field("Tanggal surat tanda lapor kehilangan")
    office: Name = field("Kantor polisi penerbit surat tanda lapor kehilangan")


class Recipient(Part):
    """Who took the copy, and by what right."""

    name: Name = field("Nama penerima salinan")
    position: Name = field("Kedudukan penerima salinan")


class Public(Part):
    """What is printed on the letter and attached to it."""

    permit: Permit = field("Izin yang disalin")
    holder: Holder = field("Pemegang izin")
    application: Application = field("Permohonan salinan")
    reason: Reason = field("Sebab penggantian")
    explanation: Name | None = field("Uraian sebab penggantian", default=None)
    police_report: PoliceReport | None = field("Surat tanda lapor kehilangan", default=None)
    copy_number: Whole = field("Salinan ke-", ge=1, le=MAX_COPIES)
    recipient: Recipient = field("Penerima salinan")


class Private(Part):
    """What the office must know and nobody else: never printed, attached or logged."""

    nik: Nik = field("NIK penerima salinan")
    phone: Phone = field("Nomor telepon penerima salinan", examples=["0812-0000-0000"])


class Decision(Part):
    """An approved decision to give another print of a permit."""

    type: Literal["pengganti"] = field("Jenis surat")
    source: Short = field("Sumber data")
    reference: Short = field("Nomor rujukan")
    public: Public = field("Data surat")
    private: Private = field("Data pribadi")
