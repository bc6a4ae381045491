"""The public door's web pages: a form, a verdict for a link or a file, the registered PDF and the proof of its issue.

Every page is complete on arrival and needs no JavaScript; a program asks for the same with
``Accept: application/json``. A verdict is answered with 200 even where it is red: the request went well. So is that a
permit is not public yet: it is known why, and for how long. What could not be checked at all is 503, still with a page
that says so. A document that was destroyed is 410.
"""

import asyncio
import contextlib
import dataclasses
import datetime
import functools
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from registry.formats.errors import UnavailableError
from registry.formats.record import Kind, PermitRecord
from registry.formats.statement import to_digits
from registry.formats.tlogproof import SUFFIX as PROOF_SUFFIX
from registry.formats.verdict import Answer, Outcome, Subject, Verdict, VerdictName
from verifier import sentences
from verifier.checks import AWAITS_LOG
from verifier.middleware import AccessLog, SecurityHeaders
from verifier.negotiation import language, wants_json
from verifier.office import PublicOffice
from verifier.presenter import present, shown_record, shows_registered_statement
from verifier.published import PublishedFiles
from verifier.reasons import TROUBLES
from verifier.rendering import STATIC_FOLDER, Pages
from verifier.uploads import Pace, UploadError, read_day, read_upload
from verifier.workers import Arrivals, BusyError, SlowError, Workers

Sent = TypeVar("Sent")

_RETRY_SECONDS: Final = "30"
_PROOF_NAME: Final = f"bukti{PROOF_SUFFIX}"
_FILE_NAMES: Final = {Kind.PERMIT: "izin", Kind.DECREE: "keputusan", Kind.LETTER: "surat-keterangan"}

_LED_TO_REGISTERED: Final = frozenset(
    {VerdictName.COMPARE, VerdictName.RESAVED, VerdictName.PRINTOUT, VerdictName.ALTERED}
)

_alarm = logging.getLogger("absah.alarm")


class PermitVerifier(Protocol):
    """What the pages need of a verifier."""

    def verify(self, subject: bytes | str, *, now: datetime.datetime, on: datetime.date | None = None) -> Verdict:
        """The verdict on a file's bytes, or on a link or its digits."""


class Report(Protocol):
    """How a verdict is told to programs."""

    def __call__(self, verdict: Verdict, input: str, language: str, /) -> Mapping[str, object]:
        """The JSON object for one input."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    """Every limit of the pages, with its unit.

    `upload_bytes`: the largest file taken; `discard_bytes`: how much of a larger one is still read, to be able to
    say so. `readers` files are opened at once and `waiting_files` wait; `lookups` and `waiting_lookups` are the
    same for links, which need no reader; `verify_seconds` for a verdict. Before that, `arrivals` uploads may be on
    their way at once and hold `arriving_bytes` of memory together; each has `receive_seconds` to arrive, and is cut
    off when fewer than `stall_bytes` arrive in `stall_seconds`.
    `digits`: characters of a link that are looked at.
    """

    upload_bytes: int = 20 * 1024 * 1024
    discard_bytes: int = 100 * 1024 * 1024
    readers: int = 2
    waiting_files: int = 8
    lookups: int = 4
    waiting_lookups: int = 64
    arrivals: int = 64
    arriving_bytes: int = 256 * 1024 * 1024
    receive_seconds: float = 60
    stall_seconds: float = 5
    stall_bytes: int = 1024
    verify_seconds: float = 45
    digits: int = 2000


def application(
    *,
    verifier: PermitVerifier,
    documents: Callable[[bytes], bytes],
    proofs: Callable[[int], bytes | None],
    report: Report,
    office: PublicOffice,
    zone: ZoneInfo,
    clock: Callable[[], datetime.datetime],
    public_folder: Path,
    simulation: bool = False,
    limits: WebLimits = WebLimits(),
) -> Starlette:
    """The public pages.

    `documents` gives the registered bytes of a SHA-256, `proofs` the proof of the issue of a serial; `report` is the
    shape of ``verify --json``; `clock` the present instant (UTC). `public_folder` holds the trust anchors in
    ``.well-known/absah/``, and ``log/`` and ``status/``. `simulation` says on the first page that permits here are
    exercises.
    """
    pages = Pages(office=office, simulation=simulation, upload_bytes=limits.upload_bytes)
    door = _Door(
        verifier=verifier,
        documents=documents,
        proofs=proofs,
        report=report,
        zone=zone,
        clock=clock,
        limits=limits,
        pages=pages,
    )
    app = Starlette(
        routes=[
            Route("/", door.home, methods=["GET"]),
            Route("/", door.upload, methods=["POST"]),
            Route("/v/{digits}", door.permit, methods=["GET", "POST"]),
            Route("/v/{digits}/", door.permit, methods=["GET", "POST"]),
            Route("/v/{digits}/pdf", door.permit_pdf, methods=["GET"]),
            Route(f"/v/{{digits}}/{_PROOF_NAME}", door.permit_proof, methods=["GET"]),
            *PublishedFiles(public_folder).routes(),
            Route("/healthz", _health, methods=["GET"]),
            Mount("/static", _Static(directory=STATIC_FOLDER)),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(AccessLog)],
        exception_handlers={HTTPException: functools.partial(_http_error, pages)},
        lifespan=door.lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would repeat a statement in a header, for nothing
    return app


class _Static(StaticFiles):
    """Files of the package, whose address changes with their content."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


