"""Reading QR codes from a picture of a page: a cascade that stops at the first useful text.

Two decoders that fail on different pictures, then the same two on better pictures, cheapest first:

  1. the picture in grey                       pyzbar, then zxing-cpp
  2. the lightest of red, green and blue       the same (coloured only: violet stamp ink vanishes)
  3. black and white against its background    zxing-cpp, then pyzbar (uneven light, folds, pale copies)
  4. half the size                             the same (large only: noise and moiré average out)
  5. enlarged, window by window                the same (small symbols, coarse scans; on request)

A caller says what is useful; other texts met on the way are kept, so that a code of somebody else's is named
rather than overlooked. Both decoders read at any angle, so nothing is turned here.
"""

from collections.abc import Callable, Iterator
from typing import Final

import zxingcpp
from PIL import Image, ImageChops, ImageFilter
from pyzbar import pyzbar

from verifier.findings import MAX_TEXT_LENGTH

_QR_CODE: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

Decoder = Callable[[Image.Image], list[str]]

# Ink is what is darker than this many 255ths of the paper round it: first black ink only, then pale ink too.
_INK_THRESHOLDS: Final = (90, 160)
_BACKGROUND_SIDE_PIXELS: Final = 400
_HALVE_ABOVE_PIXELS: Final = 2600
_WINDOWS_A_SIDE: Final = 3
_WINDOW_SIDE_PIXELS: Final = 1800
_MOST_ENLARGED: Final = 3.0
_LEAST_ENLARGED: Final = 1.5


def read_codes(image: Image.Image, *, useful: Callable[[str], bool], enlarge: bool = True) -> list[str]:
    """The texts of the QR codes found, without repetition; the cascade stops once one of them is `useful`.

    Useful texts come first. Step 5, the dearest, is left out unless `enlarge`. An empty list means that nothing
    was read, not that nothing is there.
    """
    seen: dict[str, None] = {}
    for decoder, picture in _attempts(image, enlarge=enlarge):
        texts = [text for text in decoder(picture) if len(text) <= MAX_TEXT_LENGTH]
        seen.update(dict.fromkeys(texts))
        if any(map(useful, texts)):
            break
    return sorted(seen, key=lambda text: not useful(text))


def read_codes_quickly(image: Image.Image) -> list[str]:
    """The texts that step 1 alone finds: enough for a page that a program drew."""
    grey = image.convert("L")
    return list(dict.fromkeys(_zbar(grey))) or list(dict.fromkeys(_zxing(grey)))


def _attempts(image: Image.Image, *, enlarge: bool) -> Iterator[tuple[Decoder, Image.Image]]:
    # 1. in grey
    grey = image.convert("L")
    yield _zbar, grey
    yield _zxing, grey
    # 2. the lightest channel
    if image.mode != "L":
        red, green, blue = image.convert("RGB").split()
        lightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        yield _zbar, lightest
        yield _zxing, lightest
    # 3. against its background
    paper = _paper(grey)
    for threshold in _INK_THRESHOLDS:
        ink = _ink(grey, paper, threshold)
        yield _zxing, ink
        yield _zbar, ink
    # 4. half the size
    if max(grey.size) > _HALVE_ABOVE_PIXELS:
        half = grey.reduce(2)
        yield _zxing, half
        yield _zbar, half
    # 5. enlarged, window by window
    if enlarge:
        for window in _windows(grey):
            enlarged = _enlarge(window)
            yield _zxing, enlarged
            yield _zbar, enlarged


def _zbar(grey: Image.Image) -> list[str]:
    found = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [symbol.data.decode("utf-8", "replace") for symbol in found]


def _zxing(grey: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(grey, formats=_QR_CODE)]


def _paper(grey: Image.Image) -> Image.Image:
    """The picture with its ink taken away: the brightest nearby, smoothed."""
    small = grey.copy()
    small.thumbnail((_BACKGROUND_SIDE_PIXELS, _BACKGROUND_SIDE_PIXELS), Image.Resampling.BOX)
    smooth = small.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.BoxBlur(10))
    return smooth.resize(grey.size, Image.Resampling.BILINEAR)


def _ink(grey: Image.Image, paper: Image.Image, threshold: int) -> Image.Image:
    limit = paper.point([value * threshold // 255 for value in range(256)])
    return ImageChops.subtract(grey, limit).point([0] + [255] * 255)


def _windows(grey: Image.Image) -> Iterator[Image.Image]:
    """Overlapping windows of half the width and height, which hold any symbol up to a quarter of the page.

    None where enlarging would gain too little: the picture is fine enough already.
    """
    width, height = grey.size
    if max(width, height) // 2 * _LEAST_ENLARGED > _WINDOW_SIDE_PIXELS:
        return
    last = _WINDOWS_A_SIDE - 1
    for row in reversed(range(_WINDOWS_A_SIDE)):  # a permit's symbol stands low on its page
        for column in range(_WINDOWS_A_SIDE):
            left, top = column * width // (2 * last), row * height // (2 * last)
            yield grey.crop((left, top, left + width // 2, top + height // 2))


def _enlarge(window: Image.Image) -> Image.Image:
    factor = min(_MOST_ENLARGED, _WINDOW_SIDE_PIXELS / max(1, *window.size))
    size = (max(1, int(window.width * factor)), max(1, int(window.height * factor)))
    return window.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(4, 120, 0))
