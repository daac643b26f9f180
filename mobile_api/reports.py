"""What a person sees of himself: assignments, punches and days."""

import re
from datetime import date, datetime
from uuid import UUID

from backend.identity.masking import mask_phone_number
from backend.kit.clock import Clock
from backend.kit.crypto import Cell, FieldCipher
from backend.kit.cursors import read_cursor, write_cursor
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.model import work_on
from mobile_api import queries
from mobile_api.errors import MonthInvalid, SessionEnded
from mobile_api.schemas import AssignmentOut, DayOut, MeAnswer, MonthAnswer, PunchOut
from mobile_api.words import reason_words

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def person_of(actor: Actor) -> UUID:
    """Return the person behind the account; raises SessionEnded for an account without one."""
    if actor.person_id is None:
        raise SessionEnded
    return actor.person_id


async def describe_me(tx: Tx, actor: Actor, *, clock: Clock, cipher: FieldCipher) -> MeAnswer:
    """Return who I am, masked, and my assignments."""
    person_id = person_of(actor)
    person = await queries.find_person(tx, person_id)
    if person is None:
        raise SessionEnded
    now = clock.now()
    sealed = person[1]
    phone = None if sealed is None else cipher.decrypt(sealed, Cell("person", "phone_cipher", person_id))
    return MeAnswer(
        person_id=person_id,
        name=person[0],
        phone=None if phone is None else mask_phone_number(phone),
        server_time=now,
        assignments=[_assignment(row, now) for row in await queries.list_assignments(tx, person_id)],
    )


def _assignment(row: queries.AssignmentRow, now: datetime) -> AssignmentOut:
    today = work_on(now, row.time_zone, row.cutover)
    until = row.duty_to_on
    return AssignmentOut(
        project_id=row.project_id,
        project_name=row.project_name,
        registration_no=row.registration_no,
        site_mode=row.site_mode,
        time_zone=row.time_zone,
        post=row.post,
        party=row.party,
        section_id=row.section_id,
        from_on=row.from_on,
        to_on=row.to_on,
        in_force=row.from_on <= today and (until is None or today <= until),
    )


async def list_my_punches(tx: Tx, actor: Actor, *, after: str | None, limit: int, language: str) -> Page[PunchOut]:
    """Return one page of my punches, latest first; `limit` at most 200."""
    rows = await queries.list_punches(
        tx, person_of(actor), before=None if after is None else read_cursor(after), limit=limit + 1
    )
    items = [
        PunchOut(
            punch_id=row[0],
            project_id=row[1],
            source=row[2],
            direction=row[3],
            occurred_at=row[4],
            received_at=row[5],
            outcome=row[6],
            reasons=reason_words(language, row[7]),
            ruled_at=row[8],
            chainage_m=row[9],
            offset_m=row[10],
        )
        for row in rows[:limit]
    ]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=None if last is None else write_cursor(last.occurred_at, last.punch_id))


async def describe_month(tx: Tx, actor: Actor, month: str) -> MonthAnswer:
    """Return my days of a month written as `YYYY-MM`; raises MonthInvalid."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise MonthInvalid
    year, number = int(found[1]), int(found[2])
    first = date(year, number, 1)
    until = date(year + number // 12, number % 12 + 1, 1)
    days = [
        DayOut(
            project_id=row[0],
            work_on=row[1],
            first_at=row[2],
            last_at=row[3],
            span_s=row[4],
            punches=row[5],
            in_review=row[6],
            valid=row[7],
            provisional=row[8],
            entries=row[9],
        )
        for row in await queries.list_days(tx, person_of(actor), first, until)
    ]
    return MonthAnswer(month=month, valid_days=sum(day.valid for day in days), days=days)
