"""One database: opened, brought up to date, and read or written in transactions.

SQLite in WAL mode with `synchronous=FULL`: what was committed survives a power cut. Every writing transaction
begins with `BEGIN IMMEDIATE`; a deferred one that reads before it writes fails under concurrency with "database
is locked" however long it waits, because its snapshot is already stale. Recursive triggers make INSERT OR REPLACE
meet the triggers that forbid deleting.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from registry.formats.errors import UnavailableError

BUSY_SECONDS: Final = 30


class Database:
    """The registry's database. Raises `UnavailableError` wherever the database cannot be reached."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def create(cls, path: Path) -> "Database":
        """Make a new database at `path` and bring it to the newest revision. Raises `FileExistsError`.

        It is made under another name and renamed when it is whole: a crash leaves no half a registry behind.
        """
        if path.exists():
            raise FileExistsError(path)
        making = path.with_name(f".{path.name}.new")
        for leftover in (making, *(making.with_name(making.name + end) for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
        making.touch(mode=0o600)  # SQLite gives its side files the mode of this one
        database = cls(_sqlite_engine(making))
        database.upgrade()
        database.close()
        making.rename(path)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Open an existing database, which must be at the newest revision.

        A missing file is an error, never silently made anew: an empty registry would call every permit unknown.
        """
        if not path.is_file():
            raise UnavailableError(f"there is no registry at {path}")
        database = cls(_sqlite_engine(path))
        found, wanted = database.revision(), _script().get_current_head()
        if found != wanted:
            database.close()
            raise UnavailableError(
                f"the registry at {path} is at revision {found}, this program needs {wanted}: “absah db upgrade”"
            )
        return database

    @classmethod
    def upgraded(cls, path: Path) -> "Database":
        """Open an existing database and run the migrations that it lacks. Raises `UnavailableError`."""
        if not path.is_file():
            raise UnavailableError(f"there is no registry at {path}")
        database = cls(_sqlite_engine(path))
        database.upgrade()
        return database

    def upgrade(self) -> None:
        """Run the migrations that are missing."""
        config = _config()
        with _available(), self._engine.connect().execution_options(writes=True) as connection:
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
            connection.commit()

    def revision(self) -> str | None:
        """The revision the database is at, None for an empty one."""
        with self.read() as connection:
            return alembic.migration.MigrationContext.configure(connection).get_current_revision()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view for reading."""
        with _available(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One writing transaction: committed whole when the block ends, nothing of it otherwise."""
        with _available(), self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def insert(tx: sa.Connection, table: sa.Table, **values: object) -> int:
    """Insert one row and return its id."""
    key: int = tx.execute(table.insert().values(**values).returning(table.c.id)).scalar_one()
    return key


@contextlib.contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # The bare class is "file is not a database"; its other children are our own mistakes.
        if isinstance(error, OperationalError) or type(error) is DatabaseError:
            raise UnavailableError(f"the registry's database does not answer: {error.orig}") from error
        raise


def _sqlite_engine(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are ours to begin
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _config() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _script() -> alembic.script.ScriptDirectory:
    return alembic.script.ScriptDirectory.from_config(_config())
