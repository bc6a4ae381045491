"""The reader's walls, and what it makes of a child that crashes, hangs, swells or lies.

`CHILD` is what a taken-over child may do: it runs in the warden's place and obeys the name that stands in the
file's bytes.
"""

import base64
import contextlib
import dataclasses
import datetime
import hashlib
import io
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from registry.formats.errors import UnavailableError
from verifier import verify, warden
from verifier.confinement import Wall
from verifier.findings import Chain, CodeText, FileFindings, FileKind, FindingsError, SignatureFindings
from verifier.reader import Reader, ReaderStoppedError
from verifier.request import Isolation, ReaderLimits, ReadRequest, encode_job

REQUEST = ReadRequest(
    roots=(),
    signers=(),
    revocation_lists=(),
    moment=datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC),
    profile="certified-p1",
    host="izin.contoh.example",
)
GOOD = FileFindings(kind=FileKind.OTHER)

CHILD = """
import json, os, socket, sys, time, types
sys.path[:0] = {path!r}
sys.modules["verifier.inside"] = types.ModuleType("verifier.inside")  # what opens files is not what is tested
import verifier.warden as warden
from verifier.confinement import Wall, confine, empty_folder
from verifier.findings import FileFindings, FileKind

GOOD = {{"findings": FileFindings(kind=FileKind.OTHER).to_json()}}

def child(connection):
    size = int.from_bytes(warden._receive(connection, 8), "big")
    job = json.loads(warden._receive(connection, size))
    if job["request"] is None:
        if {changes!r}:
            with open(job["targets"]["folder"] + "/file", "r+b") as file:
                file.write(b"X")
        connection.sendall(json.dumps({{"standing": {standing!r}}}).encode())
        return
    name = warden._receive_rest(connection).decode("utf-8", "surrogateescape")
    if name == "good":
        connection.sendall(json.dumps(GOOD).encode())
    elif name == "slow":
        time.sleep(0.5)
        connection.sendall(json.dumps(GOOD).encode())
    elif name == "pid":
        connection.sendall(json.dumps(GOOD | {{"findings": {{"pid": os.getpid()}}}}).encode())
    elif name == "walls":
        with open({folder!r} + "/walls", "w") as file:
            json.dump(job["walls"], file)
    elif name == "descriptors":
        held = []
        for number in os.listdir("/proc/self/fd"):
            try:
                held.append(os.readlink("/proc/self/fd/" + number))
            except FileNotFoundError:
                pass  # the listing's own
        with open({folder!r} + "/descriptors", "w") as file:
            json.dump(held, file)
    elif name.startswith("leaves a child"):
        pid = os.fork()
        if pid == 0:
            time.sleep(3600)
        with open({folder!r} + "/left", "w") as file:
            file.write(str(pid))
        if name.endswith("hangs"):
            time.sleep(3600)
    elif name == "dies":
        os._exit(9)
    elif name == "raises":
        raise RuntimeError("in the child")
    elif name == "hangs":
        time.sleep(3600)
    elif name == "closes and hangs":
        connection.close()
        time.sleep(3600)
    elif name == "half and hangs":
        connection.sendall(b'{{"findings"')
        time.sleep(3600)
    elif name == "spins":
        confine(warden.ReaderLimits(**job["limits"]), empty=empty_folder())
        while True:
            pass
    elif name == "floods":
        while True:
            connection.sendall(b"[" * 65536)
    elif name == "warden dies":
        os.kill(os.getppid(), 9)
        os._exit(0)
    else:
        connection.sendall(name.encode("utf-8", "surrogateescape"))

control = socket.socket(fileno=os.dup(0))
warden._forget_standard_input()
control.sendall(b"+")
warden.Warden(control, wall_seconds=int(sys.argv[1]), job=child).serve()
"""


def child_reader(
    folder: Path,
    *,
    standing: list[str],
    isolation: Isolation = Isolation.REQUIRED,
    changes: bool = False,
    **limits: int,
) -> Reader:
    script = folder / "child.py"
    walls = [str(wall) for wall in standing]
    path = [path for path in sys.path if path]
    script.write_text(CHILD.format(path=path, standing=walls, folder=str(folder), changes=changes))
    chosen = ReaderLimits(**{"wall_seconds": 1, "cpu_seconds": 1, "answer_kib": 64, **limits})
    return Reader(limits=chosen, isolation=isolation, command=(sys.executable, str(script)))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with child_reader(tmp_path_factory.mktemp("child"), standing=sorted(Wall)) as reader:
        yield reader


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """The real one, as isolated as this machine allows."""
    with Reader(isolation=Isolation.PREFERRED) as made:
        made.start()
        yield made


