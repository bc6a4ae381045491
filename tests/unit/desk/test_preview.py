"""What an officer sees before a permit has a number: the final page, and nothing that could pass for it."""

import copy
import dataclasses
import datetime
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageChops
from pyzbar import pyzbar

from desk.intake import Intake
from desk.preview import DraftShelf, Preview
from registry import mandates
from registry.database import Database
from registry.formats import canonical
from registry.formats.errors import UnavailableError
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.office import OfficeProfile
from templates.plates.shelf import MemoryShelf, Shelf
from templates.renderer import Rendered, Renderer

OFFICE = OfficeProfile.read(Path(packs.__file__).parents[1] / "offices" / "kampar.toml")
HOST = "izin.example.go.id"
NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
TODAY = datetime.date(2026, 11, 24)
PACK = packs.pack("genset")
MANDATE = MandateRecord(
    person="Dra. Contoh Puspa, M.Si.",
    rank="Pembina Tingkat I (IV/b)",
    employee_number="196903291990032009",
    mode=MandateMode.DEFINITIVE,
    office_title=" ".join(OFFICE.head_title),
    own_title=" ".join(OFFICE.head_title),
    decree_number="SK-CONTOH",
    decree_date=datetime.date(2025, 1, 1),
    scope=(),
    valid_from=datetime.date(2025, 1, 1),
    valid_until=None,
)
RENDERER = Renderer()


class Counting(Renderer):
    """The real renderer, which counts its layouts."""

    layouts = 0

    def render(self, *given: object, **named: object) -> Rendered:
        self.layouts += 1
        return super().render(*given, **named)  # type: ignore[arg-type]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database.create(tmp_path / "absah.db")
    with made.write() as tx:
        mandates.appoint(tx, office=OFFICE.id, mandate=MANDATE, now=NOW)
    return made


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database=database, office=OFFICE, pack=packs.pack, max_bytes=2**18)


@pytest.fixture
def preview(database: Database) -> Callable[..., Preview]:
    return lambda renderer=RENDERER: Preview(
        database=database, office=OFFICE, host=HOST, pack=packs.named, renderer=renderer
    )


def sample() -> dict:
    return json.loads(PACK.samples()[1].read_bytes())


def final(public: dict, mark: str) -> Rendered:
    """The page of the same decision as it is issued, under the number that a draft carries."""
    until = PACK.valid_until(public, TODAY)
    number = PACK.number(0, TODAY, office=OFFICE)
    return RENDERER.render(
        PACK,
        shape=PACK.shape(public, office=OFFICE, mandate=MANDATE, date_of_issue=TODAY, mark=mark),
        fields=PACK.fields(public, office=OFFICE, number=number, date_of_issue=TODAY, valid_until=until),
        host=HOST,
        link=f"https://{HOST}/v/" + "7192835460" * 56,
        number=number,
        attachment=canonical.dump(public),
        created=NOW,
    )


def pictures(pdf: bytes, dpi: int = 100) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in document]
    finally:
        document.close()


def different(draft: Image.Image, final: Image.Image) -> Image.Image:
    """Where two pages differ by more than a pale mark behind the text, apart from the violet words of a mark."""
    _, green, blue = draft.split()
    violet = ImageChops.subtract(blue, green).point(lambda value: 255 if value > 12 else 0)
    apart = ImageChops.difference(draft.convert("L"), final.convert("L")).point(lambda value: 255 if value > 40 else 0)
    apart.paste(0, mask=violet)
    return apart


def test_a_draft_has_the_pixels_of_the_final_but_for_mark_and_code(intake, preview) -> None:
    approved = intake.examine(json.dumps(sample()).encode(), now=NOW)
    drawn = preview().draw(approved, now=NOW)
    rendered = final(dict(approved.decision.public), "")
    place = rendered.qr
    for number, (left, right) in enumerate(zip(pictures(drawn.pdf), pictures(rendered.pdf), strict=True), start=1):
        apart = different(left, right)
        if number == place.page:
            mm = left.width / float(OFFICE.paper_mm[0])
            around = (place.left_mm - 1, place.top_mm - 1, place.left_mm + 34.1, place.top_mm + 34.1)
            apart.paste(0, tuple(round(edge * mm) for edge in around))
            # "Belum ditandatangani (draf)" stands where "Ditandatangani secara elektronik" will.
            line = rendered.signature
            top = left.height - round(line.y2 / 72 * 100)
            apart.paste(0, (round(line.x1 / 72 * 100), top + 125, left.width, top + 160))
        assert apart.getbbox() is None, f"page {number}: {apart.getbbox()}"


