"""Names to addresses to sockets, with the guard asked at both steps.

A blocked address gets no packet: the question is put before there is a socket, about
the very address that it would be connected to.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from gateway.egress.guard import Breach, EgressPolicy

LOOKUPS = 32  # Names looked up at once; a slow name server must not hold up others.

AddressInfo = tuple[
    int | socket.AddressFamily,
    int | socket.SocketKind,
    int,
    str,
    tuple[object, ...],
]

LookUp = Callable[[str, int, socket.AddressFamily], list[ResolveResult]]

# The host and port of the URL that is being called, known to everything done for it.
CALLED: ContextVar[tuple[str, int] | None] = ContextVar("called", default=None)


class AddressBlocked(OSError):
    """An address that may not be dialled. It is named nowhere in here."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.sentence)
        self.breach = breach


@dataclass(frozen=True, slots=True)
class Dialler:
    """Opens sockets to allowed addresses only.

    Attributes:
        policy: Where requests may go.
    """

    policy: EgressPolicy

    def check(self, host: str, port: int) -> None:
        """Return if an address may be dialled for the URL being called.

        Raises:
            AddressBlocked: It may not.
        """
        called = CALLED.get()
        exempt = called is not None and self.policy.is_exempt(*called)
        breach = self.policy.breach(
            ip_address(host.partition("%")[0]), port, exempt=exempt
        )
        if breach is not None:
            raise AddressBlocked(breach)

    def socket(self, info: AddressInfo) -> socket.socket:
        """Return a socket that is about to be connected to the address.

        Raises:
            AddressBlocked: It may not be dialled.
        """
        family, kind, protocol, _, address = info
        self.check(str(address[0]), int(str(address[1])))
        return socket.socket(family, kind, protocol)


class GuardedResolver(AbstractResolver):
    """Looks names up, and refuses an answer of which one address is not allowed.

    An answer that mixes public and private addresses is somebody trying their luck.

    Args:
        dialler: Is asked about each address.
        look_up: Asks the name servers; called in a thread.
    """

    def __init__(self, dialler: Dialler, look_up: LookUp | None = None) -> None:
        self._dialler = dialler
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: It has none, or the name servers did not answer.
            AddressBlocked: One of them may not be dialled.
        """
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._look_up, host, port, family
        )
        for each in found:
            self._dialler.check(each["host"], port)
        return found

    @override
    async def close(self) -> None:
        """Give the threads back; lookups under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    try:
        infos = socket.getaddrinfo(
            host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except UnicodeError as error:  # A label that is empty or over 63 bytes.
        detail = "not a host name"
        raise OSError(detail) from error
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for family, _, protocol, _, address in infos
    ]
