"""A project's own rule set and stops of work, for those who ask for them by their ids."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert

from backend.attendance.rates.force import PLATFORM_RULES
from backend.attendance.rates.rule_model import as_stored, digest_of
from backend.attendance.rates.tables import (
    RateComputation,
    RateComputationEnd,
    RuleSet,
    RuleSetVersion,
    StopWork,
    StopWorkStep,
)
from backend.kit.db import Tx
from backend.kit.ids import new_id

VALID_FROM = date(2026, 1, 1)


async def make_rate_things(tx: Tx, project_id: UUID, clerk: UUID, now: datetime) -> dict[str, str]:
    """Make a draft for the project, a stop of work that is filed and one that is approved; return their ids."""
    rule_set, filed, approved = new_id(now), new_id(now), new_id(now)
    await tx.execute(
        insert(RuleSet).values(id=rule_set, name="项目规则", project_id=project_id, created_by=clerk, created_at=now)
    )
    await tx.execute(
        insert(RuleSetVersion).values(
            rule_set_id=rule_set,
            version=1,
            valid_from=VALID_FROM,
            body=as_stored(PLATFORM_RULES),
            digest=digest_of(PLATFORM_RULES),
            drafted_by=clerk,
            drafted_at=now,
        )
    )
    for stop_id in (filed, approved):
        await tx.execute(
            insert(StopWork).values(
                project_id=project_id,
                id=stop_id,
                from_on=VALID_FROM,
                cause="weather",
                reason="暴雨",
                filed_by=clerk,
                filed_at=now,
            )
        )
    await tx.execute(
        insert(StopWorkStep).values(
            project_id=project_id, stop_work_id=approved, seq=1, kind="approved", taken_by=clerk, taken_at=now
        )
    )
    computation = new_id(now)
    await tx.execute(
        insert(RateComputation).values(
            id=computation,
            month=date(2026, 2, 1),
            project_id=project_id,
            reason="试算",
            asked_by=clerk,
            asked_at=now,
        )
    )
    await tx.execute(
        insert(RateComputationEnd).values(
            computation_id=computation, ended_at=now, figures=0, rules=[], digest=bytes(32)
        )
    )
    return {
        "computation_id": str(computation),
        "rule_set_id": str(rule_set),
        "stop_work_id": str(filed),
        "approved_stop_id": str(approved),
    }
