"""Routes that confirm and lock phones, and take a queue that a phone exported."""

from typing import Annotated
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import select

from backend.identity.tables import PhoneBinding
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid, read_cursor, write_cursor
from backend.kit.db import Database, Tx
from backend.kit.errors import InvalidBody, MalformedBody
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger.append import DayFolder
from backend.sites.errors import ProjectUnknown
from backend.sites.queries import find_project
from mobile_api import key_alarms, phone_care
from mobile_api.errors import (
    NothingToConfirm,
    OwnPhone,
    PhoneUnknown,
    SessionEnded,
    WitnessCodeInvalid,
    WitnessUnfit,
)
from mobile_api.offline.anchors import CHALLENGE_LIFE, Anchors
from mobile_api.offline.errors import KeyUnknown, SignatureWrong
from mobile_api.offline.keys import find_session_phone
from mobile_api.offline.reception import SignedCall, read_envelope
from mobile_api.offline.routes import answer_of
from mobile_api.offline.schemas import (
    ExportedQueueBody,
    KeyAlarmAnswer,
    LockBody,
    PhoneAnswer,
    PhoneConfirmedAnswer,
    PhonesAnswer,
    SyncAnswer,
    WitnessBody,
    WitnessCodeAnswer,
)
from mobile_api.offline.sync import Syncs
from mobile_api.phone_care import PhoneOf

SELF, SCOPE = "mobile.self", phone_care.SCOPE
PHONES = "/projects/{project_id:uuid}/people/{person_id:uuid}/phones"
PHONE = PHONES + "/{phone_id:uuid}"
KNOWN = (ProjectUnknown, PhoneUnknown)


