"""Canonical JSON: one byte string for one value (RFC 8785, JCS), and a reader that refuses ambiguity.

Two readers of the same bytes must see the same value, else a digest binds nothing: duplicate names,
NaN, text that is not NFC and lone surrogates are refused on the way in. Numbers with a fraction are
read as `Decimal` and have no canonical form here; a model that wants them writes them as strings.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NoReturn

import rfc8785

from registry.formats.errors import DocumentError

# JSON numbers are doubles to most readers; past this an integer may change on its way (RFC 8785 3.2.2.3).
MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class CanonicalError(DocumentError):
    """The text is not JSON that has exactly one reading."""


def parse(data: bytes) -> object:
    """The value of a JSON text in UTF-8.

    Raises `CanonicalError` for anything that two readers could understand differently.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=Decimal,
        )
    except CanonicalError:
        raise
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise CanonicalError(f"not JSON in UTF-8: {error}") from error
    _check(value, depth=0)
    return value


def dump(value: object) -> bytes:
    """The canonical bytes of a value made of None, bool, int, str, lists and dicts (RFC 8785).

    Raises `CanonicalError` where the value has no canonical form.
    """
    _check(value, depth=0)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # _check has just narrowed it
    except rfc8785.CanonicalizationError as error:
        raise CanonicalError(str(error)) from error


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in pairs:
        if name in result:
            raise CanonicalError(f"the name {name!r} stands twice in one object")
        result[name] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise CanonicalError(f"{name} is not a JSON number")


def _check(value: object, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool | Decimal):
        return
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise CanonicalError(f"the number {value} is too large to survive every reader; write it as text")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise CanonicalError(f"a name must be text, not {type(name).__name__}")
            _check_text(name)
            _check(inner, depth=depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for inner in value:
            _check(inner, depth=depth + 1)
    else:
        raise CanonicalError(f"{type(value).__name__} has no place in canonical JSON")


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("text holds half of a surrogate pair") from error
    if not unicodedata.is_normalized("NFC", text):
        raise CanonicalError(f"the text {text[:40]!r} is not in Unicode normal form C")
