"""The registry's database: upgrade, check, back up, restore, and replay what a restored home lacks."""

import argparse
import datetime
import re
from contextlib import closing
from pathlib import Path
from typing import Final

from cli.home import CONFIGURATION, HOLIDAYS, OFFICE, Home, MisuseError
from cli.keeping import log_verifier
from cli.publishing import publisher
from registry import adoption, backup, destructions, replay
from registry.backup import Opened
from registry.database import Database
from registry.durable import PUBLIC_MODE, write_whole
from registry.formats.language import N_, translations
from registry.formats.spoken import SpokenError
from registry.fsck import guards
from templates import packs
from verifier.logreader import LogReader, SignedCheckpoint
from verifier.logsources import source_of

_PRIVATE: Final = 0o600
_URL_LINE: Final = re.compile(r'^url = ".*"$', re.MULTILINE)

_UPGRADED: Final = N_("{place}: revisi {revision}.")
_ADOPTED: Final = N_("{count} catatan lama diikat ke dalam log.")
_SOUND: Final = N_("Basis data utuh, revisi {revision}.")
_GUARD: Final = N_("SALAH: {place}")
_BACKED_UP: Final = N_(
    "{file}: {rows} baris dan dokumennya, {entries} catatan log. Berkas ini memuat data pribadi; simpan di tempat "
    "terkunci. Kunci (folder keys) tidak ikut: cadangkan terpisah."
)
_RESTORED: Final = N_(
    "{home}: dipulihkan dari cadangan {taken} ({entries} catatan log). Hanya dapat dibaca sampai “absah db replay” "
    "selesai. Kembalikan folder keys dari cadangannya sendiri."
)
_REPLAYED: Final = N_("{count} catatan log diputar ulang; registri kini memuat {size} catatan dan dapat dipakai lagi.")
_VOIDED: Final = N_("Nomor {series} {year}/{n} dinyatakan batal: tidak diketahui lagi untuk apa.")
_PUBLISHED: Final = N_("Log: {size} catatan diumumkan ({added} baru).")
_NO_FOLDER: Final = N_("Folder untuk {path} tidak ada. Sebutkan berkas dalam folder yang ada.")
_NOT_WAITING: Final = N_("Tidak ada yang perlu diputar ulang; berkas log dan daftar status dibuat ulang dari registri.")


