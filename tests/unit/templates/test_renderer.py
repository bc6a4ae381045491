import copy
import datetime
import os
import pathlib
import re
import subprocess
import sys
import unicodedata
from typing import Any

import jinja2.meta
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageOps
from pyzbar import pyzbar

from registry.formats import canonical
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.record import MandateMode
from templates import packs
from templates.fonts import REPERTOIRE
from templates.office import OfficeProfile
from templates.plates.plate import PlateError

NUMBER = "503/001/DPMPTSP/XI/2026"
HOST = "izin.example.go.id"
LINK = f"https://{HOST}/v/" + "7192835460" * 56
CREATED = datetime.datetime(2026, 11, 23, 3, 4, 5, tzinfo=datetime.UTC)
MM_PER_INCH = 25.4


def letters(text: str) -> str:
    """What is left of a text when line ends, hyphens and ligatures no longer matter."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


@pytest.fixture(params=[0, 1, 2], ids=["tower", "factory", "hospital"])
def permit(request, sample, printed):
    return printed(sample(request.param))


def test_every_page_says_which_permit_and_which_page_it_is(permit) -> None:
    pages = permit.pages
    assert len(pages) >= 2
    for index, page in enumerate(pages, start=1):
        assert NUMBER in page
        assert f"Halaman {index} dari {len(pages)}" in page


def test_every_page_of_a_training_permit_says_so_and_no_page_of_a_real_one(sample, printed) -> None:
    assert all("SIMULASI" in page for page in printed(sample(0)).pages)
    real = printed(sample(0), mark="")
    assert not [page for page in real.pages if "simulasi" in page.casefold()]
    assert b"SIMULASI" not in real.everything


def test_no_page_claims_the_certificate_authority_that_did_not_sign(permit) -> None:
    assert not [page for page in permit.pages if "bsre" in page.casefold()]


def test_the_page_holds_every_value_of_the_decision(sample, printed) -> None:
    value = sample(2)
    text = letters("".join(printed(value).pages))
    public = value["public"]
    for wanted in (
        public["holder"]["name"],
        public["holder"]["address"],
        public["holder"]["responsible"]["name"],
        public["location"]["name"],
        public["purpose"],
        *(unit["engine_serial"] for unit in public["units"]),
        *(unit["generator_serial"] for unit in public["units"]),
        *(unit["engine_type"] for unit in public["units"]),
    ):
        assert letters(wanted) in text


def test_the_long_table_repeats_its_head_on_each_of_its_pages(sample, printed) -> None:
    pages = printed(sample(2)).pages
    serials = [unit["engine_serial"] for unit in sample(2)["public"]["units"]]
    with_rows = [page for page in pages if any(serial in page for serial in serials)]
    assert len(with_rows) >= 2
    assert all("Bahan bakar" in page for page in with_rows)


@pytest.mark.parametrize("units", [3, 8, 11])
def test_the_signature_block_is_never_alone_on_a_page(sample, printed, units: int) -> None:
    value = sample(2)
    del value["public"]["units"][units:]
    permit = printed(value)
    last = permit.pages[permit.rendered.signature.page - 1]
    assert "Masa berlaku" in last
    assert permit.rendered.qr.page == permit.rendered.signature.page


def test_the_code_on_the_printed_page_reads_back_at_150_dpi(permit) -> None:
    image = permit.image(permit.rendered.qr.page, 150)
    assert [found.data.decode() for found in pyzbar.decode(image)] == [LINK]


def test_the_code_stands_where_it_is_said_to_with_its_quiet_zone(permit) -> None:
    place, dpi = permit.rendered.qr, 600
    assert place.size_mm == pytest.approx(33.02, abs=0.001)
    module = place.size_mm / 65
    image = ImageOps.invert(permit.image(place.page, dpi)).point(lambda value: 255 if value > 100 else 0)
    around = [
        (edge * dpi / MM_PER_INCH)
        for edge in (
            place.left_mm - 3.9 * module,
            place.top_mm - 3.9 * module,
            place.left_mm + place.size_mm + 3.9 * module,
            place.top_mm + place.size_mm + 3.9 * module,
        )
    ]
    left, top, right, bottom = image.crop(tuple(round(edge) for edge in around)).getbbox()
    quiet = 3.9 * module * dpi / MM_PER_INCH
    side = place.size_mm * dpi / MM_PER_INCH
    assert (left, top) == (pytest.approx(quiet, abs=3), pytest.approx(quiet, abs=3))
    assert (right - left, bottom - top) == (pytest.approx(side, abs=3), pytest.approx(side, abs=3))


def test_the_signature_box_holds_title_and_name(permit) -> None:
    box = permit.rendered.signature
    document = pypdfium2.PdfDocument(permit.rendered.pdf)
    try:
        page = document[box.page - 1]
        inside = page.get_textpage().get_text_bounded(left=box.x1, bottom=box.y1, right=box.x2, top=box.y2)
        width, height = page.get_size()
    finally:
        document.close()
    assert 0 < box.x1 < box.x2 < width
    assert 0 < box.y1 < box.y2 < height
    assert "KEPALA DINAS" in inside
    assert "Drs. Contoh Hendri Dunan, M.Si." in inside
    assert "NIP 19690329 199003 1 009" in inside
    assert "Tembusan" not in inside


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (MandateMode.PLT, "Plt. KEPALA DINAS"),
        (MandateMode.PLH, "Plh. KEPALA DINAS"),
        (MandateMode.AN, "SEKRETARIS,"),
    ],
)
def test_each_way_to_sign_prints_its_own_block(sample, printed, signer_in, mode: MandateMode, wanted: str) -> None:
    last = printed(sample(0), signer=signer_in(mode)).pages[-1]
    assert letters(wanted) in letters(last)


def test_f4_paper_is_215_by_330_mm(sample, printed, profile) -> None:
    permit = printed(sample(0), office=profile.model_copy(update={"paper": "F4"}))
    document = pypdfium2.PdfDocument(permit.rendered.pdf)
    try:
        sizes = {tuple(round(side / 72 * MM_PER_INCH, 1) for side in page.get_size()) for page in document}
    finally:
        document.close()
    assert sizes == {(215.0, 330.0)}


def test_the_attachment_is_the_public_part_byte_for_byte(permit) -> None:
    document = pypdfium2.PdfDocument(permit.rendered.pdf)
    try:
        assert document.count_attachments() == 1
        attachment = document.get_attachment(0)
        assert attachment.get_name() == "izin.json"
        assert bytes(attachment.get_data()) == permit.attachment
    finally:
        document.close()
    assert b"/AFRelationship /Data" in permit.everything.replace(b"/AFRelationship/Data", b"/AFRelationship /Data")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_no_private_value_is_anywhere_in_the_file(sample, printed, index: int) -> None:
    permit, private = printed(sample(index)), sample(index)["private"]
    secrets = [private["nik"], private["npwp"], private["phone"], *private["coordinates"].values()]
    secrets += [private["home_address"]] if "home_address" in private else []
    text = letters("".join(permit.pages))
    for secret in secrets:
        assert secret.encode() not in permit.everything
        assert secret.encode("utf-16-be") not in permit.everything
        assert letters(secret) not in text


def test_only_the_typeface_is_in_the_file_and_all_of_it_embedded(permit) -> None:
    names = set(re.findall(rb"/BaseFont /(?:[A-Z]{6}\+)?([\w-]+)", permit.everything))
    assert names == {b"Absah-Arimo", b"Absah-Arimo-Bold"}
    assert permit.everything.count(b"/FontFile") >= 2


def test_the_file_declares_both_standards_and_its_language(permit) -> None:
    everything = permit.everything
    assert b'pdfaid:part="3"' in everything
    assert b'pdfaid:conformance="A"' in everything
    assert b"<pdfuaid:part>1</pdfuaid:part>" in everything
    assert re.search(rb"/Lang ?\(id\)", everything)
    assert b"/Interpolate true" not in everything


def test_the_same_input_gives_the_same_bytes_in_another_process(sample, printed, tmp_path: pathlib.Path) -> None:
    here = printed(sample(1)).rendered.pdf
    script = pathlib.Path(__file__).with_name("render_once.py")
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.pdf"
        subprocess.run(
            [sys.executable, str(script), str(out)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Auckland"},
            cwd=pathlib.Path(packs.__file__).parents[2],
        )
        assert out.read_bytes() == here


def test_another_value_gives_other_bytes(sample, printed) -> None:
    value = sample(0)
    value["public"]["purpose"] += " dan lain-lain"
    assert printed(value).rendered.pdf != printed(sample(0)).rendered.pdf


HOSTILE = st.text(alphabet=sorted(REPERTOIRE), min_size=1, max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</span></td></table><img src=file:///etc/hostname>",
        '" onload="x" style="position:fixed',
        "{{ shape }}{% raw %}{# #}",
        "&lt;b&gt; &amp; &#x202e; &nbsp;",
        "url(http://127.0.0.1/x) @import 'x'",
        "W" * 60,
        "/" * 60,
        "a b " * 15,
        "-" * 60,
    ]
)


@given(data=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_hostile_text_in_every_field_is_printed_as_it_is(sample, printed, pack, profile, data: st.DataObject) -> None:
    value = sample(1)

    def poison(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: keep(name, inner) for name, inner in part.items()}
        return [poison(inner) for inner in part] if isinstance(part, list) else part

    def keep(name: str, inner: Any) -> Any:
        fixed = {"form", "kind", "code", "nib", "use", "silencing", "until", "power_kva", "power_kw", "power_factor"}
        if not isinstance(inner, str):
            return poison(inner)
        if name in fixed or re.fullmatch(r"\d{4}-\d\d-\d\d", inner) or inner == "Tapung":
            return inner
        text = data.draw(HOSTILE)
        return text if text.split() else "x"

    value["public"] = poison(value["public"])
    for number, unit in enumerate(value["public"]["units"]):
        unit["engine_serial"], unit["generator_serial"] = f"M-{number}", f"G-{number}"
    permit = printed(value)
    text = letters("".join(permit.pages))
    decision = pack.check(value, today=datetime.date(2026, 11, 23), office=profile).decision
    assert letters(decision.public["purpose"]) in text
    assert letters(decision.public["holder"]["address"]) in text
    assert text.count("Tembusandisampaikan") == 1  # nothing behind the values was swallowed
    assert [found.data.decode() for found in pyzbar.decode(permit.image(permit.rendered.qr.page, 150))] == [LINK]


@pytest.fixture(scope="session")
def request_of(pack, profile, signer_in):
    """Arguments of a rendering of the first sample, to be spoiled."""
    value = canonical.parse(pack.samples()[0].read_bytes())
    decision = pack.check(value, today=datetime.date(2026, 11, 23), office=profile).decision
    day = datetime.date(2026, 11, 23)
    arguments = {
        "shape": pack.shape(
            decision.public, office=profile, mandate=signer_in(MandateMode.PLT), date_of_issue=day, mark="SIMULASI"
        ),
        "fields": pack.fields(decision.public, office=profile, number=NUMBER, date_of_issue=day, valid_until=None),
        "host": HOST,
        "link": LINK,
        "number": NUMBER,
        "attachment": b"{}",
        "created": CREATED,
    }
    return lambda: copy.deepcopy(arguments)


@pytest.mark.parametrize("letter", ["漢", "\u202e", "\u00ad", "😀"])
def test_a_letter_that_the_typeface_lacks_is_refused_with_its_place(renderer, pack, request_of, letter: str) -> None:
    wanted = request_of()
    wanted["fields"]["holder"] += letter
    with pytest.raises(DocumentError, match="holder"):
        renderer.render(pack, **wanted)
    wanted = request_of()
    wanted["shape"]["signature"]["name"] += letter
    with pytest.raises(DocumentError, match=r"signature\.name"):
        renderer.render(pack, **wanted)


def test_a_link_that_is_none_or_too_long_is_refused(renderer, pack, request_of) -> None:
    for link in ("https://izin.example.go.id/", LINK + "1" * 100):
        with pytest.raises(DocumentError):
            renderer.render(pack, **{**request_of(), "link": link})


def test_a_time_without_zone_is_a_mistake_of_the_caller(renderer, pack, request_of) -> None:
    with pytest.raises(ValueError, match="aware"):
        renderer.render(pack, **{**request_of(), "created": datetime.datetime(2026, 11, 23)})  # noqa: DTZ001


@pytest.mark.parametrize(
    ("body", "css"),
    [
        ('<img alt="x" src="file:///etc/hostname">', ""),
        ('<img alt="x" src="http://127.0.0.1:9/x.png">', ""),
        ('<link rel="attachment" href="file:///etc/hostname">', ""),
        ("", "@import url(https://127.0.0.1:9/x.css);"),
        ("", "body{background:url(ftp://127.0.0.1/x)}"),
        ("", "@font-face{font-family:x;src:url(file:///etc/hostname)} p{font-family:x}"),
        ('<img alt="x" src="/etc/hostname">', ""),
    ],
)
def test_a_page_that_asks_for_anything_from_elsewhere_is_not_rendered(renderer, made_up, body: str, css: str) -> None:
    letter = made_up(body, css)
    with pytest.raises(UnavailableError) as refused:
        renderer.render(letter.pack, **letter.asked())
    # It is not for want of a field that it is refused.
    assert not isinstance(refused.value, PlateError)


PAGES = sorted(
    {path for one in packs.versions().values() for place in one.page_folders for path in place.glob("*.html")}
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_page_branches_on_nothing_but_the_shape(path: pathlib.Path) -> None:
    source = path.read_text("utf-8")
    tree = jinja2.Environment(autoescape=True).parse(source)
    assert jinja2.meta.find_undeclared_variables(tree) <= {"shape", "f", "again", "qr"}
    for condition in tree.find_all((jinja2.nodes.If, jinja2.nodes.CondExpr)):
        assert not [call for call in condition.test.find_all(jinja2.nodes.Name) if call.name in ("f", "again")]
    assert "| safe" not in source


def test_an_emblem_stands_in_the_letterhead(sample, printed, tmp_path: pathlib.Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="#123456" d="M0 0h9v9H0z"/></svg>'
    (tmp_path / "lambang.svg").write_text(svg, "utf-8")
    source = (pathlib.Path(packs.__file__).parents[1] / "offices" / "kampar.toml").read_text("utf-8")
    (tmp_path / "office.toml").write_text('emblem = "lambang.svg"\n' + source, "utf-8")
    with_emblem = printed(sample(0), office=OfficeProfile.read(tmp_path / "office.toml"))
    assert "LAMBANG" in printed(sample(0)).pages[0]
    assert "LAMBANG" not in with_emblem.pages[0]
    assert b"Lambang Pemerintah Kabupaten Kampar" in with_emblem.everything


def test_an_emblem_that_refers_to_other_files_is_not_rendered(sample, printed, tmp_path: pathlib.Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname" width="9" height="9"/></svg>'
    (tmp_path / "lambang.svg").write_text(svg, "utf-8")
    source = (pathlib.Path(packs.__file__).parents[1] / "offices" / "kampar.toml").read_text("utf-8")
    (tmp_path / "office.toml").write_text('emblem = "lambang.svg"\n' + source, "utf-8")
    with pytest.raises(UnavailableError):
        printed(sample(0), office=OfficeProfile.read(tmp_path / "office.toml"))
