"""Staff routes of the rules of requests, and of the days on which nobody takes leave."""

from datetime import date
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from backend.attendance.requests import administration, errors
from backend.attendance.requests.administration import READ, SET
from backend.attendance.requests.schemas import BlackOutBody, BlackOutOut, RuleBody, RuleKindOut, RuleOut
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import CityNeeded, DatesReversed, DistrictUnknown, PostKindUnknown, ProjectUnknown

PLACE = (CityNeeded, DistrictUnknown, ProjectUnknown)


@get("/request-rules", opt={"scope": READ}, summary="Rules of review, make-ups, appeals and leave")
async def list_request_rules(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], language: NamedDependency[str]
) -> list[RuleKindOut]:
    """List each kind with the platform's own settings and what was set instead; the nearest place holds."""
    return await administration.list_rules(tx, actor, language=language)


@post(
    "/request-rules/{kind:str}",
    opt={
        "scope": SET,
        "raises": (errors.RuleKindUnknown, errors.PlaceInvalid, errors.RuleInPast, errors.RuleInvalid, *PLACE),
    },
    summary="Set a rule",
)
async def set_request_rule(
    kind: FromPath[str],
    data: JSONBody[RuleBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RuleOut:
    """Set a rule for the city, a district or a project from today or a later day on."""
    return await administration.set_rule(tx, actor, kind, data, clock=clock)


@get("/leave-black-outs", opt={"scope": READ}, summary="Days without leave")
async def list_black_outs(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    since: FromQuery[date | None] = None,
) -> list[BlackOutOut]:
    """List them from today on, or from a day on."""
    return await administration.list_black_outs(tx, actor, since=since, clock=clock)


@post(
    "/leave-black-outs",
    opt={"scope": SET, "raises": (errors.PlaceInvalid, DatesReversed, PostKindUnknown, *PLACE)},
    summary="Set days without leave",
)
async def set_black_out(
    data: JSONBody[BlackOutBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> BlackOutOut:
    """Say that nobody on some posts, or nobody at all, takes leave on some days; those of all places add up."""
    return await administration.set_black_out(tx, actor, data, clock=clock)


@post(
    "/leave-black-outs/{black_out_id:uuid}/lifting",
    status_code=200,
    opt={"scope": SET, "raises": (errors.BlackOutUnknown, errors.BlackOutLifted, *PLACE)},
    summary="Lift days without leave",
)
async def lift_black_out(
    black_out_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> BlackOutOut:
    """Let people take leave on these days again."""
    return await administration.lift_black_out(tx, actor, black_out_id, clock=clock)


HANDLERS: list[HTTPRouteHandler] = [
    list_request_rules,
    set_request_rule,
    list_black_outs,
    set_black_out,
    lift_black_out,
]
