"""The JSON Schemas of decisions: printed for one permit type, or published for all at /schema/ of the home's host."""

import json
import sys
from pathlib import Path
from typing import Final

from cli.home import Home
from registry import durable
from registry.formats.errors import DocumentError
from templates import packs
from templates.packs import Pack

FOLDER: Final = "schema"


def show(permit_type: str) -> int:
    """Print the JSON Schema of a decision."""
    try:
        pack = packs.pack(permit_type)
    except DocumentError:
        known = ", ".join(sorted(pack.type for pack in packs.packs()))
        print(f"absah: there is no permit type {permit_type!r}; known: {known}", file=sys.stderr)
        return 2
    print(_text(pack.json_schema()), end="")
    return 0


def publish(home: Home) -> list[Path]:
    """Write the schema of every pack version into the public folder; returns the files, whether new or there before."""
    files = []
    for pack in packs.versions().values():
        path = home.public / FOLDER / file_name(pack)
        address = f"https://{home.settings.host}/{FOLDER}/{file_name(pack)}"
        data = _text({"$id": address, **pack.json_schema()}).encode()
        if not path.is_file() or path.read_bytes() != data:
            durable.write_whole(path, data, mode=durable.PUBLIC_MODE)
        files.append(path)
    return files


def file_name(pack: Pack) -> str:
    """What a pack version's schema is called: "genset-v1.json"."""
    return f"{pack.name.replace('/', '-')}.json"


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
