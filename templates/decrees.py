"""What decrees about a permit have in common: the parts that their decisions are made of, and what is checked of them.

A decree (*keputusan*) takes something from a holder. So it says why (*menimbang*), which papers led to it
(*memperhatikan*), what the holder must do and by when.
"""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from templates import crosschecks
from templates.parts import (
    Clause,
    Consideration,
    Day,
    Holder,
    Long,
    Name,
    Part,
    Phone,
    Recommendation,
    Sha256,
    Short,
    Whole,
    field,
)
from templates.problems import Problem
from templates.reading import Findings, Place

MAX_ITEMS: Final = 12
_MAX_WARNINGS: Final = 3
_MAX_DAYS: Final = 365


class Permit(Part):
    """The permit that the decree is about, as it was issued.

    `object` is what it permits, in one sentence's words; `file_sha256` that of its registered file, where there is one.
    """

    title: Name = field("Nama izin", examples=["Surat Izin Instalasi Genset"])
    number: Short = field("Nomor izin")
    date: Day = field("Tanggal izin")
    object: Long = field("Objek izin")
    file_sha256: Sha256 | None = field("SHA-256 berkas izin", default=None, examples=["0a1b…, 64 angka dan huruf a–f"])


class Proposal(Part):
    """Who asked for the decree; the office's promised working days begin after `received`."""

    office: Name = field("Pengusul keputusan")
    number: Short = field("Nomor usul")
    date: Day = field("Tanggal usul")
    received: Day = field("Tanggal terima usul")


class Ground(Part):
    """One of the facts for which the decree is made."""

    text: Consideration = field(
        "Pertimbangan", examples=["bahwa genset digunakan di luar lokasi yang tercantum dalam izin"]
    )


class WarningLetter(Part):
    """A warning that the holder was given before; `degree` 1 is the first."""

    degree: Whole = field("Tingkat surat peringatan", ge=1, le=_MAX_WARNINGS)
    number: Short = field("Nomor surat peringatan")
    date: Day = field("Tanggal surat peringatan")


class Inspection(Part):
    """The minutes (*berita acara*) of an inspection; `of` is what was inspected."""

    of: Name = field("Pokok berita acara", examples=["pemeriksaan lapangan instalasi genset"])
    number: Short = field("Nomor berita acara")
    date: Day = field("Tanggal berita acara")


class Obligation(Part):
    """One of the things that the holder must do."""

    text: Clause = field("Kewajiban", examples=["menghentikan penggunaan genset"])


class Obligations(Part):
    """What the holder must do within `days` from the day on which the decree takes effect."""

    days: Whole = field("Jangka waktu kewajiban (hari kalender)", ge=1, le=_MAX_DAYS)
    items: list[Obligation] = field("Daftar kewajiban", min_length=1, max_length=MAX_ITEMS)


class Decreed(Part):
    """What is printed on every decree about a permit, and attached to it.

    `summary` is the reason in one line, which strangers read as well. `effective` is the day on which the decree takes
    effect, where that is not its date of issue.
    """

    permit: Permit = field("Izin yang bersangkutan")
    holder: Holder = field("Pemegang izin")
    proposal: Proposal = field("Usul")
    grounds: list[Ground] = field("Daftar pertimbangan", min_length=1, max_length=MAX_ITEMS)
    violation: Clause | None = field(
        "Ketentuan yang dilanggar", default=None, examples=["Ketentuan angka 1 Surat Izin Instalasi Genset"]
    )
    summary: Clause = field("Alasan singkat", examples=["genset digunakan di luar lokasi yang diizinkan"])
    warnings: list[WarningLetter] = field("Daftar surat peringatan", default_factory=list, max_length=_MAX_WARNINGS)
    inspections: list[Inspection] = field("Daftar berita acara", default_factory=list, max_length=MAX_ITEMS)
    recommendations: list[Recommendation] = field("Daftar rekomendasi", default_factory=list, max_length=MAX_ITEMS)
    obligations: Obligations = field("Kewajiban pemegang izin")
    effective: Day | None = field("Tanggal mulai berlaku", default=None)


