"""What the log binds: one record for the same rows wherever they lie, and back again."""

import dataclasses
import datetime
import json
import shutil

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import handovers, ledger, lifecycle, mandates, numbers, schema, subjects
from registry.database import Database, insert
from registry.formats import canonical
from registry.formats.canonical import sha256
from registry.formats.logentry import Event, LogEntry, decode
from registry.handovers import Capacity, Handover
from registry.ledger import RecordError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
SALT = bytes(range(16))
_MANDATE = {
    **dict.fromkeys(("office", "person", "rank", "employee_number", "office_title", "own_title", "decree_number"), "x"),
    **{"mode": "plt", "decree_date": NOW.date(), "scope": ["genset"], "valid_from": NOW.date(), "recorded_at": NOW},
}


@pytest.fixture
def both(tmp_path, filled_file, server, filled_server):
    """An empty registry in each of the two databases."""
    place = server.database(template=filled_server)
    opened = [Database.open(shutil.copy(filled_file, tmp_path / "one.db")), Database.open(place)]
    yield opened
    for database in opened:
        database.close()
    server.drop(place)


_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_moments = st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < datetime.MAXYEAR)
_some = st.lists(_json, max_size=3) | st.dictionaries(_text, _json, max_size=3)
_rows = st.fixed_dictionaries(
    {
        "mandates": st.fixed_dictionaries(
            {
                "office": _text, "person": _text, "rank": _text, "employee_number": _text, "mode": _text,
                "office_title": _text, "own_title": _text, "decree_number": _text, "decree_date": st.dates(),
                "scope": _some, "valid_from": st.dates(), "valid_until": st.none() | st.dates(),
                "recorded_at": _moments,
            }
        ),
        "signer_certificates": st.fixed_dictionaries(
            {
                "employee_number": _text, "sha256": st.binary(), "certificate": st.binary(), "issuers": _some,
                "not_before": _moments, "not_after": _moments, "recorded_at": _moments,
            }
        ),
        "number_openings": st.fixed_dictionaries(
            {
                "series": _text, "year": st.integers(-(2**31), 2**31 - 1), "first": st.integers(2, 2**31 - 1),
                "reason": _text, "actor": _text, "recorded_at": _moments,
            }
        ),
        "restorations": st.fixed_dictionaries(
            {
                "backup_taken_at": _moments, "backup_size": st.integers(0, 2**53 - 1), "restored_at": _moments,
                "replayed_at": _moments, "replayed_size": st.none() | st.integers(0, 2**53 - 1),
            }
        ),
    }
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_rows)
def test_the_same_rows_have_the_same_record_in_both_databases(both, rows) -> None:
    records = []
    for database in both:
        # Undone in the end: the same keys serve every example.
        with database.write() as tx:
            inner = tx.begin_nested()
            subject = [(name, insert(tx, schema.metadata.tables[name], id=1, **row)) for name, row in rows.items()]
            record = ledger.record(tx, subject, SALT)
            inner.rollback()
        assert record is not None
        records.append(record)
    assert records[0] == records[1]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_rows)
def test_rows_rebuilt_from_a_record_have_that_record_again(both, rows) -> None:
    here, there = both
    with here.write() as tx:
        inner = tx.begin_nested()
        subject = [(name, insert(tx, schema.metadata.tables[name], id=7, **row)) for name, row in rows.items()]
        record = ledger.record(tx, subject, SALT)
        inner.rollback()
    assert record is not None
    with there.write() as tx:
        inner = tx.begin_nested()
        for recorded in ledger.read(record):
            table = schema.metadata.tables[recorded.table]
            tx.execute(table.insert().values(ledger.from_json(table, recorded.row)))
        again = ledger.record(tx, [(one.table, ledger.key_of(one)) for one in ledger.read(record)], SALT)
        inner.rollback()
    assert again == record


def test_fractions_flags_and_moments_are_written_one_way(both) -> None:
    """The one spelling, in full: a record is only as good as what another program would make of the same rows."""
    records = set()
    for database in both:
        with database.write() as tx:
            key = insert(
                tx, schema.signer_certificates, employee_number="é", sha256=b"\xff\x00", certificate=b"",
                issuers={"b": 0.1, "a": [1e22, 12.0, True, None, "\U0001f600"]}, not_before=NOW,
                not_after=NOW.replace(microsecond=5), recorded_at=NOW.astimezone(datetime.timezone(7 * HOUR)),
            )  # fmt: skip
            records.add(ledger.record(tx, [("signer_certificates", key)], SALT))
    expected = (
        r'{"format":"absah-record-1","rows":[{"row":{"certificate":"","employee_number":"é","id":1,'
        r'"issuers":"{\"a\":[1e+22,12.0,true,null,\"😀\"],\"b\":0.1}","not_after":"2026-11-23T07:00:00.000005+00:00",'
        r'"not_before":"2026-11-23T07:00:00+00:00","recorded_at":"2026-11-23T07:00:00+00:00","sha256":"/wA="},'
        r'"table":"signer_certificates"}],"salt":"000102030405060708090a0b0c0d0e0f"}'
    )
    assert records == {expected.encode()}


