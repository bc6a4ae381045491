"""Attacks on a signed permit, and what the strict gate says of each. Named after what the attacker does.

"Clean" is what green needs of the file itself: a signature of the office that holds, no problem, a good chain.
"""

import base64
import dataclasses
import datetime
import functools
import hashlib
import io
import itertools
import json
import re
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
import weasyprint
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from keys.development import DevelopmentPki
from keys.handles import SoftwareKey
from registry.formats.record import SignerRecord
from signing import pades
from verifier import chain, container
from verifier.findings import SignatureFindings
from verifier.gate import CERTIFIED_P1, attachment, inspect_signature

NOW = datetime.datetime(2026, 11, 23, 7, 30, 15, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _page(number: int) -> bytes:
    """An unsigned permit of invented content, with its decision attached."""
    html = f"""<html lang="id"><head><title>Izin contoh {number}</title>
    <meta name="dcterms.created" content="2026-11-23T00:00:00Z"></head><body><h1>Izin contoh {number}</h1>
    <p>Daya {number * 100} kVA.</p>"""
    file = weasyprint.Attachment(
        string=json.dumps({"nomor": number}), name="izin.json", relationship="Data", created=NOW, modified=NOW
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its colour profile open
        return weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/a-3a", attachments=[file])


def _sign(pdf: bytes, key: SoftwareKey) -> bytes:
    box = pades.Box(page=1, x1=300, y1=100, x2=500, y2=160)
    return pades.sign_certified(pdf, key=key, at=NOW, place=box, label="Tanda tangan", reason="503/1/2026")


@dataclasses.dataclass(frozen=True)
class Office:
    """An office, two of its signed permits, and a stranger who calls himself the same."""

    pki: DevelopmentPki
    stranger: DevelopmentPki
    pages: tuple[bytes, bytes]
    permit: bytes
    other_permit: bytes

    @functools.cached_property
    def key(self) -> SoftwareKey:
        return self.pki.signing_key()

    @functools.cached_property
    def signer(self) -> SignerRecord:
        return _record(self.key)

    def inspect(self, data: bytes, **changes: object) -> SignatureFindings:
        trust = self.pki.trust(NOW)
        given = {
            "roots": trust.roots,
            "signers": (self.signer,),
            "revocation_lists": trust.revocation_lists,
            "moment": NOW,
            "profile": CERTIFIED_P1,
        }
        findings = inspect_signature(data, **{**given, **changes})
        assert SignatureFindings.from_json(json.loads(json.dumps(findings.to_json()))) == findings
        return findings


def _record(key: SoftwareKey) -> SignerRecord:
    return SignerRecord(
        certificate=key.certificate, issuers=key.issuers, sha256=hashlib.sha256(key.certificate).digest()
    )


@pytest.fixture(scope="module", params=["p256", pytest.param("rsa3072", marks=pytest.mark.long)])
def each_office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return _office(tmp_path_factory.mktemp("office"), request.param)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return _office(tmp_path_factory.mktemp("office"), "p256")


def _office(folder: Path, algorithm: str) -> Office:
    names = {"now": NOW, "person": "Drs. H. Contoh", "office": "Dinas Contoh", "algorithm": algorithm}
    pki = DevelopmentPki.make(folder / "ours", **names)
    stranger = DevelopmentPki.make(folder / "theirs", **names)
    pages = (_page(1), _page(2))
    signed = [_sign(page, pki.signing_key()) for page in pages]
    return Office(pki=pki, stranger=stranger, pages=pages, permit=signed[0], other_permit=signed[1])


def _is_clean(findings: SignatureFindings) -> bool:
    return (
        findings.signed
        and findings.signer_known
        and findings.cryptographically_valid is True
        and findings.problems == ()
        and findings.chain == "passed"
    )


def _range(data: bytes) -> tuple[int, int, int, int]:
    match = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", data)
    assert match
    numbers = tuple(int(number) for number in match.groups())
    assert len(numbers) == 4
    return numbers


def _updated(data: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    """`data` with an incremental update, as any PDF library would append it."""
    update = pades._StrictUpdate(io.BytesIO(data))
    change(update)
    update.update_root()
    out = io.BytesIO()
    update.write(out)
    assert out.getvalue().startswith(data)
    return out.getvalue()


def _with_contents(data: bytes, contents: bytes) -> bytes:
    """`data` with other bytes in its container; what is left of the room stays zeros."""
    _, gap, resume, _ = _range(data)
    digits = contents.hex().upper().encode().ljust(resume - gap - 2, b"0")
    assert len(digits) == resume - gap - 2
    return data[:gap] + b"<" + digits + b">" + data[resume:]


def _contents(data: bytes) -> bytes:
    _, gap, resume, _ = _range(data)
    return bytes.fromhex(data[gap + 1 : resume - 1].decode())


# What stands as it was signed


def test_a_permit_as_it_was_signed_is_clean(each_office: Office) -> None:
    findings = each_office.inspect(each_office.permit)
    assert _is_clean(findings)
    assert findings.signer_sha256 == each_office.signer.sha256.hex()
    assert findings.byte_range == _range(each_office.permit)
    assert findings.signed_revision_sha256 == hashlib.sha256(each_office.permit).hexdigest()
    assert base64.b64decode(findings.attachment or "") == b'{"nomor": 1}'
    assert findings.signing_time_claimed == NOW.isoformat()


def test_a_page_that_was_never_signed_is_just_that(office: Office) -> None:
    findings = office.inspect(office.pages[0])
    assert findings == SignatureFindings(signed=False, signer_known=False, chain_reason="no_signature")


# One bit


@settings(max_examples=300)
@given(data=st.data())
def test_no_bit_can_be_flipped(office: Office, data: st.DataObject) -> None:
    """Over the whole file, and often where no hash looks: the container, its digits, the ranges beside it."""
    _, gap, resume, _ = _range(office.permit)
    place = data.draw(
        st.one_of(
            st.integers(0, len(office.permit) - 1),
            st.integers(gap, resume - 1),
            st.integers(gap - 200, gap),
            st.integers(len(office.permit) - 80, len(office.permit) - 1),
        )
    )
    flipped = bytearray(office.permit)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    findings = office.inspect(bytes(flipped))
    assert findings.signed
    assert not _is_clean(findings)


def test_no_bit_of_the_container_can_be_flipped_though_most_of_it_is_not_signed(each_office: Office) -> None:
    data, contents = each_office.permit, _contents(each_office.permit)
    _, gap, resume, _ = _range(data)
    for place, _ in enumerate(contents):
        flipped = bytearray(contents)
        flipped[place] ^= 1 << place % 8
        try:
            found = container.read(bytes(flipped))
            sound = found.padded_with_zeros and found.is_canonical(each_office.signer)
            assert not sound or found.problem([data[:gap], data[resume:]]), place
        except container.ContainerError:
            continue
        except Exception as error:
            # The gate catches what hostile ASN.1 makes the parser raise; here it need only not be sound.
            assert error.args, place  # noqa: PT017


def test_what_remains_the_other_spelling_of_an_ecdsa_signature(office: Office) -> None:
    """(r, n - s) signs what (r, s) signs, and no key is needed to write it: only the file's hash tells them apart."""
    found = container.read(_contents(office.permit))
    r, s = decode_dss_signature(found._signer_info["signature"].native)
    found._signer_info["signature"] = encode_dss_signature(r, P256_ORDER - s)
    other = _with_contents(office.permit, container._spell(found._signer_info, office.signer))
    assert other != office.permit
    findings = office.inspect(other)
    assert _is_clean(findings)
    assert findings.signed_revision_sha256 != office.inspect(office.permit).signed_revision_sha256


# Something added


def _page_box(update: IncrementalPdfFileWriter) -> None:
    page = update.find_page_for_modification(0)[0].get_object()
    page[pdf_name("/MediaBox")] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 300, 300)])
    update.update_container(page)


