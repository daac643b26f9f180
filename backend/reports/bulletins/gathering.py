"""Gathers the facts of a period out of assignments, person-days, rule sets, gates and the ledger, in one snapshot."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.attendance.rates.evaluation import Sums
from backend.attendance.rates.figures import Figure, Span, rates_of
from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.rule_model import threshold_of
from backend.kit.db import Tx
from backend.ledger.seals.log_reading import LOG_ID
from backend.reports.bulletins.content import RANKED_POSTS
from backend.reports.bulletins.facts import (
    WHOLE_DAY,
    DistrictFacts,
    HeldPost,
    Kind,
    LedgerMark,
    PeriodFacts,
    RuleSetFacts,
    SiteFacts,
)
from backend.sites.model import day_bounds, work_on

BLIND_AFTER_S: Final = 4 * 3600
"""A gate that could not record for so long on a day may have missed a valid one."""

# All that follows sees the ledger as it was at one moment.
ONE_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

DISTRICTS: Final = "SELECT id, code, name FROM district ORDER BY code"

SITES: Final = """
SELECT p.id, p.registration_no, p.name, p.district_id, p.time_zone, p.cutover,
  (SELECT min(c.name) FROM project_party y JOIN company c ON c.id = y.company_id
    WHERE y.project_id = p.id AND y.kind = '009') AS contractor,
  (SELECT min(c.name) FROM project_party y JOIN company c ON c.id = y.company_id
    WHERE y.project_id = p.id AND y.kind = '007') AS supervisor
FROM project p
WHERE p.status IN ('building', 'stopped', 'finished') AND coalesce(p.starts_on, CAST(:from_on AS date)) <= :to_on
  AND (p.status <> 'finished' OR p.ends_on >= :from_on)
ORDER BY p.registration_no
"""

DAYS: Final = """
SELECT project_id, sum(in_review)::bigint AS in_review, sum(punches)::bigint AS punches
FROM person_day WHERE work_on BETWEEN :from_on AND :to_on GROUP BY project_id
"""

QUARANTINED: Final = """
SELECT project_id, count(*) AS quarantined FROM punch_status
WHERE quarantined AND received_at >= :from_at AND received_at < :to_at GROUP BY project_id
"""

GATES: Final = """
SELECT d.project_id, count(*) AS gates, coalesce(sum(s.backlog), 0)::bigint AS unsent,
  min(s.oldest_unsent_at) FILTER (WHERE s.backlog > 0) AS oldest_unsent_at
FROM gate_device d LEFT JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
WHERE d.state = 'active' GROUP BY d.project_id
"""

OUTAGES: Final = """
SELECT o.project_id, o.device_id, o.kind, greatest(o.from_at, :from_at) AS from_at,
  least(coalesce(e.ended_at, o.expires_at, :to_at), :to_at) AS to_at
FROM gate_outage o LEFT JOIN gate_outage_end e ON e.project_id = o.project_id AND e.outage_id = o.id
WHERE o.from_at < :to_at AND coalesce(e.ended_at, o.expires_at, :to_at) > :from_at
ORDER BY o.project_id, o.device_id, o.from_at
"""

HELD: Final = """
SELECT DISTINCT a.project_id, p.kind FROM assignment a
JOIN post p ON p.project_id = a.project_id AND p.id = a.post_id
WHERE p.kind = ANY (CAST(:kinds AS text[])) AND a.from_on <= :to_on
  AND (a.to_on IS NULL OR a.exit_confirmed_at IS NULL OR a.to_on >= :from_on)
