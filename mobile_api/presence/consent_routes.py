"""Routes by which a person chooses a way, and gives and withdraws consents."""

from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from backend.evidence.ways import choices, errors
from backend.evidence.ways.callers import find_caller
from backend.evidence.ways.model import Way
from backend.identity.consents import service
from backend.identity.consents.errors import ConsentMissing, ConsentNotGiven, TextOutdated
from backend.identity.consents.model import PURPOSES, Purpose, holds, text_of
from backend.identity.errors import SessionEnded
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire

SELF = "mobile.self"
CALLER = (SessionEnded, errors.PhoneNotConfirmed)
CONSENT = "/presence/consents/{purpose:str}"


class ChoiceBody(Wire, frozen=True, kw_only=True):
    """The way that I want to go."""

    way: Way


class ChoiceAnswer(Wire, frozen=True, kw_only=True):
    """The way that I go, since when and why; null before I have chosen. All ways are worth the same."""

    way: Way | None
    cause: Literal["chosen", "consent_withdrawn"] | None
    chosen_at: datetime | None
    title: str


class GiveBody(Wire, frozen=True, kw_only=True):
    """The text that was read and agreed to, by its number."""

    text_version: Annotated[int, Meta(ge=1, le=1000)]


class ConsentAnswer(Wire, frozen=True, kw_only=True):
    """One purpose: its text of today, whether my consent holds, and when I last gave or withdrew it."""

    purpose: Purpose
    text_version: int
    title: str
    text: str
    holds: bool
    last_step: Literal["given", "withdrawn"] | None
    last_at: datetime | None


async def _answer(tx: Tx, actor: Actor, now: datetime, language: str) -> list[ConsentAnswer]:
    caller = await find_caller(tx, actor, now)
    acts = await service.list_acts(tx, caller.person_id)
    answers: list[ConsentAnswer] = []
    for purpose in PURPOSES:
        said, last = text_of(purpose, language), acts[purpose][-1] if acts[purpose] else None
        answers.append(
            ConsentAnswer(
                purpose=purpose,
                text_version=said.version,
                title=said.title,
                text=said.text,
                holds=holds(acts[purpose], said.version),
                last_step=None if last is None else last.step,
                last_at=None if last is None else last.at,
            )
        )
    return answers


@get("/presence/consents", opt={"scope": SELF, "raises": CALLER}, summary="My consents")
async def list_consents(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> list[ConsentAnswer]:
    """List what I am asked for, each purpose apart, with its text of today."""
    return await _answer(tx, actor, clock.now(), language)


@put(
    CONSENT,
    opt={"scope": SELF, "raises": (*CALLER, TextOutdated, errors.PurposeUnknown)},
    summary="Give a consent",
)
async def give_consent(
    purpose: FromPath[str],
    data: JSONBody[GiveBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> list[ConsentAnswer]:
    """Give my consent to one purpose, for the text that I have read; giving it again changes nothing."""
    now = clock.now()
    caller = await find_caller(tx, actor, now)
    known = _known(purpose)
    await service.give(
        tx, caller.person_id, caller.phone_id, known, version=data.text_version, language=language, now=now
    )
    return await _answer(tx, actor, now, language)


@post(
    CONSENT + "/withdrawal",
    opt={"scope": SELF, "raises": (*CALLER, ConsentNotGiven, errors.PurposeUnknown)},
    status_code=200,
    summary="Withdraw a consent",
)
async def withdraw_consent(
    purpose: FromPath[str],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    state: State,
) -> list[ConsentAnswer]:
    """Withdraw: it holds at once, I go another way from now on, and what was kept is deleted, with a record of it."""
    now = clock.now()
    caller = await find_caller(tx, actor, now)
    known = _known(purpose)
    await service.withdraw(tx, caller.person_id, caller.phone_id, known, language=language, now=now)
    await choices.leave_face(tx, caller.person_id, caller.phone_id, now)
    await state.wiring.erasers[known].end(tx, caller.person_id, now)
    return await _answer(tx, actor, now, language)


@get("/presence/choice", opt={"scope": SELF, "raises": CALLER}, summary="The way that I go")
async def show_choice(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> ChoiceAnswer:
    """Tell which way I have chosen."""
    caller = await find_caller(tx, actor, clock.now())
    return _choice(await choices.current_choice(tx, caller.person_id), language)


@put(
    "/presence/choice",
    opt={"scope": SELF, "raises": (*CALLER, ConsentMissing)},
    summary="Choose my way",
)
async def choose_way(
    data: JSONBody[ChoiceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> ChoiceAnswer:
    """Put my choice on record. It changes nothing about what a proof is worth, and any way stays open to me."""
    now = clock.now()
    caller = await find_caller(tx, actor, now)
    await choices.choose_way(tx, caller.person_id, caller.phone_id, data.way, now)
    return _choice(await choices.current_choice(tx, caller.person_id), language)


def _known(purpose: str) -> Purpose:
    if purpose not in PURPOSES:
        raise errors.PurposeUnknown
    return purpose


def _choice(known: tuple[Way, choices.Cause, datetime] | None, language: str) -> ChoiceAnswer:
    if known is None:
        return ChoiceAnswer(
            way=None, cause=None, chosen_at=None, title=messages.text(language, "presence_way.none").title
        )
    way, cause, at = known
    return ChoiceAnswer(way=way, cause=cause, chosen_at=at, title=messages.text(language, f"presence_way.{way}").title)


CONSENT_HANDLERS: Final[tuple[HTTPRouteHandler, ...]] = (
    list_consents,
    give_consent,
    withdraw_consent,
    show_choice,
    choose_way,
)
