"""Decrees and letters: kept, issued and logged like permits, and never taken for one."""

import datetime
import json
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from registry import decisions, handovers, instruments, ledger, lifecycle, numbers, schema, search
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.record import Kind, PublicField, Status, state_at
from registry.fsck import changes
from registry.handovers import Capacity, Handover, HandoverError
from registry.instruments import Frozen, InstrumentError
from registry.lifecycle import CHANGES, ChangeError
from registry.records import RegistryReader

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
ZONE = ZoneInfo("Asia/Jakarta")
OFFICE = "kampar"
ALLOWED = {Kind.PERMIT: CHANGES, Kind.DECREE: {Event.ANNUL, Event.CORRECT}, Kind.LETTER: {Event.ANNUL}}
# "kind" is the database here, in every test of this suite.
REFUSED = [(kind, event) for kind in Kind for event in sorted(CHANGES - ALLOWED[kind])]


class Kept:
    """A file store that has every file."""

    def get(self, sha256):
        return b"kept as " + sha256


@pytest.fixture
def reader(database):
    return RegistryReader(database=database, documents=Kept())


def change(database, document, order, *, now=NOW + HOUR):
    with database.write() as tx:
        return lifecycle.change(tx, permit=document, order=order, zone=ZONE, now=now)


def refreeze(counter, before, *, kind, now):
    """Freeze what was frozen once more, in the same way but perhaps as something else."""
    day = now.astimezone(ZONE).date()
    frozen = Frozen(
        pack="pencabutan/v1",
        number=before.number,
        date_of_issue=day,
        valid_until=None,
        mandate=counter.mandate,
        statement=before.statement,
        public_view=(PublicField(id="holder", label={"id": "Nama"}, value={"id": "PT Contoh Jaya"}),),
        shape={},
        holder="PT Contoh Jaya",
        kind=kind,
    )
    with counter.database.write() as tx:
        return instruments.freeze(
            tx,
            office=OFFICE,
            decision=before.decision,
            number_row=before.number_row,
            serial=before.serial,
            frozen=frozen,
            thawed=before,
            now=now,
        )


@pytest.mark.parametrize("sort", Kind)
def test_what_a_document_is_is_kept_from_its_freeze_on(counter, database, reader, sort) -> None:
    frozen = counter.frozen("A", kind=sort)
    counter.issue(frozen)
    with database.read() as tx:
        kept = instruments.of_number(tx, office=OFFICE, number=frozen.number)
        [hit] = search.by_holder(tx, text="contoh", limit=5)
    record = reader.permit_by_serial(frozen.serial)
    assert frozen.kind is kept.kind is record.kind is hit.kind is sort
    assert reader.permit_by_file(record.file_sha256) == record


def test_who_says_nothing_freezes_a_permit() -> None:
    assert Frozen.__dataclass_fields__["kind"].default is Kind.PERMIT


def test_a_decree_freezes_again_as_a_decree_and_as_nothing_else(counter, database) -> None:
    before, tomorrow = counter.frozen("A", pack="pencabutan/v1", kind=Kind.DECREE), NOW + datetime.timedelta(days=1)
    after = refreeze(counter, before, kind=Kind.DECREE, now=tomorrow)
    assert (after.id, after.kind, after.freeze) == (before.id, Kind.DECREE, 2)
    for other in (Kind.PERMIT, Kind.LETTER):
        with pytest.raises(InstrumentError, match=f"as a decree, not a {other.value}"):
            refreeze(counter, after, kind=other, now=tomorrow)
    with database.read() as tx:
        assert instruments.by_id(tx, before.id) == after


@pytest.mark.parametrize(("sort", "event"), REFUSED, ids=[f"{sort}-{event}" for sort, event in REFUSED])
def test_what_can_be_ordered_about_permits_alone_is_refused_and_leaves_nothing(
    counter, database, ordered, sort, event
) -> None:
    document, other = counter.issued("A", kind=sort), counter.issued("B")
    entries = counter.count(schema.log_entries)
    order = ordered(event, replaced_by=other.number if event is Event.SUPERSEDE else None)
    with pytest.raises(ChangeError) as refused:
        change(database, document, order)
    named = {Kind.DECREE: "keputusan", Kind.LETTER: "surat keterangan"}[sort]
    said = refused.value.text("id", ZONE)
    assert said.startswith(f"{document.number} adalah {named}, dan {named} tidak dapat ")
    assert said.endswith({Kind.DECREE: "hanya dibatalkan atau diralat.", Kind.LETTER: "hanya dibatalkan."}[sort])
    assert f"is a {sort.value}, and a {sort.value} cannot be" in refused.value.text("en", ZONE)
    assert counter.count(schema.log_entries) == entries


@pytest.mark.parametrize("sort", [Kind.DECREE, Kind.LETTER])
def test_a_decree_or_letter_is_annulled_back_to_its_issue(counter, database, ordered, reader, sort) -> None:
    document = counter.issued("A", kind=sort)
    change(database, document, ordered(Event.ANNUL, NOW))
    record = reader.permit_by_serial(document.serial)
    assert record.status_at(NOW).status is Status.ANNULLED
    with pytest.raises(ChangeError) as refused:
        change(database, document, ordered(Event.ANNUL, NOW + HOUR))
    named = {Kind.DECREE: "keputusan", Kind.LETTER: "surat keterangan"}[sort]
    assert f"{named} {document.number} sudah dibatalkan" in refused.value.text("id", ZONE)
    assert "izin" not in refused.value.text("id", ZONE)


