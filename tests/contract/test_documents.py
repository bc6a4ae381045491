"""The file store on a disk and in object storage: the same promises, asked of both.

The object storage is moto's S3 server, spoken to over HTTP on this machine; what a test does behind the store's back
goes there by plain HTTP too, past our own client.
"""

import dataclasses
import datetime
import http.server
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from cli.home import Home
from registry.blobs import DamagedError, LocalBlobs, MissingError, name_of
from registry.documents import Copy, DocumentStore
from registry.formats.canonical import sha256
from registry.formats.errors import UnavailableError
from registry.objectstorage import Credentials, ObjectStorage

KEY = Credentials(access_key_id="CONTOHKUNCI", secret_access_key="rahasia-contoh", session_token="sesi-contoh")
TIMEOUT = datetime.timedelta(seconds=10)
SHORT = datetime.timedelta(seconds=0.2)
BUCKET = "izin-contoh"
# moto asks for a signature but does not check it.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=X/20261124/us-east-1/s3/aws4_request, Signature=0"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A new file store, and a way past it: to write a file's bytes, and to see whether a file was written again."""

    store: DocumentStore
    overwrite: Callable[[str, bytes], None]
    writings: Callable[[str], object]


def object_storage(endpoint: str, *, prefix: str = "", bucket: str = BUCKET, timeout=TIMEOUT) -> DocumentStore:
    blobs = ObjectStorage.open(
        bucket=bucket,
        prefix=prefix,
        endpoint=endpoint,
        region="us-east-1",
        allow_http=True,
        timeout=timeout,
        credentials=KEY,
    )
    return DocumentStore(blobs=blobs)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A running server with one bucket that keeps every version; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    httpx.put(f"{endpoint}/{BUCKET}", headers=SIGNED).raise_for_status()
    keep = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    httpx.put(f"{endpoint}/{BUCKET}?versioning", content=keep, headers=SIGNED).raise_for_status()
    yield endpoint
    server.stop()


def on_disk(folder: Path) -> Place:
    def overwrite(name: str, data: bytes) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def writings(name: str) -> object:
        return (folder / name).stat().st_ino

    return Place(store=DocumentStore.local(folder), overwrite=overwrite, writings=writings)


def in_bucket(endpoint: str, prefix: str) -> Place:
    def overwrite(name: str, data: bytes) -> None:
        url = f"{endpoint}/{BUCKET}/{prefix}/{name}"
        httpx.put(url, content=data, headers=SIGNED).raise_for_status()

    def writings(name: str) -> object:
        asked = {"versions": "", "prefix": f"{prefix}/{name}"}
        answer = httpx.get(f"{endpoint}/{BUCKET}", params=asked, headers=SIGNED).raise_for_status()
        return re.findall(r"<VersionId>(.*?)</VersionId>", answer.text)

    return Place(store=object_storage(endpoint, prefix=prefix), overwrite=overwrite, writings=writings)


@pytest.fixture(scope="module", params=["disk", "object storage"])
def new_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    """Makes an empty file store."""
    if request.param == "disk":
        return lambda: on_disk(tmp_path_factory.mktemp("documents"))
    endpoint, numbers = request.getfixturevalue("s3"), itertools.count()
    return lambda: in_bucket(endpoint, f"uji/{next(numbers)}")


@pytest.fixture
def place(new_place: Callable[[], Place]) -> Place:
    return new_place()


@pytest.fixture(scope="module")
def shared(new_place: Callable[[], Place]) -> Place:
    """One file store for all examples of a property."""
    return new_place()


@settings(deadline=None)  # a request over HTTP, on a machine that may be busy
@given(data=st.binary())
def test_what_was_put_comes_back(shared: Place, data: bytes) -> None:
    assert shared.store.put(data) == sha256(data)
    assert shared.store.get(sha256(data)) == data
    assert shared.store.check(sha256(data)) is Copy.WHOLE


def test_a_large_file_comes_back(place: Place) -> None:
    data = bytes(range(256)) * 40_000  # past obstore's own bound for an upload in parts
    assert place.store.get(place.store.put(data)) == data


