"""Plain words for the four answers, the numbered checks and the reason codes.

Codes are stable and for programs; a person reads a sentence. A code without one here is shown as it is: a newer
verifier must never leave an older page without words.
"""

from collections.abc import Mapping
from typing import Final

from registry.formats.language import translations
from registry.formats.record import Kind
from registry.formats.verdict import Answer, Outcome
from verifier.catalogue import N_
from verifier.naming import said

ANSWERS: Final[Mapping[Answer, str]] = {
    Answer.INTACT: N_("Utuh: isinya tidak diubah"),
    Answer.ISSUED: N_("Terdaftar: diterbitkan kantor ini"),
    Answer.IN_FORCE: N_("Berlaku: tidak dicabut dan masih dalam masa berlakunya"),
    Answer.AUTHORISED: N_("Berwenang: ditandatangani pejabat yang berhak"),
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: N_("lulus"),
    Outcome.FAILED: N_("gagal"),
    Outcome.UNKNOWN: N_("belum pasti"),
}

# By the name behind the number: the number may move when a check is added before it.
CHECKS: Final[Mapping[str, str]] = {
    "paper_compared": N_("Kertasnya sama dengan yang terdaftar"),
    "file_readable": N_("Berkasnya dapat dibaca"),
    "signature_present": N_("Ada tanda tangan elektronik"),
    "signature_value": N_("Tanda tangan elektroniknya benar"),
    "whole_file_covered": N_("Seluruh berkas tercakup tanda tangan, tanpa tambahan"),
    "registered_content": N_("Isinya sama dengan berkas yang terdaftar"),
    "qr_belongs_to_file": N_("Kode QR dan berkasnya milik {kind} yang sama"),
    "statement_readable": N_("Kode atau tautannya berbentuk seperti milik kantor ini"),
    "file_registered": N_("Berkas ini terdaftar sebagai {kind} yang diterbitkan"),
    "statement_signature": N_("Kode QR ditandatangani kunci kantor ini"),
    "statement_registered": N_("Kode QR sama dengan yang terdaftar"),
    "permit_issued": N_("{Kind}nya sudah diterbitkan"),
    "log_covered": N_("Penerbitannya sudah masuk catatan publik"),
    "status": N_("Tidak dicabut, dibatalkan, dibekukan atau diganti"),
    "validity_period": N_("Masih dalam masa berlaku"),
    "signer_known": N_("Penandatangan terdaftar pada kantor ini"),
    "certificate_valid": N_("Sertifikat penandatangan berlaku saat itu"),
    "mandate": N_("Penandatangan berwenang pada tanggal terbit"),
}

