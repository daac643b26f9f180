"""Batches that are judged and written in parts: nothing of it shows in the answers, the ledger or the locks."""

import asyncio
from random import Random

from backend.kit.db import Database
from tests.integration.gates.gate_site import GateSite, days, minutes, punches


async def test_answers_follow_the_order_sent_whatever_part_an_event_falls_in(
    site: GateSite, database: Database
) -> None:
    device, now = site.device, site.device.clock.now()
    events = [device.event(site.people[n % 3], now - minutes(n)) for n in range(300)]
    # Of each of these the second one has another content, and both lie anywhere in the order of the keys.
    others = [{**event, "method": "card"} for event in events[::7]]
    batch = events + others
    Random(7).shuffle(batch)
    results = await device.deliver(*batch)
    assert [one["device_event_id"] for one in results] == [event["device_event_id"] for event in batch]
    first: dict[str, str] = {}
    for event, result in zip(batch, results, strict=True):
        known = first.setdefault(event["device_event_id"], event["method"])
        assert result["status"] == ("accepted" if known is event["method"] else "conflict"), event
    stored = {row["event_key"]: row["method"] for row in await punches(database, site)}
    assert stored == first
    assert [row["punches"] for row in await days(database, site)] == [100] * 3


async def test_large_batches_with_the_same_events_in_any_order_do_not_lock_each_other_out(
    site: GateSite, database: Database
) -> None:
    device, now = site.device, site.device.clock.now()
    events = [device.event(site.people[n % 3], now - minutes(n)) for n in range(330)]
    shuffled = [Random(turn).sample(events, 260) for turn in range(6)]
    answers = await asyncio.gather(*(device.send(batch) for batch in shuffled))
    assert {answer.status_code for answer in answers} == {200}
    sent = {event["device_event_id"] for batch in shuffled for event in batch}
    accepted = [
        one["device_event_id"] for answer in answers for one in answer.json()["results"] if one["status"] == "accepted"
    ]
    assert sorted(accepted) == sorted(sent)
    assert {row["event_key"] for row in await punches(database, site)} == sent
