"""Prefixed ULIDs: sortable by time, told apart by what they name."""

from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Final, Protocol

from ulid import ULID

RANDOM_BYTES: Final = 10  # 80 bits in each ULID
IDS_AT_A_TIME: Final = 64


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
        self._chance = b""

    def new(self, kind: Kind) -> str:
        """Return an id never given before."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        if not self._chance:
            # The system's chance costs a call to it: fetched for many ids at a time.
            self._chance = self._rng.randbytes(RANDOM_BYTES * IDS_AT_A_TIME)
        random, self._chance = (
            self._chance[:RANDOM_BYTES],
            self._chance[RANDOM_BYTES:],
        )
        return f"{kind.value}_{ULID(milliseconds.to_bytes(6, 'big') + random)}"