class Private(Part):
    """How the holder is reached, for the delivery of the decree: never printed, attached or logged.

    Identity numbers stand with the permit's own decision; nothing here asks for them a second time.
    """

    phone: Phone | None = field("Nomor telepon pemegang izin", default=None, examples=["0812-0000-0000"])
    delivery_address: Long | None = field("Alamat penyampaian keputusan", default=None)


def check(findings: Findings, public: Decreed, *, today: datetime.date) -> Iterator[Problem]:
    """Every finding about what decrees have in common, where the fields are each well-formed."""
    papers = list(_papers(public))
    received = ("proposal", "received"), public.proposal.received
    yield from crosschecks.not_in_future(
        findings,
        [(("permit", "date"), public.permit.date), received, *papers, *crosschecks.deeds(public.holder)],
        today,
    )
    yield from _proposal(findings, public.proposal)
    if public.permit.date <= today:
        yield from _older_than_permit(findings, papers, public.permit.date)
    yield from _warnings(findings, public.warnings, needed=public.violation is not None)
    yield from _effective(findings, public.effective, today)
    yield from _summary(findings, public)


def _papers(public: Decreed) -> Iterator[tuple[Place, datetime.date]]:
    yield ("proposal", "date"), public.proposal.date
    for name in ("warnings", "inspections", "recommendations"):
        for index, paper in enumerate(getattr(public, name)):
            yield (name, index, "date"), paper.date


def _proposal(findings: Findings, proposal: Proposal) -> Iterator[Problem]:
    if proposal.received < proposal.date:
        yield findings.error(
            ("public", "proposal", "received"),
            "received_before_written",
            "{label} berisi {value}, lebih awal daripada tanggal suratnya, {other}. Betulkan salah satunya.",
            value=proposal.received,
            other=proposal.date,
        )


def _older_than_permit(
    findings: Findings, papers: Sequence[tuple[Place, datetime.date]], issued: datetime.date
) -> Iterator[Problem]:
    for place, day in papers:
        if day < issued:
            yield findings.warning(
                ("public", *place),
                "older_than_permit",
                "{label} berisi {value}, lebih awal daripada tanggal izin, {other}. Pastikan surat itu mengenai izin "
                "ini.",
                value=day,
                other=issued,
            )


def _warnings(findings: Findings, warnings: Sequence[WarningLetter], *, needed: bool) -> Iterator[Problem]:
    if needed and not warnings:
        yield findings.warning(
            ("public", "warnings"),
            "no_warning",
            "{label} masih kosong, padahal izin ini ditindak karena pelanggaran. Pastikan peringatan memang tidak "
            "dipersyaratkan.",
        )
    for index, (before, one) in enumerate(itertools.pairwise(warnings), start=1):
        if one.degree <= before.degree:
            yield findings.error(
                ("public", "warnings", index, "degree"),
                "warnings_unordered",
                "{label} berisi {value}, padahal surat sebelumnya tingkat {other}. Urutkan dari peringatan pertama, "
                "masing-masing satu kali.",
                value=str(one.degree),
                other=str(before.degree),
            )
        elif one.date < before.date:
            yield findings.error(
                ("public", "warnings", index, "date"),
                "warning_before_last",
                "{label} berisi {value}, lebih awal daripada surat peringatan sebelumnya, {other}. Betulkan salah "
                "satunya.",
                value=one.date,
                other=before.date,
            )


def _effective(findings: Findings, effective: datetime.date | None, today: datetime.date) -> Iterator[Problem]:
    if effective is not None and effective < today:
        yield findings.error(
            ("public", "effective"),
            "retroactive",
            "{label} berisi {value}, yang sudah lewat, padahal keputusan tidak berlaku surut. Isilah tanggal yang akan "
            "datang, atau kosongkan agar berlaku sejak ditetapkan.",
            value=effective,
        )


def _summary(findings: Findings, public: Decreed) -> Iterator[Problem]:
    # Strangers are shown this line, and a natural person's name masked.
    if public.holder.natural and public.holder.name.casefold() in public.summary.casefold():
        yield findings.error(
            ("public", "summary"),
            "name_disclosed",
            "{label} memuat nama pemegang izin perorangan, padahal dibaca umum. Tulislah “pemegang izin” sebagai "
            "gantinya.",
        )
