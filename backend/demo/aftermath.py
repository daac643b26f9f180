"""What follows the demo's day: requests are filed, the city's bulletin is issued, everything recorded is sealed."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from backend.demo.clients import Connection, Phone
from backend.demo.loading import Loaded
from backend.demo.people import PEOPLE
from backend.demo.phone_plan import instant, platform_of
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from backend.ledger.seals.sealing import Sealing, SealTools, begin_log, seal_next
from backend.ledger.seals.standing import read_seal_standing

RULES_NAME: Final = "武汉到岗规则（演示）"
RULES_PRESET: Final = "wuhan"
MADE_UP: Final = "管仲平"
ON_LEAVE: Final = "韦长庚"
_SEALER: Final = "daogang_sealer"
_SEALED_WITHIN_S: Final = 60
"""Transactions elsewhere in the cluster hold the horizon back; what is left then is the sealer's own business."""
_PAUSE_S: Final = 0.05


async def publish_rules(loaded: Loaded, day: date) -> None:
    """Publish the city's rule set: Wuhan's preset with every day due, so that the day is judged whichever it is.

    Raises DemoError.
    """
    city = loaded.staff["city"]
    shipped: list[dict[str, Any]] = await city.call("GET", "/rate-presets")
    rules = next(one["rules"] for one in shipped if one["preset"] == RULES_PRESET)
    rules["due_day"] = {**rules["due_day"], "days": "every"}
    body = {
        "name": RULES_NAME,
        "valid_from": (day - timedelta(days=60)).isoformat(),
        "rules": rules,
        "note": "由武汉预设改成：施工期间每天应到",
    }
    drafted = await city.call("POST", "/rule-sets", json=body)
    await city.call("POST", f"/rule-sets/{drafted['rule_set_id']}/publications", json={"version": 1})


async def file_requests(connection: Connection, loaded: Loaded, day: date) -> None:
    """Ask for a make-up and for leave by phone, and have the project endorse the make-up; raises DemoError."""
    line = loaded.projects["line"]
    asking = await _phone(connection, MADE_UP)
    make_up = {
        "request_id": str(new_id(connection.clock.now())),
        "project_id": line,
        "direction": "in",
        "at": instant(day, "20:40").isoformat(),
        "reason": "network_fault",
        "statement": "20:40 提前到岗交接，隧道内无网络未能打卡，同班人员可证明。",
    }
    filed = (await asking.post("/requests/make-ups", make_up))["request"]
    endorsement = {"endorse": True, "seq": filed["seq"], "note": "情况属实，当班记录一致。"}
    path = f"/projects/{line}/requests/{filed['request_id']}/endorsement"
    await loaded.staff["line_admin"].call("POST", path, json=endorsement)
    resting = await _phone(connection, ON_LEAVE)
    leave = {
        "request_id": str(new_id(connection.clock.now())),
        "project_id": line,
        "kind": "business",
        "first_on": (day + timedelta(days=10)).isoformat(),
        "last_on": (day + timedelta(days=12)).isoformat(),
        "statement": "参加市监理协会集中培训。",
    }
    await resting.post("/requests/leave", leave)


async def issue_bulletin(loaded: Loaded, day: date) -> str:
    """Issue the city's bulletin of the day, with its authority on it, and return its id; raises DemoError."""
    city = loaded.staff["city"]
    settings = {"district_id": None, "issuer": "武汉市城乡建设局（演示）"}
    await city.call("PUT", "/bulletin-settings", json=settings)
    issued = await city.call("POST", "/bulletins", json={"kind": "daily", "on": day.isoformat()})
    return str(issued["id"])


@dataclass(frozen=True, slots=True)
class Sealer:
    """Where the sealer works, and by which keys and clock."""

    database_url: str
    keys: KeyRing
    clock: Clock


async def seal_all(sealer: Sealer) -> None:
    """Seal what was recorded, as the sealer does; what is held back for longer than a minute is left to it."""
    database = Database(sealer.database_url, max_size=2, role=_SEALER)
    tools, state = SealTools(database, sealer.keys, sealer.clock), Sealing()
    async with database.opened():
        async with database.connection() as connection:
            await begin_log(connection, sealer.clock.now())
        try:
            async with asyncio.timeout(_SEALED_WITHIN_S):
                while await _waiting(database):
                    if not (await seal_next(tools, state)).entries:
                        await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            return


async def _waiting(database: Database) -> bool:
    async with database.transaction() as tx:
        return (await read_seal_standing(tx)).waiting > 0


async def _phone(connection: Connection, who: str) -> Phone:
    phone = Phone(connection, who, PEOPLE[who].phone_number, platform_of(who))
    await phone.log_in()
    return phone
