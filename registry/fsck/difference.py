"""What `fsck` finds: a stable code, where, and the particulars that its sentence needs."""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import sqlalchemy as sa

from registry.formats.errors import DocumentError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `place` names the row, file or entry; `detail` the rest, without anybody's data."""

    code: str
    place: str
    detail: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        particulars = ", ".join(f"{name} {value}" for name, value in self.detail.items())
        return f"{self.code}: {self.place}" + (f" ({particulars})" if particulars else "")


class Store(Protocol):
    """The file store, as far as it is checked."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError` if they are missing or damaged."""


# What a row raises that no honest program wrote: a moment that is none, an unknown mode, text where a number belongs.
UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, DocumentError, sa.exc.StatementError)
_FETCHED: Final = 512
CLOCK_TOLERANCE: Final = datetime.timedelta(minutes=10)
# How long the public may still see what held before: the publisher looks about once a second.
UNDER_WAY: Final = datetime.timedelta(minutes=5)


def is_recent(recorded: datetime.datetime, now: datetime.datetime) -> bool:
    """Whether what was recorded then may still be on its way to the public."""
    return now - UNDER_WAY <= recorded <= now + CLOCK_TOLERANCE


def stream(tx: sa.Connection, query: sa.Executable) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The rows of a query, a few at a time; its cursor is closed however the walk ends."""
    result = tx.execute(query, execution_options={"yield_per": _FETCHED})
    try:
        yield from result
    finally:
        result.close()


def readable(part: str, found: Iterator[Difference]) -> Iterator[Difference]:
    """The same differences; where a row cannot even be read, one that says so ends them."""
    try:
        yield from found
    except UNREADABLE as error:
        yield Difference(code="row_unreadable", place=part, detail={"why": str(error).partition("\n")[0][:200]})
