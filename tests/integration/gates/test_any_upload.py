"""Whatever is sent to the paths of terminals: never a fault of ours, and nothing that no answer follows."""

import random

import pytest
from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.gates.gate_site import GateSite
from tests.integration.gates.terminals import make_terminal
from tests.support.calls import PUSHED

TABLES = ("ATTLOG", "OPERLOG", "ATTPHOTO", "options", "rtlog", "rtstate", "irstate", "tabledata", "BIODATA", "", "\0")
NAMES = ("user", "transaction", "", "../x", "\u5f20")
ALERT = (
    b'{"eventType":"AccessControllerEvent","dateTime":"2026-03-16T09:00:00+08:00","AccessControllerEvent":'
    b'{"majorEventType":5,"subEventType":75,"employeeNoString":"7","serialNo":5}}'
)
SEEDS = (
    b"7\t2026-03-16 09:00:00\t0\t1\t\t0\t0\t\r\n",
    b"OPLOG 21\t0\t2026-03-16 09:00:00\t0\t0\t0\t0\r\nUSER PIN=1\tName=\xd5\xc5\xc8\xfd\nFP PIN=1\tTMP=x\r\ny",
    b"PIN=20260316090000-7.jpg\nSN=X\nsize=4\nCMD=uploadphoto\0\xff\xd8\xff\xd9",
    b"time=2026-03-16 09:00:00\tpin=7\tcardno=0\teventaddr=1\tevent=0\tinoutstatus=0\tverifytype=1\tindex=5",
    b"transaction cardno=0\tpin=7\tverified=1\tdoorid=1\teventtype=0\tinoutstate=0\ttime_second=841199400\tindex=5",
    ALERT,
    b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n--b--",
    b"<EventNotificationAlert><eventType>PIR</eventType></EventNotificationAlert>",
    b"\x1f\x8b\x08\0\0\0\0\0",
    b"PK\x03\x04",
)


def altered(chance: random.Random) -> bytes:
    """Return a payload with some of its bytes changed, doubled, cut or put elsewhere."""
    body = bytearray(chance.choice(SEEDS) * chance.randint(1, 3))
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(body) + 1)
        piece = chance.choice(
            [bytes([chance.randrange(256)]), b"\t", b"\r\n", b"\0", b"=", b"9" * 20, chance.choice(SEEDS)]
        )
        body[at : at + chance.randint(0, 8)] = piece
    return bytes(body)


@pytest.mark.parametrize("seed", range(4))
async def test_no_bytes_are_a_fault_of_ours(
    seed: int, database: Database, client: AsyncClient, clock: ManualClock, site: GateSite
) -> None:
    chance = random.Random(seed)
    pushing = await make_terminal(database, client, clock, site.project_id)
    posting = await make_terminal(database, client, clock, site.project_id, vendor="hikvision")
    for _ in range(60):
        body = altered(chance)
        query = {
            "table": chance.choice(TABLES),
            "tablename": chance.choice(NAMES),
            "count": chance.choice(["1", "x", ""]),
        }
        path = f"/iclock/{chance.choice(PUSHED)}" if chance.random() < 0.4 else "/iclock/cdata"
        answer = await pushing.post(body, path, **query)
        assert answer.status_code == 200, (path, query, body, answer.text)
        answer = await posting.alert(body, chance.choice(["application/json", "multipart/form-data; boundary=b"]))
        assert answer.status_code == 200, (body, answer.text)
    for one in (pushing, posting):
        for row in await one.table("gate_envelope"):
            assert row["recorded_at"] is not None, "a translator or the ledger failed on it"
