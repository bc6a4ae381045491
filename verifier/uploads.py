"""Reading an upload without trusting anything it says about itself: bounded while it streams, kept in memory only."""

import asyncio
import dataclasses
import datetime
import urllib.parse
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from registry.formats.errors import DocumentError
from verifier.findings import FileKind, sniff

FILE_FIELD: Final = "berkas"
DATE_FIELD: Final = "tanggal"
ACCEPTED_TYPES: Final = ("application/pdf", "image/jpeg", "image/png", "image/webp")

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 4
_MAX_FIELD_BYTES: Final = 1024
_FRAMING_BYTES: Final = 16 * 1024  # boundaries, part headers and the small fields around one file


class UploadError(DocumentError):
    """The upload cannot be read; `code` is stable and says why, `status` is HTTP's.

    `typed_day` is what stood in the date field, so that nobody types it twice.
    """

    def __init__(self, code: str, status: int, typed_day: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.typed_day = typed_day


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file as sent. `name` is what the sender calls it; `on` the day asked about."""

    data: bytes
    name: str
    on: datetime.date | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The slowest that anyone may send: `least_bytes` in every `seconds`, or the rest if that is less."""

    seconds: float
    least_bytes: int


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which would put files over 1 MB on disk: a permit of someone has no business there."""

    def __init__(self, request: Request, stream: AsyncGenerator[bytes, None], *, memory: int) -> None:
        super().__init__(request.headers, stream, max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES)
        self.spool_max_size = memory


async def read_upload(
    request: Request, *, max_bytes: int, discard_bytes: int, pace: Pace, hold: Callable[[int], None]
) -> Upload:
    """The file of a multipart form, or a PDF or image that is itself the body.

    Up to `discard_bytes` of an upload that is too large are read and dropped, because a browser that is cut off
    while sending shows a broken connection and never the page that says why. `hold` is told how many bytes are
    kept, and may refuse them by its own error.

    Raises `UploadError` with "no_file", "too_large", "wrong_kind", "malformed", "slow" or "bad_date".
    """
    if _declared_bytes(request) > discard_bytes:
        raise UploadError("too_large", 413)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = max_bytes + _FRAMING_BYTES
    body = _paced(request.stream(), pace)
    async with aclosing(body), aclosing(_bounded(body, limit=limit, discard=discard_bytes, hold=hold)) as stream:
        if media_type == "multipart/form-data":
            upload = await _from_form(request, stream, memory=limit)
        elif media_type in ACCEPTED_TYPES:
            data = b"".join([chunk async for chunk in stream])
            upload = Upload(data=data, name="", on=parse_day(request.query_params.get(DATE_FIELD, "")))
        else:
            async for _ in stream:
                pass
            raise UploadError("wrong_kind" if media_type else "no_file", 415 if media_type else 400)
    typed_day = upload.on.isoformat() if upload.on else ""
    if not upload.data:
        raise UploadError("no_file", 400, typed_day)
    if len(upload.data) > max_bytes:
        raise UploadError("too_large", 413, typed_day)
    if sniff(upload.data) is FileKind.OTHER:
        raise UploadError("wrong_kind", 415, typed_day)
    return upload


async def read_day(request: Request, *, pace: Pace) -> datetime.date | None:
    """The day of the small form beside a permit, None if it was left empty.

    Raises `UploadError` with "malformed", "slow" or "bad_date".
    """
    media_type = request.headers.get("content-type", _FORM_TYPE).partition(";")[0].strip().lower()
    if media_type != _FORM_TYPE:
        raise UploadError("malformed", 415)
    body = b""
    async with aclosing(_paced(request.stream(), pace)) as stream:
        async for chunk in stream:
            body += chunk
            if len(body) > _MAX_FIELD_BYTES:
                raise UploadError("malformed", 413)
    fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
    return parse_day(fields.get(DATE_FIELD, [""])[0])


def parse_day(text: str) -> datetime.date | None:
    """The day of a form's date field, None if it was left empty. Raises `UploadError` "bad_date"."""
    text = text.strip()
    if not text:
        return None
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError as error:
        raise UploadError("bad_date", 400, text[:10]) from error


def _declared_bytes(request: Request) -> int:
    """What Content-Length says, which may be a lie either way; 0 where it says nothing."""
    text = request.headers.get("content-length", "")
    return int(text[:18]) if text.isascii() and text.isdigit() else 0


async def _paced(stream: AsyncIterator[bytes], pace: Pace) -> AsyncGenerator[bytes, None]:
    """What arrives, as long as it arrives. Raises `UploadError` "slow"."""
    clock = asyncio.get_running_loop().time
    received, deadline = 0, clock() + pace.seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise UploadError("slow", 408) from error
        if chunk is None:
            return
        received += len(chunk)
        if received >= pace.least_bytes:
            received, deadline = 0, clock() + pace.seconds
        yield chunk


async def _bounded(
    stream: AsyncIterator[bytes], *, limit: int, discard: int, hold: Callable[[int], None]
) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in stream:
        total += len(chunk)
        if total <= limit:
            hold(len(chunk))
            yield chunk
        elif total > discard:
            break
    if total > limit:
        raise UploadError("too_large", 413)


async def _from_form(request: Request, stream: AsyncGenerator[bytes, None], *, memory: int) -> Upload:
    try:
        form = await _InMemoryParser(request, stream, memory=memory).parse()
    except (MultiPartException, ValueError, AssertionError) as error:
        # Starlette promises MultiPartException; a hostile charset or boundary reaches codecs and asserts behind it.
        raise UploadError("malformed", 400) from error
    try:
        file, day = form.get(FILE_FIELD), form.get(DATE_FIELD, "")
        if not isinstance(day, str):
            raise UploadError("bad_date", 400)
        on = parse_day(day)
        if not isinstance(file, UploadFile):
            return Upload(data=b"", name="", on=on)
        return Upload(data=await file.read(), name=file.filename or "", on=on)
    finally:
        await form.close()
