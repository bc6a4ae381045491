"""The file store's back end in object storage that speaks S3, through obstore.

Source: Amazon S3 API reference, PutObject (`If-None-Match`), GetObject, DeleteObject, ListObjectsV2, error codes.
"""

import dataclasses
import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self

from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError
from obstore.store import S3Store

from registry.blobs import MAX_BYTES, DamagedError, MissingError
from registry.formats.errors import UnavailableError

if TYPE_CHECKING:  # obstore has this name for type checkers alone
    from obstore.store import S3Config

_ERROR_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,64})</Code>", re.ASCII)
# obstore has classes for these, but not for every operation.
_REFUSED: Final = re.compile(r"status code: 40[13]\b", re.ASCII)
_NO_OBJECT: Final = "NoSuchKey"
_NO_BUCKET: Final = "NoSuchBucket"
_PAGE: Final = 1000
_LONGEST_PAUSE: Final = datetime.timedelta(seconds=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An access key of the object storage; its secrets do not show when it is printed."""

    access_key_id: str
    secret_access_key: str = dataclasses.field(repr=False)
    session_token: str | None = dataclasses.field(default=None, repr=False)


class ObjectStorage:
    """`registry.blobs.Blobs` in one bucket, under a prefix.

    Durable when `put` returns, because S3 answers only after the object is stored, and a read after that sees it.
    Requests that fail are tried again by obstore, within the timeout. Messages hold the storage's error code and
    never its answer, which may repeat the headers that the request was signed with.
    """

    def __init__(self, *, store: S3Store, bucket: str, endpoint: str) -> None:
        self._store = store
        self._bucket = bucket
        self._endpoint = endpoint

    @classmethod
    def open(
        cls,
        *,
        bucket: str,
        prefix: str,
        endpoint: str,
        region: str,
        allow_http: bool,
        timeout: datetime.timedelta,
        credentials: Credentials,
    ) -> Self:
        """Object storage as configured; it is asked for nothing yet.

        `timeout` is for one request, from connecting to its last byte; failed requests are tried again for as long.
        """
        config: S3Config = {
            "bucket": bucket,
            "region": region,
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "conditional_put": "etag",
            "disable_bulk_delete": True,  # not every storage that speaks S3 has it
            # obstore takes what is not said here from the environment; where documents go is for absah.toml to say.
            "aws_endpoint_url_s3": endpoint,  # goes before every other name of an endpoint
            "virtual_hosted_style_request": False,
            "skip_signature": False,
            "unsigned_payload": False,
        }
        if credentials.session_token is not None:
            config["session_token"] = credentials.session_token
        try:
            store = S3Store(
                prefix=prefix or None,
                config=config,
                client_options={
                    "allow_http": allow_http,
                    "allow_invalid_certificates": False,
                    "timeout": timeout,
                    "connect_timeout": timeout,
                },
                retry_config={"retry_timeout": timeout, "backoff": {"max_backoff": _LONGEST_PAUSE}},
            )
        except (BaseError, ValueError):
            raise UnavailableError(
                f"object storage cannot be set up for bucket {bucket!r} at {endpoint}: check [documents] in absah.toml"
            ) from None
        return cls(store=store, bucket=bucket, endpoint=endpoint)

    def put(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """See `registry.blobs.Blobs.put`."""
        try:
            self._store.put(name, data, mode="overwrite" if replace else "create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except (BaseError, OSError, ValueError) as error:
            raise self._refusal(error) from None
        return True

    def get(self, name: str) -> bytes:
        """See `registry.blobs.Blobs.get`."""
        try:
            found = self._store.get(name)
            if found.meta["size"] > MAX_BYTES:
                raise DamagedError(f"{name} in bucket {self._bucket!r} is no document")
            return found.bytes().to_bytes()
        except (BaseError, OSError, ValueError) as error:
            if _code(error) == _NO_OBJECT:
                raise MissingError(
                    f"bucket {self._bucket!r} holds no {name}; if it lacks others too, check bucket and prefix under "
                    "[documents] in absah.toml"
                ) from None
            raise self._refusal(error) from None

    def delete(self, name: str) -> None:
        """See `registry.blobs.Blobs.delete`."""
        try:
            self._store.delete(name)
        except (BaseError, OSError, ValueError) as error:
            if _code(error) != _NO_OBJECT:
                raise self._refusal(error) from None

    def names(self) -> Iterator[str]:
        """See `registry.blobs.Blobs.names`; asks for a thousand names at a time."""
        try:
            for page in self._store.list(chunk_size=_PAGE):
                for found in page:
                    yield found["path"]
        except (BaseError, OSError, ValueError) as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> UnavailableError:
        code = _code(error)
        if code == _NO_BUCKET:
            return UnavailableError(
                f"the object storage at {self._endpoint} has no bucket {self._bucket!r}: make it there, or set bucket "
                "under [documents] in absah.toml to the right one"
            )
        if _REFUSED.search(str(error)):
            return UnavailableError(
                f"the object storage at {self._endpoint} refuses our key for bucket {self._bucket!r} "
                f"({code or 'without a reason'}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment "
                "and what this key may do"
            )
        if isinstance(error, InvalidPathError):
            return UnavailableError(
                f"bucket {self._bucket!r} holds a name that cannot be listed and is none of ours (an empty or dotted "
                "part between slashes): remove it, and let nobody else write under this prefix"
            )
        if code is None:
            return UnavailableError(
                f"the object storage at {self._endpoint} does not answer as S3 does: is it up, and is endpoint under "
                "[documents] in absah.toml right?"
            )
        return UnavailableError(f"the object storage at {self._endpoint} fails with {code}: ask its keepers")


def _code(error: Exception) -> str | None:
    found = _ERROR_CODE.search(str(error))
    return None if found is None else found[1]
