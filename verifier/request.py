"""What the parent asks of the reader's child, and the limits within which it is answered.

Travels from the trusted side to the untrusted one, as JSON: nothing here is secret, nothing comes back.
"""

import base64
import dataclasses
import datetime
import enum
import json
from collections.abc import Iterable
from typing import Any, Final, Self

from registry.formats.record import SignerRecord

READY: Final = b"+"
LENGTH_BYTES: Final = 8

# What every new permit is signed as (docs/design.md); what a file is held to that the registry does not know.
DEFAULT_PROFILE: Final = "certified-p1"


class Isolation(enum.StrEnum):
    """Whether a reader may go on where the system cannot prove that its child is cut off."""

    REQUIRED = "required"
    PREFERRED = "preferred"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLimits:
    """What one file may cost. A file that needs more is not read, which is an answer of its own.

    `memory_mib` is address space, the child's libraries (about 200 MiB) included. `raster_dpi` is for pages
    of ordinary size; a larger page is drawn coarser so as to stay under `page_megapixels`. `pages` counts
    those on which QR codes are looked for, the first and the last half of them.
    """

    input_mib: int = 25
    memory_mib: int = 768
    cpu_seconds: int = 10
    wall_seconds: int = 15
    open_files: int = 32
    answer_kib: int = 2048
    pages: int = 40
    raster_dpi: int = 150
    page_megapixels: int = 12
    image_megapixels: int = 64

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"the limit {field.name} must be at least 1")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What is to be found out about one file.

    `roots` and `revocation_lists` are DER; `moment` is when the certificate is to be judged; `profile` the
    signing profile that the file is held to. `host` says which QR codes are of use. With `codes` False no
    page is drawn and no QR code looked for.
    """

    roots: tuple[bytes, ...]
    signers: tuple[SignerRecord, ...]
    revocation_lists: tuple[bytes, ...]
    moment: datetime.datetime
    profile: str
    host: str
    codes: bool = True

    def to_json(self) -> dict[str, object]:
        """The request as values that `json.dumps` writes and `from_json` reads."""
        return {
            "roots": _texts(self.roots),
            "signers": [
                {
                    "certificate": _text(signer.certificate),
                    "issuers": _texts(signer.issuers),
                    "sha256": _text(signer.sha256),
                }
                for signer in self.signers
            ],
            "revocation_lists": _texts(self.revocation_lists),
            "moment": self.moment.isoformat(),
            "profile": self.profile,
            "host": self.host,
            "codes": self.codes,
        }

    @classmethod
    def from_json(cls, names: dict[str, Any]) -> Self:
        """Read `to_json`'s result; it comes from the parent and is trusted."""
        return cls(
            roots=_bytes(names["roots"]),
            signers=tuple(
                SignerRecord(
                    certificate=base64.b64decode(signer["certificate"]),
                    issuers=_bytes(signer["issuers"]),
                    sha256=base64.b64decode(signer["sha256"]),
                )
                for signer in names["signers"]
            ),
            revocation_lists=_bytes(names["revocation_lists"]),
            moment=datetime.datetime.fromisoformat(names["moment"]),
            profile=names["profile"],
            host=names["host"],
            codes=names["codes"],
        )


def encode_job(
    limits: ReaderLimits,
    *,
    request: ReadRequest | None,
    data: bytes = b"",
    walls: Iterable[str] = (),
    targets: dict[str, Any] | None = None,
) -> bytes:
    """What the parent sends for one file, or for a self-test where `request` is None (see verifier.warden).

    `walls` are those (verifier.confinement.Wall) without which the child must not open the file; `targets` what a
    self-test runs against.
    """
    header = json.dumps(
        {
            "limits": dataclasses.asdict(limits),
            "walls": sorted(walls),
            "request": None if request is None else request.to_json(),
            "targets": targets,
        }
    ).encode()
    return len(header).to_bytes(LENGTH_BYTES, "big") + header + data


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _texts(items: tuple[bytes, ...]) -> list[str]:
    return [_text(item) for item in items]


def _bytes(items: list[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(item) for item in items)
