"""Many alerts at once, as the followers lay them: each a group of its own, told to the same accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text

from backend.kit.db import Tx
from backend.kit.ids import new_id

LAY = (
    """
    INSERT INTO alert_group (id, kind, district_id, group_key, severity, started_at, last_at)
    SELECT id, 'gate_down', NULL, id::text, 'warning', :now, :now FROM unnest(CAST(:groups AS uuid[])) AS g (id)
    """,
    """
    INSERT INTO alert
      (project_id, id, group_id, kind, fact_key, severity, words, numbers, evidence, occurred_at, found_at)
    SELECT :project_id, id, id, 'gate_down', id::text, 'warning', 'alerts.gate_down',
      '{"project": "示例项目", "gate": "1号门"}', '[]', :now, :now
    FROM unnest(CAST(:groups AS uuid[])) AS g (id)
    """,
    """
    INSERT INTO alert_state (project_id, alert_id, state, seq, level, changed_at)
    SELECT :project_id, id, 'open', 1, 0, :now FROM unnest(CAST(:groups AS uuid[])) AS g (id)
    """,
    """
    INSERT INTO alert_recipient (project_id, alert_id, account_id, group_id, level, added_at)
    SELECT :project_id, g.id, a.id, g.id, 0, :now
    FROM unnest(CAST(:groups AS uuid[])) AS g (id), unnest(CAST(:accounts AS uuid[])) AS a (id)
    """,
    """
    INSERT INTO alert_inbox (account_id, group_id, added_at, changed_at)
    SELECT a.id, g.id, :now, :now
    FROM unnest(CAST(:groups AS uuid[])) AS g (id), unnest(CAST(:accounts AS uuid[])) AS a (id)
    """,
    """
    INSERT INTO alert_outbox (account_id, group_id, kind, level, seq, created_at, due_at)
    SELECT a.id, g.id, 'first', 0, 0, :now, :now
    FROM unnest(CAST(:groups AS uuid[])) AS g (id), unnest(CAST(:accounts AS uuid[])) AS a (id)
    """,
)


async def lay_storm(tx: Tx, project_id: UUID, accounts: Sequence[UUID], number: int, now: datetime) -> list[UUID]:
    """Lay `number` alerts of a project, each told to all `accounts`; return their groups."""
    groups = [new_id(now) for _ in range(number)]
    given = {"project_id": project_id, "groups": groups, "accounts": list(accounts), "now": now, "key": uuid4()}
    for statement in LAY:
        await tx.execute(text(statement), {name: given[name] for name in given if f":{name}" in statement})
    return groups
