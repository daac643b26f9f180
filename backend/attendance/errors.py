"""Errors of attendance."""

from backend.kit.errors import NotFound


class DayUnknown(NotFound):
    """The person has no day of that date on the project, or not for the one who asks."""

    code = "attendance.day_unknown"
