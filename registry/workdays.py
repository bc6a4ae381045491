"""Working days of the office: Monday to Friday, without the days off of the joint decree (SKB) of the year.

Days off come from a table, a TOML file in which each year stands with its decree. For a year without one the library
`holidays` estimates: it cannot know the joint leave (cuti bersama) of a year before its decree, so whatever rests on
such a year says so.
"""

import dataclasses
import datetime
import enum
import functools
import pathlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import holidays
import holidays.version

from registry.formats.errors import UnavailableError

SHIPPED: Final = pathlib.Path(__file__).parent / "holidays.toml"
MAX_BYTES: Final = 1024 * 1024
_SATURDAY: Final = 5
_YEAR: Final = re.compile(r"(19|20|21)[0-9]{2}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_TEXT: Final = 400
_MAX_SHOWN: Final = 60
_COUNTRY: Final = "ID"
_LIBRARY: Final = f"holidays {holidays.version.__version__}"


class CalendarError(UnavailableError):
    """The table of days off cannot be used; the message names the file, the place in it and the remedy."""


class Kind(enum.StrEnum):
    """Why a day is off for the office."""

    NATIONAL = "national"
    JOINT = "joint"
    LOCAL = "local"


_CATEGORIES: Final = {Kind.NATIONAL: "public", Kind.JOINT: "government"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DayOff:
    """A day off: its name in Indonesian, in English where that is known, and the decree or library that says so."""

    day: datetime.date
    name: str
    english: str | None
    kind: Kind
    source: str
    estimated: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DecreedYear:
    """A year whose days off were decreed: each once, all of them of this year."""

    year: int
    decree: str
    days: tuple[DayOff, ...]

    def __post_init__(self) -> None:
        if len({one.day for one in self.days}) != len(self.days) or any(one.day.year != self.year for one in self.days):
            raise ValueError(f"the days off of {self.year} must all be of that year, and each stand once")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The day on which a number of working days has passed, and the years on the way whose decree is not known."""

    day: datetime.date
    estimated_years: tuple[int, ...]

    @property
    def estimated(self) -> bool:
        """Whether the day may still move, because it rests on a year without a decree."""
        return bool(self.estimated_years)


class Calendar:
    """The working days of one office."""

    def __init__(self, *, decreed: Iterable[DecreedYear]) -> None:
        self._decreed: dict[int, Mapping[datetime.date, DayOff]] = {}
        for one in decreed:
            if one.year in self._decreed:
                raise ValueError(f"the year {one.year} was decreed twice")
            self._decreed[one.year] = {off.day: off for off in one.days}

    @property
    def decreed_years(self) -> tuple[int, ...]:
        """The years whose decree is known, in order."""
        return tuple(sorted(self._decreed))

    def is_working_day(self, day: datetime.date) -> bool:
        """Whether the office works on that day."""
        return day.weekday() < _SATURDAY and day not in self._off(day.year)

    def name_of_day_off(self, day: datetime.date, language: str = "id") -> str | None:
        """What the day off is called; None for working days, and for a weekend that is nothing else.

        English falls back to the Indonesian name where there is no other.
        """
        off = self._off(day.year).get(day)
        if off is None:
            return None
        return off.name if language == "id" or off.english is None else off.english

    def days_off(self, year: int) -> tuple[DayOff, ...]:
        """Every day off of a year that has a name, in order; some fall on a weekend."""
        return tuple(off for _, off in sorted(self._off(year).items()))

    def after(self, day: datetime.date, count: int) -> Due:
        """The `count`-th working day after `day`, the first one being the next working day (`count` >= 1)."""
        if count < 1:
            raise ValueError(f"count working days from 1, not from {count}")
        reached, left = day, count
        while left:
            reached += datetime.timedelta(days=1)
            left -= self.is_working_day(reached)
        return Due(day=reached, estimated_years=self.estimated_years(day + datetime.timedelta(days=1), reached))

    def working_days_between(self, start: datetime.date, end: datetime.date) -> int:
        """The working days after `start`, up to `end` and with it; 0 where `end` is not later.

        Such that `working_days_between(day, after(day, n).day) == n`.
        """
        days = range(start.toordinal() + 1, end.toordinal() + 1)
        return sum(self.is_working_day(datetime.date.fromordinal(day)) for day in days)

    def estimated_years(self, first: datetime.date, last: datetime.date) -> tuple[int, ...]:
        """The years from `first` to `last` whose decree is not known."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self._decreed)

    def _off(self, year: int) -> Mapping[datetime.date, DayOff]:
        decreed = self._decreed.get(year)
        return _estimate(year) if decreed is None else decreed


def read(path: pathlib.Path) -> tuple[DecreedYear, ...]:
    """The decreed years of a table. Raises `CalendarError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CalendarError(f"{path}: the table of days off cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise CalendarError(f"{path}: a table of days off has at most {MAX_BYTES // 1024} KiB; this is something else")
    return parse(data, name=str(path))


def parse(data: bytes, *, name: str) -> tuple[DecreedYear, ...]:
    """The decreed years of a table, which errors call `name`. Raises `CalendarError`.

    Strict: names that mean nothing, a day that stands twice or outside its year, a year without decree or without
    national days off, and a table without years are refused. A day off on a weekend is allowed and changes nothing.
    """
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise CalendarError(f"{name}: not TOML in UTF-8: {error}; mend that place, and write every day once") from error
    if not table:
        raise CalendarError(
            f"{name}: holds no year; write one as the shipped table does ({SHIPPED}), or remove the file"
        )
    return tuple(_year(_Place(name, key), key, value) for key, value in sorted(table.items()))


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """A place in a table: the file and the key, as errors name them."""

    file: str
    key: str

    def wrong(self, what: str) -> CalendarError:
        return CalendarError(f"{self.file}: {self.key}: {what}")

    def __truediv__(self, key: str) -> "_Place":
        return _Place(self.file, f"{self.key}.{_shown(key)}")


def _year(place: _Place, key: str, value: object) -> DecreedYear:
    if not _YEAR.fullmatch(key):
        raise _Place(place.file, _shown(key)).wrong("no year; every table of this file is one, for example [2026]")
    content = _table(place, value, required=("decree", "national"), optional=("joint", "local"))
    decree = _text(place / "decree", content["decree"])
    days = list(_days(place / "national", content["national"], Kind.NATIONAL, decree))
    days += _days(place / "joint", content.get("joint", {}), Kind.JOINT, decree, may_be_empty=True)
    local = content.get("local", [])
    if not isinstance(local, list):
        raise (place / "local").wrong(f"write it with two brackets, [[{key}.local]], once for each decree")
    for number, one in enumerate(local, start=1):
        here = place / f"local {number}"
        entry = _table(here, one, required=("decree", "days"), optional=())
        days += _days(here / "days", entry["days"], Kind.LOCAL, _text(here / "decree", entry["decree"]))
    seen: set[datetime.date] = set()
    for off in days:
        if off.day.year != int(key):
            raise place.wrong(f"{off.day} is no day of {key}: correct it, or move it to [{off.day.year}]")
        if off.day in seen:
            raise place.wrong(f"{off.day} stands twice: keep it once")
        seen.add(off.day)
    return DecreedYear(year=int(key), decree=decree, days=tuple(sorted(days, key=lambda off: off.day)))


def _days(place: _Place, value: object, kind: Kind, source: str, *, may_be_empty: bool = False) -> Iterator[DayOff]:
    if not isinstance(value, dict) or not (value or may_be_empty):
        raise place.wrong('holds no days: write them as 2026-01-01 = { id = "…" }, one a line')
    for key, named in value.items():
        here = place / key
        try:
            day = datetime.date.fromisoformat(key) if _DAY.fullmatch(key) else None
        except ValueError:
            day = None
        if day is None:
            raise here.wrong("no day of the calendar; write it as YEAR-MONTH-DAY, for example 2026-01-01")
        names = _table(here, named, required=("id",), optional=("en",))
        english = _text(here / "en", names["en"]) if "en" in names else None
        yield DayOff(day=day, name=_text(here / "id", names["id"]), english=english, kind=kind, source=source)


def _table(
    place: _Place, value: object, *, required: tuple[str, ...], optional: tuple[str, ...]
) -> Mapping[str, object]:
    known = ", ".join((*required, *optional))
    if not isinstance(value, dict):
        raise place.wrong(f"must be a table of {known}")
    if unknown := value.keys() - {*required, *optional}:
        raise (place / min(unknown)).wrong(f"this name means nothing here: correct or remove it; known: {known}")
    for name in required:
        if name not in value:
            raise (place / name).wrong("is missing: write it as the decree has it")
    return value


def _text(place: _Place, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= _MAX_TEXT:
        raise place.wrong(f"must be a text of 1 to {_MAX_TEXT} letters in one line, between quotation marks")
    return " ".join(value.split())


def _shown(key: str) -> str:
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in key)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


@functools.cache
def _estimate(year: int) -> Mapping[datetime.date, DayOff]:
    """What the library knows of a year: the same for the same year, hence kept."""
    found: dict[datetime.date, DayOff] = {}
    for kind, category in _CATEGORIES.items():
        names, english = (
            holidays.country_holidays(_COUNTRY, years=year, expand=False, categories=(category,), language=language)
            for language in ("id", "en_US")
        )
        for day, name in names.items():
            found.setdefault(
                day,
                DayOff(day=day, name=name, english=english[day], kind=kind, source=_LIBRARY, estimated=True),
            )
    return MappingProxyType(found)
