"""The versions of permit types: list them, freeze one, check that the frozen ones hold, lay out an office's pages.

All but the last need no home: a version belongs to the program, and is frozen before the first office uses it.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.home import Home
from cli.progress import progress
from registry.formats.errors import DocumentError
from registry.formats.language import N_, translations
from registry.formats.spoken import word
from templates import packs
from templates.freezing import Code, Difference, FreezeError, Freezer
from templates.pack import Pack
from templates.renderer import Renderer

LOCK: Final = Path(packs.__file__).with_name("frozen.toml")
OFFICES: Final = LOCK.parents[1] / "offices"

# Every difference in words.
SENTENCES: Final = {
    Code.VERSION_MISSING: N_("{version}: pernah dibekukan, tetapi foldernya tidak ada lagi. Kembalikan."),
    Code.NOT_FROZEN: N_("{version}: belum dibekukan. Jalankan “absah pack freeze {version}” bila sudah final."),
    Code.FILE_CHANGED: N_("{version}: berkas {place} berubah"),
    Code.FILE_MISSING: N_("{version}: berkas {place} hilang"),
    Code.FILE_ADDED: N_("{version}: berkas {place} ditambahkan sesudah dibekukan"),
    Code.TYPEFACE_CHANGED: N_("{version}: fon {place} pada mesin ini bukan berkas yang sama seperti ketika dibekukan"),
    Code.SCHEMA_CHANGED: N_("{version}: skema JSON keputusannya berubah, karena bagian yang dipakai bersama berubah"),
    Code.OFFICE_CHANGED: N_("{version}: yang tercetak tentang kantor {place} berubah"),
    Code.PAGE_IMPOSSIBLE: N_("{version}: naskah {place} tidak dapat dicetak lagi"),
    Code.PAGE_CHANGED: N_("{version}: teks atau letak pada naskah {place} berubah"),
    Code.BYTES_CHANGED: N_("{version}: isi berkas naskah {place} berubah, walau teks dan letaknya tetap"),
}
_STATES: Final = {
    "frozen": N_("beku"),
    "open": N_("belum beku"),
    "changed": N_("berubah"),
    "missing": N_("hilang"),
}
_CLEAN: Final = N_("Semua {count} versi sama seperti ketika dibekukan.")
_FOUND: Final = N_("{count} perbedaan ditemukan.")
_REMEDY: Final = N_("Versi yang beku tidak boleh berubah: kembalikan yang berubah, atau buatlah versi baru.")
_BYTES_UNSEEN: Final = N_(
    "{version}: isi berkas PDF tidak dibandingkan, karena pustaka pada mesin ini belum dicatat (pack freeze --again)."
)
_SCHEMA_UNSEEN: Final = N_(
    "{version}: skema JSON tidak dibandingkan, karena versi pydantic ini belum dicatat (pack freeze --again)."
)
_FROZEN: Final = N_("{version} dibekukan. Simpan {lock} dan folder goldens di repositori.")
_RECORDED: Final = N_("{version}: mesin ini dicatat.")
_KNOWN: Final = N_("{version}: mesin ini sudah tercatat.")
_UNKNOWN: Final = N_("Tidak ada versi {version}. Yang ada: {known}.")
_SHAPES: Final = N_("Susunan halaman: {there} sudah diukur, {made} baru diukur.")
_PLATES: Final = N_("Pelat halaman: {there} sudah ada, {made} baru dibuat.")
_HEAD: Final = tuple(map(N_, ("VERSI", "JENIS NASKAH", "KEADAAN", "CONTOH", "JUDUL")))
_NONE: Final = "–"
_COLUMNS: Final = ("<20", "<18", "<11", ">6", "")
_MAX_DETAILS: Final = 12


def run(arguments: argparse.Namespace, *, now: datetime.datetime) -> int:
    """Run the command that was asked for and return its exit status."""
    if arguments.action == "publish":
        return publish(arguments.home, arguments.version, now=now, language=arguments.lang)
    versions = packs.versions()
    freezer = Freezer(packs=versions, lock=LOCK, renderer=Renderer())
    match arguments.action:
        case "list":
            return show(freezer, versions, as_json=arguments.json, language=arguments.lang)
        case "freeze":
            day = arguments.day or now.date()
            return freeze(freezer, arguments.version, again=arguments.again, day=day, language=arguments.lang)
        case _:
            return check(freezer, language=arguments.lang)


def show(freezer: Freezer, versions: Mapping[str, Pack], *, as_json: bool, language: str) -> int:
    """Print every version, the frozen ones that are gone too."""
    say = translations("cli", language).gettext
    if not as_json:
        print(_row(map(say, _HEAD)))
    for name in freezer.names:
        state, pack = _state(freezer, name), versions.get(name)
        if as_json:
            print(json.dumps(_as_json(name, state, pack), ensure_ascii=False))
        elif pack is None:
            print(_row((name, _NONE, say(_STATES[state]), _NONE, _NONE)))
        else:
            kind = word(pack.kind, language)
            print(_row((name, kind, say(_STATES[state]), str(len(pack.samples())), pack.title)))
    return 0


def freeze(freezer: Freezer, names: Iterable[str], *, again: bool, day: datetime.date, language: str) -> int:
    """Freeze versions, or record what frozen ones give on this machine; stops at the first that is refused."""
    say = translations("cli", language).gettext
    for name in names:
        try:
            if again:
                new = freezer.freeze_again(name)
                print(say(_RECORDED if new else _KNOWN).format(version=name))
            else:
                offices = {path.stem: path for path in OFFICES.glob("*.toml")}
                freezer.freeze(name, offices=offices, day=day)
                print(say(_FROZEN).format(version=name, lock=LOCK.name))
        except LookupError:
            print(say(_UNKNOWN).format(version=name, known=", ".join(freezer.names)), file=sys.stderr)
            return 2
        except FreezeError as error:
            for difference in error.differences:
                print(said(difference, language), file=sys.stderr)
            raise
        except DocumentError as error:
            # Of a sample that is none, or a page that refuses it: say of which version.
            print(f"absah: {name}: {error.text(language)}", file=sys.stderr)
            return 1
    return 0


def check(freezer: Freezer, *, language: str) -> int:
    """Print every difference; 0 where there is none, 1 where there are some."""
    say = translations("cli", language).gettext
    found: list[Difference] = []
    for name in freezer.names:
        differences = freezer.check(name)
        found += differences
        for difference in differences:
            print(said(difference, language), flush=True)
        if differences:
            continue
        for seen, sentence in (
            (freezer.compares_bytes(name), _BYTES_UNSEEN),
            (freezer.compares_schema(name), _SCHEMA_UNSEEN),
        ):
            if not seen:
                print(say(sentence).format(version=name), file=sys.stderr)
    if not found:
        print(say(_CLEAN).format(count=len(freezer.names)))
        return 0
    print(say(_FOUND).format(count=len(found)))
    if any(one.code is not Code.NOT_FROZEN for one in found):
        print(say(_REMEDY))
    return 1


def publish(root: Path, names: Sequence[str], *, now: datetime.datetime, language: str) -> int:
    """Lay out a home's usual pages now; 1 where some could not be made, 2 for a name that there is no pack for.

    Raises `MandateError` where nobody may sign any of them today.
    """
    from cli.workshop import usual_pages  # noqa: PLC0415  # loads the rooms that sign, for this action alone

    say = translations("cli", language).gettext
    newest = {pack.type: pack for pack in packs.packs()}
    known = {**packs.versions(), **newest}
    if unknown := [name for name in names if name not in known]:
        print(say(_UNKNOWN).format(version=unknown[0], known=", ".join(known)), file=sys.stderr)
        return 2
    wanted = list(dict.fromkeys(known[name] for name in names)) or list(newest.values())
    with usual_pages(Home.open(root)) as pages, progress(language) as show:
        made = pages.make(
            wanted,
            now=now,
            measured=lambda done: show("measure", done, 0),
            progress=lambda done, total: show("compile", done, total),
        )
    for name, reason in made.failures:
        print(f"{name}: {reason.text(language)}", file=sys.stderr)
    print(say(_SHAPES).format(there=made.shapes_there, made=made.shapes_made))
    print(say(_PLATES).format(there=made.plates_there, made=made.plates_made))
    return 1 if made.failures else 0


def said(difference: Difference, language: str) -> str:
    """A difference in words, with the lines that differ below it."""
    text = translations("cli", language).gettext(SENTENCES[difference.code])
    shown = difference.details[:_MAX_DETAILS]
    if len(shown) < len(difference.details):
        shown = (*shown, "…")
    return "\n  ".join((text.format(version=difference.version, place=difference.place), *shown))


def _state(freezer: Freezer, name: str) -> str:
    differences = freezer.check_digests(name)
    if not differences:
        return "frozen"
    return {Code.NOT_FROZEN: "open", Code.VERSION_MISSING: "missing"}.get(differences[0].code, "changed")


def _row(cells: Iterable[str]) -> str:
    return "  ".join(format(cell, width) for cell, width in zip(cells, _COLUMNS, strict=True))


def _as_json(name: str, state: str, pack: Pack | None) -> dict[str, object]:
    if pack is None:
        return {"version": name, "state": state}
    return {
        "version": name,
        "state": state,
        "kind": str(pack.kind),
        "title": pack.title,
        "samples": [path.name for path in pack.samples()],
    }
