"""The QR statement: one spelling, nothing forged, and it always fits the symbol."""

import dataclasses
import datetime
import hashlib
import unicodedata
from zoneinfo import ZoneInfo

import cbor2
import cwt
import pytest
import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats import statement as st_
from registry.formats.errors import DocumentError

WIB = ZoneInfo("Asia/Jakarta")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HOST = "izin.example.go.id"


class Signer:
    kid = hashlib.sha256(KEY.public_key().public_bytes_raw()).digest()[:4]

    def sign(self, data: bytes) -> bytes:
        return KEY.sign(data)


def statement(**change: object) -> st_.Statement:
    values: dict[str, object] = {
        "number": "500.16.7.2/001/DPMPTSP/XI/2026",
        "issued": st_.midnight(datetime.date(2026, 11, 23), WIB),
        "expires": None,
        "pack": "genset/v1",
        "holder": "PT Contoh Menara Nusantara",
        "subject": "1 unit genset, 100 kVA, Kuok",
        "digest": bytes(16),
        "serial": 70_000,
        **change,
    }
    return st_.Statement(**values)  # type: ignore[arg-type]


_names = st.text(st.characters(exclude_categories=("Cs", "Cc"))).map(lambda s: unicodedata.normalize("NFC", s))
_statements = st.builds(
    st_.Statement,
    number=st.text("0123456789/.ABCXI", min_size=1, max_size=40),
    issued=st.integers(0, 2**33),
    expires=st.none() | st.integers(2**33 + 1, 2**34),
    pack=st.just("genset/v1"),
    holder=_names,
    subject=_names,
    digest=st.binary(min_size=16, max_size=16),
    serial=st.integers(0, 2**48 - 1),
)


@given(_statements)
def test_round_trip_through_bytes_digits_and_link(original: st_.Statement) -> None:
    original = st_.fit(original, room=st_.room(HOST))
    token = st_.sign(original, Signer())
    host, digits = st_.parse_link(st_.link(HOST, token))
    read = st_.parse(st_.from_digits(digits))
    read.verify(KEY.public_key())
    assert (host, read.statement, read.token, read.kid) == (HOST, original, token, Signer.kid)


@given(st.binary(max_size=300))
@example(b"\x01" + cbor2.dumps(cbor2.CBORTag(18, [b"", {}, b"", bytes(64)])))
@example(b"\x01\xd8\x1c" * 90)
@example(b"\x01" + b"\x81" * 280)
@example(b"\x01\xc2\x58\xff" + b"\xff" * 255)
def test_hostile_bytes_raise_only_our_error(data: bytes) -> None:
    for token in (data, b"\x01" + data):
        try:
            read = st_.parse(token)
        except st_.StatementError:
            continue
        assert st_.parse(read.token) == read


@given(st.data())
def test_one_changed_bit_never_verifies(data: st.DataObject) -> None:
    token = bytearray(st_.sign(statement(), Signer()))
    position = data.draw(st.integers(0, len(token) * 8 - 1))
    token[position // 8] ^= 1 << position % 8
    with pytest.raises(st_.StatementError):
        st_.parse(bytes(token)).verify(KEY.public_key())


@given(st.text())
@example("0123")
@example("1_0")
@example("+1")
@example(" 1")
@example("1\n")
@example("１２３")  # full-width digits
@example("١٢٣")  # Arabic-Indic digits
@example("²")
@example("9" * (st_.MAX_DIGITS + 1))
@example("")
@example("0")
def test_only_plain_ascii_digits_are_digits(text: str) -> None:
    plain = text != "" and set(text) <= set("0123456789") and text[0] != "0" and len(text) <= st_.MAX_DIGITS
    if plain:
        assert st_.to_digits(st_.from_digits(text)) == text
    else:
        with pytest.raises(st_.StatementError):
            st_.from_digits(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://izin.example.go.id/v/1",
        "HTTPS://IZIN.EXAMPLE.GO.ID/V/1",
        "https://user@izin.example.go.id/v/1",
        "https://izin.example.go.id/v/1?x",
        "https://izin.example.go.id/v/1#x",
        "https://izin.example.go.id/V/1",
        "https://izin.example.go.id\\@evil.example/v/1",
        "https://izin.example.go.id/v/",
        "https://izin.example.go.id/v/12\n",
        "https://izin.example.go.id/v/１２",
    ],
)
def test_only_our_form_of_link_is_a_link(text: str) -> None:
    with pytest.raises(st_.StatementError):
        st_.parse_link(text)


def test_an_independent_library_reads_and_verifies_our_statement() -> None:
    token = st_.sign(statement(), Signer())
    key = cwt.COSEKey.new({1: 1, 2: Signer.kid, 3: -19, -1: 6, -2: KEY.public_key().public_bytes_raw()})
    claims = cwt.decode(token[1:], keys=[key])
    assert (claims[2], claims[6]) == (statement().number, statement().issued)
    broken = token[:-1] + bytes([token[-1] ^ 1])
    with pytest.raises(cwt.VerifyError):
        cwt.decode(broken[1:], keys=[key])


