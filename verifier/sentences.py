"""What a verdict is called, how it looks, and what to do next: one table, in the words of the counter.

What forbids stands first; that a document is genuine is said after it, never before: at a gate, "genuine" is heard
as "yes". Indonesian is the source; `locale/en` holds the English.

The values that sentences name are read from `Verdict.facts`, else from its record:

- ``number``, ``holder``, ``host``, ``replaced_by``: text;
- ``on``, ``valid_until``, ``date_of_issue``, ``since``: days, ISO 8601 ("2026-11-23"), in the office's zone;
- ``cause``: a reason code (`verifier.reasons`);
- ``foreseen``: present where the day asked about is yet to come;
- ``no_code``: present where nothing was read on a photo;
- ``today``, ``today_since``, ``today_replaced_by``: where a day was asked about and the permit is not in force today,
  the name of today's verdict and its values.

Where ``today`` is present, everything said here is today's, and `dated` gives the answer for the day asked about: a
permit that is revoked must never look well because someone asked about a day before.

Where a value is missing the sentence is said without it.
"""

import dataclasses
import datetime
import enum
from collections.abc import Mapping
from typing import Final

from registry.formats.dates import day_text
from registry.formats.language import translations
from registry.formats.record import Destruction
from registry.formats.verdict import Answer, Outcome, Subject, Verdict, VerdictName
from verifier.catalogue import N_
from verifier.checks import AWAITS_LOG
from verifier.reasons import cause_text

SIMULATION: Final = N_("Ini izin latihan. Tidak berlaku.")
_STOOD_THEN: Final = N_("Pada {on} izin ini masih berlaku.")

# What passes by itself asks for a minute, not for a call: which cause, and what to do about it.
_CAUSE_ACTIONS: Final[Mapping[str, str]] = {
    AWAITS_LOG: N_(
        "Tunggu satu menit, lalu periksa sekali lagi. Kalau jawabannya masih sama, telepon kantor ini dan "
        "sebutkan nomor izinnya."
    ),
}

_ONE_CORRECTION: Final = N_("Izin ini dibaca bersama satu ralat, yang tercantum di bawah.")
_CORRECTIONS: Final = N_("Izin ini dibaca bersama {count} ralat, yang tercantum di bawah.")
_DESTROYED: Final = N_(
    "Arsip izin ini sudah dimusnahkan menurut jadwal retensi, berita acara nomor {number} tanggal {day}."
)
_LEFT: Final = N_("Yang tersisa hanya keterangan di bawah ini.")

_DAYS: Final = ("on", "valid_until", "date_of_issue", "since")


class Colour(enum.StrEnum):
    """The ground and ink of a verdict; the style sheet holds one class for each."""

    GREEN = "green"
    BLUE = "blue"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


