"""Trust anchors on disk: what is written is read back, and nothing that is read has two meanings."""

import datetime
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keys.development import DevelopmentPki
from keys.trust import StatementKey, Trust, TrustError, key_identifier

NOW = datetime.datetime(2026, 11, 23, 7, 30, 15, 123456, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("home") / "keys"
    return DevelopmentPki.make(folder, now=NOW, person="Contoh, S.H.", office="Dinas Contoh").trust(NOW)


def test_a_folder_reads_back_as_it_was_written(trust: Trust, tmp_path: Path) -> None:
    trust.write(tmp_path / "trust")
    assert Trust.read(tmp_path / "trust") == trust
    names = {path.name for path in (tmp_path / "trust").iterdir()}
    assert {"roots.pem", "statement-keys.json"} < names
    assert len([name for name in names if name.endswith(".crl")]) == 2


def test_the_next_revocation_lists_take_the_place_of_the_old(tmp_path: Path) -> None:
    pki = DevelopmentPki.make(tmp_path / "keys", now=NOW, person="A", office="B")
    for day in range(3):
        trust = pki.trust(NOW + datetime.timedelta(days=2 * day))
        trust.write(tmp_path / "trust")
    assert Trust.read(tmp_path / "trust") == trust


def test_a_statement_key_is_found_by_its_identifier(trust: Trust) -> None:
    (key,) = trust.statement_keys
    assert trust.statement_key(key.kid) == key
    assert trust.statement_key(b"\0\0\0\0") is None


def test_an_identifier_that_is_not_the_keys_own_is_refused(trust: Trust) -> None:
    (key,) = trust.statement_keys
    with pytest.raises(TrustError):
        StatementKey(kid=b"\0\0\0\0", public_key=key.public_key, not_before=NOW, not_after=None, revoked_at=None)


@given(
    seed=st.binary(min_size=32, max_size=32),
    simulation=st.booleans(),
    instants=st.tuples(*[st.one_of(st.none(), st.datetimes(timezones=st.just(datetime.UTC)))] * 2),
)
def test_statement_keys_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    trust: Trust,
    seed: bytes,
    simulation: bool,
    instants: tuple[datetime.datetime | None, ...],
) -> None:
    public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    ends = [end and end.replace(microsecond=0) for end in instants]
    key = StatementKey(
        kid=key_identifier(public_key),
        public_key=public_key,
        not_before=NOW.replace(microsecond=0),
        not_after=ends[0],
        revoked_at=ends[1],
    )
    wanted = Trust(roots=trust.roots, statement_keys=(key,), revocation_lists=(), simulation=simulation)
    folder = tmp_path_factory.mktemp("trust")
    wanted.write(folder)
    assert Trust.read(folder) == wanted


CHANGES = {
    "unknown mode": lambda value: value | {"mode": "test"},
    "no mode": lambda value: {"keys": value["keys"]},
    "more than agreed": lambda value: value | {"comment": ""},
    "keys no list": lambda value: value | {"keys": {}},
    "twice the same key": lambda value: value | {"keys": value["keys"] * 2},
    "another algorithm": lambda value: _first(value, alg="EdDSA"),
    "identifier of another key": lambda value: _first(value, kid="00000000"),
    "identifier in upper case": lambda value: _first(value, kid=value["keys"][0]["kid"].upper() + "A"),
    "padded": lambda value: _first(value, x=value["keys"][0]["x"] + "="),
    "key too short": lambda value: _first(value, x=value["keys"][0]["x"][:-4]),
    "no beginning": lambda value: _first(value, not_before=None),
    "local time": lambda value: _first(value, not_before="2026-11-23T07:00:00+07:00"),
    "no such day": lambda value: _first(value, not_after="2026-02-30T00:00:00Z"),
    "a number for a time": lambda value: _first(value, not_after=0),
}


def _first(value: dict, **changes: object) -> dict:
    return value | {"keys": [value["keys"][0] | changes]}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_statement_keys_that_are_not_exactly_as_agreed_are_refused(trust: Trust, tmp_path: Path, change) -> None:
    trust.write(tmp_path)
    path = tmp_path / "statement-keys.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(TrustError):
        Trust.read(tmp_path)


def test_the_unused_bits_of_a_keys_last_digit_are_no_second_spelling(trust: Trust, tmp_path: Path) -> None:
    trust.write(tmp_path)
    path = tmp_path / "statement-keys.json"
    value = json.loads(path.read_text())
    x = value["keys"][0]["x"]
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    path.write_text(json.dumps(_first(value, x=x[:-1] + digits[digits.index(x[-1]) + 1])))
    with pytest.raises(TrustError):
        Trust.read(tmp_path)


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"mode": "production", "mode": "development", "keys": []}', b"\xff", b"[" * 9999]
)
def test_what_is_no_json_or_has_two_readings_is_refused(trust: Trust, tmp_path: Path, text: bytes) -> None:
    trust.write(tmp_path)
    (tmp_path / "statement-keys.json").write_bytes(text)
    with pytest.raises(TrustError):
        Trust.read(tmp_path)


@pytest.mark.parametrize("name", ["roots.pem", "statement-keys.json"])
def test_a_missing_file_is_refused(trust: Trust, tmp_path: Path, name: str) -> None:
    trust.write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(TrustError):
        Trust.read(tmp_path)


@pytest.mark.parametrize("name", ["roots.pem", "another.crl"])
def test_a_broken_certificate_or_list_is_refused(trust: Trust, tmp_path: Path, name: str) -> None:
    trust.write(tmp_path)
    (tmp_path / name).write_bytes(b"not what it should be")
    with pytest.raises(TrustError):
        Trust.read(tmp_path)
