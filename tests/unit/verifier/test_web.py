import asyncio
import contextlib
import dataclasses
import datetime
import hashlib
import importlib.util
import logging
import re
import socket
import threading
import time
import warnings
from html import unescape
from pathlib import Path
from urllib.parse import quote_from_bytes

import anyio
import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import StarletteDeprecationWarning
from starlette.requests import Request

import verifier
from registry.formats.errors import UnavailableError
from registry.formats.record import Kind
from registry.formats.statement import to_digits
from registry.formats.verdict import VerdictName
from verifier import serving
from verifier.middleware import AccessLog
from verifier.negotiation import wants_json
from verifier.uploads import UploadError, parse_day
from verifier.web import WebLimits, application, file_name
from verifier.workers import BusyError, SlowError, Workers

with warnings.catch_warnings():
    # Starlette 1.10 would rather have httpx2, which is not among the test requirements.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

_spec = importlib.util.spec_from_file_location("fake_verdicts", Path(__file__).with_name("fake_verdicts.py"))
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

EVERY = fakes.every_verdict()
DIGITS = "123456789012345678901234567890"
LIMITS = WebLimits()
PROOF = b"c2sp.org/tlog-proof@v1\nindex 0\n\nan invented checkpoint\n"
JSON = {"Accept": "application/json"}
STYLE = (Path(verifier.__file__).parent / "static" / "style.css").read_text()


def door(
    fake=None,
    *,
    documents=lambda _: fakes.PDF,
    proofs=lambda _: PROOF,
    tmp_path=Path("/nowhere"),
    limits=LIMITS,
    **names,
):
    return application(
        verifier=fake or fakes.FakeVerifier(default=EVERY["genuine"]),
        documents=documents,
        proofs=proofs,
        report=fakes.report,
        office=fakes.OFFICE,
        zone=fakes.ZONE,
        clock=lambda: fakes.NOW,
        public_folder=tmp_path,
        limits=limits,
        **names,
    )


@contextlib.contextmanager
def client(fake=None, **names):
    with TestClient(door(fake, **names), follow_redirects=False) as opened:
        yield opened


def answering(name):
    return fakes.FakeVerifier(default=EVERY[name])


def quote(text):
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="/").encode()


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text.replace("<wbr>", ""))).split())


def upload(opened, data=fakes.PDF, name="izin.pdf", data_fields=None, **rest):
    return opened.post("/", files={"berkas": (name, data, "application/octet-stream")}, data=data_fields, **rest)


# Verdict pages


@pytest.mark.parametrize("name", VerdictName)
def test_every_verdict_is_a_page_that_says_sentence_action_and_whom_to_call(name):
    with client(answering(name)) as opened:
        response = opened.get(f"/v/{DIGITS}")
    assert response.status_code == (503 if name == "unchecked" else 200)
    page = text_of(response)
    heading = unescape(re.search(r"<h1[^>]*>(.*?)</h1>", response.text.replace("<wbr>", ""))[1])
    assert heading.endswith(".")
    assert page.index(heading) < page.index("Keadaan pada 23 November 2026 pukul 14.05 WIB.")
    assert page.index("Keadaan pada") < page.index("Yang perlu dilakukan") < page.index("0812-7646-0487")
    assert 'href="tel:081276460487"' in response.text
    assert re.search(r'<svg class="sign"[^>]* role="img" aria-label="Tanda \w+"', response.text)


def test_a_link_shows_the_permit_to_compare_before_any_detail():
    fake = answering("compare")
    with client(fake) as opened:
        page = text_of(opened.get(f"/v/{DIGITS}"))
    assert fake.asked == [(DIGITS, fakes.NOW, None)]
    order = ["Izin nomor 500.16.7/012", "Cocokkan dengan kertas", "PT Menara Contoh Nusantara", "15 November 2041"]
    places = [page.index(text) for text in (*order, "Rincian pemeriksaan")]
    assert places == sorted(places)


def test_a_simulation_is_said_before_all_else():
    fake = fakes.FakeVerifier(default=dataclasses.replace(EVERY["genuine"], simulation=True))
    with client(fake) as opened:
        response = opened.get(f"/v/{DIGITS}")
    page = text_of(response)
    assert page.index("Ini izin latihan. Tidak berlaku.") < page.index("Izin ini asli")
    main = response.text[response.text.index("<main") :]
    assert main.index("Ini izin latihan") < main.index("Izin ini asli")
    assert "<title>Ini izin latihan. Tidak berlaku." in response.text


def test_checks_are_told_with_number_words_and_stable_code():
    with client(answering("altered")) as opened:
        page = text_of(upload(opened))
    assert "1.4 Seluruh berkas tercakup tanda tangan, tanpa tambahan: gagal" in page
    assert "Ada yang ditambahkan setelah berkas ditandatangani. modified_after_signing" in page
    assert hashlib.sha256(fakes.PDF).hexdigest() in page


def test_text_from_the_registry_and_the_sender_is_escaped():
    hostile = "<script>alert(1)</script>\"'&"
    record = fakes.record(number=hostile, public_view=(fakes.field("number", "Nomor", hostile, "Number"),))
    fake = fakes.FakeVerifier(default=dataclasses.replace(EVERY["compare"], record=record))
    with client(fake) as opened:
        for response in (opened.get(f"/v/{DIGITS}"), upload(opened, name=f"{hostile}.pdf")):
            assert "<script" not in response.text
            assert "&lt;script&gt;" in response.text


def test_a_day_may_be_asked_about():
    fake = answering("genuine")
    with client(fake) as opened:
        response = opened.post(f"/v/{DIGITS}", data={"tanggal": "2026-11-18"})
        upload(opened, data=fakes.PDF)
        opened.post("/", files={"berkas": ("izin.pdf", fakes.PDF)}, data={"tanggal": "2026-11-19"})
    assert "Ditanyakan untuk 18 November 2026." in text_of(response)
    assert '<form method="post">' in response.text
    assert 'name="tanggal" value="2026-11-18"' in response.text
    assert [on for _, _, on in fake.asked] == [datetime.date(2026, 11, 18), None, datetime.date(2026, 11, 19)]


