"""Render documents in a process of its own, perhaps with another WeasyPrint: what tests of plates run.

    elsewhere.py FOLDER [--compare]

FOLDER holds `documents.pickle`, a list of (name of a pack, what the renderer is asked for), and gets `plates/`, which
the next run uses and adds to. Prints JSON: WeasyPrint's version, and for each document the SHA-256 of its file and of
its plate and, if asked to compare, how it differs from the full layout.
"""

import argparse
import hashlib
import json
import pathlib
import pickle
import sys
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parents[3]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import exactness
import oracle
import pydyf
import weasyprint

from registry.formats.errors import UnavailableError
from templates import conformance, packs
from templates.renderer import Renderer


class FolderShelf:
    """A shelf in a folder, for one process after the other."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder

    def find(self, key: bytes) -> bytes | None:
        path = self._folder / f"{key.hex()}.key"
        return path.read_bytes() if path.exists() else None

    def get(self, sha256: bytes) -> bytes:
        data = (self._folder / sha256.hex()).read_bytes()
        if hashlib.sha256(data).digest() != sha256:
            raise UnavailableError(f"{sha256.hex()} is damaged")
        return data

    def keep(self, key: bytes, data: bytes, **_: object) -> bytes:
        if (found := self.find(key)) is not None:
            return found
        sha256 = hashlib.sha256(data).digest()
        (self._folder / sha256.hex()).write_bytes(data)
        (self._folder / f"{key.hex()}.key").write_bytes(sha256)
        return sha256


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--compare", action="store_true")
    words = parser.parse_args()
    if int(weasyprint.__version__.split(".")[0]) < 70:
        _give_heads_attributes()
    renderer = Renderer(shelf=FolderShelf(words.folder / "plates"))
    full = oracle.Oracle(renderer)
    found = []
    for name, asked in pickle.loads((words.folder / "documents.pickle").read_bytes()):
        pack = packs.pack(name)
        rendered = renderer.render(pack, **asked)
        one = {"sha256": hashlib.sha256(rendered.pdf).hexdigest(), "plate": rendered.plate.hex()}
        if words.compare:
            one["differences"] = exactness.differences(rendered.pdf, full.same_lines(pack, asked))
        found.append(one)
    json.dump({"weasyprint": weasyprint.__version__, "documents": found}, sys.stdout)


def _give_heads_attributes() -> None:
    """What `templates.conformance` needs and WeasyPrint has since 70: attributes of a table's heads, to add to."""
    give_scope = conformance._give_scope

    def give(cell: Any, ancestors: tuple[str, ...]) -> None:
        cell.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
        give_scope(cell, ancestors)

    conformance._give_scope = give


if __name__ == "__main__":
    main()
