import datetime

from registry.formats.record import MandateMode, MandateRecord
from templates import mandates

LINES = ("KEPALA DINAS PENANAMAN MODAL DAN", "PELAYANAN TERPADU SATU PINTU", "KABUPATEN KAMPAR")


def record(mode: MandateMode, title: str = " ".join(LINES), number: str = "196903291990031009") -> MandateRecord:
    return MandateRecord(
        person="Dra. Contoh, M.Si.",
        rank="Pembina (IV/a)",
        employee_number=number,
        mode=mode,
        office_title=title,
        own_title="Sekretaris",
        decree_number="1",
        decree_date=datetime.date(2025, 1, 1),
        scope=(),
        valid_from=datetime.date(2025, 1, 1),
        valid_until=None,
    )


def test_the_head_signs_under_the_title_alone() -> None:
    block = mandates.block(record(MandateMode.DEFINITIVE), head_title=LINES)
    assert block["prefix"] == ""
    assert block["title"] == [*LINES[:2], "KABUPATEN KAMPAR,"]
    assert block["own_title"] == []
    assert block["number"] == "NIP 19690329 199003 1 009"


def test_acting_holders_sign_with_their_prefix_and_own_name() -> None:
    for mode, prefix in ((MandateMode.PLT, "Plt."), (MandateMode.PLH, "Plh.")):
        block = mandates.block(record(mode), head_title=LINES)
        assert (block["prefix"], block["own_title"], block["name"]) == (prefix, [], "Dra. Contoh, M.Si.")


def test_on_behalf_the_own_title_follows_and_takes_the_comma() -> None:
    block = mandates.block(record(MandateMode.AN), head_title=LINES)
    assert block["prefix"] == "a.n."
    assert block["title"] == list(LINES)
    assert block["own_title"] == ["SEKRETARIS,"]


def test_a_title_that_the_profile_does_not_know_is_broken_between_words() -> None:
    title = "KEPALA BADAN PENGELOLA PERIZINAN CONTOH YANG NAMANYA PANJANG SEKALI"
    block = mandates.block(record(MandateMode.DEFINITIVE, title=title), head_title=LINES)
    assert " ".join(block["title"]) == title + ","
    assert len(block["title"]) > 1


def test_no_number_prints_no_label() -> None:
    assert mandates.block(record(MandateMode.PLH, number=""), head_title=LINES)["number"] == ""


def test_the_signer_in_one_line() -> None:
    assert (
        mandates.signer(record(MandateMode.AN, "KEPALA DINAS")) == "Dra. Contoh, M.Si., Sekretaris, a.n. Kepala Dinas"
    )
    assert mandates.signer(record(MandateMode.DEFINITIVE, "KEPALA DINAS")) == "Dra. Contoh, M.Si., Kepala Dinas"
