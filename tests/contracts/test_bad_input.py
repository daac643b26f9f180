"""Bad input is answered with a problem that has a stable code, and writes nothing."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from backend.identity.roles import Role
from backend.identity.tokens import AccessTokens
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.contracts.conftest import FindTown
from tests.support.ledgers import count_rows
from tests.support.phones import CENTRE, fix, tap
from tests.support.town import Town

CHECK_IN, EVENTS, HEARTBEAT = "/mobile/v1/check-ins", "/gates/v1/events", "/gates/v1/heartbeat"
Change = Callable[[dict[str, Any]], object]


def refused(answer: Response, status: int, code: str) -> None:
    """Assert that an answer is a complete problem without internals."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert told["code"] == code, answer.text
    assert told["type"] == f"urn:daogang:problem:{code}"
    assert told["status"] == status
    assert told["title"]
    assert told["request_id"] == answer.headers["x-request-id"]
    for internal in ("Traceback", 'File "', "psycopg", "sqlalchemy", "litestar", "SELECT ", "msgspec"):
        assert internal not in answer.text


@dataclass
class Unwritten:
    """A town, and how one speaks to its phone and gate routes."""

    town: Town
    client: AsyncClient

    async def check_in(self, body: object, **headers: str) -> Response:
        """Post a check-in, JSON or bytes."""
        return await self.send(CHECK_IN, body, {**self.town.headers(Role.KEY_PERSON), **headers})

    async def gate(self, path: str, body: object, **headers: str) -> Response:
        """Post a signed request of the gate."""
        content = encoded(body)
        return await self.send(path, content, {**self.town.signed(path, content), **headers})

    async def send(self, path: str, body: object, headers: dict[str, str]) -> Response:
        """Post a body."""
        told = {"Content-Type": "application/json", **headers}
        return await self.client.post(path, content=encoded(body), headers=told)

    def body(self, **changes: Any) -> dict[str, Any]:
        """Return a good check-in with changes."""
        return tap(self.town.clock.now(), self.town.site.project.id, **changes)

    def batch(self, **changes: Any) -> dict[str, Any]:
        """Return an empty batch with changes."""
        return {"clock_now": self.town.clock.now().isoformat(), "items": [], **changes}


def encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
async def unwritten(standing: FindTown, quiet: AsyncClient, database: Database) -> AsyncIterator[Unwritten]:
    """Give a town in whose ledger the test must leave nothing."""
    town = await standing("unwritten")
    before = await count_rows(database, town.site.project.id)
    yield Unwritten(town, quiet)
    assert await count_rows(database, town.site.project.id) == before


def replace(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        assert old.encode() in body
        return body.replace(old.encode(), new.encode(), 1)

    return change


def first_fix(**changes: Any) -> Change:
    return lambda body: {**body, "fixes": [{**body["fixes"][0], **changes}]}


def without(name: str) -> Change:
    return lambda body: {**body, "fixes": [{key: value for key, value in fix().items() if key != name}]}


FIX_FAULTS: dict[str, tuple[Change, str]] = {
    "number as text": (first_fix(lon="114.0"), "request.invalid"),
    "text as number": (first_fix(crs=4326), "request.invalid"),
    "true as a number": (first_fix(lat=True), "request.invalid"),
    "null": (first_fix(lat=None), "request.invalid"),
    "swapped axes": (first_fix(lon=CENTRE.lat, lat=CENTRE.lon), "geofences.axes_swapped"),
    "swapped axes in gcj02": (first_fix(lon=CENTRE.lat, lat=CENTRE.lon, crs="gcj02"), "geofences.axes_swapped"),
    "null island": (first_fix(lon=0.0, lat=0.0), "geofences.out_of_china"),
    "another country": (first_fix(lon=2.35, lat=48.86), "geofences.out_of_china"),
    "degrees as metres": (first_fix(crs="EPSG:4547"), "geofences.out_of_china"),
    "no datum": (without("crs"), "request.invalid"),
    "empty datum": (first_fix(crs=""), "request.invalid"),
    "unheard-of datum": (first_fix(crs="EPSG:99999"), "geofences.system_unknown"),
    "another spelling of a datum": (first_fix(crs="WGS-84"), "request.invalid"),
    "no accuracy": (without("accuracy_m"), "request.invalid"),
    "negative accuracy": (first_fix(accuracy_m=-1.0), "request.invalid"),
    "from the future": (first_fix(age_s=-1.0), "request.invalid"),
    "unknown platform": (first_fix(platform="symbian"), "request.invalid"),
    "unknown field": (first_fix(altitude=20), "request.invalid"),
}


@pytest.mark.parametrize("fault", FIX_FAULTS)
async def test_a_bad_fix_is_refused(fault: str, unwritten: Unwritten) -> None:
    change, code = FIX_FAULTS[fault]
    refused(await unwritten.check_in(change(unwritten.body())), 422, code)


BODY_FAULTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown field": ({"verdict": "counted"}, 422, "request.invalid"),
    "no zone": ({"claimed_at": "2026-03-16T09:30:00"}, 422, "request.invalid"),
    "no date": ({"claimed_at": "soon"}, 422, "request.invalid"),
    "Unix seconds": ({"claimed_at": 1773624600}, 422, "request.invalid"),
    "not an id": ({"event_id": "1"}, 422, "request.invalid"),
    "an id that says nothing of time": ({"event_id": str(uuid4())}, 422, "mobile.event_id"),
    "eleven fixes": ({"fixes": [fix()] * 11}, 422, "request.invalid"),
    "no list": ({"fixes": fix()}, 422, "request.invalid"),
    "unknown direction": ({"direction": "up"}, 422, "request.invalid"),
    "unknown cause": ({"fixes": [], "no_fix_reason": "lazy"}, 422, "request.invalid"),
    "a project of nobody": ({"project_id": str(uuid4())}, 404, "mobile.project_unknown"),
    "a project that is no id": ({"project_id": "x' OR 1=1 --"}, 422, "request.invalid"),
}


