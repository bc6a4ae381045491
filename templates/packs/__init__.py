"""The permit types that this release can issue, one folder for each type and version."""

import datetime
import functools
import pathlib
from collections.abc import Mapping

from registry.formats.errors import DocumentError, UnavailableError
from templates.office import OfficeProfile
from templates.pack import Pack, discover

__all__ = ["Pack", "check_numbers", "named", "pack", "packs", "versions"]


@functools.cache
def versions() -> Mapping[str, Pack]:
    """Every pack ever released by its name ("genset/v1"): an older version renders its permits for ever."""
    return {found.name: found for found in discover(__name__, pathlib.Path(__file__).parent)}


def named(name: str) -> Pack:
    """The pack of this type and version ("genset/v1"). Raises `LookupError` for one that was never released."""
    if name not in versions():
        raise LookupError(f"no pack {name!r}")
    return versions()[name]


def packs() -> list[Pack]:
    """The latest pack of every permit type."""
    return list({pack.type: pack for pack in versions().values()}.values())


def check_numbers(office: OfficeProfile) -> None:
    """Raises `UnavailableError` where two series would give one number: the registry takes each number once."""
    day, seen = datetime.date(2026, 1, 1), dict[str, Pack]()
    for one in packs():
        first = seen.setdefault(one.number(1, day, office=office), one)
        if first.series != one.series:
            raise UnavailableError(
                f"the office profile {office.id} gives the types {first.type} and {one.type} the same numbers; "
                f"set another classification under [types.{one.type}]"
            )


def pack(type_: str) -> Pack:
    """The latest pack of a permit type. Raises `DocumentError` for a type that there is none for."""
    found = {pack.type: pack for pack in packs()}
    if type_ not in found:
        raise DocumentError(f"no permit type {type_!r}; there is: {', '.join(found)}")
    return found[type_]
