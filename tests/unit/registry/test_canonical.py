"""Canonical JSON: one value, one byte string; ambiguity is refused at the door."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import canonical

_text = st.text(st.characters(exclude_categories=("Cs",))).filter(
    lambda s: canonical.unicodedata.is_normalized("NFC", s)
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_SAFE_INTEGER, canonical.MAX_SAFE_INTEGER) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_a_value_survives_the_round_trip_and_has_one_form(value: object) -> None:
    data = canonical.dump(value)
    assert canonical.parse(data) == value
    assert canonical.dump(canonical.parse(data)) == data


@given(_values)
def test_the_order_and_spacing_of_the_input_do_not_matter(value: object) -> None:
    loose = json.dumps(value, ensure_ascii=True, indent=3).encode()
    assert canonical.dump(canonical.parse(loose)) == canonical.dump(value)


def test_names_are_sorted_by_utf16_code_units() -> None:
    # RFC 8785 3.2.3: a letter beyond the BMP sorts by its surrogates, before U+FFE6.
    assert canonical.dump({"\uffe6": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\uffe6":1}'.encode()


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":NaN}',
        "[Infinity]",
        '"e\u0301"',
        '{"e\u0301":1}',
        r'"\ud800"',
        "9007199254740992",
        "[" * 40 + "]" * 40,
        "[" * 100_000,
        "",
        "{} {}",
        "\ufeff{}",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(text: str) -> None:
    with pytest.raises(canonical.CanonicalError):
        canonical.parse(text.encode("utf-8", "surrogatepass"))


@given(st.binary())
def test_hostile_bytes_raise_only_our_error(data: bytes) -> None:
    try:
        canonical.parse(data)
    except canonical.CanonicalError:
        return
    assert json.loads(data.decode()) is not ...


def test_a_number_with_a_fraction_is_read_exactly_and_has_no_canonical_form() -> None:
    value = canonical.parse(b'{"kva": 62.50}')
    assert value == {"kva": Decimal("62.50")}
    with pytest.raises(canonical.CanonicalError):
        canonical.dump(1.5)
    with pytest.raises(canonical.CanonicalError):
        canonical.dump(value)
