import pytest
from litestar import Litestar

from tests.integration.sites.conftest import Office, statements
from tests.support.factories import make_site


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/districts", 1),
        ("/companies", 1),
        ("/projects", 1),
        ("/projects/{project}/sections", 2),
        ("/projects/{project}/parties", 2),
        ("/projects/{project}/posts", 2),
        ("/projects/{project}/assignments", 2),
        ("/projects/{project}/vacancies", 3),
        ("/projects/{project}/policy/versions", 2),
        ("/people", 1),
    ],
)
async def test_a_list_takes_as_many_statements_however_long_it_is(
    app: Litestar, office: Office, path: str, count: int
) -> None:
    few = await make_site(office.database, office.keys, posts=[("009", "project_manager")], accounts=False)
    posts = [("009", kind) for kind in ("project_manager", "technical_lead", "safety_officer", "builder")]
    many = await make_site(office.database, office.keys, posts=[*posts, ("007", "chief_supervisor")], accounts=False)
    for site in (few, many):
        with statements(app) as seen:
            answer = await office.call("city", "GET", path.format(project=site.project.id))
        assert answer.status_code == 200, answer.text
        assert len(seen) == count, "\n".join(seen)
