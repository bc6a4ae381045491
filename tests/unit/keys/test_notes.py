"""Note keys on disk: read back as written, never overwritten, never taken from a file that others can read."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from keys.notes import Ed25519NoteSigner, NoteKeyError
from registry.formats import note
from registry.formats.note import NoteSigner, NoteVerifier

NAME = "saksi.example.go.id/inspektorat"


def test_a_key_reads_back_as_it_was_made(tmp_path: Path) -> None:
    made = Ed25519NoteSigner.create(tmp_path / "saksi.pem", name=NAME)
    read = Ed25519NoteSigner.load(tmp_path / "saksi.pem")
    assert (read.name, read.public_key) == (NAME, made.public_key)
    signed = note.sign("isi\n", read)
    assert note.open_note(signed, [NoteVerifier.of(made)]).text == "isi\n"


def test_it_is_a_signer_of_notes() -> None:
    signer: NoteSigner = Ed25519NoteSigner(name=NAME, private_key=Ed25519PrivateKey.generate())
    assert NoteVerifier.parse(NoteVerifier.of(signer).text).public_key == signer.public_key


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    Ed25519NoteSigner.create(tmp_path / "saksi.pem", name=NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["saksi.pem"]
    assert stat.S_IMODE((tmp_path / "saksi.pem").stat().st_mode) == 0o600


def test_other_programs_can_read_the_key(tmp_path: Path) -> None:
    made = Ed25519NoteSigner.create(tmp_path / "saksi.pem", name=NAME)
    key = load_pem_private_key((tmp_path / "saksi.pem").read_bytes(), None)
    assert key.public_key().public_bytes_raw() == made.public_key  # type: ignore[union-attr]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "saksi.pem"
    Ed25519NoteSigner.create(path, name=NAME)
    before = path.read_bytes()
    with pytest.raises(NoteKeyError, match="never overwritten"):
        Ed25519NoteSigner.create(path, name=NAME)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["saksi.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "saksi.pem"
    Ed25519NoteSigner.create(path, name=NAME)
    path.chmod(mode)
    with pytest.raises(NoteKeyError, match="chmod 600"):
        Ed25519NoteSigner.load(path)


@pytest.mark.parametrize("name", ["", "dua kata", "a+b", "a\nb", "a\u00a0b", "a\x00b", "\ud800", "n" * 256])
def test_a_name_that_no_note_can_carry_makes_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoteKeyError):
        Ed25519NoteSigner.create(tmp_path / "saksi.pem", name=name)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoteKeyError, match=r"saksi\.pem"):
        Ed25519NoteSigner.load(tmp_path / "saksi.pem")
    with pytest.raises(NoteKeyError, match=r"saksi\.pem"):
        Ed25519NoteSigner.create(tmp_path / "tiada" / "saksi.pem", name=NAME)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(NoteKeyError, match="Ed25519"):
        Ed25519NoteSigner.load(private(tmp_path / "saksi.pem", b"note-key: a\n" + pem))


@given(data=st.binary(max_size=300))
def test_any_other_file_raises_our_error_alone(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("keys")
    with pytest.raises(NoteKeyError):
        Ed25519NoteSigner.load(private(folder / "saksi.pem", data))


def test_a_key_file_has_one_spelling(tmp_path: Path) -> None:
    path = tmp_path / "saksi.pem"
    Ed25519NoteSigner.create(path, name=NAME)
    data = path.read_bytes()
    for changed in (data + b"\n", b"\n" + data, data.replace(b"note-key: ", b""), b"x" + data, data + b"x" * 5000):
        with pytest.raises(NoteKeyError):
            Ed25519NoteSigner.load(private(path, changed))


def private(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path
