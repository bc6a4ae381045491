"""The QR symbol of a link: version 12-M (ISO/IEC 18004), its mask chosen as the standard asks.

The maker is qrcode, which takes 2 ms a symbol: it goes from bit to bit in loops. But where a bit goes never changes,
and error correction is linear; so what becomes of each bit is learnt from qrcode once a process (20 ms), and a symbol
is put together from that in 0.3 ms. It is the one that qrcode makes, module for module.

The mask is the one of least penalty (7.8.3) among all eight, which costs 0.1 ms as it is computed here. Readers hardly
care: of 540 links in 14 degradations (1.6 to 4 pixels a module, tilt, blur, JPEG, noise) the chosen mask, the worst and
any fixed one read within 3 points of each other, by pyzbar as by zxing-cpp. In the hardest that pyzbar still read, 1.6
pixels, it read 58 % of the chosen, 51 % of the worst and 48 to 61 % of the fixed.
"""

import functools
import itertools
import operator
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import qrcode
import qrcode.base
import qrcode.LUT
import qrcode.util

from registry.formats.errors import DocumentError
from registry.formats.statement import QR_VERSION

MODULES: Final = 17 + 4 * QR_VERSION

_LEVEL: Final = qrcode.constants.ERROR_CORRECT_M
_MASKS: Final = range(8)
_BITS: Final = bytes.maketrans(b"\0\1", b"01")
_DARK: Final = bytes.maketrans(b"01", b"\0\1")


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The symbol of `text` without quiet zone: rows from the top, True where dark.

    Raises `DocumentError` where the text does not fit version 12-M.
    """
    codewords = _corrected(_encoded(text))
    place = _placing()
    bits = f"0{int.from_bytes(codewords):0{8 * len(codewords)}b}"
    symbol = int("".join(place(bits)), 2)
    best = min((symbol ^ frame for frame in _frames()), key=_penalty)
    dark = f"{best:0{MODULES * MODULES}b}".encode().translate(_DARK)
    return tuple(struct.iter_unpack(f"{MODULES}?", dark))


def svg(text: str) -> str:
    """The symbol as an SVG document of 65 by 65 modules, without quiet zone."""
    path = "".join(
        f"M{columns[0]} {y}h{len(columns)}v1h-{len(columns)}z"
        for y, row in enumerate(modules(text))
        for dark, run in itertools.groupby(range(MODULES), row.__getitem__)
        if dark and (columns := list(run))
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {MODULES} {MODULES}"><path d="{path}"/></svg>'


class _Bits:
    """What the segments of a text write themselves to: one number, where qrcode's own buffer is a list of bytes."""

    def __init__(self) -> None:
        self.value = self.length = 0

    def put(self, number: int, length: int) -> None:
        self.value = self.value << length | number
        self.length += length


