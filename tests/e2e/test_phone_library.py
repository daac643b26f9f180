"""The phone library in a real Chromium against a real server: whatever happens to page, network, storage and clock."""

import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.kit.canonical import canonical_bytes
from tests.support import processes
from tests.support.streams import Stream, make_stream, recorded
from tests.support.web import bundle, run_node
from tools import web
from tools.house import ROOT

VECTORS = ROOT / "docs" / "offline-vectors.json"


@dataclass
class Phone:
    """A person's phone, a server, and how a scenario of web/tests/page.mjs is played on them."""

    url: str
    stream: Stream
    bundle: Path
    folder: Path

    async def play(self, scenario: str, **more: object) -> dict[str, Any]:
        """Play a scenario and return what the phone saw."""
        owner = self.stream.ground.owner
        browser = web.browser()
        assert browser, "no Chromium: run `python3 -m tools.web`"
        return await run_node(
            "page.mjs",
            {
                "scenario": scenario,
                "base_url": self.stream.base_url,
                "token": owner.headers(datetime.now(UTC))["Authorization"].split()[1],
                "project_id": str(self.stream.ground.project.id),
                "bundle": str(self.bundle),
                "chromium": browser,
                "folder": str(self.folder),
                **more,
            },
        )

    def in_ledger(self) -> set[str]:
        """Return the events of the ledger, each once and whole."""
        return set(recorded(self.url, self.stream))

    def rows(self, statement: str) -> list[Any]:
        """Return the rows of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture
async def phone(fresh_database: str, tmp_path: Path) -> AsyncIterator[Phone]:
    """Give a phone with a server of its own."""
    with processes.server(fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 1)
        yield Phone(fresh_database, stream, bundle(tmp_path), tmp_path)
        assert "Traceback" not in process.log.read_text()


def outcomes(seen: dict[str, Any], events: list[str]) -> list[str]:
    return [seen["receipts"][event][1]["outcome"] for event in events]


async def test_the_library_spells_and_signs_as_the_vectors_say(phone: Phone) -> None:
    checks = await phone.play("vectors", vectors=json.loads(VECTORS.read_text()))
    assert len(checks) > 10
    assert [name for name, is_right in checks.items() if not is_right] == []


async def test_the_library_spells_any_value_as_the_server_does(phone: Phone) -> None:
    draw = random.Random(1)

    def text() -> str:
        return "".join(
            chr(draw.choice([*range(128), 0xE9, 0x5230, 0x2028, 0xFFFF, 0x1F600])) for _ in range(draw.randrange(8))
        )

    def value(depth: int) -> Any:
        kind = draw.randrange(7 if depth else 5)
        plain = [None, True, draw.randrange(-(2**53) + 1, 2**53), draw.randrange(100), text()]
        if kind < len(plain):
            return plain[kind]
        if kind == len(plain):
            return [value(depth - 1) for _ in range(draw.randrange(4))]
        return {f"k{draw.randrange(1000)}": value(depth - 1) for _ in range(draw.randrange(4))}

    values = [value(4) for _ in range(500)]
    seen = await phone.play("spelling", values=values)
    assert seen["spelled"] == [canonical_bytes(one).decode() for one in values]


async def test_punches_without_network_arrive_when_it_is_back(phone: Phone) -> None:
    seen = await phone.play("network")
    assert (seen["failed"], seen["before"]) == ("TypeError", 5)
    assert set(seen["receipts"]) == set(seen["events"]) == phone.in_ledger()
    assert outcomes(seen, seen["events"]) == ["counted"] * 8
    assert seen["again"] == {"sent": 0, "rejected": 0, "waiting": 0, "missingPhotos": [], "minVersion": None}


async def test_a_page_killed_while_it_sends_loses_and_doubles_nothing(phone: Phone) -> None:
    seen = await phone.play("killed")
    assert seen["left"] == 4, "the phone did not hear of it"
    assert seen["done"]["sent"] == 5
    assert [seen["receipts"][event][0] for event in seen["events"]] == ["duplicate"] * 4 + ["recorded"]
    assert set(seen["events"]) == phone.in_ledger()
    assert phone.rows("SELECT count(*) FROM phone_item") == [(5,)]


async def test_two_pages_at_once_keep_one_chain(phone: Phone) -> None:
    seen = await phone.play("pages")
    assert set(seen["receipts"]) == set(seen["events"]) == phone.in_ledger()
    assert len(seen["events"]) == 20
    counters = [row[0] for row in phone.rows("SELECT counter FROM phone_item ORDER BY counter")]
    assert counters == list(range(1, 21))
    assert outcomes(seen, seen["events"]) == ["counted"] * 20


async def test_a_phone_whose_storage_was_cleared_goes_on_with_a_new_key(phone: Phone) -> None:
    seen = await phone.play("cleared")
    assert seen["left"] == 0
    assert phone.in_ledger() == {*seen["kept"], *seen["after"]}, "what was cleared before it was sent is lost"
    assert outcomes(seen, seen["after"]) == ["counted"] * 2
    assert phone.rows("SELECT count(*), count(ended_at) FROM phone_key") == [(2, 1)]


async def test_a_clock_that_was_set_moves_no_punch(phone: Phone) -> None:
    seen = await phone.play("clock")
    assert sorted(phone.rows("SELECT event_key FROM punch")) == sorted((event,) for event in seen["events"])
    for event, at in zip(seen["events"], seen["times"], strict=True):
        occurred = datetime.fromisoformat(seen["receipts"][event][1]["occurred_at"])
        assert abs(occurred - datetime.fromtimestamp(at / 1000, UTC)) < timedelta(seconds=30)
    first, ahead, back = (seen["receipts"][event][1] for event in seen["events"])
    assert first["outcome"] == "counted"
    assert (ahead["outcome"], back["outcome"]) == ("review", "review")
    codes = [{reason["code"] for reason in one["reasons"]} for one in (ahead, back)]
    assert "decision.clock_turned_forward" in codes[0]
    assert "decision.clock_turned_back" in codes[1]


async def test_a_photo_follows_its_punch_and_leaves_the_phone(phone: Phone) -> None:
    seen = await phone.play("photo")
    assert seen["missing"] == [seen["name"]]
    assert (seen["left"], seen["length"]) == (0, 300_000)
    # It is pending until the worker has looked at the photo, which does not run here.
    recorded = phone.rows("SELECT p.event_key, s.outcome FROM punch p JOIN punch_status s USING (project_id, punch_id)")
    assert recorded == [(event, "pending") for event in seen["events"]]


async def test_a_busy_server_is_asked_again_and_not_sooner_than_it_said(phone: Phone) -> None:
    seen = await phone.play("busy")
    assert set(seen["receipts"]) == phone.in_ledger() == set(seen["events"])
    assert seen["attempts"] == 3
    assert min(seen["gaps"]) >= 990


async def test_a_queue_that_was_exported_is_handed_in_and_sent_after_all(phone: Phone) -> None:
    seen = await phone.play("exported")
    assert (seen["files"], seen["left"], seen["handed"]) == (1, 3, ["recorded"] * 3)
    assert [seen["receipts"][event][0] for event in seen["events"]] == ["duplicate"] * 3
    assert phone.in_ledger() == set(seen["events"])


async def test_more_anchors_than_one_call_names_are_several_calls(phone: Phone) -> None:
    seen = await phone.play("anchors")
    assert (seen["files"], seen["done"]["sent"], seen["done"]["waiting"]) == (2, 60, 0)
    assert outcomes(seen, seen["events"]) == ["counted"] * 60


async def test_queue_and_photo_go_up_when_nobody_is_logged_in_any_more(phone: Phone) -> None:
    seen = await phone.play("loggedOut")
    assert (seen["early"], seen["left"]) == (0, 0)
    assert outcomes(seen, seen["events"]) == ["pending"]
    # What the photo shows is looked at by the worker, which does not run here.
    assert phone.rows("SELECT s.outcome, f.state FROM punch_status s, photo_file f") == [("pending", "waiting")]


async def test_an_app_knows_when_it_is_too_old(phone: Phone) -> None:
    pairs = [("1.0.0", "1.0.1"), ("1.0.1", "1.0.1"), ("1.10", "1.9"), ("2", "1.9.9"), ("1.0.0-beta", "1.0"), ("x", "1")]
    seen = await phone.play("versions", pairs=pairs)
    assert seen["older"] == [True, False, False, False, False, True]
    assert not seen["outdated"]
