"""Whose sections and which faces count on a day, as they count for a check-in."""

from datetime import date
from uuid import UUID

from geofences.sections import SectionRange
from geofences.standings import NO_SITUATION, DatedFace, Posting, Situation, Standings
from geofences.work_faces import WorkFace

LI, WANG = UUID(int=1), UUID(int=2)
EAST, WEST = UUID(int=11), UUID(int=12)
ALIGNMENT = UUID(int=21)
RANGES = {
    EAST: [SectionRange(ALIGNMENT, "K0+000", "K1+000"), SectionRange(None, 0.0, 1_000.0)],
    WEST: [SectionRange(ALIGNMENT, "K1+000", "K2+000")],
}
FACE = WorkFace(UUID(int=31), "1号", "K0+100", "K0+200")
MARCH, APRIL, MAY = (date(2026, month, 15) for month in (3, 4, 5))


def test_sections_count_from_the_first_to_the_last_day_of_duty() -> None:
    standings = Standings([Posting(LI, EAST, MARCH, APRIL), Posting(LI, WEST, APRIL, None)], RANGES)
    assert standings.within_on(LI.bytes, date(2026, 3, 14)) == ()
    assert standings.within_on(LI.bytes, MARCH) == tuple(RANGES[EAST])
    assert standings.within_on(LI.bytes, APRIL) == (*RANGES[EAST], *RANGES[WEST])
    assert standings.within_on(LI.bytes, MAY) == tuple(RANGES[WEST])
    assert standings.within_on(WANG.bytes, MARCH) == ()
    assert standings.within_on(None, MARCH) == ()


def test_an_assignment_for_the_whole_project_lifts_the_others() -> None:
    standings = Standings([Posting(LI, EAST, MARCH, None), Posting(LI, None, APRIL, APRIL)], RANGES)
    assert standings.within_on(LI.bytes, APRIL) == ()
    assert standings.within_on(LI.bytes, MAY) == tuple(RANGES[EAST])


def test_faces_count_on_their_days() -> None:
    standings = Standings(faces=[DatedFace(FACE, MARCH, APRIL)])
    active = [standings.faces_on(day) for day in (date(2026, 3, 14), MARCH, APRIL, MAY)]
    assert active == [(), (FACE,), (FACE,), ()]


def test_alike_situations_have_one_number() -> None:
    postings = [Posting(LI, EAST, MARCH, None), Posting(WANG, EAST, MARCH, None)]
    standings = Standings(postings, RANGES, [DatedFace(FACE, MAY, MAY)])
    assert not standings.says_nothing
    numbers = [standings.number(one.bytes, day) for one in (LI, WANG) for day in (MARCH, APRIL, MAY)]
    assert numbers == [1, 1, 2, 1, 1, 2]
    assert standings.number(None, MARCH) == 0
    assert standings.situations == [
        NO_SITUATION,
        Situation(tuple(RANGES[EAST]), ()),
        Situation(tuple(RANGES[EAST]), (FACE,)),
    ]


def test_without_ranges_and_faces_assignments_say_nothing() -> None:
    assert Standings([Posting(LI, EAST, MARCH, None)]).says_nothing
    assert Standings().number(LI.bytes, MARCH) == 0
