"""Errors of examined photos, their viewing, their holds and how long they are kept."""

from backend.kit.errors import DaogangError, Unavailable


class ExaminersBusy(Unavailable):
    """Too many photos wait to be looked into, or drawn on, in this process."""

    code = "photos.busy"
    retry_after_s = 5


class PhotoGone(DaogangError):
    """The photo was deleted, as the rules of its class say."""

    code = "photos.gone"
    status = 410
