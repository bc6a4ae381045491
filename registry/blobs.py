"""The storage seam under the file store, and its back end on a local disk.

The other back end is `registry.objectstorage`, which loads a large library and is imported only where it is used.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from registry.durable import sync_folder, write_whole
from registry.formats.errors import UnavailableError

# Far above any permit, certificate or revocation list; what claims to be larger is not read into memory.
MAX_BYTES: Final = 256 * 1024 * 1024

_MODE: Final = 0o440
_NAME: Final = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})", re.ASCII)


class MissingError(UnavailableError):
    """The store answers, and holds nothing under this name."""


class DamagedError(UnavailableError):
    """The store holds something else than the bytes that belong under this name."""


class Blobs(Protocol):
    """Bytes under names, in the layout of `name_of`.

    It does not know what the bytes are; whoever reads checks them. Every method raises `UnavailableError` when the
    store cannot be asked or refuses.
    """

    def put(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write `data` under `name`, whole or not at all.

        When this returns True, the bytes survive a power cut. Without `replace` what stands there stays: then this
        returns False, and what stands there survives a power cut.
        """

    def get(self, name: str) -> bytes:
        """What stands under `name`.

        Raises `MissingError`, and `DamagedError` for what cannot be ours: no file, larger than `MAX_BYTES`, or a
        place on the disk that cannot be read any more.
        """

    def delete(self, name: str) -> None:
        """Remove what stands under `name`. When this returns it stays away after a power cut; the same for nothing."""

    def names(self) -> Iterator[str]:
        """Every name that holds something, in no promised order. Raises while it is walked.

        A storage that lies may leave names out: whether a certain name is there, only `get` tells.
        """


def name_of(sha256: bytes) -> str:
    """`ab/cdef…`: where the bytes with this SHA-256 stand."""
    text = sha256.hex()
    return f"{text[:2]}/{text[2:]}"


def sha256_of(name: str) -> bytes | None:
    """The SHA-256 that a name stands for; None for a name that is none of ours."""
    found = _NAME.fullmatch(name)
    return None if found is None else bytes.fromhex("".join(found.groups()))


class LocalBlobs:
    """`Blobs` in a folder of a local disk.

    The folder itself is never made here: one that is missing is a disk that is not mounted, and what were written in
    its place would be hidden when it is. A process killed while it writes leaves at most a file whose name starts
    with a dot, which nothing reads or lists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """See `Blobs.put`. The file and both folders have reached the disk when this returns."""
        if not self._folder.is_dir():
            raise self._no_folder()
        target = self._folder / name
        try:
            written = replace or not os.path.lexists(target)
            if written:
                write_whole(target, data, mode=_MODE)
            else:
                sync_folder(target.parent)  # whoever wrote it may have been killed before this
            sync_folder(self._folder)
        except OSError as error:
            raise self._refusal(error) from error
        return written

    def get(self, name: str) -> bytes:
        """See `Blobs.get`."""
        try:
            # A file store that an intruder can write to may hold pipes and links to devices in place of files.
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                    raise DamagedError(f"{name} in {self._folder} is no document")
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return file.read(found.st_size)
            finally:
                os.close(descriptor)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self._folder.is_dir():
                raise MissingError(f"{self._folder} holds no {name}") from error
            if error.errno in {errno.ELOOP, errno.EIO}:
                raise DamagedError(f"{name} in {self._folder} cannot be read: {error.strerror}") from error
            raise self._refusal(error) from error

    def delete(self, name: str) -> None:
        """See `Blobs.delete`."""
        target = self._folder / name
        try:
            target.unlink(missing_ok=True)
            sync_folder(target.parent if target.parent.is_dir() else self._folder)
        except OSError as error:
            raise self._refusal(error) from error

    def names(self) -> Iterator[str]:
        """See `Blobs.names`; sorted."""
        try:
            for folder in sorted(path for path in self._folder.iterdir() if path.is_dir()):
                for file in sorted(folder.iterdir()):
                    if not file.name.startswith("."):
                        yield f"{folder.name}/{file.name}"
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> UnavailableError:
        if not self._folder.is_dir():
            return self._no_folder()
        return UnavailableError(f"the file store in {self._folder} refuses: {error.strerror}")

    def _no_folder(self) -> UnavailableError:
        return UnavailableError(
            f"the file store's folder {self._folder} is missing: mount its disk, or restore it from a backup"
        )
