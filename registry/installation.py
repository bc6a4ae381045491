"""What was fixed when this registry was made: its mode, and the host that its QR codes name for ever."""

import sqlalchemy as sa

from registry import schema


def fix(tx: sa.Connection, *, mode: str, host: str) -> None:
    """Fix mode and host, once. The first to do so wins; a trigger refuses every later change."""
    if tx.execute(sa.select(schema.installation.c.mode)).first() is None:
        tx.execute(schema.installation.insert().values(id=1, mode=mode, host=host))


def fixed(tx: sa.Connection) -> tuple[str, str]:
    """Mode and host. Raises `LookupError` for a registry that was never finished."""
    row = tx.execute(sa.select(schema.installation.c.mode, schema.installation.c.host)).first()
    if row is None:
        raise LookupError("mode and host were never fixed")
    return row.mode, row.host
