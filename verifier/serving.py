"""Running a web application by uvicorn, with a log that never holds a request's path."""

import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from registry.formats.errors import UnavailableError


class Nothing(logging.Filter):
    """Lets no record through."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # whatever it is
        """False."""
        return False


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"nothing": {"()": Nothing}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
    "loggers": {
        "absah": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # No more than INFO: at DEBUG and TRACE uvicorn writes whole requests.
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # Not only without handlers: whoever adds one, to the root or by name, must not get paths either.
        "uvicorn.access": {"handlers": [], "filters": ["nothing"], "propagate": False},
    },
}


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How every Absah server runs: no access log, no server header, no WebSockets, log level fixed."""
    return uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        log_config=LOGGING,
        log_level="info",
        ws="none",
        lifespan="on",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
    )


def serve(app: ASGIApp, host: str, port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Answer on `host` and `port` (0: any free one) until Ctrl-C or SIGTERM.

    `ready` is told the address ("http://127.0.0.1:8000") once the port is ours and before the first answer.
    Raises `UnavailableError` where the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise UnavailableError(f"cannot listen on {host} port {port}: {error}") from error
    with listener:
        if ready:
            name = f"[{host}]" if family is socket.AF_INET6 else host
            ready(f"http://{name}:{listener.getsockname()[1]}")
        # uvicorn ends in order on the first signal and then raises it again for whoever called.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(configuration(app)).run(sockets=[listener])
