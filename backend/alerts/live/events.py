"""What a board is told, and how its place in the tables is written down as the id of an event (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

TABLES: Final = ("ledger_outbox", "gate_fact", "alert_outbox")
_PLACE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """Up to which row of each followed table somebody was told."""

    numbers: tuple[int, int, int]

    def __str__(self) -> str:
        """Write it as the id of an event."""
        return ".".join(str(number) for number in self.numbers)

    def moved(self, table: int, number: int) -> Place:
        """Return the place after a row of a table."""
        numbers = list(self.numbers)
        numbers[table] = max(numbers[table], number)
        return Place((numbers[0], numbers[1], numbers[2]))


def read_place(text: str | None) -> Place | None:
    """Return the place that a Last-Event-ID names; None for one that is none of ours."""
    found = _PLACE.fullmatch(text or "")
    return None if found is None else Place((int(found[1]), int(found[2]), int(found[3])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One row: of a project, or for one account. `subject` is what to ask the API for."""

    table: int
    number: int
    kind: str
    project_id: UUID | None
    account_id: UUID | None
    subject: UUID
    at: datetime


class _Told(msgspec.Struct, frozen=True):
    project_id: UUID | None
    subject_id: UUID
    at: datetime


def write_event(kind: str, place: Place, data: bytes) -> bytes:
    """Write one event of the stream (WHATWG HTML §9.2)."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(place).encode(), kind.encode(), data)


def write_happening(happening: Happening, place: Place) -> bytes:
    """Write a happening; numbers, names and positions are for the API to tell, with its rights."""
    told = _Told(happening.project_id, happening.subject, happening.at)
    return write_event(happening.kind, place, msgspec.json.encode(told))
