import contextlib
import math
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Sequence

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import weasyprint
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyzbar import pyzbar

from registry.formats import statement
from registry.formats.record import QrPlace
from templates import qr, symbol

LINK = statement.link("izin.example.go.id", b"\x01" + bytes(range(230)))
ROWS = qr.modules(LINK)
PAPERS = {"A4": "210mm 297mm", "F4": "215mm 330mm"}
# Space above the symbol and the page's margins; few of them fall on the printer's grid.
SPOTS = [("0", "20mm"), ("13.37mm", "17.3mm 11.1mm"), ("601.01px", "1.01cm 3cm 1cm 6.07cm")]
ALT = "Kode QR contoh"
IMAGE = f'<img class="qr" alt="{ALT}" src="{symbol.PLACEHOLDER}">'


def printed(
    *,
    paper: str = PAPERS["A4"],
    spot: tuple[str, str] = SPOTS[1],
    rows: Sequence[Sequence[bool]] | None = ROWS,
    body: str = IMAGE,
    style: str = "",
) -> tuple[bytes, QrPlace]:
    """A page with a symbol, and where that stands."""
    above, margin = spot
    html = (
        f'<html lang="id"><head><meta charset="utf-8"><title>Contoh</title><style>@page{{size:{paper};margin:{margin}}}'
        f"p{{margin:0 0 3mm}}.qr{{display:block;overflow:visible;margin:3mm 0}}{style}</style></head>"
        f'<body style="margin:0"><p>Sebelum</p><div style="height:{above}"></div>{body}<p>Sesudah</p></body></html>'
    )
    places = []
    drawing = symbol.VOID if rows is None else symbol.path(rows)
    pdf = weasyprint.HTML(string=html).write_pdf(
        pdf_variant="pdf/a-3a", finisher=lambda _, document: places.append(symbol.draw(document, drawing))
    )
    return pdf, places[0]


def streams(pdf: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(match[1])
        except zlib.error:
            continue


def by_pdfium(pdf: bytes, dpi: int) -> Image.Image:
    """The page from its top left, exactly so many pixels an inch, whatever is left over at the other sides."""
    scale = dpi / 72
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        width, height = (math.ceil(side * scale) for side in document[0].get_size())
        bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_Gray)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        matrix, clip = pdfium.FS_MATRIX(scale, 0, 0, scale, 0, 0), pdfium.FS_RECTF(0, 0, width, height)
        pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, document[0], matrix, clip, 0)
        return bitmap.to_pil().copy()


def in_whole_pixels(pdf: bytes, dpi: int, *, page: int = 1) -> Image.Image:
    """The page as most programs ask for it: stretched to the next whole pixels."""
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        return document[page - 1].render(scale=dpi / 72).to_pil().convert("L")


def cut(picture: Image.Image, place: QrPlace, dpi: int, *, quiet: int = 0) -> Image.Image:
    """The symbol's box in a picture of its page, with so many modules around."""
    left, top, size = (round(mm / 25.4 * dpi) for mm in (place.left_mm, place.top_mm, place.size_mm))
    around = round(quiet * 0.02 * dpi)
    return picture.crop((left - around, top - around, left + size + around, top + size + around))


def exact(dpi: int) -> Image.Image:
    """The symbol as it should be, a module being 0.02 inch."""
    picture = Image.new("L", (qr.MODULES, qr.MODULES))
    picture.putdata([0 if dark else 255 for row in ROWS for dark in row])
    side = qr.MODULES * dpi // 50
    return picture.resize((side, side), Image.Resampling.NEAREST)


def dark_pixels(place: QrPlace, dpi: int) -> Iterator[tuple[int, int]]:
    """The pixels of the page that touch dark modules alone."""

    def spans(start_mm: float) -> Iterator[tuple[int, range]]:
        """Pixels within the symbol, each with the modules that it touches."""
        start, module = start_mm / 25.4 * dpi, dpi / 50
        for pixel in range(math.ceil(start), math.floor(start + qr.MODULES * module)):
            first, last = ((edge - start) / module for edge in (pixel, pixel + 1))
            yield pixel, range(max(0, math.floor(first - 0.01)), min(qr.MODULES, math.floor(last + 0.01) + 1))

    for y, down in spans(place.top_mm):
        for x, across in spans(place.left_mm):
            if all(ROWS[row][column] for row in down for column in across):
                yield x, y


