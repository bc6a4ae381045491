"""What is wrong with a decision, told to the officer who entered it."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, Literal

from registry.formats.language import SOURCE, translations
from templates import wording

Severity = Literal["error", "warning"]
# What a sentence holds in its gaps. Dates and numbers are written in the reader's language; a tuple holds titles of
# fields, which are translated. Text stands as it is: what was typed, a name, a year.
Value = str | Decimal | datetime.date | tuple[str, ...]
_OF_UNIT: Final = " unit {unit}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: a warning lets the decision pass, an error does not.

    `field` is the place in the file ("public.units[0].power_kw"), `title` the field's name on the form, `code`
    stable. `template` is the Indonesian sentence; it and `title` may name `params` in braces. "unit" among `params`
    is the number of the list item that the field stands in. `catalogue` is the package whose translations are meant,
    `title_catalogue` that of the title where it is another.
    """

    severity: Severity
    field: str
    title: str
    code: str
    template: str
    params: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    catalogue: str = "templates"
    title_catalogue: str | None = None

    @property
    def label(self) -> str:
        """The field's name on the form, in Indonesian, with the item's number: "Daya unit 1 (kW)"."""
        return self._label(SOURCE)

    @property
    def message(self) -> str:
        """The sentence in Indonesian: the field's label, what is wrong with the value, the remedy."""
        return self.text(SOURCE)

    def text(self, language: str) -> str:
        """The sentence in one of the two languages."""
        gettext = translations(self.catalogue, language).gettext
        params = {name: _written(value, language, gettext) for name, value in self.params.items()}
        return gettext(self.template).format_map({**params, "label": self._label(language)})

    def _label(self, language: str) -> str:
        gettext = translations(self.title_catalogue or self.catalogue, language).gettext
        label = gettext(self.title).format_map(self.params)
        if "unit" not in self.params or "{unit}" in self.title:
            return label
        name, bracket, rest = label.partition(" (")
        return name + gettext(_OF_UNIT).format_map(self.params) + bracket + rest


def _written(value: Value, language: str, gettext: Callable[[str], str]) -> str:
    match value:
        case str():
            return value
        case Decimal():
            return wording.number(value, language)
        case datetime.date():
            return wording.long_date(value, language)
        case titles:
            return ", ".join(map(gettext, titles))
