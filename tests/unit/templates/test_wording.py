import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates import wording


def test_dates_numbers_and_counts_are_written_as_official_letters_do() -> None:
    day = datetime.date(2026, 8, 17)
    assert wording.long_date(day) == "17 Agustus 2026"
    assert wording.long_date(day, "en") == "17 August 2026"
    assert wording.number(Decimal("1250.5")) == "1.250,5"
    assert wording.number(Decimal("1250.5"), "en") == "1,250.5"
    assert wording.number(20) == "20"
    assert wording.counted(14, "unit") == "14 (empat belas) unit"
    assert [wording.roman_month(datetime.date(2026, month, 1)) for month in (1, 4, 9, 12)] == ["I", "IV", "IX", "XII"]


def test_an_employee_number_is_grouped_and_other_texts_are_left_alone() -> None:
    assert wording.employee_number("196903291990031009") == "19690329 199003 1 009"
    assert wording.employee_number("19690329 199003 1 009") == "19690329 199003 1 009"
    assert wording.employee_number("NRP 123") == "NRP 123"


@pytest.mark.parametrize(
    ("title", "running"),
    [
        ("KEPALA DINAS PENANAMAN MODAL DAN PELAYANAN", "Kepala Dinas Penanaman Modal dan Pelayanan"),
        ("SEKRETARIS DPMPTSP, BIDANG II", "Sekretaris DPMPTSP, Bidang II"),
        ("Kepala UPTD Contoh", "Kepala UPTD Contoh"),
        ("CAMAT", "Camat"),
        ("", ""),
    ],
)
def test_a_title_in_capitals_becomes_one_for_running_text(title: str, running: str) -> None:
    assert wording.title_case(title) == running


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Siti Contoh", "S*** C***"), ("Ni'matul Đặng", "N*** Đ***"), ("Müller-Çelik", "M***"), ("-", "***"), ("", "***")],
)
def test_masked_names(name: str, masked: str) -> None:
    assert wording.masked(name) == masked


@given(st.lists(st.text(alphabet=st.characters(categories=["L"]), min_size=2, max_size=12), min_size=1, max_size=5))
def test_a_masked_name_keeps_one_letter_a_word_at_most(words: list[str]) -> None:
    masked = wording.masked(" ".join(words))
    assert all(part.endswith("***") for part in masked.split())
    assert sum(letter.isalpha() for letter in masked) <= len(words)