@pytest.mark.parametrize("day", ["2026-11-18", "kemarin", ""])
@pytest.mark.parametrize("path", [f"/v/{DIGITS}", f"/v/{DIGITS}/"])
def test_a_day_in_an_address_changes_nothing(path, day):
    fake = answering("revoked")
    with client(fake) as opened:
        with_day, without = opened.get(path, params={"tanggal": day}), opened.get(path)
        program = opened.get(path, params={"tanggal": day}, headers=JSON)
    assert [on for _, _, on in fake.asked] == [None] * 3
    assert with_day.text == without.text
    assert program.json()["verdict"] == "revoked"


def test_an_empty_day_is_today():
    fake = answering("compare")
    with client(fake) as opened:
        assert opened.post(f"/v/{DIGITS}", data={"tanggal": " "}).status_code == 200
        assert opened.post(f"/v/{DIGITS}/").status_code == 200
    assert [on for _, _, on in fake.asked] == [None, None]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"tanggal=" + b"1" * 2000, "application/x-www-form-urlencoded", 413),
        (b'{"tanggal": "2026-11-18"}', "application/json", 415),
        (b"tanggal=%ff%00", "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_day_that_does_not_arrive_as_one_is_not_taken_for_today(content, media_type, status):
    fake = answering("compare")
    with client(fake) as opened:
        response = opened.post(f"/v/{DIGITS}", content=content, headers={"Content-Type": media_type})
    assert response.status_code == status
    assert "role" in response.text or "Ke halaman depan" in response.text
    assert fake.asked == []


@pytest.mark.parametrize("statement", [False, True])
def test_a_page_for_a_day_before_the_revocation_says_revoked_first_and_shows_the_decision(statement):
    with client(fakes.FakeVerifier(default=fakes.revoked_since(statement=statement))) as opened:
        day = {"tanggal": "2026-11-18"}
        response = opened.post(f"/v/{DIGITS}", data=day) if statement else upload(opened, data_fields=day)
    page = text_of(response)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", response.text)[1]
    assert heading == "Tidak berlaku: izin ini dicabut pada 20 November 2026."
    assert response.text.index(heading) < response.text.index("Pada 18 November 2026 izin ini masih berlaku.")
    assert '<div class="verdict red">' in response.text
    assert "Ditanyakan untuk 18 November 2026." in page
    assert "Keputusan tentang izin ini Sejak 20 November 2026" in page
    assert "<title>Tidak berlaku" in response.text


@pytest.mark.parametrize("day", ["kemarin", "2026-02-30", "12/03/2026", "0000-01-01", "٢٠٢٦-03-12x", "2026-3-1T"])
def test_a_day_that_is_none_is_an_error_with_its_remedy(day):
    fake = answering("genuine")
    with client(fake) as opened:
        response = opened.post("/v/1", data={"tanggal": day})
        posted = opened.post("/", files={"berkas": ("izin.pdf", fakes.PDF)}, data={"tanggal": day})
    for answer in (response, posted):
        assert answer.status_code == 400
        assert "misalnya 2026-03-12" in text_of(answer)
    assert fake.asked == []
    assert 'id="tanggal" name="tanggal" value="' + day[:4] in posted.text, "what was typed is kept"


def test_leading_zeros_and_full_width_digits_reach_the_verifier_as_they_are():
    fake = answering("unknown")
    with client(fake) as opened:
        for digits in ("0123", "%EF%BC%91%EF%BC%92", "1_0", "abc"):
            assert opened.get(f"/v/{digits}").status_code == 200
        assert opened.get("/v/12/").status_code == 200
    assert [subject for subject, _, _ in fake.asked] == ["0123", "１２", "1_0", "abc", "12"]


def test_a_link_far_too_long_is_cut_before_anyone_looks_at_it():
    fake = answering("unknown")
    with client(fake) as opened:
        opened.get("/v/" + "9" * 30_000)
    assert len(fake.asked[0][0]) == WebLimits().digits


# JSON


def test_programs_get_the_report_and_people_the_page():
    with client(answering("altered")) as opened:
        assert opened.get(f"/v/{DIGITS}", headers=JSON).json() == {
            "input": DIGITS,
            "verdict": "altered",
            "language": "id",
        }
        assert upload(opened, headers=JSON, params={"lang": "en"}).json() == {
            "input": "izin.pdf",
            "verdict": "altered",
            "language": "en",
        }
        assert "Accept" in opened.get("/v/1").headers["vary"]


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json", True),
        ("application/json;q=0.9, text/html;q=0.1", True),
        ("text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", False),
        ("application/json, text/html", False),
        ("application/json;q=0", False),
        ("application/json;q=zebra", True),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_page_unless_json_is_preferred(accept, json):
    assert wants_json(Request({"type": "http", "headers": [(b"accept", accept.encode())]})) is json


@given(st.binary(max_size=60))
def test_any_accept_header_is_read(accept):
    assert wants_json(Request({"type": "http", "headers": [(b"accept", accept)]})) in (True, False)


def test_errors_are_told_to_programs_with_a_stable_code():
    with client() as opened:
        response = opened.post("/", headers=JSON, files={"berkas": ("a.docx", b"PK\x03\x04 words")})
        missing = opened.get("/elsewhere", headers=JSON)
    assert response.status_code == 415
    assert response.json()["error"]["code"] == "wrong_kind"
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "not_found"


# Uploads


@pytest.mark.parametrize(
    ("data", "name", "status", "said"),
    [
        (b"", "", 400, "Belum ada berkas yang dipilih."),
        (b"", "kosong.pdf", 400, "Belum ada berkas yang dipilih."),
        (b"PK\x03\x04", "surat.docx", 415, "bukan PDF dan bukan foto"),
        (b"%PDF-" + b"x" * 2000, "besar.pdf", 413, "lebih besar dari 0 MB"),
        (b"%PDF-" + b"x" * 200_000, "besar.pdf", 413, "lebih besar dari 0 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_beside_the_field(data, name, status, said):
    fake = answering("genuine")
    with client(fake, limits=WebLimits(upload_bytes=1000)) as opened:
        response = upload(opened, data, name)
    assert response.status_code == status
    assert said in text_of(response)
    assert 'aria-invalid="true"' in response.text
    assert 'aria-describedby="berkas-hint berkas-error"' in response.text
    assert fake.asked == []


def test_an_empty_form_and_forms_of_another_kind_are_told_what_to_do():
    with client() as opened:
        assert opened.post("/").status_code == 400
        assert opened.post("/", data={"tanggal": "2026-03-12"}).status_code == 415
        response = opened.post("/", files={"tanggal": (None, "2026-03-12"), "lain": ("a.pdf", fakes.PDF)})
    assert response.status_code == 400
    assert 'value="2026-03-12"' in response.text
    assert "Pilih PDF izin" in text_of(response)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=a", b"--a\r\n\r\nx\r\n--a--\r\n"),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--\r\n"),
        ("multipart/form-data; boundary=" + "a" * 5000, b"x"),
        (
            "multipart/form-data; boundary=a; charset=idna",
            b'--a\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--a--\r\n',
        ),
        ("multipart/form-data; boundary=a; charset=\x00", b"--a--\r\n"),
        ("multipart/form-data; boundary=a", b"--a\r\n" + b"X: y\r\n" * 500 + b"\r\nx\r\n--a--\r\n"),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="b"\r\n\r\nx\r\n' * 9 + b"--a--\r\n",
        ),
    ],
)
def test_a_broken_or_hostile_form_is_no_fault_of_ours(content_type, body):
    with client() as opened:
        response = opened.post("/", content=body, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert "role" in response.text


@given(st.binary(max_size=300))
def test_any_bytes_as_a_form_are_answered_as_the_senders_mistake(body):
    with client() as opened:
        response = opened.post("/", content=body, headers={"Content-Type": "multipart/form-data; boundary=a"})
    assert response.status_code in (400, 415)


def test_a_program_may_send_the_file_itself():
    fake = answering("genuine")
    with client(fake) as opened:
        response = opened.post("/", content=fakes.PDF, headers={**JSON, "Content-Type": "application/pdf"})
    assert response.json()["verdict"] == "genuine"
    assert fake.asked[0][0] == fakes.PDF


FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)
PART = {"type": "http.request", "body": b"x", "more_body": True}


