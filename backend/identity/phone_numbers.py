"""Reads a mainland mobile number in any spelling people use (pure)."""

from __future__ import annotations

import re
from typing import Final

from backend.identity.errors import PhoneNumberMalformed
from backend.kit.crypto import Looked, normal_form

_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_LONGEST: Final = 32


def read_phone_number(text: str) -> str:
    """Return the eleven digits of a mobile number; raises `PhoneNumberMalformed`.

    Blanks, hyphens, full-width digits and a leading +86, 0086 or 86 are accepted.
    """
    number = normal_form(Looked.PHONE_NUMBER, text) if len(text) <= _LONGEST else ""
    if not _MOBILE.fullmatch(number):
        raise PhoneNumberMalformed
    return number
