"""What a forger, a thief of keys, and time may do to a permit, judged through the real verifier."""

import datetime
import io
import random

import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from cli import demo
from keys.development import DevelopmentPki
from registry import instruments
from registry.formats import statement
from registry.formats.verdict import Answer, Outcome, Subject, Verdict, VerdictName
from signing.pades import Box, sign_certified
from verifier import sentences

LATER = datetime.timedelta(minutes=5)
PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


def judge(office, subject, *, on=None, after=LATER) -> Verdict:
    issued_at = office.permits[0].record.issued_at
    return office.verifier.verify(subject, now=issued_at + after, on=on)


def failed(verdict: Verdict) -> set[str]:
    return {str(answer) for answer, outcome in verdict.answers.items() if outcome is FAILED}


def spoken(verdict: Verdict) -> str:
    return sentences.sentence(verdict, "id")


@pytest.fixture(params=[0, 1, 2], ids=["tower", "factory", "hospital"])
def permit(office, request):
    return office.permits[request.param]


def test_the_file_of_every_sample_is_genuine(office, permit) -> None:
    verdict = judge(office, permit.data)
    assert (verdict.subject, verdict.name, verdict.simulation) == (Subject.FILE, VerdictName.GENUINE, True)
    assert set(verdict.answers.values()) == {PASSED}


def test_ten_years_later_when_the_certificate_has_expired_the_file_is_still_genuine(office, permit) -> None:
    verdict = judge(office, permit.data, after=datetime.timedelta(days=3653))
    assert verdict.name is VerdictName.GENUINE
    assert set(verdict.answers.values()) == {PASSED}


def test_on_an_earlier_day_it_was_not_in_force_and_on_a_later_one_it_was(office, permit) -> None:
    issued = permit.record.date_of_issue
    assert judge(office, permit.data, on=issued - datetime.timedelta(days=1)).name is VerdictName.NOT_YET_IN_FORCE
    dated = judge(office, permit.data, on=issued, after=datetime.timedelta(days=400))
    assert dated.name is VerdictName.GENUINE_ON_DATE