def test_a_slip_in_a_decree_is_corrected_and_the_decree_stands(counter, database, ordered, reader) -> None:
    document = counter.issued("A", kind=Kind.DECREE)
    change(database, document, ordered(Event.CORRECT, NOW + HOUR))
    record = reader.permit_by_serial(document.serial)
    assert [one.correct for one in record.corrections] == ["Contoh"]
    assert record.status_at(NOW + HOUR).status is Status.IN_FORCE


@pytest.mark.parametrize("sort", [Kind.DECREE, Kind.LETTER])
def test_a_permit_is_superseded_by_a_permit_alone(counter, database, ordered, sort) -> None:
    permit, other, successor = counter.issued("A"), counter.issued("B", kind=sort), counter.issued("C")
    with pytest.raises(ChangeError, match="is no other issued permit of this office"):
        change(database, permit, ordered(Event.SUPERSEDE, replaced_by=other.number))
    change(database, permit, ordered(Event.SUPERSEDE, replaced_by=successor.number))
    with database.read() as tx:
        assert state_at(lifecycle.history(tx, permit.id), NOW + HOUR).status is Status.SUPERSEDED


def handed(database, document, **other) -> None:
    values = {
        "recipient": "Contoh Pemohon", "capacity": Capacity.HOLDER, "identity_kind": "KTP", "identity_number": "1",
        "survey_done": False, "handed": NOW, "actor": "petugas", **other,
    }  # fmt: skip
    with database.write() as tx:
        handovers.record(tx, permit=document, handover=Handover(**values), now=NOW + HOUR)


def test_only_who_asked_for_a_document_is_asked_how_they_were_served(counter, database) -> None:
    handed(database, counter.issued("A", kind=Kind.DECREE))
    for reference, kind in (("B", Kind.PERMIT), ("C", Kind.LETTER)):
        document = counter.issued(reference, kind=kind)
        with pytest.raises(HandoverError, match=f"before the {kind.value} is handed over"):
            handed(database, document)
        handed(database, document, survey_done=True)


def test_a_decree_may_come_in_without_an_application(database) -> None:
    with database.write() as tx:
        kept = decisions.record(
            tx,
            office=OFFICE,
            source="desk",
            reference="CABUT-1",
            pack="pencabutan/v1",
            snapshot={"public": {"holder": "PT Contoh"}, "private": {"salt": "00"}},
            objects=(),
            received_on=None,
            supersedes=None,
            now=NOW,
        )
        assert decisions.by_id(tx, kept.id).received_on is None


@pytest.mark.parametrize("sort", Kind)
def test_the_record_of_an_issue_binds_the_kind_and_a_permits_is_what_it_always_was(counter, database, sort) -> None:
    document = counter.issued("A", kind=sort)
    with database.read() as tx:
        entry = tx.execute(sa.select(schema.log_entries).where(schema.log_entries.c.event == "issue")).one()
        data = ledger.true_record(
            tx, entry=entry.entry, instrument=entry.instrument, subject=entry.subject, salt=entry.salt
        )
    [row] = [one["row"] for one in json.loads(data)["rows"] if one["table"] == "instruments"]
    assert (row["id"], row["kind"]) == (document.id, sort.value)
    assert set(row) == {column.name for column in schema.instruments.columns}


def test_no_kind_is_guessed(published) -> None:
    document = published.counter.issued("A", kind=Kind.DECREE)
    reader = RegistryReader(database=published.database, documents=published.documents)
    published.tamper("UPDATE instruments SET kind = 'minutes'")
    with pytest.raises(UnavailableError, match="'minutes', which is not known here"):
        reader.permit_by_serial(document.serial)
    with published.database.read() as tx, pytest.raises(UnavailableError, match="'minutes'"):
        instruments.by_id(tx, document.id)
    with published.database.read() as tx:
        assert [one.code for one in changes.check(tx)] == ["row_unreadable"]


def test_a_suspended_decree_is_a_change_that_nobody_could_have_ordered(published, ordered) -> None:
    permit = published.counter.issued("A")
    change(published.database, permit, ordered(Event.SUSPEND))
    with published.database.read() as tx:
        assert not list(changes.check(tx))
    published.tamper("UPDATE instruments SET kind = 'decree'")
    with published.database.read() as tx:
        [found] = changes.check(tx)
    assert (found.code, found.detail["change"]) == ("change_not_allowed", "suspend")


def test_the_number_of_a_decree_is_given_once_like_any_other(counter, database) -> None:
    decree = counter.issued("A", pack="pencabutan/v1", kind=Kind.DECREE)
    with database.read() as tx:
        assert numbers.by_row(tx, decree.number_row).fate is numbers.Fate.USED
    with pytest.raises(InstrumentError) as refused:
        counter.issue(decree)
    assert refused.value.text("id") == f"Keputusan {decree.number} sudah terbit."
