"""The wire forms of the gates' administration: strict bodies, and answers without secrets."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from backend.gates.events import NumberKind, PersonNumber
from backend.kit.wire import Instant, Lat, Lon, Wire

BINDINGS_LIMIT = 1000

# At least one visible character and no control characters.
_PLAIN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

GateName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Lane = Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
# The look-ahead refuses a line feed at the end, which `$` lets pass and the database does not.
SerialNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._:-]{3,64}(?![\s\S])")]
DefaultDirection = Literal["in", "out", "unknown"]
DeviceState = Literal["pending", "active", "blocked"]
IntervalSeconds = Annotated[int, Meta(ge=10, le=3600)]


class PlaceBody(Wire, frozen=True):
    """Where a gate stands, in degrees of the declared system; map applications of the mainland show gcj02 or bd09."""

    lon: Lon
    lat: Lat
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"]


class GateBody(Wire, frozen=True):
    """A device to make; it starts as pending and delivers nothing before it is activated."""

    serial_no: SerialNo
    name: GateName
    entrance: GateName
    lane: Lane
    place: PlaceBody
    default_direction: DefaultDirection = "unknown"
    heartbeat_interval_s: IntervalSeconds = 60


class GatePatch(Wire, frozen=True):
    """What to change of a device; `state` active pairs or unblocks it, blocked refuses all that it sends."""

    name: GateName | UnsetType = UNSET
    entrance: GateName | UnsetType = UNSET
    lane: Lane | UnsetType = UNSET
    place: PlaceBody | UnsetType = UNSET
    default_direction: DefaultDirection | UnsetType = UNSET
    heartbeat_interval_s: IntervalSeconds | UnsetType = UNSET
    state: Literal["active", "blocked"] | UnsetType = UNSET


class PlaceAnswer(Struct, frozen=True):
    """Degrees in WGS-84."""

    lon: float
    lat: float


class SeenAnswer(Struct, frozen=True, kw_only=True):
    """What a device last told; `clock_skew_s` is by how many seconds its clock was behind the server's."""

    last_seen_at: datetime
    last_event_at: datetime | None
    next_expected_seq: int
    backlog: int | None
    oldest_unsent_at: datetime | None
    clock_skew_s: float | None
    firmware: str | None
    disk_free_mb: int | None


class GateAnswer(Struct, frozen=True, kw_only=True):
    """A device; `seen` is null until it spoke for the first time."""

    id: UUID
    project_id: UUID
    serial_no: str
    name: str
    entrance: str
    lane: str
    place: PlaceAnswer
    default_direction: str
    heartbeat_interval_s: int
    state: str
    created_at: datetime
    paired_at: datetime | None
    live_keys: int
    seen: SeenAnswer | None


class KeyBody(Wire, frozen=True):
    """A key to issue, without end unless `expires_at` says otherwise."""

    expires_at: Instant | None = None


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """A key without its secret, which nobody is shown again."""

    id: str
    state: Literal["active", "expired", "revoked"]
    issued_at: datetime
    issued_by: UUID
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedKeyAnswer(Struct, frozen=True, kw_only=True):
    """A new key with its secret: shown this once."""

    id: str
    secret: str
    issued_at: datetime
    expires_at: datetime | None


class BindingBody(Wire, frozen=True):
    """Whom a number of the site's devices means, from `valid_from` (now) until before `valid_to` (without end)."""

    kind: NumberKind
    value: PersonNumber
    person_id: UUID
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class BindingsBody(Wire, frozen=True):
    """Bindings to make, all or none."""

    bindings: Annotated[list[BindingBody], Meta(min_length=1, max_length=BINDINGS_LIMIT)]


class EndBindingBody(Wire, frozen=True):
    """The number whose binding ends, at `at` (now)."""

    kind: NumberKind
    value: PersonNumber
    at: Instant | None = None


class BindingsMade(Struct, frozen=True):
    """How many bindings were made."""

    made: int


class BindingAnswer(Struct, frozen=True, kw_only=True):
    """A binding."""

    kind: str
    value: str
    person_id: UUID
    person_name: str
    valid_from: datetime | None
    valid_to: datetime | None
