"""A registry's tables and guards as the database itself describes them: as they are, and as the migrations make them.

What the migrations make is not written down a second time: they are run once more where it leaves no trace (SQLite: in
memory; PostgreSQL: in a schema of its own, within a transaction that is undone) and the result is read back. So the
two descriptions are of one release of the database and differ in nothing but what another hand did.
"""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from registry import migrations, schema

TRIGGER: Final = "trigger"
TABLE: Final = "table"

# What it is, on which table, its name -> its definition.
Blueprint = Mapping[tuple[str, str, str], str]

_ALEMBIC: Final = "alembic_version"
_OURS: Final = (*schema.metadata.tables, _ALEMBIC)

# Each gives: what it is, the table, the name, the definition. `:schema` is where the tables lie.
_POSTGRESQL: Final = (
    # A trigger that is switched off guards nothing: it counts as missing. A foreign key is kept by triggers of its own.
    """SELECT 'trigger', c.relname, CASE WHEN t.tgisinternal THEN k.conname || ' ' || p.proname ELSE t.tgname END,
        CASE WHEN t.tgisinternal THEN p.oid::regproc::text
             ELSE pg_get_triggerdef(t.oid) || ' ' || pg_get_functiondef(p.oid) END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
        WHERE c.relnamespace = CAST(:schema AS regnamespace) AND t.tgenabled IN ('O', 'A')""",
    """SELECT 'trigger', c.relname, 'rule ' || r.rulename, pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = CAST(:schema AS regnamespace)""",
    """SELECT 'trigger', c.relname, 'policy ' || p.polname, coalesce(pg_get_expr(p.polqual, p.polrelid), '')
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = CAST(:schema AS regnamespace)""",
    """SELECT 'table', c.relname, c.relname, concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity,
            c.relforcerowsecurity, (SELECT count(*) FROM pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid)))
        FROM pg_class c WHERE c.relkind NOT IN ('i', 'S') AND c.relnamespace = CAST(:schema AS regnamespace)""",
    """SELECT 'column', c.relname, a.attname, concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'S')
            AND c.relnamespace = CAST(:schema AS regnamespace)""",
    """SELECT 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid) || ' ' || k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE c.relnamespace = CAST(:schema AS regnamespace)""",
    """SELECT 'index', c.relname, n.relname,
            concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisunique)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
        WHERE c.relkind <> 't' AND c.relnamespace = CAST(:schema AS regnamespace)""",
)


def present(tx: sa.Connection) -> Blueprint:
    """What stands in the database now: everything in SQLite's file; in PostgreSQL, everything on the tables of ours."""
    if tx.dialect.name == "sqlite":
        return _of_sqlite(tx)
    return _of_postgresql(tx, str(tx.execute(sa.text("SELECT current_schema()")).scalar_one()))


def intended(tx: sa.Connection) -> Blueprint:
    """What the migrations make on this database.

    Raises `sqlalchemy.exc.ProgrammingError` where PostgreSQL does not let this role make a schema.
    """
    if tx.dialect.name == "sqlite":
        engine = sa.create_engine("sqlite://")
        try:
            with engine.connect() as memory:
                _migrate(memory)
                return _of_sqlite(memory)
        finally:
            engine.dispose()
    name = f"absah_{secrets.token_hex(8)}"
    home = tx.execute(sa.text("SELECT current_schema()")).scalar_one()
    with tx.engine.connect() as other, other.begin() as undone:
        other.execute(sa.text(f"CREATE SCHEMA {name}"))
        # The second is for the operators of the search extension; what is made lies in the first.
        other.execute(sa.text(f'SET LOCAL search_path = {name}, "{home}"'))
        _migrate(other)
        made = _of_postgresql(other, name)
        undone.rollback()
    return made


def _migrate(connection: sa.Connection) -> None:
    """Run every revision, without the table that keeps count of them."""
    revisions = ScriptDirectory(str(Path(migrations.__path__[0]))).walk_revisions()
    with Operations.context(MigrationContext.configure(connection)):
        for revision in reversed(tuple(revisions)):
            revision.module.upgrade()


def _of_sqlite(tx: sa.Connection) -> Blueprint:
    query = sa.text("SELECT type, tbl_name, name, sql FROM sqlite_master")
    return {
        (row.type, row.tbl_name, row.name): _in_order(row.sql or "") if row.type == TABLE else row.sql or ""
        for row in tx.execute(query)
        if not row.name.startswith("sqlite_stat") and (row.type == TRIGGER or row.tbl_name != _ALEMBIC)
    }


def _in_order(sql: str) -> str:
    """A table's definition, its lines sorted: a table that Alembic writes anew has its constraints in any order."""
    return "\n".join(sorted(line.strip().rstrip(",") for line in sql.splitlines()))


def _of_postgresql(tx: sa.Connection, where: str) -> Blueprint:
    return dict(_described(tx, where))


def _described(tx: sa.Connection, where: str) -> Iterator[tuple[tuple[str, str, str], str]]:
    quoted = str(tx.execute(sa.text("SELECT quote_ident(:name)"), {"name": where}).scalar_one())
    for query in _POSTGRESQL:
        for kind, table, name, text in tx.execute(sa.text(query), {"schema": quoted}):
            if table in _OURS and (kind == TRIGGER or table != _ALEMBIC):
                yield (kind, table, name), text.replace(f"{quoted}.", "")
