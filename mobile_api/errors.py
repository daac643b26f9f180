"""Errors of the phone API."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unauthenticated


class EventIdInvalid(InvalidInput):
    """The event id is not a UUID of version 7."""

    code = "mobile.event_id"


class ProjectUnknown(NotFound):
    """The person has no assignment on this project, or there is no such project."""

    code = "mobile.project_unknown"


class ProjectAmbiguous(Conflict):
    """Several projects fit, or none; `candidates` lists them."""

    code = "mobile.project_ambiguous"


class SessionEnded(Unauthenticated):
    """The session or the account ended after the token was made."""

    code = "mobile.session_ended"


class TooManyRefused(TooMany):
    """So many refused punches within an hour that further ones are only counted."""

    code = "mobile.too_many_refused"


class MonthInvalid(InvalidInput):
    """The month is not written as YYYY-MM."""

    code = "mobile.month"


class PhoneUnknown(NotFound):
    """The person has no such phone, or is not posted on this project."""

    code = "mobile.phone_unknown"


class NothingToConfirm(Conflict):
    """The phone is not bound, or its binding does not wait for anybody."""

    code = "mobile.nothing_to_confirm"


class OwnPhone(Forbidden):
    """Nobody confirms his own phone."""

    code = "mobile.own_phone"


class WitnessCodeInvalid(InvalidInput):
    """The code that a new phone shows is not ours, or too old."""

    code = "mobile.witness_code"


class WitnessUnfit(Forbidden):
    """The witness shares no project with the person, or his own phone waits to be confirmed."""

    code = "mobile.witness_unfit"
