"""What the reader's child found in a file: plain values, and a strict way to and from JSON.

The child opens hostile bytes and may have been taken over by them, so its answer is read like any other
hostile input: exact names, exact types, capped lengths, or `FindingsError`. A child that lies within the
format can still lie about a file; that is why no answer is green without the parent's own SHA-256 of the
file being found in the registry.
"""

import base64
import binascii
import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import Final, Self

from registry.formats.errors import DocumentError

MAX_ATTACHMENT_BYTES: Final = 1 << 20
MAX_TEXTS: Final = 32
# ISO/IEC 18004 table 7: the largest symbol (40-L) holds 7,089 digits.
MAX_TEXT_LENGTH: Final = 7089

_MAX_PROBLEMS: Final = 64
_MAX_OFFSET: Final = 1 << 40
_BYTE_RANGE_NUMBERS: Final = 4
_PDF_HEADER_WITHIN_BYTES: Final = 1024  # ISO 32000-1 annex H.3, implementation note 13
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9TZ:.+-]{10,40}", re.ASCII)


class FindingsError(DocumentError):
    """The child's answer is not in the agreed form."""


class FileKind(enum.StrEnum):
    """What a file's first bytes say it is."""

    PDF = "pdf"
    IMAGE = "image"
    OTHER = "other"


