"""What can be wrong with requests, with what is decided on them, and with their rules."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound

# --- rules ------------------------------------------------------------------------------------------


class RuleInvalid(InvalidInput):
    """The body is no rule of that kind; `reason` names the place."""

    code = "requests.rule_invalid"


class RuleKindUnknown(NotFound):
    """There are no rules of that kind."""

    code = "requests.rule_kind_unknown"


class PlaceInvalid(InvalidInput):
    """A rule holds for a district or for a project, not for both."""

    code = "requests.place_invalid"


class RuleInPast(InvalidInput):
    """A rule takes effect today or later: what was decided by another one stays."""

    code = "requests.rule_in_past"


class BlackOutUnknown(NotFound):
    """There are no such days without leave, or not for the one who asks."""

    code = "requests.black_out_unknown"


class BlackOutLifted(Conflict):
    """The days are free again already."""

    code = "requests.black_out_lifted"


# --- filing -----------------------------------------------------------------------------------------


class RequestUnknown(NotFound):
    """There is no such request, or not for the one who asks."""

    code = "requests.unknown"


class RequestIdTaken(Conflict):
    """The id was used for another request."""

    code = "requests.id_taken"


class NoPostThen(InvalidInput):
    """The person had no post on the project on that day."""

    code = "requests.no_post_then"


class PhotoUnknown(InvalidInput):
    """One of the photos has not arrived."""

    code = "requests.photo_unknown"


class PhotoMissing(InvalidInput):
    """For this reason a photo is wanted."""

    code = "requests.photo_missing"


class TermOver(InvalidInput):
    """The time to file was over; `until` was its last day."""

    code = "requests.term_over"


class NotYet(InvalidInput):
    """What is asked for has not happened yet."""

    code = "requests.not_yet"


class MakeUpsUsed(Conflict):
    """The month's make-ups are used up."""

    code = "requests.make_ups_used"


class ClaimTaken(Conflict):
    """For that day and direction there is a request, or a make-up, already."""

    code = "requests.claim_taken"


class ClaimInvalid(InvalidInput):
    """The punches asked for do not belong to one day, or leave comes before entry."""

    code = "requests.claim_invalid"


class NothingToAppeal(InvalidInput):
    """There is nothing there against which one can appeal."""

    code = "requests.nothing_to_appeal"


class AppealedAlready(Conflict):
    """There is an appeal in the matter already."""

    code = "requests.appealed_already"


class LeaveOverlaps(Conflict):
    """There is leave in some of these days already."""

    code = "requests.leave_overlaps"


class LeaveTooLong(InvalidInput):
    """The leave has more days than can be asked for at once."""

    code = "requests.leave_too_long"


class LeaveQuotaUsed(Conflict):
    """With this leave a quota of the month would be exceeded."""

    code = "requests.leave_quota_month"


class YearQuotaUsed(Conflict):
    """With this leave a quota of the year would be exceeded."""

    code = "requests.leave_quota_year"


class LeaveBlackedOut(Conflict):
    """In some of these days nobody on the person's post takes leave."""

    code = "requests.leave_black_out"


class LeaveTooLate(InvalidInput):
    """The leave is filed too late; `first_on` is the earliest day that can still be asked for."""

    code = "requests.leave_too_late"


class DeputyMissing(InvalidInput):
    """From this post one takes leave only with a deputy."""

    code = "requests.deputy_missing"


class DeputyUnfit(InvalidInput):
    """The deputy does not hold a fitting post of the same party in all of these days, or is on leave himself."""

    code = "requests.deputy_unfit"


# --- deciding ---------------------------------------------------------------------------------------


class RequestMoved(Conflict):
    """The request is not as it was when it was looked at."""

    code = "requests.moved"


class StepImpossible(Conflict):
    """In this state of the request nobody can do that."""

    code = "requests.step_impossible"


class EndingInvalid(InvalidInput):
    """Leave ends early on one of its days but the last one, and not long afterwards."""

    code = "requests.ending_invalid"


class EndingWhole(InvalidInput):
    """Of leave with one day left nothing can be cut off: it is given up as a whole or stays."""

    code = "requests.ending_whole"


class EndingTooLate(InvalidInput):
    """Leave is over for so long that its end is not moved any more."""

    code = "requests.ending_too_late"


class OwnRequest(Forbidden):
    """Nobody decides on what he asked for himself."""

    code = "requests.own_request"


class OwnPartyRequest(Forbidden):
    """Another party than the person's own decides, the district or the city."""

    code = "requests.own_party"


class OwnStep(Forbidden):
    """Who took the step before, or the decision that is disputed, does not decide on this one."""

    code = "requests.own_step"


class HigherDecides(Forbidden):
    """The matter is for a higher office."""

    code = "requests.higher_decides"


class NoteMissing(InvalidInput):
    """Who says no says why."""

    code = "requests.note_missing"
