"""From a pydantic model's findings to sentences for the officer: label, what is wrong with the value, remedy."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from templates.problems import Problem, Severity, Value

_MAX_SHOWN: Final = 60
_WHOLE: Final = re.compile(r"-?[0-9]+")
Place = tuple[str | int, ...]

UNREADABLE: Final = "{label} tidak dapat dibaca. Periksa kembali isinya."
WHOLE_FILE: Final = "Berkas keputusan"
LIST_ITEM: Final = "Unit {unit}"
UNKNOWN_FIELD: Final = "Isian “{name}”"
UNKNOWN_FIELD_OF_ITEM: Final = "Isian “{name}” unit {unit}"
HIDDEN: Final = "“***”"

TEMPLATES: Final[Mapping[str, str]] = {
    "missing": "{label} belum diisi. Isilah sesuai dokumen permohonan.",
    "empty": "{label} kosong. Isilah sesuai dokumen permohonan.",
    "extra_forbidden": "{label} tidak dikenal dalam “{where}”. Hapus isian itu atau betulkan ejaan namanya.",
    "string_type": "{label} harus berupa teks. Tulislah di antara tanda kutip.",
    "string_too_long": "{label} berisi {length} huruf, padahal paling banyak {max_length}. Singkatkan tanpa mengubah "
    "maknanya.",
    "string_pattern_mismatch": "{label} berisi {value}, yang bentuknya tidak sesuai. Tulislah seperti contoh ini: "
    "{example}.",
    "foreign_letter": "{label} memuat {letter} pada huruf ke-{position}, yang tidak dapat dicetak. Gantilah dengan "
    "huruf Latin seperti pada akta atau KTP, atau hapus.",
    "foreign_mark": "{label} memuat {letter} pada huruf ke-{position}: huruf dengan tanda tambahan yang tidak dapat "
    "dicetak. Ketik ulang huruf itu tanpa tanda tambahannya, seperti pada akta atau KTP.",
    "foreign_unseen": "{label} memuat tanda yang tidak terlihat atau tidak dikenal ({letter}) di dekat huruf "
    "ke-{position}. Ketik ulang isian itu; jangan menyalin dan menempelkannya.",
    "enum": "{label} berisi {value}, yang tidak dikenal. Pilih salah satu: {expected}.",
    "literal_error": "{label} berisi {value}, yang tidak dikenal. Pilih salah satu: {expected}.",
    "date_format": "{label} berisi {value}, padahal harus tanggal. Tulislah tahun-bulan-hari, misalnya 2026-11-23.",
    "no_such_date": "{label} berisi {value}, tanggal yang tidak ada dalam kalender. Cocokkan dengan dokumennya.",
    "number_format": "{label} berisi {value}, padahal harus bilangan. Tulis angkanya saja, dengan titik untuk pecahan, "
    "misalnya 12.5.",
    "int_type": "{label} berisi {value}, padahal harus bilangan bulat. Tulis angkanya saja, misalnya 1500.",
    "quoted_number": "{label} ditulis di antara tanda kutip: {value}. Tulis angkanya tanpa tanda kutip.",
    "greater_than": "{label} berisi {value}, padahal harus lebih dari {gt}. Cocokkan dengan dokumennya.",
    "greater_than_equal": "{label} berisi {value}, padahal paling kecil {ge}. Cocokkan dengan dokumennya.",
    "less_than_equal": "{label} berisi {value}, padahal paling besar {le}. Cocokkan dengan dokumennya.",
    "too_short": "{label} masih kosong. Isilah sedikitnya satu.",
    "too_long": "{label} memuat {actual_length} baris, padahal paling banyak {max_length}. Bagilah menjadi beberapa "
    "izin.",
    "model_type": "{label} harus terdiri atas beberapa isian. Isilah masing-masing: {parts}.",
    "list_type": "{label} harus berupa daftar. Tulislah barisnya satu per satu di antara kurung siku [ ].",
    "digits_only": "{label} memuat tanda selain angka. Tulis angkanya saja.",
    "nib_digit_count": "{label} berisi {length} angka, padahal harus 13 angka. Cocokkan dengan NIB pemegang izin.",
    "nik_digit_count": "{label} berisi {length} angka, padahal harus 16 angka. Cocokkan dengan KTP.",
    "npwp_digit_count": "{label} berisi {length} angka, padahal harus 15 atau 16 angka. Cocokkan dengan kartu NPWP.",
    "nik_serial": "{label} berakhir dengan 0000, yang tidak pernah dipakai. Cocokkan dengan KTP.",
}
_ALIASES: Final = {"model_attributes_type": "model_type", "dict_type": "model_type", "int_from_float": "int_type"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Makes findings about fields of one model, under the titles that it gives them.

    `catalogue` holds the translations of titles and sentences.
    """

    model: type[pydantic.BaseModel]
    catalogue: str

    def error(self, place: Place, code: str, template: str, **params: Value) -> Problem:
        """A finding that keeps the decision out."""
        return self._finding("error", place, code, template, params)

    def warning(self, place: Place, code: str, template: str, **params: Value) -> Problem:
        """A finding that lets the decision pass."""
        return self._finding("warning", place, code, template, params)

    def label(self, place: Place) -> str:
        """The title that the model gives the field at `place`."""
        return _field(self.model, place)[0]

    def of(self, error: pydantic.ValidationError) -> tuple[Problem, ...]:
        """Each finding of `error`, in the model's order."""
        return tuple(self._read(detail) for detail in error.errors(include_url=False))

    def _finding(
        self, severity: Severity, place: Place, code: str, template: str, params: Mapping[str, Value]
    ) -> Problem:
        title, named, _ = _field(self.model, place)
        return Problem(
            severity=severity,
            field=path(place),
            title=title,
            code=code,
            template=template,
            params={**params, **named},
            catalogue=self.catalogue,
        )

    def _read(self, detail: ErrorDetails) -> Problem:
        place, entered = detail["loc"], detail["input"]
        code = _code(detail)
        template = TEMPLATES.get(code, UNREADABLE)
        params: dict[str, Value] = {name: _shown(str(value)) for name, value in detail.get("ctx", {}).items()}
        if "expected" in params:
            params["expected"] = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        # What someone typed into a private field goes no further: messages end up on screens and in logs.
        private = bool(place) and place[0] == "private"
        params["value"] = HIDDEN if private else f"“{_shown(_plain(entered))}”"
        if isinstance(entered, str):
            params.setdefault("length", str(len(entered)))
        params |= _field(self.model, place)[2]
        used = {name: params.get(name, "…") for name in re.findall(r"\{(\w+)\}", template) if name != "label"}
        return self._finding("error", place, code, template, used)


