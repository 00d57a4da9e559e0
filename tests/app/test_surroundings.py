"""What a gateway is run in, and where it is reached."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from gateway import settings
from gateway.app.surroundings import Surroundings, web_address
from tests.fakes.meter import FakeMeter


class NoServer:
    """Satisfies `Server` for whoever runs nothing."""

    async def serve(self, app: ASGIApp, started: Callable[[], None]) -> None:
        """Return at once."""

    def stop(self, within_s: float) -> None:
        """Do nothing."""


def around(address: tuple[str, int], **environ: str) -> Surroundings:
    """Return surroundings that listen at an address."""
    return Surroundings(
        settings=settings.load(environ, env_file=None),
        telemetry=FakeMeter(),
        server=NoServer(),
        address=address,
        stop=asyncio.Event(),
    )


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        (("::1", 80), "http://[::1]:80"),
    ],
)
def test_an_address_is_written_as_a_browser_takes_it(
    address: tuple[str, int], written: str
) -> None:
    """IPv6 has brackets."""
    assert web_address(address) == written
    assert around(address).url == around(address).public_url == written


def test_links_begin_with_the_public_url() -> None:
    """Without a slash at its end, which every path begins with."""
    given = around(("0.0.0.0", 80), GATEWAY_PUBLIC_URL="https://g.example.com/base/")

    assert given.public_url == "https://g.example.com/base"
    assert given.url == "http://0.0.0.0:80"
