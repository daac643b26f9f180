"""What the database knows of keys and queues, and how a call is written down; nothing here is read per item."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.decision.occurrence import Before, ClockKind, Held, Reading, Sent
from backend.ledger.append import Connection, Cursor
from backend.ledger.model import Receipt
from mobile_api.offline.chains import Chain, Link, Ranges

FIND_KEYS = "SELECT id, phone_id, public_key, attestation FROM phone_key WHERE id = ANY (%s::text[])"

# Calls of one key take turns here; the links are read in the next statement, whose snapshot sees what was waited for.
LOCK_QUEUES = """
SELECT q.key_id, q.seen::text, k.ended_at FROM phone_queue q JOIN phone_key k ON k.id = q.key_id
WHERE q.key_id = ANY (%s::text[]) ORDER BY q.key_id FOR NO KEY UPDATE OF q
"""
FIND_LINKS = """
SELECT i.key_id, i.counter, i.prev, i.digest, i.status, extract(epoch FROM i.wall_at) * 1000, i.mono_ms, i.boot::text,
  extract(epoch FROM i.earliest_at) * 1000
FROM json_to_recordset(%s::text::json) AS k (key_id text, counters bigint[])
CROSS JOIN LATERAL (
  SELECT * FROM phone_item i WHERE i.key_id = k.key_id AND i.counter = ANY (k.counters) LIMIT 1000) i
"""

# The punch is whichever holds the event id by now: this call's, or that of an earlier check-in or item.
KEEP_ITEMS = """
INSERT INTO phone_item (key_id, counter, digest, prev, event_id, project_id, punch_id, status, received_at, wall_at,
  mono_ms, boot, earliest_at, latest_at, photos, clocks)
SELECT i.key_id, i.counter, i.digest, i.prev, i.event_id, i.project_id, d.punch_id,
  CASE WHEN d.punch_id = i.punch_id THEN 'recorded'
    WHEN i.beaten OR EXISTS (SELECT FROM phone_item o WHERE o.event_id = i.event_id) THEN 'conflict'
    ELSE 'online' END,
  i.received_at, i.wall_at, i.mono_ms, i.boot, i.earliest_at, i.latest_at, i.photos, i.clocks
FROM json_to_recordset(%s::text::json) AS i (
  key_id text, counter bigint, digest text, prev text, event_id uuid, project_id uuid, punch_id uuid, source_id uuid,
  bucket date, beaten boolean, received_at timestamptz, wall_at timestamptz, mono_ms bigint, boot uuid,
  earliest_at timestamptz, latest_at timestamptz, photos text[], clocks jsonb)
CROSS JOIN LATERAL (
  SELECT punch_id FROM punch_dedupe d
  WHERE d.project_id = i.project_id AND d.source_id = i.source_id AND d.bucket = i.bucket
    AND d.event_key = i.event_id::text LIMIT 1) d
ON CONFLICT DO NOTHING
RETURNING digest, status
"""
NOTE_SEEN = """
UPDATE phone_queue q SET seen = s.seen::int8multirange
FROM json_to_recordset(%s::text::json) AS s (key_id text, seen text) WHERE q.key_id = s.key_id
"""
RAISE_ALARMS = """
INSERT INTO phone_key_alarm (id, key_id, kind, counter, digest, raised_at)
SELECT id, key_id, 'counter_reused', counter, digest, raised_at
FROM json_to_recordset(%s::text::json) AS a (id uuid, key_id text, counter bigint, digest text, raised_at timestamptz)
ON CONFLICT DO NOTHING
"""
NOTE_REFUSALS = """
INSERT INTO phone_refusal AS p (key_id, refused_on, code, times, last_at)
SELECT key_id, last_at::date, code, times, last_at
FROM json_to_recordset(%s::text::json) AS r (key_id text, code text, times bigint, last_at timestamptz)
ORDER BY key_id, code
ON CONFLICT (key_id, refused_on, code) DO UPDATE SET times = p.times + excluded.times, last_at = excluded.last_at
"""
FIND_RECEIPTS = """
SELECT k.n, d.receipt::text FROM json_to_recordset(%s::text::json) AS k (
  n integer, project_id uuid, source_id uuid, bucket date, event_key text)
CROSS JOIN LATERAL (
  SELECT receipt FROM punch_dedupe t
  WHERE t.project_id = k.project_id AND t.source_id = k.source_id AND t.bucket = k.bucket AND t.event_key = k.event_key
  LIMIT 1) d
"""

_encoder = msgspec.json.Encoder()
_receipts = msgspec.json.Decoder(Receipt)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What never changes of a key: whose it is, its DER bytes, and what its phone's maker said of it."""

    phone_id: UUID
    der: bytes
    attestation: str


@dataclass(frozen=True, slots=True)
class Queue:
    """What is known of a key's queue while its row is locked.

    The chain, the counters that came in before, answers given by digest, and since when the key is an old one.
    """

    chain: Chain
    before: Ranges
    statuses: Mapping[str, str]
    ended_at: datetime | None


class KeptClocks(Struct, frozen=True, kw_only=True):
    """What the time of an item was told by, beside its own clocks."""

    held: Held | None
    sent: Sent
    clock: ClockKind


