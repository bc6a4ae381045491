"""One database: opened, brought up to date, and read or written in transactions. SQLite and PostgreSQL behave as one.

A writing transaction is alone: nobody else writes between its first read and its commit. On SQLite it begins with
`BEGIN IMMEDIATE` (a deferred one that reads before it writes fails under concurrency with "database is locked" however
long it waits, because its snapshot is already stale); on PostgreSQL it first takes one advisory lock, and reads what is
committed then (a snapshot from before the wait would be as stale there). Rules that look before they leap (no gap, no
overlap, no second issue) rest on that. A reading transaction sees one moment, and the database refuses to write in it.

SQLite: WAL mode with `synchronous=FULL`, so what was committed survives a power cut; recursive triggers make INSERT OR
REPLACE meet the triggers that forbid deleting; freed pages are overwritten. PostgreSQL commits as durably by default; a
connection that finds `synchronous_commit` off refuses, as does one to a database that would take text in another
encoding than UTF-8.
"""

import contextlib
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import alembic.util
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, InternalError, OperationalError, TimeoutError

from registry import schema
from registry.formats.errors import UnavailableError
from registry.formats.language import N_
from registry.formats.spoken import SpokenError, SpokenUnavailableError

BUSY_SECONDS: Final = 30
DRIVER: Final = "postgresql+psycopg"
_SECRETS: Final = ("password", "sslpassword")  # what libpq takes from a query
_WRITERS_LOCK: Final = 0x41627361  # "Absa"; advisory locks are per database
_NO_REGISTRY: Final = N_("Tidak ada registri di {place}.")

Location = Path | sa.URL
Watch = Callable[[sa.Connection], None]


class ReadOnlyError(SpokenUnavailableError):
    """This registry was restored from a backup and takes nothing in until the log was replayed."""


class TextError(SpokenError):
    """The text has no place in a database: PostgreSQL keeps no NUL, and nobody half a surrogate pair."""


def server(url: str) -> sa.URL:
    """The address of a PostgreSQL database ("postgresql://USER@HOST:PORT/NAME"), which must hold no password.

    Passwords come from the environment (PGPASSFILE, PGPASSWORD), so that no configuration file is a secret.
    Raises `UnavailableError`.
    """
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: the cause may repeat the address, and with it a password.
        raise UnavailableError("the database's address is not of the form postgresql://USER@HOST:PORT/NAME") from None
    if parsed.get_backend_name() != "postgresql" or not parsed.database:
        raise UnavailableError("the database's address is not of the form postgresql://USER@HOST:PORT/NAME")
    if parsed.password is not None or any(name in parsed.query for name in _SECRETS):
        raise UnavailableError("the database's address holds a password: put it into ~/.pgpass or PGPASSFILE instead")
    return parsed.set(drivername=DRIVER)


