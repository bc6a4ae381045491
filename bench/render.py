"""One document through our renderer and through three peers, in one run on one machine.

Ours: `Renderer.render`, warm: PDF/A-3a and PDF/UA-1, the decision attached, the QR code; not signed. Against it:

- naive: the same HTML and style given to WeasyPrint with nothing kept between two documents, the code drawn by
  qrcode's own SVG image;
- chromium, one page of it kept open: the same HTML and style, tagged. It knows no running elements, so heads and foot
  are plain text in the page's margins; it makes no PDF/A and attaches nothing;
- typst, one compiler and one set of fonts kept: letter.typ and the type's own .typ beside this file, the same texts and
  blocks, both standards, the attachment.

Each is timed from the values of a permit to the bytes of its file. Catchwords are ours alone. Two things speak for the
peers: the page's compiled Jinja template is kept for all of them, and all but the naive one get our cheap QR code.

veraPDF on the files of both documents, as `--keep` writes them: ours and Typst's are PDF/A-3a and PDF/UA-1; the naive
ones are PDF/A-3a, and PDF/UA-1 but for its identifier; Chromium's are neither (no metadata, no output intent, some
content neither tagged nor an artifact).

Two documents: the generator permit, three pages, and the replacement letter, one page. Every one is new to all of them:
holders, numbers, dates, serials, digests and the number of machines come from a seeded generator. Each file is read
again, not timed: it must print every value, and but for Chromium's hold the attachment, byte for byte.

The order is turned round from one document to the next (ABBA), so that a slow moment of the machine meets all alike.
Before each the garbage of the one before is collected, not timed: else chance says who pays for whose.
That spares us and the naive one the full collections of a long-running process, some 15 ms a document.

`ratios` are a peer's median time divided by ours for three pages, `one_page` the same for one; `pages` says how many
pages ours had. Above 1 we are faster.
"""

import argparse
import base64
import collections
import contextlib
import copy
import dataclasses
import datetime
import functools
import gc
import importlib.metadata
import io
import json
import logging
import os
import pathlib
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol
from unittest import mock

import playwright.sync_api
import pypdfium2
import qrcode
import qrcode.image.svg
import typst
import weasyprint
from weasyprint.text import ffi
from weasyprint.text.fonts import FontConfiguration

import templates
from registry.formats import canonical
from registry.formats.record import MandateMode, MandateRecord
from templates import packs, page, qr, renderer, symbol
from templates.fonts import Fonts
from templates.office import OfficeProfile
from templates.renderer import Renderer

SEED = 20261124
ROUNDS, QUICK_ROUNDS, WARM_UP = 40, 12, 2
TODAY = datetime.date(2026, 11, 24)
CREATED = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
HOST = "izin.example.go.id"
LINK_DIGITS = 560  # a statement of 232 bytes
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--allow-file-access-from-files",  # the page is a file, and so are its fonts
)
NAMES = (
    "Jaya",
    "Makmur",
    "Abadi",
    "Mandiri",
    "Karya",
    "Sentosa",
    "Mitra",
    "Utama",
    "Berkah",
    "Cipta",
    "Mulia",
    "Surya",
)
STREETS = ("Melati", "Kenanga", "Cempaka", "Mawar", "Sudirman", "Hangtuah", "Diponegoro", "Teratai", "Merpati")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What `Renderer.render` is given for one permit, beside its pack."""

    shape: Mapping[str, Any]
    fields: Mapping[str, str]
    link: str
    number: str
    attachment: bytes

    @property
    def printed(self) -> Mapping[str, str]:
        """Every value that the page shows."""
        return {**self.fields, "host": HOST}


class Pages:
    """What our renderer gives to WeasyPrint for a document, made so that others can open it too."""

    def __init__(self, pack: packs.Pack, typeface: Fonts, folder: pathlib.Path) -> None:
        """`folder` is to hold the typeface's files."""
        self._writer = page.PageWriter(pack)
        self._bold = typeface.bold
        self.folder = folder
        rules = []
        for face, weight in (("regular", 400), ("bold", 700)):
            file = folder / f"{face}.ttf"
            file.write_bytes(getattr(typeface, face))
            family = page.family(typeface.family)
            rules.append(f'@font-face{{font-family:"{family}";font-weight:{weight};src:url({file.as_uri()})}}')
        own, common = pack.page_folders
        sheets = [*sorted(common.glob("*.css")), own / "style.css"]
        self._css = "".join(rules) + "".join(path.read_text("utf-8") for path in sheets)

    def page_of(self, document: Document, *, image: Callable[[str], bytes]) -> page.Page:
        """HTML, and all of its CSS as rules of its own. `image` draws a link's code as SVG."""
        written = self._writer.write(
            shape=document.shape,
            fields=document.printed,
            number=document.number,
            created=CREATED,
            draft=False,
            bold=self._bold,
        )
        drawn = "data:image/svg+xml;base64," + base64.b64encode(image(document.link)).decode()
        html = str(written.html).replace(symbol.PLACEHOLDER, drawn)
        return page.Page(html=html, rules=self._css + written.rules)


