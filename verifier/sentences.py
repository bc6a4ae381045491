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

Which kind of document it is (`verifier.naming`) and how it calls itself (``type``) are the record's. A decree or letter
is never green, and whatever is said of one that stands or stood begins with that it is no permit: at a gate any
document of the office looks like one.

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
from registry.formats.record import Destruction, Kind
from registry.formats.verdict import Answer, Outcome, Subject, Verdict, VerdictName
from verifier.catalogue import N_
from verifier.checks import AWAITS_LOG
from verifier.naming import named, said
from verifier.reasons import cause_text

SIMULATION: Final = N_("Ini {kind} latihan. Tidak berlaku.")
_STOOD_THEN: Final = N_("Pada {on} {kind} ini masih berlaku.")
_NO_PERMIT: Final = N_("Bukan izin: ini {type}.")
_NO_PERMIT_BARE: Final = N_("Bukan izin: ini {kind}.")

# What passes by itself asks for a minute, not for a call: which cause, and what to do about it.
_CAUSE_ACTIONS: Final[Mapping[str, str]] = {
    AWAITS_LOG: N_(
        "Tunggu satu menit, lalu periksa sekali lagi. Kalau jawabannya masih sama, telepon kantor ini dan "
        "sebutkan nomor {kind}nya."
    ),
}

_ONE_CORRECTION: Final = N_("{Kind} ini dibaca bersama satu ralat, yang tercantum di bawah.")
_CORRECTIONS: Final = N_("{Kind} ini dibaca bersama {count} ralat, yang tercantum di bawah.")
_DESTROYED: Final = N_(
    "Arsip {kind} ini sudah dimusnahkan menurut jadwal retensi, berita acara nomor {number} tanggal {day}."
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
    NOTE = "note"


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
_REGISTERED_PERMIT = N_("{Kind} ini memang pernah diterbitkan kantor ini.")
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
        sentence=N_("Sudah tidak berlaku: masa {kind} habis pada {valid_until}."),
        bare=N_("Sudah tidak berlaku: masa {kind} sudah habis."),
        dated=N_("Tidak berlaku pada {on}: masa {kind} habis pada {valid_until}."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.NOT_YET_IN_FORCE: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Belum berlaku: {kind} ini baru berlaku mulai {date_of_issue}."),
        bare=N_("Belum berlaku pada tanggal itu."),
        dated=N_("Belum berlaku pada {on}: {kind} ini baru berlaku mulai {date_of_issue}."),
        action=N_("Periksa lagi pada atau sesudah tanggal mulai berlaku, atau tanyakan kepada kantor ini."),
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.SUSPENDED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Sedang tidak berlaku: {kind} ini dibekukan sejak {since}."),
        bare=N_("Sedang tidak berlaku: {kind} ini dibekukan."),
        dated=N_("Tidak berlaku pada {on}: {kind} ini dibekukan sejak {since}."),
        action=N_("Jangan dipakai selama dibekukan. Tanyakan kepada kantor ini kapan berlaku kembali."),
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.REVOKED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku: {kind} ini dicabut pada {since}."),
        bare=N_("Tidak berlaku: {kind} ini sudah dicabut."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.ANNULLED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku: {kind} ini dibatalkan pada {since}."),
        bare=N_("Tidak berlaku: {kind} ini sudah dibatalkan."),
        action=_ASK_FOR_NEW,
        note=_GENUINE_DOCUMENT,
        statement_note=_REGISTERED_PERMIT,
    ),
    VerdictName.SUPERSEDED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Tidak berlaku lagi: {kind} ini sudah diganti dengan nomor {replaced_by}."),
        bare=N_("Tidak berlaku lagi: {kind} ini sudah diganti dengan yang baru."),
        action=N_("Minta pemegang menunjukkan {kind} penggantinya, lalu periksa {kind} itu."),
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
        sentence=N_("Jangan terima: tanda tangannya milik kantor ini, tetapi {kind} ini tidak pernah diterbitkan."),
        action=N_("Simpan berkasnya dan hubungi kantor ini sekarang juga."),
        alarm=True,
    ),
    VerdictName.WRONG_QR: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: kode QR ini milik {kind} lain, atas nama {holder}."),
        bare=N_("Jangan terima: kode QR ini milik {kind} lain."),
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
        sentence=N_("Jangan terima: {kind} ini tidak ada dalam daftar kantor ini."),
        action=N_("Simpan salinannya dan hubungi kantor ini sekarang juga."),
        alarm=True,
    ),
    VerdictName.NOT_AUTHORISED: Spoken(
        colour=Colour.RED,
        sign=Sign.CROSS,
        sentence=N_("Jangan terima: penandatangan tidak berwenang pada tanggal itu."),
        action=N_("Simpan salinannya dan tanyakan kepada kantor ini sebelum {kind} ini dipakai."),
    ),
    VerdictName.RESAVED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Ini salinan yang disimpan ulang. Ambil berkas aslinya lewat kode QR."),
        action=N_("Pindai kode QR pada {kind} dengan ponsel, unduh berkas aslinya di sana, lalu periksa berkas itu."),
    ),
    VerdictName.PRINTOUT: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Berkas ini hanya gambar cetakan, tanpa tanda tangan. Periksa kode QR-nya."),
        action=N_("Pindai kode QR pada {kind} dengan ponsel, lalu cocokkan isinya dengan gambar ini."),
    ),
    VerdictName.FOREIGN_HOST: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Kode QR ini menuju alamat lain ({host}), bukan kantor ini."),
        bare=N_("Kode QR ini menuju alamat lain, bukan kantor ini."),
        action=N_(
            "Jangan percaya halaman di alamat itu untuk {kind} kantor ini. "
            "Tanyakan kepada kantor ini sebelum {kind} itu dipakai."
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
            "Pindai sekali lagi kode QR pada {kind}, atau unggah foto yang memperlihatkan seluruh kode QR dengan "
            "tajam. Kalau tetap tidak dikenal, tanyakan kepada kantor ini."
        ),
    ),
    VerdictName.UNCHECKED: Spoken(
        colour=Colour.AMBER,
        sign=Sign.WARNING,
        sentence=N_("Belum dapat dipastikan: {cause}."),
        bare=N_("Belum dapat dipastikan: pemeriksaan tidak selesai."),
        action=N_("Coba lagi beberapa menit lagi. Kalau mendesak, telepon kantor ini dan sebutkan nomor {kind}nya."),
    ),
}

