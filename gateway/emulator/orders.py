"""Faults by HTTP, for tests in other processes and other languages.

    POST /faults/{room}    {"fault": "refuse", "status": 503, "times": 2}
    POST /faults/{room}    {"fault": "flood", "count": 1000, "to": "alice"}
    DELETE /faults/{room}  lets everything be well again

Callers present the token that was printed at the start as bearer. `fault` is the name
of a method of `Faults`, or `flood`; the other fields are its arguments.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from gateway.emulator.admission import Refused, bearer
from gateway.emulator.faults import SPEECH, Faults
from gateway.emulator.residents import LocalMember
from gateway.emulator.rest import body_of
from gateway.emulator.rooms import Room

MOST_FLOODED = 1_000_000

Told = Callable[[Faults, "Order"], int | None]


class Order:
    """The arguments of one order, each read once and by kind."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = dict(fields)

    def number(self, name: str, default: int | None = None) -> int:
        """Read a whole number."""
        value = self._fields.pop(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise Refused(400, f"{name} must be a whole number")

    def times(self, default: int | None = None) -> int | None:
        """Read how often: a whole number, or null for until it is cleared."""
        value = self._fields.get("times", default)
        if value is None:
            self._fields.pop("times", None)
            return None
        return self.number("times", default)

    def seconds(self, name: str) -> float:
        """Read a duration, 0 to 3600 s; absent is 0."""
        value = self._fields.pop(name, 0)
        if isinstance(value, int | float) and 0 <= value <= 3600:  # noqa: PLR2004 - the bound is in the docstring
            return float(value)
        raise Refused(400, f"{name} must be 0 to 3600 seconds")

    def text(self, name: str, default: str) -> str:
        """Read a string."""
        return self.name(name) or default

    def name(self, name: str = "name") -> str | None:
        """Read a string that may be absent."""
        value = self._fields.pop(name, None)
        if value is None or isinstance(value, str):
            return value
        raise Refused(400, f"{name} must be a string")

    def done(self) -> None:
        """Refuse what nobody read."""
        if self._fields:
            raise Refused(400, f"unknown: {', '.join(sorted(self._fields))}")


def _tools(order: Order) -> tuple[str, ...]:
    tool = order.name("tool")
    return SPEECH if tool is None else (tool,)


ORDERS: Mapping[str, Told] = {
    "refuse": lambda f, o: f.refuse(o.number("status"), times=o.times()),
    "stall": lambda f, o: f.stall(times=o.times()),
    "swallow": lambda f, o: f.swallow(*_tools(o), times=o.times()),
    "cut_before_acknowledging": lambda f, o: f.cut_before_acknowledging(
        times=o.times(1)
    ),
    "refuse_enable": lambda f, o: f.refuse_enable(
        code=o.number("code", 1001), times=o.times()
    ),
    "delay": lambda f, o: f.delay(
        acknowledgements_s=o.seconds("acknowledgements_s"),
        messages_s=o.seconds("messages_s"),
    ),
    "close": lambda f, o: f.close(
        o.number("code"), o.text("reason", ""), name=o.name()
    ),
    "cut": lambda f, o: f.cut(name=o.name()),
    "reset": lambda f, o: f.reset(name=o.name()),
    "freeze": lambda f, o: f.freeze(name=o.name()),
    "thaw": lambda f, o: f.thaw(name=o.name()),
    "garble": lambda f, o: f.garble(name=o.name()),
    "skip_packet": lambda f, o: f.skip_packet(name=o.name()),
    "interleave": lambda f, o: f.interleave(name=o.name()),
    "repeat_last": lambda f, o: f.repeat_last(name=o.name()),
    "send_text": lambda f, o: f.send_text(name=o.name()),
    "send_short": lambda f, o: f.send_short(name=o.name()),
    "send_unknown": lambda f, o: f.send_unknown(name=o.name()),
}


def fault_routes(
    room: Callable[[str], Room], faults: Callable[[str], Faults], token: str
) -> list[BaseRoute]:
    """Make the routes that take orders from whoever presents the token.

    Args:
        room: Gives a room by its name.
        faults: Gives what is to go wrong in a room.
        token: The bearer that callers must present.
    """

    async def order(request: Request) -> JSONResponse:
        _admit(request, token)
        fields = await body_of(request)
        told = str(fields.pop("fault", None))
        name = request.path_params["room"]
        arguments = Order(fields)
        if told == "flood":
            return await _flood(request, room(name), arguments)
        act = ORDERS.get(told)
        if act is None:
            raise Refused(400, f"fault must be flood or one of {', '.join(ORDERS)}")
        try:
            met = act(faults(name), arguments)
        except ValueError as error:
            raise Refused(400, str(error)) from error
        arguments.done()
        return JSONResponse({"links": met})

    async def clear(request: Request) -> JSONResponse:
        _admit(request, token)
        faults(request.path_params["room"]).clear()
        return JSONResponse({"links": None})

    return [
        Route("/faults/{room}", order, methods=["POST"]),
        Route("/faults/{room}", clear, methods=["DELETE"]),
    ]


async def _flood(request: Request, room: Room, order: Order) -> JSONResponse:
    """Flood the room for as long as the caller waits for the answer."""
    count, rate = order.number("count"), order.number("per_second", 0)
    to, type_ = order.name("to"), order.text("type", "load")
    order.done()
    if not 0 <= count <= MOST_FLOODED or rate < 0:
        raise Refused(400, f"count must be 0 to {MOST_FLOODED}, per_second positive")
    source = LocalMember("flood")
    source.join(room)
    try:
        async with asyncio.TaskGroup() as tasks:
            flood = tasks.create_task(
                source.flood(count, to=to, type_=type_, per_second=rate or None)
            )
            watch = tasks.create_task(_stop_when_gone(request, flood))
            flood.add_done_callback(lambda _: watch.cancel())
    finally:
        source.leave()
    return JSONResponse({"said": None if flood.cancelled() else flood.result()})


async def _stop_when_gone(request: Request, flood: asyncio.Task[int]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    flood.cancel()


def _admit(request: Request, token: str) -> None:
    presented = bearer(request.headers.get("authorization")) or ""
    if not hmac.compare_digest(presented.encode(), token.encode()):
        raise Refused(401, "the bearer is not the fault token")
