"""Rows from before the ledger: a registry of revision 0001 logged issues alone, and bound no record to them.

`adopt` binds what it finds as it stands, in entries of the event "adopt", one for each permit and one for each row that
belongs to none. From then on `fsck` tells any later change. What was changed before cannot be told: an adoption says
what the registry held on that day, not that it was right.
"""

import datetime
from collections.abc import Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from registry import ledger, schema, search
from registry.formats import canonical
from registry.formats.canonical import sha256
from registry.formats.logentry import Event
from registry.ledger import Subject

_FETCHED: Final = 512


def adopt(tx: sa.Connection, *, holder: Callable[[str, dict[str, object]], str], now: datetime.datetime) -> int:
    """Bind every row that revision 0001 could hold and no entry records; returns the number of entries written.

    `holder` gives the holder's name of a decision (pack, public part): older permits are found by it from now on.
    """
    _index(tx, holder)
    entries = 0
    for name, keys in _unbound(tx).items():
        for key in keys:
            ledger.append(tx, event=Event.ADOPT, subject=((name, key),), effective=now, recorded=now)
            entries += 1
    for permit in tuple(_issued_before(tx)):
        ledger.append(
            tx,
            event=Event.ADOPT,
            subject=tuple(_rows_of(tx, permit)),
            instrument=permit.id,
            serial=permit.serial,
            statement_sha256=sha256(permit.statement),
            effective=now,
            recorded=now,
        )
        entries += 1
    return entries


def _unbound(tx: sa.Connection) -> dict[str, list[int]]:
    """The rows that belong to no permit and that no entry records; one walk over the log, as far as it is needed."""
    mandates, certificates, numbers = schema.mandates.c.id, schema.signer_certificates.c.id, schema.numbers.c
    queries = {
        schema.mandates.name: sa.select(mandates).order_by(mandates),
        schema.signer_certificates.name: sa.select(certificates).order_by(certificates),
        schema.numbers.name: sa.select(numbers.id).where(numbers.fate != "used").order_by(numbers.id),
    }
    left = {name: dict.fromkeys(tx.execute(query).scalars()) for name, query in queries.items()}
    entries = schema.log_entries.c
    subjects = sa.select(entries.subject).where(entries.subject.is_not(None)).order_by(entries.id)
    with tx.execute(subjects, execution_options={"yield_per": _FETCHED}) as found:
        for subject in found.scalars():
            if not any(left.values()):
                break
            for table, key in subject:
                left.get(table, {}).pop(key, None)
    return {name: list(keys) for name, keys in left.items()}


def _issued_before(tx: sa.Connection) -> Iterator[sa.Row[int, int, bytes, int, int]]:
    """Permits whose issue was logged without a record, and that were not adopted since."""
    instruments, entries = schema.instruments.c, schema.log_entries.c
    adopted = (
        sa.select(entries.instrument)
        .where(entries.event == Event.ADOPT.value, entries.instrument.is_not(None))
        .scalar_subquery()
    )
    return iter(
        tx.execute(
            sa.select(
                instruments.id, instruments.serial, instruments.statement, instruments.decision, instruments.number_row
            )
            .join(schema.log_entries, entries.instrument == instruments.id)
            .where(entries.event == Event.ISSUE.value, entries.subject.is_(None), instruments.id.not_in(adopted))
            .order_by(instruments.id)
        ).all()
    )


def _rows_of(tx: sa.Connection, permit: sa.Row[int, int, bytes, int, int]) -> Subject:
    documents, changes = schema.documents.c, schema.status_changes.c
    printed = tx.execute(sa.select(documents.id).where(documents.instrument == permit.id).order_by(documents.id))
    changed = tx.execute(sa.select(changes.id).where(changes.instrument == permit.id).order_by(changes.id))
    of_documents = tuple(printed.scalars())
    return (
        ("decisions", permit.decision),
        ("decision_objects", permit.decision),
        ("numbers", permit.number_row),
        ("instruments", permit.id),
        *(("documents", key) for key in of_documents),
        *(("validation_data", key) for key in of_documents),
        *(("status_changes", key) for key in changed.scalars()),
    )


def _index(tx: sa.Connection, holder: Callable[[str, dict[str, object]], str]) -> None:
    instruments, decisions, names = schema.instruments.c, schema.decisions.c, schema.permit_names.c
    missing = (
        sa.select(instruments.id, decisions.pack, decisions.canonical)
        .join(schema.decisions, decisions.id == instruments.decision)
        .outerjoin(schema.permit_names, names.instrument == instruments.id)
        .where(names.instrument.is_(None), sa.func.length(decisions.canonical) > 0)
    )
    for row in tx.execute(missing).all():
        value: Any = canonical.parse(bytes(row.canonical))
        search.keep(tx, instrument=row.id, name=holder(row.pack, value["public"]))
