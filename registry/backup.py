"""Backups of a registry: one tar file with every row as of one moment, and every document that those rows name.

    manifest.json           format, revision, moment, size of the log, and for each table its rows and SHA-256
    tables/NAME.jsonl       one row a line in canonical JSON, as records of the log hold rows
    files/…                 what the caller adds: configuration and public files, never keys
    documents/ab/cdef…      the documents, by their SHA-256

A backup comes from outside: nothing in it is believed. Its tables must have the manifest's hashes, which tells damage
and not forgery; whoever restores compares the rows with the published log before they are used (`registry.replay`).

The rows come from one reading transaction, so a batch may run meanwhile: bytes reach the file store before the row that
names them is committed, and are never taken away but by an approved destruction. The same file restores on SQLite and
on PostgreSQL.
"""

import dataclasses
import datetime
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa

from registry import blobs, ledger, schema
from registry.blobs import sha256_of
from registry.database import Database, follow_ids
from registry.durable import sync_folder
from registry.formats import canonical, logentry
from registry.formats.errors import DocumentError
from registry.formats.language import N_
from registry.formats.spoken import SpokenError, SpokenUnavailableError, Value, Word

FORMAT: Final = "absah-backup-1"
MANIFEST: Final = "manifest.json"
_PRIVATE: Final = 0o600
_FETCHED: Final = 1000
_MAX_MANIFEST_BYTES: Final = 1 << 20
_MAX_ROW_BYTES: Final = 1 << 26  # a decision of the largest size that an office can allow, in base64, is a quarter
_CHUNK_BYTES: Final = 1 << 20
# What reading a file can raise that was not written as a backup.
_NO_ARCHIVE: Final = (tarfile.TarError, EOFError, ValueError, LookupError, TypeError, OverflowError, RecursionError)
# Restorations belong to the copy, not to what was copied.
_LEFT_OUT: Final = frozenset({"restorations"})
_EXISTS: Final = N_("{path} sudah ada, dan cadangan tidak pernah ditimpa. Pilih nama lain.")
_DAMAGED: Final = N_("Cadangan {path} rusak: {place}.")
_NOT_WHOLE: Final = N_("{path} bukan cadangan, atau tidak utuh ({reason}).")
_ROWS: Final = N_("Baris tabel {table} dalam cadangan ini tidak dapat disimpan ({reason}).")
_NOT_EMPTY: Final = N_("Registri ini sudah berisi. Cadangan dipulihkan ke registri yang baru.")
_FORM: Final = N_("Cadangan ini memuat {name} dalam bentuk yang tidak semestinya.")


class BackupError(SpokenError):
    """The file is no backup of this format, not whole, or of another revision than this program's."""


