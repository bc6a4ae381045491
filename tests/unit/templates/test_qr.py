import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyzbar import pyzbar
from qrcode import util

from registry.formats import statement
from registry.formats.errors import DocumentError
from templates import qr

HOSTS = ["izin.example.go.id", "a.id", "perizinan.dpmptsp.kabupaten-contoh.go.id:8443"]
QUIET_MODULES = 4


def picture(rows: tuple[tuple[bool, ...], ...], scale: int = 4) -> Image.Image:
    size = len(rows) + 2 * QUIET_MODULES
    image = Image.new("L", (size, size), 255)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            image.putpixel((x + QUIET_MODULES, y + QUIET_MODULES), 0 if dark else 255)
    return image.resize((size * scale, size * scale), Image.Resampling.NEAREST)


@given(st.sampled_from(HOSTS), st.data())
@settings(max_examples=40, deadline=None)
def test_every_link_that_fits_is_a_symbol_of_version_12_m_and_reads_back(host: str, data: st.DataObject) -> None:
    room = statement.room(host)
    link = statement.link(host, b"\x01" + data.draw(st.binary(min_size=1, max_size=room - 1)))
    rows = qr.modules(link)
    assert len(rows) == len(rows[0]) == 65
    assert [found.data.decode() for found in pyzbar.decode(picture(rows))] == [link]
    (found,) = zxingcpp.read_barcodes(picture(rows), formats=zxingcpp.BarcodeFormat.QRCode)
    assert (found.text, found.ec_level) == (link, "M")


@pytest.mark.parametrize("length", [13, 19, 151, 175])
def test_the_mask_is_the_one_that_the_maker_would_choose_if_it_had_the_time(length: int) -> None:
    link = statement.link(HOSTS[0], b"\x01" + bytes(range(length)))
    symbols = []
    for mask in range(8):
        code = qrcode.QRCode(version=12, error_correction=qrcode.ERROR_CORRECT_M, border=0, mask_pattern=mask)
        code.add_data(link)
        code.make(fit=False)
        symbols.append(code.get_matrix())
    best = min(symbols, key=util.lost_point)
    assert qr.modules(link) == tuple(map(tuple, best))


@pytest.mark.parametrize("host", HOSTS)
def test_the_longest_statement_that_the_room_allows_fits_and_one_byte_group_more_does_not(host: str) -> None:
    room = statement.room(host)
    assert len(qr.modules(statement.link(host, b"\x01" + b"\xff" * (room - 1)))) == 65
    with pytest.raises(DocumentError, match="version 12-M"):
        qr.modules(statement.link(host, b"\x01" + b"\xff" * (room + 1)))


squares = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(squares)
def test_the_outlines_go_once_around_every_dark_module_and_around_no_light_one(rows: list[list[bool]]) -> None:
    winding = dict.fromkeys(((x, y) for y in range(len(rows)) for x in range(len(rows))), 0)
    for outline in qr.outlines(rows):
        for step, ((x1, y1), (x2, y2)) in enumerate(zip(outline, outline[1:] + outline[:1], strict=True)):
            assert (y1 == y2) == (step % 2 == 0)
            assert (x1, y1) != (x2, y2)
            for x, y in winding:
                if x >= x1 and min(y1, y2) <= y < max(y1, y2):
                    winding[x, y] += 1 if y2 < y1 else -1
    assert winding == {(x, y): int(dark) for y, row in enumerate(rows) for x, dark in enumerate(row)}


def test_modules_that_touch_at_a_corner_only_are_apart() -> None:
    assert len(list(qr.outlines([[True, False], [False, True]]))) == 2
    assert len(list(qr.outlines([[False, True], [True, False]]))) == 2


@given(squares)
def test_the_svg_path_is_the_outlines(rows: list[list[bool]]) -> None:
    read = []
    for outline in qr.path(rows).split("z")[:-1]:
        (x, y), *steps = (part.split() for part in outline.replace("H", "\nH ").replace("V", "\nV ").splitlines())
        points = [(int(x.removeprefix("M")), int(y))]
        for way, value in steps:
            points.append((int(value), points[-1][1]) if way == "H" else (points[-1][0], int(value)))
        read.append(points)
    assert read == list(qr.outlines(rows))


def test_the_svg_is_small_and_holds_no_image() -> None:
    svg = qr.svg(statement.link(HOSTS[0], b"\x01" + bytes(range(200))))
    assert len(svg) < 16_000
    assert "<image" not in svg
    assert svg.count("<path") == 1
