"""The full path of a permit against a naive script, in one run on one machine.

Ours: decision in, freeze, render (PDF/A-3a, PDF/UA-1, attachment), sign, the stranger's check of the signed bytes
with the QR code decoded from pixels, and the durable transaction of issue.

Naive: the same page through WeasyPrint's `write_pdf`, qrcode's SVG path image, pyHanko's SimpleSigner, and nothing
else: no standards, no registry, no check, nothing kept. The rounds alternate, so that a slow moment of the machine
meets both.

Plates are kept by the home, as in an office: the rounds before the first that counts make those of the samples, and
every plate that a later decision needs is made within its time.

`ratios.naive` is the naive script's median time divided by ours: above 1 we are faster, though we do more.
"""

import argparse
import base64
import collections
import contextlib
import datetime
import io
import json
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import markupsafe
import qrcode
import qrcode.image.svg
import weasyprint
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter

from cli.issuing import development_home
from cli.workshop import workshop
from registry import decisions
from registry.formats import statement
from signing import issuance
from templates import packs

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


class Clock:
    """Adds up how long named steps take, in seconds."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = collections.defaultdict(list)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.spent[name].append(time.perf_counter() - started)

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **words: Any) -> Any:
            with self.step(name):
                return work(*args, **words)

        return run

    def median(self, name: str) -> float:
        return statistics.median(self.spent[name]) * 1000


class Naive:
    """What one would write in an afternoon."""

    def __init__(self, keys: pathlib.Path, pack: packs.Pack) -> None:
        loader = jinja2.FileSystemLoader(pack.page_folders)
        self._template = jinja2.Environment(loader=loader, autoescape=True).get_template("page.html")
        self._css = "".join(path.read_text() for place in reversed(pack.page_folders) for path in place.glob("*.css"))
        pem = keys / "signer-001.pem"
        self._signer = signers.SimpleSigner.load(str(pem), str(pem))

    def permit(self, *, shape: dict[str, Any], fields: dict[str, str], link: str) -> bytes:
        """One signed PDF."""
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
        code.add_data(link)
        svg = code.make_image(image_factory=qrcode.image.svg.SvgPathImage).to_string()
        picture = markupsafe.Markup('<img class="qr" alt="QR" src="data:image/svg+xml;base64,{}">').format(
            base64.b64encode(svg).decode()
        )

        def f(*names: str, **_: Any) -> markupsafe.Markup:
            lines = markupsafe.Markup("<br>").join(fields[name] for name in names)
            return markupsafe.Markup('<span class="f">{}</span>').format(lines)

        body = self._template.render(shape=shape, qr=picture, f=f, again=f)
        head = f"<head><title>Surat Izin</title><style>{self._css}</style></head>"
        html = f'<html lang="id">{head}<body>{body}</body></html>'
        pdf = weasyprint.HTML(string=html).write_pdf()
        metadata = signers.PdfSignatureMetadata(field_name="Seal", subfilter=SigSeedSubFilter.PADES)
        signed = signers.sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)),
            metadata,
            signer=self._signer,
            new_field_spec=SigFieldSpec("Seal"),
        )
        return bytes(signed.getvalue())


def varied(sample: dict[str, Any], turn: int) -> bytes:
    """The sample decision as another office file would hold it."""
    changed = json.loads(json.dumps(sample))
    changed["reference"] = f"BENCH-{turn:05}"
    for unit in changed["public"]["units"]:
        unit["engine_serial"] = f"{unit['engine_serial']}-{turn}"
        unit["generator_serial"] = f"{unit['generator_serial']}-{turn}"
    return json.dumps(changed).encode()


def run(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return the result."""
    pack = packs.pack("genset")
    samples = [json.loads(path.read_text()) for path in pack.samples()]
    clock, sizes = Clock(), collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        home = development_home(pathlib.Path(folder) / "home", now=NOW)
        naive = Naive(home.keys, pack)
        database = home.database()
        issuance.sign_certified = clock.timed("  of it: sign", issuance.sign_certified)
        with workshop(home) as shop:
            shop.issuance._check = clock.timed("  of it: stranger's check", shop.issuance._check)
            for turn in range(-len(samples), rounds * len(samples)):
                if turn == 0:
                    clock.spent.clear()  # the rounds before were to warm both
                data = varied(samples[turn % len(samples)], turn + len(samples))
                with clock.step("ours"):
                    with clock.step("decision in"):
                        receipt = shop.intake.add(data, now=NOW)
                    with clock.step("freeze"):
                        frozen = shop.issuance.freeze(receipt.decision, now=NOW)
                    with clock.step("render"):
                        shop.issuance.render(frozen, now=NOW)
                    with clock.step("sign, check, issue"):
                        shop.issuance.sign_and_issue(frozen, now=NOW)
                record = shop.records.permit_by_serial(frozen.serial)
                sizes["ours"].append(len(shop.records.document(record.file_sha256)))
                with database.read() as tx:
                    public = decisions.by_id(tx, frozen.decision).public
                fields = pack.fields(
                    public,
                    office=shop.office,
                    number=frozen.number,
                    date_of_issue=frozen.date_of_issue,
                    valid_until=frozen.valid_until,
                )
                with clock.step("naive"):
                    signed = naive.permit(
                        shape=frozen.shape,
                        fields={**fields, "host": home.settings.host},
                        link=statement.link(home.settings.host, frozen.statement),
                    )
                sizes["naive"].append(len(signed))
        database.close()
    ratio = clock.median("naive") / clock.median("ours")
    say(f"{rounds} rounds of {len(samples)} samples (1, 2 and 14 units), medians in ms a permit")
    for name in ("naive", "ours", "decision in", "freeze", "render", "sign, check, issue"):
        say(f"  {name:26}{clock.median(name):9.1f}")
        if name == "sign, check, issue":
            for part in ("  of it: sign", "  of it: stranger's check"):
                say(f"  {part:26}{clock.median(part):9.1f}")
    for name, found in sizes.items():
        say(f"  {name + ', bytes a file':26}{statistics.median(found):9.0f}")
    say(f"naive / ours = {ratio:.2f}")
    return {"bench": "issue", "ratios": {"naive": round(ratio, 3)}}


def main() -> int:
    """Parse the two flags and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 rounds instead of 12")
    parser.add_argument("--json", action="store_true", help="only the last line")
    flags = parser.parse_args()
    result = run(2 if flags.quick else 12, (lambda _: None) if flags.json else print)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