def _page_content(update: IncrementalPdfFileWriter) -> None:
    page = update.find_page_for_modification(0)[0].get_object()
    stream = update.add_object(generic.StreamObject(stream_data=b"0 0 500 500 re f"))
    page[pdf_name("/Contents")] = stream
    update.update_container(page)


def _note(update: IncrementalPdfFileWriter) -> None:
    page = update.find_page_for_modification(0)[0].get_object()
    note = {"/Type": "/Annot", "/Subtype": "/FreeText"}
    annotation = generic.DictionaryObject({pdf_name(name): pdf_name(value) for name, value in note.items()})
    annotation[pdf_name("/Rect")] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 99, 99)])
    annotation[pdf_name("/Contents")] = generic.pdf_string("Berlaku selamanya")
    page["/Annots"].append(update.add_object(annotation))
    update.update_container(page)


def _info(update: IncrementalPdfFileWriter) -> None:
    update.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.pdf_string("Izin lain")}))


def _metadata(update: IncrementalPdfFileWriter) -> None:
    update.root[pdf_name("/Metadata")] = update.add_object(generic.StreamObject(stream_data=b"<x/>"))


def _attached(update: IncrementalPdfFileWriter) -> None:
    files = update.root["/Names"]["/EmbeddedFiles"]
    stream = update.add_object(generic.StreamObject(stream_data=b'{"nomor": 999}'))
    files["/Names"][1]["/EF"][pdf_name("/F")] = stream
    update.update_container(files["/Names"][1])


