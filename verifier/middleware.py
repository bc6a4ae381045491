"""What surrounds every request: headers that forbid what the pages never need, and a log that keeps no paths.

A path under /v/ is a whole permit statement, names included: it stands in no log line, and neither does the
message of an unexpected error, which could quote it.
"""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

_log = logging.getLogger("absah.access")


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to every response, and forbids storing any that does not say how it may be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI 3)."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class AccessLog:
    """Logs method, route template, status and duration, and answers an unexpected error with a plain 500.

    The template ("/v/{digits}") comes from the router; what no route answers is logged as "-".
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._clock(), 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except ClientDisconnect:
            pass  # status 0: they left before an answer
        except Exception as error:  # the last one who can keep the message out of the log
            frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
            _log.error("%s in %s\n%s", type(error).__name__, _template(scope), frames)
            if not status:
                await PlainTextResponse("500", status_code=500)(scope, receive, note_status)
        finally:
            duration = round((self._clock() - began) * 1000)
            _log.info("%s %s %d %d ms", _method(scope), _template(scope), status, duration)


def _method(scope: Scope) -> str:
    # The method is the sender's text too; only the known ones are repeated.
    return scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "OTHER"


def _template(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "-")
