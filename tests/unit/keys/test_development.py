"""The development PKI: what it makes can be checked by others, survives on disk, and is never overwritten."""

import datetime
import itertools
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from keys.development import DevelopmentPki, DevelopmentPkiError
from keys.handles import KeyHandleError, SoftwareKey

NOW = datetime.datetime(2026, 11, 23, 7, 30, 15, 123456, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
PERSON = "Drs. H. Contoh, M.Si."


@pytest.fixture
def pki(tmp_path: Path) -> DevelopmentPki:
    return DevelopmentPki.make(tmp_path / "keys", now=NOW, person=PERSON, office="Dinas Contoh")


def _certificates(key: SoftwareKey) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der) for der in (key.certificate, *key.issuers)]


def test_everyone_but_the_owner_is_kept_out(pki: DevelopmentPki, tmp_path: Path) -> None:
    pki.revocation_lists(NOW)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_each_certificate_is_issued_by_the_next_and_the_root_says_that_it_is_a_simulation(
    pki: DevelopmentPki,
) -> None:
    trust = pki.trust(NOW)
    path = [*_certificates(pki.signing_key()), x509.load_der_x509_certificate(trust.roots[0])]
    for child, issuer in itertools.pairwise(path):
        child.verify_directly_issued_by(issuer)
    assert "SIMULASI" in path[-1].subject.rfc4514_string()
    assert PERSON in path[0].subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert trust.simulation


def test_the_signer_may_sign_and_nothing_else(pki: DevelopmentPki) -> None:
    certificate = _certificates(pki.signing_key())[0]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.not_valid_before_utc < NOW < NOW + 700 * DAY < certificate.not_valid_after_utc


def test_a_loaded_pki_signs_with_the_same_keys(pki: DevelopmentPki, tmp_path: Path) -> None:
    again = DevelopmentPki.load(tmp_path / "keys")
    assert again.signing_key().certificate == pki.signing_key().certificate
    assert again.statement_signer().kid == pki.statement_signer().kid
    assert again.trust(NOW) == pki.trust(NOW)


def test_keys_are_never_overwritten(pki: DevelopmentPki, tmp_path: Path) -> None:
    before = pki.signing_key().certificate
    with pytest.raises(DevelopmentPkiError):
        DevelopmentPki.make(tmp_path / "keys", now=NOW, person=PERSON, office="Dinas Contoh")
    assert DevelopmentPki.load(tmp_path / "keys").signing_key().certificate == before


