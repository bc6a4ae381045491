"""What the model of a replacement letter alone cannot see: its papers in their order, and what its reason asks for."""

import datetime
from collections.abc import Iterator
from typing import Final

from templates import crosschecks
from templates.packs.pengganti.v1 import model
from templates.problems import Problem
from templates.reading import Findings, Place
from templates.regions import Region

# Few permits are ever printed again so often: more is rather a slip of the finger.
_USUAL_COPIES: Final = 9


def check(decision: model.Decision, *, findings: Findings, today: datetime.date, region: Region) -> Iterator[Problem]:  # noqa: ARG001  # every pack's checks are asked alike
    """Every finding about a decision whose fields are each well-formed."""
    public = decision.public
    yield from crosschecks.not_in_future(findings, _events(public), today)
    yield from crosschecks.receipt(findings, public.application)
    yield from _permit(findings, public, today)
    yield from _reason(findings, public)
    if public.copy_number > _USUAL_COPIES:
        yield findings.warning(
            ("public", "copy_number"),
            "many_copies",
            "{label} berisi {value}, padahal izin jarang disalin sebanyak itu. Cocokkan dengan buku salinan.",
            value=str(public.copy_number),
        )
    yield from crosschecks.nik(findings, decision.private.nik, today=today)


def _events(public: model.Public) -> Iterator[tuple[Place, datetime.date]]:
    yield ("permit", "date"), public.permit.date
    yield ("application", "date"), public.application.date
    yield ("application", "received"), public.application.received
    if report := public.police_report:
        yield ("police_report", "date"), report.date


def _permit(findings: Findings, public: model.Public, today: datetime.date) -> Iterator[Problem]:
    permit = public.permit
    if public.application.date < permit.date:
        yield findings.error(
            ("public", "application", "date"),
            "asked_before_permit",
            "{label} berisi {value}, lebih awal daripada tanggal izin ditetapkan, {other}. Betulkan salah satunya.",
            value=public.application.date,
            other=permit.date,
        )
    if permit.until is None:
        return
    if permit.until <= permit.date:
        yield findings.error(
            ("public", "permit", "until"),
            "ended_before_permit",
            "{label} berisi {value}, padahal izin baru ditetapkan pada {other}. Betulkan salah satunya.",
            value=permit.until,
            other=permit.date,
        )
    elif permit.until < today:
        yield findings.warning(
            ("public", "permit", "until"),
            "permit_ended",
            "{label} berisi {value}, yang sudah lewat. Ingatkan pemohon bahwa salinan tidak menghidupkan izin itu "
            "kembali.",
            value=permit.until,
        )


def _reason(findings: Findings, public: model.Public) -> Iterator[Problem]:
    report = public.police_report
    if public.reason is model.Reason.HILANG and report is None:
        yield findings.error(
            ("public", "police_report"),
            "report_missing",
            "{label} belum diisi, padahal cetakan izin hilang. Isilah nomor, tanggal, dan kantor polisi yang "
            "menerbitkannya.",
        )
    if public.reason is model.Reason.LAINNYA and public.explanation is None:
        yield findings.error(
            ("public", "explanation"),
            "explanation_missing",
            "{label} belum diisi, padahal cetakan izin tidak hilang dan tidak rusak. Uraikan dengan singkat apa yang "
            "terjadi.",
        )
    if report is None:
        return
    if report.date < public.permit.date:
        yield findings.error(
            ("public", "police_report", "date"),
            "reported_before_permit",
            "{label} berisi {value}, lebih awal daripada tanggal izin ditetapkan, {other}. Betulkan salah satunya.",
            value=report.date,
            other=public.permit.date,
        )
    if report.date > public.application.received:
        yield findings.warning(
            ("public", "police_report", "date"),
            "reported_after_receipt",
            "{label} berisi {value}, lebih akhir daripada tanggal tanda terima permohonan, {other}. Pastikan berkas "
            "itu memang sudah lengkap ketika diterima.",
            value=report.date,
            other=public.application.received,
        )
