"""Answers in JSON."""

from starlette.requests import Request

from gateway.api.replies import made, made_text, reply, reply_text


def test_a_value_is_compact_json_in_utf_8() -> None:
    """Nothing is escaped that need not be."""
    answer = reply({"name": "zoé", "n": None}, 202)

    assert answer.body == '{"name":"zoé","n":null}'.encode()
    assert answer.status_code == 202
    assert answer.media_type == "application/json"


def test_half_a_surrogate_pair_is_escaped() -> None:
    """What a room says cannot break an answer."""
    answer = reply({"name": "\ud800"})

    assert answer.body == b'{"name":"\\ud800"}'


def test_text_goes_out_as_it_is() -> None:
    """It is JSON already."""
    answer = reply_text('{"a":1}', 200, {"Location": "/x"})

    assert answer.body == b'{"a":1}'
    assert answer.headers["location"] == "/x"


def test_what_was_made_is_where_its_callers_find_it() -> None:
    """Behind a proxy that serves us under a path of its own, under that path."""
    request = Request({"type": "http", "state": {"prefix": "/rooms"}})

    answer = made(request, "/webhooks/wh_1", {"id": "wh_1"}, 201)

    assert answer.status_code == 201
    assert answer.headers["location"] == "/rooms/webhooks/wh_1"


def test_text_that_was_kept_says_where_it_is_as_well() -> None:
    """The path of a proxy before us stands before our own."""
    request = Request({"type": "http", "state": {"prefix": "/gw"}})

    answer = made_text(request, "/webhooks/wh_1", '{"a":1}', 201)

    assert (answer.body, answer.status_code) == (b'{"a":1}', 201)
    assert answer.headers["location"] == "/gw/webhooks/wh_1"
