"""Plates made side by side: several processes compile those that are missing, this one alone keeps them.

A worker is given the name of a pack, shapes and line counts, and the typeface: never a value of a decision. It has
neither database nor file store, and ends with the process that it works for, however that ends.

Processes of our own rather than a pool of `concurrent.futures`: there a worker that is killed takes every other page
with it, and nobody learns which page it had in hand.
"""

import collections
import contextlib
import dataclasses
import math
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from registry.formats.errors import AbsahError, DocumentError
from registry.formats.language import N_
from registry.formats.spoken import SpokenUnavailableError
from templates import fonts, limits, packs
from templates.fingerprint import Fingerprint
from templates.pack import Pack
from templates.plates.maker import Maker, page_digest
from templates.plates.plate import Measure, PlateError
from templates.plates.shelf import MemoryShelf
from templates.renderer import Renderer, Signature

# Loading WeasyPrint takes a worker about as long as compiling so many plates.
WORTH_A_WORKER: Final = 8

Advance = Callable[[int, int], None]


class NotMadeError(SpokenUnavailableError):
    """Some plates could not be made; all others were, and are kept. `failures` says which and why."""

    catalogue = "templates"
    failures: tuple[tuple[Signature, AbsahError], ...] = ()

    @classmethod
    def of(cls, failures: Sequence[tuple[Signature, AbsahError]]) -> "NotMadeError":
        """The error about these."""
        signature, reason = failures[0]
        error = cls(
            N_("{count} pelat halaman tidak dapat dibuat; yang lain sudah. Yang pertama, {pack}: {reason}"),
            count=len(failures),
            pack=signature.pack.name,
            reason=reason,
        )
        error.failures = tuple(failures)
        return error


class WorkerKilledError(SpokenUnavailableError):
    """The process that compiled a plate was ended from outside."""

    catalogue = "templates"


def usable_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class SideBySide:
    """Makes the plates of many signatures in as many processes as `workers` says."""

    def __init__(
        self,
        *,
        renderer: Renderer,
        workers: int,
        allowed: limits.RenderLimits | None = None,
        pack: Callable[[str], Pack] = packs.named,
        worth: int = WORTH_A_WORKER,
    ) -> None:
        """`pack` gives a pack by name and version; it is called in the workers, so it stands in a module.

        A worker is started for every `worth` plates that are missing; where that is no more than one, the plates are
        made in this process.
        """
        if workers < 1 or worth < 1:
            raise ValueError("at least one worker is needed, for at least one plate")
        self._renderer = renderer
        self._workers = workers
        self._allowed = allowed or limits.RenderLimits()
        self._pack = pack
        self._worth = worth

    def make(self, signatures: Sequence[Signature], *, progress: Advance = lambda _done, _total: None) -> int:
        """Make the plates that are missing and keep them; how many there were to make.

        `progress` is told how many of them are done. Raises `NotMadeError` once all others are made, and at once what
        the shelf raises.
        """
        distinct = {(one.digest, one.lines): one for one in signatures}.values()
        missing = [one for one in distinct if self._renderer.plate_of(one) is None]
        workers = min(self._workers, math.ceil(len(missing) / self._worth))
        failures: list[tuple[Signature, AbsahError]] = []
        # Closed at once where keeping or telling is interrupted, so that no worker stays.
        with contextlib.closing(self._here(missing) if workers <= 1 else self._apart(missing, workers)) as made:
            for done, (signature, plate) in enumerate(made, start=1):
                if isinstance(plate, AbsahError):
                    failures.append((signature, plate))
                elif plate is not None:
                    self._renderer.keep(signature, plate)
                progress(done, len(missing))
        if failures:
            raise NotMadeError.of(failures)
        return len(missing)

    def _here(self, missing: Sequence[Signature]) -> Generator[tuple[Signature, bytes | AbsahError | None], None, None]:
        for signature in missing:
            try:
                self._renderer.make(signature)
            except (DocumentError, PlateError) as error:
                yield signature, error
            else:
                yield signature, None

    def _apart(
        self, missing: Sequence[Signature], workers: int
    ) -> Generator[tuple[Signature, bytes | AbsahError | None], None, None]:
        tools = MemoryShelf()
        for measure in {tuple(sorted(one.measure.typeface.items())): one for one in missing}.values():
            self._renderer.lend(measure, tools)
        bench = _Bench(tools=tools, allowed=self._allowed, pack=self._pack)
        waiting = collections.deque(missing)
        with _started(bench, workers) as idle:
            busy: dict[Connection, Signature] = {}
            while busy or (waiting and idle):
                while waiting and idle:
                    connection = idle.pop()
                    busy[connection] = signature = waiting.popleft()
                    _hand_over(connection, _Job.of(signature))
                for ready in wait(list(busy)):
                    connection = next(one for one in busy if one is ready)
                    signature, answer = busy.pop(connection), _answer(connection)
                    if not isinstance(answer, WorkerKilledError):
                        idle.append(connection)
                    yield signature, answer
        for signature in waiting:
            yield signature, _killed()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a worker is told of a plate."""

    pack: str
    page: bytes
    shape: Mapping[str, Any]
    digest: bytes
    measure: Measure
    lines: tuple[int, ...]

    @classmethod
    def of(cls, signature: Signature) -> "_Job":
        return cls(
            pack=signature.pack.name,
            page=page_digest(signature.pack),
            shape=signature.shape,
            digest=signature.digest,
            measure=signature.measure,
            lines=signature.lines,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What a worker is given once."""

    tools: MemoryShelf
    allowed: limits.RenderLimits
    pack: Callable[[str], Pack]

    def compile(self, maker: Maker, job: _Job) -> bytes:
        pack = self.pack(job.pack)
        if page_digest(pack) != job.page:
            raise PlateError(f"{job.pack}: its page was changed while plates were made of it")
        made = maker.compile(pack, job.shape, digest=job.digest, measure=job.measure, lines=job.lines)
        return made.to_bytes()


