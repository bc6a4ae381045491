import ast
import pathlib
import re
import typing
from collections.abc import Iterator

import pydantic
import pytest
from babel.messages import pofile

from registry.formats.language import translations
from templates import packs, problems, reading
from templates.genset.v1 import labels, model

FOLDER = pathlib.Path(packs.__file__).parent


def titles(part: type[pydantic.BaseModel]) -> Iterator[str]:
    for field in part.model_fields.values():
        assert field.title, part
        yield field.title
        yield from (title for inner in models(field.annotation) for title in titles(inner))


def models(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from models(inner)


def sentences() -> Iterator[str]:
    for path in (FOLDER / "genset/v1/checks.py", FOLDER / "reading.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{label}" in node.value:
                yield node.value


def view_words() -> Iterator[str]:
    source = (FOLDER / "genset/v1/pack.py").read_text("utf-8")
    yield from re.findall(r'_\("([^"]+)"\)', source)
    yield from labels.VILLAGE_KIND.values()
    yield packs.pack("genset").title
    yield from (reading.WHOLE_FILE, reading.LIST_ITEM, problems._OF_UNIT)
    yield from (reading.UNKNOWN_FIELD, reading.UNKNOWN_FIELD_OF_ITEM)


MESSAGES = sorted({*titles(model.GensetDecision), *sentences(), *view_words()})
SAME_IN_BOTH = {"Desa", "Kelurahan", "Unit {unit}"}


def test_there_is_something_to_translate() -> None:
    assert len(MESSAGES) > 100


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_has_an_english_one_with_the_same_places(message: str) -> None:
    english = translations("templates", "en").gettext(message)
    assert (english != message) != (message in SAME_IN_BOTH)
    assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", message))


def test_no_two_fields_of_a_decision_have_the_same_label() -> None:
    labels_ = list(titles(model.GensetDecision))
    assert sorted(labels_) == sorted(set(labels_))


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    with (FOLDER / "locale/en/LC_MESSAGES/templates.po").open("rb") as catalogue:
        known = {message.id for message in pofile.read_po(catalogue, locale="en") if message.id}
    assert known == set(MESSAGES)


@pytest.mark.parametrize("sentence", sorted(sentences()))
def test_every_sentence_names_its_label_first_and_ends_with_a_remedy(sentence: str) -> None:
    assert sentence.startswith("{label}")
    finding, remedy = re.fullmatch(r"(.+?)\. (.+)\.", sentence).groups()
    assert finding
    assert len(remedy.split()) >= 2
