"""Where requests may go: by URL when it is given, by address when it is dialled."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self

from yarl import URL

from gateway.domain.errors import FieldError, UrlBlocked
from gateway.egress.networks import (
    METADATA,
    SPECIAL,
    Address,
    Network,
    effective,
    faces,
    within,
)

ALLOW_CIDRS = "GATEWAY_EGRESS_ALLOW_CIDRS"
DENY_CIDRS = "GATEWAY_EGRESS_DENY_CIDRS"
ALLOW_PORTS = "GATEWAY_EGRESS_ALLOW_PORTS"
ALLOW_HOSTS = "GATEWAY_EGRESS_ALLOW_HOSTS"
REQUIRE_HTTPS = "GATEWAY_EGRESS_REQUIRE_HTTPS"

DEFAULT_PORTS = "80,443,8080,8443"
MAX_PORT = 65_535

_ANY_ADDRESS = (IPv4Address("0.0.0.0"), IPv6Address("::"))  # noqa: S104 - compared
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]+\]|[^\[\]:/@\s]+):([0-9]{1,5})")
_NAME = re.compile(r"[0-9a-z._-]+", re.IGNORECASE)  # underscores: names of containers
_OLD_IPV4 = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)  # 2130706433, 0x7f.1, 127.1


class BadEgressSetting(ValueError):
    """A setting that cannot be read; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Why something may not be called.

    Attributes:
        rule: `url`, `scheme`, `port`, `private_address`, `denied_network`,
            `metadata_address` or `own_listener`.
        setting: What lifts the rule; `None` if nothing does.
        sentence: Both for a person, without any address that a name stands for.
    """

    rule: str
    setting: str | None
    sentence: str


_NO_URL = Breach("url", None, "it is not a URL")
_NO_HOST = Breach("url", None, "it names no host")
_SCHEME = Breach("scheme", None, "its scheme is neither https nor http")
_PLAIN_HTTP = Breach(
    "scheme",
    REQUIRE_HTTPS,
    f"it is plain http; {REQUIRE_HTTPS}=false allows that, or {ALLOW_HOSTS} for "
    "this host alone",
)
_METADATA = Breach(
    "metadata_address", None, "the credentials of a cloud's machines are never called"
)
_DENIED = Breach(
    "denied_network", DENY_CIDRS, f"the address is in a network of {DENY_CIDRS}"
)
_OWN = Breach("own_listener", None, "the gateway does not call itself")
_PRIVATE = Breach(
    "private_address",
    ALLOW_CIDRS,
    "the address is not a public one; its network can be allowed with "
    f"{ALLOW_CIDRS}, or its host and port with {ALLOW_HOSTS}",
)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Where requests may go.

    Attributes:
        allow_networks: Networks allowed although they are not public.
        deny_networks: Networks refused whatever else is allowed.
        allow_ports: Ports that may be called.
        allow_hosts: Host and port pairs free of the rules on scheme, port and
            private addresses.
        require_https: Whether plain HTTP is refused.
        own: Host and port of each listener of ours. A name that is not an address
            stands for all addresses of this machine.
    """

    allow_networks: tuple[Network, ...] = ()
    deny_networks: tuple[Network, ...] = ()
    allow_ports: tuple[range, ...] = (
        range(80, 81),
        range(443, 444),
        range(8080, 8081),
        range(8443, 8444),
    )
    allow_hosts: frozenset[tuple[str, int]] = frozenset()
    require_https: bool = True
    own: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(
        cls,
        *,
        allow_cidrs: Iterable[str] = (),
        deny_cidrs: Iterable[str] = (),
        allow_ports: str = DEFAULT_PORTS,
        allow_hosts: Iterable[str] = (),
        require_https: bool = True,
    ) -> Self:
        """Read a policy from the words of the settings.

        Raises:
            BadEgressSetting: One of them cannot be read.
        """
        return cls(
            allow_networks=parse_networks(allow_cidrs, setting=ALLOW_CIDRS),
            deny_networks=parse_networks(deny_cidrs, setting=DENY_CIDRS),
            allow_ports=parse_ports(allow_ports),
            allow_hosts=parse_hosts(allow_hosts),
            require_https=require_https,
        )

    def for_development(self) -> Self:
        """Return a policy that also allows loopback, all ports and plain HTTP."""
        return replace(
            self,
            allow_networks=(*self.allow_networks, *_LOOPBACK),
            allow_ports=(range(1, MAX_PORT + 1),),
            require_https=False,
        )

    def is_exempt(self, host: str, port: int) -> bool:
        """Say whether a host and port, as written in a URL, are allowed by name."""
        return (_plain(host), port) in self.allow_hosts

    def breach(
        self, address: Address, port: int, *, exempt: bool = False
    ) -> Breach | None:
        """Say why an address may not be dialled; `None` if it may.

        Args:
            address: What would be dialled, after names are resolved.
            port: The port.
            exempt: Whether the host and port are allowed by name.
        """
        seen = faces(address)
        breach = self._never(seen, port)
        if breach is not None:
            return breach
        if exempt or within(seen[0], self.allow_networks):
            return None
        return _PRIVATE if any(within(face, SPECIAL) for face in seen) else None

    def _never(self, seen: tuple[Address, ...], port: int) -> Breach | None:
        """Say what is refused whatever is allowed besides."""
        if any(within(face, METADATA) for face in seen):
            return _METADATA
        if any(within(face, self.deny_networks) for face in seen):
            return _DENIED
        return _OWN if self._is_own(seen[0], port) else None

    def _is_own(self, address: Address, port: int) -> bool:
        listeners = {
            effective(listener)
            for host, bound in self.own
            if bound == port
            for listener in literals(host) or _ANY_ADDRESS
        }
        if not listeners:
            return False
        if address in _ANY_ADDRESS:  # It is dialled as loopback.
            return True
        return address in listeners or (
            any(listener in _ANY_ADDRESS for listener in listeners)
            and _is_ours(address)
        )


