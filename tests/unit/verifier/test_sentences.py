import ast
import dataclasses
import datetime
import importlib.util
import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import verifier
from registry.formats.dates import day_text, moment_text
from registry.formats.language import LANGUAGES, translations
from registry.formats.record import Kind
from registry.formats.verdict import Answer, Outcome, Subject, VerdictName
from verifier import sentences
from verifier.presenter import present
from verifier.reasons import REASONS, TROUBLES, answer_text, check_text, outcome_text, reason_text

_PACKAGE = Path(verifier.__file__).parent
_spec = importlib.util.spec_from_file_location("fake_verdicts", Path(__file__).with_name("fake_verdicts.py"))
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

EVERY = fakes.every_verdict()


def shown_codes():
    """Every reason code that the verifier's source gives to a check or problem, found in the source itself."""
    codes = set()
    for path in _PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                values = node.args[1:] if name in ("_failed", "_unknown") else node.args
                if name in ("_failed", "_unknown", "note"):
                    codes |= {
                        part.value
                        for value in values
                        for part in ast.walk(value)
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    }
            elif isinstance(node, ast.Tuple) and ast.unparse(node).startswith("(Chain."):
                codes |= {part.value for part in node.elts if isinstance(part, ast.Constant) and part.value}
            elif isinstance(node, ast.ClassDef) and node.name == "Problem":
                codes |= {part.value.value for part in node.body if isinstance(part, ast.Assign)}
    return {code for code in codes if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", code)}


def messages_used():
    found = extract_from_dir(
        _PACKAGE,
        [("**.py", "python"), ("pages/**.html", "jinja2.ext:babel_extract")],
        keywords={"_": None, "N_": None, "gettext": None},
    )
    return {message: (file, line) for file, line, message, _, _ in found}


def gaps(message):
    """The values that a message needs; what kind of document it is about is always known."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name} - {"kind", "Kind"}


def test_every_verdict_has_colour_sign_sentence_and_action():
    assert set(sentences.SPOKEN) == set(VerdictName) == set(EVERY)
    for spoken in (*sentences.SPOKEN.values(), *sentences.NO_PERMIT.values()):
        assert spoken.colour
        assert spoken.sign
        assert spoken.sentence.endswith(".")
        assert spoken.action.endswith(".")
        if gaps(spoken.sentence):
            assert spoken.bare
            assert not gaps(spoken.bare)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("genuine", "Izin ini asli dan masih berlaku."),
        ("genuine_on_date", "Pada 18 November 2026 izin ini asli dan berlaku."),
        (
            "compare",
            "Izin nomor 500.16.7/012/DPMPTSP/XI/2026 terdaftar dan masih berlaku. "
            "Cocokkan isinya dengan kertas di tangan Anda.",
        ),
        ("expired", "Sudah tidak berlaku: masa izin habis pada 20 November 2026."),
        ("not_yet_in_force", "Belum berlaku pada 12 Maret 2026: izin ini baru berlaku mulai 16 November 2026."),
        ("suspended", "Sedang tidak berlaku: izin ini dibekukan sejak 20 November 2026."),
        ("revoked", "Tidak berlaku: izin ini dicabut pada 20 November 2026."),
        ("annulled", "Tidak berlaku: izin ini dibatalkan pada 20 November 2026."),
        ("superseded", "Tidak berlaku lagi: izin ini sudah diganti dengan nomor 500.16.7/044/DPMPTSP/XI/2026."),
        ("altered", "Jangan terima: berkas ini diubah setelah ditandatangani."),
        ("stranger", "Jangan terima: berkas ini tidak ditandatangani oleh kantor ini."),
        (
            "never_issued",
            "Jangan terima: tanda tangannya milik kantor ini, tetapi izin ini tidak pernah diterbitkan.",
        ),
        ("wrong_qr", "Jangan terima: kode QR ini milik izin lain, atas nama PT Menara Contoh Nusantara."),
        ("forged_qr", "Jangan terima: kode QR ini palsu."),
        ("unknown_permit", "Jangan terima: dokumen ini tidak ada dalam daftar kantor ini."),
        ("not_authorised", "Jangan terima: penandatangan tidak berwenang pada tanggal itu."),
        ("resaved", "Ini salinan yang disimpan ulang. Ambil berkas aslinya lewat kode QR."),
        ("printout", "Berkas ini hanya gambar cetakan, tanpa tanda tangan. Periksa kode QR-nya."),
        ("foreign_host", "Kode QR ini menuju alamat lain (izin-kampar.example.net), bukan kantor ini."),
        ("unknown", "Berkas ini tidak dikenal di sini."),
        ("unchecked", "Belum dapat dipastikan: pembacaan berkas terhenti."),
    ],
)
def test_a_verdict_is_said_in_the_agreed_words(name, said):
    assert sentences.sentence(EVERY[name], "id") == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VerdictName)
def test_a_sentence_is_whole_even_where_every_value_is_missing(name, language):
    bare = dataclasses.replace(EVERY[name], record=None, facts={}, on=None)
    for verdict in (bare, dataclasses.replace(bare, on=datetime.date(2026, 3, 12)), EVERY[name]):
        said = sentences.sentence(verdict, language)
        assert not set("{}…") & set(said)
        assert said[0].isupper()
        assert said.endswith(".")


@pytest.mark.parametrize("name", VerdictName)
def test_only_green_carries_the_check_mark_and_only_red_the_cross(name):
    spoken = sentences.SPOKEN[name]
    assert (spoken.sign is sentences.Sign.CHECK) is (spoken.colour is sentences.Colour.GREEN)
    assert (spoken.sign is sentences.Sign.CROSS) is (spoken.colour is sentences.Colour.RED)
    assert (spoken.colour is sentences.Colour.GREEN) is (name in ("genuine", "genuine_on_date"))


@pytest.mark.parametrize("name", VerdictName)
def test_what_forbids_is_said_before_that_the_document_is_genuine(name):
    if sentences.SPOKEN[name].colour is sentences.Colour.GREEN:
        return
    said = sentences.sentence(EVERY[name], "id").lower()
    assert not re.search(r"\bizin ini asli\b|\bdokumen\w* asli\b", said)
    for subject in Subject:
        note = sentences.note(dataclasses.replace(EVERY[name], subject=subject), "id")
        assert note is None or subject is Subject.FILE or "asli" not in note, "paper is never called genuine"


def test_values_from_outside_are_never_read_as_a_format():
    hostile = dataclasses.replace(EVERY["wrong_qr"], facts={"holder": "{serial.__class__} {0} %s"})
    assert "{serial.__class__} {0} %s" in sentences.sentence(hostile, "id")


def test_a_day_that_is_no_day_is_shown_as_it_stands():
    odd = dataclasses.replace(EVERY["revoked"], facts={"since": "kemarin"})
    assert sentences.sentence(odd, "id") == "Tidak berlaku: izin ini dicabut pada kemarin."


def test_compare_asked_for_a_day_speaks_of_that_day():
    asked = dataclasses.replace(EVERY["compare"], on=datetime.date(2026, 11, 18))
    assert sentences.sentence(asked, "id").startswith("Pada 18 November 2026 izin nomor 500.16.7/012")
    assert sentences.sentence(asked, "en").startswith("On 18 November 2026 permit number 500.16.7/012")


@pytest.mark.parametrize("name", ["genuine_on_date", "compare"])
def test_a_day_to_come_is_never_promised(name):
    foreseen = dataclasses.replace(
        EVERY[name], on=datetime.date(2030, 1, 1), facts={"foreseen": "yes", "on": "2030-01-01"}
    )
    said = sentences.sentence(foreseen, "id")
    assert said.startswith("Menurut catatan hari ini, izin ")
    assert "akan berlaku pada 1 Januari 2030, kecuali dicabut atau dibekukan sebelumnya." in said
    assert "unless revoked or suspended before then" in sentences.sentence(foreseen, "en")


def test_a_code_that_is_unknown_is_not_answered_with_advice_for_files():
    as_code = dataclasses.replace(EVERY["unknown"], subject=Subject.STATEMENT)
    assert sentences.action(as_code, "id").startswith("Pindai sekali lagi kode QR")
    assert sentences.action(EVERY["unknown"], "id").startswith("Unggah PDF asli")


def test_the_alarm_is_for_misuse_of_our_own_keys_only():
    assert {name for name, spoken in sentences.SPOKEN.items() if spoken.alarm} == {"never_issued", "unknown_permit"}


def test_every_message_used_is_translated_and_no_translation_is_left_over():
    used = messages_used()
    source = io.BytesIO((_PACKAGE / "locale/en/LC_MESSAGES/verifier.po").read_bytes())
    catalogue = read_po(source, locale="en", abort_invalid=True)
    translated = {message.id: message for message in catalogue if message.id}
    assert not {message: used[message] for message in used.keys() - translated.keys()}
    assert not translated.keys() - used.keys()
    for message in translated.values():
        assert message.string, message.id
        assert not message.fuzzy, message.id
        # A sentence begins with the document in one language, and not in the other.
        names = [
            {"kind" if name == "Kind" else name for _, name, _, _ in string.Formatter().parse(text)} - {None}
            for text in (message.id, message.string)
        ]
        assert names[0] == names[1], message.id


def test_every_text_of_the_tables_reaches_the_catalogue():
    used = messages_used()
    for spoken in (*sentences.SPOKEN.values(), *sentences.NO_PERMIT.values()):
        for field in dataclasses.fields(spoken):
            value = getattr(spoken, field.name)
            if type(value) is str:
                assert value in used
    assert sentences.SIMULATION in used


def test_every_reason_the_verifier_gives_has_words():
    assert not shown_codes() - REASONS.keys() - TROUBLES.keys()
    assert len(shown_codes()) > 30, "the search through the source finds nothing any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_checks_and_reasons_are_told_in_words(language):
    told = [answer_text(answer, language) for answer in Answer]
    told += [outcome_text(outcome, language) for outcome in Outcome]
    told += [check_text(check.id, language) for verdict in EVERY.values() for check in verdict.checks]
    told += [reason_text(code, language, kind) for code in (*REASONS, *TROUBLES) for kind in (None, *Kind)]
    assert not [text for text in told if "_" in text or "{" in text]


def test_a_code_from_a_newer_verifier_is_shown_as_it_is():
    assert reason_text("moon_in_the_way", "id") == "Kode alasan: moon_in_the_way."
    assert check_text("9.9 moon_clear", "en") == "Check moon_clear"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Asia/Jakarta", "23 November 2026 pukul 14.05 WIB"),
        ("Asia/Makassar", "23 November 2026 pukul 15.05 WITA"),
        ("Asia/Jayapura", "23 November 2026 pukul 16.05 WIT"),
    ],
)
def test_instants_are_told_in_the_zone_of_the_office_and_name_it(zone, said):
    assert moment_text(fakes.NOW, fakes.ZoneInfo(zone), "id") == said


def test_months_are_named_in_the_language_of_the_reader():
    day = datetime.date(2026, 8, 17)
    assert day_text(day, "id") == "17 Agustus 2026"
    assert day_text(day, "en") == "17 August 2026"


def test_a_permit_that_was_only_prepared_is_never_shown():
    view = present(EVERY["never_issued"], language="id", zone=fakes.ZONE)
    assert view.fields == ()
    assert not any(line.code and line.value == "131842" for line in view.technical)


def test_fields_stand_in_the_order_of_the_printed_form():
    view = present(EVERY["compare"], language="en", zone=fakes.ZONE)
    assert [line.label for line in view.fields][:3] == ["Number", "Kind of permit", "Holder"]
    assert view.fields[1].value == "Generator installation permit"


def test_a_revocation_is_told_with_its_decision_and_ground():
    view = present(EVERY["revoked"], language="id", zone=fakes.ZONE)
    assert [(line.label, line.value) for line in view.status] == [
        ("Sejak", "20 November 2026"),
        ("Nomor keputusan", "500.16.7/19/2026"),
        ("Alasan", "Permohonan pemegang izin"),
    ]
    dated = present(fakes.revoked_since(), language="id", zone=fakes.ZONE)
    assert dated.answers[2].title.endswith("masa berlakunya (pada 18 November 2026)"), (
        "what passed, passed for that day"
    )
    assert view.answers[2].title.endswith("masa berlakunya")
    assert dated.status == view.status, "asked for the 18th, revoked on the 20th: told all the same"


def lines_of(group):
    return [(line.label, line.value) for line in group]


def test_a_change_is_told_with_the_day_of_its_decision_and_its_legal_ground():
    view = present(EVERY["suspended"], language="id", zone=fakes.ZONE)
    assert lines_of(view.status) == [
        ("Sejak", "20 November 2026"),
        ("Keputusan", "Nomor 500.16.7/19/2026 tanggal 19 November 2026"),
        ("Alasan", "Laporan kebisingan sedang diperiksa"),
        ("Dasar hukum", "Pasal 14 ayat (2) Peraturan Bupati Nomor 7 Tahun 2025"),
    ]


@pytest.mark.parametrize("statement", [False, True])
def test_a_correction_stands_beside_its_field_and_whole_above_and_the_sentence_stays(statement):
    corrected, plain = fakes.corrected(statement=statement), EVERY["compare" if statement else "genuine"]
    view = present(corrected, language="id", zone=fakes.ZONE)
    assert (view.sentence, view.colour, view.sign) == tuple(
        getattr(present(plain, language="id", zone=fakes.ZONE), name) for name in ("sentence", "colour", "sign")
    )
    assert view.remarks == ("Izin ini dibaca bersama satu ralat, yang tercantum di bawah.",)
    assert [lines_of(one) for one in view.corrections] == [
        [
            ("Bagian", "Lokasi"),
            ("Tercetak", "Desa Tarai Bangun"),
            ("Seharusnya", "Desa Kualu"),
            ("Keputusan", "Nomor 500.16.7/21/RALAT/2026 tanggal 19 November 2026"),
            ("Sejak", "20 November 2026"),
        ]
    ]
    marked = [(line.label, line.corrected) for line in view.fields if line.corrected]
    assert marked == [("Lokasi", ("Diralat, seharusnya: Desa Kualu",))]
    assert [line.value for line in view.fields] == [
        line.value for line in present(plain, language="id", zone=fakes.ZONE).fields
    ], "what is printed stays what is compared"


@pytest.mark.parametrize(("language", "said"), [("id", "bersama 2 ralat,"), ("en", "with 2 corrections,")])
def test_corrections_are_counted_and_told_in_both_languages(language, said):
    view = present(fakes.corrected(fakes.correction(), fakes.correction()), language=language, zone=fakes.ZONE)
    assert said in view.remarks[0]
    assert len(view.corrections) == 2
    assert len(view.fields[4].corrected) == 2


@pytest.mark.parametrize("named", ["lokasi", " LOKASI ", "Place", "location"])
def test_a_field_is_found_by_any_of_its_names(named):
    view = present(fakes.corrected(fakes.correction(field=named)), language="id", zone=fakes.ZONE)
    assert [line.label for line in view.fields if line.corrected] == ["Lokasi"]


def test_a_correction_of_what_is_no_public_field_is_told_all_the_same():
    view = present(fakes.corrected(fakes.correction(field="Nomor seri mesin")), language="id", zone=fakes.ZONE)
    assert not [line for line in view.fields if line.corrected]
    assert view.corrections[0][0].value == "Nomor seri mesin"


def test_a_correction_is_told_from_its_day_on():
    verdict = fakes.corrected(fakes.correction(day=datetime.date(2026, 11, 24)))
    view = present(verdict, language="id", zone=fakes.ZONE)
    assert (view.corrections, view.remarks) == ((), ())
    asked = dataclasses.replace(verdict, on=datetime.date(2026, 11, 24))
    assert len(present(asked, language="id", zone=fakes.ZONE).corrections) == 1
    earlier = dataclasses.replace(fakes.corrected(), on=datetime.date(2026, 11, 17))
    assert len(present(earlier, language="id", zone=fakes.ZONE).corrections) == 1, "today's is never hidden"


def test_nothing_is_remarked_of_the_permit_to_which_a_wrong_code_belongs():
    wrong = dataclasses.replace(EVERY["wrong_qr"], record=fakes.corrected().record)
    assert present(wrong, language="id", zone=fakes.ZONE).remarks == ()


@pytest.mark.parametrize("statement", [False, True])
def test_a_destroyed_permit_is_told_from_what_is_left(statement):
    verdict = fakes.destroyed(statement=statement)
    view = present(verdict, language="id", zone=fakes.ZONE)
    assert view.sentence == "Sudah tidak berlaku: masa izin habis pada 20 November 2026."
    assert (view.colour, view.sign) == ("amber", "warning")
    assert view.remarks == (
        "Arsip izin ini sudah dimusnahkan menurut jadwal retensi, berita acara nomor BA/4/2056 tanggal 12 Maret 2056. "
        "Yang tersisa hanya keterangan di bawah ini.",
    )
    assert lines_of(view.fields) == [
        ("Nomor", fakes.NUMBER),
        ("Pemegang izin, menurut kode QR", "PT Menara Contoh Nusantara"),
        ("Objek izin, menurut kode QR", "1 genset 20 kVA, Kec. Tambang"),
        ("Tanggal terbit", "16 November 2026"),
        ("Berlaku sampai", "20 November 2026"),
    ]
    unreadable = dataclasses.replace(
        verdict, record=dataclasses.replace(verdict.record, statement=b"\x01", valid_until=None)
    )
    left = present(unreadable, language="en", zone=fakes.ZONE)
    assert [line.label for line in left.fields] == ["Number", "Date of issue"]


def test_what_the_log_does_not_cover_yet_is_said_with_what_to_do_and_shows_no_permit():
    verdict = fakes.awaiting()
    assert sentences.sentence(verdict, "id") == (
        "Belum dapat dipastikan: izin ini baru diterbitkan dan belum masuk catatan publik."
    )
    assert sentences.action(verdict, "id").startswith("Tunggu satu menit, lalu periksa sekali lagi.")
    assert "telepon kantor ini" in sentences.action(verdict, "id")
    view = present(verdict, language="id", zone=fakes.ZONE)
    assert (view.colour, view.fields, view.technical) == ("amber", (), ())
    assert sentences.action(EVERY["unchecked"], "id").startswith("Coba lagi beberapa menit lagi.")


def test_a_permit_revoked_before_the_log_covered_it_is_told_with_its_decision():
    record = dataclasses.replace(fakes.changed(fakes.Status.REVOKED), awaits_log=True)
    view = present(dataclasses.replace(EVERY["revoked"], record=record), language="id", zone=fakes.ZONE)
    assert (view.status[0].value, view.fields) == ("20 November 2026", ())


def test_a_suspension_of_the_day_asked_about_is_told_although_it_is_over():
    over = fakes.status(fakes.Status.IN_FORCE, datetime.date(2026, 11, 22), "")
    record = fakes.changed(fakes.Status.SUSPENDED)
    record = dataclasses.replace(record, statuses=(*record.statuses, over))
    asked = dataclasses.replace(EVERY["suspended"], record=record, on=datetime.date(2026, 11, 21))
    assert present(asked, language="id", zone=fakes.ZONE).status[0].value == "20 November 2026"
    assert present(dataclasses.replace(asked, on=None), language="id", zone=fakes.ZONE).status == ()
    said = "Tidak berlaku pada 21 November 2026: izin ini dibekukan sejak 20 November 2026."
    assert sentences.sentence(asked, "id") == said


@pytest.mark.parametrize("statement", [False, True])
def test_asked_about_a_day_before_its_revocation_a_permit_is_revoked_first_of_all(statement):
    asked, revoked = fakes.revoked_since(statement=statement), EVERY["revoked"]
    revoked = dataclasses.replace(revoked, subject=asked.subject)
    assert sentences.sentence(asked, "id") == "Tidak berlaku: izin ini dicabut pada 20 November 2026."
    assert sentences.dated(asked, "id") == "Pada 18 November 2026 izin ini masih berlaku."
    assert sentences.dated(asked, "en") == "On 18 November 2026 this permit was still in force."
    for told in (sentences.colour, sentences.sign):
        assert told(asked) == told(revoked)
    for told in (sentences.note, sentences.action):
        assert told(asked, "id") == told(revoked, "id")
    assert sentences.leading(asked).name is VerdictName.REVOKED


@pytest.mark.parametrize("name", VerdictName)
def test_there_is_no_second_answer_where_the_first_is_already_for_that_day(name):
    assert sentences.dated(EVERY[name], "id") is None
    assert sentences.leading(EVERY[name]) is EVERY[name]


def test_whoever_was_suspended_then_and_is_revoked_now_hears_both():
    asked = dataclasses.replace(
        EVERY["suspended"],
        on=datetime.date(2026, 11, 18),
        facts={"since": "2026-11-17", "today": "revoked", "today_since": "2026-11-20"},
    )
    assert sentences.sentence(asked, "id") == "Tidak berlaku: izin ini dicabut pada 20 November 2026."
    said = "Tidak berlaku pada 18 November 2026: izin ini dibekukan sejak 17 November 2026."
    assert sentences.dated(asked, "id") == said


def test_a_code_or_photo_is_not_called_a_file():
    code = dataclasses.replace(EVERY["unknown"], subject=Subject.STATEMENT)
    assert sentences.sentence(code, "id") == "Kode ini tidak dikenal di sini."
    assert sentences.sentence(code, "en") == "This code is not known here."
    photo = dataclasses.replace(code, facts={"no_code": "yes"})
    assert sentences.sentence(photo, "id") == "Tidak ada kode QR yang terbaca pada foto ini."


def test_words_that_must_stay_true_of_every_day_and_every_file():
    assert answer_text(Answer.IN_FORCE, "id") == "Berlaku: tidak dicabut dan masih dalam masa berlakunya"
    assert reason_text("not_a_document", "id") == "Ini bukan PDF dan bukan foto."
    assert reason_text("file_missing", "id") == "Berkas itu tidak ada atau tidak bisa dibuka."
    missing = dataclasses.replace(EVERY["unchecked"], facts={"cause": "file_missing"})
    assert sentences.sentence(missing, "id") == ("Belum dapat dipastikan: berkas itu tidak ada atau tidak bisa dibuka.")


def test_each_language_is_read_once_and_no_other_is_known():
    assert translations("verifier", "en") is translations("verifier", "en")
    with pytest.raises(ValueError, match="no such language"):
        translations("verifier", "../en")


# What is no permit: a decree, a letter, and what the registry has no record of

OTHERS = [Kind.DECREE, Kind.LETTER]
PERMIT_HERE = re.compile(r"\bizin ini\b|\bthis permit\b|\bthe permit (?:number|is|was|has|expired)\b", re.IGNORECASE)
RECOGNISED = [
    *("genuine", "genuine_on_date", "compare", "expired", "not_yet_in_force"),
    *("suspended", "revoked", "annulled", "superseded"),
]
DECREE, LETTER = (
    "Bukan izin: ini Keputusan Pencabutan Izin Instalasi Genset. ",
    "Bukan izin: ini Surat Keterangan Pengganti Izin Hilang. ",
)
COMPARE = "Cocokkan isinya dengan kertas di tangan Anda."


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (Kind.DECREE, "genuine", DECREE + "Keputusan ini asli dan berlaku sejak 16 November 2026."),
        (Kind.DECREE, "genuine_on_date", DECREE + "Pada 18 November 2026 keputusan ini asli dan berlaku."),
        (
            Kind.DECREE,
            "compare",
            f"{DECREE}Keputusan nomor {fakes.NUMBER} terdaftar dan berlaku sejak 16 November 2026. {COMPARE}",
        ),
        (Kind.DECREE, "annulled", DECREE + "Tidak berlaku: keputusan ini dibatalkan pada 20 November 2026."),
        (
            Kind.DECREE,
            "never_issued",
            "Jangan terima: tanda tangannya milik kantor ini, tetapi keputusan ini tidak pernah diterbitkan.",
        ),
        (
            Kind.DECREE,
            "wrong_qr",
            "Jangan terima: kode QR ini milik keputusan lain, atas nama PT Menara Contoh Nusantara.",
        ),
        (Kind.LETTER, "genuine", LETTER + "Surat keterangan ini asli dan berlaku sejak 16 November 2026."),
        (
            Kind.LETTER,
            "compare",
            f"{LETTER}Surat keterangan nomor {fakes.NUMBER} terdaftar dan berlaku sejak 16 November 2026. {COMPARE}",
        ),
        (Kind.LETTER, "annulled", LETTER + "Tidak berlaku: surat keterangan ini dibatalkan pada 20 November 2026."),
        (Kind.LETTER, "expired", LETTER + "Sudah tidak berlaku: masa surat keterangan habis pada 20 November 2026."),
        (
            None,
            "never_issued",
            "Jangan terima: tanda tangannya milik kantor ini, tetapi dokumen ini tidak pernah diterbitkan.",
        ),
        (None, "unknown_permit", "Jangan terima: dokumen ini tidak ada dalam daftar kantor ini."),
        (None, "wrong_qr", "Jangan terima: kode QR ini milik dokumen lain, atas nama PT Menara Contoh Nusantara."),
    ],
)
def test_each_kind_is_said_in_its_own_words(kind, name, said):
    assert sentences.sentence(fakes.as_kind(EVERY[name], kind), "id") == said


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (
            Kind.DECREE,
            "genuine",
            "Not a permit: Decree revoking a generator installation permit. "
            "This decree is genuine and in force since 16 November 2026.",
        ),
        (
            Kind.LETTER,
            "annulled",
            "Not a permit: Letter in place of a lost permit. Not valid: this letter was annulled on 20 November 2026.",
        ),
        (None, "unknown_permit", "Do not accept: this document is not in this office’s register."),
    ],
)
def test_each_kind_is_said_in_its_own_words_in_english_too(kind, name, said):
    assert sentences.sentence(fakes.as_kind(EVERY[name], kind), "en") == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*OTHERS, None])
@pytest.mark.parametrize("name", VerdictName)
def test_nothing_that_is_said_of_another_document_calls_it_a_permit(name, kind, language):
    asked = datetime.date(2026, 11, 18)
    verdict = dataclasses.replace(fakes.as_kind(EVERY[name], kind), simulation=True)
    for one in (
        verdict,
        dataclasses.replace(verdict, on=asked),
        dataclasses.replace(verdict, subject=Subject.STATEMENT),
    ):
        view = present(one, language=language, zone=fakes.ZONE)
        checks = [text for answer in view.answers for check in answer.checks for text in (check.title, check.reason)]
        headings = (view.heading, view.status_heading, view.corrections_heading, view.kind)
        said = [view.simulation, view.sentence, view.dated, view.note, *view.remarks, *headings, *checks]
        assert not [text for text in said if text and PERMIT_HERE.search(text)]
        assert not re.search(r"\bpermit\b|\bizin\b", " ".join(filter(None, checks)), re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", RECOGNISED)
def test_of_a_decree_or_letter_the_first_thing_said_is_that_it_is_no_permit(name, kind, language):
    verdict = fakes.as_kind(EVERY[name], kind)
    type_ = dict(zip(LANGUAGES, fakes.TYPES[kind], strict=True))[language]
    begins = {"id": f"Bukan izin: ini {type_}. ", "en": f"Not a permit: {type_}. "}[language]
    assert sentences.sentence(verdict, language).startswith(begins)
    nameless = dataclasses.replace(verdict, record=dataclasses.replace(verdict.record, public_view=()))
    word = {"id": ["keputusan", "surat keterangan"], "en": ["decree", "letter"]}[language][OTHERS.index(kind)]
    begins = {"id": f"Bukan izin: ini {word}. ", "en": f"Not a permit: this is a {word}. "}[language]
    assert sentences.sentence(nameless, language).startswith(begins)


def test_what_says_that_it_is_no_permit_is_all_that_may_stand_or_have_stood():
    forbids = {name for name in VerdictName if sentences.sentence(EVERY[name], "id").startswith("Jangan terima")}
    unread = {"resaved", "printout", "foreign_host", "unknown", "unchecked"}
    assert set(RECOGNISED) == set(VerdictName) - forbids - unread


@pytest.mark.parametrize("kind", [*OTHERS, None])
@pytest.mark.parametrize("name", VerdictName)
def test_only_a_permit_is_ever_green(name, kind):
    verdict = fakes.as_kind(EVERY[name], kind)
    assert sentences.colour(verdict) is not sentences.Colour.GREEN
    assert sentences.sign(verdict) is not sentences.Sign.CHECK


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["genuine", "genuine_on_date", "compare"])
def test_whoever_is_shown_a_decree_or_letter_is_told_to_ask_for_the_permit(name, kind):
    assert sentences.action(fakes.as_kind(EVERY[name], kind), "id") == (
        "Jangan terima sebagai pengganti izin. Minta izinnya sendiri, lalu periksa izin itu."
    )


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["genuine_on_date", "compare"])
def test_a_day_to_come_is_promised_for_no_kind(name, kind):
    foreseen = dataclasses.replace(
        fakes.as_kind(EVERY[name], kind), on=datetime.date(2030, 1, 1), facts={"foreseen": "yes", "on": "2030-01-01"}
    )
    said = sentences.sentence(foreseen, "id")
    assert "Menurut catatan hari ini, " in said
    assert "akan berlaku pada 1 Januari 2030, kecuali dibatalkan sebelumnya." in said


@pytest.mark.parametrize("kind", OTHERS)
def test_a_decree_annulled_since_the_day_asked_about_is_annulled_first_of_all(kind):
    annulled = fakes.changed(fakes.Status.ANNULLED)
    facts = {"number": fakes.NUMBER, "on": "2026-11-18", "today": "annulled", "today_since": "2026-11-20"}
    verdict = dataclasses.replace(
        EVERY["genuine_on_date"], record=annulled, on=datetime.date(2026, 11, 18), facts=facts
    )
    verdict = fakes.as_kind(verdict, kind)
    assert "Tidak berlaku: " in sentences.sentence(verdict, "id")
    assert sentences.colour(verdict) is sentences.Colour.RED
    assert sentences.dated(verdict, "id").endswith(" ini masih berlaku.")


def test_what_a_document_calls_itself_is_never_read_as_a_format():
    decree = fakes.as_kind(EVERY["genuine"], Kind.DECREE)
    odd = fakes.field("type", "Jenis", "{0} {kind.value} %s", "Kind")
    record = dataclasses.replace(decree.record, public_view=(odd,))
    assert sentences.sentence(dataclasses.replace(decree, record=record), "id").startswith(
        "Bukan izin: ini {0} {kind.value} %s. "
    )
