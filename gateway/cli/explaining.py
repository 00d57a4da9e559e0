"""What a problem, or an error of the system, says in words."""

import http.client
from collections.abc import Mapping


def explanation(
    status: int, problem: Mapping[str, object], retry_after: str | None
) -> str:
    """Say what a problem document says, in a line and one for each place in error."""
    detail = str(problem.get("detail") or status)
    lines = [f"{problem.get('title')}: {detail}"]
    given = problem.get("errors")
    errors = given if isinstance(given, list) else []
    for each in errors:
        if isinstance(each, dict):
            line = f"{each.get('pointer')}: {each.get('detail')}"
            # Of the only one the place is clear.
            is_told = str(each.get("detail") if len(errors) == 1 else line) in detail
            lines += [] if is_told else [f"  {line}"]
    candidates = problem.get("candidates")
    for each in candidates if isinstance(candidates, list) else ():
        if isinstance(each, dict):
            lines.append(f"  {each.get('name')}  {each.get('role')}  {each.get('id')}")
    if status == http.client.UNAUTHORIZED:
        lines.append("  Set GATEWAY_API_KEY to a key that this gateway knows.")
    if retry_after is not None:
        when = f"in {retry_after} s" if retry_after.isdigit() else f"at {retry_after}"
        lines.append(f"  Try again {when}.")
    if status >= http.client.INTERNAL_SERVER_ERROR and "request_id" in problem:
        lines.append(f"  In its log this is request {problem['request_id']}.")
    return "\n".join(lines)


def reason(error: Exception) -> str:
    """Say in the system's own words what went wrong on the way."""
    if isinstance(error, TimeoutError):
        return "the time is up"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
