"""One connection over which requests go, one at a time."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from typing_extensions import override

from gateway.egress.answer import Answer, AnswerReader
from gateway.egress.faults import BROKEN_OFF, NO_ANSWER, RESET, TIMEOUT_TOTAL, Failed
from gateway.egress.target import Origin


class Connection(asyncio.Protocol):
    """A connection of HTTP/1.1, open from its `connection_made` on.

    Args:
        origin: Whom it leads to.
        on_lost: Told when it is closed, by whomever.

    Attributes:
        idle_since_s: When its last answer was read, on the event loop's clock.
        lost: Done when it is closed.
    """

    def __init__(self, origin: Origin, on_lost: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self.idle_since_s = 0.0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_lost = on_lost
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        # A timer outlives its request, and rings again for the one that is then under
        # way: to set and stop one for each costs more than to read an answer.
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at_s = 0.0
        self._until_s = 0.0  # When time is up for the last request.
        # By what was said or done too early; over TLS perhaps before it was made.
        self._is_spoilt = False

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        return self._transport is not None

    @property
    def is_reusable(self) -> bool:
        """Whether nothing of the last request or its answer is left in it."""
        return (
            self._transport is not None
            and self._waiting is None
            and self._reader.is_reusable
            and self._transport.get_write_buffer_size() == 0
        )

    @property
    def has_heard(self) -> bool:
        """Whether any byte of the last answer has come."""
        return self._reader.has_heard

    def exchange(
        self, message: bytes, answer: Answer, *, until_s: float
    ) -> asyncio.Future[None]:
        """Send a request; done when the answer is read as far as it will be.

        Fails with `Failed`; what came before that is in the answer.

        Args:
            message: The request as it goes over the wire.
            answer: Where to put what comes.
            until_s: When time is up, on the event loop's clock.
        """
        loop = self.lost.get_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._reader.begin(answer)
        if self._transport is None:
            waiting.set_exception(Failed(NO_ANSWER))
            return waiting
        self._waiting = waiting
        self._until_s = until_s
        if self._timer is None or until_s < self._rings_at_s:
            self._ring_at(until_s)
        self._transport.write(message)
        return waiting

    def abort(self) -> None:
        """Close it at once, whatever was not sent or read yet."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no subclass.
        self._transport = cast("asyncio.Transport", transport)
        if self._is_spoilt:
            self.abort()

    @override
    def data_received(self, data: bytes) -> None:
        if self._waiting is None:  # Nobody asked.
            self._is_spoilt = True
            self.abort()
            return
        try:
            is_read = self._reader.feed(data)
        except Failed as failed:
            self._settle(failed)
        else:
            if is_read:
                self._settle(None)

    @override
    def eof_received(self) -> None:
        self._is_spoilt = True
        self._end()
        self.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._is_spoilt = True
        self._stop_timer()
        if exc is None:
            self._end()
        elif isinstance(exc, ssl.SSLError):
            self._settle(exc)
        else:
            self._settle(Failed(BROKEN_OFF if self.has_heard else RESET))
        if not self.lost.done():
            self.lost.set_result(None)
        self._on_lost(self)

    def _end(self) -> None:
        try:
            self._reader.end()
        except Failed as failed:
            self._settle(failed)
        else:
            self._settle(None)

    def _ring_at(self, until_s: float) -> None:
        self._stop_timer()
        self._timer = self.lost.get_loop().call_at(until_s, self._expire)
        self._rings_at_s = until_s

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if self._until_s > self._rings_at_s:  # It was set for a request before.
            self._ring_at(self._until_s)
        else:
            self._settle(Failed(TIMEOUT_TOTAL))

    def _settle(self, failed: Exception | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.done():  # It is done if its request was given up.
            return
        if failed is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(failed)
