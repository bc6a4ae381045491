"""The status list: one spelling, no forgery, no bomb, and never one list or statement taken for another."""

import copy
import dataclasses
import datetime
import hashlib
import tracemalloc
import zlib
from typing import Any

import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keys.statement import Ed25519StatementSigner
from keys.trust import StatementKey, key_identifier
from registry.formats import statement, statuslist
from registry.formats.record import Status
from registry.formats.statuslist import SlotState, StatusList, StatusListError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Ed25519StatementSigner(private_key=KEY)
OTHER = Ed25519StatementSigner(private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOW = datetime.datetime(2026, 11, 24, 7, 30, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
URI = "https://izin.example.go.id/status/0.cwt"
PUBLISHED = StatementKey(
    kid=SIGNER.kid, public_key=SIGNER.public_key, not_before=NOW - 9 * HOUR, not_after=None, revoked_at=None
)
SLOT = 70_000


def _list() -> bytes:
    made = StatusList()
    made.set(SLOT, SlotState.IN_FORCE)
    return bytes(made)


def _sign(states: bytes | None = None, **change: object) -> bytes:
    values: dict[str, object] = {
        "uri": URI,
        "issued_at": NOW,
        "expires_at": NOW + 2 * HOUR,
        "ttl": 3600,
        "signer": SIGNER,
        **change,
    }
    return statuslist.sign(_list() if states is None else states, **values)  # type: ignore[arg-type]


def _read(
    token: bytes, *, key: StatementKey = PUBLISHED, uri: str = URI, now: datetime.datetime = NOW
) -> statuslist.ReadList:
    return statuslist.read(token, keys=(key,), uri=uri, now=now)


def _signed_anyhow(payload: object, *, header: object = None, unprotected: object = None) -> bytes:
    """A token of this office's key over any payload and header, as an intruder with the key could make."""
    if header is None:
        header = {1: -19, 4: SIGNER.kid, 16: statuslist.MEDIA_TYPE}
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    data = payload if isinstance(payload, bytes) else cbor2.dumps(payload, canonical=True)
    signature = SIGNER.sign(cbor2.dumps(["Signature1", protected, b"", data]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {} if unprotected is None else unprotected, data, signature]))


def _claims(**change: object) -> dict[int, object]:
    names = {"uri": 2, "expires": 4, "issued": 6, "list": 65533, "ttl": 65534}
    seconds = int(NOW.timestamp())
    claims: dict[int, object] = {
        2: URI,
        4: seconds + 7200,
        6: seconds,
        65533: {"bits": 4, "lst": zlib.compress(_list())},
        65534: 3600,
    }
    return claims | {names[name]: value for name, value in change.items()}


_slots = st.integers(0, statuslist.SLOTS - 1)


@given(st.dictionaries(_slots, st.sampled_from(SlotState), max_size=50))
@settings(deadline=None)
def test_a_list_reads_as_it_was_signed(states: dict[int, SlotState]) -> None:
    made = StatusList()
    for slot, state in states.items():
        made.set(slot, state)
    found = _read(_sign(bytes(made)))
    assert {slot: found.state(slot) for slot in states} == states
    assert found.states == bytes(made)
    assert (found.address, found.kid) == (URI, SIGNER.kid)
    assert (found.issued_at, found.expires_at, found.ttl) == (NOW, NOW + 2 * HOUR, HOUR)


@given(st.lists(st.tuples(_slots, st.sampled_from(SlotState)), max_size=30))
def test_a_slot_changes_no_other_slot(changes: list[tuple[int, SlotState]]) -> None:
    made = StatusList()
    expected = int.from_bytes(b"\xff" * statuslist.BYTES)
    for slot, state in changes:
        made.set(slot, state)
        expected = expected & ~(0xF << 4 * slot) | state << 4 * slot
        assert made.get(slot) is state
    assert int.from_bytes(bytes(made), "little") == expected


# draft-ietf-oauth-status-list, appendix C.3: a 4-bit list of 2**20 entries; what is not named is 0.
VECTOR = {
    0: 0b0001, 1993: 0b0010, 35460: 0b0011, 459495: 0b0100, 595669: 0b0101, 754353: 0b0110, 845645: 0b0111,
    923232: 0b1000, 924445: 0b1001, 934534: 0b1010, 1004534: 0b1011, 1000345: 0b1100, 1030203: 0b1101,
    1030204: 0b1110, 1030205: 0b1111,
}  # fmt: skip
VECTOR_CBOR = bytes.fromhex(
    "a2646269747304636c737459024878daedd0410d8030100030081f0226908204244c025290840414111cecb7e4b8b5123a0e4066"
    "9b0200000000000000000000000000000020b5490100000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000400ebb0200000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000e8c5a1000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000082280a000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000080ae9c0a00000000000000000000000000000000000000000000000000000000000000000000000000686a5640339702"
    "00000000886551000000000000000000000000000000000000000000000000000000000000000071dc0a0080ba55010000000000"
    "000000000000c0cf3daf03000000000000000008ec03dc4c04c0"
)


def test_bits_are_ordered_as_in_the_vector_of_the_draft() -> None:
    whole = StatusList()
    for slot in range(statuslist.SLOTS):
        whole.set(slot, SlotState.IN_FORCE)
    lists = [copy.deepcopy(whole) for _ in range(2**20 // statuslist.SLOTS)]
    for serial, value in VECTOR.items():
        number, slot = statuslist.place(serial)
        lists[number].set(slot, value)  # type: ignore[arg-type]
    assert b"".join(map(bytes, lists)) == zlib.decompress(cbor2.loads(VECTOR_CBOR)["lst"])


def test_a_list_that_is_blown_up_with_empty_blocks_is_refused_before_it_is_looked_into() -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    blocks = b"\x00\x00\x00\xff\xff" * 15_000 + stream.compress(_list()) + stream.flush()
    padded = b"\x78\xda" + blocks + zlib.adler32(_list()).to_bytes(4)
    assert zlib.decompress(padded) == _list()
    with pytest.raises(StatusListError, match="at most 66560 bytes"):
        _read(_signed_anyhow(_claims(list={"bits": 4, "lst": padded})))


@pytest.mark.parametrize("slot", [-1, statuslist.SLOTS])
def test_a_slot_outside_the_list_is_never_another_one(slot: int) -> None:
    with pytest.raises(IndexError):
        StatusList().set(slot, SlotState.REVOKED)
    with pytest.raises(IndexError):
        _read(_sign()).state(slot)


def test_every_state_has_a_value_of_its_own_and_unissued_is_none_of_them() -> None:
    assert statuslist.STATE_OF.keys() == set(Status)
    assert len(set(statuslist.STATE_OF.values())) == len(Status)
    assert SlotState.NEVER_ISSUED not in statuslist.STATE_OF.values()
    assert [state for state, value in statuslist.STATE_OF.items() if value == 0] == [Status.IN_FORCE]
    assert {StatusList().get(slot) for slot in range(100)} == {SlotState.NEVER_ISSUED}


def test_a_serial_is_list_and_slot() -> None:
    assert statuslist.place(70_000) == (0, 70_000)
    assert statuslist.place(3 * 2**17 + 5) == (3, 5)
    assert statuslist.place(2**48 - 1) == (2**31 - 1, 2**17 - 1)
    for outside in (-1, 2**48):
        with pytest.raises(ValueError, match="serial"):
            statuslist.place(outside)


def test_an_independent_library_verifies_our_list() -> None:
    key = cwt.COSEKey.new({1: 1, 2: SIGNER.kid, 3: -19, -1: 6, -2: SIGNER.public_key})
    protected, _, payload = cwt.COSE.new().decode_with_headers(_sign(), keys=[key])
    assert protected == {1: -19, 4: SIGNER.kid, 16: "application/statuslist+cwt"}
    claims = cbor2.loads(payload)
    assert claims.keys() == {2, 4, 6, 65533, 65534}
    assert claims[65533]["bits"] == 4
    assert zlib.decompress(claims[65533]["lst"]) == _list()
    with pytest.raises(cwt.VerifyError):
        cwt.COSE.new().decode(_sign()[:-1] + b"\x00", keys=[key])


@given(st.binary(max_size=300))
@example(b"\x81" * 60_000)
@example(b"\xd8\x1c" * 30_000)
@example(b"\x9a\x0f\xff\xff\xff")
@example(b"\xd2\x84\x40\xa0\x40\x58\x40" + bytes(64))
@example(b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01")
@example(bytes(statuslist.MAX_TOKEN_BYTES + 1))
def test_hostile_bytes_raise_only_our_error(data: bytes) -> None:
    with pytest.raises(StatusListError):
        _read(data)
    with pytest.raises(StatusListError):
        _read(_signed_anyhow(data))
    with pytest.raises(StatusListError):
        _read(_signed_anyhow(_claims(), header=data))
    with pytest.raises(StatusListError):
        _read(_signed_anyhow(_claims(list={"bits": 4, "lst": data})))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text() | st.just(URI) | st.just(4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 9) | st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(["uri", "expires", "issued", "list", "ttl"]), value=_values)
@settings(deadline=None)
def test_hostile_claims_raise_only_our_error_even_when_signed(name: str, value: object) -> None:
    try:
        token = _signed_anyhow(_claims(**{name: value}))
        found = _read(token)
    except StatusListError:
        return
    assert found.states == _list()


@given(st.data())
@settings(deadline=None)
def test_one_changed_bit_is_never_read(data: st.DataObject) -> None:
    token = bytearray(_sign())
    position = data.draw(st.integers(0, len(token) * 8 - 1))
    token[position // 8] ^= 1 << position % 8
    with pytest.raises(StatusListError):
        _read(bytes(token))


def test_a_bomb_is_refused_without_giving_it_room() -> None:
    bomb = _signed_anyhow(_claims(list={"bits": 4, "lst": zlib.compress(bytes(60_000_000), 9)}))
    assert len(bomb) < statuslist.MAX_TOKEN_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(StatusListError, match="exactly 65536 bytes"):
            _read(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_the_longest_list_is_still_a_list() -> None:
    made = StatusList()
    digest = b"".join(hashlib.sha256(bytes([a, b])).digest() for a in range(16) for b in range(256))
    states = list(SlotState)
    for slot, value in enumerate(digest):
        made.set(slot, states[value % len(states)])
    assert _read(_sign(bytes(made))).states == bytes(made)


def _compressed(data: bytes, window: int = 15) -> dict[str, object]:
    stream = zlib.compressobj(9, zlib.DEFLATED, window)
    return {"bits": 4, "lst": stream.compress(data) + stream.flush()}


@pytest.mark.parametrize(
    "states",
    [
        _compressed(_list()[:-1]),
        _compressed(_list() + b"\xff"),
        _compressed(b""),
        {"bits": 4, "lst": zlib.compress(_list()) + b"\x00"},
        {"bits": 4, "lst": zlib.compress(_list())[:-1]},
        {"bits": 4, "lst": zlib.compress(_list())[:-4] + bytes(4)},
        _compressed(_list(), window=-15),  # bare DEFLATE
        _compressed(_list(), window=31),  # gzip
        _compressed(b"\x04" + _list()[1:]),  # a state that is reserved for others
        {"bits": 8, "lst": zlib.compress(_list())},
        {"bits": True, "lst": zlib.compress(_list())},
        {"bits": 4, "lst": zlib.compress(_list()), "aggregation_uri": URI},
        {"bits": 4},
    ],
)
def test_the_states_are_one_zlib_stream_of_one_whole_list(states: dict[str, object]) -> None:
    with pytest.raises(StatusListError):
        _read(_signed_anyhow(_claims(list=states)))


def _indefinite() -> bytes:
    payload = cbor2.dumps(_claims(), canonical=True)
    return b"\xbf" + payload[1:] + b"\xff"


SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    "token",
    [
        _signed_anyhow(_indefinite()),
        _signed_anyhow(_claims(), header={1: -8, 4: SIGNER.kid, 16: statuslist.MEDIA_TYPE}),
        _signed_anyhow(_claims(), header={1: -19, 4: SIGNER.kid[:3], 16: statuslist.MEDIA_TYPE}),
        _signed_anyhow(_claims(), header={1: -19, 4: SIGNER.kid, 16: "application/statuslist+jwt"}),
        _signed_anyhow(_claims(), header={1: -19, 4: SIGNER.kid, 16: 279}),  # the type's CoAP number
        _signed_anyhow(_claims(), header={1: -19, 4: SIGNER.kid}),
        _signed_anyhow(_claims(), unprotected={4: SIGNER.kid}),
        _signed_anyhow(_claims(uri="http://izin.example.go.id/status/0.cwt")),
        _signed_anyhow(_claims(uri=URI.upper())),
        _signed_anyhow(_claims(uri=URI + "\n")),
        _signed_anyhow(_claims(ttl=0)),
        _signed_anyhow(_claims(ttl=7201)),
        _signed_anyhow(_claims(expires=SECONDS)),
        _signed_anyhow(_claims(expires=SECONDS + 8 * 86_400)),
        _signed_anyhow(_claims(issued=float(SECONDS))),
        _signed_anyhow(_claims(issued=2**60, expires=2**60 + 7200)),
        _signed_anyhow(_claims() | {7: b"id"}),
        _sign() + b"\x00",
        b"\xd8\x3d" + _sign(),  # the CWT tag, which a list must not have (5.2)
        _sign()[1:],
        cbor2.dumps(cbor2.CBORTag(17, cbor2.loads(_sign()).value)),
        b"",
    ],
)
def test_a_list_has_one_spelling_only(token: bytes) -> None:
    with pytest.raises(StatusListError):
        _read(token)


@pytest.mark.parametrize(
    "change",
    [
        {"uri": "http://izin.example.go.id/status/0.cwt"},
        {"ttl": 0},
        {"expires_at": NOW},
        {"expires_at": NOW + datetime.timedelta(days=8)},
        {"issued_at": datetime.datetime(1969, 1, 1, tzinfo=datetime.UTC)},
    ],
)
def test_values_outside_the_format_are_not_signed(change: dict[str, Any]) -> None:
    with pytest.raises(StatusListError):
        _sign(**change)


@pytest.mark.parametrize("states", [b"", bytes(statuslist.BYTES - 1), b"\x40" * statuslist.BYTES])
def test_states_that_are_no_list_are_not_signed(states: bytes) -> None:
    with pytest.raises(StatusListError):
        _sign(states)


def test_a_list_that_is_over_is_told_apart_from_a_forged_one() -> None:
    token = _sign()
    assert _read(token, now=NOW + 2 * HOUR - datetime.timedelta(seconds=1)).state(SLOT) is SlotState.IN_FORCE
    with pytest.raises(statuslist.ExpiredListError):
        _read(token, now=NOW + 2 * HOUR)
    with pytest.raises(statuslist.ForgedListError):
        _read(_sign(signer=OTHER), now=NOW + 2 * HOUR)
    changed = token[:-1] + bytes([token[-1] ^ 1])
    with pytest.raises(statuslist.ForgedListError):
        _read(changed, now=NOW + 2 * HOUR)


def test_a_list_from_the_future_means_a_wrong_clock() -> None:
    assert _read(_sign(), now=NOW - datetime.timedelta(minutes=5)).issued_at == NOW
    with pytest.raises(statuslist.EarlyListError):
        _read(_sign(), now=NOW - datetime.timedelta(minutes=6))


def test_a_list_never_stands_for_another_one() -> None:
    """Else whoever serves the files could show an empty list in the place of the one with the revocation."""
    with pytest.raises(StatusListError, match=r"not of .*/1\.cwt"):
        _read(_sign(), uri="https://izin.example.go.id/status/1.cwt")


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": NOW},
        {"not_before": NOW + datetime.timedelta(seconds=1)},
        {"not_after": NOW - datetime.timedelta(seconds=1)},
    ],
)
def test_a_key_that_does_not_count_signs_no_list(change: dict[str, datetime.datetime]) -> None:
    with pytest.raises(statuslist.ForgedListError):
        _read(_sign(), key=dataclasses.replace(PUBLISHED, **change))  # type: ignore[arg-type]


def test_the_name_of_a_key_is_not_its_signature() -> None:
    class Pretender:
        kid = SIGNER.kid
        sign = OTHER.sign

    with pytest.raises(statuslist.ForgedListError, match="signature"):
        _read(_sign(signer=Pretender()))


def _statement() -> statement.Statement:
    return statement.Statement(
        number="500.16.7.2/001/DPMPTSP/XI/2026",
        issued=SECONDS,
        expires=None,
        pack="genset/v1",
        holder="PT Contoh Menara Nusantara",
        subject="1 unit genset, 100 kVA, Kuok",
        digest=bytes(16),
        serial=SLOT,
    )


def _under_type(token: bytes, kind: str | None) -> bytes:
    """The same payload under a protected header of another type, or of none, signed by the same key."""
    protected, _, payload, _ = cbor2.loads(token).value
    header = {name: value for name, value in cbor2.loads(protected).items() if name != 16}
    return _signed_anyhow(payload, header=header if kind is None else header | {16: kind})


def test_a_list_is_no_statement_and_a_statement_no_list_though_one_key_signs_both() -> None:
    permit = statement.sign(_statement(), SIGNER)
    assert statement.parse(permit).kid == _read(_sign()).kid == key_identifier(SIGNER.public_key)
    for token in (permit, permit[1:]):
        with pytest.raises(StatusListError):
            _read(token)
    for token in (_sign(), statement.VERSION + _sign()):
        with pytest.raises(statement.StatementError):
            statement.parse(token)


def test_the_type_in_the_header_alone_tells_a_list_from_a_statement() -> None:
    permit = statement.sign(_statement(), SIGNER)[1:]
    assert statement.parse(statement.VERSION + _under_type(permit, None)).statement == _statement()
    with pytest.raises(statement.StatementError, match="not an Ed25519 statement"):
        statement.parse(statement.VERSION + _under_type(permit, statuslist.MEDIA_TYPE))
    assert _read(_under_type(_sign(), statuslist.MEDIA_TYPE)).states == _list()
    with pytest.raises(StatusListError, match="header"):
        _read(_under_type(_sign(), None))
