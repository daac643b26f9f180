"""Which ranges were a person's on a day and which work faces were active, for recorded punches judged anew (pure).

Sections, their ranges and faces are taken as they are known now, for the site's day on which a punch happened.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from geofences.sections import SectionRange
from geofences.work_faces import WorkFace


class Posting(NamedTuple):
    """An assignment: section (None: the whole project), first and last day of duty (None: until further notice)."""

    person_id: UUID
    section_id: UUID | None
    from_on: date
    to_on: date | None


class DatedFace(NamedTuple):
    """A work face with its first and last day (None: until further notice)."""

    face: WorkFace
    from_on: date
    to_on: date | None


class Situation(NamedTuple):
    """What a check-in looks at beside the fences: the ranges of the person's sections, the faces of the day."""

    within: tuple[SectionRange, ...] = ()
    faces: tuple[WorkFace, ...] = ()


NO_SITUATION: Final = Situation()


class Standings:
    """Everybody's sections and all faces of one project, by day; situations are numbered as they are met."""

    def __init__(
        self,
        postings: Iterable[Posting] = (),
        ranges: Mapping[UUID, Sequence[SectionRange]] | None = None,
        faces: Sequence[DatedFace] = (),
    ) -> None:
        """Take them; `ranges` are those of each section."""
        self._ranges = ranges or {}
        self._faces = faces
        self._postings: dict[UUID, list[Posting]] = {}
        for one in postings if self._ranges else ():
            self._postings.setdefault(one.person_id, []).append(one)
        self._numbers: dict[Situation, int] = {NO_SITUATION: 0}
        self._known: dict[tuple[bytes | None, date], int] = {}
        self.situations: list[Situation] = [NO_SITUATION]

    @property
    def says_nothing(self) -> bool:
        """Tell whether nobody has a range and there is no face, so that every situation is the first one."""
        return not self._faces and not self._postings

    def number(self, person_id: bytes | None, day: date) -> int:
        """Return the index into `situations` of a person's situation on a site-local day."""
        key = person_id, day
        if key not in self._known:
            found = Situation(self.within_on(person_id, day), self.faces_on(day))
            if found not in self._numbers:
                self._numbers[found] = len(self.situations)
                self.situations.append(found)
            self._known[key] = self._numbers[found]
        return self._known[key]

    def within_on(self, person_id: bytes | None, day: date) -> tuple[SectionRange, ...]:
        """Return the ranges of a person's sections; none if one of the assignments is for the whole project."""
        mine = self._postings.get(UUID(bytes=person_id), ()) if person_id is not None else ()
        sections = {one.section_id for one in mine if _holds(one.from_on, one.to_on, day)}
        if None in sections:
            return ()
        ordered = sorted(one for one in sections if one is not None)
        return tuple(found for section in ordered for found in self._ranges.get(section, ()))

    def faces_on(self, day: date) -> tuple[WorkFace, ...]:
        """Return the faces that are active on a site-local day."""
        return tuple(one.face for one in self._faces if _holds(one.from_on, one.to_on, day))


def _holds(from_on: date, to_on: date | None, day: date) -> bool:
    return from_on <= day and (to_on is None or day <= to_on)
