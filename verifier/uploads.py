"""Reading an upload without trusting anything it says about itself: bounded while it streams, kept in memory only."""

import dataclasses
import datetime
from collections.abc import AsyncGenerator, AsyncIterator
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


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which would put files over 1 MB on disk: a permit of someone has no business there."""

    def __init__(self, request: Request, stream: AsyncGenerator[bytes, None], *, memory: int) -> None:
        super().__init__(request.headers, stream, max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES)
        self.spool_max_size = memory


async def read_upload(request: Request, *, max_bytes: int, discard_bytes: int) -> Upload:
    """The file of a multipart form, or a PDF or image that is itself the body.

    Up to `discard_bytes` of an upload that is too large are read and dropped, because a browser that is cut off
    while sending shows a broken connection and never the page that says why.

    Raises `UploadError` with "no_file", "too_large", "wrong_kind", "malformed" or "bad_date".
    """
    if _declared_bytes(request) > discard_bytes:
        raise UploadError("too_large", 413)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = max_bytes + _FRAMING_BYTES
    async with aclosing(_bounded(request.stream(), limit=limit, discard=discard_bytes)) as stream:
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


async def _bounded(stream: AsyncIterator[bytes], *, limit: int, discard: int) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in stream:
        total += len(chunk)
        if total <= limit:
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
