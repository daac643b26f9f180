"""Reads the facts that rules look at, each kind in one statement over many sites or a range of numbers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from backend.alerts import fact_statements as statements
from backend.alerts.model import Site
from backend.alerts.rulebook import Setting
from backend.alerts.rules.announced import Announced
from backend.alerts.rules.duty import LOOK_BACK_DAYS, DutyFact
from backend.alerts.rules.gates import OutageFact
from backend.alerts.rules.posts import Holder, PostFact
from backend.alerts.rules.requests import RequestFact
from backend.alerts.rules.reviews import QueueFact
from backend.alerts.rules.rulings import RulingFact
from backend.alerts.rules.signs import SignFact
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.terms import appeal_term, list_term_rules
from backend.kit.db import AnyRow, Tx
from backend.kit.horizon import LOOK_BACK, Settled
from backend.sites.posts import UNWATCHED_POSTS
from backend.sites.working_days import WorkCalendar

QUEUE_DAYS: Final = 62
OFFICES: Final = ["city", "district", "supervisor", "owner", "project_admin", "key_person"]
"""Of several offices of who took a step of a request, or ruled on a punch, the first is told."""


def _site(row: AnyRow | Sequence[Any], first: int = 0) -> Site:
    project_id, project_name, district_id, district_name, time_zone, cutover = tuple(row)[first : first + 6]
    return Site(
        project_id=project_id,
        project_name=project_name,
        district_id=district_id,
        district_name=district_name,
        time_zone=time_zone,
        cutover=cutover,
    )


async def read_settings_at(tx: Tx, at: datetime) -> list[Setting]:
    """Return every setting of a rule that is valid at an instant or was before."""
    return [Setting(*row) for row in await tx.execute(text(statements.SETTINGS), {"at": at})]


async def read_calendar(tx: Tx) -> WorkCalendar:
    """Return the calendar with the days that the city set."""
    rows = await tx.execute(text(statements.CALENDAR))
    return WorkCalendar({row[0]: row[1] for row in rows})


async def read_sites(
    tx: Tx, on: date, *, district_id: UUID | None = None, project_id: UUID | None = None
) -> list[Site]:
    """Return the sites on which presence is due on a day."""
    values = {"on": on, "district_id": district_id, "project_id": project_id}
    return [_site(row) for row in await tx.execute(text(statements.SITES), values)]


def since(after: int, xid: int, upto: Settled) -> dict[str, object]:
    """Return the values of a range of numbers: behind `after` what was written since `xid`, and all up to `upto`."""
    return {"after": after, "xid": str(xid), "upto": upto.number, "look_back": LOOK_BACK, "only": None}


def named(numbers: Collection[int]) -> dict[str, object]:
    """Return the values that name facts one by one."""
    last = max(numbers, default=0)
    return {"after": 0, "xid": "0", "upto": last, "look_back": LOOK_BACK, "only": sorted(numbers)}


async def numbers_of(tx: Tx, source: str, span: Mapping[str, object]) -> list[int]:
    """Return the numbers of the facts of a table in a range, rising."""
    return list((await tx.execute(text(statements.NUMBERS[source]), span)).scalars())


def _outage(row: AnyRow) -> OutageFact:
    return OutageFact(
        site=_site(row),
        outage_id=row[6],
        device_id=row[7],
        gate_name=row[8],
        kind=row[9],
        from_at=row[10],
        known_at=row[11],
        reason=row[12],
        end_known_at=row[13],
        end_cause=row[14],
    )


async def outages_told(tx: Tx, span: Mapping[str, object]) -> list[OutageFact]:
    """Return the outages of which something was told in a range of gate facts, as they stand."""
    return [_outage(row) for row in await tx.execute(text(statements.OUTAGES_TOLD), span)]


async def outages_open(tx: Tx, before: datetime) -> list[OutageFact]:
    """Return open outages that began before an instant, and those that an unresolved alert is about."""
    return [_outage(row) for row in await tx.execute(text(statements.OUTAGES_OPEN), {"before": before})]


async def outages_between(tx: Tx, span: Mapping[str, object]) -> list[OutageFact]:
    """Return the outages that became known in a span of time."""
    return [_outage(row) for row in await tx.execute(text(statements.OUTAGES_BETWEEN), span)]


def _announced(row: AnyRow) -> Announced:
    return Announced(
        id=row[0],
        kind=row[1],
        subject=row[2],
        occurred_at=row[3],
        detail=row[4],
        site=_site(row, 6) if row[5] else None,
    )


async def announced_told(tx: Tx, span: Mapping[str, object]) -> list[Announced]:
    """Return what was announced in a range of numbers."""
    return [_announced(row) for row in await tx.execute(text(statements.ANNOUNCED), span)]


async def announced_between(tx: Tx, span: Mapping[str, object]) -> list[Announced]:
    """Return what was announced in a span of time."""
    return [_announced(row) for row in await tx.execute(text(statements.ANNOUNCED_BETWEEN), span)]


def _request(row: AnyRow) -> RequestFact:
    return RequestFact(
        site=_site(row),
        request_id=row[6],
        kind=row[7],
        step=row[8],
        state=row[9],
        level=row[10],
        seq=row[11],
        last_seq=row[12],
        due_on=row[13],
        at=row[14],
        person_id=row[15],
        party_id=row[16],
        party_kind=row[17],
        deputy_id=row[18],
        office=row[19],
        note=row[20],
        own=row[21],
        last_on=row[22],
    )


async def requests_told(tx: Tx, span: Mapping[str, object]) -> list[RequestFact]:
    """Return the steps of requests that were announced in a range of numbers."""
    rows = await tx.execute(text(statements.REQUESTS_TOLD), {**span, "offices": OFFICES})
    return [_request(row) for row in rows]


async def requests_between(tx: Tx, span: Mapping[str, object]) -> list[RequestFact]:
    """Return the steps of requests that were announced in a span of time."""
    rows = await tx.execute(text(statements.REQUESTS_BETWEEN), {**span, "offices": OFFICES})
    return [_request(row) for row in rows]


def _ruling(row: AnyRow, rules: Sequence[DatedRule]) -> RulingFact:
    site = _site(row)
    return RulingFact(
        site=site,
        punch_id=row[6],
        occurred_at=row[7],
        dated=not row[8],
        seq=row[9],
        last_seq=row[10],
        outcome=row[11],
        reason=row[12],
        note=row[13],
        at=row[14],
        person_id=row[15],
        party_id=row[16],
        office=row[17],
        appeal_within=appeal_term(rules, site.project_id, site.district_id, site.day_of(row[14])),
    )


async def rulings_told(tx: Tx, span: Mapping[str, object]) -> list[RulingFact]:
    """Return what named persons ruled, and what counts undecided, in a range of the ledger."""
    return await _rulings(tx, statements.RULINGS_TOLD, span)


async def rulings_between(tx: Tx, span: Mapping[str, object]) -> list[RulingFact]:
    """Return the same in a span of time."""
    return await _rulings(tx, statements.RULINGS_BETWEEN, span)


async def _rulings(tx: Tx, statement: str, span: Mapping[str, object]) -> list[RulingFact]:
    rows = (await tx.execute(text(statement), {**span, "offices": OFFICES})).all()
    rules = await list_term_rules(tx) if rows else []
    return [_ruling(row, rules) for row in rows]


def _signal(row: AnyRow) -> SignFact:
    return SignFact(
        site=_site(row),
        sign=row[6],
        at=row[7],
        found_at=row[8],
        device_id=row[9],
        gate_name=row[10],
        person_id=row[11],
        person_name=row[12],
        party_id=row[13],
    )


async def signals_found(tx: Tx, since_at: datetime, until: datetime) -> list[SignFact]:
    """Return the gates' signals that were found after one instant and up to another."""
    rows = await tx.execute(text(statements.SIGNALS_FOUND), {"since": since_at, "until": until})
    return [_signal(row) for row in rows]