def _security_store(update: IncrementalPdfFileWriter) -> None:
    junk = update.add_object(generic.StreamObject(stream_data=b"no certificate"))
    update.root[pdf_name("/DSS")] = generic.DictionaryObject({pdf_name("/Certs"): generic.ArrayObject([junk])})


def _action(update: IncrementalPdfFileWriter) -> None:
    script = {"/S": pdf_name("/JavaScript"), "/JS": generic.pdf_string("app.alert(1)")}
    update.root[pdf_name("/OpenAction")] = generic.DictionaryObject(
        {pdf_name(name): value for name, value in script.items()}
    )


def _extension(update: IncrementalPdfFileWriter) -> None:
    update.root["/Extensions"][pdf_name("/XXXX")] = generic.DictionaryObject()


UPDATES = [
    _page_box,
    _page_content,
    _note,
    _info,
    _metadata,
    _attached,
    _security_store,
    _action,
    _extension,
    lambda _: None,
]


@pytest.mark.parametrize("change", UPDATES)
def test_an_appended_update_is_seen_whatever_it_changes(office: Office, change: Callable) -> None:
    data = _updated(office.permit, change)
    findings = office.inspect(data)
    assert "modified_after_signing" in findings.problems
    assert findings.signer_known
    assert findings.cryptographically_valid is True  # over the revision signed: that is what makes it dangerous
    assert findings.signed_revision_sha256 == hashlib.sha256(office.permit).hexdigest()
    assert base64.b64decode(findings.attachment or "") == b'{"nomor": 1}'


def test_a_replaced_attachment_is_what_the_file_carries_and_not_what_was_signed(office: Office) -> None:
    data = _updated(office.permit, _attached)
    assert attachment(data) == b'{"nomor": 999}'
    assert base64.b64decode(office.inspect(data).attachment or "") == b'{"nomor": 1}'


@pytest.mark.parametrize(
    "tail",
    [b"\n", b" ", b"\0" * 4096, b"% komentar\n", b"<html><script>alert(1)</script></html>", b"\n%%EOF\n", b"x" * 2000],
    ids=["newline", "space", "nulls", "comment", "html", "second end", "filler"],
)
def test_bytes_after_the_end_are_seen(office: Office, tail: bytes) -> None:
    findings = office.inspect(office.permit + tail)
    assert "trailing_bytes" in findings.problems
    assert findings.signer_known
    assert findings.cryptographically_valid is True


@pytest.mark.parametrize("head", [b"\n", b"PK\x03\x04" + bytes(100), b"%PDF-1.7\n", b"\xef\xbb\xbf"])
def test_bytes_before_the_header_are_seen(office: Office, head: bytes) -> None:
    findings = office.inspect(head + office.permit)
    assert findings.signed
    assert findings.problems
    assert not _is_clean(findings)
    assert ("bytes_before_header" in findings.problems) is not head.startswith(b"%PDF-")


# Something put in its place


def test_a_page_of_another_permit_put_in_by_a_pdf_editor(office: Office) -> None:
    ours, theirs = pypdfium2.PdfDocument(office.permit), pypdfium2.PdfDocument(office.other_permit)
    ours.import_pages(theirs, [0])
    out = io.BytesIO()
    ours.save(out)
    ours.close()
    theirs.close()
    findings = office.inspect(out.getvalue())
    assert findings.signed
    assert findings.problems
    assert not _is_clean(findings)


def test_a_page_of_another_permit_put_in_by_an_update(office: Office) -> None:
    other = PdfFileReader(io.BytesIO(office.other_permit))

    def change(update: IncrementalPdfFileWriter) -> None:
        page = update.find_page_for_modification(0)[0].get_object()
        for name in ("/Contents", "/Resources"):
            page[pdf_name(name)] = update.import_object(other.root["/Pages"]["/Kids"][0][name])
        update.update_container(page)

    findings = office.inspect(_updated(office.permit, change))
    assert "modified_after_signing" in findings.problems


