"""Routes of tus 1.0.0 under `/mobile/v1/uploads`, and of one's own photos."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import structlog
from litestar import HttpMethod, Request, Response, Router, delete, get, head, patch, post, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath

from backend.evidence import errors as evidence
from backend.evidence import uploads
from backend.evidence.model import HEIF_TYPES, MAX_PHOTO_BYTES, MEDIA_TYPES, Claim
from backend.evidence.photos.errors import PhotoGone
from backend.evidence.queries import UploadRow
from backend.evidence.uploads import BodyCutOff, Checksum, UploadTools
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.errors import BodyTooLarge, DaogangError, MalformedBody
from backend.kit.guards import Actor
from backend.kit.problems import answer_error
from backend.ledger.append import DayFolder
from mobile_api.errors import SessionEnded
from mobile_api.photo_waits import PhotoTools, rule_on_arrival
from mobile_api.queries import find_live_person
from mobile_api.uploads import protocol
from mobile_api.uploads.errors import ChecksumUnknown, ChunkMediaType, ProtocolUnknown, UploadHeaderInvalid

log = structlog.get_logger()

SELF = "mobile.self"
IDLE_S = 30.0
"""So long may a request say nothing; then what came of it is stored and the phone asks for the offset."""

SPOKEN = {"Tus-Resumable": protocol.VERSION, "Cache-Control": "no-store"}
PATH = "/uploads/{upload_id:uuid}"
"""Not under `/mobile/v1/photos`: uploads end, photos stay."""

AnyRequest = Request[Any, Any, State]


class ChunkOperation(Operation):
    """Documents a body of bytes."""

    def __post_init__(self) -> None:
        """Say what the body is."""
        content = {protocol.CHUNK_MEDIA_TYPE: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
        self.request_body = RequestBody(content=content, required=True)


def require_version(request: AnyRequest) -> None:
    """Refuse what does not speak the protocol."""
    if request.headers.get("tus-resumable") != protocol.VERSION:
        raise ProtocolUnknown


async def live_person(tx: Tx, actor: Actor, clock: Clock) -> UUID:
    """Return the person behind a session that has not ended; raises SessionEnded."""
    found = await find_live_person(tx, actor.account_id, actor.family_id, clock.now())
    if found is None:
        raise SessionEnded
    return found


@route(
    "/uploads",
    http_method=HttpMethod.OPTIONS,
    status_code=204,
    opt={"public": True, "database": False},
    include_in_schema=False,
)
async def describe_protocol() -> Response[None]:
    """Tell what of tus is spoken."""
    return Response(
        None,
        headers={
            "Tus-Resumable": protocol.VERSION,
            "Tus-Version": protocol.VERSION,
            "Tus-Extension": protocol.EXTENSIONS,
            "Tus-Max-Size": str(MAX_PHOTO_BYTES),
            "Tus-Checksum-Algorithm": ",".join(protocol.ALGORITHMS),
        },
    )


@post(
    "/uploads",
    opt={
        "scope": SELF,
        "raises": (
            SessionEnded,
            ProtocolUnknown,
            UploadHeaderInvalid,
            evidence.PhotoTooLarge,
            evidence.PhotoHeif,
            evidence.QuotaReached,
        ),
    },
    summary="Begin to upload a photo",
)
async def begin(
    request: AnyRequest,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Make an upload; `Location` says where its bytes go.

    Headers: `Tus-Resumable: 1.0.0`, `Upload-Length` in bytes, `Upload-Metadata` with `sha256` (64 hexadecimal digits)
    and `filetype` (JPEG, PNG or WebP).
    """
    require_version(request)
    person_id = await live_person(tx, actor, clock)
    row = await uploads.begin_upload(tx, person_id, _claim(request), tools=upload_tools)
    return Response(None, status_code=201, headers={**_told(row), "Location": f"/mobile/v1/uploads/{row.id}"})


def _claim(request: AnyRequest) -> Claim:
    size = protocol.read_number(request.headers.get("upload-length"))
    if not size:
        raise UploadHeaderInvalid(header="Upload-Length")
    metadata = protocol.read_metadata(request.headers.get("upload-metadata", ""))
    digest = None if metadata is None else protocol.read_digest(metadata.get("sha256"))
    media_type = (metadata or {}).get("filetype", b"").decode("ascii", "replace")
    if media_type in HEIF_TYPES:
        raise evidence.PhotoHeif
    if digest is None or media_type not in MEDIA_TYPES:
        raise UploadHeaderInvalid(header="Upload-Metadata")
    return Claim(digest, size, media_type)


def _told(row: UploadRow) -> dict[str, str]:
    return SPOKEN | {"Upload-Expires": protocol.http_date(row.expires_at)}