async def signals_between(tx: Tx, span: Mapping[str, object]) -> list[SignFact]:
    """Return the gates' signals that were found in a span of time."""
    return [_signal(row) for row in await tx.execute(text(statements.SIGNALS_BETWEEN), span)]


async def punch_signs(tx: Tx, span: Mapping[str, object]) -> list[SignFact]:
    """Return the signals of the phones' punches in a range of the ledger, one fact each."""
    return _punch_signs(await tx.execute(text(statements.PUNCHES_TOLD), span))


async def punch_signs_between(tx: Tx, span: Mapping[str, object]) -> list[SignFact]:
    """Return the signals of the phones' punches that were received in a span of time, one fact each."""
    return _punch_signs(await tx.execute(text(statements.PUNCHES_BETWEEN), span))


def _punch_signs(rows: Iterable[AnyRow]) -> list[SignFact]:
    return [
        SignFact(
            site=_site(row),
            sign=sign,
            at=row[7],
            found_at=row[8],
            person_id=row[9],
            person_name=row[10],
            party_id=row[11],
            punch_id=row[12],
        )
        for row in rows
        for sign in row[6]
    ]


async def posts_on(tx: Tx, sites: Collection[Site], on: date, kinds: Collection[str]) -> dict[UUID, list[PostFact]]:
    """Return the posts of some kinds at sites on a day, with their holders, by project."""
    by_id = {site.project_id: site for site in sites}
    values = {"projects": list(by_id), "posts": sorted(set(kinds) - UNWATCHED_POSTS), "on": on}
    facts: dict[tuple[UUID, UUID], PostFact] = {}
    holders: dict[tuple[UUID, UUID], list[Holder]] = {}
    for row in await tx.execute(text(statements.POSTS), values):
        key = (row[0], row[1])
        facts.setdefault(
            key,
            PostFact(
                site=by_id[row[0]],
                on=on,
                post_id=row[1],
                post_kind=row[2],
                party_id=row[3],
                company_name=row[4],
                holders=(),
            ),
        )
        if row[5] is not None:
            holders.setdefault(key, []).append(Holder(row[5], row[6], row[7], row[8], row[9]))
    found: dict[UUID, list[PostFact]] = {}
    for key, fact in facts.items():
        held = PostFact(
            site=fact.site,
            on=fact.on,
            post_id=fact.post_id,
            post_kind=fact.post_kind,
            party_id=fact.party_id,
            company_name=fact.company_name,
            holders=tuple(holders.get(key, ())),
        )
        found.setdefault(key[0], []).append(held)
    return found


