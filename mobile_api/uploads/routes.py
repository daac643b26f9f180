"""Routes of tus 1.0.0 under `/mobile/v1/uploads`, and of one's own photos."""

from typing import Any
from uuid import UUID

from litestar import HttpMethod, Response, Router, delete, get, head, patch, post, route
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath

from backend.evidence import errors as evidence
from backend.evidence import uploads
from backend.evidence.model import MAX_PHOTO_BYTES
from backend.evidence.photos.errors import PhotoGone
from backend.evidence.queries import UploadRow
from backend.evidence.uploads import BodyCutOff, UploadTools
from backend.kit.attachments import JPEG, attached
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import BodyTooLarge, DaogangError, MalformedBody
from backend.kit.problems import answer_error
from mobile_api.errors import SessionEnded
from mobile_api.offline.errors import KeyUnknown, SignatureWrong
from mobile_api.photo_waits import is_awaited
from mobile_api.uploads import protocol
from mobile_api.uploads.authority import AnyRequest, PhotoUnawaited, is_signed, method_of, person_behind
from mobile_api.uploads.bodies import read_body, read_checksum, read_claim
from mobile_api.uploads.errors import ChecksumUnknown, ChunkMediaType, ProtocolUnknown, UploadHeaderInvalid

SELF = "mobile.self"
SPOKEN = {"Tus-Resumable": protocol.VERSION, "Cache-Control": "no-store"}
PATH = "/uploads/{upload_id:uuid}"
"""Not under `/mobile/v1/photos`: uploads end, photos stay."""