def asgi_post(app, messages, headers=(), **names):
    return asyncio.run(asyncio.wait_for(one_post(app, messages, headers, **names), 20))


async def one_post(app, messages, headers=(), *, path="/", pause=0):
    """Status of one POST whose body comes as these messages, and how many of them were read."""
    statuses, read = [], []

    async def receive():
        read.append(1)
        await asyncio.sleep(pause)
        return messages[len(read) - 1] if len(read) <= len(messages) else await asyncio.sleep(60)

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [*([] if path != "/" else [(b"content-type", b"application/pdf")]), *headers],
    }
    await app(scope, receive, send)
    return statuses, len(read)


def body(size, more=True):
    return {"type": "http.request", "body": b"%PDF-" + b"x" * (size - 5), "more_body": more}


def test_a_body_is_limited_while_it_streams_whatever_its_length_claims():
    app = door(limits=WebLimits(upload_bytes=1000, discard_bytes=200_000))
    statuses, read = asgi_post(app, [body(50_000)] * 100, [(b"content-length", b"10")])
    assert statuses == [413]
    assert read == 5, "read on to be able to answer, but not for ever"


def test_a_body_that_admits_to_be_far_too_large_is_not_read_at_all():
    app = door(limits=WebLimits(upload_bytes=1000, discard_bytes=200_000))
    assert asgi_post(app, [body(50_000)] * 100, [(b"content-length", b"9" * 30)]) == ([413], 0)


def test_an_upload_that_never_ends_is_given_up():
    app = door(limits=WebLimits(receive_seconds=0.2))
    assert asgi_post(app, [body(1000)]) == ([408], 2)


def test_an_upload_that_stands_still_is_cut_off_long_before():
    app = door(limits=WebLimits(stall_seconds=0.2))
    assert asgi_post(app, [body(5000)]) == ([408], 2)


@pytest.mark.parametrize("path", ["/", "/v/1"])
def test_an_upload_that_trickles_is_none_that_gets_on(path):
    app = door(limits=WebLimits(stall_seconds=0.3, stall_bytes=100))
    statuses, read = asgi_post(app, [body(5)] + [PART] * 1000, FORM if path != "/" else (), path=path, pause=0.02)
    assert statuses == [408]
    assert read < 60


def test_an_upload_over_a_slow_line_is_waited_for():
    app = door(limits=WebLimits(stall_seconds=0.3, stall_bytes=10))
    parts = [body(5), *[{**PART, "body": b"0123456789"}] * 9, {"type": "http.request", "body": b"end"}]
    assert asgi_post(app, parts, pause=0.1) == ([200], 11)


def test_ten_who_send_nothing_more_keep_nobody_waiting():
    app = door(limits=WebLimits(stall_seconds=0.5))

    async def scenario():
        slow = [asyncio.create_task(one_post(app, [body(5)])) for _ in range(10)]
        await asyncio.sleep(0.1)
        whole = await one_post(app, [body(1000, more=False)])
        return whole, await asyncio.gather(*slow)

    whole, slow = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert whole[0] == [200]
    assert [statuses for statuses, _ in slow] == [[408]] * 10


@pytest.mark.parametrize("limits", [{"arrivals": 2}, {"arriving_bytes": 2500}])
def test_uploads_on_their_way_are_bounded_in_number_and_memory_and_give_both_back(limits):
    app = door(limits=WebLimits(stall_seconds=0.5, **limits))

    async def scenario():
        slow = [asyncio.create_task(one_post(app, [body(1000)])) for _ in range(2)]
        await asyncio.sleep(0.1)
        busy = await one_post(app, [body(1000, more=False)])
        await asyncio.gather(*slow)
        return busy, await one_post(app, [body(1000, more=False)])

    busy, after = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert (busy[0], after[0]) == ([503], [200])


def test_who_leaves_while_sending_is_no_error(caplog):
    caplog.set_level(logging.INFO, "absah.access")
    assert asgi_post(door(), [body(1000), {"type": "http.disconnect"}]) == ([], 2)
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_uploads_are_never_written_to_disk(monkeypatch):
    written = []
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", written.append)
    with client(answering("genuine")) as opened:
        assert upload(opened, b"%PDF-" + b"x" * 3_000_000).status_code == 200
    assert written == []


def test_a_resaved_copy_leads_to_the_registered_permit_when_its_code_was_shown():
    address = f"/v/{to_digits(fakes.record().statement)}"
    with client(answering("resaved")) as opened:
        assert f'href="{address}"' in upload(opened).text
    unseen = dataclasses.replace(
        EVERY["altered"], checks=fakes.checks(failed={"1.4": "coverage"}, unknown={"2.3": "not_checked"})
    )
    with client(fakes.FakeVerifier(default=unseen)) as opened:
        assert "/v/" not in upload(opened).text, "a bare file must not give away the code"