def check_url(url: str, policy: EgressPolicy, *, pointer: str = "/url") -> None:
    """Return if nothing about a URL shows that it may not be called.

    A name may still lead to an address that is refused when it is dialled.

    Raises:
        UrlBlocked: It may not; `facts` name the `rule` and the `setting`.
    """
    breach = url_breach(url, policy)
    if breach is None:
        return
    detail = f"this URL may not be called: {breach.sentence}"
    raise UrlBlocked(
        detail,
        errors=[FieldError(pointer, breach.sentence)],
        facts={"rule": breach.rule, "setting": breach.setting},
    )


def url_breach(url: str, policy: EgressPolicy) -> Breach | None:
    """Say why a URL may not be called, as far as it can be seen from it."""
    try:
        parsed = URL(url)
        scheme, host, port = parsed.scheme, parsed.host, parsed.port
        is_host = ":" in (host or "") or _NAME.fullmatch(parsed.raw_host or "")
    except (ValueError, IndexError):  # The latter of brackets around nothing.
        return _NO_URL
    if scheme not in {"http", "https"}:
        return _SCHEME
    if not host or not port or not is_host:
        return _NO_HOST
    exempt = policy.is_exempt(host, port)
    breach = None if exempt else _rule_breach(scheme, port, policy)
    return breach or next(
        filter(
            None,
            (policy.breach(each, port, exempt=exempt) for each in literals(host)),
        ),
        None,
    )


def literals(host: str) -> tuple[Address, ...]:
    """Return the addresses that a host is without asking anybody."""
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761
        return (IPv4Address("127.0.0.1"), IPv6Address("::1"))
    with suppress(ValueError):
        return (ip_address(name.partition("%")[0]),)
    if _OLD_IPV4.fullmatch(name):
        with suppress(OSError):
            return (IPv4Address(socket.inet_aton(name)),)
    return ()


def _rule_breach(scheme: str, port: int, policy: EgressPolicy) -> Breach | None:
    if scheme == "http" and policy.require_https:
        return _PLAIN_HTTP
    if any(port in ports for ports in policy.allow_ports):
        return None
    sentence = f"port {port} is not among those of {ALLOW_PORTS}"
    return Breach("port", ALLOW_PORTS, sentence)


def parse_networks(words: Iterable[str], *, setting: str) -> tuple[Network, ...]:
    """Read networks such as `10.0.0.0/8` and `fd00::/8`.

    Raises:
        BadEgressSetting: One of them is not a network.
    """
    networks = []
    for word in words:
        try:
            networks.append(ip_network(word.strip()))
        except ValueError as error:
            detail = f"{setting}: {word.strip()!r} is not a network: {error}"
            raise BadEgressSetting(detail) from error
    return tuple(networks)


def parse_ports(text: str) -> tuple[range, ...]:
    """Read ports such as `443,8000-8999`.

    Raises:
        BadEgressSetting: A part of it is neither a port nor a range of ports.
    """
    ports = []
    for word in filter(None, map(str.strip, text.split(","))):
        parts = _PORTS.fullmatch(word)
        first, last = (
            (0, 0) if parts is None else (int(parts[1]), int(parts[2] or parts[1]))
        )
        if not 1 <= first <= last <= MAX_PORT:
            detail = f"{ALLOW_PORTS}: {word!r} is neither a port nor a range of ports"
            raise BadEgressSetting(detail)
        ports.append(range(first, last + 1))
    return tuple(ports)


def parse_hosts(words: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Read pairs such as `n8n:5678` and `[fd00::1]:80`.

    Raises:
        BadEgressSetting: One of them is not a host and a port.
    """
    hosts = set()
    for word in words:
        parts = _HOST_AND_PORT.fullmatch(word.strip())
        port = 0 if parts is None else int(parts[2])
        if parts is None or not 1 <= port <= MAX_PORT:
            detail = f"{ALLOW_HOSTS}: {word.strip()!r} is not a host:port"
            raise BadEgressSetting(detail)
        hosts.add((_plain(parts[1].strip("[]")), port))
    return frozenset(hosts)


def _plain(host: str) -> str:
    name = host.lower().rstrip(".")
    with suppress(ValueError):
        return str(ip_address(name))
    return name


def _is_ours(address: Address) -> bool:
    """Say whether this machine has an address; only then can a socket be bound to it.

    Nothing is sent.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the name of the protocol
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
