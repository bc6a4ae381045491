"""Who took a permit at the counter, when, and by which identity document."""

import dataclasses
import datetime

import pytest

from registry import handovers, lifecycle, schema
from registry.formats.logentry import Event, decode
from registry.handovers import Capacity, Handover, HandoverError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(hours=2)
TAKEN = Handover(
    recipient="Contoh Pemohon",
    capacity=Capacity.HOLDER,
    identity_kind="KTP",
    identity_number="1401010101900001",
    survey_done=True,
    handed=NOW + datetime.timedelta(hours=1),
    actor="petugas",
)


def record(database, permit, **other) -> int:
    with database.write() as tx:
        return handovers.record(tx, permit=permit, handover=dataclasses.replace(TAKEN, **other), now=LATER)


def test_a_hand_over_is_kept_as_it_was_entered_and_a_duplicate_is_another_one(counter, database) -> None:
    permit, other = counter.issued("A"), counter.issued("B")
    record(database, permit)
    proxy = {"capacity": Capacity.PROXY, "note": "surat kuasa", "survey_done": False, "handed": LATER}
    record(database, permit, **proxy)
    with database.read() as tx:
        assert handovers.of_permit(tx, permit) == (TAKEN, dataclasses.replace(TAKEN, **proxy))
        assert handovers.of_permit(tx, other) == ()


@pytest.mark.parametrize("missing", ["recipient", "identity_kind", "identity_number", "actor"])
def test_nothing_is_handed_to_nobody(counter, database, missing) -> None:
    permit = counter.issued("A")
    with pytest.raises(HandoverError, match="is missing"):
        record(database, permit, **{missing: "  "})
    assert counter.count(schema.handovers) == 0


def test_the_survey_comes_first_unless_a_note_says_why_not(counter, database) -> None:
    permit = counter.issued("A")
    for note in (None, " "):
        with pytest.raises(HandoverError, match="SKM"):
            record(database, permit, survey_done=False, note=note)
    record(database, permit, survey_done=False, note="pemohon menolak")


def test_a_permit_that_was_not_issued_is_not_handed_over(counter, database) -> None:
    permit = counter.frozen("A")
    with pytest.raises(HandoverError, match="not issued"):
        record(database, permit)


@pytest.mark.parametrize("handed", [NOW - datetime.timedelta(seconds=1), LATER + datetime.timedelta(seconds=1)])
def test_a_hand_over_lies_between_the_issue_and_now(counter, database, handed) -> None:
    permit = counter.issued("A")
    with pytest.raises(HandoverError, match="between its issue"):
        record(database, permit, handed=handed)


def test_the_log_binds_a_hand_over_without_naming_anybody(counter, database) -> None:
    permit = counter.issued("A")
    record(database, permit)
    with database.read() as tx:
        table = schema.log_entries
        row = tx.execute(table.select().where(table.c.event == Event.HANDOVER.value)).one()
    entry = decode(row.entry)
    assert (entry.serial, entry.effective) == (permit.serial, int(TAKEN.handed.timestamp()))
    assert entry.record_sha256 is not None
    for private in (TAKEN.recipient, TAKEN.identity_number):
        assert private.encode() not in row.entry


def test_a_revoked_permit_that_was_handed_over_keeps_its_hand_over(counter, database, ordered) -> None:
    permit = counter.issued("A")
    record(database, permit)
    with database.write() as tx:
        lifecycle.change(tx, permit=permit, order=ordered(Event.REVOKE, LATER), zone=datetime.UTC, now=LATER)
        assert handovers.of_permit(tx, permit) == (TAKEN,)
