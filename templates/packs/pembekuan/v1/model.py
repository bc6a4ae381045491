"""The decision of a suspension, typed: what may stand in its file and under which label."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from templates import decrees
from templates.parts import Clause, Day, Part, Short, field

LABELS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {}


class Condition(Part):
    """One thing more that must be so before the permit is reinstated, beside the obligations."""

    text: Clause = field("Syarat", examples=["uji kebisingan oleh laboratorium terakreditasi memenuhi baku tingkat"])


class Public(decrees.Decreed):
    """What is printed on the decree and attached to it.

    `until` is the last day of the suspension; without it the permit is suspended until the obligations are fulfilled.
    """

    until: Day | None = field("Tanggal akhir pembekuan", default=None)
    conditions: list[Condition] = field(
        "Syarat lain pemberlakuan kembali", default_factory=list, max_length=decrees.MAX_ITEMS
    )


class Decision(Part):
    """An approved decision to suspend a permit."""

    type: Literal["pembekuan"] = field("Jenis keputusan")
    source: Short = field("Sumber data")
    reference: Short = field("Nomor rujukan")
    public: Public = field("Data keputusan")
    private: decrees.Private = field("Data pribadi", default_factory=decrees.Private)
