"""Reads back what the day left behind, through the admin API: the ledger, who was on post, one day with its entries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from backend.demo.clients import Staff
from backend.demo.day import DayPlayed
from backend.demo.loading import Loaded
from backend.demo.people import ProjectKey
from backend.ledger.errors import EventConflict

SourceKey = Literal["phone", "gate"]
CREATED = 201
TRACED = "管仲平"
"""Whose day is listed with its entries: his night shift ends on the next calendar day."""


@dataclass(frozen=True, slots=True)
class SourceTally:
    """What one source sent and what became of it; `sent` is the sum of all the others."""

    source: SourceKey
    sent: int
    counted: int
    review: int
    refused: int
    replayed: int
    conflict: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ReasonTally:
    """How many punches got an outcome for a reason; `reasons` are of the first of them, as the ledger holds them."""

    outcome: str
    source: str
    code: str
    count: int
    example: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the report tells."""

    played: DayPlayed
    tallies: list[SourceTally]
    reasons: list[ReasonTally]
    on_post: dict[ProjectKey, dict[str, Any]]
    traced_project: ProjectKey
    traced_day: dict[str, Any]
    traced_entries: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    outages: list[dict[str, Any]]
    gate_facts: list[dict[str, Any]]


async def read_findings(reader: Staff, loaded: Loaded, played: DayPlayed, ended_at: datetime) -> Findings:
    """Ask the API as `reader`, who sees the whole city; `ended_at` is when the day was over."""
    rows: list[dict[str, Any]] = []
    window = {"since": (ended_at - timedelta(hours=30)).isoformat(), "until": ended_at.isoformat()}
    for project_id in loaded.projects.values():
        rows += await reader.pages(f"/projects/{project_id}/punches", window)
    line = loaded.projects["line"]
    on = played.day.isoformat()
    traced = await reader.call("GET", f"/projects/{line}/people/{loaded.people[TRACED]}/person-days/{on}")
    entries = [(await reader.call("GET", f"/projects/{line}/punches/{entry}")) for entry in traced["entries"]]
    return Findings(
        played=played,
        tallies=[_phone_tally(played), _gate_tally(played, rows)],
        reasons=_reasons(rows),
        on_post={
            key: await reader.call("GET", f"/projects/{project_id}/on-post", params={"on": on})
            for key, project_id in loaded.projects.items()
        },
        traced_project="line",
        traced_day=traced,
        traced_entries=entries,
        ledger=rows,
        outages=await reader.pages(f"/projects/{loaded.projects['tower']}/gate-outages"),
        gate_facts=await reader.call("GET", f"/projects/{loaded.projects['tower']}/gate-facts"),
    )


def _phone_tally(played: DayPlayed) -> SourceTally:
    answers = [one.answer for one in played.taps]
    fresh = Counter(one.body["outcome"] for one in answers if one.status == CREATED and not one.body["replayed"])
    return SourceTally(
        "phone",
        sent=len(answers),
        counted=fresh["counted"],
        review=fresh["review"],
        refused=fresh["refused"],
        replayed=sum(one.status == CREATED and one.body["replayed"] for one in answers),
        conflict=sum(one.status != CREATED and one.body["code"] == EventConflict.code for one in answers),
        rejected=sum(one.status != CREATED and one.body["code"] != EventConflict.code for one in answers),
    )


def _gate_tally(played: DayPlayed, rows: Iterable[dict[str, Any]]) -> SourceTally:
    """Tally the items by their status; what became of the accepted ones is in the ledger."""
    outcomes = {row["punch_id"]: row["outcome"] for row in rows}
    items = [item for batch in played.batches for item in batch.results]
    statuses = Counter(item["status"] for item in items)
    ruled = Counter(outcomes[item["punch_id"]] for item in items if item["status"] in {"accepted", "quarantined"})
    return SourceTally(
        "gate",
        sent=len(items),
        counted=ruled["counted"],
        review=ruled["review"],
        refused=ruled["refused"],
        replayed=statuses["duplicate"],
        conflict=statuses["conflict"],
        rejected=statuses["rejected"],
    )


def _reasons(rows: Iterable[dict[str, Any]]) -> list[ReasonTally]:
    """Group the punches by outcome and by the first of their reasons, which is what decided."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda one: (one["received_at"], one["punch_id"])):
        reason = row["reasons"][0]
        found.setdefault((row["outcome"], row["source"], reason["code"]), []).append(reason)
    order = ("counted", "review", "refused")
    return [
        ReasonTally(outcome, source, code, len(examples), examples[0])
        for (outcome, source, code), examples in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1], -len(item[1]), item[0][2])
        )
    ]
