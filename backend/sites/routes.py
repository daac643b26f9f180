"""Joins the routes of sites under /admin/v1."""

from typing import Any

from litestar import Router

from backend.sites import calendar_routes, duty_routes, people_routes, project_routes, roster_routes
from backend.sites.policy_routes import policy_handlers


def sites_router(policy: type[Any]) -> Router:
    """Return the routes; `policy` is the struct of a site's policy, from the module that judges by it."""
    return Router(
        path="/admin/v1",
        route_handlers=[
            *project_routes.HANDLERS,
            *people_routes.HANDLERS,
            *duty_routes.HANDLERS,
            *roster_routes.HANDLERS,
            *calendar_routes.HANDLERS,
            *policy_handlers(policy),
        ],
        tags=["Sites"],
    )
