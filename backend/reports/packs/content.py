"""What an evidence pack says: a person's month with its entries, each with its place in the log (pure)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.attendance.rates.schemas import ExplainedRate
from backend.ledger.seals.leaves import FIELDS, Kind

FORMAT: Final = "daogang.evidence-pack/1"
_OF_THE_ENTRY: Final[Mapping[Kind, str]] = {
    "punch": "punch_id",
    "ruling": "ruling_id",
    "attribution": "attribution_id",
}
PUNCH_COLUMNS: Final = tuple(field.name for field in FIELDS["punch"] if not field.name.startswith("first_ruling."))
"""Columns of a punch as its leaf has them; its first ruling stands among its rulings."""

Places = Mapping[tuple[Kind, UUID], int]
"""Where entries stand in the log, by kind and id."""


class PackProject(Struct, frozen=True, kw_only=True):
    """The project; its days begin at `cutover` in its time zone."""

    id: UUID
    registration_no: str
    name: str
    district: str
    time_zone: str
    cutover: str


class PackPerson(Struct, frozen=True, kw_only=True):
    """The person; the number of his document is masked."""

    id: UUID
    name: str
    document_type: str
    document_number: str


class PackSpan(Struct, frozen=True, kw_only=True):
    """The month, reckoned up to `until` (the last day that was over)."""

    first: date
    last: date
    until: date


class Recorded(Struct, frozen=True, kw_only=True):
    """A row of the ledger, column by column as its leaf has them; `leaf` null: it waits for its seal."""

    leaf: int | None
    columns: dict[str, Any]


class PackEntry(Struct, frozen=True, kw_only=True):
    """A punch and all that was decided and found out about it; of no day (`on` null) while its time cannot be.

    The first ruling was written with the punch and is part of its leaf.
    """

    on: date | None
    counts_at: datetime | None
    outcome: str
    punch: Recorded
    rulings: list[Recorded]
    attributions: list[Recorded]

    def records(self) -> list[Recorded]:
        """Return everything that has a place in the log of its own."""
        return [self.punch, *self.rulings[1:], *self.attributions]


class PackHead(Struct, frozen=True, kw_only=True):
    """The signed head against which every entry is proved; `root` in hexadecimal."""

    origin: str
    size: int
    root: str
    signed_at: datetime


class Pack(Struct, frozen=True, kw_only=True):
    """A person's month on a project. `rates` explain it day by day, `entries` are what they rest on, refused ones too.

    `log` null: nothing was sealed yet.
    """

    format: Literal["daogang.evidence-pack/1"] = FORMAT
    made_at: datetime
    language: str
    project: PackProject
    person: PackPerson
    span: PackSpan
    rates: list[ExplainedRate]
    entries: list[PackEntry]
    unsealed: int
    log: PackHead | None


def recorded(kind: Kind, row: Mapping[str, Any], places: Places) -> Recorded:
    """Return a row of the ledger with its place; bytes are in hexadecimal, as the script reads them."""
    names = PUNCH_COLUMNS if kind == "punch" else tuple(field.name for field in FIELDS[kind])
    columns = {name: row[name].hex() if isinstance(row[name], bytes) else row[name] for name in names}
    return Recorded(leaf=places.get((kind, row[_OF_THE_ENTRY[kind]])), columns=columns)


def id_in(kind: Kind, columns: Mapping[str, Any]) -> UUID:
    """Return the id of an entry from the columns of its leaf."""
    found: UUID = columns[_OF_THE_ENTRY[kind]]
    return found


def count_unsealed(entries: Sequence[PackEntry]) -> int:
    """Return how many rows of the ledger wait for their seal."""
    return sum(record.leaf is None for entry in entries for record in entry.records())


def write_month(pack: Pack) -> tuple[bytes, str]:
    """Return the pack's JSON and the SHA-256 of it, in hexadecimal."""
    content = msgspec.json.format(msgspec.json.encode(pack), indent=1)
    return content, sha256(content).hexdigest()
