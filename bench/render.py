"""One document through our renderer and through three peers, in one run on one machine.

Ours: `Renderer.render`: PDF/A-3a and PDF/UA-1, the decision attached, the QR code; not signed. Against it:

- naive: the same HTML and style given to WeasyPrint with nothing kept between two documents, the code drawn by
  qrcode's own SVG image;
- chromium, one page of it kept open: the same HTML and style, tagged. It knows no running elements, so heads and foot
  are plain text in the page's margins; it makes no PDF/A and attaches nothing;
- typst, one compiler and one set of fonts kept: letter.typ and the type's own .typ beside this file, the same texts and
  blocks, both standards, the attachment.

Each is timed from the values of a permit to the bytes of its file. Catchwords are ours alone. Two things speak for the
peers: the page's compiled Jinja template is kept for all of them, and all but the naive one get our cheap QR code.

What is measured:

- cold: decisions that vary as an office's do (rendering/permits.py), through one process that has no plate yet, with
  every measure and every plate that they need; after each chunk the naive one lays out one of the chunk's documents.
  `ratios.cold_1000` is its mean time divided by our mean time.
- warm: further such decisions through everyone, where ours has the plate by then; a document that turned out to need a
  new one is left out for all, and so is one that has not the kind's number of pages. `ratios` are a peer's median time
  divided by ours for two pages, `three_pages` and `one_page` the same for renewed samples, whose blocks stay. The order
  is turned round from one document to the next (ABBA), so that a slow moment of the machine meets all alike. Before
  each the garbage of the one before is collected, not timed: else chance says who pays for whose. That spares us and
  the naive one the full collections of a long-running process; what is cold bears its own.
- where a warm document's time goes, in rounds of their own, since the clocks cost time too;
- the most memory of a worker, in a process of its own;
- what is kept, in bytes, for 1,000 permits, and for 10,000, whose plates are counted and not made.

veraPDF on the files that `--keep` writes: ours and Typst's are PDF/A-3a and PDF/UA-1; the naive ones are PDF/A-3a, and
PDF/UA-1 but for its identifier; Chromium's are neither (no metadata, no output intent, some content neither tagged nor
an artifact).

Every document is new to everyone: a seeded generator makes up all values. Each file that is compared is read again,
not timed: it must print every value, and but for Chromium's hold the attachment, byte for byte.

`--quick` takes fewer of everything and leaves out the last of it; the result says so: `quick`, and how many `permits`
were cold. Above 1 we are faster.
"""

import argparse
import collections
import contextlib
import dataclasses
import functools
import gc
import importlib.metadata
import json
import logging
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol
from unittest import mock

import playwright.sync_api
import pypdfium2
from weasyprint.text import ffi

from bench.rendering.naive import Naive, Pages
from bench.rendering.others import Chromium, Typst, open_browser
from bench.rendering.ours import Ours
from bench.rendering.permits import KINDS, Document, Documents
from templates import qr, renderer, symbol
from templates.fonts import Fonts
from templates.plates.filling import Filler

Say = Callable[[str], None]

WARM_UP: Final = 2
MANY: Final = 10_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured.

    Documents: `cold` ones from an empty store, of them a `sample` for the naive one; warm `rounds` with two pages and
    with others; `watched` ones, whose steps are timed; those that workers have `filled` and `laid_out`. Not `all`: no
    generators from an empty store, no counting of plates.
    """

    cold: int
    sample: int
    rounds: int
    other_rounds: int
    watched: int
    filled: int
    laid_out: int
    all: bool


FULL: Final = Effort(
    cold=1_000, sample=40, rounds=40, other_rounds=40, watched=200, filled=1_000, laid_out=100, all=True
)
QUICK: Final = Effort(cold=200, sample=8, rounds=12, other_rounds=5, watched=40, filled=100, laid_out=5, all=False)


class Clock:
    """Notes how long named steps take, in milliseconds."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = collections.defaultdict(list)

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*args: Any, **words: Any) -> Any:
            started = time.perf_counter()
            done = work(*args, **words)
            self.spent[name].append((time.perf_counter() - started) * 1000)
            return done

        return run

    def total(self, name: str) -> float:
        return sum(self.spent[name])

    def median(self, name: str) -> float:
        return statistics.median(self.spent[name])

    def p90(self, name: str) -> float:
        return statistics.quantiles(self.spent[name], n=10, method="inclusive")[-1]


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


