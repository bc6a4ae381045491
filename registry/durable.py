"""Files that survive a power cut: whole or not there, and still there afterwards.

A write is: temporary file in the same folder, write, fsync, rename, fsync of the folder. Before the rename a crash
leaves a file whose name starts with a dot, which nothing reads; after the last fsync the new name is on the disk.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

PUBLIC_MODE: Final = 0o644


def write_whole(path: Path, data: bytes, *, mode: int) -> None:
    """Put `data` at `path`, making the folders above it; a reader or a crash sees the old file or the new one.

    When this returns the file survives a power cut. Raises `OSError`.
    """
    _make_folder(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` reach the disk; without it a power cut may take a new one away again."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
