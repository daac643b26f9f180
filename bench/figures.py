"""Turns what was measured into figures: one per line, as flat JSON, and as a table for docs/performance.md."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.batches import Batches
from bench.loads import Taken
from bench.queues import Drained

AT_LEAST = {"checkin_ratio": 0.15, "gate_batch_ratio": 0.5, "ledger_verify_rps": 50_000.0}
AT_MOST = {
    "server_rss_mb": 250.0,
    "fence_read_10k_ms": 0.15,
    "fence_read_100k_ms": 0.15,
    "fence_search_10k_ms": 0.5,
    "fence_search_100k_ms": 0.5,
    "fence_probability_ms": 0.2,
    "simulation_first_s": 2.0,
    "bulletin_week_s": 2.0,
    "bulletin_pdf_s": 5.0,
    "queue_item_check_ms": 0.3,
    "alerts_drain_s": 60.0,
    "alert_fcm_p95_s": 2.0,
    "upload_checkin_p95_ms": 150.0,
    "liveness_check_ms": 300.0,
    "liveness_check_cold_ms": 550.0,
    "face_process_rss_mb": 250.0,
    "app_first_paint_ms": 4000.0,
    "rates_week_s": 2.0,
    "rates_explain_ms": 100.0,
}
OF_FACES = ("liveness_check_ms", "liveness_check_cold_ms", "face_process_rss_mb")
MARKS = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)
MEANINGS = {
    "checkin_ratio": "check-ins per second ÷ yardstick transactions per second (medians)",
    "gate_batch_ratio": "time of a gate batch's writes in plain SQL ÷ its time over HTTP (medians)",
    "checkin_rps": "check-ins per second over HTTP, 2 processes",
    "checkin_cpu_ms": "processor time of the server's processes per check-in, ms",
    "checkin_p50_ms": "time to the answer at full load, half are faster, ms",
    "checkin_p99_ms": "time to the answer at full load, 99 of 100 are faster, ms",
    "server_rss_mb": "largest memory of a server process, 10^6 bytes",
    "yardstick_tps": "transactions per second of the yardstick",
    "gate_batch_ms": "a batch of 500 over HTTP, ms",
    "gate_batch_sql_ms": "the same writes in plain SQL, ms",
    "counted_share": "share of the check-ins that were counted",
    "fence_read_10k_ms": "reading a known site's fences in the database, 10 000 fences, half are faster, ms",
    "fence_read_10k_p99_ms": "the same, 99 of 100 are faster, ms",
    "fence_search_10k_ms": "finding the fences at a position in the database, 10 000 fences, half are faster, ms",
    "fence_search_10k_p99_ms": "the same, 99 of 100 are faster, ms",
    "fence_read_100k_ms": "reading a known site's fences, 100 000 fences, half are faster, ms",
    "fence_read_100k_p99_ms": "the same, 99 of 100 are faster, ms",
    "fence_search_100k_ms": "finding the fences at a position, 100 000 fences, half are faster, ms",
    "fence_search_100k_p99_ms": "the same, 99 of 100 are faster, ms",
    "fence_probability_ms": "from version id and fix to verdict and chainage, fence in memory, half are faster, ms",
    "fence_probability_p99_ms": "the same, 99 of 100 are faster, ms",
    "fence_first_use_ms": "the same, the fence read from the database and prepared first, half are faster, ms",
    "fence_first_use_p99_ms": "the same, 99 of 100 are faster, ms",
    "simulation_first_s": "replaying 50 000 punches against a fence of 2 000 vertices, the first time, s",
    "simulation_s": "the same, median of five, s",
    "seal_rps": "entries sealed per second, 200 000 punches with their first rulings",
    "ledger_verify_rps": "entries verified per second, the same ledger whole",
    "ledger_verify_private_rps": "the same with private rows opened and compared, 2 000 projects",
    "bulletin_week_s": "drawing up a week's bulletin of 2 000 projects with 20 key posts each, s",
    "bulletin_kb": "its frozen content, kB",
    "bulletin_page_s": "rendering it as a web page, in a process of its own, s",
    "bulletin_xlsx_s": "the same as a workbook with every project, s",
    "bulletin_pdf_s": "the same as a print, s",
    "queue_rps": "queued punches per second, 10 000 phones with 20 each over 200 connections, keys never seen before",
    "queue_ratio": "queued punches per second ÷ check-ins per second",
    "queue_p99_ms": "time to the answer of a call of 20, 99 of 100 are faster, ms",
    "queue_repeated": "calls that were answered with 503 and sent again",
    "queue_counted_share": "share of the queued punches that were counted",
    "queue_item_check_ms": "reading an item and checking its signature with a key never seen before, ms",
    "terminal_burst_s": "5 000 rows of a push terminal in one body beside 20 live ones, the slowest of three, s",
    "terminal_live_p95_ms": "a live row of one of those 20 meanwhile, 95 of 100 are faster, ms",
    "terminal_memory_s": "a terminal's whole memory, 200 000 rows in bodies of 25 000, s",
    "terminal_again_s": "the same rows once more, cut into other bodies, s",
    "terminal_again_new": "events that this added",
    "terminal_again_grown_mb": "by which the largest memory of a server process grew meanwhile, 10^6 bytes",
    "alerts_drain_s": "telling three people of 10 000 alerts each, FCM answering after 50 ms, s",
    "alerts_drain_rps": "requests to FCM per second meanwhile",
    "alert_outbox_p50_s": "from a gate's outage to the notice in the outbox, idle system, half are faster, s",
    "alert_outbox_p95_s": "the same, 95 of 100 are faster, s",
    "alert_fcm_p50_s": "from a gate's outage to the request at FCM, idle system, half are faster, s",
    "alert_fcm_p95_s": "the same, 95 of 100 are faster, s",
    "upload_checkin_p50_ms": "a check-in, 50 begun a second, beside 20 phones that send photos, half are faster, ms",
    "upload_checkin_p95_ms": "the same, 95 of 100 are faster, ms",
    "upload_checkin_p99_ms": "the same, 99 of 100 are faster, ms",
    "upload_photos_per_s": "photos that these 20 phones sent per second meanwhile",
    "upload_photos_examined": "photos that the worker had examined by then",
    "liveness_check_ms": "processor time of a liveness check of five frames of 720p, reference vector in memory, ms",
    "liveness_check_cold_ms": "the same, the vector made of a reference photo first, ms",
    "face_process_rss_mb": "largest memory of the process that measures faces, 10^6 bytes",
    "app_first_paint_ms": "first paint of the phone app, processor slowed six times, fast 3G, half are faster, ms",
    "app_ready_ms": "the same, until the log-in can be typed, ms",
    "app_again_ms": "the same without network, from the phone's own files, ms",
    "app_first_load_kb": "bytes that travelled for the first paint, 10^3 bytes",
    "rates_week_s": "rates of 20 key posts each on 2 000 projects for seven days, from person-days, s",
    "rates_explain_ms": "explaining a person's month with 80 entries, half are faster, ms",
    "rates_explain_p99_ms": "the same, 99 of 100 are faster, ms",
    "board_city_ms": "counting the posts of 2 000 projects with 50 people each, for a city's board, ms",
    "board_district_ms": "the same of a district of 153 projects, ms",
    "rates_city_month_ms": "sums of rates by district for a month of 2 000 projects, in parts, ms",
    "rates_district_month_ms": "the same of a district of 153 projects, ms",
    "load_before": "load average (1 min) of the machine before the run",
}


@dataclass
class Measured:
    """All rounds of one run."""

    load_before: float
    yardstick_tps: list[float] = field(default_factory=list)
    check_ins: list[Taken] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    batches: list[Batches] = field(default_factory=list)
    counted_share: float = 0.0
    item_check_ms: float = 0.0
    drained: Drained = field(default_factory=Drained)
    server_rss_mb: float = 0.0
    terminals: dict[str, float] = field(default_factory=dict[str, float])
    pages: dict[str, float] = field(default_factory=dict[str, float])

    def figures(self) -> dict[str, float]:
        """Return the figures by name: medians of the rounds, ratios of medians."""
        tps, rps = median(self.yardstick_tps), median(taken.rate for taken in self.check_ins)
        http_ms, sql_ms = median(one.http_ms for one in self.batches), median(one.sql_ms for one in self.batches)
        return {
            "checkin_ratio": round(rps / tps, 3),
            "gate_batch_ratio": round(sql_ms / http_ms, 3),
            "checkin_rps": round(rps, 1),
            "checkin_cpu_ms": round(median(self.cpu_ms), 3),
            "checkin_p50_ms": round(median(taken.p50_ms for taken in self.check_ins), 1),
            "checkin_p99_ms": round(median(taken.p99_ms for taken in self.check_ins), 1),
            "server_rss_mb": round(self.server_rss_mb, 1),
            "yardstick_tps": round(tps, 1),
            "gate_batch_ms": round(http_ms, 1),
            "gate_batch_sql_ms": round(sql_ms, 1),
            "counted_share": round(self.counted_share, 3),
            "queue_rps": round(self.drained.rate, 1),
            "queue_ratio": round(self.drained.rate / rps, 3),
            "queue_p99_ms": round(self.drained.p99_ms, 1),
            "queue_repeated": self.drained.repeated,
            "queue_counted_share": round(self.drained.counted / self.drained.items, 3),
            "queue_item_check_ms": round(self.item_check_ms, 4),
            **self.terminals,
            **self.pages,
            "load_before": round(self.load_before, 2),
        }


def missed_bars(figures: dict[str, float]) -> list[str]:
    """Return a sentence for each bar that the figures miss; a machine without model files has no figures of faces."""
    has_faces = any(name in figures for name in OF_FACES)
    bars = {name: bar for name, bar in AT_MOST.items() if has_faces or name not in OF_FACES}
    low = [(name, "at least", bar) for name, bar in AT_LEAST.items() if figures[name] < bar]
    high = [(name, "at most", bar) for name, bar in bars.items() if figures[name] > bar]
    return [f"{name} is {figures[name]}, the bar is {side} {bar}" for name, side, bar in low + high]


def write_json(path: Path, figures: dict[str, float]) -> None:
    """Write the flat object."""
    path.write_text(json.dumps(figures, indent=2) + "\n")


def record(page: Path, figures: dict[str, float], machine: str) -> None:
    """Put the figures into the page, between its two marks."""
    rows = [f"| `{name}` | {value} | {MEANINGS[name]} |" for name, value in figures.items()]
    table = "\n".join([machine, "", "| figure | value | what it is |", "|---|---|---|", *rows, ""])
    page.write_text(MARKS.sub(lambda found: f"{found[1]}{table}{found[2]}", page.read_text()))
