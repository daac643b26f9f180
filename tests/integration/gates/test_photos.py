"""Photos that devices upload: signed, checked, sealed, kept once."""

from hashlib import sha256

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from backend.gates.photos import PHOTO_LIMIT, photo_key_label, photo_name
from backend.gates.signature import signed_headers
from backend.kit.blobs import BlobsAway
from backend.kit.db import Database
from tests.integration.gates.gate_site import Device, GateSite, rows
from tests.support.factories import draw_code


def photo(length: int = 2000) -> bytes:
    """Make bytes that begin and end as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + draw_code(length - 6).encode() + b"\xff\xd9"


async def upload(device: Device, body: bytes, digest: str | None = None, nonce: str | None = None) -> Response:
    path = f"/gates/v1/photos/{digest or sha256(body).hexdigest()}"
    headers = signed_headers(
        device.key_id, device.secret, method="PUT", path=path, body=body, at=device.clock.now(), nonce=nonce
    )
    return await device.client.put(path, content=body, headers={**headers, "Content-Type": "image/jpeg"})


async def test_a_photo_is_kept_sealed_and_once(site: GateSite, app: Litestar, database: Database) -> None:
    device, body = site.device, photo()
    first, again = await upload(device, body), await upload(device, body)
    assert (first.status_code, first.json(), again.json()) == (200, {"status": "accepted"}, {"status": "duplicate"})
    (row,) = await rows(database, "SELECT * FROM gate_photo WHERE device_id = :id", id=device.id)
    digest = sha256(body).digest()
    assert (bytes(row["sha256"]), row["size_bytes"], row["received_at"]) == (digest, len(body), device.clock.now())
    (waiting,) = await rows(database, "SELECT * FROM photo_file WHERE device_id = :id", id=device.id)
    assert (waiting["source"], waiting["class"], waiting["state"]) == ("gate", "gate", "waiting")
    wiring = app.state.wiring
    stored = await wiring.blobs.get(photo_name(site.project_id, device.id, row["received_at"], waiting["id"]))
    assert body[4:-2] not in stored
    opened = wiring.data_keys.unwrap_once(bytes(row["wrapped_key"]), photo_key_label(waiting["id"]))
    assert opened.open(stored, digest) == body


async def test_a_photo_and_its_event_come_in_either_order(site: GateSite) -> None:
    device, body = site.device, photo()
    digest = sha256(body).hexdigest()
    (result,) = await device.deliver(device.event(site.people[0], photo_sha256=digest))
    assert result["status"] == "accepted"
    assert (await upload(device, body)).json() == {"status": "accepted"}
    (result,) = await device.deliver(device.event(site.people[1], photo_sha256=digest))
    assert result["status"] == "accepted"


async def test_the_month_of_the_first_key_serves_events_and_photos(site: GateSite, database: Database) -> None:
    await upload(site.device, photo())
    await site.device.deliver(site.device.event(site.people[0]))
    assert len(await rows(database, "SELECT FROM data_key WHERE project_id = :id", id=site.project_id)) == 1


@pytest.mark.parametrize(
    ("body", "digest", "status", "code"),
    [
        (photo(), "0" * 64, 422, "gates.photo_digest_wrong"),
        (photo(), "0" * 63, 422, "request.invalid"),
        (b"", None, 422, "gates.photo_unreadable"),
        (b"GIF89a", None, 422, "gates.photo_unreadable"),
        (photo()[:-1], None, 422, "gates.photo_unreadable"),
        (photo(PHOTO_LIMIT + 1), None, 413, "request.too_large"),
    ],
)
async def test_what_is_no_photo_is_not_kept(
    site: GateSite, database: Database, body: bytes, digest: str | None, status: int, code: str
) -> None:
    answer = await upload(site.device, body, digest)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not await rows(database, "SELECT FROM gate_photo WHERE device_id = :id", id=site.device.id)
    assert not await rows(database, "SELECT FROM gate_nonce WHERE key_id = :id", id=site.device.key_id)


async def test_a_photo_of_the_greatest_size_is_kept(site: GateSite) -> None:
    assert (await upload(site.device, photo(PHOTO_LIMIT))).json() == {"status": "accepted"}


async def test_an_altered_or_repeated_upload_is_refused(site: GateSite, client: AsyncClient) -> None:
    device, body = site.device, photo()
    path = f"/gates/v1/photos/{sha256(body).hexdigest()}"
    headers = signed_headers(device.key_id, device.secret, method="PUT", path=path, body=body, at=device.clock.now())
    other = photo()
    altered = await client.put(path, content=other, headers=headers)
    elsewhere = await client.put(f"/gates/v1/photos/{sha256(other).hexdigest()}", content=body, headers=headers)
    codes = [answer.json()["code"] for answer in (altered, elsewhere)]
    assert codes == ["gates.signature_wrong", "gates.signature_wrong"]
    assert (await client.put(path, content=body, headers=headers)).status_code == 200
    assert (await client.put(path, content=body, headers=headers)).json()["code"] == "gates.nonce_replayed"


async def test_while_the_store_is_away_nothing_is_claimed(
    site: GateSite, app: Litestar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = photo()

    async def fail(*_: object) -> None:
        raise BlobsAway

    with monkeypatch.context() as broken:
        broken.setattr(type(app.state.wiring.blobs), "put", fail)
        answer = await upload(site.device, body)
    assert (answer.status_code, answer.json()["code"]) == (503, "request.blobs_away")
    assert not await rows(database, "SELECT FROM gate_photo WHERE device_id = :id", id=site.device.id)
    assert (await upload(site.device, body)).json() == {"status": "accepted"}
