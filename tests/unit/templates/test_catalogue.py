import ast
import importlib
import pathlib
import re
import typing
from collections.abc import Iterator
from types import ModuleType

import pydantic
import pytest
from babel.messages import pofile

from registry.formats.language import translations
from templates import limits, packs, parts, problems, reading

FOLDER = pathlib.Path(parts.__file__).parent
PACKS = list(packs.versions().values())
ASKS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Names and words that are the same in both languages.
SAME_IN_BOTH = {"Desa", "Kelurahan", "Unit {unit}"}


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


def sentences(path: pathlib.Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{label}" in node.value:
            yield node.value


def marked(path: pathlib.Path) -> Iterator[str]:
    """What stands in N_("…")."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)


def words(module: ModuleType) -> Iterator[str]:
    for labels in module.LABELS.values():
        yield from labels.values()


def spoken(pack: packs.Pack) -> set[str]:
    """Everything that officers and the public read of a pack, apart from the page."""
    model = importlib.import_module(f"templates.packs.{pack.type}.{pack.folder.name}.model")
    found = {*titles(model.Decision), *words(model), pack.title}
    if (pack.folder / "checks.py").is_file():
        found |= {*sentences(pack.folder / "checks.py")}
    for line in pack.manifest.public:
        found |= {line.label}
        if re.search(r"[^\W\d_]{4}", ASKS.sub("", line.value)):
            found.add(line.value)
    return found


SHARED_MODULES = sorted(path for room in (".", "plates", "typesetting") for path in (FOLDER / room).glob("*.py"))
SHARED = {
    *(
        title
        for part in vars(parts).values()
        if isinstance(part, type) and issubclass(part, parts.Part)
        for title in titles(part)
    ),
    *(sentence for path in SHARED_MODULES for sentence in sentences(path)),
    *(message for path in SHARED_MODULES for message in marked(path)),
    *words(parts),
    *(reading.WHOLE_FILE, reading.LIST_ITEM, problems._OF_UNIT, reading.UNKNOWN_FIELD, reading.UNKNOWN_FIELD_OF_ITEM),
}


def known(path: pathlib.Path) -> set[str]:
    with path.open("rb") as catalogue:
        return {str(message.id) for message in pofile.read_po(catalogue, locale="en") if message.id}


def own_catalogue(pack: packs.Pack) -> pathlib.Path:
    return pack.folder / "locale/en/LC_MESSAGES" / f"{pack.folder.name}.po"


SHARED_KNOWN = known(FOLDER / "locale/en/LC_MESSAGES/templates.po")
MESSAGES = sorted(
    {(pack.name, message) for pack in PACKS for message in spoken(pack)} | {("", text) for text in SHARED}
)


def test_there_is_something_to_translate() -> None:
    assert len(MESSAGES) > 100


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_every_message_has_an_english_one_with_the_same_places(name: str, message: str) -> None:
    package = "templates.packs." + name.replace("/", ".") if name else "templates"
    english = translations(package, "en").gettext(message)
    assert message in SHARED_KNOWN or (name and message in known(own_catalogue(packs.named(name))))
    assert english
    assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", message))


def test_what_is_the_same_in_both_languages_is_meant_so() -> None:
    same = {message for message in SHARED if translations("templates", "en").gettext(message) == message}
    assert same <= SAME_IN_BOTH


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_no_two_fields_of_a_decision_have_the_same_label(pack: packs.Pack) -> None:
    model = importlib.import_module(f"templates.packs.{pack.type}.{pack.folder.name}.model")
    found = list(titles(model.Decision))
    assert sorted(found) == sorted(set(found))


def test_the_shared_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    of_packs = {message for pack in PACKS for message in spoken(pack)}
    assert not SHARED_KNOWN - SHARED - of_packs


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_packs_catalogue_holds_nothing_that_is_no_longer_said(pack: packs.Pack) -> None:
    assert not known(own_catalogue(pack)) - spoken(pack)


SENTENCES = sorted(
    {
        sentence
        for path in (*SHARED_MODULES, *(pack.folder / "checks.py" for pack in PACKS))
        if path.is_file()
        for sentence in sentences(path)
    }
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_names_its_label_first_and_ends_with_a_remedy(sentence: str) -> None:
    assert sentence.startswith("{label}")
    finding, remedy = re.fullmatch(r"(.+?)\. (.+)\.", sentence).groups()
    assert finding
    assert len(remedy.split()) >= 2


def test_limits_are_said_in_both_languages() -> None:
    assert set(marked(pathlib.Path(limits.__file__))) <= SHARED_KNOWN
