"""What form of an answer a caller takes (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_QUALITY: Final = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)


def best(accept: str, offers: Sequence[str]) -> str | None:
    """Return the media type that a caller would rather have; `None` if it takes none.

    Of what it likes equally, it gets what it names first, and of a range such as `*/*`
    what is offered first.

    Args:
        accept: The header's value; empty for anything.
        offers: Media types, without parameters.
    """
    ranges = list(_ranges(accept)) or [("*/*", 1.0)]
    ranked: list[tuple[float, int, int, str]] = []
    for offered, media_type in enumerate(offers):
        fits = [
            (_precision(name), quality, place)
            for place, (name, quality) in enumerate(ranges)
            if _covers(name, media_type)
        ]
        if fits:  # The most precise of them counts.
            _, quality, place = max(fits, key=lambda fit: fit[0])
            ranked.append((-quality, place, offered, media_type))
    liked = sorted(each for each in ranked if each[0] < 0)
    return liked[0][3] if liked else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name:
            found = [_QUALITY.fullmatch(each) for each in parameters]
            qualities = [min(float(each[1]), 1.0) for each in found if each is not None]
            yield name.lower(), qualities[0] if qualities else 1.0


def _precision(name: str) -> int:
    return 0 if name == "*/*" else 1 if name.endswith("/*") else 2


def _covers(name: str, media_type: str) -> bool:
    return name in ("*/*", media_type) or (
        name.endswith("/*") and media_type.startswith(name[:-1])
    )
