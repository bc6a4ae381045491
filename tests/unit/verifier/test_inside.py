"""What is found in a file, by the code that runs inside the confined child; here it runs in the open.

The permits are invented and drawn by WeasyPrint; one is signed with development keys.
"""

import base64
import datetime
import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import pytest
import qrcode
import weasyprint
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from keys.development import DevelopmentPki
from registry.formats.record import SignerRecord
from signing import pades
from verifier import inside
from verifier.findings import CodeText, FileFindings, FileKind, sniff
from verifier.inside import inspect
from verifier.reader import Reader
from verifier.request import Isolation, ReaderLimits, ReadRequest

NOW = datetime.datetime(2026, 11, 23, 7, 30, 15, tzinfo=datetime.UTC)
HOST = "izin.contoh.example"
LINK = f"https://{HOST}/v/" + "".join(random.Random(5).choices("123456789", k=500))
OTHER = "https://menu.contoh.example/"
LIMITS = ReaderLimits()
REQUEST = ReadRequest(
    roots=(), signers=(), revocation_lists=(), moment=NOW, profile="certified-p1", host=HOST, codes=True
)
ATTACHMENT = b'{"contoh":1}'


def symbol(text: str) -> Image.Image:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=6, border=4)
    code.add_data(text)
    return code.make_image().get_image().convert("L")


def picture(text: str) -> str:
    return "data:image/png;base64," + base64.b64encode(written(symbol(text), "PNG")).decode()


