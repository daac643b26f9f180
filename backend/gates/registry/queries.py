"""The SELECTs of devices, keys and bindings, limited to the rows that the actor may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2.functions import ST_X, ST_Y
from sqlalchemy import Text, and_, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from backend.gates.tables import GateDevice, GateKey, GateRefusal, GateState, PersonBinding
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.ledger.tables import PunchDedupe
from backend.sites.person_rights import sees_person
from backend.sites.tables import Assignment, Person

READ = "gates.read"
WRITE = "gates.write"
KEYS = "gates.keys"
UNKNOWN = "gates.unknown"


@dataclass(frozen=True, slots=True)
class SeenRow:
    """What a device last told."""

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


@dataclass(frozen=True, slots=True)
class GateRow:
    """A device with its live keys counted; place in degrees WGS-84."""

    id: UUID
    project_id: UUID
    serial_no: str
    name: str
    vendor: str
    mac: str | None
    entrance: str | None
    lane: str | None
    lon: float | None
    lat: float | None
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
    seen: SeenRow | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """How often on a day a device was sent away, and from where it had called."""

    on_utc: date
    reason: str
    address: str
    counter: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key without its secret."""

    id: str
    state: str
    issued_at: datetime
    issued_by: UUID
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class BindingRow:
    """Whom a number means, from when until before when."""

    kind: str
    value: str
    person_id: UUID
    person_name: str
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingFilter:
    """Which bindings are wanted; None means all. `at` (UTC) leaves those in force at that instant."""

    kind: str | None = None
    value: str | None = None
    person_id: UUID | None = None
    at: datetime | None = None


_skew = func.unnest(GateState.recent_skews_s).column_valued("skew_s")
_MEDIAN = select(func.percentile_cont(0.5).within_group(_skew)).scalar_subquery()

_SEEN = (
    GateState.last_seen_at,
    GateState.last_event_at,
    GateState.next_expected_seq,
    GateState.backlog,
    GateState.oldest_unsent_at,
    GateState.clock_skew_s,
    _MEDIAN,
    GateState.firmware,
    GateState.disk_free_mb,
    GateState.reported_count,
    GateState.reported_at,
)


def _gates(project_id: UUID, now: datetime) -> Any:  # noqa: ANN401 - a SELECT of this many columns has no short type
    live = (
        select(func.count())
        .where(
            GateKey.project_id == GateDevice.project_id,
            GateKey.device_id == GateDevice.id,
            GateKey.state == "active",
            or_(GateKey.expires_at.is_(None), GateKey.expires_at > now),
        )
        .scalar_subquery()
    )
    device = (
        GateDevice.id,
        GateDevice.project_id,
        GateDevice.serial_no,
        GateDevice.name,
        GateDevice.vendor,
        GateDevice.mac,
        GateDevice.entrance,
        GateDevice.lane,
        ST_X(GateDevice.place),
        ST_Y(GateDevice.place),
        GateDevice.place_radius_m,
        GateDevice.default_direction,
        GateDevice.heartbeat_interval_s,
        GateDevice.state,
        GateDevice.created_at,
        GateDevice.paired_at,
        GateDevice.time_zone,
        GateDevice.zone_form,
        cast(GateDevice.networks, ARRAY(Text)),
        GateDevice.access_token_digest.is_not(None),
        GateDevice.config_rev,
        GateDevice.wants_photos,
        live,
    )
    return (
        select(*device, *_SEEN)
        .outerjoin(GateState, and_(GateState.project_id == GateDevice.project_id, GateState.device_id == GateDevice.id))
        .where(GateDevice.project_id == project_id)
    )


def _gate(row: Sequence[Any]) -> GateRow:
    values: list[Any] = list(row)
    told = values[-len(_SEEN) :]
    return GateRow(*values[: -len(_SEEN)], seen=None if told[0] is None else SeenRow(*told))


async def list_gates(tx: Tx, project_id: UUID, now: datetime, *, after: UUID | None, limit: int) -> list[GateRow]:
    """Return the devices of a project in order of making."""
    statement = _gates(project_id, now).order_by(GateDevice.id).limit(limit)
    if after is not None:
        statement = statement.where(GateDevice.id > after)
    return [_gate(row) for row in await tx.execute(statement)]