class _Door:
    def __init__(
        self,
        *,
        verifier: PermitVerifier,
        documents: Callable[[bytes], bytes],
        proofs: Callable[[int], bytes | None],
        report: Report,
        zone: ZoneInfo,
        clock: Callable[[], datetime.datetime],
        limits: WebLimits,
        pages: Pages,
    ) -> None:
        self._verifier = verifier
        self._documents = documents
        self._proofs = proofs
        self._report = report
        self._zone = zone
        self._clock = clock
        self._limits = limits
        self._pages = pages
        # Apart, so that slow files never keep someone with a QR code waiting.
        self._readers = Workers(
            threads=limits.readers,
            waiting=limits.waiting_files,
            seconds=limits.verify_seconds,
            name="reader",
        )
        self._lookups = Workers(
            threads=limits.lookups,
            waiting=limits.waiting_lookups,
            seconds=limits.verify_seconds,
            name="lookup",
        )
        self._arrivals = Arrivals(uploads=limits.arrivals, held_bytes=limits.arriving_bytes)
        self._pace = Pace(seconds=limits.stall_seconds, least_bytes=limits.stall_bytes)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self._readers.close()
        self._lookups.close()

    async def home(self, request: Request) -> Response:
        return self._pages.home(request)

    async def upload(self, request: Request) -> Response:
        try:
            upload = await self._receive(
                lambda hold: read_upload(
                    request,
                    max_bytes=self._limits.upload_bytes,
                    discard_bytes=self._limits.discard_bytes,
                    pace=self._pace,
                    hold=hold,
                )
            )
            verdict = await self._readers.run(
                lambda: self._verifier.verify(upload.data, now=self._clock(), on=upload.on)
            )
        except UploadError as error:
            return _cut_if_slow(self._pages.upload_error(request, error), error)
        except UnavailableError as error:
            return self._unavailable(request, error, Subject.FILE)
        sha256 = hashlib.sha256(upload.data).digest()
        _raise_alarm(verdict, sha256)
        return self._answer(request, verdict, shown_input=upload.name, sha256=sha256, name=upload.name)

    async def permit(self, request: Request) -> Response:
        # A day only from the form: in an address, a forger's code could bring along the day when a permit since
        # revoked was still in force.
        on, digits = None, self._digits(request)
        try:
            if request.method == "POST":
                on = await self._receive(lambda _: read_day(request, pace=self._pace))
            verdict = await self._look_up(digits, on=on)
        except UploadError as error:
            return _cut_if_slow(self._pages.error(request, error.code, error.status), error)
        except UnavailableError as error:
            return self._unavailable(request, error, Subject.STATEMENT)
        return self._answer(request, verdict, shown_input=digits, digits=digits)

    async def permit_pdf(self, request: Request) -> Response:
        digits = self._digits(request)
        try:
            verdict = await self._look_up(digits)
            record = entitled(verdict)
            if record is None or record.file_sha256 is None:
                return self._pages.error(request, _why_not(verdict), 404)
            if record.destroyed is not None:
                return self._pages.destroyed(request, record.destroyed, record.kind)
            data = await self._lookups.run(functools.partial(self._documents, record.file_sha256))
        except UnavailableError as error:
            return self._unavailable(request, error, Subject.STATEMENT)
        if hashlib.sha256(data).digest() != record.file_sha256:
            return self._unavailable(request, UnavailableError("damaged"), Subject.STATEMENT)
        return _attached(data, "application/pdf", file_name(record.number, kind=record.kind))

    async def permit_proof(self, request: Request) -> Response:
        digits = self._digits(request)
        try:
            verdict = await self._look_up(digits)
            record = entitled(verdict)
            proof = None if record is None else await self._lookups.run(functools.partial(self._proofs, record.serial))
        except UnavailableError as error:
            return self._unavailable(request, error, Subject.STATEMENT)
        if record is None or proof is None:
            return self._pages.error(request, _why_not(verdict), 404)
        return _attached(proof, "text/plain; charset=utf-8", file_name(record.number, PROOF_SUFFIX, kind=record.kind))

    def _digits(self, request: Request) -> str:
        # Longer than any statement: what was cut off cannot make it one.
        digits: str = request.path_params["digits"]
        return digits[: self._limits.digits]

    async def _receive(self, read: Callable[[Callable[[int], None]], Awaitable[Sent]]) -> Sent:
        with self._arrivals.place() as hold:
            try:
                async with asyncio.timeout(self._limits.receive_seconds):
                    return await read(hold)
            except TimeoutError as error:
                raise UploadError("slow", 408) from error

    async def _look_up(self, digits: str, on: datetime.date | None = None) -> Verdict:
        verdict = await self._lookups.run(lambda: self._verifier.verify(digits, now=self._clock(), on=on))
        _raise_alarm(verdict, hashlib.sha256(digits.encode("utf-8", "surrogatepass")).digest())
        return verdict

    def _unavailable(self, request: Request, error: UnavailableError, subject: Subject) -> Response:
        cause = {BusyError: "busy", SlowError: "timeout"}.get(type(error), "registry_unreachable")
        verdict = Verdict(
            subject=subject,
            name=VerdictName.UNCHECKED,
            simulation=False,
            checks=(),
            as_of=self._clock(),
            facts={"cause": cause},
        )
        return self._answer(request, verdict, shown_input="")

    def _answer(
        self,
        request: Request,
        verdict: Verdict,
        *,
        shown_input: str,
        digits: str | None = None,
        sha256: bytes | None = None,
        name: str = "",
    ) -> Response:
        status, headers = (503, {"Retry-After": _RETRY_SECONDS}) if in_trouble(verdict) else (200, {})
        spoken = language(request)
        if wants_json(request):
            body = self._report(verdict, shown_input, spoken)
            return JSONResponse(body, status, {**headers, "Vary": "Accept, Cookie"})
        view = present(verdict, language=spoken, zone=self._zone, file_sha256=sha256, file_name=name)
        address = f"/v/{digits}" if digits else None
        token = None if digits else proven_token(verdict)
        return self._pages.verdict(
            request,
            view,
            status=status,
            headers=headers,
            download=f"{address}/pdf" if address and downloadable(verdict) else None,
            proof=f"{address}/{_PROOF_NAME}" if address and entitled(verdict) else None,
            again=address if awaits_log(verdict) else None,
            registered=f"/v/{to_digits(token)}" if token else None,
            from_code=digits is not None,
            typed_day=verdict.on.isoformat() if verdict.on else "",
        )


