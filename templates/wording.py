"""How numbers, dates and names are written for people, in Indonesian and in English."""

import datetime
import re
from decimal import Decimal
from typing import Final

import num2words
import regex
from babel import dates, numbers

_ROMAN_MONTHS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_SMALL_WORDS: Final = frozenset({"dan", "atau", "di", "ke", "dari", "pada", "untuk", "yang"})
_ABBREVIATION: Final = re.compile(r"[IVX]+|[^AEIOU]{2,}")


def long_date(day: datetime.date, language: str = "id") -> str:
    """The date with the month in words: "23 November 2026"."""
    return dates.format_date(day, "d MMMM y", locale=language)


def number(value: Decimal | int, language: str = "id") -> str:
    """A number with its language's separators: 1.250,5 in Indonesian, 1,250.5 in English."""
    return numbers.format_decimal(value, format="#,##0.######", locale=language)


def counted(count: int, unit: str) -> str:
    """A count in digits and words, as official letters write it: "5 (lima) unit"."""
    return f"{count} ({spelled(count)}) {unit}"


def spelled(value: Decimal | int) -> str:
    """A number in Indonesian words: "dua ribu dua puluh enam", "tiga koma lima"."""
    return str(num2words.num2words(value, lang="id"))


def roman_month(day: datetime.date) -> str:
    """The month as the Roman numeral that letter numbers use."""
    return _ROMAN_MONTHS[day.month - 1]


def title_case(title: str) -> str:
    """A title written all in capitals, as in running text: "Kepala Dinas Perizinan dan Investasi". Others stay.

    Words without a vowel ("DPMPTSP") and Roman numerals keep their capitals; an abbreviation with a vowel cannot be
    told from a word, so an office that has one writes its titles in mixed case.
    """
    if title != title.upper():
        return title
    return re.sub(r"[^\W\d_]+", lambda word: _word_case(word[0]), title)


def _word_case(word: str) -> str:
    if word.lower() in _SMALL_WORDS:
        return word.lower()
    return word if _ABBREVIATION.fullmatch(word) else word.capitalize()


def employee_number(text: str) -> str:
    """A civil servant's number (NIP) in its printed groups: "19690329 199003 1 009". Others stay as they are."""
    digits = re.sub(r"\s", "", text)
    if not re.fullmatch(r"\d{18}", digits, re.ASCII):
        return text
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"


def masked(name: str) -> str:
    """A natural person's name as strangers may see it: the first letter of each word, nothing of its length."""
    words = re.findall(r"[^\W\d_][\w'’.-]*", name)
    return " ".join(regex.match(r"\X", word)[0] + "***" for word in words) or "***"
