"""From where a device's request came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.addresses import device_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("10.0.0.7", "1.1.1.1, 9.9.9.9, 172.16.0.3", "9.9.9.9"),
        # A site's own network, as the nearest proxy saw it.
        ("127.0.0.1", "10.8.0.5", "10.8.0.5"),
        ("127.0.0.1", "10.9.0.1, 10.8.0.5", "10.8.0.5"),
        # Without a proxy the peer itself.
        ("10.8.0.5", None, "10.8.0.5"),
        ("10.8.0.5", "not an address", "10.8.0.5"),
        ("::ffff:8.8.8.8", None, "8.8.8.8"),
        ("fe80::1%eth0", None, "fe80::1"),
        (None, "9.9.9.9", "9.9.9.9"),
        (None, None, None),
        ("testclient", "", None),
    ],
)
def test_a_device_is_where_the_nearest_proxy_saw_it(peer: str | None, forwarded: str | None, address: str) -> None:
    assert device_address(peer, forwarded) == address


@given(st.none() | st.text(), st.none() | st.text())
def test_no_header_makes_a_fault(peer: str | None, forwarded: str | None) -> None:
    device_address(peer, forwarded)


def test_an_endless_header_costs_little() -> None:
    assert device_address("127.0.0.1", "1.1.1.1," * 1_000_000 + "9.9.9.9") == "9.9.9.9"
