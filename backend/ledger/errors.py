"""Errors of the ledger."""

from backend.kit.errors import Conflict, NotFound


class EventConflict(Conflict):
    """The event id was taken by other content; the first stays."""

    code = "ledger.event_conflict"


class PunchUnknown(NotFound):
    """There is no such punch, or not for the one who asks."""

    code = "ledger.punch_unknown"


class RulingStale(Conflict):
    """Somebody else ruled on the punch in the meantime."""

    code = "ledger.ruling_stale"
