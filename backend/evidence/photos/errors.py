"""Errors of examined photos, their viewing, their holds and how long they are kept."""

from backend.kit.errors import Conflict, DaogangError, InvalidInput, NotFound, Unavailable


class ExaminersBusy(Unavailable):
    """Too many photos wait to be looked into, or drawn on, in this process."""

    code = "photos.busy"
    retry_after_s = 5


class PhotoGone(DaogangError):
    """The photo was deleted, as the rules of its class say."""

    code = "photos.gone"
    status = 410


class UseUnknown(NotFound):
    """The punch names no such photo that is here, or is not the caller's to see."""

    code = "photos.unknown"


class HoldUnknown(NotFound):
    """The project has no such hold."""

    code = "photos.hold_unknown"


class HoldPersonUnknown(InvalidInput):
    """The person was never posted on the project."""

    code = "photos.hold_person_unknown"


class HoldLifted(Conflict):
    """Somebody lifted the hold already."""

    code = "photos.hold_lifted"


class HoldNeedsAnother(Conflict):
    """Who placed a hold does not lift it."""

    code = "photos.hold_two_people"


class OriginalsOutlive(InvalidInput):
    """Originals are kept no longer than photos."""

    code = "photos.originals_outlive"


class PhotoClassUnknown(NotFound):
    """There is no such class of photos."""

    code = "photos.class_unknown"
