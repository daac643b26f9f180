"""The wire forms of simulations and of what stands before a publication."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from backend.decision.ruling import Outcome
from backend.kit.wire import Wire
from geofences.history_schemas import DifferenceAnswer
from geofences.simulation import DAYS, MOST_DAYS, Simulation
from geofences.simulation_result import Bin
from geofences.unsealing import LeftOut

MOST_PEOPLE = 200


class SimulationBody(Wire, frozen=True, kw_only=True):
    """How far back recorded punches are replayed."""

    days: Annotated[int, Meta(ge=1, le=MOST_DAYS, description="days back from now")] = DAYS


class MoveAnswer(Wire, frozen=True, kw_only=True):
    """How many punches have one outcome by the fences in force and another (or the same) by the version."""

    before: Outcome
    after: Outcome
    punches: int


class BinAnswer(Wire, frozen=True, kw_only=True):
    """Punches from `from_m` to before `to_m` metres (null: no bound), and how many of them change."""

    from_m: float | None
    to_m: float | None
    punches: int
    newly_counted: int
    no_longer_counted: int


class LeftOutAnswer(Wire, frozen=True, kw_only=True):
    """Punches that were not simulated: they neither pass nor fail."""

    reason: LeftOut
    punches: int


class ChangedPersonAnswer(Wire, frozen=True, kw_only=True):
    """A person whose punches would change, and the worst margin of these afterwards (metres, positive inside)."""

    person_id: UUID
    person_name: str
    newly_counted: int
    no_longer_counted: int
    otherwise: int
    worst_margin_m: float | None


class OthersAnswer(Wire, frozen=True, kw_only=True):
    """Those whom the asker may not see by name, or who did not fit into the list, as numbers."""

    people: int
    newly_counted: int
    no_longer_counted: int
    otherwise: int
    punches_of_unknown: int


class SimulationSummary(Wire, frozen=True, kw_only=True):
    """What would become of the punches received from `since` to `until` if the version had been in force all along.

    Both sides are computed alike, so that they differ by the fence alone; `differs_from_record` counts punches whose
    stored outcome is another than the one computed for the fences in force. `complete` false: more punches than a
    simulation looks at, only the latest were.
    """

    number: int
    since: datetime
    until: datetime
    complete: bool
    simulated: int
    newly_counted: int
    no_longer_counted: int
    people_changed: int
    differs_from_record: int
    moves: list[MoveAnswer]
    left_out: list[LeftOutAnswer]


class SimulationAnswer(Wire, frozen=True, kw_only=True):
    """The summary with margins, places along the alignment, and the people concerned, those who lose most first."""

    summary: SimulationSummary
    margins: list[BinAnswer]
    chainages: list[BinAnswer]
    people: list[ChangedPersonAnswer]
    others: OthersAnswer


class PublicationPreviewAnswer(Wire, frozen=True, kw_only=True):
    """What publishing a version would do.

    `may_publish` false: the caller needs another person (`needs_second_person`) or the version is not ready.
    """

    number: int
    state: str
    may_publish: bool
    needs_second_person: bool
    in_force: int | None
    difference: DifferenceAnswer
    simulation: SimulationSummary


def summary_answer(found: Simulation) -> SimulationSummary:
    """Build the summary."""
    result = found.result
    moves = sorted(result.moves.items())
    return SimulationSummary(
        number=found.number,
        since=found.since,
        until=found.until,
        complete=found.complete,
        simulated=result.simulated,
        newly_counted=result.newly_counted,
        no_longer_counted=result.no_longer_counted,
        people_changed=len(result.people),
        differs_from_record=result.differs_from_record,
        moves=[MoveAnswer(before=before, after=after, punches=count) for (before, after), count in moves],
        left_out=[LeftOutAnswer(reason=reason, punches=count) for reason, count in result.left_out.items()],
    )


def simulation_answer(found: Simulation) -> SimulationAnswer:
    """Build the whole answer; people without a name for the asker are numbers only."""
    people = found.result.people
    ordered = sorted(people, key=lambda one: (-people[one].no_longer_counted, -people[one].newly_counted, one))
    named = [one for one in ordered if one in found.names][:MOST_PEOPLE]
    rest = [people[one] for one in set(people) - set(named)]
    return SimulationAnswer(
        summary=summary_answer(found),
        margins=[_bin(one) for one in found.result.margins],
        chainages=[_bin(one) for one in found.result.chainages],
        people=[
            ChangedPersonAnswer(
                person_id=one,
                person_name=found.names[one],
                newly_counted=people[one].newly_counted,
                no_longer_counted=people[one].no_longer_counted,
                otherwise=people[one].otherwise,
                worst_margin_m=people[one].worst_margin_m,
            )
            for one in named
        ],
        others=OthersAnswer(
            people=len(rest),
            newly_counted=sum(one.newly_counted for one in rest),
            no_longer_counted=sum(one.no_longer_counted for one in rest),
            otherwise=sum(one.otherwise for one in rest),
            punches_of_unknown=found.result.unknown_people,
        ),
    )


def _bin(one: Bin) -> BinAnswer:
    return BinAnswer(
        from_m=one.from_m,
        to_m=one.to_m,
        punches=one.punches,
        newly_counted=one.newly_counted,
        no_longer_counted=one.no_longer_counted,
    )
