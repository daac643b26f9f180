"""The wire forms of gates: strict bodies, and answers without secrets."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backend.gates.registry.fields import (
    DefaultDirection,
    GateName,
    IntervalSeconds,
    Lane,
    Mac,
    Networks,
    RadiusMetres,
    SerialNo,
    Vendor,
    ZoneForm,
    ZoneName,
)
from backend.kit.wire import Lat, Lon, Wire


class PlaceBody(Wire, frozen=True):
    """Where a gate stands, in degrees of the declared system; map applications of the mainland show gcj02 or bd09."""

    lon: Lon
    lat: Lat
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"]


class GateBody(Wire, frozen=True):
    """A device to make; it starts as pending and delivers nothing before it is activated.

    `time_zone` (IANA, or `+08:00`) is of times without offset, else the project's; `zone_form` how it wants
    its zone written in a handshake. `networks` are those it may call from (CIDR), without any: from anywhere.
    `place_radius_m` is within how many metres of its place the people who pass it are. `wants_photos` asks push
    terminals for the photos of passes.
    """

    serial_no: SerialNo
    name: GateName
    entrance: GateName
    lane: Lane
    place: PlaceBody
    default_direction: DefaultDirection = "unknown"
    heartbeat_interval_s: IntervalSeconds = 60
    vendor: Vendor = "native"
    mac: Mac | None = None
    place_radius_m: RadiusMetres = 50
    time_zone: ZoneName | None = None
    zone_form: ZoneForm | None = None
    networks: Networks = msgspec.field(default_factory=list[str])
    wants_photos: bool = False


class GatePatch(Wire, frozen=True):
    """What to change of a device; `state` active pairs or unblocks it, blocked refuses all that it sends."""

    name: GateName | UnsetType = UNSET
    entrance: GateName | UnsetType = UNSET
    lane: Lane | UnsetType = UNSET
    place: PlaceBody | UnsetType = UNSET
    default_direction: DefaultDirection | UnsetType = UNSET
    heartbeat_interval_s: IntervalSeconds | UnsetType = UNSET
    mac: Mac | UnsetType | None = UNSET
    place_radius_m: RadiusMetres | UnsetType = UNSET
    time_zone: ZoneName | UnsetType | None = UNSET
    zone_form: ZoneForm | UnsetType | None = UNSET
    networks: Networks | UnsetType = UNSET
    wants_photos: bool | UnsetType = UNSET
    state: Literal["active", "blocked"] | UnsetType = UNSET


class PlaceAnswer(Struct, frozen=True):
    """Degrees in WGS-84."""

    lon: float
    lat: float


class SeenAnswer(Struct, frozen=True, kw_only=True):
    """What a device last told.

    `clock_skew_s` is by how many seconds its clock was behind the server's, `median_skew_s` the median of the last 20
    times. `reported_count` is how many events it says that it stores.
    """

    last_seen_at: datetime
    last_event_at: datetime | None
    next_expected_seq: int
    backlog: int | None
    oldest_unsent_at: datetime | None
    clock_skew_s: float | None
    median_skew_s: float | None
    firmware: str | None
    disk_free_mb: int | None
    reported_count: int | None
    reported_at: datetime | None


class GateAnswer(Struct, frozen=True, kw_only=True):
    """A device; `seen` is null until it spoke for the first time.

    Entrance, lane and place are null of a device that announced itself, until somebody states them.
    """

    id: UUID
    project_id: UUID
    serial_no: str
    name: str
    vendor: str
    mac: str | None
    entrance: str | None
    lane: str | None
    place: PlaceAnswer | None
    place_radius_m: int
    default_direction: str
    heartbeat_interval_s: int
    state: str
    created_at: datetime
    paired_at: datetime | None
    time_zone: str | None
    zone_form: str | None
    networks: list[str]
    has_access_token: bool
    config_rev: int
    wants_photos: bool
    live_keys: int
    seen: SeenAnswer | None


class CountsAnswer(Struct, frozen=True, kw_only=True):
    """How many events the device says that it stores, against those of it in the ledger, at `counted_at`."""

    reported_count: int | None
    reported_at: datetime | None
    ledger_count: int
    counted_at: datetime


class RefusalAnswer(Struct, frozen=True, kw_only=True):
    """How often on a day (UTC) the device was sent away, for which reason, and from which address it had called."""

    on_utc: date
    reason: str
    address: str
    counter: int
    first_at: datetime
    last_at: datetime
