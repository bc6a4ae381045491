"""The transparency log for its keepers: publish it, prove a permit by it, hold everything against it."""

import argparse
import itertools
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from cli.home import Home, MisuseError, utc_now
from cli.logs import key_of
from cli.publishing import publisher
from cli.verifying import trust_of
from registry import instruments, proofs
from registry.documents import DocumentStore
from registry.formats import checkpoint as checkpoints
from registry.formats.checkpoint import Checkpoint
from registry.formats.errors import DocumentError
from registry.formats.language import N_, translations
from registry.formats.note import NoteVerifier
from registry.fsck import Difference, Fsck, Lists
from templates import packs
from templates.office import OfficeProfile

_MAX_NOTE_BYTES: Final = 1 << 20

# Every code that `fsck` can give, in words.
SENTENCES: Final = {
    "back_dated": N_("{place}: tanggal izin tidak cocok dengan saat terbitnya"),
    "bundle_changed": N_("{place}: catatan log yang diumumkan bukan catatan registri"),
    "bundle_missing": N_("{place}: catatan log yang diumumkan hilang"),
    "change_not_allowed": N_("{place}: perubahan ini tidak boleh terjadi pada keadaan izinnya"),
    "checkpoint_behind": N_("{place}: yang diumumkan lebih lama daripada yang sudah ditandatangani"),
    "checkpoint_changed": N_("{place}: checkpoint yang disimpan telah diubah"),
    "checkpoint_missing": N_("{place}: checkpoint yang diumumkan tidak lagi disimpan registri"),
    "checkpoint_not_ours": N_("{place}: tidak ditandatangani kunci log ini"),
    "checkpoint_unreadable": N_("{place}: tidak terbaca"),
    "database_damaged": N_("Basis data rusak: {place}"),
    "decision_changed": N_("{place}: isi keputusan tidak cocok dengan sidik jarinya"),
    "document_lost": N_("{place}: dokumen hilang atau rusak"),
    "entry_ahead": N_("{place}: dicatat pada saat yang belum tiba"),
    "entry_back_dated": N_("{place}: dicatat mundur dari catatan sebelumnya"),
    "entry_contradicts": N_("{place}: isi catatan tidak sesuai dengan baris yang direkamnya"),
    "entry_differs": N_("{place}: kolom pada tabel tidak cocok dengan isi catatan"),
    "entry_index_twice": N_("{place}: urutan log terpakai dua kali"),
    "entry_missing": N_("{place}: catatan log hilang"),
    "entry_unreadable": N_("{place}: catatan log rusak"),
    "entry_waits": N_("{place}: sudah lama menunggu diumumkan"),
    "guard_added": N_("{place}: penjaga ini tidak dibuat program ini"),
    "guard_changed": N_("{place}: penjaga basis data diubah"),
    "guard_missing": N_("{place}: penjaga basis data dilepas"),
    "guards_unchecked": N_("{place}: penjaga tidak dapat diperiksa; beri peran ini hak CREATE pada basis data"),
    "history_rewritten": N_("{place}: riwayat registri bukan yang ditandatangani checkpoint ini"),
    "issued_twice": N_("{place}: diterbitkan dua kali"),
    "log_state_changed": N_("{place}: keadaan log tidak cocok dengan catatannya"),
    "mandates_overlap": N_("{place}: wewenang dua pejabat bertumpang tindih"),
    "name_lost": N_("{place}: izin tidak ditemukan lagi dengan nama pemegangnya"),
    "not_destroyed": N_("{place}: seharusnya sudah dimusnahkan"),
    "number_before_opening": N_("{place}: nomor terletak sebelum nomor pembuka"),
    "number_gap": N_("{place}: nomor terlompati tanpa alasan"),
    "number_not_given": N_("{place}: nomornya tidak tercatat terpakai"),
    "number_printed_twice": N_("{place}: nomor tercetak pada dua izin"),
    "number_reused": N_("{place}: satu nomor urut dipakai dua izin"),
    "number_twice": N_("{place}: nomor urut tercatat dua kali"),
    "number_without_permit": N_("{place}: nomor terpakai tanpa izin"),
    "outside_mandate": N_("{place}: ditandatangani di luar wewenang"),
    "page_differs": N_("{place}: berkas yang dibuat ulang berbeda dari yang tercatat"),
    "page_not_made": N_("{place}: berkas tidak dapat dibuat ulang"),
    "permit_missing": N_("{place}: izin yang terbit tidak ada lagi"),
    "plate_lost": N_("{place}: pelat halaman hilang atau rusak"),
    "proof_changed": N_("{place}: bukti log telah diubah"),
    "proof_missing": N_("{place}: bukti log hilang"),
    "record_lost": N_("{place}: salinan rekaman hilang atau rusak"),
    "record_unreadable": N_("{place}: salinan rekaman tidak terbaca"),
    "rolled_back": N_("{place}: registri lebih pendek daripada log yang pernah ditandatangani"),
    "row_changed": N_("{place}: baris diubah"),
    "row_missing": N_("{place}: baris dihapus"),
    "row_not_logged": N_("{place}: baris tidak pernah dicatat dalam log"),
    "row_unreadable": N_("{place}: nilainya tidak terbaca; tidak ditulis oleh program ini"),
    "rows_changed": N_("{place}: baris yang direkam diubah"),
    "schema_changed": N_("{place}: susunan tabel diubah"),
    "serial_twice": N_("{place}: nomor seri dipakai dua izin"),
    "status_list_differs": N_("{place}: daftar status yang diumumkan tidak cocok dengan registri"),
    "status_list_missing": N_("{place}: daftar status tidak diumumkan"),
    "status_list_stale": N_("{place}: daftar status sudah kedaluwarsa; jalankan “absah log publish”"),
    "status_list_unreadable": N_("{place}: daftar status ini akan ditolak pembacanya"),
    "subject_changed": N_("{place}: rujukan catatan ke barisnya diubah"),
    "tile_changed": N_("{place}: berkas pohon log diubah"),
    "tile_missing": N_("{place}: berkas pohon log hilang"),
}
_CLEAN: Final = N_("Registri, dokumen dan log saling cocok.")
_FOUND: Final = N_("{count} perbedaan ditemukan. Jangan terbitkan izin sebelum sebabnya diketahui.")
_PUBLISHED: Final = N_("Log: {size} catatan diumumkan ({added} baru).")
_NOT_COVERED: Final = N_("Izin {number} belum tercakup checkpoint; jalankan “absah log publish” lalu ulangi.")
_UNKNOWN: Final = N_("Tidak ada izin nomor {number} yang sudah terbit.")


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was asked for and return its exit status."""
    home = Home.open(arguments.home)
    match arguments.action:
        case "publish":
            return publish(home, watch=arguments.watch, language=arguments.lang)
        case "prove":
            return prove(home, arguments.permit, arguments.out, language=arguments.lang)
        case _:
            verifier = key_of(arguments.key) if arguments.key else log_verifier(home)
            return fsck(
                home,
                arguments.checkpoint,
                verifier,
                again=arguments.render,
                as_json=arguments.json,
                language=arguments.lang,
            )


def publish(home: Home, *, watch: bool, language: str) -> int:
    """Publish once, or once a second until Ctrl-C."""
    say = translations("cli", language).gettext
    with publisher(home) as one:
        if watch:
            one.watch(
                language=language,
                clock=utc_now,
                stop=threading.Event(),
                say=lambda done: print(say(_PUBLISHED).format(size=done.size, added=done.added), flush=True),
            )
        done = one.publish(now=utc_now())
    print(say(_PUBLISHED).format(size=done.size, added=done.added))
    return 0


def prove(home: Home, number: str, out: Path | None, *, language: str) -> int:
    """Write the proof of a permit's issue; 1 where there is none (yet)."""
    say = translations("cli", language).gettext
    office = OfficeProfile.read(home.office_file)
    with closing(home.database()) as database, database.read() as tx:
        permit = instruments.of_number(tx, office=office.id, number=number)
        if permit is None or instruments.stage(tx, permit) is not instruments.Stage.ISSUED:
            print(say(_UNKNOWN).format(number=number), file=sys.stderr)
            return 1
        proof = proofs.of_issue(tx, permit.serial)
    if proof is None:
        print(say(_NOT_COVERED).format(number=number), file=sys.stderr)
        return 1
    if out is None:
        sys.stdout.buffer.write(proof)
        sys.stdout.flush()
        return 0
    try:
        with out.open("xb") as file:
            file.write(proof)
    except FileExistsError as error:
        raise MisuseError(N_("{path} sudah ada. Sebutkan berkas baru dengan --out."), path=str(out)) from error
    print(f"{number} -> {out}")
    return 0


