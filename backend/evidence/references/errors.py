"""Errors of reference photos."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound


class ReferenceUnknown(NotFound):
    """The person has no such reference photos on this project."""

    code = "evidence.reference_unknown"


class ReferenceSettled(Conflict):
    """The photos are in a state in which this cannot be done; `state` names it."""

    code = "evidence.reference_settled"


class OwnReference(Forbidden):
    """Whoever took the photos, or is on them, does not approve them."""

    code = "evidence.reference_own"


class ReferenceUnusable(InvalidInput):
    """A photo cannot serve: `number` counts from 1, `reason` says why."""

    code = "evidence.reference_unusable"