class _ForgedBackupError(SpokenError):
    """The backup would write where it must not."""

    catalogue = "cli"


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run the command that was asked for and return its exit status."""
    match arguments.action:
        case "upgrade":
            return upgrade(arguments.home, language=arguments.lang, now=now)
        case "check":
            return check(arguments.home, language=arguments.lang)
        case "backup":
            return back_up(arguments.home, arguments.file, language=arguments.lang, now=now)
        case "restore":
            return restore(arguments.home, arguments.file, arguments.database, language=arguments.lang, now=now)
        case _:
            return bring_forward(arguments.home, arguments.log, arguments.checkpoint, language=arguments.lang, now=now)


def upgrade(root: Path, *, language: str, now: datetime.datetime) -> int:
    """Bring the database to the revision that this program needs, and bind rows from before the ledger."""
    say = translations("cli", language).gettext
    home = Home.configured(root)
    with closing(Database.upgraded(home.place)) as database:
        print(say(_UPGRADED).format(place=home.place, revision=database.revision()))
        if not replay.waits(database):
            with database.write() as tx:
                count = adoption.adopt(tx, holder=_holder, now=now)
            if count:
                print(say(_ADOPTED).format(count=count))
    return 0


def check(root: Path, *, language: str) -> int:
    """Ask the database whether it is sound, and whether its guards are in place."""
    say = translations("cli", language).gettext
    with closing(Home.open(root).database()) as database:
        with database.read() as tx:
            problems = [*database.problems(tx), *(str(one) for one in guards.check(tx))]
        for problem in problems:
            print(say(_GUARD).format(place=problem))
        if not problems:
            print(say(_SOUND).format(revision=database.revision()))
    return 1 if problems else 0


def back_up(root: Path, file: Path, *, language: str, now: datetime.datetime) -> int:
    """Write a backup of registry, documents, configuration and trust anchors."""
    say = translations("cli", language).gettext
    home = Home.open(root)
    if not file.parent.is_dir():
        raise MisuseError(_NO_FOLDER, path=str(file))
    with closing(home.database()) as database:
        done = backup.write(file, database=database, documents=home.documents(), files=_files(home), now=now)
    rows = sum(rows for rows, _ in done.tables.values())
    print(say(_BACKED_UP).format(file=file, rows=rows, entries=done.log_size))
    return 0


def restore(root: Path, file: Path, database_url: str | None, *, language: str, now: datetime.datetime) -> int:
    """Make a home from a backup. The configuration comes last: a restoration that was cut off is begun anew."""
    say = translations("cli", language).gettext
    if (root / CONFIGURATION).exists():
        raise MisuseError(
            N_("{home} sudah berisi data Absah. Cadangan dipulihkan ke folder yang baru (--home DIR)."), home=str(root)
        )
    opened = backup.read(file)
    settings = _configuration(opened, database_url)
    home = Home.made_of(root, settings)
    home.make_folders()
    for name, data in opened.files.items():
        if name != CONFIGURATION:
            write_whole(root / _inside(name), data, mode=PUBLIC_MODE if name.startswith("public/") else _PRIVATE)
    try:
        database = Database.create(home.place)
    except FileExistsError as error:
        raise MisuseError(
            N_("{place} sudah memuat registri. Cadangan dipulihkan ke basis data yang kosong (--database URL)."),
            place=str(home.place),
        ) from error
    with closing(database):
        backup.restore(opened, database=database, documents=home.documents(), now=now)
    write_whole(root / CONFIGURATION, settings.encode(), mode=_PRIVATE)
    print(say(_RESTORED).format(home=root, taken=opened.manifest.taken.isoformat(), entries=opened.manifest.log_size))
    return 0


def bring_forward(
    root: Path, log: str | None, checkpoint: Path | None, *, language: str, now: datetime.datetime
) -> int:
    """Replay the published log into a restored home, then publish it from there.

    Safe to repeat: what was replayed is not replayed again, and the log's files are made whole from the registry.
    """
    say = translations("cli", language).gettext
    home = Home.open(root)
    verifier = log_verifier(home)
    with publisher(home) as one, closing(home.database()) as database:  # the keys first: without them it ends half-way
        if replay.waits(database):
            reader = LogReader(source=source_of(log or str(home.public / "log")), verifier=verifier)
            newest = reader.latest() if checkpoint is None else SignedCheckpoint.open(checkpoint.read_bytes(), verifier)
            done = replay.replay(
                database,
                documents=home.documents(),
                entries=reader.follow(None, newest).entries(replay.position(database), newest.checkpoint.size),
                checkpoint=newest.checkpoint,
                holder=_holder,
                now=now,
            )
            for series, year, n in done.voided:
                print(say(_VOIDED).format(series=series, year=year, n=n))
            print(say(_REPLAYED).format(count=done.entries, size=newest.checkpoint.size))
        else:
            print(say(_NOT_WAITING))
        destructions.sweep(database, home.documents())
        published = one.log.resume(now=now)
        one.status.refresh(now=now)
    print(say(_PUBLISHED).format(size=published.size, added=published.added))
    return 0


def _holder(pack: str, public: dict[str, object]) -> str:
    return packs.named(pack).holder_name(public)


def _files(home: Home) -> dict[str, bytes]:
    """Configuration and trust anchors, never keys."""
    names = [CONFIGURATION, OFFICE, *([HOLIDAYS] if (home.root / HOLIDAYS).exists() else [])]
    found = {name: (home.root / name).read_bytes() for name in names}
    for path in sorted(home.trust.iterdir()) if home.trust.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            found[str(path.relative_to(home.root))] = path.read_bytes()
    return found


def _configuration(opened: Opened, database_url: str | None) -> str:
    text = opened.files.get(CONFIGURATION, b"").decode("utf-8")
    if database_url is None:
        return text
    changed, count = _URL_LINE.subn(lambda _: f'url = "{database_url}"', text, count=1)
    if not count:
        changed = f'{text}\n[database]\nurl = "{database_url}"\n'
    return changed


def _inside(name: str) -> Path:
    """A path of the backup below the home; one that leads out of it is a forged backup."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        raise _ForgedBackupError(N_("Cadangan ini memuat berkas di luar foldernya: {name}."), name=name)
    return path