def page_count(pdf: bytes, document: Document, *, attached: bool) -> int:
    """How many pages. Raises `ValueError` where a value of the permit is not in the text, or not `attached`."""
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as read:
        text = _unspaced("".join(sheet.get_textpage().get_text_bounded() for sheet in read))
        if missing := [name for name, value in document.printed.items() if _unspaced(value) not in text]:
            raise ValueError(f"the page does not print {', '.join(missing)}")
        files = [bytes(read.get_attachment(n).get_data()) for n in range(read.count_attachments())]
        if files != [document.attachment] * attached:
            raise ValueError(f"the file should hold the attachment {int(attached)} times and nothing else")
        return len(read)


def _unspaced(text: str) -> str:
    # PDFium gives U+0002 for a hyphen at a line's end.
    return "".join(text.replace("\2", "-").split())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """What an empty store cost: milliseconds of documents that found their plate, that did not, and of naive ones."""

    hits: Sequence[float]
    misses: Sequence[float]
    naive: Sequence[float]
    pages: Mapping[int, int]
    kept: Mapping[str, int]
    size: Mapping[str, int]

    @property
    def mean(self) -> float:
        return statistics.fmean((*self.hits, *self.misses))

    @property
    def ratio(self) -> float:
        return statistics.fmean(self.naive) / self.mean

    def result(self) -> dict[str, Any]:
        permits = len(self.hits) + len(self.misses)
        return {
            "permits": permits,
            "measures": self.kept["measure"],
            "plates": self.kept["plate"],
            "hit_rate": round(len(self.hits) / permits, 3),
            "ms": round(self.mean, 2),
            "ms_hit": round(statistics.fmean(self.hits), 2),
            "ms_miss": round(statistics.fmean(self.misses), 1),
            "ms_naive": round(statistics.fmean(self.naive), 1),
            "ratio": round(self.ratio, 2),
        }