@pytest.fixture
def lived(counter, database, ordered):
    """A registry in which everything happened that is logged but a destruction; the permit it happened to."""
    permit = counter.issued("A")
    handover = Handover(
        recipient="Contoh Pemohon", capacity=Capacity.PROXY, identity_kind="KTP", identity_number="14",
        survey_done=True, handed=NOW, actor="petugas",
    )  # fmt: skip
    with database.write() as tx:
        for hours, event in enumerate((Event.SUSPEND, Event.REINSTATE, Event.CORRECT, Event.REVOKE), 1):
            now = NOW + hours * HOUR
            lifecycle.change(tx, permit=permit, order=ordered(event, now), zone=datetime.UTC, now=now)
        handovers.record(tx, permit=permit, handover=handover, now=NOW)
        numbers.open_series(tx, series="petir", year=2026, first=5, reason="buku", actor="petugas", now=NOW)
        numbers.record_outside(tx, series="petir", year=2026, first=5, last=7, reason="listrik padam", now=NOW)
        spoiled = numbers.allot(tx, series="petir", year=2026, now=NOW)
        numbers.void(tx, row=spoiled.row, reason="rusak", now=NOW)
        mandates.end(
            tx, mandate=counter.mandate, last_day=NOW.date(), reason="mutasi", decree_number="SK-2",
            decree_date=NOW.date(), actor="petugas", now=NOW,
        )  # fmt: skip
    return permit


def test_every_entry_binds_the_rows_that_its_event_wrote(lived, database) -> None:
    del lived
    with database.read() as tx:
        rows = tx.execute(sa.select(schema.log_entries).order_by(schema.log_entries.c.id)).all()
        for row in rows:
            record = ledger.record(tx, row.subject, row.salt)
            assert record is not None
            entry = decode(row.entry)
            assert entry.record_sha256 == sha256(record)
            assert (entry.event.value, ledger.salt_of(record)) == (row.event, row.salt)
    assert [row.event for row in rows] == [
        "mandate", "signer", "issue", "suspend", "reinstate", "correct", "revoke", "handover", "number", "number",
        "number", "mandate_end",
    ]  # fmt: skip
    assert len({row.salt for row in rows}) == len(rows)


def test_the_record_of_an_issue_holds_every_row_it_rests_on(lived, database) -> None:
    with database.read() as tx:
        row = tx.execute(sa.select(schema.log_entries).where(schema.log_entries.c.event == "issue")).one()
        record = ledger.record(tx, row.subject, row.salt)
    assert record is not None
    held = [one.table for one in ledger.read(record)]
    assert held == [
        "decisions", "decision_objects", "numbers", "instruments", "documents", "documents", "validation_data",
        "validation_data", "status_changes",
    ]  # fmt: skip
    assert lived.number in record.decode()


def test_entries_hold_no_name_and_no_number_of_a_person(lived, database) -> None:
    del lived
    with database.read() as tx:
        entries = b"".join(tx.execute(sa.select(schema.log_entries.c.entry)).scalars())
    for private in ("Contoh", "PT Contoh Jaya", "198001012005011001", "SK-9"):
        assert private.encode() not in entries


def test_two_entries_about_equal_rows_cannot_be_told_to_be_equal(counter, database) -> None:
    with database.write() as tx:
        for _ in range(2):
            ledger.append(
                tx, event=Event.MANDATE, subject=(("mandates", counter.mandate),), effective=NOW, recorded=NOW
            )
        hashes = [
            decode(data).record_sha256
            for data in tx.execute(
                sa.select(schema.log_entries.c.entry).order_by(schema.log_entries.c.id.desc()).limit(2)
            ).scalars()
        ]
    assert hashes[0] != hashes[1]


def test_an_entry_that_would_bind_nothing_is_not_written(counter, database) -> None:
    before = counter.count(schema.log_entries)
    with pytest.raises(LookupError, match="not there"), database.write() as tx:
        ledger.append(tx, event=Event.MANDATE, subject=(("mandates", 999),), effective=NOW, recorded=NOW)
    assert counter.count(schema.log_entries) == before


