"""Where an outside party reads a transparency log from: a web address, or a folder with a copy of its files.

Nothing that comes from here is believed: `verifier.logreader` checks every byte against a signed checkpoint.
"""

import errno
import http.client
import os
import stat
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Final, Protocol, cast

from registry.formats.errors import UnavailableError
from registry.formats.tiles import MAX_ENTRY_BYTES, TILE_WIDTH

MAX_FILE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)  # the largest entry bundle that the format can have
WAIT_SECONDS: Final = 30.0  # for a connection, and for its next bytes
FILE_SECONDS: Final = 120.0  # for one whole file

_CHUNK_BYTES: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib's way to say that a gzip header must stand first
_ABSENT: Final = frozenset({http.client.NOT_FOUND, http.client.GONE})


class MissingFileError(UnavailableError):
    """The log was reached and has no such file."""


class Source(Protocol):
    """The static files of one log."""

    def get(self, path: str) -> bytes:
        """The bytes of a file below the log's prefix, at most `MAX_FILE_BYTES`; `path` as the format spells it.

        Raises `MissingFileError` where there is none and `UnavailableError` where it cannot be read as it is.
        """


def source_of(place: str) -> Source:
    """The source at a web address (with ``://`` in it) or in a folder. Raises `UnavailableError`."""
    return HttpSource(place) if "://" in place else FolderSource(Path(place))


class FolderSource:
    """A log's files in a local folder. Only regular files are read, so that a copy from strangers cannot hang us."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str) -> bytes:
        """The bytes of a file in the folder; see `Source.get`."""
        full = self._folder / path
        try:
            # Without O_NONBLOCK the opening of a pipe would wait for its other end.
            with os.fdopen(os.open(full, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UnavailableError(f"{full} is no regular file")
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise MissingFileError(f"there is no {full}") from error
            raise UnavailableError(f"cannot read {full}: {error.strerror}") from error
        _check_size(len(data), str(full))
        return data


class HttpSource:
    """A log's files on a web server: https, or plain http on this very machine. Never follows to another server.

    Raises `UnavailableError` for an address that is none. `clock` counts seconds and never goes back.
    """

    def __init__(self, prefix: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        try:
            parts = urllib.parse.urlsplit(self._prefix)
            host, origin = parts.hostname or "", (parts.scheme, parts.hostname, parts.port)
        except ValueError as error:
            raise UnavailableError(f"{prefix} is no web address: {error}") from error
        local = _is_loopback(host)
        if not host or parts.scheme not in ("https", "http") or "@" in parts.netloc or parts.query or parts.fragment:
            raise UnavailableError(f"{prefix} is no address of a log: write it like https://HOST/log")
        if parts.scheme == "http" and not local:
            raise UnavailableError(f"{prefix}: only https is read from other machines")
        # On this machine no proxy is asked; elsewhere those of the environment are, as the network may need it.
        handlers: list[urllib.request.BaseHandler] = [_SameServer(origin)]
        if local:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str) -> bytes:
        """The bytes of a file on the server; see `Source.get`."""
        address = f"{self._prefix}/{path}"
        request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip, identity", "User-Agent": "absah"})  # noqa: S310  # http or https, see above
        try:
            with cast(http.client.HTTPResponse, self._opener.open(request, timeout=WAIT_SECONDS)) as response:
                if response.status != http.client.OK:
                    raise UnavailableError(f"{address}: the server answers {response.status}")
                data = self._read(response, address)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _ABSENT:
                raise MissingFileError(f"there is no {address}") from error
            raise UnavailableError(f"{address}: the server answers {error.code}") from error
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            # The server may have put words into it, and they must not steer a terminal.
            reason = str(getattr(error, "reason", None) or error).encode("unicode_escape").decode()
            raise UnavailableError(f"cannot read {address}: {reason}") from error
        return data

    def _read(self, response: http.client.HTTPResponse, address: str) -> bytes:
        end = self._clock() + FILE_SECONDS
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip"):
            raise UnavailableError(f"{address} comes as {coding}, which nobody asked for")
        unpack = zlib.decompressobj(_GZIP) if coding == "gzip" else None
        expected = response.length  # None for an answer in chunks, which tells its end in another way
        data, received = bytearray(), 0
        while (expected is None or received < expected) and (chunk := response.read1(_CHUNK_BYTES)):
            received += len(chunk)
            data += unpack.decompress(chunk, MAX_FILE_BYTES + 1 - len(data)) if unpack else chunk
            _check_size(max(received, len(data)), address)
            if self._clock() > end:
                raise UnavailableError(f"{address} takes longer than {FILE_SECONDS:.0f} seconds")
        if received < (expected or 0) or (unpack and not unpack.eof):
            raise UnavailableError(f"{address} broke off")
        return bytes(data)


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follows to another address of the same server alone."""

    def __init__(self, origin: tuple[str, str | None, int | None]) -> None:
        self._origin = origin

    def redirect_request(  # noqa: PLR0917  # the shape is urllib's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request. Raises `UnavailableError` where it would go elsewhere."""
        parts = urllib.parse.urlsplit(newurl)
        if (parts.scheme, parts.hostname, parts.port) != self._origin:
            fp.close()
            raise UnavailableError(f"{req.full_url} sends us to another server, {newurl}; give that address instead")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_size(size: int, name: str) -> None:
    if size > MAX_FILE_BYTES:
        raise UnavailableError(f"{name} has more than {MAX_FILE_BYTES} bytes")
