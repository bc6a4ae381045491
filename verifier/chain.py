"""Whether a certificate of the office was good at a moment: its one known path, and the revocation lists given.

Nothing is built and nothing is fetched: the registry says which issuers stand above a signer, so a stranger's
file cannot make us search for a path (20 cross-signed certificates keep certvalidator 0.33 busy for minutes).
RFC 5280 6.1 is left to pyhanko-certvalidator; 6.3 is done here, because only here it is known that a list of
the day of signing, kept with the permit, must still count ten years later.
"""
# mypy: allow-untyped-calls
# (pyhanko-certvalidator and asn1crypto type their arguments, seldom their results)

import datetime
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.validate import async_validate_path

from registry.formats.record import SignerRecord
from verifier.findings import Chain

Finding = tuple[Chain, str | None]

# Of an end-entity certificate and of a list: extensions that are understood here. Another critical one is refused
# (RFC 5280 4.2, 5.2): it could mean that the list speaks of some certificates only.
_LIST_EXTENSIONS: Final = frozenset({x509.AuthorityKeyIdentifier.oid, x509.CRLNumber.oid})
_SIGNER_EXTENSIONS: Final = frozenset(
    {x509.BasicConstraints.oid, x509.KeyUsage.oid, x509.ExtendedKeyUsage.oid, x509.CertificatePolicies.oid}
)


def judge(
    signer: SignerRecord,
    *,
    roots: Iterable[bytes],
    revocation_lists: Iterable[bytes],
    moment: datetime.datetime,
) -> Finding:
    """Whether `signer` was good at `moment`, and if not, a stable code.

    Failed: untrusted_root, certificate_expired, certificate_not_yet_valid, certificate_not_for_signing,
    chain_invalid, certificate_revoked. Unknown: no_revocation_data; that is no proof of anything, but it never
    passes. A certificate on hold counts as revoked from the day the list names. Raises `ValueError` for a
    record, root or list that is no certificate or CRL.
    """
    path = [x509.load_der_x509_certificate(der) for der in (signer.certificate, *signer.issuers)]
    root = _root_of(path[-1], [x509.load_der_x509_certificate(root) for root in roots])
    if root is None:
        return Chain.FAILED, "untrusted_root"
    if not _may_sign(path[0]):
        return Chain.FAILED, "certificate_not_for_signing"
    reason = _path_problem(path, root, moment)
    if reason:
        return Chain.FAILED, reason
    lists = [x509.load_der_x509_crl(der) for der in revocation_lists]
    complete = True
    for certificate, issuer in zip(path, [*path[1:], root], strict=True):
        own = [crl for crl in lists if _speaks_of(crl, issuer)]
        if any(_revokes(crl, certificate, moment) for crl in own):
            return Chain.FAILED, "certificate_revoked"
        complete = complete and any(_covers(crl, certificate, moment) for crl in own)
    return (Chain.PASSED, None) if complete else (Chain.UNKNOWN, "no_revocation_data")


def _root_of(top: x509.Certificate, roots: Sequence[x509.Certificate]) -> x509.Certificate | None:
    for root in roots:
        try:
            top.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return root
    return None


def _may_sign(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    if any(extension.critical and extension.oid not in _SIGNER_EXTENSIONS for extension in extensions):
        return False
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _path_problem(path: list[x509.Certificate], root: x509.Certificate, moment: datetime.datetime) -> str | None:
    leaf, *between = [_asn1(certificate) for certificate in path]
    anchor = CertTrustAnchor(_asn1(root))
    context = ValidationContext(
        trust_roots=[anchor],
        moment=moment,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(revocation_checking_policy=NO_REVOCATION),
    )
    try:
        _finish(async_validate_path(context, ValidationPath(anchor, reversed(between), leaf)))
    except ExpiredError:
        return "certificate_expired"
    except NotYetValidError:
        return "certificate_not_yet_valid"
    except ValidationError:
        return "chain_invalid"
    return None


def _finish(work: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine that waits for no one: with nothing to fetch, certvalidator never suspends."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("path validation waits for something, though it may fetch nothing")


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _speaks_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether this is a complete list, signed by `issuer`, of what `issuer` issued."""
    if crl.issuer != issuer.subject or any(
        extension.critical and extension.oid not in _LIST_EXTENSIONS for extension in crl.extensions
    ):
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        return usage.crl_sign and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # other keys: TypeError
    except (x509.ExtensionNotFound, TypeError, UnsupportedAlgorithm):
        return False


def _revokes(crl: x509.CertificateRevocationList, certificate: x509.Certificate, moment: datetime.datetime) -> bool:
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return entry is not None and entry.revocation_date_utc <= moment


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate, moment: datetime.datetime) -> bool:
    """Whether the list's silence about the certificate says something about `moment`.

    Either the list was the current one then, or it is a later one from a time when the certificate had not yet
    expired (an authority may drop expired certificates from its list, RFC 5280 3.3).
    """
    if crl.last_update_utc > moment:
        return crl.last_update_utc <= certificate.not_valid_after_utc
    return crl.next_update_utc is not None and moment <= crl.next_update_utc
