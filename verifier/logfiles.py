"""The files of those who watch a log: what they saw, and evidence against a log that contradicts itself."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from registry import durable
from registry.formats.errors import UnavailableError
from verifier.witness import WitnessStateError

_PRIVATE_FOLDER: Final = 0o700
_MODE: Final = 0o644
_LOCK: Final = "lock"


def read_state(path: Path) -> bytes | None:
    """The bytes of a state file, None where there is none. Raises `UnavailableError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}") from error


def write_state(path: Path, data: bytes) -> None:
    """Put a state file in the place of the old one, whole and durable. Raises `UnavailableError`."""
    try:
        durable.write_whole(path, data, mode=_MODE)
    except OSError as error:
        raise UnavailableError(f"cannot write {path}: {error.strerror}") from error


def keep_evidence(state: Path, notes: Iterable[bytes]) -> tuple[Path, ...]:
    """Keep notes beside a state file, each under its own hash; nothing that was kept is ever overwritten.

    Raises `UnavailableError`.
    """
    kept = []
    for note in notes:
        path = state.with_name(f"{state.name}.evidence-{hashlib.sha256(note).hexdigest()[:32]}.checkpoint")
        if read_state(path) != note:  # else it was kept before; a damaged one is written anew
            write_state(path, note)
        kept.append(path)
    return tuple(kept)


class WitnessMemory:
    """A folder that belongs to one witness key: one state file for each log, and the lock.

    It is made with the key and never again, so that a witness without its memory is noticed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, key: Path) -> "WitnessMemory":
        """The memory that belongs to a key file."""
        return cls(key.with_name(f"{key.name}.memory"))

    def make(self) -> None:
        """Make the folder. Raises `UnavailableError` where one stands already, or the disk refuses."""
        try:
            self.folder.mkdir(mode=_PRIVATE_FOLDER)
            durable.sync_folder(self.folder.parent)
        except OSError as error:
            raise UnavailableError(f"cannot make {self.folder}: {error.strerror}") from error

    def state_file(self, origin: str) -> Path:
        """Where the state of a log is kept: origins are no file names, so it is named after their hash."""
        return self.folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else uses this memory until the end of the block. Raises `WitnessStateError` where there is none."""
        try:
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise WitnessStateError(
                f"the memory of this witness, {self.folder}, cannot be used ({error.strerror}): bring it back whole, "
                "or make a new key"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def read(self, origin: str) -> bytes | None:
        """The state of a log, None where there is none. Raises `UnavailableError`."""
        return read_state(self.state_file(origin))

    def write(self, origin: str, data: bytes) -> None:
        """Keep the state of a log, whole and durable. Raises `UnavailableError`."""
        write_state(self.state_file(origin), data)
