"""The columns of a sheet of decisions, derived from the JSON Schema that a pack publishes.

A decision is one object; its nested objects flatten into dotted paths ("public.holder.name"). What stands in a list
("public.units[].fuel") takes one row per item: every row of one decision bears the same reference.
"""

import dataclasses
import datetime
import enum
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from templates.packs import Pack

# The names that every decision's file has at the top, whatever its permit type.
TYPE: Final = "type"
SOURCE: Final = "source"
REFERENCE: Final = "reference"
PRIVATE: Final = "private."
ITEM: Final = "[]"

Json = Mapping[str, Any]
# What a cell of the template holds: what people type there.
Shown = str | int | Decimal | datetime.date


class Kind(enum.StrEnum):
    """What a column's cells hold."""

    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"
    WHOLE = "whole"
    CHOICE = "choice"
    FLAG = "flag"


class Need(enum.StrEnum):
    """Whether a column's cells may stay blank: never, only with its whole group, always."""

    ALWAYS = "always"
    WITH_GROUP = "with_group"
    NEVER = "never"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `choices` are codes with their words; bounds are inclusive unless `above` is set."""

    path: str
    title: str
    group: str
    kind: Kind
    need: Need
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    example: str | None = None

    @property
    def repeated(self) -> bool:
        """Whether it belongs to the items of a list, one row each."""
        return ITEM in self.path

    @property
    def private(self) -> bool:
        """Whether its cells may never be quoted."""
        return self.path.startswith(PRIVATE)

    def show(self, value: object) -> Shown:
        """A decision's value as the template writes it into a cell. The value comes from a checked decision."""
        text = str(value)
        match self.kind:
            case Kind.DATE:
                return datetime.date.fromisoformat(text)
            case Kind.DECIMAL:
                return Decimal(text)
            case Kind.WHOLE:
                return int(text)
            case Kind.CHOICE:
                return self.choices[text]
            case Kind.FLAG:
                return FLAGS[bool(value)]
            case Kind.TEXT:
                return text


FLAGS: Final[Mapping[bool, str]] = {True: "ya", False: "tidak"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one permit type: the reference first, what stands in lists last, else in the form's order."""

    type: str
    title: str
    columns: tuple[Column, ...]
    samples: tuple[Json, ...]

    @classmethod
    def of(cls, pack: Pack) -> "Layout":
        """The layout for a pack. Raises `TypeError` for a schema whose lists nest: it has no sheet."""
        schema = pack.json_schema()
        found = list(_columns(schema, schema.get("$defs", {}), path="", group="", needed=True, listed=False))  # type: ignore[arg-type]  # a schema's own shape
        found.sort(key=lambda column: (column.path != REFERENCE, column.repeated))
        twice = {title for title, count in Counter(column.title for column in found).items() if count > 1}
        named = [
            dataclasses.replace(column, title=f"{column.title} – {column.group}") if column.title in twice else column
            for column in found
        ]
        samples = tuple(json.loads(path.read_text("utf-8")) for path in pack.samples())
        return cls(type=pack.type, title=pack.title, columns=tuple(named), samples=samples)

    @property
    def reference(self) -> Column:
        """The column that tells which rows are one decision."""
        return self.columns[0]

    def by_path(self) -> dict[str, Column]:
        """Every column by its path."""
        return {column.path: column for column in self.columns}

    def example(self) -> dict[str, Shown]:
        """The first row of the first invented decision, by path."""
        return self.rows(self.samples[0])[0]

    def example_of(self, column: Column) -> Shown | None:
        """What a column may hold: the first invented decision that fills it says so."""
        for sample in self.samples:
            for row in self.rows(sample):
                if column.path in row:
                    return row[column.path]
        return column.example

    def rows(self, decision: Json) -> list[dict[str, Shown]]:
        """A decision's file as the rows of a sheet, by path: what stands once only on the first row."""
        rows: list[dict[str, Shown]] = [{}]
        for column in self.columns:
            outer, item, inner = column.path.partition(ITEM)
            value = _at(decision, outer)
            if not item:
                if value is not None:
                    rows[0][column.path] = column.show(value)
                continue
            for index, one in enumerate(value if isinstance(value, list) else []):
                while len(rows) <= index:
                    rows.append({REFERENCE: rows[0][REFERENCE]})
                found = _at(one, inner.removeprefix(".")) if inner else one
                if found is not None:
                    rows[index][column.path] = column.show(found)
        return rows


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _columns(schema: Json, definitions: Json, *, path: str, group: str, needed: bool, listed: bool) -> Iterator[Column]:
    """The columns under an object. `needed`: no object on the way here may be left out."""
    required = schema.get("required", ())
    for name, declared in schema.get("properties", {}).items():
        part, optional = _resolved(declared, definitions)
        title, here = part.get("title", name), f"{path}.{name}".removeprefix(".")
        if "const" in part:
            continue
        must = name in required and not optional
        if part.get("type") == "object":
            yield from _columns(part, definitions, path=here, group=title, needed=needed and must, listed=listed)
        elif part.get("type") == "array":
            if listed:
                raise TypeError(f"{here}: a list inside a list has no place on a sheet")
            items, _ = _resolved(part["items"], definitions)
            must = must and part.get("minItems", 0) > 0
            if items.get("type") == "object":
                yield from _columns(
                    items, definitions, path=here + ITEM, group=title, needed=needed and must, listed=True
                )
            else:
                need = Need.ALWAYS if needed and must else Need.NEVER
                yield _column(items, path=here + ITEM, title=title, group=group, need=need)
        else:
            need = Need.NEVER if not must else Need.ALWAYS if needed else Need.WITH_GROUP
            yield _column(part, path=here, title=title, group=group, need=need)


def _resolved(schema: Json, definitions: Json) -> tuple[Json, bool]:
    """The schema with what it refers to put in, its own title kept, and whether it may be null."""
    optional = False
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            inner = definitions[schema["$ref"].rpartition("/")[2]]
        else:
            inner = next(one for one in schema["anyOf"] if one.get("type") != "null")
            optional = optional or len(schema["anyOf"]) > 1
        own = {name: value for name, value in schema.items() if name not in ("$ref", "anyOf")}
        schema = {**inner, **own}
    return schema, optional


def _column(schema: Json, *, path: str, title: str, group: str, need: Need) -> Column:
    choices = _choices(schema)
    examples = schema.get("examples", ())
    return Column(
        path=path,
        title=title,
        group=group,
        kind=_kind(schema, choices),
        need=need,
        choices=choices,
        max_length=schema.get("maxLength"),
        minimum=schema.get("minimum", schema.get("ge")),
        maximum=schema.get("maximum", schema.get("le")),
        above=schema.get("exclusiveMinimum", schema.get("gt")),
        example=str(examples[0]) if examples else None,
    )


def _choices(schema: Json) -> dict[str, str]:
    """Codes with their words: "oneOf" of constants with titles has words, a bare "enum" only codes."""
    if "oneOf" in schema:
        return {str(one["const"]): str(one.get("title", one["const"])) for one in schema["oneOf"]}
    return {str(code): str(code) for code in schema.get("enum", ())}


def _kind(schema: Json, choices: Mapping[str, str]) -> Kind:
    if choices:
        return Kind.CHOICE
    types = schema.get("type", "string")
    types = {types} if isinstance(types, str) else set(types)
    if "number" in types:
        return Kind.DECIMAL
    if "integer" in types:
        return Kind.WHOLE
    if "boolean" in types:
        return Kind.FLAG
    return Kind.DATE if schema.get("format") == "date" else Kind.TEXT
