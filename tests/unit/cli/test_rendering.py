"""What is said of a document that was made once more: every result in both languages, and what to do."""

import ast
import io
import pathlib

import pytest
from babel.messages import pofile

from cli import progress, rendering
from registry.formats.errors import UnavailableError
from signing.reprinting import Reprint, Result

FOLDER = pathlib.Path(rendering.__file__).parent


@pytest.mark.parametrize("result", Result)
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_result_is_said_with_its_number_and_no_gap_stays(result: Result, language: str) -> None:
    made = Reprint(
        number="503/001/CONTOH",
        result=result,
        pdf=b"%PDF-" if result in (Result.SAME, Result.DIFFERENT) else None,
        parts=("page 2", "attachment", "metadata", "file") if result is Result.DIFFERENT else (),
        fill_version=7,
        reason=UnavailableError("it is gone") if result in (Result.PLATE_LOST, Result.UNUSABLE) else None,
    )
    said = rendering.said(made, language)
    assert said.startswith("503/001/CONTOH: ")
    assert not set("{}") & set(said)
    if made.reason is not None:
        assert "it is gone" in said
    if made.parts:
        assert ("page 2, " if language == "en" else "halaman 2, ") in said
    if result is Result.OTHER_FILLING:
        assert " 7" in said


def test_a_difference_that_cannot_be_placed_says_why() -> None:
    made = Reprint(number="1", result=Result.DIFFERENT, pdf=b"%PDF-")
    assert "tidak ada di penyimpanan" in rendering.said(made, "id")


def test_every_sentence_has_an_english_one() -> None:
    catalogue = io.BytesIO((FOLDER / "locale/en/LC_MESSAGES/cli.po").read_bytes())
    english = {message.id: message.string for message in pofile.read_po(catalogue, locale="en", abort_invalid=True)}
    said = [
        node.args[0].value
        for module in (rendering, progress)
        for node in ast.walk(ast.parse(pathlib.Path(str(module.__file__)).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "N_"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(said) > 15
    assert [sentence for sentence in said if not english.get(sentence)] == []
