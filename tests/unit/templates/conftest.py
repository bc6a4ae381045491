"""The parts that every test of this room needs: the pack, the sample office, a renderer, a signer in each mode."""

import copy
import dataclasses
import datetime
import pathlib
import re
import zlib
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest

from registry.formats import canonical
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.fonts import Fonts
from templates.office import OfficeProfile
from templates.renderer import Rendered, Renderer

TODAY = datetime.date(2026, 11, 23)
CREATED = datetime.datetime(2026, 11, 23, 3, 4, 5, tzinfo=datetime.UTC)
LINK = "https://izin.example.go.id/v/" + "7192835460" * 56
NUMBER = "503/001/DPMPTSP/XI/2026"
TITLE = "KEPALA DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU KABUPATEN KAMPAR"
OFFICE = OfficeProfile.read(pathlib.Path(packs.__file__).parent / "offices" / "kampar.toml")


def mandate(mode: MandateMode = MandateMode.DEFINITIVE, **changes: Any) -> MandateRecord:
    record = MandateRecord(
        person="Drs. Contoh Hendri Dunan, M.Si.",
        rank="Pembina Utama Muda (IV/c)",
        employee_number="196903291990031009",
        mode=mode,
        office_title=TITLE,
        own_title="Sekretaris",
        decree_number="SK-CONTOH-1",
        decree_date=datetime.date(2025, 1, 1),
        scope=(),
        valid_from=datetime.date(2025, 1, 1),
        valid_until=None,
    )
    return dataclasses.replace(record, **changes)


@dataclasses.dataclass(frozen=True)
class Printed:
    """A rendered permit with what is read back from its file."""

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


@pytest.fixture(scope="session")
def pack() -> packs.Pack:
    return packs.pack("genset")


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(typeface=Fonts.find())


@pytest.fixture
def sample(pack: packs.Pack) -> Callable[[int], dict[str, Any]]:
    """A sample's file as parsed: 0 tower, 1 factory, 2 hospital; fresh each time."""

    def load(index: int) -> dict[str, Any]:
        value = canonical.parse(pack.samples()[index].read_bytes())
        assert isinstance(value, dict)
        return copy.deepcopy(value)

    return load


@pytest.fixture(scope="session")
def printed(pack: packs.Pack, renderer: Renderer) -> Callable[..., Printed]:
    """Render a decision's file; the same request is rendered once in a session."""
    kept: dict[bytes, Printed] = {}

    def render(
        value: dict[str, Any],
        *,
        signer: MandateRecord | None = None,
        office: OfficeProfile = OFFICE,
        simulation: bool = True,
        link: str = LINK,
    ) -> Printed:
        checked = pack.check(value, today=TODAY)
        assert checked.decision is not None, [problem.message for problem in checked.problems]
        public = {**checked.decision.public, "private_commitment": "ab" * 32}
        signer = signer or mandate()
        key = canonical.dump([public, repr(signer), repr(office), office.emblem_uri, simulation, link])
        if key not in kept:
            until = pack.valid_until(public, TODAY)
            kept[key] = Printed(
                renderer.render(
                    pack,
                    shape=pack.shape(public, office=office, mandate=signer, date_of_issue=TODAY, simulation=simulation),
                    fields=pack.fields(public, office=office, number=NUMBER, date_of_issue=TODAY, valid_until=until),
                    link=link,
                    number=NUMBER,
                    attachment=canonical.dump(public),
                    created=CREATED,
                ),
                canonical.dump(public),
            )
        return kept[key]

    return render


@pytest.fixture(scope="session", name="profile")
def _profile() -> OfficeProfile:
    return OFFICE


@pytest.fixture(scope="session")
def signer_in() -> Callable[[MandateMode], MandateRecord]:
    """Someone who signs in the given mode."""
    return mandate
