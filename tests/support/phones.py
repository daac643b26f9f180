"""A site with a fence, people with phones and live sessions, and the taps they make."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import shapely
from psycopg.types.range import Range
from sqlalchemy import func, insert

from backend.identity.tables import Phone, PhoneBinding, SessionFamily
from backend.identity.tokens import AccessTokens, Holder
from backend.kit.db import Database, Tx
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from geofences.coordinates import WGS84
from geofences.map_datums import wgs84_to_gcj02
from geofences.materialise import materialise
from geofences.shapes import Circle, Corridor, Point, Shape, WidthRange, kind_of
from geofences.tables import FencePeriod, FenceRow, FenceVersion
from tests.support.factories import (
    MADE_AT,
    MadeProject,
    make_assignment,
    make_party,
    make_person,
    make_person_account,
    make_policy,
    make_post,
    make_project,
    make_staff,
)
from tests.support.fences import metro_coordinates

CENTRE = Point(114.0, 30.6)
RADIUS_M = 150.0
METRE_EAST, METRE_NORTH = 1 / 95_900, 1 / 110_850
"""Degrees that make about a metre at CENTRE."""


@dataclass(frozen=True)
class Owner:
    """One person with his phone: what a tap of his needs."""

    person_id: UUID
    account_id: UUID
    phone_id: UUID
    family_id: UUID
    tokens: AccessTokens

    def headers(self, at: datetime) -> dict[str, str]:
        """Return the headers of a request made at the instant `at`."""
        holder = Holder(self.account_id, self.person_id, self.family_id, frozenset({"key_person"}))
        return {"Authorization": f"Bearer {self.tokens.issue(holder, at).token}"}


@dataclass(frozen=True)
class Ground:
    """A project that is being built, with a fence round CENTRE (or the metro line) and people."""

    project: MadeProject
    fence_version_id: UUID | None
    staff_id: UUID
    owners: Sequence[Owner]

    @property
    def owner(self) -> Owner:
        """The first of the people."""
        return self.owners[0]


def tap(at: datetime, project_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
    """Return the body of a check-in at CENTRE made at the instant `at`, with an event id of its own."""
    body = {"event_id": str(new_id(at)), "claimed_at": at.isoformat(), "fixes": [fix()], **changes}
    return body if project_id is None else {**body, "project_id": str(project_id)}


def fix(east_m: float = 0.0, north_m: float = 0.0, **changes: Any) -> dict[str, Any]:
    """Return a fix so many metres from CENTRE."""
    return {
        "lon": CENTRE.lon + east_m * METRE_EAST,
        "lat": CENTRE.lat + north_m * METRE_NORTH,
        "crs": "wgs84",
        "accuracy_m": 8.0,
        "platform": "android",
        "provider": "fused",
        "age_s": 1.0,
        **changes,
    }


def gcj02_fix(**changes: Any) -> dict[str, Any]:
    """Return the fix at CENTRE in GCJ-02, declared so unless `crs` says otherwise."""
    lon, lat = map(float, wgs84_to_gcj02(CENTRE.lon, CENTRE.lat))
    return {**fix(), "lon": lon, "lat": lat, "crs": "gcj02", **changes}


def metro_shape(half_width_m: float = 15.0) -> Corridor:
    """Return the metro line as a corridor."""
    line = tuple(Point(lon, lat) for lon, lat in metro_coordinates(WGS84))
    return Corridor(centreline=line, widths=(WidthRange(0, None, half_width_m, half_width_m),))


async def make_ground(
    database: Database,
    keys: KeyRing,
    at: datetime,
    *,
    people: int = 1,
    shape: Shape | None = Circle(CENTRE, RADIUS_M),  # noqa: B008 - frozen
    policy: dict[str, Any] | None = None,
    site_mode: str = "either",
    status: str = "building",
    cutover: time = time(4),
) -> Ground:
    """Make and commit a ground whose sessions live from the instant `at` for 90 days."""
    async with database.transaction() as tx:
        project = await make_project(tx, site_mode=site_mode, status=status, cutover=cutover)
        staff_id = await make_staff(tx)
        party = await make_party(tx, project.id)
        post = await make_post(tx, party, seats=max(people, 1))
        version = None if shape is None else await make_fence(tx, project.id, staff_id, shape)
        if policy is not None:
            await make_policy(tx, project.id, staff_id, policy)
        owners: list[Owner] = []
        for _ in range(people):
            owner = await make_owner(tx, keys, at)
            await make_assignment(tx, project.id, post, owner.person_id)
            owners.append(owner)
    return Ground(project, version, staff_id, owners)


async def make_owner(tx: Tx, keys: KeyRing, at: datetime) -> Owner:
    """Make a person with an account, a bound phone and a session."""
    person = await make_person(tx, keys)
    account_id = await make_person_account(tx, keys, person)
    return await open_phone(tx, Owner(person.id, account_id, uuid4(), uuid4(), AccessTokens(keys)), at)


async def open_phone(tx: Tx, owner: Owner, at: datetime, *, install_id: UUID | None = None) -> Owner:
    """Bind another phone to the owner's account and log in there."""
    phone_id = await make_phone(tx, owner.account_id, at, install_id=install_id)
    other = replace(owner, phone_id=phone_id, family_id=uuid4())
    await tx.execute(
        insert(SessionFamily).values(
            id=other.family_id,
            account_id=other.account_id,
            phone_id=other.phone_id,
            created_at=at,
            expires_at=at + timedelta(days=90),
        )
    )
    return other


