"""Draws every pack's samples for both offices: `.venv/bin/python docs/gallery/pages.py` after `./absah test`.

Kampar prints on A4 in Arimo, the invented regency on F4 in Tinos. One PNG for each document, its pages side by side.
"""

import datetime
import pathlib
import sys

import pypdfium2
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from templates import packs
from templates.office import OfficeProfile
from templates.renderer import Renderer
from templates.specimen import specimens

FOLDER = pathlib.Path(__file__).parent / "pages"
DAY = datetime.date(2026, 11, 24)
DPI = 60
GAP = 8
COLOURS = 24


def main() -> None:
    """Draw them all; pictures of samples that are gone are removed."""
    FOLDER.mkdir(exist_ok=True)
    places = sorted((pathlib.Path(packs.__file__).parents[1] / "offices").glob("*.toml"))
    offices = {place.stem: OfficeProfile.read(place) for place in places}
    kept, renderer = set(), Renderer()
    for pack in packs.packs():
        for specimen in specimens(pack, offices):
            path = FOLDER / f"{pack.type}.{specimen.name}.png"
            side_by_side(specimen.render(renderer, pack, day=DAY).pdf).save(path, optimize=True)
            kept.add(path)
    for path in set(FOLDER.glob("*.png")) - kept:
        path.unlink()


def side_by_side(pdf: bytes) -> Image.Image:
    """The pages of a document in one row."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.render(scale=DPI / 72).to_pil() for page in document]
    finally:
        document.close()
    width = sum(page.width for page in pages) + GAP * (len(pages) + 1)
    picture = Image.new("RGB", (width, max(page.height for page in pages) + 2 * GAP), "#c9ccd1")
    left = GAP
    for page in pages:
        picture.paste(page, (left, GAP))
        left += page.width + GAP
    return picture.quantize(COLOURS)


if __name__ == "__main__":
    main()
