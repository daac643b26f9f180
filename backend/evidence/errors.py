"""Errors of photos and their uploads."""

from typing import ClassVar

from backend.kit.errors import Conflict, DaogangError, InvalidInput, NotFound, TooMany


class UploadUnknown(NotFound):
    """There is no such upload, it has expired, or it is another person's."""

    code = "evidence.upload_unknown"


class PhotoUnknown(NotFound):
    """The person has no photo of this digest."""

    code = "evidence.photo_unknown"


class OffsetWrong(Conflict):
    """The bytes begin elsewhere than where the stored ones end; `offset` says where that is."""

    code = "evidence.offset"


class UploadOverrun(InvalidInput):
    """More bytes than were announced."""

    code = "evidence.upload_overrun"


class PhotoTooLarge(DaogangError):
    """Longer than a photo may be; `limit` in bytes."""

    code = "evidence.photo_too_large"
    status = 413


class PhotoHeif(DaogangError):
    """HEIC and its like are not read here; phones can send JPEG."""

    code = "evidence.photo_heif"
    status = 415


class ChecksumWrong(DaogangError):
    """The bytes of one request are not those of its checksum; they were not kept."""

    code = "evidence.checksum"
    status: ClassVar[int] = 460  # the number that tus 1.0 gives it


class DigestWrong(InvalidInput):
    """The whole is not what its SHA-256 says; it was not kept."""

    code = "evidence.digest"


class QuotaReached(TooMany):
    """Too many unfinished uploads, or too many bytes within a day."""

    code = "evidence.upload_quota"
