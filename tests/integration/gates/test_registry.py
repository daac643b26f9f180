"""What the registry knows of devices of all makes, and from where they may call."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from backend.gates.reading import find_by_serial, find_by_token
from backend.kit.db import Database
from tests.integration.gates.desks import Office, gate, issue_key, try_issue
from tests.integration.gates.gate_site import HEARTBEAT, GateSite, rows, written
from tests.support.factories import draw_code

HOME, ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "198.51.100.9"}


async def test_a_terminal_of_another_make_is_registered_with_its_zone_and_networks(desk: Office) -> None:
    digits = uuid4().hex[:12]
    mac = ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    body = gate(vendor="zkteco", mac=digits, time_zone="Asia/Kolkata", zone_form="minutes", networks=["10.8.0.0/16"])
    made = await desk.take("POST", "/gates", body)
    assert (made["vendor"], made["mac"], made["place_radius_m"]) == ("zkteco", mac, 50)
    assert (made["time_zone"], made["zone_form"], made["networks"]) == ("Asia/Kolkata", "minutes", ["10.8.0.0/16"])
    freed = await desk.take("PATCH", f"/gates/{made['id']}", {"networks": [], "mac": None, "time_zone": None})
    assert (freed["networks"], freed["mac"], freed["time_zone"], freed["zone_form"]) == ([], None, None, "minutes")
    assert freed["config_rev"] == made["config_rev"] + 1


async def test_a_mac_belongs_to_one_device(desk: Office) -> None:
    mac = uuid4().hex[:12].upper()
    await desk.take("POST", "/gates", gate(mac=mac))
    other = await desk.take("POST", "/gates", gate())
    for answer in (
        await desk.call("POST", "/gates", gate(mac=mac)),
        await desk.call("PATCH", f"/gates/{other['id']}", {"mac": mac}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "gates.mac_taken")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vendor": "dahua"}, "request.invalid"),
        ({"mac": "12:34"}, "request.invalid"),
        ({"time_zone": "Asia/Nowhere"}, "sites.time_zone_unknown"),
        ({"time_zone": "../etc"}, "request.invalid"),
        ({"zone_form": "days"}, "request.invalid"),
        ({"networks": ["10.8.0.1/16"]}, "gates.network_malformed"),
        ({"networks": ["everywhere"]}, "gates.network_malformed"),
        ({"networks": ["10.0.0.0/8"] * 21}, "request.invalid"),
        ({"place_radius_m": 4}, "request.invalid"),
    ],
)
async def test_what_the_registry_does_not_take(desk: Office, change: dict[str, object], code: str) -> None:
    answer = await desk.call("POST", "/gates", gate(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_case_23_another_network_is_refused_and_recorded(
    site: GateSite, desk: Office, database: Database
) -> None:
    """Acceptance 23, network: a good signature from elsewhere writes nothing but the refusal, which counts up."""
    device, path = site.device, f"/gates/{site.device.id}"
    await desk.take("PATCH", path, {"networks": ["203.0.113.0/24", "2001:db8::/32"]})
    assert (await device.send([device.event(site.people[0])], **HOME)).status_code == 200
    before = await written(database, site)
    for _ in range(2):
        answer = await device.send([device.event(site.people[0])], **ELSEWHERE)
        assert (answer.status_code, answer.json()["code"]) == (403, "gates.network_refused")
    assert await written(database, site) == before
    (refusal,) = await desk.take("GET", f"{path}/refusals")
    assert (refusal["reason"], refusal["address"], refusal["counter"]) == ("network", "198.51.100.9", 2)
    nobody = await device.send([device.event(site.people[0])])
    assert nobody.json()["code"] == "gates.network_refused"
    sixth = await device.send([device.event(site.people[0])], **{"X-Forwarded-For": "2001:db8::17"})
    assert sixth.status_code == 200


async def test_a_stranger_learns_nothing_of_networks(site: GateSite, desk: Office, database: Database) -> None:
    await desk.take("PATCH", f"/gates/{site.device.id}", {"networks": ["203.0.113.0/24"]})
    site.device.secret = "x" * 43
    answer = await site.device.send([site.device.event(site.people[0])], **ELSEWHERE)
    assert answer.json()["code"] == "gates.signature_wrong"
    assert not await rows(database, "SELECT FROM gate_refusal WHERE device_id = :id", id=site.device.id)


async def test_an_access_token_is_shown_once_and_replaces_the_former(
    site: GateSite, desk: Office, admin: Office, database: Database
) -> None:
    made = await desk.take("POST", "/gates", gate(vendor="hikvision", networks=["203.0.113.0/24"]))
    path, now = f"/gates/{made['id']}", site.device.clock.now()
    wanted = {"credential": "access_token"}
    first = (await issue_key(admin, desk, made["id"], **wanted))["secret"]
    own = {"token": f"Own-{draw_code(20)}"}
    second = (await issue_key(admin, desk, made["id"], **wanted, issue=own))["secret"]
    assert second == second.lower()
    shown = await desk.call("GET", path)
    assert shown.json()["has_access_token"] is True
    assert second not in shown.text

    async def found(token: str, address: str | None, vendor: str = "hikvision") -> tuple[str, bool] | None:
        async with database.connection() as connection:
            one = await find_by_token(connection, vendor=vendor, token=token, address=address, now=now)
        return None if one is None else (str(one[0].device_id), one[1])

    assert await found(first, None) is None
    assert await found(second, "203.0.113.9") == (made["id"], True)
    assert await found(second.upper(), "198.51.100.1") == (made["id"], False)
    assert await found(second, "203.0.113.9", "zkteco") is None
    other = await desk.take("POST", "/gates", gate())
    taken = await try_issue(admin, desk, other["id"], **wanted, issue={"token": second})
    assert (taken.status_code, taken.json()["code"]) == (409, "gates.access_token_taken")


async def test_a_gate_is_found_by_its_serial_number_with_its_zone(
    site: GateSite, desk: Office, database: Database
) -> None:
    own = await desk.take("POST", "/gates", gate(vendor="zkteco", time_zone="Asia/Kolkata", zone_form="minutes"))
    plain = await desk.take("POST", "/gates", gate(vendor="zkteco"))
    async with database.connection() as connection:
        found = [
            await find_by_serial(
                connection, vendor="zkteco", serial_no=made["serial_no"], address=None, now=site.device.clock.now()
            )
            for made in (own, plain)
        ]
    zones = [(gate.device_time_zone, gate.time_zone, gate.zone_form) for gate, _ in filter(None, found)]
    assert zones == [("Asia/Kolkata", "Asia/Shanghai", "minutes"), ("Asia/Shanghai", "Asia/Shanghai", None)]


async def test_the_median_skew_is_that_of_the_last_twenty_times(site: GateSite, desk: Office) -> None:
    device = site.device
    for behind_s in [600] * 5 + [10] * 11 + [40] * 9:
        device.clock.advance(timedelta(seconds=20))
        told = {"clock_now": (device.clock.now() - timedelta(seconds=behind_s)).isoformat(), "backlog": 0}
        assert (await device.post(HEARTBEAT, json.dumps(told).encode())).status_code == 200
    seen = (await desk.take("GET", f"/gates/{device.id}"))["seen"]
    assert (seen["clock_skew_s"], seen["median_skew_s"]) == (40, 10)


async def test_counts_stand_beside_each_other(site: GateSite, desk: Office) -> None:
    device = site.device
    empty = await desk.take("GET", f"/gates/{device.id}/counts")
    assert (empty["reported_count"], empty["ledger_count"]) == (None, 0)
    await device.deliver(*[device.event(site.people[0]) for _ in range(3)])
    assert (await desk.take("GET", f"/gates/{device.id}/counts"))["ledger_count"] == 3
