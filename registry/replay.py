"""Brings a restored registry forward to the newest published checkpoint, so that nothing is given twice.

A backup is always older than the office. What was issued since is in the published log, and what each entry recorded is
in the file store under the hash that the entry names. So the registry is rebuilt from those two: the entries are read
from the log's files and must lead to the root of the checkpoint, each record must have the hash that its entry names.

What was never logged is gone: decisions taken in since the backup and not issued (an import adds them again), and
permits that were frozen and not issued. Their numbers may stand on somebody's draft, so they become void with that
reason and are never given again: those among the known ones by themselves, those above the highest known one because
the keeper says for each series what the last number was. No file of ours can tell that, so nothing is replayed without.

A record in the file store that no entry names was made by an entry that was committed and not published before the
loss, or belongs to entries behind a newer checkpoint, or was put there by somebody: only the log vouches for a record.
It is never taken in; it stops the replay until the keeper has looked for a newer checkpoint, and says so.

A backup is not believed either: before the restored registry may be used, every row of it is held against the log.

Rows of `plates` written since the backup do not come back, because no entry records them; the next page that needs one
makes it again, and the file store has its bytes already. A page that came back names its plate by SHA-256, which needs
no row (`registry.plates`).
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import sqlalchemy as sa

from registry import destructions, ledger, numbers, schema, search
from registry.database import Database, follow_ids
from registry.formats import canonical, logentry, merkle
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import UnavailableError
from registry.formats.language import N_
from registry.formats.logentry import LogEntry
from registry.formats.spoken import SpokenError
from registry.fsck import Difference
from registry.ledger import Recorded

REASON: Final = "hilang bersama data sesudah cadangan terakhir; penerbitannya tidak ada dalam log"
MOST_LOST: Final = 10_000  # numbers above the highest known one; more is a slip of the hand
_FURTHEST_EAST: Final = datetime.timedelta(hours=14)  # where a year begins first
_SHOWN: Final = 10
_TELLING: Final = (b"%PDF-", b"{")  # how a page and a record begin, be they of another version than this
# Not about the rows, or mended right after the replay: files of the store and of the public, what is still to be swept.
_NOT_OF_THE_ROWS: Final = frozenset(
    {
        "bundle_changed",
        "bundle_missing",
        "checkpoint_behind",
        "checkpoint_missing",
        "document_lost",
        "entry_waits",
        "guards_unchecked",
        "not_destroyed",
        "plate_lost",
        "record_lost",
        "tile_changed",
        "tile_missing",
    }
)

Holder = Callable[[str, dict[str, object]], str]
Judge = Callable[[sa.Connection], Iterable[Difference]]


class ReplayError(SpokenError):
    """The log, its checkpoint or a record does not continue the restored registry."""


class Store(Protocol):
    """The file store, as far as a replay reads it."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError`."""

    def digests(self) -> Iterator[bytes]:
        """The SHA-256 of everything in the store."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the keeper states of the time between the last entry of backup and log, and the loss.

    `series` are those that this office gives numbers in. `last` is the last number that was given or stood on a draft,
    for each of them and each year since the backup, 0 for none; None states that nothing was printed or drafted at all.
    `leave_unpublished`: there is no newer checkpoint, and records that no entry names are given up.
    """

    series: frozenset[str]
    last: Mapping[tuple[str, int], int] | None
    leave_unpublished: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did: entries that came back, numbers that became void because nobody knows them, and what it left.

    `left` says what each record holds that no entry names: permits by their number, other rows by table and id.
    """

    entries: int
    voided: tuple[tuple[str, int, int], ...]
    left: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Unnamed:
    """What the file store holds that the registry does not name: records by their rows, and how many may be drafts."""

    records: tuple[tuple[Recorded, ...], ...]
    others: int


def position(database: Database) -> int:
    """How many entries of the log the registry holds: the first index that a replay needs."""
    with database.read() as tx:
        return int(tx.execute(sa.select(schema.log_state.c.size)).scalar_one())


def set_aside(database: Database, *, now: datetime.datetime) -> None:
    """Treat a registry that is behind its published log as restored: read-only from here on, until it was replayed.

    For a database that was put back by hand (a copied file, a machine's snapshot) instead of by `registry.backup`.
    """
    entries = schema.log_entries.c
    with database.write(replaying=True) as tx:
        newest = tx.execute(sa.select(entries.recorded_at).order_by(entries.id.desc()).limit(1)).scalar()
        tx.execute(
            schema.restorations.insert().values(
                backup_taken_at=newest or now, backup_size=_state(tx).size, restored_at=now
            )
        )


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
    stated: Statement,
    judge: Judge,
    now: datetime.datetime,
) -> Replayed:
    """Add the log's `entries` from `position` to the end of `checkpoint`, with what they record, in one transaction.

    `checkpoint` must be verified and the newest that anyone has: what lies behind it is lost. `holder` gives the
    holder's name of a decision (pack, public part), for the search. `judge` is `registry.fsck.Fsck.within`: what it
    finds in the rows stops the replay. Raises `ReplayError` where the log does not go on from this registry, the rows
    differ from it or the statement lacks something, `UnavailableError` where a record is not in the file store;
    nothing is changed then.
    """
    with database.write(replaying=True) as tx:
        state, since = _state(tx), _since(tx)
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
        unnamed = _unnamed(tx, documents)
        if unnamed.records and not stated.leave_unpublished:
            raise ReplayError(
                N_(
                    "Penyimpanan dokumen memuat {count} rekaman sesudah checkpoint ini: {records}. Cari checkpoint "
                    "yang lebih baru (--checkpoint) atau salinan log yang lebih lengkap (--log). Kalau tidak ada, "
                    "catatan itu tidak pernah diumumkan: ulangi dengan --leave-unpublished, lalu catat lagi "
                    "surat-suratnya."
                ),
                count=len(unnamed.records),
                records=_listed(_described(one) for one in unnamed.records),
            )
        _check_statement(tx, stated, unnamed, years=range(since.year, (now + _FURTHEST_EAST).year + 1))
        voided = tuple(_void_unknown(tx, stated.last or {}, now))
        _check_rows(judge(tx))
        restorations = schema.restorations
        tx.execute(
            restorations.update()
            .where(restorations.c.replayed_at.is_(None))
            .values(replayed_at=now, replayed_size=checkpoint.size)
        )
    return Replayed(entries=added, voided=voided, left=tuple(_described(one) for one in unnamed.records))


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
    # A destruction comes before what it emptied: only then do the guards let the rows go.
    for one in sorted(recorded, key=lambda one: one.table != schema.destructions.name):
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
    before = ledger.to_json(table, dict(present))
    changed = {name: value for name, value in values.items() if before.get(name) != one.row.get(name)}
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


def _since(tx: sa.Connection) -> datetime.datetime:
    """From when on something may be missing; never later than the last entry of the backup, whatever that says."""
    entries, restorations = schema.log_entries.c, schema.restorations.c
    taken = tx.execute(
        sa.select(sa.func.min(restorations.backup_taken_at)).where(restorations.replayed_at.is_(None))
    ).scalar_one()
    last = tx.execute(sa.select(sa.func.max(entries.recorded_at)).where(entries.index.is_not(None))).scalar_one()
    moments: list[datetime.datetime] = [moment for moment in (taken, last) if moment is not None]
    return min(moments)


def _unnamed(tx: sa.Connection, documents: Store) -> _Unnamed:
    """Read every file of the store that no row names."""
    named = set(_named(tx))
    records, others = [], 0
    for sha256 in documents.digests():
        if sha256 in named:
            continue
        data = b""
        try:
            data = documents.get(sha256)
            recorded = ledger.read(data)
            for one in recorded:
                ledger.from_json(schema.metadata.tables[one.table], one.row)
        except (ledger.RecordError, UnavailableError):
            # A plate whose row is lost, a list of the day: what can be read and is neither tells of no number.
            others += not data or data.startswith(_TELLING)
        else:
            records.append(recorded)
    return _Unnamed(records=tuple(records), others=others)


def _named(tx: sa.Connection) -> Iterator[bytes]:
    columns = (
        schema.documents.c.sha256,
        schema.documents.c.plate,
        schema.plates.c.sha256,
        schema.validation_data.c.sha256,
        schema.status_changes.c.decree_sha256,
    )
    for column in columns:
        yield from (bytes(sha256) for sha256 in tx.execute(sa.select(column).where(column.is_not(None))).scalars())
    for data in tx.execute(sa.select(schema.log_entries.c.entry)).scalars():
        with contextlib.suppress(logentry.LogEntryError):  # a forged one, which the judge will name
            if (record := logentry.decode(bytes(data)).record_sha256) is not None:
                yield record


def _described(recorded: tuple[Recorded, ...]) -> str:
    permits = [str(one.row.get("number")) for one in recorded if one.table == schema.instruments.name]
    return _listed(permits or sorted(f"{one.table} {one.row.get('id', '?')}" for one in recorded))


def _listed(things: Iterable[str]) -> str:
    every = list(things)
    return ", ".join(every[:_SHOWN]) + (", …" if len(every) > _SHOWN else "")


def _check_statement(tx: sa.Connection, stated: Statement, unnamed: _Unnamed, *, years: range) -> None:
    """Refuse a statement that leaves out a series, or says less than backup, log and file store know."""
    known = _highest(tx, unnamed, {(series, year) for series in stated.series for year in years})
    asked = {place: n for place, n in known.items() if place[1] >= years.start}
    words = " ".join(f"--last-number {series} {year} N" for series, year in sorted(asked))
    if stated.last is None:
        if unnamed.records or unnamed.others:
            raise ReplayError(
                N_(
                    "Penyimpanan dokumen memuat {count} berkas yang tidak dikenal cadangan dan log; di antaranya "
                    "mungkin konsep bernomor. --nothing-printed-since tidak dapat dipakai. Sebutkan nomor terakhir "
                    "yang pernah diberikan atau tercetak: {words}"
                ),
                count=len(unnamed.records) + unnamed.others,
                words=words,
            )
        return
    for series, year in sorted(asked.keys() | stated.last.keys()):
        n, least = stated.last.get((series, year)), known.get((series, year))
        if least is None:
            raise ReplayError(
                N_("Seri {series} tahun {year} tidak ada di kantor ini. Yang ditanyakan: {words}"),
                series=series,
                year=year,
                words=words,
            )
        if n is None or not least <= n <= min(least + MOST_LOST, numbers.LAST):
            raise ReplayError(
                N_(
                    "Periksa buku agenda, konsep dan cetakan: sampai berapa nomor {series} tahun {year} pernah "
                    "diberikan? Cadangan, log dan penyimpanan mengenal sampai {least}; jawabannya {least} sampai "
                    "{most}. Sebutkan semuanya, N diganti nomor itu (0 kalau belum ada): {words}"
                ),
                series=series,
                year=year,
                least=least,
                most=min(least + MOST_LOST, numbers.LAST),
                words=words,
            )


def _highest(tx: sa.Connection, unnamed: _Unnamed, places: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The highest number of each series and year that rows or unnamed records hold, 0 where there is none."""
    highest = {
        (series, year): numbers.next_number(tx, series=series, year=year) - 1
        for series, year in places.union(numbers.series(tx))
    }
    believed = {place: n + MOST_LOST for place, n in highest.items()}  # anybody may have put a record there
    for one in (row for record in unnamed.records for row in record if row.table == schema.numbers.name):
        values = ledger.from_json(schema.numbers, one.row)
        place = (str(values["series"]), int(str(values["year"])))
        n = int(str(values["n"]))
        if n <= believed.get(place, 0):
            highest[place] = max(highest[place], n)
    return highest


def _void_unknown(
    tx: sa.Connection, last: Mapping[tuple[str, int], int], now: datetime.datetime
) -> Iterator[tuple[str, int, int]]:
    """Give a fate to every number that nobody knows any more, up to the highest known and the last stated one."""
    table = schema.numbers.c
    for series, year in sorted({*numbers.series(tx), *last}):
        opened = numbers.opening(tx, series=series, year=year)
        known = set(tx.execute(sa.select(table.n).where(table.series == series, table.year == year)).scalars())
        first = 1 if opened is None else opened.first
        for n in range(first, max(last.get((series, year), 0), max(known, default=0)) + 1):
            if n not in known:
                numbers.lose(tx, series=series, year=year, n=n, reason=REASON, now=now)
                yield series, year, n


def _check_rows(found: Iterable[Difference]) -> None:
    differences = [str(one) for one in found if one.code not in _NOT_OF_THE_ROWS]
    if differences:
        raise ReplayError(
            N_(
                "Baris yang dipulihkan tidak cocok dengan log yang diumumkan: {differences}. Cadangan ini rusak atau "
                "dipalsukan. Pulihkan cadangan lain ke folder yang baru, dan simpan yang ini sebagai bukti."
            ),
            differences=_listed(differences),
        )
