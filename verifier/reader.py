"""Opening hostile files at arm's length: one confined child per file, and strict reading of what it says.

A file that crashes, hangs or swells its reader costs one child and gets the answer "could not be read". The walls
are proved by running against them when the reader starts; with `Isolation.REQUIRED` nothing is read where they do
not all stand. Every child raises them anew, and one that lacks a wall which stood at the start opens nothing.

What is trusted: the waiting process (`verifier.warden`), which holds the service user's rights and never opens a
file from outside. What is not: the child and its answer.
"""

import contextlib
import dataclasses
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self

from registry.formats.errors import AbsahError, UnavailableError
from verifier.confinement import Targets, Wall
from verifier.findings import FileFindings, FindingsError
from verifier.request import READY, Isolation, ReaderLimits, ReadRequest, encode_job

_LOG: Final = logging.getLogger("absah.reader")
_BYTES_PER_MIB: Final = 1 << 20
_BYTES_PER_KIB: Final = 1 << 10
_PROOF: Final = b"nobody may change this"
_START_SECONDS: Final = 60.0  # a cold disk and a busy machine; usually under two
_GRACE_SECONDS: Final = 2.0  # the warden kills first, the parent only where the warden cannot
_NEARLY: Final = 0.9  # the processor's time is counted in ticks, from a little before ours
_COMMAND: Final = (sys.executable, "-I", "-m", "verifier.warden")
# What a library may need to be found by; nothing else of the service's environment reaches the child.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_REMEDY: Final = (
    "Use Linux on x86_64 or aarch64 with seccomp filters; allow unprivileged user namespaces (Debian: sysctl "
    "kernel.unprivileged_userns_clone=1; Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a "
    "container: a seccomp profile that permits unshare and chroot), or accept a reader that is not cut off with "
    'isolation = "preferred" in absah.toml.'
)


class ReaderStoppedError(AbsahError):
    """The reader gave no usable answer about this file. `cause` is a stable code.

    "file_too_large", "time_exceeded", "memory_exceeded", "reader_crashed" or "answer_refused".
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"the reader stopped: {cause}")
        self.cause = cause


class FileReader(Protocol):
    """Who finds out what a file holds."""

    def read(self, data: bytes, request: ReadRequest) -> FileFindings:
        """What was found. Raises `ReaderStoppedError` for this file, `UnavailableError` for every file."""


class Reader:
    """A `FileReader` that opens every file in a process of its own.

    Starts at the first use, or by `start`. May be used from many threads; `close` ends its processes.
    `command` starts the waiting process (`verifier.warden` says how it is spoken to).
    """

    def __init__(
        self,
        *,
        limits: ReaderLimits | None = None,
        isolation: Isolation = Isolation.REQUIRED,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._limits = limits or ReaderLimits()
        self._isolation = isolation
        self._command = command
        self._lock = threading.Lock()
        self._warden: _Warden | None = None
        self._standing: frozenset[Wall] = frozenset()
        self._warned = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def walls(self) -> frozenset[Wall]:
        """Which walls were proved to stand when the reader last started."""
        return self._standing

    def start(self) -> None:
        """Start and prove the walls. Raises `UnavailableError` with the remedy where they are required and missing."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the waiting process and every child. A later use starts anew."""
        with self._lock:
            self._stop()

    def read(self, data: bytes, request: ReadRequest) -> FileFindings:
        """What the confined child found. Raises `ReaderStoppedError`, or `UnavailableError` as `start` does."""
        if len(data) > self._limits.input_mib * _BYTES_PER_MIB:
            raise ReaderStoppedError("file_too_large")
        with self._lock:
            connection = self._running().hire()
            walls = self._standing
        job = encode_job(self._limits, request=request, data=data, walls=walls)
        reply = _answer(connection, job, self._limits)
        if reply.keys() == {"findings"}:
            try:
                return FileFindings.from_json(reply["findings"])
            except FindingsError as error:
                raise ReaderStoppedError("answer_refused") from error
        raise ReaderStoppedError("memory_exceeded" if reply == {"stopped": "memory_exceeded"} else "answer_refused")

    def _running(self) -> "_Warden":
        if self._warden is not None and self._warden.alive():
            return self._warden
        self._stop()
        self._warden = _Warden(self._command, wall_seconds=self._limits.wall_seconds)
        try:
            self._standing = self._prove(self._warden)
        except ReaderStoppedError as error:
            self._stop()
            raise UnavailableError(f"the file reader failed its self-test: {error.cause}") from error
        names = ", ".join(sorted(frozenset(Wall) - self._standing))
        if names and self._isolation is Isolation.REQUIRED:
            self._stop()
            raise UnavailableError(f"the file reader cannot be cut off from: {names}. {_REMEDY}")
        if names and not self._warned:
            self._warned = True
            _LOG.warning("hostile files are opened by a process that is not cut off from: %s. %s", names, _REMEDY)
        return self._warden

    def _prove(self, warden: "_Warden") -> frozenset[Wall]:
        with (
            tempfile.TemporaryDirectory(prefix="absah-proof-") as folder,
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.socket(socket.AF_UNIX) as local,
        ):
            targets = Targets(port=listener.getsockname()[1], folder=folder)
            targets.file.write_bytes(_PROOF)
            local.bind(str(targets.socket))
            local.listen()
            job = encode_job(self._limits, request=None, targets=dataclasses.asdict(targets))
            reply = _answer(warden.hire(), job, self._limits)
            untouched = _is_untouched(targets)
        standing = reply.get("standing")
        if not isinstance(standing, list) or not set(standing) <= set(Wall):
            raise ReaderStoppedError("answer_refused")
        return frozenset(map(Wall, standing)) - (frozenset() if untouched else {Wall.WRITING})

    def _stop(self) -> None:
        if self._warden is not None:
            self._warden.stop()
            self._warden = None