def test_the_container_of_another_permit(office: Office) -> None:
    findings = office.inspect(_with_contents(office.permit, _contents(office.other_permit).rstrip(b"\0")))
    assert findings.problems == ("digest_mismatch",)
    assert findings.cryptographically_valid is False
    assert findings.attachment is None


def test_a_foreign_signature_by_a_certificate_of_the_same_name(office: Office) -> None:
    data = _sign(office.pages[0], office.stranger.signing_key())
    findings = office.inspect(data)
    assert findings.cryptographically_valid is True
    assert not findings.signer_known
    assert (findings.chain, findings.chain_reason) == ("unknown", "signer_unknown")
    assert not _is_clean(findings)


def test_a_stranger_with_our_certificate_in_his_bag_is_still_a_stranger(office: Office) -> None:
    key = office.stranger.signing_key()
    mixed = SoftwareKey(private_key=key._private_key, certificate=key.certificate, issuers=office.key.issuers)
    assert not office.inspect(_sign(office.pages[0], mixed)).signer_known


def test_our_certificate_over_a_strangers_signature(office: Office) -> None:
    """The bag of certificates is not signed: naming ours does not make it ours."""
    foreign = container.read(_contents(_sign(office.pages[0], office.stranger.signing_key())))
    forged = _with_contents(office.permit, container._spell(foreign._signer_info, office.signer))
    findings = office.inspect(forged)
    assert findings.signer_known
    assert "no_signing_certificate" in findings.problems
    assert findings.cryptographically_valid is False


# The signature cut away


def test_a_signature_stripped_by_an_update_is_still_ours(office: Office) -> None:
    def strip(update: IncrementalPdfFileWriter) -> None:
        for name in ("/AcroForm", "/Perms"):
            del update.root[pdf_name(name)]

    findings = office.inspect(_updated(office.permit, strip))
    assert findings.signed
    assert findings.signer_known
    assert {"signature_stripped", "modified_after_signing"} <= set(findings.problems)


@pytest.mark.parametrize("name", [b"/AcroForm", b"/Perms", b"/Fields"])
def test_a_signature_stripped_in_place(office: Office, name: bytes) -> None:
    assert office.permit.count(name + b" ") == 1
    findings = office.inspect(office.permit.replace(name, name[:-1] + b"X"))
    assert findings.signed
    assert findings.signer_known
    assert findings.cryptographically_valid is False


def test_a_file_rewritten_without_its_form_is_unsigned_or_stripped_but_never_clean(office: Office) -> None:
    reader = PdfFileReader(io.BytesIO(office.permit))
    copy = writer.copy_into_new_writer(reader)
    del copy.root["/AcroForm"]
    out = io.BytesIO()
    copy.write(out)
    findings = office.inspect(out.getvalue())
    assert not _is_clean(findings)
    assert findings.signed


# /ByteRange and /Contents

RANGES = {
    "missing": b"/ByteRangeX",
    "null": b"/ByteRange null",
    "empty": b"/ByteRange []",
    "negative": b"/ByteRange [0 -1 2 3]",
    "huge": b"/ByteRange [0 99999999999 99999999999 99999999999]",
    "beyond every integer": b"/ByteRange [0 " + b"9" * 60 + b" 1 1]",
    "not from the start": b"/ByteRange [1 %d %d %d]",
    "three numbers": b"/ByteRange [0 %d %d]",
    "six numbers": b"/ByteRange [0 %d %d %d 0 0]",
    "fractions": b"/ByteRange [0 %d.0 %d.0 %d.0]",
    "the wrong gap": b"/ByteRange [0 20 40 %d]",
    "overlap": b"/ByteRange [0 %d 0 %d]",
    "no dictionary's": b"/ByteRange (0 1 2 3)",
}


@pytest.mark.parametrize("text", RANGES.values(), ids=RANGES.keys())
def test_a_byte_range_that_is_none(office: Office, text: bytes) -> None:
    _, gap, resume, rest = _range(office.permit)
    field = re.search(rb"/ByteRange \[[ 0-9]*\]", office.permit)
    assert field
    try:
        text = text % ((gap, resume, rest)[: text.count(b"%d")])
    except TypeError:
        text %= ()
    room = field.end() - field.start()
    if len(text) > room:
        changed = office.permit[: field.start()] + text + office.permit[field.end() :]
    else:
        changed = office.permit.replace(field[0], text.ljust(room))
    findings = office.inspect(changed)
    assert findings.signed
    assert findings.problems
    assert not _is_clean(findings)