def pdf(*pages: str | None, attachment: bytes | None = None, style: str = "", variant: str | None = None) -> bytes:
    """A PDF of one page for each text, with its QR code (none for None)."""
    body = "".join(
        f'<section style="break-after: page"><h1>Halaman {number}</h1>'
        + (f'<img alt="kode" src="{picture(text)}">' if text else "")
        + "</section>"
        for number, text in enumerate(pages, 1)
    )
    css = "img { width: 38mm; image-rendering: pixelated }" + style
    html = f'<html lang="id"><head><title>Contoh</title><style>{css}</style></head><body>{body}'
    files = attachment and [
        weasyprint.Attachment(string=attachment, name="izin.json", relationship="Data", created=NOW, modified=NOW)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its colour profile open
        return weasyprint.HTML(string=html).write_pdf(pdf_variant=variant, attachments=files or None)


def png(width: int, height: int, *, rows: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever its rows hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(data: bytes, **limits: int) -> FileFindings:
    return inspect(data, REQUEST, ReaderLimits(**limits))


def test_every_page_is_looked_at_and_the_useful_code_comes_first() -> None:
    found = read(pdf(OTHER, None, LINK))
    assert (found.kind, found.pages, found.image_only) == (FileKind.PDF, 3, False)
    assert found.texts == (CodeText(page=3, text=LINK), CodeText(page=1, text=OTHER))


def test_codes_of_two_permits_in_one_file_are_both_found() -> None:
    second = LINK[:-1] + "1"
    assert {code.text for code in read(pdf(LINK, second)).texts} == {LINK, second}


def test_a_page_without_text_is_a_picture_and_its_code_is_read(tmp_path: Path) -> None:
    page = Image.new("RGB", (1240, 1754), "white")
    page.paste(symbol(LINK).resize((224, 224)), (120, 1400))
    path = tmp_path / "scan.pdf"
    page.save(path, "PDF", resolution=150)
    found = read(path.read_bytes())
    assert found.image_only
    assert found.texts == (CodeText(page=1, text=LINK),)


def test_only_the_first_and_last_pages_of_a_long_file_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = inside._draw
    monkeypatch.setattr(
        inside, "_draw", lambda document, index, *a, **k: drawn.append(index) or draw(document, index, *a, **k)
    )
    found = read(pdf(*[None] * 9, LINK), pages=4)
    assert found.pages == 10
    assert found.texts == (CodeText(page=10, text=LINK),)
    assert set(drawn) == {0, 1, 8, 9}


def test_a_page_of_absurd_size_is_drawn_coarsely() -> None:
    """A box of 5 by 5 metres would be 900 megapixels at 150 dpi."""
    huge = pdf(LINK, style="@page { size: 5080mm 5080mm } img { width: 1500mm }")
    document = inside.pypdfium2.PdfDocument(huge)
    image = inside._draw(document, 0, ReaderLimits(page_megapixels=2), grey=True)
    document.close()
    assert image is not None
    assert image.width * image.height <= 2_010_000
    assert read(huge, page_megapixels=2).texts == (CodeText(page=1, text=LINK),)


def test_no_page_is_drawn_where_no_codes_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside.pypdfium2, "PdfDocument", None)
    request = ReadRequest(
        roots=(), signers=(), revocation_lists=(), moment=NOW, profile="certified-p1", host=HOST, codes=False
    )
    found = inspect(pdf(LINK), request, LIMITS)
    assert (found.kind, found.texts, found.pages) == (FileKind.PDF, (), 0)


def test_a_signed_permit_is_found_with_signature_code_and_attachment(tmp_path: Path) -> None:
    data = signed(tmp_path)
    unsigned = pdf(LINK, attachment=ATTACHMENT)
    request = ReadRequest.from_json(json.loads((tmp_path / "request.json").read_text()))
    found = inspect(data, request, LIMITS)
    assert found.signature.cryptographically_valid
    assert (found.signature.problems, found.signature.chain) == ((), "passed")
    assert found.signature.attachment_bytes == ATTACHMENT
    assert found.texts == (CodeText(page=1, text=LINK),)
    with Reader(isolation=Isolation.PREFERRED) as reader:
        assert reader.read(data, request) == found  # the confined child lacks nothing that it takes
    copy = inspect(unsigned, request, LIMITS)
    assert not copy.signature.signed
    assert copy.attachment_bytes == ATTACHMENT
    assert copy.signature.attachment is None


def test_nothing_is_opened_once_warm(tmp_path: Path) -> None:
    """Heard from the interpreter itself, in a fresh process: no module, no file, no library is loaded late."""
    samples = {
        "signed.pdf": signed(tmp_path),
        "plain.pdf": pdf(LINK, attachment=ATTACHMENT),
        "far.pdf": pdf(*[None] * 2),
        **{kind: written(symbol(LINK).convert("RGB"), kind) for kind in ("PNG", "JPEG", "WEBP", "MPO")},
        "empty.png": written(Image.new("RGB", (900, 900), "white"), "PNG"),
        "palette.png": written(symbol(LINK).convert("P"), "PNG"),
    }
    for name, data in samples.items():
        (tmp_path / name).write_bytes(data)
    code = """
import dataclasses, json, pathlib, sys
sys.path[:0] = json.loads(sys.argv[1])
from verifier import inside
from verifier.request import ReaderLimits, ReadRequest
request = ReadRequest.from_json(json.loads(pathlib.Path(sys.argv[2], "request.json").read_text()))
data = [pathlib.Path(sys.argv[2], name).read_bytes() for name in json.loads(sys.argv[3])]
inside.warm_up()
heard = []
sys.addaudithook(lambda event, args: heard.append((event, repr(args[:1]))))
for one in data:
    inside.inspect(one, request, ReaderLimits())
watched = ("open", "import", "os.", "socket.", "ctypes.dlopen", "subprocess.", "mmap.")
late = [one for one in heard if one[0].startswith(watched)]
print(json.dumps(late))
"""
    path = json.dumps([path for path in sys.path if path])
    command = [sys.executable, "-c", code, path, str(tmp_path), json.dumps(list(samples))]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout) == []


def signed(folder: Path) -> bytes:
    """A signed permit; the request to judge it by is left in `folder`."""
    pki = DevelopmentPki.make(folder / "keys", now=NOW, person="Drs. H. Contoh", office="Dinas Contoh")
    key, trust = pki.signing_key(), pki.trust(NOW)
    sha256 = hashlib.sha256(key.certificate).digest()
    request = ReadRequest(
        roots=trust.roots,
        signers=(SignerRecord(certificate=key.certificate, issuers=key.issuers, sha256=sha256),),
        revocation_lists=trust.revocation_lists,
        moment=NOW,
        profile="certified-p1",
        host=HOST,
    )
    (folder / "request.json").write_text(json.dumps(request.to_json()))
    box = pades.Box(page=1, x1=300, y1=100, x2=500, y2=160)
    unsigned = pdf(LINK, attachment=ATTACHMENT, variant="pdf/a-3a")
    return pades.sign_certified(unsigned, key=key, at=NOW, place=box, label="Tanda tangan")


