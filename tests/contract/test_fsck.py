"""Whoever changes rows, files or log by hand is found every time, and what was changed is named."""

import contextlib
import dataclasses
import datetime
import random
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.statement import Ed25519StatementSigner
from keys.trust import StatementKey
from registry import destructions, handovers, ledger, lifecycle, mandates, numbers, schema
from registry.database import Database, insert
from registry.formats import canonical, logentry
from registry.formats.checkpoint import Checkpoint
from registry.formats.logentry import Event
from registry.formats.merkle import EMPTY_ROOT
from registry.formats.note import NoteVerifier
from registry.fsck import Difference, Fsck, Lists
from registry.instruments import Instrument
from registry.plates import Plates
from registry.publication import LogContradictionError
from registry.statuslists import StatusListPublisher

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(minutes=30)  # nothing is on its way to the public any more
DAY = datetime.date(2026, 11, 23)
STATUS = "https://izin.example.go.id/status/"
SIGNER = Ed25519StatementSigner(private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = StatementKey(
    kid=SIGNER.kid, public_key=SIGNER.public_key, not_before=NOW.replace(year=2025), not_after=None, revoked_at=None
)


@dataclasses.dataclass(frozen=True, slots=True)
class Office:
    """A published office with a little history: one permit of each fate."""

    published: object
    plain: Instrument
    suspended: Instrument
    revoked: Instrument

    @property
    def lists(self) -> Path:
        """The folder of the status lists."""
        return self.published.folder.parent / "status"

    def differences(
        self, *outside: Checkpoint, now: datetime.datetime = LATER, database: Database | None = None
    ) -> list[Difference]:
        one = self.published
        fsck = Fsck(
            database=database or one.database,
            documents=one.documents,
            folder=one.folder,
            verifier=NoteVerifier.of(one.signer),
            status=Lists(folder=self.lists, base_uri=STATUS, keys=(KEY,)),
            holder=lambda _, public: str(public["holder"]),
        )
        return list(fsck.run(outside=outside, now=now))

    def publish(self, *, now: datetime.datetime = NOW) -> None:
        self.published.publisher.publish(now=now)
        StatusListPublisher(
            database=self.published.database, folder=self.lists, signer=SIGNER, keys=(KEY,), base_uri=STATUS
        ).refresh(now=now)


@pytest.fixture
def office(published, ordered, a_mandate) -> Office:
    counter = published.counter
    plain, suspended, revoked = (counter.issued(f"A-{place}") for place in (1, 2, 3))
    decree = published.documents.put(b"%PDF- decree")
    with published.database.write() as tx:
        number = numbers.allot(tx, series="genset", year=2026, now=NOW)
        numbers.void(tx, row=number.row, reason="salah cetak", now=NOW)
        numbers.open_series(tx, series="petir", year=2026, first=12, reason="buku 2026", actor="petugas", now=NOW)
        numbers.record_outside(tx, series="petir", year=2026, first=12, last=13, reason="listrik padam", now=NOW)
        for permit, change in ((suspended, Event.SUSPEND), (revoked, Event.REVOKE)):
            order = dataclasses.replace(ordered(change), decree_sha256=decree)
            lifecycle.change(tx, permit=permit, order=order, zone=ZoneInfo("Asia/Jakarta"), now=NOW)
        handovers.record(
            tx,
            permit=plain,
            handover=handovers.Handover(
                recipient="Contoh Penerima",
                capacity=handovers.Capacity.HOLDER,
                identity_kind="KTP",
                identity_number="1401010101010001",
                survey_done=True,
                handed=NOW,
                actor="petugas",
            ),
            now=NOW,
        )
        mandates.appoint(
            tx, office="kampar", mandate=a_mandate("2025-01-01", "2025-12-31", decree_number="SK-0"), now=NOW
        )
    made = Office(published, plain, suspended, revoked)
    made.publish()
    return made


def test_an_honest_registry_has_no_difference(office) -> None:
    assert office.differences() == []


def sql(*statements: str) -> Callable[[Office], None]:
    return lambda office: office.published.tamper(*statements)


def values(statement: str, **parameters: object) -> Callable[[Office], None]:
    return lambda office: office.published.tamper(sa.text(statement).bindparams(**parameters))


def _swap_document(office: Office) -> None:
    other = office.published.documents.put(b"%PDF- another")
    office.published.tamper(
        sa.text("UPDATE documents SET sha256 = :other WHERE kind = 'signed' AND instrument = :id").bindparams(
            other=other, id=office.plain.id
        )
    )


def _signed(office: Office) -> bytes:
    table = schema.documents.c
    with office.published.database.read() as tx:
        return bytes(
            tx.execute(
                sa.select(table.sha256).where(table.kind == "signed", table.instrument == office.plain.id)
            ).scalar_one()
        )


def _path(office: Office, sha256: bytes):
    return office.published.folder.parent.parent / "documents" / sha256.hex()[:2] / sha256.hex()[2:]


def _damage_document(office: Office) -> None:
    path = _path(office, _signed(office))
    path.chmod(0o640)
    path.write_bytes(b"%PDF- something else")


def _remove_document(office: Office) -> None:
    _path(office, _signed(office)).unlink()


def _plate(office: Office) -> bytes:
    table = schema.documents.c
    with office.published.database.read() as tx:
        return bytes(tx.execute(sa.select(table.plate).where(table.plate.is_not(None)).limit(1)).scalar_one())


def _remove_plate(office: Office) -> None:
    """What a page was filled from, while no row of `plates` names it: as after a replay."""
    office.published.documents.delete(_plate(office))


def _damage_recorded_plate(office: Office) -> None:
    one = office.published
    shelf = Plates(database=one.database, documents=one.documents, clock=lambda: NOW)
    path = _path(office, shelf.keep(bytes(32), b"a typeface", kind="typeface", pack="", fingerprint="aa"))
    path.chmod(0o640)
    path.write_bytes(b"a typeface of another hand")


def _forge_permit(office: Office) -> None:
    """A whole permit put in by hand, without a log entry: document and status as if it had been issued."""
    office.published.counter.frozen("B-1")
    office.published.tamper(
        "INSERT INTO documents (instrument, kind, revision, sha256, signing_profile, recorded_at)"
        " SELECT max(id), 'signed', 1, (SELECT sha256 FROM documents ORDER BY id LIMIT 1), 'certified-p1',"
        " '2026-11-23T07:00:00.000000Z' FROM instruments",
        "INSERT INTO status_changes (instrument, sequence, status, ground, change, effective_at, recorded_at)"
        " SELECT max(id), 1, 'in_force', 'issue', 'issue', '2026-11-23T07:00:00.000000Z',"
        " '2026-11-23T07:00:00.000000Z' FROM instruments",
    )


def _remove_records(office: Office) -> None:
    table = schema.log_entries.c
    with office.published.database.read() as tx:
        entry = tx.execute(sa.select(table.entry).where(table.event == "revoke")).scalar_one()
    office.published.documents.delete(logentry.decode(bytes(entry)).record_sha256)


def _roll_back(office: Office) -> None:
    office.published.tamper(
        'DELETE FROM log_proofs WHERE entry IN (SELECT id FROM log_entries WHERE "index" >= 8)',
        "DELETE FROM checkpoints",
        'DELETE FROM log_entries WHERE "index" >= 8',
    )


def _reuse_number(office: Office) -> None:
    frozen = office.published.counter.frozen("C-1")
    _without_constraints(office)
    office.published.tamper(
        sa.text("UPDATE instruments SET number_row = :row WHERE id = :id").bindparams(
            row=office.plain.number_row, id=frozen.id
        )
    )


def _print_number_twice(office: Office) -> None:
    frozen = office.published.counter.frozen("C-1")
    _without_constraints(office)
    office.published.tamper(
        sa.text("UPDATE instruments SET number = :number WHERE id = :id").bindparams(
            number=office.plain.number, id=frozen.id
        )
    )


def _forge_entry(forged: Office, event: Event, table: sa.Table, /, **values: object) -> None:
    """A row and a log entry for it, written by someone with a shell on the database who knows how entries are made."""
    salt = secrets.token_bytes(ledger.SALT_BYTES)
    with forged.published.database.write() as tx:
        key = insert(tx, table, **values)
        rows = ledger.gather(tx, [(table.name, key)])
        assert rows is not None
        entry = logentry.LogEntry(
            event=event,
            serial=None,
            statement_sha256=None,
            file_sha256=None,
            effective=int(NOW.timestamp()),
            recorded=int(NOW.timestamp()),
            record_sha256=canonical.sha256(ledger.write(rows, salt)),
        )
        insert(
            tx,
            schema.log_entries,
            event=event.value,
            entry=logentry.encode(entry),
            recorded_at=NOW,
            subject=[[table.name, key]],
            salt=salt,
        )


def _smuggle_mandate(office: Office) -> None:
    """A mandate of last year, under the name of a number."""
    with office.published.database.read() as tx:
        row = dict(tx.execute(sa.select(schema.mandates)).mappings().first() or {})
    del row["id"]
    _forge_entry(office, Event.NUMBER, schema.mandates, **{**row, "person": "Penyusup", "recorded_at": NOW})


def _back_date_mandate(office: Office) -> None:
    with office.published.database.read() as tx:
        row = dict(tx.execute(sa.select(schema.mandates)).mappings().first() or {})
    del row["id"]
    _forge_entry(office, Event.MANDATE, schema.mandates, **{**row, "recorded_at": NOW.replace(year=2025)})


def _revive(office: Office) -> None:
    """A reinstatement of a revoked permit, its row and entry in perfect order."""
    with office.published.database.write() as tx:
        key = insert(
            tx,
            schema.status_changes,
            instrument=office.revoked.id,
            sequence=3,
            status="in_force",
            change="reinstate",
            ground="x",
            effective_at=NOW,
            recorded_at=NOW,
        )
        ledger.append(
            tx,
            event=Event.REINSTATE,
            subject=(("status_changes", key),),
            instrument=office.revoked.id,
            serial=office.revoked.serial,
            statement_sha256=canonical.sha256(office.revoked.statement),
            effective=NOW,
            recorded=NOW,
        )
    office.publish()


def _weaken_check(office: Office) -> None:
    """The rule that a number's fate is one of three, replaced by one that everything keeps."""
    if office.published.database.dialect == "postgresql":
        office.published.tamper(
            "ALTER TABLE numbers DROP CONSTRAINT ck_numbers_fate",
            "ALTER TABLE numbers ADD CONSTRAINT ck_numbers_fate CHECK (true)",
        )
        return
    office.published.tamper(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (fate IN', 'CHECK (1 OR fate IN') WHERE name = 'numbers'",
    )


def _guard(office: Office, on_sqlite: str, on_postgresql: str) -> None:
    sqlite = office.published.database.dialect == "sqlite"
    with office.published.database.write() as tx:
        for statement in (on_sqlite if sqlite else on_postgresql).split(";;"):
            tx.execute(sa.text(statement))


def guard(on_sqlite: str, on_postgresql: str) -> Callable[[Office], None]:
    return lambda office: _guard(office, on_sqlite, on_postgresql)


def _old_list(office: Office) -> None:
    """The list from before a revocation, genuine and not ended, put back."""
    kept = {path: path.read_bytes() for path in office.lists.iterdir()}
    order = lifecycle.Order(
        change=Event.REVOKE,
        reason="x",
        legal_ground="x",
        decree_number="x",
        decree_date=DAY,
        effective=NOW,
        actor="x",
    )
    with office.published.database.write() as tx:
        lifecycle.change(tx, permit=office.plain, order=order, zone=ZoneInfo("Asia/Jakarta"), now=NOW)
    office.publish()
    for path, data in kept.items():
        path.write_bytes(data)


def _older_checkpoint(office: Office) -> None:
    front = office.published.folder / "checkpoint"
    kept = front.read_bytes()
    with office.published.database.write() as tx:
        numbers.void(tx, row=numbers.allot(tx, series="genset", year=2026, now=NOW).row, reason="x", now=NOW)
    office.publish()
    front.write_bytes(kept)


def _leave_waiting(office: Office) -> None:
    with office.published.database.write() as tx:
        numbers.void(tx, row=numbers.allot(tx, series="genset", year=2026, now=NOW).row, reason="x", now=NOW)


def _move_state(office: Office) -> None:
    if office.published.database.dialect == "postgresql":
        office.published.tamper("ALTER TABLE log_state DROP CONSTRAINT ck_log_state_one_row")
        office.published.tamper("UPDATE log_state SET id = 7")
        return
    office.published.tamper("PRAGMA ignore_check_constraints = ON", "UPDATE log_state SET id = 7")


def _without_constraints(office: Office) -> None:
    """Take the unique constraints of `instruments` away."""
    if office.published.database.dialect == "postgresql":
        with office.published.database.write() as tx:
            for name in ("number_row", "office_number"):
                found = [
                    row
                    for row in tx.execute(
                        sa.text(
                            "SELECT conname FROM pg_constraint WHERE conrelid = 'instruments'::regclass AND contype='u'"
                        )
                    ).scalars()
                    if name.split("_")[-1] in row
                ]
                for constraint in found:
                    tx.execute(sa.text(f'ALTER TABLE instruments DROP CONSTRAINT IF EXISTS "{constraint}"'))
        return
    with office.published.database.write() as tx:
        tx.execute(sa.text("PRAGMA writable_schema = ON"))
        old = tx.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'instruments'")).scalar_one()
        kept = [line for line in old.splitlines() if "UNIQUE" not in line]
        new = "\n".join(kept).rstrip().removesuffix(")").rstrip().rstrip(",") + "\n)"
        tx.execute(sa.text("ALTER TABLE instruments RENAME TO replaced"))
        tx.execute(sa.text(new))
        tx.execute(sa.text("INSERT INTO instruments SELECT * FROM replaced"))


TAMPERING: dict[str, tuple[Callable[[Office], None], str, str]] = {
    # What was done: (how, the code that names it, the place it must name)
    "a permit's end moved": (
        values("UPDATE instruments SET valid_until = '2031-01-01' WHERE id = (SELECT min(id) FROM instruments)"),
        "row_changed", "instruments",
    ),
    "a permit's holder changed in the public view": (
        values("UPDATE instruments SET public_view = '[]' WHERE id = (SELECT min(id) FROM instruments)"),
        "row_changed", "instruments",
    ),
    "a permit back-dated": (
        values("UPDATE instruments SET date_of_issue = '2026-01-05' WHERE id = (SELECT min(id) FROM instruments)"),
        "back_dated", "permit",
    ),
    "a permit passed off as a decree": (
        values("UPDATE instruments SET kind = 'decree' WHERE id = (SELECT max(id) FROM instruments)"),
        "row_changed", "instruments",
    ),
    "a permit made a kind that no program knows": (
        values("UPDATE instruments SET kind = 'minutes' WHERE id = (SELECT min(id) FROM instruments)"),
        "row_unreadable", "status_changes",
    ),
    "a permit's statement swapped": (
        values("UPDATE instruments SET statement = :other WHERE id = (SELECT min(id) FROM instruments)", other=b"x"),
        "row_changed", "instruments",
    ),
    "a decision rewritten": (
        values(
            "UPDATE decisions SET canonical = :other WHERE id = (SELECT min(id) FROM decisions)",
            other=b'{"private":{"salt":"00"},"public":{"holder":"PT Lain"}}',
        ),
        "decision_changed", "decisions",
    ),
    "a decision rewritten with its digest": (
        values("UPDATE decisions SET digest = :other WHERE id = (SELECT min(id) FROM decisions)", other=bytes(32)),
        "row_changed", "decisions",
    ),
    "a revocation turned into a suspension": (
        sql("UPDATE status_changes SET status = 'suspended' WHERE status = 'revoked'"),
        "row_changed", "status_changes",
    ),
    "a revocation put off": (
        sql("UPDATE status_changes SET effective_at = '2027-01-01T00:00:00.000000Z' WHERE status = 'revoked'"),
        "row_changed", "status_changes",
    ),
    "a revocation deleted": (
        sql("DELETE FROM status_changes WHERE status = 'revoked'"), "row_missing", "status_changes",
    ),
    "a revocation and its log entry deleted": (
        sql(
            "DELETE FROM log_proofs WHERE entry = (SELECT id FROM log_entries WHERE event = 'revoke')",
            "DELETE FROM log_entries WHERE event = 'revoke'",
            "DELETE FROM status_changes WHERE status = 'revoked'",
        ),
        "entry_missing", "log index",
    ),
    "a reinstatement put in by hand": (
        sql(
            "INSERT INTO status_changes (instrument, sequence, status, ground, change, effective_at, recorded_at)"
            " SELECT instrument, 3, 'in_force', 'x', 'reinstate', effective_at, recorded_at FROM status_changes"
            " WHERE status = 'suspended'"
        ),
        "row_not_logged", "status_changes",
    ),
    "a whole permit put in by hand": (_forge_permit, "row_not_logged", "documents"),
    "a permit deleted": (
        sql(
            "DELETE FROM instruments WHERE id = (SELECT min(id) FROM instruments)",
        ),
        "row_missing", "instruments",
    ),
    "a signed document swapped in the table": (_swap_document, "row_changed", "documents"),
    "a signed document swapped in the store": (_damage_document, "document_lost", "documents"),
    "a signed document removed from the store": (_remove_document, "document_lost", "documents"),
    "a page said to be filled from another plate": (
        values("UPDATE documents SET plate = :other WHERE id = (SELECT min(id) FROM documents)", other=bytes(32)),
        "row_changed", "documents",
    ),
    "a page said to be filled from none": (
        sql("UPDATE documents SET plate = NULL, fill_version = NULL WHERE id = (SELECT min(id) FROM documents)"),
        "row_changed", "documents",
    ),
    "a plate removed from the store": (_remove_plate, "plate_lost", "plate of documents 1"),
    "a recorded plate exchanged in the store": (_damage_recorded_plate, "plate_lost", "plates 1"),
    "a record's copy removed from the store": (_remove_records, "record_lost", "record of log entry"),
    "a revocation list of the day forgotten": (
        sql("DELETE FROM validation_data WHERE kind = 'crl'"), "row_missing", "validation_data",
    ),
    "a mandate widened": (
        sql("UPDATE mandates SET valid_from = '2020-01-01' WHERE decree_number = 'SK-0'"), "row_changed", "mandates",
    ),
    "a mandate put in by hand": (
        sql(
            "INSERT INTO mandates (office, person, rank, employee_number, mode, office_title, own_title, decree_number,"
            " decree_date, scope, valid_from, recorded_at) SELECT office, 'Penyusup', rank, employee_number, mode,"
            " office_title, own_title, 'SK-X', decree_date, scope, '2027-01-01', recorded_at FROM mandates"
            " WHERE decree_number = 'SK-0'"
        ),
        "row_not_logged", "mandates",
    ),
    "a mandate removed": (sql("DELETE FROM mandates WHERE decree_number = 'SK-0'"), "row_missing", "mandates"),
    "a mandate that no longer covers its permits": (
        sql("UPDATE mandates SET valid_until = '2026-02-01' WHERE decree_number = 'SK-1'"), "outside_mandate", "permit",
    ),
    "a signer's certificate exchanged": (
        values("UPDATE signer_certificates SET certificate = :other", other=b"x"), "row_changed", "signer_certificates",
    ),
    "a number removed": (sql("DELETE FROM numbers WHERE fate = 'void'"), "row_missing", "numbers"),
    "a void number's reason rewritten": (
        sql("UPDATE numbers SET reason = 'lain' WHERE fate = 'void'"), "row_changed", "numbers",
    ),
    "a gap in a series": (
        sql("UPDATE numbers SET n = 20 WHERE series = 'petir' AND n = 13"), "number_gap", "petir 2026",
    ),
    "a number put in by hand": (
        sql(
            "INSERT INTO numbers (series, year, n, fate, reason, recorded_at)"
            " VALUES ('petir', 2026, 14, 'outside', 'x', '2026-11-23T07:00:00.000000Z')"
        ),
        "row_not_logged", "numbers",
    ),
    "an opening moved": (sql("UPDATE number_openings SET first = 5"), "row_changed", "number_openings"),
    "a number used twice": (_reuse_number, "number_reused", "instruments"),
    "a number printed twice": (_print_number_twice, "number_printed_twice", "instruments"),
    "a hand-over rewritten": (
        sql("UPDATE handovers SET recipient = 'Orang Lain'"), "row_changed", "handovers",
    ),
    "a log entry rewritten": (
        values('UPDATE log_entries SET entry = :other WHERE "index" = 4', other=b"\xa0"),
        "entry_unreadable", "log entry",
    ),
    "a log entry's order changed": (
        sql(
            'UPDATE log_entries SET "index" = 1000 WHERE "index" = 3',
            'UPDATE log_entries SET "index" = 3 WHERE "index" = 4',
            'UPDATE log_entries SET "index" = 4 WHERE "index" = 1000',
        ),
        "history_rewritten", "checkpoint",
    ),
    "a log entry said to be about another permit": (
        sql("UPDATE log_entries SET instrument = (SELECT min(id) FROM instruments) WHERE event = 'revoke'"),
        "entry_differs", "log entry",
    ),
    "a log entry's rows renamed": (
        sql("UPDATE log_entries SET subject = '[]' WHERE event = 'revoke'"), "subject_changed", "log entry",
    ),
    "a log entry's moment moved": (
        sql("UPDATE log_entries SET recorded_at = '2026-10-01T00:00:00.000000Z' WHERE event = 'revoke'"),
        "entry_back_dated", "log entry",
    ),
    "the end of the log cut off": (_roll_back, "rolled_back", "checkpoint"),
    "the log's state rewound": (sql("UPDATE log_state SET size = 1"), "log_state_changed", "log_state"),
    "a kept checkpoint removed": (
        sql("DELETE FROM log_proofs", "DELETE FROM checkpoints"), "checkpoint_missing", "checkpoint",
    ),
    "a kept checkpoint's root changed": (
        values("UPDATE checkpoints SET root = :other", other=bytes(32)), "checkpoint_changed", "checkpoint",
    ),
    "a kept checkpoint signed by a stranger": (
        values("UPDATE checkpoints SET note = :other", other=b"x\n1\nAAAA\n\n"), "checkpoint_not_ours", "checkpoint",
    ),
    "a proof changed": (values("UPDATE log_proofs SET hashes = :other", other=bytes(32)), "proof_changed", "proof"),
    "a proof removed": (sql("DELETE FROM log_proofs"), "proof_missing", "proof"),
    "a published tile changed": (
        lambda office: _rewrite(next((office.published.folder / "tile/0").rglob("[0-9]*[0-9]"))), "tile", "tile/0",
    ),
    "published entries changed": (
        lambda office: _rewrite(next((office.published.folder / "tile/entries").rglob("[0-9]*"))), "bundle", "entries",
    ),
    "the published tiles removed": (
        lambda office: shutil.rmtree(office.published.folder / "tile"), "tile_missing", "tile/0",
    ),
    "the published checkpoint exchanged": (
        lambda office: (office.published.folder / "checkpoint").write_bytes(b"x\n1\nAAAA\n\n"),
        "checkpoint_not_ours", "checkpoint",
    ),
    "a moment that is none": (
        sql("UPDATE status_changes SET recorded_at = 'yesterday' WHERE status = 'revoked'"),
        "row_unreadable", "status_changes",
    ),
    "a mandate of a kind that there is not": (
        sql("UPDATE mandates SET mode = 'king' WHERE decree_number = 'SK-0'"), "row_changed", "mandates",
    ),
    "a log entry's rows made nonsense": (
        sql("UPDATE log_entries SET subject = '7' WHERE event = 'revoke'"), "subject_changed", "log entry",
    ),
    "a log entry's rows made half a place": (
        sql("""UPDATE log_entries SET subject = '[["x"]]' WHERE event = 'revoke'"""), "subject_changed", "log entry",
    ),
    "a guard taken away": (
        lambda office: office.published.tamper(_no_guard(office), guards=False), "guard_missing", "mandates",
    ),
    "a mandate bound under the name of a number": (_smuggle_mandate, "entry_contradicts", "log entry"),
    "a mandate said to be of last year": (_back_date_mandate, "entry_contradicts", "log entry"),
    "a revoked permit brought back by an entry of its own": (_revive, "change_not_allowed", "status_changes"),
    "a change counted twice": (
        sql("UPDATE status_changes SET sequence = 5 WHERE status = 'revoked'"), "change_not_allowed", "status_changes",
    ),
    "a guard that never acts": (
        guard(
            "DROP TRIGGER mandates_update;;CREATE TRIGGER mandates_update BEFORE UPDATE ON mandates WHEN 0"
            " BEGIN SELECT RAISE(ABORT, 'mandates is append-only'); END",
            "CREATE OR REPLACE FUNCTION mandates_guard() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; RAISE EXCEPTION 'mandates is append-only'; END $$",
        ),
        "guard_changed", "mandates",
    ),
    "a guard that takes every later revocation away": (
        guard(
            "CREATE TRIGGER a BEFORE INSERT ON status_changes WHEN NEW.status = 'revoked'"
            " BEGIN SELECT RAISE(IGNORE); END",
            "CREATE FUNCTION a() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;;"
            "CREATE TRIGGER a BEFORE INSERT ON status_changes FOR EACH ROW EXECUTE FUNCTION a()",
        ),
        "guard_added", "status_changes a",
    ),
    "a rule of a table weakened": (_weaken_check, "schema_changed", "numbers"),
    "an index that leaves rows out": (
        guard(
            "DROP INDEX ix_documents_sha256;;CREATE INDEX ix_documents_sha256 ON documents (sha256) WHERE 0",
            "DROP INDEX ix_documents_sha256;;CREATE INDEX ix_documents_sha256 ON documents (sha256) WHERE false",
        ),
        "schema_changed", "ix_documents_sha256",
    ),
    "the published checkpoint deleted": (
        lambda office: (office.published.folder / "checkpoint").unlink(), "checkpoint_behind", "checkpoint",
    ),
    "an older checkpoint put in front": (_older_checkpoint, "checkpoint_behind", "checkpoint"),
    "a publication that does not happen": (_leave_waiting, "entry_waits", "log entry"),
    "a status list of before the revocation": (_old_list, "status_list_differs", "status/"),
    "the status lists removed": (lambda office: shutil.rmtree(office.lists), "status_list_missing", "status/"),
    "a status list by nobody": (
        lambda office: next(office.lists.iterdir()).write_bytes(b"\x00"), "status_list_unreadable", "status/",
    ),
    "a permit taken out of the search": (
        sql("DELETE FROM permit_names WHERE instrument = (SELECT min(instrument) FROM permit_names)"),
        "name_lost", "instruments",
    ),
    "a permit found by another name": (sql("UPDATE permit_names SET name = 'pt lain'"), "name_lost", "instruments"),
    "the log's state put in another place": (_move_state, "log_state_changed", "log_state"),
    "the decision behind a permit exchanged": (
        sql("UPDATE instruments SET mandate = (SELECT max(id) FROM mandates)"), "outside_mandate", "permit",
    ),
}  # fmt: skip


def _rewrite(path) -> None:
    found = next(one for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file())
    found.chmod(0o644)
    found.write_bytes(b"\x00" * len(found.read_bytes()))


def _no_guard(office: Office) -> str:
    if office.published.database.dialect == "sqlite":
        return "SELECT 1"  # all are off already, and stay so
    return "ALTER TABLE mandates DISABLE TRIGGER ALL"


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_and_named(office, what: str) -> None:
    tamper, code, place = TAMPERING[what]
    tamper(office)
    found = office.differences()
    assert any(one.code.startswith(code) and place in one.place for one in found), [str(one) for one in found]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("plate = :other", ["plate"]),
        ("fill_version = 2", ["fill_version"]),
        ("plate = NULL, fill_version = NULL", ["fill_version", "plate"]),
    ],
)
def test_which_column_of_a_page_was_changed_is_said_also_where_it_was_emptied(office, change, columns) -> None:
    statement = sa.text(f"UPDATE documents SET {change} WHERE id = (SELECT min(id) FROM documents)")
    office.published.tamper(statement.bindparams(other=b"\x07" * 32) if ":other" in change else statement)
    changed = [one.detail for one in office.differences() if one.code == "row_changed"]
    assert sorted(detail["column"] for detail in changed) == columns
    assert all(detail["recorded"] != detail["found"] for detail in changed)


def test_a_page_of_before_there_were_plates_is_as_it_was_until_one_is_put_on_it(office) -> None:
    old = dataclasses.replace(office.published.counter, plate=None).issued("A-0")
    office.publish()
    assert office.differences() == []
    office.published.tamper(
        sa.text(
            "UPDATE documents SET plate = :other, fill_version = 1 WHERE kind = 'unsigned' AND instrument = :id"
        ).bindparams(other=_plate(office), id=old.id)
    )
    found = office.differences()
    assert {(one.code, one.detail["column"]) for one in found} == {
        ("row_changed", "plate"),
        ("row_changed", "fill_version"),
    }


def test_a_rewritten_history_is_told_by_a_checkpoint_from_outside_alone(office) -> None:
    """Who holds database, files and log key can make a new history; only an older checkpoint elsewhere tells."""
    other = Checkpoint(origin=office.published.signer.name, size=3, root=bytes(32))
    assert [one.code for one in office.differences(other)] == ["history_rewritten"]
    right = Checkpoint(origin=office.published.signer.name, size=0, root=EMPTY_ROOT)
    assert office.differences(right) == []


def test_a_newer_checkpoint_elsewhere_tells_that_the_registry_is_behind(office) -> None:
    newer = Checkpoint(origin=office.published.signer.name, size=1000, root=bytes(32))
    assert [one.code for one in office.differences(newer)] == ["rolled_back"]


def _destroy(office: Office) -> None:
    """Destroy the revoked permit, with its hand-over, by approval."""
    order = destructions.Order(
        ground="JRA 12.3",
        approvals=(
            destructions.Approval(person="Contoh Satu", title="Sekretaris", letter="S-1"),
            destructions.Approval(person="Contoh Dua", title="Arsiparis", letter="S-2"),
        ),
        minutes_number="BA-1",
        minutes_date=DAY,
        actor="arsiparis",
    )
    one = office.published
    with one.database.write() as tx:
        destructions.destroy(tx, permit=office.revoked, order=order, today=DAY, now=NOW)


def test_what_was_destroyed_by_approval_is_no_difference_until_it_comes_back(office) -> None:
    one = office.published
    table = schema.log_entries.c
    with one.database.read() as tx:
        entry = tx.execute(
            sa.select(table.entry).where(table.event == "issue", table.instrument == office.revoked.id)
        ).scalar_one()
    kept = _signed(dataclasses.replace(office, plain=office.revoked)), logentry.decode(bytes(entry)).record_sha256
    copies = [one.documents.get(sha256) for sha256 in kept]
    _destroy(office)
    assert any(found.code == "not_destroyed" for found in office.differences())  # the files are still there
    destructions.sweep(one.database, one.documents)
    office.publish()
    assert office.differences() == []
    for copy in copies:
        sha256 = one.documents.put(copy)
        assert [found.code for found in office.differences()] == ["not_destroyed"]
        one.documents.delete(sha256)


_OF_THE_REVOKED = "(SELECT instrument FROM status_changes WHERE status = 'revoked')"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE instruments SET valid_until = '2031-01-01' WHERE id = {_OF_THE_REVOKED}",
        f"UPDATE instruments SET number = '503/9' WHERE id = {_OF_THE_REVOKED}",
        f"UPDATE instruments SET serial = serial + 1 WHERE id = {_OF_THE_REVOKED}",
        f"UPDATE documents SET sha256 = parent_hash FROM (SELECT sha256 AS parent_hash FROM documents LIMIT 1) AS other"
        f" WHERE kind = 'signed' AND instrument = {_OF_THE_REVOKED}",
        "UPDATE numbers SET recorded_at = '2026-01-01T00:00:00.000000Z' WHERE id ="
        f" (SELECT number_row FROM instruments WHERE id = {_OF_THE_REVOKED})",
        f"UPDATE status_changes SET decree = 'SK-X' WHERE change = 'issue' AND instrument = {_OF_THE_REVOKED}",
        f"DELETE FROM handovers WHERE instrument = {_OF_THE_REVOKED}",
        f"DELETE FROM validation_data WHERE document IN"
        f" (SELECT id FROM documents WHERE instrument = {_OF_THE_REVOKED})",
        "UPDATE decisions SET reference = 'lain' WHERE id ="
        f" (SELECT decision FROM instruments WHERE id = {_OF_THE_REVOKED})",
    ],
)
def test_what_a_destruction_leaves_is_bound_as_before(office, statement: str) -> None:
    one = office.published
    with one.database.write() as tx:
        handovers.record(
            tx,
            permit=office.revoked,
            handover=handovers.Handover(
                recipient="Contoh Penerima",
                capacity=handovers.Capacity.HOLDER,
                identity_kind="KTP",
                identity_number="1401010101010001",
                survey_done=True,
                handed=NOW,
                actor="petugas",
            ),
            now=NOW,
        )
    office.publish()
    _destroy(office)
    destructions.sweep(one.database, one.documents)
    office.publish()
    assert office.differences() == []
    one.tamper(statement)
    assert office.differences() != []


