"""The office's own search for permits by the holder's name, substrings as officers type them.

An index of trigrams (FTS5 on SQLite, pg_trgm on PostgreSQL) answers without reading every name; that is why a search
needs three letters.
"""

import dataclasses
import re
import unicodedata
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.formats.language import N_
from registry.formats.spoken import SpokenError

LETTERS: Final = 3
_NO_TEXT: Final = ("Cc", "Cf", "Cs")  # control and format characters, halves of surrogate pairs


class SearchError(SpokenError):
    """What was typed cannot be searched for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A permit that was found: its row, its number, the holder's folded name."""

    instrument: int
    serial: int
    number: str
    name: str


def fold(text: str) -> str:
    """A name as it is compared: compatibility forms, case, accents, white space, invisible characters: all one."""
    spaced = re.sub(r"\s+", " ", text)
    # Decomposed twice: to fold the case of a letter may compose it anew.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", spaced).casefold())
    kept = (
        letter for letter in plain if not unicodedata.combining(letter) and unicodedata.category(letter) not in _NO_TEXT
    )
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def keep(tx: sa.Connection, *, instrument: int, name: str) -> None:
    """Make a permit findable by its holder's name; a name kept before gives way."""
    table = schema.permit_names
    tx.execute(table.delete().where(table.c.instrument == instrument))
    tx.execute(table.insert().values(instrument=instrument, name=fold(name)))


def by_holder(tx: sa.Connection, *, text: str, limit: int) -> list[Hit]:
    """The newest permits whose holder's name holds `text`. Raises `SearchError` for fewer than three letters."""
    wanted = fold(text)
    if len(wanted) < LETTERS:
        raise SearchError(
            N_("“{text}” hanya {count} huruf. Ketik paling sedikit {letters} huruf."),
            text=text,
            count=len(wanted),
            letters=LETTERS,
        )
    names, instruments = schema.permit_names.c, schema.instruments.c
    if tx.dialect.name == "sqlite":
        quoted = '"' + wanted.replace('"', '""') + '"'
        found = (
            sa.text(
                "SELECT rowid AS instrument FROM permit_names_trigrams WHERE permit_names_trigrams MATCH :quoted"
                " ORDER BY rowid DESC LIMIT :limit"
            )
            .bindparams(quoted=quoted, limit=limit)
            .columns(instrument=sa.Integer)
            .subquery()
        )
    else:
        found = (
            sa.select(names.instrument)
            .where(names.name.contains(wanted, autoescape=True))
            .order_by(names.instrument.desc())
            .limit(limit)
            .subquery()
        )
    query = (
        sa.select(instruments.id, instruments.serial, instruments.number, names.name)
        .join(found, found.c.instrument == instruments.id)
        .join(schema.permit_names, names.instrument == instruments.id)
        .order_by(instruments.id.desc())
    )
    return [Hit(instrument=row.id, serial=row.serial, number=row.number, name=row.name) for row in tx.execute(query)]