@pytest.mark.parametrize("fault", BODY_FAULTS)
async def test_a_bad_check_in_is_refused(fault: str, unwritten: Unwritten) -> None:
    changes, status, code = BODY_FAULTS[fault]
    refused(await unwritten.check_in({**unwritten.body(), **changes}), status, code)


RAW_FAULTS: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "NaN": (replace("8.0", "NaN"), 400, "request.malformed"),
    "Infinity": (replace("8.0", "Infinity"), 400, "request.malformed"),
    "1e999": (replace("8.0", "1e999"), 422, "request.invalid"),
    "invalid UTF-8": (lambda body: body.replace(b"android", b"\xff\xfe\xfd"), 400, "request.malformed"),
    "UTF-16": (lambda body: body.decode().encode("utf-16"), 400, "request.malformed"),
    "byte order mark": (lambda body: b"\xef\xbb\xbf" + body, 400, "request.malformed"),
    "cut off": (lambda body: body[:-1], 400, "request.malformed"),
    "two documents": (lambda body: body + body, 400, "request.malformed"),
    "empty": (lambda _: b"", 422, "request.invalid"),
    "a list": (lambda body: b"[" + body + b"]", 422, "request.invalid"),
    "null": (lambda _: b"null", 422, "request.invalid"),
    "a key twice": (replace('"fixes"', '"direction": "in", "direction": "out", "fixes"'), 422, "request.invalid"),
    "very deep": (lambda _: b'{"fixes":' + b"[" * 100_000, 422, "request.invalid"),
    "a form": (lambda _: b"event_id=1&fixes=2", 400, "request.malformed"),
}


@pytest.mark.parametrize("fault", RAW_FAULTS)
async def test_bytes_that_are_no_check_in_are_refused(fault: str, unwritten: Unwritten) -> None:
    change, status, code = RAW_FAULTS[fault]
    refused(await unwritten.check_in(change(encoded(unwritten.body()))), status, code)


@pytest.mark.parametrize("fault", RAW_FAULTS)
async def test_a_signature_does_not_make_a_bad_batch_good(fault: str, unwritten: Unwritten) -> None:
    change, _, _ = RAW_FAULTS[fault]
    body = encoded(unwritten.batch(direction=8.0, android=1, fixes=0))
    answer = await unwritten.gate(EVENTS, change(body))
    assert answer.status_code in {400, 422}
    refused(answer, answer.status_code, answer.json()["code"])


