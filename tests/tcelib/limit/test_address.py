"""Addresses that count as one."""

import pytest

from tcelib.limit.address import neighbourhood


@pytest.mark.parametrize(
    ("ip", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("not:an:address", "not:an:address"),
        ("x" * 100, "x" * 64),
        (":" * 100, ":" * 64),
    ],
)
def test_the_key_of_an_address(ip: str, key: str) -> None:
    assert neighbourhood(ip) == key


def test_a_whole_network_of_ipv6_is_one() -> None:
    assert len({neighbourhood(f"2001:db8::{number:x}") for number in range(1000)}) == 1