_NOT_INSTEAD = N_("Jangan terima sebagai pengganti izin. Minta izinnya sendiri, lalu periksa izin itu.")

# What is said instead of a decree or letter, and of what no record calls a permit.
NO_PERMIT: Final[Mapping[VerdictName, Spoken]] = {
    VerdictName.GENUINE: Spoken(
        colour=Colour.BLUE,
        # Neither green nor the check mark: both are heard as "let pass".
        sign=Sign.NOTE,
        sentence=N_("{Kind} ini asli dan berlaku sejak {date_of_issue}."),
        bare=N_("{Kind} ini asli dan berlaku."),
        action=_NOT_INSTEAD,
    ),
    VerdictName.GENUINE_ON_DATE: Spoken(
        colour=Colour.BLUE,
        sign=Sign.NOTE,
        sentence=N_("Pada {on} {kind} ini asli dan berlaku."),
        bare=N_("Pada tanggal itu {kind} ini asli dan berlaku."),
        foreseen=N_(
            "Menurut catatan hari ini, {kind} ini asli dan akan berlaku pada {on}, kecuali dibatalkan sebelumnya."
        ),
        action=_NOT_INSTEAD,
    ),
    VerdictName.COMPARE: Spoken(
        colour=Colour.BLUE,
        sign=Sign.QUESTION,
        sentence=N_(
            "{Kind} nomor {number} terdaftar dan berlaku sejak {date_of_issue}. Cocokkan isinya dengan kertas di "
            "tangan Anda."
        ),
        bare=N_("{Kind} ini terdaftar dan berlaku. Cocokkan isinya dengan kertas di tangan Anda."),
        dated=N_(
            "Pada {on} {kind} nomor {number} terdaftar dan berlaku. Cocokkan isinya dengan kertas di tangan Anda."
        ),
        foreseen=N_(
            "Menurut catatan hari ini, {kind} nomor {number} terdaftar dan akan berlaku pada {on}, kecuali dibatalkan "
            "sebelumnya. Cocokkan isinya dengan kertas di tangan Anda."
        ),
        action=_NOT_INSTEAD,
    ),
}
# Verdicts that take the document shown for the one that is registered: of these what it is not is said first.
_RECOGNISED: Final = frozenset(
    {
        VerdictName.GENUINE,
        VerdictName.GENUINE_ON_DATE,
        VerdictName.COMPARE,
        VerdictName.EXPIRED,
        VerdictName.NOT_YET_IN_FORCE,
        VerdictName.SUSPENDED,
        VerdictName.REVOKED,
        VerdictName.ANNULLED,
        VerdictName.SUPERSEDED,
    }
)


