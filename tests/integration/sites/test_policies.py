from datetime import timedelta

from tests.integration.sites.conftest import Office, TwoSites


async def test_a_site_has_the_platform_s_policy_until_one_is_set(office: Office, sites: TwoSites) -> None:
    shown = await office.call("contractor", "GET", f"/projects/{sites.here.project.id}/policy")
    assert shown.status_code == 200, shown.text
    assert (shown.json()["version"], shown.json()["set_by"]) == (0, None)
    assert shown.json()["policy"]["counted_probability"] == 0.5


async def test_every_change_is_a_version(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/policy"
    first = await office.call("district", "PUT", path, json={"policy": {"accuracy_cap_m": 60.0}})
    assert first.status_code == 200, first.text
    assert (first.json()["version"], first.json()["set_by"]) == (1, str(office.accounts["district"]))
    assert first.json()["policy"]["accuracy_cap_m"] == 60.0
    later = (office.clock.now() + timedelta(days=1)).isoformat()
    second = await office.call(
        "city", "PUT", path, json={"policy": {"accuracy_cap_m": 40.0}, "valid_from": later, "based_on": 1}
    )
    assert second.json()["version"] == 2
    assert (await office.call("admin", "GET", path)).json()["version"] == 1
    office.clock.advance(timedelta(days=1))
    assert (await office.call("admin", "GET", path)).json()["policy"]["accuracy_cap_m"] == 40.0
    versions = (await office.call("admin", "GET", f"{path}/versions")).json()
    assert [row["version"] for row in versions] == [2, 1]
    moved = await office.call("city", "PUT", path, json={"policy": {}, "based_on": 1})
    assert (moved.status_code, moved.json()["code"], moved.json()["version"]) == (409, "sites.policy_moved", 2)


async def test_a_policy_is_set_by_supervisors_for_the_future_and_in_its_form(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/policy"
    own = await office.call("admin", "PUT", path, json={"policy": {"accuracy_cap_m": 5000.0}})
    assert (own.status_code, own.json()["code"]) == (403, "sites.supervisor_needed")
    now = office.clock.now()
    for instant in (now - timedelta(hours=1), now + timedelta(days=400)):
        past = await office.call("district", "PUT", path, json={"policy": {}, "valid_from": instant.isoformat()})
        assert (past.status_code, past.json()["code"]) == (422, "sites.policy_in_past")
    for body in (
        {"policy": {"counted_probability": 2.0}},
        {"policy": {"counted_probability": "0.5"}},
        {"policy": {"counted_probability": 0.1, "refused_probability": 0.2}},
        {"policy": {"unknown": 1}},
        {"policy": {}, "valid_from": "2026-04-01T00:00:00"},
        {},
    ):
        refused = await office.call("district", "PUT", path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "request.invalid"), body
    assert (await office.call("district", "GET", f"{path}/versions")).json() == []
