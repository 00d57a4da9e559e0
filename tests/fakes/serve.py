"""An application on a real socket at 127.0.0.1, for the length of a test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application and give its address, such as `http://127.0.0.1:40123`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    host, port = listener.getsockname()
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    # The socket listens at once, so that a caller who comes before uvicorn's first
    # turn waits in its backlog.
    listener.listen()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server._serve([listener]))
        try:
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            server.force_exit = True
            await running
