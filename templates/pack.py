"""A pack: one permit type in one version, read from its folder.

A folder holds `pack.toml` (`templates.manifest`), `model.py` with the classes `Decision` and `Public` and the words for
its codes (`LABELS`), where needed `checks.py`, the page with its style, samples, the text that the samples give, and
English translations. Adding a type is adding a folder.
"""

import dataclasses
import datetime
import enum
import functools
import importlib
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

import jinja2
import pydantic

from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.language import LANGUAGES, SOURCE, translations
from registry.formats.record import Kind, MandateRecord, PublicField
from templates import mandates, parts
from templates.decision import Checked, Decision
from templates.manifest import Manifest
from templates.office import OfficeProfile
from templates.problems import Problem
from templates.reading import Findings
from templates.texts import Texts

MANIFEST: Final = "pack.toml"
_COMMITMENT: Final = "private_commitment"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A field of a decision's file: its path, its label in Indonesian, and the package that translates the label."""

    path: str
    title: str
    catalogue: str


class Pack:
    """One permit type in one version ("genset/v1").

    `public` is the public part of a decision as `check` gave it, also with the name "private_commitment" that is
    added before it is stored.
    """

    def __init__(self, package: str, folder: pathlib.Path) -> None:
        """`package` is the folder's name to Python ("templates.packs.genset.v1")."""
        self._package = package
        self.folder = folder
        self.type = folder.parent.name
        self.name = f"{self.type}/{folder.name}"

    @functools.cached_property
    def manifest(self) -> Manifest:
        """What `pack.toml` says. Raises `UnavailableError` for one that is wrong."""
        return Manifest.read(self.folder / MANIFEST)

    @property
    def title(self) -> str:
        """What the document is called, in Indonesian."""
        return self.manifest.title

    @property
    def kind(self) -> Kind:
        """Permit, decree or letter."""
        return self.manifest.kind

    @property
    def series(self) -> str:
        """The series that its numbers come from."""
        return self.manifest.number.series

    @property
    def page_folders(self) -> tuple[pathlib.Path, ...]:
        """Where `page.html` and what it includes stand: its own folder, then the shared parts of its version."""
        return self.folder, self.folder.parents[2] / "common" / self.manifest.common

    def samples(self) -> list[pathlib.Path]:
        """Files of invented decisions."""
        return sorted((self.folder / "samples").glob("*.json"))

    def check(self, value: object, *, today: datetime.date, office: OfficeProfile) -> Checked:
        """Read a decision's file, as `registry.formats.canonical.parse` gives it.

        Errors of single fields first; only where there are none, fields against each other, today and the region.
        """
        model = self._model.Decision
        findings = Findings(model=model, catalogue=self._package)
        try:
            decision = model.model_validate(value)
        except pydantic.ValidationError as error:
            return Checked(decision=None, problems=findings.of(error))
        found: tuple[Problem, ...] = ()
        if self._checks is not None:
            found = tuple(self._checks.check(decision, findings=findings, today=today, region=office.region_data))
        if any(problem.severity == "error" for problem in found):
            return Checked(decision=None, problems=found)
        read = Decision(
            source=decision.source,
            reference=decision.reference,
            public=decision.public.model_dump(mode="json", exclude_none=True),
            private=decision.private.model_dump(mode="json", exclude_none=True),
        )
        return Checked(decision=read, problems=found)

    def json_schema(self) -> dict[str, object]:
        """JSON Schema (2020-12) of a decision's file, with the labels of the form as titles."""
        schema = self._model.Decision.model_json_schema(mode="validation")
        for code, words in self._labels.items():
            if code.__name__ in schema["$defs"]:
                named = schema["$defs"][code.__name__]
                named["oneOf"] = [{"const": one, "title": words[code(one)]} for one in named.pop("enum")]
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

    def number(self, n: int, day: datetime.date, *, office: OfficeProfile) -> str:
        """The number of the `n`-th document of its series in the year of `day`, its date of issue."""
        return office.number(n, day, self.type, classification=self.manifest.number.classification)

    def shape(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        mandate: MandateRecord,
        date_of_issue: datetime.date,
        mark: str,
    ) -> dict[str, object]:
        """Everything on the page that is not a value of this permit; JSON-able.

        `mark`: the word across the page ("SIMULASI", "DRAF"), "" on what is meant to hold. Raises `DocumentError` for
        a day on which no legal basis is known.
        """
        permit = self._read(public)
        legal_basis = self.manifest.legal_basis.in_force(date_of_issue, type_=self.type, office=office.regulations)
        if not legal_basis:
            raise DocumentError(f"no legal basis is known for {self.title} of {date_of_issue.isoformat()}")
        return {
            "pack": self.name,
            "title": self.title,
            "subject": self.manifest.subject or "",
            "mark": mark,
            "office": office.printed(self.type),
            "paper": office.paper_layout(),
            "typeface": office.typeface,
            "legal_basis": list(legal_basis),
            "conditions": list(self.manifest.conditions.in_force(date_of_issue, type_=self.type)),
            "signature": mandates.block(
                mandate,
                head_title=office.head_title,
                degrees=self.kind is not Kind.DECREE or office.degrees_on_decrees,
            ),
            "rows": {name: len(_part(permit, rows.of)) for name, rows in self.manifest.rows.items()},
            "blocks": {
                name: _part(permit, block.where) not in (None, []) for name, block in self.manifest.blocks.items()
            },
        }

    def fields(
        self,
        public: Mapping[str, object],
        *,
        office: OfficeProfile,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
    ) -> dict[str, str]:
        """The values on the page in Indonesian, by the names under which the template places them."""
        permit = self._read(public)
        values = {
            **_values(permit),
            "number": number,
            "date_of_issue": date_of_issue,
            "valid_until": valid_until,
            "office": office,
        }
        manifest = self.manifest
        found = {"number": number, **self._all(manifest.fields, values)}
        for block in manifest.blocks.values():
            if _part(permit, block.where) not in (None, []):
                found |= self._all(block.fields, values)
        for name, rows in manifest.rows.items():
            for index, item in enumerate(_part(permit, rows.of), start=1):
                row = self._all(rows.fields, {**values, name: item, "index": index})
                found |= {f"{name}{index}.{column}": text for column, text in row.items()}
        return found

    def valid_until(self, public: Mapping[str, object], date_of_issue: datetime.date) -> datetime.date | None:
        """The last day on which the document holds, None where it has no end.

        Raises `DocumentError` for an end that does not come after the date of issue.
        """
        path = self.manifest.validity.until
        until = None if path is None else _part(self._read(public), path)
        if until is None:
            return None
        if not isinstance(until, datetime.date):
            raise UnavailableError(f"{self.name}: {path} is no date")
        if until <= date_of_issue:
            raise DocumentError(f"the permit would end on {until}, not after its date of issue {date_of_issue}")
        return until

    def statement_names(self, public: Mapping[str, object]) -> tuple[str, str]:
        """Holder (individuals masked) and subject line for the QR statement."""
        statement, values = self.manifest.statement, _values(self._read(public))
        texts = self._texts[SOURCE]
        return self._text(texts, statement.holder, values), self._text(texts, statement.subject, values)

    def holder_name(self, public: Mapping[str, object]) -> str:
        """The holder's full name, for the office's own search; strangers are told the one of `statement_names`."""
        return self._text(self._texts[SOURCE], self.manifest.index.holder, _values(self._read(public)))

    def received(self, public: Mapping[str, object]) -> datetime.date:
        """The day on which the complete application was received: the day before the promised working days begin."""
        day = _part(self._read(public), self.manifest.index.received)
        if not isinstance(day, datetime.date):
            raise UnavailableError(f"{self.name}: {self.manifest.index.received} is no date")
        return day

    def objects(self, public: Mapping[str, object]) -> tuple[str, ...]:
        """The single things that are permitted, by what tells each from every other; none may be permitted twice.

        A thing that has nothing of the kind (no serial number) is left out.
        """
        objects = self.manifest.index.objects
        if objects is None:
            return ()
        items = _part(self._read(public), self.manifest.rows[objects.rows].of)
        texts = self._texts[SOURCE]
        found = [self._text(texts, text, {objects.rows: item}) for text in objects.texts for item in items]
        return tuple(dict.fromkeys(filter(None, found)))

    @property
    def objects_field(self) -> Labelled:
        """Where a decision's file lists the things of `objects`. Raises `LookupError` for a pack that has none."""
        objects = self.manifest.index.objects
        if objects is None:
            raise LookupError(f"{self.name} permits no single things")
        path = self.manifest.rows[objects.rows].of
        title = Findings(model=self._model.Public, catalogue=self._package).label(tuple(path.split(".")))
        return Labelled(path=f"public.{path}", title=title, catalogue=self._package)

    def public_view(
        self,
        public: Mapping[str, object],
        *,
        number: str,
        date_of_issue: datetime.date,
        valid_until: datetime.date | None,
        mandate: MandateRecord,
    ) -> tuple[PublicField, ...]:
        """What a stranger may see, in the order and words of the printed page, in both languages."""
        known = _values(self._read(public))
        facts = {
            "number": number,
            "date_of_issue": date_of_issue,
            "valid_until": valid_until,
            "signer": mandates.signer(mandate),
        }
        found = []
        for line in self.manifest.public:
            label, value = {}, {}
            for language in LANGUAGES:
                gettext = translations(self._package, language).gettext
                label[language] = gettext(line.label)
                values = {**known, **facts, "title": gettext(self.title)}
                value[language] = self._text(self._texts[language], line.value, values)
            found.append(PublicField(id=line.id, label=label, value=value))
        return tuple(found)

    def _all(self, templates: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
        return {name: self._text(self._page_texts, template, values) for name, template in templates.items()}

    def _text(self, texts: Texts, template: str, values: Mapping[str, object]) -> str:
        try:
            return texts.text(template, values)
        except (jinja2.TemplateError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
            raise UnavailableError(f"{self.name}: the text {template!r} cannot be made: {error!r}") from error

    def _read(self, public: Mapping[str, object]) -> pydantic.BaseModel:
        try:
            read = self._model.Public.model_validate(
                {name: part for name, part in public.items() if name != _COMMITMENT}
            )
        except pydantic.ValidationError as error:
            raise DocumentError(
                f"not the public part of a decision of {self.name}: {error.error_count()} errors"
            ) from error
        if not isinstance(read, pydantic.BaseModel):
            raise UnavailableError(f"{self.name}: Public is no pydantic model")
        return read

    @functools.cached_property
    def _model(self) -> Any:
        return self._module("model")

    @functools.cached_property
    def _checks(self) -> Any:
        return self._module("checks") if (self.folder / "checks.py").is_file() else None

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self._package}.{name}")

    @functools.cached_property
    def _labels(self) -> Mapping[type[enum.StrEnum], Mapping[Any, str]]:
        return {**parts.LABELS, **self._model.LABELS}

    @functools.cached_property
    def _texts(self) -> Mapping[str, Texts]:
        return {language: self._in(language, bound=False) for language in LANGUAGES}

    @functools.cached_property
    def _page_texts(self) -> Texts:
        return self._in(SOURCE, bound=True)

    def _in(self, language: str, *, bound: bool) -> Texts:
        return Texts(
            language=language,
            translate=translations(self._package, language).gettext,
            labels=self._labels,
            bound=bound,
        )


def discover(package: str, folder: pathlib.Path) -> Iterator[Pack]:
    """Every pack in TYPE/vN below `folder`, each type's versions in their order."""
    found = [path.parent for path in folder.glob(f"*/v*/{MANIFEST}") if path.parent.name[1:].isdecimal()]
    for path in sorted(found, key=lambda path: (path.parent.name, int(path.name[1:]))):
        yield Pack(f"{package}.{path.parent.name}.{path.name}", path)


def _values(part: pydantic.BaseModel) -> dict[str, object]:
    return {name: getattr(part, name) for name in type(part).model_fields}


def _part(part: object, path: str) -> Any:
    """What stands at a path ("validity.until"); None where it goes through something that is not there."""
    steps: Sequence[str] = path.split(".")
    for step in steps:
        if part is None:
            return None
        part = getattr(part, step)
    return part
