"""The data key under which a project's private rows of a month are sealed."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from backend.kit.crypto import DataKey, DataKeys, data_key_label
from backend.kit.ids import new_id
from backend.ledger.append import Connection

# The first punch of a month makes the key; of two at once the second takes the first one's.
MAKE = """
INSERT INTO data_key AS k (project_id, month, key_id, wrapped, created_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (project_id, month) DO UPDATE SET wrapped = k.wrapped
RETURNING key_id, wrapped
"""


READ = "SELECT month, wrapped FROM data_key WHERE project_id = %s AND key_id = %s"


class MonthKey(NamedTuple):
    """The key of a project's month and its id."""

    key_id: UUID
    key: DataKey


def month_of(at: datetime) -> date:
    """Return the first day of the month by which data keys are kept."""
    return date(at.year, at.month, 1)


async def obtain_data_key(
    connection: Connection,
    data_keys: DataKeys,
    project_id: UUID,
    at: datetime,
    *,
    key_id: UUID | None,
    wrapped: bytes | None,
) -> MonthKey:
    """Unwrap the key that was read with the project's other facts; make it if this is the month's first punch."""
    month = month_of(at)
    label = data_key_label(project_id, f"{month.year:04}-{month.month:02}")
    if key_id is None or wrapped is None:
        fresh, _ = data_keys.create_data_key(label)
        made = await connection.execute(MAKE, (project_id, month, new_id(at), fresh, at))
        row = await made.fetchone()
        if row is None:
            msg = "an upsert returns its row"
            raise RuntimeError(msg)
        return MonthKey(row[0], data_keys.unwrap(bytes(row[1]), label))
    return MonthKey(key_id, data_keys.unwrap(bytes(wrapped), label))


async def read_data_key(connection: Connection, data_keys: DataKeys, project_id: UUID, key_id: UUID) -> DataKey | None:
    """Return the key that something of a project was sealed under; None when it was destroyed with the month's rows."""
    row = await (await connection.execute(READ, (project_id, key_id))).fetchone()
    if row is None or row[1] is None:
        return None
    return data_keys.unwrap(bytes(row[1]), data_key_label(project_id, f"{row[0].year:04}-{row[0].month:02}"))
