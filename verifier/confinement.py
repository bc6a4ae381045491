"""The walls round a process that is about to open hostile bytes, and the proof that they stand.

Linux gives them without privilege: resource limits, a network namespace with nothing in it, and the promise
never to gain rights again. Limits of the claim: files that the service's own user may read stay readable, and
a process of the same user can be signalled; the boundary against that is that the verifier runs as a user of
its own that owns no secret (docs/design.md, Trust per store).
"""

import contextlib
import ctypes
import enum
import os
import resource
import signal
import socket
import sys
import tempfile
from typing import Final

from verifier.request import ReaderLimits

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_GET_NO_NEW_PRIVS: Final = 39
_BYTES_PER_MIB: Final = 1 << 20
_CONNECT_SECONDS: Final = 2.0


class Wall(enum.StrEnum):
    """One thing that the child must be unable to do."""

    NETWORK = "network"
    WRITING = "writing"
    MEMORY = "memory"
    PRIVILEGES = "privileges"


def confine(limits: ReaderLimits) -> None:
    """Raise every wall that this system has; `standing` says which ones hold."""
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory_mib * _BYTES_PER_MIB),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # a lower limit that already stands is as good
            resource.setrlimit(kind, (value, value))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a refused write is an error to see, not a death
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWNET)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def standing(limits: ReaderLimits, *, open_port: int) -> frozenset[Wall]:
    """The walls that hold, each found out by running against it.

    `open_port` is a port of this machine (127.0.0.1) on which someone listens at this moment.
    """
    proofs = {
        Wall.NETWORK: not _can_connect(open_port),
        Wall.WRITING: not _can_write(),
        Wall.MEMORY: not _can_allocate(limits.memory_mib * _BYTES_PER_MIB),
        Wall.PRIVILEGES: _has_no_new_privileges(),
    }
    return frozenset(wall for wall, holds in proofs.items() if holds)


def _can_connect(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _can_write() -> bool:
    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            return bool(file.write(b"x"))
    except OSError:
        return False


def _can_allocate(size: int) -> bool:
    try:
        return len(bytearray(size)) == size
    except MemoryError:
        return False


def _has_no_new_privileges() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)


def silence() -> None:
    """Send what libraries print to nowhere: it may quote the file, which is nobody's business."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
