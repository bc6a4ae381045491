"""Every document that this release can print is PDF/A-3a and PDF/UA-1, as veraPDF reads ISO 19005-3 and ISO 14289-1.

Each pack, in each office, each of its samples: unsigned, for training, as a draft, and signed. So every shape and mark
has its plate heard. One file of each kind is spoiled, and veraPDF must refuse it: a judge that accepts those is no
judge.
"""

import datetime
import importlib.util
import io
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from keys.development import DevelopmentPki
from registry.formats import canonical
from signing.pades import Box, sign_certified
from templates import packs
from templates.office import OfficeProfile
from templates.renderer import Rendered, Renderer

pytestmark = pytest.mark.conformance

ASK = Path(__file__).parent / "judges" / "ask"
OFFICES = {path.stem: path for path in sorted((Path(packs.__file__).parents[1] / "offices").glob("*.toml"))}
NAMES = {
    f"{pack.type}-{path.stem}-{office}": (pack, path, OFFICES[office])
    for pack in packs.packs()
    for path in pack.samples()
    for office in OFFICES
}
UNSIGNED = {"unsigned": {"mark": ""}, "training": {"mark": "SIMULASI"}, "draft": {"mark": "DRAF", "link": None}}
KINDS = [*UNSIGNED, "signed"]
SPOILED = "spoiled"
Answers = Mapping[str, tuple[bool, str]]


def _unit_tests() -> ModuleType:
    """How the tests of the renderer make what it is given."""
    path = Path(__file__).parents[1] / "unit" / "templates" / "conftest.py"
    spec = importlib.util.spec_from_file_location("rendering", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _spoiled(data: bytes, change: Callable[[Any], None]) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    change(writer.root)
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _with_a_script(root: Any) -> None:
    root[pdf_name("/OpenAction")] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("0")}
    )


def _without_its_title(root: Any) -> None:
    root[pdf_name("/ViewerPreferences")] = generic.DictionaryObject()


@pytest.fixture(scope="module")
def documents() -> Mapping[tuple[str, str], Rendered]:
    """By kind, of those in `UNSIGNED`, and name."""
    parts, renderer = _unit_tests(), Renderer()
    found = {}
    for name, (pack, path, profile) in NAMES.items():
        office = OfficeProfile.read(profile)
        value = parts.in_office(canonical.parse(path.read_bytes()), office)
        public = parts.public_part(pack, value, office=office)
        for kind, choices in UNSIGNED.items():
            found[kind, name] = renderer.render(pack, **parts.arguments(pack, public, office=office, **choices))
    return found


@pytest.fixture(scope="module")
def files(documents, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], bytes]:
    at = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
    names = {"person": "Drs. Contoh", "office": "Dinas Contoh"}
    pki = DevelopmentPki.make(tmp_path_factory.mktemp("home") / "keys", now=at, **names)
    key = pki.signing_key()
    found = {place: rendered.pdf for place, rendered in documents.items()}
    for name in NAMES:
        where = documents["unsigned", name].signature
        box = Box(page=where.page, x1=where.x1, y1=where.y1, x2=where.x2, y2=where.y2)
        found["signed", name] = sign_certified(
            found["unsigned", name], key=key, at=at, place=box, label="Tanda tangan elektronik"
        )
    return found


def _asked(judge: str, files: Mapping[tuple[str, str], bytes], folder: Path, change: Callable[[Any], None]) -> Answers:
    """What the judge says of every file, asked once, by "kind/name"."""
    paths = {}
    for number, ((kind, name), data) in enumerate(files.items()):
        paths[f"{kind}/{name}"] = folder / f"{number}.pdf", data
    for kind in KINDS:
        paths[f"{kind}/{SPOILED}"] = folder / f"{kind}.pdf", _spoiled(files[kind, next(iter(NAMES))], change)
    for path, data in paths.values():
        path.write_bytes(data)
    command = [ASK, judge, *(path for path, _ in paths.values())]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    said = {file: (word == "accepted", "; ".join(rest)) for word, file, *rest in map(_parts, done.stdout.splitlines())}
    return {name: said[str(path)] for name, (path, _) in paths.items()}


def _parts(line: str) -> list[str]:
    return line.split("\t")


@pytest.fixture(scope="module")
def archive(files, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return _asked("3a", files, tmp_path_factory.mktemp("archive"), _with_a_script)


@pytest.fixture(scope="module")
def accessible(files, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return _asked("ua1", files, tmp_path_factory.mktemp("accessible"), _without_its_title)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_an_archivable_document(archive: Answers, kind: str, name: str) -> None:
    accepted, words = archive[f"{kind}/{name}"]
    assert accepted, words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_an_accessible_document(accessible: Answers, kind: str, name: str) -> None:
    accepted, words = accessible[f"{kind}/{name}"]
    assert accepted, words


@pytest.mark.parametrize("kind", KINDS)
def test_verapdf_refuses_a_spoiled_one(archive: Answers, accessible: Answers, kind: str) -> None:
    assert not archive[f"{kind}/{SPOILED}"][0]
    assert not accessible[f"{kind}/{SPOILED}"][0]
