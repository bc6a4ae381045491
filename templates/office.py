"""The office profile: everything on a page that says whose office this is. A TOML file, nothing in code."""

import base64
import datetime
import pathlib
import re
import tomllib
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

import pydantic

from registry.formats.errors import UnavailableError
from templates import fonts, wording
from templates.dated import DatedTexts
from templates.regions import Region

PAPER_MM: Final = {"A4": (210.0, 297.0), "F4": (215.0, 330.0)}
MAX_EMBLEM_BYTES: Final = 512 * 1024

Line = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
# A file beside the profile: a bare name, so that whoever copies the profile can copy what it names to the same place.
_BESIDE: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}\."


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Margins(_Strict):
    """White on each side in millimetres. `first_top` is that of page 1, whose letterhead stands higher."""

    top: float = pydantic.Field(default=25, ge=15, le=50)
    first_top: float = pydantic.Field(default=14, ge=8, le=50)
    right: float = pydantic.Field(default=20, ge=15, le=40)
    bottom: float = pydantic.Field(default=25, ge=20, le=50)
    left: float = pydantic.Field(default=30, ge=20, le=40)


class TypeSettings(_Strict):
    """What one permit type has of its own at this office; what is not set is as for every type.

    `classification` replaces the code that the pack suggests; `unit`, `number_pattern`, `copies` replace the office's.
    """

    classification: Line | None = None
    unit: Line | None = None
    number_pattern: Line | None = None
    copies: tuple[Line, ...] | None = None


class OfficeProfile(_Strict):
    """One office.

    `head_title` is the head's title in the lines of a signature block, without the comma. `number_pattern` knows
    {klasifikasi}, {urut} (also {urut:03}), {unit}, {bulan_romawi} and {tahun}; the year is that of the date of issue.
    `emblem` is an SVG or PNG file beside the profile; without one a neutral placeholder is printed, never an imitation
    of a coat of arms. `region` is the ministry's code of the regency ("14.01"); `region_file` is a file beside the
    profile with its districts and the box it lies in, needed where Absah brings none along for that code (like
    templates/regions/14.01.toml). `regulations` are the office's own part of every legal basis. `copies` (tembusan) and
    `footer` are printed as they stand, `motto` under the footer.
    `degrees_on_decrees`: whether the signer of a decree is named with academic degrees (local rules differ).
    """

    id: str = pydantic.Field(pattern=r"^[a-z0-9-]{2,40}$")
    government: Line
    office: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=3)
    short_name: Line
    regency: Line
    region: str = pydantic.Field(pattern=r"^[0-9]{2}\.[0-9]{2}$")
    region_file: str | None = pydantic.Field(default=None, pattern=_BESIDE + "toml$")
    address: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=3)
    phone: Line
    email: Line
    web: Line
    emblem: str | None = pydantic.Field(default=None, pattern=_BESIDE + "(svg|png)$")
    paper: Literal["A4", "F4"] = "A4"
    margins: Margins = Margins()
    typeface: Literal["Arimo", "Tinos"] = "Arimo"
    place: Line
    head_title: tuple[Line, ...] = pydantic.Field(min_length=1, max_length=4)
    degrees_on_decrees: bool = True
    number_pattern: Line
    unit: Line
    copies: tuple[Line, ...] = ()
    footer: tuple[Line, ...] = pydantic.Field(default=(), max_length=3)
    motto: Line | None = None
    zone: Line = "Asia/Jakarta"
    regulations: DatedTexts = DatedTexts(())
    types: dict[str, TypeSettings] = {}
    _emblem_uri: str | None = pydantic.PrivateAttr(default=None)
    _region_data: Region | None = pydantic.PrivateAttr(default=None)

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
        for path, text in fonts.texts(self.model_dump(mode="json", exclude={"emblem", "region_file", "zone"})):
            if letters := fonts.foreign_letters(text):
                raise ValueError(f"{path} holds letters that the typeface lacks: {letters}")
        for type_ in ("", *self.types):
            self.number(1, datetime.date(2026, 1, 1), type_, classification="503")
        return self

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """From a TOML file and those that it names beside it.

        Raises `UnavailableError`, naming each wrong setting, for a file that is none.
        """
        try:
            profile = cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except pydantic.ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'profile'}: {e['msg']}" for e in error.errors())
            raise UnavailableError(f"the office profile {path.name} cannot be used: {wrong}") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(f"the office profile {path.name} cannot be read: {error}") from error
        if profile.emblem is not None:
            profile._emblem_uri = _image(path.parent / profile.emblem)
        own = None if profile.region_file is None else path.parent / profile.region_file
        profile._region_data = Region.read(profile.region, file=own)
        return profile

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files beside the profile without which it cannot be read."""
        return tuple(name for name in (self.emblem, self.region_file) if name is not None)

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which the office's dates begin and end."""
        return ZoneInfo(self.zone)

    @property
    def paper_mm(self) -> tuple[float, float]:
        """The paper's width and height in millimetres."""
        return PAPER_MM[self.paper]

    @property
    def region_data(self) -> Region:
        """Districts and whereabouts of the regency. Raises `UnavailableError` where Absah has none of its code."""
        return Region.read(self.region) if self._region_data is None else self._region_data

    def paper_layout(self) -> dict[str, str]:
        """Paper and margins in millimetres, for a page's shape: as text, because canonical JSON has no fractions."""
        width, height = self.paper_mm
        sides = {"width_mm": width, "height_mm": height, **self.margins.model_dump()}
        return {side: f"{value:g}" for side, value in sides.items()}

    def printed(self, type_: str) -> dict[str, object]:
        """Everything that pages of this permit type say about the office; JSON-able."""
        own = self.types.get(type_, TypeSettings())
        return {
            "government": self.government,
            "office": list(self.office),
            "short_name": self.short_name,
            "regency": self.regency,
            "address": list(self.address),
            "contact": [f"Telepon/WhatsApp {self.phone}, Pos-el {self.email}", f"Laman {self.web}"],
            "emblem": self._emblem_uri,
            "place": self.place,
            "head_title": list(self.head_title),
            "copies": list(self.copies if own.copies is None else own.copies),
            "footer": list(self.footer),
            "motto": self.motto or "",
        }

    def number(self, n: int, day: datetime.date, type_: str, *, classification: str) -> str:
        """The number of the `n`-th document of its series in the year of `day`, its date of issue.

        `classification` is the code that the pack suggests. Raises `ValueError` for a pattern that cannot be filled.
        """
        own = self.types.get(type_, TypeSettings())
        try:
            return (own.number_pattern or self.number_pattern).format(
                klasifikasi=own.classification or classification,
                urut=n,
                unit=own.unit or self.unit,
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
