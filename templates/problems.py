"""What is wrong with a decision, told to the officer who entered it."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from registry.formats.language import translations

Severity = Literal["error", "warning"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: a warning lets the decision pass, an error does not.

    `field` is the place in the file ("public.units[0].power_kw"), `label` the field's name on the form in
    Indonesian, `code` stable. `template` is the Indonesian sentence with the names of `params` in braces.
    """

    severity: Severity
    field: str
    label: str
    code: str
    template: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in Indonesian: the field's label, what is wrong with the value, the remedy."""
        return self.template.format_map({"label": self.label, **self.params})

    def text(self, language: str) -> str:
        """The sentence in one of the two languages."""
        gettext = translations("templates", language).gettext
        return gettext(self.template).format_map({"label": gettext(self.label), **self.params})