def _is_untouched(targets: Targets) -> bool:
    """The parent's own look at what the self-test tried to change."""
    names = {path.name for path in Path(targets.folder).iterdir()}
    return names == {targets.file.name, targets.socket.name} and targets.file.read_bytes() == _PROOF


class _Warden:
    """The parent's end of `verifier.warden`."""

    def __init__(self, command: Sequence[str], *, wall_seconds: int) -> None:
        self._control, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as complaints:
            try:
                with theirs:  # closed here once the warden has it: so its death is seen as an end
                    self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module, or a test's
                        [*command, str(wall_seconds)],
                        stdin=theirs.fileno(),
                        stdout=subprocess.DEVNULL,
                        stderr=complaints,
                        start_new_session=True,  # Ctrl-C is the parent's to handle; its end ends the warden too
                        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                    )
            except OSError as error:
                self._control.close()
                raise UnavailableError(f"the file reader did not start: {error}") from error
            self._await_ready(complaints)

    def _await_ready(self, complaints: IO[bytes]) -> None:
        self._control.settimeout(_START_SECONDS)
        try:
            ready = self._control.recv(1)
        except OSError:
            ready = b""
        if ready != READY:
            self.stop()
            complaints.seek(0)
            last = complaints.read()[-2000:].decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise UnavailableError(f"the file reader did not start: {last or 'no answer'}")

    def alive(self) -> bool:
        return self._process.poll() is None

    def hire(self) -> socket.socket:
        """A connection to a fresh child."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise UnavailableError("the file reader has gone") from error
        return ours

    def stop(self) -> None:
        self._control.close()  # its end tells the warden to end, children first
        try:
            self._process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _answer(connection: socket.socket, job: bytes, limits: ReaderLimits) -> dict[str, object]:
    """The child's answer, a JSON object. Raises `ReaderStoppedError`."""
    started = time.monotonic()
    deadline = started + limits.wall_seconds + _GRACE_SECONDS
    with connection:
        try:
            # A child that died over the job may still have answered before; hear it out.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.settimeout(deadline - time.monotonic())
                connection.sendall(job)
                connection.shutdown(socket.SHUT_WR)
            raw = _receive(connection, deadline, limits.answer_kib * _BYTES_PER_KIB)
        except TimeoutError as error:
            raise ReaderStoppedError("time_exceeded") from error
        except OSError as error:
            raise ReaderStoppedError("reader_crashed") from error
    if not raw:
        spent = time.monotonic() - started
        late = spent >= _NEARLY * min(limits.wall_seconds, limits.cpu_seconds)
        raise ReaderStoppedError("time_exceeded" if late else "reader_crashed")
    try:
        reply = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ReaderStoppedError("answer_refused") from error
    if not isinstance(reply, dict):
        raise ReaderStoppedError("answer_refused")
    return reply


def _receive(connection: socket.socket, deadline: float, most: int) -> bytes:
    received = bytearray()
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
        chunk = connection.recv(1 << 16)
        if not chunk:
            return bytes(received)
        received += chunk
        if len(received) > most:
            raise ReaderStoppedError("answer_refused")
