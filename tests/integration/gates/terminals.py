"""A terminal that pushes, and what the database holds afterwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from sqlalchemy import func, insert, text

from backend.gates.reading import token_digest
from backend.gates.tables import GateDevice
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support.factories import MADE_AT, draw_code

PUNCHES = """
SELECT p.event_key, p.person_id, p.occurred_at, p.device_time, p.time_quality, p.direction, p.direction_source, p.trust,
  p.method, p.granted, p.signals, s.outcome, s.person_id AS attributed_to, s.punch_id
FROM punch p JOIN punch_status s ON s.project_id = p.project_id AND s.punch_id = p.punch_id
WHERE p.project_id = :project_id AND p.source_id = :device_id ORDER BY p.occurred_at, p.event_key
"""


@dataclass
class PushTerminal:
    """A terminal of another maker; `token` is what stands in the URL of those that have one."""

    client: AsyncClient
    database: Database
    clock: ManualClock
    project_id: UUID
    id: UUID
    serial_no: str
    token: str

    async def get(self, path: str = "/iclock/cdata", **query: str) -> Response:
        """Ask for something in its name."""
        return await self.client.get(path, params={"SN": self.serial_no, **query})

    async def post(self, body: bytes | str, path: str = "/iclock/cdata", **query: str) -> Response:
        """Upload something in its name."""
        content = body.encode() if isinstance(body, str) else body
        return await self.client.post(path, params={"SN": self.serial_no, **query}, content=content)

    async def attlog(self, *rows: str) -> Response:
        """Upload rows of passes."""
        return await self.post("".join(f"{row}\r\n" for row in rows), table="ATTLOG", Stamp="9999")

    async def alert(self, body: bytes, content_type: str = "application/json", **headers: str) -> Response:
        """Post an alert to its URL."""
        url = f"/gates/hikvision/{self.token}"
        return await self.client.post(url, content=body, headers={"Content-Type": content_type, **headers})

    async def rows(self, statement: str = PUNCHES) -> list[dict[str, Any]]:
        """Return what the database holds of it, its punches by default."""
        async with self.database.transaction() as tx:
            found = await tx.execute(text(statement), {"project_id": self.project_id, "device_id": self.id})
            return [dict(row) for row in found.mappings()]

    async def table(self, name: str) -> list[dict[str, Any]]:
        """Return its rows of a table."""
        return await self.rows(f"SELECT * FROM {name} WHERE project_id = :project_id AND device_id = :device_id")

    async def state(self) -> dict[str, Any]:
        """Return what it last told."""
        (row,) = await self.table("gate_state")
        return row


async def make_terminal(
    database: Database,
    client: AsyncClient,
    clock: ManualClock,
    project_id: UUID,
    **columns: Any,
) -> PushTerminal:
    """Make an active terminal; `columns` of its row differ from the usual ones."""
    token = f"t{draw_code(30)}"
    values: dict[str, Any] = {
        "project_id": project_id,
        "id": uuid4(),
        "serial_no": f"SN{draw_code(12)}",
        "name": "1号闸机",
        "entrance": "东门",
        "lane": "1",
        "default_direction": "in",
        "place": func.ST_SetSRID(func.ST_MakePoint(114.5, 30.5), 4326),
        "state": "active",
        "heartbeat_interval_s": 30,
        "created_at": MADE_AT,
        "paired_at": MADE_AT,
        "vendor": "zkteco",
        **columns,
    }
    if values["vendor"] == "hikvision":
        values.setdefault("access_token_digest", token_digest(token))
    async with database.transaction() as tx:
        await tx.execute(insert(GateDevice).values(**values))
    return PushTerminal(client, database, clock, project_id, values["id"], values["serial_no"], token)


def local(at: datetime, hours: int = 8) -> str:
    """Return an instant as a terminal of UTC+8 writes it."""
    return at.astimezone(timezone(timedelta(hours=hours))).strftime("%Y-%m-%d %H:%M:%S")
