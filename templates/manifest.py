"""`pack.toml`: everything about a permit type that is neither its data model nor its page.

Texts are templates over the decision (`templates.texts`); "paths" name a field of its public part ("validity.until").
"""

import pathlib
import tomllib
from typing import Annotated, Self

import pydantic

from registry.formats.errors import UnavailableError
from registry.formats.record import Kind
from templates.dated import DatedTexts

Template = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Name = Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Path = Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,7}$")]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Numbers(_Strict):
    """Which series numbers the document, and its classification code where the office profile names no other."""

    series: Name
    classification: Template


class Validity(_Strict):
    """Where the decision says the last day on which it holds; nowhere: it has no end."""

    until: Path | None = None


class Rows(_Strict):
    """A table of the page that has one row for each item of the list `of`.

    A row's fields are named by it and its number from 1 ("unit1.engine"); their texts see the item under its name.
    """

    of: Path
    fields: dict[Name, Template] = pydantic.Field(min_length=1)


class Block(_Strict):
    """A part of the page that stands only where the decision has the part `where`."""

    where: Path
    fields: dict[Name, Template] = pydantic.Field(min_length=1)


class Objects(_Strict):
    """The single things that are permitted, each by what tells it from every other; none may be permitted twice."""

    rows: Name
    texts: tuple[Template, ...] = pydantic.Field(min_length=1)


class Index(_Strict):
    """What the office finds a document by, besides its number.

    `received`: the day on which the complete application was received, the day before the promised working days begin.
    """

    holder: Template
    received: Path
    objects: Objects | None = None


class Statement(_Strict):
    """What the QR statement says in words: holder (individuals masked) and one line on the subject."""

    holder: Template
    subject: Template


class Disclosed(_Strict):
    """One line of the public page, in Indonesian; the pack's catalogue has the English of label and text."""

    id: Name
    label: Template
    value: Template


class Manifest(_Strict):
    """A pack's `pack.toml`.

    `title` is what the document is called, `subject` what stands after TENTANG where its kind has that. `common` is
    the version of the shared page parts (templates/common/) it was made with. `legal_basis` and `conditions` are lists
    of dated texts; an entry with `office = true` in the former stands for the regulations of the office itself.
    """

    title: Template
    subject: Template | None = None
    kind: Kind
    common: Name
    number: Numbers
    validity: Validity = Validity()
    index: Index
    statement: Statement
    fields: dict[Name, Template] = pydantic.Field(min_length=1)
    rows: dict[Name, Rows] = {}
    blocks: dict[Name, Block] = {}
    public: tuple[Disclosed, ...] = pydantic.Field(min_length=3)
    legal_basis: DatedTexts
    conditions: DatedTexts = DatedTexts(())

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """From a TOML file. Raises `UnavailableError`, naming each wrong setting, for a file that is none."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except pydantic.ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'pack'}: {e['msg']}" for e in error.errors())
            raise UnavailableError(f"the pack {path.parent} cannot be used: {wrong}") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(f"the pack {path.parent} cannot be read: {error}") from error
