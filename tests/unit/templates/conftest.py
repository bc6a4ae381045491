"""The parts that every test of this room needs: packs, the sample office, a renderer, a signer in each mode."""

import copy
import dataclasses
import datetime
import itertools
import pathlib
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pypdfium2
import pytest

from registry.formats import canonical
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.office import OfficeProfile
from templates.plates.shelf import MemoryShelf
from templates.renderer import Rendered, Renderer

TODAY = datetime.date(2026, 11, 23)
CREATED = datetime.datetime(2026, 11, 23, 3, 4, 5, tzinfo=datetime.UTC)
HOST = "izin.example.go.id"
LINK = f"https://{HOST}/v/" + "7192835460" * 56
NUMBER = "503/001/DPMPTSP/XI/2026"
OFFICE = OfficeProfile.read(pathlib.Path(packs.__file__).parents[1] / "offices" / "kampar.toml")


def mandate(
    mode: MandateMode = MandateMode.DEFINITIVE, *, office: OfficeProfile = OFFICE, **changes: Any
) -> MandateRecord:
    record = MandateRecord(
        person="Drs. Contoh Hendri Dunan, M.Si.",
        rank="Pembina Utama Muda (IV/c)",
        employee_number="196903291990031009",
        mode=mode,
        office_title=" ".join(office.head_title),
        own_title="Sekretaris",
        decree_number="SK-CONTOH-1",
        decree_date=datetime.date(2025, 1, 1),
        scope=(),
        valid_from=datetime.date(2025, 1, 1),
        valid_until=None,
    )
    return dataclasses.replace(record, **changes)