class KeptItem(Struct, frozen=True, kw_only=True):
    """An item as it is written down; `beaten`: an earlier one of the same call has its event id."""

    key_id: str
    counter: int
    digest: str
    prev: str
    event_id: UUID
    project_id: UUID
    punch_id: UUID
    source_id: UUID
    bucket: date
    beaten: bool
    received_at: datetime
    wall_at: datetime
    mono_ms: int
    boot: UUID
    earliest_at: datetime
    latest_at: datetime
    photos: tuple[str, ...]
    clocks: KeptClocks | None


class Alarm(Struct, frozen=True, kw_only=True):
    """A counter that stands twice."""

    id: UUID
    key_id: str
    counter: int
    digest: str
    raised_at: datetime


class Refusal(Struct, frozen=True, kw_only=True):
    """How often a call was refused something, for one reason."""

    key_id: str
    code: str
    times: int
    last_at: datetime


class WantedReceipt(Struct, frozen=True, kw_only=True):
    """Item number `n`, whose event id is known already."""

    n: int
    project_id: UUID
    source_id: UUID
    bucket: date
    event_key: str


async def find_keys(connection: Connection, key_ids: Iterable[str]) -> dict[str, KnownKey]:
    """Return the registered ones among keys, old ones too."""
    rows = await (await connection.execute(FIND_KEYS, (list(key_ids),))).fetchall()
    return {key_id: KnownKey(phone_id, bytes(der), attestation) for key_id, phone_id, der, attestation in rows}


async def lock_queues(connection: Connection, counters: Mapping[str, Sequence[int]]) -> dict[str, Queue]:
    """Lock the queues of registered keys until the transaction ends and return them with the asked items."""
    locking = await connection.execute(LOCK_QUEUES, (sorted(counters),))
    asked = [{"key_id": key_id, "counters": of_key} for key_id, of_key in counters.items() if of_key]
    linking = await connection.execute(FIND_LINKS, (_encoder.encode(asked).decode(),)) if asked else None
    chains: dict[str, tuple[Chain, dict[str, str], datetime | None]] = {
        key_id: (Chain(key_id, read_ranges(seen)), {}, ended_at) for key_id, seen, ended_at in await locking.fetchall()
    }
    for key_id, counter, prev, digest, status, wall, mono, boot, earliest in (
        [] if linking is None else await linking.fetchall()
    ):
        chain, statuses, _ = chains[key_id]
        clocks = Before(Reading(round(wall), mono, boot), round(earliest))
        chain.links.setdefault(counter, []).append(Link(counter, prev, digest, clocks))
        statuses[digest] = status
    return {
        key_id: Queue(chain, chain.seen, statuses, ended_at) for key_id, (chain, statuses, ended_at) in chains.items()
    }


async def send_kept(
    connection: Connection,
    items: Sequence[KeptItem],
    seen: Mapping[str, Ranges],
    alarms: Sequence[Alarm],
    refusals: Sequence[Refusal],
) -> Cursor | None:
    """Write down what came in, after the entries; inside a pipeline nothing is waited for yet."""
    kept = await connection.execute(KEEP_ITEMS, (_encoder.encode(items).decode(),)) if items else None
    if seen:
        told = [{"key_id": key_id, "seen": spell_ranges(ranges)} for key_id, ranges in seen.items()]
        await connection.execute(NOTE_SEEN, (_encoder.encode(told).decode(),))
    if alarms:
        await connection.execute(RAISE_ALARMS, (_encoder.encode(alarms).decode(),))
    if refusals:
        await connection.execute(NOTE_REFUSALS, (_encoder.encode(refusals).decode(),))
    return kept


async def settle_kept(sent: Cursor | None) -> dict[str, str]:
    """Return the statuses of the items that were written down, by digest."""
    return {} if sent is None else {row[0]: row[1] for row in await sent.fetchall()}


async def find_receipts(connection: Connection, wanted: Sequence[WantedReceipt]) -> dict[int, Receipt]:
    """Return the receipts of known event ids by the numbers of their items."""
    if not wanted:
        return {}
    found = await connection.execute(FIND_RECEIPTS, (_encoder.encode(wanted).decode(),))
    return {row[0]: _receipts.decode(row[1]) for row in await found.fetchall()}


def read_ranges(text: str) -> Ranges:
    """Read PostgreSQL's spelling of ranges of whole numbers."""
    return tuple((int(begin), int(end)) for begin, end in (part.split(",") for part in text[2:-2].split("),[") if part))


def spell_ranges(ranges: Ranges) -> str:
    """Spell ranges of whole numbers as PostgreSQL does."""
    return "{" + ",".join(f"[{begin},{end})" for begin, end in ranges) + "}"


def refusals_of(key_id: str, codes: Iterable[str], at: datetime) -> list[Refusal]:
    """Count what a call was refused."""
    counted: dict[str, int] = {}
    for code in codes:
        counted[code] = counted.get(code, 0) + 1
    return [Refusal(key_id=key_id, code=code, times=times, last_at=at) for code, times in sorted(counted.items())]
