"""The registry's database: upgrade, check, back up, restore, and replay what a restored home lacks."""

import argparse
import datetime
import re
from contextlib import closing
from pathlib import Path
from typing import Final

from cli.home import CONFIGURATION, OFFICE, Home, MisuseError
from cli.keeping import log_verifier, read_checkpoint
from cli.publishing import last_signed, log_key, publisher
from keys.development import DevelopmentPki
from registry import adoption, backup, destructions, replay
from registry.backup import Opened
from registry.database import Database, Location
from registry.durable import PUBLIC_MODE, write_whole
from registry.formats.errors import UnavailableError
from registry.formats.language import N_, translations
from registry.formats.merkle import ProofError
from registry.formats.note import NoteVerifier
from registry.formats.spoken import SpokenError
from registry.fsck import Fsck, guards
from templates import packs
from verifier.logreader import ContradictionError, LogReader, LogTree, SignedCheckpoint
from verifier.logsources import MissingFileError, source_of

_PRIVATE: Final = 0o600
# Trust anchors stand in one folder, which names itself and not its parents.
# Configuration, office profile, days off, and what the profile names: emblem and region data.
_HOME_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(toml|svg|png)")
_TRUST_FILE: Final = re.compile(r"public/\.well-known/absah/[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,199}")
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
_LEFT: Final = N_(
    "Tidak dipulihkan, karena tidak ada dalam log: {record}. Periksa suratnya; kalau memang terjadi, catat lagi."
)
_TWO_HISTORIES: Final = N_(
    "{place} dan {other} bertentangan: kunci log ini menandatangani dua riwayat. Jangan teruskan; simpan keduanya "
    "sebagai bukti."
)
_NOT_OURS: Final = N_("Cadangan ini memuat berkas yang tidak pernah dicadangkan program ini: {name}.")
_NO_TEXT: Final = N_("{name} dalam cadangan ini bukan teks UTF-8.")
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
            return bring_forward(
                arguments.home,
                arguments.log,
                arguments.checkpoint,
                last=None if arguments.nothing_printed_since else _last_numbers(arguments.last_number),
                leave_unpublished=arguments.leave_unpublished,
                language=arguments.lang,
                now=now,
            )


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
    for name in opened.files:
        if not _may_hold(name):
            raise _ForgedBackupError(_NOT_OURS, name=repr(name))
    settings = _configuration(opened, database_url)
    home = Home.made_of(root, settings)
    home.make_folders()
    for name, data in opened.files.items():
        if name != CONFIGURATION:
            write_whole(root / name, data, mode=PUBLIC_MODE if name.startswith("public/") else _PRIVATE)
    with closing(_empty_registry(home.place)) as database:
        backup.restore(opened, database=database, documents=home.documents(), now=now)
    write_whole(root / CONFIGURATION, settings.encode(), mode=_PRIVATE)
    print(say(_RESTORED).format(home=root, taken=opened.manifest.taken.isoformat(), entries=opened.manifest.log_size))
    return 0


def bring_forward(
    root: Path,
    log: str | None,
    kept: list[Path],
    *,
    last: dict[tuple[str, int], int] | None,
    leave_unpublished: bool,
    language: str,
    now: datetime.datetime,
) -> int:
    """Replay the published log into a restored home, then publish it from there.

    `kept` are checkpoints that others kept; `last` and `leave_unpublished` as in `registry.replay.Statement`. Safe to
    repeat: what was replayed is not replayed again, and the log's files are made whole from the registry.
    """
    say = translations("cli", language).gettext
    home = Home.open(root)
    verifier = log_verifier(home)
    documents = home.documents()
    with publisher(home, watched=False) as one, closing(Database.open(home.place)) as database:
        _check_key(home, verifier)
        in_front = one.log.in_front()
        behind = in_front is not None and in_front.size > replay.position(database)
        if behind and not replay.waits(database):
            replay.set_aside(database, now=now)
        if replay.waits(database):
            reader = LogReader(source=source_of(log or str(home.public / "log")), verifier=verifier)
            known = _checkpoints(home, reader, kept)
            tree = _newest(reader, known)
            fsck = Fsck(
                database=database,
                documents=documents,
                folder=home.public / "log",
                verifier=verifier,
                holder=_holder,
            )
            done = replay.replay(
                database,
                documents=documents,
                entries=tree.entries(replay.position(database), tree.checkpoint.size),
                checkpoint=tree.checkpoint,
                holder=_holder,
                stated=replay.Statement(
                    series=frozenset(pack.series for pack in packs.versions().values()),
                    last=last,
                    leave_unpublished=leave_unpublished,
                ),
                judge=lambda tx: fsck.within(tx, outside=[one.checkpoint for one in known.values()], now=now),
                now=now,
            )
            for series, year, n in done.voided:
                print(say(_VOIDED).format(series=series, year=year, n=n))
            for record in done.left:
                print(say(_LEFT).format(record=record))
            print(say(_REPLAYED).format(count=done.entries, size=tree.checkpoint.size))
        else:
            print(say(_NOT_WAITING))
        destructions.sweep(database, documents)
        published = one.log.resume(now=now)
        one.status.refresh(now=now)
    print(say(_PUBLISHED).format(size=published.size, added=published.added))
    return 0


