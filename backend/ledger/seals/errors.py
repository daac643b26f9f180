"""Errors of the ledger's log."""

from backend.kit.errors import InvalidInput


class HeadUnknown(InvalidInput):
    """The log has no head of that size, or is not as long."""

    code = "ledger.head_unknown"
