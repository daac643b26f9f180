"""A site with a gate that has a key, a device that signs, and what the database holds afterwards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from sqlalchemy import func, insert, select, text

from backend.gates.authentication import key_name
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.signature import signed_headers
from backend.gates.tables import GateDevice, GateKey, PersonBinding
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import MADE_AT, draw_code

EVENTS = "/gates/v1/events"
HEARTBEAT = "/gates/v1/heartbeat"


@dataclass
class Device:
    """A gate terminal with its key, and how it signs."""

    client: AsyncClient
    clock: ManualClock
    project_id: UUID
    id: UUID
    key_id: str
    secret: str
    seq: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)

    def event(self, person: UUID | tuple[str, str], at: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """Make an event of the wire form, by default just now."""
        self.seq += 1
        kind, value = person if isinstance(person, tuple) else ("person", str(person))
        return {
            "device_event_id": f"e-{self.seq}-{draw_code(6)}",
            "seq": self.seq,
            "occurred_at": (at or self.clock.now()).isoformat(),
            "person": {"kind": kind, "value": value},
            "direction": "in",
            "granted": True,
            "method": "face",
            "live": True,
            **changes,
        }

    async def send(self, items: Sequence[Any], **signing: Any) -> Response:
        """Post a batch."""
        body = json.dumps({"clock_now": self.clock.now().isoformat(), "items": items}).encode()
        return await self.post(EVENTS, body, **signing)

    async def deliver(self, *items: Any) -> list[dict[str, Any]]:
        """Post a batch that must be taken, and return its results."""
        answer = await self.send(items)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    async def post(self, path: str, body: bytes, *, at: datetime | None = None, **changes: str) -> Response:
        """Sign a body and post it."""
        headers = self.sign(path, body, at=at)
        return await self.client.post(path, content=body, headers={**headers, **changes})

    def sign(self, path: str, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
        """Return the headers of a signed request."""
        signed = signed_headers(
            self.key_id, self.secret, method="POST", path=path, body=body, at=at or self.clock.now()
        )
        return {**signed, "Content-Type": "application/json"}


@dataclass
class GateSite:
    """A project with a gate and some assigned people."""

    project_id: UUID
    district_id: UUID
    post_id: UUID
    device: Device
    people: list[UUID]
    staff_id: UUID


async def make_device(
    tx: Tx,
    client: AsyncClient,
    clock: ManualClock,
    keys: MemoryKeyRing,
    project_id: UUID,
    staff_id: UUID,
    *,
    state: str = "active",
    default_direction: str = "in",
    paired_at: datetime | None = MADE_AT,
) -> Device:
    """Make a device with a live key."""
    device_id, row_id = uuid4(), new_id(clock.now())
    secrets = GateSecrets(keys, clock.now)
    secret = secrets.draw()
    await tx.execute(
        insert(GateDevice).values(
            project_id=project_id,
            id=device_id,
            serial_no=f"SN{draw_code(12)}",
            name="1号门",
            entrance="东门",
            lane="1",
            default_direction=default_direction,
            place=func.ST_SetSRID(func.ST_MakePoint(114.5, 30.5), 4326),
            state=state,
            heartbeat_interval_s=60,
            created_at=MADE_AT,
            paired_at=paired_at,
        )
    )
    await tx.execute(
        insert(GateKey).values(
            id=key_name(row_id),
            project_id=project_id,
            device_id=device_id,
            secret_cipher=secrets.encrypt(row_id, secret),
            state="active",
            issued_at=MADE_AT,
            issued_by=staff_id,
        )
    )
    return Device(client, clock, project_id, device_id, key_name(row_id), secret)


async def bind(
    database: Database,
    site: GateSite,
    kind: str,
    value: str,
    person_id: UUID,
    *,
    from_at: datetime = MADE_AT,
    to_at: datetime | None = None,
) -> None:
    """Bind a number to a person."""
    async with database.transaction() as tx:
        await tx.execute(
            insert(PersonBinding).values(
                project_id=site.project_id,
                kind=kind,
                value=value,
                person_id=person_id,
                valid_during=func.tstzrange(from_at, to_at),
                bound_by=site.staff_id,
            )
        )


async def rows(database: Database, statement: str, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a SELECT."""
    async with database.transaction() as tx:
        return [dict(row) for row in (await tx.execute(text(statement), values)).mappings()]


async def punches(database: Database, site: GateSite) -> list[dict[str, Any]]:
    """Return the site's punches with status, in the order of the event."""
    return await rows(
        database,
        "SELECT p.*, s.outcome FROM punch p JOIN punch_status s USING (project_id, punch_id) "
        "WHERE p.project_id = :project_id ORDER BY p.occurred_at, p.event_key",
        project_id=site.project_id,
    )


async def days(database: Database, site: GateSite) -> list[dict[str, Any]]:
    """Return the site's person-days."""
    return await rows(
        database,
        "SELECT * FROM person_day WHERE project_id = :project_id ORDER BY work_on, person_id",
        project_id=site.project_id,
    )


async def written(database: Database, site: GateSite) -> dict[str, int]:
    """Count everything that a request of the site's gate can write."""
    found: dict[str, int] = {}
    tables = (
        "punch",
        "punch_private",
        "ruling",
        "punch_dedupe",
        "punch_status",
        "ledger_outbox",
        "person_day",
        "gate_state",
        "gate_heartbeat",
        "data_key",
    )
    async with database.transaction() as tx:
        for table in tables:
            count = await tx.scalar(
                text(f"SELECT count(*) FROM {table} WHERE project_id = :id"),
                {"id": site.project_id},
            )
            found[table] = int(count or 0)
        nonces = select(func.count()).select_from(text("gate_nonce")).where(text("key_id = :key"))
        found["gate_nonce"] = int(await tx.scalar(nonces, {"key": site.device.key_id}) or 0)
    return found


def minutes(count: float) -> timedelta:
    """Return that many minutes."""
    return timedelta(minutes=count)