def test_an_empty_folder_becomes_the_pki_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    DevelopmentPki.make(tmp_path / "keys", now=NOW, person=PERSON, office="Dinas Contoh")
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.usefixtures("pki")
@pytest.mark.parametrize("name", ["root.pem", "issuing.pem", "statement.pem"])
def test_a_damaged_pki_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "keys" / name).write_bytes(b"")
    with pytest.raises(DevelopmentPkiError):
        DevelopmentPki.load(tmp_path / "keys")


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentPkiError):
        DevelopmentPki.load(tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


def test_a_second_person_signs_under_the_own_name(pki: DevelopmentPki, tmp_path: Path) -> None:
    pki.issue("Plt. Contoh", now=NOW)
    again = DevelopmentPki.load(tmp_path / "keys")
    assert "Plt. Contoh" in _certificates(again.signing_key("Plt. Contoh"))[0].subject.rfc4514_string()
    assert again.signing_key().certificate == again.signing_key(PERSON).certificate
    with pytest.raises(DevelopmentPkiError):
        again.signing_key("Siapa Pun")


def test_the_newest_certificate_of_a_person_signs(pki: DevelopmentPki) -> None:
    newer = pki.issue(PERSON, now=NOW + 600 * DAY)
    assert pki.signing_key().certificate == newer.certificate


def test_a_name_longer_than_a_certificate_holds_still_signs(tmp_path: Path) -> None:
    person = "Prof. Dr. Ir. H. " + "Contoh " * 12
    pki = DevelopmentPki.make(tmp_path / "keys", now=NOW, person=person, office="Dinas " * 20)
    assert pki.signing_key(person).certificate == pki.signing_key().certificate


def test_revocation_lists_are_of_the_day(pki: DevelopmentPki) -> None:
    first = pki.revocation_lists(NOW)
    assert len(first) == 2
    assert pki.revocation_lists(NOW + DAY / 2) == first
    later = pki.revocation_lists(NOW + 2 * DAY)
    for old, new in zip(first, later, strict=True):
        before, after = x509.load_der_x509_crl(old), x509.load_der_x509_crl(new)
        assert before.last_update_utc <= NOW < before.next_update_utc
        assert after.last_update_utc == (NOW + 2 * DAY).replace(microsecond=0)
        assert before.issuer == after.issuer


def test_a_revoked_certificate_is_on_the_next_list_at_once(pki: DevelopmentPki) -> None:
    pki.revocation_lists(NOW)
    certificate = pki.signing_key().certificate
    pki.revoke(certificate, now=NOW + DAY / 4)
    issuing, root = map(x509.load_der_x509_crl, pki.revocation_lists(NOW + DAY / 4))
    serial = x509.load_der_x509_certificate(certificate).serial_number
    entry = issuing.get_revoked_certificate_by_serial_number(serial)
    assert entry is not None
    assert entry.revocation_date_utc == (NOW + DAY / 4).replace(microsecond=0)
    assert root.get_revoked_certificate_by_serial_number(serial) is None


@pytest.mark.parametrize("algorithm", ["p256", "rsa3072"])
def test_a_signature_verifies_under_the_certificates_key_and_fits_the_size_promised(
    tmp_path: Path, algorithm: str
) -> None:
    key = DevelopmentPki.make(
        tmp_path / "keys", now=NOW, person=PERSON, office="Dinas Contoh", algorithm=algorithm
    ).signing_key()
    signature = key.sign(b"isi", "sha256")
    assert len(signature) <= key.signature_size
    public = _certificates(key)[0].public_key()
    if algorithm == "rsa3072":
        assert isinstance(public, rsa.RSAPublicKey)
        assert public.key_size == 3072
        public.verify(signature, b"isi", padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, b"isi", ec.ECDSA(hashes.SHA256()))


def test_statements_are_signed_by_the_key_that_trust_names(pki: DevelopmentPki) -> None:
    signer = pki.statement_signer()
    named = pki.trust(NOW).statement_key(signer.kid)
    assert named is not None
    assert named.not_before <= NOW
    Ed25519PublicKey.from_public_bytes(named.public_key).verify(signer.sign(b"isi"), b"isi")


def test_a_stranger_may_take_every_name_and_still_has_other_keys(pki: DevelopmentPki, tmp_path: Path) -> None:
    other = DevelopmentPki.make(tmp_path / "other", now=NOW, person=PERSON, office="Dinas Contoh")
    ours, theirs = _certificates(pki.signing_key()), _certificates(other.signing_key())
    assert [one.subject for one in ours] == [one.subject for one in theirs]
    with pytest.raises(InvalidSignature):
        theirs[0].verify_directly_issued_by(ours[1])


def test_a_key_with_another_keys_certificate_is_refused(pki: DevelopmentPki) -> None:
    key = pki.signing_key()
    with pytest.raises(KeyHandleError):
        SoftwareKey(
            private_key=ec.generate_private_key(ec.SECP256R1()), certificate=key.certificate, issuers=key.issuers
        )


def test_issuers_out_of_order_are_refused(tmp_path: Path) -> None:
    other = DevelopmentPki.make(tmp_path / "other", now=NOW, person=PERSON, office="Dinas Lain")
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sendiri")])
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(private_key, hashes.SHA256())
    )
    with pytest.raises(KeyHandleError):
        SoftwareKey(
            private_key=private_key,
            certificate=own.public_bytes(Encoding.DER),
            issuers=other.signing_key().issuers,
        )


def test_weak_and_foreign_kinds_of_key_are_refused(pki: DevelopmentPki) -> None:
    key = pki.signing_key()
    for private_key in (rsa.generate_private_key(public_exponent=65537, key_size=1024), Ed25519PrivateKey.generate()):
        with pytest.raises(KeyHandleError):
            SoftwareKey(private_key=private_key, certificate=key.certificate, issuers=key.issuers)


def test_a_digest_of_yesterday_is_refused(pki: DevelopmentPki) -> None:
    with pytest.raises(KeyHandleError):
        pki.signing_key().sign(b"isi", "sha1")


def test_nothing_that_is_printed_holds_a_secret(pki: DevelopmentPki, tmp_path: Path) -> None:
    shown = f"{pki!r}{pki.signing_key()!r}{pki.statement_signer()!r}"
    assert "PRIVATE" not in shown
    secret = (tmp_path / "keys" / "statement.pem").read_text().splitlines()[1]
    assert secret not in shown
