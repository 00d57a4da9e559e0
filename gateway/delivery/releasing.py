"""What to do with deliveries that are held, as callers say it."""

from collections.abc import Mapping
from datetime import datetime

from gateway.delivery.moments import read_moment
from gateway.delivery.ports import Release
from gateway.domain.fields import ENTRY_CHARACTERS, Fields


def read_release(body: Mapping[str, object], now: datetime) -> Release:
    """Return what a body asks for; everything is released if it does not say.

    Args:
        body: An object with the member `release`: `all`, `none`, or since when.
        now: The present, in UTC.

    Raises:
        Invalid: It is none of these, or a time to come.
    """
    fields = Fields(body)
    fields.refuse_unknown({"release"})
    release = _release(fields, now)
    fields.finish()
    return release


def released(release: Release) -> str:
    """Return a release in the word for it."""
    if release.none:
        return "none"
    return "all" if release.since is None else release.since.isoformat()


def _release(fields: Fields, now: datetime) -> Release:
    match fields.text("release", longest=ENTRY_CHARACTERS):
        case None | "all":
            return Release()
        case "none":
            return Release(none=True)
        case text:
            since = read_moment(text, now)
    if since is None:
        detail = "It is all, none, or since when: 10m, or 2030-01-31T12:00:00Z."
        fields.wrong("release", detail)
    elif since > now:
        detail = "It is a time to come: all that is held would be dropped. Say none."
        fields.wrong("release", detail)
    return Release(since=since)
