"""Server-sent events, in whatever pieces they arrive."""

import pytest
from hypothesis import given, strategies as st

from gateway.cli import frames
from gateway.cli.frames import Frame, Frames, TooLarge


def fed(*pieces: bytes) -> list[Frame]:
    """Return the frames that pieces come to."""
    parser = Frames()
    return [frame for piece in pieces for frame in parser.feed(piece)]


def test_a_frame_has_a_place_a_type_and_a_content() -> None:
    """Fields that are not known are passed over."""
    content = b'retry: 2000\n: hello\nid: e-7\nevent: message.sent\ndata: {"a":1}\n\n'

    assert fed(content) == [Frame("e-7", "message.sent", b'{"a":1}')]


def test_the_place_holds_until_another_is_given() -> None:
    """As browsers have it: a frame without one is at the last."""
    found = fed(b"id: e-7\ndata: 1\n\ndata: 2\n\nid: e-8\n\ndata: 3\n\n")

    assert [(frame.cursor, frame.data) for frame in found] == [
        ("e-7", b"1"),
        ("e-7", b"2"),
        ("e-8", b"3"),
    ]


def test_a_type_does_not_outlast_its_frame() -> None:
    """Without one a frame is a `message`."""
    assert [frame.type for frame in fed(b"event: a\ndata: 1\n\ndata: 2\n\n")] == [
        "a",
        "message",
    ]


def test_lines_may_end_as_in_windows() -> None:
    """And the space after the colon may be missing."""
    assert fed(b"id:e-7\r\ndata:1\r\n\r\n") == [Frame("e-7", "message", b"1")]


def test_content_over_several_lines_is_one_line() -> None:
    """A line break in JSON is nothing but space."""
    assert fed(b'data: {"a":\ndata: 1}\n\n')[0].data == b'{"a": 1}'


@pytest.mark.parametrize("cursor", [b"a b", b"\xc3\xa9", b"", b"x" * 201, b"a\x00"])
def test_what_cannot_be_a_place_is_none(cursor: bytes) -> None:
    """It would have to go into a header again."""
    assert fed(b"id: " + cursor + b"\ndata: 1\n\n")[0].cursor is None


def test_what_is_not_complete_is_no_frame() -> None:
    """A cut in the middle of an event makes no event."""
    assert fed(b'id: e-7\ndata: {"a":1}\n') == []


@given(st.lists(st.integers(1, 60), max_size=30))
def test_pieces_do_not_matter(sizes: list[int]) -> None:
    """However a connection cuts what it carries."""
    content = (
        b"id: e-7\nevent: a\ndata: 1\n\n\r\nid: e-8\r\ndata: two\r\n\r\ndata: 3\n\n"
    )
    pieces, rest = [], content
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]

    assert fed(*pieces, rest) == fed(content)


@given(st.binary(max_size=300))
def test_any_bytes_give_frames_or_nothing(content: bytes) -> None:
    """A stranger at the gateway's address breaks nothing."""
    assert all(frame.data is not None for frame in fed(content))


@pytest.mark.parametrize("piece", [b"x", b"data: x\n"])
def test_an_event_without_an_end_is_not_held(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it one line or many."""
    monkeypatch.setattr(frames, "MAX_BYTES", 64)

    with pytest.raises(TooLarge):
        fed(*[piece] * 100)
