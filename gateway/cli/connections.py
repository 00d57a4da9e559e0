"""Connections as they come to the gateway's port, from whomever."""

import asyncio
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gateway.api.streaming import ABORT

# A connection costs whoever opens it nothing, and no key is asked for before its head.
# In which the head of a request has to come, or the rest of a body after its answer.
HEAD_S: Final = 30.0
HEAD_BYTES: Final = 131_072  # that are taken in a row without anything of a body
_MALFORMED: Final = "Invalid HTTP request received."
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})


class _Lenient:
    """A transport that takes what is written after its end, and forgets it.

    asyncio's own do. uvloop's raise a `RuntimeError` until the end has been told: what
    has several things to write would then fail, when it is only that nobody listens.

    It writes the head of an answer with its body, if that follows at once, as it nearly
    always does: each write is a call to the system.

    Attributes:
        is_head_next: Whether the next that is written is the head of an answer.
    """

    __slots__ = (
        "_head",
        "_loop",
        "_transport",
        "_write",
        "abort",
        "is_closing",
        "is_head_next",
    )

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self.is_head_next = False
        # Used at each request: to look them up anew takes longer than to call them.
        self.abort = self._transport.abort
        self.is_closing = self._transport.is_closing
        self._write = self._transport.write

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, if there is somebody to write to."""
        if self.is_closing():
            return
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif self.is_head_next:
            self.is_head_next = False
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._write(data)

    def close(self) -> None:
        """Close, once all is written."""
        self._flush()
        self._transport.close()

    def pause_reading(self) -> None:
        """Read no more for now."""
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not self.is_closing():
            self._transport.resume_reading()

    def _flush(self) -> None:
        if self._head and not self.is_closing():
            self._write(self._head)
        self._head = b""


class Connection(HttpToolsProtocol):
    """A connection that whoever answers on it may end at once.

    It ends by itself if the head of a request, or what follows its body, does not come
    to its end. All requests on it learn that it ended; uvicorn tells the last of them
    alone, and one that was pipelined would have its stream go on for ever.
    """

    _cycles: tuple[RequestResponseCycle, ...] = ()
    _head_limit: asyncio.TimerHandle | None = None
    _is_head_due = True
    _is_again = False
    _is_read = False
    _lenient: _Lenient
    _unread_bytes = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._lenient = _Lenient(transport)
        super().connection_made(cast("asyncio.Transport", self._lenient))
        self._limit_head()

    @override
    def data_received(self, data: bytes) -> None:
        self._is_read = False
        self._unset_keepalive_if_required()
        try:
            self._parse(memoryview(data))
        except HttpParserError:
            # As uvicorn has it, which tells of upgrades besides.
            self.logger.warning(_MALFORMED)
            self.send_400_response(_MALFORMED)
            return
        self._limit_head()
        self._limit_rest()
        self._unread_bytes = 0 if self._is_read else self._unread_bytes + len(data)
        if self._unread_bytes > HEAD_BYTES:
            if self._is_head_due:
                self.send_400_response("The head of the request is too large.")
            self.transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._is_head_due = False
        self._limit_head()
        self._unset_keepalive_if_required()  # Else it would be kept for that long.
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        super().connection_lost(exc)

    @override
    def on_headers_complete(self) -> None:
        if self._is_again:
            return
        self._is_head_due, self._is_read = False, True
        self._lenient.is_head_next = True
        super().on_headers_complete()
        unanswered = [each for each in self._cycles if not each.response_complete]
        self._cycles = (*unanswered, self.cycle)

    @override
    def on_message_begin(self) -> None:
        if self._is_again:
            return
        super().on_message_begin()
        self._is_head_due = True
        extensions: dict[str, object] = {ABORT: self.transport.abort}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # wants dicts of dicts

    @override
    def on_url(self, url: bytes) -> None:
        if not self._is_again:
            super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_again:
            super().on_header(name, value)

    @override
    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():  # Else its body has not been read yet.
            self._is_head_due = False
            super().on_message_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._is_read = True
        # Nobody waits for what is left once it is answered.
        self._is_head_due = self.cycle.response_complete
        super().on_body(body)

    def _parse(self, data: memoryview) -> None:
        """Read on, also after a request that asks for an upgrade.

        A server may ignore that (RFC 9110, section 7.8), and the JDK's client asks for
        HTTP/2 with every request. The parser takes what follows the head for the other
        protocol: a new one takes it for the body, once it is told how long that is.

        Raises:
            HttpParserError: It is not HTTP.
        """
        rest = data
        while True:
            try:
                self.parser.feed_data(rest)
            except HttpParserUpgrade as asked:
                rest = rest[asked.args[0] :]
                self._expect_body()
            else:
                return

    def _expect_body(self) -> None:
        """Have a new parser read on where the head ended that was read last."""
        framing = [b"%b: %b\r\n" % each for each in self.headers if each[0] in _FRAMING]
        self.parser = HttpRequestParser(self)
        self._is_again = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(framing) + b"\r\n")
        self._is_again = False

    def _limit_rest(self) -> None:
        """Begin the time again that a connection may rest between two requests.

        uvicorn ends it with whatever comes; that need not begin a request.
        """
        is_resting = not self._is_head_due and self.cycle.response_complete
        if is_resting and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _limit_head(self) -> None:
        """Begin the time that a head has, or end it."""
        if self._is_head_due and self._head_limit is None:
            self._head_limit = self.loop.call_later(HEAD_S, self.transport.close)
        elif not self._is_head_due and self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None
