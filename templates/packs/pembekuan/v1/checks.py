"""What the model of a suspension alone cannot see: dates against each other and today."""

import datetime
from collections.abc import Iterator

from templates import decrees
from templates.packs.pembekuan.v1 import model
from templates.problems import Problem
from templates.reading import Findings
from templates.regions import Region


def check(decision: model.Decision, *, findings: Findings, today: datetime.date, region: Region) -> Iterator[Problem]:
    """Every finding about a decision whose fields are each well-formed; nothing in it lies in the region."""
    del region
    yield from decrees.check(findings, decision.public, today=today)
    yield from _end(findings, decision.public, today)


def _end(findings: Findings, public: model.Public, today: datetime.date) -> Iterator[Problem]:
    if public.until is None:
        return
    begin = max(today, public.effective or today)
    if public.until <= begin:
        yield findings.error(
            ("public", "until"),
            "end_before_begin",
            "{label} berisi {value}, padahal pembekuan paling awal dimulai {other}. Isilah tanggal setelah itu, atau "
            "kosongkan agar dibekukan sampai kewajiban dipenuhi.",
            value=public.until,
            other=begin,
        )
    elif begin + datetime.timedelta(days=public.obligations.days) > public.until:
        yield findings.warning(
            ("public", "obligations", "days"),
            "remedy_after_end",
            "{label} berisi {value}, sehingga berakhir setelah pembekuan, {other}. Perpendek jangka waktu itu atau "
            "perpanjang pembekuan.",
            value=str(public.obligations.days),
            other=public.until,
        )
