"""Errors of bulletins."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound


class BulletinUnknown(NotFound):
    """No such bulletin or edition, or not for the one who asks."""

    code = "bulletins.unknown"


class ScopeNotOwn(Forbidden):
    """The city's bulletins are for those of the whole city, a district's for its own supervisors too."""

    code = "bulletins.scope_not_own"


class PeriodNotOver(Conflict):
    """The period lasts on: its figures are not what they will be."""

    code = "bulletins.period_not_over"


class PeriodTooEarly(InvalidInput):
    """Nothing was recorded so long ago."""

    code = "bulletins.period_too_early"


class AlreadyIssued(Conflict):
    """The period's bulletin was issued: a correction is a new edition of it."""

    code = "bulletins.already_issued"


class NothingChanged(Conflict):
    """A new edition would say what the last one says."""

    code = "bulletins.nothing_changed"