# The registered file


def test_the_registered_file_is_given_for_a_statement_that_stands():
    asked = []
    with client(answering("compare"), documents=lambda sha256: asked.append(sha256) or fakes.PDF) as opened:
        page = opened.get(f"/v/{DIGITS}").text
        response = opened.get(f"/v/{DIGITS}/pdf")
    assert f'href="/v/{DIGITS}/pdf"' in page
    assert response.content == fakes.PDF
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == 'attachment; filename="izin-500.16.7-012-DPMPTSP-XI-2026.pdf"'
    assert asked == [hashlib.sha256(fakes.PDF).digest()]


def test_a_revoked_permit_keeps_its_file_beside_the_page_that_says_so():
    with client(answering("revoked")) as opened:
        assert opened.get(f"/v/{DIGITS}/pdf").content == fakes.PDF


STATEMENT_FAILS = [{"2.2": "statement_signature_wrong"}, {"2.3": "statement_differs"}, {"2.4": "never_issued"}]


@pytest.mark.parametrize("failed", STATEMENT_FAILS)
@pytest.mark.parametrize("uncertain", [False, True])
def test_no_file_unless_signature_equality_and_issue_are_all_proven(failed, uncertain):
    names = {"unknown": failed} if uncertain else {"failed": failed}
    verdict = fakes.verdict(VerdictName.UNKNOWN_PERMIT, statement=True, record=fakes.record(), **names)
    with client(fakes.FakeVerifier(default=verdict), documents=lambda _: pytest.fail("asked")) as opened:
        response = opened.get(f"/v/{DIGITS}/pdf")
        page = opened.get(f"/v/{DIGITS}").text
    assert response.status_code == 404
    assert b"%PDF" not in response.content
    assert "/pdf" not in page


def test_no_file_of_a_permit_that_was_only_prepared():
    record = fakes.record(issued_at=None)
    verdict = fakes.verdict(VerdictName.COMPARE, statement=True, record=record)
    with client(fakes.FakeVerifier(default=verdict)) as opened:
        assert opened.get(f"/v/{DIGITS}/pdf").status_code == 404


def missing(_):
    raise UnavailableError("the disk is gone")


@pytest.mark.parametrize("documents", [missing, lambda _: b"%PDF-other"])
def test_a_missing_or_damaged_copy_is_an_outage_not_a_file(documents):
    with client(answering("compare"), documents=documents) as opened:
        response = opened.get(f"/v/{DIGITS}/pdf")
    assert response.status_code == 503
    assert "Belum dapat dipastikan" in text_of(response)
    assert b"%PDF-other" not in response.content


@given(st.text(max_size=300), st.sampled_from(Kind))
def test_a_file_name_means_nothing_to_headers_or_file_systems(number, kind):
    name = file_name(number, kind=kind)
    assert re.fullmatch(r"(izin|keputusan|surat-keterangan)-[A-Za-z0-9.-]{0,100}\.pdf", name)
    assert name.startswith("izin-") is (kind is Kind.PERMIT)
    assert ".." not in name.replace(".pdf", "") or ".." in number


# What is no permit


@pytest.mark.parametrize("kind", [Kind.DECREE, Kind.LETTER])
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_genuine_decree_or_letter_never_looks_like_a_genuine_permit(kind, language):
    fake = fakes.FakeVerifier(default=fakes.as_kind(EVERY["genuine"], kind))
    with client(fake) as opened:
        response = upload(opened, params={"lang": language})
    page = text_of(response)
    heading = unescape(re.search(r"<h1[^>]*>(.*?)</h1>", response.text.replace("<wbr>", ""))[1])
    assert heading.startswith({"id": "Bukan izin: ini ", "en": "Not a permit: "}[language])
    assert '<div class="verdict blue">' in response.text
    shown = re.search(r'<svg class="sign".*?</svg>', response.text, re.DOTALL)[0]
    assert re.search(r'aria-label="(Tanda keterangan|Information sign)"', shown)
    assert "M18 33.5" not in shown, "the check mark"
    assert not re.search(r"izin ini|this permit", page, re.IGNORECASE)


def test_the_file_of_a_decree_is_not_called_a_permit():
    decree = fakes.as_kind(EVERY["compare"], Kind.DECREE)
    with client(fakes.FakeVerifier(default=decree)) as opened:
        pdf = opened.get(f"/v/{DIGITS}/pdf")
    assert pdf.headers["content-disposition"] == 'attachment; filename="keputusan-500.16.7-012-DPMPTSP-XI-2026.pdf"'


def test_the_home_page_says_that_blue_may_be_no_permit():
    with client() as opened:
        assert "atau ini bukan izin: baca jawabannya." in text_of(opened.get("/"))


# When something of ours fails


def test_an_unreachable_registry_is_a_page_and_worth_asking_again():
    with client(fakes.FakeVerifier()) as opened:
        for response in (opened.get(f"/v/{DIGITS}"), upload(opened), opened.get(f"/v/{DIGITS}/pdf")):
            assert response.status_code == 503
            assert response.headers["retry-after"]
            assert "daftar izin sedang tidak dapat dihubungi" in text_of(response)
            assert "Jangan terima" not in text_of(response)


def test_a_day_to_come_is_answered_by_todays_record():
    verdict = fakes.verdict(
        VerdictName.COMPARE,
        statement=True,
        record=fakes.record(),
        on=datetime.date(2030, 1, 1),
        facts={"foreseen": "yes", "on": "2030-01-01"},
    )
    with client(fakes.FakeVerifier(default=verdict)) as opened:
        response = opened.post("/v/1", data={"tanggal": "2030-01-01"})
    assert response.status_code == 200
    assert "Menurut catatan hari ini" in text_of(response)


def test_a_verifier_that_takes_too_long_is_not_waited_for():
    fake = answering("genuine")
    fake.release.clear()
    with client(fake, limits=WebLimits(verify_seconds=0.1)) as opened:
        response = upload(opened)
        fake.release.set()
    assert response.status_code == 503
    assert "terlalu lama" in text_of(response)


