"""Reading QR codes from bad pictures. The pictures are synthetic: no phone, printer or scanner was at hand."""

import io
import random
from collections.abc import Callable

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from verifier import decode
from verifier.decode import read_codes, read_codes_quickly

TEXT = "https://izin.contoh.example/v/" + "".join(random.Random(4).choices("123456789", k=540))
OTHER = "https://menu.contoh.example/"
MILLIMETRES_PER_INCH = 25.4
A4 = (210, 297)


def symbol(text: str) -> Image.Image:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=6, border=4)
    code.add_data(text)
    return code.make_image().get_image().convert("RGB")


def page(dpi: int, *codes: tuple[str, int, int, int]) -> Image.Image:
    """An A4 page of text at `dpi`, with codes of (text, left, top, size) in millimetres, drawn at 300 dpi."""
    scale = 300 / MILLIMETRES_PER_INCH
    image = Image.new("RGB", (round(A4[0] * scale), round(A4[1] * scale)), "white")
    draw = ImageDraw.Draw(image)
    for top in range(300, 2400, 60):
        draw.text((300, top), "Surat izin ini hanya contoh. " * 5, fill="black", font_size=36)
    for text, left, top, size in codes:
        side = round(size * scale)
        image.paste(symbol(text).resize((side, side)), (round(left * scale), round(top * scale)))
    return image.resize((round(A4[0] * dpi / MILLIMETRES_PER_INCH), round(A4[1] * dpi / MILLIMETRES_PER_INCH)))


def permit(dpi: int) -> Image.Image:
    return page(dpi, (TEXT, 20, 235, 38))


def ours(text: str) -> bool:
    return text == TEXT


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def in_shade(image: Image.Image) -> Image.Image:
    shade = Image.linear_gradient("L").rotate(90).resize(image.size).point(lambda value: 60 + value * 195 // 255)
    return ImageChops.multiply(image, shade.convert("RGB"))


def stamped(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    inked = image.copy()
    inch = image.height * MILLIMETRES_PER_INCH / A4[1]
    ring = tuple(place * inch for place in (1.2, 9.4, 2.4, 10.6))
    ImageDraw.Draw(inked).ellipse(ring, outline=colour, width=round(0.12 * inch))
    return Image.blend(image, inked, 0.75)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)


DAMAGE: dict[str, tuple[int, Callable[[Image.Image], Image.Image]]] = {
    "clean at 100 dpi": (100, lambda image: image),
    "clean at 300 dpi": (300, lambda image: image),
    "a little askew": (150, lambda image: turned(image, 3)),
    "on its side": (150, lambda image: turned(image, 90)),
    "upside down": (150, lambda image: turned(image, 180)),
    "at any angle": (200, lambda image: turned(image, 37)),
    "out of focus": (150, lambda image: blurred(image, 1.5)),
    "badly out of focus": (200, lambda image: blurred(image, 2)),
    "hard compression": (150, lambda image: jpeg(image, 30)),
    "half in shade": (150, in_shade),
    "a pale copy": (150, lambda image: image.point(lambda value: 170 + value * 70 // 255)),
    "a violet stamp over it": (150, lambda image: stamped(image, (120, 40, 200))),
    "a grey stamp over it": (150, lambda image: stamped(image, (110, 110, 110))),
    "everything at once": (
        200,
        lambda image: jpeg(in_shade(blurred(stamped(turned(image, 2), (120, 40, 200)), 0.8)), 45),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_page_is_read(damage: str) -> None:
    dpi, spoil = DAMAGE[damage]
    assert read_codes(spoil(permit(dpi)), useful=ours)[:1] == [TEXT]


def test_a_page_that_a_program_drew_is_read_at_once() -> None:
    assert read_codes_quickly(permit(150).convert("L")) == [TEXT]


def test_the_useful_text_comes_first_and_others_are_kept() -> None:
    both = page(150, (OTHER, 20, 20, 30), (TEXT, 20, 235, 38), (OTHER, 150, 235, 30))
    assert read_codes(both, useful=ours) == [TEXT, OTHER]


def test_a_foreign_code_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cascade goes on until something is useful, and names what it met."""
    tried = []
    read = decode._zxing
    monkeypatch.setattr(decode, "_zxing", lambda picture: tried.append(picture.size) or read(picture))
    foreign = page(100, (OTHER, 20, 235, 30))
    assert read_codes(foreign, useful=ours) == [OTHER]
    assert len(tried) > 5
    tried.clear()
    assert read_codes(permit(150), useful=ours) == [TEXT]
    assert tried == []  # pyzbar came first and sufficed


def test_enlarging_is_left_out_where_it_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    enlarged = []
    monkeypatch.setattr(decode, "_enlarge", lambda window: enlarged.append(window.size) or window)
    blank = Image.new("L", (600, 800), "white")
    assert read_codes(blank, useful=ours, enlarge=False) == []
    assert enlarged == []
    assert read_codes(blank, useful=ours) == []
    assert len(enlarged) == 9


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_kind_of_picture_is_looked_at(mode: str) -> None:
    assert read_codes(Image.new(mode, (40, 30)), useful=ours) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data(), width=st.integers(1, 24), height=st.integers(1, 24), mode=st.sampled_from(["L", "RGB"]))
def test_no_picture_stops_it(data: st.DataObject, width: int, height: int, mode: str) -> None:
    size = width * height * len(mode)
    pixels = data.draw(st.binary(min_size=size, max_size=size))
    assert read_codes(Image.frombytes(mode, (width, height), pixels), useful=ours) == []
