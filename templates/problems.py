"""What is wrong with a decision, told to the officer who entered it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final, Literal

from registry.formats.language import SOURCE, translations

Severity = Literal["error", "warning"]
_OF_UNIT: Final = " unit {unit}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: a warning lets the decision pass, an error does not.

    `field` is the place in the file ("public.units[0].power_kw"), `title` the field's name on the form, `code`
    stable. `template` is the Indonesian sentence; it and `title` may name `params` in braces. "unit" among `params`
    is the number of the list item that the field stands in. `catalogue` is the package whose translations are meant.
    """

    severity: Severity
    field: str
    title: str
    code: str
    template: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    catalogue: str = "templates"

    @property
    def label(self) -> str:
        """The field's name on the form, in Indonesian, with the item's number: "Daya unit 1 (kW)"."""
        return self._label(translations(self.catalogue, SOURCE).gettext)

    @property
    def message(self) -> str:
        """The sentence in Indonesian: the field's label, what is wrong with the value, the remedy."""
        return self.text(SOURCE)

    def text(self, language: str) -> str:
        """The sentence in one of the two languages."""
        gettext = translations(self.catalogue, language).gettext
        return gettext(self.template).format_map({**self.params, "label": self._label(gettext)})

    def _label(self, gettext: Callable[[str], str]) -> str:
        label = gettext(self.title).format_map(self.params)
        if "unit" not in self.params or "{unit}" in self.title:
            return label
        name, bracket, rest = label.partition(" (")
        return name + gettext(_OF_UNIT).format_map(self.params) + bracket + rest
