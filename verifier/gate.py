"""The strict gate: what can be said of a PDF's signature, and of everything beside it that was not signed.

Runs in the reader's child process, on hostile bytes, and is total. For a permit of profile certified-p1 the rule
is short: exactly one signature, certifying (DocMDP P=1), over the entire file but the hex digits of its own
container, and those digits in the one spelling that we write. So every file that differs in a single bit from
what was signed has a problem or a broken signature.

Two ways lead to the signature. The structure (ISO 32000-1 12.7, 12.8) says which one a reader of the file would
see; a search for /ByteRange still finds whose it was when someone has cut the structure away.
"""
# mypy: allow-untyped-calls
# (pyHanko types its arguments, seldom its results)

import base64
import contextlib
import dataclasses
import datetime
import hashlib
import io
import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from registry.formats.record import SignerRecord
from verifier import chain, container
from verifier.container import Container, ContainerError
from verifier.findings import MAX_ATTACHMENT_BYTES, Chain, SignatureFindings

CERTIFIED_P1: Final = "certified-p1"
ATTACHMENT: Final = "izin.json"

_MIB: Final = 1 << 20
# pyHanko 0.38's defaults let a cross-reference stream of 255 KB become 35 million entries: 31 s and 1.3 GB.
LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=64 * _MIB),
    per_purpose={
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(max_ratio=100, ratio_floor=4 * _MIB, max_output_size=32 * _MIB),
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_ratio=100, ratio_floor=_MIB, max_output_size=4 * _MIB),
    },
    document_budget=DocumentDecodeBudget(base_allowance=64 * _MIB, max_ratio=20),
)

MAX_REVISIONS: Final = 64
MAX_FIELDS: Final = 1000
MAX_SIGNATURES: Final = 16

_MARK = re.compile(rb"/ByteRange|/ETSI\.CAdES|/adbe\.pkcs7|/TransformMethod")
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_OUR_HEX = re.compile(rb"<(?:[0-9A-F]{2})+>")
_ANY_HEX = re.compile(rb"<(?:[0-9A-Fa-f]{2})*>")
_UPDATE = re.compile(rb"startxref|\d\s+obj\b")
_MAX_TREE_NODES: Final = 1000


class _Problems(list[str]):
    """Codes in the order found, each once."""

    def note(self, code: str, *, when: bool = True) -> None:
        if when and code not in self:
            self.append(code)


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """A signature field with a value; `reference` is that of the value, None where it has no number of its own."""

    dictionary: generic.DictionaryObject
    reference: generic.Reference | None


