import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyzbar import pyzbar

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


@given(st.binary(min_size=1, max_size=200), st.sampled_from(HOSTS))
@settings(max_examples=40, deadline=None)
def test_the_symbol_of_every_statement_is_version_12_and_reads_back(token: bytes, host: str) -> None:
    link = statement.link(host, b"\x01" + token)
    rows = qr.modules(link)
    assert len(rows) == len(rows[0]) == 65
    assert [found.data.decode() for found in pyzbar.decode(picture(rows))] == [link]


@pytest.mark.parametrize("host", HOSTS)
def test_the_longest_statement_that_the_room_allows_fits_and_one_byte_group_more_does_not(host: str) -> None:
    room = statement.room(host)
    assert len(qr.modules(statement.link(host, b"\x01" + b"\xff" * (room - 1)))) == 65
    with pytest.raises(DocumentError, match="version 12-M"):
        qr.modules(statement.link(host, b"\x01" + b"\xff" * (room + 1)))


def area(path: str) -> set[tuple[int, int]]:
    """The modules that even-odd filling of the path covers, by another way than the path was made."""
    outlines, x, y = [], 0, 0
    for outline in path.split("z")[:-1]:
        steps = outline.replace("h", " h").replace("v", " v").split()
        x, y = int(steps[0].removeprefix("M")), int(steps[1])
        points = [(x, y)]
        for step in steps[2:]:
            x, y = (x + int(step[1:]), y) if step[0] == "h" else (x, y + int(step[1:]))
            points.append((x, y))
        outlines.append(points)
    inside: set[tuple[int, int]] = set()
    for points in outlines:
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            assert x1 == x2 or y1 == y2
            if x1 == x2:
                for row in range(min(y1, y2), max(y1, y2)):
                    inside ^= {(column, row) for column in range(x1, 70)}
    return inside


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_the_outline_covers_exactly_the_dark_modules(rows: list[list[bool]]) -> None:
    dark = {(x, y) for y, row in enumerate(rows) for x, value in enumerate(row) if value}
    assert area(qr.path(rows)) == dark


def test_the_symbol_is_small_and_holds_no_image() -> None:
    svg = qr.svg(statement.link(HOSTS[0], b"\x01" + bytes(range(200))))
    assert len(svg) < 16_000
    assert "<image" not in svg
    assert svg.count("<path") == 1
