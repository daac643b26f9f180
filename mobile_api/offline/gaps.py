"""Rules anew on items that came in before their predecessors, once those are here: the chain is whole then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from backend.attendance.person_days import send_fold
from backend.decision.afterwards import OF_A_GAP, reconsider
from backend.decision.occurrence import Before, Made, Reading, find_occurrence
from backend.decision.ruling import Ruling
from backend.ledger.append import Connection
from mobile_api.offline.judging import offline_reason
from mobile_api.offline.recording import Round
from mobile_api.offline.records import KeptClocks
from mobile_api.ruling_again import PunchName, RuledPunch, rule_again

FIND = """
SELECT i.digest, i.project_id, i.punch_id, round(extract(epoch FROM i.wall_at) * 1000)::bigint, i.mono_ms,
  i.boot::text, i.clocks::text
FROM json_to_recordset(%s::text::json) AS k (key_id text, counter bigint, digest text)
JOIN phone_item i ON i.key_id = k.key_id AND i.counter = k.counter AND i.digest = k.digest
WHERE i.status = 'recorded' AND i.clocks IS NOT NULL
"""
BROKEN: Final = frozenset({"decision.counter_reused", "decision.chain_broken"})

_encoder = msgspec.json.Encoder()
_clocks = msgspec.json.Decoder(KeptClocks)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An item that waited for the one before it, and what is known of that one now."""

    made: Reading
    clocks: KeptClocks
    before: Before

    def decide(self, punch: RuledPunch) -> Ruling | None:
        """Tell again when it happened, and rule by that."""
        occurrence = find_occurrence(
            Made(self.made, self.clocks.clock),
            self.clocks.held,
            self.clocks.sent,
            self.before,
            whole=not any(reason["code"] in BROKEN for reason in punch.reasons),
            tolerance=punch.policy.max_clock_error_s * 1000,
        )
        instead: list[dict[str, Any]] = [{"code": f"decision.{doubt}"} for doubt in occurrence.doubts]
        instead.append(offline_reason(occurrence))
        return reconsider(punch.reasons, punch.policy, without=OF_A_GAP, instead=instead)


async def close_gaps(connection: Connection, work: Round, now: datetime) -> int:
    """Rule on what had come in before an item of these calls, in their transaction; return on how many punches."""
    wanted, before = _followers(work)
    if not wanted:
        return 0
    found = await connection.execute(FIND, (_encoder.encode(wanted).decode(),))
    waiting: dict[PunchName, _Waiting] = {}
    for digest, project_id, punch_id, wall, mono, boot, clocks in await found.fetchall():
        waiting[project_id, punch_id] = _Waiting(Reading(wall, mono, boot), _clocks.decode(clocks), before[digest])

    def decide(punch: RuledPunch) -> Ruling | None:
        return waiting[punch.project_id, punch.punch_id].decide(punch)

    return await rule_again(connection, sorted(waiting), decide, now, send_fold)


def _followers(work: Round) -> tuple[list[dict[str, Any]], Mapping[str, Before]]:
    """Return the items that name one of the new ones as the one before, and by digest what is known of that."""
    new = {fresh.read.digest for fresh in work.fresh.values()}
    wanted: list[dict[str, Any]] = []
    before: dict[str, Before] = {}
    for one in work.judged.values():
        item = one.fresh.read.item
        for link in work.queues[item.key].chain.links.get(item.counter + 1, ()):
            if link.prev == one.fresh.read.digest and link.digest not in new:
                wanted.append({"key_id": item.key, "counter": link.counter, "digest": link.digest})
                before[link.digest] = Before(item.made.reading, one.fresh.occurrence.earliest)
    return wanted, before