def run_cold(documents: Documents, ours: Ours, naive: Naive, effort: Effort) -> Cold:
    """Documents from an empty store, in chunks; after each of them the naive one makes its first once more."""
    clock, pages = Clock(), collections.Counter[int]()
    naive.pdf(documents.next())
    for _ in range(effort.sample):
        chunk = [documents.next() for _ in range(effort.cold // effort.sample)]
        gc.collect()
        made = []
        for document in chunk:
            plates = ours.shelf.kept["plate"]
            started = time.perf_counter()
            rendered = ours.render(document)
            spent = (time.perf_counter() - started) * 1000
            clock.spent["miss" if ours.shelf.kept["plate"] > plates else "hit"].append(spent)
            made.append(rendered.pdf)
        for document, pdf in zip(chunk, made, strict=True):
            pages[page_count(pdf, document, attached=True)] += 1
        gc.collect()
        page_count(clock.timed("naive", naive.pdf)(chunk[0]), chunk[0], attached=True)
    return Cold(
        hits=clock.spent["hit"],
        misses=clock.spent["miss"],
        naive=clock.spent["naive"],
        pages=pages,
        kept=dict(ours.shelf.kept),
        size=dict(ours.shelf.size),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """What the rounds over documents of one kind gave, by the names of the peers, without those `left_out`."""

    clock: Clock
    pages: Mapping[str, set[int]]
    sizes: Mapping[str, list[int]]
    last: Mapping[str, bytes]
    left_out: int

    def ratios(self) -> dict[str, float]:
        ours = self.clock.median(Ours.name)
        return {name: round(self.clock.median(name) / ours, 3) for name in self.last if name != Ours.name}


def run_warm(documents: Documents, peers: Sequence[Peer], ours: Ours, *, pages: int, rounds: int) -> Warm:
    """Each document through every peer, the order turned round each time. `ours` is one of them."""
    clock = Clock()
    found: dict[str, set[int]] = collections.defaultdict(set)
    sizes: dict[str, list[int]] = collections.defaultdict(list)
    last: dict[str, bytes] = {}
    turn, left_out = -WARM_UP, 0
    while turn < rounds:
        document, plates = documents.next(), ours.shelf.kept["plate"]
        spent, made = Clock(), dict[str, bytes]()
        for peer in peers if turn % 2 else reversed(peers):
            gc.collect()
            made[peer.name] = spent.timed(peer.name, peer.pdf)(document)
            if ours.shelf.kept["plate"] > plates:
                break
        counts = {
            peer.name: page_count(made[peer.name], document, attached=peer.attaches)
            for peer in peers
            if peer.name in made
        }
        if ours.shelf.kept["plate"] > plates or counts[ours.name] != pages:
            left_out += turn >= 0
            continue
        turn += 1
        if turn > 0:
            for name, pdf in made.items():
                clock.spent[name] += spent.spent[name]
                found[name].add(counts[name])
                sizes[name].append(len(pdf))
                last[name] = pdf
    return Warm(clock=clock, pages=found, sizes=sizes, last=last, left_out=left_out)


# Where our own time goes: the places that a document passes through; zlib works within filling.
STEPS: Final[Sequence[tuple[str, Any, str]]] = (
    ("break", renderer, "broken"),
    ("QR", qr, "modules"),
    ("QR drawn", symbol, "path"),
    ("fill", Filler, "fill"),
    ("zlib", zlib, "compress"),
)


def run_watched(documents: Documents, ours: Ours, count: int) -> dict[str, float]:
    """Mean milliseconds of every step of a document that finds its plate."""
    spent = collections.Counter[str]()
    counted = 0
    while counted < count:
        document, plates, clock = documents.next(), ours.shelf.kept["plate"], Clock()
        gc.collect()
        with _watching(clock):
            clock.timed("all", ours.pdf)(document)
        if ours.shelf.kept["plate"] == plates:
            counted += 1
            spent.update({name: clock.total(name) for name in clock.spent})
    mean = {name: total / counted for name, total in spent.items()}
    mean["fill"] -= mean["zlib"]
    return {**mean, "the rest": 2 * mean["all"] - sum(mean.values())}


@contextlib.contextmanager
def _watching(clock: Clock) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name, owner, attribute in STEPS:
            stack.enter_context(mock.patch.object(owner, attribute, clock.timed(name, getattr(owner, attribute))))
        yield


def count_plates(kind: str, ours: Ours, permits: int) -> int:
    """How many plates so many documents of a kind have, from its first on; what is new is measured and not compiled."""
    documents = Documents(KINDS[kind])
    return len({ours.signature(documents.next()) for _ in range(permits)})


def run_worker(how: str, kind: str, count: int, plates: pathlib.Path) -> dict[str, float]:
    """What worker.py says of its memory, in MiB."""
    command = [sys.executable, "-P", "-m", "bench.rendering.worker", how, kind, str(count), str(plates)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(done.stdout), "documents": count}


class Bench:
    """One run: what it has measured is in `result`."""

    def __init__(self, effort: Effort, *, say: Say, folder: pathlib.Path, keep: pathlib.Path | None) -> None:
        """`folder` is for fonts and plates; `keep` is to have the last file of each peer."""
        self.result: dict[str, Any] = {"bench": "render"}
        self._effort = effort
        self._say = say
        self._folder = folder
        self._keep = keep
        self._pages: dict[str, int] = {}

    def run(self, browser: playwright.sync_api.Browser | None) -> None:
        """Measure everything."""
        effort = self._effort
        self._say(_versions(browser))
        documents, ours, pages = self._start("rods")
        cold = self._cold("rods", documents, ours, Naive(pages))
        ratios = self._warm("ratios", documents, ours, pages, browser, sheets=2, rounds=effort.rounds)
        self.result["ratios"] = {**ratios, "cold_1000": round(cold.ratio, 3)}
        self._watch(documents, ours)
        self._memory("rods")
        self._disk("rods", ours, cold)
        for name, kind, sheets in (("three_pages", "factories", 3), ("one_page", "replacements", 1)):
            others, theirs, pages = self._start(kind)
            self.result[name] = self._warm(
                name, others, theirs, pages, browser, sheets=sheets, rounds=effort.other_rounds
            )
        if effort.all:
            documents, ours, pages = self._start("generators")
            self._cold("generators", documents, ours, Naive(pages))
        self.result |= {"pages": self._pages, "quick": not effort.all}

    def _start(self, kind: str) -> tuple[Documents, Ours, Pages]:
        documents = Documents(KINDS[kind])
        pages = Pages(documents.pack, Fonts.find(documents.next().shape["typeface"]), self._folder)
        return Documents(KINDS[kind]), Ours(documents.pack, self._plates(kind)), pages

    def _plates(self, kind: str) -> pathlib.Path:
        folder = self._folder / "plates" / kind
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _cold(self, kind: str, documents: Documents, ours: Ours, naive: Naive) -> Cold:
        cold = run_cold(documents, ours, naive, self._effort)
        found = self.result.setdefault("cold", {})[kind] = cold.result()
        pages = ", ".join(f"{number} of {count}" for count, number in sorted(cold.pages.items()))
        self._say(
            f"{documents.pack.title}, {found['permits']} decisions from an empty store ({pages} pages):\n"
            f"  {found['measures']} measures and {found['plates']} plates, hit rate {found['hit_rate']:.1%}\n"
            f"  ours, mean {found['ms']:.1f} ms (hits {found['ms_hit']:.1f}, misses {found['ms_miss']:.0f}); "
            f"naive, mean of {len(cold.naive)}, {found['ms_naive']:.1f}; / ours {found['ratio']:.2f}"
        )
        return cold

    def _warm(
        self,
        name: str,
        documents: Documents,
        ours: Ours,
        pages: Pages,
        browser: playwright.sync_api.Browser | None,
        *,
        sheets: int,
        rounds: int,
    ) -> dict[str, float]:
        peers: list[Peer] = [ours, Naive(pages)]
        if browser is not None:
            peers.append(Chromium(browser, pages))
        peers.append(Typst(documents.pack, pages))
        warm = run_warm(documents, peers, ours, pages=sheets, rounds=rounds)
        ratios = {ours.name: 1.0, **warm.ratios()}
        self._say(f"{documents.pack.title}, warm, {rounds} rounds, {warm.left_out} documents left out:")
        self._say(f"  {'':10}{'pages':>6}{'ms median':>11}{'p90':>9}{'bytes':>9}{'/ ours':>9}")
        for peer, ratio in ratios.items():
            found = "–".join(map(str, sorted(warm.pages[peer])))
            spent = f"{warm.clock.median(peer):11.2f}{warm.clock.p90(peer):9.2f}"
            self._say(f"  {peer:10}{found:>6}{spent}{statistics.median(warm.sizes[peer]):9.0f}{ratio:9.2f}")
        for peer, pdf in warm.last.items():
            if self._keep is not None:
                (self._keep / f"{peer}-{name}.pdf").write_bytes(pdf)
        self._pages[name] = sheets
        return {peer: ratio for peer, ratio in ratios.items() if peer != ours.name}

    def _watch(self, documents: Documents, ours: Ours) -> None:
        spent = run_watched(documents, ours, self._effort.watched)
        self.result["ms"] = {name: round(mean, 3) for name, mean in spent.items()}
        parts = " + ".join(f"{name} {mean:.2f}" for name, mean in spent.items() if name != "all")
        self._say(f"  ours under watch, mean of {self._effort.watched}: {spent['all']:.2f} = {parts}")

    def _memory(self, kind: str) -> None:
        counts = {"ours": self._effort.filled, "naive": self._effort.laid_out}
        self.result["memory_mib"] = {
            how: run_worker(how, kind, count, self._plates(kind)) for how, count in counts.items()
        }
        for how, found in self.result["memory_mib"].items():
            self._say(
                f"  a worker, {how}: {found['peak']:.0f} MiB at most in {found['documents']} warm documents, "
                f"{found['start']:.0f} before the first"
            )

    def _disk(self, kind: str, ours: Ours, cold: Cold) -> None:
        permits = self._effort.cold
        found = {permits: {"plates": cold.kept["plate"], **cold.size}}
        if self._effort.all:
            plates = count_plates(kind, ours, MANY)
            mean = cold.size["plate"] / cold.kept["plate"]
            found[MANY] = {"plates": plates, **ours.shelf.size, "plate": round(plates * mean)}
        self.result["disk_bytes"] = {str(number): sizes for number, sizes in found.items()}
        for number, sizes in found.items():
            self._say(
                f"  kept for {number} permits: {sizes['plates']} plates of {sizes['plate']} bytes together, measures "
                f"{sizes['measure']}, subsets {sizes['subset']}, typefaces {sizes['typeface']}"
            )


def _versions(browser: playwright.sync_api.Browser | None) -> str:
    pango = ffi.pango.pango_version()
    return ", ".join(
        (
            *(f"{name} {importlib.metadata.version(name)}" for name in ("weasyprint", "uharfbuzz", "typst")),
            *(() if browser is None else (f"Chromium {browser.version}",)),
            f"Pango {pango // 10_000}.{pango // 100 % 100}.{pango % 100}",
            f"Python {platform.python_version()}",
            f"{os.cpu_count()} × {platform.machine()}",
        )
    )


def main() -> int:
    """Parse the flags and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.cold} cold permits instead of {FULL.cold}")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="write the last file of each peer there")
    flags = parser.parse_args()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves the file of its colour profile open
    say: Say = (lambda _: None) if flags.json else functools.partial(print, flush=True)
    with tempfile.TemporaryDirectory() as folder, open_browser(say) as browser:
        bench = Bench(QUICK if flags.quick else FULL, say=say, folder=pathlib.Path(folder), keep=flags.keep)
        bench.run(browser)
    print(json.dumps(bench.result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
