"""What devices send besides events, and what they are answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.kit.wire import Instant, Wire
from backend.ledger.model import Outcome

ItemStatus = Literal["accepted", "duplicate", "conflict", "quarantined", "rejected"]


class EventResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item; `reason` is a code, `detail` tells a device's maker what is wrong with the item.

    `outcome` is the first ruling of what is recorded, told to repetitions too; later rulings do not change it.
    """

    device_event_id: str | None
    status: ItemStatus
    outcome: Outcome | None = None
    reason: str | None = None
    detail: str | None = None
    punch_id: UUID | None = None


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """Results in the order of the items; whatever its status, an item that is named here need not be sent again."""

    results: list[EventResult]
    next_expected_seq: int
    server_time: datetime


class Heartbeat(Wire, frozen=True):
    """A sign of life: the device's clock, and what it still has to deliver."""

    clock_now: Instant
    backlog: Annotated[int, Meta(ge=0, le=2**31 - 1, description="events not delivered yet")]
    oldest_unsent_at: Instant | None = None
    firmware: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    disk_free_mb: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    stored: (
        Annotated[int, Meta(ge=0, le=2**53, description="events in the device's own memory, delivered or not")] | None
    ) = None


class HeartbeatAnswer(Struct, frozen=True, kw_only=True):
    """What the device should know: our clock, how often to call, and which event we are waiting for.

    `config_rev` goes up whenever something was changed that concerns the device: its lane, its direction, its interval.
    """

    server_time: datetime
    config_rev: int
    heartbeat_interval_s: int
    next_expected_seq: int


class DeviceConfig(Struct, frozen=True, kw_only=True):
    """What the register holds of the device; the same `config_rev` means that nothing changed.

    `default_direction` is taken for events that state none, `time_zone` is that of the site or of the device.
    """

    config_rev: int
    gate_id: UUID
    project_id: UUID
    serial_no: str
    lane: str
    default_direction: str
    heartbeat_interval_s: int
    time_zone: str
    wants_photos: bool
    server_time: datetime


class PhotoAnswer(Struct, frozen=True):
    """Whether the photo is new; either way it need not be sent again."""

    status: Literal["accepted", "duplicate"]