class Sign(enum.StrEnum):
    """A mark told apart by its shape alone."""

    CHECK = "check"
    CROSS = "cross"
    WARNING = "warning"
    QUESTION = "question"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Everything one verdict says, as message ids (Indonesian).

    `sentence` may name values in braces; `bare` is the sentence without them, for when one is missing; `dated`
    replaces it where someone asked about a certain day, `foreseen` where that day is yet to come: the registry can
    then say only what it knows today. `statement` replaces it where only a code was given, `no_code` where not even
    one was read. `note` follows in smaller type: for a file what is true of the
    document although the permit does not hold, `statement_note` the same where only a code was read.
    `action` says what to do next, `statement_action` where it differs for a code or photo. `alarm`: someone at the
    office must know.
    """

    colour: Colour
    sign: Sign
    sentence: str
    action: str
    bare: str | None = None
    dated: str | None = None
    foreseen: str | None = None
    statement: str | None = None
    no_code: str | None = None
    statement_action: str | None = None
    note: str | None = None
    statement_note: str | None = None
    alarm: bool = False


_GENUINE_DOCUMENT = N_("Dokumennya sendiri asli.")
_REGISTERED_PERMIT = N_("Izin ini memang pernah diterbitkan kantor ini.")
_ASK_FOR_NEW = N_("Minta pemegang menunjukkan izin yang masih berlaku, atau tanyakan kepada kantor ini.")
_REPORT = N_("Jangan dipakai. Simpan salinannya dan laporkan kepada kantor ini.")

SPOKEN: Final[Mapping[VerdictName, Spoken]] = {
    VerdictName.GENUINE: Spoken(
        colour=Colour.GREEN,
        sign=Sign.CHECK,
        sentence=N_("Izin ini asli dan masih berlaku."),
        action=N_("Pastikan pemegang, lokasi dan unit di bawah ini sama dengan yang ada di depan Anda."),
    ),
    VerdictName.GENUINE_ON_DATE: Spoken(
        colour=Colour.GREEN,
        sign=Sign.CHECK,
        sentence=N_("Pada {on} izin ini asli dan berlaku."),
        bare=N_("Pada tanggal itu izin ini asli dan berlaku."),
        foreseen=N_(
            "Menurut catatan hari ini, izin ini asli dan akan berlaku pada {on}, kecuali dicabut atau "
            "dibekukan sebelumnya."
        ),
        action=N_("Jawaban ini hanya untuk tanggal itu. Periksa sekali lagi tanpa tanggal untuk keadaan hari ini."),
    ),
    VerdictName.COMPARE: Spoken(
        colour=Colour.BLUE,
        # Not the check mark: a copied QR code on a forged sheet comes here too, and shape alone must tell.
        sign=Sign.QUESTION,
        sentence=N_("Izin nomor {number} terdaftar dan masih berlaku. Cocokkan isinya dengan kertas di tangan Anda."),
        bare=N_("Izin ini terdaftar dan masih berlaku. Cocokkan isinya dengan kertas di tangan Anda."),
        dated=N_("Pada {on} izin nomor {number} terdaftar dan berlaku. Cocokkan isinya dengan kertas di tangan Anda."),
        foreseen=N_(
            "Menurut catatan hari ini, izin nomor {number} terdaftar dan akan berlaku pada {on}, kecuali dicabut atau "
            "dibekukan sebelumnya. Cocokkan isinya dengan kertas di tangan Anda."
        ),
        action=N_("Kalau ada satu saja yang berbeda, jangan terima kertas itu dan hubungi kantor ini."),
    ),
    VerdictName.EXPIRED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Sudah tidak berlaku: masa izin habis pada {valid_until}."),
        bare=N_("Sudah tidak berlaku: masa izin sudah habis."),
        dated=N_("Tidak berlaku pada {on}: masa izin habis pada {valid_until}."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.NOT_YET_IN_FORCE: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Belum berlaku: izin ini baru berlaku mulai {date_of_issue}."),
        bare=N_("Belum berlaku pada tanggal itu."),
        dated=N_("Belum berlaku pada {on}: izin ini baru berlaku mulai {date_of_issue}."),
        action=N_("Periksa lagi pada atau sesudah tanggal mulai berlaku, atau tanyakan kepada kantor ini."),
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.SUSPENDED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Sedang tidak berlaku: izin ini dibekukan sejak {since}."),
        bare=N_("Sedang tidak berlaku: izin ini dibekukan."),
        dated=N_("Tidak berlaku pada {on}: izin ini dibekukan sejak {since}."),
        action=N_("Jangan dipakai selama dibekukan. Tanyakan kepada kantor ini kapan berlaku kembali."),
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.REVOKED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku: izin ini dicabut pada {since}."),
        bare=N_("Tidak berlaku: izin ini sudah dicabut."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.ANNULLED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku: izin ini dibatalkan pada {since}."),
        bare=N_("Tidak berlaku: izin ini sudah dibatalkan."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.SUPERSEDED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku lagi: izin ini sudah diganti dengan nomor {replaced_by}."),
        bare=N_("Tidak berlaku lagi: izin ini sudah diganti dengan yang baru."),
        action=N_("Minta pemegang menunjukkan izin penggantinya, lalu periksa izin itu."),
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.ALTERED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: berkas ini diubah setelah ditandatangani."),
        action=N_("Jangan dipakai. Minta berkas yang asli, atau tanyakan kepada kantor ini."),
    ),
    VerdictName.STRANGER: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: berkas ini tidak ditandatangani oleh kantor ini."),
        action=_REPORT,
    ),
    VerdictName.NEVER_ISSUED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: tanda tangannya milik kantor ini, tetapi izin ini tidak pernah diterbitkan."),
        action=N_("Simpan berkasnya dan hubungi kantor ini sekarang juga."),
        alarm=True,
    ),
    VerdictName.WRONG_QR: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: kode QR ini milik izin lain, atas nama {holder}."),
        bare=N_("Jangan terima: kode QR ini milik izin lain."),
        action=_REPORT,
    ),
    VerdictName.FORGED_QR: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: kode QR ini palsu."),
        action=_REPORT,
    ),
    VerdictName.UNKNOWN_PERMIT: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: izin ini tidak ada dalam daftar kantor ini."),
        action=N_("Simpan salinannya dan hubungi kantor ini sekarang juga."),
        alarm=True,
    ),
    VerdictName.NOT_AUTHORISED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: penandatangan tidak berwenang pada tanggal itu."),
        action=N_("Simpan salinannya dan tanyakan kepada kantor ini sebelum izin ini dipakai."),
    ),
    VerdictName.RESAVED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Ini salinan yang disimpan ulang. Ambil berkas aslinya lewat kode QR."),
        action=N_("Pindai kode QR pada izin dengan ponsel, unduh berkas aslinya di sana, lalu periksa berkas itu."),
    ),
    VerdictName.PRINTOUT: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Berkas ini hanya gambar cetakan, tanpa tanda tangan. Periksa kode QR-nya."),
        action=N_("Pindai kode QR pada izin dengan ponsel, lalu cocokkan isinya dengan gambar ini."),
    ),
    VerdictName.FOREIGN_HOST: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Kode QR ini menuju alamat lain ({host}), bukan kantor ini."),
        bare=N_("Kode QR ini menuju alamat lain, bukan kantor ini."),
        action=N_(
            "Jangan percaya halaman di alamat itu untuk izin kantor ini. "
            "Tanyakan kepada kantor ini sebelum izin dipakai."
        ),
    ),
    VerdictName.UNKNOWN: Spoken(
        colour=Colour.GREY,
        sign=Sign.QUESTION,
        sentence=N_("Berkas ini tidak dikenal di sini."),
        statement=N_("Kode ini tidak dikenal di sini."),
        no_code=N_("Tidak ada kode QR yang terbaca pada foto ini."),
        action=N_(
            "Unggah PDF asli dari kantor ini, atau foto yang memperlihatkan seluruh kode QR dengan tajam. "
            "Kalau tetap tidak dikenal, tanyakan kepada kantor ini."
        ),
        statement_action=N_(
            "Pindai sekali lagi kode QR pada izin, atau unggah foto yang memperlihatkan seluruh kode QR dengan tajam. "
            "Kalau tetap tidak dikenal, tanyakan kepada kantor ini."
        ),
    ),
    VerdictName.UNCHECKED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Belum dapat dipastikan: {cause}."),
        bare=N_("Belum dapat dipastikan: pemeriksaan tidak selesai."),
        action=N_("Coba lagi beberapa menit lagi. Kalau mendesak, telepon kantor ini dan sebutkan nomor izinnya."),
    ),
}


def leading(verdict: Verdict) -> Verdict:
    """What is said first: today's verdict where a day was asked about and today is worse, else `verdict` itself."""
    facts = verdict.facts
    if "today" not in facts:
        return verdict
    values = {name: facts[name] for name in ("number", "date_of_issue", "valid_until") if name in facts}
    values |= {name.removeprefix("today_"): value for name, value in facts.items() if name.startswith("today_")}
    return dataclasses.replace(verdict, name=VerdictName(facts["today"]), on=None, facts=values)


