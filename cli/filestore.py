"""Where documents stand: the table `[documents]` of `absah.toml`, and the file store that it describes."""

import datetime
import ipaddress
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import pydantic

from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError

_KEY: Final = "AWS_ACCESS_KEY_ID"
_SECRET: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable
_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105  # the same
_LIKE_A_SECRET: Final = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)


def _shaped(pattern: str, remedy: str) -> pydantic.AfterValidator:
    """A value of this shape; what was written is not repeated in the error: it may hold a password."""
    shape = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not shape.fullmatch(value):
            raise ValueError(remedy)
        return value

    return pydantic.AfterValidator(check)


_Bucket = Annotated[
    str,
    _shaped(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "write the bucket's name alone: 3 to 63 of a-z, 0-9, dot and dash"),
]
_Prefix = Annotated[
    str,
    _shaped(
        r"([\w-]+(/[\w-]+)*)?", 'write it as in "absah/documents": letters, digits, _ and - between single slashes'
    ),
]
_Region = Annotated[str, _shaped(r"[a-z0-9-]{1,32}", 'write it as in "ap-southeast-3": a-z, 0-9 and dash')]
_Endpoint = Annotated[
    str,
    _shaped(
        r"(https?://([A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(:[0-9]{1,5})?)?",
        "write scheme, host and perhaps port alone, as in https://s3.example.go.id:9000",
    ),
]


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _without_keys(cls, values: dict[str, object]) -> dict[str, object]:
        if secrets := sorted(name for name in values if _LIKE_A_SECRET.search(name)):
            raise ValueError(
                f"{', '.join(secrets)}: keys have no place in this file; take them out, have new ones made if others "
                f"could read it, and set {_KEY}, {_SECRET} and, for passing ones, {_TOKEN} in the environment"
            )
        return values


class LocalFiles(_Table):
    """Documents in a folder of the home."""

    kind: Literal["local"] = "local"


class S3Files(_Table):
    """Documents in a bucket of object storage that speaks S3."""

    kind: Literal["s3"]
    bucket: _Bucket
    prefix: _Prefix = ""
    region: _Region = "us-east-1"
    endpoint: _Endpoint = ""
    allow_http: bool = False
    timeout_seconds: float = pydantic.Field(default=10, gt=0, le=300)

    @pydantic.model_validator(mode="after")
    def _encrypted_on_the_way(self) -> Self:
        plain = self.endpoint.startswith("http://")
        if plain and not (self.allow_http and _on_this_machine(self.endpoint)):
            raise ValueError(
                "endpoint: documents must not cross a network unencrypted; use https://, or for an endpoint on this "
                "machine (http://127.0.0.1:9000) set allow_http = true"
            )
        if self.allow_http and not plain:
            raise ValueError("allow_http: only for an endpoint on this machine (http://127.0.0.1:9000); take it out")
        return self


def _local_unless_said(values: object) -> object:
    return {"kind": "local", **values} if isinstance(values, dict) else values


FileStore = Annotated[
    LocalFiles | S3Files, pydantic.Field(discriminator="kind"), pydantic.BeforeValidator(_local_unless_said)
]


def document_store(settings: LocalFiles | S3Files, *, folder: Path, environment: Mapping[str, str]) -> DocumentStore:
    """The file store that `settings` describe; the local one is in `folder`. It is asked for nothing yet.

    Not asked, because an answer now says nothing of the next minute: `put` returns only what is kept, `get` checks
    what it reads, and the public door must open while the storage is away. Raises `UnavailableError` where the keys
    are not in `environment`.
    """
    if isinstance(settings, LocalFiles):
        return DocumentStore.local(folder)
    # A compiled library of 15 MB: a process that keeps its documents on its own disk does not load it.
    from registry.objectstorage import Credentials, ObjectStorage  # noqa: PLC0415

    if missing := [name for name in (_KEY, _SECRET) if not environment.get(name)]:
        raise UnavailableError(f"documents: set {' and '.join(missing)} in the environment, the bucket's key")
    storage = ObjectStorage.open(
        bucket=settings.bucket,
        prefix=settings.prefix,
        endpoint=settings.endpoint or f"https://s3.{settings.region}.amazonaws.com",
        region=settings.region,
        allow_http=settings.allow_http,
        timeout=datetime.timedelta(seconds=settings.timeout_seconds),
        credentials=Credentials(
            access_key_id=environment[_KEY],
            secret_access_key=environment[_SECRET],
            session_token=environment.get(_TOKEN) or None,
        ),
    )
    return DocumentStore(blobs=storage)


def _on_this_machine(endpoint: str) -> bool:
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
