"""Wires the public door: verifier, its web pages, and the `verify` command. Loads no room that makes or signs."""

import argparse
import dataclasses
import datetime
import json
import logging
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from starlette.applications import Starlette

from cli.home import ConfigurationError, Home, utc_now
from keys.trust import Trust, TrustError
from registry.formats.record import RegistryView
from registry.formats.verdict import Answer, Check, Outcome, Subject, Verdict, VerdictName
from registry.records import RegistryReader
from verifier.office import PublicOffice
from verifier.reader import Reader
from verifier.report import as_json, as_text
from verifier.request import Isolation, ReaderLimits
from verifier.serving import serve
from verifier.verify import Verifier
from verifier.web import WebLimits, application

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LOOPBACK: Final = "127.0.0.1"

_Limits = TypeVar("_Limits", bound="DataclassInstance")


def limits_of(kind: type[_Limits], table: Mapping[str, Any], name: str) -> _Limits:
    """The limits of one kind from their table in `absah.toml`. Raises `ConfigurationError` for unknown names."""
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(set(table) - known):
        raise ConfigurationError(f"limits.{name}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    try:
        return kind(**table)
    except ValueError as error:
        raise ConfigurationError(f"limits.{name}: {error}") from error


def reader_of(home: Home) -> Reader:
    """The isolated reader of files, not yet started."""
    limits = limits_of(ReaderLimits, home.settings.limits.reader, "reader")
    return Reader(limits=limits, isolation=Isolation(home.settings.isolation))


def trust_of(home: Home) -> Trust:
    """The home's published trust anchors. Raises `ConfigurationError`.

    A development home is one for good: nobody who edits a public file makes its permits look real.
    """
    try:
        trust = Trust.read(home.trust)
    except TrustError as error:
        raise ConfigurationError(str(error)) from error
    return dataclasses.replace(trust, simulation=trust.simulation or home.settings.mode == "development")


def office_of(home: Home) -> tuple[PublicOffice, ZoneInfo]:
    """The office as the public meets it, and its zone; read without the room that lays out pages."""
    try:
        profile = tomllib.loads(home.office_file.read_text(encoding="utf-8"))
        office = PublicOffice(
            name=" ".join(profile["office"]),
            phone=profile["phone"],
            email=profile["email"],
            web=profile["web"],
            government=profile["government"],
            address=tuple(profile["address"]),
        )
        return office, ZoneInfo(profile["zone"])
    except KeyError as error:
        raise ConfigurationError(f"the office profile {home.office_file} lacks {error}: add it") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the office profile {home.office_file} cannot be used: {error}") from error


def verifier_of(
    home: Home,
    *,
    trust: Trust,
    registry: RegistryView,
    reader: Reader,
    zone: ZoneInfo,
    always_read_codes: bool = False,
) -> Verifier:
    """A verifier that believes these anchors and asks this registry."""
    return Verifier(
        trust=trust,
        registry=registry,
        reader=reader,
        host=home.settings.host,
        zone=zone,
        always_read_codes=always_read_codes,
    )


def verify_inputs(arguments: argparse.Namespace) -> int:
    """The `verify` command: 0 when every answer passed for every input, 1 when one failed, 2 when one is unknown."""
    home = Home.open(arguments.home)
    database = home.database()
    _, zone = office_of(home)
    worst: set[Outcome] = set()
    try:
        with reader_of(home) as reader:
            registry = RegistryReader(database=database, documents=home.documents())
            verifier = verifier_of(home, trust=trust_of(home), registry=registry, reader=reader, zone=zone)
            for given in arguments.input:
                try:
                    subject = subject_of(given)
                except OSError as error:
                    print(f"absah: {given}: {error.strerror}", file=sys.stderr)
                    verdict = unread(now=utc_now(), on=arguments.on)
                else:
                    verdict = verifier.verify(subject, now=utc_now(), on=arguments.on)
                worst.update(verdict.answers.values())
                _print(verdict, given, as_one_line=arguments.json, language=arguments.lang, zone=zone)
    finally:
        database.close()
    return exit_status(worst)


def unread(*, now: datetime.datetime, on: datetime.date | None) -> Verdict:
    """The verdict on a file that is not there, or may not be read: nothing is known about it."""
    check = Check("1.1 file_readable", Answer.INTACT, Outcome.UNKNOWN, "file_missing")
    return Verdict(
        subject=Subject.FILE,
        name=VerdictName.UNCHECKED,
        simulation=False,
        checks=(check,),
        as_of=now,
        on=on,
        facts={"cause": "file_missing"},
    )


def exit_status(outcomes: set[Outcome]) -> int:
    """0 when all passed, 1 when any failed, 2 when none failed but something is unknown."""
    if Outcome.FAILED in outcomes:
        return 1
    return 2 if Outcome.UNKNOWN in outcomes else 0


def subject_of(given: str) -> bytes | str:
    """What a word on the command line means: a link or digits as they are, else the bytes of a file."""
    if given.lower().startswith(("https://", "http://")):
        return given
    try:
        return Path(given).read_bytes()
    except OSError:
        if given.isdigit():
            return given
        raise


def _print(verdict: Verdict, given: str, *, as_one_line: bool, language: str, zone: ZoneInfo) -> None:
    if as_one_line:
        print(json.dumps(as_json(verdict, given, language), ensure_ascii=False), flush=True)
    else:
        print(as_text(verdict, given, language, zone=zone), flush=True)


def public_application(home: Home, *, reader: Reader, registry: RegistryReader) -> Starlette:
    """The web pages of the public door."""
    office, zone = office_of(home)
    trust = trust_of(home)
    return application(
        verifier=verifier_of(home, trust=trust, registry=registry, reader=reader, zone=zone),
        documents=registry.document,
        proofs=registry.proof,
        report=as_json,
        office=office,
        zone=zone,
        clock=utc_now,
        public_folder=home.public,
        simulation=trust.simulation,
        limits=limits_of(WebLimits, home.settings.limits.web, "web"),
    )


def serve_verifier(root: Path, *, port: int, ready: Callable[[str], None] | None = None) -> int:
    """Serve the public door on this machine until Ctrl-C. Raises `UnavailableError` where it cannot."""
    home = Home.open(root)
    database = home.database()
    try:
        with reader_of(home) as reader:
            reader.start()
            registry = RegistryReader(database=database, documents=home.documents())
            app = public_application(home, reader=reader, registry=registry)
            serve(app, LOOPBACK, port, ready=ready or (lambda address: print(f"Verifier: {address}/", flush=True)))
    finally:
        database.close()
        logging.shutdown()
    return 0
