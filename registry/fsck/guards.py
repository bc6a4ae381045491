"""The database's own guards: the triggers that refuse edits, and the tables, keys and indexes the migrations made."""

from collections.abc import Iterator

import sqlalchemy as sa

from registry.fsck import blueprint
from registry.fsck.difference import Difference


def check(tx: sa.Connection) -> Iterator[Difference]:
    """Every guard and every part of a table that is missing, switched off, changed, or that no migration made."""
    try:
        intended = blueprint.intended(tx)
    except (sa.exc.ProgrammingError, sa.exc.InternalError) as error:  # no right to, or a server that only reads
        # Never "sound" about what could not be looked at.
        yield Difference(code="guards_unchecked", place="database", detail={"why": str(error.orig).partition("\n")[0]})
        return
    if tx.dialect.name == "postgresql":
        yield from _session(tx)
    present = blueprint.present(tx)
    for part in sorted(intended.keys() | present.keys()):
        if intended.get(part) != present.get(part):
            yield _difference(part, intended=part in intended, present=part in present)


def _difference(part: tuple[str, str, str], *, intended: bool, present: bool) -> Difference:
    kind, table, name = part
    if kind != blueprint.TRIGGER:
        what = "changed" if intended and present else "missing" if intended else "added"
        return Difference(
            code="schema_changed", place=table if name == table else f"{table} {name}", detail={kind: what}
        )
    place = name if name.startswith(table) else f"{table} {name}"
    if not present:
        return Difference(code="guard_missing", place=place)
    if not intended:
        return Difference(code="guard_added", place=place)
    return Difference(code="guard_changed", place=place)


def _session(tx: sa.Connection) -> Iterator[Difference]:
    """A setting of the role or of the database can silence every trigger at once."""
    role = tx.execute(sa.text("SHOW session_replication_role")).scalar_one()
    if role != "origin":
        yield Difference(code="guard_missing", place="session_replication_role", detail={"found": str(role)})
