"""Whoever waits for the fate of a message, for as long as that makes sense."""

import asyncio


class Waits:
    """Waits that end with what is waited for, with their time, or all at once."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()
        self._over = False

    def end(self) -> None:
        """Let go whoever waits, and nobody wait from now on."""
        self._over = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, future: asyncio.Future[None], seconds: float) -> None:
        """Return when a future is done, whatever came of it, or the time is up.

        It is `asyncio.wait` of one future, which is waited for at every message, at
        half the cost.
        """
        if future.done() or self._over:
            return
        loop = future.get_loop()  # To ask for the one that runs is a system call.
        waiter: asyncio.Future[None] = loop.create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        timer = loop.call_later(seconds, wake)
        future.add_done_callback(wake)
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            timer.cancel()
            future.remove_done_callback(wake)