def cause(reader: Reader, data: bytes) -> str:
    with pytest.raises(ReaderStoppedError) as caught:
        reader.read(data, REQUEST)
    return caught.value.cause


# The walls

_KNOWN_MACHINE = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64")
_of_a_known_machine = pytest.mark.skipif(not _KNOWN_MACHINE, reason="the filter of calls knows Linux's two machines")


def test_what_can_be_had_without_privilege_always_stands(reader: Reader) -> None:
    assert Wall.MEMORY in reader.walls


@_of_a_known_machine
def test_every_wall_stands_with_and_without_privilege(reader: Reader) -> None:
    assert reader.walls == frozenset(Wall)


def test_the_self_test_sees_a_wall_that_is_not_there(tmp_path: Path) -> None:
    """This very process is not confined: every proof must fail here."""
    assert _attempt(tmp_path, raised=False)["proved"] == []


@_of_a_known_machine
@pytest.mark.parametrize("means", ["few calls", "empty room"])
def test_either_means_alone_keeps_files_and_network_away(tmp_path: Path, means: str) -> None:
    """Of two walls behind one another each must stand by itself."""
    if means == "empty room" and not _may_unshare():
        pytest.skip("this machine permits no namespace")
    found = _attempt(tmp_path, raised=True, without="syscalls" if means == "empty room" else "room")
    expected = {Wall.NETWORK, Wall.UNIX_SOCKETS, Wall.FILES, Wall.WRITING, Wall.PROCESSES, Wall.PRIVILEGES}
    assert expected <= set(found["raised"]) & set(found["proved"])


@_of_a_known_machine
def test_no_means_no_claim(tmp_path: Path) -> None:
    found = _attempt(tmp_path, raised=True, without="both")
    assert not {Wall.NETWORK, Wall.UNIX_SOCKETS, Wall.FILES, Wall.WRITING, Wall.SIGNALS} & set(found["raised"])


def _attempt(folder: Path, *, raised: bool, without: str = "") -> dict[str, list[str]]:
    """What `confine` says and `standing` finds in a process of this very user's, started by it."""
    with tempfile.TemporaryDirectory() as short:  # a unix socket's name has at most 107 bytes
        script = folder / "attempt.py"
        script.write_text(ATTEMPT.format(path=[path for path in sys.path if path], targets=short))
        done = subprocess.run(
            [sys.executable, str(script), "raised" if raised else "open", without], capture_output=True, check=True
        )
    return json.loads(done.stdout)


ATTEMPT = """
import json, os, socket, sys
sys.path[:0] = {path!r}
from verifier import confinement, syscalls
from verifier.request import ReaderLimits

if sys.argv[2] in ("syscalls", "both"):
    syscalls.restrict = lambda: False
if sys.argv[2] in ("room", "both"):
    confinement._enter = lambda empty: os.close(empty)
    confinement._CLONE_NEWNET = confinement._CLONE_NEWUSER = -1
listener, local = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
targets = confinement.Targets(port=listener.getsockname()[1], folder={targets!r})
targets.file.write_bytes(b"x")
local.bind(str(targets.socket))
local.listen()
ours, theirs = socket.socketpair()
empty = confinement.empty_folder()
if os.fork() == 0:
    raised = []
    if sys.argv[1] == "raised":
        confinement.let_go(theirs.fileno(), empty)
        raised = confinement.confine(ReaderLimits(), empty=empty)
    limits = ReaderLimits(memory_mib=768 if raised else 8)
    proved = confinement.standing(limits, targets=targets, connection=theirs.fileno())
    theirs.sendall(json.dumps({{"raised": sorted(raised), "proved": sorted(proved)}}).encode())
    os._exit(0)
theirs.close()
while chunk := ours.recv(4096):
    sys.stdout.write(chunk.decode())
"""