class Chain(enum.StrEnum):
    """How the path from the signer's certificate to a trusted root ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


def sniff(data: bytes) -> FileKind:
    """The kind of a file by its first bytes alone. A PDF header wins, as it does in PDF readers."""
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN_BYTES]:
        return FileKind.PDF
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return FileKind.IMAGE
    return FileKind.OTHER


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFindings:
    """What the strict gate found about a PDF's signature; no opinion about the permit.

    `signed`: a signature field with a value, or a /ByteRange seen anywhere. `signer_known`: the SHA-256 of the
    signer's certificate (`signer_sha256`, hex) is one of the office's; for a stranger no path is built at all.
    `cryptographically_valid`: digest, signature value and ESS signing-certificate-v2 hold over the revision
    signed; None if that could not be tried. `problems` are stable codes, empty when nothing was added, removed
    or hidden. `chain` is judged at the moment asked, with the revocation lists given and nothing fetched.
    `signed_revision_sha256` (hex) is of the file up to the end of the signed revision. `attachment` is the
    JSON attachment as the signed revision holds it, in base64. `signing_time_claimed` (ISO 8601) is the
    signer's word, proof of nothing.
    """

    signed: bool
    signer_known: bool
    signer_sha256: str | None = None
    cryptographically_valid: bool | None = None
    problems: tuple[str, ...] = ()
    chain: str = Chain.UNKNOWN
    chain_reason: str | None = None
    byte_range: tuple[int, ...] | None = None
    signed_revision_sha256: str | None = None
    attachment: str | None = None
    signing_time_claimed: str | None = None

    @property
    def attachment_bytes(self) -> bytes | None:
        """The attachment, decoded."""
        return None if self.attachment is None else base64.b64decode(self.attachment)

    def to_json(self) -> dict[str, object]:
        """The findings as values that `json.dumps` writes and `from_json` reads."""
        return {
            "signed": self.signed,
            "signer_known": self.signer_known,
            "signer_sha256": self.signer_sha256,
            "cryptographically_valid": self.cryptographically_valid,
            "problems": list(self.problems),
            "chain": str(self.chain),
            "chain_reason": self.chain_reason,
            "byte_range": None if self.byte_range is None else list(self.byte_range),
            "signed_revision_sha256": self.signed_revision_sha256,
            "attachment": self.attachment,
            "signing_time_claimed": self.signing_time_claimed,
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read `to_json`'s result. Raises `FindingsError` for anything else."""
        names = _object(value, cls)
        return cls(
            signed=_boolean(names, "signed"),
            signer_known=_boolean(names, "signer_known"),
            signer_sha256=_optional_text(names, "signer_sha256", _HASH),
            cryptographically_valid=_optional_boolean(names, "cryptographically_valid"),
            problems=_problems(names["problems"]),
            chain=_chain(names["chain"]),
            chain_reason=_optional_text(names, "chain_reason", _CODE),
            byte_range=_byte_range(names["byte_range"]),
            signed_revision_sha256=_optional_text(names, "signed_revision_sha256", _HASH),
            attachment=_attachment(names["attachment"]),
            signing_time_claimed=_optional_text(names, "signing_time_claimed", _TIME),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CodeText:
    """The text of one QR code, and the page (from 1) on which it was seen."""

    page: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileFindings:
    """Everything the child found in one file.

    `signature` is None unless the file is a PDF. `texts` are those of its QR codes, useful ones first. `pages`
    counts those of a PDF, 1 for an image, 0 if it could not be opened. `image_only`: a PDF without any text,
    such as a scan. `attachment` (base64) is the JSON attachment as the *newest* revision shows it, signed or
    not; it says what a file claims to be, nothing more.
    """

    kind: FileKind
    signature: SignatureFindings | None = None
    texts: tuple[CodeText, ...] = ()
    pages: int = 0
    image_only: bool = False
    attachment: str | None = None

    @property
    def attachment_bytes(self) -> bytes | None:
        """The attachment, decoded."""
        return None if self.attachment is None else base64.b64decode(self.attachment)

    def to_json(self) -> dict[str, object]:
        """The findings as values that `json.dumps` writes and `from_json` reads."""
        return {
            "kind": str(self.kind),
            "signature": None if self.signature is None else self.signature.to_json(),
            "texts": [{"page": found.page, "text": found.text} for found in self.texts],
            "pages": self.pages,
            "image_only": self.image_only,
            "attachment": self.attachment,
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read `to_json`'s result. Raises `FindingsError` for anything else."""
        names = _object(value, cls)
        kind, signature = names["kind"], names["signature"]
        if not isinstance(kind, str) or kind not in set(FileKind):
            raise FindingsError("not a kind of file")
        if (signature is not None) is not (kind == FileKind.PDF):
            raise FindingsError("signature findings belong to a PDF, and to every PDF")
        return cls(
            kind=FileKind(kind),
            signature=None if signature is None else SignatureFindings.from_json(signature),
            texts=_texts(names["texts"]),
            pages=_whole(names["pages"], "pages"),
            image_only=_boolean(names, "image_only"),
            attachment=_attachment(names["attachment"]),
        )


def _object(value: object, model: type) -> Mapping[str, object]:
    expected = {field.name for field in dataclasses.fields(model)}
    if not isinstance(value, dict) or value.keys() != expected:
        raise FindingsError(f"{model.__name__}: not exactly the agreed names")
    return value


def _boolean(names: Mapping[str, object], name: str) -> bool:
    value = names[name]
    if not isinstance(value, bool):
        raise FindingsError(f"{name} must be true or false")
    return value


def _optional_boolean(names: Mapping[str, object], name: str) -> bool | None:
    return None if names[name] is None else _boolean(names, name)


def _optional_text(names: Mapping[str, object], name: str, form: re.Pattern[str]) -> str | None:
    value = names[name]
    if value is None:
        return None
    if not isinstance(value, str) or not form.fullmatch(value):
        raise FindingsError(f"{name} is not in its form")
    return value


def _whole(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value < _MAX_OFFSET:
        raise FindingsError(f"{name} must be a whole number")
    return value


def _problems(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_PROBLEMS:
        raise FindingsError("problems must be a short list")
    for code in value:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise FindingsError("a problem must be a code")
    return tuple(value)


def _chain(value: object) -> Chain:
    if not isinstance(value, str) or value not in set(Chain):
        raise FindingsError("not an outcome of a chain")
    return Chain(value)


def _byte_range(value: object) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != _BYTE_RANGE_NUMBERS:
        raise FindingsError("a byte range has four numbers")
    return tuple(_whole(number, "byte_range") for number in value)


def _attachment(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 4 * MAX_ATTACHMENT_BYTES // 3 + 4:
        raise FindingsError("the attachment is too long")
    try:
        base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise FindingsError("the attachment is not base64") from error
    return value


def _texts(value: object) -> tuple[CodeText, ...]:
    if not isinstance(value, list) or len(value) > MAX_TEXTS:
        raise FindingsError("texts must be a short list")
    texts = []
    for entry in value:
        names = _object(entry, CodeText)
        text = names["text"]
        if not isinstance(text, str) or len(text) > MAX_TEXT_LENGTH:
            raise FindingsError("a text must be text of a QR code's length")
        texts.append(CodeText(page=_whole(names["page"], "page"), text=text))
    return tuple(texts)
