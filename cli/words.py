"""The words of the commands about the registry's memory, and the shapes of what is written after them.

Loads nothing of the registry, so that the public commands stay as small as they are.
"""

import argparse
import datetime
import re
from pathlib import Path
from typing import Final

MODES: Final = ("definitive", "plt", "plh", "an", "ub")
CAPACITIES: Final = ("holder", "proxy")
CHANGES: Final = {
    "suspend": "the permit is not in force until it is reinstated (pembekuan)",
    "reinstate": "a suspended permit is in force again",
    "revoke": "end a permit for good (pencabutan)",
    "annul": "end a permit that should never have been given (pembatalan); may reach back to its issue",
    "supersede": "end a permit because another takes its place (penggantian)",
    "correct": "put a slip of the pen right (ralat); the permit stays in force and is read with it",
}
STANDARD_INPUT: Final = "-"

_APPROVAL_PARTS: Final = 3
_ACTOR_HELP: Final = "who enters it (default: the user of the operating system, named as such)"
_NUMBER_HELP: Final = "the permit's number, as it is printed"


def day(text: str) -> datetime.date:
    """A day written as YYYY-MM-DD."""
    try:
        found = datetime.date.fromisoformat(text)
        year(f"{found.year:04}")
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as YYYY-MM-DD") from error
    return found


def year(text: str) -> int:
    """A year from 1900 to 2199."""
    if not re.fullmatch("(19|20|21)[0-9]{2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no year; write it as YYYY")
    return int(text)


def local_moment(text: str) -> datetime.datetime:
    """A moment on the office's clock, without a zone: YYYY-MM-DDTHH:MM, or YYYY-MM-DD for the beginning of a day."""
    date, separator, time = text.partition("T")
    try:
        if separator and not re.fullmatch("[0-9]{2}:[0-9]{2}", time, re.ASCII):
            raise ValueError(time)
        return datetime.datetime.combine(day(date), datetime.time.fromisoformat(time or "00:00"))
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; write it as YYYY-MM-DDTHH:MM on the office's clock, or YYYY-MM-DD alone"
        ) from error


def place(text: str) -> int:
    """A place in a number series, from 1."""
    if not re.fullmatch("[1-9][0-9]{0,9}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no place in a series; write a whole number from 1, like 51")
    return int(text)


def places(text: str) -> tuple[int, int]:
    """One place in a series, or all from one to another: "51" or "51-53"."""
    first, separator, last = text.partition("-")
    found = (place(first), place(last if separator else first))
    if found[1] < found[0]:
        raise argparse.ArgumentTypeError(f"{text!r} runs backwards; write the lower number first, like 51-53")
    return found


def line(text: str) -> str:
    """Words on one line, without white space around them."""
    if not (stripped := text.strip()):
        raise argparse.ArgumentTypeError("it is empty; write what the document says")
    if not stripped.isprintable():
        raise argparse.ArgumentTypeError("it holds a line break or an invisible character; write it on one line")
    return stripped


def approval(text: str) -> tuple[str, str, str]:
    """Name, title and letter of someone who approves, between semicolons."""
    parts = tuple(part.strip() for part in text.split(";"))
    if len(parts) != _APPROVAL_PARTS or not all(parts):
        raise argparse.ArgumentTypeError(f'{text!r} is no approval; write it as "NAME; TITLE; NUMBER OF THE LETTER"')
    name, title, letter = map(line, parts)
    return name, title, letter


def from_standard_input(text: str) -> str:
    """Only "-": what is written on a command line stays in the shell's history and shows in the list of processes."""
    if text != STANDARD_INPUT:
        raise argparse.ArgumentTypeError(
            "the number does not belong on the command line, where others can read it: leave this out and type it when "
            "asked, or write - and hand it in on standard input; remove this line from the shell's history"
        )
    return text


