"""A document's HTML: a pack's page, written from its shape alone.

The template sees the shape, and places the values of a document by name: `f("field")` once each, and `again("field")`
where one shall be read once more, in a running head. What stands in their place is the caller's business: lines of
placeholders in a plate, lines of text in a test's oracle. So no page can branch on a value.
"""

import dataclasses
import datetime
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Final

import jinja2
import markupsafe

from templates import symbol, watermark
from templates.pack import Pack

SIGNATURE_ID: Final = "signature"
DRAFT: Final = "DRAF"
_QR_ALT: Final = "Kode QR untuk memeriksa keaslian naskah ini"
_NO_QR_ALT: Final = "Tempat kode QR; draf tidak mempunyai kode"
_HEAD: Final = markupsafe.Markup(
    '<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="author" content="{author}"><meta name="generator" content="Absah">'
    '<meta name="dcterms.created" content="{created}"><meta name="dcterms.modified" content="{created}">'
    "</head><body>{body}</body></html>"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A place for values: those of `names`, one below the other, in lines of their own and one style.

    It has room for `least` lines even where the values take fewer. `spread` blocks are justified. A `repeated` block
    says again, in one line on any number of pages, what stands elsewhere. `where` is the template's line.
    """

    number: int
    names: tuple[str, ...]
    least: int
    spread: bool
    repeated: bool
    where: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureBox:
    """Where the signature block stands: page from 1, corners in PDF points from the page's bottom left."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The HTML of one document, the CSS rules of its own (paper, margins, typeface, mark), and its blocks."""

    html: str
    rules: str
    blocks: tuple[Block, ...]


class PageWriter:
    """Writes the pages of one pack."""

    def __init__(self, pack: Pack) -> None:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(pack.page_folders),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("page.html")

    def write(
        self,
        shape: Mapping[str, Any],
        *,
        value: Callable[[Block], markupsafe.Markup],
        title: str,
        created: str,
        bold: bytes,
    ) -> Page:
        """The page; `value` fills a block, `created` is an XMP date, `bold` the typeface for the mark (TrueType)."""
        blocks: list[Block] = []

        def place(*names: str, lines: int = 0, justify: bool = False, repeated: bool = False) -> markupsafe.Markup:
            block = Block(
                number=len(blocks),
                names=names,
                least=lines,
                spread=justify,
                repeated=repeated,
                where=_where(sys._getframe(1)),
            )
            blocks.append(block)
            return markupsafe.Markup('<span class="f">{}</span>').format(value(block))

        def again(name: str) -> markupsafe.Markup:
            return place(name, repeated=True)

        code = markupsafe.Markup('<img class="qr" alt="{}" src="{}">').format(
            _NO_QR_ALT if is_draft(shape) else _QR_ALT, symbol.PLACEHOLDER
        )
        body = self._template.render(shape=shape, f=place, again=again, qr=code)
        html = _HEAD.format(
            title=title,
            author=shape["office"]["short_name"],
            created=created,
            body=markupsafe.Markup(body),  # noqa: S704  # Jinja has just escaped it
        )
        return Page(html=str(html), rules=_rules(shape, bold), blocks=tuple(blocks))


def is_draft(shape: Mapping[str, Any]) -> bool:
    """Whether a page of this shape is a draft, which has neither code nor attachment."""
    return bool(shape["mark"] == DRAFT)


def title(shape: Mapping[str, Any], number: str) -> str:
    """What a document is called in its metadata."""
    mark = f"{shape['mark']} – " if shape["mark"] else ""
    return f"{mark}{shape['title']} Nomor {number}"


def xmp_date(at: datetime.datetime) -> str:
    """A moment in UTC as XMP spells it (ISO 8601)."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _where(frame: FrameType | None) -> str:
    """The lines of the templates that are being rendered, the page's own first."""
    found: list[str] = []
    while frame is not None:
        # What Jinja compiles a template to keeps it under this name, for tracebacks.
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = f"{template.name} line {template.get_corresponding_lineno(frame.f_lineno)}"
            if not found or found[-1] != line:
                found.append(line)
        frame = frame.f_back
    return ", ".join(dict.fromkeys(reversed(found)))


def _rules(shape: Mapping[str, Any], bold: bytes) -> str:
    paper = shape["paper"]
    width, height = (symbol.paper_pt(float(paper[side])) for side in ("width_mm", "height_mm"))
    size = {name: f"{float(value):g}mm" for name, value in paper.items()}
    mark = ""
    if shape["mark"]:
        image = watermark.data_uri(
            shape["mark"], bold, width_mm=float(paper["width_mm"]), height_mm=float(paper["height_mm"])
        )
        mark = f"background:url({image}) 0 0/100% 100% no-repeat;"
    return (
        f'html{{font-family:"{family(shape["typeface"])}"}}'
        f"@page{{{mark}size:{width}pt {height}pt;"
        f'font-family:"{family(shape["typeface"])}";'
        f"margin:{size['top']} {size['right']} {size['bottom']} {size['left']}}}"
        f"@page :first{{margin-top:{size['first_top']}}}"
    )


def family(typeface: str) -> str:
    """The name by which a page calls a typeface: our own, so that no font of the machine is meant by it."""
    return f"Absah {typeface}"