def test_link_digits_and_raster_ask_for_comparison(office, permit) -> None:
    page = permit.record.qr_place.page
    buffer = io.BytesIO()
    demo.raster(permit.data, page=page, dpi=150).save(buffer, "PNG")
    photo = demo.photograph(demo.raster(permit.data, page=page, dpi=150))
    for subject in (permit.link, permit.link.rpartition("/")[2], buffer.getvalue(), photo):
        verdict = judge(office, subject)
        assert (verdict.subject, verdict.name) == (Subject.STATEMENT, VerdictName.COMPARE)
        assert verdict.answers == {
            Answer.INTACT: UNKNOWN,
            Answer.ISSUED: PASSED,
            Answer.IN_FORCE: PASSED,
            Answer.AUTHORISED: PASSED,
        }
        assert permit.record.number in spoken(verdict)


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_is_an_altered_file(office, seed) -> None:
    permit = office.permits[seed % 3]
    broken = bytearray(permit.data)
    position = random.Random(seed).randrange(len(broken) * 8)
    broken[position // 8] ^= 1 << position % 8
    verdict = judge(office, bytes(broken))
    assert verdict.name is VerdictName.ALTERED, position
    assert "intact" in failed(verdict)
    assert "diubah setelah ditandatangani" in spoken(verdict)


def test_every_bit_of_the_signature_container_counts(office) -> None:
    """Bits outside the signed range: hex digits, padding, unsigned parts of the CMS."""
    data = office.permits[0].data
    start = data.index(b"/Contents <") + len(b"/Contents <") - 1
    end = data.index(b">", start)
    for position in [start, start + 1, start + 40, (start + end) // 2, end - 2, end - 1, end]:
        broken = bytearray(data)
        broken[position] ^= 1
        verdict = judge(office, bytes(broken))
        assert verdict.name is VerdictName.ALTERED, position
    hexadecimal = next(i for i in range(start, end) if data[i : i + 1].isalpha())
    same_value = data[:hexadecimal] + data[hexadecimal : hexadecimal + 1].swapcase() + data[hexadecimal + 1 :]
    assert judge(office, same_value).name is VerdictName.ALTERED


def test_a_page_of_another_permit_put_in_is_altered(office) -> None:
    tower, hospital = office.permits[0], office.permits[2]
    target = pypdfium2.PdfDocument(tower.data)
    source = pypdfium2.PdfDocument(hospital.data)
    target.import_pages(source, [1], index=1)
    rewritten = io.BytesIO()
    target.save(rewritten)
    verdict = judge(office, rewritten.getvalue())
    assert verdict.name is VerdictName.ALTERED
    assert {"intact", "issued"} <= failed(verdict)


def test_a_page_replaced_by_an_update_is_altered(office) -> None:
    tower = office.permits[0]
    writer = IncrementalPdfFileWriter(io.BytesIO(tower.data))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page[generic.pdf_name("/Contents")] = writer.add_object(
        generic.StreamObject(stream_data=b"BT /F1 12 Tf 100 700 Td (1000 kVA) Tj ET")
    )
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    verdict = judge(office, out.getvalue())
    assert verdict.name is VerdictName.ALTERED
    assert "intact" in failed(verdict)


@pytest.mark.parametrize("tail", [b"\n% catatan", b"<html></html>", b"\x00" * 100, b"\n"])
def test_anything_appended_is_altered(office, permit, tail) -> None:
    verdict = judge(office, permit.data + tail)
    assert verdict.name is VerdictName.ALTERED
    assert "intact" in failed(verdict)


def _unsigned(office, permit) -> tuple[bytes, dict]:
    with office.database.read() as tx:
        found = instruments.unsigned(tx, permit.instrument)
    return office.registry.document(found.sha256), found.layout


def _sign(office, permit, key, pdf: bytes | None = None) -> bytes:
    unsigned, layout = _unsigned(office, permit)
    return sign_certified(
        pdf or unsigned,
        key=key,
        at=permit.record.issued_at,
        place=Box(**layout["signature"]),
        label="Tanda tangan elektronik",
        reason=permit.record.number,
        location="Bangkinang",
    )


def test_a_foreign_certificate_of_the_same_name_is_a_stranger(office, permit, tmp_path) -> None:
    foreign = DevelopmentPki.make(
        tmp_path / "foreign",
        now=permit.record.issued_at,
        person=permit.record.mandate.person,
        office=" ".join(office.shop.office.office),
    )
    verdict = judge(office, _sign(office, permit, foreign.signing_key()))
    assert verdict.name is VerdictName.STRANGER
    assert failed(verdict) >= {"issued", "authorised"}
    assert verdict.answers[Answer.INTACT] is PASSED
    assert "tidak ditandatangani oleh kantor ini" in spoken(verdict)


def test_the_offices_own_signature_on_what_was_never_issued_is_an_alarm(office, permit) -> None:
    key = DevelopmentPki.load(office.home.keys).signing_key()
    again = _sign(office, permit, key)
    assert again != permit.data
    verdict = judge(office, again)
    # ECDSA is randomised: the same content signed again differs only in its signature container.
    assert verdict.name in (VerdictName.ALTERED, VerdictName.NEVER_ISSUED)
    assert "issued" in failed(verdict)
    other = _rendered_with_link(office, permit, permit.link, number="500.16.7/999/PALSU/XI/2026")
    verdict = judge(office, _sign(office, permit, key, other))
    assert verdict.name is VerdictName.NEVER_ISSUED
    assert "tidak pernah diterbitkan" in spoken(verdict)


def _rendered_with_link(office, permit, link: str, *, number: str | None = None) -> bytes:
    """The permit's page laid out anew with another QR code (or number), as an insider or a forger could."""
    from registry import decisions
    from registry.formats import canonical
    from templates import packs
    from templates.renderer import Renderer

    with office.database.read() as tx:
        public = decisions.by_id(tx, permit.instrument.decision).public
    pack = packs.pack("genset")
    number = number or permit.record.number
    return (
        Renderer()
        .render(
            pack,
            shape=permit.instrument.shape,
            fields=pack.fields(
                public,
                office=office.shop.office,
                number=number,
                date_of_issue=permit.record.date_of_issue,
                valid_until=permit.record.valid_until,
            ),
            host=office.home.settings.host,
            link=link,
            number=number,
            attachment=canonical.dump(public),
            created=permit.instrument.frozen_at,
        )
        .pdf
    )


def test_the_qr_code_of_one_permit_on_anothers_file_is_the_wrong_code(office) -> None:
    victim, copied = office.permits[0], office.permits[1]
    forged = _rendered_with_link(office, victim, copied.link)
    verdict = judge(office, _sign(office, victim, DevelopmentPki.load(office.home.keys).signing_key(), forged))
    assert verdict.name is VerdictName.WRONG_QR
    assert failed(verdict) >= {"intact", "issued"}
    assert "milik izin lain" in spoken(verdict)


def test_another_permits_qr_code_pasted_over_by_an_editor_is_the_wrong_code(office) -> None:
    victim, copied = office.permits[0], office.permits[1]
    place = victim.record.qr_place
    document = pypdfium2.PdfDocument(victim.data)
    page = document[place.page - 1]
    symbol = _qr_image(copied)
    picture = pypdfium2.PdfImage.new(document)
    buffer = io.BytesIO()
    symbol.save(buffer, "JPEG", quality=95)
    buffer.seek(0)
    picture.load_jpeg(buffer, inline=True)
    points = 72 / 25.4
    size = (place.size_mm + 8) * points
    left, top = (place.left_mm - 4) * points, (place.top_mm - 4) * points
    picture.set_matrix(pypdfium2.PdfMatrix().scale(size, size).translate(left, page.get_height() - top - size))
    page.insert_obj(picture)
    page.gen_content()
    rewritten = io.BytesIO()
    document.save(rewritten)
    verdict = judge(office, rewritten.getvalue())
    assert verdict.name is VerdictName.WRONG_QR
    assert failed(verdict) >= {"intact", "issued"}


def _qr_image(permit) -> Image.Image:
    place = permit.record.qr_place
    page = demo.raster(permit.data, page=place.page, dpi=300)
    mm = 300 / 25.4
    box = (place.left_mm - 4, place.top_mm - 4, place.left_mm + place.size_mm + 4, place.top_mm + place.size_mm + 4)
    return page.crop(tuple(round(side * mm) for side in box))


def test_a_changed_digit_is_a_forged_code(office, permit) -> None:
    digits = permit.link.rpartition("/")[2]
    for position in (5, len(digits) // 3, len(digits) // 2, len(digits) - 1):
        changed = digits[:position] + str((int(digits[position]) + 1) % 10) + digits[position + 1 :]
        verdict = judge(office, changed)
        assert verdict.name is VerdictName.FORGED_QR, position
        assert failed(verdict) >= {"issued"}
        assert "palsu" in spoken(verdict)


class _Thief:
    """Signs statements; with the office's key identifier, and a key of their own or the office's."""

    def __init__(self, kid: bytes, sign) -> None:
        self.kid = kid
        self.sign = sign


def test_a_statement_signed_by_another_key_under_our_identifier_is_forged(office, permit) -> None:
    said = statement.parse(permit.record.statement)
    forged = statement.sign(said.statement, _Thief(said.kid, Ed25519PrivateKey.generate().sign))
    verdict = judge(office, statement.link(office.home.settings.host, forged))
    assert verdict.name is VerdictName.FORGED_QR
    assert "issued" in failed(verdict)


def test_a_statement_by_our_key_that_the_registry_does_not_hold_is_an_unknown_permit(office, permit) -> None:
    import dataclasses

    key = DevelopmentPki.load(office.home.keys).statement_signer()
    said = statement.parse(permit.record.statement).statement
    unknown_serial = dataclasses.replace(said, serial=said.serial ^ 1)
    changed_holder = dataclasses.replace(said, holder="PT Palsu")
    for made_up in (unknown_serial, changed_holder):
        verdict = judge(office, statement.link(office.home.settings.host, statement.sign(made_up, key)))
        assert verdict.name is VerdictName.UNKNOWN_PERMIT
        assert failed(verdict) >= {"issued"}
        assert "tidak ada dalam daftar" in spoken(verdict)


def test_another_host_is_named_and_never_fetched(office, permit) -> None:
    verdict = judge(office, permit.link.replace(office.home.settings.host, "izin-kampar.example.com"))
    assert verdict.name is VerdictName.FOREIGN_HOST
    assert "izin-kampar.example.com" in spoken(verdict)


def test_a_copy_saved_anew_is_not_called_forged(office, permit) -> None:
    unsigned, _ = _unsigned(office, permit)
    verdict = judge(office, unsigned)
    assert verdict.name is VerdictName.RESAVED
    assert verdict.answers[Answer.INTACT] is UNKNOWN


def test_a_scan_in_a_pdf_is_called_a_printout(office, permit) -> None:
    pages = [demo.raster(permit.data, page=n + 1, dpi=150) for n in range(permit.record.qr_place.page)]
    scan = io.BytesIO()
    pages[0].save(scan, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    verdict = judge(office, scan.getvalue())
    assert verdict.name is VerdictName.PRINTOUT
    assert verdict.answers[Answer.INTACT] is UNKNOWN


def test_a_frozen_permit_is_not_yet_issued(office, tmp_path) -> None:
    """Printing the page before the signature gains nothing."""
    from cli.issuing import development_home
    from cli.workshop import workshop

    now = office.permits[0].record.issued_at
    home = development_home(tmp_path / "home", now=now)
    with workshop(home) as shop:
        kept = demo.register(shop, now=now, say=lambda _: None)
        frozen = shop.issuance.freeze(kept[0], now=now)
        from cli import verifying

        verifier = verifying.verifier_of(
            home, trust=verifying.trust_of(home), registry=shop.records, reader=shop.reader, zone=office.zone
        )
        verdict = verifier.verify(statement.link(home.settings.host, frozen.statement), now=now)
    assert verdict.name is VerdictName.UNKNOWN_PERMIT
    assert "issued" in failed(verdict)
