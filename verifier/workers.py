"""Bounds on what is done at once: uploads that arrive, and blocking work beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from registry.formats.errors import UnavailableError

Result = TypeVar("Result")


class BusyError(UnavailableError):
    """As many callers wait already as are allowed to."""


class SlowError(UnavailableError):
    """The work did not end in time. A worker that has begun it stays taken until it ends by its own limits."""


class Arrivals:
    """Uploads on their way: `uploads` at once, which together hold no more than `held_bytes` in memory.

    For one event loop. Whoever is slow to send keeps only such a place, and none that reads files.
    """

    def __init__(self, *, uploads: int, held_bytes: int) -> None:
        self._places = uploads
        self._room = held_bytes

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[int], None]]:
        """A place until the upload is complete; what is yielded is told of every so many bytes that are kept.

        Both raise `BusyError`.
        """
        if not self._places:
            raise BusyError("too many uploads are arriving")
        held = 0

        def hold(count: int) -> None:
            nonlocal held
            if count > self._room:
                raise BusyError("too many bytes are arriving")
            held += count
            self._room -= count

        self._places -= 1
        try:
            yield hold
        finally:
            self._places += 1
            self._room += held


class Workers:
    """`threads` calls run at once, `waiting` more are queued; each gets `seconds` from the moment it is asked for."""

    def __init__(self, *, threads: int, waiting: int, seconds: float, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._room = threads + waiting
        self._taken = 0
        self._lock = threading.Lock()
        self._seconds = seconds

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work()`, run in a thread. Raises `BusyError`, `SlowError`, and whatever `work` raises."""
        with self._lock:
            if self._taken >= self._room:
                raise BusyError("too many callers are waiting")
            self._taken += 1
        future = self._pool.submit(work)
        # The place is given back when the thread is free again, not when the caller gives up:
        # else a slow file, sent again and again, would pile up behind callers who are long gone.
        future.add_done_callback(self._give_back)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError as error:
            raise SlowError(f"no answer within {self._seconds} seconds") from error

    def close(self) -> None:
        """Take no more work; what runs ends by its own limits."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _give_back(self, _: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1