async def make_phone(
    tx: Tx, account_id: UUID, at: datetime, *, install_id: UUID | None = None, bound: bool = True
) -> UUID:
    """Make a phone that is bound to an account from the instant `at` on."""
    phone_id = uuid4()
    await tx.execute(
        insert(Phone).values(
            id=phone_id, account_id=account_id, install_id=install_id or uuid4(), platform="android", bound_at=at
        )
    )
    if bound:
        await tx.execute(insert(PhoneBinding).values(id=uuid4(), phone_id=phone_id, bound_at=at))
    return phone_id


async def make_fence(tx: Tx, project_id: UUID, staff_id: UUID, shape: Shape, /, **changes: Any) -> UUID:
    """Make a fence in force from MADE_AT on; returns the version's id."""
    fence_id, version_id, area = uuid4(), uuid4(), materialise(shape)
    axis = shapely.to_wkt(shapely.LineString(shape.centreline), -1) if isinstance(shape, Corridor) else None
    await tx.execute(
        insert(FenceRow).values(
            project_id=project_id, id=fence_id, name=f"围栏{fence_id.hex[:8]}", created_by=staff_id, created_at=MADE_AT
        )
    )
    values = {
        "project_id": project_id,
        "id": version_id,
        "fence_id": fence_id,
        "number": 1,
        "state": "published",
        "kind": kind_of(shape),
        "crs": "wgs84",
        "shape": {},
        "shape_digest": bytes(32),
        "zone_srid": area.zone,
        "buffer_m": 0.0,
        "area": func.ST_GeomFromWKB(area.wkb, 4326),
        "axis": None if axis is None else func.ST_GeomFromText(axis, 4326),
        "axis_start_m": None if axis is None else 0.0,
        "created_by": staff_id,
        "created_at": MADE_AT,
        "published_by": staff_id,
        "published_at": MADE_AT,
    }
    version: dict[str, Any] = {**values, **changes}
    await tx.execute(insert(FenceVersion).values(**version))
    period = {
        "project_id": project_id,
        "id": uuid4(),
        "fence_id": fence_id,
        "version_id": version["id"],
        "valid_during": Range(MADE_AT, None),
        "known_during": Range(MADE_AT, None),
        "recorded_by": staff_id,
    }
    await tx.execute(insert(FencePeriod).values(**period))
    return version["id"]