@head(
    PATH,
    opt={"scope": SELF, "raises": (SessionEnded, ProtocolUnknown, evidence.UploadUnknown)},
    summary="How much of an upload is there",
)
async def tell_offset(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Response[None]:
    """Tell in `Upload-Offset` how many bytes are stored; all of `Upload-Length` means that the photo is kept."""
    require_version(request)
    row = await uploads.find_upload(tx, await live_person(tx, actor, clock), upload_id, clock=clock)
    return Response(None, headers=_told(row) | {"Upload-Offset": str(row.offset), "Upload-Length": str(row.size)})


CHUNK_ERRORS = (
    SessionEnded,
    ProtocolUnknown,
    UploadHeaderInvalid,
    ChecksumUnknown,
    ChunkMediaType,
    BodyTooLarge,
    MalformedBody,
    evidence.UploadUnknown,
    evidence.OffsetWrong,
    evidence.UploadOverrun,
    evidence.ChecksumWrong,
    evidence.DigestWrong,
    BlobsAway,
)


@patch(
    PATH,
    status_code=204,
    opt={"scope": SELF, "raises": CHUNK_ERRORS},
    summary="Send bytes of a photo",
    request_max_body_size=MAX_PHOTO_BYTES,
    operation_class=ChunkOperation,
)
async def send_bytes(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    upload_tools: NamedDependency[UploadTools],
    fold_days: NamedDependency[DayFolder],
) -> Response[None]:
    """Store the bytes that begin at `Upload-Offset`; they are durable when this is answered.

    With `Upload-Checksum` (`sha256` or `sha1`) all of them count or none; without, also those of a request that was
    cut off. The last ones make the photo whole: if its SHA-256 is not the announced one, the upload is gone.
    """
    require_version(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != protocol.CHUNK_MEDIA_TYPE:
        raise ChunkMediaType
    offset = protocol.read_number(request.headers.get("upload-offset"))
    if offset is None:
        raise UploadHeaderInvalid(header="Upload-Offset")
    clock = upload_tools.clock
    async with database.transaction() as tx:
        row = await uploads.find_upload(tx, await live_person(tx, actor, clock), upload_id, clock=clock)
    try:
        reached = await uploads.take_bytes(row, offset, _body(request), _checksum(request), tools=upload_tools)
    except BodyCutOff as cut:
        raise MalformedBody(reason="it ended before it was whole") from cut
    if reached == row.size:
        await _rule(PhotoTools(database, fold_days, clock), row)
    return Response(None, headers=_told(row) | {"Upload-Offset": str(reached)})


async def _rule(tools: PhotoTools, row: UploadRow) -> None:
    """Rule on the punches that waited for a photo; it is stored whatever comes of that, and the worker looks again."""
    try:
        await rule_on_arrival(tools, row.person_id, row.sha256)
    except Exception:
        log.exception("photo.ruling")


def _checksum(request: AnyRequest) -> Checksum | None:
    told = request.headers.get("upload-checksum")
    if told is None:
        return None
    read = protocol.read_checksum(told)
    if read is None:
        raise ChecksumUnknown
    return Checksum(*read)


async def _body(request: AnyRequest) -> AsyncIterator[bytes]:
    """Yield the body; raises BodyCutOff when the phone is gone, or says nothing for IDLE_S."""
    stream = request.stream()
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream), IDLE_S)
        except StopAsyncIteration:
            return
        except (TimeoutError, MalformedBody, InternalServerException, ClientException) as fault:
            if isinstance(fault, ClientException) and fault.status_code == BodyTooLarge.status:
                raise
            raise BodyCutOff from fault
        yield piece


@delete(
    PATH,
    opt={"scope": SELF, "raises": (SessionEnded, ProtocolUnknown, evidence.UploadUnknown)},
    summary="Give an upload up",
)
async def give_up(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Forget the upload and its bytes; a photo that was whole stays."""
    require_version(request)
    clock = upload_tools.clock
    async with database.transaction() as tx:
        row = await uploads.find_upload(tx, await live_person(tx, actor, clock), upload_id, clock=clock)
    await uploads.end_upload(row, tools=upload_tools)
    return Response(None, headers=SPOKEN)


@get(
    "/photos/{sha256:str}",
    opt={"scope": SELF, "raises": (SessionEnded, evidence.PhotoUnknown, PhotoGone, BlobsAway)},
    summary="One of my photos",
    media_type="image/jpeg",
)
async def get_photo(
    sha256: FromPath[str],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    upload_tools: NamedDependency[UploadTools],
) -> Response[bytes]:
    """Give back a photo: as it was sent, or as it is kept once it was examined; 404 as long as it is not whole."""
    person_id = await live_person(tx, actor, clock)
    digest = protocol.read_digest(sha256.encode())
    if digest is None:
        raise evidence.PhotoUnknown
    content, media_type = await uploads.read_photo(person_id, digest, tools=upload_tools)
    return Response(
        content,
        media_type=media_type,
        headers={"Cache-Control": "private, no-store", "Content-Disposition": "attachment"},
    )


def answer_in_protocol(request: AnyRequest, error: DaogangError) -> Response[dict[str, Any]]:
    """Answer an error as everywhere, with the version, which tus wants on every answer."""
    response = answer_error(request, error)
    response.headers["Tus-Resumable"] = protocol.VERSION
    return response


def uploads_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[describe_protocol, begin, tell_offset, send_bytes, give_up, get_photo],
        exception_handlers={DaogangError: answer_in_protocol},
        tags=["Phone photos"],
        signature_types=[UUID],
    )
