"""The names by which officers find permits: derived, so no entry binds them, but a permit that is not found is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from registry import schema, search
from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.fsck.difference import UNREADABLE, Difference, stream

# The holder's name of a decision: pack, public part.
Holder = Callable[[str, dict[str, object]], str]


def check(tx: sa.Connection, holder: Holder | None) -> Iterator[Difference]:
    """Every permit that the search would not find by its holder's name; what was destroyed is not to be found.

    Without a `holder` the names themselves are taken as they are.
    """
    instruments, decisions, names = schema.instruments.c, schema.decisions.c, schema.permit_names.c
    gone = sa.select(schema.destructions.c.instrument)
    query = (
        sa.select(instruments.id, names.name, decisions.pack, decisions.canonical)
        .join(schema.decisions, decisions.id == instruments.decision)
        .outerjoin(schema.permit_names, names.instrument == instruments.id)
        .where(instruments.id.not_in(gone))
    )
    for row in stream(tx, query):
        if row.name is None or (holder is not None and not _is_right(row, holder)):
            yield Difference(code="name_lost", place=f"instruments {row.id}")
    for key in tx.execute(sa.select(names.instrument).where(names.instrument.in_(gone))).scalars():
        yield Difference(code="not_destroyed", place=f"name of instruments {key}")
    if tx.dialect.name == "sqlite":
        # PostgreSQL searches the names themselves; here an index of its own holds them once more.
        listed = sa.text(
            "SELECT instrument FROM permit_names WHERE instrument NOT IN (SELECT id FROM permit_names_trigrams_docsize)"
        )
        for key in tx.execute(listed).scalars():
            yield Difference(code="name_lost", place=f"instruments {key}", detail={"from": "permit_names_trigrams"})


def _is_right(row: sa.Row[*tuple[Any, ...]], holder: Holder) -> bool:
    try:
        value: Any = canonical.parse(bytes(row.canonical))
        return bool(row.name == search.fold(holder(row.pack, value["public"])))
    except (*UNREADABLE, DocumentError):
        return True  # the decision itself was spoilt, which is named elsewhere
