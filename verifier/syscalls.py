"""The few questions a confined process may still put to the kernel; every other is refused.

A list of what is allowed, not of what is forbidden: what a new kernel adds is refused from its first day. Allowed
is what computing on memory takes, and reading and writing descriptors that are already open. Refused are, among
all others: opening, making and removing files; sockets; processes and threads; signals to anyone; ptrace; io_uring.

In the kernel's own words: seccomp(2), mode filter, classic BPF over struct seccomp_data. Call numbers are those of
Linux, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import ctypes
import dataclasses
import errno
import platform
import struct
import sys
from typing import Final

_PR_SET_SECCOMP: Final = 22
_PR_GET_NO_NEW_PRIVS: Final = 39
_SECCOMP_MODE_FILTER: Final = 2

_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, both machines little-endian

_KILL: Final = 0x80000000
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_UNKNOWN: Final = 0x00050000 | errno.ENOSYS


@dataclasses.dataclass(frozen=True, slots=True)
class _Machine:
    """One processor's names for the calls: `audit` is AUDIT_ARCH_*, `allowed` are numbers."""

    audit: int
    prctl: int
    clone3: int
    allowed: tuple[int, ...]


_X86_64: Final = _Machine(
    audit=0xC000003E,
    prctl=157,
    clone3=435,
    allowed=(
        *(0, 1, 3, 5, 7, 8),  # read, write, close, fstat, poll, lseek
        *(9, 10, 11, 12, 25, 28),  # mmap, mprotect, munmap, brk, mremap, madvise
        *(13, 14, 15, 131),  # rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack
        *(17, 19, 20, 24, 35),  # pread64, readv, writev, sched_yield, nanosleep
        *(39, 102, 104, 107, 108, 110, 125, 186),  # getpid, get(e)uid, get(e)gid, getppid, capget, gettid
        *(44, 45, 48, 60, 231),  # sendto, recvfrom, shutdown, exit, exit_group
        *(63, 96, 98, 99, 100, 201),  # uname, gettimeofday, getrusage, sysinfo, times, time
        *(202, 219, 228, 229, 230),  # futex, restart_syscall, clock_gettime, clock_getres, clock_nanosleep
        *(262, 271, 309, 318),  # newfstatat (the C library's fstat), ppoll, getcpu, getrandom
    ),
)
_AARCH64: Final = _Machine(
    audit=0xC00000B7,
    prctl=167,
    clone3=435,
    allowed=(
        *(63, 64, 57, 80, 73, 62),  # read, write, close, fstat, ppoll, lseek
        *(222, 226, 215, 214, 216, 233),  # mmap, mprotect, munmap, brk, mremap, madvise
        *(134, 135, 139, 132),  # rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack
        *(67, 65, 66, 124, 101),  # pread64, readv, writev, sched_yield, nanosleep
        *(172, 173, 174, 175, 176, 177, 90, 178),  # getpid, getppid, get(e)uid, get(e)gid, capget, gettid
        *(206, 207, 210, 93, 94),  # sendto, recvfrom, shutdown, exit, exit_group
        *(160, 169, 165, 179, 153),  # uname, gettimeofday, getrusage, sysinfo, times
        *(98, 128, 113, 114, 115),  # futex, restart_syscall, clock_gettime, clock_getres, clock_nanosleep
        *(79, 168, 278),  # newfstatat (the C library's fstat), getcpu, getrandom
    ),
)
_MACHINES: Final = {"x86_64": _X86_64, "aarch64": _AARCH64}


class _Program(ctypes.Structure):
    """What the kernel calls struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict() -> bool:
    """Leave this process nothing but the allowed calls, for good. False where that could not be had.

    Needs `no_new_privs`, no privilege. Known for Linux on x86_64 and aarch64 with a 64-bit interpreter.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None or not sys.platform.startswith("linux") or struct.calcsize("P") * 8 != 64:  # noqa: PLR2004  # bits
        return False
    instructions = _filter(machine)
    program = _Program(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(libc.prctl(_PR_SET_SECCOMP, mode, ctypes.byref(program), ctypes.c_ulong(0), ctypes.c_ulong(0)) == 0)


def _filter(machine: _Machine) -> bytes:
    steps = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),  # another architecture's call has another meaning under the same number
        (_LOAD_WORD, 0, 0, _NUMBER),
        # clone3 hides its flags in memory; a C library that is told "unknown" falls back to clone, which is refused
        (_JUMP_IF_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for number in machine.allowed:
        steps += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps += [
        (_JUMP_IF_EQUAL, 0, 3, machine.prctl),  # only to ask whether no_new_privs holds
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 0, 1, _PR_GET_NO_NEW_PRIVS),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
