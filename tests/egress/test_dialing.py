"""Dialling: the guard is asked about names' answers and about each socket."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.egress.dialing import (
    CALLED,
    AddressBlocked,
    AddressInfo,
    Dialler,
    GuardedResolver,
)
from gateway.egress.guard import EgressPolicy
from tests.egress.names import answering

STRICT = Dialler(EgressPolicy())
BY_NAME = Dialler(EgressPolicy.parse(allow_hosts=["n8n:5678"]))


def info(host: str, port: int = 443) -> AddressInfo:
    """Return what a connector says of an address that it is about to dial."""
    if ":" in host:
        return (socket.AF_INET6, socket.SOCK_STREAM, 0, "", (host, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))


@contextmanager
def calling(host: str, port: int) -> Iterator[None]:
    """Be in the course of calling a URL with this host and port."""
    token = CALLED.set((host, port))
    try:
        yield
    finally:
        CALLED.reset(token)


@pytest.mark.parametrize("host", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_gets_its_socket(host: str) -> None:
    """A socket of the address's own family is returned, not connected."""
    with STRICT.socket(info(host)) as opened:
        assert opened.family is (socket.AF_INET6 if ":" in host else socket.AF_INET)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1%lo", "::ffff:169.254.169.254"]
)
def test_a_private_address_gets_none(host: str) -> None:
    """There is no socket for a blocked address, and the error does not name it."""
    with pytest.raises(AddressBlocked) as caught:
        STRICT.socket(info(host))

    assert host not in str(caught.value)


def test_a_pair_allowed_by_name_may_be_private() -> None:
    """An exemption holds for what is dialled on behalf of that very URL."""
    with calling("n8n", 5678), BY_NAME.socket(info("10.0.0.1", 5678)):
        pass


@pytest.mark.parametrize(("host", "port"), [("n8n", 5679), ("other", 5678)])
def test_an_exemption_is_for_its_pair_alone(host: str, port: int) -> None:
    """Another name or port that leads to the same address is blocked."""
    with calling(host, port), pytest.raises(AddressBlocked):
        BY_NAME.socket(info("10.0.0.1", 5678))


def test_metadata_is_blocked_also_by_name() -> None:
    """A name that is allowed does not lead to the machine's credentials."""
    with calling("n8n", 5678), pytest.raises(AddressBlocked):
        BY_NAME.socket(info("169.254.169.254", 5678))


async def test_a_name_with_public_addresses_is_resolved() -> None:
    """All addresses of a public name are handed on."""
    resolver = GuardedResolver(STRICT, answering("1.1.1.1", "8.8.8.8"))

    found = await resolver.resolve("example.com", 443)
    await resolver.close()

    assert [each["host"] for each in found] == ["1.1.1.1", "8.8.8.8"]


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1", "1.1.1.1"]]
)
async def test_one_private_answer_spoils_all(addresses: list[str]) -> None:
    """A name with any private address is refused as a whole."""
    resolver = GuardedResolver(STRICT, answering(*addresses))

    with pytest.raises(AddressBlocked):
        await resolver.resolve("example.com", 443)

    await resolver.close()


async def test_the_machine_is_asked_for_names() -> None:
    """Without other name servers the system's are used."""
    resolver = GuardedResolver(Dialler(EgressPolicy().for_development()))

    found = await resolver.resolve("localhost", 80, socket.AF_INET)
    await resolver.close()

    assert [(each["host"], each["port"]) for each in found] == [("127.0.0.1", 80)]


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..b"])
async def test_what_is_no_name_is_not_found(name: str) -> None:
    """A label that DNS does not know is an OSError like any name not found."""
    resolver = GuardedResolver(STRICT)

    with pytest.raises(OSError, match=r"."):
        await resolver.resolve(name, 443)

    await resolver.close()
