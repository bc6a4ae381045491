"""A certificate authority for development: made on the spot, worth nothing, and its root's name says so.

Root, issuing authority, signers, statement key, log key and revocation lists live in one folder (0700, files 0600).
Whoever can read the folder can sign; that is why the command line allows it in development mode alone.
"""

import dataclasses
import datetime
import json
import tempfile
from pathlib import Path
from typing import Any, Final, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from keys.handles import SoftwareKey
from keys.notes import Ed25519NoteSigner
from keys.statement import Ed25519StatementSigner
from keys.trust import KeysError, StatementKey, Trust, write_whole

_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Algorithm = Literal["p256", "rsa3072"]

MARK: Final = "SIMULASI"
CA_LIFETIME: Final = datetime.timedelta(days=20 * 365)
SIGNER_LIFETIME: Final = datetime.timedelta(days=2 * 365)
LIST_LIFETIME: Final = datetime.timedelta(days=7)
LIST_RENEWAL: Final = datetime.timedelta(days=1)

_CLOCK_SKEW: Final = datetime.timedelta(hours=1)
_MAX_NAME: Final = 64  # ub-common-name and ub-organization-name of RFC 5280, appendix A.1
_ROOT: Final = "root"
_ISSUING: Final = "issuing"
_STATEMENT: Final = "statement.pem"
_LOG: Final = "log.pem"
_STATE: Final = "pki.json"


class DevelopmentPkiError(KeysError):
    """There is no development PKI in this folder, or there is one already, or it lacks what was asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Holder:
    """A private key and its certificate."""

    key: _PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def common_name(self) -> str:
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def pem(self) -> bytes:
        return _key_pem(self.key) + self.certificate.public_bytes(Encoding.PEM)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What the folder remembers besides keys: `revoked` maps serial numbers of certificates to instants."""

    algorithm: Algorithm
    made: datetime.datetime
    revoked: dict[int, datetime.datetime]


class DevelopmentPki:
    """A folder that holds everything a development office signs with."""

    def __init__(self, *, folder: Path, root: _Holder, issuing: _Holder, statement: Ed25519PrivateKey) -> None:
        self._folder = folder
        self._root = root
        self._issuing = issuing
        self._statement = statement

    @classmethod
    def make(
        cls, folder: Path, *, now: datetime.datetime, person: str, office: str, algorithm: Algorithm = "p256"
    ) -> Self:
        """A new PKI with a first signer, `person`; the folder appears whole or not at all.

        Raises `DevelopmentPkiError` where the folder holds anything already.
        """
        if folder.exists() and any(folder.iterdir()):
            raise DevelopmentPkiError(f"{folder} is not empty, and keys are never overwritten")
        folder.parent.mkdir(parents=True, exist_ok=True)
        root_key, issuing_key = _generate(algorithm), _generate(algorithm)
        root_name = _name(f"{MARK} Absah Root CA", office)
        issuing_name = _name(f"{MARK} Absah Issuing CA", office)
        root = _authority(root_name, root_key, issuer=root_name, issuer_key=root_key, now=now, path_length=1)
        issuing = _authority(issuing_name, issuing_key, issuer=root_name, issuer_key=root_key, now=now, path_length=0)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
            new = Path(made) / "new"
            new.mkdir(mode=0o700)
            _write(new / f"{_ROOT}.pem", root.pem)
            _write(new / f"{_ISSUING}.pem", issuing.pem)
            _write(new / _STATEMENT, _key_pem(Ed25519PrivateKey.generate()))
            _write_state(new, _State(algorithm=algorithm, made=_seconds(now), revoked={}))
            cls.load(new).issue(person, now=now)
            new.rename(folder)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The PKI of a folder. Raises `DevelopmentPkiError` where there is none, or one that cannot be read."""
        try:
            statement = load_pem_private_key((folder / _STATEMENT).read_bytes(), None)
            root, issuing = _read(folder / f"{_ROOT}.pem"), _read(folder / f"{_ISSUING}.pem")
        except (OSError, ValueError) as error:
            raise DevelopmentPkiError(f"no development PKI in {folder}: {error}") from error
        if not isinstance(statement, Ed25519PrivateKey):
            raise DevelopmentPkiError(f"{folder / _STATEMENT} is no Ed25519 key")
        return cls(folder=folder, root=root, issuing=issuing, statement=statement)

    def issue(
        self, person: str, *, now: datetime.datetime, lifetime: datetime.timedelta = SIGNER_LIFETIME
    ) -> SoftwareKey:
        """A new key and certificate for `person`, kept beside the older ones."""
        key = _generate(_read_state(self._folder).algorithm)
        issuer = self._issuing.certificate
        office = str(issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
        builder = _builder(_name(person, office), key, issuer.subject, self._issuing.key, now=now, lifetime=lifetime)
        usage = _usage(digital_signature=True, content_commitment=True)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._issuing.key, hashes.SHA256())
        )
        holder = _Holder(key, certificate)
        _write(self._folder / f"signer-{len(self._signers()) + 1:03}.pem", holder.pem)
        return self._handle(holder)

    def revoke(self, certificate: bytes, *, now: datetime.datetime) -> None:
        """Put a signer's certificate (DER) on the next revocation list, from `now` on."""
        serial = x509.load_der_x509_certificate(certificate).serial_number
        state = _read_state(self._folder)
        _write_state(self._folder, dataclasses.replace(state, revoked={**state.revoked, serial: _seconds(now)}))
        (self._folder / f"{_ISSUING}.crl").unlink(missing_ok=True)

    def signing_key(self, person: str | None = None) -> SoftwareKey:
        """The newest key of `person`; without a name, of the signer that the PKI was made for.

        Raises `DevelopmentPkiError` if that person has none.
        """
        signers = self._signers()
        if not signers:
            raise DevelopmentPkiError(f"the development PKI in {self._folder} has no signer left")
        wanted = signers[0].common_name if person is None else person[:_MAX_NAME]
        own = [signer for signer in signers if signer.common_name == wanted]
        if not own:
            raise DevelopmentPkiError(f"the development PKI has no certificate for {person}")
        return self._handle(own[-1])

    def statement_signer(self) -> Ed25519StatementSigner:
        """The signer of QR statements."""
        return Ed25519StatementSigner(private_key=self._statement)

    def log_signer(self, name: str) -> Ed25519NoteSigner:
        """The signer of the transparency log called `name`; its key is made at the first call.

        Raises `KeysError` where the folder holds the key of a log of another name.
        """
        path = self._folder / _LOG
        signer = Ed25519NoteSigner.load(path) if path.exists() else Ed25519NoteSigner.create(path, name=name)
        if signer.name != name:
            raise DevelopmentPkiError(f"{path} is the key of the log {signer.name}, not of {name}")
        return signer

    def revocation_lists(self, now: datetime.datetime) -> tuple[bytes, ...]:
        """The CRLs (DER) of the issuing authority and the root, issued anew when older than a day."""
        issuing = self._revocation_list(self._issuing, _ISSUING, now)
        root = self._revocation_list(self._root, _ROOT, now)
        return issuing, root

    def trust(self, now: datetime.datetime) -> Trust:
        """What an outsider needs to check what this PKI signs."""
        signer = self.statement_signer()
        key = StatementKey(
            kid=signer.kid,
            public_key=signer.public_key,
            not_before=_read_state(self._folder).made - _CLOCK_SKEW,
            not_after=None,
            revoked_at=None,
        )
        return Trust(
            roots=(self._root.der,),
            statement_keys=(key,),
            revocation_lists=self.revocation_lists(now),
            simulation=True,
        )

    def _signers(self) -> list[_Holder]:
        return [_read(path) for path in sorted(self._folder.glob("signer-*.pem"))]

    def _handle(self, holder: _Holder) -> SoftwareKey:
        return SoftwareKey(private_key=holder.key, certificate=holder.der, issuers=(self._issuing.der,))

    def _revocation_list(self, authority: _Holder, name: str, now: datetime.datetime) -> bytes:
        path = self._folder / f"{name}.crl"
        if path.exists():
            data = path.read_bytes()
            age = now - x509.load_der_x509_crl(data).last_update_utc
            if datetime.timedelta(0) <= age < LIST_RENEWAL:
                return data
        issued = _seconds(now)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(issued)
            .next_update(issued + LIST_LIFETIME)
            .add_extension(_authority_identifier(authority.key), critical=False)
            .add_extension(x509.CRLNumber(int(issued.timestamp())), critical=False)
        )
        revoked = _read_state(self._folder).revoked if authority is self._issuing else {}
        for serial, moment in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            builder = builder.add_revoked_certificate(entry)
        data = builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)
        _write(path, data)
        return data


