"""What is done to the store from time to time: trimming it, and erasing contents."""

from dataclasses import asdict
from datetime import timedelta
from typing import Final, Protocol

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import GatewayError
from gateway.settings import Settings
from gateway.storage.retention import Swept

SWEEP_EVERY_S: Final = 3600.0
ERASE_EVERY_S: Final = 60.0


class Kept(Protocol):
    """The part of the store that is kept up."""

    async def sweep(
        self, *, messages: timedelta, dead: timedelta, most_bytes: int | None = None
    ) -> Swept:
        """Remove what has been kept long enough."""
        ...

    async def erase_delivered(self) -> int:
        """Erase what messages said that nobody is owed any more; return how many."""
        ...


class Upkeep:
    """Keeps a store as the settings say. A failure is told, and tried again in time."""

    def __init__(
        self, store: Kept, settings: Settings, clock: Clock, meter: Meter
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._meter = meter

    async def sweep(self) -> None:
        """Trim the store, now and each hour, until cancelled."""
        settings = self._settings
        while True:
            try:
                swept = await self._store.sweep(
                    messages=settings.gateway_retention_messages,
                    dead=settings.gateway_retention_dead,
                    most_bytes=settings.gateway_retention_bytes,
                )
            except GatewayError as error:
                self._meter.warning("store.sweep_failed", reason=error.detail)
            else:
                self._meter.info("store.swept", **asdict(swept))
            await self._clock.sleep(SWEEP_EVERY_S)

    async def erase(self) -> None:
        """Erase what was delivered, each minute until cancelled, if that is wanted."""
        if self._settings.gateway_store_payloads != "until_delivered":
            return
        while True:
            try:
                erased = await self._store.erase_delivered()
            except GatewayError as error:
                self._meter.warning("store.erase_failed", reason=error.detail)
            else:
                if erased:
                    self._meter.info("store.erased", messages=erased)
            await self._clock.sleep(ERASE_EVERY_S)