def test_the_same_bytes_again_write_nothing(place: Place) -> None:
    name = name_of(place.store.put(b"izin"))
    before = place.writings(name)
    assert before
    assert place.store.put(b"izin") == sha256(b"izin")
    assert place.writings(name) == before
    assert list(place.store.digests()) == [sha256(b"izin")]


@pytest.mark.parametrize(
    "wrong", [b"palsu", b"", b"izin usah", b"izin usaha\n"], ids=["swapped", "emptied", "truncated", "longer"]
)
def test_wrong_bytes_are_never_given_out_and_the_right_ones_mend_them(place: Place, wrong: bytes) -> None:
    key = place.store.put(b"izin usaha")
    place.overwrite(name_of(key), wrong)
    with pytest.raises(DamagedError, match=key.hex()):
        place.store.get(key)
    assert place.store.check(key) is Copy.DAMAGED
    assert place.store.put(b"izin usaha") == key
    assert place.store.get(key) == b"izin usaha"


def test_two_documents_that_change_places_are_both_refused(place: Place) -> None:
    one, other = place.store.put(b"satu"), place.store.put(b"dua")
    place.overwrite(name_of(one), b"dua")
    place.overwrite(name_of(other), b"satu")
    for key in (one, other):
        with pytest.raises(DamagedError):
            place.store.get(key)


def test_what_is_larger_than_any_document_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    key = place.store.put(b"izin usaha")
    for module in ("registry.blobs", "registry.objectstorage"):
        monkeypatch.setattr(f"{module}.MAX_BYTES", 9)
    with pytest.raises(DamagedError, match="no document"):
        place.store.get(key)


def test_a_missing_document_is_an_environment_error(place: Place) -> None:
    place.store.put(b"izin")
    with pytest.raises(MissingError, match="does not hold 00000000"):
        place.store.get(bytes(32))
    assert place.store.check(bytes(32)) is Copy.MISSING
    assert issubclass(MissingError, UnavailableError)


def test_a_destroyed_document_is_gone_and_may_be_destroyed_again(place: Place) -> None:
    gone, kept = place.store.put(b"habis masa simpan"), place.store.put(b"izin")
    place.store.delete(gone)
    place.store.delete(gone)
    place.store.delete(bytes(32))
    assert place.store.check(gone) is Copy.MISSING
    assert list(place.store.digests()) == [kept]
    assert place.store.put(b"habis masa simpan") == gone
    assert place.store.check(gone) is Copy.WHOLE


def test_every_document_is_listed_and_nothing_else(place: Place) -> None:
    kept = {place.store.put(b"%d" % n) for n in range(40)}
    damaged = place.store.put(b"rusak")
    place.overwrite(name_of(damaged), b"")
    for stray in ("ab/catatan.txt", "ab/.sementara", name_of(bytes(32)).replace("0", "A"), "catatan/" + "0" * 62):
        place.overwrite(stray, b"bukan dokumen")
    assert sorted(place.store.digests()) == sorted(kept | {damaged})


def test_an_empty_store_lists_nothing(place: Place) -> None:
    assert list(place.store.digests()) == []


def test_many_at_once_put_the_same_bytes(place: Place) -> None:
    together = threading.Barrier(8)

    def put(_: int) -> bytes:
        together.wait(timeout=30)
        return place.store.put(b"izin")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(8))) == {sha256(b"izin")}
    assert place.store.get(sha256(b"izin")) == b"izin"
    assert list(place.store.digests()) == [sha256(b"izin")]


# On a disk alone


def test_a_document_can_be_read_but_not_written_by_its_group_and_by_no_stranger(tmp_path: Path) -> None:
    key = DocumentStore.local(tmp_path).put(b"izin")
    assert (tmp_path / name_of(key)).stat().st_mode & 0o777 == 0o440


KILLED = """
import os, pathlib, signal, sys
from registry.documents import DocumentStore
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
DocumentStore.local(pathlib.Path(sys.argv[1])).put(b"izin")
"""


