"""Networks where no stranger's service can be, and addresses hidden in others.

The list is explicit, because `ipaddress.is_global` differs between releases of Python
and passes addresses that lead inside.

Source: the IANA IPv4 and IPv6 special-purpose address registries and, for what is
translated or was withdrawn, the RFCs named beside it.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by carriers
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # multicast tunnelling
            "192.88.99.0/24",  # 6to4 relays, withdrawn (RFC 7526)
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112, delegated
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved
            "255.255.255.255/32",  # broadcast
            "::/128",  # unspecified
            "::1/128",  # loopback
            "::/96",  # IPv4-compatible, withdrawn (RFC 4291)
            "::ffff:0:0:0/96",  # IPv4-translated (RFC 7915)
            "64:ff9b:1::/48",  # local translation
            "100::/64",  # discard
            "100:0:0:1::/64",  # dummy
            "2001::/23",  # protocol assignments, which contain the next eight
            "2001::/32",  # Teredo
            "2001:1::/32",  # anycast of single protocols
            "2001:2::/48",  # benchmarking
            "2001:3::/32",  # multicast tunnelling
            "2001:4:112::/48",  # AS112
            "2001:10::/28",  # ORCHID, withdrawn
            "2001:20::/28",  # ORCHIDv2
            "2001:30::/28",  # drone remote identification
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112, delegated
            "3ffe::/16",  # 6bone, returned (RFC 3701)
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
            "fc00::/7",  # unique local
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local, withdrawn (RFC 3879)
            "ff00::/8",  # multicast
        ),
    )
)

METADATA: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure, and within a public network
            "169.254.169.254/32",  # AWS, Azure, Google and most others
            "169.254.170.2/32",  # AWS, credentials of containers
            "169.254.170.23/32",  # AWS, credentials of pods
            "192.0.0.192/32",  # Oracle
            "fd00:ec2::23/128",  # AWS, credentials of pods
            "fd00:ec2::254/128",  # AWS
            "fd20:ce::254/128",  # Google
        ),
    )
)

# The IPv4 address within is the one that is reached (RFC 4291, RFC 6052).
_TRANSPARENT = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_WITH_V4_LAST = (IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"))
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_V4_MASK = 0xFFFF_FFFF


def effective(address: Address) -> Address:
    """Return the address that is reached by dialling one: IPv4, if that is within."""
    if isinstance(address, IPv6Address) and within(address, _TRANSPARENT):
        return IPv4Address(int(address) & _V4_MASK)
    return address


def faces(address: Address) -> tuple[Address, ...]:
    """Return every address that one may lead to, the effective one first.

    Packets for a 6to4 or Teredo address may be unpacked on their way and go on to the
    IPv4 address within (RFC 3056, RFC 4380).
    """
    reached = effective(address)
    if isinstance(reached, IPv4Address):
        return (reached,)
    bits = int(reached)
    if within(reached, _WITH_V4_LAST):
        return (reached, IPv4Address(bits & _V4_MASK))
    if reached in _SIX_TO_FOUR:
        return (reached, IPv4Address(bits >> 80 & _V4_MASK))
    if reached in _TEREDO:
        server = IPv4Address(bits >> 64 & _V4_MASK)
        client = IPv4Address(bits & _V4_MASK ^ _V4_MASK)
        return (reached, server, client)
    return (reached,)


def within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Say whether an address is in one of the networks; IPv4 is never in IPv6."""
    return any(address in network for network in networks)
