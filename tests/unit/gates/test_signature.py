"""Signatures of gate requests, against vectors made with another implementation (openssl)."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from backend.gates.errors import ClockSkew, SignatureMissing
from backend.gates.signature import (
    KEY_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Signature,
    matches,
    read_signature,
    require_fresh,
    sign_request,
    signed_headers,
)
from tools.house import ROOT

SECRET = "hoD3nQ0tHc9Yk1m2P4r5S6t7U8v9W0x1Y2z3A4b5C6d"
NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
PATH = "/gates/v1/events"


# printf 'POST\n…\n1773624600\nabcdefghijklmnop\n<sha256 of the body>' | openssl dgst -sha256 -hmac "$SECRET"
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1}', "75534de4b81019d77b0534aba6b5d55b01f6a31285af5957051074acfa8077f2"),
        (b"", "1f380ee1754bfe1ed66f9f841d26ae81f34d57aa35de61d06954c2de37c1bd0b"),
        ('{"名":"赵"}'.encode(), "ec1ab0fd485eec836a4a7dd710c0187745aeff9f85633bee6032df0665db3140"),
    ],
)
def test_signature_equals_the_vectors_of_another_implementation(body: bytes, expected: str) -> None:
    signature = sign_request(
        SECRET, method="POST", path=PATH, timestamp=1773624600, nonce="abcdefghijklmnop", body=body
    )
    assert signature == expected


def test_the_documents_example_is_true() -> None:
    document = (ROOT / "docs" / "gate-api.md").read_text("utf-8")
    signature = sign_request(
        SECRET, method="POST", path=PATH, timestamp=1773624600, nonce="abcdefghijklmnop", body=b'{"a":1}'
    )
    assert f"```\n{signature}\n```" in document
    assert SECRET in document
    assert sha256(b'{"a":1}').hexdigest() in document


def test_signed_headers_are_read_and_match() -> None:
    headers = signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW)
    given = read_signature(headers)
    assert given.timestamp == "1773624600"
    assert matches(SECRET, given, method="POST", path=PATH, body=b"x")
    assert matches(SECRET, given, method="post", path=PATH, body=b"x")


def test_headers_are_found_in_lower_case_too() -> None:
    headers = signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW)
    assert read_signature({name.lower(): value for name, value in headers.items()}) == read_signature(headers)


def test_each_sending_has_a_nonce_of_its_own() -> None:
    nonces = {
        signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW)[NONCE_HEADER] for _ in range(20)
    }
    assert len(nonces) == 20


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/gates/v1/heartbeat"},
        {"path": PATH + "/"},
        {"body": b"y"},
        {"body": b"x "},
    ],
)
def test_anything_altered_does_not_match(change: dict[str, str | bytes]) -> None:
    given = read_signature(signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW))
    sent: dict[str, str | bytes] = {"method": "POST", "path": PATH, "body": b"x", **change}
    assert not matches(
        SECRET,
        given,
        method=str(sent["method"]),
        path=str(sent["path"]),
        body=bytes(sent["body"]),  # type: ignore[arg-type] - bytes
    )


@pytest.mark.parametrize("field", ["timestamp", "nonce"])
def test_altered_timestamp_or_nonce_does_not_match(field: str) -> None:
    given = read_signature(signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW))
    values = {"key_id": given.key_id, "timestamp": given.timestamp, "nonce": given.nonce, "signature": given.signature}
    values[field] = values[field][:-1] + ("0" if values[field][-1] != "0" else "1")
    assert not matches(SECRET, Signature(**values), method="POST", path=PATH, body=b"x")


def test_no_secret_never_matches() -> None:
    given = read_signature(signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW))
    assert not matches(None, given, method="POST", path=PATH, body=b"x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (KEY_HEADER, ""),
        (KEY_HEADER, "a b"),
        (KEY_HEADER, "k" * 65),
        (TIMESTAMP_HEADER, "now"),
        (TIMESTAMP_HEADER, "-5"),
        (TIMESTAMP_HEADER, "1773624600.5"),
        (TIMESTAMP_HEADER, "\u0661\u0662"),
        (NONCE_HEADER, "short"),
        (NONCE_HEADER, "x" * 65),
        (NONCE_HEADER, "abcdefghijklmno/"),
        (NONCE_HEADER, "abcdefghijklmnop\n"),
        (SIGNATURE_HEADER, "ab"),
        (SIGNATURE_HEADER, "g" * 64),
        (SIGNATURE_HEADER, "\xe9" * 64),
    ],
)
def test_header_of_another_form_is_named(name: str, value: str) -> None:
    headers = signed_headers("k1", SECRET, method="POST", path=PATH, body=b"x", at=NOW)
    with pytest.raises(SignatureMissing) as caught:
        read_signature({**headers, name: value})
    assert caught.value.detail == {"header": name}


@pytest.mark.parametrize("away_s", [-300, 0, 300])
def test_timestamp_within_the_limit_is_fresh(away_s: int) -> None:
    at = NOW + timedelta(seconds=away_s)
    require_fresh(read_signature(signed_headers("k1", SECRET, method="POST", path=PATH, body=b"", at=at)), NOW)


@pytest.mark.parametrize("away_s", [-301, 301, -86_400 * 365 * 30])
def test_timestamp_beyond_the_limit_tells_the_servers_time(away_s: int) -> None:
    at = NOW + timedelta(seconds=away_s)
    with pytest.raises(ClockSkew) as caught:
        require_fresh(read_signature(signed_headers("k1", SECRET, method="POST", path=PATH, body=b"", at=at)), NOW)
    assert caught.value.detail == {"server_time": "2026-03-16T01:30:00+00:00", "behind_s": -away_s, "limit_s": 300}
    assert caught.value.headers == {"WWW-Authenticate": "Daogang-HMAC-SHA256"}
