"""A signed permit: what it adds, what it leaves alone, and what it refuses to sign."""

import asyncio
import datetime
import hashlib
import io
import re
import warnings

import pytest
import weasyprint
from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from keys.development import DevelopmentPki
from keys.handles import SoftwareKey
from signing.pades import FIELD_NAME, Box, UnsignableError, sign_certified

AT = datetime.datetime(2026, 11, 23, 7, 30, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
BOX = Box(page=1, x1=300.4, y1=100, x2=500, y2=160.2)
LABEL = "Tanda tangan elektronik Drs. H. Contoh"


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """A page like the renderer's: PDF/A-3a, tagged, with the decision attached. Invented content."""
    html = """<html lang="id"><head><title>Izin contoh</title>
    <meta name="dcterms.created" content="2026-11-23T00:00:00Z"></head><body><h1>Izin contoh</h1><p>Isi.</p>"""
    attachment = weasyprint.Attachment(
        string='{"nomor": 1}', name="izin.json", relationship="Data", created=AT, modified=AT
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its colour profile open
        return weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/a-3a", attachments=[attachment])


@pytest.fixture(scope="module", params=["p256", "rsa3072"])
def pki(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DevelopmentPki:
    folder = tmp_path_factory.mktemp("home") / "keys"
    return DevelopmentPki.make(folder, now=AT, person="Drs. H. Contoh", office="Dinas Contoh", algorithm=request.param)


@pytest.fixture(scope="module")
def key(pki: DevelopmentPki) -> SoftwareKey:
    return pki.signing_key()


@pytest.fixture(scope="module")
def signed(pdf: bytes, key: SoftwareKey) -> bytes:
    return _sign(pdf, key)


def _sign(pdf: bytes, key: SoftwareKey, box: Box = BOX) -> bytes:
    return sign_certified(pdf, key=key, at=AT, place=box, label=LABEL, reason="503/1/2026", location="Bangkinang")


def _reader(data: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(data))


def test_what_was_rendered_is_still_there_byte_for_byte(pdf: bytes, signed: bytes) -> None:
    assert signed.startswith(pdf)


def test_another_implementation_finds_it_valid_trusted_and_whole(signed: bytes, pki: DevelopmentPki) -> None:
    trust = pki.trust(AT)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in trust.roots],
        crls=list(trust.revocation_lists),
        moment=AT,
        revocation_mode="require",
    )
    (found,) = _reader(signed).embedded_signatures
    status = validate_pdf_signature(found, context)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"


def test_it_certifies_and_permits_no_change(signed: bytes) -> None:
    reader = _reader(signed)
    (found,) = reader.embedded_signatures
    assert found.field_name == FIELD_NAME
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert found.docmdp_level.value == 1
    assert reader.root["/Perms"].raw_get("/DocMDP").reference == found.sig_field.raw_get("/V").reference


def test_the_file_claims_the_time_place_and_reason_given(signed: bytes) -> None:
    (found,) = _reader(signed).embedded_signatures
    assert found.self_reported_timestamp == AT
    assert found.sig_object["/Reason"] == "503/1/2026"
    assert found.sig_object["/Location"] == "Bangkinang"


def test_metadata_and_version_stay_as_the_renderer_wrote_them(pdf: bytes, signed: bytes) -> None:
    before, after = _reader(pdf), _reader(signed)
    assert after.trailer.raw_get("/Info") == before.trailer.raw_get("/Info")
    assert after.trailer["/Info"] == before.trailer["/Info"]
    assert after.root.raw_get("/Metadata") == before.root.raw_get("/Metadata")
    assert after.root["/Metadata"].data == before.root["/Metadata"].data
    update = signed[len(pdf) :]
    assert b"/ModDate" not in update
    assert b"pyHanko" not in update
    assert after.input_version == before.input_version == (1, 7)


def test_other_writers_in_the_process_still_keep_their_metadata(pdf: bytes, signed: bytes) -> None:
    assert signed
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    assert b"pyHanko" in out.getvalue()[len(pdf) :]


def test_a_screen_reader_meets_the_field_by_name_in_the_structure_tree(signed: bytes) -> None:
    reader = _reader(signed)
    (found,) = reader.embedded_signatures
    widget = found.sig_field
    assert widget["/TU"] == LABEL
    tree = reader.root["/StructTreeRoot"]
    numbers = list(tree["/ParentTree"]["/Nums"])
    keys = [int(number) for number in numbers[::2]]
    assert keys == sorted(set(keys))
    element = numbers[2 * keys.index(int(widget["/StructParent"])) + 1].get_object()
    assert element["/S"] == "/Form"
    assert element["/Alt"] == LABEL
    assert element["/K"]["/Obj"] == widget
    document = tree["/K"][0]
    assert [kid.get_object()["/S"] for kid in document["/K"]][-1] == "/Form"
    assert tree["/ParentTreeNextKey"] == keys[-1] + 1


def test_the_widget_lies_where_the_renderer_left_room_and_paints_nothing(signed: bytes) -> None:
    (found,) = _reader(signed).embedded_signatures
    assert [round(float(corner)) for corner in found.sig_field["/Rect"]] == [300, 100, 500, 160]
    assert found.sig_field["/AP"]["/N"].data.split() == [b"q", b"Q"]


def test_the_container_fits_with_little_to_spare_and_zeros_behind(signed: bytes, key: SoftwareKey) -> None:
    (found,) = _reader(signed).embedded_signatures
    contents = found.pkcs7_content
    der = found.sig_object.raw_get("/Contents").original_bytes
    assert contents == der
    padding = len(contents) - len(contents.rstrip(b"\0"))
    assert 16 < padding < 512
    assert len(contents) < sum(map(len, (key.certificate, *key.issuers))) + 1200


def test_the_chain_travels_with_the_signature_and_the_root_does_not(signed: bytes, key: SoftwareKey) -> None:
    (found,) = _reader(signed).embedded_signatures
    certificates = {found.signer_cert.dump(), *(one.dump() for one in found.other_embedded_certs)}
    assert certificates == {key.certificate, *key.issuers}


def test_it_works_inside_a_running_event_loop(pdf: bytes, key: SoftwareKey) -> None:
    async def within() -> bytes:
        return _sign(pdf, key)

    (found,) = _reader(asyncio.run(within())).embedded_signatures
    found.compute_integrity_info()
    assert found.summarise_integrity_info()["docmdp_ok"]


def test_a_signed_permit_is_not_signed_again(signed: bytes, key: SoftwareKey) -> None:
    with pytest.raises(UnsignableError):
        _sign(signed, key)


def test_a_page_that_is_not_tagged_is_refused(key: SoftwareKey) -> None:
    plain = weasyprint.HTML(string="<p>Isi").write_pdf()
    with pytest.raises(UnsignableError):
        _sign(plain, key)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\nstartxref\n0\n%%EOF\n", b"\xff\xd8\xff"])
def test_what_is_no_pdf_is_refused(data: bytes, key: SoftwareKey) -> None:
    with pytest.raises(UnsignableError):
        _sign(data, key)


def test_a_page_that_the_document_lacks_is_refused(pdf: bytes, key: SoftwareKey) -> None:
    with pytest.raises(UnsignableError):
        _sign(pdf, key, Box(page=7, x1=0, y1=0, x2=10, y2=10))


def test_a_time_without_zone_is_a_programmers_mistake(pdf: bytes, key: SoftwareKey) -> None:
    with pytest.raises(ValueError, match="time zone"):
        sign_certified(pdf, key=key, at=AT.replace(tzinfo=None), place=BOX, label=LABEL)


def test_what_the_key_raises_is_not_taken_for_a_bad_document(pdf: bytes, key: SoftwareKey) -> None:
    class TokenError(Exception):
        pass

    class Unplugged:
        certificate, issuers, signature_size = key.certificate, key.issuers, key.signature_size

        def sign(self, data: bytes, digest: str) -> bytes:
            raise TokenError(f"{len(data)} {digest}")

    with pytest.raises(TokenError):
        sign_certified(pdf, key=Unplugged(), at=AT, place=BOX, label=LABEL)


def test_the_key_is_asked_once_for_a_signature_over_sha256(pdf: bytes, key: SoftwareKey) -> None:
    asked = []

    class Counting:
        certificate, issuers, signature_size = key.certificate, key.issuers, key.signature_size

        def sign(self, data: bytes, digest: str) -> bytes:
            asked.append((data, digest))
            return key.sign(data, digest)

    signed = sign_certified(pdf, key=Counting(), at=AT, place=BOX, label=LABEL)
    ((attributes, digest),) = asked
    assert digest == "sha256"
    start, gap, resume, rest = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", signed).groups())
    covered = signed[start:gap] + signed[resume : resume + rest]
    assert hashlib.sha256(covered).digest() in attributes


def test_a_box_without_area_is_a_programmers_mistake() -> None:
    with pytest.raises(ValueError, match="no box"):
        Box(page=0, x1=0, y1=0, x2=10, y2=10)
    with pytest.raises(ValueError, match="no box"):
        Box(page=1, x1=10, y1=0, x2=10, y2=10)
