"""The room server, with the people who speak and listen in it. A process of its own."""

from benchmarks import servant
from benchmarks.figures import latencies_of
from benchmarks.load import TEXT
from gateway.emulator import EmulatorServer, Heard, LocalMember
from gateway.system import SystemClock


class Listener:
    """Someone who hears what is said to `peer` in a room, and times it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.heard = 0
        self.member = LocalMember("peer", on_heard=self._hear)
        self._now = SystemClock().monotonic

    def _hear(self, heard: Heard) -> None:
        if isinstance(heard.message, dict) and "t" in heard.message:
            self.heard += 1
            self.seconds.append(self._now() - heard.message["t"])


class Rooms:
    """What can be asked of the room server."""

    def __init__(self, server: EmulatorServer) -> None:
        self._emulator = server.emulator
        self._listeners: dict[str, Listener] = {}
        self._now = SystemClock().monotonic

    async def furnish(self, room: str) -> None:
        """Have `peer` in a room."""
        listener = self._listeners[room] = Listener()
        self._emulator.add(listener.member, room=room)

    async def mint(self, room: str, name: str) -> str:
        """Return a token to join a room with."""
        return self._emulator.mint(room, name)

    async def flood(
        self, room: str, to: str, count: int, per_second: float | None = None
    ) -> dict[str, float]:
        """Have `peer` say many things to somebody; return when it began."""
        began_s = self._now()
        said = await self._listeners[room].member.flood(
            count, to=to, type_="chat", compose=self._message, per_second=per_second
        )
        return {"said": said, "began_s": began_s, "ended_s": self._now()}

    async def heard(self, room: str) -> dict[str, object]:
        """Return what `peer` has heard since this was asked last."""
        listener = self._listeners[room]
        told = {
            "heard": listener.heard,
            "latencies": latencies_of(listener.seconds).line(),
        }
        listener.heard = 0
        listener.seconds.clear()
        return told

    def _message(self, number: int) -> dict[str, object]:
        return {"text": TEXT, "n": number, "t": round(self._now(), 6)}


async def main() -> None:
    """Serve, say where, and obey."""
    async with EmulatorServer() as server:
        rooms = Rooms(server)
        servant.answer({"url": server.ws_url, "key": server.emulator.api_key})
        await servant.obey(
            {
                "furnish": rooms.furnish,
                "mint": rooms.mint,
                "flood": rooms.flood,
                "heard": rooms.heard,
            }
        )


if __name__ == "__main__":
    servant.run(main())
