"""The bytes that go with a message, over HTTP."""

import pytest

from tests.fakes.bridge import Bridge
from tests.fakes.caller import Answer, calling

PATH = "/messages/msg_1/attachment"


def holding(content: bytes = b"0123456789") -> Bridge:
    """Return a bridge with an attachment; its tag is `"5ha"`."""
    bridge = Bridge()
    bridge.reading.attachments["msg_1"] = content
    return bridge


async def asked(method: str = "GET", **headers: str) -> Answer:
    """Ask for ten bytes with these headers, `_` for `-`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with calling(holding().services()) as caller:
        return await caller(method, PATH, headers=given)


async def test_an_attachment_is_inert_in_a_browser() -> None:
    """Bytes of strangers are to be saved, not run or guessed."""
    async with calling(holding(b"<script>").services()) as caller:
        answer = await caller.get(PATH)

    assert answer.content == b"<script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="msg_1.bin"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["etag"] == '"5ha"'
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("further", [{}, {"Range": "bytes=0-1"}])
async def test_an_attachment_already_held_is_not_sent_again(
    further: dict[str, str],
) -> None:
    """If-None-Match with its tag is 304, and goes before Range."""
    answer = await asked(If_None_Match='"5ha"', **further)

    assert (answer.status, answer.content) == (304, b"")
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("further", [{}, {"If_Range": '"5ha"'}])
async def test_a_download_goes_on_where_it_broke_off(further: dict[str, str]) -> None:
    """206 with the rest, and which it is."""
    answer = await asked(Range="bytes=4-", **further)

    assert (answer.status, answer.content) == (206, b"456789")
    assert answer.headers["content-range"] == "bytes 4-9/10"
    assert answer.headers["content-length"] == "6"
    assert answer.headers["etag"] == '"5ha"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=4-", "If_Range": '"other"'},
        {"Range": "bytes=4-", "If_Range": "Sat, 14 Mar 2026 12:00:00 GMT"},
        {"Range": "bytes=0-1,4-5"},
        {"Range": "nonsense"},
    ],
)
async def test_what_cannot_be_a_part_is_the_whole(headers: dict[str, str]) -> None:
    """Other bytes than were begun with, several ranges, or none."""
    answer = await asked(**headers)

    assert (answer.status, answer.content) == (200, b"0123456789")
    assert "content-range" not in answer.headers


async def test_beyond_the_end_there_is_nothing() -> None:
    """416, and how much there is."""
    answer = await asked(Range="bytes=10-")

    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */10"
    assert answer.json["size"] == 10


@pytest.mark.parametrize("given", ["bytes=4-", "bytes=99-"])
async def test_head_is_about_the_whole(given: str) -> None:
    """A Range means something for GET alone."""
    answer = await asked("HEAD", Range=given)

    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "10"
    assert answer.headers["accept-ranges"] == "bytes"


async def test_what_has_no_attachment_is_not_found() -> None:
    """404, whatever part was asked for."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(PATH, headers={"Range": "bytes=0-1"})

    assert answer.status == 404
