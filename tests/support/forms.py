"""Writes forms as clients do."""

from collections.abc import Iterable
from uuid import uuid4


def form(fields: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return media type and body of a `multipart/form-data` request."""
    boundary = uuid4().hex
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in fields
    )
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
