"""Roles: what each may, what nobody may, and grants that cannot reach too far."""

from pathlib import Path

import pytest

from backend.identity.roles import (
    ALL_SCOPES,
    ROLE_SCOPES,
    Role,
    Rows,
    may_grant,
    roles_with,
    rows_allowed,
    rows_wanted,
    scopes_of,
)

WRITING = {"write", "import", "publish", "keys", "rule", "declare", "reveal"}


def test_every_role_has_an_entry_and_an_unknown_one_none() -> None:
    assert set(ROLE_SCOPES) == set(Role)
    assert scopes_of(["emperor"]) == frozenset()
    assert scopes_of([]) == frozenset()


def test_scopes_of_several_roles_are_joined() -> None:
    assert scopes_of(["vendor", "key_person"]) == {"session.self", "gates.apply", "mobile.self"}


def test_the_auditor_reads_all_and_writes_nothing() -> None:
    mine = ROLE_SCOPES[Role.AUDITOR]
    assert mine >= {scope for scope in ALL_SCOPES if scope.endswith(".read")}
    assert not {scope for scope in mine if scope.rsplit(".", 1)[1] in WRITING}


def test_a_key_person_has_only_himself() -> None:
    assert ROLE_SCOPES[Role.KEY_PERSON] == {"session.self", "mobile.self"}
    assert roles_with("mobile.self") == {"key_person"}


def test_a_vendor_sees_devices_but_neither_people_nor_punches() -> None:
    assert ROLE_SCOPES[Role.VENDOR] == {"session.self", "gates.apply"}


def test_who_runs_the_platform_judges_no_punch_and_unmasks_nobody() -> None:
    assert not ROLE_SCOPES[Role.OPERATOR] & {"ledger.rule", "people.reveal", "fences.publish"}


def test_the_contractor_never_rules_on_his_own_people() -> None:
    assert "ledger.rule" not in ROLE_SCOPES[Role.CONTRACTOR] | ROLE_SCOPES[Role.PROJECT_ADMIN] | ROLE_SCOPES[Role.OWNER]


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.OPERATOR, Role.CITY, Role.AUDITOR}])
def test_a_role_below_the_city_is_never_granted_without_rows(role: Role) -> None:
    assert not rows_allowed(role, Rows.CITY)


def test_a_key_person_is_never_granted() -> None:
    assert not any(rows_allowed(Role.KEY_PERSON, rows) for rows in Rows)
    assert not any(may_grant([role], Role.KEY_PERSON) for role in Role)
    assert rows_wanted(Role.KEY_PERSON) == []


def test_nobody_lifts_others_above_himself() -> None:
    assert may_grant(["operator"], Role.OPERATOR)
    assert may_grant(["city"], Role.DISTRICT)
    assert not may_grant(["city"], Role.OPERATOR)
    assert not may_grant(["district", "project_admin", "auditor", "emperor"], Role.PROJECT_ADMIN)
    granting = {role for role in Role if any(may_grant([role], other) for other in Role)}
    assert {role for role in Role if "identity.accounts.write" in ROLE_SCOPES[role]} == granting


def test_the_table_in_the_security_page_is_this_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:3] == "| `"]
    head = next(line for line in page.splitlines() if line.startswith("| scope |"))
    roles = [Role(cell.strip()) for cell in head.strip("| ").split("|")[1:]]
    assert roles == list(Role)
    told = {
        row[0].strip("`"): {role for role, cell in zip(roles, row[1:], strict=True) if cell}
        for row in rows
        if len(row) == 1 + len(Role)
    }
    assert told == {scope: {role for role in Role if scope in ROLE_SCOPES[role]} for scope in ALL_SCOPES}
