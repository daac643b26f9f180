"""What no client library sends: a real server answers each with a 4xx and goes on."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import processes

CODE = b"POST /mobile/v1/session/code HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Process]:
    folder: Path = tmp_path_factory.mktemp("wire")
    with processes.server(database_url, folder) as process:
        yield process


def exchange(server: processes.Process, sent: bytes, *, cut: bool = False) -> bytes:
    """Send the bytes and return all that comes back until the server closes; with `cut` our side ends at once."""
    place = urlsplit(server.base_url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(sent)
        if cut:
            connection.shutdown(socket.SHUT_WR)
        parts: list[bytes] = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (CODE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", 400, "request.malformed"),
        (CODE + b"Content-Length: 100000000\r\n\r\n{}", 413, "request.too_large"),
        (CODE + b'Content-Length: 22\r\n\r\n{"phone_number": "\xff\xfe"}', 400, "request.malformed"),
        (CODE + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", 400, "request.malformed"),
        (b"BREW /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "request.method"),
        (b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, None),
        (
            b"GET /docs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
            "request.unknown_path",
        ),
        (
            b"GET /admin/v1/accounts/%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
            "request.unknown_path",
        ),
        (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "request.unknown_path"),
        (
            b"GET /admin/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
            401,
            "identity.token_malformed",
        ),
        (CODE + b"Content-Type: ;;;=\r\nContent-Length: 2\r\n\r\n{}", 422, "request.invalid"),
    ],
    ids=lambda value: repr(value)[-40:] if isinstance(value, bytes) else str(value),
)
def test_what_reaches_the_application_is_answered_with_a_problem(
    sent: bytes, status: int, code: str | None, server: processes.Process
) -> None:
    answer = exchange(server, sent)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b"content-type: application/problem+json" in answer.lower()
    assert code is None or f'"code":"{code}"'.encode() in answer
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (LIVE + b"".join(b"X-%d: y\r\n" % number for number in range(5_000)) + b"\r\n", 431),
        (LIVE + b"X: " + b"y" * 900_000 + b"\r\n\r\n", 431),
        (CODE + b"Content-Length: -5\r\n\r\n{}", 400),
        (CODE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
        (LIVE + b"no colon\r\n\r\n", 400),
        (LIVE + b"A: b\x00c\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\xa5\r\n\r\n", 400),
    ],
    ids=["5000 headers", "900 kB header", "negative", "two lengths", "no colon", "NUL", "path bytes", "TLS"],
)
def test_what_is_not_http_is_refused_before_the_application(
    sent: bytes, status: int, server: processes.Process
) -> None:
    assert exchange(server, sent).startswith(f"HTTP/1.1 {status} ".encode())


def test_requests_that_come_at_once_are_answered_in_order(server: processes.Process) -> None:
    bad = CODE.replace(b"Connection: close\r\n", b"") + b'Content-Length: 19\r\n\r\n{"phone_number": 5}'
    gone = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = exchange(server, LIVE + b"\r\n" + gone + bad + LIVE + b"Connection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"404", b"422", b"200"]


@pytest.mark.parametrize(
    "sent",
    [CODE + b'Content-Length: 500\r\n\r\n{"phone', CODE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"],
    ids=["length", "chunks"],
)
def test_a_body_that_ends_too_early_is_no_fault_of_the_server(sent: bytes, server: processes.Process) -> None:
    answer = exchange(server, sent, cut=True)
    assert not answer or (answer.startswith(b"HTTP/1.1 400 ") and b'"code":"request.malformed"' in answer)
    assert exchange(server, LIVE + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert '"status":500' not in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
