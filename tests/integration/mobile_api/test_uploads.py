"""Photos over tus 1.0.0: what is acknowledged is there, what is wrong is not kept, nobody reaches another's."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from sqlalchemy import func, select, update

from backend.evidence import uploads
from backend.evidence.errors import OffsetWrong
from backend.evidence.model import LIFE, MAX_DAY_BYTES, MAX_OPEN, MAX_PHOTO_BYTES, Claim
from backend.evidence.purge import GRACE, purge_uploads
from backend.evidence.tables import Photo, PhotoUpload, PhotoUploadPart
from backend.evidence.uploads import BodyCutOff, UploadTools
from backend.identity.tables import SessionFamily
from backend.kit.blobs import BlobsAway
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from mobile_api.offline.items import sync_message
from mobile_api.uploads.authority import upload_message
from tests.integration.mobile_api.conftest import MakeGround, Sync
from tests.support.phones import Ground, Owner, make_owner
from tests.support.photos import pieces, upload_metadata
from tests.support.queues import QueuePhone, register
from tests.support.s3 import bucket

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
DIGEST = hashlib.sha256(PHOTO)
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = TUS | {"Content-Type": "application/offset+octet-stream"}


class Sender:
    """A phone that speaks tus."""

    def __init__(self, client: AsyncClient, owner: Owner, clock: ManualClock) -> None:
        """Speak in the owner's name."""
        self.client, self.owner, self.clock = client, owner, clock

    async def ask(self, method: str, path: str, headers: dict[str, str], content: Any = None) -> Response:
        """Send a request with a token of this moment."""
        told = {**self.owner.headers(self.clock.now()), **headers}
        return await self.client.request(method, path, headers=told, content=content)

    async def begin(self, content: bytes = PHOTO, *, digest: bytes | None = None, **changes: str) -> Response:
        """Ask for an upload."""
        named = hashlib.sha256(content).digest() if digest is None else digest
        headers = TUS | {"Upload-Length": str(len(content)), "Upload-Metadata": upload_metadata(named)}
        return await self.ask(
            "POST", "/mobile/v1/uploads", headers | {k.replace("_", "-"): v for k, v in changes.items()}
        )

    async def place(self, content: bytes = PHOTO, *, digest: bytes | None = None) -> str:
        """Return the path of a new upload."""
        answer = await self.begin(content, digest=digest)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def send(self, path: str, offset: int, content: Any, **headers: str) -> Response:
        """Send bytes."""
        return await self.ask("PATCH", path, CHUNK | {"Upload-Offset": str(offset)} | headers, content)

    async def offset(self, path: str) -> int:
        """Ask how much is there."""
        answer = await self.ask("HEAD", path, TUS)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])

    async def photo(self, digest: str) -> Response:
        """Ask for the whole."""
        return await self.ask("GET", f"/mobile/v1/photos/{digest}", {})


MakeSender = Callable[[], Awaitable[Sender]]


@pytest.fixture
async def sender(client: AsyncClient, ground: Ground, clock: ManualClock) -> Sender:
    """Give a phone."""
    return Sender(client, ground.owner, clock)


