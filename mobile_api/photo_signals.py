"""Rules anew on punches of phones against whose photos something speaks, as soon as comparing has found it.

What a gate's photo shows is told to staff and rules on nothing: the device took it, not the person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text

from backend.decision.afterwards import weigh_also
from backend.decision.ruling import Ruling
from backend.evidence.photos.uses import lock_follower, move_follower
from backend.kit.db import AnyRow
from backend.ledger.partitions import in_ledger_transaction
from mobile_api.photo_waits import PhotoTools
from mobile_api.ruling_again import PunchName, RuledPunch, rule_again

log = structlog.get_logger()

FOLLOWER: Final = "photo_signals"
SETTLE: Final = timedelta(minutes=1)
"""No transaction lives as long: what was found earlier is there, or never will be."""
AT_ONCE: Final = 500

# Those found at the same instant come together: the next look begins after it.
FOUND = """
SELECT s.found_at, s.project_id, s.punch_id, s.kind FROM (
  SELECT * FROM photo_signal WHERE found_at > :after AND found_at <= :until
  ORDER BY found_at FETCH FIRST :most ROWS WITH TIES
) s
JOIN photo_use u ON u.project_id = s.project_id AND u.punch_id = s.punch_id AND u.device_id IS NULL
ORDER BY s.found_at
"""


async def rule_on_photo_signals(tools: PhotoTools) -> int:
    """Rule on the punches of signals that were found since the last call; return on how many.

    Each signal is a reason of its kind, which the site's policy weighs. The rulings come before the cursor: what is
    seen twice is named by the ruling already, and changes nothing.
    """
    ruled = 0
    while True:
        async with tools.database.transaction() as tx:
            now = tools.clock.now()
            after, until = await lock_follower(tx, FOLLOWER, now), now - SETTLE
            rows = (await tx.execute(text(FOUND), {"after": after, "until": until, "most": AT_ONCE})).all()
            ruled += await _rule(tools, rows, now)
            if len(rows) < AT_ONCE:
                await move_follower(tx, FOLLOWER, max(after, until))
                break
            await move_follower(tx, FOLLOWER, rows[-1][0])
    return ruled


async def _rule(tools: PhotoTools, rows: Sequence[AnyRow], now: datetime) -> int:
    found: dict[PunchName, set[str]] = {}
    for _, project_id, punch_id, kind in rows:
        found.setdefault((project_id, punch_id), set()).add(f"decision.{kind}")

    def decide(punch: RuledPunch) -> Ruling | None:
        codes = sorted(found[punch.project_id, punch.punch_id])
        return weigh_also(punch.reasons, punch.policy, [{"code": code} for code in codes])

    async def attempt() -> int:
        async with tools.database.connection() as connection, connection.transaction():
            return await rule_again(connection, sorted(found), decide, now, tools.fold)

    if not found:
        return 0
    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())