@pytest.mark.parametrize("length", [1, 2, 10, 500])
def test_a_byte_range_that_leaves_out_more_than_the_container(office: Office, length: int) -> None:
    _, gap, resume, rest = _range(office.permit)
    field = b"/ByteRange [0 %d %d %d]" % (gap, resume, rest)
    wider = b"/ByteRange [0 %d %d %d]" % (gap - length, resume, rest)
    changed = office.permit.replace(field, wider.ljust(len(field)))
    assert "byte_range" in office.inspect(changed).problems


@pytest.mark.parametrize("contents", [b"<00>", b"<>", b"null", b"(0)"])
def test_contents_that_are_no_container(office: Office, contents: bytes) -> None:
    _, gap, resume, _ = _range(office.permit)
    findings = office.inspect(office.permit[:gap] + contents.ljust(resume - gap) + office.permit[resume:])
    assert findings.signed
    assert findings.problems
    assert not findings.signer_known


def test_something_hidden_in_the_padding(office: Office) -> None:
    der = container.read(_contents(office.permit)).der
    findings = office.inspect(_with_contents(office.permit, der + b"\0\0rahasia"))
    assert findings.problems == ("contents_padding",)


def test_digits_in_lower_case(office: Office) -> None:
    _, gap, resume, _ = _range(office.permit)
    changed = office.permit[:gap] + office.permit[gap:resume].lower() + office.permit[resume:]
    assert office.inspect(changed).problems == ("contents_spelling",)


