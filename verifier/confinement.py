"""The walls round a process that is about to open hostile bytes, and the proof that they stand.

Three means, of which each is raised as far as the system grants it:

  limits       memory, processor time, file size, open files, processes (setrlimit)
  an empty room   no network (a namespace of its own), a root folder that is empty and deleted, no capability, no
               way to gain rights (no_new_privs); started by root: no user of any file either. Without privilege this
               takes a user namespace, which some systems refuse; root needs none.
  few calls    the kernel refuses whatever computing does not need (`verifier.syscalls`); needs no privilege, but a
               processor that we know

The second and third overlap on purpose: where both stand, a hole in one is not a way out, and where the system refuses
the room (a container, a chroot, hardened distributions) the few calls alone raise every wall. Signals are kept away by
the few calls only. A wall is claimed only where one of its means was granted and running against it failed.

Limits of the claim. A fault of the kernel itself may still be reached through the few calls left. Where the empty
room is refused, names and sizes of files can still be asked for, not their contents. A child that is taken over sees
the one file it was given and may lie about it (`verifier.findings`), and may waste its time and memory.
"""

import contextlib
import ctypes
import dataclasses
import enum
import mmap
import os
import resource
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from verifier import syscalls
from verifier.request import ReaderLimits

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_GET_NO_NEW_PRIVS: Final = 39
_CAPABILITY_VERSION_3: Final = 0x20080522
_MOST_CAPABILITIES: Final = 64
_NOBODY: Final = 65534  # the user and group that own nothing, by every Linux distribution's custom
_BYTES_PER_MIB: Final = 1 << 20
_CONNECT_SECONDS: Final = 2.0
_DESCRIPTORS_TRIED: Final = 1024


class Wall(enum.StrEnum):
    """One thing that the child must be unable to do."""

    NETWORK = "network"
    UNIX_SOCKETS = "unix_sockets"  # speak to another process of this machine
    FILES = "files"  # open any file or folder
    WRITING = "writing"  # make, change, cut or remove a file, through memory maps neither
    DESCRIPTORS = "descriptors"  # use what its parent had open, but its own connection
    SIGNALS = "signals"
    PROCESSES = "processes"  # start another
    MEMORY = "memory"
    PRIVILEGES = "privileges"  # have or gain any


_OF_THE_EMPTY_ROOM: Final = frozenset({Wall.FILES, Wall.WRITING})
_OF_FEW_CALLS: Final = frozenset(
    {Wall.NETWORK, Wall.UNIX_SOCKETS, Wall.FILES, Wall.WRITING, Wall.SIGNALS, Wall.PROCESSES}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a self-test runs against; made for it, and reachable by the user who runs the service.

    `port` (of 127.0.0.1) and the socket `folder`/socket are listened on at this moment; `folder`/file is a file
    that may be written.
    """

    port: int
    folder: str

    @property
    def file(self) -> Path:
        """A file of at least one byte."""
        return Path(self.folder, "file")

    @property
    def socket(self) -> Path:
        """A unix socket."""
        return Path(self.folder, "socket")

    @classmethod
    def from_json(cls, names: dict[str, object]) -> Self:
        """Read what `dataclasses.asdict` wrote; it comes from the parent and is trusted."""
        return cls(port=int(str(names["port"])), folder=str(names["folder"]))


def empty_folder() -> int:
    """A descriptor of a folder in which nothing is, and nothing can be put: it is deleted already."""
    path = tempfile.mkdtemp(prefix="absah-reader-")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        os.fchmod(descriptor, stat.S_IXUSR)  # to be entered, not to be opened again
    finally:
        Path(path).rmdir()
    return descriptor


def let_go(*kept: int) -> None:
    """Close every descriptor but the standard three, which lead nowhere from now on, and those `kept`.

    Nowhere, because libraries print, and what they print may quote the file, which is nobody's business.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, max(start, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def confine(limits: ReaderLimits, *, empty: int) -> frozenset[Wall]:
    """Raise every wall that this system has, in a process that has `let_go`; `empty` is of `empty_folder`.

    The result is what the system granted, call by call; `standing` proves it.
    """
    raised = {Wall.DESCRIPTORS}
    if _limit(limits):
        raised |= {Wall.MEMORY, Wall.PROCESSES}
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a refused write is an error to see, not a death
    if not sys.platform.startswith("linux"):
        os.close(empty)
        return frozenset(raised)
    libc = ctypes.CDLL(None, use_errno=True)
    warden = os.getppid()
    as_root = os.geteuid() == 0
    # As root the plain namespace comes first: only outside a user namespace can one become nobody.
    attempts = (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET) if as_root else (_CLONE_NEWUSER | _CLONE_NEWNET,)
    alone = any(libc.unshare(flags) == 0 for flags in attempts)
    shut_in = _enter(empty)
    for capability in range(_MOST_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if as_root:
        _become_nobody()
    powerless = _set_no_capabilities(libc) and libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    # After the last change of credentials, which would undo both.
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != warden:
        raise ProcessLookupError("the warden is gone")
    if powerless:
        raised.add(Wall.PRIVILEGES)
    if alone:
        raised.add(Wall.NETWORK)
    if shut_in and powerless:
        raised |= _OF_THE_EMPTY_ROOM
        if alone:  # abstract names belong to the network namespace, the others to the folders
            raised.add(Wall.UNIX_SOCKETS)
    if syscalls.restrict():
        raised |= _OF_FEW_CALLS
    return frozenset(raised)


def _limit(limits: ReaderLimits) -> bool:
    held = True
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory_mib * _BYTES_PER_MIB),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, 0),  # bites everyone but root
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # a lower limit that already stands is as good
            resource.setrlimit(kind, (value, value))
        held = held and 0 <= resource.getrlimit(kind)[0] <= value
    return held


