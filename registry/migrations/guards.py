"""Triggers that refuse to edit or delete what was recorded, in the words of either database."""

import dataclasses
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from alembic import op

MESSAGE: Final = "is append-only"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An UPDATE that is part of life: `when` is SQL over OLD and NEW, `only` the columns that it may change.

    Without `only` it may change any column. Where `when` is NULL, the change is refused.
    """

    when: str
    only: tuple[str, ...] | None = None


def guard(table: str, *allowed: Change) -> None:
    """Refuse every DELETE on `table`, and every UPDATE that is none of the `allowed` ones.

    Both databases report a refusal as a broken constraint. The columns that must stay are read from the table as it
    is now, so a column that a later revision adds needs the guard anew.
    """
    condition = " OR ".join(f"({' AND '.join(_terms(table, change))})" for change in allowed)
    if op.get_bind().dialect.name == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {MESSAGE}'); END"
        # NOT (NULL) is NULL, which would let the change pass.
        unless = f" WHEN ({condition}) IS NOT TRUE" if condition else ""
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}{unless} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}")
        return
    # Nested: there is no NEW to look into but in an UPDATE.
    unless = f"IF TG_OP = 'UPDATE' THEN IF {condition} THEN RETURN NEW; END IF; END IF; " if condition else ""
    op.execute(
        sa.text(
            f"CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {unless}"
            f"RAISE EXCEPTION '{table} {MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    )
    op.execute(
        f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_guard()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard()"
    )


def unguard(table: str) -> None:
    """Take the triggers of `table` off, for a revision that changes the table and puts new ones on."""
    if op.get_bind().dialect.name == "sqlite":
        for kind in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_{kind}")
        return
    op.execute(f"DROP TRIGGER {table}_guard ON {table}")
    op.execute(f"DROP TRIGGER {table}_truncate ON {table}")
    op.execute(f"DROP FUNCTION {table}_guard()")


def _terms(table: str, change: Change) -> Iterator[str]:
    yield f"({change.when})"
    if change.only is None:
        return
    bind = op.get_bind()
    columns = {column["name"]: column["type"] for column in sa.inspect(bind).get_columns(table)}
    if unknown := set(change.only) - columns.keys():
        raise LookupError(f"{table} has no column {', '.join(sorted(unknown))}")
    same = "IS" if bind.dialect.name == "sqlite" else "IS NOT DISTINCT FROM"
    for name, kind in columns.items():
        if name in change.only:
            continue
        old, new = f'OLD."{name}"', f'NEW."{name}"'
        if isinstance(kind, sa.JSON):
            # PostgreSQL has no "equal" for JSON as it was written.
            old, new = f"CAST({old} AS TEXT)", f"CAST({new} AS TEXT)"
        yield f"{new} {same} {old}"
