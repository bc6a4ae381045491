"""Days and instants as people of the office read them: "23 November 2026 pukul 14.05 WIB"."""

import datetime

from babel.dates import format_date

_DAY = "d MMMM y"


def day_text(day: datetime.date, language: str) -> str:
    """A day in words: "23 November 2026", the month in `language`."""
    return format_date(day, _DAY, locale=language)


def moment_text(moment: datetime.datetime, zone: datetime.tzinfo, language: str) -> str:
    """An instant to the minute, in `zone` and naming it: tzdata calls Indonesia's three zones WIB, WITA, WIT."""
    local = moment.astimezone(zone)
    if language == "en":
        return f"{day_text(local, language)} at {local:%H:%M} {local.tzname()}"
    return f"{day_text(local, language)} pukul {local:%H.%M} {local.tzname()}"
