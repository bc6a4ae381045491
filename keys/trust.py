"""Trust anchors: what a verifier must know beforehand, as one value and as a folder of public files.

Nothing here is secret, and nothing here fetches: whoever holds a `Trust` decides where it came from.
"""

import base64
import dataclasses
import datetime
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Final, NoReturn, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ROOTS: Final = "roots.pem"
STATEMENT_KEYS: Final = "statement-keys.json"
LOG_KEY: Final = "log.vkey"
KID_BYTES: Final = 4
KEY_BYTES: Final = 32

_MODES: Final = {"development": True, "production": False}
_KEY_NAMES: Final = frozenset({"kid", "alg", "x", "not_before", "not_after", "revoked_at"})
_INSTANT_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


class KeysError(Exception):
    """Root of this room's errors: a key, certificate or trust anchor is missing or not what it should be."""


class TrustError(KeysError):
    """A file of trust anchors is missing, or is not exactly what it should be."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StatementKey:
    """An Ed25519 public key that may sign QR statements.

    `kid` is the first 4 bytes of SHA-256 of the raw key, `public_key` its 32 bytes (RFC 8032). It signs from
    `not_before` until `not_after` (None: no end known). `revoked_at`: from then on nothing it says counts,
    whenever it claims to have said it.
    """

    kid: bytes
    public_key: bytes
    not_before: datetime.datetime
    not_after: datetime.datetime | None
    revoked_at: datetime.datetime | None

    def __post_init__(self) -> None:
        if len(self.public_key) != KEY_BYTES:
            raise TrustError(f"an Ed25519 public key has {KEY_BYTES} bytes")
        if self.kid != key_identifier(self.public_key):
            raise TrustError(f"the key identifier {self.kid.hex()} is not that of its key")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom a verifier believes: root certificates, statement keys, revocation lists (certificates and CRLs DER).

    `simulation` says that a development PKI stands behind it, so that nothing it signs is valid. `log_key` is the
    transparency log's note key as one line of text (C2SP signed-note, "Verifier keys"); None where there is no log.
    """

    roots: tuple[bytes, ...]
    statement_keys: tuple[StatementKey, ...]
    revocation_lists: tuple[bytes, ...]
    simulation: bool
    log_key: str | None = None

    def __post_init__(self) -> None:
        if len({key.kid for key in self.statement_keys}) != len(self.statement_keys):
            raise TrustError("two statement keys share one key identifier")

    def statement_key(self, kid: bytes) -> StatementKey | None:
        """The statement key of this identifier, whether or not it still counts."""
        return next((key for key in self.statement_keys if key.kid == kid), None)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The trust anchors of a folder as `write` makes it: roots.pem, statement-keys.json, log.vkey, every *.crl.

        Raises `TrustError` for a missing file, and for anything that could be read in two ways.
        """
        try:
            roots = x509.load_pem_x509_certificates((folder / ROOTS).read_bytes())
            lists = tuple(path.read_bytes() for path in sorted(folder.glob("*.crl")))
            for data in lists:
                x509.load_der_x509_crl(data)
            statement_keys, simulation = _read_keys((folder / STATEMENT_KEYS).read_bytes())
            log_key = _read_log_key(folder / LOG_KEY)
        except (OSError, ValueError) as error:
            raise TrustError(f"cannot read the trust anchors in {folder}: {error}") from error
        return cls(
            roots=tuple(root.public_bytes(Encoding.DER) for root in roots),
            statement_keys=statement_keys,
            revocation_lists=lists,
            simulation=simulation,
            log_key=log_key,
        )

    def files(self) -> dict[str, bytes]:
        """Name and content of each public file: roots.pem, NAME.crl for each list, statement-keys.json, log.vkey.

        A list is named after its issuer's name and key, so that its next issue takes its place.
        Raises `TrustError` when a root or a list is not what it should be.
        """
        try:
            roots = [x509.load_der_x509_certificate(root) for root in self.roots]
            lists = {_list_name(x509.load_der_x509_crl(data)): data for data in self.revocation_lists}
        except ValueError as error:
            raise TrustError(f"not a certificate or revocation list in DER: {error}") from error
        return {
            ROOTS: b"".join(root.public_bytes(Encoding.PEM) for root in roots),
            **lists,
            STATEMENT_KEYS: self._statement_keys_json(),
            **({} if self.log_key is None else {LOG_KEY: f"{self.log_key}\n".encode()}),
        }

    def write(self, folder: Path) -> None:
        """Write `files` into a folder, each whole or not at all. Other files there stay.

        Raises what `files` raises, and `OSError` when the disk refuses.
        """
        files = self.files()
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_whole(folder / name, data, mode=0o644)

    def _statement_keys_json(self) -> bytes:
        keys = [
            {
                "kid": key.kid.hex(),
                "alg": "Ed25519",
                "x": base64.urlsafe_b64encode(key.public_key).rstrip(b"=").decode(),
                "not_before": _write_instant(key.not_before),
                "not_after": _write_instant(key.not_after),
                "revoked_at": _write_instant(key.revoked_at),
            }
            for key in self.statement_keys
        ]
        mode = "development" if self.simulation else "production"
        return json.dumps({"mode": mode, "keys": keys}, indent=2).encode() + b"\n"


def key_identifier(public_key: bytes) -> bytes:
    """The 4 bytes by which a statement names its key: the first of SHA-256 of the raw public key."""
    return hashlib.sha256(public_key).digest()[:KID_BYTES]


def write_whole(path: Path, data: bytes, *, mode: int) -> None:
    """Put `data` at `path` so that a reader, or a crash, sees the old file or the new one and nothing between."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # without it a power cut may take the new name away again
    finally:
        os.close(folder)


