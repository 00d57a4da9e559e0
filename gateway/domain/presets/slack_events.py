"""What Slack itself tells: its Events API, slash commands, and what people press.

Source: Slack, "Events API", "Slash commands", "Handling user interaction".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.domain.presets.reading import a_line, an_array, an_object, at, first_line
from gateway.domain.presets.slack_blocks import joined
from gateway.domain.presets.slack_marks import Said, link, literal
from gateway.domain.presets.slack_parts import parts_said

GAP: Final = "\n\n"  # Between parts.

_EVENTS: Final = frozenset({"event_callback", "url_verification", "app_rate_limited"})
_PRESSED: Final = frozenset(
    {
        *("block_actions", "interactive_message", "message_action", "shortcut"),
        *("view_submission", "view_closed"),
    }
)
_MAX_FILES: Final = 10


def is_event(payload: Mapping[str, object]) -> bool:
    """Whether Slack tells it, not somebody who posts to Slack."""
    kind, command = payload.get("type"), payload.get("command")
    return (isinstance(kind, str) and kind in _EVENTS | _PRESSED) or (
        isinstance(command, str) and command.startswith("/")
    )


def event_said(payload: Mapping[str, object]) -> Said:
    """Return what is told and by whom it is."""
    command = a_line(payload.get("command"))
    if command:
        who = first_line(payload.get("user_name"), payload.get("user_id"))
        words = f"{command} {a_line(payload.get('text'), 4_000)}".strip()
        return _by(who, literal(words))
    if a_line(payload.get("type")) in _PRESSED:
        return _pressed(payload)
    event = an_object(payload.get("event"))
    # What was edited is within, and so is who wrote it.
    message = {**event, **an_object(event.get("message"))}
    content = joined([*parts_said(message), *_files(message)], GAP)
    kind = first_line(event.get("subtype"), event.get("type"), payload.get("type"))
    who = first_line(
        message.get("username"), message.get("user"), at(message, "user", "name")
    )
    if not content.text.strip():
        by = f" by {who}" if who else ""
        return literal(f"Slack event {kind}{by}")
    return _by(f"{who} (edited)" if kind == "message_changed" else who, content)


def _pressed(payload: Mapping[str, object]) -> Said:
    user = an_object(payload.get("user"))
    who = first_line(user.get("username"), user.get("name"), user.get("id"))
    actions = an_array(payload.get("actions"))[:1]
    labels = [
        first_line(at(action, "text", "text"), at(action, "value"), at(action, "name"))
        for action in actions
    ]
    what = first_line(
        *labels,
        at(payload, "view", "title", "text"),
        payload.get("callback_id"),
        payload.get("type"),
    )
    return _by(who, literal(what))


def _files(message: Mapping[str, object]) -> Iterator[Said]:
    for file in an_array(message.get("files"))[:_MAX_FILES]:
        name, url = (
            first_line(at(file, "title"), at(file, "name")),
            at(file, "permalink"),
        )
        yield link(url, name) if isinstance(url, str) and url else literal(name)


def _by(who: str, what: Said) -> Said:
    return joined([literal(who), what], ": ")
