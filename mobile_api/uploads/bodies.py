"""Reads what a phone sends of a photo: what it announces, the checksum of a request, and its bytes as they come."""

import asyncio
from collections.abc import AsyncIterator

from litestar.exceptions import ClientException, InternalServerException

from backend.evidence import errors as evidence
from backend.evidence.model import HEIF_TYPES, MEDIA_TYPES, Claim
from backend.evidence.uploads import BodyCutOff, Checksum
from backend.kit.errors import BodyTooLarge, MalformedBody
from mobile_api.uploads import protocol
from mobile_api.uploads.authority import AnyRequest
from mobile_api.uploads.errors import ChecksumUnknown, UploadHeaderInvalid

IDLE_S = 30.0
"""So long may a request say nothing; then what came of it is stored and the phone asks for the offset."""


def read_claim(request: AnyRequest) -> Claim:
    """Return what is announced; raises UploadHeaderInvalid or PhotoHeif."""
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


def read_checksum(request: AnyRequest) -> Checksum | None:
    """Return the checksum of the request, if it has one; raises ChecksumUnknown."""
    told = request.headers.get("upload-checksum")
    if told is None:
        return None
    read = protocol.read_checksum(told)
    if read is None:
        raise ChecksumUnknown
    return Checksum(*read)


async def read_body(request: AnyRequest) -> AsyncIterator[bytes]:
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
