"""Reads a roster: finds the columns, checks every cell and tells every fault with its line and column (pure)."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, TypeVar

from backend.identity.errors import PhoneNumberMalformed
from backend.identity.phone_numbers import read_phone_number
from backend.kit.errors import DaogangError
from backend.sites import errors, roster_errors
from backend.sites.identity_documents import RESIDENT_ID, IdentityDocument, read_document, read_title, read_uscc
from backend.sites.posts import POST_KINDS, read_party_kind, read_post_kind, require_post_of_party
from backend.sites.roster_columns import COLUMNS, find_header
from backend.sites.roster_files import MAX_ROWS, FileKind, Line, read_lines

Value = TypeVar("Value")

DOCUMENT_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": RESIDENT_ID,
        "居民身份证": RESIDENT_ID,
        "身份证": RESIDENT_ID,
        "港澳台居民居住证": RESIDENT_ID,
        "护照": "08",
        "港澳同胞回乡证": "09",
        "回乡证": "09",
        "港澳居民来往内地通行证": "10",
        "港澳通行证": "10",
        "台湾居民来往大陆通行证": "12",
        "台胞证": "12",
        "台湾通行证": "12",
        "香港身份证": "17",
    }
)
MAX_NAME: Final = 100
MAX_TITLE: Final = 200
MAX_SECTION: Final = 40
MAX_SEATS: Final = 10_000

_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?|(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell (or line: column ""), as a code of the catalogues with its numbers."""

    line: int
    column: str
    code: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One faultless line: a person on a post of a party, from day to day (inclusive)."""

    line: int
    name: str
    document: IdentityDocument
    phone: str | None
    company: str
    uscc: str | None
    party_kind: str
    post: str
    seats: int | None
    section: str | None
    from_on: date
    to_on: date | None


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file holds: its faultless rows, all faults in order of lines, and headers that were not understood."""

    rows: tuple[RosterRow, ...]
    faults: tuple[Fault, ...]
    lines: int
    ignored_columns: tuple[str, ...]


def read_roster(body: bytes, kind: FileKind, *, today: date) -> Roster:
    """Read a roster file; `today` bounds dates of birth.

    Raises what makes the file as a whole unreadable: RosterTooLarge, RosterTooLong, RosterEncoding, RosterUnreadable,
    RosterHeader. What is wrong with single cells is a fault of its line.
    """
    lines = read_lines(body, kind)
    place, columns, ignored = find_header(lines)
    data = [line for line in lines[place + 1 :] if not line.blank]
    if len(data) > MAX_ROWS:
        raise roster_errors.RosterTooLong(limit=MAX_ROWS)
    rows: list[RosterRow] = []
    faults: list[Fault] = []
    for line in data:
        reader = _LineReader(line, columns, today)
        row = reader.read()
        faults += reader.faults
        if row is not None:
            rows.append(row)
    sound, between = _compare_lines(rows)
    faults += between
    faults.sort(key=lambda fault: fault.line)
    return Roster(tuple(sound), tuple(faults), len(data), ignored)


def read_date(text: str) -> date:
    """Read 2026-01-02, 2026/1/2, 2026.1.2, 2026年1月2日 or 20260102; raises CellDate."""
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise roster_errors.CellDate
    parts = [int(part) for part in match.groups() if part]
    try:
        return date(parts[0], parts[1], parts[2])
    except ValueError as error:
        raise roster_errors.CellDate from error