def rectangles(rows: Sequence[Sequence[bool]]) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of everything in the path, which is filled once."""
    colour, *shapes, fill = symbol.path(rows).decode().splitlines()
    assert (colour, fill) == ("0 g", "f")
    found = []
    for shape in shapes:
        *numbers, operator = shape.split()
        left, top, width, height = map(float, numbers)
        assert operator == "re"
        found.append((left, top, left + width, top + height))
    return found


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("spot", SPOTS, ids=["top", "middle", "bottom"])
@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_a_module_is_exactly_six_pixels_black_or_white_at_300_dpi_and_twelve_at_600(
    paper: str, spot: tuple[str, str]
) -> None:
    pdf, place = printed(paper=paper, spot=spot)
    pixels = [mm / 25.4 * 300 for mm in (place.left_mm, place.top_mm, place.size_mm)]
    assert pixels == pytest.approx([round(value) for value in pixels], abs=0.01)
    for dpi in (300, 600):
        assert same(cut(by_pdfium(pdf, dpi), place, dpi), exact(dpi))


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize("smooth", ["yes", "no"])
@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_so_it_is_by_poppler_which_paints_every_pixel_that_a_shape_touches(tmp_path, paper: str, smooth: str) -> None:
    pdf, place = printed(paper=paper)
    (tmp_path / "page.pdf").write_bytes(pdf)
    for dpi in (300, 600):
        left, top, size = (str(round(mm / 25.4 * dpi)) for mm in (place.left_mm, place.top_mm, place.size_mm))
        command = ["pdftoppm", "-r", str(dpi), "-gray", "-singlefile", "-aaVector", smooth]
        box = ["-x", left, "-y", top, "-W", size, "-H", size]
        subprocess.run([*command, *box, tmp_path / "page.pdf", tmp_path / str(dpi)], check=True)
        with Image.open(tmp_path / f"{dpi}.pgm") as picture:
            assert same(picture, exact(dpi))


@pytest.mark.parametrize("dpi", [97, 150, 213, 411])
@pytest.mark.parametrize("program", ["PDFium", "Poppler"])
def test_at_no_scale_does_a_hairline_show_within_dark_modules(tmp_path, program: str, dpi: int) -> None:
    pdf, place = printed()
    if program == "PDFium":
        page = by_pdfium(pdf, dpi)
    else:
        (tmp_path / "page.pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", str(dpi), "-gray", "-singlefile", "page.pdf", "page"], check=True, cwd=tmp_path
        )
        with Image.open(tmp_path / "page.pgm") as picture:
            page = picture.copy()
    pixels = list(dark_pixels(place, dpi))
    assert len(pixels) > 1000
    assert {page.getpixel(pixel) for pixel in pixels} == {0}


@pytest.mark.parametrize("sides", [(210, 297), (215, 330)], ids=PAPERS)
def test_on_paper_of_whole_pixels_it_is_exact_for_programs_that_stretch_the_page_too(sides: tuple[int, int]) -> None:
    width, height = map(symbol.paper_pt, sides)
    pdf, place = printed(paper=f"{width}pt {height}pt")
    for dpi in (300, 600):
        assert same(cut(in_whole_pixels(pdf, dpi), place, dpi), exact(dpi))


@pytest.mark.parametrize("mm", [148, 210, 215, 215.9, 297, 330, 355.6])
def test_paper_of_whole_pixels_is_the_paper_that_was_meant(mm: float) -> None:
    assert abs(symbol.paper_pt(mm) * 25.4 / 72 - mm) < 0.05
    assert math.ceil(symbol.paper_pt(mm) / 0.24) - symbol.paper_pt(mm) / 0.24 < 0.001


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_the_page_reads_back(dpi: int) -> None:
    pdf, _ = printed(paper=PAPERS["F4"], spot=SPOTS[2])
    assert [found.data.decode() for found in pyzbar.decode(in_whole_pixels(pdf, dpi))] == [LINK]


@pytest.mark.parametrize(("left", "top"), [(0, 0), (20, 30), (71.37, 113.13), (170.049, 250.051)])
def test_the_symbol_stands_where_the_layout_put_it_but_for_half_a_pixel(left: float, top: float) -> None:
    box = f'<div style="position:absolute;left:{left}mm;top:{top}mm">{IMAGE}</div>'
    _, place = printed(spot=("0", "0"), body=box, style=".qr{margin:0}")
    half = 25.4 / 300 / 2 + 0.001
    assert place == QrPlace(
        page=1, left_mm=pytest.approx(left, abs=half), top_mm=pytest.approx(top, abs=half), size_mm=33.02
    )


def test_a_symbol_on_the_second_page_is_found_there() -> None:
    pdf, place = printed(body=f'<p style="break-after:page">Lanjutan</p>{IMAGE}')
    assert place.page == 2
    assert [found.data.decode() for found in pyzbar.decode(in_whole_pixels(pdf, 150, page=2))] == [LINK]


def test_the_symbol_is_one_path_within_the_figure_that_has_its_description() -> None:
    pdf, _ = printed()
    content = next(stream for stream in streams(pdf) if b"/Figure" in stream)
    (figure,) = re.findall(rb"/Figure\s<</MCID \d+>>\sBDC(.*?)\sEMC", content, re.DOTALL)
    assert re.findall(rb"(?<=\s)(?:f|F|f\*|S|s|B|B\*|b|b\*|sh|Do|BI)(?=\s)", figure) == [b"f"]
    structure = b"\n".join(streams(pdf))
    assert re.search(rb"/S /Figure(?:(?!/S /).)*/Alt \(%b\)" % ALT.encode(), structure, re.DOTALL)


squares = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(squares, st.sampled_from([0, 1, 30, 56]), st.sampled_from([0, 1, 30, 56]))
@settings(max_examples=60, deadline=None)
def test_the_path_is_the_runs_of_each_row_and_overlapping_cover_for_the_joints_between_rows(
    square: list[list[bool]], start_x: int, start_y: int
) -> None:
    dark = {(x, y) for y, row in enumerate(square, start_y) for x, module in enumerate(row, start_x) if module}
    rows = [[(x, y) in dark for x in range(qr.MODULES)] for y in range(qr.MODULES)]
    cover, painted = [], []
    for left, top, right, bottom in rectangles(rows):
        if bottom - top < 1:  # a run; it ends before its last modules do
            assert (left, top) == (int(left), int(top))
            assert (right, bottom) == pytest.approx((math.ceil(right) - 0.0004, top + 1 - 0.0004))
            assert {(left - 1, top), (math.ceil(right), top)}.isdisjoint(dark)
            painted += [(x, int(top)) for x in range(int(left), math.ceil(right))]
            continue
        cover.append((left, top, right, bottom))
        # From the middle of a row to the middle of one below, and well away from whatever is light beside.
        assert (top % 1, bottom % 1) == (0.5, 0.5)
        columns = range(math.floor(left - 0.25), math.ceil(right + 0.25))
        assert all((x, y) in dark for x in columns for y in range(math.floor(top), math.ceil(bottom)))
    assert sorted(painted) == sorted(dark)

    def covered(x: float, y: float) -> bool:
        return any(left < x < right and top < y < bottom for left, top, right, bottom in cover)

    for x, y in dark:
        if (x, y + 1) in dark:
            assert covered(x + 0.5, y + 1)
            assert covered(x + 1, y + 1) == dark.issuperset({(x + 1, y), (x + 1, y + 1)})


def test_the_path_is_small_when_it_is_packed() -> None:
    assert len(zlib.compress(symbol.path(ROWS))) < 5200


def test_the_page_holds_no_image_that_a_viewer_could_smooth() -> None:
    pdf, _ = printed()
    for part in (pdf, *streams(pdf)):
        assert not re.search(rb"/Image|/Interpolate|\sBI\s|\sDo\s", part)


def test_the_same_link_gives_the_same_bytes() -> None:
    assert printed() == printed()


def test_in_place_of_a_draft_s_symbol_stands_a_pale_frame_that_no_reader_takes_for_one() -> None:
    pdf, place = printed(rows=None)
    assert place == printed()[1]
    for dpi in (100, 150, 300):
        page = in_whole_pixels(pdf, dpi)
        frame = cut(page, place, dpi)
        assert min(frame.tobytes()) > 128
        assert all(min(edge) < 240 for edge in (frame.tobytes()[: frame.width], frame.tobytes()[-frame.width :]))
        whole = cut(page, place, dpi, quiet=4)
        for picture in (page, whole, whole.point(lambda value: 0 if value < 240 else 255)):
            assert not pyzbar.decode(picture)
            assert not zxingcpp.read_barcodes(picture)


@pytest.mark.parametrize(
    ("body", "times"), [("<p>Tanpa kode</p>", 0), (IMAGE + IMAGE, 2)], ids=["no placeholder", "two placeholders"]
)
def test_a_page_must_have_one_place_for_the_symbol(body: str, times: int) -> None:
    with pytest.raises(LookupError, match=f"drawn {times} times"):
        printed(body=body)


def test_a_place_that_is_not_in_the_page_s_own_content_is_refused() -> None:
    with pytest.raises(LookupError, match="not drawn in the content of a page"):
        printed(style=".qr{opacity:.5}")


@pytest.mark.parametrize(
    ("style", "reason"),
    [
        (".qr{width:33mm;height:33mm}", "93.6pt wide and high"),
        (".qr{width:93.6pt;height:93pt;object-fit:fill}", "93.6pt wide and high"),
        (".qr{transform:rotate(90deg)}", "upright"),
        (".qr{transform:scaleX(-1)}", "upright"),
        (".qr{overflow:hidden}", "overflow: visible"),
        ("body{overflow:hidden} html{overflow:visible}", "overflow: visible"),
    ],
    ids=["too small", "not square", "turned", "mirrored", "clipped", "clipped around"],
)
def test_css_that_would_spoil_the_symbol_is_refused(style: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        printed(style=style)
