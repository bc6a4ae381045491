"""WeasyPrint held to what it is given: nothing fetched, nothing passed over in silence."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import weasyprint.urls

from registry.formats.errors import UnavailableError


class RefusedAddressError(weasyprint.urls.FatalURLFetchingError):  # type: ignore[misc]  # untyped base
    """An address that the page has no business with. Not an `Exception`: WeasyPrint swallows those."""


class Fetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # untyped base
    """Gives the files it was made with, and data addresses; stops the rendering for anything else."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
        self._files = files

    def fetch(self, url: str, headers: Any = None) -> Any:
        """The response for an address. Raises `RefusedAddressError`."""
        if url in self._files:
            return weasyprint.urls.URLFetcherResponse(url, self._files[url], {"Content-Type": "font/ttf"})
        if not url.startswith("data:"):
            raise RefusedAddressError(url[:100])
        return super().fetch(url, headers)


@contextlib.contextmanager
def strictly() -> Iterator[None]:
    """Turn a refused address, and whatever WeasyPrint would only log, into `UnavailableError`.

    A rule it does not know, a font or an image it could not load: the page would not be what it is meant to be.
    """
    complaints: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())  # type: ignore[method-assign]  # no class for one method
    logger = logging.getLogger("weasyprint")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            # WeasyPrint 70 leaves its colour profile's file to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            yield
    except RefusedAddressError as error:
        raise UnavailableError(f"the page asks for {error}, which is not its own") from error
    finally:
        logger.removeHandler(handler)
    if complaints:
        raise UnavailableError(f"the page cannot be laid out as it is meant: {complaints[0]}")
