"""Faults by HTTP."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from gateway.emulator import Emulator, EmulatorServer, LocalMember
from gateway.emulator.orders import ORDERS
from tests.emulator.conftest import FAULT_TOKEN
from tests.fakes.rest_caller import Answer, call
from tests.fakes.wire_client import dialled, joined, present

ARGUMENTS = {"refuse": {"status": 503}, "close": {"code": 1012}}


async def order(server: EmulatorServer, **body: object) -> Answer:
    """Give an order for the lobby."""
    return await call(server, "POST", "/faults/lobby", body, bearer=FAULT_TOKEN)


@pytest.mark.parametrize("fault", ORDERS)
async def test_every_fault_can_be_ordered(server: EmulatorServer, fault: str) -> None:
    """Each is taken with the arguments that it cannot do without."""
    answer = await order(server, fault=fault, **ARGUMENTS.get(fault, {}))

    assert answer.status == 200


async def test_a_link_is_cut_by_order(server: EmulatorServer) -> None:
    """The answer says how many links were met."""
    token = server.emulator.mint("lobby", "alice")
    async with joined(server.ws_url, "lobby", token) as alice:
        nobody = await order(server, fault="cut", name="bob")
        answer = await order(server, fault="cut", name="alice")
        with pytest.raises(ConnectionClosedError):
            await alice.next()

    assert nobody == Answer(200, {"links": 0})
    assert answer == Answer(200, {"links": 1})


async def test_upgrades_are_refused_by_order_until_cleared(
    server: EmulatorServer,
) -> None:
    """What was ordered ends with DELETE."""
    token = server.emulator.mint("lobby", "alice")
    await order(server, fault="refuse", status=503)
    with pytest.raises(InvalidStatus) as caught:
        async with dialled(server.ws_url, "lobby", token):
            pass

    cleared = await call(server, "DELETE", "/faults/lobby", bearer=FAULT_TOKEN)
    async with joined(server.ws_url, "lobby", token) as alice:
        joined_id = alice.id

    assert caught.value.response.status_code == 503
    assert cleared.status == 200
    assert joined_id


async def test_a_flood_is_said_by_order(server: EmulatorServer) -> None:
    """Messages come from a participant that is there for the flood alone."""
    token = server.emulator.mint("lobby", "alice")
    async with present(server.ws_url, "lobby", token) as alice:
        answer = await order(
            server, fault="flood", count=3, to="alice", type="wave", per_second=1000
        )
        said = [(await alice.next()).event[1:] for _ in range(5)]

    assert answer == Answer(200, {"said": 3})
    assert [type_ for type_, _ in said] == [
        "participant.enabled",
        *["wave"] * 3,
        "participant.disabled",
    ]
    assert [message for _, message in said[1:4]] == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_a_flood_ends_with_its_request(server: EmulatorServer) -> None:
    """When the server is killed, nothing goes on flooding."""
    room = server.emulator.rooms["lobby"]
    started = asyncio.Event()
    sink = LocalMember("sink", on_heard=lambda _: started.set())
    server.emulator.add(sink, room="lobby")
    started.clear()

    async def ask() -> None:
        with pytest.raises(IndexError):  # no answer at all
            await order(server, fault="flood", count=1_000_000, per_second=100)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(ask())
        await started.wait()
        await server.kill()

    assert room.members == (sink.member,)


async def test_delays_and_tools_are_read(server: EmulatorServer) -> None:
    """Arguments reach the fault that they are meant for."""
    await order(server, fault="delay", messages_s=1.5)
    await order(server, fault="swallow", tool="enable", times=1)

    faults = server.emulator.faults("lobby")
    assert (faults.message_delay_s, faults.acknowledgement_delay_s) == (1.5, 0)
    assert [faults.swallows("enable"), faults.swallows("enable")] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fault": "explode"},
        {"fault": "cut", "nmae": "alice"},
        {"fault": "cut", "name": 7},
        {"fault": "refuse"},
        {"fault": "refuse", "status": "503"},
        {"fault": "refuse", "status": 200},
        {"fault": "refuse", "status": 503, "times": True},
        {"fault": "delay", "messages_s": -1},
        {"fault": "flood"},
        {"fault": "flood", "count": -1},
        {"fault": "flood", "count": 1, "more": 1},
    ],
)
async def test_nonsense_is_a_bad_request(
    server: EmulatorServer, body: dict[str, object]
) -> None:
    """The sentence says what is wrong with it."""
    answer = await order(server, **body)

    assert answer.status == 400
    assert answer.problem


async def test_strangers_give_no_orders(server: EmulatorServer) -> None:
    """Neither no token nor the API key opens the faults."""
    for bearer in (None, "é", server.emulator.api_key):
        body = {"fault": "cut"}
        told = await call(server, "POST", "/faults/lobby", body, bearer=bearer)
        cleared = await call(server, "DELETE", "/faults/lobby", bearer=bearer)

        assert (told.status, cleared.status) == (401, 401)


async def test_faults_are_closed_unless_asked_for() -> None:
    """A server without a fault token has no such route."""
    async with EmulatorServer(Emulator()) as server:
        answer = await call(server, "POST", "/faults/lobby", {"fault": "cut"})

    assert answer.status == 404