async def duties_on(tx: Tx, sites: Collection[Site], on: date, kinds: Collection[str]) -> dict[UUID, list[DutyFact]]:
    """Return who holds posts of some kinds at sites on a day, with his days before, by project."""
    by_id = {site.project_id: site for site in sites}
    values = {
        "projects": list(by_id),
        "posts": sorted(set(kinds) - UNWATCHED_POSTS),
        "on": on,
        "first": on - timedelta(days=LOOK_BACK_DAYS),
    }
    found: dict[UUID, list[DutyFact]] = {}
    for row in await tx.execute(text(statements.DUTIES), values):
        fact = DutyFact(
            site=by_id[row[0]],
            assignment_id=row[1],
            post_kind=row[2],
            party_id=row[3],
            company_name=row[4],
            person_id=row[5],
            name=row[6],
            from_on=row[7],
            present=frozenset(row[8]),
            valid=frozenset(row[9]),
        )
        found.setdefault(row[0], []).append(fact)
    return found


async def queues_on(tx: Tx, sites: Collection[Site], on: date) -> list[QueueFact]:
    """Return the punches in review of sites, by day, of the last two months."""
    by_id = {site.project_id: site for site in sites}
    values = {"projects": list(by_id), "on": on, "first": on - timedelta(days=QUEUE_DAYS)}
    days: dict[UUID, list[tuple[date, int, datetime]]] = {}
    for row in await tx.execute(text(statements.QUEUES), values):
        days.setdefault(row[0], []).append((row[1], int(row[2]), row[3]))
    return [QueueFact(site=by_id[project_id], days=tuple(found)) for project_id, found in days.items()]
