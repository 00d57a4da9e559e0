"""An application on a real socket at 127.0.0.1, for the length of a test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from tests.fakes.clock import settle


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application and give its address, such as `http://127.0.0.1:40123`.

    uvicorn's protocol, without the server around it: that one looks ten times a
    second whether it is to stop, and a test would wait for it.
    """
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    made: Callable[..., asyncio.Protocol] = config.http_protocol_class
    protocol = partial(made, config=config, server_state=state, app_state={})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await settle()
