"""What the renderer is asked for a document: the keyword arguments of `Renderer.signature`, `.render` and `.again`.

One place for all who ask: issue, a batch that is prepared, a page that is made once more, a draft.
"""

import datetime
from collections.abc import Mapping
from typing import Any, Final, TypedDict

from registry.formats import canonical, statement
from registry.formats.record import MandateRecord
from registry.instruments import Instrument
from templates.office import OfficeProfile
from templates.pack import Pack

# Of a page that has no number yet; it is never given.
NO_NUMBER: Final = 0
# The mark of what a made-up authority signs, on every page.
SIMULATION: Final = "SIMULASI"


class Page(TypedDict):
    """What tells where everything stands, and how many lines each value takes (`Renderer.signature`)."""

    shape: Mapping[str, Any]
    fields: Mapping[str, str]
    host: str
    number: str


class Document(Page):
    """A page with all that its file holds (`Renderer.render`, `Renderer.again`)."""

    link: str
    attachment: bytes
    created: datetime.datetime


def page(instrument: Instrument, public: Mapping[str, object], *, pack: Pack, office: OfficeProfile, host: str) -> Page:
    """The page of an instrument, as it was frozen; `public` is that part of its decision."""
    return Page(
        shape=instrument.shape,
        fields=pack.fields(
            public,
            office=office,
            number=instrument.number,
            date_of_issue=instrument.date_of_issue,
            valid_until=instrument.valid_until,
        ),
        host=host,
        number=instrument.number,
    )


def document(
    instrument: Instrument, public: Mapping[str, object], *, pack: Pack, office: OfficeProfile, host: str
) -> Document:
    """The unsigned document of an instrument, as it was frozen. The same arguments ask for the same bytes."""
    return Document(
        **page(instrument, public, pack=pack, office=office, host=host),
        link=statement.link(host, instrument.statement),
        attachment=canonical.dump(dict(public)),
        created=instrument.frozen_at,
    )


def draft(
    public: Mapping[str, object],
    *,
    pack: Pack,
    office: OfficeProfile,
    host: str,
    mandate: MandateRecord,
    day: datetime.date,
    valid_until: datetime.date | None,
    mark: str,
) -> Page:
    """The page of a decision as if it were issued on `day`, before it has a number.

    Raises `DocumentError` where no legal basis is known for that day.
    """
    number = pack.number(NO_NUMBER, day, office=office)
    return Page(
        shape=pack.shape(public, office=office, mandate=mandate, date_of_issue=day, mark=mark),
        fields=pack.fields(public, office=office, number=number, date_of_issue=day, valid_until=valid_until),
        host=host,
        number=number,
    )
