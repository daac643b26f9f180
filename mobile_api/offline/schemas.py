"""What phones send and get when they work without network: keys, anchors, calls and their results."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Raw

from backend.evidence.liveness.challenge import Step
from backend.kit.wire import Note, Wire
from geofences.field_copy import FieldCopy
from mobile_api.liveness.schemas import Nonce
from mobile_api.schemas import ReasonOut

BATCH_LIMIT = 200
ANCHOR_LIMIT = 50

Milliseconds = Annotated[int, Meta(ge=0, le=4_102_444_800_000, description="since 1970-01-01 UTC")]
Signature = Annotated[str, Meta(max_length=100, pattern="^[0-9A-Za-z_-]+$", description="ECDSA P-256, base64url")]
Coordinate = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{43}$", description="32 bytes in base64url")]


class ChallengeAnswer(Wire, frozen=True, kw_only=True):
    """What a new key has to sign, and until when."""

    challenge: str
    expires_at: datetime


class PhoneJwk(Wire, frozen=True, kw_only=True):
    """A public key as RFC 7517 and 7518 spell it."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


class AttestationBody(Wire, frozen=True, kw_only=True):
    """What the phone's platform says of the key (docs/attestation.md).

    `parts`, base64: certificates of Android's Key Attestation, leaf first; or App Attest's one object; or, as text, the
    one token of Play Integrity.
    """

    kind: Literal["android_key", "app_attest", "play_integrity"]
    parts: Annotated[list[Annotated[str, Meta(max_length=32_768)]], Meta(min_length=1, max_length=8)]


class PhoneKeyBody(Wire, frozen=True, kw_only=True):
    """A key of this phone: `proof` is its signature over the challenge and its thumbprint."""

    jwk: PhoneJwk
    challenge: Annotated[str, Meta(max_length=1_000)]
    proof: Signature
    attestation: AttestationBody | None = None


class PhoneKeyAnswer(Wire, frozen=True, kw_only=True):
    """The key as it is known from now on: named by its thumbprint (RFC 7638).

    `attestation` tells what was made of what the platform says of it, `attestation_fault` why it proved nothing. A key
    works whatever it is; the site's policy may look at its punches more closely.
    """

    key: str
    phone_id: UUID
    registered_at: datetime
    rekeyed: bool
    trust: Literal["software", "hardware", "strongbox", "app_attest", "play_integrity"]
    attestation: Literal["passed", "failed", "missing", "unavailable"]
    attestation_fault: str | None


class WitnessCodeAnswer(Wire, frozen=True, kw_only=True):
    """What a new phone shows, as text or QR code, to a colleague who confirms it."""

    code: str
    expires_at: datetime


class WitnessBody(Wire, frozen=True, kw_only=True):
    """The code that a colleague's new phone shows."""

    code: Annotated[str, Meta(max_length=1_000)]


class PhoneConfirmedAnswer(Wire, frozen=True, kw_only=True):
    """Since when a phone is confirmed, and by whom."""

    phone_id: UUID
    confirmed_at: datetime
    confirmed_how: Literal["admin", "witness"]


class PhoneAnswer(Wire, frozen=True, kw_only=True):
    """A phone of a person, as its last binding stands."""

    phone_id: UUID
    platform: Literal["android", "ios", "web"]
    bound_at: datetime
    ended_at: datetime | None
    end_reason: Literal["replaced", "taken_over", "locked", "number_changed"] | None
    awaits: Literal["replacement", "taken_over", "dormant"] | None
    confirmed_at: datetime | None
    confirmed_how: Literal["admin", "witness"] | None
    locked_at: datetime | None
    has_key: bool


class KeyAlarmAnswer(Wire, frozen=True, kw_only=True):
    """Two different punches have one counter of a key: somebody else may have it, or a backup of the phone came back.

    `punch_ids` are those of this project. Lock the phone if it is not explained.
    """

    id: UUID
    raised_at: datetime
    kind: Literal["counter_reused"]
    person_id: UUID
    person_name: str
    phone_id: UUID
    key: str
    counter: int
    locked_at: datetime | None
    punch_ids: list[UUID]


class PhonesAnswer(Wire, frozen=True, kw_only=True):
    """A person's phones, latest bound first."""

    phones: list[PhoneAnswer]


class LockBody(Wire, frozen=True, kw_only=True):
    """Why a phone is locked."""

    reason: Note


class ExportedQueueBody(Wire, frozen=True, kw_only=True):
    """A queue as a phone exported it: the body of a call, its signature, and the key that signed it."""

    key: Coordinate
    signature: Signature
    body: Annotated[str, Meta(max_length=900_000)]