class Store(Protocol):
    """The file store, as backups and restorations use it."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError`."""

    def put(self, data: bytes) -> bytes:
        """Keep these bytes durably and return their SHA-256."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `tables` gives each table's count of rows and SHA-256 in hex."""

    revision: str
    taken: datetime.datetime
    log_size: int
    tables: Mapping[str, tuple[int, str]]

    def encode(self) -> bytes:
        """The bytes of `manifest.json`."""
        value = {
            "format": FORMAT,
            "revision": self.revision,
            "taken": self.taken.astimezone(datetime.UTC).isoformat(),
            "log_size": self.log_size,
            "tables": {name: {"rows": rows, "sha256": digest} for name, (rows, digest) in self.tables.items()},
        }
        return canonical.dump(value)

    @classmethod
    def decode(cls, data: bytes) -> "Manifest":
        """Read `manifest.json`. Raises `BackupError`."""
        try:
            value: Any = canonical.parse(data)
            if value["format"] != FORMAT:
                raise BackupError(
                    N_("Cadangan ini berformat {format}, bukan {wanted}."), format=str(value["format"]), wanted=FORMAT
                )
            found = cls(
                revision=str(value["revision"]),
                taken=datetime.datetime.fromisoformat(value["taken"]).astimezone(datetime.UTC),
                log_size=int(value["log_size"]),
                tables={name: (int(one["rows"]), str(one["sha256"])) for name, one in value["tables"].items()},
            )
            if found.encode() != data:
                raise BackupError(N_("Daftar isi cadangan ini tidak ditulis program ini."))
            return found
        except (DocumentError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            if isinstance(error, BackupError):
                raise
            raise BackupError(N_("Ini bukan daftar isi sebuah cadangan ({reason})."), reason=_reason(error)) from error


def write(
    path: Path,
    *,
    database: Database,
    documents: Store,
    files: Mapping[str, bytes],
    now: datetime.datetime,
) -> Manifest:
    """Write a backup to `path`, which must not exist; it appears whole (0600) or not at all.

    Raises `BackupError` where `path` stands already, `UnavailableError` where database, file store or disk refuse, or
    where a document that a row names is lost: a backup with a hole would be found out too late.
    """
    if path.exists():
        raise BackupError(_EXISTS, path=str(path))
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as spool:
            unfinished = Path(spool) / "backup.tar"
            with tarfile.open(unfinished, "x", format=tarfile.PAX_FORMAT) as archive:
                with database.read() as tx:
                    tables = {table.name: _spool(tx, table, Path(spool)) for table in _tables()}
                    size = tx.execute(sa.select(schema.log_state.c.size)).scalar_one()
                    named = _named_documents(tx)
                manifest = Manifest(revision=database.revision() or "", taken=now, log_size=size, tables=tables)
                _add(archive, MANIFEST, manifest.encode())
                for name in tables:
                    archive.add(Path(spool) / name, arcname=f"tables/{name}.jsonl", filter=_anonymous)
                for name, data in files.items():
                    _add(archive, f"files/{name}", data)
                for sha256 in sorted(named):
                    text = sha256.hex()
                    _add(archive, f"documents/{text[:2]}/{text[2:]}", documents.get(sha256))
            unfinished.chmod(_PRIVATE)
            with unfinished.open("rb") as file:
                os.fsync(file.fileno())
            os.link(unfinished, path)  # unlike a rename it never replaces what is there
            sync_folder(path.parent)
    except FileExistsError as error:
        raise BackupError(_EXISTS, path=str(path)) from error
    except OSError as error:
        raise SpokenUnavailableError(
            N_("Cadangan {path} tidak dapat ditulis: {reason}."), path=str(path), reason=error.strerror or str(error)
        ) from error
    return manifest


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A backup that was opened: what it says of itself, and the files beside its tables."""

    path: Path
    manifest: Manifest
    files: Mapping[str, bytes]


def read(path: Path) -> Opened:
    """Open a backup and check that its tables are whole. Raises `BackupError`, `UnavailableError`.

    The names of `Opened.files` are as the file gives them: whoever writes those files says which names may stand.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            manifest = Manifest.decode(_content(archive, _first(archive), limit=_MAX_MANIFEST_BYTES))
            files: dict[str, bytes] = {}
            found: dict[str, tuple[int, str]] = {}
            seen: set[str] = set()
            for member in archive:
                if member.name in seen:
                    raise BackupError(_FORM, name=member.name)
                seen.add(member.name)
                kind, _, name = member.name.partition("/")
                if member.name == MANIFEST:
                    continue  # the first one, which was read
                if kind == "tables":
                    found[name.removesuffix(".jsonl")] = _digest(archive, member)
                elif kind == "files":
                    files[name] = _content(archive, member, limit=_MAX_MANIFEST_BYTES)
                elif kind != "documents" or sha256_of(name) is None or not _is_plain(member, blobs.MAX_BYTES):
                    raise BackupError(_FORM, name=member.name)
    except _NO_ARCHIVE as error:
        raise BackupError(_NOT_WHOLE, path=str(path), reason=str(error)) from error
    except OSError as error:
        raise SpokenUnavailableError(
            N_("Cadangan {path} tidak dapat dibaca: {reason}."), path=str(path), reason=error.strerror or str(error)
        ) from error
    if found != dict(manifest.tables):
        damaged = sorted(name for name in manifest.tables if found.get(name) != manifest.tables[name])
        raise BackupError(_DAMAGED, path=str(path), place=", ".join(damaged) or Word(N_("ada tabel yang berlebih")))
    return Opened(path=path, manifest=manifest, files=files)


def restore(opened: Opened, *, database: Database, documents: Store, now: datetime.datetime) -> None:
    """Fill an empty registry from a backup; it is read-only from then on, until it was replayed.

    Documents come first, then all rows in one transaction; what was cut off before its end is begun anew. Raises
    `BackupError` for a registry that holds something, a backup of another revision, a document that is not what its
    name says or rows that do not fit together, `UnavailableError`.
    """
    revision = database.revision()
    if opened.manifest.revision != revision:
        raise BackupError(
            N_(
                "Cadangan ini dari revisi {held}, sedangkan registri program ini dari revisi {own}. Pulihkan dengan "
                "program yang membuatnya, lalu jalankan “absah db upgrade” dengan program ini."
            ),
            held=opened.manifest.revision,
            own=revision or "",
        )
    try:
        with tarfile.open(opened.path, "r:") as archive:
            for member in archive:
                if member.name.startswith("documents/"):
                    data = _content(archive, member, limit=blobs.MAX_BYTES)
                    if hashlib.sha256(data).hexdigest() != member.name.removeprefix("documents/").replace("/", ""):
                        raise BackupError(_DAMAGED, path=str(opened.path), place=member.name)
                    documents.put(data)
            with database.write(replaying=True) as tx:
                if not _is_empty(tx):
                    raise BackupError(_NOT_EMPTY)
                for table in _tables():
                    try:
                        _fill(tx, table, _rows(archive, f"tables/{table.name}.jsonl"))
                    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
                        raise BackupError(_ROWS, table=table.name, reason=_first_line(error)) from error
                follow_ids(tx)
                tx.execute(
                    schema.restorations.insert().values(
                        backup_taken_at=opened.manifest.taken, backup_size=opened.manifest.log_size, restored_at=now
                    )
                )
    except _NO_ARCHIVE as error:
        raise BackupError(_NOT_WHOLE, path=str(opened.path), reason=str(error)) from error


def is_empty(database: Database) -> bool:
    """Whether this registry holds nothing yet: it was made, and a restoration into it may begin."""
    with database.read() as tx:
        return _is_empty(tx)


def _is_empty(tx: sa.Connection) -> bool:
    return all(
        tx.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None
        for table in (schema.installation, schema.log_entries, schema.decisions, schema.restorations)
    )


def _first_line(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]


def _reason(error: Exception) -> Value:
    return error if isinstance(error, DocumentError) else str(error)


def _tables() -> list[sa.Table]:
    """Every table that a backup holds, those that others refer to first."""
    return [table for table in schema.metadata.sorted_tables if table.name not in _LEFT_OUT]


def _spool(tx: sa.Connection, table: sa.Table, folder: Path) -> tuple[int, str]:
    digest, rows = hashlib.sha256(), 0
    query = sa.select(table).order_by(*table.primary_key.columns)
    with (folder / table.name).open("xb") as file:
        for row in tx.execute(query, execution_options={"yield_per": _FETCHED}).mappings():
            line = canonical.dump(ledger.to_json(table, dict(row))) + b"\n"
            digest.update(line)
            file.write(line)
            rows += 1
    return rows, digest.hexdigest()


def _named_documents(tx: sa.Connection) -> set[bytes]:
    """The hash of all that must be in the store: files, evidence, orders, plates, and the published records."""
    table, evidence, changes = schema.documents.c, schema.validation_data.c, schema.status_changes.c
    gone = set(tx.execute(sa.select(schema.destructions.c.instrument)).scalars())
    named = {bytes(sha256) for key, sha256 in tx.execute(sa.select(table.instrument, table.sha256)) if key not in gone}
    named.update(bytes(sha256) for sha256 in tx.execute(sa.select(evidence.sha256)).scalars())
    orders = sa.select(changes.decree_sha256).where(changes.decree_sha256.is_not(None))
    named.update(bytes(sha256) for sha256 in tx.execute(orders).scalars() if sha256 is not None)
    # A plate outlives the permits whose pages were filled from it: it is others' as well and holds nobody's data.
    plates = sa.union(sa.select(schema.plates.c.sha256), sa.select(table.plate).where(table.plate.is_not(None)))
    named.update(bytes(sha256) for sha256 in tx.execute(plates).scalars())
    entries = schema.log_entries.c
    published = sa.select(entries.instrument, entries.event, entries.entry).where(entries.index.is_not(None))
    for row in tx.execute(published, execution_options={"yield_per": _FETCHED}):
        record = logentry.decode(bytes(row.entry)).record_sha256
        if record is not None and not (row.instrument in gone and row.event in ledger.EVENTS_WITH_CONTENT):
            named.add(record)
    return named


def _fill(tx: sa.Connection, table: sa.Table, rows: Iterator[Mapping[str, object]]) -> None:
    if table.name == schema.log_state.name:
        for row in rows:
            values = ledger.from_json(table, row)
            if values["size"]:
                tx.execute(table.update().where(table.c.id == values["id"]).values(values))
        return
    chunk: list[dict[str, object]] = []
    for row in rows:
        chunk.append(ledger.from_json(table, row))
        if len(chunk) == _FETCHED:
            tx.execute(table.insert(), chunk)
            chunk = []
    if chunk:
        tx.execute(table.insert(), chunk)


def _rows(archive: tarfile.TarFile, name: str) -> Iterator[dict[str, object]]:
    file = archive.extractfile(name)
    if file is None:
        raise BackupError(N_("Cadangan ini tidak memuat {name}."), name=name)
    while line := file.readline(_MAX_ROW_BYTES + 1):
        value = canonical.parse(line) if len(line) <= _MAX_ROW_BYTES else None
        if not isinstance(value, dict):
            raise BackupError(N_("{name} dalam cadangan ini memuat selain baris."), name=name)
        yield value


def _first(archive: tarfile.TarFile) -> tarfile.TarInfo:
    member = archive.next()
    if member is None or member.name != MANIFEST:
        raise BackupError(N_("Ini bukan cadangan: berkasnya tidak diawali daftar isinya."))
    return member


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, *, limit: int) -> bytes:
    file = archive.extractfile(member) if _is_plain(member, limit) else None
    if file is None:
        raise BackupError(_FORM, name=member.name)
    data = file.read()
    if len(data) != member.size:
        raise tarfile.ReadError("unexpected end of data")
    return data


def _is_plain(member: tarfile.TarInfo, limit: int) -> bool:
    """A file whose bytes all stand in the archive: a sparse one could claim any size."""
    return member.isreg() and not member.issparse() and member.size <= limit


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[int, str]:
    file = archive.extractfile(member) if _is_plain(member, member.size) else None
    if file is None:
        raise BackupError(_FORM, name=member.name)
    digest, rows = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        rows += chunk.count(b"\n")
    return rows, digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), _PRIVATE
    archive.addfile(member, io.BytesIO(data))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of this machine's accounts, which mean nothing elsewhere."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = _PRIVATE
    return member
