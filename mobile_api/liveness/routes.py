"""Routes of liveness under `/mobile/v1`: challenges, their frames and results, and one's own reference photos."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, JSONBody

from backend.evidence.faces.errors import FacesBusy
from backend.evidence.faces.measures import MAX_FRAME_BYTES
from backend.evidence.liveness.challenge import FRAMES
from backend.evidence.liveness.errors import (
    ChallengeExpired,
    ChallengesTooMany,
    ChallengeUnknown,
    ChallengeUsed,
    FramesInvalid,
)
from backend.evidence.liveness.issuing import Holder, issue_ahead, issue_challenge
from backend.evidence.liveness.judging import Shown
from backend.evidence.liveness.queries import AttemptRow, ChallengeRow
from backend.evidence.liveness.receiving import LivenessTools, Sent, find_result, receive_frames
from backend.evidence.references.errors import ReferenceSettled, ReferenceUnknown
from backend.evidence.references.queries import ReferenceRow, list_of_person
from backend.evidence.references.taking import add_step
from backend.identity.consents.errors import ConsentMissing
from backend.identity.consents.model import Purpose
from backend.identity.consents.service import require_consent
from backend.kit import messages
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.errors import MalformedBody, MediaTypeUnknown
from backend.kit.guards import Actor
from backend.kit.multipart import MEDIA_TYPE, read_parts
from backend.kit.wire import decode
from mobile_api.errors import ProjectUnknown, SessionEnded
from mobile_api.liveness.queries import is_posted
from mobile_api.liveness.schemas import (
    ChallengeAnswer,
    ChallengesAnswer,
    ChallengeState,
    FramesAbout,
    LivenessAnswer,
    OwnReference,
    OwnReferenceBody,
    OwnReferences,
    ProjectBody,
    ReasonOut,
    StepOut,
    nonce_bytes,
    nonce_text,
)
from mobile_api.offline.keys import find_session_phone
from mobile_api.reports import person_of

SELF = "mobile.self"
CONSENT: Purpose = "face_check"
NO_STORE = {"Cache-Control": "no-store"}
ABOUT_LIMIT = 10_000
BODY_LIMIT = FRAMES * MAX_FRAME_BYTES + ABOUT_LIMIT + 10_000
ARRIVES_WITHIN_S = 60.0
"""So long may frames be on their way; a challenge counts from when the request began."""

_about = msgspec.json.Decoder(FramesAbout, strict=True)


class FramesOperation(Operation):
    """Documents the form of frames."""

    def __post_init__(self) -> None:
        """Say what the form holds."""
        frame = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        fields: dict[str, Reference | Schema] = {
            "about": Schema(
                type=OpenAPIType.STRING,
                description='`{"nonce", "frames": [{"step", "at_ms"}], "made_at"}`; `made_at` where it was offline',
            ),
            "frame": Schema(type=OpenAPIType.ARRAY, items=frame, min_items=FRAMES, max_items=FRAMES),
        }
        form = Schema(type=OpenAPIType.OBJECT, properties=fields, required=["about", "frame"])
        self.request_body = RequestBody(content={MEDIA_TYPE: OpenAPIMediaType(schema=form)}, required=True)


async def _holder(tx: Tx, actor: Actor, project_id: UUID, clock: Clock) -> Holder:
    phone_id, person_id = await find_session_phone(tx, actor), person_of(actor)
    if not await is_posted(tx, person_id, project_id, clock.now()):
        raise ProjectUnknown
    await require_consent(tx, person_id, CONSENT)
    return Holder(project_id, person_id, phone_id)


@post(
    "/liveness/challenges",
    opt={"scope": SELF, "raises": (SessionEnded, ProjectUnknown, ConsentMissing, ChallengesTooMany)},
    summary="Begin a liveness check",
)
async def begin(
    data: JSONBody[ProjectBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> Response[ChallengeAnswer]:
    """Give steps to be shown to the camera within a minute: a calm look, then four moves drawn anew each time."""
    holder = await _holder(tx, actor, data.project_id, clock)
    challenge = await issue_challenge(tx, holder, now=clock.now())
    return Response(_challenge(challenge, language), headers=NO_STORE)


@post(
    "/liveness/challenges-ahead",
    opt={"scope": SELF, "raises": (SessionEnded, ProjectUnknown, ConsentMissing)},
    status_code=200,
    summary="Liveness checks for where there is no network",
)
async def prepare(
    data: JSONBody[ProjectBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> Response[ChallengesAnswer]:
    """Give the challenges that this phone keeps for where there is no network: at least three, each good for days.

    The field pack of a site that asks for presence has the same. They can be looked at before they are used, so what
    comes of them has less trust (`offline`).
    """
    holder = await _holder(tx, actor, data.project_id, clock)
    ahead = await issue_ahead(tx, [holder], now=clock.now())
    return Response(ChallengesAnswer(challenges=[_challenge(one, language) for one in ahead]), headers=NO_STORE)


@post(
    "/liveness/challenges/{challenge_id:uuid}/frames",
    opt={
        "scope": SELF,
        "body": True,
        "raises": (
            SessionEnded,
            MediaTypeUnknown,
            ChallengeUnknown,
            ConsentMissing,
            ChallengeExpired,
            ChallengeUsed,
            FramesInvalid,
            FacesBusy,
            BlobsAway,
        ),
    },
    status_code=200,
    summary="Send the frames of a liveness check",
    request_max_body_size=BODY_LIMIT,
    operation_class=FramesOperation,
)
async def send_frames(
    request: Request[Any, Any, State],
    challenge_id: FromPath[UUID],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    liveness_tools: NamedDependency[LivenessTools],
    language: NamedDependency[str],
) -> LivenessAnswer:
    """Judge one JPEG for each step (960 to 1280 pixels, not mirrored, at most 1.5 MB) and record the proof of presence.

    The same frames again get the same answer; a challenge takes no others. 503 uses nothing up.
    """
    arrived_at = liveness_tools.clock.now()
    async with database.transaction() as tx:
        phone_id = await find_session_phone(tx, actor)
        challenge, attempt = await find_result(tx, person_of(actor), challenge_id)
        await require_consent(tx, challenge.person_id, CONSENT)
    if challenge.phone_id != phone_id:
        raise ChallengeUnknown
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            body = await request.body()
    except TimeoutError as fault:
        raise MalformedBody(reason="it did not arrive in time") from fault
    sent = _sent(request.headers.get("content-type", ""), body)
    result = await receive_frames(challenge, attempt, sent, arrived_at, tools=liveness_tools)
    return _result(result.challenge, result.attempt, language, replayed=result.replayed)


def _sent(content_type: str, body: bytes) -> Sent:
    parts = read_parts(content_type, body, FRAMES + 1)
    about = next((part.content for part in parts if part.name == "about"), None)
    if about is None:
        raise FramesInvalid(reason="about")
    told = decode(about, _about, ABOUT_LIMIT)
    frames = [part.content for part in parts if part.name == "frame"]
    if len(frames) != len(told.frames):
        raise FramesInvalid(reason="count")
    shown = [Shown(one.step, one.at_ms, sha256(frame).digest()) for one, frame in zip(told.frames, frames, strict=True)]
    return Sent(nonce=nonce_bytes(told.nonce), shown=shown, frames=frames, made_at=told.made_at)


@get(
    "/liveness/challenges/{challenge_id:uuid}",
    opt={"scope": SELF, "raises": (SessionEnded, ChallengeUnknown)},
    summary="What came of a liveness check",
)
async def tell_result(
    challenge_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> ChallengeState:
    """Tell the result, for a phone that lost the answer; null as long as no frames were judged."""
    challenge, attempt = await find_result(tx, person_of(actor), challenge_id)
    result = None if attempt is None else _result(challenge, attempt, language, replayed=True)
    return ChallengeState(challenge_id=challenge.id, expires_at=challenge.expires_at, result=result)


@get("/face-references", opt={"scope": SELF, "raises": (SessionEnded,)}, summary="My reference photos")
async def list_own(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> OwnReferences:
    """List one's own reference photos, whichever project took them, latest first."""
    rows = await list_of_person(tx, person_of(actor))
    return OwnReferences(references=[_own(row) for row in rows])


