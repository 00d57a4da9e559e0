"""Dialling: the guard is asked about every address before there is a socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from typing import cast

import pytest
from typing_extensions import override

from gateway.domain.model import ErrorClass
from gateway.egress import dialing
from gateway.egress.dialing import AddressBlocked, Dialler
from gateway.egress.faults import Failed
from gateway.egress.guard import EgressPolicy
from gateway.egress.names import LookUp, Names
from gateway.egress.target import Origin, Target
from tests.egress.names import answering
from tests.fakes.clock import FakeClock
from tests.fakes.receiver import Receiver, refused_port

STRICT = EgressPolicy()
DEVELOPMENT = STRICT.for_development()
PATIENCE_S = 5


def a_target(
    port: int = 443, *, host: str = "a.example", is_exempt: bool = False
) -> Target:
    """Return where to dial."""
    origin = Origin(is_tls=False, host=host, port=port)
    return Target(origin=origin, is_exempt=is_exempt, head="", authorization="")


@asynccontextmanager
async def dialling(policy: EgressPolicy, look_up: LookUp) -> AsyncIterator[Dialler]:
    """Dial with name servers of one's own."""
    names = Names(FakeClock(), look_up)
    yield Dialler(policy, names)
    names.close()


async def fault_class(dialler: Dialler, target: Target) -> ErrorClass:
    """Return why a target cannot be dialled."""
    with pytest.raises(Failed) as caught:
        await dialler.dial(target, asyncio.Protocol)
    return caught.value.fault.error_class


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["::1"],
        ["fe80::1%lo"],
        ["::ffff:169.254.169.254"],
        ["1.1.1.1", "127.0.0.1"],
        ["::1", "1.1.1.1"],
    ],
)
async def test_one_private_answer_spoils_all(addresses: list[str]) -> None:
    """A name with any private address is refused as a whole, and none is named."""
    async with dialling(STRICT, answering(*addresses)) as dialler:
        with pytest.raises(AddressBlocked) as caught:
            await dialler.dial(a_target(), asyncio.Protocol)

    assert not any(each in str(caught.value) for each in addresses)


async def test_a_name_is_asked_about_at_each_dial() -> None:
    """What was allowed once is not allowed for ever."""
    async with (
        Receiver() as receiver,
        dialling(DEVELOPMENT, answering("127.0.0.1")) as dialler,
    ):
        protocol = await dialler.dial(a_target(receiver.port), Speaker)
        dialler._policy = STRICT

        failure = await fault_class(dialler, a_target(receiver.port))

        protocol.hang_up()
        assert receiver.connections == 1
    assert failure is ErrorClass.BLOCKED_ADDRESS


@pytest.mark.parametrize("is_exempt", [True, False])
async def test_an_exempt_pair_may_be_private(*, is_exempt: bool) -> None:
    """An exemption holds for what is dialled on behalf of that very URL."""
    async with (
        Receiver() as receiver,
        dialling(STRICT, answering("127.0.0.1")) as dialler,
    ):
        target = a_target(receiver.port, is_exempt=is_exempt)

        if is_exempt:
            (await dialler.dial(target, Speaker)).hang_up()
        else:
            await fault_class(dialler, target)

        assert receiver.connections == int(is_exempt)


async def test_metadata_is_blocked_also_by_name() -> None:
    """A name that is allowed does not lead to the machine's credentials."""
    async with dialling(STRICT, answering("169.254.169.254")) as dialler:
        failure = await fault_class(dialler, a_target(is_exempt=True))

    assert failure is ErrorClass.BLOCKED_ADDRESS


async def test_addresses_are_tried_in_turn() -> None:
    """A host is reached although its first address takes no connections."""
    async with (
        Receiver() as receiver,
        dialling(DEVELOPMENT, answering("::1", "127.0.0.1")) as dialler,
    ):
        (await dialler.dial(a_target(receiver.port), Speaker)).hang_up()

        assert receiver.connections == 1


@pytest.mark.skipif(not socket.has_ipv6, reason="it takes two addresses")
async def test_an_address_that_is_silent_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One address does not use up the time that all of them share."""
    monkeypatch.setattr(dialing, "LEAST_PATIENCE_S", 0.1)
    monkeypatch.setattr(dialing, "CONNECT_TIMEOUT_S", 1)
    with silent() as port:
        listener = socket.create_server(("::1", port), family=socket.AF_INET6)
        names = answering("127.0.0.1", "::1")
        with closing(listener):
            async with dialling(DEVELOPMENT, names) as dialler:
                protocol = await dialler.dial(a_target(port), Speaker)

                protocol.hang_up()


async def test_silence_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that never takes the connection is told from one that refuses it."""
    monkeypatch.setattr(dialing, "CONNECT_TIMEOUT_S", 0.1)
    with silent() as port:
        async with dialling(DEVELOPMENT, answering("127.0.0.1")) as dialler:
            failure = await fault_class(dialler, a_target(port))

    assert failure is ErrorClass.TIMEOUT_CONNECT


async def test_a_handshake_that_hangs_is_a_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time to connect covers TLS."""
    monkeypatch.setattr(dialing, "CONNECT_TIMEOUT_S", 0.1)
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        origin = Origin(is_tls=True, host="a.example", port=mute.getsockname()[1])
        target = Target(origin=origin, is_exempt=False, head="", authorization="")
        async with dialling(DEVELOPMENT, answering("127.0.0.1")) as dialler:
            failure = await fault_class(dialler, target)

    assert failure is ErrorClass.TIMEOUT_CONNECT


async def test_nobody_listening_is_refused() -> None:
    """The last address says what is wrong."""
    async with dialling(DEVELOPMENT, answering("::1", "127.0.0.1")) as dialler:
        failure = await fault_class(dialler, a_target(refused_port()))

    assert failure is ErrorClass.CONNECTION_REFUSED


class Speaker(asyncio.Protocol):
    """A connection that a test ends."""

    _transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's is no subclass

    def hang_up(self) -> None:
        """Close it."""
        self._transport.abort()


@contextmanager
def silent() -> Iterator[int]:
    """Listen at 127.0.0.1 with a queue that is full: who dials now hears nothing."""
    with ExitStack() as stack:
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        stack.callback(listener.close)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
