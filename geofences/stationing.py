"""What chainage labels mean on an alignment with station equations (断链): label to continuous chainage and back.

Along an alignment one number only rises: the continuous chainage in metres, which is what is stored, compared and
projected to. Labels follow it until an equation `back = ahead` breaks them: from that place on they go on from `ahead`.
Between the breaks lie the branches. Where back > ahead (long chain, 长链) the labels from ahead to back stand at two
places, and a label needs the mark of its branch, a letter behind it: `K50+621.500A`. Where back < ahead (short chain,
短链) the labels between them stand nowhere.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from geofences.alignment_errors import (
    BeforeOrigin,
    BranchUnknown,
    ChainageAmbiguous,
    ChainageBeyond,
    ChainageInGap,
    EquationInvalid,
    LabelOfOtherAlignment,
    StretchReversed,
)
from geofences.chainage import END_M, format_chainage, parse_chainage
from geofences.projection import Stretch

MAX_EQUATIONS: Final = 200
LEAST_BREAK_M: Final = 0.01
"""Shortest branch and smallest break: below a centimetre two labels could not be told apart when they are rounded."""
# Half of a label's last digit: a label that was rounded out of its branch still belongs to it.
_ROUNDED_M: Final = 0.000_500_1
_DECIMALS: Final = 3


class Equation(NamedTuple):
    """One break: the label behind it, which ends, and the label ahead, which goes on; metres, order matters.

    `K50+622.760 = K50+621.166` is a long chain of 1.594 m.
    """

    back_m: float
    ahead_m: float


class Branch(NamedTuple):
    """A part of the alignment between two breaks: continuous chainages of its ends, and the label at its beginning."""

    mark: str
    from_m: float
    to_m: float
    label_m: float

    @property
    def label_to_m(self) -> float:
        """The number of the label at the branch's end."""
        return self.label_m + self.to_m - self.from_m

    def has(self, label_m: float) -> bool:
        """Tell whether a label's number stands in this branch."""
        return self.label_m - _ROUNDED_M <= label_m <= self.label_to_m + _ROUNDED_M

    def chainage_of(self, label_m: float) -> float:
        """Return the continuous chainage of a label's number, held in the branch."""
        return min(max(self.from_m + (label_m - self.label_m), self.from_m), self.to_m)


@dataclass(frozen=True, slots=True)
class Stationing:
    """The labels of one alignment: prefix and branches in order, at least one. Build it with `build_stationing`."""

    prefix: str
    branches: tuple[Branch, ...]

    @property
    def from_m(self) -> float:
        """Continuous chainage of the beginning."""
        return self.branches[0].from_m

    @property
    def to_m(self) -> float:
        """Continuous chainage of the end."""
        return self.branches[-1].to_m

    def speak(self, chainage_m: float, decimals: int = _DECIMALS) -> str:
        """Return the label of a continuous chainage, rounded to 0-3 decimals, with its mark where it needs one.

        At a break the label ahead is spoken. A label that does not exist is never spoken: near a break it is rounded
        the other way. Chainages beyond the ends by less than a millimetre are taken as the end; raises ChainageBeyond.
        """
        if not self.from_m - 0.001 <= chainage_m <= self.to_m + 0.001:
            said = format_chainage(chainage_m, self.prefix) if 0.0 <= chainage_m < END_M else f"{chainage_m:g}"
            raise self._beyond(said)
        branch = next((one for one in reversed(self.branches) if chainage_m >= one.from_m), self.branches[0])
        return self._spoken(branch, chainage_m, decimals)

    def speak_end(self, chainage_m: float, decimals: int = _DECIMALS) -> str:
        """Return the label of the end of a range: like `speak`, but at a break the label behind it."""
        behind = next((one for one in self.branches if chainage_m == one.to_m), None)
        return self.speak(chainage_m, decimals) if behind is None else self._spoken(behind, chainage_m, decimals)

    def _spoken(self, branch: Branch, chainage_m: float, decimals: int) -> str:
        label_m = branch.label_m + min(max(chainage_m - branch.from_m, 0.0), branch.to_m - branch.from_m)
        rounded, decimals = _rounded(label_m, branch, decimals)
        mark = branch.mark if len(self.branches) > 1 and sum(one.has(rounded) for one in self.branches) > 1 else ""
        return format_chainage(rounded, self.prefix, decimals) + mark

    def read(self, label: str, within: Sequence[Stretch] = ()) -> float:
        """Return the continuous chainage of a label in metres.

        `within` are the continuous ranges of a section: a label that stands at several places is the one of them in the
        section. Raises ChainageInvalid, LabelOfOtherAlignment, ChainageInGap (with the gap's ends), ChainageBeyond,
        ChainageAmbiguous (with every label that could be meant) or BranchUnknown.
        """
        asked = parse_chainage(label)
        said = format_chainage(asked.metres, asked.prefix) + asked.mark
        if asked.prefix != self.prefix:
            raise LabelOfOtherAlignment(label=said, prefix=self.prefix)
        found = [branch for branch in self.branches if branch.has(asked.metres)]
        if asked.mark and found:
            marked = [branch for branch in found if branch.mark == asked.mark]
            if not marked:
                raise BranchUnknown(label=said, mark=asked.mark, marks=_listed(branch.mark for branch in found))
            found = marked
        if len(found) > 1 and within:
            inside = [
                branch
                for branch in found
                if any(span.from_m <= branch.chainage_of(asked.metres) <= span.to_m for span in within)
            ]
            found = inside or found
        if len(found) > 1:
            plain = format_chainage(asked.metres, asked.prefix)
            raise ChainageAmbiguous(label=said, meant=_listed(plain + branch.mark for branch in found))
        if not found:
            raise self._nowhere(said, asked.metres)
        return found[0].chainage_of(asked.metres)

    def read_stretch(self, begin: str, end: str, within: Sequence[Stretch] = ()) -> Stretch:
        """Return the continuous range between two labels; raises like `read`, and StretchReversed."""
        stretch = Stretch(self.read(begin, within), self.read(end, within))
        if stretch.to_m <= stretch.from_m:
            raise StretchReversed(begin=begin, end=end)
        return stretch

    def equations(self) -> tuple[Equation, ...]:
        """Return the breaks in order."""
        pairs = zip(self.branches, self.branches[1:], strict=False)
        return tuple(Equation(behind.label_to_m, ahead.label_m) for behind, ahead in pairs)

    def _nowhere(self, said: str, label_m: float) -> ChainageInGap | ChainageBeyond:
        for equation in self.equations():
            if equation.back_m < label_m < equation.ahead_m:
                back, ahead = (format_chainage(one, self.prefix) for one in equation)
                return ChainageInGap(label=said, back=back, ahead=ahead)
        return self._beyond(said)

    def _beyond(self, said: str) -> ChainageBeyond:
        first, last = self.branches[0].label_m, self.branches[-1].label_to_m
        begin, end = (format_chainage(one, self.prefix) for one in (first, last))
        return ChainageBeyond(label=said, begin=begin, end=end)


