"""Render the second sample into the file given: what test_renderer runs in a process of its own."""

import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import conftest

from registry.formats import canonical
from templates.fonts import Fonts
from templates.renderer import Renderer

pack = conftest.packs.pack("genset")
decision = pack.check(canonical.parse(pack.samples()[1].read_bytes()), today=conftest.TODAY).decision
assert decision is not None
public = {**decision.public, "private_commitment": "ab" * 32}
day = datetime.date(2026, 11, 23)
rendered = Renderer(typeface=Fonts.find()).render(
    pack,
    shape=pack.shape(public, office=conftest.OFFICE, mandate=conftest.mandate(), date_of_issue=day, simulation=True),
    fields=pack.fields(
        public,
        office=conftest.OFFICE,
        number=conftest.NUMBER,
        date_of_issue=day,
        valid_until=pack.valid_until(public, day),
    ),
    link=conftest.LINK,
    number=conftest.NUMBER,
    attachment=canonical.dump(public),
    created=conftest.CREATED,
)
pathlib.Path(sys.argv[1]).write_bytes(rendered.pdf)