@get(PHONES, opt={"scope": SCOPE, "raises": KNOWN}, summary="Phones of a person")
async def list_phones(
    project_id: FromPath[UUID], person_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> PhonesAnswer:
    """List the phones of somebody posted on the project, latest bound first."""
    return PhonesAnswer(
        phones=[phone_answer(one) for one in await phone_care.list_phones(tx, actor, project_id, person_id)]
    )


@post(
    PHONE + "/confirmation",
    opt={"scope": SCOPE, "raises": (*KNOWN, NothingToConfirm, OwnPhone)},
    status_code=200,
    summary="Confirm a new phone",
)
async def confirm_phone(  # the path's three ids
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    phone_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    fold_days: NamedDependency[DayFolder],
) -> PhoneAnswer:
    """Confirm that a new phone is the person's; its punches that waited for that are ruled on anew."""
    phone = await phone_care.confirm_phone(tx, actor, project_id, person_id, phone_id, clock=clock, fold=fold_days)
    return phone_answer(phone)


@post(PHONE + "/lock", opt={"scope": SCOPE, "raises": KNOWN}, status_code=200, summary="Lock a lost phone")
async def lock_phone(  # the path's three ids
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    phone_id: FromPath[UUID],
    data: JSONBody[LockBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> PhoneAnswer:
    """End the phone's sessions and keep it from logging in; what it signed before is still taken."""
    return phone_answer(
        await phone_care.lock_phone(tx, actor, project_id, person_id, phone_id, data.reason, clock=clock)
    )


@post(PHONE + "/unlock", opt={"scope": SCOPE, "raises": KNOWN}, status_code=200, summary="Unlock a phone")
async def unlock_phone(  # the path's three ids
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    phone_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> PhoneAnswer:
    """Let the phone log in again."""
    return phone_answer(await phone_care.unlock_phone(tx, actor, project_id, person_id, phone_id, clock=clock))


@post(
    "/projects/{project_id:uuid}/phone-queues",
    opt={"scope": SCOPE, "raises": (ProjectUnknown, KeyUnknown, SignatureWrong, MalformedBody, InvalidBody)},
    status_code=200,
    summary="Hand in a queue that a phone exported",
)
async def post_exported_queue(
    project_id: FromPath[UUID],
    data: JSONBody[ExportedQueueBody],
    request: Request[Actor, str, State],
    database: NamedDependency[Database],
    syncs: NamedDependency[Syncs],
    clock: NamedDependency[Clock],
    min_app_version: NamedDependency[str],
) -> SyncAnswer:
    """Record the items of a signed file as if the phone had sent them; its clocks prove nothing about their time.

    Receipts are shown for this project alone.
    """
    async with database.transaction() as tx:
        if await find_project(tx, request.user, project_id, scope=SCOPE) is None:
            raise ProjectUnknown
    body = data.body.encode()
    call = SignedCall(data.key, data.signature, body, read_envelope(body), clock.now(), exported=True)
    languages = request.headers.get("accept-language")
    return await answer_of(
        database, call, await syncs.take(call), languages, clock.now(), min_app_version, only=project_id
    )


@get(
    "/projects/{project_id:uuid}/phone-key-alarms",
    opt={"scope": SCOPE, "raises": (ProjectUnknown, CursorInvalid)},
    summary="Alarms of phones' keys",
)
async def list_key_alarms(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[KeyAlarmAnswer]:
    """List keys of people posted here that did what one phone cannot do, latest first."""
    before = None if after is None else read_cursor(after)
    found = await key_alarms.list_key_alarms(tx, actor, project_id, before=before, limit=limit + 1)
    end = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[
            KeyAlarmAnswer(
                id=one.id,
                raised_at=one.raised_at,
                kind="counter_reused",
                person_id=one.person_id,
                person_name=one.person_name,
                phone_id=one.phone_id,
                key=one.key_id,
                counter=one.counter,
                locked_at=one.locked_at,
                punch_ids=one.punch_ids,
            )
            for one in found[:limit]
        ],
        next=None if end is None else write_cursor(end.raised_at, end.id),
    )


@post(
    "/phone/witness-codes",
    opt={"scope": SELF, "raises": (SessionEnded, NothingToConfirm)},
    summary="Ask for the code that a colleague confirms this phone by",
)
async def post_witness_code(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    anchors: NamedDependency[Anchors],
) -> WitnessCodeAnswer:
    """Give a code for five minutes, to be shown as text or QR code."""
    phone_id, now = await find_session_phone(tx, actor), clock.now()
    binding_id = await tx.scalar(
        select(PhoneBinding.id).where(
            PhoneBinding.phone_id == phone_id,
            PhoneBinding.ended_at.is_(None),
            PhoneBinding.awaits.is_not(None),
            PhoneBinding.confirmed_at.is_(None),
        )
    )
    if binding_id is None:
        raise NothingToConfirm
    return WitnessCodeAnswer(code=anchors.witness_code(binding_id, now), expires_at=now + CHALLENGE_LIFE)


@post(
    "/phone/confirmations",
    opt={"scope": SELF, "raises": (SessionEnded, WitnessCodeInvalid, WitnessUnfit, OwnPhone, NothingToConfirm)},
    status_code=200,
    summary="Confirm a colleague's new phone",
)
async def post_confirmation(
    data: JSONBody[WitnessBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    anchors: NamedDependency[Anchors],
    fold_days: NamedDependency[DayFolder],
) -> PhoneConfirmedAnswer:
    """Be the witness that a colleague on a project of mine has this new phone."""
    await find_session_phone(tx, actor)
    binding_id = anchors.read_witness_code(data.code, clock.now())
    if binding_id is None:
        raise WitnessCodeInvalid
    phone = await phone_care.confirm_as_witness(tx, actor, binding_id, clock=clock, fold=fold_days)
    return PhoneConfirmedAnswer(
        phone_id=phone.id, confirmed_at=phone.confirmed_at or clock.now(), confirmed_how="witness"
    )


def phone_answer(phone: PhoneOf) -> PhoneAnswer:
    """Show a phone."""
    return PhoneAnswer(
        phone_id=phone.id,
        platform=phone.platform,
        bound_at=phone.bound_at,
        ended_at=phone.ended_at,
        end_reason=phone.end_reason,
        awaits=phone.awaits,
        confirmed_at=phone.confirmed_at,
        confirmed_how=phone.confirmed_how,
        locked_at=phone.locked_at,
        has_key=phone.has_key,
    )


def phone_care_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[
            Router(
                path="/admin/v1",
                route_handlers=[
                    list_phones,
                    confirm_phone,
                    lock_phone,
                    unlock_phone,
                    post_exported_queue,
                    list_key_alarms,
                ],
                tags=["Phones of people"],
            ),
            Router(path="/mobile/v1", route_handlers=[post_witness_code, post_confirmation], tags=["Phone"]),
        ],
        signature_types=[UUID],
    )