"""

ENTRY: Final = """
SELECT id FROM ledger_outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY id DESC LIMIT 1
"""

HEAD: Final = "SELECT tree_size, root_hash FROM seal_head WHERE log_id = :log_id ORDER BY tree_size DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class _Outage:
    device_id: UUID
    kind: str
    from_at: datetime
    to_at: datetime


async def gather(tx: Tx, kind: Kind, from_on: date, to_on: date, now: datetime) -> PeriodFacts:
    """Return the facts of a period of the whole city; the first thing that happens in its transaction."""
    await tx.execute(text(ONE_SNAPSHOT))
    days = {"from_on": from_on, "to_on": to_on}
    rows = (await tx.execute(text(SITES), days)).all()
    span = Span(first=from_on, last=to_on, until=to_on)
    figures = await rates_of(tx, [row.id for row in rows], span)
    blind: dict[UUID, int] = {}
    sites: list[SiteFacts] = []
    # A day before and after: sites of other time zones and cut-overs have their days elsewhere.
    widest = {
        "from_at": day_bounds(from_on - timedelta(days=1), "UTC", time())[0],
        "to_at": day_bounds(to_on + timedelta(days=1), "UTC", time())[1],
    }
    worked = {row.project_id: row for row in await tx.execute(text(DAYS), days)}
    doubted = {row.project_id: row.quarantined for row in await tx.execute(text(QUARANTINED), widest)}
    gates = {row.project_id: row for row in await tx.execute(text(GATES))}
    outages: defaultdict[UUID, list[_Outage]] = defaultdict(list)
    for row in await tx.execute(text(OUTAGES), widest):
        outages[row.project_id].append(_Outage(row.device_id, row.kind, row.from_at, row.to_at))
    held: defaultdict[UUID, set[str]] = defaultdict(set)
    for project_id, post_kind in await tx.execute(text(HELD), {**days, "kinds": list(RANKED_POSTS)}):
        held[project_id].add(post_kind)
    for row in rows:
        bounds = [day_bounds(day, row.time_zone, row.cutover) for day in _days(from_on, to_on)]
        own = _within(outages[row.id], bounds[0][0], bounds[-1][1])
        gate, work = gates.get(row.id), worked.get(row.id)
        unsent_since = None
        if gate is not None and gate.oldest_unsent_at is not None:
            unsent_since = work_on(gate.oldest_unsent_at, row.time_zone, row.cutover)
        blind[row.id] = _blind_days(own, bounds, _days(from_on, to_on), unsent_since)
        sites.append(
            SiteFacts(
                project_id=row.id,
                registration_no=row.registration_no,
                name=row.name,
                district_id=row.district_id,
                contractor=row.contractor,
                supervisor=row.supervisor,
                vacant=tuple(kind for kind in RANKED_POSTS if kind not in held[row.id]),
                in_review=0 if work is None else int(work.in_review),
                quarantined=doubted.get(row.id, 0),
                gates=0 if gate is None else gate.gates,
                mute=len({one.device_id for one in own if one.kind == "mute"}),
                unsent=0 if gate is None else int(gate.unsent),
                outages=len(own),
                outage_s=int(sum((one.to_at - one.from_at).total_seconds() for one in own)),
                silent=work is None or not (work.punches or work.in_review),
            )
        )
    return PeriodFacts(
        kind=kind,
        from_on=from_on,
        to_on=to_on,
        computed_at=now,
        districts=[
            DistrictFacts(district_id=row.id, code=row.code, name=row.name) for row in await tx.execute(text(DISTRICTS))
        ],
        sites=sites,
        held=[held_post(figure, blind[figure.project_id]) for figure in figures],
        rule_sets=_rule_sets(figures),
        ledger=await _ledger(tx),
    )


async def _ledger(tx: Tx) -> LedgerMark:
    head = (await tx.execute(text(HEAD), {"log_id": LOG_ID})).one_or_none()
    return LedgerMark(
        entry=await tx.scalar(text(ENTRY)) or 0,
        log_size=None if head is None else head.tree_size,
        root_hash=None if head is None else head.root_hash.hex(),
    )


def held_post(figure: Figure, blind_days: int) -> HeldPost:
    """Return a figure of attendance as bulletins count it: no more valid days than were due.

    On `blind_days` of the period gates could not record: as many of the missing days are open.
    """
    sums: Sums = figure.sums
    due = sums.due * WHOLE_DAY
    valid = min(sums.valid, due)
    likely = min(due, max(valid, sums.likely) + blind_days * WHOLE_DAY)
    threshold = threshold_of(figure.rules.rules, figure.post_kind)
    share = None if threshold is None else threshold.min_share
    return HeldPost(
        project_id=figure.project_id,
        post_kind=figure.post_kind,
        due=due,
        valid=valid,
        without_make_ups=min(sums.own, due),
        open=likely - valid,
        threshold=None if share is None else share * 10,
        make_ups_count=figure.rules.rules.make_ups_count,
    )


def _rule_sets(figures: Iterable[Figure]) -> list[RuleSetFacts]:
    projects: defaultdict[tuple[UUID | None, int], set[UUID]] = defaultdict(set)
    named: dict[tuple[UUID | None, int], PublishedRules] = {}
    for figure in figures:
        key = (figure.rules.rule_set_id, figure.rules.version)
        projects[key].add(figure.project_id)
        named[key] = figure.rules
    return [
        RuleSetFacts(rule_set_id=key[0], name=named[key].name, version=key[1], project_ids=frozenset(own))
        for key, own in projects.items()
    ]


def _within(outages: Iterable[_Outage], from_at: datetime, to_at: datetime) -> list[_Outage]:
    cut = (_Outage(one.device_id, one.kind, max(one.from_at, from_at), min(one.to_at, to_at)) for one in outages)
    return [one for one in cut if one.from_at < one.to_at]


def _blind_days(
    outages: Sequence[_Outage],
    bounds: Sequence[tuple[datetime, datetime]],
    days: Sequence[date],
    unsent_since: date | None,
) -> int:
    """Return on how many days one gate could not record for long, or has something that it did not send yet."""
    blind = 0
    for day, (from_at, to_at) in zip(days, bounds, strict=True):
        lasted: Mapping[UUID, float] = _seconds_by_device(outages, from_at, to_at)
        unsent = unsent_since is not None and unsent_since <= day
        blind += unsent or any(seconds >= BLIND_AFTER_S for seconds in lasted.values())
    return blind


def _seconds_by_device(outages: Iterable[_Outage], from_at: datetime, to_at: datetime) -> dict[UUID, float]:
    lasted: defaultdict[UUID, float] = defaultdict(float)
    for one in _within(outages, from_at, to_at):
        lasted[one.device_id] += (one.to_at - one.from_at).total_seconds()
    return lasted


def _days(from_on: date, to_on: date) -> list[date]:
    return [from_on + timedelta(days=number) for number in range((to_on - from_on).days + 1)]
