"""Writes what the demo found as plain text tables in the reader's language."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from backend.demo import world
from backend.demo.day import BatchPlayed, TapPlayed
from backend.demo.findings import TRACED, Findings, SourceTally
from backend.demo.gate_plan import Note
from backend.demo.layout import lay_out
from backend.demo.loading import Loaded
from backend.demo.phone_plan import ZONE, Lesson
from backend.kit import messages
from backend.sites.posts import PARTY_KINDS, POST_KINDS
from geofences.chainage import format_chainage
from mobile_api.words import reason_words

_OUTCOMES: Final = {
    "counted": "demo.counted",
    "review": "demo.review",
    "refused": "demo.refused",
    "pending": "demo.pending",
}
_SOURCES: Final = {"phone": "demo.phone", "gate": "demo.gate"}
_LESSONS: Final[dict[Lesson, str]] = {
    "outside": "demo.lesson_outside",
    "moved_back": "demo.lesson_moved_back",
    "wrong_datum": "demo.lesson_wrong_datum",
    "right_datum": "demo.lesson_right_datum",
    "mock": "demo.lesson_mock",
    "no_fix": "demo.lesson_no_fix",
    "retry": "demo.lesson_retry",
    "changed": "demo.lesson_changed",
    "ended": "demo.lesson_ended",
    "ended_named": "demo.lesson_ended_named",
    "gate_site": "demo.lesson_gate_site",
    "held": "demo.lesson_held",
    "let_in": "demo.lesson_let_in",
}
_NOTES: Final[dict[Note, str]] = {
    "routine": "demo.batch_routine",
    "late": "demo.batch_late",
    "again": "demo.batch_again",
    "mended": "demo.batch_mended",
    "altered": "demo.batch_altered",
}
_STATUSES: Final = {
    "accepted": "demo.item_accepted",
    "duplicate": "demo.item_duplicate",
    "conflict": "demo.item_conflict",
    "quarantined": "demo.item_quarantined",
    "rejected": "demo.item_rejected",
}


class Report:
    """Writes one report; `language` is one of the catalogues'."""

    def __init__(self, findings: Findings, loaded: Loaded, language: str) -> None:
        """Keep what is to be told."""
        self._findings = findings
        self._loaded = loaded
        self._language = language
        self._colon = "：" if language.startswith("zh") else ": "

    def lines(self) -> Iterator[str]:
        """Write all sections."""
        yield from self._sources()
        yield from self._reasons()
        yield from self._lessons()
        yield from self._batches()
        yield from self._outages()
        for project in world.PROJECTS:
            yield from self._on_post(project)
        yield from self._trace()

    def _say(self, code: str, **detail: object) -> str:
        return messages.text(self._language, code, detail).title

    def _titled(self, code: str, **detail: object) -> Iterator[str]:
        yield ""
        yield f"■ {self._say(code, **detail)}"

    def _sources(self) -> Iterator[str]:
        found = self._findings
        yield from self._titled("demo.sources_title", day=found.played.day.isoformat())
        header = [
            self._say(code)
            for code in (
                "demo.source",
                "demo.sent",
                "demo.counted",
                "demo.review",
                "demo.refused",
                "demo.replayed",
                "demo.conflict",
                "demo.rejected",
            )
        ]
        rows = [(self._say(_SOURCES[tally.source]), *_figures(tally)) for tally in found.tallies]
        total = [sum(column) for column in zip(*(_figures(tally) for tally in found.tallies), strict=True)]
        yield from lay_out(header, [*rows, (self._say("demo.total"), *total)], "<>>>>>>>")
        new = total[1] + total[2] + total[3]
        yield self._say("demo.sources_sum", rows=len(found.ledger), new=new)
        played = found.played
        yield self._say(
            "demo.also_sent",
            beats=played.beats,
            log_ins=played.log_ins,
            fetched=played.fences_fetched + played.fences_unchanged,
            unchanged=played.fences_unchanged,
        )

    def _reasons(self) -> Iterator[str]:
        yield from self._titled("demo.reasons_title")
        header = [
            self._say(code) for code in ("demo.outcome", "demo.source", "demo.count", "demo.reason", "demo.words")
        ]
        rows = [
            (
                self._say(_OUTCOMES[tally.outcome]),
                self._say(_SOURCES[tally.source]),
                tally.count,
                tally.code,
                self._words(tally.example),
            )
            for tally in self._findings.reasons
        ]
        yield from lay_out(header, rows, "<<>")

    def _lessons(self) -> Iterator[str]:
        yield from self._titled("demo.lessons_title")
        for played in self._findings.played.taps:
            if played.tap.lesson is not None:
                yield from self._lesson(played, _LESSONS[played.tap.lesson])
        for fault in self._loaded.roster_faults:
            words = self._say("demo.roster_fault", line=fault["line"], column=fault["column"])
            yield f"  {words}"
            yield f"    → {fault['message']}"

    def _lesson(self, played: TapPlayed, code: str) -> Iterator[str]:
        answer = played.answer
        yield f"  {_hour(played.tap.at)} {played.tap.who}{self._colon}{self._say(code)}"
        if answer.status != 201:  # noqa: PLR2004 - HTTP's Created
            yield f"    → {answer.status} {answer.body['code']}{self._colon}{answer.body['title']}"
            return
        outcome = self._say(_OUTCOMES[answer.body["outcome"]])
        if answer.body["replayed"]:
            outcome = self._say("demo.outcome_replayed", outcome=outcome)
        reason = answer.body["reasons"][0]
        yield f"    → {outcome}{self._colon}{reason['title']}"
        if reason["advice"]:
            yield f"      {reason['advice']}"

    def _batches(self) -> Iterator[str]:
        yield from self._titled("demo.batches_title")
        header = [
            self._say(code)
            for code in (
                "demo.received",
                "demo.gate",
                "demo.batch",
                "demo.items",
                "demo.item_accepted",
                "demo.item_duplicate",
                "demo.item_conflict",
                "demo.item_quarantined",
                "demo.item_rejected",
            )
        ]
        batches = self._findings.played.batches
        routine = [one for one in batches if one.delivery.note == "routine"]
        rows: list[tuple[object, ...]] = []
        for gate in world.GATES:
            of_gate = [one for one in routine if one.delivery.gate is gate]
            span = f"{_hour(of_gate[0].delivery.at)}-{_hour(of_gate[-1].delivery.at)}"
            live = self._say("demo.batch_routine", count=len(of_gate))
            rows.append((span, gate.name, live, *_statuses(of_gate)))
        rows += [
            (
                _hour(one.delivery.at),
                one.delivery.gate.name,
                self._say(_NOTES[one.delivery.note], count=1),
                *_statuses([one]),
            )
            for one in batches
            if one.delivery.note != "routine"
        ]
        yield from lay_out(header, rows, "<<<>>>>>>")
        yield self._say("demo.items_title")
        for batch in batches:
            yield from self._remarkable_items(batch)

    def _outages(self) -> Iterator[str]:
        yield from self._titled("demo.outages_title")
        for one in self._findings.outages:
            end = one["end"] or {}
            yield "  " + self._say(
                "demo.outage",
                gate=one["gate_name"],
                begin=_at(one["from_at"]),
                known=_at(one["recorded_at"]),
                end=_at(end.get("ended_at")),
                backlog=end.get("backlog", "-"),
                oldest=_at(end.get("oldest_event_at")),
                late=one["late_events"],
            )
        for fact in self._findings.gate_facts:
            if fact["kind"] == "phones_let_in":
                yield "  " + self._say("demo.phones_let_in", entrance=fact["detail"]["entrance"])
            if fact["kind"] == "punches_ruled_again":
                yield "  " + self._say("demo.ruled_again", punches=fact["detail"]["punches"])

    def _remarkable_items(self, batch: BatchPlayed) -> Iterator[str]:
        for item, sent in zip(batch.results, batch.delivery.items, strict=True):
            if item.get("reason") is None:
                continue
            words = messages.text(self._language, item["reason"], {"reason": item.get("detail", "")}).title
            status = self._say(_STATUSES[item["status"]])
            what = f"{_hour(batch.delivery.at)} {item['device_event_id']} {sent.device_time}"
            yield f"  {what}  {status}{self._colon}{words}"

    def _on_post(self, project: world.Project) -> Iterator[str]:
        found = self._findings.on_post[project.key]
        yield from self._titled(
            "demo.on_post_title",
            day=found["work_on"],
            project=project.name,
            holders=found["holders"],
            present=found["present"],
            valid=found["valid"],
            vacant=found["vacant_posts"],
        )
        header = [
            self._say(code)
            for code in (
                "demo.post",
                "demo.party",
                "demo.name",
                "demo.first",
                "demo.last",
                "demo.span",
                "demo.punches",
                "demo.source",
                "demo.verdict",
            )
        ]
        yield from lay_out(header, [self._on_post_row(line) for line in found["lines"]], "<<<>>>>")

    def _on_post_row(self, line: dict[str, Any]) -> tuple[object, ...]:
        post, party = POST_KINDS[line["post_kind"]], PARTY_KINDS[line["party_kind"]]
        chinese = self._language.startswith("zh")
        sources = "+".join(self._say(_SOURCES[source]) for source in line["sources"])
        return (
            post.zh if chinese else post.en,
            party[0] if chinese else party[1],
            line["person_name"] or "-",
            _clock(line["first_at"]),
            _clock(line["last_at"]),
            _span(line["first_at"], line["last_at"]),
            line["punches"],
            sources or "-",
            self._say(_verdict(line)),
        )

    def _trace(self) -> Iterator[str]:
        day = self._findings.traced_day
        yield from self._titled("demo.trace_title", who=TRACED, day=day["work_on"])
        hours = f"{day['span_s'] / 3600:.1f}"
        verdict = self._say("demo.valid" if day["valid"] else "demo.not_valid")
        yield self._say("demo.trace_day", rule=day["rule"], punches=day["punches"], hours=hours, verdict=verdict)
        header = [
            self._say(code)
            for code in ("demo.occurred", "demo.punch", "demo.outcome", "demo.chainage", "demo.offset", "demo.words")
        ]
        rows: list[tuple[object, ...]] = []
        for entry in self._findings.traced_entries:
            punch = entry["punch"]
            at = datetime.fromisoformat(punch["occurred_at"]).astimezone(ZONE)
            rows.append(
                (
                    f"{at:%m-%d %H:%M:%S}",
                    punch["punch_id"],
                    self._say(_OUTCOMES[punch["outcome"]]),
                    format_chainage(punch["chainage_m"]),
                    f"{punch['offset_m']:+.1f} m",
                    self._words(punch["reasons"][0]),
                )
            )
        yield from lay_out(header, rows, "<<<>>")

    def _words(self, reason: dict[str, Any]) -> str:
        return reason_words(self._language, [reason])[0].title


def _figures(tally: SourceTally) -> tuple[int, ...]:
    return (
        tally.sent,
        tally.counted,
        tally.review,
        tally.refused,
        tally.replayed,
        tally.conflict,
        tally.rejected,
    )


def _statuses(batches: Iterable[BatchPlayed]) -> tuple[int, ...]:
    found = Counter(item["status"] for batch in batches for item in batch.results)
    return (found.total(), *(found[status] for status in _STATUSES))


def _verdict(line: dict[str, Any]) -> str:
    if line["person_id"] is None:
        return "demo.vacant"
    if line["valid"]:
        return "demo.valid"
    if line["provisional"]:
        return "demo.provisional"
    return "demo.not_valid" if line["present"] else "demo.absent"


def _at(instant: str | None) -> str:
    return "-" if instant is None else _hour(datetime.fromisoformat(instant))


def _hour(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%H:%M}"


def _clock(text: str | None) -> str:
    return "-" if text is None else _hour(datetime.fromisoformat(text))


def _span(first: str | None, last: str | None) -> str:
    if first is None or last is None:
        return "-"
    minutes = round((datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
