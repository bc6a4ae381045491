"""Indonesian identifiers: what is wrong with one, as a stable code, or None.

Only what is certain is refused. NIK and NPWP carry no check digit that may be enforced, a NIK's region may
predate the splitting of a regency, and its century is not written, so those findings are doubts, not errors.
"""

import datetime
import re
from typing import Final

_DIGITS = re.compile(r"[0-9]+")
_NIK_DIGITS: Final = 16
_NIB_DIGITS: Final = 13
_ADDED_FOR_WOMEN: Final = 40
_PROVINCES: Final = range(11, 98)  # codes of provinces lie here; those to come will too


def digits(text: str) -> str:
    """`text` without the dots, hyphens and spaces that people group digits with."""
    return re.sub(r"[\s.\-]", "", text)


def nik_error(text: str) -> str | None:
    """Population number: 16 digits, the last four of which are never 0000."""
    if not _DIGITS.fullmatch(text):
        return "digits_only"
    if len(text) != _NIK_DIGITS:
        return "nik_digit_count"
    return "nik_serial" if text.endswith("0000") else None


def nik_doubt(nik: str, *, today: datetime.date) -> str | None:
    """Doubts about a well-formed NIK: digits 7 to 12 are a birth date DDMMYY, for women with 40 added to the day."""
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    century = 2000 if 2000 + year <= today.year - 17 else 1900
    try:
        datetime.date(century + year, month, day - _ADDED_FOR_WOMEN if day > _ADDED_FOR_WOMEN else day)
    except ValueError:
        return "nik_birth_date"
    return None if int(nik[:2]) in _PROVINCES else "nik_region"


def npwp_error(text: str) -> str | None:
    """Tax number: 15 digits (the older form) or 16."""
    if not _DIGITS.fullmatch(text):
        return "digits_only"
    return None if len(text) in (15, 16) else "npwp_digit_count"


def nib_error(text: str) -> str | None:
    """Business number: 13 digits."""
    if not _DIGITS.fullmatch(text):
        return "digits_only"
    return None if len(text) == _NIB_DIGITS else "nib_digit_count"
