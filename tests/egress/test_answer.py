"""Answers: read from any bytes, within bounds, to a beyond-doubt end."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from gateway.egress.answer import (
    MAX_ANSWER_BYTES,
    MAX_FRAMING_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_INTERIM,
    Answer,
    AnswerReader,
)
from gateway.egress.faults import BROKEN_OFF, NO_ANSWER, NOT_HTTP, Failed, Fault

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def reading() -> tuple[AnswerReader, Answer]:
    """Return a reader at the beginning of an answer."""
    reader, answer = AnswerReader(), Answer()
    reader.begin(answer)
    return reader, answer


def failing(data: bytes) -> tuple[Fault, int | None]:
    """Return what is wrong with an answer whose stream ends, and its status."""
    reader, answer = reading()
    with pytest.raises(Failed) as caught:
        _read_to_the_end(reader, data)
    return caught.value.fault, answer.status


@pytest.mark.parametrize(
    ("data", "status", "body", "is_reusable"),
    [
        (OK + b"Content-Length: 2\r\n\r\nab", 200, b"ab", True),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b"", True),
        (CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", 200, b"abc", True),
        (CHUNKED + b"2 \r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, b"ab", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, b"", True),
        (b"HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", 410, b"", True),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", 200, b"a", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
        (
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
            200,
            b"a",
            True,
        ),
        (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
        (CONTINUE * 2 + OK + b"Content-Length: 1\r\n\r\na", 200, b"a", True),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_whole_answer_is_read(
    data: bytes, status: int, body: bytes, *, is_reusable: bool, step: int
) -> None:
    """Status and body come out of every form, however the bytes are cut."""
    reader, answer = reading()

    while not reader.feed(data[:step]):
        data = data[step:]

    assert (answer.status, bytes(answer.body)) == (status, body)
    assert reader.is_reusable is is_reusable


@pytest.mark.parametrize("head", [OK, OK + b"Connection: close\r\n"])
@pytest.mark.parametrize(
    "more",
    [
        b"HTTP/1.1 500",
        b", and more",
        b"HTTP/1.1 500 No\r\nRetry-After: 1\r\nContent-Length: 1\r\n\r\nb",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
def test_what_follows_an_answer_ends_the_connection(head: bytes, more: bytes) -> None:
    """Bytes that nobody asked for do not harm the answer before them."""
    reader, answer = reading()

    assert reader.feed(head + b"Content-Length: 1\r\n\r\na" + more)

    assert (answer.status, bytes(answer.body), answer.headers) == (200, b"a", {})
    assert not reader.is_reusable


@pytest.mark.parametrize("head", [OK, b"HTTP/1.0 200 OK\r\n", OK + b"X: y\r\n"])
def test_an_answer_without_length_ends_with_the_stream(head: bytes) -> None:
    """What has no length is whole when the other side closes."""
    reader, answer = reading()

    assert not reader.feed(head + b"\r\nab")
    assert not reader.feed(b"cd")
    reader.end()

    assert (answer.status, bytes(answer.body)) == (200, b"abcd")
    assert not reader.is_reusable


def test_only_headers_that_matter_are_kept() -> None:
    """The first of its name counts; those of interim answers and trailers don't."""
    reader, answer = reading()
    reader.feed(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\n")
    reader.feed(OK + b"RETRY-AFTER: 2\r\nRetry-After: 3\r\nSet-Cookie: a=b\r\n")
    reader.feed(b"Content-Type: text/\xe9\r\nTransfer-Encoding: chunked\r\n\r\n")

    reader.feed(b"0\r\nRetry-After: 4\r\n\r\n")

    assert answer.headers == {"retry-after": "2", "content-type": "text/é"}


def test_a_folded_header_is_joined() -> None:
    """A header may go on in the next line, as old servers write it."""
    reader, answer = reading()

    reader.feed(OK + b"Retry-After:\r\n 7\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n")

    assert (answer.status, answer.headers) == (200, {"retry-after": "7"})


def test_one_connection_has_many_answers() -> None:
    """Each answer begins with nothing of the one before."""
    reader, first = reading()
    reader.feed(OK + b"Retry-After: 1\r\nContent-Length: 1\r\n\r\na")
    second = Answer()

    reader.begin(second)
    reader.feed(b"HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nb")

    assert (first.status, bytes(first.body)) == (200, b"a")
    assert (second.status, bytes(second.body), second.headers) == (500, b"b", {})


@pytest.mark.parametrize(
    ("size_bytes", "is_whole"),
    [(MAX_ANSWER_BYTES, True), (MAX_ANSWER_BYTES + 1, False)],
)
def test_a_body_is_read_up_to_16_kib(size_bytes: int, *, is_whole: bool) -> None:
    """What is over is dropped, and the connection with it."""
    reader, answer = reading()

    is_read = reader.feed(OK + b"Content-Length: %d\r\n\r\n" % size_bytes)
    is_read = is_read or reader.feed(bytes(size_bytes))

    assert is_read
    assert bytes(answer.body) == bytes(MAX_ANSWER_BYTES)
    assert reader.is_reusable is is_whole


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail.example ESMTP\r\n",
        b"\x16\x03\x01\x00\xa5",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 1, 2\r\n\r\nab",
        OK + b"Content-Length: -1\r\n\r\nab",
        OK + b"Content-Length: 99999999999999999999999999\r\n\r\nab",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Retry-After: a\0b\r\n\r\n",
        OK + b"X: a\rContent-Length: 1\r\n\r\na",
        OK + b"X Y: a\r\n\r\n",
        OK + b"X: " + b"a" * MAX_HEADER_BYTES + b"\r\n\r\n",
        OK + b"X: a\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        OK + b"X: " + b"a" * MAX_HEAD_BYTES,
        OK + (b"X: " + b"a" * 8000 + b"\r\n") * 9,
        CONTINUE * (MAX_INTERIM + 1) + OK + b"\r\n",
    ],
)
def test_nonsense_is_not_http(data: bytes) -> None:
    """What cannot be read, or only with a doubt, or is too much, has no status."""
    assert failing(data) == (NOT_HTTP, None)


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"zz\r\nab\r\n",
        CHUNKED + b"2\r\nabc\r\n",
        CHUNKED + b"ffffffffffffffffff\r\n",
        CHUNKED + b"1;" + b"x" * MAX_FRAMING_BYTES,
        CHUNKED + b"0\r\nX: " + b"a" * MAX_FRAMING_BYTES,
        CHUNKED + b"0\r\n" + b"X: a\r\n" * MAX_HEADERS + b"\r\n",
        CHUNKED + b"2\r\nab\r\n",
        OK + b"Content-Length: 3\r\n\r\nab",
    ],
)
def test_a_body_that_breaks_off_keeps_its_status(data: bytes) -> None:
    """Once there was a status, what is wrong after it is a broken answer."""
    assert failing(data) == (BROKEN_OFF, 200)


