"""Devices, keys and bindings as staff keep them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import PLACE, Office, gate, issue_key, office
from tests.integration.gates.gate_site import Device, GateSite, minutes, punches, rows
from tests.support.factories import (
    make_assignment,
    make_district,
    make_party,
    make_person,
    make_post,
    make_project,
)


async def acts(database: Database, site: GateSite) -> list[str]:
    found = await rows(
        database, "SELECT action FROM audit_event WHERE project_id = :id ORDER BY action", id=site.project_id
    )
    return [row["action"] for row in found]


async def test_a_gate_from_making_to_its_first_event(
    site: GateSite, desk: Office, admin: Office, database: Database
) -> None:
    made = await desk.take("POST", "/gates", gate())
    assert (made["state"], made["paired_at"], made["live_keys"], made["seen"]) == ("pending", None, 0, None)
    key = await issue_key(admin, desk, made["id"])
    device = Device(desk.client, site.device.clock, site.project_id, UUID(made["id"]), key["id"], key["secret"])
    event = device.event(site.people[0], direction=None)
    assert (await device.send([event])).json()["code"] == "gates.device_pending"
    active = await desk.take("PATCH", f"/gates/{made['id']}", {"state": "active"})
    assert (active["state"], active["paired_at"]) == ("active", "2026-03-16T01:30:00Z")
    assert (await device.deliver(event))[0]["status"] == "accepted"
    (punch,) = await punches(database, site)
    assert (punch["source_id"], punch["lane"], punch["direction"]) == (device.id, "2", "out")
    seen = await desk.take("GET", f"/gates/{made['id']}")
    assert seen["live_keys"] == 1
    assert (seen["seen"]["last_event_at"], seen["seen"]["next_expected_seq"]) == ("2026-03-16T01:30:00Z", 2)
    blocked = await desk.take("PATCH", f"/gates/{made['id']}", {"state": "blocked"})
    assert blocked["state"] == "blocked"
    assert (await device.send([device.event(site.people[0])])).json()["code"] == "gates.device_blocked"
    device.clock.advance(minutes(4))
    again = await desk.take("PATCH", f"/gates/{made['id']}", {"state": "active"})
    assert again["paired_at"] == "2026-03-16T01:30:00Z"
    assert await acts(database, site) == [
        "gate.activated",
        "gate.activated",
        "gate.blocked",
        "gate.created",
        "gate_key.applied",
        "gate_key.approved",
        "gate_key.issued",
    ]


async def test_a_gate_is_renamed_and_moved_and_keeps_the_rest(desk: Office) -> None:
    made = await desk.take("POST", "/gates", gate())
    changed = await desk.take("PATCH", f"/gates/{made['id']}", {"name": "新名", "place": {**PLACE, "lon": 114.6}})
    assert changed == {**made, "name": "新名", "place": {"lon": 114.6, "lat": 30.5012}, "config_rev": 2}
    assert await desk.take("PATCH", f"/gates/{made['id']}", {}) == changed


async def test_a_place_read_off_a_map_application_is_converted(desk: Office) -> None:
    made = await desk.take("POST", "/gates", gate(place={**PLACE, "crs": "gcj02"}))
    # GCJ-02 lies some 530 m to the east and 270 m to the south of WGS-84 there.
    assert made["place"] == {"lon": pytest.approx(114.4935, abs=1e-4), "lat": pytest.approx(30.5037, abs=1e-4)}


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"lon": 30.5, "lat": 114.5, "crs": "wgs84"}, "request.invalid"),
        ({"lon": 30.5, "lat": 80.5, "crs": "gcj02"}, "geofences.axes_swapped"),
        ({"lon": 2.35, "lat": 48.85, "crs": "wgs84"}, "geofences.out_of_china"),
        ({"lon": 114.5, "lat": 30.5}, "request.invalid"),
        ({"lon": 114.5, "lat": 30.5, "crs": "EPSG:4547"}, "request.invalid"),
        ({"lon": "114.5", "lat": 30.5, "crs": "wgs84"}, "request.invalid"),
    ],
)
async def test_a_place_that_cannot_be_meant_is_refused(desk: Office, place: dict[str, Any], code: str) -> None:
    answer = await desk.call("POST", "/gates", gate(place=place))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    "change",
    [
        {"serial_no": "a b"},
        {"serial_no": "SN-1234\n"},
        {"name": ""},
        {"name": "  "},
        {"name": "a\0b"},
        {"lane": "x" * 41},
        {"default_direction": None},
        {"heartbeat_interval_s": 9},
        {"state": "active"},
    ],
)
async def test_a_malformed_gate_is_refused(desk: Office, change: dict[str, Any]) -> None:
    answer = await desk.call("POST", "/gates", gate(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_serial_number_belongs_to_one_device(desk: Office) -> None:
    body = gate()
    await desk.take("POST", "/gates", body)
    answer = await desk.call("POST", "/gates", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.serial_taken")


async def test_gates_come_in_pages(desk: Office, site: GateSite) -> None:
    made = [str(site.device.id)] + [(await desk.take("POST", "/gates", gate()))["id"] for _ in range(4)]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await desk.take("GET", "/gates", limit=2, **after)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sorted(found) == sorted(made)
    assert len(found) == 5


CALLS = [
    ("GET", "/gates", None),
    ("POST", "/gates", "gate"),
    ("GET", "/gates/{gate}", None),
    ("PATCH", "/gates/{gate}", {"name": "x"}),
    ("GET", "/gates/{gate}/keys", None),
    ("POST", "/gates/{gate}/key-applications", {"reason": "x"}),
    ("POST", "/gates/{gate}/keys/{key}/revocation", {"reason": "x"}),
    ("GET", "/key-applications", None),
    ("POST", "/key-applications/019cf462-f2c0-7c62-9d0a-6f5c54d0a1b7/approval", {"reason": "x"}),
    ("POST", "/key-applications/019cf462-f2c0-7c62-9d0a-6f5c54d0a1b7/issue", {"reason": "x"}),
    ("POST", "/gates/{gate}/self-tests", None),
    ("GET", "/gates/{gate}/counts", None),
    ("GET", "/gates/{gate}/refusals", None),
    ("GET", "/person-bindings", None),
    ("POST", "/person-bindings", {"bindings": [{"kind": "pin", "value": "1", "person_id": str(uuid4())}]}),
    ("POST", "/person-bindings/end", {"kind": "pin", "value": "1"}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_another_district_finds_nothing(
    site: GateSite, database: Database, keys: MemoryKeyRing, method: str, path: str, body: object
) -> None:
    stranger = await office(database, keys, site, "project_admin", project_id=(await make_project(database)).id)
    if method != "GET":
        stranger = await office(database, keys, site, "district", district_id=await make_district(database))
    filled = path.format(gate=site.device.id, key=site.device.key_id)
    answer = await stranger.call(method, filled, gate() if body == "gate" else body)
    assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")


@pytest.mark.parametrize(("method", "path", "body"), [call for call in CALLS if call[0] != "GET"])
async def test_who_may_only_read_changes_nothing(
    site: GateSite, database: Database, keys: MemoryKeyRing, method: str, path: str, body: object
) -> None:
    reader = await office(database, keys, site, "owner", project_id=site.project_id)
    filled = path.format(gate=site.device.id, key=site.device.key_id)
    answer = await reader.call(method, filled, gate() if body == "gate" else body)
    assert (answer.status_code, answer.json()["code"]) == (403, "request.scope_missing")


def binding(person_id: UUID, value: str = "7", **changes: Any) -> dict[str, Any]:
    return {"kind": "pin", "value": value, "person_id": str(person_id), **changes}


async def test_numbers_are_bound_in_one_call_and_mean_people(site: GateSite, desk: Office, database: Database) -> None:
    made = await desk.take(
        "POST", "/person-bindings", {"bindings": [binding(site.people[n % 3], f"P{n}") for n in range(1000)]}
    )
    assert made == {"made": 1000}
    await site.device.deliver(site.device.event(("pin", "P1")))
    (punch,) = await punches(database, site)
    assert punch["person_id"] == site.people[1]
    page = await desk.take("GET", "/person-bindings", value="P1", kind="pin")
    assert [(item["person_id"], item["valid_to"]) for item in page["items"]] == [(str(site.people[1]), None)]
    assert len((await desk.take("GET", "/person-bindings", person_id=str(site.people[0]), limit=200))["items"]) == 200


async def test_bindings_come_in_pages(site: GateSite, desk: Office) -> None:
    await desk.take("POST", "/person-bindings", {"bindings": [binding(site.people[0], f"{n}") for n in range(7)]})
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await desk.take("GET", "/person-bindings", limit=3, **after)
        found += [item["value"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == [f"{n}" for n in range(7)]


@pytest.mark.parametrize("after", ["x", "bnVsbA", "WyJhIiwiYiIsImMiXQ", "W10", "%00"])
async def test_a_made_up_cursor_is_refused(desk: Office, after: str) -> None:
    answer = await desk.call("GET", "/person-bindings", after=after)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.cursor")


async def test_a_number_passes_on_to_another_person(site: GateSite, desk: Office, database: Database) -> None:
    now = site.device.clock.now()
    await desk.take(
        "POST",
        "/person-bindings",
        {"bindings": [binding(site.people[0], valid_from=(now - timedelta(days=9)).isoformat())]},
    )
    taken = await desk.call("POST", "/person-bindings", {"bindings": [binding(site.people[1])]})
    assert (taken.status_code, taken.json()["code"]) == (409, "gates.binding_taken")
    assert [fault["path"] for fault in taken.json()["errors"]] == ["$.bindings[0].value"]
    await desk.take("POST", "/person-bindings/end", {"kind": "pin", "value": "7", "at": (now - minutes(5)).isoformat()})
    await desk.take("POST", "/person-bindings", {"bindings": [binding(site.people[1])]})
    await site.device.deliver(
        site.device.event(("pin", "7"), now - minutes(9)),
        site.device.event(("pin", "7"), now - minutes(3)),
        site.device.event(("pin", "7"), now),
    )
    assert [row["person_id"] for row in await punches(database, site)] == [site.people[0], None, site.people[1]]
    assert (await acts(database, site)).count("person_binding.ended") == 1


async def test_bindings_that_fight_within_one_call_are_named(site: GateSite, desk: Office) -> None:
    now = site.device.clock.now()
    answer = await desk.call(
        "POST",
        "/person-bindings",
        {
            "bindings": [
                binding(site.people[0], "1", valid_to=(now + minutes(5)).isoformat()),
                binding(site.people[1], "1", valid_from=(now + minutes(5)).isoformat()),
                binding(site.people[1], "2"),
                binding(site.people[2], "2", valid_from=(now + minutes(5)).isoformat()),
            ]
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.binding_taken")
    assert [fault["path"] for fault in answer.json()["errors"]] == ["$.bindings[3].value"]
    assert (await desk.take("GET", "/person-bindings"))["items"] == []


async def test_strangers_to_the_project_are_not_bound(
    site: GateSite, desk: Office, database: Database, keys: MemoryKeyRing
) -> None:
    stranger = (await make_person(database, keys)).id
    answer = await desk.call(
        "POST",
        "/person-bindings",
        {"bindings": [binding(site.people[0], "1"), binding(stranger, "2"), binding(uuid4(), "3")]},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "gates.binding_person_unknown")
    assert [fault["path"] for fault in answer.json()["errors"]] == [
        "$.bindings[1].person_id",
        "$.bindings[2].person_id",
    ]
    assert (await desk.take("GET", "/person-bindings"))["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "pin", "value": "absent"}, 404, "gates.binding_unknown"),
        ({"kind": "card", "value": "7"}, 404, "gates.binding_unknown"),
        ({"kind": "pin", "value": "7", "at": "2026-03-16T01:30:00Z"}, 422, "gates.binding_empty"),
        ({"kind": "pin", "value": "7", "at": "2026-03-16T01:29:59Z"}, 404, "gates.binding_unknown"),
        ({"kind": "pin", "value": "7", "at": "0001-01-01T00:00:00+08:00"}, 422, "request.invalid"),
        ({"kind": "person", "value": "7"}, 422, "request.invalid"),
    ],
)
async def test_what_cannot_be_ended(site: GateSite, desk: Office, body: dict[str, str], status: int, code: str) -> None:
    await desk.take("POST", "/person-bindings", {"bindings": [binding(site.people[0])]})
    answer = await desk.call("POST", "/person-bindings/end", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"valid_to": "2026-03-16T01:30:00Z"}, "gates.binding_empty"),
        ({"valid_from": "0001-01-01T00:00:00+08:00"}, "request.invalid"),
        ({"value": "a\0"}, "request.invalid"),
        ({"value": "x" * 65}, "request.invalid"),
        ({"kind": "person"}, "request.invalid"),
    ],
)
async def test_a_malformed_binding_is_refused(site: GateSite, desk: Office, change: dict[str, str], code: str) -> None:
    answer = await desk.call("POST", "/person-bindings", {"bindings": [binding(site.people[0], **change)]})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_more_than_a_thousand_bindings_are_refused(site: GateSite, desk: Office) -> None:
    answer = await desk.call(
        "POST", "/person-bindings", {"bindings": [binding(site.people[0], str(n)) for n in range(1001)]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_party_sees_the_bindings_of_its_own_people(
    site: GateSite, desk: Office, database: Database, keys: MemoryKeyRing
) -> None:
    async with database.transaction() as tx:
        party = await make_party(tx, site.project_id, kind="007")
        person = (await make_person(tx, keys)).id
        await make_assignment(tx, site.project_id, await make_post(tx, party, kind="chief_supervisor"), person)
    await desk.take("POST", "/person-bindings", {"bindings": [binding(site.people[0], "1"), binding(person, "2")]})
    supervisor = await office(database, keys, site, "supervisor", project_id=site.project_id, party_id=party.id)
    assert [item["value"] for item in (await supervisor.take("GET", "/person-bindings"))["items"]] == ["2"]
    assert len((await desk.take("GET", "/person-bindings"))["items"]) == 2
