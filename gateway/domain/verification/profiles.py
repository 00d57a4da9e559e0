"""The ways to verify a request, one for each profile."""

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.domain.arrivals import Arrival
from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification.credentials import basic, bearer, gitlab
from gateway.domain.verification.meshagent import meshagent
from gateway.domain.verification.signatures import (
    github,
    plain_hmac,
    shopify,
    slack,
    standard,
    stripe,
)


def verify(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Return if a request proves that it is from whom it should be.

    Args:
        verification: What it must prove; any of its secrets will do.
        arrival: The request, of which nothing is believed.
        now: The present moment.

    Raises:
        NotVerified: It does not, or the settings do not suffice to tell.
    """
    VERIFIERS[verification.profile](verification, arrival, now)


def nothing(_verification: Verification, _arrival: Arrival, _now: datetime) -> None:
    """Return: the address of the source is the only secret there is."""


VERIFIERS: Mapping[Profile, Callable[[Verification, Arrival, datetime], None]] = {
    Profile.GITHUB: github,
    Profile.GITLAB: gitlab,
    Profile.STRIPE: stripe,
    Profile.SLACK: slack,
    Profile.SHOPIFY: shopify,
    Profile.STANDARD: standard,
    Profile.MESHAGENT: meshagent,
    Profile.HMAC: plain_hmac,
    Profile.BEARER: bearer,
    Profile.BASIC: basic,
    Profile.NONE: nothing,
}
