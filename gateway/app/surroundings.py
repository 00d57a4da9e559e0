"""What a gateway is run in: settings, address, server, log, and when to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import ASGIApp

from gateway.bridge.ports import Meter
from gateway.settings import Settings


class Server(Protocol):
    """What serves the HTTP side."""

    async def serve(self, app: ASGIApp, started: Callable[[], None]) -> None:
        """Serve until stopped; return when the last answer is given."""
        ...

    def stop(self, within_s: float) -> None:
        """Accept no more connections; cut requests off that take longer than that."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a gateway is run in.

    Attributes:
        telemetry: Where the log goes.
        address: Where it listens, as host and port.
        own: Further listeners of ours, to which no webhook may go.
        development: Whether webhooks may go to this machine in plain HTTP.
        stop: Set when it is to stop.
        started: Called once requests are accepted.
    """

    settings: Settings
    telemetry: Meter
    server: Server
    address: tuple[str, int]
    stop: asyncio.Event
    own: frozenset[tuple[str, int]] = frozenset()
    development: bool = False
    started: Callable[[], None] = field(default=lambda: None)

    @property
    def public_url(self) -> str:
        """The base of every absolute link, without a slash at its end."""
        return (self.settings.gateway_public_url or self.url).rstrip("/")

    @property
    def url(self) -> str:
        """Where it listens."""
        return web_address(self.address)


def web_address(address: tuple[str, int]) -> str:
    """Return where a host and port are reached, as it is written in a browser."""
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
