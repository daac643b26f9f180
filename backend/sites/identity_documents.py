"""Normalises and checks what identifies a person, a company or a project on paper (pure).

Nothing here tells whether a document exists: it tells whether the number can be one at all. Area codes of resident
ID numbers are not checked, since old and newly made districts appear in genuine cards.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from backend.sites.errors import (
    DocumentKindUnknown,
    DocumentNumberMalformed,
    IdNumberBirthDate,
    IdNumberChecksum,
    IdNumberForm,
    RegistrationNoMalformed,
    TextMissing,
    TextTooLong,
    UsccMalformed,
)

RESIDENT_ID: Final = "01"
PASSPORT: Final = "08"
HOME_RETURN_PERMIT: Final = "09"
HONGKONG_MACAO_PERMIT: Final = "10"
TAIWAN_PERMIT: Final = "12"
HONGKONG_ID: Final = "17"

OLDEST_BIRTH_ON: Final = date(1900, 1, 1)

_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS: Final = "10X98765432"
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_BASE: Final = len(_USCC_ALPHABET)
# Written as escapes: zero-width and direction marks come along when numbers are copied out of web pages and PDFs.
_BLANKS: Final = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_DASHES: Final = re.compile(r"[\u2010-\u2015\u2212]")
_NOISE: Final = re.compile(
    r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff\u2010-\u2015\u2212\-\u00b7.()\[\]\u3010\u3011\u3014\u3015]+"
)
_LONGEST: Final = 64
_REGISTRATION: Final = re.compile(r"[0-9A-Z-]{4,40}")


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """A normalised document: `kind` is the national two-digit code, `number` upper case without separators."""

    kind: str
    number: str

    def __repr__(self) -> str:
        """Leave the number out: a repr ends in logs and test reports."""
        return f"IdentityDocument(kind={self.kind!r}, number=<{len(self.number)} characters>)"


def read_document(kind: str, number: str, *, today: date) -> IdentityDocument:
    """Normalise and check a document number of the national type `kind` ("01" resident ID, "08" passport …).

    `today` bounds the date of birth in a resident ID number. Raises DocumentKindUnknown, or an InvalidInput that
    names what is wrong with the number (form, date, checksum).
    """
    check = _CHECKS.get(kind)
    if check is None:
        raise DocumentKindUnknown(kind=kind[:16])
    normalised = _squeeze(number)
    check(normalised, today)
    return IdentityDocument(kind, normalised)


def resident_check_character(first17: str) -> str:
    """Give the 18th character of a resident ID number (GB 11643-1999, ISO 7064 MOD 11-2) for its first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_CHECKS[total % 11]


def uscc_check_character(first17: str) -> str:
    """Give the 18th character of a unified social credit code (GB 32100-2015, weights 3^i modulo 31)."""
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, _USCC_BASE) for place, char in enumerate(first17[:17]))
    return _USCC_ALPHABET[-total % _USCC_BASE]


def read_uscc(text: str) -> str:
    """Normalise and check a company's unified social credit code (18 characters); raises UsccMalformed."""
    code = _squeeze(text)
    well_formed = len(code) == 18 and all(char in _USCC_ALPHABET for char in code)  # noqa: PLR2004 - GB 32100
    if not well_formed or uscc_check_character(code[:17]) != code[17]:
        raise UsccMalformed
    return code


def read_registration_no(text: str) -> str:
    """Normalise a supervision registration number (报监编号): half-width, upper case, no blanks, one kind of dash.

    Letters, digits and dashes, 4 to 40 of them. Raises RegistrationNoMalformed.
    """
    plain = _BLANKS.sub("", unicodedata.normalize("NFKC", text[: 2 * _LONGEST]).upper())
    plain = _DASHES.sub("-", plain)
    if _REGISTRATION.fullmatch(plain) is None or not any(char.isdigit() for char in plain):
        raise RegistrationNoMalformed
    return plain


def read_title(text: str, limit: int) -> str:
    """Give a name its one spelling: half-width letters and digits, single blanks, none at the ends.

    `limit` counts characters. Raises TextMissing when nothing is left, TextTooLong.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        raise TextMissing
    if len(plain) > limit:
        raise TextTooLong(limit=limit)
    return plain


def _squeeze(text: str) -> str:
    """Half-width, upper case, without blanks, dashes, dots and brackets; a bounded piece of what was given."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text[:_LONGEST])).upper()


def _check_resident(number: str, today: date) -> None:
    # Residence permits of people from Hong Kong, Macao and Taiwan and the permanent residence card of 2023 have
    # numbers of the same build and pass here under code 01.
    if re.fullmatch(r"[0-9]{17}[0-9X]", number) is None:
        raise IdNumberForm
    try:
        birth_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise IdNumberBirthDate from error
    if not OLDEST_BIRTH_ON <= birth_on <= today:
        raise IdNumberBirthDate
    if resident_check_character(number[:17]) != number[17]:
        raise IdNumberChecksum


def _check_hongkong_id(number: str, _today: date) -> None:
    match = re.fullmatch(r"([A-Z]{1,2})([0-9]{6})([0-9A])", number)
    if match is None:
        raise DocumentNumberMalformed(kind=HONGKONG_ID)
    # A missing first letter counts as 36, the letters as 10 to 35, the check "A" as 10; the weighted sum divides by 11.
    values = [36, *(ord(char) - 55 for char in match[1])][-2:]
    values += [int(char) for char in match[2]]
    values.append(10 if match[3] == "A" else int(match[3]))
    if sum(value * weight for value, weight in zip(values, (9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11:
        raise DocumentNumberMalformed(kind=HONGKONG_ID)


def _form(kind: str, pattern: str) -> Callable[[str, date], None]:
    compiled = re.compile(pattern)

    def check(number: str, _today: date) -> None:
        if compiled.fullmatch(number) is None:
            raise DocumentNumberMalformed(kind=kind)

    return check


_CHECKS: Final[Mapping[str, Callable[[str, date], None]]] = MappingProxyType(
    {
        RESIDENT_ID: _check_resident,
        PASSPORT: _form(PASSPORT, r"(?=.*[0-9])[A-Z0-9]{5,15}"),
        HOME_RETURN_PERMIT: _form(HOME_RETURN_PERMIT, r"[HM][0-9]{8}(?:[0-9]{2})?"),
        HONGKONG_MACAO_PERMIT: _form(HONGKONG_MACAO_PERMIT, r"[HM][0-9]{8}(?:[0-9]{2})?|[CW][A-Z0-9][0-9]{7}"),
        TAIWAN_PERMIT: _form(TAIWAN_PERMIT, r"[0-9]{8}|[0-9]{10}[A-Z]?"),
        HONGKONG_ID: _check_hongkong_id,
    }
)

DOCUMENT_KINDS: Final = tuple(_CHECKS)
