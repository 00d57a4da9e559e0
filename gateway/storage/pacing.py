"""Long work in short commits, with rests in between."""

from dataclasses import dataclass
from typing import Final

from gateway.bridge.ports import Clock

LONGEST_REST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Leaves the writer to others for half of the time.

    Attributes:
        clock: By which it rests.
    """

    clock: Clock

    def begin(self) -> float:
        """Return what `rest` is to be given."""
        return self.clock.monotonic()

    async def rest(self, begun_s: float) -> None:
        """Wait as long as the step took that began then, but at most 1 s."""
        took_s = self.clock.monotonic() - begun_s
        await self.clock.sleep(min(LONGEST_REST_S, took_s))
