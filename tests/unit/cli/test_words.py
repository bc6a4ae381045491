"""What is written on the command line about the registry's memory: moments, ranges, approvals, and what must not be."""

import argparse
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import words
from registry.formats.logentry import Event
from registry.formats.record import MandateMode
from registry.handovers import Capacity
from registry.lifecycle import CHANGES


def test_the_words_are_those_of_the_registry() -> None:
    assert set(words.MODES) == {mode.value for mode in MandateMode}
    assert set(words.CAPACITIES) == {capacity.value for capacity in Capacity}
    assert {Event(name) for name in words.CHANGES} == CHANGES


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-24T09:05", datetime.datetime(2026, 11, 24, 9, 5)),  # noqa: DTZ001  # the office's clock, no zone yet
        ("2026-11-24", datetime.datetime(2026, 11, 24)),  # noqa: DTZ001
    ],
)
def test_a_moment_is_read_as_it_stands_on_the_wall(text: str, meant: datetime.datetime) -> None:
    assert words.local_moment(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-24T", "2026-11-24T9:05", "2026-11-24T24:30", "2026-11-24T09:05Z", "2026-11-24T09:05+07:00",
        "2026-11-24 09:05", "2026-11-31", "24-11-2026", "T09:05", "9999-12-31", "2026-11-24T٠٩:٠٥",
    ],
)  # fmt: skip
def test_a_moment_that_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="YYYY-MM-DDTHH:MM"):
        words.local_moment(text)


@pytest.mark.parametrize(("text", "meant"), [("51", (51, 51)), ("51-53", (51, 53)), ("7-7", (7, 7))])
def test_a_range_is_read(text: str, meant: tuple[int, int]) -> None:
    assert words.places(text) == meant


@pytest.mark.parametrize("text", ["", "0", "-3", "3-", "53-51", "1-2-3", "51–53", "051", "5.1", "٥"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        words.places(text)


@given(st.text())
def test_whatever_is_typed_is_read_or_refused_as_misuse(text: str) -> None:
    for read in (words.day, words.year, words.local_moment, words.places, words.line, words.approval):
        try:
            assert read(text) is not None
        except argparse.ArgumentTypeError:
            continue


def test_an_approval_names_person_title_and_letter() -> None:
    assert words.approval(" Contoh, S.H. ; Sekretaris;045/1 ") == ("Contoh, S.H.", "Sekretaris", "045/1")
    for text in ("Contoh; Sekretaris", "Contoh; ; 045/1", "Contoh; Sekretaris; 045/1; lagi"):
        with pytest.raises(argparse.ArgumentTypeError, match="TITLE"):
            words.approval(text)


def test_the_number_of_an_identity_document_is_refused_and_not_repeated() -> None:
    assert words.from_standard_input("-") == "-"
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        words.from_standard_input("1401010101010001")
    assert "1401010101010001" not in str(refused.value)
