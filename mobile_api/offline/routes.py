"""Routes of phones that work without network: keys, and queues that come in late."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from backend.identity.attestation.model import Attestation
from backend.identity.errors import PublicKeyMalformed
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.errors import BodyTooLarge, DaogangError, InternalFault, TooMany, Unavailable
from backend.kit.guards import Actor
from geofences.errors import AreaInvalid
from mobile_api.errors import SessionEnded
from mobile_api.offline.anchors import CHALLENGE_LIFE, Anchors
from mobile_api.offline.errors import KeyMissing, KeyTaken, KeyUnknown, ProofWrong, SignatureMissing, SignatureWrong
from mobile_api.offline.examining import ItemOutcome
from mobile_api.offline.field_pack import header_of, is_current, prepare_pack
from mobile_api.offline.items import ITEM_FORMAT
from mobile_api.offline.keys import register_key
from mobile_api.offline.reception import BODY_LIMIT, SignedCall, read_envelope
from mobile_api.offline.schemas import (
    ChallengeAnswer,
    FieldPackAnswer,
    MissingOut,
    PhoneKeyAnswer,
    PhoneKeyBody,
    QueuedPunchOut,
    SyncAnswer,
    SyncResult,
)
from mobile_api.offline.sync import SyncOutcome, Syncs
from mobile_api.offline.wire_schema import KEY_HEADER, SIGNATURE_HEADER, SyncOperation
from mobile_api.queries import stored_photos_of_phone
from mobile_api.versions import ITEM_FORMATS, format_headers
from mobile_api.words import reason_words

SELF = "mobile.self"
ANCHOR_HEADER = "X-Daogang-Anchor"
NO_STORE = {"Cache-Control": "no-store"}
_FORMS = ((KEY_HEADER, re.compile("[0-9A-Za-z_-]{43}")), (SIGNATURE_HEADER, re.compile("[0-9A-Za-z_-]{1,100}")))


@post(
    "/phone/key-challenges",
    opt={"scope": SELF, "raises": (SessionEnded,), "database": False},
    summary="Ask for what a new key of this phone has to sign",
)
async def post_challenge(
    actor: NamedDependency[Actor], clock: NamedDependency[Clock], anchors: NamedDependency[Anchors]
) -> Response[ChallengeAnswer]:
    """Give a challenge that is good for five minutes in this session."""
    now = clock.now()
    challenge = anchors.challenge(actor.family_id, now)
    return Response(ChallengeAnswer(challenge=challenge, expires_at=now + CHALLENGE_LIFE), headers=NO_STORE)


@post(
    "/phone/keys",
    opt={"scope": SELF, "raises": (SessionEnded, PublicKeyMalformed, ProofWrong, KeyTaken)},
    summary="Register the key of this phone",
)
async def post_key(
    data: JSONBody[PhoneKeyBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    anchors: NamedDependency[Anchors],
    attestation: NamedDependency[Attestation],
) -> PhoneKeyAnswer:
    """Register a key of which the phone shows the private part; one that it had before ends."""
    made = await register_key(tx, actor, data, anchors=anchors, attestation=attestation, clock=clock)
    return PhoneKeyAnswer(
        key=made.key.thumbprint,
        phone_id=made.phone_id,
        registered_at=made.registered_at,
        rekeyed=made.rekeyed,
        trust=made.attested.trust,
        attestation=made.attested.state,
        attestation_fault=made.attested.fault,
    )


@get(
    "/field-pack",
    opt={"scope": SELF, "raises": (SessionEnded, KeyMissing, AreaInvalid), "not_modified": True},
    summary="All that this phone needs for some days without network",
)
async def get_field_pack(
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    anchors: NamedDependency[Anchors],
    min_app_version: NamedDependency[str],
    has: Annotated[list[UUID] | None, QueryParameter(max_items=200, description="versions that the phone has")] = None,
) -> Response[FieldPackAnswer | None]:
    """Give assignments, modes, policies and fences of the coming days, and a signed time anchor.

    304 without a body when `If-None-Match` names the tag of the last answer: nothing has changed since. The new anchor
    stands in the header `X-Daogang-Anchor` of every answer.
    """
    pack = await prepare_pack(
        tx, actor, has=frozenset(has or ()), min_version=min_app_version, anchors=anchors, clock=clock
    )
    headers = {"ETag": pack.tag, "Cache-Control": "private, no-cache", ANCHOR_HEADER: header_of(pack.anchor)}
    if is_current(pack.tag, request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers=headers)
    return Response(await pack.load(), headers=headers)


@post(
    "/sync",
    opt={"signed": "phone", "body": True, "raises": (SignatureMissing, KeyUnknown, SignatureWrong)},
    status_code=200,
    operation_class=SyncOperation,
    summary="Send a queue of punches made without network",
)
async def post_sync(
    request: Request[Any, Any, Any],
    syncs: NamedDependency[Syncs],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    min_app_version: NamedDependency[str],
) -> Response[SyncAnswer]:
    """Record up to 200 items and answer for each of them, in order; the answer is sent after all are durable.

    Needs no session: the phone's key signs the call. It may be repeated as often as needed; a known item is answered
    with its first receipt. 4xx means that nothing was recorded; after 503 send the same items again.
    """
    key_id, signature = (_header(request, name, form) for name, form in _FORMS)
    body = await request.body()
    if len(body) > BODY_LIMIT:
        raise BodyTooLarge(limit_bytes=BODY_LIMIT)
    call = SignedCall(key_id, signature, body, read_envelope(body), clock.now())
    outcome = await syncs.take(call)
    answer = await answer_of(
        database, call, outcome, request.headers.get("accept-language"), clock.now(), min_app_version
    )
    return Response(answer, headers=format_headers(ITEM_FORMATS, {ITEM_FORMAT}))


async def answer_of(
    database: Database,
    call: SignedCall,
    outcome: SyncOutcome,
    languages: str | None,
    now: datetime,
    min_version: str,
    *,
    only: UUID | None = None,
) -> SyncAnswer:
    """Spell what became of a call; with `only`, receipts of this project alone."""
    language = messages.pick_language(languages)
    photos = {photo: None for one in outcome.results for photo in one.photos}
    if photos:
        async with database.transaction() as tx:
            stored = await stored_photos_of_phone(tx, call.key_id, [bytes.fromhex(photo) for photo in photos])
        photos = {photo: None for photo in photos if bytes.fromhex(photo) not in stored}
    return SyncAnswer(
        server_time=now,
        results=[result_of(one, language, only) for one in outcome.results],
        missing=MissingOut(counters=list(outcome.missing), photos=list(photos)),
        highest_counter=outcome.highest,
        min_version=min_version,
        anchor=outcome.anchor,
    )


def result_of(outcome: ItemOutcome, language: str, only: UUID | None = None) -> SyncResult:
    """Spell what became of an item in the caller's language."""
    if outcome.error is not None:
        error = outcome.error if isinstance(outcome.error, DaogangError) else InternalFault()
        words = messages.text(language, error.code, error.detail)
        return SyncResult(
            status="rejected",
            event_id=outcome.event_id,
            counter=outcome.counter,
            code=error.code,
            title=words.title,
            advice=words.advice,
            detail=dict(error.detail),
            retry=isinstance(error, TooMany | Unavailable | InternalFault),
        )
    receipt = outcome.receipt
    return SyncResult(
        status=outcome.status,
        event_id=outcome.event_id,
        counter=outcome.counter,
        punch=None
        if receipt is None or only not in {None, receipt.project_id}
        else QueuedPunchOut(
            punch_id=receipt.punch_id,
            project_id=receipt.project_id,
            received_at=receipt.received_at,
            occurred_at=receipt.occurred_at,
            outcome=receipt.outcome,
            reasons=reason_words(language, receipt.reasons),
        ),
    )


def _header(request: Request[Any, Any, Any], name: str, form: re.Pattern[str]) -> str:
    value = request.headers.get(name, "")
    if form.fullmatch(value) is None:
        raise SignatureMissing(header=name)
    return value


def offline_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[post_challenge, post_key, get_field_pack, post_sync],
        tags=["Phone"],
        signature_types=[UUID],
    )
