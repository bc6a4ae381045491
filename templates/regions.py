"""Districts of a regency and the box it lies in: data by the ministry's codes."""

import dataclasses
import pathlib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Self

import pydantic

from registry.formats.errors import UnavailableError

FOLDER: Final = pathlib.Path(__file__).parent / "regions"

_Name = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
_Number = Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9]{2}$")]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class _Box(_Strict):
    south: Decimal = pydantic.Field(ge=-90, le=90)
    north: Decimal = pydantic.Field(ge=-90, le=90)
    west: Decimal = pydantic.Field(ge=-180, le=180)
    east: Decimal = pydantic.Field(ge=-180, le=180)

    @pydantic.model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        if not (self.south < self.north and self.west < self.east):
            raise ValueError("south must be less than north, and west less than east")
        return self


class _Content(_Strict):
    name: _Name
    box: _Box
    districts: dict[_Number, _Name] = pydantic.Field(min_length=1)


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
    def read(cls, code: str, *, file: pathlib.Path | None = None) -> Self:
        """The regency of a code like "14.01", from `file` or, without one, from the data that Absah brings along.

        Raises `UnavailableError`, naming each wrong entry, where that is missing or wrong.
        """
        path = FOLDER / f"{code}.toml" if file is None else file
        try:
            content = _Content.model_validate(tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
        except pydantic.ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'region'}: {e['msg']}" for e in error.errors())
            raise UnavailableError(f"the data of regency {code} in {path.name} cannot be used: {wrong}") from error
        except FileNotFoundError as error:
            remedy = "name its file beside the office profile: region_file" if file is None else "put it there"
            raise UnavailableError(f"there is no {path.name} with the data of regency {code}; {remedy}") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(f"the data of regency {code} in {path.name} cannot be read: {error}") from error
        districts = {f"{code}.{number}": name for number, name in content.districts.items()}
        return cls(code=code, name=content.name, districts=districts, **dict(content.box))
