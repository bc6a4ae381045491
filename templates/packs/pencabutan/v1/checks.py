"""What the model of a revocation alone cannot see: dates against each other and today."""

import datetime
from collections.abc import Iterator

from templates import decrees
from templates.packs.pencabutan.v1 import model
from templates.problems import Problem
from templates.reading import Findings
from templates.regions import Region


def check(decision: model.Decision, *, findings: Findings, today: datetime.date, region: Region) -> Iterator[Problem]:
    """Every finding about a decision whose fields are each well-formed; nothing in it lies in the region."""
    del region
    yield from decrees.check(findings, decision.public, today=today)
