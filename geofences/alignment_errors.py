"""What can be wrong with an alignment, its chainage labels, its sections' ranges and its work faces."""

from backend.kit.errors import Conflict, InvalidInput, NotFound


class AlignmentUnknown(NotFound):
    """No such alignment on a project that the caller may see."""

    code = "alignments.unknown"


class AlignmentVersionUnknown(NotFound):
    """No such version of this alignment."""

    code = "alignments.version_unknown"


class AlignmentNotInForce(NotFound):
    """The alignment has no version that is valid at that instant. Detail: `at`."""

    code = "alignments.not_in_force"


class AlignmentNameTaken(Conflict):
    """Another alignment of the project has this name. Detail: `name`."""

    code = "alignments.name_taken"


class AlignmentBackdated(Conflict):
    """A later version must begin after the one before it. Detail: `valid_from`, `least`."""

    code = "alignments.backdated"


class LabelOfOtherAlignment(InvalidInput):
    """The label's prefix is another than the alignment's. Detail: `label`, `prefix`."""

    code = "alignments.other_prefix"


class PrefixUnknown(NotFound):
    """No alignment of the project has the label's prefix. Detail: `label`, `prefix`."""

    code = "alignments.prefix_unknown"


class PrefixAmbiguous(InvalidInput):
    """Several alignments of the project have the label's prefix and the chainage. Detail: `label`, `names`."""

    code = "alignments.prefix_ambiguous"


class ChainageInGap(InvalidInput):
    """The label lies in the gap of a short chain and was never a place. Detail: `label`, `back`, `ahead`."""

    code = "alignments.chainage_in_gap"


class ChainageBeyond(InvalidInput):
    """The label lies before the beginning or after the end of the alignment. Detail: `label`, `begin`, `end`."""

    code = "alignments.chainage_beyond"


class ChainageAmbiguous(InvalidInput):
    """The label stands at several places; it needs its branch or its section. Detail: `label`, `meant`."""

    code = "alignments.chainage_ambiguous"


class BranchUnknown(InvalidInput):
    """The label names a branch in which it does not stand. Detail: `label`, `mark`, `marks`."""

    code = "alignments.branch_unknown"


class StretchReversed(InvalidInput):
    """A range of chainage does not end after its beginning along the alignment. Detail: `begin`, `end`."""

    code = "alignments.stretch_reversed"


class StretchesOverlap(InvalidInput):
    """Two ranges of one section on one alignment overlap. Detail: `begin`, `end`."""

    code = "alignments.stretches_overlap"


class EquationInvalid(InvalidInput):
    """A station equation breaks nothing, is out of order, or lies off the alignment.

    Detail: `number` (from 1), `back`, `ahead`.
    """

    code = "alignments.equation_invalid"


class StartMissing(InvalidInput):
    """Without a known stake somebody must say the chainage of the first point."""

    code = "alignments.start_missing"


class BeforeOrigin(InvalidInput):
    """The alignment would begin at a negative chainage. Detail: `chainage_m`."""

    code = "alignments.before_origin"


class StakeFarOff(InvalidInput):
    """A stake does not lie on the line. Detail: `label`, `offset_m` (None: beyond 1 km), `limit_m`."""

    code = "alignments.stake_far_off"


class StakeOutOfOrder(InvalidInput):
    """Two stakes follow each other on the line otherwise than by their labels. Detail: `label`, `before`."""

    code = "alignments.stake_out_of_order"


class StakeStrained(InvalidInput):
    """Between two stakes the line is far longer or shorter than their labels say.

    Detail: `label`, `before`, `design_m`, `ground_m`.
    """

    code = "alignments.stake_strained"


class WidthsOutOfOrder(InvalidInput):
    """The ranges of half-widths do not follow each other within the corridor. Detail: `where`, `label`."""

    code = "alignments.widths_out_of_order"


class WorkFaceUnknown(NotFound):
    """No such work face on this fence."""

    code = "alignments.work_face_unknown"


class FenceWithoutAxis(InvalidInput):
    """Chainages are asked of a fence that is no corridor."""

    code = "alignments.fence_without_axis"


class FaceDatesReversed(InvalidInput):
    """A work face ends before it begins. Detail: `from_on`, `to_on`."""

    code = "alignments.face_dates_reversed"
