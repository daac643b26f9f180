"""Pages of lists."""

from hypothesis import given
from hypothesis import strategies as st

from backend.kit.wire import page_of


@given(st.lists(st.integers(), unique=True, max_size=60), st.integers(1, 20))
def test_following_pages_show_every_row_once(rows: list[int], limit: int) -> None:
    shown: list[str] = []
    begin = 0
    while True:
        page = page_of(rows[begin : begin + limit + 1], limit, str, mark=lambda row: row)
        assert len(page.items) <= limit
        shown += page.items
        if page.next is None:
            break
        assert page.next == page.items[-1]
        begin = rows.index(int(page.next)) + 1
    assert shown == [str(row) for row in rows]


def test_the_mark_is_of_the_row_and_not_of_what_is_made_of_it() -> None:
    assert page_of([1, 2, 3], 2, lambda row: -row, mark=lambda row: f"row {row}").next == "row 2"
    assert page_of([1, 2], 2, lambda row: -row, mark=lambda row: row).next is None
