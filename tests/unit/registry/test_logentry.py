"""The log's entries: one event, one byte string; any other byte string is refused by our own error."""

import contextlib
import dataclasses

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats import logentry
from registry.formats.logentry import Event, LogEntry, LogEntryError, decode, encode

_hashes = st.binary(min_size=32, max_size=32)
_times = st.integers(0, 2**40 - 1)
_entries = st.builds(
    LogEntry,
    event=st.sampled_from(Event),
    serial=st.none() | st.integers(0, 2**48 - 1),
    statement_sha256=st.none() | _hashes,
    file_sha256=st.none() | _hashes,
    effective=_times,
    recorded=_times,
    record_sha256=st.none() | _hashes,
)
ISSUE = LogEntry(
    event=Event.ISSUE,
    serial=70_000,
    statement_sha256=bytes(32),
    file_sha256=bytes(range(32)),
    effective=1_795_417_200,
    recorded=1_795_417_200,
    record_sha256=bytes([7]) * 32,
)
OLD = dataclasses.replace(ISSUE, record_sha256=None)


@given(_entries)
@example(ISSUE)
@example(OLD)
def test_an_entry_survives_the_round_trip(entry) -> None:
    assert decode(encode(entry)) == entry
    assert len(encode(entry)) <= logentry.MAX_BYTES


@given(_entries, _entries)
def test_two_events_never_have_the_same_bytes(one, other) -> None:
    assert (encode(one) == encode(other)) is (one == other)


def test_an_entry_of_the_first_release_reads_as_it_was_written() -> None:
    """Written out by hand: {1: 1, 2: "issue", 3: 70000, 4: …, 5: …, 6: …, 7: …} in deterministic CBOR."""
    data = bytes.fromhex(
        "a7" "0101" "02656973737565" "031a00011170"
        "045820" + "00" * 32 + "055820" + bytes(range(32)).hex() + "061a6b03e470" "071a6b03e470"
    )  # fmt: skip
    entry = decode(data)
    assert entry == OLD
    assert (entry.version, encode(entry)) == (1, data)


def test_an_entry_with_a_record_is_of_the_second_version() -> None:
    assert cbor2.loads(encode(ISSUE))[1] == ISSUE.version == 2


@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_but_our_error(data) -> None:
    with pytest.raises(LogEntryError):
        decode(data)


_cbor = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=40) | _hashes,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(0, 9) | st.text(max_size=2), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=400)
@given(
    _entries, st.dictionaries(st.integers(0, 9) | st.text(max_size=2) | st.booleans(), _cbor, max_size=3), st.booleans()
)
def test_no_map_with_other_values_passes_unless_it_is_an_entry(entry, other, canonical) -> None:
    value = cbor2.loads(encode(entry)) | other
    data = cbor2.dumps(value, canonical=canonical)
    try:
        read = decode(data)
    except LogEntryError:
        return
    assert encode(read) == data


@given(_entries, st.data())
def test_a_changed_byte_is_never_read_as_the_same_entry(entry, data) -> None:
    good = bytearray(encode(entry))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(LogEntryError):
        assert decode(bytes(good)) != entry


def _with(**other: object) -> dict[object, object]:
    names = {
        "version": 1,
        "event": 2,
        "serial": 3,
        "statement": 4,
        "file": 5,
        "effective": 6,
        "recorded": 7,
        "record": 8,
    }
    return cbor2.loads(encode(ISSUE)) | {names[name]: value for name, value in other.items()}


HOSTILE = {
    "of a future version": _with(version=3),
    "of the first version with a record": _with(version=1),
    "with an event that is none": _with(event="destroyed"),
    "with an event that is a list": _with(event=["issue"]),
    "with an empty field": _with(serial=None),
    "with a flag for a number": _with(effective=True),
    "with a fraction for a number": _with(effective=1.0),
    "from before the epoch": _with(effective=-1),
    "from too far ahead": _with(recorded=2**40),
    "with too great a serial": _with(serial=2**48),
    "with a short hash": _with(record=bytes(31)),
    "with a hash as text": _with(statement="0" * 32),
    "with another field": cbor2.loads(encode(ISSUE)) | {9: 1},
    "without its time": {key: value for key, value in cbor2.loads(encode(ISSUE)).items() if key != 6},
    "that is a list": [1, "issue"],
    "that is tagged": cbor2.CBORTag(55799, cbor2.loads(encode(ISSUE))),
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_entry_that_no_program_wrote_is_refused(value) -> None:
    with pytest.raises(LogEntryError):
        decode(cbor2.dumps(value, canonical=True))


SPELLINGS = {
    "with its fields in another order": lambda good: cbor2.dumps(dict(reversed(cbor2.loads(good).items()))),
    "with a long number": lambda good: good.replace(
        bytes.fromhex("031a00011170"), bytes.fromhex("031b0000000000011170")
    ),
    "of indefinite length": lambda good: b"\xbf" + good[1:] + b"\xff",
    "with a field twice": lambda good: bytes([good[0] + 1]) + bytes.fromhex("0102") + good[1:],
    "with something after it": lambda good: good + b"\x00",
    "cut short": lambda good: good[:-1],
    "of nothing": lambda _: b"",
    "nested without end": lambda _: b"\x81" * 500,
    "with a shared value that holds itself": lambda _: bytes.fromhex("d81c81d81d00"),
    "of a gigantic string": lambda _: bytes.fromhex("5b7fffffffffffffff"),
    "of a gigantic list": lambda _: bytes.fromhex("9b7fffffffffffffff"),
    "of a gigantic number": lambda _: bytes.fromhex("c4823b7fffffffffffffff01"),
    "of a date that is none": lambda _: bytes.fromhex("c06178"),
    "too long": lambda good: good + bytes(logentry.MAX_BYTES),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_another_spelling_of_an_entry_is_refused(spell) -> None:
    data = spell(encode(ISSUE))
    assert data != encode(ISSUE)
    with pytest.raises(LogEntryError):
        decode(data)


@pytest.mark.parametrize(
    "wrong", [{"serial": -1}, {"effective": 2**40}, {"recorded": -1}, {"file_sha256": b"short"}, {"record_sha256": b""}]
)
def test_an_entry_outside_the_format_is_not_written(wrong) -> None:
    with pytest.raises(LogEntryError):
        encode(dataclasses.replace(ISSUE, **wrong))