class Database:
    """The registry's database. Raises `UnavailableError` wherever the database cannot be reached."""

    def __init__(self, engine: sa.Engine, *, name: str, read_only: bool = False, watch: Watch | None = None) -> None:
        self._engine = engine
        self._name = name
        self._read_only = read_only
        self._watch = watch

    @classmethod
    def create(cls, location: Location) -> "Database":
        """Make a new registry and bring it to the newest revision.

        A file is made under another name and renamed when it is whole: a crash leaves no half a registry behind.
        On a server the database must exist and be empty; there one transaction makes the registry. Raises
        `FileExistsError` where a registry stands already.
        """
        if isinstance(location, sa.URL):
            with cls._at(location)._closed_on_error() as database:
                if database.revision() is not None:
                    raise FileExistsError(_name(location))
                database.upgrade()
            return database
        if location.exists():
            raise FileExistsError(location)
        making = location.with_name(f".{location.name}.new")
        for leftover in (making, *(making.with_name(making.name + end) for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
        making.touch(mode=0o600)  # SQLite gives its side files the mode of this one
        with cls._at(making)._closed_on_error() as database:
            database.upgrade()
        database.close()
        making.rename(location)
        return cls.open(location)

    @classmethod
    def open(cls, location: Location, *, read_only: bool = False, watch: Watch | None = None) -> "Database":
        """Open an existing registry, which must be at the newest revision.

        A missing one is an error, never silently made anew: an empty registry would call every permit unknown.
        `read_only`: nothing is written through this object. `watch` is called at the beginning of each writing
        transaction and may refuse it (`registry.publication.refuse_if_rolled_back`).
        """
        with cls._at(location, read_only=read_only, watch=watch)._closed_on_error() as database:
            found, wanted = database._existing(), _script().get_current_head()
            if found != wanted:
                raise SpokenUnavailableError(
                    N_(
                        "Registri {place} masih pada revisi {found}, program ini perlu {wanted}. Jalankan “absah db "
                        "upgrade”."
                    ),
                    place=database._name,
                    found=found,
                    wanted=wanted or "",
                )
        return database

    @classmethod
    def upgraded(cls, location: Location) -> "Database":
        """Open an existing registry and run the migrations that it lacks. Raises `UnavailableError`."""
        with cls._at(location)._closed_on_error() as database:
            database._existing()
            database.upgrade()
        return database

    @classmethod
    def _at(cls, location: Location, *, read_only: bool = False, watch: Watch | None = None) -> "Database":
        if isinstance(location, sa.URL):
            return cls(_postgresql_engine(location), name=_name(location), read_only=read_only, watch=watch)
        if not location.is_file():
            raise SpokenUnavailableError(_NO_REGISTRY, place=str(location))
        return cls(_sqlite_engine(location), name=str(location), read_only=read_only, watch=watch)

    @property
    def dialect(self) -> str:
        """Which database it is: "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    def upgrade(self) -> None:
        """Run the migrations that are missing: all of them, or none if one fails.

        Raises `UnavailableError` for a registry that a newer program has upgraded.
        """
        config = _config()
        with self._writing() as connection:
            config.attributes["connection"] = connection
            try:
                alembic.command.upgrade(config, "head")
            except alembic.util.CommandError as error:
                raise SpokenUnavailableError(
                    N_(
                        "Registri {place} dari program yang lebih baru daripada program ini. Pakai program itu, atau "
                        "perbarui program ini."
                    ),
                    place=self._name,
                ) from error

    def revision(self) -> str | None:
        """The revision the database is at, None for an empty one."""
        with self.read() as connection:
            return alembic.migration.MigrationContext.configure(connection).get_current_revision()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view for reading; the database refuses to write in it."""
        options: dict[str, Any] = {}
        if self.dialect == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _available(), self._engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self, *, replaying: bool = False) -> Iterator[sa.Connection]:
        """One writing transaction: committed whole when the block ends, nothing of it otherwise.

        Raises `ReadOnlyError` on a restored registry whose log was not replayed, unless this is the `replaying`, and
        `UnavailableError` on one that was opened for reading.
        """
        with self._writing() as connection:
            if not replaying:
                _refuse_if_restored(connection)
                if self._watch is not None:
                    self._watch(connection)
            yield connection

    def _existing(self) -> str:
        revision = self.revision()
        if revision is None:
            raise SpokenUnavailableError(_NO_REGISTRY, place=self._name)
        return revision

    @contextlib.contextmanager
    def _closed_on_error(self) -> Iterator["Database"]:
        try:
            yield self
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._read_only:
            raise UnavailableError(f"the registry at {self._name} was opened for reading only")
        options: dict[str, Any] = {"writes": True}
        if self.dialect == "postgresql":
            options["isolation_level"] = "READ COMMITTED"
        with _available(), self._engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                _alone(connection)
                yield connection

    def problems(self, tx: sa.Connection) -> list[str]:
        """What the database says is wrong with itself: damaged pages, rows that refer to nothing. None if sound."""
        if self.dialect == "postgresql":
            # Checksums and references are looked after as it reads and writes; what is left is to read every row.
            for table in schema.metadata.sorted_tables:
                tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            return []
        damaged = [str(line) for line in tx.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"]
        return damaged + [f"{row[0]} {row[1]} -> {row[2]}" for row in tx.exec_driver_sql("PRAGMA foreign_key_check")]

    def forget(self, tables: Iterable[str]) -> None:
        """Overwrite what is left in the database's own files of rows that were deleted or emptied.

        On SQLite freed space is zeroed at once (`secure_delete`), so what is left stands in the segments of the index
        of names and in the write-ahead log; both are written anew. While somebody still reads an older moment the log
        stays: the next call does it. PostgreSQL frees the dead rows of `tables`; their bytes are overwritten as the
        space is used again. Raises `UnavailableError`.
        """
        if self.dialect == "postgresql":
            with _available(), self._engine.connect() as plain:
                connection = plain.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")
            return
        with self._writing() as tx:
            tx.exec_driver_sql("INSERT INTO permit_names_trigrams(permit_names_trigrams) VALUES ('optimize')")
        with _available(), contextlib.closing(self._engine.raw_connection()) as raw:
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise UnavailableError(f"the write-ahead log of {self._name} cannot be emptied: {error}") from error

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def insert(tx: sa.Connection, table: sa.Table, **values: object) -> int:
    """Insert one row and return its id.

    Text is kept in Unicode normal form C, the one that a record of the log can hold. Raises `TextError`.
    """
    kept = {name: _composed(value) for name, value in values.items()}
    for name, value in kept.items():
        if isinstance(value, str):
            _check_text(name, value)
    key: int = tx.execute(table.insert().values(**kept).returning(table.c.id)).scalar_one()
    return key


def follow_ids(tx: sa.Connection) -> None:
    """Let new rows go on after the highest id, once rows were written with ids of their own (a rebuilt registry).

    SQLite does so by itself; a sequence of PostgreSQL would give those ids again.
    """
    if tx.dialect.name != "postgresql":
        return
    for table in schema.metadata.sorted_tables:
        if "id" in table.c:
            highest = sa.func.max(table.c.id)
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            tx.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 1), highest.is_not(None))))


