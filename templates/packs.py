"""The permit types that this release can issue: what every pack offers, and which there are."""

import datetime
import pathlib
from collections.abc import Mapping
from typing import Final, Protocol

from registry.formats.errors import DocumentError
from registry.formats.record import MandateRecord, PublicField
from templates.decision import Checked
from templates.genset.v1.pack import GensetV1
from templates.office import OfficeProfile


class Pack(Protocol):
    """One permit type in one version: its data model, its texts and its page.

    `public` is the public part of a decision as `check` gave it, also with the name "private_commitment" that is
    added before it is stored.
    """

    @property
    def name(self) -> str:
        """Type and version ("genset/v1")."""

    @property
    def type(self) -> str:
        """The permit type ("genset")."""

    @property
    def title(self) -> str:
        """What the document is called, in Indonesian."""

    @property
    def folder(self) -> pathlib.Path:
        """Where the pack's page.html and page.css stand."""

    def check(self, value: object, *, today: datetime.date) -> Checked:
        """Read a decision's file, as `registry.formats.canonical.parse` gives it."""

    def json_schema(self) -> dict[str, object]:
        """JSON Schema (2020-12) of a decision's file."""

    def shape(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        mandate: MandateRecord,
        date_of_issue: datetime.date,
        simulation: bool,
    ) -> dict[str, object]:
        """Everything on the page that is not a value of this permit; JSON-able."""

    def fields(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
    ) -> dict[str, str]:
        """The values on the page, by the names under which the template places them."""

    def valid_until(self, public: Mapping[str, object], date_of_issue: datetime.date) -> datetime.date | None:
        """The last day on which the permit holds, None where it has no end."""

    def statement_names(self, public: Mapping[str, object]) -> tuple[str, str]:
        """Holder (individuals masked) and subject line for the QR statement."""

    def holder_name(self, public: Mapping[str, object]) -> str:
        """The holder's full name, for the office's own search; strangers are told the one of `statement_names`."""

    def received(self, public: Mapping[str, object]) -> datetime.date:
        """The day on which the complete application was received: the day before the promised working days begin."""

    def objects(self, public: Mapping[str, object]) -> tuple[str, ...]:
        """The single things that are permitted, by what tells each from every other; none may be permitted twice."""

    def public_view(
        self,
        public: Mapping[str, object],
        *,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
        mandate: MandateRecord,
    ) -> tuple[PublicField, ...]:
        """What a stranger may see, in the order and words of the printed page, in both languages."""

    def samples(self) -> list[pathlib.Path]:
        """Files of invented decisions."""


# Every version ever released, the latest of a type last: an older one renders its permits for ever.
_RELEASED: Final[Mapping[str, type[Pack]]] = {"genset/v1": GensetV1}
_LATEST: Final = {name.partition("/")[0]: name for name in _RELEASED}


def pack(type_: str) -> Pack:
    """The latest pack of a permit type. Raises `DocumentError` for a type that there is none for."""
    if type_ not in _LATEST:
        raise DocumentError(f"no permit type {type_!r}; there is: {', '.join(_LATEST)}")
    return named(_LATEST[type_])


def named(name: str) -> Pack:
    """The pack of this type and version ("genset/v1"). Raises `LookupError` for one that was never released."""
    if name not in _RELEASED:
        raise LookupError(f"no pack {name!r}")
    return _RELEASED[name]()


def packs() -> list[Pack]:
    """The latest pack of every permit type."""
    return [pack(type_) for type_ in _LATEST]
