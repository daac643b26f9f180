"""Errors of measuring faces."""

from typing import ClassVar

from backend.kit.errors import Unavailable


class FacesBusy(Unavailable):
    """More series of pictures wait than are taken, or one took too long; nothing was used up."""

    code = "evidence.faces_busy"
    retry_after_s: ClassVar[int] = 3
