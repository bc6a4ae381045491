import contextlib
import contextvars
import ctypes
import functools
import gc
import pathlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest
import weasyprint
from weasyprint.text.fonts import FontConfiguration

from registry.formats.errors import DocumentError
from registry.formats.language import LANGUAGES
from templates import limits
from templates.limits import LimitError, RenderLimits, within

ROOT = pathlib.Path(limits.__file__).parents[1]

# A stop may fall into what the collector does by the way for something dead, where Python only tells of it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
AMPLE = 600.0
SCANT = 0.001


def endless() -> NoReturn:
    while True:
        pass


def test_work_that_ends_in_time_gives_what_it_returns() -> None:
    assert within(AMPLE, lambda: 7) == 7


def test_work_that_fails_fails_with_its_own_error() -> None:
    with pytest.raises(ZeroDivisionError):
        within(AMPLE, lambda: 1 // 0)
    with pytest.raises(SystemExit):
        within(AMPLE, sys.exit)


def test_work_that_never_ends_is_refused_with_the_limit_and_a_remedy() -> None:
    with pytest.raises(DocumentError) as refused:
        within(SCANT, endless)
    assert "0.001 detik" in refused.value.text("id")
    assert "0.001 seconds" in refused.value.text("en")


def test_a_layout_that_takes_too_long_is_stopped_and_the_fonts_stay_as_they_were() -> None:
    config = FontConfiguration()

    def layout(rows: int) -> bytes:
        table = "<tr><td>Contoh<td>1</tr>" * rows
        return weasyprint.HTML(string=f"<table>{table}</table>").write_pdf(font_config=config)

    before = layout(3)
    for seconds in (0.01, 0.1, 0.2):
        with pytest.raises(LimitError):
            within(seconds, lambda: layout(20_000))
    assert within(AMPLE, lambda: layout(3)) == before


@pytest.mark.parametrize("swallowed", [1, 3])
def test_a_stop_that_is_swallowed_is_sent_again(swallowed: int) -> None:
    seen = []

    def work() -> None:
        while len(seen) < swallowed:
            try:
                endless()
            except BaseException as error:
                seen.append(error)
        endless()

    with pytest.raises(LimitError):
        within(SCANT, work)
    assert len(seen) == swallowed


def test_a_library_that_swallows_every_exception_does_not_get_to_see_the_stop() -> None:
    seen = []

    def work() -> None:
        try:
            endless()
        except Exception as error:
            seen.append(error)

    with pytest.raises(LimitError):
        within(SCANT, work)
    assert seen == []


def test_what_was_struck_and_ends_all_the_same_is_refused() -> None:
    def work() -> str:
        try:
            endless()
        except BaseException:
            return "a page without its last paragraph"

    with pytest.raises(LimitError):
        within(SCANT, work)


def test_what_was_struck_and_fails_otherwise_is_refused_for_its_time() -> None:
    def work() -> None:
        try:
            endless()
        except BaseException as error:
            raise LookupError from error

    with pytest.raises(LimitError):
        within(SCANT, work)


def test_one_call_after_another_has_its_own_time() -> None:
    for _ in range(3):
        with pytest.raises(LimitError):
            within(SCANT, endless)
        assert within(AMPLE, lambda: 7) == 7


@pytest.mark.parametrize(("outer", "inner"), [(AMPLE, SCANT), (SCANT, AMPLE)])
def test_of_calls_within_each_other_the_first_whose_time_is_up_ends_both(outer: float, inner: float) -> None:
    def work() -> None:
        try:
            within(inner, endless)
        except Exception:
            pytest.fail("a stop is for the whole")

    with pytest.raises(LimitError, match=r"within 0\.001 seconds"):
        within(outer, work)


def test_a_shorter_time_within_a_longer_one_ends_with_its_call() -> None:
    def work() -> list[int]:
        # Longer than the inner limit altogether, but no single call is.
        return [within(0.5, lambda: counted(10_000)) for _ in range(2_000)]

    assert within(AMPLE, work) == [10_000] * 2_000


def test_an_error_of_a_call_within_is_the_outer_work_s_to_handle() -> None:
    def work() -> str:
        try:
            within(AMPLE, lambda: 1 // 0)
        except ZeroDivisionError:
            return "handled"
        return "not raised"

    assert within(AMPLE, work) == "handled"


def test_an_interrupt_stops_the_work_before_it_goes_on() -> None:
    running, main = [], threading.get_ident()

    def work() -> None:
        running.append(True)
        try:
            signal.pthread_kill(main, signal.SIGINT)
            endless()
        finally:
            running.clear()

    with pytest.raises(KeyboardInterrupt):
        within(AMPLE, work)
    assert running == []


def test_the_work_stands_in_the_context_of_its_caller() -> None:
    name = contextvars.ContextVar("name", default="nobody")
    name.set("officer")
    assert within(AMPLE, name.get) == "officer"


def counted(length: int) -> int:
    return sum(1 for _ in range(length))


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that change places after every few steps, and no cleaning up that a stop could fall into."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    gc.disable()
    yield
    gc.enable()
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried")
def test_no_stop_reaches_the_caller_wherever_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_AGAIN_SECONDS", 1e-5)
    outcomes: dict[str, int] = {"ended": 0, "stopped": 0}
    surprises: list[BaseException] = []

    def caller() -> None:
        for step in range(700):
            length = step % 70 * 100
            try:
                work = functools.partial(counted, length) if step % 10 else endless
                assert within(2e-4, work if step % 3 else functools.partial(within, 1e-4, work)) == length
                outcomes["ended"] += 1
            except LimitError:
                outcomes["stopped"] += 1
            except BaseException as error:
                surprises.append(error)

    callers = [threading.Thread(target=caller) for _ in range(2)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert surprises == []
    assert sum(outcomes.values()) == 1_400
    assert outcomes["stopped"] >= 140


@pytest.mark.usefixtures("hurried")
def test_stops_without_a_pause_do_not_outlast_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_AGAIN_SECONDS", 0)

    def work() -> None:
        with contextlib.suppress(BaseException):
            endless()

    for _ in range(100):
        with pytest.raises(LimitError):
            within(1e-5, work)
    assert within(AMPLE, lambda: 7) == 7


def strike(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(limits._Stop))


@pytest.mark.parametrize("late", [1, 2])
def test_stops_that_were_on_their_way_when_the_work_ended_do_no_harm(
    monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    # Where interpreters change threads differs between releases, so what is rare is made to happen.
    shots, leave = [None] * late, limits._Watched._leave

    def struck(watched: limits._Watched[int]) -> None:
        if shots:
            shots.pop()
            strike(threading.get_ident())
        leave(watched)

    monkeypatch.setattr(limits._Watched, "_leave", struck)
    assert within(AMPLE, lambda: 7) == 7
    assert shots == []


def test_a_stop_that_has_not_struck_when_the_thread_is_released_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    struck, signal_ = [], limits._Watched._signal

    def last_moment(watched: limits._Watched[int], open_: "list[limits._Limit]") -> object:
        if (found := signal_(watched, open_)) is limits._Signal.LEFT:
            struck.extend(thread.ident for thread in threading.enumerate() if thread.name == "layout")
            strike(struck[-1])
        return found

    monkeypatch.setattr(limits._Watched, "_signal", last_moment)
    assert within(AMPLE, lambda: 7) == 7
    assert struck


def test_no_thread_is_left_behind() -> None:
    for _ in range(20):
        with pytest.raises(LimitError):
            within(SCANT, endless)
    for thread in threading.enumerate():
        if thread.name.startswith("layout"):
            thread.join(timeout=60)
            assert not thread.is_alive()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_a_mistake_of_the_program(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a time"):
        within(seconds, lambda: 7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pages": 0},
        {"rows": -1},
        {"letters_a_field": 0},
        {"pages": 2.5},
        {"seconds": 0},
        {"seconds": 3_601},
        {"seconds": float("nan")},
    ],
)
def test_a_limit_that_lets_nothing_through_is_no_limit(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RenderLimits(**wrong)


ALLOWED = RenderLimits(pages=3, rows=5, letters_a_field=7)


def test_what_is_as_long_as_it_may_be_passes() -> None:
    limits.check_letters({"name": "x" * 7, "units": [{"make": "y" * 7}]}, ALLOWED)
    limits.check_rows({"units": 3, "towers": 2}, ALLOWED)
    limits.check_pages(3, ALLOWED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_too_long_is_refused_with_its_length_the_limit_and_a_remedy(language: str) -> None:
    for check, measured, numbers in (
        (limits.check_letters, {"name": "x", "units": [{"make": "y" * 8}]}, ["0", "8", "7"]),
        (limits.check_rows, {"units": 3, "towers": 3}, ["6", "5"]),
        (limits.check_pages, 4, ["4", "3"]),
    ):
        with pytest.raises(LimitError) as refused:
            check(measured, ALLOWED)
        said = refused.value.text(language)
        assert re.findall(r"\d+", said) == numbers
        assert "{" not in said
        assert re.search(r"(Singkatkan|Bagilah|[Ss]horten|[Dd]ivide)", said)
        assert check is not limits.check_letters or "units[0].make" in said


def test_a_process_that_is_traced_later_goes_on() -> None:
    """A sign of a stop that is left behind makes CPython 3.11 turn for ever in the first traced function."""
    script = """
import sys
from templates import limits
def endless():
    while True:
        pass
for turn in range(50):
    try:
        limits.within(0.001, endless)
    except limits.LimitError:
        pass
    assert limits.within(5, lambda: turn) == turn
def plain(number):
    return number + 1
sys.settrace(lambda frame, event, argument: None)
for turn in range(50):
    plain(turn)
sys.settrace(None)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
