"""Errors of the phone API."""

from backend.kit.errors import Conflict, InvalidInput, NotFound, TooMany, Unauthenticated


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