def _may_unshare() -> bool:
    """Tried apart from the code under test, in a process that ends at once."""
    pid = os.fork()
    if pid == 0:
        import ctypes

        libc = ctypes.CDLL(None)
        os._exit(0 if libc.unshare(0x50000000) == 0 or libc.unshare(0x40000000) == 0 else 1)
    return os.waitpid(pid, 0)[1] == 0


# What a taken-over child may try, beyond what the self-test tries anyway: the calls by their numbers.
CALLS = {
    "x86_64": {
        "kill": 62, "tgkill": 234, "clone": 56, "clone3": 435, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322,
        "open": 2, "openat": 257, "openat2": 437, "creat": 85, "open_by_handle_at": 304, "truncate": 76, "unlink": 87,
        "unlinkat": 263, "rename": 82, "socket": 41, "socketpair": 53, "connect": 42, "bind": 49, "sendmsg": 46,
        "recvmsg": 47, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_open": 434,
        "pidfd_getfd": 438, "io_uring_setup": 425, "bpf": 321, "unshare": 272, "setns": 308, "mount": 165,
        "chroot": 161, "memfd_create": 319, "shmget": 29, "mq_open": 240, "keyctl": 250, "perf_event_open": 298,
        "userfaultfd": 323, "setsid": 112, "setpgid": 109, "prlimit64": 302, "seccomp": 317, "x32 openat": 0x40000101,
    },
    "aarch64": {
        "kill": 129, "tgkill": 131, "clone": 220, "clone3": 435, "execve": 221, "execveat": 281, "openat": 56,
        "openat2": 437, "open_by_handle_at": 265, "truncate": 45, "unlinkat": 35, "renameat2": 276, "socket": 198,
        "socketpair": 199, "connect": 203, "bind": 200, "sendmsg": 211, "recvmsg": 212, "ptrace": 117,
        "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_open": 434, "pidfd_getfd": 438,
        "io_uring_setup": 425, "bpf": 280, "unshare": 97, "setns": 268, "mount": 40, "chroot": 51,
        "memfd_create": 279, "shmget": 194, "mq_open": 180, "keyctl": 219, "perf_event_open": 241,
        "userfaultfd": 282, "setsid": 157, "setpgid": 154, "prlimit64": 261, "seccomp": 277,
    },
}  # fmt: skip


