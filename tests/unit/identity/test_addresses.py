"""Whose address a limit counts for: the client's, as the nearest proxy saw it, never what the client claims."""

import pytest

from backend.identity.addresses import limited_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        # A public peer is the client; what it claims about itself is not read.
        ("8.8.8.8", None, "8.8.8.8"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        # Behind a proxy the last public hop counts; earlier ones may be made up.
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("10.0.0.7", "1.1.1.1, 9.9.9.9", "9.9.9.9"),
        ("10.0.0.7", "1.1.1.1, 9.9.9.9, 172.16.0.3", "9.9.9.9"),
        (None, "9.9.9.9", "9.9.9.9"),
        ("::1", " 9.9.9.9 ", "9.9.9.9"),
        # Nobody known: no limit by address.
        ("127.0.0.1", None, None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "unknown, 192.168.1.9, not-an-address", None),
        (None, None, None),
        ("testclient", "9.9.9.9", None),
        # One IPv6 subscriber is one /64; an IPv4 client on an IPv6 socket is that client.
        ("2400:3200::1", None, "2400:3200::/64"),
        ("2400:3200::ffff:1", None, "2400:3200::/64"),
        ("::ffff:8.8.8.8", None, "8.8.8.8"),
        ("::ffff:10.0.0.1", "9.9.9.9", "9.9.9.9"),
    ],
)
def test_counted_address(peer: str | None, forwarded: str | None, counted: str | None) -> None:
    assert limited_address(peer, forwarded) == counted


def test_an_endless_header_costs_little() -> None:
    assert limited_address("127.0.0.1", "1.1.1.1," * 1_000_000 + "9.9.9.9") == "9.9.9.9"
    assert limited_address("127.0.0.1", "x" * 10_000_000) is None
