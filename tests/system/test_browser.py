"""The public pages in Chromium, as a phone and a desk see them; answers come from a fake verifier."""

import importlib.util
import itertools
import re
import shutil
import socket
import threading
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from registry.formats.statement import to_digits
from registry.formats.verdict import VerdictName
from verifier import serving
from verifier.web import application

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

_spec = importlib.util.spec_from_file_location(
    "fake_verdicts", Path(__file__).parents[1] / "unit" / "verifier" / "fake_verdicts.py"
)
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

EVERY = fakes.every_verdict()
DIGITS = {name: str(1000 + place) for place, name in enumerate(VerdictName)}
REGISTERED = to_digits(fakes.record().statement)
REVOKED_SINCE = "2000"
CORRECTED, DESTROYED, AWAITING = "3000", "3001", "3002"
RESAVED = fakes.PDF + b"saved again"
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class DatedVerifier(fakes.FakeVerifier):
    """Knows one permit more, in force on the day that may be asked about and revoked since."""

    def verify(self, subject, *, now, on=None):
        if subject == REVOKED_SINCE:
            return EVERY["revoked"] if on is None else fakes.revoked_since(statement=True)
        return super().verify(subject, now=now, on=on)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    answers = {digits: EVERY[name] for name, digits in DIGITS.items()}
    answers |= {CORRECTED: fakes.corrected(), DESTROYED: fakes.destroyed(), AWAITING: fakes.awaiting()}
    answers |= {REGISTERED: EVERY["compare"], fakes.PDF: EVERY["genuine"], RESAVED: EVERY["resaved"]}
    app = application(
        verifier=DatedVerifier(answers),
        documents=lambda _: fakes.PDF,
        proofs=lambda _: b"an invented proof",
        report=fakes.report,
        office=fakes.OFFICE,
        zone=fakes.ZONE,
        clock=lambda: fakes.NOW,
        public_folder=tmp_path_factory.mktemp("public"),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(serving.configuration(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listener.close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, address):
    """Opens a tab of a new visitor. Afterwards: nothing was complained about, nothing was asked of anyone else."""
    contexts, complaints, foreign = [], [], []

    def note(message):
        # A page that is answered with 4xx or 5xx is noted by Chromium itself, and meant.
        if not message.text.startswith("Failed to load resource: the server responded with a status of"):
            complaints.append(message.text)

    def open_tab(path="/", *, viewport=PHONE, **options):
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(address) else foreign.append(sent.url))
        page.goto(address + path)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []
    assert foreign == []


def script_choice(parameter):
    return pytest.param(parameter, id="with-scripts" if parameter else "without-scripts")


scripts = pytest.mark.parametrize("scripts", [script_choice(False), script_choice(True)])


def attach(page, data, name="izin.pdf"):
    page.set_input_files("#berkas", files=[{"name": name, "mimeType": "application/pdf", "buffer": data}])
    page.click("button[type=submit]")


@scripts
def test_a_file_is_uploaded_and_answered(visit, scripts):
    page = visit(java_script_enabled=scripts)
    attach(page, fakes.PDF)
    assert page.inner_text("h1") == "Izin ini asli dan masih berlaku."
    assert page.locator("details").first.get_attribute("open") is None, "details fold away"
    page.click("summary >> nth=0")
    assert page.locator("text=Tanda tangan elektroniknya benar").is_visible()


@scripts
def test_a_copy_leads_to_the_original_file(visit, scripts):
    page = visit(java_script_enabled=scripts, accept_downloads=True)
    attach(page, RESAVED)
    assert page.inner_text("h1").startswith("Ini salinan yang disimpan ulang.")
    page.click("text=Buka izin yang terdaftar")
    assert page.inner_text("h1").startswith("Izin nomor 500.16.7/012/DPMPTSP/XI/2026 terdaftar")
    with page.expect_download() as waiting:
        page.click("text=Unduh berkas asli (PDF)")
    assert waiting.value.suggested_filename == "izin-500.16.7-012-DPMPTSP-XI-2026.pdf"
    assert Path(waiting.value.path()).read_bytes() == fakes.PDF


@scripts
def test_what_went_wrong_stands_beside_the_field(visit, scripts):
    page = visit(java_script_enabled=scripts)
    page.click("button[type=submit]")
    error, field = page.locator("#berkas-error").bounding_box(), page.locator("#berkas").bounding_box()
    assert "Belum ada berkas yang dipilih." in page.inner_text("#berkas-error")
    assert 0 <= field["y"] - (error["y"] + error["height"]) < 24
    attach(page, b"PK\x03\x04 a letter", "surat.docx")
    assert "bukan PDF" in page.inner_text("#berkas-error")


@scripts
def test_the_language_stays_from_page_to_page(visit, scripts):
    page = visit(java_script_enabled=scripts)
    page.click("text=English")
    assert page.inner_text("h1") == "Check a permit"
    attach(page, fakes.PDF)
    assert page.inner_text("h1") == "This permit is genuine and in force."
    page.click("text=Check another")
    assert page.inner_text("h1") == "Check a permit"
    page.goto(page.url.partition("?")[0] + f"v/{DIGITS['forged_qr']}")
    assert page.inner_text("h1") == "Do not accept: this QR code is forged."
    page.click("text=Bahasa Indonesia")
    assert page.inner_text("h1") == "Jangan terima: kode QR ini palsu."


@scripts
def test_another_date_can_be_asked_for(visit, scripts):
    page = visit(f"/v/{DIGITS['compare']}", java_script_enabled=scripts)
    page.click("text=Berlaku pada tanggal tertentu?")
    page.fill("#tanggal", "2026-11-18")
    page.click("text=Periksa tanggal itu")
    assert page.inner_text("h1").startswith("Pada 18 November 2026 izin nomor")
    assert page.input_value("#tanggal") == "2026-11-18"
    assert "tanggal" not in page.url, "a day is never part of an address that can be passed on"
    page.click("text=English")
    assert page.inner_text("h1").startswith("Permit number 500.16.7/012"), "today again"


@scripts
def test_asked_about_a_day_before_the_revocation_the_page_is_red_all_the_same(visit, scripts):
    page = visit(f"/v/{REVOKED_SINCE}?tanggal=2026-11-18", java_script_enabled=scripts)
    assert page.inner_text("h1") == "Tidak berlaku: izin ini dicabut pada 20 November 2026."
    page.click("text=Berlaku pada tanggal tertentu?")
    page.fill("#tanggal", "2026-11-18")
    page.click("text=Periksa tanggal itu")
    heading, dated = page.locator("h1").bounding_box(), page.locator(".dated").bounding_box()
    assert page.inner_text("h1") == "Tidak berlaku: izin ini dicabut pada 20 November 2026."
    assert page.inner_text(".dated") == "Pada 18 November 2026 izin ini masih berlaku."
    assert heading["y"] + heading["height"] <= dated["y"]
    assert page.locator(".verdict.red").count() == 1
    assert page.locator("text=Nomor keputusan").is_visible()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_is_wider_than_its_screen_or_hides_its_answer(visit, viewport, scheme):
    page = visit(viewport=viewport, color_scheme=scheme)
    origin = page.url
    permits = [*DIGITS.values(), CORRECTED, DESTROYED, AWAITING]
    for path in ["", "?lang=en", "nowhere", f"v/{DESTROYED}/pdf", *(f"v/{digits}" for digits in permits)]:
        page.goto(origin + path)
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
        cut = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(part => part.getBoundingClientRect().right > innerWidth)"
            ".map(part => part.outerHTML.slice(0, 80))"
        )
        assert cut == [], path
        heading = page.locator("h1").bounding_box()
        assert heading["y"] + heading["height"] < viewport["height"], "the answer is read without scrolling"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_verdict_is_legible_as_it_is_drawn(visit, scheme):
    page = visit(color_scheme=scheme)
    origin = page.url
    for name, digits in DIGITS.items():
        page.goto(origin + f"v/{digits}")
        ink, ground = page.evaluate(
            "[getComputedStyle(document.querySelector('h1')).color,"
            " getComputedStyle(document.querySelector('.verdict')).backgroundColor]"
        )
        assert contrast(ink, ground) >= 7, name  # WCAG 2.2 1.4.6, for the one line that decides
        assert float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")) == 17


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"[0-9]+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_keyboard_goes_in_the_order_of_reading_and_its_place_is_seen(visit):
    page = visit(f"/v/{DIGITS['compare']}", viewport=DESK)
    seen, tops = [], []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const it = document.activeElement, style = getComputedStyle(it);"
            " return [it.innerText.trim(), it.getBoundingClientRect().top + scrollY,"
            " style.outlineStyle, parseFloat(style.outlineWidth)]; })()"
        )
        text, top, outline, width = focused
        assert outline == "solid", text
        assert width >= 3
        seen.append(text.split("\n")[0])
        tops.append(top)
    assert seen[0] == "Langsung ke isi"
    assert seen[3:6] == ["0812-7646-0487", "Unduh berkas asli (PDF)", "Rincian pemeriksaan 10 lulus, 1 belum pasti"]
    assert tops[3:] == sorted(tops[3:])


