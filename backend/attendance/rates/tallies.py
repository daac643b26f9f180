"""Adds figures up as they come, so that those of a whole city need not lie in memory together."""

from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from backend.attendance.rates.evaluation import Sums, Verdict, add_sums, rate_of
from backend.attendance.rates.figures import Figure


class TallyFigures(TypedDict):
    """What a tally tells; days in `valid` in thousandths, rates in thousandths."""

    people: int
    met: int
    met_if_counted: int
    failed: int
    due: int
    valid: int
    rate: int | None
    own_rate: int | None
    likely_rate: int | None


@dataclass(slots=True)
class Tally:
    """The sum of people's figures, of whom none makes up for another."""

    _sums: Sums = field(default_factory=Sums)
    _people: set[UUID] = field(default_factory=set)
    _verdicts: dict[Verdict, int] = field(default_factory=dict)

    def add(self, figure: Figure) -> None:
        """Take in one person's figure."""
        # The sum so far is capped already: adding it again leaves it as it is.
        self._sums = add_sums((self._sums, figure.sums))
        self._people.add(figure.person_id)
        verdict = figure.verdict
        self._verdicts[verdict] = self._verdicts.get(verdict, 0) + 1

    def figures(self) -> TallyFigures:
        """Return what it comes to."""
        sums = self._sums
        return TallyFigures(
            people=len(self._people),
            met=self._verdicts.get("met", 0),
            met_if_counted=self._verdicts.get("met_if_counted", 0),
            failed=self._verdicts.get("failed", 0),
            due=sums.due,
            valid=sums.valid,
            rate=rate_of(sums.valid, sums.due),
            own_rate=rate_of(sums.own, sums.due),
            likely_rate=rate_of(sums.likely, sums.due),
        )
