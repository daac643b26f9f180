"""What can be wrong with declarations of outages and with decisions about an event's time."""

from backend.kit.errors import Conflict, InvalidInput, NotFound


class OutageUnknown(NotFound):
    """There is no such outage, or not for the one who asks."""

    code = "gates.outage_unknown"


class OutageSpanInvalid(InvalidInput):
    """A declared outage began at most a day ago and ends within the hours that the site's policy allows."""

    code = "gates.outage_span"


class OutageQuotaUsed(Conflict):
    """As many outages were declared in the last 30 days as the site's policy allows."""

    code = "gates.outage_quota"


class OutageDeclared(Conflict):
    """A declared outage of one of the gates is open already; `gate_id` names the gate."""

    code = "gates.outage_declared"


class GateNotInUse(Conflict):
    """A gate that is not active, or was never heard of, cannot be down; `gate_id` names it."""

    code = "gates.gate_not_in_use"


class OutageNotDeclared(Conflict):
    """Only a declared outage can be taken back; a found one ends when the gate is heard of again."""

    code = "gates.outage_not_declared"


class OutageEnded(Conflict):
    """The outage has ended already."""

    code = "gates.outage_ended"


class EventUnknown(NotFound):
    """There is no such punch, or not for the one who asks."""

    code = "gates.event_unknown"


class NotQuarantined(Conflict):
    """The punch's time was never in doubt."""

    code = "gates.not_quarantined"


class RedatingImpossible(InvalidInput):
    """An event happened before it came in, and not long before its gate was set up."""

    code = "gates.redating_impossible"


class RedatedAlready(Conflict):
    """Somebody decided on the event's time; `redating_id` is what a further decision has to supersede."""

    code = "gates.redated_already"


class RuledByPerson(Conflict):
    """Somebody ruled on the punch itself; his decision stands."""

    code = "gates.ruled_by_person"


class OutagePhotoUnknown(NotFound):
    """There is no such photo of this declaration, or not for the one who asks."""

    code = "gates.outage_photo_unknown"


class OutagePhotoRefused(InvalidInput):
    """The body is no photo that can be kept; `reason` is a code."""

    code = "gates.outage_photo_refused"


class OutagePhotosFull(Conflict):
    """The declaration has as many photos as it may have."""

    code = "gates.outage_photos_full"
