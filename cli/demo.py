"""The whole path on sample decisions: register, freeze, render, sign, issue, and verify as a stranger would."""

import dataclasses
import datetime
import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image, ImageEnhance, ImageFilter

from cli import verifying
from cli.home import Home
from cli.workshop import Workshop
from registry.decisions import Decision
from registry.formats.record import PermitRecord
from registry.formats.verdict import Answer, Outcome, Subject, Verdict, VerdictName
from registry.instruments import Instrument
from signing.issuance import Progress
from templates import packs
from verifier.decode import read_codes_quickly
from verifier.report import as_json
from verifier.verify import Verifier

PHOTO_DPI: Final = 150
QR_DPI: Final = 200
HOLDER_WIDTH: Final = 36

_STATEMENT_ANSWERS: Final = {
    Answer.INTACT: Outcome.UNKNOWN,
    Answer.ISSUED: Outcome.PASSED,
    Answer.IN_FORCE: Outcome.PASSED,
    Answer.AUTHORISED: Outcome.PASSED,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One permit as three strangers met it."""

    number: str
    pdf: Path
    link: str
    verdicts: dict[str, Verdict]

    @property
    def right(self) -> bool:
        """Whether file, link and photo each got the verdict that a genuine permit deserves."""
        link, photo = self.verdicts["link"], self.verdicts["photo"]
        file = self.verdicts["pdf"]
        return (
            file.name is VerdictName.GENUINE
            and file.subject is Subject.FILE
            and set(file.answers.values()) == {Outcome.PASSED}
            and all(
                one.name is VerdictName.COMPARE
                and one.subject is Subject.STATEMENT
                and one.answers == _STATEMENT_ANSWERS
                for one in (link, photo)
            )
        )

    def as_json(self, language: str) -> dict[str, object]:
        """The permit as `demo --json` prints it."""
        inputs = {"pdf": str(self.pdf), "link": self.link, "photo": f"{self.pdf.stem}.jpg"}
        return {
            "number": self.number,
            "pdf": str(self.pdf),
            "link": self.link,
            "verdicts": {kind: as_json(verdict, inputs[kind], language) for kind, verdict in self.verdicts.items()},
        }


def run(
    home: Home,
    workshop: Workshop,
    *,
    clock: Callable[[], datetime.datetime],
    say: Callable[[str], None],
    progress: Progress = lambda _step, _done, _total: None,
) -> list[Shown]:
    """Issue every sample that is not issued yet, then verify all of them."""
    started = time.monotonic()
    kept = register(workshop, now=clock(), say=say)
    batch = issue(workshop, kept, clock=clock, say=say, progress=progress)
    home.permits.mkdir(exist_ok=True)
    verifier = verifying.verifier_of(
        home,
        trust=verifying.trust_of(home),
        registry=workshop.records,
        reader=workshop.reader,
        zone=workshop.office.time_zone,
    )
    shown = []
    for place, instrument in enumerate(batch, start=1):
        say(f"  verify    {place} of {len(batch)}  {instrument.number}: file, QR code, photo")
        shown.append(_verify(home, workshop, verifier, instrument, clock))
    (home.permits / "links.txt").write_text("".join(f"{one.number}\n{one.link}\n" for one in shown), encoding="utf-8")
    say(f"  done in {time.monotonic() - started:.1f} s")
    return shown


def register(workshop: Workshop, *, now: datetime.datetime, say: Callable[[str], None]) -> list[Decision]:
    """Take in the sample decisions."""
    kept = []
    samples = packs.pack("genset").samples()
    for place, path in enumerate(samples, start=1):
        receipt = workshop.intake.add(path.read_bytes(), now=now)
        say(f"  register  {place} of {len(samples)}  {receipt.decision.reference} ({receipt.outcome})")
        kept.append(receipt.decision)
    return kept


def issue(
    workshop: Workshop,
    batch: list[Decision],
    *,
    clock: Callable[[], datetime.datetime],
    say: Callable[[str], None],
    progress: Progress = lambda _step, _done, _total: None,
) -> list[Instrument]:
    """Freeze all of a batch, render all, then sign all: the order in which a head of office works."""
    issuance = workshop.issuance
    before = {decision.id: issuance.issued(decision) for decision in batch}
    kept = [instrument for instrument in before.values() if instrument is not None]
    if kept:
        say(f"  keep      {len(kept)} permits were issued before; they stay as they are")
    decided = [decision for decision in batch if before[decision.id] is None]
    if decided:
        say(f"  freeze    {len(decided)} permits: numbers, date of issue, mandate and QR statements are fixed")
        say(f"  render    {len(decided)} permits: pages that are new are laid out first")
    waiting = issuance.prepare(decided, now=clock(), progress=progress)
    for place, instrument in enumerate(waiting, start=1):
        say(f"  sign      {place} of {len(waiting)}  {instrument.number}")
        issuance.sign_and_issue(instrument, now=clock())
    published = workshop.publisher.publish(now=clock())
    say(f"  publish   log of {published.size} entries, status lists")
    return sorted(kept + waiting, key=lambda instrument: instrument.id)


def export(home: Home, workshop: Workshop, instrument: Instrument) -> tuple[Path, PermitRecord, bytes]:
    """Copy an issued permit out of the registry under a readable name."""
    record = workshop.records.permit_by_serial(instrument.serial)
    if record is None or record.file_sha256 is None:
        raise LookupError(f"{instrument.number} is not issued")
    data = workshop.records.document(record.file_sha256)
    path = home.copy_of(record.number)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)
    return path, record, data


def _verify(
    home: Home,
    workshop: Workshop,
    verifier: Verifier,
    instrument: Instrument,
    clock: Callable[[], datetime.datetime],
) -> Shown:
    path, record, data = export(home, workshop, instrument)
    link = next(links(data), "")
    page = 1 if record.qr_place is None else record.qr_place.page
    photo = photograph(raster(data, page=page, dpi=PHOTO_DPI))
    return Shown(
        number=instrument.number,
        pdf=path,
        link=link,
        verdicts={
            "pdf": verifier.verify(data, now=clock()),
            "link": verifier.verify(link, now=clock()),
            "photo": verifier.verify(photo, now=clock()),
        },
    )


def links(data: bytes) -> Iterator[str]:
    """The links that a phone would find on the pages, decoded from pixels."""
    for page in range(1, page_count(data) + 1):
        yield from read_codes_quickly(raster(data, page=page, dpi=QR_DPI))


def page_count(data: bytes) -> int:
    """How many pages our own PDF has."""
    document = pypdfium2.PdfDocument(data)
    try:
        return len(document)
    finally:
        document.close()


def raster(data: bytes, *, page: int, dpi: int) -> Image.Image:
    """One page of our own PDF as pixels."""
    document = pypdfium2.PdfDocument(data)
    try:
        image: Image.Image = document[page - 1].render(scale=dpi / 72).to_pil().convert("RGB")
        return image
    finally:
        document.close()


def photograph(page: Image.Image) -> bytes:
    """A page as a phone would see it: a little askew, soft, dim to one side, grainy, and JPEG."""
    askew = page.rotate(1.2, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 116, 110))
    soft = askew.filter(ImageFilter.GaussianBlur(0.6))
    shade = Image.linear_gradient("L").resize(soft.size).point(lambda value: 255 - value // 5)
    lit = Image.composite(soft, ImageEnhance.Brightness(soft).enhance(0.8), shade)
    noise = Image.frombytes("L", (256, 256), random.Random(1).randbytes(256 * 256)).resize(soft.size)  # noqa: S311  # grain
    grainy = Image.blend(lit, Image.merge("RGB", (noise, noise, noise)), 0.06)
    buffer = io.BytesIO()
    grainy.save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


def table(shown: list[Shown], language: str) -> str:
    """The verdicts, one permit a row, and each sentence once."""
    heads = ("number", "holder", "PDF file", "QR link", "photo")
    rows = [
        (
            one.number,
            _holder(one.verdicts["pdf"], language),
            *(("✓ " if one.right else "✕ ") + one.verdicts[kind].name for kind in ("pdf", "link", "photo")),
        )
        for one in shown
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _holder(verdict: Verdict, language: str) -> str:
    fields = verdict.record.public_view if verdict.record is not None else ()
    holder = next((field.value[language] for field in fields if field.id == "holder"), "")
    return holder if len(holder) <= HOLDER_WIDTH else holder[: HOLDER_WIDTH - 1] + "…"