def spoken_of(verdict: Verdict) -> Spoken:
    """What the table says of a verdict about this kind of document; what no record calls a permit is none."""
    permit = SPOKEN[verdict.name]
    return permit if verdict.kind is Kind.PERMIT else NO_PERMIT.get(verdict.name, permit)


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
    return spoken_of(leading(verdict)).colour


def sign(verdict: Verdict) -> Sign:
    """The sign that says the same without colour."""
    return spoken_of(leading(verdict)).sign


def sentence(verdict: Verdict, language: str) -> str:
    """The verdict in one sentence, with its values where they are known.

    Before it stands that a decree or letter is no permit. A simulation is said before it, and apart from it:
    `SIMULATION`.
    """
    first = leading(verdict)
    return " ".join(filter(None, (_no_permit(first, language), _said(first, language))))


def dated(verdict: Verdict, language: str) -> str | None:
    """The answer for the day asked about, to follow `sentence`; None where that is already the answer for it."""
    if leading(verdict) is verdict:
        return None
    if verdict.answer(Answer.IN_FORCE) is not Outcome.PASSED or verdict.facts.get("foreseen"):
        return _said(verdict, language)
    return translations("verifier", language).gettext(_STOOD_THEN).format_map(_values(verdict, language))


def _no_permit(verdict: Verdict, language: str) -> str | None:
    """That this is no permit, and what it calls itself."""
    record = verdict.record
    if record is None or record.kind is Kind.PERMIT or verdict.name not in _RECOGNISED:
        return None
    type_ = next((field.value[language] for field in record.public_view if field.id == "type"), "")
    if not type_.strip():
        return said(_NO_PERMIT_BARE, record.kind, language)
    return translations("verifier", language).gettext(_NO_PERMIT).format(type=type_.strip())


def _said(verdict: Verdict, language: str) -> str:
    spoken = spoken_of(verdict)
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
    return said(spoken.bare or spoken.sentence, verdict.kind, language)


def note(verdict: Verdict, language: str) -> str | None:
    """What is true of the document although the permit does not hold; None where there is nothing to add."""
    spoken = spoken_of(leading(verdict))
    message = spoken.note if verdict.subject is Subject.FILE else spoken.statement_note
    return said(message, verdict.kind, language) if message else None


def action(verdict: Verdict, language: str) -> str:
    """What the reader should do next. Whoever shows it adds how to reach the office."""
    first = leading(verdict)
    spoken = spoken_of(first)
    message = spoken.statement_action if verdict.subject is Subject.STATEMENT else None
    if first.name is VerdictName.UNCHECKED:
        message = _CAUSE_ACTIONS.get(first.facts.get("cause", ""), message)
    return said(message or spoken.action, verdict.kind, language)


def corrections_note(count: int, kind: Kind, language: str) -> str:
    """That the document is to be read with `count` corrections, which whoever shows this lists below."""
    message = _ONE_CORRECTION if count == 1 else _CORRECTIONS
    return translations("verifier", language).gettext(message).format(count=count, **named(kind, language))


def destruction_note(destroyed: Destruction, kind: Kind, language: str) -> str:
    """The same as `destruction`, above what is left of the document."""
    return f"{destruction(destroyed, kind, language)} {translations('verifier', language).gettext(_LEFT)}"


def destruction(destroyed: Destruction, kind: Kind, language: str) -> str:
    """That a document's files were destroyed, and by which minutes."""
    day = day_text(destroyed.minutes_date, language)
    message = translations("verifier", language).gettext(_DESTROYED)
    return message.format(number=destroyed.minutes_number, day=day, **named(kind, language))


def simulation_sentence(kind: Kind | None, language: str) -> str:
    """What is said before all else where the development PKI signed."""
    return said(SIMULATION, kind, language)


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
        values["cause"] = cause_text(values["cause"], language, verdict.kind)
    return values | named(verdict.kind, language)


def _day(text: str, language: str) -> str:
    try:
        return day_text(datetime.date.fromisoformat(text), language)
    except ValueError:
        return text
