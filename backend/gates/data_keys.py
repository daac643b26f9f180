"""The data key under which a project's private rows of this month are sealed."""

from datetime import date, datetime
from uuid import UUID

from backend.gates.model import Gate
from backend.kit.crypto import DataKey, DataKeys, data_key_label
from backend.kit.ids import new_id
from backend.ledger.append import Connection

# The first punch of a month makes the key; of two at once the second takes the first one's.
MAKE_KEY = """
INSERT INTO data_key AS k (project_id, month, key_id, wrapped, created_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (project_id, month) DO UPDATE SET wrapped = k.wrapped
RETURNING key_id, wrapped
"""


async def obtain_data_key(
    connection: Connection, data_keys: DataKeys, gate: Gate, now: datetime
) -> tuple[UUID, DataKey]:
    """Return id and key for the project's month, making it if this is the month's first punch."""
    month = date(now.year, now.month, 1)
    label = data_key_label(gate.project_id, f"{month:%Y-%m}")
    key_id, wrapped = gate.data_key_id, gate.wrapped_data_key
    if key_id is None or wrapped is None:
        fresh, _ = data_keys.create_data_key(label)
        made = await connection.execute(MAKE_KEY, (gate.project_id, month, new_id(now), fresh, now))
        row = await made.fetchone()
        if row is None:
            msg = "an upsert returns its row"
            raise RuntimeError(msg)
        key_id, wrapped = row
    return key_id, data_keys.unwrap(bytes(wrapped), label)