def fsck(home: Home, kept: list[Path], verifier: NoteVerifier, *, again: bool, as_json: bool, language: str) -> int:
    """Print every difference; 0 where there is none, 1 where there are some.

    With `again` every document is made once more as well.
    """
    say = translations("cli", language).gettext
    with closing(home.database()) as database:
        one = Fsck(
            database=database,
            documents=documents_of(home),
            folder=home.public / "log",
            verifier=verifier,
            status=Lists(
                folder=home.public / "status",
                base_uri=f"https://{home.settings.host}/status/",
                keys=trust_of(home).statement_keys,
            ),
            holder=lambda pack, public: packs.named(pack).holder_name(public),
        )
        found = one.run(outside=[read_checkpoint(path, verifier) for path in kept], now=utc_now())
        count = 0
        for difference in itertools.chain(found, _made_again(home, language) if again else ()):
            count += 1
            print(_line(difference, language, as_json=as_json), flush=True)
    print(say(_FOUND).format(count=count) if count else say(_CLEAN), file=sys.stderr if as_json else sys.stdout)
    return 1 if count else 0


def _made_again(home: Home, language: str) -> Iterator[Difference]:
    from cli.rendering import differences  # noqa: PLC0415  # loads WeasyPrint, for this option alone

    return differences(home, language)


