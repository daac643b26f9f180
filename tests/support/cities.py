"""A city in a few statements: districts with their supervisor, sites with holders of posts and a gate."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.alerts.following import Following, follow_once
from backend.gates.outages.recording import Ending, Opening, record_endings, record_openings
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from tests.support.factories import MADE_AT, draw_code, make_officer
from tests.support.ledgers import append, entry

POSTS = (("009", "project_manager"), ("009", "safety_officer"), ("007", "chief_supervisor"))

SITES = """
WITH d AS (
  INSERT INTO district (id, code, name, created_at)
  SELECT gen_random_uuid(), :mark || n, '第' || n || '区', :at FROM generate_series(1, :districts) n
  RETURNING id, code
), p AS (
  INSERT INTO project (id, registration_no, name, district_id, category, status, site_mode, time_zone, cutover,
    created_at)
  SELECT gen_random_uuid(), d.code || '-' || n, '工地' || n, d.id, '01', 'building', 'either', 'Asia/Shanghai', '04:00',
    :at
  FROM generate_series(1, :sites) n
  JOIN (SELECT id, code, row_number() OVER (ORDER BY code) AS place FROM d) d ON d.place = 1 + n % :districts
  RETURNING id, district_id
)
SELECT id, district_id FROM p ORDER BY district_id, id
"""

PARTIES = """
WITH c AS (
  INSERT INTO company (id, name, created_at)
  SELECT gen_random_uuid(), '试验' || :mark || n || '有限公司', :at FROM generate_series(1, 2) n RETURNING id
), k AS (SELECT id, (ARRAY['009', '007'])[row_number() OVER (ORDER BY id)] AS kind FROM c)
INSERT INTO project_party (project_id, id, company_id, kind, created_at)
SELECT p, gen_random_uuid(), k.id, k.kind, :at FROM unnest(CAST(:projects AS uuid[])) p CROSS JOIN k
"""

HOLDERS = """
WITH w AS (
  SELECT pp.project_id, pp.id AS party_id, k.kind, gen_random_uuid() AS post_id, gen_random_uuid() AS person_id
  FROM project_party pp
  JOIN json_to_recordset(CAST(:posts AS json)) AS k (party text, kind text) ON k.party = pp.kind
  WHERE pp.project_id = ANY(CAST(:projects AS uuid[]))
), post AS (
  INSERT INTO post (project_id, id, party_id, kind, seats, created_at)
  SELECT project_id, post_id, party_id, kind, 1, :at FROM w RETURNING id
), person AS (
  INSERT INTO person (id, name, document_type, document_cipher, document_blind, document_last4_blind, created_at)
  SELECT person_id, '试验人' || substr(person_id::text, 1, 4), '01', :dull, uuid_send(person_id), :dull, :at FROM w
  RETURNING id
)
INSERT INTO assignment (project_id, id, post_id, person_id, from_on, created_at)
SELECT project_id, gen_random_uuid(), post_id, person_id, :from_on, :at
FROM w WHERE (SELECT count(*) FROM post) > 0 AND (SELECT count(*) FROM person) > 0
RETURNING project_id, post_id, person_id
"""

GATES = """
INSERT INTO gate_device (project_id, id, serial_no, name, entrance, lane, default_direction, place, state,
  heartbeat_interval_s, created_at, paired_at)
SELECT p, gen_random_uuid(), :mark || '.' || place, '1号门', '东门', '1', 'in',
  ST_SetSRID(ST_MakePoint(114.5, 30.5), 4326), 'active', 60, :at, :at
