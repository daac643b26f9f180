"""Masks phone and document numbers for every answer that was not asked to reveal them (pure)."""

from __future__ import annotations

from typing import Final

_PHONE_DIGITS: Final = 11
_RESIDENT_ID_CHARACTERS: Final = 18
_SHORT: Final = 4


def mask_phone_number(number: str) -> str:
    """Return `138****0000` for a mainland mobile number; other lengths keep two characters at each end."""
    if len(number) == _PHONE_DIGITS:
        return f"{number[:3]}****{number[-4:]}"
    return _mask_ends(number)


def mask_document_number(number: str) -> str:
    """Return `990101********123X` for a resident ID number; other documents keep two characters at each end."""
    if len(number) == _RESIDENT_ID_CHARACTERS:
        return f"{number[:6]}********{number[-4:]}"
    return _mask_ends(number)


def _mask_ends(text: str) -> str:
    if len(text) <= _SHORT:
        return "*" * len(text)
    return f"{text[:2]}{'*' * (len(text) - 4)}{text[-2:]}"
