"""The oracle of plates: WeasyPrint lays out the whole document by itself, given the lines that a plate is filled with.

Nothing of a plate's way is used but the breaking of values into lines. Catchwords, which WeasyPrint cannot set, are put
into its margin boxes and read from the very layout that shows them.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import markupsafe
import uharfbuzz

from templates import catchwords, fonts, limits, page, qr, symbol
from templates.layout import Layout
from templates.pack import Pack
from templates.page import Block
from templates.plates.filling import Typeset, catchword
from templates.plates.plate import Catchword
from templates.renderer import Renderer

# A first layout says the words, the next one shows them, and must say them again.
_MOST_LAYOUTS: Final = 3
_GIVEN_LINES: Final = ".f{white-space:pre;overflow-wrap:normal}"

# Where several characters have one glyph, a constant subset can say only one of them, and says the lowest. A layout
# says the one that it happens to draw first.
SHARED_GLYPHS: Final[Mapping[str, Mapping[str, str]]] = {
    "Arimo": {"\N{NO-BREAK SPACE}": " ", "\N{GREEK QUESTION MARK}": ";", "\N{DIVISION SLASH}": "\N{FRACTION SLASH}"},
    "Tinos": {
        "\N{NO-BREAK SPACE}": " ",
        "\N{GREEK QUESTION MARK}": ";",
        "\N{DIVISION SLASH}": "\N{FRACTION SLASH}",
        "\N{DOUBLE VERTICAL LINE}": "\N{LATIN LETTER LATERAL CLICK}",
    },
}


class Oracle:
    """Lays out in full what a renderer fills plates for."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._layouts: dict[tuple[str, str], Layout] = {}

    def same_lines(self, pack: Pack, asked: Mapping[str, Any]) -> bytes:
        """The document that `Renderer.render` is asked for, with the lines that it has there."""
        lines = typeset(self._renderer, pack, asked)

        def value(block: Block) -> markupsafe.Markup:
            found = lines[block.number]
            padded = (*found, *[" "] * (block.least - len(found)))
            return markupsafe.Markup("\n").join(markupsafe.escape(line) for line in padded)

        guess = _catchwords(self._renderer, pack, asked, lines)
        return self._document(pack, asked, value=value, rules=_GIVEN_LINES, guess=guess)

    def own_lines(self, pack: Pack, asked: Mapping[str, Any]) -> bytes:
        """The document with its values as they are, broken into lines where WeasyPrint and Pango break them."""
        values = {**asked["fields"], "host": asked["host"]}

        def value(block: Block) -> markupsafe.Markup:
            return markupsafe.Markup("<br>").join(values[name] for name in block.names)

        return self._document(pack, asked, value=value, rules="", guess=())

    def _document(
        self,
        pack: Pack,
        asked: Mapping[str, Any],
        *,
        value: Callable[[Block], markupsafe.Markup],
        rules: str,
        guess: tuple[str, ...],
    ) -> bytes:
        family = asked["shape"]["typeface"]
        layout = self._layout(pack, family)
        words = guess
        for _ in range(_MOST_LAYOUTS):
            laid_out = layout.lay_out(
                asked["shape"],
                value=value,
                rules=rules + _rules(words),
                title=page.title(asked["shape"], asked["number"]),
                created=asked["created"],
                attachment=asked["attachment"],
                drawing=symbol.VOID if asked["link"] is None else symbol.path(qr.modules(asked["link"])),
            )
            seen = tuple(catchwords.word(opening) for opening in laid_out.openings)
            if seen == words:
                return _written(laid_out.pdf, SHARED_GLYPHS[family])
            words = seen
        raise RuntimeError("catchwords move what they are read from")

    def _layout(self, pack: Pack, family: str) -> Layout:
        if (pack.name, family) not in self._layouts:
            self._layouts[pack.name, family] = Layout(pack, fonts.Fonts.find(family), allowed=limits.RenderLimits())
        return self._layouts[pack.name, family]


def typeset(renderer: Renderer, pack: Pack, asked: Mapping[str, Any]) -> Typeset:
    """The lines that the renderer breaks a document's values into."""
    values = {**asked["fields"], "host": asked["host"]}
    return renderer._signature(pack, asked["shape"], values)[1]


def _catchwords(renderer: Renderer, pack: Pack, asked: Mapping[str, Any], lines: Typeset) -> tuple[str, ...]:
    """The words that the plate sets: a guess that the layout has to confirm, and that saves the one to find them."""
    signature = renderer.signature(
        pack, shape=asked["shape"], fields=asked["fields"], host=asked["host"], number=asked["number"]
    )
    made = renderer.plate_of(signature)
    if made is None:
        return ()
    pages = renderer._filler(made).plate.pages[:-1]
    return tuple(catchword(hole, lines) for one in pages for hole in one.holes if isinstance(hole, Catchword))


def _written(pdf: Any, shared: Mapping[str, str]) -> bytes:
    """The file; its ToUnicode maps say, of characters with one glyph, the one that `shared` leads to."""
    codes = {f"<{_utf16(one)}>".encode(): f"<{_utf16(other)}>".encode() for one, other in shared.items()}
    for item in pdf.objects:
        chunks = getattr(item, "stream", None)
        if chunks and b"begincmap" in chunks:
            item.stream = [_said(chunk, codes) for chunk in chunks]
    out = io.BytesIO()
    pdf.write(out, version=b"1.7", identifier=True, compress=True)
    return out.getvalue()


def _said(entry: bytes, codes: Mapping[bytes, bytes]) -> bytes:
    glyph, between, text = entry.partition(b"> ")
    return glyph + between + codes.get(text, text)


def _utf16(letter: str) -> str:
    return letter.encode("utf-16-be").hex()


def _rules(words: Sequence[str]) -> str:
    """CSS that sets each page's catchword."""
    return "".join(
        f'@page :nth({number}){{@bottom-right{{content:"{_escaped(word)}\\A Halaman " counter(page) " dari " '
        "counter(pages)}}"
        for number, word in enumerate(words, start=1)
        if word
    )


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in text)


def glyphs_of(font: bytes) -> Callable[[str], int]:
    """The glyph that a font file has for a letter."""
    found = uharfbuzz.Font(uharfbuzz.Face(font))
    return lambda letter: int(found.get_nominal_glyph(ord(letter)))