@_of_a_known_machine
def test_calls_that_computing_does_not_need_are_refused() -> None:
    names = CALLS[platform.machine()]
    code = """
import ctypes, errno, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from verifier import syscalls
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert syscalls.restrict()
zero = [ctypes.c_long(0)] * 6
def refused(number):
    return libc.syscall(ctypes.c_long(number), *zero) == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
print(json.dumps([name for name, number in json.loads(sys.argv[2]).items() if not refused(number)]))
"""
    path = json.dumps([path for path in sys.path if path])
    done = subprocess.run([sys.executable, "-c", code, path, json.dumps(names)], capture_output=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("missing", list(Wall))
def test_required_refuses_and_names_the_remedy(tmp_path: Path, missing: Wall) -> None:
    with child_reader(tmp_path, standing=sorted(set(Wall) - {missing})) as reader:
        with pytest.raises(UnavailableError) as caught:
            reader.read(b"good", REQUEST)
        assert str(missing) in str(caught.value)
        assert "unshare" in str(caught.value)
        assert 'isolation = "preferred"' in str(caught.value)


def test_preferred_goes_on_and_says_what_stands(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with child_reader(tmp_path, standing=[Wall.WRITING], isolation=Isolation.PREFERRED) as reader:
        assert reader.read(b"good", REQUEST) == GOOD
        assert reader.walls == {Wall.WRITING}
        reader.close()
        reader.start()
    (warning,) = (record for record in caplog.records if record.name == "absah.reader")
    assert "files, memory, network, privileges" in warning.getMessage()


def test_all_walls_standing_is_nothing_to_warn_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with child_reader(tmp_path, standing=sorted(Wall), isolation=Isolation.PREFERRED) as reader:
        reader.start()
    assert not [record for record in caplog.records if record.name == "absah.reader"]


def test_a_word_about_writing_is_not_taken_where_the_file_was_changed(tmp_path: Path) -> None:
    with (
        child_reader(tmp_path, standing=sorted(Wall), changes=True) as reader,
        pytest.raises(UnavailableError, match="cut off from: writing"),
    ):
        reader.start()


def test_each_file_demands_the_walls_that_stood_at_the_start(tmp_path: Path) -> None:
    """Else a wall that fails later, for want of namespaces say, would fail in silence."""
    with child_reader(tmp_path, standing=[Wall.MEMORY, Wall.FILES], isolation=Isolation.PREFERRED) as reader:
        with pytest.raises(ReaderStoppedError):
            reader.read(b"walls", REQUEST)
        assert json.loads((tmp_path / "walls").read_text()) == ["files", "memory"]


def test_a_child_without_a_demanded_wall_opens_nothing_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warden.confinement, "confine", lambda *_, **__: frozenset(Wall) - {Wall.NETWORK})
    monkeypatch.setattr(warden.inside, "inspect", lambda *_: GOOD)
    assert _answered(walls=frozenset(Wall)) == b""
    assert json.loads(_answered(walls=frozenset(Wall) - {Wall.NETWORK})) == {"findings": GOOD.to_json()}


def _answered(*, walls: frozenset[Wall]) -> bytes:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(encode_job(ReaderLimits(), request=REQUEST, data=b"file", walls=walls))
        ours.shutdown(socket.SHUT_WR)
        with theirs:
            warden.answer(theirs, empty=-1)
        try:
            return ours.recv(1 << 16)
        except ConnectionResetError:  # what a socket says that was closed over an unread file
            return b""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
def test_a_child_holds_its_own_connection_and_nothing_of_its_wardens(tmp_path: Path) -> None:
    """Above all not the socket on which the next stranger's file arrives."""
    with child_reader(tmp_path, standing=sorted(Wall)) as reader, pytest.raises(ReaderStoppedError):
        reader.read(b"descriptors", REQUEST)
    held = json.loads((tmp_path / "descriptors").read_text())
    assert [target for target in held if target != "/dev/null"] == [next(t for t in held if t.startswith("socket:"))]
    assert held.count("/dev/null") == 3


@pytest.mark.parametrize("deed", [b"leaves a child", b"leaves a child and hangs"])
def test_what_a_child_started_ends_with_it(tmp_path: Path, deed: bytes) -> None:
    with child_reader(tmp_path, standing=sorted(Wall)) as reader:
        with pytest.raises(ReaderStoppedError):
            reader.read(deed, REQUEST)
        left = int((tmp_path / "left").read_text())
        reader.read(b"good", REQUEST)  # the warden reaps when it next wakes
        deadline = time.monotonic() + 3
        while (alive := not _is_zombie(left)) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert not alive


def test_a_self_test_that_says_nonsense_is_no_self_test(tmp_path: Path) -> None:
    with (
        child_reader(tmp_path, standing=["everything"], isolation=Isolation.PREFERRED) as reader,
        pytest.raises(UnavailableError, match="self-test"),
    ):
        reader.start()


def test_a_reader_that_cannot_start_says_why(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('libzbar is missing')")
    with pytest.raises(UnavailableError, match="libzbar is missing"):
        Reader(command=(sys.executable, str(script))).start()
    with pytest.raises(UnavailableError, match="did not start"):
        Reader(command=(str(tmp_path / "no such program"),)).start()


# A child that misbehaves


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (b"dies", "reader_crashed"),
        (b"raises", "reader_crashed"),
        (b"hangs", "time_exceeded"),
        (b"closes and hangs", "reader_crashed"),
        (b"half and hangs", "answer_refused"),
        (b"spins", "time_exceeded"),
        (b"floods", "answer_refused"),
    ],
)
def test_a_child_that_misbehaves_costs_itself_alone(hostile: Reader, deed: bytes, expected: str) -> None:
    started = time.monotonic()
    assert cause(hostile, deed) == expected
    assert time.monotonic() - started < 4
    assert hostile.read(b"good", REQUEST) == GOOD


