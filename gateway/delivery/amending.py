"""A webhook's terms changed by a merge patch."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.delivery.terms import Terms, as_json, check_members, parse_amended
from gateway.domain.model import Format, Webhook

_PORTS = {"http": 80, "https": 443}
_MERGED = ("headers", "retry", "rate_limit")


def amend(webhook: Webhook, patch: Mapping[str, object]) -> Terms:
    """Return a webhook's terms with a merge patch applied; null is the default again.

    A template is one value, and replaced whole. With a template the format is
    `template`; another format, or a template taken away, takes the other along.

    A URL of another origin drops the headers, unless the patch sends them again: they
    may hold a secret that was meant for the old one.

    Raises:
        Invalid: The patch, or what it makes of the webhook, breaks a rule.

    Source: RFC 7396, section 2.
    """
    check_members(patch)
    present = as_json(webhook)
    url = patch.get("url")
    if isinstance(url, str) and is_elsewhere(webhook.url, url):
        present["headers"] = {}
    merged = {**present, **_look(present, patch), **patch}
    for name in _MERGED:
        merged[name] = _merged(present[name], patch.get(name, {}))
    return parse_amended(merged, is_subscription=webhook.is_subscription)


def is_elsewhere(url: str, other: str) -> bool:
    """Say whether two URLs have another origin: scheme, host or port."""
    return _origin(url) != _origin(other)


def _look(
    present: Mapping[str, object], patch: Mapping[str, object]
) -> Mapping[str, object]:
    """Return what a patch leaves of the present look, where it does not say so."""
    if "template" in patch:
        kept = present["content_type"] if isinstance(patch["template"], str) else None
        return {"format": None, "content_type": kept}
    if patch.get("format", present["format"]) != Format.TEMPLATE.value:
        return {"template": None, "content_type": None}
    return {}


def _merged(target: object, patch: object) -> object:
    """Merge the members of an object; those of ours have no objects inside."""
    if not isinstance(patch, Mapping):
        return patch
    if not patch:
        return target
    before = target if isinstance(target, Mapping) else {}
    merged = {**before, **patch}
    return {name: value for name, value in merged.items() if value is not None}


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # No URL at all, as whoever checks it will say.
        return "", url, None
    return parts.scheme, parts.hostname or "", port
