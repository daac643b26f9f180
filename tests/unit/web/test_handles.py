"""What a handle of a corridor is worth where it is dragged to, and local times of sites; as the desk reckons them."""

import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.typescript import call_all

AT = (114.3, 30.5)
PER_LON = 111_320 * math.cos(math.radians(AT[1]))
WIDTHS = [{"from_m": 0, "left_m": 20, "right_m": 30}, {"from_m": 400, "left_m": 10, "right_m": 10}]


def corridor() -> dict[str, Any]:
    """Return a plan of a corridor 1 km to the east, narrower from 400 m on."""
    line = {"id": 1, "role": "line", "points": [AT, (AT[0] + 1000 / PER_LON, AT[1])]}
    rest = {"radius_m": 100, "start_m": 0, "cap": "flat", "cap_end": None}
    return {"kind": "corridor", "on": None, "figures": [line], "widths": WIDTHS, **rest}


def test_handles_are_dragged_and_held() -> None:
    plan = corridor()
    handles = call_all("desk/fences/handles.ts", [("handlesOf", [plan, AT])])[0]
    assert [one["name"] for one in handles] == ["left-0", "right-0", "left-1", "right-1", "from-1"]
    left, right, begins = handles[0], handles[1], handles[4]
    north = 35.2 / 110_870
    aside = [AT[0] + 250 / PER_LON, AT[1] + north]
    further = [AT[0] + 612.3 / PER_LON, AT[1] + north]
    wider, other_side, place = call_all(
        "desk/fences/handles.ts",
        [("valueAt", [plan, left, aside]), ("valueAt", [plan, right, aside]), ("valueAt", [plan, begins, further])],
    )
    assert (wider, other_side) == (35, -35)
    # The round number of metres per degree here is off by a metre in a kilometre.
    assert place == pytest.approx(612, abs=2)
    moved, held, pushed = call_all(
        "desk/fences/handles.ts",
        [("withValue", [plan, left, 35]), ("withValue", [plan, right, -35]), ("withValue", [plan, begins, 5000])],
    )
    assert moved["widths"] == [WIDTHS[0] | {"left_m": 35}, WIDTHS[1]]
    assert held["widths"][0]["right_m"] == 0.5, "no strip is narrower"
    assert pushed["widths"][1]["from_m"] < 1000, "the stretch stays on the line"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "America/New_York"])
@pytest.mark.parametrize("local", ["2026-11-25T08:00", "2026-03-08T04:30", "2026-07-01T00:00"])
def test_a_local_time_is_the_instant_of_the_sites_clocks(zone: str, local: str) -> None:
    instant = call_all("desk/fences/zones.ts", [("instantIn", [zone, local])])[0]
    expected = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    assert datetime.fromisoformat(instant) == expected
    assert call_all("desk/fences/zones.ts", [("localIn", [zone, expected.timestamp() * 1000])]) == [local]


def test_what_is_no_local_time_is_no_instant() -> None:
    assert call_all("desk/fences/zones.ts", [("instantIn", ["Asia/Shanghai", text]) for text in ("", "08:00")]) == [
        None,
        None,
    ]
