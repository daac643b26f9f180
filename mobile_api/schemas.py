"""What phones send and get."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from backend.kit.wire import Instant, Wire
from geofences.field_copy import FieldCopy

CoordinateSystem = Annotated[
    str, Meta(pattern="^(wgs84|cgcs2000|gcj02|bd09|EPSG:[0-9]{4,5})$", description="coordinate system of lon and lat")
]
NoFixReason = Literal["denied", "timeout", "unavailable", "approximate"]


Photos = Annotated[
    tuple[Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in hexadecimal")], ...], Meta(max_length=5)
]


class FixIn(Wire, frozen=True, kw_only=True):
    """One position of the phone's window, as the platform reported it.

    `accuracy_m` is the platform's own radius in metres; `age_s` the seconds between the fix and the tap.
    """

    # Numbers of a projected system are metres, so the range of degrees is checked after the conversion.
    lon: Annotated[float, Meta(ge=-1e8, le=1e8, description="degrees east, or easting in metres of an EPSG system")]
    lat: Annotated[float, Meta(ge=-1e8, le=1e8, description="degrees north, or northing in metres of an EPSG system")]
    crs: CoordinateSystem
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)]
    platform: Literal["android", "ios", "web"]
    provider: Literal["gps", "fused", "network", "unknown"] = "unknown"
    age_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    mock: bool = False


class CheckInRequest(Wire, frozen=True, kw_only=True):
    """One tap. `event_id` is made on the phone (UUID version 7) and stays the same in every retry.

    Without `project_id` the one project of the person that fits is taken. Without fixes `no_fix_reason` says why.
    `photos` are SHA-256 digests of photos that go up apart (docs/photo-upload.md): the punch waits for them.
    `proof_id` is the proof of presence that this punch takes (docs/presence.md); each is good for one punch.
    """

    event_id: UUID
    claimed_at: Instant
    fixes: Annotated[list[FixIn], Meta(max_length=10)]
    project_id: UUID | None = None
    direction: Literal["in", "out"] | None = None
    no_fix_reason: NoFixReason | None = None
    # Left out of what is digested where it was left out: a tap that was begun before there were proofs stays the same.
    proof_id: UUID | UnsetType | None = UNSET
    photos: Photos | UnsetType = UNSET


class ReasonOut(Wire, frozen=True, kw_only=True):
    """Why: a stable code, words in the caller's language, what to do next, and the numbers of the case."""

    code: str
    title: str
    advice: str
    numbers: dict[str, str | int | float | None]


class DayOut(Wire, frozen=True, kw_only=True):
    """How a day stands. `valid` by the default rule; `provisional`: valid if what is in review gets counted."""

    project_id: UUID
    work_on: date
    first_at: datetime | None
    last_at: datetime | None
    span_s: int
    punches: int
    in_review: int
    valid: bool
    provisional: bool
    entries: list[UUID] | None = None


class CheckInAnswer(Wire, frozen=True, kw_only=True):
    """The receipt of a punch, the same at every retry, with the day as it stands now."""

    punch_id: UUID
    project_id: UUID
    received_at: datetime
    occurred_at: datetime
    outcome: Literal["counted", "review", "refused", "pending"]
    reasons: list[ReasonOut]
    replayed: bool
    day: DayOut | None


class AssignmentOut(Wire, frozen=True, kw_only=True):
    """One of my posts."""

    project_id: UUID
    project_name: str
    registration_no: str
    site_mode: Literal["gate", "phone", "either"]
    time_zone: str
    post: str
    party: str
    section_id: UUID | None
    from_on: date
    to_on: date | None
    in_force: bool


class MeAnswer(Wire, frozen=True, kw_only=True):
    """Who I am here, masked, and where I am posted."""

    person_id: UUID
    name: str
    phone: str | None
    server_time: datetime
    assignments: list[AssignmentOut]


class FenceOut(Wire, frozen=True, kw_only=True):
    """A fence to keep on the phone, so that it can tell beforehand what the server will say.

    `copy_bytes` is the length of `copy`; `small_enough` says whether this fence has at most 20 000 bytes here. One that
    cannot be made so small within a metre comes as the smallest copy that is within it. The server judges by the
    published fence, never by a copy. One whose `valid_from` lies ahead is there to take over from then on.
    """

    project_id: UUID
    version_id: UUID
    name: str
    kind: Literal["polygon", "corridor", "circle", "point"]
    copy: FieldCopy
    copy_bytes: int
    small_enough: bool
    valid_from: datetime
    valid_until: datetime | None
    opens_at: str | None
    closes_at: str | None


class KeptFenceOut(Wire, frozen=True, kw_only=True):
    """A fence that the phone has and goes on with; the time of its validity may have changed."""

    version_id: UUID
    valid_from: datetime
    valid_until: datetime | None


class FencesAnswer(Wire, frozen=True, kw_only=True):
    """The fences of my projects that are in force now or will be within 7 days, told by what the phone named in `has`.

    `fences` are those that it does not have, `kept` those that it has, `dropped` the ones to forget.
    """

    fences: list[FenceOut]
    kept: list[KeptFenceOut]
    dropped: list[UUID]


class PunchOut(Wire, frozen=True, kw_only=True):
    """One punch of my history, with what was decided last, and when: from then on it can be appealed."""

    punch_id: UUID
    project_id: UUID
    source: Literal["phone", "gate", "make_up", "import"]
    direction: Literal["in", "out", "unknown"]
    occurred_at: datetime
    received_at: datetime
    outcome: Literal["counted", "review", "refused", "pending"]
    reasons: list[ReasonOut]
    ruled_at: datetime
    chainage_m: float | None
    offset_m: float | None


class MonthAnswer(Wire, frozen=True, kw_only=True):
    """My days of one month."""

    month: str
    valid_days: int
    days: list[DayOut]
