"""Errors of the ledger."""

from backend.kit.errors import Conflict, Forbidden, NotFound


class EventConflict(Conflict):
    """The event id was taken by other content; the first stays."""

    code = "ledger.event_conflict"


class PunchUnknown(NotFound):
    """There is no such punch, or not for the one who asks."""

    code = "ledger.punch_unknown"


class RulingStale(Conflict):
    """Somebody else ruled on the punch in the meantime."""

    code = "ledger.ruling_stale"


class RulingOnOwnParty(Forbidden):
    """The supervising party decides on people of other parties only, not on its own or on who has no post here."""

    code = "ledger.own_party"


class TimeQuarantined(Conflict):
    """The punch has a time that cannot be; it counts for no day before a named person dates it anew."""

    code = "ledger.time_quarantined"
