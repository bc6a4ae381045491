"""A document's HTML: a pack's page, filled from its shape and fields.

The page sees the shape alone and places values through `f("field")`, each a block of its own in one style: so its
geometry depends on the shape and on how many lines each field takes, on nothing else.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any, Final

import jinja2
import markupsafe

from templates import symbol, watermark
from templates.pack import Pack

SIGNATURE_ID: Final = "signature"
_QR_ALT: Final = "Kode QR untuk memeriksa keaslian naskah ini"
_NO_QR_ALT: Final = "Tempat kode QR; draf tidak mempunyai kode"
_HEAD: Final = markupsafe.Markup(
    '<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="author" content="{author}"><meta name="generator" content="Absah">'
    '<meta name="dcterms.created" content="{created}"><meta name="dcterms.modified" content="{created}">'
    "</head><body>{body}</body></html>"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The HTML of one document, and the CSS rules of its own: paper, margins, typeface, mark."""

    html: str
    rules: str


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
        *,
        shape: Mapping[str, Any],
        fields: Mapping[str, str],
        number: str,
        created: datetime.datetime,
        draft: bool,
        bold: bytes,
    ) -> Page:
        """The page; `draft` leaves its code out, `bold` is the typeface for the mark (TrueType)."""

        def f(name: str) -> markupsafe.Markup:
            return markupsafe.Markup('<span class="f">{}</span>').format(fields[name])

        code = markupsafe.Markup('<img class="qr" alt="{}" src="{}">').format(
            _NO_QR_ALT if draft else _QR_ALT, symbol.PLACEHOLDER
        )
        body = self._template.render(shape=shape, f=f, qr=code)
        mark = f"{shape['mark']} – " if shape["mark"] else ""
        html = _HEAD.format(
            title=f"{mark}{shape['title']} Nomor {number}",
            author=shape["office"]["short_name"],
            created=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            body=markupsafe.Markup(body),  # noqa: S704  # Jinja has just escaped it
        )
        return Page(html=html, rules=_rules(shape, bold))


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
