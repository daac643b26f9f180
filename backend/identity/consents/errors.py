"""Errors of consents."""

from backend.kit.errors import Conflict


class TextOutdated(Conflict):
    """The text that was agreed to is not the one that is asked with now."""

    code = "consent.text_outdated"


class ConsentNotGiven(Conflict):
    """There is no consent to withdraw."""

    code = "consent.not_given"


class ConsentMissing(Conflict):
    """This needs a consent that the person has not given, or has withdrawn."""

    code = "consent.missing"