def test_files_wait_in_a_bounded_line_and_links_do_not_wait_behind_them():
    fake = answering("genuine")
    limits = WebLimits(readers=1, waiting_files=1, verify_seconds=20)

    class Slow(fakes.FakeVerifier):
        def verify(self, subject, *, now, on=None):
            return super().verify(subject, now=now, on=on) if isinstance(subject, bytes) else EVERY["compare"]

    fake = Slow(default=EVERY["genuine"])
    fake.release.clear()
    statuses = []
    with client(fake, limits=limits) as opened:
        threads = [threading.Thread(target=lambda: statuses.append(upload(opened).status_code)) for _ in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.2)
        busy = upload(opened)
        link = opened.get(f"/v/{DIGITS}")
        fake.release.set()
        for thread in threads:
            thread.join(20)
    assert busy.status_code == 503
    assert "terlalu banyak pemeriksaan" in text_of(busy)
    assert link.status_code == 200
    assert statuses == [200, 200]


def test_a_place_is_free_again_only_when_its_thread_is():
    async def scenario():
        workers = Workers(threads=1, waiting=0, seconds=0.05, name="test")
        gate = threading.Event()
        with pytest.raises(SlowError):
            await workers.run(lambda: gate.wait(20))
        with pytest.raises(BusyError):
            await workers.run(lambda: None)
        gate.set()
        for _ in range(100):
            await anyio.sleep(0.01)
            with contextlib.suppress(BusyError):
                return await workers.run(lambda: "free")
        return None

    assert asyncio.run(scenario()) == "free"


class Broken:
    def verify(self, subject, **_):
        raise RuntimeError(f"cannot digest {subject!r}")


def test_an_error_of_ours_is_a_plain_500_and_its_message_stays_out_of_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    with client(Broken()) as opened:
        response = opened.get(f"/v/{DIGITS}")
    assert response.status_code == 500
    assert DIGITS not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    written = "\n".join(record.getMessage() + str(record.exc_info) for record in own(caplog))
    assert "RuntimeError in /v/{digits}" in written
    assert "test_web.py" in written, "the place of the error is kept"
    assert DIGITS not in written


# Logs


def own(caplog):
    return [record for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))]


def test_no_log_line_holds_what_stands_under_v(caplog):
    caplog.set_level(logging.DEBUG)
    with client(answering("unknown_permit")) as opened:
        opened.get(f"/v/{DIGITS}?tanggal=2026-11-18")
        opened.get(f"/v/{DIGITS}/pdf")
        opened.get(f"/v/{DIGITS}/other")
        opened.request("DELETE", f"/v/{DIGITS}")
        opened.request("STEAL", "/")
        upload(opened)
    lines = [record.getMessage() for record in own(caplog)]
    assert not [line for line in lines if DIGITS in line or DIGITS[:12] in line]
    access = [re.sub(r" \d+ ms$", "", record.getMessage()) for record in own(caplog) if record.name == "absah.access"]
    assert access == [
        "GET /v/{digits} 200",
        "GET /v/{digits}/pdf 404",
        "GET - 404",
        "OTHER /v/{digits} 405",
        "OTHER / 405",
        "POST / 200",
    ]


def alarms(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "absah.alarm"]


@pytest.mark.parametrize("name", VerdictName)
def test_misuse_of_the_offices_keys_raises_an_alarm_and_nothing_else_does(name, caplog):
    caplog.set_level(logging.INFO)
    with client(answering(name)) as opened:
        opened.get(f"/v/{DIGITS}")
    serial = {"never_issued": "131842", "unknown_permit": "77"}
    expected = [("WARNING", f"{name} serial={serial[name]}")] if name in serial else []
    assert alarms(caplog) == expected


def test_an_alarm_without_a_serial_names_the_hash_of_what_was_sent(caplog):
    verdict = dataclasses.replace(EVERY["unknown_permit"], facts={"serial": "1\nforged line"})
    with client(fakes.FakeVerifier(default=verdict)) as opened:
        upload(opened)
    assert alarms(caplog) == [("WARNING", f"unknown_permit sha256={hashlib.sha256(fakes.PDF).hexdigest()}")]


def test_uvicorn_writes_no_access_log_and_does_not_name_itself():
    config = serving.configuration(door())
    assert config.access_log is False
    assert config.server_header is False
    assert serving.LOGGING["loggers"]["uvicorn.access"]["handlers"] == []
    assert serving.LOGGING["loggers"]["uvicorn"]["level"] == "INFO"


def test_serving_tells_its_address_and_that_a_port_is_taken(capfd):
    told, running = [], threading.Event()

    def ready(address):
        told.append(address)
        with pytest.raises(UnavailableError, match=f"port {address.rpartition(':')[2]}"):
            serving.serve(door(), "127.0.0.1", int(address.rpartition(":")[2]))
        running.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serving.serve(door(), "127.0.0.1", 0, ready=ready)
    assert running.is_set()
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", told[0])
    assert DIGITS not in capfd.readouterr().err


# Headers, language, first page, files


@pytest.mark.parametrize("path", ["/", "/v/1", "/v/1/pdf", "/nowhere", "/healthz", "/static/style.css", "/static/none"])
def test_every_answer_forbids_what_the_pages_never_need(path):
    with client(answering("compare")) as opened:
        headers = opened.get(path).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "noindex" in headers["x-robots-tag"]
    expected = "public, max-age=86400" if path == "/static/style.css" else "no-store"
    assert headers["cache-control"] == expected


@pytest.mark.parametrize("name", ["genuine", "revoked", "unchecked"])
def test_pages_hold_nothing_that_the_policy_would_block(name):
    with client(answering(name)) as opened:
        for response in (opened.get("/"), opened.get("/v/1"), upload(opened), opened.get("/nowhere")):
            assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|@import|<iframe", response.text)
            links = re.findall(r'(?:src|href|action)="([^"]*)"', response.text)
            foreign = [link for link in links if not re.match(r"(/|#|\?|tel:|mailto:)", link)]
            assert foreign == ["https://dpmptsp.contoh.example"], "the office's own website, to be followed only"


def test_the_language_chosen_once_stays():
    with client(answering("genuine")) as opened:
        assert "Izin ini asli" in text_of(opened.get("/v/1"))
        chosen = opened.get("/v/1?lang=en")
        assert "This permit is genuine and in force." in text_of(chosen)
        assert '<html lang="en">' in chosen.text
        assert "httponly" in chosen.headers["set-cookie"].lower()
        assert "samesite=lax" in chosen.headers["set-cookie"].lower()
        assert "This permit is genuine" in text_of(opened.get("/v/2"))
        assert "This permit is genuine" in text_of(upload(opened))
        assert "set-cookie" not in opened.get("/v/2").headers
        assert "Izin ini asli" in text_of(opened.get("/v/1?lang=id"))
        assert "Izin ini asli" in text_of(opened.get("/v/1"))