class AnchorOut(Wire, frozen=True, kw_only=True):
    """The server's time for a phone to count on from; `token` is returned with each queue that names `id`."""

    id: UUID
    pack_id: UUID
    server_time_ms: Milliseconds
    expires_at_ms: Milliseconds
    token: str


class PackAssignment(Wire, frozen=True, kw_only=True):
    """One of my posts on a project."""

    post: str
    party: str
    section_id: UUID | None
    from_on: date
    to_on: date | None


class PackPolicy(Wire, frozen=True, kw_only=True):
    """The part of a site's policy by which a phone can tell beforehand what will be decided (docs/geometry.md)."""

    version: int
    counted_probability: float
    refused_probability: float
    accuracy_cap_m: float
    counted_tail: float
    far_m: float
    far_probability: float
    sigma_floor_m: float
    sigma_inflation: float
    max_fix_age_s: int
    max_clock_error_s: int


class PackChallenge(Wire, frozen=True, kw_only=True):
    """A challenge to be answered without network, once; the proof that comes of it has its id (docs/liveness.md)."""

    challenge_id: UUID
    nonce: Nonce
    steps: list[Step]
    issued_at: datetime
    expires_at: datetime


class PackProject(Wire, frozen=True, kw_only=True):
    """A project where I am posted in the coming days.

    `phone_path` says whether phones may be used there at present: on a `gate` site only while its gates are down.
    `liveness` says whether `challenges` are here: none where the site asks for no proof of presence, or where my
    consent to face checks does not hold. All other ways are open either way.
    """

    project_id: UUID
    project_name: str
    registration_no: str
    site_mode: Literal["gate", "phone", "either"]
    building: bool
    phone_path: Literal["open", "closed"]
    time_zone: str
    cutover: str
    assignments: list[PackAssignment]
    policy: PackPolicy
    liveness: Literal["not_asked", "no_consent", "ready"]
    challenges: list[PackChallenge]


class PackFence(Wire, frozen=True, kw_only=True):
    """A fence version to keep (docs/field-copy.md); the server judges by the published fence, never by a copy."""

    project_id: UUID
    version_id: UUID
    name: str
    kind: Literal["polygon", "corridor", "circle", "point"]
    copy: FieldCopy
    opens_at: str | None
    closes_at: str | None


class PackPeriod(Wire, frozen=True, kw_only=True):
    """A time for which a fence version is in force."""

    version_id: UUID
    valid_from: datetime
    valid_until: datetime | None


class FieldPackAnswer(Wire, frozen=True, kw_only=True):
    """What a phone needs until `expires_at`; of the fences those that it does not have, and which it can drop."""

    pack_id: UUID
    server_time: datetime
    expires_at: datetime
    anchor: AnchorOut
    min_version: str
    projects: list[PackProject]
    fences: list[PackFence]
    periods: list[PackPeriod]
    dropped: list[UUID]


class SyncEnvelope(Wire, frozen=True, kw_only=True):
    """A call: the phone's clocks when it was sent, the anchors that its items name, and up to 200 items."""

    sent_at: Milliseconds
    mono_ms: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    boot: UUID
    anchors: Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(max_length=ANCHOR_LIMIT)] = ()
    items: Annotated[list[Raw], Meta(max_length=BATCH_LIMIT)]


class QueuedPunchOut(Wire, frozen=True, kw_only=True):
    """The receipt of a punch, the same at every repetition."""

    punch_id: UUID
    project_id: UUID
    received_at: datetime
    occurred_at: datetime
    outcome: Literal["counted", "review", "refused", "pending"]
    reasons: list[ReasonOut]


class SyncResult(Wire, frozen=True, kw_only=True):
    """What became of one item.

    `recorded`: new, durable. `duplicate`: known, this is its first receipt. `conflict`: the event id was taken by other
    content, whose receipt this is. `rejected`: not recorded, `code` says why; only a `retry` makes sense to send again.
    """

    status: Literal["recorded", "duplicate", "conflict", "rejected"]
    event_id: UUID | None
    counter: int | None
    punch: QueuedPunchOut | None = None
    code: str | None = None
    title: str | None = None
    advice: str | None = None
    detail: dict[str, Any] | None = None
    retry: bool = False


class MissingOut(Wire, frozen=True, kw_only=True):
    """What has not come in: closed ranges of counters below the highest one, and photos named by the call's items."""

    counters: list[tuple[int, int]]
    photos: list[str]


class SyncAnswer(Wire, frozen=True, kw_only=True):
    """One result for each item, in order, and what is still missing."""

    server_time: datetime
    results: list[SyncResult]
    missing: MissingOut
    highest_counter: int
    min_version: str
    anchor: AnchorOut | None