def _encoded(text: str) -> bytes:
    """The data codewords: segments, terminator and padding (7.4)."""
    bits = _Bits()
    for segment in qrcode.util.optimal_data_chunks(text, minimum=20):
        bits.put(segment.mode, 4)
        bits.put(len(segment), qrcode.util.length_in_bits(segment.mode, QR_VERSION))
        segment.write(bits)
    room = sum(_block_sizes())
    free = 8 * room - bits.length
    if free < 0:
        raise DocumentError(f"the link does not fit a QR code of version {QR_VERSION}-M")
    bits.put(0, min(free, 4))
    bits.put(0, -bits.length % 8)
    data = bits.value.to_bytes(bits.length // 8)
    padding = itertools.cycle((qrcode.util.PAD0, qrcode.util.PAD1))
    return data + bytes(itertools.islice(padding, room - len(data)))


def _corrected(data: bytes) -> bytes:
    """All codewords of the symbol, those of its blocks taking turns (7.6), first of data, then of error correction."""
    ends = tuple(itertools.accumulate(_block_sizes(), initial=0))
    blocks = [data[start:end] for start, end in itertools.pairwise(ends)]
    size, parities = _parities()
    corrections = [
        functools.reduce(operator.xor, map(operator.getitem, parities[-len(block) :], block)).to_bytes(size)
        for block in blocks
    ]
    return _in_turns(blocks) + _in_turns(corrections)


def _in_turns(blocks: Sequence[bytes]) -> bytes:
    turns = itertools.zip_longest(*blocks)
    return bytes([codeword for turn in turns for codeword in turn if codeword is not None])


@functools.cache
def _block_sizes() -> tuple[int, ...]:
    """The data codewords of each block of error correction."""
    return tuple(block.data_count for block in qrcode.base.rs_blocks(QR_VERSION, _LEVEL))


def _total() -> int:
    """The codewords of all blocks, of data and of error correction."""
    return sum(block.total_count for block in qrcode.base.rs_blocks(QR_VERSION, _LEVEL))


@functools.cache
def _parities() -> tuple[int, tuple[Sequence[int], ...]]:
    """How many codewords correct a block, and what each value of each of its data codewords adds to them.

    The codewords of a shorter block are the last ones of the longest. Addition is exclusive or: of the bits of a value,
    and of the codewords of a block.
    """
    block = max(qrcode.base.rs_blocks(QR_VERSION, _LEVEL), key=lambda block: block.data_count)
    size = block.total_count - block.data_count
    generator = qrcode.base.Polynomial(qrcode.LUT.rsPoly_LUT[size], 0)
    remainders = [qrcode.base.Polynomial([1 << bit], size) % generator for bit in range(8)]
    tables = []
    for _ in range(block.data_count):
        table = [0]
        for remainder in remainders:
            part = int.from_bytes(bytes(remainder))
            table += [part ^ other for other in table]
        tables.append(table)
        # One place further from the end.
        remainders = [qrcode.base.Polynomial(list(remainder), 1) % generator for remainder in remainders]
    return size, tuple(reversed(tables))


@functools.cache
def _placing() -> Callable[[str], Iterable[str]]:
    """Takes the bits of all codewords behind a "0", and gives each module its own; to a module that has none, the "0".

    Every bit has a number from 1. Symbols of one binary digit of all the numbers tell which of them went where.
    """
    digits = []
    for digit in reversed(range((8 * _total()).bit_length())):
        bits = "".join(str(number >> digit & 1) for number in range(1, 8 * _total() + 1))
        symbol = _made(int(bits, 2).to_bytes(_total()), _MASKS[0]) ^ _frames()[0]
        digits.append(f"{symbol:0{MODULES * MODULES}b}")
    return operator.itemgetter(*(int("".join(number), 2) for number in zip(*digits, strict=True)))


@functools.cache
def _frames() -> tuple[int, ...]:
    """What each mask makes of codewords that are all zero: function patterns, format information and the mask."""
    return tuple(_made(bytes(_total()), mask) for mask in _MASKS)


def _made(codewords: bytes, mask: int) -> int:
    """The symbol that qrcode makes, as one number: rows from the top, the first module the highest bit."""
    code = qrcode.QRCode(version=QR_VERSION, error_correction=_LEVEL, border=0, mask_pattern=mask)
    code.data_cache = list(codewords)
    code.make(fit=False)
    return int(b"".join(map(bytes, code.get_matrix())).translate(_BITS), 2)


@functools.cache
def _area(columns: int, rows: int) -> int:
    """The bits of the first so many columns and rows: where a window may begin and still lie inside the symbol."""
    return int((("1" * columns).ljust(MODULES, "0") * rows).ljust(MODULES * MODULES, "0"), 2)


def _penalty(dark: int) -> int:
    """The penalty of a symbol (ISO/IEC 18004 7.8.3), all its rows and columns at once: a shift is a step."""
    light = ~dark
    points = 10 * int(abs(100 * dark.bit_count() / MODULES**2 - 50) / 5)
    alike = []
    for step, five, eleven in (
        (1, _area(MODULES - 4, MODULES), _area(MODULES - 10, MODULES)),
        (MODULES, _area(MODULES, MODULES - 4), _area(MODULES, MODULES - 10)),
    ):
        same = ~(dark ^ dark << step)
        runs = same & same << step
        runs &= runs << 2 * step & five
        points += runs.bit_count() + 2 * (runs & ~(runs >> step)).bit_count()
        finder = dark & light << step & dark << 2 * step & dark << 3 * step & dark << 4 * step
        finder &= light << 5 * step & dark << 6 * step
        margin = light & light << step
        margin &= margin << 2 * step
        points += 40 * (
            (finder & margin << 7 * step & eleven).bit_count() + (margin & finder << 4 * step & eleven).bit_count()
        )
        alike.append(same)
    across, along = alike
    return points + 3 * (across & across << MODULES & along & _area(MODULES - 1, MODULES - 1)).bit_count()
