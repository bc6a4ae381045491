"""Texts that are in force from one day until another: legal basis, conditions, regulations. Data, never code."""

import datetime
from typing import Annotated, Any

import pydantic


def _one_run(text: Any) -> Any:
    return " ".join(text.split()) if isinstance(text, str) else text


class DatedText(pydantic.BaseModel):
    """One text; `until` is its last day in force, None while it has no end.

    `types`: the permit types that it is for, all where it names none. `office`: stands for the texts of the office
    itself, at this place of the list; then it has no text of its own.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: str = pydantic.Field(pattern=r"^[a-z0-9-]{1,60}$")
    text: Annotated[str, pydantic.StringConstraints(max_length=2_000), pydantic.BeforeValidator(_one_run)] = ""
    valid_from: datetime.date = pydantic.Field(alias="from", default=datetime.date.min)
    until: datetime.date | None = None
    types: tuple[str, ...] = ()
    office: bool = False

    @pydantic.model_validator(mode="after")
    def _says_something(self) -> "DatedText":
        if self.office is bool(self.text):
            raise ValueError("either a text, or office = true")
        if self.text and "valid_from" not in self.model_fields_set:
            raise ValueError("the first day on which it is in force is missing: from")
        if self.until is not None and self.until < self.valid_from:
            raise ValueError("its last day comes before its first")
        return self

    def in_force(self, day: datetime.date, type_: str) -> bool:
        """Whether the text is in force on `day`, and meant for this permit type."""
        within = self.valid_from <= day and (self.until is None or day <= self.until)
        return within and (not self.types or type_ in self.types)


class DatedTexts(pydantic.RootModel[tuple[DatedText, ...]]):
    """An ordered list of dated texts."""

    model_config = pydantic.ConfigDict(frozen=True)

    def in_force(self, day: datetime.date, *, type_: str, office: "DatedTexts | None" = None) -> tuple[str, ...]:
        """The texts in force on `day`, in their order; `office` fills the place that is kept for it."""
        found: list[str] = []
        for item in self.root:
            if item.office:
                found += office.in_force(day, type_=type_) if office is not None else ()
            elif item.in_force(day, type_):
                found.append(item.text)
        return tuple(found)
