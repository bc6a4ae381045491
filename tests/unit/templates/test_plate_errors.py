"""What a pack's author is told of a page that no plate can be made of, before a permit is printed on it."""

from typing import Any

import pytest

from registry.formats.errors import UnavailableError
from templates.plates import placeholders
from templates.plates.plate import PlateError

NAME = '<p class="x">{{ f("name") }}</p>'
PLACE = '\n<p>{{ f("place") }}</p>'
PICTURE = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0IiBoZWlnaHQ9IjQiLz4="
)
INLINE = ".x .f{display:inline}"


@pytest.fixture
def refusal(renderer, made_up):
    """What is said of a page: all of it, and a letter on it that has both its fields."""

    def refuse(body: str, css: str = "", **fields: str) -> tuple[str, Any]:
        letter = made_up(body, css)
        fields = fields or {"name": "PT Contoh Jaya", "place": "Bangkinang"}
        with pytest.raises(PlateError) as refused:
            renderer.render(letter.pack, **letter.asked(**fields))
        return str(refused.value), letter

    return refuse


def test_an_error_in_a_page_is_none_of_the_officer_who_issues() -> None:
    assert issubclass(PlateError, UnavailableError)


def test_a_page_that_places_its_fields_as_it_should_is_printed(renderer, made_up) -> None:
    letter = made_up(NAME + PLACE)
    assert renderer.render(letter.pack, **letter.asked(name="PT Contoh Jaya", place="Bangkinang")).pages == 1


