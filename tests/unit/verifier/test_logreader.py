"""A stranger reads the log: what comes out is what the log has signed, or an error that says whose turn it is."""

import gzip
import http.server
import importlib.util
import os
import threading
import tracemalloc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats import merkle, note, tiles
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.merkle import ProofError
from registry.formats.note import NoteError
from registry.formats.tiles import EntryBundle, Tile
from verifier import logsources
from verifier.logreader import Contradiction, ContradictionError, LogReader, LogTree
from verifier.logsources import FolderSource, HttpSource, MissingFileError, source_of

_spec = importlib.util.spec_from_file_location("fake_logs", Path(__file__).with_name("fake_logs.py"))
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

BORDERS = [0, 1, 2, 255, 256, 257, 300, 511, 512, 513]
LARGE = 256 * 256


@pytest.fixture
def log(tmp_path):
    return fakes.FakeLog(tmp_path / "log")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Grown in steps over the border of the second level, with bare entries, because there are many."""
    log = fakes.FakeLog(tmp_path_factory.mktemp("large"))
    signed = {}
    for size in (LARGE - 1, LARGE, LARGE + 1, LARGE + 256, LARGE + 300):
        log.grow(*(b"%d" % index for index in range(len(log.entries), size)))
        signed[size] = log.reader().latest()
    return log, signed


@pytest.mark.parametrize("size", BORDERS)
def test_what_the_log_signed_is_read_back_whole(log, size) -> None:
    log.count(size)
    reader = log.reader()
    tree = reader.follow(None, reader.latest())
    assert list(tree.entries(0, size)) == log.entries
    assert list(tree.entries(size // 3, size // 2)) == log.entries[size // 3 : size // 2]


def test_a_log_that_grows_goes_on_from_every_size_it_had(log) -> None:
    seen = [None]
    for before, size in zip([0, *BORDERS], BORDERS, strict=False):
        log.count(size - before)
        new = log.reader().latest()
        for old in seen:
            tree = log.reader().follow(old, new)
            begin = 0 if old is None else old.checkpoint.size
            assert list(tree.entries(begin, size)) == log.entries[begin:]
        seen.append(new)


def test_a_log_grows_over_the_border_of_the_second_level(large) -> None:
    log, signed = large
    newest = signed[LARGE + 300]
    for size, old in signed.items():
        tree = log.reader().follow(old, newest)
        assert list(tree.entries(size, LARGE + 300)) == log.entries[size:]
    assert list(tree.entries(LARGE - 3, LARGE + 3)) == log.entries[LARGE - 3 : LARGE + 3]


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there(log) -> None:
    log.count(300)
    old = log.get("checkpoint")
    log.count(300)
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        log.remove(path)
    log.put("checkpoint", old)
    reader = log.reader()
    tree = reader.follow(None, reader.latest())
    assert list(tree.entries(0, 300)) == log.entries[:300]


def read_all(log) -> list[bytes]:
    reader = log.reader()
    new = reader.latest()
    return list(reader.follow(None, new).entries(0, new.checkpoint.size))


def bundle(*entries: bytes) -> bytes:
    return tiles.encode_entries(entries)


# (bundle, its level 0 tile): one full, one partial.
PLACES = [(0, 256), (1, 44)]


@pytest.mark.parametrize(("index", "width"), PLACES)
@pytest.mark.parametrize(
    "change",
    {
        "rewritten": lambda entries: [*entries[:5], fakes.entry(5, serial=77), *entries[6:]],
        "dropped": lambda entries: entries[:-1],
        "swapped": lambda entries: [entries[1], entries[0], *entries[2:]],
        "doubled": lambda entries: [entries[0], *entries[:-1]],
    }.items(),
    ids=lambda change: change[0],
)
def test_entries_that_were_changed_are_never_shown(log, index, width, change) -> None:
    log.count(300)
    entries = log.entries[index * 256 : index * 256 + width]
    path = EntryBundle(index=index, width=width).path
    log.put(path, bundle(*change[1](list(entries))))
    with pytest.raises(ProofError, match=path):
        read_all(log)
    # Not even when the tile of their hashes is changed with them.
    leaves = [merkle.leaf_hash(each) for each in change[1](list(entries))]
    log.put(Tile(level=0, index=index, width=width).path, b"".join(leaves))
    with pytest.raises(ProofError):
        read_all(log)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_tile_with_one_bit_changed_is_noticed(log, path) -> None:
    log.count(300)
    data = bytearray(log.get(path))
    data[-1] ^= 1
    log.put(path, bytes(data))
    with pytest.raises(ProofError):
        read_all(log)


@pytest.mark.parametrize("path", ["tile/0/007", "tile/1/000", "tile/0/256", "tile/2/000.p/1", "tile/1/001.p/1"])
def test_a_tile_of_a_large_log_with_one_bit_changed_is_noticed(large, path) -> None:
    log, signed = large
    whole = log.get(path)
    log.put(path, bytes([whole[0] ^ 1]) + whole[1:])
    try:
        begin = LARGE if path == "tile/0/256" else 7 * 256
        with pytest.raises(ProofError):
            list(log.reader().follow(None, signed[LARGE + 300]).entries(begin, begin + 1))
    finally:
        log.put(path, whole)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/entries/000", "tile/entries/001.p/44"])
@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda _: b""])
def test_a_file_of_another_length_is_the_logs_fault(log, path, change) -> None:
    log.count(300)
    log.put(path, change(log.get(path)))
    with pytest.raises(ProofError):
        read_all(log)


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/001.p/44", "tile/entries/000", "tile/entries/001.p/44", "checkpoint"]
)
def test_a_file_that_is_missing_too_large_or_no_file_leaves_the_question_open(log, path) -> None:
    log.count(300)
    whole = log.get(path)
    log.remove(path)
    with pytest.raises(MissingFileError):
        read_all(log)
    os.mkfifo(log.folder / path)
    with pytest.raises(UnavailableError, match="no regular file"):
        read_all(log)
    log.remove(path)
    (log.folder / path).mkdir()
    with pytest.raises(UnavailableError):
        read_all(log)
    (log.folder / path).rmdir()
    with (log.folder / path).open("wb") as file:
        file.write(whole)
        file.truncate(logsources.MAX_FILE_BYTES + 1)
    with pytest.raises(UnavailableError, match="more than"):
        read_all(log)


def test_a_checkpoint_of_another_key_is_not_read(log) -> None:
    log.count(3)
    stranger = fakes.FakeLog(log.folder)
    with pytest.raises(NoteError):
        stranger.reader().latest()


def test_a_checkpoint_of_another_log_under_the_same_key_is_not_read(log) -> None:
    log.count(3)
    text = Checkpoint(origin="lain.example.go.id/log", size=0, root=merkle.EMPTY_ROOT).encode()
    log.put("checkpoint", note.sign(text, log.signer))
    with pytest.raises(NoteError):
        log.reader().latest()


def test_a_checkpoint_whose_root_the_tiles_do_not_give_is_not_believed(log) -> None:
    log.count(3)
    text = Checkpoint(origin=log.signer.name, size=3, root=b"\1" * 32).encode()
    log.put("checkpoint", note.sign(text, log.signer))
    with pytest.raises(ProofError):
        read_all(log)


@pytest.mark.parametrize(
    ("sizes", "kind"),
    [
        ((300, 0, 299), Contradiction.ROLLED_BACK),
        ((300, 299, 300), Contradiction.SPLIT_VIEW),
        ((300, 299, 301), Contradiction.INCONSISTENT),
        ((256, 255, 600), Contradiction.INCONSISTENT),
        ((1, 0, 2), Contradiction.INCONSISTENT),
    ],
)
def test_two_checkpoints_that_contradict_are_both_kept(log, tmp_path, sizes, kind) -> None:
    old_size, common, new_size = sizes
    log.count(old_size)
    old = log.reader().latest()
    other = log.fork(tmp_path / "other", common)
    other.grow(*(fakes.entry(90_000 + index) for index in range(common, new_size)))
    new = other.reader().latest()
    with pytest.raises(ContradictionError) as raised:
        other.reader().follow(old, new)
    assert raised.value.kind is kind
    assert (raised.value.old.note, raised.value.new.note) == (log.get("checkpoint"), other.get("checkpoint"))


class Files:
    """A source that answers from memory."""

    def __init__(self, files: dict[str, bytes], otherwise: bytes | None = None) -> None:
        self._files = files
        self._otherwise = otherwise

    def get(self, path: str) -> bytes:
        data = self._files.get(path, self._otherwise)
        if data is None:
            raise MissingFileError(path)
        return data


@given(
    data=st.binary(max_size=400)
    | st.text(max_size=200).map(lambda text: f"{text}\n\n— a b\n".encode("utf-8", "replace"))
)
def test_a_hostile_checkpoint_raises_our_errors_alone(data) -> None:
    verifier = note.NoteVerifier.of(fakes.witness_signer()[0])
    with pytest.raises(DocumentError):
        LogReader(source=Files({"checkpoint": data}), verifier=verifier).latest()


@given(size=st.integers(0, 2**63 - 1), root=st.binary(min_size=32, max_size=32), data=st.binary(max_size=9000))
def test_hostile_tiles_raise_our_errors_alone(size, root, data) -> None:
    if size == 0:
        root = merkle.EMPTY_ROOT
    checkpoint = Checkpoint(origin="a", size=size, root=root)
    for otherwise in (None, data, bytes(8192), *(bytes(32 * width) for width in (1, 44))):
        try:
            list(LogTree(checkpoint, Files({}, otherwise)).entries(0, size))
        except (DocumentError, UnavailableError):
            continue
        assert size == 0


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    log = fakes.FakeLog(tmp_path_factory.mktemp("small")).count(300)
    paths = [str(path.relative_to(log.folder)) for path in log.folder.rglob("*") if path.is_file()]
    return log, {path: log.get(path) for path in sorted(paths)}


@settings(max_examples=150)
@given(choice=st.data())
def test_with_any_one_file_changed_the_same_entries_come_out_or_our_error(small_files, choice) -> None:
    log, files = small_files
    path = choice.draw(st.sampled_from(sorted(files)))
    place = choice.draw(st.integers(0, len(files[path]) - 1))
    cut = choice.draw(st.integers(place, min(len(files[path]), place + 40)))
    new = files[path][:place] + choice.draw(st.binary(max_size=40)) + files[path][cut:]
    reader = LogReader(source=Files({**files, path: new}), verifier=log.verifier)
    try:
        read = list(reader.follow(None, reader.latest()).entries(0, 300))
    except (DocumentError, UnavailableError):
        return
    assert read == log.entries


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; answers of its own to the paths in `answers`."""

    answers: dict

    def do_GET(self) -> None:
        self.server.agents.append(self.headers["User-Agent"])
        answer = self.answers.get(self.path)
        if answer is None:
            super().do_GET()
        else:
            answer(self)

    def log_message(self, *_) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address) -> None:
        """Say nothing: a reader that hangs up in the middle of too large a file is what some tests want."""


