"""What is to go wrong in one room: for the next upgrades, requests and live links.

faults.refuse(503, times=2)     # the next two upgrades
faults.swallow()                # sends are carried out, never acknowledged
faults.cut(name="gateway")      # FIN, no close frame
faults.clear()                  # all of what is to come is well again
"""

from collections.abc import Callable
from typing import Protocol

from gateway.emulator.messaging import PERMISSION_DENIED, Refusal
from gateway.emulator.sockets import RoomSocket

SPEECH = ("send", "broadcast")


class LiveLink(Protocol):
    """A participant's connection, as faults see it."""

    @property
    def name(self) -> str:
        """The participant's name."""

    @property
    def socket(self) -> RoomSocket:
        """Its socket."""

    def garble(self) -> None:
        """Send an event whose header is not JSON."""

    def skip_packet(self) -> None:
        """Send packets 1 and 3 of 3."""

    def interleave(self) -> None:
        """Send the packets of two messages in turn."""

    def repeat_last(self) -> None:
        """Send the last event again."""

    def send_text(self) -> None:
        """Send a TEXT message."""

    def send_short(self) -> None:
        """Send a binary message too short for a packet."""

    def send_unknown(self) -> None:
        """Send a message of an unknown type."""


class Uses:
    """How often something is still to happen; `None` is until it is cleared."""

    def __init__(self, times: int | None = 0) -> None:
        self._left = times

    def take(self) -> bool:
        """Say whether it happens now, and count that."""
        if self._left is None:
            return True
        if self._left <= 0:
            return False
        self._left -= 1
        return True


class Faults:
    """What is to go wrong in one room.

    Methods that act on live links take `name`, to mean participants of that name
    only, and return how many links they met.
    """

    def __init__(self) -> None:
        self.links: set[LiveLink] = set()
        self.clear()

    def clear(self) -> None:
        """Let everything be well from now on; frozen links thaw."""
        self.acknowledgement_delay_s = 0.0
        self.message_delay_s = 0.0
        self._refusals = Uses()
        self._refusal_status = 0
        self._stalls = Uses()
        self._swallows = Uses()
        self._swallowed: tuple[str, ...] = ()
        self._cuts = Uses()
        self._denials = Uses()
        self._denial = Refusal(PERMISSION_DENIED, "")
        self.thaw()

    def refuse(self, status: int, *, times: int | None = None) -> None:
        """Answer upgrades with an HTTP status, 400 … 599, even for Node clients.

        Raises:
            ValueError: It is another status.
        """
        if status not in range(400, 600):
            problem = f"{status} does not refuse an upgrade"
            raise ValueError(problem)
        self._refusal_status = status
        self._refusals = Uses(times)

    def stall(self, *, times: int | None = None) -> None:
        """Accept upgrades, and then never say `room_ready`."""
        self._stalls = Uses(times)

    def swallow(self, *tools: str, times: int | None = None) -> None:
        """Carry requests out without acknowledging them.

        Args:
            *tools: Messaging tools it is about; none named are send and broadcast.
            times: How many acknowledgements; `None` is until cleared.
        """
        self._swallowed = tools or SPEECH
        self._swallows = Uses(times)

    def cut_before_acknowledging(self, *, times: int | None = 1) -> None:
        """Carry sends and broadcasts out, and cut the link in place of an answer."""
        self._cuts = Uses(times)

    def refuse_enable(
        self,
        *,
        code: int = PERMISSION_DENIED,
        text: str = "messaging is denied",
        times: int | None = None,
    ) -> None:
        """Answer `enable` with an error content."""
        self._denial = Refusal(code, text)
        self._denials = Uses(times)

    def delay(
        self, *, acknowledgements_s: float = 0.0, messages_s: float = 0.0
    ) -> None:
        """Hold back answers to requests, and events; each keeps its order."""
        self.acknowledgement_delay_s = acknowledgements_s
        self.message_delay_s = messages_s

    def close(self, code: int, reason: str = "", *, name: str | None = None) -> int:
        """Close with a close frame.

        Raises:
            ValueError: The code may not be sent.
        """
        return self._each(lambda link: link.socket.close(code, reason), name)

    def cut(self, *, name: str | None = None) -> int:
        """End the TCP connection by FIN, without a close frame."""
        return self._each(lambda link: link.socket.cut(), name)

    def reset(self, *, name: str | None = None) -> int:
        """End the TCP connection by RST."""
        return self._each(lambda link: link.socket.reset(), name)

    def freeze(self, *, name: str | None = None) -> int:
        """Stop reading, writing and ponging, with the connection open."""
        return self._each(lambda link: link.socket.freeze(), name)

    def thaw(self, *, name: str | None = None) -> int:
        """Go on where it was frozen."""
        return self._each(lambda link: link.socket.thaw(), name)

    def garble(self, *, name: str | None = None) -> int:
        """Send an event whose header is not JSON."""
        return self._each(lambda link: link.garble(), name)

    def skip_packet(self, *, name: str | None = None) -> int:
        """Send a message without its second packet."""
        return self._each(lambda link: link.skip_packet(), name)

    def interleave(self, *, name: str | None = None) -> int:
        """Send the packets of two messages in turn."""
        return self._each(lambda link: link.interleave(), name)

    def repeat_last(self, *, name: str | None = None) -> int:
        """Send the last event again, as a message of its own."""
        return self._each(lambda link: link.repeat_last(), name)

    def send_text(self, *, name: str | None = None) -> int:
        """Send a TEXT message: Python SDKs go deaf, Node ones end."""
        return self._each(lambda link: link.send_text(), name)

    def send_short(self, *, name: str | None = None) -> int:
        """Send a binary message of 5 bytes."""
        return self._each(lambda link: link.send_short(), name)

    def send_unknown(self, *, name: str | None = None) -> int:
        """Send a message of an unknown type, which clients must ignore."""
        return self._each(lambda link: link.send_unknown(), name)

    def refusal_status(self) -> int | None:
        """Say with which status this upgrade is refused, if it is."""
        return self._refusal_status if self._refusals.take() else None

    def stalls(self) -> bool:
        """Say whether this upgrade gets no welcome."""
        return self._stalls.take()

    def swallows(self, tool: str) -> bool:
        """Say whether this answer is withheld."""
        return tool in self._swallowed and self._swallows.take()

    def cuts(self, tool: str) -> bool:
        """Say whether the link is cut instead of this answer."""
        return tool in SPEECH and self._cuts.take()

    def refusal(self, tool: str) -> Refusal | None:
        """Say why this tool is refused, if it is."""
        return self._denial if tool == "enable" and self._denials.take() else None

    def _each(self, act: Callable[[LiveLink], None], name: str | None) -> int:
        links = [link for link in self.links if name is None or link.name == name]
        for link in links:
            act(link)
        return len(links)