@pytest.fixture
async def other(client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Sender:
    """Give another person's phone."""
    async with database.transaction() as tx:
        return Sender(client, await make_owner(tx, keys, clock.now()), clock)


@pytest.fixture
def tools(app: Litestar) -> UploadTools:
    """Give what the application's uploads work with."""
    return app.state.upload_tools


def folder_of(tools: UploadTools) -> Path:
    return tools.blobs._folder  # type: ignore[attr-defined] - the tests' store is a disk


def files(tools: UploadTools) -> dict[str, bytes]:
    root = folder_of(tools)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def of_upload(tools: UploadTools, path: str) -> list[str]:
    mine = UUID(path.rpartition("/")[2]).hex
    return sorted(name for name in files(tools) if mine in name)


def refused(answer: Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    if answer.request.method != "HEAD":
        assert answer.json()["code"] == code
    assert answer.headers["tus-resumable"] == "1.0.0"


async def test_a_photo_goes_up_in_pieces_and_is_kept_whole(sender: Sender, tools: UploadTools) -> None:
    begun = await sender.begin()
    assert begun.status_code == 201
    assert begun.headers["tus-resumable"] == "1.0.0"
    assert begun.headers["upload-expires"] == "Mon, 23 Mar 2026 01:30:00 GMT"
    path = begun.headers["location"]
    assert await sender.offset(path) == 0
    assert (await sender.photo(DIGEST.hexdigest())).status_code == 404
    for start, end in ((0, 100), (100, 1000), (1000, len(PHOTO))):
        answer = await sender.send(path, start, PHOTO[start:end])
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["upload-offset"] == str(end)
        assert await sender.offset(path) == end
    whole = await sender.photo(DIGEST.hexdigest())
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, PHOTO, "image/jpeg")
    assert of_upload(tools, path) == [f"photos/{DIGEST.hexdigest()[:2]}/{DIGEST.hexdigest()}.{UUID(path[-36:]).hex}"]


async def test_nothing_readable_lies_on_the_disk(sender: Sender, tools: UploadTools) -> None:
    path = await sender.place()
    await sender.send(path, 0, PHOTO[:600])
    (part,) = of_upload(tools, path)
    assert PHOTO[:16] not in files(tools)[part]
    await sender.send(path, 600, PHOTO[600:])
    (whole,) = of_upload(tools, path)
    assert PHOTO[:16] not in files(tools)[whole]
    assert len(files(tools)[whole]) > len(PHOTO)


async def test_what_is_spoken_is_told_to_anybody(client: AsyncClient) -> None:
    answer = await client.options("/mobile/v1/uploads")
    assert answer.status_code == 204
    told = {name: value for name, value in answer.headers.items() if name.startswith("tus-")}
    assert told == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,expiration,checksum,termination",
        "tus-max-size": str(MAX_PHOTO_BYTES),
        "tus-checksum-algorithm": "sha256,sha1",
    }


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", ["", "0.2.2", "2.0.0"])
async def test_another_version_is_not_spoken(method: str, version: str, sender: Sender) -> None:
    path = "/mobile/v1/uploads" if method == "POST" else await sender.place()
    answer = await sender.ask(method, path, {"Tus-Resumable": version})
    refused(answer, 412, "mobile.upload_protocol")
    assert answer.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize("length", ["", "0", "-1", "x", "1.5"])
async def test_a_length_must_be_one(length: str, sender: Sender) -> None:
    refused(await sender.begin(Upload_Length=length), 422, "mobile.upload_header")


async def test_a_photo_may_be_so_big_and_no_bigger(sender: Sender) -> None:
    assert (await sender.begin(Upload_Length=str(MAX_PHOTO_BYTES))).status_code == 201
    answer = await sender.begin(Upload_Length=str(MAX_PHOTO_BYTES + 1))
    refused(answer, 413, "evidence.photo_too_large")
    assert answer.json()["limit"] == MAX_PHOTO_BYTES


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "sha256",
        "filetype aW1hZ2UvanBlZw==",
        upload_metadata(b"x" * 31),
        upload_metadata(b"x" * 32, "text/html"),
        upload_metadata(b"x" * 32, "image/svg+xml"),
        upload_metadata(b"x" * 32) + ",sha256 YQ==",
        "sha256 !",
    ],
)
async def test_metadata_must_name_digest_and_kind(metadata: str, sender: Sender) -> None:
    refused(await sender.begin(Upload_Metadata=metadata), 422, "mobile.upload_header")


