"""Connections to allowed addresses only.

A blocked address gets no packet: the question is put before there is a socket, about
the very address that it would be connected to, at each new connection.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar, cast

from typing_extensions import override

from gateway.domain.model import ErrorClass
from gateway.egress.faults import (
    NO_NAME,
    RESET,
    TIMEOUT_CONNECT,
    Failed,
    Fault,
    fault_of_connecting,
)
from gateway.egress.guard import Breach, EgressPolicy
from gateway.egress.names import Names, SocketAddress
from gateway.egress.target import Target

CONNECT_TIMEOUT_S = 5.0  # TCP and TLS; looking up the name counts in the total.
LEAST_PATIENCE_S = 1.5  # With one of many addresses: longer than a lost SYN's repeat.

SpeakerT = TypeVar("SpeakerT", bound=asyncio.Protocol)


class AddressBlocked(Failed):
    """An address that may not be dialled. It is named nowhere in here."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(Fault(ErrorClass.BLOCKED_ADDRESS, breach.sentence))
        self.breach = breach


class Dialler:
    """Looks up, asks the guard, connects.

    Args:
        policy: Where requests may go.
        names: Knows the addresses of hosts.
        tls: Whom to trust; the machine's certificate authorities if not given.
    """

    def __init__(
        self, policy: EgressPolicy, names: Names, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._names = names
        self._tls = tls
        self._reading = asyncio.Lock()

    async def dial(self, target: Target, speak: Callable[[], SpeakerT]) -> SpeakerT:
        """Return a protocol that is connected to a target.

        Addresses are tried in turn, each given its share of the time.

        Raises:
            AddressBlocked: One of the host's addresses may not be dialled. An answer
                that mixes public and private addresses is somebody trying their luck.
            Failed: It could not be connected to.
            ssl.SSLError: No TLS could be agreed on.
            OSError: It was broken off before TLS was agreed on.
        """
        host, port = target.origin.host, target.origin.port
        addresses = await self._names.addresses(host, port)
        for each in addresses:
            self._check(each, is_exempt=target.is_exempt)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if not target.origin.is_tls:
                    _, speaker = await _connect(addresses, speak)
                    return speaker
                tls = await self._trust()
                transport, _ = await _connect(addresses, _Vestibule)
                return await _secure(transport, speak(), tls, target.origin.host)
        except TimeoutError as error:
            raise Failed(TIMEOUT_CONNECT) from error

    def _check(self, address: SocketAddress, *, is_exempt: bool) -> None:
        host, port, *_ = address
        literal = ip_address(host.partition("%")[0])
        breach = self._policy.breach(literal, port, exempt=is_exempt)
        if breach is not None:
            raise AddressBlocked(breach)

    async def _trust(self) -> ssl.SSLContext:
        """Return whom to trust; reading all certificate authorities takes a while."""
        async with self._reading:
            if self._tls is None:
                self._tls = await asyncio.to_thread(_machines_tls)
            return self._tls


def _machines_tls() -> ssl.SSLContext:
    tls = ssl.create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


class _Vestibule(asyncio.Protocol):
    """Reads nothing: the first byte is for TLS."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).pause_reading()


async def _secure(
    transport: asyncio.Transport, speaker: SpeakerT, tls: ssl.SSLContext, host: str
) -> SpeakerT:
    """Agree on TLS with the host, and let it be spoken to."""
    name = host.partition("%")[0].rstrip(".")
    try:
        secured = await asyncio.get_running_loop().start_tls(
            transport, speaker, tls, server_hostname=name
        )
    except BaseException:
        # Only the socket's own transport can be closed at every step of TLS.
        transport.abort()
        raise
    if secured is None:  # Agreed on, and lost in the same moment.
        raise Failed(RESET)
    speaker.connection_made(secured)
    return speaker


async def _connect(
    addresses: Sequence[SocketAddress], speak: Callable[[], SpeakerT]
) -> tuple[asyncio.Transport, SpeakerT]:
    """Connect to the first address that takes it."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + CONNECT_TIMEOUT_S
    failed = Failed(NO_NAME)
    for number, (host, port, *_) in enumerate(addresses):
        share_s = (end_s - loop.time()) / (len(addresses) - number)
        try:
            async with asyncio.timeout(max(share_s, LEAST_PATIENCE_S)):
                return await loop.create_connection(
                    speak,
                    host,
                    port,
                    proto=socket.IPPROTO_TCP,
                    flags=socket.AI_NUMERICHOST,  # It is an address: nobody is asked.
                )
        except OSError as error:  # `TimeoutError` is one.
            failed = Failed(fault_of_connecting(error))
            failed.__cause__ = error
    raise failed
