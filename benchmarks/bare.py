"""Baseline *bare*: what FastAPI does to a request when nothing is done with it."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Send(BaseModel):
    """The body."""

    to: str
    type: str = "chat"
    message: dict[str, Any]


app = FastAPI()


@app.post("/send")
async def send(_body: Send) -> dict[str, str]:
    """Return a constant."""
    return {"id": "msg_01JD0000000000000000000000", "status": "sent"}


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
    )
