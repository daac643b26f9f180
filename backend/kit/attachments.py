"""Answers that are files: saved under a name, or a picture that is looked at.

That a browser takes an answer for nothing but what it is called, every answer says (`kit/requests.py`).
"""

from typing import Final

from litestar import Response

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JPEG: Final = "image/jpeg"
# Who may see it is asked each time, and a shared computer keeps nothing of it.
PRIVATE: Final = "private, no-store"


def attached(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """Return an answer that browsers save as `name`, which is plain ASCII of ours, and that nobody on the way keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": PRIVATE}
    return Response(content, media_type=media_type, headers=headers)


def picture(content: bytes) -> Response[bytes]:
    """Return an answer with a JPEG to look at, which nobody on the way keeps."""
    return Response(content, media_type=JPEG, headers={"Cache-Control": PRIVATE})
