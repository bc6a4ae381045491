"""The reader's walls, and what it makes of a child that crashes, hangs, swells or lies.

`CHILD` is what a taken-over child may do: it runs in the warden's place and obeys the name that stands in the
file's bytes.
"""

import contextlib
import dataclasses
import datetime
import io
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from registry.formats.errors import UnavailableError
from verifier import confinement
from verifier.confinement import Wall
from verifier.findings import Chain, CodeText, FileFindings, FileKind, FindingsError, SignatureFindings
from verifier.reader import Reader, ReaderStoppedError
from verifier.request import Isolation, ReaderLimits, ReadRequest

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
from verifier.confinement import Wall, confine
from verifier.findings import FileFindings, FileKind

GOOD = {{"findings": FileFindings(kind=FileKind.OTHER).to_json()}}

def child(connection):
    size = int.from_bytes(warden._receive(connection, 8), "big")
    job = json.loads(warden._receive(connection, size))
    if job["request"] is None:
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
        confine(warden.ReaderLimits(**job["limits"]))
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
control.sendall(b"+")
warden.Warden(control, wall_seconds=int(sys.argv[1]), job=child).serve()
"""


def child_reader(
    folder: Path, *, standing: list[str], isolation: Isolation = Isolation.REQUIRED, **limits: int
) -> Reader:
    script = folder / "child.py"
    script.write_text(CHILD.format(path=[path for path in sys.path if path], standing=[str(wall) for wall in standing]))
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


def test_what_can_be_had_without_privilege_always_stands(reader: Reader) -> None:
    assert {Wall.WRITING, Wall.MEMORY} <= reader.walls


def test_the_network_is_gone_where_the_system_knows_namespaces(reader: Reader) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces are Linux's")
    if not _may_unshare():
        pytest.skip("this machine permits no network namespace: isolation = required refuses to serve here")
    assert reader.walls == frozenset(Wall)


def _may_unshare() -> bool:
    """Tried apart from the code under test, in a process that ends at once."""
    pid = os.fork()
    if pid == 0:
        import ctypes

        libc = ctypes.CDLL(None)
        os._exit(0 if libc.unshare(0x50000000) == 0 or libc.unshare(0x40000000) == 0 else 1)
    return os.waitpid(pid, 0)[1] == 0


def test_the_self_test_sees_a_wall_that_is_not_there() -> None:
    """This very process is not confined: every proof must fail here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        limits = ReaderLimits(memory_mib=8)
        assert confinement.standing(limits, open_port=listener.getsockname()[1]) == frozenset()


@pytest.mark.parametrize("missing", list(Wall))
def test_required_refuses_and_names_the_remedy(tmp_path: Path, missing: Wall) -> None:
    with child_reader(tmp_path, standing=sorted(set(Wall) - {missing})) as reader:
        with pytest.raises(UnavailableError) as caught:
            reader.read(b"good", REQUEST)
        assert str(missing) in str(caught.value)
        assert "unshare" in str(caught.value)
        assert 'isolation = "preferred"' in str(caught.value)


def test_preferred_goes_on_and_says_what_stands(tmp_path: Path) -> None:
    with child_reader(tmp_path, standing=[Wall.WRITING], isolation=Isolation.PREFERRED) as reader:
        assert reader.read(b"good", REQUEST) == GOOD
        assert reader.walls == {Wall.WRITING}


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
