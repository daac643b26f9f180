"""Routes by which a colleague confirms that somebody is there."""

from typing import Final, Literal, cast
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from backend.evidence.ways import errors
from backend.identity.errors import SessionEnded
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown as NoPost
from geofences.errors import AxesSwapped, NotFinite, OutOfChina, SystemUnknown
from mobile_api.errors import ProjectUnknown
from mobile_api.errors import SessionEnded as TapSessionEnded
from mobile_api.presence import witnesses
from mobile_api.presence.schemas import (
    WitnessAskBody,
    WitnessAskedAnswer,
    WitnessConfirmBody,
    WitnessConfirmedAnswer,
    WitnessLookAnswer,
    WitnessLookBody,
    WitnessStateAnswer,
)
from mobile_api.presence.tools import PresenceTools
from mobile_api.presence.words import proof_answer

SELF = "mobile.self"
CALLER = (SessionEnded, TapSessionEnded, errors.PhoneNotConfirmed)
POSITION = (NotFinite, AxesSwapped, OutOfChina, SystemUnknown)
UNFIT = (errors.WitnessRequestUnknown, errors.OwnWitness, errors.WitnessElsewhere, errors.WitnessedEnough)


@post(
    "/presence/witness-requests",
    opt={"scope": SELF, "raises": (*CALLER, *POSITION, NoPost, ProjectUnknown, errors.AskedEnough)},
    summary="Ask for a witness",
)
async def ask_for_witness(
    data: JSONBody[WitnessAskBody],
    actor: NamedDependency[Actor],
    presence_tools: NamedDependency[PresenceTools],
    language: NamedDependency[str],
) -> WitnessAskedAnswer:
    """Get a code to show to a colleague on site, who has five minutes to confirm that he sees me."""
    asked = await witnesses.ask(presence_tools, actor, data.project_id, data.fixes)
    words = messages.text(language, f"witness_asked.{asked.place}")
    return WitnessAskedAnswer(
        request_id=asked.id, code=asked.code, expires_at=asked.expires_at, title=words.title, advice=words.advice
    )


@get(
    "/presence/witness-requests/{request_id:uuid}",
    opt={"scope": SELF, "raises": (*CALLER, errors.WitnessRequestUnknown)},
    summary="How my request stands",
)
async def show_request(
    request_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> WitnessStateAnswer:
    """Tell whether somebody has confirmed, and the proof if so."""
    now = clock.now()
    row, proof = await witnesses.find_state(tx, actor, request_id, now)
    state: Literal["waiting", "confirmed", "expired"] = "waiting" if row.expires_at > now else "expired"
    if proof is not None:
        state = "confirmed"
    words = messages.text(language, f"witness_state.{state}")
    return WitnessStateAnswer(
        request_id=row.id,
        state=state,
        proof=None if proof is None else proof_answer(language, proof),
        title=words.title,
        advice=words.advice,
    )


@post(
    "/presence/witness-looks",
    opt={"scope": SELF, "raises": (*CALLER, *UNFIT)},
    status_code=200,
    summary="See whom a code is about",
)
async def look_at_request(
    data: JSONBody[WitnessLookBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> WitnessLookAnswer:
    """Tell the witness whom he is about to confirm; nothing is recorded yet."""
    row = await witnesses.look(tx, actor, data.code, clock.now())
    words = messages.text(language, "witness.look", {"name": row.person_name, "project": row.project_name})
    return WitnessLookAnswer(
        project_id=row.project_id,
        project_name=row.project_name,
        person_name=row.person_name,
        expires_at=row.expires_at,
        title=words.title,
        advice=words.advice,
    )


@post(
    "/presence/witness-statements",
    opt={"scope": SELF, "raises": (*CALLER, *POSITION, *UNFIT, ProjectUnknown)},
    summary="Confirm as a witness",
)
async def confirm_as_witness(
    data: JSONBody[WitnessConfirmBody],
    actor: NamedDependency[Actor],
    presence_tools: NamedDependency[PresenceTools],
    language: NamedDependency[str],
) -> WitnessConfirmedAnswer:
    """Confirm that I see the person here and now; where both of us are is judged by the fences."""
    stated = await witnesses.confirm(presence_tools, actor, data.code, data.fixes)
    words = messages.text(language, f"witness_stated.{stated.outcome}", {"name": stated.person_name})
    return WitnessConfirmedAnswer(
        outcome=cast("Literal['passed', 'review', 'failed']", stated.outcome),
        stated_at=stated.stated_at,
        title=words.title,
        advice=words.advice,
    )


WITNESS_HANDLERS: Final[tuple[HTTPRouteHandler, ...]] = (
    ask_for_witness,
    show_request,
    look_at_request,
    confirm_as_witness,
)
