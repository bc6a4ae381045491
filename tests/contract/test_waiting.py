"""Decisions that wait for their document: each once, in its newest revision, until any revision of it is issued."""

import datetime

import pytest

from registry import decisions
from registry.decisions import Decision

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
OFFICE = "kampar"


def record(database, reference: str, *, supersedes: Decision | None = None, office: str = OFFICE) -> Decision:
    with database.write() as tx:
        return decisions.record(
            tx,
            office=office,
            source="desk",
            reference=reference,
            pack="genset/v1",
            snapshot={"public": {"n": reference}, "private": {}},
            objects=(),
            received_on=None,
            supersedes=supersedes,
            now=NOW,
        )


def waiting(database) -> list[tuple[str, int]]:
    return [(one.reference, one.revision) for one in decisions.waiting(database, office=OFFICE)]


def test_what_was_frozen_waits_and_what_was_issued_does_not_not_even_in_a_later_revision(counter, database) -> None:
    counter.issued("SUDAH")
    counter.frozen("BEKU")
    record(database, "BARU")
    record(database, "LAIN", office="siak")
    with database.read() as tx:
        before = decisions.latest(tx, office=OFFICE, source="desk", reference="SUDAH")
        frozen = decisions.latest(tx, office=OFFICE, source="desk", reference="BEKU")
    assert before is not None
    record(database, "SUDAH", supersedes=before)
    record(database, "BEKU", supersedes=frozen)
    assert waiting(database) == [("BARU", 1), ("BEKU", 2)]


def test_a_walk_in_batches_leaves_none_out(database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_BATCH", 2)
    for n in range(5):
        record(database, f"K-{n}")
    assert waiting(database) == [(f"K-{n}", 1) for n in range(5)]
