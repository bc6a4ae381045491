"""A document made once more: the same bytes, or in which part it differs, or why it cannot be made."""

import datetime
import shutil

import pytest
import sqlalchemy as sa

from cli import demo
from cli.home import Home
from cli.issuing import development_home
from cli.workshop import reprinting, workshop
from registry import decisions, instruments, schema
from registry.blobs import name_of
from registry.database import insert
from registry.formats.canonical import sha256
from registry.instruments import InstrumentError
from signing import reprinting as module
from signing.reprinting import Reprinter, Result
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.renderer import Renderer

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> tuple[Home, list]:
    """A home with two permits that were issued, and one that is frozen and has no page."""
    home = development_home(tmp_path_factory.mktemp("reprinting") / "home", now=NOW)
    with workshop(home) as shop:
        kept = demo.register(shop, now=NOW, say=lambda _: None)
        first, second = (shop.issuance.issue(decision, now=NOW) for decision in kept[:2])
        return home, [first, second, shop.issuance.freeze(kept[2], now=NOW)]


@pytest.fixture
def printer(issued):
    with reprinting(issued[0]) as one:
        yield one


def stored(home: Home, instrument) -> bytes:
    database = home.database()
    try:
        with database.read() as tx:
            return home.documents().get(instruments.unsigned(tx, instrument).sha256)
    finally:
        database.close()


def test_every_document_is_made_again_byte_for_byte(issued, printer) -> None:
    home, (first, second, _) = issued
    for instrument in (first, second):
        made = printer.of_number(instrument.number)
        assert (made.result, made.parts, made.reason) == (Result.SAME, (), None)
        assert made.pdf == stored(home, instrument)
    assert [one.number for one in printer.of_all()] == [first.number, second.number]


def test_it_is_made_without_laying_out_anything(issued, monkeypatch) -> None:
    monkeypatch.setattr("templates.layout.Layout.__init__", None)
    with reprinting(issued[0]) as one:
        assert one.of_number(issued[1][0].number).result is Result.SAME


def test_a_number_that_was_never_given_and_a_page_that_was_never_made(issued, printer) -> None:
    with pytest.raises(InstrumentError, match="no document"):
        printer.of_number("503/999/DPMPTSP/XI/2026")
    made = printer.of_number(issued[1][2].number)
    assert (made.result, made.pdf) == (Result.NOT_RENDERED, None)


def test_what_says_something_else_is_told_part_by_part(issued, monkeypatch) -> None:
    home, (first, *_) = issued
    honest = Pack.fields
    with reprinting(home) as one, monkeypatch.context() as patched:
        patched.setattr(
            Pack, "fields", lambda *given, **known: {**honest(*given, **known), "date_of_issue": "24 November 2062"}
        )
        made = one.of_number(first.number)
    assert made.result is Result.DIFFERENT
    assert made.parts
    assert all(part.startswith("page ") for part in made.parts)
    public = decisions.Decision.public.fget
    with reprinting(home) as one, monkeypatch.context() as patched:
        patched.setattr(
            decisions.Decision, "public", property(lambda of: {**public(of), "private_commitment": "ab" * 32})
        )
        made = one.of_number(first.number)
    assert (made.result, made.parts) == (Result.DIFFERENT, ("attachment",))


def test_values_that_take_other_lines_are_another_document(issued, monkeypatch) -> None:
    honest = Pack.fields
    monkeypatch.setattr(
        Pack, "fields", lambda *given, **known: {**honest(*given, **known), "holder": "Contoh " * 40 + "Akhir"}
    )
    with reprinting(issued[0]) as one:
        made = one.of_number(issued[1][0].number)
    assert (made.result, made.pdf) == (Result.DIFFERENT, None)
    assert "lines" in str(made.reason)


@pytest.fixture
def copied(issued, tmp_path) -> Home:
    """A home of its own, to be damaged."""
    shutil.copytree(issued[0].root, tmp_path / "home")
    return Home.open(tmp_path / "home")


def changed(home: Home, table: sa.Table, **values: object) -> None:
    database = home.database()
    with database.write() as tx:
        insert(tx, table, **values)
    database.close()


def plate_of(home: Home, instrument) -> bytes:
    database = home.database()
    with database.read() as tx:
        plate = instruments.unsigned(tx, instrument).plate
    database.close()
    return plate


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_a_plate_that_is_lost_or_damaged_makes_nothing(issued, copied, damage) -> None:
    first = issued[1][0]
    path = copied.root / "documents" / name_of(plate_of(copied, first))
    path.chmod(0o600)
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with reprinting(copied) as one:
        made = one.of_number(first.number)
    assert (made.result, made.pdf) == (Result.PLATE_LOST, None)
    assert str(made.reason)


def test_where_the_recorded_file_is_gone_the_document_is_still_made(issued, copied, monkeypatch) -> None:
    first = issued[1][0]
    whole = stored(copied, first)
    path = copied.root / "documents" / name_of(sha256(whole))
    path.unlink()
    with reprinting(copied) as one:
        assert one.of_number(first.number).pdf == whole
        honest = Pack.fields
        monkeypatch.setattr(Pack, "fields", lambda *given, **known: {**honest(*given, **known), "date_of_issue": "1"})
        made = one.of_number(first.number)
    assert (made.result, made.parts) == (Result.DIFFERENT, ())


def test_what_another_version_of_filling_made_is_not_compared(issued, printer, monkeypatch) -> None:
    monkeypatch.setattr(module, "FILL_VERSION", module.FILL_VERSION + 1)
    made = printer.of_number(issued[1][0].number)
    assert (made.result, made.fill_version, made.pdf) == (Result.OTHER_FILLING, module.FILL_VERSION - 1, None)


def test_a_document_of_before_there_were_plates_is_told_from_others(issued, copied) -> None:
    frozen = issued[1][2]
    changed(
        copied,
        schema.documents,
        instrument=frozen.id,
        kind="unsigned",
        revision=frozen.freeze,
        sha256=bytes(32),
        layout={},
        recorded_at=NOW,
    )
    with reprinting(copied) as one:
        assert one.of_number(frozen.number).result is Result.WITHOUT_PLATE
        assert frozen.number not in [made.number for made in one.of_all()]


def test_what_was_destroyed_is_never_made_again(issued, copied) -> None:
    first = issued[1][0]
    changed(
        copied,
        schema.destructions,
        instrument=first.id,
        ground="JRA contoh",
        minutes_number="BA-CONTOH-1",
        minutes_date=NOW.date(),
        approvals=[],
        actor="Contoh",
        recorded_at=NOW,
    )
    with reprinting(copied) as one:
        made = one.of_number(first.number)
        assert (made.result, made.pdf) == (Result.DESTROYED, None)
        assert first.number not in [made.number for made in one.of_all()]


def test_a_version_that_this_program_lacks_is_named(issued) -> None:
    def none(name: str) -> Pack:
        raise LookupError(f"no pack {name!r}")

    home, (first, *_) = issued
    database = home.database()
    one = Reprinter(
        database=database,
        documents=home.documents(),
        office=OfficeProfile.read(home.office_file),
        host=home.settings.host,
        pack=none,
        renderer=Renderer(),
    )
    made = one.of_number(first.number)
    database.close()
    assert made.result is Result.UNUSABLE
    assert "genset/v1" in str(made.reason)
