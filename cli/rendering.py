"""Issued documents made once more, and held against what the registry recorded of them."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cli.home import Home, MisuseError
from cli.progress import Show, progress
from cli.workshop import reprinting
from registry.formats.canonical import sha256
from registry.formats.language import N_, translations
from registry.fsck.difference import Difference, readable
from signing.reprinting import Reprint, Reprinter, Result
from templates.plates.filling import FILL_VERSION

_STATUS: Final[Mapping[Result, int]] = {Result.SAME: 0, Result.DIFFERENT: 1}
_IMPOSSIBLE: Final = 2

_SENTENCES: Final[Mapping[Result, str]] = {
    Result.SAME: N_("{number}: berkas yang dibuat ulang sama persis dengan yang tercatat (SHA-256 {sha256})."),
    Result.DIFFERENT: N_(
        "{number}: berkas yang dibuat ulang BERBEDA dari yang tercatat: {what}. Yang berlaku tetap berkas yang "
        "tercatat. Cari sebabnya: “absah log fsck”, “absah pack check”, dan perubahan pada profil kantor."
    ),
    Result.NOT_RENDERED: N_("{number}: berkasnya belum pernah dibuat, jadi tidak ada yang dapat dibandingkan."),
    Result.WITHOUT_PLATE: N_(
        "{number}: naskah ini lebih tua daripada pelat halaman, jadi tidak dapat dibuat ulang persis. Berkasnya "
        "sendiri ada di penyimpanan, dan “absah log fsck” memeriksanya."
    ),
    Result.OTHER_FILLING: N_(
        "{number}: berkas ini dibuat dengan cara pengisian versi {version}, sedangkan program ini memakai versi {own}. "
        "Jalankan perintah ini dengan rilis Absah yang membuatnya."
    ),
    Result.DESTROYED: N_("{number}: keputusannya sudah dimusnahkan menurut jadwal retensi, jadi tidak dibuat ulang."),
    Result.PLATE_LOST: N_(
        "{number}: pelat halamannya hilang atau rusak ({what}). Kembalikan berkas itu dari cadangan, lalu ulangi."
    ),
    Result.UNUSABLE: N_(
        "{number}: catatan registri tentangnya tidak terbaca, atau versi paketnya tidak ada di program ini ({what}). "
        "Jalankan “absah log fsck”."
    ),
}
_PARTS: Final = {
    "page": N_("halaman {number}"),
    "attachment": N_("lampiran data"),
    "metadata": N_("metadata"),
    "file": N_("susunan berkas, walau halaman, lampiran dan metadatanya sama"),
}
_UNSEEN: Final = N_("berkas yang tercatat tidak ada di penyimpanan untuk dibandingkan bagian demi bagian")
_WRITTEN: Final = N_("{path}: berkas yang dibuat ulang, belum ditandatangani.")
_COUNTED: Final = N_("{count} berkas dibuat ulang dan dibandingkan.")
_NOT_COMPARED: Final = N_("{count} berkas tidak dibandingkan, karena dibuat dengan cara pengisian versi lain.")


def run(arguments: argparse.Namespace) -> int:
    """Make one document once more: 0 the same bytes, 1 others, 2 where it cannot be made."""
    out: Path | None = arguments.out
    if out is not None and out.exists():
        raise MisuseError(N_("{path} sudah ada. Sebutkan berkas baru dengan --out."), path=str(out))
    with reprinting(Home.open(arguments.home)) as one:
        made = one.of_number(arguments.again)
    status = _STATUS.get(made.result, _IMPOSSIBLE)
    print(said(made, arguments.lang), file=sys.stderr if status == _IMPOSSIBLE else sys.stdout)
    if out is not None and made.pdf is not None:
        with out.open("xb") as file:
            file.write(made.pdf)
        print(translations("cli", arguments.lang).gettext(_WRITTEN).format(path=out))
    return status


def said(made: Reprint, language: str) -> str:
    """What came of it, in a sentence."""
    template = translations("cli", language).gettext(_SENTENCES[made.result])
    return template.format(
        number=made.number,
        sha256="" if made.pdf is None else sha256(made.pdf).hex(),
        what=_what(made, language),
        version=made.fill_version,
        own=FILL_VERSION,
    )


def differences(home: Home, language: str) -> Iterator[Difference]:
    """All documents of a home made once more: every one that is another now, or cannot be made.

    What another version of filling made is counted on standard error, and is no difference.
    """
    say = translations("cli", language).gettext
    with reprinting(home) as one, progress(language) as show:
        counted: dict[Result, int] = dict.fromkeys(Result, 0)
        yield from readable("documents", _all(one, show, counted))
    skipped = counted[Result.OTHER_FILLING]
    print(say(_COUNTED).format(count=sum(counted.values()) - skipped), file=sys.stderr)
    if skipped:
        print(say(_NOT_COMPARED).format(count=skipped), file=sys.stderr)


def _all(one: Reprinter, show: Show, counted: dict[Result, int]) -> Iterator[Difference]:
    for count, made in enumerate(one.of_all(), start=1):
        counted[made.result] += 1
        show("again", count, 0)
        if made.result in (Result.SAME, Result.OTHER_FILLING):
            continue
        code = "page_differs" if made.result is Result.DIFFERENT else "page_not_made"
        detail = {"parts": ", ".join(made.parts)} if made.parts else {}
        if made.reason is not None:
            detail["why"] = str(made.reason).partition("\n")[0]
        yield Difference(code=code, place=made.number, detail=detail)


def _what(made: Reprint, language: str) -> str:
    say = translations("cli", language).gettext
    if made.reason is not None:
        return made.reason.text(language)
    return ", ".join(_part(part, language) for part in made.parts) or say(_UNSEEN)


def _part(name: str, language: str) -> str:
    kind, _, number = name.partition(" ")
    return translations("cli", language).gettext(_PARTS[kind]).format(number=number)
