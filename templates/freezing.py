"""Frozen versions: a version of a pack that was used once prints the same page for ever.

`packs/frozen.toml` holds the SHA-256 of all that a version is made of: its folder, the shared parts of its page, the
typefaces. What it does not name is told by what a version prints: its golden documents are printed again, and their
text and layout compared, and their bytes too where the libraries are the same (`templates.fingerprint`).

Nothing in a frozen folder changes any more, samples and goldens included: they are the evidence. The goldens are
printed with copies of the office profiles that stand beside them, so the shipped profiles may change.
"""

import dataclasses
import datetime
import enum
import functools
import hashlib
import json
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import jinja2
import pydantic

from registry.formats import canonical
from registry.formats.errors import AbsahError, DocumentError, UnavailableError
from registry.formats.language import N_
from registry.formats.spoken import SpokenError
from templates import fonts
from templates.fingerprint import Fingerprint
from templates.golden import Golden
from templates.lock import Frozen, Lock
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.renderer import Rendered, Renderer
from templates.specimen import Specimen, specimens

GOLDENS: Final = "goldens"
_PROFILE: Final = "office.toml"
_CACHE: Final = "__pycache__"
# What our own code raises when a page no longer fits it.
_BROKEN: Final = (AbsahError, jinja2.TemplateError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


class Code(enum.StrEnum):
    """What about a version is not as it was frozen."""

    VERSION_MISSING = "version_missing"
    NOT_FROZEN = "not_frozen"
    FILE_CHANGED = "file_changed"
    FILE_MISSING = "file_missing"
    FILE_ADDED = "file_added"
    TYPEFACE_CHANGED = "typeface_changed"
    SCHEMA_CHANGED = "schema_changed"
    OFFICE_CHANGED = "office_changed"
    PAGE_IMPOSSIBLE = "page_impossible"
    PAGE_CHANGED = "page_changed"
    BYTES_CHANGED = "bytes_changed"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `place` is the file, typeface, office or golden document, `details` lines of what is else."""

    version: str
    code: Code
    place: str = ""
    details: tuple[str, ...] = ()


class FreezeError(SpokenError):
    """A version cannot be frozen as it is; `differences` say why, where some were found."""

    catalogue = "templates"
    differences: tuple[Difference, ...] = ()

    @classmethod
    def of(cls, template: str, differences: Sequence[Difference], *, version: str) -> "FreezeError":
        """The refusal of a version for these differences."""
        error = cls(template, version=version)
        error.differences = tuple(differences)
        return error


class Freezer:
    """Freezes versions, and says whether the frozen ones still are what they were."""

    def __init__(
        self,
        *,
        packs: Mapping[str, Pack],
        lock: pathlib.Path,
        renderer: Renderer,
        typeface: Callable[[str], fonts.Fonts] = fonts.Fonts.find,
        fingerprint: Callable[[Iterable[fonts.Fonts]], Fingerprint] = Fingerprint.here,
    ) -> None:
        """`packs`: every version there is, by its name; `lock`: the file, which need not be there yet."""
        self._packs = packs
        self._path = lock
        self._renderer = renderer
        self._find = typeface
        self._fingerprint = fingerprint

    @property
    def names(self) -> tuple[str, ...]:
        """Every version, of the tree in its order, then those of the lock alone."""
        return tuple(dict.fromkeys((*self._packs, *sorted(self._lock.version))))

    @functools.cached_property
    def fingerprint(self) -> Fingerprint:
        """That of this process."""
        return self._fingerprint(self._typefaces)

    def frozen(self, name: str) -> Frozen | None:
        """What the lock says of a version, None where it is not frozen."""
        return self._lock.version.get(name)

    def compares_bytes(self, name: str) -> bool:
        """Whether bytes were recorded under the fingerprint of this process."""
        frozen = self.frozen(name)
        return frozen is not None and self.fingerprint.digest in frozen.pdf

    def compares_schema(self, name: str) -> bool:
        """Whether the decision's schema was recorded as this version of pydantic writes it."""
        frozen = self.frozen(name)
        return frozen is not None and pydantic.VERSION in frozen.schemas

    def check(self, name: str) -> tuple[Difference, ...]:
        """Everything that is not as it was frozen: digests first, and the pages where those of the files agree."""
        found = self.check_digests(name)
        foreign = {Code.SCHEMA_CHANGED, Code.OFFICE_CHANGED}
        return found if any(one.code not in foreign for one in found) else (*found, *self.check_pages(name))

    def check_digests(self, name: str) -> tuple[Difference, ...]:
        """What differs, as far as that is seen without printing a page."""
        frozen, pack = self.frozen(name), self._packs.get(name)
        if frozen is None:
            return (Difference(version=name, code=Code.NOT_FROZEN),)
        if pack is None:
            return (Difference(version=name, code=Code.VERSION_MISSING),)
        found = [*_compared(name, frozen.files, self._files(pack, frozen.files))]
        # A changed file may not even be read as what it was, and is the reason for whatever else would be found.
        return tuple(found) or tuple(self._shared(pack, frozen))

    def check_pages(self, name: str, *, only_first: bool = False) -> tuple[Difference, ...]:
        """Print the golden documents again, or the first of them; call it where the files' digests agree."""
        pack, frozen = self._packs[name], self._lock.version[name]
        wanted = list(specimens(pack, _profiles(pack)))
        found: list[Difference] = []
        for specimen in wanted[:1] if only_first else wanted:
            try:
                printed = specimen.render(self._renderer, pack, day=frozen.day)
            except _BROKEN as error:
                reason = f"{type(error).__name__}: {error}"
                found.append(_difference(pack, Code.PAGE_IMPOSSIBLE, specimen.name, reason))
            else:
                found += self._compared(pack, specimen, printed, frozen)
        return tuple(found)

    def freeze(self, name: str, *, offices: Mapping[str, pathlib.Path], day: datetime.date) -> None:
        """Write a version's goldens and record it.

        `offices` are the profiles to print them with, by a short name; `day` is their date of issue. Raises
        `FreezeError` for a version that is frozen already, `LookupError` for one that is not there, and what `Pack` and
        `Renderer` raise.
        """
        pack = self._known(name)
        if self.frozen(name) is not None:
            if changed := self.check(name):
                raise FreezeError.of(
                    N_(
                        "Versi {version} sudah dibekukan dan kini berbeda dari catatannya. Kembalikan yang berubah; "
                        "jika perubahan itu memang perlu, buatlah versi baru."
                    ),
                    changed,
                    version=name,
                )
            raise FreezeError(
                N_("Versi {version} sudah dibekukan. Untuk mencatat mesin ini juga, pakai --again."), version=name
            )
        printed = self._printed(pack, {short: OfficeProfile.read(path) for short, path in offices.items()}, day)
        _write_goldens(pack, printed, offices)
        frozen = Frozen(
            day=day,
            typefaces=self._faces(),
            offices={short: _office_digest(profile, pack) for short, profile in _profiles(pack).items()},
            schemas={pydantic.VERSION: _schema_digest(pack)},
            files=self._files(pack, ()),
            pdf={self.fingerprint.digest: _sha256s(printed)},
        )
        self._record(name, frozen)

    def freeze_again(self, name: str) -> bool:
        """Record what a frozen version gives in this process too; False where that was recorded before.

        Raises `FreezeError` for a version that is not frozen, or no longer what it was; `LookupError` as `freeze`.
        """
        pack = self._known(name)
        frozen = self.frozen(name)
        if frozen is None:
            raise FreezeError(N_("Versi {version} belum dibekukan. Bekukan dahulu tanpa --again."), version=name)
        if changed := self.check(name):
            raise FreezeError.of(
                N_("Versi {version} berbeda dari catatannya, jadi mesin ini tidak dicatat."), changed, version=name
            )
        if self.compares_bytes(name) and self.compares_schema(name):
            return False
        printed = self._printed(pack, _profiles(pack), frozen.day)
        changes = {
            "schemas": {**frozen.schemas, pydantic.VERSION: _schema_digest(pack)},
            "pdf": {**frozen.pdf, self.fingerprint.digest: _sha256s(printed)},
        }
        self._record(name, frozen.model_copy(update=changes))
        return True

    @functools.cached_property
    def _lock(self) -> Lock:
        return Lock.read(self._path)

    @functools.cached_property
    def _typefaces(self) -> tuple[fonts.Fonts, ...]:
        return tuple(self._find(family) for family in fonts.FAMILIES)

    def _faces(self) -> dict[str, str]:
        return {f"{one.family} {face}": sha256 for one in self._typefaces for face, sha256 in one.sha256.items()}

    def _known(self, name: str) -> Pack:
        if name not in self._packs:
            raise LookupError(f"there is no version {name!r}")
        return self._packs[name]

    def _record(self, name: str, frozen: Frozen) -> None:
        lock = self._lock.having(name, frozen, fingerprints={self.fingerprint.digest: self.fingerprint.parts})
        lock.write(self._path)
        self.__dict__["_lock"] = lock

    def _printed(
        self, pack: Pack, offices: Mapping[str, OfficeProfile], day: datetime.date
    ) -> list[tuple[Specimen, Rendered]]:
        found = []
        for specimen in specimens(pack, offices):
            first, second = (specimen.render(self._renderer, pack, day=day) for _ in range(2))
            if first != second:
                raise UnavailableError(f"{pack.name}: {specimen.name} gives other bytes each time it is printed")
            found.append((specimen, first))
        if not found:
            raise DocumentError(f"{pack.name} has no samples, so nothing would tell whether its page changed")
        return found

    def _files(self, pack: Pack, recorded: Iterable[str]) -> dict[str, str]:
        """The SHA-256 of every file by its name; of the shared parts those that were recorded, else the pack's own."""
        templates = pack.folder.parents[2]
        shared = {templates / "common" / name.split("/")[1] for name in recorded if name.startswith("common/")}
        folders = {pack.folder, *(shared or set(pack.page_folders))}
        paths = (path for folder in folders for path in folder.rglob("*"))
        return {
            path.relative_to(templates).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.is_file() and _CACHE not in path.relative_to(templates).parts
        }

    def _shared(self, pack: Pack, frozen: Frozen) -> Iterator[Difference]:
        """What is neither in the pack's folder nor in the shared parts of its page."""
        for face, sha256 in self._faces().items():
            if frozen.typefaces.get(face) != sha256:
                yield _difference(pack, Code.TYPEFACE_CHANGED, face)
        if frozen.schemas.get(pydantic.VERSION, wanted := _schema_digest(pack)) != wanted:
            yield _difference(pack, Code.SCHEMA_CHANGED)
        for short, sha256 in frozen.offices.items():
            try:
                same = _office_digest(_profiles(pack)[short], pack) == sha256
            except (AbsahError, LookupError) as error:
                yield _difference(pack, Code.OFFICE_CHANGED, short, str(error))
            else:
                if not same:
                    yield _difference(pack, Code.OFFICE_CHANGED, short)

    def _compared(self, pack: Pack, specimen: Specimen, printed: Rendered, frozen: Frozen) -> Iterator[Difference]:
        golden = Golden.parse((pack.folder / GOLDENS / f"{specimen.name}.txt").read_text("utf-8"))
        if changes := golden.changes(Golden.of(printed)):
            yield Difference(version=pack.name, code=Code.PAGE_CHANGED, place=specimen.name, details=changes)
        elif (recorded := frozen.pdf.get(self.fingerprint.digest)) is not None and recorded.get(
            specimen.name
        ) != _sha256(printed):
            yield _difference(pack, Code.BYTES_CHANGED, specimen.name)


def _difference(pack: Pack, code: Code, place: str = "", *details: str) -> Difference:
    return Difference(version=pack.name, code=code, place=place, details=details)


def _compared(version: str, recorded: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*recorded, *found}):
        if name not in found:
            yield Difference(version=version, code=Code.FILE_MISSING, place=name)
        elif name not in recorded:
            yield Difference(version=version, code=Code.FILE_ADDED, place=name)
        elif recorded[name] != found[name]:
            yield Difference(version=version, code=Code.FILE_CHANGED, place=name)


