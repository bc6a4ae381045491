"""The command line. Each command imports only what it needs: the public verifier never loads a room that signs."""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cli import words
from keys.trust import KeysError
from registry.formats.errors import AbsahError

PORT: Final = 8000

_DESCRIPTION: Final = "Absah issues, signs and verifies the permits of a one-stop permit office."
_EPILOG: Final = """\
start here:
  absah demo                     issue three sample permits and verify them, then serve the verifier
  absah verify FILE              is this permit genuine, unaltered, in force, and rightly signed?

exit status of verify: 0 when every answer passed, 1 when one failed, 2 when one is unknown.
exit status of demo: 0 only if every verdict was the right one. --home DIR goes with every command.
Verdicts, and what is refused and why, are said in Indonesian; --lang en gives English."""


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog=os.environ.get("ABSAH_COMMAND", "absah"),
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Without a default of their own, so that a word before the command is not overwritten by one after it.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--home", type=Path, metavar="DIR", help="data directory (default: $ABSAH_HOME, else ./var)")
    top.add_argument("--home", type=Path, default=Path(os.environ.get("ABSAH_HOME", "var")), help=argparse.SUPPRESS)
    speaking = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    speaking.add_argument("--lang", choices=("id", "en"), help="language of sentences (default: id)")
    top.set_defaults(lang="id")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common, *parents])

    demo = command("demo", "the whole path on sample decisions, then the public verifier", speaking)
    demo.add_argument("--exit", action="store_true", help="end after the job instead of serving")
    demo.add_argument("--json", action="store_true", help="one line of JSON at the end")
    demo.add_argument("--port", type=int, default=PORT, help=f"port of the verifier (default: {PORT})")

    verify = command("verify", "judge files, links or the digits of a QR code", speaking)
    verify.add_argument("input", nargs="+", metavar="FILE|URL|DIGITS", help="a PDF, a photo, a link, or its digits")
    verify.add_argument("--json", action="store_true", help="one line of JSON per input")
    verify.add_argument("--on", type=words.day, metavar="DATE", help="was it in force on this day? (YYYY-MM-DD)")

    serve = command("serve", "serve the web pages on this machine")
    serve.add_argument("door", nargs="?", choices=("verifier",), default="verifier", help="which door")
    serve.add_argument("--port", type=int, default=PORT, help=f"port (default: {PORT})")

    _add_decision(command("decision", "approved decisions"), common, speaking)

    issue = command("issue", "the whole path for one decision (development mode)", speaking)
    issue.add_argument("file", type=Path, metavar="FILE", help="a decision as JSON")
    issue.add_argument("--out", type=Path, required=True, metavar="PDF", help="where the signed permit goes")

    preview = command("preview", "draw the page of a decision as a draft; nothing is recorded", speaking)
    preview.add_argument("file", type=Path, metavar="FILE", help="a decision as JSON")
    preview.add_argument("--out", type=Path, required=True, metavar="FILE", help=".pdf, or .png for one picture a page")
    preview.add_argument("--watch", action="store_true", help="draw it again whenever FILE changes, until Ctrl-C")

    _add_render(command("render", "make an issued document once more, and hold it against the registry", speaking))

    _add_service(command("service", "the promise of the service standard"), common, speaking)

    _add_log(command("log", "the transparency log"), common, speaking)

    words.add_mandate(command("mandate", "who may sign for the office"), common, speaking)
    words.add_number(command("number", "the numbers of permits"), common, speaking)
    words.add_permit(command("permit", "what happens to a permit after its issue"), common, speaking)
    words.add_pack(command("pack", "the versions of permit types, and that none in use changes"), common, speaking)

    schema = command("schema", "the JSON Schema of decisions")
    schema.add_argument(
        "type",
        nargs="?",
        metavar="TYPE",
        help="print that of a permit type, for example genset (default: publish all at /schema/)",
    )

    trust = command("trust", "trust anchors for outside validators")
    exported = trust.add_subparsers(dest="action", metavar="ACTION", required=True).add_parser(
        "export",
        help="roots.pem, revocation lists and statement-keys.json",
        description="roots.pem, revocation lists and statement-keys.json",
        parents=[common],
    )
    exported.add_argument("folder", type=Path, metavar="DIR")

    _add_database(command("db", "the registry's database"), common, speaking)

    init = command("init", "make a data directory; its mode is fixed from then on")
    init.add_argument("--mode", choices=("development", "production"), required=True)
    init.add_argument(
        "--host", required=True, help="the host in every QR code and link, for example izin.example.go.id"
    )
    init.add_argument(
        "--database", default="", metavar="URL", help="postgresql://USER@SERVER:PORT/NAME (default: a file)"
    )
    init.add_argument(
        "--office",
        type=Path,
        metavar="FILE",
        help="an office profile (TOML), taken in with the emblem and the region data that it names",
    )

    _add_tools(command)
    return top


