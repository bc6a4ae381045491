"""A set of row ids that stays small: a bit for each, in chunks, however far apart the ids lie."""

from typing import Final

_CHUNK: Final = 4096


class Keys:
    """Ids of rows. A million ids that follow each other take a few hundred KiB."""

    def __init__(self) -> None:
        self._chunks: dict[int, bytearray] = {}

    def add(self, key: int) -> None:
        """Put an id in."""
        chunk, place = divmod(key, _CHUNK)
        self._chunks.setdefault(chunk, bytearray(_CHUNK // 8))[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: int) -> bool:
        chunk, place = divmod(key, _CHUNK)
        found = self._chunks.get(chunk)
        return found is not None and bool(found[place >> 3] >> (place & 7) & 1)
