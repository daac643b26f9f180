"""Pure rules of the ledger: what an entry is, its dedupe bucket, its receipt."""

from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

FIRST_YEAR, LAST_YEAR = 2020, 2040
UNDATED = date(2000, 1, 1)

Source = Literal["phone", "gate", "make_up", "import"]
Direction = Literal["in", "out", "unknown"]
Outcome = Literal["counted", "review", "refused", "pending"]


class Receipt(Struct, frozen=True, kw_only=True):
    """What an acknowledged punch is answered with, first and every later time: codes and numbers, no prose."""

    punch_id: UUID
    project_id: UUID
    received_at: datetime
    occurred_at: datetime
    outcome: Outcome
    reasons: tuple[dict[str, Any], ...]


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One punch with its first ruling, ready to append.

    Digests are lower-case hexadecimal; `earlier_digests` are those of the same facts under keys that were replaced, and
    are not stored. `sealed` (base-16 too) is the private side row under key `key_id`.
    `proof_id` is the proof of presence that the punch uses up, for good.
    What is None is left out of its JSON; the database reads the lack as NULL.
    """

    project_id: UUID
    punch_id: UUID
    received_at: datetime
    source: Source
    source_id: UUID
    event_key: str
    bucket: date
    person_id: UUID | None
    section_id: UUID | None = None
    occurred_at: datetime
    device_time: str
    time_quality: str
    direction: Direction
    direction_source: str
    trust: str
    method: str | None = None
    lane: str | None = None
    granted: bool | None = None
    fence_version_id: UUID | None = None
    policy_version: int
    covered: bool | None = None
    signed_distance_m: float | None = None
    probability: float | None = None
    accuracy_m: float | None = None
    sigma_m: float | None = None
    chainage_m: float | None = None
    offset_m: float | None = None
    signals: tuple[str, ...]
    payload_digest: str
    earlier_digests: tuple[str, ...] = ()
    private_digest: str | None = None
    key_id: UUID | None = None
    sealed: str | None = None
    ruling_id: UUID
    outcome: Outcome
    reasons: tuple[dict[str, Any], ...]
    deadline_at: datetime | None = None
    proof_id: UUID | None = None
    receipt: Receipt

    def is_same_event(self, digest: str) -> bool:
        """Tell whether a stored digest is of the same facts."""
        return digest == self.payload_digest or digest in self.earlier_digests


class Appended(Struct, frozen=True):
    """What became of an entry: `new`, `replayed` (receipt of the first), or `conflict` (the first one stays)."""

    status: Literal["new", "replayed", "conflict"]
    receipt: Receipt


class DayKey(Struct, frozen=True, order=True):
    """Which day of whom: its site-local date and the instants between which its punches lie.

    With `if_any` the day is folded only if one of those punches was taken: a repetition changes no day.
    """

    project_id: UUID
    person_id: UUID
    work_on: date
    from_at: datetime
    to_at: datetime
    if_any: tuple[UUID, ...] = ()


def dedupe_bucket(own_time: datetime) -> date:
    """Return the month that an event's own time falls in, or one shared bucket for times that cannot be.

    It depends on the event alone, so that every repetition of an event looks in the same place.
    """
    instant = own_time.astimezone(UTC)
    return date(instant.year, instant.month, 1) if is_dated(instant) else UNDATED


def is_dated(instant: datetime) -> bool:
    """Tell whether an instant in UTC lies in the years that the ledger has months for."""
    return FIRST_YEAR <= instant.year < LAST_YEAR