@pytest.fixture
def web(log):
    """The log on a real server, the answers it can be taught, and its address."""
    answers: dict = {}
    log.count(300)

    class Handler(_Handler):
        def __init__(self, *args) -> None:
            self.answers = answers
            super().__init__(*args, directory=str(log.folder))

    with _Server(("127.0.0.1", 0), Handler) as server:
        server.agents = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield answers, f"http://127.0.0.1:{server.server_port}", server
        finally:
            server.shutdown()
            thread.join()


def say(status: int, body: bytes = b"", **headers: str):
    def answer(handler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_log_is_read_over_the_web(log, web, monkeypatch) -> None:
    _, address, server = web
    # A proxy that the environment names is not asked about this machine.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    reader = LogReader(source=source_of(address + "/"), verifier=log.verifier)
    tree = reader.follow(None, reader.latest())
    assert list(tree.entries(0, 300)) == log.entries
    assert set(server.agents) == {"absah"}


def test_what_is_not_there_is_told_from_what_fails(web) -> None:
    answers, address, _ = web
    answers.update({"/gone": say(410), "/broken": say(500), "/empty": say(204), "/part": say(206, b"a")})
    source = HttpSource(address)
    for path in ("tiada", "gone"):
        with pytest.raises(MissingFileError):
            source.get(path)
    for path in ("broken", "empty", "part"):
        with pytest.raises(UnavailableError) as raised:
            source.get(path)
        assert not isinstance(raised.value, MissingFileError)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        HttpSource("http://127.0.0.1:1").get("checkpoint")


def test_a_redirect_is_followed_on_the_same_server_alone(log, web) -> None:
    answers, address, _ = web
    answers["/near"] = say(302, Location="/checkpoint")
    assert HttpSource(address).get("near") == log.get("checkpoint")
    port = address.rpartition(":")[2]
    for place in (
        f"http://localhost:{port}/checkpoint",
        "http://127.0.0.1:1/checkpoint",
        "file:///etc/hostname",
        "//lain/x",
    ):
        answers["/far"] = say(302, Location=place)
        with pytest.raises(UnavailableError):
            HttpSource(address).get("far")


def test_a_file_that_comes_compressed_is_unpacked(log, web) -> None:
    answers, address, _ = web
    packed = gzip.compress(log.get("checkpoint"))
    answers["/packed"] = say(200, packed, Content_Encoding="gzip")
    assert HttpSource(address).get("packed") == log.get("checkpoint")
    answers["/packed"] = say(200, packed[:-9], Content_Encoding="gzip")
    with pytest.raises(UnavailableError):
        HttpSource(address).get("packed")
    answers["/packed"] = say(200, packed, Content_Encoding="br")
    with pytest.raises(UnavailableError):
        HttpSource(address).get("packed")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_too_large_is_not_taken_in(web, monkeypatch, packed) -> None:
    answers, address, _ = web
    monkeypatch.setattr(logsources, "MAX_FILE_BYTES", 10_000)
    body = bytes(2_000_000)
    answers["/bomb"] = say(200, gzip.compress(body), Content_Encoding="gzip") if packed else say(200, body)
    with pytest.raises(UnavailableError, match="more than 10000 bytes"):
        HttpSource(address).get("bomb")
    answers["/tail"] = say(200, gzip.compress(b"") + body, Content_Encoding="gzip")
    with pytest.raises(UnavailableError):
        HttpSource(address).get("tail")


def test_a_little_that_unpacks_to_very_much_is_not_unpacked(web, monkeypatch) -> None:
    answers, address, _ = web
    monkeypatch.setattr(logsources, "MAX_FILE_BYTES", 10_000)
    answers["/bomb"] = say(200, gzip.compress(bytes(40_000_000)), Content_Encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(UnavailableError):
            HttpSource(address).get("bomb")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_an_answer_that_breaks_off_is_unavailable(web) -> None:
    answers, address, _ = web
    answers["/cut"] = say(200, b"abc", Content_Length="99")
    with pytest.raises(UnavailableError, match="broke off"):
        HttpSource(address).get("cut")


def test_an_answer_that_takes_too_long_is_given_up(web) -> None:
    _, address, _ = web
    moments = iter([0.0, logsources.FILE_SECONDS + 1])
    with pytest.raises(UnavailableError, match="longer than"):
        HttpSource(address, clock=lambda: next(moments)).get("checkpoint")


def test_what_a_server_says_does_not_steer_the_terminal(web) -> None:
    answers, address, _ = web
    answers["/odd"] = lambda handler: handler.wfile.write(b"\x1b[2J\x1b]0;judul\x07 halo\r\n\r\n")
    with pytest.raises(UnavailableError) as raised:
        HttpSource(address).get("odd")
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "address",
    [
        "http://log.example.go.id/log",
        "http://127.0.0.1.example.go.id/log",
        "ftp://127.0.0.1/log",
        "file:///etc",
        "https://",
        "https://user@log.example.go.id/",
        "https://log.example.go.id/?a=b",
        "https://log.example.go.id/#a",
        "https://[::1/log",
        "https://log.example.go.id:x/log",
    ],
)
def test_an_address_that_is_not_safe_to_read_from_is_refused(address) -> None:
    with pytest.raises(UnavailableError):
        source_of(address)


def test_a_place_without_a_scheme_is_a_folder(tmp_path) -> None:
    assert isinstance(source_of(str(tmp_path)), FolderSource)
    with pytest.raises(MissingFileError):
        source_of(str(tmp_path / "tiada")).get("checkpoint")


def test_a_reader_needs_the_key_that_it_was_given(log) -> None:
    log.count(1)
    other = fakes.FakeLog(log.folder, key=Ed25519PrivateKey.generate())
    with pytest.raises(NoteError):
        other.reader().latest()