@dataclasses.dataclass(frozen=True, slots=True)
class _Structure:
    """What the file's structure says, as far as it could be read."""

    reader: PdfFileReader
    fields: tuple[_Field, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Signature:
    """One signature. Signed are the bytes up to `gap` and from `resume` to `end`; between stands the container.

    `field` is None where only the search found it.
    """

    gap: int
    resume: int
    end: int
    container: Container
    field: _Field | None

    def signed(self, data: bytes) -> tuple[memoryview, memoryview]:
        view = memoryview(data)
        return view[: self.gap], view[self.resume : self.end]


def inspect_signature(
    data: bytes,
    *,
    roots: tuple[bytes, ...],
    signers: tuple[SignerRecord, ...],
    revocation_lists: tuple[bytes, ...],
    moment: datetime.datetime,
    profile: str,
) -> SignatureFindings:
    """What the strict gate finds in `data`; raises nothing, whatever the bytes.

    `signers` are the office's certificates; a stranger's is never judged. `moment` is when the signer's
    certificate must have been good: the earliest time at which the signature is proven to have existed.
    `profile` is the registered one, or the one that every new permit has.

    Problems, none for a file that is not signed: bytes_before_header, too_many_revisions, too_many_fields,
    unreadable, hybrid_xref, encrypted, signature_stripped, signature_count, byte_range, coverage,
    contents_spelling, contents_padding, those of `container.read`, signature_container (not in its one spelling),
    those of `Container.problem`, modified_after_signing, trailing_bytes, not_certified, unknown_profile.
    """
    problems = _Problems()
    try:
        structure = _structure(data, problems)
        signature = _choose(data, structure, problems, {signer.sha256 for signer in signers})
        if signature is None:
            return _without_signature(data, structure, problems)
        signer = next((record for record in signers if record.sha256 == signature.container.sha256), None)
        valid = _check_signature(data, signature, problems)
        if profile == CERTIFIED_P1:
            _check_certified_p1(data, structure, signature, signer, problems)
        else:
            problems.note("unknown_profile")
        outcome, reason = _judge(signer, roots, revocation_lists, moment)
    except Exception:
        # The last net under a total function: bytes that nobody thought of are no proof of anything.
        problems.note("unreadable")
        return _without_signature(data, None, problems)
    content = attachment(data[: signature.end]) if valid else None
    return SignatureFindings(
        signed=True,
        signer_known=signer is not None,
        signer_sha256=signature.container.sha256.hex(),
        cryptographically_valid=valid,
        problems=tuple(problems),
        chain=outcome,
        chain_reason=reason,
        byte_range=(0, signature.gap, signature.resume, signature.end - signature.resume),
        signed_revision_sha256=hashlib.sha256(memoryview(data)[: signature.end]).hexdigest(),
        attachment=None if content is None else base64.b64encode(content).decode(),
        signing_time_claimed=_claimed_time(signature),
    )


def attachment(data: bytes) -> bytes | None:
    """The one attachment named izin.json, as the newest revision of `data` holds it; None for any other file.

    Says what a file carries, not that anyone signed it. Raises nothing.
    """
    try:
        return _attachment(_reader(data))
    except Exception:
        return None  # whatever the bytes: then there is no attachment to speak of


def _without_signature(data: bytes, structure: _Structure | None, problems: _Problems) -> SignatureFindings:
    signed = _MARK.search(data) is not None or bool(structure and structure.fields)
    return SignatureFindings(
        signed=signed,
        signer_known=False,
        problems=tuple(problems) if signed else (),
        chain=Chain.UNKNOWN,
        chain_reason="no_signature",
    )


def _reader(data: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(data), strict=True, decode_limits=LIMITS)


def _structure(data: bytes, problems: _Problems) -> _Structure | None:
    """The file's signature fields as a reader of the file would find them; None where it cannot be read."""
    problems.note("bytes_before_header", when=not data.startswith(b"%PDF-"))
    if data.count(b"startxref") > MAX_REVISIONS:
        problems.note("too_many_revisions")
        return None
    try:
        reader = _reader(data)
        problems.note("hybrid_xref", when=reader.xrefs.hybrid_xrefs_present)
        if "/Encrypt" in reader.trailer:
            problems.note("encrypted")
            return None
        if len(_entry(_entry(reader.root, "/AcroForm"), "/Fields")) > MAX_FIELDS:
            problems.note("too_many_fields")
            return None
        found = itertools.islice(enumerate_sig_fields(reader, filled_status=True), MAX_SIGNATURES)
        return _Structure(reader, tuple(_field(reference.get_object()) for _, _, reference in found))
    except Exception:
        # pyHanko promises PdfReadError; hostile bytes also reach ValueError, TypeError and RecursionError.
        problems.note("unreadable")
        return None


def _entry(dictionary: Any, name: str) -> Any:
    """The value of an entry that may be missing; pyHanko's own `get` does not follow references."""
    return dictionary[name] if name in dictionary else ()  # noqa: SIM401  # see above


def _field(field: generic.DictionaryObject) -> _Field:
    value = field.raw_get("/V")
    reference = value.reference if isinstance(value, generic.IndirectObject) else None
    return _Field(field["/V"], reference)


def _choose(data: bytes, structure: _Structure | None, problems: _Problems, ours: set[bytes]) -> _Signature | None:
    """The signature to speak of: one of ours before a stranger's, what the structure shows before what it hides."""
    fields = structure.fields if structure else ()
    shown = [found for field in fields if (found := _from_field(data, field, problems))]
    hidden = [] if shown else list(_from_search(data))
    signatures = shown + hidden
    marked = _MARK.search(data) is not None
    problems.note("signature_stripped", when=structure is not None and not fields and marked)
    problems.note("signature_count", when=len(fields) > 1)
    return next((one for one in signatures if one.container.sha256 in ours), next(iter(signatures), None))


def _from_field(data: bytes, field: _Field, problems: _Problems) -> _Signature | None:
    try:
        numbers = field.dictionary["/ByteRange"]
        if not isinstance(numbers, generic.ArrayObject) or not all(type(n) is generic.NumberObject for n in numbers):
            problems.note("byte_range")
            return None
        found = _read_range(data, [int(number) for number in numbers], field)
        stated = field.dictionary.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW).original_bytes
        problems.note("coverage", when=stated != _unhex(data[found.gap : found.resume]))
    except ContainerError as error:
        problems.note(error.problem)
    except Exception:
        problems.note("byte_range")  # missing, null, or no dictionary at all
    else:
        return found
    return None


def _from_search(data: bytes) -> Iterator[_Signature]:
    for match in itertools.islice(_BYTE_RANGE.finditer(data), MAX_SIGNATURES):
        with contextlib.suppress(ContainerError):
            yield _read_range(data, [int(number) for number in match.groups()], None)


