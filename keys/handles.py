"""Key handles: what signing asks of a key, wherever that key lives."""

from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.trust import KeysError

_DIGESTS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_MIN_RSA_BITS: Final = 2048


class KeyHandleError(KeysError):
    """The key cannot sign: wrong kind, or not the key of its certificate."""


class SigningKey(Protocol):
    """A private key that signs PDF files, with its certificate (DER) and those above it.

    `issuers` are in order, the certificate's own issuer first, up to and without the root.
    """

    @property
    def certificate(self) -> bytes:
        """The signer's certificate."""

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """The certificates between the signer's and the root."""

    @property
    def signature_size(self) -> int:
        """The most bytes that one signature value takes."""

    def sign(self, data: bytes, digest: str) -> bytes:
        """The signature over the digest ("sha256") of `data`: RSA PKCS #1 v1.5, or ECDSA as DER (RFC 3279 2.2.3)."""


class SoftwareKey:
    """A key held in this process, parsed and checked once: it signs in under a millisecond from then on.

    (pyHanko's SimpleSigner parses an RSA key and checks its primes anew for each signature, 250 ms at 3072 bits.)
    """

    def __init__(
        self,
        *,
        private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        certificate: bytes,
        issuers: tuple[bytes, ...],
    ) -> None:
        if isinstance(private_key, rsa.RSAPrivateKey):
            if private_key.key_size < _MIN_RSA_BITS:
                raise KeyHandleError(f"an RSA key needs {_MIN_RSA_BITS} bits, this one has {private_key.key_size}")
            self._signature_size = private_key.key_size // 8
        elif isinstance(private_key, ec.EllipticCurvePrivateKey):
            # SEQUENCE of two INTEGERs, each with a header and perhaps a zero byte in front.
            self._signature_size = 2 * ((private_key.key_size + 7) // 8) + 9
        else:
            raise KeyHandleError("PDF files are signed with RSA or ECDSA keys")
        try:
            own = x509.load_der_x509_certificate(certificate)
            above = [x509.load_der_x509_certificate(issuer) for issuer in issuers]
        except ValueError as error:
            raise KeyHandleError(f"not a certificate: {error}") from error
        der, spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        if own.public_key().public_bytes(der, spki) != private_key.public_key().public_bytes(der, spki):
            raise KeyHandleError("the certificate belongs to another key")
        for child, issuer in zip([own, *above], above, strict=False):
            if child.issuer != issuer.subject:
                raise KeyHandleError(f"{issuer.subject.rfc4514_string()} did not issue the certificate below it")
        self._private_key = private_key
        self.certificate = certificate
        self.issuers = issuers

    @property
    def signature_size(self) -> int:
        """The most bytes that one signature value takes."""
        return self._signature_size

    def sign(self, data: bytes, digest: str) -> bytes:
        """The signature over `digest` of `data`. Raises `KeyHandleError` for a digest that is not of SHA-2."""
        if digest not in _DIGESTS:
            raise KeyHandleError(f"no signature over {digest}")
        algorithm = _DIGESTS[digest]()
        if isinstance(self._private_key, rsa.RSAPrivateKey):
            return self._private_key.sign(data, padding.PKCS1v15(), algorithm)
        return self._private_key.sign(data, ec.ECDSA(algorithm))

    def __repr__(self) -> str:
        return f"SoftwareKey({x509.load_der_x509_certificate(self.certificate).subject.rfc4514_string()})"