class Endless:
    """A body that counts what is taken of it."""

    def __init__(self, size: int) -> None:
        """Take the size in bytes."""
        self.size, self.taken = size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield blocks of 64 kB."""
        while self.taken < self.size:
            self.taken += 65_536
            yield b" " * 65_536


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", [CHECK_IN, EVENTS, HEARTBEAT, "/admin/v1/session", "/mobile/v1/session/code"])
async def test_a_hundred_megabytes_are_refused_early(path: str, declared: bool, unwritten: Unwritten) -> None:
    body = Endless(100_000_000)
    headers = {**unwritten.town.signed(path, b""), "Content-Type": "application/json"}
    if path == CHECK_IN:
        headers |= unwritten.town.headers(Role.KEY_PERSON)
    if declared:
        headers["Content-Length"] = str(body.size)
    answer = await unwritten.client.post(path, content=body, headers=headers)
    refused(answer, 413, "request.too_large")
    # A server hands the body on as the application asks for it; httpx's transport does so too.
    assert body.taken < 12_000_000


@pytest.mark.parametrize("path", [CHECK_IN, "/admin/v1/session"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"])
async def test_another_media_type_is_no_way_in(path: str, media_type: str, unwritten: Unwritten) -> None:
    headers = {**unwritten.town.headers(Role.KEY_PERSON), "Content-Type": media_type}
    answer = await unwritten.client.post(path, content=b"<a>1</a>", headers=headers)
    assert answer.status_code in {400, 415, 422}
    refused(answer, answer.status_code, answer.json()["code"])


async def test_an_old_or_foreign_token_is_refused(
    unwritten: Unwritten, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    town = unwritten.town
    good = town.headers(Role.KEY_PERSON)["Authorization"].split()[1]
    head, claims, signature = good.split(".")
    foreign = AccessTokens(MemoryKeyRing(clock.now()))
    from backend.identity.tokens import Holder

    holder = Holder(town.accounts[Role.KEY_PERSON], None, uuid4(), frozenset({"operator"}))
    bad = {
        "no signature": f"{head}.{claims}.",
        "another's claims": f"{head}.{AccessTokens(keys).issue(holder, clock.now()).token.split('.')[1]}.{signature}",
        "another's key": foreign.issue(holder, clock.now()).token,
        "no algorithm": f"eyJhbGciOiJub25lIn0.{claims}.",
        "expired": AccessTokens(keys).issue(holder, clock.now() - timedelta(minutes=16)).token,
        "from the future": AccessTokens(keys).issue(holder, clock.now() + timedelta(hours=1)).token,
        "of nobody": AccessTokens(keys)
        .issue(Holder(uuid4(), None, uuid4(), frozenset({"key_person"})), clock.now())
        .token,
    }
    for fault, token in bad.items():
        answer = await unwritten.check_in(unwritten.body(), Authorization=f"Bearer {token}")
        assert answer.status_code == 401, f"{fault}: {answer.text}"
        refused(answer, 401, answer.json()["code"])


@pytest.mark.parametrize("path", [EVENTS, HEARTBEAT])
async def test_a_gate_s_signature_is_of_this_request_alone(path: str, unwritten: Unwritten, clock: ManualClock) -> None:
    body = encoded(unwritten.batch() if path == EVENTS else {"clock_now": clock.now().isoformat(), "backlog": 0})
    signed = unwritten.town.signed(path, body)
    other = HEARTBEAT if path == EVENTS else EVENTS
    for fault, (to, content, headers) in {
        "another body": (path, body + b" ", signed),
        "another path": (other, body, signed),
        "another nonce": (path, body, {**signed, "X-Daogang-Nonce": "x" * 24}),
        "another time": (path, body, {**signed, "X-Daogang-Timestamp": str(int(clock.now().timestamp()) + 1)}),
        "another key": (path, body, {**signed, "X-Daogang-Key": new_id(clock.now()).hex}),
        "no signature": (path, body, {**signed, "X-Daogang-Signature": "0" * 64}),
    }.items():
        answer = await unwritten.send(to, content, headers)
        assert answer.status_code == 401, f"{fault}: {answer.text}"
        refused(answer, 401, answer.json()["code"])
    for name in signed:
        if name.startswith("X-"):
            refused(
                await unwritten.send(path, body, {key: value for key, value in signed.items() if key != name}),
                401,
                "gates.signature_missing",
            )


async def test_a_nonce_serves_once(unwritten: Unwritten) -> None:
    body = encoded({"clock_now": unwritten.town.clock.now().isoformat(), "backlog": 0})
    signed = unwritten.town.signed(HEARTBEAT, body)
    assert (await unwritten.send(HEARTBEAT, body, signed)).status_code == 200
    answer = await unwritten.send(HEARTBEAT, body, signed)
    refused(answer, answer.status_code, "gates.nonce_replayed")
    assert answer.status_code in {401, 409}


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_of_another_time_is_refused(minutes: int, unwritten: Unwritten, clock: ManualClock) -> None:
    body = encoded(unwritten.batch())
    signed = unwritten.town.signed(EVENTS, body)
    clock.advance(timedelta(minutes=minutes))
    answer = await unwritten.send(EVENTS, body, signed)
    refused(answer, 401, "gates.clock_skew")
    assert answer.json()["server_time"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "request.unknown_path"),
        ("GET", "/admin/v1/projects/not-an-id", 404, "request.unknown_path"),
        ("GET", "/admin/v1/../../etc/passwd", 404, "request.unknown_path"),
        ("GET", "/docs/static/../../../etc/passwd", 404, "request.unknown_path"),
        ("GET", "/docs/static/%2e%2e/%2e%2e/pyproject.toml", 404, "request.unknown_path"),
        ("DELETE", CHECK_IN, 405, "request.method"),
        ("GET", CHECK_IN, 405, "request.method"),
        ("TRACE", "/health/live", 405, "request.method"),
    ],
)
async def test_what_is_not_there_is_a_problem_too(
    method: str, path: str, status: int, code: str, unwritten: Unwritten
) -> None:
    answer = await unwritten.client.request(method, path)
    refused(answer, status, code)
    assert path.rsplit("/", 1)[-1] not in answer.text or len(path.rsplit("/", 1)[-1]) < 4
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize("given", ["x" * 65, "short", "line\nfeed", "<script>", "岗位岗位岗位"])
async def test_a_request_id_is_taken_only_when_it_is_plain(given: str, unwritten: Unwritten) -> None:
    headers = {"X-Request-Id": given.replace("\n", " ").encode()}
    answer = await unwritten.client.get("/nowhere", headers=headers)  # type: ignore[arg-type] - bytes that httpx would refuse as text
    assert answer.headers["x-request-id"] != given
    assert (await unwritten.client.get("/nowhere", headers={"X-Request-Id": "phone-0001"})).headers["x-request-id"] == (
        "phone-0001"
    )
