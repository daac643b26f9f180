from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from backend.sites.identity_documents import IdentityDocument
from backend.sites.roster import RosterRow
from backend.sites.roster_plan import Filed, FiledAssignment, FiledPerson, NewAssignment, Plan, plan_roster

DOCUMENT = IdentityDocument("01", "made-up")
ROW = RosterRow(
    2, "王强", DOCUMENT, "19900000001", "甲公司", None, "009", "project_manager", None, None, date(2026, 2, 1), None
)
KEY = ("甲公司", "009", "project_manager")
COMPANY, PARTY, POST, PERSON, ASSIGNMENT, SECTION = (UUID(int=number) for number in range(1, 7))
FILED = Filed(
    companies={"甲公司": (COMPANY, None)},
    parties={KEY[:2]: PARTY},
    posts={KEY: (POST, 1)},
    sections={"A": SECTION},
    people={DOCUMENT: FiledPerson(PERSON, "王强", has_login=True)},
    assignments={POST: [FiledAssignment(ASSIGNMENT, PERSON, date(2026, 2, 1), None, None, exit_confirmed=False)]},
    same_phone=frozenset({2}),
)


def row(**changes: Any) -> RosterRow:
    return replace(ROW, **changes)


def counts(plan: Plan) -> tuple[int, int, int]:
    return plan.created, plan.updated, plan.unchanged


def faults(plan: Plan) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in plan.faults]


def test_everything_is_made_once_on_empty_files() -> None:
    other = IdentityDocument("01", "another")
    second = row(line=3, document=other, name="李安", phone="19900000002", post="safety_officer")
    third = row(
        line=4, document=IdentityDocument("01", "third"), name="赵海", phone="19900000003", post="safety_officer"
    )
    plan = plan_roster([ROW, second, third], Filed())
    assert counts(plan) == (3, 0, 0)
    assert plan.companies == {"甲公司": None}
    assert list(plan.parties) == [("甲公司", "009")]
    assert plan.posts == {KEY: 1, ("甲公司", "009", "safety_officer"): 2}
    assert len(plan.people) == len(plan.assignments) == len(plan.logins) == 3
    assert plan.faults == []


def test_single_posts_get_one_seat_and_named_seats_win() -> None:
    successor = row(line=3, document=IdentityDocument("01", "b"), phone="19900000002")
    assert plan_roster([ROW, successor], Filed()).posts == {KEY: 1}
    assert plan_roster([ROW, replace(successor, seats=2)], Filed()).posts == {KEY: 2}


def test_what_is_on_file_is_unchanged() -> None:
    plan = plan_roster([ROW], FILED)
    assert counts(plan) == (0, 0, 1)
    assert plan == Plan(unchanged=1)


def test_empty_cells_say_nothing() -> None:
    ended = replace(
        FILED,
        assignments={
            POST: [FiledAssignment(ASSIGNMENT, PERSON, ROW.from_on, date(2026, 3, 1), SECTION, exit_confirmed=True)]
        },
    )
    assert counts(plan_roster([ROW], ended)) == (0, 0, 1)


def test_a_last_day_a_section_seats_and_a_code_are_updates() -> None:
    for changes in ({"to_on": date(2026, 5, 1)}, {"section": "A"}, {"seats": 2}, {"uscc": "X"}):
        assert counts(plan_roster([row(**changes)], FILED)) == (0, 1, 0), changes
    assert plan_roster([row(seats=2)], FILED).seats == {POST: 2}
    assert plan_roster([row(uscc="X")], FILED).named_companies == {COMPANY: "X"}


def test_a_return_after_the_last_day_is_a_new_assignment() -> None:
    ended = replace(
        FILED,
        assignments={
            POST: [FiledAssignment(ASSIGNMENT, PERSON, date(2025, 1, 1), date(2026, 1, 31), None, exit_confirmed=True)]
        },
    )
    plan = plan_roster([ROW], ended)
    assert counts(plan) == (1, 0, 0)
    assert plan.assignments == [NewAssignment(KEY, DOCUMENT, None, ROW.from_on, None)]


def test_what_does_not_fit_the_file_is_a_fault_and_plans_nothing() -> None:
    confirmed = replace(
        FILED,
        assignments={
            POST: [FiledAssignment(ASSIGNMENT, PERSON, ROW.from_on, date(2026, 3, 1), None, exit_confirmed=True)]
        },
    )
    for changes, filed, fault in (
        ({"name": "王刚"}, FILED, ("姓名", "sites.person_name_differs")),
        ({"line": 9}, FILED, ("手机号", "sites.phone_is_login")),
        ({"section": "B"}, FILED, ("标段", "sites.section_unknown")),
        ({"from_on": date(2026, 2, 9)}, FILED, ("进场日期", "sites.assignment_overlaps")),
        ({"to_on": date(2026, 4, 1)}, confirmed, ("退场日期", "sites.assignment_ended")),
        (
            {"uscc": "X"},
            replace(FILED, companies={"甲公司": (COMPANY, "Y")}),
            ("统一社会信用代码", "sites.company_name_taken"),
        ),
        ({"uscc": "X"}, replace(FILED, usccs={"X": "乙公司"}), ("统一社会信用代码", "sites.uscc_taken")),
        ({}, Filed(taken_phone=frozenset({2})), ("手机号", "sites.phone_taken")),
        (
            {"line": 9},
            replace(
                FILED, people={DOCUMENT: FiledPerson(PERSON, "王强", has_login=False)}, elsewhere=frozenset({PERSON})
            ),
            ("手机号", "sites.phone_elsewhere"),
        ),
    ):
        plan = plan_roster([row(**changes)], filed)
        assert faults(plan) == [fault], changes
        assert (plan.assignments, plan.people, plan.companies, plan.logins) == ([], {}, {}, {})
        assert counts(plan) == (0, 0, 0)


def test_companies_and_codes_belong_together_within_the_file_too() -> None:
    other = row(line=3, document=IdentityDocument("01", "b"), name="李安", phone="19900000002", uscc="X")
    for first, second, code in (
        (row(uscc="X"), replace(other, company="乙公司"), "sites.uscc_taken"),
        (row(uscc="Y"), other, "sites.company_name_taken"),
    ):
        plan = plan_roster([first, second], Filed())
        assert [(fault.line, fault.column, fault.code) for fault in plan.faults] == [(3, "统一社会信用代码", code)]
        assert plan.companies == {"甲公司": first.uscc}


def test_a_person_without_log_in_may_get_another_number_and_a_log_in() -> None:
    filed = replace(FILED, people={DOCUMENT: FiledPerson(PERSON, "王强", has_login=False)}, same_phone=frozenset())
    plan = plan_roster([ROW], filed)
    assert counts(plan) == (0, 1, 0)
    assert plan.phones == {PERSON: "19900000001"}
    assert list(plan.logins) == [DOCUMENT]


def test_workers_share_phones_and_get_no_log_in() -> None:
    worker = row(post="worker", party_kind="006", phone=None)
    plan = plan_roster([worker], Filed(taken_phone=frozenset({2})))
    assert (counts(plan), plan.logins, plan.faults) == ((1, 0, 0), {}, [])
