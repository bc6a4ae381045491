"""The process that waits with every library loaded, and forks one confined child for each file.

Started by `verifier.reader` as ``python -I -m verifier.warden`` with a stream socket as standard input. Each
byte that arrives there brings one socket along; a child is forked to serve it:

  parent -> child   8 bytes length, that many bytes of JSON (the job), then the file's bytes, then end of stream
  child -> parent   the answer as JSON, then end of stream; no answer means that the child died

Why not `multiprocessing`: its children unpickle what they are sent and import the parent's main module again,
so a web server's every file would cost its start-up and put its modules into the child.

The warden never reads a file itself. It is the children's only reaper, so that a process number it kills is
still the child's. When the parent ends, the socket does, and with it warden and children.
"""

import contextlib
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
from verifier.request import LENGTH_BYTES, READY, ReaderLimits, ReadRequest

Job = Callable[[socket.socket], None]


def main() -> None:
    """Serve the socket on standard input until it ends."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as control:
        wall_seconds = int(sys.argv[1])
        control.sendall(READY)
        Warden(control, wall_seconds=wall_seconds, job=answer).serve()


class Warden:
    """Forks a child for every socket that arrives and kills those that outlive `wall_seconds`."""

    def __init__(self, control: socket.socket, *, wall_seconds: float, job: Job) -> None:
        self._control = control
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
            os.kill(pid, signal.SIGKILL)

    def _patience(self) -> float | None:
        if not self._children:
            return None
        return max(0.0, min(self._children.values()) - time.monotonic())

    def _reap(self) -> None:
        for pid, deadline in tuple(self._children.items()):
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                del self._children[pid]
            elif deadline <= time.monotonic():
                os.kill(pid, signal.SIGKILL)
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
                self._children[pid] = time.monotonic() + self._wall_seconds
        return True

    def _be_child(self, connection: socket.socket) -> NoReturn:
        status = 1
        try:
            self._control.close()
            self._job(connection)
            status = 0
        finally:
            os._exit(status)  # not a line of the warden's may run in here again


def answer(connection: socket.socket) -> None:
    """The child's whole life: the job, the walls, then the file, then the answer."""
    confinement.silence()
    job = json.loads(_receive(connection, int.from_bytes(_receive(connection, LENGTH_BYTES), "big")))
    limits = ReaderLimits(**job["limits"])
    confinement.confine(limits)
    if job["request"] is None:
        walls = confinement.standing(limits, open_port=job["open_port"])
        reply: dict[str, object] = {"standing": sorted(walls)}
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
