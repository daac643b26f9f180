"""Cursors of pages of changed figures say where the next one begins, and nothing else is one."""

from base64 import urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.rates.differences import NOBODY, Place, read_place, write_place
from backend.kit.cursors import CursorInvalid


@given(
    before=st.uuids() | st.just(NOBODY),
    same=st.booleans(),
    moved=st.integers(-1000, 0),
    ids=st.tuples(st.uuids(), st.uuids(), st.uuids()),
)
def test_a_cursor_is_read_as_it_was_written(
    before: UUID, *, same: bool, moved: int, ids: tuple[UUID, UUID, UUID]
) -> None:
    project_id, post_id, person_id = ids
    place = Place(
        before=before, same_verdict=same, moved=moved, project_id=project_id, post_id=post_id, person_id=person_id
    )
    assert read_place(write_place(place)) == place


@given(data=st.data(), ids=st.tuples(st.uuids(), st.uuids(), st.uuids(), st.uuids()))
def test_what_is_made_of_a_cursor_is_a_place_or_refused(
    data: st.DataObject, ids: tuple[UUID, UUID, UUID, UUID]
) -> None:
    before, project_id, post_id, person_id = ids
    written = write_place(
        Place(before=before, same_verdict=True, moved=-7, project_id=project_id, post_id=post_id, person_id=person_id)
    )
    at = data.draw(st.integers(0, len(written) - 1))
    cursor = written[:at] + data.draw(st.text(max_size=2)) + written[at + data.draw(st.integers(0, 2)) :]
    try:
        place = read_place(cursor)
    except CursorInvalid:
        return
    assert read_place(write_place(place)) == place


@given(st.text(max_size=60))
def test_no_short_text_is_a_cursor(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        read_place(cursor)


@pytest.mark.parametrize("moved", ["2147483648", "-99999999999999999999", "1.5", ""])
def test_a_number_that_no_rate_moves_by_is_refused(moved: str) -> None:
    words = f"{NOBODY} 1 {moved} {NOBODY} {NOBODY} {NOBODY}"
    with pytest.raises(CursorInvalid):
        read_place(urlsafe_b64encode(words.encode()).decode().rstrip("="))