@pytest.fixture
def roomy(office: Office, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A permit with much room in its container, so that an attacker can put things there."""
    monkeypatch.setattr(pades, "_CMS_OVERHEAD", 60_000)
    return _sign(office.pages[0], office.key)


def _changed_container(data: bytes, change: Callable[[cms.SignedData], None]) -> bytes:
    info = cms.ContentInfo.load(container.read(_contents(data)).der)
    change(info["content"])
    return _with_contents(data, info.dump(force=True))


def test_a_roomy_container_is_no_problem_by_itself(office: Office, roomy: bytes) -> None:
    assert _is_clean(office.inspect(roomy))
    assert _is_clean(office.inspect(_changed_container(roomy, lambda _: None)))


def test_more_certificates_than_were_put_in(office: Office, roomy: bytes) -> None:
    def add(signed: cms.SignedData) -> None:
        extra = cms.Certificate.load(office.stranger.signing_key().certificate)
        signed["certificates"].append(cms.CertificateChoices("certificate", extra))

    findings = office.inspect(_changed_container(roomy, add))
    assert findings.problems == ("signature_container",)
    assert findings.cryptographically_valid is True


def test_a_bag_of_certificates_costs_nothing(office: Office, roomy: bytes) -> None:
    def stuff(signed: cms.SignedData) -> None:
        extra = cms.Certificate.load(office.stranger.signing_key().certificate)
        for _ in range(60):
            signed["certificates"].append(cms.CertificateChoices("certificate", extra))

    data = _changed_container(roomy, stuff)
    begun = time.process_time()
    findings = office.inspect(data)
    assert time.process_time() - begun < 1
    assert "too_many_certificates" in findings.problems
    assert not findings.signer_known


def test_a_bomb_of_revocation_lists_costs_nothing(office: Office, roomy: bytes) -> None:
    revoked = cms.CertificateList.load(office.pki.revocation_lists(NOW)[0])
    choice = cms.RevocationInfoChoice("crl", revoked)

    def stuff(signed: cms.SignedData) -> None:
        signed["crls"] = cms.RevocationInfoChoices([choice] * 150)

    data = _changed_container(roomy, stuff)
    begun = time.process_time()
    findings = office.inspect(data)
    assert time.process_time() - begun < 1
    assert findings.problems == ("signature_container",)
    assert findings.chain == "passed"  # judged by the lists of the registry; those in the file are nobody's


def test_an_unsigned_attribute(office: Office, roomy: bytes) -> None:
    def add(signed: cms.SignedData) -> None:
        attribute = cms.CMSAttribute({"type": "1.2.3.4", "values": [core.UTF8String("apa saja")]})
        signed["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])

    assert office.inspect(_changed_container(roomy, add)).problems == ("signature_container",)


def test_two_signers_in_one_container(office: Office, roomy: bytes) -> None:
    def add(signed: cms.SignedData) -> None:
        signed["signer_infos"].append(signed["signer_infos"][0].copy())

    findings = office.inspect(_changed_container(roomy, add))
    assert "container_malformed" in findings.problems


# Signatures that the office's key could make, and that are not a permit's


def _otherwise_signed(
    office: Office, data: bytes, *, subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES, **how
) -> bytes:
    name = how.pop("field_name", pades.FIELD_NAME)
    digest = how.pop("md_algorithm", "sha256")
    key = office.key

    class Signer(pades._HandleSigner):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            if digest_algorithm == "sha1":
                return key._private_key.sign(data, ec.ECDSA(hashes.SHA1()))
            return await super().async_sign_raw(data, digest_algorithm, dry_run)

    metadata = signers.PdfSignatureMetadata(field_name=name, md_algorithm=digest, subfilter=subfilter, **how)
    update = pades._StrictUpdate(io.BytesIO(data))
    return signers.sign_pdf(update, metadata, signer=Signer(key), bytes_reserved=8192).getvalue()


def test_an_approval_is_no_certification(office: Office) -> None:
    findings = office.inspect(_otherwise_signed(office, office.pages[0]))
    assert findings.problems == ("not_certified",)
    assert findings.cryptographically_valid is True


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certification_that_permits_changes(office: Office, permission: MDPPerm) -> None:
    data = _otherwise_signed(office, office.pages[0], certify=True, docmdp_permissions=permission)
    assert office.inspect(data).problems == ("not_certified",)


def test_a_signature_of_the_older_kind(office: Office) -> None:
    data = _otherwise_signed(
        office,
        office.pages[0],
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    assert "not_certified" in office.inspect(data).problems


def test_two_signatures(office: Office) -> None:
    once = _otherwise_signed(office, office.pages[0], field_name="Pertama")
    findings = office.inspect(_otherwise_signed(office, once, field_name="Kedua"))
    assert "signature_count" in findings.problems
    assert findings.signer_known


def test_a_strangers_signature_beside_ours_does_not_hide_ours(office: Office) -> None:
    stranger = dataclasses.replace(office, pki=office.stranger)
    once = _otherwise_signed(stranger, office.pages[0], field_name="Asing")
    findings = office.inspect(_otherwise_signed(office, once, field_name="Kita"))
    assert "signature_count" in findings.problems
    assert findings.signer_known
    assert findings.signer_sha256 == office.signer.sha256.hex()


def test_sha1(office: Office) -> None:
    data = _otherwise_signed(
        office, office.pages[0], md_algorithm="sha1", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    findings = office.inspect(data)
    assert "weak_algorithm" in findings.problems
    assert findings.cryptographically_valid is None


def test_an_unknown_profile_is_never_clean(office: Office) -> None:
    assert office.inspect(office.permit, profile="bsre-approval").problems == ("unknown_profile",)


# The certificate, at the moment of signing


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(NOW + 3 * 365 * DAY, "certificate_expired"), (NOW - DAY, "certificate_not_yet_valid")],
)
def test_a_certificate_out_of_its_time(office: Office, moment: datetime.datetime, reason: str) -> None:
    findings = office.inspect(office.permit, moment=moment)
    assert (findings.chain, findings.chain_reason) == ("failed", reason)
    assert findings.problems == ()


@pytest.fixture
def revoking(tmp_path: Path, office: Office) -> Office:
    """An office that has revoked its signer a day after signing."""
    pki = DevelopmentPki.make(tmp_path / "pki", now=NOW, person="Contoh", office="Dinas Contoh")
    permit = _sign(office.pages[0], pki.signing_key())
    before = pki.revocation_lists(NOW)
    pki.revoke(pki.signing_key().certificate, now=NOW + DAY)
    assert pki.revocation_lists(NOW + DAY)[0] != before[0]
    return dataclasses.replace(office, pki=pki, permit=permit)


def test_a_certificate_that_was_revoked_before_the_moment(revoking: Office) -> None:
    lists = revoking.pki.revocation_lists(NOW + 2 * DAY)
    findings = revoking.inspect(revoking.permit, moment=NOW + 2 * DAY, revocation_lists=lists)
    assert (findings.chain, findings.chain_reason) == ("failed", "certificate_revoked")


def test_a_permit_outlives_the_revocation_of_its_signer(revoking: Office) -> None:
    lists = revoking.pki.revocation_lists(NOW + 2 * DAY)
    assert revoking.inspect(revoking.permit, moment=NOW, revocation_lists=lists).chain == "passed"


def test_an_old_list_does_not_hide_a_newer_one(revoking: Office) -> None:
    pki = revoking.pki
    lists = pki.revocation_lists(NOW + 2 * DAY)
    clean = DevelopmentPki.load(pki._folder)
    findings = revoking.inspect(
        revoking.permit, moment=NOW + 2 * DAY, revocation_lists=(*clean.revocation_lists(NOW), *lists)
    )
    assert findings.chain_reason == "certificate_revoked"


def test_without_revocation_lists_nothing_passes(office: Office) -> None:
    findings = office.inspect(office.permit, revocation_lists=())
    assert (findings.chain, findings.chain_reason) == ("unknown", "no_revocation_data")


def test_each_authority_must_have_spoken(office: Office) -> None:
    for one in office.pki.revocation_lists(NOW):
        assert office.inspect(office.permit, revocation_lists=(one,)).chain_reason == "no_revocation_data"


def test_a_list_that_had_run_out_says_nothing(office: Office) -> None:
    findings = office.inspect(office.permit, moment=NOW + 30 * DAY)
    assert (findings.chain, findings.chain_reason) == ("unknown", "no_revocation_data")


def test_lists_of_a_stranger_of_the_same_name_say_nothing(office: Office) -> None:
    lists = office.stranger.revocation_lists(NOW)
    assert office.inspect(office.permit, revocation_lists=lists).chain_reason == "no_revocation_data"


def test_a_list_that_speaks_of_some_certificates_only_says_nothing(office: Office) -> None:
    """RFC 5280 5.2.5: a partial list's silence is no word about the rest."""
    issuing, root = map(x509.load_der_x509_crl, office.pki.revocation_lists(NOW))
    partial = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing.issuer)
        .last_update(NOW)
        .next_update(NOW + DAY)
        .add_extension(
            x509.IssuingDistributionPoint(None, None, False, True, None, False, False),  # only of authorities
            critical=True,
        )
        .sign(office.pki._issuing.key, hashes.SHA256())
    )
    lists = tuple(crl.public_bytes(Encoding.DER) for crl in (partial, root))
    assert office.inspect(office.permit, revocation_lists=lists).chain_reason == "no_revocation_data"


