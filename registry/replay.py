"""Brings a restored registry forward to the newest published checkpoint, so that nothing is given twice.

A backup is always older than the office. What was issued since is in the published log, and what each entry recorded is
in the file store under the hash that the entry names. So the registry is rebuilt from those two: the entries are read
from the log's files and must lead to the root of the checkpoint, each record must have the hash that its entry names.

What was never logged is gone: decisions taken in since the backup and not issued (an import adds them again), and
permits that were frozen and not issued. A number among those below the highest issued one may stand on somebody's
draft; it becomes void with that reason, and is never given again.
"""

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

import sqlalchemy as sa

from registry import destructions, ledger, numbers, schema, search
from registry.database import Database, follow_ids
from registry.formats import canonical, logentry, merkle
from registry.formats.checkpoint import Checkpoint
from registry.formats.language import N_
from registry.formats.logentry import LogEntry
from registry.formats.spoken import SpokenError
from registry.ledger import Recorded

REASON: Final = "hilang bersama data sesudah cadangan terakhir; tidak pernah terbit"

Holder = Callable[[str, dict[str, object]], str]


class ReplayError(SpokenError):
    """The log, its checkpoint or a record does not continue the restored registry."""


class Store(Protocol):
    """The file store, as far as a replay reads it."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did: entries that came back, and numbers that became void because nobody knows them."""

    entries: int
    voided: tuple[tuple[str, int, int], ...]


def position(database: Database) -> int:
    """How many entries of the log the registry holds: the first index that a replay needs."""
    with database.read() as tx:
        return int(tx.execute(sa.select(schema.log_state.c.size)).scalar_one())


def waits(database: Database) -> bool:
    """Whether this registry was restored and not replayed yet."""
    table = schema.restorations.c
    with database.read() as tx:
        return tx.execute(sa.select(table.id).where(table.replayed_at.is_(None))).first() is not None


def replay(
    database: Database,
    *,
    documents: Store,
    entries: Iterable[bytes],
    checkpoint: Checkpoint,
    holder: Holder,
    now: datetime.datetime,
) -> Replayed:
    """Add the log's `entries` from `position` to the end of `checkpoint`, with what they record, in one transaction.

    `checkpoint` must be verified and the newest that anyone has: what lies behind it is lost. `holder` gives the
    holder's name of a decision (pack, public part), for the search. Raises `ReplayError` where the log does not go on
    from this registry, `UnavailableError` where a record is not in the file store; nothing is changed then.
    """
    with database.write(replaying=True) as tx:
        state = _state(tx)
        if checkpoint.size < state.size:
            raise ReplayError(
                N_(
                    "Cadangan memuat {held} catatan log, checkpoint ini hanya {size}: checkpoint ini bukan yang "
                    "terbaru. Cari yang lebih baru, lalu sebutkan dengan --checkpoint."
                ),
                held=state.size,
                size=checkpoint.size,
            )
        added = 0
        for index, data in enumerate(entries, start=state.size):
            _add(tx, index, data, documents, holder)
            state = state.append(merkle.leaf_hash(data))
            added += 1
        if (state.size, state.root()) != (checkpoint.size, checkpoint.root):
            raise ReplayError(
                N_(
                    "Registri dan catatan log tidak cocok dengan checkpoint yang memuat {size} catatan: cadangan ini "
                    "milik log lain, atau salah satunya telah diubah."
                ),
                size=checkpoint.size,
            )
        table = schema.log_state
        if added:
            tx.execute(table.update().where(table.c.id == 1).values(size=state.size, frontier=state.to_bytes()))
        follow_ids(tx)
        voided = tuple(_void_unknown(tx, now))
        restorations = schema.restorations
        tx.execute(
            restorations.update()
            .where(restorations.c.replayed_at.is_(None))
            .values(replayed_at=now, replayed_size=checkpoint.size)
        )
    return Replayed(entries=added, voided=voided)


def _state(tx: sa.Connection) -> merkle.Frontier:
    row = tx.execute(sa.select(schema.log_state.c.size, schema.log_state.c.frontier)).one()
    return merkle.Frontier.from_bytes(row.size, bytes(row.frontier))


