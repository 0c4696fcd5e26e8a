"""Who has which place and page, by hand."""

import pytest

from whet.rollout.engine.paged_room import PagedRoom
from whet.rollout.engine.row_table import RowTable


def table(pages: int = 20) -> RowTable:
    """Two prompts of two pages and of one, with two rows each: places 0 to 3 of eight."""
    made = RowTable(PagedRoom(rows=8, pages=pages, prompt_pages=2, own_pages=3))
    assert made.begin([200, 7], 2).tolist() == [[1, 2], [3, 0]]
    return made


def test_rows_share_the_pages_of_their_prompt() -> None:
    made = table()
    assert made.places == [0, 1, 2, 3]
    assert made.lines[:4].tolist() == [[200, 0, 1, 2, 0, 0, 0, 0]] * 2 + [[7, 0, 3, 0, 0, 0, 0, 0]] * 2
    assert not made.lines[4:].any(), "places without a row read and write scrap"


def test_rows_get_pages_for_the_tokens_of_a_burst() -> None:
    """A page at first; at 127 tokens eight more need another."""
    made = table()
    assert made.make_room(8, 300)[:4, 4:7].tolist() == [[4, 0, 0], [5, 0, 0], [6, 0, 0], [7, 0, 0]]
    made.advance(8)
    assert made.make_room(8, 300)[0].tolist() == [200, 8, 1, 2, 4, 0, 0, 0]
    made.rows[1].stored = 127
    assert made.make_room(8, 300)[:3, 4:7].tolist() == [[4, 0, 0], [5, 8, 0], [6, 0, 0]]


def test_a_row_whose_pages_are_full_has_a_column_more() -> None:
    """Or else a kernel that loads the next page ahead would read past the table's end."""
    made = table()
    made.rows[0].stored = 3 * 128 - 8
    assert made.make_room(8, 3 * 128)[0].tolist() == [200, 376, 1, 2, 4, 5, 6, 0]


def test_tokens_past_the_limit_go_to_scrap() -> None:
    made = table()
    made.rows[0].stored = 125
    assert made.make_room(8, 128)[0].tolist() == [200, 125, 1, 2, 4, 0, 0, 0]


def test_what_ended_rows_had_goes_to_those_that_begin() -> None:
    """The first prompt's pages are free once both of its rows have ended, its rows' own and their places at once."""
    made = table(pages=10)
    made.make_room(8, 300)
    assert made.free_pages == [9, 8]
    made.keep([1, 3])
    assert made.places == [1, 3]
    assert sorted(made.free_pages) == [4, 6, 8, 9]
    assert not made.lines[[0, 2]].any()
    made.keep([1])
    assert sorted(made.free_pages) == [1, 2, 4, 5, 6, 8, 9]
    (prompt,) = made.begin([5], 3).tolist()
    assert made.places == [3, 0, 1, 2], "the new ones come last"
    assert made.lines[:3, 2:4].tolist() == [prompt] * 3


def test_no_page_has_two_owners() -> None:
    made = RowTable(PagedRoom(rows=8, pages=60, prompt_pages=2, own_pages=4))
    for step in range(60):
        if len(made.rows) <= 4:
            made.begin([1 + 40 * step % 256, 3], 2)
        made.make_room(40, 500)
        made.advance(40)
        own = [page for row in made.rows for page in row.pages]
        prompts = {id(row.prompt): row.prompt.pages for row in made.rows}
        taken = [*own, *(page for pages in prompts.values() for page in pages)]
        assert sorted([*taken, *made.free_pages]) == list(range(1, 60))
        assert sorted([*made.places, *made.free_places]) == list(range(8))
        made.keep([number for number in range(len(made.rows)) if (number + step) % 3 or made.rows[number].stored < 80])


def test_too_few_pages_are_out_of_memory() -> None:
    made = table(pages=6)
    with pytest.raises(MemoryError, match="no page"):
        made.make_room(8, 300)


def test_rows_are_moved_to_the_first_places() -> None:
    made = table()
    made.keep([1, 3])
    assert made.pack(2) == ([3], [0])
    assert (made.places, made.free_places[0]) == ([1, 0], 2)
    assert made.lines[0].tolist() == [7, 0, 3, 0, 0, 0, 0, 0]
    assert not made.lines[2:].any()
    assert made.pack(2) == ([], [])