def _profiles(pack: Pack) -> dict[str, OfficeProfile]:
    """The office profiles with which a frozen version's goldens were printed, by their short names."""
    return {path.parent.name: OfficeProfile.read(path) for path in (pack.folder / GOLDENS).glob(f"*/{_PROFILE}")}


def _write_goldens(
    pack: Pack, printed: Sequence[tuple[Specimen, Rendered]], offices: Mapping[str, pathlib.Path]
) -> None:
    folder = pack.folder / GOLDENS
    if folder.exists():
        shutil.rmtree(folder)
    for short, path in offices.items():
        place = folder / short
        place.mkdir(parents=True)
        shutil.copyfile(path, place / _PROFILE)
        for name in OfficeProfile.read(path).files:
            shutil.copyfile(path.parent / name, place / name)
    for specimen, rendered in printed:
        (folder / f"{specimen.name}.txt").write_text(str(Golden.of(rendered)), "utf-8", newline="\n")


def _office_digest(office: OfficeProfile, pack: Pack) -> str:
    """SHA-256 over all that the pack's pages say of the office."""
    snapshot = {"office": office.printed(pack.type), "paper": office.paper_layout(), "typeface": office.typeface}
    return canonical.sha256(canonical.dump(snapshot)).hex()


def _schema_digest(pack: Pack) -> str:
    """SHA-256 over the decision's JSON Schema without its descriptions: those are our docstrings."""
    text = json.dumps(_undescribed(pack.json_schema()), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _undescribed(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            name: _undescribed(inner)
            for name, inner in schema.items()
            if not (name == "description" and isinstance(inner, str))
        }
    return [_undescribed(inner) for inner in schema] if isinstance(schema, list) else schema


def _sha256(rendered: Rendered) -> str:
    return hashlib.sha256(rendered.pdf).hexdigest()


def _sha256s(printed: Iterable[tuple[Specimen, Rendered]]) -> dict[str, str]:
    return {specimen.name: _sha256(rendered) for specimen, rendered in printed}