def _add(tx: sa.Connection, index: int, data: bytes, documents: Store, holder: Holder) -> None:
    entries = schema.log_entries
    waiting = tx.execute(sa.select(entries.c.id).where(entries.c.index.is_(None), entries.c.entry == data)).scalar()
    if waiting is not None:
        # The backup holds it with its rows; the log gave it its place after the backup.
        tx.execute(entries.update().where(entries.c.id == waiting).values({entries.c.index: index}))
        return
    try:
        entry = logentry.decode(data)
    except logentry.LogEntryError as error:
        raise ReplayError(N_("Catatan log {index} tidak terbaca ({reason})."), index=index, reason=error) from error
    if entry.record_sha256 is None:
        raise ReplayError(
            N_("Catatan log {index} berasal dari versi pertama, yang tidak menyebut rekamannya."), index=index
        )
    record = documents.get(entry.record_sha256)
    recorded = ledger.read(record)
    for one in recorded:
        _put(tx, one)
    _index_holder(tx, recorded, holder)
    tx.execute(
        entries.insert().values(
            event=entry.event.value,
            instrument=_instrument(recorded),
            entry=data,
            recorded_at=datetime.datetime.fromtimestamp(entry.recorded, datetime.UTC),
            subject=_subject(recorded),
            salt=ledger.salt_of(record),
            **{"index": index},
        )
    )
    _follow_destruction(tx, entry, recorded)


def _put(tx: sa.Connection, one: Recorded) -> None:
    """Make the row what the record says: new, or changed where the restored one was not final yet."""
    table = schema.metadata.tables[one.table]
    values = ledger.from_json(table, one.row)
    here = sa.and_(*(column == values[column.name] for column in table.primary_key.columns))
    present = tx.execute(sa.select(table).where(here)).mappings().first()
    if present is None:
        tx.execute(table.insert().values(values))
        return
    changed = {
        name: values[name] for name, value in ledger.to_json(table, dict(present)).items() if value != one.row[name]
    }
    if not changed:
        return
    try:
        tx.execute(table.update().where(here).values(changed))
    except sa.exc.IntegrityError as error:
        raise ReplayError(
            N_("Baris {table} {key} dari cadangan bertentangan dengan log pada {columns}."),
            table=one.table,
            key=ledger.key_of(one),
            columns=", ".join(sorted(changed)),
        ) from error


def _index_holder(tx: sa.Connection, recorded: tuple[Recorded, ...], holder: Holder) -> None:
    for one in recorded:
        if one.table != schema.instruments.name:
            continue
        decision = schema.decisions.c
        query = sa.select(decision.pack, decision.canonical).where(decision.id == one.row["decision"])
        row = tx.execute(query).one()
        if row.canonical:
            value: Any = canonical.parse(bytes(row.canonical))
            search.keep(tx, instrument=ledger.key_of(one), name=holder(row.pack, value["public"]))


def _instrument(recorded: tuple[Recorded, ...]) -> int | None:
    for one in recorded:
        if one.table == schema.instruments.name:
            return ledger.key_of(one)
    named = (one.row["instrument"] for one in recorded if "instrument" in one.row)
    return next((int(str(instrument)) for instrument in named), None)


def _subject(recorded: tuple[Recorded, ...]) -> list[list[object]]:
    places = dict.fromkeys((one.table, ledger.key_of(one)) for one in recorded)
    return [[table, key] for table, key in places]


def _follow_destruction(tx: sa.Connection, entry: LogEntry, recorded: tuple[Recorded, ...]) -> None:
    """A destruction since the backup: what it took away must not come back with the backup."""
    if entry.event is not logentry.Event.DESTROY:
        return
    instrument = _instrument(recorded)
    if instrument is None:
        raise ReplayError(N_("Catatan pemusnahan dalam log tidak menyebut izinnya."))
    destructions.empty(tx, instrument)


def _void_unknown(tx: sa.Connection, now: datetime.datetime) -> Iterator[tuple[str, int, int]]:
    """Give a fate to numbers between known ones that nobody knows any more."""
    table = schema.numbers.c
    for series, year in numbers.series(tx):
        opened = numbers.opening(tx, series=series, year=year)
        known = set(tx.execute(sa.select(table.n).where(table.series == series, table.year == year)).scalars())
        first = 1 if opened is None else opened.first
        for n in range(first, max(known, default=first - 1) + 1):
            if n not in known:
                numbers.lose(tx, series=series, year=year, n=n, reason=REASON, now=now)
                yield series, year, n