def _reencoded(change: object) -> bytes:
    outer = cbor2.loads(st_.sign(statement(), Signer())[1:])
    parts = list(outer.value)
    change(parts)  # type: ignore[operator]
    return b"\x01" + cbor2.dumps(cbor2.CBORTag(18, parts))


def _indefinite(parts: list[object]) -> None:
    payload = parts[2]
    assert isinstance(payload, bytes)
    parts[2] = b"\xbf" + payload[1:] + b"\xff"


def _set(index: int, value: object) -> object:
    return lambda parts: parts.__setitem__(index, value)


@pytest.mark.parametrize(
    "token",
    [
        _reencoded(_indefinite),
        _reencoded(_set(0, cbor2.dumps({1: -8, 4: b"abcd"}))),
        _reencoded(_set(0, cbor2.dumps({1: -19, 4: b"abc"}))),
        _reencoded(_set(0, cbor2.dumps({1: -19, 4: b"abcd", 3: 0}))),
        _reencoded(_set(1, {7: 1})),
        _reencoded(_set(3, bytes(63))),
        _reencoded(_set(2, cbor2.dumps({2: "x", 6: True, -65537: ["g", "h", "s", bytes(16), 1]}))),
        _reencoded(_set(2, cbor2.dumps({2: "x", 6: 5, 4: None, -65537: ["g", "h", "s", bytes(16), 1]}))),
        _reencoded(_set(2, cbor2.dumps({2: "x", 6: 5, 4: 5, -65537: ["g", "h", "s", bytes(16), 1]}))),
        _reencoded(_set(2, cbor2.dumps({2: "e\u0301", 6: 5, -65537: ["g", "h", "s", bytes(16), 1]}))),
        _reencoded(_set(2, cbor2.dumps({2: "x\n", 6: 5, -65537: ["g", "h", "s", bytes(16), 1]}))),
        _reencoded(_set(2, cbor2.dumps({2: "x", 6: 5, 9: 1, -65537: ["g", "h", "s", bytes(16), 1]}))),
        st_.sign(statement(), Signer()) + b"\x00",
        b"\x02" + st_.sign(statement(), Signer())[1:],
        b"",
    ],
)
def test_a_statement_has_one_spelling_only(token: bytes) -> None:
    with pytest.raises(st_.StatementError):
        st_.parse(token)


def test_an_expired_statement_still_parses() -> None:
    old = statement(issued=0, expires=86_400)
    assert st_.parse(st_.sign(old, Signer())).statement.valid_until(WIB) == datetime.date(1970, 1, 1)


@given(
    holder=_names,
    subject=_names,
    host=st.from_regex(r"[a-z]{1,20}(\.[a-z]{2,12}){1,3}", fullmatch=True),
)
@settings(deadline=None, max_examples=60)
@example(
    holder="PT " + "Nusantara Sejahtera Abadi " * 8, subject="14 unit genset, 7.250 kVA, Bangkinang Kota", host=HOST
)
@example(holder="Ж" * 200, subject="👩‍👩‍👧" * 40, host="perizinan.kabupatenkampar.go.id")
def test_the_symbol_never_grows_past_version_12(holder: str, subject: str, host: str) -> None:
    fitted = st_.fit(statement(holder=holder, subject=subject), room=st_.room(host))
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(st_.link(host, st_.sign(fitted, Signer())))
    code.make()
    assert code.version <= st_.QR_VERSION


@given(_names, _names)
def test_names_are_shortened_only_when_they_must_be_and_marked(holder: str, subject: str) -> None:
    full = statement(holder=holder, subject=subject)
    fitted = st_.fit(full, room=255)
    for before, after in ((holder, fitted.holder), (subject, fitted.subject)):
        assert after == before or (after.endswith("…") and before.startswith(after[:-1].rstrip()))
    assert st_.fit(full, room=10_000) == full


def test_a_number_that_leaves_no_room_is_an_error() -> None:
    with pytest.raises(DocumentError, match="leaves no room"):
        st_.fit(statement(number="9" * 250), room=255)


def test_the_room_shrinks_with_the_host() -> None:
    # Measured with qrcode 8.2: the largest token that stays in version 12-M behind an 18-character host is 255 bytes.
    assert st_.room(HOST) == 255
    assert st_.room("perizinan." + HOST) < 255


def test_the_dates_are_the_offices_own_midnights() -> None:
    made = statement(expires=st_.midnight(datetime.date(2041, 7, 1), WIB))
    assert made.date_of_issue(WIB) == datetime.date(2026, 11, 23)
    assert made.valid_until(WIB) == datetime.date(2041, 6, 30)
    assert dataclasses.replace(made, expires=None).valid_until(WIB) is None