def _generate(algorithm: Algorithm) -> _PrivateKey:
    if algorithm == "rsa3072":
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, office: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, office[:_MAX_NAME]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_MAX_NAME]),
        ]
    )


def _authority(
    subject: x509.Name,
    key: _PrivateKey,
    *,
    issuer: x509.Name,
    issuer_key: _PrivateKey,
    now: datetime.datetime,
    path_length: int,
) -> _Holder:
    certificate = (
        _builder(subject, key, issuer, issuer_key, now=now, lifetime=CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return _Holder(key, certificate)


def _builder(
    subject: x509.Name,
    key: _PrivateKey,
    issuer: x509.Name,
    issuer_key: _PrivateKey,
    *,
    now: datetime.datetime,
    lifetime: datetime.timedelta,
) -> x509.CertificateBuilder:
    start = _seconds(now) - _CLOCK_SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_identifier(issuer_key), critical=False)
    )


def _authority_identifier(key: _PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(**used: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in names})


def _key_pem(key: _PrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> _Holder:
    try:
        data = path.read_bytes()
        key, certificate = load_pem_private_key(data, None), x509.load_pem_x509_certificate(data)
    except (OSError, ValueError) as error:
        raise DevelopmentPkiError(f"cannot read {path}: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise DevelopmentPkiError(f"{path} holds neither an RSA nor an elliptic-curve key")
    return _Holder(key, certificate)


def _read_state(folder: Path) -> _State:
    try:
        value: dict[str, Any] = json.loads((folder / _STATE).read_bytes())
        algorithm: Algorithm = "rsa3072" if value["algorithm"] == "rsa3072" else "p256"
        return _State(
            algorithm=algorithm,
            made=datetime.datetime.fromisoformat(value["made"]),
            revoked={
                int(serial, 16): datetime.datetime.fromisoformat(moment) for serial, moment in value["revoked"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DevelopmentPkiError(f"cannot read {folder / _STATE}: {error}") from error


def _write_state(folder: Path, state: _State) -> None:
    value = {
        "algorithm": state.algorithm,
        "made": state.made.isoformat(),
        "revoked": {f"{serial:x}": moment.isoformat() for serial, moment in state.revoked.items()},
    }
    _write(folder / _STATE, json.dumps(value, indent=2).encode())


def _write(path: Path, data: bytes) -> None:
    write_whole(path, data, mode=0o600)


def _seconds(moment: datetime.datetime) -> datetime.datetime:
    """The instant in UTC, without the fraction of a second that certificates cannot say."""
    return moment.astimezone(datetime.UTC).replace(microsecond=0)