def path(place: Place) -> str:
    """The place of a field in the file, as "public.units[0].power_kw"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" for step in place)
    return text.removeprefix(".")


def _code(detail: ErrorDetails) -> str:
    code, entered = _ALIASES.get(detail["type"], detail["type"]), detail["input"]
    if entered is None and code != "extra_forbidden":
        return "empty"
    if code == "int_type" and isinstance(entered, str) and _WHOLE.fullmatch(entered):
        return "quoted_number"
    return code


def _field(model: type[pydantic.BaseModel], place: Place) -> tuple[str, dict[str, Value], dict[str, Value]]:
    """The field's title, what that or the sentence names of its place, and what it should hold: `example`, `parts`."""
    here: Any = model
    title = part = WHOLE_FILE
    params: dict[str, Value] = {}
    hints: dict[str, Value] = {}
    for step in place:
        here = _inner(here)
        if isinstance(step, int):
            title, params["unit"] = LIST_ITEM, str(step + 1)
            here = (typing.get_args(here) or (None,))[0]
            continue
        if step not in (fields := _fields(here)):
            unknown = UNKNOWN_FIELD_OF_ITEM if "unit" in params else UNKNOWN_FIELD
            return unknown, {**params, "name": _shown(step), "where": (part,)}, {}
        field = fields[step]
        title = part = field.title or step
        here = field.annotation
        hints = {"example": str(field.examples[0])} if field.examples else {}
    if fields := _fields(_inner(here)):
        hints["parts"] = tuple(field.title or name for name, field in fields.items() if field.is_required())
    return title, params, hints


def _fields(annotation: Any) -> Mapping[str, FieldInfo]:
    is_model = isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
    return annotation.model_fields if is_model else {}


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
    """A value as its file writes it; of a list or a group of entries only the brackets."""
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float() | Decimal():
            return str(value)
        case list():
            return "[…]"
        case _:
            return "{…}"


def _shown(text: str) -> str:
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
