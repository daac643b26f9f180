"""A bucket that speaks as much of S3 as the store uses, on loopback, so that the real client sends requests."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Bucket:
    """What the bucket holds; `failing` makes it answer 403 to everything."""

    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    unsigned: list[str] = field(default_factory=list[str])
    failing: bool = False
    endpoint: str = ""


@contextmanager
def bucket(name: str) -> Generator[Bucket]:  # noqa: C901 - one handler with a method for each verb
    """Serve a bucket of this name."""
    held = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

        def _key(self) -> str:
            return unquote(urlsplit(self.path).path).removeprefix(f"/{name}").lstrip("/")

        def _answer(self, status: int, body: bytes = b"", media_type: str = "application/xml") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", media_type)
            self.send_header("ETag", '"0"')
            self.send_header("Last-Modified", "Mon, 16 Mar 2026 01:30:00 GMT")
            self.end_headers()
            self.wfile.write(body)

        def _refused(self) -> bool:
            if "AWS4-HMAC-SHA256 Credential=key/" not in self.headers.get("Authorization", ""):
                held.unsigned.append(self.path)
            if held.failing:
                self._answer(403)
            return held.failing

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._refused():
                held.objects[self._key()] = content
                self._answer(200)

        def do_GET(self) -> None:
            if self._refused():
                return
            asked = parse_qs(urlsplit(self.path).query)
            if "list-type" in asked:
                prefix = asked["prefix"][0]
                found = "".join(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>2026-03-16T01:30:00.000Z</LastModified>"
                    f"<ETag>0</ETag><Size>{len(content)}</Size></Contents>"
                    for key, content in sorted(held.objects.items())
                    if key.startswith(prefix)
                )
                self._answer(200, f"<ListBucketResult>{found}</ListBucketResult>".encode())
            elif self._key() in held.objects:
                self._answer(200, held.objects[self._key()], "application/octet-stream")
            else:
                self._answer(404)

        def do_DELETE(self) -> None:
            if not self._refused():
                held.objects.pop(self._key(), None)
                self._answer(204)

        def do_POST(self) -> None:
            """Delete many at once, as the client asks even for one."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if not self._refused():
                keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
                for key in keys:
                    held.objects.pop(key, None)
                gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
