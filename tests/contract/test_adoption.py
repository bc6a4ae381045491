"""A registry from before the ledger: what it holds is bound as it stands, and watched from then on."""

import datetime

import pytest
import sqlalchemy as sa

from registry import adoption, schema, search
from registry.formats import logentry
from registry.formats.note import NoteVerifier
from registry.fsck import Fsck

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)


@pytest.fixture
def before(published):
    """A registry as revision 0001 left it: issues alone are logged, in entries that bind no record."""
    permits = [published.counter.issued(f"A-{place}") for place in (1, 2)]
    entries = schema.log_entries.c
    with published.database.read() as tx:
        rows = tx.execute(sa.select(entries.id, entries.entry).where(entries.event == "issue")).all()
    changes = ["DELETE FROM log_entries WHERE event != 'issue'", "DELETE FROM permit_names"]
    for row in rows:
        new = logentry.decode(bytes(row.entry))
        fields = {name: getattr(new, name) for name in new.__dataclass_fields__}
        old = logentry.encode(logentry.LogEntry(**{**fields, "record_sha256": None}))
        changes.append(
            sa.text("UPDATE log_entries SET entry = :entry, subject = NULL, salt = NULL WHERE id = :id").bindparams(
                entry=old, id=row.id
            )
        )
    published.tamper(*changes)
    return published, permits


def differences(published) -> list[str]:
    fsck = Fsck(
        database=published.database,
        documents=published.documents,
        folder=published.folder,
        verifier=NoteVerifier.of(published.signer),
    )
    return [str(one) for one in fsck.run(now=NOW)]


def adopt(published) -> int:
    with published.database.write() as tx:
        return adoption.adopt(tx, holder=lambda _pack, public: str(public["holder"]), now=NOW)


def test_what_was_there_is_bound_once_and_watched_from_then_on(before) -> None:
    published, permits = before
    published.publisher.publish(now=NOW)
    assert any(one.startswith("row_not_logged") for one in differences(published))
    assert adopt(published) == 4  # a mandate, a certificate, two permits
    assert adopt(published) == 0
    published.publisher.publish(now=NOW)
    assert differences(published) == []
    with published.database.read() as tx:
        assert len(search.by_holder(tx, text="contoh jaya", limit=5)) == len(permits)
    published.tamper("UPDATE instruments SET valid_until = '2040-01-01' WHERE id = 1")
    assert any("row_changed: instruments 1" in one for one in differences(published))
