"""Prefixed ULIDs: sortable by time, told apart by what they name."""

from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Protocol

from ulid import ULID


class Kind(StrEnum):
    """What an id names; its value is the id's prefix."""

    MESSAGE = "msg"
    EVENT = "evt"
    WEBHOOK = "wh"
    DELIVERY = "dlv"
    ATTEMPT = "att"
    KEY = "key"
    REQUEST = "req"


class Now(Protocol):
    """The part of a clock that an id needs."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...


class Ids:
    """Mints ids such as `msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC`.

    Args:
        clock: Where the ULID's 48-bit time comes from, in milliseconds.
        rng: Where its 80 random bits come from; `random.SystemRandom()` outside
            of tests, because an id must not be guessed.

    Source: the ULID specification, github.com/ulid/spec.
    """

    def __init__(self, clock: Now, rng: Random) -> None:
        self._clock = clock
        self._rng = rng

    def new(self, kind: Kind) -> str:
        """Return an id never given before."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        raw = milliseconds.to_bytes(6, "big") + self._rng.getrandbits(80).to_bytes(
            10, "big"
        )
        return f"{kind.value}_{ULID(raw)}"
