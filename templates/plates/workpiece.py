"""A pack's page in one typeface, while it is measured and made plates of: laid out with placeholders, and read back.

It is never given a value of a document: neither title nor date, neither attachment nor code.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import markupsafe

from templates import catchwords, page
from templates.layout import LaidOut, Layout
from templates.page import Block
from templates.plates import objects, placeholders
from templates.plates.plate import FaceName, PlateError
from templates.typesetting.face import Face

# No document has such a title, such dates, such an attachment: what becomes of them is found again by that.
TITLE: Final = "absah title placeholder"
CREATED: Final = datetime.datetime(1987, 6, 5, 4, 3, 2, tzinfo=datetime.UTC)
ATTACHMENT: Final = b"absah attachment placeholder"
DRAWING: Final = b"% absah drawing placeholder"
# Lines are given, and stay as they are.
LINES: Final = ".f{white-space:pre;overflow-wrap:normal}"

_ANY_SIZE: Final = 16 * 1024
_UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"


class Workpiece:
    """One pack's page. Threads may share it; the layout takes turns."""

    def __init__(self, *, pack: str, family: str, layout: Layout, faces: Mapping[FaceName, Face]) -> None:
        """`family` is the name that the page calls the typeface by."""
        self.pack = pack
        self.family = family
        self.faces = faces
        self._layout = layout
        self._letters = {
            name: {
                run.glyphs[0]: letter
                for letter in dict.fromkeys(placeholders.MARK + placeholders.ALPHABET)
                for run in face.runs(letter, _ANY_SIZE)
            }
            for name, face in faces.items()
        }

    def lay_out(
        self, shape: Mapping[str, Any], *, value: Callable[[Block], markupsafe.Markup], appended: str = ""
    ) -> LaidOut:
        """The page with `value` in its blocks. Raises what `Layout.lay_out` raises, and `PlateError`."""
        drafted = page.is_draft(shape)

        def checked(block: Block) -> markupsafe.Markup:
            self._check(block)
            return value(block)

        return self._layout.lay_out(
            shape,
            value=checked,
            rules=LINES + catchwords.places(placeholders.MARK),
            title=TITLE,
            created=CREATED,
            attachment=None if drafted else ATTACHMENT,
            drawing=DRAWING,
            appended=appended,
        )

    def runs(self, laid_out: LaidOut) -> Iterator[tuple[list[bytes], list[objects.Run]]]:
        """The operators of each page's content and the runs of text among them."""
        named = objects.fonts(laid_out.pdf, self.family)
        for stream in objects.contents(laid_out.pdf):
            chunks = objects.chunks(stream)
            yield chunks, list(objects.runs(chunks, named))

    def text(self, run: objects.Run) -> str:
        """What a run says, as far as it has letters of placeholders."""
        letters = self._letters[run.font.face]
        return "".join(letters.get(glyph, _UNKNOWN) for glyph in run.glyphs)

    def check_names(self, blocks: Sequence[Block], names: Sequence[str]) -> None:
        """Raises `PlateError` unless every one of the names is placed once, and no other."""
        placed: dict[str, Block] = {}
        for block in blocks:
            for name in block.names:
                if name not in names:
                    raise self.error(block, "is no value that the pack gives", name=name)
                if block.repeated:
                    continue
                if name in placed:
                    raise self.error(block, f"is placed twice, first in {placed[name].where}", name=name)
                placed[name] = block
        for block in blocks:
            if block.repeated and block.names[0] not in placed:
                raise self.error(block, "is said again, but never placed with f()")
        if missing := [name for name in names if name not in placed]:
            raise PlateError(f"{self.pack}: the page never places {', '.join(map(repr, missing))} with f()")

    def error(self, block: Block, what: str, *, name: str | None = None) -> PlateError:
        """What is wrong with a block, its field and where the template places it."""
        return PlateError(f"{self.pack}: the field {name or '/'.join(block.names)!r} ({block.where}) {what}")

    def _check(self, block: Block) -> None:
        if block.number >= placeholders.MAX_BLOCKS:
            raise self.error(block, f"is one of more than {placeholders.MAX_BLOCKS} on the page")
        if not block.names or (block.spread and len(block.names) != 1):
            raise self.error(block, "must be one field where it is justified, and one at least elsewhere")
