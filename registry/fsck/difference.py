"""What `fsck` finds: a stable code, where, and the particulars that its sentence needs."""

import dataclasses
from collections.abc import Mapping
from typing import Protocol


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `place` names the row, file or entry; `detail` the rest, without anybody's data."""

    code: str
    place: str
    detail: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        particulars = ", ".join(f"{name} {value}" for name, value in self.detail.items())
        return f"{self.code}: {self.place}" + (f" ({particulars})" if particulars else "")


class Store(Protocol):
    """The file store, as far as it is checked."""

    def get(self, sha256: bytes) -> bytes:
        """The bytes with this SHA-256. Raises `UnavailableError` if they are missing or damaged."""
