"""Baseline *naive*: the bridge of an afternoon, on FastAPI and the official SDK.

Nothing is stored, nothing is signed, nothing is tried again. Run by the Python 3.13
that has the SDK: `naive.py PORT ROOM_URL TOKEN WEBHOOK_URL`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI, HTTPException

# The SDK has an environment of its own, and is not to be had where this is checked.
from meshagent.api import (  # type: ignore[import-not-found]
    RoomClient,
    RoomMessage,
    WebSocketClientProtocol,
)
from pydantic import BaseModel

PORT, ROOM_URL, TOKEN, WEBHOOK_URL = sys.argv[1:]


class Send(BaseModel):
    """The body."""

    to: str
    type: str = "chat"
    message: dict[str, Any]


class Bridge:
    """A room on one side, HTTP on the other."""

    def __init__(self, room: RoomClient, http: aiohttp.ClientSession) -> None:
        self._room = room
        self._http = http
        self._tasks: set[asyncio.Task[None]] = set()
        room.messaging.on("message", self._heard)

    async def send(self, body: Send) -> None:
        """Say something to whoever has that name."""
        for one in self._room.messaging.get_participants():
            if one.get_attribute("name") == body.to:
                await self._room.messaging.send_message(
                    to=one, type=body.type, message=body.message
                )
                return
        raise HTTPException(404)

    def _heard(self, *, message: RoomMessage) -> None:
        task = asyncio.create_task(self._post(message))  # noqa: TID251 - as it is done
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, message: RoomMessage) -> None:
        said = {
            "from": message.from_participant_id,
            "type": message.type,
            "message": message.message,
        }
        async with self._http.post(WEBHOOK_URL, json=said) as response:
            await response.read()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Be in the room while serving."""
    protocol = WebSocketClientProtocol(url=ROOM_URL, token=TOKEN)
    async with (
        aiohttp.ClientSession() as http,
        RoomClient(protocol_factory=protocol.create_factory()) as room,
    ):
        app.state.bridge = Bridge(room, http)
        await room.messaging.enable()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/send")
async def send(body: Send) -> dict[str, str]:
    """Say something in the room."""
    await app.state.bridge.send(body)
    return {"status": "sent"}


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(PORT),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
    )
