"""Refusals that officers read: an Indonesian sentence with gaps, said in either language once its reader is known.

Apart from `errors`, because whatever parses hostile bytes loads those, and needs neither catalogues nor calendars.
"""

import dataclasses
import datetime
import enum
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from babel.lists import format_list

from registry.formats.dates import day_text, moment_text
from registry.formats.errors import AbsahError, DocumentError, UnavailableError
from registry.formats.language import N_, translations
from registry.formats.logentry import Event
from registry.formats.record import Kind, Status


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A word or name of a field that stands in the catalogue, in Indonesian."""

    text: str


# What a sentence holds in its gaps. Dates, words and other refusals are said in the reader's language, a tuple as a
# choice between its parts. Text and whole numbers stand as they are: what was typed, a name, a year.
Value = str | int | datetime.date | enum.Enum | Word | AbsahError | tuple[str | enum.Enum | Word, ...]

_WORDS: Final[Mapping[enum.Enum, str]] = {
    Status.IN_FORCE: N_("berlaku"),
    Status.SUSPENDED: N_("dibekukan"),
    Status.REVOKED: N_("dicabut"),
    Status.ANNULLED: N_("dibatalkan"),
    Status.SUPERSEDED: N_("diganti"),
    Event.SUSPEND: N_("dibekukan"),
    Event.REINSTATE: N_("diberlakukan kembali"),
    Event.REVOKE: N_("dicabut"),
    Event.ANNUL: N_("dibatalkan"),
    Event.SUPERSEDE: N_("diganti"),
    Event.CORRECT: N_("diralat"),
    Kind.PERMIT: N_("izin"),
    Kind.DECREE: N_("keputusan"),
    Kind.LETTER: N_("surat keterangan"),
}


class _SentenceError(AbsahError):
    """A sentence and what stands in its gaps.

    `template` is Indonesian and names `params` in braces; its translation stands in the catalogue of the package
    `catalogue`. `str()` is the English sentence with dates as ISO 8601 writes them, for logs and developers.
    """

    catalogue: ClassVar[str] = "registry"

    def __init__(self, template: str, /, **params: Value) -> None:
        super().__init__(template)
        self.template = template
        self.params = params

    def text(self, language: str, zone: datetime.tzinfo | None = None) -> str:
        """The sentence in one of `registry.formats.language.LANGUAGES`, its instants on the clock of `zone`.

        Without `zone` they stand on the clock with which they came.
        """
        return self._filled(language, lambda value, _: _written(value, language, zone, _))

    def __str__(self) -> str:
        return self._filled("en", _logged)

    def _filled(self, language: str, written: Callable[[Value, Callable[[str], str]], str]) -> str:
        gettext = translations(self.catalogue, language).gettext
        template = gettext(self.template)
        said = template.format_map(_Gaps({name: written(value, gettext) for name, value in self.params.items()}))
        # A word of ours that begins the sentence begins it with a capital; what someone typed stays as it is.
        begins = template.startswith("{") and self.params.get(template[1:].partition("}")[0])
        return said[:1].upper() + said[1:] if isinstance(begins, Kind) else said


class SpokenError(_SentenceError, DocumentError):
    """What an officer handed in is refused, in a sentence for that officer."""


class SpokenUnavailableError(_SentenceError, UnavailableError):
    """What the process stands on refuses, in a sentence for the officer who meets it."""


class _Gaps(dict[str, str]):
    """A gap that nothing was given for stays visible: a refusal must be said even where its sentence is wrong."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def word(value: enum.Enum, language: str) -> str:
    """What a state, a change or a kind of document is called, as it stands inside a sentence."""
    return translations("registry", language).gettext(_WORDS[value])


def _written(value: Value, language: str, zone: datetime.tzinfo | None, gettext: Callable[[str], str]) -> str:
    match value:
        case AbsahError():
            return value.text(language, zone)
        case datetime.datetime():
            try:
                return moment_text(value, zone or value.tzinfo or datetime.UTC, language)
            except (OverflowError, ValueError):  # at the ends of the calendar another zone's day does not exist
                return value.isoformat()
        case datetime.date():
            return day_text(value, language)
        case tuple():
            parts = [_written(part, language, zone, gettext) for part in value]
            return format_list(parts, style="or", locale=language)
        case _:
            return _named(value, gettext)


def _logged(value: Value, gettext: Callable[[str], str]) -> str:
    match value:
        case datetime.date():
            return value.isoformat()
        case tuple():
            return " or ".join(_logged(part, gettext) for part in value)
        case _:
            return _named(value, gettext)


def _named(value: Value, gettext: Callable[[str], str]) -> str:
    if isinstance(value, Word):
        return gettext(value.text)
    if isinstance(value, enum.Enum) and value in _WORDS:
        return gettext(_WORDS[value])
    return str(value)
