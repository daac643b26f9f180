"""The wire forms of the gates' administration: strict bodies, and answers without secrets."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from backend.gates.events import NumberKind, PersonNumber
from backend.gates.registry.key_flow import Credential
from backend.kit.wire import Instant, Lat, Lon, Wire

BINDINGS_LIMIT = 1000

# At least one visible character and no control characters.
_PLAIN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

GateName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Lane = Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
# The look-ahead refuses a line feed at the end, which `$` lets pass and the database does not.
SerialNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._:-]{3,64}(?![\s\S])")]
DefaultDirection = Literal["in", "out", "unknown"]
Vendor = Literal["native", "zkteco", "hikvision", "mqtt"]
ZoneForm = Literal["hours", "minutes", "seconds"]
Mac = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}(?![\s\S])")]
ZoneName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/:]+(?![\s\S])")]
Network = Annotated[str, Meta(min_length=3, max_length=49)]
Networks = Annotated[list[Network], Meta(max_length=20)]
RadiusMetres = Annotated[int, Meta(ge=5, le=5000)]
Reason = Annotated[str, Meta(min_length=1, max_length=300, pattern=_PLAIN)]
KeyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?![\s\S])")]
Token = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{16,64}(?![\s\S])")]
DeviceState = Literal["pending", "active", "blocked"]
IntervalSeconds = Annotated[int, Meta(ge=10, le=3600)]


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


class WindowBody(Wire, frozen=True):
    """When devices of a make may announce themselves: from now until `to_at` (15 minutes), at most an hour.

    With `serial_no` that device alone. While windows of one make are open at several projects, only those that name
    the number let it in: nobody can tell where a stranger belongs.
    """

    vendor: Vendor
    reason: Reason
    serial_no: SerialNo | None = None
    to_at: Instant | None = None


class WindowAnswer(Struct, frozen=True, kw_only=True):
    """A pairing window; `met` is how many devices announced themselves."""

    id: UUID
    vendor: str
    serial_no: str | None
    from_at: datetime
    to_at: datetime
    reason: str
    opened_by: UUID
    met: int
    closed_at: datetime | None
    closed_by: UUID | None


class UnknownAnswer(Struct, frozen=True, kw_only=True):
    """How often a serial number called that no device has; `*` stands for those beyond what is kept apart."""

    vendor: str
    serial: str
    counter: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_address: str | None


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """A key without its secret, which nobody is shown again."""

    id: str
    state: Literal["active", "expired", "revoked"]
    issued_at: datetime
    issued_by: UUID
    expires_at: datetime | None
    revoked_at: datetime | None


class ApplicationBody(Wire, frozen=True):
    """Why a device needs a key, or a terminal that cannot sign a token; `replaces_key_id` names the key it replaces."""

    reason: Reason
    credential: Credential = "signing_key"
    replaces_key_id: KeyId | None = None
    expires_at: Instant | None = None


class ReasonBody(Wire, frozen=True):
    """Why a step is made."""

    reason: Reason


class IssueBody(Wire, frozen=True):
    """Why and to whom it is issued; a replaced key holds `overlap_h` hours longer.

    `token` is for terminals that have one of their own (`pushcommkey`); one is drawn otherwise.
    """

    reason: Reason
    overlap_h: Annotated[int, Meta(ge=0, le=720)] = 168
    token: Token | None = None


class StepAnswer(Struct, frozen=True, kw_only=True):
    """A step: who made it, when and why."""

    step: str
    made_at: datetime
    made_by: UUID
    made_by_name: str
    reason: str
    key_id: str | None
    expires_at: datetime | None


class ApplicationAnswer(Struct, frozen=True, kw_only=True):
    """An application for a key with its steps, first to last."""

    id: UUID
    project_id: UUID
    gate_id: UUID
    serial_no: str
    credential: str
    state: Literal["applied", "withdrawn", "rejected", "approved", "issued"]
    replaces_key_id: str | None
    expires_at: datetime | None
    steps: list[StepAnswer]


class IssuedAnswer(Struct, frozen=True, kw_only=True):
    """A new key with its secret, or a token (which has no id and is in lower case): shown this once."""

    id: str | None
    secret: str
    credential: str
    issued_at: datetime
    expires_at: datetime | None


class KeyTotals(Struct, frozen=True, kw_only=True):
    """How many steps of each kind a project's keys made in a year, and how many keys were live at its end (or now)."""

    project_id: UUID
    registration_no: str
    project_name: str
    applied: int
    approved: int
    rejected: int
    withdrawn: int
    issued: int
    replaced: int
    revoked: int
    live_at_end: int


class KeyReportAnswer(Struct, frozen=True, kw_only=True):
    """The keys of a year (Asia/Shanghai), by project; projects without steps or live keys are left out."""

    year: int
    projects: list[KeyTotals]


class SelfTestAnswer(Struct, frozen=True, kw_only=True):
    """What a self-test has shown so far: `passed` names the live event that arrived in time."""

    id: UUID
    gate_id: UUID
    result: Literal["waiting", "passed", "failed"]
    started_at: datetime
    until_at: datetime
    started_by: UUID
    punch_id: UUID | None
    received_at: datetime | None
    person_known: bool | None


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
