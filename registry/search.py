"""The office's own search for permits by the holder's name, substrings as officers type them.

An index of trigrams (FTS5 on SQLite, pg_trgm on PostgreSQL) answers without reading every name; that is why a search
needs three letters. Of a long text it is asked for a few trigrams and not for all: each costs as much as there are
names that hold it, and a text of common words holds dozens. What is found so is compared with the whole text.
"""

import dataclasses
import re
import unicodedata
from typing import Final

import sqlalchemy as sa

from registry import schema
from registry.formats.language import N_
from registry.formats.record import Kind
from registry.formats.spoken import SpokenError
from registry.kinds import kind_of

LETTERS: Final = 3
_MOST_PIECES: Final = 10
_SHORT: Final = 16  # letters; of so few PostgreSQL is asked whole, since it then knows how many names will hold them
_NO_TEXT: Final = ("Cc", "Cf", "Cs")  # control and format characters, halves of surrogate pairs


class SearchError(SpokenError):
    """What was typed cannot be searched for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A permit, decree or letter that was found: its row, its number, the holder's folded name."""

    instrument: int
    kind: Kind
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
        quoted = " ".join('"' + piece.replace('"', '""') + '"' for piece in _pieces(wanted))
        # CROSS JOIN is SQLite's word for this order of tables: so it stops at the limit, and sorts nothing.
        found = (
            sa.text(
                "SELECT names.instrument FROM permit_names_trigrams CROSS JOIN permit_names AS names"
                " ON names.instrument = permit_names_trigrams.rowid"
                " WHERE permit_names_trigrams MATCH :quoted AND instr(names.name, :wanted)"
                " ORDER BY permit_names_trigrams.rowid DESC LIMIT :limit"
            )
            .bindparams(quoted=quoted, wanted=wanted, limit=limit)
            .columns(instrument=sa.Integer)
            .subquery()
        )
    else:
        if len(wanted) <= _SHORT:
            holds = [names.name.contains(wanted, autoescape=True)]
        else:
            holds = [names.name.contains(piece, autoescape=True) for piece in _pieces(wanted)]
            holds.append(sa.func.strpos(names.name, wanted) > 0)
        found = sa.select(names.instrument).where(*holds).order_by(names.instrument.desc()).limit(limit).subquery()
    query = (
        sa.select(instruments.id, instruments.kind, instruments.serial, instruments.number, names.name)
        .join(found, found.c.instrument == instruments.id)
        .join(schema.permit_names, names.instrument == instruments.id)
        .order_by(instruments.id.desc())
    )
    return [
        Hit(instrument=row.id, kind=kind_of(row.kind), serial=row.serial, number=row.number, name=row.name)
        for row in tx.execute(query)
    ]


def _pieces(text: str) -> list[str]:
    """Trigrams that lie over the whole text, as evenly as so few can."""
    last = len(text) - LETTERS
    count = min(last // LETTERS + 2, _MOST_PIECES) if last else 1
    return [text[start : start + LETTERS] for start in (last * place // max(count - 1, 1) for place in range(count))]