def add_mandate(mandate: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    """The actions of `mandate`."""
    actions = mandate.add_subparsers(dest="action", metavar="ACTION", required=True)
    added = _action(actions, "add", "record who may sign for the office, and when", *parents)
    for name, text in (
        ("--person", "full name with degrees, as printed under the signature"),
        ("--rank", "rank and grade, as printed"),
        ("--employee-number", "NIP; spaces in it do not count"),
        ("--office-title", "title of the office that is filled, as printed"),
        ("--own-title", "the person's own title; the same where the mode is definitive"),
    ):
        added.add_argument(name, type=line, required=True, metavar="TEXT", help=text)
    added.add_argument("--mode", choices=MODES, required=True, help="by what right the person signs")
    _add_decree(added, "the decree that appoints")
    added.add_argument(
        "--type",
        action="append",
        default=[],
        type=line,
        metavar="TYPE",
        help="permit type; again for more (default: every type)",
    )
    added.add_argument("--from", dest="first_day", type=day, required=True, metavar="DAY", help="first day")
    added.add_argument("--until", dest="last_day", type=day, metavar="DAY", help="last day (default: no end yet)")

    ended = _action(actions, "end", "end a mandate; what was signed under it stays valid", *parents)
    ended.add_argument("mandate", type=place, metavar="ID", help="the mandate, as `mandate list` names it")
    ended.add_argument("--last-day", type=day, required=True, metavar="DAY", help="last day on which it holds")
    ended.add_argument("--reason", type=line, required=True, metavar="TEXT")
    _add_decree(ended, "the decree that ends it")
    ended.add_argument("--actor", type=line, metavar="NAME", help=_ACTOR_HELP)

    listed = _action(actions, "list", "every mandate that the office ever gave", *parents)
    listed.add_argument("--on", type=day, metavar="DAY", help="only those that hold on this day")
    listed.add_argument("--json", action="store_true", help="one line of JSON per mandate")

    certificate = _action(actions, "certificate", "register the certificate with which a person signs", *parents)
    certificate.add_argument("file", type=Path, metavar="FILE", help="the certificate in DER or PEM, never its key")
    certificate.add_argument("--employee-number", type=line, required=True, metavar="TEXT", help="whose it is (NIP)")
    certificate.add_argument(
        "--issuer",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="certificates of its issuers, in DER or PEM; again for more",
    )


def add_number(number: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    """The actions of `number`."""
    actions = number.add_subparsers(dest="action", metavar="ACTION", required=True)
    report = _action(actions, "report", "every number with its fate; exit status 1 when one is missing", *parents)
    report.add_argument("--series", type=line, metavar="TYPE", help="only this permit type")
    report.add_argument("--year", type=year, metavar="YEAR", help="only this year")
    report.add_argument("--json", action="store_true", help="one line of JSON per number, or run of numbers")
    opened = _action(actions, "open", "begin a series of a year that began on paper", *parents)
    _add_series(opened)
    opened.add_argument("--first", type=place, required=True, metavar="N", help="the first number given here")
    opened.add_argument("--reason", type=line, required=True, metavar="TEXT", help="where the earlier numbers stand")
    opened.add_argument("--actor", type=line, metavar="NAME", help=_ACTOR_HELP)
    void = _action(actions, "void", "keep a number that will never be printed, with the reason", *parents)
    _add_series(void)
    void.add_argument("place", type=place, metavar="N", help="its place in the year")
    void.add_argument("--reason", type=line, required=True, metavar="TEXT")
    outside = _action(actions, "outside", "enter numbers that were given by hand in an outage", *parents)
    _add_series(outside)
    outside.add_argument("places", type=places, metavar="N[-M]", help="one number, or all from N to M")
    outside.add_argument("--reason", type=line, required=True, metavar="TEXT", help="when and why")


def add_permit(permit: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    """The actions of `permit`."""
    actions = permit.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in CHANGES.items():
        _add_change(_action(actions, name, text, *parents), name)
    _add_handover(_action(actions, "handover", "record that a permit was handed to the applicant", *parents))
    _add_destroy(_action(actions, "destroy", "destroy a permit's documents after retention, for good", *parents))
    shown = _action(actions, "show", "all that the registry knows of a permit, and when it was in force", *parents)
    shown.add_argument("permit", type=line, metavar="NUMBER|SERIAL", help="its number, or its serial")
    shown.add_argument("--on", type=day, metavar="DAY", help="was it in force on this day, and from when to when?")
    shown.add_argument("--json", action="store_true", help="one line of JSON")
    search = _action(actions, "search", "find permits by the holder's name, at least three letters of it", *parents)
    search.add_argument("text", metavar="TEXT", help="any part of the name")
    search.add_argument("--json", action="store_true", help="one line of JSON per permit")


def add_pack(pack: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    """The actions of `pack`."""
    actions = pack.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = _action(actions, "list", "every version of every permit type, and whether it is frozen", *parents)
    listed.add_argument("--json", action="store_true", help="one line of JSON per version")
    frozen = _action(actions, "freeze", "fix a version for ever: write its golden documents and record it", *parents)
    frozen.add_argument("version", nargs="+", type=line, metavar="TYPE/vN", help="for example genset/v1")
    frozen.add_argument(
        "--again",
        action="store_true",
        help="it is frozen and unchanged: record what this machine's libraries make of it",
    )
    frozen.add_argument("--day", type=day, metavar="DAY", help="date of issue of its golden documents (default: today)")
    published = _action(actions, "publish", "lay out an office's usual pages before anyone waits for them", *parents)
    published.description = (
        "Lay out the usual pages of this home now: those of the samples, and of the decisions that wait to be issued. "
        "Exit status: 1 where some could not be made."
    )
    published.add_argument(
        "version",
        nargs="*",
        type=line,
        metavar="NAME",
        help="a permit type (genset) or a version (genset/v1); without one the newest version of every type",
    )
    _action(actions, "check", "print all golden documents again; exit status 1 when something differs", *parents)


def _add_change(change: argparse.ArgumentParser, name: str) -> None:
    change.add_argument("permit", type=line, metavar="NUMBER", help=_NUMBER_HELP)
    change.add_argument("--reason", type=line, required=True, metavar="TEXT", help="why, as the public is told")
    change.add_argument("--legal-ground", type=line, required=True, metavar="TEXT", help="the provision it rests on")
    _add_decree(change, "the instrument that orders it")
    change.add_argument("--document", type=Path, metavar="PDF", help="that instrument, signed; kept in the file store")
    change.add_argument(
        "--effective",
        type=local_moment,
        metavar="MOMENT",
        help="YYYY-MM-DDTHH:MM on the office's clock, or YYYY-MM-DD for the beginning of a day (default: now)",
    )
    if name == "supersede":
        change.add_argument(
            "--replaced-by", type=line, required=True, metavar="NUMBER", help="the permit that takes its place"
        )
    if name == "correct":
        for option, text in (
            ("--field", "where the slip stands, as the page names it"),
            ("--printed", "what is printed there"),
            ("--correct", "what it should say"),
        ):
            change.add_argument(option, type=line, required=True, metavar="TEXT", help=text)
    change.add_argument("--actor", type=line, metavar="NAME", help=_ACTOR_HELP)


def _add_handover(handover: argparse.ArgumentParser) -> None:
    handover.description = (
        "Record that a permit was handed to the applicant. The number of the identity document is asked for, or read "
        "from standard input: on a command line others could read it."
    )
    handover.add_argument("permit", type=line, metavar="NUMBER", help=_NUMBER_HELP)
    handover.add_argument("--recipient", type=line, required=True, metavar="NAME", help="who took it")
    handover.add_argument(
        "--capacity", choices=CAPACITIES, required=True, help="the holder, or someone sent by the holder"
    )
    handover.add_argument("--identity-kind", type=line, required=True, metavar="KIND", help="for example KTP")
    handover.add_argument(
        "--identity-number",
        type=from_standard_input,
        default=STANDARD_INPUT,
        metavar="-",
        help="only - (also the default): asked for on a terminal, else one line of standard input",
    )
    survey = handover.add_mutually_exclusive_group(required=True)
    survey.add_argument("--survey-done", action="store_true", help="the survey (SKM) was filled in")
    survey.add_argument("--survey-missing-because", type=line, metavar="TEXT", help="why it was not")
    handover.add_argument(
        "--at", type=local_moment, metavar="MOMENT", help="YYYY-MM-DDTHH:MM on the office's clock (default: now)"
    )
    handover.add_argument("--actor", type=line, metavar="NAME", help=_ACTOR_HELP)


def _add_destroy(destroy: argparse.ArgumentParser) -> None:
    destroy.add_argument("permit", type=line, metavar="NUMBER", help=_NUMBER_HELP)
    destroy.add_argument("--ground", type=line, required=True, metavar="TEXT", help="entry of the retention schedule")
    destroy.add_argument(
        "--minutes-number", type=line, required=True, metavar="TEXT", help="of the minutes (berita acara)"
    )
    destroy.add_argument("--minutes-date", type=day, required=True, metavar="DAY")
    destroy.add_argument(
        "--approval",
        action="append",
        type=approval,
        required=True,
        metavar='"NAME; TITLE; LETTER"',
        help="who approved, and the number of the letter; twice or more",
    )
    destroy.add_argument("--actor", type=line, metavar="NAME", help=_ACTOR_HELP)
    destroy.add_argument("--yes", action="store_true", help="do not ask for the number once more")


def _add_decree(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--decree-number", type=line, required=True, metavar="TEXT", help=f"number of {what}")
    parser.add_argument("--decree-date", type=day, required=True, metavar="DAY", help="its date")


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("series", type=line, metavar="TYPE", help="permit type, for example genset")
    parser.add_argument("--year", type=year, required=True, metavar="YEAR", help="the year of the dates of issue")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    *parents: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=text, description=text, parents=list(parents))
