"""Opening the WebSocket to a room, and giving up on it."""

import asyncio
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from gateway.room.errors import Unreachable, UpgradeRefused
from gateway.room.protocol.options import RoomOptions

WRITE_LIMIT_BYTES = 256 * 1024  # kept by the transport before writers wait
READ_AHEAD_FRAMES = 64  # kept for the reader before the socket is paused


async def dial(url: str, token: str, options: RoomOptions) -> ClientConnection:
    """Open a WebSocket with the token as bearer.

    Compression is off: two packets per message gain nothing from it. Pings are the
    caller's, who wants to know when the pongs came.

    Args:
        url: WebSocket URL of the room.
        token: Participant token; leaves only in the Authorization header.
        options: Time-outs, limits and the proxy.

    Raises:
        Unreachable: No HTTP answer, or none that makes sense.
        UpgradeRefused: An HTTP answer other than 101.
    """
    try:
        return await connect(
            url,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            proxy=options.proxy,
            open_timeout=options.connect_timeout_s,
            close_timeout=options.close_timeout_s,
            ping_interval=None,
            max_size=options.max_message_bytes,
            max_queue=READ_AHEAD_FRAMES,
            write_limit=WRITE_LIMIT_BYTES,
        )
    except InvalidStatus as error:
        answer = error.response
        raise UpgradeRefused(
            answer.status_code,
            retry_after_s=_seconds(answer.headers.get_all("Retry-After")),
        ) from error
    except TimeoutError as error:
        raise Unreachable(problem="no answer in time") from error
    # The last two are what the library says to a redirect that it cannot read.
    except (OSError, WebSocketException, ValueError, LookupError) as error:
        raise Unreachable(problem=str(error) or type(error).__name__) from error


def _seconds(values: list[str]) -> float | None:
    """Read the delay form of Retry-After (RFC 9110 §10.2.3), up to an hour.

    Of several the longest counts.
    """
    delays = [float(one) for one in values if one.isascii() and one.isdecimal()]
    return min(max(delays), 3600.0) if delays else None


class Interruptible:
    """A stretch of waiting that others may cut short.

    `async with` it as often as needed, one stretch at a time. A stretch that is cut
    ends like one that is done, and what follows it in the block does not happen.
    """

    def __init__(self) -> None:
        self._stretch: asyncio.Timeout | None = None

    async def __aenter__(self) -> None:
        self._stretch = asyncio.timeout(None)
        await self._stretch.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        stretch, self._stretch = self._stretch, None
        if stretch is None:
            return False
        try:
            await stretch.__aexit__(kind, error, traceback)
        except TimeoutError:
            return True
        return False

    def cut(self) -> None:
        """End the present stretch, if there is one."""
        if self._stretch is not None and not self._stretch.expired():
            self._stretch.reschedule(asyncio.get_running_loop().time())