# Pictures


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("JPEG", {"quality": 60}), ("WEBP", {"quality": 80}), ("MPO", {})]
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_photo_is_read(kind: str, options: dict[str, object], mode: str) -> None:
    found = read(written(symbol(LINK).convert(mode), kind, **options))
    assert (found.kind, found.pages) == (FileKind.IMAGE, 1)
    assert found.texts == (CodeText(page=1, text=LINK),)


def test_ink_on_nothing_is_ink_on_white() -> None:
    """A transparent background is black to whoever just drops the transparency."""
    ink = symbol(LINK).point(lambda value: 255 - value)
    clear = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    clear.putalpha(ink)
    assert read(written(clear, "PNG")).texts == (CodeText(page=1, text=LINK),)


def test_a_photo_of_many_megapixels_is_read_smaller() -> None:
    large = Image.new("L", (6000, 4500), "white")
    large.paste(symbol(LINK).resize((1200, 1200)), (300, 3000))
    for data in (written(large, "JPEG", quality=70), written(large, "PNG", compress_level=1)):
        assert read(data).texts == (CodeText(page=1, text=LINK),)


@pytest.mark.parametrize("size", [(60_000, 60_000), (1, 2_000_000_000), (2_147_483_647, 2_147_483_647)])
def test_a_picture_that_claims_gigabytes_is_not_decoded(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside.PngImagePlugin.PngImageFile, "load", lambda _: pytest.fail("decoded"))
    assert read(png(*size)) == FileFindings(kind=FileKind.IMAGE)


def test_the_limit_of_pixels_is_the_limit_given() -> None:
    just = png(1000, 1000, rows=(b"\0" + b"\xff" * 1000) * 1000)
    assert read(just, image_megapixels=1).pages == 1
    assert read(png(1001, 1000, rows=(b"\0" + b"\xff" * 1001) * 1000), image_megapixels=1).pages == 0


@pytest.mark.parametrize("cut", [3, 20, 60, 200])
def test_half_a_picture_is_no_picture_and_no_crash(cut: int) -> None:
    assert read(written(symbol(LINK), "PNG")[:cut]).texts == ()


# What it is


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FileKind.OTHER),
        (b"%PDF-1.7", FileKind.PDF),
        (b"x" * 1000 + b"%PDF-1.7", FileKind.PDF),
        (b"x" * 1024 + b"%PDF-1.7", FileKind.OTHER),
        (b"\xff\xd8\xff\xe0", FileKind.IMAGE),
        (b"\xff\xd8\xff\xe0 %PDF-1.7", FileKind.PDF),
        (b"\x89PNG\r\n\x1a\n", FileKind.IMAGE),
        (b"RIFF\0\0\0\0WEBPVP8 ", FileKind.IMAGE),
        (b"RIFF\0\0\0\0WAVEfmt ", FileKind.OTHER),
        (b"GIF89a", FileKind.OTHER),
        (b"PK\x03\x04", FileKind.OTHER),
    ],
)
def test_a_file_is_what_its_first_bytes_say(data: bytes, kind: FileKind) -> None:
    assert sniff(data) is kind


@settings(max_examples=60, deadline=None)
@given(
    head=st.sampled_from([b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]),
    tail=st.binary(max_size=400),
)
def test_any_bytes_are_inspected(head: bytes, tail: bytes) -> None:
    found = read(head + tail)
    assert found.kind is sniff(head + tail)
    assert found.texts == ()
    assert FileFindings.from_json(found.to_json()) == found


@pytest.fixture(scope="module")
def permit() -> bytes:
    return pdf(LINK, attachment=ATTACHMENT)


@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 0.999), replacement=st.binary(min_size=1, max_size=8))
def test_a_damaged_pdf_is_inspected(permit: bytes, place: float, replacement: bytes) -> None:
    position = int(place * len(permit))
    found = read(permit[:position] + replacement + permit[position + len(replacement) :], raster_dpi=90)
    assert {code.text for code in found.texts} <= {LINK}
    assert FileFindings.from_json(found.to_json()) == found


def test_a_text_that_no_json_can_carry_is_made_one_that_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "read_codes", lambda *_, **__: ["half \ud800"])
    assert read(written(symbol(LINK), "PNG")).texts == (CodeText(page=1, text="half ?"),)
