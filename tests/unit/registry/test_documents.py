"""The file store: bytes by their hash, and never other bytes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import DocumentStore
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError


@given(st.binary())
def test_what_was_put_comes_back(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = DocumentStore(tmp_path_factory.mktemp("documents"))
    assert store.get(store.put(data)) == data
    assert store.put(data) == sha256(data)


def test_damaged_or_swapped_bytes_are_refused_and_mended_by_putting_them_again(tmp_path: Path) -> None:
    store = DocumentStore(tmp_path)
    key = store.put(b"izin")
    store.path(key).chmod(0o600)
    store.path(key).write_bytes(b"palsu")
    with pytest.raises(UnavailableError, match="damaged"):
        store.get(key)
    assert store.put(b"izin") == key
    assert store.get(key) == b"izin"


def test_a_missing_document_is_an_environment_error(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not hold"):
        DocumentStore(tmp_path).get(bytes(32))


def test_nothing_half_written_is_ever_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = DocumentStore(tmp_path)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        store.put(b"izin")
    assert not store.path(sha256(b"izin")).exists()