@pytest.mark.parametrize("forge", [_smuggle_mandate, _back_date_mandate])
def test_an_entry_that_another_hand_wrote_is_not_published(office, forge) -> None:
    before = (office.published.folder / "checkpoint").read_bytes()
    forge(office)
    with pytest.raises(LogContradictionError, match="does not say"):
        office.publish()
    assert (office.published.folder / "checkpoint").read_bytes() == before


def test_a_row_that_was_changed_before_its_publication_is_not_published(office) -> None:
    _leave_waiting(office)
    office.published.tamper("UPDATE numbers SET reason = 'lain' WHERE id = (SELECT max(id) FROM numbers)")
    with pytest.raises(LogContradictionError, match="were changed"):
        office.publish()


def test_a_status_list_that_ended_is_named(office) -> None:
    found = office.differences(now=NOW + datetime.timedelta(hours=3))
    assert [one.code for one in found] == ["status_list_stale"]


def test_what_was_recorded_a_moment_ago_may_be_on_its_way(office) -> None:
    one = office.published
    with one.database.write() as tx:
        numbers.void(tx, row=numbers.allot(tx, series="genset", year=2026, now=LATER).row, reason="x", now=LATER)
    assert office.differences(now=LATER + datetime.timedelta(seconds=2)) == []


# PostgreSQL does not let its catalogue be edited like this; there the index itself is compared.
@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_damaged_index_is_named_before_anything_is_read_through_it(office) -> None:
    with sqlite3.connect(office.published.location, isolation_level=None) as connection:
        connection.executescript(
            "DROP INDEX ix_documents_sha256;"
            "CREATE INDEX ix_documents_sha256 ON documents (sha256) WHERE 0;"
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_documents_sha256 ON documents (sha256)'"
            " WHERE name = 'ix_documents_sha256';"
        )
    connection.close()
    assert office.differences()[0].code == "database_damaged"


