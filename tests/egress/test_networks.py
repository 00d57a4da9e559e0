"""Networks: what is special, and what hides in what."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, strategies as st

from gateway.egress.networks import METADATA, SPECIAL, effective, faces, within

V4 = st.ip_addresses(v=4)


def test_the_list_is_long_enough_and_without_repeats() -> None:
    """At least 35 networks, each once."""
    assert len(SPECIAL) == len(set(SPECIAL)) >= 35


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.1.2"),
        *("169.254.1.1", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"),
        *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1"),
        *("2002:808:808::1", "3ffe::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    ],
)
def test_what_is_not_public_is_special(address: str) -> None:
    """No address that leads inside, or nowhere, is taken for a public one."""
    assert within(ip_address(address), SPECIAL)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255"),
        *("100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"),
        *("198.17.255.255", "198.20.0.0", "223.255.255.255"),
        *("2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450::1"),
    ],
)
def test_public_addresses_are_not_special(address: str) -> None:
    """The neighbours of special networks, and well-known services, are public."""
    assert not within(ip_address(address), SPECIAL)


@given(V4)
def test_an_address_in_a_transparent_network_is_the_one_within(address: object) -> None:
    """IPv4-mapped and NAT64 addresses reach the IPv4 address in them, and only that."""
    for prefix in ("::ffff:", "64:ff9b::"):
        outer = ip_address(f"{prefix}{address}")

        assert effective(outer) == address
        assert faces(outer) == (address,)


@pytest.mark.parametrize(
    ("address", "within_it"),
    [
        ("::10.0.0.1", ["10.0.0.1"]),
        ("::ffff:0:10.0.0.1", ["10.0.0.1"]),
        ("2002:a00:1::", ["10.0.0.1"]),
        ("2001:0:a00:1:0:0:f5ff:fffd", ["10.0.0.1", "10.0.0.2"]),
        ("2606:4700:4700::1111", []),
    ],
)
def test_addresses_within_others_are_seen(address: str, within_it: list[str]) -> None:
    """What a tunnel or translator would unpack is looked at too."""
    outer = ip_address(address)

    assert faces(outer) == (outer, *map(ip_address, within_it))


@given(V4)
def test_an_ipv4_address_has_one_face(address: object) -> None:
    """Nothing hides in an IPv4 address."""
    plain = ip_address(str(address))

    assert faces(plain) == (plain,)


def test_metadata_of_azure_would_pass_as_public() -> None:
    """One metadata address lies in a public network, hence the list of its own."""
    azure = ip_address("168.63.129.16")

    assert not within(azure, SPECIAL)
    assert within(azure, METADATA)


def test_ipv4_is_never_within_ipv6() -> None:
    """Networks of the other version are passed over."""
    assert not within(ip_address("10.0.0.1"), (ip_network("::/0"),))
