"""The one-line texts that a pack composes from its data: small templates over the decision, never over markup.

A value that happens to look like a template is text like any other: templates come from the pack alone.
"""

import datetime
import enum
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from templates import fonts, wording

NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"
_SPACE: Final = re.compile(r"[ \t\r\n]+")
# "Nomor {{ number }}": a word that leads to a value stays with it. Values themselves are left as they are.
_LEADS: Final = re.compile(r"\b(Nomor|NOMOR|Pasal|ke) +(?=\{\{)")

Translate = Callable[[str], str]
Labels = Mapping[type[enum.StrEnum], Mapping[Any, str]]


class Texts:
    """Turns a pack's text templates into text, in one language.

    `bound`: for a page, where a number does not part from its unit nor a day from its month at a line's end.
    Filters: `date`, `number`, `quantity("kW")`, `counted("unit")` (5 (lima) unit), `spelled` (lima), `label` (a code's
    word), `capitals`.
    """

    def __init__(self, *, language: str, translate: Translate, labels: Labels, bound: bool) -> None:
        self._language = language
        self._translate = translate
        self._labels = labels
        self._bound = bound
        self._environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=jinja2.StrictUndefined)
        self._environment.filters |= {
            "date": self._date,
            "number": self._number,
            "quantity": self._quantity,
            "counted": self._counted,
            "spelled": wording.spelled,
            "label": self._label,
            "capitals": _capitals,
        }
        self._kept: dict[str, jinja2.Template] = {}

    def text(self, template: str, values: Mapping[str, object]) -> str:
        """The template's text with `values`; runs of white space become one space.

        Raises `jinja2.TemplateError` for a template that asks for what is not there: the pack is wrong.
        """
        if template not in self._kept:
            source = _SPACE.sub(" ", self._translate(template))
            if self._bound:
                source = _LEADS.sub(rf"\1{NO_BREAK_SPACE}", source)
            self._kept[template] = self._environment.from_string(source)
        return _SPACE.sub(" ", self._kept[template].render(values)).strip(" ")

    def _tied(self, text: str) -> str:
        return text.replace(" ", NO_BREAK_SPACE) if self._bound else text

    def _date(self, day: datetime.date) -> str:
        return self._tied(wording.long_date(day, self._language))

    def _number(self, value: Decimal | int) -> str:
        return wording.number(value, self._language)

    def _quantity(self, value: Decimal | int, unit: str) -> str:
        return self._tied(f"{wording.number(value, self._language)} {unit}")

    def _counted(self, count: int, unit: str) -> str:
        return self._tied(wording.counted(count, unit))

    def _label(self, code: enum.StrEnum) -> str:
        return self._translate(self._labels[type(code)][code])


def _capitals(text: str) -> str:
    # A few letters have no capital of their own (ẖ becomes two marks), or one that no typeface of ours has.
    return "".join(letter if fonts.foreign_letters(letter.upper()) else letter.upper() for letter in text)
