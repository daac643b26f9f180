"""Errors of the upload protocol."""

from collections.abc import Mapping

from backend.kit.errors import DaogangError, InvalidInput
from mobile_api.uploads.protocol import VERSION


class ProtocolUnknown(DaogangError):
    """The request does not say `Tus-Resumable: 1.0.0`."""

    code = "mobile.upload_protocol"
    status = 412

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the version that is spoken, as tus asks."""
        return {"Tus-Version": VERSION}


class UploadHeaderInvalid(InvalidInput):
    """A header of tus is missing or malformed; `header` names it."""

    code = "mobile.upload_header"


class ChecksumUnknown(DaogangError):
    """The checksum is malformed or of an algorithm that is not offered."""

    code = "mobile.upload_checksum_algorithm"
    status = 400


class ChunkMediaType(DaogangError):
    """Bytes of an upload come as `application/offset+octet-stream`."""

    code = "mobile.upload_media_type"
    status = 415
