"""One worker of an office under load: a program that allots, issues, changes, voids and publishes until it is killed.

    python hammer.py PLACE.json SEED [--finish]

It says on standard output, one JSON object a line and each line only after the commit it is about, what the database
acknowledged: whatever was said must be found afterwards, however the program ended. "at" says what it is about to do,
so that whoever kills it can choose the moment. With `--finish` it issues what waits, publishes, and ends.

Exit status 0 comes from `--finish` alone; a refusal that may be tried again is said and tried again, everything else
ends the program with a traceback.
"""

import contextlib
import datetime
import hashlib
import itertools
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from keys.notes import Ed25519NoteSigner
from registry import decisions, instruments, lifecycle, mandates, numbers, schema
from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event
from registry.formats.record import FINAL, PublicField, Status, state_at
from registry.instruments import Frozen, Instrument, Stage
from registry.publication import LogContradictionError, LogPublisher

OFFICE = "kampar"
EMPLOYEE = "198001012005011001"
ZONE = ZoneInfo("Asia/Jakarta")
PACKS = ("genset/v1", "papan/v1")
LAYOUT = {"qr": {"page": 1.0, "left_mm": 12.3, "top_mm": 240.0, "size_mm": 33.0}}


def say(**words: object) -> None:
    # One write of less than a pipe's buffer: whole or not at all, even when the next instruction is the last.
    os.write(1, json.dumps(words).encode() + b"\n")


class Announced(Database):
    """The registry's own database, which says when this worker has become the only one that writes."""

    @contextlib.contextmanager
    def write(self, *, replaying: bool = False) -> Iterator[sa.Connection]:
        with super().write(replaying=replaying) as tx:
            say(at="writing")
            yield tx
            say(at="committing")


