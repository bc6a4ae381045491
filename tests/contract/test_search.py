"""The office's own search: a part of a name, as officers type it, and the newest first."""

import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from registry import schema, search
from registry.formats.record import Kind
from registry.search import SearchError

NOW = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.UTC)
NAMES = [
    "PT Maju Jaya",
    "CV. Citra  Nusantara",
    "José Álvarez",
    "Straße & Söhne",
    "ABC_DEF 100%",
    'PT "Kutip" - Tanda*',
    "Ｆｕｌｌ　Ｗｉｄｔｈ",
    "Ma\u200bju Bersama",
]


@pytest.fixture
def permits(counter):
    """A permit for each name; the search finds a permit as soon as it is frozen."""
    return {name: counter.frozen(f"R{n}", holder=name) for n, name in enumerate(NAMES)}


@pytest.fixture
def find(database, permits):
    def names(text: str, limit: int = 10) -> list[str]:
        numbers = {permit.number: name for name, permit in permits.items()}
        with database.read() as tx:
            return [numbers[hit.number] for hit in search.by_holder(tx, text=text, limit=limit)]

    return names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aju", ["Ma\u200bju Bersama", "PT Maju Jaya"]),
        ("MAJU J", ["PT Maju Jaya"]),
        ("  maju\tjaya ", ["PT Maju Jaya"]),
        ("citra nus", ["CV. Citra  Nusantara"]),
        ("cv. citra", ["CV. Citra  Nusantara"]),
        ("jose", ["José Álvarez"]),
        ("JOSÉ ALV", ["José Álvarez"]),
        ("jose\u0301", ["José Álvarez"]),
        ("strasse", ["Straße & Söhne"]),
        ("sohne", ["Straße & Söhne"]),
        ("full width", ["Ｆｕｌｌ　Ｗｉｄｔｈ"]),
        ("c_d", ["ABC_DEF 100%"]),
        ("c%d", []),
        ("100%", ["ABC_DEF 100%"]),
        ("a%a", []),
        ("a_u", []),
        ("%%%", []),
        ("___", []),
        ("***", []),
        ('"kutip"', ['PT "Kutip" - Tanda*']),
        ('"""', []),
        ("tanda*", ['PT "Kutip" - Tanda*']),
        ("maju*", []),
        ("- tanda", ['PT "Kutip" - Tanda*']),
        ("maju NOT jaya", []),
        ("maju OR citra", []),
        ("name:maju", []),
        ("maj\\u", []),
        ("maju\0jaya", []),
        ("xyz", []),
    ],
)
def test_a_part_of_a_name_finds_it_however_it_is_typed(find, text, found) -> None:
    assert find(text) == found


@pytest.mark.parametrize("text", ["", "  ", "ab", " a b".strip()[:2], "e\u0301e\u0301", "\u200b\u200bab", "\0\0\0"])
def test_fewer_than_three_letters_are_refused(find, text) -> None:
    with pytest.raises(SearchError, match="at least 3 letters"):
        find(text)


def test_the_newest_come_first_and_no_more_than_asked_for(counter, database) -> None:
    permits = [counter.frozen(f"N{n}", holder=f"PT Sama {n}") for n in range(5)]
    with database.read() as tx:
        hits = search.by_holder(tx, text="pt sama", limit=3)
    assert [hit.number for hit in hits] == [permit.number for permit in reversed(permits[2:])]
    assert hits[0] == search.Hit(
        instrument=permits[4].id,
        kind=Kind.PERMIT,
        serial=permits[4].serial,
        number=permits[4].number,
        name="pt sama 4",
    )


def test_a_name_that_changed_before_the_issue_is_found_by_the_new_one_alone(counter, database) -> None:
    permit = counter.frozen("A", holder="PT Lama Sekali")
    with database.write() as tx:
        search.keep(tx, instrument=permit.id, name="PT Baru Sekali")
        assert search.by_holder(tx, text="lama", limit=5) == []
        assert [hit.number for hit in search.by_holder(tx, text="baru", limit=5)] == [permit.number]


def test_a_name_that_was_taken_back_is_not_found_any_more(counter, database) -> None:
    permit = counter.frozen("A", holder="PT Hapus Saja")
    with database.write() as tx:
        table = schema.permit_names
        tx.execute(table.update().where(table.c.instrument == permit.id).values(name="pt ganti saja"))
        assert search.by_holder(tx, text="hapus", limit=5) == []
        tx.execute(table.delete().where(table.c.instrument == permit.id))
        assert search.by_holder(tx, text="ganti", limit=5) == []


def test_the_index_answers_the_search(counter, database) -> None:
    """Reading every name would do for a hundred permits, and not for a million."""
    counter.frozen("A")
    with database.read() as tx:
        statements: list[str] = []
        sa.event.listen(tx, "before_cursor_execute", lambda *seen: statements.append(seen[2]), named=False)
        search.by_holder(tx, text="contoh", limit=5)
        if database.dialect == "sqlite":
            assert "MATCH" in statements[-1]
            return
        tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = tx.execute(sa.text("EXPLAIN SELECT 1 FROM permit_names WHERE name LIKE '%contoh%'")).scalars()
        assert any("ix_permit_names_trigrams" in line for line in plan)


_name = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_name, min_size=1, max_size=4), st.data())
def test_a_name_is_found_by_what_it_holds_and_by_nothing_else(counter, database, unused, names, data) -> None:
    first = next(unused)
    permit = counter.frozen(f"random {first}")
    whole = data.draw(st.sampled_from(names))
    start = data.draw(st.integers(0, len(whole)))
    text = data.draw(st.just(whole[start : start + data.draw(st.integers(1, 6))]) | _name)
    assume(len(search.fold(text)) >= search.LETTERS)
    with database.write() as tx:
        for name in names:
            search.keep(tx, instrument=permit.id, name=name)
            hits = {hit.instrument for hit in search.by_holder(tx, text=text, limit=1_000)}
            assert (permit.id in hits) is (search.fold(text) in search.fold(name))
        search.keep(tx, instrument=permit.id, name="")


@given(_name)
def test_folding_once_is_enough(text) -> None:
    assert search.fold(search.fold(text)) == search.fold(text)
