import io
import pathlib
import runpy

import pytest
from fontTools.ttLib import TTFont

from registry.formats.errors import UnavailableError
from templates import fonts, packs


@pytest.mark.parametrize("face", ["regular", "bold"])
def test_the_typeface_has_every_letter_of_the_repertoire(face: str) -> None:
    letters = TTFont(io.BytesIO(getattr(fonts.Fonts.find(), face))).getBestCmap()
    assert {letter for letter in fonts.REPERTOIRE if ord(letter) not in letters} == set()


def test_everything_written_in_packs_and_profiles_is_in_the_repertoire() -> None:
    folder = pathlib.Path(packs.__file__).parent
    for path in (*folder.rglob("*.html"), *folder.rglob("*.toml"), *folder.rglob("genset/v1/pack.py")):
        assert fonts.foreign_letters(path.read_text("utf-8").replace("\n", "")) == "", path


@pytest.mark.parametrize(
    "letter", ["\u00a0", "\u00ad", "\u200b", "\u200d", "\u202e", "\ufeff", "\x00", "\n", "漢", "😀", "ا"]
)
def test_letters_that_nobody_sees_or_the_typeface_lacks_are_foreign(letter: str) -> None:
    assert fonts.foreign_letters(f"a{letter}b{letter}") == letter


def test_a_missing_font_names_the_package_to_install(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnavailableError, match=r"apt-get install fonts-liberation2.*brew install"):
        fonts.Fonts.find([tmp_path, tmp_path / "nowhere"])


def test_a_folder_with_only_one_face_is_passed_over(tmp_path: pathlib.Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "LiberationSans-Regular.ttf").write_bytes(b"half")
    (tmp_path / "whole").mkdir()
    for name in ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"):
        (tmp_path / "whole" / name).write_bytes(b"whole")
    assert fonts.Fonts.find([tmp_path / "half", tmp_path / "whole"]).regular == b"whole"


def test_faces_are_found_in_a_folder_inside_and_the_newer_release_first(tmp_path: pathlib.Path) -> None:
    for release in ("liberation", "liberation2"):
        folder = tmp_path / "truetype" / release
        folder.mkdir(parents=True)
        for name in ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"):
            (folder / name).write_bytes(release.encode())
    assert fonts.Fonts.find([tmp_path]).bold == b"liberation2"


def test_the_launcher_looks_in_the_same_places() -> None:
    launcher = runpy.run_path(str(pathlib.Path(packs.__file__).parents[1] / "absah"))
    assert list(launcher["FONT_FOLDERS"]) == [pathlib.Path(folder).expanduser() for folder in fonts.FOLDERS]


def test_texts_are_found_at_their_paths() -> None:
    assert dict(fonts.texts({"a": ["x", {"b": "y"}], "n": 1})) == {"a[0]": "x", "a[1].b": "y"}
