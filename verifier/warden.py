"""The process that waits with every library loaded, and forks one confined child for each file.

Started by `verifier.reader` as ``python -I -m verifier.warden`` with a stream socket as standard input. Each
byte that arrives there brings one socket along; a child is forked to serve it:

  parent -> child   8 bytes length, that many bytes of JSON (the job), then the file's bytes, then end of stream
  child -> parent   the answer as JSON, then end of stream; no answer means that the child died

Why not `multiprocessing`: its children unpickle what they are sent and import the parent's main module again,
so a web server's every file would cost its start-up and put its modules into the child.

The warden never reads a file that came from outside. It is the children's only reaper, so that a process number it
kills is still the child's, and each child leads a process group, which dies with it. When the parent ends, the socket
does, and with it warden and children.
"""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from verifier import confinement, inside
from verifier.confinement import Targets, Wall
from verifier.request import LENGTH_BYTES, READY, ReaderLimits, ReadRequest

Job = Callable[[socket.socket], None]


def main() -> None:
    """Serve the socket on standard input until it ends."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as control:
        _forget_standard_input()
        wall_seconds = int(sys.argv[1])
        inside.warm_up()
        empty = confinement.empty_folder()
        control.sendall(READY)
        Warden(control, wall_seconds=wall_seconds, job=functools.partial(answer, empty=empty), kept=(empty,)).serve()


def _forget_standard_input() -> None:
    """Else every child would hold the way by which the next stranger's file arrives."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)


class Warden:
    """Forks a child for every socket that arrives and kills those that outlive `wall_seconds`.

    A child finds its own socket open and the descriptors `kept`, and nothing else.
    """

    def __init__(self, control: socket.socket, *, wall_seconds: float, job: Job, kept: tuple[int, ...] = ()) -> None:
        self._control = control
        self._kept = kept
        self._wall_seconds = wall_seconds
        self._job = job
        self._children: dict[int, float] = {}

    def serve(self) -> None:
        """Until the other end closes; then no child is left."""
        while True:
            ready, _, _ = select.select([self._control], [], [], self._patience())
            self._reap()
            if ready and not self._accept():
                break
        for pid in self._children:
            _end(pid)

    def _patience(self) -> float | None:
        if not self._children:
            return None
        return max(0.0, min(self._children.values()) - time.monotonic())

    def _reap(self) -> None:
        for pid, deadline in tuple(self._children.items()):
            if _has_ended(pid) or deadline <= time.monotonic():
                _end(pid)
                with contextlib.suppress(ChildProcessError):  # see _has_ended
                    os.waitpid(pid, 0)
                del self._children[pid]

    def _accept(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:
            return False
        for descriptor in descriptors:
            with socket.socket(fileno=descriptor) as connection:
                pid = os.fork()
                if pid == 0:
                    self._be_child(connection)
                _lead_group(pid)
                self._children[pid] = time.monotonic() + self._wall_seconds
        return True

    def _be_child(self, connection: socket.socket) -> NoReturn:
        status = 1
        try:
            _lead_group(0)
            confinement.let_go(connection.fileno(), *self._kept)
            self._job(connection)
            status = 0
        finally:
            os._exit(status)  # not a line of the warden's may run in here again


def _lead_group(pid: int) -> None:
    """Done by child and warden both, as neither knows who comes first."""
    with contextlib.suppress(OSError):  # the other was first, or the child has ended
        os.setpgid(pid, pid)


def _has_ended(pid: int) -> bool:
    """Asked without reaping: as long as a child is there, be it dead, its group's number is nobody else's."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13: reaped at once, in the hope of that
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(pid: int) -> None:
    """Kill a child that is not reaped yet, and everything that it started."""
    with contextlib.suppress(OSError):  # an ended child may have no group to speak of
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def answer(connection: socket.socket, *, empty: int) -> None:
    """The child's whole life: the job, the walls, then the file, then the answer.

    `empty` is of `confinement.empty_folder`. Where a wall that the job demands cannot be raised there is no answer,
    and not a byte of the file is read.
    """
    job = json.loads(_receive(connection, int.from_bytes(_receive(connection, LENGTH_BYTES), "big")))
    limits = ReaderLimits(**job["limits"])
    raised = confinement.confine(limits, empty=empty)
    if not raised.issuperset(map(Wall, job["walls"])):
        return
    if job["request"] is None:
        targets = Targets.from_json(job["targets"])
        proved = confinement.standing(limits, targets=targets, connection=connection.fileno())
        reply: dict[str, object] = {"standing": sorted(raised & proved)}
    else:
        reply = _inspect(connection, ReadRequest.from_json(job["request"]), limits)
    connection.sendall(json.dumps(reply).encode())


def _inspect(connection: socket.socket, request: ReadRequest, limits: ReaderLimits) -> dict[str, object]:
    try:
        return {"findings": inside.inspect(_receive_rest(connection), request, limits).to_json()}
    except MemoryError:
        return {"stopped": "memory_exceeded"}


def _receive(connection: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = connection.recv(size - len(chunks))
        if not chunk:
            raise EOFError
        chunks += chunk
    return bytes(chunks)


def _receive_rest(connection: socket.socket) -> bytes:
    chunks = bytearray()
    while chunk := connection.recv(1 << 20):
        chunks += chunk
    return bytes(chunks)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