def test_an_entry_binds_nothing_but_what_its_event_writes(lived, counter, database) -> None:
    """Each of these would have the office sign for something that never happened."""
    with database.read() as tx:
        entries = tx.execute(sa.select(schema.log_entries)).all()
    subject = {row.event: tuple((table, key) for table, key in row.subject) for row in entries}
    permit = {"instrument": lived.id, "serial": lived.serial}
    hashed = {**permit, "statement_sha256": sha256(lived.statement)}
    refused = [
        (Event.NUMBER, subject["mandate"], {}, "mandates"),
        (Event.NUMBER, (), {}, "numbers"),
        (Event.NUMBER, (*subject["number"], *subject["revoke"]), {}, "status_changes"),
        (Event.SUSPEND, subject["revoke"], hashed, "change"),
        (Event.REVOKE, subject["revoke"], {**hashed, "effective": NOW}, "effective"),
        (Event.REVOKE, subject["revoke"], {**hashed, "file_sha256": bytes(32)}, "file"),
        (Event.REVOKE, subject["revoke"], {**hashed, "instrument": lived.id + 1}, "instrument"),
        (Event.REVOKE, subject["revoke"], {}, "instrument, serial"),
        (Event.ISSUE, subject["issue"], {**hashed, "serial": 7}, "serial"),
        (Event.ISSUE, subject["issue"], {**hashed, "statement_sha256": bytes(32)}, "statement"),
        (Event.ISSUE, subject["issue"], hashed, "file"),
        (Event.MANDATE, subject["mandate"], {"recorded": NOW + HOUR}, "recorded"),
        (Event.MANDATE, subject["mandate"], permit, "instrument, serial"),
        (Event.DESTROY, subject["issue"], permit, "destructions"),
        (Event.ADOPT, subject["handover"], {}, "handovers"),
    ]
    for event, rows, other, named in refused:
        with pytest.raises(ValueError, match=named), database.write() as tx:
            ledger.append(tx, event=event, subject=rows, **{"effective": NOW, "recorded": NOW, **other})
    assert counter.count(schema.log_entries) == len(entries)


@given(
    st.sampled_from(Event),
    st.none() | st.integers(),
    st.lists(
        st.builds(
            ledger.Recorded,
            table=st.sampled_from(sorted(schema.metadata.tables)),
            row=st.dictionaries(
                st.sampled_from(["id", "instrument", "serial", "statement", "recorded_at", "change"]), _json
            ),
        ),
        max_size=9,
    ),
)
def test_no_rows_raise_when_an_entry_is_held_against_them(event, instrument, rows) -> None:
    entry = LogEntry(
        event=event, serial=None, statement_sha256=None, file_sha256=None, effective=1, recorded=1, record_sha256=None
    )  # fmt: skip
    if not subjects.contradictions(entry, instrument=instrument, rows=rows):
        # One row that belongs to no permit may be adopted whatever it says: nothing vouched for it before.
        assert (event, instrument) == (Event.ADOPT, None)
        assert [row.table for row in rows] in (["mandates"], ["signer_certificates"], ["numbers"])


@pytest.mark.parametrize("subject", [[["nowhere", 1]], [["mandates"]], [[1, 2, 3]], [7], [[["x"], 1]]])
def test_a_subject_that_no_program_wrote_is_an_error_of_the_record(database, subject) -> None:
    with pytest.raises(RecordError), database.read() as tx:
        ledger.record(tx, subject, SALT)


@pytest.mark.parametrize(
    ("column", "value"),
    [("recorded_at", "yesterday"), ("scope", "[7"), ("valid_from", "2026-13-01"), ("person", b"\xff"), ("scope", "1")],
)
def test_a_row_that_another_hand_made_unreadable_is_an_error_of_the_record(
    tmp_path, filled_file, column, value
) -> None:
    """Only SQLite keeps what does not fit a column; whoever compares rows with records must learn of it as such."""
    path = shutil.copy(filled_file, tmp_path / "absah.db")
    database = Database.open(path)
    with database.write() as tx:
        key = insert(tx, schema.mandates, **_MANDATE)
        tx.execute(sa.text("DROP TRIGGER mandates_update"))
        tx.execute(sa.text(f"UPDATE mandates SET {column} = :value"), {"value": value})
    with database.read() as tx:
        with pytest.raises(RecordError):
            ledger.record(tx, [("mandates", key)], SALT)
        if value not in (b"\xff", "1"):
            with pytest.raises(RecordError, match="a row of mandates"):
                ledger.rows_of(tx, "mandates", key)
    database.close()


# Hostile bytes


@pytest.fixture(scope="module")
def a_record(filled_file, tmp_path_factory) -> bytes:
    """The record of a mandate's row and of a certificate's."""
    database = Database.open(shutil.copy(filled_file, tmp_path_factory.mktemp("hostile") / "absah.db"))
    with database.write() as tx:
        key = insert(tx, schema.mandates, **_MANDATE)
        other = insert(
            tx, schema.signer_certificates, employee_number="x", sha256=bytes(32), certificate=b"c", issuers=[],
            not_before=NOW, not_after=NOW, recorded_at=NOW,
        )  # fmt: skip
        record = ledger.record(tx, [("mandates", key), ("signer_certificates", other)], SALT)
    database.close()
    assert record is not None
    return record


