"""The usual pages of an office: made at once, so that whoever issues waits for none of them."""

import dataclasses
import datetime
import json

import pytest

from cli.home import Home
from cli.issuing import development_home, office_of
from cli.workshop import usual_pages, workshop
from registry import mandates
from registry.formats.record import MandateMode
from registry.mandates import MandateError
from templates import packs

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
LETTER = packs.pack("pengganti")


@pytest.fixture
def home(tmp_path) -> Home:
    return development_home(tmp_path / "home", now=NOW)


def made(home: Home, *names: str, now: datetime.datetime = NOW):
    with usual_pages(home) as pages:
        return pages.make([packs.pack(name) for name in names], now=now)


def end_the_mandate(home: Home) -> None:
    database = home.database()
    with database.write() as tx:
        mandates.end(
            tx,
            mandate=1,
            last_day=NOW.date() - datetime.timedelta(days=1),
            reason="pindah tugas",
            decree_number="SK-CONTOH-2",
            decree_date=NOW.date(),
            actor="Contoh",
            now=NOW,
        )
    database.close()


def test_a_permit_like_a_sample_is_then_issued_without_laying_out_a_page(home, monkeypatch) -> None:
    first = made(home, LETTER.type)
    assert (first.shapes_there, first.plates_there, first.failures) == (0, 0, ())
    assert first.plates_made >= first.shapes_made >= 1
    again = made(home, LETTER.type)
    assert (again.shapes_there, again.shapes_made) == (first.shapes_made, 0)
    assert (again.plates_there, again.plates_made) == (first.plates_made, 0)
    with workshop(home) as shop, monkeypatch.context() as patched:
        patched.setattr("templates.layout.Layout.__init__", None)
        for sample in LETTER.samples():
            decision = shop.intake.add(sample.read_bytes(), now=NOW).decision
            shop.issuance.render(shop.issuance.freeze(decision, now=NOW), now=NOW)


def test_what_waits_to_be_issued_is_usual_until_it_is_issued(home) -> None:
    value = json.loads(LETTER.samples()[0].read_bytes())
    value["reference"] = "CONTOH-TUNGGU-1"
    value["public"]["explanation"] = "tercecer dalam perjalanan ke lokasi menara, " * 4 + "lalu dicari"
    plates = made(home, LETTER.type).plates_made
    with workshop(home) as shop:
        decision = shop.intake.add(json.dumps(value).encode(), now=NOW).decision
        found = made(home, LETTER.type)
        assert (found.plates_there, found.plates_made) == (plates, 1)
        shop.issuance.issue(decision, now=NOW)
    found = made(home, LETTER.type)
    assert (found.plates_there, found.plates_made) == (plates, 0)


def test_where_nobody_may_sign_it_is_refused_and_nothing_is_made(home) -> None:
    end_the_mandate(home)
    with pytest.raises(MandateError, match="no one is entitled"):
        made(home, LETTER.type)


def test_a_type_that_nobody_may_sign_is_named_and_the_others_are_made(home) -> None:
    end_the_mandate(home)
    database = home.database()
    with database.read() as tx:
        before = mandates.by_id(tx, 1)
    acting = dataclasses.replace(
        before, mode=MandateMode.PLT, scope=(LETTER.type,), valid_from=NOW.date(), valid_until=None
    )
    with database.write() as tx:
        mandates.appoint(tx, office=office_of(home).id, mandate=acting, now=NOW)
    database.close()
    found = made(home, "pencabutan", LETTER.type)
    ((name, reason),) = found.failures
    assert name == "pencabutan/v1"
    assert isinstance(reason, MandateError)
    assert found.plates_made >= 1


@pytest.mark.long
def test_samples_whose_day_has_passed_still_show_their_page(home) -> None:
    found = made(home, "genset", now=NOW + datetime.timedelta(days=40 * 365))
    assert found.failures == ()
    assert found.plates_made == 3
