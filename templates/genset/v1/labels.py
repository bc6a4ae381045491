"""The words on the page for the model's codes, in Indonesian."""

from collections.abc import Mapping
from typing import Final

from templates.genset.v1.model import BuildingPermitKind, LegalForm, PlaceKind, Silencing, UnitUse, VillageKind

LEGAL_FORM: Final[Mapping[LegalForm, str]] = {
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
}
NAME_PREFIX: Final[Mapping[LegalForm, str]] = {
    LegalForm.PT: "PT",
    LegalForm.CV: "CV",
    LegalForm.FIRMA: "Firma",
    LegalForm.KOPERASI: "Koperasi",
    LegalForm.YAYASAN: "Yayasan",
    LegalForm.PERKUMPULAN: "Perkumpulan",
}
PLACE_KIND: Final[Mapping[PlaceKind, str]] = {
    PlaceKind.MENARA: "Menara telekomunikasi",
    PlaceKind.GEDUNG: "Gedung",
    PlaceKind.PABRIK: "Pabrik",
    PlaceKind.RUMAH_SAKIT: "Rumah sakit",
    PlaceKind.LAINNYA: "Lainnya",
}
VILLAGE_KIND: Final[Mapping[VillageKind, str]] = {VillageKind.DESA: "Desa", VillageKind.KELURAHAN: "Kelurahan"}
BUILDING_PERMIT: Final[Mapping[BuildingPermitKind, str]] = {
    BuildingPermitKind.IMB: "IMB",
    BuildingPermitKind.PBG: "PBG",
}
UNIT_USE: Final[Mapping[UnitUse, str]] = {
    UnitUse.UTAMA: "Utama",
    UnitUse.CADANGAN: "Cadangan",
    UnitUse.DARURAT: "Darurat",
    UnitUse.SEMENTARA: "Sementara",
}
SILENCING: Final[Mapping[Silencing, str]] = {Silencing.TERBUKA: "Terbuka", Silencing.KEDAP: "Kedap suara"}