@pytest.mark.parametrize("lang", ["fr", "", "../en", "en\x00"])
def test_another_language_is_the_source_language(lang):
    with client() as opened:
        response = opened.get("/", params={"lang": lang})
    assert '<html lang="id">' in response.text
    assert "set-cookie" not in response.headers


def test_the_switch_keeps_nothing_of_an_address_but_its_path():
    with client() as opened:
        for response in (opened.get("/v/1?tanggal=2026-11-18&other=x"), opened.post("/v/1"), upload(opened)):
            assert 'href="?lang=en"' in response.text


def test_english_pages_lead_to_english_pages_without_a_cookie():
    with client() as opened:
        response = opened.get("/?lang=en")
    assert 'action="/?lang=en"' in response.text


def test_the_first_page_says_what_it_is_and_takes_photos():
    with client() as opened:
        response = opened.get("/")
    page = text_of(response)
    assert "Di sini siapa saja dapat memastikan apakah izin dari kantor ini asli" in page
    assert 'accept="application/pdf,image/jpeg,image/png,image/webp"' in response.text
    assert 'enctype="multipart/form-data"' in response.text
    assert page.index("Unggah berkas") < page.index("pindai kode QR") < page.index("Hubungi kantor ini")
    assert "latihan" not in page


def test_an_exercise_server_says_so_on_its_first_page():
    with client(simulation=True) as opened:
        assert "Layanan ini sedang dipakai untuk latihan." in text_of(opened.get("/"))


def test_trust_anchors_are_given_and_nothing_else(tmp_path):
    folder = tmp_path / ".well-known" / "absah"
    folder.mkdir(parents=True)
    for name in ("roots.pem", "statement-keys.json", "root.crl", "log.vkey", "secret.pem", ".hidden", "other.vkey"):
        (folder / name).write_text(name)
    (tmp_path / "outside.crl").write_text("outside")
    with client(tmp_path=tmp_path) as opened:
        for name, kind in {
            "roots.pem": "application/x-pem-file",
            "statement-keys.json": "application/json",
            "root.crl": "application/pkix-crl",
            "log.vkey": "text/plain; charset=utf-8",
        }.items():
            response = opened.get(f"/.well-known/absah/{name}")
            assert response.text == name
            assert response.headers["content-type"] == kind
        for name in ("secret.pem", ".hidden", "other.vkey", "none.crl", "..%2F..%2Foutside.crl", "%2e%2e/outside.crl"):
            assert opened.get(f"/.well-known/absah/{name}").status_code == 404


# The log and the status lists

TREE = {
    "log/checkpoint": "text/plain; charset=utf-8",
    "log/tile/0/000": "application/octet-stream",
    "log/tile/0/x001/067.p/8": "application/octet-stream",
    "log/tile/entries/000": "application/octet-stream",
    "log/tile/entries/000.p/200": "application/octet-stream",
    "status/0.cwt": "application/statuslist+cwt",
    "status/17.cwt": "application/statuslist+cwt",
    "schema/genset-v1.json": "application/schema+json",
}
NOT_FOR_ANYONE = (
    "absah.toml",
    "log/state",
    "log/.checkpoint.tmp",
    "log/tile/0/001.p/256",
    "log/tile/0/0",
    "log/tile/00/000",
    "log/tile/64/000",
    "log/tile/0/x000/001",
    "log/tile/0/000.p/08",
    "log/tile/entries/000.tmp",
    "status/01.cwt",
    "status/-1.cwt",
    "schema/genset.json",
    "schema/Genset-v1.json",
    "schema/genset-v0.json",
    "status/1.cwt.tmp",
    "status/1.json",
    "status/a.cwt",
)


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "public"
    for name in (*TREE, *NOT_FOR_ANYONE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text(name)
    (folder.parent / "secret.cwt").write_text("secret")
    (folder / "log" / "tile" / "3" / "000").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", TREE)
def test_the_log_and_the_status_lists_are_given_to_everyone_as_what_they_are(public, name):
    with client(tmp_path=public) as opened:
        response = opened.get(f"/{name}", headers={"Origin": "https://pengawas.contoh.example"})
    assert (response.status_code, response.text) == (200, name)
    assert response.headers["content-type"] == TREE[name]
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "seconds", "immutable"),
    [
        ("log/checkpoint", 2, False),
        ("log/tile/0/000", 31536000, True),
        ("log/tile/0/x001/067.p/8", 31536000, True),
        ("log/tile/entries/000.p/200", 31536000, True),
        ("status/17.cwt", 60, False),
        ("schema/genset-v1.json", 300, False),
    ],
)
def test_what_may_change_is_kept_for_a_moment_and_a_tile_for_ever(public, name, seconds, immutable):
    with client(tmp_path=public) as opened:
        kept = opened.get(f"/{name}").headers["cache-control"]
    assert f"max-age={seconds}" in kept
    assert ("immutable" in kept) is immutable


@pytest.mark.parametrize("name", [*NOT_FOR_ANYONE, "log/tile/3/000", "log", "log/", "status/", "log/tile/0/"])
def test_nothing_else_of_the_public_folder_is_given(public, name):
    with client(tmp_path=public) as opened:
        assert opened.get(f"/{name}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/status/..%2F..%2Fsecret.cwt",
        "/status/%2e%2e%2fsecret.cwt",
        "/schema/..%2F..%2Fsecret.cwt",
        "/log/../../secret.cwt",
        "/log/%2e%2e/absah.toml",
        "/log/tile/0/../../../absah.toml",
        "/log/tile/0/000%00",
        "/log/tile/0/%0a000",
        "/status/17.cwt%0a",
        "/log//checkpoint",
        "/log/tile/%D9%A0/000",
        "/status/%D9%A1.cwt",
    ],
)
def test_no_address_leads_out_of_the_public_folder(public, path):
    with client(tmp_path=public) as opened:
        response = opened.get(path)
    assert response.status_code == 404
    assert "secret" not in response.text


