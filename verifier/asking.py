"""Asking the registry: an outage is remembered, and never mistaken for "there is no such thing"."""

from registry.formats.errors import UnavailableError
from registry.formats.record import PermitRecord, RegistryView, SignerRecord
from verifier.shown import Shown


class Asking:
    """The registry's answers during one verification.

    `reached` turns False as soon as one question about permits or signers found no answer.
    """

    def __init__(self, registry: RegistryView) -> None:
        self._registry = registry
        self.reached = True

    def by_file(self, sha256: bytes) -> PermitRecord | None:
        """The permit issued as exactly this file; what was only prepared is not issued."""
        try:
            record = self._registry.permit_by_file(sha256)
        except UnavailableError:
            self.reached = False
            return None
        return record if record is not None and record.issued_at is not None else None

    def by_statement(self, shown: Shown | None) -> PermitRecord | None:
        """The permit at the place that a statement of the office names; nobody else's is looked up."""
        if shown is None or not shown.verified or shown.signed is None:
            return None
        try:
            return self._registry.permit_by_serial(shown.signed.statement.serial)
        except UnavailableError:
            self.reached = False
            return None

    def signers(self) -> tuple[SignerRecord, ...] | None:
        """Every certificate that ever signed for the office; None if the registry did not say."""
        try:
            return self._registry.signers()
        except UnavailableError:
            self.reached = False
            return None

    def document(self, sha256: bytes) -> bytes | None:
        """The registered bytes; None if they cannot be had now."""
        try:
            return self._registry.document(sha256)
        except UnavailableError:
            return None
