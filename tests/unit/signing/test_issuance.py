"""The way of a permit: each step once, whatever stops it; nothing issued twice, nothing lost."""

import dataclasses
import datetime

import pytest
import sqlalchemy as sa

from cli import demo
from cli.issuing import development_home
from cli.workshop import workshop
from registry import instruments, mandates, schema
from registry.formats import statement
from registry.formats.errors import UnavailableError
from registry.formats.verdict import InvalidPermitError
from registry.instruments import InstrumentError, Stage
from signing import issuance as module
from signing.issuance import BatchError, Step
from templates.pack import Pack

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


@dataclasses.dataclass
class Bench:
    shop: object
    database: object
    decision: object
    decisions: list

    def stage(self, instrument) -> Stage:
        with self.database.read() as tx:
            return instruments.stage(tx, instruments.by_id(tx, instrument.id))

    def count(self, table, *where) -> int:
        with self.database.read() as tx:
            return tx.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()

    def issues(self) -> int:
        """How many issues the log records."""
        return self.count(schema.log_entries, schema.log_entries.c.event == "issue")


@pytest.fixture
def bench(tmp_path):
    home = development_home(tmp_path / "home", now=NOW)
    with workshop(home) as shop:
        kept = demo.register(shop, now=NOW, say=lambda _: None)
        database = home.database()
        yield Bench(shop=shop, database=database, decision=kept[0], decisions=kept)
        database.close()


class PowerCutError(BaseException):
    """Ends a step where a kill would."""


def cut(*_args, **_kwargs):
    raise PowerCutError


# Where the process dies, and what must then be true of the permit.
CUTS = [
    ("registry.instruments.freeze", None),
    ("templates.renderer.Renderer.render", Stage.FROZEN),
    ("registry.instruments.record_unsigned", Stage.FROZEN),
    ("signing.issuance.sign_certified", Stage.RENDERED),
    ("registry.mandates.signer_id", Stage.RENDERED),
    ("registry.ledger.encode", Stage.RENDERED),
]


@pytest.mark.parametrize(("where", "left"), CUTS, ids=[cut[0] for cut in CUTS])
def test_killed_at_any_step_it_waits_and_the_next_run_issues_it_once(bench, monkeypatch, where, left) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(where, cut)
        with pytest.raises(PowerCutError):
            bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.issues() == 0
    assert bench.count(schema.documents, schema.documents.c.kind == "signed") == 0
    if left is None:
        assert bench.count(schema.numbers) == 0
    else:
        with bench.database.read() as tx:
            waiting = instruments.by_id(tx, 1)
        assert bench.stage(waiting) is left
    issued = bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.stage(issued) is Stage.ISSUED
    assert (bench.count(schema.numbers), bench.issues(), bench.count(schema.status_changes)) == (
        1,
        1,
        1,
    )


def plates(bench) -> int:
    return bench.count(schema.plates, schema.plates.c.kind == "plate")


def test_a_batch_is_prepared_in_one_go_and_prepared_again_adds_nothing(bench) -> None:
    told = []
    batch = bench.shop.issuance.prepare(bench.decisions, now=NOW, progress=lambda *done: told.append(done))
    assert [one.decision for one in batch] == [decision.id for decision in bench.decisions]
    assert {bench.stage(one) for one in batch} == {Stage.RENDERED}
    assert told[-1] == (Step.RENDER, 3, 3)
    assert list(dict.fromkeys(step for step, _, _ in told)) == list(Step)
    made = plates(bench)
    assert bench.shop.issuance.prepare(bench.decisions, now=NOW) == batch
    assert (plates(bench), bench.count(schema.documents)) == (made, 3)
    with bench.database.read() as tx:
        named = set(tx.execute(sa.select(schema.documents.c.plate)).scalars())
        kept = set(tx.execute(sa.select(schema.plates.c.sha256).where(schema.plates.c.kind == "plate")).scalars())
    assert named == kept


@pytest.mark.long
def test_what_cannot_be_printed_is_named_and_the_rest_of_its_batch_waits_for_its_signature(bench, monkeypatch) -> None:
    bad = bench.decisions[1]
    honest = Pack.fields

    def spoiled(pack, public, **known):
        found = honest(pack, public, **known)
        # A letter that no typeface of ours has, as an older release may have let it in.
        return {**found, "holder": "Contoh \u4e00"} if public == bad.public else found

    with monkeypatch.context() as patched:
        patched.setattr(Pack, "fields", spoiled)
        with pytest.raises(BatchError) as caught:
            bench.shop.issuance.prepare(bench.decisions, now=NOW)
    ((number, reason),) = caught.value.failures.items()
    assert "\u4e00" in str(reason)
    assert number in caught.value.text("id")
    assert "1 dari 3" in caught.value.text("id")
    with bench.database.read() as tx:
        frozen = [instruments.by_id(tx, key) for key in (1, 2, 3)]
    assert [one.number for one in frozen if bench.stage(one) is Stage.FROZEN] == [number]
    assert bench.stage(bench.shop.issuance.prepare([bad], now=NOW)[0]) is Stage.RENDERED