# PostgreSQL keeps nothing that does not fit its column; what does is changed above, there as here.
@pytest.mark.parametrize("kind", ["sqlite"])
def test_any_cell_that_is_spoilt_is_named(office, tmp_path) -> None:
    """Cells drawn anew at each run: whatever is written into one, by whatever hand, fsck ends and names something."""
    one = office.published
    one.database.close()
    with sqlite3.connect(one.location) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        cells = [
            (table.name, row, column.name)
            for table in schema.metadata.sorted_tables
            if table.name != "installation"  # whoever opens a home holds it against the configuration
            for (row,) in connection.execute(f"SELECT rowid FROM {table.name}")
            for column in table.columns
        ]
    connection.close()
    for name, row, column in random.sample(cells, 40):
        value = random.choice([None, 7, "x", b"\x07", "", "[]", "2026-11-23T07:00:00.000000Z"])
        path = Path(shutil.copy(one.location, tmp_path / "spoilt.db"))
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for trigger, _ in guards:
                connection.execute(f"DROP TRIGGER {trigger}")
            try:
                change = f'UPDATE {name} SET "{column}" = ? WHERE rowid = ? AND "{column}" IS NOT ?'
                changed = connection.execute(change, (value, row, value)).rowcount
            except sqlite3.Error:
                changed = 0  # the database itself refuses
            for _, text in guards:
                connection.execute(text)
        connection.close()
        if changed:
            with contextlib.closing(Database.open(path)) as spoilt:
                found = office.differences(database=spoilt)
            assert found, f"{name} {row} {column} = {value!r} was not found"


def test_a_destruction_put_in_by_hand_deletes_no_file(office) -> None:
    one = office.published
    office.published.tamper(
        sa.text(
            "INSERT INTO destructions (instrument, ground, minutes_number, minutes_date, approvals, actor, recorded_at)"
            " VALUES (:id, 'x', 'x', '2026-11-23', '[]', 'x', '2026-11-23T07:00:00.000000Z')"
        ).bindparams(id=office.plain.id)
    )
    assert destructions.sweep(one.database, one.documents) == 0
    assert one.documents.get(_signed(office))
