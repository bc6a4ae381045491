"""The data directory: one folder with configuration, database, documents, public files and keys."""

import dataclasses
import datetime
import tomllib
from pathlib import Path
from typing import Final, Literal, Self

import pydantic

from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError

Mode = Literal["development", "production"]

CONFIGURATION: Final = "absah.toml"
OFFICE: Final = "office.toml"
_PRIVATE_FOLDER: Final = 0o700

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
"""


class ConfigurationError(UnavailableError):
    """The configuration cannot be used as it is; the message says which name and what to do."""


class Limits(pydantic.BaseModel):
    """Limits of this installation, each with its unit in its name."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    decision_kib: int = pydantic.Field(default=256, ge=1, le=10_240)
    web: dict[str, int | float] = {}
    reader: dict[str, int] = {}


class Settings(pydantic.BaseModel):
    """What `absah.toml` says."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    mode: Mode
    host: str = pydantic.Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$", max_length=100)
    isolation: Literal["required", "preferred"]
    limits: Limits = Limits()


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

    def database(self) -> Database:
        """The registry's database. Raises `UnavailableError`."""
        return Database.open(self.root / "absah.db")

    def documents(self) -> DocumentStore:
        """The file store."""
        return DocumentStore(self.root / "documents")

    @classmethod
    def create(cls, root: Path, *, mode: Mode, office: bytes, host: str) -> Self:
        """Make a data directory. Raises `ConfigurationError` if one stands there.

        The configuration file comes last: a folder without it is not a home, and making it again is safe.
        """
        if (root / CONFIGURATION).exists():
            raise ConfigurationError(f"{root} is an Absah home already; its mode was fixed when it was made")
        for folder in (root, root / "keys"):
            folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        for folder in (root / "documents", root / "public"):
            folder.mkdir(exist_ok=True)
        (root / OFFICE).write_bytes(office)
        database = root / "absah.db"
        if not database.exists():
            Database.create(database).close()
        isolation = "required" if mode == "production" else "preferred"
        text = _TEMPLATE.format(mode=mode, host=host, isolation=isolation)
        (root / CONFIGURATION).write_text(text, encoding="utf-8")
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open a data directory. Raises `ConfigurationError`."""
        path = root / CONFIGURATION
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(root=root, settings=Settings.model_validate(values))
        except FileNotFoundError as error:
            raise ConfigurationError(f"there is no Absah home at {root}: make one with “absah init”") from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from error
        except pydantic.ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
            )
            raise ConfigurationError(f"{path}: {problems}") from error


def utc_now() -> datetime.datetime:
    """The clock. Commands read it once and hand the moment on."""
    return datetime.datetime.now(datetime.UTC)