def colour(verdict: Verdict) -> Colour:
    """The colour in which the verdict is shown."""
    return SPOKEN[leading(verdict).name].colour


def sign(verdict: Verdict) -> Sign:
    """The sign that says the same without colour."""
    return SPOKEN[leading(verdict).name].sign


def sentence(verdict: Verdict, language: str) -> str:
    """The verdict in one sentence, with its values where they are known.

    A simulation is said before it, and apart from it: `SIMULATION`.
    """
    return _said(leading(verdict), language)


def dated(verdict: Verdict, language: str) -> str | None:
    """The answer for the day asked about, to follow `sentence`; None where that is already the answer for it."""
    if leading(verdict) is verdict:
        return None
    if verdict.answer(Answer.IN_FORCE) is not Outcome.PASSED or verdict.facts.get("foreseen"):
        return _said(verdict, language)
    return translations("verifier", language).gettext(_STOOD_THEN).format_map(_values(verdict, language))


def _said(verdict: Verdict, language: str) -> str:
    spoken = SPOKEN[verdict.name]
    translate = translations("verifier", language).gettext
    values = _values(verdict, language)
    candidates = []
    if verdict.facts.get("foreseen"):
        candidates.append(spoken.foreseen)
    if verdict.on is not None:
        candidates.append(spoken.dated)
    if verdict.facts.get("no_code"):
        candidates.append(spoken.no_code)
    if verdict.subject is Subject.STATEMENT:
        candidates.append(spoken.statement)
    for message in [*candidates, spoken.sentence]:
        if message is not None:
            try:
                return translate(message).format_map(values)
            except KeyError:
                continue
    return translate(spoken.bare or spoken.sentence)