LIES = {
    "no JSON": "hello",
    "no UTF-8": "\udcff\udcfe",
    "a list": "[]",
    "a number": "1",
    "nothing known": "{}",
    "both answers": json.dumps({"findings": GOOD.to_json(), "stopped": "memory_exceeded"}),
    "no such stop": '{"stopped": "all is well"}',
    "no findings": '{"findings": null}',
    "too few names": '{"findings": {"kind": "other"}}',
    "too many names": json.dumps({"findings": {**GOOD.to_json(), "verdict": "genuine"}}),
    "no such kind": json.dumps({"findings": {**GOOD.to_json(), "kind": "permit"}}),
    "a PDF without signature findings": json.dumps({"findings": {**GOOD.to_json(), "kind": "pdf"}}),
    "pages below zero": json.dumps({"findings": {**GOOD.to_json(), "pages": -1}}),
    "pages as truth": json.dumps({"findings": {**GOOD.to_json(), "pages": True}}),
    "pages not a number": '{"findings": {"kind": "other", "signature": null, "texts": [], "pages": NaN, '
    '"image_only": false, "attachment": null}}',
    "a thousand texts": json.dumps({"findings": {**GOOD.to_json(), "texts": [{"page": 1, "text": ""}] * 1000}}),
    "nested too deep": "[" * 50_000,
    "a pickle": "\x80\x04\x8c\x05posix",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_outside_the_format_is_refused(hostile: Reader, lie: str) -> None:
    assert cause(hostile, LIES[lie].encode("utf-8", "surrogateescape")) == "answer_refused"


def test_a_file_too_large_is_not_even_sent(tmp_path: Path) -> None:
    with child_reader(tmp_path, standing=sorted(Wall), input_mib=1) as reader:
        assert cause(reader, bytes((1 << 20) + 1)) == "file_too_large"


def test_the_reader_rises_again_when_its_warden_was_killed(tmp_path: Path) -> None:
    with child_reader(tmp_path, standing=sorted(Wall)) as reader:
        assert cause(reader, b"warden dies") == "reader_crashed"
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with contextlib.suppress(UnavailableError, ReaderStoppedError):
                assert reader.read(b"good", REQUEST) == GOOD
                return
        pytest.fail("the reader did not come back")


def test_files_are_read_side_by_side(hostile: Reader) -> None:
    hostile.read(b"good", REQUEST)
    found = []
    threads = [threading.Thread(target=lambda: found.append(hostile.read(b"slow", REQUEST))) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [GOOD] * 4
    assert time.monotonic() - started < 1.9  # one after the other takes two seconds


def test_closing_leaves_no_process_behind(tmp_path: Path) -> None:
    reader = child_reader(tmp_path, standing=sorted(Wall), wall_seconds=60)
    reader.start()
    warden = reader._warden._process.pid
    stuck = threading.Thread(target=lambda: cause(reader, b"hangs"))
    stuck.start()
    children = Path(f"/proc/{warden}/task/{warden}/children")
    if not children.exists():
        os.kill(warden, signal.SIGKILL)
        pytest.skip("no list of children here")
    deadline = time.monotonic() + 5
    while not (born := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert born
    reader.close()
    stuck.join(5)
    assert not stuck.is_alive()
    time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in (warden, *born))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no list of children here")
def test_a_confined_child_does_not_outlive_its_warden() -> None:
    """Changing user takes away the wish to die with one's parent; it has to be made after that."""
    with Reader(isolation=Isolation.PREFERRED) as reader:
        reader.start()
        warden_pid = reader._warden._process.pid
        with reader._warden.hire() as connection:
            connection.sendall(encode_job(ReaderLimits(), request=REQUEST, data=b"the file's first half"))
            time.sleep(0.5)  # the child has raised its walls and waits for the other half
            (child,) = Path(f"/proc/{warden_pid}/task/{warden_pid}/children").read_text().split()
            os.kill(warden_pid, signal.SIGKILL)
            deadline = time.monotonic() + 3
            while (alive := not _is_zombie(child)) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not alive


def _is_zombie(pid: str | int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


# The real child


def test_the_real_child_reads_a_picture_and_stays_quick(reader: Reader) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(picture, "PNG")
    expected = FileFindings(kind=FileKind.IMAGE, pages=1)
    assert reader.read(picture.getvalue(), REQUEST) == expected
    started = time.monotonic()
    assert reader.read(picture.getvalue(), REQUEST) == expected
    assert time.monotonic() - started < 1


def test_the_real_child_starts_from_no_parents_memory(reader: Reader) -> None:
    """No module of the staff door, no key back end, nothing of the parent's is loaded where hostile bytes are."""
    maps = Path(f"/proc/{reader._warden._process.pid}/environ")
    if not maps.exists():
        pytest.skip("no /proc here")
    names = {entry.partition(b"=")[0] for entry in maps.read_bytes().split(b"\0") if entry}
    assert names <= {b"PATH", b"LANG", b"LC_ALL", b"TMPDIR", b"LD_LIBRARY_PATH", b"DYLD_LIBRARY_PATH"}


def test_a_picture_that_swells_past_the_memory_stops_only_itself() -> None:
    picture = io.BytesIO()
    Image.new("L", (7900, 7900), "white").save(picture, "PNG", compress_level=1)
    limits = ReaderLimits(memory_mib=224)
    with Reader(limits=limits, isolation=Isolation.PREFERRED) as small:
        assert cause(small, picture.getvalue()) in ("memory_exceeded", "reader_crashed")
        assert small.read(b"nothing", REQUEST) == GOOD


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"%PDF-1.7\n" + tail))
def test_any_bytes_are_found_to_be_something(reader: Reader, data: bytes) -> None:
    found = reader.read(data, REQUEST)
    assert found.texts == ()
    assert found.signature is None or not found.signature.cryptographically_valid


# The request


def test_a_request_arrives_as_it_was_sent() -> None:
    sent = dataclasses.replace(REQUEST, roots=(b"\x00\xff",), revocation_lists=(b"crl",), codes=False)
    assert ReadRequest.from_json(json.loads(json.dumps(sent.to_json()))) == sent


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ReaderLimits)])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        ReaderLimits(**{name: 0})