def _holder(pack: str, public: dict[str, object]) -> str:
    return packs.named(pack).holder_name(public)


def _check_key(home: Home, verifier: NoteVerifier) -> None:
    """The published key came with the backup, the private one from its own: only together may they go on."""
    if log_key(home, DevelopmentPki.load(home.keys)) != verifier.text:
        raise MisuseError(
            N_(
                "{path} tidak berpasangan dengan kunci log di {keys}. Cadangan ini atau folder keys itu milik log "
                "lain; kembalikan folder keys yang benar."
            ),
            path=str(home.trust / "log.vkey"),
            keys=str(home.keys),
        )


def _checkpoints(home: Home, reader: LogReader, kept: list[Path]) -> dict[str, SignedCheckpoint]:
    """Every checkpoint that is at hand, by where it stands: the log's, this home's own, and those that others kept."""
    known = {str(path): _signed(path, reader.verifier) for path in kept}
    own = (home.public / "log" / "checkpoint", last_signed(home))
    known.update((str(path), _signed(path, reader.verifier)) for path in own if path.exists())
    try:
        known["--log"] = reader.latest()
    except MissingFileError:
        if not known:
            raise
    return known


def _signed(path: Path, verifier: NoteVerifier) -> SignedCheckpoint:
    return SignedCheckpoint(checkpoint=read_checkpoint(path, verifier), note=path.read_bytes())


def _newest(reader: LogReader, known: dict[str, SignedCheckpoint]) -> LogTree:
    """The tree of the largest checkpoint, which goes on from all the others. Raises `MisuseError` where it does not."""
    place, newest = max(known.items(), key=lambda one: one[1].checkpoint.size)
    for other, old in known.items():  # before the log is read: it can only fit one of them
        if old.checkpoint.size == newest.checkpoint.size and old.checkpoint.root != newest.checkpoint.root:
            raise MisuseError(_TWO_HISTORIES, place=place, other=other)
    for other, old in known.items():
        try:
            tree = reader.follow(old, newest)
        except ContradictionError as error:
            raise MisuseError(_TWO_HISTORIES, place=place, other=other) from error
        except (ProofError, UnavailableError) as error:
            raise MisuseError(
                N_(
                    "Salinan log ini tidak sampai ke checkpoint {place} yang memuat {size} catatan ({reason}). "
                    "Sebutkan salinan log yang lengkap dengan --log URL|DIR."
                ),
                place=place,
                size=newest.checkpoint.size,
                reason=error,
            ) from error
    return tree


def _last_numbers(given: list[list[str]]) -> dict[tuple[str, int], int]:
    last: dict[tuple[str, int], int] = {}
    of_type = {pack.type: pack.series for pack in packs.packs()}
    for name, year, n in given:
        series = of_type.get(name, name)
        if not (re.fullmatch("[0-9]{4}", year, re.ASCII) and re.fullmatch("[0-9]{1,10}", n, re.ASCII)):
            raise MisuseError(
                N_("--last-number {words} tidak terbaca. Tulis jenis, tahun dan nomor, misalnya genset 2026 51."),
                words=f"{name} {year} {n}",
            )
        last[series, int(year)] = max(int(n), last.get((series, int(year)), 0))
    return last


def _empty_registry(place: Location) -> Database:
    """A new registry, or one that a restoration which was cut off has made and not filled."""
    try:
        return Database.create(place)
    except FileExistsError as error:
        database = Database.open(place)
        if backup.is_empty(database):
            return database
        database.close()
        raise MisuseError(
            N_("{place} sudah memuat registri. Cadangan dipulihkan ke basis data yang kosong (--database URL)."),
            place=str(place),
        ) from error


def _files(home: Home) -> dict[str, bytes]:
    """Configuration and trust anchors, never keys. `_may_hold` allows these names and no other."""
    beside = {path.name for path in home.root.iterdir() if _HOME_FILE.fullmatch(path.name) and path.is_file()}
    found = {name: (home.root / name).read_bytes() for name in sorted({CONFIGURATION, OFFICE, *beside})}
    for path in sorted(home.trust.iterdir()) if home.trust.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            found[str(path.relative_to(home.root))] = path.read_bytes()
    return found


def _configuration(opened: Opened, database_url: str | None) -> str:
    try:
        text = opened.files.get(CONFIGURATION, b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise _ForgedBackupError(_NO_TEXT, name=CONFIGURATION) from error
    if database_url is None:
        return text
    changed, count = _URL_LINE.subn(lambda _: f'url = "{database_url}"', text, count=1)
    if not count:
        changed = f'{text}\n[database]\nurl = "{database_url}"\n'
    return changed


def _may_hold(name: str) -> bool:
    """Whether a backup of ours holds a file of this name: never a key, a registry or a document beside its hash."""
    return any(allowed.fullmatch(name) for allowed in (_HOME_FILE, _TRUST_FILE))
