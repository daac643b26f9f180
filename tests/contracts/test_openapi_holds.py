"""What the OpenAPI document says is what the application does: generated requests in every role, every answer checked.

Each operation gets the call that a caller who may would send (in every role), then generated ones, fitting and
unfitting, half of them about things that exist. The coverage of successful answers is printed at the end.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar import Litestar
from requests import Request
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from backend.alerts.live.routes import Watching
from backend.identity.roles import ROLE_SCOPES, Role
from backend.kit.db import Database
from tests.contracts.conftest import FindTown, MakeTown
from tests.contracts.log_ins import LOG_INS, Door
from tests.support.apps import BASE_URL, client_of
from tests.support.calls import Call, call_of
from tests.support.routes import Route, application, routes
from tests.support.town import Town

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 10
# What a program or a page reads where it is; any other answer is a file, which browsers save.
READ_IN_PLACE = {
    "application/json",
    "text/html",
    "text/event-stream",
    "image/jpeg",
    "application/vnd.mapbox-vector-tile",
}
# GeoJSON that the desk's map draws; an exported version is a file.
DRAWN_FROM = "GET /admin/v1/fence-map"
SAVED = re.compile(r'attachment; filename="[0-9A-Za-z][0-9A-Za-z.-]*\.[a-z]+"')

Answer = httpx.Response
AnyCase = Case[Any]


@cache
def document() -> dict[str, Any]:
    return msgspec.json.decode(application().state.api_document.text())


@cache
def schema() -> OpenApiSchema:
    """Read the document once: what schemathesis makes of it takes 15 MB."""
    return schemathesis.openapi.from_dict(document())


@cache
def operation(route: Route) -> Any:
    return schema()[route.template][route.method]


DOCUMENTED = [route for route in routes() if route.method.lower() in document()["paths"].get(route.template, {})]


@pytest.fixture(autouse=True)
def _streams_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams tell what there is and end, however long a case asks them to go on."""
    run = Watching.run
    monkeypatch.setattr(Watching, "run", lambda self, begin, _for_s: run(self, begin, 0))


def roles_of(route: Route) -> list[Role | None]:
    """Return in whose name a route is called; None stands for nobody."""
    if route.scope is None:
        return [None]
    return [role for role in Role if route.scope in ROLE_SCOPES[role]]


def access(route: Route, town: Town, role: Role | None, path: str, body: bytes) -> dict[str, str]:
    if route.signed:
        return town.signed(path, body, route.method)
    return {} if role is None else town.headers(role)


async def perform(
    client: httpx.AsyncClient, route: Route, town: Town, role: Role | None, case: AnyCase, content: bytes | None = None
) -> Answer:
    """Send a case in somebody's name and check the answer against the document."""
    prepared = Request(**case.as_transport_kwargs(base_url=BASE_URL)).prepare()
    body: Any = prepared.body if content is None else content
    if isinstance(body, str):
        body = body.encode()
    headers: dict[str, Any] = {
        name: value for name, value in prepared.headers.items() if name.lower() not in {"content-length", "cookie"}
    }
    url = httpx.URL(cast("str", prepared.url))
    headers |= access(route, town, role, url.path, body or b"")
    answer = await client.request(route.method, url, content=body, headers=headers)
    try:
        case.validate_response(answer, checks=CHECKS)
    except BaseExceptionGroup as failures:  # not an Exception: it would end the loop of all tests
        told = "\n".join(str(one) for one in failures.exceptions)
        raise AssertionError(f"{role}: {told}\n{failures}"[:3000]) from None
    expect_handed_over_safely(route, answer)
    return answer


def expect_handed_over_safely(route: Route, answer: Answer) -> None:
    """Every answer is taken for what it is called; a file is saved under a plain name and kept by nobody on the way."""
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"], route
    media_type = answer.headers.get("content-type", "").split(";")[0]
    if answer.is_success and answer.content and media_type not in READ_IN_PLACE and str(route) != DRAWN_FROM:
        assert SAVED.fullmatch(answer.headers["content-disposition"]), f"{route}: {answer.headers}"
        assert answer.headers["cache-control"] == "private, no-store", route