WRONG = {
    "unknown": (f'{NAME}<p>{{{{ f("nama") }}}}</p>', "", "nama", "no value that the pack gives"),
    "placed twice": (f'{NAME}<p>{{{{ f("name") }}}}</p>', "", "name", "placed twice, first in page.html line 3"),
    "only said again": ('<p>{{ again("name") }}</p>', "", "name", "never placed with f()"),
    "unknown, and said again": (f'{NAME}<p>{{{{ again("nama") }}}}</p>', "", "nama", "no value that the pack gives"),
    "text before it in a paragraph": ('<p class="x">Nama: {{ f("name") }}</p>', INLINE, "name", "stands before it"),
    "text behind it in a paragraph": ('<p class="x">{{ f("name") }}, itu</p>', INLINE, "name", "with other text"),
    "text before it in an item": ('<ol><li class="x">Nama {{ f("name") }}</li></ol>', INLINE, "name", "before it"),
    "text behind it in an item": ('<ol><li class="x">{{ f("name") }} itu</li></ol>', INLINE, "name", "other text"),
    "bold text before it": ('<p class="x"><b>Nama</b> {{ f("name") }}</p>', INLINE, "name", "stands before it"),
    "bold with text before it": ('<p class="x"><b>Nama {{ f("name") }}</b></p>', INLINE, "name", "stands before it"),
    "bold with text behind it": ('<p class="x"><b>{{ f("name") }} itu</b></p>', INLINE, "name", "other text"),
    "text laid over it": (
        '<p style="position:relative">{{ f("name") }}<i style="font-style:normal;position:absolute;left:3cm;top:0">x'
        "</i></p>",
        "",
        "name",
        "with other text",
    ),
    "another field beside it": (
        '<p class="x">{{ f("name") }} {{ f("nib") }}</p>',
        INLINE,
        "name",
        "with other text",
    ),
    "underlined": (NAME, ".x .f{text-decoration:underline}", "name", "is underlined"),
    "underlined with what it stands in": (f"<section>{NAME}</section>", "section{text-decoration:underline}", "name",
        "is underlined"),
    "underlined by its tag": ('<p><u>{{ f("name") }}</u></p>', "", "name", "is underlined"),
    "struck out": (NAME, ".x{text-decoration:line-through}", "name", "struck out"),
    "a line above it": (NAME, ".x{text-decoration:overline}", "name", "decorated"),
    "spaced letters": (NAME, ".x{letter-spacing:1px}", "name", "letters changed or spaced by CSS"),
    "capitals": (NAME, ".x{text-transform:uppercase}", "name", "CSS changes its letters"),
    "lower case": (NAME, ".x{text-transform:lowercase}", "name", "CSS changes its letters"),
    "in a picture's description": (f'<img alt="{{{{ f("name") | striptags }}}}" src="{PICTURE}">', "", "name",
        "is not on the page"),
    "in a title": ('<p title="{{ f("name") | striptags }}">x</p>', "", "name", "is not on the page"),
    "in a title once more": (f'{NAME}<p title="{{{{ again("name") | striptags }}}}">x</p>', "", "name",
        "is not on the page"),
    "in a link": ('<p><a href="https://contoh.example/{{ f("name") | striptags }}">x</a></p>', "", "name",
        "is not on the page"),
    "in a condition": ('{% if f("name") == "PT Contoh Jaya" %}<p>PT</p>{% endif %}', "", "name", "is not on the page"),
    "cut off by the template": ('<p>{{ (f("name") | striptags)[:3] }}</p>', "", "name", "is not on the page"),
    "half transparent": (NAME, ".x{opacity:.5}", "name", "is not on the page"),
    "wholly transparent": (NAME, ".x{opacity:0}", "name", "is not on the page"),
    "invisible": (NAME, ".x{visibility:hidden}", "name", "is not on the page"),
    "not displayed": (NAME, ".x{display:none}", "name", "is not on the page"),
    "without size": (NAME, ".x{font-size:0}", "name", "is not on the page"),
    "only its first line shown": (NAME, ".x .f{max-lines:1;continue:discard}", "name", "is not on the page"),
    "first letter of its own": (NAME, ".x .f::first-letter{font-weight:bold}", "name", "is not on the page"),
    "first line of its own": (NAME, ".x .f::first-line{font-weight:bold}", "name", "no one face and size"),
    "text generated before it": (NAME, '.x .f::before{content:"Yth. "}', "name", "stands before it"),
    "text generated behind it": (NAME, '.x .f::after{content:" dan"}', "name", "with other text"),
    "indented": (NAME, ".x{text-indent:5mm}", "name", "neither to the left, nor centred, nor to the right"),
    "hanging": (NAME, ".x{padding-left:5mm;text-indent:-5mm}", "name", "neither to the left"),
    "from right to left": (NAME, ".x{direction:rtl}", "name", ""),
    "justified and centred": ('<p class="x">{{ f("name", justify=True) }}</p>', ".x{text-align:center}", "name",
        "must begin at the left"),
    "two values justified": ('<p>{{ f("name", "nib", justify=True) }}</p>', "", "name/nib", "must be one field"),
    "no value": (f"{NAME}<p>{{{{ f() }}}}</p>", "", "", "must be one field"),
    "a column without width": (NAME, ".x{width:0}", "name", "without any width"),
    "repeated from the page into its head": (NAME, '.x{string-set:s content(text)}@page{@top-center{content:string(s);'
        "width:100%}}", "name", "does not begin where it was measured"),
    "quoted in the page's head": (
        NAME,
        '.x{string-set:s content(text)}@page{@top-center{content:"Nama: " string(s);width:100%}}',
        "name",
        "in one run with other text",
    ),
    "spaced words": (NAME, ".x{word-spacing:2px}", "name", "letters changed or spaced by CSS"),
    "words that begin with capitals": (NAME, ".x{text-transform:capitalize}", "name", "letters changed or spaced"),
    "letters that do not move together": (NAME, ".x{font-kerning:none}", "name", "letters changed or spaced by CSS"),
    "cut off below": (NAME, ".x{overflow:hidden;height:12pt}", "name", "may be clipped"),
    "cut off at the side": (NAME, ".x .f{overflow:hidden;text-overflow:ellipsis}", "name", "may be clipped"),
    "in a box": (
        '<p><b style="font-weight:normal;display:inline-block">{{ f("name") }}</b></p>',
        "",
        "name",
        "whose width depends on what is in it",
    ),
    "in a box in the middle": (
        '<p style="text-align:center"><b style="font-weight:normal;display:inline-block">{{ f("name") }}</b></p>',
        "",
        "name",
        "whose width depends on what is in it",
    ),
    "afloat to the left": (NAME, ".x{float:left}.x+p{clear:both}", "name", "whose width depends on what is in it"),
    "afloat to the right": (NAME, ".x{float:right}.x+p{clear:both}", "name", "whose width depends on what is in it"),
    "placed absolutely": (NAME, ".x{position:absolute;top:9cm;right:0}", "name", "whose width depends on what is in"),
    "in a table that fits what is in it": (
        '<table style="table-layout:auto"><tr><td>Nama</td><td>{{ f("name") }}</td></tr></table>',
        "",
        "name",
        "whose width depends on what is in it",
    ),
    "in a row that fits what is in it": (
        '<div style="display:flex"><div>{{ f("name") }}</div><div>Nama</div></div>',
        "",
        "name",
        "whose width depends on what is in it",
    ),
    "in a grid that fits what is in it": (
        '<div style="display:grid;grid-template-columns:auto auto"><div>{{ f("name") }}</div><div>Nama</div></div>',
        "",
        "name",
        "whose width depends on what is in it",
    ),
    "in a head that fits what is in it": (
        '<div class="head">{{ f("name") }}</div>',
        ".head{position:running(head)}@page{@top-center{content:element(head)}}",
        "name",
        "whose width depends on what is in it",
    ),
    "justified and not said to be": (NAME, ".x{text-align:justify}", "name", "justified by CSS"),
    "quoted by a link": ('<p id="n">{{ f("name") }}</p><a href="#n"></a>',
        "a::after{content:target-text(attr(href url))}", "name", ""),
}  # fmt: skip


