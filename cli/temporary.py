"""A PostgreSQL server that lives as long as one test run or benchmark, on a socket in a folder of its own."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa

from registry.database import DRIVER
from registry.formats.errors import UnavailableError

_ACCOUNT: Final = "postgres"
_SUPERUSER: Final = "absah"
# Where Debian and Homebrew keep the server's programs.
_HOMES: Final = (
    "usr/lib/postgresql/*/bin/postgres",
    "opt/homebrew/opt/postgresql@*/bin/postgres",
    "usr/local/opt/postgresql@*/bin/postgres",
)
# A folder of our own is made in one of them; their names are short, because a socket's path has 107 bytes at most.
_DISK: Final = Path("/tmp")  # noqa: S108  # mkdtemp makes a folder of our own in it
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the same
_ROOM: Final = 2 * 2**30  # bytes that must be free there
_LOCALE: Final = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


class TemporaryServer:
    """A running server; `database` makes a new empty database in it."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._made = 0

    def database(self, *, template: str = "template0") -> sa.URL:
        """A new database, empty or a copy of `template`."""
        self._made += 1
        name = f"absah_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return sa.URL.create(DRIVER, username=_SUPERUSER, database=name, query={"host": str(self._socket)})

    def drop(self, database: sa.URL) -> None:
        """Remove a database that `database` made, whoever is still connected to it."""
        self._execute(f"DROP DATABASE {database.database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(host=str(self._socket), user=_SUPERUSER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[TemporaryServer]:
    """Start a server, and stop it when the block ends.

    `durable`: on the disk and with fsync, as a benchmark must; otherwise in memory where there is room for it.
    Raises `UnavailableError` where PostgreSQL is not installed. As root the server runs as the account `postgres`,
    because it refuses to run as root.
    """
    programs = _programs()
    in_memory = not durable and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="absah-pg-", dir=_MEMORY if in_memory else _DISK))
    try:
        as_account: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)
            as_account = ["runuser", "-u", _ACCOUNT, "--"]
        data = folder / "data"
        make = ["initdb", "-D", str(data), "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", f"--locale={_LOCALE}", "-N"]
        _run([*as_account, str(programs / make[0]), *make[1:]], folder)
        # Nothing listens on the network; the socket's folder is open to its owner and root alone.
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=60"
        if not durable:
            options += " -c fsync=off -c full_page_writes=off"
        control = [*as_account, str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log")]
        _run([*control, "-o", options, "start"], folder)
        try:
            yield TemporaryServer(folder)
        finally:
            _run([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = [program for pattern in _HOMES for program in Path("/").glob(pattern)]
    if found:
        return max(found, key=lambda path: int(re.sub(r"\D", "", str(path.parent.parent.name)) or 0)).parent
    if program := shutil.which("postgres"):
        return Path(program).parent
    raise UnavailableError(
        "PostgreSQL is not installed here: “apt-get install postgresql” (or let “./absah test” do it)"
    )


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(  # noqa: S603  # our own words, no shell
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise UnavailableError(f"{command[-1]}: {done.stderr.decode(errors='replace')[-400:]}")