def test_the_skip_link_leads_past_the_masthead(visit):
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "berkas"


def test_what_a_thumb_must_hit_is_large_enough(visit):
    page = visit(f"/v/{DIGITS['revoked']}")
    origin = page.url.partition("/v/")[0]
    for path in ("/", f"/v/{DIGITS['compare']}", f"/v/{DIGITS['revoked']}"):
        page.goto(origin + path)
        small = page.evaluate(
            "[...document.querySelectorAll('a, button, summary, input')]"
            ".filter(it => it.getClientRects().length && !it.classList.contains('skip'))"
            ".filter(it => it.getBoundingClientRect().height < 24).map(it => it.outerHTML)"
        )
        assert small == [], "WCAG 2.2 2.5.8: 24 pixels"


def test_headings_and_names_are_there_for_those_who_listen(visit):
    page = visit(f"/v/{DIGITS['altered']}")
    assert page.get_by_role("img", name="Tanda silang").count() == 1
    assert page.locator("h1").count() == 1
    levels = [int(tag[1]) for tag in page.eval_on_selector_all("h1, h2, h3", "all => all.map(it => it.tagName)")]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    home = visit()
    assert home.get_by_label("Berkas PDF, atau foto yang memperlihatkan kode QR").get_attribute("id") == "berkas"


def test_paper_keeps_the_answer_and_drops_what_cannot_be_pressed(visit):
    page = visit(f"/v/{DIGITS['compare']}", viewport=DESK)
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator("dd >> nth=0").is_visible()
    for hidden in (".languages", ".download", ".again", "form"):
        assert not page.locator(hidden).first.is_visible()
