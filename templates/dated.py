"""Texts that are in force from one day until another: legal basis, conditions. Data, never code."""

import dataclasses
import datetime
import pathlib
import tomllib
from typing import Self

from registry.formats.errors import UnavailableError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatedText:
    """One text; `until` is its last day in force, None while it has no end."""

    id: str
    text: str
    valid_from: datetime.date
    until: datetime.date | None

    def in_force(self, day: datetime.date) -> bool:
        """Whether the text is in force on `day`."""
        return self.valid_from <= day and (self.until is None or day <= self.until)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatedTexts:
    """An ordered list of dated texts."""

    items: tuple[DatedText, ...]

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """From a TOML file with `[[text]]` tables. Raises `UnavailableError` for any other file."""
        try:
            content = tomllib.loads(path.read_text("utf-8"))
            items = tuple(
                DatedText(
                    id=item["id"],
                    text=" ".join(item["text"].split()),
                    valid_from=item["from"],
                    until=item.get("until"),
                )
                for item in content["text"]
            )
            return cls(items=items)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnavailableError(f"{path.name} is not a list of dated texts: {error!r}") from error

    def in_force(self, day: datetime.date) -> tuple[str, ...]:
        """The texts in force on `day`, in their order."""
        return tuple(item.text for item in self.items if item.in_force(day))
