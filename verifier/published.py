"""Files of the public folder as the web door gives them: trust anchors, log, status lists, schemas; nothing else.

Any web server may serve the same folder. What this one adds is their types, how long each may be kept (C2SP
tlog-tiles), and that pages of other origins may read log and status lists to check them. A file is named by one strict
pattern before the disk is asked, and read whole before it is sent: it may be replaced or dropped at any moment.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.formats import statuslist, tiles

_WELL_KNOWN: Final = Path(".well-known") / "absah"
_LOG: Final = Path("log")
_STATUS: Final = Path("status")
_SCHEMA: Final = Path("schema")

_TRUST_FILE: Final = re.compile(r"(?:roots\.pem|statement-keys\.json|log\.vkey|[a-z0-9-]{1,64}\.crl)", re.ASCII)
_STATUS_FILE: Final = re.compile(r"(?:0|[1-9][0-9]{0,9})\.cwt", re.ASCII)
_SCHEMA_FILE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}-v[1-9][0-9]{0,3}\.json", re.ASCII)
_SCHEMA_TYPE: Final = "application/schema+json"
_CHECKPOINT: Final = "checkpoint"

_TEXT: Final = "text/plain; charset=utf-8"
_TRUST_TYPES: Final[Mapping[str, str]] = {
    ".pem": "application/x-pem-file",
    ".json": "application/json",
    ".vkey": _TEXT,
    ".crl": "application/pkix-crl",
}
_TILE_TYPE: Final = "application/octet-stream"

_FOR_MINUTES: Final = "public, max-age=300"
# The checkpoint is what moves the log on; a status list may have been made anew because of a revocation.
_FOR_A_MOMENT: Final = "public, max-age=2"
_FOR_A_MINUTE: Final = "public, max-age=60"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_EVERYONE: Final[Mapping[str, str]] = {"Access-Control-Allow-Origin": "*"}


class PublishedFiles:
    """Serves `folder`, the public one of a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def routes(self) -> list[Route]:
        """The addresses of everything that is given."""
        return [
            Route("/.well-known/absah/{name}", self._trust, methods=["GET"]),
            Route("/log/{path:path}", self._log, methods=["GET"]),
            Route("/status/{name}", self._status, methods=["GET"]),
            Route("/schema/{name}", self._schema, methods=["GET"]),
        ]

    async def _trust(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not _TRUST_FILE.fullmatch(name):
            raise HTTPException(404)
        path = _WELL_KNOWN / name
        return await self._file(path, media_type=_TRUST_TYPES[path.suffix], keep=_FOR_MINUTES, headers={})

    async def _log(self, request: Request) -> Response:
        """A partial tile that was dropped for the full one is not there any more; clients fall back to that one."""
        path = request.path_params["path"]
        if path == _CHECKPOINT:
            return await self._file(_LOG / path, media_type=_TEXT, keep=_FOR_A_MOMENT, headers=_EVERYONE)
        try:
            tile = tiles.parse_path(path)
        except tiles.TileError as error:
            raise HTTPException(404, headers=_EVERYONE) from error
        return await self._file(_LOG / tile.path, media_type=_TILE_TYPE, keep=_FOR_EVER, headers=_EVERYONE)

    async def _status(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not _STATUS_FILE.fullmatch(name):
            raise HTTPException(404, headers=_EVERYONE)
        return await self._file(_STATUS / name, media_type=statuslist.MEDIA_TYPE, keep=_FOR_A_MINUTE, headers=_EVERYONE)

    async def _schema(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not _SCHEMA_FILE.fullmatch(name):
            raise HTTPException(404, headers=_EVERYONE)
        return await self._file(_SCHEMA / name, media_type=_SCHEMA_TYPE, keep=_FOR_MINUTES, headers=_EVERYONE)

    async def _file(self, path: Path, *, media_type: str, keep: str, headers: Mapping[str, str]) -> Response:
        try:
            data = await anyio.to_thread.run_sync((self._folder / path).read_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise HTTPException(404, headers=headers) from error
        except OSError as error:
            raise HTTPException(503, headers=headers) from error
        return Response(data, headers={**headers, "Content-Type": media_type, "Cache-Control": keep})
