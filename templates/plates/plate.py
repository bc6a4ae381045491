"""A plate: a page that was laid out once, and everything that fills it; and the measure of a shape.

Both are kept by their SHA-256 and read as trusted data: packed CBOR with a version, maps of plain values, nothing that
is executed. What reads them checks that every part is of its kind, since the program that reads may not be the one
that wrote.
"""

import zlib
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import cbor2
import pydantic

from registry.formats.errors import UnavailableError
from registry.formats.record import QrPlace
from templates.page import SignatureBox

FORMAT: Final = 1
_LEVEL: Final = 9
# Unpacked. A page of text takes some 20 KB.
_MAX_BYTES: Final = 64 * 1024 * 1024
Digest: TypeAlias = Annotated[bytes, pydantic.Field(min_length=32, max_length=32)]
FaceName: TypeAlias = Literal["regular", "bold"]


class PlateError(UnavailableError):
    """A page cannot be made a plate of, or what should be a plate is none."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


class Column(_Strict):
    """The place of a block's lines: what the probe found, and what the template asks for.

    `size` and `width` count 1/1024 CSS pixels, `left` and `room` (the width) are in CSS pixels. `align` is the part of
    the free width that stands before a line: 0, 0.5 or 1.
    """

    names: tuple[str, ...]
    face: FaceName
    size: int
    width: int
    left: float
    room: float
    align: float
    least: int
    spread: bool
    repeated: bool


class _Kept(_Strict):
    """What is kept: deterministic CBOR (RFC 8949 4.2.1), packed with zlib (RFC 1950)."""

    format: Literal[1] = FORMAT

    def to_bytes(self) -> bytes:
        """What is kept. The same library packs the same to the same bytes."""
        return zlib.compress(self._cbor(), _LEVEL)

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote. Raises `PlateError` for anything else."""
        try:
            unpacking = zlib.decompressobj()
            cbor = unpacking.decompress(data, _MAX_BYTES)
            # CBOR has arrays, Python's strictness asks for tuples.
            found = cls.model_validate(_tuples(cbor2.loads(cbor)))
        except Exception as error:
            # cbor2 promises CBORDecodeError, but the decoders of its tags reach other builtins (decimals, dates).
            raise PlateError(f"what should be a {cls.__name__.lower()} cannot be read") from error
        if not unpacking.eof or unpacking.unused_data or found._cbor() != cbor:
            raise PlateError(f"what should be a {cls.__name__.lower()} has another spelling")
        return found

    def _cbor(self) -> bytes:
        return cbor2.dumps(self.model_dump(), canonical=True)


class Measure(_Kept):
    """The columns of a shape, and the typeface's files (SHA-256 by face) in which its lines are set."""

    pack: str
    typeface: dict[FaceName, Digest]
    columns: tuple[Column, ...]


class Line(_Strict):
    """A hole for a line of a block, whose column begins at `left`. `y` is the operand of Tm, `font` the whole Tf."""

    block: int
    line: int
    left: float
    y: str
    font: str


class Catchword(_Strict):
    """A hole for a catchword that ends at `right` (CSS pixels).

    `opening` are the texts that the next page begins with: constant ones, or block and line; and whether each is the
    marker of a list.
    """

    right: float
    y: str
    font: str
    face: FaceName
    size: int
    opening: tuple[tuple[str | tuple[int, int], bool], ...]


class Symbol(_Strict):
    """The hole for the drawing of the code."""

    symbol: Literal[True] = True


Hole: TypeAlias = Line | Catchword | Symbol


class Contents(_Strict):
    """The content stream of a page: object number, and constant bytes between which stand the holes."""

    number: int
    constant: tuple[bytes, ...]
    holes: tuple[Hole, ...]


class PlateFace(_Strict):
    """A face in the file: its subsets' SHA-256, each holding the one before; the first that has the page's own letters.

    Then the numbers of its objects; `descendant` is the CIDFont dictionary without its end and its widths.
    """

    face: FaceName
    subsets: tuple[Digest, ...]
    needs: int
    file: int
    to_unicode: int
    font: int
    descendant: bytes


class Attached(_Strict):
    """The embedded file: object number, and its dictionary without Params and Length."""

    number: int
    dictionary: bytes


class KeptQrPlace(_Strict):
    """A `QrPlace`, as it is kept."""

    page: int
    left_mm: float
    top_mm: float
    size_mm: float


class KeptSignatureBox(_Strict):
    """A `SignatureBox`, as it is kept."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float


class Plate(_Kept):
    """A page with holes.

    `start` is the file's constant beginning, `offsets` the rows of its cross-reference stream (7 bytes an object; those
    of what varies are empty), `size` how many objects there are. `lines` of each block; `metadata` is XMP cut where
    title and dates stand, `info` the document information dictionary's constant entries.
    """

    pack: str
    shape: Digest
    fingerprint: str
    typeface: dict[FaceName, Digest]
    columns: tuple[Column, ...]
    lines: tuple[int, ...]
    start: bytes
    offsets: bytes
    size: int
    root: str
    pages: tuple[Contents, ...]
    faces: tuple[PlateFace, ...]
    metadata: tuple[int, tuple[str, ...]]
    info: tuple[int, str]
    attached: Attached | None
    qr: KeptQrPlace
    signature: KeptSignatureBox

    @property
    def qr_place(self) -> QrPlace:
        """Where the code stands."""
        return QrPlace(**dict(self.qr))

    @property
    def signature_box(self) -> SignatureBox:
        """Where the signature block stands."""
        return SignatureBox(**dict(self.signature))


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(inner) for inner in value)
    if isinstance(value, dict):
        return {name: _tuples(inner) for name, inner in value.items()}
    return value
