"""Prepares check-ins as whole HTTP requests, so that sending them costs the load generator next to nothing."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from backend.identity.tokens import AccessTokens
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from bench.world import Worker

OUTSIDE_EACH = 10
FIXES = (1, 2, 3)
METRE_DEG = 1 / 111_195

_random = random.Random(11)


def issue_tokens(workers: Sequence[Worker], keys: KeyRing) -> list[str]:
    """Return everybody's access token; it holds for fifteen minutes, longer than the whole run."""
    tokens, now = AccessTokens(keys), datetime.now(UTC)
    return [tokens.issue(worker.holder, now).token for worker in workers]


def write_taps(path: Path, host: str, workers: Sequence[Worker], tokens: Sequence[str], count: int) -> None:
    """Write `count` check-ins of the workers in turn, each with his token; every tenth is far outside."""
    now = datetime.now(UTC)
    order = list(range(len(workers)))
    _random.shuffle(order)
    with path.open("wb") as file:
        for number in range(count):
            place = order[number % len(order)]
            body = _tap(workers[place], now, inside=number % OUTSIDE_EACH != 0)
            request = _request(host, tokens[place], msgspec.json.encode(body))
            file.write(b"%d\n%b" % (len(request), request))


def _tap(worker: Worker, now: datetime, *, inside: bool) -> dict[str, Any]:
    lon, lat = _random.choice(worker.site.inside) if inside else worker.site.outside
    return {
        "event_id": new_id(now),
        "claimed_at": now,
        "project_id": worker.site.project_id,
        "fixes": list(_fixes(lon, lat, _random.choice(FIXES))),
    }


def _fixes(lon: float, lat: float, count: int) -> Iterator[dict[str, Any]]:
    """Spread fixes round a place by 5 m, with the accuracies that phones report out of doors."""
    for number in range(count):
        yield {
            "lon": round(lon + _random.gauss(0.0, 5.0) * METRE_DEG, 7),
            "lat": round(lat + _random.gauss(0.0, 5.0) * METRE_DEG, 7),
            "crs": "wgs84",
            "accuracy_m": round(min(_random.lognormvariate(2.1, 0.5), 60.0), 1),
            "platform": "android",
            "provider": "fused",
            "age_s": float(count - 1 - number),
        }


def _request(host: str, token: str, body: bytes) -> bytes:
    lines: Iterable[str] = (
        "POST /mobile/v1/check-ins HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Accept-Language: zh-CN",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + body
