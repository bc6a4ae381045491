import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates import identifiers

TODAY = datetime.date(2026, 11, 23)
CHECKS = [identifiers.nik_error, identifiers.npwp_error, identifiers.nib_error]


@pytest.mark.parametrize(
    ("check", "text", "code"),
    [
        (identifiers.nik_error, "1401024512850002", None),
        (identifiers.nik_error, "140102451285000", "nik_digit_count"),
        (identifiers.nik_error, "14010245128500021", "nik_digit_count"),
        (identifiers.nik_error, "1401024512850000", "nik_serial"),
        (identifiers.nik_error, "140102451285000x", "digits_only"),
        (identifiers.nik_error, "", "digits_only"),
        (identifiers.npwp_error, "001234567221000", None),
        (identifiers.npwp_error, "0001234567221000", None),
        (identifiers.npwp_error, "00123456722100", "npwp_digit_count"),
        (identifiers.nib_error, "9120001234567", None),
        (identifiers.nib_error, "912000123456", "nib_digit_count"),
    ],
)
def test_identifiers(check, text: str, code: str | None) -> None:
    assert check(text) == code


@pytest.mark.parametrize("check", CHECKS)
@given(st.text(alphabet=st.characters(), max_size=20))
def test_only_ascii_digits_pass(check, text: str) -> None:
    if check(text) is None:
        assert text.isascii()
        assert text.isdecimal()


def test_digits_in_other_scripts_are_no_digits() -> None:
    assert identifiers.nik_error("１４０１０２４５１２８５０００２") == "digits_only"


def test_grouping_signs_are_dropped_and_nothing_else() -> None:
    assert identifiers.digits("01.234.567.8-221 000") == "012345678221000"
    assert identifiers.digits("12/34") == "12/34"


@pytest.mark.parametrize(
    ("nik", "doubt"),
    [
        ("1401024512850002", None),  # a woman born on 5 December 1985
        ("1401020512850002", None),
        ("1401023102850002", "nik_birth_date"),
        ("1401027212850002", "nik_birth_date"),
        ("0001020512850002", "nik_region"),
        ("1401022902000002", None),  # 29 February 2000
        ("1401022902010002", "nik_birth_date"),
    ],
)
def test_what_a_nik_says_about_its_owner_is_only_doubted(nik: str, doubt: str | None) -> None:
    assert identifiers.nik_error(nik) is None
    assert identifiers.nik_doubt(nik, today=TODAY) == doubt


@given(st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_no_well_formed_nik_breaks_the_doubts(nik: str) -> None:
    assert identifiers.nik_doubt(nik, today=TODAY) in (None, "nik_birth_date", "nik_region")
