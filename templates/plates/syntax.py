"""The few pieces of PDF syntax that plates and files are put together from (ISO 32000-1 7.3 and 7.5)."""

import struct
import zlib
from typing import Final

# The comment of four high bytes says that the file is binary (ISO 19005-3 6.1.2).
HEADER: Final = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
# A row of the cross-reference stream, W [1 4 2].
ROW: Final = struct.Struct(">BIH")


def indirect(number: int, data: bytes) -> bytes:
    """An indirect object (ISO 32000-1 7.3.10)."""
    return b"%d 0 obj\n%b\nendobj\n" % (number, data)


def packed_stream(dictionary: bytes, data: bytes, *, level: int) -> bytes:
    """A stream object, packed here; `dictionary` is without its end."""
    return stream_of(dictionary, zlib.compress(data, level))


def stream_of(dictionary: bytes, packed: bytes) -> bytes:
    """A stream object of data that is packed with zlib already; `dictionary` is without its end."""
    return b"%b/Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(packed), packed)