@lru_cache(maxsize=4096)
def build_stationing(prefix: str, from_m: float, to_m: float, equations: tuple[Equation, ...] = ()) -> Stationing:
    """Lay the labels along an alignment whose continuous chainage runs from `from_m` to `to_m` metres.

    Until the first break a label says the continuous chainage itself; the breaks come in the order in which one meets
    them. Branches get the marks A, B, C ... Raises BeforeOrigin, or EquationInvalid for a break that breaks nothing (by
    less than 1 cm), lies off the alignment, or comes before the one before it.
    """
    if not 0.0 <= from_m < to_m < END_M:
        raise BeforeOrigin(chainage_m=round(from_m, 3))
    branches: list[Branch] = []
    begin_m, label_m = from_m, from_m
    for number, equation in enumerate(equations, 1):
        at_m = begin_m + (equation.back_m - label_m)
        sound = (
            number <= MAX_EQUATIONS
            and at_m >= begin_m + LEAST_BREAK_M
            and at_m <= to_m - LEAST_BREAK_M
            and abs(equation.back_m - equation.ahead_m) >= LEAST_BREAK_M
            and equation.ahead_m >= 0.0
            and equation.ahead_m + (to_m - at_m) < END_M
        )
        if not sound:
            back, ahead = (_said(prefix, one) for one in equation)
            raise EquationInvalid(number=number, back=back, ahead=ahead)
        branches.append(Branch(_mark(len(branches)), begin_m, at_m, label_m))
        begin_m, label_m = at_m, equation.ahead_m
    branches.append(Branch(_mark(len(branches)), begin_m, to_m, label_m))
    return Stationing(prefix, tuple(branches))


def _rounded(label_m: float, branch: Branch, decimals: int) -> tuple[float, int]:
    """Round a label so that it still stands in its branch, to more decimals if the branch is shorter than one unit."""
    for places in range(decimals, _DECIMALS):
        scale = 10.0**places
        for rounding in (round, math.floor, math.ceil):
            value = rounding(label_m * scale) / scale
            if branch.has(value):
                return value, places
    return round(label_m, _DECIMALS), _DECIMALS


def _mark(index: int) -> str:
    """Return A ... Z, AA, AB ... for 0, 1, 2 ..."""
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else _mark(index // 26 - 1) + letter  # noqa: PLR2004 - letters of the alphabet


def _said(prefix: str, metres: float) -> str:
    return format_chainage(metres, prefix) if 0.0 <= metres < END_M else f"{prefix} {metres:g}"


def _listed(names: Iterable[str]) -> str:
    return "、".join(names)