# Where our own time goes: the places that the renderer passes through, the last of them within the one before.
STEPS: Final[Sequence[tuple[str, Any, str]]] = (
    ("QR", qr, "modules"),
    ("html", page.PageWriter, "write"),
    ("layout", weasyprint.HTML, "render"),
    ("write", weasyprint.document.Document, "write_pdf"),
    ("QR drawn", symbol, "draw"),
)


class Clock:
    """Notes how long named steps take, in milliseconds."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = collections.defaultdict(list)
        self._collecting = 0.0

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*args: Any, **words: Any) -> Any:
            started = time.perf_counter()
            done = work(*args, **words)
            self.spent[name].append((time.perf_counter() - started) * 1000)
            return done

        return run

    def median(self, name: str) -> float:
        return statistics.median(self.spent[name])

    def p90(self, name: str) -> float:
        return statistics.quantiles(self.spent[name], n=10, method="inclusive")[-1]

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Notes `STEPS` and the collection of garbage too, as long as it lasts."""
        with contextlib.ExitStack() as stack:
            for name, owner, attribute in STEPS:
                timed = self.timed(name, getattr(owner, attribute))
                stack.enter_context(mock.patch.object(owner, attribute, timed))
            gc.callbacks.append(self._garbage)
            stack.callback(gc.callbacks.remove, self._garbage)
            yield

    def _garbage(self, phase: str, _: Mapping[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self.spent["garbage"].append((time.perf_counter() - self._collecting) * 1000)


class Peer(Protocol):
    """One way to make a document."""

    @property
    def name(self) -> str:
        """Under which it is shown."""

    @property
    def attaches(self) -> bool:
        """Whether its files hold the decision."""

    def pdf(self, document: Document) -> bytes:
        """The document as PDF."""


class Ours:
    """What is measured."""

    name = "ours"
    attaches = True

    def __init__(self, pack: packs.Pack) -> None:
        self._renderer = Renderer()
        self._pack = pack

    def pdf(self, document: Document) -> bytes:
        return self._renderer.render(
            self._pack,
            shape=document.shape,
            fields=document.fields,
            host=HOST,
            link=document.link,
            number=document.number,
            attachment=document.attachment,
            created=CREATED,
        ).pdf


class Naive:
    """WeasyPrint as the first page of its documentation shows it."""

    name = "naive"
    attaches = True

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def pdf(self, document: Document) -> bytes:
        written = self._pages.page_of(document, image=self._image)
        fonts = FontConfiguration()
        css = weasyprint.CSS(string=written.rules, font_config=fonts)
        file = weasyprint.Attachment(
            file_obj=io.BytesIO(document.attachment),
            name=renderer.ATTACHMENT_NAME,
            relationship="Data",
            created=CREATED,
            modified=CREATED,
        )
        html = weasyprint.HTML(string=written.html)
        pdf = html.write_pdf(stylesheets=[css], font_config=fonts, pdf_variant="pdf/a-3a", attachments=[file])
        return bytes(pdf)

    @staticmethod
    def _image(link: str) -> bytes:
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
        code.add_data(link)
        return bytes(code.make_image(image_factory=qrcode.image.svg.SvgPathImage).to_string())


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
        written = self._pages.page_of(document, image=_cheap_image)
        style = f"<style>{written.rules}{_margin_rules(document)}</style></head>"
        self._tab.set_content(written.html.replace("</head>", style, 1))
        self._tab.evaluate("() => document.fonts.ready.then(() => null)")
        return self._tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


class Typst:
    """Typst's compiler, made once; what it has laid out before it remembers by itself."""

    name = "typst"
    attaches = True

    def __init__(self, pack: packs.Pack, pages: Pages) -> None:
        faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[pages.folder])
        source = pathlib.Path(__file__).with_name(f"{pack.type}.typ")
        self._compiler = typst.Compiler(source, font_paths=faces, ignore_system_fonts=True)

    def pdf(self, document: Document) -> bytes:
        given = {
            "title": f"{document.shape['title']} Nomor {document.number}",
            "shape": document.shape,
            "fields": document.printed,
            "symbol": _cheap_image(document.link).decode(),
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


class Draw(random.Random):
    """Chance, and what it makes up."""

    def names(self, least: int, most: int) -> str:
        return " ".join(self.sample(NAMES, self.randint(least, most)))

    def nib(self) -> str:
        return f"{self.randrange(10**12, 10**13)}"

    def address(self) -> str:
        street, house, code = self.choice(STREETS), self.randint(1, 400), self.randrange(28400, 28499)
        return f"Jalan {street} Contoh Nomor {house}, Kabupaten Kampar {code}"

    def digest(self) -> str:
        return f"{self.getrandbits(256):064x}"

    def unit(self, samples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        kva = self.randrange(20, 300, 5)
        return {
            **self.choice(samples),
            "engine_serial": f"CONTOH{self.randrange(10**8):08}",
            "generator_serial": f"G{self.randrange(10**7):07}",
            "power_kva": kva,
            "power_kw": kva * 4 // 5,
            "year": self.randrange(2005, 2026),
        }


def new_permit(public: Any, draw: Draw) -> None:
    """A sample generator permit made another: one or two machines, three pages."""
    public["holder"] |= {
        "name": f"{draw.names(2, 4)} Contoh",
        "nib": draw.nib(),
        "address": draw.address(),
        "responsible": {"name": f"{draw.names(1, 3)} Contoh", "position": "Direktur"},
    }
    public["location"] |= {"name": f"Pabrik Contoh {draw.names(1, 2)}", "address": draw.address()}
    public["application"]["number"] = f"{draw.randrange(1000)}/CONTOH/X/2026"
    public["recommendation"]["number"] = f"671/CONTOH-{draw.randrange(1000)}/XI/2026"
    public["units"] = [draw.unit(public["units"]) for _ in range(draw.choice((1, 2)))]


def new_replacement(public: Any, draw: Draw) -> None:
    """A sample replacement letter for a lost print made another, its dates in their order."""
    days = [TODAY - datetime.timedelta(days=draw.randrange(*ago)) for ago in ((60, 900), (12, 30), (6, 12), (0, 6))]
    permitted, reported, asked, received = (day.isoformat() for day in days)
    public["permit"] |= {
        "number": f"503/{draw.randrange(1, 1000):03}/DPMPTSP/{draw.choice(('II', 'VI', 'VIII'))}/{days[0].year}",
        "date": permitted,
        "sha256": draw.digest(),
    }
    if draw.choice((True, False)):
        public["permit"]["until"] = (days[0] + datetime.timedelta(days=5 * 365)).isoformat()
    public["holder"] |= {"name": f"{draw.names(2, 4)} Contoh", "nib": draw.nib()}
    number = f"{draw.randrange(1000)}/CONTOH/XI/2026"
    public["application"] |= {"number": number, "date": asked, "received": received}
    public["police_report"] |= {"number": f"SKTLK/CONTOH/{draw.randrange(1000)}/XI/2026/SPKT", "date": reported}
    public["copy_number"] = draw.randint(1, 9)
    public["recipient"] = {"name": f"{draw.names(1, 3)} Contoh", "position": "Direktur"}


class Documents:
    """Documents of one type that were never seen before."""

    def __init__(self, pack: packs.Pack, *, sample: str, renew: Callable[[Any, Draw], None]) -> None:
        """`sample`: whose file of invented data `renew` makes another one, in its public part."""
        self._pack = pack
        self._sample = json.loads((pack.folder / "samples" / f"{sample}.json").read_bytes())
        self._renew = renew
        self._office = OfficeProfile.read(pathlib.Path(templates.__path__[0]) / "offices" / "kampar.toml")
        self._draw = Draw(f"{SEED} {pack.type}")
        self._made = 0

    def next(self) -> Document:
        """One more."""
        self._made += 1
        decision = copy.deepcopy(self._sample)
        decision["reference"] = f"BENCH-{self._made:05}"
        self._renew(decision["public"], self._draw)
        read = canonical.parse(json.dumps(decision).encode())
        checked = self._pack.check(read, today=TODAY, office=self._office)
        if checked.decision is None:
            raise ValueError(f"the made-up decision is refused: {checked.problems}")
        public = {**checked.decision.public, "private_commitment": self._draw.digest()}
        number = self._pack.number(self._made, TODAY, office=self._office)
        fields = self._pack.fields(
            public,
            office=self._office,
            number=number,
            date_of_issue=TODAY,
            valid_until=self._pack.valid_until(public, TODAY),
        )
        digits = self._draw.randrange(10 ** (LINK_DIGITS - 1), 10**LINK_DIGITS)
        return Document(
            shape=self._pack.shape(public, office=self._office, mandate=_MANDATE, date_of_issue=TODAY, mark=""),
            fields=fields,
            link=f"https://{HOST}/v/{digits}",
            number=number,
            attachment=canonical.dump(public),
        )


_MANDATE = MandateRecord(
    person="Contoh Kepala, S.H., M.Si.",
    rank="Pembina Utama Muda (IV/c)",
    employee_number="198001012005011001",
    mode=MandateMode.DEFINITIVE,
    office_title="KEPALA DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU KABUPATEN KAMPAR",
    own_title="KEPALA DINAS",
    decree_number="SK-CONTOH-1",
    decree_date=datetime.date(2025, 1, 1),
    scope=(),
    valid_from=datetime.date(2025, 1, 1),
    valid_until=None,
)


def page_count(pdf: bytes, document: Document, *, attached: bool) -> int:
    """How many pages. Raises `ValueError` where a value of the permit is not in the text, or not `attached`."""
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as read:
        text = _letters("".join(sheet.get_textpage().get_text_bounded() for sheet in read))
        if missing := [name for name, value in document.printed.items() if _letters(value) not in text]:
            raise ValueError(f"the page does not print {', '.join(missing)}")
        files = [bytes(read.get_attachment(n).get_data()) for n in range(read.count_attachments())]
        if files != [document.attachment] * attached:
            raise ValueError(f"the file should hold the attachment {int(attached)} times and nothing else")
        return len(read)


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the rounds over documents of one kind gave, by the names of the peers."""

    clock: Clock
    pages: Mapping[str, set[int]]
    sizes: Mapping[str, list[int]]
    last: Mapping[str, bytes]


def measure(documents: Documents, peers: Sequence[Peer], rounds: int) -> Measured:
    """Each document through every peer, the order turned round each time."""
    clock = Clock()
    pages: dict[str, set[int]] = collections.defaultdict(set)
    sizes: dict[str, list[int]] = collections.defaultdict(list)
    last: dict[str, bytes] = {}
    for turn in range(-WARM_UP, rounds):
        if turn == 0:
            clock.spent.clear()
            sizes.clear()
        document = documents.next()
        for peer in peers if turn % 2 else reversed(peers):
            gc.collect()
            with clock.watching() if peer.name == Ours.name else contextlib.nullcontext():
                pdf = clock.timed(peer.name, peer.pdf)(document)
            pages[peer.name].add(page_count(pdf, document, attached=peer.attaches))
            sizes[peer.name].append(len(pdf))
            last[peer.name] = pdf
    return Measured(clock=clock, pages=pages, sizes=sizes, last=last)


def report(measured: Measured, peers: Sequence[Peer], rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Print what was measured; the ratios."""
    clock = measured.clock
    ratios = {peer.name: clock.median(peer.name) / clock.median(Ours.name) for peer in peers}
    say(f"  {'':10}{'pages':>6}{'ms median':>11}{'p90':>9}{'bytes':>9}{'/ ours':>9}")
    for peer in peers:
        pages = "–".join(map(str, sorted(measured.pages[peer.name])))
        spent = f"{clock.median(peer.name):11.1f}{clock.p90(peer.name):9.1f}"
        size = f"{statistics.median(measured.sizes[peer.name]):9.0f}"
        say(f"  {peer.name:10}{pages:>6}{spent}{size}{ratios[peer.name]:9.2f}")
    # Means, because they add up.
    mean = {name: sum(spent) / rounds for name, spent in clock.spent.items()}
    parts = {name: mean[name] for name, *_ in STEPS}
    parts["write"] -= parts["QR drawn"]
    parts["the rest"] = mean[Ours.name] - sum(parts.values())
    say(f"  ours, mean {mean[Ours.name]:.1f} = " + " + ".join(f"{name} {spent:.1f}" for name, spent in parts.items()))
    say(
        f"  within it collecting garbage {mean.get('garbage', 0):.1f}; "
        f"layouts a document {len(clock.spent['layout']) / rounds:.2f}"
    )
    return {name: round(ratio, 3) for name, ratio in ratios.items() if name != Ours.name}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A document to measure: the result's name for it, how many pages it has, and what makes it up."""

    result: str
    pages: int
    type: str
    sample: str
    renew: Callable[[Any, Draw], None]


KINDS: Final = (
    Kind(result="ratios", pages=3, type="genset", sample="2-pabrik", renew=new_permit),
    Kind(result="one_page", pages=1, type="pengganti", sample="1-hilang", renew=new_replacement),
)


def run(rounds: int, say: Callable[[str], None], keep: pathlib.Path | None) -> dict[str, Any]:
    """Measure and return the result. Raises `ValueError` where ours has not the pages that its name promises."""
    result: dict[str, Any] = {"bench": "render"}
    with tempfile.TemporaryDirectory() as folder, open_browser(say) as browser:
        pango = ffi.pango.pango_version()
        versions = [
            *(f"{name} {importlib.metadata.version(name)}" for name in ("weasyprint", "typst")),
            *([] if browser is None else [f"Chromium {browser.version}"]),
            f"Pango {pango // 10_000}.{pango // 100 % 100}.{pango % 100}",
            f"Python {platform.python_version()}",
            f"{os.cpu_count()} × {platform.machine()}",
        ]
        say(", ".join(versions))
        for kind in KINDS:
            pack = packs.pack(kind.type)
            documents = Documents(pack, sample=kind.sample, renew=kind.renew)
            pages = Pages(pack, Fonts.find(documents.next().shape["typeface"]), pathlib.Path(folder))
            peers: list[Peer] = [Ours(pack), Naive(pages)]
            if browser is not None:
                peers.append(Chromium(browser, pages))
            peers.append(Typst(pack, pages))
            measured = measure(documents, peers, rounds)
            if measured.pages[Ours.name] != {kind.pages}:
                raise ValueError(f"{kind.type} has {measured.pages[Ours.name]} pages, not {kind.pages}")
            say(f"{pack.title}, {rounds} rounds:")
            result[kind.result] = report(measured, peers, rounds, say)
            if keep is not None:
                for peer, pdf in measured.last.items():
                    (keep / f"{peer}-{kind.result}.pdf").write_bytes(pdf)
    return {**result, "pages": {kind.result: kind.pages for kind in KINDS}}


def main() -> int:
    """Parse the flags and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="write the last file of each peer there")
    flags = parser.parse_args()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves the file of its colour profile open
    result = run(QUICK_ROUNDS if flags.quick else ROUNDS, (lambda _: None) if flags.json else print, flags.keep)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
