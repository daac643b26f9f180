"""Turns what was measured into figures: one per line, as flat JSON, and as a table for docs/performance.md."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.batches import Batches
from bench.loads import Taken

BARS = {"checkin_ratio": 0.15, "gate_batch_ratio": 0.5, "server_rss_mb": 250.0}
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
    server_rss_mb: float = 0.0

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
            "load_before": round(self.load_before, 2),
        }


def missed_bars(figures: dict[str, float]) -> list[str]:
    """Return a sentence for each bar that the figures miss."""
    return [
        f"{name} is {figures[name]}, the bar is {'at most' if name == 'server_rss_mb' else 'at least'} {bar}"
        for name, bar in BARS.items()
        if (figures[name] > bar if name == "server_rss_mb" else figures[name] < bar)
    ]


def write_json(path: Path, figures: dict[str, float]) -> None:
    """Write the flat object."""
    path.write_text(json.dumps(figures, indent=2) + "\n")


def record(page: Path, figures: dict[str, float], machine: str) -> None:
    """Put the figures into the page, between its two marks."""
    rows = [f"| `{name}` | {value} | {MEANINGS[name]} |" for name, value in figures.items()]
    table = "\n".join([machine, "", "| figure | value | what it is |", "|---|---|---|", *rows, ""])
    page.write_text(MARKS.sub(lambda found: f"{found[1]}{table}{found[2]}", page.read_text()))
