"""Marks a message that may have arrived already, on channels that cannot put it in the other's place."""

from __future__ import annotations

from backend.kit import messages


def repeat_mark(language: str) -> str:
    """Return what stands before the title."""
    return messages.text(language, "alert_channels.repeat_mark").title
