"""PAdES B-B: a rendered permit becomes a certified one, in one strict incremental update.

ETSI EN 319 142-1 (PAdES baseline), ISO 32000-1 12.8.2.2 (DocMDP). The update adds the signature field, its
place in the structure tree, and nothing else: /Info and XMP stay as the renderer wrote them, so that a later
difference in them is always someone else's. The signature's appearance is empty: what a reader sees was laid
out by the renderer and is part of the document, not of a widget that viewers may hide.
"""
# mypy: allow-untyped-calls
# (pyHanko 0.38 types its arguments, seldom its results)

import asyncio
import concurrent.futures
import dataclasses
import datetime
import io
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from keys.handles import SigningKey
from registry.formats.errors import DocumentError

CERTIFIED_P1: Final = "certified-p1"
FIELD_NAME: Final = "TandaTanganElektronik"
DIGEST: Final = "sha256"

# Signed attributes, algorithm identifiers and ASN.1 headers take some 330 bytes beside certificates and names.
_CMS_OVERHEAD: Final = 512
# A text stamp would bring Courier, unembedded, which PDF/A forbids (ISO 19005-3 6.2.11.4.1).
_NOTHING_TO_SEE: Final = StaticStampStyle(border_width=0)
_T = TypeVar("_T")


class UnsignableError(DocumentError):
    """The PDF cannot take our signature: not tagged as the renderer does it, signed already, or no PDF."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where the signature's widget lies: page from 1, corners in points from the page's lower left."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if self.page < 1 or self.x2 <= self.x1 or self.y2 <= self.y1:
            raise ValueError(f"{self} is no box on a page")


def sign_certified(
    pdf: bytes,
    *,
    key: SigningKey,
    at: datetime.datetime,
    place: Box,
    label: str,
    reason: str | None = None,
    location: str | None = None,
) -> bytes:
    """`pdf` with a certification signature that permits no change at all (DocMDP P=1), level B-B.

    `at` is the signing time that the file will claim, `label` what a screen reader says of the field. May be
    called with or without an event loop running.
    Raises `UnsignableError` for a PDF that cannot take it; what the key raises passes through.
    """
    if at.tzinfo is None:
        raise ValueError("the signing time needs a time zone")
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason=reason,
        location=location,
    )
    box = (round(place.x1), round(place.y1), round(place.x2), round(place.y2))
    signer = _HandleSigner(key)
    try:
        writer = _StrictUpdate(io.BytesIO(pdf))
        fields.append_signature_field(
            writer, SigFieldSpec(FIELD_NAME, on_page=place.page - 1, box=box, readable_field_name=label)
        )
        _tag_field(writer, page=place.page - 1, label=label)
        pdf_signer = _PlainPdf17Signer(metadata, signer=signer, stamp_style=_NOTHING_TO_SEE)
        session = pdf_signer.init_signing_session(writer, existing_fields_only=True)
        session.system_time = at
        document = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * _container_bytes(key))
        output = io.BytesIO()
        prepared, _ = document.digest_tbs_document(output=output)
        container = _finish(signer.async_sign(prepared.document_digest, DIGEST, use_pades=True))
        prepared.fill_with_cms(output, container)
    except (PdfError, SigningError, KeyError, TypeError) as error:
        raise UnsignableError(f"the PDF cannot be signed: {error}") from error
    return output.getvalue()


class _StrictUpdate(IncrementalPdfFileWriter):
    """An incremental update that holds what it was given.

    pyHanko 0.38 writes /ModDate and /Producer into /Info and XMP on every update. There is no public way to stop
    it; `_update_meta` is its one place, and the version is pinned.
    """

    def _update_meta(self) -> None:
        """Leave /Info and XMP alone."""


class _PlainPdf17Signer(signers.PdfSigner):
    """pyHanko's PDF signer, keeping the file at PDF 1.7.

    For P-256 pyHanko 0.38 declares ISO/TS 32002 and with it PDF 2.0, where PDF/A-3 is defined on 1.7 (ISO 19005-3
    clause 1). PAdES brought ECDSA to 1.7: its own extension is enough.
    """

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:  # noqa: ARG002  # pyHanko's signature
        pdf_out.register_extension(ESIC_EXTENSION_1)


class _HandleSigner(signers.Signer):
    """pyHanko's signer on top of one of our key handles."""

    def __init__(self, key: SigningKey) -> None:
        issuers = [x509.Certificate.load(issuer) for issuer in key.issuers]
        super().__init__(
            signing_cert=x509.Certificate.load(key.certificate),
            cert_registry=SimpleCertificateStore.from_certs(issuers),
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(self._key.signature_size) if dry_run else self._key.sign(data, digest_algorithm)


def _container_bytes(key: SigningKey) -> int:
    """An upper bound for the CMS container, so that pyHanko need not build one to measure it."""
    issuer = len(x509.Certificate.load(key.certificate).issuer.dump())
    return sum(map(len, (key.certificate, *key.issuers))) + issuer + key.signature_size + _CMS_OVERHEAD


def _tag_field(writer: IncrementalPdfFileWriter, *, page: int, label: str) -> None:
    """Put the field's widget into a Form element at the end of the document (ISO 14289-1 7.18.4).

    ISO 32000-1 14.7.4.3-4: the element points to the widget by an object reference, the widget back by its
    /StructParent, a new key at the end of the parent tree.
    """
    field = next(reference for _, _, reference in fields.enumerate_sig_fields(writer, with_name=FIELD_NAME))
    widget_reference = generic.IndirectObject(field.idnum, field.generation, writer)
    page_reference = writer.find_page_for_modification(page)[0]
    tree = writer.root["/StructTreeRoot"]
    numbers = tree["/ParentTree"]["/Nums"]
    tops = tree["/K"]
    document_reference = tops.raw_get(0) if isinstance(tops, generic.ArrayObject) else tree.raw_get("/K")
    document = document_reference.get_object()

    key = generic.NumberObject(max((int(number) for number in list(numbers)[::2]), default=-1) + 1)
    reference = generic.DictionaryObject(
        {pdf_name("/Type"): pdf_name("/OBJR"), pdf_name("/Pg"): page_reference, pdf_name("/Obj"): widget_reference}
    )
    element = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/StructElem"),
                pdf_name("/S"): pdf_name("/Form"),
                pdf_name("/Alt"): generic.pdf_string(label),
                pdf_name("/P"): document_reference,
                pdf_name("/Pg"): page_reference,
                pdf_name("/K"): reference,
            }
        )
    )
    kids = document["/K"]
    if isinstance(kids, generic.ArrayObject):
        kids.append(element)
        writer.update_container(kids)
    else:
        document[pdf_name("/K")] = generic.ArrayObject([document.raw_get("/K"), element])
    writer.update_container(document)
    numbers.extend([key, element])
    writer.update_container(numbers)
    tree[pdf_name("/ParentTreeNextKey")] = generic.NumberObject(key + 1)
    writer.update_container(tree)
    widget = field.get_object()
    widget[pdf_name("/StructParent")] = key
    writer.update_container(widget)


def _finish(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of a coroutine that waits for no one, also where an event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