async def find_gate(tx: Tx, project_id: UUID, device_id: UUID, now: datetime) -> GateRow | None:
    """Return one device of a project."""
    row = (await tx.execute(_gates(project_id, now).where(GateDevice.id == device_id))).one_or_none()
    return None if row is None else _gate(row)


async def count_entries(tx: Tx, project_id: UUID, device_id: UUID) -> int:
    """Return how many events of a device the ledger holds, quarantined ones too; reads the index of event ids."""
    dedupe = PunchDedupe
    statement = select(func.count()).where(dedupe.project_id == project_id, dedupe.source_id == device_id)
    return await tx.scalar(statement) or 0


async def list_refusals(tx: Tx, project_id: UUID, device_id: UUID, *, limit: int) -> list[RefusalRow]:
    """Return how often a device was sent away, latest first."""
    row = GateRefusal
    statement = (
        select(row.on_utc, row.reason, row.address, row.counter, row.first_at, row.last_at)
        .where(row.project_id == project_id, row.device_id == device_id)
        .order_by(row.last_at.desc(), row.reason, row.address)
        .limit(limit)
    )
    return [RefusalRow(*found) for found in await tx.execute(statement)]


async def lock_gate(tx: Tx, project_id: UUID, device_id: UUID) -> bool:
    """Lock a device's row and tell whether there is one: keys of a device are issued one at a time."""
    statement = (
        select(GateDevice.id)
        .where(GateDevice.project_id == project_id, GateDevice.id == device_id)
        .with_for_update(key_share=True)
    )
    return await tx.scalar(statement) is not None


async def list_keys(tx: Tx, project_id: UUID, device_id: UUID) -> list[KeyRow]:
    """Return all keys a device ever had, newest first."""
    statement = (
        select(GateKey.id, GateKey.state, GateKey.issued_at, GateKey.issued_by, GateKey.expires_at, GateKey.revoked_at)
        .where(GateKey.project_id == project_id, GateKey.device_id == device_id)
        .order_by(GateKey.issued_at.desc(), GateKey.id)
    )
    return [KeyRow(*row) for row in await tx.execute(statement)]


async def people_of_project(tx: Tx, project_id: UUID, person_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the people who have an assignment on the project, whatever its dates."""
    statement = (
        select(Assignment.person_id)
        .where(Assignment.project_id == project_id, Assignment.person_id.in_(person_ids))
        .distinct()
    )
    return set(await tx.scalars(statement))


async def list_bindings(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    wanted: BindingFilter,
    *,
    after: tuple[str, str, datetime] | None,
    limit: int,
) -> list[BindingRow]:
    """Return bindings by kind, value and begin.

    Who is limited to one party sees the bindings of its people alone.
    """
    begin = func.lower(PersonBinding.valid_during)
    statement = (
        select(
            PersonBinding.kind,
            PersonBinding.value,
            PersonBinding.person_id,
            Person.name,
            begin,
            func.upper(PersonBinding.valid_during),
        )
        .join(Person, Person.id == PersonBinding.person_id)
        .where(
            PersonBinding.project_id == project_id,
            sees_person(actor, READ, PersonBinding.project_id, PersonBinding.person_id),
        )
        .order_by(PersonBinding.kind, PersonBinding.value, begin)
        .limit(limit)
    )
    if wanted.kind is not None:
        statement = statement.where(PersonBinding.kind == wanted.kind)
    if wanted.value is not None:
        statement = statement.where(PersonBinding.value == wanted.value)
    if wanted.person_id is not None:
        statement = statement.where(PersonBinding.person_id == wanted.person_id)
    if wanted.at is not None:
        statement = statement.where(PersonBinding.valid_during.contains(wanted.at))
    if after is not None:
        statement = statement.where(tuple_(PersonBinding.kind, PersonBinding.value, begin) > after)
    return [BindingRow(*row) for row in await tx.execute(statement)]
