"""Events as all readers of the log get them."""

import json
from base64 import b64encode
from dataclasses import replace

from gateway.bridge.envelopes import Envelopes
from gateway.bridge.ports import Logged
from gateway.domain.model import Attachment
from gateway.domain.rendering import INLINE_ATTACHMENT_BYTES, envelope
from tests.domain.nouns import INCOMING, RECEIVED
from tests.fakes.clock import FakeClock
from tests.fakes.links import FakeLinks
from tests.fakes.memory_store import MemoryStore


def envelopes(content: bytes | None = None) -> Envelopes:
    """Return what renders, and has the attachment of one message."""
    store = MemoryStore(FakeClock())
    if content is not None:
        store.attachments[INCOMING.id] = content
    return Envelopes(store.messages, FakeLinks())


def carrying(size: int) -> Logged:
    """Return an event about a message with an attachment."""
    return Logged(RECEIVED, replace(INCOMING, attachment=Attachment(size, "5ha")))


async def test_an_event_is_what_webhooks_get() -> None:
    """One rendering for all."""
    rendered = await envelopes().render(Logged(RECEIVED, INCOMING))

    assert rendered == envelope(RECEIVED, INCOMING)


async def test_a_small_attachment_is_set_in() -> None:
    """Its bytes are there at once, even if there are none."""
    for content in (b"\x00\x01", b"", b"x" * INLINE_ATTACHMENT_BYTES):
        rendered = await envelopes(content).render(carrying(len(content)))

        shown = json.loads(rendered)["data"]["attachment"]
        assert shown["data"] == b64encode(content).decode()
        assert "url" not in shown


async def test_a_large_attachment_is_linked() -> None:
    """It is not loaded for that."""
    rendered = await envelopes().render(carrying(INLINE_ATTACHMENT_BYTES + 1))

    shown = json.loads(rendered)["data"]["attachment"]
    assert shown["url"].startswith("https://gateway.example/messages/msg_1/attachment")
    assert "data" not in shown


async def test_an_attachment_that_went_meanwhile_is_linked() -> None:
    """The link says what became of it; the event is told all the same."""
    rendered = await envelopes().render(carrying(3))

    assert "url" in json.loads(rendered)["data"]["attachment"]


async def test_an_event_is_on_one_line_whatever_its_body_has_between_tokens() -> None:
    """A line break between the tokens of JSON would end an event's data."""
    message = replace(INCOMING, body='{\r\n"text":"a\\nb"\n}')

    rendered = await envelopes().render(Logged(RECEIVED, message))

    assert b"\n" not in rendered
    assert b"\r" not in rendered
    assert json.loads(rendered)["data"]["message"] == {"text": "a\nb"}