class Worker:
    def __init__(self, place: dict[str, Any], seed: int) -> None:
        location = sa.make_url(place["url"]) if "url" in place else Path(place["file"])
        self.database = Announced.open(location)
        self.documents = DocumentStore.local(Path(place["documents"]))
        self.publisher = LogPublisher(
            database=self.database,
            documents=self.documents,
            folder=Path(place["log"]),
            signer=Ed25519NoteSigner.load(Path(place["key"])),
            memory=Path(place["memory"]),
        )
        self.certificate = Path(place["certificate"]).read_bytes()
        self.seed = seed
        self.random = random.Random(seed)
        self.turn = itertools.count()

    def strike(self) -> None:
        """One operation, whichever."""
        blow = self.random.choices(
            (self.freeze_and_issue, self.carry_on, self.change, self.void, self.freeze_anew, self.publish),
            weights=(40, 10, 25, 10, 5, 10),
        )[0]
        blow()

    def freeze_and_issue(self) -> None:
        pack = self.random.choice(PACKS)
        reference = f"W-{self.seed}-{next(self.turn)}"
        with self.database.write() as tx:
            now = _now()
            decision = decisions.record(
                tx,
                office=OFFICE,
                source="desk",
                reference=reference,
                pack=pack,
                snapshot={"public": {"holder": "PT Contoh Jaya"}, "private": {"salt": "00"}},
                objects=(reference,),
                received_on=_day(now),
                supersedes=None,
                now=now,
            )
            frozen, n = self._freeze(tx, decision.id, pack, thawed=None, now=now)
        self._say_number("freeze", frozen, n)
        self._issue(frozen.id)

    def carry_on(self) -> None:
        """Take up a permit that waits, whoever left it: another worker may be at it, or dead."""
        waiting = self.waiting()
        if waiting:
            self._issue(self.random.choice(waiting))

    def freeze_anew(self) -> None:
        """Give up the number of a permit that waits; it gets another one in the same transaction."""
        waiting = self.waiting()
        if not waiting:
            return
        with self.database.write() as tx:
            now = _now()
            permit = instruments.by_id(tx, self.random.choice(waiting))
            if instruments.stage(tx, permit) is Stage.ISSUED:
                return
            old = numbers.by_row(tx, permit.number_row)
            numbers.void(tx, row=permit.number_row, reason="frozen anew", now=now)
            entry = _newest_entry(tx)
            frozen, n = self._freeze(tx, permit.decision, permit.pack, thawed=permit, now=now)
        say(did="void", series=_series(permit.pack), year=old.year, n=old.n, **entry)
        self._say_number("freeze anew", frozen, n)

    def void(self) -> None:
        series = _series(self.random.choice(PACKS))
        with self.database.write() as tx:
            now = _now()
            allotted = numbers.allot(tx, series=series, year=_day(now).year, now=now)
            numbers.void(tx, row=allotted.row, reason="spoiled", now=now)
            entry = _newest_entry(tx)
        say(did="void", series=series, year=allotted.year, n=allotted.n, **entry)

    def change(self) -> None:
        table = schema.instruments.c
        with self.database.write() as tx:
            now = _now()
            newest = tx.execute(sa.select(sa.func.max(table.id))).scalar()
            if newest is None:
                return
            # Not every id is taken: PostgreSQL does not give those of a transaction that was broken off again.
            somewhere = self.random.randint(1, newest)
            key = tx.execute(sa.select(sa.func.min(table.id)).where(table.id >= somewhere)).scalar_one()
            permit = instruments.by_id(tx, key)
            state = state_at(lifecycle.history(tx, permit.id), now)
            if state is None or state.status in FINAL:
                return
            order = lifecycle.Order(
                change=self._next_change(state.status),
                reason="ditemukan pelanggaran",
                legal_ground="Pasal 12",
                decree_number=f"SK-{self.seed}-{next(self.turn)}",
                decree_date=_day(now),
                effective=now,
                actor=f"petugas {self.seed}",
            )
            sequence = lifecycle.change(tx, permit=permit, order=order, zone=ZONE, now=now)
            entry = _newest_entry(tx)
        say(did="change", instrument=permit.id, sequence=sequence, decree=order.decree_number, **entry)

    def publish(self) -> None:
        say(at="publishing")
        published = self.publisher.publish(now=_now())
        say(did="publish", size=published.size, root=published.root.hex())

    def finish(self) -> None:
        """Issue what waits, then publish."""
        for instrument in self.waiting():
            self._issue(instrument)
        self.publish()

    def waiting(self) -> list[int]:
        table, entries = schema.instruments.c, schema.log_entries.c
        issued = sa.exists().where(entries.instrument == table.id, entries.event == Event.ISSUE.value)
        with self.database.read() as tx:
            return list(tx.execute(sa.select(table.id).where(~issued).order_by(table.id)).scalars())

    def _freeze(
        self, tx: sa.Connection, decision: int, pack: str, *, thawed: Instrument | None, now: datetime.datetime
    ) -> tuple[Instrument, int]:
        day = _day(now)
        mandate, _ = mandates.on_day(tx, office=OFFICE, day=day, pack=pack)
        allotted = numbers.allot(tx, series=_series(pack), year=day.year, now=now)
        number = f"503/{allotted.n}/{pack}/{day.year}"
        frozen = instruments.freeze(
            tx,
            office=OFFICE,
            decision=decision,
            number_row=allotted.row,
            serial=instruments.draw_serial(tx) if thawed is None else thawed.serial,
            frozen=Frozen(
                pack=pack,
                number=number,
                date_of_issue=day,
                valid_until=None,
                mandate=mandate,
                statement=number.encode(),
                public_view=(PublicField(id="number", label={"id": "Nomor"}, value={"id": number}),),
                shape={"rows": 1},
                holder="PT Contoh Jaya",
            ),
            thawed=thawed,
            now=now,
        )
        return frozen, allotted.n

    def _issue(self, key: int) -> None:
        """Render and issue a permit, unless somebody did meanwhile."""
        with self.database.read() as tx:
            seen = instruments.by_id(tx, key)
        unsigned = self.documents.put(b"%PDF- " + seen.statement)
        signed = self.documents.put(b"%PDF- signed " + seen.statement)
        crl = self.documents.put(b"a list of the day")
        plate = self.documents.put(b"a plate")
        with self.database.write() as tx:
            now = _now()
            permit = instruments.by_id(tx, key)
            if permit.freeze != seen.freeze or instruments.stage(tx, permit) is Stage.ISSUED:
                return
            instruments.record_unsigned(
                tx, permit, file_sha256=unsigned, layout=LAYOUT, plate=plate, fill_version=1, now=now
            )
            parent = instruments.unsigned(tx, permit)
            if parent is None:
                raise AssertionError("what was just recorded is not there")
            instruments.issue(
                tx,
                permit,
                parent=parent,
                file_sha256=signed,
                signing_profile="certified-p1",
                signer_certificate=mandates.signer_id(tx, employee_number=EMPLOYEE, certificate=self.certificate),
                validation_data=(("crl", crl),),
                now=now,
            )
            entry = _newest_entry(tx)
        say(did="issue", instrument=permit.id, serial=permit.serial, **entry)

    def _next_change(self, status: Status) -> Event:
        if self.random.random() < 0.1:
            return Event.REVOKE
        return Event.SUSPEND if status is Status.IN_FORCE else Event.REINSTATE

    def _say_number(self, did: str, frozen: Instrument, n: int) -> None:
        say(did=did, series=_series(frozen.pack), year=frozen.date_of_issue.year, n=n, serial=frozen.serial)


def _series(pack: str) -> str:
    return pack.partition("/")[0]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _day(now: datetime.datetime) -> datetime.date:
    return now.astimezone(ZONE).date()


def _newest_entry(tx: sa.Connection) -> dict[str, object]:
    """The entry that this transaction has just written: nobody else writes meanwhile."""
    table = schema.log_entries.c
    row = tx.execute(sa.select(table.id, table.entry).order_by(table.id.desc()).limit(1)).one()
    return {"entry": row.id, "sha256": hashlib.sha256(row.entry).hexdigest()}


def main() -> int:
    # A killed process loses nothing that it wrote, synchronised or not; power cuts are not what is tested here.
    os.fsync = lambda _: None
    place, seed, *rest = sys.argv[1:]
    worker = Worker(json.loads(Path(place).read_text()), int(seed))
    blow = worker.finish if rest == ["--finish"] else worker.strike
    while True:
        try:
            blow()
        except LogContradictionError:
            raise
        except UnavailableError as error:
            say(refused=str(error))
        else:
            if rest:
                return 0


if __name__ == "__main__":
    sys.exit(main())