def read_document_kind(text: str) -> str:
    """Return the national code of a document type by code or Chinese name, resident ID when empty.

    Raises DocumentKindUnknown for a name; whether a code is taken `read_document` tells.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.isascii() and plain.isdigit():
        return plain.zfill(2)
    kind = DOCUMENT_NAMES.get(plain)
    if kind is None:
        raise errors.DocumentKindUnknown(kind=plain[:16])
    return kind


class _LineReader:
    """Reads one line, gathering every fault instead of stopping at the first."""

    def __init__(self, line: Line, columns: Mapping[str, int], today: date) -> None:
        self._line = line
        self._columns = columns
        self._today = today
        self.faults: list[Fault] = []

    def read(self) -> RosterRow | None:
        """Return the row, or None when something is wrong with it."""
        name = self._take("name", _short(MAX_NAME), required=True)
        kind = self._take("document_type", read_document_kind, empty=RESIDENT_ID)
        document: IdentityDocument | None = None
        if kind is not None:
            # The two cells make one document: a bad type is told at the type, the rest at the number.
            document = self._take(
                "document_number", lambda text: read_document(kind, text, today=self._today), required=True
            )
        phone = self._take("phone", read_phone_number)
        company = self._take("company", _short(MAX_TITLE), required=True)
        uscc = self._take("uscc", read_uscc)
        party_kind = self._take("party_kind", read_party_kind, required=True)
        post = self._take("post", lambda text: read_post_kind(text, party_kind).code, required=True)
        seats = self._take("seats", _seats)
        section = self._take("section", _short(MAX_SECTION))
        from_on = self._take("from_on", read_date, required=True)
        to_on = self._take("to_on", read_date)
        if post and party_kind:
            self._check("post", lambda: require_post_of_party(post, party_kind))
        if post and POST_KINDS[post].key and phone is None and not self._text("phone"):
            self._add("phone", errors.KeyPersonNeedsPhone(post=POST_KINDS[post].zh))
        if from_on and to_on and to_on < from_on:
            self._add("to_on", errors.DatesReversed())
        if self.faults or not (name and document and company and party_kind and post and from_on):
            return None
        return RosterRow(
            self._line.number,
            name,
            document,
            phone,
            company,
            uscc,
            party_kind,
            post,
            seats,
            section,
            from_on,
            to_on,
        )

    def _text(self, column: str) -> str:
        place = self._columns.get(column)
        return "" if place is None or place >= len(self._line.cells) else self._line.cells[place].text

    def _take(
        self, column: str, read: Callable[[str], Value], *, required: bool = False, empty: Value | None = None
    ) -> Value | None:
        text = self._text(column)
        if not text:
            if required:
                self._add(column, errors.TextMissing())
            return empty
        cell = self._line.cells[self._columns[column]]
        if cell.trouble == "formula":
            self._add(column, roster_errors.CellFormula())
            return None
        if cell.trouble == "digits_lost":
            self._add(column, roster_errors.CellDigitsLost())
            return None
        try:
            return read(text)
        except (DaogangError, PhoneNumberMalformed) as error:
            self._add(column, error)
            return None

    def _check(self, column: str, act: Callable[[], object]) -> None:
        try:
            act()
        except DaogangError as error:
            self._add(column, error)

    def _add(self, column: str, error: DaogangError) -> None:
        self.faults.append(Fault(self._line.number, COLUMNS[column][0], error.code, error.detail))


def _short(limit: int) -> Callable[[str], str]:
    return lambda text: read_title(text, limit)


def _seats(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= len(str(MAX_SEATS)) and 1 <= int(plain) <= MAX_SEATS):
        raise roster_errors.CellSeats(limit=MAX_SEATS)
    return int(plain)


def _compare_lines(rows: Iterable[RosterRow]) -> tuple[list[RosterRow], list[Fault]]:
    """Find what only shows between lines: repeats, one document with two names or phones, one phone of two people.

    A faulty line is left out when the good ones are imported, so later lines are not held against it.
    """
    names: dict[IdentityDocument, RosterRow] = {}
    phones: dict[IdentityDocument, RosterRow] = {}
    holders: dict[str, RosterRow] = {}
    seats: dict[tuple[str, str, str], RosterRow] = {}
    stays: dict[tuple[IdentityDocument, str, str, str], list[RosterRow]] = {}
    sound: list[RosterRow] = []
    faults: list[Fault] = []
    for row in rows:
        found: list[Fault] = []
        post = (row.company, row.party_kind, row.post)
        earlier = stays.setdefault((row.document, *post), [])
        if names.get(row.document, row).name != row.name:
            found.append(_between("name", row, names[row.document], roster_errors.LineNameDiffers))
        if row.phone and phones.get(row.document, row).phone != row.phone:
            found.append(_between("phone", row, phones[row.document], roster_errors.LinePhoneDiffers))
        if row.phone and holders.get(row.phone, row).document != row.document:
            found.append(_between("phone", row, holders[row.phone], roster_errors.LinePhoneShared))
        if row.seats is not None and seats.get(post, row).seats != row.seats:
            found.append(_between("seats", row, seats[post], roster_errors.LineSeatsDiffer))
        found += [
            _between("from_on", row, other, roster_errors.LineRepeated) for other in earlier if _overlap(row, other)
        ][:1]
        faults += found
        if found:
            continue
        sound.append(row)
        earlier.append(row)
        names.setdefault(row.document, row)
        if row.phone:
            phones.setdefault(row.document, row)
            holders.setdefault(row.phone, row)
        if row.seats is not None:
            seats.setdefault(post, row)
    return sound, faults


def _between(column: str, row: RosterRow, other: RosterRow, error: type[DaogangError]) -> Fault:
    return Fault(row.line, COLUMNS[column][0], error.code, {"line": other.line})


def _overlap(one: RosterRow, other: RosterRow) -> bool:
    return (one.to_on is None or other.from_on <= one.to_on) and (other.to_on is None or one.from_on <= other.to_on)
