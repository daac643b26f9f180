"""The invented people: well-formed numbers that nobody has, and rosters that the importer understands."""

from datetime import date
from pathlib import Path

import pytest

from backend.demo.accounts import SAMPLE_PHONES
from backend.demo.loading import ENDED, MISPRINT
from backend.demo.people import LINE_PEOPLE, PEOPLE, TOWER_PEOPLE, Company, install_id_of, roster_csv
from backend.demo.world import PROJECTS
from backend.identity.phone_numbers import read_phone_number
from backend.sites.errors import IdNumberChecksum
from backend.sites.identity_documents import read_document, read_uscc
from backend.sites.posts import KEY_POSTS, require_post_of_party
from backend.sites.roster import read_roster

DAY = date(2026, 3, 16)
EVERYBODY = (*LINE_PEOPLE, *TOWER_PEOPLE)


def test_everybody_has_numbers_of_his_own() -> None:
    assert len(PEOPLE) == len(EVERYBODY) == 37
    for attribute in ("document", "phone_number", "card"):
        assert len({getattr(person, attribute) for person in EVERYBODY}) == len(EVERYBODY)


def test_numbers_are_well_formed_and_nobody_s() -> None:
    for person in EVERYBODY:
        assert read_document("01", person.document, today=DAY).number.startswith("990101")
        assert read_phone_number(person.phone_number).startswith("1990000")


def test_every_company_has_a_code_with_a_right_check_character() -> None:
    companies: set[Company] = {company for project in PROJECTS for company, _ in project.parties}
    assert {read_uscc(company.uscc) for company in companies} == {company.uscc for company in companies}


def test_posts_belong_to_their_parties_and_key_people_have_phones() -> None:
    for person in EVERYBODY:
        assert require_post_of_party(person.post, person.party_kind).code == person.post
        assert person.phone or person.post not in KEY_POSTS


@pytest.mark.parametrize("people", [LINE_PEOPLE, TOWER_PEOPLE])
def test_the_rosters_have_no_fault(people: tuple[object, ...]) -> None:
    roster = read_roster(roster_csv(people, DAY), "csv", today=DAY)  # type: ignore[arg-type] - of Person
    assert roster.faults == ()
    assert len(roster.rows) == len(people)
    assert roster.ignored_columns == ()


def test_the_misprinted_roster_has_one_fault_at_its_place() -> None:
    roster = read_roster(roster_csv(LINE_PEOPLE, DAY, misprint=MISPRINT), "csv", today=DAY)
    line = 2 + [person.name for person in LINE_PEOPLE].index(MISPRINT)
    assert [(fault.line, fault.column, fault.code) for fault in roster.faults] == [
        (line, "证件号码", IdNumberChecksum.code)
    ]


def test_who_leaves_is_on_the_line() -> None:
    assert PEOPLE[ENDED] in LINE_PEOPLE


def test_the_readme_logs_in_from_the_phone_of_the_demo() -> None:
    """Another phone would be a new one, whose punches are in review."""
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    who = SAMPLE_PHONES[0]
    assert f'"phone_number": "{PEOPLE[who].phone_number}"' in readme
    assert f'"install_id": "{install_id_of(who)}"' in readme
