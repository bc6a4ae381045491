"""Blocking work beside the event loop: so many at a time, so many waiting, and nobody waits for ever."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from registry.formats.errors import UnavailableError

Result = TypeVar("Result")


class BusyError(UnavailableError):
    """As many callers wait already as are allowed to."""


class SlowError(UnavailableError):
    """The work did not end in time. A worker that has begun it stays taken until it ends by its own limits."""


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
