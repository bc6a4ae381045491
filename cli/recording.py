"""What the commands of the registry's memory stand on: one home, open for one command, and how it speaks."""

import argparse
import dataclasses
import datetime
import os
import pwd
import sys
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from cli.home import Home, MisuseError
from cli.publishing import publish_now
from keys.trust import KeysError
from registry import instruments
from registry.database import Database
from registry.formats.dates import day_text, moment_text
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.language import N_, translations
from registry.formats.spoken import SpokenError
from registry.instruments import Instrument
from templates import packs
from templates.office import OfficeProfile
from templates.packs import Pack


class NotFoundError(SpokenError):
    """The registry of this office holds nothing under the name that was given."""

    catalogue = "cli"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The registry of one home. Days and moments are those of the office; `now` is when the command began."""

    home: Home
    office: OfficeProfile
    database: Database
    now: datetime.datetime
    language: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the office's days begin and end."""
        return self.office.time_zone

    @property
    def today(self) -> datetime.date:
        """The office's day."""
        return self.now.astimezone(self.zone).date()

    def translate(self, text: str) -> str:
        """The sentence in the language that was asked for."""
        return translations("cli", self.language).gettext(text)

    def day(self, day: datetime.date) -> str:
        """A day in words."""
        return day_text(day, self.language)

    def moment(self, moment: datetime.datetime) -> str:
        """An instant in words, on the office's clock."""
        return moment_text(moment, self.zone, self.language)

    def instant(self, local: datetime.datetime | None) -> datetime.datetime:
        """The instant that a moment on the office's clock stands for; now, where none was given."""
        return self.now if local is None else local.replace(tzinfo=self.zone).astimezone(datetime.UTC)

    def say(self, text: str) -> None:
        """One sentence on standard output; nothing in it steers the terminal."""
        print(visible(text), flush=True)

    def warn(self, text: str) -> None:
        """What is not forbidden, but should be looked at, on standard error."""
        print(f"{self.translate('PERHATIAN')}: {visible(text)}", file=sys.stderr, flush=True)

    def permit(self, tx: sa.Connection, number: str) -> Instrument:
        """The permit of this office with this number. Raises `NotFoundError`."""
        found = instruments.of_number(tx, office=self.office.id, number=number)
        if found is None:
            raise NotFoundError(
                N_(
                    "Kantor ini tidak mempunyai izin nomor “{number}”. Tulis nomornya seperti tercetak; `absah permit "
                    "search` mencarinya dengan nama pemegang."
                ),
                number=number,
            )
        return found

    def announce(self) -> None:
        """Make public what was just recorded. In a production home another process does that, once a second.

        What was recorded stays so when this fails; the next publication takes it along.
        """
        _ = self.translate
        if self.home.settings.mode != "development":
            self.say(_("Sudah dicatat; akan diumumkan oleh `absah log publish --watch`."))
            return
        try:
            publish_now(self.home, now=self.now)
        except (UnavailableError, KeysError) as error:
            reason = error.text(self.language, self.zone) if isinstance(error, UnavailableError) else str(error)
            self.warn(
                _("Sudah dicatat, tetapi belum diumumkan: {error}. Umumkan dengan `absah log publish`.").format(
                    error=reason.removesuffix(".")
                )
            )


def actor(arguments: argparse.Namespace) -> str:
    """Who enters a change: the name that was given, else the operating system's user, named as such."""
    if arguments.actor is not None:
        return str(arguments.actor)
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)
    return f"pengguna sistem operasi: {name}"


def known_type(name: str) -> str:
    """The permit type, if there is one of this name. Raises `MisuseError`."""
    return known_pack(name).type


def known_pack(name: str) -> Pack:
    """The newest pack of the permit type with this name. Raises `MisuseError` where there is none."""
    try:
        return packs.pack(name)
    except DocumentError as error:
        raise MisuseError(
            N_("Tidak ada jenis izin “{type}”. Yang ada: {known}."),
            type=name,
            known=", ".join(sorted(pack.type for pack in packs.packs())),
        ) from error


def visible(text: str) -> str:
    """The text, with a mark in place of whatever would not show or would steer the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
