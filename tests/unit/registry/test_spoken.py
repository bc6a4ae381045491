import ast
import datetime
import pickle
import string
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages import pofile
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.language import LANGUAGES
from registry.formats.logentry import Event
from registry.formats.record import Kind, Status
from registry.formats.spoken import SpokenError, SpokenUnavailableError, Word, word
from registry.handovers import Capacity
from registry.lifecycle import CHANGES, ChangeError

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {"registry": ("registry", "signing"), "cli": ("cli",)}
JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime.datetime(2026, 11, 23, 5, 5, tzinfo=datetime.UTC)
ENDED = "Pada {moment} {kind} {number} sudah {status}; yang dapat {change} hanya {kind} yang {allowed}."
MISSING = "Isian {field} masih kosong. Isi seperti yang tertulis pada dokumennya."


def modules(catalogue: str) -> Iterator[ast.Module]:
    for package in PACKAGES[catalogue]:
        for path in (ROOT / package).rglob("*.py"):
            yield ast.parse(path.read_text("utf-8"))


def marked(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
        return ast.literal_eval(node.args[0])
    return None


def messages(catalogue: str) -> set[str]:
    return {text for module in modules(catalogue) for node in ast.walk(module) if (text := marked(node))}


def english(catalogue: str) -> dict[str, str]:
    with (ROOT / catalogue / f"locale/en/LC_MESSAGES/{catalogue}.po").open("rb") as file:
        return {message.id: message.string for message in pofile.read_po(file, locale="en", abort_invalid=True)}


def gaps(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def spoken_classes() -> set[str]:
    """The names of every error that officers read, in all packages."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for catalogue in PACKAGES
        for module in modules(catalogue)
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    found = {"SpokenError", "SpokenUnavailableError"}
    while heirs := {name for name, above in bases.items() if above & found} - found:
        found |= heirs
    return found


def refusals(catalogue: str) -> Iterator[tuple[str | None, set[str]]]:
    """The template of each refusal that is raised, and the names of what is put into its gaps."""
    classes = spoken_classes()
    for module in modules(catalogue):
        constants = {
            target.id: marked(node.value)
            for node in ast.walk(module)
            if isinstance(node, ast.AnnAssign) and isinstance(target := node.target, ast.Name) and node.value
        }
        for node in ast.walk(module):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in classes:
                [template] = node.args
                said = constants.get(template.id) if isinstance(template, ast.Name) else marked(template)
                yield said, {keyword.arg or "**" for keyword in node.keywords}


@pytest.mark.parametrize("catalogue", PACKAGES)
def test_every_sentence_has_its_english_one_with_the_same_gaps(catalogue: str) -> None:
    known = english(catalogue)
    said = messages(catalogue)
    assert len(said) > 50
    for message in sorted(said):
        assert known.get(message), message
        assert known[message] != message or catalogue == "cli", message
        assert gaps(known[message]) == gaps(message), message


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    assert english("registry").keys() - {""} == messages("registry")


@pytest.mark.parametrize("catalogue", PACKAGES)
def test_every_refusal_is_a_sentence_of_the_catalogue_with_all_of_its_gaps_filled(catalogue: str) -> None:
    found = list(refusals(catalogue))
    assert len(found) > 20
    for template, given_ in found:
        assert template is not None
        assert gaps(template) == given_, template


def test_every_state_change_and_kind_has_its_word() -> None:
    for value in (*Status, *CHANGES, *Kind):
        said = SpokenError("{word}", word=value).text("id")
        assert said != value.value
        assert SpokenError("{word}", word=value).text("en") != said


def test_states_and_dates_are_said_in_the_reader_s_language_and_on_the_office_s_clock() -> None:
    error = ChangeError(
        ENDED,
        kind=Kind.PERMIT,
        number="503/1",
        moment=NOON,
        status=Status.REVOKED,
        change=Event.REINSTATE,
        allowed=(Status.IN_FORCE, Status.SUSPENDED),
    )
    assert error.text("id", JAKARTA) == (
        "Pada 23 November 2026 pukul 12.05 WIB izin 503/1 sudah dicabut; yang dapat diberlakukan kembali hanya izin "
        "yang berlaku atau dibekukan."
    )
    assert error.text("en", JAKARTA) == (
        "the permit 503/1 is revoked on 23 November 2026 at 12:05 WIB; to be reinstated it must be in force or "
        "suspended"
    )
    assert "pukul 05.05 UTC" in error.text("id")
    assert str(error) == (
        "the permit 503/1 is revoked on 2026-11-23T05:05:00+00:00; to be reinstated it must be in force or suspended"
    )


@pytest.mark.parametrize(
    ("kind", "named", "english"),
    [
        (Kind.PERMIT, "Izin", "the permit"),
        (Kind.DECREE, "Keputusan", "the decree"),
        (Kind.LETTER, "Surat keterangan", "the letter"),
    ],
)
def test_a_refusal_says_what_kind_of_document_it_is_about(kind, named, english) -> None:
    error = ChangeError("{kind} {number} belum terbit, jadi belum ada yang dapat diubah.", kind=kind, number="503/1")
    assert error.text("id") == f"{named} 503/1 belum terbit, jadi belum ada yang dapat diubah."
    assert error.text("en") == f"{english} 503/1 was not issued: there is nothing to change yet"
    assert (word(kind, "id"), f"the {word(kind, 'en')}") == (named.lower(), english)


def test_what_was_typed_keeps_its_small_letter_where_it_begins_a_sentence() -> None:
    said = SpokenError("{path} sudah ada, dan cadangan tidak pernah ditimpa. Pilih nama lain.", path="a/b").text("id")
    assert said.startswith("a/b sudah ada")


def test_names_of_fields_are_translated_and_what_was_typed_is_not() -> None:
    error = SpokenError(MISSING, field=Word("nama penerima"))
    assert error.text("id").startswith("Isian nama penerima masih kosong")
    assert error.text("en").startswith("the recipient is missing")
    assert SpokenError(MISSING, field="nama penerima").text("en").startswith("the nama penerima is missing")


def test_braces_in_what_was_typed_are_no_gaps() -> None:
    assert "{number}" in SpokenError(MISSING, field="{number}", number=7).text("id")


def test_a_refusal_within_a_refusal_is_said_in_the_same_language() -> None:
    inner = SpokenError(MISSING, field=Word("alasan"))
    outer = SpokenUnavailableError("Catatan log {index} tidak terbaca ({reason}).", index=3, reason=inner)
    assert "3 tidak terbaca (Isian alasan masih kosong." in outer.text("id")
    assert "entry 3 of the log cannot be read: the reason is missing" in outer.text("en")
    assert str(outer) == outer.text("en")


def test_what_was_not_written_for_officers_says_what_it_says_in_every_language() -> None:
    for language in LANGUAGES:
        assert DocumentError("a {strange} proof").text(language, JAKARTA) == "a {strange} proof"
        assert UnavailableError("no answer").text(language) == "no answer"


def test_a_refusal_that_crossed_a_process_says_the_same() -> None:
    error = ChangeError(
        ENDED, kind=Kind.DECREE, number="503/1", moment=NOON, status=Status.REVOKED, change=Event.REVOKE, allowed=()
    )
    assert pickle.loads(pickle.dumps(error)).text("id") == error.text("id")


parts = st.text() | st.sampled_from([*Status, *Event, *Capacity]) | st.builds(Word, st.text())
values = (
    parts
    | st.integers()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(datetime.UTC) | st.timezones())
    | st.lists(parts).map(tuple)
    | st.text().map(DocumentError)
    | st.text().map(UnavailableError)
)
zones = st.none() | st.timezones()


@given(
    template=st.sampled_from(sorted(messages("registry"))),
    params=st.dictionaries(
        st.sampled_from(sorted({name for one in messages("registry") for name in gaps(one)})), values
    ),
    language=st.sampled_from(LANGUAGES),
    zone=zones,
)
def test_a_refusal_can_always_be_said(template, params, language, zone) -> None:
    error = SpokenError(template, **params)
    said = error.text(language, zone)
    assert said
    assert str(error)
    for name in gaps(template) - params.keys():
        assert f"{{{name}}}" in said
