"""What the application's database role may not do, whatever the code tries."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from backend.identity.audit import record_act
from backend.identity.tables import AuditEvent
from backend.kit.clock import ManualClock
from backend.kit.db import Tx, sqlstate_of

INSUFFICIENT_PRIVILEGE = "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'nothing.happened'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DELETE FROM account",
        "DELETE FROM role_grant",
        "DELETE FROM session_family",
        "DELETE FROM phone",
    ],
)
async def test_the_application_may_not(tx: Tx, clock: ManualClock, statement: str) -> None:
    await record_act(tx, None, "test.done", "test", "1", clock=clock)
    with pytest.raises(DBAPIError) as caught:
        await tx.execute(text(statement))
    assert sqlstate_of(caught.value) == INSUFFICIENT_PRIVILEGE


async def test_an_act_is_kept_with_its_request_and_without_numbers(tx: Tx, clock: ManualClock) -> None:
    detail = {
        "number": "+8619900000001",
        "papers": ["99010119900101123X"],
        "count": 3,
        "deep": {"phone": "19900000001"},
    }
    event_id = await record_act(tx, None, "test.done", "test", "1", detail, clock=clock)
    row = (await tx.execute(select(AuditEvent.at, AuditEvent.detail).where(AuditEvent.id == event_id))).one()
    assert row[0] == clock.now()
    assert row[1] == {
        "number": "199****0001",
        "papers": ["990101********123X"],
        "count": 3,
        "deep": {"phone": "199****0001"},
    }
