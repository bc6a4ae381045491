"""Whatever a decision's file holds: nothing is fetched, nothing private is told, nobody is left without a word."""

import contextlib
import datetime
import gc
import json
import pathlib
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.intake import Intake, RefusedDecisionError
from registry.database import Database
from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.formats.record import MandateMode
from templates import limits, packs
from templates.renderer import Renderer

TODAY = datetime.date(2026, 11, 23)
NOW = datetime.datetime(2026, 11, 23, 3, 0, tzinfo=datetime.UTC)
NUMBER = "503/001/DPMPTSP/XI/2026"
HOST = "izin.example.go.id"
PACKS = packs.packs()
GENSET = packs.pack("genset")
SAMPLES = [
    pytest.param(of, index, id=f"{of.type}-{index + 1}", marks=[] if index == 0 else pytest.mark.long)
    for of in PACKS
    for index in range(len(of.samples()))
]
LITERAL = [
    "{{ 7 * 7 }} {{ shape.office }} {% for x in y %}",
    "<img src=file:///etc/hostname> <img src=x onerror=alert(1)>",
    "</td></table></style><script>alert(1)</script><style>",
    '" style="background:url(file:///etc/passwd)',
    "javascript:alert(document.cookie)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "url(http://127.0.0.1:9/x) @import 'http://127.0.0.1:9/y';",
    "&#x202e; &lt;b&gt; &nbsp; %PDF-1.7 endstream endobj",
    "(\\) Tj ET) /Names << /JavaScript >>",
    "${jndi:ldap://127.0.0.1/a} $(reboot) `reboot`",
]
UNSEEN = {
    "nul": "\x00",
    "escape": "\x1b[31m",
    "delete": "\x7f",
    "override": "\u202egnp.exe",
    "isolate": "\u2067abc\u2069",
    "mark": "\u200f",
    "joiner": "a\u200db",
    "byte-order": "\ufeff",
    "soft-hyphen": "a\u00adb",
    "tag": "\U000e0041",
    "noncharacter": "\uffff",
    "private-use": "\ue000",
    "han": "漢",
    "arabic": "سلام",
    "emoji": "😀",
    "stacked": "Z̷̡̢͙",
}


def letters(text: str) -> str:
    return "".join(text.split())


@pytest.fixture
def intake(tmp_path, profile) -> Intake:
    return Intake(
        database=Database.create(tmp_path / "absah.db"), office=profile, pack=packs.pack, max_bytes=256 * 1024
    )


def test_what_looks_like_code_is_printed_as_it_was_typed(intake, printed, sample) -> None:
    value = sample(1)
    public = value["public"]
    holder, location = public["holder"], public["location"]
    places = [
        (public, "purpose"),
        (holder, "name"),
        (holder, "address"),
        (holder["responsible"], "name"),
        (holder["responsible"], "position"),
        (holder["deed"], "notary"),
        (location, "name"),
        (location, "address"),
        (public["installer"], "name"),
        (public["recommendation"], "office"),
    ]
    for (part, at), text in zip(places, LITERAL, strict=True):
        part[at] = text
    for unit, text in zip(public["units"], LITERAL, strict=False):
        unit["engine_type"] = text[:60].strip()
    approved = intake.examine(json.dumps(value).encode(), now=NOW)
    assert approved.decision.public["purpose"] == LITERAL[0]
    read = letters("".join(printed(value).pages))
    assert [text for text in LITERAL if letters(text) not in read] == []
    assert [text for _, text in zip(public["units"], LITERAL, strict=False) if letters(text[:60]) not in read] == []


@pytest.mark.parametrize("white", ["\t", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2003", "\u2028"])
def test_white_space_of_any_kind_is_one_space(intake, sample, white: str) -> None:
    value = sample(1)
    value["public"]["purpose"] = f"{white}Cadangan{white} gedung"
    assert intake.examine(json.dumps(value).encode(), now=NOW).decision.public["purpose"] == "Cadangan gedung"


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize("spelled", [True, False], ids=["escaped", "raw"])
def test_what_cannot_be_seen_or_set_is_refused_with_field_problem_and_remedy(
    intake, sample, text: str, spelled: bool
) -> None:
    value = sample(1)
    value["public"]["purpose"] = f"Cadangan {text} gedung"
    data = json.dumps(value, ensure_ascii=spelled).encode()
    with pytest.raises(RefusedDecisionError) as refused:
        intake.examine(data, now=NOW)
    (problem,) = refused.value.problems
    if problem.field:  # else the file as such could not be read, and the sentence says so
        assert problem.field == "public.purpose"
        assert problem.message.startswith("Keperluan memuat ")
    assert re.search(r"\. (Gantilah|Ketik|Betulkan|Hapus|Simpan)", problem.message), problem.message
    assert text not in problem.message or text.isprintable()


@pytest.mark.parametrize(
    ("place", "length"),
    [("purpose", 1_000_000), ("purpose", 100_000), ("purpose", 401), ("name", 201), ("notary", 1_000_000)],
)
def test_what_is_too_long_is_refused_with_field_problem_and_remedy(intake, sample, place: str, length: int) -> None:
    value = sample(1)
    public = value["public"]
    part = {"purpose": public, "name": public["holder"], "notary": public["holder"]["deed"]}[place]
    part[place] = "W" * length
    with pytest.raises(RefusedDecisionError) as refused:
        intake.examine(json.dumps(value).encode(), now=NOW)
    (problem,) = refused.value.problems
    if length > 256 * 1024:
        assert problem.message.endswith("Kirim satu keputusan per berkas.")
    else:
        assert f"berisi {length} huruf" in problem.message
        assert "Singkatkan" in problem.message
    assert len(problem.message) < 500


WATCHED = r"""
import json, pathlib, sys

folder, root, here, secret = sys.argv[1:]
sys.path[:0] = [root, here]
import conftest
from registry.formats import canonical
from templates.renderer import Renderer

renderer, seen, watching = Renderer(), [], False
REMOTE = ("socket.", "urllib.", "http.", "ftplib.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")

def hook(event, arguments):
    if watching and (event == "open" or event.startswith(REMOTE)):
        seen.append([event, str(arguments[0])])

def render(of, value):
    public = conftest.public_part(of, value)
    return renderer.render(of, **conftest.arguments(of, public)).pdf

def poisoned(part):
    # The path to a file that is there, in every way to ask for it; whatever its field accepts.
    for at, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
        if isinstance(inner, (dict, list)):
            poisoned(inner)
        elif isinstance(inner, str):
            for text in attempts:
                part[at] = text
                if of.check(value, today=conftest.TODAY, office=conftest.OFFICE).decision is not None:
                    spoiled.append(at)
                    break
            else:
                part[at] = inner

attempts = [
    f"<img src='file://{secret}'> url(file://{secret}) {{{{ include('{secret}') }}}} @import 'http://127.0.0.1:9/x'",
    f"bahwa <link rel=attachment href='{secret}'> http://127.0.0.1:9/x url({secret}",
    f"<img src='{secret}'>",
    f"url(//127.0.0.1:9)",
]
for of in conftest.packs.packs():
    render(of, canonical.parse(of.samples()[0].read_bytes()))  # what is read once, is read now
sys.addaudithook(hook)
for of in conftest.packs.packs():
    value, spoiled = canonical.parse(of.samples()[0].read_bytes()), []
    poisoned(value["public"])
    watching = True
    data = render(of, value)
    watching = False
    pathlib.Path(folder, f"{of.type}.pdf").write_bytes(data)
    pathlib.Path(folder, f"{of.type}.json").write_text(json.dumps(len(spoiled)))
pathlib.Path(folder, "seen.json").write_text(json.dumps(seen))
"""


@pytest.mark.long
def test_nothing_is_opened_or_asked_for_whatever_the_values_name(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "rahasia.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\nRAHASIA-SEKALI")
    root, here = pathlib.Path(packs.__file__).parents[2], pathlib.Path(__file__).parent
    command = [sys.executable, "-c", WATCHED, *map(str, (tmp_path, root, here, secret))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())
    own = ("open", f"{root / 'templates'}/")
    for event, path in seen:
        # WeasyPrint reads its colour profile for each document, and our own pictures are data addresses.
        assert (event, path[: len(own[1])]) == own or path.endswith("/sRGB2014.icc") or path.startswith("data:"), path
    for of in PACKS:
        assert json.loads((tmp_path / f"{of.type}.json").read_text()) >= 3
        blobs = list(unpacked((tmp_path / f"{of.type}.pdf").read_bytes()))
        assert not [blob for blob in blobs if b"RAHASIA" in blob]
        assert not [blob for blob in blobs if re.search(rb"/(URI|JavaScript|Launch|GoToR|SubmitForm|AA)\b", blob)]


@pytest.fixture(scope="module")
def asked(profile, signer_in) -> Callable[..., dict[str, Any]]:
    """What a renderer is given for the public part of a decision."""

    def arguments(of: packs.Pack, public: dict[str, Any]) -> dict[str, Any]:
        until = of.valid_until(public, TODAY)
        return {
            "shape": of.shape(
                public,
                office=profile,
                mandate=signer_in(MandateMode.DEFINITIVE),
                date_of_issue=TODAY,
                mark="SIMULASI",
            ),
            "fields": of.fields(public, office=profile, number=NUMBER, date_of_issue=TODAY, valid_until=until),
            "host": HOST,
            "link": f"https://{HOST}/v/" + "7192835460" * 56,
            "number": NUMBER,
            "attachment": canonical.dump(public),
            "created": NOW,
        }

    return arguments


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What a stop strikes must be the layout: not a finalizer of other tests' objects, run in its thread by chance."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    ("allowed", "told"),
    [
        ({"pages": 1}, r"^Naskah ini menjadi \d+ halaman, padahal paling banyak 1\. Singkatkan "),
        ({"rows": 1}, r"^Naskah ini memuat 2 baris tabel, padahal paling banyak 1\. Bagilah "),
        ({"letters_a_field": 30}, r"^Isian “\w+” berisi \d+ huruf, padahal paling banyak 30\. Singkatkan "),
        ({"seconds": 0.02}, r"^Naskah ini belum selesai ditata dalam 0\.02 detik.*\. Singkatkan "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_costs_too_much_is_refused_with_the_limit_and_a_remedy(
    asked, sample, allowed: dict[str, Any], told: str
) -> None:
    renderer = Renderer(allowed=limits.RenderLimits(**allowed))
    with pytest.raises(limits.LimitError) as refused:
        renderer.render(GENSET, **asked(GENSET, sample(1)["public"]))
    assert re.match(told, refused.value.text("id")), refused.value.text("id")
    assert refused.value.text("en") != refused.value.text("id")


@pytest.mark.usefixtures("no_collector")
def test_a_document_that_took_too_long_spoils_no_other(asked, sample, renderer: Renderer) -> None:
    arguments = asked(GENSET, sample(0)["public"])
    first = renderer.render(GENSET, **arguments).pdf
    for seconds in (0.01, 0.1, 0.2):
        with contextlib.suppress(limits.LimitError):
            Renderer(allowed=limits.RenderLimits(seconds=seconds)).render(GENSET, **arguments)
    assert renderer.render(GENSET, **arguments).pdf == first


def unpacked(data: bytes) -> Iterator[bytes]:
    """The file, and each of its streams without its filter; no other filter than Flate is in use."""
    yield data
    assert set(re.findall(rb"/Filter ?\[?(/\w+)", data)) <= {b"/FlateDecode"}
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            yield zlib.decompress(match[1])
        except zlib.error:
            yield match[1]


def told_by(data: bytes) -> Iterator[str]:
    """Every way to read text out of the file."""
    for blob in unpacked(data):
        plain = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8) & 255]), blob)
        yield plain.decode("latin-1")
        for start in (0, 1):
            yield blob[start:].decode("utf-16-be", "ignore")
        for match in re.finditer(rb"<([0-9A-Fa-f\s]{4,})>", blob):
            text = bytes.fromhex(
                re.sub(rb"\s", b"", match[1] + (b"0" if len(match[1]) % 2 else b"")).decode()[: len(match[1]) // 2 * 2]
            )
            yield text.decode("latin-1")
            yield text.decode("utf-16-be", "ignore")
    document = pypdfium2.PdfDocument(data)
    try:
        yield from (page.get_textpage().get_text_bounded() for page in document)
        yield from document.get_metadata_dict().values()
        for index in range(document.count_attachments()):
            yield bytes(document.get_attachment(index).get_data()).decode()
    finally:
        document.close()


def secrets_of(part: Any) -> Iterator[str]:
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from secrets_of(inner)
        else:
            yield str(inner)


def leaks(data: bytes, secret: str) -> bool:
    """Whether the file tells the secret: as it is, or for a longer number its digits however they are grouped."""
    digits = re.sub(r"\D", "", secret)
    number = len(digits) >= 9 and not re.search(r"[^\W\d]", secret)
    pattern = r"[^\w]{0,3}".join(digits if number else map(re.escape, letters(secret)))
    return any(re.search(rf"(?<!\d){pattern}(?!\d)", text, re.IGNORECASE) for text in told_by(data))


@pytest.mark.parametrize(("of", "index"), SAMPLES)
def test_nothing_private_is_told_by_the_file_in_any_spelling(printed, sample, of: packs.Pack, index: int) -> None:
    value = sample(index, of)
    data = printed(value, of=of).rendered.pdf
    found = list(secrets_of(value["private"]))
    assert found or not value["private"]
    holder = value["public"].get("holder", {})
    # A natural person may hold a permit at home: then the decision itself makes the address public.
    if holder.get("form") == "perorangan":
        found = [secret for secret in found if secret not in holder.get("address", "") or secret.isdecimal()]
    assert [secret for secret in found if leaks(data, secret)] == []
    # The search would have seen them.
    assert leaks(data, NUMBER)
    assert not holder.get("nib") or leaks(data, holder["nib"])


NIK = "1401025708720001"


@pytest.mark.parametrize(
    "planted",
    [
        NIK.encode(),
        b"14.01.02-570872 0001",
        NIK.encode("utf-16-be"),
        b"x" + NIK.encode("utf-16-be"),
        b"<" + NIK.encode().hex().encode() + b">",
        b"<FEFF" + NIK.encode("utf-16-be").hex().upper().encode() + b">",
        b"(14\\060\\061025708720001)",
        b"1 0 obj <</Length 9 /Filter /FlateDecode>>\nstream\n" + zlib.compress(NIK.encode()) + b"\nendstream",
    ],
    ids=["plain", "grouped", "utf-16", "utf-16-odd", "hex", "hex-utf-16", "octal", "stream"],
)
def test_the_search_for_private_values_sees_each_spelling(printed, sample, planted: bytes) -> None:
    data = printed(sample(0)).rendered.pdf
    assert not leaks(data, NIK)
    assert leaks(data + b"\n" + planted + b"\n", NIK)


@pytest.mark.parametrize(("of", "index"), SAMPLES)
def test_what_is_attached_is_the_public_part_to_the_byte(printed, sample, profile, of: packs.Pack, index: int) -> None:
    permit = printed(sample(index, of), of=of)
    decision = of.check(sample(index, of), today=TODAY, office=profile).decision
    document = pypdfium2.PdfDocument(permit.rendered.pdf)
    try:
        (attachment,) = [document.get_attachment(number) for number in range(document.count_attachments())]
        data = bytes(attachment.get_data())
    finally:
        document.close()
    assert data == canonical.dump({**decision.public, "private_commitment": "ab" * 32})


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float)
    | st.text(max_size=80)
    | st.sampled_from([*LITERAL, *UNSEEN.values(), "W" * 60, "1" * 16, "2026-02-30", "2026-11-23", "x" * 3_000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


def containers(part: Any) -> Iterator[Any]:
    yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from containers(inner)


def spoil(data: st.DataObject, value: Any) -> None:
    """One change somewhere: another value, something less, something more."""
    part = data.draw(st.sampled_from([found for found in containers(value) if found]))
    at = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    match data.draw(st.sampled_from(["text", "text", "text", "other", "less", "more", "twice"])):
        case "text" if isinstance(part[at], str):
            part[at] = data.draw(st.text(min_size=1, max_size=60) | st.sampled_from([*LITERAL, *UNSEEN.values()]))
        case "less":
            del part[at]
        case "more" if isinstance(part, dict):
            part[data.draw(st.text(max_size=12))] = data.draw(ANYTHING)
        case "twice" if isinstance(part, list):
            part.insert(at, part[at])
        case _:
            part[at] = data.draw(ANYTHING)


def assert_refused_or_printed(data: st.DataObject, sample: Any, asked: Any, profile: Any, renderer: Renderer) -> None:
    of = data.draw(st.sampled_from(PACKS))
    value = sample(data.draw(st.integers(0, len(of.samples()) - 1)), of)
    for _ in range(data.draw(st.integers(1, 4))):
        spoil(data, value)
    try:
        read = canonical.parse(json.dumps(value).encode())
    except DocumentError:
        return
    checked = of.check(read, today=TODAY, office=profile)
    for problem in checked.problems:
        for language in ("id", "en"):
            assert re.search(r"[.!?”]$", problem.text(language)), problem.text(language)
    if checked.decision is None:
        assert checked.problems
        return
    public = {**checked.decision.public, "private_commitment": "ab" * 32}
    try:
        rendered = renderer.render(of, **asked(of, public))
    except DocumentError:
        return
    document = pypdfium2.PdfDocument(rendered.pdf)
    try:
        assert len(document) == rendered.pages
        assert bytes(document.get_attachment(0).get_data()) == canonical.dump(public)
    finally:
        document.close()


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_file_is_refused_in_words_or_printed(
    sample, asked, profile, renderer: Renderer, data: st.DataObject
) -> None:
    assert_refused_or_printed(data, sample, asked, profile, renderer)


@pytest.mark.long
@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_of_many_files_is_refused_in_words_or_printed(
    sample, asked, profile, renderer: Renderer, data: st.DataObject
) -> None:
    assert_refused_or_printed(data, sample, asked, profile, renderer)
