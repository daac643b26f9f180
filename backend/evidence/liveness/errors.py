"""Errors of liveness challenges."""

from backend.kit.errors import Conflict, InvalidInput, NotFound, TooMany


class ChallengeUnknown(NotFound):
    """There is no such challenge, or it is another person's or another phone's."""

    code = "evidence.challenge_unknown"


class ChallengeExpired(Conflict):
    """Its time is over; nothing was judged."""

    code = "evidence.challenge_expired"


class ChallengeUsed(Conflict):
    """Other frames were judged for it already."""

    code = "evidence.challenge_used"


class ChallengesTooMany(TooMany):
    """More challenges within a short time than one person needs."""

    code = "evidence.challenges_too_many"


class FramesInvalid(InvalidInput):
    """The frames cannot belong to the challenge; `reason` says why."""

    code = "evidence.frames_invalid"
