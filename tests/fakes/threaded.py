"""A server on a real socket in a thread of its own, for callers that block."""

import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self


class Listener(ThreadingTCPServer):
    """Listens at 127.0.0.1, on a port of the system's choice.

    Its end waits for those who are being answered.
    """

    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, fake: "Threaded", handler: type[BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.fake = fake


class Threaded:
    """Listens while it is entered.

    Args:
        handler: Answers one connection; it finds this as `self.server.fake`.
    """

    def __init__(self, handler: type[BaseRequestHandler]) -> None:
        self._server = Listener(self, handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._is_stopped = False

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Listen no more; again it does nothing."""
        if not self._is_stopped:
            self._is_stopped = True
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, if a test has not done so."""
        self.stop()