def _composed(value: object) -> object:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(inner) for inner in value]
    if isinstance(value, dict):
        return {_composed(name): _composed(inner) for name, inner in value.items()}
    return value


def _check_text(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TextError(N_("Isian {field} memuat separuh huruf. Ketik sekali lagi."), field=name) from error
    if "\0" in text:
        raise TextError(N_("Isian {field} memuat karakter NUL. Ketik sekali lagi."), field=name)


def _name(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _alone(connection: sa.Connection) -> None:
    """Wait until this transaction is the only one that writes. SQLite did so in BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")


def _refuse_if_restored(connection: sa.Connection) -> None:
    table = schema.restorations.c
    waiting = connection.execute(sa.select(table.backup_size).where(table.replayed_at.is_(None))).first()
    if waiting is not None:
        raise ReadOnlyError(
            N_(
                "Registri ini dipulihkan dari cadangan dengan {size} catatan log dan hanya dapat dibaca sampai "
                "checkpoint terbaru yang diumumkan selesai diputar ulang. Jalankan “absah db replay”."
            ),
            size=waiting.backup_size,
        )


@contextlib.contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise SpokenUnavailableError(
            N_("Basis data registri tidak menjawab: semua sambungannya terpakai. Coba lagi sebentar.")
        ) from error
    except (DatabaseError, InterfaceError) as error:
        # The bare class is "file is not a database", InternalError a refusal to write while reading; the other
        # children are our own mistakes.
        environment = isinstance(error, OperationalError | InterfaceError | InternalError)
        if environment or type(error) is DatabaseError:
            reason = str(error.orig).partition("\n")[0]
            raise SpokenUnavailableError(N_("Basis data registri tidak menjawab: {reason}."), reason=reason) from error
        raise


def _sqlite_engine(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are ours to begin
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": BUSY_SECONDS, "client_encoding": "utf8"},
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('server_encoding')")
            durability, encoding = cursor.fetchone()
        connection.commit()
        if durability == "off":
            connection.close()
            raise UnavailableError(
                "the database's synchronous_commit is off: what it acknowledges may be lost; turn it on"
            )
        if encoding != "UTF8":
            connection.close()
            raise UnavailableError(
                f"the database's encoding is {encoding}: make one with “createdb --template=template0 --encoding=UTF8”"
            )

    return engine


def _config() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _script() -> alembic.script.ScriptDirectory:
    return alembic.script.ScriptDirectory.from_config(_config())