# Findings: the format across the wall

_hash = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
_code = st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True)
_base64 = st.none() | st.sampled_from(["", "e30=", "AAAA"])
_signatures = st.builds(
    SignatureFindings,
    signed=st.booleans(),
    signer_known=st.booleans(),
    signer_sha256=_hash,
    cryptographically_valid=st.none() | st.booleans(),
    problems=st.lists(_code, max_size=5).map(tuple),
    chain=st.sampled_from(list(Chain)),
    chain_reason=st.none() | _code,
    byte_range=st.none() | st.tuples(*[st.integers(0, 2**40 - 1)] * 4),
    signed_revision_sha256=_hash,
    attachment=_base64,
    signing_time_claimed=st.none() | st.just("2026-11-23T07:30:15+00:00"),
)
_texts = st.lists(st.builds(CodeText, page=st.integers(1, 99), text=st.text(max_size=40)), max_size=4).map(tuple)
_common = {"texts": _texts, "pages": st.integers(0, 99), "image_only": st.booleans(), "attachment": _base64}
_findings = st.builds(FileFindings, kind=st.just(FileKind.PDF), signature=_signatures, **_common) | st.builds(
    FileFindings, kind=st.sampled_from([FileKind.IMAGE, FileKind.OTHER]), signature=st.none(), **_common
)


@settings(max_examples=150, deadline=None)
@given(found=_findings)
def test_findings_read_back_as_they_were_written(found: FileFindings) -> None:
    assert FileFindings.from_json(json.loads(json.dumps(found.to_json()))) == found


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(found=_findings, data=st.data())
def test_findings_with_one_value_replaced_are_refused_or_harmless(found: FileFindings, data: st.DataObject) -> None:
    written = json.loads(json.dumps(found.to_json()))
    target = written
    if isinstance(written["signature"], dict) and data.draw(st.booleans()):
        target = written["signature"]
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(_json)
    try:
        read = FileFindings.from_json(written)
    except FindingsError:
        return
    assert read.to_json() == written
    assert read.attachment_bytes is None or isinstance(read.attachment_bytes, bytes)


@settings(max_examples=150, deadline=None)
@given(value=_json)
def test_other_json_is_refused(value: object) -> None:
    with pytest.raises(FindingsError):
        FileFindings.from_json(value)
    with pytest.raises(FindingsError):
        SignatureFindings.from_json(value)


def test_the_parent_parses_no_more_than_a_decision_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of brackets is canonical JSON, and most of a second of the web server's time."""
    short, long = (b"[" + b",".join([b"[]"] * count) + b"]" for count in (100, 300_000))
    parsed = []
    monkeypatch.setattr(
        verify.canonical, "parse", lambda data, parse=verify.canonical.parse: parsed.append(len(data)) or parse(data)
    )
    for data, expected in ((short, hashlib.sha256(short).digest()), (long, None)):
        found = FileFindings(kind=FileKind.OTHER, attachment=base64.b64encode(data).decode())
        assert verify._attachment_digest(found) == expected
    assert parsed == [len(short)]