@pytest.mark.parametrize(("body", "css", "field", "why"), WRONG.values(), ids=WRONG)
def test_a_page_is_refused_with_its_version_the_field_the_line_and_what_is_wrong(
    refusal, body: str, css: str, field: str, why: str
) -> None:
    others = {"nib": "8120"} if "nib" in body else {}
    said, letter = refusal(body + PLACE, css, name="PT Contoh Jaya", place="Bangkinang", **others)
    assert said.startswith(f"{letter.pack.name}: the field {field!r} (page.html line 3) ")
    assert why in said
    assert placeholders.LEAD not in said


def test_the_fields_that_a_page_never_places_are_named(refusal) -> None:
    said, letter = refusal(NAME, name="PT Contoh Jaya", place="Bangkinang", nib="8120")
    assert said == f"{letter.pack.name}: the page never places 'place', 'nib' with f()"


def test_a_field_in_a_macro_is_told_with_the_line_that_calls_and_the_line_that_places(refusal) -> None:
    said, _ = refusal(
        '{% macro row(name) %}\n<p class="x">Nama {{ f(name) }}</p>{% endmacro %}\n{{ row("name") }}' + PLACE, INLINE
    )
    assert "the field 'name' (page.html line 5, page.html line 4)" in said


@pytest.mark.parametrize(
    ("body", "css"),
    [
        ('<h2>{{ f("name") }}</h2>', ""),
        (NAME, ".x{bookmark-level:1;bookmark-label:content(text)}"),
        (f'{NAME}<h2 style="bookmark-label:attr(title)" title="{{{{ again("name") | striptags }}}}">x</h2>', ""),
        (f'<img alt="{{{{ again("name") | striptags }}}}" src="{PICTURE}">{NAME}', ""),
    ],
    ids=["heading", "bookmark", "bookmark of an attribute", "description beside it"],
)
def test_a_field_in_a_bookmark_or_a_description_is_refused(refusal, body: str, css: str) -> None:
    said, letter = refusal(body + PLACE, css)
    assert said.startswith(f"{letter.pack.name}: ")
    assert "bookmark" in said or "is not on the page" in said


@pytest.mark.parametrize("css", [".x{font-style:italic}", ".x{font-style:oblique}", ".x{font-family:serif}"])
def test_a_face_that_the_typeface_has_not_is_refused(refusal, css: str) -> None:
    said, _ = refusal(NAME + PLACE, css)
    assert "which is no face of the typeface" in said


def test_what_is_set_twice_from_one_call_is_found_on_the_page(refusal) -> None:
    said, _ = refusal('{% set name = f("name") %}<p>{{ name }}</p><p>{{ name }}</p>' + PLACE)
    assert "the field 'name' (page.html line 3) is 2 times on the page" in said


def test_a_field_in_a_running_head_of_more_pages_than_one_is_refused(refusal) -> None:
    said, _ = refusal(
        '<div class="head">{{ f("name") }}</div><p style="break-after:page">x</p>' + PLACE,
        ".head{position:running(head)}@page{@top-center{content:element(head);width:100%}}",
    )
    assert "the field 'name' (page.html line 3) is 2 times on the page" in said