def _read_range(data: bytes, numbers: list[int], field: _Field | None) -> _Signature:
    """The signature of a /ByteRange that begins the file and leaves out one hexadecimal string.

    Raises `ContainerError` for another one (byte_range), and what `container.read` raises.
    """
    if len(numbers) != 4:  # noqa: PLR2004  # two offsets, two lengths (ISO 32000-1 table 252)
        raise ContainerError("byte_range")
    start, gap, resume, rest = numbers
    if not (start == 0 <= rest and 0 < gap < resume and resume + rest <= len(data)):
        raise ContainerError("byte_range")
    if resume - gap > 2 * container.MAX_BYTES:
        raise ContainerError("container_too_large")
    return _Signature(gap, resume, resume + rest, container.read(_unhex(data[gap:resume])), field)


def _unhex(string: bytes) -> bytes:
    if not _ANY_HEX.fullmatch(string):
        raise ContainerError("byte_range")
    return bytes.fromhex(string[1:-1].decode("ascii"))


def _check_signature(data: bytes, signature: _Signature, problems: _Problems) -> bool | None:
    """Whether the signature holds over the revision that it signs; None where that cannot be asked."""
    try:
        problem = signature.container.problem(signature.signed(data))
    except Exception:
        # As when reading the container: hostile ASN.1 has no end of ways to fail.
        problems.note("container_malformed")
        return None
    if problem is None:
        return True
    problems.note(problem)
    return None if problem == "weak_algorithm" else False


def _check_certified_p1(
    data: bytes,
    structure: _Structure | None,
    signature: _Signature,
    signer: SignerRecord | None,
    problems: _Problems,
) -> None:
    """One certifying signature over everything, written as we write it (ISO 32000-1 12.8.2.2, level B-B)."""
    gap = data[signature.gap : signature.resume]
    problems.note("contents_spelling", when=not _OUR_HEX.fullmatch(gap))
    problems.note("contents_padding", when=not signature.container.padded_with_zeros)
    problems.note("signature_container", when=signer is not None and not signature.container.is_canonical(signer))
    if signature.end != len(data):
        tail = data[signature.end :]
        problems.note("modified_after_signing" if _UPDATE.search(tail) else "trailing_bytes")
    if structure is not None and signature.field is not None:
        problems.note("not_certified", when=not _permits_nothing(structure.reader, signature.field))


def _permits_nothing(reader: PdfFileReader, field: _Field) -> bool:
    """Whether the catalogue names this signature as the certifying one, and it permits no change (P=1)."""
    try:
        certifying = reader.root["/Perms"].get_value_as_reference("/DocMDP")
        (reference,) = (entry.get_object() for entry in field.dictionary["/Reference"])
        return bool(
            certifying == field.reference
            and field.dictionary["/Type"] == "/Sig"
            and field.dictionary["/SubFilter"] == "/ETSI.CAdES.detached"
            and reference["/TransformMethod"] == "/DocMDP"
            and reference["/TransformParams"]["/P"] == 1
        )
    except Exception:
        return False  # not as we write it, in whatever way


def _judge(
    signer: SignerRecord | None,
    roots: tuple[bytes, ...],
    revocation_lists: tuple[bytes, ...],
    moment: datetime.datetime,
) -> chain.Finding:
    if signer is None:
        return Chain.UNKNOWN, "signer_unknown"
    return chain.judge(signer, roots=roots, revocation_lists=revocation_lists, moment=moment)


def _claimed_time(signature: _Signature) -> str | None:
    if signature.field is None:
        return None
    try:
        claimed: datetime.datetime = generic.parse_pdf_date(signature.field.dictionary["/M"], strict=True)
        return claimed.isoformat(timespec="seconds")
    except Exception:
        return None  # no date, or none that can be read


def _attachment(reader: PdfFileReader) -> bytes | None:
    """ISO 32000-1 7.9.6 and 7.11.4: the file specification of that name in the tree of embedded files."""
    nodes, found = [reader.root["/Names"]["/EmbeddedFiles"]], []
    for visited in itertools.count():
        if not nodes or visited > _MAX_TREE_NODES:
            break
        node = nodes.pop()
        pairs, kids = _entry(node, "/Names"), _entry(node, "/Kids")
        found += [pairs[i] for i in range(1, len(pairs), 2)]
        nodes += [kids[i] for i in range(len(kids))]
    named = [file for file in found if ATTACHMENT in (_entry(file, "/UF"), _entry(file, "/F"))]
    if len(named) != 1:
        return None
    content = named[0]["/EF"]["/F"].data
    return bytes(content) if len(content) <= MAX_ATTACHMENT_BYTES else None
