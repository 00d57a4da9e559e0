"""Names: looked up once at a time, and kept for a short while."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from gateway.domain.model import ErrorClass
from gateway.egress import names
from gateway.egress.faults import Failed
from gateway.egress.names import KEPT_S, Names, SocketAddress
from tests.egress.names import answering, answering_in_turn
from tests.fakes.clock import FakeClock, settle

PATIENCE_S = 5


class SlowServers:
    """Name servers that answer when they are told to."""

    def __init__(self) -> None:
        self.questions = 0
        self.may_answer = threading.Event()

    def __call__(self, _: str, port: int) -> Sequence[SocketAddress]:
        """Answer with one address."""
        self.questions += 1
        assert self.may_answer.wait(PATIENCE_S)
        return [("1.1.1.1", port)]


@pytest.fixture
async def machine() -> AsyncIterator[Names]:
    """Return the names that this machine knows."""
    known = Names(FakeClock())
    yield known
    known.close()


async def test_all_addresses_of_a_name_are_told() -> None:
    """In the order in which the name servers gave them."""
    known = Names(FakeClock(), answering("1.1.1.1", "2606::1"))

    found = await known.addresses("a.example", 443)
    known.close()

    assert found == [("1.1.1.1", 443), ("2606::1", 443, 0, 0)]


async def test_an_answer_is_kept_for_a_while() -> None:
    """Within `KEPT_S` nobody is asked again; after it somebody is."""
    clock = FakeClock()
    known = Names(clock, answering_in_turn(["1.1.1.1"], ["2.2.2.2"]))

    found = [await known.addresses("a.example", 80)]
    await clock.advance(KEPT_S - 1)
    found.append(await known.addresses("a.example", 80))
    await clock.advance(1)
    found.append(await known.addresses("a.example", 80))
    known.close()

    assert found == [[("1.1.1.1", 80)], [("1.1.1.1", 80)], [("2.2.2.2", 80)]]


async def test_the_oldest_answer_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to how many names are kept."""
    monkeypatch.setattr(names, "KEPT_NAMES", 2)
    known = Names(FakeClock(), answering("1.1.1.1"))

    for host in ("a.example", "b.example", "c.example"):
        await known.addresses(host, 80)
    known.close()

    assert list(known._kept) == [("b.example", 80), ("c.example", 80)]


async def test_a_name_is_asked_for_once_at_a_time() -> None:
    """Requests that want the same name wait for the same answer."""
    servers = SlowServers()
    known = Names(FakeClock(), servers)

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(known.addresses("a.example", 80)) for _ in range(9)]
        await settle()
        servers.may_answer.set()
    known.close()

    assert servers.questions == 1
    assert {tuple(each.result()) for each in asking} == {(("1.1.1.1", 80),)}


async def test_giving_up_leaves_the_answer_to_others() -> None:
    """One that no longer waits does not cancel the question."""
    servers = SlowServers()
    known = Names(FakeClock(), servers)

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(known.addresses("a.example", 80))
        waits = tasks.create_task(known.addresses("a.example", 80))
        await settle()
        gone.cancel()
        await settle()
        servers.may_answer.set()
    known.close()

    assert gone.cancelled()
    assert waits.result() == [("1.1.1.1", 80)]


async def test_a_question_that_never_began_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closing takes back what waits for a thread; nobody is left waiting."""
    monkeypatch.setattr(names, "LOOKUPS", 1)
    servers = SlowServers()
    known = Names(FakeClock(), servers)

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(known.addresses("a.example", 80))
        second = tasks.create_task(_class_of_failure(known, "b.example"))
        await settle()
        known.close()
        await settle()
        servers.may_answer.set()

    assert second.result() is ErrorClass.INTERNAL


async def test_the_machine_is_asked_for_names(machine: Names) -> None:
    """Without other name servers the system's are used."""
    found = await machine.addresses("localhost", 80)

    assert ("127.0.0.1", 80) in found or ("::1", 80, 0, 0) in found


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", ("127.0.0.1", 80)), ("::1", ("::1", 80, 0, 0))],
)
async def test_an_address_needs_no_name_servers(
    host: str, expected: SocketAddress
) -> None:
    """An address stands for itself."""
    known = Names(FakeClock(), answering_in_turn())

    found = await known.addresses(host, 80)
    known.close()

    assert found == [expected]


async def test_a_zone_becomes_part_of_the_address(machine: Names) -> None:
    """A link-local address has the number of its interface."""
    index, name = socket.if_nameindex()[0]

    [found] = await machine.addresses(f"fe80::1%{name}", 80)

    assert found[1:] == (80, 0, index)


@pytest.mark.parametrize(
    "host", ["a" * 64 + ".example", "a..b", "fe80::1%nowhere0", ".", "a.invalid"]
)
async def test_what_is_no_name_is_a_dns_error(machine: Names, host: str) -> None:
    """A name that is not one, or not known, is a failure that says so."""
    assert await _class_of_failure(machine, host) is ErrorClass.DNS_ERROR


async def test_a_name_without_addresses_is_a_dns_error() -> None:
    """An empty answer is as good as none, and is not kept."""
    known = Names(FakeClock(), answering_in_turn([], ["1.1.1.1"]))

    failure = await _class_of_failure(known, "a.example")
    found = await known.addresses("a.example", 80)
    known.close()

    assert failure is ErrorClass.DNS_ERROR
    assert found == [("1.1.1.1", 80)]


async def _class_of_failure(known: Names, host: str) -> ErrorClass:
    with pytest.raises(Failed) as caught:
        await known.addresses(host, 80)
    return caught.value.fault.error_class
