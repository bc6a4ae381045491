"""Runs the commands about the registry's memory: mandates, numbers, and what happens to a permit after its issue."""

import argparse
import datetime
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

from cli import changing, destroying, handing, mandating, numbering, showing, words
from cli.home import Home
from cli.recording import Memory, visible
from registry.formats.errors import DocumentError
from templates.office import OfficeProfile

_Action = Callable[[Memory, argparse.Namespace], int]

ACTIONS: Final[Mapping[tuple[str, str], _Action]] = {
    ("mandate", "add"): mandating.add,
    ("mandate", "end"): mandating.end,
    ("mandate", "list"): mandating.show,
    ("mandate", "certificate"): mandating.register,
    ("number", "report"): numbering.report,
    ("number", "open"): numbering.open_series,
    ("number", "void"): numbering.void,
    ("number", "outside"): numbering.outside,
    **{("permit", name): changing.change for name in words.CHANGES},
    ("permit", "handover"): handing.hand_over,
    ("permit", "destroy"): destroying.destroy,
    ("permit", "show"): showing.show,
    ("permit", "search"): showing.search,
}


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run the command that was asked for and return its exit status: 1 when the registry refuses.

    Raises `UnavailableError` for an environment that refuses, and for misuse.
    """
    home = Home.open(arguments.home)
    office = OfficeProfile.read(home.office_file)
    with closing(home.database()) as database:
        memory = Memory(home=home, office=office, database=database, now=now, language=arguments.lang)
        try:
            return ACTIONS[arguments.command, arguments.action](memory, arguments)
        except DocumentError as error:
            print(f"absah: {visible(error.text(arguments.lang, office.time_zone))}", file=sys.stderr)
            return 1