def _cut_if_slow(response: Response, error: UploadError) -> Response:
    """The same, after which the connection of whoever does not get on with sending is closed."""
    if error.code == "slow":
        response.headers["Connection"] = "close"
    return response


def in_trouble(verdict: Verdict) -> bool:
    """Whether nothing is known because something of ours failed: worth asking again."""
    reasons = {check.reason for check in verdict.checks} | {verdict.facts.get("cause")}
    return verdict.name is VerdictName.UNCHECKED and bool(reasons & TROUBLES.keys())


def awaits_log(verdict: Verdict) -> bool:
    """Whether nothing is wanting but the log: worth asking again in a minute."""
    return verdict.name is VerdictName.UNCHECKED and verdict.facts.get("cause") == AWAITS_LOG


def downloadable(verdict: Verdict) -> PermitRecord | None:
    """The permit whose registered file whoever holds this statement may have, and the registry still has."""
    record = entitled(verdict)
    return record if record is not None and record.destroyed is None else None


def entitled(verdict: Verdict) -> PermitRecord | None:
    """The permit whose file and proof whoever holds this statement may have, else None.

    *Issued* passed means that the statement's signature holds, that it equals the registered one byte for byte, that
    the permit is issued and that the log says so. What was revoked later is still given: the page beside it says so.
    """
    record = shown_record(verdict)
    stands = verdict.subject is Subject.STATEMENT and verdict.answer(Answer.ISSUED) is Outcome.PASSED
    return record if stands and record is not None and record.file_sha256 is not None else None


def proven_token(verdict: Verdict) -> bytes | None:
    """The statement that whoever sent a file or photo has shown to hold, where its page says more than this one.

    Only where the code in the file equals the registered one: a bare file must not give away the way to others.
    """
    record = shown_record(verdict)
    if record is None or verdict.name not in _LED_TO_REGISTERED or not shows_registered_statement(verdict):
        return None
    return record.statement


def file_name(number: str, suffix: str = ".pdf", *, kind: Kind) -> str:
    """A file name from a document's kind and number, of characters that mean nothing to file systems or headers."""
    return f"{_FILE_NAMES[kind]}-{re.sub(r'[^A-Za-z0-9.]+', '-', number).strip('-.')[:100]}{suffix}"


def _attached(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, headers={"Content-Type": media_type, "Content-Disposition": f'attachment; filename="{name}"'})


def _why_not(verdict: Verdict) -> str:
    """Why whoever asked gets no file of this permit: a code of `verifier.rendering.PAGE_TROUBLES`."""
    return "not_public_yet" if awaits_log(verdict) else "no_document"


def _raise_alarm(verdict: Verdict, sha256: bytes) -> None:
    """One line for whoever watches: a key or the registry of this office was misused."""
    if not sentences.SPOKEN[verdict.name].alarm:
        return
    serial = verdict.facts.get("serial") or (str(verdict.record.serial) if verdict.record else None)
    if serial is not None and re.fullmatch(r"[0-9]{1,20}", serial):
        _alarm.warning("%s serial=%s", verdict.name, serial)
    else:
        _alarm.warning("%s sha256=%s", verdict.name, sha256.hex())


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _http_error(pages: Pages, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return pages.error(request, "not_found" if status == 404 else "not_possible", status, headers=headers)  # noqa: PLR2004  # HTTP