FROM unnest(CAST(:projects AS uuid[])) WITH ORDINALITY AS t (p, place)
RETURNING project_id, id
"""

KINDS = "SELECT id, kind FROM post WHERE project_id = ANY(CAST(:projects AS uuid[]))"


@dataclass(frozen=True)
class CitySite:
    """A site: its gate, and the holder of each kind of post."""

    id: UUID
    district_id: UUID
    gate_id: UUID
    people: dict[str, UUID]
    posts: dict[str, UUID]


@dataclass
class City:
    """The city with its clock; `supervisors` are the accounts of the districts."""

    database: Database
    clock: ManualClock
    sites: Sequence[CitySite]
    supervisors: dict[UUID, UUID]
    state: Following

    async def follow(self) -> tuple[int, int]:
        """Let the rules look, as often as it takes until they have seen all that is committed."""
        opened = ended = 0
        while True:
            found = await follow_once(self.database, self.clock, self.state)
            opened, ended = opened + found[0], ended + found[1]
            if not any(horizon.waiting for horizon in self.state.horizons.values()) and found == (0, 0):
                return opened, ended

    async def advance(self, by: timedelta) -> tuple[int, int]:
        """Let time go by, then let the rules look."""
        self.clock.advance(by)
        return await self.follow()

    async def gate_down(self, *sites: CitySite, kind: str = "silent", found_after: float = 0) -> list[UUID]:
        """Record that the gates of sites fell silent, as the watch finds it."""
        now = self.clock.now()
        outages: list[UUID] = []
        async with self.database.connection() as connection, connection.transaction():
            for site in sites:
                opening = Opening(
                    id=new_id(now),
                    device_id=site.gate_id,
                    kind="mute" if kind == "mute" else "silent",
                    from_at=now - timedelta(seconds=found_after),
                    last_sign_at=now - timedelta(seconds=found_after),
                    evidence={},
                )
                outages += await record_openings(connection, site.id, [opening], now)
        return outages

    async def gate_back(self, *outages: tuple[CitySite, UUID]) -> None:
        """Record that gates are heard again."""
        now = self.clock.now()
        async with self.database.connection() as connection, connection.transaction():
            for site, outage_id in outages:
                await record_endings(
                    connection, site.id, [Ending(outage_id=outage_id, ended_at=now, cause="recovered")], now
                )

    async def punch(self, at: datetime, *people: tuple[CitySite, str], **changes: Any) -> None:
        """Let holders of posts pass the gate."""
        entries = [entry(site.id, site.people[kind], at, source_id=site.gate_id, **changes) for site, kind in people]
        for begin in range(0, len(entries), 500):
            await append(self.database, entries[begin : begin + 500], self.clock.now())

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Return what a SELECT finds."""
        async with self.database.transaction() as tx:
            return [dict(row) for row in (await tx.execute(text(statement), values)).mappings()]

    async def inbox(self, account_id: UUID) -> list[dict[str, Any]]:
        """Return the groups in an account's inbox with how many alerts each has, oldest first."""
        return await self.rows(
            """
            SELECT g.kind, i.group_id, count(a.id) AS alerts, i.added_at, g.severity
            FROM alert_inbox i JOIN alert_group g ON g.id = i.group_id JOIN alert a ON a.group_id = g.id
            WHERE i.account_id = :account_id GROUP BY 1, 2, 4, 5 ORDER BY i.added_at, g.kind
            """,
            account_id=account_id,
        )


async def make_city(
    database: Database,
    clock: ManualClock,
    *,
    districts: int,
    sites: int,
    from_on: date | None = None,
    begun: bool = True,
) -> City:
    """Make and commit a city, with one supervisor for each district; the rules have begun to look unless told."""
    mark = draw_code(6)
    async with database.transaction() as tx:
        made = (
            await tx.execute(text(SITES), {"mark": mark, "at": MADE_AT, "districts": districts, "sites": sites})
        ).all()
        projects = [row[0] for row in made]
        given: dict[str, Any] = {"projects": projects, "at": MADE_AT, "mark": mark}
        await tx.execute(text(PARTIES), given)
        posts = "[" + ",".join(f'{{"party":"{party}","kind":"{kind}"}}' for party, kind in POSTS) + "]"
        begin = from_on or clock.now().date() - timedelta(days=1)
        held = (
            await tx.execute(text(HOLDERS), {**given, "posts": posts, "from_on": begin, "dull": os.urandom(32)})
        ).all()
        gates = {row[0]: row[1] for row in await tx.execute(text(GATES), given)}
        kinds = {row[0]: row[1] for row in await tx.execute(text(KINDS), given)}
    people: dict[UUID, dict[str, UUID]] = {}
    own_posts: dict[UUID, dict[str, UUID]] = {}
    for project_id, post_id, person_id in held:
        people.setdefault(project_id, {})[kinds[post_id]] = person_id
        own_posts.setdefault(project_id, {})[kinds[post_id]] = post_id
    async with database.transaction() as tx:
        supervisors = {
            district_id: await make_officer(tx, "district", district_id=district_id)
            for district_id in sorted({row[1] for row in made})
        }
    found = [CitySite(row[0], row[1], gates[row[0]], people[row[0]], own_posts[row[0]]) for row in made]
    city = City(database, clock, found, supervisors, Following())
    if begun:
        await city.follow()
    return city


def local(clock: ManualClock, hour: int, minute: int = 0) -> datetime:
    """Return an instant of the clock's day in Wuhan (UTC+8), before it by the date of UTC where it is early."""
    begin = (clock.now() + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0)
    return begin - timedelta(hours=8) + timedelta(hours=hour, minutes=minute)
