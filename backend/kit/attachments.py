"""Answers with a file that is saved under a name."""

from litestar import Response


def attached(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """Return an answer that browsers save as `name`, which is plain ASCII of ours, and take for nothing else."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