def in_office(value: dict[str, Any], office: OfficeProfile) -> dict[str, Any]:
    """A sample's file as if it had been decided in this office: its districts moved into the office's region."""
    districts = sorted(office.region_data.districts.items())

    def moved(part: Any) -> Any:
        if isinstance(part, list):
            return [moved(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        if part.keys() == {"code", "name"} and part["code"] not in office.region_data.districts:
            code, name = districts[int(part["code"][-2:]) % len(districts)]
            return {"code": code, "name": name}
        return {name: moved(inner) for name, inner in part.items()}

    found = moved(value)
    assert isinstance(found, dict)
    return found


def public_part(pack: packs.Pack, value: dict[str, Any], *, office: OfficeProfile = OFFICE) -> dict[str, Any]:
    """The public part of a decision's file as it is stored."""
    checked = pack.check(value, today=TODAY, office=office)
    assert checked.decision is not None, [problem.message for problem in checked.problems]
    return {**checked.decision.public, "private_commitment": "ab" * 32}


def arguments(
    pack: packs.Pack,
    public: dict[str, Any],
    *,
    signer: MandateRecord | None = None,
    office: OfficeProfile = OFFICE,
    mark: str = "SIMULASI",
    link: str | None = LINK,
    number: str = NUMBER,
) -> dict[str, Any]:
    """What `Renderer.render` is given for this document, beside its pack."""
    until = pack.valid_until(public, TODAY)
    return {
        "shape": pack.shape(
            public, office=office, mandate=signer or mandate(office=office), date_of_issue=TODAY, mark=mark
        ),
        "fields": pack.fields(public, office=office, number=number, date_of_issue=TODAY, valid_until=until),
        "host": HOST,
        "link": link,
        "number": number,
        "attachment": None if link is None else canonical.dump(public),
        "created": CREATED,
    }


@dataclasses.dataclass(frozen=True)
class Printed:
    """A rendered document with what is read back from its file."""

    rendered: Rendered
    attachment: bytes

    @property
    def pages(self) -> list[str]:
        document = pypdfium2.PdfDocument(self.rendered.pdf)
        try:
            return [page.get_textpage().get_text_bounded() for page in document]
        finally:
            document.close()

    def image(self, page: int, dpi: int) -> Any:
        document = pypdfium2.PdfDocument(self.rendered.pdf)
        try:
            return document[page - 1].render(scale=dpi / 72).to_pil().convert("L")
        finally:
            document.close()

    @property
    def everything(self) -> bytes:
        """The file's bytes, and those of every stream unpacked."""
        parts = [self.rendered.pdf]
        for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", self.rendered.pdf, re.DOTALL):
            try:
                parts.append(zlib.decompress(match[1]))
            except zlib.error:
                continue
        return b"\n".join(parts)


_PLAIN = """
html { font-size: 10pt; line-height: 1.3 }
body, p, h1, h2, ol, table { margin: 0; padding: 0; font-size: inherit; font-weight: normal }
.f { display: block }
.qr { width: 93.6pt; height: 93.6pt; overflow: visible }
table { width: 100%; table-layout: fixed; border-collapse: collapse }
th, td { padding: 0; text-align: left; vertical-align: top; font-weight: normal }
@page { @bottom-right { white-space: pre; width: 60%; text-align: right; font-size: 7.5pt } }
"""


@pytest.fixture(scope="session")
def pack() -> packs.Pack:
    return packs.pack("genset")


@pytest.fixture(scope="session")
def shelf() -> MemoryShelf:
    """Where the renderer keeps its plates."""
    return MemoryShelf()


@pytest.fixture(scope="session")
def renderer(shelf: MemoryShelf) -> Renderer:
    return Renderer(shelf=shelf)


@pytest.fixture
def sample(pack: packs.Pack) -> Callable[..., dict[str, Any]]:
    """A sample's file as parsed, of the generator permit (0 tower, 1 factory, 2 hospital) or another pack."""

    def load(index: int, of: packs.Pack = pack) -> dict[str, Any]:
        value = canonical.parse(of.samples()[index].read_bytes())
        assert isinstance(value, dict)
        return copy.deepcopy(value)

    return load


@pytest.fixture(scope="session")
def printed(pack: packs.Pack, renderer: Renderer) -> Callable[..., Printed]:
    """Render a decision's file; the same request is rendered once in a session."""
    kept: dict[bytes, Printed] = {}

    def render(value: dict[str, Any], *, of: packs.Pack = pack, **choices: Any) -> Printed:
        public = public_part(of, value, office=choices.get("office", OFFICE))
        asked = arguments(of, public, **choices)
        key = canonical.dump(
            [of.name, {**asked, "attachment": None, "created": "", "link": asked["link"] or ""}, public]
        )
        if key not in kept:
            kept[key] = Printed(renderer.render(of, **asked), canonical.dump(public))
        return kept[key]

    return render


@pytest.fixture(scope="session", name="profile")
def _profile() -> OfficeProfile:
    return OFFICE


@pytest.fixture(scope="session")
def asked_of() -> Callable[..., dict[str, Any]]:
    """What a renderer is asked for a decision's file."""
    return lambda of, value, **choices: arguments(of, public_part(of, value), **choices)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpPack:
    """As much of a pack as the renderer looks at."""

    name: str
    page_folders: tuple[pathlib.Path, pathlib.Path]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """A page that no pack has, and what its documents are asked for with."""

    pack: MadeUpPack
    rows: Mapping[str, int]

    def asked(self, *, mark: str = "", link: str | None = LINK, **fields: str) -> dict[str, Any]:
        return {
            "shape": {
                "pack": self.pack.name,
                "title": "Izin Contoh",
                "mark": mark,
                "office": {"short_name": "Dinas Contoh"},
                "paper": OFFICE.paper_layout(),
                "typeface": OFFICE.typeface,
                "rows": self.rows,
            },
            "fields": fields,
            "host": HOST,
            "link": link,
            "number": NUMBER,
            "attachment": None if link is None else canonical.dump(fields),
            "created": CREATED,
        }


@pytest.fixture
def made_up(tmp_path: pathlib.Path) -> Callable[..., MadeUp]:
    """A page of `body`, which begins in its third line, in the shared style and `css`."""
    numbers = itertools.count(1)

    def make(body: str, css: str = "", **rows: int) -> MadeUp:
        folder = tmp_path / f"v{next(numbers)}"
        (folder / "common").mkdir(parents=True)
        (folder / "page.html").write_text(
            f'<h1>{{{{ shape.title }}}}</h1>\n<p>{{{{ f("host") }}}}</p>\n{body}\n<p id="signature">x</p>{{{{ qr }}}}',
            "utf-8",
        )
        (folder / "common" / "plain.css").write_text(_PLAIN, "utf-8")
        (folder / "style.css").write_text(css, "utf-8")
        pack = MadeUpPack(name=f"{tmp_path.name}/{folder.name}", page_folders=(folder, folder / "common"))
        return MadeUp(pack=pack, rows=rows)

    return make


@pytest.fixture(scope="session")
def moved_to() -> Callable[[dict[str, Any], OfficeProfile], dict[str, Any]]:
    """A sample's file as if it had been decided in another office."""
    return in_office


@pytest.fixture(scope="session")
def signer_in() -> Callable[[MandateMode], MandateRecord]:
    """Someone who signs in the given mode."""
    return mandate