AUTHORITY = (SessionEnded, KeyUnknown, SignatureWrong)
FIND_ERRORS = (*AUTHORITY, ProtocolUnknown, evidence.UploadUnknown)
CHUNK_ERRORS = (
    *FIND_ERRORS,
    UploadHeaderInvalid,
    ChecksumUnknown,
    ChunkMediaType,
    BodyTooLarge,
    MalformedBody,
    evidence.OffsetWrong,
    evidence.UploadOverrun,
    evidence.ChecksumWrong,
    evidence.DigestWrong,
    BlobsAway,
)


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
        "or_signed": "phone",
        "raises": (
            *AUTHORITY,
            PhotoUnawaited,
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
    clock: NamedDependency[Clock],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Make an upload; `Location` says where its bytes go.

    Headers: `Tus-Resumable: 1.0.0`, `Upload-Length` in bytes, `Upload-Metadata` with `sha256` (64 hexadecimal digits)
    and `filetype` (JPEG, PNG or WebP).
    """
    require_version(request)
    person_id = await person_behind(tx, request, clock)
    claim = read_claim(request)
    if is_signed(request) and not await is_awaited(tx, person_id, claim.sha256):
        raise PhotoUnawaited
    row = await uploads.begin_upload(tx, person_id, claim, tools=upload_tools)
    return Response(None, status_code=201, headers={**_told(row), "Location": f"/mobile/v1/uploads/{row.id}"})


def _told(row: UploadRow) -> dict[str, str]:
    return SPOKEN | {"Upload-Expires": protocol.http_date(row.expires_at)}


@head(
    PATH,
    opt={"scope": SELF, "or_signed": "phone", "raises": FIND_ERRORS},
    summary="How much of an upload is there",
)
async def tell_offset(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Tell in `Upload-Offset` how many bytes are stored; all of `Upload-Length` means that the photo is kept."""
    return await _tell(request, upload_id, upload_tools, 200)


async def _tell(request: AnyRequest, upload_id: UUID, tools: UploadTools, status: int) -> Response[None]:
    row = await _find(request, upload_id, tools)
    told = {"Upload-Offset": str(row.offset), "Upload-Length": str(row.size)}
    return Response(None, status_code=status, headers=_told(row) | told)


async def _find(request: AnyRequest, upload_id: UUID, tools: UploadTools) -> UploadRow:
    require_version(request)
    async with tools.database.transaction() as tx:
        person_id = await person_behind(tx, request, tools.clock)
        return await uploads.find_upload(tx, person_id, upload_id, clock=tools.clock)


@patch(
    PATH,
    status_code=204,
    opt={"scope": SELF, "or_signed": "phone", "raises": CHUNK_ERRORS},
    summary="Send bytes of a photo",
    request_max_body_size=MAX_PHOTO_BYTES,
    operation_class=ChunkOperation,
)
async def send_bytes(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Store the bytes that begin at `Upload-Offset`; they are durable when this is answered.

    With `Upload-Checksum` (`sha256` or `sha1`) all of them count or none; without, also those of a request that was
    cut off. The last ones make the photo whole: if its SHA-256 is not the announced one, the upload is gone.
    """
    return await _send(request, upload_id, upload_tools)


async def _send(request: AnyRequest, upload_id: UUID, tools: UploadTools) -> Response[None]:
    require_version(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != protocol.CHUNK_MEDIA_TYPE:
        raise ChunkMediaType
    offset = protocol.read_number(request.headers.get("upload-offset"))
    if offset is None:
        raise UploadHeaderInvalid(header="Upload-Offset")
    row = await _find(request, upload_id, tools)
    try:
        reached = await uploads.take_bytes(row, offset, read_body(request), read_checksum(request), tools=tools)
    except BodyCutOff as cut:
        raise MalformedBody(reason="it ended before it was whole") from cut
    return Response(None, status_code=204, headers=_told(row) | {"Upload-Offset": str(reached)})


@delete(
    PATH,
    opt={"scope": SELF, "or_signed": "phone", "raises": FIND_ERRORS},
    summary="Give an upload up",
)
async def give_up(
    request: AnyRequest, upload_id: FromPath[UUID], upload_tools: NamedDependency[UploadTools]
) -> Response[None]:
    """Forget the upload and its bytes; a photo that was whole stays."""
    return await _give_up(request, upload_id, upload_tools)


async def _give_up(request: AnyRequest, upload_id: UUID, tools: UploadTools) -> Response[None]:
    await uploads.end_upload(await _find(request, upload_id, tools), tools=tools)
    return Response(None, status_code=204, headers=SPOKEN)


@post(
    PATH,
    status_code=204,
    opt={"scope": SELF, "or_signed": "phone", "raises": CHUNK_ERRORS},
    summary="HEAD, PATCH or DELETE where a network lets only POST through",
    request_max_body_size=MAX_PHOTO_BYTES,
    operation_class=ChunkOperation,
)
async def override_method(
    request: AnyRequest,
    upload_id: FromPath[UUID],
    upload_tools: NamedDependency[UploadTools],
) -> Response[None]:
    """Do what `X-HTTP-Method-Override` says."""
    match method_of(request):
        case "HEAD":
            return await _tell(request, upload_id, upload_tools, 204)
        case "PATCH":
            return await _send(request, upload_id, upload_tools)
        case "DELETE":
            return await _give_up(request, upload_id, upload_tools)
        case _:
            raise UploadHeaderInvalid(header="X-HTTP-Method-Override")


@get(
    "/photos/{sha256:str}",
    opt={"scope": SELF, "raises": (SessionEnded, evidence.PhotoUnknown, PhotoGone, BlobsAway)},
    summary="One of my photos",
    media_type=JPEG,
)
async def get_photo(
    request: AnyRequest,
    sha256: FromPath[str],
    tx: NamedDependency[Tx],
    clock: NamedDependency[Clock],
    upload_tools: NamedDependency[UploadTools],
) -> Response[bytes]:
    """Give back a photo: as it was sent, or as it is kept once it was examined; 404 as long as it is not whole."""
    person_id = await person_behind(tx, request, clock)
    digest = protocol.read_digest(sha256.encode())
    if digest is None:
        raise evidence.PhotoUnknown
    content, media_type = await uploads.read_photo(person_id, digest, tools=upload_tools)
    return attached(content, media_type, f"photo.{media_type.removeprefix('image/')}")


def answer_in_protocol(request: AnyRequest, error: DaogangError) -> Response[dict[str, Any]]:
    """Answer an error as everywhere, with the version, which tus wants on every answer."""
    response = answer_error(request, error)
    response.headers["Tus-Resumable"] = protocol.VERSION
    return response


def uploads_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[describe_protocol, begin, tell_offset, send_bytes, give_up, override_method, get_photo],
        exception_handlers={DaogangError: answer_in_protocol},
        tags=["Phone photos"],
        signature_types=[UUID],
    )