def _enter(empty: int) -> bool:
    try:
        os.fchdir(empty)
        os.chroot(".")
        os.chdir("/")
    except OSError:
        return False
    finally:
        os.close(empty)  # an open folder would be a way back
    return True


def _become_nobody() -> None:
    with contextlib.suppress(OSError):  # in a user namespace there may be no such user; then only root's powers go
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def standing(limits: ReaderLimits, *, targets: Targets, connection: int) -> frozenset[Wall]:
    """The walls that hold, each found out by running against it. `connection` is the descriptor that is let be."""
    attempts: dict[Wall, Callable[[], object]] = {
        Wall.NETWORK: lambda: _connect(socket.AF_INET, ("127.0.0.1", targets.port)),
        Wall.UNIX_SOCKETS: lambda: _connect(socket.AF_UNIX, str(targets.socket)),
        Wall.FILES: lambda: _open_any(str(targets.file), sys.executable, os.__file__, "/", "/proc/self/status"),
        Wall.WRITING: lambda: _change_any(targets),
        Wall.DESCRIPTORS: lambda: _use_any_descriptor(connection),
        Wall.SIGNALS: lambda: os.kill(os.getppid(), 0),
        Wall.PROCESSES: _fork,
        Wall.MEMORY: lambda: bytearray(limits.memory_mib * _BYTES_PER_MIB),
        Wall.PRIVILEGES: _use_privileges,
    }
    return frozenset(wall for wall, attempt in attempts.items() if _is_refused(attempt))


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False


def _connect(family: socket.AddressFamily, address: tuple[str, int] | str) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(_CONNECT_SECONDS)
        attempt.connect(address)


def _any(attempts: list[Callable[[], object]]) -> None:
    if all(_is_refused(attempt) for attempt in attempts):
        raise PermissionError


def _open_any(*paths: str) -> None:
    _any([lambda path=path: os.close(os.open(path, os.O_RDONLY)) for path in paths])  # type: ignore[misc]  # bound early


def _change_any(targets: Targets) -> None:
    _any(
        [
            _write_anew,
            lambda: _write_through_memory(targets.file),
            lambda: os.truncate(targets.file, 0),
            lambda: targets.file.with_name("folder").mkdir(),
            targets.file.unlink,
        ]
    )


def _write_anew() -> None:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"x")


def _write_through_memory(path: Path) -> None:
    """No limit of size stops this one: nothing is appended, and nothing is called write."""
    with path.open("r+b", buffering=0) as file, mmap.mmap(file.fileno(), 1) as mapped:
        mapped[0] = 0


def _use_any_descriptor(connection: int) -> None:
    nowhere = [os.fstat(standard) for standard in (0, 1, 2)]
    if not all(stat.S_ISCHR(one.st_mode) and one.st_rdev == nowhere[0].st_rdev for one in nowhere):
        return
    others = (descriptor for descriptor in range(3, _DESCRIPTORS_TRIED) if descriptor != connection)
    _any([lambda descriptor=descriptor: os.fstat(descriptor) for descriptor in others])  # type: ignore[misc]  # bound early


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _use_privileges() -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 and _has_no_capabilities(libc):
        raise PermissionError


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _set_no_capabilities(libc: ctypes.CDLL) -> bool:
    header, sets = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (_CapabilitySet * 2)()
    return bool(libc.capset(ctypes.byref(header), sets) == 0)


def _has_no_capabilities(libc: ctypes.CDLL) -> bool:
    header, sets = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (_CapabilitySet * 2)()
    if libc.capget(ctypes.byref(header), sets) != 0:
        return False
    return not any(one.effective or one.permitted or one.inheritable for one in sets)
