"""A registry in a file: a missing one is never made anew, and what was committed survives a power cut.

What it has in common with a registry on a server is in the contract suite.
"""

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry.database import Database
from registry.formats.errors import UnavailableError


def test_a_missing_registry_is_an_error_and_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no registry"):
        Database.open(tmp_path / "absah.db")
    assert not (tmp_path / "absah.db").exists()


def test_a_crash_while_it_is_made_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(_self: Database) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(Database, "upgrade", cut)
        with pytest.raises(PowerCutError):
            Database.create(tmp_path / "absah.db")
    assert not (tmp_path / "absah.db").exists()
    made = Database.create(tmp_path / "absah.db")
    assert made.revision()
    made.close()


def test_a_broken_file_is_an_environment_error(tmp_path: Path) -> None:
    path = tmp_path / "absah.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnavailableError):
        Database.open(path)


def test_a_file_of_any_name_is_its_owners_alone_and_keeps_what_it_committed(tmp_path: Path) -> None:
    path = tmp_path / "with space & sign?.db"
    made = Database.create(path)
    with made.read() as tx:
        wanted = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "recursive_triggers": 1}  # 2 is FULL
        found = {name: tx.execute(sa.text(f"PRAGMA {name}")).scalar() for name in wanted}
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    made.close()
    assert found == wanted
    assert modes == {0o600}
    assert {file.name for file in tmp_path.iterdir()} == {path.name}
