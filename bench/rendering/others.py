"""The peers that are no WeasyPrint: a browser and Typst."""

import base64
import contextlib
import json
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Final

import playwright.sync_api
import typst

from bench.rendering.naive import Pages
from bench.rendering.permits import CREATED, Document
from templates import packs, qr

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--allow-file-access-from-files",  # the page is a file, and so are its fonts
)


@contextlib.contextmanager
def open_browser(say: Callable[[str], None]) -> Iterator[playwright.sync_api.Browser | None]:
    """Chromium, or None where there is none that starts."""
    if CHROMIUM is None:
        say("chromium is left out: it is not installed")
        yield None
        return
    with playwright.sync_api.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        except playwright.sync_api.Error as error:
            say(f"chromium is left out: {str(error).splitlines()[0]}")
            yield None
            return
        yield browser
        browser.close()


class Chromium:
    """A browser that stays open, with one page in it."""

    name = "chromium"
    attaches = False

    def __init__(self, browser: playwright.sync_api.Browser, pages: Pages) -> None:
        self._pages = pages
        blank = pages.folder / "blank.html"
        blank.write_text("<!doctype html>", "utf-8")
        self._tab = browser.new_page()
        self._tab.goto(blank.as_uri())  # from a page without an address it would not open the font files

    def pdf(self, document: Document) -> bytes:
        """The document as PDF."""
        html, rules = self._pages.page_of(document, image=_cheap_image)
        style = f"<style>{rules}{_margin_rules(document)}</style></head>"
        self._tab.set_content(html.replace("</head>", style, 1))
        self._tab.evaluate("() => document.fonts.ready.then(() => null)")
        return self._tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


class Typst:
    """Typst's compiler, made once; what it has laid out before it remembers by itself."""

    name = "typst"
    attaches = True

    def __init__(self, pack: packs.Pack, pages: Pages) -> None:
        faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[pages.folder])
        source = pathlib.Path(__file__).parent.with_name(f"{pack.type}.typ")
        self._compiler = typst.Compiler(source, font_paths=faces, ignore_system_fonts=True)
        self._emblems: dict[str, str] = {}

    def pdf(self, document: Document) -> bytes:
        """The document as PDF."""
        given = {
            "title": f"{document.shape['title']} Nomor {document.number}",
            "shape": document.shape,
            "fields": document.printed,
            "symbol": _cheap_image(document.link).decode(),
            "emblem": self._emblem(document.shape["office"]["emblem"]),
        }
        pdf = self._compiler.compile(
            format="pdf",
            sys_inputs={"document": json.dumps(given), "attachment": document.attachment.decode()},
            pdf_standards=["a-3a", "ua-1"],
            timestamp=CREATED,
        )
        if not isinstance(pdf, bytes):
            raise TypeError("Typst gave pages instead of a file")
        return pdf

    def _emblem(self, address: str | None) -> str | None:
        """The SVG of a data address."""
        if address is None:
            return None
        if address not in self._emblems:
            self._emblems[address] = base64.b64decode(address.partition(",")[2]).decode()
        return self._emblems[address]


def _margin_rules(document: Document) -> str:
    """Heads and foot for a browser: in the flow they would push one page's last lines onto a second."""
    office = document.shape["office"]
    foot = " '\\A' ".join(json.dumps(line, ensure_ascii=False) for line in (*office["footer"], office["motto"]) if line)
    title, number = (json.dumps(text, ensure_ascii=False) for text in (document.shape["title"], document.number))
    return (
        ".head-first,.head-next,.foot{display:none}"
        f"@page{{@bottom-left{{content:{foot};white-space:pre;font-size:7.5pt;color:#444}}"
        f"@top-left{{content:{title};font-size:8.5pt}}@top-right{{content:{number};font-size:8.5pt}}}}"
        "@page :first{@top-left{content:none}@top-right{content:none}}"
    )


def _cheap_image(link: str) -> bytes:
    return qr.svg(link).encode()
