"""Commands of the office: decisions in, permits out, trust anchors for others."""

import argparse
import datetime
import sys
from pathlib import Path

from cli import schemas
from cli.home import CONFIGURATION, Home, MisuseError
from cli.issuing import development_home, intake, sample_office
from desk.intake import RefusedDecisionError
from keys.development import DevelopmentPki
from keys.trust import Trust
from registry.formats.language import N_
from templates import packs
from templates.office import OfficeProfile
from templates.problems import Problem


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run the command that was asked for and return its exit status."""
    match arguments.command:
        case "schema":
            return schema(arguments.home, arguments.type, now=now)
        case "decision":
            return add_decisions(arguments.home, arguments.file, language=arguments.lang, now=now)
        case "issue":
            return issue(arguments.home, arguments.file, arguments.out, language=arguments.lang, now=now)
        case "trust":
            return export_trust(arguments.home, arguments.folder, now=now)
        case "init":
            return init(
                arguments.home,
                mode=arguments.mode,
                host=arguments.host,
                database=arguments.database,
                office=arguments.office,
                now=now,
            )
    raise ValueError(f"no such command: {arguments.command}")


def schema(root: Path, permit_type: str | None, *, now: datetime.datetime) -> int:
    """Print the JSON Schema of a decision; without a type, publish those of all."""
    if permit_type is not None:
        return schemas.show(permit_type)
    home = Home.open(root) if (root / CONFIGURATION).exists() else development_home(root, now=now)
    for path in schemas.publish(home):
        print(path)
    return 0


def add_decisions(root: Path, files: list[Path], *, language: str, now: datetime.datetime) -> int:
    """Take in each file; one that is refused does not keep the others out."""
    home = Home.open(root) if (root / CONFIGURATION).exists() else development_home(root, now=now)
    refused = 0
    with intake(home) as door:
        for file in files:
            try:
                receipt = door.add(file.read_bytes(), now=now)
            except OSError as error:
                print(f"{file}: {error.strerror}", file=sys.stderr)
                refused += 1
            except RefusedDecisionError as error:
                print_problems(file, error.problems, language)
                refused += 1
            else:
                print_problems(file, receipt.warnings, language)
                print(f"{file}: {receipt.outcome} {receipt.decision.reference} (revision {receipt.decision.revision})")
    return 1 if refused else 0


def issue(root: Path, file: Path, out: Path, *, language: str, now: datetime.datetime) -> int:
    """Issue one decision and write the signed permit to `out`."""
    data = file.read_bytes()
    if out.is_dir() or not out.parent.is_dir():
        # Asked before the permit is issued: an issued permit whose copy cannot be written helps no one.
        raise MisuseError(N_("Folder untuk {path} tidak ada. Sebutkan berkas dalam folder yang ada."), path=str(out))
    from cli.workshop import workshop  # noqa: PLC0415  # loads WeasyPrint and pyHanko, for this command alone

    home = development_home(root, now=now)
    with workshop(home) as shop:
        try:
            receipt = shop.intake.add(data, now=now)
        except RefusedDecisionError as error:
            print_problems(file, error.problems, language)
            return 1
        print_problems(file, receipt.warnings, language)
        instrument = shop.issuance.issue(receipt.decision, now=now)
        shop.publisher.publish(now=now)
        record = shop.records.permit_by_serial(instrument.serial)
        if record is None or record.file_sha256 is None:
            raise LookupError(f"{instrument.number} was issued and cannot be found")
        out.write_bytes(shop.records.document(record.file_sha256))
    print(f"{instrument.number} -> {out}")
    return 0


def export_trust(root: Path, folder: Path, *, now: datetime.datetime) -> int:
    """Write what an outside validator needs: roots.pem, NAME.crl for each authority, statement-keys.json."""
    home = Home.open(root)
    trust = DevelopmentPki.load(home.keys).trust(now) if home.settings.mode == "development" else Trust.read(home.trust)
    trust.write(folder)
    for name in sorted(trust.files()):
        print(folder / name)
    return 0


def init(root: Path, *, mode: str, host: str, database: str, office: Path | None, now: datetime.datetime) -> int:
    """Make a data directory with the office profile that is named, else with the sample."""
    profile, beside = (sample_office(), {}) if office is None else _profile(office)
    home = Home.create(
        root,
        mode="production" if mode == "production" else "development",
        office=profile,
        host=host,
        database=database,
        beside=beside,
    )
    schemas.publish(home)
    if home.settings.mode == "development":
        development_home(root, now=now)
    print(f"{home.root}: {home.settings.mode}. Edit {home.office_file} before the first permit.")
    return 0


def _profile(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """An office profile and the files that it names beside it, once all of it was found usable."""
    office = OfficeProfile.read(path)
    packs.check_numbers(office)
    return path.read_bytes(), {name: (path.parent / name).read_bytes() for name in office.files}


def print_problems(file: Path, problems: tuple[Problem, ...], language: str) -> None:
    """What is wrong with a decision's file, on standard error."""
    for problem in problems:
        word = {"id": {"error": "SALAH", "warning": "PERHATIAN"}, "en": {"error": "ERROR", "warning": "WARNING"}}
        print(f"{file}: {word[language][problem.severity]}: {problem.text(language)}", file=sys.stderr)
