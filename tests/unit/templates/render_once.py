"""Render the second sample into the file given: what test_renderer runs in a process of its own."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import conftest

from registry.formats import canonical
from templates.renderer import Renderer

pack = conftest.packs.pack("genset")
public = conftest.public_part(pack, canonical.parse(pack.samples()[1].read_bytes()))
rendered = Renderer().render(pack, **conftest.arguments(pack, public))
pathlib.Path(sys.argv[1]).write_bytes(rendered.pdf)
