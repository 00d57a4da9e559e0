"""Stretches of the log as readers get them, from the tail or from the store."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.bridge.envelopes import Envelopes
from gateway.bridge.ports import History, Logged
from gateway.bridge.tail import Entry, Tail
from gateway.domain.model import Event
from gateway.domain.routing import EVERYTHING, Selection, selects

LOOK: Final = 1_000  # Entries of the tail that are looked at together.
READERS: Final = 4  # Pages that are read from the store at a time.
FIRST_PAGE: Final = 16  # Each may have 256 KiB to say, and be read in vain.


class Shown(NamedTuple):
    """One event as readers get it."""

    event: Event
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Size:
    """How much is wanted at a time: one event at least.

    Attributes:
        size_bytes: Of envelopes; the first is taken however large it is.
    """

    events: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a reader gets next.

    Attributes:
        upto: All that is wanted up to this place is in `shown`.
    """

    shown: Sequence[Shown]
    upto: int


class Excerpts:
    """Reads the log on from any place.

    Args:
        history: The log.
        tail: Its end.
        envelopes: Renders what is read.
    """

    def __init__(self, history: History, tail: Tail, envelopes: Envelopes) -> None:
        self._history = history
        self._tail = tail
        self._envelopes = envelopes
        self._pages = asyncio.Semaphore(READERS)
        self._rendering = asyncio.Lock()

    async def after(self, place: int, wanted: Selection, size: Size) -> Excerpt:
        """Return what follows a place: as much of it as is there and fits.

        It looks at a bounded part of the log: read on from `upto`.

        Raises:
            StoreUnavailable: The log can't be read now.
        """
        if self._tail.holds(place):
            return await self._of_tail(place, wanted, size)
        async with self._pages:
            return await self._of_store(place, wanted, size)

    async def _of_tail(self, place: int, wanted: Selection, size: Size) -> Excerpt:
        shown: list[Shown] = []
        taken = 0
        for entry in self._tail.after(place, LOOK):
            if selects(wanted, entry.event):
                envelope = entry.envelope or await self._rendered(entry)
                taken += len(envelope)
                if shown and taken > size.size_bytes:
                    break
                shown.append(Shown(entry.event, envelope))
            place = entry.event.seq
            if len(shown) >= size.events:
                break
        return Excerpt(shown, place)

    async def _of_store(self, place: int, wanted: Selection, size: Size) -> Excerpt:
        shown: list[Shown] = []
        taken, page = 0, FIRST_PAGE
        while True:
            limit = min(page, size.events - len(shown))
            stretch = await self._history.read(place, wanted, limit)
            for logged in stretch.entries:
                envelope = await self._envelopes.render(logged)
                taken += len(envelope)
                if shown and taken > size.size_bytes:
                    return Excerpt(shown, shown[-1].event.seq)
                shown.append(Shown(logged.event, envelope))
            place = max(place, stretch.upto)
            if len(stretch.entries) < limit or len(shown) >= size.events:
                return Excerpt(shown, place)
            page *= 2  # They are small: the next page may be larger.

    async def _rendered(self, entry: Entry) -> bytes:
        """Render an entry of the tail once for all, and anew if it was erased."""
        logged, version = entry.logged, entry.version
        if logged is not None and _is_light(logged):
            envelope = await self._envelopes.render(logged)
            self._tail.render(entry, envelope)
            return envelope
        async with self._rendering:
            while entry.envelope is None:
                version = entry.version
                logged = entry.logged or await self._anew(entry.event)
                envelope = await self._envelopes.render(logged)
                if entry.version == version:
                    self._tail.render(entry, envelope)
            return entry.envelope

    async def _anew(self, event: Event) -> Logged:
        """Return an event with what the store still has of what it tells of."""
        stretch = await self._history.read(event.seq - 1, EVERYTHING, 1)
        for logged in stretch.entries:
            if logged.event.seq == event.seq:
                return logged
        return Logged(event, None)


def _is_light(logged: Logged) -> bool:
    """Whether it is rendered without a look into the store."""
    return logged.message is None or logged.message.attachment is None
