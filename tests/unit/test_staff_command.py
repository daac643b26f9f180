"""What may be typed to open the first staff account."""

import pytest

from backend.identity.roles import Role
from backend.staff import CITY_ROLES, opening_of


def test_a_role_over_the_whole_city() -> None:
    opening, role = opening_of("wang.wei", "王维", "operator")
    assert (opening.username, opening.display_name, role) == ("wang.wei", "王维", Role.OPERATOR)
    assert opening.password is None  # drawn
    assert set(CITY_ROLES) == {Role.OPERATOR, Role.CITY, Role.AUDITOR}


@pytest.mark.parametrize(
    ("username", "name", "role"),
    [
        ("two words", "x", "operator"),
        ("ok.name", "", "operator"),
        ("ok.name", "x", "district"),
        ("ok.name", "x", "god"),
    ],
)
def test_what_is_refused(username: str, name: str, role: str) -> None:
    with pytest.raises(ValueError, match=r"role|regex|length"):
        opening_of(username, name, role)