async def test_a_wrong_offset_changes_nothing_and_tells_the_right_one(sender: Sender) -> None:
    path = await sender.place()
    await sender.send(path, 0, PHOTO[:10])
    for wrong in (0, 9, 11, 2000):
        answer = await sender.send(path, wrong, b"x")
        refused(answer, 409, "evidence.offset")
        assert answer.json()["offset"] == 10
    refused(await sender.send(path, 10, PHOTO[10:] + b"x"), 422, "evidence.upload_overrun")
    assert await sender.offset(path) == 10
    for offset in ("", "x", "-1"):
        answer = await sender.ask("PATCH", path, CHUNK | {"Upload-Offset": offset}, b"x")
        refused(answer, 422, "mobile.upload_header")
    answer = await sender.ask("PATCH", path, TUS | {"Upload-Offset": "10", "Content-Type": "image/jpeg"}, b"x")
    refused(answer, 415, "mobile.upload_media_type")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_bytes_with_a_wrong_checksum_are_not_kept(algorithm: str, sender: Sender, tools: UploadTools) -> None:
    path = await sender.place()

    def checksum(content: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"

    refused(
        await sender.send(path, 0, PHOTO[:100], **{"Upload-Checksum": checksum(b"other")}), 460, "evidence.checksum"
    )
    assert (await sender.offset(path), of_upload(tools, path)) == (0, [])
    for start, end in ((0, 100), (100, len(PHOTO))):
        told = {"Upload-Checksum": checksum(PHOTO[start:end])}
        assert (await sender.send(path, start, PHOTO[start:end], **told)).status_code == 204
    assert (await sender.photo(DIGEST.hexdigest())).content == PHOTO


@pytest.mark.parametrize("told", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256", "sha256 x", "sha256 YQ=="])
async def test_an_unknown_checksum_is_refused(told: str, sender: Sender) -> None:
    path = await sender.place()
    answer = await sender.send(path, 0, b"x", **{"Upload-Checksum": told})
    refused(answer, 400, "mobile.upload_checksum_algorithm")


async def test_a_whole_with_another_digest_is_not_kept(sender: Sender, tools: UploadTools) -> None:
    path = await sender.place(digest=b"\x01" * 32)
    assert (await sender.send(path, 0, PHOTO[:500])).status_code == 204
    refused(await sender.send(path, 500, PHOTO[500:]), 422, "evidence.digest")
    assert of_upload(tools, path) == []
    assert (await sender.ask("HEAD", path, TUS)).status_code == 404
    assert (await sender.photo("01" * 32)).status_code == 404


async def test_another_person_finds_nothing(sender: Sender, other: Sender) -> None:
    path = await sender.place()
    await sender.send(path, 0, PHOTO[:10])
    for method in ("HEAD", "DELETE"):
        assert (await other.ask(method, path, TUS)).status_code == 404
    refused(await other.send(path, 10, PHOTO[10:]), 404, "evidence.upload_unknown")
    assert await sender.offset(path) == 10
    await sender.send(path, 10, PHOTO[10:])
    refused(await other.photo(DIGEST.hexdigest()), 404, "evidence.photo_unknown")
    # The same bytes from the other person are his own photo, in a blob of its own.
    again = await other.place()
    assert (await other.send(again, 0, PHOTO)).status_code == 204
    assert (await other.photo(DIGEST.hexdigest())).content == PHOTO


async def test_a_session_that_ended_sends_nothing(sender: Sender, database: Database) -> None:
    path = await sender.place()
    async with database.transaction() as tx:
        mine = SessionFamily.id == sender.owner.family_id
        await tx.execute(update(SessionFamily).where(mine).values(revoked_at=sender.clock.now()))
    refused(await sender.begin(), 401, "mobile.session_ended")
    refused(await sender.send(path, 0, PHOTO), 401, "mobile.session_ended")
    assert (await sender.ask("HEAD", path, TUS)).status_code == 401
    assert (await sender.ask("DELETE", path, TUS)).status_code == 401
    refused(await sender.photo(DIGEST.hexdigest()), 401, "mobile.session_ended")


async def test_an_upload_that_is_given_up_is_gone(sender: Sender, tools: UploadTools) -> None:
    path = await sender.place()
    await sender.send(path, 0, PHOTO[:10])
    assert (await sender.ask("DELETE", path, TUS)).status_code == 204
    assert of_upload(tools, path) == []
    for method in ("HEAD", "DELETE"):
        assert (await sender.ask(method, path, TUS)).status_code == 404
    # A photo that is whole stays when its upload is forgotten.
    path = await sender.place()
    await sender.send(path, 0, PHOTO)
    assert (await sender.ask("DELETE", path, TUS)).status_code == 204
    assert (await sender.photo(DIGEST.hexdigest())).content == PHOTO


async def test_the_same_photo_twice_is_kept_once(sender: Sender, tools: UploadTools) -> None:
    first, second = await sender.place(), await sender.place()
    await sender.send(first, 0, PHOTO)
    assert (await sender.send(second, 0, PHOTO)).status_code == 204
    assert await sender.offset(second) == len(PHOTO)
    assert (len(of_upload(tools, first)), of_upload(tools, second)) == (1, [])


async def test_of_two_requests_for_one_place_one_counts(sender: Sender, tools: UploadTools) -> None:
    path = await sender.place()
    answers = await asyncio.gather(*(sender.send(path, 0, PHOTO[:500]) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
    assert len(of_upload(tools, path)) == 1, "the losers' bytes are deleted"
    answers = await asyncio.gather(*(sender.send(path, 500, PHOTO[500:]) for _ in range(4)))
    assert 204 in {answer.status_code for answer in answers}
    assert {answer.status_code for answer in answers} <= {204, 404, 409}
    assert (await sender.photo(DIGEST.hexdigest())).content == PHOTO
    assert await sender.offset(path) == len(PHOTO)


async def test_unfinished_uploads_are_so_many_and_no_more(sender: Sender, clock: ManualClock) -> None:
    paths = [await sender.place() for _ in range(MAX_OPEN)]
    answer = await sender.begin()
    refused(answer, 429, "evidence.upload_quota")
    assert int(answer.headers["retry-after"]) == LIFE.total_seconds() + 1
    await sender.ask("DELETE", paths[0], TUS)
    paths[0] = await sender.place()
    await sender.send(paths[1], 0, PHOTO)
    assert (await sender.begin()).status_code == 201, "finished ones do not count"
    assert (await sender.begin()).status_code == 429
    clock.advance(LIFE + timedelta(seconds=1))
    assert (await sender.begin()).status_code == 201, "expired ones do not either"


async def test_beginnings_at_once_share_the_quota(sender: Sender) -> None:
    answers = await asyncio.gather(*(sender.begin() for _ in range(MAX_OPEN + 10)))
    assert sum(answer.status_code == 201 for answer in answers) == MAX_OPEN


async def test_a_day_s_bytes_are_so_many_and_no_more(
    sender: Sender, tools: UploadTools, database: Database, clock: ManualClock
) -> None:
    for _ in range(MAX_DAY_BYTES // MAX_PHOTO_BYTES):
        async with database.transaction() as tx:
            claim = Claim(b"\x02" * 32, MAX_PHOTO_BYTES, "image/jpeg")
            await uploads.begin_upload(tx, sender.owner.person_id, claim, tools=tools)
    refused(await sender.begin(), 429, "evidence.upload_quota")
    clock.advance(timedelta(days=1, seconds=1))
    assert (await sender.begin()).status_code == 201


async def test_an_expired_upload_is_gone_and_its_bytes_follow(
    sender: Sender, tools: UploadTools, clock: ManualClock
) -> None:
    kept, open_one = await sender.place(), await sender.place(digest=b"\x03" * 32)
    await sender.send(kept, 0, PHOTO)
    await sender.send(open_one, 0, PHOTO[:10])
    # What a crash can leave: a part without its row, a photo without its row.
    upload_id = UUID(open_one.rpartition("/")[2])
    orphans = [f"uploads/{upload_id.hex[-2:]}/{upload_id.hex}.10.00000000", f"photos/03/{'03' * 32}.{upload_id.hex}"]
    for orphan in orphans:
        await tools.blobs.put(orphan, b"left behind")
    clock.advance(LIFE)
    assert (await sender.ask("HEAD", open_one, TUS)).status_code == 404
    refused(await sender.send(open_one, 10, PHOTO[10:]), 404, "evidence.upload_unknown")
    await purge_uploads(tools)
    assert len(of_upload(tools, open_one)) == 3, "a request may still be writing"
    clock.advance(GRACE + timedelta(seconds=1))
    assert await purge_uploads(tools) >= 2
    assert of_upload(tools, open_one) == []
    assert len(of_upload(tools, kept)) == 1
    assert (await sender.photo(DIGEST.hexdigest())).content == PHOTO
    assert await purge_uploads(tools) == 0


async def test_a_purge_that_is_cut_off_is_done_again(
    sender: Sender, tools: UploadTools, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await sender.place(digest=b"\x04" * 32)
    await sender.send(path, 0, PHOTO[:10])
    clock.advance(LIFE + GRACE + timedelta(seconds=1))

    async def away(_: str) -> None:
        raise BlobsAway

    with monkeypatch.context() as patched:
        patched.setattr(tools.blobs, "delete", away)
        with pytest.raises(BlobsAway):
            await purge_uploads(tools)
    assert len(of_upload(tools, path)) == 1
    assert await purge_uploads(tools) >= 1
    assert of_upload(tools, path) == []


@pytest.mark.parametrize("failing", ["put", "get"])
async def test_a_store_that_is_away_is_told_and_nothing_is_acknowledged(
    failing: str, sender: Sender, tools: UploadTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await sender.place()
    await sender.send(path, 0, PHOTO[:10])

    async def away(*_: object) -> bytes:
        raise BlobsAway

    with monkeypatch.context() as patched:
        patched.setattr(tools.blobs, failing, away)
        answer = await sender.send(path, 10, PHOTO[10:])
        refused(answer, 503, "request.blobs_away")
        assert answer.headers["retry-after"]
    assert await sender.offset(path) == 10
    assert (await sender.send(path, 10, PHOTO[10:])).status_code == 204
    assert (await sender.photo(DIGEST.hexdigest())).content == PHOTO


async def cut(content: bytes) -> AsyncIterator[bytes]:
    """Yield bytes and break off."""
    yield content
    raise BodyCutOff


@given(st.binary(min_size=1, max_size=2000), st.data())
@settings(max_examples=25)
def test_however_a_connection_breaks_the_photo_arrives(content: bytes, data: st.DataObject) -> None:
    """Any division into requests, each whole or cut off, with a checksum or without, ends in the photo."""
    plan = data.draw(
        st.lists(st.tuples(st.integers(0, 700), st.booleans(), st.booleans()), max_size=8), label="size, cut, checksum"
    )
    PLANS.append((content, plan))


PLANS: list[tuple[bytes, list[tuple[int, bool, bool]]]] = []


async def test_the_plans_that_were_drawn_arrive(
    sender: Sender, tools: UploadTools, database: Database, clock: ManualClock
) -> None:
    test_however_a_connection_breaks_the_photo_arrives()
    person_id = sender.owner.person_id
    for content, plan in PLANS:
        digest = hashlib.sha256(content).digest()
        async with database.transaction() as tx:
            upload = await uploads.begin_upload(tx, person_id, Claim(digest, len(content), "image/jpeg"), tools=tools)
        for size, is_cut, has_checksum in [*plan, (len(content), False, False)]:
            async with database.transaction() as tx:
                upload = await uploads.find_upload(tx, person_id, upload.id, clock=clock)
            piece = content[upload.offset : upload.offset + size]
            checksum = uploads.Checksum("sha256", hashlib.sha256(piece).digest()) if has_checksum else None
            expected = upload.offset if is_cut and has_checksum else upload.offset + len(piece)
            body = cut(piece) if is_cut else pieces(piece)
            try:
                assert await uploads.take_bytes(upload, upload.offset, body, checksum, tools=tools) == expected
            except BodyCutOff:
                assert is_cut
            async with database.transaction() as tx:
                assert (await uploads.find_upload(tx, person_id, upload.id, clock=clock)).offset == expected
        assert await uploads.read_photo(person_id, digest, tools=tools) == (content, "image/jpeg")
        clock.advance(timedelta(days=1))


async def test_a_long_request_is_stored_as_it_comes(sender: Sender, tools: UploadTools, database: Database) -> None:
    content = os.urandom(3 * uploads.PART_BYTES)
    digest = hashlib.sha256(content).digest()
    async with database.transaction() as tx:
        claim = Claim(digest, len(content), "image/jpeg")
        upload = await uploads.begin_upload(tx, sender.owner.person_id, claim, tools=tools)
    path = f"/mobile/v1/uploads/{upload.id}"
    seen: list[int] = []

    async def watched() -> AsyncIterator[bytes]:
        for start in range(0, len(content), uploads.PART_BYTES):
            yield content[start : start + uploads.PART_BYTES]
            seen.append(await sender.offset(path))

    assert await uploads.take_bytes(upload, 0, watched(), None, tools=tools) == len(content)
    assert seen == [uploads.PART_BYTES, 2 * uploads.PART_BYTES, 2 * uploads.PART_BYTES]
    assert (await uploads.read_photo(sender.owner.person_id, digest, tools=tools))[0] == content


async def test_the_database_refuses_what_cannot_be(sender: Sender, database: Database) -> None:
    path = await sender.place()
    mine = PhotoUpload.id == UUID(path.rpartition("/")[2])
    for values in ({"offset_bytes": len(PHOTO)}, {"offset_bytes": len(PHOTO) + 1}, {"finished_at": sender.clock.now()}):
        with pytest.raises(Exception, match="ck_photo_upload_"):
            async with database.transaction() as tx:
                await tx.execute(update(PhotoUpload).where(mine).values(**values))


async def test_rows_of_parts_go_with_the_upload(sender: Sender, database: Database) -> None:
    path = await sender.place()
    upload_id = UUID(path.rpartition("/")[2])
    await sender.send(path, 0, PHOTO[:10])
    await sender.send(path, 10, PHOTO[10:])
    async with database.transaction() as tx:
        parts = select(func.count()).select_from(PhotoUploadPart).where(PhotoUploadPart.upload_id == upload_id)
        assert await tx.scalar(parts) == 0
        assert await tx.scalar(select(func.count()).select_from(Photo).where(Photo.id == upload_id)) == 1


async def test_photos_go_to_a_bucket_as_well(
    sender: Sender, tools: UploadTools, database: Database, clock: ManualClock
) -> None:
    from backend.kit.blobs import open_s3

    with bucket("photos") as held:
        store = open_s3("photos", "x", endpoint=held.endpoint, region="us-east-1", key_id="key", secret="s")
        in_bucket = UploadTools(database=database, data_keys=tools.data_keys, blobs=store, clock=clock)
        person_id = sender.owner.person_id
        async with database.transaction() as tx:
            claim = Claim(DIGEST.digest(), len(PHOTO), "image/jpeg")
            upload = await uploads.begin_upload(tx, person_id, claim, tools=in_bucket)
        await uploads.take_bytes(upload, 0, pieces(PHOTO[:400]), None, tools=in_bucket)
        with pytest.raises(OffsetWrong):
            await uploads.take_bytes(upload, 0, pieces(PHOTO[400:]), None, tools=in_bucket)
        async with database.transaction() as tx:
            upload = await uploads.find_upload(tx, person_id, upload.id, clock=clock)
        await uploads.take_bytes(upload, 400, pieces(PHOTO[400:]), None, tools=in_bucket)
        assert (await uploads.read_photo(person_id, DIGEST.digest(), tools=in_bucket))[0] == PHOTO
        assert [name.split("/")[1] for name in held.objects] == ["photos"]


@pytest.mark.parametrize("media_type", ["image/heic", "image/heif", "image/avif"])
async def test_what_is_not_read_is_refused_before_it_is_sent(sender: Sender, media_type: str) -> None:
    metadata = upload_metadata(DIGEST.digest(), media_type)
    refused(await sender.begin(Upload_Metadata=metadata), 415, "evidence.photo_heif")


class KeySender(Sender):
    """A phone that has no session any more, and signs its requests."""

    def __init__(self, client: AsyncClient, phone: QueuePhone) -> None:
        self.client, self.phone = client, phone

    async def ask(self, method: str, path: str, headers: dict[str, str], content: Any = None) -> Response:
        """Send a signed request."""
        meant = headers.get("X-HTTP-Method-Override", method)
        message = upload_message(meant, path, headers.get("Upload-Length", ""), headers.get("Upload-Metadata", ""))
        signed = {
            "X-Daogang-Phone-Key": self.phone.signing.id,
            "X-Daogang-Phone-Signature": self.phone.signing.sign(message),
        }
        return await self.client.request(method, path, headers=signed | headers, content=content)


async def test_a_phone_s_key_sends_what_a_punch_waits_for(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient
) -> None:
    sender = KeySender(client, phone)
    early = await sender.begin()
    assert (early.status_code, early.json()["code"]) == (403, "mobile.photo_unawaited")
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id, photos=[DIGEST.hexdigest()])
    assert (await sync(phone)).json()["results"][0]["punch"]["outcome"] == "pending"
    begun = await sender.begin()
    assert begun.status_code == 201, begun.text
    place = begun.headers["location"]
    half = await sender.ask("PATCH", place, CHUNK | {"Upload-Offset": "0"}, PHOTO[:500])
    assert half.headers["upload-offset"] == "500"
    assert (await sender.ask("HEAD", place, TUS)).headers["upload-offset"] == "500"
    whole = await sender.ask("PATCH", place, CHUNK | {"Upload-Offset": "500"}, PHOTO[500:])
    assert whole.headers["upload-offset"] == str(len(PHOTO))
    assert (await sender.ask("HEAD", place, TUS)).headers["upload-offset"] == str(len(PHOTO))
    own = (await client.get("/mobile/v1/punches", headers=ground.owner.headers(phone.at))).json()["items"]
    assert [one["outcome"] for one in own] == ["pending"], "until somebody has looked at it"


async def test_a_signature_opens_one_request_of_its_own_phone(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, make: MakeGround, database: Database
) -> None:
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id, photos=[DIGEST.hexdigest()])
    await sync(phone)
    sender = KeySender(client, phone)
    place = (await sender.begin()).headers["location"]
    other = QueuePhone((await make()).owner.phone_id, phone.at)
    unknown = KeySender(client, other)
    assert (await unknown.ask("DELETE", place, TUS)).json()["code"] == "offline.key_unknown"
    async with database.transaction() as tx:
        await register(tx, other)
    assert (await unknown.ask("DELETE", place, TUS)).json()["code"] == "evidence.upload_unknown"
    assert (await unknown.begin()).json()["code"] == "mobile.photo_unawaited"
    key = {"X-Daogang-Phone-Key": phone.signing.id}
    for message in (
        upload_message("HEAD", place),
        upload_message("DELETE", "/mobile/v1/uploads"),
        upload_message("DELETE", place, "1"),
        sync_message(b"DELETE"),
    ):
        signed = TUS | key | {"X-Daogang-Phone-Signature": phone.signing.sign(message)}
        refused = await client.delete(place, headers=signed)
        assert (refused.status_code, refused.json()["code"]) == (401, "offline.signature_wrong")
    bare = await client.delete(place, headers=TUS)
    assert (bare.status_code, bare.json()["code"]) == (401, "request.token_missing")
    # A token that is no good is not made up for by a signature.
    both = TUS | key | {"Authorization": "Bearer x", "X-Daogang-Phone-Signature": phone.signing.sign(b"")}
    assert (await client.delete(place, headers=both)).status_code == 401


@pytest.mark.parametrize("how", ["log-in", "key"])
async def test_where_only_post_gets_through(
    how: str, ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, clock: ManualClock
) -> None:
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id, photos=[DIGEST.hexdigest()])
    await sync(phone)
    sender = KeySender(client, phone) if how == "key" else Sender(client, ground.owner, clock)
    place = (await sender.begin()).headers["location"]

    def meant(method: str, **more: str) -> dict[str, str]:
        return TUS | {"X-HTTP-Method-Override": method} | more

    sent = await sender.ask("POST", place, CHUNK | meant("PATCH") | {"Upload-Offset": "0"}, PHOTO[:100])
    assert (sent.status_code, sent.headers["upload-offset"]) == (204, "100")
    told = await sender.ask("POST", place, meant("HEAD"))
    assert (told.status_code, told.headers["upload-offset"], told.content) == (204, "100", b"")
    odd = await sender.ask("POST", place, meant("TRACE"))
    assert (odd.status_code, odd.json()["code"]) == (422, "mobile.upload_header")
    assert (await sender.ask("POST", place, meant("DELETE"))).status_code == 204
    assert (await sender.ask("POST", place, meant("HEAD"))).status_code == 404