@pytest.mark.long
def test_a_batch_that_is_killed_while_pages_are_laid_out_goes_on_where_it_was(bench, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("templates.plates.maker.Maker.make", cut)
        with pytest.raises(PowerCutError):
            bench.shop.issuance.prepare(bench.decisions, now=NOW)
    assert (bench.count(schema.numbers), bench.count(schema.documents), plates(bench)) == (3, 0, 0)
    batch = bench.shop.issuance.prepare(bench.decisions, now=NOW)
    assert {bench.stage(one) for one in batch} == {Stage.RENDERED}
    assert bench.count(schema.numbers) == 3


def test_issuing_again_adds_nothing(bench) -> None:
    first = bench.shop.issuance.issue(bench.decision, now=NOW)
    again = bench.shop.issuance.issue(bench.decision, now=NOW + datetime.timedelta(days=40))
    assert again == first
    assert bench.count(schema.documents) == 2
    assert bench.issues() == 1


def test_a_permit_not_signed_on_its_day_gets_a_new_date_and_keeps_its_number(bench) -> None:
    frozen = bench.shop.issuance.freeze(bench.decision, now=NOW)
    bench.shop.issuance.render(frozen, now=NOW)
    tomorrow = NOW + datetime.timedelta(days=1)
    with pytest.raises(InstrumentError, match="freeze it again"):
        bench.shop.issuance.sign_and_issue(frozen, now=tomorrow)
    issued = bench.shop.issuance.issue(bench.decision, now=tomorrow)
    assert (issued.id, issued.number_row, issued.freeze) == (frozen.id, frozen.number_row, 2)
    assert issued.date_of_issue == frozen.date_of_issue + datetime.timedelta(days=1)
    assert statement.parse(issued.statement).statement.number == issued.number
    record = bench.shop.records.permit_by_serial(issued.serial)
    assert record.file_sha256 is not None
    assert record.statement == issued.statement


def test_a_permit_not_signed_within_the_year_gives_up_its_number_with_a_reason(bench) -> None:
    old = bench.shop.issuance.freeze(bench.decision, now=datetime.datetime(2026, 12, 31, 3, tzinfo=datetime.UTC))
    new = bench.shop.issuance.issue(bench.decision, now=datetime.datetime(2027, 1, 4, 3, tzinfo=datetime.UTC))
    assert (old.id, new.number_row != old.number_row) == (new.id, True)
    assert new.number.endswith("2027")
    with bench.database.read() as tx:
        rows = tx.execute(sa.select(schema.numbers.c.year, schema.numbers.c.fate, schema.numbers.c.reason)).all()
    assert [tuple(row)[:2] for row in rows] == [(2026, "void"), (2027, "used")]
    assert rows[0].reason


def test_the_local_day_counts_not_utc(bench) -> None:
    late_evening_utc = datetime.datetime(2026, 12, 31, 17, 30, tzinfo=datetime.UTC)  # 00.30 on 1 January in WIB
    frozen = bench.shop.issuance.freeze(bench.decision, now=late_evening_utc)
    assert frozen.date_of_issue == datetime.date(2027, 1, 1)
    assert frozen.number.endswith("2027")


def test_no_mandate_no_signature(bench) -> None:
    with bench.database.write() as tx:
        mandates.end(
            tx,
            mandate=1,
            last_day=datetime.date(2026, 11, 24),
            reason="pensiun",
            decree_number="SK-2",
            decree_date=datetime.date(2026, 11, 24),
            actor="petugas",
            now=NOW,
        )
    bench.shop.issuance.freeze(bench.decision, now=NOW)
    with pytest.raises(mandates.MandateError, match="no one is entitled"):
        bench.shop.issuance.issue(bench.decision, now=NOW + datetime.timedelta(days=1))
    assert bench.issues() == 0


def test_an_expired_certificate_signs_nothing(bench) -> None:
    with pytest.raises(mandates.MandateError, match="renew"):
        bench.shop.issuance.issue(bench.decision, now=NOW + datetime.timedelta(days=3 * 365))
    assert bench.issues() == 0


def test_what_a_stranger_would_not_believe_is_never_issued(bench, monkeypatch) -> None:
    honest = module.sign_certified

    def spoiled(pdf, **words):
        return honest(pdf, **words) + b"\n% added by a broken signing service"

    with monkeypatch.context() as patched:
        patched.setattr(module, "sign_certified", spoiled)
        with pytest.raises(InvalidPermitError):
            bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.issues() == 0
    bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.issues() == 1


def test_a_full_disk_leaves_the_permit_waiting(bench, monkeypatch) -> None:
    def full(_self, _data):
        raise UnavailableError("the file store refuses to keep a document: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("registry.documents.DocumentStore.put", full)
        with pytest.raises(UnavailableError, match="No space"):
            bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.issues() == 0
    bench.shop.issuance.issue(bench.decision, now=NOW)
    assert bench.issues() == 1