def _add_tools(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Commands of those who develop Absah."""
    bench = command("bench", "run a benchmark against a named peer")
    bench.add_argument("name", metavar="NAME", help="which one, for example issue")
    bench.add_argument("--quick", action="store_true", help="fewer rounds")
    bench.add_argument("--json", action="store_true", help="only the last line, as JSON")

    test = command("test", "run the tests")
    test.add_argument("--conformance", action="store_true", help="ask the independent judges instead")
    test.add_argument("--long", action="store_true", help="run the suites that take their time instead")
    check = command("check", "the tests, and formatter, linter, types and import rules")
    check.add_argument("--static", action="store_true", help="without the tests")


def _add_decision(decision: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    actions = decision.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=parents)

    added = action("add", "take in decisions as JSON")
    added.add_argument("file", nargs="+", type=Path, metavar="FILE")
    template = action("template", "write the sheet to fill in for an import")
    template.add_argument("type", metavar="TYPE", help="permit type, for example genset")
    template.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file, .xlsx or .csv")
    imported = action("import", "take in the decisions of a filled-in sheet: all of them, or none if one is wrong")
    imported.add_argument("file", type=Path, metavar="FILE", help="a workbook (.xlsx) or a CSV file in UTF-8")
    imported.add_argument("--type", metavar="TYPE", help="permit type (default: told by the headings)")
    mode = imported.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only say what is wrong; record nothing")
    mode.add_argument(
        "--good-rows",
        action="store_true",
        help="record what is right; what is wrong goes to NAME.salah.xlsx (or .csv), to correct and import",
    )
    imported.add_argument("--json", action="store_true", help="one line of JSON instead of the summary")


def _add_render(render: argparse.ArgumentParser) -> None:
    render.description = (
        "Make the unsigned document once more from decision, plate and statement. Exit status: 0 the same bytes, 1 "
        "others, 2 could not be made. “log fsck --render” does it for all."
    )
    render.add_argument("--again", required=True, metavar="NUMBER", help="the document's number, as it is printed")
    render.add_argument("--out", type=Path, metavar="FILE", help="a new file for what was made; it is not signed")


def _add_service(service: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    actions = service.add_subparsers(dest="action", metavar="ACTION", required=True)
    report = actions.add_parser(
        "report",
        help="received, due, issued and handed over, for every application",
        description="Received, due, issued and handed over, for every application: open ones first, by their due day.",
        parents=parents,
    )
    report.add_argument("--year", type=words.year, metavar="YEAR", help="only what was received in this year")
    report.add_argument("--open", action="store_true", help="only what was not issued yet")
    report.add_argument("--json", action="store_true", help="one line of JSON per application")
    calendar = actions.add_parser(
        "calendar",
        help="the days off of a year, each with its source",
        description="The days off of a year, each with its source. The office's own table is holidays.toml at home.",
        parents=parents,
    )
    calendar.add_argument("year", type=words.year, metavar="YEAR")


def _add_database(database: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    actions = database.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=parents)

    action("upgrade", "bring it to the revision that this program needs")
    action("check", "is the database itself sound, and are its guards in place? (“log fsck” checks what it says)")
    backup = action("backup", "write one file with every row and document as of this moment; keys are not in it")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file; it holds personal data")
    restore = action("restore", "make this home from a backup; it is read-only until “db replay”")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--database", metavar="URL", help="put the registry elsewhere than the backup says")
    replay = action("replay", "bring a restored home forward to the newest published checkpoint")
    replay.add_argument(
        "--log", metavar="URL|DIR", help="a copy of the published log (default: this home's own public/log)"
    )
    replay.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a checkpoint that somebody kept, a witness or an off-site copy; again for more: the newest is reached",
    )
    printed = replay.add_mutually_exclusive_group()
    printed.add_argument(
        "--last-number",
        action="append",
        default=[],
        nargs=3,
        metavar=("TYPE", "YEAR", "N"),
        help="the last number that was given or stood on a draft before the loss, 0 for none; again for each type",
    )
    printed.add_argument(
        "--nothing-printed-since",
        action="store_true",
        help="on the keeper's word: nothing was printed or drafted after the last entry of backup and log",
    )
    replay.add_argument(
        "--leave-unpublished",
        action="store_true",
        help="no newer checkpoint exists: give up the records that no entry of the log names",
    )


def _add_log(log: argparse.ArgumentParser, *parents: argparse.ArgumentParser) -> None:
    actions = log.add_subparsers(dest="action", metavar="ACTION", required=True)

    # For the office (cli/keeping.py).
    publish = actions.add_parser(
        "publish",
        help="make public what was recorded: log and status lists",
        description="Make public what was recorded: the log's files and checkpoint, then the status lists.",
        parents=parents,
    )
    publish.add_argument("--watch", action="store_true", help="go on once a second, until Ctrl-C")
    prove = actions.add_parser(
        "prove",
        help="write a permit's proof (.tlog-proof): it was issued and is in the log",
        description="Write a permit's proof: that its issue is in the log. “log verify” judges it offline.",
        parents=parents,
    )
    prove.add_argument("permit", metavar="NUMBER", help="the permit's number, as it is printed")
    prove.add_argument("--out", type=Path, metavar="FILE", help="a new file (default: standard output)")
    fsck = actions.add_parser(
        "fsck",
        help="hold registry, documents and log against each other; name every difference",
        description="Hold registry, documents and log against each other and name every difference. Exit status: 0 "
        "none, 1 some, 2 could not check.",
        parents=parents,
    )
    fsck.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a checkpoint kept elsewhere (a witness's): what keepers of database and key together changed shows there",
    )
    fsck.add_argument(
        "--key", metavar="FILE|TEXT", help="the log's key, known by another way (default: the one this home publishes)"
    )
    fsck.add_argument("--render", action="store_true", help="also make every document once more, and compare its bytes")
    fsck.add_argument("--json", action="store_true", help="one line of JSON per difference")

    # For outside parties, on machines of their own (cli/logs.py): no home, no database, no office.
    monitor = actions.add_parser(
        "monitor",
        help="watch a log: does it go on from what was seen, and what was added?",
        description="Watch a log: does it go on from what was seen last time, and what was added? Exit status: 0 "
        "consistent, 1 alarm, 2 could not check.",
        parents=parents,
    )
    monitor.add_argument("url", metavar="URL", help="the log's address, for example https://HOST/log, or a folder")
    monitor.add_argument(
        "--state", type=Path, required=True, metavar="FILE", help="what was seen; evidence goes beside"
    )
    monitor.add_argument("--key", metavar="FILE|TEXT", help="the log's key (NAME+HASH+BASE64); needed the first time")
    monitor.add_argument("--witness", action="append", default=[], metavar="FILE|TEXT", help="key of a known witness")
    monitor.add_argument("--max-age", type=_count, metavar="HOURS", help="alarm when nothing shows it to be younger")
    monitor.add_argument("--watch", type=_count, metavar="SECONDS", help="look again and again, until the first alarm")
    monitor.add_argument("--json", action="store_true", help="one line of JSON per entry and finding")

    witness = actions.add_parser(
        "witness",
        help="cosign a log's checkpoint, if it goes on from all that was cosigned before",
        description="Cosign a log's checkpoint, if it goes on from all that was cosigned before. Exit status: 0 "
        "cosigned, 1 refused, 2 could not check. The folder FILE.memory beside the key must never be lost or set back.",
        parents=parents,
    )
    what = witness.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "url", nargs="?", metavar="URL", help="the log's address, for example https://HOST/log, or a folder"
    )
    what.add_argument("--make-key", metavar="NAME", help="make a new key, for example inspektorat.example.go.id/saksi")
    witness.add_argument("--key", type=Path, required=True, metavar="FILE", help="the witness's private key")
    witness.add_argument("--log-key", metavar="FILE|TEXT", help="the log's key (NAME+HASH+BASE64)")
    witness.add_argument("--out", type=Path, metavar="FILE", help="where the cosigned checkpoint goes")
    witness.add_argument("--first", action="store_true", help="this witness has never cosigned this log")

    verify = actions.add_parser(
        "verify",
        help="judge a proof (.tlog-proof) offline",
        description="Judge a proof offline. Exit status: 0 proven, 1 not proven, 2 could not check.",
        parents=parents,
    )
    verify.add_argument("proof", type=Path, metavar="PROOF", help="a file.tlog-proof")
    verify.add_argument("--key", metavar="FILE|TEXT", help="the log's key (default: the one that this home publishes)")
    verify.add_argument(
        "--witness", action="append", default=[], metavar="FILE|TEXT", help="key of a witness that must have cosigned"
    )
    verify.add_argument("--file", type=Path, metavar="PDF", help="must be the file that the entry names")


def _count(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 999999")
    return int(text)


def main(line: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 2 for misuse and for an environment that refuses."""
    arguments, rest = parser().parse_known_args(line)
    if rest and arguments.command != "test":
        parser().parse_args(line)
    try:
        return _run(arguments, rest)
    except AbsahError as error:
        print(f"absah: {error.text(arguments.lang)}", file=sys.stderr)
        return 2
    except KeysError as error:
        print(f"absah: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has read enough; nothing may complain when the interpreter flushes it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"absah: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace, rest: list[str]) -> int:
    match arguments.command:
        case "verify":
            from cli.verifying import verify_inputs

            return verify_inputs(arguments)
        case "serve":
            from cli.verifying import serve_verifier

            return serve_verifier(arguments.home, port=arguments.port)
        case "test" | "check" | "bench" | "pack":
            return _develop(arguments, rest)
        case "demo":
            return _demo(arguments)
        case "log":
            return _log(arguments)
        case _:
            return _office(arguments)


def _log(arguments: argparse.Namespace) -> int:
    if arguments.action in ("publish", "prove", "fsck"):
        from cli import keeping

        return keeping.run(arguments)
    from cli import logs

    return logs.run(arguments, clock=logs.utc_now, sleep=time.sleep)


def _pages(arguments: argparse.Namespace) -> int:
    if arguments.command == "render":
        from cli import rendering

        return rendering.run(arguments)
    from cli import previewing
    from cli.home import utc_now

    return previewing.run(arguments, clock=utc_now)


def _office(arguments: argparse.Namespace) -> int:
    from cli.home import utc_now

    if arguments.command in ("preview", "render"):
        return _pages(arguments)
    if arguments.command == "service":
        from cli import service

        return service.run(arguments, now=utc_now())
    if arguments.command == "db":
        from cli import databases

        return databases.run(arguments, now=utc_now())
    if arguments.command in ("mandate", "number", "permit"):
        from cli import memory

        return memory.run(arguments, now=utc_now())
    if arguments.command == "decision" and arguments.action != "add":
        from cli import importing

        return importing.run(arguments, now=utc_now())
    from cli import office

    return office.run(arguments, now=utc_now())


def _develop(arguments: argparse.Namespace, rest: list[str]) -> int:
    if arguments.command == "pack":
        from cli import packing
        from cli.home import utc_now

        return packing.run(arguments, now=utc_now())
    from cli import developing

    if arguments.command == "test":
        return developing.test(rest, conformance=arguments.conformance, long=arguments.long)
    if arguments.command == "check":
        return developing.check(tests=not arguments.static)
    return developing.bench(arguments.name, quick=arguments.quick, only_json=arguments.json)


def _demo(arguments: argparse.Namespace) -> int:
    """The demo speaks to a reader on standard output, or with --json to a program there and a reader beside it."""
    from cli import demo
    from cli.home import utc_now
    from cli.issuing import development_home
    from cli.progress import progress
    from cli.workshop import workshop

    def say(text: str) -> None:
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)

    say(f"Absah demo in {arguments.home}: made-up decisions, a made-up authority, every permit marked SIMULASI")
    home = development_home(arguments.home, now=utc_now())
    with workshop(home) as shop, progress(arguments.lang) as show:
        shown = demo.run(home, shop, clock=utc_now, say=say, progress=show)
    right = all(one.right for one in shown)
    say("")
    say(demo.table(shown, arguments.lang))
    say("")
    say(f"Permits:  {home.permits}{os.sep}*.pdf   links: {home.permits / 'links.txt'}")
    if arguments.json:
        permits = [one.as_json(arguments.lang) for one in shown]
        print(json.dumps({"home": str(home.root), "right": right, "permits": permits}, ensure_ascii=False), flush=True)
    if not right:
        say("A verdict was not what a genuine permit deserves; see the table.")
        return 1
    if arguments.exit:
        return 0
    from cli.publishing import publishing
    from cli.verifying import serve_verifier

    with publishing(home, clock=utc_now):
        return serve_verifier(
            arguments.home,
            port=arguments.port,
            ready=lambda address: say(f"Verifier: {address}/   (Ctrl-C ends it)"),
        )


if __name__ == "__main__":
    sys.exit(main())