def _read_whole(data: bytes) -> None:
    """Everything that can be asked of a record."""
    ledger.salt_of(data)
    for recorded in ledger.read(data):
        ledger.key_of(recorded)
        ledger.from_json(schema.metadata.tables[recorded.table], recorded.row)


def test_a_record_can_be_read_whole(a_record) -> None:
    _read_whole(a_record)
    assert {"mandates", "signer_certificates"} <= {recorded.table for recorded in ledger.read(a_record)}


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_error(data) -> None:
    with pytest.raises(RecordError):
        _read_whole(data)


_values = st.one_of(
    _json.filter(lambda value: not isinstance(value, float)),
    st.sampled_from(["[" * 100_000, "2026-11-23", "20261123", "2026-11-23T07:00:00", "AA==", "A", "null", "NaN", "01"]),
)


@settings(max_examples=300)
@given(st.data())
def test_no_value_in_any_place_raises_anything_but_our_error(a_record, data) -> None:
    value = json.loads(a_record)
    row = data.draw(st.sampled_from(value["rows"]), "row")
    place = data.draw(
        st.sampled_from([(value, name) for name in value] + [(row, "table"), (row, "row")])
        | st.sampled_from([(row["row"], name) for name in row["row"]]),
        "place",
    )
    place[0][place[1]] = data.draw(_values, "value")
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        _read_whole(text)
    except RecordError:
        return
    # What is read is what would be written, letter for letter.
    rows = [
        {"table": one.table, "row": ledger.to_json(table, ledger.from_json(table, one.row))}
        for one in ledger.read(text)
        for table in [schema.metadata.tables[one.table]]
    ]
    assert canonical.dump({"format": ledger.FORMAT, "salt": ledger.salt_of(text).hex(), "rows": rows}) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recorded_at", "2026-11-23T07:00:00Z"),
        ("recorded_at", "2026-11-23T14:00:00+07:00"),
        ("recorded_at", "2026-11-23T07:00:00"),
        ("decree_date", "20261123"),
        ("decree_date", 20261123),
        ("scope", '["genset" ]'),
        ("scope", "NaN"),
        ("scope", ["genset"]),
        ("scope", "null"),
        ("scope", "0.0"),
        ("person", None),
        ("person", 5),
        ("id", True),
        ("id", "1"),
        ("id", None),
    ],
)
def test_a_value_in_another_spelling_is_refused(a_record, name, value) -> None:
    recorded = ledger.read(a_record)[0]
    other = dataclasses.replace(recorded, row={**recorded.row, name: value})
    with pytest.raises(RecordError, match=rf"mandates\.{name}"):
        ledger.from_json(schema.mandates, other.row)


def test_a_row_of_another_shape_is_refused(a_record) -> None:
    row = dict(ledger.read(a_record)[0].row)
    for other in ({**row, "more": 1}, {name: row[name] for name in row if name != "mode"}):
        with pytest.raises(RecordError, match="other columns"):
            ledger.from_json(schema.mandates, other)


@pytest.fixture
def pages(counter, database):
    """The records of two pages: one of before there were plates, one that was filled from one."""
    permits = [dataclasses.replace(counter, plate=plate).issued(f"A-{plate}") for plate in (None, b"a plate")]
    table = schema.documents.c
    with database.read() as tx:
        pages = [
            tx.execute(sa.select(table.id).where(table.instrument == permit.id, table.kind == "unsigned")).scalar_one()
            for permit in permits
        ]
        return [ledger.rows_of(tx, "documents", page)[0] for page in pages]


def test_a_record_names_a_plate_where_there_is_one_and_else_is_what_it_always_was(pages) -> None:
    old, new = pages
    assert new.keys() - old.keys() == {"plate", "fill_version"}
    assert new["fill_version"] == 1
    for row in pages:
        values = ledger.from_json(schema.documents, row)
        assert values.keys() == set(schema.documents.c.keys())
        assert ledger.to_json(schema.documents, values) == row
    assert (ledger.from_json(schema.documents, old)["plate"], old["layout"]) == (None, new["layout"])


def test_a_page_that_names_an_empty_plate_is_not_as_this_program_writes_it(pages) -> None:
    """Else one row would have two records, and the log could bind either."""
    old, new = pages
    for row in ({**old, "plate": None}, {**old, "plate": None, "fill_version": None}, {**new, "fill_version": None}):
        with pytest.raises(RecordError, match="leaves out where empty"):
            ledger.from_json(schema.documents, row)
    with pytest.raises(RecordError, match=r"documents\.plate"):
        ledger.from_json(schema.documents, {**new, "plate": 7})
