"""Plates made side by side: the same plates as one process makes, whatever becomes of the workers."""

import dataclasses
import datetime
import multiprocessing
import pathlib
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from registry.database import Database
from registry.documents import DocumentStore
from registry.formats.canonical import sha256
from registry.formats.record import MandateMode, MandateRecord
from registry.plates import Plates
from templates import limits, packs
from templates.fingerprint import Fingerprint
from templates.office import OfficeProfile
from templates.plates import sidebyside
from templates.plates.plate import Plate, PlateError
from templates.plates.shelf import MemoryShelf, Shelf
from templates.plates.sidebyside import NotMadeError, SideBySide, WorkerKilledError
from templates.renderer import Renderer, Signature
from templates.specimen import public_part

NOW = datetime.datetime(2026, 11, 23, 3, 0, tzinfo=datetime.UTC)
DAY = datetime.date(2026, 11, 23)
OFFICE = OfficeProfile.read(pathlib.Path(packs.__file__).parents[1] / "offices" / "kampar.toml")
MANDATE = MandateRecord(
    person="Drs. Contoh Hendri Dunan, M.Si.",
    rank="Pembina Utama Muda (IV/c)",
    employee_number="196903291990031009",
    mode=MandateMode.DEFINITIVE,
    office_title=" ".join(OFFICE.head_title),
    own_title="Sekretaris",
    decree_number="SK-CONTOH-1",
    decree_date=DAY,
    scope=(),
    valid_from=DAY,
    valid_until=None,
)


def page(pack: packs.Pack, **changes: str) -> dict[str, Any]:
    """What names the page of a pack's first sample; `changes` are other values in it."""
    public = public_part(pack.samples()[0])
    number = pack.number(7, DAY, office=OFFICE)
    until = pack.valid_until(public, datetime.date.min)
    fields = pack.fields(public, office=OFFICE, number=number, date_of_issue=DAY, valid_until=until)
    return {
        "shape": pack.shape(public, office=OFFICE, mandate=MANDATE, date_of_issue=DAY, mark="SIMULASI"),
        "fields": {**fields, **changes},
        "host": "izin.example.go.id",
        "number": number,
    }


def several(renderer: Renderer, count: int) -> list[Signature]:
    """Signatures of one short page whose reason takes one line, two, and so on."""
    pack = packs.pack("pengganti")
    first = renderer.signature(pack, **page(pack))
    (block,) = (
        number
        for number, column in enumerate(first.measure.columns)
        if column.names == ("reason",) and not column.repeated
    )
    return [
        dataclasses.replace(first, lines=(*first.lines[:block], more, *first.lines[block + 1 :]))
        for more in range(1, count + 1)
    ]


def plates(shelf: Shelf, renderer: Renderer, signatures: list[Signature]) -> list[bytes]:
    return [shelf.get(found) for one in signatures if (found := renderer.plate_of(one)) is not None]


def other(_: object) -> Fingerprint:
    return Fingerprint(parts={"weasyprint": "0.1"})


def test_several_processes_make_what_one_makes_and_each_plate_once() -> None:
    shelves = MemoryShelf(), MemoryShelf()
    told: list[tuple[int, int]] = []
    made = []
    for workers, shelf in zip((1, 2), shelves, strict=True):
        renderer = Renderer(shelf=shelf)
        signatures = several(renderer, 3)
        told.clear()
        bench = SideBySide(renderer=renderer, workers=workers, worth=1)
        assert bench.make([*signatures, signatures[0]], progress=lambda *done: told.append(done)) == 3
        assert bench.make(signatures, progress=lambda *done: told.append(done)) == 0
        assert told == [(1, 3), (2, 3), (3, 3)]
        made.append(plates(shelf, renderer, signatures))
        assert shelf.kept["plate"] == 3
    assert made[0] == made[1]
    assert multiprocessing.active_children() == []


@pytest.mark.long
def test_a_worker_is_told_nothing_of_a_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = Renderer()
    pack = packs.pack("pengganti")
    asked = page(pack)
    signature = renderer.signature(pack, **asked)
    told: list[bytes] = []

    def start(bench: object, _workers: int) -> Any:
        told.append(pickle.dumps(bench))
        raise InterruptedError

    monkeypatch.setattr(sidebyside, "_started", start)
    with pytest.raises(InterruptedError):
        SideBySide(renderer=renderer, workers=2, worth=1).make([signature, *several(renderer, 3)])
    told.append(pickle.dumps(sidebyside._Job.of(signature)))
    known = str(signature.shape)
    values = [value for value in asked["fields"].values() if len(value) > 4 and value not in known]
    assert len(values) > 5
    for value in (*values, asked["number"]):
        assert not any(value.encode() in one for one in told), value


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_a_page_that_cannot_be_made_is_named_and_the_others_are_made(workers: int) -> None:
    shelf, allowed = MemoryShelf(), limits.RenderLimits(pages=1)
    long = packs.pack("pencabutan")  # of three pages, and the letter of one
    measuring = Renderer(shelf=shelf)
    impossible, possible = measuring.signature(long, **page(long)), several(measuring, 2)
    renderer = Renderer(shelf=shelf, allowed=allowed)
    bench = SideBySide(renderer=renderer, workers=workers, worth=1, allowed=allowed)
    with pytest.raises(NotMadeError) as caught:
        bench.make([impossible, *possible])
    ((named, reason),) = caught.value.failures
    assert named == impossible
    assert isinstance(reason, limits.LimitError)
    assert "pencabutan/v1" in caught.value.text("id")
    assert "paling banyak 1" in caught.value.text("id")
    assert "could not be made" in caught.value.text("en")
    assert len(plates(shelf, renderer, possible)) == 2


