"""`packs/frozen.toml`: what every version of a pack was when it was frozen, and the bytes it gives.

One table per version. Written by `absah pack freeze`, in one order, so that its changes read well.
"""

import datetime
import json
import os
import pathlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

import pydantic

from registry.formats.errors import UnavailableError

Sha256 = Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_HEAD: Final = """\
# What each version of a pack was when it was frozen. Written by `absah pack freeze`, never by hand; docs/packs.md.
# A version that stands here may be in use: nothing it prints may change. Every value without a name is a SHA-256.
"""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Frozen(_Strict):
    """One version.

    `day` is the date of issue of its golden documents. `files` are all it is made of, by their names below
    templates/; `typefaces` both faces of both families ("Arimo bold"); `offices` what its pages say of each office
    profile in goldens/; `schemas` the decision's JSON Schema, by the version of pydantic that wrote it; `pdf` the
    golden documents' files, by fingerprint.
    """

    day: datetime.date
    typefaces: dict[str, Sha256]
    offices: dict[str, Sha256]
    schemas: dict[str, Sha256]
    files: dict[str, Sha256]
    pdf: dict[Sha256, dict[str, Sha256]]


class Lock(_Strict):
    """All versions by their names ("genset/v1"), and what the fingerprints stand for."""

    version: dict[str, Frozen] = {}
    fingerprint: dict[Sha256, dict[str, str]] = {}

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """From its file; empty where there is none yet. Raises `UnavailableError` for a file that is no lock."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return cls()
        except pydantic.ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UnavailableError(f"{path.name} cannot be used: {wrong}; take it back from the repository") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(f"{path.name} cannot be read: {error}; take it back from the repository") from error

    def having(self, name: str, frozen: Frozen, *, fingerprints: Mapping[str, Mapping[str, str]]) -> Self:
        """This with a version, and what its fingerprints stand for."""
        return self.model_copy(
            update={
                "version": {**self.version, name: frozen},
                "fingerprint": {**self.fingerprint, **{digest: dict(parts) for digest, parts in fingerprints.items()}},
            }
        )

    def __str__(self) -> str:
        return _HEAD + "".join(f"{line}\n" for line in _table((), self.model_dump()))

    def write(self, path: pathlib.Path) -> None:
        """Put it in place of the file, which is whole at every moment."""
        new = path.with_suffix(".new")
        with new.open("w", encoding="utf-8", newline="\n") as file:
            file.write(str(self))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def _table(path: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    if path and (len(tables) < len(values) or not values):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for name, value in sorted(values.items()):
        if name not in tables:
            yield f"{_key(name)} = {_value(value)}"
    for name, inner in sorted(tables.items()):
        yield from _table((*path, name), inner)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    # TOML writes its basic strings as JSON does, but for one character that JSON leaves as it is.
    return (
        str(value)
        if isinstance(value, datetime.date)
        else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    )
