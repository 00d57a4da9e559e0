"""The page on templates: what it gives to copy does what it says."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain import formats, rendering
from gateway.domain.filters import compile_filter
from gateway.domain.model import (
    Attachment,
    Event,
    EventType,
    IncomingMessage,
    MessageError,
    OutgoingMessage,
    Sender,
)
from gateway.domain.templates import compile_template
from tests.domain.nouns import INCOMING, OUTGOING, RECEIVED

PAGE = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
WEBHOOKS = {
    section.partition("\n")[0]: json.loads(block)
    for section in PAGE.split("\n## ")
    for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)
}
FILTERS = re.findall(r"^- .*: `(.+)`$", PAGE, re.MULTILINE)

NASTY = [
    "hi",
    "<!channel> & <@U123> <https://evil.example|click>",
    "@everyone @here <@&1>",
    '"}, {"text": "injected"}',
    "one\ntwo\r\n\tthree\\",
    "&lt; &amp;amp;",
    "{{ id }}{% if %}",
    "\ud800\u2028\x00",
    "",
]
NAMES = ["alice", '<b>"&', None]

Telling = tuple[Event, IncomingMessage | OutgoingMessage | None]


def telling(text: object, name: str | None = "alice", **message: object) -> Telling:
    """Return an event of somebody saying something."""
    said = replace(
        INCOMING,
        body=json.dumps({"text": text, **message}),
        sender=Sender("p-1", name, "user"),
    )
    return RECEIVED, said


def rendered(heading: str, event: Telling) -> bytes:
    """Return what the webhook under a heading is sent."""
    template = WEBHOOKS[heading]["template"]
    compiled = compile_template(template, is_json=not isinstance(template, str))
    return compiled.render(formats.variables(*event))


def shown(text: str, name: str | None) -> str:
    """Return the line that the templates make of a message."""
    return f"{name or ''} in lobby: {text or 'chat'}"


def slack(text: str) -> str:
    """Escape as Slack asks for it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", NASTY)
def test_nobody_in_a_room_writes_markup_in_slack(text: str, name: str | None) -> None:
    """No reference, no link and no further member comes out of a message."""
    said = json.loads(rendered("Slack", telling(text, name)))

    assert said == {"text": slack(shown(text, name))}
    assert not re.search("[<>]", said["text"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", NASTY)
def test_nobody_in_a_room_pings_everyone_in_discord(
    text: str, name: str | None
) -> None:
    """Mentions are text, whatever the message says of mentions."""
    said = json.loads(rendered("Discord", telling(text, name)))

    assert said == {
        "content": shown(text, name),
        "allowed_mentions": {"parse": []},
    }


@pytest.mark.parametrize("length", [1_900, 2_000, 250_000])
def test_discord_gets_no_more_than_it_takes(length: int) -> None:
    """Long messages are cut to what Discord does not refuse."""
    said = json.loads(rendered("Discord", telling("x" * length)))

    assert len(said["content"]) == min(len(shown("x" * length, "alice")), 2_000)


@pytest.mark.parametrize("text", NASTY)
def test_a_card_for_teams_holds_the_text(text: str) -> None:
    """The card stays a card."""
    said = json.loads(rendered("Microsoft Teams", telling(text)))

    texts = [each["text"] for each in said["attachments"][0]["content"]["body"]]
    assert texts == ["alice in lobby", text or "chat"]


def test_plain_text_is_the_text() -> None:
    """One string is sent as it is rendered."""
    assert rendered("Plain text", telling('é "hi"')) == 'alice: é "hi"'.encode()


@pytest.mark.parametrize("heading", WEBHOOKS)
@pytest.mark.parametrize("text", [None, 5, ["x"], "x" * 250_000])
def test_every_template_of_the_page_can_say_every_message(
    heading: str, text: object
) -> None:
    """No message, without text or as long as they come, makes one fail."""
    assert rendered(heading, telling(text))


def test_the_page_has_what_it_should() -> None:
    """What the tests above read is there to be read."""
    assert list(WEBHOOKS) == ["Slack", "Discord", "Microsoft Teams", "Plain text"]
    assert len(FILTERS) == 9


def envelope(event: Telling) -> Mapping[str, object]:
    """Return an event as a filter sees it."""
    seen: Mapping[str, object] = json.loads(rendering.envelope(*event))
    return seen


FITTING = [
    telling("/deploy now", tags=["urgent"]),
    (
        RECEIVED,
        replace(INCOMING, attachment=Attachment(2_000_000, "ab"), body='{"text":5}'),
    ),
    (
        replace(RECEIVED, type=EventType.MESSAGE_FAILED),
        replace(OUTGOING, error=MessageError("room_rejected", "No.")),
    ),
    (
        replace(
            RECEIVED,
            type=EventType.PARTICIPANT_JOINED,
            message_id=None,
            data='{"participant":{"name":"alice"}}',
        ),
        None,
    ),
]
AGENT = (
    RECEIVED,
    replace(INCOMING, body="{}", sender=Sender("p-2", "robot", "agent")),
)


@pytest.mark.parametrize("text", FILTERS)
def test_the_filters_of_the_page_tell_events_apart(text: str) -> None:
    """Each accepts something, and none accepts an agent that says nothing."""
    told = compile_filter(text)

    assert any(told.accepts(envelope(event)) for event in FITTING)
    assert not told.accepts(envelope(AGENT))


def test_not_binds_as_the_page_says() -> None:
    """Without brackets, `!` is of the first name alone."""
    assert compile_filter("!(data.attachment)").accepts(envelope(AGENT))
    assert not compile_filter("!data.attachment").accepts(envelope(AGENT))
