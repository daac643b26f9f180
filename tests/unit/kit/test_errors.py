import pytest

from backend.kit import errors
from backend.kit.errors import DaogangError
from backend.kit.problems import problem_members


def test_two_errors_cannot_share_a_code() -> None:
    with pytest.raises(TypeError, match="already"):
        type("Twin", (errors.NotFound,), {"code": "request.unknown_path"})
    assert DaogangError.registry["request.unknown_path"] is errors.RouteUnknown


def test_a_base_without_a_code_is_not_registered() -> None:
    type("Nameless", (errors.Conflict,), {})
    assert "" not in DaogangError.registry
    assert all(error.__name__ != "Nameless" for error in DaogangError.registry.values())


def test_details_are_members_of_the_problem_but_never_replace_its_own() -> None:
    error = errors.ScopeMissing(scope="sites.read", status=200, code="fine", type="none", request_id="mine")
    told = problem_members(error, "en", "abc")
    assert told["scope"] == "sites.read"
    assert (told["status"], told["code"], told["type"], told["request_id"]) == (
        403,
        "request.scope_missing",
        "urn:daogang:problem:request.scope_missing",
        "abc",
    )
    assert "sites.read" in told["advice"]


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (errors.TokenMissing(), {"WWW-Authenticate": "Bearer"}),
        (errors.DatabaseAway(), {"Retry-After": "2"}),
        (errors.Contended(), {"Retry-After": "1"}),
        (errors.TooMany(retry_after_s=600), {"Retry-After": "600"}),
        (errors.TooMany(), {"Retry-After": "60"}),
        (errors.MalformedBody(), {}),
    ],
)
def test_headers_belong_to_the_error(error: DaogangError, headers: dict[str, str]) -> None:
    assert dict(error.headers) == headers
