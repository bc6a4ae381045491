"""Every permit type goes the whole way by the same code, and is told apart at the public door."""

import datetime
import json

import pytest

from cli import demo
from registry.formats.language import LANGUAGES
from registry.formats.record import Kind
from registry.formats.verdict import VerdictName
from templates import packs
from verifier.sentences import sentence

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
OTHERS = [pack for pack in packs.packs() if pack.type != "genset"]


@pytest.fixture(scope="module", params=OTHERS, ids=lambda pack: pack.type)
def issued(request, office):
    """A sample of each other type, issued in the office of the demo, and its file."""
    value = json.loads(request.param.samples()[0].read_bytes())
    receipt = office.shop.intake.add(json.dumps(value).encode(), now=NOW)
    instrument = office.shop.issuance.issue(receipt.decision, now=NOW)
    office.shop.publisher.publish(now=NOW)
    record = office.registry.permit_by_serial(instrument.serial)
    assert record is not None
    assert record.file_sha256 is not None
    return request.param, record, office.registry.document(record.file_sha256)


def test_it_is_genuine_and_says_what_it_is(office, issued) -> None:
    pack, record, data = issued
    verdict = office.verifier.verify(data, now=NOW)
    assert verdict.name is VerdictName.GENUINE
    assert verdict.kind is record.kind is pack.kind
    assert next(field for field in record.public_view if field.id == "type").value["id"] == pack.title


def test_nobody_takes_a_decree_or_a_letter_for_a_permit(office, issued) -> None:
    pack, _, data = issued
    verdict = office.verifier.verify(data, now=NOW)
    said = {language: sentence(verdict, language) for language in LANGUAGES}
    assert said["id"].startswith("Bukan izin") is (pack.kind is not Kind.PERMIT)
    assert said["en"].startswith("Not a permit") is (pack.kind is not Kind.PERMIT)


def test_its_code_leads_to_it_and_its_number_is_of_its_own_series(office, issued) -> None:
    pack, record, data = issued
    (link,) = set(demo.links(data))
    verdict = office.verifier.verify(link, now=NOW)
    assert verdict.record is not None
    assert verdict.record.number == record.number
    day, profile = datetime.date(2026, 11, 24), office.shop.office
    assert record.number in {pack.number(place, day, office=profile) for place in range(1, len(OTHERS) + 1)}
