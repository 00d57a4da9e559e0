"""Addresses of every kind, and what the guard says of them."""

from ipaddress import ip_address

import pytest

from gateway.egress.guard import EgressPolicy

STRICT = EgressPolicy()

PRIVATE = "private_address"
METADATA = "metadata_address"

VERDICTS: list[tuple[str, str | None]] = [
    # Public, and the neighbours of what is not.
    ("1.1.1.1", None),
    ("8.8.8.8", None),
    ("93.184.216.34", None),
    ("9.255.255.255", None),
    ("11.0.0.0", None),
    ("100.63.255.255", None),
    ("100.128.0.0", None),
    ("126.255.255.255", None),
    ("128.0.0.0", None),
    ("169.253.255.255", None),
    ("169.255.0.0", None),
    ("172.15.255.255", None),
    ("172.32.0.0", None),
    ("192.0.1.0", None),
    ("192.169.0.0", None),
    ("198.17.255.255", None),
    ("198.20.0.0", None),
    ("223.255.255.255", None),
    ("2606:4700:4700::1111", None),
    ("2001:4860:4860::8888", None),
    ("2a00:1450:4001:81b::200e", None),
    ("::ffff:1.1.1.1", None),
    ("64:ff9b::8.8.8.8", None),
    # IPv4 that is not public.
    ("0.0.0.0", PRIVATE),
    ("0.0.0.1", PRIVATE),
    ("10.0.0.1", PRIVATE),
    ("10.255.255.255", PRIVATE),
    ("100.64.0.1", PRIVATE),
    ("100.127.255.255", PRIVATE),
    ("127.0.0.1", PRIVATE),
    ("127.255.255.254", PRIVATE),
    ("169.254.1.1", PRIVATE),
    ("172.16.0.1", PRIVATE),
    ("172.31.255.255", PRIVATE),
    ("192.0.0.1", PRIVATE),
    ("192.0.0.170", PRIVATE),
    ("192.0.2.1", PRIVATE),
    ("192.88.99.1", PRIVATE),
    ("192.168.0.1", PRIVATE),
    ("198.18.0.1", PRIVATE),
    ("198.19.255.255", PRIVATE),
    ("198.51.100.1", PRIVATE),
    ("203.0.113.1", PRIVATE),
    ("224.0.0.1", PRIVATE),
    ("239.255.255.250", PRIVATE),
    ("240.0.0.1", PRIVATE),
    ("255.255.255.255", PRIVATE),
    # IPv6 that is not public.
    ("::", PRIVATE),
    ("::1", PRIVATE),
    ("100::1", PRIVATE),
    ("2001:2::1", PRIVATE),
    ("2001:10::1", PRIVATE),
    ("2001:20::1", PRIVATE),
    ("2001:db8::1", PRIVATE),
    ("3fff::1", PRIVATE),
    ("5f00::1", PRIVATE),
    ("fc00::1", PRIVATE),
    ("fd12:3456:789a::1", PRIVATE),
    ("fe80::1", PRIVATE),
    ("fe80::1%eth0", PRIVATE),
    ("fec0::1", PRIVATE),
    ("ff02::1", PRIVATE),
    ("ff0e::1", PRIVATE),
    # IPv4 within IPv6: mapped, compatible, NAT64, 6to4 and Teredo.
    ("::ffff:127.0.0.1", PRIVATE),
    ("::ffff:10.0.0.1", PRIVATE),
    ("::ffff:0:0", PRIVATE),
    ("::127.0.0.1", PRIVATE),
    ("::10.0.0.1", PRIVATE),
    ("::8.8.8.8", PRIVATE),
    ("::ffff:0:127.0.0.1", PRIVATE),
    ("64:ff9b::127.0.0.1", PRIVATE),
    ("64:ff9b::192.168.1.1", PRIVATE),
    ("64:ff9b:1::8.8.8.8", PRIVATE),
    ("2002:7f00:1::", PRIVATE),
    ("2002:a00:1::1", PRIVATE),
    ("2002:808:808::1", PRIVATE),
    ("2001:0:7f00:1::", PRIVATE),
    ("2001:0:808:808:0:0:80ff:fffe", PRIVATE),
    # Where machines of clouds get their credentials.
    ("169.254.169.254", METADATA),
    ("169.254.170.2", METADATA),
    ("169.254.170.23", METADATA),
    ("100.100.100.200", METADATA),
    ("168.63.129.16", METADATA),
    ("192.0.0.192", METADATA),
    ("fd00:ec2::254", METADATA),
    ("fd00:ec2::23", METADATA),
    ("fd20:ce::254", METADATA),
    ("fd00:ec2::254%eth0", METADATA),
    ("::ffff:169.254.169.254", METADATA),
    ("::169.254.169.254", METADATA),
    ("::ffff:0:169.254.169.254", METADATA),
    ("64:ff9b::169.254.169.254", METADATA),
    ("2002:a9fe:a9fe::1", METADATA),
    ("2001:0:a9fe:a9fe::", METADATA),
    ("2001:0:808:808:0:0:5601:5601", METADATA),
]


@pytest.mark.parametrize(("address", "rule"), VERDICTS)
def test_every_kind_of_address_has_its_verdict(address: str, rule: str | None) -> None:
    """Only what is public and hides nothing may be dialled."""
    breach = STRICT.breach(ip_address(address.partition("%")[0]), 443)

    assert (breach and breach.rule) == rule


@pytest.mark.parametrize(
    "address", [each for each, rule in VERDICTS if rule == METADATA]
)
def test_no_setting_opens_metadata(address: str) -> None:
    """Neither an allowed network nor an allowed name leads to credentials."""
    policy = EgressPolicy.parse(allow_cidrs=["0.0.0.0/0", "::/0"])

    breach = policy.breach(ip_address(address.partition("%")[0]), 443, exempt=True)

    assert breach is not None
    assert breach.rule == METADATA


def test_the_corpus_is_broad() -> None:
    """No address twice, and enough of each kind that a gap would show."""
    addresses = [address for address, _ in VERDICTS]

    assert len(addresses) == len(set(addresses)) >= 90
