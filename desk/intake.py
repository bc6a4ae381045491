"""Where an approved decision comes in: checked at the door, then kept as an immutable snapshot."""

import dataclasses
import datetime
import enum
import secrets
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from registry import decisions
from registry.database import Database
from registry.decisions import Decision
from registry.formats import canonical
from registry.formats.errors import DocumentError
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
            if before is not None and _content(before) == (before.pack, found.public, found.private):
                return Receipt(outcome=Outcome.KNOWN, decision=before, warnings=checked.problems)
            kept = decisions.record(
                tx,
                office=self._office,
                source=found.source,
                reference=found.reference,
                pack=pack.name,
                snapshot=_snapshot(found.public, found.private),
                supersedes=before,
                now=now,
            )
        outcome = Outcome.ADDED if before is None else Outcome.REVISED
        return Receipt(outcome=outcome, decision=kept, warnings=checked.problems)

    def _read(self, data: bytes) -> dict[str, object]:
        if len(data) > self._max_bytes:
            raise _refused(
                "file_too_large",
                "Berkas keputusan berukuran {size} bita, melebihi batas {limit} bita. Kirim satu keputusan per berkas.",
                size=str(len(data)),
                limit=str(self._max_bytes),
            )
        try:
            value = canonical.parse(data)
        except canonical.CanonicalError as error:
            raise _refused(
                "not_json",
                "Berkas keputusan bukan JSON yang bisa dibaca ({cause}). Perbaiki berkas lalu kirim lagi.",
                cause=str(error),
            ) from error
        if not isinstance(value, dict):
            raise _refused("not_an_object", "Berkas keputusan harus berisi satu objek JSON {{ … }}.")
        return value

    def _pack_of(self, value: dict[str, object]) -> Pack:
        permit_type = value.get("type")
        try:
            return self._pack(permit_type if isinstance(permit_type, str) else "")
        except DocumentError as error:
            raise _refused(
                "unknown_type",
                "Jenis izin {value} tidak dikenal. Isi “type” dengan jenis yang tersedia, misalnya “genset”.",
                field="type",
                value=repr(permit_type),
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


def _refused(code: str, template: str, *, field: str = "", **params: str) -> RefusedDecisionError:
    problem = Problem(
        severity="error", field=field, title=field or "Berkas", code=code, template=template, params=params
    )
    return RefusedDecisionError((problem,))