def test_a_process_killed_before_the_rename_leaves_nothing_that_is_read_or_listed(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in left] == [b"izin"]
    assert list(LocalBlobs(tmp_path).names()) == []
    store = DocumentStore.local(tmp_path)
    assert list(store.digests()) == []
    assert store.check(sha256(b"izin")) is Copy.MISSING
    assert store.get(store.put(b"izin")) == b"izin"


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = DocumentStore.local(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(UnavailableError, match="No space left"):
            store.put(b"izin")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_file_and_both_folders_reach_the_disk_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr("os.fsync", note)
    store = DocumentStore.local(tmp_path)
    key = store.put(b"izin")
    folder = (tmp_path / name_of(key)).parent
    files = [path for path in synced if path.parent == folder]
    assert len(files) == 1
    assert synced.index(files[0]) < synced.index(folder) < len(synced) - 1
    assert synced[-1] == tmp_path
    # A run killed before its folders reached the disk is made good by the next.
    synced.clear()
    store.put(b"izin")
    assert synced == [folder, tmp_path]


def test_a_folder_that_is_not_mounted_is_named_and_never_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    store = DocumentStore.local(folder)
    for attempt in (
        lambda: store.put(b"izin"),
        lambda: store.get(bytes(32)),
        lambda: store.check(bytes(32)),
        lambda: store.delete(bytes(32)),
        lambda: list(store.digests()),
    ):
        with pytest.raises(UnavailableError, match=f"{re.escape(str(folder))} is missing: mount") as caught:
            attempt()
        assert not isinstance(caught.value, MissingError)
    assert not folder.exists()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_what_is_no_file_is_damage_and_does_not_hang(tmp_path: Path, make: Callable[[Path], None]) -> None:
    store = DocumentStore.local(tmp_path)
    path = tmp_path / name_of(sha256(b"izin"))
    path.parent.mkdir()
    make(path)
    with pytest.raises(DamagedError, match="no document"):
        store.get(sha256(b"izin"))
    assert store.check(sha256(b"izin")) is Copy.DAMAGED
    if not path.is_dir():
        assert store.get(store.put(b"izin")) == b"izin"


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    store = DocumentStore.local(tmp_path)
    key = store.put(b"izin")
    (tmp_path / name_of(sha256(b"folder"))).mkdir(parents=True)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        assert store.check(key) is Copy.WHOLE
        assert store.check(sha256(b"folder")) is Copy.DAMAGED
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# In object storage alone


def every_question(store: DocumentStore) -> Iterator[pytest.ExceptionInfo[UnavailableError]]:
    for attempt in (
        lambda: store.put(b"izin"),
        lambda: store.get(bytes(32)),
        lambda: store.check(bytes(32)),
        lambda: store.delete(bytes(32)),
        lambda: list(store.digests()),
    ):
        with pytest.raises(UnavailableError) as caught:
            attempt()
        assert not isinstance(caught.value, MissingError | DamagedError)
        yield caught


def without_secrets(caught: pytest.ExceptionInfo[UnavailableError]) -> str:
    """The message; neither it nor what a log would print of the error holds a secret."""
    printed = "".join(traceback.format_exception(caught.value))
    for secret in (KEY.access_key_id, KEY.secret_access_key, KEY.session_token):
        assert secret not in printed
    return str(caught.value)


def test_a_key_does_not_show_its_secrets() -> None:
    assert KEY.secret_access_key not in repr(KEY)
    assert KEY.session_token not in repr(KEY)


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3: str) -> None:
    for caught in every_question(object_storage(s3, bucket="tidak-ada")):
        assert re.search(r"no bucket 'tidak-ada': make it there, or set bucket under \[documents\]", str(caught.value))


def test_another_prefix_is_named_as_what_may_be_wrong(s3: str) -> None:
    key = object_storage(s3, prefix="satu").put(b"izin")
    with pytest.raises(MissingError, match=r"check bucket and prefix under \[documents\]"):
        object_storage(s3, prefix="lain").get(key)


def test_a_strangers_name_that_cannot_be_listed_is_said_and_hinders_no_reading(s3: str) -> None:
    place = in_bucket(s3, "asing")
    key = place.store.put(b"izin")
    place.overwrite("", b"")  # what a web console leaves that makes a “folder”
    assert list(place.store.digests()) == [key]
    place.overwrite("ab//lain", b"x")
    with pytest.raises(UnavailableError, match="holds a name that cannot be listed"):
        list(place.store.digests())
    assert place.store.get(key) == b"izin"


