"""What one document may cost: how long it may be, and how long its layout may take."""

import contextvars
import ctypes
import dataclasses
import enum
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Generic, NamedTuple, Self, TypeVar

from registry.formats.language import N_
from registry.formats.spoken import SpokenError
from templates import fonts

# A stop may be swallowed on its way: by a callback from C, by a library that catches everything.
_AGAIN_SECONDS: Final = 0.1
# How often a worker may wait for its release: once for itself, once more for each of its two nets.
_WAITS: Final = 3
_LONGEST_SECONDS: Final = 3_600

_T = TypeVar("_T")


class LimitError(SpokenError):
    """The document would be longer, or take longer, than `RenderLimits` allow."""

    catalogue = "templates"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RenderLimits:
    """What one document may cost.

    `pages` of paper; `rows` of all its repeated tables together; `letters_a_field`: code points of one value; `seconds`
    of the layout, for which a document may have to wait its turn besides.
    """

    pages: int = 60
    rows: int = 200
    letters_a_field: int = 2_000
    seconds: float = 30.0

    def __post_init__(self) -> None:
        """Raises `ValueError` for a limit that lets nothing through, or is no whole number where only those count."""
        for name in ("pages", "rows", "letters_a_field"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name} must be a whole number of at least 1")
        if not 0 < self.seconds <= _LONGEST_SECONDS:
            raise ValueError(f"seconds must be more than 0 and at most {_LONGEST_SECONDS}")


def check_letters(fields: Mapping[str, object], allowed: RenderLimits) -> None:
    """Raises `LimitError`, naming the field, where one of a page's values is too long."""
    for path, text in fonts.texts(fields):
        if len(text) > allowed.letters_a_field:
            raise LimitError(
                N_(
                    "Isian “{field}” berisi {count} huruf, padahal paling banyak {limit}. Singkatkan tanpa mengubah "
                    "maknanya."
                ),
                field=path,
                count=len(text),
                limit=allowed.letters_a_field,
            )


def check_rows(rows: Mapping[str, int], allowed: RenderLimits) -> None:
    """Raises `LimitError` where a page's tables, whose numbers of rows these are, are too long together."""
    if (count := sum(rows.values())) > allowed.rows:
        raise LimitError(
            N_(
                "Naskah ini memuat {count} baris tabel, padahal paling banyak {limit}. Bagilah menjadi beberapa naskah."
            ),
            count=count,
            limit=allowed.rows,
        )


def check_pages(count: int, allowed: RenderLimits) -> None:
    """Raises `LimitError` where a document has too many pages."""
    if count > allowed.pages:
        raise LimitError(
            N_(
                "Naskah ini menjadi {count} halaman, padahal paling banyak {limit}. Singkatkan isinya atau bagilah "
                "menjadi beberapa naskah."
            ),
            count=count,
            limit=allowed.pages,
        )


def within(seconds: float, work: Callable[[], _T]) -> _T:
    """What `work` returns; `LimitError` instead if it has not ended after so many seconds.

    `work` runs in a thread of its own, in the caller's context, while the caller waits. A stop is an exception that
    strikes that thread alone, again and again until it has ended: so none can reach the caller, neither while it waits
    nor afterwards, and whatever stands around the call is left in good order. Once the time is up the outcome is
    `LimitError`, even where `work` returns something in the end: a layout that was struck may have lost a part of
    itself. A stop takes effect between two steps of Python; a call into C is waited for.

    `work` starts no threads, which a stop might hit instead, and takes no locks, which might stay taken. A call inside
    `work` shortens its time: whose time is up first ends the outermost call. Ctrl-C stops `work` before it goes on.
    """
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise ValueError(f"not a time to wait for: {seconds} seconds")
    thread = threading.current_thread()
    if isinstance(thread, _Worker):
        return thread.shortened(seconds, work)
    watched = _Watched(work, seconds=seconds)
    try:
        threading.Thread(target=watched.watch, name="layout-watcher").start()
        watched.ended.get()
    except BaseException:
        # Interrupted before the start, in the wait or between them; if there is a watcher, a second leaves at once.
        watched.signals.put(_Signal.STOP)
        threading.Thread(target=watched.watch, name="layout-watcher").start()
        watched.ended.get()
        raise
    error, watched.error = watched.error, None
    try:
        if watched.exceeded is not None:
            error = None
            raise LimitError(
                N_(
                    "Naskah ini belum selesai ditata dalam {seconds} detik, batas waktu untuk satu naskah. Singkatkan "
                    "isinya atau bagilah menjadi beberapa naskah; jika isinya memang pendek, hubungi pengelola sistem."
                ),
                seconds=f"{watched.exceeded:g}",
            )
        if error is not None:
            raise error
        return watched.result
    finally:
        # An error whose traceback holds it is freed by the collector alone, in whatever layout comes next; a stop that
        # falls into that goes astray, and Python complains of it.
        del error


