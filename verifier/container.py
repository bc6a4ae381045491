"""The CMS container of a PDF signature: whose it is, whether it holds, and whether it has its one spelling.

RFC 5652, RFC 5035 (ESS signing-certificate-v2), ETSI EN 319 122-1. A CMS container is signed only in part:
versions, algorithm names, the bag of certificates and every length byte are anyone's to change. So for our own
signers the container is rebuilt from what is signed, and must come out the same byte for byte.
"""
# mypy: allow-untyped-calls
# (pyHanko and asn1crypto type their arguments, seldom their results)

import dataclasses
import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from asn1crypto import cms, core, parser, x509
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from registry.formats.errors import DocumentError
from registry.formats.record import SignerRecord

MAX_BYTES: Final = 256 << 10
MAX_CERTIFICATES: Final = 16

# RFC 8933 2.1; SHA-1 and MD5 are refused wherever they stand.
_DIGESTS: Final[dict[str, Callable[[bytes], Any]]] = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
_MIN_RSA_BITS: Final = 2048


class ContainerError(DocumentError):
    """The bytes are no container that can be judged; `problem` is a stable code."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as read; nothing is verified by its existence. `certificate` is the signer's (DER)."""

    der: bytes
    padded_with_zeros: bool
    certificate: bytes
    _signed_data: cms.SignedData
    _signer_info: cms.SignerInfo
    _parsed_certificate: x509.Certificate

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the signer's certificate."""
        return hashlib.sha256(self.certificate).digest()

    def problem(self, signed: Iterable[bytes | memoryview]) -> str | None:
        """What is wrong with the signature over the concatenated `signed`, as a code; None: it holds.

        weak_algorithm, no_signed_attributes, no_signing_certificate, digest_mismatch, signature_invalid. Nothing
        is said about whether the certificate deserves trust. Raises whatever the parser raises on hostile bytes.
        """
        algorithm = self._signer_info["digest_algorithm"]["algorithm"].native
        if algorithm not in _DIGESTS or not self._strong():
            return "weak_algorithm"
        attributes = self._signer_info["signed_attrs"]
        if attributes is core.VOID or len(attributes) == 0:
            return "no_signed_attributes"
        if not self._names_its_certificate(attributes):
            return "no_signing_certificate"
        hasher = _DIGESTS[algorithm](b"")
        for part in signed:
            hasher.update(part)
        try:
            intact, valid = validate_sig_integrity(self._signer_info, self._parsed_certificate, "data", hasher.digest())
        except SignatureValidationError:
            return "no_signing_certificate"  # the attributes speak of another certificate, or contradict themselves
        if not valid:
            return "signature_invalid"
        return None if intact else "digest_mismatch"

    def is_canonical(self, signer: SignerRecord) -> bool:
        """Whether this is the one spelling of a B-B signature by `signer`: certificates, order, every byte.

        What is left open is the signature value: whoever holds an ECDSA signature (r, s) can write (r, n - s).
        The file's hash in the registry settles that.
        """
        return self.der == _spell(self._signer_info, signer)

    def _strong(self) -> bool:
        mechanism = self._signer_info["signature_algorithm"]
        kind, key = mechanism.signature_algo, self._parsed_certificate.public_key
        if kind in ("rsassa_pkcs1v15", "rsassa_pss") and key.bit_size < _MIN_RSA_BITS:
            return False
        return kind in ("ed25519", "ed448") or mechanism.hash_algo in _DIGESTS

    def _names_its_certificate(self, attributes: cms.CMSAttributes) -> bool:
        """Whether the signed attributes name the certificate; pyHanko checks the name, not that there is one."""
        return any(attribute["type"].native == "signing_certificate_v2" for attribute in attributes)


def read(contents: bytes) -> Container:
    """The container in a signature's /Contents, with the padding after it.

    Raises `ContainerError`: container_too_large, container_malformed, too_many_certificates.
    """
    if len(contents) > MAX_BYTES:
        raise ContainerError("container_too_large")
    try:
        return _read(contents)
    except ContainerError:
        raise
    except Exception as error:
        # asn1crypto promises ValueError; hostile bytes also reach TypeError, KeyError and RecursionError.
        raise ContainerError("container_malformed") from error


def _read(contents: bytes) -> Container:
    _, _, _, header, content, trailer = parser.parse(contents)
    der = header + content + trailer
    info = cms.ContentInfo.load(der)
    if info["content_type"].native != "signed_data":
        raise ContainerError("container_malformed")
    signed_data = info["content"]
    if len(signed_data["certificates"]) > MAX_CERTIFICATES:
        raise ContainerError("too_many_certificates")
    (signer_info,) = signed_data["signer_infos"]
    certificate = extract_certificate_info(signed_data).signer_cert
    return Container(
        der=der,
        padded_with_zeros=not contents[len(der) :].strip(b"\0"),
        certificate=certificate.dump(),
        _signed_data=signed_data,
        _signer_info=signer_info,
        _parsed_certificate=certificate,
    )


def _spell(found: cms.SignerInfo, signer: SignerRecord) -> bytes:
    """The container that `signer` writes around the signed attributes and signature value found."""
    certificates = [x509.Certificate.load(der) for der in (signer.certificate, *signer.issuers)]
    own = certificates[0]
    digest = cms.DigestAlgorithm({"algorithm": "sha256"})
    mechanism = {"rsa": "sha256_rsa", "ec": "sha256_ecdsa"}[own.public_key.algorithm]
    attributes = parser.emit(0, 1, cms.CMSAttributes.tag, found["signed_attrs"].contents)
    signer_info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": own.issuer, "serial_number": own.serial_number}
                    )
                }
            ),
            "digest_algorithm": digest,
            "signed_attrs": cms.CMSAttributes.load(attributes),
            "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": mechanism}),
            "signature": found["signature"].native,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([digest]),
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices("certificate", value) for value in certificates],
            "signer_infos": [signer_info],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())
