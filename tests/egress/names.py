"""Name servers that say what a test wants."""

from collections.abc import Iterator, Sequence

from gateway.egress.names import LookUp, SocketAddress


def answering(*addresses: str) -> LookUp:
    """Return name servers that say the same of every name."""

    def look_up(_: str, port: int) -> Sequence[SocketAddress]:
        return [socket_address(each, port) for each in addresses]

    return look_up


def answering_in_turn(*answers: Sequence[str]) -> LookUp:
    """Return name servers that change their mind at each question."""
    turns: Iterator[Sequence[str]] = iter(answers)

    def look_up(_: str, port: int) -> Sequence[SocketAddress]:
        return [socket_address(each, port) for each in next(turns)]

    return look_up


def socket_address(address: str, port: int) -> SocketAddress:
    """Return an address as sockets are connected to it."""
    return (address, port, 0, 0) if ":" in address else (address, port)
