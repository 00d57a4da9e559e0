"""Prefixed ULIDs: sortable by time, told apart by what they name."""

from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Final, Protocol

from ulid.base32 import ENCODE, encode_timestamp

CHARACTERS: Final = 16  # of five bits each: the 80 random bits of a ULID
IDS_AT_A_TIME: Final = 64

_BASE32: Final = bytes(ord(ENCODE[byte % 32]) for byte in range(256))


class Kind(StrEnum):
    """What an id names; its value is the id's prefix."""

    MESSAGE = "msg"
    EVENT = "evt"
    WEBHOOK = "wh"
    DELIVERY = "dlv"
    ATTEMPT = "att"
    REPLAY = "rpl"
    SOURCE = "src"
    INBOUND = "inb"
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
        self._chances: list[str] = []
        self._time = (-1, "")

    def new(self, kind: Kind) -> str:
        """Return an id never given before."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        if self._time[0] != milliseconds:
            self._time = (
                milliseconds,
                encode_timestamp(milliseconds.to_bytes(6, "big")),
            )
        if not self._chances:
            self._chances = self._more_chances()
        return f"{kind}_{self._time[1]}{self._chances.pop()}"

    def _more_chances(self) -> list[str]:
        """The system's chance costs a call to it: it is fetched for many ids."""
        # Five bits of each byte choose a character: even chances, without arithmetic.
        chance = self._rng.randbytes(CHARACTERS * IDS_AT_A_TIME)
        text = chance.translate(_BASE32).decode("ascii")
        return [text[at : at + CHARACTERS] for at in range(0, len(text), CHARACTERS)]
