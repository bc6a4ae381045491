import re
from collections.abc import Sequence

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


def made(text: str, mask: int) -> Sequence[Sequence[bool]]:
    code = qrcode.QRCode(version=12, error_correction=qrcode.ERROR_CORRECT_M, border=0, mask_pattern=mask)
    code.add_data(text)
    code.make(fit=False)
    return code.get_matrix()


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
    best = min((made(link, mask) for mask in range(8)), key=util.lost_point)
    assert qr.modules(link) == tuple(map(tuple, best))


@pytest.mark.parametrize("host", HOSTS)
def test_the_longest_statement_that_the_room_allows_fits_and_one_byte_group_more_does_not(host: str) -> None:
    room = statement.room(host)
    assert len(qr.modules(statement.link(host, b"\x01" + b"\xff" * (room - 1)))) == 65
    with pytest.raises(DocumentError, match="version 12-M"):
        qr.modules(statement.link(host, b"\x01" + b"\xff" * (room + 1)))


@given(
    st.one_of(
        st.builds(
            lambda host, token: statement.link(host, b"\x01" + token), st.sampled_from(HOSTS), st.binary(max_size=200)
        ),
        st.text(max_size=60),
        st.lists(st.sampled_from(["CONTOH/", "contoh ", "2026", "0" * 21, "9" * 40]), max_size=5).map("".join),
    )
)
@settings(max_examples=60, deadline=None)
def test_it_is_module_for_module_a_symbol_that_the_maker_makes(text: str) -> None:
    assert qr.modules(text) in [tuple(map(tuple, made(text, mask))) for mask in range(8)]


@pytest.mark.parametrize("free", range(10))
def test_so_it_is_up_to_the_last_bit_and_not_beyond(free: int) -> None:
    # 20 bits before letters of 8 bits each, 16 before digits, of which three take 10 bits and two that are left over 7.
    digits = next(n for n in range(60, 84) if n % 3 != 1 and (2320 - free - 36 - n // 3 * 10 - n % 3 // 2 * 7) % 8 == 0)
    letters = (2320 - free - 36 - digits // 3 * 10 - digits % 3 // 2 * 7) // 8
    text = letters * "a" + digits * "7"
    assert qr.modules(text) in [tuple(map(tuple, made(text, mask))) for mask in range(8)]
    with pytest.raises(DocumentError, match="version 12-M"):
        qr.modules(text + "777"[: free // 3 + 1])


def test_a_link_of_zeros_which_the_maker_itself_cannot_make_reads_back() -> None:
    link = f"https://a.id/v/1{'0' * 559}"
    with pytest.raises(ValueError, match="glog"):
        made(link, 0)
    rows = qr.modules(link)
    assert [found.data.decode() for found in pyzbar.decode(picture(rows))] == [link]
    assert [found.text for found in zxingcpp.read_barcodes(picture(rows))] == [link]


def test_the_svg_paints_every_dark_module_once_and_no_light_one() -> None:
    link = statement.link(HOSTS[0], b"\x01" + bytes(range(200)))
    path = re.search(r' d="((?:M\d+ \d+h\d+v1h-\d+z)+)"/></svg>$', qr.svg(link))
    assert path
    painted = [
        (x, int(y))
        for start, y, there, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path[1])
        for x in range(int(start), int(start) + int(there))
        if there == back
    ]
    assert sorted(painted) == sorted(
        (x, y) for y, row in enumerate(qr.modules(link)) for x, dark in enumerate(row) if dark
    )


def test_the_svg_is_small_and_holds_no_image() -> None:
    svg = qr.svg(statement.link(HOSTS[0], b"\x01" + bytes(range(200))))
    assert len(svg) < 16_000
    assert "<image" not in svg
    assert svg.count("<path") == 1
