"""Where an approved decision comes in: checked at the door, then kept as an immutable snapshot."""

import dataclasses
import datetime
import enum
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from registry import decisions, instruments
from registry.database import Database
from registry.decisions import Decision
from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.instruments import Stage
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


class Intake:
    """Takes approved decisions into the registry of one office."""

    def __init__(
        self, *, database: Database, office: str, zone: ZoneInfo, pack: Callable[[str], Pack], max_bytes: int
    ) -> None:
        self._database = database
        self._office = office
        self._zone = zone
        self._pack = pack
        self._max_bytes = max_bytes

    def add(self, data: bytes, *, now: datetime.datetime) -> Receipt:
        """Take in one decision as JSON.

        The same content again adds nothing; changed content under the same reference is a new revision. Raises
        `RefusedDecisionError` with every error found, in which case nothing is kept.
        """
        value = self._read(data)
        pack = self._pack_of(value)
        checked = pack.check(value, today=now.astimezone(self._zone).date())
        if checked.decision is None:
            raise RefusedDecisionError(checked.problems)
        found = checked.decision
        with self._database.write() as tx:
            before = decisions.latest(tx, office=self._office, source=found.source, reference=found.reference)
            objects = pack.objects(found.public)
            warnings = checked.problems + self._already_permitted(tx, objects, before)
            if before is not None and _content(before) == (before.pack, found.public, found.private):
                return Receipt(outcome=Outcome.KNOWN, decision=before, warnings=warnings)
            warnings += self._already_issued(tx, found.source, found.reference)
            kept = decisions.record(
                tx,
                office=self._office,
                source=found.source,
                reference=found.reference,
                pack=pack.name,
                snapshot=_snapshot(found.public, found.private),
                objects=objects,
                supersedes=before,
                now=now,
            )
        outcome = Outcome.ADDED if before is None else Outcome.REVISED
        return Receipt(outcome=outcome, decision=kept, warnings=warnings)

    def _already_permitted(
        self, tx: sa.Connection, objects: tuple[str, ...], before: Decision | None
    ) -> tuple[Problem, ...]:
        """What this decision permits may stand in another one: a second entry of the same, or a machine sold on."""
        problems = []
        for thing in objects:
            other = decisions.of_object(tx, office=self._office, thing=thing, apart_from=before)
            if other is not None:
                problems.append(
                    _warning(
                        "object_known",
                        "{thing} sudah tercantum pada keputusan {reference}. Pastikan izin ini tidak terbit dua kali.",
                        field="public.units",
                        title="Daftar unit",
                        thing=thing,
                        reference=other.reference,
                    )
                )
        return tuple(problems)

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
