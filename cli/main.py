"""The command line. Each command imports only what it needs: the public verifier never loads a room that signs."""

import argparse
import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli.home import utc_now
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
Verdicts, and what is wrong with a decision, are said in Indonesian; --lang en gives English."""


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
    verify.add_argument("--on", type=_day, metavar="DATE", help="was it in force on this day? (YYYY-MM-DD)")

    serve = command("serve", "serve the web pages on this machine")
    serve.add_argument("door", nargs="?", choices=("verifier",), default="verifier", help="which door")
    serve.add_argument("--port", type=int, default=PORT, help=f"port (default: {PORT})")

    decision = command("decision", "approved decisions")
    added = decision.add_subparsers(dest="action", metavar="ACTION", required=True).add_parser(
        "add", help="take in decisions as JSON", description="take in decisions as JSON", parents=[common, speaking]
    )
    added.add_argument("file", nargs="+", type=Path, metavar="FILE")

    issue = command("issue", "the whole path for one decision (development mode)", speaking)
    issue.add_argument("file", type=Path, metavar="FILE", help="a decision as JSON")
    issue.add_argument("--out", type=Path, required=True, metavar="PDF", help="where the signed permit goes")

    schema = command("schema", "the JSON Schema of a decision")
    schema.add_argument("type", metavar="TYPE", help="permit type, for example genset")

    trust = command("trust", "trust anchors for outside validators")
    exported = trust.add_subparsers(dest="action", metavar="ACTION", required=True).add_parser(
        "export",
        help="roots.pem, revocation lists and statement-keys.json",
        description="roots.pem, revocation lists and statement-keys.json",
        parents=[common],
    )
    exported.add_argument("folder", type=Path, metavar="DIR")

    database = command("db", "the registry's database")
    database.add_subparsers(dest="action", metavar="ACTION", required=True).add_parser(
        "upgrade",
        help="bring it to the revision that this program needs",
        description="bring it to the revision that this program needs",
        parents=[common],
    )

    init = command("init", "make a data directory; its mode is fixed from then on")
    init.add_argument("--mode", choices=("development", "production"), required=True)
    init.add_argument(
        "--host", required=True, help="the host in every QR code and link, for example izin.example.go.id"
    )

    bench = command("bench", "run a benchmark against a named peer")
    bench.add_argument("name", metavar="NAME", help="which one, for example issue")
    bench.add_argument("--quick", action="store_true", help="fewer rounds")
    bench.add_argument("--json", action="store_true", help="only the last line, as JSON")

    test = command("test", "run the tests")
    test.add_argument("--conformance", action="store_true", help="ask the independent judges instead")
    check = command("check", "the tests, and formatter, linter, types and import rules")
    check.add_argument("--static", action="store_true", help="without the tests")
    return top


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as YYYY-MM-DD") from error


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 2 for misuse and for an environment that refuses."""
    arguments, rest = parser().parse_known_args(words)
    if rest and arguments.command != "test":
        parser().parse_args(words)
    try:
        return _run(arguments, rest)
    except (AbsahError, KeysError) as error:
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
        case "test" | "check" | "bench":
            return _develop(arguments, rest)
        case "demo":
            return _demo(arguments)
        case _:
            from cli import office

            return office.run(arguments, now=utc_now())


def _develop(arguments: argparse.Namespace, rest: list[str]) -> int:
    from cli import developing

    if arguments.command == "test":
        return developing.test(rest, conformance=arguments.conformance)
    if arguments.command == "check":
        return developing.check(tests=not arguments.static)
    return developing.bench(arguments.name, quick=arguments.quick, only_json=arguments.json)


def _demo(arguments: argparse.Namespace) -> int:
    """The demo speaks to a reader on standard output, or with --json to a program there and a reader beside it."""
    from cli import demo
    from cli.issuing import development_home, workshop

    def say(text: str) -> None:
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)

    say(f"Absah demo in {arguments.home}: made-up decisions, a made-up authority, every permit marked SIMULASI")
    home = development_home(arguments.home, now=utc_now())
    with workshop(home) as shop:
        shown = demo.run(home, shop, clock=utc_now, say=say)
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
    from cli.verifying import serve_verifier

    return serve_verifier(
        arguments.home,
        port=arguments.port,
        ready=lambda address: say(f"Verifier: {address}/   (Ctrl-C ends it)"),
    )


if __name__ == "__main__":
    sys.exit(main())