@given(st.text(max_size=60))
def test_any_path_below_the_log_is_a_file_of_it_or_not_found(public, path):
    with client(tmp_path=public) as opened:
        response = opened.get(httpx.URL("http://testserver/log/").copy_with(raw_path=b"/log/" + quote(path)))
    assert (response.status_code, response.text) in [(200, name) for name in TREE] or response.status_code == 404


def test_a_tile_that_was_dropped_is_not_found_and_another_origin_may_know(public):
    with client(tmp_path=public) as opened:
        for name in ("log/tile/0/002.p/3", "log/tile/0/002", "status/99.cwt", "log/nothing"):
            response = opened.get(f"/{name}")
            assert response.status_code == 404
            assert response.headers["access-control-allow-origin"] == "*", "else a page cannot tell it from an outage"
            assert response.headers["cache-control"] == "no-store"


def test_a_disk_that_refuses_is_an_outage(public, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    with client(tmp_path=public) as opened:
        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert opened.get("/log/checkpoint").status_code == 503


def test_pages_are_not_for_other_origins(public):
    with client(answering("compare"), tmp_path=public) as opened:
        for path in ("/", f"/v/{DIGITS}", f"/v/{DIGITS}/pdf", f"/v/{DIGITS}/bukti.tlog-proof"):
            assert "access-control-allow-origin" not in opened.get(path).headers


# The proof of a permit's issue

PROOF_PATH = f"/v/{DIGITS}/bukti.tlog-proof"


def test_whoever_holds_the_code_may_have_the_proof_and_the_page_leads_there():
    asked = []
    with client(answering("compare"), proofs=lambda serial: asked.append(serial) or PROOF) as opened:
        page, response = opened.get(f"/v/{DIGITS}"), opened.get(PROOF_PATH)
    assert f'href="{PROOF_PATH}"' in page.text
    assert page.text.index("SHA-256") < page.text.index(PROOF_PATH)
    assert (response.status_code, response.content) == (200, PROOF)
    assert response.headers["content-disposition"] == (
        'attachment; filename="izin-500.16.7-012-DPMPTSP-XI-2026.tlog-proof"'
    )
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert asked == [131_842]


@pytest.mark.parametrize("name", VerdictName)
def test_the_proof_follows_the_rule_of_the_file(name):
    with client(answering(name)) as opened:
        page, proof, pdf = opened.get(f"/v/{DIGITS}"), opened.get(PROOF_PATH), opened.get(f"/v/{DIGITS}/pdf")
    assert proof.status_code == pdf.status_code
    assert (PROOF_PATH in page.text) is (proof.status_code == 200)


def test_a_file_that_was_sent_leads_to_no_proof():
    with client(answering("genuine")) as opened:
        assert ".tlog-proof" not in upload(opened).text


def test_a_proof_that_is_not_there_and_one_that_cannot_be_had_are_told_apart():
    def unreachable(_):
        raise UnavailableError("the registry does not answer")

    with client(answering("compare"), proofs=lambda _: None) as opened:
        assert opened.get(PROOF_PATH).status_code == 404
    with client(answering("compare"), proofs=unreachable) as opened:
        assert opened.get(PROOF_PATH).status_code == 503


# A permit that the log does not cover yet


def test_what_awaits_the_log_is_no_outage_and_says_to_ask_again():
    with client(fakes.FakeVerifier(default=fakes.awaiting())) as opened:
        response, english = opened.get(f"/v/{DIGITS}"), opened.get(f"/v/{DIGITS}?lang=en")
        program = opened.get(f"/v/{DIGITS}", headers=JSON)
        sent = upload(opened)
    assert (response.status_code, program.status_code, sent.status_code) == (200, 200, 200)
    assert "retry-after" not in response.headers
    page = text_of(response)
    assert "Belum dapat dipastikan: izin ini baru diterbitkan dan belum masuk catatan publik." in page
    assert page.index("Tunggu satu menit") < page.index("Periksa sekali lagi") < page.index("Telepon kantor ini:")
    assert f'href="/v/{DIGITS}"' in response.text
    assert f'href="/v/{DIGITS}?lang=en"' in english.text
    assert '<div class="verdict amber">' in response.text
    assert "PT Menara Contoh Nusantara" not in page, "what is not public yet is not shown"
    assert "Periksa sekali lagi" not in text_of(sent), "a file is sent again from the first page"


@pytest.mark.parametrize("path", [f"/v/{DIGITS}/pdf", PROOF_PATH])
def test_what_awaits_the_log_is_not_given_yet_and_the_page_says_when(path):
    with client(fakes.FakeVerifier(default=fakes.awaiting())) as opened:
        response, program = opened.get(path), opened.get(path, headers=JSON)
    assert response.status_code == 404
    assert "Tunggu satu menit, lalu buka halaman ini sekali lagi." in text_of(response)
    assert program.json()["error"]["code"] == "not_public_yet"


# Corrections, and destruction after retention


def test_a_correction_is_read_before_the_fields_and_beside_its_own():
    with client(fakes.FakeVerifier(default=fakes.corrected())) as opened:
        response = opened.get(f"/v/{DIGITS}")
    page = text_of(response)
    order = ["terdaftar dan masih berlaku", "bersama satu ralat", "Yang perlu dilakukan", "Ralat izin ini"]
    order += ["Tercetak Desa Tarai Bangun", "Seharusnya Desa Kualu", "Nomor 500.16.7/21/RALAT/2026 tanggal 19 November"]
    order += ["Cocokkan dengan kertas", "Kabupaten Kampar Diralat, seharusnya: Desa Kualu", "Jumlah unit"]
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert '<div class="verdict blue">' in response.text


def test_the_text_of_a_correction_and_of_minutes_is_escaped():
    hostile = "<script>alert(1)</script>{megabytes}"
    correction = fakes.correction(field="Lokasi", printed=hostile, correct=hostile, instrument_number=hostile)
    minutes = dataclasses.replace(fakes.DESTRUCTION, minutes_number=hostile)
    gone = fakes.destroyed()
    gone = dataclasses.replace(gone, record=dataclasses.replace(gone.record, destroyed=minutes))
    answers = {"1": fakes.corrected(correction), "2": gone}
    with client(fakes.FakeVerifier(answers)) as opened:
        for path in ("/v/1", "/v/2", "/v/2/pdf"):
            response = opened.get(path)
            assert "<script" not in response.text
            assert "{megabytes}" in response.text
        assert hostile in opened.get("/v/2/pdf", headers=JSON).json()["error"]["message"]


def test_a_destroyed_permit_is_told_by_its_page_and_its_file_is_gone_for_good():
    asked = []
    with client(fakes.FakeVerifier(default=fakes.destroyed()), documents=asked.append) as opened:
        page, pdf, proof = opened.get(f"/v/{DIGITS}"), opened.get(f"/v/{DIGITS}/pdf"), opened.get(PROOF_PATH)
        program = opened.get(f"/v/{DIGITS}/pdf", headers=JSON)
        sent = upload(opened)
    said = (
        "Arsip izin ini sudah dimusnahkan menurut jadwal retensi, berita acara nomor BA/4/2056 tanggal 12 Maret 2056."
    )
    assert page.status_code == 200
    assert said in text_of(page)
    assert text_of(page).index("Sudah tidak berlaku") < text_of(page).index(said)
    assert "Unduh berkas asli" not in page.text
    assert "1 genset 20 kVA, Kec. Tambang" in text_of(page)
    assert pdf.status_code == program.status_code == 410
    assert said in text_of(pdf)
    assert program.json()["error"]["code"] == "destroyed"
    assert (proof.status_code, proof.content) == (200, PROOF)
    assert said in text_of(sent)
    assert asked == [], "nobody looks for what was destroyed"


def test_a_stranger_does_not_learn_that_a_permit_was_destroyed():
    forged = dataclasses.replace(EVERY["forged_qr"], record=fakes.destroyed().record)
    with client(fakes.FakeVerifier(default=forged)) as opened:
        assert opened.get(f"/v/{DIGITS}/pdf").status_code == 404


def test_health_says_only_that_it_lives():
    with client(fakes.FakeVerifier()) as opened:
        assert opened.get("/healthz").text == "ok"


@pytest.mark.parametrize("path", ["/nope", "/v", "/v/", "/static/../web.py", "/%2e%2e/", "/v/1/pdf/"])
def test_unknown_paths_are_404_with_a_way_on(path):
    with client() as opened:
        response = opened.get(path)
    assert response.status_code == 404
    assert "Halaman ini tidak ada." in text_of(response)
    assert 'href="/"' in response.text


def test_other_methods_are_refused_by_name():
    with client() as opened:
        response = opened.put("/")
        assert response.status_code == 405
        assert "Permintaan ini tidak dapat dilayani." in text_of(response)


def test_head_is_answered_like_get_without_a_body():
    with client() as opened:
        response = opened.head("/v/1")
    assert response.status_code == 200
    assert response.text == ""


def test_the_log_knows_no_template_for_what_is_not_http(caplog):
    async def scenario():
        calls = []

        async def app(scope, *_):
            calls.append(scope["type"])

        await AccessLog(app)({"type": "lifespan"}, None, None)
        return calls

    caplog.set_level(logging.INFO)
    assert asyncio.run(scenario()) == ["lifespan"]
    assert own(caplog) == []


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_our_error(text):
    with contextlib.suppress(UploadError):
        assert (parse_day(text) is None) is (not text.strip())


# Colours


def tokens(block):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LIGHT = tokens(STYLE.split("@media (prefers-color-scheme: dark)")[0])
DARK = LIGHT | tokens(STYLE.split("@media (prefers-color-scheme: dark)")[1].split("@media")[0])
TEXT_ON_GROUND = [
    *((ink, ground) for ink in ("ink", "muted", "link") for ground in ("ground", "raised")),
    *((name, f"{name}-ground") for name in ("green", "red", "amber", "blue", "grey", "violet")),
    *((name, ground) for name in ("green", "red", "amber", "blue", "grey") for ground in ("ground", "raised")),
    ("on-masthead", "masthead"),
    ("on-button", "button"),
    ("ground", "violet"),
]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_in_the_sun(scheme, text, ground):
    assert contrast(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("edge", "ground"),
    [("focus", "ground"), ("focus", "raised"), ("control", "ground"), ("on-masthead", "masthead")],
)
def test_edges_that_mean_something_can_be_seen(scheme, edge, ground):
    assert contrast(scheme[edge], scheme[ground]) >= 3


def test_the_agreed_colours_are_used():
    agreed = {
        "ink": "#1a1f2b",
        "muted": "#566070",
        "link": "#0b4f8a",
        "masthead": "#123a5c",
        "green": "#0b5d3b",
        "green-ground": "#e7f4ec",
        "red": "#8f1d1d",
        "red-ground": "#fbeaea",
        "amber": "#6b4700",
        "amber-ground": "#fdf3dc",
        "blue": "#123a5c",
        "blue-ground": "#e8f0f8",
        "grey": "#3d4551",
        "grey-ground": "#eef0f3",
        "focus": "#b35c00",
    }
    assert agreed.items() <= LIGHT.items()


def test_a_real_server_answers_and_its_output_holds_no_path(capfd, caplog):
    caplog.set_level(logging.DEBUG)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(serving.configuration(door(answering("compare"))))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, trust_env=False) as opened:
            for _ in range(100):
                with contextlib.suppress(httpx.TransportError):
                    response = opened.get(f"/v/{DIGITS}")
                    break
                time.sleep(0.05)
            large = opened.post("/", content=b"%PDF-" + b"x" * 25_000_000, headers={"Content-Type": "application/pdf"})
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert response.status_code == 200
    assert "server" not in response.headers
    assert large.status_code == 413, "whoever sends too much still gets the page that says so"
    written = capfd.readouterr()
    assert DIGITS not in written.err + written.out
    assert "GET /v/{digits} 200" in written.err
    assert not [record for record in own(caplog) if DIGITS in record.getMessage()], "nor for any other handler"


def test_a_connection_on_which_nothing_more_comes_is_closed():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(serving.configuration(door(limits=WebLimits(stall_seconds=0.2))))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with socket.create_connection(listener.getsockname(), timeout=3) as slow:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n"
            slow.sendall(head + b"%PDF-")
            answer = b"".join(iter(lambda: slow.recv(65536), b""))
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert "terlalu lama sampainya" in answer.decode()


def test_programs_learn_of_an_outage_by_status_and_verdict():
    with client(fakes.FakeVerifier()) as opened:
        response = opened.get(f"/v/{DIGITS}", headers=JSON)
    assert response.status_code == 503
    assert response.json()["verdict"] == "unchecked"
