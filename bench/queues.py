"""Measures how fast phones' queues drain: each phone with a key of its own and one signed call, all keys cold.

Calls that are answered with 503 are counted and sent again; the check of one item's signature is measured by itself.
"""

import asyncio
import base64
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.identity.phone_keys import digest_text, has_signed, jwk_thumbprint
from backend.kit.canonical import canonical_bytes
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from bench.queue_world import QueueWorker
from bench.world import Site
from mobile_api.offline.anchors import Anchors, Pack, milliseconds
from mobile_api.offline.items import item_message, read_item, sync_message
from tools.say import Trouble

PHONES, ITEMS = 10_000, 20
CONNECTIONS = 200
CHECKED = 2_000
_ALGORITHM = ec.ECDSA(SHA256())
_random = random.Random(12)


@dataclass
class Drained:
    """What became of all queues: items, seconds, calls that had to be repeated, time to an answer in milliseconds."""

    items: int = 0
    counted: int = 0
    seconds: float = 0.0
    repeated: int = 0
    waits_ms: list[float] = field(default_factory=list[float])

    @property
    def rate(self) -> float:
        """Items per second."""
        return self.items / self.seconds

    @property
    def p99_ms(self) -> float:
        """Time to the answer of a call, 99 of 100 are faster."""
        return quantiles(self.waits_ms, n=100)[98]


@dataclass(frozen=True)
class Signer:
    """A phone's key pair."""

    private: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The public key as SubjectPublicKeyInfo."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> str:
        """Sign as WebCrypto does."""
        parts = decode_dss_signature(self.private.sign(message, _ALGORITHM))
        return _base64url(b"".join(part.to_bytes(32) for part in parts))


def draw_key() -> tuple[Signer, str]:
    """Make a key pair and its thumbprint."""
    signer = Signer(ec.generate_private_key(ec.SECP256R1()))
    numbers = signer.private.public_key().public_numbers()
    return signer, jwk_thumbprint(*(_base64url(number.to_bytes(32)) for number in (numbers.x, numbers.y)))


def write_calls(path: Path, host: str, workers: Iterable[QueueWorker], keys: KeyRing) -> list[tuple[int, int]]:
    """Write each phone's call as a whole HTTP request; return where each begins and how long it is."""
    now, anchors, places, begin = datetime.now(UTC), Anchors(keys), [], 0
    with path.open("wb") as file:
        for worker in workers:
            request = _request(host, worker, _body(worker, anchors, now))
            places.append((begin, len(request)))
            begin += file.write(request)
    return places


def _body(worker: QueueWorker, anchors: Anchors, now: datetime) -> bytes:
    fetched, boot = now - timedelta(days=5), uuid4()
    pack = Pack(new_id(fetched), milliseconds(fetched), milliseconds(fetched + timedelta(days=7)))
    anchor = anchors.make(worker.phone_id, pack, fetched)
    held = {"id": anchor.id, "at": milliseconds(fetched), "mono_ms": 5_000, "boot": boot, "waited_ms": 90}
    items: list[dict[str, str]] = []
    prev = worker.key_id
    for number in range(ITEMS):
        passed = timedelta(hours=6) * number + timedelta(seconds=_random.randrange(3600))
        text = _item(worker, number + 1, prev, fetched + passed, passed, held)
        items.append({"item": text, "signature": worker.signer.sign(item_message(text))})
        prev = digest_text(text.encode())
    return msgspec.json.encode(
        {
            "sent_at": milliseconds(now),
            "mono_ms": 5_000 + (now - fetched) // timedelta(milliseconds=1),
            "boot": boot,
            "anchors": [anchor.token],
            "items": items,
        }
    )


def _item(worker: QueueWorker, counter: int, prev: str, at: datetime, passed: timedelta, held: dict[str, Any]) -> str:
    lon, lat = _random.choice(worker.site.inside)
    value = {
        "v": 1,
        "key": worker.key_id,
        "counter": counter,
        "prev": prev,
        "salt": _base64url(os.urandom(16)),
        "event_id": new_id(at),
        "project_id": worker.site.project_id,
        "at": milliseconds(at),
        "mono_ms": 5_000 + passed // timedelta(milliseconds=1),
        "boot": held["boot"],
        "clock": "boot",
        "anchor": held,
        "fixes": [
            {
                "lon_e7": round(lon * 1e7),
                "lat_e7": round(lat * 1e7),
                "crs": "wgs84",
                "accuracy_mm": _random.randrange(4_000, 20_000),
                "platform": "android",
                "provider": "fused",
                "age_ms": _random.randrange(3_000),
            }
        ],
        "app": "1.0.0",
    }
    return canonical_bytes(value).decode()


def _request(host: str, worker: QueueWorker, body: bytes) -> bytes:
    lines = (
        "POST /mobile/v1/sync HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        "Accept-Language: zh-CN",
        f"X-Daogang-Phone-Key: {worker.key_id}",
        f"X-Daogang-Phone-Signature: {worker.signer.sign(sync_message(body))}",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + body


def drain(path: Path, places: Sequence[tuple[int, int]], port: int) -> Drained:
    """Send all calls from 200 connections until each was answered with its results."""
    drained = Drained()

    async def everybody() -> None:
        with path.open("rb") as file:
            waiting = iter(places)
            await asyncio.gather(*(_client(file.fileno(), waiting, port, drained) for _ in range(CONNECTIONS)))

    begun = perf_counter()
    asyncio.run(everybody())
    drained.seconds = perf_counter() - begun
    if drained.items != len(places) * ITEMS:
        what = f"of {len(places) * ITEMS} queued punches {drained.items} were recorded"
        raise Trouble(what, "read .local/bench/server.log; figures with failures in them say nothing.")
    return drained


async def _client(file: int, waiting: Iterator[tuple[int, int]], port: int, drained: Drained) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for begin, length in waiting:
        request = os.pread(file, length, begin)
        while True:
            begun = perf_counter()
            writer.write(request)
            status, retry_after_s, body = await _answer(reader)
            drained.waits_ms.append((perf_counter() - begun) * 1000)
            if status != 503:  # noqa: PLR2004 - Service Unavailable
                break
            drained.repeated += 1
            await asyncio.sleep(retry_after_s)
        if status == 200:  # noqa: PLR2004 - OK
            drained.items += body.count(b'"status":"recorded"')
            drained.counted += body.count(b'"outcome":"counted"')
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, float, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ")[1]), float(headers.get("retry-after", 0)), body


def measure_checking() -> float:
    """Return the milliseconds that reading an item and checking its signature take, with a key never seen before."""
    signed: list[tuple[bytes, bytes]] = []
    now = datetime.now(UTC)
    for _ in range(CHECKED):
        signer, key_id = draw_key()
        worker = QueueWorker(Site(UUID(int=0), [(114.3, 30.6)], (0.0, 0.0)), UUID(int=0), key_id, signer)
        held = {"id": uuid4(), "at": milliseconds(now), "mono_ms": 5_000, "boot": uuid4(), "waited_ms": 90}
        text = _item(worker, 1, key_id, now, timedelta(minutes=5), held)
        sent = {"item": text, "signature": signer.sign(item_message(text))}
        signed.append((signer.der, msgspec.json.encode(sent)))
    begun = perf_counter()
    for der, raw in signed:
        read = read_item(raw)
        if not has_signed(der, read.signature, item_message(read.text)):
            what = "an item that was just signed is not"
            raise Trouble(what, "run the tests of tests/unit/mobile_api.")
    return (perf_counter() - begun) * 1000 / CHECKED


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