def test_nobody_at_the_endpoint_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for caught in every_question(object_storage(f"http://127.0.0.1:{port}", timeout=SHORT)):
        assert "is it up, and is endpoint under [documents] in absah.toml right?" in without_secrets(caught)


def test_a_storage_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for caught in every_question(object_storage(endpoint, timeout=SHORT)):
            assert "does not answer" in without_secrets(caught)


@pytest.fixture
def serving() -> Iterator[Callable[..., DocumentStore]]:
    """Starts a storage of a test's own making."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(handler: type[http.server.BaseHTTPRequestHandler], *, timeout: datetime.timedelta) -> DocumentStore:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return object_storage(f"http://127.0.0.1:{server.server_port}", timeout=timeout)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every request alike; in `{headers}` of the body, with the headers it was asked with."""

    status: int
    body: str

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = self.body.format(headers=self.headers).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815  # the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class Contended(http.server.BaseHTTPRequestHandler):
    """S3 while another writer of the same name is at work and then fails: a conditional write meets a conflict."""

    kept: bytes

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if "If-None-Match" in self.headers:
            self.send_error(409, "ConditionalRequestConflict")
            return
        type(self).kept = data
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        body = b"<Error><Code>NoSuchKey</Code></Error>"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


def test_a_document_is_kept_though_another_writer_of_it_failed(serving: Callable[..., DocumentStore]) -> None:
    handler = type("Handler", (Contended,), {"kept": b""})
    serving(handler, timeout=TIMEOUT).put(b"izin")
    assert handler.kept == b"izin"


@pytest.fixture
def answering(serving: Callable[..., DocumentStore]) -> Callable[[int, str], DocumentStore]:
    """Starts a storage that gives one answer to everything."""
    return lambda status, body: serving(type("Handler", (Answering,), {"status": status, "body": body}), timeout=SHORT)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "SignatureDoesNotMatch", "refuses our key for bucket 'izin-contoh' (SignatureDoesNotMatch): check AWS_"),
        (403, "", "refuses our key for bucket 'izin-contoh' (without a reason): check AWS_ACCESS_KEY_ID"),
        (400, "ExpiredToken", "fails with ExpiredToken"),
        (503, "SlowDown", "fails with SlowDown"),
    ],
)
def test_a_refusal_names_its_code_and_repeats_nothing_of_the_answer(
    answering: Callable[[int, str], DocumentStore], status: int, code: str, said: str
) -> None:
    store = answering(status, f"<Error><Code>{code}</Code><StringToSign>{{headers}}</StringToSign></Error>")
    for caught in every_question(store):
        assert said in without_secrets(caught)


@pytest.mark.parametrize("status", [404, 200])
def test_a_web_page_in_the_storages_place_is_no_answer(
    answering: Callable[[int, str], DocumentStore], status: int
) -> None:
    store = answering(status, "<html>Selamat datang</html>")
    with pytest.raises(UnavailableError) as caught:
        store.get(sha256(b"izin"))
    assert not isinstance(caught.value, MissingError)
    with pytest.raises(UnavailableError):
        store.put(b"izin")


def test_the_environment_does_not_send_documents_elsewhere(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_BUCKET", "lain")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    store = object_storage(s3, prefix="lingkungan")
    assert store.get(store.put(b"izin")) == b"izin"
    there = httpx.get(f"{s3}/{BUCKET}/lingkungan/{name_of(sha256(b'izin'))}", headers=SIGNED)
    assert there.content == b"izin"


def test_a_home_configured_for_object_storage_keeps_its_documents_there(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    root = tmp_path / "home"
    Home.create(root, mode="production", office=b"", host="izin.example.go.id")
    configuration = root / "absah.toml"
    table = f'kind = "s3"\nbucket = "{BUCKET}"\nprefix = "rumah"\nendpoint = "{s3}"\nallow_http = true\n'
    configuration.write_text(configuration.read_text().replace('kind = "local"\n', table))
    key = Home.open(root).documents().put(b"izin")
    assert Home.open(root).documents().get(key) == b"izin"
    assert httpx.get(f"{s3}/{BUCKET}/rumah/{name_of(key)}", headers=SIGNED).content == b"izin"
    assert list((root / "documents").iterdir()) == []