def note(verdict: Verdict, language: str) -> str | None:
    """What is true of the document although the permit does not hold; None where there is nothing to add."""
    spoken = SPOKEN[leading(verdict).name]
    message = spoken.note if verdict.subject is Subject.FILE else spoken.statement_note
    return translations("verifier", language).gettext(message) if message else None


def action(verdict: Verdict, language: str) -> str:
    """What the reader should do next. Whoever shows it adds how to reach the office."""
    first = leading(verdict)
    spoken = SPOKEN[first.name]
    message = spoken.statement_action if verdict.subject is Subject.STATEMENT else None
    if first.name is VerdictName.UNCHECKED:
        message = _CAUSE_ACTIONS.get(first.facts.get("cause", ""), message)
    return translations("verifier", language).gettext(message or spoken.action)


def corrections_note(count: int, language: str) -> str:
    """That the permit is to be read with `count` corrections, which whoever shows this lists below."""
    message = _ONE_CORRECTION if count == 1 else _CORRECTIONS
    return translations("verifier", language).gettext(message).format(count=count)


def destruction_note(destroyed: Destruction, language: str) -> str:
    """The same as `destruction`, above what is left of the permit."""
    return f"{destruction(destroyed, language)} {translations('verifier', language).gettext(_LEFT)}"


def destruction(destroyed: Destruction, language: str) -> str:
    """That the permit's documents were destroyed, and by which minutes."""
    return (
        translations("verifier", language)
        .gettext(_DESTROYED)
        .format(number=destroyed.minutes_number, day=day_text(destroyed.minutes_date, language))
    )


def simulation_sentence(language: str) -> str:
    """What is said before all else where the development PKI signed."""
    return translations("verifier", language).gettext(SIMULATION)


def _values(verdict: Verdict, language: str) -> dict[str, str]:
    values: dict[str, str] = {}
    if record := verdict.record:
        values["number"] = record.number
        values["date_of_issue"] = record.date_of_issue.isoformat()
        if record.valid_until:
            values["valid_until"] = record.valid_until.isoformat()
        if (change := record.status_at(verdict.as_of)) and change.replaced_by:
            values["replaced_by"] = change.replaced_by
    if verdict.on:
        values["on"] = verdict.on.isoformat()
    values |= {name: value for name, value in verdict.facts.items() if value}
    for name in _DAYS:
        if name in values:
            values[name] = _day(values[name], language)
    if "cause" in values:
        values["cause"] = cause_text(values["cause"], language)
    return values


def _day(text: str, language: str) -> str:
    try:
        return day_text(datetime.date.fromisoformat(text), language)
    except ValueError:
        return text