class _Stop(BaseException):
    """Strikes the thread of a layout whose time is up. Not an `Exception`: libraries swallow those."""


class _Signal(enum.Enum):
    """What a watcher is told; a number tells it that a limit of so many seconds begins."""

    END = enum.auto()  # of the limit that began last
    STOP = enum.auto()
    LEFT = enum.auto()


class _Watched(Generic[_T]):
    """Work in a thread of its own, and the watcher that strikes it once its time is up.

    `ended` gets items when the work is over for good; `result`, `error` and the `exceeded` limit hold from then on.
    """

    result: _T

    def __init__(self, work: Callable[[], _T], *, seconds: float) -> None:
        self.error: BaseException | None = None
        self.exceeded: float | None = None
        # Queues rather than events: putting and getting are one call into C each, which no stop can tear apart.
        self.signals: queue.SimpleQueue[float | _Signal] = queue.SimpleQueue()
        self.ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._released: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._once = threading.Lock()
        self._context = contextvars.copy_context()
        self._work = work
        self._seconds = seconds
        self._running = False
        self._strike = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)(
            ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
        )

    def watch(self) -> None:
        """Do the work and stay until it has ended; where that is going on already, nothing."""
        if not self._once.acquire(blocking=False):
            return
        worker = _Worker(self.run, self.signals)
        try:
            worker.start()
        except RuntimeError as error:  # no more threads
            self.error = error
        else:
            self._watch(worker.ident or 0)
        # Twice: a wait that was interrupted may have taken the first.
        self.ended.put(None)
        self.ended.put(None)

    def _watch(self, thread: int) -> None:
        limits = [_Limit.of(self._seconds)]
        while (signal := self._signal(limits)) is not _Signal.LEFT:
            if isinstance(signal, float):
                limits.append(_Limit.of(signal))
            elif signal is _Signal.END:
                limits.pop()
            else:
                self.exceeded = self.exceeded or min(limits).seconds
                if self._running:
                    self._strike(thread, _Stop)
        # A stop that has not struck yet strikes as the worker comes back from its wait, within its nets; then it waits
        # again. It is not taken back with NULL: CPython 3.11 would take it for a sign that never goes out, and a thread
        # that is traced (by a debugger, a coverage tool) would turn in the beginning of a function for ever.
        for _ in range(_WAITS):
            self._released.put(None)

    def _signal(self, limits: "list[_Limit]") -> float | _Signal | None:
        left = min(limits).at - time.monotonic() if self.exceeded is None else _AGAIN_SECONDS
        try:
            return self.signals.get(timeout=max(left, 0))
        except queue.Empty:
            return None

    def run(self) -> None:
        """Do the work; in the thread that is watched."""
        # Once `_running` is False no stop is sent any more, but two may be on their way: one that has not struck yet,
        # and one from a watcher that had just looked. Hence two nets; and the thread ends only when the watcher has
        # released it, lest a stop hit what Python does at a thread's end, or a later thread of the same number.
        try:
            try:
                self._perform()
                self._leave()
            except _Stop:
                self._leave()
        except _Stop:
            self._leave()

    def _perform(self) -> None:
        try:
            try:
                self._running = True
                self.result = self._context.run(self._work)
            finally:
                self._running = False
        except BaseException as error:
            self.error = error

    def _leave(self) -> None:
        self.signals.put(_Signal.LEFT)
        self._released.get()


class _Worker(threading.Thread):
    """The thread of watched work, by which a call inside the work knows that it is one."""

    def __init__(self, work: Callable[[], None], watcher: "queue.SimpleQueue[float | _Signal]") -> None:
        super().__init__(target=work, name="layout")
        self._watcher = watcher

    def shortened(self, seconds: float, work: Callable[[], _T]) -> _T:
        """What `work` returns, under a limit more."""
        self._watcher.put(float(seconds))
        try:
            return work()
        finally:
            self._watcher.put(_Signal.END)


class _Limit(NamedTuple):
    """A limit of so many `seconds`, and when on the system's clock its time is up."""

    at: float
    seconds: float

    @classmethod
    def of(cls, seconds: float) -> Self:
        """The limit that begins now."""
        return cls(time.monotonic() + seconds, seconds)
