"""Answers in JSON."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.bodies import JSON


def reply(shown: Mapping[str, object], status: int = 200) -> Response:
    """Return a value as a JSON answer."""
    return reply_text(json_text(shown), status)


def json_text(shown: Mapping[str, object]) -> str:
    """Return a value as compact JSON.

    What rooms say may hold half of a surrogate pair: it is written as its escape.
    """
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def reply_text(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return text that is JSON already as an answer."""
    return Response(text.encode("utf-8", "backslashreplace"), status, headers, JSON)


def made(
    request: Request, path: str, shown: Mapping[str, object], status: int
) -> Response:
    """Return an answer that says where to find what was made.

    Args:
        request: What it was made for.
        path: Where it is, as we route it; proxies may serve us under another.
        shown: What was made.
        status: 201, or 202 if it is still being made.
    """
    return made_text(request, path, json_text(shown), status)


def made_text(request: Request, path: str, text: str, status: int) -> Response:
    """Return such an answer whose text is JSON already."""
    answer = reply_text(text, status)
    prefix = request.scope.get("state", {}).get("prefix", "")
    answer.headers["Location"] = f"{prefix}{path}"
    return answer
