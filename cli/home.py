"""The data directory: one folder with configuration, database, documents, public files and keys."""

import contextlib
import dataclasses
import datetime
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, Literal, Self

import pydantic
import sqlalchemy as sa

from cli.filestore import FileStore, LocalFiles, document_store
from keys.trust import Trust
from registry import installation
from registry.database import Database, Location, server
from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError
from registry.formats.note import NoteVerifier
from registry.formats.spoken import SpokenUnavailableError
from registry.publication import refuse_if_rolled_back

Mode = Literal["development", "production"]
Isolation = Literal["required", "preferred"]

CONFIGURATION: Final = "absah.toml"
OFFICE: Final = "office.toml"
HOLIDAYS: Final = "holidays.toml"
DATABASE: Final = "absah.db"
_PRIVATE_FOLDER: Final = 0o700
_HOST: Final = re.compile(r"(?=.{1,100}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)

_TEMPLATE: Final = """\
# Configuration of this Absah. Unknown names are refused; secrets have no place here.

# Fixed when this folder was made. In development a made-up authority signs and every permit is marked SIMULASI.
mode = "{mode}"

# The host in every QR code and link: https://HOST/v/…  Printed permits keep it for ever.
host = "{host}"

# Whether hostile files may be opened where the system cannot isolate the reader: "required" or "preferred".
isolation = "{isolation}"

[limits]
decision_kib = 256  # the largest decision file taken in

# Limits of the public pages and of the isolated reader; every name says its unit. The names that are not set
# here keep their defaults (class WebLimits in verifier/web.py, class ReaderLimits in verifier/request.py).
[limits.web]
upload_bytes = 20971520

[limits.reader]
memory_mib = 768
wall_seconds = 15

# Limits of one imported sheet; the names that are not set here keep their defaults (class SheetLimits in
# desk/sheets/files.py).
[limits.sheets]
file_mib = 20
rows = 60000

# Limits of one document's layout; the names that are not set here keep their defaults (class RenderLimits in
# templates/limits.py).
[limits.render]
pages = 60
rows = 200
letters_a_field = 2000
seconds = 30

[render]
workers = 0  # how many processes lay out new pages side by side; 0 is one for each processor of this machine

# Where documents stand: "local" is the folder “documents” beside this file, "s3" a bucket of object storage that
# speaks S3. Its keys come from the environment and never from here: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for
# passing ones, AWS_SESSION_TOKEN. Changing this moves no document: copy them all first.
[documents]
kind = "local"
# kind = "s3"
# bucket = "izin-contoh"
# prefix = "absah"                       # names in the bucket begin with it; may be left out
# region = "ap-southeast-3"
# endpoint = "https://s3.example.go.id"  # left out: Amazon's, of this region
# allow_http = true                      # only for an endpoint on this machine, such as http://127.0.0.1:9000
# timeout_seconds = 10                   # for one request; failed ones are tried again for as long

# Where the registry stands: nothing for the file absah.db beside this one, or postgresql://USER@SERVER:PORT/NAME. The
# password comes from ~/.pgpass, PGPASSFILE or PGPASSWORD and never from here. Changing this moves no row: “absah db
# backup” and “absah db restore” do.
[database]
url = "{database}"

[service]
promise_working_days = 5  # item 4 of the service standard; counted from the day after the complete file was received
"""


class ConfigurationError(UnavailableError):
    """The configuration cannot be used as it is; the message says which name and what to do."""


class MisuseError(SpokenUnavailableError, ConfigurationError):
    """A command was asked for what it cannot do as it was typed, or not in this home."""

    catalogue = "cli"


class Limits(pydantic.BaseModel):
    """Limits of this installation, each with its unit in its name."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    decision_kib: int = pydantic.Field(default=256, ge=1, le=10_240)
    web: dict[str, int | float] = {}
    reader: dict[str, int] = {}
    sheets: dict[str, int] = {}
    render: dict[str, int | float] = {}


class Rendering(pydantic.BaseModel):
    """How new pages are laid out: in so many processes, or with 0 in one for each processor."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    workers: int = pydantic.Field(default=0, ge=0, le=256)


class Service(pydantic.BaseModel):
    """What the office promises in its service standard."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    promise_working_days: int = pydantic.Field(default=5, ge=1, le=365)


class RegistryPlace(pydantic.BaseModel):
    """Where the registry stands; an empty address is the file in the home."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    url: str = ""

    @pydantic.field_validator("url")
    @classmethod
    def _a_server(cls, url: str) -> str:
        if url:
            try:
                server(url)
            except UnavailableError as error:
                raise ValueError(str(error)) from error
        return url


class Settings(pydantic.BaseModel):
    """What `absah.toml` says."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    mode: Mode
    host: str
    isolation: Isolation
    limits: Limits = Limits()
    render: Rendering = Rendering()
    documents: FileStore = LocalFiles()
    database: RegistryPlace = RegistryPlace()
    service: Service = Service()

    @pydantic.field_validator("host")
    @classmethod
    def _host_alone(cls, host: str) -> str:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no host: write its name alone, in lower case, without https:// and slashes")
        return host


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A data directory that exists, with its settings."""

    root: Path
    settings: Settings

    @property
    def office_file(self) -> Path:
        """The office profile."""
        return self.root / OFFICE

    @property
    def public(self) -> Path:
        """What any web server may serve."""
        return self.root / "public"

    @property
    def trust(self) -> Path:
        """Trust anchors: what an outside validator needs."""
        return self.public / ".well-known" / "absah"

    @property
    def keys(self) -> Path:
        """Private keys of the development PKI."""
        return self.root / "keys"

    @property
    def permits(self) -> Path:
        """Copies of issued permits under readable names; the registry's own stand in `documents`."""
        return self.root / "permits"

    def copy_of(self, number: str) -> Path:
        """Where the copy of a permit stands, if there is one."""
        return self.permits / f"{number.replace('/', '-')}.pdf"

    @property
    def place(self) -> Location:
        """Where the registry stands."""
        return server(self.settings.database.url) if self.settings.database.url else self.root / DATABASE

    def database(self) -> Database:
        """The registry's database, which takes nothing in once it is behind its published log.

        Raises `UnavailableError`.
        """
        return Database.open(self.place, watch=self._watch)

    def _watch(self, tx: sa.Connection) -> None:
        key = Trust.read(self.trust).log_key if self.trust.is_dir() else None
        if key is not None:
            refuse_if_rolled_back(tx, folder=self.public / "log", verifier=NoteVerifier.parse(key))

    def documents(self) -> DocumentStore:
        """The file store, asked for nothing yet. Raises `UnavailableError` where its keys are not set."""
        return document_store(self.settings.documents, folder=self.root / "documents", environment=os.environ)

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        mode: Mode,
        office: bytes,
        host: str,
        database: str = "",
        beside: Mapping[str, bytes] | None = None,
    ) -> Self:
        """Make a data directory; `database` is the address of a server, empty for a file.

        `beside` are the files that the office profile names, by their names. Raises `ConfigurationError` if a home
        stands there, for a host that is none, or where one of those names is the home's own.

        The configuration file comes last: a folder without it is not a home, and making it again is safe.
        """
        if (root / CONFIGURATION).exists():
            raise ConfigurationError(f"{root} is an Absah home already; its mode was fixed when it was made")
        for name in sorted((CONFIGURATION, OFFICE, HOLIDAYS)):
            if name in (beside or {}):
                raise ConfigurationError(f"the office profile names {name}, as a home's own file is called: rename it")
        isolation: Isolation = "required" if mode == "production" else "preferred"
        values: dict[str, object] = {"mode": mode, "host": host, "isolation": isolation, "database": {"url": database}}
        home = cls(root=root, settings=_checked("init", values))
        try:
            home.make_folders()
            for name, data in {**(beside or {}), OFFICE: office}.items():
                (root / name).write_bytes(data)
            with contextlib.suppress(FileExistsError):  # a home that was begun is finished
                Database.create(home.place).close()
            with closing(home.database()) as made, made.write() as tx:
                installation.fix(tx, mode=mode, host=host)
            text = _TEMPLATE.format(mode=mode, host=host, isolation=isolation, database=database)
            (root / CONFIGURATION).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"cannot make a home at {root}: {error.strerror}") from error
        return cls.open(root)

    def make_folders(self) -> None:
        """Make the folders of a home, those with secrets and documents for their owner alone. Raises `OSError`."""
        self.root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        for folder in (self.keys, self.root / "documents"):
            folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            folder.chmod(_PRIVATE_FOLDER)  # the root may have stood there before, open to all
        self.public.mkdir(exist_ok=True)

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open a data directory. Raises `ConfigurationError`, also where mode or host were edited after it was made."""
        home = cls.configured(root)
        with closing(home.database()) as database, database.read() as tx:
            made_for = installation.fixed(tx)
        if made_for != (home.settings.mode, home.settings.host):
            raise ConfigurationError(
                f"{root / CONFIGURATION} says {home.settings.mode} for {home.settings.host}, but this home was made as "
                f"{' for '.join(made_for)}; both are for good: put them back"
            )
        return home

    @classmethod
    def made_of(cls, root: Path, configuration: str) -> Self:
        """A data directory that is being made from the text of its configuration. Raises `ConfigurationError`."""
        try:
            values = tomllib.loads(configuration)
        except ValueError as error:
            raise ConfigurationError(f"the configuration cannot be read: {error}") from error
        return cls(root=root, settings=_checked(CONFIGURATION, values))

    @classmethod
    def configured(cls, root: Path) -> Self:
        """A data directory as its configuration says, without asking its registry. Raises `ConfigurationError`."""
        path = root / CONFIGURATION
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigurationError(f"there is no Absah home at {root}: “absah init” makes one") from error
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from error
        return cls(root=root, settings=_checked(str(path), values))


def _checked(source: str, values: dict[str, object]) -> Settings:
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise ConfigurationError(f"{source}: {problems}") from error


def utc_now() -> datetime.datetime:
    """The clock. Commands read it once and hand the moment on."""
    return datetime.datetime.now(datetime.UTC)