def test_a_root_of_the_same_name_is_not_the_root(office: Office) -> None:
    findings = office.inspect(office.permit, roots=office.stranger.trust(NOW).roots)
    assert (findings.chain, findings.chain_reason) == ("failed", "untrusted_root")


def test_another_root_beside_ours_does_not_disturb(office: Office) -> None:
    roots = (*office.stranger.trust(NOW).roots, *office.pki.trust(NOW).roots)
    assert _is_clean(office.inspect(office.permit, roots=roots))


def test_an_authoritys_own_certificate_signs_no_permit(office: Office) -> None:
    issuing = office.key.issuers[0]
    record = SignerRecord(certificate=issuing, issuers=(), sha256=hashlib.sha256(issuing).digest())
    trust = office.pki.trust(NOW)
    outcome = chain.judge(record, roots=trust.roots, revocation_lists=trust.revocation_lists, moment=NOW)
    assert outcome == ("failed", "certificate_not_for_signing")


# Files that are hard to read


def test_a_hybrid_file(office: Office) -> None:
    """ISO 32000-1 7.5.8.4: old readers follow the table, new ones the stream; two readers, two documents."""
    reader = PdfFileReader(io.BytesIO(office.permit))
    start = reader.last_startxref
    size = int(reader.trailer["/Size"])
    root = reader.trailer.raw_get("/Root")
    at = len(office.permit)
    trailer = b"<</Size %d/Root %d 0 R/Prev %d/XRefStm %d>>" % (size, root.idnum, start, start)
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n" + trailer
    data = office.permit + table + b"\nstartxref\n%d\n%%%%EOF\n" % at
    problems = office.inspect(data).problems
    assert "modified_after_signing" in problems
    assert {"hybrid_xref", "unreadable"} & set(problems)