def _read_log_key(path: Path) -> str | None:
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    if not re.fullmatch(r"[^\s+]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{1,100}\n", text):
        raise TrustError(f"{path} is no note key: one line, NAME+HASH+KEY")
    return text.strip()


def _list_name(crl: x509.CertificateRevocationList) -> str:
    names = crl.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    readable = re.sub(r"[^a-z0-9]+", "-", str(names[0].value).lower() if names else "ca").strip("-")
    try:
        key = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        key = None
    tag = hashlib.sha256(crl.issuer.public_bytes() + (key or b"")).hexdigest()[:8]
    return f"{readable}-{tag}.crl"


def _read_keys(data: bytes) -> tuple[tuple[StatementKey, ...], bool]:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise TrustError(f"{STATEMENT_KEYS} is not JSON: {error}") from error
    if not isinstance(value, dict) or value.keys() != {"mode", "keys"}:
        raise TrustError(f"{STATEMENT_KEYS} must hold mode and keys, and nothing else")
    mode, keys = value["mode"], value["keys"]
    if not isinstance(mode, str) or mode not in _MODES:
        raise TrustError(f"{STATEMENT_KEYS}: mode must be development or production")
    if not isinstance(keys, list):
        raise TrustError(f"{STATEMENT_KEYS}: keys must be a list")
    return tuple(_read_key(key) for key in keys), _MODES[mode]


def _read_key(value: object) -> StatementKey:
    if not isinstance(value, dict) or value.keys() != _KEY_NAMES or value["alg"] != "Ed25519":
        raise TrustError(f"{STATEMENT_KEYS}: a key holds {', '.join(sorted(_KEY_NAMES))}; alg is Ed25519")
    kid, x = value["kid"], value["x"]
    if not isinstance(kid, str) or not re.fullmatch(r"[0-9a-f]{8}", kid, re.ASCII):
        raise TrustError(f"{STATEMENT_KEYS}: kid must be {2 * KID_BYTES} hex digits in lower case")
    # 43 digits hold 258 bits, so the last one must leave two of its six at zero: else one key had four spellings.
    if not isinstance(x, str) or not re.fullmatch(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", x, re.ASCII):
        raise TrustError(f"{STATEMENT_KEYS}: x must be {KEY_BYTES} bytes in base64url without padding")
    not_before = _read_instant(value["not_before"])
    if not_before is None:
        raise TrustError(f"{STATEMENT_KEYS}: a key needs its not_before")
    return StatementKey(
        kid=bytes.fromhex(kid),
        public_key=base64.urlsafe_b64decode(x + "="),
        not_before=not_before,
        not_after=_read_instant(value["not_after"]),
        revoked_at=_read_instant(value["revoked_at"]),
    )


def _read_instant(value: object) -> datetime.datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.datetime.strptime(str(value), _INSTANT_FORMAT).replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise TrustError(f"{STATEMENT_KEYS}: {value!r} is not an instant like 2026-11-23T00:00:00Z") from error
    if _write_instant(instant) != value:
        raise TrustError(f"{STATEMENT_KEYS}: {value!r} is not an instant like 2026-11-23T00:00:00Z")
    return instant


def _write_instant(instant: datetime.datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(datetime.UTC).isoformat(timespec="seconds")[:-6] + "Z"


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise TrustError(f"{STATEMENT_KEYS}: a name stands twice in one object")
    return result


def _refuse(name: str) -> NoReturn:
    raise TrustError(f"{STATEMENT_KEYS}: {name} is not a JSON number")
