"""Where an approved decision comes in: checked at the door, then kept as an immutable snapshot."""

import dataclasses
import datetime
import enum
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import sqlalchemy as sa

from registry import decisions, instruments
from registry.database import Database
from registry.decisions import Decision
from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.instruments import Stage
from templates.decision import Decision as Checked
from templates.office import OfficeProfile
from templates.pack import Labelled
from templates.packs import Pack
from templates.problems import Problem

SALT_BYTES: Final = 16


class RefusedDecisionError(DocumentError):
    """A decision has errors that must be mended first; nothing was kept. Carries every problem found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Outcome(enum.StrEnum):
    """What became of a decision at the door."""

    ADDED = "added"
    KNOWN = "known"
    REVISED = "revised"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The decision as it is kept, and the warnings that did not keep it out."""

    outcome: Outcome
    decision: Decision
    warnings: tuple[Problem, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A decision that its pack found right, not kept yet; `listed` is the field that holds its `objects`, if any."""

    pack: str
    decision: Checked
    objects: tuple[str, ...]
    listed: Labelled | None
    received_on: datetime.date
    warnings: tuple[Problem, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the registry knows of a decision before it is kept."""

    before: Decision | None
    outcome: Outcome
    warnings: tuple[Problem, ...]


class Intake:
    """Takes approved decisions into the registry of one office."""

    def __init__(
        self, *, database: Database, office: OfficeProfile, pack: Callable[[str], Pack], max_bytes: int
    ) -> None:
        self._database = database
        self._office = office.id
        self._profile = office
        self._zone = office.time_zone
        self._pack = pack
        self._max_bytes = max_bytes

    def add(self, data: bytes, *, now: datetime.datetime) -> Receipt:
        """Take in one decision as JSON.

        The same content again adds nothing; changed content under the same reference is a new revision. Raises
        `RefusedDecisionError` with every error found, in which case nothing is kept.
        """
        approved = self.examine(data, now=now)
        with self._database.write() as tx:
            return self._record(tx, approved, now=now)

    def examine(self, data: bytes, *, now: datetime.datetime) -> Approved:
        """Read and check one decision as JSON; keep nothing. Raises `RefusedDecisionError` with every error found."""
        value = self._read(data)
        return self.check(value, pack=self._pack_of(value), now=now)

    def check(self, value: Mapping[str, object], *, pack: Pack, now: datetime.datetime) -> Approved:
        """Check one decision's file and keep nothing. Raises `RefusedDecisionError` with every error found."""
        checked = pack.check(value, today=now.astimezone(self._zone).date(), office=self._profile)
        if checked.decision is None:
            raise RefusedDecisionError(checked.problems)
        public = checked.decision.public
        return Approved(
            pack=pack.name,
            decision=checked.decision,
            objects=(objects := pack.objects(public)),
            listed=pack.objects_field if objects else None,
            received_on=pack.received(public),
            warnings=checked.problems,
        )

    def foresee(self, approved: Iterable[Approved]) -> Iterator[tuple[Outcome, tuple[Problem, ...]]]:
        """What `add_all` would make of each, with its warnings; keeps nothing."""
        things: dict[str, str] = {}
        with self._database.read() as tx:
            for one in approved:
                seen = self._look(tx, one)
                reference = one.decision.reference
                here = [
                    self._object_known(one, thing, first)
                    for thing in one.objects
                    if (first := things.setdefault(decisions.fold("", thing), reference)) != reference
                ]
                yield seen.outcome, (*seen.warnings, *here)

    def add_all(self, approved: Iterable[Approved], *, now: datetime.datetime) -> list[Receipt]:
        """Take in every one of them in one transaction: a crash leaves all or none."""
        with self._database.write() as tx:
            return [self._record(tx, one, now=now) for one in approved]

    def _record(self, tx: sa.Connection, approved: Approved, *, now: datetime.datetime) -> Receipt:
        seen, found = self._look(tx, approved), approved.decision
        if seen.before is not None and seen.outcome is Outcome.KNOWN:
            return Receipt(outcome=seen.outcome, decision=seen.before, warnings=seen.warnings)
        kept = decisions.record(
            tx,
            office=self._office,
            source=found.source,
            reference=found.reference,
            pack=approved.pack,
            snapshot=_snapshot(found.public, found.private),
            objects=approved.objects,
            received_on=approved.received_on,
            supersedes=seen.before,
            now=now,
        )
        return Receipt(outcome=seen.outcome, decision=kept, warnings=seen.warnings)

    def _look(self, tx: sa.Connection, approved: Approved) -> _Seen:
        found = approved.decision
        before = decisions.latest(tx, office=self._office, source=found.source, reference=found.reference)
        warnings = approved.warnings + self._already_permitted(tx, approved, before)
        if before is None:
            return _Seen(before=None, outcome=Outcome.ADDED, warnings=warnings)
        if _content(before) == (before.pack, found.public, found.private):
            return _Seen(before=before, outcome=Outcome.KNOWN, warnings=warnings)
        warnings += self._already_issued(tx, found.source, found.reference)
        return _Seen(before=before, outcome=Outcome.REVISED, warnings=warnings)

    def _already_permitted(self, tx: sa.Connection, approved: Approved, before: Decision | None) -> tuple[Problem, ...]:
        """What this decision permits may stand in another one: a second entry of the same, or a machine sold on."""
        things = approved.objects
        known = decisions.of_objects(tx, office=self._office, things=things, apart_from=before)
        return tuple(self._object_known(approved, thing, known[thing]) for thing in things if thing in known)

    def _object_known(self, approved: Approved, thing: str, reference: str) -> Problem:
        listed = approved.listed
        if listed is None:
            raise LookupError("a thing that no list of the decision holds")
        return dataclasses.replace(
            _warning(
                "object_known",
                "{thing} sudah tercantum pada keputusan {reference}. Pastikan izin ini tidak terbit dua kali.",
                field=listed.path,
                title=listed.title,
                thing=thing,
                reference=reference,
            ),
            title_catalogue=listed.catalogue,
        )

    def _already_issued(self, tx: sa.Connection, source: str, reference: str) -> tuple[Problem, ...]:
        instrument = instruments.of_reference(tx, office=self._office, source=source, reference=reference)
        if instrument is None or instruments.stage(tx, instrument) is not Stage.ISSUED:
            return ()
        return (
            _warning(
                "already_issued",
                "Keputusan {reference} sudah terbit sebagai izin nomor {number}. Perubahan ini dicatat, tetapi tidak "
                "mengubah izin itu; untuk mengubahnya diperlukan izin pengganti.",
                field="reference",
                title="Nomor rujukan",
                reference=reference,
                number=instrument.number,
            ),
        )

    def _read(self, data: bytes) -> dict[str, object]:
        if len(data) > self._max_bytes:
            raise _refused(
                "file_too_large",
                "Berkas keputusan berukuran {size} KB, melebihi batas {limit} KB. Kirim satu keputusan per berkas.",
                size=str(-(-len(data) // 1024)),
                limit=str(self._max_bytes // 1024),
            )
        try:
            value = canonical.parse(data)
        except canonical.CanonicalError as error:
            raise _unreadable(error) from error
        if not isinstance(value, dict):
            raise _refused("not_an_object", "Berkas keputusan harus berisi satu objek JSON {{ … }}.")
        return value

    def _pack_of(self, value: dict[str, object]) -> Pack:
        permit_type = value.get("type")
        if not isinstance(permit_type, str):
            raise _refused(
                "no_type",
                "Jenis izin belum diisi. Isi “type” dengan jenis yang tersedia, misalnya “genset”.",
                field="type",
            )
        try:
            return self._pack(permit_type)
        except DocumentError as error:
            raise _refused(
                "unknown_type",
                "Jenis izin “{value}” tidak dikenal. Isi “type” dengan jenis yang tersedia, misalnya “genset”.",
                field="type",
                value=permit_type[:40],
            ) from error


def _snapshot(public: Mapping[str, object], private: Mapping[str, object]) -> dict[str, object]:
    """Public part with its commitment to the private one: SHA-256(salt || JCS(private)), the salt kept private."""
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = canonical.sha256(salt + canonical.dump(private)).hex()
    return {
        "public": {**public, "private_commitment": commitment},
        "private": {"salt": salt.hex(), "data": private},
    }


def _content(decision: Decision) -> tuple[str, object, object]:
    public = {name: value for name, value in decision.public.items() if name != "private_commitment"}
    return decision.pack, public, decision.private["data"]


def _unreadable(error: canonical.CanonicalError) -> RefusedDecisionError:
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        return _refused(
            "not_json",
            "Berkas keputusan bukan JSON yang benar pada baris {line}, kolom {column}. Perbaiki lalu kirim lagi.",
            line=str(cause.lineno),
            column=str(cause.colno),
        )
    return _refused(
        "ambiguous",
        "Berkas keputusan tidak bisa dibaca dengan satu arti saja. Simpan sebagai JSON dalam UTF-8 tanpa BOM, dan "
        "tulis setiap nama isian sekali saja.",
    )


def _warning(code: str, template: str, *, field: str, title: str, **params: str) -> Problem:
    return Problem(
        severity="warning", field=field, title=title, code=code, template=template, params=params, catalogue="desk"
    )


def _refused(code: str, template: str, *, field: str = "", **params: str) -> RefusedDecisionError:
    problem = Problem(
        severity="error",
        field=field,
        title=field or "Berkas",
        code=code,
        template=template,
        params=params,
        catalogue="desk",
    )
    return RefusedDecisionError((problem,))
