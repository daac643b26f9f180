"""Says which role may do what and on which rows it can be limited; what is not listed is denied (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """Offices that an account can hold."""

    OPERATOR = "operator"
    CITY = "city"
    DISTRICT = "district"
    OWNER = "owner"
    CONTRACTOR = "contractor"
    SUPERVISOR = "supervisor"
    PROJECT_ADMIN = "project_admin"
    KEY_PERSON = "key_person"
    VENDOR = "vendor"
    AUDITOR = "auditor"


class Rows(StrEnum):
    """What a grant of a role must name; a grant that names nothing reaches the whole city."""

    CITY = "city"
    DISTRICT = "district"
    PROJECT = "project"
    PARTY = "party"


_READS: Final = frozenset(
    {"sites.read", "fences.read", "gates.read", "ledger.read", "attendance.read", "photos.read", "alerts.read"}
)
_SELF: Final = frozenset({"session.self"})

ROLE_SCOPES: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        # Keeps the platform running; sees that punches arrive, but neither judges them nor unmasks people.
        Role.OPERATOR: _SELF
        | _READS
        | {
            "sites.write",
            "roster.import",
            "gates.write",
            "gates.apply",
            "gates.keys",
            "gates.command",
            "gates.unknown",
            "alerts.handle",
            "alerts.rules",
            "attendance.write",
            "identity.accounts.read",
            "identity.accounts.write",
            "audit.read",
            "reports.read",
        },
        Role.CITY: _SELF
        | _READS
        | {
            "photos.view",
            "photos.hold",
            "photos.retain",
            "sites.write",
            "roster.import",
            "people.reveal",
            "fences.write",
            "fences.publish",
            "gates.write",
            "gates.apply",
            "gates.keys",
            "gates.command",
            "gates.unknown",
            "gates.redate",
            "outages.declare",
            "alerts.handle",
            "alerts.rules",
            "rates.rules",
            "rates.stop_work",
            "ledger.rule",
            "requests.read",
            "requests.decide",
            "requests.rules",
            "attendance.write",
            "identity.accounts.read",
            "identity.accounts.write",
            "audit.read",
            "faces.view",
            "faces.approve",
            "reports.read",
            "reports.issue",
        },
        Role.DISTRICT: _SELF
        | _READS
        | {
            "photos.view",
            "photos.hold",
            "sites.write",
            "roster.import",
            "people.reveal",
            "fences.write",
            "fences.publish",
            "gates.write",
            "gates.apply",
            "gates.keys",
            "gates.command",
            "gates.redate",
            "outages.declare",
            "alerts.handle",
            "alerts.rules",
            "rates.rules",
            "rates.stop_work",
            "ledger.rule",
            "requests.read",
            "requests.decide",
            "requests.rules",
            "faces.view",
            "faces.approve",
            "reports.read",
            "reports.issue",
        },
        # What people ask for may tell of illness: read by the sides of a project and its supervisors, not the operator.
        Role.OWNER: _SELF | _READS | {"requests.read", "requests.decide"},
        Role.CONTRACTOR: _SELF | _READS | {"requests.read"},
        # The supervising party decides reviews of the contractor's people (never of its own: ledger's rule).
        Role.SUPERVISOR: _SELF
        | _READS
        | {"photos.view", "ledger.rule", "alerts.handle", "requests.read", "requests.decide"},
        # Draws fences and keeps the roster; publishing past the cap and key approval are for others.
        Role.PROJECT_ADMIN: _SELF
        | _READS
        | {
            "photos.view",
            "sites.write",
            "roster.import",
            "people.reveal",
            "fences.write",
            "fences.publish",
            "gates.write",
            "gates.redate",
            "gates.apply",
            "outages.declare",
            "rates.stop_work",
            "faces.view",
            "faces.enrol",
            "requests.read",
            "requests.endorse",
        },
        Role.KEY_PERSON: _SELF | {"mobile.self"},
        # A device vendor applies for keys and sees what became of it, no people and no punches.
        Role.VENDOR: _SELF | {"gates.apply"},
        Role.AUDITOR: _SELF | _READS | {"requests.read", "identity.accounts.read", "audit.read", "reports.read"},
    }
)

ALL_SCOPES: Final[frozenset[str]] = frozenset[str]().union(*ROLE_SCOPES.values())
"""Every scope that a route may name."""

_ROWS: Final[Mapping[Role, frozenset[Rows]]] = MappingProxyType(
    {
        Role.OPERATOR: frozenset({Rows.CITY}),
        Role.CITY: frozenset({Rows.CITY}),
        Role.DISTRICT: frozenset({Rows.DISTRICT}),
        Role.OWNER: frozenset({Rows.PROJECT, Rows.PARTY}),
        Role.CONTRACTOR: frozenset({Rows.PROJECT, Rows.PARTY}),
        Role.SUPERVISOR: frozenset({Rows.PROJECT, Rows.PARTY}),
        Role.PROJECT_ADMIN: frozenset({Rows.PROJECT}),
        Role.KEY_PERSON: frozenset[Rows](),
        Role.VENDOR: frozenset({Rows.PROJECT}),
        Role.AUDITOR: frozenset({Rows.CITY, Rows.DISTRICT, Rows.PROJECT}),
    }
)

_MAY_GRANT: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.OPERATOR: frozenset(Role) - {Role.KEY_PERSON},
        Role.CITY: frozenset(Role) - {Role.KEY_PERSON, Role.OPERATOR},
    }
)


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the union of the scopes of `roles`; a role nobody knows adds nothing."""
    found: set[str] = set()
    for role in roles:
        found |= ROLE_SCOPES.get(role, frozenset())  # type: ignore[call-overload] - StrEnum keys equal their text
    return frozenset(found)


def roles_with(scope: str) -> frozenset[str]:
    """Return the roles that carry `scope`: row rights of a scope come only from grants of these roles."""
    return frozenset(role.value for role, scopes in ROLE_SCOPES.items() if scope in scopes)


def rows_allowed(role: Role, rows: Rows) -> bool:
    """Tell whether a grant of `role` may name rows of that kind.

    This is what keeps a forgotten district from turning into the whole city. `key_person` can never
    be granted: who has a person's account is one, limited to himself.
    """
    return rows in _ROWS[role]


def rows_wanted(role: Role) -> list[str]:
    """List what a grant of `role` must name, for the error that explains it."""
    return sorted(rows.value for rows in _ROWS[role])


def may_grant(holder: Iterable[str], role: Role) -> bool:
    """Tell whether someone with the roles `holder` may give or take `role` (nobody lifts others above himself)."""
    return any(role in _MAY_GRANT.get(held, frozenset()) for held in map(_known, holder) if held is not None)


def _known(role: str) -> Role | None:
    try:
        return Role(role)
    except ValueError:
        return None