@post(
    "/face-references/dispute",
    opt={"scope": SELF, "raises": (SessionEnded, ReferenceUnknown, ReferenceSettled)},
    status_code=200,
    summary="Dispute my reference photos",
)
async def dispute(
    data: JSONBody[OwnReferenceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> OwnReference:
    """Say that photos are not of oneself, or wrong: nothing is compared with them until another office has decided."""
    row = await _own_row(tx, actor, data.reference_id)
    await add_step(tx, actor, row, "disputed", data.reason, clock=clock)
    return _own(await _own_row(tx, actor, data.reference_id))


@post(
    "/face-references/renewal",
    opt={"scope": SELF, "raises": (SessionEnded, ReferenceUnknown, ReferenceSettled)},
    status_code=200,
    summary="Ask for new reference photos",
)
async def ask_for_renewal(
    data: JSONBody[OwnReferenceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> OwnReference:
    """Ask the project to take new photos; the old ones stay in use until those are approved."""
    row = await _own_row(tx, actor, data.reference_id)
    await add_step(tx, actor, row, "renewal_wanted", data.reason, clock=clock)
    return _own(await _own_row(tx, actor, data.reference_id))


async def _own_row(tx: Tx, actor: Actor, reference_id: UUID) -> ReferenceRow:
    for row in await list_of_person(tx, person_of(actor)):
        if row.id == reference_id:
            return row
    raise ReferenceUnknown


def _own(row: ReferenceRow) -> OwnReference:
    return OwnReference(
        reference_id=row.id, project_id=row.project_id, state=row.state, photos=len(row.digests), taken_at=row.taken_at
    )


def _challenge(row: ChallengeRow, language: str) -> ChallengeAnswer:
    return ChallengeAnswer(
        challenge_id=row.id,
        project_id=row.project_id,
        kind=row.kind,
        nonce=nonce_text(row.nonce),
        steps=[StepOut(step=one, words=messages.text(language, f"liveness_step.{one}").title) for one in row.steps],
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )


def _result(challenge: ChallengeRow, attempt: AttemptRow, language: str, *, replayed: bool) -> LivenessAnswer:
    reasons: list[ReasonOut] = []
    for reason in attempt.reasons:
        message = messages.text(language, f"liveness.{reason}")
        reasons.append(ReasonOut(code=f"liveness.{reason}", title=message.title, advice=message.advice))
    return LivenessAnswer(
        challenge_id=challenge.id,
        proof_id=challenge.id,
        project_id=challenge.project_id,
        outcome=attempt.outcome,
        reasons=reasons,
        again=attempt.again,
        trust="online" if challenge.kind == "online" else "offline",
        received_at=attempt.received_at,
        replayed=replayed,
    )


def liveness_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[begin, prepare, send_frames, tell_result, list_own, dispute, ask_for_renewal],
        tags=["Phone liveness"],
        signature_types=[UUID],
    )
