"""Every instant in every query string needs its offset: what has none, or is a bare number, is refused by name."""

from functools import cache
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from backend.identity.roles import ROLE_SCOPES, Role
from tests.contracts.conftest import FindTown
from tests.contracts.test_access_matrix import ask
from tests.support.calls import Call, call_of
from tests.support.routes import Route, application, routes


@cache
def paths() -> dict[str, Any]:
    """Read the document once: it takes a tenth of a second, and there are hundreds of routes."""
    return msgspec.json.decode(application().state.api_document.text())["paths"]


def instants_of(route: Route) -> list[str]:
    """Return the query parameters of a route that the OpenAPI document calls instants."""
    parameters = paths().get(route.template, {}).get(route.method.lower(), {}).get("parameters", [])
    return [
        parameter["name"]
        for parameter in parameters
        if parameter["in"] == "query" and b'"date-time"' in msgspec.json.encode(parameter["schema"])
    ]


CASES = [(route, name) for route in routes() for name in instants_of(route)]


def test_the_document_names_them() -> None:
    assert ("GET /admin/v1/projects/{project_id}/punches", "since") in [(str(route), name) for route, name in CASES]


@pytest.mark.parametrize(("route", "name"), CASES, ids=str)
async def test_an_instant_without_an_offset_is_refused(
    route: Route, name: str, standing: FindTown, quiet: AsyncClient
) -> None:
    town = await standing("home")
    headers = town.headers(next(role for role in sorted(Role) if route.scope in ROLE_SCOPES[role]))
    for text, status in (
        ("2026-03-16T00:00:00", 422),
        ("2026-03-16", 422),
        ("1773624600", 422),
        ("2026-03-16T00:00:00+08:00", 200),
    ):
        call = Call(params={**call_of(route.method, route.template, town).params, name: text})
        answer = await ask(quiet, route, dict(town.ids), call, headers)
        assert answer.status_code == status, f"{text}: {answer.text}"
        if status != 200:
            told = answer.json()
            assert (told["code"], told["parameter"]) == ("request.instant", name)
            assert "RFC 3339" in told["advice"]
