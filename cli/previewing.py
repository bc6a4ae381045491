"""The command that shows an officer the page of a decision before anything is recorded."""

import argparse
import datetime
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cli.home import CONFIGURATION, Home, MisuseError
from cli.issuing import development_home
from cli.office import print_problems
from cli.workshop import previewing
from desk.intake import Intake, RefusedDecisionError
from desk.preview import Draft, Preview
from registry.formats.errors import DocumentError
from registry.formats.language import N_

_PDF, _PNG = ".pdf", ".png"
_DPI: Final = 150
_LOOK_SECONDS: Final = 0.5
_SAID: Final = {
    "id": "Pratinjau {count} halaman; tidak ada yang disimpan.",
    "en": "Preview of {count} page(s); nothing was recorded.",
}


def run(
    arguments: argparse.Namespace,
    *,
    clock: Callable[[], datetime.datetime],
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Draw one decision's preview; with --watch again at every change of its file, until Ctrl-C.

    0: drawn; 1: refused. Nothing is recorded. A preview that cannot be made leaves the one before it in place.
    """
    out: Path = arguments.out
    if out.suffix.lower() not in (_PDF, _PNG):
        raise MisuseError(
            N_("Nama berkas --out {path} harus berakhir dengan {pdf} atau {png}."), path=str(out), pdf=_PDF, png=_PNG
        )
    root: Path = arguments.home
    home = Home.open(root) if (root / CONFIGURATION).exists() else development_home(root, now=clock())
    with previewing(home) as (intake, preview):
        status, written = 0, set[Path]()
        for data in _contents(arguments.file, watch=arguments.watch, pause=pause):
            draft = _drawn(intake, preview, data, arguments, now=clock())
            status = 1 if draft is None else 0
            if draft is not None:
                written = _show(draft, arguments, before=written)
        return status


def _contents(file: Path, *, watch: bool, pause: Callable[[float], None]) -> Iterator[bytes]:
    """The file's bytes, and again whenever they have changed."""
    data = file.read_bytes()
    yield data
    while watch:
        pause(_LOOK_SECONDS)
        try:
            again = file.read_bytes()
        except FileNotFoundError:
            continue  # an editor is replacing it
        if again != data:
            data = again
            yield data


def _drawn(
    intake: Intake, preview: Preview, data: bytes, arguments: argparse.Namespace, *, now: datetime.datetime
) -> Draft | None:
    """The preview of a decision's file; None for one that is refused, once it was said why."""
    try:
        approved = intake.examine(data, now=now)
    except RefusedDecisionError as error:
        print_problems(arguments.file, error.problems, arguments.lang)
        return None
    print_problems(arguments.file, approved.warnings, arguments.lang)
    try:
        return preview.draw(approved, now=now)
    except DocumentError as error:
        if not arguments.watch:
            raise
        print(f"{arguments.file}: {error.text(arguments.lang)}", file=sys.stderr)
        return None


def _show(draft: Draft, arguments: argparse.Namespace, *, before: set[Path]) -> set[Path]:
    """Write and name the files of a draft; a page that this run drew `before` and that is gone does not stay."""
    written = set(_write(draft, arguments.out))
    for path in sorted(before - written):
        path.unlink(missing_ok=True)
    for path in sorted(written):
        print(path, flush=True)
    print(_SAID[arguments.lang].format(count=draft.pages), flush=True)
    return written


def _write(draft: Draft, out: Path) -> Iterator[Path]:
    """One PDF, or one PNG a page: NAME.png, or NAME-1.png and so on."""
    if out.suffix.lower() == _PDF:
        yield _replace(out, draft.pdf)
        return
    for page in range(1, draft.pages + 1):
        path = out if draft.pages == 1 else out.with_name(f"{out.stem}-{page}{out.suffix}")
        yield _replace(path, draft.png(page=page, dpi=_DPI))


def _replace(path: Path, data: bytes) -> Path:
    """Written whole: a viewer that looks on never sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
    return path
