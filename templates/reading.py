"""From a pydantic model's findings to sentences for the officer: label, what is wrong with the value, remedy."""

import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Final

import pydantic
from pydantic_core import ErrorDetails

from templates.problems import Problem, Severity

_MAX_SHOWN: Final = 60
Place = tuple[str | int, ...]

UNREADABLE: Final = "{label} tidak dapat dibaca. Periksa kembali isinya."
WHOLE_FILE: Final = "Berkas keputusan"
LIST_ITEM: Final = "Unit {unit}"
UNKNOWN_FIELD: Final = "Isian “{name}”"
HIDDEN: Final = "…"

TEMPLATES: Final[Mapping[str, str]] = {
    "missing": "{label} belum diisi. Isilah sesuai dokumen permohonan.",
    "empty": "{label} kosong. Isilah sesuai dokumen permohonan.",
    "extra_forbidden": "{label} tidak ada dalam formulir ini. Hapus isian itu atau betulkan ejaan namanya.",
    "string_type": "{label} bukan teks. Tulislah di antara tanda kutip.",
    "string_too_long": "{label} berisi {length} huruf, paling banyak {max_length}. Singkatkan tanpa mengubah maknanya.",
    "string_pattern_mismatch": "{label} berisi {value}, yang bentuknya tidak sesuai. Cocokkan dengan contoh isian.",
    "foreign_letter": "{label} memuat {letter} pada huruf ke-{position}, yang tidak dapat dicetak. Tulis dengan huruf "
    "Latin biasa.",
    "enum": "{label} berisi {value}, yang tidak dikenal. Pilih salah satu: {expected}.",
    "literal_error": "{label} berisi {value}, yang tidak dikenal. Pilih salah satu: {expected}.",
    "date_format": "{label} berisi {value}, bukan tanggal. Tulis tahun-bulan-hari, misalnya 2026-11-23.",
    "no_such_date": "{label} berisi {value}, tanggal yang tidak ada. Periksa kembali pada dokumennya.",
    "number_format": "{label} berisi {value}, bukan bilangan. Tulis angka saja dengan titik untuk pecahan, misalnya "
    "12.5.",
    "int_type": "{label} berisi {value}, bukan bilangan bulat. Tulis angka saja, misalnya 1500.",
    "greater_than": "{label} berisi {value}, padahal harus lebih dari {gt}. Periksa kembali pada dokumennya.",
    "greater_than_equal": "{label} berisi {value}, paling kecil {ge}. Periksa kembali pada dokumennya.",
    "less_than_equal": "{label} berisi {value}, paling besar {le}. Periksa kembali pada dokumennya.",
    "too_short": "{label} kosong. Isilah sedikitnya satu.",
    "too_long": "{label} berisi {actual_length}, paling banyak {max_length}. Bagi menjadi beberapa izin.",
    "model_type": "{label} bukan kelompok isian. Tulislah sebagai objek dengan nama isian.",
    "list_type": "{label} bukan daftar. Tulislah sebagai daftar.",
    "digits_only": "{label} memuat tanda selain angka. Tulis angkanya saja.",
    "digit_count": "{label} berisi {length} angka, jumlahnya tidak sesuai. Cocokkan dengan dokumen aslinya.",
    "nik_serial": "{label} berakhir dengan 0000, yang tidak pernah dipakai. Cocokkan dengan KTP.",
}
_ALIASES: Final = {"model_attributes_type": "model_type", "dict_type": "model_type", "int_from_float": "int_type"}


def problems(error: pydantic.ValidationError, model: type[pydantic.BaseModel]) -> tuple[Problem, ...]:
    """Each finding of `error` as a `Problem`, in the model's order."""
    return tuple(_problem(detail, model) for detail in error.errors(include_url=False))


def finding(
    model: type[pydantic.BaseModel],
    place: Place,
    *,
    severity: Severity,
    code: str,
    template: str,
    params: Mapping[str, str],
) -> Problem:
    """A finding about the field at `place`, under the title that the model gives it."""
    title, named = _title(model, place)
    return Problem(
        severity=severity, field=path(place), title=title, code=code, template=template, params={**params, **named}
    )


def path(place: Place) -> str:
    """The place of a field in the file, as "public.units[0].power_kw"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" for step in place)
    return text.removeprefix(".")


def _problem(detail: ErrorDetails, model: type[pydantic.BaseModel]) -> Problem:
    place = detail["loc"]
    code = _ALIASES.get(detail["type"], detail["type"])
    template = TEMPLATES.get(code, UNREADABLE)
    params = {name: _shown(str(value)) for name, value in detail.get("ctx", {}).items()}
    if "expected" in params:
        params["expected"] = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    # What someone typed into a private field goes no further: messages end up on screens and in logs.
    private = bool(place) and place[0] == "private"
    params["value"] = HIDDEN if private else f"“{_shown(_plain(detail['input']))}”"
    if isinstance(detail["input"], str):
        params.setdefault("length", str(len(detail["input"])))
    used = {name: params.get(name, "…") for name in re.findall(r"\{(\w+)\}", template) if name != "label"}
    return finding(model, place, severity="error", code=code, template=template, params=used)


def _title(model: type[pydantic.BaseModel], place: Place) -> tuple[str, dict[str, str]]:
    here: Any = model
    title, params = WHOLE_FILE, {}
    for step in place:
        here = _inner(here)
        if isinstance(step, int):
            title, params["unit"] = LIST_ITEM, str(step + 1)
            here = (typing.get_args(here) or (None,))[0]
            continue
        fields = here.model_fields if isinstance(here, type) and issubclass(here, pydantic.BaseModel) else {}
        if step not in fields:
            return UNKNOWN_FIELD, {"name": _shown(step)}
        title, here = fields[step].title or step, fields[step].annotation
    return title, params


def _inner(annotation: Any) -> Any:
    """The annotation without Annotated and without None."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
        else:
            return annotation


def _plain(value: object) -> str:
    return str(value) if isinstance(value, str | int) or value is None else "…"


def _shown(text: str) -> str:
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