def test_a_draft_has_no_code_that_reads_no_data_and_says_on_every_page_what_it_is(intake, preview) -> None:
    drawn = preview().draw(intake.examine(json.dumps(sample()).encode(), now=NOW), now=NOW)
    for picture in pictures(drawn.pdf, 200):
        assert not pyzbar.decode(picture)
    document = pypdfium2.PdfDocument(drawn.pdf)
    try:
        assert document.count_attachments() == 0
        texts = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    assert len(texts) == drawn.pages
    assert all("DRAF – pratinjau" in text for text in texts)
    assert not any("Ditandatangani secara elektronik" in text for text in texts)
    assert re.search(r"Nomor 503/000/", " ".join(texts[-1].split()))


def test_a_draft_is_drawn_again_only_when_it_would_change(intake, preview, database) -> None:
    renderer = Counting()
    desk = preview(renderer)
    first, changed = sample(), copy.deepcopy(sample())
    changed["public"]["purpose"] += " dan penerangan"
    same_page = {**copy.deepcopy(first), "reference": "LAIN-1"}
    drawn = [
        desk.draw(intake.examine(json.dumps(value).encode(), now=now), now=now).pdf
        for value, now in (
            (first, NOW),
            (first, NOW + datetime.timedelta(hours=1)),
            (same_page, NOW),
            (changed, NOW),
            (first, NOW + datetime.timedelta(days=1)),
        )
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[3] != drawn[0] != drawn[4]
    assert renderer.layouts == 3
    with database.write() as tx:
        (key,) = [key for key, _ in mandates.every(tx, office=OFFICE.id)]
        mandates.end(
            tx,
            mandate=key,
            last_day=TODAY - datetime.timedelta(days=1),
            reason="pindah tugas",
            decree_number="SK-2",
            decree_date=TODAY,
            actor="Contoh",
            now=NOW,
        )
        acting = dataclasses.replace(MANDATE, mode=MandateMode.PLT, valid_from=TODAY, person="Ir. Contoh Baru, M.T.")
        mandates.appoint(tx, office=OFFICE.id, mandate=acting, now=NOW)
    desk.draw(intake.examine(json.dumps(first).encode(), now=NOW), now=NOW)
    assert renderer.layouts == 4


def test_where_no_one_may_sign_the_preview_says_so(tmp_path: Path, intake) -> None:
    empty = Database.create(tmp_path / "empty.db")
    desk = Preview(database=empty, office=OFFICE, host=HOST, pack=packs.named, renderer=RENDERER)
    with pytest.raises(mandates.MandateError, match="mandate"):
        desk.draw(intake.examine(json.dumps(sample()).encode(), now=NOW), now=NOW)


def test_a_page_is_given_as_a_picture(intake, preview) -> None:
    drawn = preview().draw(intake.examine(json.dumps(sample()).encode(), now=NOW), now=NOW)
    picture = Image.open(io.BytesIO(drawn.png(page=1, dpi=150)))
    assert picture.format == "PNG"
    assert picture.size == (1240, 1754)
    with pytest.raises(IndexError):
        drawn.png(page=drawn.pages + 1, dpi=150)


class Refusing:
    """A shelf in whose place nothing answers, from the given call on."""

    def __init__(self, shelf: Shelf, *, refuses: str) -> None:
        self._shelf = shelf
        self._refuses = refuses
        self.asked = 0

    def find(self, key: bytes) -> bytes | None:
        self.asked += 1
        return self._answer("find", self._shelf.find, key)

    def get(self, sha256: bytes) -> bytes:
        return self._answer("get", self._shelf.get, sha256)

    def keep(self, key: bytes, data: bytes, **about: str) -> bytes:
        return self._answer("keep", self._shelf.keep, key, data, **about)

    def _answer(self, name: str, ask: Callable[..., Any], *given: object, **named: object) -> Any:
        if name == self._refuses:
            raise UnavailableError(f"{name} is refused")
        return ask(*given, **named)


def test_a_draft_keeps_its_plates_where_it_may(intake, preview) -> None:
    shelf = MemoryShelf()
    approved = intake.examine(json.dumps(sample()).encode(), now=NOW)
    first = preview(Renderer(shelf=DraftShelf(shelf))).draw(approved, now=NOW)
    assert shelf.kept["plate"] == shelf.kept["measure"] == 1
    again = preview(Renderer(shelf=DraftShelf(Refusing(shelf, refuses="keep")))).draw(approved, now=NOW)
    assert again.pdf == first.pdf


@pytest.mark.long
@pytest.mark.parametrize("refuses", ["find", "get", "keep"])
def test_a_draft_is_drawn_where_nothing_may_be_kept_and_nothing_answers(intake, preview, refuses) -> None:
    shelf = MemoryShelf()
    approved = intake.examine(json.dumps(sample()).encode(), now=NOW)
    wanted = preview(Renderer(shelf=shelf)).draw(approved, now=NOW)
    silent = Refusing(MemoryShelf() if refuses == "keep" else shelf, refuses=refuses)
    drawn = preview(Renderer(shelf=DraftShelf(silent))).draw(approved, now=NOW)
    assert drawn.pdf == wanted.pdf
    if refuses != "keep":
        assert silent.asked == 1, "who does not answer is asked no more"