def test_an_encrypted_file(office: Office) -> None:
    copy = writer.copy_into_new_writer(PdfFileReader(io.BytesIO(office.permit)))
    copy.encrypt(owner_pass="rahasia", user_pass="")
    out = io.BytesIO()
    copy.write(out)
    findings = office.inspect(out.getvalue())
    assert findings.signed
    assert "encrypted" in findings.problems


def test_a_bomb_in_the_cross_reference_stream_is_cheap() -> None:
    packed = zlib.compress(bytes(35_000_000 * 7), 9)
    head = b"%PDF-1.7\n"
    stream = b"1 0 obj<</Type/XRef/Size 35000000/W[1 4 2]/Root 2 0 R/Filter/FlateDecode/Length %d>>stream\n" % len(
        packed
    )
    data = head + stream + packed + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    begun = time.process_time()
    findings = inspect_signature(data, roots=(), signers=(), revocation_lists=(), moment=NOW, profile=CERTIFIED_P1)
    assert time.process_time() - begun < 1
    assert not _is_clean(findings)
    marked = inspect_signature(
        data.replace(b"/W[", b"/ByteRange[0 1 2 3]/W["),
        roots=(),
        signers=(),
        revocation_lists=(),
        moment=NOW,
        profile=CERTIFIED_P1,
    )
    assert marked.signed
    assert "unreadable" in marked.problems


def test_more_revisions_than_any_permit_has(office: Office) -> None:
    data = office.permit + b"\nstartxref\n0\n%%EOF\n" * 100
    begun = time.process_time()
    findings = office.inspect(data)
    assert time.process_time() - begun < 1
    assert "too_many_revisions" in findings.problems
    assert findings.signer_known


BODIES = [
    b"",
    b"%PDF-1.7",
    b"%PDF-1.7\n/ByteRange [0 10 20 30]\nstartxref\n9\n%%EOF",
    b"%PDF-1.7\n1 0 obj\n" + b"[" * 100_000 + b"\nendobj\ntrailer<</Root 1 0 R/Size 2>>\nstartxref\n9\n%%EOF\n",
    b"/ByteRange [0 1 2 0]" * 10_000,
    b"/ByteRange [0 1 3000 0]<" + b"30" * 3000 + b">",
]


@pytest.mark.parametrize("data", BODIES, ids=range(len(BODIES)))
def test_what_is_no_permit_at_all(office: Office, data: bytes) -> None:
    findings = office.inspect(data)
    assert not findings.signer_known
    assert findings.cryptographically_valid is None


@settings(max_examples=150)
@given(data=st.one_of(st.binary(max_size=500), st.binary(max_size=500).map(lambda tail: b"%PDF-1.7\n" + tail)))
def test_any_bytes_have_findings(office: Office, data: bytes) -> None:
    assert not _is_clean(office.inspect(data))


@settings(max_examples=150)
@given(data=st.data())
def test_any_splice_of_a_permit_has_findings_and_is_not_clean(office: Office, data: st.DataObject) -> None:
    whole = office.permit
    start, end = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    filler = data.draw(st.one_of(st.just(b""), st.binary(max_size=60), st.just(whole[start:end][::-1])))
    spliced = whole[:start] + filler + whole[end:]
    assert _is_clean(office.inspect(spliced)) is (spliced == whole)


@settings(max_examples=100)
@given(noise=st.binary(min_size=1, max_size=300), place=st.integers(0, 1500))
def test_hostile_containers_have_findings_and_are_not_clean(office: Office, noise: bytes, place: int) -> None:
    contents = _contents(office.permit)
    changed = contents[:place] + noise + contents[place + len(noise) :]
    findings = office.inspect(_with_contents(office.permit, changed[: len(contents)]))
    assert _is_clean(findings) is (changed[: len(contents)] == contents)


def test_the_attachment_is_found_by_its_name_alone(office: Office) -> None:
    assert attachment(office.pages[1]) == b'{"nomor": 2}'
    assert attachment(weasyprint.HTML(string="<p>Isi").write_pdf()) is None
    assert attachment(b"%PDF-1.7") is None


def test_of_two_attachments_of_the_name_none_is_believed(office: Office) -> None:
    def again(update: IncrementalPdfFileWriter) -> None:
        names = update.root["/Names"]["/EmbeddedFiles"]["/Names"]
        names.extend(list(itertools.islice(names, 2)))
        update.update_container(names)

    assert attachment(_updated(office.pages[0], again)) is None
