"""The database's own guards: the triggers that refuse edits, and the tables, keys and indexes the migrations made."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry import schema
from registry.fsck.difference import Difference

_DERIVED: Final = frozenset({"permit_names"})


def check(tx: sa.Connection) -> Iterator[Difference]:
    """Every guard that is missing or switched off, and every table that is not as it was made."""
    present = _triggers(tx)
    for table in schema.metadata.tables:
        if table in _DERIVED:
            continue
        wanted = ("update", "delete") if tx.dialect.name == "sqlite" else ("guard", "truncate")
        for kind in wanted:
            if f"{table}_{kind}" not in present:
                yield Difference(code="guard_missing", place=f"{table}_{kind}")
    context = MigrationContext.configure(tx, opts={"include_object": _ours})
    for operation in compare_metadata(context, schema.metadata):
        yield Difference(code="schema_changed", place=_described(operation))


def _triggers(tx: sa.Connection) -> set[str]:
    if tx.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
    else:
        query = (
            "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgenabled IN ('O', 'A') AND p.prosrc LIKE '%append-only%'"
        )
    return set(tx.execute(sa.text(query)).scalars())


def _ours(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """Leave out the full-text index's own tables, which the search extension makes."""
    del kind, reflected
    return not (name or "").startswith(("permit_names_trigrams", "ix_permit_names_trigrams"))


def _described(operation: Any) -> str:
    words = [operation] if isinstance(operation, tuple) else list(operation)
    kind, *things = words[0]
    named = next((getattr(thing, "name", None) for thing in things if getattr(thing, "name", None)), "")
    return f"{kind} {named or ' '.join(str(thing) for thing in things if isinstance(thing, str))}".strip()