def log_verifier(home: Home) -> NoteVerifier:
    """The published key of this home's log. Raises `MisuseError` where there is none."""
    key = trust_of(home).log_key
    if key is None:
        raise MisuseError(
            N_("{path} tidak memuat log.vkey: dari sini belum pernah ada log yang diumumkan."), path=str(home.trust)
        )
    return NoteVerifier.parse(key)


def documents_of(home: Home) -> DocumentStore:
    """The file store of a home."""
    return home.documents()


def read_checkpoint(path: Path, verifier: NoteVerifier) -> Checkpoint:
    """A checkpoint of this log from a file. Raises `MisuseError` for any other file."""
    try:
        with path.open("rb") as file:
            return checkpoints.read(file.read(_MAX_NOTE_BYTES), verifier)
    except OSError as error:
        raise MisuseError(
            N_("Checkpoint {path} tidak dapat dibaca: {reason}."),
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    except DocumentError as error:
        raise MisuseError(
            N_("{path} bukan checkpoint log {log} ({reason})."), path=str(path), log=verifier.name, reason=error
        ) from error


def _line(difference: Difference, language: str, *, as_json: bool) -> str:
    sentence = translations("cli", language).gettext(SENTENCES[difference.code]).format(place=difference.place)
    if as_json:
        found = {"code": difference.code, "place": difference.place, "detail": dict(difference.detail)}
        return json.dumps({**found, "sentence": sentence}, ensure_ascii=False)
    particulars = "; ".join(f"{name} {value}" for name, value in difference.detail.items())
    return f"{difference.code}  {sentence}" + (f" ({particulars})" if particulars else "")
