"""Issues terminals their logins at the broker, and lists them for the broker's files."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, text

from backend.gates.dialects.mqtt.broker_files import BrokerLogin, hash_password
from backend.gates.dialects.mqtt.tables import GateBrokerLogin
from backend.gates.errors import BrokerLoginImpossible, DeviceUnknown
from backend.gates.registry import queries
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project

PASSWORD_BYTES: Final = 12
"""96 bits, in 24 hexadecimal digits that somebody types at a terminal."""

# A blocked terminal has no login: the broker ends its connection when it reads the files again.
LOGINS = """
SELECT DISTINCT ON (d.serial_no) d.serial_no, l.password_hash
FROM gate_broker_login l JOIN gate_device d ON d.project_id = l.project_id AND d.id = l.device_id
WHERE d.vendor = 'mqtt' AND d.state <> 'blocked'
ORDER BY d.serial_no, l.issued_at DESC, l.id DESC
"""

FIND_DEVICE = "SELECT serial_no, vendor FROM gate_device WHERE project_id = :project_id AND id = :device_id FOR UPDATE"


@dataclass(frozen=True, slots=True)
class IssuedLogin:
    """A login with its password, which nobody is shown again."""

    username: str
    password: str
    issued_at: datetime


async def issue_broker_login(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, clock: Clock) -> IssuedLogin:
    """Draw a terminal's password at the broker; the former one ends when the broker reads its files, within seconds.

    Raises ProjectUnknown, DeviceUnknown, or BrokerLoginImpossible for devices of other makes and for serial numbers
    with a colon, which Mosquitto takes for the end of a name.
    """
    await require_project(tx, actor, project_id, scope=queries.KEYS)
    found = await tx.execute(text(FIND_DEVICE), {"project_id": project_id, "device_id": device_id})
    row = found.one_or_none()
    if row is None:
        raise DeviceUnknown
    if row.vendor != "mqtt" or ":" in row.serial_no:
        raise BrokerLoginImpossible
    now, password = clock.now(), secrets.token_hex(PASSWORD_BYTES)
    values = {"device_id": device_id, "issued_at": now, "issued_by": actor.account_id}
    values |= {"project_id": project_id, "id": new_id(now)}
    await tx.execute(insert(GateBrokerLogin).values(**values, password_hash=hash_password(password)))
    await record_act(tx, actor, "gate.broker_login_issued", "gate", device_id, {}, clock=clock, project_id=project_id)
    return IssuedLogin(row.serial_no, password, now)


async def list_broker_logins(tx: Tx) -> list[BrokerLogin]:
    """Return the logins that the broker is to admit."""
    return [BrokerLogin(*row) for row in await tx.execute(text(LOGINS))]
