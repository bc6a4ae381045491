"""The decision of a revocation, typed: what may stand in its file and under which label."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from templates import decrees
from templates.parts import Clause, Part, Short, field

LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {}


class Consequence(Part):
    """One thing more that follows from this revocation, beside what follows from every one."""

    text: Clause = field("Akibat", examples=["uang jaminan dikembalikan setelah seluruh genset dibongkar"])


class Public(decrees.Decreed):
    """What is printed on the decree and attached to it."""

    consequences: list[Consequence] = field(
        "Akibat lain dari pencabutan", default_factory=list, max_length=decrees.MAX_ITEMS
    )


class Decision(Part):
    """An approved decision to revoke a permit."""

    type: Literal["pencabutan"] = field("Jenis keputusan")
    source: Short = field("Sumber data")
    reference: Short = field("Nomor rujukan")
    public: Public = field("Data keputusan")
    private: decrees.Private = field("Data pribadi", default_factory=decrees.Private)
