"""One WebSocket as the server holds it, down to its TCP connection.

uvicorn reads frames and answers pings. Beyond it, binary messages go to a listener
without a queue between, whole batches are written at once, and the connection can be
ended in every impolite way there is.
"""

import logging
import socket
import struct
from typing import Protocol

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)
from uvicorn.server import ServerState
from websockets.protocol import OPEN

BACKLOG_BYTES = 64 * 1024 * 1024  # unread by a peer before it is dropped

_FLUSH_BYTES = 256 * 1024  # more is written at once, not at the end of the turn
_LINGER_GRACE_S = 1.0  # how long a peer has to close its half after our FIN
_UNSENDABLE = frozenset({1004, 1005, 1006, 1015})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, zero seconds

# Its level keeps out the request lines and headers, which carry tokens.
_LOGGER = logging.getLogger("gateway.emulator.sockets")
_LOGGER.setLevel(logging.WARNING)


class Listener(Protocol):
    """Whoever takes what a socket receives."""

    def received(self, packet: bytes) -> None:
        """Take one binary message."""

    def received_text(self) -> None:
        """Take notice of a TEXT message."""

    def lost(self) -> None:
        """Take notice that nothing more will be received; may come twice."""


class RoomSocket(WebSocketsSansIOProtocol):
    """A WebSocket connection that puts itself at `scope["state"]["socket"]`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: object = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "socket": self})
        self.logger = _LOGGER
        self.conn.logger = _LOGGER
        self.conn.debug = False
        self._listener: Listener | None = None
        self._unflushed_bytes = 0
        self._flush_due = False
        self._frozen = False
        self._deaf = False

    def listen(self, listener: Listener) -> None:
        """Hand everything that arrives from now on to a listener."""
        self._listener = listener

    def send_packets(self, packets: list[bytes]) -> None:
        """Write binary messages with nothing between them, in this loop turn.

        A peer that has left more than `BACKLOG_BYTES` unread is dropped.
        """
        if self._deaf or self.conn.state is not OPEN:
            return
        for packet in packets:
            self.conn.send_binary(packet)
            self._unflushed_bytes += len(packet)
        if self._unflushed_bytes > _FLUSH_BYTES:
            self._flush()
        elif not self._flush_due:
            self._flush_due = True
            self.loop.call_soon(self._flush)

    def send_text(self, text: str) -> None:
        """Write a TEXT message, which no room ever should."""
        if self.conn.state is OPEN:
            self.conn.send_text(text.encode())
            self._flush()

    async def drained(self) -> None:
        """Return once the peer takes what is written to it."""
        await self.writable.wait()

    def close(self, code: int, reason: str = "") -> None:
        """Close politely, with a close frame.

        Raises:
            ValueError: The code may not be sent (RFC 6455 §7.4).
        """
        if self.conn.state is not OPEN:
            return
        if code not in range(1000, 5000) or code in _UNSENDABLE:
            problem = f"{code} may not be sent as a close code"
            raise ValueError(problem)
        self.conn.send_close(code, reason)
        self._flush()
        self.close_sent = True
        self.close_timer = self.loop.call_later(
            self.close_timeout, self.transport.close
        )
        self._end()

    def cut(self) -> None:
        """End the connection by TCP's FIN, without a close frame."""
        self._deaf = True
        # Held until the peer has closed its half: closing at once with bytes unread
        # would turn the FIN into a RST.
        self.close_timer = self.loop.call_later(_LINGER_GRACE_S, self.transport.abort)
        # Not before the frames that came along were seen to: they may want a pong.
        self.loop.call_soon(self._write_eof)
        self._end()

    def reset(self) -> None:
        """End the connection by TCP's RST; what was not sent yet is lost."""
        held: socket.socket | None = self.transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()

    def abort(self) -> None:
        """Drop the connection as the kernel does for a killed process."""
        self._deaf = True
        self.transport.abort()
        self._end()

    def freeze(self) -> None:
        """Stop reading, answering pings and writing, as a stopped process does."""
        self._frozen = True
        self.stop_keepalive()
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def thaw(self) -> None:
        """Go on where it was frozen."""
        if self._frozen:
            self._frozen = False
            self._flush()
            if not self.transport.is_closing():
                self.transport.resume_reading()
                self.start_keepalive()

    @override
    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer, unless the connection was cut."""
        if not self._deaf:
            super().data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Take notice that the TCP connection is gone."""
        super().connection_lost(exc)
        if self._listener is not None:
            self._listener.lost()

    @override
    def pause_writing(self) -> None:
        """Read no more from a peer that doesn't read: most of it are its answers."""
        super().pause_writing()
        if self._listener is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        """Read on, now that the peer reads."""
        super().resume_writing()
        reads = self._listener is not None and not self._frozen
        if reads and not self.transport.is_closing():
            self.transport.resume_reading()

    @override
    def send_receive_event_to_app(self) -> None:
        """Hand a complete message to the listener, or to the app if there is none."""
        if self._listener is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent or self._deaf:
            return
        if self.curr_msg_data_type == "text":
            self._listener.received_text()
        else:
            self._listener.received(data)

    @override
    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping; without a close frame it may return."""
        self.pong_timer = None
        self.abort()

    def _flush(self) -> None:
        self._flush_due = False
        if self.transport.is_closing():
            return
        if not self._frozen:
            self._unflushed_bytes = 0
            self.transport.write(b"".join(self.conn.data_to_send()))
        behind = self._unflushed_bytes + self.transport.get_write_buffer_size()
        if behind > BACKLOG_BYTES:
            self.abort()

    def _write_eof(self) -> None:
        self._flush()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def _end(self) -> None:
        """Let the app and the listener go at once."""
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        if self._listener is not None:
            self._listener.lost()
