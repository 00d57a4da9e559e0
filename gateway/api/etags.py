"""Conditions that a caller puts on an answer by its entity tag (RFC 9110 §13)."""


def is_match(if_none_match: str | None, etag: str) -> bool:
    """Whether an entity tag is among those of If-None-Match (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return etag in tags or "*" in tags


def is_unchanged(if_range: str | None, etag: str) -> bool:
    """Whether a part may be sent of what If-Range knows (RFC 9110 §13.1.5).

    Without the header it may. A date is never ours: there is no Last-Modified.
    """
    return if_range is None or if_range.strip() == etag