REASONS: Final[Mapping[str, str]] = {
    # 1 intact
    "paper_not_compared": N_("Kertas tidak dapat diperiksa dari jauh; cocokkan sendiri isinya."),
    "no_signature": N_("Berkas ini tidak mempunyai tanda tangan elektronik."),
    "image_only": N_("Berkas ini hanya gambar, tanpa tanda tangan elektronik."),
    "not_a_document": N_("Ini bukan PDF dan bukan foto."),
    "file_missing": N_("Berkas itu tidak ada atau tidak bisa dibuka."),
    "file_unreadable": N_("Berkas ini tidak dapat dibuka."),
    "file_too_large": N_("Berkas ini terlalu besar untuk diperiksa."),
    "several_codes": N_("Ada lebih dari satu kode QR kantor ini di dalamnya."),
    "unreadable": N_("Susunan berkas ini rusak atau tidak lazim."),
    "bytes_before_header": N_("Ada isi yang disisipkan di depan berkas."),
    "hybrid_xref": N_("Berkas ini dapat menampilkan isi yang berbeda pada pembaca yang berbeda."),
    "encrypted": N_("Berkas ini dikunci dengan sandi."),
    "signature_stripped": N_("Tanda tangannya sudah dibuang dari berkas ini."),
    "signature_count": N_("Jumlah tanda tangannya tidak sesuai."),
    "digest_mismatch": N_("Isinya tidak sama dengan yang ditandatangani."),
    "signature_invalid": N_("Tanda tangan elektroniknya salah."),
    "modified_after_signing": N_("Ada yang ditambahkan setelah berkas ditandatangani."),
    "not_certified": N_("Tanda tangannya tidak mengunci isi berkas seperti seharusnya."),
    "coverage": N_("Tanda tangannya tidak mencakup seluruh berkas."),
    "trailing_bytes": N_("Ada isi yang ditempelkan di belakang berkas."),
    "contents_padding": N_("Ada isi yang disembunyikan di ruang tanda tangan."),
    "too_many_certificates": N_("Tanda tangannya membawa terlalu banyak sertifikat."),
    "contents_spelling": N_("Tanda tangannya ditulis ulang dengan cara yang tidak lazim."),
    "container_malformed": N_("Tanda tangannya rusak."),
    "container_too_large": N_("Tanda tangannya jauh lebih besar dari seharusnya."),
    "signature_container": N_("Ada isi tambahan di dalam tanda tangannya."),
    "byte_range": N_("Tanda tangannya tidak menunjuk isi berkas dengan benar."),
    "weak_algorithm": N_("Tanda tangannya memakai cara lama yang tidak lagi aman."),
    "no_signed_attributes": N_("Tanda tangannya tidak lengkap."),
    "no_signing_certificate": N_("Tanda tangannya tidak lengkap."),
    "unknown_profile": N_("Bentuk tanda tangan ini tidak dikenal."),
    "too_many_revisions": N_("Berkas ini terlalu sering disimpan ulang untuk diperiksa."),
    "too_many_fields": N_("Susunan berkas ini rusak atau tidak lazim."),
    "signature_container_changed": N_(
        "Isi yang ditandatangani sama, tetapi berkasnya tidak persis sama dengan yang terdaftar."
    ),
    "document_destroyed": N_("Berkas yang terdaftar sudah dimusnahkan, jadi tidak dapat dibandingkan lagi."),
    "qr_of_another_permit": N_("Kode QR pada berkas ini milik {kind} lain."),
    "no_qr_found": N_("Tidak ada kode QR kantor ini yang terbaca."),
    # 2 issued
    "unsigned_copy": N_("Ini salinan tanpa tanda tangan; yang terdaftar hanya berkas aslinya."),
    "file_not_registered": N_("Berkas ini bukan berkas yang terdaftar."),
    "never_issued": N_("Tidak pernah diterbitkan."),
    "foreign_host": N_("Kode QR menuju alamat yang bukan milik kantor ini."),
    "not_a_statement": N_("Ini bukan kode izin kantor ini."),
    "statement_malformed": N_("Kode QR menyerupai kode kantor ini, tetapi rusak atau ditiru."),
    "statement_signature_wrong": N_("Tanda tangan pada kode QR salah."),
    "unknown_key": N_("Kode QR ditandatangani kunci yang bukan milik kantor ini."),
    "key_revoked": N_("Kunci yang menandatangani kode QR ini sudah dicabut."),
    "key_not_valid": N_("Kunci yang menandatangani kode QR ini tidak berlaku pada tanggal itu."),
    "statement_differs": N_("Kode QR berbeda dengan yang terdaftar."),
    "unknown_serial": N_("{Kind} ini tidak ada dalam daftar."),
    "awaits_log": N_("{Kind} ini baru diterbitkan dan belum masuk catatan publik."),
    # 3 in force
    "expired": N_("Masa berlakunya sudah habis."),
    "not_yet_in_force": N_("Belum berlaku pada tanggal itu."),
    "no_status": N_("Pada tanggal itu {kind} ini belum diterbitkan."),
    "suspended": N_("{Kind} ini sedang dibekukan."),
    "revoked": N_("{Kind} ini sudah dicabut."),
    "annulled": N_("{Kind} ini sudah dibatalkan."),
    "superseded": N_("{Kind} ini sudah diganti dengan yang baru."),
    # 4 authorised
    "signer_unknown": N_("Penandatangan bukan pejabat kantor ini."),
    "certificate_expired": N_("Sertifikat penandatangan sudah tidak berlaku saat itu."),
    "certificate_not_yet_valid": N_("Sertifikat penandatangan belum berlaku saat itu."),
    "certificate_revoked": N_("Sertifikat penandatangan sudah dicabut."),
    "certificate_not_for_signing": N_("Sertifikat itu bukan untuk menandatangani."),
    "chain_invalid": N_("Sertifikat penandatangan tidak sah."),
    "untrusted_root": N_("Sertifikat penandatangan tidak berasal dari penerbit yang dipercaya."),
    "no_revocation_data": N_("Belum ada keterangan apakah sertifikat penandatangan dicabut."),
    "outside_mandate": N_("Penandatangan tidak mempunyai wewenang pada tanggal terbit."),
    "offline": N_("Tidak dapat diperiksa tanpa sambungan ke kantor ini."),
    "not_checked": N_("Tidak diperiksa, karena pemeriksaan sebelumnya belum lulus."),
}

# What of ours failed, so that asking again later may help.
TROUBLES: Final[Mapping[str, str]] = {
    "reader_stopped": N_("Pembacaan berkas terhenti."),
    "reader_crashed": N_("Pembacaan berkas terhenti."),
    "answer_refused": N_("Pembacaan berkas terhenti."),
    "memory_exceeded": N_("Berkas ini terlalu berat untuk dibuka."),
    "time_exceeded": N_("Pemeriksaan memakan waktu terlalu lama."),
    "registry_unreachable": N_("Daftar izin sedang tidak dapat dihubungi."),
    "record_damaged": N_("Catatan tentang {kind} ini sedang tidak dapat dibaca."),
    "document_unavailable": N_("Salinan yang terdaftar sedang tidak dapat dibuka."),
    "timeout": N_("Pemeriksaan memakan waktu terlalu lama."),
    "busy": N_("Terlalu banyak pemeriksaan sedang berjalan."),
}

_UNNAMED_CHECK = N_("Pemeriksaan {code}")
_UNNAMED_REASON = N_("Kode alasan: {code}.")


def answer_text(answer: Answer, language: str) -> str:
    """The question behind one of the four answers."""
    return translations("verifier", language).gettext(ANSWERS[answer])


def outcome_text(outcome: Outcome, language: str) -> str:
    """The outcome in a word."""
    return translations("verifier", language).gettext(OUTCOMES[outcome])


def check_text(identifier: str, language: str, kind: Kind | None = None) -> str:
    """What a check looks at; `identifier` is number and name ("2.1 file_registered")."""
    name = identifier.rpartition(" ")[2]
    if name in CHECKS:
        return said(CHECKS[name], kind, language)
    return translations("verifier", language).gettext(_UNNAMED_CHECK).format(code=name)


def reason_text(code: str, language: str, kind: Kind | None = None) -> str:
    """Why a check did not pass, as a whole sentence."""
    message = REASONS.get(code) or TROUBLES.get(code)
    if message:
        return said(message, kind, language)
    return translations("verifier", language).gettext(_UNNAMED_REASON).format(code=code)


def cause_text(code: str, language: str, kind: Kind | None = None) -> str:
    """The same, to go on after a colon: small letter first (but "QR" stays), no full stop."""
    text = reason_text(code, language, kind).removesuffix(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
