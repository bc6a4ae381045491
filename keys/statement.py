"""The key that signs QR statements: Ed25519 (RFC 8032), apart from every certificate."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.trust import key_identifier


class Ed25519StatementSigner:
    """A statement key held in this process."""

    def __init__(self, *, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key = private_key.public_key().public_bytes_raw()
        self.kid = key_identifier(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, 64 bytes."""
        return self._private_key.sign(data)

    def __repr__(self) -> str:
        return f"Ed25519StatementSigner({self.kid.hex()})"
