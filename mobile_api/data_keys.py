"""The data key under which a project's private rows of this month are sealed."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from backend.kit.crypto import DataKey, DataKeys, data_key_label
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from mobile_api.reading import Reading

# The first punch of a month makes the key; of two at once the second takes the first one's.
MAKE = """
INSERT INTO data_key AS k (project_id, month, key_id, wrapped, created_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (project_id, month) DO UPDATE SET wrapped = k.wrapped
RETURNING key_id, wrapped
"""


class MonthKey(NamedTuple):
    """The key of a project's month and its id."""

    key_id: UUID
    key: DataKey


async def obtain_data_key(connection: Connection, data_keys: DataKeys, reading: Reading, now: datetime) -> MonthKey:
    """Return id and key for the project's month, making it if this is the month's first punch."""
    month = now.date().replace(day=1)
    label = data_key_label(reading.project_id, f"{month:%Y-%m}")
    key_id, wrapped = reading.key_id, reading.wrapped
    if key_id is None or wrapped is None:
        fresh, _ = data_keys.create_data_key(label)
        made = await connection.execute(MAKE, (reading.project_id, month, new_id(now), fresh, now))
        row = await made.fetchone()
        if row is None:
            msg = "an upsert returns its row"
            raise RuntimeError(msg)
        key_id, wrapped = row
    return MonthKey(key_id, data_keys.unwrap(bytes(wrapped), label))
