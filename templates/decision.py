"""What a pack makes of a decision's file: the decision, or what is wrong with it."""

import dataclasses
from collections.abc import Mapping

from templates.problems import Problem


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An approved decision as its pack reads it, ready for canonical form (numbers with a fraction are text).

    `reference` is the file's name for the decision at `source`. `public` is what is printed and attached;
    `private` is never printed, attached or logged.
    """

    source: str
    reference: str
    public: Mapping[str, object]
    private: Mapping[str, object] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`decision` is None exactly when one of `problems` is an error."""

    decision: Decision | None
    problems: tuple[Problem, ...]
