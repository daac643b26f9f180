"""Errors of evidence packs."""

from backend.kit.errors import TooMany


class PacksTooMany(TooMany):
    """The caller has had several packs about the person made within the hour; each takes a second of printing."""

    code = "packs.too_many"