@pytest.mark.long
def test_a_worker_that_is_killed_costs_its_own_plate_and_no_other() -> None:
    shelf = MemoryShelf()
    renderer = Renderer(shelf=shelf)
    signatures = several(renderer, 5)

    def kill(done: int, _total: int) -> None:
        if done == 1:
            multiprocessing.active_children()[0].kill()

    bench = SideBySide(renderer=renderer, workers=2, worth=1)
    with pytest.raises(NotMadeError, match="ended from outside") as caught:
        bench.make(signatures, progress=kill)
    ((lost, reason),) = caught.value.failures
    assert isinstance(reason, WorkerKilledError)
    assert len(plates(shelf, renderer, signatures)) == 4
    assert renderer.plate_of(lost) is None
    assert SideBySide(renderer=renderer, workers=1).make(signatures) == 1


@pytest.mark.long
def test_where_every_worker_is_killed_nothing_waits_for_ever() -> None:
    renderer = Renderer()
    signatures = several(renderer, 4)

    def kill(done: int, _total: int) -> None:
        for child in multiprocessing.active_children() if done == 1 else ():
            child.kill()
            child.join()

    with pytest.raises(NotMadeError) as caught:
        SideBySide(renderer=renderer, workers=2, worth=1).make(signatures, progress=kill)
    # One was made; the other worker may have answered before it died.
    assert len(caught.value.failures) in (2, 3)


@pytest.mark.long
def test_ctrl_c_leaves_no_process_and_keeps_what_was_made() -> None:
    shelf = MemoryShelf()
    renderer = Renderer(shelf=shelf)

    def interrupt(_done: int, _total: int) -> None:
        assert len(multiprocessing.active_children()) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SideBySide(renderer=renderer, workers=2, worth=1).make(several(renderer, 4), progress=interrupt)
    assert multiprocessing.active_children() == []
    assert shelf.kept["plate"] == 1


@pytest.mark.long
def test_what_is_no_plate_of_the_signature_is_not_kept() -> None:
    shelf = MemoryShelf()
    renderer = Renderer(shelf=shelf)
    one, another = several(renderer, 2)
    plate = shelf.get(renderer.make(one))
    for data in (b"", plate[:-1], plate):
        with pytest.raises(PlateError):
            renderer.keep(another, data)
    assert renderer.plate_of(another) is None


@pytest.fixture
def shelf_of(tmp_path: pathlib.Path) -> Callable[[], Plates]:
    """A shelf of one office, over a database connection of its own each time."""
    (tmp_path / "documents").mkdir()
    Database.create(tmp_path / "absah.db").close()

    def shelf() -> Plates:
        return Plates(
            database=Database.open(tmp_path / "absah.db"),
            documents=DocumentStore.local(tmp_path / "documents"),
            clock=lambda: NOW,
        )

    return shelf


@pytest.mark.long
def test_two_that_make_the_same_plate_at_once_agree_on_one_and_print_the_same_file(
    shelf_of: Callable[[], Plates],
) -> None:
    """Each by other libraries than the other, so that their plates are not even the same bytes."""
    barrier = threading.Barrier(2)
    pack = packs.pack("pengganti")
    asked = page(pack)
    Renderer(shelf=shelf_of()).signature(pack, **asked)
    given = {
        **asked, "link": f"https://{asked['host']}/v/" + "7192835460" * 56, "attachment": b"{}", "created": NOW,
    }  # fmt: skip

    class Slow(Renderer):
        def make(self, signature: Signature) -> bytes:
            barrier.wait(timeout=60)
            return super().make(signature)

    files: dict[str, Any] = {}

    def run(name: str, renderer: Renderer) -> None:
        files[name] = renderer.render(pack, **given)

    threads = [
        threading.Thread(target=run, args=("here", Slow(shelf=shelf_of()))),
        threading.Thread(target=run, args=("there", Slow(shelf=shelf_of(), fingerprint=other))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files["here"] == files["there"]
    assert files["here"].pdf.startswith(b"%PDF-")


@pytest.mark.long
def test_a_plate_that_other_libraries_made_is_used_as_it_is(shelf_of: Callable[[], Plates]) -> None:
    pack = packs.pack("pengganti")
    asked = page(pack)
    before = Renderer(shelf=shelf_of(), fingerprint=other)
    made = before.make(before.signature(pack, **asked))

    shelf = shelf_of()
    upgraded = Renderer(shelf=shelf)
    signature = upgraded.signature(pack, **asked)
    assert SideBySide(renderer=upgraded, workers=2, worth=1).make([signature]) == 0
    assert upgraded.plate_of(signature) == made
    data = shelf.get(made)
    assert sha256(data) == made
    assert Plate.of_bytes(data).fingerprint == other(None).digest
    # What is new is made by the libraries of now.
    (new,) = (one for one in several(upgraded, 2) if one.lines != signature.lines)
    assert Plate.of_bytes(shelf.get(upgraded.make(new))).fingerprint != other(None).digest