def _work(jobs: Connection, bench: _Bench) -> None:
    """A worker's life: it ends when nobody is left to ask it."""
    maker = Maker(shelf=bench.tools, typeface=fonts.Fonts.find, allowed=bench.allowed, fingerprint=Fingerprint.here)
    while True:
        try:
            job = jobs.recv()
        except EOFError:
            return
        answer: bytes | Exception
        try:
            answer = bench.compile(maker, job)
        except Exception as error:  # handed on to whoever asked
            error.add_note(traceback.format_exc())
            answer = error
        try:
            jobs.send(answer)
        except OSError:
            return


@contextlib.contextmanager
def _started(bench: _Bench, workers: int) -> Iterator[list[Connection]]:
    """The ends of pipes to so many workers; no worker is left when the block ends, however it ends."""
    # Spawned: what is forked from a process with threads may wait for ever for a lock that none of its threads holds.
    context = multiprocessing.get_context("spawn")
    processes: list[SpawnProcess] = []
    ends: list[Connection] = []
    try:
        for _ in range(workers):
            own, theirs = context.Pipe()
            ends.append(own)
            with theirs:
                process = context.Process(target=_work, args=(theirs, bench), name="plates", daemon=True)
                # Ctrl-C goes to every process of a terminal; the workers are ended by this one, and say nothing.
                before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
                try:
                    process.start()
                    processes.append(process)
                finally:
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield list(ends)
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
            process.close()
        for end in ends:
            end.close()


def _hand_over(connection: Connection, job: _Job) -> None:
    with contextlib.suppress(OSError):  # the worker is gone, and its answer says so
        connection.send(job)


def _answer(connection: Connection) -> bytes | AbsahError:
    try:
        answer = connection.recv()
    except (EOFError, OSError):
        return _killed()
    if isinstance(answer, bytes | AbsahError):
        return answer
    raise answer


def _killed() -> WorkerKilledError:
    return WorkerKilledError(
        N_(
            "prosesnya dihentikan dari luar sebelum selesai, mungkin karena memori habis. Jalankan sekali lagi; jika "
            "terulang, kurangi workers di bawah [render] pada absah.toml."
        )
    )
