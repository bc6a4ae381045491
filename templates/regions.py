"""Districts of a regency and the box it lies in: data by the ministry's codes."""

import dataclasses
import pathlib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Self

from registry.formats.errors import UnavailableError

FOLDER = pathlib.Path(__file__).parent / "regions"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One regency: `districts` maps "14.01.03" to "Tambang"; the box is in degrees, south and west negative."""

    code: str
    name: str
    districts: Mapping[str, str]
    south: Decimal
    north: Decimal
    west: Decimal
    east: Decimal

    @classmethod
    def read(cls, code: str) -> Self:
        """The regency of a code like "14.01". Raises `UnavailableError` where its data is missing or wrong."""
        try:
            content = tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"), parse_float=Decimal)
            box = {side: Decimal(content["box"][side]) for side in ("south", "north", "west", "east")}
            districts = {f"{code}.{number}": name for number, name in content["districts"].items()}
            return cls(code=code, name=content["name"], districts=districts, **box)
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise UnavailableError(f"the data of regency {code} cannot be read: {error!r}") from error