def given_case(route: Route, town: Town, call: Call) -> tuple[AnyCase, bytes | None]:
    """Make the case of a call."""
    ids = {name: call.ids.get(name, town.ids.get(name, "x")) for name in names_of(route)}
    case = operation(route).Case(
        method=route.method,
        path_parameters=ids,
        query=call.params,
        headers=call.headers | ({} if call.body is None else {"Content-Type": call.media_type}),
    )
    return case, call.body


def names_of(route: Route) -> list[str]:
    return [part.strip("{}") for part in route.template.split("/") if part.startswith("{")]


def generated(route: Route, mode: GenerationMode) -> list[AnyCase]:
    """Return cases that fit the document, or (negative) do not; none where an operation takes no input to get wrong."""
    cases: list[AnyCase] = []

    @settings(
        max_examples=EXAMPLES,
        phases=(Phase.generate,),
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=operation(route).as_strategy(generation_mode=mode))
    def collect(case: AnyCase) -> None:
        cases.append(case)

    if mode is GenerationMode.POSITIVE or takes_input(route):
        collect()
    return cases


def takes_input(route: Route) -> bool:
    told = document()["paths"][route.template][route.method.lower()]
    return bool(told.get("parameters") or told.get("requestBody"))


@pytest.mark.parametrize("route", DOCUMENTED, ids=str)
async def test_every_answer_is_documented(route: Route, app: Litestar, make: MakeTown, standing: FindTown) -> None:
    town = await (standing("home") if route.only_reads else make())
    roles, names = roles_of(route), names_of(route)
    async with client_of(app) as client:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for number, case in enumerate(generated(route, mode)):
                if number % 2 and names:
                    case.path_parameters = {name: town.ids[name] for name in names}
                await perform(client, route, town, roles[number // 2 % len(roles)], case)


@pytest.mark.parametrize("route", DOCUMENTED, ids=str)
async def test_who_may_is_answered_as_documented(
    route: Route,
    app: Litestar,
    database: Database,
    make: MakeTown,
    standing: FindTown,
    record_property: Callable[[str, object], None],
) -> None:
    town = await (standing("home") if route.only_reads and str(route) not in LOG_INS else make())
    async with client_of(app) as client:
        statuses: dict[Role | None, int] = {}
        door = Door(town, app, client, database)
        for role in roles_of(route):
            log_in = LOG_INS.get(str(route))
            call = call_of(route.method, route.template, town) if log_in is None else await log_in(door)
            case, content = given_case(route, town, call)
            statuses[role] = (await perform(client, route, town, role, case, content)).status_code
    succeeded = any(200 <= status < 300 for status in statuses.values())
    record_property("openapi", f"{'+' if succeeded else '-'} {route}")
    assert succeeded, statuses


def test_every_route_is_documented_or_serves_the_document() -> None:
    hidden = {route.template for route in routes() if route not in DOCUMENTED}
    # Makers of terminals have their own documents of what they push; ours is docs/gate-terminals.md.
    elsewhere = ("/docs", "/iclock/", "/gates/hikvision/")
    # The web apps' files are pages for people.
    pages = {"/app", "/app/{path}", "/desk", "/desk/{path}"}
    assert {template for template in hidden if not template.startswith(elsewhere)} == {"/metrics"} | pages


def test_every_operation_says_what_it_is_for() -> None:
    for path, item in document()["paths"].items():
        for method, told in item.items():
            assert told.get("summary"), f"{method} {path}"
            assert told.get("operationId"), f"{method} {path}"


def test_no_error_is_documented_but_as_a_problem_with_codes() -> None:
    for path, item in document()["paths"].items():
        for method, told in item.items():
            for status, answer in told["responses"].items():
                if status[0] in "45" and path != "/health/ready":
                    assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
                    assert "`" in answer["description"], f"{method} {path} {status}"