def test_a_stream_that_ends_in_the_head_is_broken_off() -> None:
    """Half a head is no answer, but something was heard."""
    assert failing(OK + b"X: ") == (BROKEN_OFF, None)


def test_a_stream_that_ends_at_once_has_no_answer() -> None:
    """Not a byte came."""
    assert failing(b"") == (NO_ANSWER, None)


def test_a_drip_of_interim_answers_ends() -> None:
    """A receiver that says 100 Continue for ever is left."""
    reader, _ = reading()
    for _ in range(MAX_INTERIM):
        reader.feed(CONTINUE)

    with pytest.raises(Failed):
        reader.feed(CONTINUE)


@given(st.lists(st.binary()), st.sampled_from([b"", OK, CHUNKED, CONTINUE]))
def test_any_bytes_are_an_answer_or_a_named_failure(
    pieces: list[bytes], beginning: bytes
) -> None:
    """No bytes make the reader fail otherwise, or keep more than it may."""
    reader, answer = reading()

    with suppress(Failed):
        _read_to_the_end(reader, beginning, *pieces)

    assert len(answer.body) <= MAX_ANSWER_BYTES


def _read_to_the_end(reader: AnswerReader, *pieces: bytes) -> None:
    if not any(map(reader.feed, pieces)):
        reader.end()
