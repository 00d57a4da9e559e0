"""Links that carry their own permission, as receivers of webhooks get them."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from gateway.app.links import Links
from gateway.domain.errors import LinkInvalid
from tests.domain.nouns import RECEIVED
from tests.fakes.clock import NOON, FakeClock

DAY_S = 86_400
WEEK = timedelta(days=7)


def links(clock: FakeClock | None = None) -> Links:
    """Return the links of a gateway behind a proxy's path."""
    return Links(b"k" * 32, "https://example.com/gw", WEEK, clock or FakeClock())


def parts(link: str) -> tuple[str, str]:
    """Return a link's path as we are asked for it, and its query."""
    url = urlsplit(link)
    assert f"{url.scheme}://{url.netloc}" == "https://example.com"
    return url.path.removeprefix("/gw"), url.query


async def test_an_attachment_can_be_had_as_long_as_its_event() -> None:
    """To the second, counted from the event."""
    clock = FakeClock()
    made = links(clock)
    path, query = parts(made.attachment("msg_1", RECEIVED))

    await clock.advance(7 * DAY_S)
    made.verify_attachment(path, query)
    await clock.advance(1)

    assert path == "/messages/msg_1/attachment"
    with pytest.raises(LinkInvalid, match="too old"):
        made.verify_attachment(path, query)


async def test_a_reply_can_be_sent_for_a_day() -> None:
    """Counted from the attempt that carries the link."""
    clock = FakeClock()
    made = links(clock)
    path, query = parts(made.reply("msg_1", "dlv_1", NOON))

    await clock.advance(DAY_S)
    allowed = made.verify_reply(path, query)
    await clock.advance(1)

    assert (path, allowed) == ("/messages/msg_1/reply", "dlv_1")
    with pytest.raises(LinkInvalid, match="too old"):
        made.verify_reply(path, query)


def test_a_link_outlives_the_change_of_its_key() -> None:
    """As long as the key that signed it is among the older ones."""
    made = links()
    get = parts(made.attachment("msg_1", RECEIVED))
    post = parts(made.reply("msg_1", "dlv_1", NOON))
    rotated = Links(
        b"n" * 32, "https://example.com/gw", WEEK, FakeClock(), [b"o" * 32, b"k" * 32]
    )
    dropped = Links(b"n" * 32, "https://example.com/gw", WEEK, FakeClock())

    rotated.verify_attachment(*get)

    assert rotated.verify_reply(*post) == "dlv_1"
    with pytest.raises(LinkInvalid, match="wrong"):
        dropped.verify_reply(*post)


def test_a_link_is_for_one_message_and_one_thing() -> None:
    """Neither for another message nor for another thing with the same message."""
    made = links()
    path, query = parts(made.reply("msg_1", "dlv_1", NOON))

    with pytest.raises(LinkInvalid):
        made.verify_reply("/messages/msg_2/reply", query)
    with pytest.raises(LinkInvalid):
        made.verify_attachment(path, query)
    with pytest.raises(LinkInvalid):
        made.verify_attachment("/messages/msg_1/attachment", query)
