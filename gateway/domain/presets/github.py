"""What happened at GitHub, in words."""

from collections.abc import Mapping

from gateway.domain.presets.reading import a_line, at


def said(event: str, payload: Mapping[str, object]) -> str:
    """Return what happened where, as a line."""
    kind = ".".join(part for part in (event, a_line(payload.get("action"))) if part)
    where = a_line(at(payload, "repository", "full_name"))
    who = a_line(at(payload, "sender", "login"))
    told = f"{kind or 'event'} by {who}" if who else kind or "event"
    return f"{where}: {told}" if where else told
