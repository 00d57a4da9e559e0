"""Host names to addresses; which of them may be dialled is not asked here."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import Protocol

from gateway.egress.faults import INTERNAL, NO_NAME, Failed

LOOKUPS = 32  # Names looked up at once; a slow name server must not hold up others.
KEPT_S = 10  # How long an answer of the name servers is used again.
KEPT_NAMES = 4096

SocketAddress = tuple[str, int] | tuple[str, int, int, int]  # IPv4, IPv6
LookUp = Callable[[str, int], Sequence[SocketAddress]]


class Monotonic(Protocol):
    """The part of a clock that a stopwatch needs."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...


class Names:
    """Asks the name servers, once at a time for each name, and keeps their answers.

    Args:
        clock: Says when an answer is too old.
        look_up: Asks the name servers; called in a thread.
    """

    def __init__(self, clock: Monotonic, look_up: LookUp | None = None) -> None:
        self._clock = clock
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")
        self._asked: dict[tuple[str, int], asyncio.Future[Sequence[SocketAddress]]] = {}
        self._kept: dict[tuple[str, int], tuple[float, Sequence[SocketAddress]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[SocketAddress]:
        """Return the addresses of a host, in the order in which to try them.

        Raises:
            Failed: It has none, or the name servers did not answer.
        """
        with suppress(ValueError):
            return [_read(host, port)]
        key = (host, port)
        until_s, addresses = self._kept.get(key, (0.0, ()))
        if addresses and self._clock.monotonic() < until_s:
            return addresses
        asked = self._asked.get(key) or self._ask(key)
        try:
            # A request that is given up must not take the answer from the others.
            addresses = await asyncio.shield(asked)
        except OSError as error:
            raise Failed(NO_NAME) from error
        except asyncio.CancelledError:
            if asked.cancelled():
                raise Failed(INTERNAL) from None  # It waited, and we were closed.
            raise
        if not addresses:
            raise Failed(NO_NAME)
        return addresses

    def close(self) -> None:
        """Give the threads back; lookups under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, key: tuple[str, int]) -> asyncio.Future[Sequence[SocketAddress]]:
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, self._look_up, *key)
        self._asked[key] = asked
        asked.add_done_callback(partial(self._keep, key))
        return asked

    def _keep(
        self, key: tuple[str, int], asked: asyncio.Future[Sequence[SocketAddress]]
    ) -> None:
        del self._asked[key]
        self._kept.pop(key, None)
        if asked.cancelled() or asked.exception() is not None:
            return
        if len(self._kept) >= KEPT_NAMES:
            del self._kept[next(iter(self._kept))]  # The oldest.
        self._kept[key] = (self._clock.monotonic() + KEPT_S, asked.result())


def _read(host: str, port: int) -> SocketAddress:
    """Read a host that is an address; `ValueError` if it is none."""
    address, _, zone = host.partition("%")
    if ip_address(address).version == 4:  # noqa: PLR2004 - the name of the protocol
        return (address, port)
    if not zone:
        return (address, port, 0, 0)
    try:
        return (host, port, 0, socket.if_nametoindex(zone))
    except OSError as error:  # This machine has no such interface.
        raise Failed(NO_NAME) from error


def _look_up(host: str, port: int) -> Sequence[SocketAddress]:
    try:
        infos = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except UnicodeError as error:  # A label that is empty or over 63 bytes.
        detail = "not a host name"
        raise OSError(detail) from error
    return [
        (str(address[0]), port, *map(int, address[2:]))  # type: ignore[misc]  # two of IPv4, four of IPv6
        for *_, address in infos
    ]
