"""The office profile: everything on a page that says whose office this is. A TOML file, nothing in code."""

import base64
import datetime
import pathlib
import re
import tomllib
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

import pydantic

from registry.formats.errors import DocumentError, UnavailableError
from templates import fonts, wording

PAPER_MM: Final = {"A4": (210.0, 297.0), "F4": (215.0, 330.0)}
MAX_EMBLEM_BYTES: Final = 512 * 1024

Line = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Margins(_Strict):
    """White on each side in millimetres. `first_top` is that of page 1, whose letterhead stands higher."""

    top: float = pydantic.Field(default=25, ge=15, le=50)
    first_top: float = pydantic.Field(default=14, ge=8, le=50)
    right: float = pydantic.Field(default=20, ge=15, le=40)
    bottom: float = pydantic.Field(default=25, ge=20, le=50)
    left: float = pydantic.Field(default=30, ge=20, le=40)


class Numbering(_Strict):
    """Codes of one permit type in its number."""

    classification: Line
    unit: Line


class OfficeProfile(_Strict):
    """One office.

    `head_title` is the head's title in the lines of a signature block, without the comma. `number_pattern` knows
    {klasifikasi}, {urut} (also {urut:03}), {unit}, {bulan_romawi} and {tahun}; the year is that of the date of issue.
    `emblem` is an SVG or PNG file beside the profile; without one a neutral placeholder is printed, never an imitation
    of a coat of arms.
    """

    id: str = pydantic.Field(pattern=r"^[a-z0-9-]{2,40}$")
    government: Line
    office: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=3)
    short_name: Line
    regency: Line
    address: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=3)
    phone: Line
    email: Line
    web: Line
    emblem: pathlib.Path | None = None
    paper: Literal["A4", "F4"] = "A4"
    margins: Margins = Margins()
    place: Line
    head_title: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=4)
    number_pattern: Line
    numbering: dict[str, Numbering] = pydantic.Field(min_length=1)
    copies: tuple[Line, ...] = ()
    footer: tuple[Line, ...] = pydantic.Field(default=(), max_length=2)
    zone: Line = "Asia/Jakarta"
    _emblem_uri: str | None = pydantic.PrivateAttr(default=None)

    @pydantic.field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"no such time zone: {name}") from error
        return name

    @pydantic.model_validator(mode="after")
    def _printable(self) -> Self:
        for path, text in fonts.texts(self.model_dump(mode="json", exclude={"emblem", "zone"})):
            if letters := fonts.foreign_letters(text):
                raise ValueError(f"{path} holds letters that the typeface lacks: {letters}")
        for type_ in self.numbering:
            self.number(1, datetime.date(2026, 1, 1), type_)
        return self

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """From a TOML file. Raises `UnavailableError`, naming each wrong setting, for a file that is none."""
        try:
            profile = cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except pydantic.ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'profile'}: {e['msg']}" for e in error.errors())
            raise UnavailableError(f"the office profile {path.name} cannot be used: {wrong}") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(f"the office profile {path.name} cannot be read: {error}") from error
        if profile.emblem is not None:
            profile._emblem_uri = _image(path.parent / profile.emblem)
        return profile

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which the office's dates begin and end."""
        return ZoneInfo(self.zone)

    @property
    def paper_mm(self) -> tuple[float, float]:
        """The paper's width and height in millimetres."""
        return PAPER_MM[self.paper]

    @property
    def emblem_uri(self) -> str | None:
        """The emblem as a data address, None where the placeholder stands for it."""
        return self._emblem_uri

    def number(self, n: int, day: datetime.date, type_: str) -> str:
        """The number of the `n`-th permit of its type in the year of `day`, its date of issue.

        Raises `DocumentError` for a type that the profile has no codes for.
        """
        codes = self.numbering.get(type_)
        if codes is None:
            raise DocumentError(f"the office profile has no numbering for the permit type {type_!r}")
        try:
            return self.number_pattern.format(
                klasifikasi=codes.classification,
                urut=n,
                unit=codes.unit,
                bulan_romawi=wording.roman_month(day),
                tahun=day.year,
            )
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError(f"number_pattern: {error}") from error


def _image(path: pathlib.Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"the emblem {path.name} cannot be read: {error}") from error
    if len(data) > MAX_EMBLEM_BYTES:
        raise UnavailableError(f"the emblem {path.name} is larger than {MAX_EMBLEM_BYTES // 1024} KiB")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "image/png"
    elif re.search(rb"<svg[\s>]", data[:4096]):
        kind = "image/svg+xml"
    else:
        raise UnavailableError(f"the emblem {path.name} is neither SVG nor PNG")
    return f"data:{kind};base64," + base64.b64encode(data).decode()
